//! Link headers other than Ethernet's: LLC, Linux cooked capture, loopback, PPP and what carries it.

use super::header::{HeaderField, Read, address, bits, emit_table, number};
use super::{ByteRange, Emitter, Subject, offset, own, part, trailer};
use crate::decode::{Layer, LayerKind};
use crate::field::Value;
use crate::field::names::{chdlc, eth, llc, null, ppp, pppoe, pppoed, pppoes, sll};

static DSAP: &[HeaderField] = &[bits(llc::DSAP_SAP, 0, 1, 1, 0x7f), bits(llc::DSAP_IG, 0, 1, 0, 1)];
static SSAP: &[HeaderField] = &[bits(llc::SSAP_SAP, 1, 1, 1, 0x7f), bits(llc::SSAP_CR, 1, 1, 0, 1)];
static SNAP: &[HeaderField] = &[number(llc::OUI, 0, 3)];
static SNAP_TYPE: &[HeaderField] = &[number(llc::TYPE, 3, 2)];
static SNAP_CISCO: &[HeaderField] = &[number(llc::CISCO_PID, 3, 2)];
static SNAP_PID: &[HeaderField] = &[number(llc::PID, 3, 2)];

/// SNAP is part of LLC: its fields stand behind LLC's own.
pub(super) fn emit_llc(subject: &Subject<'_>, layer: &Layer, out: &mut Emitter<'_>) {
    if !out.wants_any_of(llc::PROTOCOL) {
        return;
    }
    let header = subject.packet.header(layer);
    let Some(&[dsap, ssap, control]) = header.first_chunk::<3>() else { return };
    let snap = subject.inner(layer).filter(|inner| inner.kind == LayerKind::Snap);
    let end = snap.map_or(layer.payload, |snap| snap.payload);
    let range = ByteRange { end, ..own(layer) };
    out.protocol(llc::PROTOCOL, subject, layer, range);
    out.open(llc::DSAP, Value::Unsigned(u64::from(dsap)), part(layer, 0, 1));
    emit_table(DSAP, layer, header, out);
    out.close();
    out.open(llc::SSAP, Value::Unsigned(u64::from(ssap)), part(layer, 1, 1));
    emit_table(SSAP, layer, header, out);
    out.close();
    // Unnumbered frames have one control byte, the others two, the lower first (IEEE 802.2 section 5.2).
    let (value, len) = match header.get(3) {
        Some(second) if control & 3 != 3 => (u16::from_le_bytes([control, *second]), 2),
        _ => (u16::from(control), 1),
    };
    out.give(llc::CONTROL, Value::Unsigned(u64::from(value)), part(layer, 2, len));
    if let Some(snap) = snap {
        let header = subject.packet.header(snap);
        emit_table(SNAP, snap, header, out);
        let table = match header {
            [0, 0, 0 | 0xf8, ..] => SNAP_TYPE,
            [0, 0, 0x0c, ..] => SNAP_CISCO,
            _ => SNAP_PID,
        };
        emit_table(table, snap, header, out);
    }
    out.close();
}

static SLL: &[HeaderField] =
    &[number(sll::PKTTYPE, 0, 2), number(sll::HATYPE, 2, 2), number(sll::HALEN, 4, 2)];
static SLL2: &[HeaderField] = &[
    number(sll::IFINDEX, 4, 4),
    number(sll::HATYPE, 8, 2),
    number(sll::PKTTYPE, 10, 1),
    number(sll::HALEN, 11, 1),
];
static SLL2_PROTOCOL: [HeaderField; 3] =
    [number(sll::ETYPE, 0, 2), number(sll::LTYPE, 0, 2), number(sll::GRETYPE, 0, 2)];
static SLL_PROTOCOL: [HeaderField; 3] =
    [number(sll::ETYPE, 14, 2), number(sll::LTYPE, 14, 2), number(sll::GRETYPE, 14, 2)];
