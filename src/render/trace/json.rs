//! `trace --json`: every step with its records.

use std::io::{self, Write};
use std::net::{IpAddr, SocketAddr};

use serde::Serialize;

use super::super::dns::{RecordJson, type_text};
use super::super::json::Nanos;
use super::super::json::escape::write_pretty;
use super::{Checked, chain, words};
use crate::dnstrace::dnssec::{Link, Part};
use crate::dnstrace::{
    Asked, DnsTrace, Ignored, KnownBy, Misfit, NameServer, Over, Start, Step, StepOutcome,
};
use crate::proto::dns::{Message, OPT, Section};
use crate::source::PacketNumber;

/// Schema of [`write_trace_json`].
pub const TRACE_SCHEMA: &str = "wirelab.trace/1";

/// Writes `{"schema": "wirelab.trace/1", "asked": {…}, "steps": [ {…} ], …}`; with `keys` and `dnssec` where signatures were checked.
///
/// # Errors
/// Those of `out`.
pub fn write_trace_json<W: Write>(
    out: &mut W,
    trace: &DnsTrace,
    checked: Option<Checked<'_>>,
) -> io::Result<()> {
    #[derive(Serialize)]
    struct Document {
        schema: &'static str,
        #[serde(flatten)]
        trace: TraceJson,
        /// Questions for the keys of the zones on the way, where signatures were checked.
        #[serde(skip_serializing_if = "Option::is_none")]
        keys: Option<Vec<StepJson>>,
        /// Zone by zone whether it can be believed, where that was checked.
        #[serde(skip_serializing_if = "Option::is_none")]
        dnssec: Option<Vec<LinkJson>>,
    }
    let keys = checked.map(|checked| checked.keys.iter().map(StepJson::new).collect());
    let dnssec = checked.map(|checked| checked.chain.iter().map(LinkJson::new).collect());
    write_pretty(&mut *out, &Document { schema: TRACE_SCHEMA, trace: TraceJson::new(trace), keys, dnssec })?;
    out.write_all(b"\n")
}

/// A part of the chain of trust.
#[derive(Serialize)]
pub(in crate::render) struct LinkJson {
    zone: String,
    /// `keys` or `answer`.
    part: &'static str,
    /// `secure`, `insecure`, `bogus`, `unknown`.
    security: &'static str,
    /// In a sentence.
    why: String,
}

impl LinkJson {
    pub(in crate::render) fn new(link: &Link) -> Self {
        Self {
            zone: link.zone.to_string(),
            part: match link.part {
                Part::Keys => "keys",
                Part::Answer => "answer",
            },
            security: chain::word(link.security),
            why: link.why.to_string(),
        }
    }
}

/// A resolution.
#[derive(Serialize)]
pub(in crate::render) struct TraceJson {
    asked: AskedJson,
    /// The zone whose servers were known from before: what is above it was not asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    began_at: Option<String>,
    /// `answer`, `nodata`, `nxdomain`, `alias_loop`, `no_server`, `circle`, `…_budget_spent`, `unfinished`.
    ending: &'static str,
    /// The same in a sentence.
    ending_words: String,
    steps: Vec<StepJson>,
    /// Look-ups of servers' addresses that no step came of.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    fruitless: Vec<TraceJson>,
}

#[derive(Serialize)]
pub(super) struct AskedJson {
    name: String,
    #[serde(rename = "type")]
    kind: String,
    type_code: u16,
}

impl AskedJson {
    pub(super) fn new(asked: &Asked) -> Self {
        Self { name: asked.name.to_string(), kind: type_text(asked.kind), type_code: asked.kind }
    }
}

#[derive(Serialize)]
struct StepJson {
    asked: AskedJson,
    zone: String,
    /// Nothing in the capture tells the zone.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    zone_guessed: bool,
    server: ServerJson,
    /// `udp` or `tcp`.
    over: &'static str,
    recursion_desired: bool,
    sent: u32,
    /// `answer`, `alias`, `referral`, `nodata`, `nxdomain`, `lame`, `bad_referral`, `sideways_referral`, `alias_loop`,
    /// `servfail`, `refused`, `error`, `unrelated`, `truncated`, `damaged`, `mismatch`, `timeout`, `unreachable`,
    /// `not_allowed`.
    outcome: &'static str,
    outcome_words: String,
    /// The zone of a referral, followed or not.
    #[serde(skip_serializing_if = "Option::is_none")]
    refers_to: Option<String>,
    /// The servers of a referral.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    servers: Vec<NameServerJson>,
    #[serde(skip_serializing_if = "Option::is_none")]
    authoritative: Option<bool>,
    /// Of a query that desires recursion: whether the response offers it, as a recursive resolver does.
    #[serde(skip_serializing_if = "Option::is_none")]
    recursion_available: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    size: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    time_ns: Option<Nanos>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response: Option<ResponseJson>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    ignored: Vec<IgnoredJson>,
    /// Look-ups of the server's address, which came before.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    nested: Vec<TraceJson>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    query_packets: Vec<PacketNumber>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_packet: Option<PacketNumber>,
}

