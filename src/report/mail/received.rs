//! A Received line (RFC 5321 section 4.4) taken apart: who handed the mail over, as it named itself and as the receiver
//! saw it, who took it, how and when.
//!
//! Receivers write the lines each in its own way. Those of Postfix, Sendmail, Exim, qmail and Exchange are understood:
//!
//! ```text
//! from CLAIMED (LOOKED-UP [ADDRESS]) by NAME with ESMTP id ID for <ADDRESS>; DATE
//! from LOOKED-UP ([ADDRESS] helo=CLAIMED) by NAME …
//! from LOOKED-UP (HELO CLAIMED) (ADDRESS) by NAME …
//! from CLAIMED (ADDRESS) by NAME (ADDRESS) …
//! ```

use std::net::{IpAddr, Ipv4Addr};

use super::date::MailDate;
use super::names::{address_of, is_name};
use super::{MAX_VALUE_BYTES, bounded, without_brackets};
use crate::flow::PacketStamp;

/// Most words of a Received line that are looked at; those of long chains have some forty.
const MAX_WORDS: usize = 512;

/// Who wrote a line about a hop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// A Received line of the mail, by its place in the headers among them, the topmost is 1.
    Header(u64),
    /// Nobody: the capture shows the hop itself, from this packet on.
    Capture(PacketStamp),
}

/// A hop of a mail: from one host to the next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hop {
    /// Where this is known from.
    pub source: Source,
    /// The line, unfolded; empty where there is none.
    pub line: Box<[u8]>,
    /// The name that the host gave itself, in EHLO or HELO.
    pub claimed: Option<Box<[u8]>>,
    /// The name that the receiver found for its address.
    pub looked_up: Option<Box<[u8]>>,
    /// The receiver looked and found no name for the address.
    pub has_no_name: bool,
    /// The receiver says itself that the name may be forged: it does not lead back to the address.
    pub may_be_forged: bool,
    /// The address that it came from.
    pub address: Option<IpAddr>,
    /// What stands where an address should, and cannot be one.
    pub impossible: Option<Box<[u8]>>,
    /// Who took it.
    pub by: Option<Box<[u8]>>,
    /// The address of who took it.
    pub by_address: Option<IpAddr>,
    /// The protocol.
    pub with: Option<Box<[u8]>>,
    /// What the receiver calls the mail.
    pub id: Option<Box<[u8]>>,
    /// For whom it was.
    pub recipient: Option<Box<[u8]>>,
    /// The date as it stands there.
    pub date_text: Option<Box<[u8]>>,
    /// When it was taken; `None` where that is no date.
    pub date: Option<MailDate>,
    /// It stands below a line that only the author writes (Subject, From and the like).
    pub is_misplaced: bool,
}

/// A word of a line, or a comment in parentheses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Word<'a> {
    Plain(&'a [u8]),
    Comment(&'a [u8]),
}

/// What the words after a keyword tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Clause {
    Start,
    From,
    By,
    Via,
    With,
    Id,
    For,
}

impl Hop {
    /// A hop that nothing is known of.
    #[must_use]
    pub fn unknown(source: Source) -> Self {
        Self {
            source,
            line: Box::default(),
            claimed: None,
            looked_up: None,
            has_no_name: false,
            may_be_forged: false,
            address: None,
            impossible: None,
            by: None,
            by_address: None,
            with: None,
            id: None,
            recipient: None,
            date_text: None,
            date: None,
            is_misplaced: false,
        }
    }

    /// Reads a line, `value` being what stands behind the colon, unfolded; `place` is its place among its like.
    #[must_use]
    pub fn read(value: &[u8], place: u64) -> Self {
        let value = value.get(..MAX_VALUE_BYTES).unwrap_or(value);
        let mut hop = Self { line: bounded(value), ..Self::unknown(Source::Header(place)) };
        let (trace, date) = split_date(value);
        if let Some(date) = date {
            hop.date_text = Some(bounded(date));
            hop.date = MailDate::read(date);
        }
        let mut clause = Clause::Start;
        let mut words_of_clause = 0_usize;
        for word in (Words { rest: trace }).take(MAX_WORDS) {
            match word {
                Word::Plain(text) => match keyword(text, clause, words_of_clause) {
                    Some(next) => (clause, words_of_clause) = (next, 0),
                    None => {
                        hop.word(clause, text, words_of_clause);
                        words_of_clause = words_of_clause.saturating_add(1);
                    }
                },
                Word::Comment(text) => hop.comment(clause, text),
            }
        }
        hop
    }

