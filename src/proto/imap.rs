//! IMAP (RFC 9051, RFC 3501): commands and replies, with the literals in them.
//!
//! A [`super::Message`] is what one packet completes: lines, each with the literals that belong to it. [`Units`] are the
//! lines and literals that it is made of.

use std::collections::VecDeque;

use memchr::memchr;

use super::lines::{MAX_LINE, word};
use super::talk::Both;
use super::{Analyzer, Input, Note, Protocol, Step};
use crate::flow::{Direction, PacketStamp};

/// Most commands of a connection that wait for their reply; the oldest is forgotten then.
pub const MAX_OPEN: usize = 256;

/// Longest tag that is remembered, in bytes; clients count with a few letters and digits.
pub const MAX_TAG: usize = 64;

/// What the connection tells of an IMAP message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ImapNote {
    /// It is the server's.
    pub is_reply: bool,
    /// The packet of the command that its first reply with a tag answers.
    pub answers: Option<PacketStamp>,
}

/// A piece of an IMAP message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit<'a> {
    /// A line, or its part up to a literal.
    Line {
        /// Where it begins.
        at: usize,
        /// The line without CR LF.
        text: &'a [u8],
        /// The line with it.
        whole: &'a [u8],
    },
    /// A literal (RFC 9051 section 4.3).
    Literal {
        /// Where it begins.
        at: usize,
        /// Its bytes, as far as they are there.
        bytes: &'a [u8],
    },
}

/// The pieces of an IMAP message.
#[derive(Clone, Copy, Debug)]
pub struct Units<'a> {
    bytes: &'a [u8],
    at: usize,
    literal: usize,
}

impl<'a> Units<'a> {
    /// The pieces of `bytes`.
    #[must_use]
    pub fn of(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0, literal: 0 }
    }
}

impl<'a> Iterator for Units<'a> {
    type Item = Unit<'a>;

    fn next(&mut self) -> Option<Unit<'a>> {
        let at = self.at;
        let rest = self.bytes.get(at..).filter(|rest| !rest.is_empty())?;
        if self.literal > 0 {
            let bytes = rest.get(..self.literal).unwrap_or(rest);
            self.at = at.saturating_add(bytes.len());
            self.literal = 0;
            return Some(Unit::Literal { at, bytes });
        }
        let end = memchr(b'\n', rest).map_or(rest.len(), |end| end.saturating_add(1));
        let whole = rest.get(..end).unwrap_or(rest);
        let text = whole.strip_suffix(b"\n").unwrap_or(whole);
        let text = text.strip_suffix(b"\r").unwrap_or(text);
        self.at = at.saturating_add(end);
        self.literal = announced(text).unwrap_or(0);
        Some(Unit::Line { at, text, whole })
    }
}

/// How long the literal is that a line announces at its end: `{12}`, `{12+}` where the sender does not wait (RFC 7888).
#[must_use]
pub fn announced(line: &[u8]) -> Option<usize> {
    let inside = line.strip_suffix(b"}")?;
    let inside = inside.strip_suffix(b"+").unwrap_or(inside);
    let open = inside.iter().rposition(|byte| !byte.is_ascii_digit())?;
    if inside.get(open) != Some(&b'{') {
        return None;
    }
    std::str::from_utf8(inside.get(open.checked_add(1)?..)?).ok()?.parse().ok()
}

/// How many bytes the whole lines take that `bytes` begin with, literals included, or how many there have to be for the
/// first. Up to `at` there are lines that a literal follows, and those; then where that now is.
fn whole(bytes: &[u8], mut at: usize) -> Result<usize, Unfinished> {
    let mut end = 0_usize;
    loop {
        let rest = bytes.get(at..).unwrap_or(&[]);
        let Some(line) = memchr(b'\n', rest) else { break };
        at = at.saturating_add(line).saturating_add(1);
        let line = rest.get(..line).unwrap_or(rest);
        match announced(line.strip_suffix(b"\r").unwrap_or(line)) {
            None => end = at,
            Some(len) => {
                at = at.saturating_add(len);
                if at >= bytes.len() {
                    break;
                }
            }
        }
    }
    if end > 0 { Ok(end) } else { Err(Unfinished { need: at.max(bytes.len()).saturating_add(1), at }) }
}

