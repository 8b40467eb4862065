//! IPv6 headers and their extension headers (RFC 8200).

use std::net::{Ipv4Addr, Ipv6Addr};

use super::run::{Part, Run};
use super::{ByteRange, Emitter, Subject, fragments, host, own, part};
use crate::decode::{Layer, LayerKind};
use crate::field::names::{dstopts, fraghdr, hopopts, ip, ipv6, routing};
use crate::field::{FieldId, Value};

const TCLASS: Part = (ipv6::TCLASS, 20, 0xff);
const TCLASS_PARTS: &[Part] = &[(ipv6::TCLASS_DSCP, 22, 0x3f), (ipv6::TCLASS_ECN, 20, 0x3)];

/// What an address is told as.
struct Names {
    address: [FieldId; 2],
    host: [FieldId; 2],
    slaac: [FieldId; 2],
    isatap: [FieldId; 2],
    gateway: [FieldId; 2],
    network: [FieldId; 2],
    teredo_server: [FieldId; 2],
    teredo_port: [FieldId; 2],
    teredo_client: [FieldId; 2],
}

const SENDER: Names = Names {
    address: [ipv6::SRC, ipv6::ADDR],
    host: [ipv6::SRC_HOST, ipv6::HOST],
    slaac: [ipv6::SRC_SLAAC_MAC, ipv6::SLAAC_MAC],
    isatap: [ipv6::SRC_ISATAP_IPV4, ipv6::ISATAP_IPV4],
    gateway: [ipv6::SRC_6TO4_GW_IPV4, ipv6::SIXTO4_GW_IPV4],
    network: [ipv6::SRC_6TO4_SLA_ID, ipv6::SIXTO4_SLA_ID],
    teredo_server: [ipv6::SRC_TS_IPV4, ipv6::TS_IPV4],
    teredo_port: [ipv6::SRC_TC_PORT, ipv6::TC_PORT],
    teredo_client: [ipv6::SRC_TC_IPV4, ipv6::TC_IPV4],
};

const RECEIVER: Names = Names {
    address: [ipv6::DST, ipv6::ADDR],
    host: [ipv6::DST_HOST, ipv6::HOST],
    slaac: [ipv6::DST_SLAAC_MAC, ipv6::SLAAC_MAC],
    isatap: [ipv6::DST_ISATAP_IPV4, ipv6::ISATAP_IPV4],
    gateway: [ipv6::DST_6TO4_GW_IPV4, ipv6::SIXTO4_GW_IPV4],
    network: [ipv6::DST_6TO4_SLA_ID, ipv6::SIXTO4_SLA_ID],
    teredo_server: [ipv6::DST_TS_IPV4, ipv6::TS_IPV4],
    teredo_port: [ipv6::DST_TC_PORT, ipv6::TC_PORT],
    teredo_client: [ipv6::DST_TC_IPV4, ipv6::TC_IPV4],
};

/// Whether a layer stands under the IPv6 header before it.
pub(super) fn is_extension(kind: LayerKind) -> bool {
    matches!(
        kind,
        LayerKind::Ipv6HopByHop
            | LayerKind::Ipv6Routing
            | LayerKind::Ipv6Fragment
            | LayerKind::Ipv6DestOptions
    )
}

/// Opens the header; extension headers that follow it stand under it, so the caller closes it.
pub(super) fn open(subject: &Subject<'_>, layer: &Layer, out: &mut Emitter<'_>) {
    // The version is one of IPv4's fields, too.
    if !(out.wants_any_of(ipv6::PROTOCOL) || out.wants_any_of(ip::PROTOCOL)) {
        return;
    }
    let packet = subject.packet;
    // Extension headers count as part of it.
    let behind = packet.layers().iter().skip_while(|other| *other != layer).skip(1);
    let end = behind
        .take_while(|other| is_extension(other.kind) && other.buffer == layer.buffer)
        .last()
        .map_or(layer.payload, |last| last.payload);
    out.protocol(ipv6::PROTOCOL, subject, layer, ByteRange { end, ..own(layer) });
    header(&Run::header(packet, layer), out);
}

fn header(run: &Run<'_>, out: &mut Emitter<'_>) {
    run.bits((ipv6::VERSION, 4, 0xf), 0, 1, out);
    run.bits((ip::VERSION, 4, 0xf), 0, 1, out);
    if run.byte(0).is_none_or(|first| first >> 4 != 6) {
        return;
    }
    run.flags(TCLASS, 0, 4, TCLASS_PARTS, out);
    run.bits((ipv6::FLOW, 0, 0xf_ffff), 0, 4, out);
    run.list(4, &[(ipv6::PLEN, 2), (ipv6::NXT, 1), (ipv6::HLIM, 1)], out);
    for (names, at) in [(&SENDER, 8), (&RECEIVER, 24)] {
        let Some(address) = run.ipv6(at) else { return };
        names.address.iter().for_each(|id| out.give(*id, Value::Ipv6(address), run.range(at, 16)));
        host::give(&names.host, Value::Ipv6(address), run.range(at, 16), out);
    }
    for (names, at) in [(&SENDER, 8), (&RECEIVER, 24)] {
        if let Some(address) = run.ipv6(at) {
            inside(address, names, &run.part(at, 16), out);
        }
    }
}

