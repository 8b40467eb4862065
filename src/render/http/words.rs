//! The words for what an exchange came to.

use crate::proto::Ending;
use crate::proto::http::body::Fault;
use crate::proto::http::{Cut, Framing, FramingFault};
use crate::render::format::Count;
use crate::render::safe::Safe;
use crate::report::http::{CacheEvidence, CacheVerdict, Exchange, HttpMessage, Leg, Unanswered};

/// What is to say of an exchange below its messages, a sentence or two each.
pub(super) fn facts(exchange: &Exchange, all: &[Exchange]) -> Vec<String> {
    let mut facts = Vec::new();
    if exchange.request.is_none() {
        facts.push("An answer without a request: what was asked is not in the capture.".to_owned());
    }
    if exchange.pipelined {
        facts.push("Pipelined: sent before an earlier request of this connection was answered.".to_owned());
    }
    if let Some(cut) = exchange.request.as_ref().and_then(|request| request.message.cut) {
        facts.push(format!("The request is not whole: {}.", cut_words(cut)));
    }
    if let Some(cut) = exchange.response.as_ref().and_then(|response| response.message.cut) {
        facts.push(format!("The answer is not whole: {}.", cut_words(cut)));
    }
    let requests = exchange.request.iter().map(|request| ("The request", &request.message));
    let responses = exchange.interim.iter().chain(&exchange.response);
    for (what, message) in requests.chain(responses.map(|response| ("The answer", &response.message))) {
        facts.extend(
            message.fault.map(|fault| format!("{what}'s length is in doubt: {}.", framing_fault(fault))),
        );
    }
    if let Some(why) = exchange.unanswered {
        facts.push(format!("Not answered: {}.", unanswered(why)));
    }
    facts.extend(connection(exchange));
    facts.extend(cache(exchange));
    facts.extend(leg(exchange, all));
    facts
}

/// Why a request has no answer.
pub(super) const fn unanswered(why: Unanswered) -> &'static str {
    match why {
        Unanswered::Gap => "bytes that the other side sent are not in the capture",
        Unanswered::Reset => "the connection was reset",
        Unanswered::Closed => "the other side closed the connection",
        Unanswered::CaptureEnd => "the capture ends before",
        Unanswered::NotPaired => "so many requests wait that their answers are not told apart",
    }
}

/// What is wrong with what a message says of its length, as the end of a sentence.
pub(super) const fn framing_fault(fault: FramingFault) -> &'static str {
    match fault {
        FramingFault::LengthAndCoding => {
            "Content-Length and Transfer-Encoding exclude each other, and whoever goes by the other one finds another end \
             (RFC 9112 sections 6.3 and 11.2)"
        }
        FramingFault::LengthInvalid => "Content-Length is not a number of bytes (RFC 9112 section 6.3)",
        FramingFault::LengthsDiffer => {
            "Content-Length says different numbers, of which the first counts here (RFC 9112 section 6.3)"
        }
    }
}

/// Why a message is not whole, as the end of a sentence.
#[must_use]
pub fn cut_words(cut: Cut) -> String {
    match cut {
        Cut::NoChunk => "what should be a chunk of its body is none".to_owned(),
        Cut::Ended(end) => match end {
            Ending::Fin => "the connection was closed before its end".to_owned(),
            Ending::Reset => "the connection was reset before its end".to_owned(),
            Ending::Gap(bytes) => format!("{} missing in the capture", were(bytes)),
            Ending::Cut(bytes) => format!("{} cut off by the capture", were(bytes)),
            Ending::Capture => "the capture ends before".to_owned(),
            Ending::TooLong => "it is longer than is kept of one message".to_owned(),
            Ending::Datagram | Ending::Snapped => "the datagram ends before".to_owned(),
        },
    }
}

fn were(bytes: u64) -> Count {
    Count::new(bytes, "byte is", "bytes are")
}

/// Whether the connection stays open, or becomes something else.
fn connection(exchange: &Exchange) -> Option<String> {
    let request = exchange.request.as_ref();
    let is_connect = request.is_some_and(|request| &*request.method == b"CONNECT");
    match (exchange.status(), exchange.persistent) {
        (Some(101), _) => Some("The connection becomes another protocol's from here on.".to_owned()),
        (Some(200..=299), _) if is_connect => {
            Some("A tunnel is open: what follows goes through the proxy as it is.".to_owned())
        }
        (Some(_), Some(true)) => {
            Some("Persistent: the connection stays open for another request.".to_owned())
        }
        (Some(_), Some(false)) if ends_with_connection(exchange) => {
            Some("Not persistent: the end of the connection is the end of the body.".to_owned())
        }
        (Some(_), Some(false)) => Some("Not persistent: the connection is closed after this.".to_owned()),
        _ => None,
    }
}

fn ends_with_connection(exchange: &Exchange) -> bool {
    let body = exchange.response.as_ref().map(|response| &response.message.body);
    body.is_some_and(|body| body.framing == Framing::UntilClose)
}

