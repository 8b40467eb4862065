//! What became of checking checksums and frame check sequences.

/// The numbers of every `*.checksum.status` and `*.fcs.status`.
pub(in crate::field) fn status(code: u64) -> Option<&'static str> {
    Some(match code {
        0 => "Bad",
        1 => "Good",
        2 => "Unverified",
        3 => "Not present",
        4 => "Illegal",
        _ => return None,
    })
}
