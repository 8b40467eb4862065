//! Packet headers (RFC 9000 section 17), which are the same in all versions as far as the connection ids (RFC 8999).

use crate::proto::tls::reader::Reader;

/// Longest connection id (RFC 9000 section 17.2).
pub const MAX_CONNECTION_ID: usize = 20;

/// Bytes at the end of a Retry packet that guard it.
pub const INTEGRITY_TAG: usize = 16;

/// A version of QUIC, as packets name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Version(pub u32);

impl Version {
    /// QUIC version 1 (RFC 9000).
    pub const V1: Self = Self(1);
    /// QUIC version 2 (RFC 9369).
    pub const V2: Self = Self(0x6b33_43cf);
    /// In a packet that offers versions.
    pub const NEGOTIATION: Self = Self(0);

    /// The number of the IETF draft that it follows, where it does; Facebook's versions follow the 27th.
    #[must_use]
    pub fn draft(self) -> Option<u32> {
        match self.0 {
            0xff00_0000..=0xff00_00ff => Some(self.0 & 0xff),
            0xface_b001 => Some(22),
            0xface_b002 => Some(27),
            0xface_b00e | 0xface_b010..=0xface_b013 => Some(27),
            // A drafts's version 2.
            0x709a_50c4 => Some(100),
            _ => None,
        }
    }

    /// Whether its Initial packets can be read.
    #[must_use]
    pub fn is_known(self) -> bool {
        self.salt().is_some()
    }

    /// Whether packet types and labels are those of version 2.
    #[must_use]
    pub fn is_second(self) -> bool {
        self == Self::V2 || self.draft() == Some(100)
    }

    /// What its Initial keys begin with (RFC 9001 section 5.2, RFC 9369 section 3.3.1, and the drafts).
    pub(super) fn salt(self) -> Option<&'static [u8; 20]> {
        const V1: [u8; 20] = [
            0x38, 0x76, 0x2c, 0xf7, 0xf5, 0x59, 0x34, 0xb3, 0x4d, 0x17, 0x9a, 0xe6, 0xa4, 0xc8, 0x0c, 0xad,
            0xcc, 0xbb, 0x7f, 0x0a,
        ];
        const V2: [u8; 20] = [
            0x0d, 0xed, 0xe3, 0xde, 0xf7, 0x00, 0xa6, 0xdb, 0x81, 0x93, 0x81, 0xbe, 0x6e, 0x26, 0x9d, 0xcb,
            0xf9, 0xbd, 0x2e, 0xd9,
        ];
        const DRAFT_29: [u8; 20] = [
            0xaf, 0xbf, 0xec, 0x28, 0x99, 0x93, 0xd2, 0x4c, 0x9e, 0x97, 0x86, 0xf1, 0x9c, 0x61, 0x11, 0xe0,
            0x43, 0x90, 0xa8, 0x99,
        ];
        const DRAFT_23: [u8; 20] = [
            0xc3, 0xee, 0xf7, 0x12, 0xc7, 0x2e, 0xbb, 0x5a, 0x11, 0xa7, 0xd2, 0x43, 0x2b, 0xb4, 0x63, 0x65,
            0xbe, 0xf9, 0xf5, 0x02,
        ];
        match (self, self.draft()) {
            (Self::V1, _) | (_, Some(33..=34)) => Some(&V1),
            (Self::V2, _) => Some(&V2),
            (_, Some(29..=32)) => Some(&DRAFT_29),
            (_, Some(23..=28)) => Some(&DRAFT_23),
            _ => None,
        }
    }
}

/// What kind of packet it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PacketKind {
    /// The handshake begins; anybody can read it.
    Initial,
    /// Data sent before the handshake is done.
    ZeroRtt,
    /// The rest of the handshake.
    Handshake,
    /// The server wants the client's address proved.
    Retry,
    /// The server offers other versions.
    VersionNegotiation,
    /// Everything after the handshake: a short header.
    Short,
    /// Of a version that is not known.
    Unknown,
}

/// A packet's header, as far as it is not protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header<'a> {
    /// Its kind.
    pub kind: PacketKind,
    /// Its first byte; the lower bits are protected.
    pub first: u8,
    /// Its version; of a short header [`Version::NEGOTIATION`], for it says none.
    pub version: Version,
    /// Whom it is for; of a short header empty, for its length is not told.
    pub dcid: &'a [u8],
    /// Who sends it.
    pub scid: &'a [u8],
    /// An Initial packet's token.
    pub token: &'a [u8],
    /// Offset of the packet number, or of what else follows the header.
    pub number_at: usize,
    /// Bytes of the whole packet.
    pub len: usize,
}

impl<'a> Header<'a> {
    /// The header that `bytes` begin with. A packet may be followed by others, except where its header does not say how long it is.
    #[must_use]
    pub fn read(bytes: &'a [u8]) -> Option<Self> {
        let mut reader = Reader::new(bytes);
        let first = reader.byte()?;
        if first & 0x80 == 0 {
            let (kind, version) = (PacketKind::Short, Version::NEGOTIATION);
            let len = bytes.len();
            return Some(Self { kind, first, version, dcid: &[], scid: &[], token: &[], number_at: 1, len });
        }
        let version = Version(u32::try_from(reader.number(4)?).ok()?);
        let dcid = reader.vector(1)?;
        let scid = reader.vector(1)?;
        let kind = kind_of(first, version);
        let is_numbered = matches!(kind, PacketKind::Initial | PacketKind::ZeroRtt | PacketKind::Handshake);
        if is_numbered && dcid.len().max(scid.len()) > MAX_CONNECTION_ID {
            return None;
        }
        let mut token: &[u8] = &[];
        if kind == PacketKind::Initial {
            let len = variable(&mut reader)?;
            token = reader.take(usize::try_from(len).ok()?)?;
        }
        let rest = if is_numbered { Some(usize::try_from(variable(&mut reader)?).ok()?) } else { None };
        let number_at = bytes.len().saturating_sub(reader.rest().len());
        let len = rest.map_or(bytes.len(), |rest| number_at.saturating_add(rest));
        Some(Self { kind, first, version, dcid, scid, token, number_at, len })
    }
}

/// RFC 9000 section 17.2, RFC 9369 section 3.2.
fn kind_of(first: u8, version: Version) -> PacketKind {
    if version == Version::NEGOTIATION {
        return PacketKind::VersionNegotiation;
    }
    if !version.is_known() && version.draft().is_none() {
        return PacketKind::Unknown;
    }
    let number = first >> 4 & 3;
    match if version.is_second() { number.wrapping_sub(1) & 3 } else { number } {
        0 => PacketKind::Initial,
        1 => PacketKind::ZeroRtt,
        2 => PacketKind::Handshake,
        _ => PacketKind::Retry,
    }
}

/// A number of one to eight bytes, whose first two bits say how many (RFC 9000 section 16).
pub(super) fn variable(reader: &mut Reader<'_>) -> Option<u64> {
    let len = 1_usize << (reader.rest().first()? >> 6);
    Some(reader.number(len)? & u64::MAX >> (66 - 8 * len))
}
