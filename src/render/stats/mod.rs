//! A capture in numbers, for people: facts, protocols, endpoints, stretches of time.

mod json;

use std::fmt;
use std::io::{self, Write};

pub use json::write_stats_json;

use super::color::Style;
use super::format::{Bits, Count, Elapsed, Seconds, Utc};
use super::safe::Safe;
use super::table::{Align, Column, TableOutput, write_table};
use crate::report::stats::{CaptureStats, Traffic};
use crate::source::{CaptureFacts, Interface};
use crate::time::NANOS_PER_SECOND;

/// A capture: its counts, and what its file says of itself.
#[derive(Clone, Copy, Debug)]
pub struct StatsOf<'a> {
    /// What to call the file; shown escaped.
    pub name: &'a str,
    /// What the file says.
    pub facts: &'a CaptureFacts,
    /// Where it was captured.
    pub interfaces: &'a [Interface],
    /// The counts.
    pub stats: &'a CaptureStats,
}

/// Columns of what a fact is about.
const LABEL: usize = 12;

/// Most interfaces that are listed for people; JSON has all.
const MAX_INTERFACES: usize = 16;

/// Writes everything, of endpoints the `top` with the most bytes.
///
/// # Errors
/// Those of `out`.
pub fn write_stats<W: Write + ?Sized>(
    out: &mut W,
    output: TableOutput,
    of: &StatsOf<'_>,
    top: usize,
) -> io::Result<()> {
    let stats = of.stats;
    write_facts(out, of)?;
    if stats.totals.packets == 0 {
        return Ok(());
    }
    writeln!(out)?;
    write_protocols(out, output, stats)?;
    for (of, is_empty) in [
        (EndpointsOf::Ip, stats.addresses.is_empty()),
        (EndpointsOf::Tcp, stats.tcp.is_empty()),
        (EndpointsOf::Udp, stats.udp.is_empty()),
    ] {
        if !is_empty {
            writeln!(out)?;
            write_endpoints(out, output, of, stats, top)?;
        }
    }
    if stats.intervals.all().len() > 0 {
        writeln!(out)?;
        write_intervals(out, output, stats)?;
    }
    Ok(())
}

fn fact<W: Write + ?Sized>(out: &mut W, label: &str, value: impl fmt::Display) -> io::Result<()> {
    writeln!(out, "{label:LABEL$}{value}")
}

/// Writes what is known of the capture as a whole.
fn write_facts<W: Write + ?Sized>(out: &mut W, of: &StatsOf<'_>) -> io::Result<()> {
    let (totals, facts) = (&of.stats.totals, of.facts);
    fact(out, "file", Safe(of.name.as_bytes()))?;
    let packed: String = facts.compression.iter().map(|packed| format!(", {packed}")).collect();
    fact(out, "format", format_args!("{}{packed}", facts.format))?;
    let links: Vec<String> = totals.link_types.iter().map(ToString::to_string).collect();
    if !links.is_empty() {
        fact(out, "link type", links.join(", "))?;
    }
    fact(out, "packets", totals.packets)?;
    fact(
        out,
        "bytes",
        format_args!("{} on the wire, {} captured", totals.wire_bytes, totals.captured_bytes),
    )?;
    if totals.snapped > 0 {
        fact(out, "cut", format_args!("{} shorter than on the wire", were(totals.snapped)))?;
    }
    if let (Some(first), Some(last)) = (totals.first_ts, totals.last_ts) {
        fact(out, "first", format_args!("{} UTC", Utc(first)))?;
        fact(out, "last", format_args!("{} UTC", Utc(last)))?;
    }
    if let Some(duration) = totals.duration() {
        fact(out, "duration", Elapsed(duration))?;
    }
    if let Some((bits, packets)) = rates(of.stats) {
        fact(out, "rate", format_args!("{}, {}/s", Bits(bits), Count::packets(packets)))?;
    }
    for (label, text) in
        [("hardware", &facts.hardware), ("system", &facts.os), ("written by", &facts.application)]
    {
        if let Some(text) = text {
            fact(out, label, Safe(text.as_bytes()))?;
        }
    }
    of.interfaces.iter().enumerate().take(MAX_INTERFACES).try_for_each(|(place, interface)| {
        fact(out, if place == 0 { "interface" } else { "" }, InterfaceLine { place, interface, facts })
    })?;
    match of.interfaces.len().saturating_sub(MAX_INTERFACES) {
        0 => Ok(()),
        more => fact(out, "", format_args!("and {more} more")),
    }
}

