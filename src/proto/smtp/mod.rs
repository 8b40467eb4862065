//! SMTP (RFC 5321): commands, replies, and the mail between them.
//!
//! A [`super::Message`] is what one packet brings or completes of one kind: commands or replies, all their lines whole, or a
//! part of a mail. The part that ends a mail has all of it, dots at the beginning of lines undone, as
//! [`super::Message::inner`].

mod analyzer;
mod session;

pub use analyzer::SmtpAnalyzer;
pub use session::{Expect, Said};

use crate::source::PacketNumber;

/// What the connection tells of an SMTP message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SmtpNote {
    /// What it is.
    pub part: SmtpPart,
    /// What the first of its lines is, if it is the client's.
    pub expect: Expect,
    /// The code of the reply that its first line goes on with, if that began before.
    pub continues: Option<u16>,
    /// Of what ends a mail: the packets that brought parts of it before, and this one if it did, up to [`super::dotted::MAX_PARTS`].
    pub parts: Vec<PacketNumber>,
    /// Of what ends a mail: how many bytes that was, as sent.
    pub sent: usize,
}

/// The kinds of SMTP messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SmtpPart {
    /// Lines of the client: commands, or what AUTH asked for.
    Commands,
    /// Lines of the server.
    Replies,
    /// A part of a mail.
    Body,
    /// The end of a mail that DATA began, with the line `.` that says so.
    End,
    /// The end of a mail that came as chunks (RFC 3030).
    LastChunk,
    /// The end of such a mail where the last chunk is empty: the command that says so, and those before it.
    EmptyChunk,
}

#[cfg(test)]
mod tests;
