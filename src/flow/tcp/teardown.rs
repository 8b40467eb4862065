//! How a TCP connection ends: FINs, their ACKs, resets, and what came too late.

use super::SeqNumber;
use crate::flow::{Direction, PacketStamp};
use crate::source::PacketNumber;

/// How a TCP connection ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Teardown {
    /// The originator's first FIN.
    pub orig_fin: Option<PacketStamp>,
    /// The responder's first FIN.
    pub resp_fin: Option<PacketStamp>,
    /// The first segment of the responder that acknowledges the originator's FIN.
    pub orig_fin_acked: Option<PacketStamp>,
    /// The first segment of the originator that acknowledges the responder's FIN.
    pub resp_fin_acked: Option<PacketStamp>,
    /// The first RST of the flow. Boxed, because most flows have none.
    pub reset: Option<Box<Reset>>,
    /// Payload bytes that the other side sent after the first FIN: a half-closed connection in use.
    pub half_close_bytes: u64,
    /// The first segment with payload after its sender's own FIN or after a reset, if there is one.
    pub data_after_close: Option<PacketNumber>,
    /// How many such segments there are.
    pub data_after_close_count: u64,
    orig_numbers: Option<FinNumbers>,
    resp_numbers: Option<FinNumbers>,
}

/// The numbers of a FIN.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FinNumbers {
    /// The first number behind it.
    pub(super) end: SeqNumber,
    /// What it acknowledges.
    pub(super) ack: Option<SeqNumber>,
}

impl FinNumbers {
    /// Its sender had the FIN with these numbers.
    fn acknowledges(&self, other: &Self) -> bool {
        self.ack.is_some_and(|ack| !ack.is_before(other.end))
    }
}

/// Who began to close.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Closing {
    /// One side; the other had its FIN, or sent none.
    First(Direction),
    /// Both, before either had the other's FIN (RFC 9293 section 3.6).
    AtOnce,
}

impl Teardown {
    /// The first FIN of the sender of `direction`.
    #[must_use]
    pub fn fin(&self, direction: Direction) -> Option<PacketStamp> {
        match direction {
            Direction::OrigToResp => self.orig_fin,
            Direction::RespToOrig => self.resp_fin,
        }
    }

    /// The segment that acknowledges the FIN of the sender of `direction`.
    #[must_use]
    pub fn fin_acked(&self, direction: Direction) -> Option<PacketStamp> {
        match direction {
            Direction::OrigToResp => self.orig_fin_acked,
            Direction::RespToOrig => self.resp_fin_acked,
        }
    }

    /// Who began to close. Where both sent FIN, it is the one whose FIN the other's acknowledges, in whichever order they
    /// were captured.
    #[must_use]
    pub fn closing(&self) -> Option<Closing> {
        use Direction::{OrigToResp, RespToOrig};
        let (orig, resp) = match (self.orig_fin, self.resp_fin) {
            (Some(orig), Some(resp)) => (orig, resp),
            (Some(_), None) => return Some(Closing::First(OrigToResp)),
            (None, Some(_)) => return Some(Closing::First(RespToOrig)),
            (None, None) => return None,
        };
        let numbers = self.orig_numbers.zip(self.resp_numbers);
        let had = numbers.map(|(orig, resp)| (orig.acknowledges(&resp), resp.acknowledges(&orig)));
        let told = numbers.is_some_and(|(orig, resp)| orig.ack.is_some() && resp.ack.is_some());
        Some(match had {
            Some((false, true)) => Closing::First(OrigToResp),
            Some((true, false)) => Closing::First(RespToOrig),
            Some((false, false)) if told => Closing::AtOnce,
            _ if resp.number < orig.number => Closing::First(RespToOrig),
            _ => Closing::First(OrigToResp),
        })
    }

    /// Who closed first; `None` where nobody closed, or both at once.
    #[must_use]
    pub fn closed_first(&self) -> Option<Direction> {
        match self.closing()? {
            Closing::First(by) => Some(by),
            Closing::AtOnce => None,
        }
    }

    /// The FIN of who closed second was captured before the one that it acknowledges.
    #[must_use]
    pub fn is_captured_out_of_order(&self) -> bool {
        self.closed_first().is_some_and(|by| {
            let fins = self.fin(by).zip(self.fin(by.reversed()));
            fins.is_some_and(|(first, second)| second.number < first.number)
        })
    }

    /// Both sides sent FIN, and both FINs were acknowledged.
    #[must_use]
    pub fn is_orderly(&self) -> bool {
        self.orig_fin_acked.is_some() && self.resp_fin_acked.is_some() && self.reset.is_none()
    }
}

impl Teardown {
    pub(super) fn note_fin(&mut self, by: Direction, packet: PacketStamp, numbers: FinNumbers) {
        let (fin, own, other) = match by {
            Direction::OrigToResp => (&mut self.orig_fin, &mut self.orig_numbers, self.resp_numbers),
            Direction::RespToOrig => (&mut self.resp_fin, &mut self.resp_numbers, self.orig_numbers),
        };
        fin.get_or_insert(packet);
        let numbers = *own.get_or_insert(numbers);
        let captured_before = other.filter(|other| other.acknowledges(&numbers));
        if let Some(acked) = captured_before.and(self.fin(by.reversed())) {
            self.note_fin_acked(by, acked);
        }
    }

    /// The FIN of `by` is acknowledged in `packet`.
    pub(super) fn note_fin_acked(&mut self, by: Direction, packet: PacketStamp) {
        match by {
            Direction::OrigToResp => self.orig_fin_acked.get_or_insert(packet),
            Direction::RespToOrig => self.resp_fin_acked.get_or_insert(packet),
        };
    }

    /// The first segment of `by`, in this packet, was damaged.
    pub(super) fn disbelieve(&mut self, by: Direction, packet: PacketNumber) {
        self.reset.take_if(|reset| reset.packet.number == packet);
        let (fin, numbers) = match by {
            Direction::OrigToResp => (&mut self.orig_fin, &mut self.orig_numbers),
            Direction::RespToOrig => (&mut self.resp_fin, &mut self.resp_numbers),
        };
        if fin.take_if(|fin| fin.number == packet).is_some() {
            *numbers = None;
        }
    }

    pub(super) fn note_reset(&mut self, reset: Reset) {
        self.reset.get_or_insert_with(|| Box::new(reset));
    }

    pub(super) fn swap_sides(&mut self) {
        std::mem::swap(&mut self.orig_fin, &mut self.resp_fin);
        std::mem::swap(&mut self.orig_fin_acked, &mut self.resp_fin_acked);
        std::mem::swap(&mut self.orig_numbers, &mut self.resp_numbers);
        if let Some(reset) = &mut self.reset {
            reset.by = reset.by.reversed();
        }
    }
}

/// The RST that ended a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reset {
    /// Who sent it.
    pub by: Direction,
    /// The packet.
    pub packet: PacketStamp,
    /// The segment of the other side just before it, where that came after everything the resetting side had
    /// sent: what it seems to answer. `None` where the resetting side spoke last itself.
    pub answers: Option<(PacketStamp, SegmentKind)>,
}

/// What a segment is for, by its flags and payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SegmentKind {
    /// SYN.
    Syn,
    /// SYN and ACK.
    SynAck,
    /// Payload, perhaps with FIN.
    Data,
    /// FIN without payload.
    Fin,
    /// RST.
    Reset,
    /// None of these.
    Ack,
}
