//! Steps and endings in words.

use super::super::dns::{rcode_text, type_text};
use super::super::format::{Count, Elapsed};
use super::super::safe::Safe;
use crate::dnstrace::{
    Alias, AliasKind, Asked, Budget, DnsTrace, Ending, Ignored, KnownBy, MAX_ALIASES, Misfit, NameServer,
    Over, Referral, Server, Start, Step, StepOutcome,
};
use crate::time::{NANOS_PER_SECOND, TimeDelta};

/// Names of servers that are listed before the rest is counted.
const NAMED: usize = 6;

/// `www.nyu.edu. A`.
pub(super) fn asked(asked: &Asked) -> String {
    format!("{} {}", asked.name, type_text(asked.kind))
}

pub(super) fn count(items: usize) -> u64 {
    u64::try_from(items).unwrap_or(u64::MAX)
}

/// `the root`, `nyu.edu.`.
pub(super) fn zone(name: &crate::dnstrace::Domain) -> String {
    if name.is_root() { "the root".to_owned() } else { name.to_string() }
}

/// `a.root-servers.net (198.41.0.4)`.
pub(super) fn server(server: &Server) -> String {
    let address = server.address.ip();
    server.name.as_ref().map_or_else(|| address.to_string(), |name| format!("{:#} ({address})", name.name()))
}

/// How the server's address was known.
pub(super) fn known_by(server: &Server) -> Option<String> {
    Some(match &server.known_by {
        KnownBy::Hint => "address from the list of the root's servers".to_owned(),
        KnownBy::Given => "address given".to_owned(),
        KnownBy::Glue(by) => format!("address from the glue of {}", zone(by)),
        KnownBy::LookedUp => "address looked up".to_owned(),
        KnownBy::Unknown => return None,
    })
}

/// The zone whose server was asked, or that a resolver was.
pub(super) fn asked_as(step: &Step) -> String {
    if step.is_of_resolver() {
        return "a recursive resolver".to_owned();
    }
    let guessed = if step.zone_guessed { " (guessed)" } else { "" };
    format!("{}{guessed}", zone(&step.zone))
}

/// What a step asked whom.
pub(super) fn heading(step: &Step) -> String {
    let over = match step.over {
        Over::Udp => "",
        Over::Tcp => ", over TCP",
    };
    let known_by = known_by(&step.server).map(|by| format!(", {by}")).unwrap_or_default();
    let sent = match step.sent {
        0 | 1 => String::new(),
        times => format!(", sent {times} times"),
    };
    let recursion = match step.recursion_available() {
        _ if !step.recursion_desired || step.is_of_resolver() => "",
        Some(_) => ", recursion desired, which it does not offer",
        None => ", recursion desired",
    };
    format!(
        "{}: {} is asked for {}{over}{known_by}{recursion}{sent}",
        asked_as(step),
        server(&step.server),
        asked(&step.asked)
    )
}

/// Where a trace began, if not at the root.
pub(super) fn start(trace: &DnsTrace) -> Option<String> {
    match &trace.start {
        // Of a capture more is known, or less.
        Start::Known(zone) if !trace.steps.is_empty() && !is_captured(trace) => Some(format!(
            "The servers of {zone} are asked directly: who they are was known from before, so that nothing above is asked."
        )),
        _ => None,
    }
}

/// Whether it is from a capture, which may not show all.
pub(super) fn is_captured(trace: &DnsTrace) -> bool {
    trace.steps.iter().any(is_of_capture)
}

/// Whether a step is from a capture.
pub(super) fn is_of_capture(step: &Step) -> bool {
    !step.packets.queries.is_empty()
}

/// What a look-up within another is for. Why somebody looked it up is not in a capture.
pub(super) fn look_up(trace: &DnsTrace) -> String {
    let (name, asked) = (&trace.asked.name, asked(&trace.asked));
    if is_captured(trace) {
        format!("The address of {name} is looked up ({asked})")
    } else if trace.steps.is_empty() {
        format!("No address of {name} is known, and nobody can be asked for it ({asked})")
    } else {
        format!("No address of {name} is known: it is looked up first ({asked})")
    }
}