/// Room for the sender's address.
const SLL_ROOM: u32 = 8;
/// Protocol values from here on are EtherTypes, but for GRE interfaces, which have GRE's.
const MIN_ETHER_TYPE: u16 = 1536;
const ARPHRD_IPGRE: u16 = 778;

pub(super) fn emit_sll(subject: &Subject<'_>, layer: &Layer, out: &mut Emitter<'_>) {
    // What fills the frame up is told under Ethernet.
    if !(out.wants_any_of(sll::PROTOCOL) || out.wants_any_of(eth::PROTOCOL)) {
        return;
    }
    let header = subject.packet.header(layer);
    out.protocol(sll::PROTOCOL, subject, layer, own(layer));
    emit_table(SLL, layer, header, out);
    if let Some(&[_, _, h0, h1, l0, l1, .., p0, p1]) = header.first_chunk::<16>() {
        sender(u16::from_be_bytes([l0, l1]), 6, layer, header, out);
        protocol(&SLL_PROTOCOL, [h0, h1], [p0, p1], layer, header, out);
    }
    trailer::emit(subject, layer, None, sll::TRAILER, false, out);
    out.close();
}

pub(super) fn emit_sll2(subject: &Subject<'_>, layer: &Layer, out: &mut Emitter<'_>) {
    // What fills the frame up is told under Ethernet.
    if !(out.wants_any_of(sll::PROTOCOL) || out.wants_any_of(eth::PROTOCOL)) {
        return;
    }
    let header = subject.packet.header(layer);
    out.protocol(sll::PROTOCOL, subject, layer, own(layer));
    if let Some(&[p0, p1, _, _, _, _, _, _, h0, h1, _, len]) = header.first_chunk::<12>() {
        protocol(&SLL2_PROTOCOL, [h0, h1], [p0, p1], layer, header, out);
        emit_table(SLL2, layer, header, out);
        sender(u16::from(len), 12, layer, header, out);
    }
    trailer::emit(subject, layer, None, sll::TRAILER, false, out);
    out.close();
}

/// The sender's address of `len` bytes at `at`, and what of its room it leaves.
fn sender(len: u16, at: u8, layer: &Layer, header: &[u8], out: &mut Emitter<'_>) {
    let place = usize::from(at);
    let used = u32::from(len).min(SLL_ROOM);
    let bytes = header.get(place..place + usize::from(len.min(8))).unwrap_or(&[]);
    match bytes {
        [] => {}
        [_, _, _, _] => {
            emit_table(&[address(sll::SRC_IPV4, at, Read::Ipv4)], layer, header, out);
        }
        [_, _, _, _, _, _] => {
            emit_table(&[address(sll::SRC_ETH, at, Read::Mac)], layer, header, out);
        }
        _ => out.give(sll::SRC_OTHER, Value::Bytes(bytes), part(layer, u32::from(at), used)),
    }
    let rest = header.get(place + bytes.len()..place + 8).unwrap_or(&[]);
    if !rest.is_empty() {
        let range = part(layer, u32::from(at) + offset(bytes.len()), offset(rest.len()));
        out.give(sll::UNUSED, Value::Bytes(rest), range);
    }
}

fn protocol(
    table: &'static [HeaderField; 3],
    hardware: [u8; 2],
    protocol: [u8; 2],
    layer: &Layer,
    header: &[u8],
    out: &mut Emitter<'_>,
) {
    let [as_type, as_kind, as_gre] = table;
    let field = match u16::from_be_bytes(protocol) {
        _ if u16::from_be_bytes(hardware) == ARPHRD_IPGRE => as_gre,
        MIN_ETHER_TYPE.. => as_type,
        _ => as_kind,
    };
    emit_table(std::slice::from_ref(field), layer, header, out);
}

/// Families are small; greater numbers are EtherTypes.
const MAX_FAMILY: u32 = 1500;

