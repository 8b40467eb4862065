use super::*;
use crate::flow::PacketStamp;
use crate::proto::lab::{Pairing, Said};
use crate::time::{TimeDelta, Timestamp};

fn message(number: u64, nanos: i128, says: Says, answers: Option<u64>) -> LabMessage {
    let at = PacketStamp { number, ts: Some(Timestamp::from_nanos(nanos)) };
    let answers =
        answers.map(|number| PacketStamp { number, ts: Some(Timestamp::from_nanos(nanos - 1_000_000)) });
    let by_client = matches!(says, Says::Ping(..));
    let said = Said { by_client, says, answers, fault: None, unsure: false, again: None };
    LabMessage { at, from: Direction::OrigToResp, text: Box::default(), len: 100, said }
}

fn pings(messages: Vec<LabMessage>) -> PingTotals {
    PingTotals::of(&LabFlow {
        lab: Lab::UdpPing,
        client: Direction::OrigToResp,
        messages,
        not_kept: 0,
        run_together: 0,
        file: None,
        lines: Vec::new(),
        passed: Vec::new(),
        with_others: 0,
        pieces: 0,
        perhaps_one: 0,
    })
}

#[test]
fn times_fit_a_zone_or_none() {
    let at = Some(Timestamp::from_parts(1_763_720_000, 0));
    // 2025-11-21 10:13:20 UTC.
    let time =
        |hour: u32, minute: u32, second: u32| fits(&Says::Time(hour * 3600 + minute * 60 + second), at);
    assert_eq!(time(10, 13, 20), Some(Fits::Zone(0)));
    assert_eq!(time(10, 13, 19), Some(Fits::Zone(0)));
    assert_eq!(time(15, 43, 21), Some(Fits::Zone(330)));
    assert_eq!(time(5, 13, 20), Some(Fits::Zone(-300)));
    assert_eq!(time(23, 13, 20), Some(Fits::Zone(-11 * 60)));
    assert_eq!(time(10, 14, 20), Some(Fits::NoZone(60)));
    assert_eq!(fits(&Says::Date(25, 11, 21), at), Some(Fits::UtcDate));
    assert_eq!(fits(&Says::Date(25, 11, 22), at), Some(Fits::NextDate));
    assert_eq!(fits(&Says::Date(25, 11, 23), at), Some(Fits::NoDate(2)));
    assert_eq!(fits(&Says::Date(25, 11, 21), None), None);
    assert_eq!(fits(&Says::Other, at), None);
}

#[test]
fn a_late_answer_is_told_apart_from_a_loss() {
    let second = 1_000_000_000;
    let totals = pings(vec![
        message(1, 0, Says::Ping(Some(1), 0), None),
        message(2, second, Says::Ping(Some(2), 1), None),
        message(3, second + 1_000_000, Says::Pong(Some(1), Pairing::Number), Some(1)),
        message(4, 2 * second, Says::Ping(Some(3), 2), None),
    ]);
    assert_eq!((totals.sent(), totals.unanswered(), totals.late, totals.ambiguous), (3, 2, 1, 0));
    assert!(matches!(totals.pings[0].fate, Fate::Answered { late: true, .. }));
    assert_eq!(totals.pings[1].fate, Fate::Unanswered);
    assert_eq!(totals.seconds, None);
}

#[test]
fn a_shrinking_interval_is_told_second_by_second() {
    let (mut at, mut gap) = (0, 400_000_000_i128);
    let mut messages = Vec::new();
    for number in 0..30_u64 {
        messages.push(message(2 * number + 1, at, Says::Ping(Some(number), number), None));
        if number != 3 {
            let pong = Says::Pong(Some(number), Pairing::Number);
            messages.push(message(2 * number + 2, at + 1_000_000, pong, Some(2 * number + 1)));
        }
        at += gap;
        gap = gap * 95 / 100;
    }
    let totals = pings(messages.clone());
    let seconds = totals.seconds.unwrap();
    // 0, 0.4, 0.78 in the first second; 1.141, 1.484, 1.81 in the next.
    assert_eq!((seconds[0].sent, seconds[0].answered, seconds[0].bits), (3, 3, 3 * 200 * 8));
    assert_eq!((seconds[1].sent, seconds[1].answered), (3, 2));
    assert_eq!(seconds[0].mean, Some(TimeDelta::from_nanos(1_000_000)));
    // At an even interval there is no such run.
    let even = (0..30)
        .map(|number| message(number, i128::from(number) * 100_000_000, Says::Ping(None, number), None));
    assert_eq!(pings(even.collect()).seconds, None);
}

/// Pings at these times in milliseconds, the last one answered so much later.
fn pinged(times: &[i128], rtt: i128) -> PingTotals {
    let numbers = (1..).zip(times.iter().map(|at| at * 1_000_000));
    let mut messages: Vec<LabMessage> =
        numbers.map(|(number, at)| message(number, at, Says::Ping(Some(number), number - 1), None)).collect();
    let last = messages.last().unwrap().at;
    let at = last.ts.unwrap().as_nanos() + rtt * 1_000_000;
    let mut answer = message(99, at, Says::Pong(Some(last.number), Pairing::Number), None);
    answer.said.answers = Some(last);
    messages.push(answer);
    pings(messages)
}

#[test]
fn the_last_ping_is_late_when_the_next_would_have_been_due() {
    assert_eq!(pinged(&[0, 100, 200], 99).late, 0);
    assert_eq!(pinged(&[0, 100, 200], 101).late, 1);
    assert_eq!(pinged(&[0], 5000).late, 0, "of one alone nothing is known");
}

#[test]
fn a_busy_machine_does_not_hide_that_intervals_shrink() {
    let (mut due, mut gap) = (0.0, 50.0);
    let mut times = Vec::new();
    for number in 0..30_u8 {
        // Every fifth is late by more than the interval has shrunk.
        times.push(due + if number % 5 == 1 { 30.0 } else { 0.0 });
        due += gap;
        gap *= 0.95;
    }
    let times: Vec<i128> = times.into_iter().map(|at: f64| format!("{at:.0}").parse().unwrap()).collect();
    assert!(pinged(&times, 1).seconds.is_some());
    let even: Vec<i128> = (0..30).map(|number| number * 50 + if number % 5 == 1 { 30 } else { 0 }).collect();
    assert_eq!(pinged(&even, 1).seconds, None);
    assert_eq!(pinged(&even[..14], 1).seconds, None);
}
