//! The stories a connection can have, each from hand-built packets.

mod close;
mod payload;

use super::*;
use crate::decode::{Decoder, TcpFlags, TransportProtocol};
use crate::source::{CapturedPacket, LinkType};
use crate::time::Timestamp;

const CLIENT: ([u8; 4], u16) = ([192, 0, 2, 1], 40000);
const SERVER: ([u8; 4], u16) = ([192, 0, 2, 2], 12000);
const SYN: u16 = TcpFlags::SYN;
const ACK: u16 = TcpFlags::ACK;
const FIN: u16 = TcpFlags::FIN;
const RST: u16 = TcpFlags::RST;

fn ipv4(protocol: u8, src: [u8; 4], dst: [u8; 4], payload: &[u8]) -> Vec<u8> {
    let length = u16::try_from(20 + payload.len()).unwrap().to_be_bytes();
    let mut packet = vec![0x45, 0, length[0], length[1], 0, 1, 0, 0, 64, protocol, 0, 0];
    packet.extend(src.iter().chain(&dst).chain(payload));
    packet
}

fn tcp_header(sport: u16, dport: u16, seq: u32, ack: u32, flags: u16, options: &[u8]) -> Vec<u8> {
    let mut header = Vec::new();
    header.extend(sport.to_be_bytes().iter().chain(&dport.to_be_bytes()));
    header.extend(seq.to_be_bytes().iter().chain(&ack.to_be_bytes()));
    let words = u16::try_from(5 + options.len() / 4).unwrap();
    header.extend((words << 12 | flags).to_be_bytes());
    header.extend([0xff, 0xff, 0, 0, 0, 0]);
    header.extend(options);
    header
}

/// A table and the time and number of the next packet: one a millisecond.
struct Wire {
    table: FlowTable,
    decoder: Decoder,
    number: u64,
    /// What verifying the next packets' checksums finds.
    verified: Verified,
}

impl Wire {
    fn new() -> Self {
        Self::keeping(PayloadWanted::for_story(1000))
    }

    fn keeping(wanted: PayloadWanted) -> Self {
        let table = FlowTable::with_payload(wanted);
        Self { table, decoder: Decoder::new(), number: 0, verified: Verified::No }
    }

    fn packet(&mut self, data: &[u8]) -> Vec<Verdict> {
        self.snapped(data, 0)
    }

    /// A packet of which the capture left out the last `cut` bytes.
    fn snapped(&mut self, data: &[u8], cut: u32) -> Vec<Verdict> {
        self.number += 1;
        let ts = Some(Timestamp::from_nanos(i128::from(self.number) * 1_000_000));
        let wire_len = u32::try_from(data.len()).unwrap() + cut;
        let link = LinkType::RAW;
        let packet = CapturedPacket { number: self.number, ts, wire_len, interface: 0, link, data };
        let decoded = self.decoder.decode(link, data, wire_len);
        self.table.observe_verified(&packet, &decoded, self.verified).to_vec()
    }

    fn tcp(&mut self, header: &[u8], from_client: bool, payload: &[u8]) -> TcpVerdict {
        let (src, dst) = if from_client { (CLIENT, SERVER) } else { (SERVER, CLIENT) };
        let mut packet = ipv4(6, src.0, dst.0, &[header, payload].concat());
        // Each its own identification, or what is sent again would be a frame captured twice.
        packet[4..6].copy_from_slice(&u16::try_from(self.number % 60_000 + 2).unwrap().to_be_bytes());
        let verdicts = self.packet(&packet);
        assert_eq!(verdicts.len(), 1);
        verdicts[0].tcp.unwrap()
    }

    /// A segment of the client.
    fn c(&mut self, seq: u32, ack: u32, flags: u16, payload: &[u8]) -> TcpVerdict {
        self.tcp(&tcp_header(CLIENT.1, SERVER.1, seq, ack, flags, &[]), true, payload)
    }

