//! Segments that the other end must not take: a RST or FIN outside of its window, and what was damaged on the way.

use super::follow::{fin_numbers, kind_of};
use super::memory::awake;
use super::received::Added;
use super::seq::SeqNumber;
use super::state::Event;
use super::teardown::FinNumbers;
use super::{SegmentKind, TcpFlow, TcpSide};
use crate::decode::{TcpFlags, TcpSegment};
use crate::flow::{Direction, PacketStamp, Repeat};
use crate::source::PacketNumber;

/// Most listed of one connection; more are only counted. The first show what it is.
pub const MAX_DOUBTS: usize = 4;

/// Most damaged segments remembered of one side, in case the other end acknowledges them after all. A recovery sends
/// them again within a few segments.
const MAX_DAMAGED: usize = 8;

/// Payload of the largest segment on Ethernet, where the MSS is not in the capture.
const USUAL_MSS: u32 = 1460;

/// The most that is in flight without window scaling: farther ahead of the others, the number of a damaged segment is
/// what was damaged, and no acknowledgment is of it.
pub(in crate::flow) const MOST_AHEAD: u32 = 65_535;

/// What verifying the checksum of a segment found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Verified {
    /// It was not verified, or cannot be: cut, a fragment, or left to the network card.
    #[default]
    No,
    /// It is right.
    Right,
    /// It is wrong, and all that it covers was captured.
    Wrong,
}

/// Why a segment is doubted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// It lies so many numbers below what the other end had acknowledged: outside of its window (RFC 9293 section
    /// 3.10.7.4, RFC 5961 section 3.2).
    Below(u32),
    /// It lies so many numbers behind the window of the other end.
    Beyond(u32),
    /// It would lie behind the window if that were not scaled; the handshake is not in the capture, so it is believed.
    ScaleUnknown,
    /// It answers a SYN and acknowledges something else (RFC 9293 section 3.10.7.3).
    AcksNothing,
    /// Its checksum is wrong, and those of other segments of its sender are right.
    Damaged,
}

impl Why {
    /// The other end must drop it, so nothing follows from it.
    #[must_use]
    pub const fn is_ignored(self) -> bool {
        !matches!(self, Self::ScaleUnknown)
    }
}

/// A segment that is not to be believed, or only on an assumption.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Doubt {
    /// The packet.
    pub packet: PacketNumber,
    /// Who sent it, as it says itself.
    pub by: Direction,
    /// What it would be.
    pub kind: SegmentKind,
    /// Why it is doubted.
    pub why: Why,
}

/// The doubted segments of one connection.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Doubts {
    listed: Vec<Doubt>,
    count: u64,
    damaged: u64,
}

impl Doubts {
    /// The first [`MAX_DOUBTS`].
    #[must_use]
    pub fn listed(&self) -> &[Doubt] {
        &self.listed
    }

    /// How many are not listed.
    #[must_use]
    pub fn left_out(&self) -> u64 {
        self.count.saturating_sub(u64::try_from(self.listed.len()).unwrap_or(u64::MAX))
    }

    /// How many were damaged, listed or not.
    #[must_use]
    pub fn damaged(&self) -> u64 {
        self.damaged
    }

    pub(super) fn add(&mut self, doubt: Doubt) {
        self.count = self.count.saturating_add(1);
        self.damaged = self.damaged.saturating_add(u64::from(doubt.why == Why::Damaged));
        if self.listed.len() < MAX_DOUBTS {
            self.listed.push(doubt);
        }
    }

    /// Something later shows that the segment in `packet` was taken.
    pub(super) fn dispel(&mut self, packet: PacketNumber) {
        if let Some(at) = self.listed.iter().position(|doubt| doubt.packet == packet) {
            let doubt = self.listed.remove(at);
            self.count = self.count.saturating_sub(1);
            self.damaged = self.damaged.saturating_sub(u64::from(doubt.why == Why::Damaged));
        }
    }

    pub(super) fn swap_sides(&mut self) {
        self.listed.iter_mut().for_each(|doubt| doubt.by = doubt.by.reversed());
    }
}

