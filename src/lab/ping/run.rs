//! What a run of pings came to, by the client's own clock.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::lab::Note;

/// Most seconds of a table: an hour, which no lab takes.
const MAX_SECONDS: u64 = 3600;

/// What became of a ping.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PingFate {
    /// Acknowledged.
    Answered {
        /// Time until then.
        rtt: Duration,
        /// Bytes of the acknowledgement.
        bytes: u64,
        /// The next ping was due by then: it counts as lost.
        late: bool,
    },
    /// Not acknowledged when the next one was due.
    Lost,
    /// By then came an acknowledgement without a number that may be for it, or for an earlier one.
    Unclear,
    /// The client was stopped before the next one was due, and no answer had come: neither answered nor lost.
    UnderWay,
}

/// A ping, as its client saw it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ping {
    /// Its number, from 1.
    pub number: u64,
    /// When it was sent, from the first one on.
    pub at: Duration,
    /// When the next one was due, from its own sending on.
    pub interval: Duration,
    /// Bytes that it carried.
    pub bytes: u64,
    /// What became of it.
    pub fate: PingFate,
}

impl fmt::Display for Ping {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let millis = |time: Duration| time.as_secs_f64() * 1e3;
        write!(f, "ping {}: ", self.number)?;
        match self.fate {
            PingFate::Answered { rtt, late: false, .. } => write!(f, "RTT {:.3} ms", millis(rtt)),
            PingFate::Answered { rtt, late: true, .. } => {
                write!(f, "answered after {:.3} ms, too late", millis(rtt))
            }
            PingFate::Lost => write!(f, "lost, no answer within {:.3} ms", millis(self.interval)),
            PingFate::Unclear => f.write_str("unclear, an answer without a number may be an earlier ping's"),
            PingFate::UnderWay => f.write_str("still under way when the client was stopped"),
        }
    }
}

/// The shortest, the mean and the longest round trip.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PingTimes {
    /// The shortest.
    pub least: Duration,
    /// The mean.
    pub mean: Duration,
    /// The longest.
    pub most: Duration,
}

/// What a second of a run carried, by the time its pings were sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PingSecond {
    /// Pings sent in it.
    pub sent: u64,
    /// How many of these were answered, late ones included.
    pub answered: u64,
    /// How many of these were late.
    pub late: u64,
    /// Bits that answered pings and their answers carried.
    pub bits: u64,
    /// Mean time until these answers.
    pub mean: Option<Duration>,
}

/// A run of pings, put together from a client's notes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PingRun {
    pings: BTreeMap<u64, Ping>,
    again: u64,
    unclear: u64,
}

impl PingRun {
    /// The run that `log` tells of.
    pub fn of<'a>(log: impl IntoIterator<Item = &'a Note>) -> Self {
        let mut run = Self::default();
        log.into_iter().for_each(|note| run.take(note));
        run
    }

    /// Takes the next note; those that tell of no ping are passed over. A late answer takes the place of the loss.
    pub fn take(&mut self, note: &Note) {
        match note {
            Note::Ping(ping) => {
                self.pings.insert(ping.number, *ping);
            }
            Note::Again { .. } => self.again += 1,
            Note::Unclear { .. } => self.unclear += 1,
            _ => {}
        }
    }

    /// The pings in the order they were sent.
    pub fn pings(&self) -> impl Iterator<Item = &Ping> {
        self.pings.values()
    }

    /// Pings sent.
    #[must_use]
    pub fn sent(&self) -> u64 {
        self.count(|_| true)
    }

    /// Pings answered before the next one was due.
    #[must_use]
    pub fn in_time(&self) -> u64 {
        self.count(|fate| matches!(fate, PingFate::Answered { late: false, .. }))
    }

    /// Pings answered after that, which count as lost.
    #[must_use]
    pub fn late(&self) -> u64 {
        self.count(|fate| matches!(fate, PingFate::Answered { late: true, .. }))
    }

    /// Pings of which it is not known whether their answer came in time.
    #[must_use]
    pub fn unclear(&self) -> u64 {
        self.count(|fate| matches!(fate, PingFate::Unclear))
    }

    /// Pings that were on their way when the client was stopped: neither answered nor lost.
    #[must_use]
    pub fn under_way(&self) -> u64 {
        self.count(|fate| matches!(fate, PingFate::UnderWay))
    }

    /// Pings that were lost: not answered before the next one was due.
    #[must_use]
    pub fn lost(&self) -> u64 {
        self.sent() - self.in_time() - self.unclear() - self.under_way()
    }

    /// Acknowledgements that came again.
    #[must_use]
    pub fn again(&self) -> u64 {
        self.again
    }

    /// Acknowledgements without a number of which it cannot be told what they acknowledge.
    #[must_use]
    pub fn unclear_answers(&self) -> u64 {
        self.unclear
    }

    /// The round trips of the pings that were answered in time.
    #[must_use]
    pub fn times(&self) -> Option<PingTimes> {
        let times = || {
            self.pings().filter_map(|ping| match ping.fate {
                PingFate::Answered { rtt, late: false, .. } => Some(rtt),
                _ => None,
            })
        };
        Some(PingTimes { least: times().min()?, mean: mean(times())?, most: times().max()? })
    }

    /// What each second carried, the first 3600 of them.
    #[must_use]
    pub fn seconds(&self) -> Vec<PingSecond> {
        let mut seconds: Vec<(PingSecond, Vec<Duration>)> = Vec::new();
        for ping in self.pings().filter(|ping| ping.at.as_secs() < MAX_SECONDS) {
            let Ok(place) = usize::try_from(ping.at.as_secs()) else { continue };
            if seconds.len() <= place {
                seconds.resize_with(place + 1, Default::default);
            }
            let Some((second, times)) = seconds.get_mut(place) else { continue };
            second.sent += 1;
            if let PingFate::Answered { rtt, bytes, late } = ping.fate {
                second.answered += 1;
                second.late += u64::from(late);
                second.bits = second.bits.saturating_add(ping.bytes.saturating_add(bytes).saturating_mul(8));
                times.push(rtt);
            }
        }
        seconds
            .into_iter()
            .map(|(second, times)| PingSecond { mean: mean(times.into_iter()), ..second })
            .collect()
    }

    fn count(&self, is: impl Fn(&PingFate) -> bool) -> u64 {
        self.pings().filter(|ping| is(&ping.fate)).map(|_| 1).sum()
    }
}

