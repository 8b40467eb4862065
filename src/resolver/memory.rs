//! What a recursive resolver remembers: answers, and the way to zones.

use std::time::Duration;

use super::found::{Found, MAX_NEGATIVE_TTL};
use super::kept::{Kept, MAX_ANSWERS, MAX_BYTES, MAX_CUTS, MAX_ZONES};
use crate::dnstrace::{
    Asked, DnsTrace, Domain, Earlier, KnownBy, MAX_ADDRESSES, NameServer, Step, StepOutcome, unsigned_zone,
};
use crate::proto::dns::OPT;

const DS: u16 = 43;
const DNSKEY: u16 = 48;

/// A zone below the root that was referred to.
#[derive(Debug)]
struct Delegation {
    servers: Vec<NameServer>,
    /// The referral: what it says of the zone's keys is checked anew each time.
    step: Step,
}

/// What is remembered, each for its time.
#[derive(Debug)]
pub(super) struct Memory {
    answers: Kept<Asked, Found>,
    zones: Kept<Domain, Delegation>,
    keys: Kept<Domain, Step>,
    /// Answers to questions for the DS records of a name: of zones that no referral led to, and of names that are none.
    cuts: Kept<Domain, Step>,
}

/// The way from the root down to the nearest zone that is remembered.
#[derive(Clone, Debug, Default)]
pub(super) struct Way {
    /// Referrals, from the root's on.
    pub(super) steps: Vec<Step>,
    /// Keys of zones on the way, and whether there are zones in between.
    pub(super) keys: Vec<Step>,
    /// The same for who goes on from there.
    pub(super) earlier: Earlier,
}

impl Memory {
    pub(super) fn new() -> Self {
        Self {
            answers: Kept::new(MAX_ANSWERS, MAX_BYTES),
            zones: Kept::new(MAX_ZONES, MAX_BYTES),
            keys: Kept::new(MAX_ZONES, MAX_BYTES),
            cuts: Kept::new(MAX_CUTS, MAX_BYTES),
        }
    }

    /// What was found out, its times to live counted down.
    pub(super) fn answer(&self, asked: &Asked, now: Duration) -> Option<Found> {
        let (found, age) = self.answers.get(asked, now)?;
        let mut found = found.clone();
        for item in &mut found.items {
            item.set.ttl = item.set.ttl.saturating_sub(age);
        }
        Some(found)
    }

    pub(super) fn keep(&mut self, asked: Asked, found: &Found, now: Duration) {
        let bytes = found.bytes().saturating_add(asked.name.wire().len());
        self.answers.put(asked, found.clone(), bytes, found.ttl, now);
    }

    /// The way to the servers nearest above what is asked. What a zone's DS record says is with the zone above it.
    pub(super) fn way(&self, asked: &Asked, now: Duration) -> Way {
        let labels = asked.name.label_count().saturating_sub(usize::from(asked.kind == DS));
        let above = (1..=labels).rev().map(|count| asked.name.last_labels(count));
        let mut way = above.filter_map(|zone| self.way_to(zone, now)).next().unwrap_or_default();
        // Also of zones that nobody is led to: their servers are those of the zone above.
        let zones: Vec<Domain> =
            (0..=asked.name.label_count()).map(|count| asked.name.last_labels(count)).collect();
        way.keys = known(&self.keys, &zones, now);
        way.earlier.keys = way.keys.iter().map(|step| step.asked.name.clone()).collect();
        way.earlier.cuts = known(&self.cuts, &zones, now);
        way.keys.extend(way.earlier.cuts.iter().cloned());
        way.earlier.unsigned = way.steps.iter().filter_map(unsigned_zone).collect();
        way.earlier.referrals.clone_from(&way.steps);
        way
    }

