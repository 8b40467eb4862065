//! Codes of QUIC (IANA, QUIC).

/// Long or short.
pub(in crate::field) fn header_form(code: u64) -> Option<&'static str> {
    Some(match code {
        0 => "Short Header",
        1 => "Long Header",
        _ => return None,
    })
}

/// Kinds of packets with long headers.
pub(in crate::field) fn packet_type(code: u64) -> Option<&'static str> {
    Some(match code {
        0 => "Initial",
        1 => "0-RTT",
        2 => "Handshake",
        3 => "Retry",
        _ => return None,
    })
}

/// The same in version 2.
pub(in crate::field) fn packet_type_v2(code: u64) -> Option<&'static str> {
    packet_type(code.wrapping_sub(1) & 3).filter(|_| code < 4)
}

/// Versions.
pub(in crate::field) fn version(code: u64) -> Option<&'static str> {
    Some(match code {
        0 => "Version Negotiation",
        1 => "1",
        0x6b33_43cf => "2",
        0xff00_0017 => "draft-23",
        0xff00_0018 => "draft-24",
        0xff00_0019 => "draft-25",
        0xff00_001a => "draft-26",
        0xff00_001b => "draft-27",
        0xff00_001c => "draft-28",
        0xff00_001d => "draft-29",
        0xff00_001e => "draft-30",
        0xff00_001f => "draft-31",
        0xff00_0020 => "draft-32",
        0xff00_0021 => "draft-33",
        0xff00_0022 => "draft-34",
        0xface_b001 => "Facebook mvfst (draft-22)",
        0xface_b002 => "Facebook mvfst (draft-27)",
        _ => return None,
    })
}

/// Frames of Initial packets.
pub(in crate::field) fn frame_type(code: u64) -> Option<&'static str> {
    Some(match code {
        0 => "PADDING",
        1 => "PING",
        2 | 3 => "ACK",
        4 => "RESET_STREAM",
        5 => "STOP_SENDING",
        6 => "CRYPTO",
        7 => "NEW_TOKEN",
        8..=15 => "STREAM",
        0x1c => "CONNECTION_CLOSE (Transport)",
        0x1d => "CONNECTION_CLOSE (Application)",
        _ => return None,
    })
}

/// Why a connection is closed (RFC 9000 section 20.1).
pub(in crate::field) fn error(code: u64) -> Option<&'static str> {
    Some(match code {
        0x00 => "NO_ERROR",
        0x01 => "INTERNAL_ERROR",
        0x02 => "CONNECTION_REFUSED",
        0x03 => "FLOW_CONTROL_ERROR",
        0x04 => "STREAM_LIMIT_ERROR",
        0x05 => "STREAM_STATE_ERROR",
        0x06 => "FINAL_SIZE_ERROR",
        0x07 => "FRAME_ENCODING_ERROR",
        0x08 => "TRANSPORT_PARAMETER_ERROR",
        0x09 => "CONNECTION_ID_LIMIT_ERROR",
        0x0a => "PROTOCOL_VIOLATION",
        0x0b => "INVALID_TOKEN",
        0x0c => "APPLICATION_ERROR",
        0x0d => "CRYPTO_BUFFER_EXCEEDED",
        0x0e => "KEY_UPDATE_ERROR",
        0x0f => "AEAD_LIMIT_REACHED",
        0x10 => "NO_VIABLE_PATH",
        0x0100..=0x01ff => "CRYPTO_ERROR",
        _ => return None,
    })
}
