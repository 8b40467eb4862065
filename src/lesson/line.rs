//! What a line between two hosts did to segments, beside what the analysis finds of it.

use std::collections::{BTreeMap, BTreeSet};

use super::count::{Counted, OrNone, Times};
use super::late::Late;
use super::{Case, Check};
use crate::decode::{DecodedPacket, TcpFlags};
use crate::flow::{Kind, PacketStamp, Verdict};
use crate::lab::scene::{Line, What};
use crate::lab::{Deed, Note};
use crate::source::PacketNumber;
use crate::time::TimeDelta;

/// Most segments of a capture that are looked at: a scene has some hundred.
pub const MAX_SEGMENTS: usize = 1 << 18;

/// The shortest retransmission timer that is common: Linux waits no less, RFC 6298 section 2.4 asks for a second.
const SHORTEST_TIMER: TimeDelta = TimeDelta::from_nanos(200_000_000);

/// The timer that RFC 6298 section 2 begins with, in nanoseconds: a lost segment is sent again by then, unless that was lost, too.
const FIRST_TIMER: i128 = 1_000_000_000;

/// Most that the timer is doubled: RFC 6298 section 2.5 lets it stop at a minute.
const MAX_DOUBLINGS: usize = 6;

/// A TCP segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segment {
    /// Its packet.
    pub at: PacketStamp,
    /// Ports of sender and receiver.
    pub ports: [u16; 2],
    /// Its sequence number, as sent.
    pub seq: u32,
    /// Bytes of payload.
    pub length: u32,
    /// It opens a connection (SYN).
    pub syn: bool,
    /// It ends its side of one (FIN).
    pub fin: bool,
    /// What it acknowledges.
    pub ack: Option<u32>,
    /// The window that it offers, as sent: not scaled.
    pub window: u16,
    /// What the analysis calls it, where it is not simply the next one.
    pub kind: Option<Kind>,
}

/// The TCP segments of a capture, the first [`MAX_SEGMENTS`].
#[derive(Clone, Debug, Default)]
pub struct Segments(Vec<Segment>);

impl Segments {
    /// Takes a packet, of which `verdicts` says one thing for each of its transports.
    pub fn take(&mut self, at: PacketStamp, decoded: &DecodedPacket<'_>, verdicts: &[Verdict]) {
        for (transport, verdict) in decoded.transports().iter().zip(verdicts) {
            let Some(tcp) = verdict.tcp else { continue };
            let Some(segment) = decoded.tcp_segment(transport) else { continue };
            let has = |flag| segment.flags.has(flag);
            if self.0.len() < MAX_SEGMENTS {
                self.0.push(Segment {
                    at,
                    ports: [transport.src.port, transport.dst.port],
                    seq: segment.seq,
                    length: segment.payload_len,
                    syn: has(TcpFlags::SYN),
                    fin: has(TcpFlags::FIN),
                    ack: has(TcpFlags::ACK).then_some(segment.ack),
                    window: segment.window,
                    kind: tcp.judgement.map(|judgement| judgement.kind),
                });
            }
        }
    }
}

impl Segments {
    /// Those from the port `from` to the port `to`, in order.
    pub(super) fn between(&self, from: u16, to: u16) -> impl Iterator<Item = &Segment> {
        self.0.iter().filter(move |segment| segment.ports == [from, to])
    }
}

impl Segment {
    /// Numbers that it takes: of its bytes, SYN and FIN.
    fn takes(&self) -> u32 {
        self.length.saturating_add(u32::from(self.syn)).saturating_add(u32::from(self.fin))
    }

    /// Whether it bears this number.
    fn bears(&self, seq: u32) -> bool {
        seq.wrapping_sub(self.seq) < self.takes()
    }
}

/// Which segment: ports and sequence number.
type Name = ([u16; 2], u32);

/// Segments by what was done to them, and how often.
#[derive(Default)]
struct Done {
    lost: BTreeMap<Name, usize>,
    repeated: BTreeMap<Name, usize>,
    overtaken: BTreeSet<Name>,
    /// For how long, at least, of all packets that bear that number, and how many of them.
    held: BTreeMap<Name, (TimeDelta, usize)>,
    /// Still on the line when that ended, each copy.
    left: BTreeMap<Name, usize>,
}

