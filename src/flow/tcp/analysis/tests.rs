use super::*;
use crate::decode::TcpFlags;

const ACK: u16 = TcpFlags::ACK;
const PSH: u16 = TcpFlags::PSH | ACK;
const SYN: u16 = TcpFlags::SYN;
const FIN: u16 = TcpFlags::FIN | ACK;
const RST: u16 = TcpFlags::RST | ACK;
/// Where the sides begin.
const ORIG: u32 = 10_000;
const RESP: u32 = 500_000;
const MS: i128 = 1_000_000;

/// A connection that is judged segment by segment.
struct Talk {
    analysis: Analysis,
    completeness: Completeness,
    frame: PacketNumber,
    now: i128,
    window: u16,
    scale: WindowScale,
    bases: (u32, u32),
}

impl Talk {
    /// Nothing seen yet; the time is not 0, which would stand for "none".
    fn new() -> Self {
        Self::at(ORIG, RESP)
    }

    fn at(orig: u32, resp: u32) -> Self {
        let (scale, analysis) = (WindowScale::Unscaled, Analysis::default());
        let completeness = Completeness::default();
        Self { analysis, completeness, frame: 0, now: 1_000 * MS, window: 1_000, scale, bases: (orig, resp) }
    }

    /// After a handshake of 20 ms, in packets 1 to 3.
    fn open() -> Self {
        Self::new().opened()
    }

    fn opened(mut self) -> Self {
        self.orig(0, 0, 0, SYN);
        self.after(10).resp(0, 1, 0, SYN | ACK);
        self.after(10).orig(1, 1, 0, ACK);
        self
    }

    fn after(&mut self, ms: i128) -> &mut Self {
        self.now += ms * MS;
        self
    }

    fn window(&mut self, window: u16) -> &mut Self {
        self.window = window;
        self
    }

    /// Numbers count from the side's SYN.
    fn orig(&mut self, seq: u32, ack: u32, len: u32, flags: u16) -> SegmentAnalysis {
        let (seq, ack) = (self.bases.0.wrapping_add(seq), self.bases.1.wrapping_add(ack));
        self.send(Direction::OrigToResp, (seq, ack, len, flags), &[], false)
    }

    fn resp(&mut self, seq: u32, ack: u32, len: u32, flags: u16) -> SegmentAnalysis {
        self.resp_with(seq, ack, &[], (len, flags))
    }

    fn resp_with(&mut self, seq: u32, ack: u32, options: &[u8], (len, flags): (u32, u16)) -> SegmentAnalysis {
        let (seq, ack) = (self.bases.1.wrapping_add(seq), self.bases.0.wrapping_add(ack));
        self.send(Direction::RespToOrig, (seq, ack, len, flags), options, false)
    }

    fn send(
        &mut self,
        by: Direction,
        (seq, ack, payload_len, flags): (u32, u32, u32, u16),
        options: &[u8],
        port_reused: bool,
    ) -> SegmentAnalysis {
        self.frame += 1;
        let flags = TcpFlags(flags);
        let window = self.window;
        let segment = TcpSegment { seq, ack, flags, window, checksum: 0, options, payload: &[], payload_len };
        let packet = PacketStamp { number: self.frame, ts: Some(Timestamp::from_nanos(self.now)) };
        self.completeness.add(&segment, !self.analysis.has_begun(), port_reused);
        let mut told = SegmentAnalysis::NONE;
        let setting = Setting { scale: self.scale, port_reused };
        self.analysis.segment(by, &segment, packet, setting, &mut told);
        told
    }
}

/// The names of the flags that are set, one after the other.
fn names(told: SegmentAnalysis) -> String {
    format!("{:?}", told.flags).replace(['{', '}', '"'], "")
}

