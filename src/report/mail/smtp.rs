//! What an SMTP session says, line by line.

use std::collections::VecDeque;

use super::bounded;
use super::collect::{Piece, Writer};
use super::message::without_brackets;
use super::session::{
    Envelope, Event, Login, MAX_LINES, MAX_RECIPIENTS, Mail, MailOutcome, Party, Reply, Secret, SecretOf,
    Step, StepKind,
};
use crate::flow::PacketStamp;
use crate::proto::Note;
use crate::proto::http::base64;
use crate::proto::lines::{Lines, reply, word};
use crate::proto::smtp::{Expect, Said, SmtpNote, SmtpPart};
use crate::source::PacketNumber;

/// Most commands that wait for their answer: what a client sends before it listens (RFC 2920).
const MAX_WAITING: usize = 1024;

/// Most bytes kept of a mail that has not ended, so that its headers can be told if it never does.
const MAX_PARTIAL: usize = 64 << 10;

/// Commands that need nothing more than to be shown: RFC 5321, and what servers add.
const OTHERS: [&[u8]; 14] = [
    b"RSET",
    b"NOOP",
    b"VRFY",
    b"EXPN",
    b"HELP",
    b"TURN",
    b"ETRN",
    b"ATRN",
    b"SEND",
    b"SOML",
    b"SAML",
    b"XCLIENT",
    b"XFORWARD",
    b"BURL",
];

/// What is remembered of a session.
#[derive(Debug, Default)]
pub(super) struct SmtpTalk {
    /// Something was said.
    began: bool,
    waiting: VecDeque<Waiting>,
    /// There was no room for what waits.
    has_forgotten: bool,
    /// The mail whose envelope or content is on its way: its place.
    mail: Option<usize>,
    /// The login on its way.
    login: Option<usize>,
    /// The beginning of a mail that has not ended.
    partial: Vec<u8>,
    /// The packets of that.
    packets: Option<[PacketStamp; 2]>,
    /// A reply whose last line is not there yet.
    reply: Option<Reply>,
}

/// What an answer is to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Waiting {
    /// A command, by its place.
    Step(Option<usize>),
    /// A line of a login.
    Login(Option<usize>),
    From(Option<usize>),
    To(Option<usize>, usize),
    Data(Option<usize>),
    /// A chunk that is not the last.
    Chunk(Option<usize>),
    /// The end of a mail.
    Mail(Option<usize>),
}

impl SmtpTalk {
    pub(super) fn take(&mut self, piece: Piece<'_>, out: &mut Writer<'_>) {
        let Note::Smtp(note) = &piece.message.note else { return };
        match note.part {
            SmtpPart::Commands => self.commands(note, &piece, out),
            SmtpPart::Replies => self.replies(&piece, out),
            SmtpPart::Body => self.body(&piece),
            SmtpPart::End => {
                // The line with the dot is no part of it.
                let len = piece.bytes.len().saturating_sub(3);
                let bytes = piece.bytes.get(..len).unwrap_or_default();
                self.body(&Piece { bytes, ..piece });
                self.end(note, &piece, out);
            }
            SmtpPart::LastChunk => {
                self.body(&piece);
                self.end(note, &piece, out);
            }
            SmtpPart::EmptyChunk => {
                self.commands(note, &piece, out);
                self.end(note, &piece, out);
            }
        }
        self.began = true;
    }

    /// The capture ends: what is known of a mail that has not ended.
    pub(super) fn finish(&mut self, events: &mut [Event]) {
        let Some(Event::Mail(mail)) = self.mail.and_then(|place| events.get_mut(place)) else { return };
        if mail.outcome != MailOutcome::NotSent {
            return;
        }
        mail.outcome = MailOutcome::CaptureEnds;
        if self.packets.is_some() {
            mail.outcome = MailOutcome::Unfinished;
            mail.packets = self.packets;
            mail.message = Some(super::MailMessage::read(&self.partial));
        }
    }

    fn wait(&mut self, waiting: Waiting) {
        if self.waiting.len() < MAX_WAITING {
            self.waiting.push_back(waiting);
        } else {
            self.has_forgotten = true;
        }
    }

    fn commands(&mut self, note: &SmtpNote, piece: &Piece<'_>, out: &mut Writer<'_>) {
        let mut expect = note.expect;
        let packet = piece.message.last.number;
        for line in Lines::of(piece.bytes) {
            let (said, next) = expect.hears(line.text);
            expect = next;
            match said {
                Said::Secret(of) => self.secret(of, line.text, packet, out),
                Said::Cancel(_) => self.cancel(packet, out),
                Said::Auth(of, first) => {
                    self.auth(line.text, packet, out);
                    self.hears(of, first, packet, out);
                }
                _ => self.command(line.text, piece, out),
            }
        }
    }

