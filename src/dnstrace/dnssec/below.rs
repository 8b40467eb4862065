//! What a response says of zones below the one that its server was asked for.

use super::denial::{Denial, NSEC, NSEC3};
use super::set::RecordSet;
use super::{CNAME, DNAME, DS, RRSIG, SOA};
use crate::dnstrace::{Domain, Step, StepOutcome};
use crate::proto::dns::{Message, Section};

/// Most names of one response whose zones are looked for: aliases lead through few.
const MAX_NAMES: usize = 4;

/// Most sets of a section that are looked at: an answer has as many as aliases lead on, a proof four.
const MAX_SETS: usize = 32;

/// The owner of a set, and who signs it.
pub(super) struct Speaker {
    owner: Domain,
    signers: Vec<Domain>,
}

/// Who signs sets of these types in a section, or of all types.
pub(super) fn speakers(message: &Message<'_>, section: Section, kinds: &[u16]) -> Vec<Speaker> {
    let all = sets(message, section, kinds).into_iter().map(|set| {
        let signers = set.signatures.into_iter().map(|signature| signature.signer).collect();
        Speaker { owner: set.owner, signers }
    });
    all.filter(|speaker| !speaker.signers.is_empty()).collect()
}

/// The sets of a section, by owner and type.
fn sets(message: &Message<'_>, section: Section, kinds: &[u16]) -> Vec<RecordSet> {
    let mut found: Vec<RecordSet> = Vec::new();
    for record in message.section(section).filter(|record| record.kind != RRSIG) {
        let is_wanted = kinds.is_empty() || kinds.contains(&record.kind);
        let Some(owner) = Domain::of(&record.name).filter(|_| is_wanted) else { continue };
        if found.len() < MAX_SETS && !found.iter().any(|set| set.kind == record.kind && set.owner == owner) {
            found.extend(RecordSet::of(message, section, &owner, record.kind));
        }
    }
    found
}

/// Of those who sign what they own, at or below `zone` and at or above `name` (strictly, where `above` is set), the deepest.
/// One that is neither signs for nobody.
pub(super) fn deepest_signer(
    speakers: &[Speaker],
    zone: &Domain,
    name: &Domain,
    above: bool,
) -> Option<Domain> {
    let all = speakers
        .iter()
        .flat_map(|speaker| speaker.signers.iter().filter(|signer| speaker.owner.is_within(signer)));
    let fits = |signer: &&Domain| {
        signer.is_within(zone) && name.is_within(signer) && !(above && *signer == name && !name.is_root())
    };
    all.filter(fits).max_by_key(|signer| signer.label_count()).cloned()
}

/// The zone that signs a set, as its signatures have it: `zone`, or one below it and at or above the owner.
pub(super) fn signer_of(set: &RecordSet, zone: &Domain) -> Option<Domain> {
    let mut signers = set.signatures.iter().map(|signature| &signature.signer);
    let fits = |signer: &&Domain| signer.is_within(zone) && set.owner.is_within(signer);
    if signers.clone().any(|signer| signer == zone) {
        Some(zone.clone())
    } else {
        signers.find(fits).cloned()
    }
}

/// Names below the zone of a step of which its response tells something: for each, the cuts in between have to be known.
/// Either the name of who signed, or, where nothing is signed, the name that it is said of.
pub(in crate::dnstrace) fn told_of(step: &Step) -> Vec<Domain> {
    let Some(message) = step.message() else { return Vec::new() };
    let mut names = Vec::new();
    if let StepOutcome::Referral(referral) = &step.outcome {
        let signers = speakers(&message, Section::Authority, &[DS, NSEC, NSEC3]);
        names.extend(match deepest_signer(&signers, &step.zone, &referral.zone, true) {
            Some(signer) => Some(signer),
            None => signers.is_empty().then(|| referral.zone.above()),
        });
    } else {
        let answers = sets(&message, Section::Answer, &[]);
        let made = |set: &RecordSet| set.kind == CNAME && answers.iter().any(|other| other.kind == DNAME);
        for set in answers.iter().filter(|set| !(set.signatures.is_empty() && made(set))) {
            names.push(signer_of(set, &step.zone).unwrap_or_else(|| set.owner.clone()));
        }
        names.extend(absent(step, &message));
    }
    let mut below: Vec<Domain> = Vec::new();
    for name in names {
        let is_below = name.is_within(&step.zone) && name != step.zone;
        if is_below && below.len() < MAX_NAMES && !below.contains(&name) {
            below.push(name);
        }
    }
    below
}

/// Of what a response says that it is not there.
fn absent(step: &Step, message: &Message<'_>) -> Option<Domain> {
    let (StepOutcome::NoData { aliases, .. } | StepOutcome::NxDomain { aliases, .. }) = &step.outcome else {
        return None;
    };
    let end = aliases.last().map_or(&step.asked.name, |alias| &alias.to);
    let is_ds = step.asked.kind == DS;
    let signers = speakers(message, Section::Authority, &[SOA, NSEC, NSEC3]);
    if let Some(signer) = deepest_signer(&signers, &step.zone, end, is_ds) {
        return Some(signer);
    }
    let owner = sets(message, Section::Authority, &[SOA]).into_iter().map(|set| set.owner);
    let owner = owner.filter(|owner| end.is_within(owner)).max_by_key(Domain::label_count);
    Some(owner.unwrap_or_else(|| if is_ds { end.above() } else { end.clone() }))
}

/// Whether a response to the question for DS records is about that name itself, and no alias of it.
pub(in crate::dnstrace) const fn is_of_name(outcome: &StepOutcome) -> bool {
    match outcome {
        StepOutcome::Answer { aliases, .. } | StepOutcome::NoData { aliases, .. } => aliases.is_empty(),
        _ => false,
    }
}

/// Whether a response to the question for DS records says that nothing is signed at that name and below. Nothing is verified
/// here: it tells whether to ask on, not what to believe.
pub(in crate::dnstrace) fn ends_signed(step: &Step) -> bool {
    let Some(message) = step.message() else { return false };
    let proofs = sets(&message, Section::Authority, &[NSEC, NSEC3]);
    let signer = proofs.iter().find_map(|set| signer_of(set, &step.zone));
    // A zone that proves nothing is not signed, and none below it is.
    let Some(signer) = signer else { return true };
    let mut denial = Denial::new(&signer);
    proofs.iter().for_each(|set| denial.add(set));
    denial.too_many_rounds || denial.no_ds(&step.asked.name).is_some()
}
