//! Codes of IPv4, IPv6 and their options (IANA registries of the same names).

/// What an IP protocol number stands for.
pub(in crate::field) fn protocol(code: u64) -> Option<&'static str> {
    Some(match code {
        0 => "hop-by-hop options",
        1 => "ICMP",
        2 => "IGMP",
        4 => "IPv4",
        6 => "TCP",
        8 => "EGP",
        9 => "IGP",
        17 => "UDP",
        27 => "RDP",
        33 => "DCCP",
        41 => "IPv6",
        43 => "IPv6 routing",
        44 => "IPv6 fragment",
        46 => "RSVP",
        47 => "GRE",
        50 => "ESP",
        51 => "AH",
        58 => "ICMPv6",
        59 => "no next header",
        60 => "IPv6 destination options",
        88 => "EIGRP",
        89 => "OSPF",
        94 => "IP in IP",
        97 => "Ethernet in IP",
        103 => "PIM",
        108 => "IPComp",
        112 => "VRRP",
        115 => "L2TP",
        132 => "SCTP",
        133 => "Fibre Channel",
        135 => "mobility",
        136 => "UDP-Lite",
        137 => "MPLS in IP",
        139 => "HIP",
        140 => "Shim6",
        143 => "Ethernet",
        _ => return None,
    })
}

/// A differentiated services codepoint (RFC 2474, RFC 2597, RFC 3246, RFC 5865, RFC 8622).
pub(in crate::field) fn dscp(code: u64) -> Option<&'static str> {
    Some(match code {
        0 => "default",
        1 => "LE",
        8 => "CS1",
        10 => "AF11",
        12 => "AF12",
        14 => "AF13",
        16 => "CS2",
        18 => "AF21",
        20 => "AF22",
        22 => "AF23",
        24 => "CS3",
        26 => "AF31",
        28 => "AF32",
        30 => "AF33",
        32 => "CS4",
        34 => "AF41",
        36 => "AF42",
        38 => "AF43",
        40 => "CS5",
        44 => "voice admit",
        46 => "EF",
        48 => "CS6",
        56 => "CS7",
        _ => return None,
    })
}

/// Explicit congestion notification (RFC 3168 section 5).
pub(in crate::field) fn ecn(code: u64) -> Option<&'static str> {
    Some(match code {
        0 => "not ECN-capable",
        1 => "ECN-capable (1)",
        2 => "ECN-capable (0)",
        3 => "congestion experienced",
        _ => return None,
    })
}

/// What became of checking a checksum, as Wireshark numbers it.
pub(in crate::field) fn checksum_status(code: u64) -> Option<&'static str> {
    Some(match code {
        0 => "bad",
        1 => "good",
        2 => "unverified",
        3 => "not present",
        _ => return None,
    })
}

/// An IPv4 option by its type byte.
pub(in crate::field) fn option(code: u64) -> Option<&'static str> {
    Some(match code {
        0 => "end of list",
        1 => "no operation",
        7 => "record route",
        11 => "MTU probe",
        12 => "MTU reply",
        25 => "quick start",
        68 => "timestamps",
        82 => "traceroute",
        130 => "security",
        131 => "loose source route",
        133 => "extended security",
        134 => "commercial security",
        136 => "stream identifier",
        137 => "strict source route",
        148 => "router alert",
        149 => "selective directed broadcast",
        _ => return None,
    })
}

/// The class of an IPv4 option (RFC 791 section 3.1).
pub(in crate::field) fn option_class(code: u64) -> Option<&'static str> {
    Some(match code {
        0 => "control",
        1 => "reserved",
        2 => "debugging and measurement",
        3 => "reserved",
        _ => return None,
    })
}

/// An option of an IPv6 extension header by its type byte.
pub(in crate::field) fn option6(code: u64) -> Option<&'static str> {
    Some(match code {
        0x00 => "Pad1",
        0x01 => "PadN",
        0x04 => "tunnel encapsulation limit",
        0x05 => "router alert",
        0x07 => "CALIPSO",
        0x08 => "SMF_DPD",
        0x0f => "performance and diagnostic metrics",
        0x23 => "RPL",
        0x26 => "quick start",
        0x30 => "minimum path MTU",
        0x31 => "IOAM, unchanged on the way",
        0x32 => "IOAM, may change",
        0x63 => "RPL (withdrawn)",
        0x6d => "MPL",
        0xc2 => "jumbo payload",
        0xc9 => "home address",
        0xee => "IP_DFF",
        _ => return None,
    })
}

/// What a node does with an IPv6 option that it does not know (RFC 8200 section 4.2).
pub(in crate::field) fn option6_action(code: u64) -> Option<&'static str> {
    Some(match code {
        0 => "skip it",
        1 => "discard the packet",
        2 => "discard it and send an error",
        3 => "discard it and send an error unless multicast",
        _ => return None,
    })
}

/// What a router alert is about (RFC 2711, RFC 6398).
pub(in crate::field) fn router_alert(code: u64) -> Option<&'static str> {
    Some(match code {
        0 => "MLD",
        1 => "RSVP",
        2 => "active networks",
        65 => "NSIS NATFW NSLP",
        _ => return None,
    })
}

/// The kind of an IPv6 routing header.
pub(in crate::field) fn routing(code: u64) -> Option<&'static str> {
    Some(match code {
        0 => "source route",
        1 => "Nimrod",
        2 => "home address",
        3 => "RPL source route",
        4 => "segment routing",
        5 => "CRH-16",
        6 => "CRH-32",
        _ => return None,
    })
}
