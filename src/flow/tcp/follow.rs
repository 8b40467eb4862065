//! Follows one connection, segment by segment: handshake, sequence numbers, teardown, history.

use super::measure::Measuring;
use super::received::{Added, Received};
use super::seq::SeqNumber;
use super::state::{Endpoint, Event, Written};
use super::{Circumstances, HandshakeStep, Judgement, Reset, SegmentKind, TcpFlow, TcpSide};
use crate::decode::TcpSegment;
use crate::flow::{Direction, PacketStamp, Repeat};
use crate::source::PacketNumber;

/// What is remembered of one side to judge its next segment.
#[derive(Clone, Debug, Default)]
pub(super) struct Track {
    received: Received,
    pub(super) measuring: Measuring,
    /// First number after its FIN.
    fin_end: Option<SeqNumber>,
    written: Written,
    pub(super) state: Endpoint,
    /// A segment came out of order or cut, so the bytes that follow do not continue its sample.
    sample_ended: bool,
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
        std::mem::swap(&mut self.orig_track, &mut self.resp_track);
        self.teardown.swap_sides();
        self.analysis.swap_sides();
        self.judge.swap_sides();
        self.ends.swap_sides();
        self.previous = self.previous.map(|(by, kind)| (by.reversed(), kind));
        self.history.flip();
    }

    /// Takes the next segment, sent by `by` in `packet`; `before` is the flow's packet before it.
    pub(in crate::flow) fn follow(
        &mut self,
        by: Direction,
        segment: &TcpSegment<'_>,
        packet: PacketStamp,
        before: Option<PacketStamp>,
        ip_id: Option<u16>,
    ) -> Followed {
        let flags = segment.flags;
        let mut followed = self.handshake_part(by, segment, packet);
        let keep_alive = self.is_keep_alive(by, segment);
        let added = self.sequence_part(by, segment, keep_alive);
        followed.keep_alive = keep_alive;
        followed.repeat = if keep_alive { Repeat::New } else { added.repeat };
        followed.missing_before = added.missing_before;
        self.measure(by, segment, packet, &added, keep_alive);
        followed.after_close = self.close_part(by, segment, packet, before, &added, keep_alive);
        if flags.ack() {
            self.acknowledge(by, SeqNumber(segment.ack), packet);
        }
        self.write_history(by, segment, followed.repeat);
        self.judge_part(by, segment, packet, ip_id, &added, &mut followed);

        let (own, other) = self.tracks(by);
        own.state.sends(&mut other.state, flags);
        if segment.payload_len > 0 && followed.repeat != Repeat::Whole && !keep_alive {
            let continues = added.in_order && !own.sample_ended;
            let whole = u32::try_from(segment.payload.len()).is_ok_and(|had| had >= segment.payload_len);
            own.sample_ended = !continues || !whole;
            followed.samples = continues;
        }
        self.previous = Some((by, kind_of(segment)));
        followed
    }

    fn tracks(&mut self, by: Direction) -> (&mut Track, &mut Track) {
        match by {
            Direction::OrigToResp => (&mut self.orig_track, &mut self.resp_track),
            Direction::RespToOrig => (&mut self.resp_track, &mut self.orig_track),
        }
    }

    fn track(&self, by: Direction) -> &Track {
        match by {
            Direction::OrigToResp => &self.orig_track,
            Direction::RespToOrig => &self.resp_track,
        }
    }

    fn side_mut(&mut self, by: Direction) -> &mut TcpSide {
        match by {
            Direction::OrigToResp => &mut self.orig,
            Direction::RespToOrig => &mut self.resp,
        }
    }

    /// wirelab's own verdict, and what state the ends are in.
    fn judge_part(
        &mut self,
        by: Direction,
        segment: &TcpSegment<'_>,
        packet: PacketStamp,
        ip_id: Option<u16>,
        added: &Added,
        followed: &mut Followed,
    ) {
        let at = Circumstances { packet, ip_id, handshake: &self.handshake };
        let (judgement, twice) = self.judge.segment(by, segment, &at, added, followed.keep_alive);
        followed.judgement = judgement;
        followed.tells_twice = twice;
        if let Some(judgement) = judgement {
            self.side_mut(by).judged.count(judgement.kind);
        }
        if twice.is_some() {
            let judged = &mut self.side_mut(by.reversed()).judged;
            judged.proved_unnecessary = judged.proved_unnecessary.saturating_add(1);
        }
        if self.ends.segment(by, segment, packet.number) {
            self.judge.rest();
        }
    }

    fn handshake_part(&mut self, by: Direction, segment: &TcpSegment<'_>, packet: PacketStamp) -> Followed {
        let flags = segment.flags;
        let mut followed = Followed::default();
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
        followed
    }

    /// At most one byte, just below what comes next (RFC 9293 section 3.8.4).
    fn is_keep_alive(&self, by: Direction, segment: &TcpSegment<'_>) -> bool {
        let track = self.track(by);
        let flags = segment.flags;
        segment.payload_len <= 1
            && !(flags.syn() || flags.fin() || flags.rst())
            && track.fin_end.is_none()
            && track.received.next() == Some(SeqNumber(segment.seq).plus(1))
    }

    fn sequence_part(&mut self, by: Direction, segment: &TcpSegment<'_>, keep_alive: bool) -> Added {
        let flags = segment.flags;
        let len = segment.payload_len;
        let span = len.saturating_add(u32::from(flags.syn())).saturating_add(u32::from(flags.fin()));
        // The number of a RST may be made up, so nothing follows from it.
        let added = if flags.rst() || keep_alive {
            Added::default()
        } else {
            self.tracks(by).0.received.add(SeqNumber(segment.seq), span)
        };
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
        added
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
        let own_fin_end = self.track(by).fin_end;
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
            self.tracks(by).0.fin_end = Some(SeqNumber(segment.seq).plus(len).plus(1));
            self.teardown.note_fin(by, packet);
        }
        if flags.rst() {
            let answers = match (self.previous, before) {
                (Some((sender, kind)), Some(before)) if sender != by => Some((before, kind)),
                _ => None,
            };
            self.teardown.note_reset(Reset { by, packet, answers });
        }
        after_close
    }

    fn acknowledge(&mut self, by: Direction, ack: SeqNumber, packet: PacketStamp) {
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

    fn write_history(&mut self, by: Direction, segment: &TcpSegment<'_>, repeat: Repeat) {
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

    fn write(&mut self, by: Direction, event: Event) {
        let track = match by {
            Direction::OrigToResp => &mut self.orig_track,
            Direction::RespToOrig => &mut self.resp_track,
        };
        track.written.note(&mut self.history, by, event);
    }
}

fn kind_of(segment: &TcpSegment<'_>) -> SegmentKind {
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
