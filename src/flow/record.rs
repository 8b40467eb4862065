//! What is kept of a flow: small, owned, and enough to tell its story with packet numbers.

use super::{FiveTuple, FlowId};
use crate::source::PacketNumber;
use crate::time::{TimeDelta, Timestamp};

/// A packet and its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PacketStamp {
    /// Which packet.
    pub number: PacketNumber,
    /// When; `None` where the capture has no time for it.
    pub ts: Option<Timestamp>,
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
    /// ICMP errors about packets of this flow, the first few (a fixed number).
    pub icmp_errors: Vec<IcmpError>,
}

/// Counts of what one side sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Side {
    /// Packets.
    pub packets: u64,
    /// Frame bytes on the wire (Wireshark's conversation bytes).
    pub wire_bytes: u64,
    /// Transport payload bytes on the wire, repeats included.
    pub payload_bytes: u64,
}

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

/// A TCP handshake: which packets made it, and what was agreed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Handshake {
    /// The first SYN.
    pub syn: Option<PacketStamp>,
    /// The first SYN-ACK.
    pub syn_ack: Option<PacketStamp>,
    /// The ACK that completes it.
    pub ack: Option<PacketStamp>,
    /// SYNs sent again, the first few.
    pub syn_retries: Vec<PacketStamp>,
    /// SYN-ACKs sent again, the first few.
    pub syn_ack_retries: Vec<PacketStamp>,
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
        Some(self.ack?.ts? - self.syn?.ts?)
    }

    /// Both sides offered a window scale, so both are in effect (RFC 7323 section 2.2).
    #[must_use]
    pub fn scaling_in_effect(&self) -> bool {
        let offered = |options: Option<TcpOptions>| options.is_some_and(|o| o.window_scale.is_some());
        offered(self.orig_options) && offered(self.resp_options)
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

/// What TCP showed of a flow.
#[derive(Clone, Debug, Default)]
pub struct TcpFlow {
    /// How it began.
    pub handshake: Handshake,
    /// How it ended.
    pub teardown: Teardown,
    /// Zeek's history string: upper case the originator, lower case the responder.
    pub history: String,
}

/// How a TCP connection ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Teardown {
    /// The originator's first FIN.
    pub orig_fin: Option<PacketStamp>,
    /// The responder's first FIN.
    pub resp_fin: Option<PacketStamp>,
    /// The first RST of the originator.
    pub orig_rst: Option<PacketStamp>,
    /// The first RST of the responder.
    pub resp_rst: Option<PacketStamp>,
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
}
