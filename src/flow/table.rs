//! The table of conversations.

use super::{Flow, FlowId, Verdict};
use crate::decode::{DecodedPacket, TransportProtocol};
use crate::source::CapturedPacket;

/// Most conversations numbered in one capture, TCP and UDP together. Past it packets belong to no flow, and
/// are counted: a flood of made-up SYNs must not take all memory.
pub const MAX_CONVERSATIONS: usize = 4_000_000;

/// Asks for payload to be kept, in turns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PayloadWanted {
    /// Most payload bytes kept of one flow.
    pub max_bytes_per_flow: usize,
}

/// Limits that were reached. All zero where the table says everything that the packets show.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FlowLimits {
    /// Packets that belong to no flow because [`MAX_CONVERSATIONS`] was reached.
    pub packets_without_flow: u64,
    /// ICMP errors about conversations with no flow that were forgotten, because too many waited.
    pub icmp_errors_forgotten: u64,
    /// Flows whose payload was kept only in part, because of the cap of one flow.
    pub flows_cut: u64,
    /// Flows whose payload was kept only in part, because of the cap of all flows together.
    pub flows_cut_by_total: u64,
    /// Out-of-order segments let go because a reassembly buffer was full.
    pub segments_dropped: u64,
}

/// The conversations of one capture.
#[derive(Debug, Default)]
pub struct FlowTable {
    flows: Vec<Flow>,
    verdicts: Vec<Verdict>,
    limits: FlowLimits,
    payload: Option<PayloadWanted>,
    tcp_streams: u32,
    udp_streams: u32,
}

impl FlowTable {
    /// A table that keeps no payload but each side's [`super::Sample`].
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A table that also reassembles payload and keeps it in turns.
    #[must_use]
    pub fn with_payload(wanted: PayloadWanted) -> Self {
        Self { payload: Some(wanted), ..Self::default() }
    }

    /// Takes one packet, in capture order, and answers one verdict for each of `decoded.transports()`.
    pub fn observe(&mut self, packet: &CapturedPacket<'_>, decoded: &DecodedPacket<'_>) -> &[Verdict] {
        let _ = (packet, decoded, self.payload);
        &self.verdicts
    }

    /// Ends the capture: what waited in reassembly is delivered, with its gaps. Call once, after the last packet.
    pub fn finish(&mut self) {}

    /// The flows, in the order of their first packets.
    #[must_use]
    pub fn flows(&self) -> &[Flow] {
        &self.flows
    }

    /// The flow with stream number `id`; `None` where there is no such conversation or it was only quoted.
    #[must_use]
    pub fn flow(&self, id: FlowId) -> Option<&Flow> {
        self.flows.iter().find(|flow| flow.id == id)
    }

    /// How many stream numbers of `protocol` were given, quoted conversations included.
    #[must_use]
    pub fn stream_count(&self, protocol: TransportProtocol) -> u32 {
        match protocol {
            TransportProtocol::Tcp => self.tcp_streams,
            TransportProtocol::Udp => self.udp_streams,
        }
    }

    /// Limits that were reached so far.
    #[must_use]
    pub fn limits(&self) -> FlowLimits {
        self.limits
    }
}
