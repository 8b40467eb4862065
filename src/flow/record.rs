//! What is kept of a flow: small, owned, and enough to tell its story with packet numbers.

use super::turns::Conversation;
use super::{ConnState, Direction, FiveTuple, FlowId, TcpFlow, UdpFlow};
use crate::source::PacketNumber;
use crate::time::{TimeDelta, Timestamp};

/// Payload bytes kept of each side of every flow, to tell its protocol and whether it is text. One request line
/// or greeting; small, because a capture has many flows.
pub const SAMPLE_BYTES: usize = 63;

/// Most ICMP errors kept of a flow; more are only counted. One tells the cause, a few show that it went on.
pub const MAX_ICMP_ERRORS: usize = 4;

/// A packet and its time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PacketStamp {
    /// Which packet.
    pub number: PacketNumber,
    /// When; `None` where the capture has no time for it.
    pub ts: Option<Timestamp>,
}

impl PacketStamp {
    /// Time from `earlier` to this packet; `None` where either has no time.
    #[must_use]
    pub fn since(self, earlier: Self) -> Option<TimeDelta> {
        Some(self.ts? - earlier.ts?)
    }
}

/// How it was told which side is the originator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OrigReason {
    /// It sent the SYN.
    Syn,
    /// The other side sent a SYN-ACK, and the SYN itself is not in the capture.
    SynAck,
    /// It sent the first packet that was captured; for TCP the beginning is missing, so this is a guess.
    FirstPacket,
}

/// One TCP or UDP conversation.
#[derive(Clone, Debug)]
pub struct Flow {
    /// Wireshark's stream number.
    pub id: FlowId,
    /// Who talks to whom.
    pub tuple: FiveTuple,
    /// Why `tuple.orig` is the originator.
    pub orig_reason: OrigReason,
    /// First packet.
    pub first: PacketStamp,
    /// Last packet.
    pub last: PacketStamp,
    /// What the originator sent.
    pub orig: Side,
    /// What the responder sent.
    pub resp: Side,
    /// The TCP story; `None` for UDP.
    pub tcp: Option<Box<TcpFlow>>,
    /// Requests and replies; `None` for TCP.
    pub udp: Option<Box<UdpFlow>>,
    /// ICMP errors about packets of this flow, the first [`MAX_ICMP_ERRORS`].
    pub icmp_errors: Vec<IcmpError>,
    /// How many ICMP errors there were, kept or not.
    pub icmp_error_count: u64,
    /// The payload in turns; `None` unless [`super::PayloadWanted`] was asked for.
    pub conversation: Option<Box<Conversation>>,
}

impl Flow {
    /// Zeek's conn_state: how far the conversation got.
    #[must_use]
    pub fn conn_state(&self) -> ConnState {
        match &self.tcp {
            Some(tcp) => tcp.conn_state(),
            None => ConnState::of_udp(self.orig.packets, self.resp.packets),
        }
    }

    /// From the first packet to the last; `None` where the capture has no times.
    #[must_use]
    pub fn duration(&self) -> Option<TimeDelta> {
        self.last.since(self.first)
    }

    /// What the sender of `direction` sent.
    #[must_use]
    pub fn side(&self, direction: Direction) -> &Side {
        match direction {
            Direction::OrigToResp => &self.orig,
            Direction::RespToOrig => &self.resp,
        }
    }

    /// Packets of both sides.
    #[must_use]
    pub fn packets(&self) -> u64 {
        self.orig.packets.saturating_add(self.resp.packets)
    }
}

/// Counts of what one side sent, and how its payload begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Side {
    /// Packets.
    pub packets: u64,
    /// Frame bytes on the wire (Wireshark's conversation bytes).
    pub wire_bytes: u64,
    /// Transport payload bytes on the wire, repeats included.
    pub payload_bytes: u64,
    /// The first payload bytes that were captured, in the order sent, up to [`SAMPLE_BYTES`].
    pub sample: Sample,
}

/// The beginning of one side's payload: up to [`SAMPLE_BYTES`] bytes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Sample {
    len: u8,
    bytes: [u8; SAMPLE_BYTES],
}

impl Sample {
    /// The bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.len)).unwrap_or(&[])
    }

    /// Whether no more bytes fit, so that the payload may go on.
    #[must_use]
    pub fn is_full(&self) -> bool {
        usize::from(self.len) == SAMPLE_BYTES
    }

    /// Adds as much of `bytes` as fits.
    pub(super) fn extend(&mut self, bytes: &[u8]) {
        let had = usize::from(self.len);
        let more = bytes.len().min(SAMPLE_BYTES.saturating_sub(had));
        if more > 0
            && let (Some(room), Some(bytes)) =
                (self.bytes.get_mut(had..).and_then(|free| free.get_mut(..more)), bytes.get(..more))
        {
            room.copy_from_slice(bytes);
            self.len = u8::try_from(had.saturating_add(more)).unwrap_or(self.len);
        }
    }
}

impl Default for Sample {
    fn default() -> Self {
        Self { len: 0, bytes: [0; SAMPLE_BYTES] }
    }
}

impl std::fmt::Debug for Sample {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Sample(\"{}\")", self.as_bytes().escape_ascii())
    }
}

/// An ICMP error that quotes a packet of a flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IcmpError {
    /// The ICMP packet.
    pub packet: PacketStamp,
    /// Who sent it.
    pub from: std::net::IpAddr,
    /// ICMPv6 rather than ICMP.
    pub v6: bool,
    /// ICMP type.
    pub icmp_type: u8,
    /// ICMP code.
    pub code: u8,
    /// The direction of the quoted packet: its sender is told of the error.
    pub about: Direction,
}
