//! `chat`: a room. What the server tells a member, and what a member types.

use std::collections::{BTreeSet, VecDeque};

use super::{Cut, Fault, Heard, MAX_TEXT, Said, Says, Session, cut_line, kept};

/// Longest name of a member, in bytes.
pub const MAX_NAME: usize = 64;

/// Most members that are known by name: where messages run together a name tells where the next begins.
const MAX_KNOWN: usize = 256;

/// How far the end of a message is looked for: the messages of many members that run together are looked through once each.
const MAX_LOOKED_AT: usize = 4096;

/// Bytes in which another message has to show that it begins: the longest words, and a name.
const MAX_BEGINNING: usize = MAX_NAME + 20;

/// Most lines of a member that are looked for in what comes back: it comes soon.
const MAX_OWN_LINES: usize = 32;

const NEW_USER: &str = "new user :";
const JOINED: &str = " joined";
const USER: &str = "user :";
const LEFT: &str = " left";

/// What the server tells a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Told<'a> {
    Joined(&'a str),
    Left(&'a str),
    Line(&'a str, &'a str),
}

/// Reads what the server tells.
pub(super) fn read(text: &str) -> Option<Told<'_>> {
    let named = |name: &str| is_name(name);
    let joined =
        || text.strip_prefix(NEW_USER)?.strip_suffix(JOINED).filter(|name| named(name)).map(Told::Joined);
    let left = || text.strip_prefix(USER)?.strip_suffix(LEFT).filter(|name| named(name)).map(Told::Left);
    let line = || {
        let (name, said) = text.strip_prefix(':')?.split_once(':')?;
        is_name(name).then_some(Told::Line(name, said))
    };
    joined().or_else(left).or_else(line)
}

/// Whether `text` begins with the words that tell of somebody who joined.
pub(super) fn tells_of_joining(text: &str) -> bool {
    let name = text.strip_prefix(NEW_USER).and_then(|rest| rest.split_once(JOINED));
    name.is_some_and(|(name, _)| is_name(name)) || matches!(read(text), Some(Told::Joined(_)))
}

fn is_name(name: &str) -> bool {
    !name.trim().is_empty() && name.len() <= MAX_NAME && !name.contains(['\n', '\r'])
}

/// One member's connection.
#[derive(Debug, Default)]
pub(super) struct Chat {
    /// Names that the server has told, and the member's own.
    known: BTreeSet<Box<str>>,
    /// The name that the member gave last.
    own: Option<Box<str>>,
    /// The server has shown that it took the name.
    is_in: bool,
    /// The server has said something else since the name was given: it may have been refused.
    is_asked_again: bool,
    /// Bytes are missing in which the name was given, or taken: what is typed may be a name or a line.
    lacks_name: bool,
    /// The last lines that the member typed and that may look like several messages when they come back.
    own_lines: VecDeque<Box<str>>,
}

impl Session for Chat {
    fn cut(&self, by_client: bool, bytes: &[u8]) -> Cut {
        let looked_at = bytes.get(..MAX_LOOKED_AT).unwrap_or(bytes);
        let text = match std::str::from_utf8(looked_at) {
            Ok(text) => text,
            Err(error) => looked_at
                .get(..error.valid_up_to())
                .map_or("", |valid| std::str::from_utf8(valid).unwrap_or("")),
        };
        if by_client {
            // A name ends with its line. Lines of a member are passed on as they came, several as one.
            return if self.gives_name() { cut_line(bytes) } else { Cut::Whole };
        }
        if let Some(rest) = text.strip_prefix(NEW_USER) {
            return told_end(rest, JOINED, NEW_USER.len(), text.len());
        }
        if let Some(rest) = text.strip_prefix(USER) {
            return told_end(rest, LEFT, USER.len(), text.len());
        }
        let own_end = self.own_line_ends(text);
        match own_end.or_else(|| self.next_start(text)).filter(|at| *at > 0) {
            Some(at) if text.len() > at || bytes.len() > looked_at.len() => Cut::At(at),
            _ => Cut::Whole,
        }
    }

    fn hear(&mut self, heard: Heard<'_>) -> Said {
        let Some(text) = heard.str() else {
            return Said::new(heard.by_client, Says::Other).fault(Some(Fault::NotUtf8));
        };
        if heard.by_client { self.typed(text) } else { self.told(text) }
    }

    fn gap(&mut self, by_client: bool, _: u64) {
        if !self.is_in && (by_client || self.own.is_some()) {
            (self.lacks_name, self.own) = (true, None);
        }
    }

    fn held(&self) -> usize {
        let own: usize = self.own_lines.iter().map(|line| line.len()).sum();
        self.known.len().saturating_mul(MAX_NAME).saturating_add(own)
    }
}

