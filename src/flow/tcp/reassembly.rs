//! One side of a TCP connection as a stream: segments in, in any order and overlapping; events out, in order.
//!
//! Where two segments disagree about a byte, the one that came first is believed. Bytes that are not in the
//! capture are a [`StreamEvent::Gap`], never skipped silently.

use std::collections::BTreeMap;

use super::doubt::MOST_AHEAD;
use super::recent::{Conflict, Dispute, Recent};
use super::seq::SeqNumber;
use crate::decode::TcpSegment;
use crate::flow::PacketStamp;
use crate::source::PacketNumber;

/// Most payload bytes that wait for a missing segment, for one side: what a fast path can have in flight (some
/// 100 ms at 300 Mbit/s). Beyond it the missing bytes are given up as a gap.
pub const MAX_BUFFERED_BYTES: usize = 4 << 20;

/// Most segments that wait, for one side: the bytes above in segments of ordinary size. Guards against many tiny ones.
pub const MAX_BUFFERED_SEGMENTS: usize = 4096;

/// What a waiting segment costs beside its bytes: its entry in the map and the allocation.
const WAITING_COST: usize = 128;

/// Most waiting segments compared with new ones while one hole is open: 64 times all that may wait. Real repeats span
/// some 45 of them; many that claim to span all would cost seconds. Beyond it the missing bytes are given up.
const MAX_COMPARED: usize = 64 * MAX_BUFFERED_SEGMENTS;

/// Most conflicts whose packets are named, for one side; the others are counted. One is a finding, some show a pattern.
const MAX_NAMED_CONFLICTS: usize = 8;

/// What the reassembler needs of a TCP segment.
#[derive(Clone, Copy, Debug)]
pub struct Segment<'a> {
    /// Sequence number of the segment; its payload begins one later with SYN.
    pub seq: SeqNumber,
    /// SYN is set.
    pub syn: bool,
    /// FIN is set.
    pub fin: bool,
    /// RST is set. Its payload, if any, says why (RFC 9293 section 3.5.3), and is delivered.
    pub rst: bool,
    /// Captured payload.
    pub payload: &'a [u8],
    /// Payload length on the wire; more than `payload.len()` where the capture cut the packet.
    pub payload_len: u32,
    /// The packet it came in.
    pub packet: PacketStamp,
}

impl<'a> Segment<'a> {
    /// The segment that `tcp` is, in `packet`.
    #[must_use]
    pub fn new(tcp: &TcpSegment<'a>, packet: PacketStamp) -> Self {
        Self {
            seq: SeqNumber(tcp.seq),
            syn: tcp.flags.syn(),
            fin: tcp.flags.fin(),
            rst: tcp.flags.rst(),
            payload: tcp.payload,
            payload_len: tcp.payload_len,
            packet,
        }
    }
}

/// What happens in a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StreamEvent<'a> {
    /// The next bytes, never empty, all from one packet.
    Data {
        /// The bytes.
        bytes: &'a [u8],
        /// The packet that brought them.
        packet: PacketStamp,
    },
    /// Bytes that are not in the capture.
    Gap {
        /// How many.
        len: u64,
        /// The packet is there, but the capture kept only its beginning.
        snapped: bool,
    },
    /// FIN: everything before it was delivered.
    End,
    /// RST.
    Reset,
}

/// Puts the segments of one direction in order.
#[derive(Clone, Debug)]
pub struct Reassembler {
    /// Sequence number of the next byte to deliver; `None` before the first segment.
    next: Option<SeqNumber>,
    /// Bytes delivered so far, gaps included: where `next` is, counted without wrapping.
    position: u64,
    /// Segments ahead of `position`, by their position; they do not overlap.
    waiting: BTreeMap<u64, Waiting>,
    buffered: usize,
    /// Waiting segments that new ones were compared with since none waited.
    compared: usize,
    /// Position just before the FIN.
    fin: Option<u64>,
    ended: bool,
    reset: bool,
    /// Highest position that the other side acknowledged.
    acked: u64,
    /// `None` where nobody asks: delivered bytes are not remembered, and repeats not compared with them.
    repeats: Option<Box<Repeats>>,
    forced_gaps: u64,
}

