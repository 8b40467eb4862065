//! What a response means: the rules of who may say what (RFC 1034 section 5.3.3, RFC 2181 section 5.4.1, RFC 2308).

use std::net::IpAddr;

use super::{Alias, AliasKind, Asked, Domain, NameServer, Referral, StepOutcome};
use crate::proto::dns::{Message, Record, Section};
use crate::report::dns::{DnsOutcome, is_within, of_response};

/// Most servers of a referral that are looked at: the root has thirteen, and a response of 64 KB may name thousands.
pub const MAX_SERVERS: usize = 32;

/// Most addresses of one server that are looked at.
pub const MAX_ADDRESSES: usize = 8;

/// Aliases followed within one response and over a whole resolution: BIND stops after as many.
pub const MAX_ALIASES: usize = 16;

const A: u16 = 1;
const NS: u16 = 2;
const CNAME: u16 = 5;
const SOA: u16 = 6;
const AAAA: u16 = 28;
const DNAME: u16 = 39;
const ANY: u16 = 255;
/// The Internet's class.
const IN: u16 = 1;
/// The response code for a name that does not exist.
const NXDOMAIN: u16 = 3;

/// What `response` of a server of `zone` means to who asked it for `asked`.
///
/// Records are believed as far as the zone reaches: an alias or an answer of a name outside counts for nothing, and so
/// does an address of a server outside. Who asks has checked already that it is the response to that query.
#[must_use]
pub fn judge(zone: &Domain, asked: &Asked, response: &Message<'_>) -> StepOutcome {
    match of_response(None, response) {
        DnsOutcome::Truncated => return StepOutcome::Truncated,
        DnsOutcome::Damaged(damage) => return StepOutcome::Damaged(damage),
        DnsOutcome::Failed(code) => return of_failure(code, zone, asked, response),
        _ => {}
    }
    let Some(header) = response.header else { return StepOutcome::Unrelated };
    let authoritative = header.is_authoritative();
    let Some(Followed { end, aliases, state }) = follow(zone, asked, response) else {
        return StepOutcome::Unrelated;
    };
    match state {
        State::Answered => return StepOutcome::Answer { authoritative, aliases },
        State::Loop => return StepOutcome::AliasLoop(aliases),
        // What is said of a name outside the zone is not this server's to say. Who follows more of them than there may be
        // gives up by their number.
        State::Outside | State::TooMany => return StepOutcome::Alias { authoritative, aliases },
        State::Open => {}
    }
    let soa = of_authority(response, SOA).find(|soa| is_within(&soa.name, &zone.name()));
    let soa = soa.filter(|soa| is_within(&end.name(), &soa.name));
    let ttl = soa.map(negative_ttl);
    if response.rcode() == Some(NXDOMAIN) {
        return StepOutcome::NxDomain { authoritative, aliases, ttl };
    }
    if soa.is_some() {
        return StepOutcome::NoData { authoritative, aliases, ttl };
    }
    if !aliases.is_empty() {
        return StepOutcome::Alias { authoritative, aliases };
    }
    if response.section(Section::Answer).next().is_some() {
        return StepOutcome::Unrelated;
    }
    of_referral(zone, asked, response, authoritative)
}

/// What a response with this code means: BIND follows aliases that lead in a circle, shows them, and says SERVFAIL.
fn of_failure(code: u16, zone: &Domain, asked: &Asked, response: &Message<'_>) -> StepOutcome {
    match follow(zone, asked, response) {
        Some(Followed { aliases, state: State::Loop, .. }) => StepOutcome::AliasLoop(aliases),
        _ => StepOutcome::Failed(code),
    }
}

/// What aliases led to.
struct Followed {
    end: Domain,
    aliases: Vec<Alias>,
    state: State,
}

enum State {
    /// Records of the type are there.
    Answered,
    /// The aliases lead back to one of them.
    Loop,
    /// There are more than [`MAX_ALIASES`].
    TooMany,
    /// They lead out of the zone.
    Outside,
    /// Nothing more is said of the name at their end.
    Open,
}

/// Follows aliases through the answers; `None` where one cannot be read.
fn follow(zone: &Domain, asked: &Asked, response: &Message<'_>) -> Option<Followed> {
    let mut followed = Followed { end: asked.name.clone(), aliases: Vec::new(), state: State::Open };
    loop {
        if !followed.end.is_within(zone) {
            followed.state = State::Outside;
            return Some(followed);
        }
        let end = followed.end.name();
        let answers = || response.section(Section::Answer).filter(|record| record.class == IN);
        let here = || answers().filter(|record| record.name.is_same(&end));
        if here().any(|record| record.kind == asked.kind || asked.kind == ANY) {
            followed.state = State::Answered;
            return Some(followed);
        }
        let above = answers().find(|record| {
            record.kind == DNAME
                && record.name.label_count() < end.label_count()
                && is_within(&end, &record.name)
                && is_within(&record.name, &zone.name())
        });
        let (to, kind) = if let Some(dname) = above {
            let (from, to) = (Domain::of(&dname.name)?, Domain::of(&dname.name_at(0))?);
            (followed.end.with_end(&from, &to)?, AliasKind::Dname)
        } else if let Some(cname) = here().find(|record| record.kind == CNAME) {
            (Domain::of(&cname.name_at(0))?, AliasKind::Cname)
        } else {
            return Some(followed);
        };
        let is_loop = to == asked.name || followed.aliases.iter().any(|alias| alias.to == to);
        let from = std::mem::replace(&mut followed.end, to.clone());
        followed.aliases.push(Alias { from, to, kind });
        if is_loop || followed.aliases.len() > MAX_ALIASES {
            followed.state = if is_loop { State::Loop } else { State::TooMany };
            return Some(followed);
        }
    }
}

