use etherparse::PacketBuilder;
use serde_json::{Value, json};

use super::*;
use crate::decode::{Decoder, TransportProtocol};
use crate::flow::{Direction, Elapsed, FlowId, Verdict, WindowScale};
use crate::render::line::LineContext;
use crate::source::{CapturedPacket, LinkType};
use crate::time::Timestamp;

fn udp(payload: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let step = PacketBuilder::ethernet2([2; 6], [4; 6]).ipv4([127, 0, 0, 1], [127, 0, 0, 2], 64);
    step.udp(50000, 12000).write(&mut bytes, payload).unwrap();
    bytes
}

fn document(frames: &[Vec<u8>]) -> String {
    let mut out = Vec::new();
    let mut json = PacketsJson::new();
    let mut decoder = Decoder::new();
    for (number, frame) in (1..).zip(frames) {
        let wire_len = u32::try_from(frame.len()).unwrap();
        let ts = Some(Timestamp::from_nanos(1_700_000_000_123_456_789));
        let packet =
            CapturedPacket { number, ts, wire_len, interface: 0, link: LinkType::ETHERNET, data: frame };
        let id = FlowId { protocol: TransportProtocol::Udp, number: 3 };
        let verdict = Verdict {
            id: Some(id),
            flow: Some(0),
            direction: Direction::OrigToResp,
            starts_flow: true,
            elapsed: Elapsed::default(),
            window_scale: WindowScale::Unknown,
            completeness: crate::flow::Completeness::default(),
            tcp: None,
        };
        let context = LineContext {
            relative: Some(TimeDelta::from_nanos(-5)),
            verdicts: std::slice::from_ref(&verdict),
            messages: None,
        };
        json.write(&mut out, &packet, &decoder.decode(packet.link, frame, wire_len), &context).unwrap();
    }
    json.finish(&mut out).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn packets_are_one_document_with_one_packet_a_line() {
    let text = document(&[udp(b"h\xc3\xa9\x1b[2J"), udp(b"\xff\x00")]);
    assert_eq!(text.lines().count(), 4);
    assert!(!text.chars().any(|c| c.is_control() && c != '\n'), "serde escapes controls");
    let value: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(value["schema"], "wirelab.packets/1");
    assert_eq!(
        value["packets"][0],
        json!({
            "number": 1,
            "time": "1700000000.123456789",
            "time_relative_ns": -5,
            "length": 49,
            "captured_length": 49,
            "layers": ["eth", "ip", "udp", "data"],
            "src": "127.0.0.1",
            "src_port": 50000,
            "dst": "127.0.0.2",
            "dst_port": 12000,
            "flow": "udp:3",
            "sender": "orig",
            "payload": {"length": 7, "text": "hé\u{1b}[2J"},
        })
    );
    assert_eq!(value["packets"][1]["payload"], json!({"length": 2, "hex": "ff00"}));
}

#[test]
fn no_packets_are_a_document_too() {
    let value: Value = serde_json::from_str(&document(&[])).unwrap();
    assert_eq!(value, json!({"schema": "wirelab.packets/1", "packets": []}));
    let mut out = Vec::new();
    write_flows_json(&mut out, &[]).unwrap();
    let value: Value = serde_json::from_slice(&out).unwrap();
    assert_eq!(value, json!({"schema": "wirelab.flows/1", "flows": []}));
}

#[test]
fn a_cut_packet_says_where() {
    let mut frame = udp(b"");
    frame.truncate(36);
    let value: Value = serde_json::from_str(&document(&[frame])).unwrap();
    let stop = &value["packets"][0]["stop"];
    assert_eq!((&stop["layer"], &stop["offset"], &stop["had"]), (&json!("udp"), &json!(34), &json!(2)));
}

#[test]
fn a_sample_may_end_inside_a_character() {
    let value = serde_json::to_value(PayloadJson::sample(b"caf\xc3")).unwrap();
    assert_eq!(value, json!({"text": "caf"}));
    assert_eq!(serde_json::to_value(PayloadJson::sample(b"\xc3\x00")).unwrap(), json!({"hex": "c300"}));
}
