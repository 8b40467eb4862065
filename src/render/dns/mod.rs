//! `dns`: each transaction as dig prints it, with its outcome in words; a line each; JSON.

mod dig;
mod json;
mod rdata;
mod short;
#[cfg(test)]
mod tests;
mod types;
pub(in crate::render) mod words;

use std::io::{self, Write};

pub(in crate::render) use json::RecordJson;
pub use json::{DNS_SCHEMA, write_dns_json};
pub use short::write_dns_short;

use self::words::{Server, carrier, packets};
use super::color::{Colors, Style};
use super::format::{Count, Elapsed, Utc};
use super::wrap::Wrapped;
use crate::proto::Protocol;
use crate::proto::dns::Record;
use crate::report::dns::{DnsMessage, DnsOutcome, DnsSummary, DnsTransaction};

/// How to print.
#[derive(Clone, Copy, Debug)]
pub struct DnsOptions {
    /// Styles or none.
    pub colors: Colors,
    /// Columns that sentences fill, at least 40. Records take what they need.
    pub width: usize,
    /// Queries in full, too, as dig's +qr.
    pub queries: bool,
}

/// Writes each of `shown` as dig does; `all` are the transactions that they are of, which their links lead to.
///
/// # Errors
/// Those of `out`.
pub fn write_dns<'a>(
    out: &mut impl Write,
    shown: impl Iterator<Item = &'a DnsTransaction>,
    all: &[DnsTransaction],
    options: DnsOptions,
) -> io::Result<()> {
    for transaction in shown {
        write_transaction(out, transaction, all, options)?;
        writeln!(out)?;
    }
    Ok(())
}

fn write_transaction(
    out: &mut impl Write,
    transaction: &DnsTransaction,
    all: &[DnsTransaction],
    options: DnsOptions,
) -> io::Result<()> {
    let Some(opening) = transaction.opening() else { return Ok(()) };
    let flow = transaction.flow.map(|flow| format!("{flow} ")).unwrap_or_default();
    let numbers = transaction.queries.iter().chain(&transaction.responses).map(|message| message.at.number);
    let mut numbers: Vec<u64> = numbers.collect();
    numbers.sort_unstable();
    let noun = if numbers.len() == 1 { "packet" } else { "packets" };
    let heading =
        format!("{flow}{noun} {}: {}", packets(numbers.into_iter()), words::question(&opening.read()));
    comment(out, &heading, Style::Bold, options)?;
    comment(out, &words::outcome(transaction, all), style(transaction), options)?;
    let shown = transaction.response().unwrap_or(opening);
    if options.queries && transaction.response().is_some() && !transaction.is_unasked() {
        writeln!(out, "\n;; Query:")?;
        dig::message(out, &opening.read(), transaction.protocol)?;
        writeln!(out, "\n;; Response:")?;
    }
    dig::message(out, &shown.read(), transaction.protocol)?;
    for more in transaction.responses.iter().skip(1).filter(|more| !is_repeat(more, shown)) {
        writeln!(out, "\n;; Packet {} goes on:", more.at.number)?;
        dig::message(out, &more.read(), transaction.protocol)?;
    }
    writeln!(out)?;
    footer(out, transaction, options)
}

/// Whether a further response says the same once more, as where a repeated query is answered again.
fn is_repeat(more: &DnsMessage, first: &DnsMessage) -> bool {
    more.from == first.from && more.bytes == first.bytes
}

/// A sentence behind `;;`.
fn comment(out: &mut impl Write, text: &str, style: Style, options: DnsOptions) -> io::Result<()> {
    for line in Wrapped::new(text, options.width.saturating_sub(3)) {
        writeln!(out, ";; {}", options.colors.paint(style, line))?;
    }
    Ok(())
}

/// The style of an outcome.
fn style(transaction: &DnsTransaction) -> Style {
    match transaction.outcome {
        _ if words::unasked(transaction) == Some("unasked") => Style::Yellow,
        DnsOutcome::Answer(_) | DnsOutcome::Done => Style::Green,
        DnsOutcome::Cname(_) | DnsOutcome::Referral { .. } | DnsOutcome::NoData { .. } => Style::Cyan,
        DnsOutcome::NxDomain(_) | DnsOutcome::Truncated => Style::Yellow,
        DnsOutcome::Lame { .. }
        | DnsOutcome::Failed(_)
        | DnsOutcome::Unanswered
        | DnsOutcome::Damaged(_)
        | DnsOutcome::Unfinished { .. } => Style::Red,
    }
}

