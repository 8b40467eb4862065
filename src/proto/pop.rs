//! POP3 (RFC 1939): commands, replies, and the lists and mails that follow some of them.
//!
//! A [`super::Message`] is what one packet brings or completes of one kind. The part that ends a mail or list has all of it,
//! dots at the beginning of lines undone, as [`super::Message::inner`].

use std::collections::VecDeque;

use super::dotted::{DottedPart, DottedText, END};
use super::lines::{Lines, block, number, word};
use super::{Analyzer, Ending, Input, Note, Protocol, Step};
use crate::flow::Direction;
use crate::source::PacketNumber;

/// Most commands that wait for their reply; what a client that does not wait sends beyond is taken to have a reply of one
/// line.
pub const MAX_OPEN: usize = 256;

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
    /// Of the end: the packets that brought parts, up to [`super::dotted::MAX_PARTS`].
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
    text: DottedText,
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
            Err(need) => return Step::More(need),
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
            Err(need) => return Step::More(need),
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
                    let data =
                        Data { at_line: true, is_mail: note.is_mail, octets: note.octets, ..Data::default() };
                    self.data = Some(data);
                }
                _ => {}
            }
        } else if line.text == b"+" || line.text.starts_with(b"+ ") {
            // RFC 5034 section 4: what follows of the client is what the mechanism asks for, and is answered by itself.
            self.asked.pop_front();
        }
        step(line.whole.len(), note.note(PopPart::Reply), None)
    }

    fn data(&mut self, input: &Input<'_>, mut data: Data) -> Step {
        match DottedPart::of(input, data.at_line) {
            DottedPart::End(len) => {
                data.text.add(input.bytes.get(..len).unwrap_or(&[]), input.packet.number);
                let mut note = data.note(PopPart::End);
                note.sent = data.text.sent().saturating_add(END.len());
                note.parts = data.text.parts().to_vec();
                step(len.saturating_add(END.len()), note, data.text.whole(TITLE, true))
            }
            DottedPart::More { len, at_line } => {
                data.text.add(input.bytes.get(..len).unwrap_or(&[]), input.packet.number);
                data.at_line = at_line;
                let note = data.note(PopPart::Data);
                self.data = Some(data);
                step(len, note, None)
            }
            DottedPart::Unclear => {
                self.data = Some(data);
                Step::More(input.bytes.len().saturating_add(1))
            }
        }
    }
}

