//! ICMP for IPv4 (RFC 792, RFC 950, RFC 1256, RFC 4884).

use super::run::{Part, Run};
use super::{ByteRange, Emitter, Subject, icmp_extensions, whole};
use crate::decode::{ChecksumVerdict, Layer};
use crate::field::names::icmp;
use crate::field::{FieldId, Value};
use crate::time::{NANOS_PER_SECOND, TimeDelta, Timestamp};

/// Wireshark reads the ICMP header this far before it shows anything.
const READ_AHEAD: usize = 6;
/// Bytes before what a message carries.
const HEADER_LEN: usize = 8;
/// Bytes of a quoted packet that extensions stand behind (RFC 4884 section 5.2).
const QUOTED_LEN: usize = 128;

/// Opens the message; what it quotes stands under it, so the caller ends it with [`close`].
/// False where nothing is shown.
pub(super) fn open(subject: &Subject<'_>, layer: &Layer, out: &mut Emitter<'_>) -> bool {
    let run = Run::message(subject.packet, layer);
    if run.len() < READ_AHEAD {
        return false;
    }
    out.protocol(icmp::PROTOCOL, subject, layer, whole(subject.packet, layer));
    if out.wants_any_of(icmp::PROTOCOL) {
        run.list(0, &[(icmp::TYPE, 1), (icmp::CODE, 1), (icmp::CHECKSUM, 2)], out);
        let names = ChecksumNames { status: icmp::CHECKSUM_STATUS, bad: icmp::CHECKSUM_BAD };
        checksum(subject, layer, &names, out);
        body(subject, layer, &run, out);
    }
    true
}

/// Ends the message: what stands behind the packet that it quotes.
pub(super) fn close(subject: &Subject<'_>, layer: &Layer, out: &mut Emitter<'_>) {
    let run = Run::message(subject.packet, layer);
    if matches!(run.byte(0), Some(3 | 11 | 12)) && run.len() > HEADER_LEN + QUOTED_LEN {
        let is_short = run.word(HEADER_LEN + 2).is_some_and(|len| usize::from(len) <= QUOTED_LEN);
        let said = run.byte(5).map_or(0, |units| usize::from(units) * 4);
        if is_short || said == QUOTED_LEN {
            icmp_extensions::emit(&run.from(HEADER_LEN + QUOTED_LEN), out);
        }
    }
    out.close();
}

/// Where the outcome of a check is told.
pub(super) struct ChecksumNames {
    pub(super) status: FieldId,
    pub(super) bad: FieldId,
}

/// Verifies the message's checksum, if somebody wants to know.
pub(super) fn checksum(subject: &Subject<'_>, layer: &Layer, names: &ChecksumNames, out: &mut Emitter<'_>) {
    if !out.wants(names.status) && !out.wants(names.bad) {
        return;
    }
    let verdict = subject.packet.checksum(layer);
    if matches!(verdict, ChecksumVerdict::Bad { .. }) {
        out.give(names.bad, Value::Mark, ByteRange::default());
    }
    let status = Value::Unsigned(super::status::of(verdict));
    out.give(names.status, status, ByteRange::default());
}

const IDENTIFIERS: [(FieldId, FieldId, usize); 2] =
    [(icmp::IDENT, icmp::IDENT_LE, 4), (icmp::SEQ, icmp::SEQ_LE, 6)];

