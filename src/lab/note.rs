//! What a server did that no packet shows: the truth that a capture can be compared with.

use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

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
            Self::File { length, sha256 } => write!(f, "{length} bytes, SHA-256 {sha256}"),
            Self::Fetched { target, origin } => write!(f, "{target} asked of the origin at {origin}"),
            Self::Cached { target } => write!(f, "{target} answered from the cache"),
            Self::Told(text) => f.write_str(text),
        }
    }
}
