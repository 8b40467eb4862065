//! Whole connections that carry DNS.

use super::*;
use crate::decode::{Decoder, TcpFlags};
use crate::flow::FlowTable;
use crate::source::LinkType;

/// A connection to port 53 on its way through decoder, flow table and analyzers.
#[derive(Default)]
struct Wire {
    decoder: Decoder,
    table: FlowTable,
    analyzers: Analyzers,
    number: u64,
    /// What segments acknowledge.
    ack: u32,
    /// Of each message the number in it, and how many bytes it has.
    found: Vec<(u16, usize)>,
}

const SYN: u16 = TcpFlags::SYN;
const ACK: u16 = TcpFlags::ACK;
const FIN: u16 = TcpFlags::FIN;
const RST: u16 = TcpFlags::RST;

/// A DNS query with a number, and its length before it as on a stream.
fn query(id: u16) -> Vec<u8> {
    let mut out = vec![0, 17];
    out.extend(id.to_be_bytes());
    out.extend([1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 1]);
    out
}

impl Wire {
    fn ip(&mut self, protocol: u8, is_client: bool, body: &[u8]) {
        let (src, dst) = if is_client { (1, 2) } else { (2, 1) };
        let len = u16::try_from(body.len() + 20).unwrap().to_be_bytes();
        let mut data = vec![0x45, 0, len[0], len[1], 0, 1, 0, 0, 64, protocol, 0, 0];
        data.extend([192, 0, 2, src, 192, 0, 2, dst]);
        data.extend(body);
        self.number += 1;
        let packet = CapturedPacket {
            number: self.number,
            ts: None,
            wire_len: u32::try_from(data.len()).unwrap(),
            interface: 0,
            link: LinkType::RAW,
            data: &data,
        };
        let decoded = self.decoder.decode(packet.link, packet.data, packet.wire_len);
        let verdicts = self.table.observe(&packet, &decoded);
        let messages = self.analyzers.observe(&packet, &decoded, verdicts);
        note(&mut self.found, messages, &decoded.with_joined(messages.joined()));
    }

    fn tcp(&mut self, is_client: bool, client: u16, seq: u32, flags: u16, payload: &[u8]) {
        let (src, dst) = if is_client { (client, 53) } else { (53, client) };
        let mut out = [src.to_be_bytes(), dst.to_be_bytes()].concat();
        out.extend(seq.to_be_bytes().iter().chain(&self.ack.to_be_bytes()));
        out.extend((5 << 12 | flags).to_be_bytes().iter().chain(&[0xff, 0xff, 0, 0, 0, 0]));
        out.extend(payload);
        self.ip(6, is_client, &out);
    }

    /// The client's next segment.
    fn c(&mut self, seq: u32, flags: u16, payload: &[u8]) {
        self.tcp(true, 4000, seq, flags, payload);
    }

    fn udp(&mut self, client: u16, payload: &[u8]) {
        let len = u16::try_from(payload.len() + 8).unwrap();
        let mut out = [client, 53, len, 0].map(u16::to_be_bytes).concat();
        out.extend(payload);
        self.ip(17, true, &out);
    }

    fn finish(&mut self) {
        let found = &mut self.found;
        self.analyzers
            .finish(&mut |messages| note(found, messages, &DecodedPacket::of_joined(messages.joined())));
    }

    fn ids(&self) -> Vec<u16> {
        self.found.iter().map(|found| found.0).collect()
    }
}

fn note(found: &mut Vec<(u16, usize)>, messages: &Messages, decoded: &DecodedPacket<'_>) {
    for message in messages.all() {
        let bytes = message.bytes(decoded);
        found.push((u16::from_be_bytes([bytes[2], bytes[3]]), bytes.len()));
    }
}

#[test]
fn segments_come_in_any_order_from_the_first_on() {
    let mut wire = Wire::default();
    wire.c(100, SYN, &[]);
    wire.c(101 + 19, ACK, &query(2));
    assert_eq!(wire.ids(), [0; 0]);
    wire.c(101, ACK, &query(1));
    wire.c(101, ACK, &[query(1), query(2), query(3)].concat());
    assert_eq!(wire.ids(), [1, 2, 3], "bytes that were sent again are told once");
}

