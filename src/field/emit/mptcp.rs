//! Multipath TCP options (RFC 8684; RFC 6824 for version 0).

use std::net::{Ipv4Addr, Ipv6Addr};

use super::Emitter;
use super::tcp_options::{Number, RawOption, bits, whole};
use crate::field::names::{mptcp, tcp};
use crate::field::{FieldId, Value};

static CAPABLE: [Number; 2] =
    [bits(tcp::MPTCP_CHECKSUMREQ_FLAGS, 3, 7, 1), bits(tcp::MPTCP_EXTENSIBILITY_FLAG, 3, 6, 1)];
static CAPABLE_V0: [Number; 2] =
    [bits(tcp::MPTCP_SHA1_FLAG, 3, 0, 1), bits(tcp::MPTCP_RESERVED_FLAG, 3, 1, 0x1f)];
static CAPABLE_V1: [Number; 3] = [
    bits(tcp::MPTCP_NOMORESUBFLOWS_FLAG, 3, 5, 1),
    bits(tcp::MPTCP_SHA256_FLAG, 3, 0, 1),
    bits(tcp::MPTCP_RESERVED_FLAG, 3, 1, 0x1f),
];
static CAPABLE_KEYS: [Number; 4] = [
    whole(tcp::MPTCP_SENDKEY, 4, 8),
    whole(tcp::MPTCP_RECVKEY, 12, 8),
    whole(tcp::MPTCP_DATALVLLEN, 20, 2),
    whole(tcp::MPTCP_CHECKSUM, 22, 2),
];
static BACKUP: [Number; 1] = [bits(tcp::MPTCP_BACKUP_FLAG, 2, 0, 1)];
static JOIN: [Number; 3] =
    [whole(tcp::MPTCP_ADDRID, 3, 1), whole(tcp::MPTCP_RECVTOK, 4, 4), whole(tcp::MPTCP_SENDRAND, 8, 4)];
static JOIN_ANSWER: [Number; 3] = [
    whole(tcp::MPTCP_ADDRID, 3, 1),
    whole(tcp::MPTCP_SENDTRUNCHMAC, 4, 8),
    whole(tcp::MPTCP_SENDRAND, 12, 4),
];
static RESERVED: Number = Number { id: tcp::MPTCP_RESERVED, at: 2, len: 2, shift: 0, mask: 0xfff };
static SIGNAL: [Number; 5] = [
    bits(tcp::MPTCP_DATAFIN_FLAG, 3, 4, 1),
    bits(tcp::MPTCP_DSEQN8_FLAG, 3, 3, 1),
    bits(tcp::MPTCP_DSEQNPRESENT_FLAG, 3, 2, 1),
    bits(tcp::MPTCP_DATAACK8_FLAG, 3, 1, 1),
    bits(tcp::MPTCP_DATAACKPRESENT_FLAG, 3, 0, 1),
];
static RESET: [Number; 4] = [
    bits(tcp::MPTCP_FLAG_U, 2, 3, 1),
    bits(tcp::MPTCP_FLAG_V, 2, 2, 1),
    bits(tcp::MPTCP_FLAG_W, 2, 1, 1),
    bits(tcp::MPTCP_FLAG_T, 2, 0, 1),
];

/// What stands under a multipath option, by its subtype; `option` has that byte.
pub(super) fn emit(option: &RawOption<'_>, out: &mut Emitter<'_>) {
    option.numbers(&[bits(tcp::MPTCP_SUBTYPE, 2, 4, 0xf)], out);
    let len = option.bytes.len();
    match option.number(2, 1).map(|byte| byte >> 4) {
        Some(0) => capable(option, out),
        Some(1) => match len {
            12 => {
                flags(option, 2, &[&BACKUP], out);
                option.numbers(&JOIN, out);
            }
            16 => {
                flags(option, 2, &[&BACKUP], out);
                option.numbers(&JOIN_ANSWER, out);
            }
            24 => {
                option.numbers(&[RESERVED], out);
                option.rest(tcp::MPTCP_SENDHMAC, 4, out);
            }
            _ => {}
        },
        Some(2) => data_sequence(option, out),
        Some(3) => add_address(option, out),
        Some(4) => {
            let ids = option.bytes.get(3..).unwrap_or(&[]);
            let count = u64::try_from(ids.len()).unwrap_or(0);
            out.give(mptcp::RM_ADDR_COUNT, Value::Unsigned(count), option.range(2, 1));
            for (id, at) in ids.iter().zip(3..) {
                out.give(tcp::MPTCP_ADDRID, Value::Unsigned(u64::from(*id)), option.range(at, 1));
            }
        }
        Some(5) => {
            flags(option, 2, &[&BACKUP], out);
            option.numbers(&[whole(tcp::MPTCP_ADDRID, 3, 1)], out);
        }
        Some(6) => option.numbers(&[RESERVED, whole(tcp::MPTCP_RAWDATASEQNO, 4, 8)], out),
        Some(7) => option.numbers(&[RESERVED, whole(tcp::MPTCP_RECVKEY, 4, 8)], out),
        Some(8) => {
            flags(option, 2, &[&RESET], out);
            option.numbers(&[whole(tcp::MPTCP_RST_REASON, 3, 1)], out);
        }
        _ => {}
    }
}

