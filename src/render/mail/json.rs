//! Mails as JSON: `mail --json`.

use std::borrow::Cow;
use std::io::{self, Write};
use std::net::IpAddr;

use serde::Serialize;

use super::{WrittenFrom, WrittenMail, words};
use crate::decode::Endpoint;
use crate::flow::FlowId;
use crate::render::format::EpochNanos;
use crate::render::json::escape::write_pretty;
use crate::render::json::{MAIL_SCHEMA, Text, is_default};
use crate::report::mail::{
    Conclusion, Event, Finding, HeaderLine, Hop, Login, Mail, MailMessage, Part, Party, Path, Reply,
    SecretOf, Session, SessionEnd, Source, Step, StepKind, Weight, line_number,
};
use crate::source::PacketNumber;

/// Writes `{"schema": "wirelab.mail/1", "sessions": [{"flow": …, "events": […], "mails": […]}]}` of those sessions that are
/// to show, or `{"schema": …, "mails": […]}` of a file of mails, and what was exported where that was asked for.
///
/// # Errors
/// Those of `out`.
pub fn write_mail_json<W: Write>(
    out: &mut W,
    sessions: Option<&[Session]>,
    mails: &[MailMessage],
    not_kept: u64,
    exported: Option<&[WrittenMail]>,
    secrets: bool,
) -> io::Result<()> {
    let sessions = sessions.map(|all| {
        let shown = all.iter().filter(|session| session.selected);
        shown.map(|session| SessionJson::new(session, secrets)).collect()
    });
    let document = DocumentJson {
        schema: MAIL_SCHEMA,
        sessions,
        mails: mails.iter().map(MessageJson::new).collect(),
        not_kept,
        exported: exported.map(|list| list.iter().map(ExportedJson::new).collect()),
    };
    write_pretty(&mut *out, &document)?;
    out.write_all(b"\n")
}

#[derive(Debug, Serialize)]
struct DocumentJson<'a> {
    schema: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    sessions: Option<Vec<SessionJson<'a>>>,
    /// Of a file of mails.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    mails: Vec<MessageJson<'a>>,
    /// Sessions or mails that were not kept because a limit was reached.
    #[serde(skip_serializing_if = "is_default")]
    not_kept: u64,
    /// What `--export` did with each mail.
    #[serde(skip_serializing_if = "Option::is_none")]
    exported: Option<Vec<ExportedJson<'a>>>,
}

/// A flow that carries mail.
#[derive(Debug, Serialize)]
struct SessionJson<'a> {
    flow: Text<FlowId>,
    /// `SMTP`, `POP3`, `IMAP`.
    protocol: &'static str,
    client: EndJson,
    server: EndJson,
    /// The name that the client gave itself, as it last did.
    #[serde(skip_serializing_if = "Option::is_none")]
    client_name: Option<Cow<'a, str>>,
    /// What was said beside mails, in its order.
    events: Vec<EventJson<'a>>,
    #[serde(skip_serializing_if = "is_default")]
    events_left_out: u64,
    mails: Vec<MailJson<'a>>,
    /// `quit`, `encrypted`, `closed`, `reset`, `capture_end`.
    end: &'static str,
}

#[derive(Debug, Serialize)]
struct EndJson {
    address: IpAddr,
    port: u16,
}

/// Something that was said: what the kind says is there.
#[derive(Debug, Serialize)]
struct EventJson<'a> {
    /// `greeting`, `stray` (an answer to what is not in the capture), `hello`, `capabilities`, `starttls`, `quit`, `login`, `command`, `unknown`.
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    packet: Option<PacketNumber>,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mechanism: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    password: Option<Cow<'a, str>>,
    /// What was computed with a password.
    #[serde(skip_serializing_if = "Option::is_none")]
    digest: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bearer_token: Option<Cow<'a, str>>,
    /// What a mechanism that is not looked into answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    response: Option<Cow<'a, str>>,
    /// The client gave the login up.
    #[serde(skip_serializing_if = "is_default")]
    cancelled: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    reply: Option<ReplyJson<'a>>,
}

#[derive(Debug, Serialize)]
struct ReplyJson<'a> {
    packet: PacketNumber,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<u16>,
    good: bool,
    lines: Vec<Cow<'a, str>>,
    #[serde(skip_serializing_if = "is_default")]
    lines_left_out: u64,
}

