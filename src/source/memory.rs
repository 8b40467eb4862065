//! Packets that are already in memory: for tests, fuzzing, and callers with a capture mechanism of their own.

use super::{CapturedPacket, Interface, LinkType, Next, PacketSource, SourceError};
use crate::time::Timestamp;

/// A packet with its own bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnedPacket {
    /// When it was captured, if that is known.
    pub ts: Option<Timestamp>,
    /// Length on the wire in bytes.
    pub wire_len: u32,
    /// Index into the source's interfaces.
    pub interface: u32,
    /// Which header `data` starts with.
    pub link: LinkType,
    /// The captured bytes.
    pub data: Vec<u8>,
}

impl From<&CapturedPacket<'_>> for OwnedPacket {
    fn from(packet: &CapturedPacket<'_>) -> Self {
        Self {
            ts: packet.ts,
            wire_len: packet.wire_len,
            interface: packet.interface,
            link: packet.link,
            data: packet.data.to_vec(),
        }
    }
}

/// A [`PacketSource`] over a list of packets.
#[derive(Clone, Debug, Default)]
pub struct MemorySource {
    interfaces: Vec<Interface>,
    packets: Vec<OwnedPacket>,
    given: usize,
}

impl MemorySource {
    /// A source of `packets`, in this order.
    #[must_use]
    pub fn new(interfaces: Vec<Interface>, packets: Vec<OwnedPacket>) -> Self {
        Self { interfaces, packets, given: 0 }
    }

    /// A source of frames of one link type, a microsecond apart from the epoch on, whole.
    #[must_use]
    pub fn of_frames<I: IntoIterator<Item = Vec<u8>>>(link: LinkType, frames: I) -> Self {
        let packets = frames.into_iter().zip(0_i128..).map(|(data, number)| OwnedPacket {
            ts: Some(Timestamp::from_nanos(number * 1000)),
            wire_len: u32::try_from(data.len()).unwrap_or(u32::MAX),
            interface: 0,
            link,
            data,
        });
        Self::new(vec![Interface::unnamed(link, 0)], packets.collect())
    }
}

impl PacketSource for MemorySource {
    fn next_packet(&mut self) -> Result<Next<'_>, SourceError> {
        let Some(packet) = self.packets.get(self.given) else { return Ok(Next::End) };
        self.given += 1;
        let packet = CapturedPacket {
            number: self.given as u64,
            ts: packet.ts,
            wire_len: packet.wire_len,
            interface: packet.interface,
            link: packet.link,
            data: &packet.data,
        };
        Ok(Next::Packet(packet, &self.interfaces))
    }

    fn interfaces(&self) -> &[Interface] {
        &self.interfaces
    }
}
