use proptest::prelude::*;

use super::keys::Keys;
use super::*;
use crate::flow::{Direction, PacketStamp};
use crate::proto::{Analyzer, Ending, Input, Note, Step};

fn bytes(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_hexdigit).collect();
    digits.chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

fn input(bytes: &[u8], from: Direction) -> Input<'_> {
    let packet = PacketStamp::default();
    Input { from, bytes, first: packet, packet, end: Some(Ending::Datagram) }
}

/// The note and inner bytes of one packet.
fn take(analyzer: &mut QuicAnalyzer, bytes: &[u8], from: Direction) -> Option<(QuicNote, Vec<u8>)> {
    match analyzer.next(&input(bytes, from)) {
        Step::Message { note: Note::Quic(note), inner, .. } => {
            Some((*note, inner.map(|(_, bytes)| bytes).unwrap_or_default()))
        }
        _ => None,
    }
}

/// RFC 9001 appendix A.1: the client's first destination connection id is 8394c8f03e515708. The mask of the client's
/// first packet (A.2) and of the server's (A.3) follow from the header keys.
#[test]
fn keys_are_those_of_rfc_9001() {
    let dcid = bytes("8394c8f03e515708");
    let client = Keys::initial(Version::V1, &dcid, true).unwrap();
    assert_eq!(client.mask(&bytes("d1b1c98dd7689fb8ec11d242b123dc9b")).unwrap(), bytes("437b9aec36")[..]);
    let server = Keys::initial(Version::V1, &dcid, false).unwrap();
    assert_eq!(server.mask(&bytes("2cd0991cd25b0aac406a5816b6394100")).unwrap(), bytes("2ec0d8356a")[..]);
}

/// RFC 9001 appendix A.3: the server's first packet, with an ACK and a ServerHello.
const SERVER_INITIAL: &str = "cf000000010008f067a5502a4262b5004075c0d95a482cd0991cd25b0aac406a
5816b6394100f37a1c69797554780bb38cc5a99f5ede4cf73c3ec2493a1839b3
dbcba3f6ea46c5b7684df3548e7ddeb9c3bf9c73cc3f3bded74b562bfb19fb84
022f8ef4cdd93795d77d06edbb7aaf2f58891850abbdca3d20398c276456cbc4
2158407dd074ee";

#[test]
fn the_server_packet_of_rfc_9001_opens_and_a_changed_one_does_not() {
    let packet = bytes(SERVER_INITIAL);
    let header = Header::read(&packet).unwrap();
    assert_eq!((header.kind, header.version, header.len), (PacketKind::Initial, Version::V1, packet.len()));
    assert_eq!(header.scid, bytes("f067a5502a4262b5"));
    let keys = Keys::initial(Version::V1, &bytes("8394c8f03e515708"), false).unwrap();
    // Packet number 1 in two bytes, first byte 0xc1.
    let mut clear = packet[..header.number_at + 2].to_vec();
    clear[0] = 0xc1;
    clear[header.number_at..].copy_from_slice(&[0, 1]);
    let payload = keys.open(1, &clear, &packet[header.number_at + 2..]).unwrap();
    let crypto: Vec<_> = crypto(&payload).collect();
    assert_eq!(crypto.len(), 1);
    assert_eq!((crypto[0].offset, crypto[0].bytes.len(), crypto[0].bytes[0]), (0, 90, 2));
    let mut changed = packet.clone();
    *changed.last_mut().unwrap() ^= 1;
    assert_eq!(keys.open(1, &clear, &changed[header.number_at + 2..]), None);
}

#[test]
fn a_packet_that_cannot_be_opened_is_still_told() {
    let packet = bytes(SERVER_INITIAL);
    let (note, inner) = take(&mut QuicAnalyzer::new(), &packet, Direction::RespToOrig).unwrap();
    assert_eq!((note.kind, note.opened, inner.len()), (PacketKind::Initial, None, 0));
}

#[test]
fn frames_that_lie_about_their_length_end_the_list() {
    // CRYPTO of 64 bytes with four; an ACK of 2^61 ranges.
    assert_eq!(crypto(&bytes("06004040 01020304")).count(), 0);
    assert_eq!(crypto(&bytes("0200 00 e000000000000000 00 0600 01 aa")).count(), 0);
    assert_eq!(crypto(&bytes("0001 02 00 00 00 00 06 05 02 aabb")).next().unwrap().bytes, [0xaa, 0xbb]);
}

proptest! {
    #[test]
    fn no_datagram_panics(head in 0..4_usize, tail in proptest::collection::vec(any::<u8>(), 0..200)) {
        let heads: [&[u8]; 4] = [&[], &[0xc3, 0, 0, 0, 1, 4], &[0xd3, 0x6b, 0x33, 0x43, 0xcf, 8], &[0xff, 0, 0, 0, 0]];
        let packet = [heads[head], &tail].concat();
        let mut analyzer = QuicAnalyzer::new();
        for from in [Direction::OrigToResp, Direction::RespToOrig] {
            if let Step::Message { len, .. } = analyzer.next(&input(&packet, from)) {
                prop_assert!(len > 0 && len <= packet.len());
            }
        }
        prop_assert!(crypto(&tail).count() <= tail.len());
    }
}
