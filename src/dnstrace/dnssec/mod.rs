//! Whether a resolution can be believed: the chain of DS, DNSKEY and RRSIG records from a trust anchor down (RFC 4035
//! section 5), and the proofs of what is not there. It reads responses and no clock: whoever calls says what time it is.

mod anchor;
mod crypto;
mod denial;
mod set;

pub use anchor::{Anchor, BadAnchor};
pub use set::{RecordSet, Signature};

use self::crypto::{Delegation, Key};
use self::denial::{Denial, NSEC, NSEC3, Proof};
use super::{Alias, AliasKind, Asked, DnsTrace, Domain, Referral, Step, StepOutcome};
use crate::proto::dns::{Message, Section};

/// Most signatures that are computed for a trace: keys of equal tags and many signatures are made to keep validators busy.
pub const MAX_VERIFICATIONS: u32 = 200;

/// Most keys of a zone that are looked at.
const MAX_KEYS: usize = 16;

/// Most owners of NSEC and NSEC3 records that are looked at: no proof needs more than four.
const MAX_PROOFS: usize = 16;

const CNAME: u16 = 5;
const DNAME: u16 = 39;
const SOA: u16 = 6;
const DS: u16 = 43;
const RRSIG: u16 = 46;
const ANY: u16 = 255;
pub(in crate::dnstrace) const DNSKEY: u16 = 48;

/// Whether something can be believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Security {
    /// Signed, all the way from a trust anchor.
    Secure,
    /// A zone above proves that it is not signed.
    Insecure,
    /// It should be signed, and is not as it should be.
    Bogus,
    /// No chain from a trust anchor leads to it.
    Unknown,
}

/// What one part of a chain is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// The zone.
    pub zone: Domain,
    /// Its keys, or what it answered.
    pub part: Part,
    /// Whether that can be believed.
    pub security: Security,
    /// Why.
    pub why: Why,
}

/// What a link is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The zone's keys, which all else hangs on.
    Keys,
    /// An answer, an alias, or the proof of what is not there.
    Answer,
}

/// Why something can be believed or not.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Why {
    /// A key is a trust anchor.
    #[error("a key is a trust anchor and signs the zone's keys")]
    Anchored,
    /// A DS record above is of a key that signs the keys.
    #[error("the zone above vouches for a key (DS), which signs the zone's keys")]
    Delegated,
    /// Signed by a key of the zone.
    #[error("signed by a key of the zone")]
    Signed,
    /// Records prove that it is not there.
    #[error("signed records prove that it is not there")]
    Proven,
    /// Signed records prove that there is no DS record.
    #[error("the zone above proves that it is not signed: no DS record")]
    NoDelegation,
    /// An NSEC3 record with opt-out: nothing signed is there.
    #[error("the zone above leaves unsigned zones out of its proofs (opt-out)")]
    OptOut,
    /// All DS records are of algorithms that are not known here.
    #[error("the zone above vouches for keys of algorithms only that are not known here")]
    UnknownAlgorithm,
    /// NSEC3 with too many rounds.
    #[error("the proof takes more rounds of hashing than a validator grants")]
    TooManyRounds,
    /// The zone above is not signed, or bogus, or unknown.
    #[error("as the zone above")]
    Inherited,
    /// There is no trust anchor for it or above.
    #[error("there is no trust anchor above")]
    NoAnchor,
    /// The zone says that it has no keys.
    #[error("the zone has no keys, although the zone above vouches for one")]
    NoKeys,
    /// Nobody was asked for the zone's keys, or nobody answered.
    #[error("the zone's keys were not to be had")]
    Unanswered,
    /// A question that no signature answers: for all types, or for signatures.
    #[error("an answer to such a question is not signed as a whole, and not checked")]
    NotOne,
    /// No key is the one that is vouched for.
    #[error("none of the zone's keys is the one that is vouched for")]
    OtherKeys,
    /// No RRSIG record.
    #[error("not signed, although the zone is")]
    Unsigned,
    /// Signed by another zone.
    #[error("signed in the name of another zone, {0}")]
    Foreign(Domain),
    /// The signature's time is over.
    #[error("the signature has expired")]
    Expired,
    /// The signature's time has not begun.
    #[error("the signature does not hold yet")]
    TooEarly,
    /// No key has the signature's tag and algorithm.
    #[error("signed by a key that the zone does not have, {0}")]
    NoSuchKey(u16),
    /// The signature is wrong.
    #[error("the signature is wrong")]
    Wrong,
    /// Neither a DS record nor the proof that there is none.
    #[error("the zone above says neither that it is signed (DS) nor that it is not")]
    NoProof,
    /// The proof of what is not there is missing or does not fit.
    #[error("nothing proves that it is not there")]
    NotProven,
    /// [`MAX_VERIFICATIONS`] were computed.
    #[error("more signatures than a validator grants")]
    Spent,
}