fn body(subject: &Subject<'_>, layer: &Layer, run: &Run<'_>, out: &mut Emitter<'_>) {
    let kind = run.byte(0).unwrap_or(0);
    match (kind, run.byte(1).unwrap_or(0)) {
        (0 | 8, _) => {
            identifiers(&IDENTIFIERS, run, out);
            answer(subject, layer, icmp::RESP_TO, icmp::RESPTIME, out);
            if kind == 8 {
                answered(subject, layer, icmp::RESP_IN, icmp::NO_RESP, out);
            }
            data_time(subject, run, out);
        }
        (13..=18, _) => {
            identifiers(&IDENTIFIERS, run, out);
            let times = [icmp::ORIGINATE_TIMESTAMP, icmp::RECEIVE_TIMESTAMP, icmp::TRANSMIT_TIMESTAMP];
            match kind {
                13 | 14 => run.list(8, &times.map(|id| (id, 4)), out),
                17 | 18 => run.give(icmp::ADDRESS_MASK, 8, 4, out),
                _ => {}
            }
        }
        (3, 4) => run.list(4, &[(icmp::UNUSED, 2), (icmp::MTU, 2)], out),
        (3 | 11, _) => match run.byte(5) {
            Some(0) => run.give(icmp::UNUSED, 4, 4, out),
            _ => {
                run.give(icmp::UNUSED, 4, 1, out);
                original_length(run, out);
                run.give(icmp::UNUSED, 6, 2, out);
            }
        },
        (12, _) => {
            run.give(icmp::POINTER, 4, 1, out);
            match run.byte(5) {
                Some(0) => run.give(icmp::UNUSED, 5, 3, out),
                _ => {
                    original_length(run, out);
                    run.give(icmp::UNUSED, 6, 2, out);
                }
            }
        }
        (5, _) => run.give(icmp::REDIR_GW, 4, 4, out),
        (9, _) => router_advertisement(run, out),
        (42, _) => {
            // Its sequence number is a field of its own.
            identifiers(IDENTIFIERS.get(..1).unwrap_or(&[]), run, out);
            run.give(icmp::EXT_ECHO_SEQ, 6, 1, out);
            run.bits((icmp::EXT_ECHO_REQ_RES, 1, 0x7f), 7, 1, out);
            run.bits((icmp::EXT_ECHO_REQ_LOCAL, 0, 1), 7, 1, out);
            icmp_extensions::emit(&run.from(HEADER_LEN), out);
        }
        (43, _) => {
            identifiers(IDENTIFIERS.get(..1).unwrap_or(&[]), run, out);
            run.give(icmp::EXT_ECHO_SEQ, 6, 1, out);
            EXTENDED_REPLY.iter().for_each(|part| run.bits(*part, 7, 1, out));
        }
        _ => {}
    }
}

const EXTENDED_REPLY: &[Part] = &[
    (icmp::EXT_ECHO_RSP_STATE, 5, 0x7),
    (icmp::EXT_ECHO_RSP_RES, 3, 0x3),
    (icmp::EXT_ECHO_RSP_ACTIVE, 2, 1),
    (icmp::EXT_ECHO_RSP_IPV4, 1, 1),
    (icmp::EXT_ECHO_RSP_IPV6, 0, 1),
];

/// Identifier and sequence number, each in both byte orders, because some systems send theirs unswapped.
fn identifiers(fields: &[(FieldId, FieldId, usize)], run: &Run<'_>, out: &mut Emitter<'_>) {
    for &(big, little, at) in fields {
        run.give(big, at, 2, out);
        if let Some(number) = run.word(at) {
            out.give(little, Value::Unsigned(u64::from(number.swap_bytes())), run.range(at, 2));
        }
    }
}

fn original_length(run: &Run<'_>, out: &mut Emitter<'_>) {
    run.give(icmp::LENGTH, 5, 1, out);
    if let Some(units) = run.byte(5) {
        let len = Value::Unsigned(u64::from(units) * 4);
        out.give(icmp::LENGTH_ORIGINAL_DATAGRAM, len, run.range(5, 1));
    }
}

/// Which request an echo answers, and how long that took.
pub(super) fn answer(
    subject: &Subject<'_>,
    layer: &Layer,
    request: FieldId,
    time: FieldId,
    out: &mut Emitter<'_>,
) {
    let Some(answer) = subject.context.echo.filter(|_| !layer.quoted) else { return };
    out.give(request, Value::Unsigned(answer.request), ByteRange::default());
    if out.wants(time) {
        out.give(time, Value::Float(milliseconds(answer.time)), ByteRange::default());
    }
}

/// Which packet answers the request of an echo, as a first pass over the capture has found out.
pub(super) fn answered(
    subject: &Subject<'_>,
    layer: &Layer,
    answer: FieldId,
    none: FieldId,
    out: &mut Emitter<'_>,
) {
    let Some(hindsight) = subject.context.hindsight.filter(|_| !layer.quoted) else { return };
    match hindsight.answered_in(subject.captured.number, 0) {
        Some(number) => out.give(answer, Value::Unsigned(number), ByteRange::default()),
        None if hindsight.is_complete() => out.give(none, Value::Mark, ByteRange::default()),
        None => {}
    }
}

fn milliseconds(span: TimeDelta) -> f64 {
    let (seconds, nanos) = (span.as_nanos() / NANOS_PER_SECOND, span.as_nanos() % NANOS_PER_SECOND);
    // Text is the one way from a wide whole number to a fraction that no lint calls lossy, and it is exact to
    // the last decimal that is shown.
    let sign = if span.as_nanos() < 0 { "-" } else { "" };
    let (seconds, nanos) = (seconds.unsigned_abs(), nanos.unsigned_abs());
    let whole = seconds.saturating_mul(1000).saturating_add(nanos / 1_000_000);
    format!("{sign}{whole}.{:06}", nanos % 1_000_000).parse().unwrap_or(0.0)
}

