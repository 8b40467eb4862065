//! What is known of a capture as a whole.

use crate::source::{CapturedPacket, LinkType};
use crate::time::{TimeDelta, Timestamp};

/// Most link types that are listed; a pcapng file could declare one per interface.
const MAX_LINK_TYPES: usize = 32;

/// Counts over all packets of a capture.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CaptureTotals {
    /// Packets.
    pub packets: u64,
    /// Their lengths on the wire, in bytes.
    pub wire_bytes: u64,
    /// Their captured lengths, in bytes.
    pub captured_bytes: u64,
    /// Packets that a snaplen cut.
    pub snapped: u64,
    /// Time of the first packet that has one.
    pub first_ts: Option<Timestamp>,
    /// The latest time seen.
    pub last_ts: Option<Timestamp>,
    /// The link types met, in order, the first 32.
    pub link_types: Vec<LinkType>,
}

impl CaptureTotals {
    /// Counts a packet.
    pub fn count(&mut self, packet: &CapturedPacket<'_>) {
        self.packets += 1;
        self.wire_bytes = self.wire_bytes.saturating_add(u64::from(packet.wire_len));
        self.captured_bytes =
            self.captured_bytes.saturating_add(u64::try_from(packet.data.len()).unwrap_or(u64::MAX));
        self.snapped += u64::from(packet.is_snapped());
        self.first_ts = self.first_ts.or(packet.ts);
        self.last_ts = self.last_ts.max(packet.ts);
        if self.link_types.last() != Some(&packet.link)
            && self.link_types.len() < MAX_LINK_TYPES
            && !self.link_types.contains(&packet.link)
        {
            self.link_types.push(packet.link);
        }
    }

    /// From the first packet to the latest.
    #[must_use]
    pub fn duration(&self) -> Option<TimeDelta> {
        Some(self.last_ts? - self.first_ts?)
    }
}
