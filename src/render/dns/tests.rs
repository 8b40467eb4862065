//! Record data as text, against what hickory-proto reads from the bytes and from that text.

use hickory_proto::rr::{RData, RecordType as HickoryType};
use hickory_proto::serialize::binary::{BinDecoder, Restrict};

use super::write_record_line;
use crate::proto::Protocol;
use crate::proto::dns::Message;

/// The name `ab.c.`.
const NAME: &[u8] = b"\x02ab\x01c\x00";

/// A response with one record of this type and data, whose owner is the root.
fn message(kind: u16, data: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0, 1, 0x80, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0];
    bytes.extend(kind.to_be_bytes());
    bytes.extend([0, 1, 0, 0, 0, 60]);
    bytes.extend(u16::try_from(data.len()).unwrap().to_be_bytes());
    bytes.extend(data);
    bytes
}

/// The data as text.
fn text(kind: u16, data: &[u8]) -> String {
    let bytes = message(kind, data);
    let read = Message::read(&bytes);
    let line = write_record_line(&read.records[0], Protocol::Dns);
    line.splitn(5, ' ').nth(4).unwrap_or_default().to_owned()
}

#[test]
fn the_class_of_multicast_dns_is_told_without_its_bit() {
    let mut bytes = message(1, &[192, 0, 2, 1]);
    bytes[15] = 0x80;
    let read = Message::read(&bytes);
    assert_eq!(write_record_line(&read.records[0], Protocol::Mdns), ". 60 IN A 192.0.2.1");
    assert_eq!(write_record_line(&read.records[0], Protocol::Dns), ". 60 CLASS32769 A 192.0.2.1");
}

