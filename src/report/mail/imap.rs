//! What an IMAP session says, line by line, with the literals in it.

use std::collections::VecDeque;

use super::collect::{Piece, Writer};
use super::session::{Event, Login, Mail, MailOutcome, Reply, Secret, Step, StepKind};
use super::{MAX_VALUE_BYTES, bounded};
use crate::proto::Note;
use crate::proto::imap::{MAX_TAG, Unit, Units, announced};
use crate::proto::lines::word;
use crate::source::PacketNumber;

/// Most commands that wait for their answer; those of the analyzer are as many.
const MAX_WAITING: usize = crate::proto::imap::MAX_OPEN;

/// What is remembered of a session.
#[derive(Debug, Default)]
pub(super) struct ImapTalk {
    began: bool,
    /// Tags of commands without an answer, and the places of these.
    waiting: VecDeque<(Box<[u8]>, Option<usize>)>,
    /// There was no room for one of these.
    has_forgotten: bool,
    /// The login whose mechanism asks for more.
    login: Option<usize>,
    is_asked: bool,
}

/// A line with its literals.
struct Sentence<'a> {
    /// The text of the line, literals put in where they stand.
    text: Vec<u8>,
    /// Each literal with the text of the line before it.
    literals: Vec<(&'a [u8], &'a [u8])>,
}

impl ImapTalk {
    pub(super) fn take(&mut self, piece: Piece<'_>, out: &mut Writer<'_>) {
        let Note::Imap(note) = &piece.message.note else { return };
        let mut sentence = Sentence { text: Vec::new(), literals: Vec::new() };
        let mut goes_on = false;
        for unit in Units::of(piece.bytes) {
            match unit {
                Unit::Line { text, .. } => {
                    if !goes_on && !sentence.text.is_empty() {
                        let said = std::mem::replace(
                            &mut sentence,
                            Sentence { text: Vec::new(), literals: Vec::new() },
                        );
                        self.says(note.is_reply, &said, &piece, out);
                    }
                    sentence.add(text);
                    goes_on = false;
                    sentence.literals.push((text, &[]));
                }
                Unit::Literal { bytes, .. } => {
                    goes_on = true;
                    if let Some((_, literal)) = sentence.literals.last_mut() {
                        *literal = bytes;
                    }
                    sentence.put(bytes);
                }
            }
        }
        if !sentence.text.is_empty() {
            self.says(note.is_reply, &sentence, &piece, out);
        }
        self.began = true;
    }

    fn says(&mut self, is_reply: bool, said: &Sentence<'_>, piece: &Piece<'_>, out: &mut Writer<'_>) {
        if is_reply { self.reply(said, piece, out) } else { self.command(said, piece, out) }
    }

    fn command(&mut self, said: &Sentence<'_>, piece: &Piece<'_>, out: &mut Writer<'_>) {
        let packet = piece.message.last.number;
        let line = &*said.text;
        if std::mem::take(&mut self.is_asked) {
            if let Some(login) = out.login(self.login) {
                login.packets[1] = packet;
                login.hears(line);
            }
            return;
        }
        let (tag, rest) = word(line);
        let (verb, arguments) = word(rest);
        if tag.len() > MAX_TAG || verb.is_empty() {
            return;
        }
        let is = |name: &[u8]| verb.eq_ignore_ascii_case(name);
        let step = |kind| Step { kind, line: bounded(rest), packet, reply: None };
        let place = match () {
            () if is(b"LOGIN") => {
                let mut strings = Strings { rest: arguments };
                let (user, password) = (strings.next(), strings.next());
                self.login(b"LOGIN", user, password, packet, out)
            }
            () if is(b"AUTHENTICATE") => {
                let (mechanism, first) = word(arguments);
                let place = self.login(&mechanism.to_ascii_uppercase(), None, None, packet, out);
                if let Some(login) = out.login(place).filter(|_| !first.is_empty()) {
                    login.hears(first);
                }
                place
            }
            () if is(b"APPEND") => {
                let sent = said.literals.iter().rev().find(|(_, literal)| !literal.is_empty());
                let lacks = sent.and_then(|(line, literal)| lacks_end(line, literal, piece));
                let place = out.add(Event::Mail(Box::new(Mail {
                    fetched: Some(Step { line: said.first_line(verb), ..step(StepKind::Other) }),
                    packets: sent.map(|_| [piece.message.first, piece.message.last]),
                    outcome: match lacks {
                        Some(lacks) => lacks,
                        None if sent.is_some() => MailOutcome::Unanswered,
                        None => MailOutcome::CaptureEnds,
                    },
                    selected: piece.selected,
                    at_end: piece.at_end,
                    ..Mail::default()
                })));
                if let Some((_, mail)) = sent {
                    out.read(place, piece, mail, lacks.is_none());
                }
                place
            }
            () if is(b"STARTTLS") => out.add(Event::Step(step(StepKind::StartTls))),
            () if is(b"LOGOUT") => out.add(Event::Step(step(StepKind::Quit))),
            () if is(b"CAPABILITY") => out.add(Event::Step(step(StepKind::Capabilities))),
            () => out.add(Event::Step(step(StepKind::Other))),
        };
        if self.waiting.len() >= MAX_WAITING {
            self.waiting.pop_front();
            self.has_forgotten = true;
        }
        self.waiting.push_back((tag.into(), place));
    }

