//! Which application protocol is this? By the first bytes; the port is a hint and is labelled as one.

use super::dns::is_dns;
use super::http::head::{Begins, begins_flow, has_known_method};
use super::{quic, tls};
use crate::decode::TransportProtocol;

/// A protocol and how it was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recognised {
    /// Short upper-case name: `HTTP`, `TLS`, `DNS` …
    pub name: &'static str,
    /// Told by the port alone: the bytes do not show it (there are none, or they are not decoded).
    pub by_port: bool,
}

/// The protocol whose form `first` has: the first payload bytes of one side. `port` is the server's and only
/// decides where the form alone is weak (DNS). `None` where nothing is recognised.
#[must_use]
pub fn name(protocol: TransportProtocol, port: u16, first: &[u8]) -> Option<&'static str> {
    match protocol {
        TransportProtocol::Tcp => tcp(port, first),
        TransportProtocol::Udp => udp(port, first),
    }
}

/// What usually runs on `port`: no more than a hint.
#[must_use]
pub fn name_by_port(protocol: TransportProtocol, port: u16) -> Option<Recognised> {
    use TransportProtocol::{Tcp, Udp};
    let name = match (protocol, port) {
        (Tcp | Udp, 53) => "DNS",
        (Udp, 5353) => "MDNS",
        (Tcp, 80) => "HTTP",
        (Tcp, 443) => "TLS",
        (Udp, 443) => "QUIC",
        (Tcp, 20) => "FTP-DATA",
        (Tcp, 21) => "FTP",
        (Tcp, 22) => "SSH",
        (Tcp, 23) => "TELNET",
        (Tcp, 25 | 587) => "SMTP",
        (Tcp, 110) => "POP3",
        (Tcp, 143) => "IMAP",
        (Udp, 67 | 68) => "DHCP",
        (Udp, 69) => "TFTP",
        (Udp, 123) => "NTP",
        (Udp, 161 | 162) => "SNMP",
        _ => return None,
    };
    Some(Recognised { name, by_port: true })
}

fn tcp(port: u16, first: &[u8]) -> Option<&'static str> {
    if is_http(first) {
        Some("HTTP")
    } else if is_tls(first) {
        Some("TLS")
    } else if first.starts_with(b"SSH-") {
        Some("SSH")
    } else if port == 53 && first.get(2..).is_some_and(is_dns) {
        // RFC 1035 section 4.2.2: two bytes of length before the message.
        Some("DNS")
    } else {
        greeting(port, first)
    }
}

fn udp(port: u16, first: &[u8]) -> Option<&'static str> {
    match port {
        53 if is_dns(first) => Some("DNS"),
        5353 if is_dns(first) => Some("MDNS"),
        _ if is_quic(first) => Some("QUIC"),
        _ if is_dtls(first) => Some("DTLS"),
        _ => None,
    }
}

/// A request or status line, or the beginning of one with a known method.
pub(super) fn is_http(first: &[u8]) -> bool {
    match begins_flow(first, false) {
        Begins::Yes => true,
        Begins::Perhaps => has_known_method(first),
        Begins::No => false,
    }
}

/// A TLS record header (RFC 8446 section 5.1) of a hello or an alert, or the client hello of SSL 2.0.
pub(super) fn is_tls(first: &[u8]) -> bool {
    let Some(header) = tls::RecordHeader::read(first) else { return false };
    let body = first.get(tls::RECORD_HEADER..).unwrap_or(&[]);
    match header.content_type {
        // An alert has two bytes, or more where it is encrypted.
        tls::content::HANDSHAKE => {
            header.is_sane() && header.len > 0 && body.first().is_none_or(|&kind| matches!(kind, 1 | 2))
        }
        tls::content::ALERT => header.is_sane() && header.len == 2,
        _ => tls::old_client_hello(first).is_some(),
    }
}

/// Ports that TLS has of its own: HTTPS, SMTPS, LDAPS, DNS, FTPS, TELNETS, IMAPS, POP3S, SIPS.
const TLS_PORTS: [u16; 11] = [443, 465, 636, 853, 989, 990, 992, 993, 995, 5061, 8443];

/// Records in the middle of a connection: as many as are there, each behind the other. One that goes on behind these
/// bytes is taken where the port is one of TLS, or it says what only few bytes say.
pub(super) fn is_tls_record(first: &[u8], ports: [u16; 2]) -> bool {
    let mut rest = first;
    let mut whole = 0;
    while let Some(header) = tls::RecordHeader::read(rest) {
        if !header.is_sane() || header.len == 0 {
            return false;
        }
        let Some(after) = rest.get(header.whole()..) else {
            let is_usual = matches!(header.content_type, 22 | 23) && header.version <= 0x0303;
            return whole > 0 || is_usual || ports.iter().any(|port| TLS_PORTS.contains(port));
        };
        whole += 1;
        rest = after;
    }
    whole > 0
}

