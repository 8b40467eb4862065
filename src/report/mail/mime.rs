//! The parts of a mail (RFC 2045, RFC 2046): where each begins and ends, and its text decoded.
//!
//! Boundaries are looked for line by line, once, whatever the nesting: `mail-parser`, which would find the parts too, looks
//! through all that follows for each of them, and its values nest as deep as a sender likes. It decodes what was found.

use mail_parser::decoders::base64::base64_decode;
use mail_parser::decoders::charsets::map::charset_decoder;
use mail_parser::decoders::quoted_printable::quoted_printable_decode;

use super::count;
use super::header::{ContentType, Headers};

/// Most parts of a mail that are told; the others are counted. A digest of a list has some tens.
pub const MAX_PARTS: usize = 256;

/// How deep parts are taken apart. A mail that was forwarded again and again nests two levels each time; deeper is an attack.
pub const MAX_DEPTH: u8 = 16;

/// Bytes of a part's text that are kept, decoded: more than anybody reads of a mail.
pub const MAX_TEXT: usize = 64 << 10;

/// Longest boundary (RFC 2046 section 5.1.1 allows 70 characters).
const MAX_BOUNDARY: usize = 256;

/// A part of a mail; the mail itself is the first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// How many parts it stands in.
    pub depth: u8,
    /// `text/plain`, in lower case; what applies where nothing is said.
    pub media_type: String,
    /// The character set, as it is named.
    pub charset: Option<String>,
    /// The file name.
    pub name: Option<String>,
    /// It is meant as a file beside the text.
    pub is_attachment: bool,
    /// How it is encoded, in lower case.
    pub encoding: Option<String>,
    /// Bytes as sent, without its headers.
    pub wire_len: u64,
    /// Bytes decoded.
    pub len: u64,
    /// The first [`MAX_TEXT`] bytes of its text; `None` where it is none.
    pub text: Option<String>,
    /// There is more text.
    pub more_text: bool,
    /// It holds other parts, which follow.
    pub is_container: bool,
    /// What is wrong with it.
    pub faults: Vec<PartFault>,
}

/// What can be wrong with a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PartFault {
    /// It is not encoded as it says; shown as it came.
    Encoding,
    /// Its character set is not known; bytes that are not UTF-8 are replaced.
    Charset,
    /// It is to have parts, and does not say what separates them.
    NoBoundary,
    /// The line that ends its parts is missing.
    NotClosed,
    /// It stands too deep to be taken apart.
    TooDeep,
}

/// All parts of a mail.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parts {
    /// In their order, each behind what it stands in.
    pub all: Vec<Part>,
    /// Parts beyond [`MAX_PARTS`].
    pub left_out: u64,
}

/// A part on its way.
struct Open {
    /// Its place in the list; `None` of one that is not told.
    place: Option<usize>,
    depth: u8,
    body: usize,
}

/// What separates the parts of a container.
struct Boundary {
    text: Vec<u8>,
    depth: u8,
    place: Option<usize>,
}

/// Walks through a mail.
struct Walk<'a> {
    bytes: &'a [u8],
    parts: Vec<(Part, usize, usize)>,
    left_out: u64,
    open: Vec<Open>,
    boundaries: Vec<Boundary>,
}

impl Parts {
    /// The parts of `mail`, headers and body.
    #[must_use]
    pub fn read(mail: &[u8]) -> Self {
        let mut walk =
            Walk { bytes: mail, parts: Vec::new(), left_out: 0, open: Vec::new(), boundaries: Vec::new() };
        walk.run();
        let all = walk.parts.into_iter().map(|(part, start, end)| {
            let body = mail.get(start..end).unwrap_or_default();
            part.with_body(body)
        });
        Self { all: all.collect(), left_out: walk.left_out }
    }
}

