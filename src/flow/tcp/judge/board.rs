//! What is known of one side: what it sent, and what it acknowledged of the other's.

use std::num::NonZero;

use super::ring::{Ring, Sent};
use super::timer::RoundTrip;
use super::twice::Ids;
use super::{Asked, MAX_PROOFS, Proof};
use crate::decode::{SackBlocks, TcpFlags, TcpOption, TcpOptionIter, TcpSegment};
use crate::flow::tcp::SeqNumber;
use crate::source::PacketNumber;

/// Most separate ranges remembered that a receiver acknowledged selectively. One loss leaves one; the oldest goes first.
pub const MAX_SACKED: usize = 32;

/// The options that are looked at.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Options<'a> {
    pub(super) tsval: Option<u32>,
    pub(super) sack: Option<SackBlocks<'a>>,
}

impl<'a> Options<'a> {
    pub(super) fn parse(bytes: &'a [u8]) -> Self {
        match *bytes {
            [] => return Self::default(),
            // What nearly every segment has (RFC 7323 appendix A).
            [1, 1, 8, 10, v0, v1, v2, v3, _, _, _, _] => {
                return Self { tsval: Some(u32::from_be_bytes([v0, v1, v2, v3])), sack: None };
            }
            _ => {}
        }
        let mut options = Self::default();
        for option in TcpOptionIter::new(bytes) {
            match option {
                TcpOption::Timestamps { value, .. } => options.tsval = Some(value),
                TcpOption::Sack(blocks) => options.sack = Some(blocks),
                _ => {}
            }
        }
        options
    }
}

/// A range that was acknowledged selectively.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sacked {
    pub(super) start: SeqNumber,
    pub(super) end: SeqNumber,
    /// The first packet that told, and the last.
    pub(super) first: PacketNumber,
    pub(super) last: PacketNumber,
}

/// Sending again until everything that was sent when it began is acknowledged.
#[derive(Clone, Copy, Debug)]
pub(super) struct Recovery {
    pub(super) until: SeqNumber,
    /// It began with a time-out, not with what the receiver told.
    pub(super) by_time_out: bool,
}

/// One side.
#[derive(Clone, Debug, Default)]
pub(super) struct Board {
    pub(super) ring: Ring,
    /// The lowest number in the capture.
    pub(super) first: Option<SeqNumber>,
    /// The first number behind the highest.
    pub(super) next: SeqNumber,
    /// Its longest segment.
    pub(super) longest: u32,
    pub(super) recovery: Option<Recovery>,
    pub(super) last_bare: Option<Sent>,
    pub(super) last_tsval: Option<u32>,
    pub(super) ids: Ids,
    /// Of its segments.
    pub(super) round_trip: RoundTrip,
    pub(super) proofs: Vec<Proof>,
    /// As the receiver: all of the other's numbers before this arrived.
    pub(super) acked: Option<SeqNumber>,
    pub(super) acked_in: PacketNumber,
    pub(super) acked_at: Option<i64>,
    duplicates: Option<Asked>,
    /// When a duplicate or selective ACK came last.
    pub(super) asked_at: Option<i64>,
    sacked: Vec<Sacked>,
    window: u16,
    pub(super) window_closed: bool,
}

impl Board {
    pub(super) fn later_tsval(&mut self, tsval: Option<u32>) {
        if let Some(tsval) = tsval
            && self.last_tsval.is_none_or(|last| is_older(last, tsval))
        {
            self.last_tsval = Some(tsval);
        }
    }

    /// Notes a segment with bytes of their own; `acked` is how far the other side acknowledged.
    pub(super) fn send(&mut self, sent: Sent, acked: Option<SeqNumber>) {
        let end = sent.end();
        let is_first_of_all = self.first.is_none() || sent.is(TcpFlags::SYN) && sent.seq.plus(1) != self.next;
        self.first = Some(if is_first_of_all {
            sent.seq
        } else {
            self.first.map_or(sent.seq, |first| first.earlier(sent.seq))
        });
        self.next = if is_first_of_all { end } else { self.next.later(end) };
        self.longest = self.longest.max(sent.len);
        self.round_trip.send(&sent);
        self.ring.push(sent, acked);
    }

