//! Responses that no query is for: a resolver ignores them, and whoever forges answers sends many.

use std::collections::HashMap;

use super::super::{Ignored, MAX_IGNORED, Misfit};
use super::story::is_soon;
use crate::decode::{Endpoint, TransportProtocol};
use crate::flow::PacketStamp;
use crate::proto::Protocol;
use crate::proto::dns::Question;
use crate::report::dns::{DnsMessage, DnsTransaction};

/// Queries of one port that a stray response is compared with, the newest first: a port that all queries come from has many
/// under way.
const MAX_COMPARED: usize = 64;

/// Stray responses, each with the query that waited when it came.
#[derive(Debug, Default)]
pub(super) struct Strays(HashMap<usize, Vec<Ignored>>);

impl Strays {
    /// Those of a capture, whose transactions are in the order of their first packets.
    pub(super) fn of(all: &[DnsTransaction]) -> Self {
        let mut asked: HashMap<(Endpoint, TransportProtocol), Vec<usize>> = HashMap::new();
        let mut strays = Self::default();
        for (place, one) in all.iter().enumerate().filter(|(_, one)| one.protocol == Protocol::Dns) {
            let from = (one.client, one.transport);
            if !one.is_unasked() {
                asked.entry(from).or_default().push(place);
                continue;
            }
            let Some(response) = one.response() else { continue };
            let before = asked.get(&from).map(Vec::as_slice).unwrap_or_default();
            let Some((place, why)) = waiting(all, before, response) else { continue };
            let list = strays.0.entry(place).or_default();
            if list.len() < MAX_IGNORED {
                list.push(ignored(response, why));
            }
        }
        strays
    }

    /// Those that came while the query at this place waited.
    pub(super) fn take(&mut self, place: usize) -> Vec<Ignored> {
        self.0.remove(&place).unwrap_or_default()
    }
}

/// A response that was ignored.
pub(super) fn ignored(response: &DnsMessage, why: Misfit) -> Ignored {
    let from = (response.from.addr, response.from.port).into();
    Ignored { from, why, packet: Some(response.at.number) }
}

/// The query that `response` was meant to answer, as it seems, and why it does not: one that waits, of the same question, of
/// the same server, or the only one.
fn waiting(all: &[DnsTransaction], before: &[usize], response: &DnsMessage) -> Option<(usize, Misfit)> {
    let read = response.read();
    let header = read.header?;
    let mut found: Vec<(usize, bool, bool, Misfit)> = Vec::new();
    for &place in before.iter().rev().take(MAX_COMPARED) {
        let Some(one) = all.get(place) else { continue };
        let Some(query) = one.queries.first().filter(|_| waits(one, response.at)) else { continue };
        let query = query.read();
        let is_same = match (query.questions.first(), read.questions.first()) {
            (Some(asked), Some(repeated)) => is_same(asked, repeated),
            _ => false,
        };
        let is_asked = one.server == response.from;
        let why = match query.header {
            _ if !is_asked => Misfit::Source,
            Some(asked) if asked.id != header.id => Misfit::Id(header.id),
            _ => Misfit::Question,
        };
        found.push((place, is_same, is_asked, why));
    }
    let best = found.iter().find(|one| one.1).or_else(|| found.iter().find(|one| one.2));
    let only = || found.first().filter(|_| found.len() == 1);
    best.or_else(only).map(|&(place, .., why)| (place, why))
}

/// Whether a query has no response at `at`, and had been sent.
fn waits(one: &DnsTransaction, at: PacketStamp) -> bool {
    let is_sent = one.queries.iter().any(|query| query.at.number < at.number && is_soon(query.at, at));
    is_sent && one.response().is_none_or(|response| response.at.number > at.number)
}

fn is_same(asked: &Question<'_>, repeated: &Question<'_>) -> bool {
    asked.kind == repeated.kind && asked.class == repeated.class && asked.name.is_same(&repeated.name)
}
