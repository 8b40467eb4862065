//! Numbers of one direction: round trips, windows, bytes in flight, duplicate ACKs, idle time.

use std::collections::VecDeque;

use super::TcpFlow;
use super::memory::awake;
use super::received::Added;
use super::seq::SeqNumber;
use crate::decode::{TcpOption, TcpSegment};
use crate::flow::{Direction, Flow, PacketStamp};
use crate::time::{NANOS_PER_SECOND, TimeDelta, Timestamp};

/// Most segments of one side that wait for their acknowledgment to be timed. As many full segments as fit into a
/// window of 370 kB; of a larger window the rest is not timed, so that a flood of data that nobody acknowledges takes
/// 4 KB a side and no more.
pub const MAX_TIMED: usize = 256;

/// The largest window that TCP can announce (RFC 7323 section 2.3): more is never in flight, only numbers that do
/// not belong together.
const MAX_WINDOW: u32 = 1 << 30;

/// Numbers of what one side sent, and of the acknowledgments that it got.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Measures {
    /// Payload bytes on the wire, each counted once however often it was sent; keep-alive probes left out.
    pub unique_bytes: u64,
    /// Segments that came after later ones and filled a gap that these had left.
    pub out_of_order_packets: u64,
    /// Acknowledgments sent again that ask for what is missing: nothing new acknowledged, no payload, data of the
    /// other side outstanding, and the window as before or SACK blocks on it (RFC 5681 section 2, RFC 6675).
    pub duplicate_acks: u64,
    /// From segments sent to their acknowledgments.
    pub round_trips: RoundTrips,
    /// Segments that were not timed because [`MAX_TIMED`] waited.
    pub untimed: u64,
    /// Most bytes sent and not acknowledged.
    pub max_in_flight: u32,
    /// Most payload bytes of one segment.
    pub max_payload: u32,
    /// Window fields as sent, least and most, of segments that are no SYN and no RST.
    windows: Option<(u16, u16)>,
    /// In nanoseconds.
    max_idle: Option<u64>,
}

impl Measures {
    /// The longest time between two packets of this side in a row; `None` where there are no two with a time.
    #[must_use]
    pub fn max_idle(&self) -> Option<TimeDelta> {
        self.max_idle.map(span)
    }

    fn add_window(&mut self, window: u16) {
        let (least, most) = self.windows.unwrap_or((window, window));
        self.windows = Some((least.min(window), most.max(window)));
    }
}

/// Round-trip times of one direction. Only segments sent once, in order, and acknowledged by an ACK of exactly their
/// end are samples: an ACK of what was sent twice may answer either (Karn's algorithm, RFC 6298 section 3), one of
/// several segments may have been delayed, and what was sent before a loss was repaired waits for the repair.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RoundTrips {
    /// How many were timed.
    pub samples: u64,
    min: u64,
    max: u64,
    sum: u64,
    squares: Squares,
}

/// A sum of squares; aligned like a 64-bit number, for it stands in every flow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C, packed(8))]
struct Squares(u128);

impl RoundTrips {
    /// The shortest; `None` without samples.
    #[must_use]
    pub fn min(&self) -> Option<TimeDelta> {
        (self.samples > 0).then(|| span(self.min))
    }

    /// The longest.
    #[must_use]
    pub fn max(&self) -> Option<TimeDelta> {
        (self.samples > 0).then(|| span(self.max))
    }

    /// The average, rounded down to a nanosecond.
    #[must_use]
    pub fn mean(&self) -> Option<TimeDelta> {
        self.sum.checked_div(self.samples).map(span)
    }

    /// The standard deviation of a sample (the sum of squares divided by one less than their number); `None` of
    /// fewer than two.
    #[must_use]
    pub fn deviation(&self) -> Option<TimeDelta> {
        let others = u128::from(self.samples).checked_sub(1).filter(|&others| others > 0)?;
        let (sum, squares) = (u128::from(self.sum), self.squares.0);
        let mean_square = sum.saturating_mul(sum) / u128::from(self.samples);
        let variance = squares.saturating_sub(mean_square) / others;
        Some(span(u64::try_from(variance.isqrt()).unwrap_or(u64::MAX)))
    }

