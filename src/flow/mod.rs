//! Packets to flows: one table that numbers conversations as Wireshark does, tells originator from
//! responder, follows the TCP handshake and teardown, and ties ICMP errors to the flow that caused them.

mod defrag;
mod key;
mod record;

pub use defrag::{DefragLimits, Defragmenter};
pub use key::{Direction, FiveTuple, FlowId, FlowKey};
pub use record::{
    Flow, Handshake, HandshakeStep, IcmpError, OrigReason, PacketStamp, Side, TcpFlow, TcpOptions, Teardown,
};
