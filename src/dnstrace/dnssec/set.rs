//! Sets of records with their signatures, in the form that is signed (RFC 4034 sections 3.1.8.1 and 6).

use super::super::{Alias, AliasKind, Domain};
use super::{CNAME, DNAME};
use crate::proto::dns::{Message, Name, Record, Section};

/// Most records of a set that are looked at: a message holds some thousand.
const MAX_RECORDS: usize = 4096;

/// Most signatures of a set that are tried: a zone that changes keys has two.
const MAX_SIGNATURES: usize = 8;

/// The Internet's class.
const IN: u16 = 1;
const RRSIG: u16 = 46;

/// Where names stand in a record's data.
#[derive(Clone, Copy)]
enum Before {
    /// Behind so many bytes.
    Bytes(usize),
    /// Behind so many bytes and so many strings, each behind its length.
    Strings(usize, usize),
    /// Behind the end of an address, if the first byte says that the rest has a name (RFC 2874 section 3.1.1).
    Suffix,
}

/// Where names stand in record data that are signed in lower case (RFC 4034 section 6.2, RFC 6840 section 5.1, which takes out
/// NSEC): type, what is before, how many names. HINFO is in that list and has none; RRSIG is, and is not signed itself.
const NAMES: [(u16, Before, usize); 22] = [
    (2, Before::Bytes(0), 1),
    (3, Before::Bytes(0), 1),
    (4, Before::Bytes(0), 1),
    (5, Before::Bytes(0), 1),
    (6, Before::Bytes(0), 2),
    (7, Before::Bytes(0), 1),
    (8, Before::Bytes(0), 1),
    (9, Before::Bytes(0), 1),
    (12, Before::Bytes(0), 1),
    (14, Before::Bytes(0), 2),
    (15, Before::Bytes(2), 1),
    (17, Before::Bytes(0), 2),
    (18, Before::Bytes(2), 1),
    (21, Before::Bytes(2), 1),
    (24, Before::Bytes(18), 1),
    (26, Before::Bytes(2), 2),
    (30, Before::Bytes(0), 1),
    (33, Before::Bytes(6), 1),
    (35, Before::Strings(4, 3), 1),
    (36, Before::Bytes(2), 1),
    (38, Before::Suffix, 1),
    (39, Before::Bytes(0), 1),
];

impl Before {
    /// How many bytes that is in this data; `None` where no name follows.
    fn len(self, data: &[u8]) -> Option<usize> {
        match self {
            Self::Bytes(count) => Some(count),
            Self::Strings(before, count) => (0..count).try_fold(before, |at, _| {
                let len = usize::from(*data.get(at)?);
                at.checked_add(len)?.checked_add(1)
            }),
            Self::Suffix => {
                let prefix = data.first().copied().filter(|bits| (1..=128).contains(bits))?;
                Some(1 + usize::from((128 - prefix).div_ceil(8)))
            }
        }
    }
}

/// The records of one owner and type in one section, with the signatures over them.
#[derive(Clone, Debug)]
pub struct RecordSet {
    /// Whose records these are.
    pub owner: Domain,
    /// Their type.
    pub kind: u16,
    /// Seconds that all of them may be kept: no longer than the signatures allow (RFC 4035 section 5.3.3).
    pub ttl: u32,
    /// Data in the form that is signed: nothing packed, names in lower case; sorted.
    pub data: Vec<Vec<u8>>,
    /// The first eight signatures.
    pub signatures: Vec<Signature>,
}

/// An RRSIG record (RFC 4034 section 3.1).
#[derive(Clone, Debug)]
pub struct Signature {
    pub(super) algorithm: u8,
    pub(super) labels: u8,
    pub(super) ttl: u32,
    pub(super) expiration: u32,
    pub(super) inception: u32,
    pub(super) key_tag: u16,
    pub(super) signer: Domain,
    pub(super) bytes: Vec<u8>,
    /// What stands before the signer's name.
    fixed: [u8; 18],
}

impl RecordSet {
    /// The records of `owner` and `kind` in a section; `None` without any.
    #[must_use]
    pub fn of(message: &Message<'_>, section: Section, owner: &Domain, kind: u16) -> Option<Self> {
        let here = || {
            let records = message.section(section).filter(|record| record.class == IN);
            records.filter(|record| record.name.is_same(&owner.name()))
        };
        let records = here().filter(|record| record.kind == kind);
        let mut data: Vec<Vec<u8>> = records.take(MAX_RECORDS).map(canonical).collect();
        data.sort_unstable();
        data.dedup();
        let signatures = here().filter(|record| record.kind == RRSIG).filter_map(Signature::read);
        let signatures = signatures.filter(|(covered, _)| *covered == kind).map(|(_, signature)| signature);
        let signatures: Vec<Signature> = signatures.take(MAX_SIGNATURES).collect();
        let told = here().filter(|record| record.kind == kind).map(|record| record.ttl);
        let ttl = told.chain(signatures.iter().map(|signature| signature.ttl)).min().unwrap_or_default();
        (!data.is_empty()).then(|| Self { owner: owner.clone(), kind, ttl, data, signatures })
    }

