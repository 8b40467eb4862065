//! Ethernet and the tags between its addresses and what it carries.

use super::header::{HeaderField, Read, address, bits, emit_table, number};
use super::{Emitter, Subject, own, part, trailer};
use crate::decode::Layer;
use crate::field::names::{eth, ieee8021ad, ieee8021ah, vlan};
use crate::field::{FieldId, Value};

static ETHERNET_TYPE: &[HeaderField] = &[number(eth::TYPE, 12, 2)];
static ETHERNET_LENGTH: &[HeaderField] = &[number(eth::LEN, 12, 2)];
static ETHERNET_NEITHER: &[HeaderField] = &[number(eth::INVALID_LENTYPE, 12, 2)];

/// Up to this value the field behind the addresses is a length; an EtherType is at least 1536 (IEEE 802.3 section 3.2.6).
const MAX_LENGTH: u16 = 1500;
const MIN_TYPE: u16 = 1536;

/// EtherType of a provider's tag, whose fields Wireshark files under another protocol.
const PROVIDER_TAG: [u8; 2] = [0x88, 0xa8];
static VLAN: &[HeaderField] =
    &[bits(vlan::PRIORITY, 0, 2, 13, 7), bits(vlan::DEI, 0, 2, 12, 1), bits(vlan::ID, 0, 2, 0, 0xfff)];
static VLAN_TYPE: &[HeaderField] = &[number(vlan::ETYPE, 2, 2)];
static VLAN_LENGTH: &[HeaderField] = &[number(vlan::LEN, 2, 2)];
static PROVIDER: &[HeaderField] = &[
    bits(ieee8021ad::PRIORITY, 0, 1, 5, 7),
    bits(ieee8021ad::DEI, 0, 1, 4, 1),
    bits(ieee8021ad::ID, 0, 2, 0, 0xfff),
    number(ieee8021ah::ETYPE, 2, 2),
];
static BACKBONE: &[HeaderField] = &[
    bits(ieee8021ah::PRIORITY, 0, 1, 5, 7),
    bits(ieee8021ah::DROP, 0, 1, 4, 1),
    bits(ieee8021ah::NCA, 0, 1, 3, 1),
    bits(ieee8021ah::RES1, 0, 1, 2, 1),
    bits(ieee8021ah::RES2, 0, 1, 0, 3),
    number(ieee8021ah::ISID, 1, 3),
    address(ieee8021ah::CDST, 4, Read::Mac),
    address(ieee8021ah::CSRC, 10, Read::Mac),
    number(ieee8021ah::ETYPE, 16, 2),
];

/// What is told of one of the two addresses of a frame; either is also an address without a side.
struct Side {
    at: u32,
    addr: FieldId,
    resolved: FieldId,
    oui: FieldId,
    lg: FieldId,
    ig: FieldId,
}

static RECEIVER: Side = Side {
    at: 0,
    addr: eth::DST,
    resolved: eth::DST_RESOLVED,
    oui: eth::DST_OUI,
    lg: eth::DST_LG,
    ig: eth::DST_IG,
};
static SENDER: Side = Side {
    at: 6,
    addr: eth::SRC,
    resolved: eth::SRC_RESOLVED,
    oui: eth::SRC_OUI,
    lg: eth::SRC_LG,
    ig: eth::SRC_IG,
};

pub(super) fn emit(subject: &Subject<'_>, layer: &Layer, out: &mut Emitter<'_>) {
    if !out.wants_any_of(eth::PROTOCOL) {
        return;
    }
    let header = subject.packet.header(layer);
    // Nothing is shown of a header that is not all there.
    let Some((&[d0, d1, d2, d3, d4, d5, s0, s1, s2, s3, s4, s5, high, low], _)) =
        header.split_first_chunk::<14>()
    else {
        return;
    };
    out.protocol(eth::PROTOCOL, subject, layer, own(layer));
    address_of(&RECEIVER, layer, [d0, d1, d2, d3, d4, d5], out);
    address_of(&SENDER, layer, [s0, s1, s2, s3, s4, s5], out);
    let value = u16::from_be_bytes([high, low]);
    let (table, said_end) = match value {
        ..=MAX_LENGTH => (ETHERNET_LENGTH, Some(layer.payload.saturating_add(u32::from(value)))),
        MIN_TYPE.. => (ETHERNET_TYPE, None),
        _ => (ETHERNET_NEITHER, None),
    };
    emit_table(table, layer, header, out);
    // Only the outermost may have a check sequence: tunnels carry frames without.
    trailer::emit(subject, layer, said_end, eth::TRAILER, layer.start == 0 && layer.buffer == 0, out);
    out.close();
}

