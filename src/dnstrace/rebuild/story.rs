//! Whose step a query is.

mod response;

use std::collections::{HashMap, HashSet};
use std::net::IpAddr;

use super::super::{Asked, Domain, KnownBy, StepOutcome};
use super::known::{Known, upwards};
use super::part::{Part, PartStep};
use super::{MAX_NESTED, MAX_STEPS, MAX_TRACES, Who};
use crate::flow::PacketStamp;
use crate::proto::dns::Question;
use crate::report::dns::{DnsOutcome, DnsTransaction, MAX_AGE};
use crate::time::{NANOS_PER_SECOND, TimeDelta};

const A: u16 = 1;
const NS: u16 = 2;
const AAAA: u16 = 28;
const DS: u16 = 43;
/// TKEY, TSIG, IXFR and AXFR.
const META: [u16; 4] = [249, 250, 251, 252];
/// How long before its first query dig looks up the server that it is told to begin with.
const JUST_BEFORE: TimeDelta = TimeDelta::from_nanos(5 * NANOS_PER_SECOND);

/// The least that dig waits before it asks another server (`+time=1`).
const SHORTEST_WAIT: TimeDelta = TimeDelta::from_nanos(NANOS_PER_SECOND);
/// Resolutions of one question, at most, that are told apart while they run side by side.
const MAX_BESIDE: usize = 16;

/// The Internet's class.
const IN: u16 = 1;
/// The opcode of a query.
const QUERY: u8 = 0;

/// The label that stands for the rest of a name, where a resolver asks for an address instead of a server.
const STAND_IN: &[u8] = b"_";

/// Puts queries into resolutions, one after the other.
pub(super) struct Storyteller<'a> {
    pub(super) all: &'a [DnsTransaction],
    pub(super) parts: Vec<Part>,
    /// What responses told up to the packet of the moment.
    known: Known,
    /// What they tell in all of the capture.
    ahead: Known,
    /// Addresses that are asked for recursion: what they ask is for others.
    resolvers: HashSet<IpAddr>,
    /// The newest resolutions that ask for this, or have asked, the newest last.
    open: HashMap<(Who, Asked), Vec<usize>>,
    /// Resolutions that may go on with a longer name than this, the newest last.
    grows: HashMap<(Who, Domain), Vec<usize>>,
    /// When somebody last asked another for recursion.
    asked_for_it: HashMap<Who, PacketStamp>,
    /// The newest resolution in which a server of this name was named.
    servers: HashMap<Domain, usize>,
    /// The same of what who asks was told.
    told_servers: HashMap<(Who, Domain), usize>,
    /// Names that were looked up by who began nothing yet.
    looked_up: HashMap<IpAddr, (Domain, PacketStamp)>,
    /// Where the step of a transaction is: resolution and place in it.
    steps: HashMap<usize, (usize, usize)>,
    /// Questions with recursion desired that are no step.
    pub(super) recursive: Vec<(usize, Asked)>,
    pub(super) left_out: u64,
}

impl<'a> Storyteller<'a> {
    pub(super) fn new(all: &'a [DnsTransaction]) -> Self {
        let mut ahead = Known::default();
        let mut resolvers = HashSet::new();
        for one in all {
            if one
                .queries
                .first()
                .is_some_and(|query| query.read().header.is_some_and(|header| header.recursion_desired()))
            {
                resolvers.insert(one.server.addr);
            }
            if let Some(response) = one.response() {
                ahead.learn(&response.read(), &Domain::root(), Who::of(one), response.at.number);
            }
        }
        Self {
            all,
            parts: Vec::new(),
            known: Known::with_hints(),
            ahead,
            resolvers,
            open: HashMap::new(),
            grows: HashMap::new(),
            asked_for_it: HashMap::new(),
            servers: HashMap::new(),
            told_servers: HashMap::new(),
            looked_up: HashMap::new(),
            steps: HashMap::new(),
            recursive: Vec::new(),
            left_out: 0,
        }
    }

