//! How what one response tells is taken in.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::net::IpAddr;

use super::super::{DnsMessage, DnsTransaction, is_within, outcome};
use super::{Cache, Credibility, Fact, Held, Learnt, MAX_HELD, MAX_SERVERS, MAX_ZONES, ServerKnew, What};
use crate::flow::PacketStamp;
use crate::proto::dns::{Message, Name, OPT, Record, Section};
use crate::time::{NANOS_PER_SECOND, TimeDelta, Timestamp};

/// Aliases followed within one response.
const MAX_ALIASES: usize = 16;

/// Longest time that anything is held, in seconds: resolvers cut what is more to a week (RFC 8767 section 4).
const MAX_TTL: u32 = 604_800;

const NS: u16 = 2;
const CNAME: u16 = 5;
const SOA: u16 = 6;
const A: u16 = 1;
const AAAA: u16 = 28;
const RRSIG: u16 = 46;
const NSEC: u16 = 47;
const NSEC3: u16 = 50;
/// The Internet's class.
const IN: u16 = 1;
/// The opcode of a query.
const QUERY: u8 = 0;
const NXDOMAIN: u16 = 3;

/// Whose cache, name in lower case, type.
type Key = (IpAddr, Vec<u8>, u16);

/// Collects what one response after the other tells.
#[derive(Default)]
pub(super) struct Learner {
    learnt: Learnt,
    servers: HashMap<IpAddr, usize>,
    /// Server, whether with authority, zone in lower case: the place among the server's facts.
    facts: HashMap<(usize, bool, String), usize>,
    /// The address that the host of the capture has in its own queries to itself: that of the first.
    here: Option<IpAddr>,
    /// Places of caches.
    holders: HashMap<IpAddr, usize>,
    /// What caches hold; the number tells the order.
    held: HashMap<Key, (usize, Held)>,
}

impl Learner {
    pub(super) fn take(&mut self, one: &DnsTransaction, response: &DnsMessage) {
        let read = response.read();
        let Some(header) = read.header.filter(|header| header.opcode() == QUERY) else { return };
        // What is cut, or lies, is not remembered.
        let Some(question) = read.questions.first().filter(|question| question.class == IN) else { return };
        if read.damage.is_some() || header.is_truncated() || question.name.fault().is_some() {
            return;
        }
        let rcode = read.rcode().unwrap_or_default();
        let Some(server) = self.server(response.from.addr, response.at) else { return };
        if rcode != 0 && rcode != NXDOMAIN {
            server.failed += 1;
            return;
        }
        let answers = read.section(Section::Answer).next().is_some();
        let is_authority = header.is_authoritative();
        let at = response.at;
        let referred = referral(&read, &question.name).filter(|_| !answers && !is_authority);
        if let Some(zone) = referred {
            self.fact(response.from.addr, false, zone.to_string(), at);
        } else if is_authority {
            let zone = zone_of(&read, &question.name);
            let delegated = one.delegation.as_ref().map(|delegation| delegation.zone.as_str());
            match (zone, delegated) {
                (None, Some(zone)) => self.fact(response.from.addr, true, zone.to_owned(), at),
                (zone, _) => {
                    let zone = zone.unwrap_or(question.name).to_string();
                    self.fact(response.from.addr, true, zone, at);
                }
            }
        } else if header.recursion_available() {
            server.recursive += 1;
        }
        // A host that asks itself has as many addresses as it asks.
        let client = one.client.addr;
        let is_here = client.is_loopback() || client == one.server.addr;
        let holder = if is_here { *self.here.get_or_insert(client) } else { client };
        self.hold_records(holder, &read, referred.as_ref(), at);
        self.hold_lack(holder, &read, (question.name, question.kind), at);
    }

    fn server(&mut self, address: IpAddr, at: PacketStamp) -> Option<&mut ServerKnew> {
        let place = self.server_place(address, at)?;
        self.learnt.servers.get_mut(place)
    }

    fn server_place(&mut self, address: IpAddr, at: PacketStamp) -> Option<usize> {
        if let Some(&place) = self.servers.get(&address) {
            return Some(place);
        }
        if self.learnt.servers.len() >= MAX_SERVERS {
            self.learnt.left_out += 1;
            return None;
        }
        let place = self.learnt.servers.len();
        self.servers.insert(address, place);
        let (authority, referred) = (Vec::new(), Vec::new());
        self.learnt.servers.push(ServerKnew {
            address,
            first: at,
            authority,
            referred,
            recursive: 0,
            failed: 0,
        });
        Some(place)
    }

