//! What a flow speaks where no analyzer looks: told by content, the port being a hint where the form is weak.
//!
//! Each protocol is a row of a table (`Rule`): what it is to somebody who reads along ([`Form`]), where it is looked
//! for, and how its first bytes look.

mod binary;
mod encrypted;
mod magic;
mod text;

use super::Protocol;
use super::lab::Lab;
use crate::decode::TransportProtocol;

pub use magic::{MAGIC_BYTES, packed, packed_behind};

/// What a protocol's bytes are to somebody who reads along.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Words, in lines or not; a body may be packed.
    Text,
    /// Numbers and fields at fixed places: not text, not encrypted.
    Binary,
    /// Readable by those who have the key.
    Encrypted,
    /// A few bytes that make way for another protocol.
    Prelude,
}

/// A protocol that was recognised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spoken {
    /// As people write it: `SMTP`.
    pub name: &'static str,
    /// What it is to a reader.
    pub form: Form,
}

impl Spoken {
    /// What an analyzer has recognised.
    #[must_use]
    pub const fn of(protocol: Protocol) -> Self {
        let form = match protocol {
            Protocol::Dns | Protocol::Mdns | Protocol::Llmnr | Protocol::Dhcp | Protocol::Radius => {
                Form::Binary
            }
            Protocol::Http
            | Protocol::Ssdp
            | Protocol::Smtp
            | Protocol::Pop
            | Protocol::Imap
            | Protocol::Ftp
            | Protocol::Telnet => Form::Text,
            // A file of any kind.
            Protocol::FtpData => Form::Binary,
            Protocol::Tls
            | Protocol::Dtls
            | Protocol::Quic
            | Protocol::Ssh
            | Protocol::OpenVpn
            | Protocol::RdpUdp => Form::Encrypted,
            Protocol::Socks => Form::Prelude,
            // A file may be anything.
            Protocol::Lab(Lab::FileTransfer) => Form::Prelude,
            Protocol::Lab(_) => Form::Text,
        };
        Self { name: protocol.name(), form }
    }
}

