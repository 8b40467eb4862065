use std::num::NonZero;

use proptest::prelude::*;

use super::{Judgement, Kind, MAX_REMEMBERED, Reason, Sureness};
use crate::decode::{TcpFlags, TcpSegment};
use crate::flow::tcp::{EndpointState, TcpFlow};
use crate::flow::{Direction, PacketStamp};
use crate::time::Timestamp;

const ORIG: Direction = Direction::OrigToResp;
const RESP: Direction = Direction::RespToOrig;
const ACK: u16 = TcpFlags::ACK;
const FIN: u16 = TcpFlags::FIN | ACK;
const SYN: u16 = TcpFlags::SYN;
const SYN_ACK: u16 = SYN | ACK;
const MS: i128 = 1_000_000;

/// A connection that segments are put into, one packet each. The originator's bytes count from 1001, the responder's
/// from 5001.
struct Talk {
    flow: TcpFlow,
    number: u64,
    now: i128,
    id: u16,
    window: u16,
}

#[derive(Clone, Copy)]
struct Extra<'a> {
    id: Option<u16>,
    tsval: Option<u32>,
    sack: &'a [(u32, u32)],
    /// On a SYN.
    sack_permitted: bool,
    checksum: u16,
}

const PLAIN: Extra<'_> = Extra { id: None, tsval: None, sack: &[], sack_permitted: false, checksum: 0 };

impl Talk {
    fn new() -> Self {
        Self { flow: TcpFlow::new(false), number: 0, now: 0, id: 0, window: 500 }
    }

    /// After a handshake of 10 ms, in packets 1 to 3.
    fn open() -> Self {
        let mut talk = Self::new();
        talk.send(ORIG, SYN, 1000, 0, 0);
        talk.wait(10);
        talk.send(RESP, SYN_ACK, 5000, 1001, 0);
        talk.send(ORIG, ACK, 1001, 5001, 0);
        talk
    }

    /// The same with selective acknowledgment and another round trip, which all passes between capture and responder.
    fn open_with_sack(round_trip_ms: i128) -> Self {
        let mut talk = Self::new();
        let permitted = Extra { sack_permitted: true, ..PLAIN };
        talk.with(ORIG, SYN, 1000, 0, 0, permitted);
        talk.wait(round_trip_ms);
        talk.with(RESP, SYN_ACK, 5000, 1001, 0, permitted);
        talk.send(ORIG, ACK, 1001, 5001, 0);
        talk
    }

    fn wait(&mut self, ms: i128) {
        self.now += ms * MS;
    }

    fn with(
        &mut self,
        by: Direction,
        flags: u16,
        seq: u32,
        ack: u32,
        len: u32,
        extra: Extra<'_>,
    ) -> Option<Judgement> {
        self.number += 1;
        self.now += 1000;
        self.id += 1;
        let mut options = Vec::new();
        if let Some(tsval) = extra.tsval {
            options.extend([1, 1, 8, 10]);
            options.extend(tsval.to_be_bytes());
            options.extend([0; 4]);
        }
        if extra.sack_permitted {
            options.extend([1, 1, 4, 2]);
        }
        if !extra.sack.is_empty() {
            options.extend([1, 1, 5, 2 + 8 * u8::try_from(extra.sack.len()).unwrap()]);
            for (left, right) in extra.sack {
                options.extend([left.to_be_bytes(), right.to_be_bytes()].concat());
            }
        }
        let segment = TcpSegment {
            seq,
            ack,
            flags: TcpFlags(flags),
            window: self.window,
            checksum: extra.checksum,
            options: &options,
            payload: &[],
            payload_len: len,
        };
        let packet = PacketStamp { number: self.number, ts: Some(Timestamp::from_nanos(self.now)) };
        self.flow.follow(by, &segment, packet, None, extra.id.or(Some(self.id))).judgement
    }

    fn send(&mut self, by: Direction, flags: u16, seq: u32, ack: u32, len: u32) -> Option<Judgement> {
        self.with(by, flags, seq, ack, len, PLAIN)
    }

    /// `count` segments of 100 bytes from the originator, the first at `seq`.
    fn data(&mut self, seq: u32, count: u32) {
        for place in 0..count {
            assert_eq!(self.send(ORIG, ACK, seq.wrapping_add(place * 100), 5001, 100), None);
        }
    }

