//! `dns --json`: every transaction, its messages field by field.

use std::io::{self, Write};
use std::net::IpAddr;

use serde::Serialize;
use serde::ser::{SerializeSeq, Serializer};

use super::super::format::{EpochNanos, Hex};
use super::super::json::escape::write_pretty;
use super::super::json::{Nanos, Text};
use super::dig::{class_of, option_name};
use super::rdata::Data;
use super::types::{Class, Opcode, RecordType, ResponseCode};
use super::words;
use crate::decode::Endpoint;
use crate::flow::FlowId;
use crate::proto::Protocol;
use crate::proto::dns::{Header, Message, OPT, Record, Section};
use crate::report::dns::{DnsMessage, DnsOutcome, DnsSummary, DnsTransaction, Link, NoDataKind};
use crate::source::PacketNumber;

/// Schema of [`write_dns_json`].
pub const DNS_SCHEMA: &str = "wirelab.dns/1";

/// Writes `{"schema": "wirelab.dns/1", "transactions": [ {…} ], "summary": {…}}`, in the order of the first packets, by
/// the rules of [`super::super::json`]. `all` are the transactions that those `shown` are of.
///
/// # Errors
/// Those of `out`.
pub fn write_dns_json<W: Write>(
    out: &mut W,
    shown: &[&DnsTransaction],
    all: &[DnsTransaction],
    summary: &DnsSummary,
) -> io::Result<()> {
    /// The document; transactions are turned into JSON one at a time.
    #[derive(Serialize)]
    struct Document<'a> {
        schema: &'static str,
        transactions: Transactions<'a>,
        summary: SummaryJson<'a>,
    }
    struct Transactions<'a>(&'a [&'a DnsTransaction], &'a [DnsTransaction]);
    impl Serialize for Transactions<'_> {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            let mut list = serializer.serialize_seq(Some(self.0.len()))?;
            self.0.iter().try_for_each(|one| list.serialize_element(&TransactionJson::new(one, self.1)))?;
            list.end()
        }
    }
    let document = Document {
        schema: DNS_SCHEMA,
        transactions: Transactions(shown, all),
        summary: SummaryJson::new(summary),
    };
    write_pretty(&mut *out, &document)?;
    out.write_all(b"\n")
}

/// A query and what came of it.
#[derive(Serialize)]
struct TransactionJson {
    /// `udp:0`, by Wireshark's number: that of its first message.
    #[serde(skip_serializing_if = "Option::is_none")]
    flow: Option<Text<FlowId>>,
    /// `dns`, `mdns` or `llmnr`.
    protocol: &'static str,
    /// `udp` or `tcp`.
    transport: &'static str,
    client: EndpointJson,
    /// Who was asked, perhaps a multicast group.
    server: EndpointJson,
    /// Who answered, where that is another.
    #[serde(skip_serializing_if = "Option::is_none")]
    answered_by: Option<EndpointJson>,
    /// `answer`, `cname`, `referral`, `lame`, `nodata`, `nxdomain`, `truncated`, `refused`, `servfail`, `error`, `done`,
    /// `unanswered`, `damaged`, `unfinished`; `unasked` of a response without a query.
    outcome: &'static str,
    /// What an unasked response says: one of the words above.
    #[serde(skip_serializing_if = "Option::is_none")]
    says: Option<&'static str>,
    /// The same in a sentence.
    outcome_words: String,
    /// The zone that a referral is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    zone: Option<String>,
    /// The name at the end of aliases.
    #[serde(skip_serializing_if = "Option::is_none")]
    alias_of: Option<String>,
    /// How many seconds the lack of a record may be remembered.
    #[serde(skip_serializing_if = "Option::is_none")]
    negative_ttl: Option<u32>,
    /// What is wrong with a damaged message, and from which of its bytes on.
    #[serde(skip_serializing_if = "Option::is_none")]
    damage: Option<DamageJson>,
    /// From the first query to the response.
    #[serde(skip_serializing_if = "Option::is_none")]
    time_ns: Option<Nanos>,
    #[serde(skip_serializing_if = "Option::is_none")]
    query: Option<MessageJson>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response: Option<MessageJson>,
    /// Packets in which the query was sent again.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    repeated_in: Vec<PacketNumber>,
    /// Further responses: the rest of a zone transfer, or the same once more.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    further_responses: Vec<MessageJson>,
    /// The referral that sent the client to this server.
    #[serde(skip_serializing_if = "Option::is_none")]
    delegated_by: Option<DelegationJson>,
    /// Where it goes on.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<LinkJson>,
    /// What it goes on from.
    #[serde(skip_serializing_if = "Option::is_none")]
    previous: Option<LinkJson>,
}

#[derive(Serialize)]
struct EndpointJson {
    address: IpAddr,
    port: u16,
}

