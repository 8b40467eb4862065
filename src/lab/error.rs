//! Why a server could not start, or a client got no answer.

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::{NotLocal, Transport};

/// A lab that could not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum LabError {
    /// Another socket has the port.
    #[error("port {} is in use at {} ({transport})", .address.port(), .address.ip())]
    PortInUse {
        /// Where the server was to listen.
        address: SocketAddr,
        /// TCP or UDP.
        transport: Transport,
    },
    /// No interface of this machine has the address.
    #[error("{} is not an address of this machine", .0.ip())]
    NotOurs(SocketAddr),
    /// The system keeps the port to privileged programs.
    #[error("port {} needs privileges this program does not have", .0.port())]
    NotPermitted(SocketAddr),
    /// The policy does not allow the address.
    #[error(transparent)]
    NotLocal(#[from] NotLocal),
    /// A SYN was answered by RST (RFC 9293 §3.5.2).
    #[error("connection refused by {0}: nothing listens on that port")]
    Refused(SocketAddr),
    /// A datagram was answered by ICMP port unreachable (RFC 1122 §4.1.3.3).
    #[error("{0} is unreachable: an ICMP port unreachable came back, nothing listens on that port")]
    PortUnreachable(SocketAddr),
    /// The handshake did not finish in time.
    #[error("{server} did not accept the connection within {}", seconds(.within))]
    NoConnection {
        /// The server's address.
        server: SocketAddr,
        /// How long the client waited.
        within: Duration,
    },
    /// No reply came in time.
    #[error("no reply from {server} within {}", seconds(.within))]
    NoReply {
        /// The server's address.
        server: SocketAddr,
        /// How long the client waited.
        within: Duration,
    },
    /// The server ended the connection instead of replying.
    #[error("{server} {} the connection without a reply", if *.reset { "reset" } else { "closed" })]
    Hung {
        /// The server's address.
        server: SocketAddr,
        /// RST rather than FIN.
        reset: bool,
    },
    /// A file began to come and did not come to its end.
    #[error("{server} {}: the file broke off after {}", broke(.reset), super::note::bytes(*.after))]
    BrokenOff {
        /// The server's address.
        server: SocketAddr,
        /// Bytes of the file that had come.
        after: u64,
        /// RST, rather than a silence that lasted too long.
        reset: bool,
    },
    /// A message longer than a datagram can be.
    #[error("a message of more than {limit} bytes does not fit a datagram")]
    MessageTooLong {
        /// The most that is allowed, in bytes.
        limit: usize,
    },
    /// A message of no bytes, over TCP.
    #[error("an empty message cannot be sent over TCP, where only bytes can be seen")]
    EmptyMessage,
    /// The server said no.
    #[error("{server} refused: {said}")]
    Refusal {
        /// The server's address.
        server: SocketAddr,
        /// What it said, control characters shown as escapes.
        said: String,
    },
    /// The server's answer does not follow its protocol.
    #[error("the answer of {server} makes no sense: {what}")]
    Malformed {
        /// The server's address.
        server: SocketAddr,
        /// What is wrong with it.
        what: &'static str,
    },
    /// A file or folder could not be used.
    #[error("{}: {source}", .path.display().to_string().escape_debug())]
    File {
        /// Which.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// A setting that means nothing here.
    #[error("{option} {value}: {problem}")]
    Setting {
        /// The option.
        option: &'static str,
        /// What was given, control characters shown as escapes.
        value: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// The messages could not be read.
    #[error("reading the messages failed: {0}")]
    Messages(#[source] io::Error),
    /// The system refused something else.
    #[error("{what} {address}: {source}")]
    Io {
        /// What was tried.
        what: &'static str,
        /// On which address.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
}

impl LabError {
    pub(super) fn io(what: &'static str, address: SocketAddr) -> impl Fn(io::Error) -> Self {
        move |source| Self::Io { what, address, source }
    }

    pub(super) fn file(path: &Path) -> impl Fn(io::Error) -> Self {
        move |source| Self::File { path: path.to_owned(), source }
    }

    /// Whether this is an answer, and not a failure: the server was asked and did not reply.
    #[must_use]
    pub fn is_no_reply(&self) -> bool {
        matches!(
            self,
            Self::Refused(_)
                | Self::PortUnreachable(_)
                | Self::NoConnection { .. }
                | Self::NoReply { .. }
                | Self::Hung { .. }
                | Self::BrokenOff { .. }
                | Self::Refusal { .. }
        )
    }
}

fn broke(reset: &bool) -> &'static str {
    if *reset { "reset the connection" } else { "fell silent" }
}

fn seconds(within: &Duration) -> String {
    format!("{} s", within.as_secs_f64())
}