impl<'a> Walk<'a> {
    fn run(&mut self) {
        let mut at = self.begin(0, 0);
        while at < self.bytes.len() {
            let rest = self.bytes.get(at..).unwrap_or_default();
            let len = memchr::memchr(b'\n', rest).map_or(rest.len(), |end| end.saturating_add(1));
            let line = rest.get(..len).unwrap_or(rest);
            let next = at.saturating_add(len);
            at = match self.separates(line) {
                Some((level, true)) => {
                    self.close(level, at);
                    self.boundaries.truncate(level);
                    next
                }
                Some((level, false)) => {
                    self.close(level, at);
                    self.boundaries.truncate(level.saturating_add(1));
                    let depth = self.boundaries.last().map_or(0, |boundary| boundary.depth);
                    self.begin(next, depth.saturating_add(1))
                }
                None => next,
            };
        }
        let missing: Vec<usize> = self.boundaries.iter().filter_map(|boundary| boundary.place).collect();
        for place in missing {
            if let Some((part, ..)) = self.parts.get_mut(place) {
                part.faults.push(PartFault::NotClosed);
            }
        }
        let end = self.bytes.len();
        while let Some(open) = self.open.pop() {
            self.end(&open, end);
        }
    }

    /// The level of the container whose boundary this line is, and whether it is the last.
    fn separates(&self, line: &[u8]) -> Option<(usize, bool)> {
        let text = line.strip_prefix(b"--")?.trim_ascii_end();
        let fits = |boundary: &Boundary| match text.strip_prefix(&*boundary.text) {
            Some([]) => Some(false),
            Some(b"--") => Some(true),
            _ => None,
        };
        let level = self.boundaries.iter().rposition(|boundary| fits(boundary).is_some())?;
        Some((level, fits(self.boundaries.get(level)?)?))
    }

    /// Begins a part at `at`, and those that begin with it; where its body begins.
    fn begin(&mut self, mut at: usize, mut depth: u8) -> usize {
        loop {
            let headers = Headers::of(self.bytes.get(at..).unwrap_or_default(), depth == 0);
            let body = at.saturating_add(headers.len());
            let (kind, mut part) = Part::of_headers(&headers, depth);
            let can_nest = depth < MAX_DEPTH;
            let boundary = kind.boundary.filter(|_| part.is_multipart());
            let holds_mail = part.is_mail();
            if (part.is_multipart() || holds_mail) && !can_nest {
                part.faults.push(PartFault::TooDeep);
            } else if part.is_multipart() && boundary.is_none() {
                part.faults.push(PartFault::NoBoundary);
            }
            part.is_container = can_nest && (boundary.is_some() || holds_mail);
            let is_container = part.is_container;
            let place = if self.parts.len() < MAX_PARTS {
                self.parts.push((part, body, body));
                Some(self.parts.len().saturating_sub(1))
            } else {
                self.left_out = self.left_out.saturating_add(1);
                None
            };
            self.open.push(Open { place, depth, body });
            if !is_container {
                return body;
            }
            match boundary {
                Some(text) => {
                    self.boundaries.push(Boundary { text, depth, place });
                    return body;
                }
                None => (at, depth) = (body, depth.saturating_add(1)),
            }
        }
    }

    /// Ends all parts within the container of this level, whose boundary stands at `at`.
    fn close(&mut self, level: usize, at: usize) {
        let depth = self.boundaries.get(level).map_or(0, |boundary| boundary.depth);
        let behind =
            self.boundaries.iter().skip(level.saturating_add(1)).filter_map(|boundary| boundary.place);
        let behind: Vec<usize> = behind.collect();
        for place in behind {
            if let Some((part, ..)) = self.parts.get_mut(place) {
                part.faults.push(PartFault::NotClosed);
            }
        }
        // The line end before a boundary belongs to it.
        let before = self.bytes.get(..at).unwrap_or_default();
        let before = before.strip_suffix(b"\n").unwrap_or(before);
        let end = before.strip_suffix(b"\r").unwrap_or(before).len();
        while let Some(open) = self.open.pop_if(|open| open.depth > depth) {
            self.end(&open, end);
        }
    }

    fn end(&mut self, open: &Open, end: usize) {
        if let Some((_, _, until)) = open.place.and_then(|place| self.parts.get_mut(place)) {
            *until = end.max(open.body);
        }
    }
}

