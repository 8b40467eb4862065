//! TCP.

use super::header::{HeaderField, bits, emit_table, number, words};
use super::{ByteRange, Emitter, Subject, part, whole};
use crate::decode::{Layer, TcpOption, TcpOptionIter};
use crate::field::Value;
use crate::field::names::tcp;
use crate::flow::Verdict;

static PORTS: &[HeaderField] = &[number(tcp::SRCPORT, 0, 2), number(tcp::DSTPORT, 2, 2)];
/// Numbers as sent; of a quoted segment Wireshark tells only the second, of a header that is no header the first.
static RAW: &[HeaderField] = &[number(tcp::SEQ_RAW, 4, 4), number(tcp::ACK_RAW, 8, 4)];
static LENGTH: &[HeaderField] = &[words(tcp::HDR_LEN, 12, 4)];
static TCP: &[HeaderField] = &[
    bits(tcp::FLAGS, 12, 2, 0, 0xfff),
    bits(tcp::FLAGS_URG, 13, 1, 5, 1),
    bits(tcp::FLAGS_ACK, 13, 1, 4, 1),
    bits(tcp::FLAGS_PUSH, 13, 1, 3, 1),
    bits(tcp::FLAGS_RESET, 13, 1, 2, 1),
    bits(tcp::FLAGS_SYN, 13, 1, 1, 1),
    bits(tcp::FLAGS_FIN, 13, 1, 0, 1),
    number(tcp::WINDOW_SIZE_VALUE, 14, 2),
    number(tcp::CHECKSUM, 16, 2),
    number(tcp::URGENT_POINTER, 18, 2),
];
/// Both ports are read before either is shown.
const PORTS_LEN: usize = 4;
/// Wireshark reads the TCP header this far before it shows more than the ports.
const READ_AHEAD: usize = 16;

pub(super) fn emit(subject: &Subject<'_>, layer: &Layer, verdict: Option<&Verdict>, out: &mut Emitter<'_>) {
    let header = subject.packet.header(layer);
    if header.len() < PORTS_LEN || !out.wants_any_of(tcp::PROTOCOL) {
        return;
    }
    out.open(tcp::PROTOCOL, Value::Bytes(header), whole(subject.packet, layer));
    segment(subject, layer, verdict, out);
    out.close();
}

fn segment(subject: &Subject<'_>, layer: &Layer, verdict: Option<&Verdict>, out: &mut Emitter<'_>) {
    let header = subject.packet.header(layer);
    emit_table(PORTS, layer, header, out);
    if header.len() < READ_AHEAD {
        return;
    }
    if let Some(id) = verdict.and_then(|verdict| verdict.id) {
        out.give(tcp::STREAM, Value::Unsigned(u64::from(id.number)), ByteRange::default());
    }
    let header_len = header.get(12).map_or(0, |byte| u32::from(byte >> 4) * 4);
    let on_wire = layer.claimed_end.saturating_sub(layer.start);
    let (seq, ack) = RAW.split_at_checked(1).unwrap_or((RAW, &[]));
    if !layer.quoted {
        // How much a fragment's segment holds, its length field does not tell.
        let len = on_wire.checked_sub(header_len).filter(|_| !subject.packet.is_first_fragment(layer));
        if let Some(len) = len {
            out.give(tcp::LEN, Value::Unsigned(u64::from(len)), ByteRange::default());
        }
        emit_table(seq, layer, header, out);
    }
    if header_len >= 20 {
        emit_table(ack, layer, header, out);
    }
    emit_table(LENGTH, layer, header, out);
    if header_len >= 20 && emit_table(TCP, layer, header, out) {
        options(layer, header, out);
    }
}

fn options(layer: &Layer, header: &[u8], out: &mut Emitter<'_>) {
    let mut options = TcpOptionIter::new(header.get(20..).unwrap_or(&[]));
    loop {
        let at = options.offset();
        let Some(option) = options.next() else { return };
        let mut give = |id, value: u32, from: u32, len: u32| {
            let range = part(layer, 20_u32.saturating_add(at).saturating_add(from), len);
            out.give(id, Value::Unsigned(u64::from(value)), range);
        };
        match option {
            TcpOption::MaximumSegmentSize(mss) => give(tcp::OPTIONS_MSS_VAL, u32::from(mss), 2, 2),
            TcpOption::WindowScale(shift) => {
                give(tcp::OPTIONS_WSCALE_SHIFT, u32::from(shift), 2, 1);
            }
            TcpOption::Timestamps { value, echo } => {
                give(tcp::OPTIONS_TIMESTAMP_TSVAL, value, 2, 4);
                give(tcp::OPTIONS_TIMESTAMP_TSECR, echo, 6, 4);
            }
            _ => {}
        }
    }
}
