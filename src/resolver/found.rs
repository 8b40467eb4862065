//! What one resolution found, in the form that clients are answered in.

use super::zone_name;
use crate::dnstrace::dnssec::{Link, Part, RecordSet, Security, Why};
use crate::dnstrace::{Alias, AliasKind, DnsTrace, Domain, Ending, Step, StepOutcome};
use crate::lab::dns::{Code, ExtendedError, Item, Kind, Section, Set, Word};
use crate::proto::dns::{Message, Section as From};

/// Longest time that a "no" is kept, in seconds: three hours (RFC 2308 section 5).
pub(super) const MAX_NEGATIVE_TTL: u32 = 10_800;

/// How long it is kept in mind that nothing was found out, in seconds (RFC 9520 section 3.2 asks for one at least).
const FAILED_TTL: u32 = 5;

/// How long what cannot be believed is kept, in seconds: it may be put right soon.
const BOGUS_TTL: u32 = 60;

/// Most sets of proof that are handed on: no proof needs more.
const MAX_PROOFS: usize = 16;

/// Where the expiration stands in the data of an RRSIG record (RFC 4034 section 3.1).
const EXPIRATION: usize = 8;

/// RFC 8914 section 4.6: "DNSSEC indeterminate".
const INDETERMINATE: u16 = 5;

/// Where the count of labels stands in it.
const LABELS: usize = 3;

/// What a set takes beside its records, about.
const ITEM_BYTES: usize = 512;

/// What one resolution found: an answer, the lack of one, an alias that leads on, or nothing.
#[derive(Clone, Debug)]
pub(super) struct Found {
    pub(super) code: Code,
    pub(super) word: Word,
    /// Another name has to be asked for.
    pub(super) leads_to: Option<Domain>,
    pub(super) items: Vec<Item>,
    pub(super) security: Security,
    /// Why it is not to be believed, or why there is nothing.
    pub(super) error: Option<ExtendedError>,
    /// Seconds that it may be kept.
    pub(super) ttl: u32,
}

impl Found {
    /// Nothing, for this reason (RFC 8914 section 4).
    pub(super) fn nothing(code: u16, text: String) -> Self {
        Self {
            code: Code::ServFail,
            word: Word::Failed(text.clone()),
            leads_to: None,
            items: Vec::new(),
            security: Security::Unknown,
            error: Some(ExtendedError { code, text }),
            ttl: FAILED_TTL,
        }
    }

    /// What came of a resolution, and of the check of its signatures at that time (RFC 4034 section 3.1.5). Where the root's
    /// key is known, nothing is without a chain.
    pub(super) fn of(trace: &DnsTrace, chain: &[Link], (is_anchored, now): (bool, u32)) -> Self {
        let answer = trace.steps.last().filter(|step| step.outcome.is_useful());
        match answer.and_then(Self::of_step) {
            Some(found) if matches!(trace.ending, Ending::Answer | Ending::NoData | Ending::NxDomain) => {
                found.checked(chain, is_anchored).until_expired(now)
            }
            _ => {
                let (code, text) = reason(&trace.ending);
                Self::nothing(code, text)
            }
        }
    }

    fn of_step(step: &Step) -> Option<Self> {
        let message = step.message()?;
        let (code, word, aliases, negative) = match &step.outcome {
            StepOutcome::Answer { aliases, .. } => (Code::NoError, Word::Answer, aliases, None),
            StepOutcome::Alias { aliases, .. } => (Code::NoError, Word::Alias, aliases, None),
            StepOutcome::NoData { aliases, ttl, .. } => (Code::NoError, Word::NoData, aliases, Some(*ttl)),
            StepOutcome::NxDomain { aliases, ttl, .. } => {
                (Code::NxDomain, Word::NxDomain, aliases, Some(*ttl))
            }
            _ => return None,
        };
        let end = aliases.last().map_or(&step.asked.name, |alias| &alias.to);
        let leads_to = (word == Word::Alias).then(|| end.clone());
        let mut items = Vec::new();
        for alias in aliases {
            push_alias(&mut items, alias, &step.zone, &message)?;
        }
        if word == Word::Answer {
            let set = RecordSet::of(&message, From::Answer, end, step.asked.kind)?;
            match set.made_alias(&step.zone, &message) {
                Some((alias, _)) => push_alias(&mut items, &alias, &step.zone, &message)?,
                None => push(&mut items, set, Section::Answer)?,
            }
        }
        if let Some(ttl) = negative {
            push_soa(&mut items, (&step.zone, end), ttl, &message);
        }
        // Beside an answer they prove that no closer name is there than its wildcard, and are checked then only.
        if negative.is_some() || items.iter().any(is_expanded) {
            push_proofs(&mut items, &step.zone, &message);
        }
        let least = items.iter().map(|item| item.set.ttl).min().unwrap_or_default();
        // Without a SOA record nobody says for how long there is nothing (RFC 2308 section 5).
        let ttl = negative.map_or(least, |ttl| ttl.unwrap_or_default().min(least).min(MAX_NEGATIVE_TTL));
        Some(Self { code, word, leads_to, items, security: Security::Unknown, error: None, ttl })
    }

