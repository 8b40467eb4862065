//! DNS traces: each step as dig prints it with its outcome in words, as `dig +trace` prints it, as a ladder, as JSON.

mod chain;
mod dig;
mod json;
mod ladder;
mod rebuilt;
#[cfg(test)]
mod tests;
mod words;

use std::io::{self, Write};

pub use chain::write_chain;
pub use dig::write_trace_dig;
pub(super) use json::{LinkJson, TraceJson};
pub use json::{TRACE_SCHEMA, write_trace_json};
pub use ladder::write_trace_ladder;
pub use rebuilt::{TRACES_SCHEMA, write_rebuilt, write_rebuilt_json, write_rebuilt_ladders};

use super::color::{Colors, Style};
use super::format::Count;
use super::wrap::Wrapped;
use crate::dnstrace::dnssec::Link;
use crate::dnstrace::{DnsTrace, Ending, Step, StepOutcome};
use crate::proto::dns::{OPT, Section};

/// Columns that a resolution within another is moved to the right by.
const INDENT: usize = 4;

/// Resolvers that wait for one another, at most, whose questions are moved to the right: a stub, a forwarder, a recursive one.
const MAX_WAITING: usize = 4;

/// Columns that sentences have at least, however deep they stand.
const MIN_COLUMNS: usize = 40;

/// How to print.
#[derive(Clone, Copy, Debug)]
pub struct TraceStyle {
    /// Styles or none.
    pub colors: Colors,
    /// Columns that sentences fill, at least 40. Records take what they need.
    pub width: usize,
}

/// What the check of signatures asked for, and what it found.
#[derive(Clone, Copy, Debug)]
pub struct Checked<'a> {
    /// Questions for the keys of the zones on the way.
    pub keys: &'a [Step],
    /// What each zone is worth.
    pub chain: &'a [Link],
}

/// Writes each step: whom it asked for what, the records in dig's form, dig's closing line, and the outcome in words.
///
/// # Errors
/// Those of `out`.
pub fn write_trace(out: &mut impl Write, trace: &DnsTrace, style: TraceStyle) -> io::Result<()> {
    write_part(out, trace, style, "", 0)?;
    write_total(out, queries(trace), style)
}

/// The same, the questions for keys behind the steps, and what each zone is worth.
///
/// # Errors
/// Those of `out`.
pub fn write_checked_trace(
    out: &mut impl Write,
    trace: &DnsTrace,
    checked: Checked<'_>,
    style: TraceStyle,
) -> io::Result<()> {
    write_part(out, trace, style, "", 0)?;
    let writer = Comments { style, indent: String::new() };
    if !checked.keys.is_empty() {
        writeln!(out)?;
        writer.comment(out, "The keys of the zones on the way, to check signatures with:", Style::Bold)?;
    }
    for (number, step) in (trace.steps.len().saturating_add(1)..).zip(checked.keys) {
        write_step(out, step, &writer, &number.to_string())?;
    }
    let of_keys = checked.keys.iter().map(|step| u64::from(step.sent));
    write_total(out, of_keys.fold(queries(trace), u64::saturating_add), style)?;
    write_chain(out, checked.chain, style)
}

fn write_total(out: &mut impl Write, queries: u64, style: TraceStyle) -> io::Result<()> {
    let queries = Count::new(queries, "query", "queries");
    Comments { style, indent: String::new() }.comment(out, &format!("{queries} in all"), Style::Dim)
}

/// Writes a trace whose steps are numbered behind `number`, so deep inside others.
fn write_part(
    out: &mut impl Write,
    trace: &DnsTrace,
    style: TraceStyle,
    number: &str,
    depth: usize,
) -> io::Result<()> {
    let writer = Comments { style, indent: " ".repeat(depth.saturating_mul(INDENT)) };
    if let Some(start) = words::start(trace) {
        writer.comment(out, &start, Style::Dim)?;
    }
    let mut before: Option<(usize, &Step)> = None;
    for ((place, step), below) in (1_usize..).zip(&trace.steps).zip(below_resolvers(&trace.steps)) {
        let number = format!("{number}{place}");
        let depth = depth.saturating_add(below);
        let writer = Comments { style, indent: " ".repeat(depth.saturating_mul(INDENT)) };
        if let Some((_, resolver)) = before.filter(|(above, _)| *above < below) {
            writer.comment(out, &words::asked_meanwhile(resolver), Style::Dim)?;
        }
        write_nested(out, &step.nested, style, &number, depth)?;
        write_step(out, step, &writer, &number)?;
        before = Some((below, step));
    }
    let next = trace.steps.len().saturating_add(1);
    write_nested(out, &trace.fruitless, style, &format!("{number}{next}"), depth)?;
    writer.comment(out, &words::ending(trace), ending_style(&trace.ending))
}

