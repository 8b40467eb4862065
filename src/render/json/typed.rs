//! The `fields` of a packet in wirelab's own JSON: typed, each name once.

use std::io::Write;

use super::escape::write_compact;
use crate::decode::DecodedPacket;
use crate::field::{self, ByteRange, FieldId, FieldKind, FieldSet, FieldSink, PacketContext, Value};
use crate::render::format::{EpochNanos, Hex};
use crate::render::tree::side_by_side;
use crate::source::CapturedPacket;
use crate::time::Timestamp;

/// Most values of one packet; see the detail tree for the reason.
const MAX_VALUES: usize = 1 << 17;

/// Most bytes of JSON that values of one packet take.
const MAX_BYTES: usize = 8 << 20;

/// Writes the object of a packet's fields.
#[derive(Debug)]
pub(super) struct TypedFields {
    wanted: FieldSet,
    values: Values,
}

/// The sink: values in JSON, one behind the other.
#[derive(Debug, Default)]
struct Values {
    bytes: Vec<u8>,
    /// Each value's field, and where it ends.
    ends: Vec<(FieldId, usize)>,
    left_out: u64,
}

impl TypedFields {
    pub(super) fn new(wanted: FieldSet) -> Self {
        Self { wanted, values: Values::default() }
    }

    /// Writes the fields of a packet into memory.
    pub(super) fn write(
        &mut self,
        out: &mut Vec<u8>,
        packet: &CapturedPacket<'_>,
        decoded: &DecodedPacket<'_>,
        context: &PacketContext<'_>,
    ) {
        self.values.bytes.clear();
        self.values.ends.clear();
        self.values.left_out = 0;
        field::emit(packet, decoded, context, &self.wanted, &mut self.values);
        self.values.write(out);
    }
}

impl Values {
    fn write(&self, out: &mut Vec<u8>) {
        let id = |place: usize| self.ends.get(place).map(|&(id, _)| id);
        let mut before = b'{';
        for (id, group) in side_by_side((0..self.ends.len()).collect(), id) {
            let Some(id) = id else { continue };
            out.push(before);
            before = b',';
            // Writing into memory does not fail.
            let _ = write_compact(&mut *out, id.def().name);
            out.push(b':');
            if let &[place] = &*group {
                out.extend_from_slice(self.value(place));
                continue;
            }
            let mut before = b'[';
            for place in group {
                out.push(before);
                before = b',';
                out.extend_from_slice(self.value(place));
            }
            out.push(b']');
        }
        if self.left_out > 0 {
            out.push(before);
            before = b',';
            let _ = write!(out, "\"wirelab.left_out\":{}", self.left_out);
        }
        out.extend_from_slice(if before == b'{' { b"{}" } else { b"}" });
    }

    fn value(&self, place: usize) -> &[u8] {
        let end_of = |place: usize| self.ends.get(place).map_or(0, |&(_, end)| end);
        let start = place.checked_sub(1).map_or(0, end_of);
        self.bytes.get(start..end_of(place)).unwrap_or_default()
    }
}

impl FieldSink for Values {
    fn field(&mut self, id: FieldId, value: Value<'_>, _: ByteRange) {
        if self.ends.len() >= MAX_VALUES || self.bytes.len() >= MAX_BYTES {
            self.left_out += 1;
            return;
        }
        let kind = id.def().kind;
        let out = &mut self.bytes;
        // Writing into memory does not fail.
        let _ = match value {
            _ if kind == FieldKind::Protocol => out.write_all(b"true"),
            Value::Mark => out.write_all(b"true"),
            Value::Unsigned(number) if kind == FieldKind::Boolean => write!(out, "{}", number != 0),
            Value::Unsigned(number) => write!(out, "{number}"),
            Value::Signed(number) => write!(out, "{number}"),
            // JSON has no word for what is no number.
            Value::Float(number) if !number.is_finite() => out.write_all(b"null"),
            Value::Float(number) => write!(out, "{number}"),
            Value::Delta(delta) => write!(out, "{}", EpochNanos(Timestamp::from_nanos(delta.as_nanos()))),
            Value::Time(time) => write!(out, "\"{}\"", EpochNanos(time)),
            Value::Bytes(bytes) => write!(out, "\"{}\"", Hex(bytes)),
            Value::Text(text) => write_compact(&mut *out, text),
            Value::Mac(_) | Value::Ipv4(_) | Value::Ipv6(_) => {
                let mut text = String::new();
                let _ = value.write(kind, &mut text);
                write_compact(&mut *out, &text)
            }
        };
        self.ends.push((id, self.bytes.len()));
    }
}
