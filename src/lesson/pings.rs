//! Pings by their client's clock, by the capture, and by the server's log.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::lab::{Deed, Note, Ping, PingFate, PingRun};
use crate::report::lab::{Fate, OnePing, PingTotals};
use crate::time::TimeDelta;

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
            PingFate::Lost | PingFate::Unclear => None,
        }
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
            PingFate::Unclear => None,
        }
    }

    /// Whether the capture shows no answer, or one that came too late; `None` where that cannot be told.
    #[must_use]
    pub fn is_lost_in_capture(&self) -> Option<bool> {
        match self.capture?.fate {
            Fate::Answered { .. } => Some(self.is_late_in_capture),
            Fate::Unanswered => Some(true),
            Fate::Perhaps(_) => None,
        }
    }

    /// Whether the two say the same, as far as both say something. Where one says late and the other not, that is no
    /// contradiction within `slack` of the interval.
    #[must_use]
    pub fn agrees(&self, slack: Duration) -> bool {
        let (Some(clock), Some(capture)) = (self.is_lost_by_clock(), self.is_lost_in_capture()) else {
            return self.clock.is_some() == self.capture.is_some();
        };
        let Some(ping) = self.clock else { return false };
        let is_close = [self.rtt_by_clock(), self.rtt_in_capture()].into_iter().flatten().all(|rtt| {
            let off = rtt.as_nanos().saturating_sub(span(ping.interval).as_nanos());
            off.unsigned_abs() <= slack.as_nanos()
        });
        let is_answered = self.rtt_in_capture().is_some();
        clock == capture || (is_answered && is_close)
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
    /// The mean round trip of those answered in time.
    pub mean: Option<TimeDelta>,
}

impl PingSide {
    /// Pings lost: never answered, or too late.
    #[must_use]
    pub const fn lost(&self) -> u64 {
        self.sent.saturating_sub(self.in_time).saturating_sub(self.unclear)
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

    /// The pings of which the two say different things, with so much slack around the interval.
    pub fn contradictions(&self, slack: Duration) -> impl Iterator<Item = &PingRow> {
        self.rows.iter().filter(move |row| !row.agrees(slack))
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
            (None, _) => told.unclear += 1,
        }
    }
    told.mean = sum.checked_div(count).map(TimeDelta::from_nanos);
    told
}

/// The losses of a run by the server's log: lost at the client are those that the server dropped, and those that it answered
/// too late.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Losses {
    /// Lost by the client's clock.
    pub lost: u64,
    /// Dropped by the server.
    pub dropped: u64,
    /// The pings whose answer the server's bad line lost.
    pub on_the_way: Vec<u64>,
    /// Answered too late by the server, or held by its line too long: when the next one was due at the client.
    pub too_late: u64,
    /// Pings of which the two logs say different things.
    pub contradictions: Vec<u64>,
}

