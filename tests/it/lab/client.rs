//! Our clients with servers that are not there, do not answer, or hang up.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::sync::atomic::AtomicBool;
use std::thread;
use std::time::{Duration, Instant};

use wirelab::lab::client::{MAX_SAID, Options, Outcome, Ready, Session};
use wirelab::lab::{self, Ending, Event, LabError, Policy, Settings, Transport};

use super::{PATIENCE, Running, V4, closed_port, quick, say};

const SHORT: Duration = Duration::from_millis(200);

#[test]
fn a_refused_connection_is_named_as_refused() {
    let server = closed_port(Transport::Tcp);
    let error = say("knock", server, &[b"Knock knock.."], PATIENCE).result.unwrap_err();
    assert_eq!(error.to_string(), format!("connection refused by {server}: nothing listens on that port"));
    assert!(error.is_no_reply());
}

#[test]
fn a_closed_udp_port_is_told_by_its_icmp_error() {
    let server = closed_port(Transport::Udp);
    let begun = Instant::now();
    let error = say("greeting", server, &[b"hello"], PATIENCE).result.unwrap_err();
    assert!(matches!(error, LabError::PortUnreachable(address) if address == server), "{error}");
    assert!(error.to_string().contains("ICMP port unreachable") && error.is_no_reply(), "{error}");
    assert!(begun.elapsed() < PATIENCE, "told at once, not by the time-out");
}

#[test]
fn a_silent_server_is_given_up_after_the_time_out() {
    let datagrams = UdpSocket::bind((V4, 0)).unwrap();
    let listener = TcpListener::bind((V4, 0)).unwrap();
    for (name, server) in
        [("greeting", datagrams.local_addr().unwrap()), ("knock", listener.local_addr().unwrap())]
    {
        let begun = Instant::now();
        let error = say(name, server, &[b"hello"], SHORT).result.unwrap_err();
        assert_eq!(error.to_string(), format!("no reply from {server} within 0.2 s"));
        assert!(error.is_no_reply() && begun.elapsed() >= SHORT, "{name}");
    }
}

