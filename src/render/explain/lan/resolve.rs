//! Who has which address: ARP and neighbour discovery.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::io::{self, Write};
use std::net::IpAddr;

use super::super::super::color::Style;
use super::super::super::format::{Count, Elapsed, Mac};
use super::{Page, packets, span, times};
use crate::report::lan::{Claim, Lan, Lookup, OddKind, Oddity, Resolutions, Router};

/// From so many addresses on that one host asks for, they are told together.
const SWEEP: usize = 9;
/// Answers of those that are named.
const NAMED: usize = 6;

/// Addresses of IPv4.
pub(super) fn arp<W: Write>(page: &mut Page<'_, W>, lan: &Lan) -> io::Result<()> {
    if lan.arp.is_empty() {
        return Ok(());
    }
    page.heading("Addresses (ARP)")?;
    table(page, &lan.arp, "gratuitous ARP")
}

/// Addresses of IPv6, and the routers that tell what to make them of.
pub(super) fn neighbours<W: Write>(page: &mut Page<'_, W>, lan: &Lan) -> io::Result<()> {
    if lan.neighbours.is_empty() && lan.routers.is_empty() && lan.solicitations.is_none() {
        return Ok(());
    }
    page.heading("Neighbours (IPv6)")?;
    if let Some((count, first)) = lan.solicitations {
        let silence = if lan.routers.is_empty() { ": none answers" } else { "" };
        page.line(first.number, None, &format!("Hosts ask for a router {}{silence}.", times(count)))?;
    }
    for router in page.shown(&lan.routers) {
        page.line(router.first.number, None, &of_router(router))?;
    }
    page.folded(lan.routers.len(), "more router", "more routers")?;
    table(page, &lan.neighbours, "unsolicited advertisement")
}

fn table<W: Write>(page: &mut Page<'_, W>, table: &Resolutions, announcing: &str) -> io::Result<()> {
    for claim in table.conflicts() {
        page.line(
            claim.owners.first().map_or(0, |owner| owner.first.number),
            Some(Style::Yellow),
            &conflict(claim),
        )?;
    }
    let mut lines: Vec<(u64, String)> = Vec::new();
    let mut by_asker: HashMap<(IpAddr, Option<[u8; 6]>), Vec<&Lookup>> = HashMap::new();
    for lookup in table.lookups() {
        by_asker.entry((lookup.asker, lookup.asker_mac)).or_default().push(lookup);
    }
    for lookups in by_asker.values() {
        if let (true, Some(first)) = (lookups.len() >= SWEEP, lookups.first()) {
            lines.push((first.first.number, sweep(lookups)));
        } else {
            lines.extend(lookups.iter().map(|lookup| (lookup.first.number, question(lookup))));
        }
    }
    let owners = table.claims().iter().flat_map(|claim| claim.owners.iter().map(|owner| (claim.addr, owner)));
    for (addr, owner) in owners {
        let Some(at) = owner.announcement else { continue };
        let (mac, count) = (Mac(owner.mac), times(owner.announced));
        lines.push((at.number, format!("{mac} tells all that {addr} is its own, {count} ({announcing}).")));
    }
    lines.sort_unstable();
    for (at, text) in page.shown(&lines) {
        page.line(*at, None, text)?;
    }
    page.folded(lines.len(), "more line", "more lines")?;
    for odd in page.shown(table.oddities()) {
        page.line(odd.first.number, Some(Style::Yellow), &oddity(odd))?;
    }
    page.folded(table.oddities().len(), "more kind of odd message", "more kinds of odd messages")?;
    if let (count @ 1.., Some(first)) = table.unasked() {
        let text = format!(
            "{} to no question among these packets; this is the first.",
            Count::new(count, "answer is", "answers are")
        );
        page.line(first.number, None, &text)?;
    }
    Ok(())
}

/// An address with more than one owner.
fn conflict(claim: &Claim) -> String {
    let mut text = format!("{} is claimed by {} link addresses:", claim.addr, claim.owners.len());
    for (place, owner) in claim.owners.iter().enumerate() {
        let comma = if place == 0 { "" } else { "," };
        let _ = write!(text, "{comma} {} ({})", Mac(owner.mac), packets(owner.first, owner.last));
    }
    text.push_str(". Either two hosts have it, or one pretends to be the other (spoofing), or it was moved.");
    text
}

/// A message that is not as it should be.
fn oddity(odd: &Oddity) -> String {
    let more = match odd.packets {
        1 => String::new(),
        more => format!(", {more} such packets"),
    };
    let mac = odd.mac.map(|mac| Mac(mac).to_string());
    match odd.kind {
        OddKind::OtherSender(frame) => format!(
            "An ARP packet about {} that names {} as its sender came in a frame from {}{more}: another host answers for \
             it (proxy ARP), or somebody forges.",
            odd.addr,
            mac.unwrap_or_default(),
            Mac(frame)
        ),
        OddKind::HopLimit(limit) => format!(
            "A message about {} from {} has hop limit {limit}, not 255{more}: it may come from beyond the link, so hosts \
             ignore it (RFC 4861 section 7.1), and it counts for nothing here.",
            odd.addr,
            mac.unwrap_or_else(|| "a host".to_owned())
        ),
    }
}

