//! Fields whose place depends on what stands before them: options, records, lists.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::{ByteRange, Emitter, offset};
use crate::decode::{BufferId, DecodedPacket, Layer};
use crate::field::{FieldId, FieldKind, Value};

/// Some bits of a number that stand for a field of their own: which field, how far to shift right, which to keep.
pub(super) type Part = (FieldId, u8, u64);

/// Bytes in a row, read by the type of the field that they are told as. What is not there is not told.
#[derive(Clone, Copy, Debug)]
pub(super) struct Run<'p> {
    bytes: &'p [u8],
    buffer: BufferId,
    start: u32,
}

impl<'p> Run<'p> {
    /// A layer's header.
    pub(super) fn header(packet: &DecodedPacket<'p>, layer: &Layer) -> Self {
        Self { bytes: packet.header(layer), buffer: layer.buffer, start: layer.start }
    }

    /// A layer with all that it carries.
    pub(super) fn message(packet: &DecodedPacket<'p>, layer: &Layer) -> Self {
        Self::to(packet, layer, layer.end.max(layer.payload))
    }

    /// From a layer's first byte up to `end`.
    pub(super) fn to(packet: &DecodedPacket<'p>, layer: &Layer, end: u32) -> Self {
        let buffer = packet.buffer(layer.buffer);
        let place = |at: u32| usize::try_from(at).unwrap_or(usize::MAX).min(buffer.len());
        let bytes = buffer.get(place(layer.start)..place(end)).unwrap_or(&[]);
        Self { bytes, buffer: layer.buffer, start: layer.start }
    }

    /// The bytes that `range` names.
    pub(super) fn of(packet: &DecodedPacket<'p>, range: ByteRange) -> Self {
        Self { bytes: range.of(packet), buffer: range.buffer, start: range.start }
    }

    pub(super) fn bytes(&self) -> &'p [u8] {
        self.bytes
    }

    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// What is left from `at` on.
    pub(super) fn from(&self, at: usize) -> Self {
        let at = at.min(self.bytes.len());
        Self {
            bytes: self.bytes.get(at..).unwrap_or(&[]),
            start: self.start.saturating_add(offset(at)),
            ..*self
        }
    }

    /// `len` bytes from `at` on, or as many of them as there are.
    pub(super) fn part(&self, at: usize, len: usize) -> Self {
        let rest = self.from(at);
        Self { bytes: rest.bytes.get(..len).unwrap_or(rest.bytes), ..rest }
    }

    pub(super) fn byte(&self, at: usize) -> Option<u8> {
        self.bytes.get(at).copied()
    }

    /// Two bytes as a big-endian number.
    pub(super) fn word(&self, at: usize) -> Option<u16> {
        self.bytes.get(at..)?.first_chunk().copied().map(u16::from_be_bytes)
    }

    /// Four bytes as a big-endian number.
    pub(super) fn double(&self, at: usize) -> Option<u32> {
        self.bytes.get(at..)?.first_chunk().copied().map(u32::from_be_bytes)
    }

    /// A number of one to eight bytes, whose first two bits say how many (RFC 9000 section 16), and how many.
    pub(super) fn variable(&self, at: usize) -> Option<(u64, usize)> {
        let len = 1_usize << (self.byte(at)? >> 6);
        Some((self.number(at, len)? & u64::MAX >> (66 - 8 * len), len))
    }

    pub(super) fn ipv4(&self, at: usize) -> Option<Ipv4Addr> {
        self.bytes.get(at..)?.first_chunk::<4>().copied().map(Ipv4Addr::from)
    }

    pub(super) fn ipv6(&self, at: usize) -> Option<Ipv6Addr> {
        self.bytes.get(at..)?.first_chunk::<16>().copied().map(Ipv6Addr::from)
    }

    /// Where `len` bytes from `at` on are.
    pub(super) fn range(&self, at: usize, len: usize) -> ByteRange {
        let start = self.start.saturating_add(offset(at));
        ByteRange { buffer: self.buffer, start, end: start.saturating_add(offset(len)) }
    }

    fn number(&self, at: usize, len: usize) -> Option<u64> {
        let bytes = self.bytes.get(at..at.checked_add(len)?)?;
        Some(bytes.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte)))
    }

    fn read(&self, kind: FieldKind, at: usize, len: usize) -> Option<Value<'p>> {
        let bytes = self.bytes.get(at..at.checked_add(len)?)?;
        Some(match kind {
            FieldKind::Mac => Value::Mac(*bytes.first_chunk()?),
            FieldKind::Ipv4 => Value::Ipv4(self.ipv4(at)?),
            FieldKind::Ipv6 => Value::Ipv6(self.ipv6(at)?),
            FieldKind::Mark => Value::Mark,
            FieldKind::Bytes | FieldKind::Protocol => Value::Bytes(bytes),
            FieldKind::Signed(_) => Value::Signed(i64::from(i32::from_be_bytes(*bytes.first_chunk()?))),
            _ => Value::Unsigned(self.number(at, len)?),
        })
    }

    /// The `len` bytes at `at` as field `id`.
    pub(super) fn give(&self, id: FieldId, at: usize, len: usize, out: &mut Emitter<'_>) {
        if out.wants(id)
            && let Some(value) = self.read(id.def().kind, at, len)
        {
            out.give(id, value, self.range(at, len));
        }
    }

    /// The same for a field that others stand under, until `out` is told to close it.
    pub(super) fn open(&self, id: FieldId, at: usize, len: usize, out: &mut Emitter<'_>) {
        let len = len.min(self.bytes.len().saturating_sub(at));
        let value = self.read(id.def().kind, at, len).unwrap_or(Value::Mark);
        out.open(id, value, self.range(at, len));
    }

    /// Fields of a fixed length one after the other from `at` on: field and bytes.
    pub(super) fn list(&self, at: usize, fields: &[(FieldId, u8)], out: &mut Emitter<'_>) {
        let mut at = at;
        for &(id, len) in fields {
            let len = usize::from(len);
            self.give(id, at, len, out);
            at += len;
        }
    }

    /// Some bits of the number of `len` bytes at `at`.
    pub(super) fn bits(&self, part: Part, at: usize, len: usize, out: &mut Emitter<'_>) {
        let (id, shift, mask) = part;
        if out.wants(id)
            && let Some(number) = self.number(at, len)
        {
            out.give(id, Value::Unsigned(number >> shift & mask), self.range(at, len));
        }
    }

    /// Some bits of the number of `len` bytes at `at`, and under them `parts` of the same bytes.
    pub(super) fn flags(&self, whole: Part, at: usize, len: usize, parts: &[Part], out: &mut Emitter<'_>) {
        let (id, shift, mask) = whole;
        if let Some(number) = self.number(at, len) {
            out.open(id, Value::Unsigned(number >> shift & mask), self.range(at, len));
            for part in parts {
                self.bits(*part, at, len, out);
            }
            out.close();
        }
    }
}
