//! What this program knows of a packet beyond its headers.

use std::num::NonZero;

use super::{ByteRange, Emitter, Subject, part};
use crate::decode::{ChecksumVerdict, Layer, StopReason, Transport};
use crate::field::names::wirelab;
use crate::field::{FieldId, Value};
use crate::flow::{Direction, Judgement, Repeat, TcpVerdict, Verdict};
use crate::proto;

pub(super) fn emit(subject: &Subject<'_>, out: &mut Emitter<'_>) {
    if !out.wants_any_of(wirelab::PROTOCOL) {
        return;
    }
    out.open(wirelab::PROTOCOL, Value::Bytes(&[]), ByteRange::default());
    let transports = subject.packet.transports();
    for (place, transport) in transports.iter().enumerate().filter(|(_, transport)| !transport.quoted) {
        let verdict = subject.context.verdicts.get(place);
        if let Some(verdict) = verdict {
            flow(verdict, out);
        }
        if let Some(layer) = subject.packet.layers().get(transport.layer) {
            payload(subject, transport, layer, verdict, out);
        }
    }
    checksums(subject, out);
    stop(subject, out);
    out.close();
}

fn text(id: FieldId, text: &str, out: &mut Emitter<'_>) {
    out.give(id, Value::Text(text), ByteRange::default());
}

/// Something that is told only where it is so.
fn mark(id: FieldId, is_so: bool, out: &mut Emitter<'_>) {
    if is_so {
        out.give(id, Value::Unsigned(1), ByteRange::default());
    }
}

fn flow(verdict: &Verdict, out: &mut Emitter<'_>) {
    let Some(id) = verdict.id else { return };
    if out.wants(wirelab::FLOW) {
        text(wirelab::FLOW, &id.to_string(), out);
    }
    let (role, direction) = match verdict.direction {
        Direction::OrigToResp => ("orig", "to-resp"),
        Direction::RespToOrig => ("resp", "to-orig"),
    };
    text(wirelab::ROLE, role, out);
    text(wirelab::DIRECTION, direction, out);
    mark(wirelab::STARTS_FLOW, verdict.starts_flow, out);
    if let Some(tcp) = &verdict.tcp {
        segment(tcp, out);
    }
}

fn segment(tcp: &TcpVerdict, out: &mut Emitter<'_>) {
    if let Some(step) = tcp.step {
        out.give(wirelab::HANDSHAKE_STEP, Value::Unsigned(u64::from(step.number())), ByteRange::default());
    }
    mark(wirelab::HANDSHAKE_RETRY, tcp.handshake_retry, out);
    mark(wirelab::PORT_REUSED, tcp.port_reused, out);
    match tcp.repeat {
        Repeat::New => {}
        Repeat::Partly => text(wirelab::REPEAT, "partly", out),
        Repeat::Whole => text(wirelab::REPEAT, "whole", out),
    }
    if tcp.missing_before > 0 {
        let missing = Value::Unsigned(u64::from(tcp.missing_before));
        out.give(wirelab::MISSING_BEFORE, missing, ByteRange::default());
    }
    mark(wirelab::KEEP_ALIVE, tcp.keep_alive, out);
    mark(wirelab::REFUSES, tcp.refuses, out);
    mark(wirelab::AFTER_CLOSE, tcp.after_close, out);
    mark(wirelab::TCP_MID_STREAM, tcp.begins_mid_stream, out);
    if let Some(judgement) = &tcp.judgement {
        judged(judgement, out);
    }
    number(wirelab::TCP_TELLS_TWICE, tcp.tells_twice, out);
    if let Some([orig, resp]) = tcp.states {
        text(wirelab::TCP_STATE_ORIG, orig.name(), out);
        text(wirelab::TCP_STATE_RESP, resp.name(), out);
    }
}

fn number(id: FieldId, number: Option<u64>, out: &mut Emitter<'_>) {
    if let Some(number) = number {
        out.give(id, Value::Unsigned(number), ByteRange::default());
    }
}

