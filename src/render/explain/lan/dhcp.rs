//! Addresses that are lent.

use std::fmt::Write as _;
use std::io::{self, Write};
use std::net::Ipv4Addr;

use super::super::super::color::Style;
use super::super::super::format::{Count, Elapsed, Mac};
use super::super::super::safe::safe_line;
use super::{Page, span};
use crate::flow::PacketStamp;
use crate::proto::dhcp::{Damage, kind_name};
use crate::report::lan::{DhcpExchange, DhcpKind, DhcpLease, DhcpStep};

/// Messages of one exchange that are shown where not all are asked for; one that goes well has four.
const STEPS: usize = 8;

/// From so many clients on that nobody answers, they are told together.
const CROWD: usize = 9;

/// Messages with unreadable options that are told of exchanges that are told together.
const DAMAGES: usize = 6;

/// Columns of a name; the whole of it is in the packet.
const NAME: usize = 60;

/// The exchanges, each with its messages.
pub(super) fn write<W: Write>(page: &mut Page<'_, W>, list: &[DhcpExchange]) -> io::Result<()> {
    if list.is_empty() {
        return Ok(());
    }
    page.heading("DHCP")?;
    // What a client asks again and again in vain is told once.
    let mut told: Vec<Vec<&DhcpExchange>> = Vec::new();
    for exchange in list {
        let same = |group: &&mut Vec<&DhcpExchange>| {
            is_unanswered(exchange)
                && group.first().is_some_and(|first| is_unanswered(first) && first.mac == exchange.mac)
        };
        match told.iter_mut().rev().take(LOOKED_BACK).find(same) {
            Some(group) => group.push(exchange),
            None => told.push(vec![exchange]),
        }
    }
    let in_vain_clients =
        told.iter().filter(|group| group.iter().all(|exchange| is_unanswered(exchange))).count();
    if in_vain_clients >= CROWD {
        let is_crowd = |group: &Vec<&DhcpExchange>| group.iter().all(|exchange| is_unanswered(exchange));
        crowd(page, told.iter().filter(|group| is_crowd(group)).flatten().copied(), in_vain_clients)?;
        told.retain(|group| !is_crowd(group));
    }
    for group in page.shown(&told) {
        match group.as_slice() {
            [exchange] => one(page, exchange)?,
            [first, .., last] => in_vain(page, first, last, group)?,
            [] => {}
        }
    }
    page.folded(told.len(), "more exchange", "more exchanges")
}

/// Exchanges before one that are looked at for another of the same client.
const LOOKED_BACK: usize = 64;

fn is_unanswered(exchange: &DhcpExchange) -> bool {
    let asks = |step: &DhcpStep| {
        step.from_client && matches!(step.kind, DhcpKind::Dhcp(1 | 3 | 8) | DhcpKind::BootRequest)
    };
    exchange.steps.iter().all(asks)
}

/// Many clients that nobody answers.
fn crowd<'e, W: Write>(
    page: &mut Page<'_, W>,
    exchanges: impl Iterator<Item = &'e DhcpExchange>,
    clients: usize,
) -> io::Result<()> {
    let (mut first, mut last, mut messages) = (u64::MAX, 0, 0_u64);
    let mut damaged = Vec::new();
    for exchange in exchanges {
        damaged.extend(exchange.damage);
        first = first.min(exchange.first().number);
        last = last.max(exchange.steps.last().map_or(0, |step| step.at.number));
        let kept = u64::try_from(exchange.steps.len()).unwrap_or(u64::MAX);
        messages = messages.saturating_add(kept).saturating_add(exchange.more_steps);
    }
    let text = format!(
        "{clients} clients ask for addresses and get no answer ({} up to packet {last}): the answers are not in the \
         capture, there is no server, or somebody asks in the name of others to use up its addresses.",
        Count::new(messages, "message", "messages")
    );
    page.line(first, Some(Style::Yellow), &text)?;
    damages(page, damaged)
}

/// Messages of exchanges that are told together whose options cannot be read.
fn damages<W: Write>(page: &mut Page<'_, W>, all: Vec<(PacketStamp, Damage)>) -> io::Result<()> {
    let most = if page.options.full { all.len() } else { DAMAGES };
    for (at, damage) in all.iter().take(most) {
        page.more(&unreadable(*at, *damage))?;
    }
    match u64::try_from(all.len().saturating_sub(most)).unwrap_or(u64::MAX) {
        0 => Ok(()),
        more => page.more(&format!("… {} like that.", Count::new(more, "more message", "more messages"))),
    }
}

fn unreadable(at: PacketStamp, damage: Damage) -> String {
    format!("The options of packet {} cannot be read to their end: {damage}.", at.number)
}

/// Several exchanges of a client that nobody answers.
fn in_vain<W: Write>(
    page: &mut Page<'_, W>,
    first: &DhcpExchange,
    last: &DhcpExchange,
    group: &[&DhcpExchange],
) -> io::Result<()> {
    let kept: usize = group.iter().map(|exchange| exchange.steps.len()).sum();
    let more: u64 = group.iter().map(|exchange| exchange.more_steps).fold(0, u64::saturating_add);
    let messages = u64::try_from(kept).unwrap_or(u64::MAX).saturating_add(more);
    let end = last.steps.last().map_or(0, |step| step.at.number);
    let text = format!(
        "{} asks for an address in {} transactions, {} up to packet {end}, and gets no answer.",
        client(first),
        group.len(),
        Count::new(messages, "message", "messages")
    );
    page.line(first.first().number, Some(Style::Yellow), &text)?;
    damages(page, group.iter().filter_map(|exchange| exchange.damage).collect())
}

