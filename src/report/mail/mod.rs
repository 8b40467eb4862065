//! Mail: sessions of SMTP, POP3 and IMAP, the mails in them, and the way that each came.
//!
//! [`Sessions`] takes the messages of these protocols as they end; a flow is a session, with its greeting, what was asked and
//! answered, and its mails. [`MailMessage`] is a mail: headers as sent, parts, and the hops that its Received lines tell of.
//! [`Path`] judges these hops: which host nobody vouches for. [`Finding`] is what does not fit.

mod collect;
mod date;
mod findings;
mod header;
mod imap;
mod message;
mod mime;
mod names;
mod path;
mod pop;
mod received;
mod session;
mod smtp;
mod text;

pub use collect::{MailFound, Sessions};
pub use date::MailDate;
pub use findings::{Finding, Oddity, Weight};
pub use header::{HeaderLine, Mailbox};
pub use message::{Beside, MailMessage, without_brackets};
pub use mime::{MAX_DEPTH, MAX_PARTS, MAX_TEXT, Part, PartFault, Parts};
pub use path::{Conclusion, Link, Path, line_number};
pub use received::{Hop, Source};
pub use session::{
    Envelope, Event, Login, MAX_LINES, MAX_RECIPIENTS, Mail, MailOutcome, MailProtocol, Party, Reply, Secret,
    SecretOf, Session, SessionEnd, Step, StepKind,
};
pub use text::{MAX_FILE, MAX_MAILS_IN_FILE, MailFile, looks_like_mail};

/// Most header lines kept of a mail or part: mails of long chains and lists have some hundred.
pub const MAX_HEADERS_KEPT: usize = 512;

/// Most bytes kept of a header's value, or of any other line: long lists of addresses are cut.
pub const MAX_VALUE_BYTES: usize = 8 << 10;

/// Most addresses of a header that are looked at.
pub const MAX_ADDRESSES: usize = 256;

/// Most Received lines that make a path: servers take a mail with a hundred for one that goes round in circles (RFC 5321
/// section 6.3).
pub const MAX_HOPS: usize = 128;

/// Most findings of a mail.
pub const MAX_FINDINGS: usize = 256;

/// Most sessions that are kept; the others are counted. A capture of a day of a class holds fewer.
pub const MAX_SESSIONS: usize = 1 << 16;

/// Most things that are told of a session: what a mailbox with a few hundred mails takes.
pub const MAX_EVENTS: usize = 2048;

/// Most bytes kept of all sessions together: a quarter of a small machine.
pub const MAX_BYTES_KEPT: usize = 256 << 20;

/// A copy of at most [`MAX_VALUE_BYTES`].
fn bounded(bytes: &[u8]) -> Box<[u8]> {
    bytes.get(..MAX_VALUE_BYTES).unwrap_or(bytes).into()
}

/// A length as a number of a report.
fn count(bytes: usize) -> u64 {
    u64::try_from(bytes).unwrap_or(u64::MAX)
}