/// What is known of a zone.
#[derive(Clone)]
struct Zone {
    name: Domain,
    security: Security,
    keys: Vec<Key>,
}

/// Checks what led to the end of `trace`. `keys` are responses to questions for the keys of its zones; `now` is in seconds
/// since 1970, modulo 2³², as signatures have it (RFC 4034 section 3.1.5).
#[must_use]
pub fn check(trace: &DnsTrace, keys: &[Step], anchors: &[Anchor], now: u32) -> Vec<Link> {
    let mut checker =
        Checker { keys, anchors, now, left: MAX_VERIFICATIONS, zones: Vec::new(), links: Vec::new() };
    for step in trace.steps.iter().filter(|step| step.outcome.is_useful()) {
        // The root's own list of servers is not part of the way.
        if step.recursion_desired {
            continue;
        }
        checker.step(step);
    }
    checker.links
}

/// What a zone is without keys: where nobody told of them, nothing is known (RFC 4035 section 4.3).
const fn of_keys(why: Why) -> (Security, Why) {
    if matches!(why, Why::Unanswered) { (Security::Unknown, why) } else { (Security::Bogus, why) }
}

struct Checker<'a> {
    keys: &'a [Step],
    anchors: &'a [Anchor],
    now: u32,
    left: u32,
    zones: Vec<Zone>,
    links: Vec<Link>,
}

