//! Keys and signatures, made when the servers start (RFC 4034, RFC 6605).

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use ring::digest::{SHA256, digest};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};

use super::nsec3::Chain;
use super::record::{Kind, Set};
use super::{Name, Zone};

/// ECDSA on the curve P-256 with SHA-256 (RFC 6605 section 2): small signatures that every validator knows.
const ALGORITHM: u8 = 13;

/// DS digests are SHA-256 (RFC 4509).
const DIGEST: u8 = 2;

/// The flag of a zone's key, and of one that the zone above points at (RFC 4034 section 2.1.1).
const ZONE_KEY: u16 = 0x0100;
const ENTRY_POINT: u16 = 0x0001;

/// Seconds that keys may be kept.
const KEY_TTL: u32 = 3_600;

/// How long before the start signatures begin to hold: clocks differ.
const BEFORE: Duration = Duration::from_secs(3_600);

/// How long they hold. Longer than any lab runs.
const VALID: Duration = Duration::from_secs(30 * 86_400);

/// The system gave no random bytes, or what it gave was no key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a signing key could not be made")]
pub struct NoKey;

/// From when to when signatures hold, in seconds since 1970, modulo 2³² (RFC 4034 section 3.1.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Validity {
    begin: u32,
    end: u32,
}

impl Validity {
    /// From a little before now, for a month.
    #[must_use]
    pub fn starting_now() -> Self {
        Self::from(SystemTime::now())
    }

    /// From a little before `now`, for a month.
    #[must_use]
    pub fn from(now: SystemTime) -> Self {
        let since = now.duration_since(UNIX_EPOCH).unwrap_or_default();
        let seconds =
            |since: Duration| u32::try_from(since.as_secs() & u64::from(u32::MAX)).unwrap_or_default();
        Self { begin: seconds(since.saturating_sub(BEFORE)), end: seconds(since + VALID) }
    }
}

/// The keys of one zone: one signs the keys, the other everything else.
pub struct Keys {
    entry: Key,
    zone: Key,
}

struct Key {
    pair: EcdsaKeyPair,
    /// The DNSKEY record's data.
    data: Vec<u8>,
    tag: u16,
}

impl Key {
    fn make(flags: u16, random: &SystemRandom) -> Result<Self, NoKey> {
        let made =
            EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, random).map_err(|_| NoKey)?;
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, made.as_ref(), random)
            .map_err(|_| NoKey)?;
        let [high, low] = flags.to_be_bytes();
        let mut data = vec![high, low, 3, ALGORITHM];
        // The point without the byte that says it is uncompressed (RFC 6605 section 4).
        data.extend(pair.public_key().as_ref().iter().skip(1));
        let tag = key_tag(&data);
        Ok(Self { pair, data, tag })
    }
}

/// RFC 4034 appendix B.
fn key_tag(data: &[u8]) -> u16 {
    let sum = data.chunks(2).fold(0_u32, |sum, pair| {
        let high = pair.first().copied().unwrap_or(0);
        sum + u32::from(u16::from_be_bytes([high, pair.get(1).copied().unwrap_or(0)]))
    });
    u16::try_from((sum + (sum >> 16)) & 0xffff).unwrap_or_default()
}

impl Keys {
    /// New ones.
    ///
    /// # Errors
    /// [`NoKey`] where the system has no random bytes.
    pub fn make(random: &SystemRandom) -> Result<Self, NoKey> {
        let entry = Key::make(ZONE_KEY | ENTRY_POINT, random)?;
        loop {
            // Keys of one tag are allowed, and confuse every reader.
            let zone = Key::make(ZONE_KEY, random)?;
            if zone.tag != entry.tag {
                return Ok(Self { entry, zone });
            }
        }
    }

    /// The DS record's data for these keys of a zone (RFC 4034 section 5.1.4).
    #[must_use]
    pub fn ds(&self, apex: &Name) -> Vec<u8> {
        let [high, low] = self.entry.tag.to_be_bytes();
        let mut data = vec![high, low, ALGORITHM, DIGEST];
        data.extend_from_slice(digest(&SHA256, &[apex.wire(), &self.entry.data].concat()).as_ref());
        data
    }

