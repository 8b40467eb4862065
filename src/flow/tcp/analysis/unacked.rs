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

/// Segments in a block. An acknowledgment looks at each block and into few, so the work is least where there are
/// about as many blocks as segments in one.
const BLOCK: usize = if cfg!(test) { 4 } else { 128 };

/// A segment that occupies sequence numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sent {
    /// First number, or the first that is not acknowledged; in a block it may lag behind ([`Block::trimmed`]).
    pub(super) seq: SeqNumber,
    /// First number after it.
    pub(super) next: SeqNumber,
    pub(super) packet: PacketNumber,
    pub(super) at: Nanos,
}

/// Segments that wait.
///
/// As long as each begins where the one before ended or later, they stand in a queue that is taken from at its front.
/// After a retransmission they stand in blocks, so that ten thousand of them cost little work an acknowledgment
/// whatever their order.
#[derive(Clone, Debug, Default)]
pub(super) struct Unacked {
    /// In order, oldest first; empty while there are blocks.
    queue: VecDeque<Sent>,
    /// Oldest first; none of them is empty.
    blocks: Vec<Block>,
    /// How many there are in all.
    count: usize,
    /// Where the lowest begins and the highest ends; of no meaning while there are none.
    lowest: SeqNumber,
    highest: SeqNumber,
}

/// Segments that were sent one after the other.
#[derive(Clone, Debug)]
struct Block {
    sent: Vec<Sent>,
    /// All of them begin here or later, whatever they say themselves.
    trimmed: Option<SeqNumber>,
    lowest: SeqNumber,
    /// Where the first of them ends, and the last.
    first_end: SeqNumber,
    last_end: SeqNumber,
}

impl Block {
    fn new(sent: Sent) -> Self {
        let (lowest, first_end, last_end) = (sent.seq, sent.next, sent.next);
        Self { sent: vec![sent], trimmed: None, lowest, first_end, last_end }
    }

    fn push(&mut self, sent: Sent) {
        if let Some(trimmed) = self.trimmed.take() {
            self.sent.iter_mut().for_each(|sent| sent.seq = sent.seq.later(trimmed));
        }
        self.sent.push(sent);
        self.measure(sent);
    }

    fn measure(&mut self, sent: Sent) {
        self.lowest = self.lowest.earlier(sent.seq);
        self.first_end = self.first_end.earlier(sent.next);
        self.last_end = self.last_end.later(sent.next);
    }

    /// The segments, beginning where they do by now.
    fn iter(&self) -> impl Iterator<Item = Sent> + Clone + '_ {
        self.sent.iter().map(|sent| Sent {
            seq: self.trimmed.map_or(sent.seq, |trimmed| sent.seq.later(trimmed)),
            ..*sent
        })
    }

    /// Takes away what `ack` covers; notes the first segment that ends exactly there.
    fn acknowledge(&mut self, ack: SeqNumber, exact: &mut Option<Sent>) {
        if self.first_end.is_after(ack) {
            if self.lowest.is_before(ack) {
                (self.lowest, self.trimmed) = (ack, Some(ack));
            }
            return;
        }
        let trimmed = self.trimmed.take().unwrap_or(ack).later(ack);
        self.sent.retain_mut(|sent| {
            if sent.next == ack {
                exact.get_or_insert(*sent);
            }
            sent.seq = sent.seq.later(trimmed);
            sent.next.is_after(ack)
        });
        if let Some(&first) = self.sent.first() {
            (self.lowest, self.first_end, self.last_end) = (first.seq, first.next, first.next);
            for place in 1..self.sent.len() {
                let Some(&sent) = self.sent.get(place) else { break };
                self.measure(sent);
            }
        }
    }
}

impl Unacked {
    /// Adds a segment, unless there are too many.
    pub(super) fn push(&mut self, sent: Sent) {
        if self.count >= MAX_UNACKED {
            return;
        }
        if self.count == 0 {
            (self.lowest, self.highest) = (sent.seq, sent.next);
        }
        // In order they are also all within half the circle, so that any two can be told apart.
        let in_order =
            self.count == 0 || (!sent.seq.is_before(self.highest) && self.lowest.is_before(sent.next));
        self.count = self.count.saturating_add(1);
        self.lowest = self.lowest.earlier(sent.seq);
        self.highest = self.highest.later(sent.next);
        if self.blocks.is_empty() && in_order {
            self.queue.push_back(sent);
            return;
        }
        let queue = std::mem::take(&mut self.queue);
        queue.into_iter().chain([sent]).for_each(|sent| self.push_in_blocks(sent));
    }

    fn push_in_blocks(&mut self, sent: Sent) {
        match self.blocks.last_mut().filter(|block| block.sent.len() < BLOCK) {
            Some(block) => block.push(sent),
            None => self.blocks.push(Block::new(sent)),
        }
    }

    /// The segment that waits longest.
    pub(super) fn oldest(&self) -> Option<&Sent> {
        self.queue.front().or_else(|| self.blocks.first()?.sent.first())
    }

