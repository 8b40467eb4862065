//! TLS in a story: what a turn of records says, as far as it can be read without keys.

use std::fmt::Write as _;
use std::io::{self, Write};

use super::super::format::{Count, Utc};
use super::super::safe::{Safe, safe_line};
use super::super::wrap::Wrapped;
use super::ExplainOptions;
use crate::field::FieldId;
use crate::flow::{Flow, Turn};
use crate::proto::tls::{
    CertificateFacts, ClientHello, Handshake, Handshakes, ServerHello, certificates, kind as handshake_kind,
};
use crate::report::tls::{CertificateFault, CertificateFinding, TlsStory, TurnRecords};

/// Most handshake messages of a turn that are told: a flight has fewer.
const MAX_MESSAGES: usize = 32;

/// Most columns of a name.
const SHOWN: usize = 80;

/// Certificates of a turn that are told one by one, and names of each, unless all is wanted: a usual chain.
const FOLDED_CERTIFICATES: usize = 4;
/// See [`FOLDED_CERTIFICATES`].
const FOLDED_NAMES: usize = 6;

/// What a turn of TLS says; `None` where it is none. Where the conversation `is_open`, its cipher suite encrypts nothing.
pub(super) fn sentence(turn: &Turn, is_open: bool) -> Option<String> {
    let records = TurnRecords::of(turn)?;
    let mut parts = handshakes(&records.handshake, false);
    parts.extend(records.alerts.into_iter().map(|(level, kind)| alert(level, kind)));
    if records.has_changed_cipher {
        parts.push(changed_cipher(is_open).to_owned());
    }
    if records.encrypted > 0 {
        parts.push(sealed(records.encrypted, is_open));
    }
    if parts.is_empty() {
        parts.push("handshake messages".to_owned());
    }
    Some(format!("TLS {}", parts.join("; ")))
}

/// What a change of cipher means.
pub(super) const fn changed_cipher(is_open: bool) -> &'static str {
    if is_open {
        "change of cipher, to one that leaves all readable"
    } else {
        "from here on this side encrypts"
    }
}

/// So many bytes of records that are encrypted, unless their cipher suite encrypts nothing.
pub(super) fn sealed(bytes: u64, is_open: bool) -> String {
    let what = if is_open { "in clear" } else { "encrypted" };
    format!("{} {what}", Count::bytes(bytes))
}

