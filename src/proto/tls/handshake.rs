//! Handshake messages: where each begins, and what the hellos say (RFC 8446 section 4, RFC 5246 section 7.4).

use super::extensions::{Extensions, extension};
use super::reader::{Reader, words};

/// Bytes before a message's body: kind and length.
pub const HANDSHAKE_HEADER: usize = 4;

/// The same in DTLS, with number, offset and length of the fragment (RFC 6347 section 4.2.2).
pub const DTLS_HANDSHAKE_HEADER: usize = 12;

/// Kinds of handshake messages (IANA, TLS HandshakeType).
pub mod kind {
    /// The client begins.
    pub const CLIENT_HELLO: u8 = 1;
    /// The server chooses.
    pub const SERVER_HELLO: u8 = 2;
    /// DTLS: the client is to repeat its hello with a cookie.
    pub const HELLO_VERIFY_REQUEST: u8 = 3;
    /// A ticket to come back with.
    pub const NEW_SESSION_TICKET: u8 = 4;
    /// TLS 1.3: the rest of the server's choices.
    pub const ENCRYPTED_EXTENSIONS: u8 = 8;
    /// Who somebody is.
    pub const CERTIFICATE: u8 = 11;
    /// The server's part of the key exchange.
    pub const SERVER_KEY_EXCHANGE: u8 = 12;
    /// The client is to say who it is.
    pub const CERTIFICATE_REQUEST: u8 = 13;
    /// The server has said all.
    pub const SERVER_HELLO_DONE: u8 = 14;
    /// Proof of the certificate's key.
    pub const CERTIFICATE_VERIFY: u8 = 15;
    /// The client's part of the key exchange.
    pub const CLIENT_KEY_EXCHANGE: u8 = 16;
    /// Proof of the whole handshake.
    pub const FINISHED: u8 = 20;
    /// Where the client's certificate is.
    pub const CERTIFICATE_URL: u8 = 21;
    /// What the authority says of the certificate now.
    pub const CERTIFICATE_STATUS: u8 = 22;
    /// TLS 1.3: new keys from here on.
    pub const KEY_UPDATE: u8 = 24;
    /// RFC 8879.
    pub const COMPRESSED_CERTIFICATE: u8 = 25;
}

/// The random number of a server hello that asks for another client hello (RFC 8446 section 4.1.3).
const RETRY: [u8; 32] = [
    0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91, 0xc2,
    0xa2, 0x11, 0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c,
];

/// One handshake message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Handshake<'a> {
    /// See [`kind`].
    pub kind: u8,
    /// Length of its body as it says.
    pub claimed: u32,
    /// As much of the body as is there.
    pub body: &'a [u8],
}

impl Handshake<'_> {
    /// Whether all of it is there.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        usize::try_from(self.claimed).is_ok_and(|claimed| claimed == self.body.len())
    }
}

/// The messages in `bytes`, one after the other; the last may be cut.
#[derive(Clone, Copy, Debug)]
pub struct Handshakes<'a> {
    rest: &'a [u8],
}

impl<'a> Handshakes<'a> {
    /// The messages in the body of a record, or in bodies that were joined.
    #[must_use]
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// What is not taken yet.
    #[must_use]
    pub fn rest(&self) -> &'a [u8] {
        self.rest
    }
}

impl<'a> Iterator for Handshakes<'a> {
    type Item = Handshake<'a>;

    fn next(&mut self) -> Option<Handshake<'a>> {
        let mut reader = Reader::new(self.rest);
        let kind = reader.byte()?;
        let claimed = u32::try_from(reader.number(3)?).ok()?;
        let len = usize::try_from(claimed).unwrap_or(usize::MAX).min(reader.rest().len());
        let body = reader.take(len)?;
        self.rest = reader.rest();
        Some(Handshake { kind, claimed, body })
    }
}

/// What a client offers (RFC 8446 section 4.1.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientHello<'a> {
    /// `legacy_version`: the highest before TLS 1.3 that it knows.
    pub version: u16,
    /// 32 bytes of its own.
    pub random: &'a [u8],
    /// The session that it wants to go on with, or none.
    pub session_id: &'a [u8],
    /// DTLS: what the server gave it to prove its address.
    pub cookie: Option<&'a [u8]>,
    /// Cipher suites, two bytes each: see [`Self::cipher_suites`].
    pub ciphers: &'a [u8],
    /// Compression methods, a byte each.
    pub compression: &'a [u8],
    /// All else.
    pub extensions: Extensions<'a>,
}

