//! IGMP of all versions (RFC 1112, RFC 2236, RFC 3376).

use super::icmp::{ChecksumNames, checksum};
use super::run::{Part, Run};
use super::{ByteRange, Emitter, Subject, whole};
use crate::decode::Layer;
use crate::field::Value;
use crate::field::names::igmp;

const QUERY: u8 = 0x11;
const REPORT_1: u8 = 0x12;
const REPORT_2: u8 = 0x16;
const LEAVE: u8 = 0x17;
const REPORT_3: u8 = 0x22;

/// A query with more than this is of version 3 (RFC 3376 section 7.1).
const SHORT_LEN: usize = 8;
/// Bytes of a record before its sources.
const RECORD_LEN: usize = 8;

pub(super) fn emit(subject: &Subject<'_>, layer: &Layer, out: &mut Emitter<'_>) {
    if !out.wants_any_of(igmp::PROTOCOL) {
        return;
    }
    let run = Run::message(subject.packet, layer);
    let Some(kind) = run.byte(0) else { return };
    out.protocol(igmp::PROTOCOL, subject, layer, whole(subject.packet, layer));
    let version = match kind {
        QUERY if run.len() > SHORT_LEN => Some(3),
        QUERY if run.byte(1) == Some(0) => Some(1),
        QUERY | REPORT_2 | LEAVE => Some(2),
        REPORT_1 => Some(1),
        REPORT_3 => Some(3),
        _ => None,
    };
    if let Some(version) = version {
        out.give(igmp::VERSION, Value::Unsigned(version), ByteRange::default());
    }
    run.give(igmp::TYPE, 0, 1, out);
    match (version, kind) {
        (None, _) => run.give(igmp::DATA, 1, run.len().saturating_sub(1), out),
        (Some(3), QUERY) => query(subject, layer, &run, out),
        (Some(3), _) => report(subject, layer, &run, out),
        (Some(2), _) => {
            run.give(igmp::MAX_RESP, 1, 1, out);
            sum(subject, layer, &run, out);
            run.give(igmp::MADDR, 4, 4, out);
        }
        _ => {
            run.give(igmp::RESERVED, 1, 1, out);
            sum(subject, layer, &run, out);
            run.give(igmp::MADDR, 4, 4, out);
        }
    }
    out.close();
}

fn sum(subject: &Subject<'_>, layer: &Layer, run: &Run<'_>, out: &mut Emitter<'_>) {
    run.give(igmp::CHECKSUM, 2, 2, out);
    let names = ChecksumNames { status: igmp::CHECKSUM_STATUS, bad: igmp::BAD_CHECKSUM };
    checksum(subject, layer, &names, out);
}

const EXPONENT: Part = (igmp::MAX_RESP_EXP, 4, 0x7);
const MANTISSA: Part = (igmp::MAX_RESP_MANT, 0, 0xf);

fn query(subject: &Subject<'_>, layer: &Layer, run: &Run<'_>, out: &mut Emitter<'_>) {
    let code = run.byte(1).map_or(0, u64::from);
    if code < 128 {
        run.give(igmp::MAX_RESP, 1, 1, out);
    } else {
        // A floating-point number (RFC 3376 section 4.1.1).
        let time = (code & 0xf | 0x10) << ((code >> 4 & 0x7) + 3);
        out.open(igmp::MAX_RESP, Value::Unsigned(time), run.range(1, 1));
        run.bits(EXPONENT, 1, 1, out);
        run.bits(MANTISSA, 1, 1, out);
        out.close();
    }
    sum(subject, layer, run, out);
    run.give(igmp::MADDR, 4, 4, out);
    run.bits((igmp::S, 3, 1), 8, 1, out);
    run.bits((igmp::QRV, 0, 0x7), 8, 1, out);
    run.list(9, &[(igmp::QQIC, 1), (igmp::NUM_SRC, 2)], out);
    let count = run.word(10).map_or(0, usize::from);
    (12..run.len()).step_by(4).take(count).for_each(|at| run.give(igmp::SADDR, at, 4, out));
}

fn report(subject: &Subject<'_>, layer: &Layer, run: &Run<'_>, out: &mut Emitter<'_>) {
    run.give(igmp::RESERVED, 1, 1, out);
    sum(subject, layer, run, out);
    run.list(4, &[(igmp::RESERVED, 2), (igmp::NUM_GRP_RECS, 2)], out);
    let mut rest = run.from(SHORT_LEN);
    for _ in 0..run.word(6).unwrap_or(0) {
        if rest.is_empty() {
            return;
        }
        let fields = [(igmp::RECORD_TYPE, 1), (igmp::AUX_DATA_LEN, 1), (igmp::NUM_SRC, 2), (igmp::MADDR, 4)];
        rest.list(0, &fields, out);
        let (aux, count) = (rest.byte(1).map_or(0, usize::from) * 4, rest.word(2).map_or(0, usize::from));
        let sources = rest.from(RECORD_LEN).part(0, count * 4);
        (0..sources.len()).step_by(4).for_each(|at| sources.give(igmp::SADDR, at, 4, out));
        rest = rest.from(RECORD_LEN + count * 4);
        if aux > 0 {
            rest.give(igmp::AUX_DATA, 0, aux, out);
        }
        rest = rest.from(aux);
    }
}
