//! What hosts do beside their conversations, behind the stories of flows: addresses, leases, pings, routes, fragments.

pub(super) mod dhcp;
mod fragments;
mod ping;
mod resolve;
mod traceroute;

use std::io::{self, Write};

use super::super::color::Style;
use super::super::format::Count;
use super::super::wrap::Wrapped;
use super::{ExplainOptions, note};
use crate::flow::PacketStamp;
use crate::report::lan::Lan;
use crate::source::PacketNumber;

/// Lines of one kind that are shown where not all are asked for: more of them are a list that nobody reads.
const FOLDED_LINES: usize = 12;

/// Columns of packet number and indentation before a line.
const INDENT: usize = 9;

/// Everything that there is to tell of `lan`, a section each.
///
/// # Errors
/// Those of `out`.
pub fn lan(out: &mut impl Write, lan: &Lan, options: ExplainOptions) -> io::Result<()> {
    let mut page = Page { out, options };
    resolve::arp(&mut page, lan)?;
    resolve::neighbours(&mut page, lan)?;
    dhcp::write(&mut page, &lan.dhcp)?;
    ping::write(&mut page, &lan.pings)?;
    traceroute::write(&mut page, &lan.traces)?;
    fragments::write(&mut page, &lan.fragments)?;
    if lan.left_out > 0 {
        let text = format!(
            "{} of these kinds not looked at: there were more than are kept.",
            Count::new(lan.left_out, "packet was", "packets were")
        );
        page.gap()?;
        note(page.out, &text, options)?;
    }
    Ok(())
}

/// Where sections are written.
pub(super) struct Page<'o, W> {
    pub(super) out: &'o mut W,
    pub(super) options: ExplainOptions,
}

impl<W: Write> Page<'_, W> {
    fn gap(&mut self) -> io::Result<()> {
        writeln!(self.out)
    }

    pub(super) fn heading(&mut self, title: &str) -> io::Result<()> {
        writeln!(self.out, "\n{}", self.options.colors.paint(Style::Bold, title))
    }

    /// A line that begins with the packet that it is about.
    pub(super) fn line(&mut self, at: PacketNumber, style: Option<Style>, text: &str) -> io::Result<()> {
        let number = format!("{at:>7}");
        write!(self.out, "{}  ", self.options.colors.paint(Style::Dim, &number))?;
        self.wrapped(text, style, number.len().saturating_add(2))
    }

    /// A line below another.
    pub(super) fn more(&mut self, text: &str) -> io::Result<()> {
        write!(self.out, "{:INDENT$}", "")?;
        self.wrapped(text, None, INDENT)
    }

    /// A row of a table below another line: it keeps its spaces.
    fn more_as_is(&mut self, row: &str) -> io::Result<()> {
        writeln!(self.out, "{:INDENT$}{}", "", row.trim_end())
    }

    /// A text, the first line of which has its indentation already.
    fn wrapped(&mut self, text: &str, style: Option<Style>, indent: usize) -> io::Result<()> {
        let columns = self.options.width.saturating_sub(indent).max(20);
        for (place, line) in Wrapped::new(text, columns).enumerate() {
            if place > 0 {
                write!(self.out, "{:indent$}", "")?;
            }
            match style {
                Some(style) => writeln!(self.out, "{}", self.options.colors.paint(style, line))?,
                None => writeln!(self.out, "{line}")?,
            }
        }
        Ok(())
    }

    /// How many of a list of so many are not shown: never one, which the line that says so would replace.
    fn hides(&self, all: usize) -> usize {
        match all.saturating_sub(FOLDED_LINES) {
            _ if self.options.full => 0,
            1 => 0,
            hidden => hidden,
        }
    }

    /// The items that are to be shown of a list.
    pub(super) fn shown<'l, T>(&self, list: &'l [T]) -> &'l [T] {
        if self.hides(list.len()) == 0 { list } else { list.get(..FOLDED_LINES).unwrap_or(list) }
    }

    /// Says how many of `all` were not shown.
    pub(super) fn folded(&mut self, all: usize, one: &'static str, many: &'static str) -> io::Result<()> {
        let hidden = self.hides(all);
        if hidden == 0 {
            return Ok(());
        }
        let count = Count::new(u64::try_from(hidden).unwrap_or(u64::MAX), one, many);
        writeln!(self.out, "{:INDENT$}… {count} (--full shows them)", "")
    }
}

/// `packet 3`, `packets 3 to 9`.
fn packets(first: PacketStamp, last: PacketStamp) -> String {
    if first.number == last.number {
        format!("packet {}", first.number)
    } else {
        format!("packets {} to {}", first.number, last.number)
    }
}

/// `once`, `twice`, `3 times`.
pub(super) fn times(count: u64) -> String {
    match count {
        1 => "once".to_owned(),
        2 => "twice".to_owned(),
        more => format!("{more} times"),
    }
}

/// Seconds of a lease or lifetime; all ones stand for ever.
pub(super) fn span(seconds: u32) -> String {
    use super::super::format::Elapsed;
    use crate::time::{NANOS_PER_SECOND, TimeDelta};
    if seconds == u32::MAX {
        return "ever".to_owned();
    }
    Elapsed(TimeDelta::from_nanos(i128::from(seconds) * NANOS_PER_SECOND)).to_string()
}
