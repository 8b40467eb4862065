//! The lab `dns` by two witnesses: the resolutions as whoever asked tells them, and as they are rebuilt from the capture.

use serde::{Deserialize, Serialize};

use super::Check;
use super::count::{Counted, OrNone};
use crate::dnstrace::dnssec::{self, Anchor, Link, Security};
use crate::dnstrace::{Asked, DnsTrace, Rebuilt, Step, StepOutcome};
use crate::source::PacketNumber;

/// Deepest resolution within another that is looked at: deeper than any that a resolver makes.
const MAX_DEPTH: usize = 16;

/// A name that is there to show something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NameCase {
    /// The name.
    pub name: &'static str,
    /// The record type.
    pub kind: &'static str,
    /// What it shows, in a sentence.
    pub shows: &'static str,
    /// How it ends, as [`crate::dnstrace::Ending::word`] has it.
    pub ending: &'static str,
    /// Outcomes that are met on the way, as [`StepOutcome::word`] has them.
    pub meets: &'static [&'static str],
    /// Whether the last link of the chain of trust can be believed, where that is checked.
    pub security: Option<Security>,
    /// Where the choice of servers begins, so that those are met.
    pub seed: u64,
}

const USUAL: &[&str] = &["referral", "answer"];

const fn case(seed: u64, name: &'static str, shows: &'static str) -> NameCase {
    NameCase { name, kind: "A", shows, ending: "answer", meets: USUAL, security: None, seed }
}

/// What `lab dns` looks up, in this order.
pub static NAME_CASES: &[NameCase] = &[
    NameCase {
        security: Some(Security::Insecure),
        ..case(
            1,
            "nyu.edu",
            "From the root to edu. to nyu.edu.: each refers to the next. edu. is signed and proves that nyu.edu. is not.",
        )
    },
    case(
        2,
        "google.com",
        "The same below com. The addresses of its servers are glue: they are within the zone itself.",
    ),
    case(3, "amazon.com", "Its servers have names in four zones; com. may only tell the addresses of some."),
    NameCase {
        ending: "nxdomain",
        meets: &["referral", "nxdomain"],
        ..case(
            5,
            "missing.lab.edu",
            "No such name (NXDOMAIN): with authority, and with a time to remember that.",
        )
    },
    NameCase {
        ending: "nodata",
        meets: &["referral", "nodata"],
        ..case(6, "text.lab.edu", "The name is there, an address is not (NODATA): no error, and no answer.")
    },
    NameCase {
        meets: &["referral", "alias", "answer"],
        ..case(
            7,
            "away.lab.edu",
            "An alias (CNAME) that leaves its zone: another question, from the root down.",
        )
    },
    NameCase {
        meets: &["referral", "refused", "answer"],
        ..case(
            4,
            "www.lame.lab.edu",
            "A server refuses, since nobody told it of the zone that it is named for: it is lame. Another one knows.",
        )
    },
    NameCase {
        meets: &["referral", "truncated", "answer"],
        ..case(
            8,
            "www.truncates.lab.edu",
            "An answer that does not fit into a datagram: asked for again, over TCP.",
        )
    },
    NameCase {
        meets: &["referral", "timeout", "answer"],
        ..case(4, "www.silent.lab.edu", "A server that does not answer: after a while another one is asked.")
    },
    case(
        9,
        "www.glueless.lab.edu",
        "Servers without glue: their addresses are looked up first, by a resolution of its own.",
    ),
    NameCase {
        security: Some(Security::Secure),
        ..case(
            10,
            "www.signed.edu",
            "Signed from the root down: each DS record vouches for the keys of the zone below.",
        )
    },
    NameCase {
        security: Some(Security::Bogus),
        ..case(
            11,
            "www.bogus.edu",
            "Signed wrongly: there is an answer, and nobody who checks it may believe it.",
        )
    },
];

impl NameCase {
    /// The one that asks this.
    #[must_use]
    pub fn of(asked: &Asked) -> Option<&'static Self> {
        NAME_CASES.iter().find(|case| {
            let kind = crate::dnstrace::type_from_text(case.kind);
            kind == Some(asked.kind)
                && crate::dnstrace::Domain::parse(case.name).is_ok_and(|name| name == asked.name)
        })
    }
}

/// A resolution as whoever asked tells it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct NameTold {
    /// What was asked, and what came of it.
    pub trace: DnsTrace,
    /// What is needed to check it.
    pub proof: Option<Proof>,
    /// Zones and the choice of servers are the program's own: what is to come of it is known.
    pub expected: bool,
}

/// What is needed to check signatures.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Proof {
    /// Responses to questions for keys.
    pub keys: Vec<Step>,
    /// The root's key as a DNSKEY record; empty where the root is not signed.
    pub anchor: String,
    /// When that was, in seconds since 1970 modulo 2³².
    pub at: u32,
}