fn were(packets: u64) -> Count {
    Count::new(packets, "packet is", "packets are")
}

/// Average bits and packets per second; `None` where the capture takes no time.
fn rates(stats: &CaptureStats) -> Option<(u64, u64)> {
    let nanos = u128::try_from(stats.totals.duration()?.as_nanos()).ok().filter(|&nanos| nanos > 0)?;
    let per_second = |number: u64| {
        let scaled = u128::from(number).saturating_mul(NANOS_PER_SECOND.unsigned_abs());
        u64::try_from(scaled / nanos).unwrap_or(u64::MAX)
    };
    Some((per_second(stats.totals.wire_bytes.saturating_mul(8)), per_second(stats.totals.packets)))
}

/// One interface: `lo, snaplen 65535, 12 received, 0 lost`.
struct InterfaceLine<'a> {
    place: usize,
    interface: &'a Interface,
    facts: &'a CaptureFacts,
}

impl fmt::Display for InterfaceLine<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.interface.name {
            Some(name) => write!(f, "{}", Safe(name.as_bytes()))?,
            None => write!(f, "number {}", self.place)?,
        }
        match self.interface.snaplen {
            0 => f.write_str(", no snaplen")?,
            snaplen => write!(f, ", snaplen {snaplen}")?,
        }
        let Some(facts) = self.facts.interfaces.get(self.place) else { return Ok(()) };
        if let Some(filter) = &facts.filter {
            write!(f, ", filter {}", Safe(filter.as_bytes()))?;
        }
        for (count, what) in [
            (facts.received, "received"),
            (facts.dropped, "lost by the interface"),
            (facts.dropped_by_os, "lost by the system"),
        ] {
            if let Some(count) = count {
                write!(f, ", {count} {what}")?;
            }
        }
        Ok(())
    }
}

const PROTOCOLS: [Column; 4] = [
    Column { title: "protocol", align: Align::Left, width: 30, min: 12, shrink: 1 },
    Column { title: "packets", align: Align::Right, width: 9, min: 7, shrink: 0 },
    Column { title: "share", align: Align::Right, width: 6, min: 5, shrink: 0 },
    Column { title: "bytes", align: Align::Right, width: 13, min: 5, shrink: 0 },
];

/// Writes the hierarchy of protocols: a row each, below and right of the one that it stands in.
///
/// # Errors
/// Those of `out`.
pub fn write_protocols<W: Write + ?Sized>(
    out: &mut W,
    output: TableOutput,
    stats: &CaptureStats,
) -> io::Result<()> {
    let all = stats.totals.packets;
    write_table(out, output, &PROTOCOLS, stats.protocols.counts().into_iter(), |count, row| {
        let indent = 2 * count.depth;
        row.cell(format_args!("{:indent$}{}", "", count.name));
        row.cell(count.packets);
        row.cell(Share { part: count.packets, all });
        row.cell(count.bytes);
    })?;
    Ok(())
}

/// `12.3%`, rounded down.
struct Share {
    part: u64,
    all: u64,
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let per_mille = u128::from(self.part).saturating_mul(1_000).checked_div(u128::from(self.all));
        let per_mille = per_mille.unwrap_or(0);
        write!(f, "{}.{}%", per_mille / 10, per_mille % 10)
    }
}

/// The columns of a table of endpoints, the first with a title of its own.
fn endpoint_columns(title: &'static str, ways: [&'static str; 4]) -> [Column; 5] {
    let [sent, bytes_sent, received, bytes_received] = ways;
    let number = |title, width| Column { title, align: Align::Right, width, min: 4, shrink: 0 };
    [
        Column { title, align: Align::Left, width: 23, min: 15, shrink: 1 },
        number(sent, 8),
        number(bytes_sent, 12),
        number(received, 8),
        number(bytes_received, 12),
    ]
}

