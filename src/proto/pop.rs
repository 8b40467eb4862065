//! POP3 (RFC 1939): commands, replies, and the lists and mails that follow some of them.
//!
//! A [`super::Message`] is what one packet brings or completes of one kind. The part that ends a mail or list has all of it,
//! dots at the beginning of lines undone, as [`super::Message::inner`].

use std::collections::VecDeque;

use memchr::memmem;

use super::lines::{Lines, block, number, word};
use super::{Analyzer, Ending, Input, MAX_MESSAGE_BYTES, Note, Protocol, Step};
use crate::flow::Direction;
use crate::source::PacketNumber;

/// Most commands that wait for their reply; what a client that does not wait sends beyond is taken to have a reply of one
/// line.
pub const MAX_OPEN: usize = 256;

/// Most packets that are named as parts of a mail: what a mail of [`MAX_MESSAGE_BYTES`] has in full segments.
pub const MAX_PARTS: usize = 12_000;

/// What a whole mail or list is called.
const TITLE: &str = "Reassembled POP";

/// What the connection tells of a POP3 message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PopNote {
    /// What it is.
    pub part: PopPart,
    /// What follows the reply is a mail, of RETR or TOP.
    pub is_mail: bool,
    /// How long the server said that the mail is.
    pub octets: Option<u64>,
    /// Of the end: the packets that brought parts, up to [`MAX_PARTS`].
    pub parts: Vec<PacketNumber>,
    /// Of the end: how many bytes that was, as sent, with the line that ends it.
    pub sent: usize,
}

/// The kinds of POP3 messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PopPart {
    /// Lines of the client.
    Commands,
    /// A line of the server.
    Reply,
    /// A part of what follows a reply.
    Data,
    /// The end of it, with the line `.` that says so.
    End,
}

/// What a command's reply brings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asked {
    Line,
    List,
    Mail,
    StartTls,
}

/// A connection that carries POP3.
#[derive(Default)]
pub struct PopAnalyzer {
    server: Option<Direction>,
    greeted: bool,
    asked: VecDeque<Asked>,
    /// What follows a reply, while it does.
    data: Option<Data>,
    tls: bool,
}

/// What follows a reply.
#[derive(Default)]
struct Data {
    is_mail: bool,
    octets: Option<u64>,
    at_line: bool,
    bytes: Vec<u8>,
    parts: Vec<PacketNumber>,
    sent: usize,
    is_broken: bool,
}

/// Mails stay out of it.
impl std::fmt::Debug for PopAnalyzer {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("PopAnalyzer")
            .field("server", &self.server)
            .field("asked", &self.asked)
            .field("kept", &self.held())
            .finish_non_exhaustive()
    }
}

impl Data {
    fn add(&mut self, bytes: &[u8], packet: PacketNumber) {
        if self.parts.len() < MAX_PARTS {
            self.parts.push(packet);
        }
        self.sent = self.sent.saturating_add(bytes.len());
        self.is_broken |= self.bytes.len().saturating_add(bytes.len()) > MAX_MESSAGE_BYTES;
        if self.is_broken {
            self.bytes = Vec::new();
        } else {
            self.bytes.extend_from_slice(bytes);
        }
    }

    fn note(&self, part: PopPart) -> PopNote {
        PopNote { part, is_mail: self.is_mail, octets: self.octets, parts: Vec::new(), sent: 0 }
    }
}

