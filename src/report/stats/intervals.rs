//! How much was captured in each stretch of time.

use crate::time::TimeDelta;

/// Most stretches of a chosen width: more than a day in seconds, and 1.6 MB.
pub const MAX_INTERVALS: usize = 100_000;

/// Most stretches where the width is not chosen: they fit on two screens.
const MAX_FITTED: usize = 40;

/// The first width where it is not chosen; it grows by tens.
const FIRST_WIDTH: u64 = 1_000_000;

/// How much wider it then gets, and so how many stretches become one.
const WIDER: usize = 10;

/// Packets and frame bytes on the wire, per stretch of time since the first packet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Intervals {
    /// Nanoseconds.
    width: u64,
    is_fitted: bool,
    all: Vec<Interval>,
    outside: u64,
}

/// What was captured in one stretch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Interval {
    /// Packets.
    pub packets: u64,
    /// Frame bytes on the wire.
    pub bytes: u64,
}

impl Default for Intervals {
    /// As wide as it takes to have some dozens at most.
    fn default() -> Self {
        Self { width: FIRST_WIDTH, is_fitted: true, all: Vec::new(), outside: 0 }
    }
}

impl Intervals {
    /// Stretches of so many nanoseconds; 0 takes everything together.
    #[must_use]
    pub fn of_nanos(width: u64) -> Self {
        let width = if width == 0 { u64::MAX } else { width };
        Self { width, is_fitted: false, ..Self::default() }
    }

    /// Counts a packet of `bytes` on the wire, so long after the first.
    pub(super) fn count(&mut self, since_first: Option<TimeDelta>, bytes: u64) {
        match since_first.and_then(|since| self.place(since)).and_then(|at| self.all.get_mut(at)) {
            Some(interval) => {
                interval.packets = interval.packets.saturating_add(1);
                interval.bytes = interval.bytes.saturating_add(bytes);
            }
            None => self.outside = self.outside.saturating_add(1),
        }
    }

    /// Where a packet belongs; makes room for it.
    fn place(&mut self, since_first: TimeDelta) -> Option<usize> {
        let nanos = u64::try_from(since_first.as_nanos()).ok()?;
        let most = if self.is_fitted { MAX_FITTED } else { MAX_INTERVALS };
        loop {
            let at = usize::try_from(nanos.checked_div(self.width)?).ok();
            match at.filter(|&at| at < most) {
                Some(at) => {
                    if at >= self.all.len() {
                        self.all.resize(at + 1, Interval::default());
                    }
                    return Some(at);
                }
                None if !self.is_fitted => return None,
                None => self.widen()?,
            }
        }
    }

    /// Makes ten stretches one; `None` where they cannot get wider.
    fn widen(&mut self) -> Option<()> {
        self.width = self.width.checked_mul(u64::try_from(WIDER).ok()?)?;
        let joined = self.all.chunks(WIDER).map(|parts| {
            parts.iter().fold(Interval::default(), |sum, part| Interval {
                packets: sum.packets.saturating_add(part.packets),
                bytes: sum.bytes.saturating_add(part.bytes),
            })
        });
        self.all = joined.collect();
        Some(())
    }

    /// How long each is; `None` where everything is taken together.
    #[must_use]
    pub fn width(&self) -> Option<TimeDelta> {
        (self.width != u64::MAX).then(|| TimeDelta::from_nanos(i128::from(self.width)))
    }

    /// Each with where it begins, since the first packet.
    pub fn all(&self) -> impl ExactSizeIterator<Item = (TimeDelta, Interval)> + '_ {
        let width = i128::from(self.width);
        self.all.iter().enumerate().map(move |(at, interval)| {
            (TimeDelta::from_nanos(i128::try_from(at).unwrap_or(0).saturating_mul(width)), *interval)
        })
    }

    /// Packets of no stretch: without a time, before the first packet, or after [`MAX_INTERVALS`].
    #[must_use]
    pub fn outside(&self) -> u64 {
        self.outside
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MILLI: i128 = 1_000_000;

    fn counted(mut intervals: Intervals, times: &[i128]) -> Intervals {
        for &nanos in times {
            intervals.count(Some(TimeDelta::from_nanos(nanos)), 10);
        }
        intervals
    }

    fn packets(intervals: &Intervals) -> Vec<u64> {
        intervals.all().map(|(_, interval)| interval.packets).collect()
    }

    #[test]
    fn a_chosen_width_keeps_empty_stretches() {
        let intervals = counted(Intervals::of_nanos(1_000), &[0, 999, 1_000, 3_500]);
        assert_eq!(packets(&intervals), [2, 1, 0, 1]);
        assert_eq!(intervals.all().last().map(|(start, _)| start.as_nanos()), Some(3_000));
        assert_eq!(packets(&counted(Intervals::of_nanos(0), &[0, i128::from(u64::MAX) - 1])), [2]);
    }

    #[test]
    fn a_width_that_is_not_chosen_grows_with_the_capture() {
        let times: Vec<i128> = (0..400).map(|at| at * MILLI).collect();
        let intervals = counted(Intervals::default(), &times);
        assert_eq!(intervals.width().map(TimeDelta::as_nanos), Some(10 * MILLI));
        assert_eq!(packets(&intervals), [10; 40]);
        let far = counted(intervals, &[86_400_000 * MILLI]);
        assert!(far.all().len() <= MAX_FITTED);
        assert_eq!(packets(&far).iter().sum::<u64>(), 401);
    }

    #[test]
    fn what_has_no_place_is_told() {
        let mut intervals = counted(Intervals::of_nanos(1), &[-1, 0, 100_000, i128::MAX]);
        intervals.count(None, 10);
        assert_eq!((intervals.outside(), packets(&intervals)), (4, vec![1]));
        assert_eq!(counted(Intervals::default(), &[i128::from(u64::MAX)]).outside(), 0);
    }
}
