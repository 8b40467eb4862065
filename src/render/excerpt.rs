//! The first lines of a payload or body, each behind a bar: text as it reads, or a hex dump.

use std::io::{self, Write};

use super::safe::{Safe, split_columns};
use crate::proto::judge;

/// Columns of the bar and the gap behind it.
const BAR: usize = 2;

/// Fewest columns of text in a line, however narrow the terminal.
const MIN_COLUMNS: usize = 20;

/// Bytes in a line of the hex dump: it fits 80 columns behind the gutter of a story.
const HEX_BYTES: usize = 12;

/// How an excerpt is laid out.
#[derive(Clone, Copy, Debug)]
pub(in crate::render) struct Excerpt {
    /// Columns before the bar.
    pub indent: usize,
    /// Most lines.
    pub lines: usize,
}

impl Excerpt {
    /// Text that ends before column `width`; how many bytes of it were shown.
    pub(in crate::render) fn text(
        self,
        out: &mut impl Write,
        bytes: &[u8],
        width: usize,
    ) -> io::Result<usize> {
        let columns = width.saturating_sub(self.indent.saturating_add(BAR)).max(MIN_COLUMNS);
        let mut rest = bytes;
        let mut lines = 0_usize;
        while !rest.is_empty() && lines < self.lines {
            let (line, next) = split_columns(rest, columns);
            writeln!(out, "{:indent$}│ {}", "", Safe(line), indent = self.indent)?;
            rest = next;
            lines = lines.saturating_add(1);
        }
        Ok(bytes.len().saturating_sub(rest.len()))
    }

    /// Text as it reads, anything else as a hex dump that fits 80 columns; how many bytes of it were shown.
    pub(in crate::render) fn any(
        self,
        out: &mut impl Write,
        bytes: &[u8],
        width: usize,
    ) -> io::Result<usize> {
        if judge(bytes).is_text() { self.text(out, bytes, width) } else { self.hex(out, bytes, HEX_BYTES) }
    }

    /// A hex dump with `row` bytes a line; how many bytes of it were shown.
    pub(in crate::render) fn hex(self, out: &mut impl Write, bytes: &[u8], row: usize) -> io::Result<usize> {
        for chunk in bytes.chunks(row).take(self.lines) {
            write!(out, "{:indent$}│ ", "", indent = self.indent)?;
            for byte in chunk {
                write!(out, "{byte:02x} ")?;
            }
            for _ in chunk.len()..row {
                out.write_all(b"   ")?;
            }
            for &byte in chunk {
                let readable = byte.is_ascii_graphic() || byte == b' ';
                out.write_all(&[if readable { byte } else { b'.' }])?;
            }
            writeln!(out)?;
        }
        Ok(bytes.len().min(self.lines.saturating_mul(row)))
    }
}
