//! TCP: sequence arithmetic, handshake, teardown, state, reassembly, Wireshark's analysis.

mod analysis;
mod follow;
mod handshake;
mod measure;
mod reassembly;
mod received;
mod seq;
mod state;
mod teardown;

use analysis::Analysis;
pub(super) use analysis::Setting;
pub use analysis::{AnalysisFlags, Completeness, MAX_UNACKED, SegmentAnalysis};
pub(super) use follow::Followed;
use follow::Track;
pub use handshake::{Handshake, HandshakeStep, MAX_RETRIES, Opening, TcpOptions};
pub use measure::{MAX_TIMED, Measures, Rates, RoundTrips, Windows};
pub use reassembly::{MAX_BUFFERED_BYTES, MAX_BUFFERED_SEGMENTS, Reassembler, Segment, StreamEvent};
pub use seq::SeqNumber;
pub use state::{ConnState, History, MAX_HISTORY};
pub use teardown::{Reset, SegmentKind, Teardown};

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
    orig_track: Track,
    resp_track: Track,
    /// Who sent the last segment, and what kind it was.
    previous: Option<(Direction, SegmentKind)>,
    analysis: Analysis,
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
}

impl TcpFlow {
    pub(super) fn new(port_reused: bool) -> Self {
        Self { port_reused, ..Self::default() }
    }

    /// Zeek's conn_state.
    #[must_use]
    pub fn conn_state(&self) -> ConnState {
        let any_data = self.orig.data_packets > 0 || self.resp.data_packets > 0;
        state::conn_state(self.orig_track.state, self.resp_track.state, &self.history, any_data)
    }

    /// Which parts of the conversation were captured so far: after the last packet, Wireshark's `tcp.completeness` of
    /// a second pass.
    #[must_use]
    pub fn completeness(&self) -> Completeness {
        self.analysis.completeness()
    }

    /// Wireshark's judgement of the next segment, sent by `by` in `packet`.
    pub(super) fn analyse(
        &mut self,
        by: Direction,
        segment: &TcpSegment<'_>,
        packet: PacketStamp,
        setting: Setting,
    ) -> SegmentAnalysis {
        self.analysis.segment(by, segment, packet, setting)
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
