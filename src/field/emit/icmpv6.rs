//! ICMPv6 (RFC 4443), neighbour discovery (RFC 4861) and multicast listeners (RFC 2710, RFC 3810).

use super::icmp::{ChecksumNames, answer, answered, checksum};
use super::run::{Part, Run};
use super::{Emitter, Subject, icmp_extensions, nd_options, whole};
use crate::decode::Layer;
use crate::field::Value;
use crate::field::names::icmpv6;

/// Bytes of every message.
const FIXED_LEN: usize = 4;
/// A multicast query with more than this is of version 2 (RFC 3810 section 8.1).
const SHORT_QUERY_LEN: usize = 24;
/// Bytes of a multicast record before its sources.
const RECORD_LEN: usize = 20;

/// Opens the message; what it quotes stands under it, so the caller ends it with [`close`].
/// True, for something is always shown.
pub(super) fn open(subject: &Subject<'_>, layer: &Layer, out: &mut Emitter<'_>) -> bool {
    let run = Run::message(subject.packet, layer);
    out.protocol(icmpv6::PROTOCOL, subject, layer, whole(subject.packet, layer));
    if out.wants_any_of(icmpv6::PROTOCOL) {
        run.list(0, &[(icmpv6::TYPE, 1), (icmpv6::CODE, 1), (icmpv6::CHECKSUM, 2)], out);
        if run.len() >= FIXED_LEN {
            let names = ChecksumNames { status: icmpv6::CHECKSUM_STATUS, bad: icmpv6::CHECKSUM_BAD_EXPERT };
            checksum(subject, layer, &names, out);
            body(subject, layer, &run, out);
        }
    }
    true
}

/// Ends the message: what stands behind the packet that it quotes.
pub(super) fn close(subject: &Subject<'_>, layer: &Layer, out: &mut Emitter<'_>) {
    let run = Run::message(subject.packet, layer);
    if let (Some(1 | 3), Some(units @ 1..)) = (run.byte(0), run.byte(4)) {
        icmp_extensions::emit(&run.from(8 + usize::from(units) * 8), out);
    }
    out.close();
}

const ADVERTISEMENT: Part = (icmpv6::ND_RA_FLAG, 0, 0xff);
const ADVERTISEMENT_PARTS: &[Part] = &[
    (icmpv6::ND_RA_FLAG_M, 7, 1),
    (icmpv6::ND_RA_FLAG_O, 6, 1),
    (icmpv6::ND_RA_FLAG_H, 5, 1),
    (icmpv6::ND_RA_FLAG_PRF, 3, 0x3),
    (icmpv6::ND_RA_FLAG_P, 2, 1),
    (icmpv6::ND_RA_FLAG_RSV, 0, 0x3),
];
const NEIGHBOUR: Part = (icmpv6::ND_NA_FLAG, 0, 0xffff_ffff);
const NEIGHBOUR_PARTS: &[Part] = &[
    (icmpv6::ND_NA_FLAG_R, 31, 1),
    (icmpv6::ND_NA_FLAG_S, 30, 1),
    (icmpv6::ND_NA_FLAG_O, 29, 1),
    (icmpv6::ND_NA_FLAG_RSV, 0, 0x1fff_ffff),
];
const MOBILE: Part = (icmpv6::MIP6_FLAG, 0, 0xffff);
const MOBILE_PARTS: &[Part] =
    &[(icmpv6::MIP6_FLAG_M, 15, 1), (icmpv6::MIP6_FLAG_O, 14, 1), (icmpv6::MIP6_FLAG_RSV, 0, 0x3fff)];
const EXTENDED_REPLY: &[Part] = &[
    (icmpv6::EXT_ECHO_RSP_STATE, 5, 0x7),
    (icmpv6::EXT_ECHO_RSP_RES, 3, 0x3),
    (icmpv6::EXT_ECHO_RSP_ACTIVE, 2, 1),
    (icmpv6::EXT_ECHO_RSP_IPV4, 1, 1),
    (icmpv6::EXT_ECHO_RSP_IPV6, 0, 1),
];

