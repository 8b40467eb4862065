//! `http`: each exchange as a person reads it: who asked whom for what, all headers, what came back, when, and what caches
//! and proxies did.
//!
//! ```text
//! tcp:0, exchange 1  127.0.0.1:40000 → 127.0.0.1:8080
//! → packet 4, at 0.000120 s
//! → GET /index.html HTTP/1.1
//! → Host: 127.0.0.1:8080
//! ← packets 6 to 9; first byte after 12 ms, last after 15 ms
//! ← HTTP/1.1 200 OK
//! ← Content-Length: 6
//!   Body: 6 bytes of text/plain:
//!   │ hello
//!   · The connection stays open.
//! ```

mod export;
mod json;
mod short;
mod words;

pub use export::{ExportEntry, ExportList, write_export_list};
pub use json::write_http_json;
pub use short::{SHORT_LEGEND, write_short};
pub use words::{cut_words, fault_words};

use std::borrow::Cow;
use std::io::{self, Write};

use super::color::{Colors, Style};
use super::excerpt::Excerpt;
use super::format::{Count, Elapsed, Seconds};
use super::safe::{Safe, is_text, split_columns, text_prefix};
use super::wrap::{Wrapped, write_head};
use crate::flow::PacketStamp;
use crate::report::http::{Exchange, HttpMessage, Request, Response};
use crate::report::secret::{masked_header, masked_target, masked_text};
use crate::time::{TimeDelta, Timestamp};

/// How to print exchanges.
#[derive(Clone, Copy, Debug)]
pub struct HttpOptions {
    /// Styles or none.
    pub colors: Colors,
    /// Columns to fill, at least 40.
    pub width: usize,
    /// Passwords, tokens and cookies as they are, not masked.
    pub secrets: bool,
    /// Time of the first packet that has one.
    pub first: Option<Timestamp>,
}

/// Columns of the mark before each line.
const MARGIN: usize = 2;

/// What goes on in the next row because it does not fit begins so many columns further.
const GOES_ON: usize = 4;

/// How a body's beginning is shown.
const EXCERPT: Excerpt = Excerpt { indent: MARGIN, lines: 8 };

/// Bytes in a line of a body that is not text: it fits 80 columns.
const HEX_BYTES: usize = 16;

/// Writes those of `all` that are to show, each with its headers.
///
/// # Errors
/// Those of `out`.
pub fn write_exchanges(out: &mut impl Write, all: &[Exchange], options: HttpOptions) -> io::Result<()> {
    for (place, exchange) in all.iter().filter(|exchange| exchange.selected).enumerate() {
        if place > 0 {
            writeln!(out)?;
        }
        one(out, exchange, all, options)?;
    }
    Ok(())
}

fn one(out: &mut impl Write, exchange: &Exchange, all: &[Exchange], options: HttpOptions) -> io::Result<()> {
    let colors = options.colors;
    let (flow, number) = (exchange.flow.to_string(), format!(", exchange {}  ", exchange.number));
    let (client, server) = (exchange.client.to_string(), exchange.server.to_string());
    let first = [(Some(Style::Bold), flow.as_str()), (None, &number), (Some(Style::Cyan), &client)];
    let second = [(None, "→ "), (Some(Style::Magenta), server.as_str())];
    let indent = flow.len().saturating_add(number.len());
    write_head(out, colors, Some(options.width), (&first, &second), indent)?;
    if let Some(request) = &exchange.request {
        let at = request.message.first.ts.zip(options.first);
        let at = at.map(|(ts, first)| format!(", at {} s", Seconds(ts - first))).unwrap_or_default();
        let side = Side { mark: "→ ", style: Style::Cyan, options };
        side.note(out, &format!("{}{at}", packets(&request.message)))?;
        side.line(out, &request_line(request, options.secrets))?;
        message(out, &request.message, &side)?;
    }
    for interim in &exchange.interim {
        answer(out, interim, exchange, options)?;
    }
    if let Some(response) = &exchange.response {
        answer(out, response, exchange, options)?;
    }
    for text in words::facts(exchange, all) {
        let mut mark = "·";
        for line in Wrapped::new(&text, options.width.saturating_sub(GOES_ON)) {
            writeln!(out, "  {mark} {line}")?;
            mark = " ";
        }
    }
    Ok(())
}

fn answer(
    out: &mut impl Write,
    response: &Response,
    exchange: &Exchange,
    options: HttpOptions,
) -> io::Result<()> {
    let side = Side { mark: "← ", style: Style::Magenta, options };
    let asked = exchange.request.as_ref().map(|request| request.message.last);
    side.note(out, &format!("{}{}", packets(&response.message), after(&response.message, asked)))?;
    side.line(out, &status_line(response))?;
    message(out, &response.message, &side)
}

/// `packet 4`, `packets 6 to 9`.
fn packets(message: &HttpMessage) -> String {
    let (first, last) = (message.first.number, message.last.number);
    if first == last { format!("packet {first}") } else { format!("packets {first} to {last}") }
}

