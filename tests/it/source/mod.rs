//! Savefiles read whole, cut, damaged, packed, growing and written.

mod build;
mod corpus;
mod damage;
mod foreign;
mod formats;
mod growing;
mod writing;

pub(crate) use build::Order;
pub(crate) use corpus::is_only_named;
