//! EtherTypes (IEEE 802 numbers), and the small codes of Ethernet headers and tags.

/// The protocol of an EtherType.
pub(in crate::field) fn ether_type(code: u64) -> Option<&'static str> {
    Some(match code {
        0x0800 => "IPv4",
        0x0806 => "ARP",
        0x0842 => "Wake on LAN",
        0x2000 => "CDP",
        0x22eb => "ERSPAN III",
        0x22f3 => "Transparent Interconnection of Lots of Links",
        0x6558 => "Transparent Ethernet bridging",
        0x6559 => "Frame Relay",
        0x8035 => "RARP",
        0x809b => "AppleTalk LLAP bridging",
        0x80f3 => "AARP",
        0x8100 => "802.1Q Virtual LAN",
        0x8137 => "Netware IPX/SPX",
        0x86dd => "IPv6",
        0x8808 => "MAC Control",
        0x8809 => "Slow Protocols",
        0x880b => "PPP",
        0x8847 => "MPLS label switched packet",
        0x8848 => "MPLS multicast label switched packet",
        0x8863 => "PPPoE Discovery",
        0x8864 => "PPPoE Session",
        0x8870 => "Jumbo LLC",
        0x888e => "802.1X Authentication",
        0x88a2 => "ATA over Ethernet",
        0x88a8 => "802.1ad Provider Bridge (Q-in-Q)",
        0x88be => "ERSPAN",
        0x88cc => "802.1 Link Layer Discovery Protocol (LLDP)",
        0x88e5 => "802.1AE (MACsec)",
        0x88e7 => "802.1ah Provider Backbone Bridge (mac-in-mac)",
        0x88f7 => "PTPv2 over Ethernet (IEEE1588)",
        0x8902 => "IEEE 802.1ag Connectivity Fault Management (CFM) protocol",
        0x8906 => "Fibre Channel over Ethernet",
        0x8926 => "VN-Tag",
        0x894f => "Network Service Header",
        0x9000 => "Loopback",
        0x9100 => "QinQ: old non-standard 802.1ad",
        _ => return None,
    })
}

/// The protocol in a GRE tunnel: mostly EtherTypes.
pub(in crate::field) fn gre_protocol(code: u64) -> Option<&'static str> {
    Some(match code {
        0x0000 => "Possible GRE keepalive packet",
        0x00fe => "OSI",
        0x0800 => "IP",
        0x0806 => "ARP",
        0x2000 => "CDP (Cisco)",
        0x2001 => "NHRP",
        0x22eb => "ERSPAN III",
        0x6400 => "MIKROTIK EoIP",
        0x6558 => "Transparent Ethernet bridging",
        0x6559 => "Frame Relay",
        0x8137 => "IPX",
        0x86dd => "IPv6",
        0x880b => "PPP",
        0x883e => "WCCP",
        0x8847 => "MPLS label switched packet",
        0x8881 => "CDMA2000 A10 Unstructured byte stream",
        0x88be => "ERSPAN",
        0x88d2 => "CDMA2000 A10 3GPP2 Packet",
        0x8909 => "CiscoMetaData",
        0x894f => "Network Service Header",
        0xb7ea => "Huawei GRE bonding",
        0xfeae => "AIROHIVE AP AP",
        _ => return None,
    })
}

/// The address bit that says who assigned it.
pub(in crate::field) fn lg(bit: u64) -> Option<&'static str> {
    Some(if bit == 0 {
        "Globally unique address (factory default)"
    } else {
        "Locally administered address (this is NOT the factory default)"
    })
}

/// The address bit that says whom it names.
pub(in crate::field) fn ig(bit: u64) -> Option<&'static str> {
    Some(if bit == 0 { "Individual address (unicast)" } else { "Group address (multicast/broadcast)" })
}

/// Priorities of IEEE 802.1Q, table I-1.
pub(in crate::field) fn priority(code: u64) -> Option<&'static str> {
    Some(match code {
        0 => "Best Effort (default)",
        1 => "Background",
        2 => "Excellent Effort",
        3 => "Critical Applications",
        4 => "Video, < 100ms latency and jitter",
        5 => "Voice, < 10ms latency and jitter",
        6 => "Internetwork Control",
        7 => "Network Control",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_codes_have_words_and_others_none() {
        assert_eq!(ether_type(0x0800), Some("IPv4"));
        assert_eq!(ether_type(0x88cc), Some("802.1 Link Layer Discovery Protocol (LLDP)"));
        assert_eq!(ether_type(0x1234), None);
        assert_eq!(ig(1), Some("Group address (multicast/broadcast)"));
        assert_eq!(lg(0), Some("Globally unique address (factory default)"));
        assert_eq!(priority(8), None);
    }
}
