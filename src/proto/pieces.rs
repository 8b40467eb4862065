//! Which parts of a message are there that comes in pieces, in any order.

use std::collections::BTreeMap;

/// Most parts that wait for what lies between them: a client that shuffles its hello makes some tens.
pub(super) const MAX_PIECES: usize = 1024;

/// Parts that are there, by their beginning; they neither overlap nor touch.
#[derive(Debug, Default)]
pub(super) struct Pieces(BTreeMap<usize, usize>);

impl Pieces {
    /// Notes that `start..end` is there; `false` where there are too many parts for one more.
    pub(super) fn add(&mut self, start: usize, end: usize) -> bool {
        // The nearest first: as soon as one ends before this begins, all others do.
        let near = self.0.range(..=end).rev().take_while(|(_, until)| **until >= start);
        let near: Vec<usize> = near.map(|(at, _)| *at).collect();
        if near.is_empty() && self.0.len() >= MAX_PIECES {
            return false;
        }
        let (mut from, mut to) = (start, end);
        for at in near {
            if let Some(until) = self.0.remove(&at) {
                from = from.min(at);
                to = to.max(until);
            }
        }
        self.0.insert(from, to);
        true
    }

    /// How much is there from the beginning on.
    pub(super) fn reach(&self) -> usize {
        self.0.get(&0).copied().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_that_meet_are_one() {
        let mut pieces = Pieces::default();
        for (start, end) in [(4, 6), (8, 9), (0, 2), (6, 7), (2, 4), (1, 5)] {
            assert!(pieces.add(start, end));
        }
        assert_eq!(pieces.0.into_iter().collect::<Vec<_>>(), [(0, 7), (8, 9)]);
    }

    #[test]
    fn parts_that_never_meet_are_not_kept_without_end() {
        let mut pieces = Pieces::default();
        let kept = (2..60_000).step_by(2).filter(|at| pieces.add(*at, at + 1)).count();
        assert_eq!((kept, pieces.0.len()), (MAX_PIECES, MAX_PIECES));
        // What closes a gap is taken all the same.
        assert!(pieces.add(3, 4));
        assert_eq!((pieces.0.len(), pieces.0.get(&2)), (MAX_PIECES - 1, Some(&5)));
    }
}
