//! Headers between networks: labels, tunnels, IPsec, and transports that are not followed.

use super::header::{HeaderField, bits, emit_table, number};
use super::{Emitter, Subject, own, part, whole};
use crate::decode::Layer;
use crate::field::names::{ah, esp, geneve, gre, gtp, ipcomp, mpls, pim, sctp, vxlan};
use crate::field::{FieldId, Value};

static MPLS: &[HeaderField] = &[
    bits(mpls::LABEL, 0, 4, 12, 0xf_ffff),
    bits(mpls::EXP, 0, 4, 9, 7),
    bits(mpls::BOTTOM, 0, 4, 8, 1),
    bits(mpls::TTL, 0, 4, 0, 0xff),
];
static ESP: &[HeaderField] = &[number(esp::SPI, 0, 4), number(esp::SEQUENCE, 4, 4)];
static PIM: &[HeaderField] =
    &[bits(pim::VERSION, 0, 1, 4, 0xf), bits(pim::TYPE, 0, 1, 0, 0xf), number(pim::CKSUM, 2, 2)];
static SCTP: &[HeaderField] = &[
    number(sctp::SRCPORT, 0, 2),
    number(sctp::DSTPORT, 2, 2),
    number(sctp::VERIFICATION_TAG, 4, 4),
    number(sctp::PORT, 0, 2),
    number(sctp::PORT, 2, 2),
    number(sctp::CHECKSUM, 8, 4),
];
static VXLAN_FLAGS: &[HeaderField] = &[
    bits(vxlan::FLAG_G, 0, 2, 15, 1),
    bits(vxlan::FLAG_I, 0, 2, 11, 1),
    bits(vxlan::FLAG_D, 0, 2, 6, 1),
    bits(vxlan::FLAG_A, 0, 2, 3, 1),
    bits(vxlan::FLAGS_RESERVED, 0, 2, 0, 0x77b7),
];
static VXLAN: &[HeaderField] =
    &[number(vxlan::GBP, 2, 2), number(vxlan::VNI, 4, 3), number(vxlan::RESERVED8, 7, 1)];

/// Hands out a header that is one table. The protocol's bytes are the header, or with `to_end` all that it carries too.
fn flat(
    id: FieldId,
    table: &'static [HeaderField],
    to_end: bool,
    subject: &Subject<'_>,
    layer: &Layer,
    out: &mut Emitter<'_>,
) {
    if out.wants_any_of(id) {
        let header = subject.packet.header(layer);
        let range = if to_end { whole(subject.packet, layer) } else { own(layer) };
        out.protocol(id, subject, layer, range);
        emit_table(table, layer, header, out);
        out.close();
    }
}

pub(super) fn emit_mpls(subject: &Subject<'_>, layer: &Layer, out: &mut Emitter<'_>) {
    flat(mpls::PROTOCOL, MPLS, false, subject, layer, out);
}

pub(super) fn emit_esp(subject: &Subject<'_>, layer: &Layer, out: &mut Emitter<'_>) {
    flat(esp::PROTOCOL, ESP, true, subject, layer, out);
}

pub(super) fn emit_pim(subject: &Subject<'_>, layer: &Layer, out: &mut Emitter<'_>) {
    flat(pim::PROTOCOL, PIM, true, subject, layer, out);
}

pub(super) fn emit_sctp(subject: &Subject<'_>, layer: &Layer, out: &mut Emitter<'_>) {
    flat(sctp::PROTOCOL, SCTP, true, subject, layer, out);
}

pub(super) fn emit_vxlan(subject: &Subject<'_>, layer: &Layer, out: &mut Emitter<'_>) {
    if !out.wants_any_of(vxlan::PROTOCOL) {
        return;
    }
    let header = subject.packet.header(layer);
    out.protocol(vxlan::PROTOCOL, subject, layer, own(layer));
    flags(vxlan::FLAGS, VXLAN_FLAGS, 0, layer, header, out);
    emit_table(VXLAN, layer, header, out);
    out.close();
}

/// A field of two bytes at `at` with its bits under it.
fn flags(
    id: FieldId,
    table: &'static [HeaderField],
    at: u8,
    layer: &Layer,
    header: &[u8],
    out: &mut Emitter<'_>,
) {
    let place = usize::from(at);
    let Some(&[high, low]) = header.get(place..place + 2) else { return };
    let value = u16::from_be_bytes([high, low]);
    out.open(id, Value::Unsigned(u64::from(value)), part(layer, u32::from(at), 2));
    emit_table(table, layer, header, out);
    out.close();
}

