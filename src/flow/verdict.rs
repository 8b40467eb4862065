//! What the flow table says of one packet.

use super::{Completeness, Direction, EndpointState, FlowId, HandshakeStep, Judgement, SegmentAnalysis};
use crate::source::PacketNumber;
use crate::time::TimeDelta;

/// What the flow table says of one transport header of a packet. Small and copied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Which conversation it belongs to (Wireshark's stream number); `None` for a header too short to be
    /// numbered ([`crate::decode::DecodedPacket::is_numbered`]), and once [`super::MAX_CONVERSATIONS`] is reached.
    pub id: Option<FlowId>,
    /// Place of its flow in [`super::FlowTable::flows`]; `None` where the header is only quoted in an ICMP error.
    pub flow: Option<usize>,
    /// Which way it goes; for a quoted header with no flow, relative to the first packet of the conversation.
    pub direction: Direction,
    /// The first packet of its flow.
    pub starts_flow: bool,
    /// Time since earlier packets of the conversation.
    pub elapsed: Elapsed,
    /// How the sender's windows are scaled, as far as the handshake was seen; of no meaning for UDP.
    pub window_scale: WindowScale,
    /// Which parts of the conversation were captured before this packet (Wireshark `tcp.completeness` of one pass); a SYN
    /// that begins it between ports that had one counts itself.
    pub completeness: Completeness,
    /// What TCP shows; `None` for UDP and for a TCP header that is quoted or was not sent whole (Wireshark shows its
    /// raw numbers). Of a header that the capture cuts only the numbers are told.
    pub tcp: Option<TcpVerdict>,
}

/// Time since earlier packets of a conversation. A packet without a time counts as one of 1970, as Wireshark has it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Elapsed {
    /// Since its first packet (Wireshark `tcp.time_relative`, `udp.time_relative`); zero in that packet.
    pub since_first: TimeDelta,
    /// Since its packet before (Wireshark `tcp.time_delta`, `udp.time_delta`); zero in the first.
    pub since_previous: TimeDelta,
}

/// What the windows that one side announces are to be multiplied by (RFC 7323 section 2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WindowScale {
    /// The handshake is not in the capture.
    #[default]
    Unknown,
    /// By nothing: one side or both did not offer to scale.
    Unscaled,
    /// By 2 to this power, at most [`Self::MAX_SHIFT`].
    Shift(u8),
}

impl WindowScale {
    /// The largest shift; a larger one counts as this (RFC 7323 section 2.3).
    pub const MAX_SHIFT: u8 = 14;

    /// `window`, a window field as sent, in bytes.
    #[must_use]
    pub fn apply(self, window: u16) -> u32 {
        match self {
            Self::Shift(shift) => u32::from(window) << shift.min(Self::MAX_SHIFT),
            Self::Unknown | Self::Unscaled => u32::from(window),
        }
    }

    /// As Wireshark tells it (`tcp.window_size_scalefactor`): -1 unknown, -2 none, else the multiplier.
    #[must_use]
    pub fn factor(self) -> i32 {
        match self {
            Self::Unknown => -1,
            Self::Unscaled => -2,
            Self::Shift(shift) => 1 << shift.min(Self::MAX_SHIFT),
        }
    }
}

/// What the flow table says of one TCP segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TcpVerdict {
    /// Relative sequence number (Wireshark `tcp.seq`).
    pub seq: u32,
    /// Relative acknowledgment number (Wireshark `tcp.ack`); without the ACK flag what the field holds.
    pub ack: u32,
    /// Which step of the handshake it is.
    pub step: Option<HandshakeStep>,
    /// A SYN or SYN-ACK that was sent before.
    pub handshake_retry: bool,
    /// A SYN that begins a new flow between ports that had one before.
    pub port_reused: bool,
    /// How much of its payload (SYN and FIN included) was seen before.
    pub repeat: Repeat,
    /// Bytes of this side that are missing just before it: 0 in an unbroken capture without loss.
    pub missing_before: u32,
    /// A keep-alive probe: at most one byte, just below the next expected.
    pub keep_alive: bool,
    /// A RST that answers the SYN: the connection is refused.
    pub refuses: bool,
    /// Payload after the sender's own FIN, or after a reset.
    pub after_close: bool,
    /// What Wireshark's analysis says of it.
    pub analysis: SegmentAnalysis,
    /// What it is, where it is not simply the next segment: wirelab's own verdict.
    pub judgement: Option<Judgement>,
    /// The packet of the other side whose bytes this acknowledgment tells to have arrived twice (DSACK, RFC 2883).
    pub tells_twice: Option<PacketNumber>,
    /// The first packet of a flow whose beginning the capture does not have.
    pub begins_mid_stream: bool,
    /// The states of originator and responder after it.
    pub states: Option<[EndpointState; 2]>,
}

/// How much of a segment was in the capture before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Repeat {
    /// Nothing.
    #[default]
    New,
    /// Some bytes.
    Partly,
    /// All of it. A frame that the capture holds twice, as its IP identification or timestamp shows, was sent
    /// once, so it is [`Self::New`].
    Whole,
}