    /// How many numbers there are from the lowest that waits to the highest, those of a segment at `seq` up to `next`
    /// included. Wireshark takes for the lowest what is the least distance after `begins`; where numbers lie on both
    /// sides of that, so does this.
    pub(super) fn extent(&self, begins: SeqNumber, seq: SeqNumber, next: SeqNumber) -> u32 {
        let (mut lowest, mut highest) = (seq, next);
        if self.count > 0 {
            (lowest, highest) = (self.lowest.earlier(seq), self.highest.later(next));
        }
        if lowest.since(begins) <= highest.since(begins) {
            return highest.since(lowest);
        }
        let grow = |(low, high): (u32, u32), sent: Sent| {
            (low.min(sent.seq.since(begins)), high.max(sent.next.since(begins)))
        };
        let all = self.queue.iter().copied().chain(self.blocks.iter().flat_map(Block::iter));
        let (low, high) = all.fold((seq.since(begins), next.since(begins)), grow);
        high.wrapping_sub(low)
    }

    /// Takes away what ends at `ack` or before; of what `ack` lies within, the beginning. Answers with the oldest
    /// segment that ends exactly there.
    pub(super) fn acknowledge(&mut self, ack: SeqNumber) -> Option<Sent> {
        // Duplicate acknowledgments end here, however much waits.
        if self.count == 0 || (!ack.is_after(self.lowest) && self.lowest.is_before(self.highest)) {
            return None;
        }
        let exact = if self.blocks.is_empty() { self.drop_front(ack) } else { self.sift(ack) };
        if self.count == 0 && self.queue.capacity() > KEPT {
            self.queue.shrink_to(KEPT);
        }
        exact
    }

    /// Gives the memory back, where nothing waits.
    pub(super) fn rest(&mut self) {
        if self.count == 0 {
            *self = Self::default();
        }
    }

    fn drop_front(&mut self, ack: SeqNumber) -> Option<Sent> {
        let mut exact = None;
        while let Some(first) = self.queue.front().copied().filter(|first| !first.next.is_after(ack)) {
            exact = Some(first).filter(|first| first.next == ack);
            self.queue.pop_front();
        }
        self.count = self.queue.len();
        if let Some(first) = self.queue.front_mut() {
            first.seq = first.seq.later(ack);
            self.lowest = first.seq;
        }
        exact
    }

    fn sift(&mut self, ack: SeqNumber) -> Option<Sent> {
        let mut exact = None;
        self.blocks.iter_mut().for_each(|block| block.acknowledge(ack, &mut exact));
        self.blocks.retain(|block| !block.sent.is_empty());
        self.count = self.blocks.iter().map(|block| block.sent.len()).sum();
        // Blocks of which little is left are filled up again, or they would become as many as the segments.
        if self.blocks.len() > 2 * (self.count / BLOCK) + 2 {
            let blocks = std::mem::take(&mut self.blocks);
            blocks.iter().flat_map(Block::iter).for_each(|sent| self.push_in_blocks(sent));
        }
        if let Some((first, others)) = self.blocks.split_first() {
            (self.lowest, self.highest) = (first.lowest, first.last_end);
            for block in others {
                self.lowest = self.lowest.earlier(block.lowest);
                self.highest = self.highest.later(block.last_end);
            }
        }
        if self.blocks.len() <= 1 {
            self.queue_up();
        }
        exact
    }

    /// Back to the queue, if what waits is in order by now.
    fn queue_up(&mut self) {
        let mut end: Option<SeqNumber> = None;
        let all = self.blocks.iter().flat_map(Block::iter);
        let in_order = all.clone().all(|sent| {
            end.replace(sent.next).is_none_or(|end| !sent.seq.is_before(end))
                && !sent.next.is_after(self.highest)
        });
        if in_order {
            self.queue.extend(all);
            self.blocks.clear();
        }
    }
}

#[cfg(test)]
impl Unacked {
    pub(super) fn len(&self) -> usize {
        self.count
    }

    pub(super) fn capacity(&self) -> usize {
        self.queue.capacity()
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

    /// Where a segment begins is kept up to date only where it is asked for.
    fn packet_of(sent: Option<Sent>) -> Option<PacketNumber> {
        sent.map(|sent| sent.packet)
    }

    proptest! {
        #[test]
        fn short_cuts_change_nothing(
            base in any::<u32>(),
            before in 0_u32..200,
            steps in prop::collection::vec((0_u32..400, 0_u32..60, 0_u8..4), 1..150),
        ) {
            let (mut unacked, mut plain) = (Unacked::default(), Plain::default());
            for (packet, (at, len, acknowledges)) in (1..).zip(steps) {
                let (seq, begins) = (SeqNumber(base).plus(at), SeqNumber(base).plus(before));
                if acknowledges == 0 {
                    prop_assert_eq!(packet_of(unacked.acknowledge(seq)), packet_of(plain.acknowledge(seq)));
                } else {
                    let sent = Sent { seq, next: seq.plus(len + 1), packet, at: 0 };
                    unacked.push(sent);
                    plain.0.push(sent);
                }
                let next = seq.plus(len);
                prop_assert_eq!(unacked.extent(begins, seq, next), plain.extent(begins, seq, next));
                prop_assert_eq!(packet_of(unacked.oldest().copied()), packet_of(plain.0.first().copied()));
                prop_assert_eq!(unacked.len(), plain.0.len());
            }
        }
    }
}
