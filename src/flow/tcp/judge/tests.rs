mod copies;
mod timers;

use std::num::NonZero;

use proptest::prelude::*;

use super::{Judgement, Kind, MAX_REMEMBERED, Reason, Sureness};
use crate::decode::{TcpFlags, TcpSegment};
use crate::flow::tcp::{Arrival, EndpointState, Followed, TcpFlow, Verified};
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
        let ip_id = extra.id.or(Some(self.id));
        let arrival = Arrival { packet, before: None, ip_id, verified: Verified::No };
        let mut followed = Followed::default();
        self.flow.follow(by, &segment, &arrival, &mut followed);
        followed.judgement
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
    let mut one_sided = Talk::new();
    one_sided.data(1001, 1);
    assert_eq!(said(one_sided.send(ORIG, ACK, 1100, 5001, 0)).1, Sureness::Likely);
    // One byte on its way, and an ACK that it overtook.
    talk.send(ORIG, ACK, 1001, 5001, 1);
    assert_eq!(talk.send(ORIG, ACK, 1001, 5001, 0), None);
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