impl Done {
    /// For how long every packet of that name was held, at least; `None` where the capture has one more, which was not.
    fn all_held(&self, name: &Name, all: &[Segment]) -> Option<TimeDelta> {
        let (by, count) = self.held.get(name)?;
        let there = all.iter().filter(|segment| (segment.ports, segment.seq) == *name).count();
        (there <= *count).then_some(*by)
    }
}

/// Whether the capture is before the line between two hosts, which acts behind it; `None` where there is no such line.
pub(super) fn is_before(case: &Case<'_>) -> Option<bool> {
    case.log.iter().find_map(|line| match &line.what {
        What::Noted { note: Note::Between { before, .. }, .. } => Some(*before),
        _ => None,
    })
}

/// Whether the last that the line did to what the first of these ports sent to the second is beyond the capture: it ends before a
/// lost segment can be sent again, or what is on the line comes out of it.
pub(super) fn is_cut_short(case: &Case<'_>, ports: [u16; 2]) -> bool {
    let Some(before) = is_before(case) else { return false };
    let done = Done::of(case.log);
    if !before {
        return done.left.keys().any(|name| name.0 == ports);
    }
    let all = case.evidence.segments.0.as_slice();
    let segments = with_data(all);
    let mut lost = done.lost.iter().filter(|(name, _)| name.0 == ports);
    lost.any(|(name, times)| ends_before_repair(&copies(&segments, *name).collect::<Vec<_>>(), *times, all))
}

/// Segments with data or a FIN.
fn with_data(all: &[Segment]) -> Vec<Segment> {
    all.iter().filter(|segment| segment.length > 0 || segment.fin).copied().collect()
}

impl Done {
    /// What the line between two hosts did, by its log.
    fn of(log: &[Line]) -> Self {
        let mut done = Self::default();
        for line in log {
            done.take(line);
        }
        done
    }

    fn take(&mut self, line: &Line) {
        let What::Noted { note: Note::OnTheWay { ports, seq: Some(seq), length, fin, deed, .. }, .. } =
            &line.what
        else {
            return;
        };
        let name = (*ports, *seq);
        if let Deed::Held { by } = deed {
            let by = i128::try_from(by.as_nanos()).map(TimeDelta::from_nanos).unwrap_or_default();
            let (least, count) = self.held.entry(name).or_insert((by, 0));
            (*least, *count) = (by.min(*least), count.saturating_add(1));
        }
        if *length == 0 && !fin {
            return;
        }
        match deed {
            Deed::Lost | Deed::Overflowed => *self.lost.entry(name).or_default() += 1,
            Deed::Repeated => *self.repeated.entry(name).or_default() += 1,
            Deed::Overtaken { .. } => {
                self.overtaken.insert(name);
            }
            Deed::Left => *self.left.entry(name).or_default() += 1,
            Deed::Held { .. } => {}
        }
    }
}

pub(super) fn of(case: &Case<'_>) -> Vec<Check> {
    let Some(before) = is_before(case) else { return Vec::new() };
    let mut done = Done::of(case.log);
    let all = case.evidence.segments.0.as_slice();
    let segments = with_data(all);
    // Who ends a connection with a RST repairs nothing any more.
    let is_repaired = |name: &Name| copies(&segments, *name).any(|segment| is_repair(segment.kind));
    done.lost.retain(|name, _| !case.faults.is_cut(case.talks, name.0) || is_repaired(name));
    let mut checks = vec![whole(case)];
    if before {
        checks.push(sent_again(&done, &segments, all));
    } else {
        checks.push(twice(&done, &segments));
        checks.push(out_of_order(&done, &segments));
    }
    checks.extend(if before { acknowledged_late(&done, all) } else { comes_late(&done, all) });
    checks
}

/// The packets of a segment: those that bear its first byte.
fn copies(segments: &[Segment], (ports, seq): Name) -> impl Iterator<Item = &Segment> {
    segments.iter().filter(move |segment| segment.ports == ports && segment.bears(seq))
}