fn body(subject: &Subject<'_>, layer: &Layer, run: &Run<'_>, out: &mut Emitter<'_>) {
    match run.byte(0).unwrap_or(0) {
        1 | 3 => match run.byte(4) {
            Some(0) => run.give(icmpv6::RESERVED, 4, 4, out),
            _ => run.list(4, &[(icmpv6::LENGTH, 1), (icmpv6::RESERVED, 3)], out),
        },
        2 => run.give(icmpv6::MTU, 4, 4, out),
        4 => run.give(icmpv6::POINTER, 4, 4, out),
        128 | 129 => {
            run.list(4, &[(icmpv6::ECHO_IDENTIFIER, 2), (icmpv6::ECHO_SEQUENCE_NUMBER, 2)], out);
            answer(subject, layer, icmpv6::RESP_TO, icmpv6::RESPTIME, out);
            if run.byte(0) == Some(128) {
                answered(subject, layer, icmpv6::RESP_IN, icmpv6::NO_RESP, out);
            }
        }
        130 if run.len() > SHORT_QUERY_LEN => query(run, out),
        130..=132 => run.list(
            4,
            &[
                (icmpv6::MLD_MAXIMUM_RESPONSE_DELAY, 2),
                (icmpv6::RESERVED, 2),
                (icmpv6::MLD_MULTICAST_ADDRESS, 16),
            ],
            out,
        ),
        143 => report(run, out),
        133..=137 => discovery(subject, layer, run, out),
        139 | 140 => node_information(run, out),
        144 | 146 => run.list(4, &[(icmpv6::MIP6_IDENTIFIER, 2), (icmpv6::RESERVED, 2)], out),
        145 => {
            run.list(4, &[(icmpv6::MIP6_IDENTIFIER, 2), (icmpv6::RESERVED, 2)], out);
            (8..run.len()).step_by(16).for_each(|at| run.give(icmpv6::MIP6_HOME_AGENT_ADDRESS, at, 16, out));
        }
        147 => {
            run.give(icmpv6::MIP6_IDENTIFIER, 4, 2, out);
            run.flags(MOBILE, 6, 2, MOBILE_PARTS, out);
            nd_options::emit(subject, layer, &run.from(8), out);
        }
        160 => {
            run.list(4, &[(icmpv6::ECHO_IDENTIFIER, 2), (icmpv6::EXT_ECHO_SEQ, 1)], out);
            run.bits((icmpv6::EXT_ECHO_REQ_RES, 1, 0x7f), 7, 1, out);
            run.bits((icmpv6::EXT_ECHO_REQ_LOCAL, 0, 1), 7, 1, out);
            icmp_extensions::emit(&run.from(8), out);
        }
        161 => {
            run.list(4, &[(icmpv6::ECHO_IDENTIFIER, 2), (icmpv6::EXT_ECHO_SEQ, 1)], out);
            EXTENDED_REPLY.iter().for_each(|part| run.bits(*part, 7, 1, out));
        }
        // Messages with fields of their own that are not told.
        138 | 141 | 142 | 148..=159 => {}
        _ if run.len() > FIXED_LEN => run.give(icmpv6::DATA, FIXED_LEN, run.len() - FIXED_LEN, out),
        _ => {}
    }
}

/// Neighbour discovery.
fn discovery(subject: &Subject<'_>, layer: &Layer, run: &Run<'_>, out: &mut Emitter<'_>) {
    let options_at = match run.byte(0) {
        Some(133) => {
            run.give(icmpv6::RESERVED, 4, 4, out);
            8
        }
        Some(134) => {
            run.give(icmpv6::ND_RA_CUR_HOP_LIMIT, 4, 1, out);
            run.flags(ADVERTISEMENT, 5, 1, ADVERTISEMENT_PARTS, out);
            let times = [
                (icmpv6::ND_RA_ROUTER_LIFETIME, 2),
                (icmpv6::ND_RA_REACHABLE_TIME, 4),
                (icmpv6::ND_RA_RETRANS_TIMER, 4),
            ];
            run.list(6, &times, out);
            16
        }
        Some(135) => {
            run.list(4, &[(icmpv6::RESERVED, 4), (icmpv6::ND_NS_TARGET_ADDRESS, 16)], out);
            24
        }
        Some(136) => {
            run.flags(NEIGHBOUR, 4, 4, NEIGHBOUR_PARTS, out);
            run.give(icmpv6::ND_NA_TARGET_ADDRESS, 8, 16, out);
            24
        }
        _ => {
            let fields = [
                (icmpv6::RESERVED, 4),
                (icmpv6::ND_RD_TARGET_ADDRESS, 16),
                (icmpv6::RD_NA_DESTINATION_ADDRESS, 16),
            ];
            run.list(4, &fields, out);
            40
        }
    };
    nd_options::emit(subject, layer, &run.from(options_at), out);
}

