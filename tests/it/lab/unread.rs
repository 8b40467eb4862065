//! Servers whose lines nobody reads: a terminal that was stopped, a pipe into a program that does something else.

use std::io::{BufRead, BufReader, PipeReader, Read, Write, pipe};
use std::net::{Ipv4Addr, SocketAddr, TcpStream, UdpSocket};
use std::process::{Child, ExitStatus};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::PATIENCE;
use crate::program::command;
use crate::skip::skip;

/// Messages whose lines fill any pipe, and every queue behind it.
const MANY: usize = 4_000;

/// A server, both of whose outputs go into one pipe.
struct Serving {
    child: Child,
    lines: BufReader<PipeReader>,
}

impl Serving {
    /// Starts it, and reads up to the line that has `ready`.
    fn start(arguments: &[&str], ready: &str) -> (Self, String) {
        let (reader, writer) = pipe().unwrap();
        let mut command = command(arguments);
        command.stdout(writer.try_clone().unwrap()).stderr(writer);
        let mut serving = Self { child: command.spawn().unwrap(), lines: BufReader::new(reader) };
        // The writing ends are the child's alone.
        drop(command);
        let mut line = String::new();
        while !line.contains(ready) {
            line.clear();
            assert_ne!(serving.lines.read_line(&mut line).unwrap(), 0, "no {ready:?}");
        }
        (serving, line)
    }

    fn ask_to_end(&self, signal: Signal) {
        kill(Pid::from_raw(i32::try_from(self.child.id()).unwrap()), signal).unwrap();
    }

    #[track_caller]
    fn ends(&mut self) -> ExitStatus {
        let end = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(Instant::now() < end, "it goes on after one signal");
            thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn address(line: &str) -> SocketAddr {
    line.strip_prefix("listening on ").unwrap().split(' ').next().unwrap().parse().unwrap()
}

/// Says a line many times, over one connection or from one socket, each after the answer to the one before.
fn talk(name: &str, server: SocketAddr) {
    let mut buffer = [0; 100];
    let text = b"nobody reads what the server tells of this, which is a line of some length";
    if name.ends_with("udp") {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        socket.connect(server).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        for _ in 0..MANY {
            socket.send(text).unwrap();
            assert_eq!(socket.recv(&mut buffer).unwrap(), text.len());
        }
    } else {
        let mut stream = TcpStream::connect(server).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        for _ in 0..MANY {
            stream.write_all(text).unwrap();
            stream.read_exact(&mut buffer[..text.len()]).unwrap();
        }
    }
}

#[test]
fn clients_are_answered_where_nobody_reads_and_one_signal_ends_it() {
    for (name, signal) in [("uppercase-tcp", Signal::SIGINT), ("uppercase-udp", Signal::SIGTERM)] {
        let (mut serving, line) = Serving::start(&["serve", name, "--port", "0"], "listening on ");
        talk(name, address(&line));
        serving.ask_to_end(signal);
        assert_eq!(serving.ends().code(), Some(0), "{name}");
    }
}

#[test]
fn who_reads_at_last_is_told_how_much_is_missing() {
    let (mut serving, line) = Serving::start(&["serve", "uppercase-udp", "--port", "0"], "listening on ");
    talk("uppercase-udp", address(&line));
    let (mut told, mut missing) = (0, 0);
    // Each message is two lines: that it came, and what was answered.
    while told + missing < 2 * MANY {
        let mut line = String::new();
        assert_ne!(serving.lines.read_line(&mut line).unwrap(), 0);
        match line.split_once(" not shown: ") {
            Some((lines, _)) => missing += lines.split(' ').next().unwrap().parse::<usize>().unwrap(),
            None => told += 1,
        }
    }
    assert!(told + missing == 2 * MANY && missing > 100, "{told} told, {missing} missing");
}

#[test]
fn name_servers_that_nobody_reads_end_at_one_signal() {
    let Ok(socket) = UdpSocket::bind((Ipv4Addr::new(127, 53, 0, 1), 0)) else {
        return skip("name servers that nobody reads", "only 127.0.0.1 is an address of this machine");
    };
    let port = socket.local_addr().unwrap().port().to_string();
    drop(socket);
    let (mut serving, _) = Serving::start(&["serve", "dns", "--port", &port], "ready");
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    socket.connect(format!("127.53.0.1:{port}")).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    // The root's NS records, which the server at the first of these addresses may have or not: it answers.
    let query = b"\0\x01\0\0\0\x01\0\0\0\0\0\0\0\0\x02\0\x01";
    for _ in 0..MANY {
        socket.send(query).unwrap();
        socket.recv(&mut [0; 2_000]).unwrap();
    }
    serving.ask_to_end(Signal::SIGINT);
    assert_eq!(serving.ends().code(), Some(0));
}
