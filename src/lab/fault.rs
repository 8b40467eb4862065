//! What a server over TCP does wrong on purpose, so that a capture shows it.

use std::fmt;
use std::net::TcpListener;
use std::time::Duration;

use nix::libc::linger;
use nix::sys::socket::{getsockopt, setsockopt, sockopt};
use serde::{Deserialize, Serialize};

use super::LabError;
use super::note::bytes as counted;

/// Bytes of receive buffer asked for where the window is to be tiny; the kernel gives its own least, some 2 kB.
const TINY_BUFFER: usize = 1;

/// Bytes that a slow reader takes at once, and its pause before each, at pace 1.
pub(super) const SLOW_PIECE: usize = 1024;
pub(super) const SLOW_PAUSE: Duration = Duration::from_millis(200);

/// Most pieces that a reply is split into, and the pause between two, at pace 1: each piece is a segment, and both can be told
/// apart in a list of packets.
const PIECES: usize = 8;
pub(super) const SPLIT_PAUSE: Duration = Duration::from_millis(50);

/// One thing that a server does wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fault {
    /// It never closes its half of a connection, whether the client has closed its own or all is said.
    NoFin,
    /// It resets the connection in the middle of a reply.
    Reset,
    /// It has hardly any room for what it receives.
    TinyWindow,
    /// It sends each reply in pieces.
    SplitWrites,
    /// It reads slowly, with little room.
    SlowReader,
}

impl Fault {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::NoFin, Self::Reset, Self::TinyWindow, Self::SplitWrites, Self::SlowReader];

    /// As it is typed.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::NoFin => "no-fin",
            Self::Reset => "reset",
            Self::TinyWindow => "tiny-window",
            Self::SplitWrites => "split-writes",
            Self::SlowReader => "slow-reader",
        }
    }

    /// The fault of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|fault| fault.name() == name)
    }

    /// What a server with it does, in words that follow "the server".
    #[must_use]
    pub const fn does(self) -> &'static str {
        match self {
            Self::NoFin => "never closes a connection",
            Self::Reset => "breaks off each connection in the middle of a reply, with a RST",
            Self::TinyWindow => "has hardly any room for what it receives",
            Self::SplitWrites => "sends each reply in pieces",
            Self::SlowReader => "reads slowly, with little room",
        }
    }

    /// What a capture of it should show, a sentence for a person to look for.
    #[must_use]
    pub const fn look_for(self) -> &'static str {
        match self {
            Self::NoFin => {
                "With no-fin: the client's FIN is acknowledged, but the server sends no FIN of its own until its program is stopped, so that the connection stays half open."
            }
            Self::Reset => {
                "With reset: half a reply and then a RST of the server's in place of its FIN; the rest of the reply never comes, and nothing more is said on that connection."
            }
            Self::TinyWindow => {
                "With tiny-window: the windows that the server offers are a few kB at most, and a message that does not fit waits for the next window."
            }
            Self::SplitWrites => {
                "With split-writes: each reply of the server's comes in up to eight segments, and what one receive returns is not the whole reply."
            }
            Self::SlowReader => {
                "With slow-reader: the server acknowledges what comes, but its window shrinks while its program does not read, down to 0 where the client says more than fits."
            }
        }
    }

    /// Whether a client of a server with it may fail like that.
    #[must_use]
    pub const fn explains(self, failure: &LabError) -> bool {
        let (is_broken, is_silence) = match failure {
            LabError::Hung { .. } | LabError::BrokenOff { reset: true, .. } => (true, false),
            LabError::NoReply { .. } | LabError::BrokenOff { reset: false, .. } => (false, true),
            LabError::Malformed { .. } => return matches!(self, Self::SplitWrites),
            _ => return false,
        };
        match self {
            Self::NoFin | Self::TinyWindow | Self::SlowReader => is_silence,
            // On a bad line a RST can be lost: nobody sends it again.
            Self::Reset | Self::SplitWrites => is_broken || is_silence,
        }
    }

    /// Makes the listener such that its connections have the fault. They take their buffers from it: of so many bytes, where it
    /// is a small one.
    pub(super) fn prepare(self, listener: &TcpListener) -> std::io::Result<Option<u32>> {
        if !matches!(self, Self::TinyWindow | Self::SlowReader) {
            return Ok(None);
        }
        setsockopt(listener, sockopt::RcvBuf, &TINY_BUFFER)?;
        Ok(u32::try_from(getsockopt(listener, sockopt::RcvBuf)?).ok())
    }
}

