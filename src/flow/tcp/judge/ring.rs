//! What one side sent lately.

use std::collections::VecDeque;

use super::Circumstances;
use crate::decode::{TcpFlags, TcpSegment};
use crate::flow::tcp::SeqNumber;
use crate::source::PacketNumber;

/// Most segments remembered of one side, 24 KB: a window of half a megabyte in segments of 1,448 bytes. Only what is not
/// acknowledged makes the memory of a side grow that far. A repeat of what is older has no known original.
pub const MAX_REMEMBERED: usize = 512;

/// Segments remembered before any is dropped, acknowledged or not: enough to recognise frames captured twice.
const FIRST_ROOM: usize = 16;

/// A segment as it was sent.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sent {
    pub(super) number: PacketNumber,
    /// Nanoseconds since 1970; `None` where the capture has no time, or none of this era.
    pub(super) time: Option<i64>,
    pub(super) seq: SeqNumber,
    /// Bytes, SYN and FIN included.
    pub(super) len: u32,
    pub(super) ack: u32,
    pub(super) tsval: Option<u32>,
    /// IPv4 identification; 0 says nothing.
    pub(super) ip_id: u16,
    pub(super) checksum: u16,
    /// A digest of the window and all options.
    pub(super) rest: u32,
    pub(super) flags: TcpFlags,
    /// Its bytes were sent before.
    pub(super) is_repeat: bool,
}

impl Sent {
    pub(super) fn new(segment: &TcpSegment<'_>, at: &Circumstances<'_>, tsval: Option<u32>) -> Self {
        let flags = segment.flags;
        let len =
            segment.payload_len.saturating_add(u32::from(flags.syn())).saturating_add(u32::from(flags.fin()));
        Self {
            number: at.packet.number,
            time: at.packet.ts.and_then(|ts| i64::try_from(ts.as_nanos()).ok()),
            seq: SeqNumber(segment.seq),
            len,
            ack: segment.ack,
            tsval,
            ip_id: at.ip_id.unwrap_or(0),
            checksum: segment.checksum,
            rest: digest(segment.window, segment.options),
            flags,
            is_repeat: false,
        }
    }

    pub(super) fn is(&self, flag: u16) -> bool {
        self.flags.has(flag)
    }

    /// Nanoseconds from `earlier` to this one.
    pub(super) fn nanos_since(&self, earlier: &Self) -> Option<i64> {
        self.time?.checked_sub(earlier.time?)
    }

    /// Whether it holds a number of `start..end`.
    fn overlaps(&self, start: SeqNumber, end: SeqNumber) -> bool {
        self.seq.is_before(end) && start.is_before(self.end())
    }
}

/// Of a window field and the options behind it. Two that differ have the same digest once in four thousand million.
fn digest(window: u16, options: &[u8]) -> u32 {
    let mix =
        |sum: u64, word: u32| (sum ^ u64::from(word)).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29);
    let mut sum = u64::from(window);
    let (words, bytes) = options.as_chunks::<4>();
    for word in words {
        sum = mix(sum, u32::from_be_bytes(*word));
    }
    for byte in bytes {
        sum = mix(sum, u32::from(*byte));
    }
    let [high, low] = [sum >> 32, sum & u64::from(u32::MAX)];
    u32::try_from(high ^ low).unwrap_or(u32::MAX)
}

/// The latest segments of one side, in the order captured.
#[derive(Clone, Debug, Default)]
pub(super) struct Ring {
    sent: VecDeque<Sent>,
}

impl Ring {
    /// Remembers `sent`; what is before `acked` goes first where room is needed.
    pub(super) fn push(&mut self, sent: Sent, acked: Option<SeqNumber>) {
        if self.sent.len() >= FIRST_ROOM && self.sent.len() == self.sent.capacity() {
            self.make_room(acked);
        }
        if self.sent.capacity() == 0 {
            self.sent.reserve_exact(FIRST_ROOM / 2);
        }
        self.sent.push_back(sent);
    }

    fn make_room(&mut self, acked: Option<SeqNumber>) {
        let keep = FIRST_ROOM / 2;
        let is_done = |sent: &Sent| acked.is_some_and(|acked| !sent.end().is_after(acked));
        while self.sent.len() > keep && self.sent.front().is_some_and(is_done) {
            self.sent.pop_front();
        }
        while self.sent.len() >= MAX_REMEMBERED {
            self.sent.pop_front();
        }
    }

    /// Forgets all, and gives the memory back whole, for the next connection to take.
    pub(super) fn rest(&mut self) {
        self.sent = VecDeque::new();
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.sent.len()
    }

    /// The first and the last remembered that overlap `start..end`, and how many do.
    pub(super) fn copies(&self, start: SeqNumber, end: SeqNumber) -> Option<(Sent, Sent, usize)> {
        let mut copies = self.sent.iter().filter(|sent| sent.overlaps(start, end));
        let first = *copies.next()?;
        let (last, count) = copies.fold((first, 1), |(_, count), sent| (*sent, count + 1));
        Some((first, last, count))
    }

    /// The first captured of those that begin at or after `end`, of those captured lately.
    pub(super) fn first_beyond(&self, end: SeqNumber) -> Option<Sent> {
        self.sent.iter().find(|sent| !sent.seq.is_before(end)).copied()
    }

    /// Marks the latest repeat within `start..end` as told to have arrived twice; its packet.
    pub(super) fn take_repeat(&mut self, start: SeqNumber, end: SeqNumber) -> Option<PacketNumber> {
        let within = |sent: &&mut Sent| sent.is_repeat && sent.overlaps(start, end);
        let sent = self.sent.iter_mut().rev().find(within)?;
        sent.is_repeat = false;
        Some(sent.number)
    }
}
