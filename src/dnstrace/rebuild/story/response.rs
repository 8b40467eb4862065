//! What a response tells of the resolution that its query is a step of.

use super::super::super::judge::address_of;
use super::super::super::{Asked, Domain, MAX_ADDRESSES, MAX_SERVERS, StepOutcome};
use super::super::zone::judged;
use super::super::{MAX_TRACES, Who};
use super::{A, NS, Storyteller, put_last, without_stand_in};
use crate::flow::PacketStamp;
use crate::proto::dns::{Message, Section};

impl Storyteller<'_> {
    /// Takes a transaction's response.
    pub(in crate::dnstrace::rebuild) fn response(&mut self, place: usize) {
        let Some(one) = self.all.get(place) else { return };
        let Some(response) = one.response() else { return };
        let read = response.read();
        let who = Who::of(one);
        let Some(&(at, number)) = self.steps.get(&place) else {
            // What a resolver answers is of anywhere; it tells names and addresses all the same.
            self.known.learn(&read, &Domain::root(), who, response.at.number);
            self.is_looked_up(&read, response.at);
            return;
        };
        let Some(step) = self.parts.get_mut(at).and_then(|part| part.steps.get_mut(number)) else { return };
        let outcome = judged(step, &read);
        // Whoever does not want to answer, and does not say that it is a resolver, may be anybody.
        let is_resolver = read.header.is_some_and(|header| header.recursion_available());
        step.is_guess |= step.recursion_desired && !is_resolver && matches!(outcome, StepOutcome::Failed(_));
        step.outcome = Some(outcome.clone());
        let zone = step.zone.clone().unwrap_or_else(Domain::root);
        let asked = step.asked.clone();
        self.known.learn(&read, &zone, who, response.at.number);
        self.name_servers(at, who, &read);
        self.go_on(at, &asked, outcome, (zone, response.at));
    }

    /// Notes a name that somebody looked up for another reason than a resolution, as dig does with the server that it is told
    /// to begin with.
    fn is_looked_up(&mut self, response: &Message<'_>, at: PacketStamp) {
        let answers = response.section(Section::Answer).take(MAX_ADDRESSES);
        for (name, address) in
            answers.filter_map(|record| Some((Domain::of(&record.name)?, address_of(record)?)))
        {
            if self.looked_up.len() < MAX_TRACES || self.looked_up.contains_key(&address) {
                self.looked_up.insert(address, (name, at));
            }
        }
    }

    /// Notes whose servers' addresses may be looked up now.
    fn name_servers(&mut self, at: usize, who: Who, response: &Message<'_>) {
        let named = response
            .records
            .iter()
            .filter(|record| record.kind == NS && record.section != Section::Additional)
            .take(MAX_SERVERS);
        for name in named.filter_map(|record| Domain::of(&record.name_at(0))) {
            self.told_servers.insert((who, name.clone()), at);
            self.servers.insert(name, at);
        }
    }

    /// What comes next in a resolution.
    fn go_on(&mut self, at: usize, asked: &Asked, outcome: StepOutcome, here: (Domain, PacketStamp)) {
        let Some(part) = self.parts.get_mut(at) else { return };
        let (zone, when) = here;
        part.last = when;
        let is_current = *asked == part.asked;
        match outcome {
            StepOutcome::Referral(referral) => part.expects = Some(referral.zone),
            StepOutcome::Alias { aliases, .. } => {
                let Some(last) = aliases.last() else { return };
                (part.has_alias, part.expects) = (true, None);
                let next = Asked { name: last.to.clone(), kind: asked.kind };
                if part.is_like_dig {
                    part.closed = Some(when);
                } else {
                    let open = self.open.entry((part.who, next)).or_default();
                    if open.is_empty() {
                        open.push(at);
                    }
                }
                return;
            }
            StepOutcome::Answer { .. }
            | StepOutcome::NoData { .. }
            | StepOutcome::NxDomain { .. }
            | StepOutcome::AliasLoop(_) => {
                part.closed = Some(when);
                // Nothing is there, or servers: the same ones may be asked for a longer name.
                part.expects = Some(zone);
            }
            _ => return,
        }
        let is_cut_short = asked.kind == NS || asked.name != without_stand_in(&asked.name) || asked.kind == A;
        let is_of_root = asked.name.is_root();
        if is_current && part.parent.is_none() && if is_of_root { part.is_like_dig } else { is_cut_short } {
            put_last(self.grows.entry((part.who, without_stand_in(&asked.name))).or_default(), at);
        }
    }
}
