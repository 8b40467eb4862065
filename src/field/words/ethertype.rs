//! EtherTypes (IEEE 802 numbers).

/// The protocol of an EtherType.
pub(in crate::field) fn ether_type(code: u64) -> Option<&'static str> {
    Some(match code {
        0x0800 => "IPv4",
        _ => return None,
    })
}
