//! IPv4 and IPv6 headers.

use super::header::{HeaderField, Read, address, bits, emit_table, number, words};
use super::{Emitter, Subject, part, whole};
use crate::decode::Layer;
use crate::field::Value;
use crate::field::names::{ip, ipv6};

static IPV4: &[HeaderField] = &[
    bits(ip::VERSION, 0, 1, 4, 0xf),
    words(ip::HDR_LEN, 0, 0),
    number(ip::DSFIELD, 1, 1),
    number(ip::LEN, 2, 2),
    number(ip::ID, 4, 2),
    bits(ip::FLAGS, 6, 2, 13, 0x7),
    bits(ip::FLAGS_DF, 6, 1, 6, 1),
    bits(ip::FLAGS_MF, 6, 1, 5, 1),
    bits(ip::FRAG_OFFSET, 6, 2, 0, 0x1fff),
    number(ip::TTL, 8, 1),
    number(ip::PROTO, 9, 1),
    number(ip::CHECKSUM, 10, 2),
    address(ip::SRC, 12, Read::Ipv4),
    address(ip::DST, 16, Read::Ipv4),
];

static IPV6: &[HeaderField] = &[
    bits(ip::VERSION, 0, 1, 4, 0xf),
    bits(ipv6::FLOW, 0, 4, 0, 0xf_ffff),
    number(ipv6::PLEN, 4, 2),
    number(ipv6::NXT, 6, 1),
    number(ipv6::HLIM, 7, 1),
    address(ipv6::SRC, 8, Read::Ipv6),
    address(ipv6::DST, 24, Read::Ipv6),
];

pub(super) fn emit_v4(subject: &Subject<'_>, layer: &Layer, out: &mut Emitter<'_>) {
    let header = subject.packet.header(layer);
    out.open(ip::PROTOCOL, Value::Bytes(header), whole(subject.packet, layer));
    ipv4(layer, header, out);
    out.close();
}

fn ipv4(layer: &Layer, header: &[u8], out: &mut Emitter<'_>) {
    let Some(first) = header.first() else { return };
    let header_len = usize::from(first & 0x0f) * 4;
    let total = header.get(2..4).map_or(usize::MAX, |bytes| match *bytes {
        [0, 0] => usize::MAX,
        [high, low] => usize::from(u16::from_be_bytes([high, low])),
        _ => usize::MAX,
    });
    // How many fields Wireshark shows of a header that it gives up.
    let shown = match () {
        () if first >> 4 != 4 => 1,
        () if header_len < 20 => 2,
        () if total < header_len => 4,
        () => IPV4.len(),
    };
    if total != usize::MAX || header.len() < 4 {
        emit_table(IPV4.get(..shown).unwrap_or(IPV4), layer, header, out);
        return;
    }
    // A length of 0, left to the network card: the frame's counts.
    let (before, after) = IPV4.split_at_checked(3).unwrap_or((IPV4, &[]));
    emit_table(before.get(..shown).unwrap_or(before), layer, header, out);
    if shown < IPV4.len() {
        return;
    }
    if out.wants(ip::LEN) {
        let len = layer.claimed_end.saturating_sub(layer.start);
        out.give(ip::LEN, Value::Unsigned(u64::from(len)), part(layer, 2, 2));
    }
    emit_table(after.get(1..).unwrap_or(&[]), layer, header, out);
}

pub(super) fn emit_v6(subject: &Subject<'_>, layer: &Layer, out: &mut Emitter<'_>) {
    let header = subject.packet.header(layer);
    out.open(ipv6::PROTOCOL, Value::Bytes(header), whole(subject.packet, layer));
    let readable = if header.first().is_some_and(|first| first >> 4 == 6) { header.len() } else { 1 };
    emit_table(IPV6, layer, header.get(..readable).unwrap_or(header), out);
    out.close();
}
