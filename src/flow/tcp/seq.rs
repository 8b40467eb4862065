//! Sequence numbers: 32 bits, ordered modulo 2^32 (RFC 9293 section 3.4).

use std::fmt;

/// A TCP sequence or acknowledgment number as sent.
///
/// It is before another where the shorter way round the circle leads forward to it; there is no total order,
/// so `Ord` is not implemented.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct SeqNumber(pub u32);

impl SeqNumber {
    /// Whether `self` comes before `other`.
    #[must_use]
    pub const fn is_before(self, other: Self) -> bool {
        self.distance_to(other) > 0
    }

    /// Whether `self` comes after `other`.
    #[must_use]
    pub const fn is_after(self, other: Self) -> bool {
        other.distance_to(self) > 0
    }

    /// Signed way from `self` to `other`: positive where `other` is ahead. Exactly half-way round counts as
    /// ahead in neither direction, and is -2^31.
    #[must_use]
    pub const fn distance_to(self, other: Self) -> i32 {
        other.0.wrapping_sub(self.0).cast_signed()
    }

    /// Bytes from `earlier` up to `self`, going forward.
    #[must_use]
    pub const fn since(self, earlier: Self) -> u32 {
        self.0.wrapping_sub(earlier.0)
    }

    /// The number `bytes` further on.
    #[must_use]
    pub const fn plus(self, bytes: u32) -> Self {
        Self(self.0.wrapping_add(bytes))
    }

    /// The later of two.
    #[must_use]
    pub const fn later(self, other: Self) -> Self {
        if other.is_after(self) { other } else { self }
    }

    /// The earlier of two.
    #[must_use]
    pub const fn earlier(self, other: Self) -> Self {
        if other.is_before(self) { other } else { self }
    }
}

impl fmt::Display for SeqNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn laws_of_the_circle(a in any::<u32>(), way in any::<u32>(), more in any::<u32>()) {
            let (a, b) = (SeqNumber(a), SeqNumber(a).plus(way));
            prop_assert_eq!(b.since(a), way);
            prop_assert_eq!(a.plus(way).plus(more), a.plus(more).plus(way));
            prop_assert_eq!(a.distance_to(b), way.cast_signed());
            prop_assert_eq!(a.is_before(b), b.is_after(a));
            prop_assert!(!(a.is_before(b) && b.is_before(a)));
            prop_assert_eq!(a.is_before(b) || b.is_before(a), way != 0 && way != 1 << 31);
            // Where both stand from somewhere else changes nothing.
            prop_assert_eq!(a.is_before(b), a.plus(more).is_before(b.plus(more)));
            if way < 1 << 31 {
                prop_assert_eq!((a.later(b), b.later(a)), (b, b));
                prop_assert_eq!((a.earlier(b), b.earlier(a)), (a, a));
            }
        }

        #[test]
        fn order_is_transitive_within_half_the_circle(a in any::<u32>(), ab in 1_u32..1 << 30, bc in 1_u32..1 << 30) {
            let (a, b, c) = (SeqNumber(a), SeqNumber(a).plus(ab), SeqNumber(a).plus(ab + bc));
            prop_assert!(a.is_before(b) && b.is_before(c) && a.is_before(c));
        }
    }

    #[test]
    fn order_goes_round_the_circle() {
        let (before, after) = (SeqNumber(0xffff_fff0), SeqNumber(5));
        assert!(before.is_before(after) && after.is_after(before));
        assert_eq!(before.distance_to(after), 21);
        assert_eq!(after.distance_to(before), -21);
        assert_eq!(after.since(before), 21);
        assert_eq!(before.plus(21), after);
        assert_eq!(before.later(after), after);
        assert_eq!(before.earlier(after), before);
        assert!(!before.is_before(before) && !before.is_after(before));
    }

    #[test]
    fn half_way_round_is_ahead_of_nothing() {
        let (a, b) = (SeqNumber(0), SeqNumber(1 << 31));
        assert!(!a.is_before(b) && !b.is_before(a));
    }
}