    /// Takes a transaction's query.
    pub(super) fn query(&mut self, place: usize) {
        let Some(one) = self.all.get(place) else { return };
        let Some(query) = one.queries.first() else { return };
        let read = query.read();
        let Some(header) = read.header.filter(|header| header.opcode() == QUERY) else { return };
        // A group is no name server, and transfers and keys agreed on are between servers (RFC 6895 section 3.1).
        let is_of_names = |question: &&Question<'_>| question.class == IN && !META.contains(&question.kind);
        let Some(question) = read.questions.first().filter(is_of_names) else { return };
        if one.server.addr.is_multicast() {
            return;
        }
        let Some(name) = Domain::of(&question.name) else { return };
        let asked = Asked { name, kind: question.kind };
        let recursion_desired = header.recursion_desired();
        let at = query.at;
        let new = New { one, asked: &asked, at, recursion_desired, who: Who::of(one) };
        if recursion_desired && one.server.addr != one.client.addr {
            self.asked_for_it.insert(new.who, at);
        }
        let Some(part) = self.part_of(&new) else {
            if recursion_desired {
                self.recursive.push((place, asked));
            }
            return;
        };
        let step = self.step(part, &new, place);
        let Some(into) = self.parts.get_mut(part) else { return };
        if into.steps.len() >= MAX_STEPS {
            self.left_out += 1;
            return;
        }
        self.steps.insert(place, (part, into.steps.len()));
        into.steps.push(step);
        into.last = at;
        put_last(self.open.entry((new.who, asked)).or_default(), part);
    }

    /// The resolution that a query is a step of, perhaps a new one.
    fn part_of(&mut self, new: &New<'_>) -> Option<usize> {
        let open = self.opened(new);
        if new.recursion_desired {
            // Somebody who goes from server to server by hand lets dig ask for recursion.
            let by_hand = |at: usize| {
                let expects = self.parts.get(at).and_then(|part| part.expects.as_ref());
                expects.is_some_and(|zone| self.known.server(new.one.server.addr, zone).is_some())
            };
            if let Some(at) = open.filter(|&at| by_hand(at) || self.is_looked_up_by_a_stub(at)) {
                return Some(at);
            }
            let is_stub = self.server_of(new).is_some();
            let is_of_root = new.asked.name.is_root() && new.asked.kind == NS && !self.passes_on(new);
            let is_referral = matches!(new.one.outcome, DnsOutcome::Referral { .. });
            return if is_stub || is_of_root || is_referral { self.begin(new) } else { None };
        }
        if let Some(at) = open.filter(|&at| self.is_due(at, new)) {
            return Some(at);
        }
        let longer = self.growing(new);
        let of_dig = longer.filter(|&at| self.parts.get(at).is_some_and(|part| part.is_like_dig));
        if let Some(at) = of_dig {
            return Some(self.extend(at, new));
        }
        if let (Some(open), Some(longer)) = (open, longer) {
            return Some(self.merge(open, longer, new));
        }
        if open.is_some() {
            return open;
        }
        if self.server_of(new).is_some() {
            return self.begin(new);
        }
        match longer {
            Some(at) => Some(self.extend(at, new)),
            None => self.begin(new),
        }
    }

    /// The resolution that asks for the same and is not over for this query: of several dig's the one that waits for it, else
    /// the newest. Of a resolver of this host that was asked for a server's address on behalf of one, that one.
    fn opened(&self, new: &New<'_>) -> Option<usize> {
        let of = |who: Who| self.open.get(&(who, new.asked.clone())).map(Vec::as_slice).unwrap_or_default();
        let going_on = || of(new.who).iter().copied().filter(|&at| self.goes_on(at, new));
        let due = going_on().find(|&at| self.is_due(at, new));
        due.or_else(|| going_on().next_back()).or_else(|| {
            let is_for = |at: &usize| self.goes_on(*at, new) && self.is_asked_meanwhile(*at, new);
            self.passes_on(new).then(|| of(Who::Here).iter().copied().rfind(is_for))?
        })
    }

