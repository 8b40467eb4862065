//! `udp-ping` and `udp-throughput`: what the client measures against what the server did.

use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use wirelab::lab::client::{Options, Outcome, Session};
use wirelab::lab::{
    self, Event, LabError, Limits, Note, Ping, PingFate, PingRun, Policy, Settings, Transport,
};
use wirelab::lesson::Losses;

use super::python::python;
use super::{PATIENCE, Running, V4, V6, closed_port, say};

const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

fn serve(settings: &Settings) -> Running {
    Running::serving("udp-ping", V4, Limits::default(), settings)
}

/// Runs the lab's client and gives its notes.
pub(super) fn measure(
    name: &str,
    server: SocketAddr,
    settings: Settings,
    messages: &[&str],
) -> (Result<Outcome, LabError>, Vec<Note>) {
    let options = Options { server, timeout: PATIENCE, policy: Policy::LocalOnly, settings };
    let mut messages = lab::client::Ready(messages.iter().map(|text| Ok(text.as_bytes().to_vec())));
    let mut notes = Vec::new();
    let result = lab::client::run(Session {
        lab: lab::find(name).unwrap(),
        options: &options,
        messages: &mut messages,
        stop: &AtomicBool::new(false),
        on_event: &mut |event| {
            if let Event::Noted { note, .. } = event {
                notes.push(note);
            }
        },
    });
    (result, notes)
}

/// What the server noted, now that it is stopped.
pub(super) fn notes_of(server: &Running) -> Vec<Note> {
    let events = server.log();
    let notes = events.iter().filter_map(|event| match event {
        Event::Noted { note, .. } => Some(note.clone()),
        _ => None,
    });
    notes.collect()
}

#[test]
fn both_labs_run_over_both_families() {
    let settings = Settings { pace: 0.02, count: Some(12), seed: 4, ..Settings::default() };
    for address in [V4, V6] {
        if UdpSocket::bind((address, 0)).is_err() {
            crate::skip::skip("udp-ping over IPv6", &format!("this machine has no {address}"));
            continue;
        }
        for name in ["udp-ping", "udp-throughput"] {
            let server = Running::serving(name, address, Limits::default(), &settings);
            let lab = lab::find(name).unwrap();
            let (result, notes) = measure(name, server.address, settings.clone(), lab.messages);
            assert_eq!(result.unwrap(), Outcome::Done, "{name} {address}");
            let run = PingRun::of(&notes);
            assert_eq!(run.sent(), 12, "{name} {address}");
            // Whether in time is the machine's to say.
            assert!(run.seconds().iter().any(|second| second.answered > 0), "{notes:?}");
            let intervals: Vec<Duration> = run.pings().map(|ping| ping.interval).collect();
            let shrinks = intervals.windows(2).all(|pair| pair[1] == pair[0].mul_f64(0.95));
            assert_eq!(shrinks, name == "udp-throughput", "{intervals:?}");
        }
    }
}

#[test]
fn lost_at_the_client_is_what_the_server_dropped_or_answered_too_late() {
    let mut seen = [0; 3];
    thread::scope(|scope| {
        let run = |seed| {
            let settings = Settings { seed, count: Some(8), interval: Some(ms(250)), ..Settings::default() };
            let server = serve(&settings);
            let (result, notes) = measure("udp-ping", server.address, settings, &["Hello Server"]);
            assert_eq!(result.unwrap(), Outcome::Done);
            let log = notes_of(&server);
            let run = PingRun::of(&notes);
            let losses = Losses::of(&run, &log);
            assert!(losses.hold(), "seed {seed}: {losses:?}\n{notes:?}\n{log:?}");
            assert_eq!((run.sent(), run.unclear(), run.again()), (8, 0, 0), "seed {seed}");
            [losses.dropped, losses.too_late, run.in_time()]
        };
        let runs: Vec<_> = (0..8).map(|seed| scope.spawn(move || run(seed))).collect();
        for run in runs {
            for (sum, number) in seen.iter_mut().zip(run.join().unwrap()) {
                *sum += number;
            }
        }
    });
    assert!(seen.iter().all(|number| *number > 0), "nothing of a kind was tried: {seen:?}");
}

