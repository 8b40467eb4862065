//! The two kinds of connections of FTP.

use super::address::{announcement, directory};
use super::{FtpDataNote, FtpNote};
use crate::flow::Direction;
use crate::proto::lines::{Lines, MAX_LINE, begins_code, reply, word};
use crate::proto::talk::Both;
use crate::proto::{Analyzer, Ending, Input, Note, Protocol, Step};

/// What the lines of more than one packet are called.
const TITLE: &str = "Reassembled FTP";

/// Longest name of a directory that is kept, in bytes: that of a file system's.
const MAX_DIRECTORY: usize = 4096;

/// A control connection.
#[derive(Default)]
pub struct FtpAnalyzer {
    server: Option<Direction>,
    /// What a line that has not ended has so far, up to [`MAX_LINE`].
    begun: Both<Vec<u8>>,
    directory: Box<str>,
    /// The client has changed the directory, to this name, and has no answer yet.
    asked_for: Option<Box<str>>,
    /// The client has asked for encryption (RFC 4217), or the server has agreed.
    tls: Option<bool>,
}

/// Lines may be passwords: they are counted, not shown.
impl std::fmt::Debug for FtpAnalyzer {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("FtpAnalyzer")
            .field("server", &self.server)
            .field("begun", &[self.begun.orig.len(), self.begun.resp.len()])
            .field("tls", &self.tls)
            .finish_non_exhaustive()
    }
}

impl FtpAnalyzer {
    /// A connection that has carried nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn line(&mut self, line: &[u8], is_reply: bool, note: &mut FtpNote) {
        note.announces = note.announces.or_else(|| announcement(line, is_reply));
        if is_reply {
            self.reply(line);
        } else {
            self.command(line);
        }
    }

    fn command(&mut self, line: &[u8]) {
        let (verb, rest) = word(line);
        let is = |name: &[u8]| verb.eq_ignore_ascii_case(name);
        if is(b"AUTH") {
            let kind = rest.trim_ascii();
            let tls = kind.get(..3).is_some_and(|kind| kind.eq_ignore_ascii_case(b"TLS"));
            self.tls = (tls || kind.eq_ignore_ascii_case(b"SSL")).then_some(false);
        }
        self.asked_for = match () {
            () if is(b"CWD") || is(b"XCWD") => {
                let name = rest.get(..MAX_DIRECTORY).unwrap_or(rest);
                Some(String::from_utf8_lossy(name).into())
            }
            () if is(b"CDUP") || is(b"XCUP") => Some("..".into()),
            () => None,
        };
    }

    fn reply(&mut self, line: &[u8]) {
        let Some((code, false)) = reply(line) else { return };
        match code {
            234 if self.tls == Some(false) => self.tls = Some(true),
            257 => {
                if let Some(name) = directory(line) {
                    self.enter(&name);
                }
            }
            200..=299 => {
                if let Some(name) = self.asked_for.take() {
                    self.enter(&name);
                }
            }
            _ => {}
        }
        if code >= 200 {
            self.asked_for = None;
            self.tls = self.tls.filter(|agreed| *agreed);
        }
    }

    /// The client is in another directory now, named from the root or from where it is.
    fn enter(&mut self, name: &str) {
        let mut path: Vec<&str> =
            if name.starts_with('/') { Vec::new() } else { self.directory.split('/').collect() };
        if !name.starts_with('/') && self.directory.is_empty() {
            return;
        }
        for part in name.split('/') {
            match part {
                "" | "." => {}
                ".." => {
                    path.pop();
                }
                _ => path.push(part),
            }
        }
        path.retain(|part| !part.is_empty());
        let path = format!("/{}", path.join("/"));
        if path.len() <= MAX_DIRECTORY {
            self.directory = path.into();
        }
    }
}

impl Analyzer for FtpAnalyzer {
    fn next(&mut self, input: &Input<'_>) -> Step {
        let bytes = input.bytes;
        if bytes.is_empty() {
            if let Some(Ending::Gap(_)) = input.end {
                self.begun.of_mut(input.from).clear();
            }
            return Step::More(1);
        }
        if self.tls == Some(true) && bytes.starts_with(&[22, 3]) {
            return Step::Switch(Protocol::Tls);
        }
        // No command begins with a digit, as the first bytes of a code do.
        let is_reply = reply(bytes).is_some() || begins_code(bytes);
        let server = *self.server.get_or_insert(if is_reply { input.from } else { input.from.reversed() });
        let mut note = FtpNote { is_reply: server == input.from, ..FtpNote::default() };
        let mut begun = std::mem::take(self.begun.of_mut(input.from));
        let joined = !begun.is_empty();
        let all: &[u8] = if joined {
            begun.extend_from_slice(bytes.get(..MAX_LINE).unwrap_or(bytes));
            &begun
        } else {
            bytes
        };
        let mut rest: &[u8] = &[];
        for line in Lines::of(all) {
            if line.whole.len() > line.text.len() {
                self.line(line.text, note.is_reply, &mut note);
            } else {
                rest = line.text;
            }
        }
        let ends = rest.len() < all.len();
        let rest: Vec<u8> = if rest.len() < MAX_LINE { rest.to_vec() } else { Vec::new() };
        note.directory = self.directory.clone();
        let inner = (joined && ends).then_some((TITLE, begun));
        *self.begun.of_mut(input.from) = rest;
        Step::Message { len: bytes.len(), note: Note::Ftp(Box::new(note)), inner }
    }

    fn held(&self) -> usize {
        self.begun.orig.capacity().saturating_add(self.begun.resp.capacity())
    }
}

/// A data connection, whose bytes are a file's or a list.
#[derive(Debug, Default)]
pub struct DataAnalyzer;

impl Analyzer for DataAnalyzer {
    fn next(&mut self, input: &Input<'_>) -> Step {
        match input.bytes.len() {
            0 => Step::More(1),
            len => Step::Message { len, note: Note::FtpData(Box::<FtpDataNote>::default()), inner: None },
        }
    }
}