/// What an address was made from, where its form tells.
fn inside(address: Ipv6Addr, names: &Names, run: &Run<'_>, out: &mut Emitter<'_>) {
    let mut give = |ids: &[FieldId; 2], value: Value<'_>, at, len| {
        ids.iter().for_each(|id| out.give(*id, value, run.range(at, len)));
    };
    let ipv4 = |high: u16, low: u16| Ipv4Addr::from(u32::from(high) << 16 | u32::from(low));
    let [a, b, c, d, e, f, g, h] = address.segments();
    if a == 0x2002 {
        // RFC 3056 section 2.
        give(&names.gateway, Value::Ipv4(ipv4(b, c)), 2, 4);
        give(&names.network, Value::Unsigned(u64::from(d)), 6, 2);
    } else if (a, b) == (0x2001, 0) {
        // RFC 4380 section 4: port and client are stored inverted.
        give(&names.teredo_server, Value::Ipv4(ipv4(c, d)), 4, 4);
        give(&names.teredo_port, Value::Unsigned(u64::from(!f)), 10, 2);
        give(&names.teredo_client, Value::Ipv4(ipv4(!g, !h)), 12, 4);
    }
    let [.., e0, e1, e2, 0xff, 0xfe, e3, e4, e5] = address.octets() else {
        // RFC 5214 section 6.1.
        if e & 0xfcff == 0 && f == 0x5efe {
            give(&names.isatap, Value::Ipv4(ipv4(g, h)), 12, 4);
        }
        return;
    };
    // RFC 4291 appendix A: the universal bit is stored inverted.
    if e0 & 0x02 != 0 {
        give(&names.slaac, Value::Mac([e0 ^ 0x02, e1, e2, e3, e4, e5]), 8, 8);
    }
}

pub(super) fn hop_by_hop(subject: &Subject<'_>, layer: &Layer, out: &mut Emitter<'_>) {
    let fields = [hopopts::PROTOCOL, hopopts::NXT, hopopts::LEN, hopopts::LEN_OCT];
    let run = open_extension(subject, layer, fields, out);
    options(&run.from(2), out);
    out.close();
}

pub(super) fn destination_options(subject: &Subject<'_>, layer: &Layer, out: &mut Emitter<'_>) {
    let fields = [dstopts::PROTOCOL, dstopts::NXT, dstopts::LEN, dstopts::LEN_OCT];
    let run = open_extension(subject, layer, fields, out);
    options(&run.from(2), out);
    out.close();
}

/// Next header and length, which all extension headers but the fragment header begin with.
fn open_extension<'p>(
    subject: &Subject<'p>,
    layer: &Layer,
    [own, next, len, octets]: [FieldId; 4],
    out: &mut Emitter<'_>,
) -> Run<'p> {
    let run = Run::header(subject.packet, layer);
    out.protocol(own, subject, layer, part(layer, 0, layer.payload.saturating_sub(layer.start)));
    run.list(0, &[(next, 1), (len, 1)], out);
    if let Some(units) = run.byte(1) {
        out.give(octets, Value::Unsigned((u64::from(units) + 1) * 8), run.range(1, 1));
    }
    run
}

pub(super) fn routing(subject: &Subject<'_>, layer: &Layer, out: &mut Emitter<'_>) {
    let fields = [routing::PROTOCOL, routing::NXT, routing::LEN, routing::LEN_OCT];
    let run = open_extension(subject, layer, fields, out);
    run.list(2, &[(routing::TYPE, 1), (routing::SEGLEFT, 1)], out);
    let address = match run.byte(2) {
        Some(0) => {
            run.give(routing::SRC_RESERVED, 4, 4, out);
            routing::SRC_ADDR
        }
        Some(2) => {
            run.give(routing::MIPV6_RESERVED, 4, 4, out);
            routing::MIPV6_HOME_ADDRESS
        }
        Some(4) => {
            run.list(4, &[(routing::SRH_LAST_ENTRY, 1), (routing::SRH_FLAGS, 1), (routing::SRH_TAG, 2)], out);
            routing::SRH_ADDR
        }
        _ => {
            if run.len() > 4 {
                run.give(routing::UNKNOWN_DATA, 4, run.len() - 4, out);
            }
            return out.close();
        }
    };
    // Behind the segments there may be more: objects of segment routing.
    let count = match (run.byte(2), run.byte(4)) {
        (Some(4), Some(last)) => usize::from(last) + 1,
        _ => usize::MAX,
    };
    for at in (8..run.len()).step_by(16).take(count) {
        run.give(address, at, 16, out);
    }
    out.close();
}

