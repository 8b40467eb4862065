//! Fields at a fixed place of a header, as tables.

use std::net::Ipv4Addr;

use super::{ByteRange, Emitter};
use crate::decode::Layer;
use crate::field::{FieldId, Value};

/// How a field is read from its bytes.
#[derive(Clone, Copy, Debug)]
pub(super) enum Read {
    /// A big-endian number of this many bytes, shifted right, then masked.
    Bits { bytes: u8, shift: u8, mask: u32 },
    /// As `Bits`, then times 4: the header lengths of IP and TCP.
    Words { shift: u8 },
    /// An Ethernet address.
    Mac,
    /// An IPv4 address.
    Ipv4,
}

/// A field of a header: which, where, how.
#[derive(Clone, Copy, Debug)]
pub(super) struct HeaderField {
    pub(super) id: FieldId,
    at: u8,
    read: Read,
}

/// A whole number of `bytes` bytes at `at`.
pub(super) const fn number(id: FieldId, at: u8, bytes: u8) -> HeaderField {
    HeaderField { id, at, read: Read::Bits { bytes, shift: 0, mask: u32::MAX } }
}

/// Some bits of the number of `bytes` bytes at `at`.
pub(super) const fn bits(id: FieldId, at: u8, bytes: u8, shift: u8, mask: u32) -> HeaderField {
    HeaderField { id, at, read: Read::Bits { bytes, shift, mask } }
}

/// A length in 4-byte units in the nibble `shift` bits up in the byte at `at`.
pub(super) const fn words(id: FieldId, at: u8, shift: u8) -> HeaderField {
    HeaderField { id, at, read: Read::Words { shift } }
}

/// An address at `at`.
pub(super) const fn address(id: FieldId, at: u8, read: Read) -> HeaderField {
    HeaderField { id, at, read }
}

impl HeaderField {
    /// The bytes it is read from, counted in the header.
    fn len(&self) -> u8 {
        match self.read {
            Read::Bits { bytes, .. } => bytes,
            Read::Words { .. } => 1,
            Read::Mac => 6,
            Read::Ipv4 => 4,
        }
    }

    fn value(&self, bytes: &[u8]) -> Option<Value<'static>> {
        let number = || bytes.iter().fold(0_u32, |sum, byte| sum << 8 | u32::from(*byte));
        Some(match self.read {
            Read::Bits { shift, mask, .. } => Value::Unsigned(u64::from(number() >> shift & mask)),
            Read::Words { shift } => Value::Unsigned(u64::from((number() >> shift & 0xf) * 4)),
            Read::Mac => Value::Mac(*bytes.first_chunk()?),
            Read::Ipv4 => Value::Ipv4(Ipv4Addr::from(*bytes.first_chunk::<4>()?)),
        })
    }
}

/// Emits the fields of `table` that `header` holds whole, up to the first that it does not.
/// False where one was missing.
pub(super) fn emit_table(table: &[HeaderField], layer: &Layer, header: &[u8], out: &mut Emitter<'_>) -> bool {
    for field in table {
        let (at, len) = (usize::from(field.at), usize::from(field.len()));
        let Some(bytes) = header.get(at..at + len) else { return false };
        if out.wants(field.id)
            && let Some(value) = field.value(bytes)
        {
            let start = layer.start.saturating_add(u32::from(field.at));
            let end = start.saturating_add(u32::from(field.len()));
            out.give(field.id, value, ByteRange { buffer: layer.buffer, start, end });
        }
    }
    true
}
