//! Wireshark field names: one registry, and one typed emission per field to a sink that asks.
//!
//! [`emit`] walks the layers of a decoded packet from the outside in and hands each field to a [`FieldSink`],
//! in Wireshark's order and as often as it occurs (an ICMP error has two `ip.src`). Text output, display
//! filters and the detail tree are sinks.

mod emit;
mod header;
mod layers;
mod registry;
mod value;

pub use emit::{ByteRange, FieldSink, PacketContext, emit};
pub use registry::{FieldDef, FieldId, FieldKind};
pub use value::Value;