/// One host's questions for one address.
fn question(lookup: &Lookup) -> String {
    let mac = lookup.asker_mac.map(|mac| Mac(mac).to_string());
    let mut text = if lookup.is_probe() {
        format!("{} asks whether {} is free", mac.unwrap_or_else(|| "A host".to_owned()), lookup.target)
    } else {
        format!("{} asks who has {}", lookup.asker, lookup.target)
    };
    if lookup.asked > 1 {
        let _ = write!(text, ", {} up to packet {}", times(lookup.asked), lookup.last.number);
    }
    let Some(answer) = lookup.answer else {
        // A host that has the address may have answered where nobody captured.
        text.push_str(if lookup.is_probe() { ": no answer in the capture." } else { ": no answer." });
        return text;
    };
    let owner = answer.mac.map_or_else(|| "its owner".to_owned(), |mac| Mac(mac).to_string());
    let _ = match lookup.is_probe() {
        true => write!(text, ": it is not, {owner} has it"),
        false => write!(text, ": {owner}"),
    };
    let after = answer.time.map(|time| format!(" after {}", Elapsed(time))).unwrap_or_default();
    let _ = write!(text, ", packet {}{after}", answer.at.number);
    if lookup.answered > 1 && lookup.answered == lookup.asked {
        text.push_str("; all answered");
    } else if lookup.asked > 1 {
        let _ = write!(text, "; {} of {} answered", lookup.answered, lookup.asked);
    }
    text.push('.');
    text
}

/// Questions of one host for many addresses.
fn sweep(lookups: &[&Lookup]) -> String {
    let asker = lookups.first().map(|lookup| (lookup.asker, lookup.asker_mac));
    let who = match asker {
        Some((asker, Some(mac))) if asker.is_unspecified() => Mac(mac).to_string(),
        Some((asker, _)) => asker.to_string(),
        None => String::new(),
    };
    let asked: u64 = lookups.iter().map(|lookup| lookup.asked).fold(0, u64::saturating_add);
    let last = lookups.iter().map(|lookup| lookup.last.number).max().unwrap_or_default();
    let answered: Vec<_> = lookups.iter().filter(|lookup| lookup.answer.is_some()).collect();
    let mut text =
        format!("{who} asks for {} addresses, {} up to packet {last}", lookups.len(), times(asked));
    let _ = match answered.len() {
        0 => write!(text, ": none answers"),
        all if all == lookups.len() => write!(text, ": all answer"),
        some => write!(text, ": {some} answer"),
    };
    for (place, lookup) in answered.iter().take(NAMED).enumerate() {
        let comma = if place == 0 { ":" } else { "," };
        let _ = write!(text, "{comma} {}", lookup.target);
        if let Some(mac) = lookup.answer.and_then(|answer| answer.mac) {
            let _ = write!(text, " at {}", Mac(mac));
        }
    }
    text.push_str(if answered.len() > NAMED { ", …" } else { "." });
    text
}

/// What a router tells of itself and of the network.
fn of_router(router: &Router) -> String {
    let mut text = format!("{} is a router", router.addr);
    if let Some(mac) = router.mac {
        let _ = write!(text, " at {}", Mac(mac));
    }
    let _ = match router.lifetime {
        0 => write!(text, ", not to be used as a default router"),
        seconds => write!(text, ", the default router for {}", span(seconds.into())),
    };
    for prefix in &router.prefixes {
        let _ = write!(text, "; prefix {}/{}", prefix.addr, prefix.len);
        text.push_str(match (prefix.autonomous, prefix.on_link) {
            (true, true) => " to make addresses of, on the link",
            (true, false) => " to make addresses of",
            (false, true) => " on the link",
            (false, false) => "",
        });
        let _ = write!(text, ", valid for {}, preferred for {}", span(prefix.valid), span(prefix.preferred));
    }
    if router.managed {
        text.push_str("; addresses come by DHCPv6 (flag M)");
    }
    if router.other {
        text.push_str("; other settings come by DHCPv6 (flag O)");
    }
    if let Some(mtu) = router.mtu {
        let _ = write!(text, "; MTU {mtu}");
    }
    for (place, server) in router.name_servers.iter().enumerate() {
        let _ = write!(text, "{} {server}", if place == 0 { "; DNS" } else { "," });
    }
    let count = Count::new(router.advertisements, "advertisement", "advertisements");
    let _ = write!(text, ". {count}, {}.", packets(router.first, router.last));
    text
}
