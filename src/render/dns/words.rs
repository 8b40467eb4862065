//! A transaction in words: what was asked, and how it came out. Everything names its packets.

use std::fmt;

use super::super::format::{Count, Elapsed};
use super::super::words::IcmpMessage;
use super::rdata::Data;
use super::types::{Opcode, RecordType, ResponseCode};
use crate::decode::{Endpoint, TransportProtocol};
use crate::proto::Protocol;
use crate::proto::dns::{DamageKind, Message, Section};
use crate::report::dns::{Chain, DnsMessage, DnsOutcome, DnsTransaction, Link, NoDataKind, of_response};

/// What was asked: `www.example.com. A`, with the opcode where that is no query.
pub(in crate::render) fn question(message: &Message<'_>) -> String {
    let mut text = match message.header.map(|header| header.opcode()) {
        Some(0) | None => String::new(),
        Some(opcode) => format!("{} ", Opcode(opcode)),
    };
    match message.questions.as_slice() {
        [] => text.push_str(match message.section(Section::Answer).next() {
            Some(record) => return format!("{text}{} {}", record.name, RecordType(record.kind)),
            None => "no question",
        }),
        [first, more @ ..] => {
            text = format!("{text}{} {}", first.name, RecordType(first.kind));
            if !more.is_empty() {
                text = format!("{text} and {}", Count::new(count(more.len()), "other", "others"));
            }
        }
    }
    text
}

pub(in crate::render) fn count(items: usize) -> u64 {
    u64::try_from(items).unwrap_or(u64::MAX)
}

/// `127.0.0.1#53`, as dig writes it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Server(pub Endpoint);

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}#{}", self.0.addr, self.0.port)
    }
}

/// `DNS over UDP`, `mDNS`, `LLMNR`.
pub(super) const fn carrier(transaction: &DnsTransaction) -> &'static str {
    match (transaction.protocol, transaction.transport) {
        (Protocol::Mdns, _) => "mDNS",
        (Protocol::Llmnr, TransportProtocol::Udp) => "LLMNR",
        (Protocol::Llmnr, TransportProtocol::Tcp) => "LLMNR over TCP",
        (_, TransportProtocol::Udp) => "UDP",
        (_, TransportProtocol::Tcp) => "TCP",
    }
}

/// Packets of a list, the first of them: `1, 5, 9`, `1, 5, … (40 in all)`.
pub(super) fn packets(numbers: impl ExactSizeIterator<Item = u64>) -> String {
    const NAMED: usize = 6;
    let all = numbers.len();
    let named: Vec<String> = numbers.take(NAMED).map(|number| number.to_string()).collect();
    let more = if all > NAMED { format!(", … ({all} in all)") } else { String::new() };
    format!("{}{more}", named.join(", "))
}

/// The outcome in a word or two, and what is worth most of it: for a table.
pub(super) fn brief(transaction: &DnsTransaction) -> String {
    let response = transaction.response().map(DnsMessage::read);
    let text = match (&transaction.outcome, &response) {
        (DnsOutcome::Answer(_), Some(response)) => records(response),
        (DnsOutcome::Cname(chain), _) => format!("CNAME {}", chain.target),
        (DnsOutcome::Referral { zone }, _) => format!("referral to {zone}"),
        (DnsOutcome::Lame { zone }, _) => format!("lame, refers to {zone}"),
        (DnsOutcome::NoData { .. }, _) => "NODATA".to_owned(),
        (DnsOutcome::NxDomain(_), _) => "NXDOMAIN".to_owned(),
        (DnsOutcome::Truncated, _) => "truncated".to_owned(),
        (DnsOutcome::Failed(5), _) => "refused".to_owned(),
        (DnsOutcome::Failed(code), _) => ResponseCode(*code).to_string(),
        (DnsOutcome::Damaged(damage), _) => format!("damaged: {damage}"),
        (DnsOutcome::Unfinished { had, announced }, _) => {
            format!("unfinished: {had} of {announced} bytes")
        }
        (DnsOutcome::Unanswered, _) => match transaction.queries.len() {
            0 | 1 => "no answer".to_owned(),
            times => format!("no answer, asked {times} times"),
        },
        (DnsOutcome::Done | DnsOutcome::Answer(_), _) => "done".to_owned(),
    };
    match unasked(transaction) {
        Some(word) => format!("{word}: {text}"),
        None => text,
    }
}

/// An outcome as it is written everywhere, by [`DnsOutcome::name`]: what dig and the RFCs spell in capitals, in capitals.
pub(in crate::render) fn outcome_name(name: &'static str) -> &'static str {
    match name {
        "cname" => "CNAME only",
        "nodata" => "NODATA",
        "nxdomain" => "NXDOMAIN",
        "servfail" => "SERVFAIL",
        "unanswered" => "no answer",
        other => other,
    }
}

/// What a response is called that nobody asked for: in multicast DNS that is usual (RFC 6762 section 8.3).
pub(super) fn unasked(transaction: &DnsTransaction) -> Option<&'static str> {
    transaction.is_unasked().then_some(match (transaction.protocol, &transaction.outcome) {
        (Protocol::Mdns, DnsOutcome::Answer(_)) => "announcement",
        _ => "unasked",
    })
}

