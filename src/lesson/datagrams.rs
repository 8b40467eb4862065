//! What the bad line of a UDP server did to its datagrams, beside those that the capture has.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use super::count::{Counted, OrNone};
use super::late::Late;
use super::talks::{Talk, turns};
use super::{Case, Check};
use crate::flow::PacketStamp;
use crate::lab::scene::What;
use crate::lab::{Deed, Note, Transport};
use crate::time::TimeDelta;

/// A datagram that was handed to the line.
#[derive(Clone, Debug)]
pub(super) struct Handed<'a> {
    /// To whom.
    pub(super) to: SocketAddr,
    pub(super) bytes: &'a [u8],
    /// Who was heard last before, and the how manieth datagram of theirs that was.
    heard: Option<(SocketAddr, usize)>,
    deeds: Vec<Deed>,
}

impl Handed<'_> {
    /// How often it came out of the line.
    fn times(&self) -> usize {
        let is = |test: fn(&Deed) -> bool| self.deeds.iter().filter(|deed| test(deed)).count();
        let copies = 1 + is(|deed| *deed == Deed::Repeated);
        copies.saturating_sub(is(|deed| deed.is_loss()))
    }

    /// Whether nothing of it came out.
    pub(super) fn is_lost(&self) -> bool {
        self.times() == 0
    }

    pub(super) fn is_repeated(&self) -> bool {
        self.deeds.contains(&Deed::Repeated)
    }

    fn is_left(&self) -> bool {
        self.deeds.contains(&Deed::Left)
    }

    fn held(&self) -> Option<TimeDelta> {
        self.deeds.iter().find_map(|deed| match deed {
            Deed::Held { by } => i128::try_from(by.as_nanos()).ok().map(TimeDelta::from_nanos),
            _ => None,
        })
    }

    fn overtaken_by(&self) -> Option<u64> {
        self.deeds.iter().find_map(|deed| match deed {
            Deed::Overtaken { by } => Some(*by),
            _ => None,
        })
    }
}

/// What was handed to the line of a scene's server over UDP, by number; empty where that has none.
pub(super) fn handed<'a>(case: &Case<'a>) -> BTreeMap<u64, Handed<'a>> {
    let mut all: BTreeMap<u64, Handed<'_>> = BTreeMap::new();
    let mut heard: BTreeMap<SocketAddr, usize> = BTreeMap::new();
    let mut last = None;
    for line in case.log.iter().filter(|line| line.aside) {
        match &line.what {
            What::Received { peer, .. } => {
                let so_far = heard.entry(*peer).or_default();
                *so_far += 1;
                last = Some((*peer, *so_far));
            }
            What::Noted { peer: Some(peer), note: Note::Handed { number, bytes } } => {
                let handed = Handed { to: *peer, bytes: &bytes.0, heard: last, deeds: Vec::new() };
                all.insert(*number, handed);
            }
            What::Noted { note: Note::Impaired { number, deed, .. }, .. } => {
                if let Some(handed) = all.get_mut(number) {
                    handed.deeds.push(*deed);
                }
            }
            _ => {}
        }
    }
    all
}

/// What the capture must have behind the line, in order.
fn expected<'h, 'a>(to: SocketAddr, all: &'h BTreeMap<u64, Handed<'a>>) -> Vec<&'h Handed<'a>> {
    let mut out = Vec::new();
    for (number, handed) in all.iter().filter(|(_, handed)| handed.to == to) {
        let times = handed.times();
        if handed.overtaken_by().is_none() {
            out.extend(std::iter::repeat_n(handed, times));
        }
        let behind = all.values().filter(|other| other.to == to && other.overtaken_by() == Some(*number));
        out.extend(behind.flat_map(|other| std::iter::repeat_n(other, other.times())));
    }
    out
}

pub(super) fn of(case: &Case<'_>) -> Vec<Check> {
    let all = handed(case);
    if all.is_empty() {
        return Vec::new();
    }
    let talks = || case.talks.iter().filter(|talk| talk.transport == Transport::Udp);
    let (mut packets, mut against) = (Vec::new(), Vec::new());
    let mut late = Late::default();
    for talk in talks() {
        let expected = expected(talk.client, &all);
        let seen = from_server(case, talk);
        let same = expected.len() == seen.len()
            && expected.iter().zip(&seen).all(|(handed, (_, bytes))| handed.bytes == *bytes);
        if !same {
            against.push(format!(
                "to {}: by the line's log {} out of it, in this order, and the capture shows {}, or another order",
                talk.who,
                Counted::new(expected.len(), "datagram came", "datagrams came"),
                OrNone(seen.len())
            ));
            continue;
        }
        packets.extend(seen.iter().map(|(at, _)| at.number));
        for (handed, (at, _)) in expected.iter().zip(&seen) {
            take(&mut late, case, handed, *at);
        }
    }
    let text = format!("What the line did is what the capture shows: {}", deeds(&all));
    let mut checks = Check::unless(against, text, packets);
    checks.extend(late.told("comes"));
    checks
}

/// What became of the datagrams, in words.
fn deeds(all: &BTreeMap<u64, Handed<'_>>) -> String {
    let count = |test: fn(&Handed<'_>) -> bool| all.values().filter(|handed| test(handed)).count();
    let mut did = Vec::new();
    for (number, what) in [
        (count(|handed| handed.is_lost() && !handed.is_left()), "lost"),
        (count(|handed| handed.is_repeated()), "sent twice"),
        (count(|handed| handed.overtaken_by().is_some()), "sent behind a later one"),
        (count(|handed| handed.held().is_some()), "held for a while"),
        (count(|handed| handed.is_left()), "still on it when the server stopped"),
    ] {
        did.extend((number > 0).then(|| format!("{number} {what}")));
    }
    let did = if did.is_empty() { "nothing done to them".to_owned() } else { did.join(", ") };
    match all.len() {
        1 => format!("1 datagram of the server, {did}"),
        many => format!("{many} datagrams of the server, {did}"),
    }
}

/// The datagrams of a talk's server in the capture.
fn from_server<'a>(case: &Case<'a>, talk: &Talk<'_>) -> Vec<(PacketStamp, &'a [u8])> {
    let Some((told, client)) = talk.flow(case.evidence.flows) else { return Vec::new() };
    turns(told.flow, client.reversed()).map(|turn| (turn.first, turn.bytes.as_slice())).collect()
}

/// Takes one that came in the capture at `at`. It was handed over behind what was heard last before.
fn take(late: &mut Late, case: &Case<'_>, handed: &Handed<'_>, at: PacketStamp) {
    let (Some(held), Some((peer, place))) = (handed.held(), handed.heard) else { return };
    let asked = case.talks.iter().find(|talk| talk.transport == Transport::Udp && talk.client == peer);
    let asked = asked.and_then(|talk| {
        let (told, client) = talk.flow(case.evidence.flows)?;
        turns(told.flow, client).nth(place.checked_sub(1)?)
    });
    if let Some(turn) = asked {
        late.take(at, turn.first, held);
    }
}
