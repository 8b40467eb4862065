//! Clients that mean no good: the server answers the next one all the same.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream, UdpSocket};
use std::time::{Duration, Instant};

use wirelab::lab::{self, Ending, Event, Limits, Problem};

use super::{PATIENCE, Running, V4, quick, talk};

/// Noise that is the same in every run (xorshift64).
pub(super) fn noise(length: usize, seed: u64) -> Vec<u8> {
    let mut state = seed | 1;
    let mut bytes = Vec::new();
    while bytes.len() < length {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend(state.to_le_bytes());
    }
    bytes.truncate(length);
    bytes
}

pub(super) fn connect(server: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(server).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.set_write_timeout(Some(PATIENCE)).unwrap();
    stream
}

#[track_caller]
fn still_answers(server: &Running, name: &str) {
    let lab = lab::find(name).unwrap();
    let mut own = lab::client::own_messages(lab, &quick());
    let talk = talk(lab, server.address, &mut own, PATIENCE);
    assert!(talk.result.is_ok() && !talk.replies.is_empty(), "{name}: {:?} {server:?}", talk.result);
}

pub(super) fn is_problem(event: &Event, what: impl Fn(&Problem) -> bool) -> bool {
    matches!(event, Event::Problem { problem, .. } if what(problem))
}

#[test]
pub(super) fn noise_is_answered_or_ignored_and_the_server_goes_on() {
    for name in ["knock", "uppercase-tcp", "calculator", "chat", "chatbot-tcp", "dual-stack"] {
        let server = Running::start(name);
        for seed in 1..20 {
            let mut stream = connect(server.address);
            stream.write_all(&noise(5000, seed)).unwrap();
            stream.shutdown(Shutdown::Write).unwrap();
            stream.read_to_end(&mut Vec::new()).unwrap();
        }
        still_answers(&server, name);
    }
    for name in ["greeting", "uppercase-udp", "datetime", "chatbot-udp", "relay"] {
        let server = Running::start(name);
        let socket = UdpSocket::bind((V4, 0)).unwrap();
        for (seed, length) in (1..).zip([0, 1, 7, 100, 1472, 9000, 65_507]) {
            socket.send_to(&noise(length, seed), server.address).unwrap();
        }
        still_answers(&server, name);
        server.wait_for(8, |event| matches!(event, Event::Received { .. }));
    }
}

#[test]
fn a_client_that_says_nothing_is_closed_and_holds_nobody_up() {
    let limits = Limits { idle: Duration::from_millis(300), ..Limits::default() };
    let server = Running::with("knock", V4, limits);
    let mut silent = connect(server.address);
    still_answers(&server, "knock");
    assert_eq!(silent.read(&mut [0; 10]).unwrap(), 0, "closed by the server");
    server.wait_for(1, |event| is_problem(event, |problem| matches!(problem, Problem::Idle { .. })));
}

#[test]
fn who_is_in_a_room_may_listen_in_silence() {
    let limits = Limits { idle: Duration::from_millis(300), ..Limits::default() };
    let server = Running::with("chat", V4, limits);
    let mut silent = connect(server.address);
    let mut member = connect(server.address);
    member.write_all(b"ann").unwrap();
    assert_eq!(silent.read(&mut [0; 10]).unwrap(), 0, "closed by the server");
    still_answers(&server, "chat");
    let mut heard = String::new();
    while !heard.ends_with("user :Khushei left") {
        let mut buffer = [0; 1024];
        let length = member.read(&mut buffer).unwrap();
        assert!(length > 0, "put out after {heard}");
        heard.push_str(std::str::from_utf8(&buffer[..length]).unwrap());
    }
}

#[test]
fn a_client_that_trickles_is_closed_in_the_end() {
    let limits = Limits { talk: Duration::from_millis(400), ..Limits::default() };
    let server = Running::with("knock", V4, limits);
    let mut stream = connect(server.address);
    stream.set_read_timeout(Some(Duration::from_millis(20))).unwrap();
    let end = Instant::now() + PATIENCE;
    while server.count(|event| is_problem(event, |problem| matches!(problem, Problem::TooLong { .. }))) == 0 {
        assert!(Instant::now() < end, "{server:?}");
        // Fails once the server has closed, as it should.
        let _ = stream.write_all(b"\n");
        let _ = stream.read(&mut [0; 10]);
    }
    still_answers(&server, "knock");
}

