//! Which address serves which zones.
//!
//! Nobody has to write that down: a zone's NS records name its servers, and the address records of those names, in
//! whatever zone, are where they listen. A server that the zone above names and the zone itself does not is lame.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr};

use super::master::ZoneFileError;
use super::record::{Kind, Set};
use super::zone::Mannered;
use super::{Manner, Name, Zone};
use crate::suggest::{either, nearest};

/// Where the servers are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Addresses {
    /// Where the zones say: in a network of its own, where the well-known servers' addresses are this machine's.
    AsWritten,
    /// On loopback, 127.53.0.0/16: zones name these addresses then.
    Loopback,
}

/// A name server: an address that answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NameServer {
    /// Where.
    pub address: IpAddr,
    /// Its names, in the order of zones.
    pub names: Vec<Name>,
    /// The zones that it speaks for, by their place in the list of zones.
    pub zones: Vec<usize>,
    /// How it behaves.
    pub manner: Manner,
}

/// Of one third byte of 127.53.0.0/16 the addresses from 1 to this are given out: 53 and 54 of the first are a resolver's.
const PER_BLOCK: usize = 50;

/// All names that an NS record leads to.
fn server_names(zones: &[Zone]) -> BTreeSet<Name> {
    let sets = zones.iter().flat_map(|zone| zone.nodes().filter_map(|(name, _)| zone.set(name, Kind::NS)));
    sets.flat_map(|set| set.targets().collect::<Vec<_>>()).collect()
}

/// Gives the servers addresses on loopback: each IPv4 address another one, those of the root first. IPv6 has one
/// loopback address only, so those are taken out.
pub(super) fn move_to_loopback(zones: &mut [Zone]) {
    let names = server_names(zones);
    let of_root: BTreeSet<Name> =
        zones.iter().filter_map(|zone| zone.set(&Name::root(), Kind::NS)).flat_map(Set::targets).collect();
    let mut given: BTreeMap<Vec<u8>, Ipv4Addr> = BTreeMap::new();
    let mut number = 0;
    let mut last_of_root = 0;
    for name in of_root.iter().chain(names.difference(&of_root)) {
        if !of_root.contains(name) && last_of_root == 0 {
            // The root's servers have the first block to themselves.
            last_of_root = number;
            number = PER_BLOCK;
        }
        for old in zones.iter().filter_map(|zone| zone.set(name, Kind::A)).flat_map(|set| set.data.iter()) {
            given.entry(old.clone()).or_insert_with(|| {
                let address = loopback(number);
                number += 1;
                address
            });
        }
    }
    for zone in zones {
        for name in &names {
            zone.remove(name, Kind::AAAA);
            if let Some(set) = zone.set(name, Kind::A) {
                let new = set.data.iter().filter_map(|old| Some(given.get(old)?.octets().to_vec())).collect();
                let set = Set::new(Kind::A, set.ttl, new);
                zone.put(name, set);
            }
        }
    }
}

fn loopback(number: usize) -> Ipv4Addr {
    // A file has at most some thousands of records, and the third byte is the last that wraps.
    let byte = |value: usize| u8::try_from(value % 256).unwrap_or_default();
    Ipv4Addr::new(127, 53, byte(number / PER_BLOCK), byte(number % PER_BLOCK + 1))
}

/// Most servers that are named where a file has a wrong one.
const MAX_NAMED: usize = 8;

/// Whether all servers that a file says something of are there, and nothing is said of one that contradicts it.
pub(super) fn check_manners(zones: &[Zone]) -> Result<(), ZoneFileError> {
    let names = server_names(zones);
    let mut said: BTreeMap<&Name, Manner> = BTreeMap::new();
    for zone in zones {
        for Mannered { line, server, manner } in &zone.manners {
            let fail = |what| ZoneFileError { file: zone.file.clone(), line: *line, what };
            if !names.contains(server) {
                return Err(fail(format!(
                    "no zone has an NS record that names {server}; {}",
                    meant(server, &names)
                )));
            }
            if said.insert(server, *manner).is_some_and(|before| before != *manner) {
                return Err(fail(format!("{server} cannot both be silent and truncate")));
            }
        }
    }
    Ok(())
}

/// The names of servers that are like this one, or some that there are.
fn meant(server: &Name, names: &BTreeSet<Name>) -> String {
    let texts: Vec<String> = names.iter().map(Name::to_string).collect();
    let near = nearest(&server.to_string(), texts.iter().map(|text| &**text));
    if !near.is_empty() {
        return format!("did you mean {}?", either(&near));
    }
    let mut known: Vec<&str> = texts.iter().map(|text| &**text).take(MAX_NAMED).collect();
    let more = format!("{} more", texts.len().saturating_sub(known.len()));
    if texts.len() > known.len() {
        known.push(&more);
    }
    format!("those that there are: {}", known.join(" "))
}

/// The servers that the zones name, by address.
pub(super) fn servers(zones: &[Zone]) -> Vec<NameServer> {
    let mut by_address: BTreeMap<IpAddr, NameServer> = BTreeMap::new();
    for name in server_names(zones) {
        let speaks_for = |zone: &Zone| {
            zone.set(&zone.apex, Kind::NS).is_some_and(|set| set.targets().any(|target| target == name))
        };
        let own: Vec<usize> =
            zones.iter().enumerate().filter(|(_, zone)| speaks_for(zone)).map(|(at, _)| at).collect();
        let manner = zones.iter().flat_map(|zone| &zone.manners).find(|told| told.server == name);
        for address in addresses_of(zones, &name) {
            let server = by_address.entry(address).or_insert_with(|| NameServer {
                address,
                names: Vec::new(),
                zones: Vec::new(),
                manner: Manner::Usual,
            });
            server.names.push(name.clone());
            server.zones.extend(&own);
            server.zones.sort_unstable();
            server.zones.dedup();
            if let Some(told) = manner {
                server.manner = told.manner;
            }
        }
    }
    by_address.into_values().collect()
}

/// The addresses that any zone has for a name.
pub(super) fn addresses_of(zones: &[Zone], name: &Name) -> BTreeSet<IpAddr> {
    let mut found: BTreeSet<IpAddr> = BTreeSet::new();
    for zone in zones {
        let of = |kind| zone.set(name, kind).map(|set| set.data.as_slice()).unwrap_or_default();
        let v4 = of(Kind::A).iter().filter_map(|data| data.first_chunk::<4>());
        found.extend(v4.map(|octets| IpAddr::from(*octets)));
        let v6 = of(Kind::AAAA).iter().filter_map(|data| data.first_chunk::<16>());
        found.extend(v6.map(|octets| IpAddr::from(*octets)));
    }
    found
}
