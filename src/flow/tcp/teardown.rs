//! How a TCP connection ends: FINs, their ACKs, resets, and what came too late.

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

    /// Who sent the first FIN.
    #[must_use]
    pub fn closed_first(&self) -> Option<Direction> {
        match (self.orig_fin, self.resp_fin) {
            (Some(orig), Some(resp)) if resp.number < orig.number => Some(Direction::RespToOrig),
            (Some(_), _) => Some(Direction::OrigToResp),
            (None, Some(_)) => Some(Direction::RespToOrig),
            (None, None) => None,
        }
    }

    /// Both sides sent FIN, and both FINs were acknowledged.
    #[must_use]
    pub fn is_orderly(&self) -> bool {
        self.orig_fin_acked.is_some() && self.resp_fin_acked.is_some() && self.reset.is_none()
    }
}

impl Teardown {
    pub(super) fn note_fin(&mut self, by: Direction, packet: PacketStamp) {
        match by {
            Direction::OrigToResp => self.orig_fin.get_or_insert(packet),
            Direction::RespToOrig => self.resp_fin.get_or_insert(packet),
        };
    }

    /// The FIN of `by` is acknowledged in `packet`.
    pub(super) fn note_fin_acked(&mut self, by: Direction, packet: PacketStamp) {
        match by {
            Direction::OrigToResp => self.orig_fin_acked.get_or_insert(packet),
            Direction::RespToOrig => self.resp_fin_acked.get_or_insert(packet),
        };
    }

    pub(super) fn note_reset(&mut self, reset: Reset) {
        self.reset.get_or_insert_with(|| Box::new(reset));
    }

    pub(super) fn swap_sides(&mut self) {
        std::mem::swap(&mut self.orig_fin, &mut self.resp_fin);
        std::mem::swap(&mut self.orig_fin_acked, &mut self.resp_fin_acked);
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
