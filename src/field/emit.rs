//! Walks a packet and hands out its fields.

use super::{FieldId, Value, layers};
use crate::decode::{BufferId, DecodedPacket};
use crate::source::{CapturedPacket, LinkType};
use crate::time::{TimeDelta, Timestamp};

/// Which bytes of a packet a field was read from; empty (`start == end`) where it was worked out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ByteRange {
    /// The buffer the offsets count in.
    pub buffer: BufferId,
    /// First byte.
    pub start: u32,
    /// First byte after.
    pub end: u32,
}

/// Takes the fields of a packet.
pub trait FieldSink {
    /// Whether this field is of use: others are not read.
    fn wants(&self, id: FieldId) -> bool;

    /// An occurrence of a field, in Wireshark's order.
    fn field(&mut self, id: FieldId, value: Value<'_>, range: ByteRange);
}

/// What a packet alone does not tell: only who has seen the packets before knows.
#[derive(Clone, Copy, Debug, Default)]
pub struct PacketContext<'a> {
    /// Time of the capture's first packet.
    pub first: Option<Timestamp>,
    /// Time of the packet before; `None` for the first. tshark takes a packet without a time for one at 0.
    pub previous: Option<Timestamp>,
    /// The stream number of each of [`DecodedPacket::transports`], in the same order.
    pub streams: &'a [Option<u32>],
}

/// Hands all fields of a packet that `sink` wants to it.
pub fn emit(
    captured: &CapturedPacket<'_>,
    packet: &DecodedPacket<'_>,
    context: &PacketContext<'_>,
    sink: &mut dyn FieldSink,
) {
    frame(captured, context, sink);
    let mut transports =
        packet.transports().iter().zip(context.streams.iter().chain(std::iter::repeat(&None)));
    let mut next = transports.next();
    for (index, layer) in packet.layers().iter().enumerate() {
        let mut stream = None;
        if let Some((transport, number)) = next.filter(|(transport, _)| transport.layer == index) {
            stream = number.filter(|_| packet.is_numbered(transport));
            next = transports.next();
        }
        layers::emit_layer(packet, layer, stream, sink);
    }
}

/// Bytes that belong to the capture, not to the packet, and that Wireshark leaves out of the lengths: a
/// direction, a channel or the like before the link header of these link types.
fn pseudo_header_len(link: LinkType) -> u32 {
    match link.0 {
        // PPP_WITH_DIR.
        204 => 1,
        // NFC_LLCP.
        245 => 2,
        // SUNATM, MTP2_WITH_PHDR, BLUETOOTH_HCI_H4_WITH_PHDR, BLUETOOTH_LINUX_MONITOR.
        123 | 139 | 201 | 254 => 4,
        // SITA, I2C_LINUX.
        196 | 209 => 5,
        // LINUX_IRDA, LINUX_LAPD.
        144 | 177 => 16,
        _ => 0,
    }
}

fn frame(captured: &CapturedPacket<'_>, context: &PacketContext<'_>, sink: &mut dyn FieldSink) {
    let mut give = |id, value| {
        if sink.wants(id) {
            sink.field(id, value, ByteRange::default());
        }
    };
    give(FieldId::FRAME_NUMBER, Value::Unsigned(captured.number));
    if let Some(now) = captured.ts {
        let since = |then: Option<Timestamp>| then.map_or(TimeDelta::default(), |then| now - then);
        give(FieldId::FRAME_TIME_EPOCH, Value::Time(now));
        give(FieldId::FRAME_TIME_DELTA, Value::Delta(since(context.previous)));
        give(FieldId::FRAME_TIME_RELATIVE, Value::Delta(since(context.first)));
    }
    let pseudo = pseudo_header_len(captured.link);
    let captured_len = u32::try_from(captured.data.len()).unwrap_or(u32::MAX);
    give(FieldId::FRAME_LEN, Value::Unsigned(u64::from(captured.wire_len.saturating_sub(pseudo))));
    give(FieldId::FRAME_CAP_LEN, Value::Unsigned(u64::from(captured_len.saturating_sub(pseudo))));
}
