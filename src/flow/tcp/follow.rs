//! Follows one connection, segment by segment: handshake, sequence numbers, teardown, history.

use super::doubt::{Doubted, PayloadUse, Verified};
use super::measure::Measuring;
use super::memory::awake;
use super::received::{Added, Received};
use super::seq::SeqNumber;
use super::state::{Event, Written};
use super::teardown::FinNumbers;
use super::{Circumstances, HandshakeStep, Judgement, Kind, Reset, SegmentKind, Sureness, TcpFlow, TcpSide};
use crate::decode::{TcpFlags, TcpSegment};
use crate::flow::{Direction, PacketStamp, Repeat};
use crate::source::PacketNumber;

/// What is remembered of one side to judge its next segment.
#[derive(Clone, Debug, Default)]
pub(super) struct Track {
    pub(super) received: Received,
    pub(super) measuring: Measuring,
    /// First number after its FIN.
    pub(super) fin_end: Option<SeqNumber>,
    /// A byte sent into a closed window: the receiver takes it or not, and the sender may count it as sent or not.
    probe: Option<SeqNumber>,
    /// Checksums, where they are verified, and what is not believed. Boxed, because most sides have none.
    pub(super) doubted: Option<Box<Doubted>>,
    pub(super) written: Written,
    /// A segment came out of order or cut, so the bytes that follow do not continue its sample.
    sample_ended: bool,
}

impl Track {
    /// Nothing that this side sent so far is believed.
    pub(super) fn begin_anew(&mut self) {
        let doubted = self.doubted.take();
        *self = Self { doubted, written: self.written, ..Self::default() };
    }
}

/// What a segment was within its connection.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::flow) struct Followed {
    pub(in crate::flow) step: Option<HandshakeStep>,
    pub(in crate::flow) handshake_retry: bool,
    pub(in crate::flow) repeat: Repeat,
    pub(in crate::flow) missing_before: u32,
    pub(in crate::flow) keep_alive: bool,
    pub(in crate::flow) refuses: bool,
    pub(in crate::flow) after_close: bool,
    /// Its payload continues the side's [`crate::flow::Sample`].
    pub(in crate::flow) samples: bool,
    pub(in crate::flow) judgement: Option<Judgement>,
    /// The repeat of the other side that it tells to have arrived twice.
    pub(in crate::flow) tells_twice: Option<PacketNumber>,
    pub(in crate::flow) payload: PayloadUse,
}

/// What is known of a segment beside its header.
#[derive(Clone, Copy, Debug)]
pub(in crate::flow) struct Arrival {
    /// Its packet.
    pub(in crate::flow) packet: PacketStamp,
    /// The flow's packet before it.
    pub(in crate::flow) before: Option<PacketStamp>,
    /// IPv4 identification; `None` for IPv6.
    pub(in crate::flow) ip_id: Option<u16>,
    pub(in crate::flow) verified: Verified,
}

impl TcpFlow {
    /// Whether a SYN (or SYN-ACK) sent by `by` shows that the sides were taken for each other: the flow began
    /// mid-way, with no step of a handshake yet.
    pub(in crate::flow) fn shows_wrong_roles(&self, by: Direction, segment: &TcpSegment<'_>) -> bool {
        let handshake = &self.handshake;
        let none_yet = handshake.syn.is_none() && handshake.syn_ack.is_none() && handshake.resp_syn.is_none();
        let syn_from_resp = by == Direction::RespToOrig && !segment.flags.ack();
        let syn_ack_from_orig = by == Direction::OrigToResp && segment.flags.ack();
        segment.flags.syn() && none_yet && (syn_from_resp || syn_ack_from_orig)
    }

    /// Exchanges originator and responder; only before any step of a handshake was seen.
    pub(in crate::flow) fn swap_sides(&mut self) {
        std::mem::swap(&mut self.orig, &mut self.resp);
        self.teardown.swap_sides();
        self.ends.swap_sides();
        std::mem::swap(&mut self.orig_end, &mut self.resp_end);
        if let Some(doubts) = &mut self.doubts {
            doubts.swap_sides();
        }
        if let Some(memory) = &mut self.memory {
            memory.swap_sides();
        }
        self.history.flip();
    }

