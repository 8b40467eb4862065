//! Which of the explanations it is.

use std::num::NonZero;

use super::board::{Board, Recovery, is_older};
use super::{Circumstances, Evidence, Judgement, Kind, Reason, Sent, Sureness};
use crate::decode::{TcpFlags, TcpSegment};
use crate::flow::Repeat;
use crate::flow::tcp::SeqNumber;
use crate::flow::tcp::received::Added;

const MILLISECOND: i64 = 1_000_000;

/// A frame captured twice is the same datagram; beyond a second its identification may have come round.
const SAME_ID_WITHIN: i64 = 1_000 * MILLISECOND;

/// Where every packet of a side has the same identification, only time tells: less than any retransmission takes.
const SAME_FRAME_WITHIN: i64 = 10 * MILLISECOND;

/// Two copies of a frame with the same timestamp and no identification: less than a common timestamp clock's tick.
const SAME_INSTANT: i64 = MILLISECOND;

/// The least time-out of common systems (RFC 6298 asks for a second; Linux and others take 200 ms).
const LEAST_TIME_OUT: i64 = 200 * MILLISECOND;

/// Without a handshake to tell the round trip, what comes sooner was hardly asked for (Wireshark takes the same).
const USUAL_ROUND_TRIP: i64 = 3 * MILLISECOND;

/// How far apart two identifications may be to tell their order.
const ID_ORDER: i16 = 1_000;

/// Duplicates that show a loss (RFC 5681 section 3.2).
const THRESHOLD: u32 = 3;

/// A segment without bytes: a probe, or the same ACK captured twice.
pub(super) fn bare(
    own: &Board,
    other: &Board,
    sent: &Sent,
    segment: &TcpSegment<'_>,
    keep_alive: bool,
) -> Option<Judgement> {
    if let Some(last) = &own.last_bare
        && own.last_bare_window == segment.window
        && same_id(own, sent, last)
    {
        return Some(told(Kind::CapturedTwice, Sureness::Certain, Reason::SameIpId, of_copy(sent, last)));
    }
    if !keep_alive {
        return None;
    }
    if let (Some(tsval), Some(last)) = (sent.tsval, own.last_tsval)
        && is_older(tsval, last)
    {
        let evidence = Evidence { tsvals: Some((last, tsval)), ..Evidence::default() };
        return Some(told(Kind::Reordered, Sureness::Certain, Reason::OlderTimestamp, evidence));
    }
    Some(probe(other, Evidence::default()))
}

/// A segment with bytes, SYN or FIN that is not simply the next.
pub(super) fn with_bytes(
    own: &mut Board,
    other: &Board,
    sent: &Sent,
    at: &Circumstances<'_>,
    added: &Added,
    keep_alive: bool,
) -> Option<Judgement> {
    let (start, end) = (sent.seq, sent.end());
    let everything_acked = other.acked.is_some_and(|acked| !own.next.is_after(acked));
    if added.filled > 0 || own.first.is_some_and(|first| start.is_before(first)) {
        return Some(unseen(own, other, sent, at));
    }
    if !keep_alive && added.repeat == Repeat::New {
        return Some(probe(other, Evidence::default())).filter(|probe| probe.kind == Kind::ZeroWindowProbe);
    }
    let Some((first, previous, copies)) = own.ring.copies(start, end) else {
        if sent.is(TcpFlags::SYN) {
            // After a refusal nothing is remembered.
            return Some(told(again(sent), Sureness::Certain, Reason::SameNumber, Evidence::default()));
        }
        return Some(repeat(own, other, sent, at, None, Evidence::default()));
    };
    let evidence = Evidence {
        original: NonZero::new(first.number),
        since_original: sent.nanos_since(&first),
        tsvals: previous.tsval.zip(sent.tsval),
        ..Evidence::default()
    };
    if let Some(judgement) = captured_twice(own, sent, &previous, at, evidence) {
        return Some(judgement);
    }
    if let Some((before, now)) = evidence.tsvals
        && is_older(now, before)
    {
        return Some(told(Kind::Reordered, Sureness::Certain, Reason::OlderTimestamp, evidence));
    }
    if sent.is(TcpFlags::SYN) {
        return Some(told(again(sent), Sureness::Certain, Reason::SameNumber, evidence));
    }
    if sent.len == 1 && !sent.is(TcpFlags::FIN) && (other.window_closed || keep_alive && everything_acked) {
        return Some(probe(other, evidence));
    }
    Some(repeat(own, other, sent, at, Some((previous, copies)), evidence))
}