/// What a server did wrong on purpose, by its own word: what a capture of it is held against.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Misdeed {
    /// It has this fault from here on, in each connection.
    Begins {
        /// Which.
        fault: Fault,
        /// Bytes of receive buffer that its connections have, where that is little on purpose.
        buffer: Option<u32>,
    },
    /// It did not close a connection.
    NotClosed {
        /// It was its turn to close first: all is said. Else it is the client who has closed.
        first: bool,
    },
    /// It was stopped, so long after that.
    KeptOpen {
        /// How long.
        by: Duration,
    },
    /// It broke a reply off, and the connection.
    CutOff {
        /// So many bytes of it go out.
        sent: u64,
        /// So many it has.
        of: u64,
    },
    /// It sends a reply in pieces, which are told after this.
    Split {
        /// Bytes of the reply.
        bytes: u64,
        /// How many pieces.
        pieces: u64,
    },
}

impl fmt::Display for Misdeed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Begins { fault, buffer } => {
                write!(f, "--fault {fault}: {}", fault.does())?;
                buffer.map_or(Ok(()), |bytes| write!(f, ", a receive buffer of {bytes} bytes"))
            }
            Self::NotClosed { first: false } => f.write_str("not closed on purpose after the client's FIN"),
            Self::NotClosed { first: true } => f.write_str("not closed on purpose, although all is said"),
            Self::KeptOpen { by } => {
                write!(f, "kept open for {:.2} s on purpose, until the server was stopped", by.as_secs_f64())
            }
            Self::CutOff { sent, of } => {
                write!(f, "connection reset on purpose in mid-reply, after {sent} of {}", counted(*of))
            }
            Self::Split { bytes, pieces } => {
                write!(f, "a reply of {} goes out on purpose in pieces: {pieces}", counted(*bytes))
            }
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Makes the close of a connection a reset, whatever still waits to be sent (RFC 9293 §3.10.4, ABORT).
pub(super) fn reset_at_close(stream: &impl std::os::fd::AsFd) -> std::io::Result<()> {
    Ok(setsockopt(stream, sockopt::Linger, &linger { l_onoff: 1, l_linger: 0 })?)
}

/// Bytes of each piece of a reply that is split.
pub(super) fn piece_of(reply: usize) -> usize {
    reply.div_ceil(PIECES).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_is_found_by_its_name() {
        for fault in Fault::ALL {
            assert_eq!(Fault::named(fault.name()), Some(fault));
        }
        assert_eq!(Fault::named("none"), None);
    }

    #[test]
    fn a_misdeed_travels_as_json_with_its_fault_as_it_is_typed() {
        for fault in Fault::ALL {
            let begins = Misdeed::Begins { fault, buffer: Some(2304) };
            let json = serde_json::to_string(&begins).unwrap();
            assert_eq!(json, format!(r#"{{"begins":{{"fault":"{fault}","buffer":2304}}}}"#));
            assert_eq!(serde_json::from_str::<Misdeed>(&json).unwrap(), begins);
        }
    }

    #[test]
    fn a_fault_explains_the_failures_that_it_makes_and_no_other() {
        let server = "127.0.0.1:9".parse().unwrap();
        let within = Duration::from_secs(1);
        let reset = LabError::Hung { server, reset: true };
        let silent = LabError::NoReply { server, within };
        for (fault, breaks, silences) in [
            (Fault::NoFin, false, true),
            (Fault::Reset, true, true),
            (Fault::TinyWindow, false, true),
            (Fault::SplitWrites, true, true),
            (Fault::SlowReader, false, true),
        ] {
            assert_eq!((fault.explains(&reset), fault.explains(&silent)), (breaks, silences), "{fault}");
            assert!(!fault.explains(&LabError::Refused(server)), "{fault}");
            assert!(!fault.explains(&LabError::NoConnection { server, within }), "{fault}");
        }
    }

    #[test]
    fn a_reply_has_at_most_eight_pieces() {
        for (reply, piece) in [(0, 1), (1, 1), (8, 1), (9, 2), (17, 3), (80_000, 10_000)] {
            assert_eq!(piece_of(reply), piece, "{reply}");
        }
    }
}
