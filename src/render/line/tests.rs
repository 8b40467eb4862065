use etherparse::PacketBuilder;
use proptest::prelude::*;
use unicode_width::UnicodeWidthStr;

use super::*;
use crate::decode::{Decoder, TransportProtocol};
use crate::flow::{
    Completeness, Elapsed, FlowId, HandshakeStep, Repeat, SegmentAnalysis, TcpVerdict, WindowScale,
};
use crate::source::LinkType;

const MAC_A: [u8; 6] = [2, 0, 0, 0, 0, 1];
const MAC_B: [u8; 6] = [2, 0, 0, 0, 0, 2];
const HOST: [u8; 4] = [127, 0, 0, 1];
const CLIENT: u16 = 40446;
const SERVER: u16 = 12999;

fn flags(mut step: etherparse::PacketBuilderStep<etherparse::TcpHeader>, letters: &str) -> Vec<u8> {
    let payload: &[u8] = if letters.contains('P') { b"Knock knock..\n" } else { b"" };
    for letter in letters.chars() {
        step = match letter {
            'S' => step.syn(),
            'F' => step.fin(),
            'R' => step.rst(),
            'P' => step.psh(),
            _ => step.ack(7001),
        };
    }
    let mut bytes = Vec::new();
    step.write(&mut bytes, payload).unwrap();
    bytes
}

fn tcp(src: u16, dst: u16, letters: &str) -> Vec<u8> {
    flags(PacketBuilder::ethernet2(MAC_A, MAC_B).ipv4(HOST, HOST, 64).tcp(src, dst, 5000, 1024), letters)
}

fn udp(payload: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let step = PacketBuilder::ethernet2(MAC_A, MAC_B).ipv4([192, 168, 100, 100], [192, 168, 100, 200], 64);
    step.udp(50000, 12000).write(&mut bytes, payload).unwrap();
    bytes
}

const NO_FINDING: TcpVerdict = TcpVerdict {
    seq: 1,
    ack: 1,
    step: None,
    handshake_retry: false,
    port_reused: false,
    repeat: Repeat::New,
    missing_before: 0,
    keep_alive: false,
    refuses: false,
    after_close: false,
    analysis: SegmentAnalysis::NONE,
    judgement: None,
    tells_twice: None,
    begins_mid_stream: false,
    states: None,
};

fn verdict(direction: Direction, tcp: TcpVerdict) -> Verdict {
    let id = FlowId { protocol: TransportProtocol::Tcp, number: 0 };
    Verdict {
        id: Some(id),
        flow: Some(0),
        direction,
        starts_flow: false,
        elapsed: Elapsed::default(),
        window_scale: WindowScale::Unknown,
        completeness: Completeness::default(),
        tcp: Some(tcp),
    }
}

/// One packet on one line, without its line break.
fn line_of(lines: &mut PacketLines, frame: &[u8], wire_len: usize, verdicts: &[Verdict]) -> String {
    let mut decoder = Decoder::new();
    let wire_len = u32::try_from(wire_len).unwrap();
    let decoded = decoder.decode(LinkType::ETHERNET, frame, wire_len);
    let packet =
        CapturedPacket { number: 1, ts: None, wire_len, interface: 0, link: LinkType::ETHERNET, data: frame };
    let context = LineContext { relative: Some(TimeDelta::from_nanos(52_999)), verdicts, messages: None };
    let mut out = Vec::new();
    lines.write(&mut out, &packet, &decoded, &context).unwrap();
    let text = String::from_utf8(out).unwrap();
    let line = text.strip_suffix('\n').unwrap();
    assert!(!line.contains('\n'), "one line: {line:?}");
    line.to_owned()
}

fn piped(frame: &[u8], verdicts: &[Verdict]) -> String {
    line_of(&mut PacketLines::new(None, Colors::OFF), frame, frame.len(), verdicts)
}

fn on_terminal(width: usize, frame: &[u8], verdicts: &[Verdict]) -> String {
    let line = line_of(&mut PacketLines::new(Some(width), Colors::OFF), frame, frame.len(), verdicts);
    assert!(line.width() <= width, "{} columns: {line}", line.width());
    line
}

