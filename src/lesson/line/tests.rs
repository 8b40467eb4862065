use super::*;
use crate::time::Timestamp;

const SERVER: [u16; 2] = [5006, 50_000];
const CLIENT: [u16; 2] = [50_000, 5006];

/// Milliseconds, ports, sequence number, bytes, acknowledges, kind.
type Row = (i128, [u16; 2], u32, u32, u32, Option<Kind>);

/// Such packets, numbered from 1.
fn segments(all: &[Row]) -> Vec<Segment> {
    let numbered = (1..).zip(all);
    let segment = |(number, (ms, ports, seq, length, ack, kind)): (u64, &Row)| Segment {
        at: PacketStamp { number, ts: Some(Timestamp::from_nanos(ms * 1_000_000)) },
        ports: *ports,
        seq: *seq,
        length: *length,
        syn: false,
        fin: false,
        ack: Some(*ack),
        window: 512,
        kind: *kind,
    };
    numbered.map(segment).collect()
}

fn checked(lost: &[u32], all: &[Segment]) -> Check {
    let lost = lost.iter().map(|seq| ((SERVER, *seq), 1)).collect();
    let data: Vec<Segment> = all.iter().filter(|segment| segment.length > 0).copied().collect();
    sent_again(&Done { lost, ..Done::default() }, &data, all)
}

#[test]
fn a_segment_that_is_sent_again_was_lost() {
    let late = segments(&[(0, SERVER, 1, 100, 1, None), (200, SERVER, 1, 100, 1, Some(Kind::TimeOut))]);
    let check = checked(&[1], &late);
    assert!(check.holds && check.packets == [2], "{check:?}");
    // Time enough went by; or it is acknowledged all the same.
    let other = (1_100, CLIENT, 1, 0, 1, None);
    assert!(!checked(&[1], &segments(&[(0, SERVER, 1, 100, 1, None), other])).holds);
    assert!(!checked(&[1], &segments(&[(0, SERVER, 1, 100, 1, None), (1, CLIENT, 1, 0, 101, None)])).holds);
}

#[test]
fn what_is_lost_at_the_end_of_the_capture_need_not_be_sent_again() {
    let rows = [
        (0, SERVER, 1, 100, 1, None),
        (200, SERVER, 1, 100, 1, Some(Kind::TimeOut)),
        (900, CLIENT, 1, 0, 1, None),
    ];
    let twice = |lost, all: &[Segment]| {
        let data = with_data(all);
        sent_again(&Done { lost: [((SERVER, 1), lost)].into(), ..Done::default() }, &data, all)
    };
    let once = twice(1, &segments(&rows[..1]));
    assert!(once.holds && once.moot && once.packets == [1], "{once:?}");
    let again = twice(2, &segments(&rows));
    assert!(again.holds && again.packets.contains(&2), "{again:?}");
    // More are lost than there are: the capture lacks one.
    assert!(!twice(2, &segments(&rows[..1])).holds);
    assert!(!twice(3, &segments(&rows)).holds);
    // Two seconds are enough for the second timer.
    assert!(!twice(2, &segments(&[rows[0], rows[1], (2_300, CLIENT, 1, 0, 1, None)])).holds);
}

#[test]
fn a_copy_that_never_left_the_line_need_not_come() {
    let once = segments(&[(0, SERVER, 1, 100, 1, None)]);
    let repeated = [((SERVER, 1), 1)].into();
    let left = [((SERVER, 1), 1)].into();
    let done = Done { repeated, ..Done::default() };
    assert!(!twice(&done, &once).holds);
    let check = twice(&Done { left, ..done }, &once);
    assert!(
        check.holds && check.moot && check.text.ends_with("0; 1 more were on the line yet when it ended")
    );
}

#[test]
fn what_is_repeated_without_a_loss_was_not_acknowledged_in_time() {
    let wait = |ms, ack| {
        segments(&[
            (0, SERVER, 1, 100, 1, None),
            (50, CLIENT, 1, 0, ack, None),
            (ms, SERVER, 1, 100, 1, Some(Kind::TimeOut)),
        ])
    };
    let check = checked(&[], &wait(230, 1));
    assert!(check.holds && check.packets == [3], "{check:?}");
    assert!(check.text.ends_with("was not lost, but acknowledged too late"), "{check:?}");
    // Sooner than any timer, or acknowledged before.
    assert!(!checked(&[], &wait(199, 1)).holds);
    assert!(!checked(&[], &wait(230, 101)).holds);
}

#[test]
fn a_timer_takes_along_what_was_sent_behind() {
    let all = |cause| {
        segments(&[
            (0, SERVER, 1, 100, 1, None),
            (1, SERVER, 101, 100, 1, None),
            (2, SERVER, 201, 100, 1, None),
            (210, SERVER, 1, 100, 1, cause),
            (220, CLIENT, 1, 0, 101, None),
            (221, SERVER, 101, 100, 1, Some(Kind::Fast)),
        ])
    };
    assert!(checked(&[1], &all(Some(Kind::TimeOut))).holds);
    // Nothing ran out before it: that is a repair of what was not lost.
    assert!(!checked(&[], &all(None)).holds);
}

#[test]
fn where_segments_were_overtaken_more_are_sent_again() {
    let all = segments(&[
        (0, SERVER, 1, 100, 1, None),
        (0, SERVER, 101, 100, 1, None),
        (5, CLIENT, 1, 0, 1, None),
        (6, SERVER, 1, 100, 1, Some(Kind::Fast)),
    ]);
    let data: Vec<Segment> = all.iter().filter(|segment| segment.length > 0).copied().collect();
    let overtaken = Done { overtaken: [(SERVER, 1)].into(), ..Done::default() };
    let check = sent_again(&overtaken, &data, &all);
    assert!(check.holds && check.packets == [4], "{check:?}");
    assert!(!sent_again(&Done::default(), &data, &all).holds);
}

#[test]
fn an_acknowledgement_that_was_held_says_nothing_of_data_that_was_not() {
    let held =
        Done { held: [((SERVER, 1), (TimeDelta::from_nanos(50_000_000), 1))].into(), ..Done::default() };
    let (bare, data) = ((0, SERVER, 1, 0, 1, None), (1, SERVER, 1, 100, 1, None));
    let back = (2, CLIENT, 1, 0, 101, None);
    assert_eq!(acknowledged_late(&held, &segments(&[bare, data, back])).map(|check| check.holds), None);
    // The same number once: that was held.
    assert_eq!(acknowledged_late(&held, &segments(&[data, back])).map(|check| check.holds), Some(false));
}

#[test]
fn what_its_own_copy_has_overtaken_is_not_in_disorder() {
    let overtaken = Done { overtaken: [(SERVER, 1)].into(), ..Done::default() };
    let late = segments(&[(0, SERVER, 1, 100, 1, None), (9, SERVER, 1, 100, 1, Some(Kind::Reordered))]);
    assert!(out_of_order(&overtaken, &late).holds);
    // Behind a later one it is.
    let behind = segments(&[(0, SERVER, 101, 100, 1, None), (9, SERVER, 1, 100, 1, Some(Kind::Reordered))]);
    assert!(out_of_order(&overtaken, &behind).holds);
    assert!(!out_of_order(&Done::default(), &behind).holds);
}
