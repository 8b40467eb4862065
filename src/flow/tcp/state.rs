//! Zeek's words for how far a connection got: conn_state and history.

use std::fmt;

/// Zeek's conn_state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum ConnState {
    /// Attempt seen, no reply.
    S0,
    /// Established, not closed.
    S1,
    /// Normal establishment and close; for UDP, both sides sent.
    SF,
    /// Attempt refused.
    Rej,
    /// Established, the originator closed, no reply to that from the responder.
    S2,
    /// Established, the responder closed, no reply to that from the originator.
    S3,
    /// Established, the originator reset it.
    Rsto,
    /// The responder reset it.
    Rstr,
    /// SYN then RST by the originator, no SYN-ACK seen.
    Rstos0,
    /// SYN-ACK then RST by the responder, the SYN never seen.
    Rstrh,
    /// SYN then FIN by the originator, no SYN-ACK seen.
    Sh,
    /// SYN-ACK then FIN by the responder, the SYN never seen; for UDP, only the responder sent.
    Shr,
    /// No SYN seen: mid-stream traffic.
    #[default]
    Oth,
}

impl ConnState {
    /// UDP: by who sent anything.
    #[must_use]
    pub const fn of_udp(orig_packets: u64, resp_packets: u64) -> Self {
        match (orig_packets > 0, resp_packets > 0) {
            (true, true) => Self::SF,
            (true, false) => Self::S0,
            (false, true) => Self::Shr,
            (false, false) => Self::Oth,
        }
    }

    /// Zeek's spelling: `S0`, `SF`, `REJ`, `RSTOS0` …
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::S0 => "S0",
            Self::S1 => "S1",
            Self::SF => "SF",
            Self::Rej => "REJ",
            Self::S2 => "S2",
            Self::S3 => "S3",
            Self::Rsto => "RSTO",
            Self::Rstr => "RSTR",
            Self::Rstos0 => "RSTOS0",
            Self::Rstrh => "RSTRH",
            Self::Sh => "SH",
            Self::Shr => "SHR",
            Self::Oth => "OTH",
        }
    }
}

impl fmt::Display for ConnState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// Most letters kept of a history. A normal connection has eight.
pub const MAX_HISTORY: usize = 31;

/// Zeek's history string, bounded: `ShADadFf`.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct History {
    len: u8,
    letters: [u8; MAX_HISTORY],
}

impl History {
    /// The letters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.letters.get(..usize::from(self.len)).and_then(|l| std::str::from_utf8(l).ok()).unwrap_or("")
    }
}

impl fmt::Display for History {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for History {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.as_str())
    }
}
