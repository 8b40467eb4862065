//! The judgement itself, in Wireshark's order: what comes earlier can keep what comes later from being looked at.

use super::side::Side;
use super::unacked::Sent;
use super::{AnalysisFlags, Nanos, SegmentAnalysis, SeqNumber};
use crate::decode::{TcpFlags, TcpSegment};
use crate::flow::WindowScale;
use crate::source::PacketNumber;

/// A segment this soon after the last duplicate acknowledgment is a fast retransmission.
const FAST: Nanos = 20_000_000;
/// A segment this soon after the one it should have come before was overtaken, where no round trip was measured.
const OVERTAKEN: Nanos = 3_000_000;
/// So many duplicate acknowledgments ask for a fast retransmission; one may be missing in the capture.
const ASKS_AGAIN: u32 = 2;
/// More bytes in flight than this are a mistake in the numbers.
const MOST_IN_FLIGHT: u32 = 2_000_000_000;

/// The segment to be judged.
#[derive(Clone, Copy)]
pub(super) struct Seen {
    seq: u32,
    ack: u32,
    len: u32,
    flags: TcpFlags,
    window: u16,
    /// First number after its payload; SYN and FIN not counted.
    end: u32,
    /// SYN, FIN or RST: no part of the flow of data and acknowledgments.
    opens_or_ends: bool,
    frame: PacketNumber,
    now: Nanos,
}

impl Seen {
    pub(super) fn new(segment: &TcpSegment<'_>, frame: PacketNumber, now: Nanos) -> Self {
        let TcpSegment { seq, ack, flags, window, payload_len: len, .. } = *segment;
        Self {
            seq,
            ack,
            len,
            flags,
            window,
            end: seq.wrapping_add(len),
            opens_or_ends: flags.syn() || flags.fin() || flags.rst(),
            frame,
            now,
        }
    }

    /// First number after it, one for SYN or FIN included.
    fn next(&self) -> u32 {
        self.end.wrapping_add(u32::from(self.occupies_one()))
    }

    fn occupies_one(&self) -> bool {
        self.flags.syn() || self.flags.fin()
    }

    fn occupies_any(&self) -> bool {
        self.len > 0 || self.occupies_one()
    }

    /// Without data, and with the numbers of the sender's last segment.
    fn repeats(&self, own: &Side) -> bool {
        self.len == 0 && !self.opens_or_ends && self.seq == own.next && self.ack == own.last_ack
    }
}

/// Judges `seen`, which `own` sends to `other`, into `told`, and notes it in both. `initial_rtt` is 0 while unknown.
pub(super) fn judge(
    own: &mut Side,
    other: &mut Side,
    seen: &Seen,
    initial_rtt: Nanos,
    told: &mut SegmentAnalysis,
) {
    other.flight_known |= seen.flags.ack();
    window_and_order(own, other, seen, told);
    if seen.ack != own.last_ack {
        own.last_ack_frame = seen.frame;
        own.duplicate_acks = 0;
        own.overacknowledged = false;
    }
    unseen(other, seen, told);
    again(own, other, seen, initial_rtt, told);
    note(own, seen, told.flags);
    if let Some(acked) = other.unacked.acknowledge(SeqNumber(seen.ack)) {
        told.acks_frame = acked.packet;
        told.ack_rtt = seen.now.saturating_sub(acked.at);
    }
    if seen.len > 0 && own.flight_known {
        in_flight(own, other, seen, told);
    }
}

/// Windows, gaps, keep-alives and duplicate acknowledgments.
fn window_and_order(own: &mut Side, other: &Side, seen: &Seen, told: &mut SegmentAnalysis) {
    let flags = &mut told.flags;
    if seen.len == 1 && seen.seq == own.next && other.window == Some(0) {
        flags.set(AnalysisFlags::ZERO_WINDOW_PROBE, true);
        return;
    }
    flags.set(AnalysisFlags::ZERO_WINDOW, seen.window == 0 && !seen.opens_or_ends);
    if own.next != 0 && is_after(seen.seq, own.next) && !seen.flags.rst() {
        flags.set(AnalysisFlags::LOST_SEGMENT, true);
        own.flight_known = false;
    }
    let probes = seen.len <= 1 && seen.seq == own.next.wrapping_sub(1) && !seen.opens_or_ends;
    flags.set(AnalysisFlags::KEEP_ALIVE, probes);
    flags.set(AnalysisFlags::WINDOW_FULL, fills_window(other, seen));
    if !seen.repeats(own) {
        return;
    }
    let same_window = own.window == Some(seen.window);
    if seen.window == 0 {
        let probed = same_window && other.last_flags.zero_window_probe();
        flags.set(AnalysisFlags::ZERO_WINDOW_PROBE_ACK, probed);
    } else if !same_window {
        flags.set(AnalysisFlags::WINDOW_UPDATE, true);
    } else if other.last_flags.keep_alive() {
        flags.set(AnalysisFlags::KEEP_ALIVE_ACK, true);
    } else {
        own.duplicate_acks = own.duplicate_acks.saturating_add(1);
        own.overacknowledged = false;
        flags.set(AnalysisFlags::DUPLICATE_ACK, true);
        told.duplicate_ack_num = own.duplicate_acks;
        told.duplicate_ack_frame = own.last_ack_frame;
    }
}

