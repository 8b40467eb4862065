//! TCP: sequence arithmetic, handshake, teardown, state, reassembly.

mod handshake;
mod state;
mod teardown;

pub use handshake::{Handshake, HandshakeStep, MAX_RETRIES, Opening, TcpOptions};
pub use state::{ConnState, History, MAX_HISTORY};
pub use teardown::{Reset, SegmentKind, Teardown};

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
    /// The state that conn_state is read from.
    state: ConnState,
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
    /// Payload bytes that were sent, by the sequence numbers, and are not in the capture.
    pub missing_bytes: u64,
    /// Segments that announced a closed window (RFC 9293 section 3.8.6).
    pub zero_windows: u64,
    /// Keep-alive probes.
    pub keep_alives: u64,
}

impl TcpFlow {
    /// Zeek's conn_state.
    #[must_use]
    pub fn conn_state(&self) -> ConnState {
        self.state
    }
}
