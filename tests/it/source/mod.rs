//! Savefiles read whole, cut, damaged, packed, growing and written.

mod build;
mod corpus;
pub(crate) use corpus::is_only_named;
mod damage;
mod foreign;
mod formats;
mod growing;
mod writing;
