//! What each per-packet renderer makes of a recording in `captures/`, and what holds of it whatever the bytes.

use std::path::Path;

use proptest::prelude::*;
use serde_json::Value;
use unicode_width::UnicodeWidthStr;

use super::color::Colors;
use super::columns::Column;
use super::hex::PacketHex;
use super::json::{EkJson, PacketsJson, TsharkJson};
use super::line::LineContext;
use super::tree::PacketDetails;
use crate::decode::{DecodedPacket, Decoder};
use crate::field::{FieldSet, PacketContext};
use crate::pipeline::Pipeline;
use crate::source::{CapturedPacket, LinkType, Next, PacketSource, Savefile};
use crate::time::Timestamp;

/// Hands the packets of a recording to `each`.
fn recording(name: &str, mut each: impl FnMut(&CapturedPacket<'_>, &DecodedPacket<'_>, &PacketContext<'_>)) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("captures").join(name);
    let mut source = Savefile::open(&file).unwrap();
    let mut pipeline = Pipeline::new(None);
    while let Next::Packet(packet, interfaces) = source.next_packet().unwrap() {
        let step = pipeline.step(&packet);
        each(&step.packet, &step.decoded, &step.context(interfaces));
    }
}

/// Hands one packet of `data` to `each`.
fn one(
    link: LinkType,
    data: &[u8],
    mut each: impl FnMut(&CapturedPacket<'_>, &DecodedPacket<'_>, &PacketContext<'_>),
) {
    let wire_len = u32::try_from(data.len()).unwrap();
    let ts = Some(Timestamp::from_parts(1_700_000_000, 1_002_003));
    let packet = CapturedPacket { number: 1, ts, wire_len, interface: 0, link, data };
    let mut pipeline = Pipeline::new(None);
    let step = pipeline.step(&packet);
    each(&step.packet, &step.decoded, &step.context(&[]));
}

fn columns(names: &[&str]) -> Vec<Column> {
    names.iter().map(|name| Column::named(name).unwrap()).collect()
}

fn text(out: Vec<u8>) -> String {
    String::from_utf8(out).unwrap()
}

#[test]
fn details_of_a_recording() {
    let mut details = PacketDetails::new(Some(80), Colors::OFF);
    let mut out = Vec::new();
    recording("port-unreachable.pcapng", |packet, decoded, context| {
        details.write(&mut out, packet, decoded, context).unwrap();
        out.push(b'\n');
    });
    insta::assert_snapshot!(text(out));
}

#[test]
fn labelled_bytes_of_a_recording() {
    let mut hex = PacketHex::new(Some(80), Colors::OFF);
    let mut out = Vec::new();
    recording("port-unreachable.pcapng", |packet, decoded, context| {
        hex.write(&mut out, packet, decoded, context).unwrap();
        out.push(b'\n');
    });
    insta::assert_snapshot!(text(out));
}

#[test]
fn tsharks_json_of_a_recording() {
    let mut json = TsharkJson::new(Vec::new());
    let mut out = Vec::new();
    recording("port-unreachable.pcapng", |packet, decoded, context| {
        json.write(&mut out, packet, decoded, context).unwrap();
    });
    json.finish(&mut out).unwrap();
    insta::assert_snapshot!(text(out));
}

#[test]
fn lines_for_elasticsearch_of_a_recording() {
    let mut json = EkJson::new(Vec::new());
    let mut out = Vec::new();
    recording("port-unreachable.pcapng", |packet, decoded, context| {
        json.write(&mut out, packet, decoded, context).unwrap();
    });
    json.finish(&mut out).unwrap();
    insta::assert_snapshot!(text(out));
}

/// tshark 4.0.17 writes the same of this recording, byte by byte, but for its time zone's index.
#[test]
fn chosen_fields_as_tshark_writes_them() {
    let names = columns(&["ip.src", "frame.number", "tcp.srcport", "udp.srcport", "ip.src"]);
    let (mut json, mut ek) = (TsharkJson::new(names.clone()), EkJson::new(names));
    let (mut out, mut lines) = (Vec::new(), Vec::new());
    recording("port-unreachable.pcapng", |packet, decoded, context| {
        if packet.number == 2 {
            json.write(&mut out, packet, decoded, context).unwrap();
            ek.write(&mut lines, packet, decoded, context).unwrap();
        }
    });
    json.finish(&mut out).unwrap();
    let expected = r#"[
  {
    "_index": "packets-2026-11-21",
    "_type": "doc",
    "_score": null,
    "_source": {
      "layers": {
        "ip.src": [
          "127.0.0.1",
          "127.0.0.1"
        ],
        "frame.number": [
          "2"
        ],
        "udp.srcport": [
          "58881"
        ]
      }
    }
  }
]
"#;
    assert_eq!(text(out), expected);
    let expected = r#"{"index":{"_index":"packets-2026-11-21","_type":"doc"}}
{"timestamp":"1795226334563","layers":{"ip_src":["127.0.0.1","127.0.0.1"],"frame_number":["2"],"udp_srcport":["58881"]}}
"#;
    assert_eq!(text(lines), expected);
}

#[test]
fn no_packets_are_a_document_too() {
    let mut out = Vec::new();
    TsharkJson::new(Vec::new()).finish(&mut out).unwrap();
    EkJson::new(Vec::new()).finish(&mut out).unwrap();
    assert_eq!(text(out), "[]\n");
}

#[test]
fn fields_are_typed_in_our_own_json() {
    let chosen = ["ip.ttl", "frame.time_epoch", "frame.time_delta", "ip.flags.df", "eth.src", "udp", "ip.id"];
    let ids = columns(&chosen).into_iter().filter_map(|column| match column {
        Column::Field(id) => Some(id),
        Column::Own(_) => None,
    });
    let mut json = PacketsJson::with_fields(ids.collect());
    let mut out = Vec::new();
    recording("port-unreachable.pcapng", |packet, decoded, context| {
        let line = LineContext { verdicts: context.verdicts, ..LineContext::default() };
        json.write_with_fields(&mut out, packet, decoded, &line, context).unwrap();
    });
    json.finish(&mut out).unwrap();
    let out = text(out);
    let fields: Vec<&str> = out.lines().filter_map(|line| Some(line.split_once("\"fields\":")?.1)).collect();
    let [first, second, ..] = &*fields else { panic!("two packets: {out}") };
    assert_eq!(
        *first,
        r#"{"frame.time_epoch":1795226334.563227058,"frame.time_delta":0.000000000,"eth.src":"00:00:00:00:00:00","ip.id":42755,"ip.flags.df":true,"ip.ttl":64,"udp":true}},"#
    );
    assert!(second.contains(r#""ip.flags.df":[false,true],"ip.ttl":[64,64]"#), "{second}");
    let document: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(document["packets"][1]["fields"]["ip.id"], serde_json::json!([12069, 42755]));
}

/// The keys of an object, in every object within; panics where one is there twice.
fn assert_unique_keys(json: &str) {
    struct Unique;
    impl<'de> serde::de::DeserializeSeed<'de> for Unique {
        type Value = ();
        fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
            deserializer.deserialize_any(self)
        }
    }
    impl<'de> serde::de::Visitor<'de> for Unique {
        type Value = ();
        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("JSON with unique keys")
        }
        fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
            let mut seen = std::collections::HashSet::new();
            while let Some(key) = map.next_key::<String>()? {
                assert!(seen.insert(key.clone()), "{key} is there twice");
                map.next_value_seed(Unique)?;
            }
            Ok(())
        }
        fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
            while seq.next_element_seed(Unique)?.is_some() {}
            Ok(())
        }
        fn visit_str<E>(self, _: &str) -> Result<(), E> {
            Ok(())
        }
        fn visit_bool<E>(self, _: bool) -> Result<(), E> {
            Ok(())
        }
        fn visit_unit<E>(self) -> Result<(), E> {
            Ok(())
        }
        fn visit_u64<E>(self, _: u64) -> Result<(), E> {
            Ok(())
        }
        fn visit_i64<E>(self, _: i64) -> Result<(), E> {
            Ok(())
        }
        fn visit_f64<E>(self, _: f64) -> Result<(), E> {
            Ok(())
        }
    }
    use serde::de::DeserializeSeed;
    Unique.deserialize(&mut serde_json::Deserializer::from_str(json)).unwrap();
}

