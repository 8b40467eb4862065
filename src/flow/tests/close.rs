//! How connections end, and what must not be believed of it.

use super::*;

const ORIG: Direction = Direction::OrigToResp;
const RESP: Direction = Direction::RespToOrig;

fn states(wire: &Wire) -> [&'static str; 2] {
    [ORIG, RESP].map(|by| wire.tcp_flow().states(by).state().name())
}

fn doubts(wire: &Wire) -> Vec<(u64, SegmentKind, Why)> {
    let doubts = wire.tcp_flow().doubts.as_ref();
    let listed = doubts.into_iter().flat_map(|doubts| doubts.listed());
    listed.map(|doubt| (doubt.packet, doubt.kind, doubt.why)).collect()
}

#[test]
fn who_closed_first_is_what_the_fins_acknowledge_and_not_their_order() {
    let mut wire = Wire::new();
    wire.handshake();
    // The server's FIN answers the client's, which was captured after it.
    wire.s(501, 102, ACK | FIN, b"");
    wire.c(101, 501, ACK | FIN, b"");
    wire.c(102, 502, ACK, b"");
    let end = &wire.tcp_flow().teardown;
    assert_eq!(end.closing(), Some(Closing::First(ORIG)));
    assert!(end.is_captured_out_of_order() && end.is_orderly());
    assert_eq!((end.orig_fin_acked.unwrap().number, end.resp_fin_acked.unwrap().number), (4, 6));
    assert_eq!(states(&wire), ["TIME-WAIT", "CLOSED"]);
    let changes: Vec<_> = wire.tcp_flow().states(RESP).changes().skip(2).collect();
    let told: Vec<_> = changes.iter().map(|change| (change.state.name(), change.packet)).collect();
    assert_eq!(told, [("CLOSE-WAIT", 5), ("LAST-ACK", 4), ("CLOSED", 6)]);
}

#[test]
fn an_ack_captured_before_the_fin_it_acknowledges_counts() {
    let mut wire = Wire::new();
    wire.handshake();
    wire.s(501, 102, ACK, b"");
    wire.c(101, 501, ACK | FIN, b"");
    assert_eq!(states(&wire), ["FIN-WAIT-2", "CLOSE-WAIT"]);
    wire.s(501, 102, ACK | FIN, b"");
    wire.c(102, 502, ACK, b"");
    assert_eq!(states(&wire), ["TIME-WAIT", "CLOSED"]);
    assert_eq!(wire.tcp_flow().teardown.closed_first(), Some(ORIG));
}

#[test]
fn both_close_at_once_where_neither_fin_acknowledges_the_other() {
    let mut wire = Wire::new();
    wire.handshake();
    wire.c(101, 501, ACK | FIN, b"");
    wire.s(501, 101, ACK | FIN, b"");
    wire.c(102, 502, ACK, b"");
    wire.s(502, 102, ACK, b"");
    let end = &wire.tcp_flow().teardown;
    assert_eq!((end.closing(), end.closed_first()), (Some(Closing::AtOnce), None));
    assert_eq!(states(&wire), ["TIME-WAIT", "TIME-WAIT"]);
}

#[test]
fn a_reset_outside_the_window_changes_nothing_but_zeeks_words() {
    let window = 0xffff;
    for (seq, why) in [(501 + window + 1, Why::Beyond(1)), (400, Why::Below(101))] {
        let mut wire = Wire::new();
        wire.handshake();
        wire.s(seq, 0, RST, b"");
        assert_eq!(doubts(&wire), [(4, SegmentKind::Reset, why)]);
        assert_eq!(states(&wire), ["ESTABLISHED", "ESTABLISHED"]);
        assert!(!wire.s(501, 101, ACK, b"hello").after_close);
        assert_eq!(wire.tcp_flow().teardown.reset, None);
        wire.ends("RSTR", "ShArd");
    }
    for seq in [501, 501 + window] {
        let mut wire = Wire::new();
        wire.handshake();
        wire.s(seq, 0, RST, b"");
        assert_eq!((doubts(&wire), states(&wire)), (Vec::new(), ["CLOSED", "CLOSED"]));
    }
}

