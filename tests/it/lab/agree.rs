//! What our servers say is what the analysis takes for right: both read the rules of the labs for themselves.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream, UdpSocket};

use wirelab::lab::{self, Event, Transport};
use wirelab::proto::lab::{number, read_order, written};

use super::{PATIENCE, Running, V4};
use crate::labs::build::{Capture, Connection};

/// Says each message on one connection or socket and waits for the answer where there is one.
fn talk(name: &str, messages: &[(&str, bool)]) -> (Running, Vec<String>) {
    let server = Running::start(name);
    let mut buffer = [0; 2048];
    let mut answers = Vec::new();
    let mut said = 0;
    if lab::find(name).unwrap().transport == Transport::Tcp {
        let mut stream = connect(server.address);
        for (message, is_answered) in messages {
            stream.write_all(message.as_bytes()).unwrap();
            if *is_answered {
                let length = stream.read(&mut buffer).unwrap();
                answers.push(String::from_utf8_lossy(&buffer[..length]).into_owned());
            }
            said += 1;
            server.wait_for(said, |event| matches!(event, Event::Received { .. }));
        }
        drop(stream);
        server.wait_for(1, |event| matches!(event, Event::Closed { .. }));
    } else {
        let socket = UdpSocket::bind((V4, 0)).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        for (message, is_answered) in messages {
            socket.send_to(message.as_bytes(), server.address).unwrap();
            if *is_answered {
                let length = socket.recv(&mut buffer).unwrap();
                answers.push(String::from_utf8_lossy(&buffer[..length]).into_owned());
            }
            said += 1;
            server.wait_for(said, |event| matches!(event, Event::Received { .. }));
        }
    }
    // Everything has been told when it has ended.
    server.stop().unwrap();
    (server, answers)
}

fn connect(server: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(server).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

/// What `explain` says of a capture of what the server received and sent.
fn explained(name: &str, server: &Running) -> String {
    let lab = lab::find(name).unwrap();
    let port = lab.default_port;
    let mut capture = Capture::new();
    let mut connections: BTreeMap<u16, Connection> = BTreeMap::new();
    for event in server.log().iter() {
        match (event, lab.transport) {
            (Event::Opened { peer, .. }, Transport::Tcp) => {
                connections.insert(peer.port(), capture.connect([peer.port(), port]));
            }
            (Event::Received { peer, bytes }, Transport::Tcp) => {
                capture.ask(connections.get_mut(&peer.port()).unwrap(), bytes);
            }
            (Event::Sent { peer, bytes }, Transport::Tcp) => {
                capture.answer(connections.get_mut(&peer.port()).unwrap(), bytes);
            }
            (Event::Received { peer, bytes }, Transport::Udp) => {
                capture.datagram([peer.port(), port], bytes);
            }
            (Event::Sent { peer, bytes }, Transport::Udp) => {
                capture.datagram([port, peer.port()], bytes);
            }
            _ => {}
        }
    }
    capture.explained()
}

fn all_answered<'a>(messages: &[&'a str]) -> Vec<(&'a str, bool)> {
    messages.iter().map(|message| (*message, true)).collect()
}

#[test]
fn every_sum_is_marked_right() {
    let sums = [
        "12 + 42",
        "3.24 - 45",
        "4.5 / -6",
        "0.1 + 0.2",
        "1e8 * 1e8",
        "1 / 3",
        "0 * -1",
        "1e200 * 1e200",
        "-1e308 * 10",
        "inf - inf",
        "1 / 0",
        "0 / -0.0",
        "1_000 + .5",
        "9007199254740993 + 0",
        "1e-5 * 1",
        "123456789 * 123456789",
        "5e-324 / 2",
        "7 - 7",
        "1e22 + 1e6",
    ];
    let mut messages = vec![("Ann", false)];
    messages.extend(all_answered(&sums));
    messages.extend(all_answered(&["12 +", "one + two", "1 ^ 2", "q"]));
    let (server, answers) = talk("calculator", &messages);
    for (sum, answer) in sums.iter().zip(&answers) {
        let words: Vec<&str> = sum.split(' ').collect();
        let (a, b) = (number(words[0]).unwrap(), number(words[2]).unwrap());
        let right = match words[1] {
            "+" => written(a + b),
            "-" => written(a - b),
            "*" => written(a * b),
            _ if b == 0.0 => "Error: division by zero".to_owned(),
            _ => written(a / b),
        };
        assert_eq!(*answer, right, "{sum}");
    }
    let text = explained("calculator", &server);
    let all = sums.len();
    let counts =
        format!("named `Ann` had {all} sums worked out: {all} right, 0 not; 3 other messages are no sum.");
    assert!(text.contains(&counts), "{text}");
    assert!(!text.contains("wrong") || text.contains("Nothing is wrong"), "{text}");
    assert!(!text.contains("right would be"), "{text}");
}

#[test]
fn random_floats_are_read_and_written_alike() {
    let server = Running::start("calculator");
    let mut stream = connect(server.address);
    stream.write_all(b"Ann\r\n").unwrap();
    let mut random = fastrand::Rng::with_seed(7);
    let mut buffer = [0; 1024];
    for _ in 0..3000 {
        let mut float = || match random.u8(0..4) {
            0 => f64::from_bits(random.u64(..)),
            1 => f64::from(random.i32(-1000..1000)),
            2 => f64::from(random.i32(..)) / 100.0,
            _ => random.f64() * 10_f64.powi(random.i32(-8..20)),
        };
        let (a, b) = (float(), float());
        let sum = format!("{} + {}", written(a), written(b));
        stream.write_all(sum.as_bytes()).unwrap();
        let length = stream.read(&mut buffer).unwrap();
        assert_eq!(String::from_utf8_lossy(&buffer[..length]), written(a + b), "{sum}");
    }
}

