//! Keys, digests and signatures (RFC 4034 section 5.1 and appendix B, RFC 5702, RFC 6605, RFC 8080).

use ring::digest::{SHA256, SHA384, digest};
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ED25519,
    RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY, RSA_PKCS1_1024_8192_SHA512_FOR_LEGACY_USE_ONLY,
    RsaPublicKeyComponents, UnparsedPublicKey,
};

use super::super::Domain;

/// RSA with SHA-256 and SHA-512, ECDSA on P-256 and P-384, Ed25519.
const ALGORITHMS: [u8; 5] = [8, 10, 13, 14, 15];

/// SHA-256 and SHA-384.
const DIGESTS: [u8; 2] = [2, 4];

/// The flag of a key that signs a zone's records (RFC 4034 section 2.1.1).
const ZONE_KEY: u16 = 0x0100;
/// The flag of a key that is no longer valid (RFC 5011 section 3).
const REVOKED: u16 = 0x0080;

/// A DNSKEY record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Key {
    pub(super) tag: u16,
    pub(super) algorithm: u8,
    /// All of the record's data.
    pub(super) data: Vec<u8>,
}

/// A DS record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Delegation {
    pub(super) tag: u16,
    pub(super) algorithm: u8,
    pub(super) digest_kind: u8,
    pub(super) digest: Vec<u8>,
}

impl Key {
    /// A key that signs a zone's records; `None` for others.
    pub(super) fn read(data: &[u8]) -> Option<Self> {
        let &[f0, f1, protocol, algorithm] = data.first_chunk()?;
        let flags = u16::from_be_bytes([f0, f1]);
        let is_for_zones = flags & ZONE_KEY != 0 && flags & REVOKED == 0 && protocol == 3;
        is_for_zones.then(|| Self { tag: key_tag(data), algorithm, data: data.to_vec() })
    }

    /// Whether `signature` is this key's over `signed`.
    pub(super) fn has_signed(&self, signed: &[u8], signature: &[u8]) -> bool {
        let public = self.data.get(4..).unwrap_or_default();
        // RFC 6605 section 4 leaves out the byte that says that both coordinates follow.
        let point = || [&[4], public].concat();
        match self.algorithm {
            8 => rsa(public, &RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY, signed, signature),
            10 => rsa(public, &RSA_PKCS1_1024_8192_SHA512_FOR_LEGACY_USE_ONLY, signed, signature),
            13 => UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point()).verify(signed, signature).is_ok(),
            14 => UnparsedPublicKey::new(&ECDSA_P384_SHA384_FIXED, point()).verify(signed, signature).is_ok(),
            15 => UnparsedPublicKey::new(&ED25519, public).verify(signed, signature).is_ok(),
            _ => false,
        }
    }
}

/// Exponent behind its length of one byte, or of a zero and two; then the modulus (RFC 3110 section 2).
fn rsa(public: &[u8], how: &'static ring::signature::RsaParameters, signed: &[u8], signature: &[u8]) -> bool {
    let (len, rest) = match public {
        [0, high, low, rest @ ..] => (usize::from(u16::from_be_bytes([*high, *low])), rest),
        [len, rest @ ..] => (usize::from(*len), rest),
        [] => return false,
    };
    let Some((e, n)) = rest.split_at_checked(len) else { return false };
    RsaPublicKeyComponents { n, e }.verify(how, signed, signature).is_ok()
}

impl Delegation {
    pub(super) fn read(data: &[u8]) -> Option<Self> {
        let (&[t0, t1, algorithm, digest_kind], digest) = data.split_first_chunk()?;
        Some(Self { tag: u16::from_be_bytes([t0, t1]), algorithm, digest_kind, digest: digest.to_vec() })
    }

    /// Whether algorithm and digest are known here.
    pub(super) fn is_supported(&self) -> bool {
        ALGORITHMS.contains(&self.algorithm) && DIGESTS.contains(&self.digest_kind)
    }

    /// Whether it is about this key of `zone`.
    pub(super) fn is_of(&self, zone: &Domain, key: &Key) -> bool {
        let how = match self.digest_kind {
            2 => &SHA256,
            4 => &SHA384,
            _ => return false,
        };
        self.tag == key.tag
            && self.algorithm == key.algorithm
            && digest(how, &[zone.folded(), key.data.clone()].concat()).as_ref() == self.digest
    }
}

/// A sum over the data of a DNSKEY record (RFC 4034 appendix B).
pub(super) fn key_tag(data: &[u8]) -> u16 {
    let sum = data.chunks(2).fold(0_u32, |sum, pair| {
        let high = pair.first().map_or(0, |&byte| u32::from(byte) << 8);
        sum.wrapping_add(high).wrapping_add(pair.get(1).map_or(0, |&byte| u32::from(byte)))
    });
    let folded = sum.wrapping_add(sum >> 16) & 0xffff;
    u16::try_from(folded).unwrap_or_default()
}