/// A SYN or SYN-ACK that was sent before.
fn again(sent: &Sent) -> Kind {
    if sent.is(TcpFlags::ACK) { Kind::SynAckRetried } else { Kind::SynRetried }
}

fn told(kind: Kind, sure: Sureness, reason: Reason, evidence: Evidence) -> Judgement {
    Judgement { kind, sure, reason, evidence }
}

fn of_copy(sent: &Sent, original: &Sent) -> Evidence {
    Evidence {
        original: NonZero::new(original.number),
        since_original: sent.nanos_since(original),
        tsvals: original.tsval.zip(sent.tsval),
        ..Evidence::default()
    }
}

fn probe(other: &Board, evidence: Evidence) -> Judgement {
    if other.window_closed {
        told(Kind::ZeroWindowProbe, Sureness::Certain, Reason::WindowClosed, evidence)
    } else {
        told(Kind::KeepAlive, Sureness::Certain, Reason::NothingNew, evidence)
    }
}

/// The same header in the same IP datagram.
fn same_id(own: &Board, sent: &Sent, before: &Sent) -> bool {
    let within = if own.ids_vary { SAME_ID_WITHIN } else { SAME_FRAME_WITHIN };
    sent.ip_id != 0
        && sent.ip_id == before.ip_id
        && is_same_header(sent, before)
        && lies_within(sent, before, within)
}

fn is_same_header(sent: &Sent, before: &Sent) -> bool {
    sent.seq == before.seq
        && sent.len == before.len
        && sent.ack == before.ack
        && sent.flags == before.flags
        && sent.tsval == before.tsval
}

fn lies_within(sent: &Sent, before: &Sent, nanos: i64) -> bool {
    // Two interfaces may stamp the same frame in either order.
    sent.nanos_since(before).is_some_and(|since| since.unsigned_abs() <= nanos.unsigned_abs())
}

fn captured_twice(
    own: &Board,
    sent: &Sent,
    previous: &Sent,
    at: &Circumstances<'_>,
    evidence: Evidence,
) -> Option<Judgement> {
    if same_id(own, sent, previous) {
        return Some(told(Kind::CapturedTwice, Sureness::Certain, Reason::SameIpId, evidence));
    }
    let another_datagram = sent.ip_id != previous.ip_id;
    if another_datagram || sent.ip_id != 0 && own.ids_vary || !is_same_header(sent, previous) {
        return None;
    }
    let half_a_trip = handshake_nanos(at).map_or(SAME_INSTANT, |rtt| rtt / 2);
    if !lies_within(sent, previous, half_a_trip.min(SAME_INSTANT)) {
        return None;
    }
    Some(match sent.tsval {
        Some(_) => told(Kind::CapturedTwice, Sureness::Likely, Reason::SameTimestamp, evidence),
        None => told(Kind::CapturedTwice, Sureness::Possible, Reason::SameInstant, evidence),
    })
}

