//! FTP (RFC 959, RFC 2428): the control connection, and the data connections that it announces.
//!
//! A [`super::Message`] of the control connection is what one packet brings, whole lines or not; the one that ends a
//! line that began in packets before has all of that line, and what follows it, as [`super::Message::inner`]. Of a data
//! connection each packet's bytes are a message.

mod address;
mod analyzer;
mod expected;

pub use address::{Announced, Method, announcement, directory, host_port};
pub use analyzer::{DataAnalyzer, FtpAnalyzer};
pub(super) use expected::ExpectedFlows;
pub use expected::{MAX_COMMAND, MAX_EXPECTED, is_transfer};

use crate::source::PacketNumber;

/// What the connection tells of a message of an FTP control connection.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FtpNote {
    /// It is the server's.
    pub is_reply: bool,
    /// A data connection that it announces.
    pub announces: Option<Announced>,
    /// The directory that the client is in after it, as far as the server told; empty where it did not.
    pub directory: Box<str>,
}

/// What a control connection tells of a data connection.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FtpDataNote {
    /// Place of the control connection in [`crate::flow::FlowTable::flows`].
    pub control: usize,
    /// The packet that announced the data connection.
    pub setup: PacketNumber,
    /// How it was announced.
    pub method: Method,
    /// The command that it carries data of, with the packet it is in; up to [`MAX_COMMAND`] bytes of it.
    pub command: Option<(PacketNumber, Box<str>)>,
    /// The directory that the client was in.
    pub directory: Box<str>,
}

#[cfg(test)]
mod tests;