/// A time in the data of an echo further than this from the packet's own is none.
const FARTHEST_NANOS: i128 = 86_400 * NANOS_PER_SECOND;

/// Bytes of such a time: seconds and microseconds.
pub(super) const DATA_TIME_LEN: u32 = 8;

/// Many senders of echoes put the time of day into the data: seconds and microseconds, in either byte order.
pub(super) fn time_in_data(subject: &Subject<'_>, run: &Run<'_>) -> Option<Timestamp> {
    let (seconds, micros) = (run.double(HEADER_LEN)?, run.double(HEADER_LEN + 4)?);
    let now = subject.captured.ts.unwrap_or_default();
    [(seconds, micros), (seconds.swap_bytes(), micros.swap_bytes())].into_iter().find_map(
        |(seconds, micros)| {
            let nanos = micros.checked_mul(1000).filter(|_| micros < 1_000_000)?;
            let made = Timestamp::from_parts(i64::from(seconds), nanos);
            ((now - made).as_nanos().abs() <= FARTHEST_NANOS).then_some(made)
        },
    )
}

fn data_time(subject: &Subject<'_>, run: &Run<'_>, out: &mut Emitter<'_>) {
    if !out.wants(icmp::DATA_TIME) && !out.wants(icmp::DATA_TIME_RELATIVE) {
        return;
    }
    if let Some(made) = time_in_data(subject, run) {
        let now = subject.captured.ts.unwrap_or_default();
        let range = run.range(HEADER_LEN, 8);
        out.give(icmp::DATA_TIME, Value::Time(made), range);
        out.give(icmp::DATA_TIME_RELATIVE, Value::Delta(now - made), range);
    }
}

fn router_advertisement(run: &Run<'_>, out: &mut Emitter<'_>) {
    run.list(4, &[(icmp::NUM_ADDRS, 1), (icmp::ADDR_ENTRY_SIZE, 1), (icmp::LIFETIME, 2)], out);
    let (count, size) = (run.byte(4).map_or(0, usize::from), run.byte(5).map_or(0, usize::from) * 4);
    // The entry may grow (RFC 1256 section 3); what it has today is told.
    if size < 8 {
        return;
    }
    for entry in 0..count {
        let at = HEADER_LEN + entry * size;
        run.list(at, &[(icmp::ROUTER_ADDRESS, 4), (icmp::PREF_LEVEL, 4)], out);
    }
    mobile_extensions(&run.from(HEADER_LEN + count * size), out);
}

const AGENT: Part = (icmp::MIP_FLAGS, 0, 0xffff);
const AGENT_PARTS: &[Part] = &[
    (icmp::MIP_R, 15, 1),
    (icmp::MIP_B, 14, 1),
    (icmp::MIP_H, 13, 1),
    (icmp::MIP_F, 12, 1),
    (icmp::MIP_M, 11, 1),
    (icmp::MIP_G, 10, 1),
    (icmp::MIP_V, 9, 1),
    (icmp::MIP_RT, 8, 1),
    (icmp::MIP_U, 7, 1),
    (icmp::MIP_X, 6, 1),
    (icmp::MIP_RESERVED, 0, 0x3f),
];

/// Extensions for mobile nodes behind a router advertisement (RFC 5944 section 2.1).
fn mobile_extensions(run: &Run<'_>, out: &mut Emitter<'_>) {
    let mut rest = *run;
    while let Some(kind) = rest.byte(0) {
        rest.give(icmp::MIP_TYPE, 0, 1, out);
        if kind == 0 {
            rest = rest.from(1);
            continue;
        }
        rest.give(icmp::MIP_LENGTH, 1, 1, out);
        let len = rest.byte(1).map_or(0, usize::from);
        let data = rest.from(2).part(0, len);
        match kind {
            16 => {
                data.list(0, &[(icmp::MIP_SEQ, 2), (icmp::MIP_LIFE, 2)], out);
                data.flags(AGENT, 4, 2, AGENT_PARTS, out);
                (6..data.len()).step_by(4).for_each(|at| data.give(icmp::MIP_COA, at, 4, out));
            }
            19 => (0..data.len()).for_each(|at| data.give(icmp::MIP_PREFIXLENGTH, at, 1, out)),
            24 => data.give(icmp::MIP_CHALLENGE, 0, data.len(), out),
            _ => data.give(icmp::MIP_CONTENT, 0, data.len(), out),
        }
        rest = rest.from(len + 2);
    }
}