/// Bytes that the capture did not have, below others that it had: late, or sent again after a loss.
fn unseen(own: &mut Board, other: &Board, sent: &Sent, at: &Circumstances<'_>) -> Judgement {
    let end = sent.end();
    let (asked, enough) = asked_for(own, other, sent);
    // Where it holds later bytes itself, the packet that brought those came before it, too.
    let beyond = own.ring.first_beyond(end).or_else(|| own.ring.copies(sent.seq, end).map(|copies| copies.0));
    let evidence = Evidence {
        asked,
        overtaken_by: beyond.and_then(|beyond| NonZero::new(beyond.number)),
        tsvals: beyond.and_then(|beyond| beyond.tsval).zip(sent.tsval),
        acknowledged_by: other.covering(sent.seq, end).and_then(|(packet, _)| NonZero::new(packet)),
        ..Evidence::default()
    };
    let (is_late, sure, reason) = order_of(own, sent, beyond.as_ref(), &evidence, enough, at);
    if is_late {
        return told(Kind::Reordered, sure, reason, evidence);
    }
    if evidence.acknowledged_by.is_some() {
        return told(Kind::Unnecessary, sure, Reason::Acknowledged, evidence);
    }
    recover(own, other, asked.is_none());
    told(Kind::RepeatUnseen, sure, reason, evidence)
}

/// Whether `sent` was sent before `beyond`, which was captured first, and how that is known.
fn order_of(
    own: &Board,
    sent: &Sent,
    beyond: Option<&Sent>,
    evidence: &Evidence,
    asked_enough: bool,
    at: &Circumstances<'_>,
) -> (bool, Sureness, Reason) {
    match evidence.tsvals {
        Some((later, now)) if is_older(now, later) => {
            return (true, Sureness::Certain, Reason::OlderTimestamp);
        }
        Some((later, now)) if is_older(later, now) => {
            return (false, Sureness::Certain, Reason::NewerTimestamp);
        }
        _ => {}
    }
    if let Some(beyond) = beyond
        && own.ids_vary
        && sent.ip_id != 0
        && beyond.ip_id != 0
    {
        match sent.ip_id.wrapping_sub(beyond.ip_id).cast_signed() {
            ids if (-ID_ORDER..0).contains(&ids) => return (true, Sureness::Likely, Reason::OlderIpId),
            ids if (1..ID_ORDER).contains(&ids) => return (false, Sureness::Likely, Reason::NewerIpId),
            _ => {}
        }
    }
    let trip = round_trip(at);
    let since = beyond.and_then(|beyond| sent.nanos_since(beyond));
    match since {
        Some(since) if since < trip / 2 => (true, Sureness::Likely, Reason::TooSoon),
        Some(_) if asked_enough => (false, Sureness::Likely, Reason::DuplicateAcks),
        Some(since) if since >= trip => (false, Sureness::Possible, Reason::LateEnough),
        _ => (true, Sureness::Possible, Reason::TooSoon),
    }
}

/// Nanoseconds that the handshake took.
fn handshake_nanos(at: &Circumstances<'_>) -> Option<i64> {
    at.handshake.rtt().and_then(|rtt| i64::try_from(rtt.as_nanos()).ok()).filter(|rtt| *rtt >= 0)
}

/// Nanoseconds that the handshake took, or a usual time.
fn round_trip(at: &Circumstances<'_>) -> i64 {
    handshake_nanos(at).unwrap_or(USUAL_ROUND_TRIP)
}

/// What asked for it, and whether that is what RFC 5681 or RFC 6675 wants to see.
fn asked_for(own: &Board, other: &Board, sent: &Sent) -> (Option<super::Asked>, bool) {
    let (start, end) = (sent.seq, sent.end());
    let duplicates = other.duplicates_for(start, end);
    let (bytes, sacked) = other.sacked_beyond(end);
    let by_bytes = sacked.is_some() && bytes > own.longest.saturating_mul(THRESHOLD - 1);
    let by_number = duplicates.is_some_and(|asked| asked.duplicates >= THRESHOLD);
    (duplicates.or(sacked), by_bytes || by_number)
}

