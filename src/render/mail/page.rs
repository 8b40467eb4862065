//! Lines of a mail's page: our own words wrapped at spaces, text from the wire through [`super::super::safe`].

use std::io::{self, Write};

use super::MailOptions;
use crate::render::color::Style;
use crate::render::safe::{Safe, split_columns};
use crate::render::wrap::Wrapped;

/// What goes on in the next row begins so many columns further.
const GOES_ON: usize = 4;

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

    fn columns(&self, taken: usize) -> usize {
        self.options.width.saturating_sub(taken).max(MIN_COLUMNS)
    }
}
