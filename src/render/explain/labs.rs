//! What several flows of a lab show together: a chat room, a relay, the pings of a server.

use std::collections::{BTreeMap, HashSet};
use std::io::{self, Write};

use super::super::color::Style;
use super::super::format::Count;
use super::lab::{percent, rows, shown};
use super::{ExplainOptions, count, note};
use crate::decode::Endpoint;
use crate::flow::{Direction, FlowId};
use crate::proto::lab::{Code, Lab};
use crate::report::Told;
use crate::report::lab::{Labs, Passed, PingTotals, Room, RoomLine};

/// Most lines of one kind; more are counted.
const SHOWN: usize = 24;

/// What the labs show beyond single flows, of those that have one of `flows`; nothing where there is nothing.
///
/// # Errors
/// Those of `out`.
pub fn labs(
    out: &mut impl Write,
    labs: &Labs,
    flows: &[Told<'_>],
    options: ExplainOptions,
) -> io::Result<()> {
    let wanted: HashSet<FlowId> = flows.iter().map(|told| told.flow.id).collect();
    for told in labs.rooms().iter().filter(|room| room.members.iter().any(|m| wanted.contains(&m.flow))) {
        room(out, told, options)?;
    }
    let passed: Vec<&Passed> = labs.passed().iter().filter(|passed| wanted.contains(&passed.flow)).collect();
    let strays: Vec<String> = labs
        .strays()
        .iter()
        .filter(|stray| wanted.contains(&stray.flow))
        .map(|stray| {
            let (addr, port) = stray.sender;
            let sender = Endpoint { addr, port };
            format!(
                "packet {} ({}): passed on for {sender}, and no request of it is in the capture",
                stray.at.number, stray.flow
            )
        })
        .collect();
    if !passed.is_empty() || !strays.is_empty() {
        heading(out, "Lab relay: what was passed on", options)?;
        let list: Vec<String> = passed.iter().map(|passed| relayed(passed)).chain(strays).collect();
        rows(out, &list, SHOWN, options)?;
    }
    pings(out, flows, options)?;
    if labs.not_kept() > 0 {
        let text = format!(
            "{} of labs not kept: what is said of them here is of the others.",
            Count::new(labs.not_kept(), "message was", "messages were")
        );
        note(out, &text, options)?;
    }
    Ok(())
}

fn heading(out: &mut impl Write, text: &str, options: ExplainOptions) -> io::Result<()> {
    writeln!(out, "\n{}", options.colors.paint(Style::Bold, text))
}

fn room(out: &mut impl Write, room: &Room, options: ExplainOptions) -> io::Result<()> {
    heading(out, &format!("Lab chat: the room at {}", room.server), options)?;
    let members: Vec<String> = room
        .members
        .iter()
        .enumerate()
        .take(SHOWN)
        .map(|(place, member)| {
            let refused = match member.refused {
                0 => String::new(),
                1 => ", a name before refused".to_owned(),
                many => format!(", {many} names before refused"),
            };
            if member.name.is_none() {
                return format!("{}, whose name is not in the capture", member.flow);
            }
            let doubt = if member.is_sure { "" } else { ", joining not shown" };
            format!("{} ({}{refused}{doubt})", shown(&room.name_of(place)), member.flow)
        })
        .collect();
    note(out, &format!("Members: {}.", some_of(members, room.members.len()).join(", ")), options)?;
    let mut names: Vec<&str> = room.members.iter().filter_map(|member| member.name.as_deref()).collect();
    names.sort_unstable();
    if let Some([name, _]) =
        names.windows(2).find(|pair| matches!(pair, [a, b] if a == b)).and_then(<[&str]>::first_chunk)
    {
        note(out, &format!("The name {} was taken more than once.", shown(name)), options)?;
    }
    let is_whole =
        |line: &&RoomLine| line.lost.is_empty() && line.reached.iter().all(|delivery| !delivery.again);
    let whole = room.lines.iter().filter(is_whole).count();
    let lines = Count::new(count(room.lines.len()), "line", "lines");
    let text = match (whole, room.lines.len()) {
        (_, 0) if room.unnamed > 0 => "Of no line it is known how it was passed on.".to_owned(),
        (_, 0) => "No line was typed.".to_owned(),
        (1, 1) => "1 line, to every other member that was in, once.".to_owned(),
        (_, 1) => "1 line, not to every other member that was in, or not once.".to_owned(),
        (0, _) => format!("{lines}, none of them to every other member that was in, once."),
        _ => format!("{lines}, {whole} of them to every other member that was in, once."),
    };
    note(out, &text, options)?;
    let list: Vec<String> =
        room.lines.iter().filter(|line| !is_whole(line)).map(|line| line_row(room, line)).collect();
    rows(out, &list, SHOWN, options)?;
    let strays = room.strays.iter().map(|(to, packet, name)| {
        format!(
            "packet {packet}: {} was told a line of {} that it did not type{}",
            shown(&room.name_of(*to)),
            shown(name),
            if room.may_have_typed(name) { ", or the capture lacks it" } else { "" }
        )
    });
    rows(out, &strays.collect::<Vec<_>>(), SHOWN, options)?;
    if room.unnamed > 0 {
        let lines = Count::new(room.unnamed, "line was", "lines were");
        let text = format!("{lines} not followed: the name of whoever typed is not in the capture.");
        note(out, &text, options)?;
    }
    if room.not_looked_at > 0 {
        note(
            out,
            &format!("{} not followed.", Count::new(room.not_looked_at, "line was", "lines were")),
            options,
        )?;
    }
    Ok(())
}

/// The first of a list, and how many of `all` there are more.
fn some_of(mut first: Vec<String>, all: usize) -> Vec<String> {
    let more = all.saturating_sub(first.len());
    first.extend((more > 0).then(|| format!("and {more} more")));
    first
}

fn line_row(room: &Room, line: &RoomLine) -> String {
    let name = |to: usize| shown(&room.name_of(to));
    let lost = line.lost.iter().map(|lost| {
        let why = if lost.perhaps { ", or the capture lacks it" } else { "" };
        match lost.without_name {
            Some(packet) => format!("reached {} without the name, in packet {packet}", name(lost.to)),
            None => format!("did not reach {}{why}", name(lost.to)),
        }
    });
    let again = line.reached.iter().filter(|delivery| delivery.again);
    let all = line.lost.len().saturating_add(again.clone().count());
    let again = again.map(|again| format!("reached {} again in packet {}", name(again.to), again.packet));
    let parts = some_of(lost.chain(again).take(SHOWN).collect(), all);
    let text = super::super::safe::safe_line(line.text.as_bytes(), 40).to_string();
    format!("packet {}: {}: `{text}` {}", line.at.number, name(line.by), parts.join("; "))
}

fn relayed(passed: &Passed) -> String {
    let target = Endpoint { addr: passed.order.ip, port: passed.order.port };
    let text = super::super::safe::safe_line(passed.order.content.as_bytes(), 40).to_string();
    let went = match (&passed.forwarded, &passed.changed) {
        (Some((flow, at)), None) => format!("passed on in packet {} ({flow})", at.number),
        (Some((flow, at)), Some(changed)) => {
            format!("passed on in packet {} ({flow}), but changed, as `{}`", at.number, shown(changed))
        }
        (None, _) => "not passed on in this capture".to_owned(),
    };
    let told = match passed.status {
        Some((code, at)) => format!("the sender was told {} in packet {}", code.number(), at.number),
        None => "the sender was told nothing".to_owned(),
    };
    let doubt = match (passed.status, &passed.forwarded) {
        (Some((Code::Sent, _)), None) => ": one of these is wrong, or the datagram went another way",
        (Some((Code::NotSent, _)), Some(_)) => ": these contradict each other",
        _ => "",
    };
    format!("packet {} ({}) to {target} `{text}`: {went}; {told}{doubt}", passed.at.number, passed.flow)
}

/// The pings of a server that several clients sent.
fn pings(out: &mut impl Write, flows: &[Told<'_>], options: ExplainOptions) -> io::Result<()> {
    let mut servers: BTreeMap<(std::net::IpAddr, u16), Vec<PingTotals>> = BTreeMap::new();
    for told in flows {
        let Some(lab) = told.lab.filter(|lab| lab.lab == Lab::UdpPing) else { continue };
        let server = match lab.client {
            Direction::OrigToResp => told.flow.tuple.resp,
            Direction::RespToOrig => told.flow.tuple.orig,
        };
        servers.entry((server.addr, server.port)).or_default().push(PingTotals::of(lab));
    }
    for ((addr, port), clients) in servers.into_iter().filter(|(_, clients)| clients.len() > 1) {
        let server = Endpoint { addr, port };
        let sent: u64 = clients.iter().map(PingTotals::sent).sum();
        let lost: u64 = clients.iter().map(PingTotals::unanswered).sum();
        let shrink = clients.iter().all(|client| client.seconds.is_some());
        let name = if shrink { "udp-throughput" } else { "udp-ping" };
        heading(out, &format!("Lab {name}: the server at {server}"), options)?;
        let text = format!(
            "{} by {}: {} acknowledged, {lost} not, {} lost.",
            Count::new(sent, "ping", "pings"),
            Count::new(count(clients.len()), "client", "clients"),
            sent.saturating_sub(lost),
            percent(lost, sent)
        );
        note(out, &text, options)?;
    }
    Ok(())
}
