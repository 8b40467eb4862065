//! ICMP of both versions.

use super::header::{HeaderField, emit_table, number};
use super::{Emitter, Subject, whole};
use crate::decode::Layer;
use crate::field::Value;
use crate::field::names::{icmp, icmpv6};

static ICMP: &[HeaderField] =
    &[number(icmp::TYPE, 0, 1), number(icmp::CODE, 1, 1), number(icmp::CHECKSUM, 2, 2)];
static ICMP_IDENT: &[HeaderField] = &[number(icmp::IDENT, 4, 2), number(icmp::SEQ, 6, 2)];

/// Wireshark reads the ICMP header this far before it shows anything.
const ICMP_READ_AHEAD: usize = 6;

static ICMPV6: &[HeaderField] =
    &[number(icmpv6::TYPE, 0, 1), number(icmpv6::CODE, 1, 1), number(icmpv6::CHECKSUM, 2, 2)];

pub(super) fn emit(subject: &Subject<'_>, layer: &Layer, out: &mut Emitter<'_>) {
    let header = subject.packet.header(layer);
    if header.len() < ICMP_READ_AHEAD {
        return;
    }
    out.open(icmp::PROTOCOL, Value::Bytes(header), whole(subject.packet, layer));
    emit_table(ICMP, layer, header, out);
    match header.first() {
        // Echo, timestamp, information and address mask, asked and answered.
        Some(0 | 8 | 13..=18) => {
            emit_table(ICMP_IDENT, layer, header, out);
        }
        // Extended echo (RFC 8335): its sequence number is another field.
        Some(42 | 43) => {
            emit_table(ICMP_IDENT.get(..1).unwrap_or(&[]), layer, header, out);
        }
        _ => {}
    }
    out.close();
}

pub(super) fn emit_v6(subject: &Subject<'_>, layer: &Layer, out: &mut Emitter<'_>) {
    let header = subject.packet.header(layer);
    out.open(icmpv6::PROTOCOL, Value::Bytes(header), whole(subject.packet, layer));
    emit_table(ICMPV6, layer, header, out);
    out.close();
}