/// When an answer came, counted from when the request was complete.
fn after(answer: &HttpMessage, asked: Option<PacketStamp>) -> String {
    let Some(asked) = asked else { return String::new() };
    let (first, last) = (answer.first.since(asked), answer.last.since(asked));
    match (first, last) {
        (Some(first), Some(last)) if answer.first.number != answer.last.number => {
            format!("; first byte after {}, last after {}", Elapsed(first), Elapsed(last))
        }
        // A server may answer before it has all of the request, as with 100 Continue.
        (Some(first), _) if first.as_nanos() < 0 => {
            let early = TimeDelta::from_nanos(first.as_nanos().saturating_neg());
            format!("; {} before the request was complete", Elapsed(early))
        }
        (Some(first), _) => format!("; after {}", Elapsed(first)),
        _ => String::new(),
    }
}

/// `GET /a HTTP/1.1`, its secrets masked.
fn request_line(request: &Request, secrets: bool) -> Vec<u8> {
    let target = masked_target(&request.target).filter(|_| !secrets);
    let target = target.as_deref().unwrap_or(&request.target);
    [&*request.method, b" ", target, b" ", &*request.message.version].concat()
}

/// `HTTP/1.1 200 OK`; words where HTTP/0.9 has no such line.
fn status_line(response: &Response) -> Vec<u8> {
    if response.message.head_len == 0 {
        return b"(no head: the body alone, as in HTTP/0.9)".to_vec();
    }
    [&*response.message.version, b" ", &*response.code, b" ", &*response.phrase].concat()
}

/// The headers and the beginning of the body.
fn message(out: &mut impl Write, message: &HttpMessage, side: &Side) -> io::Result<()> {
    let secrets = side.options.secrets;
    for line in &message.headers {
        let value = masked_header(&line.name, &line.value).filter(|_| !secrets);
        let value = value.as_deref().unwrap_or(&line.value);
        let separator: &[u8] = if value.is_empty() { b":" } else { b": " };
        side.line(out, &[&*line.name, separator, value].concat())?;
        if line.left_out > 0 {
            side.note(out, &format!("… {} more of this value", Count::bytes(line.left_out)))?;
        }
    }
    if message.headers_left_out > 0 {
        let more = Count::new(message.headers_left_out, "header line", "header lines");
        side.note(out, &format!("… {more} more"))?;
    }
    body(out, message, side)
}

fn body(out: &mut impl Write, message: &HttpMessage, side: &Side) -> io::Result<()> {
    let Some(text) = words::body(message) else { return Ok(()) };
    let beginning = shown_body(message, side.options.secrets);
    let colon = if beginning.is_empty() { "." } else { ":" };
    for line in Wrapped::new(&format!("{text}{colon}"), side.options.width.saturating_sub(MARGIN)) {
        writeln!(out, "  {}", side.options.colors.paint(Style::Dim, line))?;
    }
    let shown = if is_text(&beginning) {
        let text = beginning.get(..text_prefix(&beginning)).unwrap_or(&beginning);
        EXCERPT.text(out, text, side.options.width)?
    } else {
        EXCERPT.hex(out, &beginning, HEX_BYTES)?
    };
    let more = message.body.len.saturating_sub(u64::try_from(shown).unwrap_or(u64::MAX));
    // A mask can be longer than what it hides.
    if more > 0 && shown > 0 && message.body.len > u64::try_from(beginning.len()).unwrap_or(u64::MAX)
        || shown < beginning.len()
    {
        writeln!(out, "  … {} more", Count::bytes(more))?;
    }
    Ok(())
}

/// The beginning of a body with secrets masked, up to where its text ends in the middle of a character.
fn shown_body(message: &HttpMessage, secrets: bool) -> Cow<'_, [u8]> {
    let beginning = &*message.body.beginning;
    match masked_text(beginning).filter(|_| !secrets) {
        Some(masked) => Cow::Owned(masked),
        None => Cow::Borrowed(beginning),
    }
}

/// How the lines of one side are marked.
struct Side {
    mark: &'static str,
    style: Style,
    options: HttpOptions,
}

impl Side {
    /// A line from the wire; what does not fit goes on below, further in.
    fn line(&self, out: &mut impl Write, bytes: &[u8]) -> io::Result<()> {
        let colors = self.options.colors;
        let mut rest = bytes;
        let mut indent = 0;
        loop {
            let columns = self.options.width.saturating_sub(MARGIN).saturating_sub(indent).max(20);
            let (line, next) = split_columns(rest, columns);
            let text = format!("{}{:indent$}{}", self.mark, "", Safe(line));
            writeln!(out, "{}", colors.paint(self.style, text.trim_end()))?;
            if next.is_empty() {
                return Ok(());
            }
            rest = next;
            indent = GOES_ON;
        }
    }

    /// A line of our own.
    fn note(&self, out: &mut impl Write, text: &str) -> io::Result<()> {
        for line in Wrapped::new(text, self.options.width.saturating_sub(MARGIN)) {
            let line = format!("{}{line}", self.mark);
            writeln!(out, "{}", self.options.colors.paint(Style::Dim, line))?;
        }
        Ok(())
    }
}
