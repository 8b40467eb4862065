//! TCP.

use super::header::{HeaderField, bits, emit_table, number, words};
use super::transport::{checksum_status, ports, seconds};
use super::{ByteRange, Emitter, Subject, own, part, tcp_analysis, tcp_options};
use crate::decode::{Layer, TcpFlags};
use crate::field::names::tcp;
use crate::field::{FieldId, Value};
use crate::flow::{FastOpenAnswer, Verdict, WindowScale};

static LENGTH: &[HeaderField] = &[words(tcp::HDR_LEN, 12, 4)];
static FLAGS: &[HeaderField] = &[
    bits(tcp::FLAGS_AE, 12, 1, 0, 1),
    bits(tcp::FLAGS_CWR, 13, 1, 7, 1),
    bits(tcp::FLAGS_ECE, 13, 1, 6, 1),
    bits(tcp::FLAGS_URG, 13, 1, 5, 1),
    bits(tcp::FLAGS_ACK, 13, 1, 4, 1),
    bits(tcp::FLAGS_PUSH, 13, 1, 3, 1),
    bits(tcp::FLAGS_RESET, 13, 1, 2, 1),
    bits(tcp::FLAGS_SYN, 13, 1, 1, 1),
    bits(tcp::FLAGS_FIN, 13, 1, 0, 1),
];
static URGENT: &[HeaderField] = &[number(tcp::URGENT_POINTER, 18, 2)];

/// Both ports are read before either is shown.
const PORTS_LEN: usize = 4;
/// Wireshark reads the TCP header this far before it shows more than the ports.
const READ_AHEAD: usize = 16;
const FIXED_LEN: u32 = 20;
const RESERVED: u16 = 0xe00;
/// A letter for each control bit from the highest, the three reserved ones first.
const LETTERS: [char; 12] = ['R', 'R', 'R', 'A', 'C', 'E', 'U', 'A', 'P', 'R', 'S', 'F'];

/// A TCP header, with the numbers that its fields are told from.
struct Header<'a> {
    subject: &'a Subject<'a>,
    layer: &'a Layer,
    bytes: &'a [u8],
    verdict: Option<&'a Verdict>,
    /// As the header claims.
    len: u32,
    flags: TcpFlags,
    seq: u32,
    ack: u32,
    /// What the numbers shown are counted from: 0 where they are shown as sent.
    seq_base: u32,
    ack_base: u32,
    /// Payload length; `None` where the packet does not tell it.
    payload: Option<u32>,
}

pub(super) fn emit(subject: &Subject<'_>, layer: &Layer, verdict: Option<&Verdict>, out: &mut Emitter<'_>) {
    let bytes = subject.packet.header(layer);
    if bytes.len() < PORTS_LEN || !(out.wants_any_of(tcp::PROTOCOL) || tcp_options::wanted(out)) {
        return;
    }
    out.protocol(tcp::PROTOCOL, subject, layer, own(layer));
    ports(&[tcp::SRCPORT, tcp::DSTPORT, tcp::PORT], layer, bytes, out);
    if bytes.len() >= READ_AHEAD {
        Header::new(subject, layer, bytes, verdict).emit(out);
    } else if layer.quoted {
        // An error that quotes 8 bytes: the number is all that is left to tell.
        emit_table(&[number(tcp::SEQ, 4, 4)], layer, bytes, out);
    }
    out.close();
}

impl<'a> Header<'a> {
    fn new(
        subject: &'a Subject<'a>,
        layer: &'a Layer,
        bytes: &'a [u8],
        verdict: Option<&'a Verdict>,
    ) -> Self {
        let word =
            |at| bytes.get(at..).and_then(<[u8]>::first_chunk::<4>).map_or(0, |b| u32::from_be_bytes(*b));
        let (seq, ack) = (word(4), word(8));
        let [high, low, ..] = word(12).to_be_bytes();
        let len = u32::from(high >> 4) * 4;
        let flags = TcpFlags(u16::from_be_bytes([high & 0x0f, low]));
        let on_wire = layer.claimed_end.saturating_sub(layer.start);
        // How much a fragment's segment holds, its length field does not tell.
        let tells = !layer.quoted && !subject.packet.is_first_fragment(layer);
        let payload = on_wire.checked_sub(len).filter(|_| tells);
        let relative = subject.context.preferences.relative_sequence_numbers && payload.is_some();
        let (mut seq_base, mut ack_base) = (0, 0);
        if let Some(tcp) = verdict.and_then(|verdict| verdict.tcp.as_ref()).filter(|_| relative) {
            seq_base = seq.wrapping_sub(tcp.seq);
            ack_base = ack.wrapping_sub(tcp.ack);
        }
        Self { subject, layer, bytes, verdict, len, flags, seq, ack, seq_base, ack_base, payload }
    }