impl Part {
    /// What the headers of a part say of it.
    fn of_headers(headers: &Headers<'_>, depth: u8) -> (ContentType, Self) {
        let kind = headers.value("content-type").map(|value| ContentType::read(&value)).unwrap_or_default();
        let disposition =
            headers.value("content-disposition").map(|value| ContentType::read(&value)).unwrap_or_default();
        let encoding = headers.value("content-transfer-encoding");
        let encoding = encoding.map(|value| {
            let word = value.split(|byte| matches!(byte, b';' | b' ' | b'(')).next().unwrap_or_default();
            String::from_utf8_lossy(word.get(..MAX_WORD).unwrap_or(word)).to_ascii_lowercase()
        });
        let part = Self {
            depth,
            media_type: kind.media_type.clone(),
            charset: kind.charset.clone(),
            name: disposition.file_name.clone().or_else(|| kind.file_name.clone()),
            is_attachment: disposition.media_type == "attachment",
            encoding: encoding.filter(|encoding| !encoding.is_empty()),
            wire_len: 0,
            len: 0,
            text: None,
            more_text: false,
            is_container: false,
            faults: Vec::new(),
        };
        let boundary = kind.boundary.clone().filter(|text| !text.is_empty() && text.len() <= MAX_BOUNDARY);
        (ContentType { boundary, ..kind }, part)
    }

    fn is_multipart(&self) -> bool {
        self.media_type.starts_with("multipart/")
    }

    /// Whether it is a mail within the mail, as it is.
    fn is_mail(&self) -> bool {
        let encoded = matches!(self.encoding.as_deref(), Some("base64" | "quoted-printable"));
        matches!(&*self.media_type, "message/rfc822" | "message/global") && !encoded
    }

    fn with_body(mut self, body: &[u8]) -> Self {
        self.wire_len = count(body.len());
        self.len = self.wire_len;
        if self.is_container {
            return self;
        }
        let decoded = match self.encoding.as_deref() {
            Some("base64") => base64_decode(body).ok_or(()),
            Some("quoted-printable") => quoted_printable_decode(body).ok_or(()),
            _ => Ok(body.to_vec()),
        };
        let decoded = decoded.unwrap_or_else(|()| {
            self.faults.push(PartFault::Encoding);
            body.to_vec()
        });
        self.len = count(decoded.len());
        let is_text = self.media_type.starts_with("text/")
            || (self.media_type.starts_with("message/") && self.encoding.is_none())
            || self.faults.contains(&PartFault::NoBoundary);
        if is_text {
            self.more_text = decoded.len() > MAX_TEXT;
            let kept = beginning(&decoded);
            let (text, is_known) = text_of(kept, self.charset.as_deref());
            if !is_known {
                self.faults.push(PartFault::Charset);
            }
            self.text = Some(text);
        }
        self
    }
}

/// Longest word that names an encoding.
const MAX_WORD: usize = 64;

/// The first [`MAX_TEXT`] bytes, up to the end of a line where there is one near.
fn beginning(bytes: &[u8]) -> &[u8] {
    let Some(kept) = bytes.get(..MAX_TEXT).filter(|_| bytes.len() > MAX_TEXT) else { return bytes };
    let line = memchr::memrchr(b'\n', kept).filter(|end| *end > MAX_TEXT / 2);
    line.and_then(|end| kept.get(..=end)).unwrap_or(kept)
}

/// `bytes` as text in this character set, and whether that is known.
fn text_of(bytes: &[u8], charset: Option<&str>) -> (String, bool) {
    let lossy = || String::from_utf8_lossy(bytes).into_owned();
    match charset {
        None => (lossy(), true),
        Some(name) if name.eq_ignore_ascii_case("utf-8") => (lossy(), true),
        Some(name) => match charset_decoder(name.as_bytes()).filter(|_| !name.is_empty()) {
            Some(decode) => (decode(bytes), true),
            None => (lossy(), bytes.is_ascii()),
        },
    }
}

#[cfg(test)]
#[path = "mime_tests.rs"]
mod tests;