/// A mail of a session.
#[derive(Debug, Serialize)]
struct MailJson<'a> {
    /// Which of its session, from 1.
    number: u64,
    outcome: &'static str,
    /// The packets that brought its first and its last byte.
    #[serde(skip_serializing_if = "Option::is_none")]
    packets: Option<[PacketNumber; 2]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    envelope: Option<EnvelopeJson<'a>>,
    /// The command that it was asked for with.
    #[serde(skip_serializing_if = "Option::is_none")]
    command: Option<EventJson<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reply: Option<ReplyJson<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<MessageJson<'a>>,
}

#[derive(Debug, Serialize)]
struct EnvelopeJson<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<PartyJson<'a>>,
    to: Vec<PartyJson<'a>>,
    #[serde(skip_serializing_if = "is_default")]
    to_left_out: u64,
    /// The answer to DATA.
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<ReplyJson<'a>>,
}

#[derive(Debug, Serialize)]
struct PartyJson<'a> {
    address: Cow<'a, str>,
    #[serde(skip_serializing_if = "str::is_empty")]
    parameters: Cow<'a, str>,
    packet: PacketNumber,
    #[serde(skip_serializing_if = "Option::is_none")]
    reply: Option<ReplyJson<'a>>,
}

#[derive(Debug, Serialize)]
struct MessageJson<'a> {
    bytes: u64,
    /// In their order; a name can stand there more than once.
    headers: Vec<HeaderJson<'a>>,
    #[serde(skip_serializing_if = "is_default")]
    headers_left_out: u64,
    /// Each behind what it stands in.
    parts: Vec<PartJson<'a>>,
    #[serde(skip_serializing_if = "is_default")]
    parts_left_out: u64,
    /// First hop first.
    path: Vec<HopJson<'a>>,
    conclusion: ConclusionJson,
    findings: Vec<FindingJson>,
}

#[derive(Debug, Serialize)]
struct HeaderJson<'a> {
    name: Cow<'a, str>,
    value: Cow<'a, str>,
    /// With encoded words decoded.
    #[serde(skip_serializing_if = "Option::is_none")]
    decoded: Option<&'a str>,
    #[serde(skip_serializing_if = "is_default")]
    left_out: u64,
}

#[derive(Debug, Serialize)]
struct PartJson<'a> {
    depth: u8,
    media_type: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    charset: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    encoding: Option<&'a str>,
    #[serde(skip_serializing_if = "is_default")]
    attached: bool,
    bytes: u64,
    wire_bytes: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<&'a str>,
    /// There is more text than that.
    #[serde(skip_serializing_if = "is_default")]
    more_text: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    faults: Vec<&'static str>,
}

#[derive(Debug, Serialize)]
struct HopJson<'a> {
    /// Which Received line, the topmost is 1; left out of the hop that the capture shows.
    #[serde(skip_serializing_if = "Option::is_none")]
    received_line: Option<u64>,
    /// The packet that the capture shows it from.
    #[serde(skip_serializing_if = "Option::is_none")]
    seen_in: Option<PacketNumber>,
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<IpAddr>,
    /// What stands for an address and cannot be one.
    #[serde(skip_serializing_if = "Option::is_none")]
    impossible_address: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    looked_up: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    claimed: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    by: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    by_address: Option<IpAddr>,
    #[serde(skip_serializing_if = "Option::is_none")]
    with: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    r#for: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    time: Option<Text<EpochNanos>>,
    /// Whether who took the mail here is who handed it over next: `checked`, `same_domain`, `local`, `claimed`,
    /// `contradicted`, `broken`, `unknown`.
    #[serde(skip_serializing_if = "Option::is_none")]
    link: Option<&'static str>,
    /// The sender could have written the line.
    #[serde(skip_serializing_if = "is_default")]
    unvouched: bool,
}

#[derive(Debug, Serialize)]
struct ConclusionJson {
    /// `none`, `unbroken`, `unproven`, `false_name`, `broken`.
    kind: &'static str,
    /// The hop (its place in `path`, from 0) whose sender nobody vouches for.
    #[serde(skip_serializing_if = "Option::is_none")]
    hop: Option<usize>,
    words: Vec<String>,
}

#[derive(Debug, Serialize)]
struct FindingJson {
    code: &'static str,
    /// `wrong`, `doubt`, `note`.
    weight: &'static str,
    /// Its place in `path`, from 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    hop: Option<usize>,
    words: String,
}

#[derive(Debug, Serialize)]
struct ExportedJson<'a> {
    /// Of a session's mail.
    #[serde(skip_serializing_if = "Option::is_none")]
    packet: Option<PacketNumber>,
    /// Of a mail of a file: which.
    #[serde(skip_serializing_if = "Option::is_none")]
    mail: Option<usize>,
    bytes: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    not_written: Option<&'a str>,
}

