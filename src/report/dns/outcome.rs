//! How a transaction came out, told by the response: RFC 1034 section 4.3.1, RFC 2308 section 2.

use crate::proto::dns::{Damage, DamageKind, Message, Name, Question, Record, Section};

/// How a transaction came out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DnsOutcome {
    /// Records of the type that was asked for, behind a chain of so many aliases.
    Answer(Chain),
    /// Aliases only: nothing of the type that was asked for at their end.
    Cname(Chain),
    /// Other servers are named, which know more of this zone.
    Referral {
        /// The zone, as in a master file.
        zone: String,
    },
    /// The server was named for a zone and does not serve it: it refers to a zone that is not below.
    Lame {
        /// The zone that it refers to.
        zone: String,
    },
    /// The name exists, records of this type do not.
    NoData {
        /// What tells so.
        kind: NoDataKind,
        /// Aliases before it.
        chain: Chain,
    },
    /// The name does not exist.
    NxDomain(Chain),
    /// Not all of it fits into a datagram: ask again over TCP.
    Truncated,
    /// Another response code than 0 and 3, with the bits that EDNS adds; 5 is REFUSED, 2 SERVFAIL.
    Failed(u16),
    /// A request that is no query was carried out: NOTIFY, UPDATE.
    Done,
    /// No response.
    Unanswered,
    /// A message that cannot be read to its end.
    Damaged(Damage),
    /// A message over TCP that goes on after what is in the capture.
    Unfinished {
        /// Bytes of it that there are.
        had: usize,
        /// Bytes that its length announces.
        announced: u16,
    },
}

/// Which of RFC 2308's forms an answer without data has (section 2.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoDataKind {
    /// The zone's SOA says for how long, in seconds (section 5): types 1 and 2.
    WithSoa(u32),
    /// Nothing: type 3. It must not be cached.
    Bare,
    /// Records that are not of the name and type that were asked for.
    Unrelated,
}

/// Aliases from the name that was asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Chain {
    /// How many.
    pub links: usize,
    /// The name at their end, as in a master file; empty without any.
    pub target: String,
}

/// Aliases followed within one response: a chain of BIND's is 16 long at most, and a loop ends here.
const MAX_LINKS: usize = 32;

/// Questions of a message that are looked at: those of multicast queries are fewer.
const MAX_QUESTIONS: usize = 64;

/// Record types (RFC 1035 section 3.2.2, RFC 3596, RFC 6672).
const A: u16 = 1;
const NS: u16 = 2;
const CNAME: u16 = 5;
const SOA: u16 = 6;
const DNAME: u16 = 39;
const AAAA: u16 = 28;
/// The Internet's class (RFC 1035 section 3.2.4).
const IN: u16 = 1;
/// Question types that any record, or a list of them, answers (RFC 1035 section 3.2.3, RFC 1995).
const IXFR: u16 = 251;
const AXFR: u16 = 252;
pub(super) const ANY: u16 = 255;
/// No record has this type (RFC 6895 section 3.1): asked for, aliases are followed to their end.
const CNAME_ONLY: u16 = 0;

/// Response code for a name that does not exist.
const NXDOMAIN: u16 = 3;

/// Opcode of a query (RFC 1035 section 4.1.1).
const QUERY: u8 = 0;

/// How a question came out by its response alone.
pub fn of_response(query: Option<&Message<'_>>, response: &Message<'_>) -> DnsOutcome {
    let Some(header) = response.header else {
        return response.damage.map_or(DnsOutcome::Unanswered, DnsOutcome::Damaged);
    };
    // A truncated message may end within a record; a name that cannot be read is another matter.
    let name_damage = response.damage.filter(|damage| matches!(damage.kind, DamageKind::Name(_)));
    if header.is_truncated() && name_damage.is_none() {
        return DnsOutcome::Truncated;
    }
    if let Some(damage) = response.damage {
        return DnsOutcome::Damaged(damage);
    }
    let question = response.questions.first().or_else(|| query.and_then(|query| query.questions.first()));
    let rcode = response.rcode().unwrap_or_default();
    match (rcode, header.opcode(), question) {
        (NXDOMAIN, QUERY, question) => {
            let chain = question.map(|question| follow(question.name, question.kind, response).chain);
            DnsOutcome::NxDomain(chain.unwrap_or_default())
        }
        (0, QUERY, question) => of_success(question, query, response),
        (0, _, _) => DnsOutcome::Done,
        (code, _, _) => DnsOutcome::Failed(code),
    }
}

fn of_success(
    question: Option<&Question<'_>>,
    query: Option<&Message<'_>>,
    response: &Message<'_>,
) -> DnsOutcome {
    let answers = response.section(Section::Answer).count();
    let Some(question) = question else {
        // mDNS: a response repeats no question.
        return if answers > 0 {
            DnsOutcome::Answer(Chain::default())
        } else {
            of_nothing(None, response, Chain::default())
        };
    };
    let found = follow(question.name, question.kind, response);
    if found.answered {
        return DnsOutcome::Answer(found.chain);
    }
    if let Some(damage) = damaged_answer(&found.end, question.kind, response) {
        return DnsOutcome::Damaged(damage);
    }
    if answers == 0 || found.chain.links > 0 {
        return of_nothing(Some(found.end), response, found.chain);
    }
    // Multicast queries have more questions than one, each of which can be the one that is answered.
    let others = query.into_iter().chain([response]).flat_map(|message| message.questions.iter().skip(1));
    if others.take(MAX_QUESTIONS).any(|other| follow(other.name, other.kind, response).answered) {
        return DnsOutcome::Answer(Chain::default());
    }
    DnsOutcome::NoData { kind: NoDataKind::Unrelated, chain: found.chain }
}