/// What becomes of the payload of a segment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::flow) enum PayloadUse {
    /// It is part of the stream.
    #[default]
    Take,
    /// So it is, and so is what was set aside of its side: wrong checksums are usual there.
    TakeAll,
    /// So it is, and what was set aside before it is not.
    TakeAnew,
    /// It is part of the stream only if the other end acknowledges it, or nothing else brings it.
    SetAside,
    /// So it is, and what it acknowledges is not believed.
    SetAsideUnheard,
    /// It is not part of the stream.
    Leave,
}

/// A segment as far as it is to be believed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Believed<'a> {
    /// It, or what is left of it.
    pub(super) segment: TcpSegment<'a>,
    pub(super) payload: PayloadUse,
    /// Nothing of it is, and why.
    pub(super) ignored: Option<Why>,
}

/// The checksums of one side, what its wrong ones are taken for, and what of it is not believed.
#[derive(Clone, Debug, Default)]
pub(super) struct Doubted {
    /// A FIN that the other end is thought to ignore: unless it acknowledges it.
    ignored_fin: Option<IgnoredFin>,
    right: u32,
    wrong: u32,
    /// The only segment so far, with a wrong checksum.
    first: Option<First>,
    damaged: Vec<Damaged>,
}

/// A FIN that is not believed so far.
#[derive(Clone, Copy, Debug)]
struct IgnoredFin {
    packet: PacketStamp,
    numbers: FinNumbers,
    /// Bytes before it in its segment that are not believed either.
    len: u32,
}

/// A first segment, with a wrong checksum.
#[derive(Clone, Copy, Debug)]
struct First {
    packet: PacketNumber,
    kind: SegmentKind,
    end: SeqNumber,
}

/// The numbers of a damaged segment.
#[derive(Clone, Copy, Debug)]
struct Damaged {
    seq: SeqNumber,
    len: u32,
    packet: PacketNumber,
}

/// What the checksum of a segment says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Finding {
    /// Nothing against it.
    Fine,
    /// It is the first of its side, and wrong: the next will tell more.
    FirstIsWrong,
    /// Nothing against it and what was set aside: wrong checksums are usual on this side, because the sending host left
    /// them to its network card, or the first goes together with this one.
    AllIsFine,
    /// It was damaged on the way, or changed in the savefile.
    Suspect,
    /// It is right and nowhere near the one before it, so that, in this packet, was damaged.
    FirstWasDamaged(PacketNumber, SegmentKind),
}

impl Doubted {
    /// Takes the checksum of the next segment, in `packet`; `mss` is the most payload that its sender may send in one.
    fn take(
        &mut self,
        segment: &TcpSegment<'_>,
        packet: PacketNumber,
        verified: Verified,
        mss: Option<u16>,
    ) -> Finding {
        let seq = SeqNumber(segment.seq);
        let first = self.first.take();
        if verified != Verified::Wrong {
            let is_right = verified == Verified::Right;
            self.right = self.right.saturating_add(u32::from(is_right));
            return match first {
                Some(first) if is_right && first.end.distance_to(seq).unsigned_abs() > MOST_AHEAD => {
                    Finding::FirstWasDamaged(first.packet, first.kind)
                }
                Some(_) => Finding::AllIsFine,
                None => Finding::Fine,
            };
        }
        self.wrong = self.wrong.saturating_add(1);
        // Larger ones were put together or not yet cut by the network card, which left the checksum of one part.
        let fits = segment.payload_len <= mss.map_or(USUAL_MSS, u32::from).max(USUAL_MSS);
        if self.right == 0 && self.wrong == 1 && fits && !segment.flags.syn() {
            let end = seq.plus(segment.payload_len);
            self.first = Some(First { packet, kind: kind_of(segment), end });
            Finding::FirstIsWrong
        } else if self.wrong <= self.right && fits {
            Finding::Suspect
        } else {
            Finding::AllIsFine
        }
    }

    fn note_damaged(&mut self, segment: &TcpSegment<'_>, packet: PacketNumber) {
        if segment.payload_len > 0 && self.damaged.len() < MAX_DAMAGED {
            let seq = SeqNumber(segment.seq);
            self.damaged.push(Damaged { seq, len: segment.payload_len, packet });
        }
    }

