//! Many clients at once: every answer right, none lost.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Barrier;
use std::thread;
use std::time::Duration;

use wirelab::lab::{Event, Problem};

use super::{PATIENCE, Running, say};

/// As long as a class takes on a machine that is busy with something else.
const LONG: Duration = Duration::from_secs(120);

const CALCULATORS: usize = 200;
const MEMBERS: usize = 50;
const LINES: usize = 6;

fn has_problem(event: &Event) -> bool {
    matches!(event, Event::Problem { .. })
}

#[test]
fn two_hundred_calculators_get_their_own_results() {
    // With the limits of the program that is shipped.
    let server = Running::start("calculator");
    let all_in = Barrier::new(CALCULATORS);
    thread::scope(|scope| {
        for client in 0..CALCULATORS {
            let (server, all_in) = (server.address, &all_in);
            scope.spawn(move || {
                // On a busy machine the first sum runs into the name: only one that ends in a letter shows where.
                let name = format!("{client} in the class");
                let sums: Vec<String> = (0..20)
                    .map(|place| format!("{client}.5 {} {place}.25", ["+", "-", "*"][place % 3]))
                    .collect();
                let right = (0..20_u32).map(|place| {
                    // These are exact, and have a point.
                    let (a, b) = (client as f64 + 0.5, f64::from(place) + 0.25);
                    match place % 3 {
                        0 => (a + b).to_string(),
                        1 => (a - b).to_string(),
                        _ => (a * b).to_string(),
                    }
                });
                let right: Vec<String> = right.chain(["Session ended".to_owned()]).collect();
                let mut messages = vec![name.as_bytes()];
                messages.extend(sums.iter().map(String::as_bytes));
                all_in.wait();
                let talk = say("calculator", server, &messages, LONG);
                assert!(talk.result.is_ok(), "{name}: {:?}", talk.result);
                let replies: Vec<String> =
                    talk.replies.iter().map(|reply| String::from_utf8_lossy(reply).into_owned()).collect();
                assert_eq!(replies, right, "{name}");
            });
        }
    });
    server.wait_for(CALCULATORS, |event| matches!(event, Event::Closed { .. }));
    assert_eq!(server.count(has_problem), 0, "{server:?}");
}

/// Reads until `text` holds `number` of `what`.
fn read_until(stream: &mut TcpStream, text: &mut String, what: &str, number: usize) {
    let mut buffer = [0; 65_536];
    while text.matches(what).count() < number {
        let length = stream.read(&mut buffer).unwrap();
        assert!(length > 0, "closed behind {text:?}");
        text.push_str(std::str::from_utf8(&buffer[..length]).unwrap());
    }
}

#[test]
fn fifty_members_hear_every_line_in_the_same_order() {
    let server = Running::start("chat");
    let mut members = Vec::new();
    for place in 0..MEMBERS {
        let mut stream = TcpStream::connect(server.address).unwrap();
        stream.set_read_timeout(Some(LONG)).unwrap();
        // One send: `write!` would make two of it.
        stream.write_all(format!("m{place}").as_bytes()).unwrap();
        let mut heard = String::new();
        read_until(&mut stream, &mut heard, &format!("new user :m{place} joined"), 1);
        members.push((stream, heard));
    }
    let last = format!("new user :m{} joined", MEMBERS - 1);
    let begin = Barrier::new(MEMBERS);
    let end = Barrier::new(MEMBERS);
    let heard: Vec<String> = thread::scope(|scope| {
        let threads: Vec<_> = members
            .into_iter()
            .enumerate()
            .map(|(place, (mut stream, mut heard))| {
                let (begin, end, last) = (&begin, &end, &last);
                scope.spawn(move || {
                    read_until(&mut stream, &mut heard, last, 1);
                    begin.wait();
                    for line in 0..LINES {
                        // Each is a message of its own: the next is sent when this one is back.
                        let said = format!("line {line} of m{place};");
                        stream.write_all(said.as_bytes()).unwrap();
                        read_until(&mut stream, &mut heard, &format!(":m{place}:{said}"), 1);
                    }
                    read_until(&mut stream, &mut heard, ";", MEMBERS * LINES);
                    // Nobody leaves before all have heard all.
                    end.wait();
                    heard
                        .split_once(last.as_str())
                        .unwrap()
                        .1
                        .split_inclusive(';')
                        .take(MEMBERS * LINES)
                        .collect()
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    for place in 0..MEMBERS {
        for line in 0..LINES {
            let said = format!(":m{place}:line {line} of m{place};");
            assert_eq!(heard[0].matches(&said).count(), 1, "{said}");
        }
    }
    for (place, text) in heard.iter().enumerate() {
        assert!(*text == heard[0], "m{place} heard another order");
    }
    server.wait_for(MEMBERS, |event| matches!(event, Event::Closed { .. }));
    assert_eq!(server.count(has_problem), 0, "{server:?}");
}

#[test]
fn a_member_that_never_reads_is_put_out_and_announced() {
    let server = Running::start("chat");
    let enter = |name: &str| {
        let mut stream = TcpStream::connect(server.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        stream.write_all(name.as_bytes()).unwrap();
        let mut heard = String::new();
        read_until(&mut stream, &mut heard, &format!("new user :{name} joined"), 1);
        stream
    };
    let deaf = enter("deaf");
    let mut ann = enter("ann");
    let mut heard = String::new();
    let line = "x".repeat(900);
    let mut said = 0;
    // What is in flight to one who does not read is bounded by the system: some megabytes.
    while !heard.contains("user :deaf left") {
        said += 1;
        assert!(said < 100_000, "{server:?}");
        heard.clear();
        ann.write_all(line.as_bytes()).unwrap();
        read_until(&mut ann, &mut heard, &line, 1);
    }
    server.wait_for(1, |event| {
        matches!(event, Event::Problem { problem: Problem::NotTaken { .. }, peer } if *peer == deaf.local_addr().ok())
    });
    // One that floods and does not read what comes back is put out, too, and the others go on.
    let mut loud = enter("loud");
    while loud.write_all(&[b'x'; 900]).is_ok() {}
    heard.clear();
    read_until(&mut ann, &mut heard, "user :loud left", 1);
    ann.write_all(b"quiet again").unwrap();
    read_until(&mut ann, &mut heard, ":ann:quiet again", 1);
}
