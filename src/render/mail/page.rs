//! Lines of a mail's page: our own words wrapped at spaces, text from the wire through [`super::super::safe`].

use std::io::{self, Write};

use super::MailOptions;
use crate::render::color::Style;
use crate::render::format::Count;
use crate::render::safe::{Safe, split_columns};
use crate::render::wrap::Wrapped;

/// What goes on in the next row begins so many columns further.
const GOES_ON: usize = 4;

/// Bytes of a line that somebody said that are shown without `--full`: the longest that RFC 5321 allows, section 4.5.3.1.5.
const LINE: usize = 512;

/// Fewest columns of a row, however deep it stands.
const MIN_COLUMNS: usize = 20;

/// Where lines go.
pub(super) struct Page<'o, W> {
    pub(super) out: &'o mut W,
    pub(super) options: MailOptions,
}

impl<'o, W: Write> Page<'o, W> {
    pub(super) fn new(out: &'o mut W, options: MailOptions) -> Self {
        Self { out, options }
    }

    /// A heading within a mail.
    pub(super) fn heading(&mut self, text: &str) -> io::Result<()> {
        self.text(2, Style::Bold, text)
    }

    /// Our own words.
    pub(super) fn text(&mut self, indent: usize, style: Style, text: &str) -> io::Result<()> {
        let columns = self.columns(indent.saturating_add(2));
        let mut further = 0;
        for line in Wrapped::new(text, columns) {
            let line = self.options.colors.paint(style, line);
            writeln!(self.out, "{:indent$}{:further$}{line}", "", "")?;
            further = 2;
        }
        Ok(())
    }

    /// Our own words behind a mark that hangs.
    pub(super) fn item(&mut self, indent: usize, style: Style, mark: &str, text: &str) -> io::Result<()> {
        let mark_width = mark.chars().count();
        let columns = self.columns(indent.saturating_add(mark_width));
        let mut mark = self.options.colors.paint(style, mark).to_string();
        for line in Wrapped::new(text, columns) {
            writeln!(self.out, "{:indent$}{mark}{line}", "")?;
            mark = " ".repeat(mark_width);
        }
        Ok(())
    }

    /// Text from the wire behind words of our own; what does not fit goes on below.
    pub(super) fn wire(&mut self, indent: usize, style: Style, lead: &str, bytes: &[u8]) -> io::Result<()> {
        let lead_width = lead.chars().count();
        let mut rest = bytes;
        let mut columns = self.columns(indent.saturating_add(lead_width));
        let mut before = format!("{:indent$}{lead}", "");
        loop {
            let (line, next) = split_columns(rest, columns);
            let text = format!("{before}{}", Safe(line));
            writeln!(self.out, "{}", self.options.colors.paint(style, text.trim_end()))?;
            if next.is_empty() {
                return Ok(());
            }
            rest = next;
            let further = indent.saturating_add(GOES_ON);
            before = " ".repeat(further);
            columns = self.columns(further);
        }
    }

    /// The same of a line that somebody said: without `--full` the first [`LINE`] bytes of it, and how many there are more.
    pub(super) fn said(&mut self, indent: usize, style: Style, lead: &str, line: &[u8]) -> io::Result<()> {
        let most = if self.options.full { usize::MAX } else { LINE };
        let Some((first, rest)) = line.split_at_checked(most) else {
            return self.wire(indent, style, lead, line);
        };
        self.wire(indent, style, lead, first)?;
        if rest.is_empty() {
            return Ok(());
        }
        let rest = Count::bytes(u64::try_from(rest.len()).unwrap_or(u64::MAX));
        let text = format!("… {rest} more (--full shows them)");
        self.text(indent.saturating_add(GOES_ON), Style::Dim, &text)
    }

    fn columns(&self, taken: usize) -> usize {
        self.options.width.saturating_sub(taken).max(MIN_COLUMNS)
    }
}
