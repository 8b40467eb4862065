//! `relay`: datagrams that a server passes on to the address that they name.

use std::net::IpAddr;

use super::waiting::{self, Waiting};
use super::{Fault, Heard, Said, Says, Session, kept};
use crate::flow::PacketStamp;

/// Our port.
pub(super) const PORT: u16 = 9001;

pub(super) const HII: &str = "hii";
const EXIT: &str = "exit server";
const SENT: &str = "200, UDP Packet Sent Successfully";
const NOT_SENT: &str = "405, Could not send the message to the requested address";

/// What became of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Code {
    /// 200: it was passed on.
    Sent,
    /// 400: no `;`.
    NoParts,
    /// 401: malformed header or content.
    Malformed,
    /// 402: the header is not `to`.
    NotTo,
    /// 403: bad port.
    BadPort,
    /// 404: the second part is not `content`.
    NotContent,
    /// 405: it could not be sent.
    NotSent,
}

impl Code {
    const ALL: [Self; 7] = [
        Self::Sent,
        Self::NoParts,
        Self::Malformed,
        Self::NotTo,
        Self::BadPort,
        Self::NotContent,
        Self::NotSent,
    ];

    /// As a number.
    #[must_use]
    pub const fn number(self) -> u16 {
        match self {
            Self::Sent => 200,
            Self::NoParts => 400,
            Self::Malformed => 401,
            Self::NotTo => 402,
            Self::BadPort => 403,
            Self::NotContent => 404,
            Self::NotSent => 405,
        }
    }

    const fn bit(self) -> u8 {
        match self {
            Self::Sent => 1,
            Self::NoParts => 2,
            Self::Malformed => 4,
            Self::NotTo => 8,
            Self::BadPort => 16,
            Self::NotContent => 32,
            Self::NotSent => 64,
        }
    }
}

/// Some codes: a request may be wrong in several ways, and any of them is a right answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Codes(u8);

impl Codes {
    fn with(self, code: Code) -> Self {
        Self(self.0 | code.bit())
    }

    /// Whether `code` is among them.
    #[must_use]
    pub const fn has(self, code: Code) -> bool {
        self.0 & code.bit() != 0
    }

    /// All of them, the lowest first.
    pub fn iter(self) -> impl Iterator<Item = Code> {
        Code::ALL.into_iter().filter(move |code| self.has(*code))
    }
}

/// What is to be passed on to whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// The target's address.
    pub ip: IpAddr,
    /// The target's port.
    pub port: u16,
    /// What is to be passed on.
    pub content: Box<str>,
}

/// A request to pass something on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RelayRequest {
    /// What is asked for; `None` where the request is wrong.
    pub order: Option<Order>,
    /// The codes that are right answers.
    pub right: Codes,
}

/// Reads `to: IP / PORT ; content : TEXT`, words in any case, spaces around them ignored.
#[must_use]
pub fn read_order(text: &str) -> RelayRequest {
    let wrong = |right| RelayRequest { order: None, right };
    let none = Codes::default();
    let Some((header, second)) = text.split_once(';') else { return wrong(none.with(Code::NoParts)) };
    let (mut right, mut target, mut content) = (none, None, None);
    match header.split_once(':') {
        None => right = right.with(Code::Malformed),
        Some((word, address)) => {
            if !word.trim().eq_ignore_ascii_case("to") {
                right = right.with(Code::NotTo);
            }
            match address.split_once('/') {
                None => right = right.with(Code::Malformed),
                Some((ip, port)) => {
                    let port = port.trim().parse::<u16>().ok().filter(|port| *port > 0);
                    if port.is_none() {
                        right = right.with(Code::BadPort);
                    }
                    // What is no address cannot be sent to, or the header is malformed: the rules leave that open.
                    let ip = ip.trim().parse::<IpAddr>().ok();
                    if ip.is_none() {
                        right = right.with(Code::Malformed).with(Code::NotSent);
                    }
                    target = ip.zip(port);
                }
            }
        }
    }
    match second.split_once(':') {
        None => right = right.with(Code::Malformed),
        Some((word, text)) => {
            if !word.trim().eq_ignore_ascii_case("content") {
                right = right.with(Code::NotContent);
            }
            content = Some(text.trim());
        }
    }
    match (right == none, target, content) {
        (true, Some((ip, port)), Some(content)) => RelayRequest {
            order: Some(Order { ip, port, content: kept(content) }),
            right: none.with(Code::Sent).with(Code::NotSent),
        },
        _ => wrong(right),
    }
}

/// Reads what was passed on: `SENDER_IP/SENDER_PORT ; content : TEXT`.
pub(super) fn forwarded(text: &str) -> Option<(IpAddr, u16, &str)> {
    let (sender, second) = text.split_once(';')?;
    let (ip, port) = sender.trim().rsplit_once('/')?;
    let (word, content) = second.split_once(':')?;
    let (ip, port) = (ip.trim().parse().ok()?, port.trim().parse().ok()?);
    (word.trim() == "content").then_some((ip, port, content.trim()))
}