    /// Notes a zone that a server answers for, or refers to.
    fn fact(&mut self, address: IpAddr, is_authority: bool, zone: String, at: PacketStamp) {
        let Some(place) = self.server_place(address, at) else { return };
        let Some(server) = self.learnt.servers.get_mut(place) else { return };
        let list = if is_authority { &mut server.authority } else { &mut server.referred };
        match self.facts.entry((place, is_authority, zone.to_ascii_lowercase())) {
            Entry::Occupied(known) => {
                if let Some(fact) = list.get_mut(*known.get()) {
                    fact.times += 1;
                }
            }
            Entry::Vacant(_) if list.len() >= MAX_ZONES => self.learnt.left_out += 1,
            Entry::Vacant(new) => {
                new.insert(list.len());
                list.push(Fact { zone, packet: at, times: 1 });
            }
        }
    }

    /// Remembers the records of a response that belong to what was asked.
    fn hold_records(
        &mut self,
        holder: IpAddr,
        response: &Message<'_>,
        referred: Option<&Name<'_>>,
        at: PacketStamp,
    ) {
        let Some(question) = response.questions.first() else { return };
        let has_authority = response.header.is_some_and(|header| header.is_authoritative());
        let chain = chain(&question.name, response);
        let servers: Vec<Vec<u8>> = response
            .section(Section::Authority)
            .filter(|record| record.kind == NS && record.class == IN)
            .take(MAX_ZONES)
            .map(|record| record.name_at(0).folded().collect())
            .collect();
        let mut sets: Vec<(Key, Held)> = Vec::new();
        let mut places: HashMap<Key, usize> = HashMap::new();
        for record in response.records.iter().filter(|record| record.class == IN && is_data(record)) {
            let folded: Vec<u8> = record.name.folded().collect();
            let credibility = match record.section {
                Section::Answer if !chain.contains(&folded) => continue,
                Section::Answer if has_authority => Credibility::Authoritative,
                Section::Answer => Credibility::Answer,
                Section::Authority if record.kind != NS => continue,
                Section::Authority if !is_within(&question.name, &record.name) => continue,
                Section::Authority if referred.is_some() => Credibility::Referral,
                Section::Authority if has_authority => Credibility::AuthorityBeside,
                Section::Authority => Credibility::Additional,
                // Addresses of servers that were named, and of nothing else.
                Section::Additional if !matches!(record.kind, A | AAAA) || !servers.contains(&folded) => {
                    continue;
                }
                Section::Additional => Credibility::Additional,
            };
            let key = (holder, folded, record.kind);
            match places.get(&key).and_then(|&place| sets.get_mut(place)) {
                Some((_, held)) => {
                    held.ttl = held.ttl.min(record.ttl);
                    held.what = match held.what {
                        What::Records(number) => What::Records(number.saturating_add(1)),
                        other => other,
                    };
                }
                None => {
                    places.insert(key.clone(), sets.len());
                    let (name, kind, ttl) = (record.name.to_string(), record.kind, record.ttl);
                    let what = What::Records(1);
                    sets.push((key, Held { name, kind, what, credibility, ttl, left: None, packet: at }));
                }
            }
        }
        for (key, held) in sets {
            self.hold(key, held);
        }
    }

