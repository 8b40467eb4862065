//! What does a flow speak? The first bytes tell; a port is asked only where their form is weak.

use super::carried::{carries_eap, is_openvpn, is_rdp_udp};
use super::content::spoken;
use super::dhcp::{self, has_cookie, is_dhcp};
use super::dns::{Form, form_of_datagram, form_of_stream, is_dns, is_perhaps_damaged};
use super::http::head::{Begins, begins, begins_flow, has_known_method};
use super::recognise::{begins_tls_record, is_dtls, is_quic, is_tls, is_tls_record};
use super::socks::is_socks;
use super::tls::RECORD_HEADER;
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

/// How long a first line may be before it is told whether it is HTTP: the target alone may have 8 KiB, but a known method
/// is believed before.
const MAX_HTTP_LINE: usize = 1024;

/// Where HTTP is spoken by custom: HTTP itself, its usual second ports, and proxies.
const WEB_PORTS: [u16; 6] = [80, 3128, 8000, 8008, 8080, 8088];

/// Looks at `bytes`, which `from` sent between the originator's and the responder's port.
pub(super) fn find(transport: TransportProtocol, ports: [u16; 2], from: Direction, bytes: &[u8]) -> Found {
    match transport {
        TransportProtocol::Tcp => stream(ports, from, bytes),
        TransportProtocol::Udp => datagram(ports, bytes),
    }
}

/// What bytes of a stream are that would tell more if the capture had not cut their packet.
pub(super) fn cut_short(bytes: &[u8]) -> Option<Protocol> {
    has_known_method(bytes).then_some(Protocol::Http)
}

fn stream(ports: [u16; 2], _from: Direction, bytes: &[u8]) -> Found {
    let on_web_port = ports.iter().any(|port| WEB_PORTS.contains(port));
    let begins = begins_flow(bytes, on_web_port);
    if begins == Begins::Yes {
        return Found::Is(Protocol::Http);
    }
    if is_tls(bytes) || is_tls_record(bytes, ports) {
        return Found::Is(Protocol::Tls);
    }
    if begins_tls_record(bytes, ports) {
        return Found::Unsure(RECORD_HEADER);
    }
    if is_socks(bytes) {
        return Found::Is(Protocol::Socks);
    }
    if let Some(found) = greeting::find(ports, bytes) {
        return found;
    }
    // A first line has an end, or is not waited for.
    if begins == Begins::Perhaps && bytes.len() < MAX_HTTP_LINE && !bytes.is_empty() {
        return Found::Unsure(bytes.len().saturating_add(1));
    }
    if ports.contains(&53) || ports.contains(&5353) {
        if bytes.len() < FRAMED_DNS_HEADER {
            return Found::Unsure(FRAMED_DNS_HEADER);
        }
        if bytes.get(2..).is_some_and(is_dns) {
            return Found::Is(Protocol::Dns);
        }
    }
    if is_openvpn(bytes, true) {
        return Found::Is(Protocol::OpenVpn);
    }
    match form_of_stream(bytes) {
        Form::Dns => return Found::Is(Protocol::Dns),
        Form::Unsure(need) => return Found::Unsure(need),
        Form::Other => {}
    }
    Found::Nothing
}

fn datagram(ports: [u16; 2], bytes: &[u8]) -> Found {
    let is = |port| ports.contains(&port);
    match () {
        () if is(53) && is_dns(bytes) => Found::Is(Protocol::Dns),
        () if is(5353) && is_dns(bytes) => Found::Is(Protocol::Mdns),
        () if is(1900) && begins(bytes) == Begins::Yes => Found::Is(Protocol::Ssdp),
        () if is(5355) && is_dns(bytes) => Found::Is(Protocol::Llmnr),
        () if has_cookie(bytes) || dhcp::PORTS.into_iter().any(is) && is_dhcp(bytes) => {
            Found::Is(Protocol::Dhcp)
        }
        () if is_quic(bytes) => Found::Is(Protocol::Quic),
        () if is_dtls(bytes) => Found::Is(Protocol::Dtls),
        () if carries_eap(bytes) => Found::Is(Protocol::Radius),
        () if is_openvpn(bytes, false) => Found::Is(Protocol::OpenVpn),
        () if is_rdp_udp(bytes) => Found::Is(Protocol::RdpUdp),
        // NetBIOS names have the form of DNS and are another protocol (RFC 1002 section 4.2).
        () if is(137) => Found::Nothing,
        () if form_of_datagram(bytes) == Form::Dns => Found::Is(Protocol::Dns),
        () if is_perhaps_damaged(bytes) => damaged_dns(ports, bytes),
        () => Found::Nothing,
    }
}

/// On a port of DNS, what is nothing else that is known is a message of it with a damaged header.
fn damaged_dns(ports: [u16; 2], bytes: &[u8]) -> Found {
    let custom = [(53, Protocol::Dns), (5353, Protocol::Mdns), (5355, Protocol::Llmnr)];
    let found = custom.into_iter().find(|(port, _)| ports.contains(port));
    let found = found.filter(|_| spoken(TransportProtocol::Udp, ports, bytes).is_none());
    found.map_or(Found::Nothing, |(_, protocol)| Found::Is(protocol))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(port: u16, bytes: &[u8]) -> Found {
        find(TransportProtocol::Tcp, [40_000, port], Direction::OrigToResp, bytes)
    }

    /// Some clients send the first byte of their hello by itself, so that who looks at packets alone does not see it.
    #[test]
    fn tls_is_told_although_its_first_header_comes_in_pieces() {
        let record = [22, 3, 1, 0, 80, 1];
        for len in 1..RECORD_HEADER {
            assert_eq!(found(443, &record[..len]), Found::Unsure(RECORD_HEADER), "{len}");
        }
        for len in RECORD_HEADER..=record.len() {
            assert_eq!(found(443, &record[..len]), Found::Is(Protocol::Tls), "{len}");
        }
        // Where TLS has no port of its own a byte says nothing: it may have been typed.
        assert_eq!(found(23, &[22]), Found::Is(Protocol::Telnet));
        assert_eq!(found(9999, &[22]), Found::Nothing);
        assert_eq!(found(9999, &[22, 3]), Found::Unsure(RECORD_HEADER));
        assert_eq!(found(443, &[22, 7]), Found::Nothing);
    }
}
