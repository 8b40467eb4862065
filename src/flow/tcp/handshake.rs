//! How a TCP connection begins: which packets made the handshake, and what the two sides agreed on.

use crate::flow::{Direction, PacketStamp};
use crate::time::TimeDelta;

/// Most repeated SYNs, and repeated SYN-ACKs, listed of a flow; more are only counted. Linux gives up after six.
pub const MAX_RETRIES: usize = 8;

/// The steps of a TCP connection's beginning (RFC 9293 section 3.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HandshakeStep {
    /// 1/3.
    Syn,
    /// 2/3.
    SynAck,
    /// 3/3.
    Ack,
}

impl HandshakeStep {
    /// `1/3`, `2/3` or `3/3`.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Syn => "1/3",
            Self::SynAck => "2/3",
            Self::Ack => "3/3",
        }
    }
}

/// What became of a connection's beginning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opening {
    /// All three steps.
    Complete,
    /// Both sides sent a SYN before either had the other's (RFC 9293 figure 7).
    Simultaneous,
    /// A RST answered the SYN.
    Refused,
    /// A SYN, perhaps several, and nothing from the other side.
    Unanswered,
    /// SYN and SYN-ACK, but not the ACK that completes it.
    NotCompleted,
    /// A SYN-ACK whose SYN is not in the capture.
    SynNotCaptured,
    /// No step at all: the capture starts later.
    NotCaptured,
}

/// A TCP handshake: which packets made it, and what was agreed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Handshake {
    /// The first SYN.
    pub syn: Option<PacketStamp>,
    /// The first SYN-ACK.
    pub syn_ack: Option<PacketStamp>,
    /// The ACK that completes it.
    pub ack: Option<PacketStamp>,
    /// SYNs sent again, the first [`MAX_RETRIES`].
    pub syn_retries: Vec<PacketStamp>,
    /// SYN-ACKs sent again, the first [`MAX_RETRIES`].
    pub syn_ack_retries: Vec<PacketStamp>,
    /// How many SYNs were sent again, listed or not.
    pub syn_retry_count: u32,
    /// How many SYN-ACKs were sent again, listed or not.
    pub syn_ack_retry_count: u32,
    /// The RST that answered the SYN.
    pub refused: Option<PacketStamp>,
    /// The SYN of the responder where both sides sent one (simultaneous open).
    pub resp_syn: Option<PacketStamp>,
    /// Initial sequence number of the originator, as sent.
    pub orig_isn: Option<u32>,
    /// Initial sequence number of the responder, as sent.
    pub resp_isn: Option<u32>,
    /// Options of the SYN.
    pub orig_options: Option<TcpOptions>,
    /// Options of the SYN-ACK.
    pub resp_options: Option<TcpOptions>,
}

impl Handshake {
    /// From SYN to the ACK that completes it (Wireshark `tcp.analysis.initial_rtt`).
    #[must_use]
    pub fn rtt(&self) -> Option<TimeDelta> {
        self.ack?.since(self.syn?)
    }

    /// What became of it.
    #[must_use]
    pub fn opening(&self) -> Opening {
        if self.refused.is_some() {
            Opening::Refused
        } else if self.resp_syn.is_some() {
            Opening::Simultaneous
        } else if self.syn.is_none() {
            if self.syn_ack.is_some() { Opening::SynNotCaptured } else { Opening::NotCaptured }
        } else if self.syn_ack.is_none() && self.ack.is_none() {
            Opening::Unanswered
        } else if self.ack.is_none() {
            Opening::NotCompleted
        } else {
            Opening::Complete
        }
    }

    /// From the last SYN before it to the RST that refused the connection.
    #[must_use]
    pub fn refused_after(&self) -> Option<TimeDelta> {
        self.refused?.since(self.syn_retries.last().copied().or(self.syn)?)
    }

    /// The largest segment that the sender of `direction` may send, in bytes of payload: what the other side
    /// announced. `None` where the other side's SYN is missing or has no such option (then 536 for IPv4 and
    /// 1220 for IPv6 hold, RFC 9293 section 3.7.1).
    #[must_use]
    pub fn mss(&self, direction: Direction) -> Option<u16> {
        self.options(direction.reversed())?.mss
    }

    /// The options on the SYN that the sender of `direction` sent.
    #[must_use]
    pub fn options(&self, direction: Direction) -> Option<TcpOptions> {
        match direction {
            Direction::OrigToResp => self.orig_options,
            Direction::RespToOrig => self.resp_options,
        }
    }

    /// How far the window fields sent in `direction` are shifted left. `None` where a SYN is missing, so unknown;
    /// 0 where scaling is not in effect.
    #[must_use]
    pub fn window_shift(&self, direction: Direction) -> Option<u8> {
        self.options(direction.reversed())?;
        let shift = self.options(direction)?.window_scale.unwrap_or(0).min(14);
        Some(if self.scaling_in_effect() { shift } else { 0 })
    }

    /// Both sides offered a window scale, so both are in effect (RFC 7323 section 2.2).
    #[must_use]
    pub fn scaling_in_effect(&self) -> bool {
        self.both(|options| options.window_scale.is_some())
    }

    /// Both sides permitted selective acknowledgment (RFC 2018 section 2).
    #[must_use]
    pub fn sack_in_effect(&self) -> bool {
        self.both(|options| options.sack_permitted)
    }

    /// Both sides sent timestamps on their SYN (RFC 7323 section 3.2).
    #[must_use]
    pub fn timestamps_in_effect(&self) -> bool {
        self.both(|options| options.timestamps.is_some())
    }

    fn both(&self, offers: impl Fn(TcpOptions) -> bool) -> bool {
        self.orig_options.is_some_and(&offers) && self.resp_options.is_some_and(&offers)
    }
}

/// The options of a SYN or SYN-ACK.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TcpOptions {
    /// Maximum segment size in bytes (RFC 9293 section 3.7.1).
    pub mss: Option<u16>,
    /// Window scale shift as sent; more than 14 counts as 14 (RFC 7323 section 2.3).
    pub window_scale: Option<u8>,
    /// Selective acknowledgment is permitted (RFC 2018).
    pub sack_permitted: bool,
    /// Timestamps: value and echo (RFC 7323 section 3).
    pub timestamps: Option<(u32, u32)>,
}