#[test]
fn a_handshake_and_an_exchange_are_timed_and_counted() {
    let mut talk = Talk::new();
    assert!(!talk.orig(0, 0, 0, SYN).is_present());
    let syn_ack = talk.after(10).resp(0, 1, 0, SYN | ACK);
    assert_eq!((syn_ack.acks_frame(), syn_ack.ack_rtt()), (Some(1), span(10_000_000)));
    let ack = talk.after(5).orig(1, 1, 0, ACK);
    assert_eq!((ack.acks_frame(), ack.initial_rtt()), (Some(2), span(15_000_000)));
    let first = talk.orig(1, 1, 100, ACK);
    assert_eq!((first.bytes_in_flight(), first.push_bytes_sent()), (Some(100), Some(100)));
    let second = talk.orig(101, 1, 50, PSH);
    assert_eq!((second.bytes_in_flight(), second.push_bytes_sent()), (Some(150), Some(150)));
    let third = talk.orig(151, 1, 50, ACK);
    assert_eq!((third.bytes_in_flight(), third.push_bytes_sent()), (Some(200), Some(50)));
    let part = talk.after(30).resp(1, 120, 0, ACK);
    assert!(!part.is_present(), "it ends within a segment: {part:?}");
    let rest = talk.resp(1, 201, 0, ACK);
    assert_eq!((rest.acks_frame(), rest.ack_rtt()), (Some(6), span(30_000_000)));
    assert!(!rest.flags.any());
}

#[test]
fn numbers_wrap() {
    let mut talk = Talk::at(u32::MAX - 50, u32::MAX - 1).opened();
    assert_eq!(talk.orig(1, 1, 100, ACK).bytes_in_flight(), Some(100));
    assert_eq!(names(talk.orig(101, 1, 100, ACK)), "");
    assert_eq!(names(talk.orig(301, 1, 100, ACK)), "lost_segment");
    assert_eq!(talk.resp(1, 201, 0, ACK).acks_frame(), Some(5));
    assert_eq!(names(talk.after(100).orig(150, 1, 51, ACK)), "spurious_retransmission");
}

#[test]
fn gaps_are_told_on_both_sides() {
    let mut talk = Talk::open();
    talk.orig(1, 1, 10, ACK);
    let after_gap = talk.orig(51, 1, 10, ACK);
    assert_eq!((names(after_gap).as_str(), after_gap.bytes_in_flight()), ("lost_segment", None));
    assert_eq!(names(talk.resp(1, 51, 0, ACK)), "ack_lost_segment");
    assert_eq!(names(talk.resp(1, 61, 0, ACK)), "");
    assert_eq!(names(talk.resp(1, 70, 0, ACK)), "ack_lost_segment", "beyond everything sent");
    let again = talk.resp(1, 80, 0, ACK);
    assert_eq!((names(again).as_str(), again.is_present()), ("", true), "told once");
    assert_eq!(names(talk.orig(200, 1, 0, RST)), "", "a reset may have any number");
}

#[test]
fn retransmissions_are_told_apart() {
    let mut talk = Talk::open();
    talk.orig(1, 1, 100, ACK);
    talk.orig(101, 1, 100, ACK);
    talk.orig(201, 1, 100, ACK);
    let soon = talk.after(5).orig(101, 1, 100, ACK);
    assert_eq!(names(soon), "out_of_order", "within the first round trip");
    let late = talk.after(200).orig(101, 1, 100, ACK);
    assert_eq!(names(late), "is_plain_retransmission");
    assert!(late.flags.retransmission());
    assert_eq!((late.rto_frame(), late.rto()), (Some(4), span(205_000_000)));
    talk.resp(1, 101, 0, ACK);
    talk.resp(1, 101, 0, ACK);
    let second = talk.resp(1, 101, 0, ACK);
    assert_eq!((names(second).as_str(), second.duplicate_ack()), ("duplicate_ack", Some((2, 9))));
    let fast = talk.after(19).orig(101, 1, 100, ACK);
    assert_eq!((names(fast).as_str(), fast.flags.retransmission()), ("fast_retransmission", true));
    assert_eq!(fast.rto(), None);
    let slow = talk.after(20).orig(101, 1, 100, ACK);
    assert_eq!(names(slow), "is_plain_retransmission", "20 ms are too long");
    talk.resp(1, 301, 0, ACK);
    let vain = talk.orig(201, 1, 100, ACK);
    assert_eq!((names(vain).as_str(), vain.flags.retransmission()), ("spurious_retransmission", true));
}

