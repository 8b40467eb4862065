//! Packets to flows: one table that numbers conversations as Wireshark does, tells originator from
//! responder, follows the TCP handshake and teardown, and ties ICMP errors to the flow that caused them.

mod conversations;
mod defrag;
mod echo;
mod hindsight;
mod icmp;
mod key;
mod payload;
mod record;
mod table;
mod tcp;
mod turns;
mod udp;
mod verdict;

pub use conversations::MAX_CONVERSATIONS;
pub use defrag::{
    DefragLimits, Defragmenter, MAX_AGE_NANOS, MAX_DATAGRAMS, MAX_FRAGMENTS, MAX_HELD_BYTES, MAX_NESTED,
};
pub use echo::{EchoAnswer, EchoTable, MAX_ECHO_REQUESTS};
pub use hindsight::{Hindsight, HttpPackets, LAB_PERHAPS, LAB_RIGHT, MAX_NOTES};
pub use key::{Direction, FiveTuple, FlowId};
pub use payload::PayloadWanted;
pub use record::{Flow, IcmpError, MAX_ICMP_ERRORS, OrigReason, PacketStamp, SAMPLE_BYTES, Sample, Side};
pub use table::{FlowLimits, FlowTable, MAX_FLOWS};
pub use tcp::{
    AnalysisFlags, Asked, Closing, Completeness, Conflict, ConnState, Doubt, Doubts, DueProbe, EndpointState,
    EndpointStates, Evidence, FastOpenAnswer, Handshake, HandshakeStep, History, Judged, Judgement, Kind,
    MAX_BUFFERED_BYTES, MAX_BUFFERED_SEGMENTS, MAX_DOUBTS, MAX_HISTORY, MAX_PROOFS, MAX_REMEMBERED,
    MAX_RETRIES, MAX_SACKED, MAX_STATE_CHANGES, MAX_TIMED, MAX_UNACKED, Measures, Opening, Proof, Rates,
    Reason, Reassembler, Reset, RoundTrips, Segment, SegmentAnalysis, SegmentKind, SeqNumber, StateChange,
    StreamEvent, Sureness, TcpFlow, TcpOptions, TcpSide, Teardown, Verified, Why, Windows,
};
pub use turns::{
    Conversation, MAX_FOLLOWED_BYTES, MAX_FOLLOWED_TURN_PACKETS, MAX_KEPT_BYTES, MAX_TURN_PACKETS, MAX_TURNS,
    SideTalk, Turn,
};
pub use udp::UdpFlow;
pub use verdict::{Elapsed, Repeat, TcpVerdict, Verdict, WindowScale};

#[cfg(test)]
mod tests;