pub(super) fn fragment(subject: &Subject<'_>, layer: &Layer, out: &mut Emitter<'_>) {
    let run = Run::header(subject.packet, layer);
    out.protocol(fraghdr::PROTOCOL, subject, layer, part(layer, 0, 8));
    run.list(0, &[(fraghdr::NXT, 1), (fraghdr::RESERVED_OCTET, 1)], out);
    run.bits((fraghdr::OFFSET, 3, 0x1fff), 2, 2, out);
    run.bits((fraghdr::RESERVED_BITS, 1, 0x3), 2, 2, out);
    run.bits((fraghdr::MORE, 0, 1), 2, 2, out);
    run.give(fraghdr::IDENT, 4, 4, out);
    out.close();
    fragments::emit(subject, layer, &fragments::IPV6, out);
}

const OPTION_TYPE: Part = (ipv6::OPT_TYPE, 0, 0xff);
const OPTION_TYPE_PARTS: &[Part] =
    &[(ipv6::OPT_TYPE_ACTION, 6, 0x3), (ipv6::OPT_TYPE_CHANGE, 5, 1), (ipv6::OPT_TYPE_REST, 0, 0x1f)];
const RPL_FLAGS: Part = (ipv6::OPT_RPL_FLAG, 0, 0xff);
const RPL_FLAGS_PARTS: &[Part] = &[
    (ipv6::OPT_RPL_FLAG_O, 7, 1),
    (ipv6::OPT_RPL_FLAG_R, 6, 1),
    (ipv6::OPT_RPL_FLAG_F, 5, 1),
    (ipv6::OPT_RPL_FLAG_RSV, 0, 0x1f),
];

/// Options of hop-by-hop and destination headers; a header has at most 2,048 bytes.
fn options(run: &Run<'_>, out: &mut Emitter<'_>) {
    let mut rest = *run;
    while let Some(kind) = rest.byte(0) {
        if kind == 0 {
            rest.open(ipv6::OPT, 0, 1, out);
            rest.list(0, &[(ipv6::OPT_TYPE, 1)], out);
            rest.give(ipv6::OPT_PAD1, 0, 1, out);
            out.close();
            rest = rest.from(1);
            continue;
        }
        let len = rest.byte(1).map_or(0, usize::from);
        rest.open(ipv6::OPT, 0, len + 2, out);
        rest.flags(OPTION_TYPE, 0, 1, OPTION_TYPE_PARTS, out);
        rest.give(ipv6::OPT_LENGTH, 1, 1, out);
        let is_valid = option(kind, &rest.from(2).part(0, len), out);
        out.close();
        if !is_valid {
            return;
        }
        rest = rest.from(len + 2);
    }
}

/// What an option says; false where its length cannot be.
fn option(kind: u8, data: &Run<'_>, out: &mut Emitter<'_>) -> bool {
    match (kind, data.len()) {
        (0x01, len) => data.give(ipv6::OPT_PADN, 0, len, out),
        (0x04, 1) => data.give(ipv6::OPT_TEL, 0, 1, out),
        (0x05, 2) => data.give(ipv6::OPT_ROUTER_ALERT, 0, 2, out),
        (0x30, 4) => {
            data.give(ipv6::OPT_PMTU_MIN, 0, 2, out);
            data.bits((ipv6::OPT_PMTU_RTN, 0, 0xfffe), 2, 2, out);
            data.bits((ipv6::OPT_PMTU_R_FLAG, 0, 1), 2, 2, out);
        }
        (0x23 | 0x63, 4..) => {
            data.flags(RPL_FLAGS, 0, 1, RPL_FLAGS_PARTS, out);
            data.list(1, &[(ipv6::OPT_RPL_INSTANCE_ID, 1), (ipv6::OPT_RPL_SENDER_RANK, 2)], out);
        }
        (0xc2, 4) => data.give(ipv6::OPT_JUMBO, 0, 4, out),
        (0xc9, 16) => data.give(ipv6::OPT_MIPV6_HOME_ADDRESS, 0, 16, out),
        // RFC 4727 section 5.
        (0x1e | 0x3e | 0x5e | 0x7e | 0x9e | 0xbe | 0xde | 0xfe, len) => {
            data.give(ipv6::OPT_EXPERIMENTAL, 0, len, out);
        }
        (0x04 | 0x05 | 0x30 | 0x23 | 0x63 | 0xc2 | 0xc9, _) => return false,
        (_, len) => data.give(ipv6::OPT_UNKNOWN, 0, len, out),
    }
    true
}