    fn add(&mut self, nanos: u64) {
        self.min = if self.samples == 0 { nanos } else { self.min.min(nanos) };
        self.max = self.max.max(nanos);
        self.samples = self.samples.saturating_add(1);
        self.sum = self.sum.saturating_add(nanos);
        let square = u128::from(nanos).saturating_mul(u128::from(nanos));
        self.squares = Squares(self.squares.0.saturating_add(square));
    }
}

fn span(nanos: u64) -> TimeDelta {
    TimeDelta::from_nanos(i128::from(nanos))
}

/// What one side announced that it would take: least and most bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Windows {
    /// Least.
    pub min: u32,
    /// Most.
    pub max: u32,
    /// They are in bytes. False where the handshake is not in the capture: then they are what the header fields hold,
    /// and the bytes may be up to 16,384 times as many.
    pub is_scaled: bool,
}

/// How fast one side's data went, from the flow's first packet to its last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rates {
    /// Frame bytes on the wire, repeats and headers included, in bits per second.
    pub throughput: u64,
    /// Payload bytes, each counted once, in bits per second. tcptrace calls this throughput, and tells bytes.
    pub goodput: u64,
}

impl Flow {
    /// How fast the data of `direction` went; `None` where the flow takes no time, and for UDP without the repeats
    /// that only TCP can tell.
    #[must_use]
    pub fn rates(&self, direction: Direction) -> Option<Rates> {
        let nanos = u128::try_from(self.duration()?.as_nanos()).ok().filter(|&nanos| nanos > 0)?;
        let side = self.side(direction);
        let unique =
            self.tcp.as_ref().map_or(side.payload_bytes, |tcp| tcp.side(direction).measures.unique_bytes);
        let bits = |bytes: u64| {
            let second = NANOS_PER_SECOND.unsigned_abs();
            let rate = u128::from(bytes).saturating_mul(8).saturating_mul(second) / nanos;
            u64::try_from(rate).unwrap_or(u64::MAX)
        };
        Some(Rates { throughput: bits(side.wire_bytes), goodput: bits(unique) })
    }
}

/// What is remembered of one side to measure its next segment.
#[derive(Clone, Debug, Default)]
pub(super) struct Measuring {
    /// Segments that wait for their ACK, in the order of their numbers and of their times.
    waiting: VecDeque<Timed>,
    /// The time that those of `waiting` count from.
    base: Timestamp,
    /// First number after all that was sent; `None` before the first segment.
    end: Option<SeqNumber>,
    /// The highest number that the other side acknowledged; until it has, the first that was sent.
    acked: SeqNumber,
    /// The other side has acknowledged something.
    is_acked: bool,
    /// The window field of the last segment.
    window: u16,
    last: Option<Timestamp>,
}

/// A segment that was sent once.
#[derive(Clone, Copy, Debug)]
struct Timed {
    /// First number after it.
    end: SeqNumber,
    /// Nanoseconds since [`Measuring::base`].
    at: u64,
}

impl Measuring {
    /// Notes `span` numbers sent from `seq`; false where there was no room to time them.
    fn send(&mut self, seq: SeqNumber, span: u32, ts: Option<Timestamp>) -> bool {
        let end = seq.plus(span);
        let Some(sent) = self.end else {
            (self.end, self.acked) = (Some(end), seq);
            return self.wait(end, ts);
        };
        if seq.is_before(sent) {
            // Sent again, or late: neither it nor what was sent beyond it can be timed by its ACK.
            while self.waiting.back().is_some_and(|timed| timed.end.is_after(seq)) {
                self.waiting.pop_back();
            }
            self.end = Some(sent.later(end));
            return true;
        }
        self.end = Some(end);
        self.wait(end, ts)
    }

    fn wait(&mut self, end: SeqNumber, ts: Option<Timestamp>) -> bool {
        let Some(ts) = ts else { return true };
        if self.waiting.len() >= MAX_TIMED {
            return false;
        }
        if self.waiting.is_empty() {
            self.base = ts;
        }
        // A clock that ran backwards gives no sample.
        if let Ok(at) = u64::try_from((ts - self.base).as_nanos()) {
            self.waiting.push_back(Timed { end, at });
        }
        true
    }

