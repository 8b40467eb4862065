//! Messages as they end, put together to sessions.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr};

use super::imap::ImapTalk;
use super::message::without_brackets;
use super::pop::PopTalk;
use super::session::{
    Event, Login, Mail, MailOutcome, MailProtocol, Party, Reply, Session, SessionEnd, Step, StepKind,
};
use super::smtp::SmtpTalk;
use super::{Beside, Hop, MAX_BYTES_KEPT, MAX_EVENTS, MAX_SESSIONS, MailMessage};
use crate::decode::{DecodedPacket, Endpoint, TransportProtocol};
use crate::flow::{Flow, FlowId, FlowTable, PacketStamp};
use crate::proto::{Message, Messages, Note, Protocol};
use crate::source::PacketNumber;

/// The sessions of a capture.
#[derive(Debug, Default)]
pub struct Sessions {
    all: Vec<Session>,
    /// By the place of the flow: the place of its session, and what is remembered of it.
    talks: HashMap<usize, (usize, Talk)>,
    bytes: usize,
    not_kept: u64,
}

/// What is remembered of a session to understand what follows.
#[derive(Debug)]
enum Talk {
    Smtp(Box<SmtpTalk>),
    Pop(Box<PopTalk>),
    Imap(Box<ImapTalk>),
}

/// A whole mail that was found.
#[derive(Clone, Copy, Debug)]
pub struct MailFound<'a> {
    /// The flow's place in [`FlowTable::flows`].
    pub place: usize,
    /// The packet that it ends in.
    pub packet: PacketNumber,
    /// Its bytes, without the dots that SMTP and POP3 add.
    pub bytes: &'a [u8],
    /// It was read.
    pub message: &'a MailMessage,
    /// It has a packet that is one to show.
    pub selected: bool,
}

/// Stands for an end that is not known yet.
const NOBODY: Endpoint = Endpoint { addr: IpAddr::V4(Ipv4Addr::UNSPECIFIED), port: 0 };

/// A message, and what its packet says of it.
#[derive(Clone, Copy)]
pub(super) struct Piece<'a> {
    pub(super) message: &'a Message,
    /// Its bytes.
    pub(super) bytes: &'a [u8],
    /// The mail that it ends, if it does.
    pub(super) inner: Option<&'a [u8]>,
    pub(super) selected: bool,
    /// The capture ends in it: whether it is to show is known once the flows are.
    pub(super) at_end: bool,
}

/// A session that a message is added to.
pub(super) struct Writer<'a> {
    pub(super) session: &'a mut Session,
    bytes: &'a mut usize,
    each: &'a mut dyn FnMut(&MailFound<'_>),
}

