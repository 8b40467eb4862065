//! What Wireshark's analysis says of a TCP segment.

use super::{ByteRange, Emitter};
use crate::field::names::tcp;
use crate::field::{FieldId, Value};
use crate::flow::{FastOpenAnswer, SegmentAnalysis, Verdict};
use crate::time::TimeDelta;

/// How much of the conversation was captured before the segment.
pub(super) fn completeness(verdict: Option<&Verdict>, out: &mut Emitter<'_>) {
    if let Some(verdict) = verdict.filter(|verdict| verdict.id.is_some()) {
        number(tcp::COMPLETENESS, Some(verdict.completeness.number()), out);
    }
}

/// What a SYN-ACK says of data in the SYN.
pub(super) fn fast_open(answer: Option<FastOpenAnswer>, out: &mut Emitter<'_>) {
    mark(tcp::ANALYSIS_TFO_ACK, answer == Some(FastOpenAnswer::Accepted), out);
    mark(tcp::ANALYSIS_TFO_IGNORED, answer == Some(FastOpenAnswer::Ignored), out);
}

/// The analysis itself, if it has anything to tell.
pub(super) fn emit(verdict: Option<&Verdict>, out: &mut Emitter<'_>) {
    let told = verdict.and_then(|verdict| verdict.tcp.as_ref()).map(|tcp| &tcp.analysis);
    let Some(told) = told.filter(|told| told.is_present()) else { return };
    out.open(tcp::ANALYSIS, Value::Mark, ByteRange::default());
    number(tcp::ANALYSIS_ACKS_FRAME, told.acks_frame(), out);
    span(tcp::ANALYSIS_ACK_RTT, told.ack_rtt(), out);
    span(tcp::ANALYSIS_INITIAL_RTT, told.initial_rtt(), out);
    number(tcp::ANALYSIS_BYTES_IN_FLIGHT, told.bytes_in_flight(), out);
    number(tcp::ANALYSIS_PUSH_BYTES_SENT, told.push_bytes_sent(), out);
    if told.flags.any() {
        out.open(tcp::ANALYSIS_FLAGS, Value::Mark, ByteRange::default());
        marks(told, out);
        out.close();
    }
    out.close();
}

fn marks(told: &SegmentAnalysis, out: &mut Emitter<'_>) {
    let flags = told.flags;
    mark(tcp::ANALYSIS_REUSED_PORTS, flags.reused_ports(), out);
    mark(tcp::ANALYSIS_FAST_RETRANSMISSION, flags.fast_retransmission(), out);
    mark(tcp::ANALYSIS_SPURIOUS_RETRANSMISSION, flags.spurious_retransmission(), out);
    mark(tcp::ANALYSIS_RETRANSMISSION, flags.retransmission(), out);
    span(tcp::ANALYSIS_RTO, told.rto(), out);
    number(tcp::ANALYSIS_RTO_FRAME, told.rto_frame(), out);
    mark(tcp::ANALYSIS_OUT_OF_ORDER, flags.out_of_order(), out);
    mark(tcp::ANALYSIS_LOST_SEGMENT, flags.lost_segment(), out);
    mark(tcp::ANALYSIS_ACK_LOST_SEGMENT, flags.ack_lost_segment(), out);
    mark(tcp::ANALYSIS_WINDOW_UPDATE, flags.window_update(), out);
    mark(tcp::ANALYSIS_WINDOW_FULL, flags.window_full(), out);
    mark(tcp::ANALYSIS_KEEP_ALIVE, flags.keep_alive(), out);
    mark(tcp::ANALYSIS_KEEP_ALIVE_ACK, flags.keep_alive_ack(), out);
    if let Some((nth, frame)) = told.duplicate_ack() {
        // Wireshark gives it twice: as a mark, and with the remark on it.
        mark(tcp::ANALYSIS_DUPLICATE_ACK, true, out);
        number(tcp::ANALYSIS_DUPLICATE_ACK_NUM, Some(nth), out);
        number(tcp::ANALYSIS_DUPLICATE_ACK_FRAME, Some(frame), out);
        mark(tcp::ANALYSIS_DUPLICATE_ACK, true, out);
    }
    mark(tcp::ANALYSIS_ZERO_WINDOW_PROBE, flags.zero_window_probe(), out);
    mark(tcp::ANALYSIS_ZERO_WINDOW, flags.zero_window(), out);
    mark(tcp::ANALYSIS_ZERO_WINDOW_PROBE_ACK, flags.zero_window_probe_ack(), out);
}