/// Whether `first` is less than a TLS record header, and more bytes may make it one; a single byte is only where the port
/// is one of TLS.
pub(super) fn begins_tls_record(first: &[u8], ports: [u16; 2]) -> bool {
    use tls::content::{APPLICATION_DATA, CHANGE_CIPHER_SPEC};
    match *first {
        [] => false,
        [kind, ref version @ ..] => {
            (CHANGE_CIPHER_SPEC..=APPLICATION_DATA).contains(&kind)
                && match *version {
                    [] => ports.iter().any(|port| TLS_PORTS.contains(port)),
                    [major] => major == 3,
                    [major, minor, ref len @ ..] => major == 3 && minor <= 4 && len.len() < 2,
                }
        }
    }
}

/// A DTLS record (RFC 6347 section 4.1): the datagram has all of it.
pub(super) fn is_dtls(first: &[u8]) -> bool {
    let Some(header) = tls::DtlsHeader::read(first) else { return false };
    let len = usize::from(header.len);
    header.len > 0 && first.len() >= len.saturating_add(tls::DTLS_RECORD_HEADER)
}

/// A long header (RFC 9000 section 17.2) of a version that can be read.
pub(super) fn is_quic(first: &[u8]) -> bool {
    first.first().is_some_and(|byte| byte & 0xc0 == 0xc0)
        && quic::Header::read(first).is_some_and(|header| header.version.is_known())
}

/// The greeting of a server that speaks first.
fn greeting(port: u16, first: &[u8]) -> Option<&'static str> {
    if first.starts_with(b"+OK") && first.get(3).is_none_or(|byte| matches!(byte, b' ' | b'\r' | b'\n')) {
        return Some("POP3");
    }
    if first.starts_with(b"* OK") || first.starts_with(b"* PREAUTH") {
        return Some("IMAP");
    }
    if (first.starts_with(b"EHLO ") || first.starts_with(b"HELO ")) && first.len() > 5 {
        return Some("SMTP");
    }
    // "220 " begins the greeting of SMTP (RFC 5321 section 4.2) and of FTP (RFC 959 section 5.4): what follows
    // tells them apart where it names one, else the port does.
    let text = first.strip_prefix(b"220 ").or_else(|| first.strip_prefix(b"220-"))?;
    let says = |word: &[u8]| text.windows(word.len()).any(|window| window.eq_ignore_ascii_case(word));
    match port {
        _ if says(b"SMTP") => Some("SMTP"),
        _ if says(b"FTP") => Some("FTP"),
        25 | 587 | 2525 => Some("SMTP"),
        21 => Some("FTP"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use TransportProtocol::{Tcp, Udp};

    #[test]
    fn content_decides_whatever_the_port() {
        assert_eq!(name(Tcp, 6789, b"GET /index.html HTTP/1.1\r\n"), Some("HTTP"));
        assert_eq!(name(Tcp, 443, b"HTTP/1.0 404 Not Found\r\n"), Some("HTTP"));
        assert_eq!(name(Tcp, 80, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"), Some("TLS"));
        assert_eq!(name(Tcp, 2222, b"SSH-2.0-OpenSSH_9.2\r\n"), Some("SSH"));
        assert_eq!(name(Tcp, 9999, b"220 mail.example.org ESMTP ready"), Some("SMTP"));
        assert_eq!(name(Tcp, 9999, b"220 ProFTPD 1.3 Server"), Some("FTP"));
        assert_eq!(name(Tcp, 9999, b"* OK IMAP4rev1 ready"), Some("IMAP"));
        assert_eq!(name(Tcp, 9999, b"+OK POP3 ready"), Some("POP3"));
    }

    #[test]
    fn a_known_port_does_not_make_it_that_protocol() {
        assert_eq!(name(Udp, 53, b"hey, I am no DNS message at all"), None);
        assert_eq!(name(Tcp, 80, b"Knock knock.."), None);
        assert_eq!(name(Udp, 12000, b"hey, I am khushei from 5f."), None);
        assert_eq!(name(Tcp, 80, b"GET \x00\x01"), None);
        assert_eq!(name(Tcp, 443, b"\x16\x03\x01"), None);
        assert_eq!(name_by_port(Tcp, 80), Some(Recognised { name: "HTTP", by_port: true }));
        assert_eq!(name_by_port(Tcp, 43389), None);
    }

    #[test]
    fn dns_needs_a_header_that_makes_sense() {
        let query = b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x03www\x03edu\x00\x00\x01\x00\x01";
        assert_eq!(name(Udp, 53, query), Some("DNS"));
        assert_eq!(name(Udp, 5353, query), Some("MDNS"));
        let framed = [b"\x00\x19", query.as_slice()].concat();
        assert_eq!(name(Tcp, 53, &framed), Some("DNS"));
        assert_eq!(name(Udp, 53, &query[..11]), None);
    }
}
