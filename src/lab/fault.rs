//! What a server over TCP does wrong on purpose, so that a capture shows it.

use std::fmt;
use std::net::TcpListener;
use std::time::Duration;

use nix::libc::linger;
use nix::sys::socket::{setsockopt, sockopt};

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
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fault {
    /// It never closes its half of a connection after the client has closed its own.
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

    /// Makes the listener such that its connections have the fault. They take their buffers from it.
    pub(super) fn prepare(self, listener: &TcpListener) -> std::io::Result<()> {
        if matches!(self, Self::TinyWindow | Self::SlowReader) {
            setsockopt(listener, sockopt::RcvBuf, &TINY_BUFFER)?;
        }
        Ok(())
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
    fn a_reply_has_at_most_eight_pieces() {
        for (reply, piece) in [(0, 1), (1, 1), (8, 1), (9, 2), (17, 3), (80_000, 10_000)] {
            assert_eq!(piece_of(reply), piece, "{reply}");
        }
    }
}