/// Time, server and size, as dig ends.
fn footer(out: &mut impl Write, transaction: &DnsTransaction, options: DnsOptions) -> io::Result<()> {
    if let Some(time) = words::time(transaction) {
        writeln!(out, ";; Query time: {time}")?;
    }
    let server = transaction.answered_by().unwrap_or(transaction.server);
    let client = if transaction.is_unasked() { "sent to" } else { "client" };
    let server = format!(";; SERVER: {} ({}),", Server(server), carrier(transaction));
    let client = format!("{client} {}", Server(transaction.client));
    // Two addresses of IPv6 fill a line.
    let fits = server.len().saturating_add(client.len()) < options.width;
    writeln!(out, "{server}{}{client}", if fits { " " } else { "\n;;         " })?;
    if let Some(ts) = transaction.opening().and_then(|opening| opening.at.ts) {
        writeln!(out, ";; WHEN: {} UTC", Utc(ts))?;
    }
    write!(out, ";; MSG SIZE ")?;
    for (what, messages) in [("sent", &transaction.queries), ("rcvd", &transaction.responses)] {
        if let Some(message) = messages.first() {
            write!(out, " {what}: {}", message.bytes.len())?;
        }
    }
    writeln!(out)?;
    for (what, messages) in [("query", &transaction.queries), ("response", &transaction.responses)] {
        if messages.len() > 1 {
            let numbers = packets(messages.iter().map(|message| message.at.number));
            writeln!(out, ";; {} of the {what}: {numbers}", Count::packets(words::count(messages.len())))?;
        }
    }
    if transaction.not_kept > 0 {
        writeln!(out, ";; {} more are not shown", Count::new(transaction.not_kept, "message", "messages"))?;
    }
    Ok(())
}

/// A record on one line, its parts a space apart. `protocol` is what its message is of: multicast DNS has a bit of its
/// own in the class.
pub(in crate::render) fn write_record_line(record: &Record<'_>, protocol: Protocol) -> String {
    let ((class, _), kind) = (dig::class_of(record.class, protocol), types::RecordType(record.kind));
    format!("{} {} {class} {kind} {}", record.name, record.ttl, rdata::Data(record))
}

/// A record of DNS in parts, as a master file has it: owner, time to live, class, type, data.
pub(in crate::render) fn record_cells(record: &Record<'_>) -> [String; 5] {
    [
        record.name.to_string(),
        record.ttl.to_string(),
        types::Class(record.class).to_string(),
        type_text(record.kind),
        rdata::Data(record).to_string(),
    ]
}

/// A record type: `AAAA`, `TYPE65534`.
pub(in crate::render) fn type_text(kind: u16) -> String {
    types::RecordType(kind).to_string()
}

/// A response code: `NOTIMP`.
pub(in crate::render) fn rcode_text(code: u16) -> String {
    types::ResponseCode(code).to_string()
}

/// Writes the numbers of all that was shown, in a line or two.
///
/// # Errors
/// Those of `out`.
pub fn write_dns_summary(out: &mut impl Write, summary: &DnsSummary, options: DnsOptions) -> io::Result<()> {
    let mut text = format!(
        "{}: {} answered, {} without an answer",
        Count::new(summary.queries, "query", "queries"),
        summary.answered,
        summary.unanswered
    );
    for (number, what) in [(summary.repeats, "repeated"), (summary.unasked, "unasked")] {
        if number > 0 {
            text.push_str(&format!(", {number} {what}"));
        }
    }
    if let Some([min, median, max]) = summary.times {
        let (min, median, max) = (Elapsed(min), Elapsed(median), Elapsed(max));
        text.push_str(&match summary.answered {
            1 => format!("; time {median}"),
            _ => format!("; median time {median} ({min} to {max})"),
        });
    }
    comment(out, &text, Style::Bold, options)?;
    let outcomes: Vec<String> = summary
        .outcomes
        .iter()
        .map(|(outcome, number)| format!("{number} {}", words::outcome_name(outcome)))
        .collect();
    if outcomes.is_empty() {
        return Ok(());
    }
    comment(out, &format!("Outcomes: {}", outcomes.join(", ")), Style::Bold, options)
}
