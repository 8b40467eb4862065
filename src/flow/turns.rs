//! The payload of a flow in turns: who said what, in which packets.

use super::{Direction, PacketStamp};
use crate::source::PacketNumber;

/// Most packet numbers listed of one turn; the others are counted.
pub const MAX_TURN_PACKETS: usize = 16;

/// Most turns kept of one flow; the others are counted. A person reads the first; a chat of a day has fewer.
pub const MAX_TURNS: usize = 4096;

/// The payload of one flow, in the order it was said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Conversation {
    /// The turns, up to [`MAX_TURNS`].
    pub turns: Vec<Turn>,
    /// Turns beyond that.
    pub turns_not_kept: u64,
    /// Payload bytes kept in `turns`.
    pub kept_bytes: u64,
    /// Payload bytes in all, kept or not; repeats are not counted.
    pub total_bytes: u64,
    /// Bytes that are missing in the capture.
    pub missing_bytes: u64,
    /// Segments whose repeated bytes differ from what was seen first.
    pub conflicting_repeats: u64,
}

impl Conversation {
    /// Whether everything that was said is in `turns`.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.turns_not_kept == 0 && self.kept_bytes == self.total_bytes && self.missing_bytes == 0
    }
}

/// What one side said until the other answered (TCP), or one datagram (UDP: a datagram is a message).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Turn {
    /// Who speaks.
    pub direction: Direction,
    /// The packets that carried it, the first [`MAX_TURN_PACKETS`].
    pub packets: Vec<PacketNumber>,
    /// How many packets carried it.
    pub packet_count: u64,
    /// The first of these packets.
    pub first: PacketStamp,
    /// The last of these packets.
    pub last: PacketStamp,
    /// The payload; shorter than `total` where a limit was reached or the capture cut the packet.
    pub bytes: Vec<u8>,
    /// Payload length on the wire, in bytes.
    pub total: u64,
    /// Bytes of this side that are missing in the capture just before this turn.
    pub gap_before: u64,
}
