//! `relay`: processes that find each other through one server, which passes datagrams on.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::{
    Action, Conversation, Lab, LabOption, Logic, Note, Service, Transport, client, say, without_line_end,
};

pub(super) const HII: &str = "hii";
pub(super) const EXIT: &str = "exit server";
const SENT: &str = "200, UDP Packet Sent Successfully";
const NO_PARTS: &str = "400";
const MALFORMED: &str = "401";
const NOT_TO: &str = "402";
const BAD_PORT: &str = "403";
const NOT_CONTENT: &str = "404";
const NOT_SENT: &str = "405, Could not send the message to the requested address";

pub(super) static LAB: Lab = Lab {
    name: "relay",
    title: "datagrams passed on from one process to another by a server that both know",
    transport: Transport::Udp,
    default_port: 9001,
    messages: &[HII],
    options: &[LabOption::AllowTarget],
    logic: |settings| {
        let allowed = settings.allowed_targets.iter().map(IpAddr::to_canonical).collect();
        Ok(Logic::Messages(Box::new(Relay { allowed, known: Arc::default() })))
    },
    client: client::relay::run,
};

/// Most addresses that are remembered; those that were longest silent are forgotten first.
const MAX_KNOWN: usize = 1024;

/// Errors that an address is told in a row: a person reads them, another server answers them for ever.
const MAX_ERRORS: u32 = 32;

/// After so much silence an address is told errors again, and may answer for itself what was passed on to it.
const QUIET: Duration = Duration::from_secs(10);

/// Whether a message says `words`: in any case, spaces around them ignored.
pub(super) fn says(message: &[u8], words: &str) -> bool {
    message.trim_ascii().eq_ignore_ascii_case(words.as_bytes())
}

/// `('127.0.0.1', 44784)`, as Python writes a sender's address; of IPv6 with flow label and scope.
fn as_python(address: SocketAddr) -> String {
    match address {
        SocketAddr::V4(address) => format!("('{}', {})", address.ip(), address.port()),
        SocketAddr::V6(address) => {
            format!(
                "('{}', {}, {}, {})",
                address.ip(),
                address.port(),
                address.flowinfo(),
                address.scope_id()
            )
        }
    }
}

/// Reads `to: IP / PORT ; content : TEXT`.
fn read(text: &str) -> Result<(SocketAddr, &str), &'static str> {
    let (header, content) = text.split_once(';').ok_or(NO_PARTS)?;
    let (to, address) = header.split_once(':').ok_or(MALFORMED)?;
    if !says(to.as_bytes(), "to") {
        return Err(NOT_TO);
    }
    let (ip, port) = address.split_once('/').ok_or(MALFORMED)?;
    let port: u16 = port.trim().parse().ok().filter(|port| *port > 0).ok_or(BAD_PORT)?;
    let (word, content) = content.split_once(':').ok_or(MALFORMED)?;
    if !says(word.as_bytes(), "content") {
        return Err(NOT_CONTENT);
    }
    if ip.trim().is_empty() {
        return Err(MALFORMED);
    }
    // Names are not looked up: that would ask others.
    let ip: IpAddr = ip.trim().parse().map_err(|_| NOT_SENT)?;
    Ok((SocketAddr::new(ip, port), content.trim()))
}

/// Whether this is what a relay says, in any case: answering it would make two servers talk to each other for ever.
fn is_a_relay_s(message: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(message.trim_ascii()) else { return false };
    let codes = [NO_PARTS, MALFORMED, NOT_TO, BAD_PORT, NOT_CONTENT];
    if codes.contains(&text) || [SENT, NOT_SENT].iter().any(|said| says(text.as_bytes(), said)) {
        return true;
    }
    // An address as Python writes it, or what was passed on.
    (text.starts_with("('") && text.ends_with(')')) || is_passed_on(text).is_some()
}

/// `IP/PORT ; content : TEXT`.
fn is_passed_on(text: &str) -> Option<()> {
    let (from, content) = text.split_once(';')?;
    let (ip, port) = from.trim().split_once('/')?;
    ip.parse::<IpAddr>().ok()?;
    port.parse::<u16>().ok()?;
    let (word, _) = content.split_once(':')?;
    says(word.as_bytes(), "content").then_some(())
}

/// What is remembered of the addresses that say what is no request, or that something was passed on to.
#[derive(Debug, Default)]
struct Known(BTreeMap<SocketAddr, Address>);

#[derive(Debug)]
struct Address {
    last: Instant,
    /// It made a request: a client of this relay is behind it.
    has_asked: bool,
    was_sent_to: bool,
    /// Errors in a row.
    errors: u32,
}

