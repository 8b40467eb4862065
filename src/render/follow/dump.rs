//! The hex dump of a turn: offset within what its side sent, bytes, characters.

use std::io::{self, Write};

use super::Side;

/// Bytes a row, and in a terminal too narrow for that.
const ROW: usize = 16;
const NARROW_ROW: usize = 8;

/// Columns of a row of [`ROW`] bytes: margin, offset, bytes, characters.
const ROW_COLUMNS: usize = 2 + 8 + 2 + ROW * 3 + 1 + ROW;

/// Writes `bytes`, the first of which is at `offset`.
pub(super) fn write<W: Write>(
    out: &mut W,
    bytes: &[u8],
    offset: u64,
    side: &Side,
    width: Option<usize>,
) -> io::Result<()> {
    let row = if width.is_some_and(|width| width < ROW_COLUMNS) { NARROW_ROW } else { ROW };
    let mut at = offset;
    for chunk in bytes.chunks(row) {
        write!(out, "{}{}{at:08x}  ", side.colors.start(side.style), side.mark)?;
        for byte in chunk {
            write!(out, "{byte:02x} ")?;
        }
        for _ in chunk.len()..row {
            out.write_all(b"   ")?;
        }
        out.write_all(b" ")?;
        for &byte in chunk {
            let readable = byte.is_ascii_graphic() || byte == b' ';
            out.write_all(&[if readable { byte } else { b'.' }])?;
        }
        writeln!(out, "{}", side.colors.end())?;
        at = at.saturating_add(u64::try_from(chunk.len()).unwrap_or(u64::MAX));
    }
    Ok(())
}
