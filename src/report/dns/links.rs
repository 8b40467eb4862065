//! What one transaction has to do with another: asked again, over TCP, an alias looked up, sent there by a referral.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::{DnsMessage, DnsOutcome, DnsTransaction, MAX_AGE, is_within};
use crate::decode::TransportProtocol;
use crate::proto::dns::{Message, Name, Section};
use crate::source::PacketNumber;

/// Why a transaction goes on from another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Link {
    /// The same question again over TCP, since the response was truncated (RFC 7766).
    OverTcp,
    /// The same question again, since no answer came, or none of use.
    AskedAgain,
    /// The name that an alias led to.
    Alias,
    /// The same question to a server that a referral named.
    Referral,
}

/// A referral that named a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delegation {
    /// The zone that the server is to serve, as in a master file.
    pub zone: String,
    /// The packet that says so.
    pub packet: PacketNumber,
    /// How many labels the zone's name has.
    labels: usize,
}

/// Servers that referrals name, at most; a trace names some dozens.
const MAX_DELEGATED: usize = 100_000;

/// Zones remembered of one server: the last ones.
const MAX_ZONES: usize = 16;

/// Name servers, and addresses, that are looked at in one referral: the root has 13 and 26.
const MAX_SERVERS: usize = 64;
/// See [`MAX_SERVERS`].
const MAX_ADDRESSES: usize = 256;

/// Record types (RFC 1035 section 3.2.2, RFC 3596).
const A: u16 = 1;
const NS: u16 = 2;
const AAAA: u16 = 28;

/// Who asks, what name as [`Name::folded`], type and class.
type Asked = (IpAddr, Vec<u8>, u16, u16);

/// The zones that referrals named a server for: the transaction that tells so.
type Delegated = HashMap<IpAddr, Vec<usize>>;

/// Links all transactions, which stand in the order of their first packets.
pub(super) fn find(all: &mut [DnsTransaction]) {
    let mut waiting: HashMap<Asked, (Link, usize)> = HashMap::new();
    let mut delegated = Delegated::new();
    for place in 0..all.len() {
        let delegation = all.get(place).and_then(|this| delegation(all, this, &delegated));
        let Some(this) = all.get(place) else { continue };
        let lame = delegation.as_ref().and_then(|found| lame(this, found));
        let asked = asked(this);
        let before = asked.as_ref().and_then(|asked| waiting.remove(asked));
        let link = before
            .and_then(|(link, before)| link_to(all.get(before)?, this, link).map(|link| (link, before)));
        if let (Some(asked), Some((link, asked_next))) = (asked, expects(this)) {
            // What was asked is looked for again under the same name, or under that of an alias.
            let asked = asked_next.map_or(asked.clone(), |name| (asked.0, name, asked.2, asked.3));
            waiting.insert(asked, (link, place));
        }
        if delegated.len() < MAX_DELEGATED
            && lame.is_none()
            && matches!(this.outcome, DnsOutcome::Referral { .. })
        {
            named_servers(this, place, &mut delegated);
        }
        if let Some((link, before)) = link
            && let Some(earlier) = all.get_mut(before)
        {
            earlier.next = Some((link, place));
        }
        if let Some(this) = all.get_mut(place) {
            this.previous = link;
            this.delegation = delegation;
            if let Some(lame) = lame {
                this.outcome = lame;
            }
        }
    }
}

fn asked(transaction: &DnsTransaction) -> Option<Asked> {
    let query = transaction.queries.first()?.read();
    // Of a name that cannot be read nobody knows whether another is the same.
    let question = query.questions.first().filter(|question| question.name.fault().is_none())?;
    Some((transaction.client.addr, question.name.folded().collect(), question.kind, question.class))
}

