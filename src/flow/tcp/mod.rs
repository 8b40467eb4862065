//! TCP: sequence arithmetic, handshake, teardown, state, reassembly, Wireshark's analysis.

mod analysis;
mod doubt;
mod endpoint_state;
mod follow;
mod handshake;
mod judge;
mod measure;
mod memory;
mod reassembly;
mod received;
mod recent;
mod seq;
mod state;
mod teardown;

pub(super) use analysis::Setting;
pub use analysis::{AnalysisFlags, Completeness, FastOpenAnswer, MAX_UNACKED, SegmentAnalysis};
pub use doubt::{Doubt, Doubts, MAX_DOUBTS, Verified, Why};
pub(super) use doubt::{MOST_AHEAD, PayloadUse};
use endpoint_state::Ends;
pub use endpoint_state::{EndpointState, EndpointStates, MAX_STATE_CHANGES, StateChange};
pub(super) use follow::{Arrival, Followed};
pub use handshake::{Handshake, HandshakeStep, MAX_RETRIES, Opening, TcpOptions};
pub(super) use judge::Circumstances;
pub use judge::{
    Asked, DueProbe, Evidence, Judged, Judgement, Kind, MAX_PROOFS, MAX_REMEMBERED, MAX_SACKED, Proof,
    Reason, Sureness,
};
pub use measure::{MAX_TIMED, Measures, Rates, RoundTrips, Windows};
use memory::{Memory, OnlySyn, awake};
pub use reassembly::{MAX_BUFFERED_BYTES, MAX_BUFFERED_SEGMENTS, Reassembler, Segment, StreamEvent};
pub use recent::Conflict;
pub use seq::SeqNumber;
use state::Endpoint;
pub use state::{ConnState, History, MAX_HISTORY};
pub use teardown::{Closing, Reset, SegmentKind, Teardown};

use super::{Direction, PacketStamp};
use crate::decode::TcpSegment;

/// What TCP showed of a flow.
#[derive(Clone, Debug, Default)]
pub struct TcpFlow {
    /// How it began.
    pub handshake: Handshake,
    /// How it ended.
    pub teardown: Teardown,
    /// Zeek's history: upper case the originator, lower case the responder.
    pub history: History,
    /// What the originator's sequence numbers show.
    pub orig: TcpSide,
    /// What the responder's sequence numbers show.
    pub resp: TcpSide,
    /// A flow between the same ports came before it in the capture.
    pub port_reused: bool,
    /// Segments that the other end must not take; `None` where there is none. Boxed, because most flows have none.
    pub doubts: Option<Box<Doubts>>,
    ends: Ends,
    /// Zeek's words for originator and responder.
    orig_end: Endpoint,
    resp_end: Endpoint,
    completeness: Completeness,
    /// None while it is not needed: before the first segment, and while there is only a SYN.
    memory: Option<Box<Memory>>,
    /// The SYN, while there is nothing else.
    only_syn: Option<Box<OnlySyn>>,
}

/// What the sequence numbers of one side show.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TcpSide {
    /// Segments that carried payload.
    pub data_packets: u64,
    /// Segments whose bytes (or SYN, FIN) were all or partly seen before.
    pub repeated_packets: u64,
    /// Payload bytes seen before.
    pub repeated_bytes: u64,
    /// Bytes that were sent, by the sequence numbers, and are not in the capture.
    pub missing_bytes: u64,
    /// Segments that announced a closed window (RFC 9293 section 3.8.6).
    pub zero_windows: u32,
    /// Keep-alive probes.
    pub keep_alives: u32,
    /// Round trips, windows and the other numbers.
    pub measures: Measures,
    /// What its segments were judged to be, beyond those that were simply the next.
    pub judged: Judged,
}

impl TcpFlow {
    pub(super) fn new(port_reused: bool) -> Self {
        Self { port_reused, ..Self::default() }
    }

    /// Zeek's conn_state.
    #[must_use]
    pub fn conn_state(&self) -> ConnState {
        let any_data = self.orig.data_packets > 0 || self.resp.data_packets > 0;
        state::conn_state(self.orig_end, self.resp_end, &self.history, any_data)
    }

    /// Which parts of the conversation were captured so far: after the last packet, Wireshark's `tcp.completeness` of
    /// a second pass.
    #[must_use]
    pub fn completeness(&self) -> Completeness {
        self.completeness
    }

    /// Wireshark's judgement of the next segment, sent by `by` in `packet`, into `told`, which has nothing in it yet.
    pub(super) fn analyse(
        &mut self,
        by: Direction,
        segment: &TcpSegment<'_>,
        packet: PacketStamp,
        setting: Setting,
        told: &mut SegmentAnalysis,
    ) {
        let analysis = &mut awake(&mut self.memory).analysis;
        self.completeness.add(segment, !analysis.has_begun(), setting.port_reused);
        analysis.segment(by, segment, packet, setting, told);
    }

    /// The states of the end that sends in `direction`, as far as they are shown.
    #[must_use]
    pub fn states(&self, direction: Direction) -> &EndpointStates {
        match direction {
            Direction::OrigToResp => &self.ends.orig,
            Direction::RespToOrig => &self.ends.resp,
        }
    }

    /// Whether the end that sends in `direction` waits in TIME-WAIT: it closed first, or both at once.
    #[must_use]
    pub fn holds_time_wait(&self, direction: Direction) -> bool {
        self.states(direction).state() == EndpointState::TimeWait
    }

    /// Whether the capture has neither SYN nor SYN-ACK: it begins mid-stream.
    #[must_use]
    pub fn begins_mid_stream(&self) -> bool {
        self.handshake.opening() == Opening::NotCaptured
    }

    /// Repeats that the sender of `direction` sent and a later DSACK (RFC 2883) shows to have been unnecessary, the first
    /// [`MAX_PROOFS`].
    #[must_use]
    pub fn proved_unnecessary(&self, direction: Direction) -> &[Proof] {
        self.memory.as_ref().map_or(&[], |memory| memory.judge.proofs(direction))
    }

    /// What the sender of `direction` sent.
    #[must_use]
    pub fn side(&self, direction: Direction) -> &TcpSide {
        match direction {
            Direction::OrigToResp => &self.orig,
            Direction::RespToOrig => &self.resp,
        }
    }
}
