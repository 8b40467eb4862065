//! Records: the frames that TLS cuts a stream into (RFC 8446 section 5.1; SSL 2.0 for its client hello).

/// Bytes of a record's header: kind, version, length.
pub const RECORD_HEADER: usize = 5;

/// Longest body of a record: 2^14 bytes and what encryption and compression may add (RFC 5246 section 6.2.3).
const MAX_RECORD: u16 = 0x4000 + 2048;

/// Bytes of the fixed part of an SSL 2.0 client hello, its two bytes of length included (RFC 5246 appendix E.2).
const OLD_HELLO: usize = 11;

/// A record's content type (IANA, TLS ContentType).
pub mod content {
    /// What follows is encrypted with the keys that were agreed.
    pub const CHANGE_CIPHER_SPEC: u8 = 20;
    /// A warning, or the end.
    pub const ALERT: u8 = 21;
    /// Handshake messages.
    pub const HANDSHAKE: u8 = 22;
    /// What the connection is for; in TLS 1.3 anything that is encrypted.
    pub const APPLICATION_DATA: u8 = 23;
    /// RFC 6520.
    pub const HEARTBEAT: u8 = 24;
    /// In DTLS, a record with a connection id (RFC 9146).
    pub const CONNECTION_ID: u8 = 25;
}

/// What a record says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecordHeader {
    /// See [`content`].
    pub content_type: u8,
    /// 0x0301 for TLS 1.0; TLS 1.3 writes 0x0303.
    pub version: u16,
    /// Bytes of its body.
    pub len: u16,
}

impl RecordHeader {
    /// The header that `bytes` begin with; `None` where they are fewer than [`RECORD_HEADER`].
    #[must_use]
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let &[content_type, major, minor, high, low] = bytes.first_chunk::<RECORD_HEADER>()?;
        Some(Self {
            content_type,
            version: u16::from_be_bytes([major, minor]),
            len: u16::from_be_bytes([high, low]),
        })
    }

    /// Whether such a record can be: a known content type, SSL 3.0 to TLS 1.3, a length within the limit.
    #[must_use]
    pub fn is_sane(&self) -> bool {
        matches!(self.content_type, content::CHANGE_CIPHER_SPEC..=content::HEARTBEAT)
            && matches!(self.version, 0x0300..=0x0304)
            && self.len <= MAX_RECORD
    }

    /// Bytes of the record, header included.
    #[must_use]
    pub fn whole(&self) -> usize {
        RECORD_HEADER.saturating_add(usize::from(self.len))
    }
}

/// The length of the SSL 2.0 client hello that `bytes` begin with, header included: sent by clients that know more, as
/// long as servers were old (RFC 5246 appendix E.2).
#[must_use]
pub fn old_client_hello(bytes: &[u8]) -> Option<usize> {
    let &[first, second, kind, major, minor, ciphers_high, ciphers, id_high, id, challenge_high, challenge] =
        bytes.first_chunk::<OLD_HELLO>()?;
    let ciphers = u16::from_be_bytes([ciphers_high, ciphers]);
    let id = u16::from_be_bytes([id_high, id]);
    let challenge = u16::from_be_bytes([challenge_high, challenge]);
    let len = u16::from_be_bytes([first & 0x7f, second]);
    let is_hello = first & 0x80 != 0
        && kind == 1
        && matches!((major, minor), (0, 2) | (2, 0) | (3, 0..=4))
        && ciphers != 0
        && ciphers % 3 == 0
        && matches!(id, 0 | 16)
        && (16..=32).contains(&challenge)
        && u32::from(len) == 9 + u32::from(ciphers) + u32::from(id) + u32::from(challenge);
    is_hello.then(|| usize::from(len).saturating_add(2))
}