impl NameTold {
    /// The chain of trust of this resolution; `None` where it is not checked.
    #[must_use]
    pub fn chain(&self) -> Option<Vec<Link>> {
        let proof = self.proof.as_ref()?;
        let anchors = Anchor::read(&proof.anchor).unwrap_or_default();
        Some(dnssec::check(&self.trace, &proof.keys, &anchors, proof.at))
    }

    fn case(&self) -> Option<&'static NameCase> {
        NameCase::of(&self.trace.asked).filter(|_| self.expected)
    }

    fn title(&self) -> String {
        self.trace.asked.name.to_string()
    }
}

/// Everything that must hold of the capture, given what was told.
#[must_use]
pub fn name_checks(told: &[NameTold], rebuilt: &Rebuilt) -> Vec<Check> {
    let mut checks = Vec::new();
    let mut used = vec![false; rebuilt.traces.len()];
    let mut authority = Authority::default();
    for one in told {
        let found = rebuilt.traces.iter().zip(&mut used).find(|(resolution, used)| {
            !**used && resolution.trace.asked == one.trace.asked && resolution.client.is_none()
        });
        let Some((resolution, used)) = found else {
            checks.push(Check::new(
                false,
                format!("{}: the capture has no such resolution", one.title()),
                [],
            ));
            continue;
        };
        *used = true;
        let seen = &resolution.trace;
        checks.push(same_steps(one, seen));
        checks.extend(expectation(one, seen));
        checks.extend(security(one, seen, rebuilt));
        authority.take(seen, 0);
    }
    if !told.is_empty() {
        checks.extend(authority.checks());
    }
    checks
}

/// Each step is in the capture, with the same records and outcome.
fn same_steps(told: &NameTold, seen: &DnsTrace) -> Check {
    let (mut packets, mut count) = (Vec::new(), 0);
    let text = match compare(&told.trace, seen, &mut packets, &mut count, 0) {
        Ok(()) if told.trace.ending.word() != seen.ending.word() => {
            format!(
                "it ended with {} and in the capture with {}",
                told.trace.ending.word(),
                seen.ending.word()
            )
        }
        Ok(()) => {
            let steps =
                if count == 1 { "its one step is".to_owned() } else { format!("all {count} steps are") };
            let name = told.title();
            let text = format!(
                "{name}: rebuilt from the capture, {steps} what was told: same server, records, outcome"
            );
            return Check::new(true, text, packets);
        }
        Err(text) => text,
    };
    Check::new(false, format!("{}: {text}", told.title()), packets)
}

fn compare(
    told: &DnsTrace,
    seen: &DnsTrace,
    packets: &mut Vec<PacketNumber>,
    count: &mut usize,
    depth: usize,
) -> Result<(), String> {
    if depth > MAX_DEPTH {
        return Err("resolutions within resolutions are too deep".to_owned());
    }
    if told.steps.len() != seen.steps.len() {
        let steps = Counted::new(told.steps.len(), "step was", "steps were");
        return Err(format!("{steps} told, the capture has {}", OrNone(seen.steps.len())));
    }
    for (step, found) in told.steps.iter().zip(&seen.steps) {
        *count += 1;
        let place = format!("step {count}");
        if (&step.asked, step.server.address, step.over) != (&found.asked, found.server.address, found.over) {
            return Err(format!(
                "{place} asked {}, in the capture {}",
                step.server.address, found.server.address
            ));
        }
        if step.response != found.response {
            return Err(format!("{place}: the response in the capture is another one"));
        }
        if (step.outcome.word(), &step.zone) != (found.outcome.word(), &found.zone) {
            let (one, other) = (step.outcome.word(), found.outcome.word());
            return Err(format!("{place}: {one} of {}, in the capture {other} of {}", step.zone, found.zone));
        }
        packets.extend(found.packets.queries.iter().copied().chain(found.packets.response));
        if step.nested.len() != found.nested.len() {
            return Err(format!(
                "{place}: {} look-ups before it, {} in the capture",
                step.nested.len(),
                found.nested.len()
            ));
        }
        for (inner, found) in step.nested.iter().zip(&found.nested) {
            if inner.asked != found.asked {
                return Err(format!("{place}: the look-up before it is another one in the capture"));
            }
            compare(inner, found, packets, count, depth + 1)?;
        }
    }
    Ok(())
}

/// The capture shows what the name is there to show.
fn expectation(told: &NameTold, seen: &DnsTrace) -> Option<Check> {
    let case = told.case()?;
    let mut met = Vec::new();
    outcomes(seen, &mut met, 0);
    let packets: Vec<PacketNumber> = met
        .iter()
        .filter(|(word, _)| case.meets.contains(word) && *word != "referral")
        .filter_map(|(_, packet)| *packet)
        .collect();
    let missing: Vec<&str> =
        case.meets.iter().copied().filter(|word| !met.iter().any(|(one, _)| one == word)).collect();
    let name = told.title();
    if !missing.is_empty() {
        return Some(Check::new(false, format!("{name}: the capture shows no {}", missing.join(", ")), []));
    }
    if seen.ending.word() != case.ending {
        let text = format!("{name}: ends with {}, not with {}", seen.ending.word(), case.ending);
        return Some(Check::new(false, text, []));
    }
    Some(Check::new(true, format!("{name}: the capture shows {}", case.meets.join(", ")), packets))
}

