//! IPv4 headers.

use super::run::{Part, Run};
use super::{ByteRange, Emitter, Subject, fragments, host, ip_options, own};
use crate::decode::{ChecksumVerdict, Layer};
use crate::field::names::ip;
use crate::field::{FieldId, Value};

/// Bytes of a header without options.
const FIXED_LEN: usize = 20;

const DSFIELD: Part = (ip::DSFIELD, 0, 0xff);
const DSFIELD_PARTS: &[Part] = &[(ip::DSFIELD_DSCP, 2, 0x3f), (ip::DSFIELD_ECN, 0, 0x3)];
const FLAGS: Part = (ip::FLAGS, 5, 0x7);
const FLAGS_PARTS: &[Part] = &[(ip::FLAGS_RB, 7, 1), (ip::FLAGS_DF, 6, 1), (ip::FLAGS_MF, 5, 1)];

const SENDER: &[FieldId] = &[ip::SRC, ip::ADDR];
const SENDER_HOST: &[FieldId] = &[ip::SRC_HOST, ip::HOST];
pub(super) const RECEIVER: &[FieldId] = &[ip::DST, ip::ADDR];
pub(super) const RECEIVER_HOST: &[FieldId] = &[ip::DST_HOST, ip::HOST];

pub(super) fn emit(subject: &Subject<'_>, layer: &Layer, out: &mut Emitter<'_>) {
    if !out.wants_any_of(ip::PROTOCOL) {
        return;
    }
    let run = Run::header(subject.packet, layer);
    out.protocol(ip::PROTOCOL, subject, layer, own(layer));
    if header(subject, layer, &run, out) {
        ip_options::emit(&run.from(FIXED_LEN), out);
        fragments::emit(subject, layer, &fragments::IPV4, out);
    }
    out.close();
}

/// The fixed header. False where Wireshark gives up within it.
fn header(subject: &Subject<'_>, layer: &Layer, run: &Run<'_>, out: &mut Emitter<'_>) -> bool {
    let Some(first) = run.byte(0) else { return false };
    run.bits((ip::VERSION, 4, 0xf), 0, 1, out);
    if first >> 4 != 4 {
        return false;
    }
    let header_len = usize::from(first & 0xf) * 4;
    if out.wants(ip::HDR_LEN) {
        out.give(ip::HDR_LEN, Value::Unsigned(u64::from(first & 0xf) * 4), run.range(0, 1));
    }
    if header_len < FIXED_LEN {
        return false;
    }
    run.flags(DSFIELD, 1, 1, DSFIELD_PARTS, out);
    let Some(total) = run.word(2) else { return false };
    if total != 0 {
        run.give(ip::LEN, 2, 2, out);
    } else {
        // Left to the network card: the frame's length counts.
        let len = layer.claimed_end.saturating_sub(layer.start);
        out.give(ip::LEN, Value::Unsigned(u64::from(len)), run.range(2, 2));
    }
    if total != 0 && usize::from(total) < header_len {
        return false;
    }
    run.give(ip::ID, 4, 2, out);
    run.flags(FLAGS, 6, 1, FLAGS_PARTS, out);
    run.bits((ip::FRAG_OFFSET, 0, 0x1fff), 6, 2, out);
    run.give(ip::TTL, 8, 1, out);
    run.give(ip::PROTO, 9, 1, out);
    checksum(subject, layer, run, out);
    address(run, 12, SENDER, SENDER_HOST, out);
    // At the end of a source route that is not yet gone stands the receiver; the header has the next station.
    if ip_options::has_way_to_go(&run.from(FIXED_LEN)) {
        address(run, 16, &[ip::CUR_RT], &[ip::CUR_RT_HOST], out);
    } else {
        address(run, 16, RECEIVER, RECEIVER_HOST, out);
    }
    run.len() >= FIXED_LEN
}

fn checksum(subject: &Subject<'_>, layer: &Layer, run: &Run<'_>, out: &mut Emitter<'_>) {
    run.give(ip::CHECKSUM, 10, 2, out);
    let Some(sent) = run.word(10) else { return };
    let status = |out: &mut Emitter<'_>, status| {
        out.give(ip::CHECKSUM_STATUS, Value::Unsigned(status), ByteRange::default());
    };
    if !subject.context.preferences.check_ip_checksum {
        return status(out, super::status::UNVERIFIED);
    }
    // An error may quote a header that was not changed since it was sent: its checksum is its own.
    let verdict = subject.packet.checksum(&Layer { quoted: false, ..*layer });
    status(out, super::status::of(verdict));
    let right = match verdict {
        ChecksumVerdict::Good => sent,
        ChecksumVerdict::Bad { expected, .. } => expected,
        _ => return,
    };
    out.give(ip::CHECKSUM_CALCULATED, Value::Unsigned(u64::from(right)), run.range(10, 2));
}

/// The address at `at` as each of `ids`, then as each of `hosts`.
pub(super) fn address(run: &Run<'_>, at: usize, ids: &[FieldId], hosts: &[FieldId], out: &mut Emitter<'_>) {
    let Some(address) = run.ipv4(at) else { return };
    let range = run.range(at, 4);
    for id in ids {
        out.give(*id, Value::Ipv4(address), range);
    }
    host::give(hosts, Value::Ipv4(address), range, out);
}
