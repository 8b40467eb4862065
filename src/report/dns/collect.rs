//! Puts queries and responses together while the capture is read.

use std::collections::HashMap;
use std::net::IpAddr;

use super::{DnsMessage, DnsOutcome, DnsTransaction, DnsTransactions, links, outcome};
use crate::decode::{DecodedPacket, Endpoint, TransportProtocol};
use crate::flow::{Direction, Flow, FlowTable, Verdict};
use crate::proto::{self, Message, Messages, Note, Protocol, dns};
use crate::time::{NANOS_PER_SECOND, TimeDelta};

/// Most transactions that are kept: those of a busy resolver in some minutes. Later ones are counted.
pub const MAX_TRANSACTIONS: usize = 500_000;

/// Most bytes of messages that are kept, over all transactions: what a laptop has to spare.
pub const MAX_KEPT_BYTES: usize = 256 << 20;

/// Most queries, and most responses, that are kept of one transaction. Zone transfers have many responses.
pub const MAX_MESSAGES: usize = 256;

/// How long a query waits for its repeat or response. Resolvers give up after some ten seconds; behind a minute, the
/// same id and question are another transaction.
pub const MAX_AGE: TimeDelta = TimeDelta::from_nanos(60 * NANOS_PER_SECOND);

/// Transactions with the same endpoints and id that a message is compared with: the last ones.
const MAX_CANDIDATES: usize = 16;

/// Queries of multicast DNS that a response is compared with: the last ones.
const MAX_OPEN_MULTICAST: usize = 32;

/// Questions of each of them that are compared, and records of the response: a browser asks a dozen at once, and a message
/// of thousands would take time for each with each.
const MAX_COMPARED: usize = 64;

/// What was left out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DnsLimits {
    /// Messages that were not looked at because there were [`MAX_TRANSACTIONS`] or [`MAX_KEPT_BYTES`].
    pub messages_left_out: u64,
}

/// What a query and its response have in common.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Key {
    protocol: Protocol,
    transport: TransportProtocol,
    client: Endpoint,
    /// `None` where the query went to a group, so that anybody may answer.
    server: Option<Endpoint>,
    id: u16,
}

/// A query by multicast DNS: its place in `all`, and the names, as [`dns::Name::folded`], and types that it asks for.
#[derive(Clone, Debug)]
struct Open {
    place: usize,
    asked: Vec<(Vec<u8>, u16)>,
}

/// Collects the transactions of a capture.
#[derive(Debug, Default)]
pub struct DnsCollector {
    all: Vec<DnsTransaction>,
    /// Places in `all`, the newest last.
    open: HashMap<Key, Vec<usize>>,
    /// Queries by multicast DNS, the newest last.
    multicast: Vec<Open>,
    kept_bytes: usize,
    limits: DnsLimits,
    /// What the end of the capture left, with its bytes.
    unfinished: Vec<(Message, Box<[u8]>)>,
}

impl DnsCollector {
    /// Takes the messages that end in a packet, which is one that was `selected` or not.
    pub fn take(
        &mut self,
        decoded: &DecodedPacket<'_>,
        verdicts: &[Verdict],
        messages: &Messages,
        selected: bool,
    ) {
        for message in messages.all() {
            // What an ICMP error quotes was said before.
            if !is_dns(message.protocol) || message.flow.is_none() {
                continue;
            }
            let Some(transport) = decoded.transports().get(message.transport) else { continue };
            let verdict = verdicts.get(message.transport);
            let turned = verdict.is_some_and(|verdict| verdict.direction != message.direction);
            let (from, to) =
                if turned { (transport.dst, transport.src) } else { (transport.src, transport.dst) };
            let bytes = message.bytes(decoded);
            let on_stream = transport.protocol == TransportProtocol::Tcp;
            let bytes = if on_stream { bytes.get(LENGTH_BYTES..).unwrap_or_default() } else { bytes };
            let kept = DnsMessage {
                first: message.first,
                at: message.last,
                from,
                to,
                bytes: bytes.into(),
                cut: message.cut,
                announced: announced(message),
            };
            let begun = Begun {
                protocol: message.protocol,
                transport: transport.protocol,
                flow: verdict.and_then(|verdict| verdict.id),
                place: message.flow,
                from_orig: message.direction == Direction::OrigToResp,
                selected,
            };
            self.message(begun, kept);
        }
    }

    /// Takes messages over TCP that are not whole when the capture ends.
    pub fn unfinished(&mut self, messages: &Messages) {
        let packet = DecodedPacket::of_joined(messages.joined());
        for message in messages.all().iter().filter(|message| is_dns(message.protocol)) {
            let bytes = message.bytes(&packet).get(LENGTH_BYTES..).unwrap_or_default();
            let all = self.kept_bytes.saturating_add(bytes.len());
            if all > MAX_KEPT_BYTES || self.unfinished.len() >= MAX_TRANSACTIONS {
                self.limits.messages_left_out += 1;
                continue;
            }
            self.kept_bytes = all;
            self.unfinished.push((message.clone(), bytes.into()));
        }
    }

