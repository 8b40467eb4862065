//! What a POP3 session says, line by line.

use std::collections::VecDeque;

use super::bounded;
use super::collect::{Piece, Writer};
use super::session::{Event, Login, Mail, MailOutcome, Reply, Secret, Step, StepKind};
use crate::proto::Note;
use crate::proto::http::base64;
use crate::proto::lines::{Lines, word};
use crate::proto::pop::{PopNote, PopPart};
use crate::source::PacketNumber;

/// Most commands that wait for their answer; those of the analyzer are as many.
const MAX_WAITING: usize = crate::proto::pop::MAX_OPEN;

/// Most bytes kept of a mail that has not ended.
const MAX_PARTIAL: usize = 64 << 10;

/// Commands that need nothing more than to be shown.
const OTHERS: [&[u8]; 9] = [b"STAT", b"LIST", b"DELE", b"NOOP", b"RSET", b"UIDL", b"UTF8", b"LANG", b"AUTH"];

/// What is remembered of a session.
#[derive(Debug, Default)]
pub(super) struct PopTalk {
    began: bool,
    waiting: VecDeque<Waiting>,
    /// There was no room for what waits.
    has_forgotten: bool,
    /// The login that goes on.
    login: Option<usize>,
    /// What a mechanism asked for is on its way.
    is_asked: bool,
    /// The mail or list on its way.
    coming: Option<Waiting>,
    partial: Vec<u8>,
    first: Option<crate::flow::PacketStamp>,
}

/// What an answer is to, by its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Waiting {
    Step(Option<usize>),
    Login(Option<usize>),
    Mail(Option<usize>),
}

impl PopTalk {
    pub(super) fn take(&mut self, piece: Piece<'_>, out: &mut Writer<'_>) {
        let Note::Pop(note) = &piece.message.note else { return };
        match note.part {
            PopPart::Commands => {
                for line in Lines::of(piece.bytes) {
                    self.command(line.text, &piece, out);
                }
            }
            PopPart::Reply => {
                if let Some(line) = Lines::of(piece.bytes).next() {
                    self.reply(line.text, &piece, out);
                }
            }
            PopPart::Data | PopPart::End => self.data(note, &piece, out),
        }
        self.began = true;
    }

    fn command(&mut self, line: &[u8], piece: &Piece<'_>, out: &mut Writer<'_>) {
        let packet = piece.message.last.number;
        if std::mem::take(&mut self.is_asked) {
            return self.response(line, packet, out);
        }
        let (verb, rest) = word(line);
        let is = |name: &[u8]| verb.eq_ignore_ascii_case(name);
        let step = |kind| Step { kind, line: bounded(line), packet, reply: None };
        let waiting = match () {
            () if is(b"USER") => Waiting::Login(self.login(b"USER", Some(rest), None, packet, out)),
            () if is(b"PASS") => {
                self.password(rest, packet, out);
                Waiting::Login(self.login)
            }
            () if is(b"APOP") => {
                let (user, digest) = word(rest);
                Waiting::Login(self.login(b"APOP", Some(user), Some(digest), packet, out))
            }
            () if is(b"AUTH") && !rest.is_empty() => {
                let (mechanism, first) = word(rest);
                let mechanism = mechanism.to_ascii_uppercase();
                let place = self.login(&mechanism, None, None, packet, out);
                if !first.is_empty() {
                    self.hears(first, packet, out);
                }
                Waiting::Login(place)
            }
            () if is(b"RETR") || is(b"TOP") => {
                let mail = Mail {
                    fetched: Some(step(StepKind::Other)),
                    headers_only: is(b"TOP"),
                    selected: piece.selected,
                    ..Mail::default()
                };
                Waiting::Mail(out.add(Event::Mail(Box::new(mail))))
            }
            () if is(b"STLS") => Waiting::Step(out.add(Event::Step(step(StepKind::StartTls)))),
            () if is(b"QUIT") => Waiting::Step(out.add(Event::Step(step(StepKind::Quit)))),
            () if is(b"CAPA") => Waiting::Step(out.add(Event::Step(step(StepKind::Capabilities)))),
            () => {
                let is_known = OTHERS.iter().any(|other| is(other));
                let kind = if is_known { StepKind::Other } else { StepKind::Unknown };
                Waiting::Step(out.add(Event::Step(step(kind))))
            }
        };
        self.wait(waiting);
    }

    fn wait(&mut self, waiting: Waiting) {
        if self.waiting.len() < MAX_WAITING {
            self.waiting.push_back(waiting);
        } else {
            self.has_forgotten = true;
        }
    }

    fn login(
        &mut self,
        mechanism: &[u8],
        user: Option<&[u8]>,
        secret: Option<&[u8]>,
        packet: PacketNumber,
        out: &mut Writer<'_>,
    ) -> Option<usize> {
        let login = Login {
            user: user.map(bounded),
            secret: secret.map(|secret| Secret(bounded(secret))),
            ..Login::new(mechanism, packet)
        };
        self.login = out.add(Event::Login(login));
        self.login
    }

