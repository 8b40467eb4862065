//! `follow`: what both sides of a flow said, in turns, as text, as a hex dump, or as the bytes themselves.
//!
//! ```text
//! tcp:0  127.0.0.1:40000 → 127.0.0.1:12000
//!
//! → packet 4, 0.000120, 6 bytes
//! → hello
//! ← packet 6, 80 µs later, 6 bytes
//! ← HELLO
//! ```

mod dump;
mod footer;

use std::io::{self, Write};

use super::color::{Colors, Style};
use super::format::{Bytes, Count, Elapsed, Seconds};
use super::safe::{Safe, split_columns};
use super::wrap::write_head;
use crate::flow::{Direction, Flow, Turn};
use crate::proto::judge;

/// Columns of the mark in the margin.
const MARGIN: usize = 2;

/// Stands there instead in a row that goes on with the line above.
const GOES_ON: &str = "  ";

/// How to show a stream.
#[derive(Clone, Copy, Debug)]
pub struct FollowOptions {
    /// Styles or none.
    pub colors: Colors,
    /// Columns of the terminal; `None` where lines may be as long as they are.
    pub width: Option<usize>,
    /// Every turn as a hex dump; else those that do not read as text.
    pub hex: bool,
    /// Only what this side sent.
    pub only: Option<Direction>,
}

/// Writes one stream as a person reads it.
///
/// # Errors
/// Those of `out`.
pub fn stream<W: Write>(out: &mut W, flow: &Flow, options: &FollowOptions) -> io::Result<()> {
    let colors = options.colors;
    let [id, orig, resp] = [flow.id.to_string(), flow.tuple.orig.to_string(), flow.tuple.resp.to_string()];
    let first = [(Some(Style::Bold), id.as_str()), (None, "  "), (Some(Style::Cyan), &orig)];
    let second = [(None, "→ "), (Some(Style::Magenta), resp.as_str())];
    write_head(out, colors, options.width, (&first, &second), id.len().saturating_add(2))?;
    let talk = flow.conversation.as_deref();
    let turns = talk.map(|talk| talk.turns.as_slice()).unwrap_or_default();
    let mut before = None;
    let mut offsets = [0_u64; 2];
    for turn in turns {
        let [orig, resp] = &mut offsets;
        let offset = if turn.direction == Direction::OrigToResp { orig } else { resp };
        if options.only.is_none_or(|only| only == turn.direction) {
            let side = Side::new(turn.direction, colors);
            gap(out, turn.gap_before, "missing in the capture", &side)?;
            heading(out, flow, turn, before, &side, options)?;
            *offset = offset.saturating_add(turn.gap_before);
            if options.hex || !judge(&turn.bytes).is_text() {
                dump::write(out, &turn.bytes, *offset, &side, options.width)?;
            } else {
                text(out, &turn.bytes, &side, options.width)?;
            }
            let kept = u64::try_from(turn.bytes.len()).unwrap_or(u64::MAX);
            let all_kept = talk.is_none_or(|talk| talk.side(turn.direction).not_kept_bytes == 0);
            let cut =
                if all_kept { "cut off by the capture" } else { "not kept here, or cut off by the capture" };
            gap(out, turn.total.saturating_sub(kept), cut, &side)?;
        }
        *offset = offset.saturating_add(turn.total);
        before = Some(turn);
    }
    talk.map_or(Ok(()), |talk| footer::write(out, talk, options))
}

/// A flow to choose from, in a line, or in two where `width` is too small: its number, its ends, the bytes of its payload.
#[must_use]
pub fn choice(flow: &Flow, width: usize) -> String {
    let bytes = flow.orig.payload_bytes.saturating_add(flow.resp.payload_bytes);
    let first = format!("  {:<7}  {}", flow.id.to_string(), flow.tuple.orig);
    let second = format!("→ {}  {}", flow.tuple.resp, Bytes(bytes));
    let [first, second] = [first.as_str(), second.as_str()].map(|text| [(None, text)]);
    let mut line = Vec::new();
    // Writing into memory does not fail.
    let _ = write_head(&mut line, Colors::OFF, Some(width), (&first, &second), 11);
    String::from_utf8_lossy(&line).into_owned()
}

/// Writes the bytes of one stream and nothing else; gives how many are missing in the capture.
///
/// # Errors
/// Those of `out`.
pub fn raw<W: Write>(out: &mut W, flow: &Flow, only: Option<Direction>) -> io::Result<u64> {
    let Some(talk) = flow.conversation.as_deref() else { return Ok(0) };
    for turn in talk.turns.iter().filter(|turn| only.is_none_or(|only| only == turn.direction)) {
        out.write_all(&turn.bytes)?;
    }
    Ok(talk.count(only, |side| side.missing_bytes))
}

/// How the lines of one side are marked.
struct Side {
    mark: &'static str,
    style: Style,
    colors: Colors,
}

impl Side {
    const fn new(direction: Direction, colors: Colors) -> Self {
        let (mark, style) = match direction {
            Direction::OrigToResp => ("→ ", Style::Cyan),
            Direction::RespToOrig => ("← ", Style::Magenta),
        };
        Self { mark, style, colors }
    }
}

/// The line over a turn: its packets, when, how much.
fn heading<W: Write>(
    out: &mut W,
    flow: &Flow,
    turn: &Turn,
    before: Option<&Turn>,
    side: &Side,
    options: &FollowOptions,
) -> io::Result<()> {
    let packets = match turn.packet_count {
        1 => format!("packet {}", turn.first.number),
        count => format!("{} {} to {}", Count::packets(count), turn.first.number, turn.last.number),
    };
    let when = match before {
        Some(before) => turn.first.since(before.last).map(|since| {
            if since.as_nanos() < 0 { String::new() } else { format!(", {} later", Elapsed(since)) }
        }),
        None => turn.first.since(flow.first).map(|since| format!(", at {} s", Seconds(since))),
    };
    let line = format!("{}{packets}{}, {}", side.mark, when.unwrap_or_default(), Count::bytes(turn.total));
    writeln!(out, "\n{}", options.colors.paint(Style::Dim, line))
}

/// The text of a turn, a line a line. What goes on in the next row because it does not fit has no mark.
fn text<W: Write>(out: &mut W, bytes: &[u8], side: &Side, width: Option<usize>) -> io::Result<()> {
    let columns = width.map_or(usize::MAX, |width| width.saturating_sub(MARGIN).max(1));
    let mut rest = bytes;
    let mut mark = side.mark;
    while !rest.is_empty() {
        let (line, next) = split_columns(rest, columns);
        writeln!(out, "{}", side.colors.paint(side.style, format_args!("{mark}{}", Safe(line))))?;
        let line_ended = line.len().saturating_add(next.len()) < rest.len();
        mark = if line_ended { side.mark } else { GOES_ON };
        rest = next;
    }
    Ok(())
}

/// A line where bytes of a side are missing.
fn gap<W: Write>(out: &mut W, len: u64, what: &str, side: &Side) -> io::Result<()> {
    if len == 0 {
        return Ok(());
    }
    let line = format!("! {}{} {what}", side.mark, Count::bytes(len));
    writeln!(out, "\n{}", side.colors.paint(Style::Yellow, line))
}

#[cfg(test)]
mod tests;