/// A line that holds packets, by a capture before it: what it held is acknowledged no sooner than it let it through. The way back is
/// not held.
fn acknowledged_late(done: &Done, all: &[Segment]) -> Option<Check> {
    let mut late = Late::default();
    for name in done.held.keys() {
        let (ports, seq) = *name;
        let Some(held) = done.all_held(name, all) else { continue };
        let Some(first) = copies(all, *name).next() else { continue };
        // What of a longer one was held under another number may have come before.
        if first.seq != seq {
            continue;
        }
        let back = all.iter().find(|segment| {
            let [from, to] = segment.ports;
            let covers = segment.ack.is_some_and(|ack| ack.wrapping_sub(seq).cast_signed() > 0);
            [to, from] == ports && segment.at.number > first.at.number && covers
        });
        if let Some(back) = back {
            late.take(back.at, first.at, held);
        }
    }
    late.told("is acknowledged")
}

/// The same by a capture behind it: what it held comes no sooner than so long behind what it answers.
fn comes_late(done: &Done, all: &[Segment]) -> Option<Check> {
    let mut late = Late::default();
    for segment in all.iter().filter(|segment| segment.takes() > 0) {
        let (Some(held), Some(ack)) = (done.all_held(&(segment.ports, segment.seq), all), segment.ack) else {
            continue;
        };
        let [from, to] = segment.ports;
        // Its sender had this when it sent it.
        let asked = copies(all, ([to, from], ack.wrapping_sub(1))).next();
        if let Some(asked) = asked.filter(|asked| asked.at.number < segment.at.number) {
            late.take(segment.at, asked.at, held);
        }
    }
    late.told("comes")
}

/// A line loses and repeats packets, and changes none.
fn whole(case: &Case<'_>) -> Check {
    let wrong = case.evidence.flows.iter().filter(|told| told.checksums.is_some()).count();
    let text = "What the line lets through is as it was sent: every checksum is right";
    Check::new(wrong == 0, if wrong == 0 { text } else { "Checksums are wrong in the capture" }, [])
}

