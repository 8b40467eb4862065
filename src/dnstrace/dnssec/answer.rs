//! Whether an answer, an alias or the lack of one can be believed, each part by the zone that speaks for it.

use super::below::{deepest_signer, signer_of, speakers};
use super::chain::{Checker, Zone};
use super::crypto::Key;
use super::denial::{Denial, Proof};
use super::set::RecordSet;
use super::{ANY, CNAME, DNAME, DS, NSEC, NSEC3, RRSIG, SOA, Security, Why};
use crate::dnstrace::{Alias, AliasKind, Domain, Step, StepOutcome};
use crate::proto::dns::{Message, Section};

/// Most owners of NSEC and NSEC3 records that are looked at: no proof needs more than four.
const MAX_PROOFS: usize = 16;

/// Whose word something is, and what it is worth.
type Verdict = (Domain, Security, Why);

impl Checker<'_> {
    /// What an answer of a server of `zone` is worth: as little as the part of it that is worth least.
    pub(super) fn answer(&mut self, zone: &Zone, step: &Step, message: &Message<'_>) -> Verdict {
        let is_known = zone.security == Security::Secure || self.has_anchor_below(&zone.name);
        if !is_known {
            return (zone.name.clone(), zone.security, Why::Inherited);
        }
        if matches!(step.asked.kind, ANY | RRSIG) {
            return (zone.name.clone(), Security::Unknown, Why::NotOne);
        }
        let aliases: &[Alias] = match &step.outcome {
            StepOutcome::Answer { aliases, .. }
            | StepOutcome::Alias { aliases, .. }
            | StepOutcome::AliasLoop(aliases)
            | StepOutcome::NoData { aliases, .. }
            | StepOutcome::NxDomain { aliases, .. } => aliases,
            _ => &[],
        };
        let (end, kind) = (aliases.last().map_or(&step.asked.name, |alias| &alias.to), step.asked.kind);
        let mut worst = None;
        let mut parts: Vec<Verdict> = Vec::new();
        for alias in aliases {
            parts.push(self.alias(zone, alias, message));
        }
        parts.extend(match &step.outcome {
            StepOutcome::Answer { .. } => Some(self.records(zone, end, kind, message)),
            StepOutcome::NoData { .. } => {
                Some(self.absence(zone, (end, kind), message, |denial| denial.no_data(end, kind)))
            }
            StepOutcome::NxDomain { .. } => {
                Some(self.absence(zone, (end, kind), message, |denial| denial.no_name(end)))
            }
            _ => None,
        });
        let last = parts.last().cloned();
        for part in parts {
            match part.1 {
                Security::Secure => {}
                Security::Insecure => worst = worst.or(Some(part)),
                Security::Bogus | Security::Unknown => return part,
            }
        }
        worst.or(last).unwrap_or_else(|| (zone.name.clone(), Security::Secure, Why::Signed))
    }

    /// The zone whose word counts, of a name of `zone`; where none is signed, what its word is worth.
    fn speaker(&mut self, zone: &Zone, name: &Domain) -> Result<Zone, Verdict> {
        let zone = self.nearest_anchor(zone, name);
        if zone.security == Security::Secure {
            Ok(zone)
        } else {
            Err((zone.name, zone.security, Why::Inherited))
        }
    }

    fn alias(&mut self, zone: &Zone, alias: &Alias, message: &Message<'_>) -> Verdict {
        if alias.kind == AliasKind::Cname {
            return self.records(zone, &alias.from, CNAME, message);
        }
        let zone = &match self.speaker(zone, &alias.from) {
            Ok(zone) => zone,
            Err(verdict) => return verdict,
        };
        match RecordSet::that_makes(alias, &zone.name, message) {
            Some(set) => self.records(zone, &set.owner, DNAME, message),
            None => (zone.name.clone(), Security::Bogus, Why::Unsigned),
        }
    }

    /// Records that are there, be it by a wildcard.
    fn records(&mut self, zone: &Zone, name: &Domain, kind: u16, message: &Message<'_>) -> Verdict {
        // What is said of a zone's delegation is the word of the zone above.
        let zone = &match self.speaker(zone, &if kind == DS { name.above() } else { name.clone() }) {
            Ok(zone) => zone,
            Err(verdict) => return verdict,
        };
        let Some(mut set) = RecordSet::of(message, Section::Answer, name, kind) else {
            return (zone.name.clone(), Security::Bogus, Why::Unsigned);
        };
        // An alias that follows from a DNAME is not signed; that is (RFC 6672 section 5.3.1).
        if let Some((_, above)) = set.made_alias(&zone.name, message) {
            set = above;
        }
        let zone = match signer_of(&set, &zone.name) {
            Some(signer) => self.descend(zone, &signer),
            None if set.signatures.is_empty() => self.descend(zone, &set.owner),
            None => zone.clone(),
        };
        self.in_zone(&zone, |checker| checker.signed(&zone, &set, message))
    }

    /// A set by the zone that speaks for it.
    fn signed(&mut self, zone: &Zone, set: &RecordSet, message: &Message<'_>) -> Result<Why, Why> {
        let labels = self.verify(set, &zone.name, &zone.keys)?;
        if labels < set.labels() {
            let denial = self.denial(zone, message)?;
            // Below an opt-out there may be a zone that is not signed (RFC 5155 section 9.2).
            if denial.no_closer(&set.owner, labels).ok_or(Why::NotProven)? == Proof::OptOut {
                return Ok(Why::OptOut);
            }
        }
        Ok(Why::Signed)
    }

    fn absence(
        &mut self,
        zone: &Zone,
        (name, kind): (&Domain, u16),
        message: &Message<'_>,
        proves: impl Fn(&Denial) -> Option<Proof>,
    ) -> Verdict {
        let asked = zone;
        let zone = &match self.speaker(zone, &if kind == DS { name.above() } else { name.clone() }) {
            Ok(zone) => zone,
            Err(verdict) => return verdict,
        };
        let signers = speakers(message, Section::Authority, &[SOA, NSEC, NSEC3]);
        // What a zone's DS record says is the word of the zone above (RFC 4035 section 3.1.4.1).
        let is_ds = kind == DS;
        let zone = match deepest_signer(&signers, &zone.name, name, is_ds) {
            Some(signer) => self.descend(zone, &signer),
            None if !signers.is_empty() => zone.clone(),
            None if is_ds => self.descend(zone, &name.above()),
            None => self.descend(zone, name),
        };
        self.in_zone(&zone, |checker| {
            let why = checker.not_there(&zone, message, proves)?;
            checker.authorities(&zone, (&asked.name, name), message)?;
            Ok(why)
        })
    }

    fn not_there(
        &mut self,
        zone: &Zone,
        message: &Message<'_>,
        proves: impl Fn(&Denial) -> Option<Proof>,
    ) -> Result<Why, Why> {
        let denial = self.denial(zone, message)?;
        match proves(&denial) {
            Some(Proof::Full) => Ok(Why::Proven),
            Some(Proof::OptOut) => Ok(Why::OptOut),
            None if denial.too_many_rounds => Ok(Why::TooManyRounds),
            None => Err(Why::NotProven),
        }
    }

    /// Checks the SOA record beside a proof: it says for how long there is nothing, and is signed as all else (RFC 4035 section
    /// 3.1.3). Any that a server of `asked` may give for the name is read, so that of another zone than the proof's is wrong.
    fn authorities(
        &mut self,
        zone: &Zone,
        (asked, name): (&Domain, &Domain),
        message: &Message<'_>,
    ) -> Result<(), Why> {
        let records = message.section(Section::Authority).filter(|record| record.kind == SOA);
        let owners = records.filter_map(|record| Domain::of(&record.name));
        let mut is_there = false;
        for owner in owners.filter(|owner| owner.is_within(asked) && name.is_within(owner)) {
            if owner != zone.name {
                return Err(Why::OtherAuthority(owner));
            }
            is_there = true;
        }
        match RecordSet::of(message, Section::Authority, &zone.name, SOA) {
            Some(set) if is_there => self.verify_own(&set, &zone.name, &zone.keys),
            _ => Ok(()),
        }
    }

    /// What a zone's word is worth: nothing is checked that a zone says which is not signed.
    fn in_zone(&mut self, zone: &Zone, check: impl FnOnce(&mut Self) -> Result<Why, Why>) -> Verdict {
        let (security, why) = match zone.security {
            Security::Secure => match check(self) {
                Ok(why @ (Why::OptOut | Why::TooManyRounds)) => (Security::Insecure, why),
                Ok(why) => (Security::Secure, why),
                Err(why) => (Security::Bogus, why),
            },
            security => (security, Why::Inherited),
        };
        (zone.name.clone(), security, why)
    }

    /// The records of proof in a response. One whose signature is not good says why nothing is proven.
    pub(super) fn denial(&mut self, zone: &Zone, message: &Message<'_>) -> Result<Denial, Why> {
        let mut denial = Denial::new(&zone.name);
        let mut owners: Vec<(Domain, u16)> = Vec::new();
        for record in message.section(Section::Authority) {
            let is_proof = matches!(record.kind, NSEC | NSEC3);
            let Some(owner) = Domain::of(&record.name).filter(|_| is_proof) else { continue };
            if owner.is_within(&zone.name)
                && owners.len() < MAX_PROOFS
                && !owners.contains(&(owner.clone(), record.kind))
            {
                owners.push((owner, record.kind));
            }
        }
        for (owner, kind) in owners {
            let Some(set) = RecordSet::of(message, Section::Authority, &owner, kind) else { continue };
            // Of a zone below, which an alias leads through or to.
            if signer_of(&set, &zone.name).is_some_and(|signer| signer != zone.name) {
                continue;
            }
            // One that a wildcard stands for is of no place in the zone: moved elsewhere, it would cover what is there.
            if self.verify(&set, &zone.name, &zone.keys)? < set.labels() {
                return Err(Why::NotProven);
            }
            denial.add(&set);
        }
        Ok(denial)
    }

    /// The same of a set that no wildcard can stand for.
    pub(super) fn verify_own(&mut self, set: &RecordSet, zone: &Domain, keys: &[Key]) -> Result<(), Why> {
        if self.verify(set, zone, keys)? == set.labels() { Ok(()) } else { Err(Why::Wrong) }
    }

    /// Whether one of `keys` signed a set; the labels that the signature counts.
    pub(super) fn verify(&mut self, set: &RecordSet, zone: &Domain, keys: &[Key]) -> Result<usize, Why> {
        let mut why = Why::Unsigned;
        for signature in &set.signatures {
            let labels = usize::from(signature.labels);
            if signature.signer != *zone {
                why = Why::Foreign(signature.signer.clone());
                continue;
            }
            // Times are compared as serial numbers (RFC 1982).
            if signature.expiration.wrapping_sub(self.now) > u32::MAX / 2 {
                why = Why::Expired;
                continue;
            }
            if self.now.wrapping_sub(signature.inception) > u32::MAX / 2 {
                why = Why::TooEarly;
                continue;
            }
            let is_of = |key: &&Key| key.tag == signature.key_tag && key.algorithm == signature.algorithm;
            let mut found = keys.iter().filter(is_of).peekable();
            why = if found.peek().is_none() { Why::NoSuchKey(signature.key_tag) } else { Why::Wrong };
            let signed = set.signed(signature);
            for key in found {
                self.left = self.left.checked_sub(1).ok_or(Why::Spent)?;
                if labels <= set.labels() && key.has_signed(&signed, &signature.bytes) {
                    return Ok(labels);
                }
            }
        }
        Err(why)
    }
}