/// Where a protocol is looked for.
#[derive(Clone, Copy, Debug)]
enum On {
    /// Over TCP, whatever the port: its form is unmistakable.
    Tcp,
    /// Over UDP, whatever the port.
    Udp,
    /// Over either, whatever the port.
    Both,
    /// Over TCP, where one of the ports is in the list: its form is weak.
    TcpPort(&'static [u16]),
    /// Over UDP, likewise.
    UdpPort(&'static [u16]),
    /// Over either, likewise.
    BothPort(&'static [u16]),
}

impl On {
    fn takes(self, transport: TransportProtocol, ports: [u16; 2]) -> bool {
        use TransportProtocol::{Tcp, Udp};
        let listed = |list: &[u16]| ports.iter().any(|port| list.contains(port));
        match (self, transport) {
            (Self::Both, _) | (Self::Tcp, Tcp) | (Self::Udp, Udp) => true,
            (Self::TcpPort(list), Tcp) | (Self::UdpPort(list), Udp) | (Self::BothPort(list), _) => {
                listed(list)
            }
            (Self::Tcp | Self::TcpPort(_), Udp) | (Self::Udp | Self::UdpPort(_), Tcp) => false,
        }
    }

    const fn is_weak(self) -> bool {
        matches!(self, Self::TcpPort(_) | Self::UdpPort(_) | Self::BothPort(_))
    }
}

/// A protocol of a table.
struct Rule(&'static str, On, fn(&[u8]) -> bool);

/// The protocol whose form `bytes` have: the beginning of a stream or segment, or a datagram. `ports` are those of
/// both ends. Readable text is never taken for what is not text by a port.
#[must_use]
pub fn spoken(transport: TransportProtocol, ports: [u16; 2], bytes: &[u8]) -> Option<Spoken> {
    if bytes.is_empty() {
        return None;
    }
    let tables: [(Form, &[Rule]); 4] = [
        (Form::Encrypted, encrypted::RULES),
        (Form::Text, text::RULES),
        (Form::Prelude, PRELUDES),
        (Form::Binary, binary::RULES),
    ];
    let mut is_text = None;
    // Judged only where a port would tell: readable text is never taken for what is not text by that.
    let mut is_refused = |form| {
        let judge = || matches!(super::judge(bytes), super::Readability::Readable { .. });
        form != Form::Text && *is_text.get_or_insert_with(judge)
    };
    // What needs no port goes before what does.
    for weak in [false, true] {
        for (form, rules) in tables {
            let found = rules.iter().find(|Rule(_, on, is)| {
                on.is_weak() == weak && on.takes(transport, ports) && !(weak && is_refused(form)) && is(bytes)
            });
            if let Some(Rule(name, _, _)) = found {
                return Some(Spoken { name, form });
            }
        }
    }
    None
}

/// Whether a handshake of TLS begins with `bytes`: in the middle of a stream, a switch to TLS (STARTTLS, CONNECT).
#[must_use]
pub fn begins_tls(bytes: &[u8]) -> bool {
    encrypted::hello(bytes)
}

/// TLS as a protocol that a flow switches to.
pub const TLS: Spoken = Spoken::of(Protocol::Tls);

/// What takes over a flow of datagrams that spoke `before`: DTLS after STUN or CAPWAP, ESP after the negotiation of its
/// keys (RFC 3948 section 2.2).
#[must_use]
pub fn takes_over(before: Spoken, datagram: &[u8]) -> Option<Spoken> {
    if encrypted::dtls_hello(datagram) {
        return Some(Spoken::of(Protocol::Dtls));
    }
    let esp =
        before.name == "ISAKMP" && datagram.len() >= 32 && be32(datagram, 0).is_some_and(|spi| spi > 255);
    (esp && !binary::isakmp(datagram)).then_some(Spoken { name: "ESP", form: Form::Encrypted })
}

/// The community of an SNMP message of version 1 or 2c, which stands for a password (RFC 1157 section 4).
#[must_use]
pub fn snmp_community(message: &[u8]) -> Option<&[u8]> {
    let (0x30, _, body) = ber(message)? else { return None };
    let [2, 1, 0 | 1, rest @ ..] = body else { return None };
    let (4, len, value) = ber(rest)? else { return None };
    value.get(..len)
}

/// The name and the password of an LDAP bind request with simple authentication (RFC 4511 section 4.2); an anonymous
/// one has none.
#[must_use]
pub fn ldap_simple_bind(message: &[u8]) -> Option<(&[u8], &[u8])> {
    let (0x30, _, body) = ber(message)? else { return None };
    let (2, id, rest) = ber(body)? else { return None };
    let (0x60, _, bind) = ber(rest.get(id..)?)? else { return None };
    let (2, version, rest) = ber(bind)? else { return None };
    let (4, name_len, rest) = ber(rest.get(version..)?)? else { return None };
    let (name, rest) = rest.split_at_checked(name_len)?;
    let (0x80, len, password) = ber(rest)? else { return None };
    password.get(..len).filter(|password| !password.is_empty()).map(|password| (name, password))
}

/// The name and the password that a client of SOCKS 5 gives (RFC 1929 section 2), where the message is nothing else.
#[must_use]
pub fn socks_login(message: &[u8]) -> Option<(&[u8], &[u8])> {
    let (len, super::socks::Said::Password { user, password }) = super::socks::read(message, true, false)?
    else {
        return None;
    };
    let is_word = |text: &[u8]| !text.is_empty() && text.iter().all(|byte| byte.is_ascii_graphic());
    (len == message.len() && is_word(user) && is_word(password)).then_some((user, password))
}

/// What may open a connection that then speaks something else.
const PRELUDES: &[Rule] = &[
    Rule("SOCKS", On::Tcp, super::socks::is_socks),
    // The PROXY protocol of load balancers: a line of text, or its version 2.
    Rule("PROXY", On::Tcp, |b| b.starts_with(b"PROXY TCP") || b.starts_with(b"PROXY UNKNOWN")),
    Rule("PROXY", On::Tcp, |b| b.starts_with(b"\r\n\r\n\0\r\nQUIT\n")),
];

/// The 16-bit number at `at`, as networks write it.
fn be16(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..)?.first_chunk().map(|b| u16::from_be_bytes(*b))
}

/// The 32-bit number at `at`, as networks write it.
fn be32(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().map(|b| u32::from_be_bytes(*b))
}

/// The 32-bit number at `at`, lowest byte first.
fn le32(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().map(|b| u32::from_le_bytes(*b))
}

/// Whether a length that stands in a message fits what is there: no less than half of it was captured, and what is
/// there is no longer, or goes on with another message.
fn fits(claimed: Option<u32>, from: usize, bytes: &[u8]) -> bool {
    claimed
        .and_then(|len| usize::try_from(len).ok())
        .is_some_and(|len| len.saturating_add(from) == bytes.len())
}

/// A tag of BER and the bytes of its value, as far as they are there (X.690 section 8.1): tag, claimed length, value.
fn ber(bytes: &[u8]) -> Option<(u8, usize, &[u8])> {
    let (&[tag, first], rest) = bytes.split_first_chunk::<2>()?;
    if first < 0x80 {
        return Some((tag, usize::from(first), rest));
    }
    let count = usize::from(first & 0x7f);
    if !(1..=4).contains(&count) {
        return None;
    }
    let (digits, rest) = rest.split_at_checked(count)?;
    let len = digits.iter().fold(0_usize, |len, &digit| len << 8 | usize::from(digit));
    Some((tag, len, rest))
}

#[cfg(test)]
mod tests;