/// What became of bytes that came more than once.
#[derive(Clone, Debug, Default)]
struct Repeats {
    /// What was delivered last.
    recent: Recent,
    conflicts: u64,
    named_conflicts: Vec<Conflict>,
    not_compared: u64,
}

#[derive(Clone, Debug)]
struct Waiting {
    bytes: Vec<u8>,
    /// Length on the wire, at least `bytes.len()`.
    len: u64,
    packet: PacketStamp,
}

impl Default for Reassembler {
    fn default() -> Self {
        Self::new()
    }
}

impl Reassembler {
    /// A stream of which nothing is known yet. It begins with the first segment, SYN or not.
    #[must_use]
    pub fn new() -> Self {
        Self::beginning(None, Some(Box::default()))
    }

    fn beginning(next: Option<SeqNumber>, repeats: Option<Box<Repeats>>) -> Self {
        Self {
            next,
            position: 0,
            waiting: BTreeMap::new(),
            buffered: 0,
            compared: 0,
            fin: None,
            ended: false,
            reset: false,
            acked: 0,
            repeats,
            forced_gaps: 0,
        }
    }

    /// A stream whose first byte has the number `first`, for a reader that does not ask whether repeats contradict
    /// it: delivered bytes are not kept, and contradictions not counted.
    #[must_use]
    pub fn forgetful(first: SeqNumber) -> Self {
        Self::beginning(Some(first), None)
    }

    /// Whether there was a segment of this side.
    pub(in crate::flow) fn has_begun(&self) -> bool {
        self.next.is_some()
    }

    /// Whether `seq` is not far ahead of what was delivered.
    pub(in crate::flow) fn is_near(&self, seq: SeqNumber) -> bool {
        self.next.is_none_or(|next| !seq.is_after(next.plus(MOST_AHEAD)))
    }

    /// How many of the `len` bytes at `seq` are lacking, from the first of them on; of bytes before the first segment none
    /// is.
    pub(in crate::flow) fn lacking(&self, seq: SeqNumber, len: u32) -> u32 {
        let Some(ahead) = self.next.and_then(|next| u64::try_from(next.distance_to(seq)).ok()) else {
            return 0;
        };
        let start = self.position.saturating_add(ahead);
        let before = self.waiting.range(..=start).next_back();
        if before.is_some_and(|(&at, waiting)| at.saturating_add(waiting.len) > start) {
            return 0;
        }
        let room = self.waiting.range(start..).next().map_or(u64::MAX, |(&at, _)| at.saturating_sub(start));
        u32::try_from(room).unwrap_or(u32::MAX).min(len)
    }

