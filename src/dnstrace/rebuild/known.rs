//! Which address serves which zone, as responses have told so far.

use std::collections::HashMap;
use std::net::IpAddr;

use super::super::judge::address_of;
use super::super::{Domain, KnownBy, MAX_ADDRESSES, root_hints};
use super::Who;
use crate::proto::dns::{Message, Section};
use crate::source::PacketNumber;

/// Most facts that are kept: of a resolver's busy minute. Later ones are not learnt.
const MAX_FACTS: usize = 200_000;

/// Zones remembered of one server's name, and records looked at in one message: the root has thirteen servers with two
/// addresses each.
const MAX_ZONES: usize = 64;

/// See [`MAX_ZONES`].
const MAX_RECORDS: usize = 256;

/// Names above a name that are looked at: those of real zones are far shorter, and a name may have 127 labels.
pub(super) const MAX_ABOVE: usize = 40;

const NS: u16 = 2;
/// The Internet's class.
const IN: u16 = 1;

/// A server of a zone.
#[derive(Clone, Debug)]
pub(super) struct Served {
    pub name: Domain,
    by: KnownBy,
    who: Who,
    /// The packet that told it; none of a list.
    pub told: Option<PacketNumber>,
}

impl Served {
    /// How `who` knew the address.
    pub(super) fn known_by(&self, who: Who) -> KnownBy {
        // A stub resolver's look-up is seen with the address that its own queries have.
        if self.who == who || self.by == KnownBy::LookedUp || self.by == KnownBy::Hint {
            self.by.clone()
        } else {
            KnownBy::Unknown
        }
    }
}

/// Names, zones and addresses of servers.
#[derive(Debug, Default)]
pub(super) struct Known {
    served: HashMap<(IpAddr, Domain), Served>,
    /// The zones that a name was named as a server of.
    zones: HashMap<Domain, Vec<Domain>>,
    /// The names of a zone's servers.
    names: HashMap<Domain, Vec<Domain>>,
    addresses: HashMap<Domain, Vec<(IpAddr, KnownBy, Who)>>,
    /// The packet of the response that is being learnt from.
    at: Option<PacketNumber>,
    facts: usize,
}

impl Known {
    /// What everybody knows.
    pub(super) fn with_hints() -> Self {
        let mut known = Self::default();
        for (name, addresses) in root_hints() {
            for address in addresses {
                known.serves(address, &Domain::root(), &name, &KnownBy::Hint, Who::Here);
            }
        }
        known
    }

    /// The server at `address`, if it is known to be one of `zone`.
    pub(super) fn server(&self, address: IpAddr, zone: &Domain) -> Option<&Served> {
        self.served.get(&(address, zone.clone()))
    }

    /// Whether a server of `zone` is named whose address is not known, or none is.
    pub(super) fn has_unknown(&self, zone: &Domain) -> bool {
        self.names.get(zone).is_none_or(|names| names.iter().any(|name| !self.addresses.contains_key(name)))
    }

    /// The nearest zone at or above `name` that the server is known for; strictly above where `above` is set.
    pub(super) fn nearest(&self, address: IpAddr, name: &Domain, above: bool) -> Option<(Domain, &Served)> {
        let skipped = usize::from(above);
        upwards(name).skip(skipped).find_map(|zone| Some((zone.clone(), self.server(address, &zone)?)))
    }

    /// Learns what a server of `zone` says in packet `at`.
    pub(super) fn learn(&mut self, response: &Message<'_>, zone: &Domain, who: Who, at: PacketNumber) {
        self.at = Some(at);
        let mut named: Vec<Domain> = Vec::new();
        let records = || response.records.iter().filter(|record| record.class == IN);
        let of_servers =
            records().filter(|record| record.kind == NS && record.section != Section::Additional);
        for record in of_servers.take(MAX_RECORDS) {
            let (Some(owner), Some(name)) = (Domain::of(&record.name), Domain::of(&record.name_at(0))) else {
                continue;
            };
            self.is_named(&name, &owner);
            if !named.contains(&name) && named.len() < MAX_ZONES {
                named.push(name);
            }
        }
        for record in records().filter(|record| address_of(record).is_some()).take(MAX_RECORDS) {
            let (Some(address), Some(name)) = (address_of(record), Domain::of(&record.name)) else {
                continue;
            };
            let by = match record.section {
                Section::Answer => KnownBy::LookedUp,
                // Of names that nobody asked for, and outside what the server has a say in, nothing is learnt.
                _ if named.contains(&name) && name.is_within(zone) => KnownBy::Glue(zone.clone()),
                _ => continue,
            };
            self.has_address(&name, address, &by, who);
        }
    }

    fn is_named(&mut self, name: &Domain, zone: &Domain) {
        if self.facts >= MAX_FACTS {
            return;
        }
        let zones = self.zones.entry(name.clone()).or_default();
        if zones.len() >= MAX_ZONES || zones.contains(zone) {
            return;
        }
        zones.push(zone.clone());
        self.facts += 1;
        let names = self.names.entry(zone.clone()).or_default();
        if names.len() < MAX_ZONES {
            names.push(name.clone());
        }
        for (address, by, who) in self.addresses.get(name).cloned().unwrap_or_default() {
            self.serves(address, zone, name, &by, who);
        }
    }

    fn has_address(&mut self, name: &Domain, address: IpAddr, by: &KnownBy, who: Who) {
        if self.facts >= MAX_FACTS {
            return;
        }
        let addresses = self.addresses.entry(name.clone()).or_default();
        if addresses.len() < MAX_ADDRESSES && !addresses.iter().any(|known| known.0 == address) {
            addresses.push((address, by.clone(), who));
            self.facts += 1;
        }
        for zone in self.zones.get(name).cloned().unwrap_or_default() {
            self.serves(address, &zone, name, by, who);
        }
    }

    fn serves(&mut self, address: IpAddr, zone: &Domain, name: &Domain, by: &KnownBy, who: Who) {
        if self.facts >= MAX_FACTS {
            return;
        }
        let served = Served { name: name.clone(), by: by.clone(), who, told: self.at };
        let key = (address, zone.clone());
        // Who looks a name up knows by that, although the address came along before; a list is the least.
        let better = |before: &Served| {
            before.by == KnownBy::Hint || *by == KnownBy::LookedUp && before.by != KnownBy::LookedUp
        };
        if self.served.get(&key).is_none_or(better) && self.served.insert(key, served).is_none() {
            self.facts += 1;
        }
    }
}

/// A name, and those above it up to the root.
pub(super) fn upwards(name: &Domain) -> impl Iterator<Item = Domain> {
    let labels = name.label_count();
    let near = (1..=labels).rev().take(MAX_ABOVE).map(|count| name.last_labels(count));
    near.chain([Domain::root()])
}