impl<'a> ClientHello<'a> {
    /// Reads the body of such a message; `datagrams` for DTLS. `None` where it ends before its cipher suites do.
    #[must_use]
    pub fn read(body: &'a [u8], datagrams: bool) -> Option<Self> {
        let mut reader = Reader::new(body);
        let version = reader.word()?;
        let random = reader.take(RETRY.len())?;
        let session_id = reader.vector(1)?;
        let cookie = if datagrams { Some(reader.vector(1)?) } else { None };
        let ciphers = reader.vector(2)?;
        let compression = reader.vector(1).unwrap_or(&[]);
        let extensions = Extensions::read(reader.rest());
        Some(Self { version, random, session_id, cookie, ciphers, compression, extensions })
    }

    /// The cipher suites that it offers, best first (IANA numbers).
    pub fn cipher_suites(&self) -> impl Iterator<Item = u16> + use<'a> {
        words(self.ciphers)
    }

    /// The host that it wants to talk to (SNI, RFC 6066 section 3), as it stands there.
    #[must_use]
    pub fn server_name(&self) -> Option<&'a [u8]> {
        self.extensions.server_names().next()
    }

    /// The protocols that it would speak inside (ALPN, RFC 7301), best first.
    pub fn alpn(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        self.extensions.alpn()
    }

    /// The versions that it offers, where it lists them (RFC 8446 section 4.2.1).
    pub fn versions(&self) -> impl Iterator<Item = u16> + use<'a> {
        let list = self.extensions.find(extension::SUPPORTED_VERSIONS);
        words(list.and_then(|body| Reader::new(body).vector(1)).unwrap_or(&[]))
    }
}

/// What a server chose (RFC 8446 section 4.1.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ServerHello<'a> {
    /// `legacy_version`: the version itself before TLS 1.3.
    pub version: u16,
    /// 32 bytes of its own.
    pub random: &'a [u8],
    /// The session.
    pub session_id: &'a [u8],
    /// The cipher suite that it chose.
    pub cipher_suite: u16,
    /// The compression that it chose.
    pub compression: u8,
    /// All else.
    pub extensions: Extensions<'a>,
}

impl<'a> ServerHello<'a> {
    /// Reads the body of such a message; `None` where it is too short.
    #[must_use]
    pub fn read(body: &'a [u8]) -> Option<Self> {
        let mut reader = Reader::new(body);
        let version = reader.word()?;
        let random = reader.take(RETRY.len())?;
        // Drafts of TLS 1.3 before the 22nd had no session id here.
        let session_id = if is_early_draft(version) { &[] } else { reader.vector(1)? };
        let cipher_suite = reader.word()?;
        let compression = if is_early_draft(version) { 0 } else { reader.byte()? };
        let extensions = Extensions::read(reader.rest());
        Some(Self { version, random, session_id, cipher_suite, compression, extensions })
    }

    /// The version that the connection has from here on.
    #[must_use]
    pub fn chosen_version(&self) -> u16 {
        let said = self.extensions.find(extension::SUPPORTED_VERSIONS);
        said.and_then(|body| Reader::new(body).word()).unwrap_or(self.version)
    }

    /// Whether it asks for another client hello instead of choosing (HelloRetryRequest).
    #[must_use]
    pub fn is_retry(&self) -> bool {
        self.random == RETRY
    }

    /// The protocol inside that it chose, where it says so in clear (before TLS 1.3).
    #[must_use]
    pub fn alpn(&self) -> Option<&'a [u8]> {
        self.extensions.alpn().next()
    }
}

/// Whether `version` is TLS 1.3 or one of its drafts, in TLS or DTLS.
#[must_use]
pub fn is_tls13(version: u16) -> bool {
    matches!(version, 0x0304 | 0x7f00..=0x7fff | 0xfefc | 0xfb17 | 0xfb1a)
}

/// Whether a server hello of this version has the shape of the drafts 18 to 21 of TLS 1.3.
#[must_use]
pub fn is_early_draft(version: u16) -> bool {
    matches!(version, 0x7f0e..=0x7f15)
}