impl EndpointJson {
    const fn new(endpoint: Endpoint) -> Self {
        Self { address: endpoint.addr, port: endpoint.port }
    }
}

#[derive(Serialize)]
struct DamageJson {
    at: usize,
    what: String,
    /// The capture kept the beginning of the message only.
    cut_by_capture: bool,
}

#[derive(Serialize)]
struct DelegationJson {
    zone: String,
    packet: PacketNumber,
}

#[derive(Serialize)]
struct LinkJson {
    /// `over_tcp`, `asked_again`, `alias`, `referral`.
    why: &'static str,
    /// The packet that the other transaction begins with.
    packet: PacketNumber,
}

impl LinkJson {
    fn new((link, place): (Link, usize), all: &[DnsTransaction]) -> Option<Self> {
        let why = match link {
            Link::OverTcp => "over_tcp",
            Link::AskedAgain => "asked_again",
            Link::Alias => "alias",
            Link::Referral => "referral",
        };
        Some(Self { why, packet: all.get(place)?.opening()?.at.number })
    }
}

impl TransactionJson {
    fn new(one: &DnsTransaction, all: &[DnsTransaction]) -> Self {
        let protocol = one.protocol;
        let message = |kept: &DnsMessage| MessageJson::new(kept, protocol);
        let outcome = one.outcome.name();
        let cut = one.response().or_else(|| one.opening()).is_some_and(|kept| kept.cut);
        let (zone, chain, negative_ttl, damage) = match &one.outcome {
            DnsOutcome::Referral { zone } | DnsOutcome::Lame { zone } => {
                (Some(zone.clone()), None, None, None)
            }
            DnsOutcome::Answer(chain) | DnsOutcome::Cname(chain) | DnsOutcome::NxDomain(chain) => {
                (None, Some(chain), None, None)
            }
            DnsOutcome::NoData { kind: NoDataKind::WithSoa(ttl), chain } => {
                (None, Some(chain), Some(*ttl), None)
            }
            DnsOutcome::NoData { kind: NoDataKind::Bare | NoDataKind::Unrelated, chain } => {
                (None, Some(chain), None, None)
            }
            DnsOutcome::Damaged(damage) => {
                let what = damage.to_string();
                (None, None, None, Some(DamageJson { at: damage.at, what, cut_by_capture: cut }))
            }
            _ => (None, None, None, None),
        };
        Self {
            flow: one.flow.map(Text),
            protocol: protocol.field_name(),
            transport: one.transport.name(),
            client: EndpointJson::new(one.client),
            server: EndpointJson::new(one.server),
            answered_by: one.answered_by().filter(|by| *by != one.server).map(EndpointJson::new),
            outcome: if one.is_unasked() { "unasked" } else { outcome },
            says: one.is_unasked().then_some(outcome),
            outcome_words: words::outcome(one, all),
            zone,
            alias_of: chain.filter(|chain| chain.links > 0).map(|chain| chain.target.clone()),
            negative_ttl,
            damage,
            time_ns: one.elapsed().map(Nanos),
            query: one.queries.first().map(message),
            response: one.response().map(message),
            repeated_in: one.queries.iter().skip(1).map(|query| query.at.number).collect(),
            further_responses: one.responses.iter().skip(1).map(message).collect(),
            delegated_by: one
                .delegation
                .as_ref()
                .map(|found| DelegationJson { zone: found.zone.clone(), packet: found.packet }),
            next: one.next.and_then(|link| LinkJson::new(link, all)),
            previous: one.previous.and_then(|link| LinkJson::new(link, all)),
        }
    }
}

/// A message.
#[derive(Serialize)]
struct MessageJson {
    /// The packet that completes it.
    packet: PacketNumber,
    /// Of that packet: seconds since 1970-01-01 UTC, as a string.
    #[serde(skip_serializing_if = "Option::is_none")]
    time: Option<Text<EpochNanos>>,
    /// Bytes of it that were captured.
    size: usize,
    /// Of a message over TCP that is not whole: bytes that its length announces.
    #[serde(skip_serializing_if = "Option::is_none")]
    announced: Option<u16>,
    /// Of the same: the packet that brought its first byte.
    #[serde(skip_serializing_if = "Option::is_none")]
    begins_in: Option<PacketNumber>,
    #[serde(flatten)]
    header: Option<HeaderJson>,
    questions: Vec<QuestionJson>,
    answers: Vec<RecordJson>,
    authority: Vec<RecordJson>,
    /// Without the record that EDNS speaks through.
    additional: Vec<RecordJson>,
    #[serde(skip_serializing_if = "Option::is_none")]
    edns: Option<EdnsJson>,
}

