//! The bytes of one side that were delivered last: what a segment that says other bytes for them is told by.

use std::collections::VecDeque;

use super::reassembly::part;
use crate::source::PacketNumber;

/// Most delivered bytes remembered of one side: the largest window without scaling (RFC 9293 section 3.1), and so what
/// an attacker's second version of bytes has to come within on most paths.
pub(super) const MAX_REMEMBERED_BYTES: usize = 64 << 10;

/// Most packets whose bytes are remembered of one side: the bytes above at 64 bytes a packet. Guards against tiny ones.
pub(super) const MAX_REMEMBERED_PACKETS: usize = 1024;

/// A segment that says other bytes than an earlier packet for the same place of the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Conflict {
    /// The packet that came first, whose bytes are believed; where several did, that of the first byte in dispute.
    pub believed: PacketNumber,
    /// The packet that contradicts it.
    pub contradicts: PacketNumber,
    /// The first byte in dispute, counted from the start of its side of the stream, missing bytes included.
    pub offset: u64,
    /// From there to the last byte in dispute, in bytes.
    pub len: u64,
}

/// Bytes in dispute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Dispute {
    pub(super) believed: PacketNumber,
    pub(super) from: u64,
    pub(super) to: u64,
}

impl Dispute {
    /// What `theirs`, which `believed` brought to position `at`, and `mine` disagree about.
    pub(super) fn between<'b>(
        mine: &[u8],
        theirs: impl Iterator<Item = &'b u8>,
        at: u64,
        believed: PacketNumber,
    ) -> Option<Self> {
        let mut found = None;
        for (position, (mine, theirs)) in (at..).zip(mine.iter().zip(theirs)) {
            if mine != theirs {
                let here = Self { believed, from: position, to: position.saturating_add(1) };
                found = Self::joined(found, Some(here));
            }
        }
        found
    }

    /// Both together: the packet of the first, the range of all.
    pub(super) fn joined(first: Option<Self>, second: Option<Self>) -> Option<Self> {
        match (first, second) {
            (Some(first), Some(second)) => Some(Self { to: first.to.max(second.to), ..first }),
            (first, second) => first.or(second),
        }
    }
}

/// What was delivered last.
#[derive(Clone, Debug, Default)]
pub(super) struct Recent {
    bytes: VecDeque<u8>,
    /// What the bytes are, in the same order; together they are as long.
    runs: VecDeque<Run>,
    /// Bytes ever taken.
    taken: u64,
    /// Everything before this position is forgotten.
    forgotten: u64,
}

/// Bytes of one packet that stand together.
#[derive(Clone, Copy, Debug)]
struct Run {
    start: u64,
    end: u64,
    /// Bytes taken before it.
    at: u64,
    packet: PacketNumber,
}

impl Recent {
    /// `bytes`, which stand at position `start`, were delivered.
    pub(super) fn take(&mut self, start: u64, bytes: &[u8], packet: PacketNumber) {
        let len = count(bytes.len());
        let end = start.saturating_add(len);
        match self.runs.back_mut() {
            Some(last) if last.packet == packet && last.end == start => last.end = end,
            _ => self.runs.push_back(Run { start, end, at: self.taken, packet }),
        }
        self.taken = self.taken.saturating_add(len);
        self.bytes.extend(bytes);
        while self.runs.len() > MAX_REMEMBERED_PACKETS || self.bytes.len() > MAX_REMEMBERED_BYTES {
            self.forget_some();
        }
    }

    /// Forgets everything.
    pub(super) fn forget(&mut self) {
        let forgotten = self.runs.back().map_or(self.forgotten, |last| last.end);
        *self = Self { taken: self.taken, forgotten, ..Self::default() };
    }

    /// Memory that it takes, in bytes.
    pub(super) fn held(&self) -> usize {
        self.bytes.capacity().saturating_add(self.runs.capacity().saturating_mul(size_of::<Run>()))
    }

    /// What `bytes` at position `start` disagree about with the bytes that were delivered, and how many of them are
    /// before all that is remembered.
    pub(super) fn compare(&self, start: u64, bytes: &[u8]) -> (Option<Dispute>, u64) {
        let end = start.saturating_add(count(bytes.len()));
        let mut found = None;
        let first = self.runs.partition_point(|run| run.end <= start);
        for run in self.runs.iter().skip(first).take_while(|run| run.start < end) {
            let (from, to) = (run.start.max(start), run.end.min(end));
            let mine = part(bytes, from.saturating_sub(start), to.saturating_sub(from));
            let theirs = self.bytes.iter().skip(self.index(run, from));
            found = Dispute::joined(found, Dispute::between(mine, theirs, from, run.packet));
        }
        (found, end.min(self.forgotten).saturating_sub(start))
    }

    /// Where the byte at `position` of `run` is in `bytes`.
    fn index(&self, run: &Run, position: u64) -> usize {
        let gone = self.taken.saturating_sub(count(self.bytes.len()));
        let index = run.at.saturating_add(position.saturating_sub(run.start)).saturating_sub(gone);
        usize::try_from(index).unwrap_or(usize::MAX)
    }

    /// Forgets the oldest packet, or only as much of it as is too much.
    fn forget_some(&mut self) {
        let Some(first) = self.runs.front_mut() else { return };
        let len = first.end.saturating_sub(first.start);
        let too_much = count(self.bytes.len().saturating_sub(MAX_REMEMBERED_BYTES));
        let all = too_much == 0 || too_much >= len;
        let drop = if all { len } else { too_much };
        first.start = first.start.saturating_add(drop);
        first.at = first.at.saturating_add(drop);
        self.forgotten = first.start;
        if all {
            self.runs.pop_front();
        }
        let drop = usize::try_from(drop).unwrap_or(usize::MAX).min(self.bytes.len());
        self.bytes.drain(..drop);
    }
}

fn count(len: usize) -> u64 {
    u64::try_from(len).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_remembered_is_bounded_and_what_is_not_is_counted() {
        let mut recent = Recent::default();
        let block = [7; 1000];
        for n in 0..100_u64 {
            recent.take(n * 1000, &block, n);
            assert!(recent.bytes.len() <= MAX_REMEMBERED_BYTES);
        }
        assert_eq!(recent.forgotten, 100_000 - 65_536);
        assert_eq!(recent.compare(0, &[8; 10]), (None, 10));
        let dispute = |believed, from, to| Some(Dispute { believed, from, to });
        assert_eq!(recent.compare(34_460, &[8; 5]), (dispute(34, 34_464, 34_465), 4));
        assert_eq!(recent.compare(98_999, &[8, 7, 8, 7]), (dispute(98, 98_999, 99_002), 0));
        recent.forget();
        assert_eq!((recent.compare(99_000, &[8; 10]), recent.held()), ((None, 10), 0));
    }

    #[test]
    fn tiny_packets_are_bounded_too_and_gaps_are_not_compared() {
        let mut recent = Recent::default();
        for n in 0..5000_u64 {
            recent.take(n * 2, &[7], n);
            assert!(recent.runs.len() <= MAX_REMEMBERED_PACKETS);
        }
        let first = (5000 - 1024) * 2;
        assert_eq!((recent.forgotten, recent.bytes.len()), (first - 1, 1024));
        assert_eq!(recent.compare(first, &[7, 8, 7, 8, 7]), (None, 0));
        let found = Dispute { believed: 3977, from: first + 2, to: first + 3 };
        assert_eq!(recent.compare(first, &[7, 7, 8]), (Some(found), 0));
    }
}