impl<'a> ExportedJson<'a> {
    fn new(one: &'a WrittenMail) -> Self {
        let (packet, mail) = match one.from {
            WrittenFrom::Packet(packet) => (Some(packet), None),
            WrittenFrom::File(number) => (None, Some(number)),
        };
        Self {
            packet,
            mail,
            bytes: one.bytes,
            file: one.written.as_deref().ok(),
            not_written: one.written.as_ref().err().map(String::as_str),
        }
    }
}

impl<'a> SessionJson<'a> {
    fn new(session: &'a Session, secrets: bool) -> Self {
        let events = session.events.iter().filter_map(|event| EventJson::new(event, secrets));
        Self {
            flow: Text(session.flow),
            protocol: session.protocol.name(),
            client: EndJson::new(session.client),
            server: EndJson::new(session.server),
            client_name: session.hello().map(|step| text(step.argument())),
            events: events.collect(),
            events_left_out: session.events_left_out,
            mails: session.mails().filter(|mail| mail.selected).map(MailJson::new).collect(),
            end: match session.end {
                SessionEnd::Quit => "quit",
                SessionEnd::Encrypted => "encrypted",
                SessionEnd::Closed => "closed",
                SessionEnd::Reset => "reset",
                SessionEnd::CaptureEnd => "capture_end",
            },
        }
    }
}

impl EndJson {
    const fn new(endpoint: Endpoint) -> Self {
        Self { address: endpoint.addr, port: endpoint.port }
    }
}

impl<'a> EventJson<'a> {
    fn new(event: &'a Event, secrets: bool) -> Option<Self> {
        match event {
            Event::Greeting(reply) => {
                Some(Self { reply: Some(ReplyJson::new(reply)), ..Self::of_kind("greeting") })
            }
            Event::Stray(reply) => {
                Some(Self { reply: Some(ReplyJson::new(reply)), ..Self::of_kind("stray") })
            }
            Event::Step(step) => Some(Self::of_step(step, secrets)),
            Event::Login(login) => Some(Self::of_login(login, secrets)),
            Event::Mail(_) => None,
        }
    }

    fn of_kind(kind: &'static str) -> Self {
        Self {
            kind,
            packet: None,
            line: None,
            mechanism: None,
            user: None,
            password: None,
            digest: None,
            bearer_token: None,
            response: None,
            cancelled: false,
            reply: None,
        }
    }

    fn of_step(step: &'a Step, secrets: bool) -> Self {
        let kind = match step.kind {
            StepKind::Hello => "hello",
            StepKind::Capabilities => "capabilities",
            StepKind::StartTls => "starttls",
            StepKind::Quit => "quit",
            StepKind::Other => "command",
            StepKind::Unknown => "unknown",
        };
        let is_shown = secrets || step.kind != StepKind::Unknown;
        Self {
            packet: Some(step.packet),
            line: Some(if is_shown { text(&step.line) } else { Cow::Borrowed(MASK) }),
            reply: step.reply.as_ref().map(ReplyJson::new),
            ..Self::of_kind(kind)
        }
    }

    fn of_login(login: &'a Login, secrets: bool) -> Self {
        let [first, _] = login.packets;
        let secret_of = login.secret_of();
        let secret = |of: SecretOf| {
            let secret = login.secret.as_ref().filter(|_| secret_of == of)?;
            Some(if secrets { text(&secret.0) } else { Cow::Borrowed(MASK) })
        };
        Self {
            packet: Some(first),
            mechanism: Some(text(&login.mechanism)),
            user: login.user.as_deref().map(text),
            password: secret(SecretOf::Password),
            digest: secret(SecretOf::Digest),
            bearer_token: secret(SecretOf::BearerToken),
            response: secret(SecretOf::Response),
            cancelled: login.is_cancelled,
            reply: login.reply.as_ref().map(ReplyJson::new),
            ..Self::of_kind("login")
        }
    }
}

/// What stands for a secret.
const MASK: &str = "********";

impl<'a> ReplyJson<'a> {
    fn new(reply: &'a Reply) -> Self {
        Self {
            packet: reply.packet,
            code: reply.code,
            good: reply.is_good,
            lines: reply.lines.iter().map(|line| text(line)).collect(),
            lines_left_out: reply.lines_left_out,
        }
    }
}