/// Whether it ends where the window that the other side last announced ends.
fn fills_window(other: &Side, seen: &Seen) -> bool {
    if seen.len == 0 || seen.opens_or_ends || other.scale == WindowScale::Unknown {
        return false;
    }
    let Some(window) = other.window else { return false };
    let bytes = if other.window_of_syn { u32::from(window) } else { other.scale.apply(window) };
    seen.end == other.last_ack.wrapping_add(bytes)
}

/// Acknowledgments of what is not in the capture: told once for a gap, and once for the end.
fn unseen(other: &mut Side, seen: &Seen, told: &mut SegmentAnalysis) {
    if other.contiguous == 0 || !is_after(seen.ack, other.contiguous) || !seen.flags.ack() {
        return;
    }
    told.present = true;
    if other.contiguous != other.next {
        told.flags.set(AnalysisFlags::ACK_LOST_SEGMENT, true);
        other.contiguous = other.next;
    } else {
        let first = other.duplicate_acks == 0 && !other.overacknowledged;
        told.flags.set(AnalysisFlags::ACK_LOST_SEGMENT, first);
        other.duplicate_acks = 0;
        other.overacknowledged = true;
    }
}

/// Whether it was sent again or overtaken.
fn again(own: &Side, other: &Side, seen: &Seen, initial_rtt: Nanos, told: &mut SegmentAnalysis) {
    if !seen.occupies_any() || told.flags.keep_alive() {
        return;
    }
    if seen.len > 0 && other.last_ack != 0 && !is_after(seen.end, other.last_ack) {
        told.flags.set(AnalysisFlags::SPURIOUS_RETRANSMISSION, true);
        return;
    }
    // More than one byte after a probe's one byte is new.
    let after_probe = seen.len > 1 && seen.seq == own.next.wrapping_sub(1);
    if own.next == 0 || !is_after(own.next, seen.seq) || after_probe {
        return;
    }
    let since_ack = seen.now.saturating_sub(other.last_ack_at);
    let since_next = seen.now.saturating_sub(own.next_at);
    let overtaken = if initial_rtt == 0 { OVERTAKEN } else { initial_rtt };
    let asked = other.duplicate_acks >= ASKS_AGAIN || other.overacknowledged;
    if asked && other.last_ack == seen.seq && (0..FAST).contains(&since_ack) {
        told.flags.set(AnalysisFlags::FAST_RETRANSMISSION, true);
    } else if (0..overtaken).contains(&since_next) && own.next != seen.next() {
        told.flags.set(AnalysisFlags::OUT_OF_ORDER, true);
    } else {
        told.flags.set(AnalysisFlags::RETRANSMISSION, true);
        let (frame, at) =
            own.unacked.oldest().map_or((own.next_frame, own.next_at), |oldest| (oldest.packet, oldest.at));
        told.rto_frame = frame;
        told.rto = seen.now.saturating_sub(at);
    }
}

/// Remembers it for the segments that follow.
fn note(own: &mut Side, seen: &Seen, flags: AnalysisFlags) {
    let next = seen.next();
    if seen.occupies_any() {
        let (seq, next) = (SeqNumber(seen.seq), SeqNumber(next));
        own.unacked.push(Sent { seq, next, packet: seen.frame, at: seen.now });
    }
    if !flags.zero_window_probe() {
        if own.next == 0 || is_after(next, own.next) {
            own.next = next;
            own.next_frame = seen.frame;
            own.next_at = seen.now;
        }
        if own.contiguous == 0 || own.contiguous == seen.seq {
            own.contiguous = own.next;
        }
    }
    own.window = Some(seen.window);
    own.window_of_syn = seen.flags.syn();
    own.last_ack = seen.ack;
    own.last_ack_at = seen.now;
    own.last_flags = flags;
}

/// Bytes in flight, without those that the other side named in SACK blocks, and bytes since the last PSH. Neither is
/// told where the first cannot be.
fn in_flight(own: &mut Side, other: &Side, seen: &Seen, told: &mut SegmentAnalysis) {
    told.present = true;
    own.pushed = if own.pushed_last { seen.len } else { own.pushed.wrapping_add(seen.len) };
    own.pushed_last = seen.flags.has(TcpFlags::PSH);
    let begins = SeqNumber(own.begins.unwrap_or_default());
    let extent = own.unacked.extent(begins, SeqNumber(seen.seq), SeqNumber(seen.end));
    let bytes = extent.wrapping_sub(other.sacked);
    if (1..MOST_IN_FLIGHT).contains(&bytes) {
        told.bytes_in_flight = bytes.saturating_sub(u32::from(seen.occupies_one()));
        told.push_bytes_sent = if told.bytes_in_flight > 0 { own.pushed } else { 0 };
    }
}

/// Whether sequence number `a` comes after `b`.
fn is_after(a: u32, b: u32) -> bool {
    SeqNumber(a).is_after(SeqNumber(b))
}