const QUERY: Part = (icmpv6::MLD_FLAG, 0, 0xff);
const QUERY_PARTS: &[Part] =
    &[(icmpv6::MLD_FLAG_S, 3, 1), (icmpv6::MLD_FLAG_QRV, 0, 0x7), (icmpv6::MLD_FLAG_RESERVED, 4, 0xf)];

fn query(run: &Run<'_>, out: &mut Emitter<'_>) {
    // From 32768 on a floating-point number (RFC 3810 section 5.1.3).
    if let Some(code) = run.word(4).map(u64::from) {
        let time = if code < 0x8000 { code } else { (code & 0xfff | 0x1000) << ((code >> 12 & 0x7) + 3) };
        out.give(icmpv6::MLD_MAXIMUM_RESPONSE_CODE, Value::Unsigned(time), run.range(4, 2));
    }
    run.list(6, &[(icmpv6::RESERVED, 2), (icmpv6::MLD_MULTICAST_ADDRESS, 16)], out);
    run.flags(QUERY, 24, 1, QUERY_PARTS, out);
    run.list(25, &[(icmpv6::MLD_QQI, 1), (icmpv6::MLD_NB_SOURCES, 2)], out);
    let count = run.word(26).map_or(0, usize::from);
    let sources = (28..run.len()).step_by(16).take(count);
    sources.for_each(|at| run.give(icmpv6::MLD_SOURCE_ADDRESS, at, 16, out));
}

fn report(run: &Run<'_>, out: &mut Emitter<'_>) {
    run.list(4, &[(icmpv6::RESERVED, 2), (icmpv6::MLDR_NB_MCAST_RECORDS, 2)], out);
    let mut rest = run.from(8);
    for _ in 0..run.word(6).unwrap_or(0) {
        if rest.is_empty() {
            return;
        }
        let aux = rest.byte(1).map_or(0, usize::from) * 4;
        let sources_len = rest.word(2).map_or(0, usize::from) * 16;
        let len = RECORD_LEN + sources_len + aux;
        rest.open(icmpv6::MLDR_MAR, 0, len, out);
        let fields = [
            (icmpv6::MLDR_MAR_RECORD_TYPE, 1),
            (icmpv6::MLDR_MAR_AUX_DATA_LEN, 1),
            (icmpv6::MLDR_MAR_NB_SOURCES, 2),
            (icmpv6::MLDR_MAR_MULTICAST_ADDRESS, 16),
        ];
        rest.list(0, &fields, out);
        let sources = rest.from(RECORD_LEN).part(0, sources_len);
        let places = (0..sources.len()).step_by(16);
        places.for_each(|at| sources.give(icmpv6::MLDR_MAR_SOURCE_ADDRESS, at, 16, out));
        if aux > 0 {
            rest.give(icmpv6::MLDR_MAR_AUXILIARY_DATA, len - aux, aux, out);
        }
        out.close();
        rest = rest.from(len);
    }
}

const NODE: Part = (icmpv6::NI_FLAG, 0, 0xffff);
const NODE_PARTS: &[Part] = &[
    (icmpv6::NI_FLAG_G, 5, 1),
    (icmpv6::NI_FLAG_S, 4, 1),
    (icmpv6::NI_FLAG_L, 3, 1),
    (icmpv6::NI_FLAG_C, 2, 1),
    (icmpv6::NI_FLAG_A, 1, 1),
    (icmpv6::NI_FLAG_T, 0, 1),
    (icmpv6::NI_FLAG_RSV, 6, 0x3ff),
];

/// What nodes ask about each other (RFC 4620).
fn node_information(run: &Run<'_>, out: &mut Emitter<'_>) {
    run.give(icmpv6::NI_QTYPE, 4, 2, out);
    run.flags(NODE, 6, 2, NODE_PARTS, out);
    run.give(icmpv6::NI_NONCE, 8, 8, out);
    match (run.byte(0), run.byte(1), run.word(4)) {
        (Some(139), Some(0), _) => run.give(icmpv6::NI_QUERY_SUBJECT_IPV6, 16, 16, out),
        (Some(139), Some(2), _) => run.give(icmpv6::NI_QUERY_SUBJECT_IPV4, 16, 4, out),
        (Some(140), Some(0), Some(3)) => (16..run.len()).step_by(20).for_each(|at| {
            run.list(at, &[(icmpv6::NI_REPLY_NODE_TTL, 4), (icmpv6::NI_REPLY_NODE_ADDRESS, 16)], out);
        }),
        _ => {}
    }
}