/// Before the line: what is lost is there, and again for each loss; and nothing else is called a repair, but for what goes along with one.
fn sent_again(done: &Done, segments: &[Segment], all: &[Segment]) -> Check {
    let lost: usize = done.lost.values().sum();
    let mut found: Vec<PacketNumber> = Vec::new();
    // The last packets of those that the capture ends too soon for.
    let mut at_end: Vec<PacketNumber> = Vec::new();
    for (name, times) in &done.lost {
        let copies: Vec<&Segment> = copies(segments, *name).collect();
        let again = copies.iter().filter(|segment| is_repair(segment.kind)).count();
        if (copies.len() <= *times || again < *times) && ends_before_repair(&copies, *times, all) {
            at_end.extend(copies.last().map(|segment| segment.at.number));
        } else if copies.len() <= *times || again < *times {
            let text = format!(
                "The line lost the segment with number {} {}, and the analysis finds it sent again {}",
                name.1,
                Times(*times),
                Times(again)
            );
            return Check::new(false, text, copies.iter().map(|segment| segment.at.number));
        }
        found
            .extend(copies.iter().filter(|segment| is_repair(segment.kind)).map(|segment| segment.at.number));
    }
    let is_of_the_line = |segment: &&Segment| matches!(segment.kind, Some(Kind::TimeOut | Kind::Fast));
    // A sender whose timer ran out for a lost segment sends those behind it again, too, lost or not (RFC 6298 section 5).
    let goes_back = |segment: &&Segment| {
        let is_cause = |other: &&Segment| {
            other.ports == segment.ports
                && other.at.number < segment.at.number
                && other.kind == Some(Kind::TimeOut)
        };
        let mut causes = segments.iter().filter(is_cause);
        causes.any(|other| found.contains(&other.at.number) || ran_out_of_time(other, all))
    };
    // Who gets later segments first says so again and again, as if one were lost (RFC 5681 section 3.2).
    let is_for_overtaken = |segment: &&Segment| {
        segment.kind == Some(Kind::Fast) && done.overtaken.iter().any(|(ports, _)| *ports == segment.ports)
    };
    let beyond =
        || segments.iter().filter(is_of_the_line).filter(|segment| !found.contains(&segment.at.number));
    if let Some(segment) = beyond()
        .find(|segment| !goes_back(segment) && !ran_out_of_time(segment, all) && !is_for_overtaken(segment))
    {
        let text = format!(
            "The analysis says that packet {} repairs a loss, and the line lost no such segment",
            segment.at.number
        );
        return Check::new(false, text, [segment.at.number]);
    }
    let unanswered: Vec<PacketNumber> =
        beyond().filter(|segment| ran_out_of_time(segment, all)).map(|segment| segment.at.number).collect();
    let in_vain: Vec<PacketNumber> =
        beyond().filter(is_for_overtaken).map(|segment| segment.at.number).collect();
    let unseen = match at_end.len() {
        0 => String::new(),
        many => format!(
            "the line lost {} in a last packet behind which the capture ends, too soon for it to be sent again",
            Counted::new(many, "segment with data or a FIN", "segments with data or a FIN")
        ),
    };
    if !at_end.is_empty() && at_end.len() == done.lost.len() && found.is_empty() {
        return Check::moot(format!("Nothing to be seen: {unseen}"), at_end);
    }
    let lost = lost.saturating_sub(at_end.len());
    let mut text = match lost {
        0 => "The line lost no segment with data or a FIN, and the analysis finds none sent again for a loss"
            .to_owned(),
        1 => "The line lost a segment with data or a FIN, and the analysis finds it sent again".to_owned(),
        _ => format!(
            "The line lost {lost} segments with data or a FIN, and the analysis finds each of them sent again"
        ),
    };
    if !at_end.is_empty() {
        text.push_str(&format!("; besides, {unseen}"));
        found.extend(at_end);
    }
    if !in_vain.is_empty() {
        text.push_str("; where segments were overtaken, more are sent again that only looked lost");
        found.extend(in_vain);
    }
    if !unanswered.is_empty() {
        text.push_str("; what else is sent again was not lost, but acknowledged too late");
        found.extend(unanswered);
    }
    Check::new(true, text, found)
}

/// Whether the capture ends before a segment can be sent again whose `copies` were lost so many times: the last of them is one of
/// those, nothing acknowledges it, and no timer need have run out since. That doubles with each loss (RFC 6298 section 5.5).
fn ends_before_repair(copies: &[&Segment], times: usize, all: &[Segment]) -> bool {
    let (Some(last), Some(end)) = (copies.last(), all.last()) else { return false };
    let [from, to] = last.ports;
    let covers = |ack: u32| ack.wrapping_sub(last.seq).cast_signed() > 0;
    let is_answer = |other: &&Segment| other.at.number > last.at.number && other.ports == [to, from];
    let is_acknowledged = all.iter().filter(is_answer).any(|other| other.ack.is_some_and(covers));
    let doublings = copies.len().saturating_sub(1).min(MAX_DOUBLINGS);
    let timer = (0..doublings).fold(FIRST_TIMER, |timer, _| timer.saturating_mul(2));
    let is_soon = end.at.since(last.at).is_some_and(|rest| rest.as_nanos() < timer);
    copies.len() == times && !is_acknowledged && is_soon
}

/// Whether a sender's timer ran out although nothing was lost, since the other side was slow: nothing had acknowledged the copy before
/// for that long.
fn ran_out_of_time(segment: &Segment, all: &[Segment]) -> bool {
    let [from, to] = segment.ports;
    let since = all.partition_point(|other| other.at.number < segment.at.number);
    let earlier = all.get(..since).unwrap_or_default();
    let before = earlier.iter().rposition(|other| other.ports == segment.ports && other.bears(segment.seq));
    let Some((first, between)) = before.and_then(|at| earlier.get(at..)).and_then(<[_]>::split_first) else {
        return false;
    };
    let covers = |ack: u32| ack.wrapping_sub(segment.seq).cast_signed() > 0;
    let is_answered = between.iter().any(|other| other.ports == [to, from] && other.ack.is_some_and(covers));
    let waited = segment.at.since(first.at);
    segment.kind == Some(Kind::TimeOut)
        && !is_answered
        && waited.is_some_and(|waited| waited >= SHORTEST_TIMER)
}

