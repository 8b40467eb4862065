//! All integration tests, in one binary.
mod corpus;
mod decode;
#[cfg(test)]
mod source;
mod truncation;