    fn emit(&self, out: &mut Emitter<'_>) {
        let Self { layer, bytes, .. } = *self;
        if layer.quoted {
            self.give(tcp::SEQ, self.seq, part(layer, 4, 4), out);
        }
        if let Some(id) = self.verdict.and_then(|verdict| verdict.id) {
            self.give(tcp::STREAM, id.number, ByteRange::default(), out);
        }
        tcp_analysis::completeness(self.verdict, out);
        self.numbers(out);
        emit_table(LENGTH, layer, bytes, out);
        if self.len < FIXED_LEN {
            return;
        }
        self.flags(out);
        self.window(out);
        if bytes.len() < 18 {
            return;
        }
        self.checksum(out);
        if !emit_table(URGENT, layer, bytes, out) {
            return;
        }
        if self.len > FIXED_LEN {
            let numbers = tcp_options::Numbers { ack: self.ack, ack_base: self.ack_base, flags: self.flags };
            tcp_options::emit(self.subject, layer, numbers, out);
        }
        if let Some(verdict) = self.verdict.filter(|verdict| verdict.id.is_some()) {
            seconds(tcp::TIME_RELATIVE, tcp::TIME_DELTA, verdict, out);
        }
        // Nothing follows where the capture cuts the options.
        if u32::try_from(bytes.len()).is_ok_and(|had| had >= self.len) {
            tcp_analysis::emit(self.verdict, out);
        }
        self.payload(out);
    }

    fn give(&self, id: FieldId, value: u32, range: ByteRange, out: &mut Emitter<'_>) {
        out.give(id, Value::Unsigned(u64::from(value)), range);
    }

    /// Length, sequence and acknowledgment numbers. Of a quoted segment Wireshark tells them only in part.
    fn numbers(&self, out: &mut Emitter<'_>) {
        let Self { layer, flags, .. } = *self;
        let nowhere = ByteRange::default();
        if let Some(payload) = self.payload {
            self.give(tcp::LEN, payload, nowhere, out);
        }
        let seq = self.seq.wrapping_sub(self.seq_base);
        if !layer.quoted {
            self.give(tcp::SEQ, seq, part(layer, 4, 4), out);
            self.give(tcp::SEQ_RAW, self.seq, part(layer, 4, 4), out);
        }
        if self.len < FIXED_LEN {
            return;
        }
        if let Some(payload) = self.payload {
            let next = seq.wrapping_add(payload).wrapping_add(u32::from(flags.syn() || flags.fin()));
            self.give(tcp::NXTSEQ, next, nowhere, out);
        }
        let ack = Value::Unsigned(u64::from(self.ack.wrapping_sub(self.ack_base)));
        out.open(tcp::ACK, ack, part(layer, 8, 4));
        if flags.syn() && flags.ack() {
            tcp_analysis::fast_open(self.fast_open(), out);
        }
        out.close();
        self.give(tcp::ACK_RAW, self.ack, part(layer, 8, 4), out);
    }

    /// What a SYN-ACK says of data in the SYN. Where Wireshark follows no numbers, as in a quoted segment, it takes the
    /// number as sent for the count.
    fn fast_open(&self) -> Option<FastOpenAnswer> {
        if self.payload.is_none() {
            return FastOpenAnswer::of(self.ack, false);
        }
        self.verdict.and_then(|verdict| verdict.tcp.as_ref()).and_then(|tcp| tcp.analysis.fast_open)
    }

    fn flags(&self, out: &mut Emitter<'_>) {
        let Self { layer, bytes, flags, .. } = *self;
        let both = part(layer, 12, 2);
        out.open(tcp::FLAGS, Value::Unsigned(u64::from(flags.0)), both);
        out.give(tcp::FLAGS_RES, Value::Unsigned(u64::from(flags.0 & RESERVED != 0)), part(layer, 12, 1));
        emit_table(FLAGS, layer, bytes, out);
        if out.wants(tcp::FLAGS_STR) {
            // Two bytes for a dot, one for a letter.
            let mut text = [0_u8; 2 * LETTERS.len()];
            let mut len = 0;
            for (place, letter) in LETTERS.into_iter().enumerate() {
                let shown = if flags.0 >> (11 - place) & 1 == 1 { letter } else { '·' };
                if let Some(slot) = text.get_mut(len..len + shown.len_utf8()) {
                    len += shown.encode_utf8(slot).len();
                }
            }
            let text = text.get(..len).and_then(|text| std::str::from_utf8(text).ok());
            out.give(tcp::FLAGS_STR, Value::Text(text.unwrap_or_default()), both);
        }
        out.close();
    }