/// Where a terminal begins a new line.
fn is_line_end(letter: char) -> bool {
    matches!(letter, '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// What a member typed, as the lab's server passes it on: each line by itself, without control characters, and none that is
/// empty.
pub fn passed_on(text: &str) -> impl Iterator<Item = Box<str>> {
    let is_shown = |letter: &char| *letter == '\t' || !letter.is_control();
    text.split(is_line_end)
        .map(move |line| line.chars().filter(is_shown).collect::<String>())
        .filter(|line| !line.is_empty())
        .map(String::into_boxed_str)
}

/// Where what was told of somebody ends: `rest` is behind the words before the name.
fn told_end(rest: &str, word: &str, before: usize, all: usize) -> Cut {
    match rest.find(word) {
        Some(at) => {
            let end = before.saturating_add(at).saturating_add(word.len());
            let behind = rest.get(at.saturating_add(word.len())..).unwrap_or("");
            if behind.trim_matches(['\r', '\n']).is_empty() { Cut::Whole } else { Cut::At(end) }
        }
        // A name that goes on, or the word behind it.
        None if rest.len() <= MAX_NAME.saturating_add(word.len()) && !rest.contains('\n') => {
            Cut::More(all.saturating_add(1))
        }
        None => Cut::Whole,
    }
}

/// The first bytes of a text.
fn beginning(text: &str) -> &str {
    let mut end = text.len().min(MAX_BEGINNING);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or("")
}

impl Chat {
    /// Where in `text` a line ends that the member typed itself: what stands in it is no message of others, whatever it looks like.
    fn own_line_ends(&self, text: &str) -> Option<usize> {
        let (name, said) = text.strip_prefix(':')?.split_once(':')?;
        if self.own.as_deref().map(str::trim) != Some(name) {
            return None;
        }
        let own =
            self.own_lines.iter().filter(|line| said.starts_with(&***line)).map(|line| line.len()).max()?;
        Some(text.len().saturating_sub(said.len()).saturating_add(own))
    }

    /// Where in `text`, a line of somebody, the next message begins, as far as names that are known show it.
    fn next_start(&self, text: &str) -> Option<usize> {
        let (_, said) = text.strip_prefix(':')?.split_once(':')?;
        let before = text.len().saturating_sub(said.len());
        // An empty line is not passed on: what stands at once behind the name was typed.
        let mut places = said.match_indices([':', 'n', 'u']).map(|(at, _)| at).filter(|at| *at > 0);
        places
            .find(|at| {
                let rest = said.get(*at..).map_or("", beginning);
                let is_line = || {
                    let (name, _) = rest.strip_prefix(':')?.split_once(':')?;
                    self.known.contains(name).then_some(())
                };
                let told = |before: &str, behind: &str| {
                    let (name, _) = rest.strip_prefix(before)?.split_once(behind)?;
                    is_name(name).then_some(())
                };
                is_line().is_some() || told(NEW_USER, JOINED).is_some() || told(USER, LEFT).is_some()
            })
            .map(|at| before.saturating_add(at))
    }

    fn learn(&mut self, name: &str) {
        if self.known.len() < MAX_KNOWN && name.len() <= MAX_NAME {
            self.known.insert(name.into());
        }
    }

    /// Whether what the member says next is a name.
    fn gives_name(&self) -> bool {
        !self.lacks_name && (self.own.is_none() || !self.is_in && self.is_asked_again)
    }

    fn typed(&mut self, text: &str) -> Said {
        if self.gives_name() {
            self.is_asked_again = false;
            self.own = Some(kept(text));
            self.learn(text);
            let fault = (!is_name(text)).then_some(Fault::NoRequest);
            return Said::new(true, Says::Name(kept(text))).fault(fault);
        }
        // Without a colon nothing in it looks like another message.
        for line in
            passed_on(text).filter(|line| line.contains(':') && line.len() <= MAX_TEXT).take(MAX_OWN_LINES)
        {
            while self.own_lines.len() >= MAX_OWN_LINES {
                self.own_lines.pop_front();
            }
            self.own_lines.push_back(line);
        }
        let unsure = self.lacks_name && !self.is_in;
        Said { unsure, ..Said::new(true, Says::Typed(kept(text))) }
    }

    fn told(&mut self, text: &str) -> Said {
        let says = match read(text) {
            Some(Told::Joined(name)) => {
                self.learn(name);
                self.is_in |= self.own.as_deref() == Some(name);
                Says::Joined(kept(name))
            }
            Some(Told::Left(name)) => Says::Left(kept(name)),
            Some(Told::Line(name, said)) => {
                self.learn(name);
                self.is_in = true;
                Says::Line(kept(name), kept(said))
            }
            None => {
                self.is_asked_again = true;
                Says::Other
            }
        };
        Said::new(false, says)
    }
}
