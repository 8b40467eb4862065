//! Names of a flow: its number, its directed five-tuple for people, its undirected key for the table.

use std::fmt;

use crate::decode::{Endpoint, TransportProtocol};

/// A conversation's number within its protocol, from 0: Wireshark's `tcp.stream` or `udp.stream`.
///
/// Conversations that are only quoted inside ICMP errors take numbers too, so not every number is a [`super::Flow`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FlowId {
    /// TCP or UDP.
    pub protocol: TransportProtocol,
    /// Number within the protocol, from 0.
    pub number: u32,
}

impl fmt::Display for FlowId {
    /// `tcp:0`, `udp:3`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.protocol.name(), self.number)
    }
}

/// Which way a packet goes within its flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Direction {
    /// From the originator (the client, where a handshake was seen) to the responder.
    OrigToResp,
    /// From the responder to the originator.
    RespToOrig,
}

impl Direction {
    /// The other way.
    #[must_use]
    pub const fn reversed(self) -> Self {
        match self {
            Self::OrigToResp => Self::RespToOrig,
            Self::RespToOrig => Self::OrigToResp,
        }
    }

    /// `orig` or `resp`: who sends.
    #[must_use]
    pub const fn sender(self) -> &'static str {
        match self {
            Self::OrigToResp => "orig",
            Self::RespToOrig => "resp",
        }
    }
}

/// Who talks to whom: originator first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FiveTuple {
    /// The side that began.
    pub orig: Endpoint,
    /// The side that was addressed.
    pub resp: Endpoint,
    /// TCP or UDP.
    pub protocol: TransportProtocol,
}

/// The same key for both directions of a conversation: the smaller endpoint first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FlowKey {
    low: Endpoint,
    high: Endpoint,
    protocol: TransportProtocol,
}

impl FlowKey {
    /// The key of packets between `a` and `b`, in either order.
    #[must_use]
    pub fn new(a: Endpoint, b: Endpoint, protocol: TransportProtocol) -> Self {
        let (low, high) = if a <= b { (a, b) } else { (b, a) };
        Self { low, high, protocol }
    }
}
