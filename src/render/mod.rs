//! Models in, bytes out: tables, lines, JSON. Text from the wire reaches a terminal through `safe`,
//! as an escaped cell of [`fields`], or as a JSON string.

pub mod audit;
pub mod color;
pub mod columns;
pub mod dns;
mod excerpt;
pub mod explain;
pub mod fields;
pub mod flows;
pub mod follow;
pub mod format;
pub mod hex;
pub mod http;
#[cfg(feature = "live")]
pub mod interfaces;
pub mod json;
pub mod line;
pub mod mail;
pub mod numbers;
pub mod registry;
pub mod safe;
pub mod stats;
pub mod table;
pub mod trace;
pub mod tree;
pub mod words;
pub(crate) mod wrap;

#[cfg(test)]
mod tests;
