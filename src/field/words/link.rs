//! Codes of link headers.

/// LLC service access points (IEEE 802.2; the lowest bit is no part of the number).
pub(in crate::field) fn sap(code: u64) -> Option<&'static str> {
    Some(match code & 0xfe {
        0x00 => "NULL LSAP",
        0x02 => "LLC Sub-Layer Management",
        0x04 => "SNA Path Control",
        0x06 => "TCP/IP",
        0x08 | 0x0c => "SNA",
        0x0e => "PROWAY (IEC955) Network Management and Initialization",
        0x10 => "NetWare (unofficial?)",
        0x14 => "ISO Network Layer (OSLAN 1)",
        0x18 => "Texas Instruments",
        0x20 | 0x34 => "ISO Network Layer (unofficial?)",
        0x42 => "Spanning Tree BPDU",
        0x4e => "EIA RS-511 Manufacturing Message Service",
        0x54 => "ISO Network Layer (OSLAN 2)",
        0x7e => "ISO 8208 (X.25 over 802.2)",
        0x80 => "XNS",
        0x82 => "BACnet",
        0x86 => "Nestar",
        0x8e => "PROWAY (IEC955) Active Station List Maintenance",
        0x98 => "ARP",
        0xaa => "SNAP",
        0xb4 => "HP JetDirect Printer",
        0xba | 0xbc => "Banyan Vines",
        0xe0 => "NetWare",
        0xf0 => "NetBIOS",
        0xf4 => "IBM Net Management",
        0xf8 => "HP Extended LLC",
        0xfa => "Ungermann-Bass",
        0xfc => "Remote Program Load",
        0xfe => "ISO Network Layer",
        _ => return None,
    })
}

/// Protocols of Cisco's behind SNAP.
pub(in crate::field) fn cisco_protocol(code: u64) -> Option<&'static str> {
    Some(match code {
        0x0102 => "DRIP",
        0x0104 => "PAgP",
        0x0105 => "MLS Hello",
        0x0108 => "RLQ BPDUs (request)",
        0x0109 => "RLQ BPDUs (response)",
        0x010b => "PVSTP+",
        0x010c => "VLAN Bridge",
        0x0111 => "UDLD",
        0x0139 => "MCP",
        0x2000 => "CDP",
        0x2001 => "CGMP",
        0x2003 => "VTP",
        0x2004 => "DTP",
        0x200a => "STP Uplink Fast",
        _ => return None,
    })
}

/// Packet types of Linux cooked capture (`PACKET_` of `linux/if_packet.h`).
pub(in crate::field) fn packet_type(code: u64) -> Option<&'static str> {
    Some(match code {
        0 => "Unicast to us",
        1 => "Broadcast",
        2 => "Multicast",
        3 => "Unicast to another host",
        4 => "Sent by us",
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
        0x0021 => "Internet Protocol version 4",
        0x002b => "Novell IPX",
        0x002d => "Van Jacobson Compressed TCP/IP",
        0x002f => "Van Jacobson Uncompressed TCP/IP",
        0x003d => "Multi-Link",
        0x0057 => "Internet Protocol version 6",
        0x00fd => "Compressed datagram",
        0x0281 => "MPLS Unicast",
        0x8021 => "Internet Protocol Control Protocol",
        0x8057 => "IPv6 Control Protocol",
        0x80fd => "Compression Control Protocol",
        0xc021 => "Link Control Protocol",
        0xc023 => "Password Authentication Protocol",
        0xc025 => "Link Quality Report",
        0xc223 => "Challenge Handshake Authentication Protocol",
        0xc227 => "Extensible Authentication Protocol",
        _ => return None,
    })
}

