use super::*;
use crate::decode::{LayerKind, StopReason};
use crate::source::LinkType;

const ID: u16 = 77;

/// A fragment of a UDP datagram, as an IPv4 packet.
fn fragment(id: u16, offset: u16, more: bool, bytes: &[u8]) -> Vec<u8> {
    let total = u16::try_from(20 + bytes.len()).unwrap().to_be_bytes();
    let flags = ((offset / 8) | if more { 0x2000 } else { 0 }).to_be_bytes();
    let id = id.to_be_bytes();
    let mut packet = vec![0x45, 0, total[0], total[1], id[0], id[1], flags[0], flags[1], 64, 17, 0, 0];
    packet.extend([10, 0, 0, 1, 10, 0, 0, 2]);
    packet.extend(bytes);
    packet
}

/// A UDP datagram of `len` bytes, ports 1000 and 2000.
fn udp(len: u16) -> Vec<u8> {
    let length = len.to_be_bytes();
    let mut bytes = vec![3, 232, 7, 208, length[0], length[1], 0, 0];
    bytes.extend((8..len).map(|n| u8::try_from(n % 251).unwrap()));
    bytes
}

fn captured(number: u64, seconds: i64, data: &[u8]) -> CapturedPacket<'_> {
    CapturedPacket {
        number,
        ts: Some(Timestamp::from_parts(seconds, 0)),
        wire_len: u32::try_from(data.len()).unwrap(),
        interface: 0,
        link: LinkType::IPV4,
        data,
    }
}

/// Feeds fragments given as (offset, more, bytes) and returns what the last one completed.
fn feed(pieces: &[(u16, bool, &[u8])]) -> Option<Reassembled> {
    let (mut defragmenter, mut decoder) = (Defragmenter::new(), Decoder::new());
    let mut last = None;
    for (n, (offset, more, bytes)) in pieces.iter().enumerate() {
        let packet = fragment(ID, *offset, *more, bytes);
        let number = u64::try_from(n).unwrap() + 1;
        last =
            defragmenter.decode(&mut decoder, &captured(number, 0, &packet)).reassembled().first().cloned();
    }
    last
}

#[test]
fn the_completing_packet_carries_the_datagram_whatever_the_order() {
    let whole = udp(40);
    let (mut defragmenter, mut decoder) = (Defragmenter::new(), Decoder::new());
    let parts = [
        fragment(ID, 32, false, &whole[32..]),
        fragment(ID, 0, true, &whole[..16]),
        fragment(ID, 16, true, &whole[16..32]),
    ];
    for (n, part) in parts[..2].iter().enumerate() {
        let packet = captured(n as u64 + 1, 0, part);
        let decoded = defragmenter.decode(&mut decoder, &packet);
        assert_eq!(decoded.stop().unwrap().reason, StopReason::Fragment);
        assert!(decoded.transports().is_empty());
    }
    let packet = captured(3, 0, &parts[2]);
    let decoded = defragmenter.decode(&mut decoder, &packet);
    assert_eq!(decoded.stop(), None);
    assert_eq!(decoded.reassembled()[0].bytes, whole);
    // By their place in the datagram, as Wireshark lists them.
    assert_eq!(decoded.reassembled()[0].packets, [2, 3, 1]);
    let payload = decoded.layers().last().unwrap();
    assert_eq!((payload.kind, payload.buffer), (LayerKind::Payload, 1));
    assert_eq!(decoded.transports()[0].dst.port, 2000);
    assert_eq!(decoded.buffer(1), whole);
    assert_eq!(defragmenter.held, 0);
}

#[test]
fn overlaps_keep_the_earlier_bytes_and_tell_of_a_conflict() {
    let whole = udp(40);
    let same = feed(&[(0, true, &whole[..24]), (16, false, &whole[16..])]).unwrap();
    assert_eq!((same.bytes.as_slice(), same.conflict), (whole.as_slice(), false));
    let other = [0xee; 24];
    let conflict = feed(&[(0, true, &whole[..24]), (16, false, &other)]).unwrap();
    assert_eq!(conflict.bytes[..24], whole[..24]);
    assert_eq!(conflict.bytes[24..], [0xee; 16]);
    assert!(conflict.conflict);
}

#[test]
fn a_repeated_fragment_after_completion_begins_anew() {
    let whole = udp(24);
    let done = feed(&[(0, true, &whole[..16]), (16, false, &whole[16..]), (16, false, &whole[16..])]);
    assert_eq!(done, None);
}

#[test]
fn a_hole_is_never_complete() {
    let whole = udp(40);
    assert_eq!(feed(&[(0, true, &whole[..16]), (0, true, &whole[..16]), (24, false, &whole[24..])]), None);
}

#[test]
fn old_datagrams_expire_by_packet_time() {
    let whole = udp(40);
    let (mut defragmenter, mut decoder) = (Defragmenter::new(), Decoder::new());
    let first = fragment(ID, 0, true, &whole[..16]);
    let last = fragment(ID, 16, false, &whole[16..]);
    defragmenter.decode(&mut decoder, &captured(1, 0, &first));
    let packet = captured(2, 121, &last);
    assert!(defragmenter.decode(&mut decoder, &packet).reassembled().is_empty());
    assert_eq!(defragmenter.limits().expired, 1);
}

#[test]
fn a_flood_of_beginnings_is_bounded_and_counted() {
    let whole = udp(1400);
    let (mut defragmenter, mut decoder) = (Defragmenter::new(), Decoder::new());
    for n in 0..20_000_u64 {
        let id = u16::try_from(n).unwrap();
        let begin = fragment(id, 0, true, &whole[..1400]);
        defragmenter.decode(&mut decoder, &captured(n + 1, 0, &begin));
    }
    assert!(defragmenter.datagrams.len() <= MAX_DATAGRAMS);
    assert!(defragmenter.held <= MAX_HELD_BYTES);
    assert!(defragmenter.order.len() <= 2 * MAX_DATAGRAMS);
    let kept = u64::try_from(defragmenter.datagrams.len()).unwrap();
    assert_eq!(defragmenter.limits().evicted + kept, 20_000);
}

#[test]
fn datagrams_nest_and_the_inner_one_is_found() {
    let inner = udp(40);
    let first = fragment(1, 0, true, &inner[..16]);
    let second = fragment(1, 16, false, &inner[16..]);
    let (mut defragmenter, mut decoder) = (Defragmenter::new(), Decoder::new());
    let mut ends = Vec::new();
    for (id, tunnelled) in [(2, first), (3, second)] {
        for (offset, more, bytes) in [(0, true, &tunnelled[..24]), (24, false, &tunnelled[24..])] {
            let mut outer = fragment(id, offset, more, bytes);
            outer[9] = 4;
            let packet = captured(1, 0, &outer);
            let decoded = defragmenter.decode(&mut decoder, &packet);
            ends.push((decoded.reassembled().len(), decoded.transports().len()));
        }
    }
    assert_eq!(ends, [(0, 0), (1, 0), (0, 0), (2, 1)]);
}
