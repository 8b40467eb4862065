//! Echo requests and answers, counted as `ping` counts them.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::io::{self, Write};
use std::net::IpAddr;

use super::super::super::color::Style;
use super::super::super::format::{Count, Elapsed};
use super::super::super::words::IcmpMessage;
use super::super::lab::percent;
use super::{Page, packets, times};
use crate::report::lan::{EchoRun, Probe};

/// From so many hosts on that one host pings, they are told together.
const SWEEP: usize = 9;
/// Hosts of those that are named.
const NAMED: usize = 6;
/// Requests of one run that are told one by one.
const PROBES: usize = 6;

/// A run a paragraph, or a host that pings many.
pub(super) fn write<W: Write>(page: &mut Page<'_, W>, runs: &[EchoRun]) -> io::Result<()> {
    if runs.is_empty() {
        return Ok(());
    }
    page.heading("Ping")?;
    let mut by_source: HashMap<IpAddr, Vec<&EchoRun>> = HashMap::new();
    for run in runs {
        by_source.entry(run.src).or_default().push(run);
    }
    let mut told: Vec<Vec<&EchoRun>> = Vec::new();
    for group in by_source.into_values() {
        if group.len() >= SWEEP {
            told.push(group);
        } else {
            told.extend(group.into_iter().map(|run| vec![run]));
        }
    }
    told.sort_by_key(|group| group.first().map(|run| run.first.number));
    for group in page.shown(&told) {
        match group.as_slice() {
            [run] => one(page, run)?,
            [first, ..] => page.line(first.first.number, None, &sweep(group))?,
            [] => {}
        }
    }
    page.folded(told.len(), "more run", "more runs")
}

fn one<W: Write>(page: &mut Page<'_, W>, run: &EchoRun) -> io::Result<()> {
    let is_good = (run.lost() == 0 || run.group) && run.other_data == 0;
    page.line(run.first.number, Some(if is_good { Style::Bold } else { Style::Yellow }), &summary(run))?;
    // A line that says that one is not shown would be as long.
    let all = page.options.full || run.probes.len() <= PROBES.saturating_add(1);
    let most = if all { run.probes.len() } else { PROBES };
    for probe in run.probes.iter().take(most) {
        page.more(&self::probe(probe, run))?;
    }
    let hidden = run.sent.saturating_sub(u64::try_from(most.min(run.probes.len())).unwrap_or(u64::MAX));
    if hidden > 0 {
        page.more(&format!(
            "… {} up to packet {}.",
            Count::new(hidden, "more request", "more requests"),
            run.last.number
        ))?;
    }
    Ok(())
}

fn summary(run: &EchoRun) -> String {
    let many = if run.group { ", the address of many" } else { "" };
    let mut text = format!("{} pings {} (id {}){many}: ", run.src, run.dst, run.identifier);
    if run.sent == 0 {
        let _ = write!(
            text,
            "{}, the requests are not in the capture.",
            Count::new(run.unasked, "answer", "answers")
        );
        return text;
    }
    let _ = write!(text, "{} sent, {} answered", run.sent, run.received);
    // Nobody has to answer a group.
    if run.lost() > 0 && !run.group {
        let _ = write!(text, ", {} lost ({})", run.lost(), percent(run.lost(), run.sent));
    }
    if !run.responders.is_empty() {
        let hosts = u64::try_from(run.responders.len()).unwrap_or(u64::MAX);
        let _ = write!(text, ", by {}:", Count::new(hosts, "other address", "other addresses"));
        for (place, (host, answers)) in run.responders.iter().take(NAMED).enumerate() {
            let comma = if place == 0 { "" } else { "," };
            let _ = write!(text, "{comma} {host} ({})", times(*answers));
        }
        text.push_str(if run.responders.len() > NAMED { ", …" } else { "" });
    }
    if run.other_data > 0 {
        let _ = write!(text, ", {} with other data", run.other_data);
    }
    if run.duplicates > 0 {
        let _ = write!(text, ", {}", Count::new(run.duplicates, "duplicate", "duplicates"));
    }
    if run.unasked > 0 {
        let _ = write!(text, ", {} to no request", Count::new(run.unasked, "answer", "answers"));
    }
    if run.errors > 0 {
        let _ = write!(text, ", {}", Count::new(run.errors, "ICMP error", "ICMP errors"));
    }
    if let (Some(min), Some(mean), Some(max)) = (run.min, run.mean(), run.max) {
        let _ = write!(text, "; least {}, mean {}, most {}", Elapsed(min), Elapsed(mean), Elapsed(max));
    }
    text.push('.');
    text
}