fn write_traffic<W: Write + ?Sized, K: fmt::Display>(
    out: &mut W,
    output: TableOutput,
    columns: &[Column],
    list: &[(K, Traffic)],
    top: usize,
) -> io::Result<()> {
    write_table(out, output, columns, list.iter().take(top), |(key, traffic), row| {
        row.cell(key);
        row.cell(traffic.packets_sent);
        row.cell(traffic.bytes_sent);
        row.cell(traffic.packets_received);
        row.cell(traffic.bytes_received);
    })?;
    match list.len().saturating_sub(top) {
        0 => Ok(()),
        more => writeln!(out, "and {more} more"),
    }
}

/// What a table of endpoints counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndpointsOf {
    /// IP addresses, whatever they carry.
    Ip,
    /// TCP endpoints: address and port.
    Tcp,
    /// UDP endpoints: address and port.
    Udp,
}

/// Writes the `top` endpoints of a kind by bytes.
///
/// # Errors
/// Those of `out`.
pub fn write_endpoints<W: Write + ?Sized>(
    out: &mut W,
    output: TableOutput,
    of: EndpointsOf,
    stats: &CaptureStats,
    top: usize,
) -> io::Result<()> {
    let columns = |title| endpoint_columns(title, ["sent", "bytes", "received", "bytes"]);
    match of {
        EndpointsOf::Ip => {
            write_traffic(out, output, &columns("IP address"), &stats.addresses.by_bytes(), top)
        }
        EndpointsOf::Tcp => write_traffic(out, output, &columns("TCP endpoint"), &stats.tcp.by_bytes(), top),
        EndpointsOf::Udp => write_traffic(out, output, &columns("UDP endpoint"), &stats.udp.by_bytes(), top),
    }
}

/// Writes a row for each two IP addresses with packets between them, of IPv6 or of IPv4.
///
/// # Errors
/// Those of `out`.
pub fn write_pairs<W: Write + ?Sized>(
    out: &mut W,
    output: TableOutput,
    stats: &CaptureStats,
    v6: bool,
) -> io::Result<()> {
    let pairs = stats.pairs.by_bytes().into_iter().filter(|((low, _), _)| low.is_ipv6() == v6);
    let list: Vec<_> = pairs.map(|((low, high), traffic)| (format!("{low} <-> {high}"), traffic)).collect();
    let columns = endpoint_columns("IP addresses", ["->", "bytes", "<-", "bytes"]);
    write_traffic(out, output, &columns, &list, usize::MAX)
}

const INTERVALS: [Column; 4] = [
    Column { title: "from", align: Align::Right, width: 14, min: 8, shrink: 0 },
    Column { title: "packets", align: Align::Right, width: 9, min: 7, shrink: 0 },
    Column { title: "bytes", align: Align::Right, width: 12, min: 5, shrink: 0 },
    Column { title: "rate", align: Align::Right, width: 12, min: 0, shrink: 1 },
];

/// Writes a row for each stretch of time.
///
/// # Errors
/// Those of `out`.
pub fn write_intervals<W: Write + ?Sized>(
    out: &mut W,
    output: TableOutput,
    stats: &CaptureStats,
) -> io::Result<()> {
    let width = stats.intervals.width();
    match width {
        Some(width) => {
            let heading = format!("every {}, from the first packet on", Elapsed(width));
            writeln!(out, "{}", output.colors.paint(Style::Bold, heading.as_str()))?;
        }
        None => writeln!(out, "{}", output.colors.paint(Style::Bold, "all together"))?,
    }
    let rate = |bytes: u64| {
        let nanos = u128::try_from(width?.as_nanos()).ok().filter(|&nanos| nanos > 0)?;
        let bits =
            u128::from(bytes).saturating_mul(8).saturating_mul(NANOS_PER_SECOND.unsigned_abs()) / nanos;
        u64::try_from(bits).ok()
    };
    write_table(out, output, &INTERVALS, stats.intervals.all(), |(start, interval), row| {
        row.cell(Seconds(start));
        row.cell(interval.packets);
        row.cell(interval.bytes);
        match rate(interval.bytes) {
            Some(bits) => row.cell(Bits(bits)),
            None => row.cell('-'),
        }
    })?;
    Ok(())
}
