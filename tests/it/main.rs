//! All integration tests, in one binary.
mod corpus;
mod decode;
mod flow;
#[cfg(test)]
mod source;