    fn command(&mut self, line: &[u8], piece: &Piece<'_>, out: &mut Writer<'_>) {
        let packet = piece.message.last.number;
        let (verb, rest) = word(line);
        let is = |name: &[u8]| verb.eq_ignore_ascii_case(name);
        let kind = match () {
            () if is(b"AUTH") => return self.auth(line, packet, out),
            () if is(b"MAIL") => return self.mail_from(rest, piece, out),
            () if is(b"RCPT") => return self.rcpt_to(rest, packet, out),
            () if is(b"DATA") => return self.wait(Waiting::Data(self.mail)),
            () if is(b"BDAT") => {
                // The last one is answered as the mail is.
                if !rest.to_ascii_uppercase().ends_with(b"LAST") {
                    self.wait(Waiting::Chunk(self.mail));
                }
                return;
            }
            () if is(b"EHLO") || is(b"HELO") || is(b"LHLO") => StepKind::Hello,
            () if is(b"STARTTLS") => StepKind::StartTls,
            () if is(b"QUIT") => StepKind::Quit,
            () if OTHERS.iter().any(|other| is(other)) => StepKind::Other,
            () => StepKind::Unknown,
        };
        if is(b"RSET") || kind == StepKind::Hello {
            self.mail = None;
            self.partial = Vec::new();
        }
        let step = Step { kind, line: bounded(line), packet, reply: None };
        let place = out.add(Event::Step(step));
        self.wait(Waiting::Step(place));
    }

    fn auth(&mut self, line: &[u8], packet: PacketNumber, out: &mut Writer<'_>) {
        let (mechanism, _) = word(word(line).1);
        let login = Login::new(&mechanism.to_ascii_uppercase(), packet);
        self.login = out.add(Event::Login(login));
        self.wait(Waiting::Login(self.login));
    }

    /// A line that AUTH asked for.
    fn secret(&mut self, of: Expect, line: &[u8], packet: PacketNumber, out: &mut Writer<'_>) {
        self.hears(of, line, packet, out);
        self.wait(Waiting::Login(self.login));
    }

    /// The client gives the login up.
    fn cancel(&mut self, packet: PacketNumber, out: &mut Writer<'_>) {
        if let Some(login) = out.login(self.login) {
            login.packets[1] = packet;
            login.is_cancelled = true;
        }
        self.wait(Waiting::Login(self.login));
    }

    fn hears(&mut self, of: Expect, line: &[u8], packet: PacketNumber, out: &mut Writer<'_>) {
        let Some(login) = out.login(self.login) else { return };
        login.packets[1] = packet;
        match of {
            Expect::Username => login.user = Some(bounded(&base64(line))),
            Expect::Password => login.secret = Some(Secret(bounded(&base64(line)))),
            Expect::Plain => login.plain(&base64(line)),
            Expect::Response => login.response(line),
            Expect::Command => {}
        }
    }

    fn mail_from(&mut self, rest: &[u8], piece: &Piece<'_>, out: &mut Writer<'_>) {
        let packet = piece.message.last.number;
        let mail = Mail {
            envelope: Some(Envelope { from: Some(party(rest, packet)), ..Envelope::default() }),
            selected: piece.selected,
            ..Mail::default()
        };
        self.partial = Vec::new();
        self.packets = None;
        self.mail = out.add(Event::Mail(Box::new(mail)));
        self.wait(Waiting::From(self.mail));
    }

    fn rcpt_to(&mut self, rest: &[u8], packet: PacketNumber, out: &mut Writer<'_>) {
        let mut number = usize::MAX;
        if let Some(envelope) = self.envelope(out) {
            number = envelope.to.len();
            if number < MAX_RECIPIENTS {
                envelope.to.push(party(rest, packet));
            } else {
                envelope.to_left_out = envelope.to_left_out.saturating_add(1);
            }
        }
        self.wait(Waiting::To(self.mail, number));
    }

    fn envelope<'o>(&mut self, out: &'o mut Writer<'_>) -> Option<&'o mut Envelope> {
        out.mail(self.mail?)?.envelope.as_mut()
    }

