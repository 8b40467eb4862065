//! Bytes that were sent, by the sequence numbers, and are not in the capture: which, between which packets, and whether
//! they arrived.

use crate::flow::{Direction, PacketStamp, SeqNumber};
use crate::source::PacketNumber;

/// Most gaps remembered of a flow; more are only counted. The judge of segments remembers as many of a side.
pub const MAX_GAPS: usize = 64;

/// Whether the bytes of a gap arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// What the other side acknowledged later does not tell.
    Unknown,
    /// This packet acknowledges them all: the capture missed them.
    Arrived(PacketNumber),
    /// Several later acknowledgments, the last in this packet, ask for its first byte: lost on the way, most likely.
    Lost(PacketNumber),
}

/// Bytes of one side that are not in the capture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gap {
    /// The packet behind it.
    pub at: PacketStamp,
    /// The packet of the same side before that.
    pub after: PacketNumber,
    /// Whose bytes they are.
    pub by: Direction,
    /// Relative sequence number of the first byte.
    pub start: u32,
    /// Relative sequence number behind the last byte.
    pub end: u32,
    /// Whether they arrived.
    pub fate: Fate,
    /// How many later acknowledgments end where it begins.
    asked: u8,
}

/// So many acknowledgments that end where the gap begins tell of a loss: the first and two duplicates, for one may have been
/// on its way.
const ENOUGH: u8 = 3;

impl Gap {
    /// The bytes `start..end` of the side `by`, missing between its packets `after` and `at`.
    pub(super) const fn new(
        at: PacketStamp,
        after: PacketNumber,
        by: Direction,
        start: u32,
        end: u32,
    ) -> Self {
        Self { at, after, by, start, end, fate: Fate::Unknown, asked: 0 }
    }

    /// How many bytes.
    #[must_use]
    pub const fn len(&self) -> u32 {
        self.end.wrapping_sub(self.start)
    }

    /// Nothing is missing.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.start == self.end
    }
}

/// The gaps of a flow.
#[derive(Clone, Debug, Default)]
pub(super) struct Gaps {
    list: Vec<Gap>,
    /// Those that found no room.
    pub(super) not_kept: u64,
}

impl Gaps {
    pub(super) fn list(&self) -> &[Gap] {
        &self.list
    }

    /// Adds a gap; whether it was kept.
    pub(super) fn add(&mut self, gap: Gap, has_room: bool) -> bool {
        let is_kept = has_room && self.list.len() < MAX_GAPS;
        if is_kept {
            self.list.push(gap);
        } else {
            self.not_kept = self.not_kept.saturating_add(1);
        }
        is_kept
    }

    /// `len` bytes of the side `by` came, late or sent again.
    pub(super) fn fill(&mut self, by: Direction, seq: u32, len: u32) {
        let (from, to) = (SeqNumber(seq), SeqNumber(seq).plus(len));
        let mut behind = Vec::new();
        for gap in self.list.iter_mut().filter(|gap| gap.by == by) {
            let (start, end) = (SeqNumber(gap.start), SeqNumber(gap.end));
            if !from.is_before(end) || !start.is_before(to) {
                continue;
            }
            gap.end = start.later(from.earlier(end)).0;
            if to.is_before(end) {
                let rest = Gap { start: to.0, end: end.0, ..*gap };
                if gap.is_empty() { *gap = rest } else { behind.push(rest) }
            }
        }
        self.list.retain(|gap| !gap.is_empty());
        for gap in behind {
            self.add(gap, true);
        }
    }

    /// The other side acknowledges all bytes of `by` before `ack`.
    pub(super) fn acknowledged(&mut self, by: Direction, ack: u32, packet: PacketNumber) {
        let open = self.list.iter_mut().filter(|gap| gap.by == by && !matches!(gap.fate, Fate::Arrived(_)));
        for gap in open {
            if !SeqNumber(ack).is_before(SeqNumber(gap.end)) {
                gap.fate = Fate::Arrived(packet);
            } else if ack == gap.start {
                gap.asked = gap.asked.saturating_add(1);
                gap.fate = if gap.asked >= ENOUGH { Fate::Lost(packet) } else { gap.fate };
            }
        }
    }

    /// The sides were taken for each other.
    pub(super) fn swap_sides(&mut self) {
        self.list.iter_mut().for_each(|gap| gap.by = gap.by.reversed());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ORIG: Direction = Direction::OrigToResp;

    fn gap(start: u32, end: u32) -> Gap {
        let at = PacketStamp { number: 5, ts: None };
        Gap::new(at, 4, ORIG, start, end)
    }

    fn ranges(gaps: &Gaps) -> Vec<(u32, u32, Fate)> {
        gaps.list().iter().map(|gap| (gap.start, gap.end, gap.fate)).collect()
    }

    #[test]
    fn what_comes_late_is_no_longer_missing() {
        let mut gaps = Gaps::default();
        assert!(gaps.add(gap(100, 200), true));
        gaps.fill(ORIG.reversed(), 100, 100);
        gaps.fill(ORIG, 50, 50);
        gaps.fill(ORIG, 200, 50);
        assert_eq!(ranges(&gaps), [(100, 200, Fate::Unknown)]);
        gaps.fill(ORIG, 90, 20);
        gaps.fill(ORIG, 140, 20);
        gaps.fill(ORIG, 190, 20);
        assert_eq!(ranges(&gaps), [(110, 140, Fate::Unknown), (160, 190, Fate::Unknown)]);
        gaps.fill(ORIG, 100, 100);
        assert!(gaps.list().is_empty());
    }

    #[test]
    fn an_acknowledgment_tells_what_arrived() {
        let mut gaps = Gaps::default();
        for start in [100, 300] {
            gaps.add(gap(start, start + 100), true);
        }
        gaps.acknowledged(ORIG, 300, 8);
        gaps.acknowledged(ORIG, 300, 9);
        assert_eq!(gaps.list()[1].fate, Fate::Unknown, "one may have been on its way");
        gaps.acknowledged(ORIG, 300, 10);
        gaps.acknowledged(ORIG.reversed(), 500, 11);
        assert_eq!(ranges(&gaps), [(100, 200, Fate::Arrived(8)), (300, 400, Fate::Lost(10))]);
        let many = u32::try_from(MAX_GAPS).unwrap();
        (0..many).for_each(|_| _ = gaps.add(gap(500, 600), true));
        assert_eq!((gaps.list().len(), gaps.not_kept), (MAX_GAPS, 2));
    }
}
