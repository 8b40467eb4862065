//! The verb `http`, on conversations that are built here.

mod build;
mod caches;
mod export;
mod shown;