    /// A segment of the server.
    fn s(&mut self, seq: u32, ack: u32, flags: u16, payload: &[u8]) -> TcpVerdict {
        self.tcp(&tcp_header(SERVER.1, CLIENT.1, seq, ack, flags, &[]), false, payload)
    }

    fn handshake(&mut self) {
        self.c(100, 0, SYN, b"");
        self.s(500, 101, SYN | ACK, b"");
        self.c(101, 501, ACK, b"");
    }

    fn udp(&mut self, from_client: bool, payload: &[u8]) -> Verdict {
        let (src, dst) = if from_client { (CLIENT, SERVER) } else { (SERVER, CLIENT) };
        self.packet(&ipv4(17, src.0, dst.0, &udp_datagram(src.1, dst.1, payload)))[0]
    }

    fn flow(&self) -> &Flow {
        self.table.flows().last().unwrap()
    }

    fn tcp_flow(&self) -> &TcpFlow {
        self.flow().tcp.as_deref().unwrap()
    }

    fn ends(&self, state: &str, history: &str) {
        assert_eq!((self.flow().conn_state().name(), self.tcp_flow().history.as_str()), (state, history));
    }

    fn turns(&self) -> Vec<(&'static str, String, u64)> {
        let turns = &self.flow().conversation.as_ref().unwrap().turns;
        let text = |turn: &Turn| String::from_utf8_lossy(&turn.bytes).into_owned();
        turns.iter().map(|turn| (turn.direction.sender(), text(turn), turn.gap_before)).collect()
    }
}

fn udp_datagram(sport: u16, dport: u16, payload: &[u8]) -> Vec<u8> {
    let length = u16::try_from(8 + payload.len()).unwrap();
    let fields = [sport, dport, length, 0];
    fields.iter().flat_map(|field| field.to_be_bytes()).chain(payload.iter().copied()).collect()
}