/// Outcomes of all steps, each with the packet that shows it.
fn outcomes(trace: &DnsTrace, met: &mut Vec<(&'static str, Option<PacketNumber>)>, depth: usize) {
    for step in &trace.steps {
        let packet = step.packets.response.or_else(|| step.packets.queries.last().copied());
        met.push((step.outcome.word(), packet));
        for inner in step.nested.iter().filter(|_| depth < MAX_DEPTH) {
            outcomes(inner, met, depth + 1);
        }
    }
}

/// Whether the answer can be believed, by the responses of the capture.
fn security(told: &NameTold, seen: &DnsTrace, rebuilt: &Rebuilt) -> Option<Check> {
    let proof = told.proof.as_ref()?;
    let name = told.title();
    let keys: Option<Vec<Step>> = proof.keys.iter().map(|key| key_in(rebuilt, key)).collect();
    let Some(keys) = keys else {
        return Some(Check::new(
            false,
            format!("{name}: not all keys that were asked for are in the capture"),
            [],
        ));
    };
    let in_capture =
        NameTold { trace: seen.clone(), proof: Some(Proof { keys, ..proof.clone() }), expected: false };
    let (links, own) = (in_capture.chain()?, told.chain()?);
    if links != own {
        return Some(Check::new(
            false,
            format!("{name}: signatures in the capture prove something else"),
            [],
        ));
    }
    // One that is not to be believed says it of all below.
    let word = |links: &[Link]| match links.iter().find(|link| link.security == Security::Bogus) {
        Some(_) => Some(Security::Bogus),
        None => links.last().map(|link| link.security),
    };
    let found = word(&links)?;
    let wanted = told.case().and_then(|case| case.security);
    let packets =
        in_capture.proof.iter().flat_map(|proof| &proof.keys).filter_map(|key| key.packets.response);
    let text = match found {
        Security::Secure => "secure: signatures lead from the root's key to the answer",
        Security::Insecure => "insecure: a zone above proves that it is not signed",
        Security::Bogus => "bogus: refused, since a signature is wrong",
        Security::Unknown => "nothing is known: no chain leads to it from the root's key",
    };
    Some(Check::new(wanted.is_none_or(|wanted| wanted == found), format!("{name} is {text}"), packets))
}

/// A question for keys as the capture has it.
fn key_in(rebuilt: &Rebuilt, key: &Step) -> Option<Step> {
    let steps = rebuilt.traces.iter().flat_map(|resolution| &resolution.trace.steps);
    steps
        .filter(|step| {
            step.asked == key.asked && step.server.address == key.server.address && step.over == key.over
        })
        .find(|step| step.response == key.response)
        .cloned()
}

/// Who spoke with authority.
#[derive(Default)]
struct Authority {
    referrals: Vec<PacketNumber>,
    answers: Vec<PacketNumber>,
    against: Vec<String>,
}

impl Authority {
    fn take(&mut self, trace: &DnsTrace, depth: usize) {
        for step in &trace.steps {
            let says = step.message().and_then(|message| Some(message.header?.is_authoritative()));
            let wanted = match step.outcome {
                StepOutcome::Referral(_) => Some(false),
                StepOutcome::Answer { .. }
                | StepOutcome::Alias { .. }
                | StepOutcome::NoData { .. }
                | StepOutcome::NxDomain { .. } => Some(true),
                _ => None,
            };
            let list = if wanted == Some(true) { &mut self.answers } else { &mut self.referrals };
            match step.packets.response {
                Some(packet) if wanted.is_some() && wanted == says => list.push(packet),
                Some(packet) if wanted.is_some() => {
                    let has = if says == Some(true) { "has" } else { "has no" };
                    self.against
                        .push(format!("the {} in packet {packet} {has} authority (AA)", step.outcome.word()));
                }
                _ => {}
            }
            for inner in step.nested.iter().filter(|_| depth < MAX_DEPTH) {
                self.take(inner, depth + 1);
            }
        }
    }

    fn checks(self) -> Vec<Check> {
        if !self.against.is_empty() {
            return Check::unless(self.against, "", []);
        }
        let claims = [
            (self.answers, "Answers come from servers with authority for the zone (the flag AA)"),
            (self.referrals, "Referrals come without it: who refers to others does not answer for them"),
        ];
        let claims = claims.into_iter().filter(|(packets, _)| !packets.is_empty());
        claims.map(|(packets, text)| Check::new(true, text, packets)).collect()
    }
}
