//! Packets to flows: one table that numbers conversations as Wireshark does, tells originator from
//! responder, follows the TCP handshake and teardown, and ties ICMP errors to the flow that caused them.

mod defrag;
mod key;
mod record;
mod table;
mod tcp;
mod turns;
mod udp;
mod verdict;

pub use defrag::{DefragLimits, Defragmenter};
pub use key::{Direction, FiveTuple, FlowId, FlowKey};
pub use record::{Flow, IcmpError, MAX_ICMP_ERRORS, OrigReason, PacketStamp, SAMPLE_BYTES, Sample, Side};
pub use table::{FlowLimits, FlowTable, MAX_CONVERSATIONS, PayloadWanted};
pub use tcp::{
    ConnState, Handshake, HandshakeStep, History, MAX_HISTORY, MAX_RETRIES, Opening, Reset, SegmentKind,
    TcpFlow, TcpOptions, TcpSide, Teardown,
};
pub use turns::{Conversation, MAX_TURN_PACKETS, MAX_TURNS, Turn};
pub use udp::UdpFlow;
pub use verdict::{Repeat, TcpVerdict, Verdict};