impl MessageJson {
    fn new(kept: &DnsMessage, protocol: Protocol) -> Self {
        let read = kept.read();
        let records = |section| {
            let records = read.section(section).filter(|record| record.kind != OPT);
            records.map(|record| RecordJson::new(record, protocol))
        };
        let questions = read.questions.iter().map(|question| QuestionJson {
            name: question.name.to_string(),
            kind: Text(RecordType(question.kind)),
            type_code: question.kind,
            class: Text(class_of(question.class, protocol).0),
        });
        Self {
            packet: kept.at.number,
            time: kept.at.ts.map(|ts| Text(EpochNanos(ts))),
            size: kept.bytes.len(),
            announced: kept.announced,
            begins_in: kept.announced.map(|_| kept.first.number),
            header: read.header.map(|header| HeaderJson::new(header, &read)),
            questions: questions.collect(),
            answers: records(Section::Answer).collect(),
            authority: records(Section::Authority).collect(),
            additional: records(Section::Additional).collect(),
            edns: EdnsJson::new(&read),
        }
    }
}

#[derive(Serialize)]
struct HeaderJson {
    id: u16,
    opcode: Text<Opcode>,
    opcode_code: u8,
    /// With the bits that EDNS adds.
    status: Text<ResponseCode>,
    status_code: u16,
    flags: FlagsJson,
}

/// The header's bits.
struct FlagsJson(Header);

impl Serialize for FlagsJson {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map([
            ("qr", self.0.is_response()),
            ("aa", self.0.is_authoritative()),
            ("tc", self.0.is_truncated()),
            ("rd", self.0.recursion_desired()),
            ("ra", self.0.recursion_available()),
            ("ad", self.0.authentic_data()),
            ("cd", self.0.checking_disabled()),
        ])
    }
}

impl HeaderJson {
    fn new(header: Header, message: &Message<'_>) -> Self {
        let status = message.rcode().unwrap_or_default();
        Self {
            id: header.id,
            opcode: Text(Opcode(header.opcode())),
            opcode_code: header.opcode(),
            status: Text(ResponseCode(status)),
            status_code: status,
            flags: FlagsJson(header),
        }
    }
}

#[derive(Serialize)]
struct QuestionJson {
    name: String,
    #[serde(rename = "type")]
    kind: Text<RecordType>,
    type_code: u16,
    class: Text<Class>,
}

/// A record.
#[derive(Serialize)]
pub(in crate::render) struct RecordJson {
    name: String,
    #[serde(rename = "type")]
    kind: Text<RecordType>,
    type_code: u16,
    class: Text<Class>,
    /// Multicast DNS: it replaces what is cached.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    replaces_cached: bool,
    ttl: u32,
    /// As a master file writes it.
    data: String,
}

impl RecordJson {
    fn new(record: &Record<'_>, protocol: Protocol) -> Self {
        let (class, replaces_cached) = class_of(record.class, protocol);
        Self {
            name: record.name.to_string(),
            kind: Text(RecordType(record.kind)),
            type_code: record.kind,
            class: Text(class),
            replaces_cached,
            ttl: record.ttl,
            data: Data(record).to_string(),
        }
    }

    /// Of a message of DNS itself.
    pub(in crate::render) fn of_dns(record: &Record<'_>) -> Self {
        Self::new(record, Protocol::Dns)
    }
}

#[derive(Serialize)]
struct EdnsJson {
    version: u8,
    udp_payload: u16,
    dnssec_ok: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    options: Vec<OptionJson>,
}

#[derive(Serialize)]
struct OptionJson {
    code: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'static str>,
    hex: String,
}

impl EdnsJson {
    fn new(message: &Message<'_>) -> Option<Self> {
        let edns = message.edns()?;
        let option =
            |(code, value)| OptionJson { code, name: option_name(code), hex: Hex(value).to_string() };
        Some(Self {
            version: edns.version,
            udp_payload: edns.udp_payload,
            dnssec_ok: edns.dnssec_ok(),
            options: edns.options().map(option).collect(),
        })
    }
}

/// All of them in a few numbers.
#[derive(Serialize)]
struct SummaryJson<'a> {
    transactions: u64,
    queries: u64,
    repeats: u64,
    answered: u64,
    unanswered: u64,
    unasked: u64,
    /// How many came out how.
    outcomes: &'a std::collections::BTreeMap<&'static str, u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    min_time_ns: Option<Nanos>,
    #[serde(skip_serializing_if = "Option::is_none")]
    median_time_ns: Option<Nanos>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_time_ns: Option<Nanos>,
}

impl<'a> SummaryJson<'a> {
    fn new(summary: &'a DnsSummary) -> Self {
        let [min, median, max] = summary.times.map_or([None; 3], |times| times.map(|time| Some(Nanos(time))));
        Self {
            transactions: summary.transactions,
            queries: summary.queries,
            repeats: summary.repeats,
            answered: summary.answered,
            unanswered: summary.unanswered,
            unasked: summary.unasked,
            outcomes: &summary.outcomes,
            min_time_ns: min,
            median_time_ns: median,
            max_time_ns: max,
        }
    }
}
