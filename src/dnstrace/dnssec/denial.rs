//! Proofs that something is not there: NSEC (RFC 4035 section 5.4) and NSEC3 (RFC 5155 section 8).

use std::cmp::Ordering;

use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, SHA1_OUTPUT_LEN, digest};

use super::super::Domain;
use super::set::RecordSet;
use crate::proto::dns::Name;

/// Most further rounds of a hash: whoever asks for more wants to keep resolvers busy (RFC 9276 section 3.2).
const MAX_ITERATIONS: u16 = 100;

const NS: u16 = 2;
const CNAME: u16 = 5;
const SOA: u16 = 6;
const DNAME: u16 = 39;
const DS: u16 = 43;
pub(super) const NSEC: u16 = 47;
pub(super) const NSEC3: u16 = 50;

/// What a proof amounts to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Proof {
    /// It is not there.
    Full,
    /// Nothing signed is there; something unsigned may be (RFC 5155 section 6).
    OptOut,
}

/// Which types a name has.
#[derive(Clone, Debug)]
struct Types(Vec<u8>);

impl Types {
    fn has(&self, kind: u16) -> bool {
        let [window, low] = kind.to_be_bytes();
        let mut rest = self.0.as_slice();
        while let [number, len, bits @ ..] = rest {
            let (bits, behind) = bits.split_at_checked(usize::from(*len)).unwrap_or((bits, &[]));
            if *number == window {
                let octet = bits.get(usize::from(low / 8)).copied().unwrap_or_default();
                return octet & (0x80 >> (low % 8)) != 0;
            }
            rest = behind;
        }
        false
    }

    /// Of a name whose zone is another, below.
    fn is_cut(&self) -> bool {
        self.has(NS) && !self.has(SOA)
    }
}

struct Nsec {
    owner: Domain,
    next: Domain,
    types: Types,
}

struct Nsec3 {
    hash: Vec<u8>,
    next: Vec<u8>,
    opt_out: bool,
    types: Types,
}

/// All records of proof in a response, their signatures checked.
#[derive(Default)]
pub(super) struct Denial {
    zone: Option<Domain>,
    nsec: Vec<Nsec>,
    nsec3: Vec<Nsec3>,
    /// Rounds and salt that all NSEC3 records have.
    salt: Option<(u16, Vec<u8>)>,
    /// Some had more rounds than [`MAX_ITERATIONS`].
    pub(super) too_many_rounds: bool,
}

impl Denial {
    pub(super) fn new(zone: &Domain) -> Self {
        Self { zone: Some(zone.clone()), ..Self::default() }
    }

    /// Adds a set whose signature is good.
    pub(super) fn add(&mut self, set: &RecordSet) {
        for data in &set.data {
            if set.kind == NSEC {
                self.nsec.extend(nsec(&set.owner, data));
            } else {
                self.add_nsec3(&set.owner, data);
            }
        }
    }

    fn add_nsec3(&mut self, owner: &Domain, data: &[u8]) -> Option<()> {
        let (&[1, flags, r0, r1, salt_len], rest) = data.split_first_chunk()? else { return None };
        // Other flags mean what is not known here (RFC 5155 section 8.2).
        if flags & !1 != 0 || self.zone.as_ref() != Some(&owner.above()) {
            return None;
        }
        let rounds = u16::from_be_bytes([r0, r1]);
        if rounds > MAX_ITERATIONS {
            self.too_many_rounds = true;
            return None;
        }
        let (salt, rest) = rest.split_at_checked(usize::from(salt_len))?;
        let (&[next_len], rest) = rest.split_first_chunk()?;
        let (next, types) = rest.split_at_checked(usize::from(next_len))?;
        let salted = (rounds, salt.to_vec());
        if self.salt.get_or_insert_with(|| salted.clone()) != &salted {
            return None;
        }
        let hash = base32(owner.name().labels().next()?)?;
        if hash.len() != SHA1_OUTPUT_LEN || next.len() != SHA1_OUTPUT_LEN {
            return None;
        }
        let types = Types(types.to_vec());
        self.nsec3.push(Nsec3 { hash, next: next.to_vec(), opt_out: flags & 1 != 0, types });
        Some(())
    }

