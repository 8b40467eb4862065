//! Which sequence numbers of one side are in the capture: the end of what was seen, and the holes below it.

use super::seq::SeqNumber;
use crate::flow::Repeat;

/// Most holes remembered of one side. Real loss leaves a few; the oldest is forgotten first, and what would
/// fill it then counts as seen before.
const MAX_HOLES: usize = 64;

/// The sequence numbers of one side that were seen.
#[derive(Clone, Debug, Default)]
pub(super) struct Received {
    /// First number after everything seen; `None` before the first segment.
    next: Option<SeqNumber>,
    /// Ranges below `next` that were not seen, in order.
    holes: Vec<Hole>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Hole {
    start: SeqNumber,
    end: SeqNumber,
    /// The other side acknowledged it: it arrived, and the capture does not have it.
    acked: bool,
}

/// What a segment added.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Added {
    pub(super) repeat: Repeat,
    /// Sequence numbers that were seen before.
    pub(super) repeated: u32,
    /// Numbers skipped just before the segment.
    pub(super) missing_before: u32,
    /// Numbers of older holes that it filled.
    pub(super) filled: u32,
    /// It begins exactly where everything before it ended, or is the first of all.
    pub(super) in_order: bool,
}

impl Received {
    /// First number after everything seen.
    pub(super) fn next(&self) -> Option<SeqNumber> {
        self.next
    }

    /// Notes the `len` numbers from `seq`.
    pub(super) fn add(&mut self, seq: SeqNumber, len: u32) -> Added {
        let Some(next) = self.next else {
            self.next = Some(seq.plus(len));
            return Added { in_order: true, ..Added::default() };
        };
        if len == 0 {
            return Added { in_order: seq == next, ..Added::default() };
        }
        if seq == next {
            self.next = Some(seq.plus(len));
            return Added { in_order: self.holes.is_empty(), ..Added::default() };
        }
        let end = seq.plus(len);
        if seq.is_after(next) {
            if self.holes.len() >= MAX_HOLES {
                self.holes.remove(0);
            }
            self.holes.push(Hole { start: next, end: seq, acked: false });
            self.next = Some(end);
            return Added { missing_before: seq.since(next), ..Added::default() };
        }
        let beyond = if end.is_after(next) { end.since(next) } else { 0 };
        self.next = Some(next.later(end));
        let filled = self.fill(seq, end);
        let repeated = len.saturating_sub(beyond).saturating_sub(filled);
        let repeat = match repeated {
            0 => Repeat::New,
            some if some == len => Repeat::Whole,
            _ => Repeat::Partly,
        };
        Added { repeat, repeated, filled, ..Added::default() }
    }

    /// Takes `start..end` out of the holes; how many numbers that filled.
    fn fill(&mut self, start: SeqNumber, end: SeqNumber) -> u32 {
        if self.holes.is_empty() {
            return 0;
        }
        let mut filled = 0_u32;
        let mut left = Vec::with_capacity(self.holes.len());
        for hole in self.holes.drain(..) {
            let (from, to) = (hole.start.later(start), hole.end.earlier(end));
            if !from.is_before(to) {
                left.push(hole);
                continue;
            }
            filled = filled.saturating_add(to.since(from));
            if hole.start.is_before(from) {
                left.push(Hole { end: from, ..hole });
            }
            if to.is_before(hole.end) {
                left.push(Hole { start: to, ..hole });
            }
        }
        left.truncate(MAX_HOLES);
        self.holes = left;
        filled
    }

    /// The other side acknowledged everything before `ack`; how many holes that shows to be gaps of the capture.
    pub(super) fn acked(&mut self, ack: SeqNumber) -> u32 {
        let mut gaps = 0_u32;
        for hole in self.holes.iter_mut().filter(|hole| !hole.acked && hole.start.is_before(ack)) {
            hole.acked = true;
            gaps = gaps.saturating_add(1);
        }
        gaps
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(parts: &[(u32, u32)]) -> (Received, Vec<Added>) {
        let mut received = Received::default();
        let added = parts.iter().map(|&(seq, len)| received.add(SeqNumber(seq), len)).collect();
        (received, added)
    }

    #[test]
    fn a_hole_is_missing_until_it_is_filled() {
        let (received, added) = seen(&[(100, 10), (130, 10), (110, 5), (115, 15), (110, 20)]);
        assert_eq!(added[1].missing_before, 20);
        assert_eq!((added[2].filled, added[2].repeat), (5, Repeat::New));
        assert_eq!((added[3].filled, added[3].repeat), (15, Repeat::New));
        assert_eq!((added[4].repeated, added[4].repeat), (20, Repeat::Whole));
        assert_eq!(received.next(), Some(SeqNumber(140)));
    }

    #[test]
    fn overlap_is_a_part_repeat_across_the_wrap() {
        let (received, added) = seen(&[(0xffff_fff0, 0x20), (0, 0x20)]);
        assert_eq!((added[1].repeated, added[1].repeat), (0x10, Repeat::Partly));
        assert_eq!(received.next(), Some(SeqNumber(0x20)));
    }

    #[test]
    fn a_hole_that_was_acknowledged_is_a_gap_once() {
        let (mut received, _) = seen(&[(100, 10), (130, 10)]);
        assert_eq!(received.acked(SeqNumber(110)), 0);
        assert_eq!(received.acked(SeqNumber(140)), 1);
        assert_eq!(received.acked(SeqNumber(140)), 0);
        // Even so the bytes were not in the capture: a late copy is new.
        assert_eq!(received.add(SeqNumber(110), 20).repeat, Repeat::New);
    }

    #[test]
    fn holes_are_bounded() {
        let parts: Vec<_> = (0..1000).map(|n| (n * 10, 1)).collect();
        assert_eq!(seen(&parts).0.holes.len(), MAX_HOLES);
    }
}
