//! Time-outs and tail loss probes.

use super::*;

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