/// Data of types whose text hickory reads, too.
fn samples() -> Vec<(u16, Vec<u8>, &'static str)> {
    let soa = [NAME, NAME, &[0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 4, 0, 0, 0, 5]].concat();
    let naptr = [&[0, 1, 0, 2, 1, b'U', 3, b'S', b'I', b'P', 2, b'a', b'b'], NAME].concat();
    vec![
        (1, vec![192, 0, 2, 1], "192.0.2.1"),
        (28, vec![0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1], "2001:db8::1"),
        (2, NAME.to_vec(), "ab.c."),
        (5, NAME.to_vec(), "ab.c."),
        (12, NAME.to_vec(), "ab.c."),
        (6, soa, "ab.c. ab.c. 1 2 3 4 5"),
        (15, [&[0, 10], NAME].concat(), "10 ab.c."),
        (16, b"\x03a b\x01\"".to_vec(), r#""a b" "\"""#),
        (13, b"\x03PDP\x04UNIX".to_vec(), r#""PDP" "UNIX""#),
        (33, [&[0, 1, 0, 2, 0, 80], NAME].concat(), "1 2 80 ab.c."),
        (35, naptr, r#"1 2 "U" "SIP" "ab" ab.c."#),
        (44, vec![1, 1, 0xab, 0xcd], "1 1 ABCD"),
        (52, vec![3, 1, 1, 0xab, 0xcd], "3 1 1 ABCD"),
        (61, b"key!".to_vec(), "a2V5IQ=="),
        (257, b"\x00\x05issueca.example".to_vec(), r#"0 issue "ca.example""#),
        (64, [&[0, 1], NAME, &[0, 3, 0, 2, 1, 187]].concat(), "1 ab.c. port=443"),
        (65, vec![0, 1, 0, 0, 1, 0, 6, 2, b'h', b'2', 2, b'h', b'3'], r#"1 . alpn="h2,h3""#),
    ]
}

#[test]
fn text_says_what_the_bytes_say() {
    for (kind, data, expected) in samples() {
        let text = text(kind, &data);
        assert_eq!(text, expected, "type {kind}");
        let mut decoder = BinDecoder::new(&data);
        let length = Restrict::new(u16::try_from(data.len()).unwrap());
        let of_bytes = RData::read(&mut decoder, HickoryType::from(kind), length).unwrap();
        let of_text = RData::try_from_str(HickoryType::from(kind), &text);
        assert_eq!(of_text.ok(), Some(of_bytes), "type {kind}: {text}");
    }
}

#[test]
fn types_of_dnssec_are_written_as_their_rfcs_do() {
    let signature =
        [&[0, 1, 8, 2, 0, 0, 1, 44, 0x69, 0x55, 0xb9, 0, 0, 0, 0, 0, 0, 7], NAME, &[0xff; 3]].concat();
    let nsec3 = vec![1, 0, 0, 10, 2, 0xaa, 0xbb, 5, 0, 0x44, 0x32, 0x14, 0xc7, 0, 1, 0x62, 1, 1, 0x40];
    let tsig = [NAME, &[0, 0, 0, 0, 0, 9, 1, 44, 0, 3], b"mac", &[0, 7, 0, 16, 0, 0]].concat();
    for (kind, data, expected) in [
        (43, vec![0, 7, 8, 2, 0xab], "7 8 2 AB"),
        (48, vec![1, 1, 3, 8, 1, 2, 3], "257 3 8 AQID"),
        (46, signature, "A 8 2 300 20260101000000 19700101000000 7 ab.c. ////"),
        (47, [NAME, &[0, 1, 0x40]].concat(), "ab.c. A"),
        (50, nsec3, "1 0 10 AABB 01234567 A NS SOA CAA"),
        (51, vec![1, 0, 0, 0, 0], "1 0 0 -"),
        (250, tsig, "ab.c. 9 300 3 bWFj 7 BADVERS 0"),
    ] {
        let text = text(kind, &data);
        assert_eq!(text.trim(), expected, "type {kind}");
    }
}

#[test]
fn what_is_not_known_or_does_not_fit_is_written_as_rfc_3597_has_it() {
    assert_eq!(text(65_280, &[1, 0xab]), r"\# 2 01ab");
    assert_eq!(text(10, &[]), r"\# 0");
    // Too short, too long, a name that leads nowhere, a bit map that ends early.
    for (kind, data) in
        [(1, vec![192, 0, 2]), (1, vec![192, 0, 2, 1, 9]), (2, vec![0xc0, 0xff]), (47, vec![0, 0, 9, 1])]
    {
        assert!(text(kind, &data).starts_with(r"\# "), "{kind} {data:?}");
    }
}

#[test]
fn a_line_each_fits_80_columns() {
    use std::net::IpAddr;

    use super::super::color::Colors;
    use super::super::table::TableOutput;
    use crate::decode::{Endpoint, TransportProtocol};
    use crate::flow::PacketStamp;
    use crate::proto::Protocol;
    use crate::report::dns::{DnsMessage, DnsOutcome, DnsTransaction};

    let end = |last: u16| Endpoint { addr: IpAddr::from([0x2001, 0xdb8, 1, 2, 3, 4, 5, last]), port: 53 };
    let label = [&[60], [b'x'; 60].as_slice()].concat();
    let question = [vec![0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0], label.repeat(4), vec![0, 0, 1, 0, 1]].concat();
    let query = DnsMessage {
        announced: None,
        first: PacketStamp::default(),
        at: PacketStamp { number: 1_000_000, ts: None },
        from: end(1),
        to: end(2),
        bytes: question.into(),
        cut: false,
    };
    let transaction = DnsTransaction::unanswered(Protocol::Dns, TransportProtocol::Udp, query);
    assert_eq!(transaction.outcome, DnsOutcome::Unanswered);
    let mut out = Vec::new();
    let output = TableOutput { width: Some(80), colors: Colors::OFF };
    super::write_dns_short(&mut out, output, &[&transaction]).unwrap();
    let text = String::from_utf8(out).unwrap();
    assert_eq!(text.lines().count(), 2, "{text}");
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    assert!(text.contains("no answer"), "{text}");
}

#[test]
fn two_long_addresses_of_a_footer_stand_below_each_other() {
    use std::net::IpAddr;

    use super::DnsOptions;
    use crate::decode::{Endpoint, TransportProtocol};
    use crate::flow::PacketStamp;
    use crate::proto::Protocol;
    use crate::render::color::Colors;
    use crate::report::dns::{DnsMessage, DnsTransaction};

    let end = |last: u16| Endpoint { addr: IpAddr::from([0x2001, 0xdb8, 1, 2, 3, 4, 5, last]), port: 53 };
    let bytes = vec![0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 1].into();
    let at = PacketStamp { number: 1, ts: None };
    let query = DnsMessage { first: at, at, from: end(1), to: end(2), bytes, cut: false, announced: None };
    let transaction = DnsTransaction::unanswered(Protocol::Dns, TransportProtocol::Udp, query);
    let shown = |width: usize| {
        let mut out = Vec::new();
        let options = DnsOptions { colors: Colors::OFF, width, queries: false };
        super::write_dns(&mut out, [&transaction].into_iter(), &[], options).unwrap();
        String::from_utf8(out).unwrap()
    };
    assert!(shown(60).contains("#53 (UDP),\n;;         client 2001:db8:1:2:3:4:5:1#53\n"), "{}", shown(60));
    assert!(shown(120).contains("#53 (UDP), client 2001:db8:1:2:3:4:5:1#53\n"), "{}", shown(120));
}
