//! What was asked of name servers and what came of it: DNS transactions, over UDP and TCP, multicast DNS and LLMNR.
//!
//! A transaction is a query, its repeats and the responses to it. [`DnsCollector`] pairs them by both endpoints, id and
//! question; what one transaction has to do with another is looked at in the end ([`DnsTransactions`]). Messages are
//! kept as bytes and read again ([`DnsMessage::read`]) by whoever wants more of them than their [`DnsOutcome`].

mod collect;
mod learnt;
mod links;
mod outcome;
mod summary;

pub use collect::{DnsCollector, DnsLimits, MAX_AGE, MAX_KEPT_BYTES, MAX_MESSAGES, MAX_TRANSACTIONS};
pub use learnt::{
    Cache, Credibility, Fact, Held, Learnt, MAX_HELD, MAX_SERVERS, MAX_ZONES, ServerKnew, What,
};
pub use links::{Delegation, Link};
pub use outcome::{Chain, DnsOutcome, NoDataKind, is_within, of_response};
pub use summary::DnsSummary;

use crate::decode::{Endpoint, TransportProtocol};
use crate::flow::{FlowId, IcmpError, PacketStamp};
use crate::proto::{Protocol, dns};
use crate::source::PacketNumber;
use crate::time::TimeDelta;

/// A message, kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DnsMessage {
    /// The packet that brought its first byte.
    pub first: PacketStamp,
    /// The packet that completes it.
    pub at: PacketStamp,
    /// Who sent it.
    pub from: Endpoint,
    /// To whom.
    pub to: Endpoint,
    /// Its bytes, as far as they were captured, without the length that stands before them on a stream.
    pub bytes: Box<[u8]>,
    /// The capture kept its beginning only.
    pub cut: bool,
    /// Of a message over TCP of which the rest is not in the capture: how many bytes its length announces.
    pub announced: Option<u16>,
}

impl DnsMessage {
    /// What there is of it, where it is not whole although nothing is damaged.
    #[must_use]
    pub fn unfinished(&self) -> Option<DnsOutcome> {
        self.announced.map(|announced| DnsOutcome::Unfinished { had: self.bytes.len(), announced })
    }

    /// What is in it.
    #[must_use]
    pub fn read(&self) -> dns::Message<'_> {
        dns::Message::read(&self.bytes)
    }
}

/// A query and what came of it.
#[derive(Clone, Debug)]
pub struct DnsTransaction {
    /// DNS, multicast DNS or LLMNR.
    pub protocol: Protocol,
    /// UDP or TCP.
    pub transport: TransportProtocol,
    /// The flow of its first message.
    pub flow: Option<FlowId>,
    /// Who asked; of a response that nobody asked for, whom it was sent to.
    pub client: Endpoint,
    /// Who was asked, perhaps a multicast group; of a response that nobody asked for, who sent it.
    pub server: Endpoint,
    /// The query and its repeats, in the order of the capture; none of a response that nobody asked for.
    pub queries: Vec<DnsMessage>,
    /// The responses: more than one of a zone transfer, or where a repeated query was answered again.
    pub responses: Vec<DnsMessage>,
    /// Messages beyond [`MAX_MESSAGES`], which are counted only.
    pub not_kept: u64,
    /// How it came out.
    pub outcome: DnsOutcome,
    /// The first ICMP error about a packet of its flow, where nothing else came back.
    pub icmp: Option<IcmpError>,
    /// The referral that sent the client to this server.
    pub delegation: Option<Delegation>,
    /// The transaction that goes on from here, and why.
    pub next: Option<(Link, usize)>,
    /// The transaction that this one goes on from.
    pub previous: Option<(Link, usize)>,
    pub(super) place: Option<usize>,
    pub(super) selected: bool,
}

impl DnsTransaction {
    /// A query that nothing came back for yet.
    #[must_use]
    pub fn unanswered(protocol: Protocol, transport: TransportProtocol, query: DnsMessage) -> Self {
        Self {
            protocol,
            transport,
            flow: None,
            client: query.from,
            server: query.to,
            queries: vec![query],
            responses: Vec::new(),
            not_kept: 0,
            outcome: DnsOutcome::Unanswered,
            icmp: None,
            delegation: None,
            next: None,
            previous: None,
            place: None,
            selected: true,
        }
    }

    /// The response that counts: the first.
    #[must_use]
    pub fn response(&self) -> Option<&DnsMessage> {
        self.responses.first()
    }

    /// The message that tells what it is about: the query, or a response without one.
    #[must_use]
    pub fn opening(&self) -> Option<&DnsMessage> {
        self.queries.first().or_else(|| self.responses.first())
    }

    /// The packet that brought its first byte.
    #[must_use]
    pub fn first_packet(&self) -> PacketNumber {
        self.opening().map_or(0, |message| message.first.number)
    }

    /// Whether a response came without a query for it in the capture.
    #[must_use]
    pub fn is_unasked(&self) -> bool {
        self.queries.is_empty()
    }

    /// From the first query to the response.
    #[must_use]
    pub fn elapsed(&self) -> Option<TimeDelta> {
        self.response()?.at.since(self.queries.first()?.at)
    }

    /// From the last query before the response to it, where the query was repeated.
    #[must_use]
    pub fn elapsed_since_repeat(&self) -> Option<TimeDelta> {
        let response = self.response()?.at;
        let last = self.queries.iter().rfind(|query| query.at.number < response.number)?;
        (self.queries.first()?.at != last.at).then(|| response.since(last.at)).flatten()
    }

    /// Whether the name that it is about is `name`, or below it. Letters of either case are equal.
    #[must_use]
    pub fn is_about(&self, name: &str) -> bool {
        let Some(opening) = self.opening().map(DnsMessage::read) else { return false };
        let wanted: Vec<&str> =
            name.trim_end_matches('.').split('.').filter(|label| !label.is_empty()).collect();
        let asked = opening.questions.iter().map(|question| question.name);
        let told = opening.records.iter().filter(|_| opening.questions.is_empty()).map(|record| record.name);
        asked.chain(told).any(|name| {
            name.label_count().checked_sub(wanted.len()).is_some_and(|more| {
                let labels = name.labels().skip(more);
                labels.zip(&wanted).all(|(label, wanted)| label.eq_ignore_ascii_case(wanted.as_bytes()))
            })
        })
    }

    /// Who answered; of mDNS and LLMNR not whom the query was sent to.
    #[must_use]
    pub fn answered_by(&self) -> Option<Endpoint> {
        Some(self.response()?.from)
    }
}

/// All transactions of a capture, in the order of their first packets.
#[derive(Clone, Debug, Default)]
pub struct DnsTransactions {
    /// The transactions, places in which [`DnsTransaction::next`] tells.
    pub all: Vec<DnsTransaction>,
    /// What was left out.
    pub limits: DnsLimits,
}

impl DnsTransactions {
    /// Those with a message in a packet that was selected.
    pub fn selected(&self) -> impl Iterator<Item = &DnsTransaction> {
        self.all.iter().filter(|transaction| transaction.selected)
    }
}
