//! The verb `http`, on conversations that are built here.

pub(crate) mod build;
mod caches;
mod export;
mod shown;