/// Every renderer on one packet: what must hold of it whatever the bytes are.
fn check(link: LinkType, data: &[u8]) {
    one(link, data, |packet, decoded, context| {
        for width in [40, 80, 120] {
            let mut out = Vec::new();
            PacketDetails::new(Some(width), Colors::OFF).write(&mut out, packet, decoded, context).unwrap();
            let shown = text(out);
            for line in shown.lines().filter(|line| line.starts_with(' ')) {
                // A name is never cut: it is what a person types.
                let least = line.split_whitespace().map(str::len).max().map_or(0, |name| name + 24);
                assert!(line.width() <= width.max(least), "{width}: {line}");
            }
            assert!(!shown.chars().any(|char| char.is_control() && char != '\n'));
        }
        let mut out = Vec::new();
        PacketHex::new(None, Colors::OFF).write(&mut out, packet, decoded, context).unwrap();
        let dumped = text(out);
        let rows = dumped.lines().filter(|line| line.starts_with(|c: char| c.is_ascii_hexdigit())).count();
        let whole = decoded.reassembled().iter().map(|datagram| datagram.bytes.len().div_ceil(16));
        assert_eq!(rows, data.len().div_ceil(16) + whole.sum::<usize>());

        let (mut json, mut ek) = (TsharkJson::new(Vec::new()), EkJson::new(Vec::new()));
        let (mut out, mut lines) = (Vec::new(), Vec::new());
        json.write(&mut out, packet, decoded, context).unwrap();
        json.finish(&mut out).unwrap();
        assert_unique_keys(&text(out));
        ek.write(&mut lines, packet, decoded, context).unwrap();
        let lines = text(lines);
        assert_eq!(lines.lines().count(), 2);
        lines.lines().for_each(assert_unique_keys);

        let mut own = PacketsJson::with_fields(FieldSet::all());
        let mut out = Vec::new();
        let line = LineContext { verdicts: context.verdicts, ..LineContext::default() };
        own.write_with_fields(&mut out, packet, decoded, &line, context).unwrap();
        own.finish(&mut out).unwrap();
        assert_unique_keys(&text(out));
    });
}