    /// The other side acknowledges everything before `ack`; the round trip that shows, in nanoseconds.
    fn acknowledged(&mut self, ack: SeqNumber, ts: Option<Timestamp>) -> Option<u64> {
        self.acked = if self.is_acked { self.acked.later(ack) } else { ack };
        self.is_acked = true;
        let mut exact = None;
        while let Some(timed) = self.waiting.front().filter(|timed| !timed.end.is_after(ack)) {
            exact = (timed.end == ack).then_some(timed.at);
            self.waiting.pop_front();
        }
        let since_base = u64::try_from((ts? - self.base).as_nanos()).ok()?;
        since_base.checked_sub(exact?)
    }

    /// Gives back the memory of what waited, where nothing does.
    pub(super) fn rest(&mut self) {
        if self.waiting.is_empty() {
            self.waiting = VecDeque::new();
        }
    }

    fn in_flight(&self) -> u32 {
        let sent = self.end.filter(|end| end.is_after(self.acked));
        sent.map(|end| end.since(self.acked)).filter(|&bytes| bytes <= MAX_WINDOW).unwrap_or(0)
    }
}

impl TcpFlow {
    /// Measures a segment that `added` was found of; the byte of a keep-alive or zero-window probe is not counted as sent.
    pub(super) fn measure(
        &mut self,
        by: Direction,
        segment: &TcpSegment<'_>,
        packet: PacketStamp,
        added: &Added,
        is_probe: bool,
    ) {
        let (flags, len) = (segment.flags, segment.payload_len);
        let (side, other_side) = match by {
            Direction::OrigToResp => (&mut self.orig, &mut self.resp),
            Direction::RespToOrig => (&mut self.resp, &mut self.orig),
        };
        let (own, other) = awake(&mut self.memory).tracks(by);
        let (own, other) = (&mut own.measuring, &mut other.measuring);
        let side = &mut side.measures;
        side.idle(own.last, packet.ts);
        own.last = packet.ts.or(own.last);
        side.max_payload = side.max_payload.max(len);
        if flags.rst() {
            // Its own number may be made up; what it acknowledges is what it answers.
            if flags.ack()
                && let Some(nanos) = other.acknowledged(SeqNumber(segment.ack), packet.ts)
            {
                other_side.measures.round_trips.add(nanos);
            }
            return;
        }
        if !is_probe {
            side.unique_bytes =
                side.unique_bytes.saturating_add(u64::from(len.saturating_sub(added.repeated)));
        }
        side.out_of_order_packets = side.out_of_order_packets.saturating_add(u64::from(added.filled > 0));
        if flags.syn() {
            let isn = SeqNumber(segment.seq);
            if own.end.is_some_and(|end| end != isn.plus(1)) {
                *own = Measuring { last: own.last, ..Measuring::default() };
            }
        } else {
            side.add_window(segment.window);
        }
        let span = len.saturating_add(u32::from(flags.syn())).saturating_add(u32::from(flags.fin()));
        if flags.ack() {
            let ack = SeqNumber(segment.ack);
            if span == 0 && other.is_acked && other.acked == ack && other.in_flight() > 0 {
                let asks = segment.window == own.window || has_sack_blocks(segment);
                side.duplicate_acks = side.duplicate_acks.saturating_add(u64::from(asks));
            } else if let Some(nanos) = other.acknowledged(ack, packet.ts) {
                other_side.measures.round_trips.add(nanos);
            }
        }
        own.window = segment.window;
        if span > 0 && !is_probe {
            let timed = own.send(SeqNumber(segment.seq), span, packet.ts);
            side.untimed = side.untimed.saturating_add(u64::from(!timed));
            if len > 0 {
                side.max_in_flight = side.max_in_flight.max(own.in_flight());
            }
        }
    }

    /// The windows that the sender of `direction` announced; `None` where it sent nothing but SYN and RST.
    #[must_use]
    pub fn windows(&self, direction: Direction) -> Option<Windows> {
        let (min, max) = self.side(direction).measures.windows?;
        let shift = self.handshake.window_shift(direction);
        let bytes = |window: u16| u32::from(window) << shift.unwrap_or(0);
        Some(Windows { min: bytes(min), max: bytes(max), is_scaled: shift.is_some() })
    }
}

