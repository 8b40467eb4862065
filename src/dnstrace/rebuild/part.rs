//! A resolution while it is being put together.

use std::net::{IpAddr, SocketAddr};

use super::super::judge::address_of;
use super::super::{
    Asked, Budget, DnsTrace, Domain, Ending, KnownBy, MAX_ADDRESSES, MAX_ALIASES, MAX_IGNORED, Misfit, Over,
    Packets, Server, Start, Step, StepOutcome,
};
use super::Who;
use super::stray::{Strays, ignored};
use crate::decode::TransportProtocol;
use crate::flow::{IcmpError, PacketStamp};
use crate::proto::dns::{Message, Section};
use crate::report::dns::DnsTransaction;
use crate::source::PacketNumber;
use crate::time::{NANOS_PER_SECOND, TimeDelta};

/// How long dig waits for a response, and longer than resolvers do.
const LONGEST_WAIT: TimeDelta = TimeDelta::from_nanos(5 * NANOS_PER_SECOND);

/// The least that resolvers wait for a response: less than this between two queries, and they were sent side by side.
const SHORTEST_WAIT: TimeDelta = TimeDelta::from_nanos(NANOS_PER_SECOND / 20);

/// A query, and what is known of it so far.
#[derive(Debug)]
pub(super) struct PartStep {
    /// The transaction's place.
    pub place: usize,
    pub asked: Asked,
    pub recursion_desired: bool,
    /// Nothing has told it yet where there is none.
    pub zone: Option<Domain>,
    /// Whether responses before the query tell the zone.
    pub is_sure: bool,
    /// Nothing but the name, or what the response refers to, tells it.
    pub is_guess: bool,
    pub name: Option<Domain>,
    pub known_by: KnownBy,
    /// The packet that told of the server.
    pub told: Option<PacketNumber>,
    pub outcome: Option<StepOutcome>,
    pub sent_at: PacketStamp,
}

/// A resolution.
#[derive(Debug)]
pub(super) struct Part {
    pub who: Who,
    pub resolver: IpAddr,
    pub asked: Asked,
    pub steps: Vec<PartStep>,
    /// The resolution whose server's address this one finds.
    pub parent: Option<usize>,
    pub depth: usize,
    /// The zone whose servers are to be asked next.
    pub expects: Option<Domain>,
    /// An alias was met.
    pub has_alias: bool,
    /// It began with a question for the root's servers, as dig does.
    pub is_like_dig: bool,
    /// Something came after that question.
    pub is_extended: bool,
    pub minimised: bool,
    /// The packet with the response that ended it.
    pub closed: Option<PacketStamp>,
    /// Its last packet.
    pub last: PacketStamp,
    /// Its steps are another's now.
    pub is_merged: bool,
}

impl Part {
    /// The addresses that it found.
    pub(super) fn addresses(&self, all: &[DnsTransaction]) -> Vec<IpAddr> {
        let Some(step) =
            self.steps.iter().rfind(|step| matches!(step.outcome, Some(StepOutcome::Answer { .. })))
        else {
            return Vec::new();
        };
        let Some(response) = all.get(step.place).and_then(DnsTransaction::response) else {
            return Vec::new();
        };
        let read = Message::read(&response.bytes);
        read.section(Section::Answer).filter_map(address_of).take(MAX_ADDRESSES).collect()
    }

    /// The resolution without those in it. `end` is the last packet of the capture that is known.
    pub(super) fn trace(
        &self,
        all: &[DnsTransaction],
        bytes_left: &mut usize,
        strays: &mut Strays,
        end: Option<PacketStamp>,
    ) -> DnsTrace {
        let mut steps = Vec::new();
        for (at, step) in self.steps.iter().enumerate() {
            let later = self.steps.get(at.saturating_add(1)..).unwrap_or_default();
            // Where nothing told of what zone the server was, it was asked as those after it were.
            let nearest = || later.iter().find(|later| later.zone.is_some());
            let is_guess =
                step.is_guess || step.zone.is_none() && nearest().is_none_or(|later| later.is_guess);
            let zone = step.zone.clone().or_else(|| nearest().and_then(|later| later.zone.clone()));
            let place = step.place;
            if let Some(transaction) = all.get(place) {
                let until = later.first().filter(|later| step.is_given_up_for(later, all));
                let until = until.map(|later| later.sent_at).or(end.filter(|&end| step.waits_until(end)));
                let zone = zone.unwrap_or_else(Domain::root);
                let mut step = step.finished(transaction, zone, until, bytes_left);
                (step.zone_guessed, step.ignored) = (is_guess, strays.take(place));
                let room = MAX_IGNORED.saturating_sub(step.ignored.len());
                let again = transaction.responses.iter().skip(1).take(room);
                step.ignored.extend(again.map(|late| ignored(late, Misfit::Again)));
                steps.push(step);
            }
        }
        let first = steps.iter().find(|step| !step.recursion_desired).or_else(|| steps.first());
        let start = match first {
            Some(step) if !step.zone.is_root() && !self.is_like_dig => Start::Known(step.zone.clone()),
            _ => Start::Root,
        };
        let ending = self.ending();
        DnsTrace { asked: self.asked.clone(), start, steps, fruitless: Vec::new(), ending }
    }