/// What is wrong with a record that would answer, were its data as long as an address.
fn damaged_answer(name: &Name<'_>, kind: u16, response: &Message<'_>) -> Option<Damage> {
    let mut answers = (1..).zip(response.section(Section::Answer));
    let (number, record) = answers
        .find(|(_, record)| record.name.is_same(name) && fits(record.kind, kind) && !has_length(record))?;
    Some(Damage { at: record.data_at, kind: DamageKind::DataLength(Section::Answer, number) })
}

/// Whether the data of an address record of the Internet is as long as an address (RFC 1035 section 3.4.1, RFC 3596
/// section 2.2); nothing is asked of others.
const fn has_length(record: &Record<'_>) -> bool {
    match (record.class, record.kind) {
        (IN, A) => record.data.len() == 4,
        (IN, AAAA) => record.data.len() == 16,
        _ => true,
    }
}

/// What a response without records of the type says of `name`, which `chain` led to.
fn of_nothing(name: Option<Name<'_>>, response: &Message<'_>, chain: Chain) -> DnsOutcome {
    let authority = |kind| response.section(Section::Authority).find(move |record| record.kind == kind);
    if let Some(soa) = authority(SOA) {
        return DnsOutcome::NoData { kind: NoDataKind::WithSoa(negative_ttl(soa)), chain };
    }
    if chain.links > 0 {
        return DnsOutcome::Cname(chain);
    }
    let Some(ns) = authority(NS) else { return DnsOutcome::NoData { kind: NoDataKind::Bare, chain } };
    let zone = ns.name.to_string();
    // Nobody is referred to the root, nor to where the name is not.
    let is_upward = ns.name.is_root() || name.is_some_and(|name| !is_within(&name, &ns.name));
    if is_upward { DnsOutcome::Lame { zone } } else { DnsOutcome::Referral { zone } }
}

/// How long the lack of a record may be remembered: the lesser of the SOA's own time to live and its last number
/// (RFC 2308 section 5).
fn negative_ttl(soa: &Record<'_>) -> u32 {
    let minimum = soa.data.last_chunk().map_or(soa.ttl, |bytes| u32::from_be_bytes(*bytes));
    soa.ttl.min(minimum)
}

struct Found<'a> {
    chain: Chain,
    /// The name at the end of the chain.
    end: Name<'a>,
    answered: bool,
}

/// Follows aliases from `name` through the answers to a record of type `kind`.
fn follow<'a>(name: Name<'a>, kind: u16, response: &Message<'a>) -> Found<'a> {
    let mut found = Found { chain: Chain::default(), end: name, answered: false };
    loop {
        let here = |record: &&Record<'a>| record.name.is_same(&found.end);
        found.answered = response
            .section(Section::Answer)
            .filter(here)
            .any(|record| fits(record.kind, kind) && has_length(record));
        if found.answered || found.chain.links == MAX_LINKS {
            return found;
        }
        let alias = response.section(Section::Answer).filter(here).find(|record| record.kind == CNAME);
        let Some(alias) = alias else { return found };
        found.end = alias.name_at(0);
        found.chain.links += 1;
        found.chain.target = found.end.to_string();
    }
}

/// The name that the aliases in `response` lead to from `name`.
pub(super) fn end_of_chain<'a>(name: Name<'a>, response: &Message<'a>) -> Name<'a> {
    follow(name, CNAME_ONLY, response).end
}

/// Whether a record of type `kind` answers a question for `asked`.
fn fits(kind: u16, asked: u16) -> bool {
    kind == asked || matches!(asked, ANY | AXFR | IXFR) || asked == DNAME && kind == CNAME
}

/// Whether `name` is `zone` or below it.
#[must_use]
pub fn is_within(name: &Name<'_>, zone: &Name<'_>) -> bool {
    name.label_count().checked_sub(zone.label_count()).is_some_and(|more| {
        name.labels().skip(more).zip(zone.labels()).all(|(a, b)| a.eq_ignore_ascii_case(b))
    })
}

impl DnsOutcome {
    /// One word for it, as JSON has it.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Answer(_) => "answer",
            Self::Cname(_) => "cname",
            Self::Referral { .. } => "referral",
            Self::Lame { .. } => "lame",
            Self::NoData { .. } => "nodata",
            Self::NxDomain(_) => "nxdomain",
            Self::Truncated => "truncated",
            Self::Failed(2) => "servfail",
            Self::Failed(5) => "refused",
            Self::Failed(_) => "error",
            Self::Done => "done",
            Self::Unanswered => "unanswered",
            Self::Damaged(_) => "damaged",
            Self::Unfinished { .. } => "unfinished",
        }
    }
}