fn probe(probe: &Probe, run: &EchoRun) -> String {
    let mut text = format!("seq {}: packet {}", probe.sequence, probe.at.number);
    match probe.answer {
        Some((at, time)) => {
            let _ = write!(text, ", answered in packet {}", at.number);
            if let Some(time) = time {
                let _ = write!(text, " after {}", Elapsed(time));
            }
            if probe.other_data {
                text.push_str(", with other data than was sent");
            }
        }
        None if probe.error.is_some() => {}
        None => text.push_str(", no answer"),
    }
    if let Some(error) = probe.error {
        let words = IcmpMessage { v6: run.dst.is_ipv6(), icmp_type: error.icmp_type, code: error.code };
        let _ = write!(text, ", {} says in packet {}: {words}", error.from, error.at.number);
    }
    text
}

fn sweep(runs: &[&EchoRun]) -> String {
    let src = runs.first().map(|run| run.src.to_string()).unwrap_or_default();
    let mut hosts: Vec<IpAddr> = runs.iter().map(|run| run.dst).collect();
    hosts.sort_unstable();
    hosts.dedup();
    let sent: u64 = runs.iter().map(|run| run.sent).fold(0, u64::saturating_add);
    let mut answer: Vec<IpAddr> = runs.iter().filter(|run| run.received > 0).map(|run| run.dst).collect();
    answer.sort_unstable();
    answer.dedup();
    let first = runs.iter().map(|run| run.first).min_by_key(|at| at.number).unwrap_or_default();
    let last = runs.iter().map(|run| run.last).max_by_key(|at| at.number).unwrap_or_default();
    if let [host] = hosts.as_slice() {
        return alone(runs, &src, *host, sent, &packets(first, last));
    }
    let mut text = format!(
        "{src} pings {} with {} ({}): ",
        Count::new(u64::try_from(hosts.len()).unwrap_or(u64::MAX), "host", "hosts"),
        Count::new(sent, "request", "requests"),
        packets(first, last)
    );
    let _ = match answer.len() {
        0 => write!(text, "none answers"),
        all if all == hosts.len() => write!(text, "all answer"),
        some => write!(text, "{some} answer"),
    };
    for (place, host) in answer.iter().take(NAMED).enumerate() {
        let _ = write!(text, "{} {host}", if place == 0 { ":" } else { "," });
    }
    text.push_str(if answer.len() > NAMED { ", …" } else { "." });
    text
}

/// Many runs to one host: its sender gives each request an identifier of its own.
fn alone(runs: &[&EchoRun], src: &str, host: IpAddr, sent: u64, packets: &str) -> String {
    let received = runs.iter().map(|run| run.received).fold(0, u64::saturating_add);
    let requests = Count::new(sent, "request", "requests");
    let mut text = format!(
        "{src} pings {host} with {requests} under {} identifiers ({packets}): {received} answered",
        runs.len()
    );
    let least = runs.iter().filter_map(|run| run.min).min();
    let most = runs.iter().filter_map(|run| run.max).max();
    if let (Some(least), Some(most)) = (least, most) {
        let _ = write!(text, "; least {}, most {}", Elapsed(least), Elapsed(most));
    }
    text.push('.');
    text
}