    fn window(&self, out: &mut Emitter<'_>) {
        let Some(&[high, low]) = self.bytes.get(14..).and_then(<[u8]>::first_chunk::<2>) else { return };
        let window = u16::from_be_bytes([high, low]);
        let range = part(self.layer, 14, 2);
        self.give(tcp::WINDOW_SIZE_VALUE, u32::from(window), range, out);
        let scale = self.verdict.map_or(WindowScale::Unknown, |verdict| verdict.window_scale);
        // The window of a SYN is never scaled (RFC 7323 section 2.2); of what is not whole Wireshark scales none.
        let scaled = !self.flags.syn() && self.payload.is_some();
        let size = if scaled { scale.apply(window) } else { u32::from(window) };
        self.give(tcp::WINDOW_SIZE, size, range, out);
        if !self.flags.syn() {
            out.give(tcp::WINDOW_SIZE_SCALEFACTOR, Value::Signed(i64::from(scale.factor())), range);
        }
    }

    fn checksum(&self, out: &mut Emitter<'_>) {
        let range = part(self.layer, 16, 2);
        emit_table(&[number(tcp::CHECKSUM, 16, 2)], self.layer, self.bytes, out);
        if out.wants(tcp::CHECKSUM_STATUS) || out.wants(tcp::CHECKSUM_CALCULATED) {
            let check = self.subject.context.preferences.check_tcp_checksum;
            let (status, calculated) = checksum_status(self.subject, self.layer, check);
            out.give(tcp::CHECKSUM_STATUS, Value::Unsigned(status), ByteRange::default());
            if let Some(calculated) = calculated {
                out.give(tcp::CHECKSUM_CALCULATED, Value::Unsigned(calculated), range);
            }
        }
    }