static GENEVE_FIRST: &[HeaderField] = &[bits(geneve::VERSION, 0, 1, 6, 3)];
static GENEVE_FLAGS: &[HeaderField] = &[
    bits(geneve::FLAGS_OAM, 1, 1, 7, 1),
    bits(geneve::FLAGS_CRITICAL, 1, 1, 6, 1),
    bits(geneve::FLAGS_RESERVED, 1, 1, 0, 0x3f),
];
static GENEVE: &[HeaderField] =
    &[number(geneve::PROTO_TYPE, 2, 2), number(geneve::VNI, 4, 3), number(geneve::RESERVED, 7, 1)];

pub(super) fn emit_geneve(subject: &Subject<'_>, layer: &Layer, out: &mut Emitter<'_>) {
    if !out.wants_any_of(geneve::PROTOCOL) {
        return;
    }
    let header = subject.packet.header(layer);
    let Some(&[first, second]) = header.first_chunk::<2>() else { return };
    out.protocol(geneve::PROTOCOL, subject, layer, own(layer));
    emit_table(GENEVE_FIRST, layer, header, out);
    let options = u64::from(first & 0x3f) * 4;
    out.give(geneve::OPTION_LENGTH, Value::Unsigned(options), part(layer, 0, 1));
    out.open(geneve::FLAGS, Value::Unsigned(u64::from(second)), part(layer, 1, 1));
    emit_table(GENEVE_FLAGS, layer, header, out);
    out.close();
    emit_table(GENEVE, layer, header, out);
    let mut at = 8_usize;
    // Each turn takes at least 4 bytes of the header, which has 260 at most.
    while let Some(&[_, _, _, len]) = header.get(at..).and_then(<[u8]>::first_chunk::<4>) {
        let len = usize::from(len & 0x1f) * 4 + 4;
        let value = Value::Unsigned(u64::try_from(len).unwrap_or(0));
        out.give(geneve::OPTION_LENGTH, value, part(layer, super::offset(at).saturating_add(3), 1));
        at += len;
    }
    out.close();
}

static GTP_FLAGS: &[HeaderField] = &[
    bits(gtp::FLAGS_VERSION, 0, 1, 5, 7),
    bits(gtp::FLAGS_PAYLOAD, 0, 1, 4, 1),
    bits(gtp::FLAGS_RESERVED, 0, 1, 3, 1),
    bits(gtp::FLAGS_E, 0, 1, 2, 1),
    bits(gtp::FLAGS_S, 0, 1, 1, 1),
    bits(gtp::FLAGS_PN, 0, 1, 0, 1),
];
static GTP: &[HeaderField] =
    &[number(gtp::MESSAGE, 1, 1), number(gtp::LENGTH, 2, 2), number(gtp::TEID, 4, 4)];

pub(super) fn emit_gtp(subject: &Subject<'_>, layer: &Layer, out: &mut Emitter<'_>) {
    if !out.wants_any_of(gtp::PROTOCOL) {
        return;
    }
    let header = subject.packet.header(layer);
    let Some(&first) = header.first() else { return };
    out.protocol(gtp::PROTOCOL, subject, layer, own(layer));
    out.open(gtp::FLAGS, Value::Unsigned(u64::from(first)), part(layer, 0, 1));
    // Version 0 has other bits and no endpoint here (3GPP TS 29.060).
    let of_version_0 = first >> 5 == 0;
    emit_table(GTP_FLAGS.get(..if of_version_0 { 2 } else { 6 }).unwrap_or(&[]), layer, header, out);
    out.close();
    emit_table(GTP.get(..if of_version_0 { 2 } else { 3 }).unwrap_or(&[]), layer, header, out);
    out.close();
}

static IPCOMP: &[HeaderField] =
    &[number(ipcomp::NEXT_HEADER, 0, 1), number(ipcomp::FLAGS, 1, 1), number(ipcomp::CPI, 2, 2)];

pub(super) fn emit_ipcomp(subject: &Subject<'_>, layer: &Layer, out: &mut Emitter<'_>) {
    if !out.wants_any_of(ipcomp::PROTOCOL) {
        return;
    }
    out.protocol(ipcomp::PROTOCOL, subject, layer, own(layer));
    emit_table(IPCOMP, layer, subject.packet.header(layer), out);
    out.close();
}