#[test]
fn a_fin_outside_the_window_closes_nothing_unless_it_is_acknowledged() {
    let mut wire = Wire::new();
    wire.handshake();
    wire.s(900_000_000, 101, ACK | FIN, b"");
    assert_eq!(doubts(&wire)[0].1, SegmentKind::Fin);
    assert_eq!((wire.tcp_flow().teardown.closing(), wire.tcp_flow().resp.missing_bytes), (None, 0));
    wire.c(101, 501, ACK | FIN, b"");
    wire.s(501, 102, ACK | FIN, b"");
    wire.c(102, 502, ACK, b"");
    assert_eq!(wire.tcp_flow().teardown.closed_first(), Some(ORIG));
    assert_eq!(states(&wire), ["TIME-WAIT", "CLOSED"]);

    // What lies between was not captured.
    let mut wire = Wire::new();
    wire.handshake();
    wire.s(899_998, 101, ACK | FIN, b"so");
    assert_eq!(doubts(&wire).len(), 1);
    wire.c(101, 900_001, ACK, b"");
    wire.table.finish();
    assert_eq!((doubts(&wire), wire.turns()), (Vec::new(), said(&[("resp", "so", 899_497)])));
    assert_eq!(wire.tcp_flow().teardown.closed_first(), Some(RESP));
    assert_eq!(wire.tcp_flow().resp.missing_bytes, 899_497);
    assert_eq!(states(&wire), ["CLOSE-WAIT", "FIN-WAIT-2"]);
}

#[test]
fn an_ack_captured_before_its_senders_own_fin_leaves_the_close_as_it_was() {
    let mut wire = Wire::new();
    wire.handshake();
    wire.c(101, 501, ACK | FIN, b"");
    // Sent after its FIN, which did not have the client's yet.
    wire.s(502, 102, ACK, b"");
    wire.s(501, 101, ACK | FIN, b"");
    wire.c(102, 502, ACK, b"");
    assert_eq!(wire.tcp_flow().teardown.closing(), Some(Closing::AtOnce));
    assert_eq!(states(&wire), ["TIME-WAIT", "TIME-WAIT"]);
}

#[test]
fn without_the_handshake_the_window_may_be_scaled() {
    let mut wire = Wire::new();
    wire.c(101, 501, ACK, b"a");
    wire.s(501, 102, ACK, b"b");
    wire.s(501 + 0xffff + 100, 0, RST, b"");
    assert_eq!(doubts(&wire), [(3, SegmentKind::Reset, Why::ScaleUnknown)]);
    assert!(wire.tcp_flow().teardown.reset.is_some());
    // With flags alone captured, no window was announced.
    let mut wire = Wire::new();
    wire.c(100, 0, SYN, b"");
    wire.s(500, 101, SYN | ACK, b"");
    wire.s(2_000_000, 101, RST | ACK, b"");
    assert_eq!(doubts(&wire), []);
    assert!(wire.tcp_flow().teardown.reset.is_some());
}

#[test]
fn a_reset_that_answers_another_syn_refuses_nothing() {
    let mut wire = Wire::new();
    wire.c(100_000, 0, SYN, b"");
    assert!(!wire.s(0, 7, RST | ACK, b"").refuses);
    assert_eq!(doubts(&wire), [(2, SegmentKind::Reset, Why::AcksNothing)]);
    assert_eq!(wire.tcp_flow().handshake.opening(), Opening::Unanswered);
}

/// A connection on whose client all checksums so far are right.
fn verified() -> Wire {
    let mut wire = Wire { verified: Verified::Right, ..Wire::new() };
    wire.handshake();
    wire
}

fn damaged(wire: &mut Wire, seq: u32, flags: u16, payload: &[u8]) {
    wire.verified = Verified::Wrong;
    wire.c(seq, 501, flags, payload);
    wire.verified = Verified::Right;
}