impl Losses {
    /// Holds the client's run against the log of a server that no other client pinged.
    ///
    /// An answer that the server sent within `slack` before the next ping was due is too late if the client says so: that is
    /// the time that it had for the way.
    #[must_use]
    pub fn of<'a>(run: &PingRun, server: impl IntoIterator<Item = &'a Note>, slack: Duration) -> Self {
        let mut fates: BTreeMap<u64, Option<Duration>> = BTreeMap::new();
        // By the number on the line: the ping, and how many copies of its answer come out.
        let mut answers: BTreeMap<u64, (u64, usize)> = BTreeMap::new();
        for note in server {
            match note {
                Note::Dropped { number } => {
                    fates.insert(*number, None);
                }
                Note::Delayed { number, by } => {
                    fates.insert(*number, Some(*by));
                }
                Note::Handed { number, bytes } => {
                    answers.extend(acknowledged(&bytes.0).map(|ping| (*number, (ping, 1))));
                }
                Note::Impaired { number, deed, .. } => {
                    let Some((ping, copies)) = answers.get_mut(number) else { continue };
                    match deed {
                        Deed::Repeated => *copies = copies.saturating_add(1),
                        Deed::Held { by } => {
                            if let Some(Some(late)) = fates.get_mut(ping) {
                                *late = late.saturating_add(*by);
                            }
                        }
                        deed if deed.is_loss() => *copies = copies.saturating_sub(1),
                        _ => {}
                    }
                }
                _ => {}
            }
        }
        let on_the_way: Vec<u64> =
            answers.values().filter(|(_, copies)| *copies == 0).map(|(ping, _)| *ping).collect();
        let mut losses = Self { lost: run.lost(), ..Self::default() };
        for ping in run.pings() {
            let is_lost = match ping.fate {
                PingFate::Answered { late, .. } => late,
                PingFate::Lost => true,
                PingFate::Unclear => continue,
            };
            let fits = match fates.get(&ping.number) {
                Some(_) if on_the_way.contains(&ping.number) => ping.fate == PingFate::Lost,
                Some(None) => {
                    losses.dropped += 1;
                    ping.fate == PingFate::Lost
                }
                Some(Some(by)) => {
                    let is_late =
                        *by > ping.interval || (is_lost && by.saturating_add(slack) > ping.interval);
                    losses.too_late += u64::from(is_late);
                    is_late == is_lost
                }
                None => false,
            };
            if !fits {
                losses.contradictions.push(ping.number);
            }
        }
        losses.on_the_way = on_the_way;
        losses
    }

    /// Whether the client lost just what the server dropped, its line lost, or was answered too late.
    #[must_use]
    pub fn hold(&self) -> bool {
        let on_the_way = u64::try_from(self.on_the_way.len()).unwrap_or(u64::MAX);
        self.contradictions.is_empty()
            && self.lost == self.dropped.saturating_add(self.too_late).saturating_add(on_the_way)
    }
}

/// The ping that an acknowledgement of our server's is for: the number behind its words.
fn acknowledged(bytes: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(bytes).ok()?;
    text.strip_prefix("Packet Acknowledged ")?.parse().ok()
}

fn span(time: Duration) -> TimeDelta {
    TimeDelta::from_nanos(i128::try_from(time.as_nanos()).unwrap_or(i128::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::PacketStamp;
    use crate::proto::lab::Pairing;
    use crate::time::Timestamp;

    const SLACK: Duration = Duration::from_millis(10);

    const fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    fn clock(number: u64, fate: PingFate) -> Note {
        Note::Ping(Ping { number, at: ms(number * 300), interval: ms(300), bytes: 15, fate })
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
        assert_eq!(beside.contradictions(SLACK).count(), 0);
        let strict: Vec<u64> = beside.contradictions(Duration::ZERO).map(|row| row.number).collect();
        assert_eq!(strict, [4]);
    }

    #[test]
    fn a_ping_that_only_one_saw_is_a_contradiction() {
        let run = PingRun::of(&[clock(1, answered(10)), clock(2, PingFate::Lost)]);
        let totals = PingTotals { pings: vec![seen(1, Fate::Unanswered)], ..PingTotals::default() };
        let beside = PingsBeside::of(&run, &totals);
        let wrong: Vec<u64> = beside.contradictions(SLACK).map(|row| row.number).collect();
        assert_eq!(wrong, [1, 2]);
    }

    #[test]
    fn lost_is_what_was_dropped_or_answered_too_late() {
        let run = PingRun::of(&[
            clock(1, answered(100)),
            clock(2, PingFate::Lost),
            clock(3, answered(402)),
            clock(4, answered(301)),
        ]);
        let delayed = |number, by| Note::Delayed { number, by: ms(by) };
        let log = [delayed(1, 99), Note::Dropped { number: 2 }, delayed(3, 400), delayed(4, 299)];
        let losses = Losses::of(&run, &log, SLACK);
        assert_eq!((losses.lost, losses.dropped, losses.too_late), (3, 1, 2));
        assert!(losses.hold());
        assert!(!Losses::of(&run, &log, Duration::ZERO).hold(), "a millisecond of way is not explained");
        assert!(!Losses::of(&run, &log[..3], SLACK).hold(), "a ping that the server never saw");
        let other = [delayed(1, 99), delayed(2, 50), delayed(3, 400), delayed(4, 299)];
        assert_eq!(Losses::of(&run, &other, SLACK).contradictions, [2], "answered, and yet lost");
    }
}