#[test]
fn without_a_handshake_three_milliseconds_are_soon() {
    for (ms, name) in [(2, "out_of_order"), (3, "is_plain_retransmission")] {
        let mut talk = Talk::new();
        talk.orig(1, 1, 100, ACK);
        talk.orig(101, 1, 100, ACK);
        assert_eq!(names(talk.after(ms).orig(1, 1, 100, ACK)), name);
    }
    // What ends where everything ends was not overtaken.
    let mut talk = Talk::new();
    talk.orig(1, 1, 100, ACK);
    assert_eq!(names(talk.after(1).orig(1, 1, 100, ACK)), "is_plain_retransmission");
    // A clock that goes back measures nothing.
    let mut talk = Talk::new();
    talk.orig(1, 1, 100, ACK);
    talk.orig(101, 1, 100, ACK);
    assert_eq!(names(talk.after(-1).orig(1, 1, 100, ACK)), "is_plain_retransmission");
}

#[test]
fn bytes_acknowledged_but_never_sent_count_as_duplicates() {
    let mut talk = Talk::open();
    talk.resp(1, 1, 5, ACK);
    talk.orig(1, 1, 10, ACK);
    let unseen = talk.resp(6, 40, 0, ACK);
    assert_eq!(names(unseen), "ack_lost_segment");
    assert_eq!(names(talk.after(1).resp(1, 40, 5, ACK)), "fast_retransmission");
}

#[test]
fn keep_alives_and_their_answers() {
    let mut talk = Talk::open();
    talk.orig(1, 1, 10, ACK);
    talk.resp(1, 11, 0, ACK);
    assert_eq!(names(talk.after(900).orig(10, 1, 0, ACK)), "keep_alive");
    assert_eq!(names(talk.resp(1, 11, 0, ACK)), "keep_alive_ack");
    assert_eq!(names(talk.after(900).orig(10, 1, 1, ACK)), "keep_alive", "never a retransmission");
    assert_eq!(names(talk.orig(10, 1, 2, ACK)), "", "more than one byte is new");
}

#[test]
fn windows_close_are_probed_and_open_again() {
    let mut talk = Talk::open();
    talk.orig(1, 1, 10, ACK);
    assert_eq!(names(talk.window(0).resp(1, 11, 0, ACK)), "zero_window");
    let probe = talk.window(1_000).after(200).orig(11, 1, 1, ACK);
    assert_eq!(names(probe), "zero_window_probe");
    let answer = talk.window(0).resp(1, 11, 0, ACK);
    assert_eq!(names(answer), "zero_window, zero_window_probe_ack");
    assert_eq!(names(talk.window(500).resp(1, 11, 0, ACK)), "window_update");
    // The probe did not count: the byte comes again, and is new.
    assert_eq!(names(talk.window(1_000).orig(11, 1, 20, ACK)), "");
    assert_eq!(names(talk.window(0).orig(31, 1, 0, RST)), "", "the window of a reset means nothing");
}

#[test]
fn a_full_window_is_scaled() {
    let mut talk = Talk::open();
    talk.scale = WindowScale::Shift(2);
    talk.window(100).resp(1, 1, 0, ACK);
    assert_eq!(names(talk.window(1_000).orig(1, 1, 399, ACK)), "");
    assert_eq!(names(talk.orig(400, 1, 1, ACK)), "window_full");
    // The window of a SYN is not scaled.
    let mut talk = Talk::new();
    talk.scale = WindowScale::Shift(2);
    talk.orig(0, 0, 0, SYN);
    talk.window(100).resp(0, 1, 0, SYN | ACK);
    assert_eq!(names(talk.window(1_000).orig(1, 1, 100, ACK)), "window_full");
    // Without a handshake nothing is known of the scale.
    let mut talk = Talk::new();
    talk.scale = WindowScale::Unknown;
    talk.window(100).resp(1, 1, 0, ACK);
    assert_eq!(names(talk.orig(1, 1, 100, ACK)), "");
}