/// A line that is not whole, with the literals in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Unfinished {
    /// How many bytes there have to be before it can be.
    need: usize,
    /// Where what follows the last literal begins.
    at: usize,
}

/// A connection that carries IMAP.
#[derive(Default)]
pub struct ImapAnalyzer {
    server: Option<Direction>,
    /// Tags of commands without a reply, and the packets that they are in.
    open: VecDeque<(Box<[u8]>, PacketStamp)>,
    /// The tag of STARTTLS, until it is answered.
    start_tls: Option<Box<[u8]>>,
    tls: bool,
    /// How far the line that is not whole was looked through: a line of many literals would take quadratic time.
    looked: Both<usize>,
}

impl std::fmt::Debug for ImapAnalyzer {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("ImapAnalyzer")
            .field("server", &self.server)
            .field("open", &self.open.len())
            .finish_non_exhaustive()
    }
}

impl ImapAnalyzer {
    /// A connection that has carried nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn command(&mut self, line: &[u8], packet: PacketStamp) {
        let (tag, rest) = word(line);
        if tag.len() > MAX_TAG || rest.is_empty() {
            return;
        }
        if word(rest).0.eq_ignore_ascii_case(b"STARTTLS") {
            self.start_tls = Some(tag.into());
        }
        if self.open.len() >= MAX_OPEN {
            self.open.pop_front();
        }
        self.open.push_back((tag.into(), packet));
    }

    fn reply(&mut self, line: &[u8]) -> Option<PacketStamp> {
        let (tag, rest) = word(line);
        let place = self.open.iter().position(|(open, _)| **open == *tag)?;
        let (tag, packet) = self.open.remove(place)?;
        if self.start_tls.as_ref() == Some(&tag) {
            self.start_tls = None;
            self.tls = word(rest).0.eq_ignore_ascii_case(b"OK");
        }
        Some(packet)
    }
}

impl Analyzer for ImapAnalyzer {
    fn next(&mut self, input: &Input<'_>) -> Step {
        let bytes = input.bytes;
        let looked = std::mem::take(self.looked.of_mut(input.from));
        if bytes.is_empty() {
            return Step::More(1);
        }
        if self.tls && bytes.starts_with(&[22, 3]) {
            return Step::Switch(Protocol::Tls);
        }
        let len = match whole(bytes, looked) {
            _ if input.end.is_some() => bytes.len(),
            Ok(len) => len,
            Err(open) if bytes.len().saturating_sub(open.at) >= MAX_LINE => bytes.len(),
            Err(Unfinished { need, at }) => {
                *self.looked.of_mut(input.from) = at;
                return Step::More(need);
            }
        };
        let server = *self.server.get_or_insert(match bytes {
            [b'*' | b'+', b' ', ..] => input.from,
            _ => input.from.reversed(),
        });
        let mut note = ImapNote { is_reply: server == input.from, answers: None };
        let mut continues = false;
        for unit in Units::of(bytes.get(..len).unwrap_or(bytes)) {
            let Unit::Line { text, .. } = unit else {
                continues = true;
                continue;
            };
            if std::mem::take(&mut continues) {
                continue;
            }
            if note.is_reply {
                let answers = self.reply(text);
                note.answers = note.answers.or(answers);
            } else {
                self.command(text, input.packet);
            }
        }
        Step::Message { len, note: Note::Imap(Box::new(note)), inner: None }
    }

    fn held(&self) -> usize {
        self.open.iter().map(|(tag, _)| tag.len().saturating_add(48)).sum()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use Direction::{OrigToResp as Client, RespToOrig as Server};

    fn input(from: Direction, bytes: &[u8]) -> Input<'_> {
        let packet = PacketStamp::default();
        Input { from, bytes, first: packet, packet, end: None }
    }