/// Of a response that came, and is too much to keep: that its records are not there to be shown.
pub(super) fn not_kept(step: &Step) -> Option<String> {
    step.size.filter(|_| step.response.is_none())?;
    Some("Its records are not shown: this capture has more responses than are kept".to_owned())
}

/// Where a capture has what a resolver asks while it is itself asked.
pub(super) fn asked_meanwhile(step: &Step) -> String {
    format!("Before {} answers, this is asked for it:", step.server.address.ip())
}

/// What came of a step.
pub(super) fn outcome(step: &Step) -> String {
    let zone_name = zone(&step.zone);
    match &step.outcome {
        StepOutcome::Answer { authoritative, aliases } => {
            format!("Answer{}{}", by_authority(*authoritative), behind(aliases))
        }
        StepOutcome::Alias { aliases, .. } if aliases.len() > MAX_ALIASES => {
            format!("Too many aliases, more than {MAX_ALIASES}: {}", links(aliases))
        }
        StepOutcome::Alias { authoritative, aliases } => {
            let last = aliases.last().map(|alias| alias.to.to_string()).unwrap_or_default();
            let links = links(aliases);
            format!("{links}{}. {last} is asked for next", by_authority(*authoritative))
        }
        StepOutcome::Referral(to) => referral(to, &step.zone),
        StepOutcome::NoData { authoritative, aliases, ttl } => format!(
            "NODATA{}: the name exists, {} records do not{}{}",
            by_authority(*authoritative),
            type_text(step.asked.kind),
            remembered(*ttl),
            behind(aliases)
        ),
        StepOutcome::NxDomain { authoritative, aliases, ttl } => format!(
            "NXDOMAIN{}: the name does not exist{}{}",
            by_authority(*authoritative),
            remembered(*ttl),
            behind(aliases)
        ),
        StepOutcome::Lame { refers_to: None } => {
            format!("Lame: the server has no authority over {zone_name} and knows nobody who has")
        }
        StepOutcome::Lame { refers_to: Some(up) } => {
            format!("Lame: the server was named for {zone_name} and refers back up to {}", zone(up))
        }
        StepOutcome::BadReferral(to) => {
            format!("Bad referral, not followed: {} is not between {zone_name} and the name", zone(to))
        }
        StepOutcome::SidewaysReferral(to) => format!(
            "Sideways referral, not followed: the server was named for {0} and refers to {0} again",
            zone(to)
        ),
        StepOutcome::AliasLoop(aliases) => format!("Aliases lead in a circle: {}", links(aliases)),
        StepOutcome::Failed(5) => "Refused: the server does not want to answer".to_owned(),
        StepOutcome::Failed(2) => "SERVFAIL: the server could not find out".to_owned(),
        StepOutcome::Failed(code) => format!("Error: the server says {}", rcode_text(*code)),
        StepOutcome::Unrelated => "Not an answer: its records are of other names".to_owned(),
        StepOutcome::Truncated => "Truncated: asked again over TCP".to_owned(),
        StepOutcome::Damaged(damage) => format!("Damaged response: {damage}"),
        StepOutcome::Mismatch => "Nothing came that fits the query".to_owned(),
        StepOutcome::TimeOut => match step.elapsed {
            Some(elapsed) => format!("Time-out: nothing came within {}", Elapsed(elapsed)),
            None if is_of_capture(step) => "No response in this capture".to_owned(),
            None => "Time-out: nothing came".to_owned(),
        },
        StepOutcome::Unreachable(why) => format!("Unreachable: {}", Safe(why.as_bytes())),
        StepOutcome::NotAllowed => {
            "Not asked: the address is not on this machine, and WIRELAB_LOCAL_ONLY allows no other".to_owned()
        }
    }
}

const fn by_authority(authoritative: bool) -> &'static str {
    if authoritative { ", authoritative" } else { ", not authoritative" }
}

fn behind(aliases: &[Alias]) -> String {
    if aliases.is_empty() { String::new() } else { format!(", behind {}", links(aliases)) }
}

