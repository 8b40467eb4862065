//! A trace as `dig +trace` prints it (version 9.18), and records in dig's columns.

use std::collections::HashMap;
use std::io::{self, Write};

use super::super::dns::record_cells;
use super::words;
use crate::dnstrace::{DnsTrace, Domain, Ending, Server, Step, StepOutcome};
use crate::proto::dns::{Message, Record, Section};

/// Columns that time to live, class, type and data begin in.
const COLUMNS: [usize; 4] = [24, 32, 40, 48];

/// Columns of a tab.
const TAB: usize = 8;

/// Characters of a key, a digest or a signature between two spaces.
const CHUNK: usize = 56;

/// Types whose data ends in a key, a digest or a signature, which dig divides: CERT, DS, SSHFP, IPSECKEY, RRSIG, DNSKEY,
/// DHCID, TLSA, SMIMEA, CDS, CDNSKEY, OPENPGPKEY.
const DIVIDED: [u16; 12] = [37, 43, 44, 45, 46, 48, 49, 52, 53, 59, 60, 61];

const NS: u16 = 2;
const RRSIG: u16 = 46;

/// Writes what `dig +trace` prints, without its banner: each response up to the first with an answer, or that ends the
/// way, and that nobody is left to ask, where that ends it. What dig does unseen is left out: nested look-ups, and
/// truncated responses.
///
/// # Errors
/// Those of `out`.
pub fn write_trace_dig(out: &mut impl Write, trace: &DnsTrace) -> io::Result<()> {
    let nested = trace.steps.iter().flat_map(|step| &step.nested).chain(&trace.fruitless);
    let look_ups = look_ups(nested);
    for (place, step) in trace.steps.iter().enumerate() {
        let before = trace.steps.get(..place).unwrap_or_default();
        let is_last = place.saturating_add(1) == trace.steps.len();
        write_step(out, step, &look_ups, (before, is_last))?;
        // The first question is for the root's servers, whatever is wanted.
        if !is_last && step.recursion_desired && place == 0 {
            continue;
        }
        let ends = matches!(
            step.outcome,
            StepOutcome::Answer { .. }
                | StepOutcome::Alias { .. }
                | StepOutcome::AliasLoop(_)
                | StepOutcome::NoData { .. }
                | StepOutcome::NxDomain { .. }
        );
        if ends && step.asked.name == trace.asked.name && step.asked.kind == trace.asked.kind {
            break;
        }
    }
    Ok(())
}

fn write_step(
    out: &mut impl Write,
    step: &Step,
    look_ups: &LookUps<'_>,
    (before, is_last): (&[Step], bool),
) -> io::Result<()> {
    let server = &step.server;
    let address = format!("{}#{}", server.address.ip(), server.address.port());
    match (&step.outcome, step.message()) {
        // With +ignore dig takes it as it is.
        (StepOutcome::Truncated, _) if !(is_last && words::is_of_capture(step)) => Ok(()),
        (outcome, None) => {
            if let Some(text) = words::not_kept(step) {
                writeln!(out, ";; {text}")?;
                received(out, step)?;
                return writeln!(out);
            }
            if matches!(outcome, StepOutcome::TimeOut) && !is_waited_for(step, before) {
                return writeln!(out, ";; (no response in this capture)");
            }
            let why = match outcome {
                StepOutcome::TimeOut | StepOutcome::Mismatch => "timed out",
                _ => "connection refused",
            };
            writeln!(out, ";; communications error to {address}: {why}")?;
            if is_last { writeln!(out, ";; no servers could be reached") } else { Ok(()) }
        }
        (outcome, Some(message)) => {
            match outcome {
                StepOutcome::SidewaysReferral(_) => writeln!(out, ";; BAD (HORIZONTAL) REFERRAL")?,
                StepOutcome::Lame { refers_to: Some(_) } => writeln!(out, ";; BAD (HORIZONTAL) REFERRAL")?,
                StepOutcome::BadReferral(_) => writeln!(out, ";; BAD REFERRAL")?,
                _ => {}
            }
            for section in [Section::Answer, Section::Authority] {
                write_section(out, &message, section)?;
            }
            let is_over = not_found(out, &message, look_ups)?;
            if let Some(name) = is_over.filter(|_| is_last) {
                return writeln!(out, "dig: couldn't get address for '{:#}': no more", name.name());
            }
            received(out, step)?;
            writeln!(out)
        }
    }
}

/// Whether nothing came in time, as far as is known: live; in a capture by what came after, or since the same was asked before
/// in vain, and whoever asked went on. The last try of several may be cut short by the end of the file; a first one is not
/// believed to have been waited for.
fn is_waited_for(step: &Step, before: &[Step]) -> bool {
    let is_in_vain = |other: &Step| {
        let is_same = other.asked == step.asked && other.zone == step.zone;
        is_same && other.size.is_none() && other.elapsed.is_some()
    };
    let is_again = || before.iter().any(is_in_vain);
    !words::is_of_capture(step) || step.elapsed.is_some() || step.sent > 1 || is_again()
}