    /// Remembers that a name, or records of a type, do not exist: with a SOA record only (RFC 2308 section 5).
    fn hold_lack(
        &mut self,
        holder: IpAddr,
        response: &Message<'_>,
        (asked, kind): (Name<'_>, u16),
        at: PacketStamp,
    ) {
        let name = outcome::end_of_chain(asked, response);
        let is_gone = response.rcode() == Some(NXDOMAIN);
        let mut answers = response.section(Section::Answer);
        if !is_gone && answers.any(|record| record.name.is_same(&name) && record.kind == kind) {
            return;
        }
        let soa = response.section(Section::Authority).find(|record| record.kind == SOA);
        let Some(soa) = soa.filter(|soa| is_within(&name, &soa.name)) else { return };
        let minimum = soa.data.last_chunk().map_or(soa.ttl, |bytes| u32::from_be_bytes(*bytes));
        let has_authority = response.header.is_some_and(|header| header.is_authoritative());
        let (what, kind) = if is_gone { (What::NxDomain, outcome::ANY) } else { (What::NoData, kind) };
        let held = Held {
            name: name.to_string(),
            kind,
            what,
            credibility: if has_authority { Credibility::Authoritative } else { Credibility::Answer },
            ttl: soa.ttl.min(minimum),
            left: None,
            packet: at,
        };
        self.hold((holder, name.folded().collect(), kind), held);
    }

    /// Puts a set into a cache: what is there and better stays while it may (RFC 2181 section 5.4.1).
    fn hold(&mut self, key: Key, mut held: Held) {
        held.ttl = held.ttl.min(MAX_TTL);
        if let Some((_, before)) = self.held.get_mut(&key) {
            let is_over = left_of(before, held.packet.ts) == Some(0);
            if held.credibility >= before.credibility || is_over {
                *before = held;
            }
            return;
        }
        if self.held.len() >= MAX_HELD {
            self.learnt.left_out += 1;
            return;
        }
        let holder = key.0;
        if !self.holders.contains_key(&holder) {
            if self.learnt.caches.len() >= MAX_SERVERS {
                self.learnt.left_out += 1;
                return;
            }
            self.holders.insert(holder, self.learnt.caches.len());
            self.learnt.caches.push(Cache { holder, first: held.packet, held: Vec::new(), expired: 0 });
        }
        self.held.insert(key, (self.held.len(), held));
    }

    pub(super) fn finish(mut self, end: Option<Timestamp>) -> Learnt {
        let mut all: Vec<(usize, IpAddr, Held)> =
            self.held.into_iter().map(|((holder, _, _), (place, held))| (place, holder, held)).collect();
        all.sort_unstable_by_key(|(place, ..)| *place);
        for (_, holder, mut held) in all {
            let place = self.holders.get(&holder);
            let Some(cache) = place.and_then(|&place| self.learnt.caches.get_mut(place)) else { continue };
            held.left = left_of(&held, end);
            if held.left == Some(0) {
                cache.expired += 1;
            } else {
                cache.held.push(held);
            }
        }
        self.learnt
    }
}

/// Seconds that are left of a set's time at `now`.
fn left_of(held: &Held, now: Option<Timestamp>) -> Option<u32> {
    let age: TimeDelta = now? - held.packet.ts?;
    let seconds = (age.as_nanos() / NANOS_PER_SECOND).max(0);
    Some(held.ttl.saturating_sub(u32::try_from(seconds).unwrap_or(u32::MAX)))
}

/// Whether a record is something that is asked for, not what proves or carries it.
fn is_data(record: &Record<'_>) -> bool {
    !matches!(record.kind, OPT | RRSIG | NSEC | NSEC3) && record.name.fault().is_none()
}

/// The names from `name` along the aliases of the answer, in lower case.
fn chain(name: &Name<'_>, response: &Message<'_>) -> Vec<Vec<u8>> {
    let mut names: Vec<Vec<u8>> = vec![name.folded().collect()];
    let mut at = *name;
    for _ in 0..MAX_ALIASES {
        let mut answers = response.section(Section::Answer);
        let Some(alias) = answers.find(|record| record.kind == CNAME && record.name.is_same(&at)) else {
            break;
        };
        at = alias.name_at(0);
        let folded: Vec<u8> = at.folded().collect();
        if names.contains(&folded) {
            break;
        }
        names.push(folded);
    }
    names
}

/// The zone that a response refers to, if it does.
fn referral<'a>(response: &Message<'a>, name: &Name<'_>) -> Option<Name<'a>> {
    let mut servers = response.section(Section::Authority).filter(|record| record.kind == NS);
    let zone = servers.next()?.name;
    (!zone.is_root() && is_within(name, &zone)).then_some(zone)
}

/// The zone that a response with authority is from, told by its SOA or NS records.
fn zone_of<'a>(response: &Message<'a>, name: &Name<'_>) -> Option<Name<'a>> {
    let tells = |record: &&Record<'a>| matches!(record.kind, SOA | NS) && is_within(name, &record.name);
    let beside = response.section(Section::Authority).find(tells).map(|record| record.name);
    beside.or_else(|| response.section(Section::Answer).find(tells).map(|record| record.name))
}
