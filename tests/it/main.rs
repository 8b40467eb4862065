//! All integration tests, in one binary.
mod corpus;
mod decode;
mod source;
mod truncation;