fn judged(judgement: &Judgement, out: &mut Emitter<'_>) {
    text(wirelab::TCP_JUDGEMENT, judgement.kind.words(), out);
    text(wirelab::TCP_JUDGEMENT_SURE, judgement.sure.word(), out);
    text(wirelab::TCP_JUDGEMENT_REASON, judgement.reason.words(), out);
    let evidence = &judgement.evidence;
    number(wirelab::TCP_ORIGINAL, evidence.original.map(NonZero::get), out);
    if let Some(span) = evidence.since_original() {
        out.give(wirelab::TCP_SINCE_ORIGINAL, Value::Delta(span), ByteRange::default());
    }
    if let Some(asked) = evidence.asked {
        number(wirelab::TCP_ASKED_FIRST, Some(asked.first.get()), out);
        number(wirelab::TCP_ASKED_LAST, Some(asked.last), out);
        number(wirelab::TCP_DUPLICATES, Some(u64::from(asked.duplicates)), out);
    }
    number(wirelab::TCP_ACKNOWLEDGED, evidence.acknowledged_by.map(NonZero::get), out);
    number(wirelab::TCP_OVERTAKEN, evidence.overtaken_by.map(NonZero::get), out);
    let tsvals = evidence.tsvals;
    number(wirelab::TCP_TSVAL_BEFORE, tsvals.map(|(before, _)| u64::from(before)), out);
    number(wirelab::TCP_TSVAL, tsvals.map(|(_, now)| u64::from(now)), out);
}

fn payload(
    subject: &Subject<'_>,
    transport: &Transport,
    layer: &Layer,
    verdict: Option<&Verdict>,
    out: &mut Emitter<'_>,
) {
    let bytes = subject.packet.payload(layer);
    if bytes.is_empty() {
        return;
    }
    let range = part(layer, layer.payload.saturating_sub(layer.start), super::offset(bytes.len()));
    if out.wants(wirelab::PAYLOAD_READABLE) || out.wants(wirelab::PAYLOAD_TEXT) {
        let readable = proto::judge(bytes).is_text();
        out.give(wirelab::PAYLOAD_READABLE, Value::Unsigned(u64::from(readable)), range);
        let valid = bytes.utf8_chunks().next().map_or("", |chunk| chunk.valid());
        if readable && !valid.is_empty() {
            out.give(wirelab::PAYLOAD_TEXT, Value::Text(valid), range);
        }
    }
    if out.wants(wirelab::PAYLOAD_PROTOCOL) {
        // The server's port; of a packet whose flow is not known, where it goes.
        let from_server = verdict.is_some_and(|verdict| verdict.direction == Direction::RespToOrig);
        let server = if from_server { transport.src.port } else { transport.dst.port };
        if let Some(name) = proto::name(transport.protocol, server, bytes) {
            out.give(wirelab::PAYLOAD_PROTOCOL, Value::Text(name), range);
        }
    }
}

fn checksums(subject: &Subject<'_>, out: &mut Emitter<'_>) {
    if !(out.wants(wirelab::CHECKSUM) || out.wants(wirelab::CHECKSUM_BAD)) {
        return;
    }
    let (mut good, mut bad) = (false, false);
    let layers = subject.packet.layers();
    for (verdict, layer) in layers.iter().map(|layer| (subject.packet.checksum(layer), layer)) {
        good |= verdict == ChecksumVerdict::Good;
        if matches!(verdict, ChecksumVerdict::Bad { .. }) {
            bad = true;
            let header = part(layer, 0, layer.payload.saturating_sub(layer.start));
            out.give(wirelab::CHECKSUM_BAD, Value::Text(layer.kind.name()), header);
        }
    }
    let all = match (bad, good) {
        (true, _) => "bad",
        (false, true) => "good",
        (false, false) => "unknown",
    };
    text(wirelab::CHECKSUM, all, out);
}