#[test]
fn the_bot_is_marked_right_over_both_transports() {
    let messages = all_answered(&["Hey", "What's your name?", "hey", "Hey\r\n", "why?", "Goodbye"]);
    for name in ["chatbot-tcp", "chatbot-udp"] {
        let (server, answers) = talk(name, &messages);
        assert_eq!(answers[2], "Sorry, I don't understand.");
        let text = explained(name, &server);
        assert!(text.contains(&format!("Lab {name}")) && text.contains("Nothing is wrong"), "{text}");
    }
}

#[test]
fn clocks_and_acknowledgements_are_marked_right() {
    let (server, _) = talk("datetime", &all_answered(&["SEND_DATE", "SEND_TIME", "SEND_TIME\n", "what?"]));
    let text = explained("datetime", &server);
    assert!(text.contains("The date was asked for once, the time 2 times."), "{text}");
    assert!(!text.contains("right would be") && !text.contains("no such"), "{text}");
    let mut messages = vec![("Hii Server", true); 5];
    messages.push(("exit", false));
    let (server, _) = talk("dual-stack", &messages);
    let text = explained("dual-stack", &server);
    assert!(
        text.contains("five of each, as in the lab; then `exit`.") && !text.contains("right would be"),
        "{text}"
    );
}

#[test]
fn a_relay_answers_with_codes_that_are_right() {
    let order = |to: &UdpSocket| format!("to: {} / {} ; content : hi", V4, to.local_addr().unwrap().port());
    let target = UdpSocket::bind((V4, 0)).unwrap();
    target.set_read_timeout(Some(PATIENCE)).unwrap();
    let order = order(&target);
    let requests = [
        "hii",
        "HII ",
        &order,
        "TO:127.0.0.1/9;CONTENT:x",
        "hello",
        "to 127.0.0.1/9 ; content : x",
        "to: 127.0.0.1 9 ; content : x",
        "to: 127.0.0.1/9 ; content x",
        "at: 127.0.0.1/9 ; content : x",
        "to: 127.0.0.1/0 ; content : x",
        "to: 127.0.0.1/70000 ; content : x",
        "to: 127.0.0.1/9 ; text : x",
        "to: 192.0.2.1/9 ; content : x",
        "to: nowhere/9 ; content : x",
        "at: 127.0.0.1/x ; text x",
        "to: ::1/9 ; content : another family",
    ];
    let (server, answers) = talk("relay", &all_answered(&requests));
    for (request, answer) in requests.iter().zip(&answers).skip(2) {
        let right = read_order(request).right;
        let code: u16 = answer[..3].parse().unwrap();
        assert!(right.iter().any(|right| right.number() == code), "{request}: {answer}");
    }
    assert_eq!(answers[2], "200, UDP Packet Sent Successfully");
    let mut buffer = [0; 100];
    let length = target.recv(&mut buffer).unwrap();
    let passed = String::from_utf8_lossy(&buffer[..length]);
    assert!(passed.starts_with("127.0.0.1/") && passed.ends_with(" ; content : hi"), "{passed}");
    let text = explained("relay", &server);
    assert!(text.contains("`hi`: passed on in packet"), "{text}");
    assert!(!text.contains("right would be") && !text.contains("one of these is wrong"), "{text}");
}

#[test]
fn every_line_of_a_room_is_seen_to_reach_all() {
    let server = Running::start("chat");
    let mut members: Vec<TcpStream> = Vec::new();
    let told = |member: &mut TcpStream, text: &str| {
        let mut buffer = [0; 1024];
        let length = member.read(&mut buffer).unwrap();
        assert_eq!(String::from_utf8_lossy(&buffer[..length]), text);
    };
    for name in ["ann", "bob", "cy"] {
        let mut member = connect(server.address);
        if !members.is_empty() {
            member.write_all(b"ann").unwrap();
            told(&mut member, "This name is taken: send another.");
        }
        member.write_all(name.as_bytes()).unwrap();
        members.push(member);
        for member in &mut members {
            told(member, &format!("new user :{name} joined"));
        }
    }
    for (speaker, name, line) in [(0, "ann", "hello"), (2, "cy", "hi: all"), (1, "bob", "é")] {
        members[speaker].write_all(line.as_bytes()).unwrap();
        for member in &mut members {
            told(member, &format!(":{name}:{line}"));
        }
    }
    drop(members.remove(1));
    for member in &mut members {
        told(member, "user :bob left");
    }
    // Joins, refusals, lines, and the two that were told of the end.
    server.wait_for(6 + 2 + 9 + 2, |event| matches!(event, Event::Sent { .. }));
    let text = explained("chat", &server);
    assert!(
        text.contains(
            "Members: ann (tcp:0), bob (tcp:1, a name before refused), cy (tcp:2, a name before refused)."
        ),
        "{text}"
    );
    assert!(text.contains("3 lines, 3 of them to every other member that was in, once."), "{text}");
}
