//! Types of values: which go together, and what they are called.

use super::check::Typed;
use crate::field::FieldKind;

/// Whether values of these types can be held against each other.
pub(super) fn comparable(a: &Typed, b: &Typed) -> bool {
    use FieldKind::{
        Boolean, Bytes, Float, Ipv4, Ipv6, Mac, PacketNumber, Protocol, Signed, Span, Text, Time, Unsigned,
    };
    if a.slice && has_bytes(b.kind) || b.slice && has_bytes(a.kind) {
        return true;
    }
    matches!(
        (a.kind, b.kind),
        (Unsigned(..) | PacketNumber, Unsigned(..) | PacketNumber)
            | (Signed(_), Signed(_))
            | (Float, Float)
            | (Boolean, Boolean)
            | (Bytes | Mac, Bytes | Mac)
            | (Ipv4, Ipv4)
            | (Ipv6, Ipv6)
            | (Protocol, Protocol)
            | (Text, Text)
            | (Time(_), Time(_))
            | (Span, Span)
    )
}

/// Whether values of this type can be sliced.
pub(super) fn has_bytes(kind: FieldKind) -> bool {
    use FieldKind::{Bytes, Ipv4, Ipv6, Mac, Protocol, Text};
    matches!(kind, Bytes | Protocol | Text | Mac | Ipv4 | Ipv6)
}

/// Bits in which Wireshark calculates with values of this type: a result that has no room in them is no value.
pub(super) fn room(kind: FieldKind) -> Option<u32> {
    match kind {
        FieldKind::Unsigned(bits, _) | FieldKind::Signed(bits) => Some(if bits > 32 { 64 } else { 32 }),
        FieldKind::PacketNumber => Some(32),
        FieldKind::Span | FieldKind::Float => Some(128),
        _ => None,
    }
}

/// A type with its article.
pub(super) fn describe(kind: FieldKind) -> &'static str {
    match kind {
        FieldKind::Unsigned(..) | FieldKind::Signed(_) => "a number",
        FieldKind::PacketNumber => "a frame number",
        FieldKind::Boolean => "a boolean",
        FieldKind::Mac => "an Ethernet address",
        FieldKind::Ipv4 => "an IPv4 address",
        FieldKind::Ipv6 => "an IPv6 address",
        FieldKind::Bytes => "bytes",
        FieldKind::Text => "a string",
        FieldKind::Time(_) => "a date and time",
        FieldKind::Span => "a time offset",
        FieldKind::Float => "a double",
        FieldKind::Protocol => "a protocol",
        FieldKind::Mark => "a label",
    }
}
