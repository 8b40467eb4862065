//! Address resolution.

use super::header::{HeaderField, Read, address, emit_table, number};
use super::{ByteRange, Emitter, Subject, offset, own, part};
use crate::decode::Layer;
use crate::field::names::arp;
use crate::field::{FieldId, Value};

static ARP: &[HeaderField] = &[
    number(arp::HW_TYPE, 0, 2),
    number(arp::PROTO_TYPE, 2, 2),
    number(arp::HW_SIZE, 4, 1),
    number(arp::PROTO_SIZE, 5, 1),
    number(arp::OPCODE, 6, 2),
];
// Addresses, where they are Ethernet's and IPv4's; counted from each address's start.
static ARP_SRC_MAC: &[HeaderField] = &[address(arp::SRC_HW_MAC, 0, Read::Mac)];
static ARP_SRC_IPV4: &[HeaderField] = &[address(arp::SRC_PROTO_IPV4, 0, Read::Ipv4)];
static ARP_DST_MAC: &[HeaderField] = &[address(arp::DST_HW_MAC, 0, Read::Mac)];
static ARP_DST_IPV4: &[HeaderField] = &[address(arp::DST_PROTO_IPV4, 0, Read::Ipv4)];

const REQUEST: u8 = 1;
const REPLY: u8 = 2;

pub(super) fn emit(subject: &Subject<'_>, layer: &Layer, out: &mut Emitter<'_>) {
    if !out.wants_any_of(arp::PROTOCOL) {
        return;
    }
    let header = subject.packet.header(layer);
    out.protocol(arp::PROTOCOL, subject, layer, own(layer));
    emit_table(ARP, layer, header, out);
    if let Some((fixed, addresses)) = header.split_first_chunk::<8>() {
        claims(*fixed, addresses, out);
        each_address(*fixed, layer, header, out);
    }
    out.close();
}

/// What a message about Ethernet and IPv4 is for, where that is not to ask or to answer.
fn claims(fixed: [u8; 8], addresses: &[u8], out: &mut Emitter<'_>) {
    let [_, _, 0x08, 0x00, 6, 4, 0, opcode @ (REQUEST | REPLY)] = fixed else { return };
    let (Some(sender), Some(target)) = (addresses.get(6..10), addresses.get(16..20)) else { return };
    let mut give = |id| out.give(id, Value::Unsigned(1), ByteRange::default());
    if sender == target {
        give(arp::ISGRATUITOUS);
        if opcode == REQUEST {
            give(arp::ISANNOUNCEMENT);
        }
    } else if opcode == REQUEST && sender == [0; 4] {
        give(arp::ISPROBE);
    }
}

fn each_address(fixed: [u8; 8], layer: &Layer, header: &[u8], out: &mut Emitter<'_>) {
    let [hardware_high, hardware_low, protocol_high, protocol_low, hardware_len, protocol_len, ..] = fixed;
    let (hardware, protocol) = (usize::from(hardware_len), usize::from(protocol_len));
    if header.len() < 8 + 2 * (hardware + protocol) {
        return;
    }
    // Ethernet, and IEEE 802 networks, which have the same addresses.
    let macs = hardware_len == 6 && matches!([hardware_high, hardware_low], [0, 1 | 6]);
    let ipv4 = protocol_len == 4 && [protocol_high, protocol_low] == [0x08, 0x00];
    let rows: [(bool, &[HeaderField], FieldId, usize, usize); 4] = [
        (macs, ARP_SRC_MAC, arp::SRC_HW, 8, hardware),
        (ipv4, ARP_SRC_IPV4, arp::SRC_PROTO, 8 + hardware, protocol),
        (macs, ARP_DST_MAC, arp::DST_HW, 8 + hardware + protocol, hardware),
        (ipv4, ARP_DST_IPV4, arp::DST_PROTO, 8 + 2 * hardware + protocol, protocol),
    ];
    for (known, table, other, at, len) in rows {
        let bytes = header.get(at..at + len).unwrap_or(&[]);
        if known {
            let start = layer.start.saturating_add(offset(at));
            emit_table(table, &Layer { start, ..*layer }, bytes, out);
        } else if !bytes.is_empty() {
            out.give(other, Value::Bytes(bytes), part(layer, offset(at), offset(len)));
        }
    }
}
