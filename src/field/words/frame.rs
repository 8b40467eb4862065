//! Link layers as Wireshark numbers them.

/// The header that a frame starts with (`WTAP_ENCAP_`); those that captures are read of.
pub(in crate::field) fn encapsulation(code: u64) -> Option<&'static str> {
    Some(match code {
        1 => "Ethernet",
        2 => "Token Ring",
        3 => "SLIP",
        4 => "PPP",
        7 => "Raw IP",
        10 => "RFC 1483 ATM",
        11 => "Linux ATM CLIP",
        13 => "ATM PDUs",
        15 => "NULL/Loopback",
        19 => "PPP with Directional Info",
        20 => "IEEE 802.11 Wireless LAN",
        23 => "IEEE 802.11 plus radiotap radio header",
        25 => "Linux cooked-mode capture v1",
        26 => "Frame Relay",
        28 => "Cisco HDLC",
        97 => "Per-Packet Information header",
        104 => "IEEE 802.15.4 Wireless PAN",
        129 => "Raw IPv4",
        130 => "Raw IPv6",
        141 => "NFLOG",
        171 => "Apple PKTAP",
        180 => "IP over IB",
        210 => "Linux cooked-mode capture v2",
        _ => return None,
    })
}