    fn body(&mut self, piece: &Piece<'_>) {
        let first = self.packets.map_or(piece.message.first, |[first, _]| first);
        self.packets = Some([first, piece.message.last]);
        let room = MAX_PARTIAL.saturating_sub(self.partial.len());
        self.partial.extend_from_slice(piece.bytes.get(..room).unwrap_or(piece.bytes));
    }

    /// A mail has ended.
    fn end(&mut self, note: &SmtpNote, piece: &Piece<'_>, out: &mut Writer<'_>) {
        if self.mail.is_none() {
            // Its envelope is not in the capture.
            self.mail = out.add(Event::Mail(Box::default()));
        }
        let place = self.mail.take();
        let partial = std::mem::take(&mut self.partial);
        let packets = self.packets.take().unwrap_or([piece.message.first, piece.message.last]);
        let is_whole = piece.inner.is_some() || (note.sent == 0 && partial.is_empty());
        if let Some(mail) = place.and_then(|place| out.mail(place)) {
            mail.packets = Some(packets);
            mail.selected |= piece.selected;
            mail.outcome = if is_whole { MailOutcome::Unanswered } else { MailOutcome::Incomplete };
        }
        out.read(place, piece, piece.inner.unwrap_or(&partial), is_whole);
        self.wait(Waiting::Mail(place));
    }

    fn replies(&mut self, piece: &Piece<'_>, out: &mut Writer<'_>) {
        for line in Lines::of(piece.bytes) {
            let read = reply(line.text);
            let packet = piece.message.last.number;
            let answer = self.reply.get_or_insert_with(|| Reply {
                packet,
                code: read.map(|(code, _)| code),
                is_good: read.is_some_and(|(code, _)| code < 400),
                lines: Vec::new(),
                lines_left_out: 0,
            });
            let text = if read.is_some() { line.text.get(4..).unwrap_or_default() } else { line.text };
            answer.add(text);
            if read.is_some_and(|(_, more)| !more)
                && let Some(answer) = self.reply.take()
            {
                self.answered(answer, out);
                self.began = true;
            }
        }
    }

    fn answered(&mut self, answer: Reply, out: &mut Writer<'_>) {
        let Some(waiting) = self.waiting.pop_front() else {
            if !self.began {
                out.add(Event::Greeting(answer));
            } else if !self.has_forgotten {
                out.add(Event::Stray(answer));
            }
            return;
        };
        let (code, is_good) = (answer.code, answer.is_good);
        match waiting {
            // It asks for more.
            Waiting::Login(_) if code == Some(334) => {}
            Waiting::Step(place) | Waiting::Login(place) => out.answer(place, answer),
            Waiting::From(place) => {
                let mail = place.and_then(|place| out.mail(place));
                let Some(mail) = mail else { return };
                if !is_good {
                    mail.outcome = MailOutcome::Refused;
                }
                if let Some(from) = mail.envelope.as_mut().and_then(|envelope| envelope.from.as_mut()) {
                    from.reply = Some(answer);
                }
            }
            Waiting::To(place, number) => {
                let mail = place.and_then(|place| out.mail(place));
                let envelope = mail.and_then(|mail| mail.envelope.as_mut());
                if let Some(to) = envelope.and_then(|envelope| envelope.to.get_mut(number)) {
                    to.reply = Some(answer);
                }
            }
            Waiting::Data(place) => {
                let Some(mail) = place.and_then(|place| out.mail(place)) else { return };
                if !is_good {
                    mail.outcome = MailOutcome::Refused;
                }
                if let Some(envelope) = &mut mail.envelope {
                    envelope.data = Some(answer);
                }
            }
            Waiting::Chunk(_) if is_good => {}
            Waiting::Chunk(place) | Waiting::Mail(place) => {
                if let Some(mail) = place.and_then(|place| out.mail(place)) {
                    mail.outcome = match mail.outcome {
                        MailOutcome::Incomplete if is_good => MailOutcome::Incomplete,
                        _ if is_good => MailOutcome::Accepted,
                        _ => MailOutcome::Refused,
                    };
                }
                out.answer(place, answer);
            }
        }
    }
}

impl Reply {
    /// A line more.
    pub(super) fn add(&mut self, text: &[u8]) {
        if self.lines.len() < MAX_LINES {
            self.lines.push(bounded(text));
        } else {
            self.lines_left_out = self.lines_left_out.saturating_add(1);
        }
    }
}

