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
    if let Some(zone) = &step.zone {
        let outcome = judge(zone, &step.asked, response);
        if step.is_sure || outcome.is_useful() {
            return outcome;
        }
    }
    let told = told_zone(&step.asked, response);
    step.is_guess = told.is_none();
    let zone = told.unwrap_or_else(|| guessed_zone(&step.asked));
    let outcome = judge(&zone, &step.asked, response);
    step.zone = Some(zone);
    outcome
}

/// The zone that a response is from, by itself: whose keys signed, whose SOA or NS records it has, or the one above the
/// zone that it refers to.
fn told_zone(asked: &Asked, response: &Message<'_>) -> Option<Domain> {
    let signer = |record: &Record<'_>| Domain::of(&record.name_at(BEFORE_SIGNER));
    let records = || response.records.iter().filter(|record| record.class == IN);
    let authority = |kind| {
        let mut those = records().filter(move |record| record.section == Section::Authority);
        those.find(|record| record.kind == kind).and_then(|record| Domain::of(&record.name))
    };
    let contains = |zone: &Domain| asked.name.is_within(zone);
    let signed = records().filter(|record| record.kind == RRSIG).find_map(signer).filter(contains);
    if let Some(zone) = signed.or_else(|| authority(SOA).filter(contains)) {
        return Some(zone);
    }
    let has_authority = response.header.is_some_and(|header| header.is_authoritative());
    let named = authority(NS).filter(contains)?;
    let above = named.label_count().saturating_sub(1);
    Some(if has_authority { named } else { named.last_labels(above) })
}

/// Most names that are asked for are one label below the top of their zone.
fn guessed_zone(asked: &Asked) -> Domain {
    match asked.name.label_count() {
        labels @ 3.. => asked.name.last_labels(labels - 1),
        _ => asked.name.clone(),
    }
}
