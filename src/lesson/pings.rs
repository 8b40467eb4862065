//! Pings by their client's clock and by the capture.

use std::collections::BTreeMap;
use std::time::Duration;

use super::late::CLOCKS;
use crate::lab::{Ping, PingFate, PingRun};
use crate::report::lab::{Fate, OnePing, PingTotals};
use crate::time::TimeDelta;

/// What part of an interval is a hair: where an answer and the next ping fall so close together, the time on the way and the
/// turn-round of a program decide which is first, and two witnesses may see it differently. It goes with the interval, so that it is
/// as strict where delays are scaled down.
const HAIR: u32 = 10;

/// How near to when the next ping is due, `interval` behind its own, an answer counts as neither clearly before nor clearly after
/// it.
#[must_use]
pub fn slack(interval: Duration) -> Duration {
    interval / HAIR
}

/// How the two witnesses of a ping compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Agreement {
    /// They say the same, or one of them cannot tell.
    Same,
    /// One says late and the other not, and the answer came within [`slack`] of when the next ping was due.
    ByAHair,
    /// It was in time in the capture, and the client, which a busy machine had held up, took it later.
    HeldUp,
    /// Both cannot be true.
    Contradiction,
}

/// A ping that two witnesses saw, or one of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PingRow {
    /// Its number, from 1.
    pub number: u64,
    /// What the client says.
    pub clock: Option<Ping>,
    /// What the capture shows.
    pub capture: Option<OnePing>,
    /// By the capture it was answered, but when the next one was due already.
    pub is_late_in_capture: bool,
}

impl PingRow {
    /// Time until its answer by the client's clock.
    #[must_use]
    pub fn rtt_by_clock(&self) -> Option<TimeDelta> {
        match self.clock?.fate {
            PingFate::Answered { rtt, .. } => Some(span(rtt)),
            PingFate::Lost | PingFate::Unclear | PingFate::UnderWay => None,
        }
    }

    /// Whether it was on its way when the client was stopped.
    #[must_use]
    pub fn is_under_way(&self) -> bool {
        self.clock.is_some_and(|ping| ping.fate == PingFate::UnderWay)
    }

    /// Time until its answer in the capture.
    #[must_use]
    pub fn rtt_in_capture(&self) -> Option<TimeDelta> {
        match self.capture?.fate {
            Fate::Answered { rtt, .. } => rtt,
            Fate::Perhaps(_) | Fate::Unanswered => None,
        }
    }

    /// How much longer it took by the client's clock: what its system needs to hand packets over.
    #[must_use]
    pub fn difference(&self) -> Option<TimeDelta> {
        let (clock, capture) = (self.rtt_by_clock()?, self.rtt_in_capture()?);
        Some(TimeDelta::from_nanos(clock.as_nanos().saturating_sub(capture.as_nanos())))
    }

    /// Whether the client counts it as lost; `None` where that is not known.
    #[must_use]
    pub fn is_lost_by_clock(&self) -> Option<bool> {
        match self.clock?.fate {
            PingFate::Answered { late, .. } => Some(late),
            PingFate::Lost => Some(true),
            PingFate::Unclear | PingFate::UnderWay => None,
        }
    }

    /// Whether the capture shows no answer, or one that came too late; `None` where that cannot be told, and where the client
    /// waited no longer.
    #[must_use]
    pub fn is_lost_in_capture(&self) -> Option<bool> {
        match self.capture?.fate {
            Fate::Answered { .. } => Some(self.is_late_in_capture),
            Fate::Unanswered if self.is_under_way() => None,
            Fate::Unanswered => Some(true),
            Fate::Perhaps(_) => None,
        }
    }

    /// How the two compare, as far as both say something. Delays make an answer come later and never sooner: so the client may say
    /// late where the capture does not, but not the other way round.
    #[must_use]
    pub fn agreement(&self) -> Agreement {
        let Some(ping) = self.clock.filter(|_| self.capture.is_some()) else {
            return Agreement::Contradiction;
        };
        let (Some(clock), Some(capture)) = (self.is_lost_by_clock(), self.is_lost_in_capture()) else {
            return Agreement::Same;
        };
        let (by_clock, in_capture) = (self.rtt_by_clock(), self.rtt_in_capture());
        if by_clock.is_some() != in_capture.is_some() {
            return Agreement::Contradiction;
        }
        // The client starts its watch before the capture sees the ping, and stops it behind the answer.
        let is_sooner = |(by_clock, in_capture): (TimeDelta, TimeDelta)| {
            by_clock.as_nanos().saturating_add(CLOCKS) < in_capture.as_nanos()
        };
        if by_clock.zip(in_capture).is_some_and(is_sooner) {
            return Agreement::Contradiction;
        }
        let hair = span(slack(ping.interval)).as_nanos();
        let is_near = |rtt: TimeDelta| {
            rtt.as_nanos().saturating_sub(span(ping.interval).as_nanos()).saturating_abs() <= hair
        };
        match (clock, capture) {
            _ if clock == capture => Agreement::Same,
            _ if by_clock.into_iter().chain(in_capture).all(is_near) => Agreement::ByAHair,
            (true, false) => Agreement::HeldUp,
            _ => Agreement::Contradiction,
        }
    }
}

