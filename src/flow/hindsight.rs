//! What only later packets tell of a packet, collected in one pass over a capture for use in the next (`-2`).

use hashbrown::HashMap;

use crate::decode::DecodedPacket;
use crate::source::PacketNumber;

/// Most notes kept: some 16 MB, more than a capture of a gigabyte has fragments. What comes later is counted and
/// stays unknown.
pub const MAX_NOTES: usize = 1 << 19;

/// What was found out in a first pass. Memory grows with fragments, up to [`MAX_NOTES`], and not with packets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hindsight {
    /// By the packet of a fragment, the packet that completed its datagram.
    reassembled_in: HashMap<PacketNumber, PacketNumber>,
    not_kept: u64,
}

impl Hindsight {
    /// Notes what `packet` tells of the packets before it.
    pub fn collect(&mut self, number: PacketNumber, packet: &DecodedPacket<'_>) {
        for datagram in packet.reassembled() {
            for &fragment in &datagram.packets {
                if self.reassembled_in.len() < MAX_NOTES {
                    // Of datagrams within datagrams the outermost, which is the one that the fragment itself is of.
                    self.reassembled_in.entry(fragment).or_insert(number);
                } else {
                    self.not_kept += 1;
                }
            }
        }
    }

    /// The packet that the datagram was put together in, of which `fragment` brought a part; the packet itself where
    /// it completed it (Wireshark `ip.reassembled_in`, which tells of the others only).
    #[must_use]
    pub fn reassembled_in(&self, fragment: PacketNumber) -> Option<PacketNumber> {
        self.reassembled_in.get(&fragment).copied()
    }

    /// How many notes were not kept for [`MAX_NOTES`].
    #[must_use]
    pub fn not_kept(&self) -> u64 {
        self.not_kept
    }
}