    /// Notes what this side acknowledges of `other`'s; the repeat that it tells to have arrived twice.
    pub(super) fn acknowledge(
        &mut self,
        other: &mut Self,
        segment: &TcpSegment<'_>,
        options: &Options<'_>,
        sent: &Sent,
    ) -> Option<PacketNumber> {
        let number = sent.number;
        let ack = SeqNumber(segment.ack);
        let flags = segment.flags;
        if self.acked.is_none_or(|acked| ack.is_after(acked)) || flags.syn() {
            self.acked = Some(ack);
            self.acked_in = number;
            self.acked_at = sent.time;
            other.round_trip.acknowledged(ack, sent.time);
            self.duplicates = None;
            if !self.sacked.is_empty() {
                self.sacked.retain(|range| range.end.is_after(ack));
            }
            if other.recovery.is_some_and(|recovery| !ack.is_before(recovery.until)) {
                other.recovery = None;
            }
        } else if self.acked == Some(ack)
            && segment.payload_len == 0
            && !(flags.syn() || flags.fin())
            && (segment.window == self.window && segment.window > 0 || options.sack.is_some())
            && other.next.is_after(ack)
        {
            // RFC 5681 section 2; with a closed window it answers a probe.
            let before = self.duplicates.map_or(0, |asked| asked.duplicates);
            let first = self.duplicates.map(|asked| asked.first).or(NonZero::new(number));
            self.duplicates =
                first.map(|first| Asked { first, last: number, duplicates: before.saturating_add(1) });
            self.asked_at = sent.time;
        }
        self.window = segment.window;
        self.window_closed = segment.window == 0 && !flags.syn();
        let sack = options.sack?;
        self.asked_at = sent.time;
        self.take_sack(other, sack, ack, number)
    }

    fn take_sack(
        &mut self,
        other: &mut Self,
        blocks: SackBlocks<'_>,
        ack: SeqNumber,
        number: PacketNumber,
    ) -> Option<PacketNumber> {
        let mut told = None;
        let second = blocks.iter().nth(1);
        for (place, (left, right)) in blocks.iter().enumerate() {
            let (start, end) = (SeqNumber(left), SeqNumber(right));
            if !start.is_before(end) {
                continue;
            }
            let within_second = second.is_some_and(|(left, right)| {
                !start.is_before(SeqNumber(left)) && !end.is_after(SeqNumber(right))
            });
            if place == 0 && (!end.is_after(ack) || within_second) {
                // RFC 2883: the first block tells what arrived twice.
                told = other.ring.take_repeat(start, end);
            } else if end.is_after(ack) {
                self.note_sacked(Sacked { start: start.later(ack), end, first: number, last: number });
            }
        }
        if let Some(repeat) = told
            && other.proofs.len() < MAX_PROOFS
        {
            other.proofs.push(Proof { repeat, told_by: number });
        }
        told
    }

    fn note_sacked(&mut self, mut range: Sacked) {
        self.sacked.retain(|known| {
            let apart = known.end.is_before(range.start) || range.end.is_before(known.start);
            if !apart {
                range.start = range.start.earlier(known.start);
                range.end = range.end.later(known.end);
                range.first = range.first.min(known.first);
            }
            apart
        });
        if self.sacked.len() >= MAX_SACKED {
            self.sacked.remove(0);
        }
        self.sacked.push(range);
    }

    /// The packet whose acknowledgment covers all of `start..end`, and whether a selective one did.
    pub(super) fn covering(&self, start: SeqNumber, end: SeqNumber) -> Option<(PacketNumber, bool)> {
        if self.acked.is_some_and(|acked| !end.is_after(acked)) {
            return Some((self.acked_in, false));
        }
        let covers = |range: &&Sacked| !start.is_before(range.start) && !end.is_after(range.end);
        self.sacked.iter().find(covers).map(|range| (range.first, true))
    }

    /// Bytes behind `end` that were acknowledged selectively, and what told so.
    pub(super) fn sacked_beyond(&self, end: SeqNumber) -> (u32, Option<Asked>) {
        let beyond = self.sacked.iter().filter(|range| range.end.is_after(end));
        beyond.fold((0, None), |(bytes, asked), range| {
            let bytes = range.end.since(range.start.later(end)).saturating_add(bytes);
            let (first, last) = asked.map_or((range.first, range.last), |asked: Asked| {
                (asked.first.get().min(range.first), asked.last.max(range.last))
            });
            (bytes, NonZero::new(first).map(|first| Asked { first, last, duplicates: 0 }))
        })
    }

    /// The duplicate ACKs whose number lies in `start..end`.
    pub(super) fn duplicates_for(&self, start: SeqNumber, end: SeqNumber) -> Option<Asked> {
        let acked = self.acked?;
        self.duplicates.filter(|_| !acked.is_before(start) && acked.is_before(end))
    }
}

/// Whether the timestamp `first` is older than `second` (RFC 7323 section 5.2: compared as sequence numbers are).
pub(super) fn is_older(first: u32, second: u32) -> bool {
    SeqNumber(first).is_before(SeqNumber(second))
}
