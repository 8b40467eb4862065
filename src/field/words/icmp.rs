//! Codes of ICMP, ICMPv6 and IGMP (IANA registries of the same names).

/// The kind of an ICMP message.
pub(in crate::field) fn kind(code: u64) -> Option<&'static str> {
    Some(match code {
        0 => "Echo (ping) reply",
        3 => "Destination unreachable",
        4 => "Source quench (flow control)",
        5 => "Redirect",
        6 => "Alternate host address",
        8 => "Echo (ping) request",
        9 => "Router advertisement",
        10 => "Router solicitation",
        11 => "Time-to-live exceeded",
        12 => "Parameter problem",
        13 => "Timestamp request",
        14 => "Timestamp reply",
        15 => "Information request",
        16 => "Information reply",
        17 => "Address mask request",
        18 => "Address mask reply",
        30 => "Traceroute",
        40 => "Photuris",
        42 => "Extended Echo request",
        43 => "Extended Echo reply",
        _ => return None,
    })
}

/// The kind of an ICMPv6 message.
pub(in crate::field) fn kind6(code: u64) -> Option<&'static str> {
    Some(match code {
        1 => "Destination Unreachable",
        2 => "Packet Too Big",
        3 => "Time Exceeded",
        4 => "Parameter Problem",
        100 | 101 | 200 | 201 => "Private experimentation",
        127 => "Reserved for expansion of ICMPv6 error messages",
        128 => "Echo (ping) request",
        129 => "Echo (ping) reply",
        130 => "Multicast Listener Query",
        131 => "Multicast Listener Report",
        132 => "Multicast Listener Done",
        133 => "Router Solicitation",
        134 => "Router Advertisement",
        135 => "Neighbor Solicitation",
        136 => "Neighbor Advertisement",
        137 => "Redirect",
        138 => "Router Renumbering",
        139 => "Node Information Query",
        140 => "Node Information Reply",
        141 => "Inverse Neighbor Discovery Solicitation",
        142 => "Inverse Neighbor Discovery Advertisement",
        143 => "Multicast Listener Report Message v2",
        144 => "Home Agent Address Discovery Request",
        145 => "Home Agent Address Discovery Reply",
        146 => "Mobile Prefix Solicitation",
        147 => "Mobile Prefix Advertisement",
        148 => "Certification Path Solicitation",
        149 => "Certification Path Advertisement",
        150 => "Experimental Mobility",
        151 => "Multicast Router Advertisement",
        152 => "Multicast Router Solicitation",
        153 => "Multicast Router Termination",
        154 => "FMIPv6",
        155 => "RPL Control",
        156 => "Locator Update",
        157 => "Duplicate Address Request",
        158 => "Duplicate Address Confirmation",
        159 => "MPL Control Message",
        160 => "Extended Echo request",
        161 => "Extended Echo reply",
        255 => "Reserved for expansion of ICMPv6 informational messages",
        _ => return None,
    })
}

/// The kind of an IGMP message.
pub(in crate::field) fn igmp(code: u64) -> Option<&'static str> {
    Some(match code {
        0x11 => "Membership Query",
        0x12 | 0x16 | 0x22 => "Membership Report",
        0x13 => "DVMRP Protocol",
        0x14 => "PIM Routing Message",
        0x17 => "Leave Group",
        0x1e => "Traceroute Response",
        0x1f => "Traceroute Query or Request",
        _ => return None,
    })
}

/// What a record of a multicast report says (RFC 3376 section 4.2.12, RFC 3810 section 5.2.12).
pub(in crate::field) fn record(code: u64) -> Option<&'static str> {
    Some(match code {
        1 => "Mode Is Include",
        2 => "Mode Is Exclude",
        3 => "Change To Include Mode",
        4 => "Change To Exclude Mode",
        5 => "Allow New Sources",
        6 => "Block Old Sources",
        _ => return None,
    })
}

