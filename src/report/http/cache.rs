//! Caches and proxies: what messages say of them, and what a proxy did where both of its sides are in the capture.

use std::collections::HashMap;

use super::{Exchange, HttpMessage};
use crate::decode::Endpoint;
use crate::source::PacketNumber;

/// What happened to a request in a cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CacheVerdict {
    /// A cache answered from its store.
    Hit,
    /// A cache had nothing, and fetched it.
    Miss,
    /// The copy that the client has is still good (304).
    NotModified,
    /// The client had a copy and asked; it got the document anew.
    Changed,
    /// A cache asked whether its copy is still good, and it was.
    Revalidated,
}

/// A header that says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CacheEvidence {
    /// `If-None-Match` or `If-Modified-Since` in the request.
    Conditional(&'static str),
    /// Status 304 in the response.
    Status304,
    /// `Age`: seconds that a cache has held it.
    Age(u64),
    /// This header of the response names a hit or miss: `X-Cache`, `Cache-Status` …
    Named(&'static str),
    /// `Via` in the response: a proxy passed it on.
    Via,
}

/// What the messages of an exchange say of caches.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CacheSays {
    /// What happened, as far as the messages tell.
    pub verdict: Option<CacheVerdict>,
    /// The headers that were looked at and say something.
    pub evidence: Vec<CacheEvidence>,
}

/// What a proxy did with a request. Exchanges are told by their place in the list they stand in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leg {
    /// It asked another server for it, in this exchange.
    Forwarded(usize),
    /// It asked another server whether its copy is still good, in this exchange, and it was.
    Revalidated(usize),
    /// It answered from its own store: the request never went to the origin. The exchange that filled the store, where
    /// it is in the capture.
    OwnStore(Option<usize>),
    /// This is what a proxy asks on behalf of the client of this exchange.
    OnBehalfOf(usize),
}

/// Headers in which caches say whether they had it: RFC 9211's, and what came before it.
const CACHE_HEADERS: [&str; 6] =
    ["x-cache", "x-cache-status", "cache-status", "cf-cache-status", "x-proxy-cache", "x-varnish-cache"];

/// Request headers that make a request conditional (RFC 9110 section 13.1).
const CONDITIONS: [&str; 2] = ["if-none-match", "if-modified-since"];

impl CacheSays {
    /// What the messages of `exchange` say.
    #[must_use]
    pub fn of(exchange: &Exchange) -> Self {
        let mut says = Self::default();
        if let Some(request) = &exchange.request {
            let has = CONDITIONS.into_iter().filter(|name| request.message.header(name).is_some());
            says.evidence.extend(has.map(CacheEvidence::Conditional));
        }
        let is_conditional = !says.evidence.is_empty();
        let Some(response) = &exchange.response else { return says };
        if response.status == Some(304) {
            says.evidence.push(CacheEvidence::Status304);
        }
        let named = named(&response.message, &mut says.evidence);
        if let Some(age) = response.message.header("age").and_then(seconds) {
            says.evidence.push(CacheEvidence::Age(age));
            says.verdict = (age > 0).then_some(CacheVerdict::Hit);
        }
        if response.message.header("via").is_some() {
            says.evidence.push(CacheEvidence::Via);
        }
        // What the client learns counts more than how the answer came about.
        says.verdict = match response.status {
            Some(304) if is_conditional => Some(CacheVerdict::NotModified),
            Some(200) if is_conditional && named.is_none() => Some(CacheVerdict::Changed),
            _ => named.or(says.verdict),
        };
        says
    }
}

/// What the headers of caches say, the nearest cache last; all of them that say something go to `evidence`.
fn named(response: &HttpMessage, evidence: &mut Vec<CacheEvidence>) -> Option<CacheVerdict> {
    let mut verdict = None;
    for name in CACHE_HEADERS {
        for value in response.all(name) {
            let said = value.rsplit(|byte| *byte == b',').find_map(word);
            if said.is_some() {
                evidence.push(CacheEvidence::Named(name));
                verdict = verdict.or(said);
            }
        }
    }
    verdict
}

/// `HIT from proxy`, `ExampleCache; fwd=miss`.
fn word(element: &[u8]) -> Option<CacheVerdict> {
    let text = element.to_ascii_lowercase();
    let has = |word: &str| memchr::memmem::find(&text, word.as_bytes()).is_some();
    match () {
        () if has("revalidated") || has("refresh_hit") || has("refreshhit") => {
            Some(CacheVerdict::Revalidated)
        }
        () if has("miss") || has("expired") || has("bypass") || has("dynamic") || has("fwd=") => {
            Some(CacheVerdict::Miss)
        }
        () if has("hit") => Some(CacheVerdict::Hit),
        () => None,
    }
}

fn seconds(value: &[u8]) -> Option<u64> {
    std::str::from_utf8(value.trim_ascii()).ok()?.parse().ok()
}

/// What a document is asked for by: method, host and path. A host without a port and the same with 80 are one.
type Key = (Box<[u8]>, Box<[u8]>, Box<[u8]>);

