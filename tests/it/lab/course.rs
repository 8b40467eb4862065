//! The labs with more than one turn against Python programs as students write them, on either side.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::SocketAddr;
use std::process::{Child, ChildStdout, Command, Stdio};

use wirelab::lab::client::Outcome;

use super::python::python;
use super::{Event, PATIENCE, Running, Talk, V4, lab, quick, say};
use crate::skip::skip;

/// Sends each argument behind the port, and prints what one receive returns for each.
const TCP_ASKS: &str = "
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
s.settimeout(20)
s.connect(('127.0.0.1', int(sys.argv[1])))
for text in sys.argv[2:]:
    s.send(text.encode())
    print(s.recv(1024).decode(), flush=True)
s.close()
";

const UDP_ASKS: &str = "
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.settimeout(20)
for text in sys.argv[2:]:
    s.sendto(text.encode(), ('127.0.0.1', int(sys.argv[1])))
    print(s.recvfrom(1024)[0].decode(), flush=True)
s.close()
";

/// The name and the first sum leave at once.
const CALCULATOR_CLIENT: &str = "
import random, socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
s.settimeout(20)
s.connect(('127.0.0.1', int(sys.argv[1])))
s.send('Khushei'.encode())
random.seed(5)
for i in range(200):
    a = random.choice([random.uniform(-1e3, 1e3), random.randint(-99, 99), random.uniform(0, 1) * 10.0 ** random.randint(-9, 20)])
    b = random.choice([random.uniform(-1e3, 1e3), random.randint(1, 99), 0.1])
    op = random.choice('+-*/')
    s.send(f'{a} {op} {b}'.encode())
    a, b = float(a), float(b)
    right = {'+': a + b, '-': a - b, '*': a * b, '/': a / b}[op]
    got = s.recv(1024).decode()
    if got != str(right):
        sys.exit(f'{a} {op} {b}: {got} and not {right}')
s.send('q'.encode())
print(s.recv(1024).decode())
s.close()
";

/// Says nothing to `q`, and prints that the session has ended.
const CALCULATOR_SERVER: &str = "
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
s.settimeout(20)
s.bind(('127.0.0.1', 0))
s.listen(5)
print(s.getsockname()[1], flush=True)
c, a = s.accept()
name = c.recv(1024).decode()
while True:
    text = c.recv(1024).decode()
    if text == 'q':
        print(name, 'Session ended', flush=True)
        break
    x, op, y = text.split()
    x, y = float(x), float(y)
    if op == '+': r = x + y
    elif op == '-': r = x - y
    elif op == '*': r = x * y
    else: r = x / y
    c.send(str(r).encode())
c.close()
";