/// Reads an address as Python writes one: `('127.0.0.1', 44784)`, `('::1', 44784, 0, 0)`.
pub(super) fn address(text: &str) -> Option<(IpAddr, u16)> {
    let inside = text.trim().strip_prefix("('")?.strip_suffix(')')?;
    let (ip, rest) = inside.split_once('\'')?;
    let mut numbers = rest.strip_prefix(',')?.split(',');
    let port = numbers.next()?.trim().parse().ok()?;
    let are_numbers = numbers.all(|number| number.trim().parse::<u32>().is_ok());
    // A link-local address has its zone behind it.
    let ip = ip.split('%').next()?.parse().ok()?;
    are_numbers.then_some((ip, port))
}

/// Reads an answer: its code, and whether the words behind it are those of the lab.
pub(super) fn status(text: &str) -> Option<Code> {
    let (number, rest) = text.split_at_checked(3)?;
    let number: u16 = number.parse().ok()?;
    let code = Code::ALL.into_iter().find(|code| code.number() == number)?;
    let fits = match code {
        Code::Sent => text == SENT,
        Code::NotSent => text == NOT_SENT,
        _ => rest.is_empty() || rest.starts_with([',', ' ', ':']),
    };
    fits.then_some(code)
}

/// Whether this refuses a request: a code, and perhaps words.
pub(super) fn is_refusal(text: &str) -> bool {
    status(text.trim()).is_some_and(|code| code != Code::Sent)
}

/// Whether these are the words of an answer that no other server gives.
pub(super) fn is_status(text: &str) -> bool {
    text == SENT || text == NOT_SENT
}

#[derive(Clone, Debug)]
enum Asked {
    Address,
    Send(Codes),
}

/// What one process says to the server, and is told by it.
#[derive(Debug, Default)]
pub(super) struct Relay {
    waiting: Waiting<(PacketStamp, Asked)>,
}

impl Session for Relay {
    fn hear(&mut self, heard: Heard<'_>) -> Said {
        let Some(text) = heard.str() else {
            if heard.by_client {
                // What is no text has no content, and perhaps no parts.
                let code = if heard.text.contains(&b';') { Code::Malformed } else { Code::NoParts };
                self.waiting.push((heard.at, Asked::Send(Codes::default().with(code))));
            }
            return Said::new(heard.by_client, Says::Other).fault(Some(Fault::NotUtf8));
        };
        if heard.by_client {
            let word = text.trim();
            if word.eq_ignore_ascii_case(HII) {
                self.waiting.push((heard.at, Asked::Address));
                return Said::new(true, Says::AskAddress);
            }
            if word.eq_ignore_ascii_case(EXIT) {
                return Said::new(true, Says::Farewell);
            }
            let request = read_order(text);
            self.waiting.push((heard.at, Asked::Send(request.right)));
            // What a relay says is no request: another relay does not answer it, or the two would talk for ever.
            if request.order.is_none()
                && (status(word).is_some() || address(word).is_some() || forwarded(word).is_some())
            {
                return Said::new(true, Says::Other);
            }
            return Said::new(true, Says::Send(Box::new(request)));
        }
        // What was passed on answers nothing.
        if let Some((ip, port, content)) = forwarded(text) {
            return Said::new(false, Says::Forwarded(ip, port, kept(content)));
        }
        let (code, place) = (status(text), address(text));
        let fits = |(_, asked): &(PacketStamp, Asked)| match asked {
            Asked::Send(right) => code.is_some_and(|code| right.has(code)),
            Asked::Address => place.is_some(),
        };
        let asked = self.waiting.in_any_order((heard.text, heard.at), |(at, _)| *at, fits);
        let says = match (code, place) {
            (Some(code), _) => Says::Status(code),
            (None, Some(place)) => Says::Address(Some(place)),
            (None, None) => Says::Other,
        };
        let said = asked.told(Said::new(false, says), |(at, _)| *at).or_again(self.waiting.copy_of());
        let waiting::Asked::Is((at, asked)) = asked else { return said };
        let (says, fault) = match (asked, code) {
            (Asked::Send(right), Some(code)) => {
                (Says::Status(code), (!right.has(code)).then_some(Fault::Codes(right)))
            }
            (Asked::Send(right), None) => (Says::Other, Some(Fault::Codes(right))),
            (Asked::Address, _) => (Says::Address(place), place.is_none().then_some(Fault::Malformed)),
        };
        Said::new(false, says).answers(Some(at)).fault(fault).or_again(self.waiting.copy_of())
    }

    fn held(&self) -> usize {
        self.waiting.held()
    }
}
