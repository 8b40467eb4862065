//! What only later packets tell of a packet, collected in one pass over a capture for use in the next (`-2`).

use hashbrown::HashMap;

use super::EchoAnswer;
use crate::decode::DecodedPacket;
use crate::source::PacketNumber;

/// Most notes kept: some 16 MB, more than most captures of a gigabyte have fragments and echoes. What comes later is counted and
/// stays unknown.
pub const MAX_NOTES: usize = 1 << 19;

/// What was found out in a first pass. Memory grows with fragments and echoes, up to [`MAX_NOTES`], and not with packets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hindsight {
    /// By the packet of a fragment, the packet that completed its datagram.
    reassembled_in: HashMap<PacketNumber, PacketNumber>,
    /// By the packet of an ICMP echo's request or a lab's question, that of its answer.
    answered_in: HashMap<PacketNumber, PacketNumber>,
    not_kept: u64,
}

impl Hindsight {
    /// Notes what `packet` tells of the packets before it.
    pub fn collect(&mut self, number: PacketNumber, packet: &DecodedPacket<'_>, echo: Option<EchoAnswer>) {
        if let Some(answer) = echo {
            self.note(|notes| &mut notes.answered_in, answer.request, number);
        }
        for datagram in packet.reassembled() {
            for &fragment in &datagram.packets {
                // Of datagrams within datagrams the outermost, which is the one that the fragment itself is of.
                self.note(|notes| &mut notes.reassembled_in, fragment, number);
            }
        }
    }

    /// Notes that the question in `request` is answered in `answer`.
    pub fn answered(&mut self, request: PacketNumber, answer: PacketNumber) {
        self.note(|notes| &mut notes.answered_in, request, answer);
    }

    /// Notes that `later` tells of `packet`, where nothing has yet and there is room.
    fn note(
        &mut self,
        table: fn(&mut Self) -> &mut HashMap<PacketNumber, PacketNumber>,
        packet: PacketNumber,
        later: PacketNumber,
    ) {
        if self.reassembled_in.len() + self.answered_in.len() < MAX_NOTES {
            table(self).entry(packet).or_insert(later);
        } else {
            self.not_kept += 1;
        }
    }

    /// The packet that the datagram was put together in, of which `fragment` brought a part; the packet itself where
    /// it completed it (Wireshark `ip.reassembled_in`, which tells of the others only).
    #[must_use]
    pub fn reassembled_in(&self, fragment: PacketNumber) -> Option<PacketNumber> {
        self.reassembled_in.get(&fragment).copied()
    }

    /// The packet that answers the echo that `request` asks for (Wireshark `icmp.resp_in`, `icmpv6.resp_in`), or a lab's
    /// question.
    #[must_use]
    pub fn answered_in(&self, request: PacketNumber) -> Option<PacketNumber> {
        self.answered_in.get(&request).copied()
    }

    /// Whether what [`Self::answered_in`] and [`Self::reassembled_in`] do not know is not in the capture.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.not_kept == 0
    }

    /// How many notes were not kept for [`MAX_NOTES`].
    #[must_use]
    pub fn not_kept(&self) -> u64 {
        self.not_kept
    }
}