#[test]
fn selectively_acknowledged_bytes_are_not_in_flight() {
    let sack = |blocks: &[(u32, u32)]| {
        let mut option = vec![1, 1, 5, 2 + 8 * u8::try_from(blocks.len()).unwrap()];
        for edge in blocks.iter().flat_map(|&(left, right)| [left, right]) {
            option.extend((ORIG + edge).to_be_bytes());
        }
        option
    };
    let in_flight = |option: &[u8]| {
        let mut talk = Talk::open();
        talk.orig(1, 1, 1_000, ACK);
        talk.resp_with(1, 1, option, (0, ACK));
        talk.orig(1_001, 1, 100, ACK).bytes_in_flight()
    };
    assert_eq!(in_flight(&sack(&[(101, 201)])), Some(1_000));
    let four = sack(&[(101, 201), (301, 311), (401, 402), (501, 601)]);
    assert_eq!(in_flight(&four), Some(1_100 - 111), "three blocks count");
    assert_eq!(in_flight(&four[..4 + 8 + 7]), Some(1_000), "of a cut option, the whole blocks");
    assert_eq!(in_flight(&sack(&[(1, 1_101)])), None, "nothing is left");
    let timestamps = [1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2];
    assert_eq!(in_flight(&timestamps), Some(1_100));
}

#[test]
fn ports_are_used_again() {
    let mut talk = Talk::new();
    assert_eq!(names(talk.send(Direction::OrigToResp, (7, 0, 0, SYN), &[], true)), "reused_ports");
    let mut talk = Talk::new();
    talk.orig(0, 0, 0, SYN);
    talk.resp(0, 1, 0, RST);
    talk.after(500).orig(0, 0, 0, SYN);
    assert!(talk.resp(700, 1, 0, SYN | ACK).flags.reused_ports(), "a SYN-ACK after a refusal");
    assert!(!talk.resp(700, 1, 0, SYN | ACK).flags.reused_ports());
}

#[test]
fn completeness_grows_with_the_conversation() {
    let mut talk = Talk::open();
    assert_eq!(talk.completeness.number(), 7);
    talk.orig(1, 1, 10, PSH);
    assert_eq!(talk.completeness.number(), 15);
    talk.orig(11, 1, 0, FIN);
    assert_eq!(talk.completeness.number(), 31);
    talk.resp(1, 12, 0, RST);
    let all = talk.completeness;
    assert!(all.number() == 63 && all.has(Completeness::RST) && all.has(Completeness::SYN));
    // Of a beginning that is not a SYN nothing counts.
    let mut midway = Talk::new();
    midway.orig(1, 1, 10, PSH);
    assert_eq!(midway.completeness.number(), 0);
    midway.orig(11, 1, 10, PSH);
    assert_eq!(midway.completeness.number(), 8);
    let mut fast_open = Talk::new();
    fast_open.orig(0, 0, 10, SYN);
    assert_eq!(fast_open.completeness.number(), 9);
}

#[test]
fn sides_that_were_taken_for_each_other_keep_what_they_sent() {
    let mut talk = Talk::new();
    talk.orig(1, 1, 10, ACK);
    talk.analysis.swap_sides();
    let again = talk.send(Direction::RespToOrig, (ORIG + 21, RESP + 1, 10, ACK), &[], false);
    assert_eq!(names(again), "lost_segment");
}

#[test]
fn what_waits_is_bounded_and_given_back() {
    let mut talk = Talk::open();
    let many = u32::try_from(MAX_UNACKED).unwrap() + 100;
    for n in 0..many {
        talk.orig(1 + n * 10, 1, 10, ACK);
    }
    assert_eq!(talk.analysis.orig.unacked.len(), MAX_UNACKED);
    assert_eq!(talk.resp(1, 1 + 10 * (many - 200), 0, ACK).acks_frame(), Some(3 + u64::from(many) - 200));
    assert_eq!(talk.analysis.orig.unacked.len(), 100);
    talk.resp(1, 1 + 10 * many, 0, ACK);
    assert_eq!(talk.analysis.orig.unacked.len(), 0);
    assert!(talk.analysis.orig.unacked.capacity() <= 64);
}
