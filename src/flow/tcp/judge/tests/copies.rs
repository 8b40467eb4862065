//! Frames captured twice.

use super::*;

#[test]
fn a_frame_captured_twice_is_no_retransmission() {
    let mut talk = Talk::open();
    let with_id = |id| Extra { id: Some(id), ..PLAIN };
    talk.with(ORIG, ACK, 1001, 5001, 100, with_id(900));
    let copy = talk.with(ORIG, ACK, 1001, 5001, 100, with_id(900));
    assert_eq!(said(copy), (Kind::CapturedTwice, Sureness::Certain, Reason::SameIpId));
    assert_eq!(copy.unwrap().evidence.original.map(NonZero::get), Some(4));
    talk.with(RESP, ACK, 5001, 1101, 0, with_id(70));
    assert_eq!(said(talk.with(RESP, ACK, 5001, 1101, 0, with_id(70))).0, Kind::CapturedTwice);
    assert_eq!(talk.with(RESP, ACK, 5001, 1101, 0, with_id(71)), None);
    // Without identification, the timestamp tells.
    let stamped = Extra { id: Some(0), tsval: Some(7), ..PLAIN };
    talk.with(ORIG, ACK, 1101, 5001, 100, stamped);
    let copy = talk.with(ORIG, ACK, 1101, 5001, 100, stamped);
    assert_eq!(said(copy), (Kind::CapturedTwice, Sureness::Likely, Reason::SameTimestamp));
    talk.wait(300);
    let later = talk.with(ORIG, ACK, 1101, 5001, 100, Extra { tsval: Some(307), ..stamped });
    assert_eq!(said(later).0, Kind::TimeOut);
}

#[test]
fn a_constant_identification_does_not_make_a_copy() {
    fn constant(sack: &[(u32, u32)]) -> Extra<'_> {
        Extra { id: Some(7), sack, ..PLAIN }
    }
    let mut talk = Talk::new();
    talk.with(ORIG, SYN, 1000, 0, 0, constant(&[]));
    talk.with(RESP, SYN_ACK, 5000, 1001, 0, constant(&[]));
    talk.with(ORIG, ACK, 1001, 5001, 0, constant(&[]));
    for place in 0..5 {
        assert_eq!(talk.with(ORIG, ACK, 1001 + place * 100, 5001, 100, constant(&[])), None);
    }
    // Duplicate ACKs, and what they ask for, within a few microseconds.
    for end in [1201, 1301, 1401, 1501, 1501, 1501] {
        let sack = [(1101, end)];
        assert_eq!(talk.with(RESP, ACK, 5001, 1001, 0, constant(&sack)), None, "up to {end}");
    }
    let judgement = talk.with(ORIG, ACK, 1001, 5001, 100, constant(&[]));
    assert_eq!(said(judgement), (Kind::Fast, Sureness::Certain, Reason::DuplicateAcks));
    let mut talk = Talk::new();
    for tsval in [None, Some(3)] {
        // Nothing asked for these, and no sender is that quick: copies, but never for certain.
        let same = Extra { tsval, ..constant(&[]) };
        let start = if tsval.is_none() { 1001 } else { 1301 };
        talk.with(ORIG, ACK, start, 5001, 100, same);
        talk.with(ORIG, ACK, start + 100, 5001, 100, same);
        let sure = if tsval.is_none() { Sureness::Possible } else { Sureness::Likely };
        let copy = talk.with(ORIG, ACK, start + 100, 5001, 100, same);
        assert_eq!((said(copy).0, said(copy).1), (Kind::CapturedTwice, sure));
    }
}

#[test]
fn copies_agree_in_every_option_and_the_checksum() {
    let stamped = Extra { id: Some(900), tsval: Some(7), checksum: 0x1234, ..PLAIN };
    for (other, expected) in [
        (stamped, Some(Sureness::Certain)),
        // Damaged, or captured before the checksum was filled in.
        (Extra { checksum: 0x4321, ..stamped }, Some(Sureness::Likely)),
        (Extra { sack: &[(6001, 6101)], ..stamped }, None),
    ] {
        let mut talk = Talk::open();
        talk.with(ORIG, ACK, 1001, 5001, 100, stamped);
        let copy = talk.with(ORIG, ACK, 1001, 5001, 100, other).filter(|it| it.kind == Kind::CapturedTwice);
        assert_eq!(copy.map(|copy| copy.sure), expected);
        // Where the identification says nothing, another checksum is another datagram.
        let mut talk = Talk::open();
        talk.with(ORIG, ACK, 1001, 5001, 100, Extra { id: Some(0), ..stamped });
        let copy = talk.with(ORIG, ACK, 1001, 5001, 100, Extra { id: Some(0), ..other });
        let is_copy = copy.is_some_and(|copy| copy.kind == Kind::CapturedTwice);
        assert_eq!(is_copy, expected == Some(Sureness::Certain));
    }
    let acks = [(1101, 1201), (1301, 1401)].map(|block| [block]);
    let mut talk = Talk::open();
    talk.data(1001, 4);
    talk.with(RESP, ACK, 5001, 1001, 0, Extra { id: Some(70), sack: &acks[0], ..PLAIN });
    let other = talk.with(RESP, ACK, 5001, 1001, 0, Extra { id: Some(70), sack: &acks[1], ..PLAIN });
    assert_eq!(other, None);
}

