//! EtherTypes (IEEE 802 numbers), and the small codes of Ethernet headers and tags.

/// The protocol of an EtherType.
pub(in crate::field) fn ether_type(code: u64) -> Option<&'static str> {
    Some(match code {
        0x0800 => "IPv4",
        0x0806 => "ARP",
        0x0842 => "Wake on LAN",
        0x2000 => "CDP",
        0x22f3 => "TRILL",
        0x22eb => "ERSPAN III",
        0x6558 => "Transparent Ethernet bridging",
        0x6559 => "Frame Relay",
        0x8035 => "RARP",
        0x809b => "AppleTalk",
        0x80f3 => "AppleTalk ARP",
        0x8100 => "802.1Q VLAN",
        0x8137 => "IPX",
        0x86dd => "IPv6",
        0x8808 => "Ethernet flow control",
        0x8809 => "Slow protocols",
        0x880b => "PPP",
        0x8847 => "MPLS label switched packet",
        0x8848 => "MPLS multicast",
        0x8863 => "PPPoE discovery",
        0x8864 => "PPPoE session",
        0x8870 => "Jumbo LLC",
        0x888e => "802.1X authentication",
        0x88a2 => "ATA over Ethernet",
        0x88a8 => "802.1ad provider bridge",
        0x88be => "ERSPAN",
        0x88cc => "LLDP",
        0x88e5 => "MACsec",
        0x88e7 => "802.1ah backbone service tag",
        0x88f7 => "PTP",
        0x8902 => "802.1ag fault management",
        0x8906 => "Fibre Channel over Ethernet",
        0x8926 => "VN-Tag",
        0x894f => "Network service header",
        0x9000 => "Loopback test",
        0x9100 => "QinQ, old",
        _ => return None,
    })
}

/// The address bit that says who assigned it.
pub(in crate::field) fn lg(bit: u64) -> Option<&'static str> {
    Some(if bit == 0 { "globally unique address" } else { "locally administered address" })
}

/// The address bit that says whom it names.
pub(in crate::field) fn ig(bit: u64) -> Option<&'static str> {
    Some(if bit == 0 { "individual address" } else { "group address" })
}

/// What checking a frame check sequence said.
pub(in crate::field) fn fcs_status(code: u64) -> Option<&'static str> {
    Some(match code {
        0 => "bad",
        1 => "good",
        2 => "unverified",
        _ => return None,
    })
}

/// Priorities of IEEE 802.1Q, table I-1.
pub(in crate::field) fn priority(code: u64) -> Option<&'static str> {
    Some(match code {
        0 => "best effort",
        1 => "background",
        2 => "excellent effort",
        3 => "critical applications",
        4 => "video",
        5 => "voice",
        6 => "internetwork control",
        7 => "network control",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_codes_have_words_and_others_none() {
        assert_eq!(ether_type(0x0800), Some("IPv4"));
        assert_eq!(ether_type(0x88cc), Some("LLDP"));
        assert_eq!(ether_type(0x1234), None);
        assert_eq!((ig(1), lg(0)), (Some("group address"), Some("globally unique address")));
        assert_eq!(priority(8), None);
    }
}
