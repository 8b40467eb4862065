//! One message of an exchange, owned: its lines, its body's beginning, its packets.

use crate::flow::PacketStamp;
use crate::proto::http::body::Fault;
use crate::proto::http::head::Start;
use crate::proto::http::{Cut, Framing, FramingFault, Head};

/// Bytes kept of the beginning of a body: what a person looks at to know what it is.
pub const FIRST_BYTES: usize = 512;

/// Most header lines kept of a message: browsers send under 40, servers refuse more than some hundred.
pub const MAX_HEADERS_KEPT: usize = 256;

/// Most bytes kept of a header's value: cookies of 4 KiB are the largest that browsers keep.
pub const MAX_VALUE_BYTES: usize = 8 << 10;

/// What request and response have in common.
#[derive(Clone, Debug, Default)]
pub struct HttpMessage {
    /// `HTTP/1.1`; empty for HTTP/0.9.
    pub version: Box<[u8]>,
    /// The header lines in their order, at most [`MAX_HEADERS_KEPT`].
    pub headers: Vec<HeaderLine>,
    /// Header lines beyond that.
    pub headers_left_out: u64,
    /// The packet that brought its first byte.
    pub first: PacketStamp,
    /// The packet that brought its last.
    pub last: PacketStamp,
    /// Bytes of first line and headers, the empty line included.
    pub head_len: u64,
    /// What is behind them.
    pub body: Body,
    /// Why it is not whole, where it is not.
    pub cut: Option<Cut>,
    /// What is wrong with what it says of its length.
    pub fault: Option<FramingFault>,
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
}

/// The body of a message.
#[derive(Clone, Debug, Default)]
pub struct Body {
    /// How it is delimited.
    pub framing: Framing,
    /// Bytes on the wire, chunk lines included.
    pub wire_len: u64,
    /// Bytes without chunks and unpacked, as far as they could be.
    pub len: u64,
    /// The first of these, at most [`FIRST_BYTES`].
    pub beginning: Box<[u8]>,
    /// What is wrong with the rest of it.
    pub fault: Option<Fault>,
}

/// A request.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// `GET`.
    pub method: Box<[u8]>,
    /// What is asked for, as it stands in the first line.
    pub target: Box<[u8]>,
    /// The rest.
    pub message: HttpMessage,
}

/// A response.
#[derive(Clone, Debug, Default)]
pub struct Response {
    /// The status code, where it is a number of three digits.
    pub status: Option<u16>,
    /// The status as it stands in the first line.
    pub code: Box<[u8]>,
    /// The words behind it.
    pub phrase: Box<[u8]>,
    /// The rest.
    pub message: HttpMessage,
}

impl HttpMessage {
    /// The lines of `head`; of its body and packets nothing is known yet.
    pub(super) fn of_head(head: &Head<'_>) -> Self {
        let mut message = Self {
            version: bounded(head.version()).0,
            head_len: count(head.len()),
            fault: FramingFault::of(head),
            ..Self::default()
        };
        for header in head.headers() {
            if message.headers.len() >= MAX_HEADERS_KEPT {
                message.headers_left_out = message.headers_left_out.saturating_add(1);
                continue;
            }
            let (value, left_out) = bounded(&header.unfolded());
            message.headers.push(HeaderLine { name: bounded(header.name).0, value, left_out });
        }
        message
    }

    /// The value of the first header of this name, case aside.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&[u8]> {
        let line = self.headers.iter().find(|line| line.name.eq_ignore_ascii_case(name.as_bytes()))?;
        Some(&line.value)
    }

    /// The values of all headers of this name, case aside.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> + 'a {
        let named = self.headers.iter().filter(move |line| line.name.eq_ignore_ascii_case(name.as_bytes()));
        named.map(|line| &*line.value)
    }

    /// Whether the list that a header is has this element, case aside.
    #[must_use]
    pub fn lists(&self, name: &str, element: &str) -> bool {
        let mut elements = self.all(name).flat_map(|value| value.split(|byte| *byte == b','));
        elements.any(|one| one.trim_ascii().eq_ignore_ascii_case(element.as_bytes()))
    }

    /// The media type of the body, in lower case and without parameters: `text/html`.
    #[must_use]
    pub fn media_type(&self) -> Option<String> {
        let value = self.header("content-type")?;
        let kind = value.split(|byte| *byte == b';').next()?.trim_ascii();
        (!kind.is_empty()).then(|| String::from_utf8_lossy(kind).to_ascii_lowercase())
    }

    /// Bytes that it takes in memory, about.
    pub(super) fn cost(&self) -> usize {
        let lines = self.headers.iter();
        let lines: usize =
            lines.map(|line| line.name.len() + line.value.len() + size_of::<HeaderLine>()).sum();
        lines.saturating_add(self.body.beginning.len()).saturating_add(size_of::<Response>())
    }
}