fn address_of(side: &Side, layer: &Layer, mac: [u8; 6], out: &mut Emitter<'_>) {
    let [first, second, third, ..] = mac;
    let whole = part(layer, side.at, 6);
    let half = part(layer, side.at, 3);
    out.open(side.addr, Value::Mac(mac), whole);
    let mut text = [0; 17];
    let text = if out.wants(side.resolved) || out.wants(eth::ADDR_RESOLVED) {
        Value::Text(mac_text(mac, &mut text))
    } else {
        Value::Mark
    };
    let oui = Value::Unsigned(u64::from(u32::from_be_bytes([0, first, second, third])));
    out.give(side.resolved, text, whole);
    out.give(side.oui, oui, half);
    out.give(eth::ADDR, Value::Mac(mac), whole);
    out.give(eth::ADDR_RESOLVED, text, whole);
    out.give(eth::ADDR_OUI, oui, half);
    let bit = |shift: u8| Value::Unsigned(u64::from(first >> shift & 1));
    for (id, shift) in [(side.lg, 1), (eth::LG, 1), (side.ig, 0), (eth::IG, 0)] {
        out.give(id, bit(shift), half);
    }
    out.close();
}

/// An address as text: no names are looked up, so that it is what the address itself is.
fn mac_text(mac: [u8; 6], text: &mut [u8; 17]) -> &str {
    for (place, byte) in text.chunks_mut(3).zip(mac) {
        let digit = |nibble: u8| if nibble < 10 { b'0' + nibble } else { b'a' + nibble - 10 };
        for (slot, digit) in place.iter_mut().zip([digit(byte >> 4), digit(byte & 15), b':']) {
            *slot = digit;
        }
    }
    std::str::from_utf8(text).unwrap_or("")
}

pub(super) fn emit_vlan(subject: &Subject<'_>, layer: &Layer, out: &mut Emitter<'_>) {
    // What fills the frame up behind a tag is told under Ethernet.
    let told = [vlan::PROTOCOL, ieee8021ad::PROTOCOL, ieee8021ah::PROTOCOL, eth::PROTOCOL];
    if !told.into_iter().any(|id| out.wants_any_of(id)) {
        return;
    }
    let header = subject.packet.header(layer);
    if is_provider_tag(subject, layer) {
        out.protocol(ieee8021ad::PROTOCOL, subject, layer, own(layer));
        emit_table(PROVIDER, layer, header, out);
        out.close();
        return;
    }
    out.protocol(vlan::PROTOCOL, subject, layer, own(layer));
    emit_table(VLAN, layer, header, out);
    if let Some(&[high, low]) = header.get(2..4) {
        let value = u16::from_be_bytes([high, low]);
        let is_length = value <= MAX_LENGTH;
        emit_table(if is_length { VLAN_LENGTH } else { VLAN_TYPE }, layer, header, out);
        let said_end = is_length.then(|| layer.payload.saturating_add(u32::from(value)));
        trailer::emit(subject, layer, said_end, vlan::TRAILER, false, out);
    }
    out.close();
}

/// Whether the EtherType before a tag makes it a provider's.
pub(super) fn is_provider_tag(subject: &Subject<'_>, layer: &Layer) -> bool {
    let start = usize::try_from(layer.start).unwrap_or(usize::MAX);
    let before = start.checked_sub(2).and_then(|from| subject.packet.buffer(layer.buffer).get(from..start));
    before == Some(&PROVIDER_TAG)
}

pub(super) fn emit_backbone(subject: &Subject<'_>, layer: &Layer, out: &mut Emitter<'_>) {
    let header = subject.packet.header(layer);
    out.protocol(ieee8021ah::PROTOCOL, subject, layer, own(layer));
    emit_table(BACKBONE, layer, header, out);
    out.close();
}
