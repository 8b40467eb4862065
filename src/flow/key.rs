//! Names of a flow: its number, its directed five-tuple for people, its undirected key for the table.

use std::fmt;
use std::net::IpAddr;

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

/// The same key for both directions of a conversation, packed small: the lower endpoint first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FlowKey {
    /// Between IPv4 addresses.
    V4(V4Key),
    /// Between IPv6 addresses.
    V6(V6Key),
}

/// Both IPv4 addresses; then the protocol and both ports.
pub(super) type V4Key = (u64, u64);

/// Lower IPv6 address, higher address; the protocol and both ports.
pub(super) type V6Key = ([u8; 16], [u8; 16], u64);

impl FlowKey {
    /// The key of packets from `a` to `b` or back, and whether `a` is the lower endpoint (or both are the same).
    pub(super) fn new(a: Endpoint, b: Endpoint, protocol: TransportProtocol) -> (Self, bool) {
        let kind: u64 = match protocol {
            TransportProtocol::Tcp => 0,
            TransportProtocol::Udp => 1,
        };
        if let (IpAddr::V4(from), IpAddr::V4(to)) = (a.addr, b.addr) {
            // Address, then port: the order of endpoints, as one number.
            let from = u64::from(from.to_bits()) << 16 | u64::from(a.port);
            let to = u64::from(to.to_bits()) << 16 | u64::from(b.port);
            let (low, high) = (from.min(to), from.max(to));
            let rest = kind << 32 | (low & 0xffff) << 16 | high & 0xffff;
            return (Self::V4(((low >> 16) << 32 | high >> 16, rest)), from <= to);
        }
        let from_low = a <= b;
        let (low, high) = if from_low { (a, b) } else { (b, a) };
        let rest = kind << 32 | u64::from(low.port) << 16 | u64::from(high.port);
        (Self::V6((octets(low.addr), octets(high.addr), rest)), from_low)
    }
}

fn octets(addr: IpAddr) -> [u8; 16] {
    match addr {
        IpAddr::V4(addr) => addr.to_ipv6_mapped().octets(),
        IpAddr::V6(addr) => addr.octets(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoint(text: &str) -> Endpoint {
        let address: std::net::SocketAddr = text.parse().expect("an address and port");
        Endpoint { addr: address.ip(), port: address.port() }
    }

    #[test]
    fn both_directions_have_one_key() {
        let pairs = [
            ("192.0.2.1:80", "192.0.2.2:4000"),
            ("192.0.2.1:4000", "192.0.2.1:80"),
            ("[2001:db8::1]:80", "[2001:db8::2]:80"),
        ];
        for (a, b) in pairs.map(|(a, b)| (endpoint(a), endpoint(b))) {
            let (key, from_low) = FlowKey::new(a, b, TransportProtocol::Tcp);
            assert_eq!((key, !from_low), FlowKey::new(b, a, TransportProtocol::Tcp));
            assert_eq!(from_low, a <= b);
            assert_ne!(key, FlowKey::new(a, b, TransportProtocol::Udp).0);
            let swapped_ports = (Endpoint { port: b.port, ..a }, Endpoint { port: a.port, ..b });
            if a.port != b.port && a.addr != b.addr {
                assert_ne!(key, FlowKey::new(swapped_ports.0, swapped_ports.1, TransportProtocol::Tcp).0);
            }
        }
    }

    #[test]
    fn a_mapped_address_is_not_the_ipv4_address() {
        let v4 = FlowKey::new(endpoint("192.0.2.1:1"), endpoint("192.0.2.2:2"), TransportProtocol::Udp);
        let mapped = ("[::ffff:192.0.2.1]:1", "[::ffff:192.0.2.2]:2");
        assert_ne!(v4.0, FlowKey::new(endpoint(mapped.0), endpoint(mapped.1), TransportProtocol::Udp).0);
    }
}
