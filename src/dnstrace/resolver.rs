//! Resolution step by step: from the servers that are known nearest above a name down to those that answer.

mod proof;

use std::collections::VecDeque;
use std::net::{IpAddr, SocketAddr};

use fastrand::Rng;

use super::dnssec::DNSKEY;
use super::exchange::{exchange, query};
use super::hints::root_hints;
use super::judge::{MAX_ALIASES, address_of, judge, root_servers};
use super::transport::DnsTransport;
use super::{Asked, Budget, DnsTrace, Domain, Ending, KnownBy, NameServer, Over, Packets};
use super::{Server, Start, Step, StepOutcome};
use crate::proto::dns::{Message, Section};
use crate::time::TimeDelta;

/// Most zones whose servers are remembered during a resolution: more than the largest budget of queries leads to.
const MAX_ZONES: usize = 1024;

/// Most names of one zone's servers that are looked up: delegations to many names without addresses are made to have
/// resolvers ask without end.
const MAX_LOOK_UPS: usize = 4;

const A: u16 = 1;
const NS: u16 = 2;
const AAAA: u16 = 28;
const DS: u16 = 43;

/// How to resolve.
#[derive(Clone, Debug)]
pub struct TraceOptions {
    /// Addresses of the root's servers; the list that everybody knows where there are none.
    pub roots: Vec<SocketAddr>,
    /// The port of all servers that are not among `roots`.
    pub port: u16,
    /// Which addresses are used.
    pub family: Family,
    /// What the choice of servers follows from.
    pub seed: u64,
    /// How long a response is waited for.
    pub wait: TimeDelta,
    /// How often a server is asked that does not answer.
    pub tries: u32,
    /// Queries, over all.
    pub max_queries: u32,
    /// Time, over all.
    pub max_time: TimeDelta,
    /// Resolutions within resolutions.
    pub max_depth: usize,
    /// Begin as dig does, with a question for the root's servers, and end as it does, with the first answer.
    pub like_dig: bool,
}

/// Which addresses are used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// Both, IPv4 first.
    Any,
    /// IPv4 only.
    V4,
    /// IPv6 only.
    V6,
}

impl Family {
    const fn takes(self, address: IpAddr) -> bool {
        match self {
            Self::Any => true,
            Self::V4 => address.is_ipv4(),
            Self::V6 => address.is_ipv6(),
        }
    }