fn of_authority<'a, 'm>(
    response: &'a Message<'m>,
    kind: u16,
) -> impl Iterator<Item = &'a Record<'m>> + use<'a, 'm> {
    response.section(Section::Authority).filter(move |record| record.kind == kind && record.class == IN)
}

/// The lesser of the SOA's own time to live and its last number (RFC 2308 section 5).
fn negative_ttl(soa: &Record<'_>) -> u32 {
    let minimum = soa.data.last_chunk().map_or(soa.ttl, |bytes| u32::from_be_bytes(*bytes));
    soa.ttl.min(minimum)
}

/// What a response without answers and SOA means.
fn of_referral(zone: &Domain, asked: &Asked, response: &Message<'_>, authoritative: bool) -> StepOutcome {
    let owners = || of_authority(response, NS).filter_map(|record| Domain::of(&record.name));
    let is_good = |owner: &Domain| owner.is_within(zone) && owner != zone && asked.name.is_within(owner);
    if let Some(owner) = owners().find(is_good) {
        return StepOutcome::Referral(referral(zone, owner, response));
    }
    match owners().next() {
        // Some servers add their own zone's NS records to what they say with authority.
        _ if authoritative => StepOutcome::NoData { authoritative, aliases: Vec::new(), ttl: None },
        None => StepOutcome::Lame { refers_to: None },
        Some(owner) if owner == *zone => StepOutcome::SidewaysReferral(owner),
        Some(owner) if zone.is_within(&owner) => StepOutcome::Lame { refers_to: Some(owner) },
        Some(owner) => StepOutcome::BadReferral(owner),
    }
}

/// The servers of `owner`, with the addresses that a server of `zone` tells of them.
fn referral(zone: &Domain, owner: Domain, response: &Message<'_>) -> Referral {
    let mut referral = Referral { zone: owner, servers: Vec::new(), left_out: 0, stray: 0 };
    referral.servers = servers_of(&referral.zone, Section::Authority, response, &mut referral.left_out);
    referral.stray = add_addresses(zone, &mut referral.servers, response);
    referral
}

/// The servers that the root's own list of them names, with their addresses: the response to `. NS`.
#[must_use]
pub fn root_servers(response: &Message<'_>) -> Vec<NameServer> {
    let mut servers = servers_of(&Domain::root(), Section::Answer, response, &mut 0);
    add_addresses(&Domain::root(), &mut servers, response);
    servers
}

/// Servers that NS records of `owner` name; `left_out` counts those beyond the limit.
fn servers_of(
    owner: &Domain,
    section: Section,
    response: &Message<'_>,
    left_out: &mut usize,
) -> Vec<NameServer> {
    let mut servers: Vec<NameServer> = Vec::new();
    let records = response.section(section).filter(|record| record.kind == NS && record.class == IN);
    for record in records.filter(|record| record.name.is_same(&owner.name())) {
        let Some(name) = Domain::of(&record.name_at(0)) else { continue };
        if servers.len() >= MAX_SERVERS {
            *left_out += 1;
        } else if servers.iter().all(|server| server.name != name) {
            servers.push(NameServer { name, glue: Vec::new(), outside: Vec::new() });
        }
    }
    servers
}

/// Adds the additional addresses of `servers`, and counts those of other names.
fn add_addresses(zone: &Domain, servers: &mut [NameServer], response: &Message<'_>) -> usize {
    let mut stray = 0;
    for record in response.section(Section::Additional).filter(|record| record.class == IN) {
        let Some(address) = address_of(record) else { continue };
        let server = servers.iter_mut().find(|server| server.name.name().is_same(&record.name));
        let Some(server) = server else {
            stray += 1;
            continue;
        };
        let list = if server.name.is_within(zone) { &mut server.glue } else { &mut server.outside };
        if list.len() < MAX_ADDRESSES && !list.contains(&address) {
            list.push(address);
        }
    }
    stray
}

/// The address that a record of type A or AAAA holds.
pub(super) fn address_of(record: &Record<'_>) -> Option<IpAddr> {
    match record.kind {
        A => <[u8; 4]>::try_from(record.data).ok().map(IpAddr::from),
        AAAA => <[u8; 16]>::try_from(record.data).ok().map(IpAddr::from),
        _ => None,
    }
}
