//! Resolutions within the ones that they were for, and the clients that wanted them.

use std::collections::{HashMap, HashSet, VecDeque};
use std::net::IpAddr;

use super::super::{Asked, DnsTrace, Ending, Start, StepOutcome};
use super::part::{Part, PartStep};
use super::story::Storyteller;
use super::stray::Strays;
use super::{ClientSide, DNSKEY, DS, MAX_NESTED, MAX_STEP_BYTES, Rebuilt, Resolution, Who};
use crate::report::dns::DnsTransaction;
use crate::source::PacketNumber;

/// A resolution that is whole, and when it was.
struct Whole {
    resolution: Resolution,
    who: Who,
    first: PacketNumber,
    last: PacketNumber,
}

impl Storyteller<'_> {
    /// All resolutions.
    pub(super) fn finish(mut self) -> Rebuilt {
        let parts = std::mem::take(&mut self.parts);
        let all = self.all;
        let mut bytes_left = MAX_STEP_BYTES;
        let mut strays = Strays::of(all);
        let messages = all.iter().flat_map(|one| one.queries.iter().chain(&one.responses));
        let end = messages.map(|message| message.at).max_by_key(|at| at.number);
        let mut made: Vec<Option<(DnsTrace, Vec<usize>)>> = Vec::new();
        for part in &parts {
            let is_part = !part.is_merged && !part.steps.is_empty() && is_resolution(part);
            let places = part.steps.iter().map(|step| step.place).collect();
            made.push(is_part.then(|| (part.trace(all, &mut bytes_left, &mut strays, end), places)));
        }
        // Those within others began later: from the last one on, all that is within one is there when it is moved.
        for at in (0..parts.len()).rev() {
            let Some((part, parent)) = parts.get(at).and_then(|part| Some((part, part.parent?))) else {
                continue;
            };
            let Some((trace, places)) = made.get_mut(at).and_then(Option::take) else { continue };
            match made.get_mut(parent).and_then(Option::as_mut) {
                Some((into, into_places)) => {
                    into_places.extend(places);
                    put_into(into, trace, &part.addresses(all));
                }
                None => {
                    if let Some(slot) = made.get_mut(at) {
                        *slot = Some((trace, places));
                    }
                }
            }
        }
        let mut wholes: Vec<Whole> = Vec::new();
        for (part, made) in parts.iter().zip(made) {
            let Some((trace, places)) = made else { continue };
            let (first, last) = span(&trace);
            let told = part.steps.first().and_then(|step| step.told);
            let told = told.filter(|_| matches!(trace.start, Start::Known(_)));
            let is_guess = part.steps.first().is_some_and(|step| step.is_guess);
            let guessed = is_guess && matches!(trace.start, Start::Known(_));
            let (resolver, minimised) = (part.resolver, part.minimised);
            let resolution = Resolution {
                resolver,
                client: None,
                minimised,
                to_check: None,
                rest_remembered: false,
                told,
                guessed,
                trace,
                places,
            };
            wholes.push(Whole { resolution, who: part.who, first, last });
        }
        let cached = join(all, &mut wholes, &self.recursive);
        wholes.sort_by_key(|whole| whole.first);
        tell_checks(&mut wholes);
        let traces = wholes.into_iter().map(|whole| whole.resolution).collect();
        Rebuilt { traces, cached, left_out: self.left_out }
    }
}

/// Whether servers were asked one after the other: not where a stub resolver was asked for the root's servers and nothing
/// else, unless that is where dig ended since it got none, and not where nothing tells that anybody asked is a name server.
fn is_resolution(part: &Part) -> bool {
    let is_known = part.steps.iter().any(|step| step.zone.is_some());
    let is_answered = |step: &PartStep| matches!(step.outcome, Some(StepOutcome::Answer { .. }));
    let is_over = || part.steps.first().is_some_and(|step| step.outcome.is_some() && !is_answered(step));
    is_known && (part.parent.is_some() || !part.is_like_dig || part.is_extended || is_over())
}