    fn login(
        &mut self,
        mechanism: &[u8],
        user: Option<Vec<u8>>,
        secret: Option<Vec<u8>>,
        packet: PacketNumber,
        out: &mut Writer<'_>,
    ) -> Option<usize> {
        let login = Login {
            user: user.map(|user| bounded(&user)),
            secret: secret.map(|secret| Secret(bounded(&secret))),
            ..Login::new(mechanism, packet)
        };
        self.login = out.add(Event::Login(login));
        self.login
    }

    fn reply(&mut self, said: &Sentence<'_>, piece: &Piece<'_>, out: &mut Writer<'_>) {
        let packet = piece.message.last.number;
        let line = &*said.text;
        let (tag, rest) = word(line);
        let status = word(rest).0;
        let is_good = status.eq_ignore_ascii_case(b"OK") || status.eq_ignore_ascii_case(b"PREAUTH");
        let reply = || Reply { packet, code: None, is_good, lines: vec![bounded(rest)], lines_left_out: 0 };
        match tag {
            b"+" => {
                let of_login = self.waiting.back().is_some_and(|(_, place)| *place == self.login);
                self.is_asked = of_login && self.login.is_some();
            }
            b"*" if !self.began => {
                out.add(Event::Greeting(reply()));
            }
            b"*" => self.untagged(rest, said, piece, out),
            _ => {
                let Some(place) = self.waiting.iter().position(|(open, _)| **open == *tag) else {
                    let is_answer =
                        is_good || [&b"NO"[..], b"BAD"].iter().any(|no| status.eq_ignore_ascii_case(no));
                    if is_answer && !self.has_forgotten {
                        out.add(Event::Stray(reply()));
                    }
                    return;
                };
                let Some((_, Some(place))) = self.waiting.remove(place) else { return };
                if let Some(mail) = out.mail(place) {
                    mail.outcome = match mail.outcome {
                        MailOutcome::Incomplete if is_good => MailOutcome::Incomplete,
                        _ if is_good => MailOutcome::Accepted,
                        _ => MailOutcome::Refused,
                    };
                }
                // What came before the answer stays its first lines.
                let before = match out.session.events.get_mut(place) {
                    Some(Event::Step(step)) => step.reply.take(),
                    _ => None,
                };
                let mut answer = reply();
                if let Some(before) = before {
                    before.lines.iter().for_each(|line| answer.add(line));
                    answer.lines_left_out = answer.lines_left_out.saturating_add(before.lines_left_out);
                }
                out.answer(Some(place), answer);
            }
        }
    }

    /// What a server tells without being asked for just this: mails that were fetched, what it can do.
    fn untagged(&mut self, rest: &[u8], said: &Sentence<'_>, piece: &Piece<'_>, out: &mut Writer<'_>) {
        let packet = piece.message.last.number;
        let (first, _) = word(rest);
        if first.eq_ignore_ascii_case(b"CAPABILITY") {
            let asked = self.waiting.iter().rev().filter_map(|(_, place)| *place).find(|place| {
                matches!(out.session.events.get(*place), Some(Event::Step(step)) if step.kind == StepKind::Capabilities)
            });
            let step = asked.and_then(|place| out.session.events.get_mut(place));
            if let Some(Event::Step(step)) = step {
                let empty = Reply { packet, code: None, is_good: true, lines: Vec::new(), lines_left_out: 0 };
                step.reply.get_or_insert(empty).add(rest);
            }
            return;
        }
        for (before, literal) in &said.literals {
            let Some(of) = Fetched::of(before).filter(|_| !literal.is_empty()) else { continue };
            let command =
                self.waiting.iter().rev().filter_map(|(_, place)| *place).find_map(|place| {
                    match out.session.events.get(place) {
                        Some(Event::Step(step)) if is_fetch(&step.line) => Some(step.clone()),
                        _ => None,
                    }
                });
            let lacks = lacks_end(before, literal, piece);
            let is_whole = of == Fetched::Whole && lacks.is_none();
            let place = out.add(Event::Mail(Box::new(Mail {
                fetched: command.map(|step| Step { reply: None, ..step }),
                packets: Some([piece.message.first, piece.message.last]),
                outcome: match (lacks, of) {
                    (Some(lacks), _) => lacks,
                    (None, Fetched::Whole) => MailOutcome::Fetched,
                    (None, Fetched::Headers | Fetched::Part) => MailOutcome::FetchedInPart,
                },
                headers_only: of == Fetched::Headers,
                selected: piece.selected,
                at_end: piece.at_end,
                ..Mail::default()
            })));
            out.read(place, piece, literal, is_whole);
        }
    }
}

