//! What a flow that carries mail is about, as JSON: `explain --json`. Headers, parts and text are what `mail --json` has.

use serde::Serialize;

use super::is_default;
use crate::render::mail::words;
use crate::render::safe::Safe;
use crate::report::mail::{Event, Mail, Session, StepKind, without_brackets};
use crate::source::PacketNumber;

/// A flow that carries mail.
#[derive(Debug, Serialize)]
pub(super) struct MailFlowJson {
    /// The name that the client gave itself, as it last did.
    #[serde(skip_serializing_if = "Option::is_none")]
    client_name: Option<String>,
    /// The packet that asked for encryption, where the server agreed.
    #[serde(skip_serializing_if = "Option::is_none")]
    starttls_packet: Option<PacketNumber>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    logins: Vec<LoginJson>,
    mails: Vec<MailJson>,
    /// What happened beyond what is kept.
    #[serde(skip_serializing_if = "is_default")]
    left_out: u64,
}

#[derive(Debug, Serialize)]
struct LoginJson {
    mechanism: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<String>,
    packets: [PacketNumber; 2],
    /// Left out where the answer is not in the capture.
    #[serde(skip_serializing_if = "Option::is_none")]
    accepted: Option<bool>,
}

#[derive(Debug, Serialize)]
struct MailJson {
    /// Which of its session, from 1.
    number: u64,
    /// The packets that brought its first and its last byte.
    #[serde(skip_serializing_if = "Option::is_none")]
    packets: Option<[PacketNumber; 2]>,
    /// Of the envelope, else of the header.
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<String>,
    /// Likewise.
    to: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bytes: Option<u64>,
    /// In words: `accepted`, `refused`, `fetched`.
    outcome: &'static str,
}

fn shown(bytes: &[u8]) -> String {
    Safe(bytes).to_string()
}

impl MailFlowJson {
    pub(super) fn new(session: &Session) -> Self {
        let is_agreed = |event: &Event| match event {
            Event::Step(step) if step.kind == StepKind::StartTls => {
                step.reply.as_ref().filter(|reply| reply.is_good).map(|_| step.packet)
            }
            _ => None,
        };
        let login = |event: &Event| match event {
            Event::Login(login) => Some(LoginJson {
                mechanism: shown(&login.mechanism),
                user: login.user.as_deref().map(shown),
                packets: login.packets,
                accepted: login.reply.as_ref().map(|reply| reply.is_good),
            }),
            _ => None,
        };
        Self {
            client_name: session.hello().map(|step| shown(step.argument())),
            starttls_packet: session.events.iter().find_map(is_agreed),
            logins: session.events.iter().filter_map(login).collect(),
            mails: session.mails().map(MailJson::new).collect(),
            left_out: session.events_left_out,
        }
    }
}

impl MailJson {
    fn new(mail: &Mail) -> Self {
        let address = |address: &[u8]| shown(without_brackets(address));
        Self {
            number: mail.number,
            packets: mail.packets.map(|[first, last]| [first.number, last.number]),
            from: mail.sender().as_deref().map(address),
            to: mail.recipients().iter().map(|to| address(to)).collect(),
            subject: mail
                .message
                .as_ref()
                .and_then(|message| message.header("subject"))
                .map(|line| shown(line.text())),
            bytes: mail.message.as_ref().map(|message| message.len),
            outcome: words::outcome(mail),
        }
    }
}
