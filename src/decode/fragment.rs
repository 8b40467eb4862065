//! What decoding leaves for the defragmenter, and how it goes on with a whole datagram.

use std::net::IpAddr;

use super::ip::Addresses;
use super::span::Span;
use super::{DecodeStop, Decoder, LayerKind, StopReason};
use crate::source::PacketNumber;

/// Which datagram a fragment belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct FragmentKey {
    pub(crate) src: IpAddr,
    pub(crate) dst: IpAddr,
    /// The identification field: 16 bits of IPv4, 32 of IPv6.
    pub(crate) id: u32,
    /// The protocol of IPv4; 0 for IPv6, where the identification alone tells (RFC 8200 section 4.5).
    pub(crate) protocol: u8,
    /// The VLAN, 0 without one.
    pub(crate) vlan: u16,
}

/// A fragment that decoding stopped at, with all its bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FragmentNote {
    pub(crate) key: FragmentKey,
    /// Where its bytes belong in the datagram.
    pub(crate) offset: u32,
    /// Whether more fragments follow.
    pub(crate) more: bool,
    /// The protocol of what is fragmented.
    pub(crate) protocol: u8,
    span: Span,
}

/// A datagram put together from fragments, the last of which is in this packet; or a payload that was unpacked
/// (RFC 3173), which is of no other packet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reassembled {
    /// The datagram's bytes, without the IP header.
    pub bytes: Vec<u8>,
    /// The packets that brought its fragments, in the order of these in the datagram; none of what was unpacked.
    pub packets: Vec<PacketNumber>,
    /// The packets whose fragments begin within bytes that another brings, and whether they say otherwise of them.
    pub overlapping: Vec<(PacketNumber, bool)>,
    /// Whether fragments overlapped and disagreed about a byte; the one that came first in the datagram was kept.
    pub conflict: bool,
}

impl Decoder {
    /// Ends decoding at a fragment. `known` is false where not all of its bytes are there, or it is only
    /// quoted: then it is of no use to anybody.
    pub(super) fn note_fragment(
        &mut self,
        key: FragmentKey,
        offset: u32,
        more: bool,
        protocol: u8,
        span: Span,
    ) {
        if span.is_whole() && !span.quoted && !span.is_empty() {
            self.fragment = Some(FragmentNote { key, offset, more, protocol, span });
        }
        self.stop = Some(DecodeStop {
            layer: LayerKind::UndecodedIpProtocol(protocol),
            offset: span.start,
            needed: 0,
            had: span.len(),
            said_by: span.said_by,
            reason: StopReason::Fragment,
        });
    }

    /// The fragment that decoding stopped at, once.
    pub(crate) fn take_fragment(&mut self) -> Option<FragmentNote> {
        self.fragment.take()
    }

    /// A fragment's bytes in `frame`, or in the datagram it was found in.
    pub(crate) fn fragment_bytes<'a>(&'a self, frame: &'a [u8], note: &FragmentNote) -> &'a [u8] {
        let data = match usize::from(note.span.buffer).checked_sub(1) {
            None => frame,
            Some(n) => self.reassembled.get(n).map_or(&[][..], |datagram| &datagram.bytes),
        };
        note.span.of(data)
    }

    /// Goes on in a first fragment as if it were all of its datagram, where nobody puts fragments together. One
    /// inside a datagram that was put together is left alone.
    pub(crate) fn look_into(&mut self, frame: &[u8], note: &FragmentNote) {
        if note.offset == 0 && note.span.buffer == 0 {
            self.stop = None;
            let addresses = Addresses { src: note.key.src, dst: note.key.dst };
            self.ip_payload(note.protocol, addresses, frame, note.span);
        }
    }

    /// Goes on with the datagram that the fragment of `note` completed.
    pub(crate) fn resume(&mut self, note: &FragmentNote, datagram: Reassembled) {
        self.stop = None;
        let addresses = Addresses { src: note.key.src, dst: note.key.dst };
        self.go_on(note.protocol, addresses, datagram);
    }
}
