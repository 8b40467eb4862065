//! The headers of a mail or of a part of it (RFC 5322 section 2.2), as they stand there.

use mail_parser::parsers::MessageStream;
use mail_parser::{Address, HeaderValue};

use super::{MAX_ADDRESSES, MAX_HEADERS_KEPT, MAX_VALUE_BYTES, bounded, count};

/// The headers that some bytes begin with.
#[derive(Clone, Debug)]
pub(super) struct Headers<'a> {
    lines: Vec<(&'a [u8], &'a [u8])>,
    left_out: u64,
    received_left_out: u64,
    len: usize,
}

/// A header line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeaderLine {
    /// Before the colon.
    pub name: Box<[u8]>,
    /// Behind it, on one line, at most [`MAX_VALUE_BYTES`].
    pub value: Box<[u8]>,
    /// Bytes of the value beyond that.
    pub left_out: u64,
    /// The value with its encoded words (RFC 2047) decoded, where it has some.
    pub decoded: Option<String>,
}

/// An address of a header (RFC 5322 section 3.4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mailbox {
    /// The name that people are shown, decoded.
    pub name: Option<String>,
    /// The address, without angle brackets.
    pub address: Box<[u8]>,
}

impl<'a> Headers<'a> {
    /// The headers that `bytes` begin with, up to an empty line or one that is none. What `must` have some may have other lines
    /// before the first.
    pub(super) fn of(bytes: &'a [u8], must: bool) -> Self {
        let mut headers = Self { lines: Vec::new(), left_out: 0, received_left_out: 0, len: 0 };
        let mut at = 0_usize;
        while at < bytes.len() {
            let rest = bytes.get(at..).unwrap_or_default();
            if let [b'\n', ..] | [b'\r', b'\n', ..] = rest {
                headers.len = at.saturating_add(if rest.first() == Some(&b'\r') { 2 } else { 1 });
                return headers;
            }
            let len = header_len(rest);
            let line = rest.get(..len).unwrap_or(rest);
            match named(line) {
                Some((name, _)) if headers.lines.len() >= MAX_HEADERS_KEPT => {
                    headers.left_out = headers.left_out.saturating_add(1);
                    let is_received = name.eq_ignore_ascii_case(b"received");
                    headers.received_left_out =
                        headers.received_left_out.saturating_add(u64::from(is_received));
                }
                Some(line) => headers.lines.push(line),
                // Lines before the first header, such as a mailbox has them.
                None if must && headers.lines.is_empty() && at <= MAX_VALUE_BYTES => {}
                None => break,
            }
            at = at.saturating_add(len);
        }
        headers.len = at;
        headers
    }

    /// Bytes that they take, the empty line included.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// How many are beyond [`MAX_HEADERS_KEPT`].
    pub(super) fn left_out(&self) -> u64 {
        self.left_out
    }

    /// How many of those are Received lines.
    pub(super) fn received_left_out(&self) -> u64 {
        self.received_left_out
    }

    /// The value of the first of this name, in lower case, unfolded.
    pub(super) fn value(&self, name: &str) -> Option<Vec<u8>> {
        let (_, value) = self.lines.iter().find(|(of, _)| of.eq_ignore_ascii_case(name.as_bytes()))?;
        Some(unfolded(value))
    }

    /// The lines, to be kept.
    pub(super) fn owned(&self) -> Vec<HeaderLine> {
        self.lines.iter().map(|(name, value)| HeaderLine::new(name, &unfolded(value))).collect()
    }
}

/// How long the header is that `bytes` begin with: up to a line end that no space or tab follows.
fn header_len(bytes: &[u8]) -> usize {
    let mut at = 0_usize;
    while let Some(end) = bytes.get(at..).and_then(|rest| memchr::memchr(b'\n', rest)) {
        at = at.saturating_add(end).saturating_add(1);
        if !matches!(bytes.get(at), Some(b' ' | b'\t')) {
            return at;
        }
    }
    bytes.len()
}