    /// The same with what signatures say of it.
    fn checked(mut self, chain: &[Link], is_anchored: bool) -> Self {
        let of_answer = chain.iter().rev().find(|link| link.part == Part::Answer);
        self.security = of_answer.map_or(Security::Unknown, |link| link.security);
        if self.security == Security::Unknown && is_anchored {
            self.security = Security::Bogus;
            let text = "no chain of signatures leads to it".to_owned();
            self.error = Some(ExtendedError { code: INDETERMINATE, text });
            self.ttl = self.ttl.min(BOGUS_TTL);
        } else if self.security == Security::Bogus {
            let first = chain.iter().find(|link| link.security == Security::Bogus).or(of_answer);
            self.error = first.map(|link| ExtendedError {
                code: number(&link.why),
                text: format!("{}: {}", link.zone, link.why),
            });
            self.ttl = self.ttl.min(BOGUS_TTL);
        }
        self
    }

    /// The same, kept no longer than its signatures hold (RFC 4035 section 5.3.3).
    fn until_expired(mut self, now: u32) -> Self {
        for item in self.items.iter_mut().filter(|_| self.security == Security::Secure) {
            let ends =
                item.set.signatures.iter().filter_map(|data| data.get(EXPIRATION..)?.first_chunk::<4>());
            let left = ends.map(|end| u32::from_be_bytes(*end).wrapping_sub(now)).min();
            item.set.ttl = item.set.ttl.min(left.unwrap_or(u32::MAX));
            self.ttl = self.ttl.min(item.set.ttl);
        }
        // An alias that follows from a DNAME has no signature of its own, and lasts as long as the rest at most.
        for item in self.items.iter_mut().filter(|item| item.set.signatures.is_empty()) {
            if self.security == Security::Secure {
                item.set.ttl = item.set.ttl.min(self.ttl);
            }
        }
        self
    }

    /// What it takes, about.
    pub(super) fn bytes(&self) -> usize {
        let records = |item: &Item| {
            let data = item.set.data.iter().chain(&item.set.signatures);
            data.map(|data| data.len().saturating_add(32)).sum::<usize>().saturating_add(ITEM_BYTES)
        };
        self.items.iter().map(records).sum::<usize>().saturating_add(ITEM_BYTES)
    }

    /// Adds what was found out of the name that this one leads to.
    pub(super) fn go_on(&mut self, next: Self) {
        if next.code == Code::ServFail {
            *self = next;
            return;
        }
        self.security = worse(self.security, next.security);
        (self.code, self.word, self.leads_to) = (next.code, next.word, next.leads_to);
        self.error = self.error.take().or(next.error);
        self.ttl = self.ttl.min(next.ttl);
        for item in next.items {
            add(&mut self.items, item);
        }
    }
}

/// What two parts of an answer are together.
const fn worse(one: Security, other: Security) -> Security {
    match (one, other) {
        (Security::Bogus, _) | (_, Security::Bogus) => Security::Bogus,
        (Security::Secure, other) => other,
        (one, Security::Secure) => one,
        (Security::Unknown, _) | (_, Security::Unknown) => Security::Unknown,
        (Security::Insecure, Security::Insecure) => Security::Insecure,
    }
}

/// Whether a wildcard stands for it: signatures count fewer labels than its name has (RFC 4034 section 3.1.3).
fn is_expanded(item: &Item) -> bool {
    let is_wildcard = item.owner.wire().starts_with(&[1, b'*']);
    let labels = item.owner.label_count().saturating_sub(usize::from(is_wildcard));
    item.set.signatures.iter().any(|data| data.get(LABELS).is_some_and(|count| usize::from(*count) < labels))
}

