//! The protocols of the bundled labs, recognised by what is said on any port.
//!
//! One `send` of a lab's program is a message and nothing ends it: a message is a segment or datagram, unless set words
//! show that several messages run together or that one is split. Line ends behind a message are dropped. The labs share
//! words (`Hey`, a name, a sentence), so that what listens to a flow decides by both sides, and does not where it cannot tell.

mod analyzer;
mod calculator;
mod chat;
mod chatbot;
mod clock;
mod file;
mod phrases;
mod ping;
mod python;
mod recognise;
mod relay;
mod uppercase;
mod waiting;

pub(super) use recognise::{Ear, Ends};

pub use analyzer::LabAnalyzer;
pub use calculator::{Operation, Right, join_pieces};
pub use chat::{MAX_NAME, passed_on};
pub use ping::Pairing;
pub use python::{number, written};
pub use recognise::could_be;
pub use relay::{Code, Codes, Order, RelayRequest, read_order};
pub use uppercase::PORT as UPPERCASE_PORT;

use std::fmt;
use std::net::IpAddr;

use crate::decode::Endpoint;
use crate::flow::{Direction, PacketStamp};

/// A protocol of the bundled labs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Lab {
    /// One datagram with a joke, and `Ok`.
    Greeting,
    /// `SEND_DATE` and `SEND_TIME`.
    Datetime,
    /// `Knock knock..` and `Who's there?`.
    Knock,
    /// A name, then sums.
    Calculator,
    /// A room in which each line goes to all.
    Chat,
    /// A sentence, and the same in capitals, in datagrams.
    UppercaseUdp,
    /// The same on a connection.
    UppercaseTcp,
    /// Set questions and answers, in datagrams.
    ChatbotUdp,
    /// The same on a connection.
    ChatbotTcp,
    /// Pings that a server acknowledges late or not at all; `udp-throughput` says the same.
    UdpPing,
    /// A key, then a file.
    FileTransfer,
    /// Datagrams that a server passes on.
    Relay,
    /// Five acknowledgements over IPv4 or IPv6.
    DualStack,
}

impl Lab {
    /// All of them.
    pub const ALL: [Self; 13] = [
        Self::Greeting,
        Self::Datetime,
        Self::Knock,
        Self::Calculator,
        Self::Chat,
        Self::UppercaseUdp,
        Self::UppercaseTcp,
        Self::ChatbotUdp,
        Self::ChatbotTcp,
        Self::UdpPing,
        Self::FileTransfer,
        Self::Relay,
        Self::DualStack,
    ];

    /// As the lab is called, `uppercase-tcp`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Greeting => "greeting",
            Self::Datetime => "datetime",
            Self::Knock => "knock",
            Self::Calculator => "calculator",
            Self::Chat => "chat",
            Self::UppercaseUdp => "uppercase-udp",
            Self::UppercaseTcp => "uppercase-tcp",
            Self::ChatbotUdp => "chatbot-udp",
            Self::ChatbotTcp => "chatbot-tcp",
            Self::UdpPing => "udp-ping",
            Self::FileTransfer => "file-transfer",
            Self::Relay => "relay",
            Self::DualStack => "dual-stack",
        }
    }
}

impl Lab {
    /// Whether it speaks in datagrams.
    const fn is_of_datagrams(self) -> bool {
        matches!(
            self,
            Self::Greeting
                | Self::Datetime
                | Self::UppercaseUdp
                | Self::ChatbotUdp
                | Self::UdpPing
                | Self::Relay
        )
    }
}