    /// Takes out a damaged segment that an acknowledgment up to `ack` covers: where it starts, its length, its packet.
    fn acknowledged(&mut self, ack: SeqNumber) -> Option<(SeqNumber, u32, PacketNumber)> {
        let at = self.damaged.iter().position(|it| !it.seq.plus(it.len).is_after(ack))?;
        let it = self.damaged.remove(at);
        Some((it.seq, it.len, it.packet))
    }
}

impl TcpFlow {
    /// What speaks against believing the segment.
    pub(super) fn doubt_part<'a>(
        &mut self,
        by: Direction,
        segment: &TcpSegment<'a>,
        packet: PacketStamp,
        verified: Verified,
    ) -> Believed<'a> {
        let mut believed = Believed { segment: *segment, payload: PayloadUse::Take, ignored: None };
        if verified != Verified::No {
            self.check_integrity(by, packet, verified, &mut believed);
        }
        let flags = believed.segment.flags;
        if believed.ignored.is_none()
            && (flags.rst() || flags.fin())
            && let Some(why) = self.outside_window(by, segment)
        {
            let kind = if flags.rst() { SegmentKind::Reset } else { SegmentKind::Fin };
            self.doubts.get_or_insert_default().add(Doubt { packet: packet.number, by, kind, why });
            if why.is_ignored() {
                believed.ignored = Some(why);
                believed.payload = if flags.rst() { PayloadUse::Leave } else { PayloadUse::SetAsideUnheard };
            }
        }
        believed
    }

    /// What the checksum says. Of a segment that goes on where its side was, a wrong one says only that its payload may
    /// not be what was sent: it is believed unless another copy comes. One that would end the connection, or jump, is not.
    fn check_integrity(
        &mut self,
        by: Direction,
        packet: PacketStamp,
        verified: Verified,
        believed: &mut Believed<'_>,
    ) {
        let segment = believed.segment;
        let mss = self.handshake.mss(by);
        let doubted = self.tracks(by).0.doubted.get_or_insert_default();
        let mut kind = kind_of(&segment);
        match doubted.take(&segment, packet.number, verified, mss) {
            Finding::Fine => return,
            Finding::FirstIsWrong => {
                believed.payload = PayloadUse::SetAside;
                return;
            }
            Finding::AllIsFine => {
                believed.payload = PayloadUse::TakeAll;
                return;
            }
            Finding::FirstWasDamaged(number, kind) => {
                believed.payload = PayloadUse::TakeAnew;
                self.disbelieve_first(by, number, kind);
                return;
            }
            Finding::Suspect => believed.payload = PayloadUse::SetAside,
        }
        if !self.continues(by, &segment) {
            believed.ignored = Some(Why::Damaged);
            believed.payload = PayloadUse::SetAsideUnheard;
            if let Some(doubted) = self.doubted(by) {
                doubted.note_damaged(&segment, packet.number);
            }
        } else if segment.flags.rst() {
            believed.segment.flags.0 &= !TcpFlags::RST;
        } else if segment.flags.fin() {
            kind = SegmentKind::Fin;
            believed.segment.flags.0 &= !TcpFlags::FIN;
            let fin = IgnoredFin { packet, numbers: fin_numbers(&segment), len: 0 };
            let own = self.tracks(by).0;
            if own.fin_end.is_none() {
                own.doubted.get_or_insert_default().ignored_fin = Some(fin);
            }
        } else {
            return;
        }
        let doubt = Doubt { packet: packet.number, by, kind, why: Why::Damaged };
        self.doubts.get_or_insert_default().add(doubt);
    }

    /// The segment begins where its side was, or repeats something, and acknowledges nothing that was not sent.
    fn continues(&mut self, by: Direction, segment: &TcpSegment<'_>) -> bool {
        let (own, other) = self.tracks(by);
        let behind = own.received.next().map_or(0, |next| SeqNumber(segment.seq).distance_to(next));
        let is_sent = |next: SeqNumber| !segment.flags.ack() || !SeqNumber(segment.ack).is_after(next);
        u32::try_from(behind).is_ok_and(|behind| behind <= MOST_AHEAD)
            && other.received.next().is_none_or(is_sent)
    }

    /// Whether the RST or FIN is outside of what the other end takes. Once there was one that counts, more do no harm.
    fn outside_window(&mut self, by: Direction, segment: &TcpSegment<'_>) -> Option<Why> {
        let shift = self.handshake.window_shift(by.reversed());
        let own = self.tracks(by).0;
        let (sent, has_closed) = (own.received.next(), own.fin_end.is_some());
        let is_over = if segment.flags.rst() { self.teardown.reset.is_some() } else { has_closed };
        if is_over { None } else { self.ends.outside(by, segment, shift, sent) }
    }

    /// The first segment of `by` was damaged, so what it seemed to show is forgotten.
    fn disbelieve_first(&mut self, by: Direction, packet: PacketNumber, kind: SegmentKind) {
        self.tracks(by).0.begin_anew();
        let side = self.side_mut(by);
        *side = TcpSide::default();
        self.handshake.refused.take_if(|refused| refused.number == packet);
        self.teardown.disbelieve(by, packet);
        self.ends.disbelieve_first(by, kind);
        self.doubts.get_or_insert_default().add(Doubt { packet, by, kind, why: Why::Damaged });
    }

    /// Takes nothing of a segment but what Zeek has of it.
    pub(super) fn ignore(&mut self, by: Direction, segment: &TcpSegment<'_>, packet: PacketStamp, why: Why) {
        let flags = segment.flags;
        if why == Why::Damaged {
            self.write(by, Event::Checksum);
        } else {
            self.write_history(by, segment, Repeat::New);
        }
        if why != Why::Damaged {
            self.end_sends(by, flags);
        }
        let memory = awake(&mut self.memory);
        memory.previous = Some((by, kind_of(segment)));
        let (own, _) = memory.tracks(by);
        if flags.fin() && !flags.rst() && own.fin_end.is_none() {
            let fin = IgnoredFin { packet, numbers: fin_numbers(segment), len: segment.payload_len };
            own.doubted.get_or_insert_default().ignored_fin = Some(fin);
        }
    }

    /// An acknowledgment up to `ack` shows that what `by` sent was not ignored after all.
    pub(super) fn take_back(&mut self, by: Direction, ack: SeqNumber) {
        while let Some((seq, len, packet)) = self.doubted(by).and_then(|doubted| doubted.acknowledged(ack)) {
            let own = self.tracks(by).0;
            if own.received.next().is_none_or(|next| seq.is_after(next.plus(MOST_AHEAD))) {
                continue;
            }
            let added = own.received.add(seq, len);
            if added.repeat == Repeat::New {
                self.count_late(by, len, &added, packet);
            }
        }
        let next = self.tracks(by).0.received.next();
        // It acknowledges exactly the FIN, or more than all that was sent before it.
        let shows = |fin: &mut IgnoredFin| {
            let FinNumbers { end, .. } = fin.numbers;
            end == ack || end.is_before(ack) && next.is_some_and(|next| next.plus(1) == end)
        };
        let fin = self.doubted(by).and_then(|doubted| doubted.ignored_fin.take_if(shows));
        let Some(IgnoredFin { packet, numbers, len }) = fin else { return };
        let own = self.tracks(by).0;
        let span = len.saturating_add(1);
        let added = own.received.add(numbers.end.plus(span.wrapping_neg()), span);
        own.fin_end = Some(numbers.end);
        self.teardown.note_fin(by, packet, numbers);
        self.ends.late_fin(by, numbers.end, numbers.ack, packet.number);
        self.count_late(by, len, &added, packet.number);
    }

    fn doubted(&mut self, by: Direction) -> Option<&mut Doubted> {
        self.tracks(by).0.doubted.as_deref_mut()
    }

    /// Counts what a segment that was ignored at first `added`.
    fn count_late(&mut self, by: Direction, len: u32, added: &Added, packet: PacketNumber) {
        let side = self.side_mut(by);
        side.data_packets = side.data_packets.saturating_add(u64::from(len > 0));
        side.missing_bytes = side
            .missing_bytes
            .saturating_add(u64::from(added.missing_before))
            .saturating_sub(u64::from(added.filled));
        side.measures.unique_bytes = side.measures.unique_bytes.saturating_add(u64::from(len));
        if let Some(doubts) = &mut self.doubts {
            doubts.dispel(packet);
        }
    }
}