#[derive(Serialize)]
struct ServerJson {
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    address: IpAddr,
    port: u16,
    /// `hint`, `given`, `glue`, `looked_up`, `unknown`.
    known_by: &'static str,
}

#[derive(Serialize)]
struct NameServerJson {
    name: String,
    glue: Vec<IpAddr>,
    /// Addresses that are not used, since who told them has no say in the name.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    outside: Vec<IpAddr>,
}

#[derive(Serialize)]
struct IgnoredJson {
    from: SocketAddr,
    /// `source`, `no_response`, `id`, `question`, `again`.
    why: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    packet: Option<PacketNumber>,
}

#[derive(Serialize)]
struct ResponseJson {
    answers: Vec<RecordJson>,
    authority: Vec<RecordJson>,
    /// Without the record that EDNS speaks through.
    additional: Vec<RecordJson>,
}

impl ResponseJson {
    fn new(message: &Message<'_>) -> Self {
        let records = |section| {
            let records = message.section(section).filter(|record| record.kind != OPT);
            records.map(RecordJson::of_dns).collect()
        };
        Self {
            answers: records(Section::Answer),
            authority: records(Section::Authority),
            additional: records(Section::Additional),
        }
    }
}

impl TraceJson {
    pub(in crate::render) fn new(trace: &DnsTrace) -> Self {
        Self {
            asked: AskedJson::new(&trace.asked),
            began_at: match &trace.start {
                Start::Root => None,
                Start::Known(zone) => Some(zone.to_string()),
            },
            ending: trace.ending.word(),
            ending_words: words::ending(trace),
            steps: trace.steps.iter().map(StepJson::new).collect(),
            fruitless: trace.fruitless.iter().map(Self::new).collect(),
        }
    }
}

impl StepJson {
    fn new(step: &Step) -> Self {
        let servers: &[NameServer] = match &step.outcome {
            StepOutcome::Referral(referral) => &referral.servers,
            _ => &[],
        };
        Self {
            asked: AskedJson::new(&step.asked),
            zone: step.zone.to_string(),
            zone_guessed: step.zone_guessed,
            server: ServerJson {
                name: step.server.name.as_ref().map(ToString::to_string),
                address: step.server.address.ip(),
                port: step.server.address.port(),
                known_by: match step.server.known_by {
                    KnownBy::Hint => "hint",
                    KnownBy::Given => "given",
                    KnownBy::Glue(_) => "glue",
                    KnownBy::LookedUp => "looked_up",
                    KnownBy::Unknown => "unknown",
                },
            },
            over: match step.over {
                Over::Udp => "udp",
                Over::Tcp => "tcp",
            },
            recursion_desired: step.recursion_desired,
            sent: step.sent,
            outcome: step.outcome.word(),
            outcome_words: words::outcome(step),
            refers_to: match &step.outcome {
                StepOutcome::Referral(referral) => Some(referral.zone.to_string()),
                StepOutcome::BadReferral(zone) | StepOutcome::SidewaysReferral(zone) => {
                    Some(zone.to_string())
                }
                StepOutcome::Lame { refers_to } => refers_to.as_ref().map(ToString::to_string),
                _ => None,
            },
            servers: servers.iter().map(NameServerJson::new).collect(),
            authoritative: step.message().and_then(|message| Some(message.header?.is_authoritative())),
            recursion_available: step.recursion_available().filter(|_| step.recursion_desired),
            size: step.size,
            time_ns: step.elapsed.map(Nanos),
            response: step.message().as_ref().map(ResponseJson::new),
            ignored: step.ignored.iter().map(IgnoredJson::new).collect(),
            nested: step.nested.iter().map(TraceJson::new).collect(),
            query_packets: step.packets.queries.clone(),
            response_packet: step.packets.response,
        }
    }
}

impl NameServerJson {
    fn new(server: &NameServer) -> Self {
        Self { name: server.name.to_string(), glue: server.glue.clone(), outside: server.outside.clone() }
    }
}

impl IgnoredJson {
    const fn new(ignored: &Ignored) -> Self {
        let why = match ignored.why {
            Misfit::Source => "source",
            Misfit::NoResponse => "no_response",
            Misfit::Id(_) => "id",
            Misfit::Question => "question",
            Misfit::Again => "again",
        };
        Self { from: ignored.from, why, packet: ignored.packet }
    }
}