impl Sessions {
    /// Nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the messages that end in a packet, which is one to show or not, and hands whole mails to `each`.
    pub fn packet(
        &mut self,
        decoded: &DecodedPacket<'_>,
        messages: &Messages,
        selected: bool,
        each: &mut dyn FnMut(&MailFound<'_>),
    ) {
        for message in messages.all() {
            let Some(protocol) = protocol_of(message) else { continue };
            let transport = decoded.transports().get(message.transport);
            let ends = transport.map(|transport| [transport.src, transport.dst]);
            let inner = message.inner.map(|range| range.of(decoded));
            let bytes = message.bytes(decoded);
            let piece = Piece { message, bytes, inner, selected, at_end: false };
            self.take(protocol, piece, ends, each);
        }
    }

    /// Takes messages that are not whole when the capture ends.
    pub fn unfinished(&mut self, messages: &Messages, each: &mut dyn FnMut(&MailFound<'_>)) {
        let joined = |buffer: u8| {
            let place = usize::from(buffer).checked_sub(1);
            place.and_then(|place| messages.joined().get(place)).map(|joined| joined.bytes.as_slice())
        };
        for message in messages.all() {
            let Some(protocol) = protocol_of(message) else { continue };
            let inner = message.inner.and_then(|range| joined(range.buffer));
            let bytes = joined(message.range.buffer).unwrap_or_default();
            let piece = Piece { message, bytes, inner, selected: false, at_end: true };
            self.take(protocol, piece, None, each);
        }
    }

    /// How many sessions were not kept because a limit was reached.
    #[must_use]
    pub fn not_kept(&self) -> u64 {
        self.not_kept
    }

    /// All sessions, in the order of their first packets, with what only the whole capture tells. `takes` says of a flow
    /// whether what was not captured whole is one to show.
    #[must_use]
    pub fn finish(mut self, flows: &FlowTable, takes: impl Fn(usize, &Flow) -> bool) -> Vec<Session> {
        for (index, talk) in self.talks.into_values() {
            let Some(session) = self.all.get_mut(index) else { continue };
            match talk {
                Talk::Smtp(mut talk) => talk.finish(&mut session.events),
                Talk::Pop(mut talk) => talk.finish(&mut session.events),
                Talk::Imap(_) => {}
            }
        }
        for session in &mut self.all {
            let Some(flow) = flows.flows().get(session.place) else { continue };
            session.flow = flow.id;
            if session.client == NOBODY {
                (session.client, session.server) = (flow.tuple.orig, flow.tuple.resp);
            }
            session.end = end_of(session, flow);
            let is_shown = takes(session.place, flow);
            for event in &mut session.events {
                let Event::Mail(mail) = event else { continue };
                mail.settle(session.end);
                mail.selected |= is_shown && (mail.at_end || mail.lacks_end());
                session.selected |= mail.selected;
            }
            judge(session);
        }
        self.all.sort_by_key(|session| session.first.number);
        self.all
    }

    fn take(
        &mut self,
        protocol: MailProtocol,
        piece: Piece<'_>,
        ends: Option<[Endpoint; 2]>,
        each: &mut dyn FnMut(&MailFound<'_>),
    ) {
        let Some(place) = piece.message.flow else { return };
        let (index, mut talk) = match self.talks.remove(&place) {
            Some((index, talk)) => (index, talk),
            None if self.all.len() >= MAX_SESSIONS || self.bytes >= MAX_BYTES_KEPT => {
                self.not_kept = self.not_kept.saturating_add(1);
                // Remembered so that it is counted once.
                self.talks.insert(place, (usize::MAX, Talk::new(protocol)));
                return;
            }
            None => {
                let index = self.all.len();
                self.all.push(Session::new(place, protocol, piece.message.first));
                (index, Talk::new(protocol))
            }
        };
        if let Some(session) = self.all.get_mut(index) {
            session.selected |= piece.selected;
            if let Some([src, dst]) = ends.filter(|_| session.client == NOBODY) {
                let is_server = talk.is_server(&piece);
                (session.client, session.server) = if is_server { (dst, src) } else { (src, dst) };
            }
            let mut writer = Writer { session, bytes: &mut self.bytes, each };
            match &mut talk {
                Talk::Smtp(talk) => talk.take(piece, &mut writer),
                Talk::Pop(talk) => talk.take(piece, &mut writer),
                Talk::Imap(talk) => talk.take(piece, &mut writer),
            }
        }
        self.talks.insert(place, (index, talk));
    }
}

impl Talk {
    fn new(protocol: MailProtocol) -> Self {
        match protocol {
            MailProtocol::Smtp => Self::Smtp(Box::default()),
            MailProtocol::Pop => Self::Pop(Box::default()),
            MailProtocol::Imap => Self::Imap(Box::default()),
        }
    }

    /// Whether a message is the server's.
    fn is_server(&self, piece: &Piece<'_>) -> bool {
        use crate::proto::pop::PopPart;
        use crate::proto::smtp::SmtpPart;

        match &piece.message.note {
            Note::Smtp(note) => note.part == SmtpPart::Replies,
            Note::Pop(note) => note.part != PopPart::Commands,
            Note::Imap(note) => note.is_reply,
            _ => false,
        }
    }
}

impl Session {
    fn new(place: usize, protocol: MailProtocol, first: PacketStamp) -> Self {
        Self {
            flow: FlowId { protocol: TransportProtocol::Tcp, number: 0 },
            place,
            protocol,
            client: NOBODY,
            server: NOBODY,
            events: Vec::new(),
            events_left_out: 0,
            end: SessionEnd::CaptureEnd,
            first,
            selected: false,
            last_number: 0,
        }
    }
}

impl Writer<'_> {
    /// Adds what happened, a mail with the next number; its place, `None` where it is not kept.
    pub(super) fn add(&mut self, mut event: Event) -> Option<usize> {
        if self.session.events.len() >= MAX_EVENTS || *self.bytes >= MAX_BYTES_KEPT {
            self.session.events_left_out = self.session.events_left_out.saturating_add(1);
            return None;
        }
        if let Event::Mail(mail) = &mut event {
            self.session.last_number = self.session.last_number.saturating_add(1);
            mail.number = self.session.last_number;
        }
        *self.bytes = self.bytes.saturating_add(cost(&event));
        self.session.events.push(event);
        self.session.events.len().checked_sub(1)
    }

    /// The mail at this place.
    pub(super) fn mail(&mut self, place: usize) -> Option<&mut Mail> {
        match self.session.events.get_mut(place) {
            Some(Event::Mail(mail)) => Some(mail),
            _ => None,
        }
    }

    /// The login at this place.
    pub(super) fn login(&mut self, place: Option<usize>) -> Option<&mut Login> {
        match self.session.events.get_mut(place?) {
            Some(Event::Login(login)) => Some(login),
            _ => None,
        }
    }

    /// Answers the command, login or mail at `place`.
    pub(super) fn answer(&mut self, place: Option<usize>, reply: Reply) {
        *self.bytes = self.bytes.saturating_add(reply.cost());
        match place.and_then(|place| self.session.events.get_mut(place)) {
            Some(Event::Step(step)) => step.reply = Some(reply),
            Some(Event::Login(login)) => login.reply = Some(reply),
            Some(Event::Mail(mail)) => mail.reply = Some(reply),
            Some(Event::Greeting(_) | Event::Stray(_)) | None => {}
        }
    }

    /// Reads a mail, whole where `is_whole`, and keeps it with the mail at `place`.
    pub(super) fn read(&mut self, place: Option<usize>, piece: &Piece<'_>, bytes: &[u8], is_whole: bool) {
        let message = MailMessage::read(bytes);
        if is_whole {
            let (place, packet, selected) = (self.session.place, piece.message.last.number, piece.selected);
            (self.each)(&MailFound { place, packet, bytes, message: &message, selected });
        }
        let cost = message.cost();
        let is_kept = *self.bytes < MAX_BYTES_KEPT;
        if let Some(mail) = place.filter(|_| is_kept).and_then(|place| self.mail(place)) {
            mail.message = Some(message);
            *self.bytes = self.bytes.saturating_add(cost);
        }
    }
}

impl Mail {
    /// What became of it, now that it is known how its session ended.
    fn settle(&mut self, end: SessionEnd) {
        if self.outcome == MailOutcome::CaptureEnds && end != SessionEnd::CaptureEnd {
            self.outcome = MailOutcome::NotSent;
        }
        // A mail that nobody was to get was refused, although no answer was to the mail itself.
        let to = self.envelope.as_ref().map(|envelope| &*envelope.to).unwrap_or_default();
        let is_unsent = matches!(self.outcome, MailOutcome::NotSent | MailOutcome::CaptureEnds);
        if is_unsent && !to.is_empty() && to.iter().all(Party::is_refused) {
            self.outcome = MailOutcome::Refused;
        }
    }

    /// Nothing of it was sent, or its end is not in the capture.
    const fn lacks_end(&self) -> bool {
        matches!(self.outcome, MailOutcome::NotSent | MailOutcome::CaptureEnds | MailOutcome::Unfinished)
    }
}

impl Reply {
    fn cost(&self) -> usize {
        self.lines.iter().map(|line| line.len().saturating_add(32)).sum()
    }
}

/// Bytes that it takes in memory, about.
fn cost(event: &Event) -> usize {
    size_of::<Event>()
        + match event {
            Event::Greeting(reply) | Event::Stray(reply) => reply.cost(),
            Event::Step(step) => step.line.len(),
            Event::Login(login) => login.user.as_ref().map_or(0, |user| user.len()),
            Event::Mail(_) => size_of::<Mail>(),
        }
}

/// What a message speaks, if that is mail.
fn protocol_of(message: &Message) -> Option<MailProtocol> {
    match message.protocol {
        Protocol::Smtp => Some(MailProtocol::Smtp),
        Protocol::Pop => Some(MailProtocol::Pop),
        Protocol::Imap => Some(MailProtocol::Imap),
        _ => None,
    }
}

/// How a session ended.
fn end_of(session: &Session, flow: &Flow) -> SessionEnd {
    let step = |kind| {
        session.events.iter().rev().find_map(move |event| match event {
            Event::Step(step) if step.kind == kind => Some(step),
            _ => None,
        })
    };
    let agreed = |step: &Step| step.reply.as_ref().is_some_and(|reply| reply.is_good);
    let teardown = flow.tcp.as_ref().map(|tcp| &tcp.teardown);
    match () {
        () if step(StepKind::Quit).is_some() => SessionEnd::Quit,
        () if step(StepKind::StartTls).is_some_and(agreed) => SessionEnd::Encrypted,
        () if teardown.is_some_and(|teardown| teardown.reset.is_some()) => SessionEnd::Reset,
        () if teardown.is_some_and(has_fin) => SessionEnd::Closed,
        () => SessionEnd::CaptureEnd,
    }
}

fn has_fin(teardown: &crate::flow::Teardown) -> bool {
    use crate::flow::Direction;

    [Direction::OrigToResp, Direction::RespToOrig].iter().any(|side| teardown.fin(*side).is_some())
}

/// Judges the mails of a session with what the session shows of them.
fn judge(session: &mut Session) {
    let hello = session.hello().map(|step| step.argument().to_vec());
    // RFC 5321 section 4.2: the greeting begins with the server's name.
    let greeting = session.greeting().and_then(|reply| reply.lines.first());
    let named =
        greeting.map(|line| crate::proto::lines::word(line).0.to_vec()).filter(|name| name.contains(&b'.'));
    let (client, server) = (session.client.addr, session.server.addr);
    let is_smtp = session.protocol == MailProtocol::Smtp;
    for event in &mut session.events {
        let Event::Mail(mail) = event else { continue };
        let is_partial = matches!(
            mail.outcome,
            MailOutcome::FetchedInPart | MailOutcome::Unfinished | MailOutcome::Incomplete
        );
        let Mail { message: Some(message), envelope, packets, .. } = &mut **mail else { continue };
        let packets = *packets;
        let seen = packets
            .filter(|_| is_smtp)
            .map(|[first, _]| Hop::seen(first, hello.as_deref(), client, named.as_deref(), server));
        let envelope = envelope.as_ref();
        let sender = envelope.and_then(|envelope| envelope.from.as_ref());
        let recipients = envelope.into_iter().flat_map(|envelope| &envelope.to).filter(|to| !to.is_refused());
        message.judge(&Beside {
            seen,
            sender: sender.map(|party| without_brackets(&party.address)),
            recipients: recipients.map(|party| without_brackets(&party.address)).collect(),
            has_more_recipients: envelope.is_some_and(|envelope| envelope.to_left_out > 0),
            is_partial,
            is_copied: false,
        });
    }
}
