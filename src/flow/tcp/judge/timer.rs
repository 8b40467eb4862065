//! The timers of a sender, as far as what it sent and what came back show them.

use super::Circumstances;
use super::board::Board;
use super::ring::Sent;
use crate::flow::Direction;
use crate::flow::tcp::SeqNumber;

const MILLISECOND: i64 = 1_000_000;

/// The least time-out of common systems beyond a round trip (RFC 6298 asks for a second; Linux and others take 200 ms).
pub(super) const LEAST_TIME_OUT: i64 = 200 * MILLISECOND;

/// A probe of one segment allows for an ACK that is delayed that long at most (RFC 8985 section 7.2).
const DELAYED_ACK: i64 = 200 * MILLISECOND;

/// Ticks that a timer may run late, and the least that some systems wait.
const TICKS: i64 = 20 * MILLISECOND;

/// The smoothed round trip of one sender's segments, as the capture sees it: one segment timed after the other, none that
/// was sent twice (RFC 6298 sections 2 and 3).
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct RoundTrip {
    /// The segment that is being timed: the number behind it, and when it was sent.
    timed: Option<(SeqNumber, i64)>,
    smoothed: Option<i64>,
}

impl RoundTrip {
    /// Notes a segment.
    pub(super) fn send(&mut self, sent: &Sent) {
        if sent.is_repeat {
            self.timed = None;
        } else if self.timed.is_none() {
            self.timed = sent.time.map(|time| (sent.end(), time));
        }
    }

    /// All before `ack` was acknowledged.
    pub(super) fn acknowledged(&mut self, ack: SeqNumber, time: Option<i64>) {
        let Some((_, at)) = self.timed.take_if(|(end, _)| !end.is_after(ack)) else { return };
        let sample = time.and_then(|time| time.checked_sub(at)).filter(|sample| *sample >= 0);
        let Some(sample) = sample else { return };
        self.smoothed = Some(self.smoothed.map_or(sample, |before| before + (sample - before) / 8));
    }
}

/// When a tail loss probe is due (RFC 8985 section 7.2: two round trips, more where one segment is in flight).
#[derive(Clone, Copy, Debug)]
pub(super) struct ProbeTimer {
    /// Nanoseconds that the round trip takes.
    pub(super) round_trip: i64,
    /// Nanoseconds since the timer began.
    waited: i64,
    earliest: i64,
    latest: i64,
}

impl ProbeTimer {
    /// The timer of `own`, which `sent` may have been sent by; `previous` is the same segment before. `None` where no
    /// round trip was seen, or no time.
    pub(super) fn of(
        own: &Board,
        other: &Board,
        sent: &Sent,
        previous: &Sent,
        at: &Circumstances<'_>,
        is_alone: bool,
    ) -> Option<Self> {
        let to_sender = at.nanos_to_sender();
        let round_trip = own.round_trip.smoothed?.checked_add(to_sender)?;
        // What is sent and what is acknowledged starts it anew.
        let by_ack = other.acked_at.filter(|acked| previous.time.is_some_and(|time| time < *acked));
        let waited = sent.time?.checked_sub(by_ack.or(previous.time)?)?;
        // Two round trips, give or take a quarter: the sender's smoothing is its own.
        let quarter = round_trip / 2;
        let two = round_trip.checked_mul(2)?;
        let allowance = if is_alone { DELAYED_ACK } else { 0 };
        let on_its_way = by_ack.map_or(0, |_| to_sender);
        let latest = two.checked_add(quarter)?.checked_add(allowance + TICKS)?.checked_add(on_its_way)?;
        Some(Self { round_trip, waited, earliest: two - quarter, latest })
    }

    /// A probe may be sent now.
    pub(super) const fn fits(self) -> bool {
        self.earliest <= self.waited && self.waited <= self.latest
    }

    /// A probe would have been sent long before.
    pub(super) const fn is_over(self) -> bool {
        self.waited > self.latest
    }

    /// A time-out may have come, too.
    pub(super) const fn time_out_fits(self) -> bool {
        self.waited >= self.round_trip.saturating_add(LEAST_TIME_OUT)
    }
}

impl Circumstances<'_> {
    /// Nanoseconds that the handshake took.
    pub(super) fn handshake_nanos(&self) -> Option<i64> {
        let nanos = i64::try_from(self.handshake.rtt()?.as_nanos()).ok()?;
        Some(nanos).filter(|nanos| *nanos >= 0)
    }

    /// Nanoseconds from the capture to the sender and back; 0 where the handshake does not show it.
    fn nanos_to_sender(self) -> i64 {
        let start = self.handshake;
        let (asked, answered, retries) = match self.by {
            Direction::OrigToResp => (start.syn_ack, start.ack, start.syn_ack_retry_count),
            Direction::RespToOrig => (start.syn, start.syn_ack, start.syn_retry_count),
        };
        // Of what was asked more than once it is not known what was answered.
        let asked = asked.filter(|_| retries == 0);
        let nanos = answered.zip(asked).and_then(|(answer, asked)| answer.since(asked));
        nanos.and_then(|nanos| i64::try_from(nanos.as_nanos()).ok()).unwrap_or(0).max(0)
    }

    /// The sender may send tail loss probes: selective acknowledgments, which they need (RFC 8985 section 4), are in
    /// effect, or the handshake does not show whether.
    pub(super) fn may_probe(&self) -> bool {
        let both = self.handshake.orig_options.is_some() && self.handshake.resp_options.is_some();
        !both || self.handshake.sack_in_effect()
    }
}
