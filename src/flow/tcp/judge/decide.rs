//! Which of the explanations it is.

use std::num::NonZero;

use super::board::{Board, Recovery, is_older};
use super::timer::{LEAST_TIME_OUT, ProbeTimer};
use super::{Circumstances, DueProbe, Evidence, Judgement, Kind, Reason, Sent, Sureness, twice};
use crate::decode::TcpFlags;
use crate::flow::tcp::received::Added;
use crate::flow::{Repeat, SeqNumber};

/// Without a handshake to tell the round trip, what comes sooner was hardly asked for (Wireshark takes the same).
const USUAL_ROUND_TRIP: i64 = 3_000_000;

/// How far apart two identifications may be to tell their order.
const ID_ORDER: i16 = 1_000;

/// Duplicates that show a loss (RFC 5681 section 3.2).
const THRESHOLD: u32 = 3;

/// A segment without bytes: a probe, or the same ACK captured twice.
pub(super) fn bare(own: &Board, other: &Board, sent: &Sent, keep_alive: bool) -> Option<Judgement> {
    if let Some(copy) = twice::bare(own, other, sent) {
        return Some(copy);
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
    let (asked, _) = asked_for(own, other, sent);
    let is_asked = asked.is_some_and(|asked| asked.last > previous.number);
    // A SYN that comes again calls for a SYN-ACK again.
    let is_called_for = sent.is(TcpFlags::SYN)
        && sent.is(TcpFlags::ACK)
        && other
            .ring
            .copies(SeqNumber(sent.ack.wrapping_sub(1)), SeqNumber(sent.ack))
            .is_some_and(|(_, last, _)| last.is(TcpFlags::SYN) && last.number > previous.number);
    if let Some(copy) = twice::with_bytes(own, sent, &previous, at, is_asked || is_called_for, evidence) {
        return Some(copy);
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

fn probe(other: &Board, evidence: Evidence) -> Judgement {
    if other.window_closed {
        told(Kind::ZeroWindowProbe, Sureness::Certain, Reason::WindowClosed, evidence)
    } else {
        // Without an ACK in the capture, what was acknowledged is not known.
        let sure = if other.acked.is_some() { Sureness::Certain } else { Sureness::Likely };
        told(Kind::KeepAlive, sure, Reason::NothingNew, evidence)
    }
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
        && own.ids.tell()
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

/// Nanoseconds that the handshake took, or a usual time.
fn round_trip(at: &Circumstances<'_>) -> i64 {
    at.handshake_nanos().unwrap_or(USUAL_ROUND_TRIP)
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
    let long = has_waited(sent, copies);
    // What asked before the last copy was sent had its answer in that.
    let answered = copies.is_some_and(|(previous, count)| {
        count > 1 && asked.is_some_and(|asked| asked.last < previous.number)
    });
    let recovery = own.recovery.filter(|recovery| start.is_before(recovery.until) && !answered);
    let silence = sent.time.zip(other.asked_at).and_then(|(now, asked)| now.checked_sub(asked));
    let is_stale = silence.is_some_and(|silence| silence >= LEAST_TIME_OUT.saturating_add(round_trip(at)));
    evidence.silence = silence.filter(|_| is_stale && asked.is_some());
    let (kind, sure, reason) = if recovery.is_some_and(|recovery| recovery.by_time_out) {
        (Kind::TimeOut, Sureness::Likely, Reason::SameRecovery)
    } else if asked.is_some() && !answered && !is_stale {
        because_asked(other, asked, enough, long)
    } else if recovery.is_some() && !is_stale {
        (Kind::Fast, Sureness::Likely, Reason::SameRecovery)
    } else {
        unasked(own, other, sent, at, copies, &mut evidence)
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

/// Nothing asks for it now: a time-out, or a probe before one is due.
fn unasked(
    own: &Board,
    other: &Board,
    sent: &Sent,
    at: &Circumstances<'_>,
    copies: Option<(Sent, usize)>,
    evidence: &mut Evidence,
) -> (Kind, Sureness, Reason) {
    let is_oldest = other.acked.is_some_and(|acked| !sent.seq.is_after(acked));
    let long = has_waited(sent, copies);
    if evidence.asked.is_some() {
        let sure = if is_oldest && long { Sureness::Likely } else { Sureness::Possible };
        return (Kind::TimeOut, sure, Reason::AskedBefore);
    }
    let only = copies.filter(|(_, count)| *count == 1 && sent.end() == own.next && at.may_probe());
    let timer = only.and_then(|(previous, _)| ProbeTimer::of(own, other, sent, &previous, at, is_oldest));
    if only.is_some()
        && other.acked.is_some()
        && let Some((sure, reason)) = probe_of_tail(timer, is_oldest, long, evidence)
    {
        return (Kind::TailLossProbe, sure, reason);
    }
    // Where a probe may have been sent, only that it would have come much sooner rules it out.
    let is_no_probe = only.is_none() || timer.is_some_and(ProbeTimer::is_over);
    let sure = match (is_oldest, long) {
        (true, true) if is_no_probe => Sureness::Certain,
        (true, _) => Sureness::Likely,
        (false, _) => Sureness::Possible,
    };
    (Kind::TimeOut, sure, Reason::NothingAsked)
}

/// How sure it is that the last segment was sent again as a probe; `None` where a time-out is the better explanation.
/// `long`: as long after as a time-out takes at least.
fn probe_of_tail(
    timer: Option<ProbeTimer>,
    is_oldest: bool,
    long: bool,
    evidence: &mut Evidence,
) -> Option<(Sureness, Reason)> {
    if let Some(timer) = timer.filter(|timer| timer.fits()) {
        // A time-out begins with the oldest.
        let time_out_fits = is_oldest && timer.time_out_fits();
        evidence.probe = Some(DueProbe { round_trip: timer.round_trip, is_alone: is_oldest, time_out_fits });
        let sure = if time_out_fits { Sureness::Possible } else { Sureness::Likely };
        return Some((sure, Reason::ProbeDue));
    }
    match (is_oldest, timer) {
        (false, None) => Some((Sureness::Likely, Reason::LastSegment)),
        (false, Some(_)) => Some((Sureness::Possible, Reason::LastSegment)),
        (true, _) => (!long).then_some((Sureness::Possible, Reason::LastSegment)),
    }
}

/// As long as a time-out takes at least.
fn has_waited(sent: &Sent, copies: Option<(Sent, usize)>) -> bool {
    let waited = copies.and_then(|(previous, _)| sent.nanos_since(&previous));
    waited.is_some_and(|nanos| nanos >= LEAST_TIME_OUT)
}

/// A recovery begins, unless one is under way.
fn recover(own: &mut Board, other: &Board, by_time_out: bool) {
    let is_over = |recovery: Recovery| other.acked.is_some_and(|acked| !acked.is_before(recovery.until));
    if by_time_out || own.recovery.is_none_or(is_over) {
        own.recovery = Some(Recovery { until: own.next, by_time_out });
    }
}
