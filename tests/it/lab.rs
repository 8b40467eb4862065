//! The bundled servers and clients, over loopback on free ports.

mod agree;
#[cfg(feature = "live")]
mod beside;
mod cli;
mod client;
mod course;
mod crowd;
mod fault;
mod halves;
mod hostile;
mod impair;
mod mail;
mod ping;
mod proxy;
mod python;
mod streams;
mod transfer;
mod unread;
mod web;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::skip::skip;
use wirelab::lab::client::{Messages, Options, Outcome, Ready, Session};
use wirelab::lab::{self, Ending, Event, Lab, LabError, Limits, Note, Policy, Server, Settings, Transport};

/// Longest wait for something that must happen: generous, since the machine may be busy.
const PATIENCE: Duration = Duration::from_secs(20);

const V4: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const V6: IpAddr = IpAddr::V6(Ipv6Addr::LOCALHOST);

/// Most messages that a test's server remembers: a flood brings millions.
const MOST_MESSAGES: u32 = 20_000;

/// A server in a thread of its own, stopped when dropped.
struct Running {
    address: SocketAddr,
    stop: Arc<AtomicBool>,
    events: Arc<Mutex<Vec<Event>>>,
    thread: Mutex<Option<JoinHandle<Result<(), LabError>>>>,
}

impl Running {
    fn start(name: &str) -> Self {
        Self::with(name, V4, Limits::default())
    }

    fn with(name: &str, address: IpAddr, limits: Limits) -> Self {
        Self::serving(name, address, limits, &Settings::default())
    }

    fn serving(name: &str, address: IpAddr, limits: Limits, settings: &Settings) -> Self {
        let lab = lab::find(name).unwrap();
        let server =
            Server::bind(lab, (address, 0).into(), settings, Policy::LocalOnly).unwrap().with_limits(limits);
        let address = server.local_addr();
        let stop = Arc::new(AtomicBool::new(false));
        let events = Arc::new(Mutex::new(Vec::new()));
        let (stopped, told) = (stop.clone(), events.clone());
        let thread = thread::spawn(move || {
            let mut messages = 0;
            server.serve(&stopped, &mut |event| {
                let is_message = matches!(event, Event::Received { .. } | Event::Sent { .. });
                messages += u32::from(is_message);
                if !is_message || messages <= MOST_MESSAGES {
                    told.lock().unwrap().push(event);
                }
            })
        });
        Self { address, stop, events, thread: Mutex::new(Some(thread)) }
    }

    fn count(&self, what: impl Fn(&Event) -> bool) -> usize {
        self.events.lock().unwrap().iter().filter(|event| what(event)).count()
    }

    /// What the server noted, once there are at least `number`.
    #[track_caller]
    fn notes(&self, number: usize) -> Vec<Note> {
        self.wait_for(number, |event| matches!(event, Event::Noted { .. }));
        let events = self.events.lock().unwrap();
        events
            .iter()
            .filter_map(|event| if let Event::Noted { note, .. } = event { Some(note.clone()) } else { None })
            .collect()
    }

    /// Waits until `number` events are so.
    #[track_caller]
    fn wait_for(&self, number: usize, what: impl Fn(&Event) -> bool) {
        let end = Instant::now() + PATIENCE;
        while self.count(&what) < number {
            assert!(Instant::now() < end, "only {} of {number} came: {self:?}", self.count(&what));
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// Waits until there are `number` events that are so, and finds no more of them.
    #[track_caller]
    fn exactly(&self, number: usize, what: impl Fn(&Event) -> bool) {
        self.wait_for(number, &what);
        assert_eq!(self.count(what), number, "{self:?}");
    }

    /// Ends the server, and with it the threads that still had something to tell.
    fn stop(&self) -> Result<(), LabError> {
        self.stop.store(true, Ordering::Relaxed);
        let thread = self.thread.lock().unwrap().take();
        thread.map_or(Ok(()), |thread| thread.join().unwrap())
    }

    /// All that happened, nothing of it still on its way: the server is stopped.
    fn log(&self) -> MutexGuard<'_, Vec<Event>> {
        self.stop().unwrap();
        self.events.lock().unwrap()
    }
}

impl std::fmt::Debug for Running {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let events = self.events.lock().unwrap();
        let last: Vec<String> = events.iter().rev().take(5).map(|event| format!("{event:.200?}")).collect();
        write!(f, "{} events, the last {last:?}", events.len())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // A second panic while the first unwinds would end all tests.
        if thread::panicking() {
            self.stop.store(true, Ordering::Relaxed);
        } else {
            self.stop().unwrap();
        }
    }
}

/// Settings whose pauses nobody waits for.
fn quick() -> Settings {
    Settings { pace: 0.001, ..Settings::default() }
}

/// What a client was told.
struct Talk {
    result: Result<Outcome, LabError>,
    replies: Vec<Vec<u8>>,
    ending: Option<Ending>,
}

