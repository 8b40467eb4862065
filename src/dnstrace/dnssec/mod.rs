//! Whether a resolution can be believed: the chain of DS, DNSKEY and RRSIG records from a trust anchor down (RFC 4035
//! section 5), and the proofs of what is not there. It reads responses and no clock: whoever calls says what time it is.

mod anchor;
mod answer;
mod below;
mod chain;
mod crypto;
mod denial;
mod set;

pub use anchor::{Anchor, BadAnchor};
pub use set::{RecordSet, Signature};

pub(in crate::dnstrace) use below::{ends_signed, is_of_name, told_of};

use self::chain::Checker;
use self::denial::{NSEC, NSEC3};
use super::{DnsTrace, Domain, Step};

/// Most signatures that are computed for a trace: keys of equal tags and many signatures are made to keep validators busy.
pub const MAX_VERIFICATIONS: u32 = 200;

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
    /// A SOA record beside a proof is not of the zone that signs the proof.
    #[error("the SOA record beside the proof is of another zone, {0}")]
    OtherAuthority(Domain),
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

/// Checks what led to the end of `trace`. `keys` are responses to questions for the keys of its zones; `now` is in seconds
/// since 1970, modulo 2³², as signatures have it (RFC 4034 section 3.1.5).
#[must_use]
pub fn check(trace: &DnsTrace, keys: &[Step], anchors: &[Anchor], now: u32) -> Vec<Link> {
    let mut checker = Checker::new(keys, anchors, now);
    for step in trace.steps.iter().filter(|step| step.outcome.is_useful()) {
        // The root's own list of servers is not part of the way.
        if step.recursion_desired {
            continue;
        }
        checker.step(step);
    }
    checker.into_links()
}

#[cfg(test)]
mod tests;