pub(super) fn emit_null(subject: &Subject<'_>, layer: &Layer, out: &mut Emitter<'_>) {
    if !out.wants_any_of(null::PROTOCOL) {
        return;
    }
    let header = subject.packet.header(layer);
    let Some(&bytes) = header.first_chunk::<4>() else { return };
    let little = u32::from_le_bytes(bytes);
    let family =
        if layer.kind == LayerKind::Null && little >> 16 == 0 { little } else { u32::from_be_bytes(bytes) };
    out.protocol(null::PROTOCOL, subject, layer, own(layer));
    // An EtherType is the lower half, whatever the upper one holds.
    let (id, value) =
        if family > MAX_FAMILY { (null::TYPE, family & 0xffff) } else { (null::FAMILY, family) };
    out.give(id, Value::Unsigned(u64::from(value)), part(layer, 0, 4));
    out.close();
}

static PPP_ADDRESS: &[HeaderField] = &[number(ppp::ADDRESS, 0, 1), number(ppp::CONTROL, 1, 1)];

pub(super) fn emit_ppp(subject: &Subject<'_>, layer: &Layer, out: &mut Emitter<'_>) {
    if !out.wants_any_of(ppp::PROTOCOL) {
        return;
    }
    let header = subject.packet.header(layer);
    out.protocol(ppp::PROTOCOL, subject, layer, own(layer));
    let with_address = matches!(header, [0xff, 0x03, ..]);
    if with_address {
        emit_table(PPP_ADDRESS, layer, header, out);
    }
    // One byte where it is odd: the lowest bit ends the number (RFC 1661 section 6.5).
    let at = if with_address { 2 } else { 0 };
    let (value, len) = match header.get(at..) {
        Some([only]) => (u16::from(*only), 1),
        Some([high, low, ..]) => (u16::from_be_bytes([*high, *low]), 2),
        _ => (0, 0),
    };
    if len > 0 {
        out.give(ppp::PROTOCOL_NUMBER, Value::Unsigned(u64::from(value)), part(layer, offset(at), len));
    }
    out.close();
}

static CHDLC: &[HeaderField] =
    &[number(chdlc::ADDRESS, 0, 1), number(chdlc::CONTROL, 1, 1), number(chdlc::PROTOCOL_NUMBER, 2, 2)];

pub(super) fn emit_chdlc(subject: &Subject<'_>, layer: &Layer, out: &mut Emitter<'_>) {
    if !out.wants_any_of(chdlc::PROTOCOL) {
        return;
    }
    let header = subject.packet.header(layer);
    out.protocol(chdlc::PROTOCOL, subject, layer, own(layer));
    emit_table(CHDLC, layer, header, out);
    out.close();
}

static PPPOE: &[HeaderField] = &[
    bits(pppoe::VERSION, 0, 1, 4, 0xf),
    bits(pppoe::TYPE, 0, 1, 0, 0xf),
    number(pppoe::CODE, 1, 1),
    number(pppoe::SESSION_ID, 2, 2),
    number(pppoe::PAYLOAD_LENGTH, 4, 2),
];

pub(super) fn emit_pppoe(subject: &Subject<'_>, layer: &Layer, out: &mut Emitter<'_>) {
    let header = subject.packet.header(layer);
    // Only the session stage has code 0 (RFC 2516 section 6).
    let session = matches!(header, [_, 0, ..]);
    let (id, range) = if session {
        (pppoes::PROTOCOL, own(layer))
    } else {
        (pppoed::PROTOCOL, ByteRange { end: layer.end, ..own(layer) })
    };
    out.protocol(id, subject, layer, range);
    // `pppoe` is present with either stage, as it is in Wireshark's filters.
    emit_table(PPPOE, layer, header, out);
    let tags = layer.end.saturating_sub(layer.payload);
    if !session && tags > 0 {
        out.give(pppoed::TAGS, Value::Mark, ByteRange { start: layer.payload, ..range });
    }
    out.close();
}
