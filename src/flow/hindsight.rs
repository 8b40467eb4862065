//! What only later packets tell of a packet, collected in one pass over a capture for use in the next (`-2`).

use std::hash::Hash;

use hashbrown::HashMap;

use super::EchoAnswer;
use crate::decode::DecodedPacket;
use crate::source::PacketNumber;

/// Most notes kept: some 16 MB, more than most captures of a gigabyte have fragments, questions and exchanges. What comes later is counted and
/// stays unknown.
pub const MAX_NOTES: usize = 1 << 19;

/// What was found out in a first pass. Memory grows with fragments and with what is asked and answered, up to [`MAX_NOTES`], and not with packets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hindsight {
    /// By the packet of a fragment, the packet that completed its datagram.
    reassembled_in: HashMap<PacketNumber, PacketNumber>,
    /// By the packet of an ICMP echo's request or a lab's question, that of its answer; of a DNS query also by its id, as
    /// a packet can hold several.
    answered_in: HashMap<(PacketNumber, u16), PacketNumber>,
    /// By flow and number, the packets that the request and the last response of an HTTP exchange end in.
    exchanges: HashMap<(usize, u32), HttpPackets>,
    not_kept: u64,
}

/// Where an HTTP exchange is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HttpPackets {
    /// The packet that the request ends in.
    pub request: Option<PacketNumber>,
    /// The packet that the response ends in.
    pub response: Option<PacketNumber>,
}

/// In place of a query's id: the packet may answer a lab's question, or may be a copy of an earlier answer. It tells where nothing else
/// does.
pub const LAB_PERHAPS: u16 = 1;

/// The same: the packet answers a lab's question, and rightly.
pub const LAB_RIGHT: u16 = 2;

impl Hindsight {
    /// Notes what `packet` tells of the packets before it.
    pub fn collect(&mut self, number: PacketNumber, packet: &DecodedPacket<'_>, echo: Option<EchoAnswer>) {
        if let Some(answer) = echo {
            self.answered(answer.request, 0, number);
        }
        for datagram in packet.reassembled() {
            for &fragment in &datagram.packets {
                // Of datagrams within datagrams the outermost, which is the one that the fragment itself is of.
                self.note(|notes| &mut notes.reassembled_in, fragment, number);
            }
        }
    }

    /// Notes that the question in `request` is answered in `answer`; `id` is that of a DNS query, else 0.
    pub fn answered(&mut self, request: PacketNumber, id: u16, answer: PacketNumber) {
        self.note(|notes| &mut notes.answered_in, (request, id), answer);
    }

    /// Notes that an HTTP message ends in `packet`, which is of exchange `number` of the flow in `place`.
    pub fn exchange(&mut self, place: usize, number: u32, is_response: bool, packet: PacketNumber) {
        if !self.has_room() {
            self.not_kept += 1;
            return;
        }
        let packets = self.exchanges.entry((place, number)).or_default();
        // What answers last counts: behind 100 (Continue) follows another.
        *(if is_response { &mut packets.response } else { &mut packets.request }) = Some(packet);
    }

    /// Notes that `later` tells of `packet`, where nothing has yet and there is room.
    fn note<K: Eq + Hash>(
        &mut self,
        table: fn(&mut Self) -> &mut HashMap<K, PacketNumber>,
        packet: K,
        later: PacketNumber,
    ) {
        if self.has_room() {
            table(self).entry(packet).or_insert(later);
        } else {
            self.not_kept += 1;
        }
    }

    fn has_room(&self) -> bool {
        self.reassembled_in.len() + self.answered_in.len() + self.exchanges.len() < MAX_NOTES
    }

    /// The packet that the datagram was put together in, of which `fragment` brought a part; the packet itself where
    /// it completed it (Wireshark `ip.reassembled_in`, which tells of the others only).
    #[must_use]
    pub fn reassembled_in(&self, fragment: PacketNumber) -> Option<PacketNumber> {
        self.reassembled_in.get(&fragment).copied()
    }

    /// The packet that answers the echo that `request` asks for (Wireshark `icmp.resp_in`, `icmpv6.resp_in`), a lab's
    /// question, a command of IMAP (`imap.response_in`), or the DNS query with this `id` (Wireshark `dns.response_in`);
    /// `id` is 0 for the others.
    #[must_use]
    pub fn answered_in(&self, request: PacketNumber, id: u16) -> Option<PacketNumber> {
        self.answered_in.get(&(request, id)).copied()
    }

    /// Where exchange `number` of the flow in `place` is (Wireshark `http.response_in`, `http.next_request_in`,
    /// `http.next_response_in`).
    #[must_use]
    pub fn exchange_in(&self, place: usize, number: u32) -> HttpPackets {
        self.exchanges.get(&(place, number)).copied().unwrap_or_default()
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