impl Login {
    /// What PLAIN sends (RFC 4616): whom to act for, the name, the password, with a zero byte between.
    pub(super) fn plain(&mut self, text: &[u8]) {
        let mut parts = text.splitn(3, |byte| *byte == 0);
        let (_, user, password) = (parts.next(), parts.next(), parts.next());
        self.user = user.map(bounded);
        self.secret = password.map(|password| Secret(bounded(password)));
    }

    /// What other mechanisms send, in Base64: CRAM-MD5 (RFC 2195) and OAuth name the user in it.
    pub(super) fn response(&mut self, line: &[u8]) {
        let text = base64(line);
        if &*self.mechanism == b"CRAM-MD5"
            && let Some(space) = memchr::memrchr(b' ', &text)
        {
            self.user = text.get(..space).map(bounded);
        } else if let Some(rest) = text.strip_prefix(b"user=") {
            self.user = rest.split(|byte| *byte == 1).next().map(bounded);
        }
        let token = memchr::memmem::find(&text, b"earer ").and_then(|at| text.get(at.checked_add(6)?..));
        let token = token.filter(|_| self.secret_of() == SecretOf::BearerToken);
        let secret = token.map_or(line, |token| token.split(|byte| *byte == 1).next().unwrap_or(token));
        self.secret.get_or_insert_with(|| Secret(bounded(secret)));
    }
}

impl Default for Mail {
    /// A mail that nothing is known of.
    fn default() -> Self {
        Self {
            number: 0,
            envelope: None,
            fetched: None,
            packets: None,
            message: None,
            outcome: MailOutcome::NotSent,
            reply: None,
            headers_only: false,
            selected: false,
            at_end: false,
        }
    }
}

/// The address and parameters behind MAIL or RCPT: `FROM:<a@b> SIZE=12`.
fn party(rest: &[u8], packet: PacketNumber) -> Party {
    let colon = memchr::memchr(b':', rest).map_or(0, |colon| colon.saturating_add(1));
    let text = rest.get(colon..).unwrap_or_default().trim_ascii();
    // A quoted local part may have spaces and angle brackets (RFC 5321 section 4.1.2).
    let mut quoted = false;
    let end = text.iter().position(|byte| {
        quoted ^= *byte == b'"';
        !quoted && *byte == if text.starts_with(b"<") { b'>' } else { b' ' }
    });
    let end = end.map_or(text.len(), |end| end.saturating_add(1));
    let (address, parameters) = text.split_at_checked(end).unwrap_or((text, &[]));
    Party {
        address: bounded(without_brackets(address)),
        parameters: bounded(parameters.trim_ascii()),
        packet,
        reply: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_envelopes_are_read() {
        let read = |rest: &[u8]| {
            let party = party(rest, 1);
            (
                String::from_utf8_lossy(&party.address).into_owned(),
                String::from_utf8_lossy(&party.parameters).into_owned(),
            )
        };
        let pair = |one: &str, other: &str| (one.to_owned(), other.to_owned());
        assert_eq!(
            read(b"FROM:<a@b.example> SIZE=12 BODY=8BITMIME"),
            pair("a@b.example", "SIZE=12 BODY=8BITMIME")
        );
        assert_eq!(read(b"TO: a@b.example"), pair("a@b.example", ""));
        assert_eq!(read(b"FROM:<>"), pair("", ""));
        assert_eq!(read(b"TO:<\"a> b\"@c> X=1"), pair("\"a", "X=1"));
        assert_eq!(read(b""), pair("", ""));
    }

    #[test]
    fn logins_are_read_by_their_mechanism() {
        let login = |mechanism: &str| Login::new(mechanism.as_bytes(), 1);
        let mut plain = login("PLAIN");
        plain.plain(b"\0me\0pass");
        assert_eq!(
            (plain.user.as_deref(), plain.secret),
            (Some(&b"me"[..]), Some(Secret(b"pass"[..].into())))
        );
        let mut cram = login("CRAM-MD5");
        cram.response(b"bWUgYWJj");
        assert_eq!(cram.user.as_deref(), Some(&b"me"[..]));
        assert!(!format!("{cram:?}").contains("bWUg"));
        let mut oauth = login("XOAUTH2");
        oauth.response(b"dXNlcj1tZUB4AWF1dGg9QmVhcmVyIHQBAQ==");
        assert_eq!(oauth.user.as_deref(), Some(&b"me@x"[..]));
        assert_eq!((oauth.secret_of(), oauth.secret), (SecretOf::BearerToken, Some(Secret(b"t"[..].into()))));
    }
}