/// The client by its hardware address and the name that it tells.
fn client(exchange: &DhcpExchange) -> String {
    let mut who = exchange.mac.map_or_else(|| "A client".to_owned(), |mac| Mac(mac).to_string());
    if let Some(name) = &exchange.host_name {
        let _ = write!(who, " ({})", safe_line(name, NAME));
    }
    who
}

fn one<W: Write>(page: &mut Page<'_, W>, exchange: &DhcpExchange) -> io::Result<()> {
    let who = client(exchange);
    let (style, verdict) = verdict(exchange);
    page.line(
        exchange.first().number,
        Some(style),
        &format!("{who} {verdict} Transaction 0x{:x}.", exchange.id),
    )?;
    if let Some(text) = exchange.lease.as_ref().and_then(extras) {
        page.more(&format!("With it: {text}."))?;
    }
    let most = if page.options.full { exchange.steps.len() } else { STEPS };
    for step in exchange.steps.iter().take(most) {
        page.more(&self::step(step))?;
    }
    let hidden = u64::try_from(exchange.steps.len().saturating_sub(most)).unwrap_or(u64::MAX);
    let hidden = hidden.saturating_add(exchange.more_steps);
    if hidden > 0 {
        page.more(&format!("… {}.", Count::new(hidden, "more message", "more messages")))?;
    }
    let servers = exchange.servers();
    if servers.len() > 1 {
        let list: Vec<String> = servers.iter().map(ToString::to_string).collect();
        page.more(&format!("{} servers answered: {}.", servers.len(), list.join(", ")))?;
    }
    if let Some((at, damage)) = exchange.damage {
        page.more(&unreadable(at, damage))?;
    }
    Ok(())
}

/// How it came out.
fn verdict(exchange: &DhcpExchange) -> (Style, String) {
    let has = |code| exchange.has(DhcpKind::Dhcp(code));
    let wanted = exchange.wanted.map(|addr| addr.to_string()).unwrap_or_else(|| "an address".to_owned());
    if let Some(lease) = &exchange.lease {
        let by = lease.server.map(|server| format!(" from {server}")).unwrap_or_default();
        let Some(addr) = lease.addr else {
            return (Style::Green, format!("gets settings{by} for the address that it has."));
        };
        let time = lease.seconds.map(|seconds| format!(" for {}", span(seconds))).unwrap_or_default();
        let how = match (has(1), has(3)) {
            (true, _) => "gets",
            (false, true) if exchange.renews => "renews",
            (false, true) => "keeps",
            (false, false) => "is told",
        };
        return (Style::Green, format!("{how} {addr}{time}{by}."));
    }
    let text = match () {
        () if has(6) => {
            let said = exchange.message.as_ref().map(|text| format!(": \"{}\"", safe_line(text, NAME)));
            return (Style::Red, format!("is refused {wanted} (NAK){}.", said.unwrap_or_default()));
        }
        () if has(4) => format!("declines {wanted}: somebody has it."),
        () if has(7) => format!("gives {wanted} back."),
        () if exchange.steps.iter().all(|step| !step.from_client) => {
            "is answered; what it asked is not in the capture.".to_owned()
        }
        () if exchange.steps.iter().all(|step| step.from_client) => {
            let asked =
                Count::new(u64::try_from(exchange.steps.len()).unwrap_or(u64::MAX), "message", "messages");
            return (Style::Yellow, format!("asks for {wanted} and gets no answer ({asked})."));
        }
        () if has(2) => "is offered an address; no ACK is in the capture.".to_owned(),
        () => "asks a server.".to_owned(),
    };
    (Style::Bold, text)
}

/// What comes with the address: `mask 255.255.255.0; router 192.0.2.1`.
pub(in super::super) fn extras(lease: &DhcpLease) -> Option<String> {
    let list = |list: &[Ipv4Addr]| {
        let texts: Vec<String> = list.iter().map(ToString::to_string).collect();
        (!texts.is_empty()).then(|| texts.join(", "))
    };
    let mut parts = Vec::new();
    parts.extend(lease.mask.map(|mask| format!("mask {mask}")));
    parts.extend(list(&lease.routers).map(|text| format!("router {text}")));
    parts.extend(list(&lease.name_servers).map(|text| format!("DNS {text}")));
    parts.extend(lease.domain.as_ref().map(|domain| format!("domain {}", safe_line(domain, NAME))));
    parts.extend(lease.renewal.map(|seconds| format!("renewal after {}", span(seconds))));
    (!parts.is_empty()).then(|| parts.join("; "))
}

/// One message.
fn step(step: &DhcpStep) -> String {
    let name = match step.kind {
        DhcpKind::Dhcp(code) => {
            kind_name(code).map_or_else(|| format!("message of kind {code}"), str::to_owned)
        }
        DhcpKind::BootRequest => "BOOTP request".to_owned(),
        DhcpKind::BootReply => "BOOTP reply".to_owned(),
    };
    let mut text = format!("packet {} {} {name}", step.at.number, if step.from_client { "→" } else { "←" });
    if let Some(addr) = step.addr {
        let _ = write!(text, " {addr}");
    }
    match (step.from_client, step.server) {
        (true, Some(server)) => {
            let _ = write!(text, " to server {server}");
        }
        (false, Some(server)) => {
            let _ = write!(text, " from {server}");
        }
        (false, None) => {
            let _ = write!(text, " from {}", step.from);
        }
        (true, None) => {}
    }
    if let Some(relay) = step.relay {
        let _ = write!(text, " by relay {relay}");
    }
    if step.again {
        text.push_str(", once more");
    }
    if let Some(time) = step.time {
        let _ = write!(text, ", after {}", Elapsed(time));
    }
    text
}
