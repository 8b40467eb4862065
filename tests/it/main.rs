//! All integration tests, in one binary.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test says what it expects; clippy.toml allows this in test functions, this line in what they call"
)]

mod architecture;
mod audit;
#[cfg(feature = "live")]
mod bpf;
mod cli;
mod corpus;
mod cut;
mod decode;
mod dns;
mod explain;
mod filter_errors;
mod filter_eval;
mod filters;
mod flow;
#[cfg(feature = "live")]
mod fresh;
mod ftp;
mod golden;
#[cfg(feature = "live")]
mod hop;
mod http;
mod interrupt;
mod lab;
#[cfg(all(target_os = "linux", feature = "live"))]
mod lab_names;
mod labs;
mod lan;
mod lessons;
#[cfg(feature = "live")]
mod live;
mod mail;
mod name_servers;
#[cfg(feature = "live")]
mod privilege;
mod program;
#[cfg(all(target_os = "linux", feature = "live"))]
mod record;
mod replay;
#[cfg(all(target_os = "linux", feature = "live"))]
mod scenes;
mod secrets;
mod skip;
mod source;
mod terminal;
mod truncation;
