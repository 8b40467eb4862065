//! Codes of address resolution (IANA "Address Resolution Protocol Parameters").

/// Kind of ARP or RARP message.
pub(in crate::field) fn opcode(code: u64) -> Option<&'static str> {
    Some(match code {
        1 => "request",
        2 => "reply",
        3 => "reverse request",
        4 => "reverse reply",
        5 => "drarp request",
        6 => "drarp reply",
        7 => "drarp error",
        8 => "inarp request",
        9 => "inarp reply",
        10 => "arp nak",
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
        4 => "Proteon ProNET token ring",
        5 => "Chaos",
        6 => "IEEE 802",
        7 => "ARCNET",
        15 => "Frame Relay DLCI",
        16 | 19 | 21 => "ATM",
        18 => "Fibre Channel",
        24 => "IEEE 1394",
        32 => "InfiniBand",
        512 => "PPP",
        513 => "Cisco HDLC",
        768 => "IPv4 in IPv4 tunnel",
        769 => "IPv6 tunnel",
        772 => "loopback",
        776 => "IPv6 in IPv4 tunnel",
        778 => "GRE over IPv4",
        801 => "IEEE 802.11",
        803 => "IEEE 802.11 with radiotap",
        823 => "GRE over IPv6",
        824 => "netlink",
        65534 => "none",
        _ => return None,
    })
}