/// Why a later transaction may go on from this one, and the name that it then asks for if that is another.
fn expects(this: &DnsTransaction) -> Option<(Link, Option<Vec<u8>>)> {
    Some(match &this.outcome {
        DnsOutcome::Truncated => (Link::OverTcp, None),
        DnsOutcome::Unanswered
        | DnsOutcome::Failed(_)
        | DnsOutcome::Lame { .. }
        | DnsOutcome::Damaged(_)
        | DnsOutcome::Unfinished { .. } => (Link::AskedAgain, None),
        DnsOutcome::Referral { .. } => (Link::Referral, None),
        DnsOutcome::Cname(_) => (Link::Alias, Some(alias_target(this)?)),
        _ => return None,
    })
}

/// The name at the end of the aliases in the response.
fn alias_target(this: &DnsTransaction) -> Option<Vec<u8>> {
    let response = this.response()?.read();
    let query = this.queries.first()?.read();
    let start = query.questions.first()?.name;
    Some(super::outcome::end_of_chain(start, &response).folded().collect())
}

/// The link from `before` to `this`, if `this` comes in time and to where it has to.
fn link_to(before: &DnsTransaction, this: &DnsTransaction, link: Link) -> Option<Link> {
    let last = before.responses.last().or(before.queries.last())?.at;
    let first = this.queries.first()?.at;
    if first.since(last).is_some_and(|age| age > MAX_AGE) {
        return None;
    }
    let over_tcp = this.transport == TransportProtocol::Tcp && before.server.addr == this.server.addr;
    Some(match link {
        Link::OverTcp if !over_tcp => Link::AskedAgain,
        link => link,
    })
}

/// Notes the servers whose addresses a referral gives.
fn named_servers(this: &DnsTransaction, place: usize, delegated: &mut Delegated) {
    let Some(response) = this.response().map(DnsMessage::read) else { return };
    let servers = response.section(Section::Authority).filter(|record| record.kind == NS);
    let servers: Vec<Name<'_>> = servers.take(MAX_SERVERS).map(|server| server.name_at(0)).collect();
    for record in response.section(Section::Additional).take(MAX_ADDRESSES) {
        let address = match (record.kind, record.data) {
            (A, data) => data.first_chunk().map(|bytes: &[u8; 4]| IpAddr::V4(Ipv4Addr::from(*bytes))),
            (AAAA, data) => data.first_chunk().map(|bytes: &[u8; 16]| IpAddr::V6(Ipv6Addr::from(*bytes))),
            _ => None,
        };
        let is_server = |name: &Name<'_>| servers.iter().any(|server| server.is_same(name));
        if let Some(address) = address.filter(|_| is_server(&record.name)) {
            let zones = delegated.entry(address).or_default();
            if zones.len() >= MAX_ZONES {
                zones.remove(0);
            }
            zones.push(place);
        }
    }
}

/// The referral that the server of `this` was named in for a zone with the name that is asked for.
fn delegation(all: &[DnsTransaction], this: &DnsTransaction, delegated: &Delegated) -> Option<Delegation> {
    let query = this.queries.first()?.read();
    let name = query.questions.first()?.name;
    let zones = delegated.get(&this.server.addr)?;
    zones.iter().rev().find_map(|&place| {
        let response = all.get(place)?.response()?;
        let read = response.read();
        let zone = zone_of(&read)?;
        let fits = is_within(&name, &zone) && all.get(place)?.client.addr == this.client.addr;
        let packet = response.at.number;
        fits.then(|| Delegation { zone: zone.to_string(), packet, labels: zone.label_count() })
    })
}

/// The zone that a referral is for.
fn zone_of<'a>(referral: &Message<'a>) -> Option<Name<'a>> {
    referral.section(Section::Authority).find(|record| record.kind == NS).map(|record| record.name)
}

/// What a referral is by a server that was itself named for the zone, or for one below it: no way on.
fn lame(this: &DnsTransaction, delegation: &Delegation) -> Option<DnsOutcome> {
    let DnsOutcome::Referral { zone } = &this.outcome else { return None };
    let response = this.response()?.read();
    let is_new = zone_of(&response).is_some_and(|zone| zone.label_count() > delegation.labels);
    let is_lame = !is_new && !response.header.is_some_and(|header| header.is_authoritative());
    is_lame.then(|| DnsOutcome::Lame { zone: zone.clone() })
}