impl fmt::Display for Lab {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What a message of a lab says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Says {
    /// Nothing that the lab has a rule for.
    Other,
    /// A set question, or one that has a set answer.
    Question,
    /// The set answer.
    Answer,
    /// The talk ends: `q`, `exit`, `Goodbye`, and what answers that.
    Farewell,
    /// The name of whoever speaks.
    Name(Box<str>),
    /// A sum, as it stands there, and what is right.
    Sum(Box<str>, Right),
    /// The answer to a sum.
    Result {
        /// The sum.
        expression: Box<str>,
        /// The answer given, put together where it came in pieces.
        given: Box<str>,
        /// What is right, as Python prints it.
        right: Right,
        /// How the answer given compares.
        marked: Mark,
    },
    /// To be put in capitals.
    Sentence,
    /// In capitals, or not quite.
    Capitals,
    /// A line for the room.
    Typed(Box<str>),
    /// Somebody came into the room.
    Joined(Box<str>),
    /// Somebody left it.
    Left(Box<str>),
    /// What somebody said: who, and what.
    Line(Box<str>, Box<str>),
    /// The size of the server's buffer, where 64 bits hold it.
    Calibrate(Option<u64>),
    /// It was set.
    Calibrated,
    /// A ping, with its number where it has one, and how many there were before it.
    Ping(Option<u64>, u64),
    /// An acknowledgement, and whose it is.
    Pong(Option<u64>, Pairing),
    /// The key to a file: the set one, or another.
    Key {
        /// It is the set one.
        is_set: bool,
    },
    /// The key was taken.
    Accepted,
    /// The key was refused.
    Refused,
    /// Bytes of the file, behind so many.
    Bytes(u64),
    /// The file is over.
    FileEnd(Box<FileEnd>),
    /// `hii`.
    AskAddress,
    /// The answer: an address and a port.
    Address(Option<(IpAddr, u16)>),
    /// Something to pass on, or a request that is wrong in one or more ways.
    Send(Box<RelayRequest>),
    /// What was passed on: whose it is, and what.
    Forwarded(IpAddr, u16, Box<str>),
    /// What became of a request.
    Status(Code),
    /// `SEND_DATE`.
    AskDate,
    /// `SEND_TIME`.
    AskTime,
    /// A date: year, month, day.
    Date(u8, u8, u8),
    /// A time of day, in seconds.
    Time(u32),
}

impl Says {
    /// A word for it, as `wirelab.lab.kind` has it.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Other => "other",
            Self::Question => "question",
            Self::Answer => "answer",
            Self::Farewell => "farewell",
            Self::Name(_) => "name",
            Self::Sum(..) => "sum",
            Self::Result { .. } => "result",
            Self::Sentence => "sentence",
            Self::Capitals => "capitals",
            Self::Typed(_) => "typed",
            Self::Joined(_) => "joined",
            Self::Left(_) => "left",
            Self::Line(..) => "line",
            Self::Calibrate(_) => "calibrate",
            Self::Calibrated => "calibrated",
            Self::Ping(..) => "ping",
            Self::Pong(..) => "acknowledgement",
            Self::Key { .. } => "key",
            Self::Accepted => "accepted",
            Self::Refused => "refused",
            Self::Bytes(_) => "file bytes",
            Self::FileEnd(_) => "file end",
            Self::AskAddress => "ask address",
            Self::Address(_) => "address",
            Self::Send(_) => "send",
            Self::Forwarded(..) => "forwarded",
            Self::Status(_) => "status",
            Self::AskDate => "ask date",
            Self::AskTime => "ask time",
            Self::Date(..) => "date",
            Self::Time(_) => "time",
        }
    }
}

/// A file that was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileEnd {
    /// Bytes that the capture has.
    pub bytes: u64,
    /// Bytes that it lacks.
    pub missing: u64,
    /// SHA-256 of those that it has.
    pub sha256: [u8; 32],
    /// The sender closed: it is the whole file, unless bytes are missing.
    pub is_closed: bool,
}

/// How an answer compares with what is right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// It is what is right.
    Right,
    /// The right number, written otherwise.
    SameValue,
    /// The right number to the digits that it has.
    Rounded,
    /// Something else.
    Wrong,
}

/// What is wrong with a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// This would be right.
    Expected(Box<str>),
    /// Nothing asked for it.
    Unasked,
    /// Nothing in the capture asked for it, a datagram: what did may be lost from that.
    UnaskedHere,
    /// So many questions wait, and it is a right answer to none of them.
    FitsNone(u32),
    /// The client's address is another: this, as the packets have it.
    OtherAddress(Endpoint),
    /// It is no UTF-8.
    NotUtf8,
    /// No such day, as `DD/MM/YY`.
    NoDate,
    /// No such time, as `HH:MM:SS`.
    NoTime,
    /// No such address.
    Malformed,
    /// Nothing that this lab's client asks.
    NoRequest,
    /// An answer that says the question again: an echo, not this lab's server.
    Echo,
    /// Any of these codes would be right.
    Codes(Codes),
    /// A key that the lab's server refuses was taken, or the other way round.
    Key,
}

