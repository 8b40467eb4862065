//! How a TCP connection begins: which packets made the handshake, and what the two sides agreed on.

use super::seq::SeqNumber;
use crate::decode::{TcpFlags, TcpOption, TcpOptionIter, TcpSegment};
use crate::flow::{Direction, PacketStamp};
use crate::source::PacketNumber;
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
    /// 1, 2 or 3.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::Syn => 1,
            Self::SynAck => 2,
            Self::Ack => 3,
        }
    }

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
    /// SYN and the ACK that completes the handshake; the SYN-ACK is not in the capture.
    SynAckNotCaptured,
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
    pub resp_syn: Option<PacketNumber>,
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
        } else if self.syn_ack.is_none() {
            Opening::SynAckNotCaptured
        } else {
            Opening::Complete
        }
    }

    /// From the last SYN before it to the RST that refused the connection.
    #[must_use]
    pub fn refused_after(&self) -> Option<TimeDelta> {
        let refused = self.refused?;
        let retry = self.syn_retries.iter().rfind(|retry| retry.number < refused.number);
        refused.since(retry.copied().or(self.syn)?)
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

    /// A SYN without ACK; whether it was in the capture before: sent again, or captured twice.
    pub(super) fn take_syn(&mut self, by: Direction, seq: u32, options: &[u8], packet: PacketStamp) -> bool {
        let (first, isn, slot) = match by {
            Direction::OrigToResp => {
                let first = self.syn.is_none();
                self.syn.get_or_insert(packet);
                (first, &mut self.orig_isn, &mut self.orig_options)
            }
            Direction::RespToOrig => {
                let first = self.resp_syn.is_none();
                self.resp_syn.get_or_insert(packet.number);
                (first, &mut self.resp_isn, &mut self.resp_options)
            }
        };
        if first {
            *isn = Some(seq);
            *slot = Some(TcpOptions::parse(options));
            return false;
        }
        true
    }

    /// A SYN-ACK; whether it was in the capture before, as [`Self::take_syn`]. Where both sides opened, each sends one, and the second is the ACK
    /// that completes the handshake.
    pub(super) fn take_syn_ack(
        &mut self,
        by: Direction,
        segment: &TcpSegment<'_>,
        packet: PacketStamp,
    ) -> bool {
        if self.syn_ack.is_none() {
            self.syn_ack = Some(packet);
            if by == Direction::RespToOrig {
                self.resp_isn = Some(segment.seq);
                self.resp_options = Some(TcpOptions::parse(segment.options));
            }
            return false;
        }
        if self.resp_syn.is_some() && self.ack.is_none() {
            self.ack = Some(packet);
            return false;
        }
        true
    }

    /// A SYN or SYN-ACK that was sent again.
    pub(super) fn note_retry(&mut self, flags: TcpFlags, packet: PacketStamp) {
        let (list, count) = if flags.ack() {
            (&mut self.syn_ack_retries, &mut self.syn_ack_retry_count)
        } else {
            (&mut self.syn_retries, &mut self.syn_retry_count)
        };
        *count = count.saturating_add(1);
        if list.len() < MAX_RETRIES {
            list.push(packet);
        }
    }

    /// A segment of the originator with ACK and without SYN or RST; whether it completes the handshake.
    pub(super) fn take_ack(&mut self, segment: &TcpSegment<'_>, packet: PacketStamp) -> bool {
        if self.ack.is_some() || self.refused.is_some() {
            return false;
        }
        let acknowledged = SeqNumber(segment.ack);
        // Below what follows the SYN it is not acceptable (RFC 9293 section 3.10.7.4).
        if self.orig_isn.is_some_and(|isn| SeqNumber(segment.seq).is_before(SeqNumber(isn).plus(1))) {
            return false;
        }
        let completes = match self.resp_isn {
            Some(isn) => !acknowledged.is_before(SeqNumber(isn).plus(1)),
            // The SYN-ACK is not in the capture; this ACK tells what its number was.
            None => self.orig_isn.is_some_and(|isn| SeqNumber(segment.seq) == SeqNumber(isn).plus(1)),
        };
        if completes {
            self.ack = Some(packet);
            self.resp_isn.get_or_insert(segment.ack.wrapping_sub(1));
        }
        completes
    }

    /// A RST of the responder; whether it refuses the connection: it comes before any other answer to the SYN.
    pub(super) fn take_reset(&mut self, packet: PacketStamp) -> bool {
        let unanswered = self.syn.is_some() && self.syn_ack.is_none() && self.ack.is_none();
        if unanswered {
            self.refused.get_or_insert(packet);
        }
        unanswered
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

impl TcpOptions {
    /// Reads the option bytes of a SYN (RFC 9293 section 3.1): what is cut or has a wrong length is left out.
    #[must_use]
    pub fn parse(bytes: &[u8]) -> Self {
        let mut options = Self::default();
        for option in TcpOptionIter::new(bytes) {
            match option {
                TcpOption::MaximumSegmentSize(bytes) => options.mss = Some(bytes),
                TcpOption::WindowScale(shift) => options.window_scale = Some(shift),
                TcpOption::SackPermitted => options.sack_permitted = true,
                TcpOption::Timestamps { value, echo } => options.timestamps = Some((value, echo)),
                _ => {}
            }
        }
        options
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_of_a_syn_are_read_as_far_as_they_are_whole() {
        let bytes = [2, 4, 5, 180, 4, 2, 8, 10, 0, 0, 0, 9, 0, 0, 0, 1, 1, 3, 3, 7];
        let whole = TcpOptions {
            mss: Some(1460),
            window_scale: Some(7),
            sack_permitted: true,
            timestamps: Some((9, 1)),
        };
        assert_eq!(TcpOptions::parse(&bytes), whole);
        assert_eq!(TcpOptions::parse(&bytes[..19]), TcpOptions { window_scale: None, ..whole });
        assert_eq!(TcpOptions::parse(&[]), TcpOptions::default());
    }

    #[test]
    fn window_scale_is_in_effect_only_where_both_offer_it() {
        let offer = |shift| Some(TcpOptions { window_scale: shift, ..TcpOptions::default() });
        let mut handshake = Handshake { orig_options: offer(Some(20)), ..Handshake::default() };
        assert_eq!(handshake.window_shift(Direction::OrigToResp), None);
        handshake.resp_options = offer(None);
        assert_eq!(handshake.window_shift(Direction::OrigToResp), Some(0));
        handshake.resp_options = offer(Some(3));
        assert_eq!(handshake.window_shift(Direction::OrigToResp), Some(14));
        assert_eq!(handshake.window_shift(Direction::RespToOrig), Some(3));
    }
}
