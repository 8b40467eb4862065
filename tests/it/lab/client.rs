//! Our clients with servers that are not there, do not answer, or hang up.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::sync::atomic::AtomicBool;
use std::thread;
use std::time::{Duration, Instant};

use wirelab::lab::client::{MAX_SAID, Options, Outcome, Session};
use wirelab::lab::{self, Ending, LabError, Policy, Settings, Transport};

use super::{PATIENCE, Running, V4, closed_port, say};

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
