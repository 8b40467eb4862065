//! The servers of one zone, asked one after the other; those without an address are looked up first.

use std::collections::VecDeque;
use std::net::{IpAddr, SocketAddr};

use super::{Known, Resolver};
use crate::dnstrace::exchange::{exchange, query};
use crate::dnstrace::judge::{address_of, judge};
use crate::dnstrace::{
    Asked, Budget, DnsTrace, Domain, Ending, KnownBy, MAX_ADDRESSES, Over, Packets, Server, Step, StepOutcome,
};
use crate::proto::dns::{Message, Section};
use crate::time::TimeDelta;

const SERVFAIL: u16 = 2;

/// Most names of one zone's servers that are looked up: delegations to many names without addresses are made to have
/// resolvers ask without end.
const MAX_LOOK_UPS: usize = 4;

impl Resolver<'_> {
    /// Asks the servers of a zone, one after the other, until one gives an answer that is of use.
    pub(super) fn ask_zone(
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
    pub(super) fn candidates(&mut self, place: usize) -> (VecDeque<Server>, Vec<Domain>) {
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
    pub(super) fn ask_each(
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
            // dig takes any word but SERVFAIL for the last.
            if self.options.like_dig
                && self.looked_up.is_empty()
                && matches!(outcome, StepOutcome::Failed(code) if code != SERVFAIL)
            {
                return Err(Ending::NoServer(zone.clone()));
            }
            if matches!(outcome, StepOutcome::TimeOut | StepOutcome::Mismatch) {
                silent.push_back(server);
            }
        }
        Ok(None)
    }

    /// One query to one server, over TCP, too, where the response is truncated.
    pub(super) fn step(
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
                zone_guessed: false,
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
}

/// The addresses that a resolution found.
fn addresses_of(trace: &DnsTrace) -> Vec<IpAddr> {
    let Some(step) = trace.steps.last() else { return Vec::new() };
    let StepOutcome::Answer { aliases, .. } = &step.outcome else { return Vec::new() };
    let end = aliases.last().map_or(&step.asked.name, |alias| &alias.to);
    let Some(message) = step.message() else { return Vec::new() };
    let records = message.section(Section::Answer);
    let here = records.filter(|record| record.kind == step.asked.kind && record.name.is_same(&end.name()));
    here.filter_map(address_of).take(MAX_ADDRESSES).collect()
}
