//! A bad line, made up: what is lost, late, sent twice or out of order, and a record of it.
//!
//! [`Line`] holds no socket and reads no clock: packets go in with the time, and come out when their time has come.
//! The same seed and the same packets give the same fates. What was done is told as [`Done`], so that what an analysis
//! finds can be held against it.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Most packets that wait on a line: what 100 Mbit/s of full frames bring in a second. More are dropped, as by a router.
const MAX_WAITING: usize = 8_192;

/// Longest queue in front of a line with a rate: a packet that would wait longer is dropped.
const MAX_BACKLOG: Duration = Duration::from_secs(1);

/// Most flows of which a packet is held back at once, to be overtaken.
const MAX_HELD: usize = 256;

/// How long a packet waits to be overtaken, unless asked otherwise: two labs' turns.
const PATIENCE: Duration = Duration::from_millis(50);

/// What a line does to packets. By default it does nothing.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Impairment {
    /// Share of packets that are lost, from 0 to 1.
    pub loss: f64,
    /// How long each takes.
    pub delay: Duration,
    /// How far that may be off, either way. Packets do not overtake each other by it.
    pub jitter: Duration,
    /// Share of packets that come twice, from 0 to 1.
    pub duplicate: f64,
    /// Share of packets that are overtaken by the next one of their flow, from 0 to 1.
    pub reorder: f64,
    /// Bits that the line takes per second; `None` is no limit. At least 1.
    pub rate: Option<u64>,
    /// How long a packet waits to be overtaken; then it goes alone, late and in order.
    pub patience: Duration,
}

impl Default for Impairment {
    fn default() -> Self {
        Self::NONE
    }
}

impl Impairment {
    /// That of a good line.
    pub const NONE: Self = Self {
        loss: 0.0,
        delay: Duration::ZERO,
        jitter: Duration::ZERO,
        duplicate: 0.0,
        reorder: 0.0,
        rate: None,
        patience: PATIENCE,
    };

    /// Whether packets come out as they went in.
    #[must_use]
    pub fn is_none(&self) -> bool {
        *self == Self { patience: self.patience, ..Self::default() }
    }

    /// Whether packets can be lost on it, on purpose or because too many come.
    #[must_use]
    pub fn loses(&self) -> bool {
        self.loss > 0.0 || self.rate.is_some()
    }

    /// The longest that it keeps a packet that it lets through.
    #[must_use]
    pub fn longest(&self) -> Duration {
        let queue = if self.rate.is_some() { MAX_BACKLOG } else { Duration::ZERO };
        let held = if self.reorder > 0.0 { self.patience } else { Duration::ZERO };
        self.delay.saturating_add(self.jitter).saturating_add(queue).saturating_add(held)
    }

    /// The same with all times multiplied by `pace`, which is above 0.
    #[must_use]
    pub fn at_pace(self, pace: f64) -> Self {
        let [delay, jitter, patience] =
            [self.delay, self.jitter, self.patience].map(|time| time.mul_f64(pace));
        Self { delay, jitter, patience, ..self }
    }
}

/// What was done to a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Deed {
    /// It was lost.
    Lost,
    /// It was dropped, because too much waited already.
    Overflowed,
    /// It was late.
    Held {
        /// By so much.
        by: Duration,
    },
    /// It was sent twice.
    Repeated,
    /// It was sent right behind a packet that came after it.
    Overtaken {
        /// The number of that packet.
        by: u64,
    },
    /// It was still on the line when that ended; of one that was sent twice this is told of each copy.
    Left,
}

impl Deed {
    /// Whether the packet, or a copy of it, did not come out.
    #[must_use]
    pub const fn is_loss(self) -> bool {
        matches!(self, Self::Lost | Self::Overflowed | Self::Left)
    }
}

impl fmt::Display for Deed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Lost => f.write_str("lost on purpose"),
            Self::Overflowed => f.write_str("dropped, because the line is full"),
            Self::Held { by } => write!(f, "held for {:.1} ms", by.as_secs_f64() * 1e3),
            Self::Repeated => f.write_str("sent twice"),
            Self::Overtaken { by } => write!(f, "sent behind number {by}"),
            Self::Left => f.write_str("still on the line when that ended"),
        }
    }
}

/// A packet's number on its line, from 1, and what was done to it. Of one packet several things may be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Done<K> {
    /// The flow it belongs to.
    pub flow: K,
    /// The how manieth packet it is that came to the line.
    pub number: u64,
    /// What was done.
    pub deed: Deed,
}