/// Puts a look-up of a server's address before the first step that it made possible.
fn put_into(into: &mut DnsTrace, trace: DnsTrace, found: &[std::net::IpAddr]) {
    let (_, last) = span(&trace);
    let is_for = |step: &&mut super::super::Step| {
        found.contains(&step.server.address.ip()) && first_packet(step).is_some_and(|first| first > last)
    };
    let name = trace.asked.name.clone();
    let step = into.steps.iter_mut().find(is_for).filter(|step| step.server.name.as_ref() == Some(&name));
    // They come from the last to the first.
    let list = step.map_or(&mut into.fruitless, |step| &mut step.nested);
    list.insert(0, trace);
}

fn first_packet(step: &super::super::Step) -> Option<PacketNumber> {
    step.packets.queries.first().copied()
}

/// The first packet of a resolution's own steps, and the last.
fn span(trace: &DnsTrace) -> (PacketNumber, PacketNumber) {
    let numbers = || {
        trace.steps.iter().flat_map(|step| step.packets.queries.iter().copied().chain(step.packets.response))
    };
    (numbers().min().unwrap_or_default(), numbers().max().unwrap_or_default())
}

/// Says of resolutions that ask for keys what they are to check: what their resolver was asked before, and has not answered
/// yet. Where that is more than one question, packets do not tell for which.
fn tell_checks(wholes: &mut [Whole]) {
    let mut asked: HashMap<IpAddr, Vec<(PacketNumber, Asked)>> = HashMap::new();
    for whole in wholes {
        let resolution = &mut whole.resolution;
        match &resolution.client {
            Some(client) => {
                let until = client.response.unwrap_or(PacketNumber::MAX);
                let open = asked.entry(resolution.resolver).or_default();
                open.retain(|(until, _)| *until > whole.first);
                open.push((until, client.asked.clone()));
            }
            None if matches!(resolution.trace.asked.kind, DS | DNSKEY) => {
                let open = asked.get(&resolution.resolver).map(Vec::as_slice).unwrap_or_default();
                let mut open = open.iter().filter(|(until, _)| whole.first < *until);
                let before = open.next().filter(|(until, _)| whole.last < *until);
                resolution.to_check =
                    before.filter(|_| open.next().is_none()).map(|(_, asked)| asked.clone());
            }
            None => {}
        }
    }
}

/// Finds the questions of clients that resolutions were for; gives those back that a resolver answered by itself.
fn join(all: &[DnsTransaction], wholes: &mut [Whole], recursive: &[(usize, Asked)]) -> Vec<ClientSide> {
    let mut asked: HashMap<(Who, Asked), Vec<usize>> = HashMap::new();
    let mut resolvers = HashSet::new();
    for (at, whole) in wholes.iter().enumerate() {
        let is_stub = whole.resolution.trace.steps.iter().all(|step| step.recursion_desired);
        if !is_stub {
            resolvers.insert(whole.who);
        }
        asked.entry((whole.who, whole.resolution.trace.asked.clone())).or_default().push(at);
    }
    let clients: HashSet<IpAddr> = all.iter().map(|one| one.client.addr).collect();
    let mut cached = Vec::new();
    for side in innermost(all, recursive) {
        let Some(one) = all.get(side.place) else { continue };
        let who = Who::at(one.server.addr);
        let until = side.response.unwrap_or(PacketNumber::MAX);
        let fits = |at: &&mut usize| {
            wholes.get(**at).is_some_and(|whole| {
                whole.resolution.client.is_none() && side.query < whole.first && whole.first < until
            })
        };
        // Each is looked at by few: one that has its client is of no other.
        let mut found_of = |who: Who| {
            let places = asked.get_mut(&(who, side.asked.clone()))?;
            let found = places.iter_mut().find(fits).copied()?;
            places.retain(|&at| at != found);
            Some(found)
        };
        // What a resolver of loopback listens at need not be what it asks from.
        let elsewhere =
            Some(Who::Here).filter(|_| who.is_of_loopback() && !clients.contains(&one.server.addr));
        let found = found_of(who).or_else(|| found_of(elsewhere?));
        match found.and_then(|at| wholes.get_mut(at)) {
            Some(whole) => whole.is_for(side),
            None if (resolvers.contains(&who) || elsewhere.is_some_and(|who| resolvers.contains(&who)))
                && one.response().is_some() =>
            {
                cached.push(side)
            }
            None => {}
        }
    }
    cached
}

