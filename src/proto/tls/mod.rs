//! TLS (RFC 8446, RFC 5246) and SSL without decryption: records, and the handshake as far as it is in clear.
//!
//! A [`super::Message`] is a record. What is in it, its [`TlsNote`] tells; the handshake messages that it holds or
//! completes, [`handshakes`] hands out, each to be read by [`ClientHello::read`], [`ServerHello::read`] or
//! [`certificates`] and [`CertificateFacts::read`].

mod analyzer;
mod certificate;
mod datagram;
mod extensions;
mod handshake;
pub(in crate::proto) mod reader;
mod record;

#[cfg(test)]
mod tests;

pub use analyzer::{MAX_HANDSHAKE, TlsAnalyzer};
pub use certificate::{CertificateFacts, MAX_CERTIFICATE, MAX_CERTIFICATES, MAX_NAMES, certificates};
pub use datagram::{DTLS_RECORD_HEADER, DtlsAnalyzer, DtlsHeader, Fragment};
pub use extensions::{Extension, Extensions, extension};
pub use handshake::{
    ClientHello, DTLS_HANDSHAKE_HEADER, HANDSHAKE_HEADER, Handshake, Handshakes, ServerHello, is_early_draft,
    is_tls13, kind,
};
pub use record::{RECORD_HEADER, RecordHeader, content, old_client_hello};

use super::{Message, Note, Protocol};

/// Whether a cipher suite encrypts nothing: it only says that nobody changed the bytes, if that (the suites with NULL in
/// their name, RFC 5246 appendix A.5; those of RFC 9150).
#[must_use]
pub const fn is_null_cipher(suite: u16) -> bool {
    matches!(
        suite,
        0x0000..=0x0002
            | 0x001c
            | 0x002c..=0x002e
            | 0x003b
            | 0x0082..=0x0083
            | 0x00b0..=0x00b1
            | 0x00b4..=0x00b5
            | 0x00b8..=0x00b9
            | 0xc001
            | 0xc006
            | 0xc00b
            | 0xc010
            | 0xc015
            | 0xc039..=0xc03b
            | 0xc0b4..=0xc0b5
    )
}

/// The cipher suite of the hello of a server that `bytes` begin with, a record of TLS, or of DTLS where `datagrams`.
#[must_use]
pub fn chosen_cipher(bytes: &[u8], datagrams: bool) -> Option<u16> {
    let (record, header) = match datagrams {
        true => (DTLS_RECORD_HEADER, DTLS_HANDSHAKE_HEADER),
        false => (RECORD_HEADER, HANDSHAKE_HEADER),
    };
    let message = bytes.get(record..).filter(|_| bytes.first() == Some(&content::HANDSHAKE))?;
    let body = message.get(header..).filter(|_| message.first() == Some(&kind::SERVER_HELLO))?;
    ServerHello::read(body).map(|hello| hello.cipher_suite)
}
use crate::decode::DecodedPacket;

/// What the connection tells of a TLS record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TlsNote {
    /// The version that the server has chosen, this record's own choice included; `None` where it was not seen.
    pub version: Option<u16>,
    /// The cipher suite that it has chosen, likewise.
    pub cipher: Option<u16>,
    /// How the record's body is to be read.
    pub body: Body,
}

/// How the body of a record is to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Body {
    /// As it stands; the last handshake message may end in a later record.
    Clear,
    /// It is a part of a handshake message, which does not end here.
    Fragment,
    /// It ends a handshake message: [`Message::inner`] has all of that, and what follows it here.
    Joined,
    /// It is encrypted.
    Encrypted,
    /// The whole record is one of SSL 2.0.
    Old,
}

/// The handshake messages that `message`, a TLS or DTLS record or a QUIC packet, holds or completes, as `packet` has
/// them. The last may be cut.
#[must_use]
pub fn handshakes<'a>(message: &Message, packet: &DecodedPacket<'a>) -> Handshakes<'a> {
    let bytes: &'a [u8] = match &message.note {
        // Always in the form of TLS there.
        Note::Tls(_) if message.protocol == Protocol::Dtls => {
            message.inner.map_or(&[], |inner| inner.of(packet))
        }
        Note::Quic(note) => note.handshakes(message.inner.map_or(&[], |inner| inner.of(packet))),
        Note::Tls(note) => match note.body {
            Body::Joined => message.inner.map_or(&[], |inner| inner.of(packet)),
            Body::Clear => {
                let bytes = message.bytes(packet);
                let is_handshake = bytes.first() == Some(&content::HANDSHAKE);
                if is_handshake { bytes.get(RECORD_HEADER..).unwrap_or(&[]) } else { &[] }
            }
            Body::Fragment | Body::Encrypted | Body::Old => &[],
        },
        _ => &[],
    };
    Handshakes::new(bytes)
}