fn key(exchange: &Exchange) -> Option<Key> {
    let request = exchange.request.as_ref().filter(|request| &*request.method != b"CONNECT")?;
    let host = request.host()?.to_ascii_lowercase();
    let host = host.strip_suffix(b":80").unwrap_or(&host);
    Some((request.method.clone(), host.into(), request.path().into()))
}

/// Most exchanges with the same key that are looked at as the other leg of one: they lie near each other in time.
const MAX_CANDIDATES: usize = 64;

/// Finds for each request to a proxy what the proxy asked on its behalf, or that it asked nobody. `all` is in the order of
/// packets.
pub(super) fn find_legs(all: &mut [Exchange]) {
    let mut by_key: HashMap<Key, Vec<usize>> = HashMap::new();
    for (place, exchange) in all.iter().enumerate() {
        if let Some(key) = key(exchange) {
            by_key.entry(key).or_default().push(place);
        }
    }
    // Proxies of which the side to the origin was seen.
    let mut proxies: Vec<Endpoint> = Vec::new();
    let mut found: Vec<(usize, usize)> = Vec::new();
    let mut taken = vec![false; all.len()];
    let mut groups: Vec<&Vec<usize>> = by_key.values().filter(|group| group.len() > 1).collect();
    groups.sort();
    for group in groups {
        for (at, &front) in group.iter().enumerate() {
            let behind = group.iter().skip(at.saturating_add(1)).take(MAX_CANDIDATES).copied();
            let leg = behind.filter(|back| !taken.get(*back).copied().unwrap_or(true)).find(|back| {
                matches!((all.get(front), all.get(*back)), (Some(front), Some(back)) if is_behind(front, back))
            });
            let (Some(back), Some(exchange)) = (leg, all.get(front)) else { continue };
            if let Some(taken) = taken.get_mut(back) {
                *taken = true;
            }
            found.push((front, back));
            if proxies.len() < MAX_PROXIES && !proxies.contains(&exchange.server) {
                proxies.push(exchange.server);
            }
        }
    }
    for &(front, back) in &found {
        let is_still_good = all.get(back).and_then(Exchange::status) == Some(304)
            && all.get(front).and_then(Exchange::status) != Some(304);
        if let Some(exchange) = all.get_mut(front) {
            exchange.leg = Some(if is_still_good { Leg::Revalidated(back) } else { Leg::Forwarded(back) });
            if is_still_good {
                exchange.cache.verdict = Some(CacheVerdict::Revalidated);
            }
        }
        if let Some(exchange) = all.get_mut(back) {
            exchange.leg = Some(Leg::OnBehalfOf(front));
        }
    }
    own_stores(all, &proxies, &by_key);
}

/// Most proxies that are told apart: a capture of a lesson has one or two.
const MAX_PROXIES: usize = 1024;

/// Requests to a proxy whose other side is in the capture, that were answered without being passed on.
fn own_stores(all: &mut [Exchange], proxies: &[Endpoint], by_key: &HashMap<Key, Vec<usize>>) {
    for place in 0..all.len() {
        let Some(exchange) = all.get(place) else { continue };
        let is_answered = exchange.response.as_ref().is_some_and(|response| response.message.cut.is_none());
        if exchange.leg.is_some() || !is_answered || !proxies.contains(&exchange.server) {
            continue;
        }
        // Errors are a proxy's own, and not from a store.
        if !matches!(exchange.status(), Some(200..=399 | 404 | 410)) {
            continue;
        }
        let Some(group) = key(exchange).and_then(|key| by_key.get(&key)) else { continue };
        let before = group.iter().rev().skip_while(|other| **other >= place).take(MAX_CANDIDATES);
        let filled = before.copied().find(|other| {
            all.get(*other).is_some_and(|other| {
                other.server == exchange.server
                    && matches!(other.leg, Some(Leg::Forwarded(_) | Leg::Revalidated(_)))
            })
        });
        if let Some(exchange) = all.get_mut(place) {
            exchange.leg = Some(Leg::OwnStore(filled));
            if exchange.cache.verdict != Some(CacheVerdict::NotModified) {
                exchange.cache.verdict = Some(CacheVerdict::Hit);
            }
        }
    }
}

/// Whether the server of `front` asked `back` on its behalf: from the same host, to another server, after it was asked and
/// before it answered.
fn is_behind(front: &Exchange, back: &Exchange) -> bool {
    let first = |exchange: &Exchange| -> Option<(PacketNumber, Option<PacketNumber>)> {
        let asked = exchange.request.as_ref()?.message.last.number;
        Some((asked, exchange.response.as_ref().map(|response| response.message.first.number)))
    };
    let (Some((front_asked, front_answered)), Some((back_asked, back_answered))) =
        (first(front), first(back))
    else {
        return false;
    };
    let in_time = back_asked > front_asked
        && match (front_answered, back_answered) {
            (Some(front), Some(back)) => back <= front,
            (Some(front), None) => back_asked < front,
            (None, _) => true,
        };
    in_time
        && back.client.addr == front.server.addr
        && back.server != front.server
        && back.place != front.place
}