    fn password(&mut self, password: &[u8], packet: PacketNumber, out: &mut Writer<'_>) {
        if out.login(self.login).is_none() {
            self.login(b"USER", None, None, packet, out);
        }
        if let Some(login) = out.login(self.login) {
            login.secret = Some(Secret(bounded(password)));
            login.packets[1] = packet;
        }
    }

    /// A line that a mechanism asked for.
    fn response(&mut self, line: &[u8], packet: PacketNumber, out: &mut Writer<'_>) {
        self.hears(line, packet, out);
        self.wait(Waiting::Login(self.login));
    }

    fn hears(&mut self, line: &[u8], packet: PacketNumber, out: &mut Writer<'_>) {
        if let Some(login) = out.login(self.login) {
            login.packets[1] = packet;
            login.hears(line);
        }
    }

    fn reply(&mut self, line: &[u8], piece: &Piece<'_>, out: &mut Writer<'_>) {
        let packet = piece.message.last.number;
        if line.starts_with(b"+ ") || line == b"+" {
            // RFC 5034 section 4: the server asks for more of a login.
            self.is_asked = matches!(self.waiting.pop_front(), Some(Waiting::Login(_)));
            return;
        }
        let is_good = line.starts_with(b"+OK");
        if !is_good && !line.starts_with(b"-ERR") {
            return;
        }
        let mut answer = Reply { packet, code: None, is_good, lines: Vec::new(), lines_left_out: 0 };
        answer.add(line);
        if !self.began {
            out.add(Event::Greeting(answer));
            return;
        }
        let Some(waiting) = self.waiting.pop_front() else {
            if !self.has_forgotten {
                out.add(Event::Stray(answer));
            }
            return;
        };
        self.coming = Some(waiting);
        self.first = None;
        self.partial = Vec::new();
        match waiting {
            Waiting::Step(place) | Waiting::Login(place) => out.answer(place, answer),
            Waiting::Mail(place) => {
                if let Some(mail) = place.and_then(|place| out.mail(place)) {
                    mail.outcome = if is_good { MailOutcome::Unfinished } else { MailOutcome::Refused };
                }
                out.answer(place, answer);
            }
        }
    }

    /// What follows an answer: a mail, or the lines of a list.
    fn data(&mut self, note: &PopNote, piece: &Piece<'_>, out: &mut Writer<'_>) {
        let first = *self.first.get_or_insert(piece.message.first);
        let has_ended = note.part == PopPart::End;
        let len = if has_ended { piece.bytes.len().saturating_sub(3) } else { piece.bytes.len() };
        let bytes = piece.bytes.get(..len).unwrap_or_default();
        let room = MAX_PARTIAL.saturating_sub(self.partial.len());
        self.partial.extend_from_slice(bytes.get(..room).unwrap_or(bytes));
        match self.coming {
            Some(Waiting::Mail(place)) if note.is_mail => {
                let is_whole = has_ended && piece.inner.is_some();
                let mut headers_only = false;
                if let Some(mail) = place.and_then(|place| out.mail(place)) {
                    mail.packets = Some([first, piece.message.last]);
                    mail.selected |= piece.selected;
                    headers_only = mail.headers_only;
                    mail.outcome = match (has_ended, is_whole) {
                        (false, _) => MailOutcome::Unfinished,
                        (true, false) => MailOutcome::Incomplete,
                        (true, true) if headers_only => MailOutcome::FetchedInPart,
                        (true, true) => MailOutcome::Fetched,
                    };
                }
                if has_ended {
                    let partial = std::mem::take(&mut self.partial);
                    out.read(place, piece, piece.inner.unwrap_or(&partial), is_whole && !headers_only);
                }
            }
            Some(Waiting::Step(Some(place))) if has_ended => {
                let partial = std::mem::take(&mut self.partial);
                if let Some(Event::Step(Step { reply: Some(reply), .. })) = out.session.events.get_mut(place)
                {
                    Lines::of(piece.inner.unwrap_or(&partial)).for_each(|line| reply.add(line.text));
                }
            }
            _ => {}
        }
        if has_ended {
            self.coming = None;
        }
    }

    /// The capture ends: what is known of a mail that has not ended.
    pub(super) fn finish(&mut self, events: &mut [Event]) {
        let Some(Waiting::Mail(Some(place))) = self.coming else { return };
        if let Some(Event::Mail(mail)) = events.get_mut(place)
            && mail.message.is_none()
            && !self.partial.is_empty()
        {
            mail.message = Some(super::MailMessage::read(&self.partial));
        }
    }
}

impl Login {
    /// What a client answers to a mechanism that asks: user and password one after the other, or both at once; or that it
    /// gives up (RFC 5034 section 4, RFC 9051 section 6.2.2).
    pub(super) fn hears(&mut self, line: &[u8]) {
        match &*self.mechanism {
            _ if line == b"*" => self.is_cancelled = true,
            b"PLAIN" => self.plain(&base64(line)),
            b"LOGIN" if self.user.is_none() => self.user = Some(bounded(&base64(line))),
            b"LOGIN" => self.secret = Some(Secret(bounded(&base64(line)))),
            _ => self.response(line),
        }
    }
}
