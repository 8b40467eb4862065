//! The chain of zones, from a trust anchor down to whoever signed.

use std::collections::HashSet;

use super::below::{deepest_signer, is_of_name, speakers};
use super::crypto::{Delegation, Key};
use super::denial::Proof;
use super::set::RecordSet;
use super::{Anchor, DNSKEY, DS, Link, MAX_VERIFICATIONS, NSEC, NSEC3, Part, Security, Why};
use crate::dnstrace::{Asked, Domain, Referral, Step, StepOutcome};
use crate::proto::dns::{Message, Section};

/// Most keys of a zone that are looked at.
const MAX_KEYS: usize = 16;

/// What is known of a zone.
#[derive(Clone)]
pub(super) struct Zone {
    pub(super) name: Domain,
    pub(super) security: Security,
    pub(super) keys: Vec<Key>,
}

/// Keys and why they are believed; else what the zone is instead, and why.
type Found = Result<(Vec<Key>, Why), (Security, Why)>;

pub(super) struct Checker<'a> {
    keys: &'a [Step],
    anchors: &'a [Anchor],
    pub(super) now: u32,
    /// Signatures that may still be computed.
    pub(super) left: u32,
    zones: Vec<Zone>,
    links: Vec<Link>,
    /// Names that were looked at as cuts below a zone: no more than the zones there are and the labels of what was asked.
    seen: HashSet<(Domain, Domain)>,
}

impl<'a> Checker<'a> {
    pub(super) fn new(keys: &'a [Step], anchors: &'a [Anchor], now: u32) -> Self {
        Self {
            keys,
            anchors,
            now,
            left: MAX_VERIFICATIONS,
            zones: Vec::new(),
            links: Vec::new(),
            seen: HashSet::new(),
        }
    }

    pub(super) fn into_links(self) -> Vec<Link> {
        self.links
    }

    pub(super) fn step(&mut self, step: &Step) {
        let Some(message) = step.message() else { return };
        let zone = self.zone(&step.zone);
        if let StepOutcome::Referral(referral) = &step.outcome {
            let known = self.zones.iter().any(|known| known.name == referral.zone);
            if !known {
                self.referral(&zone, referral, &message);
            }
            return;
        }
        let (zone, security, why) = self.answer(&zone, step, &message);
        self.links.push(Link { zone, part: Part::Answer, security, why });
    }

    /// What is known of a zone that was asked; from a trust anchor, where nothing led to it.
    fn zone(&mut self, name: &Domain) -> Zone {
        if let Some(known) = self.zones.iter().find(|zone| zone.name == *name) {
            return known.clone();
        }
        let found = self.anchored(name).unwrap_or(Err((Security::Unknown, Why::NoAnchor)));
        self.settle(name, found)
    }

    /// What a zone is by its own trust anchor, which counts for more than what is said above (RFC 6840 appendix C.1).
    fn anchored(&mut self, name: &Domain) -> Option<Found> {
        let anchors: Vec<&Anchor> = self.anchors.iter().filter(|anchor| anchor.zone == *name).collect();
        if anchors.is_empty() {
            return None;
        }
        let trusts = |key: &Key| anchors.iter().any(|anchor| anchor.is_of(key));
        // Whoever was not asked did not refuse.
        let was_asked = self.keys.iter().any(|step| step.asked.kind == DNSKEY && step.asked.name == *name);
        let lacking = if was_asked { Security::Bogus } else { Security::Unknown };
        let found = self.zone_keys(name, trusts).map(|keys| (keys, Why::Anchored));
        Some(found.map_err(|why| (if why == Why::Unanswered { lacking } else { Security::Bogus }, why)))
    }

    /// Whether a zone below has an anchor of its own.
    pub(super) fn has_anchor_below(&self, zone: &Domain) -> bool {
        self.anchors.iter().any(|anchor| anchor.zone.is_within(zone) && anchor.zone != *zone)
    }

    /// The zone of the trust anchor that is nearest above `name`, or at it, and below `zone`; else `zone`.
    pub(super) fn nearest_anchor(&mut self, zone: &Zone, name: &Domain) -> Zone {
        let below = self.anchors.iter().map(|anchor| &anchor.zone);
        let below = below
            .filter(|owner| owner.is_within(&zone.name) && **owner != zone.name && name.is_within(owner));
        match below.max_by_key(|owner| owner.label_count()) {
            Some(owner) => self.zone(owner),
            None => zone.clone(),
        }
    }

    /// Remembers what was found out about a zone, and tells it.
    fn settle(&mut self, name: &Domain, found: Found) -> Zone {
        let (security, keys, why) = match found {
            Ok((keys, why)) => (Security::Secure, keys, why),
            Err((security, why)) => (security, Vec::new(), why),
        };
        self.links.push(Link { zone: name.clone(), part: Part::Keys, security, why });
        let zone = Zone { name: name.clone(), security, keys };
        self.zones.push(zone.clone());
        zone
    }

    /// The keys of a zone, if one that is trusted signs them.
    fn zone_keys(&mut self, name: &Domain, trusts: impl Fn(&Key) -> bool) -> Result<Vec<Key>, Why> {
        // Behind a truncated response is the one that came over TCP, behind a lost one that of another try, behind a referral
        // that of the zone itself.
        let is_word =
            |step: &&Step| step.outcome.is_useful() && !matches!(step.outcome, StepOutcome::Referral(_));
        let mut words = self.keys.iter().filter(is_word);
        let asked = words.find(|step| step.asked.name == *name && step.asked.kind == DNSKEY);
        let message = asked.and_then(Step::message).ok_or(Why::Unanswered)?;
        let set = RecordSet::of(&message, Section::Answer, name, DNSKEY).ok_or(Why::NoKeys)?;
        let keys: Vec<Key> = set.data.iter().filter_map(|data| Key::read(data)).take(MAX_KEYS).collect();
        let trusted: Vec<Key> = keys.iter().filter(|key| trusts(key)).cloned().collect();
        if trusted.is_empty() {
            return Err(Why::OtherKeys);
        }
        self.verify_own(&set, name, &trusted)?;
        Ok(keys)
    }