#[test]
fn a_syn_captured_twice_is_no_retry() {
    let mut talk = Talk::new();
    talk.with(ORIG, SYN, 1000, 0, 0, Extra { id: Some(5), ..PLAIN });
    let copy = talk.with(ORIG, SYN, 1000, 0, 0, Extra { id: Some(5), ..PLAIN });
    assert_eq!(said(copy), (Kind::CapturedTwice, Sureness::Likely, Reason::SameIpId));
    talk.with(RESP, SYN_ACK, 5000, 1001, 0, Extra { id: Some(0), ..PLAIN });
    let copy = talk.with(RESP, SYN_ACK, 5000, 1001, 0, Extra { id: Some(0), ..PLAIN });
    assert_eq!(said(copy), (Kind::CapturedTwice, Sureness::Likely, Reason::SameInstant));
    let start = &talk.flow.handshake;
    assert_eq!((start.syn_retry_count, start.syn_ack_retry_count), (0, 0));
    assert!(start.syn_retries.is_empty() && start.syn_ack_retries.is_empty());
    talk.wait(1000);
    talk.send(RESP, SYN_ACK, 5000, 1001, 0);
    assert_eq!(talk.flow.handshake.syn_ack_retry_count, 1);
    // The answer to a second SYN, and the retry of the first, which is due as well.
    for _ in 0..2 {
        let answer = talk.with(RESP, SYN_ACK, 5000, 1001, 0, Extra { id: Some(0), ..PLAIN });
        assert_eq!(said(answer).0, Kind::SynAckRetried);
        talk.wait(5);
    }
}

#[test]
fn a_syn_ack_that_a_syn_called_for_again_is_no_copy() {
    // Over IPv6 there is no identification.
    let bare = Extra { id: Some(0), ..PLAIN };
    let mut talk = Talk::new();
    talk.with(ORIG, SYN, 1000, 0, 0, bare);
    talk.with(RESP, SYN_ACK, 5000, 1001, 0, bare);
    talk.wait(1000);
    // Both time-outs end at once.
    let by_time_out = talk.with(RESP, SYN_ACK, 5000, 1001, 0, bare);
    assert_eq!(said(by_time_out).0, Kind::SynAckRetried);
    talk.with(ORIG, SYN, 1000, 0, 0, bare);
    let called_for = talk.with(RESP, SYN_ACK, 5000, 1001, 0, bare);
    assert_eq!(said(called_for).0, Kind::SynAckRetried);
}

#[test]
fn a_frame_captured_twice_is_counted_once_and_still_timed() {
    let mut talk = Talk::open();
    talk.send(RESP, ACK, 5001, 1001, 0);
    let with_id = |id| Extra { id: Some(id), ..PLAIN };
    for _ in 0..2 {
        talk.with(ORIG, ACK, 1001, 5001, 100, with_id(900));
    }
    talk.wait(10);
    for _ in 0..2 {
        talk.with(RESP, ACK, 5001, 1101, 0, with_id(70));
    }
    let side = talk.flow.orig;
    assert_eq!((side.repeated_packets, side.repeated_bytes, side.measures.unique_bytes), (0, 0, 100));
    assert_eq!((side.measures.round_trips.samples, side.judged.captured_twice), (2, 1));
    assert_eq!(talk.flow.resp.measures.duplicate_acks, 0);
}

#[test]
fn an_identification_that_never_changes_tells_nothing() {
    let mut talk = Talk::new();
    let same = Extra { id: Some(5), ..PLAIN };
    talk.with(ORIG, SYN, 1000, 0, 0, same);
    talk.wait(500);
    assert_eq!(said(talk.with(ORIG, SYN, 1000, 0, 0, same)).0, Kind::SynRetried);
}