impl Known {
    fn of(&mut self, address: SocketAddr, now: Instant) -> &mut Address {
        let fresh = Address { last: now, has_asked: false, was_sent_to: false, errors: 0 };
        if !self.0.contains_key(&address)
            && self.0.len() >= MAX_KNOWN
            && let Some(oldest) =
                self.0.iter().min_by_key(|(_, known)| known.last).map(|(address, _)| *address)
        {
            self.0.remove(&oldest);
        }
        let known = self.0.entry(address).or_insert(fresh);
        if now.saturating_duration_since(known.last) >= QUIET {
            (known.was_sent_to, known.errors) = (false, 0);
        }
        known.last = now;
        known
    }

    fn asked(&mut self, address: SocketAddr, now: Instant) {
        let known = self.of(address, now);
        (known.has_asked, known.errors) = (true, 0);
    }

    fn was_sent_to(&mut self, address: SocketAddr, now: Instant) {
        self.of(address, now).was_sent_to = true;
    }

    /// Why an error is not told to this address, if it is not.
    fn refuses(&mut self, address: SocketAddr, now: Instant) -> Option<&'static str> {
        let known = self.of(address, now);
        known.errors = known.errors.saturating_add(1);
        if known.was_sent_to && !known.has_asked {
            Some("not answered: it answers what was passed on to it")
        } else if known.errors > MAX_ERRORS {
            Some("not answered: nothing but errors went there, as if two servers answered each other")
        } else {
            None
        }
    }
}

struct Relay {
    /// Where to besides loopback.
    allowed: Arc<[IpAddr]>,
    known: Arc<Mutex<Known>>,
}

impl Service for Relay {
    fn open(&self, peer: SocketAddr) -> Box<dyn Conversation> {
        Box::new(Request { peer, allowed: Arc::clone(&self.allowed), known: Arc::clone(&self.known) })
    }
}

struct Request {
    peer: SocketAddr,
    allowed: Arc<[IpAddr]>,
    known: Arc<Mutex<Known>>,
}

impl Conversation for Request {
    fn respond(&mut self, message: &[u8]) -> Vec<Action> {
        self.respond_at(message, Instant::now())
    }
}

impl Request {
    fn respond_at(&self, message: &[u8], now: Instant) -> Vec<Action> {
        let message = without_line_end(message);
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if says(message, HII) {
            known.asked(self.peer, now);
            return say(as_python(self.peer));
        }
        if says(message, EXIT) {
            return vec![Action::Stop];
        }
        if is_a_relay_s(message) {
            return untold("not answered: it is what a relay says");
        }
        let request = match std::str::from_utf8(message) {
            Ok(text) => read(text),
            Err(_) => Err(if message.contains(&b';') { MALFORMED } else { NO_PARTS }),
        };
        match request {
            Ok((to, content)) if self.may_be_sent_to(to.ip()) => {
                known.asked(self.peer, now);
                known.was_sent_to(to, now);
                vec![Action::Forward {
                    to,
                    bytes: format!("{}/{} ; content : {content}", self.peer.ip(), self.peer.port()).into(),
                    sent: SENT.into(),
                    failed: NOT_SENT.into(),
                }]
            }
            Ok(_) => {
                known.asked(self.peer, now);
                say(NOT_SENT)
            }
            Err(code) => known.refuses(self.peer, now).map_or_else(|| say(code), untold),
        }
    }

    fn may_be_sent_to(&self, ip: IpAddr) -> bool {
        let ip = ip.to_canonical();
        ip.is_loopback() || self.allowed.contains(&ip)
    }
}

