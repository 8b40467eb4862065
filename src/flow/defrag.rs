//! Fragments to datagrams, IPv4 and IPv6, the way Wireshark puts them together: a datagram appears in the
//! packet whose fragment completes it, and decoding goes on there.

use std::collections::VecDeque;

use hashbrown::HashMap;
use hashbrown::hash_map::Entry;

use crate::decode::{DecodedPacket, Decoder, FragmentKey, FragmentNote, Reassembled};
use crate::source::{CapturedPacket, PacketNumber};
use crate::time::Timestamp;

/// Most datagrams in progress. A busy capture has tens; the oldest gives way.
pub const MAX_DATAGRAMS: usize = 4096;
/// Most fragment bytes held, bookkeeping included: some 250 datagrams of the largest size.
pub const MAX_HELD_BYTES: usize = 16 << 20;
/// Most fragments of one datagram: 64 KiB in pieces of 8 bytes, the smallest there are.
pub const MAX_FRAGMENTS: usize = 8192;
/// A datagram whose fragments take longer than this is given up: nanoseconds, twice what RFC 8200 section 4.5 allows.
pub const MAX_AGE_NANOS: i128 = 120 * crate::time::NANOS_PER_SECOND;
/// Most datagrams put together within one packet, one inside the other. Tunnels seldom fragment twice.
pub const MAX_NESTED: usize = 4;
/// What holding one fragment costs beside its bytes, roughly.
const FRAGMENT_OVERHEAD: usize = 64;

/// How often each limit was reached.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DefragLimits {
    /// Datagrams given up for [`MAX_DATAGRAMS`] or [`MAX_HELD_BYTES`].
    pub evicted: u64,
    /// Datagrams given up for [`MAX_AGE_NANOS`].
    pub expired: u64,
    /// Fragments not kept for [`MAX_FRAGMENTS`].
    pub refused_fragments: u64,
    /// Packets not followed further for [`MAX_NESTED`].
    pub too_nested: u64,
}

/// Puts fragments together, over all packets of a capture.
#[derive(Debug, Default)]
pub struct Defragmenter {
    datagrams: HashMap<FragmentKey, Datagram>,
    /// Every datagram in the order begun, with its serial: an entry whose serial is gone is stale.
    order: VecDeque<(FragmentKey, u64)>,
    next_serial: u64,
    held: usize,
    limits: DefragLimits,
    /// Fragments of IPv4 are left as they are (Wireshark's preference `ip.defragment` is off).
    leaves_ipv4: bool,
}

/// A datagram in progress.
#[derive(Debug)]
struct Datagram {
    serial: u64,
    first: Option<Timestamp>,
    /// Sorted by offset; of equal offsets the earlier packet first.
    pieces: Vec<Piece>,
    /// Bytes in `pieces`.
    bytes: usize,
    /// Where the datagram ends, once its last fragment was seen.
    total: Option<usize>,
}

#[derive(Debug)]
struct Piece {
    packet: PacketNumber,
    offset: usize,
    bytes: Vec<u8>,
}

impl Defragmenter {
    /// With nothing in progress.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// With nothing in progress; fragments of IPv4 are never put together. Of each datagram the first one is decoded
    /// as far as it goes.
    #[must_use]
    pub fn of_ipv6_only() -> Self {
        Self { leaves_ipv4: true, ..Self::default() }
    }

    /// How often each limit was reached so far.
    #[must_use]
    pub fn limits(&self) -> DefragLimits {
        self.limits
    }

    /// Decodes `packet`. Where it ends at a fragment, that is kept; where the fragment completes its datagram,
    /// decoding goes on in the datagram ([`DecodedPacket::reassembled`]).
    pub fn decode<'a>(&mut self, decoder: &'a mut Decoder, packet: &CapturedPacket<'a>) -> DecodedPacket<'a> {
        decoder.start(packet.link, packet.data, packet.wire_len);
        let mut nested = 0;
        while let Some(note) = decoder.take_fragment() {
            if nested == MAX_NESTED {
                self.limits.too_nested += 1;
                break;
            }
            nested += 1;
            if self.leaves_ipv4 && note.key.src.is_ipv4() {
                decoder.look_into(packet.data, &note);
                continue;
            }
            let bytes = decoder.fragment_bytes(packet.data, &note);
            let Some(datagram) = self.add(&note, bytes, packet) else { break };
            decoder.resume(&note, datagram);
        }
        decoder.packet(packet.data)
    }