#[test]
fn what_was_damaged_ends_nothing_and_leaves_no_gap() {
    let mut wire = verified();
    damaged(&mut wire, 101, ACK | RST, b"hexxo");
    damaged(&mut wire, 0x4000_0000, ACK, b"hello");
    assert_eq!(doubts(&wire), [(4, SegmentKind::Reset, Why::Damaged), (5, SegmentKind::Data, Why::Damaged)]);
    wire.c(101, 501, ACK, b"hello");
    wire.s(501, 106, ACK, b"");
    wire.table.finish();
    assert_eq!(wire.turns(), said(&[("orig", "hello", 0)]));
    assert_eq!((wire.tcp_flow().orig.missing_bytes, states(&wire)), (0, ["ESTABLISHED", "ESTABLISHED"]));
    wire.ends("S1", "ShADCTa");
}

#[test]
fn a_wrong_checksum_on_what_was_acknowledged_is_the_savefiles() {
    let mut wire = verified();
    damaged(&mut wire, 101, ACK, b"edited");
    wire.s(501, 107, ACK, b"yes");
    damaged(&mut wire, 107, ACK | FIN, b"");
    assert_eq!(doubts(&wire).len(), 1);
    wire.s(504, 108, ACK, b"");
    assert_eq!(doubts(&wire), []);
    wire.table.finish();
    assert_eq!(wire.turns(), said(&[("orig", "edited", 0), ("resp", "yes", 0)]));
    assert_eq!(states(&wire), ["FIN-WAIT-2", "CLOSE-WAIT"]);
}

#[test]
fn checksums_that_are_wrong_as_a_rule_say_nothing() {
    let mut wire = Wire { verified: Verified::Wrong, ..Wire::new() };
    wire.handshake();
    wire.c(101, 501, ACK, b"left to the card");
    wire.c(117, 501, ACK | RST, b"");
    assert_eq!((doubts(&wire), states(&wire)), (Vec::new(), ["CLOSED", "CLOSED"]));
    assert_eq!(wire.turns(), said(&[("orig", "left to the card", 0)]));
}

#[test]
fn a_damaged_first_segment_moves_no_numbers() {
    let mut wire = Wire { verified: Verified::Wrong, ..Wire::new() };
    wire.c(5_000, 501, ACK, b"damaged");
    wire.verified = Verified::Right;
    wire.s(501, 2_000_101, ACK, b"");
    wire.c(2_000_101, 501, ACK, b"first");
    wire.c(2_000_106, 501, ACK, b"second");
    wire.table.finish();
    assert_eq!(doubts(&wire), [(1, SegmentKind::Data, Why::Damaged)]);
    assert_eq!(wire.turns(), said(&[("orig", "firstsecond", 0)]));
    assert_eq!(wire.tcp_flow().orig.missing_bytes, 0);

    // One that the next goes on from was not.
    let mut wire = Wire { verified: Verified::Wrong, ..Wire::new() };
    wire.c(101, 501, ACK, b"edited ");
    wire.verified = Verified::Right;
    wire.c(108, 501, ACK, b"and not");
    assert_eq!(doubts(&wire), []);
    assert_eq!(wire.turns(), said(&[("orig", "edited and not", 0)]));
}

#[test]
fn what_is_set_aside_is_bounded() {
    let mut wire = verified();
    wire.verified = Verified::Right;
    for _ in 0..100 {
        wire.c(101, 501, ACK, b"");
    }
    for place in 0..50 {
        damaged(&mut wire, 101 + place * 10, ACK, b"0123456789");
    }
    wire.table.finish();
    let told: u64 = wire.turns().iter().map(|turn| u64::try_from(turn.1.len()).unwrap()).sum();
    assert_eq!(told, 500, "eight wait for a better copy, and the others do not");
    damaged(&mut wire, 0x4000_0000, ACK | RST, b"");
    for _ in 0..40 {
        damaged(&mut wire, 0x4000_0000, ACK | RST, b"");
    }
    let doubts = wire.tcp_flow().doubts.as_ref().unwrap();
    assert_eq!((doubts.listed().len(), doubts.left_out(), doubts.damaged()), (MAX_DOUBTS, 37, 41));
}
