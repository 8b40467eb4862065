//! What the fields of UDP and TCP have in common.

use super::{ByteRange, Emitter, Subject, status};
use crate::decode::{ChecksumVerdict, Layer, LayerKind, Unverifiable};
use crate::field::{FieldId, Value};
use crate::flow::Verdict;

/// Source and destination port, and both again as the port of either side: `ids` in this order.
pub(super) fn ports(ids: &[FieldId; 3], layer: &Layer, header: &[u8], out: &mut Emitter<'_>) {
    let &[source, destination, either] = ids;
    let Some(&[s0, s1, d0, d1]) = header.first_chunk::<4>() else { return };
    let (from, to) = (u64::from(u16::from_be_bytes([s0, s1])), u64::from(u16::from_be_bytes([d0, d1])));
    let (at_from, at_to) = (super::part(layer, 0, 2), super::part(layer, 2, 2));
    out.give(source, Value::Unsigned(from), at_from);
    out.give(destination, Value::Unsigned(to), at_to);
    out.give(either, Value::Unsigned(from), at_from);
    out.give(either, Value::Unsigned(to), at_to);
}

/// Time since earlier packets of the conversation.
pub(super) fn seconds(first: FieldId, previous: FieldId, verdict: &Verdict, out: &mut Emitter<'_>) {
    out.give(first, Value::Delta(verdict.elapsed.since_first), ByteRange::default());
    out.give(previous, Value::Delta(verdict.elapsed.since_previous), ByteRange::default());
}

/// Wireshark's status of a checksum, and the right checksum where `check` asks for it to be worked out.
pub(super) fn checksum_status(subject: &Subject<'_>, layer: &Layer, check: bool) -> (u64, Option<u64>) {
    let header = subject.packet.header(layer);
    if layer.kind == LayerKind::Udp && header.get(6..8) == Some(&[0, 0]) {
        // RFC 8200 section 8.1: over IPv6 it may not be left out.
        let over_v6 = subject.packet.carrier(layer).is_some_and(|ip| ip.kind == LayerKind::Ipv6);
        return (if over_v6 { status::ILLEGAL } else { status::NOT_PRESENT }, None);
    }
    if !check {
        return (status::UNVERIFIED, None);
    }
    let found = || {
        let at = if layer.kind == LayerKind::Udp { 6..8 } else { 16..18 };
        header.get(at).map(|bytes| bytes.iter().fold(0_u64, |sum, byte| sum << 8 | u64::from(*byte)))
    };
    match subject.packet.checksum(layer) {
        // Wireshark knows nothing of checksums that the network card fills in.
        ChecksumVerdict::NotVerifiable(Unverifiable::Offload) => (status::BAD, None),
        verdict => {
            let calculated = match verdict {
                ChecksumVerdict::Good => found(),
                ChecksumVerdict::Bad { expected, .. } => Some(u64::from(expected)),
                ChecksumVerdict::NotVerifiable(_) | ChecksumVerdict::Absent => None,
            };
            (status::of(verdict), calculated)
        }
    }
}

/// Packets of a made-up wire, and the texts of their fields.
#[cfg(test)]
pub(super) mod testing {
    use crate::decode::Decoder;
    use crate::field::{ByteRange, FieldId, FieldSink, PacketContext, Preferences, Value, emit};
    use crate::flow::FlowTable;
    use crate::proto::{AnalyzerOptions, Analyzers};
    use crate::source::{CapturedPacket, LinkType};
    use crate::time::Timestamp;

    /// The tables that see packets and the number of the next one: one a millisecond.
    pub(crate) struct Wire {
        table: FlowTable,
        analyzers: Analyzers,
        number: u64,
        preferences: Preferences,
    }

