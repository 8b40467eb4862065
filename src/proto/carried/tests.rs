use super::*;
use crate::flow::{Direction, PacketStamp};
use crate::proto::{Analyzer, Ending, Input, Step};

use Direction::{OrigToResp as CLIENT, RespToOrig as SERVER};

fn input(from: Direction, bytes: &[u8], end: Option<Ending>) -> Input<'_> {
    Input { from, bytes, first: PacketStamp::default(), packet: PacketStamp::default(), end }
}

/// The records that a datagram completes, and whether they begin a connection.
fn carried(analyzer: &mut dyn Analyzer, from: Direction, datagram: &[u8]) -> Option<(Vec<u8>, bool)> {
    match analyzer.next(&input(from, datagram, Some(Ending::Datagram))) {
        Step::Carries { len, bytes, begins } => {
            assert_eq!(len, datagram.len());
            Some((bytes, begins))
        }
        Step::Skip(_) | Step::Lost => None,
        other => panic!("{other:?}"),
    }
}

/// A handshake record of `len` bytes in all.
fn record(len: u8) -> Vec<u8> {
    let mut bytes = vec![22, 3, 1, 0, len - 5];
    bytes.resize(usize::from(len), 1);
    bytes
}

/// A RADIUS packet whose EAP packet, of method `kind`, is cut into attributes of `part` bytes.
fn radius(number: u8, kind: u8, flags: u8, records: &[u8], part: usize) -> Vec<u8> {
    let len = u8::try_from(records.len() + 6).unwrap();
    let eap = [&[1, number, 0, len, kind, flags], records].concat();
    let mut attributes = vec![1, 4, b'm', b'e'];
    for part in eap.chunks(part) {
        attributes.extend([79, u8::try_from(part.len() + 2).unwrap()]);
        attributes.extend(part);
    }
    let len = u16::try_from(attributes.len() + 20).unwrap().to_be_bytes();
    [&[11, 1, len[0], len[1]], [0; 16].as_slice(), &attributes].concat()
}

#[test]
fn eap_fragments_are_joined_over_attributes_and_packets() {
    let mut analyzer = RadiusAnalyzer::new();
    let hello = record(90);
    assert_eq!(carried(&mut analyzer, SERVER, &radius(1, 13, 0x20, &[], 253)), None);
    assert_eq!(carried(&mut analyzer, SERVER, &radius(2, 13, 0x40, &hello[..60], 20)), None);
    assert_eq!(carried(&mut analyzer, SERVER, &radius(2, 13, 0x40, &hello[..60], 20)), None, "repeated");
    let last = radius(3, 13, 0, &hello[60..], 20);
    assert_eq!(carried(&mut analyzer, SERVER, &last), Some((hello.clone(), true)));
    let next = radius(4, 13, 0, &hello, 253);
    assert_eq!(carried(&mut analyzer, SERVER, &next), Some((hello.clone(), false)));
    let other_method = radius(5, 4, 0, &hello, 253);
    assert_eq!(carried(&mut analyzer, SERVER, &other_method), None);
    let with_length = radius(6, 25, 0x80, &[&[0, 0, 0, 90], hello.as_slice()].concat(), 253);
    assert_eq!(carried(&mut analyzer, SERVER, &with_length), Some((hello, false)));
}

#[test]
fn damaged_radius_carries_nothing() {
    let whole = radius(1, 13, 0, &record(90), 20);
    assert!(carries_eap(&whole));
    for len in 0..whole.len() {
        assert!(!carries_eap(&whole[..len]), "cut at {len}");
    }
    let mut endless = whole.clone();
    endless[21] = 0;
    assert!(!carries_eap(&endless), "an attribute without length");
    let mut accounting = whole;
    accounting[0] = 4;
    assert!(!carries_eap(&accounting));
}

/// An OpenVPN packet with a code of `code` bytes.
fn openvpn(opcode: u8, code: usize, acknowledged: u8, number: u8, records: &[u8]) -> Vec<u8> {
    let mut bytes = vec![opcode << 3, 1, 2, 3, 4, 5, 6, 7, 8];
    bytes.extend(vec![0xaa; code]);
    bytes.push(acknowledged);
    bytes.extend(vec![9; usize::from(acknowledged) * 4 + if acknowledged > 0 { 8 } else { 0 }]);
    bytes.extend([0, 0, 0, number]);
    bytes.extend(records);
    bytes
}

