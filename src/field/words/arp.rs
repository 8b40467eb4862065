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
