//! TLS in a story: what a turn of records says, as far as it can be read without keys.

use std::fmt::Write as _;

use super::super::format::{Count, Utc};
use super::super::safe::{Safe, safe_line};
use crate::field::FieldId;
use crate::flow::Turn;
use crate::proto::tls::{
    CertificateFacts, ClientHello, Handshake, Handshakes, RecordHeader, ServerHello, certificates, content,
    kind as handshake_kind,
};

/// Most records of a turn that are read: those with something to say come first.
const MAX_RECORDS: usize = 256;

/// Most handshake messages of a turn that are told: a flight has fewer.
const MAX_MESSAGES: usize = 32;

/// Most columns of a name.
const SHOWN: usize = 80;

/// What a turn of whole records holds; a record that is not whole is the last.
#[derive(Default)]
struct Records {
    handshake: Vec<u8>,
    alerts: Vec<(u8, u8)>,
    has_changed_cipher: bool,
    encrypted: u64,
}

/// The records of a turn; `None` where it does not begin with one.
fn records(turn: &Turn) -> Option<Records> {
    if turn.gap_before > 0 || !RecordHeader::read(&turn.bytes)?.is_sane() {
        return None;
    }
    let mut found = Records::default();
    let mut rest = turn.bytes.as_slice();
    for _ in 0..MAX_RECORDS {
        let Some(header) = RecordHeader::read(rest).filter(RecordHeader::is_sane) else { break };
        let whole = header.whole();
        let body = rest.get(crate::proto::tls::RECORD_HEADER..whole.min(rest.len())).unwrap_or_default();
        match header.content_type {
            // Behind a change of cipher everything is encrypted.
            content::HANDSHAKE if !found.has_changed_cipher => found.handshake.extend_from_slice(body),
            content::ALERT if body.len() == 2 => {
                if let [level, kind] = *body {
                    found.alerts.push((level, kind));
                }
            }
            content::CHANGE_CIPHER_SPEC => found.has_changed_cipher = true,
            _ => found.encrypted = found.encrypted.saturating_add(u64::try_from(body.len()).unwrap_or(0)),
        }
        rest = rest.get(whole..).unwrap_or_default();
    }
    Some(found)
}

/// What a turn of TLS says; `None` where it is none.
pub(super) fn sentence(turn: &Turn) -> Option<String> {
    let records = records(turn)?;
    let mut parts = handshakes(&records.handshake, false);
    parts.extend(records.alerts.into_iter().map(|(level, kind)| alert(level, kind)));
    if records.has_changed_cipher {
        parts.push("from here on this side encrypts".to_owned());
    }
    if records.encrypted > 0 {
        parts.push(format!("{} encrypted", Count::bytes(records.encrypted)));
    }
    if parts.is_empty() {
        parts.push("handshake messages".to_owned());
    }
    Some(format!("TLS {}", parts.join("; ")))
}

/// What handshake messages in the form of TLS say, those of DTLS where `datagrams`.
pub(super) fn handshakes(bytes: &[u8], datagrams: bool) -> Vec<String> {
    let told = |message: Handshake<'_>| match message.kind {
        handshake_kind::CLIENT_HELLO => {
            ClientHello::read(message.body, datagrams).map(|hello| client(&hello))
        }
        handshake_kind::SERVER_HELLO => ServerHello::read(message.body).map(|hello| server(&hello)),
        handshake_kind::CERTIFICATE if message.is_whole() => certificate(message.body),
        kind if message.is_whole() => words_of("tls.handshake.type", kind.into()).map(lowered),
        _ => None,
    };
    Handshakes::new(bytes).take(MAX_MESSAGES).filter_map(told).collect()
}

/// An alert in words: what, and how bad.
pub(super) fn alert(level: u8, kind: u8) -> String {
    let kind = word("tls.alert_message.desc", kind.into());
    format!("alert: {kind} ({})", word("tls.alert_message.level", level.into()))
}

/// Wireshark's words in the middle of a sentence: only abbreviations keep their capitals.
pub(super) fn lowered(words: &str) -> String {
    let lower = |word: &str| match word {
        word if word.chars().any(char::is_lowercase) => word.to_lowercase(),
        word => word.to_owned(),
    };
    words.split(' ').map(lower).collect::<Vec<_>>().join(" ")
}

/// Whether the bytes of a turn say no more than its sentence.
pub(super) fn is_spoken(turn: &Turn) -> bool {
    records(turn).is_some()
}

fn client(hello: &ClientHello<'_>) -> String {
    let mut text = "client hello".to_owned();
    if let Some(name) = hello.server_name() {
        let _ = write!(text, " for {}", safe_line(name, SHOWN));
    }
    let mut versions: Vec<String> =
        hello.versions().filter(|version| !is_grease(*version)).map(version).collect();
    if versions.is_empty() {
        versions.push(format!("up to {}", version(hello.version)));
    }
    let _ = write!(text, ", offers {}", versions.join(", "));
    let alpn: Vec<String> =
        hello.alpn().take(MAX_ALPN).map(|name| safe_line(name, SHOWN).to_string()).collect();
    if !alpn.is_empty() {
        let _ = write!(text, ", to speak {}", alpn.join(" or "));
    }
    let suites = hello.cipher_suites().filter(|suite| !is_grease(*suite)).count();
    let suites = u64::try_from(suites).unwrap_or(u64::MAX);
    let _ = write!(text, ", {}", Count::new(suites, "cipher suite", "cipher suites"));
    text
}

/// Most protocols inside that are named: clients offer two or three.
const MAX_ALPN: usize = 8;

fn server(hello: &ServerHello<'_>) -> String {
    let mut text =
        if hello.is_retry() { "the server asks for another client hello" } else { "server hello" }.to_owned();
    let suite = word("tls.handshake.ciphersuite", hello.cipher_suite.into());
    let _ = write!(text, ", chooses {} with {suite}", version(hello.chosen_version()));
    if let Some(name) = hello.alpn() {
        let _ = write!(text, ", to speak {}", safe_line(name, SHOWN));
    }
    text
}

fn certificate(body: &[u8]) -> Option<String> {
    // In clear it is of a version before TLS 1.3.
    let facts = CertificateFacts::read(certificates(body, false).next()?)?;
    Some(format!(
        "certificate of {}, signed by {}, valid from {} to {}",
        Safe(facts.subject.as_bytes()),
        Safe(facts.issuer.as_bytes()),
        day(facts.not_before),
        day(facts.not_after)
    ))
}

/// The date of a time.
fn day(time: crate::time::Timestamp) -> String {
    let text = Utc(time).to_string();
    text.split(' ').next().unwrap_or_default().to_owned()
}

/// Values that clients send so that servers get used to what they do not know (RFC 8701).
const fn is_grease(value: u16) -> bool {
    value & 0x0f0f == 0x0a0a && value >> 8 == value & 0xff
}

fn version(code: u16) -> String {
    word("tls.handshake.version", code.into())
}

/// The word for the value of a field, or the value.
pub(super) fn word(field: &str, code: u64) -> String {
    words_of(field, code).map_or_else(|| format!("0x{code:04x}"), str::to_owned)
}

fn words_of(field: &str, code: u64) -> Option<&'static str> {
    FieldId::named(field).and_then(|id| id.def().words).and_then(|words| words(code))
}