    fn word(&mut self, clause: Clause, text: &[u8], place: usize) {
        match (clause, place) {
            (Clause::From, 0) => self.named(text),
            (Clause::By, 0) => {
                match address_of(text) {
                    Some(address) => self.by_address = Some(address),
                    None => self.by = Some(bounded(text)),
                };
            }
            (Clause::With, 0) => self.with = Some(bounded(text)),
            // `Microsoft SMTP Server`
            (Clause::With, 1..=3) => {
                let with = self.with.take().unwrap_or_default();
                self.with = Some(bounded(&[&*with, b" ", text].concat()));
            }
            (Clause::Id, 0) => self.id = Some(bounded(text)),
            (Clause::For, 0) => {
                let text = text.strip_suffix(b";").unwrap_or(text);
                self.recipient = Some(bounded(without_brackets(text)));
            }
            _ => {}
        }
    }

    /// The word after `from`: a name, or an address in brackets.
    fn named(&mut self, text: &[u8]) {
        if let Some(address) = address_of(text) {
            self.address = Some(address);
        } else if looks_numeric(text) {
            self.impossible = Some(bounded(text));
        }
        self.claimed = Some(bounded(text));
    }

    fn comment(&mut self, clause: Clause, text: &[u8]) {
        match clause {
            Clause::From => self.about_sender(text),
            Clause::By if self.by_address.is_none() => {
                self.by_address = text.split(|byte| byte.is_ascii_whitespace()).find_map(address_of);
            }
            _ => {}
        }
    }

    /// What the receiver says in parentheses of who handed the mail over.
    fn about_sender(&mut self, text: &[u8]) {
        if contains(text, b"may be forged") {
            self.may_be_forged = true;
        }
        let mut helo_follows = false;
        let words = text.split(|byte| matches!(byte, b' ' | b'\t' | b'(' | b')' | b',' | b';' | b'"'));
        for (place, word) in words.filter(|word| !word.is_empty()).take(MAX_WORDS).enumerate() {
            let lower = word.to_ascii_lowercase();
            if std::mem::take(&mut helo_follows) {
                self.said(word);
            } else if lower == b"helo" || lower == b"ehlo" {
                helo_follows = true;
            } else if let Some(name) = lower.strip_prefix(b"helo=").or_else(|| lower.strip_prefix(b"ehlo=")) {
                let name = word.len().checked_sub(name.len()).and_then(|at| word.get(at..));
                self.said(name.unwrap_or(word));
            } else {
                self.found(word, place == 0);
            }
        }
    }

    /// The name that the host gave is this: what stood after `from` is the one that was looked up.
    fn said(&mut self, name: &[u8]) {
        let before = self.claimed.replace(bounded(name));
        let Some(before) = before else { return };
        if before.eq_ignore_ascii_case(b"unknown") {
            self.has_no_name = true;
        } else if self.looked_up.is_none() && address_of(&before).is_none() && is_name(&before) {
            self.looked_up = Some(before);
        }
    }

    /// A word of the receiver: the name that it found, or the address.
    fn found(&mut self, word: &[u8], is_first: bool) {
        // qmail has what identd said before an address or name.
        let word = word.rsplit(|byte| *byte == b'@').next().unwrap_or(word);
        if let Some(address) = address_of(word) {
            self.address = Some(address);
            return;
        }
        if looks_numeric(word) {
            self.impossible.get_or_insert_with(|| bounded(word));
        } else if is_first && word.eq_ignore_ascii_case(b"unknown") {
            self.has_no_name = true;
        } else if is_first && is_name(word) && !word.contains(&b'=') {
            let name = word.strip_suffix(b".").unwrap_or(word);
            self.looked_up = Some(bounded(name));
        }
    }

    /// Whether nothing could be read from the line.
    #[must_use]
    pub fn is_unreadable(&self) -> bool {
        self.claimed.is_none() && self.by.is_none() && self.by_address.is_none() && self.date.is_none()
    }