/// What one witness says of all pings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PingSide {
    /// Pings.
    pub sent: u64,
    /// Those answered before the next one was due.
    pub in_time: u64,
    /// Those answered later, which count as lost.
    pub late: u64,
    /// Those of which it cannot be told.
    pub unclear: u64,
    /// Those that were on their way when the client was stopped.
    pub under_way: u64,
    /// The mean round trip of those answered in time.
    pub mean: Option<TimeDelta>,
}

impl PingSide {
    /// Pings lost: never answered, or too late.
    #[must_use]
    pub const fn lost(&self) -> u64 {
        self.sent.saturating_sub(self.in_time).saturating_sub(self.unclear).saturating_sub(self.under_way)
    }

    /// Pings of which it is known what became of them, or not: all but those under way.
    #[must_use]
    pub const fn over(&self) -> u64 {
        self.sent.saturating_sub(self.under_way)
    }
}

/// A client's run beside the capture of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PingsBeside {
    /// Each ping, in the order they were sent.
    pub rows: Vec<PingRow>,
    /// By the client's clock.
    pub clock: PingSide,
    /// By the capture.
    pub capture: PingSide,
}

impl PingsBeside {
    /// Puts a client's run beside what the capture shows of its flow.
    ///
    /// A ping is known by the number that it bears, else by its place.
    #[must_use]
    pub fn of(run: &PingRun, totals: &PingTotals) -> Self {
        let mut rows: BTreeMap<u64, PingRow> = BTreeMap::new();
        let empty = |number| PingRow { number, clock: None, capture: None, is_late_in_capture: false };
        for ping in run.pings() {
            rows.entry(ping.number).or_insert_with(|| empty(ping.number)).clock = Some(*ping);
        }
        let bear_numbers = (1..).zip(&totals.pings).all(|(place, ping)| ping.number == Some(place));
        for (place, ping) in (1..).zip(&totals.pings) {
            let number = ping.number.filter(|_| bear_numbers).unwrap_or(place);
            let row = rows.entry(number).or_insert_with(|| empty(number));
            row.capture = Some(*ping);
            row.is_late_in_capture = match (ping.fate, row.clock) {
                // Nothing follows the last one in the capture: the client's interval tells.
                (Fate::Answered { rtt: Some(rtt), .. }, Some(clock)) if place == totals.sent() => {
                    rtt > span(clock.interval)
                }
                (Fate::Answered { late, .. }, _) => late,
                _ => false,
            };
        }
        let rows: Vec<PingRow> = rows.into_values().collect();
        let clock = side(&rows, |row| row.clock.is_some(), PingRow::is_lost_by_clock, PingRow::rtt_by_clock);
        let capture =
            side(&rows, |row| row.capture.is_some(), PingRow::is_lost_in_capture, PingRow::rtt_in_capture);
        Self { rows, clock, capture }
    }

    /// The pings of which the two say things that cannot both be true.
    pub fn contradictions(&self) -> impl Iterator<Item = &PingRow> {
        self.rows.iter().filter(|row| row.agreement() == Agreement::Contradiction)
    }
}

fn side(
    rows: &[PingRow],
    knows: impl Fn(&PingRow) -> bool,
    is_lost: impl Fn(&PingRow) -> Option<bool>,
    rtt: impl Fn(&PingRow) -> Option<TimeDelta>,
) -> PingSide {
    let mut told = PingSide::default();
    let (mut sum, mut count) = (0_i128, 0_i128);
    for row in rows.iter().filter(|row| knows(row)) {
        told.sent += 1;
        match (is_lost(row), rtt(row)) {
            (Some(false), rtt) => {
                told.in_time += 1;
                if let Some(rtt) = rtt {
                    (sum, count) = (sum.saturating_add(rtt.as_nanos()), count + 1);
                }
            }
            (Some(true), Some(_)) => told.late += 1,
            (Some(true), None) => {}
            (None, _) if row.is_under_way() => told.under_way += 1,
            (None, _) => told.unclear += 1,
        }
    }
    told.mean = sum.checked_div(count).map(TimeDelta::from_nanos);
    told
}