/// What was looked up for the addresses of servers: whether anything gave an address, and whether all said that there is none.
type LookUps<'t> = HashMap<&'t Domain, (bool, bool)>;

/// Look-ups that dig does or would do: it has them from a stub resolver. In a capture a resolver behind that may go on with
/// the same.
fn look_ups<'t>(nested: impl Iterator<Item = &'t DnsTrace>) -> LookUps<'t> {
    let mut found = LookUps::new();
    for one in nested {
        let (is_found, is_nothing) = match one.steps.first() {
            Some(first) if first.recursion_desired => (
                matches!(first.outcome, StepOutcome::Answer { .. }),
                matches!(first.outcome, StepOutcome::NxDomain { .. } | StepOutcome::NoData { .. }),
            ),
            _ if words::is_captured(one) => continue,
            _ => (one.ending == Ending::Answer, matches!(one.ending, Ending::NxDomain | Ending::NoData)),
        };
        let (any, all) = found.entry(&one.asked.name).or_insert((false, true));
        *any |= is_found;
        *all &= is_nothing;
    }
    found
}

/// Names the servers that dig found no address of, as it does before the closing line. Gives the last, where it found none
/// of any.
fn not_found(
    out: &mut impl Write,
    message: &Message<'_>,
    look_ups: &LookUps<'_>,
) -> io::Result<Option<Domain>> {
    let servers =
        message.records.iter().filter(|record| record.kind == NS && record.section != Section::Additional);
    let (mut last, mut is_over) = (None, true);
    for name in servers.filter_map(|record| Domain::of(&record.name_at(0))) {
        match look_ups.get(&name) {
            Some((false, is_nothing)) => {
                let why = if *is_nothing { "not found" } else { "failure" };
                writeln!(out, "couldn't get address for '{:#}': {why}", name.name())?;
            }
            _ => is_over = false,
        }
        last = Some(name);
    }
    Ok(last.filter(|_| is_over))
}

/// dig's closing line.
pub(super) fn received(out: &mut impl Write, step: &Step) -> io::Result<()> {
    let Server { name, address, .. } = &step.server;
    let name = name.as_ref().map_or_else(|| address.ip().to_string(), |name| format!("{:#}", name.name()));
    let size = step.size.unwrap_or_default();
    write!(out, ";; Received {size} bytes from {}#{}({name})", address.ip(), address.port())?;
    match step.elapsed {
        Some(elapsed) => writeln!(out, " in {} ms", elapsed.as_nanos() / 1_000_000),
        None => writeln!(out),
    }
}

/// Writes the records of a section as dig does: those of one name together, in the order of their first ones, and
/// of those the ones of a type.
pub(super) fn write_section(out: &mut impl Write, message: &Message<'_>, section: Section) -> io::Result<()> {
    let records: Vec<&Record<'_>> = message.section(section).collect();
    // Where each record's name and set come first: a message of 64 KB has some thousand records, each compared with the
    // names before it, so that a map keeps the time down.
    let (mut names, mut sets) = (HashMap::new(), HashMap::new());
    let mut order: Vec<(usize, usize, usize)> = Vec::new();
    for (place, record) in records.iter().enumerate() {
        let name: Vec<u8> = record.name.folded().collect();
        let covered = if record.kind == RRSIG { record.data.first_chunk::<2>().copied() } else { None };
        let first_name = *names.entry(name.clone()).or_insert(place);
        let first_set = *sets.entry((name, record.kind, covered)).or_insert(place);
        order.push((first_name, first_set, place));
    }
    order.sort_unstable();
    for record in order.into_iter().filter_map(|(_, _, place)| records.get(place)) {
        write_record(out, record)?;
    }
    Ok(())
}

/// Writes a record in dig's columns, by tabs.
pub(super) fn write_record(out: &mut impl Write, record: &Record<'_>) -> io::Result<()> {
    let [owner, ttl, class, kind, data] = record_cells(record);
    let data = if DIVIDED.contains(&record.kind) { divided(&data) } else { data };
    let mut at = 0_usize;
    let mut line = String::new();
    for (cell, column) in [owner, ttl, class, kind].into_iter().zip(COLUMNS) {
        at = at.saturating_add(cell.len());
        line.push_str(&cell);
        let to = column.max(at.saturating_add(1));
        let tabs = (to / TAB).saturating_sub(at / TAB);
        if tabs > 0 {
            line.push_str(&"\t".repeat(tabs));
            at = to / TAB * TAB;
        }
        line.push_str(&" ".repeat(to.saturating_sub(at)));
        at = to;
    }
    writeln!(out, "{line}{data}")
}

/// The last word in pieces.
fn divided(data: &str) -> String {
    let (before, last) = data.rsplit_once(' ').map_or(("", data), |(before, last)| (before, last));
    let pieces: Vec<&str> =
        last.as_bytes().chunks(CHUNK).filter_map(|piece| std::str::from_utf8(piece).ok()).collect();
    let last = pieces.join(" ");
    if before.is_empty() { last } else { format!("{before} {last}") }
}
