//! Which query a response belongs to.

use std::collections::VecDeque;
use std::hash::{DefaultHasher, Hash, Hasher};

use super::wire::{Header, Part, Parts};
use crate::flow::PacketStamp;
use crate::time::TimeDelta;

/// Most queries of a flow that are remembered: a resolver that asks without a pause has this many under way in the
/// second that an answer takes. The oldest is forgotten first.
pub const MAX_QUERIES: usize = 1024;

/// Wireshark takes a query for a new one after this time, in nanoseconds (`dns.retransmission_timer`).
const RETRANSMISSION_NANOS: i128 = 5_000_000_000;

/// What the flow tells of a DNS message. Pairs are of the same number and the same question (RFC 5452 section 9.1);
/// of multicast DNS, which has neither in a response, there are none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DnsNote {
    /// Of a response: the first packet with the query that it answers.
    pub asked: Option<PacketStamp>,
    /// Of a response: the time since then, where both packets have one.
    pub elapsed: Option<TimeDelta>,
    /// Of a query that was sent before and is not answered, the first packet with it; of a response that was sent
    /// before, the packet with that.
    pub retry_of: Option<PacketStamp>,
    /// Of a message on a stream that ends before it is whole: how many bytes its length announces.
    pub announced: Option<u16>,
    /// What Wireshark says, which pairs by number alone.
    pub wireshark: InWireshark,
}

/// How Wireshark 4.0 pairs a message in one pass.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum InWireshark {
    /// A query, or what is too short to tell.
    #[default]
    Alone,
    /// A response to the query in that packet.
    ResponseTo(PacketStamp),
    /// A response without a query.
    Unsolicited,
    /// A query that was in that packet.
    RepeatsQuery(u64),
    /// A response whose query was answered in that packet.
    RepeatsResponse(u64),
}

/// Queries of a flow that may get an answer yet, and those that did.
#[derive(Debug)]
pub(super) struct Pairs {
    is_multicast: bool,
    /// Each question of its number, the newest last.
    queries: VecDeque<Query>,
    /// As Wireshark sees them.
    transactions: VecDeque<Query>,
}

#[derive(Clone, Copy, Debug)]
struct Query {
    id: u16,
    /// A digest of opcode and questions; of Wireshark's nothing.
    question: Option<u64>,
    asked: PacketStamp,
    answered: Option<PacketStamp>,
}

impl Pairs {
    pub(super) fn new(is_multicast: bool) -> Self {
        Self { is_multicast, queries: VecDeque::new(), transactions: VecDeque::new() }
    }

    /// Memory that it takes beyond what every flow has, in bytes.
    pub(super) fn held(&self) -> usize {
        let more = |queries: &VecDeque<Query>| queries.capacity().saturating_sub(1);
        more(&self.queries).saturating_add(more(&self.transactions)).saturating_mul(size_of::<Query>())
    }

    /// Takes the next message of the flow.
    pub(super) fn note(&mut self, message: &[u8], packet: PacketStamp) -> DnsNote {
        let Some(header) = Header::read(message) else { return DnsNote::default() };
        let wireshark = self.in_wireshark(header, packet);
        let own = if self.is_multicast { DnsNote::default() } else { self.own(message, header, packet) };
        DnsNote { wireshark, ..own }
    }

    fn own(&mut self, message: &[u8], header: Header, packet: PacketStamp) -> DnsNote {
        let question = question_of(message, header);
        let same = |query: &&mut Query| {
            // A server that cannot read a query may send it back without its question.
            query.id == header.id && (query.question == question || question.is_none())
        };
        let known = self.queries.iter_mut().rev().find(same);
        let mut note = DnsNote::default();
        match known {
            Some(query) if header.is_response() => {
                note.asked = Some(query.asked);
                note.elapsed = packet.since(query.asked);
                note.retry_of = query.answered;
                query.answered.get_or_insert(packet);
            }
            None if header.is_response() => {}
            Some(query) if query.answered.is_none() => note.retry_of = Some(query.asked),
            _ => {
                remember(&mut self.queries, Query { id: header.id, question, asked: packet, answered: None })
            }
        }
        note
    }

    fn in_wireshark(&mut self, header: Header, packet: PacketStamp) -> InWireshark {
        let known = self.transactions.iter_mut().rev().find(|query| query.id == header.id);
        match known {
            Some(query) if header.is_response() => match query.answered {
                Some(answer) => InWireshark::RepeatsResponse(answer.number),
                None => {
                    query.answered = Some(packet);
                    InWireshark::ResponseTo(query.asked)
                }
            },
            None if header.is_response() => InWireshark::Unsolicited,
            Some(query) if query.answered.is_none() && is_soon(query.asked, packet) => {
                InWireshark::RepeatsQuery(query.asked.number)
            }
            known => {
                let query = Query { id: header.id, question: None, asked: packet, answered: None };
                match known {
                    Some(known) => *known = query,
                    None => remember(&mut self.transactions, query),
                }
                InWireshark::Alone
            }
        }
    }
}

fn remember(queries: &mut VecDeque<Query>, query: Query) {
    if queries.len() >= MAX_QUERIES {
        queries.pop_front();
    }
    // Most flows ask once: room for one, not for the four that a list begins with.
    if queries.is_empty() {
        queries.reserve_exact(1);
    }
    queries.push_back(query);
}

/// Opcode and questions, equal for names that differ in their letters' case alone; `None` where there is no question.
fn question_of(message: &[u8], header: Header) -> Option<u64> {
    let mut digest = DefaultHasher::new();
    let mut has_question = false;
    for part in Parts::new(message) {
        let Part::Question(question) = part else { break };
        has_question = true;
        (question.kind, question.class).hash(&mut digest);
        question.name.folded().for_each(|byte| byte.hash(&mut digest));
    }
    header.opcode().hash(&mut digest);
    has_question.then(|| digest.finish())
}

fn is_soon(from: PacketStamp, to: PacketStamp) -> bool {
    to.since(from).is_none_or(|delta| delta.as_nanos() < RETRANSMISSION_NANOS)
}
