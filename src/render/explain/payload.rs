//! The payload of a turn: text as it reads, anything else as a hex dump; long ones folded.

use std::borrow::Cow;
use std::io::{self, Write};

use super::super::format::Count;
use super::super::safe::{Safe, split_columns};
use super::{ExplainOptions, http, tls};
use crate::flow::Turn;
use crate::proto::judge;
use crate::report::secret::Masker;

/// Lines of text or hex shown of a payload that is folded.
const FOLDED_LINES: usize = 8;
/// Bytes in a line of the hex dump: it fits 80 columns behind the gutter.
const HEX_BYTES: usize = 12;

/// Writes the payload of `turn` under its line, behind `indent` columns; `masker` has seen the turns before.
pub(super) fn write(
    out: &mut impl Write,
    turn: &Turn,
    indent: usize,
    masker: &mut Masker,
    options: ExplainOptions,
) -> io::Result<()> {
    let limit = if options.full { usize::MAX } else { FOLDED_LINES };
    // Records of TLS are told in words; their bytes tell a reader nothing more.
    if !options.full && tls::is_spoken(turn) {
        return Ok(());
    }
    let readable = http::readable(turn);
    let bytes = match options.secrets {
        true => Cow::Borrowed(&*readable),
        false => masker.mask(turn.direction, &readable),
    };
    let shown = if judge(&bytes).is_text() {
        text(out, &bytes, indent, limit, options)?
    } else {
        hex(out, &bytes, indent, limit)?
    };
    let folded = u64::try_from(bytes.len()).unwrap_or(u64::MAX).saturating_sub(shown);
    let kept = u64::try_from(turn.bytes.len()).unwrap_or(u64::MAX);
    if folded > 0 {
        writeln!(out, "{:indent$}… {} more (--full shows them)", "", Count::bytes(folded))?;
    }
    let lost = turn.total.saturating_sub(kept);
    if lost > 0 {
        writeln!(out, "{:indent$}… {} more that were not kept", "", Count::bytes(lost))?;
    }
    Ok(())
}

/// Text, a line a line; gives how many bytes of the payload were shown.
fn text(
    out: &mut impl Write,
    bytes: &[u8],
    indent: usize,
    limit: usize,
    options: ExplainOptions,
) -> io::Result<u64> {
    let columns = options.width.saturating_sub(indent.saturating_add(2)).max(20);
    let mut shown = 0_u64;
    let mut rest = bytes;
    let mut lines = 0_usize;
    while !rest.is_empty() && lines < limit {
        let (line, next) = split_columns(rest, columns);
        writeln!(out, "{:indent$}│ {}", "", Safe(line))?;
        shown =
            shown.saturating_add(u64::try_from(rest.len().saturating_sub(next.len())).unwrap_or(u64::MAX));
        rest = next;
        lines = lines.saturating_add(1);
    }
    Ok(shown)
}

/// A hex dump; gives how many bytes of the payload were shown.
fn hex(out: &mut impl Write, bytes: &[u8], indent: usize, limit: usize) -> io::Result<u64> {
    let mut shown = 0_u64;
    for chunk in bytes.chunks(HEX_BYTES).take(limit) {
        write!(out, "{:indent$}│ ", "")?;
        for byte in chunk {
            write!(out, "{byte:02x} ")?;
        }
        for _ in chunk.len()..HEX_BYTES {
            out.write_all(b"   ")?;
        }
        for &byte in chunk {
            let readable = byte.is_ascii_graphic() || byte == b' ';
            out.write_all(&[if readable { byte } else { b'.' }])?;
        }
        writeln!(out)?;
        shown = shown.saturating_add(u64::try_from(chunk.len()).unwrap_or(u64::MAX));
    }
    Ok(shown)
}