/// `304 Not Modified`.
fn evidence_words(evidence: &CacheEvidence) -> String {
    match evidence {
        CacheEvidence::Conditional("if-none-match") => "If-None-Match in the request".to_owned(),
        CacheEvidence::Conditional(_) => "If-Modified-Since in the request".to_owned(),
        CacheEvidence::Status304 => "status 304".to_owned(),
        CacheEvidence::Age(seconds) => format!("Age: {seconds} s in a cache"),
        CacheEvidence::Named(name) => format!("the header {name}"),
        CacheEvidence::Via => "Via: it came through a proxy".to_owned(),
    }
}

/// What happened in a cache, in a word.
pub(super) const fn verdict(verdict: CacheVerdict) -> &'static str {
    match verdict {
        CacheVerdict::Hit => "hit",
        CacheVerdict::Miss => "miss",
        CacheVerdict::NotModified => "not modified",
        CacheVerdict::Changed => "changed",
        CacheVerdict::Revalidated => "revalidated",
    }
}

fn cache(exchange: &Exchange) -> Option<String> {
    let says = &exchange.cache;
    let what = match says.verdict {
        Some(CacheVerdict::Hit) => "Cache hit: answered from a store.",
        Some(CacheVerdict::Miss) => "Cache miss: a cache on the way had nothing to answer with.",
        Some(CacheVerdict::NotModified) => {
            "Not modified: the copy that the client has is still good; no body is sent."
        }
        Some(CacheVerdict::Changed) => {
            "The client had a copy and asked whether it is still good; it is sent anew."
        }
        Some(CacheVerdict::Revalidated) => {
            "Revalidated: a cache asked whether its copy is still good, and it was."
        }
        None if says.evidence.is_empty() => return None,
        None => "On caches and proxies:",
    };
    let evidence: Vec<String> = says.evidence.iter().map(evidence_words).collect();
    Some(match (says.verdict, evidence.is_empty()) {
        (Some(_), true) => what.to_owned(),
        (Some(_), false) => format!("{what} Told by {}.", evidence.join(", ")),
        (None, _) => format!("{what} {}.", evidence.join(", ")),
    })
}

/// What the proxy did.
fn leg(exchange: &Exchange, all: &[Exchange]) -> Option<String> {
    let packets = |place: usize| -> Option<String> {
        let other = all.get(place)?;
        let asked = other.request.as_ref()?.message.first.number;
        let answered = other.response.as_ref().map(|response| response.message.last.number);
        Some(match answered {
            Some(answered) => format!("packets {asked} and {answered}, {}", other.flow),
            None => format!("packet {asked}, {}", other.flow),
        })
    };
    let origin = |place: usize| all.get(place).map(|other| other.server.to_string()).unwrap_or_default();
    Some(match exchange.leg? {
        Leg::Forwarded(place) => {
            format!("Forwarded: the proxy asked {} for it ({}).", origin(place), packets(place)?)
        }
        Leg::Revalidated(place) => format!(
            "The proxy asked {} whether its copy is still good, and it was ({}).",
            origin(place),
            packets(place)?
        ),
        Leg::OwnStore(filled) => {
            let filled = filled.and_then(packets);
            let filled =
                filled.map(|packets| format!(" What is in it came with {packets}.")).unwrap_or_default();
            format!(
                "This request never went to the origin: the proxy answered from its own store, and sent nothing on for \
                 it, although its other side is in this capture.{filled}"
            )
        }
        Leg::OnBehalfOf(place) => {
            let front = all.get(place)?;
            let asked = front.request.as_ref()?.message.first.number;
            format!("A proxy asks this on behalf of {} (packet {asked}, {}).", front.client, front.flow)
        }
    })
}

/// What a body is: `Body: 81 bytes of text/html, gzip, 60 bytes on the wire`; `None` where there is none.
pub(super) fn body(message: &HttpMessage) -> Option<String> {
    let body = &message.body;
    if body.wire_len == 0 && body.len == 0 {
        return None;
    }
    let mut text = format!("Body: {}", Count::bytes(body.len));
    if let Some(kind) = message.media_type() {
        text.push_str(&format!(" of {}", Safe(kind.as_bytes())));
    }
    let coding =
        message.header("content-encoding").filter(|coding| !coding.eq_ignore_ascii_case(b"identity"));
    if let Some(coding) = coding {
        text.push_str(&format!(", packed with {}", Safe(coding)));
    }
    if body.framing == Framing::Chunked {
        text.push_str(", in chunks");
    }
    if body.wire_len != body.len {
        text.push_str(&format!(", {} on the wire", Count::bytes(body.wire_len)));
    }
    if let Some(fault) = body.fault {
        text.push_str(&format!("; {}", fault_words(fault)));
    }
    Some(text)
}

/// Why a body could not be unpacked.
#[must_use]
pub fn fault_words(fault: Fault) -> String {
    match fault {
        Fault::Chunks => "its chunks are damaged or not all there".to_owned(),
        Fault::Damaged(coding) => format!("the {} data is damaged or not all there", coding.name()),
        Fault::TooLarge { ratio } => format!("unpacked only in part: it grows more than {ratio} times"),
        Fault::Unknown => "in a coding that is not known, shown as it came".to_owned(),
        Fault::EnoughUnpacked => "not unpacked: too much was unpacked before it".to_owned(),
        Fault::TooManyCodings => "packed too many times, shown as it came".to_owned(),
    }
}