fn step(len: usize, note: PopNote, inner: Option<(&'static str, Vec<u8>)>) -> Step {
    Step::Message { len, note: Note::Pop(Box::new(note)), inner }
}

/// Whether `bytes` are less than a status of a reply (RFC 1939 section 3), and may become one.
fn begins_status(bytes: &[u8]) -> bool {
    [&b"+OK"[..], b"-ERR"].iter().any(|status| bytes.len() < status.len() && status.starts_with(bytes))
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
                && matches!(
                    input.end,
                    Some(Ending::Gap(_) | Ending::TooLong | Ending::Capture | Ending::Reset)
                )
            {
                data.text.lose();
                data.at_line = false;
            }
            return Step::More(1);
        }
        if self.tls && input.bytes.starts_with(&[22, 3]) {
            return Step::Switch(Protocol::Tls);
        }
        if self.server.is_none() && input.end.is_none() && begins_status(input.bytes) {
            return Step::More(input.bytes.len().saturating_add(1));
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
        self.data.as_ref().map_or(0, |data| data.text.held())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::flow::PacketStamp;
    use Direction::{OrigToResp as Client, RespToOrig as Server};

    /// What is said of pieces of either side, with what waits before what comes.
    fn talk(pieces: &[(Direction, &[u8])]) -> Vec<(PopNote, Option<Vec<u8>>)> {
        let mut analyzer = PopAnalyzer::new();
        let mut waiting: [Vec<u8>; 2] = Default::default();
        let mut said = Vec::new();
        for (from, piece) in pieces {
            let waits = &mut waiting[usize::from(*from == Server)];
            waits.extend_from_slice(piece);
            while !waits.is_empty() {
                let packet = PacketStamp::default();
                let input = Input { from: *from, bytes: waits, first: packet, packet, end: None };
                match analyzer.next(&input) {
                    Step::Message { len, note: Note::Pop(note), inner } => {
                        said.push((*note, inner.map(|(_, bytes)| bytes)));
                        waits.drain(..len);
                    }
                    Step::More(_) => break,
                    other => panic!("{other:?}"),
                }
            }
        }
        said
    }

    const MAIL: &[u8] = b"+OK 9 octets\r\nSubject: x\r\n\r\n..a\r\n.\r\n+OK bye\r\n";

    #[test]
    fn a_mail_follows_its_reply_and_gets_its_dots_back() {
        let said = talk(&[(Server, b"+OK POP3\r\n"), (Client, b"RETR 1\r\nQUIT\r\n"), (Server, MAIL)]);
        let parts: Vec<_> = said.iter().map(|(note, _)| note.part).collect();
        assert_eq!(parts, [PopPart::Reply, PopPart::Commands, PopPart::Reply, PopPart::End, PopPart::Reply]);
        assert_eq!(said[3].0.octets, Some(9));
        assert_eq!(said[3].1.as_deref(), Some(&b"Subject: x\r\n\r\n.a\r\n"[..]));
    }

    #[test]
    fn who_greets_is_the_server_however_little_comes_first() {
        for len in 1..4 {
            let mut pop = PopAnalyzer::new();
            let packet = PacketStamp::default();
            let mut say = |from, bytes| pop.next(&Input { from, bytes, first: packet, packet, end: None });
            let first = say(Server, &b"+OK POP3\r\n"[..len]);
            assert!(matches!(first, Step::More(need) if need > len), "{first:?}");
            let Step::Message { note: Note::Pop(note), .. } = say(Server, b"+OK POP3\r\n") else {
                panic!("{len}")
            };
            assert_eq!(note.part, PopPart::Reply);
        }
    }

    #[test]
    fn nothing_follows_an_error_or_a_reply_of_a_line() {
        let said = talk(&[
            (Server, b"+OK POP3\r\n"),
            (Client, b"RETR 1\r\nLIST 1\r\nSTAT\r\n"),
            (Server, b"-ERR no\r\n+OK 1 120\r\n+OK 2 320\r\n"),
        ]);
        assert!(said.iter().all(|(note, _)| matches!(note.part, PopPart::Reply | PopPart::Commands)));
    }

    #[test]
    fn what_a_mechanism_asks_for_is_no_command_more() {
        let said = talk(&[
            (Server, b"+OK POP3\r\n"),
            (Client, b"AUTH PLAIN\r\n"),
            (Server, b"+ \r\n"),
            (Client, b"AG1lAHg=\r\n"),
            (Server, b"+OK in\r\n"),
            (Client, b"RETR 1\r\n"),
            (Server, MAIL),
        ]);
        assert_eq!(said.iter().filter(|(_, mail)| mail.is_some()).count(), 1);
    }

    #[test]
    fn encryption_begins_where_the_server_agrees() {
        let mut pop = PopAnalyzer::new();
        let packet = PacketStamp::default();
        let mut say = |from, bytes| pop.next(&Input { from, bytes, first: packet, packet, end: None });
        say(Server, b"+OK POP3\r\n");
        say(Client, b"STLS\r\n");
        assert!(!matches!(say(Client, b"\x16\x03\x01\n"), Step::Switch(_)));
        say(Server, b"+OK go\r\n");
        assert!(matches!(say(Client, b"\x16\x03\x01\x00"), Step::Switch(Protocol::Tls)));
    }

    proptest! {
        #[test]
        fn any_segmentation_says_the_same(mut cuts in proptest::collection::vec(0..MAIL.len(), 0..9)) {
            cuts.push(0);
            cuts.push(MAIL.len());
            cuts.sort_unstable();
            let mut pieces: Vec<(Direction, &[u8])> = vec![(Server, b"+OK POP3\r\n"), (Client, b"RETR 1\r\n")];
            pieces.extend(cuts.windows(2).map(|cut| (Server, &MAIL[cut[0]..cut[1]])));
            let mails: Vec<_> = talk(&pieces).into_iter().filter_map(|(_, mail)| mail).collect();
            prop_assert_eq!(mails, [b"Subject: x\r\n\r\n.a\r\n".to_vec()]);
        }

        #[test]
        fn random_bytes_are_taken(
            pieces in proptest::collection::vec((any::<bool>(), "(RETR 1|\\+OK|-ERR|\\.|\r|\n|[a-z]){0,9}"), 0..20),
        ) {
            let of = |(server, text): &(bool, String)| (if *server { Server } else { Client }, text.clone());
            let pieces: Vec<_> = pieces.iter().map(of).collect();
            let pieces: Vec<_> = pieces.iter().map(|(from, text)| (*from, text.as_bytes())).collect();
            prop_assert!(talk(&pieces).len() <= 200);
        }
    }
}