    /// Keeps a fragment; gives the datagram where it is complete with it.
    fn add(&mut self, note: &FragmentNote, bytes: &[u8], packet: &CapturedPacket<'_>) -> Option<Reassembled> {
        self.expire(packet.ts);
        let mut entry = match self.datagrams.entry(note.key) {
            Entry::Occupied(entry) => entry,
            Entry::Vacant(entry) => {
                let serial = self.next_serial;
                self.next_serial += 1;
                self.order.push_back((note.key, serial));
                entry.insert_entry(Datagram::new(serial, packet.ts))
            }
        };
        let datagram = entry.get_mut();
        if datagram.pieces.len() >= MAX_FRAGMENTS {
            self.limits.refused_fragments += 1;
            return None;
        }
        datagram.insert(note, bytes, packet.number);
        self.held += bytes.len() + FRAGMENT_OVERHEAD;
        if datagram.is_complete() {
            let datagram = entry.remove();
            self.held = self.held.saturating_sub(datagram.cost());
            return Some(datagram.assemble());
        }
        self.make_room();
        None
    }

    /// Gives up datagrams that are too old at `now`.
    fn expire(&mut self, now: Option<Timestamp>) {
        while let Some((key, serial)) = self.order.front() {
            let current = self.datagrams.get(key).filter(|datagram| datagram.serial == *serial);
            let alive = match (current, now) {
                (None, _) => false,
                (Some(Datagram { first: Some(first), .. }), Some(now)) => {
                    (now - *first).as_nanos() <= MAX_AGE_NANOS
                }
                (Some(_), _) => true,
            };
            if alive {
                return;
            }
            if self.drop_oldest() {
                self.limits.expired += 1;
            }
        }
    }

    /// Gives up the oldest datagrams until the limits are kept.
    fn make_room(&mut self) {
        // Stale entries count too: the queue itself has to stay small.
        while self.datagrams.len() > MAX_DATAGRAMS
            || self.held > MAX_HELD_BYTES
            || self.order.len() > 2 * MAX_DATAGRAMS
        {
            if self.order.is_empty() {
                return;
            }
            if self.drop_oldest() {
                self.limits.evicted += 1;
            }
        }
    }

    /// Takes the queue's first entry away, with its datagram; false where that was complete already.
    fn drop_oldest(&mut self) -> bool {
        let Some((key, serial)) = self.order.pop_front() else { return false };
        match self.datagrams.entry(key) {
            Entry::Occupied(entry) if entry.get().serial == serial => {
                self.held = self.held.saturating_sub(entry.remove().cost());
                true
            }
            _ => false,
        }
    }
}

impl Datagram {
    fn new(serial: u64, first: Option<Timestamp>) -> Self {
        Self { serial, first, pieces: Vec::new(), bytes: 0, total: None }
    }

    /// What it counts for in [`MAX_HELD_BYTES`].
    fn cost(&self) -> usize {
        self.bytes + self.pieces.len() * FRAGMENT_OVERHEAD
    }

    fn insert(&mut self, note: &FragmentNote, bytes: &[u8], packet: PacketNumber) {
        let offset = usize::try_from(note.offset).unwrap_or(usize::MAX);
        if !note.more && self.total.is_none() {
            self.total = Some(offset.saturating_add(bytes.len()));
        }
        let at = self.pieces.partition_point(|piece| piece.offset <= offset);
        self.pieces.insert(at, Piece { packet, offset, bytes: bytes.to_vec() });
        self.bytes += bytes.len();
    }

    fn is_complete(&self) -> bool {
        // Counting first saves the walk while most of it is still to come.
        let Some(total) = self.total.filter(|total| self.bytes >= *total) else { return false };
        let mut covered = 0;
        for piece in &self.pieces {
            if piece.offset > covered {
                break;
            }
            covered = covered.max(piece.offset + piece.bytes.len());
        }
        covered >= total
    }

    /// The datagram's bytes. Where fragments overlap, what stands earlier in the datagram is kept.
    fn assemble(self) -> Reassembled {
        let total = self.total.unwrap_or(0);
        let mut bytes = Vec::with_capacity(total);
        let mut overlapping = Vec::new();
        for piece in &self.pieces {
            let overlap = bytes.len().saturating_sub(piece.offset);
            let known = bytes.get(piece.offset..).unwrap_or(&[]);
            if overlap > 0 {
                overlapping
                    .push((piece.packet, known.iter().zip(&piece.bytes).any(|(kept, other)| kept != other)));
            }
            bytes.extend_from_slice(piece.bytes.get(overlap..).unwrap_or(&[]));
        }
        bytes.truncate(total);
        let conflict = overlapping.iter().any(|(_, conflict)| *conflict);
        let mut packets: Vec<PacketNumber> = self.pieces.iter().map(|piece| piece.packet).collect();
        packets.dedup();
        Reassembled { bytes, packets, overlapping, conflict }
    }
}

#[cfg(test)]
mod tests;
