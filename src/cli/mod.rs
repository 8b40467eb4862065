//! The command line: arguments to checked options, one file a verb, glue only.

pub mod lab;