/// What became of a mail whose literal, which `line` announced, is shorter than it said.
fn lacks_end(line: &[u8], literal: &[u8], piece: &Piece<'_>) -> Option<MailOutcome> {
    let is_short = announced(line).is_some_and(|len| literal.len() < len);
    let goes_on = piece.message.cut && !piece.at_end;
    is_short.then_some(if goes_on { MailOutcome::Incomplete } else { MailOutcome::Unfinished })
}

impl Sentence<'_> {
    /// A line, its announcement of a literal left out.
    fn add(&mut self, text: &[u8]) {
        let room = MAX_VALUE_BYTES.saturating_sub(self.text.len());
        self.text.extend_from_slice(text.get(..room).unwrap_or(text));
    }

    /// A literal, as the quoted string that it stands for, where it is short enough to be a name.
    fn put(&mut self, bytes: &[u8]) {
        if let Some(brace) = memchr::memrchr(b'{', &self.text) {
            self.text.truncate(brace);
        }
        let shown = bytes.get(..MAX_NAME).unwrap_or(bytes);
        self.text.push(b'"');
        for byte in shown {
            if matches!(byte, b'"' | b'\\') {
                self.text.push(b'\\');
            }
            self.text.push(*byte);
        }
        self.text.push(b'"');
    }

    /// The first line from `verb` on.
    fn first_line(&self, verb: &[u8]) -> Box<[u8]> {
        let line = self.literals.first().map_or(&[][..], |(line, _)| line);
        let at = memchr::memmem::find(line, verb).unwrap_or(0);
        bounded(line.get(at..).unwrap_or(line))
    }
}

/// Longest literal that is taken for a name or password.
const MAX_NAME: usize = 256;

/// What of a mail a literal is (RFC 9051 section 7.5.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fetched {
    Whole,
    Headers,
    Part,
}

impl Fetched {
    /// What the line before a literal announces; `None` of anything but a mail or its headers.
    fn of(line: &[u8]) -> Option<Self> {
        let line = line.to_ascii_uppercase();
        let what = memchr::memrchr(b' ', line.get(..memchr::memrchr(b'{', &line)?)?.trim_ascii_end());
        let what = line.get(what.map_or(0, |space| space.saturating_add(1))..)?;
        let what = what.strip_prefix(b"(").unwrap_or(what);
        let ends_fields =
            memchr::memmem::rfind(&line, b"BODY[HEADER.FIELDS").is_some() && what.contains(&b']');
        match () {
            () if what.starts_with(b"BODY[]<") => Some(Self::Part),
            () if what.starts_with(b"BODY[]") => Some(Self::Whole),
            () if what.starts_with(b"RFC822.HEADER") || what.starts_with(b"BODY[HEADER") || ends_fields => {
                Some(Self::Headers)
            }
            () if what.starts_with(b"RFC822 ") || what.starts_with(b"RFC822{") => Some(Self::Whole),
            () => None,
        }
    }
}

fn is_fetch(line: &[u8]) -> bool {
    let (verb, rest) = word(line);
    let of_uid = verb.eq_ignore_ascii_case(b"UID") && word(rest).0.eq_ignore_ascii_case(b"FETCH");
    verb.eq_ignore_ascii_case(b"FETCH") || of_uid
}

/// The strings of a command (RFC 9051 section 4): atoms, or with quotation marks.
struct Strings<'a> {
    rest: &'a [u8],
}

impl Iterator for Strings<'_> {
    type Item = Vec<u8>;

    fn next(&mut self) -> Option<Vec<u8>> {
        self.rest = self.rest.trim_ascii_start();
        let Some(inside) = self.rest.strip_prefix(b"\"") else {
            let (atom, rest) = word(self.rest);
            self.rest = rest;
            return (!atom.is_empty()).then(|| atom.to_vec());
        };
        let (mut text, mut escaped) = (Vec::new(), false);
        for (place, byte) in inside.iter().enumerate() {
            match byte {
                b'\\' if !escaped => escaped = true,
                b'"' if !escaped => {
                    self.rest = inside.get(place.saturating_add(1)..).unwrap_or_default();
                    return Some(text);
                }
                _ => {
                    escaped = false;
                    text.push(*byte);
                }
            }
        }
        self.rest = &[];
        Some(text)
    }
}