impl Checker<'_> {
    fn step(&mut self, step: &Step) {
        let Some(message) = step.message() else { return };
        let zone = self.zone(&step.zone);
        if let StepOutcome::Referral(referral) = &step.outcome {
            let known = self.zones.iter().any(|known| known.name == referral.zone);
            if !known {
                self.referral(&zone, referral, &message);
            }
            return;
        }
        let (security, why) = if zone.security == Security::Secure {
            self.answer(&zone, step, &message)
        } else {
            (zone.security, Why::Inherited)
        };
        if matches!(why, Why::Unsigned | Why::NotProven)
            && let Some(below) = self.unsigned_below(&zone, &step.asked.name)
        {
            let (security, why) = (Security::Insecure, Why::Inherited);
            self.links.push(Link { zone: below, part: Part::Answer, security, why });
            return;
        }
        self.links.push(Link { zone: zone.name, part: Part::Answer, security, why });
    }

    /// A zone between `zone` and `name` of which one above proves that it is not signed: whoever serves both leads nobody there.
    fn unsigned_below(&mut self, zone: &Zone, name: &Domain) -> Option<Domain> {
        let steps = self.keys;
        for labels in zone.name.label_count().saturating_add(1)..=name.label_count() {
            let asked = Asked { name: name.last_labels(labels), kind: DS };
            for step in steps.iter().filter(|step| step.asked == asked) {
                if matches!(step.outcome, StepOutcome::Referral(_)) {
                    self.step(step);
                }
                if !matches!(step.outcome, StepOutcome::NoData { .. }) {
                    continue;
                }
                let (above, message) = (self.zone(&step.zone), step.message()?);
                let found = match above.security {
                    Security::Secure => self.delegation(&above, &asked.name, &message),
                    security => Err((security, Why::Inherited)),
                };
                if matches!(found, Err((Security::Insecure, _))) {
                    self.settle(&asked.name, found);
                    return Some(asked.name);
                }
            }
        }
        None
    }

    /// What is known of a zone that was asked; from a trust anchor, where nothing led to it.
    fn zone(&mut self, name: &Domain) -> Zone {
        if let Some(known) = self.zones.iter().find(|zone| zone.name == *name) {
            return known.clone();
        }
        let anchors: Vec<&Anchor> = self.anchors.iter().filter(|anchor| anchor.zone == *name).collect();
        let found = if anchors.is_empty() {
            Err((Security::Unknown, Why::NoAnchor))
        } else {
            let trusts = |key: &Key| anchors.iter().any(|anchor| anchor.is_of(key));
            self.zone_keys(name, trusts).map(|keys| (keys, Why::Anchored)).map_err(of_keys)
        };
        self.settle(name, found)
    }

    /// Remembers what was found out about a zone, and tells it.
    fn settle(&mut self, name: &Domain, found: Result<(Vec<Key>, Why), (Security, Why)>) -> Zone {
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
        // Behind a truncated response is the one that came over TCP, behind a lost one that of another try.
        let mut whole = self.keys.iter().filter(|step| step.outcome.is_useful());
        let asked = whole.find(|step| step.asked.name == *name && step.asked.kind == DNSKEY);
        let message = asked.and_then(Step::message).ok_or(Why::Unanswered)?;
        let set = RecordSet::of(&message, Section::Answer, name, DNSKEY).ok_or(Why::NoKeys)?;
        let keys: Vec<Key> = set.data.iter().filter_map(|data| Key::read(data)).take(MAX_KEYS).collect();
        let trusted: Vec<Key> = keys.iter().filter(|key| trusts(key)).cloned().collect();
        if trusted.is_empty() {
            return Err(Why::OtherKeys);
        }
        self.verify(&set, name, &trusted)?;
        Ok(keys)
    }

    fn referral(&mut self, zone: &Zone, referral: &Referral, message: &Message<'_>) {
        let found = if zone.security == Security::Secure {
            self.delegation(zone, &referral.zone, message)
        } else {
            Err((zone.security, Why::Inherited))
        };
        self.settle(&referral.zone, found);
    }

    fn delegation(
        &mut self,
        zone: &Zone,
        child: &Domain,
        message: &Message<'_>,
    ) -> Result<(Vec<Key>, Why), (Security, Why)> {
        let bogus = |why| (Security::Bogus, why);
        let Some(set) = RecordSet::of(message, Section::Authority, child, DS) else {
            let denial = self.denial(zone, message).map_err(bogus)?;
            return Err(match denial.no_ds(child) {
                Some(Proof::Full) => (Security::Insecure, Why::NoDelegation),
                Some(Proof::OptOut) => (Security::Insecure, Why::OptOut),
                None if denial.too_many_rounds => (Security::Insecure, Why::TooManyRounds),
                None => bogus(Why::NoProof),
            });
        };
        self.verify(&set, &zone.name, &zone.keys).map_err(bogus)?;
        let delegations: Vec<Delegation> =
            set.data.iter().filter_map(|data| Delegation::read(data)).collect();
        let supported: Vec<&Delegation> = delegations.iter().filter(|one| one.is_supported()).collect();
        if supported.is_empty() {
            return Err((Security::Insecure, Why::UnknownAlgorithm));
        }
        let trusts = |key: &Key| supported.iter().any(|one| one.is_of(child, key));
        self.zone_keys(child, trusts).map(|keys| (keys, Why::Delegated)).map_err(of_keys)
    }

    /// Whether an answer, an alias or the lack of one can be believed.
    fn answer(&mut self, zone: &Zone, step: &Step, message: &Message<'_>) -> (Security, Why) {
        let (aliases, kind, is_there): (&[Alias], u16, bool) = match &step.outcome {
            StepOutcome::Answer { aliases, .. } => (aliases, step.asked.kind, true),
            StepOutcome::Alias { aliases, .. } | StepOutcome::AliasLoop(aliases) => (aliases, CNAME, false),
            StepOutcome::NoData { aliases, .. } | StepOutcome::NxDomain { aliases, .. } => {
                (aliases, step.asked.kind, false)
            }
            _ => (&[], 0, false),
        };
        if matches!(step.asked.kind, ANY | RRSIG) {
            return (Security::Unknown, Why::NotOne);
        }
        let end = aliases.last().map_or(&step.asked.name, |alias| &alias.to);
        let mut weak = None;
        for alias in aliases {
            match self.alias(zone, alias, message) {
                Ok(why @ (Why::OptOut | Why::TooManyRounds)) => weak = Some(why),
                Ok(_) => {}
                Err(why) => return (Security::Bogus, why),
            }
        }
        let checked = match &step.outcome {
            _ if is_there => self.records(zone, end, kind, message),
            StepOutcome::NoData { .. } => self.absence(zone, message, |denial| denial.no_data(end, kind)),
            StepOutcome::NxDomain { .. } => self.absence(zone, message, |denial| denial.no_name(end)),
            _ => Ok(Why::Signed),
        };
        match checked {
            Ok(why @ (Why::OptOut | Why::TooManyRounds)) => (Security::Insecure, why),
            Ok(why) => weak.map_or((Security::Secure, why), |weak| (Security::Insecure, weak)),
            Err(why) => (Security::Bogus, why),
        }
    }

    fn alias(&mut self, zone: &Zone, alias: &Alias, message: &Message<'_>) -> Result<Why, Why> {
        if alias.kind == AliasKind::Cname {
            return self.records(zone, &alias.from, CNAME, message);
        }
        let set = RecordSet::that_makes(alias, &zone.name, message).ok_or(Why::Unsigned)?;
        self.records(zone, &set.owner, DNAME, message)
    }

    /// Records that are there, be it by a wildcard.
    fn records(&mut self, zone: &Zone, name: &Domain, kind: u16, message: &Message<'_>) -> Result<Why, Why> {
        let set = RecordSet::of(message, Section::Answer, name, kind).ok_or(Why::Unsigned)?;
        let labels = self.verify(&set, &zone.name, &zone.keys)?;
        if labels < set.labels() {
            let denial = self.denial(zone, message)?;
            // Below an opt-out there may be a zone that is not signed (RFC 5155 section 9.2).
            if denial.no_closer(name, labels).ok_or(Why::NotProven)? == Proof::OptOut {
                return Ok(Why::OptOut);
            }
        }
        Ok(Why::Signed)
    }

    fn absence(
        &mut self,
        zone: &Zone,
        message: &Message<'_>,
        proves: impl Fn(&Denial) -> Option<Proof>,
    ) -> Result<Why, Why> {
        let denial = self.denial(zone, message)?;
        let why = match proves(&denial) {
            Some(Proof::Full) => Why::Proven,
            Some(Proof::OptOut) => Why::OptOut,
            None if denial.too_many_rounds => Why::TooManyRounds,
            None => return Err(Why::NotProven),
        };
        // It says for how long there is nothing, and is signed as all else (RFC 4035 section 3.1.3).
        if let Some(set) = RecordSet::of(message, Section::Authority, &zone.name, SOA) {
            self.verify(&set, &zone.name, &zone.keys)?;
        }
        Ok(why)
    }

    /// The records of proof in a response. One whose signature is not good says why nothing is proven.
    fn denial(&mut self, zone: &Zone, message: &Message<'_>) -> Result<Denial, Why> {
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
            // One that a wildcard stands for is of no place in the zone: moved elsewhere, it would cover what is there.
            if self.verify(&set, &zone.name, &zone.keys)? < set.labels() {
                return Err(Why::NotProven);
            }
            denial.add(&set);
        }
        Ok(denial)
    }

    /// Whether one of `keys` signed a set; the labels that the signature counts.
    fn verify(&mut self, set: &RecordSet, zone: &Domain, keys: &[Key]) -> Result<usize, Why> {
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

#[cfg(test)]
mod tests;
