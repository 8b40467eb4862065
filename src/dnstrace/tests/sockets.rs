//! The same over real sockets of this machine.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::thread;
use std::time::{Duration, Instant};

use super::super::*;
use super::internet::options;
use super::wire::{self, AA, QR, TC, address, message, name};
use crate::lab::Policy;
use crate::proto::dns::{Header, Message};
use crate::time::TimeDelta;

/// A server of the root that truncates over UDP, and answers each query so often.
fn serve(times: usize) -> SocketAddr {
    let udp = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = udp.local_addr().unwrap();
    let tcp = TcpListener::bind(address).unwrap();
    udp.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    thread::spawn(move || {
        let mut bytes = [0; 4096];
        for _ in 0..times {
            let Ok((len, from)) = udp.recv_from(&mut bytes) else { return };
            // A stranger is faster.
            let stranger = UdpSocket::bind("127.0.0.1:0").unwrap();
            stranger.send_to(&reply(&bytes[..len], AA), from).unwrap();
            thread::sleep(Duration::from_millis(20));
            udp.send_to(&reply(&bytes[..len], TC), from).unwrap();
        }
    });
    thread::spawn(move || {
        for _ in 0..times {
            let (mut stream, _) = tcp.accept().unwrap();
            let mut length = [0; 2];
            stream.read_exact(&mut length).unwrap();
            let mut query = vec![0; usize::from(u16::from_be_bytes(length))];
            stream.read_exact(&mut query).unwrap();
            let reply = reply(&query, AA);
            let length = u16::try_from(reply.len()).unwrap().to_be_bytes();
            // In pieces, so that it is put together.
            for piece in [&length[..1], &length[1..], &reply[..9], &reply[9..]] {
                stream.write_all(piece).unwrap();
                stream.flush().unwrap();
                thread::sleep(Duration::from_millis(5));
            }
        }
    });
    address
}

fn reply(query: &[u8], flags: u16) -> Vec<u8> {
    let read = Message::read(query);
    let about = read.questions[0].name.to_string();
    let answers = if flags == TC { Vec::new() } else { vec![address(&about, "192.0.2.1")] };
    message(Header::read(query).unwrap().id, QR | flags, (&about, wire::A), [&answers, &[], &[]])
}

fn asked() -> Asked {
    Asked { name: name("www.nyu.edu"), kind: wire::A }
}

#[test]
fn a_truncated_answer_comes_over_tcp_and_strangers_are_told() {
    let options = TraceOptions { roots: vec![serve(1)], ..options() };
    let trace = resolve(&mut Sockets::new(Policy::LocalOnly), &asked(), &options);
    assert_eq!(trace.ending, Ending::Answer, "{trace:?}");
    assert_eq!(trace.steps[0].outcome, StepOutcome::Truncated);
    assert_eq!(trace.steps[0].ignored[0].why, Misfit::Source);
    assert_eq!(trace.steps[1].over, Over::Tcp);
    assert!(trace.steps[0].elapsed.unwrap().as_nanos() >= 15_000_000);
}

#[test]
fn nobody_at_a_port_is_told_at_once() {
    let closed = UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let wait = TimeDelta::from_nanos(10_000_000_000);
    let options = TraceOptions { roots: vec![closed], wait, ..options() };
    let began = Instant::now();
    let trace = resolve(&mut Sockets::new(Policy::LocalOnly), &asked(), &options);
    if cfg!(target_os = "linux") {
        assert_eq!(trace.steps[0].outcome.word(), "unreachable");
        assert!(began.elapsed() < Duration::from_secs(5));
    }
}

#[test]
fn silence_takes_the_time_that_was_given() {
    let silent = UdpSocket::bind("127.0.0.1:0").unwrap();
    let wait = TimeDelta::from_nanos(30_000_000);
    let options = TraceOptions { roots: vec![silent.local_addr().unwrap()], wait, ..options() };
    let trace = resolve(&mut Sockets::new(Policy::LocalOnly), &asked(), &options);
    assert_eq!(trace.steps.len(), 2);
    assert!(trace.steps.iter().all(|step| step.outcome == StepOutcome::TimeOut));
}

#[test]
fn servers_outside_this_machine_are_refused_before_any_packet() {
    let elsewhere = vec!["192.0.2.1:53".parse().unwrap(), "[2001:db8::1]:53".parse().unwrap()];
    let options = TraceOptions { roots: elsewhere, family: Family::Any, ..options() };
    let trace = resolve(&mut Sockets::new(Policy::LocalOnly), &asked(), &options);
    assert_eq!(trace.steps.len(), 2);
    assert!(trace.steps.iter().all(|step| step.outcome == StepOutcome::NotAllowed && step.sent == 0));
}
