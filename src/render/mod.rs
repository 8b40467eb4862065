//! Models in, bytes out: tables, lines, JSON. `safe` is the one way text from the wire reaches a terminal.

pub mod color;
pub mod columns;
pub mod explain;
pub mod fields;
pub mod flows;
pub mod follow;
pub mod format;
pub mod hex;
#[cfg(feature = "live")]
pub mod interfaces;
pub mod json;
pub mod line;
pub mod numbers;
pub mod registry;
pub mod safe;
pub mod stats;
pub mod table;
pub mod tree;
pub mod words;
mod wrap;

#[cfg(test)]
mod tests;