#[test]
fn a_session_at_80_columns() {
    use Direction::{OrigToResp, RespToOrig};
    let mut lines = PacketLines::new(Some(80), Colors::OFF);
    let step = |step, seq| TcpVerdict { step: Some(step), seq, ..NO_FINDING };
    let session = [
        (tcp(CLIENT, SERVER, "S"), verdict(OrigToResp, step(HandshakeStep::Syn, 0))),
        (tcp(SERVER, CLIENT, "S."), verdict(RespToOrig, step(HandshakeStep::SynAck, 0))),
        (tcp(CLIENT, SERVER, "."), verdict(OrigToResp, step(HandshakeStep::Ack, 1))),
        (tcp(CLIENT, SERVER, "P."), verdict(OrigToResp, NO_FINDING)),
        (tcp(CLIENT, SERVER, "P."), verdict(OrigToResp, TcpVerdict { repeat: Repeat::Whole, ..NO_FINDING })),
        (tcp(SERVER, CLIENT, "F."), verdict(RespToOrig, NO_FINDING)),
        (tcp(SERVER, CLIENT, "R"), verdict(RespToOrig, TcpVerdict { refuses: true, ..NO_FINDING })),
    ];
    let mut shown = String::new();
    for (frame, verdict) in session {
        let line = line_of(&mut lines, &frame, frame.len(), &[verdict]);
        assert!(line.width() <= 80, "{line}");
        shown.push_str(&line);
        shown.push('\n');
    }
    insta::assert_snapshot!(shown, @r#"
        1 0.000052 127.0.0.1:40446 → 127.0.0.1:12999 tcp S  len 0 handshake 1/3 seq 0
        1 0.000052 127.0.0.1:12999 → 127.0.0.1:40446 tcp S. len 0 handshake 2/3 seq 0
        1 0.000052 127.0.0.1:40446 → 127.0.0.1:12999 tcp .  len 0 handshake 3/3 seq 1
        1 0.000052 127.0.0.1:40446 → 127.0.0.1:12999 tcp P. len 14 │ Knock knock..\n
        1 0.000052 127.0.0.1:40446 → 127.0.0.1:12999 tcp P. len 14 retransmission
        1 0.000052 127.0.0.1:12999 → 127.0.0.1:40446 tcp F. len 0 seq 1 ack 1
        1 0.000052 127.0.0.1:12999 → 127.0.0.1:40446 tcp R  len 0 refused seq 1
    "#);
}

#[test]
fn a_pipe_gets_everything() {
    let verdict = verdict(Direction::OrigToResp, NO_FINDING);
    insta::assert_snapshot!(piped(&tcp(CLIENT, SERVER, "P."), &[verdict]), @r#"  1 0.000052 127.0.0.1:40446 → 127.0.0.1:12999 tcp:0  P. len 14 seq 1 ack 1 │ Knock knock..\n"#);
    assert!(piped(&tcp(CLIENT, SERVER, "P."), &[]).contains("seq 5000 ack 7001"), "as sent without a table");
    let long = "x".repeat(1400);
    assert!(piped(&udp(long.as_bytes()), &[]).ends_with(&long));
}

#[test]
fn what_is_special_is_said() {
    let said = |finding| piped(&tcp(CLIENT, SERVER, "P."), &[verdict(Direction::OrigToResp, finding)]);
    assert!(said(TcpVerdict { port_reused: true, ..NO_FINDING }).contains(" port reused "));
    assert!(said(TcpVerdict { repeat: Repeat::Partly, ..NO_FINDING }).contains(" partly retransmitted "));
    assert!(said(TcpVerdict { handshake_retry: true, ..NO_FINDING }).contains(" retransmission "));
    assert!(said(TcpVerdict { keep_alive: true, ..NO_FINDING }).contains(" keep-alive "));
    assert!(said(TcpVerdict { after_close: true, ..NO_FINDING }).contains(" after close "));
    assert!(said(TcpVerdict { missing_before: 1448, ..NO_FINDING }).contains(" 1448 missing before "));
}

#[test]
fn payload_cannot_control_the_terminal() {
    assert!(piped(&udp(b"hi\x1b[2J\nthere\r"), &[]).ends_with(r"│ hi\x1b[2J\nthere\r"));
    let shown = on_terminal(80, &udp("日本語".repeat(20).as_bytes()), &[]);
    assert!(shown.ends_with('…') && shown.width() >= 79, "{shown}");
}

#[test]
fn binary_payload_is_cut_to_its_beginning() {
    let shown = piped(&udp(&[0xff; 200]), &[]);
    assert!(shown.ends_with(&format!("{}…", r"\xff".repeat(11))), "{shown}");
    let mut mixed = "HTTP/1.1 200 OK\r\nContent-Encoding: gzip, deflate, or so\r\n\r\n".as_bytes().to_vec();
    mixed.extend([0x1f, 0x8b, 8, 0]);
    assert!(piped(&udp(&mixed), &[]).ends_with(r"or so\r\n\r\n…"));
}

#[test]
fn a_snapped_packet_says_so() {
    let frame = udp(b"0123456789");
    let line =
        |keep: usize| line_of(&mut PacketLines::new(None, Colors::OFF), &frame[..keep], frame.len(), &[]);
    assert!(line(frame.len() - 6).ends_with(" len 10 (4 captured) │ 0123"));
    insta::assert_snapshot!(line(36), @r#"  1 0.000052 192.168.100.100 → 192.168.100.200 udp    len 18, cut by snaplen in UDP"#);
    insta::assert_snapshot!(line(20), @r#"  1 0.000052 02:00:00:00:00:01 → 02:00:00:00:00:02 ip     len 38, cut by snaplen in IPv4"#);
    insta::assert_snapshot!(line(0), @r#"  1 0.000052 eth    len 52, cut by snaplen in Ethernet"#);
}

#[test]
fn icmp_in_words() {
    let mut quoted = udp(b"lost")[14..].to_vec();
    quoted.truncate(28);
    let mut frame = Vec::new();
    PacketBuilder::ethernet2(MAC_A, MAC_B)
        .ipv4([192, 168, 100, 200], [192, 168, 100, 100], 64)
        .icmpv4_raw(3, 3, [0; 4])
        .write(&mut frame, &quoted)
        .unwrap();
    insta::assert_snapshot!(piped(&frame, &[]), @r#"  1 0.000052 192.168.100.200 → 192.168.100.100 icmp   port unreachable, about udp 192.168.100.100:50000 → 192.168.100.200:12000"#);

    let mut echo = Vec::new();
    PacketBuilder::ethernet2(MAC_A, MAC_B)
        .ipv4(HOST, HOST, 64)
        .icmpv4_echo_request(7, 2)
        .write(&mut echo, b"12345")
        .unwrap();
    insta::assert_snapshot!(piped(&echo, &[]), @r#"  1 0.000052 127.0.0.1       → 127.0.0.1       icmp   echo request id 7 seq 2 len 5"#);
}

#[test]
fn arp_in_words() {
    let arp = |operation, sender: [u8; 4], target: [u8; 4]| {
        let mut frame = [[0xff; 6], MAC_A].concat();
        frame.extend([8, 6, 0, 1, 8, 0, 6, 4, 0, operation]);
        frame.extend(MAC_A);
        frame.extend(sender);
        frame.extend([0; 6]);
        frame.extend(target);
        piped(&frame, &[])
    };
    let (a, b) = ([192, 0, 2, 1], [192, 0, 2, 2]);
    insta::assert_snapshot!(arp(1, a, b), @r#"  1 0.000052 02:00:00:00:00:01 → ff:ff:ff:ff:ff:ff arp    who has 192.0.2.2? tell 192.0.2.1"#);
    assert!(arp(2, a, b).ends_with("192.0.2.1 is at 02:00:00:00:00:01"));
    assert!(arp(1, a, a).ends_with("announces 192.0.2.1"));
}

#[test]
fn what_is_not_decoded_is_named() {
    let mut lldp = [MAC_B, MAC_A].concat();
    lldp.extend([0x88, 0xcc, 2, 7, 4]);
    insta::assert_snapshot!(piped(&lldp, &[]), @r#"  1 0.000052 02:00:00:00:00:01 → 02:00:00:00:00:02 data   LLDP (EtherType 0x88cc) not decoded, len 3"#);
}

#[test]
fn a_long_address_keeps_its_ends() {
    let (src, dst) = ([0x20, 1, 0xd, 0xb8, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12], [0xfe; 16]);
    let step = PacketBuilder::ethernet2(MAC_A, MAC_B).ipv6(src, dst, 64).tcp(443, 50000, 0, 0);
    let frame = flags(step, "P.");
    insta::assert_snapshot!(on_terminal(80, &frame, &[]), @r#"  1 0.000052 [2001:db8:1…:90a:b0c]:443 → [fefe:fefe:…e:fefe]:50000 tcp P. len 1…"#);
    assert!(piped(&frame, &[]).contains("[2001:db8:102:304:506:708:90a:b0c]:443 → "));
}

#[test]
fn times_of_any_size_stay_in_line() {
    let frame = udp(b"x");
    for nanos in [0, -1, 999_999_999_999, i128::MAX, i128::MIN] {
        let mut lines = PacketLines::new(Some(80), Colors::OFF);
        let mut decoder = Decoder::new();
        let decoded = decoder.decode(LinkType::ETHERNET, &frame, 43);
        let packet = CapturedPacket {
            number: u64::MAX,
            ts: None,
            wire_len: 43,
            interface: 0,
            link: LinkType::ETHERNET,
            data: &frame,
        };
        let context =
            LineContext { relative: Some(TimeDelta::from_nanos(nanos)), verdicts: &[], messages: None };
        let mut out = Vec::new();
        lines.write(&mut out, &packet, &decoded, &context).unwrap();
        let text = String::from_utf8(out).unwrap();
        let expected = format!(
            "18446744073709551615 {:>8}",
            crate::render::format::Seconds(TimeDelta::from_nanos(nanos)).to_string()
        );
        assert!(text.starts_with(&expected), "{text}");
        assert!(text.trim_end().width() <= 80);
    }
}

#[test]
fn colour_adds_nothing_but_colour() {
    let verdict = verdict(Direction::RespToOrig, NO_FINDING);
    let frame = tcp(SERVER, CLIENT, "P.");
    for width in [None, Some(60), Some(80)] {
        let plain = line_of(&mut PacketLines::new(width, Colors::OFF), &frame, frame.len(), &[verdict]);
        let coloured = line_of(&mut PacketLines::new(width, Colors::ON), &frame, frame.len(), &[verdict]);
        assert!(coloured.contains("\x1b[35m127.0.0.1:12999\x1b[0m"));
        let mut stripped = String::new();
        for part in coloured.split('\x1b') {
            stripped.push_str(
                part.split_once('m').filter(|_| part.starts_with('[')).map_or(part, |(_, rest)| rest),
            );
        }
        assert_eq!(stripped, plain);
    }
}

proptest! {
    #[test]
    fn any_bytes_make_one_safe_line(
        mut bytes in proptest::collection::vec(any::<u8>(), 0..200),
        head in 0..4_usize,
        width in 0..120_usize,
        extra in 0..50_usize,
    ) {
        let start = [tcp(CLIENT, SERVER, "P."), udp(b"hello"), Vec::new(), tcp(SERVER, CLIENT, "S.")];
        let keep = bytes.first().map_or(0, |byte| usize::from(*byte) % 60);
        let mut frame = start[head].clone();
        frame.truncate(keep);
        frame.append(&mut bytes);
        for width in [None, Some(width)] {
            let mut lines = PacketLines::new(width, Colors::OFF);
            let line = line_of(&mut lines, &frame, frame.len() + extra, &[]);
            prop_assert!(!line.chars().any(char::is_control), "{line:?}");
            if let Some(width) = width {
                prop_assert!(line.width() <= width.max(MIN_WIDTH), "{} columns: {line}", line.width());
            }
        }
    }
}