const BOT: &str = "
answers = {'Hey': 'Hello! How can I help you today?', \"What's your name?\": \"It's nice to meet you!\", 'Goodbye': 'Goodbye! Talk soon!'}
import socket, sys
def answer(text):
    return answers.get(text, \"Sorry, I don't understand.\")
if sys.argv[1] == 'tcp':
    s = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    s.settimeout(20)
    s.bind(('127.0.0.1', 0))
    s.listen(1)
    print(s.getsockname()[1], flush=True)
    c, a = s.accept()
    while True:
        text = c.recv(1024).decode()
        c.send(answer(text).encode())
        if text == 'Goodbye':
            break
    c.close()
else:
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.settimeout(20)
    s.bind(('127.0.0.1', 0))
    print(s.getsockname()[1], flush=True)
    text = ''
    while text != 'Goodbye':
        m, a = s.recvfrom(1024)
        text = m.decode()
        s.sendto(answer(text).encode(), a)
";

const CLOCK_SERVER: &str = "
import datetime, socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.settimeout(20)
s.bind(('127.0.0.1', 0))
print(s.getsockname()[1], flush=True)
for i in range(5):
    m, a = s.recvfrom(1024)
    form = {'SEND_DATE': '%d/%m/%y', 'SEND_TIME': '%H:%M:%S'}[m.decode()]
    s.sendto(datetime.datetime.now().strftime(form).encode(), a)
";

/// The family is told from the address.
const DUAL_SERVER: &str = "
import socket, sys
family = socket.AF_INET6 if ':' in sys.argv[1] else socket.AF_INET
s = socket.socket(family, socket.SOCK_STREAM)
s.settimeout(20)
s.bind((sys.argv[1], 0))
s.listen(1)
print(s.getsockname()[1], flush=True)
c, a = s.accept()
n = 0
while True:
    text = c.recv(1024).decode()
    if text == 'exit':
        break
    if text != 'Hii Server':
        sys.exit('not a greeting: ' + text)
    n += 1
    c.send('Acknowledgement'.encode())
print(n, flush=True)
c.close()
";

const DUAL_CLIENT: &str = "
import socket, sys
family = socket.AF_INET6 if ':' in sys.argv[1] else socket.AF_INET
s = socket.socket(family, socket.SOCK_STREAM)
s.settimeout(20)
s.connect((sys.argv[1], int(sys.argv[2])))
for i in range(5):
    s.send('Hii Server'.encode())
    print(s.recv(1024).decode())
s.send('exit'.encode())
s.close()
";

/// Prints what comes, sends what is typed.
const CHAT_CLIENT: &str = "
import socket, sys, threading
s = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
s.connect(('127.0.0.1', int(sys.argv[1])))
s.send(sys.argv[2].encode())
def listen():
    while True:
        m = s.recv(1024)
        if not m:
            break
        print(m.decode(), flush=True)
threading.Thread(target=listen, daemon=True).start()
for line in sys.stdin:
    s.send(line.strip().encode())
s.close()
";

const CHAT_SERVER: &str = "
import socket, threading
s = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
s.settimeout(20)
s.bind(('127.0.0.1', 0))
s.listen(5)
print(s.getsockname()[1], flush=True)
members = {'taken': None}
def to_all(text):
    for c in members.values():
        if c:
            c.send(text.encode())
def serve(c):
    name = c.recv(1024).decode()
    while name in members:
        c.send('Name in use'.encode())
        name = c.recv(1024).decode()
    members[name] = c
    to_all('new user :' + name + ' joined')
    while True:
        m = c.recv(1024)
        if not m:
            break
        to_all(':' + name + ':' + m.decode())
    del members[name]
    to_all('user :' + name + ' left')
    c.close()
c, a = s.accept()
t = threading.Thread(target=serve, args=(c,))
t.start()
t.join()
";

const RELAY_SERVER: &str = "
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.settimeout(20)
s.bind(('127.0.0.1', 0))
print(s.getsockname()[1], flush=True)
while True:
    m, a = s.recvfrom(1024)
    text = m.decode()
    if text.strip().lower() == 'hii':
        s.sendto(str(a).encode(), a)
    elif text.strip().lower() == 'exit server':
        break
    else:
        header, content = text.split(';', 1)
        ip, port = header.split(':', 1)[1].split('/')
        s.sendto(f'{a[0]}/{a[1]} ; content : {content.split(\":\", 1)[1].strip()}'.encode(), (ip.strip(), int(port)))
        s.sendto('200, UDP Packet Sent Successfully'.encode(), a)
";

/// Two processes: one finds its address, the other sends to it.
const RELAY_CLIENTS: &str = "
import ast, socket, sys
server = ('127.0.0.1', int(sys.argv[1]))
a = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
b = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for s in (a, b):
    s.settimeout(20)
a.sendto('hii'.encode(), server)
own = ast.literal_eval(a.recvfrom(1024)[0].decode())
if own[1] != a.getsockname()[1]:
    sys.exit(f'another address: {own}')
b.sendto(f'to: {own[0]} / {own[1]} ; content : hello there'.encode(), server)
print(b.recvfrom(1024)[0].decode())
got = a.recvfrom(1024)[0].decode()
print(got == f'127.0.0.1/{b.getsockname()[1]} ; content : hello there')
b.sendto('no parts'.encode(), server)
print(b.recvfrom(1024)[0].decode())
b.sendto('exit server'.encode(), server)
";

/// A program whose first line is the port it listens on, on `address`.
fn serving(
    program: &str,
    arguments: &[&str],
    address: impl Into<std::net::IpAddr>,
) -> Option<(SocketAddr, Child, BufReader<ChildStdout>)> {
    let mut child = python(program, arguments)?;
    let mut lines = BufReader::new(child.stdout.take().unwrap());
    let mut port = String::new();
    lines.read_line(&mut port).unwrap();
    Some((SocketAddr::new(address.into(), port.trim().parse().unwrap()), child, lines))
}

/// What the lab's own client hears from that server.
fn own_talk(name: &str, server: SocketAddr) -> Talk {
    let lab = lab::find(name).unwrap();
    super::talk(lab, server, &mut lab::client::own_messages(lab, &quick()), PATIENCE)
}

fn texts(talk: &Talk) -> Vec<String> {
    talk.replies.iter().map(|reply| String::from_utf8_lossy(reply).into_owned()).collect()
}

#[track_caller]
fn printed(child: Child) -> String {
    let output = child.wait_with_output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{text}");
    text
}

#[test]
fn a_course_client_talks_for_several_turns() {
    for (name, program, said, heard) in [
        (
            "chatbot-tcp",
            TCP_ASKS,
            &["Hey", "What's your name?", "so?", "Goodbye"][..],
            "Hello! How can I help you today?\nIt's nice to meet you!\nSorry, I don't understand.\nGoodbye! Talk soon!\n",
        ),
        (
            "chatbot-udp",
            UDP_ASKS,
            &["Hey", "Goodbye"],
            "Hello! How can I help you today?\nGoodbye! Talk soon!\n",
        ),
        ("relay", UDP_ASKS, &["to: 127.0.0.1/0 ; content : x", "hello"], "403\n400\n"),
    ] {
        let server = Running::start(name);
        let port = server.address.port().to_string();
        let arguments = [&[port.as_str()], said].concat();
        let Some(child) = python(program, &arguments) else { return };
        assert_eq!(printed(child), heard, "{name}");
    }
    let server = Running::start("datetime");
    let port = server.address.port().to_string();
    let Some(child) = python(UDP_ASKS, &[&port, "SEND_DATE", "SEND_TIME", "x"]) else { return };
    let text = printed(child);
    let lines: Vec<&str> = text.lines().collect();
    assert!(super::is_answer("#/#/#", lines[0].as_bytes()) && lines[0].len() == 8, "{text}");
    assert!(super::is_answer("#:#:#", lines[1].as_bytes()) && lines[1].len() == 8, "{text}");
    assert!(lines[2].starts_with("Error"), "{text}");
}

#[test]
fn a_course_calculator_client_gets_what_python_computes() {
    let server = Running::start("calculator");
    let Some(child) = python(CALCULATOR_CLIENT, &[&server.address.port().to_string()]) else { return };
    assert_eq!(printed(child), "Session ended\n");
}

#[test]
fn our_calculator_client_talks_to_a_course_server() {
    let Some((server, child, mut lines)) = serving(CALCULATOR_SERVER, &[], V4) else { return };
    let talk = own_talk("calculator", server);
    assert_eq!(talk.result.as_ref().unwrap(), &Outcome::Done);
    assert_eq!(texts(&talk), ["54.0", "-41.76", "-0.75"]);
    let mut text = String::new();
    lines.read_to_string(&mut text).unwrap();
    assert_eq!(text, "Khushei Session ended\n");
    printed(child);
}

#[test]
fn our_clients_talk_to_a_course_bot_and_clock() {
    for (name, transport) in [("chatbot-tcp", "tcp"), ("chatbot-udp", "udp")] {
        let Some((server, child, _lines)) = serving(BOT, &[transport], V4) else { return };
        let talk = own_talk(name, server);
        assert_eq!(talk.result.as_ref().unwrap(), &Outcome::Done, "{name}");
        assert_eq!(texts(&talk), super::BOT, "{name}");
        printed(child);
    }
    let Some((server, child, _lines)) = serving(CLOCK_SERVER, &[], V4) else { return };
    let talk = own_talk("datetime", server);
    assert_eq!(talk.result.as_ref().unwrap(), &Outcome::Done);
    assert_eq!(talk.replies.len(), 5);
    assert!(talk.replies.iter().all(|reply| super::is_answer(super::CLOCK, reply)), "{:?}", texts(&talk));
    printed(child);
}

#[test]
fn both_families_are_spoken_with_course_programs() {
    for address in ["127.0.0.1", "::1"] {
        let ip: std::net::IpAddr = address.parse().unwrap();
        if std::net::TcpListener::bind((ip, 0)).is_err() {
            skip("labs over IPv6", &format!("this machine has no {ip}"));
            continue;
        }
        let Some((server, child, mut lines)) = serving(DUAL_SERVER, &[address], ip) else { return };
        let talk = own_talk("dual-stack", server);
        assert_eq!(talk.result.as_ref().unwrap(), &Outcome::Done, "{address}");
        assert_eq!(texts(&talk), ["Acknowledgement"; 5], "{address}");
        let mut text = String::new();
        lines.read_to_string(&mut text).unwrap();
        assert_eq!(text, "5\n", "{address}");
        printed(child);
        let server = Running::with("dual-stack", ip, super::Limits::default());
        let Some(child) = python(DUAL_CLIENT, &[address, &server.address.port().to_string()]) else { return };
        assert_eq!(printed(child), "Acknowledgement\n".repeat(5), "{address}");
        server.wait_for(1, |event| matches!(event, Event::Closed { .. }));
    }
}

/// A member whose standard input and output are pipes.
struct Member {
    child: Child,
    lines: BufReader<ChildStdout>,
}

impl Member {
    fn enter(server: SocketAddr, name: &str) -> Option<Self> {
        let mut command = Command::new("python3");
        command.args(["-c", CHAT_CLIENT, &server.port().to_string(), name]);
        let mut child = match command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn() {
            Ok(child) => child,
            Err(error) => {
                skip("a chat room of Python programs", &format!("python3 cannot be run ({error})"));
                return None;
            }
        };
        let lines = BufReader::new(child.stdout.take().unwrap());
        Some(Self { child, lines })
    }

    fn types(&mut self, line: &str) {
        self.child.stdin.as_mut().unwrap().write_all(line.as_bytes()).unwrap();
    }

    /// What comes next, however one receive after another has cut it.
    #[track_caller]
    fn hears(&mut self, expected: &str) {
        let mut heard = String::new();
        while heard.len() < expected.len() {
            let mut line = String::new();
            assert!(self.lines.read_line(&mut line).unwrap() > 0, "ended behind {heard:?}");
            heard.push_str(line.trim_end_matches('\n'));
        }
        assert_eq!(heard, expected);
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        // Where it has ended already there is nothing to end.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn course_programs_and_ours_share_a_room() {
    let server = Running::start("chat");
    let Some(mut ann) = Member::enter(server.address, "ann") else { return };
    ann.hears("new user :ann joined");
    let mut bob = Member::enter(server.address, "bob").unwrap();
    ann.hears("new user :bob joined");
    bob.hears("new user :bob joined");
    ann.types("hello: all\n");
    ann.hears(":ann:hello: all");
    bob.hears(":ann:hello: all");
    let talk = say("chat", server.address, &[b"ann", b"cy", "é 你".as_bytes()], PATIENCE);
    assert_eq!(texts(&talk), ["This name is taken: send another.", "new user :cy joined", ":cy:é 你"]);
    for member in [&mut ann, &mut bob] {
        member.hears("new user :cy joined:cy:é 你user :cy left");
    }
    // It vanishes without a word.
    drop(bob);
    ann.hears("user :bob left");
}

#[test]
fn our_chat_client_enters_a_course_room() {
    let Some((server, child, _lines)) = serving(CHAT_SERVER, &[], V4) else { return };
    let talk = say("chat", server, &[b"taken", b"ann", b"one", b"two"], PATIENCE);
    assert_eq!(talk.result.as_ref().unwrap(), &Outcome::Done);
    assert_eq!(texts(&talk), ["Name in use", "new user :ann joined", ":ann:one", ":ann:two"]);
    printed(child);
}

#[test]
fn a_relay_serves_course_programs_and_ours() {
    let server = Running::start("relay");
    let Some(child) = python(RELAY_CLIENTS, &[&server.address.port().to_string()]) else { return };
    assert_eq!(printed(child), "200, UDP Packet Sent Successfully\nTrue\n400\n");
    let begun = std::time::Instant::now();
    while !server.thread.lock().unwrap().as_ref().unwrap().is_finished() {
        assert!(begun.elapsed() < PATIENCE, "`exit server` did not stop it: {server:?}");
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    server.stop().unwrap();
    let Some((server, child, _lines)) = serving(RELAY_SERVER, &[], V4) else { return };
    let target = std::net::UdpSocket::bind((V4, 0)).unwrap();
    target.set_read_timeout(Some(PATIENCE)).unwrap();
    let order = format!("to: 127.0.0.1 / {} ; content : hi", target.local_addr().unwrap().port());
    let talk = say("relay", server, &[b"hii", order.as_bytes(), b"exit server"], PATIENCE);
    assert_eq!(talk.result.as_ref().unwrap(), &Outcome::Done);
    let heard = texts(&talk);
    assert_eq!((heard.len(), heard[1].as_str()), (2, "200, UDP Packet Sent Successfully"), "{heard:?}");
    let mut buffer = [0; 100];
    let length = target.recv(&mut buffer).unwrap();
    assert!(buffer[..length].ends_with(b" ; content : hi"));
    printed(child);
}

#[test]
fn two_of_our_clients_talk_through_a_relay() {
    use std::sync::atomic::AtomicBool;
    use std::sync::mpsc::channel;
    use wirelab::lab::client::{Messages, Options, Polled, Session};
    use wirelab::lab::{Policy, Settings};

    /// Messages that somebody else decides on while the client listens.
    struct Later(std::sync::mpsc::Receiver<Vec<u8>>);
    impl Iterator for Later {
        type Item = std::io::Result<Vec<u8>>;
        fn next(&mut self) -> Option<Self::Item> {
            self.0.recv().ok().map(Ok)
        }
    }
    impl Messages for Later {
        fn poll(&mut self) -> Polled {
            match self.0.try_recv() {
                Ok(message) => Polled::Message(Ok(message)),
                Err(std::sync::mpsc::TryRecvError::Empty) => Polled::NotYet,
                Err(std::sync::mpsc::TryRecvError::Disconnected) => Polled::End,
            }
        }
    }

    let server = Running::start("relay");
    let (typing, typed) = channel();
    let (heard, hears) = channel();
    let address = server.address;
    let ann = std::thread::spawn(move || {
        let options = Options {
            server: address,
            timeout: PATIENCE,
            policy: Policy::LocalOnly,
            settings: Settings::default(),
        };
        lab::client::run(Session {
            lab: lab::find("relay").unwrap(),
            options: &options,
            messages: &mut Later(typed),
            stop: &AtomicBool::new(false),
            on_event: &mut |event| {
                if let Event::Received { bytes, .. } = event {
                    heard.send(String::from_utf8(bytes).unwrap()).unwrap();
                }
            },
        })
    });
    typing.send(b"hii".to_vec()).unwrap();
    let own = hears.recv_timeout(PATIENCE).unwrap();
    let port = own.strip_prefix("('127.0.0.1', ").unwrap().strip_suffix(')').unwrap().to_owned();
    let order = format!("to: 127.0.0.1 / {port} ; content : hello");
    let talk = say("relay", address, &[order.as_bytes()], PATIENCE);
    assert_eq!(texts(&talk), ["200, UDP Packet Sent Successfully"]);
    let passed = hears.recv_timeout(PATIENCE).unwrap();
    assert!(passed.starts_with("127.0.0.1/") && passed.ends_with(" ; content : hello"), "{passed}");
    drop(typing);
    assert_eq!(ann.join().unwrap().unwrap(), Outcome::Done);
}
