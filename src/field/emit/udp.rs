//! UDP and UDP-Lite.

use super::header::{HeaderField, emit_table, number};
use super::transport::{checksum_status, ports, seconds};
use super::{ByteRange, Emitter, Subject, own, part};
use crate::decode::{Layer, LayerKind};
use crate::field::Value;
use crate::field::names::udp;
use crate::flow::Verdict;

static LENGTH: &[HeaderField] = &[number(udp::LENGTH, 4, 2)];
static CHECKSUM: &[HeaderField] = &[number(udp::CHECKSUM, 6, 2)];

/// Both ports are read before either is shown.
const PORTS_LEN: usize = 4;

pub(super) fn emit(subject: &Subject<'_>, layer: &Layer, verdict: Option<&Verdict>, out: &mut Emitter<'_>) {
    let header = subject.packet.header(layer);
    if header.len() < PORTS_LEN || !out.wants_any_of(udp::PROTOCOL) {
        return;
    }
    out.protocol(udp::PROTOCOL, subject, layer, own(layer));
    datagram(subject, layer, header, verdict, out);
    out.close();
}

fn datagram(
    subject: &Subject<'_>,
    layer: &Layer,
    header: &[u8],
    verdict: Option<&Verdict>,
    out: &mut Emitter<'_>,
) {
    ports(&[udp::SRCPORT, udp::DSTPORT, udp::PORT], layer, header, out);
    // A header with an impossible length is given up at its checksum.
    if !emit_table(LENGTH, layer, header, out) || subject.packet.is_cut(layer) {
        return;
    }
    if emit_table(CHECKSUM, layer, header, out) && layer.kind == LayerKind::Udp {
        let check = subject.context.preferences.check_udp_checksum;
        let (status, calculated) = checksum_status(subject, layer, check);
        out.give(udp::CHECKSUM_STATUS, Value::Unsigned(status), ByteRange::default());
        if let Some(calculated) = calculated {
            out.give(udp::CHECKSUM_CALCULATED, Value::Unsigned(calculated), part(layer, 6, 2));
        }
    }
    if let Some((verdict, id)) = verdict.and_then(|verdict| Some((verdict, verdict.id?))) {
        out.give(udp::STREAM, Value::Unsigned(u64::from(id.number)), ByteRange::default());
        if !layer.quoted {
            seconds(udp::TIME_RELATIVE, udp::TIME_DELTA, verdict, out);
        }
    }
    let payload = subject.packet.payload(layer);
    if !payload.is_empty() {
        let at = layer.payload.saturating_sub(layer.start);
        out.give(udp::PAYLOAD, Value::Bytes(payload), part(layer, at, super::offset(payload.len())));
    }
}

#[cfg(test)]
mod tests {
    use super::super::transport::testing::{Wire, udp};

    #[test]
    fn a_datagram_tells_ports_twice_time_and_payload() {
        let fields = ["udp.port", "udp.checksum.status", "udp.stream", "udp.time_relative", "udp.payload"];
        let mut wire = Wire::default();
        assert_eq!(
            wire.texts(&udp(true, b"hey"), &fields),
            ["40000,12000", "3", "0", "0.000000000", "686579"]
        );
        wire.texts(&udp(true, b""), &[]);
        assert_eq!(wire.texts(&udp(false, b""), &fields), ["12000,40000", "3", "0", "0.002000000", ""]);
    }

    #[test]
    fn a_length_that_cannot_be_ends_the_datagram_at_its_checksum() {
        let mut packet = udp(true, b"hey");
        packet[25] = 7;
        let fields = ["udp.length", "udp.checksum", "udp.stream", "udp.payload"];
        assert_eq!(Wire::default().texts(&packet, &fields), ["7", "", "", ""]);
    }
}