/// `CNAME a. to b., DNAME above b. to c.`.
fn links(aliases: &[Alias]) -> String {
    let named = aliases.iter().take(NAMED).map(|alias| {
        let kind = match alias.kind {
            AliasKind::Cname => "CNAME",
            // The record is another name's.
            AliasKind::Dname => "DNAME above",
        };
        format!("{kind} {} to {}", alias.from, alias.to)
    });
    let named: Vec<String> = named.collect();
    format!("{}{}", named.join(", "), and_more(aliases.len()))
}

fn and_more(all: usize) -> String {
    match all.checked_sub(NAMED) {
        None | Some(0) => String::new(),
        Some(more) => format!(" and {more} more"),
    }
}

fn remembered(ttl: Option<u32>) -> String {
    match ttl {
        None => ", without a SOA record, so that it may not be remembered".to_owned(),
        Some(0) => ", which may not be remembered (0 s)".to_owned(),
        Some(ttl) => {
            let span = TimeDelta::from_nanos(i128::from(ttl) * NANOS_PER_SECOND);
            format!(", which may be remembered for {}", Elapsed(span))
        }
    }
}

fn referral(to: &Referral, by: &crate::dnstrace::Domain) -> String {
    let mut text =
        format!("Referral to {}: {}", to.zone, Count::new(count(to.servers.len()), "server", "servers"));
    let with = |has: &dyn Fn(&NameServer) -> bool| {
        let names: Vec<String> = to
            .servers
            .iter()
            .filter(|server| has(server))
            .map(|server| format!("{:#}", server.name.name()))
            .collect();
        let named: Vec<&str> = names.iter().take(NAMED).map(String::as_str).collect();
        (names.len(), format!("{}{}", named.join(", "), and_more(names.len())))
    };
    let (glued, _) = with(&|server| !server.glue.is_empty());
    if glued > 0 {
        text.push_str(&format!(", {glued} with glue"));
    }
    let (bare, names) = with(&|server| server.glue.is_empty());
    if bare > 0 {
        text.push_str(&format!("; without glue: {names}"));
    }
    let (outside, names) = with(&|server| !server.outside.is_empty());
    if outside > 0 {
        text.push_str(&format!("; not used, since {} has no say in it: addresses of {names}", zone(by)));
    }
    if to.stray > 0 {
        let stray = Count::new(count(to.stray), "additional address", "additional addresses");
        text.push_str(&format!("; ignored: {stray} of names that are no servers"));
    }
    if to.left_out > 0 {
        text.push_str(&format!("; {} more servers are left out", to.left_out));
    }
    text
}

/// What was ignored.
pub(super) fn ignored(ignored: &Ignored) -> String {
    let from = format!("{}#{}", ignored.from.ip(), ignored.from.port());
    let why = match ignored.why {
        Misfit::Source => "was not asked".to_owned(),
        Misfit::NoResponse => "sent no response".to_owned(),
        Misfit::Id(id) => format!("answered with another id, {id}"),
        Misfit::Question => "answered another question".to_owned(),
        Misfit::Again => "answered when there was a response already".to_owned(),
    };
    let packet = ignored.packet.map(|packet| format!(" (packet {packet})")).unwrap_or_default();
    format!("Ignored: {from} {why}{packet}")
}

/// How a trace ended.
pub(super) fn ending(trace: &DnsTrace) -> String {
    let asked = asked(&trace.asked);
    match &trace.ending {
        Ending::Answer => format!("{asked}: answered"),
        Ending::NoData => format!("{asked}: NODATA, no such records"),
        Ending::NxDomain => format!("{asked}: NXDOMAIN, no such name"),
        Ending::AliasLoop => format!("{asked}: not found out, aliases lead in a circle"),
        Ending::NoServer(name) => {
            format!("{asked}: not found out, no server of {} gave an answer that is of use", zone(name))
        }
        Ending::Circle(name) => {
            format!("{asked}: not found out, the address of {name} could only be had from {name} itself")
        }
        Ending::Spent(budget) => format!(
            "{asked}: not found out, {}",
            match budget {
                Budget::Depth => "too many look-ups within look-ups",
                Budget::Aliases => "too many aliases",
                Budget::Queries => "too many queries",
                Budget::Time => "it takes too long",
            }
        ),
        Ending::Unfinished => format!("{asked}: it ends here"),
    }
}