impl Measures {
    fn idle(&mut self, last: Option<Timestamp>, now: Option<Timestamp>) {
        if let (Some(last), Some(now)) = (last, now) {
            let nanos = u64::try_from((now - last).as_nanos()).unwrap_or(0);
            self.max_idle = Some(self.max_idle.map_or(nanos, |most| most.max(nanos)));
        }
    }
}

fn has_sack_blocks(segment: &TcpSegment<'_>) -> bool {
    segment.typed_options().any(|option| matches!(option, TcpOption::Sack(_)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::TcpFlags;
    use crate::flow::tcp::{Arrival, Followed, Verified};

    const SYN: u16 = TcpFlags::SYN;
    const ACK: u16 = TcpFlags::ACK;

    /// A connection, fed by hand.
    struct Wire {
        tcp: TcpFlow,
        number: u64,
    }

    impl Wire {
        fn new() -> Self {
            let mut wire = Self { tcp: TcpFlow::new(false), number: 0 };
            wire.send(0, true, SYN, (1000, 0), 0);
            wire.send(10, false, SYN | ACK, (5000, 1001), 0);
            wire.send(30, true, ACK, (1001, 5001), 0);
            wire
        }

        /// `len` bytes from `numbers.0` acknowledging `numbers.1`, at `micros`.
        fn send(&mut self, micros: i128, by_orig: bool, flags: u16, numbers: (u32, u32), len: usize) {
            self.segment((micros, by_orig), flags, numbers, len, (500, &[]));
        }

        /// The same with a window and options.
        fn segment(
            &mut self,
            (micros, by_orig): (i128, bool),
            flags: u16,
            (seq, ack): (u32, u32),
            len: usize,
            (window, options): (u16, &[u8]),
        ) {
            self.number += 1;
            let payload = vec![0; len];
            let segment = TcpSegment {
                seq,
                ack,
                flags: TcpFlags(flags),
                window,
                checksum: 0,
                options,
                payload: &payload,
                payload_len: u32::try_from(len).unwrap(),
            };
            let by = if by_orig { Direction::OrigToResp } else { Direction::RespToOrig };
            let ts = Some(Timestamp::from_nanos(micros * 1000));
            let packet = PacketStamp { number: self.number, ts };
            let arrival = Arrival { packet, before: None, ip_id: None, verified: Verified::No };
            self.tcp.follow(by, &segment, &arrival, &mut Followed::default());
        }
    }

    fn micros(span: Option<TimeDelta>) -> Option<i128> {
        span.map(|span| span.as_nanos() / 1000)
    }

    #[test]
    fn every_segment_sent_once_and_acknowledged_alone_is_a_sample() {
        let mut wire = Wire::new();
        wire.send(100, true, ACK, (1001, 5001), 100);
        wire.send(140, false, ACK, (5001, 1101), 0);
        wire.send(200, true, ACK, (1101, 5001), 100);
        wire.send(260, false, ACK, (5001, 1201), 0);
        let trips = wire.tcp.orig.measures.round_trips;
        // 10 of the SYN, 40 and 60.
        assert_eq!(trips.samples, 3);
        assert_eq!([trips.min(), trips.mean(), trips.max()].map(micros), [Some(10), Some(36), Some(60)]);
        assert_eq!(trips.deviation().unwrap().as_nanos(), 25_166);
        assert_eq!(wire.tcp.resp.measures.round_trips.samples, 1);
        assert_eq!(wire.tcp.resp.measures.round_trips.deviation(), None);
    }

    #[test]
    fn what_was_sent_twice_and_what_waited_for_it_is_no_sample() {
        let mut wire = Wire::new();
        wire.send(100, true, ACK, (1001, 5001), 100);
        wire.send(110, true, ACK, (1101, 5001), 100);
        wire.send(300, true, ACK, (1001, 5001), 100);
        wire.send(340, false, ACK, (5001, 1101), 0);
        wire.send(350, false, ACK, (5001, 1201), 0);
        let measures = wire.tcp.orig.measures;
        assert_eq!(measures.round_trips.samples, 1, "only the SYN");
        assert_eq!((wire.tcp.orig.repeated_bytes, measures.unique_bytes), (100, 200));
        assert_eq!(measures.max_in_flight, 200);
    }

    #[test]
    fn an_ack_of_several_segments_times_the_last() {
        let mut wire = Wire::new();
        wire.send(100, true, ACK, (1001, 5001), 100);
        wire.send(110, true, ACK, (1101, 5001), 100);
        wire.send(150, false, ACK, (5001, 1201), 0);
        let trips = wire.tcp.orig.measures.round_trips;
        assert_eq!((trips.samples, micros(trips.max())), (2, Some(40)));
        wire.send(200, true, ACK, (1201, 5001), 100);
        wire.send(250, false, ACK, (5001, 1250), 0);
        assert_eq!(wire.tcp.orig.measures.round_trips.samples, 2, "it ends within the segment");
    }

    #[test]
    fn duplicate_acks_ask_for_what_is_outstanding() {
        let mut wire = Wire::new();
        wire.send(50, false, ACK, (5001, 1001), 0);
        wire.send(60, false, ACK, (5001, 1001), 0);
        assert_eq!(wire.tcp.resp.measures.duplicate_acks, 0, "nothing is outstanding");
        wire.send(100, true, ACK, (1001, 5001), 100);
        wire.send(110, false, ACK, (5001, 1001), 0);
        wire.segment((120, false), ACK, (5001, 1001), 0, (600, &[]));
        let sack = [1, 1, 5, 10, 0, 0, 4, 177, 0, 0, 5, 21];
        wire.segment((130, false), ACK, (5001, 1001), 0, (700, &sack));
        wire.send(140, false, ACK, (5001, 1001), 10);
        assert_eq!(wire.tcp.resp.measures.duplicate_acks, 2, "not the new window, not the one with data");
    }

    #[test]
    fn a_gap_filled_late_is_out_of_order_and_no_repeat() {
        let mut wire = Wire::new();
        wire.send(100, true, ACK, (1101, 5001), 100);
        wire.send(110, true, ACK, (1001, 5001), 100);
        let side = wire.tcp.orig;
        assert_eq!((side.measures.out_of_order_packets, side.repeated_packets), (1, 0));
        assert_eq!((side.measures.unique_bytes, side.measures.max_in_flight), (200, 200));
    }

    #[test]
    fn windows_are_scaled_where_both_sides_offered_to() {
        let scale = [3, 3, 7, 0];
        let mut wire = Wire { tcp: TcpFlow::new(false), number: 0 };
        wire.segment((0, true), SYN, (1000, 0), 0, (64_000, &scale));
        assert_eq!(wire.tcp.windows(Direction::OrigToResp), None, "only the SYN");
        wire.segment((10, false), SYN | ACK, (5000, 1001), 0, (64_000, &scale));
        wire.segment((20, true), ACK, (1001, 5001), 0, (2, &[]));
        wire.segment((90, true), ACK, (1001, 5001), 5, (4, &[]));
        let windows = Windows { min: 256, max: 512, is_scaled: true };
        assert_eq!(wire.tcp.windows(Direction::OrigToResp), Some(windows));
        assert_eq!(micros(wire.tcp.orig.measures.max_idle()), Some(70));
    }

    #[test]
    fn data_that_nobody_acknowledges_is_timed_up_to_the_limit() {
        let mut wire = Wire::new();
        for at in 0..1000 {
            wire.send(100, true, ACK, (1001 + at, 5001), 1);
        }
        assert_eq!(wire.tcp.memory.unwrap().orig_track.measuring.waiting.len(), MAX_TIMED);
        assert_eq!(wire.tcp.orig.measures.untimed, 1000 - 256);
    }

    #[test]
    fn numbers_that_do_not_belong_together_and_clocks_that_run_back_give_nothing() {
        let mut wire = Wire::new();
        wire.send(100, true, ACK, (1001, 5001), 100);
        wire.send(90, false, ACK, (5001, 1101), 0);
        assert_eq!(wire.tcp.orig.measures.round_trips.samples, 1, "only the SYN");
        wire.send(100, true, ACK, (1_900_000_000, 5001), 100);
        assert_eq!(wire.tcp.orig.measures.max_in_flight, 100);
    }
}