    fn acks(&mut self, ack: u32, sack: &[(u32, u32)]) -> Option<Judgement> {
        self.with(RESP, ACK, 5001, ack, 0, Extra { sack, ..PLAIN })
    }

    fn states(&self, side: Direction) -> Vec<(u64, EndpointState)> {
        self.flow.states(side).changes().map(|change| (change.packet, change.state)).collect()
    }
}

fn said(judgement: Option<Judgement>) -> (Kind, Sureness, Reason) {
    let judgement = judgement.expect("a judgement");
    (judgement.kind, judgement.sure, judgement.reason)
}

#[test]
fn three_duplicate_acks_ask_for_a_fast_retransmission() {
    let mut talk = Talk::open();
    talk.data(1001, 5);
    for _ in 0..4 {
        talk.acks(1001, &[]);
    }
    let judgement = talk.send(ORIG, ACK, 1001, 5001, 100);
    assert_eq!(said(judgement), (Kind::Fast, Sureness::Certain, Reason::DuplicateAcks));
    let evidence = judgement.unwrap().evidence;
    assert_eq!(evidence.original.map(NonZero::get), Some(4));
    let asked = evidence.asked.unwrap();
    assert_eq!((asked.first.get(), asked.last, asked.duplicates), (9, 12, 4));
    // A partial acknowledgment, and the next hole (RFC 6582).
    talk.acks(1101, &[]);
    let next = talk.send(ORIG, ACK, 1101, 5001, 100);
    assert_eq!(said(next), (Kind::Fast, Sureness::Likely, Reason::SameRecovery));
    assert_eq!(talk.flow.orig.judged.fast, 2);
}

#[test]
fn the_second_retransmission_of_a_sack_recovery_is_fast_too() {
    let mut talk = Talk::open();
    talk.data(1001, 8);
    for end in [1301, 1401, 1501] {
        talk.acks(1001, &[(1201, end)]);
    }
    talk.acks(1001, &[(1601, 1801), (1201, 1501)]);
    assert_eq!(said(talk.send(ORIG, ACK, 1001, 5001, 100)).0, Kind::Fast);
    assert_eq!(said(talk.send(ORIG, ACK, 1101, 5001, 100)), (Kind::Fast, Sureness::Certain, Reason::Sacked));
    // What the receiver said it has is not worth sending again.
    let judgement = talk.send(ORIG, ACK, 1201, 5001, 100);
    assert_eq!(said(judgement), (Kind::Unnecessary, Sureness::Certain, Reason::SackedBefore));
    assert_eq!(judgement.unwrap().evidence.acknowledged_by.map(NonZero::get), Some(12));
}

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
    // Nothing asked for these, and no sender is that quick: likely copies, never certain.
    let mut talk = Talk::new();
    for tsval in [None, Some(3)] {
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
}