/// Of each step, below how many resolvers it stands that were asked before it and have not answered: a capture may have also
/// what those ask.
fn below_resolvers(steps: &[Step]) -> Vec<usize> {
    let mut waiting: Vec<&Step> = Vec::new();
    let below = steps.iter().map(|step| {
        let first = step.packets.queries.first();
        waiting.retain(|resolver| first.is_some() && first < resolver.packets.response.as_ref());
        let count = waiting.len();
        if step.is_of_resolver() && count < MAX_WAITING {
            waiting.push(step);
        }
        count
    });
    below.collect()
}

/// Queries that were sent, those of nested resolutions counted.
fn queries(trace: &DnsTrace) -> u64 {
    let nested = trace.steps.iter().flat_map(|step| &step.nested).chain(&trace.fruitless);
    let own: u64 = trace.steps.iter().map(|step| u64::from(step.sent)).sum();
    nested.map(queries).fold(own, u64::saturating_add)
}

fn write_nested(
    out: &mut impl Write,
    nested: &[DnsTrace],
    style: TraceStyle,
    number: &str,
    depth: usize,
) -> io::Result<()> {
    let writer = Comments { style, indent: " ".repeat(depth.saturating_add(1).saturating_mul(INDENT)) };
    for (letter, trace) in ('a'..='z').cycle().zip(nested) {
        let heading = format!("{number}{letter}. {}", words::look_up(trace));
        writer.comment(out, &heading, Style::Bold)?;
        write_part(out, trace, style, &format!("{number}{letter}."), depth.saturating_add(1))?;
        writeln!(out)?;
    }
    Ok(())
}

/// Sentences behind `;;`.
struct Comments {
    style: TraceStyle,
    indent: String,
}

impl Comments {
    fn comment(&self, out: &mut impl Write, text: &str, style: Style) -> io::Result<()> {
        let columns = self.style.width.saturating_sub(self.indent.len()).saturating_sub(3).max(MIN_COLUMNS);
        for line in Wrapped::new(text, columns) {
            writeln!(out, "{};; {}", self.indent, self.style.colors.paint(style, line))?;
        }
        Ok(())
    }

    /// Lines that were written into memory.
    fn lines(&self, out: &mut impl Write, text: &[u8]) -> io::Result<()> {
        for line in text.split_inclusive(|&byte| byte == b'\n') {
            out.write_all(self.indent.as_bytes())?;
            out.write_all(line)?;
        }
        Ok(())
    }
}

fn write_step(out: &mut impl Write, step: &Step, writer: &Comments, number: &str) -> io::Result<()> {
    writer.comment(out, &format!("{number}. {}", words::heading(step)), Style::Bold)?;
    let packets: Vec<u64> = step.packets.queries.iter().copied().chain(step.packets.response).collect();
    if !packets.is_empty() {
        let noun = if packets.len() == 1 { "packet" } else { "packets" };
        let packets: Vec<String> = packets.iter().map(u64::to_string).collect();
        writer.comment(out, &format!("{noun} {}", packets.join(", ")), Style::Dim)?;
    }
    if let Some(message) = step.message() {
        let mut text = Vec::new();
        for section in [Section::Answer, Section::Authority] {
            dig::write_section(&mut text, &message, section)?;
        }
        let mut glue = message.section(Section::Additional).filter(|record| record.kind != OPT).peekable();
        if glue.peek().is_some() {
            writeln!(text, ";; additional, glue among it:")?;
            glue.try_for_each(|record| dig::write_record(&mut text, record))?;
        }
        dig::received(&mut text, step)?;
        writer.lines(out, &text)?;
    } else if let Some(text) = words::not_kept(step) {
        writer.comment(out, &text, Style::Yellow)?;
    }
    for ignored in &step.ignored {
        writer.comment(out, &words::ignored(ignored), Style::Yellow)?;
    }
    writer.comment(out, &words::outcome(step), outcome_style(&step.outcome))?;
    writeln!(out)
}

const fn outcome_style(outcome: &StepOutcome) -> Style {
    match outcome {
        StepOutcome::Answer { .. } => Style::Green,
        StepOutcome::Alias { .. } | StepOutcome::Referral(_) | StepOutcome::NoData { .. } => Style::Cyan,
        StepOutcome::NxDomain { .. } | StepOutcome::Truncated => Style::Yellow,
        _ => Style::Red,
    }
}

const fn ending_style(ending: &Ending) -> Style {
    match ending {
        Ending::Answer => Style::Green,
        Ending::NoData | Ending::NxDomain => Style::Yellow,
        _ => Style::Red,
    }
}
