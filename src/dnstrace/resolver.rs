//! Resolution step by step: from the servers that are known nearest above a name down to those that answer.

mod ask;
mod options;
mod proof;

use std::net::SocketAddr;

use fastrand::Rng;

use super::dnssec::DNSKEY;
use super::hints::root_hints;
use super::judge::{MAX_ALIASES, root_servers};
use super::transport::DnsTransport;
use super::{Asked, Budget, DnsTrace, Domain, Ending, KnownBy, NameServer, Start, Step, StepOutcome};
use crate::proto::dns::Section;
use crate::time::TimeDelta;

pub use options::{Family, TraceOptions};

/// Most zones whose servers are remembered during a resolution: more than the largest budget of queries leads to.
const MAX_ZONES: usize = 1024;

const A: u16 = 1;
const NS: u16 = 2;
const AAAA: u16 = 28;
const DS: u16 = 43;

/// Finds out `asked` over `transport`. It ends within its budgets, whatever servers say.
pub fn resolve(transport: &mut dyn DnsTransport, asked: &Asked, options: &TraceOptions) -> DnsTrace {
    resolve_until(transport, asked, options, |_, _| {})
}

/// The same, and then asks each zone on the way for its keys: the server that led on from there, once. The budgets hold
/// for both together.
pub fn resolve_with_keys(
    transport: &mut dyn DnsTransport,
    asked: &Asked,
    options: &TraceOptions,
) -> (DnsTrace, Vec<Step>) {
    let mut keys = Vec::new();
    let trace = resolve_until(transport, asked, options, |resolver, trace| {
        keys = resolver.ask_for_proof(trace, &Earlier::default());
    });
    (trace, keys)
}

/// What was found out before.
#[derive(Clone, Debug, Default)]
pub struct Earlier {
    /// Zones below the root and their servers, as referrals named them.
    pub zones: Vec<(Domain, Vec<NameServer>)>,
    /// Zones whose keys are known.
    pub keys: Vec<Domain>,
    /// Answers to questions for DS records, or that there are none.
    pub cuts: Vec<Step>,
    /// Zones that are not signed.
    pub unsigned: Vec<Domain>,
    /// Steps that led to `zones`: what their signatures are checked with is asked for as for those that follow.
    pub referrals: Vec<Step>,
}

/// Finds out `asked` up to the first alias that leads on, beginning where `earlier` leads to. Also returns the responses to
/// questions for the keys of the zones on the way, but for those that are known. It ends within its budgets.
#[must_use]
pub fn resolve_from(
    transport: &mut dyn DnsTransport,
    asked: &Asked,
    options: &TraceOptions,
    earlier: &Earlier,
) -> (DnsTrace, Vec<Step>) {
    let mut keys = Vec::new();
    let mut resolver = Resolver::new(transport, options);
    resolver.stops_at_alias = Some(0);
    for (name, servers) in &earlier.zones {
        resolver.zones.push(zone_of(name, servers, options.port, &KnownBy::Unknown));
    }
    let mut trace = DnsTrace::new(asked.clone());
    trace.ending = resolver.run(&mut trace, 0).unwrap_or_else(|ending| ending);
    let has_answer = matches!(trace.ending, Ending::Answer | Ending::NoData | Ending::NxDomain);
    if has_answer {
        let mut earlier = earlier.clone();
        earlier.unsigned.extend(trace.steps.iter().filter_map(unsigned_zone));
        keys = resolver.ask_for_proof(&trace, &earlier);
    }
    (trace, keys)
}

/// The zone that a step refers to, where the response has no DS record of it: its keys tell nothing.
#[must_use]
pub fn unsigned_zone(step: &Step) -> Option<Domain> {
    let StepOutcome::Referral(referral) = &step.outcome else { return None };
    let message = step.message()?;
    let is_signed = message.section(Section::Authority).any(|record| record.kind == DS);
    (!is_signed).then(|| referral.zone.clone())
}

/// Resolves, and lets `then` go on with what is left of the budgets.
fn resolve_until(
    transport: &mut dyn DnsTransport,
    asked: &Asked,
    options: &TraceOptions,
    then: impl FnOnce(&mut Resolver<'_>, &DnsTrace),
) -> DnsTrace {
    let mut resolver = Resolver::new(transport, options);
    let mut trace = DnsTrace::new(asked.clone());
    if options.like_dig {
        resolver.ask_for_root(&mut trace);
    }
    trace.ending = resolver.run(&mut trace, 0).unwrap_or_else(|ending| ending);
    then(&mut resolver, &trace);
    trace
}

/// The servers of a zone.
struct Zone {
    name: Domain,
    servers: Vec<Known>,
}

/// A server as far as it is known.
struct Known {
    name: Option<Domain>,
    addresses: Vec<(SocketAddr, KnownBy)>,
}

fn root_zone(options: &TraceOptions) -> Zone {
    let given =
        options.roots.iter().map(|&address| Known { name: None, addresses: vec![(address, KnownBy::Given)] });
    let mut servers: Vec<Known> = given.collect();
    if servers.is_empty() {
        let known = root_hints().map(|(name, addresses)| {
            let addresses = addresses.map(|ip| (SocketAddr::new(ip, options.port), KnownBy::Hint));
            Known { name: Some(name), addresses: addresses.into() }
        });
        servers.extend(known);
    }
    Zone { name: Domain::root(), servers }
}

/// A zone whose servers were named with addresses.
fn zone_of(name: &Domain, servers: &[NameServer], port: u16, by: &KnownBy) -> Zone {
    let servers = servers.iter().map(|server| Known {
        name: Some(server.name.clone()),
        addresses: server.glue.iter().map(|&ip| (SocketAddr::new(ip, port), by.clone())).collect(),
    });
    Zone { name: name.clone(), servers: servers.collect() }
}

struct Resolver<'a> {
    transport: &'a mut dyn DnsTransport,
    options: &'a TraceOptions,
    rng: Rng,
    /// The root, and zones that were referred to.
    zones: Vec<Zone>,
    /// Names of servers that are being looked up, each for the one before.
    looked_up: Vec<Domain>,
    queries: u32,
    until: TimeDelta,
    /// Resolutions as deep as this end with the first alias that leads on.
    stops_at_alias: Option<usize>,
}

