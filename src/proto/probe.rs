//! What does a flow speak? The first bytes tell; a port is asked only where their form is weak.

use super::recognise::{is_dns, is_http, is_tls};
use super::{Protocol, greeting};
use crate::decode::TransportProtocol;
use crate::flow::Direction;

/// What the first bytes of a packet or stream look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// This protocol.
    Is(Protocol),
    /// More bytes would tell: so many in all.
    Unsure(usize),
    /// None that is known.
    Nothing,
}

/// A DNS header and the two bytes of length before it on a stream (RFC 1035 section 4.2.2).
const FRAMED_DNS_HEADER: usize = 14;

/// The longest that HTTP takes to be told: `PROPPATCH /`, `HTTP/1.1`.
const HTTP_BEGINS: usize = 12;

/// Looks at `bytes`, which `from` sent between the originator's and the responder's port.
pub(super) fn find(transport: TransportProtocol, ports: [u16; 2], from: Direction, bytes: &[u8]) -> Found {
    match transport {
        TransportProtocol::Tcp => stream(ports, from, bytes),
        TransportProtocol::Udp => datagram(ports, bytes),
    }
}

fn stream(ports: [u16; 2], _from: Direction, bytes: &[u8]) -> Found {
    if is_http(bytes) {
        return Found::Is(Protocol::Http);
    }
    if is_tls(bytes) {
        return Found::Is(Protocol::Tls);
    }
    if let Some(found) = greeting::find(ports, bytes) {
        return found;
    }
    if ports.contains(&53) {
        if bytes.len() < FRAMED_DNS_HEADER {
            return Found::Unsure(FRAMED_DNS_HEADER);
        }
        if bytes.get(2..).is_some_and(is_dns) {
            return Found::Is(Protocol::Dns);
        }
    }
    if bytes.len() < HTTP_BEGINS && bytes.iter().all(u8::is_ascii_graphic) {
        return Found::Unsure(HTTP_BEGINS);
    }
    Found::Nothing
}

fn datagram(ports: [u16; 2], bytes: &[u8]) -> Found {
    let is = |port| ports.contains(&port);
    match () {
        () if is(53) && is_dns(bytes) => Found::Is(Protocol::Dns),
        () if is(5353) && is_dns(bytes) => Found::Is(Protocol::Mdns),
        () if is(5355) && is_dns(bytes) => Found::Is(Protocol::Llmnr),
        () => Found::Nothing,
    }
}
