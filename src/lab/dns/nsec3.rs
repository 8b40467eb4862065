//! Proofs that something is not there: NSEC3 records (RFC 5155), without salt and extra iterations (RFC 9276).

use std::collections::{BTreeMap, BTreeSet};

use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};

use super::data::base32;
use super::record::{Kind, Set};
use super::{Name, Zone};

/// Hash algorithm 1, SHA-1, the only one there is (RFC 5155 section 11).
const SHA_1: u8 = 1;

/// Bytes of a hash.
const HASH_BYTES: u8 = 20;

/// The flag that delegations without DS may lie between two records (RFC 5155 section 3.1.2.1).
const OPT_OUT: u8 = 1;

/// A name's hash.
pub type Hash = Vec<u8>;

/// All NSEC3 records of a zone, in the order of their hashes; the last is followed by the first.
#[derive(Clone, Debug, Default)]
pub struct Chain {
    links: Vec<Link>,
}

/// One of them.
#[derive(Clone, Debug)]
pub struct Link {
    hash: Hash,
    /// The record's owner: the hash before the apex.
    pub owner: Name,
    /// The record and, once the zone is signed, its signature.
    pub set: Set,
}

/// The hash of a name (RFC 5155 section 5).
#[must_use]
pub(super) fn hash(name: &Name) -> Hash {
    digest(&SHA1_FOR_LEGACY_USE_ONLY, name.wire()).as_ref().to_vec()
}

impl Chain {
    /// The chain of a zone that has all its other records; not signed yet.
    #[must_use]
    pub fn build(zone: &Zone, opt_out: bool) -> Self {
        let mut names: BTreeSet<Name> = BTreeSet::new();
        for (name, sets) in zone.nodes().filter(|(name, sets)| !sets.is_empty() && is_told(zone, name)) {
            let is_unsigned_cut = zone.cut(name).is_some() && !sets.iter().any(|set| set.kind == Kind::DS);
            if !(opt_out && is_unsigned_cut) {
                // Names between that have no records of their own are told as well (RFC 5155 section 7.1).
                names.extend(name.and_above().take_while(|name| name.is_within(&zone.apex)));
            }
        }
        let mut hashed: Vec<(Hash, &Name)> = names.iter().map(|name| (hash(name), name)).collect();
        hashed.sort();
        let next = hashed.iter().map(|(hash, _)| hash).cycle().skip(1);
        let links = hashed.iter().zip(next).filter_map(|((hash, name), next)| {
            let mut data = vec![SHA_1, u8::from(opt_out) * OPT_OUT, 0, 0, 0, HASH_BYTES];
            data.extend_from_slice(next);
            data.extend(bitmap(kinds(zone, name)));
            let set = Set::new(Kind::NSEC3, zone.negative_ttl(), vec![data]);
            // A zone whose name leaves no room for that was not built.
            let owner = zone.apex.with_label(base32(hash).as_bytes()).ok()?;
            Some(Link { hash: hash.clone(), owner, set })
        });
        Self { links: links.collect() }
    }

    /// Its records.
    #[must_use]
    pub fn links(&self) -> &[Link] {
        &self.links
    }

    pub(super) fn links_mut(&mut self) -> &mut [Link] {
        &mut self.links
    }

    /// The record that says what a name has; `None` where the name is not told.
    #[must_use]
    pub fn matching(&self, name: &Name) -> Option<&Link> {
        let hash = hash(name);
        let at = self.links.binary_search_by(|link| link.hash.cmp(&hash)).ok()?;
        self.links.get(at)
    }

    /// The record between whose hash and the next one a name's hash lies: there is no such name.
    #[must_use]
    pub fn covering(&self, name: &Name) -> Option<&Link> {
        let hash = hash(name);
        match self.links.binary_search_by(|link| link.hash.cmp(&hash)) {
            Ok(_) => None,
            Err(0) => self.links.last(),
            Err(at) => self.links.get(at - 1),
        }
    }

    /// That `name` is not there: the record of the closest name above that is told, and the one that covers the name
    /// right below that on the way to `name` (RFC 5155 section 7.2.1). The name above comes first.
    pub fn not_there<'a>(&'a self, name: &Name) -> (Option<Name>, Vec<&'a Link>) {
        let mut below = None;
        for candidate in name.and_above() {
            if let Some(link) = self.matching(&candidate) {
                let covering = below.as_ref().and_then(|below| self.covering(below));
                return (Some(candidate), std::iter::once(link).chain(covering).collect());
            }
            below = Some(candidate);
        }
        (None, Vec::new())
    }
}

/// Whether the zone speaks for the name: it, or its cut, but nothing below a cut.
fn is_told(zone: &Zone, name: &Name) -> bool {
    zone.cut(name).is_none_or(|cut| cut == name)
}

/// The types that a name has here.
fn kinds(zone: &Zone, name: &Name) -> BTreeSet<Kind> {
    let sets = zone.sets(name).unwrap_or_default();
    let mut kinds: BTreeSet<Kind> = if zone.cut(name).is_some() {
        sets.iter().map(|set| set.kind).filter(|kind| matches!(*kind, Kind::NS | Kind::DS)).collect()
    } else {
        sets.iter().map(|set| set.kind).collect()
    };
    let is_signed = if zone.cut(name).is_some() { kinds.contains(&Kind::DS) } else { !kinds.is_empty() };
    if is_signed {
        kinds.insert(Kind::RRSIG);
    }
    kinds
}

/// Types as bits, a window for each that has any (RFC 4034 section 4.1.2).
fn bitmap(kinds: BTreeSet<Kind>) -> Vec<u8> {
    let mut windows: BTreeMap<u8, Vec<u8>> = BTreeMap::new();
    for Kind(code) in kinds {
        let [window, low] = code.to_be_bytes();
        let bits = windows.entry(window).or_default();
        bits.resize(usize::from(low / 8) + 1, 0);
        if let Some(last) = bits.last_mut() {
            *last |= 0x80 >> (low % 8);
        }
    }
    windows
        .into_iter()
        .flat_map(|(window, bits)| {
            let used = u8::try_from(bits.len()).unwrap_or_default();
            [window, used].into_iter().chain(bits)
        })
        .collect()
}