#[test]
fn a_client_that_never_reads_its_answers_is_closed() {
    let limits = Limits { write: Duration::from_millis(300), received: u64::MAX, ..Limits::default() };
    for (name, flood) in [
        ("uppercase-tcp", noise(65_536, 3)),
        ("calculator", b"1 / 0\r\n".repeat(60)),
        ("chatbot-tcp", b"Hey".repeat(300)),
        ("dual-stack", b"Hii Server".repeat(300)),
    ] {
        let server = Running::with(name, V4, limits);
        let mut stream = connect(server.address);
        // Ends when the server closes: its answers and our sends have filled every buffer by then.
        while stream.write_all(&flood).is_ok() {}
        server.wait_for(1, |event| is_problem(event, |problem| matches!(problem, Problem::NotTaken { .. })));
        server.wait_for(1, |event| matches!(event, Event::Closed { ending: Ending::ByUs, .. }));
        still_answers(&server, name);
    }
}

#[test]
fn requests_cut_anywhere_are_answered_or_ignored() {
    for (name, request) in [
        ("calculator", "Ann\n12 + 42\n12 + 42\nq"),
        ("chat", "ann\nhello\n"),
        ("chatbot-tcp", "HeyWhat's your name?Goodbye"),
        ("dual-stack", "Hii ServerHii Serverexit"),
    ] {
        let server = Running::start(name);
        for cut in 1..request.len() {
            let mut stream = connect(server.address);
            let (first, second) = request.split_at(cut);
            stream.write_all(first.as_bytes()).unwrap();
            // One that is cut may be answered by a close already.
            let _ = stream.write_all(second.as_bytes());
            let _ = stream.shutdown(Shutdown::Write);
            let _ = stream.read_to_end(&mut Vec::new());
        }
        still_answers(&server, name);
    }
}

#[test]
fn a_relay_sends_nothing_to_itself_and_stops_when_told() {
    let server = Running::start("relay");
    let socket = UdpSocket::bind((V4, 0)).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    let port = server.address.port();
    let mut buffer = [0; 1024];
    for request in [format!("to: 127.0.0.1/{port} ; content : x"), "to: 192.0.2.1/9 ; content : x".to_owned()]
    {
        socket.send_to(request.as_bytes(), server.address).unwrap();
        let length = socket.recv(&mut buffer).unwrap();
        let answer = String::from_utf8_lossy(&buffer[..length]).into_owned();
        assert_eq!(answer, "405, Could not send the message to the requested address", "{request}");
    }
    let sent = |event: &Event| matches!(event, Event::Sent { .. });
    server.exactly(2, sent);
    socket.send_to(b" EXIT Server\n", server.address).unwrap();
    let begun = Instant::now();
    while !server.thread.lock().unwrap().as_ref().unwrap().is_finished() {
        assert!(begun.elapsed() < PATIENCE, "{server:?}");
        std::thread::sleep(Duration::from_millis(5));
    }
    server.stop().unwrap();
}

#[test]
fn a_client_that_sends_for_ever_is_closed() {
    let limits = Limits { received: 1_000_000, ..Limits::default() };
    let server = Running::with("uppercase-tcp", V4, limits);
    let mut writer = connect(server.address);
    let mut reader = writer.try_clone().unwrap();
    let reading = std::thread::spawn(move || {
        let mut buffer = vec![0; 65_536];
        while reader.read(&mut buffer).is_ok_and(|length| length > 0) {}
    });
    let flood = noise(10_000, 5);
    let end = Instant::now() + PATIENCE;
    while Instant::now() < end && writer.write_all(&flood).is_ok() {}
    // Fails where the server has closed, as it should.
    let _ = writer.shutdown(Shutdown::Both);
    reading.join().unwrap();
    server.wait_for(1, |event| is_problem(event, |problem| matches!(problem, Problem::TooMuch { .. })));
    still_answers(&server, "uppercase-tcp");
}

#[test]
fn two_hundred_clients_at_once_get_the_places_there_are() {
    const PLACES: usize = 20;
    let server = Running::with("knock", V4, Limits { clients: PLACES, ..Limits::default() });
    let mut crowd: Vec<TcpStream> = (0..200).map(|_| connect(server.address)).collect();
    let turned_away =
        |event: &Event| is_problem(event, |problem| matches!(problem, Problem::TooManyClients { .. }));
    server.exactly(PLACES, |event| matches!(event, Event::Opened { .. }));
    server.exactly(200 - PLACES, turned_away);
    // Who is in is served; who is not sees the connection end.
    let mut reply = [0; 100];
    crowd[0].write_all(b"Knock knock..").unwrap();
    let length = crowd[0].read(&mut reply).unwrap();
    assert_eq!(&reply[..length], b"Who's there?");
    assert_eq!(crowd[199].read(&mut reply).unwrap(), 0);
    drop(crowd);
    server.wait_for(PLACES, |event| matches!(event, Event::Closed { .. }));
    still_answers(&server, "knock");
}

