//! Exchanges as JSON: `http --json`.

use std::borrow::Cow;
use std::io::{self, Write};
use std::net::IpAddr;

use serde::Serialize;

use super::export::ExportList;
use super::words;
use crate::decode::Endpoint;
use crate::flow::{FlowId, PacketStamp};
use crate::proto::http::Framing;
use crate::render::format::{EpochNanos, Hex};
use crate::render::json::escape::write_pretty;
use crate::render::json::{HTTP_SCHEMA, Nanos, Text, is_default};
use crate::render::safe::is_text;
use crate::report::http::{CacheEvidence, Exchange, HttpMessage, Leg, Request, Response, Unanswered};
use crate::report::secret::{masked_header, masked_target, masked_text};
use crate::source::PacketNumber;

/// Writes `{"schema": "wirelab.http/1", "exchanges": [{"flow": …, "request": {…}, "response": {…}, "times": {…},
/// "cache": {…}}]}` of those of `all` that are to show, and what was exported where that was asked for.
///
/// # Errors
/// Those of `out`.
pub fn write_http_json<W: Write>(
    out: &mut W,
    all: &[Exchange],
    not_kept: u64,
    exported: Option<&ExportList>,
    secrets: bool,
) -> io::Result<()> {
    let shown = all.iter().filter(|exchange| exchange.selected);
    let document = DocumentJson {
        schema: HTTP_SCHEMA,
        exchanges: shown.map(|exchange| ExchangeJson::new(exchange, all, secrets)).collect(),
        not_kept,
        exported: exported.map(exported_json),
    };
    write_pretty(&mut *out, &document)?;
    out.write_all(b"\n")
}

#[derive(Debug, Serialize)]
struct DocumentJson<'a> {
    schema: &'static str,
    exchanges: Vec<ExchangeJson<'a>>,
    /// Exchanges that were not kept because a limit was reached.
    #[serde(skip_serializing_if = "is_default")]
    not_kept: u64,
    /// What `--export` did with each body.
    #[serde(skip_serializing_if = "Option::is_none")]
    exported: Option<Vec<ExportedJson<'a>>>,
}

/// A request and its answer.
#[derive(Debug, Serialize)]
struct ExchangeJson<'a> {
    /// `tcp:0`, by Wireshark's number.
    flow: Text<FlowId>,
    /// Which exchange of its flow, from 1.
    number: u64,
    client: EndJson,
    server: EndJson,
    #[serde(skip_serializing_if = "Option::is_none")]
    request: Option<RequestJson<'a>>,
    /// Answers on the way (1xx).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    interim: Vec<ResponseJson<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response: Option<ResponseJson<'a>>,
    /// Why there is no response: `gap`, `reset`, `closed`, `capture_end`.
    #[serde(skip_serializing_if = "Option::is_none")]
    unanswered: Option<&'static str>,
    /// The connection stays open after it.
    #[serde(skip_serializing_if = "Option::is_none")]
    persistent: Option<bool>,
    /// Sent before an earlier request of the connection was answered.
    #[serde(skip_serializing_if = "is_default")]
    pipelined: bool,
    /// Left out where one of the times is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    times: Option<TimesJson>,
    /// Left out where nothing speaks of caches.
    #[serde(skip_serializing_if = "Option::is_none")]
    cache: Option<CacheJson>,
}

#[derive(Debug, Serialize)]
struct EndJson {
    address: IpAddr,
    port: u16,
}

/// Counted from the packet that completes the request.
#[derive(Debug, Serialize)]
struct TimesJson {
    /// To the packet with the first byte of the answer.
    first_byte_ns: Nanos,
    /// To the packet that completes it.
    last_byte_ns: Nanos,
}

#[derive(Debug, Serialize)]
struct RequestJson<'a> {
    method: Cow<'a, str>,
    target: Cow<'a, str>,
    /// Of the target, else of the Host header.
    #[serde(skip_serializing_if = "Option::is_none")]
    host: Option<Cow<'a, str>>,
    #[serde(flatten)]
    message: MessageJson<'a>,
}

#[derive(Debug, Serialize)]
struct ResponseJson<'a> {
    /// Left out where it is no number of three digits.
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    phrase: Cow<'a, str>,
    #[serde(flatten)]
    message: MessageJson<'a>,
}