    /// All of the way to a zone, or nothing.
    fn way_to(&self, mut zone: Domain, now: Duration) -> Option<Way> {
        let mut way = Way::default();
        while !zone.is_root() {
            let (delegation, _) = self.zones.get(&zone, now)?;
            // Each is referred to by one strictly above: names get shorter.
            let above = delegation.step.zone.clone();
            if above.label_count() >= zone.label_count() {
                return None;
            }
            way.earlier.zones.push((zone, delegation.servers.clone()));
            way.steps.push(delegation.step.clone());
            zone = above;
        }
        way.steps.reverse();
        way.earlier.zones.reverse();
        Some(way)
    }

    /// Remembers the way that a resolution took.
    pub(super) fn learn(&mut self, trace: &DnsTrace, keys: &[Step], now: Duration) {
        // Questions for DS records lead to zones, too.
        for step in trace.steps.iter().chain(keys) {
            step.nested.iter().for_each(|nested| self.learn(nested, &[], now));
            if let StepOutcome::Referral(referral) = &step.outcome {
                let step = Step { nested: Vec::new(), ignored: Vec::new(), ..step.clone() };
                let (bytes, ttl) = (size(&step), ttl(&step));
                let delegation = Delegation { servers: referral.servers.clone(), step };
                self.zones.put(referral.zone.clone(), delegation, bytes, ttl, now);
            } else if step.outcome.is_useful() && step.server.known_by == KnownBy::LookedUp {
                self.learn_address(step);
            }
        }
        trace.fruitless.iter().for_each(|nested| self.learn(nested, &[], now));
        let has_keys =
            |step: &&Step| step.asked.kind == DNSKEY && matches!(step.outcome, StepOutcome::Answer { .. });
        for step in keys.iter().filter(has_keys) {
            let (bytes, ttl) = (size(step), ttl(step));
            self.keys.put(step.asked.name.clone(), step.clone(), bytes, ttl, now);
        }
        for step in keys.iter().filter(|step| step.asked.kind == DS) {
            if let Some(ttl) = cut_ttl(step) {
                self.cuts.put(step.asked.name.clone(), step.clone(), size(step), ttl, now);
            }
        }
    }

    /// Remembers an address that no referral brought along, as long as the zone's servers.
    fn learn_address(&mut self, step: &Step) {
        let Some(delegation) = self.zones.get_mut(&step.zone) else { return };
        let server =
            delegation.servers.iter_mut().find(|server| Some(&server.name) == step.server.name.as_ref());
        let address = step.server.address.ip();
        if let Some(server) = server
            && server.glue.len() < MAX_ADDRESSES
            && !server.glue.contains(&address)
        {
            server.glue.push(address);
        }
    }
}

/// What is known of each of these names.
fn known(kept: &Kept<Domain, Step>, names: &[Domain], now: Duration) -> Vec<Step> {
    names.iter().filter_map(|name| kept.get(name, now).map(|(step, _)| step.clone())).collect()
}

/// How long an answer to the question for DS records may be kept; `None` where it is none, or another name's.
fn cut_ttl(step: &Step) -> Option<u32> {
    match &step.outcome {
        StepOutcome::Answer { aliases, .. } if aliases.is_empty() => Some(ttl(step)),
        // Without a SOA record nobody says for how long there is nothing (RFC 2308 section 5).
        StepOutcome::NoData { aliases, ttl: told, .. } if aliases.is_empty() => {
            Some(told.unwrap_or_default().min(ttl(step)).min(MAX_NEGATIVE_TTL))
        }
        _ => None,
    }
}

/// What a step takes beside its response, about: names and addresses of servers.
const STEP_BYTES: usize = 4096;

/// What a step takes, about.
fn size(step: &Step) -> usize {
    step.response.as_ref().map_or(0, |bytes| bytes.len()).saturating_mul(2).saturating_add(STEP_BYTES)
}

/// The least time to live of a response.
fn ttl(step: &Step) -> u32 {
    let Some(message) = step.message() else { return 0 };
    message.records.iter().filter(|record| record.kind != OPT).map(|record| record.ttl).min().unwrap_or(0)
}