/// A server that answers each ping as it is told: how late, and with what.
fn scripted(answers: Vec<(u64, &'static str)>) -> (SocketAddr, thread::JoinHandle<()>) {
    let socket = UdpSocket::bind((V4, 0)).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    let address = socket.local_addr().unwrap();
    let server = thread::spawn(move || {
        let late: Vec<thread::JoinHandle<()>> = answers
            .into_iter()
            .map(|(late, text)| {
                let (_, peer) = socket.recv_from(&mut [0; 2048]).unwrap();
                let socket = socket.try_clone().unwrap();
                thread::spawn(move || {
                    thread::sleep(ms(late));
                    if !text.is_empty() {
                        socket.send_to(text.as_bytes(), peer).unwrap();
                    }
                })
            })
            .collect();
        late.into_iter().for_each(|thread| thread.join().unwrap());
    });
    (address, server)
}

fn fates(notes: &[Note]) -> Vec<PingFate> {
    PingRun::of(notes).pings().map(|ping| ping.fate).collect()
}

#[test]
fn a_late_answer_is_not_taken_for_the_next_ping_s() {
    let settings = Settings { count: Some(2), interval: Some(ms(400)), ..Settings::default() };
    // The first answer comes when the second ping has been sent, the second never.
    let (server, thread) = scripted(vec![(500, "Packet Acknowledged 1"), (0, "")]);
    let (_, notes) = measure("udp-ping", server, settings.clone(), &["Hello Server"]);
    thread.join().unwrap();
    assert!(
        matches!(fates(&notes)[..], [PingFate::Answered { late: true, rtt, .. }, PingFate::Lost] if rtt >= ms(500)),
        "{notes:?}"
    );
    // Without a number nobody knows.
    let (server, thread) = scripted(vec![(500, "Packet Acknowledged"), (0, "")]);
    let (_, notes) = measure("udp-ping", server, settings, &["Hello Server"]);
    thread.join().unwrap();
    assert!(notes.contains(&Note::Unclear { first: 1, last: 2 }), "{notes:?}");
    assert_eq!(fates(&notes), [PingFate::Lost, PingFate::Unclear]);
    let run = PingRun::of(&notes);
    assert_eq!((run.lost(), run.unclear()), (1, 1));
}

#[test]
fn an_answer_that_comes_twice_or_for_nothing_is_told_and_changes_nothing() {
    let settings = Settings { count: Some(2), interval: Some(ms(200)), ..Settings::default() };
    let (server, thread) = scripted(vec![(0, "Packet Acknowledged 1"), (0, "Packet Acknowledged 1")]);
    let (_, notes) = measure("udp-ping", server, settings.clone(), &["Hello Server"]);
    thread.join().unwrap();
    assert!(notes.contains(&Note::Again { number: 1 }), "{notes:?}");
    assert!(matches!(fates(&notes)[..], [PingFate::Answered { late: false, .. }, PingFate::Lost]));
    let (server, thread) = scripted(vec![(0, "Packet Acknowledged 99"), (0, "\u{1b}[2J")]);
    let (result, notes) = measure("udp-ping", server, settings, &["Hello Server"]);
    thread.join().unwrap();
    assert!(matches!(result, Err(LabError::NoReply { .. })), "{result:?}");
    assert_eq!(fates(&notes), [PingFate::Lost; 2]);
}

#[test]
fn nobody_there_is_told_at_once_and_a_server_that_ends_is_a_loss() {
    let (result, notes) =
        measure("udp-ping", closed_port(Transport::Udp), Settings::default(), &["Hello Server"]);
    assert!(matches!(result, Err(LabError::PortUnreachable(_))), "{result:?}");
    assert_eq!(notes, []);
    let settings = Settings { count: Some(4), interval: Some(ms(100)), ..Settings::default() };
    let (server, thread) = scripted(vec![(0, "Packet Acknowledged 1")]);
    let (result, notes) = measure("udp-ping", server, settings, &["Hello Server"]);
    thread.join().unwrap();
    assert_eq!(result.unwrap(), Outcome::Done);
    assert_eq!(PingRun::of(&notes).lost(), 3);
}

#[test]
fn a_ping_under_way_when_the_client_is_stopped_is_neither_answered_nor_lost() {
    // The first is lost when the second is due, the second has not been waited for.
    let (server, thread) = scripted(vec![(0, ""), (0, "")]);
    let settings = Settings { count: Some(9), interval: Some(ms(400)), ..Settings::default() };
    let options = Options { server, timeout: PATIENCE, policy: Policy::LocalOnly, settings };
    let (stop, mut run, mut sent) = (AtomicBool::new(false), PingRun::default(), 0);
    let result = lab::client::run(Session {
        lab: lab::find("udp-ping").unwrap(),
        options: &options,
        messages: &mut lab::client::Ready(std::iter::once(Ok(b"Hello Server".to_vec()))),
        stop: &stop,
        on_event: &mut |event| match event {
            Event::Sent { .. } => {
                sent += 1;
                stop.store(sent == 2, Ordering::Relaxed);
            }
            Event::Noted { note, .. } => run.take(&note),
            _ => {}
        },
    });
    thread.join().unwrap();
    assert_eq!(result.unwrap(), Outcome::Stopped);
    let fates: Vec<PingFate> = run.pings().map(|ping| ping.fate).collect();
    assert_eq!(fates, [PingFate::Lost, PingFate::UnderWay]);
    assert_eq!((run.sent(), run.lost(), run.under_way()), (2, 1, 1));
    let log = [Note::Dropped { number: 1 }, Note::Dropped { number: 2 }];
    assert!(Losses::of(&run, &log).hold());
}

#[test]
fn exit_ends_the_server() {
    let server = serve(&Settings::default());
    let said = say("udp-ping", server.address, &[b"C64", b"exit"], PATIENCE);
    said.result.unwrap();
    assert_eq!(said.replies, [b"Buffer Size Calibrated at Server.".as_slice(), b"Stopping the Server."]);
    let end = Instant::now() + PATIENCE;
    while !server.thread.lock().unwrap().as_ref().unwrap().is_finished() {
        assert!(Instant::now() < end, "still there: {server:?}");
        thread::sleep(ms(5));
    }
}

const COURSE_CLIENT: &str = "
import socket, sys, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
a = ('127.0.0.1', int(sys.argv[1]))
s.settimeout(20)
s.sendto(b'C1024', a)
print(s.recvfrom(1024)[0].decode())
s.settimeout(0.5)
lost = 0
for i in range(10):
    t = time.time()
    s.sendto(b'Hello Server', a)
    try:
        m = s.recvfrom(1024)[0].decode()
        assert m == 'Packet Acknowledged', m
        assert time.time() - t < 0.5
    except socket.timeout:
        lost += 1
s.settimeout(20)
s.sendto(b'exit', a)
print(s.recvfrom(1024)[0].decode())
print(lost)
";

#[test]
fn a_course_client_measures_our_server() {
    let settings = Settings { pace: 0.1, seed: 11, ..Settings::default() };
    let server = serve(&settings);
    let Some(child) = python(COURSE_CLIENT, &[&server.address.port().to_string()]) else { return };
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    let dropped = notes_of(&server).iter().filter(|note| matches!(note, Note::Dropped { .. })).count();
    assert_eq!(
        String::from_utf8(output.stdout).unwrap(),
        format!("Buffer Size Calibrated at Server.\nStopping the Server.\n{dropped}\n")
    );
}

const COURSE_SERVER: &str = "
import socket, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.settimeout(20)
s.bind(('127.0.0.1', 0))
print(s.getsockname()[1], flush=True)
size, pings = 1024, 0
while True:
    m, a = s.recvfrom(size)
    m = m.decode()
    if m == 'exit':
        s.sendto(b'Stopping the Server.', a)
        break
    if m[0] == 'C' and m[1:].isdigit():
        size = int(m[1:])
        s.sendto(b'Buffer Size Calibrated at Server.', a)
        continue
    pings += 1
    if pings == 2:
        continue
    time.sleep(0.02)
    s.sendto(b'Packet Acknowledged', a)
";

#[test]
fn our_client_measures_a_course_server() {
    let Some(mut child) = python(COURSE_SERVER, &[]) else { return };
    let mut port = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut port).unwrap();
    let server = SocketAddr::new(V4, port.trim().parse().unwrap());
    // Longer than the second that an answer without a number may take.
    let settings = Settings { count: Some(3), interval: Some(ms(1100)), ..Settings::default() };
    let (result, notes) = measure("udp-ping", server, settings, &["C1024", "Hello Server", "exit"]);
    assert_eq!(result.unwrap(), Outcome::Done);
    assert!(child.wait().unwrap().success());
    let answered =
        |fate: &PingFate| matches!(fate, PingFate::Answered { late: false, rtt, .. } if *rtt >= ms(20));
    let fates = fates(&notes);
    assert!(answered(&fates[0]) && fates[1] == PingFate::Lost && answered(&fates[2]), "{notes:?}");
}

