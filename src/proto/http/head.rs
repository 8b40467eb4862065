//! The head of a message: its first line and its header lines (RFC 9112 sections 2 to 5), read as leniently as servers
//! and browsers read them.

use std::borrow::Cow;

/// Most bytes of a head. Servers refuse heads of more than 8 to 64 KiB; beyond this one does not end.
pub const MAX_HEAD_BYTES: usize = 256 << 10;

/// Most header lines of a message that are read; servers refuse more than some hundred. What follows is not looked at.
pub const MAX_HEADER_LINES: usize = 4096;

/// Empty lines before a first line that are passed over (RFC 9112 section 2.2 asks for one).
const MAX_EMPTY_LINES: usize = 4;

/// The longest method there is a use for; a word that is longer begins something else.
const MAX_METHOD: usize = 32;

/// How far a first line without an end is waited for before its method is believed.
const LINE_TOLD: usize = 256;

/// Methods that are known without the version behind them: those of RFC 9110 section 9, RFC 5789, WebDAV, UPnP,
/// Microsoft's and Subversion's.
const METHODS: [&[u8]; 34] = [
    b"GET",
    b"HEAD",
    b"POST",
    b"PUT",
    b"DELETE",
    b"CONNECT",
    b"OPTIONS",
    b"TRACE",
    b"PATCH",
    b"PROPFIND",
    b"PROPPATCH",
    b"MKCOL",
    b"COPY",
    b"MOVE",
    b"LOCK",
    b"UNLOCK",
    b"SEARCH",
    b"REPORT",
    b"CHECKOUT",
    b"MERGE",
    b"ACL",
    b"BCOPY",
    b"BDELETE",
    b"BMOVE",
    b"BPROPFIND",
    b"BPROPPATCH",
    b"NOTIFY",
    b"POLL",
    b"SUBSCRIBE",
    b"UNSUBSCRIBE",
    b"M-SEARCH",
    b"RPC_IN_DATA",
    b"RPC_OUT_DATA",
    b"CCM_POST",
];

/// Whether bytes begin an HTTP message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Begins {
    /// They do.
    Yes,
    /// The rest of the first line tells.
    Perhaps,
    /// They do not.
    No,
}

/// The first line of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start<'a> {
    /// A request line.
    Request {
        /// `GET`.
        method: &'a [u8],
        /// What is asked for, as it stands there.
        target: &'a [u8],
        /// `HTTP/1.1`; empty for HTTP/0.9, which has none.
        version: &'a [u8],
    },
    /// A status line.
    Response {
        /// `HTTP/1.1`.
        version: &'a [u8],
        /// The status as it stands there, three digits where it is right.
        code: &'a [u8],
        /// The words behind it; may be empty.
        phrase: &'a [u8],
    },
}

impl Start<'_> {
    /// A request of HTTP/0.9, which is nothing but its line: `GET /path`. A version that only lacks the blank before it
    /// makes it another's.
    #[must_use]
    pub fn is_simple(&self) -> bool {
        let Start::Request { method: b"GET", target, version: [] } = self else { return false };
        let last = target.len().checked_sub(b"HTTP/1.1".len()).and_then(|at| target.get(at..));
        target.starts_with(b"/") && !last.is_some_and(is_version)
    }
}

/// A message's head, over the bytes that it was read from.
#[derive(Clone, Copy, Debug)]
pub struct Head<'a> {
    bytes: &'a [u8],
    first_line: Line,
    start: Start<'a>,
    len: usize,
    whole: bool,
}

/// A line of a head: byte places, counted from the first byte that was given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Line {
    /// Its first byte.
    pub start: usize,
    /// Behind its last byte, the line end not counted.
    pub end: usize,
    /// Where the next line begins.
    pub next: usize,
}

/// A header line, with the lines that continue it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header<'a> {
    /// What is before the colon; all of a line without one.
    pub name: &'a [u8],
    /// What is behind it, without the white space around it; folded lines as they stand there.
    pub value: &'a [u8],
    /// Where the value stands.
    pub value_at: usize,
    /// Where the whole stands.
    pub line: Line,
    /// Whether there is a colon.
    pub has_colon: bool,
}

impl<'a> Head<'a> {
    /// Reads the head that `bytes` begin with; what is behind it does not matter. `None` where they do not begin with a
    /// whole first line of HTTP. A head that is not all there is read as far as it goes: [`Self::is_whole`].
    #[must_use]
    pub fn read(bytes: &'a [u8]) -> Option<Self> {
        Self::of_first_line(bytes, first_line(bytes)?)
    }

