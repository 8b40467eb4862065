//! The labs that speak in streams against clients that mean no good: a clear reply or a close, and the server goes on.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use wirelab::lab::{Event, Limits, Problem, Settings};

use super::hostile::{connect, is_problem, noise};
use super::{PATIENCE, Running, STREAMS, V4};

/// Sends it, closes this side, and gives all that came back; a reset is an answer too.
pub(super) fn exchange(server: SocketAddr, bytes: &[u8]) -> String {
    let mut stream = connect(server);
    // A server that has had enough closes while bytes are still being sent.
    let _ = stream.write_all(bytes);
    let _ = stream.shutdown(Shutdown::Write);
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

/// What an honest client asks, and how the answer begins.
fn honest(name: &str) -> (&'static str, &'static str) {
    match name {
        "web" => ("GET / HTTP/1.0\r\n\r\n", "HTTP/1.1 200 OK\r\n"),
        "proxy" => ("CONNECT localhost:1 HTTP/1.0\r\n\r\n", "HTTP/1.1 405 Method Not Allowed\r\n"),
        "file-transfer" => ("SECRET_KEY", "AUTH_SUCCESSA file"),
        "mail" => ("QUIT\r\n", "220 desk.student.example ESMTP"),
        _ => panic!("what does {name} say?"),
    }
}

#[track_caller]
fn still_answers(server: &Running, name: &str) {
    let (asked, answered) = honest(name);
    let answer = exchange(server.address, asked.as_bytes());
    assert!(answer.starts_with(answered), "{name}: {answer:.300} {server:?}");
}

#[test]
fn noise_is_answered_or_ignored_and_the_server_goes_on() {
    for name in STREAMS {
        let server = Running::start(name);
        for seed in 1..20 {
            exchange(server.address, &noise(30_000, seed));
            let lines: Vec<u8> = noise(3000, seed)
                .iter()
                .map(|byte| if byte % 16 == 0 { b'\n' } else { byte & 0x7f })
                .collect();
            exchange(server.address, &lines);
        }
        still_answers(&server, name);
    }
}

#[test]
fn half_of_what_is_asked_is_answered_or_closed() {
    for (name, beginnings) in [
        (
            "web",
            &[
                "G",
                "GET / HT",
                "GET / HTTP/1.1\r\nHost: x\r\n",
                "GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nhal",
            ][..],
        ),
        ("proxy", &["G", "GET http://127.0.0.1/ HTTP/1.1\r\n"]),
        ("file-transfer", &["SECRET", "SECRET_KEYS", "\r\n", "\u{e9}"]),
        (
            "mail",
            &["EHLO", "EHLO a\r\nMAIL FR", "EHLO a\r\nMAIL FROM:<a@b>\r\nRCPT TO:<a@b>\r\nDATA\r\nhalf"],
        ),
    ] {
        let server = Running::start(name);
        for beginning in beginnings {
            let answer = exchange(server.address, beginning.as_bytes());
            let clear = match name {
                "file-transfer" => answer == "AUTH_ERROR",
                "mail" => answer.starts_with("220 "),
                _ => answer.starts_with("HTTP/1.1 ") && answer.contains("Connection: close\r\n"),
            };
            assert!(clear, "{name} {beginning:?}: {answer}");
        }
        still_answers(&server, name);
    }
}

#[test]
fn silence_and_trickling_end_with_a_clear_reply() {
    let limits = Limits { idle: Duration::from_millis(400), ..Limits::default() };
    for (name, said, answered) in [
        ("web", "GET /", "HTTP/1.1 408 Request Timeout\r\n"),
        ("proxy", "GET /", "HTTP/1.1 408 Request Timeout\r\n"),
        ("file-transfer", "SECRET", "AUTH_ERROR"),
        ("mail", "EHL", "220 desk.student.example"),
    ] {
        let server = Running::with(name, V4, limits);
        // One that stops in the middle, and one that goes on with a byte now and then.
        for trickles in [false, true] {
            let mut stream = connect(server.address);
            stream.write_all(said.as_bytes()).unwrap();
            let begun = Instant::now();
            let mut writer = stream.try_clone().unwrap();
            let trickle = std::thread::spawn(move || {
                while trickles && begun.elapsed() < PATIENCE && writer.write_all(b"S").is_ok() {
                    std::thread::sleep(Duration::from_millis(50));
                }
            });
            let mut answer = Vec::new();
            // Ends with a reset where a byte was under way.
            let _ = stream.read_to_end(&mut answer);
            let answer = String::from_utf8_lossy(&answer).into_owned();
            assert!(answer.starts_with(answered), "{name} {trickles}: {answer}");
            assert!(begun.elapsed() < PATIENCE / 2, "{name} {trickles}");
            let _ = stream.shutdown(Shutdown::Both);
            trickle.join().unwrap();
        }
        still_answers(&server, name);
    }
}

#[test]
fn a_client_that_says_nothing_at_all_is_closed() {
    let limits = Limits { idle: Duration::from_millis(300), ..Limits::default() };
    for name in STREAMS {
        let server = Running::with(name, V4, limits);
        let mut silent = connect(server.address);
        still_answers(&server, name);
        silent.read_to_end(&mut Vec::new()).unwrap();
    }
}

#[test]
fn a_client_that_never_reads_is_closed() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("large.bin");
    std::fs::write(&file, noise(32 * 1024 * 1024, 7)).unwrap();
    let limits = Limits { write: Duration::from_millis(300), ..Limits::default() };
    let settings = Settings { folder: Some(folder.path().to_owned()), ..Settings::default() };
    let origin = Running::serving("web", V4, Limits::default(), &settings);
    let through = format!("GET http://{}/large.bin HTTP/1.1\r\nHost: x\r\n\r\n", origin.address);
    let flood = "NOOP\r\n".repeat(2_000_000);
    for (name, asked) in [
        ("web", "GET /large.bin HTTP/1.1\r\nHost: x\r\n\r\n"),
        ("proxy", &*through),
        ("file-transfer", "SECRET_KEY"),
        ("mail", &*flood),
    ] {
        let settings = Settings {
            folder: (name == "web").then(|| folder.path().to_owned()),
            file: (name == "file-transfer").then(|| file.clone()),
            ..Settings::default()
        };
        let server = Running::serving(name, V4, Limits { received: u64::MAX, ..limits }, &settings);
        let mut stream = connect(server.address);
        // Of the flood not all can be sent: the server stops reading while it waits to be read.
        let _ = stream.set_write_timeout(Some(Duration::from_millis(200)));
        let _ = stream.write_all(asked.as_bytes());
        let gave_up = |event: &Event| {
            is_problem(event, |problem| matches!(problem, Problem::NotTaken { .. }))
                || (name == "mail" && matches!(event, Event::Closed { .. }))
        };
        server.wait_for(1, gave_up);
        drop(stream);
        if name == "proxy" || name == "mail" {
            still_answers(&server, name);
        }
    }
}