#[test]
fn a_reset_is_told_as_a_reset() {
    let server = Running::start("knock");
    let mut stream = connect(server.address);
    stream.write_all(b"Knock knock..").unwrap();
    server.wait_for(1, |event| matches!(event, Event::Sent { .. }));
    // Closing with the answer unread makes the system send RST instead of FIN (RFC 9293 §3.6.1). It is
    // unread for certain once it is here.
    stream.peek(&mut [0; 1]).unwrap();
    drop(stream);
    server.wait_for(1, |event| matches!(event, Event::Closed { ending: Ending::Reset, .. }));
    still_answers(&server, "knock");
}

/// What `socket` hears until nothing comes for a while, each datagram sent back as a server sends answers.
fn bounced(socket: &UdpSocket) -> usize {
    socket.set_read_timeout(Some(Duration::from_secs(1))).unwrap();
    let (mut buffer, mut heard) = ([0; 1024], 0);
    while let Ok((length, from)) = socket.recv_from(&mut buffer) {
        heard += 1;
        socket.send_to(&buffer[..length], from).unwrap();
    }
    heard
}

#[test]
fn a_server_whose_answers_are_answered_falls_silent() {
    let server = Running::start("greeting");
    let socket = UdpSocket::bind((V4, 0)).unwrap();
    socket.send_to(b"hi", server.address).unwrap();
    let heard = bounced(&socket);
    assert!((10_000..12_000).contains(&heard), "{heard}");
    server.exactly(1, |event| is_problem(event, |problem| matches!(problem, Problem::TooManyAnswers { .. })));
    still_answers(&server, "greeting");
}

#[test]
fn a_relay_and_another_server_do_not_answer_each_other() {
    let (relay, other) = (Running::start("relay"), Running::start("relay"));
    let servers = ["greeting", "uppercase-udp", "datetime", "chatbot-udp"].map(Running::start);
    let socket = UdpSocket::bind((V4, 0)).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    for to in servers.iter().chain([&other]) {
        let request = format!("to: 127.0.0.1/{} ; content : hi", to.address.port());
        socket.send_to(request.as_bytes(), relay.address).unwrap();
        let mut buffer = [0; 64];
        let length = socket.recv(&mut buffer).unwrap();
        assert!(buffer[..length].starts_with(b"200, "));
        to.wait_for(1, |event| matches!(event, Event::Received { .. }));
    }
    // Each answer is in; what is not answered is noted.
    relay.wait_for(4, |event| matches!(event, Event::Noted { .. }));
    for server in &servers {
        server.exactly(1, |event| matches!(event, Event::Received { .. }));
    }
    assert_eq!(other.count(|event| matches!(event, Event::Sent { .. })), 0, "{other:?}");
}

#[test]
fn an_answer_too_long_for_a_datagram_is_told_in_words() {
    let server = Running::start("uppercase-udp");
    let socket = UdpSocket::bind((V4, 0)).unwrap();
    // Two bytes that become six in capitals.
    socket.send_to("\u{390}".repeat(32_000).as_bytes(), server.address).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut buffer = [0; 1024];
    let length = socket.recv(&mut buffer).unwrap();
    assert!(buffer[..length].starts_with(b"Not sent: "), "{:?}", &buffer[..length]);
    still_answers(&server, "uppercase-udp");
}

#[test]
fn stopping_does_not_wait_for_silent_clients() {
    for name in ["knock", "greeting"] {
        let server = Running::start(name);
        let silent: Vec<TcpStream> =
            if name == "knock" { (0..5).map(|_| connect(server.address)).collect() } else { Vec::new() };
        server.wait_for(silent.len(), |event| matches!(event, Event::Opened { .. }));
        let begun = Instant::now();
        server.stop().unwrap();
        assert!(begun.elapsed() < Duration::from_secs(5), "{name}: {:?}", begun.elapsed());
    }
}

#[test]
fn stopping_does_not_wait_for_a_client_that_reads_nothing() {
    let limits = Limits { write: PATIENCE * 10, received: u64::MAX, ..Limits::default() };
    let server = Running::with("uppercase-tcp", V4, limits);
    let mut stream = connect(server.address);
    stream.set_write_timeout(Some(Duration::from_millis(500))).unwrap();
    // Ends when nothing more fits anywhere: the server is stuck in its answer.
    while stream.write_all(&[b'a'; 65_536]).is_ok() {}
    let begun = Instant::now();
    server.stop().unwrap();
    assert!(begun.elapsed() < PATIENCE / 2, "{:?}", begun.elapsed());
}