    /// The types of records with such addresses.
    const fn kinds(self) -> &'static [u16] {
        match self {
            Self::Any => &[A, AAAA],
            Self::V4 => &[A],
            Self::V6 => &[AAAA],
        }
    }
}

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
    /// Zones that are not signed.
    pub unsigned: Vec<Domain>,
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
    resolver.stops_at_alias = true;
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
    /// A resolution ends with the first alias that leads on; those of servers' addresses do not.
    stops_at_alias: bool,
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
            stops_at_alias: options.like_dig,
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
                StepOutcome::Alias { .. } if self.stops_at_alias && depth == 0 => {
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

    /// Asks the servers of a zone, one after the other, until one gives an answer that is of use.
    fn ask_zone(
        &mut self,
        place: usize,
        asked: &Asked,
        trace: &mut DnsTrace,
        depth: usize,
    ) -> Result<StepOutcome, Ending> {
        let Some(zone) = self.zones.get(place) else { return Err(Ending::Unfinished) };
        let name = zone.name.clone();
        let (mut servers, nameless) = self.candidates(place);
        let mut no_address = None;
        let mut silent = VecDeque::new();
        if let Some(outcome) = self.ask_each(&name, asked, &mut servers, &mut silent, trace)? {
            return Ok(outcome);
        }
        for server in nameless.into_iter().take(MAX_LOOK_UPS) {
            if self.looked_up.contains(&server) {
                no_address = Some(Ending::Circle(server));
                continue;
            }
            let mut found = self.look_up(place, &server, trace, depth)?;
            match trace.fruitless.last().map(|nested| &nested.ending) {
                Some(Ending::Circle(_)) => no_address = Some(Ending::Circle(server)),
                Some(Ending::Spent(budget)) => no_address = Some(Ending::Spent(*budget)),
                _ => {}
            }
            if let Some(outcome) = self.ask_each(&name, asked, &mut found, &mut silent, trace)? {
                return Ok(outcome);
            }
        }
        for _ in 1..self.options.tries {
            let mut again = std::mem::take(&mut silent);
            if let Some(outcome) = self.ask_each(&name, asked, &mut again, &mut silent, trace)? {
                return Ok(outcome);
            }
        }
        let was_asked = trace.steps.last().is_some_and(|step| step.zone == name);
        Err(no_address.filter(|_| !was_asked).unwrap_or(Ending::NoServer(name)))
    }

    /// The servers of a zone whose addresses are known, and the names of the others, in an order that the seed tells.
    fn candidates(&mut self, place: usize) -> (VecDeque<Server>, Vec<Domain>) {
        let Some(zone) = self.zones.get(place) else { return Default::default() };
        let mut order: Vec<&Known> = zone.servers.iter().collect();
        // Records of a set come in any order: who is asked is to follow from the seed, not from that.
        order.sort_by_cached_key(|known| known.name.as_ref().map(Domain::folded));
        self.rng.shuffle(&mut order);
        let (mut servers, mut nameless) = (Vec::new(), Vec::new());
        for known in order {
            let before = servers.len();
            let usable = known.addresses.iter().filter(|(to, _)| self.options.family.takes(to.ip()));
            let mut usable: Vec<_> = usable.collect();
            usable.sort_by_key(|(address, _)| *address);
            servers.extend(usable.into_iter().map(|(address, known_by)| Server {
                name: known.name.clone(),
                address: *address,
                known_by: known_by.clone(),
            }));
            if servers.len() == before {
                nameless.extend(known.name.clone());
            }
        }
        servers.sort_by_key(|server| server.address.is_ipv6());
        (servers.into(), nameless)
    }

    /// Asks servers until one gives an answer that is of use. Those that are silent are kept for another try.
    fn ask_each(
        &mut self,
        zone: &Domain,
        asked: &Asked,
        servers: &mut VecDeque<Server>,
        silent: &mut VecDeque<Server>,
        trace: &mut DnsTrace,
    ) -> Result<Option<StepOutcome>, Ending> {
        while let Some(server) = servers.pop_front() {
            let outcome = self.step(zone, asked, (&server, false), trace)?;
            if outcome.is_useful() {
                return Ok(Some(outcome));
            }
            if matches!(outcome, StepOutcome::TimeOut | StepOutcome::Mismatch) {
                silent.push_back(server);
            }
        }
        Ok(None)
    }

    /// One query to one server, over TCP, too, where the response is truncated.
    fn step(
        &mut self,
        zone: &Domain,
        asked: &Asked,
        (server, recursion_desired): (&Server, bool),
        trace: &mut DnsTrace,
    ) -> Result<StepOutcome, Ending> {
        let mut outcome = StepOutcome::Truncated;
        for over in [Over::Udp, Over::Tcp] {
            if self.queries >= self.options.max_queries {
                return Err(Ending::Spent(Budget::Queries));
            }
            let left = self.until.as_nanos().saturating_sub(self.transport.now().as_nanos());
            if left <= 0 {
                return Err(Ending::Spent(Budget::Time));
            }
            let wait = TimeDelta::from_nanos(self.options.wait.as_nanos().min(left));
            let query = query(self.rng.u16(..), asked, recursion_desired);
            let came = exchange(self.transport, server.address, &query, asked, (over, wait));
            self.queries = self.queries.saturating_add(came.sent);
            outcome = match (&came.response, came.failure) {
                (_, Some(failure)) => failure,
                (Some(bytes), None) => judge(zone, asked, &Message::read(bytes)),
                (None, None) => StepOutcome::TimeOut,
            };
            trace.steps.push(Step {
                asked: asked.clone(),
                recursion_desired,
                zone: zone.clone(),
                server: server.clone(),
                over,
                sent: came.sent,
                size: came.response.as_ref().map(Vec::len),
                response: came.response.map(Vec::into_boxed_slice),
                elapsed: Some(came.elapsed),
                outcome: outcome.clone(),
                ignored: came.ignored,
                nested: std::mem::take(&mut trace.fruitless),
                packets: Packets::default(),
            });
            if outcome != StepOutcome::Truncated {
                break;
            }
        }
        Ok(outcome)
    }

    /// Looks up the addresses of a server, in a resolution of its own.
    fn look_up(
        &mut self,
        place: usize,
        name: &Domain,
        trace: &mut DnsTrace,
        depth: usize,
    ) -> Result<VecDeque<Server>, Ending> {
        if depth >= self.options.max_depth {
            return Err(Ending::Spent(Budget::Depth));
        }
        self.looked_up.push(name.clone());
        let mut found = Vec::new();
        for &kind in self.options.family.kinds() {
            let mut nested = DnsTrace::new(Asked { name: name.clone(), kind });
            nested.ending = self.run(&mut nested, depth + 1).unwrap_or_else(|ending| ending);
            found = addresses_of(&nested);
            found.sort_unstable();
            let is_over = matches!(nested.ending, Ending::Spent(Budget::Queries | Budget::Time));
            // A name that is not there has no other addresses either, and whoever did not answer will not now.
            let goes_on = nested.ending == Ending::NoData && found.is_empty();
            let ending = nested.ending.clone();
            trace.fruitless.push(nested);
            if is_over {
                self.looked_up.pop();
                return Err(ending);
            }
            if !goes_on {
                break;
            }
        }
        self.looked_up.pop();
        let known: Vec<(SocketAddr, KnownBy)> =
            found.into_iter().map(|ip| (SocketAddr::new(ip, self.options.port), KnownBy::LookedUp)).collect();
        let server = self.zones.get_mut(place).into_iter().flat_map(|zone| &mut zone.servers);
        for server in server.filter(|server| server.name.as_ref() == Some(name)) {
            server.addresses.clone_from(&known);
        }
        let servers = known.into_iter().map(|(address, known_by)| Server {
            name: Some(name.clone()),
            address,
            known_by,
        });
        Ok(servers.collect())
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

/// The addresses that a resolution found.
fn addresses_of(trace: &DnsTrace) -> Vec<IpAddr> {
    let Some(step) = trace.steps.last() else { return Vec::new() };
    let StepOutcome::Answer { aliases, .. } = &step.outcome else { return Vec::new() };
    let end = aliases.last().map_or(&step.asked.name, |alias| &alias.to);
    let Some(message) = step.message() else { return Vec::new() };
    let records = message.section(Section::Answer);
    let here = records.filter(|record| record.kind == step.asked.kind && record.name.is_same(&end.name()));
    here.filter_map(address_of).take(super::MAX_ADDRESSES).collect()
}