#[test]
fn a_client_that_sends_for_ever_is_closed() {
    let limits = Limits { received: 1_000_000, ..Limits::default() };
    for (name, beginning, piece) in [
        ("web", "GET / HTTP/1.1\r\n", "A: b\r\n"),
        ("web", "", "\r\n"),
        ("web", "GET /", "a"),
        ("proxy", "GET http://localhost/", "a"),
        ("file-transfer", "", "SECRET_KEY"),
        ("mail", "", "x"),
        ("mail", "EHLO a\r\nMAIL FROM:<a@b>\r\nRCPT TO:<a@b>\r\nDATA\r\n", "text\r\n"),
        ("mail", "EHLO a\r\nMAIL FROM:<a@b>\r\nRCPT TO:<a@b>\r\nDATA\r\n", "x"),
    ] {
        let server = Running::with(name, V4, limits);
        let mut writer = connect(server.address);
        let mut reader = writer.try_clone().unwrap();
        let reading = std::thread::spawn(move || {
            let mut buffer = vec![0; 65_536];
            while reader.read(&mut buffer).is_ok_and(|length| length > 0) {}
        });
        writer.write_all(beginning.as_bytes()).unwrap();
        let flood = piece.repeat(10_000 / piece.len());
        let end = Instant::now() + PATIENCE;
        while Instant::now() < end && writer.write_all(flood.as_bytes()).is_ok() {}
        assert!(Instant::now() < end, "{name} {beginning:?} {piece:?}");
        // Fails where the server has closed, as it should.
        let _ = writer.shutdown(Shutdown::Both);
        reading.join().unwrap();
        server.wait_for(1, |event| matches!(event, Event::Closed { .. }));
        still_answers(&server, name);
    }
}

#[test]
fn ten_thousand_connections_leave_the_servers_as_they_were() {
    const TURN: usize = 50;
    for name in STREAMS {
        let server = Running::start(name);
        let is_end = |event: &Event| {
            matches!(event, Event::Closed { .. })
                || is_problem(event, |problem| matches!(problem, Problem::TooManyClients { .. }))
        };
        for turn in 1..=50 {
            let crowd: Vec<TcpStream> = (0..TURN).map(|_| connect(server.address)).collect();
            // Every other turn they say something; where something is unread then, closing resets.
            if turn % 2 == 0 {
                for mut stream in &crowd {
                    // The server may have turned it away already.
                    let _ = stream.write_all(b"\n");
                }
            }
            drop(crowd);
            // A queue that is full costs who comes next a second: TCP tries again then.
            server.wait_for(turn * TURN, is_end);
        }
        still_answers(&server, name);
    }
}

#[test]
fn stopping_waits_for_nobody() {
    for name in STREAMS {
        let server = Running::start(name);
        let silent: Vec<TcpStream> = (0..5).map(|_| connect(server.address)).collect();
        server.wait_for(silent.len(), |event| matches!(event, Event::Opened { .. }));
        let begun = Instant::now();
        server.stop().unwrap();
        assert!(begun.elapsed() < Duration::from_secs(5), "{name}: {:?}", begun.elapsed());
    }
}