/// A line in one direction. `K` tells flows apart, within which packets can be out of order; `T` is a packet.
///
/// Times are durations since any moment, the same for all calls, and never go back.
#[derive(Debug)]
pub struct Line<K, T> {
    how: Impairment,
    random: fastrand::Rng,
    /// Packets that came.
    came: u64,
    /// When everything before is sent, at the line's rate.
    free: Duration,
    /// When the last packet comes out: none comes before the one before it.
    last: Duration,
    /// Orders what is due at the same time.
    order: u64,
    waiting: BinaryHeap<Waiting<K, T>>,
    held: BTreeMap<K, Held<T>>,
    done: Vec<Done<K>>,
}

#[derive(Debug)]
struct Waiting<K, T> {
    due: Duration,
    order: u64,
    flow: K,
    number: u64,
    packet: T,
}

/// The heap's greatest is what is due first.
impl<K, T> Ord for Waiting<K, T> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        Reverse((self.due, self.order)).cmp(&Reverse((other.due, other.order)))
    }
}

impl<K, T> PartialOrd for Waiting<K, T> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl<K, T> PartialEq for Waiting<K, T> {
    fn eq(&self, other: &Self) -> bool {
        self.order == other.order
    }
}

impl<K, T> Eq for Waiting<K, T> {}

/// A packet that waits to be overtaken.
#[derive(Debug)]
struct Held<T> {
    number: u64,
    since: Duration,
    until: Duration,
    packet: T,
}

impl<K: Ord + Copy, T: Clone> Line<K, T> {
    /// A line that does `how` to packets, its choices drawn from `seed`.
    #[must_use]
    pub fn new(how: Impairment, seed: u64) -> Self {
        Self {
            how,
            random: fastrand::Rng::with_seed(seed),
            came: 0,
            free: Duration::ZERO,
            last: Duration::ZERO,
            order: 0,
            waiting: BinaryHeap::new(),
            held: BTreeMap::new(),
            done: Vec::new(),
        }
    }

    /// A packet comes to the line at `now`, with its length on the wire in bytes; gives its number, from 1.
    pub fn push(&mut self, now: Duration, flow: K, len: usize, packet: T) -> u64 {
        self.take(now, flow, (len, packet), false)
    }

    /// The same of a packet that is not to be lost, repeated or overtaken, only late.
    pub fn push_surely(&mut self, now: Duration, flow: K, len: usize, packet: T) -> u64 {
        self.take(now, flow, (len, packet), true)
    }

    fn take(&mut self, now: Duration, flow: K, (len, packet): (usize, T), is_sure: bool) -> u64 {
        self.let_go(now);
        self.came += 1;
        let number = self.came;
        // All of them for each packet: what one option takes does not change what the others do.
        let [lose, repeat, swap, shake] = std::array::from_fn(|_| self.random.f64());
        if lose < self.how.loss && !is_sure {
            self.tell(flow, number, Deed::Lost);
            return number;
        }
        let due = self.due(now, len, shake).or_else(|| is_sure.then(|| self.last.max(now)));
        let Some(due) = due else {
            self.tell(flow, number, Deed::Overflowed);
            return number;
        };
        if swap < self.how.reorder && !is_sure && !self.held.contains_key(&flow) && self.held.len() < MAX_HELD
        {
            let until = due + self.how.patience;
            self.held.insert(flow, Held { number, since: now, until, packet });
            return number;
        }
        if due > now {
            self.tell(flow, number, Deed::Held { by: due - now });
        }
        let before = self.held.remove(&flow);
        if repeat < self.how.duplicate && !is_sure {
            self.tell(flow, number, Deed::Repeated);
            self.queue(due, (flow, number), packet.clone());
        }
        self.queue(due, (flow, number), packet);
        if let Some(before) = before {
            self.tell(flow, before.number, Deed::Overtaken { by: number });
            if due > before.since {
                self.tell(flow, before.number, Deed::Held { by: due - before.since });
            }
            self.queue(due, (flow, before.number), before.packet);
        }
        number
    }

    /// The line ends: what is still on it does not come out, and is told.
    pub fn end(&mut self) {
        while let Some(waiting) = self.waiting.pop() {
            self.tell(waiting.flow, waiting.number, Deed::Left);
        }
        for (flow, held) in std::mem::take(&mut self.held) {
            self.tell(flow, held.number, Deed::Left);
        }
    }

    /// The next packet whose time has come.
    pub fn take_due(&mut self, now: Duration) -> Option<T> {
        self.let_go(now);
        if self.waiting.peek()?.due > now {
            return None;
        }
        self.waiting.pop().map(|waiting| waiting.packet)
    }

    /// When the next packet's time comes; `None` where none waits.
    #[must_use]
    pub fn next_due(&self) -> Option<Duration> {
        let held = self.held.values().map(|held| held.until).min();
        let waiting = self.waiting.peek().map(|waiting| waiting.due);
        held.into_iter().chain(waiting).min()
    }