    /// The DNSKEY record's data of the key that the zone above points at.
    #[must_use]
    pub fn entry_point(&self) -> &[u8] {
        &self.entry.data
    }
}

/// Signs a zone which has all DS records of the zones below: adds keys, NSEC3 records and signatures.
///
/// # Errors
/// [`NoKey`] where the system has no random bytes, which signatures take as well.
pub(super) fn sign(
    zone: &mut Zone,
    keys: &Keys,
    validity: Validity,
    random: &SystemRandom,
) -> Result<(), NoKey> {
    let Some(signing) = zone.signing else { return Ok(()) };
    let apex = zone.apex.clone();
    zone.put(&apex, Set::new(Kind::DNSKEY, KEY_TTL, vec![keys.entry.data.clone(), keys.zone.data.clone()]));
    // Neither flags, iterations nor salt (RFC 9276 section 3.1); the flag of opting out has no place here.
    zone.put(&apex, Set::new(Kind::NSEC3PARAM, 0, vec![vec![1, 0, 0, 0, 0]]));
    let mut chain = Chain::build(zone, signing.opt_out);
    let signer = Signer { apex: &apex, validity, random };
    for link in chain.links_mut() {
        link.set.signatures = vec![signer.sign(&keys.zone, &link.owner, &link.set)?];
        spoil(&mut link.set, signing.broken);
    }
    // What stands at or below a cut is the other zone's, but for DS (RFC 4035 section 2.2).
    let cuts: Vec<Name> = zone.cuts().map(|(name, _)| name.clone()).collect();
    for (name, sets) in zone.nodes_mut() {
        let is_below = cuts.iter().any(|cut| name.is_within(cut));
        for set in sets.iter_mut().filter(|set| !is_below || set.kind == Kind::DS) {
            let key = if set.kind == Kind::DNSKEY { &keys.entry } else { &keys.zone };
            set.signatures = vec![signer.sign(key, name, set)?];
            spoil(set, signing.broken && set.kind != Kind::DNSKEY);
        }
    }
    zone.proofs = Some(chain);
    Ok(())
}

/// Turns a bit of each signature.
fn spoil(set: &mut Set, broken: bool) {
    for signature in set.signatures.iter_mut().filter(|_| broken) {
        if let Some(last) = signature.last_mut() {
            *last ^= 1;
        }
    }
}

struct Signer<'a> {
    apex: &'a Name,
    validity: Validity,
    random: &'a SystemRandom,
}

impl Signer<'_> {
    /// The data of the RRSIG record of a set (RFC 4034 section 3.1.8.1).
    fn sign(&self, key: &Key, owner: &Name, set: &Set) -> Result<Vec<u8>, NoKey> {
        // A wildcard's asterisk does not count (RFC 4034 section 3.1.3).
        let labels = owner.label_count() - usize::from(owner.is_wildcard());
        let mut data = set.kind.0.to_be_bytes().to_vec();
        data.extend([ALGORITHM, u8::try_from(labels).unwrap_or(u8::MAX)]);
        data.extend(set.ttl.to_be_bytes());
        data.extend(self.validity.end.to_be_bytes());
        data.extend(self.validity.begin.to_be_bytes());
        data.extend(key.tag.to_be_bytes());
        data.extend_from_slice(self.apex.wire());
        let mut signed = data.clone();
        for record in &set.data {
            signed.extend_from_slice(owner.wire());
            signed.extend(set.kind.0.to_be_bytes());
            signed.extend([0, 1]);
            signed.extend(set.ttl.to_be_bytes());
            signed.extend(u16::try_from(record.len()).unwrap_or(u16::MAX).to_be_bytes());
            signed.extend_from_slice(record);
        }
        let signature = key.pair.sign(self.random, &signed).map_err(|_| NoKey)?;
        data.extend_from_slice(signature.as_ref());
        Ok(data)
    }
}