    /// Takes the next segment, sent by `by`; what it was is said in `followed`, which has nothing in it yet and is too large to
    /// be given back.
    pub(in crate::flow) fn follow(
        &mut self,
        by: Direction,
        segment: &TcpSegment<'_>,
        &Arrival { packet, before, ip_id, verified }: &Arrival,
        followed: &mut Followed,
    ) {
        let believed;
        let mut segment = segment;
        if verified != Verified::No || segment.flags.rst() || segment.flags.fin() {
            believed = self.doubt_part(by, segment, packet, verified);
            followed.payload = believed.payload;
            if let Some(why) = believed.ignored {
                self.ignore(by, segment, packet, why);
                return;
            }
            segment = &believed.segment;
        }
        let flags = segment.flags;
        self.handshake_part(by, segment, packet, followed);
        let keep_alive = self.is_keep_alive(by, segment) && !self.awaits_handshake(by, segment, packet);
        let into_closed_window = self.is_zero_window_probe(by, segment);
        let is_probe = keep_alive || into_closed_window;
        let added = self.sequence_part(by, segment, is_probe);
        followed.keep_alive = keep_alive;
        let is_copy = self.judge_part(by, segment, packet, ip_id, &added, followed);
        let is_over = self.ends.segment(by, segment, packet.number);
        followed.handshake_retry &= !is_copy;
        if followed.handshake_retry {
            self.handshake.note_retry(flags, packet);
        }
        followed.repeat = if is_probe || is_copy { Repeat::New } else { added.repeat };
        followed.missing_before = added.missing_before;
        if !is_copy {
            self.count(by, segment, &added, keep_alive);
            self.measure(by, segment, packet, &added, is_probe);
        }
        followed.after_close = self.close_part(by, segment, packet, before, &added, keep_alive);
        if flags.ack() {
            self.acknowledge(by, SeqNumber(segment.ack), packet);
        }
        self.write_history(by, segment, added.repeat);

        self.end_sends(by, flags);
        let memory = awake(&mut self.memory);
        memory.previous = Some((by, kind_of(segment)));
        let (own, _) = memory.tracks(by);
        if segment.payload_len > 0 && added.repeat != Repeat::Whole && !is_probe {
            let continues = added.in_order && !own.sample_ended;
            let whole = u32::try_from(segment.payload.len()).is_ok_and(|had| had >= segment.payload_len);
            own.sample_ended = !continues || !whole;
            followed.samples = continues;
        }
        if is_over {
            memory.rest();
        }
    }

    /// What the flags say to Zeek.
    pub(super) fn end_sends(&mut self, by: Direction, flags: TcpFlags) {
        let (end, other_end) = match by {
            Direction::OrigToResp => (&mut self.orig_end, &mut self.resp_end),
            Direction::RespToOrig => (&mut self.resp_end, &mut self.orig_end),
        };
        end.sends(other_end, flags);
    }

    pub(super) fn tracks(&mut self, by: Direction) -> (&mut Track, &mut Track) {
        awake(&mut self.memory).tracks(by)
    }

    pub(super) fn side_mut(&mut self, by: Direction) -> &mut TcpSide {
        match by {
            Direction::OrigToResp => &mut self.orig,
            Direction::RespToOrig => &mut self.resp,
        }
    }

    /// wirelab's own verdict. Whether the segment is a frame captured twice, as far as more than the time tells.
    fn judge_part(
        &mut self,
        by: Direction,
        segment: &TcpSegment<'_>,
        packet: PacketStamp,
        ip_id: Option<u16>,
        added: &Added,
        followed: &mut Followed,
    ) -> bool {
        let judge = &mut awake(&mut self.memory).judge;
        let at = Circumstances { packet, ip_id, by, handshake: &self.handshake };
        let keep_alive = followed.keep_alive;
        let twice = judge.segment(by, segment, &at, (added, keep_alive), &mut followed.judgement);
        followed.tells_twice = twice;
        let (side, other_side) = match by {
            Direction::OrigToResp => (&mut self.orig, &mut self.resp),
            Direction::RespToOrig => (&mut self.resp, &mut self.orig),
        };
        let judgement = followed.judgement.as_ref();
        if let Some(judgement) = judgement {
            side.judged.count(judgement.kind);
        }
        if twice.is_some() {
            let judged = &mut other_side.judged;
            judged.proved_unnecessary = judged.proved_unnecessary.saturating_add(1);
        }
        judgement.is_some_and(|judgement| {
            judgement.kind == Kind::CapturedTwice && judgement.sure != Sureness::Possible
        })
    }

