//! A session: what client and server said, with the mails that went from one to the other.

use std::fmt;

use super::MailMessage;
use crate::decode::Endpoint;
use crate::flow::{FlowId, PacketStamp};
use crate::source::PacketNumber;

/// A protocol that carries mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MailProtocol {
    /// SMTP: mail is sent.
    Smtp,
    /// POP3: mail is fetched.
    Pop,
    /// IMAP: mail is looked at where it is.
    Imap,
}

impl MailProtocol {
    /// As people write it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Smtp => "SMTP",
            Self::Pop => "POP3",
            Self::Imap => "IMAP",
        }
    }
}

/// A flow that carries mail.
#[derive(Clone, Debug)]
pub struct Session {
    /// The flow.
    pub flow: FlowId,
    /// Its place in [`crate::flow::FlowTable::flows`].
    pub place: usize,
    /// What it speaks.
    pub protocol: MailProtocol,
    /// Who asks.
    pub client: Endpoint,
    /// Who answers.
    pub server: Endpoint,
    /// What happened, in its order, at most [`super::MAX_EVENTS`].
    pub events: Vec<Event>,
    /// What happened beyond that.
    pub events_left_out: u64,
    /// How it ended.
    pub end: SessionEnd,
    /// The packet that brought the first that is told.
    pub first: PacketStamp,
    /// One of its packets is one to show.
    pub selected: bool,
    /// The number of its last mail.
    pub(super) last_number: u64,
}

/// How a session ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionEnd {
    /// The client said goodbye.
    Quit,
    /// What follows is encrypted.
    Encrypted,
    /// The connection was closed without.
    Closed,
    /// The connection was reset.
    Reset,
    /// The capture ends before.
    CaptureEnd,
}

/// Something that happened in a session.
#[derive(Clone, Debug)]
pub enum Event {
    /// What the server says first.
    Greeting(Reply),
    /// An answer to a command that is not in the capture.
    Stray(Reply),
    /// A command and its answer.
    Step(Step),
    /// Somebody says who they are.
    Login(Login),
    /// A mail.
    Mail(Box<Mail>),
}

/// A command and its answer.
#[derive(Clone, Debug)]
pub struct Step {
    /// What it is.
    pub kind: StepKind,
    /// The command line.
    pub line: Box<[u8]>,
    /// The packet that brought it.
    pub packet: PacketNumber,
    /// The answer, where the capture has it.
    pub reply: Option<Reply>,
}

/// The commands that are told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StepKind {
    /// EHLO, HELO: who the client says it is.
    Hello,
    /// What the server can do is asked.
    Capabilities,
    /// Encryption is asked for.
    StartTls,
    /// Goodbye.
    Quit,
    /// Any other.
    Other,
    /// A line that is no command that is known: where the capture begins within a login it may be a secret.
    Unknown,
}

/// What a server answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The packet that its first line came in.
    pub packet: PacketNumber,
    /// SMTP's code.
    pub code: Option<u16>,
    /// It says yes.
    pub is_good: bool,
    /// Its lines, without the code, at most [`MAX_LINES`].
    pub lines: Vec<Box<[u8]>>,
    /// Lines beyond that.
    pub lines_left_out: u64,
}

/// Most lines kept of an answer: servers offer some twenty extensions.
pub const MAX_LINES: usize = 64;

/// Somebody says who they are.
#[derive(Clone, Debug)]
pub struct Login {
    /// `LOGIN`, `PLAIN`, `CRAM-MD5`; `USER` and `APOP` in POP3.
    pub mechanism: Box<[u8]>,
    /// The user's name.
    pub user: Option<Box<[u8]>>,
    /// The password, or what stands for it.
    pub secret: Option<Secret>,
    /// The client gave it up (RFC 4954 section 4).
    pub is_cancelled: bool,
    /// The packets of the first and the last that the client said of it.
    pub packets: [PacketNumber; 2],
    /// The answer, where the capture has it.
    pub reply: Option<Reply>,
}

/// What a login's secret is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecretOf {
    /// A password.
    Password,
    /// What was computed with a password, which can be guessed by it (APOP, CRAM-MD5, SCRAM).
    Digest,
    /// A token, which is as good as a password until it expires (OAuth).
    BearerToken,
    /// What a mechanism that is not looked into answers.
    Response,
}

impl SecretOf {
    /// For people; where `audit` tells it too, in the same words.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Password => "password",
            Self::Digest => "password digest",
            Self::BearerToken => "bearer token",
            Self::Response => "response",
        }
    }
}

impl Login {
    /// A login of which nothing but its beginning is known.
    pub(super) fn new(mechanism: &[u8], packet: PacketNumber) -> Self {
        Self {
            mechanism: super::bounded(mechanism),
            user: None,
            secret: None,
            is_cancelled: false,
            packets: [packet; 2],
            reply: None,
        }
    }

