//! The payload of a flow in turns: who said what, in which packets.

use super::{Conflict, Direction, PacketStamp};
use crate::source::PacketNumber;

/// Most packet numbers listed of one turn; the others are counted.
pub const MAX_TURN_PACKETS: usize = 16;

/// Payload bytes kept of all flows together: what a machine that opens a capture can spare.
pub const MAX_KEPT_BYTES: u64 = 256 << 20;

/// Payload bytes, packet numbers and turns kept of all streams that are followed, in bytes: streams are wanted whole, and
/// this much fits into the memory of a small machine. One flow of a larger capture is followed by its number.
pub const MAX_FOLLOWED_BYTES: u64 = 1 << 30;

/// Most packet numbers listed of one turn of a stream that is followed: a download of 1.4 GB in full segments.
pub const MAX_FOLLOWED_TURN_PACKETS: usize = 1 << 20;

/// What the number of a packet costs, in bytes.
const PACKET_COST: u64 = 8;

/// What a kept turn costs beside its bytes (the record, its two lists, spare room in the list of turns), counted against
/// [`MAX_KEPT_BYTES`], so that many tiny turns are bounded too.
const TURN_COST: u64 = 512;

/// Most turns kept of one flow; the others are counted. A person reads the first; a chat of a day has fewer.
pub const MAX_TURNS: usize = 4096;

/// The payload of one flow, in the order it was said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Conversation {
    /// The turns, up to [`MAX_TURNS`] unless streams are followed whole.
    pub turns: Vec<Turn>,
    /// Turns beyond that.
    pub turns_not_kept: u64,
    /// Payload bytes kept in `turns`.
    pub kept_bytes: u64,
    /// Payload bytes in all, kept or not; repeats are not counted.
    pub total_bytes: u64,
    /// The first segments that disagreed with an earlier one about some byte, and whose they are.
    pub named_conflicts: Vec<(Direction, Conflict)>,
    /// The cap of one flow was reached: bytes or turns were not kept.
    pub at_flow_limit: bool,
    /// The cap of all flows together was reached.
    pub at_total_limit: bool,
    /// What is counted of who began.
    pub orig: SideTalk,
    /// What is counted of who was addressed.
    pub resp: SideTalk,
    /// The last turn is not kept, and whose it was.
    unkept: Option<Direction>,
}

/// What is counted of one side of a conversation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SideTalk {
    /// Bytes that are missing in the capture.
    pub missing_bytes: u64,
    /// Those of them that no turn tells, because nothing of this side comes behind them.
    pub missing_at_end: u64,
    /// Payload bytes that were captured and not kept.
    pub not_kept_bytes: u64,
    /// Payload bytes that were kept.
    pub kept_bytes: u64,
    /// Segments that disagreed with an earlier one about some byte.
    pub conflicts: u64,
    /// Repeated bytes that were not compared with the first, because that was too long ago to be remembered.
    pub not_compared_bytes: u64,
}

/// How much payload may still be kept.
#[derive(Clone, Copy, Debug)]
pub(super) struct Budget {
    /// Of one side of a flow.
    pub(super) per_side: u64,
    /// Of all flows, what is left.
    pub(super) total_left: u64,
    /// Turns kept of one flow.
    pub(super) turns: usize,
    /// What stands behind bytes that the capture cut off is kept too, as a turn of its own.
    pub(super) whole: bool,
    /// Packet numbers listed of one turn.
    pub(super) turn_packets: usize,
}

/// Something that is said.
#[derive(Clone, Copy, Debug)]
pub(super) struct Said<'a> {
    pub(super) by: Direction,
    pub(super) bytes: &'a [u8],
    /// Length on the wire.
    pub(super) len: u64,
    pub(super) packet: PacketStamp,
    /// It is a message of its own, not a part of a stream.
    pub(super) datagram: bool,
}

impl Conversation {
    /// Whether everything that was said is in `turns`.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.turns_not_kept == 0
            && self.kept_bytes == self.total_bytes
            && self.count(None, |side| side.missing_bytes) == 0
    }

    /// What is counted of one side.
    #[must_use]
    pub const fn side(&self, of: Direction) -> &SideTalk {
        match of {
            Direction::OrigToResp => &self.orig,
            Direction::RespToOrig => &self.resp,
        }
    }

    /// One of the counts, of `only` one side or of both together.
    #[must_use]
    pub fn count(&self, only: Option<Direction>, of: impl Fn(&SideTalk) -> u64) -> u64 {
        match only {
            Some(side) => of(self.side(side)),
            None => of(&self.orig).saturating_add(of(&self.resp)),
        }
    }
}