    /// What a signature is over.
    pub(super) fn signed(&self, signature: &Signature) -> Vec<u8> {
        let mut bytes = signature.fixed.to_vec();
        bytes.extend(signature.signer.folded());
        let labels = usize::from(signature.labels);
        let mut owner = self.owner.folded();
        if labels < self.labels() {
            owner = vec![1, b'*'];
            owner.extend(self.owner.last_labels(labels).folded());
        }
        for data in &self.data {
            bytes.extend(&owner);
            bytes.extend(self.kind.to_be_bytes());
            bytes.extend(IN.to_be_bytes());
            bytes.extend(signature.ttl.to_be_bytes());
            bytes.extend(u16::try_from(data.len()).unwrap_or(u16::MAX).to_be_bytes());
            bytes.extend(data);
        }
        bytes
    }

    /// The DNAME record above an alias that makes it what it is (RFC 6672 section 2.2); there may be others above.
    #[must_use]
    pub fn that_makes(alias: &Alias, zone: &Domain, message: &Message<'_>) -> Option<Self> {
        let above = (0..alias.from.label_count()).rev().map(|labels| alias.from.last_labels(labels));
        let mut sets = above
            .filter(|owner| owner.is_within(zone))
            .filter_map(|owner| Self::of(message, Section::Answer, &owner, DNAME));
        sets.find(|set| {
            let [target] = set.data.as_slice() else { return false };
            let target = Domain::of(&Name::read(target, 0));
            target.and_then(|target| alias.from.with_end(&set.owner, &target)).as_ref() == Some(&alias.to)
        })
    }

    /// The alias that these records are, if nobody signed it and a DNAME record in the answer makes it: what is signed, and
    /// has to come along, is that record (RFC 6672 section 5.3.1).
    #[must_use]
    pub fn made_alias(&self, zone: &Domain, message: &Message<'_>) -> Option<(Alias, Self)> {
        let [target] = self.data.as_slice() else { return None };
        if self.kind != CNAME || !self.signatures.is_empty() {
            return None;
        }
        let to = Domain::of(&Name::read(target, 0))?;
        let alias = Alias { from: self.owner.clone(), to, kind: AliasKind::Dname };
        let maker = Self::that_makes(&alias, zone, message)?;
        Some((alias, maker))
    }

    /// Labels of the owner as signatures count them: a leading asterisk is none.
    pub(super) fn labels(&self) -> usize {
        let is_wildcard = self.owner.wire().starts_with(&[1, b'*']);
        self.owner.label_count().saturating_sub(usize::from(is_wildcard))
    }
}

impl Signature {
    /// The data of its record, nothing packed.
    #[must_use]
    pub fn data(&self) -> Vec<u8> {
        [&self.fixed, self.signer.wire(), &self.bytes].concat()
    }

    /// The type that is covered, and the rest.
    fn read(record: &Record<'_>) -> Option<(u16, Self)> {
        let fixed: [u8; 18] = *record.data.first_chunk()?;
        let [c0, c1, algorithm, labels, t0, t1, t2, t3, e0, e1, e2, e3, i0, i1, i2, i3, k0, k1] = fixed;
        let name = record.name_at(fixed.len());
        let end = name.place().end.checked_sub(record.data_at)?;
        let signature = Self {
            algorithm,
            labels,
            ttl: u32::from_be_bytes([t0, t1, t2, t3]),
            expiration: u32::from_be_bytes([e0, e1, e2, e3]),
            inception: u32::from_be_bytes([i0, i1, i2, i3]),
            key_tag: u16::from_be_bytes([k0, k1]),
            signer: Domain::of(&name)?,
            bytes: record.data.get(end..)?.to_vec(),
            fixed,
        };
        Some((u16::from_be_bytes([c0, c1]), signature))
    }
}

/// A record's data with names written out in lower case; as it is where it has no names, or not those.
fn canonical(record: &Record<'_>) -> Vec<u8> {
    written_out(record).unwrap_or_else(|| record.data.to_vec())
}

fn written_out(record: &Record<'_>) -> Option<Vec<u8>> {
    let (_, before, names) = NAMES.iter().find(|(kind, ..)| *kind == record.kind)?;
    let mut at = before.len(record.data)?;
    let mut bytes = record.data.get(..at)?.to_vec();
    for _ in 0..*names {
        let name = record.name_at(at);
        bytes.extend(Domain::of(&name)?.folded());
        at = name.place().end.checked_sub(record.data_at)?;
    }
    bytes.extend(record.data.get(at..)?);
    Some(bytes)
}
