//! Questions for what checks an answer: keys of zones, and DS records where no referral brought any.

use std::collections::VecDeque;

use super::{DNSKEY, DS, Earlier, Resolver};
use crate::dnstrace::dnssec::{ends_signed, is_of_name, told_of};
use crate::dnstrace::{Asked, DnsTrace, Domain, Ending, Server, Step, StepOutcome};

/// How deep questions beside that of a trace are: as deep as those for the addresses of its servers.
const BESIDE: usize = 1;

/// Most other servers of a zone that are asked for its keys: each that is silent takes its time from what follows.
const MAX_OTHERS: usize = 4;

impl Resolver<'_> {
    /// Asks for the keys of the zones on the way, but for those that are known; and what zones are in between, where a server
    /// of a signed one speaks for a name below.
    pub(super) fn ask_for_proof(&mut self, trace: &DnsTrace, earlier: &Earlier) -> Vec<Step> {
        let mut keys = Vec::new();
        self.ask_for_keys(&trace.steps, earlier, &mut keys);
        let is_word = |step: &&Step| step.outcome.is_useful() && !step.recursion_desired;
        for step in earlier.referrals.iter().chain(&trace.steps).filter(is_word) {
            if earlier.keys.contains(&step.zone) || has_keys(&step.zone, &keys) {
                for name in told_of(step) {
                    self.ask_for_cuts(&step.zone, &name, earlier, &mut keys);
                }
            }
        }
        keys
    }

    fn ask_for_keys(&mut self, steps: &[Step], earlier: &Earlier, keys: &mut Vec<Step>) {
        let mut found = DnsTrace::new(Asked { name: Domain::root(), kind: DNSKEY });
        for step in steps.iter().filter(|step| step.outcome.is_useful()) {
            let asked = Asked { name: step.zone.clone(), kind: DNSKEY };
            let is_known = earlier.keys.contains(&asked.name) || earlier.unsigned.contains(&asked.name);
            if is_known || keys.iter().chain(&found.steps).any(|step| step.asked == asked) {
                continue;
            }
            if self.ask_for_key(&asked, step, &mut found).is_err() {
                break;
            }
        }
        keys.extend(found.steps);
    }

    /// Asks the server that led on, and where it gives no answer, others, and those again that were silent: a zone that has to
    /// be signed and whose keys are not to be had is not believed.
    fn ask_for_key(&mut self, asked: &Asked, step: &Step, found: &mut DnsTrace) -> Result<(), Ending> {
        let mut silent = VecDeque::new();
        let mut servers = VecDeque::from([step.server.clone()]);
        if self.ask_each(&step.zone, asked, &mut servers, &mut silent, found)?.is_some() {
            return Ok(());
        }
        let place = self.zones.iter().position(|zone| zone.name == step.zone);
        let others = place.map(|place| self.candidates(place).0).unwrap_or_default();
        let others = others.into_iter().filter(|other| other.address != step.server.address);
        let mut again: VecDeque<Server> = others.take(MAX_OTHERS).collect();
        again.append(&mut silent);
        self.ask_each(&step.zone, asked, &mut again, &mut silent, found)?;
        Ok(())
    }

    /// Who serves a zone and one below it speaks for both, and leads nobody to the lower one (as the root's servers do for
    /// `root-servers.net.`): so the zones above are asked for the DS records of each name in between, and those that have some
    /// for their keys, down to the first that is not signed (RFC 4035 section 5.2).
    fn ask_for_cuts(&mut self, zone: &Domain, name: &Domain, earlier: &Earlier, keys: &mut Vec<Step>) {
        for labels in zone.label_count().saturating_add(1)..=name.label_count() {
            let cut = name.last_labels(labels);
            let Some(word) = self.ask_beside(Asked { name: cut.clone(), kind: DS }, earlier, keys) else {
                break;
            };
            match &word.outcome {
                StepOutcome::Answer { .. } if is_of_name(&word.outcome) => {
                    if !earlier.keys.contains(&cut) {
                        self.ask_beside(Asked { name: cut, kind: DNSKEY }, earlier, keys);
                    }
                }
                StepOutcome::NoData { .. } if is_of_name(&word.outcome) && ends_signed(&word) => break,
                // Below an alias there may be names all the same.
                StepOutcome::Answer { .. } | StepOutcome::NoData { .. } | StepOutcome::Alias { .. } => {}
                _ => break,
            }
        }
    }

    /// Asks a question beside the one of the trace, unless its answer is known; gives what came of it in the end.
    fn ask_beside(&mut self, asked: Asked, earlier: &Earlier, keys: &mut Vec<Step>) -> Option<Step> {
        let is_word = |step: &&Step| {
            step.asked == asked
                && step.outcome.is_useful()
                && !matches!(step.outcome, StepOutcome::Referral(_))
        };
        if let Some(word) = earlier.cuts.iter().chain(keys.iter()).find(is_word) {
            return Some(word.clone());
        }
        let mut nested = DnsTrace::new(asked.clone());
        let before = self.stops_at_alias.replace(BESIDE);
        nested.ending = self.run(&mut nested, BESIDE).unwrap_or_else(|ending| ending);
        self.stops_at_alias = before;
        let word = nested.steps.iter().find(is_word).cloned();
        keys.extend(nested.steps.iter().cloned());
        self.ask_for_keys(&nested.steps, earlier, keys);
        word
    }
}

/// Whether a zone has said what its keys are.
fn has_keys(zone: &Domain, keys: &[Step]) -> bool {
    keys.iter().any(|step| {
        step.asked.kind == DNSKEY
            && step.asked.name == *zone
            && matches!(step.outcome, StepOutcome::Answer { .. })
    })
}