impl<'a> MailJson<'a> {
    fn new(mail: &'a Mail) -> Self {
        Self {
            number: mail.number,
            outcome: words::outcome(mail),
            packets: mail.packets.map(|[first, last]| [first.number, last.number]),
            envelope: mail.envelope.as_ref().map(|envelope| EnvelopeJson {
                from: envelope.from.as_ref().map(PartyJson::new),
                to: envelope.to.iter().map(PartyJson::new).collect(),
                to_left_out: envelope.to_left_out,
                data: envelope.data.as_ref().map(ReplyJson::new),
            }),
            command: mail.fetched.as_ref().map(|step| EventJson::of_step(step, false)),
            reply: mail.reply.as_ref().map(ReplyJson::new),
            message: mail.message.as_ref().map(MessageJson::new),
        }
    }
}

impl<'a> PartyJson<'a> {
    fn new(party: &'a Party) -> Self {
        Self {
            address: text(&party.address),
            parameters: text(&party.parameters),
            packet: party.packet,
            reply: party.reply.as_ref().map(ReplyJson::new),
        }
    }
}

impl<'a> MessageJson<'a> {
    fn new(mail: &'a MailMessage) -> Self {
        let hops = mail.path.hops.iter().enumerate().map(|(place, hop)| HopJson::new(&mail.path, place, hop));
        Self {
            bytes: mail.len,
            headers: mail.headers.iter().map(HeaderJson::new).collect(),
            headers_left_out: mail.headers_left_out,
            parts: mail.parts.all.iter().map(PartJson::new).collect(),
            parts_left_out: mail.parts.left_out,
            path: hops.collect(),
            conclusion: ConclusionJson::new(&mail.path),
            findings: mail.findings.iter().map(|finding| FindingJson::new(finding, &mail.path)).collect(),
        }
    }
}

impl<'a> HeaderJson<'a> {
    fn new(line: &'a HeaderLine) -> Self {
        Self {
            name: text(&line.name),
            value: text(&line.value),
            decoded: line.decoded.as_deref(),
            left_out: line.left_out,
        }
    }
}

impl<'a> PartJson<'a> {
    fn new(part: &'a Part) -> Self {
        Self {
            depth: part.depth,
            media_type: &part.media_type,
            charset: part.charset.as_deref(),
            name: part.name.as_deref(),
            encoding: part.encoding.as_deref(),
            attached: part.is_attachment,
            bytes: part.len,
            wire_bytes: part.wire_len,
            text: part.text.as_deref(),
            more_text: part.more_text,
            faults: part.faults.iter().map(|fault| words::part_fault(*fault)).collect(),
        }
    }
}

impl<'a> HopJson<'a> {
    fn new(path: &Path, place: usize, hop: &'a Hop) -> Self {
        let seen = match hop.source {
            Source::Capture(at) => Some(at),
            Source::Header(_) => None,
        };
        let time = seen.and_then(|at| at.ts).or_else(|| hop.date.map(|date| date.timestamp()));
        Self {
            received_line: line_number(hop),
            seen_in: seen.map(|at| at.number),
            address: hop.address,
            impossible_address: hop.impossible.as_deref().map(text),
            looked_up: hop.looked_up.as_deref().map(text),
            claimed: hop.claimed.as_deref().map(text),
            by: hop.by.as_deref().map(text),
            by_address: hop.by_address,
            with: hop.with.as_deref().map(text),
            id: hop.id.as_deref().map(text),
            r#for: hop.recipient.as_deref().map(text),
            time: time.map(|time| Text(EpochNanos(time))),
            link: path.links.get(place).map(|link| words::link(*link)),
            unvouched: path.is_unvouched(place),
        }
    }
}

impl ConclusionJson {
    fn new(path: &Path) -> Self {
        let (kind, hop) = match path.conclusion {
            Conclusion::None => ("none", None),
            Conclusion::Unbroken => ("unbroken", None),
            Conclusion::Unproven { hop } => ("unproven", Some(hop)),
            Conclusion::FalseName { hop } => ("false_name", Some(hop)),
            Conclusion::Broken { hop } => ("broken", Some(hop)),
        };
        Self { kind, hop, words: words::conclusion(path) }
    }
}

impl FindingJson {
    fn new(finding: &Finding, path: &Path) -> Self {
        Self {
            code: finding.what.code(),
            weight: match finding.what.weight() {
                Weight::Wrong => "wrong",
                Weight::Doubt => "doubt",
                Weight::Note => "note",
            },
            hop: finding.hop,
            words: words::finding(finding, path),
        }
    }
}

/// Text from the wire; what is no UTF-8 is replaced.
fn text(bytes: &[u8]) -> Cow<'_, str> {
    String::from_utf8_lossy(bytes)
}