/// All its bytes were sent before, or some of them.
fn repeat(
    own: &mut Board,
    other: &Board,
    sent: &Sent,
    at: &Circumstances<'_>,
    copies: Option<(Sent, usize)>,
    mut evidence: Evidence,
) -> Judgement {
    let (start, end) = (sent.seq, sent.end());
    if let Some((packet, by_sack)) = other.covering(start, end) {
        evidence.acknowledged_by = NonZero::new(packet);
        let reason = if by_sack { Reason::SackedBefore } else { Reason::Acknowledged };
        return told(Kind::Unnecessary, Sureness::Certain, reason, evidence);
    }
    let (asked, enough) = asked_for(own, other, sent);
    evidence.asked = asked;
    let waited = copies.and_then(|(previous, _)| sent.nanos_since(&previous));
    let long = waited.is_some_and(|nanos| nanos >= LEAST_TIME_OUT);
    // What asked before the last copy was sent had its answer in that.
    let answered = copies.is_some_and(|(previous, count)| {
        count > 1 && asked.is_some_and(|asked| asked.last < previous.number)
    });
    let recovery = own.recovery.filter(|recovery| start.is_before(recovery.until) && !answered);
    let silence = sent.time.zip(other.asked_at).and_then(|(now, asked)| now.checked_sub(asked));
    let is_stale = silence.is_some_and(|silence| silence >= LEAST_TIME_OUT.saturating_add(round_trip(at)));
    let (kind, sure, reason) = if recovery.is_some_and(|recovery| recovery.by_time_out) {
        (Kind::TimeOut, Sureness::Likely, Reason::SameRecovery)
    } else if asked.is_some() && !answered && !is_stale {
        because_asked(other, asked, enough, long)
    } else if recovery.is_some() && !is_stale {
        (Kind::Fast, Sureness::Likely, Reason::SameRecovery)
    } else {
        unasked(own, other, start, end, long, copies.map_or(0, |(_, count)| count))
    };
    if matches!(kind, Kind::TimeOut | Kind::Fast) {
        recover(own, other, kind == Kind::TimeOut);
    }
    told(kind, sure, reason, evidence)
}

fn because_asked(
    other: &Board,
    asked: Option<super::Asked>,
    enough: bool,
    long: bool,
) -> (Kind, Sureness, Reason) {
    let by_number = asked.is_some_and(|asked| asked.duplicates >= THRESHOLD);
    match (enough, by_number) {
        (true, true) => (Kind::Fast, Sureness::Certain, Reason::DuplicateAcks),
        (true, false) => (Kind::Fast, Sureness::Certain, Reason::Sacked),
        (false, _) if long && other.acked.is_some() => (Kind::TimeOut, Sureness::Likely, Reason::FewAcks),
        (false, _) => (Kind::Fast, Sureness::Likely, Reason::FewAcks),
    }
}

/// Nothing asked: a time-out, or a probe before one is due.
fn unasked(
    own: &Board,
    other: &Board,
    start: SeqNumber,
    end: SeqNumber,
    long: bool,
    copies: usize,
) -> (Kind, Sureness, Reason) {
    let is_oldest = other.acked.is_some_and(|acked| !start.is_after(acked));
    let is_last = end == own.next && copies == 1;
    match (is_oldest, is_last) {
        (false, true) if other.acked.is_some() => {
            (Kind::TailLossProbe, Sureness::Likely, Reason::LastSegment)
        }
        (true, true) if !long => (Kind::TailLossProbe, Sureness::Possible, Reason::LastSegment),
        (true, _) if long => (Kind::TimeOut, Sureness::Certain, Reason::NothingAsked),
        (true, _) => (Kind::TimeOut, Sureness::Likely, Reason::NothingAsked),
        (false, _) => (Kind::TimeOut, Sureness::Possible, Reason::NothingAsked),
    }
}

/// A recovery begins, unless one is under way.
fn recover(own: &mut Board, other: &Board, by_time_out: bool) {
    let is_over = |recovery: Recovery| other.acked.is_some_and(|acked| !acked.is_before(recovery.until));
    if by_time_out || own.recovery.is_none_or(is_over) {
        own.recovery = Some(Recovery { until: own.next, by_time_out });
    }
}
