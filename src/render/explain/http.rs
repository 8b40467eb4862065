//! HTTP in a story: what a turn asks or answers, its head as text, and its body as the text that it was before it was
//! packed.

use std::borrow::Cow;
use std::fmt::Write as _;

use super::super::format::Count;
use super::super::safe::{Safe, safe_line};
use crate::flow::Turn;
use crate::proto::http::body::decode;
use crate::proto::http::head::Start;
use crate::proto::http::{Framing, Head};
use crate::report::secret::masked_target;

/// Most columns of a target or phrase in a sentence; the whole of it stands below.
const SHOWN: usize = 60;

/// The head that a turn begins with; `None` where it does not begin a message.
fn head(turn: &Turn) -> Option<Head<'_>> {
    if turn.gap_before > 0 {
        return None;
    }
    Head::read(&turn.bytes).filter(|head| !head.version().is_empty())
}

/// What the first message of a turn asks or answers: `HTTP request GET /index.html, host 127.0.0.1:8080`; secrets in a
/// target are masked here whatever was asked for, the turn itself stands below.
pub(super) fn sentence(turn: &Turn) -> Option<String> {
    let head = head(turn)?;
    let mut text = match head.start() {
        Start::Request { method, target, .. } => {
            let masked = masked_target(target);
            let target = masked.as_deref().unwrap_or(target);
            let mut text = format!("HTTP request {} {}", safe_line(method, SHOWN), safe_line(target, SHOWN));
            if let Some(host) = head.header("host").filter(|host| !host.is_empty()) {
                let _ = write!(text, ", host {}", safe_line(host, SHOWN));
            }
            text
        }
        Start::Response { code, phrase, .. } => {
            format!("HTTP answer {} {}", safe_line(code, SHOWN), safe_line(phrase, SHOWN))
                .trim_end()
                .to_owned()
        }
    };
    if !head.is_whole() {
        text.push_str(", its head not whole");
        return Some(text);
    }
    let framing = Framing::of(&head, None);
    let has_body = !matches!(framing, Framing::None | Framing::Length(0)) && turn.bytes.len() > head.len();
    if has_body {
        text.push_str(match head.header("content-type") {
            Some(_) => " with a body of ",
            None => " with a body",
        });
        if let Some(kind) = head.header("content-type") {
            let kind = kind.split(|byte| *byte == b';').next().unwrap_or(kind).trim_ascii();
            let _ = write!(text, "{}", safe_line(kind, SHOWN));
        }
        if let Framing::Length(len) = framing {
            let _ = write!(text, ", {}", Count::bytes(len));
        }
        if framing == Framing::Chunked {
            text.push_str(" in chunks");
        }
        if let Some(coding) = head.header("content-encoding") {
            let _ = write!(text, ", packed with {} (shown unpacked)", Safe(coding));
        }
    }
    Some(text)
}

/// The bytes of a turn as they read: where its first message has a body that is packed or in chunks, that is unpacked.
pub(super) fn readable(turn: &Turn) -> Cow<'_, [u8]> {
    let as_it_is = Cow::Borrowed(turn.bytes.as_slice());
    let Some(head) = head(turn).filter(Head::is_whole) else { return as_it_is };
    let is_packed = head.header("content-encoding").is_some();
    let Some(raw) = turn.bytes.get(head.len()..).filter(|raw| is_packed && !raw.is_empty()) else {
        return as_it_is;
    };
    let framing = Framing::of(&head, None);
    // What follows the message in the turn is another one.
    let raw = match framing {
        Framing::Length(len) => usize::try_from(len).ok().and_then(|len| raw.get(..len)).unwrap_or(raw),
        _ => raw,
    };
    let body = decode(&head, framing, raw);
    if body.bytes.is_empty() || body.bytes == raw {
        return as_it_is;
    }
    let lines = turn.bytes.get(..head.len()).unwrap_or_default();
    let body = body.bytes.get(..MAX_UNPACKED).unwrap_or(&body.bytes);
    Cow::Owned([lines, body].concat())
}

/// Most bytes of an unpacked body in a story: as much as a page of text, however small it was packed.
const MAX_UNPACKED: usize = 256 << 10;
