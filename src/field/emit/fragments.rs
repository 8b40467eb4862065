//! The datagram that a packet's fragment completes, IPv4 and IPv6.

use super::{ByteRange, Emitter, Subject, offset};
use crate::decode::{Layer, StopReason};
use crate::field::names::{ip, ipv6};
use crate::field::{FieldId, FieldKind, Value};

/// The fields of one version.
pub(super) struct Names {
    all: FieldId,
    fragment: FieldId,
    overlap: FieldId,
    conflict: FieldId,
    count: FieldId,
    length: FieldId,
    data: FieldId,
    elsewhere: FieldId,
}

pub(super) const IPV4: Names = Names {
    all: ip::FRAGMENTS,
    fragment: ip::FRAGMENT,
    overlap: ip::FRAGMENT_OVERLAP,
    conflict: ip::FRAGMENT_OVERLAP_CONFLICT,
    count: ip::FRAGMENT_COUNT,
    length: ip::REASSEMBLED_LENGTH,
    data: ip::REASSEMBLED_DATA,
    elsewhere: ip::REASSEMBLED_IN,
};

pub(super) const IPV6: Names = Names {
    all: ipv6::FRAGMENTS,
    fragment: ipv6::FRAGMENT,
    overlap: ipv6::FRAGMENT_OVERLAP,
    conflict: ipv6::FRAGMENT_OVERLAP_CONFLICT,
    count: ipv6::FRAGMENT_COUNT,
    length: ipv6::REASSEMBLED_LENGTH,
    data: ipv6::REASSEMBLED_DATA,
    elsewhere: ipv6::REASSEMBLED_IN,
};

/// Tells of the datagram whose last missing fragment stands behind the header `layer`.
pub(super) fn emit(subject: &Subject<'_>, layer: &Layer, names: &Names, out: &mut Emitter<'_>) {
    let packet = subject.packet;
    elsewhere(subject, layer, names, out);
    if packet.reassembled().is_empty() {
        return;
    }
    // Decoding goes on in a buffer of its own behind the fragment's header.
    let mut layers = packet.layers().iter().skip_while(|other| *other != layer).skip(1);
    let Some(inner) = layers.next().filter(|inner| inner.buffer != layer.buffer) else { return };
    let place = usize::from(inner.buffer).checked_sub(1);
    let Some(datagram) = place.and_then(|place| packet.reassembled().get(place)) else { return };
    let range = ByteRange { buffer: inner.buffer, start: 0, end: offset(datagram.bytes.len()) };
    let whole = match names.all.def().kind {
        FieldKind::Mark => Value::Mark,
        _ => Value::Bytes(&datagram.bytes),
    };
    out.open(names.all, whole, range);
    for number in &datagram.packets {
        let nowhere = ByteRange::default();
        out.open(names.fragment, Value::Unsigned(*number), nowhere);
        // Sorted by place in the datagram, not by packet; of a datagram that is well there are none.
        if let Some((_, conflict)) = datagram.overlapping.iter().find(|(packet, _)| packet == number) {
            out.give(names.overlap, Value::Unsigned(1), nowhere);
            if *conflict {
                out.give(names.conflict, Value::Unsigned(1), nowhere);
            }
        }
        out.close();
    }
    let count = u64::from(offset(datagram.packets.len()));
    out.give(names.count, Value::Unsigned(count), ByteRange::default());
    out.give(names.length, Value::Unsigned(u64::from(range.end)), ByteRange::default());
    out.give(names.data, Value::Bytes(&datagram.bytes), range);
    out.close();
}

/// Tells which packet has the datagram of the fragment behind `layer`, where a first pass over the capture found out
/// and it is another one.
fn elsewhere(subject: &Subject<'_>, layer: &Layer, names: &Names, out: &mut Emitter<'_>) {
    let Some(hindsight) = subject.context.hindsight else { return };
    let ends_here = subject.packet.layers().last() == Some(layer)
        && subject.packet.stop().is_some_and(|stop| stop.reason == StopReason::Fragment);
    let number = subject.captured.number;
    if let Some(whole) = hindsight.reassembled_in(number).filter(|whole| ends_here && *whole != number) {
        out.give(names.elsewhere, Value::Unsigned(whole), ByteRange::default());
    }
}
