//! Wireshark field names: one registry, and one typed emission per field to a sink that asks.
//!
//! [`emit`] walks the layers of a decoded packet from the outside in and hands each field to a [`FieldSink`],
//! in Wireshark's order and as often as it occurs (an ICMP error has two `ip.src`). Text output, display
//! filters and the detail tree are sinks.

mod emit;
mod kind;
pub mod names;
mod registry;
mod value;
mod words;

pub use crate::decode::ByteRange;
pub use emit::{FieldSink, PacketContext, Preferences, emit};
pub use kind::{Base, Clock, FieldKind};
pub use registry::{FieldDef, FieldId, FieldSet, ProtocolDef};
pub use value::Value;