/// Name and value of a header; `None` where no name and colon stand at the beginning (RFC 5322 section 3.6.8).
pub(super) fn named(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let colon = line.iter().position(|byte| *byte == b':')?;
    let (name, value) = line.split_at_checked(colon)?;
    let name = name.trim_ascii_end();
    let is_name = !name.is_empty() && name.len() <= MAX_NAME && name.iter().all(u8::is_ascii_graphic);
    is_name.then(|| (name, value.get(1..).unwrap_or_default()))
}

/// Longest name of a header: a line has at most 998 characters (RFC 5322 section 2.1.1).
const MAX_NAME: usize = 998;

/// A value on one line (RFC 5322 section 2.2.3); the blanks that a fold was made with are one space.
pub(super) fn unfolded(value: &[u8]) -> Vec<u8> {
    let value = value.trim_ascii();
    let mut out = Vec::with_capacity(value.len().min(MAX_VALUE_BYTES));
    let mut rest = value;
    while let Some(end) = memchr::memchr2(b'\r', b'\n', rest) {
        out.extend_from_slice(rest.get(..end).unwrap_or_default());
        rest = rest.get(end..).unwrap_or_default();
        let ends = rest.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
        rest = rest.get(ends..).unwrap_or_default().trim_ascii_start();
        if !out.ends_with(b" ") {
            out.push(b' ');
        }
    }
    out.extend_from_slice(rest);
    out
}

impl HeaderLine {
    fn new(name: &[u8], value: &[u8]) -> Self {
        let kept = bounded(value);
        let has_words = memchr::memmem::find(&kept, b"=?").is_some();
        Self {
            name: bounded(name),
            decoded: has_words.then(|| words(&kept)).flatten(),
            left_out: count(value.len().saturating_sub(kept.len())),
            value: kept,
        }
    }

    /// Whether it has this name, case aside.
    #[must_use]
    pub fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name.as_bytes())
    }

    /// The value as a person reads it.
    #[must_use]
    pub fn text(&self) -> &[u8] {
        self.decoded.as_ref().map_or(&*self.value, String::as_bytes)
    }

    /// The addresses in it, without names, at most [`MAX_ADDRESSES`].
    #[must_use]
    pub fn addresses(&self) -> Vec<Box<[u8]>> {
        self.mailboxes().into_iter().map(|mailbox| mailbox.address).collect()
    }

    /// The addresses in it with the names that people are shown, at most [`MAX_ADDRESSES`].
    #[must_use]
    pub fn mailboxes(&self) -> Vec<Mailbox> {
        let line = [&*self.value, b"\n"].concat();
        let HeaderValue::Address(list) = MessageStream::new(&line).parse_address() else { return Vec::new() };
        let of = |address: &mail_parser::Addr<'_>| {
            Some(Mailbox {
                name: address.name.as_ref().map(|name| name.trim().to_owned()),
                address: bounded(address.address.as_ref()?.trim().as_bytes()),
            })
        };
        match &list {
            Address::List(list) => list.iter().filter_map(of).take(MAX_ADDRESSES).collect(),
            Address::Group(groups) => {
                let all = groups.iter().flat_map(|group| &group.addresses);
                all.filter_map(of).take(MAX_ADDRESSES).collect()
            }
        }
    }
}

/// `value` with its encoded words decoded.
fn words(value: &[u8]) -> Option<String> {
    let line = [value, b"\n"].concat();
    match MessageStream::new(&line).parse_unstructured() {
        HeaderValue::Text(text) if text.as_bytes() != value => Some(text.trim().to_owned()),
        _ => None,
    }
}

/// What a Content-Type or Content-Disposition says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ContentType {
    /// `text/plain`, or a word alone, in lower case.
    pub(super) media_type: String,
    pub(super) charset: Option<String>,
    pub(super) boundary: Option<Vec<u8>>,
    /// `filename` or `name`.
    pub(super) file_name: Option<String>,
}

impl Default for ContentType {
    /// What applies where nothing is said (RFC 2045 section 5.2).
    fn default() -> Self {
        Self { media_type: "text/plain".to_owned(), charset: None, boundary: None, file_name: None }
    }
}

