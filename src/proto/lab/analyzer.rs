//! Cuts a lab's flow into messages, and has its lab say what they are.

use super::calculator::Calculator;
use super::chat::Chat;
use super::chatbot::Chatbot;
use super::clock::Clock;
use super::file::FileTransfer;
use super::phrases::{DUAL_STACK, GREETING, KNOCKING, Phrases};
use super::ping::Pings;
use super::recognise::{Earlier, answered};
use super::relay::Relay;
use super::uppercase::Uppercase;
use super::{Cut, Fault, Heard, Lab, LabMessage, LabNote, MAX_TEXT, Said, Session, trimmed};
use crate::decode::TransportProtocol;
use crate::flow::{Direction, PacketStamp};
use crate::proto::talk::Both;
use crate::proto::{Analyzer, Ending, Input, Note, Step};

/// Most questions kept while nothing was answered: an answer in capitals shows that they were sentences.
const MAX_OPENING: usize = 8;

/// A flow of a lab.
#[derive(Debug)]
pub struct LabAnalyzer {
    lab: Lab,
    client: Direction,
    session: Box<dyn Session>,
    /// What was heard before the flow was recognised, until it is told.
    earlier: Earlier,
    /// The beginning of a side's message, in packets that are told already.
    begun: Both<Vec<u8>>,
    /// What the client has said while the server has not.
    opening: Option<Vec<(PacketStamp, Box<[u8]>)>>,
}

fn session(lab: Lab) -> Box<dyn Session> {
    match lab {
        Lab::Greeting => Box::new(Phrases::new(&GREETING)),
        Lab::Knock => Box::new(Phrases::new(&KNOCKING)),
        Lab::DualStack => Box::new(Phrases::new(&DUAL_STACK)),
        Lab::Datetime => Box::new(Clock::default()),
        Lab::Calculator => Box::new(Calculator::default()),
        Lab::Chat => Box::new(Chat::default()),
        Lab::UppercaseUdp => Box::new(Uppercase::new(false)),
        Lab::UppercaseTcp => Box::new(Uppercase::new(true)),
        Lab::ChatbotUdp => Box::new(Chatbot::new(false)),
        Lab::ChatbotTcp => Box::new(Chatbot::new(true)),
        Lab::UdpPing => Box::new(Pings::default()),
        Lab::FileTransfer => Box::new(FileTransfer::default()),
        Lab::Relay => Box::new(Relay::default()),
    }
}

impl LabAnalyzer {
    /// A flow of `lab` of which nothing was heard yet.
    pub(in crate::proto) fn of(lab: Lab, client: Direction) -> Self {
        Self {
            lab,
            client,
            session: session(lab),
            earlier: Vec::new(),
            begun: Both::default(),
            opening: Some(Vec::new()),
        }
    }

    /// Which lab it is.
    pub(in crate::proto) fn lab(&self) -> Lab {
        self.lab
    }

    /// Takes what was told as nobody's before the flow was recognised: of a stream the messages that are whole, and all
    /// unless it `goes_on`.
    pub(super) fn replay(
        &mut self,
        from: Direction,
        at: PacketStamp,
        bytes: &mut Vec<u8>,
        is_stream: bool,
        goes_on: bool,
    ) {
        while !bytes.is_empty() {
            let cut = if is_stream { self.session.cut(from == self.client, bytes) } else { Cut::Whole };
            let end = match cut {
                Cut::At(end) => end.min(bytes.len()),
                Cut::More(_) if goes_on => return,
                Cut::More(_) | Cut::Whole => bytes.len(),
            };
            let message: Vec<u8> = bytes.drain(..end).collect();
            self.heard_before(from, at, &message);
        }
    }

    /// Takes such a message.
    fn heard_before(&mut self, from: Direction, at: PacketStamp, bytes: &[u8]) {
        let said = self.hear(from, at, bytes);
        let text = trimmed(bytes);
        let text = text.get(..MAX_TEXT).unwrap_or(text).into();
        let len = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        self.earlier.push(LabMessage { at, from, text, len, said });
    }

    /// Takes the beginning of a message, likewise.
    pub(super) fn begun(&mut self, from: Direction, bytes: &[u8]) {
        self.begun.of_mut(from).extend_from_slice(bytes);
    }