fn stop(subject: &Subject<'_>, out: &mut Emitter<'_>) {
    let Some(stop) = subject.packet.stop() else { return };
    let (reason, detail) = match stop.reason {
        StopReason::Snapped => ("snapped", None),
        StopReason::Short => ("short", None),
        StopReason::LengthField => ("length field", stop.said_by.map(crate::decode::LayerKind::name)),
        StopReason::Malformed(what) => ("malformed", Some(what)),
        StopReason::Fragment => ("fragment", None),
        StopReason::TooDeep => ("too deep", None),
    };
    text(wirelab::STOP, reason, out);
    text(wirelab::STOP_LAYER, stop.layer.name(), out);
    if let Some(detail) = detail {
        text(wirelab::STOP_DETAIL, detail, out);
    }
}

#[cfg(test)]
mod tests {
    use super::super::transport::testing::{Wire, tcp, udp};

    #[test]
    fn the_flow_table_is_told_of() {
        let fields =
            ["wirelab.flow", "wirelab.role", "wirelab.handshake.step", "wirelab.repeat", "wirelab.refuses"];
        let mut wire = Wire::default();
        let mut tells = |packet: &[u8]| wire.texts(packet, &fields);
        assert_eq!(tells(&tcp(true, 100, 0, 0x02, 9, &[], b"")), ["tcp:0", "orig", "1", "", ""]);
        assert_eq!(tells(&tcp(false, 500, 101, 0x12, 9, &[], b"")), ["tcp:0", "resp", "2", "", ""]);
        assert_eq!(tells(&tcp(true, 101, 501, 0x10, 9, &[], b"")), ["tcp:0", "orig", "3", "", ""]);
        assert_eq!(tells(&tcp(true, 101, 501, 0x18, 9, &[], b"hi")), ["tcp:0", "orig", "", "", ""]);
        let mut again = tcp(true, 101, 501, 0x18, 9, &[], b"hi");
        again[5] = 2; // another datagram, not the frame captured twice
        assert_eq!(tells(&again), ["tcp:0", "orig", "", "whole", ""]);
        assert_eq!(tells(&tcp(true, 101, 501, 0x18, 9, &[], b"hi!")), ["tcp:0", "orig", "", "partly", ""]);
        let mut wire = Wire::default();
        wire.texts(&tcp(true, 100, 0, 0x02, 9, &[], b""), &[]);
        assert_eq!(
            wire.texts(&tcp(false, 0, 101, 0x14, 0, &[], b""), &fields),
            ["tcp:0", "resp", "", "", "1"]
        );
    }

    #[test]
    fn the_payload_is_judged_by_its_bytes() {
        let fields = ["wirelab.payload.readable", "wirelab.payload.text", "wirelab.payload.protocol"];
        let tells = |packet: &[u8]| Wire::default().texts(packet, &fields);
        assert_eq!(tells(&udp(true, "gr\u{fc}\u{df}e".as_bytes())), ["1", "gr\u{fc}\u{df}e", ""]);
        assert_eq!(tells(&udp(true, &[0, 1, 2, 3])), ["0", "", ""]);
        assert_eq!(tells(&udp(true, b"")), ["", "", ""]);
        let request = b"GET / HTTP/1.1\r\n";
        assert_eq!(tells(&tcp(true, 1, 1, 0x18, 9, &[], request))[2], "HTTP");
    }

    #[test]
    fn checksums_and_the_end_of_decoding_are_told() {
        let fields = ["wirelab.checksum", "wirelab.checksum.bad", "wirelab.stop", "wirelab.stop.layer"];
        let packet = tcp(true, 1, 1, 0x18, 9, &[], b"hi");
        assert_eq!(Wire::default().texts(&packet, &fields), ["bad", "ip,tcp", "", ""]);
        let cut = Wire::default().snapped(&packet[..30], packet.len(), &fields);
        assert_eq!(cut, ["bad", "ip", "snapped", "tcp"]);
    }
}
