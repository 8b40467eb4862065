//! Pings of a flow: which were answered and how late, and what a run at a shrinking interval carried each second.

use std::collections::HashMap;

use super::LabFlow;
use crate::flow::PacketStamp;
use crate::proto::lab::{LabMessage, Pairing, Says};
use crate::source::PacketNumber;
use crate::time::TimeDelta;

/// What became of a ping.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// Acknowledged; late where the client had sent the next by then, or after the last one would have.
    Answered {
        /// The acknowledgement.
        at: PacketStamp,
        /// Time until then.
        rtt: Option<TimeDelta>,
        /// How it is known.
        pairing: Pairing,
        /// The next ping had been sent, or behind the last one would have been due: the loss that a client counts.
        late: bool,
    },
    /// An acknowledgement may be for it, or for another: how many may be.
    Perhaps(u32),
    /// Nothing acknowledges it.
    Unanswered,
}

/// A ping.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OnePing {
    /// Its packet.
    pub at: PacketStamp,
    /// The number that it bears.
    pub number: Option<u64>,
    /// Bytes that it carries.
    pub len: u64,
    /// What became of it.
    pub fate: Fate,
}

/// What a second of a run carried.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Second {
    /// Pings sent in it.
    pub sent: u64,
    /// How many of these were answered.
    pub answered: u64,
    /// Bits that these and their answers carry.
    pub bits: u64,
    /// Mean time until their answers.
    pub mean: Option<TimeDelta>,
}

/// The pings of a flow.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PingTotals {
    /// Each of them.
    pub pings: Vec<OnePing>,
    /// Acknowledgements, those not counted that came again.
    pub answers: u64,
    /// Those of which it cannot be told what they acknowledge.
    pub ambiguous: u64,
    /// Acknowledgements of nothing.
    pub unasked: u64,
    /// Acknowledgements that came again.
    pub again: u64,
    /// Answered after the next ping was sent, or behind the last one was due.
    pub late: u64,
    /// The shortest, the mean and the longest time until an answer, of those where it is known.
    pub rtt: Option<[TimeDelta; 3]>,
    /// The mean time until an answer of those where it is not known, were each for the last ping that it may be for, and for the
    /// first.
    pub perhaps: Option<[TimeDelta; 2]>,
    /// The interval shrank by some 5 % a ping, as in `udp-throughput`: what each second carried, the first 3600 of them.
    pub seconds: Option<Vec<Second>>,
}

/// Most seconds of a table: an hour, which no lab takes.
const MAX_SECONDS: usize = 3600;

/// Fewest intervals of which a schedule shows that they shrink: of fewer, equal ones look much alike.
const MIN_ON_SCHEDULE: usize = 12;

/// All of an endless run.
const ENDLESS: i128 = 1_000_000_000;

/// Fewest intervals that show that they shrink.
const MIN_INTERVALS: usize = 8;

impl PingTotals {
    /// Those of `flow`.
    #[must_use]
    pub fn of(flow: &LabFlow) -> Self {
        let (mut totals, answer_bytes) = Self::paired(flow);
        if totals.shrinks() {
            totals.seconds = Some(totals.by_second(&answer_bytes));
        }
        totals
    }

    /// What each second of `flow` carried, whatever its intervals, the first 3600 of them.
    #[must_use]
    pub fn seconds_of(flow: &LabFlow) -> Vec<Second> {
        let (totals, answer_bytes) = Self::paired(flow);
        totals.by_second(&answer_bytes)
    }

