//! Address resolution.

use super::header::{HeaderField, Read, address, emit_table, number};
use super::{Emitter, Subject, offset, whole};
use crate::decode::Layer;
use crate::field::Value;
use crate::field::names::arp;

static ARP: &[HeaderField] = &[number(arp::OPCODE, 6, 2)];
// Addresses, where they are Ethernet's and IPv4's; counted from each address's start.
static ARP_SRC_MAC: &[HeaderField] = &[address(arp::SRC_HW_MAC, 0, Read::Mac)];
static ARP_SRC_IPV4: &[HeaderField] = &[address(arp::SRC_PROTO_IPV4, 0, Read::Ipv4)];
static ARP_DST_MAC: &[HeaderField] = &[address(arp::DST_HW_MAC, 0, Read::Mac)];
static ARP_DST_IPV4: &[HeaderField] = &[address(arp::DST_PROTO_IPV4, 0, Read::Ipv4)];

pub(super) fn emit(subject: &Subject<'_>, layer: &Layer, out: &mut Emitter<'_>) {
    let header = subject.packet.header(layer);
    out.open(arp::PROTOCOL, Value::Bytes(header), whole(subject.packet, layer));
    emit_table(ARP, layer, header, out);
    addresses(layer, header, out);
    out.close();
}

fn addresses(layer: &Layer, header: &[u8], out: &mut Emitter<'_>) {
    let &[hardware_high, hardware_low, 0x08, 0x00, hardware_len, protocol_len, ..] = header else { return };
    let (hardware, protocol) = (usize::from(hardware_len), usize::from(protocol_len));
    if header.len() < 8 + 2 * (hardware + protocol) {
        return;
    }
    // Ethernet, and IEEE 802 networks, which have the same addresses.
    let macs = hardware_len == 6 && matches!([hardware_high, hardware_low], [0, 1 | 6]);
    let tables = [
        (macs, ARP_SRC_MAC, 8),
        (protocol_len == 4, ARP_SRC_IPV4, 8 + hardware),
        (macs, ARP_DST_MAC, 8 + hardware + protocol),
        (protocol_len == 4, ARP_DST_IPV4, 8 + 2 * hardware + protocol),
    ];
    for (_, table, at) in tables.into_iter().filter(|(known, ..)| *known) {
        let start = layer.start.saturating_add(offset(at));
        emit_table(table, &Layer { start, ..*layer }, header.get(at..).unwrap_or(&[]), out);
    }
}
