//! What a server did that no packet shows: the truth that a capture can be compared with.

use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Ping;
use super::fault::Misdeed;
use super::impair::Deed;
use super::scene::Bytes;

/// An entry of a server's or client's log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Note {
    /// A message was not answered, as if it had been lost.
    Dropped {
        /// The how manieth message of its kind it was, from 1.
        number: u64,
    },
    /// A message was answered late.
    Delayed {
        /// The how manieth message of its kind it was, from 1.
        number: u64,
        /// How late.
        by: Duration,
    },
    /// A datagram was handed to the server's line, which is a bad one on purpose.
    Handed {
        /// The how manieth it is, from 1.
        number: u64,
        /// What it says.
        bytes: Bytes,
    },
    /// Something was done on purpose to a datagram that was handed to that line.
    Impaired {
        /// Its number.
        number: u64,
        /// What it says, as far as it is shown.
        said: String,
        /// What was done.
        deed: Deed,
    },
    /// A line between two hosts, and what it does to the packets of the server's.
    Between {
        /// In words.
        does: String,
        /// The capture has packets as they were sent, before the line; else as they arrive behind it.
        before: bool,
    },
    /// Something was done on purpose to a packet between two hosts.
    OnTheWay {
        /// The how manieth packet it is that the sending host put on the line, from 1.
        number: u64,
        /// Ports of sender and receiver.
        ports: [u16; 2],
        /// Its sequence number, as sent; `None` for a datagram.
        seq: Option<u32>,
        /// Bytes of payload.
        length: u32,
        /// It ends its sender's side of a connection (FIN).
        #[serde(default)]
        fin: bool,
        /// What was done.
        deed: Deed,
    },
    /// A client's ping, and what became of it: told when that is known, and again where its answer comes late.
    Ping(Ping),
    /// A ping was acknowledged again.
    Again {
        /// Its number.
        number: u64,
    },
    /// An acknowledgement without a number came while several pings waited.
    Unclear {
        /// The first ping that it may be for.
        first: u64,
        /// The last one.
        last: u64,
    },
    /// A file went by, whole.
    File {
        /// Its bytes.
        length: u64,
        /// Their SHA-256, as 64 digits of base 16.
        sha256: String,
    },
    /// A page was asked of the origin.
    Fetched {
        /// Which.
        target: String,
        /// From whom.
        origin: SocketAddr,
    },
    /// A page was answered from the cache.
    Cached {
        /// Which.
        target: String,
    },
    /// What a page that was asked for came to.
    Page {
        /// Which.
        target: String,
        /// The answer's status code.
        status: u16,
        /// Bytes of its body.
        length: u64,
        /// From the request's first byte to the answer's last.
        took: Duration,
        /// What a cache on the way said of it (`X-Cache`), where one did.
        cache: Option<String>,
    },
    /// A transfer agent took a mail.
    Mail {
        /// What it calls the mail.
        id: String,
        /// Bytes of the mail, its own Received line included.
        length: u64,
        /// To whom it went; `None` where its way ends here.
        next: Option<SocketAddr>,
        /// It is in this agent's mailbox file.
        kept: bool,
        /// The Received line that it added, unfolded.
        received: String,
    },
    /// Something was done wrong on purpose, to a connection or to all.
    Misdeed(Misdeed),
    /// Something else worth a line.
    Told(String),
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dropped { number } => write!(f, "message {number} dropped on purpose"),
            Self::Delayed { number, by } => {
                write!(f, "message {number} answered after {:.1} ms", by.as_secs_f64() * 1e3)
            }
            Self::Handed { number, .. } => write!(f, "number {number} handed to the line"),
            Self::Impaired { number, said, deed } => write!(f, "number {number}, `{said}`, {deed}"),
            Self::Between { does, before } => {
                let (who, what) = if *before {
                    (
                        "the server sends them, before the line",
                        "what is lost on the line is in it, and so is what is sent again",
                    )
                } else {
                    (
                        "the client gets them, behind the line",
                        "what comes twice or out of order is in it as it came",
                    )
                };
                write!(
                    f,
                    "{does}; the capture has the server's packets as {who}: {what}. Below, `packet 3 of the server` is the third that it put on the line, whatever its number in the capture"
                )
            }
            Self::OnTheWay { number, seq, length, fin, deed, .. } => {
                write!(f, "packet {number} of the server ({}", bytes(u64::from(*length)))?;
                f.write_str(if *fin { ", FIN" } else { "" })?;
                seq.map_or(Ok(()), |seq| write!(f, ", sequence number {seq}"))?;
                write!(f, ") {deed}")
            }
            Self::Ping(ping) => ping.fmt(f),
            Self::Again { number } => write!(f, "ping {number}: acknowledged again"),
            Self::Unclear { first, last } => {
                write!(f, "an acknowledgement without a number, for one of the pings {first} to {last}")
            }
            Self::File { length, sha256 } => write!(f, "{}, SHA-256 {sha256}", bytes(*length)),
            Self::Fetched { target, origin } => write!(f, "{target} asked of the origin at {origin}"),
            Self::Cached { target } => write!(f, "{target} answered from the cache"),
            Self::Page { target, status, length, took, cache } => {
                write!(f, "{target}: {status}, {}, {:.1} ms", bytes(*length), took.as_secs_f64() * 1e3)?;
                cache.as_ref().map_or(Ok(()), |cache| write!(f, ", cache {cache}"))
            }
            Self::Mail { id, length, next, kept, received } => {
                write!(f, "mail {id} ({}) ", bytes(*length))?;
                match next {
                    Some(next) => write!(f, "passed on to {next}")?,
                    None if *kept => f.write_str("kept in the mailbox")?,
                    None => f.write_str("at its end, and let go: no file was given to keep it in")?,
                }
                write!(f, "; line added: Received: {received}")
            }
            Self::Misdeed(misdeed) => misdeed.fmt(f),
            Self::Told(text) => f.write_str(text),
        }
    }
}

/// A length in words.
pub(super) fn bytes(length: u64) -> String {
    if length == 1 { "1 byte".to_owned() } else { format!("{length} bytes") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_agree_with_their_noun() {
        let told = |length| Note::File { length, sha256: "00".to_owned() }.to_string();
        assert_eq!([0, 1, 2].map(told), ["0 bytes, SHA-256 00", "1 byte, SHA-256 00", "2 bytes, SHA-256 00"]);
    }
}