/// What handshake messages in the form of TLS say, those of DTLS where `datagrams`.
pub(super) fn handshakes(bytes: &[u8], datagrams: bool) -> Vec<String> {
    let told = |message: Handshake<'_>| match message.kind {
        handshake_kind::CLIENT_HELLO => {
            ClientHello::read(message.body, datagrams).map(|hello| client(&hello))
        }
        handshake_kind::SERVER_HELLO => ServerHello::read(message.body).map(|hello| server(&hello)),
        // In clear it is of a version before TLS 1.3.
        handshake_kind::CERTIFICATE if message.is_whole() => {
            shown(&certificates(message.body, false).filter_map(CertificateFacts::read).collect::<Vec<_>>())
        }
        handshake_kind::CERTIFICATE => Some("a certificate that does not end here".to_owned()),
        handshake_kind::CERTIFICATE_REQUEST => Some("asks for a certificate of the client".to_owned()),
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
    TurnRecords::of(turn).is_some()
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

/// Whose certificates these are; what else they say stands below.
fn shown(chain: &[CertificateFacts]) -> Option<String> {
    let (first, others) = chain.split_first()?;
    let mut text = format!("certificate of {}", Safe(first.subject.as_bytes()));
    let others = u64::try_from(others.len()).unwrap_or(u64::MAX);
    if others > 0 {
        let _ = write!(text, " and {} of its chain", Count::new(others, "other", "others"));
    }
    Some(text)
}

/// The certificates of a turn, a few lines each.
pub(super) fn write_certificates(
    out: &mut impl Write,
    turn: &Turn,
    indent: usize,
    options: ExplainOptions,
) -> io::Result<()> {
    let chain = TurnRecords::of(turn).map(|records| records.chain()).unwrap_or_default();
    let limit = if options.full { usize::MAX } else { FOLDED_CERTIFICATES };
    let columns = options.width.saturating_sub(indent.saturating_add(4)).max(20);
    for (at, certificate) in chain.iter().enumerate().take(limit) {
        let head = format!(
            "certificate {} of {}: {}",
            at.saturating_add(1),
            chain.len(),
            Safe(certificate.subject.as_bytes())
        );
        let lines =
            [Some(head), names(certificate, options), Some(validity(certificate)), Some(keys(certificate))];
        let lines = lines.into_iter().flatten().chain([issuer(&chain, at)]);
        for (place, text) in lines.enumerate() {
            let margin = if place == 0 { "" } else { "  " };
            for line in Wrapped::new(&text, columns) {
                writeln!(out, "{:indent$}│ {margin}{line}", "")?;
            }
        }
    }
    let folded = u64::try_from(chain.len().saturating_sub(limit)).unwrap_or(0);
    if folded > 0 {
        let more = Count::new(folded, "more certificate", "more certificates");
        writeln!(out, "{:indent$}… {more} (--full shows them)", "")?;
    }
    Ok(())
}

/// Which hosts it is for.
fn names(certificate: &CertificateFacts, options: ExplainOptions) -> Option<String> {
    let limit = if options.full { usize::MAX } else { FOLDED_NAMES };
    let all = &certificate.names;
    let named: Vec<String> = all.iter().take(limit).map(|name| Safe(name.as_bytes()).to_string()).collect();
    let more = u64::try_from(all.len().saturating_sub(limit)).unwrap_or(0);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    (!all.is_empty()).then(|| format!("for {}{more}", named.join(", ")))
}

fn validity(certificate: &CertificateFacts) -> String {
    format!("valid from {} to {}", day(certificate.not_before), day(certificate.not_after))
}

fn keys(certificate: &CertificateFacts) -> String {
    let bits = certificate.key_bits.map(|bits| format!(", {bits} bits")).unwrap_or_default();
    format!("key {}{bits}; signed with {}", certificate.key_algorithm, certificate.signature_algorithm)
}

/// Who signed the certificate at `at`, and where that one stands in the message.
fn issuer(chain: &[CertificateFacts], at: usize) -> String {
    let Some(certificate) = chain.get(at) else { return String::new() };
    if certificate.is_self_issued {
        return "issued by itself".to_owned();
    }
    let place = chain.iter().position(|other| other.subject == certificate.issuer);
    let place = place.map_or_else(
        || " (not sent)".to_owned(),
        |place| format!(" (certificate {})", place.saturating_add(1)),
    );
    format!("issued by {}{place}", Safe(certificate.issuer.as_bytes()))
}

/// What the handshake of a flow tells beyond its turns: what is wrong with certificates, each with its packets.
pub(super) fn notes(flow: &Flow) -> Vec<String> {
    let Some(talk) = &flow.conversation else { return Vec::new() };
    let story = TlsStory::of(talk);
    let mut notes: Vec<String> = story.findings.iter().map(finding).collect();
    if let Some(number) = story.hides_certificates {
        notes.push(format!(
            "From packet {number} on it is TLS 1.3, which encrypts the certificates, too: what the server says of itself \
             cannot be read, only the name that the client asks for."
        ));
    }
    notes
}

/// What is wrong with a certificate, in a sentence.
pub(in crate::render) fn finding(finding: &CertificateFinding) -> String {
    let who = if finding.of_client { "client" } else { "server" };
    let packets = match finding.packets {
        (first, last) if first == last => format!("packet {first}"),
        (first, last) => format!("packets {first} to {last}"),
    };
    let subject = Safe(finding.subject.as_bytes());
    let which = match finding.place {
        1 => format!("The {who}'s certificate ({packets}, {subject})"),
        place => format!("Certificate {place} of the {who}'s chain ({packets}, {subject})"),
    };
    match &finding.fault {
        CertificateFault::Expired(day_of) => {
            format!("{which} had expired when it was sent: it was valid until {}.", day(*day_of))
        }
        CertificateFault::NotYetValid(day_of) => {
            format!("{which} was not valid yet when it was sent: it is from {} on.", day(*day_of))
        }
        CertificateFault::OtherName(asked) => {
            format!("{which} is not for {}, which the client asked for.", Safe(asked.as_bytes()))
        }
        CertificateFault::SelfSigned => {
            format!("{which} is self-signed: nobody but its owner vouches for it.")
        }
        CertificateFault::OutOfOrder => {
            format!("{which} is out of order: the one behind it is not its issuer's, another one is.")
        }
    }
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