    fn payload(&self, out: &mut Emitter<'_>) {
        let payload = self.subject.packet.payload(self.layer);
        if payload.is_empty() {
            return;
        }
        let at = self.layer.payload.saturating_sub(self.layer.start);
        let range = part(self.layer, at, super::offset(payload.len()));
        if self.flags.rst() {
            // RFC 9293 section 3.5.2 lets a reset carry the reason as text.
            if out.wants(tcp::RESET_CAUSE) {
                // Text ends at a zero byte.
                let cause = payload.split(|byte| *byte == 0).next().unwrap_or(payload);
                out.give(tcp::RESET_CAUSE, Value::Text(&String::from_utf8_lossy(cause)), range);
            }
        } else {
            out.give(tcp::PAYLOAD, Value::Bytes(payload), range);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::transport::testing::{Wire, tcp};
    use crate::field::Preferences;

    const FIELDS: [&str; 8] = [
        "tcp.seq",
        "tcp.nxtseq",
        "tcp.ack",
        "tcp.len",
        "tcp.window_size",
        "tcp.window_size_scalefactor",
        "tcp.time_delta",
        "tcp.flags.str",
    ];

    #[test]
    fn numbers_windows_and_times_follow_from_the_packets_before() {
        let mut wire = Wire::default();
        let scale = |shift| [3, 3, shift, 0];
        let syn = wire.texts(&tcp(true, 100, 0, 0x02, 1000, &scale(7), b""), &FIELDS);
        assert_eq!(syn, ["0", "1", "0", "0", "1000", "", "0.000000000", "··········S·"]);
        let syn_ack = wire.texts(&tcp(false, 500, 101, 0x12, 1000, &scale(15), b""), &FIELDS);
        assert_eq!(syn_ack, ["0", "1", "1", "0", "1000", "", "0.001000000", "·······A··S·"]);
        let data = wire.texts(&tcp(true, 101, 501, 0x18, 1000, &[], b"hi"), &FIELDS);
        assert_eq!(data, ["1", "3", "1", "2", "128000", "128", "0.001000000", "·······AP···"]);
        let fin = wire.texts(&tcp(false, 501, 103, 0x11, 10, &[], b""), &FIELDS);
        assert_eq!(fin, ["1", "2", "3", "0", "163840", "16384", "0.001000000", "·······A···F"]);
    }

    #[test]
    fn windows_are_scaled_only_where_both_sides_offer_it() {
        let factors = |syn: &[u8], syn_ack: &[u8]| {
            let mut wire = Wire::default();
            wire.texts(&tcp(true, 100, 0, 0x02, 1000, syn, b""), &[]);
            wire.texts(&tcp(false, 500, 101, 0x12, 1000, syn_ack, b""), &[]);
            let ack = wire.texts(&tcp(true, 101, 501, 0x10, 9, &[], b""), &["tcp.window_size_scalefactor"]);
            let answer = wire.texts(&tcp(false, 501, 101, 0x10, 9, &[], b""), &["tcp.window_size"]);
            (ack.concat(), answer.concat())
        };
        let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
        assert_eq!(factors(&[3, 3, 2, 0], &[3, 3, 3, 0]), pair("4", "72"));
        assert_eq!(factors(&[3, 3, 2, 0], &[]), pair("-2", "9"));
        assert_eq!(factors(&[], &[3, 3, 3, 0]), pair("-2", "9"));
        let mut midway = Wire::default();
        let fields = ["tcp.window_size", "tcp.window_size_scalefactor", "tcp.seq", "tcp.ack"];
        assert_eq!(midway.texts(&tcp(true, 7, 9, 0x10, 5, &[], b""), &fields), ["5", "-1", "1", "1"]);
    }

    #[test]
    fn numbers_are_as_sent_where_that_is_wanted() {
        let raw = Preferences { relative_sequence_numbers: false, ..Preferences::default() };
        let mut wire = Wire::with(raw);
        let sack = [5, 10, 0, 0, 0, 20, 0, 0, 0, 30, 1, 1];
        let fields = ["tcp.seq", "tcp.ack", "tcp.nxtseq", "tcp.options.sack_le", "tcp.options.sack_re"];
        let packet = tcp(true, 7, 9, 0x10, 5, &sack, b"abc");
        assert_eq!(wire.texts(&packet, &fields), ["7", "9", "10", "20", "30"]);
        let mut wire = Wire::default();
        assert_eq!(wire.texts(&packet, &fields), ["1", "1", "4", "12", "22"]);
    }

    #[test]
    fn a_header_cut_by_the_capture_keeps_its_numbers_and_shows_what_is_there() {
        let packet = tcp(true, 7, 9, 0x10, 5, &[8, 10, 0, 0, 0, 1, 0, 0, 0, 2, 1, 1], b"abc");
        let fields = ["tcp.seq", "tcp.len", "tcp.options.timestamp.tsval", "tcp.options.timestamp.tsecr"];
        let cut = |len: usize| Wire::default().snapped(&packet[..len], packet.len(), &fields);
        assert_eq!(cut(20 + 28), ["1", "3", "1", ""]);
        assert_eq!(cut(20 + 16), ["1", "3", "", ""]);
        assert_eq!(cut(20 + 15), ["", "", "", ""]);
    }

    #[test]
    fn a_reset_carries_its_cause_and_no_payload() {
        let fields = ["tcp.reset_cause", "tcp.payload", "tcp.port"];
        let reset = Wire::default().texts(&tcp(true, 7, 9, 0x14, 5, &[], b"go away\0"), &fields);
        assert_eq!(reset, ["go away", "", "40000,12000"]);
        let data = Wire::default().texts(&tcp(true, 7, 9, 0x18, 5, &[], b"hi"), &fields);
        assert_eq!(data, ["", "6869", "40000,12000"]);
    }

    #[test]
    fn checksums_are_verified_when_asked_for() {
        let fields = ["tcp.checksum.status", "tcp.checksum_calculated"];
        let packet = tcp(true, 7, 9, 0x18, 5, &[], b"hi");
        assert_eq!(Wire::default().texts(&packet, &fields), ["2", ""]);
        let preferences = Preferences { check_tcp_checksum: true, ..Preferences::default() };
        let verified = Wire::with(preferences).texts(&packet, &fields);
        assert_eq!(verified[0], "0");
        let mut right = packet;
        let checksum = u16::from_str_radix(verified[1].trim_start_matches("0x"), 16).unwrap();
        right[36..38].copy_from_slice(&checksum.to_be_bytes());
        let again = Wire::with(preferences).texts(&right, &fields);
        assert_eq!(again, ["1", verified[1].as_str()]);
    }
}