impl ContentType {
    pub(super) fn read(value: &[u8]) -> Self {
        let value = value.get(..MAX_VALUE_BYTES).unwrap_or(value);
        let line = [value, b"\n"].concat();
        let HeaderValue::ContentType(read) = MessageStream::new(&line).parse_content_type() else {
            return Self::default();
        };
        let mut media_type = read.c_type.trim().to_ascii_lowercase();
        if let Some(subtype) = &read.c_subtype {
            media_type = format!("{media_type}/{}", subtype.trim().to_ascii_lowercase());
        }
        let attribute =
            |name: &str| read.attribute(name).map(str::to_owned).filter(|value| !value.is_empty());
        Self {
            media_type,
            charset: attribute("charset"),
            boundary: attribute("boundary").map(String::into_bytes),
            file_name: attribute("filename").or_else(|| attribute("name")),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn line(text: &str) -> HeaderLine {
        Headers::of(text.as_bytes(), true).owned().remove(0)
    }

    #[test]
    fn headers_are_unfolded_and_end_with_an_empty_line() {
        let headers = Headers::of(b"A: b\r\n\tc\r\n d\r\nE:f\n\r\nA: text", true);
        let lines = headers.owned();
        assert_eq!(lines.len(), 2);
        assert_eq!(&*lines[0].value, b"b c d");
        assert_eq!(&*lines[1].value, b"f");
        assert_eq!(headers.len(), 20);
    }

    #[test]
    fn what_is_no_header_is_passed_over_in_a_mail_and_ends_those_of_a_part() {
        assert_eq!(Headers::of(b"no header\r\nA: b\r\n\r\n", true).owned().len(), 1);
        assert_eq!(Headers::of(b"no header\r\nA: b\r\n\r\n", false).len(), 0);
        assert_eq!(Headers::of(b"A: b\r\ntext at once\r\n", true).len(), 6);
        let many = "A: b\n".repeat(MAX_HEADERS_KEPT + 5);
        let headers = Headers::of(many.as_bytes(), true);
        assert_eq!((headers.owned().len(), headers.left_out()), (MAX_HEADERS_KEPT, 5));
    }

    #[test]
    fn encoded_words_are_decoded() {
        assert_eq!(line("Subject: =?utf-8?Q?gr=C3=BC=C3=9Fe?= x\n").text(), "grüße x".as_bytes());
        assert_eq!(line("Subject: =?gb2312?B?xOO6ww==?=\n").text(), "你好".as_bytes());
        assert_eq!(line("Subject: plain  text\n").text(), b"plain  text");
        assert_eq!(line("Subject: =?utf-8?Q?unended\n").text(), b"=?utf-8?Q?unended");
    }

    #[test]
    fn addresses_are_found_with_and_without_names() {
        let found = |text: &str| {
            line(text)
                .addresses()
                .iter()
                .map(|one| String::from_utf8_lossy(one).into_owned())
                .collect::<Vec<_>>()
        };
        assert_eq!(found("From: \"A, B\" <a@b.example>, c@d.example\n"), ["a@b.example", "c@d.example"]);
        assert_eq!(found("To: undisclosed-recipients:;\n"), [""; 0]);
        assert_eq!(found("From: a@b.example (A B)\n"), ["a@b.example"]);
    }

    proptest! {
        #[test]
        fn any_value_is_read(value in proptest::collection::vec(any::<u8>(), 0..200)) {
            let one = HeaderLine::new(b"From", &value);
            prop_assert!(one.addresses().len() <= MAX_ADDRESSES);
            ContentType::read(&value);
        }

        #[test]
        fn anything_like_a_value_is_read(value in "(=\\?|\\?=|utf-8|\\?Q\\?|\\?B\\?|[<>@,;:\"()\\\\=*'/]|[a-z0-9]{1,3}| |\r\n ){0,30}") {
            let one = HeaderLine::new(b"From", value.as_bytes());
            prop_assert!(one.addresses().len() <= MAX_ADDRESSES);
            ContentType::read(value.as_bytes());
        }
    }
}
