//! Codes of IPv4, IPv6 and their options (IANA registries of the same names).

/// What an IP protocol number stands for.
pub(in crate::field) fn protocol(code: u64) -> Option<&'static str> {
    Some(match code {
        0 => "IPv6 Hop-by-Hop Option",
        1 => "ICMP",
        2 => "IGMP",
        4 => "IPIP",
        6 => "TCP",
        8 => "EGP",
        9 => "IGRP",
        17 => "UDP",
        27 => "Reliable Data",
        33 => "Datagram Congestion Control Protocol",
        41 => "IPv6",
        43 => "Routing Header for IPv6",
        44 => "Fragment Header for IPv6",
        46 => "Reservation Protocol",
        47 => "Generic Routing Encapsulation",
        50 => "Encap Security Payload",
        51 => "Authentication Header",
        58 => "ICMPv6",
        59 => "No Next Header for IPv6",
        60 => "Destination Options for IPv6",
        88 => "EIGRP",
        89 => "OSPF IGP",
        94 => "IP in IP",
        97 => "Ether in IP",
        103 => "PIM",
        108 => "IPComp",
        112 => "VRRP",
        115 => "Layer 2 Tunneling",
        132 => "SCTP",
        133 => "Fibre Channel",
        135 => "Mobile IPv6",
        136 => "UDPLite",
        137 => "MPLS in IP",
        139 => "HIP",
        140 => "Shim6 header",
        143 => "Ethernet",
        _ => return None,
    })
}

/// A differentiated services codepoint (RFC 2474, RFC 2597, RFC 3246, RFC 5865, RFC 8622).
pub(in crate::field) fn dscp(code: u64) -> Option<&'static str> {
    Some(match code {
        0 => "Default",
        1 => "Lower Effort",
        8 => "Class Selector 1",
        10 => "Assured Forwarding 11",
        12 => "Assured Forwarding 12",
        14 => "Assured Forwarding 13",
        16 => "Class Selector 2",
        18 => "Assured Forwarding 21",
        20 => "Assured Forwarding 22",
        22 => "Assured Forwarding 23",
        24 => "Class Selector 3",
        26 => "Assured Forwarding 31",
        28 => "Assured Forwarding 32",
        30 => "Assured Forwarding 33",
        32 => "Class Selector 4",
        34 => "Assured Forwarding 41",
        36 => "Assured Forwarding 42",
        38 => "Assured Forwarding 43",
        40 => "Class Selector 5",
        44 => "Voice Admit",
        46 => "Expedited Forwarding",
        48 => "Class Selector 6",
        56 => "Class Selector 7",
        _ => return None,
    })
}

/// Explicit congestion notification (RFC 3168 section 5).
pub(in crate::field) fn ecn(code: u64) -> Option<&'static str> {
    Some(match code {
        0 => "Not ECN-Capable Transport",
        1 => "ECN-Capable Transport codepoint '01'",
        2 => "ECN-Capable Transport codepoint '10'",
        3 => "Congestion Experienced",
        _ => return None,
    })
}

/// An IPv4 option by its type byte.
pub(in crate::field) fn option(code: u64) -> Option<&'static str> {
    option_number(code & 0x1f)
}

/// The number of an IPv4 option: the lower five bits of its type.
pub(in crate::field) fn option_number(code: u64) -> Option<&'static str> {
    Some(match code {
        0 => "End of Option List (EOL)",
        1 => "No-Operation (NOP)",
        2 => "Security",
        3 => "Loose source route",
        4 => "Time stamp",
        5 => "Extended security",
        6 => "Commercial IP security option",
        7 => "Record route",
        8 => "Stream identifier",
        9 => "Strict source route",
        10 => "Experimental Measurement",
        11 => "MTU probe",
        12 => "MTU Reply",
        13 => "Experimental Flow Control",
        14 => "Experimental Access Control",
        15 => "Ask Estrin",
        16 => "IMI Traffic Descriptor",
        17 => "Extended Internet Protocol",
        18 => "Traceroute",
        19 => "Address Extension",
        20 => "Router Alert",
        21 => "Selective Directed Broadcast",
        22 => "Unassigned",
        23 => "Dynamic Packet State",
        24 => "Upstream Multicast Packet",
        25 => "Quick-Start",
        30 => "RFC 3692-style experiment",
        _ => return None,
    })
}

