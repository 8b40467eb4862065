//! `relay`: processes that find each other through one server, which passes datagrams on.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use super::{Action, Conversation, Lab, LabOption, Logic, Service, Transport, client, say, without_line_end};

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
        Ok(Logic::Messages(Box::new(Relay { allowed })))
    },
    client: client::relay::run,
};

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

struct Relay {
    /// Where to besides loopback.
    allowed: Arc<[IpAddr]>,
}

impl Service for Relay {
    fn open(&self, peer: SocketAddr) -> Box<dyn Conversation> {
        Box::new(Request { peer, allowed: Arc::clone(&self.allowed) })
    }
}

struct Request {
    peer: SocketAddr,
    allowed: Arc<[IpAddr]>,
}

impl Conversation for Request {
    fn respond(&mut self, message: &[u8]) -> Vec<Action> {
        let message = without_line_end(message);
        if says(message, HII) {
            return say(as_python(self.peer));
        }
        if says(message, EXIT) {
            return vec![Action::Stop];
        }
        let Ok(text) = std::str::from_utf8(message) else {
            return say(if message.contains(&b';') { MALFORMED } else { NO_PARTS });
        };
        match read(text) {
            Ok((to, content)) if self.may_be_sent_to(to.ip()) => vec![Action::Forward {
                to,
                bytes: format!("{}/{} ; content : {content}", self.peer.ip(), self.peer.port()).into(),
                sent: SENT.into(),
                failed: NOT_SENT.into(),
            }],
            Ok(_) => say(NOT_SENT),
            Err(code) => say(code),
        }
    }
}

impl Request {
    fn may_be_sent_to(&self, ip: IpAddr) -> bool {
        let ip = ip.to_canonical();
        ip.is_loopback() || self.allowed.contains(&ip)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn respond(message: &[u8]) -> Vec<Action> {
        let allowed: Arc<[IpAddr]> = ["192.0.2.7".parse().unwrap()].into();
        Relay { allowed }.open("127.0.0.1:44784".parse().unwrap()).respond(message)
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
