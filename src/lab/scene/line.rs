//! What happens on a stage, a line each: it travels as JSON from where the scene is played to where it is shown.

use std::fmt;
use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

use crate::lab::{Ending, Event, Note, Transport};

/// Something that happened to somebody.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Line {
    /// Who tells it: `server`, `client`, or a name of the scene's.
    pub who: String,
    /// It is a lab's server that tells it: its client tells the same from its own side.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub aside: bool,
    /// What happened.
    #[serde(flatten)]
    pub what: What,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// A remark of the scene's own on what comes next.
    Step {
        /// A sentence.
        text: String,
    },
    /// A server listens.
    Listening {
        /// Its address.
        local: SocketAddr,
        /// TCP or UDP.
        transport: Transport,
    },
    /// A client is about to connect, or to send its first datagram.
    Tries {
        /// The server's address.
        server: SocketAddr,
        /// TCP or UDP.
        transport: Transport,
    },
    /// A connection stands, or a client has a socket to send from.
    Opened {
        /// The address of whoever tells it.
        local: SocketAddr,
        /// The other side's.
        peer: SocketAddr,
        /// TCP or UDP.
        transport: Transport,
    },
    /// A message came.
    Received {
        /// From whom.
        peer: SocketAddr,
        /// What.
        bytes: Bytes,
    },
    /// A message went out.
    Sent {
        /// To whom.
        peer: SocketAddr,
        /// What.
        bytes: Bytes,
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
        /// Whoever tells it sent them.
        sent: bool,
    },
    /// Whoever tells it will say nothing more on this connection, and still listens (FIN).
    HalfClosed {
        /// The other side.
        peer: SocketAddr,
    },
    /// Whoever tells it throws the connection away (RST).
    ThrownAway {
        /// The other side.
        peer: SocketAddr,
    },
    /// A talk is over.
    Closed {
        /// With whom.
        peer: SocketAddr,
        /// How.
        ending: Ending,
    },
    /// Something happened that no packet shows.
    Noted {
        /// Whom it concerns, where it is one peer.
        peer: Option<SocketAddr>,
        /// What.
        note: Note,
    },
    /// Something did not work. In some scenes that is what they show.
    Failed {
        /// Why.
        text: String,
        /// The scene shows that it does not work.
        expected: bool,
    },
}

impl Line {
    /// What went wrong, and with whom, where it should not have.
    #[must_use]
    pub fn failure(&self) -> Option<String> {
        match &self.what {
            What::Failed { text, expected: false } => Some(format!("{}: {text}", self.who)),
            _ => None,
        }
    }
}

impl What {
    /// The same of an event at a lab's socket.
    pub(super) fn of(event: Event, transport: Transport) -> Self {
        match event {
            Event::Listening { local, transport } => Self::Listening { local, transport },
            Event::Opened { local, peer } => Self::Opened { local, peer, transport },
            Event::Received { peer, bytes } => Self::Received { peer, bytes: Bytes(bytes) },
            Event::Sent { peer, bytes } => Self::Sent { peer, bytes: Bytes(bytes) },
            Event::NotSent { peer } => Self::NotSent { peer },
            Event::Carried { peer, length, sent } => Self::Carried { peer, length, sent },
            Event::Closed { peer, ending } => Self::Closed { peer, ending },
            Event::Noted { peer, note } => Self::Noted { peer, note },
            // A scene's log is evidence: what is missing in it is a failure.
            Event::LeftOut { count } => {
                Self::Failed { text: format!("{count} events were not told"), expected: false }
            }
            Event::Problem { problem, .. } => Self::Failed { text: problem.to_string(), expected: false },
        }
    }
}

/// Bytes of a message; in JSON a text where they are one, else a list of numbers.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Written", into = "Written")]
pub struct Bytes(pub Vec<u8>);

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Written {
    Text(String),
    Numbers(Vec<u8>),
}

impl From<Written> for Bytes {
    fn from(written: Written) -> Self {
        Self(match written {
            Written::Text(text) => text.into_bytes(),
            Written::Numbers(bytes) => bytes,
        })
    }
}

impl From<Bytes> for Written {
    fn from(bytes: Bytes) -> Self {
        String::from_utf8(bytes.0).map_or_else(|error| Self::Numbers(error.into_bytes()), Self::Text)
    }
}

impl fmt::Debug for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.0.escape_ascii())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_travels_as_json() {
        let peer = "[::1]:9".parse().unwrap();
        for (bytes, json) in [
            (b"Hey\n\"you\"".to_vec(), r#"{"who":"ann","sent":{"peer":"[::1]:9","bytes":"Hey\n\"you\""}}"#),
            (vec![0xff, 0], r#"{"who":"ann","sent":{"peer":"[::1]:9","bytes":[255,0]}}"#),
        ] {
            let line =
                Line { who: "ann".to_owned(), aside: false, what: What::Sent { peer, bytes: Bytes(bytes) } };
            assert_eq!(serde_json::to_string(&line).unwrap(), json);
            assert_eq!(serde_json::from_str::<Line>(json).unwrap(), line);
        }
        let noted = What::Noted { peer: None, note: Note::Dropped { number: 3 } };
        let line = Line { who: "server".to_owned(), aside: true, what: noted };
        let json = serde_json::to_string(&line).unwrap();
        assert_eq!(serde_json::from_str::<Line>(&json).unwrap(), line);
    }
}