/// Accepts one connection and does that with it.
fn server(then: impl FnOnce(std::net::TcpStream) + Send + 'static) -> (SocketAddr, thread::JoinHandle<()>) {
    let listener = TcpListener::bind((V4, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    (address, thread::spawn(move || then(listener.accept().unwrap().0)))
}

#[test]
fn a_server_that_hangs_up_without_a_word_is_named() {
    let (address, thread) = server(|mut stream| {
        stream.read_exact(&mut [0; 5]).unwrap();
    });
    let error = say("knock", address, &[b"hello"], PATIENCE).result.unwrap_err();
    assert_eq!(error.to_string(), format!("{address} closed the connection without a reply"));
    thread.join().unwrap();

    // Closing with a byte unread sends RST.
    let (address, thread) = server(|mut stream| {
        stream.read_exact(&mut [0; 4]).unwrap();
    });
    let error = say("knock", address, &[b"hello"], PATIENCE).result.unwrap_err();
    assert_eq!(error.to_string(), format!("{address} reset the connection without a reply"));
    assert!(error.is_no_reply());
    thread.join().unwrap();
}

/// Runs a client that says one message to who does not answer; `on_sent` is called as it is told as sent.
fn while_saying(name: &str, server: SocketAddr, on_sent: &mut dyn FnMut()) {
    let settings = Settings { count: Some(1), interval: Some(SHORT), ..Settings::default() };
    let options = Options { server, timeout: SHORT, policy: Policy::LocalOnly, settings };
    let mut told = 0;
    let result = lab::client::run(Session {
        lab: lab::find(name).unwrap(),
        options: &options,
        messages: &mut Ready([Ok(b"hello".to_vec())].into_iter()),
        stop: &AtomicBool::new(false),
        on_event: &mut |event| {
            if let Event::Sent { .. } = event {
                told += 1;
                on_sent();
            }
        },
    });
    assert!(told == 1, "{name}: {told} {result:?}");
}

#[test]
fn what_is_said_is_told_before_anybody_can_hear_it() {
    use std::io::ErrorKind::WouldBlock;
    for name in ["greeting", "uppercase-udp", "relay", "udp-ping"] {
        let server = UdpSocket::bind((V4, 0)).unwrap();
        server.set_nonblocking(true).unwrap();
        while_saying(name, server.local_addr().unwrap(), &mut || {
            assert_eq!(server.peek(&mut [0; 9]).unwrap_err().kind(), WouldBlock, "{name}");
        });
        assert!(server.recv(&mut [0; 9]).is_ok(), "{name}");
    }
    for name in ["knock", "chat", "web", "file-transfer"] {
        let listener = TcpListener::bind((V4, 0)).unwrap();
        let mut taken = None;
        while_saying(name, listener.local_addr().unwrap(), &mut || {
            let (stream, _) = listener.accept().unwrap();
            stream.set_nonblocking(true).unwrap();
            assert_eq!(stream.peek(&mut [0; 9]).unwrap_err().kind(), WouldBlock, "{name}");
            taken = Some(stream);
        });
        assert!(taken.unwrap().read(&mut [0; 9]).is_ok_and(|length| length > 0), "{name}");
    }
}

#[test]
fn a_reset_behind_the_last_reply_is_told_as_what_it_is() {
    let (gone, is_gone) = std::sync::mpsc::channel();
    let (server, thread) = server(move |mut stream| {
        // Closing with a byte unread sends RST.
        stream.read_exact(&mut [0; 2]).unwrap();
        stream.write_all(b"O").unwrap();
        drop(stream);
        gone.send(()).unwrap();
    });
    let options = Options { server, timeout: PATIENCE, policy: Policy::LocalOnly, settings: quick() };
    let (mut notes, mut endings) = (Vec::new(), Vec::new());
    let result = lab::client::run(Session {
        lab: lab::find("uppercase-tcp").unwrap(),
        options: &options,
        messages: &mut Ready([Ok(b"one".to_vec())].into_iter()),
        stop: &AtomicBool::new(false),
        on_event: &mut |event| match event {
            Event::Received { .. } => is_gone.recv().unwrap(),
            Event::Noted { note, .. } => notes.push(note.to_string()),
            Event::Closed { ending, .. } => endings.push(ending),
            _ => {}
        },
    });
    assert!(matches!(result, Ok(Outcome::Done)), "{result:?}");
    assert_eq!(endings, [Ending::Reset]);
    assert!(notes.concat().contains("may be cut off"), "{notes:?}");
    thread.join().unwrap();
}

#[test]
fn what_could_not_be_sent_is_taken_back() {
    let (gone, is_gone) = std::sync::mpsc::channel();
    let (server, thread) = server(move |mut stream| {
        // Closing with a byte unread sends RST.
        stream.read_exact(&mut [0; 2]).unwrap();
        stream.write_all(b"ONE").unwrap();
        drop(stream);
        gone.send(()).unwrap();
    });
    let options = Options { server, timeout: PATIENCE, policy: Policy::LocalOnly, settings: quick() };
    let mut told = Vec::new();
    let result = lab::client::run(Session {
        lab: lab::find("uppercase-tcp").unwrap(),
        options: &options,
        messages: &mut Ready([Ok(b"one".to_vec()), Ok(b"two".to_vec())].into_iter()),
        stop: &AtomicBool::new(false),
        on_event: &mut |event| match event {
            Event::Sent { bytes, .. } => told.push(String::from_utf8(bytes).unwrap()),
            Event::NotSent { peer } => told.push(format!("not to {peer}")),
            Event::Received { .. } => is_gone.recv().unwrap(),
            _ => {}
        },
    });
    assert!(matches!(result, Err(LabError::Hung { reset: true, .. })), "{result:?}");
    assert_eq!(told, ["one".to_owned(), "two".to_owned(), format!("not to {server}")]);
    thread.join().unwrap();
}

#[test]
fn the_client_closes_its_half_first_and_still_listens() {
    let (address, thread) = server(|mut stream| {
        stream.read_exact(&mut [0; 5]).unwrap();
        stream.write_all(b"yes").unwrap();
        // Ends at the client's FIN.
        stream.read_to_end(&mut Vec::new()).unwrap();
        stream.write_all(b"bye").unwrap();
    });
    let talk = say("knock", address, &[b"hello"], PATIENCE);
    thread.join().unwrap();
    assert_eq!((talk.result.unwrap(), talk.ending), (Outcome::Done, Some(Ending::ByUs)));
    assert_eq!(talk.replies, [b"yes", b"bye"]);
}

#[test]
fn a_server_that_stays_open_after_the_farewell_keeps_nobody() {
    let (release, held) = std::sync::mpsc::channel::<()>();
    let (address, thread) = server(move |mut stream| {
        stream.read_exact(&mut [0; 5]).unwrap();
        stream.write_all(b"yes").unwrap();
        let _ = held.recv();
    });
    let begun = Instant::now();
    let talk = say("knock", address, &[b"hello"], PATIENCE);
    assert_eq!((talk.result.unwrap(), talk.ending), (Outcome::Done, Some(Ending::ByUs)));
    assert_eq!(talk.replies, [b"yes"]);
    assert!(begun.elapsed() < PATIENCE);
    release.send(()).unwrap();
    thread.join().unwrap();
}

#[test]
fn messages_that_cannot_be_sent_are_refused() {
    let tcp = Running::start("uppercase-tcp");
    let udp = Running::start("uppercase-udp");
    let most = vec![b'a'; MAX_SAID];
    let more = vec![b'a'; MAX_SAID + 1];
    for (name, address) in [("uppercase-tcp", tcp.address), ("uppercase-udp", udp.address)] {
        let talk = say(name, address, &[&most], PATIENCE);
        talk.result.unwrap();
        assert_eq!(talk.replies.concat(), vec![b'A'; MAX_SAID], "{name}");
        let error = say(name, address, &[&more], PATIENCE).result.unwrap_err();
        assert!(matches!(error, LabError::MessageTooLong { .. }) && !error.is_no_reply(), "{name}: {error}");
    }
    let error = say("uppercase-tcp", tcp.address, &[b""], PATIENCE).result.unwrap_err();
    assert!(matches!(error, LabError::EmptyMessage), "{error}");
    let talk = say("uppercase-udp", udp.address, &[b""], PATIENCE);
    talk.result.unwrap();
    assert_eq!(talk.replies, [b""], "an empty datagram is a datagram");
}

#[test]
fn a_waiting_client_can_be_stopped() {
    let datagrams = UdpSocket::bind((V4, 0)).unwrap();
    let listener = TcpListener::bind((V4, 0)).unwrap();
    for (name, server) in
        [("greeting", datagrams.local_addr().unwrap()), ("knock", listener.local_addr().unwrap())]
    {
        let lab = lab::find(name).unwrap();
        let options =
            Options { server, timeout: PATIENCE, policy: Policy::LocalOnly, settings: Settings::default() };
        let stop = AtomicBool::new(false);
        let begun = Instant::now();
        let outcome = thread::scope(|scope| {
            scope.spawn(|| {
                thread::sleep(SHORT);
                stop.store(true, std::sync::atomic::Ordering::Relaxed);
            });
            lab::client::run(Session {
                lab,
                options: &options,
                messages: &mut lab::client::own_messages(lab, &options.settings),
                stop: &stop,
                on_event: &mut |_| {},
            })
        });
        assert_eq!(outcome.unwrap(), Outcome::Stopped, "{name}");
        assert!(begun.elapsed() < PATIENCE / 2, "{name}");
    }
}