    /// All but the seconds, and the bytes of the answer to each ping by its place.
    fn paired(flow: &LabFlow) -> (Self, HashMap<usize, u64>) {
        let mut totals = Self::default();
        let mut by_packet: HashMap<PacketNumber, usize> = HashMap::new();
        let mut answer_bytes: HashMap<usize, u64> = HashMap::new();
        let mut perhaps = [Vec::new(), Vec::new()];
        for message in &flow.messages {
            match message.said.says {
                Says::Ping(number, _) => {
                    by_packet.insert(message.at.number, totals.pings.len());
                    let fate = Fate::Unanswered;
                    totals.pings.push(OnePing { at: message.at, number, len: message.len, fate });
                }
                Says::Pong(_, pairing) => {
                    if let Pairing::Ambiguous(_, first, last) = pairing {
                        for (times, asked) in perhaps.iter_mut().zip([last, first]) {
                            times.extend(message.at.since(asked));
                        }
                    }
                    totals.answer(message, pairing, &by_packet, &mut answer_bytes);
                }
                _ => {}
            }
        }
        let [newest, oldest] = perhaps.map(|times| mean(times.into_iter()));
        totals.perhaps = newest.zip(oldest).map(|(newest, oldest)| [newest, oldest]);
        totals.find_late();
        totals.measure();
        (totals, answer_bytes)
    }

    fn answer(
        &mut self,
        message: &LabMessage,
        pairing: Pairing,
        by_packet: &HashMap<PacketNumber, usize>,
        answer_bytes: &mut HashMap<usize, u64>,
    ) {
        self.answers = self.answers.saturating_add(1);
        if message.said.again.is_some() {
            self.answers = self.answers.saturating_sub(1);
            self.again = self.again.saturating_add(1);
            return;
        }
        match (pairing, message.said.answers) {
            (Pairing::Ambiguous(count, first, last), _) => {
                self.ambiguous = self.ambiguous.saturating_add(1);
                let start = self.pings.partition_point(|ping| ping.at.number < first.number);
                let those =
                    self.pings.iter_mut().skip(start).take_while(|ping| ping.at.number <= last.number);
                for ping in those {
                    if ping.fate == Fate::Unanswered {
                        ping.fate = Fate::Perhaps(count);
                    }
                }
            }
            (_, Some(asked)) => {
                let Some(place) = by_packet.get(&asked.number) else { return };
                answer_bytes.insert(*place, message.len);
                if let Some(ping) = self.pings.get_mut(*place) {
                    let (at, rtt) = (message.at, message.at.since(asked));
                    ping.fate = Fate::Answered { at, rtt, pairing, late: false };
                }
            }
            (_, None) => self.unasked = self.unasked.saturating_add(1),
        }
    }

    fn find_late(&mut self) {
        let next: Vec<PacketNumber> = self.pings.iter().skip(1).map(|ping| ping.at.number).collect();
        let last_interval = self.interval_after_the_last();
        let mut next = next.into_iter();
        for ping in &mut self.pings {
            let next = next.next();
            if let Fate::Answered { at, late, rtt, .. } = &mut ping.fate {
                *late = match next {
                    Some(next) => at.number > next,
                    None => rtt.zip(last_interval).is_some_and(|(rtt, interval)| rtt > interval),
                };
                self.late = self.late.saturating_add(u64::from(*late));
            }
        }
    }

    /// When another ping would have been due behind the last one: the interval before it, less what intervals shrink by.
    fn interval_after_the_last(&self) -> Option<TimeDelta> {
        let [.., before, last] = self.pings.as_slice() else { return None };
        let interval = last.at.since(before.at)?.as_nanos();
        let shrunk = if self.shrinks() { interval.saturating_sub(interval / 20) } else { interval };
        Some(TimeDelta::from_nanos(shrunk))
    }

    fn times(&self) -> impl Iterator<Item = TimeDelta> {
        self.pings.iter().filter_map(|ping| match ping.fate {
            Fate::Answered { rtt, .. } => rtt,
            _ => None,
        })
    }

    fn measure(&mut self) {
        let times = || self.times();
        let (Some(least), Some(most)) = (times().min(), times().max()) else { return };
        self.rtt = mean(times()).map(|mean| [least, mean, most]);
    }

    /// Pings.
    #[must_use]
    pub fn sent(&self) -> u64 {
        u64::try_from(self.pings.len()).unwrap_or(u64::MAX)
    }

    /// Pings that nothing acknowledges. Where acknowledgements bear no numbers that is so only as far as none came twice, and of which
    /// pings it is may not be known.
    #[must_use]
    pub fn unanswered(&self) -> u64 {
        self.sent().saturating_sub(self.answers.saturating_sub(self.unasked))
    }