fn say(name: &str, server: SocketAddr, messages: &[&[u8]], timeout: Duration) -> Talk {
    let lab = lab::find(name).unwrap();
    let mut messages = Ready(messages.iter().map(|message| Ok(message.to_vec())));
    talk(lab, server, &mut messages, timeout)
}

fn talk(lab: &Lab, server: SocketAddr, messages: &mut dyn Messages, timeout: Duration) -> Talk {
    let options = Options { server, timeout, policy: Policy::LocalOnly, settings: quick() };
    let (mut replies, mut ending) = (Vec::new(), None);
    let result = lab::client::run(Session {
        lab,
        options: &options,
        messages,
        stop: &AtomicBool::new(false),
        on_event: &mut |event| match event {
            Event::Received { bytes, .. } => replies.push(bytes),
            Event::Closed { ending: how, .. } => ending = Some(how),
            _ => {}
        },
    });
    Talk { result, replies, ending }
}

/// A lab's client on its own, asked for what `settings` say: how it ended and what it told.
fn client(
    name: &str,
    server: SocketAddr,
    messages: &[&str],
    settings: Settings,
) -> (Result<Outcome, LabError>, Vec<Event>) {
    let options = Options { server, timeout: PATIENCE, policy: Policy::LocalOnly, settings };
    let mut events = Vec::new();
    let result = lab::client::run(Session {
        lab: lab::find(name).unwrap(),
        options: &options,
        messages: &mut Ready(messages.iter().map(|message| Ok(message.as_bytes().to_vec()))),
        stop: &AtomicBool::new(false),
        on_event: &mut |event| events.push(event),
    });
    (result, events)
}

/// The lines that a client received.
fn received(events: &[Event]) -> Vec<String> {
    events
        .iter()
        .filter_map(|event| match event {
            Event::Received { bytes, .. } => Some(String::from_utf8_lossy(bytes).into_owned()),
            _ => None,
        })
        .collect()
}

/// A port of this machine where nobody listens, for the moment.
fn closed_port(transport: Transport) -> SocketAddr {
    match transport {
        Transport::Tcp => TcpListener::bind((V4, 0)).unwrap().local_addr().unwrap(),
        Transport::Udp => std::net::UdpSocket::bind((V4, 0)).unwrap().local_addr().unwrap(),
    }
}

/// Labs whose messages are more than one send each: they have tests of their own.
const STREAMS: &[&str] = &["web", "proxy", "file-transfer", "mail"];

const BOT: &[&str] = &[
    "Hello! How can I help you today?",
    "It's nice to meet you!",
    "Sorry, I don't understand.",
    "Goodbye! Talk soon!",
];
const CLOCK: &str = "#/#/# or #:#:#";

/// What each lab's own client hears, `#` for a number that is another each time, and whether it closes first.
const ANSWERS: &[(&str, &[&str], bool)] = &[
    ("greeting", &["Ok"], true),
    ("datetime", &[CLOCK; 5], true),
    ("knock", &["Who's there?"], true),
    ("calculator", &["54.0", "-41.76", "-0.75", "Session ended"], false),
    ("chat", &["new user :Khushei joined", ":Khushei:hello, room"], true),
    ("uppercase-tcp", &["HEY, I AM KHUSHEI FROM 5F."], true),
    ("uppercase-udp", &["HEY, I AM KHUSHEI FROM 5F."], true),
    ("chatbot-tcp", BOT, false),
    ("chatbot-udp", BOT, true),
    ("relay", &["('#.#.#.#', #) or ('::#', #, #, #)"], true),
    ("dual-stack", &["Acknowledgement"; 5], false),
];

fn is_answer(expected: &str, reply: &[u8]) -> bool {
    let reply = std::str::from_utf8(reply).unwrap();
    if !expected.contains('#') {
        return reply == expected;
    }
    let mut form = String::new();
    for letter in reply.chars() {
        match letter {
            '0'..='9' if form.ends_with('#') => {}
            '0'..='9' => form.push('#'),
            other => form.push(other),
        }
    }
    expected.split(" or ").any(|expected| expected == form)
}