/// What request and response have in common.
#[derive(Debug, Serialize)]
struct MessageJson<'a> {
    /// `HTTP/1.1`; empty for HTTP/0.9.
    version: Cow<'a, str>,
    /// The packets that brought its first and its last byte.
    packets: [PacketNumber; 2],
    /// Of the first of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    time: Option<Text<EpochNanos>>,
    /// In their order; a name can stand there more than once.
    headers: Vec<HeaderJson<'a>>,
    #[serde(skip_serializing_if = "is_default")]
    headers_left_out: u64,
    /// Bytes of first line and headers.
    head_bytes: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<BodyJson<'a>>,
    /// Why it is not whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    cut: Option<String>,
    /// What is wrong with what it says of its length.
    #[serde(skip_serializing_if = "Option::is_none")]
    fault: Option<&'static str>,
}

#[derive(Debug, Serialize)]
struct HeaderJson<'a> {
    name: Cow<'a, str>,
    value: Cow<'a, str>,
    /// Bytes of the value that were not kept.
    #[serde(skip_serializing_if = "is_default")]
    left_out: u64,
}

#[derive(Debug, Serialize)]
struct BodyJson<'a> {
    /// Without chunks, unpacked.
    bytes: u64,
    /// As sent.
    wire_bytes: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    media_type: Option<String>,
    chunked: bool,
    /// Its first bytes, where they are text.
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<Cow<'a, str>>,
    /// Its first bytes, where they are not.
    #[serde(skip_serializing_if = "Option::is_none")]
    hex: Option<Text<Hex<'a>>>,
    /// Why it could not be unpacked whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    fault: Option<String>,
}

#[derive(Debug, Serialize)]
struct CacheJson {
    /// `hit`, `miss`, `not modified`, `changed`, `revalidated`.
    #[serde(skip_serializing_if = "Option::is_none")]
    verdict: Option<&'static str>,
    /// The headers that say something of caches, in lower case, and `status` for a 304.
    evidence: Vec<&'static str>,
    /// Seconds that a cache had held it, as it says.
    #[serde(skip_serializing_if = "Option::is_none")]
    age: Option<u64>,
    /// What a proxy did whose both sides are in the capture.
    #[serde(skip_serializing_if = "Option::is_none")]
    proxy: Option<ProxyJson>,
}

#[derive(Debug, Serialize)]
struct ProxyJson {
    /// `forwarded`, `revalidated`, `own store`, `on behalf of`.
    did: &'static str,
    /// The exchange on the proxy's other side; for `own store` the one that filled it.
    #[serde(skip_serializing_if = "Option::is_none")]
    other: Option<OtherJson>,
}

#[derive(Debug, Serialize)]
struct OtherJson {
    flow: Text<FlowId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_packet: Option<PacketNumber>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_packet: Option<PacketNumber>,
}

/// A body that was written, or not.
#[derive(Debug, Serialize)]
struct ExportedJson<'a> {
    packet: PacketNumber,
    bytes: u64,
    of_request: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    not_written: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fault: Option<&'a str>,
}

impl<'a> ExchangeJson<'a> {
    fn new(exchange: &'a Exchange, all: &[Exchange], secrets: bool) -> Self {
        let response = |response| ResponseJson::new(response, secrets);
        Self {
            flow: Text(exchange.flow),
            number: exchange.number,
            client: EndJson::new(exchange.client),
            server: EndJson::new(exchange.server),
            request: exchange.request.as_ref().map(|request| RequestJson::new(request, secrets)),
            interim: exchange.interim.iter().map(response).collect(),
            response: exchange.response.as_ref().map(response),
            unanswered: exchange.unanswered.map(|why| match why {
                Unanswered::Gap => "gap",
                Unanswered::Reset => "reset",
                Unanswered::Closed => "closed",
                Unanswered::CaptureEnd => "capture_end",
                Unanswered::NotPaired => "not_paired",
            }),
            persistent: exchange.persistent,
            pipelined: exchange.pipelined,
            times: exchange.times().map(|times| TimesJson {
                first_byte_ns: Nanos(times.first_byte),
                last_byte_ns: Nanos(times.last_byte),
            }),
            cache: CacheJson::new(exchange, all),
        }
    }
}

impl EndJson {
    const fn new(endpoint: Endpoint) -> Self {
        Self { address: endpoint.addr, port: endpoint.port }
    }
}

impl<'a> RequestJson<'a> {
    fn new(request: &'a Request, secrets: bool) -> Self {
        Self {
            method: text(&request.method),
            target: masked(masked_target(&request.target), &request.target, secrets),
            host: request.host().map(text),
            message: MessageJson::new(&request.message, secrets),
        }
    }
}