    /// Takes a segment of this side.
    pub fn segment(&mut self, segment: &Segment<'_>, emit: &mut dyn FnMut(StreamEvent<'_>)) {
        // The number of an empty RST may be made up.
        if !segment.rst || segment.payload_len > 0 {
            self.payload(segment, emit);
        }
        if segment.rst && !self.reset {
            self.reset = true;
            emit(StreamEvent::Reset);
        }
    }

    fn payload(&mut self, segment: &Segment<'_>, emit: &mut dyn FnMut(StreamEvent<'_>)) {
        let first = segment.seq.plus(u32::from(segment.syn));
        let next = *self.next.get_or_insert(first);
        let Some((start, skipped)) = self.locate(next, first) else { return };
        let len = u64::from(segment.payload_len);
        let end = start.saturating_add(len.saturating_sub(skipped));
        if segment.fin && skipped <= len {
            self.fin.get_or_insert(end);
        }
        let mut dispute = self.compare_delivered(segment, skipped);
        if skipped < len {
            let bytes = usize::try_from(skipped).ok().and_then(|n| segment.payload.get(n..)).unwrap_or(&[]);
            dispute = Dispute::joined(dispute, self.place(start, end, bytes, segment.packet, emit));
            while self.is_full() {
                self.forced_gaps = self.forced_gaps.saturating_add(1);
                self.give_up_hole(emit);
            }
        }
        if let Some(dispute) = dispute {
            self.note(dispute, segment.packet.number);
        }
        // Who only reads on does not wait for what the other side has already acknowledged, as far as what came now.
        while self.repeats.is_none()
            && self.waiting.first_key_value().is_some_and(|(&start, _)| start <= self.acked)
        {
            self.give_up_hole(emit);
        }
        self.check_end(emit);
    }

    /// What `segment` disagrees about with what was delivered, where its first `skipped` bytes repeat that.
    fn compare_delivered(&mut self, segment: &Segment<'_>, skipped: u64) -> Option<Dispute> {
        // RFC 9293 section 3.8.4: the one byte of a keep-alive may be made up.
        if skipped == 0 || (skipped == 1 && segment.payload_len == 1) {
            return None;
        }
        let repeats = self.repeats.as_mut()?;
        // Bytes before the first segment of the capture were never delivered.
        let (start, lead) = (self.position.saturating_sub(skipped), skipped.saturating_sub(self.position));
        let repeated = part(segment.payload, lead, skipped.saturating_sub(lead));
        let (dispute, not_compared) = repeats.recent.compare(start, repeated);
        repeats.not_compared = repeats.not_compared.saturating_add(not_compared);
        dispute
    }

    fn note(&mut self, dispute: Dispute, contradicts: PacketNumber) {
        let Some(repeats) = &mut self.repeats else { return };
        repeats.conflicts = repeats.conflicts.saturating_add(1);
        if repeats.named_conflicts.len() < MAX_NAMED_CONFLICTS {
            let Dispute { believed, from, to } = dispute;
            let len = to.saturating_sub(from);
            repeats.named_conflicts.push(Conflict { believed, contradicts, offset: from, len });
        }
    }

    /// The other side acknowledged everything before `ack`: a hole below it that later segments wait behind will
    /// not be filled any more.
    pub fn acked(&mut self, ack: SeqNumber, emit: &mut dyn FnMut(StreamEvent<'_>)) {
        let Some(next) = self.next else { return };
        let Ok(ahead) = u64::try_from(next.distance_to(ack)) else { return };
        let acked = self.position.saturating_add(ahead);
        self.acked = self.acked.max(acked);
        while self.waiting.first_key_value().is_some_and(|(&start, _)| start < acked) {
            self.give_up_hole(emit);
        }
        self.check_end(emit);
    }

    /// The same where no segment waits, so that there is nothing to say; false where one does.
    pub fn acked_in_silence(&mut self, ack: SeqNumber) -> bool {
        if !self.waiting.is_empty() {
            return false;
        }
        if let Some(ahead) = self.next.and_then(|next| u64::try_from(next.distance_to(ack)).ok()) {
            self.acked = self.acked.max(self.position.saturating_add(ahead));
        }
        true
    }

    /// Whether the other side has acknowledged bytes that were never captured: the capture misses packets, so that
    /// what is missing here may not come late, but not at all.
    #[must_use]
    pub fn lacks_acknowledged(&self) -> bool {
        let waiting = self.waiting.last_key_value().map_or(0, |(at, waiting)| at.saturating_add(waiting.len));
        // One number may be a FIN.
        self.acked > self.position.max(waiting).saturating_add(1)
    }

    /// Gives up what is missing before segments that wait, where the other side has acknowledged it already.
    pub fn give_up_acknowledged(&mut self, emit: &mut dyn FnMut(StreamEvent<'_>)) {
        while self.waiting.first_key_value().is_some_and(|(&start, _)| start <= self.acked) {
            self.give_up_hole(emit);
        }
        self.check_end(emit);
    }

    /// Delivers everything that waits, with the gaps between.
    pub fn flush(&mut self, emit: &mut dyn FnMut(StreamEvent<'_>)) {
        while !self.waiting.is_empty() {
            self.give_up_hole(emit);
        }
        self.check_end(emit);
    }

    /// The capture ends: delivers everything that waits, and tells what the other side acknowledged beyond it.
    pub fn finish(&mut self, emit: &mut dyn FnMut(StreamEvent<'_>)) {
        self.flush(emit);
        let missing = match self.fin {
            Some(fin) => fin.min(self.acked).saturating_sub(self.position),
            // One number may be a FIN that was not captured.
            None => {
                Some(self.acked.saturating_sub(self.position)).filter(|&missing| missing > 1).unwrap_or(0)
            }
        };
        self.gap(missing, false, emit);
        self.check_end(emit);
    }

    /// Payload bytes that wait for a missing segment.
    #[must_use]
    pub fn buffered_bytes(&self) -> usize {
        self.buffered
    }

    /// Memory that waiting segments take, in bytes, roughly: payload and bookkeeping.
    #[must_use]
    pub fn held(&self) -> usize {
        self.buffered.saturating_add(self.waiting.len().saturating_mul(WAITING_COST))
    }

    fn is_full(&self) -> bool {
        self.buffered > MAX_BUFFERED_BYTES
            || self.waiting.len() > MAX_BUFFERED_SEGMENTS
            || (self.compared > MAX_COMPARED && !self.waiting.is_empty())
    }

    /// Memory that remembering delivered bytes takes, in bytes.
    pub(in crate::flow) fn remembered(&self) -> usize {
        self.repeats.as_ref().map_or(0, |repeats| repeats.recent.held())
    }

    /// Forgets the delivered bytes: what repeats them is not compared.
    pub(in crate::flow) fn forget(&mut self) {
        if let Some(repeats) = &mut self.repeats {
            repeats.recent.forget();
        }
    }

    /// Segments that disagreed about some byte with an earlier one.
    #[must_use]
    pub fn conflicts(&self) -> u64 {
        self.repeats.as_ref().map_or(0, |repeats| repeats.conflicts)
    }

    /// The first of them.
    #[must_use]
    pub fn named_conflicts(&self) -> &[Conflict] {
        self.repeats.as_ref().map_or(&[], |repeats| &repeats.named_conflicts)
    }

    /// Repeated bytes that were not compared with the first, because that is too long ago to be remembered.
    #[must_use]
    pub fn not_compared(&self) -> u64 {
        self.repeats.as_ref().map_or(0, |repeats| repeats.not_compared)
    }

    /// Holes given up because [`MAX_BUFFERED_BYTES`] or [`MAX_BUFFERED_SEGMENTS`] was reached, or because comparing
    /// overlapping segments took too much work.
    #[must_use]
    pub fn forced_gaps(&self) -> u64 {
        self.forced_gaps
    }

    /// Position of the first byte of payload at `first` that is not delivered yet, and how many before it are.
    fn locate(&self, next: SeqNumber, first: SeqNumber) -> Option<(u64, u64)> {
        let distance = next.distance_to(first);
        match u64::try_from(distance) {
            Ok(ahead) => Some((self.position.checked_add(ahead)?, 0)),
            Err(_) => Some((self.position, u64::from(distance.unsigned_abs()))),
        }
    }

    /// Delivers `start..end`, or lets it wait where something before it is missing. Gives what it disagrees about with
    /// what waits.
    fn place(
        &mut self,
        start: u64,
        end: u64,
        bytes: &[u8],
        packet: PacketStamp,
        emit: &mut dyn FnMut(StreamEvent<'_>),
    ) -> Option<Dispute> {
        let mut dispute = None;
        let clear = self.waiting.first_key_value().is_none_or(|(&waiting, _)| waiting >= end);
        if start == self.position && clear {
            self.deliver(bytes, end.saturating_sub(start), packet, emit);
        } else {
            let parts = self.uncovered(start, end, bytes, &mut dispute);
            for (from, to) in parts {
                let piece = part(bytes, from.saturating_sub(start), to.saturating_sub(from)).to_vec();
                self.buffered = self.buffered.saturating_add(piece.len());
                self.waiting.insert(from, Waiting { bytes: piece, len: to.saturating_sub(from), packet });
            }
        }
        self.drain(emit);
        dispute
    }

    /// The parts of `start..end` that no waiting segment has, and where `bytes` differ from one.
    fn uncovered(
        &mut self,
        start: u64,
        end: u64,
        bytes: &[u8],
        dispute: &mut Option<Dispute>,
    ) -> Vec<(u64, u64)> {
        let mut parts = Vec::new();
        let mut cursor = start;
        let before = self.waiting.range(..start).next_back();
        for (&at, waiting) in before.into_iter().chain(self.waiting.range(start..end)) {
            self.compared = self.compared.saturating_add(1);
            let until = at.saturating_add(waiting.len);
            if until <= start {
                continue;
            }
            if at > cursor {
                parts.push((cursor, at));
            }
            let (from, to) = (at.max(start), until.min(end));
            let mine = part(bytes, from.saturating_sub(start), to.saturating_sub(from));
            let theirs = part(&waiting.bytes, from.saturating_sub(at), to.saturating_sub(from));
            let found = Dispute::between(mine, theirs.iter(), from, waiting.packet.number);
            *dispute = Dispute::joined(*dispute, found);
            cursor = cursor.max(until);
        }
        if cursor < end {
            parts.push((cursor, end));
        }
        parts
    }

    /// Delivers the waiting segments that are next.
    fn drain(&mut self, emit: &mut dyn FnMut(StreamEvent<'_>)) {
        while let Some(entry) = self.waiting.first_entry() {
            if *entry.key() > self.position {
                return;
            }
            let waiting = entry.remove();
            self.buffered = self.buffered.saturating_sub(waiting.bytes.len());
            self.deliver(&waiting.bytes, waiting.len, waiting.packet, emit);
        }
        self.compared = 0;
    }

    /// Gives up what is missing before the first waiting segment.
    fn give_up_hole(&mut self, emit: &mut dyn FnMut(StreamEvent<'_>)) {
        let Some((&start, _)) = self.waiting.first_key_value() else { return };
        self.gap(start.saturating_sub(self.position), false, emit);
        self.drain(emit);
    }

    fn deliver(
        &mut self,
        bytes: &[u8],
        len: u64,
        packet: PacketStamp,
        emit: &mut dyn FnMut(StreamEvent<'_>),
    ) {
        let had = u64::try_from(bytes.len()).unwrap_or(u64::MAX).min(len);
        if had > 0 {
            let bytes = part(bytes, 0, had);
            if let Some(repeats) = &mut self.repeats {
                repeats.recent.take(self.position, bytes, packet.number);
            }
            self.advance(had);
            emit(StreamEvent::Data { bytes, packet });
        }
        self.gap(len.saturating_sub(had), true, emit);
    }

    fn gap(&mut self, len: u64, snapped: bool, emit: &mut dyn FnMut(StreamEvent<'_>)) {
        if len > 0 {
            self.advance(len);
            emit(StreamEvent::Gap { len, snapped });
        }
    }

    fn advance(&mut self, len: u64) {
        self.position = self.position.saturating_add(len);
        // The remainder modulo 2^32 is what a sequence number counts.
        let step = u32::try_from(len & u64::from(u32::MAX)).unwrap_or(0);
        self.next = self.next.map(|next| next.plus(step));
    }

    fn check_end(&mut self, emit: &mut dyn FnMut(StreamEvent<'_>)) {
        if !self.ended && self.fin.is_some_and(|fin| self.position >= fin) {
            self.ended = true;
            emit(StreamEvent::End);
        }
    }
}

/// `len` bytes from `skip`, as far as there are any.
pub(super) fn part(bytes: &[u8], skip: u64, len: u64) -> &[u8] {
    let bytes = usize::try_from(skip).ok().and_then(|skip| bytes.get(skip..)).unwrap_or(&[]);
    usize::try_from(len).ok().and_then(|len| bytes.get(..len)).unwrap_or(bytes)
}

#[cfg(test)]
#[path = "reassembly_tests.rs"]
mod tests;