    fn handshake_part(
        &mut self,
        by: Direction,
        segment: &TcpSegment<'_>,
        packet: PacketStamp,
        followed: &mut Followed,
    ) {
        let flags = segment.flags;
        if flags.rst() {
            followed.refuses = by == Direction::RespToOrig && self.handshake.take_reset(packet);
        } else if flags.syn() {
            let isn = match by {
                Direction::OrigToResp => self.handshake.orig_isn,
                Direction::RespToOrig => self.handshake.resp_isn,
            };
            if isn.is_some_and(|isn| isn != segment.seq) {
                // Another beginning on the same conversation: its numbers have nothing to do with the former.
                self.tracks(by).0.received = Received::default();
            }
            followed.step = Some(if flags.ack() { HandshakeStep::SynAck } else { HandshakeStep::Syn });
            followed.handshake_retry = if flags.ack() {
                self.handshake.take_syn_ack(by, segment, packet)
            } else {
                self.handshake.take_syn(by, segment.seq, segment.options, packet)
            };
        } else if flags.ack() && by == Direction::OrigToResp && self.handshake.take_ack(segment, packet) {
            followed.step = Some(HandshakeStep::Ack);
        }
    }

    /// The number of its own SYN, before the connection stands: who is not connected does not ask whether the other side
    /// is still there.
    fn awaits_handshake(&self, by: Direction, segment: &TcpSegment<'_>, packet: PacketStamp) -> bool {
        let start = &self.handshake;
        let isn = if by == Direction::OrigToResp { start.orig_isn } else { start.resp_isn };
        isn == Some(segment.seq) && start.ack.is_none_or(|ack| ack.number == packet.number)
    }

    /// At most one byte, just below what comes next, after everything was acknowledged (RFC 9293 section 3.8.4).
    fn is_keep_alive(&mut self, by: Direction, segment: &TcpSegment<'_>) -> bool {
        let memory = self.memory.get_or_insert_default();
        if !memory.judge.may_ask(by) {
            return false;
        }
        let track = memory.tracks(by).0;
        let flags = segment.flags;
        segment.payload_len <= 1
            && !(flags.syn() || flags.fin() || flags.rst())
            && track.fin_end.is_none()
            && track.received.next() == Some(SeqNumber(segment.seq).plus(1))
    }

    /// One new byte into a closed window (RFC 9293 section 3.8.6.1).
    fn is_zero_window_probe(&mut self, by: Direction, segment: &TcpSegment<'_>) -> bool {
        let memory = awake(&mut self.memory);
        let flags = segment.flags;
        segment.payload_len == 1
            && !(flags.syn() || flags.fin() || flags.rst())
            && memory.judge.is_window_closed(by.reversed())
            && memory.tracks(by).0.received.next() == Some(SeqNumber(segment.seq))
    }

    /// What the segment adds to what was seen; nothing where it is a probe.
    fn sequence_part(&mut self, by: Direction, segment: &TcpSegment<'_>, is_probe: bool) -> Added {
        let flags = segment.flags;
        let len = segment.payload_len;
        let span = len.saturating_add(u32::from(flags.syn())).saturating_add(u32::from(flags.fin()));
        let seq = SeqNumber(segment.seq);
        // The number of a RST may be made up, so nothing follows from it.
        if flags.rst() {
            return Added::default();
        }
        if is_probe {
            let own = self.tracks(by).0;
            if segment.payload_len == 1 && own.received.next() == Some(seq) {
                own.probe = Some(seq);
            }
            return Added::default();
        }
        if span > 0 && self.tracks(by).0.probe.is_some() {
            self.settle_probe(by, seq);
        }
        self.tracks(by).0.received.add(seq, span)
    }

    /// The byte of a probe was sent if `reached`, where the sender goes on or what was acknowledged, lies behind it.
    fn settle_probe(&mut self, by: Direction, reached: SeqNumber) {
        let own = self.tracks(by).0;
        let Some(probe) = own.probe.take_if(|probe| reached.is_after(*probe)) else { return };
        if own.received.next() == Some(probe) {
            own.received.add(probe, 1);
            let measures = &mut self.side_mut(by).measures;
            measures.unique_bytes = measures.unique_bytes.saturating_add(1);
        }
    }

    /// Counts a segment that `added` was found of.
    fn count(&mut self, by: Direction, segment: &TcpSegment<'_>, added: &Added, keep_alive: bool) {
        let (flags, len) = (segment.flags, segment.payload_len);
        let side = self.side_mut(by);
        side.data_packets = side.data_packets.saturating_add(u64::from(len > 0));
        side.repeated_packets = side.repeated_packets.saturating_add(u64::from(added.repeat != Repeat::New));
        side.repeated_bytes = side.repeated_bytes.saturating_add(u64::from(added.repeated.min(len)));
        side.missing_bytes = side
            .missing_bytes
            .saturating_add(u64::from(added.missing_before))
            .saturating_sub(u64::from(added.filled));
        side.keep_alives = side.keep_alives.saturating_add(u32::from(keep_alive));
        if segment.window == 0 && flags.ack() && !flags.rst() && !flags.syn() {
            side.zero_windows = side.zero_windows.saturating_add(1);
        }
    }