    /// The host that handed the mail over as one would look for it: the name that was looked up, else the one claimed.
    #[must_use]
    pub fn sender(&self) -> Option<&[u8]> {
        self.looked_up.as_deref().or(self.claimed.as_deref())
    }
}

/// The words of a line: comments are one each, however deep they nest.
struct Words<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for Words<'a> {
    type Item = Word<'a>;

    fn next(&mut self) -> Option<Word<'a>> {
        self.rest = self.rest.trim_ascii_start();
        if let Some(inside) = self.rest.strip_prefix(b"(") {
            let len = comment_len(inside);
            let (comment, rest) = inside.split_at_checked(len).unwrap_or((inside, &[]));
            self.rest = rest.strip_prefix(b")").unwrap_or(rest);
            return Some(Word::Comment(comment));
        }
        let end = self.rest.iter().position(|byte| byte.is_ascii_whitespace() || *byte == b'(');
        let (word, rest) = self.rest.split_at_checked(end.unwrap_or(self.rest.len()))?;
        self.rest = rest;
        (!word.is_empty()).then_some(Word::Plain(word))
    }
}

/// How long a comment is whose opening parenthesis was taken: up to the one that closes it, or to the end.
fn comment_len(text: &[u8]) -> usize {
    let (mut depth, mut escaped) = (0_usize, false);
    for (place, byte) in text.iter().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'(' => depth = depth.saturating_add(1),
            b')' if depth == 0 => return place,
            b')' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    text.len()
}

/// What stands before the last semicolon outside of comments, and what behind it.
fn split_date(value: &[u8]) -> (&[u8], Option<&[u8]>) {
    let (mut depth, mut found) = (0_usize, None);
    for (place, byte) in value.iter().enumerate() {
        match byte {
            b'(' => depth = depth.saturating_add(1),
            b')' => depth = depth.saturating_sub(1),
            b';' if depth == 0 => found = Some(place),
            _ => {}
        }
    }
    // A parenthesis that nothing closes must not hide the date.
    let found = found.or_else(|| memchr::memrchr(b';', value));
    match found.and_then(|place| value.split_at_checked(place)) {
        Some((trace, date)) => (trace, Some(date.get(1..).unwrap_or_default().trim_ascii())),
        None => (value, None),
    }
}

/// The clause that a word begins. A name may be `with` or `id`, so a keyword is none where its clause still lacks a word.
fn keyword(word: &[u8], now: Clause, words: usize) -> Option<Clause> {
    let next = match word.to_ascii_lowercase().as_slice() {
        b"from" => Clause::From,
        b"by" => Clause::By,
        b"via" => Clause::Via,
        b"with" => Clause::With,
        b"id" => Clause::Id,
        b"for" => Clause::For,
        _ => return None,
    };
    // `from` and `by` in the middle of a sentence do not begin again what was told.
    let again = next == now || (next == Clause::From && now != Clause::Start);
    (!again && (now == Clause::Start || words > 0)).then_some(next)
}

/// Whether a word has the form of an IPv4 address: four numbers between dots, whatever their size.
fn looks_numeric(word: &[u8]) -> bool {
    let word = word.strip_prefix(b"[").unwrap_or(word);
    let word = word.strip_suffix(b"]").unwrap_or(word);
    let parts: Vec<&[u8]> = word.splitn(6, |byte| *byte == b'.').collect();
    parts.len() == 4 && parts.iter().all(|part| !part.is_empty() && part.iter().all(u8::is_ascii_digit))
}

fn contains(text: &[u8], what: &[u8]) -> bool {
    memchr::memmem::find(&text.to_ascii_lowercase(), what).is_some()
}

/// Whether an address can be no host's: nothing ever comes from it over the Internet or a local network.
#[must_use]
pub(super) fn is_impossible(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => {
            address.is_multicast()
                || address.is_broadcast()
                || address == Ipv4Addr::UNSPECIFIED
                || address.octets()[0] >= 240
        }
        IpAddr::V6(address) => address.is_multicast() || address.is_unspecified(),
    }
}

#[cfg(test)]
#[path = "received_tests.rs"]
mod tests;