    /// Whether each interval is some 5 % shorter than the one before.
    fn shrinks(&self) -> bool {
        self.is_on_schedule() || self.ratios_shrink()
    }

    /// Whether pings were sent when they were due at such intervals, to a hundredth of the whole run: three of four, for a busy machine
    /// is late now and then. Of equal intervals only those near both ends would be.
    fn is_on_schedule(&self) -> bool {
        let (Some(first), Some(last)) = (self.pings.first(), self.pings.last()) else { return false };
        if self.pings.len() <= MIN_ON_SCHEDULE {
            return false;
        }
        // The share of an endless run that is over when each ping is due.
        let mut over = Vec::with_capacity(self.pings.len());
        let mut share = 0_i128;
        for _ in &self.pings {
            over.push(share);
            share += (ENDLESS - share) / 20;
        }
        let Some(span) = last.at.since(first.at).map(TimeDelta::as_nanos).filter(|span| *span > 0) else {
            return false;
        };
        let whole = over.last().copied().unwrap_or(0).max(1);
        let is_due = |(ping, share): &(&OnePing, i128)| {
            let due = span.saturating_mul(*share) / whole;
            let off = ping.at.since(first.at).map(|at| at.as_nanos().saturating_sub(due).saturating_abs());
            off.is_some_and(|off| off <= span / 100)
        };
        let all = self.pings.iter().zip(over);
        all.filter(is_due).count().saturating_mul(4) >= self.pings.len().saturating_mul(3)
    }

    /// The same of intervals that count from when the ping before was really sent: half of the ratios are close to that, and few pings
    /// come later than the one before did.
    fn ratios_shrink(&self) -> bool {
        let gaps: Vec<i128> = self
            .pings
            .iter()
            .zip(self.pings.iter().skip(1))
            .filter_map(|(a, b)| b.at.since(a.at))
            .map(TimeDelta::as_nanos)
            .collect();
        if gaps.len() < MIN_INTERVALS {
            return false;
        }
        // In parts per thousand.
        let ratios = gaps.iter().zip(gaps.iter().skip(1)).filter(|(a, _)| **a > 0).map(|(a, b)| b * 1000 / a);
        let close = ratios.clone().filter(|ratio| (920..=980).contains(ratio)).count();
        let shorter = ratios.clone().filter(|ratio| *ratio < 1000).count();
        let all = ratios.count();
        close * 2 >= all && shorter * 5 >= all * 4
    }

    fn by_second(&self, answer_bytes: &HashMap<usize, u64>) -> Vec<Second> {
        let mut seconds: Vec<(Second, Vec<TimeDelta>)> = Vec::new();
        let Some(first) = self.pings.first() else { return Vec::new() };
        for (place, ping) in self.pings.iter().enumerate() {
            let since = ping.at.since(first.at).map_or(0, TimeDelta::as_nanos).max(0) / 1_000_000_000;
            let Some(index) = usize::try_from(since).ok().filter(|index| *index < MAX_SECONDS) else {
                continue;
            };
            if seconds.len() <= index {
                seconds.resize_with(index.saturating_add(1), Default::default);
            }
            let Some((second, times)) = seconds.get_mut(index) else { continue };
            second.sent = second.sent.saturating_add(1);
            if let Fate::Answered { rtt, .. } = ping.fate {
                let bytes = ping.len.saturating_add(answer_bytes.get(&place).copied().unwrap_or(0));
                second.answered = second.answered.saturating_add(1);
                second.bits = second.bits.saturating_add(bytes.saturating_mul(8));
                times.extend(rtt);
            }
        }
        seconds
            .into_iter()
            .map(|(second, times)| Second { mean: mean(times.into_iter()), ..second })
            .collect()
    }
}

fn mean(times: impl Iterator<Item = TimeDelta>) -> Option<TimeDelta> {
    let (sum, count) =
        times.fold((0_i128, 0_i128), |(sum, count), time| (sum.saturating_add(time.as_nanos()), count + 1));
    (count > 0).then(|| TimeDelta::from_nanos(sum / count))
}