impl fmt::Display for Fault {
    /// In words, with the text that would be right as it is: it may hold what was said on the wire.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Expected(right) => write!(f, "right would be {right}"),
            Self::Unasked => f.write_str("nothing asked for it"),
            Self::UnaskedHere => f.write_str("nothing asked for it, or the capture lacks it"),
            Self::FitsNone(count) => write!(f, "right for none of the {count} questions that wait"),
            Self::OtherAddress(client) => write!(
                f,
                "the packet goes to {client}: the answer is wrong, or something between translates addresses"
            ),
            Self::NotUtf8 => f.write_str("no UTF-8"),
            Self::NoDate => f.write_str("there is no such date: the lab has DD/MM/YY"),
            Self::NoTime => f.write_str("there is no such time: the lab has HH:MM:SS"),
            Self::Malformed => f.write_str("there is no such address"),
            Self::NoRequest => f.write_str("no request of this lab"),
            Self::Echo => f.write_str("it says the question again: an echo, or capitals"),
            Self::Codes(codes) => {
                f.write_str("right would be ")?;
                for (place, code) in codes.iter().enumerate() {
                    let before = if place == 0 { "" } else { " or " };
                    write!(f, "{before}{}", code.number())?;
                }
                Ok(())
            }
            Self::Key => f.write_str("not what the lab's server says to this key"),
        }
    }
}

/// A message, and what the flow tells of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// The client said it.
    pub by_client: bool,
    /// What it says.
    pub says: Says,
    /// What it answers.
    pub answers: Option<PacketStamp>,
    /// What is wrong with it.
    pub fault: Option<Fault>,
    /// It may be an answer, and to which question cannot be told, because the capture lacks bytes: it is not judged.
    pub unsure: bool,
    /// The same datagram came before, in this packet, and no other question waits for it: it came twice. Where it is said to be at fault,
    /// too, it may be either: it is a copy if its question gets a right answer later.
    pub again: Option<PacketStamp>,
}

/// A message that came before its flow was recognised.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LabMessage {
    /// The packet that it ends in.
    pub at: PacketStamp,
    /// Whose side sent it.
    pub from: Direction,
    /// The first [`MAX_TEXT`] bytes, without line ends behind them.
    pub text: Box<[u8]>,
    /// Bytes that were sent.
    pub len: u64,
    /// What it says.
    pub said: Said,
}

/// Bytes of a message that are kept: what one `recv(1024)` of a lab's program gets.
pub const MAX_TEXT: usize = 1024;

/// What only the flow tells of a lab's message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LabNote {
    /// Which lab.
    pub lab: Lab,
    /// What the message says.
    pub said: Said,
    /// The flow's messages before this one, where it tells what they were; they replace what was told of them.
    pub earlier: Box<[LabMessage]>,
    /// The beginning of the message, where it lies in packets of which nothing was told.
    pub begun: Box<[u8]>,
    /// Another message follows in the same segment.
    pub runs_on: bool,
}

/// A message on its way to what understands it.
#[derive(Clone, Copy, Debug)]
struct Heard<'a> {
    by_client: bool,
    /// Without line ends behind it.
    text: &'a [u8],
    /// As it was sent.
    raw: &'a [u8],
    at: PacketStamp,
}

impl<'a> Heard<'a> {
    /// As text, where it is any.
    fn str(&self) -> Option<&'a str> {
        std::str::from_utf8(self.text).ok()
    }
}

/// Where the first message of some bytes of a connection ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cut {
    /// With the segment.
    Whole,
    /// Behind so many bytes.
    At(usize),
    /// It has so many bytes, which are not all there.
    More(usize),
}