impl Conversation {
    /// Adds what is said, in order.
    pub(super) fn say(&mut self, said: Said<'_>, budget: &mut Budget) {
        self.total_bytes = self.total_bytes.saturating_add(said.len);
        let gap = std::mem::take(&mut self.side_mut(said.by).missing_at_end);
        let continues = !said.datagram && gap == 0;
        let had = u64::try_from(said.bytes.len()).unwrap_or(u64::MAX);
        if continues && self.unkept == Some(said.by) {
            self.side_mut(said.by).leave_out(had);
            return;
        }
        let same_turn = continues && self.unkept.is_none();
        let index = match self.turns.last() {
            Some(last) if same_turn && last.direction == said.by && (!budget.whole || last.is_whole()) => {
                self.turns.len().saturating_sub(1)
            }
            _ => match self.begin_turn(&said, gap, budget) {
                Some(index) => index,
                None => {
                    self.side_mut(said.by).leave_out(had);
                    return;
                }
            },
        };
        let left = budget.per_side.saturating_sub(self.side(said.by).kept_bytes);
        let Some(turn) = self.turns.get_mut(index) else { return };
        let room = left.min(budget.total_left);
        let numbers = turn.packets.len();
        let kept = turn.take(&said, usize::try_from(room).unwrap_or(usize::MAX), budget.turn_packets);
        let cost = if turn.packets.len() > numbers { PACKET_COST } else { 0 };
        self.kept_bytes = self.kept_bytes.saturating_add(kept);
        let side = self.side_mut(said.by);
        side.kept_bytes = side.kept_bytes.saturating_add(kept);
        side.leave_out(had.saturating_sub(kept));
        if kept < had {
            self.at_flow_limit |= left <= budget.total_left;
            self.at_total_limit |= left > budget.total_left;
        }
        budget.total_left = budget.total_left.saturating_sub(kept).saturating_sub(cost);
    }

    /// Bytes of `by` are missing in the capture; where its packet was only cut, they lengthen its turn.
    pub(super) fn miss(&mut self, by: Direction, len: u64, snapped: bool) {
        if snapped {
            self.total_bytes = self.total_bytes.saturating_add(len);
            if let Some(turn) = self.turns.last_mut().filter(|turn| turn.direction == by) {
                turn.total = turn.total.saturating_add(len);
            }
            return;
        }
        let side = self.side_mut(by);
        side.missing_bytes = side.missing_bytes.saturating_add(len);
        side.missing_at_end = side.missing_at_end.saturating_add(len);
    }

    pub(super) fn side_mut(&mut self, of: Direction) -> &mut SideTalk {
        match of {
            Direction::OrigToResp => &mut self.orig,
            Direction::RespToOrig => &mut self.resp,
        }
    }

    /// Begins a turn; `None` where no more are kept.
    fn begin_turn(&mut self, said: &Said<'_>, gap_before: u64, budget: &mut Budget) -> Option<usize> {
        let at_flow_limit = self.turns.len() >= budget.turns;
        if at_flow_limit || budget.total_left < TURN_COST {
            self.at_flow_limit |= at_flow_limit;
            self.at_total_limit |= !at_flow_limit;
            self.turns_not_kept = self.turns_not_kept.saturating_add(1);
            self.unkept = Some(said.by);
            return None;
        }
        budget.total_left = budget.total_left.saturating_sub(TURN_COST);
        self.unkept = None;
        self.turns.push(Turn {
            direction: said.by,
            packets: Vec::new(),
            packet_count: 0,
            first: said.packet,
            last: said.packet,
            bytes: Vec::new(),
            total: 0,
            gap_before,
        });
        Some(self.turns.len().saturating_sub(1))
    }

    /// The two sides were taken for each other.
    pub(super) fn swap_sides(&mut self) {
        for turn in &mut self.turns {
            turn.direction = turn.direction.reversed();
        }
        std::mem::swap(&mut self.orig, &mut self.resp);
        self.unkept = self.unkept.map(Direction::reversed);
    }
}

impl SideTalk {
    fn leave_out(&mut self, bytes: u64) {
        self.not_kept_bytes = self.not_kept_bytes.saturating_add(bytes);
    }
}

/// What one side said until the other answered (TCP), or one datagram (UDP: a datagram is a message).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Turn {
    /// Who speaks.
    pub direction: Direction,
    /// The packets that carried it, the first [`MAX_TURN_PACKETS`]; [`MAX_FOLLOWED_TURN_PACKETS`] of whole streams.
    pub packets: Vec<PacketNumber>,
    /// How many packets carried it.
    pub packet_count: u64,
    /// The first of these packets.
    pub first: PacketStamp,
    /// The last of these packets.
    pub last: PacketStamp,
    /// The payload; shorter than `total` where a limit was reached or the capture cut the packet.
    pub bytes: Vec<u8>,
    /// Payload length on the wire, in bytes.
    pub total: u64,
    /// Bytes of this side that are missing in the capture just before this turn.
    pub gap_before: u64,
}

impl Turn {
    /// Whether `bytes` is all that was said.
    fn is_whole(&self) -> bool {
        u64::try_from(self.bytes.len()) == Ok(self.total)
    }

    /// Adds what is said, keeping at most `room` bytes; how many were kept.
    fn take(&mut self, said: &Said<'_>, room: usize, most_packets: usize) -> u64 {
        let number = said.packet.number;
        let again = self.last.number == number || self.packets.last() == Some(&number);
        if self.packet_count == 0 || !again {
            self.packet_count = self.packet_count.saturating_add(1);
            if self.packets.len() < most_packets {
                self.packets.push(number);
            }
        }
        if number < self.first.number {
            self.first = said.packet;
        } else if number > self.last.number {
            self.last = said.packet;
        }
        // Only a prefix is kept: nothing is appended behind bytes that were left out.
        let whole_so_far = self.is_whole();
        let kept = said.bytes.get(..room.min(said.bytes.len())).filter(|_| whole_so_far).unwrap_or(&[]);
        self.bytes.extend_from_slice(kept);
        self.total = self.total.saturating_add(said.len);
        u64::try_from(kept.len()).unwrap_or(0)
    }
}