    fn hash(&self, name: &Domain) -> Vec<u8> {
        let Some((rounds, salt)) = &self.salt else { return Vec::new() };
        let mut hash = name.folded();
        for _ in 0..=*rounds {
            hash.extend(salt);
            hash = digest(&SHA1_FOR_LEGACY_USE_ONLY, &hash).as_ref().to_vec();
        }
        hash
    }

    /// The types of a name that is there.
    fn types(&self, name: &Domain) -> Option<&Types> {
        let plain = self.nsec.iter().find(|nsec| nsec.owner == *name).map(|nsec| &nsec.types);
        plain.or_else(|| {
            let hash = if self.nsec3.is_empty() { return None } else { self.hash(name) };
            self.nsec3.iter().find(|nsec3| nsec3.hash == hash).map(|nsec3| &nsec3.types)
        })
    }

    /// NSEC records whose gap the name is in: none of its own is there.
    fn gaps(&self, name: &Domain) -> impl Iterator<Item = &Nsec> {
        self.zone
            .iter()
            .flat_map(move |zone| self.nsec.iter().filter(move |nsec| nsec.has_in_gap(name, zone)))
    }

    /// Whether the name is shown not to be there.
    fn covers(&self, name: &Domain) -> Option<Proof> {
        if self.gaps(name).any(|nsec| !nsec.is_above_next(name)) {
            return Some(Proof::Full);
        }
        let hash = if self.nsec3.is_empty() { return None } else { self.hash(name) };
        let covering = self.nsec3.iter().find(|nsec3| {
            let (above, below) = (nsec3.hash < hash, hash < nsec3.next);
            if nsec3.hash < nsec3.next { above && below } else { above || below }
        })?;
        Some(if covering.opt_out { Proof::OptOut } else { Proof::Full })
    }

    /// The nearest name above that is there, as NSEC records show that the name itself is not.
    fn beside_gap(&self, name: &Domain) -> Option<Domain> {
        let gaps = self.gaps(name).filter(|nsec| !nsec.is_above_next(name));
        gaps.map(|nsec| nsec.encloser(name)).max_by_key(Domain::label_count)
    }

    /// The nearest name above that is there, and what shows that the name below it is not.
    fn encloser(&self, name: &Domain) -> Option<(Domain, Proof)> {
        let zone = self.zone.as_ref().filter(|zone| name.is_within(zone))?;
        if let Some(above) = self.beside_gap(name) {
            return Some((above, Proof::Full));
        }
        if self.nsec3.is_empty() {
            return None;
        }
        for labels in (zone.label_count()..name.label_count()).rev() {
            let above = name.last_labels(labels);
            let next_closer = name.last_labels(labels.saturating_add(1));
            if let Some(types) = self.types(&above) {
                let is_usable = !types.is_cut() && !types.has(DNAME);
                return self.covers(&next_closer).filter(|_| is_usable).map(|proof| (above, proof));
            }
        }
        None
    }

    /// That a zone below has no DS record.
    pub(super) fn no_ds(&self, child: &Domain) -> Option<Proof> {
        match self.types(child) {
            Some(types) if types.is_cut() && !types.has(DS) => Some(Proof::Full),
            Some(_) => None,
            None => self.encloser(child).map(|(_, proof)| proof).filter(|proof| *proof == Proof::OptOut),
        }
    }

    /// That a name is not there, nor a wildcard in its place.
    pub(super) fn no_name(&self, name: &Domain) -> Option<Proof> {
        let (above, proof) = self.encloser(name)?;
        self.covers(&wildcard(&above)?)?;
        Some(proof)
    }