#[test]
fn every_lab_answers_its_own_client_over_both_families() {
    let expected: Vec<&str> = ANSWERS.iter().map(|(name, ..)| *name).collect();
    // What a measurement hears is up to chance: it has tests of its own.
    let known: Vec<&str> = lab::LABS
        .iter()
        .filter(|lab| !lab.measures() && !STREAMS.contains(&lab.name))
        .map(|lab| lab.name)
        .collect();
    assert_eq!(known, expected, "a lab without its answer in this test");
    for address in [V4, V6] {
        if TcpListener::bind((address, 0)).is_err() {
            skip("labs over IPv6", &format!("this machine has no {address}"));
            continue;
        }
        for (name, answers, client_closes) in ANSWERS {
            let lab = lab::find(name).unwrap();
            let server = Running::with(name, address, Limits::default());
            let mut own = lab::client::own_messages(lab, &quick());
            let talk = talk(lab, server.address, &mut own, PATIENCE);
            assert_eq!(talk.result.unwrap(), Outcome::Done, "{name} {address}");
            assert_eq!(talk.replies.len(), answers.len(), "{name} {address}: {:?}", talk.replies);
            for (expected, reply) in answers.iter().zip(&talk.replies) {
                assert!(is_answer(expected, reply), "{name} {address}: {reply:?} {expected}");
            }
            if lab.transport == Transport::Tcp {
                assert!(talk.ending.is_some(), "{name}");
                let ending = if *client_closes { Ending::ByPeer } else { Ending::ByUs };
                server.wait_for(
                    1,
                    |event| matches!(event, Event::Closed { ending: how, .. } if *how == ending),
                );
            }
            let received = |event: &Event| matches!(event, Event::Received { .. });
            server.wait_for(1, received);
            let sent =
                |event: &Event| matches!(event, Event::Sent { bytes, .. } if *bytes == talk.replies[0]);
            server.wait_for(1, sent);
        }
    }
}

#[test]
fn a_client_that_counts_chooses_by_its_seed() {
    let lab = lab::find("datetime").unwrap();
    let said = |seed, count| -> Vec<String> {
        let settings = Settings { seed, count, ..Settings::default() };
        let messages = lab::client::own_messages(lab, &settings);
        messages.map(|message| String::from_utf8(message.unwrap()).unwrap()).collect()
    };
    assert_eq!(said(0, None).len(), 5);
    let many = said(1, Some(1000));
    assert_eq!((many.len(), &many), (1000, &said(1, Some(1000))));
    assert_ne!(many, said(2, Some(1000)));
    let dates = many.iter().filter(|message| *message == "SEND_DATE").count();
    assert!((400..600).contains(&dates), "{dates}");
}

#[test]
fn listening_is_told_first_with_the_real_port() {
    for name in ["knock", "greeting"] {
        let server = Running::start(name);
        server.wait_for(1, |_| true);
        let events = server.events.lock().unwrap();
        assert!(
            matches!(events[0], Event::Listening { local, .. } if local == server.address && local.port() != 0),
            "{events:?}"
        );
    }
}

#[test]
fn one_connection_carries_many_messages_in_order() {
    let server = Running::start("uppercase-tcp");
    let talk = say("uppercase-tcp", server.address, &[b"one", b"two\r\n", "drei\u{df}".as_bytes()], PATIENCE);
    talk.result.unwrap();
    assert_eq!(talk.replies, [b"ONE".as_slice(), b"TWO", b"DREISS"]);
    server.wait_for(1, |event| matches!(event, Event::Closed { .. }));
    server.exactly(1, |event| matches!(event, Event::Opened { .. }));
}

#[test]
fn a_port_in_use_is_named() {
    for (name, transport) in [("knock", "tcp"), ("greeting", "udp")] {
        let server = Running::start(name);
        let lab = lab::find(name).unwrap();
        let error = Server::bind(lab, server.address, &Settings::default(), Policy::LocalOnly).err().unwrap();
        assert!(matches!(error, LabError::PortInUse { .. }), "{error}");
        let port = server.address.port();
        assert_eq!(error.to_string(), format!("port {port} is in use at 127.0.0.1 ({transport})"));
    }
}

#[test]
fn a_server_can_be_started_again_at_once_on_its_port() {
    let first = Running::start("knock");
    say("knock", first.address, &[b"Knock knock.."], PATIENCE).result.unwrap();
    first.stop().unwrap();
    Server::bind(lab::find("knock").unwrap(), first.address, &Settings::default(), Policy::LocalOnly)
        .unwrap();
}

#[test]
fn the_policy_is_asked_before_any_socket_is_made() {
    let elsewhere: SocketAddr = "192.0.2.1:43389".parse().unwrap();
    for name in ["knock", "greeting"] {
        let talk = say(name, elsewhere, &[b"x"], Duration::from_millis(50));
        assert!(matches!(talk.result, Err(LabError::NotLocal(_))), "{name}: {:?}", talk.result);
        for address in ["0.0.0.0:0", "[::]:0", "192.0.2.1:0"] {
            let bound = Server::bind(
                lab::find(name).unwrap(),
                address.parse().unwrap(),
                &Settings::default(),
                Policy::LocalOnly,
            )
            .err();
            assert!(matches!(bound, Some(LabError::NotLocal(_))), "{name} {address}: {bound:?}");
        }
    }
}

#[test]
fn an_address_of_another_machine_cannot_be_listened_on() {
    let elsewhere: SocketAddr = "192.0.2.1:0".parse().unwrap();
    let bound =
        Server::bind(lab::find("knock").unwrap(), elsewhere, &Settings::default(), Policy::AnyAddress).err();
    assert!(matches!(bound, Some(LabError::NotOurs(_))), "{bound:?}");
}
