//! What can only be judged of all zones together: names that lead nowhere, and zones that nothing leads to.
//!
//! What is an error and what a notice follows BIND's named-checkzone: a zone whose own name server has no address in it
//! is not served, about other names that lead nowhere there is a word.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::IpAddr;

use super::master::{Entry, Master, Notice, ZoneFileError};
use super::plan::addresses_of;
use super::record::{Kind, Set};
use super::{Addresses, Name, Zone};

/// Most notices of one folder: a screen or two is read, and each is kept.
const MAX_NOTICES: usize = 200;

/// The notices about these zones; `masters` are the files that they were built from, in the same order.
pub(super) fn check(
    zones: &[Zone],
    masters: &[Master],
    addresses: Addresses,
) -> Result<Vec<Notice>, ZoneFileError> {
    let world = World { zones, by_apex: zones.iter().map(|zone| (&zone.apex, zone)).collect(), addresses };
    let mut notices: Vec<Notice> = Vec::new();
    for (zone, master) in zones.iter().zip(masters) {
        let mut found: Vec<(usize, String)> = master.notices.clone();
        found.extend(world.reach(zone, master));
        let mut seen = HashMap::new();
        for entry in &master.entries {
            let wrong = world.entry(zone, entry).map_err(|what| ZoneFileError {
                file: zone.file.clone(),
                line: entry.line,
                what,
            })?;
            let first = seen.insert((&entry.owner, entry.kind, &entry.data), entry.line);
            let twice = first.map(|first| format!("the record of line {first} once more: it counts once"));
            let room = MAX_NOTICES.saturating_sub(found.len());
            found.extend(wrong.into_iter().chain(twice).take(room).map(|what| (entry.line, what)));
        }
        found.sort();
        let file = &zone.file;
        let found =
            found.into_iter().map(|(line, what)| Notice { file: file.clone(), line: Some(line), what });
        notices.extend(found.take(MAX_NOTICES.saturating_sub(notices.len())));
    }
    Ok(notices)
}

/// All zones of a folder: this internet has no others.
struct World<'a> {
    zones: &'a [Zone],
    by_apex: BTreeMap<&'a Name, &'a Zone>,
    addresses: Addresses,
}

/// What a name leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    /// An address, or whatever a wildcard or DNAME record makes of it.
    There,
    /// Another name.
    Alias,
    /// It is delegated to a zone that no file has.
    Elsewhere,
    /// Nothing.
    Nowhere,
}