#[test]
fn control_packets_are_put_in_order_with_a_code_and_without() {
    let hello = record(200);
    for code in [0, 28] {
        let mut analyzer = OpenVpnAnalyzer::new();
        assert!(is_openvpn(&openvpn(7, code, 0, 0, &[]), false));
        assert_eq!(carried(&mut analyzer, CLIENT, &openvpn(7, code, 0, 0, &[])), None);
        assert_eq!(carried(&mut analyzer, SERVER, &openvpn(8, code, 1, 0, &[])), None);
        assert_eq!(carried(&mut analyzer, CLIENT, &openvpn(4, code, 0, 2, &hello[100..])), None);
        let first = openvpn(4, code, 2, 1, &hello[..100]);
        assert_eq!(carried(&mut analyzer, CLIENT, &first), Some((hello.clone(), true)));
        assert_eq!(carried(&mut analyzer, CLIENT, &first), None, "repeated");
        assert_eq!(carried(&mut analyzer, CLIENT, &openvpn(6, code, 0, 3, &hello)), None, "data");
    }
    assert!(!is_openvpn(&openvpn(7, 27, 0, 0, &[]), false), "no code is that long");
}

#[test]
fn on_a_stream_a_length_goes_before_each_packet() {
    let framed = |packet: Vec<u8>| [&[0, u8::try_from(packet.len()).unwrap()], packet.as_slice()].concat();
    let reset = framed(openvpn(7, 0, 0, 0, &[]));
    assert!(is_openvpn(&reset, true));
    let mut analyzer = OpenVpnAnalyzer::new();
    assert!(matches!(analyzer.next(&input(CLIENT, &reset[..9], None)), Step::More(16)));
    assert!(matches!(analyzer.next(&input(CLIENT, &reset, None)), Step::Skip(16)));
    let control = framed(openvpn(4, 0, 0, 1, &record(90)));
    let both = [control.as_slice(), &reset].concat();
    match analyzer.next(&input(CLIENT, &both, None)) {
        Step::Carries { len, bytes, begins } => {
            assert_eq!((len, bytes, begins), (control.len(), record(90), true));
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_waits_is_bounded() {
    let mut flight = Flight::default();
    assert_eq!(flight.add(&[22, 3, 1, 0x40]), None);
    for _ in 0..1000 {
        assert_eq!(flight.add(&[0; 1000]), None);
        assert!(flight.held() <= 2 * MAX_FLIGHT);
    }
    let mut analyzer = OpenVpnAnalyzer::new();
    for number in 1..=255 {
        assert_eq!(carried(&mut analyzer, CLIENT, &openvpn(4, 0, 0, number, &[0; 1000])), None);
    }
    assert!(analyzer.held() < 20_000);
}

#[test]
fn remote_desktop_over_udp_carries_tls_behind_its_own_parts() {
    let syn = [
        [0xff, 0xff, 0xff, 0xff, 0, 64, 0x10, 0x01, 1, 2, 3, 4, 4, 0xd0, 4, 0xd0].as_slice(),
        &[0, 1, 1, 1],
        &[0; 100],
    ]
    .concat();
    assert!(is_rdp_udp(&syn));
    assert!(!is_rdp_udp(&syn[..19]));
    let packet = |parts: u16, before: &[u8], number: u8, records: &[u8]| {
        let parts = parts.to_le_bytes();
        let mut bytes = [&[0xe0, parts[0], parts[1]], before, &[number, 0], records].concat();
        bytes.swap(0, 7);
        bytes
    };
    let mut analyzer = RdpUdpAnalyzer::new();
    let hello = record(90);
    assert_eq!(carried(&mut analyzer, CLIENT, &syn), None);
    // Time-outs, acknowledged acknowledgements, a number.
    let first = packet(0xc114, &[1, 0xf4, 1, 100, 0, 100, 0], 1, &hello[..50]);
    assert_eq!(carried(&mut analyzer, CLIENT, &first), None);
    // An acknowledgement with two delays, a number.
    let second = packet(0xc005, &[7, 0, 1, 2, 3, 0, 2, 9, 9, 101, 0], 2, &hello[50..]);
    assert_eq!(carried(&mut analyzer, CLIENT, &second), Some((hello.clone(), true)));
    // A vector of three bytes with a time.
    let third = packet(0xc00c, &[102, 0, 7, 0, 0x83, 1, 2, 3, 4, 5, 6, 7], 3, &hello);
    assert_eq!(carried(&mut analyzer, CLIENT, &third), Some((hello.clone(), false)));
    assert_eq!(carried(&mut analyzer, CLIENT, &third), Some((hello, false)), "a repeat is told again");
    for len in 0..third.len() {
        assert_eq!(carried(&mut analyzer, CLIENT, &third[..len]), None, "cut at {len}");
    }
}