    /// Whether a resolution of dig's that asks for the same waits for just this: it had a response that leads to this server
    /// or did not help, or waited as long as dig does at least. Another may ask for the same at the same time.
    fn is_due(&self, at: usize, new: &New<'_>) -> bool {
        let Some(part) = self.parts.get(at).filter(|part| part.is_like_dig && part.is_extended) else {
            return false;
        };
        let Some(last) = part.steps.last() else { return false };
        let server = new.one.server.addr;
        match &last.outcome {
            None => new.at.since(last.sent_at).is_none_or(|age| age >= SHORTEST_WAIT),
            Some(StepOutcome::Truncated) => {
                self.all.get(last.place).is_some_and(|one| one.server.addr == server)
            }
            Some(outcome) if outcome.is_useful() => {
                let Some(zone) = &part.expects else { return false };
                let of_any = |known: &Known| known.nearest(server, &new.asked.name, false).is_some();
                self.known.server(server, zone).is_some()
                    || self.ahead.server(server, zone).is_some()
                    || self.known.has_unknown(zone) && !of_any(&self.known) && !of_any(&self.ahead)
            }
            Some(_) => true,
        }
    }

    /// Whether a resolver of this host asks.
    fn passes_on(&self, new: &New<'_>) -> bool {
        let client = new.one.client.addr;
        new.who != Who::Here && client.is_loopback() && self.resolvers.contains(&client)
    }

    /// Whether who asks was asked for this in a look-up of a server's address, and has not answered.
    fn is_asked_meanwhile(&self, at: usize, new: &New<'_>) -> bool {
        let Some(part) = self.parts.get(at).filter(|part| part.parent.is_some()) else { return false };
        let is_asked = |step: &PartStep| {
            let server = self.all.get(step.place).map(|one| one.server.addr);
            step.recursion_desired && step.outcome.is_none() && server == Some(new.one.client.addr)
        };
        part.steps.iter().any(is_asked)
    }

    /// Whether the resolution at `at`, which asks for the same, is not over for this query.
    fn goes_on(&self, at: usize, new: &New<'_>) -> bool {
        self.parts.get(at).is_some_and(|part| {
            let is_open = part.closed.is_none_or(|closed| closed.number > new.at.number);
            is_open && !part.is_merged && is_soon(part.last, new.at)
        })
    }

    fn is_looked_up_by_a_stub(&self, at: usize) -> bool {
        self.parts
            .get(at)
            .is_some_and(|part| part.parent.is_some() && part.steps.iter().all(|step| step.recursion_desired))
    }

    /// A resolution that asked for the end of this name, and whose servers this query goes to.
    fn growing(&self, new: &New<'_>) -> Option<usize> {
        // dig may want the root's servers themselves, from one of them.
        let skipped = usize::from(!new.asked.name.is_root());
        upwards(&new.asked.name).skip(skipped).find_map(|above| {
            let hosts = [new.who, Who::Here];
            let found = hosts.iter().filter_map(|who| self.grows.get(&(*who, above.clone()))).flatten();
            found.copied().find(|&at| self.parts.get(at).is_some_and(|part| self.may_grow(part, new)))
        })
    }