impl<'a> World<'a> {
    /// The zones that could hold a name, the closest first.
    fn above(&self, name: &Name) -> impl Iterator<Item = &'a Zone> {
        name.and_above().filter_map(|above| self.by_apex.get(&above).copied())
    }

    fn fate(&self, name: &Name) -> Fate {
        let Some(zone) = self.above(name).next() else { return Fate::Nowhere };
        if self.above(name).any(|zone| has_address(zone, name)) {
            return Fate::There;
        }
        if zone.cut(name).is_some() { Fate::Elsewhere } else { fate_in(zone, name) }
    }

    /// What may be meant otherwise in a record.
    ///
    /// # Errors
    /// What makes its zone one that cannot be served.
    fn entry(&self, zone: &Zone, entry: &Entry) -> Result<Option<String>, String> {
        let Entry { owner, kind, data, .. } = entry;
        if !zone.apex.is_root()
            && let Some(short) = without(owner, &zone.apex).filter(|short| short.is_within(&zone.apex))
        {
            return Ok(Some(format!("{owner} ends in the zone's name twice; {}", dot_missing(&short))));
        }
        let Some(target) = Set::new(*kind, 0, vec![data.clone()]).targets().next() else { return Ok(None) };
        match *kind {
            Kind::NS => self.server(zone, owner, &target),
            Kind::MX | Kind::SRV if !target.is_root() => Ok(match self.fate(&target) {
                Fate::There | Fate::Elsewhere => None,
                Fate::Alias => Some(format!(
                    "{target} is an alias (CNAME), and the name in {kind} records is to have an address of its own"
                )),
                Fate::Nowhere => Some(format!("{target} has no address{}", self.hint(zone, &target))),
            }),
            // To lead nowhere is what some aliases are for.
            Kind::CNAME if self.fate(&target) == Fate::Nowhere => {
                let meant = self.meant(zone, &target);
                Ok(meant.map(|meant| format!("{target} is not there; {}", dot_missing(&meant))))
            }
            _ => Ok(None),
        }
    }

    /// The same of an NS record.
    fn server(&self, zone: &Zone, owner: &Name, target: &Name) -> Result<Option<String>, String> {
        let is_own = target.is_within(&zone.apex) && zone.cut(target).is_none();
        let is_there = match is_own {
            true => has_address(zone, target),
            false => self.above(target).any(|zone| has_address(zone, target)),
        };
        let fate = match is_own {
            true if !is_there => fate_in(zone, target),
            _ => self.fate(target),
        };
        let v6_only = self.addresses == Addresses::Loopback
            && self.above(target).all(|zone| zone.set(target, Kind::A).is_none());
        let what = match fate {
            // A wildcard record gives a server no address that it could listen at.
            Fate::There if !is_there => {
                format!("the name server {target} has no address record of its own")
            }
            Fate::There if v6_only => {
                format!("the name server {target} has no IPv4 address, and on loopback there are no others")
            }
            Fate::There => return Ok(None),
            Fate::Alias => {
                format!(
                    "the name server {target} is an alias (CNAME): it needs an address of its own (RFC 2181 section 10.3)"
                )
            }
            // Zones whose servers have names below one another are delegated like this, if to nobody's use.
            Fate::Elsewhere if target.is_within(&zone.apex) && !target.is_within(owner) => return Ok(None),
            Fate::Elsewhere | Fate::Nowhere => {
                let place = if target.is_within(&zone.apex) { "" } else { " in any of these zones" };
                format!("the name server {target} has no address{place}{}", self.hint(zone, target))
            }
        };
        if is_own && *owner == zone.apex { Err(what) } else { Ok(Some(what)) }
    }

    /// The name that was meant, where a name is relative and looks as if it was not to be.
    fn meant(&self, zone: &Zone, name: &Name) -> Option<Name> {
        let short = without(name, &zone.apex)?;
        let is_known = self.above(&short).any(|zone| !zone.apex.is_root());
        is_known.then_some(short)
    }

    fn hint(&self, zone: &Zone, name: &Name) -> String {
        match self.meant(zone, name) {
            Some(meant) => format!("; {}", dot_missing(&meant)),
            None if name.is_within(&zone.apex) => format!(": write its A record as well, `{name} A …`"),
            None => String::new(),
        }
    }

    /// What keeps a resolver that comes from the root from this zone.
    fn reach(&self, zone: &Zone, master: &Master) -> Option<(usize, String)> {
        let above = self.above(&zone.apex.parent()?).next()?;
        let line = master.entries.iter().find(|entry| entry.kind == Kind::SOA)?.line;
        let (apex, file) = (&zone.apex, &above.file);
        let Some(named) = above.set(apex, Kind::NS) else {
            return Some((line, format!("no NS record in {file} leads to {apex}: nobody finds this zone")));
        };
        let own = self.addresses_of(zone.set(apex, Kind::NS)?);
        let named = self.addresses_of(named);
        let is_lame = !own.is_empty() && !named.is_empty() && own.is_disjoint(&named);
        is_lame.then(|| {
            let what = format!(
                "{file} has other name servers for {apex} than this zone itself: nobody is led to those that serve it"
            );
            (line, what)
        })
    }

    fn addresses_of(&self, servers: &Set) -> BTreeSet<IpAddr> {
        servers.targets().flat_map(|server| addresses_of(self.zones, &server)).collect()
    }
}

fn has_address(zone: &Zone, name: &Name) -> bool {
    zone.set(name, Kind::A).is_some() || zone.set(name, Kind::AAAA).is_some()
}

/// What a name leads to that is in a zone's own part, and has no address.
fn fate_in(zone: &Zone, name: &Name) -> Fate {
    if zone.set(name, Kind::CNAME).is_some() {
        return Fate::Alias;
    }
    let above = || name.and_above().skip(1).take_while(|above| above.is_within(&zone.apex));
    let is_moved = above().any(|above| zone.set(&above, Kind::DNAME).is_some());
    let is_wild = zone.sets(name).is_none()
        && above().any(|above| above.with_label(b"*").is_ok_and(|wild| zone.sets(&wild).is_some()));
    if is_moved || is_wild { Fate::There } else { Fate::Nowhere }
}

/// A name without the end that is the zone's: what stood in the file, if that was relative.
fn without(name: &Name, apex: &Name) -> Option<Name> {
    if apex.is_root() || !name.is_below(apex) {
        return None;
    }
    name.moved(apex, &Name::root()).ok()
}

fn dot_missing(meant: &Name) -> String {
    format!("is a dot missing at its end (`{meant}`)?")
}