fn span(time: Duration) -> TimeDelta {
    TimeDelta::from_nanos(i128::try_from(time.as_nanos()).unwrap_or(i128::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::PacketStamp;
    use crate::lab::Note;
    use crate::proto::lab::Pairing;
    use crate::time::Timestamp;

    const fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    fn clock(number: u64, fate: PingFate) -> Note {
        Note::Ping(Ping { number, at: ms(number * 300), interval: ms(300), bytes: 15, fate })
    }

    fn beside(run: &[Note], fates: impl IntoIterator<Item = Fate>) -> PingsBeside {
        let pings = (1..).zip(fates).map(|(number, fate)| seen(number, fate)).collect();
        PingsBeside::of(&PingRun::of(run), &PingTotals { pings, ..PingTotals::default() })
    }

    fn answered(rtt: u64) -> PingFate {
        PingFate::Answered { rtt: ms(rtt), bytes: 21, late: rtt > 300 }
    }

    fn stamp(number: u64, millis: i64) -> PacketStamp {
        PacketStamp { number, ts: Some(Timestamp::from_nanos(i128::from(millis) * 1_000_000)) }
    }

    fn seen(number: u64, fate: Fate) -> OnePing {
        OnePing { at: stamp(number, 0), number: Some(number), len: 15, fate }
    }

    fn seen_answer(millis: i128, late: bool) -> Fate {
        let rtt = Some(TimeDelta::from_nanos(millis * 1_000_000));
        Fate::Answered { at: stamp(99, 0), rtt, pairing: Pairing::Number, late }
    }

    #[test]
    fn two_witnesses_of_the_same_run_stand_in_one_row() {
        let run = PingRun::of(&[
            clock(1, answered(101)),
            clock(2, PingFate::Lost),
            clock(3, answered(402)),
            clock(4, answered(301)),
        ]);
        let fates =
            [seen_answer(100, false), Fate::Unanswered, seen_answer(400, true), seen_answer(299, false)];
        let pings = (1..).zip(fates).map(|(number, fate)| seen(number, fate)).collect();
        let beside = PingsBeside::of(&run, &PingTotals { pings, ..PingTotals::default() });
        assert_eq!(beside.rows.len(), 4);
        assert_eq!(beside.rows[0].difference(), Some(TimeDelta::from_nanos(1_000_000)));
        assert_eq!((beside.clock.lost(), beside.clock.late, beside.clock.in_time), (3, 2, 1));
        assert_eq!((beside.capture.lost(), beside.capture.late, beside.capture.in_time), (2, 1, 2));
        assert_eq!(beside.clock.mean, Some(TimeDelta::from_nanos(101_000_000)));
        // The last one is a millisecond beyond the interval for one, and within it for the other.
        assert_eq!(beside.rows[3].agreement(), Agreement::ByAHair);
        assert_eq!(beside.contradictions().count(), 0);
    }

    #[test]
    fn what_a_hair_is_goes_with_the_interval() {
        assert_eq!((slack(ms(500)), slack(ms(5))), (ms(50), Duration::from_micros(500)));
        let at = |interval: u64, rtt: u64, wire: i128| {
            let fate = PingFate::Answered { rtt: ms(rtt), bytes: 21, late: rtt > interval };
            let ping = Note::Ping(Ping { number: 1, at: ms(0), interval: ms(interval), bytes: 15, fate });
            beside(&[ping], [seen_answer(wire, false)]).rows[0].agreement()
        };
        assert_eq!(at(500, 510, 480), Agreement::ByAHair);
        assert_eq!(at(20, 30, 10), Agreement::HeldUp, "no hair at this interval");
    }

    #[test]
    fn delays_explain_a_late_client_and_nothing_else() {
        let lost = PingFate::Lost;
        for (fate, in_capture, agreement) in [
            (answered(100), seen_answer(90, false), Agreement::Same),
            (answered(400), seen_answer(90, false), Agreement::HeldUp),
            (answered(100), seen_answer(90, true), Agreement::Contradiction),
            (answered(100), seen_answer(150, false), Agreement::Contradiction),
            (answered(100), Fate::Unanswered, Agreement::Contradiction),
            (lost, seen_answer(90, false), Agreement::Contradiction),
            (lost, seen_answer(400, true), Agreement::Contradiction),
            (lost, Fate::Unanswered, Agreement::Same),
            (PingFate::Unclear, seen_answer(90, false), Agreement::Same),
        ] {
            // Another follows, so that the capture alone says what is late.
            let run = [clock(1, fate), clock(2, answered(1))];
            let both = beside(&run, [in_capture, seen_answer(1, false)]);
            assert_eq!(both.rows[0].agreement(), agreement, "{fate:?} {in_capture:?}");
        }
    }

    #[test]
    fn a_ping_under_way_when_the_client_was_stopped_is_neither_lost_nor_a_contradiction() {
        let run = [clock(1, answered(10)), clock(2, PingFate::UnderWay)];
        for fate in [Fate::Unanswered, seen_answer(200, false)] {
            let both = beside(&run, [seen_answer(9, false), fate]);
            assert_eq!(both.contradictions().count(), 0, "{fate:?}");
            assert_eq!((both.clock.lost(), both.clock.under_way, both.clock.over()), (0, 1, 1), "{fate:?}");
            assert_eq!(both.capture.lost(), 0, "{fate:?}");
        }
        let both = beside(&run, [seen_answer(9, false), Fate::Unanswered]);
        assert_eq!((both.capture.under_way, both.capture.over()), (1, 1));
    }

    #[test]
    fn a_ping_that_only_one_saw_is_a_contradiction() {
        let both = beside(&[clock(1, answered(10)), clock(2, PingFate::Lost)], [Fate::Unanswered]);
        let wrong: Vec<u64> = both.contradictions().map(|row| row.number).collect();
        assert_eq!(wrong, [1, 2]);
    }
}
