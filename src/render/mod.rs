//! Models in, bytes out: tables, lines, JSON. `safe` is the one way text from the wire reaches a terminal.

pub mod color;
pub mod format;
pub mod line;
pub mod safe;
pub mod words;