    /// The same of bytes that the capture cut: their last line needs no end.
    #[must_use]
    pub fn read_cut(bytes: &'a [u8]) -> Option<Self> {
        let start = behind_empty_lines(bytes);
        let rest = Line { start, end: bytes.len(), next: bytes.len() };
        Self::of_first_line(bytes, first_line(bytes).unwrap_or(rest))
    }

    fn of_first_line(bytes: &'a [u8], first_line: Line) -> Option<Self> {
        let start = start(bytes.get(first_line.start..first_line.end)?)?;
        if start.is_simple() {
            let whole = first_line.next > first_line.end;
            return Some(Self { bytes, first_line, start, len: first_line.next, whole });
        }
        let mut at = first_line.next;
        let limit = bytes.len().min(MAX_HEAD_BYTES);
        while let Some(line) = bytes.get(..limit).and_then(|head| line_at(head, at)) {
            at = line.next;
            if line.start == line.end {
                return Some(Self { bytes, first_line, start, len: at, whole: true });
            }
        }
        Some(Self { bytes, first_line, start, len: limit, whole: false })
    }

    /// The first line, taken apart.
    #[must_use]
    pub fn start(&self) -> Start<'a> {
        self.start
    }

    /// Where the first line stands.
    #[must_use]
    pub fn first_line(&self) -> Line {
        self.first_line
    }

    /// Bytes of the head, up to and with the empty line that ends it, and with empty lines before it.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// A head has a first line at least.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Whether the empty line that ends it is there.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.whole
    }

    /// A status line, not a request line.
    #[must_use]
    pub fn is_response(&self) -> bool {
        matches!(self.start, Start::Response { .. })
    }

    /// The status code; `None` for a request, and where it is no number of three digits.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        match self.start {
            Start::Response { code, .. } if code.len() == 3 => std::str::from_utf8(code).ok()?.parse().ok(),
            _ => None,
        }
    }

    /// `HTTP/1.0` or what else the first line says; empty where it says none.
    #[must_use]
    pub fn version(&self) -> &'a [u8] {
        match self.start {
            Start::Request { version, .. } | Start::Response { version, .. } => version,
        }
    }

    /// The header lines in their order, at most [`MAX_HEADER_LINES`].
    #[must_use]
    pub fn headers(&self) -> Headers<'a> {
        let bytes = self.bytes.get(..self.len).unwrap_or(self.bytes);
        Headers { bytes, at: self.first_line.next, left: MAX_HEADER_LINES, ends_anywhere: !self.whole }
    }

    /// The first header of this name, case aside.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&'a [u8]> {
        self.all(name).next()
    }

    /// The values of all headers of this name, case aside.
    pub fn all(&self, name: &str) -> impl Iterator<Item = &'a [u8]> + use<'a, '_> {
        let name = name.as_bytes().to_owned();
        self.headers().filter(move |header| header.is(&name)).map(|header| header.value)
    }

    /// The elements of a header that is a list with commas (RFC 9110 section 5.6.1), of all lines of that name; a value
    /// that goes on in the next line stands for a blank there (RFC 9112 section 5.2).
    pub fn list(&self, name: &str) -> impl Iterator<Item = &'a [u8]> + use<'a, '_> {
        self.all(name)
            .flat_map(|value| value.split(|byte| *byte == b','))
            .map(|element| trim(element, |byte| is_blank(byte) || matches!(byte, b'\r' | b'\n')))
            .filter(|element| !element.is_empty())
    }
}

/// Goes through header lines.
#[derive(Clone, Debug)]
pub struct Headers<'a> {
    bytes: &'a [u8],
    at: usize,
    left: usize,
    /// The last line needs no end.
    ends_anywhere: bool,
}

impl<'a> Headers<'a> {
    /// The header lines of `bytes` from `at` on, up to an empty line or the end.
    pub(super) fn new(bytes: &'a [u8], at: usize) -> Self {
        Self { bytes, at, left: MAX_HEADER_LINES, ends_anywhere: false }
    }

    /// Whether there are more lines than are read.
    #[must_use]
    pub fn has_too_many(mut self) -> bool {
        let read = self.by_ref().count();
        read == MAX_HEADER_LINES && self.line(self.at).is_some_and(|line| line.start < line.end)
    }

    fn line(&self, at: usize) -> Option<Line> {
        let end = self.bytes.len();
        let rest = Line { start: at, end, next: end };
        line_at(self.bytes, at).or(Some(rest).filter(|_| self.ends_anywhere && at < end))
    }
}

