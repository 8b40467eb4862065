//! What transports carry: text or not, the protocols that are recognised, and their messages.
//!
//! [`Analyzers`] puts the bytes of each flow in order and hands them to the analyzer of the protocol that it speaks
//! ([`Analyzer`]), which says where messages end and what one has to do with another. A message is told in the
//! packet that completes it ([`Messages`]). A protocol's folder never imports another's: an analyzer that hands over
//! (CONNECT, STARTTLS) says so by [`Step::Switch`].

mod analyzer;
mod analyzers;
pub mod carried;
pub mod content;
pub mod dhcp;
pub mod dns;
pub mod dotted;
pub mod ftp;
mod greeting;
pub mod http;
pub mod imap;
pub mod lab;
pub mod lines;
mod message;
mod pieces;
pub mod pop;
mod probe;
mod protocol;
pub mod quic;
mod recognise;
pub mod smtp;
pub mod socks;
pub mod ssh;
mod stream;
mod talk;
pub mod telnet;
mod text;
pub mod tls;

pub use analyzer::{Analyzer, AnalyzerOptions, Ending, Input, Note, Step};
pub use analyzers::{AnalyzerLimits, Analyzers, MAX_HELD_BYTES};
pub use message::{MAX_MESSAGES, Message, Messages};
pub use protocol::Protocol;
pub use recognise::{Recognised, name, name_by_port};
pub use talk::MAX_MESSAGE_BYTES;
pub use text::{Readability, ReadableCount, judge};