fn mean(times: impl Iterator<Item = Duration>) -> Option<Duration> {
    let (sum, count) = times.fold((Duration::ZERO, 0_u32), |(sum, count), time| {
        (sum.saturating_add(time), count.saturating_add(1))
    });
    sum.checked_div(count)
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    fn ping(number: u64, at: u64, fate: PingFate) -> Note {
        Note::Ping(Ping { number, at: ms(at), interval: ms(300), bytes: 15, fate })
    }

    fn answered(rtt: u64, late: bool) -> PingFate {
        PingFate::Answered { rtt: ms(rtt), bytes: 21, late }
    }

    #[test]
    fn a_late_answer_takes_the_place_of_the_loss_and_is_a_loss() {
        let log = [
            ping(1, 0, answered(100, false)),
            ping(2, 300, PingFate::Lost),
            ping(2, 300, answered(400, true)),
            ping(3, 600, answered(200, false)),
            ping(4, 900, PingFate::Lost),
            ping(5, 1200, PingFate::Unclear),
            ping(6, 1500, PingFate::UnderWay),
            Note::Again { number: 3 },
        ];
        let run = PingRun::of(&log);
        assert_eq!((run.sent(), run.in_time(), run.late(), run.lost()), (6, 2, 1, 2));
        assert_eq!((run.unclear(), run.again(), run.under_way()), (1, 1, 1));
        assert_eq!(run.times(), Some(PingTimes { least: ms(100), mean: ms(150), most: ms(200) }));
        let [first, second] = run.seconds()[..] else { panic!() };
        assert_eq!(
            first,
            PingSecond { sent: 4, answered: 3, late: 1, bits: 3 * 36 * 8, mean: Some(ms(700) / 3) }
        );
        assert_eq!(second, PingSecond { sent: 2, ..PingSecond::default() });
    }

    #[test]
    fn a_run_of_nothing_has_no_times() {
        let run = PingRun::of(&[Note::Told("hello".to_owned())]);
        assert_eq!((run.sent(), run.lost(), run.times()), (0, 0, None));
        assert_eq!(run.seconds(), []);
    }

    #[test]
    fn a_ping_of_the_distant_future_takes_no_memory() {
        let run = PingRun::of(&[ping(1, u64::MAX, PingFate::Lost)]);
        assert_eq!(run.seconds(), []);
    }

    #[test]
    fn a_ping_is_told_in_a_line() {
        for (fate, told) in [
            (answered(251, false), "ping 7: RTT 251.000 ms"),
            (answered(612, true), "ping 7: answered after 612.000 ms, too late"),
            (PingFate::Lost, "ping 7: lost, no answer within 300.000 ms"),
            (PingFate::UnderWay, "ping 7: still under way when the client was stopped"),
        ] {
            assert_eq!(ping(7, 0, fate).to_string(), told);
        }
    }
}