#[test]
fn a_text_with_digits_is_sent_as_it_is() {
    let settings = Settings { pace: 0.01, count: Some(3), ..Settings::default() };
    let server = serve(&settings);
    measure("udp-ping", server.address, settings.clone(), &["7 of 9"]).0.unwrap();
    server.exactly(3, |event| matches!(event, Event::Received { bytes, .. } if bytes == b"7 of 9"));
    let (_, notes) = measure("udp-ping", server.address, settings, &["Hello Server"]);
    let sent: Vec<u64> = notes
        .iter()
        .filter_map(|note| match note {
            Note::Ping(Ping { number, .. }) => Some(*number),
            _ => None,
        })
        .collect();
    assert!([1, 2, 3].iter().all(|number| sent.contains(number)), "{sent:?}");
}

#[test]
fn floods_and_noise_are_borne() {
    let server = serve(&Settings { pace: 0.01, ..Settings::default() });
    let socket = UdpSocket::bind((V4, 0)).unwrap();
    let endless = format!("C{}", "9".repeat(65_506));
    let noise: Vec<u8> = (0..65_507_u32).map(|at| u8::try_from(at * at % 251).unwrap()).collect();
    let odd = [endless.as_bytes(), &noise, b"", b"\xff\xfe\xfd", b"C", b"C-1", b"C0", "C\u{664}".as_bytes()];
    for message in odd {
        socket.send_to(message, server.address).unwrap();
    }
    server.wait_for(odd.len(), |event| matches!(event, Event::Received { .. }));
    for _ in 0..20_000 {
        // What does not fit the server's socket is lost, as it should be.
        let _ = socket.send_to(b"Hello Server", server.address);
    }
    // While the socket is full a request is lost like any other datagram, and is sent again.
    let end = Instant::now() + PATIENCE;
    let said = loop {
        let said = say("udp-ping", server.address, &[b"C1024"], Duration::from_millis(500));
        if said.result.is_ok() || Instant::now() > end {
            break said;
        }
    };
    assert!(said.result.is_ok(), "{:?} {server:?}", said.result);
    assert_eq!(said.replies, [b"Buffer Size Calibrated at Server."]);
}