#[test]
fn who_is_not_connected_sends_no_keep_alive() {
    let half_open = || {
        let mut talk = Talk::new();
        talk.send(ORIG, SYN, 1000, 0, 0);
        talk.send(RESP, SYN_ACK, 5000, 1001, 0);
        talk.wait(50);
        talk
    };
    let mut talk = half_open();
    assert_eq!(talk.send(RESP, ACK, 5000, 1001, 0), None);
    let mut talk = half_open();
    assert_eq!(talk.send(ORIG, ACK, 1000, 5001, 0), None);
    assert_eq!((talk.flow.handshake.ack, talk.flow.orig.keep_alives), (None, 0));
    talk.send(ORIG, ACK, 1001, 5001, 0);
    assert_eq!(talk.flow.handshake.ack.map(|ack| ack.number), Some(4));
    // An idle connection that carried nothing.
    talk.wait(10_000);
    assert_eq!(said(talk.send(ORIG, ACK, 1000, 5001, 0)).0, Kind::KeepAlive);
    // One byte on its way, and an ACK that it overtook.
    talk.send(ORIG, ACK, 1001, 5001, 1);
    assert_eq!(talk.send(ORIG, ACK, 1001, 5001, 0), None);
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
fn a_byte_into_a_closed_window_is_sent_only_once_it_is_acknowledged() {
    let closed = |talk: &mut Talk| {
        talk.data(1001, 1);
        talk.window = 0;
        talk.send(RESP, ACK, 5001, 1101, 0);
        talk.window = 500;
        for _ in 0..2 {
            assert_eq!(said(talk.send(ORIG, ACK, 1101, 5001, 1)).0, Kind::ZeroWindowProbe);
        }
    };
    let mut talk = Talk::open();
    closed(&mut talk);
    assert_eq!(talk.send(ORIG, ACK, 1101, 5001, 0), None, "an ACK at the number of the byte");
    talk.send(RESP, ACK, 5001, 1101, 0);
    talk.wait(300);
    assert_eq!(talk.send(ORIG, ACK, 1101, 5001, 100), None, "the byte again, with those behind it");
    assert_eq!((talk.flow.orig.repeated_bytes, talk.flow.orig.measures.unique_bytes), (0, 200));

    // Here the receiver took it.
    let mut talk = Talk::open();
    closed(&mut talk);
    talk.send(RESP, ACK, 5001, 1102, 0);
    assert_eq!(talk.send(ORIG, ACK, 1102, 5001, 100), None);
    assert_eq!((talk.flow.orig.missing_bytes, talk.flow.orig.measures.unique_bytes), (0, 201));

    // And here the sender counts it as sent.
    let mut talk = Talk::open();
    closed(&mut talk);
    assert_eq!(talk.send(ORIG, ACK, 1102, 5001, 100), None);
    assert_eq!(talk.flow.orig.missing_bytes, 0);
}

#[test]
fn an_identification_that_never_changes_tells_nothing() {
    let mut talk = Talk::new();
    let same = Extra { id: Some(5), ..PLAIN };
    talk.with(ORIG, SYN, 1000, 0, 0, same);
    talk.wait(500);
    assert_eq!(said(talk.with(ORIG, SYN, 1000, 0, 0, same)).0, Kind::SynRetried);
}

#[test]
fn retried_syns_are_named() {
    let mut talk = Talk::new();
    talk.send(ORIG, SYN, 1000, 0, 0);
    talk.wait(1000);
    let judgement = talk.send(ORIG, SYN, 1000, 0, 0);
    assert_eq!(said(judgement), (Kind::SynRetried, Sureness::Certain, Reason::SameNumber));
    assert_eq!(judgement.unwrap().evidence.original.map(NonZero::get), Some(1));
    talk.send(RESP, SYN_ACK, 5000, 1001, 0);
    talk.wait(1000);
    assert_eq!(said(talk.send(RESP, SYN_ACK, 5000, 1001, 0)).0, Kind::SynAckRetried);
    assert_eq!(talk.flow.orig.judged.handshake_retries, 1);
    let mut refused = Talk::new();
    refused.send(ORIG, SYN, 1000, 0, 0);
    refused.send(RESP, TcpFlags::RST | ACK, 0, 1001, 0);
    assert_eq!(said(refused.send(ORIG, SYN, 1000, 0, 0)).0, Kind::SynRetried);
}

#[test]
fn answers_to_probes_of_a_closed_window_ask_for_nothing() {
    let mut talk = Talk::open();
    talk.data(1001, 1);
    talk.window = 0;
    talk.acks(1101, &[]);
    for _ in 0..4 {
        talk.window = 500;
        talk.send(ORIG, ACK, 1101, 5001, 1);
        talk.wait(300);
        talk.window = 0;
        talk.acks(1101, &[]);
    }
    talk.window = 500;
    talk.acks(1101, &[]);
    // The probes were not sent bytes, so this is simply the next.
    assert_eq!(talk.send(ORIG, ACK, 1101, 5001, 1), None);
}

#[test]
fn a_capture_begun_mid_stream_is_told() {
    let mut talk = Talk::new();
    talk.data(1001, 2);
    assert!(talk.flow.begins_mid_stream());
    assert_eq!(talk.flow.states(ORIG).state(), EndpointState::Unknown);
    // What came before the capture was not seen, so this is no repeat of anything known.
    talk.wait(100);
    let judgement = talk.send(ORIG, ACK, 901, 5001, 100);
    assert_eq!(said(judgement).0, Kind::RepeatUnseen);
    talk.send(RESP, ACK, 5001, 1201, 10);
    assert_eq!(talk.flow.states(ORIG).state(), EndpointState::Established);
    assert_eq!(talk.flow.states(RESP).state(), EndpointState::Established);
    assert!(!Talk::open().flow.begins_mid_stream());
}

#[test]
fn time_outs_and_probes_are_told_apart() {
    let mut talk = Talk::open_with_sack(10);
    talk.data(1001, 3);
    talk.wait(20);
    let probe = talk.send(ORIG, ACK, 1201, 5001, 100);
    assert_eq!(said(probe), (Kind::TailLossProbe, Sureness::Likely, Reason::ProbeDue));
    assert!(probe.unwrap().evidence.probe.is_some_and(|probe| !probe.is_alone && !probe.time_out_fits));
    talk.wait(300);
    let first = talk.send(ORIG, ACK, 1001, 5001, 100);
    assert_eq!(said(first), (Kind::TimeOut, Sureness::Certain, Reason::NothingAsked));
    talk.acks(1101, &[]);
    assert_eq!(
        said(talk.send(ORIG, ACK, 1101, 5001, 100)),
        (Kind::TimeOut, Sureness::Likely, Reason::SameRecovery)
    );
    talk.acks(1301, &[]);
    assert_eq!(
        said(talk.send(ORIG, ACK, 1101, 5001, 100)),
        (Kind::Unnecessary, Sureness::Certain, Reason::Acknowledged)
    );
}

#[test]
fn a_probe_is_told_by_the_round_trip() {
    // What is sent again after so many milliseconds, the only segment in flight.
    let after = |talk: &mut Talk, ms| {
        talk.data(1001, 1);
        talk.wait(ms);
        talk.send(ORIG, ACK, 1001, 5001, 100)
    };
    let at_150 = || Talk::open_with_sack(150);
    let probe = after(&mut at_150(), 300);
    assert_eq!(said(probe), (Kind::TailLossProbe, Sureness::Likely, Reason::ProbeDue));
    assert_eq!(probe.unwrap().evidence.probe.unwrap().round_trip().as_nanos() / MS, 150);
    // With the allowance for a delayed ACK, when a time-out may come as well.
    let either = after(&mut at_150(), 500);
    assert_eq!(said(either), (Kind::TailLossProbe, Sureness::Possible, Reason::ProbeDue));
    assert!(either.unwrap().evidence.probe.unwrap().time_out_fits);
    assert_eq!(said(after(&mut at_150(), 700)), (Kind::TimeOut, Sureness::Certain, Reason::NothingAsked));
    // A probe needs SACK, and is sent once.
    let mut without = Talk::open();
    assert_eq!(said(after(&mut without, 210)), (Kind::TimeOut, Sureness::Certain, Reason::NothingAsked));
    let mut twice = at_150();
    assert_eq!(said(after(&mut twice, 300)).0, Kind::TailLossProbe);
    twice.wait(300);
    assert_eq!(said(twice.send(ORIG, ACK, 1001, 5001, 100)).0, Kind::TimeOut);
    // Where neither handshake nor round trip is known, a time-out is no more than likely.
    let mut unknown = Talk::new();
    unknown.send(RESP, ACK, 5001, 1001, 0);
    assert_eq!(said(after(&mut unknown, 300)), (Kind::TimeOut, Sureness::Likely, Reason::NothingAsked));
}

#[test]
fn a_round_trip_has_a_part_on_each_side_of_the_capture() {
    let mut talk = Talk::new();
    let permitted = Extra { sack_permitted: true, ..PLAIN };
    talk.with(ORIG, SYN, 1000, 0, 0, permitted);
    talk.wait(20);
    talk.with(RESP, SYN_ACK, 5000, 1001, 0, permitted);
    talk.wait(130);
    talk.send(ORIG, ACK, 1001, 5001, 0);
    talk.data(1001, 1);
    talk.wait(20);
    talk.acks(1101, &[]);
    talk.data(1101, 1);
    talk.wait(300);
    let probe = talk.send(ORIG, ACK, 1101, 5001, 100);
    assert_eq!(said(probe), (Kind::TailLossProbe, Sureness::Likely, Reason::ProbeDue));
    assert_eq!(probe.unwrap().evidence.probe.unwrap().round_trip().as_nanos() / MS, 150);
}

#[test]
fn what_asked_long_before_is_told() {
    let mut talk = Talk::open();
    talk.data(1001, 5);
    for _ in 0..3 {
        talk.acks(1001, &[]);
    }
    talk.wait(600);
    let judgement = talk.send(ORIG, ACK, 1001, 5001, 100);
    assert_eq!(said(judgement), (Kind::TimeOut, Sureness::Likely, Reason::AskedBefore));
    let evidence = judgement.unwrap().evidence;
    assert_eq!(
        evidence.asked.map(|asked| (asked.first.get(), asked.last, asked.duplicates)),
        Some((9, 11, 3))
    );
    assert_eq!(evidence.silence().map(|silence| silence.as_nanos() / MS), Some(600));
    // What was answered by a copy that was lost again.
    let mut again = Talk::open();
    again.data(1001, 5);
    for _ in 0..4 {
        again.acks(1001, &[]);
    }
    assert_eq!(said(again.send(ORIG, ACK, 1001, 5001, 100)).0, Kind::Fast);
    again.wait(205);
    let judgement = again.send(ORIG, ACK, 1001, 5001, 100);
    assert_eq!(said(judgement), (Kind::TimeOut, Sureness::Likely, Reason::AskedBefore));
    assert_eq!(judgement.unwrap().evidence.silence(), None);
}

#[test]
fn a_repeat_that_is_lost_again_is_a_time_out() {
    let mut talk = Talk::open();
    talk.data(1001, 5);
    for _ in 0..4 {
        talk.acks(1001, &[]);
    }
    assert_eq!(said(talk.send(ORIG, ACK, 1001, 5001, 100)).0, Kind::Fast);
    talk.wait(400);
    assert_eq!(said(talk.send(ORIG, ACK, 1001, 5001, 100)).0, Kind::TimeOut);
}

#[test]
fn keep_alives_are_not_repeats_of_a_byte() {
    let mut talk = Talk::open();
    talk.data(1001, 1);
    talk.acks(1101, &[]);
    talk.wait(10_000);
    assert_eq!(said(talk.send(ORIG, ACK, 1100, 5001, 1)).0, Kind::KeepAlive);
    assert_eq!(said(talk.send(ORIG, ACK, 1100, 5001, 0)).0, Kind::KeepAlive);
    // A single byte that was never acknowledged is a retransmission, whatever it looks like.
    talk.send(ORIG, ACK, 1101, 5001, 1);
    talk.wait(300);
    assert_eq!(said(talk.send(ORIG, ACK, 1101, 5001, 1)).0, Kind::TimeOut);
    talk.window = 0;
    talk.acks(1102, &[]);
    talk.window = 500;
    assert_eq!(said(talk.send(ORIG, ACK, 1101, 5001, 0)).0, Kind::ZeroWindowProbe);
    assert_eq!(said(talk.send(ORIG, ACK, 1102, 5001, 1)).0, Kind::ZeroWindowProbe);
    assert_eq!(said(talk.send(ORIG, ACK, 1102, 5001, 1)).0, Kind::ZeroWindowProbe);
}

#[test]
fn what_fills_a_hole_is_late_or_sent_again() {
    let stamped = |tsval| Extra { tsval: Some(tsval), id: Some(0), ..PLAIN };
    let mut talk = Talk::open();
    talk.with(ORIG, ACK, 1001, 5001, 100, stamped(10));
    talk.with(ORIG, ACK, 1201, 5001, 100, stamped(12));
    let late = talk.with(ORIG, ACK, 1101, 5001, 100, stamped(11));
    assert_eq!(said(late), (Kind::Reordered, Sureness::Certain, Reason::OlderTimestamp));
    let evidence = late.unwrap().evidence;
    assert_eq!((evidence.overtaken_by.map(NonZero::get), evidence.tsvals), (Some(5), Some((12, 11))));
    talk.with(ORIG, ACK, 1401, 5001, 100, stamped(13));
    talk.wait(40);
    let again = talk.with(ORIG, ACK, 1301, 5001, 100, stamped(53));
    assert_eq!(said(again), (Kind::RepeatUnseen, Sureness::Certain, Reason::NewerTimestamp));
    // Identifications tell too, and without either the time.
    let with_id = |id| Extra { id: Some(id), ..PLAIN };
    talk.with(ORIG, ACK, 1601, 5001, 100, with_id(700));
    assert_eq!(said(talk.with(ORIG, ACK, 1501, 5001, 100, with_id(699))).2, Reason::OlderIpId);
    talk.with(ORIG, ACK, 1801, 5001, 100, with_id(0));
    assert_eq!(said(talk.with(ORIG, ACK, 1701, 5001, 100, with_id(0))).2, Reason::TooSoon);
    // Of what it holds, a part was there before.
    talk.with(ORIG, ACK, 2001, 5001, 50, stamped(91));
    talk.wait(40);
    let wider = talk.with(ORIG, ACK, 1901, 5001, 150, stamped(131));
    assert_eq!(said(wider), (Kind::RepeatUnseen, Sureness::Certain, Reason::NewerTimestamp));
    talk.send(ORIG, ACK, 2051, 5001, 50);
    // An original that its own repeat overtook.
    talk.with(ORIG, ACK, 2101, 5001, 100, stamped(140));
    assert_eq!(said(talk.with(ORIG, ACK, 2101, 5001, 100, stamped(60))).0, Kind::Reordered);
}

#[test]
fn a_dsack_proves_a_repeat_unnecessary() {
    let mut talk = Talk::open();
    talk.data(1001, 3);
    talk.wait(300);
    assert_eq!(said(talk.send(ORIG, ACK, 1001, 5001, 100)).0, Kind::TimeOut);
    talk.acks(1301, &[]);
    talk.acks(1301, &[(1001, 1101)]);
    let proofs = talk.flow.proved_unnecessary(ORIG);
    assert_eq!(proofs.iter().map(|proof| (proof.repeat, proof.told_by)).collect::<Vec<_>>(), [(7, 9)]);
    assert_eq!(talk.flow.orig.judged.proved_unnecessary, 1);
}

#[test]
fn numbers_go_round_the_circle() {
    let mut talk = Talk::new();
    let start = 0xffff_ff80_u32;
    talk.send(ORIG, SYN, start.wrapping_sub(1), 0, 0);
    talk.wait(10);
    talk.send(RESP, SYN_ACK, 5000, start, 0);
    talk.send(ORIG, ACK, start, 5001, 0);
    talk.data(start, 5);
    for _ in 0..4 {
        talk.acks(start.wrapping_add(100), &[(start.wrapping_add(200), start.wrapping_add(500))]);
    }
    let judgement = talk.send(ORIG, ACK, start.wrapping_add(100), 5001, 100);
    assert_eq!(
        (said(judgement).0, judgement.unwrap().evidence.original.map(NonZero::get)),
        (Kind::Fast, Some(5))
    );
    let before = talk.send(ORIG, ACK, start, 5001, 100);
    assert_eq!(said(before).0, Kind::Unnecessary);
}

#[test]
fn an_original_too_far_back_is_said_to_be_unknown() {
    let mut talk = Talk::open();
    talk.data(1001, 2000);
    assert!(talk.flow.memory.as_ref().unwrap().judge.orig.ring.len() <= MAX_REMEMBERED);
    talk.wait(300);
    let judgement = talk.send(ORIG, ACK, 1001, 5001, 100);
    assert_eq!(
        (said(judgement).0, judgement.unwrap().evidence.original.map(NonZero::get)),
        (Kind::TimeOut, None)
    );
}

#[test]
fn a_normal_life_goes_through_its_states() {
    use EndpointState as S;
    let mut talk = Talk::open();
    talk.data(1001, 1);
    talk.acks(1101, &[]);
    talk.send(ORIG, FIN, 1101, 5001, 0);
    talk.acks(1102, &[]);
    talk.send(RESP, FIN, 5001, 1102, 0);
    talk.send(ORIG, ACK, 1102, 5002, 0);
    let orig = [(1, S::SynSent), (2, S::Established), (6, S::FinWait1), (7, S::FinWait2), (8, S::TimeWait)];
    let resp = [(2, S::SynReceived), (3, S::Established), (6, S::CloseWait), (8, S::LastAck), (9, S::Closed)];
    assert_eq!((talk.states(ORIG), talk.states(RESP)), (orig.to_vec(), resp.to_vec()));
    assert_eq!((talk.flow.states(ORIG).initial(), talk.flow.states(RESP).initial()), (S::Closed, S::Listen));
    assert!(talk.flow.holds_time_wait(ORIG) && !talk.flow.holds_time_wait(RESP));
}

#[test]
fn both_may_open_and_close_at_once() {
    use EndpointState as S;
    let mut talk = Talk::new();
    talk.send(ORIG, SYN, 1000, 0, 0);
    talk.send(RESP, SYN, 5000, 0, 0);
    talk.send(ORIG, SYN_ACK, 1000, 5001, 0);
    talk.send(RESP, SYN_ACK, 5000, 1001, 0);
    talk.send(ORIG, ACK, 1001, 5001, 0);
    let open = [(1, S::SynSent), (3, S::SynReceived), (4, S::Established)];
    assert_eq!(talk.states(ORIG), open);
    assert_eq!(talk.flow.states(RESP).state(), S::Established);
    talk.send(ORIG, FIN, 1001, 5001, 0);
    talk.send(RESP, FIN, 5001, 1001, 0);
    talk.send(ORIG, ACK, 1002, 5002, 0);
    talk.send(RESP, ACK, 5002, 1002, 0);
    let closed = [(6, S::FinWait1), (7, S::Closing), (9, S::TimeWait)];
    assert_eq!(talk.states(ORIG)[3..], closed);
    assert_eq!(talk.states(RESP)[3..], [(7, S::FinWait1), (6, S::Closing), (8, S::TimeWait)]);
    assert!(talk.flow.holds_time_wait(ORIG) && talk.flow.holds_time_wait(RESP));
}

#[test]
fn a_reset_ends_every_state() {
    use EndpointState as S;
    let mut refused = Talk::new();
    refused.send(ORIG, SYN, 1000, 0, 0);
    refused.send(RESP, TcpFlags::RST | ACK, 0, 1001, 0);
    assert_eq!(refused.states(ORIG), [(1, S::SynSent), (2, S::Closed)]);
    let mut scanned = Talk::new();
    scanned.send(ORIG, SYN, 1000, 0, 0);
    scanned.send(RESP, SYN_ACK, 5000, 1001, 0);
    scanned.send(ORIG, TcpFlags::RST, 1001, 0, 0);
    assert_eq!(scanned.states(ORIG), [(1, S::SynSent), (3, S::Closed)]);
    assert_eq!(scanned.states(RESP), [(2, S::SynReceived), (3, S::Listen)]);
    let mut talk = Talk::open();
    talk.data(1001, 1);
    talk.acks(1101, &[]);
    talk.send(ORIG, TcpFlags::RST, 7, 0, 0);
    assert_eq!(talk.flow.states(RESP).state(), S::Established);
    talk.send(ORIG, TcpFlags::RST, 1101, 0, 0);
    assert_eq!((talk.flow.states(ORIG).state(), talk.flow.states(RESP).state()), (S::Closed, S::Closed));
}

#[test]
fn half_closed_is_a_state_of_its_own() {
    use EndpointState as S;
    let mut talk = Talk::open();
    talk.send(ORIG, FIN, 1001, 5001, 0);
    for place in 0..20 {
        talk.send(RESP, ACK, 5001 + place * 100, 1002, 100);
        talk.send(ORIG, ACK, 1002, 5101 + place * 100, 0);
    }
    assert_eq!((talk.flow.states(ORIG).state(), talk.flow.states(RESP).state()), (S::FinWait2, S::CloseWait));
}

proptest! {
    #[test]
    fn nothing_that_is_sent_can_break_it(
        segments in proptest::collection::vec(
            (any::<bool>(), any::<u8>(), 0_u32..6, any::<bool>(), any::<[u8; 3]>(), 0_u32..300, any::<Option<u16>>()),
            0..300,
        ),
    ) {
        let mut talk = Talk::new();
        for (from_orig, flags, near, far, edges, len, id) in segments {
            let (seq, ack) = if far {
                (u32::from_be_bytes([edges[0]; 4]), u32::from_be_bytes([edges[1]; 4]))
            } else {
                (1000 + near * 50, 1000 + u32::from(edges[1]))
            };
            let sack = [(ack.wrapping_add(u32::from(edges[2])), ack.wrapping_add(near * 60)), (seq, seq.wrapping_add(len))];
            let extra = Extra { id, tsval: far.then_some(seq), sack: if near > 3 { &sack } else { &[] }, ..PLAIN };
            talk.now += i128::from(edges[2]) * MS;
            let by = if from_orig { ORIG } else { RESP };
            let judgement = talk.with(by, u16::from(flags), seq, ack, len, extra);
            let earlier = judgement.and_then(|judgement| judgement.evidence.original.map(NonZero::get));
            prop_assert!(earlier.is_none_or(|earlier| earlier < talk.number));
            prop_assert!(talk.flow.memory.as_ref().unwrap().judge.orig.ring.len() <= MAX_REMEMBERED);
            prop_assert!(talk.states(by).len() <= crate::flow::tcp::MAX_STATE_CHANGES);
        }
    }
}
