//! Who asked whom, in order: an arrow for each query and each response.

use std::io::{self, Write};

use super::super::format::Elapsed;
use super::{below_resolvers, words};
use crate::dnstrace::{DnsTrace, Over, Step, StepOutcome};
use crate::source::PacketNumber;

/// Columns of a ladder.
const WIDTH: usize = 80;

/// Columns of the arrows, ends included.
const ARROW: usize = 40;

/// Packets of a query and its repeats that are named: there is little room on an arrow.
const NUMBERS: usize = 3;

/// Most columns that a nested resolution is moved to the right.
const MAX_INDENT: usize = 8;

/// Writes a ladder of at most 80 columns: the one who asks at the left, the server of the moment at the right.
///
/// # Errors
/// Those of `out`.
pub fn write_trace_ladder(out: &mut impl Write, trace: &DnsTrace) -> io::Result<()> {
    writeln!(out, "{:<ARROW$}  who is asked", "who asks")?;
    write_part(out, trace, 0)
}

fn write_part(out: &mut impl Write, trace: &DnsTrace, depth: usize) -> io::Result<()> {
    for (step, below) in trace.steps.iter().zip(below_resolvers(&trace.steps)) {
        let depth = depth.saturating_add(below);
        write_nested(out, &step.nested, depth)?;
        write_step(out, step, depth)?;
    }
    write_nested(out, &trace.fruitless, depth)?;
    line(out, depth, &words::ending(trace), "")
}

fn write_nested(out: &mut impl Write, nested: &[DnsTrace], depth: usize) -> io::Result<()> {
    for trace in nested {
        // When it was looked up, and what for, is not in a capture.
        let first = if words::is_captured(trace) { "" } else { "first, " };
        let what = format!("{first}the address of {}:", trace.asked.name);
        line(out, depth.saturating_add(1), &what, "")?;
        write_part(out, trace, depth.saturating_add(1))?;
    }
    Ok(())
}

fn write_step(out: &mut impl Write, step: &Step, depth: usize) -> io::Result<()> {
    let over = if step.over == Over::Tcp { " (TCP)" } else { "" };
    let asked = format!("{}{}{over}", numbers(&step.packets.queries), words::asked(&step.asked));
    arrow(out, depth, ('|', '>'), &asked, &words::server(&step.server))?;
    for ignored in &step.ignored {
        line(out, depth, &format!("| {}", words::ignored(ignored)), "")?;
    }
    let of = if step.is_of_resolver() { "" } else { "of " };
    let zone = format!("{of}{}", words::asked_as(step));
    if step.response.is_some() || step.packets.response.is_some() {
        let time = step.elapsed.map(|elapsed| Elapsed(elapsed).to_string()).unwrap_or_default();
        let response: Vec<PacketNumber> = step.packets.response.into_iter().collect();
        let brief = format!("{}{}", numbers(&response), brief(step));
        arrow(out, depth, ('<', '|'), &brief, &format!("{zone} {time}"))?;
    } else {
        line(out, depth, &format!("| {}", brief(step)), &zone)?;
    }
    Ok(())
}

/// `7, 9: `, the packets of a capture.
fn numbers(packets: &[PacketNumber]) -> String {
    let more = if packets.len() > NUMBERS { ", …" } else { "" };
    let numbers: Vec<String> = packets.iter().take(NUMBERS).map(ToString::to_string).collect();
    if numbers.is_empty() { String::new() } else { format!("{}{more}: ", numbers.join(", ")) }
}

/// The outcome in a word or two.
fn brief(step: &Step) -> String {
    match &step.outcome {
        StepOutcome::Referral(to) => format!("referral to {}", to.zone),
        StepOutcome::Answer { authoritative: false, .. } => "answer, not authoritative".to_owned(),
        StepOutcome::Alias { aliases, .. } => {
            aliases.last().map_or_else(String::new, |alias| format!("alias of {}", alias.to))
        }
        StepOutcome::NoData { .. } => "NODATA".to_owned(),
        StepOutcome::NxDomain { .. } => "NXDOMAIN".to_owned(),
        StepOutcome::Failed(2) => "SERVFAIL".to_owned(),
        StepOutcome::TimeOut if !step.packets.queries.is_empty() => "no response".to_owned(),
        outcome => outcome.word().replace('_', " "),
    }
}

/// `|---- label ---->|  beside`.
fn arrow(
    out: &mut impl Write,
    depth: usize,
    (left, right): (char, char),
    label: &str,
    beside: &str,
) -> io::Result<()> {
    let label = cut(label, ARROW.saturating_sub(8));
    let dashes = ARROW.saturating_sub(4).saturating_sub(label.chars().count());
    let before = dashes / 2;
    let after = dashes.saturating_sub(before);
    let (left, right) =
        if left == '<' { ("<".to_owned(), right.to_string()) } else { (left.to_string(), ">".to_owned()) };
    line(out, depth, &format!("{left}{} {label} {}{right}", "-".repeat(before), "-".repeat(after)), beside)
}

/// Text cut to some columns: names are printable ASCII, and no other character here takes two.
fn cut(text: &str, columns: usize) -> String {
    if text.chars().count() <= columns {
        return text.to_owned();
    }
    text.chars().take(columns.saturating_sub(1)).chain(['…']).collect()
}

fn line(out: &mut impl Write, depth: usize, text: &str, beside: &str) -> io::Result<()> {
    let indent = depth.saturating_mul(2).min(MAX_INDENT);
    let text = if beside.is_empty() {
        cut(text, WIDTH.saturating_sub(indent))
    } else {
        let room = WIDTH.saturating_sub(indent).saturating_sub(ARROW).saturating_sub(2);
        format!("{:<ARROW$}  {}", cut(text, ARROW), cut(beside, room))
    };
    writeln!(out, "{:indent$}{}", "", text.trim_end())
}