    /// What was done since this was last asked, in the order it was decided.
    pub fn done(&mut self) -> Vec<Done<K>> {
        std::mem::take(&mut self.done)
    }

    /// When a packet comes out, or `None` where too much waits.
    fn due(&mut self, now: Duration, len: usize, shake: f64) -> Option<Duration> {
        if self.waiting.len() + self.held.len() >= MAX_WAITING {
            return None;
        }
        let mut sent = now;
        if let Some(rate) = self.how.rate {
            let bits = u128::try_from(len).unwrap_or(u128::MAX).saturating_mul(8);
            let nanos = bits.saturating_mul(1_000_000_000) / u128::from(rate.max(1));
            let takes = Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX));
            let begins = now.max(self.free);
            if begins - now > MAX_BACKLOG {
                return None;
            }
            sent = begins.saturating_add(takes);
            self.free = sent;
        }
        let least = self.how.delay.saturating_sub(self.how.jitter);
        let span = self.how.delay.saturating_add(self.how.jitter) - least;
        let due = sent.saturating_add(least).saturating_add(span.mul_f64(shake));
        self.last = self.last.max(due);
        Some(self.last)
    }

    /// Lets those go that nothing has overtaken in time.
    fn let_go(&mut self, now: Duration) {
        let over = self.held.iter().filter(|(_, held)| held.until <= now).map(|(flow, _)| *flow);
        for flow in over.collect::<Vec<_>>() {
            let Some(held) = self.held.remove(&flow) else { continue };
            self.tell(flow, held.number, Deed::Held { by: held.until - held.since });
            self.last = self.last.max(held.until);
            self.queue(held.until, (flow, held.number), held.packet);
        }
    }

    fn queue(&mut self, due: Duration, (flow, number): (K, u64), packet: T) {
        self.order += 1;
        self.waiting.push(Waiting { due, order: self.order, flow, number, packet });
    }

    fn tell(&mut self, flow: K, number: u64, deed: Deed) {
        self.done.push(Done { flow, number, deed });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    /// Sends so many packets, a millisecond apart, and gives when each came out and what was done.
    fn run(how: Impairment, seed: u64, packets: u32) -> (Vec<(Duration, u32)>, Vec<Done<u8>>) {
        let mut line = Line::new(how, seed);
        let mut out = Vec::new();
        let mut take = |line: &mut Line<u8, u32>, until: Duration| {
            while let Some(due) = line.next_due().filter(|due| *due <= until) {
                out.extend(std::iter::from_fn(|| line.take_due(due)).map(|packet| (due, packet)));
            }
        };
        for packet in 1..=packets {
            take(&mut line, ms(packet.into()));
            line.push(ms(packet.into()), 0, 125, packet);
        }
        take(&mut line, Duration::MAX);
        let done = line.done();
        (out, done)
    }

    #[test]
    fn a_line_that_does_nothing_passes_everything_on_at_once() {
        let (out, done) = run(Impairment::default(), 1, 50);
        assert_eq!(out, (1..=50_u32).map(|n| (ms(n.into()), n)).collect::<Vec<_>>());
        assert_eq!(done, []);
        assert!(Impairment::default().at_pace(0.5).is_none());
    }

    #[test]
    fn all_that_is_done_is_told_and_nothing_else_happens() {
        let how = Impairment {
            loss: 0.2,
            duplicate: 0.2,
            reorder: 0.2,
            delay: ms(20),
            jitter: ms(5),
            ..Impairment::default()
        };
        for seed in 0..100 {
            let (out, done) = run(how, seed, 200);
            let mut expected: Vec<u32> = Vec::new();
            let of = |number: u32| done.iter().filter(move |done| done.number == u64::from(number));
            let mut overtaken: Vec<(u64, u32)> = Vec::new();
            for number in 1..=200 {
                for one in of(number) {
                    if let Deed::Overtaken { by } = one.deed {
                        overtaken.push((by, number));
                    }
                }
                let is = |deed: Deed| of(number).any(|one| one.deed == deed);
                if is(Deed::Lost) || overtaken.iter().any(|(_, n)| *n == number) {
                    continue;
                }
                expected.push(number);
                if is(Deed::Repeated) {
                    expected.push(number);
                }
                expected.extend(overtaken.iter().filter(|(by, _)| *by == u64::from(number)).map(|(_, n)| n));
            }
            let order: Vec<u32> = out.iter().map(|(_, packet)| *packet).collect();
            assert_eq!(order, expected, "seed {seed}");
            for (at, packet) in out {
                let late = of(packet).find_map(|one| match one.deed {
                    Deed::Held { by } => Some(by),
                    _ => None,
                });
                if let Some(late) = late {
                    assert_eq!(at, ms(packet.into()) + late, "seed {seed} packet {packet}");
                }
            }
        }
    }

    #[test]
    fn shares_are_as_asked() {
        let how = Impairment { loss: 0.1, duplicate: 0.3, reorder: 0.05, ..Impairment::default() };
        let (_, done) = run(how, 7, 100_000);
        let share = |is: fn(&Deed) -> bool| done.iter().filter(|one| is(&one.deed)).count();
        assert!((9_500..10_500).contains(&share(|deed| *deed == Deed::Lost)));
        assert!((25_000..27_500).contains(&share(|deed| *deed == Deed::Repeated)), "of what is not lost");
        assert!((4_000..5_000).contains(&share(|deed| matches!(deed, Deed::Overtaken { .. }))));
    }

    #[test]
    fn the_same_seed_gives_the_same_fates_and_another_one_others() {
        let how = Impairment { loss: 0.3, jitter: ms(9), delay: ms(10), ..Impairment::default() };
        assert_eq!(run(how, 3, 100), run(how, 3, 100));
        assert_ne!(run(how, 3, 100), run(how, 4, 100));
    }

    #[test]
    fn a_rate_spaces_packets_out_and_a_full_queue_drops() {
        // 125 bytes are 1000 bits: 10 ms each, and a packet comes each millisecond.
        let how = Impairment { rate: Some(100_000), ..Impairment::default() };
        let (out, done) = run(how, 1, 200);
        assert!(out.windows(2).all(|pair| pair[1].0 - pair[0].0 == ms(10)));
        let dropped = done.iter().filter(|one| one.deed == Deed::Overflowed).count();
        assert_eq!(out.len() + dropped, 200);
        // Packet n waits 9 ms for each before it, until that is more than a second.
        assert_eq!(out.len(), 112 + (200 - 112) / 10, "{dropped}");
    }

    #[test]
    fn nothing_overtakes_a_packet_of_another_flow_and_patience_ends() {
        let how = Impairment { reorder: 1.0, ..Impairment::default() };
        let mut line: Line<u8, &str> = Line::new(how, 1);
        line.push(ms(0), 1, 10, "one");
        line.push(ms(1), 2, 10, "two");
        assert_eq!(line.take_due(ms(2)), None);
        line.push(ms(3), 1, 10, "three");
        assert_eq!([line.take_due(ms(3)), line.take_due(ms(3))], [Some("three"), Some("one")]);
        assert_eq!(line.next_due(), Some(ms(51)));
        assert_eq!(line.take_due(ms(60)), Some("two"));
        let told = line.done();
        assert_eq!(
            told.iter().map(|done| (done.flow, done.number)).collect::<Vec<_>>(),
            [(1, 1), (1, 1), (2, 2)]
        );
        assert_eq!(told[0].deed, Deed::Overtaken { by: 3 });
        assert_eq!(told[1].deed, Deed::Held { by: ms(3) });
        assert_eq!(told[2].deed, Deed::Held { by: ms(50) });
    }

    #[test]
    fn what_is_sure_is_late_at_most() {
        let how =
            Impairment { loss: 1.0, duplicate: 1.0, reorder: 1.0, delay: ms(5), ..Impairment::default() };
        let mut line: Line<u8, &str> = Line::new(how, 1);
        assert_eq!(line.push(ms(0), 1, 10, "one"), 1);
        assert_eq!(line.push_surely(ms(1), 1, 10, "two"), 2);
        assert_eq!([line.take_due(ms(6)), line.take_due(ms(99))], [Some("two"), None]);
        let told: Vec<(u64, Deed)> = line.done().iter().map(|done| (done.number, done.deed)).collect();
        assert_eq!(told, [(1, Deed::Lost), (2, Deed::Held { by: ms(5) })]);
    }

    #[test]
    fn what_the_end_leaves_on_a_line_is_told() {
        let how = Impairment { duplicate: 1.0, delay: ms(5), ..Impairment::default() };
        let mut line: Line<u8, &str> = Line::new(how, 1);
        line.push(ms(0), 1, 10, "one");
        line.end();
        let left = line.done().iter().filter(|done| done.deed == Deed::Left && done.number == 1).count();
        assert_eq!((left, line.next_due()), (2, None));
    }

    #[test]
    fn what_waits_is_bounded() {
        let how = Impairment { delay: ms(1000), ..Impairment::default() };
        let mut line = Line::new(how, 1);
        for packet in 0..3 * MAX_WAITING {
            line.push(ms(1), 0_u8, 1500, packet);
        }
        let dropped = line.done().iter().filter(|one| one.deed == Deed::Overflowed).count();
        assert_eq!(dropped, 2 * MAX_WAITING);
        assert_eq!(std::iter::from_fn(|| line.take_due(ms(2000))).count(), MAX_WAITING);
    }
}
