//! Routes as `traceroute` prints them.

use std::fmt::Write as _;
use std::io::{self, Write};
use std::net::IpAddr;

use super::super::super::color::Style;
use super::super::super::format::Elapsed;
use super::super::super::words::IcmpMessage;
use super::{Page, packets};
use crate::report::lan::{Hop, HopProbe, ProbeKind, Reached, Trace};

/// Each route, a line a hop.
pub(super) fn write<W: Write>(page: &mut Page<'_, W>, traces: &[Trace]) -> io::Result<()> {
    if traces.is_empty() {
        return Ok(());
    }
    page.heading("Traceroute")?;
    for trace in page.shown(traces) {
        one(page, trace)?;
    }
    page.folded(traces.len(), "more route", "more routes")
}

fn one<W: Write>(page: &mut Page<'_, W>, trace: &Trace) -> io::Result<()> {
    let with = match trace.kind {
        ProbeKind::Udp => "UDP datagrams",
        ProbeKind::Echo => "echo requests",
        ProbeKind::Tcp => "TCP SYNs",
    };
    let end = match trace.reached {
        Some((ttl, how)) => format!("reached at hop {ttl}: {}", words(how, trace.dst.is_ipv6())),
        None => "the destination was not reached".to_owned(),
    };
    let style = if trace.reached.is_some() { Style::Green } else { Style::Yellow };
    let text =
        format!("{} → {} with {with}: {end} ({}).", trace.src, trace.dst, packets(trace.first, trace.last));
    page.line(trace.first.number, Some(style), &text)?;
    let answers = trace.hops.iter().flat_map(|hop| hop.probes.iter().filter_map(|probe| probe.answer));
    let width = answers.map(|answer| answer.from.to_string().len()).max().unwrap_or(0).max("address".len());
    page.more_as_is(&format!("hop  {:width$}  times", "address"))?;
    let mut last = 0_u8;
    let end = trace.reached.map_or(u8::MAX, |(ttl, _)| ttl);
    for hop in &trace.hops {
        if hop.ttl > last.saturating_add(1) {
            page.more_as_is(&format!("     no probes with {} in the capture", between(last, hop.ttl)))?;
        }
        last = hop.ttl;
        let is_silent = hop.probes.iter().all(|probe| probe.answer.is_none());
        // Probes that were under way when the destination answered.
        if hop.ttl > end && is_silent {
            continue;
        }
        for (place, line) in lines(hop, width, trace.dst.is_ipv6()).iter().enumerate() {
            let ttl = if place == 0 { hop.ttl.to_string() } else { String::new() };
            page.more_as_is(&format!("{ttl:>3}  {line}"))?;
        }
    }
    Ok(())
}

fn between(last: u8, next: u8) -> String {
    match (last.saturating_add(1), next.saturating_sub(1)) {
        (one, other) if one == other => format!("time to live {one}"),
        (one, other) => format!("times to live {one} to {other}"),
    }
}

/// A line for each router that answers, with the times of its probes; what nobody answered is with the first.
fn lines(hop: &Hop, width: usize, v6: bool) -> Vec<String> {
    let mut routers: Vec<IpAddr> = Vec::new();
    for answer in hop.probes.iter().filter_map(|probe| probe.answer) {
        if !routers.contains(&answer.from) {
            routers.push(answer.from);
        }
    }
    if routers.is_empty() {
        let stars: Vec<&str> = hop.probes.iter().map(|_| "*").collect();
        return vec![format!("{:width$}  {}", "*", stars.join("  "))];
    }
    let mut list = Vec::new();
    for (place, router) in routers.iter().enumerate() {
        let is_here = |probe: &&HopProbe| match probe.answer {
            Some(answer) => answer.from == *router,
            None => place == 0,
        };
        let mut text = format!("{:width$}", router.to_string());
        for probe in hop.probes.iter().filter(is_here) {
            let Some(answer) = probe.answer else {
                text.push_str("  *");
                continue;
            };
            match answer.time {
                Some(time) => {
                    let _ = write!(text, "  {}", Elapsed(time));
                }
                None => text.push_str("  ?"),
            }
            if let Some(Reached::Unreachable(kind, code)) = answer.reached {
                let _ = write!(text, " ({})", error(kind, code, v6));
            }
        }
        if hop.more > 0 && place == 0 {
            let _ = write!(text, "  and {} more", hop.more);
        }
        list.push(text);
    }
    list
}

fn words(how: Reached, v6: bool) -> String {
    match how {
        Reached::PortUnreachable => "it says that nobody listens on the port".to_owned(),
        Reached::EchoReply => "it answers the echo".to_owned(),
        Reached::SynAck => "it accepts the connection (SYN-ACK)".to_owned(),
        Reached::Reset => "it refuses the connection (RST)".to_owned(),
        Reached::Answer => "it answers".to_owned(),
        Reached::Unreachable(kind, code) => error(kind, code, v6),
    }
}

fn error(kind: u8, code: u8, v6: bool) -> String {
    IcmpMessage { v6, icmp_type: kind, code }.to_string()
}