#[test]
fn a_side_alone_may_be_out_of_order() {
    let mut wire = Wire { ack: 101, ..Wire::default() };
    wire.tcp(false, 4000, 300, SYN | ACK, &[]);
    // What it answers was not captured.
    wire.ack = 701;
    let all = [query(1), query(2), query(3)].concat();
    wire.tcp(false, 4000, 301, ACK, &all[..30]);
    wire.tcp(false, 4000, 341, ACK, &all[40..]);
    wire.tcp(false, 4000, 331, ACK, &all[30..40]);
    assert_eq!(wire.ids(), [1, 2, 3]);
}

#[test]
fn a_capture_may_begin_in_the_middle() {
    let mut wire = Wire::default();
    wire.c(500, ACK, &[0xff; 40]);
    wire.c(540, ACK, &query(9));
    assert_eq!(wire.ids(), [9]);
}

#[test]
fn the_byte_of_a_keep_alive_belongs_to_nothing() {
    let mut wire = Wire::default();
    wire.c(100, SYN, &[]);
    wire.c(101, ACK, &query(1));
    wire.c(119, ACK, &[0]);
    wire.c(119, ACK, &[0xaa]);
    wire.c(120, ACK, &query(2));
    assert_eq!(wire.ids(), [1, 2]);
}

#[test]
fn a_reset_ends_both_sides_and_the_port_may_be_used_again() {
    let mut wire = Wire::default();
    for begin in [100, 5_000_000] {
        wire.c(begin, SYN, &[]);
        wire.c(begin + 1, ACK, &query(1));
        wire.c(begin + 20, ACK, &query(2)[..7]);
        wire.tcp(false, 4000, 1, RST, &[]);
        assert_eq!(wire.analyzers.held, 0);
        wire.c(begin + 27, ACK, &query(2)[7..]);
    }
    assert_eq!(wire.found, [(1, 19), (2, 7), (1, 19), (2, 7)], "nobody listens after a reset");
}

#[test]
fn a_flow_that_nothing_is_recognised_in_is_let_go_at_its_end() {
    let mut wire = Wire::default();
    for n in 0..u32::from(MAX_TRIES) {
        wire.c(100 + n * 20, ACK, &[0xff; 20]);
    }
    wire.tcp(false, 4000, 1, ACK, &[0xff; 20]);
    wire.c(100 + u32::from(MAX_TRIES) * 20, ACK | FIN, &[]);
    assert!(matches!(wire.analyzers.flows[..], [Slot::Stream(_)]));
    wire.tcp(false, 4000, 21, ACK | FIN, &[]);
    assert!(matches!(wire.analyzers.flows[..], [Slot::Done(None)]));
}

#[test]
fn tiny_segments_that_wait_count_with_what_they_cost() {
    let mut wire = Wire::default();
    wire.c(100, SYN, &[]);
    for n in 0..1000 {
        wire.c(103 + 2 * n, ACK, &[0]);
    }
    assert!(wire.analyzers.held > 100 * 1000, "{}", wire.analyzers.held);
}

#[test]
fn what_all_flows_keep_is_bounded() {
    let mut wire = Wire::default();
    // As if other flows kept nearly all that may be kept.
    let others = MAX_HELD_BYTES - 100_000;
    wire.analyzers.held = others;
    for client in 1..=20 {
        wire.tcp(true, client, 100, SYN, &[]);
        wire.tcp(true, client, 101, ACK, &query(1)[..18]);
        wire.tcp(true, client, 121, ACK, &[0xff; 9000]);
        assert!(wire.analyzers.held <= MAX_HELD_BYTES);
    }
    assert!(wire.analyzers.limits().given_up >= 10, "{:?}", wire.analyzers.limits());
    let kept = |slot: &Slot| if let Slot::Stream(stream) = slot { stream.held() } else { 0 };
    assert_eq!(wire.analyzers.flows.iter().map(kept).sum::<usize>(), wire.analyzers.held - others);
    wire.finish();
}

#[test]
fn a_flow_of_datagrams_takes_little_memory() {
    assert!(size_of::<Slot>() <= 24);
    assert!(size_of::<Stream>() <= 512);
    let mut wire = Wire::default();
    for client in 1..=3 {
        wire.udp(client, &query(client)[2..]);
        wire.udp(client, &query(client + 10)[2..]);
    }
    assert_eq!(wire.found.len(), 6);
    assert!(wire.analyzers.flows.iter().all(|slot| matches!(slot, Slot::Datagrams(Protocol::Dns, _))));
}