/// An option of neighbour discovery.
pub(in crate::field) fn option6(code: u64) -> Option<&'static str> {
    Some(match code {
        1 => "Source link-layer address",
        2 => "Target link-layer address",
        3 => "Prefix information",
        4 => "Redirected header",
        5 => "MTU",
        6 => "NBMA Shortcut Limit Option",
        7 => "Advertisement Interval",
        8 => "Home Agent Information",
        9 => "Source Address List",
        10 => "Target Address List",
        11 => "CGA",
        12 => "RSA Signature",
        13 => "Timestamp",
        14 => "Nonce",
        15 => "Trust Anchor",
        16 => "Certificate",
        17 => "IP Address/Prefix Option",
        18 => "New Router Prefix Information",
        19 => "Link-layer Address",
        20 => "Neighbor Advertisement Acknowledgment",
        23 => "MAP",
        24 => "Route Information",
        25 => "Recursive DNS Server",
        26 => "RA Flags Extension",
        27 => "Handover Key Request",
        28 => "Handover Key Reply",
        29 => "Handover Assist Information",
        30 => "Mobile Node Identifier Option",
        31 => "DNS Search List Option",
        32 => "Proxy Signature (PS)",
        33 => "Address Registration Option",
        34 => "6LoWPAN Context Option",
        35 => "Authoritative Border Router",
        36 => "6LoWPAN Capability Indication Option",
        37 => "DHCP Captive-Portal",
        38 => "PREF64 Option",
        138 => "CARD Request",
        139 => "CARD Reply",
        253 => "RFC3692-style Experiment 1",
        254 => "RFC3692-style Experiment 2",
        _ => return None,
    })
}

/// The preference of a router or a route (RFC 4191 section 2.1).
pub(in crate::field) fn preference(code: u64) -> Option<&'static str> {
    Some(match code {
        0 => "Medium",
        1 => "High",
        2 => "Reserved",
        3 => "Low",
        _ => return None,
    })
}

/// The class of an ICMP extension object (RFC 4884, RFC 4950, RFC 5837, RFC 8335).
pub(in crate::field) fn extension_class(code: u64) -> Option<&'static str> {
    Some(match code {
        1 => "MPLS Label Stack Class",
        2 => "Interface Information Object",
        3 => "Interface Identification Object",
        4 => "Extended Information Object",
        _ => return None,
    })
}

/// Which interface an interface information object is about (RFC 5837 section 4.1).
pub(in crate::field) fn interface_role(code: u64) -> Option<&'static str> {
    Some(match code {
        0 => "IP interface upon which datagram arrived",
        1 => "sub-IP component of an IP interface upon which datagram arrived",
        2 => "IP interface through which datagram would be forwarded",
        3 => "IP next-hop to which datagram would be forwarded",
        _ => return None,
    })
}

/// What a node information query asks for (RFC 4620 section 5).
pub(in crate::field) fn node_question(code: u64) -> Option<&'static str> {
    Some(match code {
        0 => "NOOP",
        1 => "Supported query types (Obsolete)",
        2 => "Node Name",
        3 => "Node addresses",
        4 => "IPv4 node addresses",
        _ => return None,
    })
}

/// The state of a neighbor in an extended echo reply (RFC 8335 section 3).
pub(in crate::field) fn echo_state(code: u64) -> Option<&'static str> {
    Some(match code {
        0 => "Reserved",
        1 => "Incomplete",
        2 => "Reachable",
        3 => "Stale",
        4 => "Delay",
        5 => "Probe",
        6 => "Failed",
        _ => return None,
    })
}

/// Extensions of mobile IP in a router advertisement (RFC 5944).
pub(in crate::field) fn mobile_ip(code: u64) -> Option<&'static str> {
    Some(match code {
        0 => "One byte padding extension",
        16 => "Mobility Agent Advertisement Extension",
        19 => "Prefix Lengths Extension",
        24 => "Challenge Extension",
        _ => return None,
    })
}

/// Address families that an interface is named by (IANA "Address Family Numbers").
pub(in crate::field) fn address_family(code: u64) -> Option<&'static str> {
    Some(match code {
        1 => "IPv4",
        2 => "IPv6",
        6 => "802 (includes all 802 media plus Ethernet)",
        16389 => "48-bit MAC Address",
        16390 => "64-bit MAC Address",
        _ => return None,
    })
}
