//! What the fields of UDP and TCP have in common.

use super::{ByteRange, Emitter, Subject};
use crate::decode::{ChecksumVerdict, DecodedPacket, Layer, LayerKind, Unverifiable};
use crate::field::{FieldId, Value};
use crate::flow::Verdict;

/// Wireshark's numbers for what became of a checksum.
mod status {
    pub(super) const BAD: u64 = 0;
    pub(super) const GOOD: u64 = 1;
    pub(super) const UNVERIFIED: u64 = 2;
    pub(super) const NOT_PRESENT: u64 = 3;
    pub(super) const ILLEGAL: u64 = 4;
}

/// A layer's captured bytes, header and payload.
pub(super) fn whole_bytes<'a>(packet: &DecodedPacket<'a>, layer: &Layer) -> &'a [u8] {
    let buffer = packet.buffer(layer.buffer);
    let at = |offset| usize::try_from(offset).unwrap_or(usize::MAX);
    let end = at(layer.end.max(layer.payload)).min(buffer.len());
    buffer.get(at(layer.start)..end).unwrap_or(&[])
}

/// The bytes that stand for the protocol in the tree: its header.
pub(super) fn item(layer: &Layer) -> ByteRange {
    ByteRange { buffer: layer.buffer, start: layer.start, end: layer.payload }
}

/// Source and destination port, and both again as the port of either side: `ids` in this order.
pub(super) fn ports(ids: &[FieldId; 3], layer: &Layer, header: &[u8], out: &mut Emitter<'_>) {
    let &[source, destination, either] = ids;
    let Some(&[s0, s1, d0, d1]) = header.first_chunk::<4>() else { return };
    let (from, to) = (u64::from(u16::from_be_bytes([s0, s1])), u64::from(u16::from_be_bytes([d0, d1])));
    let (at_from, at_to) = (super::part(layer, 0, 2), super::part(layer, 2, 2));
    out.give(source, Value::Unsigned(from), at_from);
    out.give(destination, Value::Unsigned(to), at_to);
    out.give(either, Value::Unsigned(from), at_from);
    out.give(either, Value::Unsigned(to), at_to);
}

/// Time since earlier packets of the conversation.
pub(super) fn seconds(first: FieldId, previous: FieldId, verdict: &Verdict, out: &mut Emitter<'_>) {
    out.give(first, Value::Delta(verdict.elapsed.since_first), ByteRange::default());
    out.give(previous, Value::Delta(verdict.elapsed.since_previous), ByteRange::default());
}

/// Wireshark's status of a checksum, and the right checksum where `check` asks for it to be worked out.
pub(super) fn checksum_status(subject: &Subject<'_>, layer: &Layer, check: bool) -> (u64, Option<u64>) {
    let header = subject.packet.header(layer);
    if layer.kind == LayerKind::Udp && header.get(6..8) == Some(&[0, 0]) {
        // RFC 8200 section 8.1: over IPv6 it may not be left out.
        let over_v6 = subject.packet.carrier(layer).is_some_and(|ip| ip.kind == LayerKind::Ipv6);
        return (if over_v6 { status::ILLEGAL } else { status::NOT_PRESENT }, None);
    }
    if !check {
        return (status::UNVERIFIED, None);
    }
    let found = || {
        let at = if layer.kind == LayerKind::Udp { 6..8 } else { 16..18 };
        header.get(at).map(|bytes| bytes.iter().fold(0_u64, |sum, byte| sum << 8 | u64::from(*byte)))
    };
    match subject.packet.checksum(layer) {
        ChecksumVerdict::Good => (status::GOOD, found()),
        ChecksumVerdict::Bad { expected, .. } => (status::BAD, Some(u64::from(expected))),
        ChecksumVerdict::NotVerifiable(Unverifiable::Offload) => (status::BAD, None),
        ChecksumVerdict::NotVerifiable(_) | ChecksumVerdict::Absent => (status::UNVERIFIED, None),
    }
}
