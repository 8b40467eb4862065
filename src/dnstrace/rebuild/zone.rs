//! Which zone a server was asked as a server of, where nothing before its response tells.

use super::super::{Asked, Domain, StepOutcome, judge};
use super::part::PartStep;
use crate::proto::dns::{Message, Record, Section};

/// Bytes of an RRSIG record's data before the name of who signed (RFC 4034 section 3.1).
const BEFORE_SIGNER: usize = 18;

const NS: u16 = 2;
const SOA: u16 = 6;
const RRSIG: u16 = 46;
/// The Internet's class.
const IN: u16 = 1;

/// What a response means, its server's zone found out by it where nothing else tells.
pub(super) fn judged(step: &mut PartStep, response: &Message<'_>) -> StepOutcome {
    let told = told_zone(&step.asked, response);
    // What the step before made one expect is less than what the response itself tells.
    let expected = step.zone.as_ref().filter(|_| !step.is_guess || told.is_none());
    if let Some(zone) = expected {
        let outcome = judge(zone, &step.asked, response);
        if step.is_sure || outcome.is_useful() {
            return outcome;
        }
    }
    step.is_guess = told.is_none();
    let zone = told.unwrap_or_else(|| guessed_zone(&step.asked, response));
    let outcome = judge(&zone, &step.asked, response);
    step.zone = Some(zone);
    outcome
}

/// The zone that a response is from, by itself: whose keys signed, whose SOA record it has, or NS records with authority; the root, where
/// it refers to a top-level domain.
fn told_zone(asked: &Asked, response: &Message<'_>) -> Option<Domain> {
    let signer = |record: &Record<'_>| Domain::of(&record.name_at(BEFORE_SIGNER));
    let records = || response.records.iter().filter(|record| record.class == IN);
    let contains = |zone: &Domain| asked.name.is_within(zone);
    let signed = records().filter(|record| record.kind == RRSIG).find_map(signer).filter(contains);
    if let Some(zone) = signed.or_else(|| of_authority(response, SOA).filter(contains)) {
        return Some(zone);
    }
    let has_authority = response.header.is_some_and(|header| header.is_authoritative());
    let named = of_authority(response, NS).filter(contains)?;
    // Above a top-level domain there is the root alone.
    (has_authority || named.label_count() <= 1).then(|| if has_authority { named } else { named.above() })
}

/// Whose the first record of this type in the authority section is.
fn of_authority(response: &Message<'_>, kind: u16) -> Option<Domain> {
    let mut those = response.section(Section::Authority);
    let found = those.find(|record| record.kind == kind && record.class == IN);
    found.and_then(|record| Domain::of(&record.name))
}

/// Most zones are one label below the one that refers to them, and most names that are asked for one below the top of their
/// zone.
fn guessed_zone(asked: &Asked, response: &Message<'_>) -> Domain {
    let has_authority = response.header.is_some_and(|header| header.is_authoritative());
    let named = of_authority(response, NS).filter(|zone| !has_authority && asked.name.is_within(zone));
    if let Some(zone) = named {
        return zone.above();
    }
    match asked.name.label_count() {
        labels @ 3.. => asked.name.last_labels(labels - 1),
        _ => asked.name.clone(),
    }
}