impl<'a> Iterator for Headers<'a> {
    type Item = Header<'a>;

    fn next(&mut self) -> Option<Header<'a>> {
        self.left = self.left.checked_sub(1)?;
        let first = self.line(self.at)?;
        if first.start == first.end {
            return None;
        }
        let mut line = first;
        // RFC 9112 section 5.2: a line that begins with white space continues the one before.
        while let Some(next) = self.line(line.next)
            && next.end > next.start
            && matches!(self.bytes.get(next.start), Some(b' ' | b'\t'))
        {
            line = Line { end: next.end, next: next.next, ..line };
        }
        self.at = line.next;
        Some(Header::new(self.bytes, first, line))
    }
}

impl<'a> Header<'a> {
    /// The header that is `line`, whose first line is `first`.
    fn new(bytes: &'a [u8], first: Line, line: Line) -> Self {
        let text = bytes.get(line.start..line.end).unwrap_or(&[]);
        let before_fold = bytes.get(first.start..first.end).unwrap_or(&[]);
        let Some(colon) = memchr::memchr(b':', before_fold) else {
            return Self { name: text, value: &[], value_at: line.end, line, has_colon: false };
        };
        // White space behind a name makes it another one (section 5.1).
        let name = text.get(..colon).unwrap_or(&[]);
        let behind = text.get(colon.saturating_add(1)..).unwrap_or(&[]);
        let value = trim_blanks(behind);
        let before = behind.iter().take_while(|byte| is_blank(**byte)).count();
        let value_at = line.start.saturating_add(colon).saturating_add(1).saturating_add(before);
        Self { name, value, value_at, line, has_colon: true }
    }

    /// Whether this is its name, case aside.
    #[must_use]
    pub fn is(&self, name: &[u8]) -> bool {
        self.has_colon && self.name.eq_ignore_ascii_case(name)
    }

    /// The value on one line: line ends and the white space around them are one space each.
    #[must_use]
    pub fn unfolded(&self) -> Cow<'a, [u8]> {
        if memchr::memchr2(b'\r', b'\n', self.value).is_none() {
            return Cow::Borrowed(self.value);
        }
        let lines = self.value.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
        let lines: Vec<_> = lines.filter(|line| !line.is_empty()).collect();
        Cow::Owned(lines.join(&b' '))
    }
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

/// Without blanks at either end (RFC 9110 section 5.6.3); other white space belongs to a value.
pub(super) fn trim_blanks(text: &[u8]) -> &[u8] {
    trim(text, is_blank)
}

/// Without the bytes at either end that are `void`.
fn trim(mut text: &[u8], void: impl Fn(u8) -> bool) -> &[u8] {
    while let [first, rest @ ..] = text
        && void(*first)
    {
        text = rest;
    }
    while let [rest @ .., last] = text
        && void(*last)
    {
        text = rest;
    }
    text
}

/// Whether `bytes`, the first that a flow says, are HTTP: a request names a version, or is one of HTTP/0.9, unless `port`
/// says that HTTP is spoken there.
#[must_use]
pub fn begins_flow(bytes: &[u8], on_web_port: bool) -> Begins {
    let found = begins(bytes);
    let head = if found == Begins::Yes && !on_web_port { Head::read(bytes) } else { None };
    match head.map(|head| head.start()) {
        Some(start @ Start::Request { version, .. }) if !is_version(version) && !start.is_simple() => {
            Begins::No
        }
        _ => found,
    }
}

/// Whether `bytes`, the first of a message, are HTTP.
#[must_use]
pub fn begins(bytes: &[u8]) -> Begins {
    let at = behind_empty_lines(bytes);
    let text = bytes.get(at..).unwrap_or(&[]);
    if let Some(line) = line_at(bytes, at) {
        let line = bytes.get(line.start..line.end).unwrap_or(&[]);
        return if start(line).is_some() { Begins::Yes } else { Begins::No };
    }
    if text.is_empty() {
        return Begins::Perhaps;
    }
    if b"HTTP/1.".starts_with(text) || b"HTTP/0.".starts_with(text) {
        return Begins::Perhaps;
    }
    if is_version(text) {
        return Begins::Yes;
    }
    let Some((method, target)) = split_word(text) else {
        let is_word = text.len() <= MAX_METHOD && text.iter().all(|byte| is_token(*byte));
        return if is_word { Begins::Perhaps } else { Begins::No };
    };
    if !is_method(method)
        || !target.iter().all(|byte| is_target(*byte) || matches!(byte, b' ' | b'\t' | b'\r'))
    {
        return Begins::No;
    }
    if target.len() > LINE_TOLD && METHODS.contains(&method) { Begins::Yes } else { Begins::Perhaps }
}