    /// Pairs them; their flows say between whom they are.
    fn take_unfinished(&mut self, flows: &FlowTable, takes: impl Fn(usize, &Flow) -> bool) {
        for (message, bytes) in std::mem::take(&mut self.unfinished) {
            self.kept_bytes = self.kept_bytes.saturating_sub(bytes.len());
            let place = message.flow.and_then(|place| Some((place, flows.flows().get(place)?)));
            let Some((place, flow)) = place else { continue };
            let from_orig = message.direction == Direction::OrigToResp;
            let ends = flow.tuple;
            let (from, to) = if from_orig { (ends.orig, ends.resp) } else { (ends.resp, ends.orig) };
            let kept = DnsMessage {
                first: message.first,
                at: message.last,
                from,
                to,
                bytes,
                cut: message.cut,
                announced: announced(&message),
            };
            let begun = Begun {
                protocol: message.protocol,
                transport: flow.id.protocol,
                flow: Some(flow.id),
                place: Some(place),
                from_orig,
                selected: takes(place, flow),
            };
            self.message(begun, kept);
        }
        self.all.sort_by_key(DnsTransaction::first_packet);
    }

    fn message(&mut self, begun: Begun, message: DnsMessage) {
        let bytes = self.kept_bytes.saturating_add(message.bytes.len());
        if self.all.len() >= MAX_TRANSACTIONS || bytes > MAX_KEPT_BYTES {
            self.limits.messages_left_out += 1;
            return;
        }
        self.kept_bytes = bytes;
        let header = dns::Header::read(&message.bytes);
        let is_response = header.map_or(!begun.from_orig, |header| header.is_response());
        let (client, server) =
            if is_response { (message.to, message.from) } else { (message.from, message.to) };
        let place = match (header, begun.protocol) {
            (None, _) => None,
            (Some(_), Protocol::Mdns) => self.find_multicast(is_response, &message),
            (Some(header), protocol) => {
                let key =
                    |server| Key { protocol, transport: begun.transport, client, server, id: header.id };
                let place = self.find(&key(Some(server)), is_response, &message);
                place.or_else(|| self.find(&key(None), is_response, &message))
            }
        };
        if let Some(transaction) = place.and_then(|place| self.all.get_mut(place)) {
            transaction.selected |= begun.selected;
            let list = if is_response { &mut transaction.responses } else { &mut transaction.queries };
            if list.len() < MAX_MESSAGES {
                list.push(message);
            } else {
                transaction.not_kept += 1;
            }
            return;
        }
        let place = self.all.len();
        if let Some(header) = header.filter(|_| !is_response) {
            if begun.protocol == Protocol::Mdns {
                let read = message.read();
                let questions = read.questions.iter().take(MAX_COMPARED);
                let asked = questions.map(|one| (one.name.folded().collect(), one.kind)).collect();
                self.multicast.push(Open { place, asked });
            } else {
                let server = (!is_group(server.addr)).then_some(server);
                let key = Key {
                    protocol: begun.protocol,
                    transport: begun.transport,
                    client,
                    server,
                    id: header.id,
                };
                self.open.entry(key).or_default().push(place);
            }
        }
        self.all.push(begun.transaction(is_response, message));
    }

    /// The transaction that a message belongs to: of a response the newest with its question, one that waits before one
    /// that was answered; of a query the newest with its question, if that still waits.
    fn find(&mut self, key: &Key, is_response: bool, message: &DnsMessage) -> Option<usize> {
        let candidates = self.open.get_mut(key)?;
        if candidates.len() > MAX_CANDIDATES {
            candidates.remove(0);
        }
        let question = first_question(message);
        let mut answered = None;
        for &place in candidates.iter().rev() {
            let Some(transaction) = self.all.get(place) else { continue };
            let asked = first_question(transaction.queries.first()?);
            if !has_question_of(question.as_ref(), asked.as_ref(), is_response)
                || !transaction.is_recent(message)
            {
                continue;
            }
            if transaction.responses.is_empty() {
                return Some(place);
            }
            answered = answered.or(Some(place));
        }
        answered.filter(|_| is_response)
    }

