//! Protocols that encrypt: their handshakes are readable, what people say is not.

use super::{On, Rule, be16, be32, le32};

pub(super) const RULES: &[Rule] = &[
    Rule("TLS", On::Tcp, tls),
    Rule("TLS", On::Tcp, ssl2),
    Rule("SSH", On::Tcp, |b| b.starts_with(b"SSH-2.") || b.starts_with(b"SSH-1.")),
    Rule("DTLS", On::Udp, dtls),
    Rule("DTLS", On::Udp, dtls_hello),
    Rule("QUIC", On::Udp, quic),
    Rule("WireGuard", On::Udp, wireguard),
    // An SPI that is not zero, and a first sequence number (RFC 3948 section 2.1).
    Rule("ESP", On::UdpPort(&[4500]), |b| {
        b.len() >= 16
            && be32(b, 0).is_some_and(|spi| spi > 255)
            && be32(b, 4).is_some_and(|seq| seq < 1 << 24)
    }),
    Rule("OpenVPN", On::BothPort(&[1194, 1195, 943]), openvpn),
    Rule("OpenVPN", On::Udp, openvpn_reset),
    Rule("TLS", On::TcpPort(&[443, 465, 636, 853, 989, 990, 993, 995, 5061, 8443, 8883]), tls_records),
    Rule("SSH", On::TcpPort(&[22]), |b| b.len() >= 8),
    Rule("QUIC", On::UdpPort(&[443]), |b| matches!(b, [0x40..=0x7f, ..] if b.len() >= 21)),
];

/// Whether a handshake of TLS begins here: the hello of a client or a server. Where other bytes went before, a protocol
/// has switched to TLS (STARTTLS, CONNECT).
pub(super) fn hello(bytes: &[u8]) -> bool {
    matches!(bytes, [22, 3, 0..=4, high, low, 1 | 2, 0, ..] if (4..=0x4800).contains(&u16::from_be_bytes([*high, *low])))
}

/// A record that begins a TLS stream (RFC 8446 section 5.1): a handshake with a first message, or an alert.
fn tls(bytes: &[u8]) -> bool {
    match bytes {
        _ if hello(bytes) => true,
        [21, 3, 0..=4, 0, 2, 1 | 2, _] => true,
        _ => tls_chain(bytes),
    }
}

/// Records that fill the segment, one behind the other, or at least two: a stream that was not captured from its
/// beginning.
fn tls_chain(bytes: &[u8]) -> bool {
    let mut rest = bytes;
    let mut records = 0;
    while let [20..=23, 3, 0..=4, high, low, body @ ..] = rest {
        let len = usize::from(u16::from_be_bytes([*high, *low]));
        if !(1..=0x4800).contains(&len) {
            return false;
        }
        records += 1;
        match body.get(len..) {
            Some([]) => return true,
            Some(behind) => rest = behind,
            None => return records >= 2,
        }
    }
    false
}

/// The client hello of SSL 2.0, which clients of SSL 3.0 and TLS 1.0 sent, too (RFC 5246 appendix E.2).
fn ssl2(bytes: &[u8]) -> bool {
    match bytes {
        [0x80, len, 1, 3, 0..=3, 0, specs, 0, 0 | 16 | 32, 0, 8..=32, ..] => {
            *specs > 0 && specs.is_multiple_of(3) && *len > *specs
        }
        [0x80, len, 1, 0, 2, 0, specs, 0, 0 | 16, 0, 8..=32, ..] => {
            *specs > 0 && specs.is_multiple_of(3) && *len > *specs
        }
        _ => false,
    }
}

/// A record of any kind whose length is all that the segment has, or more.
fn tls_records(bytes: &[u8]) -> bool {
    match bytes {
        [20..=23, 3, 0..=4, high, low, ..] => (1..=0x4800).contains(&u16::from_be_bytes([*high, *low])),
        _ => false,
    }
}

/// A record of DTLS (RFC 6347 section 4.1): version, epoch, number, length.
fn dtls(bytes: &[u8]) -> bool {
    let (Some(&kind), Some(version), Some(len)) = (bytes.first(), be16(bytes, 1), be16(bytes, 11)) else {
        return false;
    };
    let fits = bytes.len() >= 13 + usize::from(len);
    (20..=26).contains(&kind) && matches!(version, 0xfeff | 0xfefd | 0x0100) && len > 0 && fits
}

/// A handshake of DTLS begins here, behind CAPWAP's mark for it or not (RFC 5415 section 4.3).
pub(super) fn dtls_hello(bytes: &[u8]) -> bool {
    let bytes = bytes.strip_prefix(&[1, 0, 0, 0]).unwrap_or(bytes);
    dtls(bytes) && matches!(bytes, [22, _, _, 0, 0, ..]) && matches!(bytes.get(13), Some(1..=3))
}

/// A long header of QUIC (RFC 9000 section 17.2) of a version that exists, or Google's older ones.
fn quic(bytes: &[u8]) -> bool {
    let (Some(&first), Some(version), Some(&dcid)) = (bytes.first(), be32(bytes, 1), bytes.get(5)) else {
        return false;
    };
    let long = first & 0xc0 == 0xc0 && dcid <= 20 && bytes.len() > 7 + usize::from(dcid);
    let known = matches!(version, 1 | 0x6b33_43cf | 0x709a_50c4 | 0xff00_0000..=0xff00_00ff | 0xface_b000..=0xface_b00f);
    if long && known {
        return true;
    }
    // Google's QUIC before the IETF's: flags with a version, a connection id, `Q0` and two digits.
    let google =
        |at: usize| matches!(bytes.get(at..), Some([b'Q' | b'T', b'0', b'0'..=b'9', b'0'..=b'9', ..]));
    (first & 0x0d == 0x0d || first & 0x09 == 0x09) && google(9) || long && google(1)
}

/// A message of WireGuard: a type, three zero bytes, and the length that the type has.
fn wireguard(bytes: &[u8]) -> bool {
    match le32(bytes, 0) {
        Some(1) => bytes.len() == 148,
        Some(2) => bytes.len() == 92,
        Some(3) => bytes.len() == 64,
        // Padded to 16 bytes, behind a header of 16 and before a tag of 16; counters begin at 0.
        Some(4) => bytes.len() >= 32 && bytes.len().is_multiple_of(16) && le32(bytes, 12) == Some(0),
        _ => false,
    }
}

/// A packet of OpenVPN, whose opcode is in the upper five bits.
fn openvpn(bytes: &[u8]) -> bool {
    let is = |b: &[u8]| matches!(b.first(), Some(first) if (1..=11).contains(&(first >> 3))) && b.len() >= 14;
    let framed = bytes.get(2..).filter(|_| be16(bytes, 0).is_some_and(|len| (14..=2000).contains(&len)));
    framed.is_some_and(is) || is(bytes)
}

/// The packet that begins a session of OpenVPN: a hard reset by the client, with nothing acknowledged.
fn openvpn_reset(bytes: &[u8]) -> bool {
    bytes.first() == Some(&0x38) && bytes.len() == 14 && bytes.get(9..) == Some(&[0; 5])
}
