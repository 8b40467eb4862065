//! Options of IPv4 (RFC 791 section 3.1 and later ones).

use super::Emitter;
use super::ip::{RECEIVER, RECEIVER_HOST, address};
use super::run::{Part, Run};
use crate::field::FieldId;
use crate::field::names::ip;

/// Most options told of one header: forty bytes have room for no more.
const MAX_OPTIONS: usize = 40;

const END: u8 = 0;
const NO_OPERATION: u8 = 1;
const RECORD_ROUTE: u8 = 7;
const TIMESTAMPS: u8 = 68;
const LOOSE_ROUTE: u8 = 131;
const STRICT_ROUTE: u8 = 137;

const TYPE: Part = (ip::OPT_TYPE, 0, 0xff);
const TYPE_PARTS: &[Part] =
    &[(ip::OPT_TYPE_COPY, 7, 1), (ip::OPT_TYPE_CLASS, 5, 0x3), (ip::OPT_TYPE_NUMBER, 0, 0x1f)];

/// The options in `run`, one by one: type and bytes. It ends at an option whose length cannot be.
fn options<'p>(run: &Run<'p>) -> impl Iterator<Item = (u8, Run<'p>)> {
    let mut rest = *run;
    std::iter::from_fn(move || {
        let kind = rest.byte(0)?;
        let len = if kind > NO_OPERATION { usize::from(rest.byte(1).filter(|len| *len >= 2)?) } else { 1 };
        let option = rest.part(0, len);
        rest = if kind == END { rest.part(0, 0) } else { rest.from(len) };
        (option.len() == len).then_some((kind, option))
    })
    .take(MAX_OPTIONS)
}

/// Whether a source route names stations that are still to come.
pub(super) fn has_way_to_go(run: &Run<'_>) -> bool {
    !run.is_empty()
        && options(run).any(|(kind, option)| {
            matches!(kind, LOOSE_ROUTE | STRICT_ROUTE)
                && option.byte(2).is_some_and(|pointer| usize::from(pointer) <= option.len())
        })
}

pub(super) fn emit(run: &Run<'_>, out: &mut Emitter<'_>) {
    if run.is_empty() {
        return;
    }
    for (kind, option) in options(run) {
        let Some(id) = field_of(kind) else { continue };
        option.open(id, 0, option.len(), out);
        option.flags(TYPE, 0, 1, TYPE_PARTS, out);
        if kind > NO_OPERATION {
            option.give(ip::OPT_LEN, 1, 1, out);
            content(kind, &option, out);
        }
        out.close();
    }
}

/// The field of a whole option.
fn field_of(kind: u8) -> Option<FieldId> {
    Some(match kind {
        END => ip::OPTIONS_EOL,
        NO_OPERATION => ip::OPTIONS_NOP,
        RECORD_ROUTE => ip::OPTIONS_RECORD_ROUTE,
        11 => ip::OPTIONS_MTU_PROBE,
        12 => ip::OPTIONS_MTU_REPLY,
        TIMESTAMPS => ip::OPTIONS_TIMESTAMP,
        82 => ip::OPTIONS_TRACEROUTE,
        130 => ip::OPTIONS_SECURITY,
        LOOSE_ROUTE => ip::OPTIONS_ROUTE,
        133 => ip::OPTIONS_EXT_SECURITY,
        134 => ip::OPTIONS_CIPSO,
        136 => ip::OPTIONS_SID,
        STRICT_ROUTE => ip::OPTIONS_SOURCE_ROUTE,
        148 => ip::OPTIONS_ROUTERALERT,
        _ => return None,
    })
}

fn content(kind: u8, option: &Run<'_>, out: &mut Emitter<'_>) {
    match kind {
        RECORD_ROUTE | LOOSE_ROUTE | STRICT_ROUTE => route(kind == RECORD_ROUTE, option, out),
        11 | 12 => option.give(ip::OPT_MTU, 2, 2, out),
        TIMESTAMPS => timestamps(option, out),
        82 => option.list(
            2,
            &[(ip::OPT_ID_NUMBER, 2), (ip::OPT_OHC, 2), (ip::OPT_RHC, 2), (ip::OPT_ORIGINATOR, 4)],
            out,
        ),
        130 => option.give(ip::OPT_SEC_CL, 2, 1, out),
        133 => {
            option.give(ip::OPT_EXT_SEC_ADD_SEC_INFO_FORMAT_CODE, 2, 1, out);
            if option.len() > 3 {
                option.give(ip::OPT_EXT_SEC_ADD_SEC_INFO, 3, option.len() - 3, out);
            }
        }
        136 => option.give(ip::OPT_SID, 2, 2, out),
        148 => option.give(ip::OPT_RA, 2, 2, out),
        _ => {}
    }
}

/// Stations of a route: passed, to come, the end of it, or room for more.
fn route(is_recorded: bool, option: &Run<'_>, out: &mut Emitter<'_>) {
    option.give(ip::OPT_PTR, 2, 1, out);
    let Some(next) = option.byte(2).map(usize::from) else { return };
    for at in (3..option.len().saturating_sub(3)).step_by(4) {
        // The pointer counts from 1, so a station before it was passed.
        let (ids, hosts): (&[FieldId], &[FieldId]) = if at + 1 < next {
            (&[ip::REC_RT], &[ip::REC_RT_HOST])
        } else if is_recorded {
            (&[ip::EMPTY_RT], &[ip::EMPTY_RT_HOST])
        } else if at + 4 == option.len() {
            (RECEIVER, RECEIVER_HOST)
        } else {
            (&[ip::SRC_RT], &[ip::SRC_RT_HOST])
        };
        address(option, at, ids, hosts, out);
    }
}

fn timestamps(option: &Run<'_>, out: &mut Emitter<'_>) {
    option.give(ip::OPT_PTR, 2, 1, out);
    option.bits((ip::OPT_OVERFLOW, 4, 0xf), 3, 1, out);
    option.bits((ip::OPT_FLAG, 0, 0xf), 3, 1, out);
    let with_addresses = matches!(option.byte(3).map(|byte| byte & 0xf), Some(1 | 3));
    let step = if with_addresses { 8 } else { 4 };
    for at in (4..option.len()).step_by(step) {
        if with_addresses {
            option.list(at, &[(ip::OPT_TIME_STAMP_ADDR, 4), (ip::OPT_TIME_STAMP, 4)], out);
        } else {
            option.give(ip::OPT_TIME_STAMP, at, 4, out);
        }
    }
}
