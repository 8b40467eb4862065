//! Codes of link headers.

/// LLC service access points (IEEE 802.2; the lowest bit is no part of the number).
pub(in crate::field) fn sap(code: u64) -> Option<&'static str> {
    Some(match code & 0xfe {
        0x00 => "null",
        0x02 => "LLC management",
        0x06 => "IP",
        0x42 => "spanning tree",
        0xaa => "SNAP",
        0xe0 => "NetWare",
        0xf0 => "NetBIOS",
        0xfe => "ISO network layer",
        _ => return None,
    })
}

/// Protocols of Cisco's behind SNAP.
pub(in crate::field) fn cisco_protocol(code: u64) -> Option<&'static str> {
    Some(match code {
        0x0104 => "port aggregation",
        0x010b => "per-VLAN spanning tree",
        0x0111 => "UDLD",
        0x2000 => "CDP",
        0x2003 => "VTP",
        0x2004 => "DTP",
        _ => return None,
    })
}

/// Packet types of Linux cooked capture (`PACKET_` of `linux/if_packet.h`).
pub(in crate::field) fn packet_type(code: u64) -> Option<&'static str> {
    Some(match code {
        0 => "to us",
        1 => "broadcast",
        2 => "multicast",
        3 => "to another host",
        4 => "sent by us",
        _ => return None,
    })
}

/// Protocol families of BSD loopback headers, as the systems that write them number them.
pub(in crate::field) fn family(code: u64) -> Option<&'static str> {
    Some(match code {
        2 => "IP",
        7 => "ISO",
        16 => "AppleTalk",
        23 => "IPX or IPv6",
        10 | 24 | 28 | 30 => "IPv6",
        _ => return None,
    })
}

/// PPP protocol numbers (IANA "PPP DLL Protocol Numbers").
pub(in crate::field) fn ppp_protocol(code: u64) -> Option<&'static str> {
    Some(match code {
        0x0021 => "IPv4",
        0x002b => "IPX",
        0x002d => "TCP/IP with compressed headers",
        0x002f => "TCP/IP with uncompressed headers",
        0x003d => "multilink",
        0x0057 => "IPv6",
        0x00fd => "compressed datagram",
        0x0281 => "MPLS",
        0x8021 => "IP control",
        0x8057 => "IPv6 control",
        0x80fd => "compression control",
        0xc021 => "link control",
        0xc023 => "password authentication",
        0xc025 => "link quality report",
        0xc223 => "challenge handshake authentication",
        0xc227 => "EAP",
        _ => return None,
    })
}

/// PPPoE codes (RFC 2516 section 5).
pub(in crate::field) fn pppoe_code(code: u64) -> Option<&'static str> {
    Some(match code {
        0x00 => "session data",
        0x07 => "discovery offer (PADO)",
        0x09 => "discovery initiation (PADI)",
        0x19 => "discovery request (PADR)",
        0x65 => "session confirmation (PADS)",
        0xa7 => "termination (PADT)",
        _ => return None,
    })
}

/// PIM version 2 message types (RFC 7761 section 4.9).
pub(in crate::field) fn pim_type(code: u64) -> Option<&'static str> {
    Some(match code {
        0 => "hello",
        1 => "register",
        2 => "register-stop",
        3 => "join/prune",
        4 => "bootstrap",
        5 => "assert",
        6 => "graft",
        7 => "graft-ack",
        8 => "candidate RP advertisement",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_codes_have_words_and_others_none() {
        assert_eq!((sap(0x42), sap(0x43), sap(0x10)), (Some("spanning tree"), Some("spanning tree"), None));
        assert_eq!((ppp_protocol(0xc021), ppp_protocol(1)), (Some("link control"), None));
        assert_eq!((packet_type(4), packet_type(5)), (Some("sent by us"), None));
        assert_eq!((family(30), pppoe_code(0x65)), (Some("IPv6"), Some("session confirmation (PADS)")));
        assert_eq!(pim_type(9), None);
    }
}