    struct Cells<'a>(&'a [FieldId], Vec<String>);

    impl FieldSink for Cells<'_> {
        fn field(&mut self, id: FieldId, value: Value<'_>, _: ByteRange) {
            let place = self.0.iter().position(|other| *other == id).expect("only what is wanted");
            let cell = &mut self.1[place];
            if !cell.is_empty() {
                cell.push(',');
            }
            value.write(id.def().kind, cell).unwrap();
        }
    }

    impl Default for Wire {
        fn default() -> Self {
            Self {
                table: FlowTable::default(),
                analyzers: Analyzers::new(AnalyzerOptions::default()),
                number: 0,
                preferences: Preferences::default(),
            }
        }
    }

    impl Wire {
        pub(crate) fn with(preferences: Preferences) -> Self {
            Self { preferences, ..Self::default() }
        }

        /// The texts of `fields`, separated by spaces in their names and by ` | ` in the answer.
        pub(crate) fn line(&mut self, data: &[u8], fields: &str) -> String {
            self.texts(data, &fields.split(' ').collect::<Vec<_>>()).join(" | ")
        }

        /// The texts of `fields` of the next packet, all of it captured.
        pub(crate) fn texts(&mut self, data: &[u8], fields: &[&str]) -> Vec<String> {
            self.snapped(data, data.len(), fields)
        }

        /// The same of a packet that had `wire_len` bytes.
        pub(crate) fn snapped(&mut self, data: &[u8], wire_len: usize, fields: &[&str]) -> Vec<String> {
            self.number += 1;
            let ts = Some(Timestamp::from_nanos(i128::from(self.number) * 1_000_000));
            let wire_len = u32::try_from(wire_len).unwrap();
            let number = self.number;
            let packet = CapturedPacket { number, ts, wire_len, interface: 0, link: LinkType::RAW, data };
            let mut decoder = Decoder::new();
            let decoded = decoder.decode(packet.link, data, wire_len);
            let verdicts = self.table.observe(&packet, &decoded);
            let messages = self.analyzers.observe(&packet, &decoded, verdicts);
            let decoded = decoded.with_joined(messages.joined());
            let context = PacketContext {
                verdicts,
                messages: Some(messages),
                preferences: self.preferences,
                ..PacketContext::default()
            };
            let ids: Vec<_> = fields.iter().map(|name| FieldId::named(name).expect(name)).collect();
            let mut cells = Cells(&ids, vec![String::new(); ids.len()]);
            emit(&packet, &decoded, &context, &ids.iter().copied().collect(), &mut cells);
            cells.1
        }
    }

    fn ipv4(protocol: u8, from_client: bool, payload: &[u8]) -> Vec<u8> {
        let length = u16::try_from(20 + payload.len()).unwrap().to_be_bytes();
        let (src, dst) = if from_client { (1, 2) } else { (2, 1) };
        let mut packet = vec![0x45, 0, length[0], length[1], 0, 1, 0, 0, 64, protocol, 0, 0];
        packet.extend([192, 0, 2, src, 192, 0, 2, dst]);
        packet.extend(payload);
        packet
    }

    fn ports(from_client: bool) -> Vec<u8> {
        let (src, dst): (u16, u16) = if from_client { (40000, 12000) } else { (12000, 40000) };
        [src.to_be_bytes(), dst.to_be_bytes()].concat()
    }

    /// An IPv4 packet with a segment whose checksum is 0; `options` are whole words.
    pub(crate) fn tcp(
        from_client: bool,
        seq: u32,
        ack: u32,
        flags: u16,
        window: u16,
        options: &[u8],
        payload: &[u8],
    ) -> Vec<u8> {
        let mut segment = ports(from_client);
        segment.extend(seq.to_be_bytes().iter().chain(&ack.to_be_bytes()));
        let words = u16::try_from(5 + options.len() / 4).unwrap();
        segment.extend((words << 12 | flags).to_be_bytes().iter().chain(&window.to_be_bytes()));
        segment.extend([0; 4].iter().chain(options).chain(payload));
        ipv4(6, from_client, &segment)
    }

    /// An IPv4 packet with a datagram without a checksum.
    pub(crate) fn udp(from_client: bool, payload: &[u8]) -> Vec<u8> {
        let mut datagram = ports(from_client);
        datagram.extend(u16::try_from(8 + payload.len()).unwrap().to_be_bytes());
        datagram.extend([0; 2].iter().chain(payload));
        ipv4(17, from_client, &datagram)
    }
}
