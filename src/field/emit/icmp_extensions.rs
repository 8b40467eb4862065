//! Extension objects of ICMP messages (RFC 4884): MPLS labels (RFC 4950), interfaces (RFC 5837, RFC 8335).

use super::run::{Part, Run};
use super::{ByteRange, Emitter};
use crate::field::Value;
use crate::field::names::icmp;

/// Bytes before the objects, and before the content of an object.
const HEADER_LEN: usize = 4;
/// Most objects told of one message; there are one or two in practice, and 64 KiB have room for 16,384.
const MAX_OBJECTS: usize = 64;

pub(super) fn emit(run: &Run<'_>, out: &mut Emitter<'_>) {
    if run.len() < HEADER_LEN {
        return;
    }
    run.open(icmp::EXT, 0, run.len(), out);
    run.bits((icmp::EXT_VERSION, 4, 0xf), 0, 1, out);
    run.bits((icmp::EXT_RES, 0, 0xfff), 0, 2, out);
    run.give(icmp::EXT_CHECKSUM, 2, 2, out);
    checksum(run, out);
    let mut rest = run.from(HEADER_LEN);
    for _ in 0..MAX_OBJECTS {
        let Some(len) = rest.word(0).map(usize::from).filter(|_| rest.len() >= HEADER_LEN) else { break };
        object(&rest.part(0, len.max(HEADER_LEN)), out);
        if len < HEADER_LEN {
            break;
        }
        rest = rest.from(len);
    }
    out.close();
}

fn checksum(run: &Run<'_>, out: &mut Emitter<'_>) {
    if !out.wants(icmp::EXT_CHECKSUM_STATUS) && !out.wants(icmp::EXT_CHECKSUM_BAD) {
        return;
    }
    // Zero stands for none (RFC 4884 section 7).
    if run.word(2) == Some(0) {
        return out.give(
            icmp::EXT_CHECKSUM_STATUS,
            Value::Unsigned(super::status::NOT_PRESENT),
            ByteRange::default(),
        );
    }
    let words = run.bytes().chunks(2).map(|pair| match *pair {
        [high, low] => u64::from(u16::from_be_bytes([high, low])),
        [high, ..] => u64::from(high) << 8,
        [] => 0,
    });
    // A multiple of 0xffff is zero in one's complement.
    let is_good = words.sum::<u64>() % 0xffff == 0;
    if !is_good {
        out.give(icmp::EXT_CHECKSUM_BAD, Value::Mark, ByteRange::default());
    }
    out.give(icmp::EXT_CHECKSUM_STATUS, Value::Unsigned(u64::from(is_good)), ByteRange::default());
}

const INTERFACE: Part = (icmp::EXT_CTYPE, 0, 0xff);
const INTERFACE_PARTS: &[Part] = &[
    (icmp::INT_INFO_ROLE, 6, 0x3),
    (icmp::INT_INFO_RESERVED, 4, 0x3),
    (icmp::INT_INFO_IFINDEX, 3, 1),
    (icmp::INT_INFO_IPADDR, 2, 1),
    (icmp::INT_INFO_NAME_PRESENT, 1, 1),
    (icmp::INT_INFO_MTU_PRESENT, 0, 1),
];

fn object(run: &Run<'_>, out: &mut Emitter<'_>) {
    run.list(0, &[(icmp::EXT_LENGTH, 2), (icmp::EXT_CLASS, 1)], out);
    let (class, kind) = (run.byte(2), run.byte(3).unwrap_or(0));
    let content = run.from(HEADER_LEN);
    if class == Some(2) {
        run.flags(INTERFACE, 3, 1, INTERFACE_PARTS, out);
        return interface(kind, &content, out);
    }
    run.give(icmp::EXT_CTYPE, 3, 1, out);
    match (class, kind) {
        (Some(1), 1) => (0..content.len()).step_by(4).for_each(|at| {
            content.bits((icmp::MPLS_LABEL, 4, 0xf_ffff), at, 3, out);
            content.bits((icmp::MPLS_EXP, 1, 0x7), at + 2, 1, out);
            content.bits((icmp::MPLS_S, 0, 1), at + 2, 1, out);
            content.give(icmp::MPLS_TTL, at + 3, 1, out);
        }),
        (Some(3), 1) => text(&content, 0, content.len(), icmp::INT_IDENT_NAME, out),
        (Some(3), 2) => content.give(icmp::INT_IDENT_INDEX, 0, 4, out),
        (Some(3), 3) => {
            let fields =
                [(icmp::INT_IDENT_AFI, 2), (icmp::INT_IDENT_ADDR_LENGTH, 1), (icmp::INT_IDENT_RESERVED, 1)];
            content.list(0, &fields, out);
            match content.word(0) {
                Some(1) => content.give(icmp::INT_IDENT_IPV4, 4, 4, out),
                Some(2) => content.give(icmp::INT_IDENT_IPV6, 4, 16, out),
                _ => {
                    let len = content.byte(2).map_or(0, usize::from);
                    content.give(icmp::INT_IDENT_ADDRESS, 4, len, out);
                }
            }
        }
        _ if !content.is_empty() => content.give(icmp::EXT_DATA, 0, content.len(), out),
        _ => {}
    }
}

/// Index, address, name and MTU of an interface, as far as the bits of `kind` say they are there.
fn interface(kind: u8, run: &Run<'_>, out: &mut Emitter<'_>) {
    let mut rest = *run;
    if kind & 0x08 != 0 {
        rest.give(icmp::INT_INFO_INDEX, 0, 4, out);
        rest = rest.from(4);
    }
    if kind & 0x04 != 0 {
        rest.give(icmp::INT_INFO_AFI, 0, 2, out);
        let len = match rest.word(0) {
            Some(1) => {
                rest.give(icmp::INT_INFO_IPV4, 4, 4, out);
                4
            }
            Some(2) => {
                rest.give(icmp::INT_INFO_IPV6, 4, 16, out);
                16
            }
            _ => return,
        };
        rest = rest.from(4 + len);
    }
    if kind & 0x02 != 0 {
        rest.give(icmp::INT_INFO_NAME_LENGTH, 0, 1, out);
        let len = rest.byte(0).map_or(0, usize::from);
        text(&rest, 1, len.saturating_sub(1), icmp::INT_INFO_NAME, out);
        rest = rest.from(len.max(1));
    }
    if kind & 0x01 != 0 {
        rest.give(icmp::INT_INFO_MTU, 0, 4, out);
    }
}

/// A name of `len` bytes at `at`, up to its first zero byte.
pub(super) fn text(run: &Run<'_>, at: usize, len: usize, id: crate::field::FieldId, out: &mut Emitter<'_>) {
    let name = run.from(at).part(0, len);
    let end = name.bytes().iter().position(|byte| *byte == 0).unwrap_or(name.len());
    if out.wants(id) && !name.is_empty() {
        let text = String::from_utf8_lossy(name.bytes().get(..end).unwrap_or(&[]));
        out.give(id, Value::Text(&text), name.range(0, name.len()));
    }
}
