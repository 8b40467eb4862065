use proptest::prelude::*;

use super::super::transport::testing::{tcp, udp};
use crate::field::{self, ByteRange, FieldId, FieldSet, FieldSink, Value};
use crate::pipeline::Pipeline;
use crate::source::{CapturedPacket, LinkType};

/// All fields of all packets, by name and text.
#[derive(Default)]
struct All(Vec<(&'static str, String)>, usize);

impl FieldSink for All {
    fn field(&mut self, id: FieldId, value: Value<'_>, _: ByteRange) {
        let mut text = String::new();
        value.write(id.def().kind, &mut text).unwrap();
        self.0.push((id.def().name, text));
    }

    fn open(&mut self, id: FieldId, value: Value<'_>, range: ByteRange) {
        self.1 += 1;
        self.field(id, value, range);
    }

    fn close(&mut self) {
        self.1 -= 1;
    }
}

impl All {
    fn of(packets: &[Vec<u8>]) -> Self {
        let mut pipeline = Pipeline::new(None);
        let mut all = Self::default();
        for (data, number) in packets.iter().zip(1..) {
            let wire_len = u32::try_from(data.len()).unwrap();
            let packet =
                CapturedPacket { number, ts: None, wire_len, interface: 0, link: LinkType::RAW, data };
            let step = pipeline.step(&packet);
            field::emit(&packet, &step.decoded, &step.context(&[]), &FieldSet::all(), &mut all);
        }
        assert_eq!(all.1, 0, "what is opened is closed");
        all
    }

    fn texts(&self, name: &str) -> Vec<&str> {
        self.0.iter().filter(|(other, _)| *other == name).map(|(_, text)| text.as_str()).collect()
    }
}

fn sized(width: usize, bytes: &[u8]) -> Vec<u8> {
    let len = u32::try_from(bytes.len()).unwrap().to_be_bytes();
    [&len[4 - width..], bytes].concat()
}

fn record(messages: &[u8]) -> Vec<u8> {
    [&[22, 3, 3][..], &sized(2, messages)].concat()
}

fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    [&[kind][..], &sized(3, body)].concat()
}

/// An element of DER.
fn der(tag: u8, body: &[u8]) -> Vec<u8> {
    assert!(body.len() < 0x1_0000);
    [&[tag, 0x82][..], &sized(2, body)].concat()
}

/// A certificate for `a.example` by `An Issuer`, valid in 2049 and 1950.
fn certificate() -> Vec<u8> {
    let name = |tag, text: &str| {
        let pair = [der(6, &[0x55, 4, 3]), der(tag, text.as_bytes())].concat();
        der(0x30, &der(0x31, &der(0x30, &pair)))
    };
    let algorithm = der(0x30, &der(6, &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 11]));
    let validity = der(0x30, &[der(0x17, b"491231235959Z"), der(0x18, b"20500101000000Z")].concat());
    let key = der(0x30, &[algorithm.clone(), der(3, &[0, 1, 2, 3])].concat());
    let names = der(0x30, &[der(0x82, b"a.example"), der(0x87, &[192, 0, 2, 1])].concat());
    let extension = der(0x30, &[der(6, &[0x55, 0x1d, 17]), der(4, &names)].concat());
    let signed = [
        der(0xa0, &der(2, &[2])),
        der(2, &[0x12, 0x34]),
        algorithm.clone(),
        name(0x13, "An Issuer"),
        validity,
        name(0x0c, "a.example"),
        key,
        der(0xa3, &der(0x30, &extension)),
    ]
    .concat();
    der(0x30, &[der(0x30, &signed), algorithm, der(3, &[0, 9, 9])].concat())
}

fn server_hello() -> Vec<u8> {
    let body = [&[3, 3][..], &[9; 32], &[0, 0xc0, 0x2f, 0]].concat();
    message(2, &body)
}

fn flight(certificate: &[u8]) -> Vec<u8> {
    record(&[server_hello(), message(11, &sized(3, &sized(3, certificate)))].concat())
}

#[test]
fn a_certificate_tells_its_parts() {
    let all = All::of(&[tcp(false, 1, 1, 0x18, 1000, &[], &flight(&certificate()))]);
    assert_eq!(all.texts("tls.handshake.type"), ["2", "11"]);
    assert_eq!(all.texts("tls.handshake.ciphersuite"), ["0xc02f"]);
    assert_eq!(all.texts("x509af.serialNumber"), ["1234"]);
    assert_eq!(all.texts("x509sat.printableString"), ["An Issuer"]);
    assert_eq!(all.texts("x509sat.uTF8String"), ["a.example"]);
    assert_eq!(all.texts("x509ce.dNSName"), ["a.example"]);
    assert_eq!(all.texts("x509af.utcTime"), ["2049-12-31 23:59:59 (UTC)"]);
    assert_eq!(all.texts("x509af.generalizedTime"), ["Jan  1, 2050 00:00:00.000000000 UTC"]);
    assert_eq!(all.texts("x509if.oid"), ["2.5.4.3", "2.5.4.3"]);
}

#[test]
fn a_heartbeat_that_asks_for_more_than_it_brings_is_marked() {
    let heartbeat = [&[24, 3, 2][..], &sized(2, &[1, 0x40, 0, 7, 7])].concat();
    let all = All::of(&[tcp(true, 1, 1, 0x18, 1000, &[], &[record(&server_hello()), heartbeat].concat())]);
    assert_eq!(all.texts("tls.heartbeat_message.payload_length"), ["16384"]);
    assert_eq!(all.texts("tls.heartbeat_message.payload_length.invalid").len(), 1);
    assert_eq!(all.texts("tls.heartbeat_message.payload"), ["0707"]);
}

proptest! {
    #[test]
    fn a_certificate_with_any_bytes_changed_never_panics(
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8)
    ) {
        let mut certificate = certificate();
        for (place, byte) in changes {
            *place.get_mut(&mut certificate) = byte;
        }
        let all = All::of(&[tcp(false, 1, 1, 0x18, 1000, &[], &flight(&certificate))]);
        prop_assert_eq!(all.texts("tls.handshake.certificate").len(), 1);
    }

    #[test]
    fn any_message_of_any_kind_never_panics(kind in 0..30_u8, body in proptest::collection::vec(any::<u8>(), 0..80)) {
        let hello = record(&[server_hello(), message(kind, &body)].concat());
        All::of(&[tcp(false, 1, 1, 0x18, 1000, &[], &hello)]);
        // The length of the message, and again that of this fragment, which is all of it.
        let whole = sized(3, &body);
        let fragment = [&[kind][..], &whole[..3], &[0, 0, 0, 0, 0], &whole].concat();
        let datagram = [&[22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0][..], &sized(2, &fragment)].concat();
        let all = All::of(&[udp(true, &datagram)]);
        prop_assert_eq!(all.texts("dtls.handshake.type"), [kind.to_string()]);
    }
}
