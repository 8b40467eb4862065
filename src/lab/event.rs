//! What happens at a lab's sockets, told to the caller as it happens.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{NotLocal, Note, Transport};

/// Something that happened. Bytes are as they were on the wire: whoever shows them makes them safe first.
#[derive(Debug)]
pub enum Event {
    /// The server's socket is bound: from now on no message is lost.
    Listening {
        /// Its address, with the port that was really given where any was asked for.
        local: SocketAddr,
        /// TCP or UDP.
        transport: Transport,
    },
    /// A connection stands (TCP), or a client has a socket to send from (UDP).
    Opened {
        /// This side's address.
        local: SocketAddr,
        /// The other side's.
        peer: SocketAddr,
    },
    /// A message came.
    Received {
        /// Who sent it.
        peer: SocketAddr,
        /// What one receive returned, at most 65,535 bytes.
        bytes: Vec<u8>,
    },
    /// A message went out, of a client: goes out right after this, so that nobody tells sooner that it has come.
    Sent {
        /// To whom.
        peer: SocketAddr,
        /// The whole message.
        bytes: Vec<u8>,
    },
    /// What a client has just told as sent did not go out, or not whole.
    NotSent {
        /// To whom it was to go.
        peer: SocketAddr,
    },
    /// A body or a file went by: too much to be told byte by byte.
    Carried {
        /// The other side.
        peer: SocketAddr,
        /// How many bytes.
        length: u64,
        /// This side sent them.
        sent: bool,
    },
    /// A talk is over.
    Closed {
        /// With whom it was.
        peer: SocketAddr,
        /// How it ended.
        ending: Ending,
    },
    /// Something happened that no packet shows.
    Noted {
        /// The peer it concerns, where it is one.
        peer: Option<SocketAddr>,
        /// What happened.
        note: Note,
    },
    /// Something went wrong with one peer, or (`None`) with the server's own socket; the server goes on.
    Problem {
        /// The peer, where it is one peer's problem.
        peer: Option<SocketAddr>,
        /// What went wrong.
        problem: Problem,
    },
    /// Here so many events came faster than they could be told, and are left out
    /// ([`Telling::InTime`](super::Telling::InTime)).
    LeftOut {
        /// How many: at least one.
        count: u64,
    },
}

/// How a talk ended, as far as this side could see: two FINs can cross, and only a capture tells which was
/// first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// The other side closed first.
    ByPeer,
    /// This side closed first.
    ByUs,
    /// The other side reset the connection (RFC 9293 §3.5.2).
    Reset,
}

/// Why a message or a talk was given up.
#[derive(Debug, thiserror::Error)]
pub enum Problem {
    /// Every place is taken.
    #[error("turned away: {limit} clients are connected already")]
    TooManyClients {
        /// How many may be connected at once.
        limit: usize,
    },
    /// The peer said nothing for too long.
    #[error("closed: nothing was said for {limit:?}")]
    Idle {
        /// The longest silence allowed.
        limit: Duration,
    },
    /// The peer began to say something and did not come to its end.
    #[error("closed: what it began to say did not end within {limit:?}")]
    Unfinished {
        /// The longest wait allowed.
        limit: Duration,
    },
    /// The talk went on for too long.
    #[error("closed: connected for {limit:?}, the longest a talk may last")]
    TooLong {
        /// The longest talk allowed.
        limit: Duration,
    },
    /// The peer sent too much.
    #[error("closed: sent more than {limit} bytes")]
    TooMuch {
        /// Most bytes one talk may bring.
        limit: u64,
    },
    /// The peer does not read what it is sent.
    #[error("closed: it did not take what it was sent{}", within(.limit))]
    NotTaken {
        /// The longest wait allowed; none in a room, where all others would wait too.
        limit: Duration,
    },
    /// The datagram claims to come from this server's own address, or is to be passed on to it: an answer would be answered
    /// for ever.
    #[error("nothing sent: this is the server's own address")]
    OwnAddress,
    /// More answers wait for their time than are kept.
    #[error("not answered: {limit} answers wait for their time already")]
    TooManyLate {
        /// How many may wait at once.
        limit: usize,
    },
    /// This address was answered so often in a row that it is taken for another server, which answers the answers.
    #[error("not answered: {limit} answers went there already, as if two servers answered each other")]
    TooManyAnswers {
        /// How many there may be.
        limit: u32,
    },
    /// The policy does not allow this peer.
    #[error(transparent)]
    NotLocal(#[from] NotLocal),
    /// The system refused something.
    #[error("{what}: {source}")]
    Io {
        /// What was tried.
        what: &'static str,
        /// What the system said.
        source: io::Error,
    },
}

fn within(limit: &Duration) -> String {
    if limit.is_zero() { " at once".to_owned() } else { format!(" within {limit:?}") }
}

impl Problem {
    pub(super) fn io(what: &'static str) -> impl Fn(io::Error) -> Self {
        move |source| Self::Io { what, source }
    }
}
