//! Segments that wait for their acknowledgment.

use std::collections::VecDeque;

use super::super::SeqNumber;
use super::Nanos;
use crate::source::PacketNumber;

/// Most segments of one side that wait for an acknowledgment, as in Wireshark. Beyond it, which is 14 MB at 1,448
/// bytes each or a capture of one direction only, more are not noted.
pub const MAX_UNACKED: usize = 10_000;

/// What is kept of the queue's memory once it is empty: enough for the usual window.
const KEPT: usize = 64;

/// A segment that occupies sequence numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sent {
    /// First number, or the first that is not acknowledged.
    pub(super) seq: SeqNumber,
    /// First number after it.
    pub(super) next: SeqNumber,
    pub(super) packet: PacketNumber,
    pub(super) at: Nanos,
}

/// Segments that wait, oldest first.
#[derive(Clone, Debug, Default)]
pub(super) struct Unacked {
    sent: VecDeque<Sent>,
    /// Where the lowest begins and the highest ends; of no meaning while there are none.
    lowest: SeqNumber,
    highest: SeqNumber,
    /// Not each one begins where the one before ended or later.
    disordered: bool,
}

impl Unacked {
    /// Adds a segment, unless there are too many.
    pub(super) fn push(&mut self, sent: Sent) {
        if self.sent.len() >= MAX_UNACKED {
            return;
        }
        if self.sent.is_empty() {
            (self.lowest, self.highest, self.disordered) = (sent.seq, sent.next, false);
        } else {
            // In order they are also all within half the circle, so that any two can be told apart.
            self.disordered |= sent.seq.is_before(self.highest) || !self.lowest.is_before(sent.next);
            self.lowest = self.lowest.earlier(sent.seq);
            self.highest = self.highest.later(sent.next);
        }
        self.sent.push_back(sent);
    }

    /// The segment that waits longest.
    pub(super) fn oldest(&self) -> Option<&Sent> {
        self.sent.front()
    }

    /// How many numbers there are from the lowest that waits to the highest, those of a segment at `seq` up to `next`
    /// included. Wireshark takes for the lowest what is the least distance after `begins`; where numbers lie on both
    /// sides of that, so does this.
    pub(super) fn extent(&self, begins: SeqNumber, seq: SeqNumber, next: SeqNumber) -> u32 {
        let (mut lowest, mut highest) = (seq, next);
        if !self.sent.is_empty() {
            (lowest, highest) = (self.lowest.earlier(seq), self.highest.later(next));
        }
        if lowest.since(begins) <= highest.since(begins) {
            return highest.since(lowest);
        }
        let grow = |(low, high): (u32, u32), sent: &Sent| {
            (low.min(sent.seq.since(begins)), high.max(sent.next.since(begins)))
        };
        let (low, high) = self.sent.iter().fold((seq.since(begins), next.since(begins)), grow);
        high.wrapping_sub(low)
    }

    /// Takes away what ends at `ack` or before; of what `ack` lies within, the beginning. Answers with the oldest
    /// segment that ends exactly there.
    pub(super) fn acknowledge(&mut self, ack: SeqNumber) -> Option<Sent> {
        // Duplicate acknowledgments end here, however much waits.
        if self.sent.is_empty() || (!ack.is_after(self.lowest) && self.lowest.is_before(self.highest)) {
            return None;
        }
        let exact = if self.disordered { self.sift(ack) } else { self.drop_front(ack) };
        if self.sent.is_empty() && self.sent.capacity() > KEPT {
            self.sent.shrink_to(KEPT);
        }
        exact
    }

    fn drop_front(&mut self, ack: SeqNumber) -> Option<Sent> {
        let mut exact = None;
        while let Some(first) = self.sent.front().copied().filter(|first| !first.next.is_after(ack)) {
            exact = Some(first).filter(|first| first.next == ack);
            self.sent.pop_front();
        }
        if let Some(first) = self.sent.front_mut() {
            first.seq = first.seq.later(ack);
            self.lowest = first.seq;
        }
        exact
    }

    fn sift(&mut self, ack: SeqNumber) -> Option<Sent> {
        let mut exact = None;
        self.sent.retain_mut(|sent| {
            if sent.next == ack {
                exact.get_or_insert(*sent);
            }
            if sent.next.is_after(ack) && ack.is_after(sent.seq) {
                sent.seq = ack;
            }
            sent.next.is_after(ack)
        });
        let mut left = self.sent.iter();
        if let Some(first) = left.next() {
            (self.lowest, self.highest, self.disordered) = (first.seq, first.next, false);
            for sent in left {
                self.disordered |= sent.seq.is_before(self.highest) || !self.lowest.is_before(sent.next);
                self.lowest = self.lowest.earlier(sent.seq);
                self.highest = self.highest.later(sent.next);
            }
        }
        exact
    }
}

#[cfg(test)]
impl Unacked {
    pub(super) fn len(&self) -> usize {
        self.sent.len()
    }

    pub(super) fn capacity(&self) -> usize {
        self.sent.capacity()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// What the queue is to do, said without any short cut.
    #[derive(Default)]
    struct Plain(Vec<Sent>);

    impl Plain {
        fn acknowledge(&mut self, ack: SeqNumber) -> Option<Sent> {
            let exact = self.0.iter().find(|sent| sent.next == ack).copied();
            self.0.retain(|sent| sent.next.is_after(ack));
            for sent in &mut self.0 {
                sent.seq = sent.seq.later(ack);
            }
            exact
        }

        fn extent(&self, begins: SeqNumber, seq: SeqNumber, next: SeqNumber) -> u32 {
            let low = self.0.iter().map(|sent| sent.seq).chain([seq]).map(|low| low.since(begins)).min();
            let high = self.0.iter().map(|sent| sent.next).chain([next]).map(|high| high.since(begins)).max();
            high.unwrap().wrapping_sub(low.unwrap())
        }
    }

    proptest! {
        #[test]
        fn short_cuts_change_nothing(
            base in any::<u32>(),
            before in 0_u32..200,
            steps in prop::collection::vec((0_u32..400, 0_u32..60, any::<bool>()), 1..60),
        ) {
            let (mut unacked, mut plain) = (Unacked::default(), Plain::default());
            for (packet, (at, len, acknowledges)) in (1..).zip(steps) {
                let (seq, begins) = (SeqNumber(base).plus(at), SeqNumber(base).plus(before));
                if acknowledges {
                    prop_assert_eq!(unacked.acknowledge(seq), plain.acknowledge(seq));
                } else {
                    let sent = Sent { seq, next: seq.plus(len + 1), packet, at: 0 };
                    unacked.push(sent);
                    plain.0.push(sent);
                }
                let next = seq.plus(len);
                prop_assert_eq!(unacked.extent(begins, seq, next), plain.extent(begins, seq, next));
                prop_assert_eq!(unacked.oldest(), plain.0.first());
            }
        }
    }
}