    /// The query by multicast DNS that a response has a record for, or that is asked again.
    fn find_multicast(&mut self, is_response: bool, message: &DnsMessage) -> Option<usize> {
        let more = self.multicast.len().saturating_sub(MAX_OPEN_MULTICAST);
        self.multicast.drain(..more);
        if !is_response {
            return None;
        }
        let read = message.read();
        let answers = read.section(dns::Section::Answer).take(MAX_COMPARED);
        let answers: Vec<(Vec<u8>, u16)> =
            answers.map(|record| (record.name.folded().collect(), record.kind)).collect();
        // RFC 6762 section 6: a response has records of the name and type that were asked for.
        let fits = |(name, kind): &(Vec<u8>, u16)| {
            answers.iter().any(|answer| answer.0 == *name && (answer.1 == *kind || *kind == outcome::ANY))
        };
        let recent = |place| self.all.get(place).is_some_and(|one: &DnsTransaction| one.is_recent(message));
        let found =
            self.multicast.iter().rev().find(|open| open.asked.iter().any(fits) && recent(open.place));
        found.map(|open| open.place)
    }

    /// The transactions, once no more packets come; `flows` knows of ICMP errors. `takes` says of a flow whether what the
    /// end of the capture left of it is to be shown.
    #[must_use]
    pub fn finish(mut self, flows: &FlowTable, takes: impl Fn(usize, &Flow) -> bool) -> DnsTransactions {
        if !self.unfinished.is_empty() {
            self.take_unfinished(flows, takes);
        }
        for transaction in &mut self.all {
            let flow = transaction.place.and_then(|place| flows.flows().get(place));
            transaction.flow = flow.map(|flow| flow.id).or(transaction.flow);
            transaction.outcome = outcome_of(transaction);
            if transaction.outcome == DnsOutcome::Unanswered {
                transaction.icmp = flow.and_then(|flow| flow.icmp_errors.first().copied());
            }
        }
        links::find(&mut self.all);
        DnsTransactions { all: self.all, limits: self.limits }
    }
}

/// What stands before a message on a stream (RFC 1035 section 4.2.2).
const LENGTH_BYTES: usize = 2;

/// What is known of a message beyond its bytes.
struct Begun {
    protocol: Protocol,
    transport: TransportProtocol,
    flow: Option<crate::flow::FlowId>,
    place: Option<usize>,
    from_orig: bool,
    selected: bool,
}

impl Begun {
    fn transaction(self, is_response: bool, message: DnsMessage) -> DnsTransaction {
        let mut begun = DnsTransaction::unanswered(self.protocol, self.transport, message);
        if is_response {
            std::mem::swap(&mut begun.client, &mut begun.server);
            std::mem::swap(&mut begun.queries, &mut begun.responses);
        }
        DnsTransaction { flow: self.flow, place: self.place, selected: self.selected, ..begun }
    }
}

impl DnsTransaction {
    /// Whether `message` comes in time for it; unknown times do.
    fn is_recent(&self, message: &DnsMessage) -> bool {
        let last = [self.queries.last(), self.responses.last()].into_iter().flatten();
        let last = last.map(|kept| kept.at).max_by_key(|at| at.number);
        last.and_then(|last| message.at.since(last)).is_none_or(|age| age <= MAX_AGE)
    }
}

/// How many bytes a message announces that does not have them.
fn announced(message: &Message) -> Option<u16> {
    match &message.note {
        Note::Dns(note) => note.announced,
        _ => None,
    }
}

const fn is_dns(protocol: Protocol) -> bool {
    matches!(protocol, proto::Protocol::Dns | Protocol::Mdns | Protocol::Llmnr)
}

/// Whether datagrams to this address go to many.
fn is_group(address: IpAddr) -> bool {
    address.is_multicast() || matches!(address, IpAddr::V4(v4) if v4.is_broadcast())
}

/// The question that a message is about.
fn first_question(message: &DnsMessage) -> Option<dns::Question<'_>> {
    match dns::Parts::new(&message.bytes).next()? {
        dns::Part::Question(question) => Some(question),
        dns::Part::Record(_) => None,
    }
}

/// Whether a message with `mine` is about the question of one with `asked`. A response may repeat none, as where it
/// refuses.
fn has_question_of(
    mine: Option<&dns::Question<'_>>,
    asked: Option<&dns::Question<'_>>,
    is_response: bool,
) -> bool {
    match (mine, asked) {
        (Some(mine), Some(asked)) => {
            mine.kind == asked.kind && mine.class == asked.class && mine.name.is_same(&asked.name)
        }
        (None, _) => is_response || asked.is_none(),
        (Some(_), None) => false,
    }
}

fn outcome_of(transaction: &DnsTransaction) -> DnsOutcome {
    let last = transaction.response().or_else(|| transaction.queries.first());
    if let Some(unfinished) = last.and_then(DnsMessage::unfinished) {
        return unfinished;
    }
    let query = transaction.queries.first().map(DnsMessage::read);
    match (transaction.response(), query) {
        (Some(response), query) => outcome::of_response(query.as_ref(), &response.read()),
        (None, Some(query)) => query.damage.map_or(DnsOutcome::Unanswered, DnsOutcome::Damaged),
        (None, None) => DnsOutcome::Unanswered,
    }
}