impl Request {
    /// The request whose head this is; `None` for a response.
    pub(super) fn of_head(head: &Head<'_>) -> Option<Self> {
        let Start::Request { method, target, .. } = head.start() else { return None };
        Some(Self {
            method: bounded(method).0,
            target: bounded(target).0,
            message: HttpMessage::of_head(head),
        })
    }

    /// The host that is asked for, with its port where that is named: of an absolute target (RFC 9112 section 3.2.2),
    /// else of the Host header.
    #[must_use]
    pub fn host(&self) -> Option<&[u8]> {
        match absolute(&self.target) {
            Some((authority, _)) => Some(authority),
            None if &*self.method == b"CONNECT" => Some(&self.target),
            None => self.message.header("host").filter(|host| !host.is_empty()),
        }
    }

    /// The target without scheme and host: what an origin server is asked for.
    #[must_use]
    pub fn path(&self) -> &[u8] {
        match absolute(&self.target) {
            Some((_, [])) => b"/",
            Some((_, path)) => path,
            None => &self.target,
        }
    }

    /// Whether it is one that only proxies are asked: with scheme and host in its first line, or a tunnel.
    #[must_use]
    pub fn is_to_proxy(&self) -> bool {
        absolute(&self.target).is_some() || &*self.method == b"CONNECT"
    }

    /// Whether it asks for the document only if it has changed (RFC 9110 section 13.1).
    #[must_use]
    pub fn is_conditional(&self) -> bool {
        ["if-none-match", "if-modified-since"].iter().any(|name| self.message.header(name).is_some())
    }
}

impl Response {
    /// The response whose head this is; `None` for a request.
    pub(super) fn of_head(head: &Head<'_>) -> Option<Self> {
        let Start::Response { code, phrase, .. } = head.start() else { return None };
        Some(Self {
            status: head.status(),
            code: bounded(code).0,
            phrase: bounded(phrase).0,
            message: HttpMessage::of_head(head),
        })
    }

    /// Whether it is on the way only (1xx), and another answer follows. 101 is the last that HTTP says.
    #[must_use]
    pub fn is_interim(&self) -> bool {
        matches!(self.status, Some(100..=199)) && self.status != Some(101)
    }
}

/// Authority and the rest of `http://authority/rest`, without name and password before the host.
fn absolute(target: &[u8]) -> Option<(&[u8], &[u8])> {
    let colon = target.windows(3).take(MAX_SCHEME).position(|window| window == b"://")?;
    let scheme = target.get(..colon)?;
    if scheme.is_empty() || !scheme.iter().all(u8::is_ascii_alphanumeric) {
        return None;
    }
    let rest = target.get(colon.saturating_add(3)..)?;
    let end = rest.iter().position(|byte| matches!(byte, b'/' | b'?' | b'#')).unwrap_or(rest.len());
    let (authority, path) = rest.split_at_checked(end)?;
    let host = memchr::memrchr(b'@', authority).and_then(|at| authority.get(at.saturating_add(1)..));
    Some((host.unwrap_or(authority), path))
}

/// The longest scheme there is a use for before `://`.
const MAX_SCHEME: usize = 16;

/// A copy of at most [`MAX_VALUE_BYTES`], and how many bytes that leaves out.
fn bounded(bytes: &[u8]) -> (Box<[u8]>, u64) {
    let kept = bytes.get(..MAX_VALUE_BYTES).unwrap_or(bytes);
    (kept.into(), count(bytes.len().saturating_sub(kept.len())))
}

pub(super) fn count(bytes: usize) -> u64 {
    u64::try_from(bytes).unwrap_or(u64::MAX)
}
