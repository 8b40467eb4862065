//! Codes of address resolution (IANA "Address Resolution Protocol Parameters").

/// Kind of ARP or RARP message.
pub(in crate::field) fn opcode(code: u64) -> Option<&'static str> {
    Some(match code {
        0 | 65535 => "reserved",
        1 => "request",
        2 => "reply",
        3 => "reverse request",
        4 => "reverse reply",
        5 => "drarp request",
        6 => "drarp reply",
        7 => "drarp error",
        8 => "inverse request",
        9 => "inverse reply",
        10 => "arp nak",
        11 => "mars request",
        12 => "mars multi",
        13 => "mars mserv",
        14 => "mars join",
        15 => "mars leave",
        16 => "mars nak",
        17 => "mars unserv",
        18 => "mars sjoin",
        19 => "mars sleave",
        20 => "mars grouplist request",
        21 => "mars grouplist reply",
        22 => "mars redirect map",
        23 => "mapos unarp",
        24 => "experimental 1",
        25 => "experimental 2",
        _ => return None,
    })
}

/// Kind of hardware; Linux's `ARPHRD_` numbers are the same as far as IANA's go, and continue above 255.
pub(in crate::field) fn hardware(code: u64) -> Option<&'static str> {
    Some(match code {
        0 => "NET/ROM pseudo",
        1 => "Ethernet",
        2 => "Experimental Ethernet",
        3 => "AX.25",
        4 => "ProNET",
        5 => "Chaos",
        6 => "IEEE 802",
        7 => "ARCNET",
        15 => "Frame Relay DLCI",
        16 | 21 => "ATM",
        18 => "Fibre Channel",
        19 => "ATM (RFC 2225)",
        24 => "IEEE 1394.1995",
        32 => "InfiniBand",
        512 => "PPP",
        513 => "Cisco HDLC",
        768 => "IPIP tunnel",
        769 => "IP6IP6 tunnel",
        772 => "Loopback",
        776 => "sit0 device - IPv6-in-IPv4",
        778 => "GRE over IP",
        801 => "IEEE 802.11",
        803 => "IEEE 802.11 + radiotap header",
        823 => "GRE over IPv6",
        824 => "Netlink",
        65534 => "zero header length",
        _ => return None,
    })
}
