//! Packet time: nanoseconds since the Unix epoch, as the capture tells them. No clock is read here.

pub mod calendar;

use std::ops::{Add, Sub};

/// Nanoseconds in one second.
pub const NANOS_PER_SECOND: i128 = 1_000_000_000;

/// A point in time taken from a capture: nanoseconds since 1970-01-01 00:00:00 UTC.
///
/// 128 bits, because a savefile can claim any 64-bit count of any unit (pcapng `if_tsresol`), and a claim
/// is kept exactly. Aligned like a 64-bit number: a flow holds many, and 16-byte alignment would cost each of them 16
/// bytes more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[repr(C, packed(8))]
pub struct Timestamp(i128);

impl Timestamp {
    /// The time `nanos` nanoseconds after the epoch (before it where negative).
    #[must_use]
    pub const fn from_nanos(nanos: i128) -> Self {
        Self(nanos)
    }

    /// The time `seconds` and `nanos` after the epoch; `nanos` may exceed a second and is carried.
    #[must_use]
    pub fn from_parts(seconds: i64, nanos: u32) -> Self {
        Self(i128::from(seconds) * NANOS_PER_SECOND + i128::from(nanos))
    }

    /// Nanoseconds since the epoch.
    #[must_use]
    pub const fn as_nanos(self) -> i128 {
        self.0
    }

    /// Whole seconds since the epoch, rounded down, and the nanoseconds (0 to 999,999,999) above them.
    #[must_use]
    pub fn parts(self) -> (i128, u32) {
        let nanos = self.0.rem_euclid(NANOS_PER_SECOND);
        (self.0.div_euclid(NANOS_PER_SECOND), u32::try_from(nanos).unwrap_or(0))
    }
}

impl Sub for Timestamp {
    type Output = TimeDelta;

    fn sub(self, earlier: Self) -> TimeDelta {
        // Asked several times a packet: saturating at once takes thrice the instructions of looking whether it has to.
        TimeDelta(self.0.checked_sub(earlier.0).unwrap_or_else(|| self.0.saturating_sub(earlier.0)))
    }
}

impl Add<TimeDelta> for Timestamp {
    type Output = Self;

    fn add(self, delta: TimeDelta) -> Self {
        Self(self.0.saturating_add(delta.0))
    }
}

/// A signed span between two [`Timestamp`]s, in nanoseconds. Negative where a capture's clock ran backwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct TimeDelta(i128);

impl TimeDelta {
    /// A span of `nanos` nanoseconds.
    #[must_use]
    pub const fn from_nanos(nanos: i128) -> Self {
        Self(nanos)
    }

    /// The span in nanoseconds.
    #[must_use]
    pub const fn as_nanos(self) -> i128 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_round_down_before_the_epoch() {
        assert_eq!(Timestamp::from_nanos(-1).parts(), (-1, 999_999_999));
        assert_eq!(Timestamp::from_parts(7, 1_500_000_000).parts(), (8, 500_000_000));
    }

    #[test]
    fn difference_is_signed() {
        let (early, late) = (Timestamp::from_parts(1, 0), Timestamp::from_parts(2, 5));
        assert_eq!((late - early).as_nanos(), 1_000_000_005);
        assert_eq!(early + (late - early), late);
        assert!((early - late).as_nanos() < 0);
    }
}