/// The flags in the byte at `at`: all, and each under them.
fn flags(option: &RawOption<'_>, at: u8, tables: &[&[Number]], out: &mut Emitter<'_>) {
    let Some(all) = option.number(at, 1) else { return };
    // Wireshark shows the flags of a reset without the subtype's bits but one, and the others with them.
    out.open(tcp::MPTCP_FLAGS, Value::Unsigned(all), option.range(at, 1));
    for table in tables {
        option.numbers(table, out);
    }
    out.close();
}

fn capable(option: &RawOption<'_>, out: &mut Emitter<'_>) {
    option.numbers(&[bits(tcp::MPTCP_VERSION, 2, 0, 0xf)], out);
    let version = option.number(2, 1).map_or(0, |byte| byte & 0xf);
    let own: &[Number] = if version == 1 { &CAPABLE_V1 } else { &CAPABLE_V0 };
    flags(option, 3, &[&CAPABLE, own], out);
    option.numbers(&CAPABLE_KEYS, out);
}

fn data_sequence(option: &RawOption<'_>, out: &mut Emitter<'_>) {
    flags(option, 3, &[&SIGNAL], out);
    let has = |bit: u64| option.number(3, 1).is_some_and(|flags| flags & bit != 0);
    let mut at = 4_u8;
    let mut next = |id: FieldId, len: u8, out: &mut Emitter<'_>| {
        option.numbers(&[whole(id, at, len)], out);
        at += len;
    };
    if has(0x01) {
        next(tcp::MPTCP_RAWDATAACK, if has(0x02) { 8 } else { 4 }, out);
    }
    if has(0x04) {
        next(tcp::MPTCP_RAWDATASEQNO, if has(0x08) { 8 } else { 4 }, out);
        next(tcp::MPTCP_SUBFLOWSEQNO, 4, out);
        next(tcp::MPTCP_DATALVLLEN, 2, out);
        next(tcp::MPTCP_CHECKSUM, 2, out);
    }
}

/// An address that the sender can also be reached at. Version 0 says the IP version; later the length does.
fn add_address(option: &RawOption<'_>, out: &mut Emitter<'_>) {
    let low = option.number(2, 1).map_or(0, |byte| byte & 0xf);
    let says_version = matches!(low, 4 | 6);
    if says_version {
        option.numbers(&[bits(tcp::MPTCP_IPVER, 2, 0, 0xf)], out);
    } else {
        option.numbers(&[bits(tcp::MPTCP_ECHO, 2, 0, 1)], out);
    }
    option.numbers(&[whole(tcp::MPTCP_ADDRID, 3, 1)], out);
    let data = option.bytes.get(4..).unwrap_or(&[]);
    let v6 = if says_version { low == 6 } else { matches!(data.len(), 16 | 18 | 24 | 26) };
    let mut at = 4_u8;
    if let Some(address) = data.first_chunk::<16>().filter(|_| v6) {
        out.give(tcp::MPTCP_IPV6, Value::Ipv6(Ipv6Addr::from(*address)), option.range(at, 16));
        at += 16;
    } else if let Some(address) = data.first_chunk::<4>().filter(|_| !v6) {
        out.give(tcp::MPTCP_IPV4, Value::Ipv4(Ipv4Addr::from(*address)), option.range(at, 4));
        at += 4;
    }
    let left = option.bytes.len().saturating_sub(usize::from(at));
    if matches!(left, 2 | 10) {
        option.numbers(&[whole(tcp::MPTCP_PORT, at, 2)], out);
        at += 2;
    }
    if left >= 8 {
        option.numbers(&[whole(tcp::MPTCP_ADDADDRTRUNCHMAC, at, 8)], out);
    }
}
