//! A zone: its records by name, where it is cut, what it is signed with.

use std::collections::BTreeMap;

use super::master::{Entry, Master, Order, ZoneFileError};
use super::nsec3::Chain;
use super::record::{Kind, Set};
use super::{Manner, Name};

/// Bytes of the label that a name's hash makes (RFC 5155 section 3): an NSEC3 record stands there before the apex.
const HASH_LABEL: usize = 32;

/// How a zone is to be signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Signing {
    /// Unsigned delegations need no NSEC3 record (RFC 5155 section 6).
    pub opt_out: bool,
    /// Signatures are broken on purpose, all but that of the keys.
    pub broken: bool,
}

/// How a server is to behave.
#[derive(Clone, Debug)]
pub(super) struct Mannered {
    /// The line that says so.
    pub(super) line: usize,
    pub(super) server: Name,
    pub(super) manner: Manner,
}

/// A zone.
#[derive(Clone, Debug)]
pub struct Zone {
    /// Where it came from.
    pub file: String,
    /// Its topmost name.
    pub apex: Name,
    /// How it is to be signed; `None` where it is not.
    pub signing: Option<Signing>,
    /// Servers that do not behave.
    pub(super) manners: Vec<Mannered>,
    /// Its NSEC3 records, once it is signed.
    pub proofs: Option<Chain>,
    /// The sets of each name; none where a name only has others below it (RFC 8020).
    nodes: BTreeMap<Name, Vec<Set>>,
}

impl Zone {
    /// The zone that a file holds.
    pub(super) fn build(file: &str, master: &Master) -> Result<Self, ZoneFileError> {
        let fail = |line: usize, what: String| ZoneFileError { file: file.to_owned(), line, what };
        let mut starts = master.entries.iter().filter(|entry| entry.kind == Kind::SOA);
        let soa = starts.next().ok_or_else(|| fail(1, "the zone has no SOA record".to_owned()))?;
        if let Some(second) = starts.next() {
            return Err(fail(second.line, format!("a second SOA record; the first is on line {}", soa.line)));
        }
        let mut zone = Self {
            file: file.to_owned(),
            apex: soa.owner.clone(),
            signing: None,
            manners: Vec::new(),
            proofs: None,
            nodes: BTreeMap::new(),
        };
        zone.obey(master).map_err(|(line, what)| fail(line, what))?;
        for entry in &master.entries {
            if !entry.owner.is_within(&zone.apex) {
                let what = format!(
                    "{} is not within the zone {}, which the SOA record on line {} names",
                    entry.owner, zone.apex, soa.line
                );
                return Err(fail(entry.line, what));
            }
            zone.add(entry).map_err(|what| fail(entry.line, what))?;
        }
        for entry in &master.entries {
            zone.check(entry).map_err(|what| fail(entry.line, what))?;
        }
        if zone.set(&zone.apex, Kind::NS).is_none() {
            return Err(fail(soa.line, format!("{} has no NS record: nobody would serve it", zone.apex)));
        }
        if zone.signing.is_some() && zone.apex.with_label(&[b'0'; HASH_LABEL]).is_err() {
            return Err(fail(soa.line, format!("{} is too long a name for a signed zone", zone.apex)));
        }
        for sets in zone.nodes.values_mut().flatten() {
            *sets = Set::new(sets.kind, sets.ttl, std::mem::take(&mut sets.data));
        }
        Ok(zone)
    }

    fn obey(&mut self, master: &Master) -> Result<(), (usize, String)> {
        for (line, order) in &master.orders {
            match order {
                Order::Sign { .. } if self.signing.is_some() => {
                    return Err((*line, "the zone is told to be signed twice".to_owned()));
                }
                Order::Sign { opt_out, broken } => {
                    self.signing = Some(Signing { opt_out: *opt_out, broken: *broken });
                }
                Order::Server(server, manner) => {
                    let mannered = Mannered { line: *line, server: server.clone(), manner: *manner };
                    self.manners.push(mannered);
                }
            }
        }
        Ok(())
    }

    fn add(&mut self, entry: &Entry) -> Result<(), String> {
        for above in entry.owner.and_above().take_while(|name| name.is_within(&self.apex)) {
            self.nodes.entry(above).or_default();
        }
        let sets = self.nodes.entry(entry.owner.clone()).or_default();
        match sets.iter_mut().find(|set| set.kind == entry.kind) {
            Some(set) if set.ttl != entry.ttl => Err(format!(
                "the time to live is {}, that of other {} records of {} is {}",
                entry.ttl, entry.kind, entry.owner, set.ttl
            )),
            Some(_) if matches!(entry.kind, Kind::CNAME | Kind::DNAME) => {
                Err(format!("{} has a second {} record", entry.owner, entry.kind))
            }
            Some(set) => {
                set.data.push(entry.data.clone());
                Ok(())
            }
            None => {
                sets.push(Set::new(entry.kind, entry.ttl, vec![entry.data.clone()]));
                Ok(())
            }
        }
    }