/// Adds a set unless it is there.
fn add(items: &mut Vec<Item>, item: Item) {
    let is_same = |other: &Item| {
        (other.section, &other.owner, other.set.kind) == (item.section, &item.owner, item.set.kind)
    };
    if !items.iter().any(is_same) {
        items.push(item);
    }
}

fn push(items: &mut Vec<Item>, set: RecordSet, section: Section) -> Option<()> {
    let owner = zone_name(&set.owner)?;
    let signatures = set.signatures.iter().map(crate::dnstrace::dnssec::Signature::data).collect();
    let set = Set { kind: Kind(set.kind), ttl: set.ttl, data: set.data, signatures };
    add(items, Item { section, owner, set, is_needed: true });
    Some(())
}

/// The record that makes an alias; of one above the name also the alias that follows from it (RFC 6672 section 3.1).
fn push_alias(items: &mut Vec<Item>, alias: &Alias, zone: &Domain, message: &Message<'_>) -> Option<()> {
    if alias.kind == AliasKind::Cname {
        let set = RecordSet::of(message, From::Answer, &alias.from, Kind::CNAME.0)?;
        return push(items, set, Section::Answer);
    }
    let set = RecordSet::that_makes(alias, zone, message)?;
    let ttl = set.ttl;
    push(items, set, Section::Answer)?;
    let made = Set::new(Kind::CNAME, ttl, vec![alias.to.folded()]);
    let owner = zone_name(&alias.from)?;
    add(items, Item { section: Section::Answer, owner, set: made, is_needed: true });
    Some(())
}

/// Who says so, and for how long it may be kept (RFC 2308 section 3).
fn push_soa(
    items: &mut Vec<Item>,
    (zone, end): (&Domain, &Domain),
    ttl: Option<u32>,
    message: &Message<'_>,
) -> Option<()> {
    let records = message.section(From::Authority).filter(|record| record.kind == Kind::SOA.0);
    let mut owners = records.filter_map(|record| Domain::of(&record.name));
    let owner = owners.find(|owner| owner.is_within(zone) && end.is_within(owner))?;
    let mut set = RecordSet::of(message, From::Authority, &owner, Kind::SOA.0)?;
    set.ttl = set.ttl.min(ttl.unwrap_or_default());
    push(items, set, Section::Authority)
}

/// The proofs that something is not there, be it the name that a wildcard stands for.
fn push_proofs(items: &mut Vec<Item>, zone: &Domain, message: &Message<'_>) {
    let is_proof = |kind: u16| matches!(Kind(kind), Kind::NSEC | Kind::NSEC3);
    let mut count = 0;
    for record in message.section(From::Authority).filter(|record| is_proof(record.kind)) {
        let Some(owner) = Domain::of(&record.name).filter(|owner| owner.is_within(zone)) else { continue };
        if count >= MAX_PROOFS {
            return;
        }
        let is_there = zone_name(&owner).is_some_and(|name| {
            items.iter().any(|item| item.owner == name && item.set.kind == Kind(record.kind))
        });
        if !is_there && let Some(set) = RecordSet::of(message, From::Authority, &owner, record.kind) {
            count += 1;
            let _ = push(items, set, Section::Authority);
        }
    }
}

/// The number that RFC 8914 section 4 has for a reason.
const fn number(why: &Why) -> u16 {
    match why {
        Why::Expired => 7,
        Why::TooEarly => 8,
        Why::NoKeys | Why::Unanswered | Why::OtherKeys | Why::NoSuchKey(_) => 9,
        Why::Unsigned => 10,
        Why::NoProof | Why::NotProven => 12,
        _ => 6,
    }
}

/// Why nothing was found out: 22 is "no reachable authority", 0 anything else.
fn reason(ending: &Ending) -> (u16, String) {
    match ending {
        Ending::NoServer(zone) => (22, format!("no server of {zone} gave an answer that is of use")),
        Ending::Circle(server) => (22, format!("only {server} could tell where {server} is")),
        Ending::Spent(_) => (22, "it took too many queries or too long".to_owned()),
        Ending::AliasLoop => (0, ALIAS_LOOP.to_owned()),
        _ => (0, "an answer that cannot be read".to_owned()),
    }
}

/// What is said of aliases that end nowhere.
pub(super) const ALIAS_LOOP: &str = "aliases lead in a circle";