fn mark(id: FieldId, holds: bool, out: &mut Emitter<'_>) {
    if holds {
        out.give(id, Value::Mark, ByteRange::default());
    }
}

fn number(id: FieldId, value: Option<impl Into<u64>>, out: &mut Emitter<'_>) {
    if let Some(value) = value {
        out.give(id, Value::Unsigned(value.into()), ByteRange::default());
    }
}

fn span(id: FieldId, value: Option<TimeDelta>, out: &mut Emitter<'_>) {
    if let Some(value) = value {
        out.give(id, Value::Delta(value), ByteRange::default());
    }
}

#[cfg(test)]
mod tests {
    use super::super::transport::testing::{Wire, tcp};

    #[test]
    fn fast_open_is_told_of_the_cookie_and_of_the_answer() {
        const FIELDS: [&str; 5] = [
            "tcp.analysis.tfo_syn",
            "tcp.analysis.tfo_ack",
            "tcp.analysis.tfo_ignored",
            "tcp.options.tfo.cookie",
            "tcp.analysis.flags",
        ];
        let cookie = [34, 6, 1, 2, 3, 4, 0, 0];
        let answered = |ack| {
            let mut wire = Wire::default();
            let syn = wire.texts(&tcp(true, 100, 0, 0x02, 1000, &cookie, b"hello"), &FIELDS);
            assert_eq!(syn, ["1", "", "", "01020304", ""]);
            wire.texts(&tcp(false, 500, ack, 0x12, 1000, &cookie, b""), &FIELDS)
        };
        assert_eq!(answered(106), ["", "1", "", "01020304", ""]);
        assert_eq!(answered(101), ["", "", "1", "01020304", ""]);
        assert_eq!(answered(100), ["", "", "", "01020304", ""]);
        let mut wire = Wire::default();
        let twice = wire.texts(&tcp(true, 100, 0, 0x02, 1000, &cookie.repeat(2), b""), &FIELDS);
        assert_eq!(twice[0], "1", "what follows the end of the list is none");
        let asks = wire.texts(&tcp(true, 100, 0, 0x02, 1000, &[34, 2, 0, 0], b"hello"), &FIELDS);
        assert_eq!(asks, [""; 5]);
    }

    #[test]
    fn what_the_analysis_tells_are_fields() {
        let mut wire = Wire::default();
        let fields =
            ["tcp.completeness", "tcp.analysis", "tcp.analysis.acks_frame", "tcp.analysis.bytes_in_flight"];
        let syn = tcp(true, 100, 0, 0x02, 1000, &[], b"");
        assert_eq!(wire.texts(&syn, &fields), ["0", "", "", ""]);
        let syn_ack = tcp(false, 500, 101, 0x12, 1000, &[], b"");
        let told = wire.texts(&syn_ack, &fields);
        assert_eq!((told[0].as_str(), told[1].as_str(), told[3].as_str()), ("1", "1", ""));
        assert!(!told[2].is_empty());
        let data = tcp(true, 101, 501, 0x18, 1000, &[], b"hi");
        assert_eq!(wire.texts(&data, &fields)[3], "2");
        let ack = tcp(false, 501, 103, 0x10, 1000, &[], b"");
        wire.texts(&ack, &[]);
        let fields = [
            "tcp.analysis.flags",
            "tcp.analysis.duplicate_ack",
            "tcp.analysis.duplicate_ack_num",
            "tcp.completeness",
        ];
        assert_eq!(wire.texts(&ack, &fields), ["1", "1,1", "1", "15"]);
        let again =
            ["tcp.analysis.retransmission", "tcp.analysis.spurious_retransmission", "tcp.analysis.rto"];
        assert_eq!(wire.texts(&data, &again), ["1", "1", ""]);
    }
}