    /// FIN, RST and what comes after them; whether this is payload after the close.
    fn close_part(
        &mut self,
        by: Direction,
        segment: &TcpSegment<'_>,
        packet: PacketStamp,
        before: Option<PacketStamp>,
        added: &Added,
        keep_alive: bool,
    ) -> bool {
        let (flags, len) = (segment.flags, segment.payload_len);
        let own_fin_end = self.tracks(by).0.fin_end;
        let beyond_fin = own_fin_end.is_some_and(|end| !SeqNumber(segment.seq).is_before(end));
        let after_close = len > 0 && !keep_alive && (beyond_fin || self.teardown.reset.is_some());
        if after_close {
            self.teardown.data_after_close.get_or_insert(packet.number);
            self.teardown.data_after_close_count = self.teardown.data_after_close_count.saturating_add(1);
        } else if own_fin_end.is_none() && self.teardown.fin(by.reversed()).is_some() && !keep_alive {
            let new = len.saturating_sub(added.repeated);
            self.teardown.half_close_bytes = self.teardown.half_close_bytes.saturating_add(u64::from(new));
        }
        if flags.fin() && !flags.rst() && own_fin_end.is_none() {
            let numbers = fin_numbers(segment);
            self.tracks(by).0.fin_end = Some(numbers.end);
            self.teardown.note_fin(by, packet, numbers);
        }
        if flags.rst() {
            let previous = self.memory.as_ref().and_then(|memory| memory.previous);
            let answers = match (previous, before) {
                (Some((sender, kind)), Some(before)) if sender != by => Some((before, kind)),
                _ => None,
            };
            self.teardown.note_reset(Reset { by, packet, answers });
        }
        after_close
    }

    fn acknowledge(&mut self, by: Direction, ack: SeqNumber, packet: PacketStamp) {
        if self.tracks(by).1.probe.is_some() {
            self.settle_probe(by.reversed(), ack);
        }
        self.take_back(by.reversed(), ack);
        let (_, other) = self.tracks(by);
        let fin_acked = other.fin_end.is_some_and(|end| !ack.is_before(end));
        let gaps = other.received.acked(ack);
        if fin_acked {
            self.teardown.note_fin_acked(by.reversed(), packet);
        }
        for _ in 0..gaps {
            self.write(by.reversed(), Event::Gap);
        }
    }

    pub(super) fn write_history(&mut self, by: Direction, segment: &TcpSegment<'_>, repeat: Repeat) {
        let (flags, seq, len) = (segment.flags, segment.seq, segment.payload_len);
        if flags.syn() {
            self.write(by, Event::Syn { ack: flags.ack(), seq });
            if flags.fin() || flags.rst() {
                self.write(by, Event::MultiFlag);
            }
        }
        if flags.fin() && flags.rst() {
            self.write(by, Event::Inconsistent);
        }
        if len > 0 && !flags.rst() {
            self.write(by, Event::Data);
            if repeat != Repeat::New {
                self.write(by, Event::Repeat);
            }
        }
        if flags.fin() {
            self.write(by, Event::Fin(seq.wrapping_add(len)));
        }
        if flags.rst() {
            self.write(by, Event::Rst(seq));
        } else if !flags.syn() && flags.ack() {
            if len == 0 && !flags.fin() {
                self.write(by, Event::Ack);
            }
            if segment.window == 0 {
                self.write(by, Event::ZeroWindow);
            }
        }
    }

    pub(super) fn write(&mut self, by: Direction, event: Event) {
        let (track, _) = awake(&mut self.memory).tracks(by);
        track.written.note(&mut self.history, by, event);
    }
}

pub(super) fn fin_numbers(segment: &TcpSegment<'_>) -> FinNumbers {
    let end = SeqNumber(segment.seq).plus(segment.payload_len).plus(1);
    FinNumbers { end, ack: segment.flags.ack().then_some(SeqNumber(segment.ack)) }
}

pub(super) fn kind_of(segment: &TcpSegment<'_>) -> SegmentKind {
    let flags = segment.flags;
    if flags.rst() {
        SegmentKind::Reset
    } else if flags.syn() {
        if flags.ack() { SegmentKind::SynAck } else { SegmentKind::Syn }
    } else if segment.payload_len > 0 {
        SegmentKind::Data
    } else if flags.fin() {
        SegmentKind::Fin
    } else {
        SegmentKind::Ack
    }
}