    fn referral(&mut self, zone: &Zone, referral: &Referral, message: &Message<'_>) {
        // A zone's server that serves the one below, too, refers straight to one below that.
        let child = &referral.zone;
        let zone = &self.nearest_anchor(zone, &child.above());
        let signers = speakers(message, Section::Authority, &[DS, NSEC, NSEC3]);
        let zone = match deepest_signer(&signers, &zone.name, child, true) {
            _ if zone.security != Security::Secure => zone.clone(),
            Some(signer) => self.descend(zone, &signer),
            None if signers.is_empty() => self.descend(zone, &child.above()),
            None => zone.clone(),
        };
        let found = match zone.security {
            Security::Secure => self.delegation(&zone, child, message, Section::Authority),
            security => self.anchored(child).unwrap_or(Err((security, Why::Inherited))),
        };
        // What led there may have settled it.
        if !self.zones.iter().any(|known| known.name == *child) {
            self.settle(child, found);
        }
    }

    /// What a zone says of one below it: in a referral, or as the answer to a question for its DS records.
    fn delegation(&mut self, zone: &Zone, child: &Domain, message: &Message<'_>, section: Section) -> Found {
        if let Some(found) = self.anchored(child) {
            return found;
        }
        let bogus = |why| (Security::Bogus, why);
        let Some(set) = RecordSet::of(message, section, child, DS) else {
            let denial = self.denial(zone, message).map_err(bogus)?;
            return Err(match denial.no_ds(child) {
                Some(Proof::Full) => (Security::Insecure, Why::NoDelegation),
                Some(Proof::OptOut) => (Security::Insecure, Why::OptOut),
                None if denial.too_many_rounds => (Security::Insecure, Why::TooManyRounds),
                None => bogus(Why::NoProof),
            });
        };
        self.verify_own(&set, &zone.name, &zone.keys).map_err(bogus)?;
        let delegations: Vec<Delegation> =
            set.data.iter().filter_map(|data| Delegation::read(data)).collect();
        let supported: Vec<&Delegation> = delegations.iter().filter(|one| one.is_supported()).collect();
        if supported.is_empty() {
            return Err((Security::Insecure, Why::UnknownAlgorithm));
        }
        let trusts = |key: &Key| supported.iter().any(|one| one.is_of(child, key));
        // It has to be signed: without keys, nothing of it can be believed (RFC 4035 section 5).
        self.zone_keys(child, trusts).map(|keys| (keys, Why::Delegated)).map_err(bogus)
    }

    /// The zone nearest above `to`, or `to` itself, as far as signed DS records and proofs lead down from `zone`: whoever
    /// serves several zones answers from the lowest one, and leads nobody there (RFC 4035 section 5.2). Ends at the first
    /// that is not secure.
    pub(super) fn descend(&mut self, zone: &Zone, to: &Domain) -> Zone {
        let mut here = zone.clone();
        for labels in zone.name.label_count().saturating_add(1)..=to.label_count() {
            let cut = to.last_labels(labels);
            if !self.zones.iter().any(|known| known.name == cut) {
                self.look_at_cut(&here, &cut);
            }
            // A question for DS records may have been led to a zone above the name.
            let is_nearer = |known: &&Zone| {
                known.name.is_within(&here.name) && known.name != here.name && cut.is_within(&known.name)
            };
            let nearer = self.zones.iter().filter(is_nearer).max_by_key(|known| known.name.label_count());
            if let Some(nearer) = nearer {
                here = nearer.clone();
            }
            if here.security != Security::Secure {
                break;
            }
        }
        here
    }

    /// Settles whether `cut` is a zone below `zone`, where responses to the question for its DS records say so.
    fn look_at_cut(&mut self, zone: &Zone, cut: &Domain) {
        // Once each, so that referrals which lead back to one another end.
        if !self.seen.insert((zone.name.clone(), cut.clone())) {
            return;
        }
        let asked = Asked { name: cut.clone(), kind: DS };
        let steps = self.keys;
        for step in steps.iter().filter(|step| step.asked == asked) {
            let section = match step.outcome {
                StepOutcome::Referral(_) => {
                    self.step(step);
                    continue;
                }
                _ if !is_of_name(&step.outcome) => continue,
                StepOutcome::Answer { .. } => Section::Answer,
                _ => Section::Authority,
            };
            let Some(message) = step.message() else { continue };
            // A referral may have led past `zone`.
            let is_above = |known: &&Zone| cut.is_within(&known.name) && known.name != *cut;
            let above = self.zones.iter().filter(is_above).max_by_key(|known| known.name.label_count());
            let above = above.unwrap_or(zone).clone();
            if above.security != Security::Secure || self.zones.iter().any(|known| known.name == *cut) {
                return;
            }
            let found = self.delegation(&above, cut, &message, section);
            // What cannot be believed here is no proof of anything; nor is a name that is no zone.
            if section == Section::Answer || matches!(found, Err((Security::Insecure, _))) {
                self.settle(cut, found);
                return;
            }
        }
    }
}