/// The first record of the type that was asked for, and how many more there are.
fn records(response: &Message<'_>) -> String {
    let asked = response.questions.first().map(|question| question.kind);
    let mut answers =
        response.section(Section::Answer).filter(|record| asked.is_none_or(|kind| kind == record.kind));
    let mut all = response.section(Section::Answer);
    let Some(first) = answers.next().or_else(|| all.next()) else { return "empty answer".to_owned() };
    let more = match answers.count() {
        0 => String::new(),
        more => format!(" +{more}"),
    };
    format!("{}{more}", Data(first))
}

/// The outcome in a sentence or more, with what the transactions before and after it have to do with it; `all` are those.
pub(super) fn outcome(transaction: &DnsTransaction, all: &[DnsTransaction]) -> String {
    let mut text = match unasked(transaction) {
        Some("announcement") => "announcement, which nobody asked for in this capture: ".to_owned(),
        Some(_) => "unasked: no query for it is in the capture. It says: ".to_owned(),
        None => String::new(),
    };
    text.push_str(&what(transaction));
    text.push_str(&next(transaction, all));
    if let Some(link) = &transaction.previous {
        text.push_str(&previous(*link, all));
    }
    if let Some(delegation) = &transaction.delegation {
        let but = match transaction.outcome {
            DnsOutcome::Lame { .. } | DnsOutcome::Failed(_) | DnsOutcome::Unanswered => "; yet",
            _ => ";",
        };
        text.push_str(&format!(
            "{but} the referral in packet {} names this server for {}",
            delegation.packet, delegation.zone
        ));
    }
    text
}

fn what(transaction: &DnsTransaction) -> String {
    let response = transaction.response();
    let read = response.map(DnsMessage::read);
    match &transaction.outcome {
        DnsOutcome::Unanswered => unanswered(transaction),
        DnsOutcome::Damaged(damage) => {
            let kept = response.or_else(|| transaction.opening());
            match kept.filter(|kept| kept.cut) {
                Some(kept) => format!(
                    "damaged: {damage}. The capture kept only the first {} of the message",
                    Count::bytes(count(kept.bytes.len()))
                ),
                None if matches!(damage.kind, DamageKind::DataLength(..)) => format!("damaged: {damage}"),
                None => format!("damaged: {damage}. What stands before it is shown"),
            }
        }
        DnsOutcome::Unfinished { had, announced } => {
            let kept = response.or_else(|| transaction.opening());
            unfinished(*had, *announced, kept)
        }
        outcome => {
            let opening = transaction.opening().map(DnsMessage::read);
            let asked = opening.as_ref().and_then(|asked| asked.questions.first());
            let kind = RecordType(asked.map_or(0, |question| question.kind));
            told(outcome, kind, read.as_ref(), transaction.protocol)
        }
    }
}

/// What a query asks for, in words: `asks for www.example.com. A`.
pub(in crate::render) fn asks(query: &Message<'_>) -> String {
    let what = question(query);
    let damage = query.damage.map(|damage| format!("; damaged: {damage}")).unwrap_or_default();
    match query.header.map(|header| header.opcode()) {
        Some(0) | None => format!("asks for {what}{damage}"),
        Some(_) => format!("{what}{damage}"),
    }
}

/// What a response says, in words, without the query at hand.
pub(in crate::render) fn says(response: &Message<'_>) -> String {
    let outcome = of_response(None, response);
    let kind = RecordType(response.questions.first().map_or(0, |question| question.kind));
    let name = response.questions.first().map(|question| format!("{} {kind}, ", question.name));
    let text = match &outcome {
        DnsOutcome::Damaged(damage) => format!("damaged: {damage}"),
        outcome => told(outcome, kind, Some(response), Protocol::Dns),
    };
    format!("{}{text}", name.unwrap_or_default())
}