    const REPLY: &[u8] = b"* 1 FETCH (BODY[] {7}\r\na\n{9}\r\n)\r\na1 OK done\r\n* BYE";

    #[test]
    fn literals_belong_to_their_lines() {
        let texts: Vec<_> = Units::of(REPLY)
            .map(|unit| match unit {
                Unit::Line { text, .. } => text,
                Unit::Literal { bytes, .. } => bytes,
            })
            .collect();
        let expected: [&[u8]; 5] = [b"* 1 FETCH (BODY[] {7}", b"a\n{9}\r\n", b")", b"a1 OK done", b"* BYE"];
        assert_eq!(texts, expected);
        assert_eq!(whole(REPLY, 0), Ok(REPLY.len() - 5));
        assert_eq!(whole(&REPLY[..25], 0), Err(Unfinished { need: 31, at: 30 }));
        assert_eq!(announced(b"x {12+}"), Some(12));
        assert_eq!(announced(b"x {}"), None);
        assert_eq!(announced(b"x {99999999999999999999999}"), None);
    }

    /// As the driver does it: bytes that wait are handed over again with those that came.
    #[test]
    fn a_line_of_many_literals_is_looked_through_once() {
        let mut imap = ImapAnalyzer::new();
        let line = b"a1 X {1}\r\n-".repeat(9);
        for end in 1..=line.len() {
            let step = imap.next(&input(Client, &line[..end]));
            assert!(matches!(step, Step::More(need) if need > end), "{end}");
            let begun = line[..end].iter().filter(|byte| **byte == b'\n').count();
            assert_eq!(imap.looked.orig, begun * 11, "{end}");
        }
        // What is too long for a line is no longer waited for, whatever stands before it.
        let long = [line.as_slice(), &[b'x'; MAX_LINE]].concat();
        assert!(matches!(imap.next(&input(Client, &long)), Step::Message { len, .. } if len == long.len()));
        assert_eq!(imap.looked.orig, 0);
    }

    #[test]
    fn a_reply_is_tied_to_its_command() {
        let mut imap = ImapAnalyzer::new();
        let mut asked = input(Client, b"a1 STARTTLS\r\n");
        asked.packet.number = 4;
        imap.next(&asked);
        let Step::Message { note: Note::Imap(note), .. } = imap.next(&input(Server, b"a1 OK go\r\n")) else {
            panic!("no message");
        };
        assert_eq!(note.answers.map(|packet| packet.number), Some(4));
        assert!(matches!(imap.next(&input(Client, b"\x16\x03\x01\n")), Step::Switch(Protocol::Tls)));
        assert!(!format!("{imap:?}").contains("STARTTLS"));
    }

    proptest! {
        #[test]
        fn any_segmentation_says_the_same(cut in 1..REPLY.len()) {
            let mut imap = ImapAnalyzer::new();
            let (mut waiting, mut taken) = (Vec::new(), Vec::new());
            for piece in [&REPLY[..cut], &REPLY[cut..]] {
                waiting.extend_from_slice(piece);
                if let Step::Message { len, .. } = imap.next(&input(Server, &waiting)) {
                    taken.extend(waiting.drain(..len));
                }
            }
            prop_assert_eq!(taken, &REPLY[..REPLY.len() - 5]);
        }

        #[test]
        fn random_bytes_are_taken(text in "(a1 |\\* |\\{[0-9]{1,20}\\}|\r|\n|[a-z]){0,30}") {
            let mut imap = ImapAnalyzer::new();
            let step = imap.next(&input(Server, text.as_bytes()));
            let fits = match step {
                Step::Message { len, .. } => len <= text.len(),
                Step::More(need) => need > text.len(),
                _ => false,
            };
            prop_assert!(fits);
        }
    }
}
