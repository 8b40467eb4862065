//! All integration tests, in one binary.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test says what it expects; clippy.toml allows this in test functions, this line in what they call"
)]

mod corpus;
mod decode;
mod flow;
#[cfg(test)]
mod source;
mod truncation;