    /// That a name has no records of a type.
    pub(super) fn no_data(&self, name: &Domain, kind: u16) -> Option<Proof> {
        // Of DS records the zone above tells, and no zone of itself (RFC 6840 section 4.4); the root has none above.
        let is_of_side = |types: &Types| match kind {
            DS => !types.has(SOA) || name.is_root(),
            _ => !types.is_cut(),
        };
        let lacks = |types: &Types| !types.has(kind) && !types.has(CNAME) && is_of_side(types);
        // A name that only has names below it has no types (RFC 4592 section 2.2.2).
        let is_empty = |name: &Domain| self.gaps(name).any(|nsec| nsec.is_above_next(name));
        if let Some(types) = self.types(name) {
            return lacks(types).then_some(Proof::Full);
        }
        if is_empty(name) {
            return Some(Proof::Full);
        }
        let (above, proof) = self.encloser(name)?;
        // Names that only have unsigned zones below them may be left out, too (RFC 5155 section 6).
        if proof == Proof::OptOut {
            return Some(proof);
        }
        let wildcard = wildcard(&above)?;
        let by_wildcard = self.types(&wildcard).map_or_else(|| is_empty(&wildcard), lacks);
        by_wildcard.then_some(proof)
    }

    /// That a name which a wildcard of so many labels, the asterisk not counted, stands for is not there itself, nor one
    /// between them (RFC 4035 section 5.3.4, RFC 5155 section 8.8).
    pub(super) fn no_closer(&self, name: &Domain, labels: usize) -> Option<Proof> {
        match self.beside_gap(name) {
            Some(above) => (above.label_count() == labels).then_some(Proof::Full),
            None if self.nsec3.is_empty() => None,
            None => self.covers(&name.last_labels(labels.saturating_add(1))),
        }
    }
}

impl Nsec {
    /// Whether the name would stand between owner and next: no records are there, be it because it only has names below it.
    fn has_in_gap(&self, name: &Domain, zone: &Domain) -> bool {
        // What is said at a zone's end says nothing of the zone below (RFC 6840 section 4.1).
        if !name.is_within(zone)
            || name.is_within(&self.owner) && (self.types.is_cut() || self.types.has(DNAME))
        {
            return false;
        }
        // Behind the last name comes the first (RFC 4034 section 4.1.1).
        let is_last = self.next == *zone;
        order(&self.owner, name) == Ordering::Less && (is_last || order(name, &self.next) == Ordering::Less)
    }

    /// Whether a name that has no records is there all the same, since the next one is below it.
    fn is_above_next(&self, name: &Domain) -> bool {
        self.next.is_within(name)
    }

    /// The nearest name above one in the gap that is there: owner and next are, and all names above them.
    fn encloser(&self, name: &Domain) -> Domain {
        let shared = |other: &Domain| {
            let mut all = (0..=name.label_count()).rev().map(|labels| name.last_labels(labels));
            all.find(|above| other.is_within(above)).unwrap_or_else(Domain::root)
        };
        let (owner, next) = (shared(&self.owner), shared(&self.next));
        if owner.label_count() > next.label_count() { owner } else { next }
    }
}

fn nsec(owner: &Domain, data: &[u8]) -> Option<Nsec> {
    // Nothing is packed in it (RFC 4034 section 4.1.1).
    let name = Name::read(data, 0);
    let types = Types(data.get(name.place().end..)?.to_vec());
    Some(Nsec { owner: owner.clone(), next: Domain::of(&name)?, types })
}

fn wildcard(above: &Domain) -> Option<Domain> {
    Domain::parse("*").ok()?.with_end(&Domain::root(), above)
}

/// RFC 4034 section 6.1: by labels from the right, in lower case.
fn order(a: &Domain, b: &Domain) -> Ordering {
    let labels = |domain: &Domain| {
        let mut labels: Vec<Vec<u8>> = domain.name().labels().map(<[u8]>::to_ascii_lowercase).collect();
        labels.reverse();
        labels
    };
    labels(a).cmp(&labels(b))
}

/// RFC 4648 section 7.
fn base32(text: &[u8]) -> Option<Vec<u8>> {
    let (mut bits, mut count, mut bytes) = (0_u32, 0, Vec::new());
    for byte in text.to_ascii_lowercase() {
        let value = match byte {
            b'0'..=b'9' => byte - b'0',
            b'a'..=b'v' => byte - b'a' + 10,
            _ => return None,
        };
        bits = bits << 5 | u32::from(value);
        count += 5;
        if count >= 8 {
            count -= 8;
            bytes.push(u8::try_from(bits >> count).ok()?);
            bits &= (1 << count) - 1;
        }
    }
    Some(bytes)
}
