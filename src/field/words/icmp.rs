//! Codes of ICMP, ICMPv6 and IGMP (IANA registries of the same names).

/// The kind of an ICMP message.
pub(in crate::field) fn kind(code: u64) -> Option<&'static str> {
    Some(match code {
        0 => "echo reply",
        3 => "destination unreachable",
        4 => "source quench",
        5 => "redirect",
        6 => "alternate host address",
        8 => "echo request",
        9 => "router advertisement",
        10 => "router solicitation",
        11 => "time exceeded",
        12 => "parameter problem",
        13 => "timestamp request",
        14 => "timestamp reply",
        15 => "information request",
        16 => "information reply",
        17 => "address mask request",
        18 => "address mask reply",
        30 => "traceroute",
        40 => "Photuris",
        42 => "extended echo request",
        43 => "extended echo reply",
        _ => return None,
    })
}

/// The kind of an ICMPv6 message.
pub(in crate::field) fn kind6(code: u64) -> Option<&'static str> {
    Some(match code {
        1 => "destination unreachable",
        2 => "packet too big",
        3 => "time exceeded",
        4 => "parameter problem",
        128 => "echo request",
        129 => "echo reply",
        130 => "multicast listener query",
        131 => "multicast listener report",
        132 => "multicast listener done",
        133 => "router solicitation",
        134 => "router advertisement",
        135 => "neighbor solicitation",
        136 => "neighbor advertisement",
        137 => "redirect",
        138 => "router renumbering",
        139 => "node information query",
        140 => "node information reply",
        141 => "inverse neighbor solicitation",
        142 => "inverse neighbor advertisement",
        143 => "multicast listener report, version 2",
        144 => "home agent address request",
        145 => "home agent address reply",
        146 => "mobile prefix solicitation",
        147 => "mobile prefix advertisement",
        148 => "certification path solicitation",
        149 => "certification path advertisement",
        151 => "multicast router advertisement",
        152 => "multicast router solicitation",
        153 => "multicast router termination",
        154 => "fast handover",
        155 => "RPL control",
        157 => "duplicate address request",
        158 => "duplicate address confirmation",
        160 => "extended echo request",
        161 => "extended echo reply",
        _ => return None,
    })
}

/// The kind of an IGMP message.
pub(in crate::field) fn igmp(code: u64) -> Option<&'static str> {
    Some(match code {
        0x11 => "membership query",
        0x12 => "membership report, version 1",
        0x13 => "DVMRP",
        0x14 => "PIM, version 1",
        0x16 => "membership report, version 2",
        0x17 => "leave group",
        0x1e => "multicast traceroute response",
        0x1f => "multicast traceroute",
        0x22 => "membership report, version 3",
        _ => return None,
    })
}

/// What a record of a multicast report says (RFC 3376 section 4.2.12, RFC 3810 section 5.2.12).
pub(in crate::field) fn record(code: u64) -> Option<&'static str> {
    Some(match code {
        1 => "mode is include",
        2 => "mode is exclude",
        3 => "changes to include",
        4 => "changes to exclude",
        5 => "allows new sources",
        6 => "blocks old sources",
        _ => return None,
    })
}

/// An option of neighbour discovery.
pub(in crate::field) fn option6(code: u64) -> Option<&'static str> {
    Some(match code {
        1 => "source link-layer address",
        2 => "target link-layer address",
        3 => "prefix information",
        4 => "redirected header",
        5 => "MTU",
        6 => "NBMA shortcut limit",
        7 => "advertisement interval",
        8 => "home agent information",
        9 => "source address list",
        10 => "target address list",
        11 => "CGA",
        12 => "RSA signature",
        13 => "timestamp",
        14 => "nonce",
        15 => "trust anchor",
        16 => "certificate",
        24 => "route information",
        25 => "recursive DNS servers",
        26 => "router advertisement flags",
        31 => "DNS search list",
        33 => "address registration",
        34 => "6LoWPAN context",
        35 => "authoritative border router",
        37 => "captive portal",
        38 => "PREF64",
        _ => return None,
    })
}

/// The preference of a router or a route (RFC 4191 section 2.1).
pub(in crate::field) fn preference(code: u64) -> Option<&'static str> {
    Some(match code {
        0 => "medium",
        1 => "high",
        2 => "reserved",
        3 => "low",
        _ => return None,
    })
}

/// The class of an ICMP extension object (RFC 4884, RFC 4950, RFC 5837, RFC 8335).
pub(in crate::field) fn extension_class(code: u64) -> Option<&'static str> {
    Some(match code {
        1 => "MPLS label stack",
        2 => "interface information",
        3 => "interface identification",
        4 => "extended information",
        _ => return None,
    })
}

/// Which interface an interface information object is about (RFC 5837 section 4.1).
pub(in crate::field) fn interface_role(code: u64) -> Option<&'static str> {
    Some(match code {
        0 => "where the packet arrived",
        1 => "a sub-interface of that",
        2 => "where it would have left",
        3 => "the next hop",
        _ => return None,
    })
}

/// What a node information query asks for (RFC 4620 section 5).
pub(in crate::field) fn node_question(code: u64) -> Option<&'static str> {
    Some(match code {
        0 => "nothing",
        2 => "node name",
        3 => "IPv6 addresses",
        4 => "IPv4 addresses",
        _ => return None,
    })
}
