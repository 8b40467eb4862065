//! Questions for what checks an answer: keys of zones, and DS records where no referral brought any.

use std::collections::VecDeque;

use super::{DNSKEY, DS, Earlier, Resolver};
use crate::dnstrace::{Asked, DnsTrace, Domain, Ending, Server, Step, StepOutcome};
use crate::proto::dns::Section;

const RRSIG: u16 = 46;

impl Resolver<'_> {
    /// Asks for the keys of the zones on the way, but for those that are known; and whether there are zones in between, where a
    /// signed one gave an answer without a signature.
    pub(super) fn ask_for_proof(&mut self, trace: &DnsTrace, earlier: &Earlier) -> Vec<Step> {
        let mut keys = Vec::new();
        self.ask_for_keys(trace, earlier, &mut keys);
        let Some(last) = trace.steps.last().filter(|step| is_unsigned(step)) else { return keys };
        let is_signed = |zone: &Domain| {
            let has_keys = |step: &Step| {
                step.asked.kind == DNSKEY
                    && step.asked.name == *zone
                    && matches!(step.outcome, StepOutcome::Answer { .. })
            };
            keys.iter().any(has_keys) || earlier.keys.contains(zone)
        };
        if is_signed(&last.zone) {
            self.ask_for_cuts(&last.zone, &last.asked.name, earlier, &mut keys);
        }
        keys
    }

    fn ask_for_keys(&mut self, trace: &DnsTrace, earlier: &Earlier, keys: &mut Vec<Step>) {
        let mut found = DnsTrace::new(Asked { name: Domain::root(), kind: DNSKEY });
        for step in trace.steps.iter().filter(|step| step.outcome.is_useful()) {
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

    /// Asks the server that led on, and where it gives no answer, another one and both again.
    fn ask_for_key(&mut self, asked: &Asked, step: &Step, found: &mut DnsTrace) -> Result<(), Ending> {
        let mut silent = VecDeque::new();
        let mut servers = VecDeque::from([step.server.clone()]);
        if self.ask_each(&step.zone, asked, &mut servers, &mut silent, found)?.is_some() {
            return Ok(());
        }
        let place = self.zones.iter().position(|zone| zone.name == step.zone);
        let others = place.map(|place| self.candidates(place).0).unwrap_or_default();
        let mut again: VecDeque<Server> =
            others.into_iter().find(|other| other.address != step.server.address).into_iter().collect();
        again.append(&mut silent);
        self.ask_each(&step.zone, asked, &mut again, &mut silent, found)?;
        Ok(())
    }

    /// Who serves a zone and one below it answers for both, and leads nobody to the lower one (as the root's servers do for
    /// `root-servers.net.`): so the zones above are asked for the DS records of each name in between, down to the first that
    /// has none (RFC 4035 section 5.2).
    fn ask_for_cuts(&mut self, zone: &Domain, name: &Domain, earlier: &Earlier, keys: &mut Vec<Step>) {
        for labels in zone.label_count().saturating_add(1)..=name.label_count() {
            let mut nested = DnsTrace::new(Asked { name: name.last_labels(labels), kind: DS });
            nested.ending = self.run(&mut nested, 1).unwrap_or_else(|ending| ending);
            self.ask_for_keys(&nested, earlier, keys);
            let is_over = !matches!(nested.ending, Ending::Answer | Ending::NoData);
            keys.extend(nested.steps);
            if is_over {
                break;
            }
        }
    }
}

/// Whether nothing in an answer, or in the word that there is none, is signed.
fn is_unsigned(step: &Step) -> bool {
    let is_word = step.outcome.is_useful() && !matches!(step.outcome, StepOutcome::Referral(_));
    let Some(message) = step.message().filter(|_| is_word) else { return false };
    let mut all = message.section(Section::Answer).chain(message.section(Section::Authority));
    !all.any(|record| record.kind == RRSIG)
}
