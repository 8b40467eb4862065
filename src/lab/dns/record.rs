//! Records by the set: all of one name and type (RFC 2181 section 5), their data as messages hold it.

use std::fmt;

/// A record type (RFC 1035 section 3.2.2 and after).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Kind(pub u16);

macro_rules! kinds {
    ($($name:ident = $code:literal,)*) => {
        #[allow(missing_docs, reason = "each is named as the RFCs name it")]
        impl Kind {
            $(pub const $name: Self = Self($code);)*
            const NAMED: &[(&str, Self)] = &[$((stringify!($name), Self::$name),)*];
        }
    };
}

kinds! {
    A = 1, NS = 2, CNAME = 5, SOA = 6, PTR = 12, HINFO = 13, MX = 15, TXT = 16, AAAA = 28, SRV = 33, NAPTR = 35,
    DNAME = 39, OPT = 41, DS = 43, SSHFP = 44, RRSIG = 46, NSEC = 47, DNSKEY = 48, NSEC3 = 50, NSEC3PARAM = 51,
    TLSA = 52, CDS = 59, CDNSKEY = 60, SVCB = 64, HTTPS = 65, SPF = 99, IXFR = 251, AXFR = 252, ANY = 255, CAA = 257,
}

impl Kind {
    /// The type of that name, or `TYPE` with its number (RFC 3597 section 5), in any case.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let upper = text.to_ascii_uppercase();
        let named = Self::NAMED.iter().find(|(name, _)| *name == upper).map(|(_, kind)| *kind);
        named.or_else(|| upper.strip_prefix("TYPE")?.parse().ok().map(Self))
    }

    /// Whether it is a type that no record set has: it stands for others, or for something about the message (RFC 6895 section 3.1).
    #[must_use]
    pub const fn is_meta(self) -> bool {
        matches!(self, Self(0 | 128..=255) | Self::OPT)
    }

    /// Where names stand in its data that may be compressed, or whose case does not count: how many bytes stand before
    /// the first, and how many follow one another (RFC 3597 section 4, RFC 4034 section 6.2).
    pub(super) const fn names(self) -> Option<(usize, usize)> {
        match self {
            Self::NS | Self::CNAME | Self::PTR | Self::DNAME => Some((0, 1)),
            Self::SOA => Some((0, 2)),
            Self::MX => Some((2, 1)),
            Self::SRV => Some((6, 1)),
            _ => None,
        }
    }

    /// Whether its names may be compressed: only those of RFC 1035 (RFC 3597 section 4).
    pub(super) const fn is_compressed(self) -> bool {
        matches!(self, Self::NS | Self::CNAME | Self::PTR | Self::SOA | Self::MX)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match Self::NAMED.iter().find(|(_, kind)| kind == self) {
            Some((name, _)) => out.write_str(name),
            None => write!(out, "TYPE{}", self.0),
        }
    }
}

impl fmt::Debug for Kind {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, out)
    }
}

/// All records of one name and type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Set {
    /// Their type.
    pub kind: Kind,
    /// Seconds that they may be kept.
    pub ttl: u32,
    /// The data of each, uncompressed, names in lower case, sorted (RFC 4034 section 6.3), none twice.
    pub data: Vec<Vec<u8>>,
    /// The data of their RRSIG records; empty where they are not signed.
    pub signatures: Vec<Vec<u8>>,
}

impl Set {
    /// A set of these records, not signed.
    #[must_use]
    pub fn new(kind: Kind, ttl: u32, mut data: Vec<Vec<u8>>) -> Self {
        data.sort();
        data.dedup();
        Self { kind, ttl, data, signatures: Vec::new() }
    }

    /// The names in its data, of NS, CNAME, MX and the like: the first of each record.
    pub fn targets(&self) -> impl Iterator<Item = super::Name> {
        let before = self.kind.names().map(|(before, _)| before);
        self.data.iter().filter_map(move |data| {
            let bytes = data.get(before?..)?;
            super::Name::read(bytes).map(|(name, _)| name)
        })
    }
}