static AH: &[HeaderField] = &[number(ah::NEXT_HEADER, 0, 1), number(ah::LENGTH, 1, 1)];
static AH_NUMBERS: &[HeaderField] = &[number(ah::SPI, 4, 4), number(ah::SEQUENCE, 8, 4)];

pub(super) fn emit_ah(subject: &Subject<'_>, layer: &Layer, out: &mut Emitter<'_>) {
    if !out.wants_any_of(ah::PROTOCOL) {
        return;
    }
    let header = subject.packet.header(layer);
    out.protocol(ah::PROTOCOL, subject, layer, own(layer));
    emit_table(AH, layer, header, out);
    if let Some(reserved) = header.get(2..4) {
        out.give(ah::RESERVED, Value::Bytes(reserved), part(layer, 2, 2));
    }
    emit_table(AH_NUMBERS, layer, header, out);
    if let Some(icv) = header.get(12..).filter(|icv| !icv.is_empty()) {
        out.give(ah::ICV, Value::Bytes(icv), part(layer, 12, super::offset(icv.len())));
    }
    out.close();
}

static GRE_FLAGS: &[HeaderField] = &[
    bits(gre::FLAGS_CHECKSUM, 0, 2, 15, 1),
    bits(gre::FLAGS_ROUTING, 0, 2, 14, 1),
    bits(gre::FLAGS_KEY, 0, 2, 13, 1),
    bits(gre::FLAGS_SEQUENCE_NUMBER, 0, 2, 12, 1),
    bits(gre::FLAGS_STRICT_SOURCE_ROUTE, 0, 2, 11, 1),
    bits(gre::FLAGS_RECURSION_CONTROL, 0, 2, 8, 7),
];
static GRE_RESERVED: &[HeaderField] = &[bits(gre::FLAGS_RESERVED, 0, 2, 3, 0x1f)];
static PPTP_RESERVED: &[HeaderField] =
    &[bits(gre::FLAGS_ACK, 0, 2, 7, 1), bits(gre::FLAGS_RESERVED, 0, 2, 3, 0xf)];
static GRE_VERSION: &[HeaderField] = &[bits(gre::FLAGS_VERSION, 0, 2, 0, 7)];
static GRE_PROTO: &[HeaderField] = &[number(gre::PROTO, 2, 2)];

pub(super) fn emit_gre(subject: &Subject<'_>, layer: &Layer, out: &mut Emitter<'_>) {
    let header = subject.packet.header(layer);
    let Some(&[high, low]) = header.first_chunk::<2>() else { return };
    let bits = u16::from_be_bytes([high, low]);
    let pptp = bits & 7 == 1;
    out.protocol(gre::PROTOCOL, subject, layer, own(layer));
    out.open(gre::FLAGS_AND_VERSION, Value::Unsigned(u64::from(bits)), part(layer, 0, 2));
    emit_table(GRE_FLAGS, layer, header, out);
    emit_table(if pptp { PPTP_RESERVED } else { GRE_RESERVED }, layer, header, out);
    emit_table(GRE_VERSION, layer, header, out);
    out.close();
    emit_table(GRE_PROTO, layer, header, out);
    let mut at = 4_usize;
    let mut next = |id: FieldId, len: usize, out: &mut Emitter<'_>| {
        if let Some(bytes) = header.get(at..at + len) {
            let value = bytes.iter().fold(0_u64, |sum, byte| sum << 8 | u64::from(*byte));
            out.give(id, Value::Unsigned(value), part(layer, super::offset(at), super::offset(len)));
        }
        at += len;
    };
    if bits & 0xc000 != 0 {
        next(gre::CHECKSUM, 2, out);
        next(gre::OFFSET, 2, out);
    }
    if bits & 0x2000 != 0 && pptp {
        next(gre::KEY_PAYLOAD_LENGTH, 2, out);
        next(gre::KEY_CALL_ID, 2, out);
    } else if bits & 0x2000 != 0 {
        next(gre::KEY, 4, out);
    }
    if bits & 0x1000 != 0 {
        next(gre::SEQUENCE_NUMBER, 4, out);
    }
    if pptp && bits & 0x0080 != 0 {
        next(gre::ACK_NUMBER, 4, out);
    }
    out.close();
}