/// PPPoE codes (RFC 2516 section 5).
pub(in crate::field) fn pppoe_code(code: u64) -> Option<&'static str> {
    Some(match code {
        0x00 => "Session Data",
        0x07 => "Active Discovery Offer (PADO)",
        0x09 => "Active Discovery Initiation (PADI)",
        0x0a => "Active Discovery Session-Grant (PADG)",
        0x0b => "Active Discovery Session-Credit Resp.(PADC)",
        0x0c => "Active Discovery Quality (PADQ)",
        0x19 => "Active Discovery Request (PADR)",
        0x65 => "Active Discovery Session-confirmation (PADS)",
        0xa7 => "Active Discovery Terminate (PADT)",
        0xd3 => "Active Discovery Message (PADM)",
        0xd4 => "Active Discovery Network (PADN)",
        _ => return None,
    })
}

/// PIM version 2 message types (RFC 7761 section 4.9).
pub(in crate::field) fn pim_type(code: u64) -> Option<&'static str> {
    Some(match code {
        0 => "Hello",
        1 => "Register",
        2 => "Register-stop",
        3 => "Join/Prune",
        4 => "Bootstrap",
        5 => "Assert",
        6 => "Graft",
        7 => "Graft-Ack",
        8 => "Candidate-RP-Advertisement",
        9 => "State-Refresh",
        10 => "DF election",
        11 => "ECMP redirect",
        12 => "PFM source discovery",
        _ => return None,
    })
}

/// Protocol types of Cisco's HDLC.
pub(in crate::field) fn chdlc_protocol(code: u64) -> Option<&'static str> {
    Some(match code {
        0x0800 => "IP",
        0x2000 => "Cisco Discovery Protocol",
        0x4242 => "Spanning Tree BPDU",
        0x6558 => "Transparent Ethernet bridging",
        0x8035 => "SLARP",
        0x8038 => "DEC LanBridge",
        0x809b => "Appletalk",
        0x80f3 => "AARP",
        0x8137 => "Netware IPX/SPX",
        0x86dd => "IPv6",
        0x8847 => "MPLS unicast",
        0x8848 => "MPLS multicast",
        0xfefe => "OSI",
        _ => return None,
    })
}

/// Whom a frame of Cisco's HDLC is for.
pub(in crate::field) fn chdlc_address(code: u64) -> Option<&'static str> {
    Some(match code {
        0x0f => "Unicast",
        0x8f => "Multicast",
        _ => return None,
    })
}

/// Which end of a serial line sent the frame.
pub(in crate::field) fn ppp_direction(code: u64) -> Option<&'static str> {
    Some(match code {
        0 => "DTE->DCE",
        1 => "DCE->DTE",
        _ => return None,
    })
}

/// What follows a cooked header whose protocol is no EtherType.
pub(in crate::field) fn llc_type(code: u64) -> Option<&'static str> {
    Some(match code {
        0x01 => "Raw 802.3",
        0x03 => "Ethernet",
        0x04 => "802.2 LLC",
        0x07 => "PPP (HDLC)",
        0x0c => "CAN",
        0x0d => "CAN FD",
        0x17 => "IrDA LAP",
        0xf5 => "ISI",
        0xf6 => "IEEE 802.15.4",
        _ => return None,
    })
}

/// Labels that are reserved (IANA "Special-Purpose MPLS Label Values").
pub(in crate::field) fn mpls_label(code: u64) -> Option<&'static str> {
    Some(match code {
        0 => "IPv4 Explicit-Null",
        1 => "Router Alert",
        2 => "IPv6 Explicit-Null",
        3 => "Implicit-Null",
        7 => "Entropy Label Indicator (ELI)",
        13 => "Generic Associated Channel Label (GAL)",
        14 => "OAM Alert",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_codes_have_words_and_others_none() {
        assert_eq!(
            (sap(0x42), sap(0x43), sap(0x12)),
            (Some("Spanning Tree BPDU"), Some("Spanning Tree BPDU"), None)
        );
        assert_eq!((ppp_protocol(0xc021), ppp_protocol(1)), (Some("Link Control Protocol"), None));
        assert_eq!((packet_type(4), packet_type(5)), (Some("Sent by us"), None));
        assert_eq!(
            (family(30), pppoe_code(0x65)),
            (Some("IPv6"), Some("Active Discovery Session-confirmation (PADS)"))
        );
        assert_eq!(pim_type(15), None);
    }
}