impl<'a> Resolver<'a> {
    fn new(transport: &'a mut dyn DnsTransport, options: &'a TraceOptions) -> Self {
        let until = transport.now().as_nanos().saturating_add(options.max_time.as_nanos());
        Self {
            transport,
            options,
            rng: Rng::with_seed(options.seed),
            zones: vec![root_zone(options)],
            looked_up: Vec::new(),
            queries: 0,
            until: TimeDelta::from_nanos(until),
            stops_at_alias: options.like_dig.then_some(0),
        }
    }

    /// Goes on until `trace` ends. An `Err` is an ending, too: one that no answer brought.
    fn run(&mut self, trace: &mut DnsTrace, depth: usize) -> Result<Ending, Ending> {
        let mut asked = trace.asked.clone();
        let mut seen = vec![asked.name.clone()];
        let mut place = self.nearest(&asked);
        if let Some(zone) = self.zones.get(place).filter(|zone| !zone.name.is_root()) {
            trace.start = Start::Known(zone.name.clone());
        }
        loop {
            match self.ask_zone(place, &asked, trace, depth)? {
                StepOutcome::Referral(referral) => {
                    place = self.remember(&referral.zone, &referral.servers, trace);
                }
                StepOutcome::Alias { .. } if self.stops_at_alias == Some(depth) => {
                    return Ok(Ending::Answer);
                }
                StepOutcome::Alias { aliases, .. } => {
                    let Some(last) = aliases.last() else { return Ok(Ending::Unfinished) };
                    if seen.contains(&last.to) {
                        return Ok(Ending::AliasLoop);
                    }
                    if seen.len() > MAX_ALIASES {
                        return Err(Ending::Spent(Budget::Aliases));
                    }
                    asked.name = last.to.clone();
                    seen.extend(aliases.into_iter().map(|alias| alias.to));
                    place = self.nearest(&asked);
                }
                StepOutcome::NoData { .. } => return Ok(Ending::NoData),
                StepOutcome::NxDomain { .. } => return Ok(Ending::NxDomain),
                StepOutcome::AliasLoop(_) => return Ok(Ending::AliasLoop),
                _ => return Ok(Ending::Answer),
            }
        }
    }

    /// The place of the known zone that is nearest above a name. What a zone's DS record says is with the zone above it
    /// (RFC 4035 section 3.1.4.1).
    fn nearest(&self, asked: &Asked) -> usize {
        let is_above =
            |zone: &Zone| asked.name.is_within(&zone.name) && !(asked.kind == DS && zone.name == asked.name);
        let above = self.zones.iter().enumerate().filter(|(_, zone)| is_above(zone));
        above.max_by_key(|(_, zone)| zone.name.label_count()).map_or(0, |(place, _)| place)
    }

    /// Remembers whom a referral names.
    fn remember(&mut self, name: &Domain, servers: &[NameServer], trace: &DnsTrace) -> usize {
        let by = trace.steps.last().map_or_else(Domain::root, |step| step.zone.clone());
        let zone = zone_of(name, servers, self.options.port, &KnownBy::Glue(by));
        let place = self.zones.iter().position(|known| known.name == *name);
        // The last one gives way where there is no more room: a resolution is at one place at a time.
        let place = place.or_else(|| (self.zones.len() >= MAX_ZONES).then_some(MAX_ZONES - 1));
        match place.and_then(|place| Some((place, self.zones.get_mut(place)?))) {
            Some((place, known)) => {
                *known = zone;
                place
            }
            None => {
                self.zones.push(zone);
                self.zones.len() - 1
            }
        }
    }

    /// Asks for the root's servers, as dig does, and takes those for the zones' that are named with addresses.
    fn ask_for_root(&mut self, trace: &mut DnsTrace) {
        let asked = Asked { name: Domain::root(), kind: NS };
        let servers = self.candidates(0).0;
        for server in servers {
            match self.step(&Domain::root(), &asked, (&server, true), trace) {
                Ok(StepOutcome::Answer { .. }) => break,
                Ok(_) => {}
                Err(_) => return,
            }
        }
        let Some(answer) = trace.steps.last().and_then(Step::message) else { return };
        let named = root_servers(&answer);
        if !named.is_empty() {
            self.remember(&Domain::root(), &named, trace);
        }
    }
}
