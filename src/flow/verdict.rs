//! What the flow table says of one packet.

use super::{Direction, FlowId, HandshakeStep};

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
    /// What TCP shows; `None` for UDP and for a TCP header that was cut.
    pub tcp: Option<TcpVerdict>,
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
}

/// How much of a segment was in the capture before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Repeat {
    /// Nothing.
    #[default]
    New,
    /// Some bytes.
    Partly,
    /// All of it: a retransmission, or the capture holds the packet twice.
    Whole,
}