/// Whether a known method and a blank begin `bytes`, and something follows.
pub(in crate::proto) fn has_known_method(bytes: &[u8]) -> bool {
    split_word(bytes).is_some_and(|(method, target)| METHODS.contains(&method) && !target.is_empty())
}

/// The line that begins at `at`, if its end is there: CRLF, LF, or, as careless senders write it and Wireshark reads it, CR
/// alone.
pub(super) fn line_at(bytes: &[u8], at: usize) -> Option<Line> {
    let rest = bytes.get(at..)?;
    let len = memchr::memchr2(b'\r', b'\n', rest)?;
    let end = at.checked_add(len)?;
    let next = match rest.get(len..)? {
        [b'\r', b'\n', ..] => end.checked_add(2)?,
        // What follows may be the other half.
        [b'\r'] => return None,
        _ => end.checked_add(1)?,
    };
    Some(Line { start: at, end, next })
}

/// Where the first line begins that is not empty.
fn behind_empty_lines(bytes: &[u8]) -> usize {
    let mut at = 0;
    for _ in 0..MAX_EMPTY_LINES {
        match bytes.get(at..) {
            Some([b'\r', b'\n', ..]) => at += 2,
            Some([b'\n', ..]) => at += 1,
            _ => break,
        }
    }
    at
}

fn first_line(bytes: &[u8]) -> Option<Line> {
    let limit = bytes.len().min(MAX_HEAD_BYTES);
    line_at(bytes.get(..limit)?, behind_empty_lines(bytes))
}

/// Takes a first line apart; `None` where it is none. Known methods are believed without a version and with blanks in the
/// target, others with a line that is as it should be.
fn start(line: &[u8]) -> Option<Start<'_>> {
    if is_version(line) {
        let (version, rest) = split_word(line).unwrap_or((line, &[]));
        let rest = trim_blanks(rest);
        let (code, phrase) = split_word(rest).unwrap_or((rest, &[]));
        return Some(Start::Response { version, code, phrase });
    }
    let (method, rest) = split_word(line).unwrap_or((line, &[]));
    // HTTP/2 begins so on purpose, for servers that know HTTP/1.1 only (RFC 9113 section 3.4).
    if !is_method(method) || method == b"PRI" {
        return None;
    }
    let rest = trim_blanks(rest);
    // A target may hold blanks that it should not: the version is the last word.
    if let Some(blank) = memchr::memrchr2(b' ', b'\t', rest) {
        let (target, version) = rest.split_at_checked(blank)?;
        let (target, version) = (trim_blanks(target), trim_blanks(version));
        let is_target = METHODS.contains(&method) || memchr::memchr(b' ', target).is_none();
        if is_version(version) && is_target {
            return Some(Start::Request { method, target, version });
        }
    }
    let (target, version) = split_word(rest).unwrap_or((rest, &[]));
    let version = trim_blanks(version);
    // RTSP and SIP have methods of the same names.
    let is_other = [b"RTSP/".as_slice(), b"SIP/"].iter().any(|other| version.starts_with(other));
    let known = METHODS.contains(&method) && !is_other;
    known.then_some(Start::Request { method, target, version })
}

/// `HTTP/1.` and a digit, whatever is behind it.
fn is_version(text: &[u8]) -> bool {
    // RFC 9112 section 2.3: case counts.
    let digits = text.strip_prefix(b"HTTP/").unwrap_or(&[]);
    matches!(digits, [major, b'.', minor, ..] if major.is_ascii_digit() && minor.is_ascii_digit())
}

fn is_method(word: &[u8]) -> bool {
    !word.is_empty() && word.len() <= MAX_METHOD && word.iter().all(|byte| is_token(*byte))
}

/// RFC 9110 section 5.6.2.
pub(super) fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

/// Bytes of a target: no control characters. Those above ASCII are not allowed and sent all the same.
fn is_target(byte: u8) -> bool {
    byte.is_ascii_graphic() || byte >= 0x80
}

/// What is before the first blank, and behind it.
fn split_word(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let blank = memchr::memchr2(b' ', b'\t', text)?;
    let (word, rest) = text.split_at_checked(blank)?;
    Some((word, rest.get(1..)?))
}

#[cfg(test)]
#[path = "head_tests.rs"]
mod tests;