impl Whole {
    /// Joins the question of a client.
    fn is_for(&mut self, side: ClientSide) {
        let resolution = &mut self.resolution;
        resolution.places.push(side.place);
        resolution.places.extend(side.on_behalf_of.iter().map(|other| other.place));
        if resolution.trace.ending == Ending::Unfinished
            && let Some(step) = resolution.trace.steps.last()
        {
            let leads_on = matches!(step.outcome, StepOutcome::Alias { .. });
            let ending = match side.outcome {
                "servfail" => Some(Ending::NoServer(step.zone.clone())),
                "answer" if leads_on => Some(Ending::Answer),
                "nodata" if leads_on => Some(Ending::NoData),
                "nxdomain" if leads_on => Some(Ending::NxDomain),
                _ => None,
            };
            resolution.rest_remembered = leads_on && ending.is_some() && side.outcome != "servfail";
            resolution.trace.ending = ending.unwrap_or(Ending::Unfinished);
        }
        // A resolver that is the client's own host has its own address in the question.
        resolution.resolver = side.resolver.addr;
        self.last = self.last.max(side.response.unwrap_or_default());
        resolution.client = Some(side);
    }
}

/// The questions that no resolver passed on, each with those that it was asked on behalf of: a stub resolver asks what it is
/// asked.
fn innermost(all: &[DnsTransaction], recursive: &[(usize, Asked)]) -> Vec<ClientSide> {
    let mut sides: Vec<Option<ClientSide>> =
        recursive.iter().map(|(place, asked)| client_side(all.get(*place)?, *place, asked)).collect();
    let mut by_client: HashMap<(IpAddr, Asked), VecDeque<usize>> = HashMap::new();
    for (at, side) in sides.iter().enumerate() {
        if let Some(side) = side {
            by_client.entry((side.client.addr, side.asked.clone())).or_default().push_back(at);
        }
    }
    for at in 0..sides.len() {
        let Some(side) = sides.get(at).and_then(Option::as_ref) else { continue };
        let until = side.response.unwrap_or(PacketNumber::MAX);
        let Some(waiting) = by_client.get_mut(&(side.resolver.addr, side.asked.clone())) else { continue };
        let query_of = |place: &usize| sides.get(*place)?.as_ref().map(|side| side.query);
        // Whoever asked later has no use for them either.
        while waiting.front().is_some_and(|first| query_of(first).is_none_or(|query| query <= side.query)) {
            waiting.pop_front();
        }
        let next = waiting.front().copied().filter(|first| {
            sides.get(*first).and_then(Option::as_ref).is_some_and(|next| {
                next.query < until && next.resolver != side.resolver && side.on_behalf_of.len() < MAX_NESTED
            })
        });
        let Some(next) = next else { continue };
        waiting.pop_front();
        let Some(mut outer) = sides.get_mut(at).and_then(Option::take) else { continue };
        if let Some(Some(inner)) = sides.get_mut(next) {
            let others = std::mem::take(&mut outer.on_behalf_of);
            inner.on_behalf_of.push(outer);
            inner.on_behalf_of.extend(others);
        }
    }
    sides.into_iter().flatten().collect()
}

fn client_side(one: &DnsTransaction, place: usize, asked: &Asked) -> Option<ClientSide> {
    Some(ClientSide {
        client: one.client,
        resolver: one.server,
        asked: asked.clone(),
        query: one.queries.first()?.at.number,
        response: one.response().map(|response| response.at.number),
        elapsed: one.elapsed(),
        outcome: one.outcome.name(),
        place,
        on_behalf_of: Vec::new(),
    })
}