#[test]
fn every_cut_of_a_packet_is_rendered() {
    let mut inner = Vec::new();
    let step = etherparse::PacketBuilder::ipv4([192, 0, 2, 1], [192, 0, 2, 2], 64).tcp(1, 2, 3, 4);
    let options = [
        etherparse::TcpOptionElement::MaximumSegmentSize(1460),
        etherparse::TcpOptionElement::Noop,
        etherparse::TcpOptionElement::Noop,
        etherparse::TcpOptionElement::Timestamp(1, 2),
    ];
    step.options(&options).unwrap().write(&mut inner, b"\x1b[2Jtext\xff\r\n").unwrap();
    let mut data = Vec::new();
    let step = etherparse::PacketBuilder::ethernet2([2; 6], [4; 6]).ipv4([192, 0, 2, 2], [192, 0, 2, 1], 64);
    step.icmpv4_raw(3, 3, [0; 4]).write(&mut data, &inner).unwrap();
    for len in 0..=data.len() {
        check(LinkType::ETHERNET, data.get(..len).unwrap());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn any_bytes_are_rendered(data in proptest::collection::vec(any::<u8>(), 0..200), first in 0_u8..8) {
        let mut data = data;
        // Begins as IP more often than chance would have it.
        let links = [LinkType::ETHERNET, LinkType::RAW];
        if let Some(byte) = data.first_mut().filter(|_| first > 1) {
            *byte = if first % 2 == 0 { 0x45 } else { 0x60 };
        }
        check(links[usize::from(first > 1)], &data);
    }
}

#[test]
fn a_hostile_packet_of_many_layers_stays_within_bounds() {
    // IPv4 in IPv4, as deep as a frame has room for.
    let mut data = Vec::new();
    for depth in 0..2_000_u16 {
        let len = (2_000 - depth).saturating_mul(20);
        let [high, low] = len.to_be_bytes();
        data.extend_from_slice(&[0x45, 0, high, low, 0, 0, 0, 0, 64, 4, 0, 0, 192, 0, 2, 1, 192, 0, 2, 2]);
    }
    let mut decoder = Decoder::new();
    assert!(decoder.decode(LinkType::RAW, &data, 40_000).layers().len() > 100);
    check(LinkType::RAW, &data);
}