    fn hear(&mut self, from: Direction, at: PacketStamp, bytes: &[u8]) -> Said {
        let by_client = from == self.client;
        if !by_client {
            self.opening = None;
        } else if let Some(opening) = &mut self.opening {
            if opening.len() < MAX_OPENING && bytes.len() <= MAX_TEXT {
                opening.push((at, bytes.into()));
            } else {
                self.opening = None;
            }
        }
        let mut said = self.session.hear(Heard { by_client, text: trimmed(bytes), raw: bytes, at });
        if said.fault == Some(Fault::Unasked) && self.lab.is_of_datagrams() {
            said.fault = Some(Fault::UnaskedHere);
        }
        said
    }

    /// What the server says first may show that words of another lab were sentences, to be put in capitals.
    fn look_again(&mut self, transport: TransportProtocol, from: Direction, bytes: &[u8]) {
        let is_other = from != self.client;
        let Some(opening) = self.opening.take_if(|opening| is_other && !opening.is_empty()) else { return };
        let Ok(answer) = std::str::from_utf8(trimmed(bytes)) else { return };
        let asked = opening.last().and_then(|(_, asked)| std::str::from_utf8(trimmed(asked)).ok());
        let lab = asked.and_then(|asked| answered(transport, asked, answer));
        let Some(lab @ (Lab::UppercaseTcp | Lab::UppercaseUdp)) = lab else { return };
        let client = self.client;
        *self = Self::of(lab, client);
        for (at, asked) in opening {
            self.heard_before(client, at, &asked);
        }
    }

    fn message(&mut self, len: usize, said: Said, begun: Vec<u8>, runs_on: bool) -> Step {
        let earlier = std::mem::take(&mut self.earlier).into_boxed_slice();
        let note = Note::Lab(Box::new(LabNote {
            lab: self.lab,
            said,
            earlier,
            begun: begun.into_boxed_slice(),
            runs_on,
        }));
        Step::Message { len, note, inner: None }
    }
}

impl Analyzer for LabAnalyzer {
    fn next(&mut self, input: &Input<'_>) -> Step {
        let (from, by_client) = (input.from, input.from == self.client);
        let is_datagram = matches!(input.end, Some(Ending::Datagram | Ending::Snapped));
        if input.bytes.is_empty() {
            if let Some(Ending::Gap(len) | Ending::Cut(len)) = input.end {
                self.session.gap(by_client, len);
                return Step::Lost;
            }
            let is_closed = matches!(input.end, Some(Ending::Fin));
            return match self.session.ends(by_client, is_closed).filter(|_| !is_datagram) {
                Some(said) => self.message(0, said, Vec::new(), false),
                None => Step::Lost,
            };
        }
        let transport = if is_datagram { TransportProtocol::Udp } else { TransportProtocol::Tcp };
        let begun = std::mem::take(self.begun.of_mut(from));
        let joined = (!begun.is_empty()).then(|| [&begun, input.bytes].concat());
        let bytes = joined.as_deref().unwrap_or(input.bytes);
        self.look_again(transport, from, bytes);
        let cut = if is_datagram { Cut::Whole } else { self.session.cut(by_client, bytes) };
        let end = match cut {
            Cut::At(end) => end.min(bytes.len()),
            Cut::More(need) if input.end.is_none() && need > bytes.len() => {
                let need = need.saturating_sub(begun.len());
                *self.begun.of_mut(from) = begun;
                return Step::More(need);
            }
            Cut::Whole | Cut::More(_) => bytes.len(),
        };
        let message = bytes.get(..end).unwrap_or(bytes);
        let said = self.hear(from, input.packet, message);
        let len = end.saturating_sub(begun.len());
        // A message always has bytes that were not told: what was told is the beginning of one.
        let runs_on = end < bytes.len();
        self.message(len.max(1), said, begun, runs_on)
    }

    fn takes_turns(&self, from: Direction) -> bool {
        self.session.takes_turns(from == self.client)
    }

    fn lacks(&mut self, from: Direction) {
        self.session.gap(from == self.client, 0);
    }

    fn held(&self) -> usize {
        let opening = self.opening.iter().flatten().map(|(_, bytes)| bytes.len()).sum::<usize>();
        let earlier = self.earlier.iter().map(|message| message.text.len().saturating_add(96)).sum::<usize>();
        let begun = self.begun.orig.len().saturating_add(self.begun.resp.len());
        self.session.held().saturating_add(opening).saturating_add(earlier).saturating_add(begun)
    }
}
