//! Codes of tunnels.

/// Versions of GRE (RFC 2784, RFC 2637).
pub(in crate::field) fn gre_version(code: u64) -> Option<&'static str> {
    Some(match code {
        0 => "GRE",
        1 => "Enhanced GRE",
        _ => return None,
    })
}

/// GTP, or its charging variant.
pub(in crate::field) fn gtp_payload(code: u64) -> Option<&'static str> {
    Some(match code {
        0 => "GTP'",
        1 => "GTP",
        _ => return None,
    })
}

/// Versions of GTP.
pub(in crate::field) fn gtp_version(code: u64) -> Option<&'static str> {
    Some(match code {
        0 => "GTP release 97/98 version",
        1 => "GTP release 99 version",
        2 => "GTPv2-C",
        3..=7 => "None",
        _ => return None,
    })
}