/// An outcome of a question for `kind`, as the response alone tells it.
fn told(
    outcome: &DnsOutcome,
    kind: RecordType,
    response: Option<&Message<'_>>,
    protocol: Protocol,
) -> String {
    match outcome {
        DnsOutcome::Answer(chain) => {
            let records = response.map_or(0, |read| read.section(Section::Answer).count());
            let header = response.and_then(|read| read.header);
            let is_authoritative = header.is_some_and(|header| header.is_authoritative());
            let authority =
                if is_authoritative && protocol == Protocol::Dns { ", authoritative" } else { "" };
            format!(
                "answer: {}{authority}{}",
                Count::new(count(records), "record", "records"),
                through(chain)
            )
        }
        DnsOutcome::Cname(chain) => {
            format!("CNAME only: an alias of {}, of which no {kind} record is here", chain.target)
        }
        DnsOutcome::Referral { zone } => {
            format!("referral to the name servers of {zone}: this server knows no more")
        }
        DnsOutcome::Lame { zone } => {
            format!("lame: the server does not serve the zone, and refers to {zone}, which is no step on")
        }
        DnsOutcome::NoData { kind: form, chain } => {
            let keep = match form {
                NoDataKind::WithSoa(seconds) => format!(", which may be remembered for {seconds} s"),
                NoDataKind::Bare => {
                    ", without the SOA that would let it be remembered (RFC 2308 type 3)".to_owned()
                }
                NoDataKind::Unrelated => {
                    ": the records that came are of another name or type (RFC 2308 section 1)".to_owned()
                }
            };
            format!("NODATA: the name exists, but it has no {kind} record{keep}{}", through(chain))
        }
        DnsOutcome::NxDomain(chain) => format!("NXDOMAIN: the name does not exist{}", through(chain)),
        DnsOutcome::Truncated => "truncated: the answer does not fit into this message".to_owned(),
        DnsOutcome::Unfinished { had, announced } => unfinished(*had, *announced, None),
        DnsOutcome::Failed(1) => "FORMERR: the server says that it cannot read the query".to_owned(),
        DnsOutcome::Failed(2) => "SERVFAIL: the server could not find out".to_owned(),
        DnsOutcome::Failed(4) => "NOTIMP: the server does not do this kind of request".to_owned(),
        DnsOutcome::Failed(5) => {
            "refused: the server does not answer this client, or not this question".to_owned()
        }
        DnsOutcome::Failed(code) => format!("error: the server answers {}", ResponseCode(*code)),
        DnsOutcome::Done => "done, as asked".to_owned(),
        DnsOutcome::Unanswered | DnsOutcome::Damaged(_) => String::new(),
    }
}

fn through(chain: &Chain) -> String {
    match chain.links {
        0 => String::new(),
        1 => format!("; the name is an alias of {}", chain.target),
        links => format!("; the name leads over {links} aliases to {}", chain.target),
    }
}

fn unanswered(transaction: &DnsTransaction) -> String {
    let numbers = transaction.queries.iter().map(|query| query.at.number);
    let mut text = match transaction.queries.as_slice() {
        [] | [_] => "no answer in the capture".to_owned(),
        queries => format!(
            "no answer in the capture; asked {} times, in packets {}",
            queries.len(),
            packets(numbers)
        ),
    };
    if let Some(error) = &transaction.icmp {
        let message = IcmpMessage { v6: error.v6, icmp_type: error.icmp_type, code: error.code };
        text.push_str(&format!("; {} reports {message} in packet {}", error.from, error.packet.number));
    }
    text
}

fn next(transaction: &DnsTransaction, all: &[DnsTransaction]) -> String {
    let Some((link, place)) = transaction.next else {
        return match transaction.outcome {
            DnsOutcome::Truncated => "; nobody asks again over TCP in this capture",
            DnsOutcome::Cname(_) => "; nobody asks for that name in this capture",
            _ => "",
        }
        .to_owned();
    };
    let Some(later) = all.get(place) else { return String::new() };
    let packet = later.queries.first().map_or(0, |query| query.at.number);
    match link {
        Link::OverTcp => format!("; asked again over TCP in packet {packet}"),
        Link::AskedAgain => format!("; asked again in packet {packet}, of {}", Server(later.server)),
        Link::Alias => format!("; packet {packet} asks for that name"),
        Link::Referral => format!("; packet {packet} asks {}", Server(later.server)),
    }
}

fn previous((link, place): (Link, usize), all: &[DnsTransaction]) -> String {
    let Some(before) = all.get(place) else { return String::new() };
    let response = before.response().map_or(0, |response| response.at.number);
    let query = before.queries.first().map_or(0, |query| query.at.number);
    match link {
        Link::OverTcp => format!("; over TCP, since the response in packet {response} was truncated"),
        Link::AskedAgain => format!("; asked before in packet {query}"),
        Link::Alias => format!("; asked because of the alias in packet {response}"),
        // The referral is told of as what names this server.
        Link::Referral => String::new(),
    }
}

/// `12.3 ms`, and from which query where it was repeated.
pub(super) fn time(transaction: &DnsTransaction) -> Option<String> {
    let elapsed = Elapsed(transaction.elapsed()?);
    Some(match transaction.elapsed_since_repeat() {
        Some(since) => format!("{elapsed} ({} after the last repeat)", Elapsed(since)),
        None => elapsed.to_string(),
    })
}

/// How much there is of a message over TCP, and where.
fn unfinished(had: usize, announced: u16, kept: Option<&DnsMessage>) -> String {
    let place = kept.map_or_else(String::new, |kept| match (kept.first.number, kept.at.number) {
        (first, last) if first == last => format!(" (packet {first})"),
        (first, last) => format!(" (packets {first} to {last})"),
    });
    format!("unfinished: {had} of the {announced} bytes that its length announces are in the capture{place}")
}