impl<'a> ResponseJson<'a> {
    fn new(response: &'a Response, secrets: bool) -> Self {
        Self {
            status: response.status,
            phrase: text(&response.phrase),
            message: MessageJson::new(&response.message, secrets),
        }
    }
}

impl<'a> MessageJson<'a> {
    fn new(message: &'a HttpMessage, secrets: bool) -> Self {
        let headers = message.headers.iter().map(|line| HeaderJson {
            name: text(&line.name),
            value: masked(masked_header(&line.name, &line.value), &line.value, secrets),
            left_out: line.left_out,
        });
        let PacketStamp { number, ts } = message.first;
        Self {
            version: text(&message.version),
            packets: [number, message.last.number],
            time: ts.map(|ts| Text(EpochNanos(ts))),
            headers: headers.collect(),
            headers_left_out: message.headers_left_out,
            head_bytes: message.head_len,
            body: BodyJson::new(message, secrets),
            cut: message.cut.map(words::cut_words),
            fault: message.fault.map(words::framing_fault),
        }
    }
}

impl<'a> BodyJson<'a> {
    fn new(message: &'a HttpMessage, secrets: bool) -> Option<Self> {
        let body = &message.body;
        if body.wire_len == 0 && body.len == 0 {
            return None;
        }
        let media_type = message.media_type();
        let beginning = &*body.beginning;
        let is_text = is_text(beginning);
        let shown = is_text.then(|| masked(masked_text(beginning), beginning, secrets));
        Some(Self {
            bytes: body.len,
            wire_bytes: body.wire_len,
            chunked: body.framing == Framing::Chunked,
            text: shown,
            hex: (!is_text && !beginning.is_empty()).then_some(Text(Hex(beginning))),
            fault: body.fault.map(words::fault_words),
            media_type,
        })
    }
}

impl CacheJson {
    fn new(exchange: &Exchange, all: &[Exchange]) -> Option<Self> {
        let says = &exchange.cache;
        if says.verdict.is_none() && says.evidence.is_empty() && exchange.leg.is_none() {
            return None;
        }
        let evidence = says.evidence.iter().map(|evidence| match evidence {
            CacheEvidence::Conditional(name) | CacheEvidence::Named(name) => name,
            CacheEvidence::Status304 => "status",
            CacheEvidence::Age(_) => "age",
            CacheEvidence::Via => "via",
        });
        let age = says.evidence.iter().find_map(|evidence| match evidence {
            CacheEvidence::Age(seconds) => Some(*seconds),
            _ => None,
        });
        let proxy = exchange.leg.map(|leg| {
            let (did, other) = match leg {
                Leg::Forwarded(other) => ("forwarded", Some(other)),
                Leg::Revalidated(other) => ("revalidated", Some(other)),
                Leg::OwnStore(filled) => ("own store", filled),
                Leg::OnBehalfOf(other) => ("on behalf of", Some(other)),
            };
            ProxyJson { did, other: other.and_then(|other| all.get(other)).map(OtherJson::new) }
        });
        Some(Self { verdict: says.verdict.map(words::verdict), evidence: evidence.collect(), age, proxy })
    }
}

impl OtherJson {
    fn new(exchange: &Exchange) -> Self {
        Self {
            flow: Text(exchange.flow),
            request_packet: exchange.request.as_ref().map(|request| request.message.last.number),
            response_packet: exchange.response.as_ref().map(|response| response.message.last.number),
        }
    }
}

fn exported_json(list: &ExportList) -> Vec<ExportedJson<'_>> {
    let entries = list.entries.iter().map(|entry| ExportedJson {
        packet: entry.packet,
        bytes: entry.bytes,
        of_request: entry.of_request,
        file: entry.written.as_deref().ok(),
        not_written: entry.written.as_ref().err().map(String::as_str),
        fault: entry.fault.as_deref(),
    });
    entries.collect()
}

/// Text from the wire; what is no UTF-8 is replaced.
fn text(bytes: &[u8]) -> Cow<'_, str> {
    String::from_utf8_lossy(bytes)
}

/// `masked` where there is something to mask and nobody wants to see it.
fn masked(masked: Option<Vec<u8>>, bytes: &[u8], secrets: bool) -> Cow<'_, str> {
    match masked.filter(|_| !secrets) {
        Some(masked) => Cow::Owned(String::from_utf8_lossy(&masked).into_owned()),
        None => text(bytes),
    }
}