/// One lab's talk.
trait Session: fmt::Debug + Send {
    /// Where the first message of `bytes`, of a connection, ends.
    fn cut(&self, _by_client: bool, _bytes: &[u8]) -> Cut {
        Cut::Whole
    }

    /// What a message says.
    fn hear(&mut self, heard: Heard<'_>) -> Said;

    /// Whether what a side has begun to say is over once the other side speaks.
    fn takes_turns(&self, _by_client: bool) -> bool {
        false
    }

    /// Bytes of a side are missing.
    fn gap(&mut self, _by_client: bool, _len: u64) {}

    /// A side says no more; what there is to tell of that.
    fn ends(&mut self, _by_client: bool, _is_closed: bool) -> Option<Said> {
        None
    }

    /// Memory that it keeps, in bytes.
    fn held(&self) -> usize {
        0
    }
}

impl Said {
    /// Says that, and nothing is wrong with it.
    fn new(by_client: bool, says: Says) -> Self {
        Self { by_client, says, answers: None, fault: None, unsure: false, again: None }
    }

    /// Whether it is a wrong answer, or a copy of an earlier one: what comes later tells.
    #[must_use]
    pub fn is_doubtful(&self) -> bool {
        self.again.is_some() && self.fault.is_some()
    }

    /// What is wrong with it, in words; where it may be a copy of an earlier datagram instead, with that.
    #[must_use]
    pub fn fault_in_words(&self) -> Option<String> {
        let fault = self.fault.as_ref()?;
        Some(match self.again {
            Some(before) => format!("{fault}, unless it is packet {} again", before.number),
            None => fault.to_string(),
        })
    }

    fn answers(self, packet: Option<PacketStamp>) -> Self {
        Self { answers: packet, ..self }
    }

    fn or_again(self, before: Option<PacketStamp>) -> Self {
        Self { again: self.again.or(before), ..self }
    }

    fn fault(self, fault: Option<Fault>) -> Self {
        Self { fault, ..self }
    }
}

/// `bytes` without the line ends behind them, which some programs send and no lab means.
fn trimmed(bytes: &[u8]) -> &[u8] {
    let mut rest = bytes;
    while let [before @ .., b'\r' | b'\n'] = rest {
        rest = before;
    }
    rest
}

/// As much of `text` as is kept.
fn kept(text: &str) -> Box<str> {
    let mut end = text.len().min(MAX_TEXT);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or(text).into()
}

/// Where the first line of what a client says ends, where another follows it: a server that reads lines takes it by itself.
fn cut_line(bytes: &[u8]) -> Cut {
    let is_end = |byte: &u8| matches!(byte, b'\r' | b'\n');
    let blank = bytes.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
    let line = bytes.iter().skip(blank).take_while(|byte| !is_end(byte)).count();
    let ends = bytes.iter().skip(blank.saturating_add(line)).take_while(|byte| is_end(byte)).count();
    let end = blank.saturating_add(line).saturating_add(ends);
    let goes_on = bytes.iter().skip(end).any(|byte| !byte.is_ascii_whitespace());
    if goes_on { Cut::At(end) } else { Cut::Whole }
}

/// Where set words part the first message from others behind it: `bytes` begin with one of `set`, and another of them, or
/// nothing, follows.
fn cut_set(bytes: &[u8], set: &[&str]) -> Cut {
    let begins = |bytes: &[u8]| set.iter().find(|words| bytes.starts_with(words.as_bytes())).copied();
    let begun = |bytes: &[u8]| {
        set.iter().find(|words| words.len() > bytes.len() && words.as_bytes().starts_with(bytes)).copied()
    };
    let Some(first) = begins(bytes) else {
        return begun(bytes).map_or(Cut::Whole, |words| Cut::More(words.len()));
    };
    let rest = bytes.get(first.len()..).unwrap_or(&[]);
    let line_end = rest.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
    let behind = rest.get(line_end..).unwrap_or(&[]);
    if behind.is_empty() {
        Cut::Whole
    } else if begins(behind).is_some() || begun(behind).is_some() {
        Cut::At(first.len().saturating_add(line_end))
    } else {
        Cut::Whole
    }
}

#[cfg(test)]
mod tests;
