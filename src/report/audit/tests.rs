use etherparse::PacketBuilder;

use super::*;
use crate::decode::Decoder;
use crate::flow::FlowTable;
use crate::source::{CapturedPacket, LinkType};

/// Datagrams of one host to another, or back where `true`, as a flow table and an audit see them.
fn audited(port: u16, said: &[(bool, Vec<u8>)]) -> FlowAudit {
    let frames: Vec<Vec<u8>> = said
        .iter()
        .map(|(back, payload)| {
            let mut frame = Vec::new();
            let (src, dst, ports) = if *back {
                ([10, 0, 0, 2], [10, 0, 0, 1], (port, 40000))
            } else {
                ([10, 0, 0, 1], [10, 0, 0, 2], (40000, port))
            };
            let step = PacketBuilder::ethernet2([2; 6], [4; 6]).ipv4(src, dst, 64).udp(ports.0, ports.1);
            step.write(&mut frame, payload).unwrap();
            frame
        })
        .collect();
    audit_of(&frames)
}

/// The first flow of these frames.
fn audit_of(frames: &[Vec<u8>]) -> FlowAudit {
    let (mut table, mut decoder, mut audit) = (FlowTable::new(), Decoder::new(), Audit::default());
    for (number, frame) in (1_u64..).zip(frames) {
        let wire_len = u32::try_from(frame.len()).unwrap();
        let packet = CapturedPacket {
            number,
            ts: None,
            wire_len,
            interface: 0,
            link: LinkType::ETHERNET,
            data: frame,
        };
        let decoded = decoder.decode(LinkType::ETHERNET, frame, wire_len);
        let verdicts = table.observe(&packet, &decoded);
        audit.observe(PacketStamp { number, ts: None }, &decoded, verdicts);
    }
    table.finish();
    audit.finish();
    audit.take_flow(0, &table.flows()[0], None)
}

/// A segment of a TCP connection that was not captured from its beginning.
fn segment(seq: u32, payload: &[u8]) -> Vec<u8> {
    let mut frame = Vec::new();
    let step = PacketBuilder::ethernet2([2; 6], [4; 6]).ipv4([10, 0, 0, 1], [10, 0, 0, 2], 64);
    step.tcp(40000, 4444, seq, 512).ack(1).write(&mut frame, payload).unwrap();
    frame
}

/// Bytes as an xorshift generator gives them.
fn random(seed: u64, len: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 32).to_le_bytes()[0]
    };
    (0..len).map(|_| next()).collect()
}

#[test]
fn few_random_bytes_get_no_verdict_by_chance() {
    for len in [32, 64, 128] {
        let unsure = (1..=300).filter(|seed| {
            audited(4444, &[(false, random(*seed, len))]).verdict == Legibility::TooLittleData
        });
        let unsure = unsure.count();
        assert!(unsure >= 296, "{unsure} of 300 samples of {len} bytes");
    }
    for seed in 1..=100 {
        assert_ne!(audited(4444, &[(false, random(seed, 256))]).verdict, Legibility::Plaintext);
    }
}

#[test]
fn two_short_sides_are_looked_at_together() {
    let fields = |first: u8| vec![first, 0, 0, 7, 0, 1];
    let one = audited(4444, &[(false, vec![1, 2, 3])]);
    assert_eq!(one.verdict, Legibility::TooLittleData);
    let both = audited(4444, &[(false, fields(1)), (true, fields(2)), (false, fields(3))]);
    assert_eq!(both.verdict, Legibility::Binary);
    let words = audited(4444, &[(false, b"hi".to_vec()), (true, b"yo!".to_vec())]);
    assert_eq!(words.verdict, Legibility::Plaintext);
}

#[test]
fn text_in_another_encoding_is_text() {
    let latin = b"Gr\xfc\xdfe aus M\xfcnchen, sch\xf6n hier!".to_vec();
    assert_eq!(audited(4444, &[(false, latin)]).verdict, Legibility::Plaintext);
    let fields = b"user\0\0\0\x04name\0\0\0\x01\0\0\0\x02abcd".to_vec();
    assert_eq!(audited(4444, &[(false, fields)]).verdict, Legibility::Binary);
}

#[test]
fn a_stream_without_its_beginning_may_be_packed() {
    let bytes = random(3, 20_000);
    let frames: Vec<Vec<u8>> =
        (1_u32..).step_by(1000).zip(bytes.chunks(1000)).map(|(seq, payload)| segment(seq, payload)).collect();
    assert_eq!(audit_of(&frames[..5]).verdict, Legibility::TooLittleData);
    assert_eq!(audit_of(&frames).verdict, Legibility::Encrypted);
}

#[test]
fn rtp_is_told_by_two_datagrams_in_a_row() {
    let rtp = |number: u8, seed: u64| {
        [&[0x80, 0, 0, number, 0, 0, 0, number, 9, 8, 7, 6][..], &random(seed, 300)].concat()
    };
    let call = audited(16384, &[(false, rtp(1, 1)), (false, rtp(2, 2)), (false, rtp(3, 3))]);
    assert_eq!((call.verdict, call.spoken[0].name), (Legibility::Binary, "RTP"));
    // The same number again is none.
    let other = audited(16384, &[(false, rtp(1, 1)), (false, rtp(1, 2))]);
    assert!(other.spoken.is_empty());
}

#[test]
fn repeated_and_disordered_segments_count_once_and_in_order() {
    let frames = [segment(1, b"PASS "), segment(9, b"et\r\n"), segment(6, b"secr"), segment(6, b"sec")];
    let audit = audit_of(&frames);
    // Four bytes of `secr`, of which the last overlaps `et`: the first version is believed.
    assert_eq!(audit.orig.bytes, 12);
    assert_eq!(audit.secrets[0].value, b"secet");
    assert_eq!(audit.orig.packets.map(|(first, _)| first), Some(1));
}

#[test]
fn secrets_are_kept_once_and_up_to_a_limit() {
    let cookies: String = (0..60).map(|n| format!("Cookie: c{n}=v{n}\r\nCookie: c0=v0\r\n")).collect();
    let audit = audit_of(&[segment(1, cookies.as_bytes())]);
    assert_eq!(audit.secrets.len(), MAX_SECRETS);
    assert_eq!(audit.more_secrets, 60 - 32);
    assert!(audit.secrets.iter().all(|secret| secret.kind == SecretKind::Cookie));
}

#[test]
fn an_endless_line_is_not_kept() {
    let line = vec![b'a'; 1400];
    let frames: Vec<Vec<u8>> = (0..100_u32)
        .map(|n| segment(1 + n * 1400, &line))
        .chain([segment(140_001, b"\r\nPASS x1\r\n")])
        .collect();
    let audit = audit_of(&frames);
    assert_eq!(audit.verdict, Legibility::Plaintext);
    assert_eq!(audit.secrets[0].value, b"x1");
    assert!(audit.orig.sample.len() <= 200);
}

#[test]
fn a_flow_that_is_not_watched_is_judged_by_its_beginning() {
    let mut table = FlowTable::new();
    let frame = segment(1, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    let wire_len = u32::try_from(frame.len()).unwrap();
    let packet = CapturedPacket {
        number: 1,
        ts: None,
        wire_len,
        interface: 0,
        link: LinkType::ETHERNET,
        data: &frame,
    };
    let mut decoder = Decoder::new();
    table.observe(&packet, &decoder.decode(LinkType::ETHERNET, &frame, wire_len));
    let audit = Audit::default().take_flow(0, &table.flows()[0], None);
    assert_eq!((audit.verdict, audit.spoken[0].name), (Legibility::Plaintext, "HTTP"));
}
