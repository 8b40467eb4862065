//! Places in a packet's bytes.

use super::{BufferId, DecodedPacket};

/// Some bytes of a packet; empty (`start == end`) where something was worked out and not read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ByteRange {
    /// The buffer the offsets count in.
    pub buffer: BufferId,
    /// First byte.
    pub start: u32,
    /// First byte after.
    pub end: u32,
}

impl ByteRange {
    /// The bytes that it names, as far as `packet` holds them.
    #[must_use]
    pub fn of<'a>(self, packet: &DecodedPacket<'a>) -> &'a [u8] {
        let place = |offset: u32| usize::try_from(offset).unwrap_or(usize::MAX);
        let buffer = packet.buffer(self.buffer);
        buffer.get(place(self.start)..place(self.end).min(buffer.len())).unwrap_or_default()
    }
}

/// Bytes that are in no single packet: put together from several, or unpacked from one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JoinedBytes {
    /// What they are, as a title above them: `Reassembled TCP`.
    pub title: &'static str,
    /// The bytes.
    pub bytes: Vec<u8>,
}