    /// What can only be judged when all records are there.
    fn check(&self, entry: &Entry) -> Result<(), String> {
        let Entry { owner, kind, .. } = entry;
        if *kind == Kind::CNAME && self.sets(owner).is_some_and(|sets| sets.len() > 1) {
            return Err(format!("{owner} is an alias (CNAME) and has other records"));
        }
        let above = owner.and_above().skip(1).take_while(|name| name.is_within(&self.apex));
        if let Some(moved) = above.into_iter().find(|name| self.set(name, Kind::DNAME).is_some()) {
            return Err(format!("{owner} is below {moved}, which a DNAME record moves elsewhere"));
        }
        if *kind == Kind::DS && self.set(owner, Kind::NS).is_none() {
            return Err(format!("{owner} has a DS record and is not delegated"));
        }
        let Some(cut) = self.cut(owner) else { return Ok(()) };
        let belongs =
            matches!(*kind, Kind::A | Kind::AAAA) || (owner == cut && matches!(*kind, Kind::NS | Kind::DS));
        if belongs {
            Ok(())
        } else if owner == cut {
            Err(format!("{owner} is delegated: its {kind} record belongs into its own zone"))
        } else {
            Err(format!(
                "{owner} is below {cut}, which is delegated: only addresses of name servers may stand here"
            ))
        }
    }

    /// The sets of a name; `None` where neither it nor a name below it has any.
    #[must_use]
    pub fn sets(&self, name: &Name) -> Option<&[Set]> {
        self.nodes.get(name).map(Vec::as_slice)
    }

    /// The set of a name and a type.
    #[must_use]
    pub fn set(&self, name: &Name, kind: Kind) -> Option<&Set> {
        self.sets(name)?.iter().find(|set| set.kind == kind)
    }

    /// Puts a set in the place of the one of its type, if there is one.
    pub(super) fn put(&mut self, name: &Name, set: Set) {
        let sets = self.nodes.entry(name.clone()).or_default();
        sets.retain(|other| other.kind != set.kind);
        sets.push(set);
    }

    /// Takes a set out.
    pub(super) fn remove(&mut self, name: &Name, kind: Kind) {
        if let Some(sets) = self.nodes.get_mut(name) {
            sets.retain(|set| set.kind != kind);
        }
    }

    /// All names with their sets, in the order of zones.
    pub fn nodes(&self) -> impl Iterator<Item = (&Name, &[Set])> {
        self.nodes.iter().map(|(name, sets)| (name, sets.as_slice()))
    }

    pub(super) fn nodes_mut(&mut self) -> impl Iterator<Item = (&Name, &mut Vec<Set>)> {
        self.nodes.iter_mut()
    }

    /// The SOA record; a zone has one, or it was not built.
    #[must_use]
    pub fn soa(&self) -> Option<&Set> {
        self.set(&self.apex, Kind::SOA)
    }

    /// Seconds that a "no" may be kept: RFC 2308 section 5.
    #[must_use]
    pub fn negative_ttl(&self) -> u32 {
        let Some(soa) = self.soa() else { return 0 };
        let minimum =
            soa.data.first().and_then(|data| data.last_chunk().copied()).map_or(0, u32::from_be_bytes);
        soa.ttl.min(minimum)
    }

    /// Where the zone ends on the way down to `name`: the topmost name below the apex that is delegated, `name` included.
    #[must_use]
    pub fn cut(&self, name: &Name) -> Option<&Name> {
        let on_the_way: Vec<&[u8]> = name.suffixes().collect();
        let below_apex = on_the_way.len().saturating_sub(self.apex.label_count() + 1);
        on_the_way.iter().take(below_apex).rev().find_map(|suffix| {
            let (name, sets) = self.nodes.get_key_value(&Name::read(suffix)?.0)?;
            sets.iter().any(|set| set.kind == Kind::NS).then_some(name)
        })
    }

    /// The names that are delegated.
    pub fn cuts(&self) -> impl Iterator<Item = (&Name, &Set)> {
        self.nodes.iter().filter(|(name, _)| **name != self.apex).filter_map(|(name, sets)| {
            let servers = sets.iter().find(|set| set.kind == Kind::NS)?;
            Some((name, servers))
        })
    }
}