/// Whether that is what a sender does about a loss.
fn is_repair(kind: Option<Kind>) -> bool {
    matches!(kind, Some(Kind::TimeOut | Kind::Fast | Kind::TailLossProbe))
}

/// Behind the line: what was sent twice comes twice.
fn twice(done: &Done, segments: &[Segment]) -> Check {
    let mut found = Vec::new();
    for (name, times) in &done.repeated {
        let copies: Vec<&Segment> = copies(segments, *name).collect();
        let left = done.left.get(name).copied().unwrap_or_default();
        if copies.len().saturating_add(left) <= *times {
            let text = format!("The line sent the segment with number {} twice, and it came once", name.1);
            return Check::new(false, text, copies.iter().map(|segment| segment.at.number));
        }
        found.extend(copies.iter().skip(1).map(|segment| segment.at.number));
    }
    let is_twice = |segment: &&Segment| segment.kind == Some(Kind::CapturedTwice);
    if let Some(segment) =
        segments.iter().filter(is_twice).find(|segment| !found.contains(&segment.at.number))
    {
        let text = format!("Packet {} came twice, and the line sent it once", segment.at.number);
        return Check::new(false, text, [segment.at.number]);
    }
    let is_left = |(name, _): &(&Name, &usize)| done.left.contains_key(name);
    let left: usize = done.repeated.iter().filter(is_left).map(|(_, times)| times).sum();
    let sent = done.repeated.values().sum::<usize>().saturating_sub(left);
    let mut text =
        format!("Segments with data that the line sent twice, and that come twice in the capture: {sent}");
    if left > 0 {
        text.push_str(&format!("; {left} more were on the line yet when it ended"));
    }
    let check = Check::new(true, text, found);
    Check { moot: sent == 0 && left > 0, ..check }
}

/// Behind the line: what is called reordered was overtaken, and what was overtaken is called so.
fn out_of_order(done: &Done, segments: &[Segment]) -> Check {
    let found: Vec<&Segment> =
        segments.iter().filter(|segment| segment.kind == Some(Kind::Reordered)).collect();
    // One that its own copy has overtaken is late, and nothing is out of order.
    let is_late_copy = |segment: &&&Segment| {
        let name = (segment.ports, segment.seq);
        let mut earlier = segments.iter().take_while(|other| other.at.number < segment.at.number);
        done.overtaken.contains(&name) && earlier.any(|other| (other.ports, other.seq) == name)
    };
    let in_disorder = found.iter().filter(|segment| !is_late_copy(segment));
    let names: BTreeSet<Name> = in_disorder.map(|segment| (segment.ports, segment.seq)).collect();
    let packets = found.iter().map(|segment| segment.at.number);
    // What only an acknowledgement or an older segment has overtaken is in order.
    let is_behind = |name: &&Name| {
        let mut earlier = segments.iter().take_while(|segment| (segment.ports, segment.seq) != **name);
        earlier.any(|segment| segment.ports == name.0 && segment.seq.wrapping_sub(name.1).cast_signed() > 0)
    };
    // What never came out is in no order.
    let came_out = |name: &&Name| !done.left.contains_key(name) || copies(segments, **name).next().is_some();
    let overtaken: BTreeSet<Name> =
        done.overtaken.iter().filter(came_out).filter(is_behind).copied().collect();
    let holds = names == overtaken;
    let text = if holds {
        format!(
            "Segments with data that came behind later ones by the line's log, and that the analysis finds reordered, no other: {}",
            names.len()
        )
    } else {
        format!(
            "By the line's log {} with data came behind later ones, and the analysis finds {} reordered",
            Counted::new(overtaken.len(), "segment", "segments"),
            OrNone(names.len())
        )
    };
    Check::new(holds, text, packets)
}

#[cfg(test)]
mod tests;
