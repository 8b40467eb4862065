//! UDP.

use super::header::{HeaderField, emit_table, number};
use super::{ByteRange, Emitter, Subject, whole};
use crate::decode::Layer;
use crate::field::Value;
use crate::field::names::udp;
use crate::flow::Verdict;

static UDP: &[HeaderField] = &[
    number(udp::SRCPORT, 0, 2),
    number(udp::DSTPORT, 2, 2),
    number(udp::LENGTH, 4, 2),
    number(udp::CHECKSUM, 6, 2),
];
/// Fields before the one that a header with an impossible length is given up at.
const UDP_BEFORE_CHECKSUM: usize = 6;

/// Both ports are read before either is shown.
const PORTS_LEN: usize = 4;

pub(super) fn emit(subject: &Subject<'_>, layer: &Layer, verdict: Option<&Verdict>, out: &mut Emitter<'_>) {
    let header = subject.packet.header(layer);
    if header.len() < PORTS_LEN || !out.wants_any_of(udp::PROTOCOL) {
        return;
    }
    out.open(udp::PROTOCOL, Value::Bytes(header), whole(subject.packet, layer));
    let readable = if subject.packet.is_cut(layer) { UDP_BEFORE_CHECKSUM } else { header.len() };
    emit_table(UDP, layer, header.get(..readable).unwrap_or(header), out);
    if let Some(id) = verdict.and_then(|verdict| verdict.id) {
        out.give(udp::STREAM, Value::Unsigned(u64::from(id.number)), ByteRange::default());
    }
    out.close();
}