impl PopAnalyzer {
    /// A connection that has carried nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn commands(&mut self, input: &Input<'_>) -> Step {
        let len = match block(input) {
            Ok(len) => len,
            Err(more) => return more,
        };
        for line in Lines::of(input.bytes.get(..len).unwrap_or(&[])) {
            if self.asked.len() < MAX_OPEN {
                self.asked.push_back(asked(line.text));
            }
        }
        step(len, Data::default().note(PopPart::Commands), None)
    }

    fn reply(&mut self, input: &Input<'_>) -> Step {
        let len = match block(input) {
            Ok(len) => len,
            Err(more) => return more,
        };
        let bytes = input.bytes.get(..len).unwrap_or(&[]);
        let Some(line) = Lines::of(bytes).next() else { return Step::Lost };
        let mut note = Data::default();
        let is_ok = line.text.starts_with(b"+OK");
        if is_ok || line.text.starts_with(b"-ERR") {
            let asked = if self.greeted { self.asked.pop_front() } else { None };
            self.greeted = true;
            match asked.filter(|_| is_ok) {
                Some(Asked::StartTls) => self.tls = true,
                Some(asked @ (Asked::List | Asked::Mail)) => {
                    note.is_mail = asked == Asked::Mail;
                    note.octets = octets(line.text);
                    let data = Data { at_line: true, is_mail: note.is_mail, octets: note.octets, ..Data::default() };
                    self.data = Some(data);
                }
                _ => {}
            }
        }
        step(line.whole.len(), note.note(PopPart::Reply), None)
    }

    fn data(&mut self, input: &Input<'_>, mut data: Data) -> Step {
        let bytes = input.bytes;
        let end = if data.at_line && bytes.starts_with(b".\r\n") {
            Some(0)
        } else {
            memmem::find(bytes, b"\n.\r\n").map(|place| place.saturating_add(1))
        };
        if let Some(end) = end {
            data.add(bytes.get(..end).unwrap_or(&[]), input.packet.number);
            let mut note = data.note(PopPart::End);
            note.sent = data.sent.saturating_add(3);
            note.parts = data.parts;
            let mut at_line = true;
            data.bytes.retain(|&byte| {
                let drop = at_line && byte == b'.';
                at_line = byte == b'\n';
                !drop
            });
            let inner = (!data.is_broken && !data.bytes.is_empty()).then_some((TITLE, data.bytes));
            return step(end.saturating_add(3), note, inner);
        }
        let waits =
            |tail: &[u8]| bytes.ends_with(tail) || (data.at_line && bytes == tail.get(1..).unwrap_or(tail));
        let kept = match () {
            () if input.end.is_some() => 0,
            () if waits(b"\n.\r") => 2,
            () if waits(b"\n.") => 1,
            () => 0,
        };
        let taken = bytes.len().saturating_sub(kept);
        if taken == 0 {
            self.data = Some(data);
            return Step::More(bytes.len().saturating_add(1));
        }
        let part = bytes.get(..taken).unwrap_or(bytes);
        data.add(part, input.packet.number);
        data.at_line = part.last() == Some(&b'\n');
        let note = data.note(PopPart::Data);
        self.data = Some(data);
        step(taken, note, None)
    }
}

fn step(len: usize, note: PopNote, inner: Option<(&'static str, Vec<u8>)>) -> Step {
    Step::Message { len, note: Note::Pop(Box::new(note)), inner }
}

/// What the reply to a command brings.
fn asked(line: &[u8]) -> Asked {
    let (verb, rest) = word(line);
    let is = |name: &[u8]| verb.eq_ignore_ascii_case(name);
    match () {
        () if is(b"RETR") || is(b"TOP") => Asked::Mail,
        () if is(b"CAPA") => Asked::List,
        () if (is(b"LIST") || is(b"UIDL")) && rest.is_empty() => Asked::List,
        () if is(b"STLS") => Asked::StartTls,
        () => Asked::Line,
    }
}

/// `+OK 120 octets`.
fn octets(line: &[u8]) -> Option<u64> {
    let (count, unit) = word(word(line).1);
    if unit.starts_with(b"octets") { number(count) } else { None }
}

impl Analyzer for PopAnalyzer {
    fn next(&mut self, input: &Input<'_>) -> Step {
        if input.bytes.is_empty() {
            if let Some(data) = &mut self.data
                && self.server == Some(input.from)
                && matches!(input.end, Some(Ending::Gap(_) | Ending::TooLong | Ending::Capture | Ending::Reset))
            {
                data.is_broken = true;
                data.bytes = Vec::new();
                data.at_line = false;
            }
            return Step::More(1);
        }
        if self.tls && input.bytes.starts_with(&[22, 3]) {
            return Step::Switch(Protocol::Tls);
        }
        let is_reply = input.bytes.starts_with(b"+OK") || input.bytes.starts_with(b"-ERR");
        // A capture that begins in the middle begins with what a command asked for.
        let server = *self.server.get_or_insert_with(|| {
            self.greeted = !is_reply;
            if is_reply { input.from } else { input.from.reversed() }
        });
        if server != input.from {
            return self.commands(input);
        }
        match self.data.take() {
            Some(data) => self.data(input, data),
            None => self.reply(input),
        }
    }

    fn held(&self) -> usize {
        self.data.as_ref().map_or(0, |data| {
            data.bytes.capacity().saturating_add(data.parts.capacity().saturating_mul(8))
        })
    }
}