    fn may_grow(&self, part: &Part, new: &New<'_>) -> bool {
        if part.is_merged || !is_soon(part.last, new.at) {
            return false;
        }
        // dig asks a resolver for the root's servers, and nobody for it from there.
        let client = new.one.client.addr;
        if part.is_like_dig && client != part.resolver && self.resolvers.contains(&client) {
            return false;
        }
        // dig asks for all of the name from the second query on.
        if part.is_like_dig && part.is_extended || new.asked.name.is_root() && !part.is_like_dig {
            return false;
        }
        // Who asks others to find out, and does so in between, is no resolver that asks for the end of a name first.
        let is_asking_others = |at: &PacketStamp| at.number > part.last.number;
        if !part.is_like_dig && self.asked_for_it.get(&new.who).is_some_and(is_asking_others) {
            return false;
        }
        // A stub resolver of this host was asked for the root's servers, and other hosts are asked for the rest.
        if part.who != new.who && (!part.is_like_dig || new.who.is_of_loopback()) {
            return false;
        }
        let Some(zone) = &part.expects else { return false };
        let address = new.one.server.addr;
        new.asked.name.is_within(zone)
            && (self.known.server(address, zone).is_some()
                || self.ahead.server(address, zone).is_some()
                || self.known.nearest(address, &new.asked.name, false).is_none())
    }

    /// Goes on with a longer name.
    fn extend(&mut self, at: usize, new: &New<'_>) -> usize {
        if let Some(part) = self.parts.get_mut(at) {
            take_out(&mut self.grows, (part.who, without_stand_in(&part.asked.name)), at);
            part.minimised |= !part.is_like_dig;
            part.is_extended = true;
            part.closed = None;
            part.asked = new.asked.clone();
            // dig's own address is told by what it asks behind its first query.
            if part.who != new.who {
                (part.who, part.resolver) = (new.who, new.one.client.addr);
            }
        }
        at
    }

    /// What `longer` found out was for an alias that `open` met: one resolution.
    fn merge(&mut self, open: usize, longer: usize, new: &New<'_>) -> usize {
        let waits = self.parts.get(open).is_some_and(|part| part.has_alias && part.expects.is_none());
        if !waits || open == longer {
            return open;
        }
        let Some(other) = self.parts.get_mut(longer).filter(|other| other.parent.is_none()) else {
            return open;
        };
        take_out(&mut self.grows, (other.who, without_stand_in(&other.asked.name)), longer);
        other.is_merged = true;
        let steps = std::mem::take(&mut other.steps);
        let expects = other.expects.clone();
        for part in self.parts.iter_mut().filter(|part| part.parent == Some(longer)) {
            part.parent = Some(open);
        }
        if let Some(part) = self.parts.get_mut(open) {
            for step in steps {
                self.steps.insert(step.place, (open, part.steps.len()));
                part.steps.push(step);
            }
            (part.expects, part.minimised, part.last) = (expects, true, new.at);
        }
        open
    }

    /// The resolution that named a server whose address this query is for.
    fn server_of(&self, new: &New<'_>) -> Option<usize> {
        if !matches!(new.asked.kind, A | AAAA) {
            return None;
        }
        let fits = |at: &usize| {
            let Some(part) = self.parts.get(*at) else { return false };
            let is_here = part.who == Who::Here || new.who == Who::Here;
            let is_same = part.who == new.who || new.recursion_desired && is_here;
            is_same && part.asked != *new.asked && is_soon(part.last, new.at)
        };
        let told = self.told_servers.get(&(new.who, new.asked.name.clone()));
        told.filter(|at| fits(at))
            .or_else(|| self.servers.get(&new.asked.name).filter(|at| fits(at)))
            .copied()
    }

    /// A new resolution, perhaps of a server's address.
    fn begin(&mut self, new: &New<'_>) -> Option<usize> {
        if self.parts.len() >= MAX_TRACES {
            self.left_out += 1;
            return None;
        }
        let parent = self.server_of(new);
        let depth = parent.and_then(|at| self.parts.get(at)).map_or(0, |part| part.depth.saturating_add(1));
        let is_like_dig = new.recursion_desired && new.asked.name.is_root();
        let at = self.parts.len();
        self.parts.push(Part {
            who: new.who,
            resolver: new.one.client.addr,
            asked: new.asked.clone(),
            steps: Vec::new(),
            parent: parent.filter(|_| depth <= MAX_NESTED),
            depth,
            expects: None,
            has_alias: false,
            is_like_dig,
            is_extended: false,
            minimised: false,
            closed: None,
            last: new.at,
            is_merged: false,
        });
        Some(at)
    }

