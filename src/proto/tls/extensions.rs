//! Extensions of the hello messages (IANA, TLS ExtensionType Values).

use super::reader::Reader;

/// Numbers of extensions.
pub mod extension {
    /// RFC 6066.
    pub const SERVER_NAME: u16 = 0;
    /// RFC 6066.
    pub const MAX_FRAGMENT_LENGTH: u16 = 1;
    /// RFC 6066.
    pub const STATUS_REQUEST: u16 = 5;
    /// RFC 8446, before that elliptic curves.
    pub const SUPPORTED_GROUPS: u16 = 10;
    /// RFC 8422.
    pub const EC_POINT_FORMATS: u16 = 11;
    /// RFC 5054.
    pub const SRP: u16 = 12;
    /// RFC 8446.
    pub const SIGNATURE_ALGORITHMS: u16 = 13;
    /// RFC 5764.
    pub const USE_SRTP: u16 = 14;
    /// RFC 6520.
    pub const HEARTBEAT: u16 = 15;
    /// RFC 7301.
    pub const ALPN: u16 = 16;
    /// RFC 6961.
    pub const STATUS_REQUEST_V2: u16 = 17;
    /// RFC 6962.
    pub const SIGNED_CERTIFICATE_TIMESTAMP: u16 = 18;
    /// RFC 7685.
    pub const PADDING: u16 = 21;
    /// RFC 8879.
    pub const COMPRESS_CERTIFICATE: u16 = 27;
    /// RFC 8449.
    pub const RECORD_SIZE_LIMIT: u16 = 28;
    /// RFC 5077.
    pub const SESSION_TICKET: u16 = 35;
    /// Key share of drafts of TLS 1.3.
    pub const KEY_SHARE_DRAFT: u16 = 40;
    /// RFC 8446.
    pub const PRE_SHARED_KEY: u16 = 41;
    /// RFC 8446.
    pub const EARLY_DATA: u16 = 42;
    /// RFC 8446.
    pub const SUPPORTED_VERSIONS: u16 = 43;
    /// RFC 8446.
    pub const COOKIE: u16 = 44;
    /// RFC 8446.
    pub const PSK_KEY_EXCHANGE_MODES: u16 = 45;
    /// RFC 8446.
    pub const SIGNATURE_ALGORITHMS_CERT: u16 = 50;
    /// RFC 8446.
    pub const KEY_SHARE: u16 = 51;
    /// RFC 9001.
    pub const QUIC_TRANSPORT_PARAMETERS: u16 = 57;
    /// Next Protocol Negotiation, before ALPN.
    pub const NEXT_PROTOCOL: u16 = 13172;
    /// Application-layer protocol settings, a draft that browsers use.
    pub const APPLICATION_SETTINGS: u16 = 17513;
    /// Transport parameters of drafts of QUIC.
    pub const QUIC_TRANSPORT_PARAMETERS_DRAFT: u16 = 0xffa5;
    /// RFC 5746.
    pub const RENEGOTIATION_INFO: u16 = 0xff01;
}

/// One extension.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extension<'a> {
    /// See [`extension`].
    pub kind: u16,
    /// What it says.
    pub body: &'a [u8],
}

/// The extensions of a hello, in their order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Extensions<'a> {
    bytes: &'a [u8],
}

impl<'a> Extensions<'a> {
    /// The extensions in `bytes`, which begin with the length of all; none where there are no bytes. Where fewer bytes
    /// are there than that, those.
    #[must_use]
    pub fn read(bytes: &'a [u8]) -> Self {
        let mut reader = Reader::new(bytes);
        let len = reader.word().map_or(0, usize::from);
        let rest = reader.rest();
        Self { bytes: rest.get(..len).unwrap_or(rest) }
    }

    /// One after the other; the list ends where one claims more bytes than there are.
    pub fn iter(&self) -> impl Iterator<Item = Extension<'a>> + use<'a> {
        let mut reader = Reader::new(self.bytes);
        std::iter::from_fn(move || {
            let kind = reader.word()?;
            let body = reader.vector(2)?;
            Some(Extension { kind, body })
        })
    }

    /// The body of the first that is `kind`.
    #[must_use]
    pub fn find(&self, kind: u16) -> Option<&'a [u8]> {
        self.iter().find(|extension| extension.kind == kind).map(|extension| extension.body)
    }

    /// Names of hosts (RFC 6066 section 3).
    pub fn server_names(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        let list = self.find(extension::SERVER_NAME).and_then(|body| Reader::new(body).vector(2));
        let mut reader = Reader::new(list.unwrap_or(&[]));
        std::iter::from_fn(move || {
            let kind = reader.byte()?;
            Some((kind, reader.vector(2)?))
        })
        .filter_map(|(kind, name)| (kind == 0).then_some(name))
    }

    /// Names of protocols (RFC 7301 section 3.1).
    pub fn alpn(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        let list = self.find(extension::ALPN).and_then(|body| Reader::new(body).vector(2));
        let mut reader = Reader::new(list.unwrap_or(&[]));
        std::iter::from_fn(move || reader.vector(1))
    }
}