/// What a timestamp option gathers (RFC 791 section 3.1).
pub(in crate::field) fn timestamp_flag(code: u64) -> Option<&'static str> {
    Some(match code {
        0 => "Time stamps only",
        1 => "Time stamp and address",
        3 => "Time stamps for prespecified addresses",
        _ => return None,
    })
}

/// Classification levels of the security option (RFC 1108 section 2.3).
pub(in crate::field) fn security(code: u64) -> Option<&'static str> {
    Some(match code {
        0x01 => "Reserved 4",
        0x3d => "Top secret",
        0x5a => "Secret",
        0x66 => "Reserved 3",
        0x96 => "Confidential",
        0xab => "Unclassified",
        0xcc => "Reserved 2",
        0xf1 => "Reserved 1",
        _ => return None,
    })
}

/// The class of an IPv4 option (RFC 791 section 3.1).
pub(in crate::field) fn option_class(code: u64) -> Option<&'static str> {
    Some(match code {
        0 => "Control",
        1 | 3 => "Reserved for future use",
        2 => "Debugging and measurement",
        _ => return None,
    })
}

/// An option of an IPv6 extension header by its type byte.
pub(in crate::field) fn option6(code: u64) -> Option<&'static str> {
    Some(match code {
        0x00 => "Pad1",
        0x01 => "PadN",
        0x04 => "Tunnel Encapsulation Limit",
        0x05 => "Router Alert",
        0x07 => "CALIPSO",
        0x08 => "SMF_DPD",
        0x0f => "Performance and Diagnostic Metrics",
        0x1e => "Experimental (0x1E)",
        0x23 => "RPL",
        0x26 => "Quick-Start",
        0x30 => "Path MTU Option",
        0x31 => "IOAM Option",
        0x32 => "IOAM, may change",
        0x3e => "Experimental (0x3E)",
        0x41 => "Tunnel Payload Forwarding (TPF) Information",
        0x5e => "Experimental (0x5E)",
        0x63 => "RPL Option",
        0x6d => "MPL Option",
        0x7e => "Experimental (0x7E)",
        0x8a => "Endpoint Identification",
        0x8b => "ILNP Nonce",
        0x8c => "Line-Identification Option",
        0x9e => "Experimental (0x9E)",
        0xbe => "Experimental (0xBE)",
        0xc2 => "Jumbo Payload",
        0xc9 => "Home Address",
        0xde => "Experimental (0xDE)",
        0xee => "IP_DFF",
        0xfe => "Experimental (0xFE)",
        _ => return None,
    })
}

/// What a node does with an IPv6 option that it does not know (RFC 8200 section 4.2).
pub(in crate::field) fn option6_action(code: u64) -> Option<&'static str> {
    Some(match code {
        0 => "Skip and continue",
        1 => "Discard",
        2 => "Discard and send ICMP Parameter Problem",
        3 => "Discard and send ICMP if not multicast",
        _ => return None,
    })
}

/// What a router alert is about (RFC 2711, RFC 6398).
pub(in crate::field) fn router_alert(code: u64) -> Option<&'static str> {
    Some(match code {
        0 => "MLD",
        1 => "RSVP",
        2 => "Active Network",
        65 => "NSIS NATFW NSLP",
        _ => return None,
    })
}

/// The kind of an IPv6 routing header.
pub(in crate::field) fn routing(code: u64) -> Option<&'static str> {
    Some(match code {
        0 => "Source Route",
        1 => "Nimrod",
        2 => "Type 2 Routing",
        3 => "RPL Source Route",
        4 => "Segment Routing",
        5 => "Compact Routing Header 16",
        6 => "Compact Routing Header 32",
        253 => "Experiment 1",
        254 => "Experiment 2",
        _ => return None,
    })
}
