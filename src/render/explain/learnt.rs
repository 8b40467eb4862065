//! What DNS servers showed that they know, and what is in caches when the capture ends.

use std::io::{self, Write};

use super::super::dns::type_text;
use super::super::format::{Count, Elapsed};
use super::ExplainOptions;
use super::lan::{Page, times};
use crate::report::dns::{Cache, Credibility, Fact, Held, Learnt, ServerKnew, What};
use crate::source::PacketNumber;
use crate::time::{NANOS_PER_SECOND, TimeDelta};

/// Zones of one server that are named before the rest is counted.
const NAMED: usize = 6;

/// Two sections: what each server knew and who was authoritative, and what those who asked may hold now, for how long.
///
/// # Errors
/// Those of `out`.
pub fn learnt(out: &mut impl Write, learnt: &Learnt, options: ExplainOptions) -> io::Result<()> {
    if learnt.is_empty() {
        return Ok(());
    }
    let mut page = Page { out, options };
    page.heading("DNS: what each server knew")?;
    for server in page.shown(&learnt.servers) {
        page.line(first_packet(server), None, &of_server(server))?;
    }
    page.folded(learnt.servers.len(), "more server", "more servers")?;
    let caches: Vec<&Cache> = learnt.caches.iter().collect();
    if !caches.is_empty() {
        page.heading("DNS: what may be in caches when the capture ends")?;
    }
    for cache in page.shown(&caches) {
        of_cache(&mut page, cache)?;
    }
    page.folded(caches.len(), "more cache", "more caches")?;
    if learnt.left_out > 0 {
        let left_out = Count::new(learnt.left_out, "fact was", "facts were");
        page.more(&format!("{left_out} left out: there were more than are kept."))?;
    }
    Ok(())
}

fn first_packet(server: &ServerKnew) -> PacketNumber {
    let facts = server.authority.iter().chain(&server.referred);
    facts.map(|fact| fact.packet.number).min().unwrap_or(server.first.number)
}

fn of_server(server: &ServerKnew) -> String {
    let mut parts = Vec::new();
    if !server.authority.is_empty() {
        parts.push(format!("has authority: it answers for {}", zones(&server.authority)));
    }
    if !server.referred.is_empty() {
        let who =
            if server.referred.len() == 1 { "it knows who serves it" } else { "it knows who serves them" };
        parts.push(format!("refers to {}: {who}, and no more", zones(&server.referred)));
    }
    if server.recursive > 0 {
        let answers = times(server.recursive);
        parts.push(format!("answers {answers} without authority, from its cache or after asking others"));
    }
    if server.failed > 0 {
        parts.push(format!("refuses or fails {}", times(server.failed)));
    }
    if parts.is_empty() {
        parts.push("answers, and shows nothing that it knows".to_owned());
    }
    format!("{} {}.", server.address, parts.join("; "))
}

/// `edu. (packet 4), com. (packet 8, 3 times)`.
fn zones(facts: &[Fact]) -> String {
    let named = facts.iter().take(NAMED).map(|fact| {
        let zone = if fact.zone == "." { "the root" } else { fact.zone.as_str() };
        let more = if fact.times > 1 { format!(", {}", times(fact.times)) } else { String::new() };
        format!("{zone} (packet {}{more})", fact.packet.number)
    });
    let mut text = named.collect::<Vec<_>>().join(", ");
    let more = facts.len().saturating_sub(NAMED);
    if more > 0 {
        text.push_str(&format!(" and {more} more"));
    }
    text
}

fn of_cache<W: Write>(page: &mut Page<'_, W>, cache: &Cache) -> io::Result<()> {
    let count = |items: usize| u64::try_from(items).unwrap_or(u64::MAX);
    let mut text =
        format!("{} may hold {}", cache.holder, Count::new(count(cache.held.len()), "set", "sets"));
    text.push_str(match cache.expired {
        0 => "",
        _ => ", others have expired",
    });
    let first = cache.held.first().map_or(cache.first.number, |held| held.packet.number);
    page.line(first, None, &format!("{text}:"))?;
    for held in page.shown(&cache.held) {
        page.more(&of_held(held))?;
    }
    page.folded(cache.held.len(), "more set", "more sets")
}

/// `www.nyu.edu. A: 2 records for 4 min 59 s more of 5 min; answer with authority (packet 9)`.
fn of_held(held: &Held) -> String {
    let what = match held.what {
        What::Records(number) => {
            format!("{} {}: {}", held.name, type_text(held.kind), Count::new(number, "record", "records"))
        }
        What::NoData => format!("{} {}: that there is none (NODATA)", held.name, type_text(held.kind)),
        What::NxDomain => format!("{}: that it does not exist (NXDOMAIN)", held.name),
    };
    let time = match held.left {
        Some(left) if left == held.ttl => format!("for {}", seconds(left)),
        Some(left) => format!("for {} more of {}", seconds(left), seconds(held.ttl)),
        None => format!("for {} from then on", seconds(held.ttl)),
    };
    let belief = match held.credibility {
        Credibility::Authoritative => "answer with authority",
        Credibility::AuthorityBeside => "beside an answer with authority",
        Credibility::Answer => "answer without authority",
        Credibility::Referral => "by referral",
        Credibility::Additional => "glue, for asking servers only",
    };
    format!("{what}, {time}; {belief} (packet {})", held.packet.number)
}

fn seconds(seconds: u32) -> String {
    match seconds {
        0 => "0 s".to_owned(),
        _ => Elapsed(TimeDelta::from_nanos(i128::from(seconds) * NANOS_PER_SECOND)).to_string(),
    }
}
