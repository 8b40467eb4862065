//! A name that was looked up before a connection: the capture has the way of the question and of the answer.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use super::{Case, Check};
use crate::flow::{Direction, PacketStamp};
use crate::lab::Transport;
use crate::lab::scene::What;
use crate::proto::dns::{Message, Section};

const A: u16 = 1;
const NS: u16 = 2;

/// A question, and the answer to it.
struct Exchange<'a> {
    client: IpAddr,
    server: IpAddr,
    asked: PacketStamp,
    answered: PacketStamp,
    question: Message<'a>,
    answer: Message<'a>,
}

impl Exchange<'_> {
    /// What is asked: name and type.
    fn of_name(&self, other: &Self) -> bool {
        match (self.question.questions.as_slice(), other.question.questions.as_slice()) {
            ([one], [other]) => one.kind == other.kind && one.name.is_same(&other.name),
            _ => false,
        }
    }

    fn addresses(&self) -> Vec<IpAddr> {
        let records = self.answer.section(Section::Answer).filter(|record| record.kind == A);
        let octets = records.filter_map(|record| <[u8; 4]>::try_from(record.data).ok());
        octets.map(|octets| Ipv4Addr::from(octets).into()).collect()
    }

    /// The zone whose servers the answer names instead of an address, and how many labels it has.
    fn referral(&self) -> Option<(String, usize)> {
        let is_empty = self.answer.section(Section::Answer).next().is_none();
        let mut servers = self.answer.section(Section::Authority).filter(|record| record.kind == NS);
        let owner = servers.next().filter(|_| is_empty)?.name;
        Some((owner.to_string(), owner.label_count()))
    }

    /// Whether it lies between another's question and answer.
    fn is_within(&self, other: &Self) -> bool {
        other.asked.number < self.asked.number && self.answered.number < other.answered.number
    }

    const fn packets(&self) -> [u64; 2] {
        [self.asked.number, self.answered.number]
    }
}

/// All questions that were answered, in their order.
fn exchanges<'a>(case: &Case<'a>) -> Vec<Exchange<'a>> {
    let mut found = Vec::new();
    for talk in case.talks.iter().filter(|talk| talk.transport == Transport::Udp) {
        let Some((told, client)) = talk.flow(case.evidence.flows) else { continue };
        let turns = told.flow.conversation.as_deref().map(|all| all.turns.as_slice()).unwrap_or_default();
        let by = |direction| turns.iter().find(|turn| turn.direction == direction);
        let (Some(asked), Some(answered)) = (by(client), by(client.reversed())) else { continue };
        let tuple = &told.flow.tuple;
        let (from, to) = match client {
            Direction::OrigToResp => (tuple.orig.addr, tuple.resp.addr),
            Direction::RespToOrig => (tuple.resp.addr, tuple.orig.addr),
        };
        found.push(Exchange {
            client: from,
            server: to,
            asked: asked.first,
            answered: answered.first,
            question: Message::read(&asked.bytes),
            answer: Message::read(&answered.bytes),
        });
    }
    found.sort_by_key(|exchange| exchange.asked.number);
    found
}

/// Where somebody listens, by the log.
fn place(case: &Case<'_>, name: &str) -> Option<IpAddr> {
    case.log.iter().find_map(|line| match &line.what {
        What::Listening { local, .. } if line.who == name => Some(SocketAddr::ip(local)),
        _ => None,
    })
}

pub(super) fn of(case: &Case<'_>) -> Vec<Check> {
    let all = exchanges(case);
    let (stub, recursive) = (place(case, "stub"), place(case, "recursive"));
    let Some(own) = all.iter().find(|one| Some(one.server) == stub) else {
        return vec![Check::new(false, "No answer of the stub resolver is in the capture", [])];
    };
    let passed_on = all.iter().find(|one| {
        Some(one.server) == recursive && Some(one.client) == stub && one.of_name(own) && one.is_within(own)
    });
    let asked_for_it = |one: &&Exchange<'_>| Some(one.client) == recursive && one.of_name(own);
    let steps: Vec<&Exchange<'_>> = all.iter().filter(asked_for_it).collect();
    vec![connected(case, own), handed_on(own, passed_on), found_out(own, passed_on, &steps)]
}

fn connected(case: &Case<'_>, own: &Exchange<'_>) -> Check {
    let found = own.addresses();
    let name = own.question.questions.first().map_or(String::new(), |question| question.name.to_string());
    let tcp = case.talks.iter().filter(|talk| talk.transport == Transport::Tcp);
    let syns = tcp.filter_map(|talk| {
        let (told, client) = talk.flow(case.evidence.flows)?;
        let server =
            if client == Direction::OrigToResp { &told.flow.tuple.resp } else { &told.flow.tuple.orig };
        Some((server.addr, told.flow.tcp.as_ref()?.handshake.syn?))
    });
    let mut to_it = syns.filter(|(address, _)| found.contains(address));
    match to_it.next() {
        Some((address, syn)) if own.answered.number < syn.number => Check::new(
            true,
            format!(
                "The SYN (packet {}) goes to {address}, which the stub resolver had answered for {name} before (packet {})",
                syn.number, own.answered.number
            ),
            [own.answered.number, syn.number],
        ),
        Some((address, _)) => {
            Check::new(false, format!("The connection to {address} began before the name was looked up"), [])
        }
        None => {
            Check::new(false, format!("No connection goes to an address that was answered for {name}"), [])
        }
    }
}

fn handed_on(own: &Exchange<'_>, passed_on: Option<&Exchange<'_>>) -> Check {
    match passed_on.filter(|passed_on| passed_on.addresses() == own.addresses()) {
        Some(passed_on) => Check::new(
            true,
            "The stub resolver knows nothing itself: it asks the recursive one, and passes the same answer on",
            own.packets().into_iter().chain(passed_on.packets()),
        ),
        None => Check::new(false, "The stub resolver's answer is not the recursive one's", []),
    }
}

fn found_out(own: &Exchange<'_>, passed_on: Option<&Exchange<'_>>, steps: &[&Exchange<'_>]) -> Check {
    let no = |text: &str| Check::new(false, text, []);
    let Some((last, referrals)) = steps.split_last() else {
        return no("The recursive resolver asks nobody");
    };
    if !steps.iter().all(|step| passed_on.is_some_and(|passed_on| step.is_within(passed_on))) {
        return no("The recursive resolver asks before it is asked, or after it has answered");
    }
    let zones: Option<Vec<(String, usize)>> = referrals.iter().map(|step| step.referral()).collect();
    let Some(zones) = zones else { return no("Not all but the last servers refer to others") };
    let depths: Vec<usize> = zones.iter().map(|(_, labels)| *labels).collect();
    let has_authority = last.answer.header.is_some_and(|header| header.is_authoritative());
    if zones.len() < 2 || !depths.is_sorted() || !has_authority || last.addresses() != own.addresses() {
        return no("The servers do not lead from the root down to the answer");
    }
    let names: Vec<&str> = zones.iter().map(|(zone, _)| zone.as_str()).collect();
    Check::new(
        true,
        format!(
            "The recursive resolver asks the root, then {}: all but the last refer to the next, the last answers with authority",
            names.join(", then ")
        ),
        steps.iter().flat_map(|step| step.packets()),
    )
}