    /// The step that a query is, as far as is known before its response.
    fn step(&self, part: usize, new: &New<'_>, place: usize) -> PartStep {
        let address = new.one.server.addr;
        let part = self.parts.get(part);
        let mut step = PartStep {
            place,
            asked: new.asked.clone(),
            recursion_desired: new.recursion_desired,
            zone: None,
            is_sure: true,
            is_guess: false,
            name: None,
            known_by: KnownBy::Unknown,
            told: None,
            outcome: None,
            sent_at: new.at,
        };
        let is_by_hand = matches!(new.one.outcome, DnsOutcome::Referral { .. })
            || part.is_some_and(|part| part.expects.is_some());
        if new.recursion_desired && !is_by_hand {
            // A resolver may say anything. Its name is what was looked up before, if it was.
            step.zone = Some(Domain::root());
            let is_fresh = |at: PacketStamp| new.at.since(at).is_some_and(|age| age <= JUST_BEFORE);
            if let Some((name, _)) = self.looked_up.get(&address).filter(|(_, at)| is_fresh(*at)) {
                (step.known_by, step.name) = (KnownBy::LookedUp, Some(name.clone()));
            }
            return step;
        }
        let expected = part.and_then(|part| part.expects.clone());
        let expected_server =
            expected.clone().and_then(|zone| Some((zone.clone(), self.known.server(address, &zone)?)));
        // The DS record of a zone is with the zone above (RFC 4035 section 3.1.4.1).
        let above = new.asked.kind == DS;
        let found = expected_server.or_else(|| self.known.nearest(address, &new.asked.name, above));
        if let Some((zone, served)) = found {
            (step.zone, step.name) = (Some(zone), Some(served.name.clone()));
            step.known_by = served.known_by(new.who);
            step.told = served.told;
        } else {
            let later = self.ahead.nearest(address, &new.asked.name, above);
            step.name = later.as_ref().map(|(_, served)| served.name.clone());
            // A server that a referral named without an address may have any. Where all have theirs, it is none of them:
            // a referral is not in the capture, perhaps.
            step.is_sure = expected.as_ref().is_some_and(|zone| self.known.has_unknown(zone));
            let later = later.map(|(zone, _)| zone).filter(|_| !step.is_sure);
            step.is_guess = later.is_none() && expected.is_some() && !step.is_sure;
            step.zone = later.or(expected);
        }
        step
    }
}

/// Adds `at` as the newest.
fn put_last(list: &mut Vec<usize>, at: usize) {
    list.retain(|&other| other != at);
    if list.len() >= MAX_BESIDE {
        list.remove(0);
    }
    list.push(at);
}

/// Takes one out.
fn take_out(grows: &mut HashMap<(Who, Domain), Vec<usize>>, key: (Who, Domain), at: usize) {
    if let Some(list) = grows.get_mut(&key) {
        list.retain(|&other| other != at);
        if list.is_empty() {
            grows.remove(&key);
        }
    }
}

/// A query that is new.
struct New<'a> {
    one: &'a DnsTransaction,
    asked: &'a Asked,
    at: PacketStamp,
    recursion_desired: bool,
    who: Who,
}

pub(super) fn is_soon(before: PacketStamp, after: PacketStamp) -> bool {
    after.since(before).is_none_or(|age| age <= MAX_AGE)
}

/// The name that `_.example.com.` stands for.
pub(super) fn without_stand_in(name: &Domain) -> Domain {
    match name.name().labels().next() {
        Some(STAND_IN) => name.last_labels(name.label_count().saturating_sub(1)),
        _ => name.clone(),
    }
}
