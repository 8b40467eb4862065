//! Ethernet and 802.1Q tags.

use super::header::{HeaderField, Read, address, bits, emit_table, number};
use super::{Emitter, Subject, whole};
use crate::decode::Layer;
use crate::field::Value;
use crate::field::names::{eth, vlan};

static ETHERNET: &[HeaderField] = &[address(eth::DST, 0, Read::Mac), address(eth::SRC, 6, Read::Mac)];
static ETHERNET_TYPE: &[HeaderField] = &[number(eth::TYPE, 12, 2)];
static ETHERNET_LENGTH: &[HeaderField] = &[number(eth::LEN, 12, 2)];

/// EtherType of a provider's tag, whose fields Wireshark files under another protocol.
const PROVIDER_TAG: [u8; 2] = [0x88, 0xa8];
static VLAN: &[HeaderField] = &[bits(vlan::ID, 0, 2, 0, 0xfff), number(vlan::ETYPE, 2, 2)];

pub(super) fn emit(subject: &Subject<'_>, layer: &Layer, out: &mut Emitter<'_>) {
    let header = subject.packet.header(layer);
    // Nothing is shown of a header that is not all there.
    let Some(&[high, low]) = header.get(12..14) else { return };
    out.open(eth::PROTOCOL, Value::Bytes(header), whole(subject.packet, layer));
    emit_table(ETHERNET, layer, header, out);
    let is_length = u16::from_be_bytes([high, low]) <= 1500;
    emit_table(if is_length { ETHERNET_LENGTH } else { ETHERNET_TYPE }, layer, header, out);
    out.close();
}

pub(super) fn emit_vlan(subject: &Subject<'_>, layer: &Layer, out: &mut Emitter<'_>) {
    let start = usize::try_from(layer.start).unwrap_or(usize::MAX);
    let ether_type =
        start.checked_sub(2).and_then(|from| subject.packet.buffer(layer.buffer).get(from..start));
    if ether_type != Some(&PROVIDER_TAG) {
        let header = subject.packet.header(layer);
        out.open(vlan::PROTOCOL, Value::Bytes(header), whole(subject.packet, layer));
        emit_table(VLAN, layer, header, out);
        out.close();
    }
}