    fn ending(&self) -> Ending {
        let outcomes = || self.steps.iter().rev().filter_map(|step| step.outcome.as_ref());
        match outcomes().find(|outcome| outcome.is_useful()) {
            Some(StepOutcome::Answer { .. }) => Ending::Answer,
            // dig shows the alias and asks no further.
            Some(StepOutcome::Alias { .. }) if self.is_like_dig => Ending::Answer,
            Some(StepOutcome::Alias { aliases, .. }) if aliases.len() > MAX_ALIASES => {
                Ending::Spent(Budget::Aliases)
            }
            Some(StepOutcome::NoData { .. }) => Ending::NoData,
            Some(StepOutcome::NxDomain { .. }) => Ending::NxDomain,
            Some(StepOutcome::AliasLoop(_)) => Ending::AliasLoop,
            _ => Ending::Unfinished,
        }
    }
}

impl PartStep {
    /// Whether the next query is one that is sent where nothing came: the same question to another server of the zone, or again
    /// to the same one. Another may be what a response led to that is not in the capture.
    fn is_given_up_for(&self, next: &Self, all: &[DnsTransaction]) -> bool {
        let (Some(one), Some(other)) = (all.get(self.place), all.get(next.place)) else { return false };
        let is_same_zone = || self.zone.is_some() && self.zone == next.zone && !next.is_guess;
        let is_same_server = one.server == other.server;
        // TCP follows a truncated response.
        let is_same_transport = one.transport == other.transport;
        let is_waited = next.sent_at.since(self.sent_at).is_none_or(|age| age >= SHORTEST_WAIT);
        self.asked == next.asked && is_same_transport && is_waited && (is_same_server || is_same_zone())
    }

    /// Whether whoever asks has given up by then.
    fn waits_until(&self, end: PacketStamp) -> bool {
        end.since(self.sent_at).is_some_and(|age| age >= LONGEST_WAIT)
    }

    fn finished(
        &self,
        transaction: &DnsTransaction,
        zone: Domain,
        next: Option<PacketStamp>,
        bytes_left: &mut usize,
    ) -> Step {
        let response = transaction.response();
        let kept = response.filter(|response| response.bytes.len() <= *bytes_left);
        *bytes_left = bytes_left.saturating_sub(kept.map_or(0, |kept| kept.bytes.len()));
        let last = transaction
            .queries
            .iter()
            .rfind(|query| response.is_none_or(|response| query.at.number < response.at.number));
        let asked_at = last.map_or(self.sent_at, |query| query.at);
        let until = response.map(|response| response.at).or(next);
        let outcome = match (&self.outcome, transaction.icmp) {
            (Some(outcome), _) => outcome.clone(),
            (None, Some(error)) => StepOutcome::Unreachable(of_icmp(&error)),
            (None, None) => StepOutcome::TimeOut,
        };
        Step {
            asked: self.asked.clone(),
            recursion_desired: self.recursion_desired,
            zone,
            zone_guessed: false,
            server: Server {
                name: self.name.clone(),
                address: SocketAddr::new(transaction.server.addr, transaction.server.port),
                known_by: self.known_by.clone(),
            },
            over: match transaction.transport {
                TransportProtocol::Udp => Over::Udp,
                TransportProtocol::Tcp => Over::Tcp,
            },
            sent: u32::try_from(transaction.queries.len()).unwrap_or(u32::MAX),
            response: kept.map(|kept| kept.bytes.clone()),
            size: response.map(|response| response.announced.map_or(response.bytes.len(), usize::from)),
            elapsed: until.and_then(|until| until.since(asked_at)),
            outcome,
            ignored: Vec::new(),
            nested: Vec::new(),
            packets: Packets {
                queries: transaction.queries.iter().map(|query| query.at.number).collect(),
                response: response.map(|response| response.at.number),
            },
        }
    }
}

/// What an ICMP error says (RFC 792, RFC 4443 section 3.1).
fn of_icmp(error: &IcmpError) -> String {
    let what = match (error.v6, error.icmp_type, error.code) {
        (false, 3, 0) | (true, 1, 0) => "network unreachable",
        (false, 3, 1) | (true, 1, 3) => "host unreachable",
        (false, 3, 3) | (true, 1, 4) => "port unreachable",
        (false, 3, 9 | 10 | 13) | (true, 1, 1) => "administratively prohibited",
        (false, 11, _) | (true, 3, _) => "time to live exceeded",
        (_, kind, code) => {
            return format!(
                "ICMP type {kind} code {code} of {} in packet {}",
                error.from, error.packet.number
            );
        }
    };
    format!("{what}, says {} in packet {}", error.from, error.packet.number)
}