    /// What its secret is.
    #[must_use]
    pub fn secret_of(&self) -> SecretOf {
        let begins = |names: &[&[u8]]| names.iter().any(|name| self.mechanism.starts_with(name));
        match () {
            () if begins(&[b"XOAUTH", b"OAUTH"]) => SecretOf::BearerToken,
            () if begins(&[b"APOP", b"CRAM-", b"DIGEST-", b"SCRAM-"]) => SecretOf::Digest,
            () if matches!(&*self.mechanism, b"USER" | b"LOGIN" | b"PLAIN") => SecretOf::Password,
            () => SecretOf::Response,
        }
    }
}

/// A secret, which `Debug` does not show.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(pub Box<[u8]>);

impl fmt::Debug for Secret {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Secret(..)")
    }
}

/// A mail in a session.
#[derive(Clone, Debug)]
pub struct Mail {
    /// Which mail of its session, from 1 on.
    pub number: u64,
    /// From whom and to whom, as SMTP was told.
    pub envelope: Option<Envelope>,
    /// What it was asked for with, in POP3 and IMAP, or put there with.
    pub fetched: Option<Step>,
    /// The packets that brought its first and its last byte; `None` where none was sent.
    pub packets: Option<[PacketStamp; 2]>,
    /// The mail, or the beginning of it.
    pub message: Option<MailMessage>,
    /// What became of it.
    pub outcome: MailOutcome,
    /// The answer to it.
    pub reply: Option<Reply>,
    /// Only its headers were asked for.
    pub headers_only: bool,
    /// One of its packets is one to show.
    pub selected: bool,
    /// The capture ends in it.
    pub(super) at_end: bool,
}

/// The envelope of a mail (RFC 5321 section 2.3.1).
#[derive(Clone, Debug, Default)]
pub struct Envelope {
    /// Who sends it, where bounces go.
    pub from: Option<Party>,
    /// Whom it is for, at most [`MAX_RECIPIENTS`].
    pub to: Vec<Party>,
    /// More of these.
    pub to_left_out: u64,
    /// The answer to DATA.
    pub data: Option<Reply>,
}

/// Most recipients kept of a mail (RFC 5321 section 4.5.3.1.8 asks servers to take a hundred).
pub const MAX_RECIPIENTS: usize = 256;

/// An address of an envelope.
#[derive(Clone, Debug)]
pub struct Party {
    /// The address, without angle brackets; empty of a bounce.
    pub address: Box<[u8]>,
    /// What stands behind it: `SIZE=1234`.
    pub parameters: Box<[u8]>,
    /// The packet that brought it.
    pub packet: PacketNumber,
    /// The answer, where the capture has it.
    pub reply: Option<Reply>,
}

impl Party {
    /// The server did not take it.
    #[must_use]
    pub fn is_refused(&self) -> bool {
        self.reply.as_ref().is_some_and(|reply| !reply.is_good)
    }
}

/// What became of a mail.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MailOutcome {
    /// Nothing of it was sent.
    #[default]
    NotSent,
    /// The capture ends before its first byte.
    CaptureEnds,
    /// It began, and its end is not in the capture.
    Unfinished,
    /// It came whole, and the server took it.
    Accepted,
    /// The server did not want it.
    Refused,
    /// It came whole; the answer is not in the capture.
    Unanswered,
    /// It was fetched whole.
    Fetched,
    /// A part of it was fetched, as asked.
    FetchedInPart,
    /// It came whole, but not all of it is in the capture or could be kept.
    Incomplete,
}

impl Session {
    /// The mails.
    pub fn mails(&self) -> impl Iterator<Item = &Mail> {
        self.events.iter().filter_map(|event| match event {
            Event::Mail(mail) => Some(&**mail),
            _ => None,
        })
    }

    /// The name that the client last gave itself, and the packet that it did in.
    #[must_use]
    pub fn hello(&self) -> Option<&Step> {
        self.events.iter().rev().find_map(|event| match event {
            Event::Step(step) if step.kind == StepKind::Hello => Some(step),
            _ => None,
        })
    }

    /// What the server said first.
    #[must_use]
    pub fn greeting(&self) -> Option<&Reply> {
        self.events.iter().find_map(|event| match event {
            Event::Greeting(reply) => Some(reply),
            _ => None,
        })
    }
}

impl Mail {
    /// Whom it is from: by its envelope, else by its header.
    #[must_use]
    pub fn sender(&self) -> Option<Box<[u8]>> {
        let from = self.envelope.as_ref().and_then(|envelope| envelope.from.as_ref());
        from.map(|from| from.address.clone()).or_else(|| self.message.as_ref()?.address("from"))
    }

    /// Whom it is for, likewise; of an envelope in its order.
    #[must_use]
    pub fn recipients(&self) -> Vec<Box<[u8]>> {
        match self.envelope.as_ref().filter(|envelope| !envelope.to.is_empty()) {
            Some(envelope) => envelope.to.iter().map(|to| to.address.clone()).collect(),
            None => {
                let line = self.message.as_ref().and_then(|message| message.header("to"));
                line.map(|line| line.addresses()).unwrap_or_default()
            }
        }
    }
}

impl Step {
    /// What stands behind the command's name.
    #[must_use]
    pub fn argument(&self) -> &[u8] {
        crate::proto::lines::word(&self.line).1.trim_ascii()
    }
}