fn said(turns: &[(&'static str, &str, u64)]) -> Vec<(&'static str, String, u64)> {
    turns.iter().map(|&(who, text, gap)| (who, text.to_owned(), gap)).collect()
}

#[test]
fn a_whole_connection() {
    let mut wire = Wire::new();
    let options = [2, 4, 0xff, 0xd7, 4, 2, 8, 10, 0, 0, 0, 9, 0, 0, 0, 0, 1, 3, 3, 7];
    let step = wire.tcp(&tcp_header(CLIENT.1, SERVER.1, 100, 0, SYN, &options), true, b"");
    assert_eq!((step.step, step.seq, step.ack), (Some(HandshakeStep::Syn), 0, 0));
    let step = wire.tcp(&tcp_header(SERVER.1, CLIENT.1, 500, 101, SYN | ACK, &options[..16]), false, b"");
    assert_eq!((step.step, step.seq, step.ack), (Some(HandshakeStep::SynAck), 0, 1));
    let step = wire.c(101, 501, ACK, b"");
    assert_eq!((step.step, step.seq, step.ack), (Some(HandshakeStep::Ack), 1, 1));
    assert_eq!(wire.c(101, 501, ACK, b"Knock knock..").step, None);
    wire.s(501, 114, ACK, b"");
    wire.s(501, 114, ACK, b"Who's there?");
    wire.c(114, 513, ACK | FIN, b"");
    wire.s(513, 115, ACK | FIN, b"");
    wire.c(115, 514, ACK, b"");
    wire.table.finish();

    wire.ends("SF", "ShADadFf");
    let flow = wire.flow();
    assert_eq!(flow.id, FlowId { protocol: TransportProtocol::Tcp, number: 0 });
    assert_eq!((flow.orig_reason, flow.tuple.orig.port), (OrigReason::Syn, CLIENT.1));
    assert_eq!((flow.orig.packets, flow.resp.packets, flow.packets()), (5, 4, 9));
    assert_eq!((flow.orig.payload_bytes, flow.resp.payload_bytes), (13, 12));
    assert_eq!(flow.orig.sample.as_bytes(), b"Knock knock..");
    assert_eq!(flow.duration().unwrap().as_nanos(), 8_000_000);
    let tcp = wire.tcp_flow();
    let handshake = &tcp.handshake;
    assert_eq!(handshake.opening(), Opening::Complete);
    assert_eq!(handshake.rtt().unwrap().as_nanos(), 2_000_000);
    assert_eq!((handshake.orig_isn, handshake.resp_isn), (Some(100), Some(500)));
    assert_eq!(handshake.mss(Direction::OrigToResp), Some(65495));
    assert!(handshake.sack_in_effect() && handshake.timestamps_in_effect());
    // The server did not offer a window scale, so the client's is not in effect either.
    assert_eq!(handshake.window_shift(Direction::OrigToResp), Some(0));
    let end = &tcp.teardown;
    assert!(end.is_orderly());
    assert_eq!(end.closed_first(), Some(Direction::OrigToResp));
    assert_eq!((end.orig_fin.unwrap().number, end.orig_fin_acked.unwrap().number), (7, 8));
    assert_eq!((end.resp_fin.unwrap().number, end.resp_fin_acked.unwrap().number), (8, 9));
    assert_eq!(wire.turns(), said(&[("orig", "Knock knock..", 0), ("resp", "Who's there?", 0)]));
    assert_eq!(flow.conversation.as_ref().unwrap().turns[0].packets, [4]);
    assert_eq!(wire.table.limits(), FlowLimits::default());
}

#[test]
fn a_refused_connection() {
    let mut wire = Wire::new();
    wire.c(100, 0, SYN, b"");
    assert!(wire.s(0, 101, RST | ACK, b"").refuses);
    wire.ends("REJ", "Sr");
    let handshake = &wire.tcp_flow().handshake;
    assert_eq!(handshake.opening(), Opening::Refused);
    assert_eq!(handshake.refused_after().unwrap().as_nanos(), 1_000_000);
    let reset = wire.tcp_flow().teardown.reset.as_deref().unwrap();
    assert_eq!(reset.by, Direction::RespToOrig);
    assert_eq!(reset.answers.map(|(stamp, kind)| (stamp.number, kind)), Some((1, SegmentKind::Syn)));
}

#[test]
fn an_unanswered_syn_that_is_tried_again() {
    let mut wire = Wire::new();
    assert!(!wire.c(100, 0, SYN, b"").handshake_retry);
    for _ in 0..20 {
        let verdict = wire.c(100, 0, SYN, b"");
        assert!(verdict.handshake_retry && verdict.repeat == Repeat::Whole && !verdict.port_reused);
    }
    wire.ends("S0", "S");
    let handshake = &wire.tcp_flow().handshake;
    assert_eq!(handshake.opening(), Opening::Unanswered);
    assert_eq!((handshake.syn_retries.len(), handshake.syn_retry_count), (MAX_RETRIES, 20));
}

#[test]
fn a_refusal_is_timed_from_the_try_that_it_answers() {
    let mut wire = Wire::new();
    wire.c(100, 0, SYN, b"");
    wire.c(100, 0, SYN, b"");
    wire.s(0, 101, RST | ACK, b"");
    // Some systems try once more after a refusal.
    wire.c(100, 0, SYN, b"");
    assert!(wire.s(0, 101, RST | ACK, b"").refuses);
    let handshake = &wire.tcp_flow().handshake;
    assert_eq!(handshake.refused.unwrap().number, 3);
    assert_eq!(handshake.refused_after().unwrap().as_nanos(), 1_000_000);
}

#[test]
fn a_syn_ack_that_is_not_answered() {
    let mut wire = Wire::new();
    wire.c(100, 0, SYN, b"");
    wire.s(500, 101, SYN | ACK, b"");
    assert!(wire.s(500, 101, SYN | ACK, b"").handshake_retry);
    wire.ends("S1", "Sh");
    assert_eq!(wire.tcp_flow().handshake.opening(), Opening::NotCompleted);
    assert_eq!(wire.tcp_flow().handshake.syn_ack_retries[0].number, 3);
}

#[test]
fn a_half_close_that_is_used() {
    let mut wire = Wire::new();
    wire.handshake();
    wire.c(101, 501, ACK | FIN, b"end of request");
    wire.s(501, 116, ACK, b"");
    wire.s(501, 116, ACK, b"the answer");
    wire.c(116, 511, ACK, b"");
    wire.s(511, 116, ACK | FIN, b"");
    wire.c(116, 512, ACK, b"");
    wire.ends("SF", "ShADFadf");
    let end = &wire.tcp_flow().teardown;
    assert_eq!((end.half_close_bytes, end.data_after_close), (10, None));
    assert_eq!(end.orig_fin_acked.unwrap().number, 5);
    assert!(end.is_orderly());
}

#[test]
fn only_one_side_closes() {
    let mut wire = Wire::new();
    wire.handshake();
    wire.s(501, 101, ACK | FIN, b"");
    wire.c(101, 502, ACK, b"");
    wire.ends("S3", "ShAf");
    let end = &wire.tcp_flow().teardown;
    assert_eq!(end.closed_first(), Some(Direction::RespToOrig));
    assert!(!end.is_orderly());
}

#[test]
fn a_reset_in_answer_to_data_and_data_after_it() {
    let mut wire = Wire::new();
    wire.handshake();
    wire.c(101, 501, ACK, b"hello?");
    assert!(!wire.s(501, 0, RST, b"").refuses);
    assert!(wire.c(107, 501, ACK, b"anybody?").after_close);
    wire.ends("RSTR", "ShADr");
    let end = &wire.tcp_flow().teardown;
    let reset = end.reset.as_deref().unwrap();
    assert_eq!(reset.answers.map(|(stamp, kind)| (stamp.number, kind)), Some((4, SegmentKind::Data)));
    assert_eq!(end.data_after_close, Some(6));
}

#[test]
fn an_abort_answers_nothing() {
    let mut wire = Wire::new();
    wire.handshake();
    wire.c(101, 501, ACK, b"bye");
    wire.c(104, 501, RST | ACK, b"");
    wire.ends("RSTO", "ShADR");
    assert_eq!(wire.tcp_flow().teardown.reset.as_deref().unwrap().answers, None);
}

#[test]
fn a_capture_that_starts_later() {
    let mut wire = Wire::new();
    let first = wire.c(5000, 9000, ACK, b"middle");
    assert_eq!((first.seq, first.ack, first.step), (1, 1, None));
    assert_eq!(wire.s(9000, 5006, ACK, b"of it").seq, 1);
    wire.ends("OTH", "Dd");
    assert_eq!(wire.flow().orig_reason, OrigReason::FirstPacket);
    assert_eq!(wire.tcp_flow().handshake.opening(), Opening::NotCaptured);
    assert_eq!(wire.tcp_flow().handshake.rtt(), None);
    assert_eq!(wire.turns(), said(&[("orig", "middle", 0), ("resp", "of it", 0)]));
}

#[test]
fn a_capture_that_starts_at_the_syn_ack() {
    let mut wire = Wire::new();
    wire.s(500, 101, SYN | ACK, b"");
    assert_eq!(wire.c(101, 501, ACK, b"").step, Some(HandshakeStep::Ack));
    assert_eq!((wire.flow().orig_reason, wire.flow().tuple.orig.port), (OrigReason::SynAck, CLIENT.1));
    assert_eq!(wire.tcp_flow().handshake.opening(), Opening::SynNotCaptured);
}

#[test]
fn a_syn_ack_that_is_not_captured() {
    let mut wire = Wire::new();
    wire.c(100, 0, SYN, b"");
    assert_eq!(wire.c(101, 501, ACK, b"").step, Some(HandshakeStep::Ack));
    assert_eq!(wire.tcp_flow().handshake.opening(), Opening::SynAckNotCaptured);
}

#[test]
fn the_same_ports_again() {
    let mut wire = Wire::new();
    wire.handshake();
    wire.c(101, 501, RST, b"");
    assert!(wire.c(7000, 0, SYN, b"").port_reused);
    assert_eq!(wire.s(8000, 7001, SYN | ACK, b"").seq, 0);
    assert_eq!(wire.table.flows().len(), 2);
    assert_eq!(wire.flow().id.number, 1);
    assert!(wire.tcp_flow().port_reused && wire.tcp_flow().handshake.orig_isn == Some(7000));
    assert_eq!(wire.table.stream_count(TransportProtocol::Tcp), 2);
    assert_eq!(wire.table.flow(wire.flow().id).unwrap().first.number, 5);
}

#[test]
fn both_sides_open_at_once() {
    let mut wire = Wire::new();
    wire.c(100, 0, SYN, b"");
    wire.s(500, 0, SYN, b"");
    wire.c(100, 501, SYN | ACK, b"");
    wire.s(500, 101, SYN | ACK, b"");
    let handshake = &wire.tcp_flow().handshake;
    assert_eq!(handshake.opening(), Opening::Simultaneous);
    assert_eq!((handshake.orig_isn, handshake.resp_isn), (Some(100), Some(500)));
    assert_eq!(handshake.ack.unwrap().number, 4);
    assert_eq!(wire.flow().conn_state(), ConnState::S1);
    assert_eq!(wire.table.flows().len(), 1);
}

#[test]
fn a_syn_shows_that_the_sides_were_taken_for_each_other() {
    let mut wire = Wire::new();
    wire.s(0, 0, RST, b"");
    wire.c(100, 0, SYN, b"");
    assert_eq!((wire.flow().orig_reason, wire.flow().tuple.orig.port), (OrigReason::Syn, CLIENT.1));
    assert_eq!((wire.flow().orig.packets, wire.flow().resp.packets), (1, 1));
    assert_eq!(wire.tcp_flow().history.as_str(), "r^S");
}

#[test]
fn numbers_that_wrap() {
    let mut wire = Wire::new();
    wire.c(0xffff_fffd, 0, SYN, b"");
    wire.s(0xffff_ffff, 0xffff_fffe, SYN | ACK, b"");
    wire.c(0xffff_fffe, 0, ACK, b"");
    wire.c(0xffff_fffe, 0, ACK, b"abcd");
    let wrapped = wire.c(2, 0, ACK, b"efgh");
    assert_eq!((wrapped.seq, wrapped.repeat, wrapped.missing_before), (5, Repeat::New, 0));
    wire.s(0, 6, ACK | FIN, b"");
    wire.c(6, 1, ACK | FIN, b"");
    wire.s(1, 7, ACK, b"");
    wire.ends("SF", "ShADfFa");
    assert!(wire.tcp_flow().teardown.is_orderly());
    assert_eq!(wire.turns(), said(&[("orig", "abcdefgh", 0)]));
}

#[test]
fn repeats_and_keep_alives() {
    let mut wire = Wire::new();
    wire.handshake();
    wire.c(101, 501, ACK, b"abcdef");
    assert_eq!(wire.c(101, 501, ACK, b"abcdef").repeat, Repeat::Whole);
    assert_eq!(wire.c(104, 501, ACK, b"defghi").repeat, Repeat::Partly);
    wire.s(501, 110, ACK, b"");
    let probe = wire.c(109, 501, ACK, b"i");
    assert!(probe.keep_alive && probe.repeat == Repeat::New);
    let side = wire.tcp_flow().orig;
    assert_eq!((side.repeated_packets, side.repeated_bytes, side.keep_alives), (2, 9, 1));
    assert_eq!(wire.turns(), said(&[("orig", "abcdefghi", 0)]));
    assert_eq!(wire.flow().orig.sample.as_bytes(), b"abcdef");
}

#[test]
fn a_lost_segment_is_a_gap_once_it_is_acknowledged() {
    let mut wire = Wire::new();
    wire.handshake();
    wire.c(101, 501, ACK, b"abc");
    assert_eq!(wire.c(108, 501, ACK, b"ijk").missing_before, 4);
    wire.s(501, 111, ACK, b"thanks");
    wire.c(111, 507, ACK, b"lmn");
    assert_eq!(
        wire.turns(),
        said(&[("orig", "abc", 0), ("orig", "ijk", 4), ("resp", "thanks", 0), ("orig", "lmn", 0)])
    );
    assert_eq!(wire.tcp_flow().orig.missing_bytes, 4);
    assert_eq!(wire.tcp_flow().history.as_str(), "ShADGd");
}

#[test]
fn requests_and_replies_over_udp() {
    let mut wire = Wire::new();
    wire.udp(true, b"one");
    wire.udp(true, b"two");
    assert_eq!(wire.udp(false, b"Ok").direction, Direction::RespToOrig);
    wire.udp(true, b"");
    let flow = wire.flow();
    assert_eq!((flow.id.to_string(), flow.conn_state()), ("udp:0".to_owned(), ConnState::SF));
    let udp = flow.udp.as_deref().unwrap();
    assert_eq!((udp.answered, udp.unanswered), (1, 1));
    assert_eq!(udp.reply_time().unwrap().as_nanos(), 1_000_000);
    // A datagram is a message: two in a row are two turns, and an empty one is one too.
    assert_eq!(
        wire.turns(),
        said(&[("orig", "one", 0), ("orig", "two", 0), ("resp", "Ok", 0), ("orig", "", 0)])
    );
}

#[test]
fn snmp_counts_twice_and_is_one_flow() {
    let mut wire = Wire::new();
    let agent = ([192, 0, 2, 9], 161);
    let message = [0x30, 0x81, 0x90, 2, 1, 1, 4, 6];
    let exchange = |wire: &mut Wire, payload: &[u8]| {
        let ask = udp_datagram(CLIENT.1, agent.1, payload);
        let answer = udp_datagram(agent.1, CLIENT.1, payload);
        let first = wire.packet(&ipv4(17, CLIENT.0, agent.0, &ask))[0].id.unwrap().number;
        (first, wire.packet(&ipv4(17, agent.0, CLIENT.0, &answer))[0].id.unwrap().number)
    };
    assert_eq!(exchange(&mut wire, b"not SNMP"), (0, 0));
    assert_eq!(exchange(&mut wire, &message), (0, 1));
    assert_eq!(exchange(&mut wire, &message), (1, 1));
    assert_eq!((wire.table.flows().len(), wire.flow().packets(), wire.flow().id.number), (1, 6, 0));
    let second = FlowId { protocol: TransportProtocol::Udp, number: 1 };
    assert_eq!(wire.table.flow(second).unwrap().id.number, 0);
    assert_eq!(wire.table.stream_count(TransportProtocol::Udp), 2);
    assert_eq!(wire.udp(true, b"another pair").id.unwrap().number, 2);
}

/// An ICMP destination unreachable of `from` that quotes `packet`.
fn unreachable(from: [u8; 4], code: u8, packet: &[u8]) -> Vec<u8> {
    ipv4(1, from, CLIENT.0, &[&[3, code, 0, 0, 0, 0, 0, 0], packet].concat())
}

#[test]
fn an_icmp_error_belongs_to_the_flow_that_caused_it() {
    let mut wire = Wire::new();
    wire.udp(true, b"anybody?");
    let quoted = ipv4(17, CLIENT.0, SERVER.0, &udp_datagram(CLIENT.1, SERVER.1, b"anybody?"));
    let verdicts = wire.packet(&unreachable(SERVER.0, 3, &quoted));
    assert_eq!((verdicts[0].id.unwrap().number, verdicts[0].flow), (0, None));
    let flow = wire.flow();
    assert_eq!((flow.conn_state(), flow.packets(), flow.icmp_error_count), (ConnState::S0, 1, 1));
    let error = flow.icmp_errors[0];
    assert_eq!((error.icmp_type, error.code, error.packet.number), (3, 3, 2));
    assert_eq!((error.from.to_string().as_str(), error.about), ("192.0.2.2", Direction::OrigToResp));
}

#[test]
fn a_short_quote_names_its_flow_too() {
    let mut wire = Wire::new();
    wire.c(100, 0, SYN, b"");
    let syn = tcp_header(CLIENT.1, SERVER.1, 100, 0, SYN, &[]);
    let quoted = ipv4(6, CLIENT.0, SERVER.0, &syn)[..28].to_vec();
    let verdicts = wire.packet(&unreachable([198, 51, 100, 1], 1, &quoted));
    assert_eq!(verdicts[0].id, None);
    assert_eq!(wire.flow().icmp_errors[0].from.to_string(), "198.51.100.1");
}

#[test]
fn an_icmp_error_waits_for_its_flow() {
    let mut wire = Wire::new();
    let quoted = ipv4(17, CLIENT.0, SERVER.0, &udp_datagram(CLIENT.1, SERVER.1, b"lost"));
    wire.packet(&unreachable(SERVER.0, 3, &quoted));
    assert!(wire.table.flows().is_empty());
    assert_eq!(wire.table.stream_count(TransportProtocol::Udp), 1);
    wire.udp(true, b"again");
    assert_eq!((wire.flow().id.number, wire.flow().icmp_errors.len()), (0, 1));
    assert_eq!(wire.flow().icmp_errors[0].about, Direction::OrigToResp);
}

#[test]
fn kept_payload_is_bounded_and_says_so() {
    let mut wire = Wire::new();
    for _ in 0..30 {
        wire.udp(true, &[b'x'; 100]);
    }
    let conversation = wire.flow().conversation.as_deref().unwrap();
    assert_eq!((conversation.kept_bytes, conversation.total_bytes), (1000, 3000));
    assert!(conversation.at_flow_limit && !conversation.is_complete());
    assert_eq!(wire.table.limits().flows_cut, 1);
}

#[test]
fn a_cut_packet_lengthens_its_turn_and_nothing_is_appended_behind_the_cut() {
    let mut wire = Wire::new();
    wire.handshake();
    let whole = ipv4(
        6,
        CLIENT.0,
        SERVER.0,
        &[&tcp_header(CLIENT.1, SERVER.1, 101, 501, ACK, &[]), &b"abcdef"[..]].concat(),
    );
    wire.snapped(&whole[..whole.len() - 4], 4);
    wire.c(107, 501, ACK, b"ghi");
    let turn = &wire.flow().conversation.as_ref().unwrap().turns[0];
    assert_eq!((turn.bytes.as_slice(), turn.total, turn.gap_before), (b"ab".as_slice(), 9, 0));
    assert_eq!((turn.packet_count, wire.flow().orig.payload_bytes), (2, 9));
    assert_eq!(wire.flow().orig.sample.as_bytes(), b"ab");
    assert!(!wire.flow().conversation.as_ref().unwrap().is_complete());
}

#[test]
fn turns_are_bounded() {
    let mut wire = Wire::new();
    for _ in 0..MAX_TURNS + 10 {
        wire.udp(true, b"");
    }
    let conversation = wire.flow().conversation.as_deref().unwrap();
    assert_eq!((conversation.turns.len(), conversation.turns_not_kept), (MAX_TURNS, 10));
}
