//! What servers did wrong on purpose, by their own logs, beside what the capture shows of it: a check for each fault.
//!
//! What a fault makes impossible is no failure of the capture where the log tells of it, and no success either.

mod shown;

use super::talks::Talk;
use super::{Case, Check, Evidence, Segment};
use crate::lab::scene::{Line, Scene, What};
use crate::lab::{Fault, Misdeed, Note};
use crate::source::PacketNumber;
use crate::time::TimeDelta;
use shown::{Seen, no_fin, reset, slow_reader, split_writes, tiny_window};

/// The faults of a scene's servers, and what they did to each talk.
pub(super) struct Faults<'a> {
    /// Whose they are, and the receive buffer where it is small on purpose.
    servers: Vec<(&'a str, Fault, Option<u32>)>,
    /// For each talk.
    done: Vec<Done>,
    /// Why what a lab is there to show may not be shown, and the packets that tell.
    reason: Option<(&'static str, Vec<PacketNumber>)>,
}

/// What was done to a talk.
#[derive(Debug, Default)]
struct Done {
    fault: Option<Fault>,
    /// Bytes of its server's receive buffer, where it is small on purpose.
    buffer: Option<u32>,
    /// Its server did not close, although it was its turn (true) or the client had closed (false); how long, where it was
    /// stopped then.
    open: Option<(bool, Option<TimeDelta>)>,
    /// Of a reply so many bytes of so many went out, and then a RST.
    cut: Option<(u64, u64)>,
    /// Bytes that its server had sent before that reply.
    before_cut: u64,
    /// Replies in pieces: the place of each piece in what the server sent, and its length.
    split: Vec<Vec<(u64, u64)>>,
}

impl<'a> Faults<'a> {
    pub(super) fn of(scene: &Scene, log: &'a [Line], talks: &[Talk<'_>], evidence: &Evidence<'_>) -> Self {
        let begins = |line: &'a Line| match &line.what {
            What::Noted { note: Note::Misdeed(Misdeed::Begins { fault, buffer }), .. } => {
                Some((line.who.as_str(), *fault, *buffer))
            }
            _ => None,
        };
        let servers: Vec<(&str, Fault, Option<u32>)> = log.iter().filter_map(begins).collect();
        if servers.is_empty() {
            return Self { servers, done: Vec::new(), reason: None };
        }
        let done: Vec<Done> = talks
            .iter()
            .map(|talk| {
                // Ports are no names: two servers can have one at two addresses.
                let is_its = |line: &&Line| {
                    matches!(&line.what, What::Opened { peer, .. } if line.aside && talk.is_of(*peer))
                };
                let who = log.iter().find(is_its).map(|line| line.who.as_str());
                let server = servers.iter().find(|(server, ..)| Some(*server) == who).copied();
                server.map_or_else(Done::default, |server| Done::of(server, talk, log))
            })
            .collect();
        let mut faults = Self { servers, done, reason: None };
        faults.reason = faults.reason(scene, log, talks, evidence);
        faults
    }

    /// What was done to the talk at that place.
    fn done(&self, place: usize) -> Option<&Done> {
        self.done.get(place)
    }

    /// Whether the server with the first of these ports broke a reply to the client with the second off: what it sent last it does
    /// not send again.
    pub(super) fn is_cut(&self, talks: &[Talk<'_>], [from, to]: [u16; 2]) -> bool {
        let mut all = talks.iter().zip(&self.done);
        all.any(|(talk, done)| done.cut.is_some() && [talk.port, talk.client.port()] == [from, to])
    }

    /// Whether a server did not close, by its log.
    pub(super) fn left_open(&self) -> bool {
        self.done.iter().any(|done| done.open.is_some())
    }

    /// Whether the talk at that place does not end as talks do, because its server would not have it so.
    pub(super) fn spoils_the_end(&self, place: usize) -> bool {
        self.done(place).is_some_and(|done| done.open.is_some() || done.cut.is_some())
    }

    /// A check of what a lab is there to show: where a fault has made that impossible, it is none.
    pub(super) fn excused(&self, check: Check) -> Check {
        match &self.reason {
            Some((why, packets)) if !check.holds => {
                let packets = check.packets.iter().chain(packets).copied();
                Check::moot(format!("{}; the fault makes it so: {why}", check.text), packets)
            }
            _ => check,
        }
    }

    /// A check for each fault.
    pub(super) fn checks(&self, case: &Case<'_>) -> Vec<Check> {
        let has = |fault: &Fault| self.servers.iter().any(|(_, own, _)| own == fault);
        let talks = || case.talks.iter().zip(&self.done);
        let check = |fault| {
            let is_its = |(_, done): &(&Talk<'_>, &Done)| done.fault == Some(fault);
            let of: Vec<Seen<'_>> =
                talks().filter(is_its).filter_map(|(talk, done)| Seen::of(case, talk, done)).collect();
            match fault {
                Fault::NoFin => no_fin(&of, has_line(case.log)),
                Fault::Reset => reset(&of, has_line(case.log)),
                Fault::TinyWindow => tiny_window(&of),
                Fault::SplitWrites => split_writes(&of, case.evidence, has_line(case.log)),
                Fault::SlowReader => slow_reader(&of),
            }
        };
        Fault::ALL.into_iter().filter(has).map(check).collect()
    }

    /// Why what the lab is there to show may not be shown.
    fn reason(
        &self,
        scene: &Scene,
        log: &[Line],
        talks: &[Talk<'_>],
        evidence: &Evidence<'_>,
    ) -> Option<(&'static str, Vec<PacketNumber>)> {
        if self.done.iter().any(|done| done.cut.is_some()) {
            return Some(("the server breaks replies off with a RST", Vec::new()));
        }
        if log.iter().any(|line| matches!(line.what, What::Failed { expected: true, .. })) {
            let has = |fault| self.done.iter().any(|done| done.fault == Some(fault));
            // A server whose close nobody waits for spoils nothing.
            let is_waited_for = |done: &Done| matches!(done.open, Some((true, _)));
            if self.done.iter().any(is_waited_for) {
                return Some(("the client waits for the server's FIN, which does not come", Vec::new()));
            }
            if has(Fault::SlowReader) || has(Fault::TinyWindow) {
                return Some(("the client does not wait for as long as the server takes", Vec::new()));
            }
        }
        // Clients that tell lines read on to the end of each.
        if super::talks::is_told_by_lines(scene) {
            return None;
        }
        let mut between = Vec::new();
        for (talk, done) in talks.iter().zip(&self.done).filter(|(_, done)| !done.split.is_empty()) {
            let Some(base) = base(talk, evidence) else { continue };
            for reply in &done.split {
                let seen = reply.iter().filter_map(|piece| segment_of(talk, evidence, base, *piece));
                let numbers: Vec<PacketNumber> = seen.map(|segment| segment.at.number).collect();
                let (Some(first), Some(last)) = (numbers.first(), numbers.last()) else { continue };
                let own = evidence.segments.between(talk.client.port(), talk.port);
                let is_early =
                    |segment: &&Segment| segment.length > 0 && (*first..*last).contains(&segment.at.number);
                between.extend(own.filter(is_early).map(|segment| segment.at.number));
            }
        }
        (!between.is_empty()).then_some((
            "replies come in pieces, and the client takes a piece for a whole reply and speaks on",
            between,
        ))
    }
}

impl Done {
    /// What that server says that it did to this talk.
    fn of((who, fault, buffer): (&str, Fault, Option<u32>), talk: &Talk<'_>, log: &[Line]) -> Self {
        let mut done = Self { fault: Some(fault), buffer, ..Self::default() };
        let (mut sent, mut pieces) = (0_u64, 0);
        for Line { what, .. } in log.iter().filter(|line| line.who == who) {
            match what {
                What::Noted { peer: Some(peer), note: Note::Misdeed(misdeed) } if talk.is_of(*peer) => {
                    match misdeed {
                        Misdeed::NotClosed { first } => done.open = Some((*first, None)),
                        Misdeed::KeptOpen { by } => {
                            let by = i128::try_from(by.as_nanos()).map(TimeDelta::from_nanos).ok();
                            done.open = done.open.map(|(first, _)| (first, by));
                        }
                        Misdeed::CutOff { sent: half, of } => {
                            done.cut = Some((*half, *of));
                            done.before_cut = sent;
                        }
                        Misdeed::Split { pieces: count, .. } => {
                            pieces = *count;
                            done.split.push(Vec::new());
                        }
                        Misdeed::Begins { .. } => {}
                    }
                }
                What::Sent { peer, bytes } if talk.is_of(*peer) => {
                    let length = u64::try_from(bytes.0.len()).unwrap_or(u64::MAX);
                    if let Some(reply) = done.split.last_mut().filter(|_| pieces > 0) {
                        reply.push((sent, length));
                        pieces = pieces.saturating_sub(1);
                    }
                    sent = sent.saturating_add(length);
                }
                What::Carried { peer, length, sent: true } if talk.is_of(*peer) => {
                    sent = sent.saturating_add(*length);
                }
                _ => {}
            }
        }
        // One piece is no pieces.
        done.split.retain(|reply| reply.len() > 1);
        done
    }
}

/// The number of the first byte that the server of a talk says.
fn base(talk: &Talk<'_>, evidence: &Evidence<'_>) -> Option<u32> {
    let mut own = evidence.segments.between(talk.port, talk.client.port());
    own.find(|segment| segment.syn).map(|segment| segment.seq.wrapping_add(1))
}

/// The segment that carries these bytes of what the server says, and no other.
fn segment_of<'a>(
    talk: &Talk<'_>,
    evidence: &'a Evidence<'_>,
    base: u32,
    (place, length): (u64, u64),
) -> Option<&'a Segment> {
    // Numbers begin anew at 2³².
    let seq = base.wrapping_add(u32::try_from(place & u64::from(u32::MAX)).ok()?);
    let mut own = evidence.segments.between(talk.port, talk.client.port());
    own.find(|segment| segment.seq == seq && u64::from(segment.length) == length)
}

/// Whether a line between two hosts does something to what the server sends.
fn has_line(log: &[Line]) -> bool {
    log.iter().any(|line| matches!(line.what, What::Noted { note: Note::Between { .. }, .. }))
}
