//! What is kept of the payload: of which flows, how much, and what is told of the rest.

use super::*;

fn talk(wire: &Wire) -> &Conversation {
    wire.flow().conversation.as_deref().unwrap()
}

#[test]
fn payload_is_kept_of_the_flow_that_is_read_and_of_no_other() {
    let read = FlowId { protocol: TransportProtocol::Tcp, number: 0 };
    let mut wire = Wire::keeping(PayloadWanted::to_follow(Some(read)));
    wire.udp(true, b"not read");
    wire.handshake();
    wire.c(101, 501, ACK, b"read");
    let kept: Vec<bool> = wire.table.flows().iter().map(|flow| flow.conversation.is_some()).collect();
    assert_eq!(kept, [false, true]);
    assert_eq!(wire.turns(), said(&[("orig", "read", 0)]));
}

#[test]
fn the_cap_over_all_flows_holds_and_is_told() {
    let wanted = PayloadWanted { max_bytes_in_all: 10_000, ..PayloadWanted::to_follow(None) };
    let mut wire = Wire::keeping(wanted);
    wire.handshake();
    for n in 0..100_u32 {
        wire.c(101 + n * 200, 501, ACK, &[b'x'; 200]);
    }
    wire.s(501, 20_101, ACK, b"answer");
    wire.udp(true, b"later");
    wire.table.finish();
    let tcp = wire.table.flows()[0].conversation.as_deref().unwrap();
    let counted = tcp.orig;
    assert!((9000..10_000).contains(&counted.kept_bytes), "{}", counted.kept_bytes);
    assert_eq!((counted.kept_bytes + counted.not_kept_bytes, tcp.total_bytes), (20_000, 20_006));
    assert!(tcp.at_total_limit && !tcp.at_flow_limit && !tcp.is_complete());
    assert_eq!((tcp.resp.not_kept_bytes, tcp.turns_not_kept, talk(&wire).turns.len()), (6, 2, 0));
    let limits = wire.table.limits();
    assert_eq!((limits.flows_cut, limits.flows_cut_by_total), (0, 2));
}

#[test]
fn of_a_whole_stream_what_stands_behind_a_cut_packet_is_kept_as_a_turn() {
    let mut wire = Wire::keeping(PayloadWanted::to_follow(None));
    wire.handshake();
    let header = tcp_header(CLIENT.1, SERVER.1, 101, 501, ACK, &[]);
    let whole = ipv4(6, CLIENT.0, SERVER.0, &[&header, &b"abcdef"[..]].concat());
    wire.snapped(&whole[..whole.len() - 4], 4);
    wire.c(107, 501, ACK, b"ghi");
    assert_eq!(wire.turns(), said(&[("orig", "ab", 0), ("orig", "ghi", 0)]));
    assert_eq!((talk(&wire).turns[0].total, talk(&wire).total_bytes), (6, 9));
}

#[test]
fn what_is_missing_at_the_end_is_told_of_its_side() {
    let mut wire = Wire::keeping(PayloadWanted::to_follow(None));
    wire.handshake();
    wire.c(101, 501, ACK, b"abc");
    wire.s(501, 120, ACK, b"hello");
    wire.c(120, 506, ACK, b"");
    wire.table.finish();
    let missing = |side: &SideTalk| (side.missing_bytes, side.missing_at_end);
    assert_eq!((missing(&talk(&wire).orig), missing(&talk(&wire).resp)), ((16, 16), (0, 0)));
    assert_eq!(talk(&wire).count(None, |side| side.missing_bytes), 16);
    assert_eq!(talk(&wire).count(Some(Direction::RespToOrig), |side| side.missing_bytes), 0);
}

#[test]
fn a_segment_that_contradicts_delivered_bytes_is_named_with_its_side() {
    let mut wire = Wire::new();
    wire.handshake();
    wire.c(101, 501, ACK, b"GET /a");
    wire.s(501, 107, ACK, b"one");
    wire.s(501, 107, ACK, b"two");
    wire.c(101, 504, ACK, b"GET /b");
    wire.table.finish();
    assert_eq!(wire.turns(), said(&[("orig", "GET /a", 0), ("resp", "one", 0)]));
    let conflict = |believed, contradicts, offset, len| Conflict { believed, contradicts, offset, len };
    assert_eq!(
        talk(&wire).named_conflicts,
        [(Direction::OrigToResp, conflict(4, 7, 5, 1)), (Direction::RespToOrig, conflict(5, 6, 0, 3))]
    );
    assert_eq!((talk(&wire).orig.conflicts, talk(&wire).resp.conflicts), (1, 1));
}