fn untold(why: &str) -> Vec<Action> {
    vec![Action::Note(Note::Told(why.to_owned()))]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn respond(message: &[u8]) -> Vec<Action> {
        relay_of("127.0.0.1:44784").respond(message)
    }

    fn relay_of(peer: &str) -> Request {
        let allowed: Arc<[IpAddr]> = ["192.0.2.7".parse().unwrap()].into();
        Request { peer: peer.parse().unwrap(), allowed, known: Arc::default() }
    }

    fn is_answered(actions: &[Action]) -> bool {
        !matches!(actions, [Action::Note(_)])
    }

    #[test]
    fn what_a_relay_says_is_not_answered() {
        for message in [
            "400",
            "404\n",
            SENT,
            NOT_SENT,
            "405, COULD NOT SEND THE MESSAGE TO THE REQUESTED ADDRESS",
            "('127.0.0.1', 44784)",
            "127.0.0.1/44784 ; content : hello",
            "127.0.0.1/44784 ; CONTENT : HELLO",
            "::1/9 ; content : to: 127.0.0.1/9 ; content : x",
        ] {
            assert!(!is_answered(&respond(message.as_bytes())), "{message}");
        }
        for message in ["4000", "127.0.0.1/x ; content : x", "127.0.0.1/9 ; text : x"] {
            assert!(is_answered(&respond(message.as_bytes())), "{message}");
        }
    }

    #[test]
    fn who_answers_what_was_passed_on_is_not_answered_for_a_while() {
        let (ann, begun) = (relay_of("127.0.0.1:1"), Instant::now());
        let server = Request { known: Arc::clone(&ann.known), ..relay_of("127.0.0.1:9") };
        ann.respond_at(b"to: 127.0.0.1/9 ; content : hi", begun);
        assert!(!is_answered(&server.respond_at(b"Ok", begun)));
        assert_eq!(server.respond_at(b"Ok", begun + QUIET), say(NO_PARTS));
        ann.respond_at(b"to: 127.0.0.1/9 ; content : hi", begun + QUIET);
        // Who made a request is no server that answers everything.
        assert!(is_answered(&server.respond_at(b"hii", begun + QUIET)));
        assert_eq!(server.respond_at(b"Ok", begun + QUIET), say(NO_PARTS));
    }

    #[test]
    fn errors_in_a_row_have_an_end() {
        let (relay, begun) = (relay_of("127.0.0.1:1"), Instant::now());
        let errors = |now| (0..1000).take_while(|_| is_answered(&relay.respond_at(b"Ok", now))).count();
        assert_eq!(errors(begun), 32);
        relay.respond_at(b"hii", begun);
        assert_eq!(errors(begun), 32);
        assert_eq!(errors(begun + QUIET / 2), 0);
        assert_eq!(errors(begun + QUIET / 2 + QUIET), 32);
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let mut known = Known::default();
        let now = Instant::now();
        for port in 1..=3_000 {
            known.refuses((std::net::Ipv4Addr::LOCALHOST, port).into(), now);
        }
        assert_eq!(known.0.len(), MAX_KNOWN);
    }

    #[test]
    fn the_sender_is_told_its_address_as_python_writes_it() {
        for message in ["hii", "HII", "  Hii \r\n"] {
            assert_eq!(respond(message.as_bytes()), say("('127.0.0.1', 44784)"), "{message}");
        }
        assert_eq!(as_python("[::1]:9".parse().unwrap()), "('::1', 9, 0, 0)");
        assert_eq!(respond(b"Exit Server\n"), [Action::Stop]);
    }

    #[test]
    fn what_is_to_be_passed_on_names_its_sender() {
        for (message, to, content) in [
            ("to: 127.0.0.1 / 9 ; content : hello", "127.0.0.1:9", "hello"),
            ("TO:127.0.0.1/65535;CONTENT:hi: a; b\n", "127.0.0.1:65535", "hi: a; b"),
            (" to : ::1/9 ; content :", "[::1]:9", ""),
            ("to: 192.0.2.7 / 9 ; content : x", "192.0.2.7:9", "x"),
        ] {
            let forward = Action::Forward {
                to: to.parse().unwrap(),
                bytes: format!("127.0.0.1/44784 ; content : {content}").into(),
                sent: SENT.into(),
                failed: NOT_SENT.into(),
            };
            assert_eq!(respond(message.as_bytes()), [forward], "{message}");
        }
    }

    #[test]
    fn what_is_wrong_has_a_number() {
        for (message, code) in [
            ("", "400"),
            ("hello", "400"),
            ("to 127.0.0.1/9 ; content : x", "401"),
            ("to: 127.0.0.1 9 ; content : x", "401"),
            ("to: 127.0.0.1/9 ; content x", "401"),
            ("to: / 9 ; content : x", "401"),
            ("from: 127.0.0.1/9 ; content : x", "402"),
            ("to: 127.0.0.1/0 ; content : x", "403"),
            ("to: 127.0.0.1/65536 ; content : x", "403"),
            ("to: 127.0.0.1/http ; content : x", "403"),
            ("to: 127.0.0.1/9 ; text : x", "404"),
            ("to: localhost/9 ; content : x", NOT_SENT),
            ("to: 192.0.2.1/9 ; content : x", NOT_SENT),
            ("to: 0.0.0.0/9 ; content : x", NOT_SENT),
            ("to: 255.255.255.255/9 ; content : x", NOT_SENT),
        ] {
            assert_eq!(respond(message.as_bytes()), say(code), "{message}");
        }
        assert_eq!(respond(b"\xff"), say("400"));
        assert_eq!(respond(b"to: 127.0.0.1/9 ; content : \xff"), say("401"));
    }
}
