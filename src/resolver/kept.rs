//! Things that are kept for a time, within bounds.

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;
use std::time::Duration;

/// Most answers that are remembered: far more than a class asks for.
pub const MAX_ANSWERS: usize = 10_000;

/// Most zones whose servers, and whose keys, are remembered.
pub const MAX_ZONES: usize = 2_000;

/// Most names of which is remembered whether a signed zone begins there: a zone has names in between, too.
pub const MAX_CUTS: usize = 5_000;

/// Most bytes of each of the four: answers, servers, keys, cuts. An answer of 64 KB takes the place of hundreds.
pub const MAX_BYTES: usize = 16 << 20;

/// Longest time that anything is kept, in seconds, whatever its time to live says: a day.
const MAX_TTL: u32 = 86_400;

/// Values by key, each for its time; the oldest make room.
#[derive(Debug)]
pub(super) struct Kept<K, V> {
    held: HashMap<K, Held<V>>,
    /// Every key once, the first that was put first.
    order: VecDeque<K>,
    bytes: usize,
    max_entries: usize,
    max_bytes: usize,
}

#[derive(Debug)]
struct Held<V> {
    value: V,
    bytes: usize,
    from: Duration,
    ttl: u32,
}

impl<V> Held<V> {
    /// Whole seconds that passed, if it may still be used (RFC 1035 section 3.2.1).
    fn age(&self, now: Duration) -> Option<u32> {
        let age = u32::try_from(now.saturating_sub(self.from).as_secs()).ok()?;
        (age < self.ttl).then_some(age)
    }
}

impl<K: Clone + Eq + Hash, V> Kept<K, V> {
    pub(super) fn new(max_entries: usize, max_bytes: usize) -> Self {
        Self { held: HashMap::new(), order: VecDeque::new(), bytes: 0, max_entries, max_bytes }
    }

    /// A value whose time is not over, and how many seconds ago it was put.
    pub(super) fn get(&self, key: &K, now: Duration) -> Option<(&V, u32)> {
        let held = self.held.get(key)?;
        Some((&held.value, held.age(now)?))
    }

    /// The same, to be changed.
    pub(super) fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        self.held.get_mut(key).map(|held| &mut held.value)
    }

    /// Puts a value of so many bytes for so many seconds, in the place of what is there. A value that may not be kept, or is too
    /// large to, is not, and what was there is gone, too: it is known to be old.
    pub(super) fn put(&mut self, key: K, value: V, bytes: usize, ttl: u32, now: Duration) {
        // A number that looks negative means no time at all (RFC 2181 section 8).
        let ttl = if ttl > u32::MAX / 2 { 0 } else { ttl.min(MAX_TTL) };
        if ttl == 0 || bytes > self.max_bytes {
            if let Some(before) = self.held.remove(&key) {
                self.bytes = self.bytes.saturating_sub(before.bytes);
                self.order.retain(|other| *other != key);
            }
            return;
        }
        let held = Held { value, bytes, from: now, ttl };
        self.bytes = self.bytes.saturating_add(bytes);
        if let Some(before) = self.held.insert(key.clone(), held) {
            self.bytes = self.bytes.saturating_sub(before.bytes);
        } else {
            self.order.push_back(key);
        }
        while self.held.len() > self.max_entries || self.bytes > self.max_bytes {
            let Some(oldest) = self.order.pop_front() else { return };
            if let Some(gone) = self.held.remove(&oldest) {
                self.bytes = self.bytes.saturating_sub(gone.bytes);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn what_is_kept_ages_and_goes() {
        let mut kept = Kept::new(10, 100);
        kept.put("a", 1, 10, 60, at(5));
        assert_eq!(kept.get(&"a", at(5)), Some((&1, 0)));
        assert_eq!(kept.get(&"a", at(64)), Some((&1, 59)));
        assert_eq!(kept.get(&"a", at(65)), None);
        assert_eq!(kept.get(&"b", at(5)), None);
    }

    #[test]
    fn what_has_no_time_or_no_room_is_not_kept() {
        let mut kept = Kept::new(10, 100);
        for (ttl, bytes) in [(0, 1), (1 << 31, 1), (u32::MAX, 1), (60, 101)] {
            kept.put("a", 1, bytes, ttl, at(0));
            assert_eq!(kept.get(&"a", at(0)), None, "{ttl} {bytes}");
        }
        kept.put("a", 1, 1, u32::MAX / 2, at(0));
        assert_eq!((kept.get(&"a", at(86_399)), kept.get(&"a", at(86_400))), (Some((&1, 86_399)), None));
    }

    #[test]
    fn what_may_not_be_kept_takes_the_place_of_what_was() {
        let mut kept = Kept::new(10, 100);
        kept.put("other", 0, 10, 60, at(0));
        for (ttl, bytes) in [(0, 1), (u32::MAX, 1), (60, 101)] {
            kept.put("a", 1, 10, 60, at(0));
            kept.put("a", 2, bytes, ttl, at(1));
            assert_eq!(kept.get(&"a", at(1)), None, "{ttl} {bytes}");
            assert_eq!((kept.held.len(), kept.order.len(), kept.bytes), (1, 1, 10));
        }
        assert_eq!(kept.get(&"other", at(1)), Some((&0, 1)));
    }

    #[test]
    fn the_oldest_make_room() {
        let mut few = Kept::new(2, 100);
        let mut small = Kept::new(10, 25);
        for kept in [&mut few, &mut small] {
            for key in 0..1000 {
                // Twice each: whatever is replaced leaves nothing behind.
                kept.put(key, "first", 10, 60, at(0));
                kept.put(key, "again", 10, 60, at(0));
            }
            assert_eq!((kept.held.len(), kept.order.len(), kept.bytes), (2, 2, 20));
            assert_eq!(kept.get(&999, at(0)), Some((&"again", 0)));
            assert_eq!(kept.get(&997, at(0)), None);
        }
    }
}
