//! Which lab does a flow speak? Both sides tell.
//!
//! Words that no other program says name a lab at once. Otherwise an answer has to fit what was asked: labs share names,
//! sentences and greetings. What nothing is sure of is left alone. A wrong answer is known for one where the right one would have
//! words of its own, and otherwise at the course's port.

use super::analyzer::LabAnalyzer;
use super::phrases::{ACKNOWLEDGEMENT, DUAL_STACK_PORT, HII, JOKE, KNOCK, KNOCK_BEGINS, WHO};
use super::{
    Lab, LabMessage, MAX_TEXT, calculator, chat, chatbot, clock, file, ping, relay, trimmed, uppercase,
};
use crate::decode::TransportProtocol;
use crate::flow::{Direction, PacketStamp};
use crate::proto::Analyzer;

/// Most messages that are listened to: of pings at a short interval so many are sent before the first is answered.
const MAX_PIECES: usize = 64;

/// Most bytes that are kept of a flow while it is listened to.
const MAX_BYTES: usize = 8 << 10;

/// Longest first message; what follows an accepted key may be longer.
const MAX_PIECE: usize = 2 * MAX_TEXT;

/// Listens to a flow until it is known what it speaks.
#[derive(Debug, Default)]
pub(in crate::proto) enum Ear {
    /// Nothing was said.
    #[default]
    Fresh,
    /// What was said may be a lab's.
    Listening(Box<Listener>),
    /// It is none.
    Closed,
}

/// What is known of a flow before anything is said in it.
#[derive(Clone, Copy, Debug)]
pub(in crate::proto) struct Ends {
    pub(in crate::proto) transport: TransportProtocol,
    /// Its ports, the originator's first.
    pub(in crate::proto) ports: [u16; 2],
}

impl Ends {
    /// The port that `side` sends from.
    fn port_of(self, side: Direction) -> u16 {
        let [orig, resp] = self.ports;
        if side == Direction::OrigToResp { orig } else { resp }
    }
}

/// What was said in a flow so far.
#[derive(Debug)]
pub(in crate::proto) struct Listener {
    flow: Ends,
    pieces: Vec<Piece>,
    bytes: usize,
    /// Control characters stand in what was said: no lab but a room has a name for them.
    is_odd: bool,
}

#[derive(Debug)]
struct Piece {
    from: Direction,
    at: PacketStamp,
    bytes: Box<[u8]>,
    /// It stands for bytes that are not in the capture.
    is_gap: bool,
}

impl Ear {
    /// Listens to what a packet brings; the analyzer of the lab that it is, once that is sure.
    pub(in crate::proto) fn hear(
        &mut self,
        flow: Ends,
        from: Direction,
        bytes: &[u8],
        at: PacketStamp,
    ) -> Option<LabAnalyzer> {
        if matches!(self, Self::Closed) {
            return None;
        }
        let is_usual = may_be_said(bytes);
        if !is_usual && !may_be_a_name(flow.transport, bytes) {
            *self = Self::Closed;
            return None;
        }
        if matches!(self, Self::Fresh) {
            *self = Self::Listening(Box::new(Listener { flow, pieces: Vec::new(), bytes: 0, is_odd: false }));
        }
        let Self::Listening(listener) = self else { return None };
        listener.is_odd |= !is_usual;
        let found = listener.hear(from, bytes, at);
        if found.is_some() || listener.is_full() {
            *self = Self::Closed;
        }
        found
    }

    /// Bytes of `from` are not in the capture: what comes behind them is not put together with what came before.
    pub(in crate::proto) fn gap(&mut self, flow: Ends, from: Direction) {
        if matches!(self, Self::Fresh) {
            *self = Self::Listening(Box::new(Listener { flow, pieces: Vec::new(), bytes: 0, is_odd: false }));
        }
        let Self::Listening(listener) = self else { return };
        // It may be told twice: when the other side shows that it has them, and when this one goes on.
        if !listener.pieces.last().is_some_and(|last| last.is_gap && last.from == from) {
            let at = PacketStamp { number: 0, ts: None };
            listener.pieces.push(Piece { from, at, bytes: Box::default(), is_gap: true });
        }
        if listener.is_full() {
            *self = Self::Closed;
        }
    }

    /// Whether pings wait for their first answer: then it is worth listening on when everybody else has given up.
    pub(in crate::proto) fn waits(&self) -> bool {
        let Self::Listening(listener) = self else { return false };
        let Some(first) = listener.pieces.first() else { return false };
        listener.flow.transport == TransportProtocol::Udp
            && listener.pieces.iter().all(|piece| piece.from == first.from)
    }

    /// Memory that it keeps, in bytes.
    pub(in crate::proto) fn held(&self) -> usize {
        match self {
            Self::Listening(listener) => {
                let pieces = listener.pieces.capacity().saturating_mul(size_of::<Piece>());
                listener.bytes.saturating_add(pieces).saturating_add(size_of::<Listener>())
            }
            Self::Fresh | Self::Closed => 0,
        }
    }
}

/// Whether a lab may say this: a short text, or what follows an accepted key.
fn may_be_said(bytes: &[u8]) -> bool {
    if bytes.starts_with(file::SUCCESS.as_bytes()) {
        return true;
    }
    // What most other flows begin with is told by a few bytes.
    let is_text = |byte: &u8| *byte >= b' ' || matches!(byte, b'\t' | b'\r' | b'\n');
    bytes.len() <= MAX_PIECE
        && bytes.iter().all(is_text)
        && std::str::from_utf8(bytes).is_ok_and(|text| !text.chars().any(is_control))
}

/// Whether this may be the name that a member of a chat room gives, or what its server tells of it: the lab forbids control
/// characters there, and a server that allows them is this lab's all the same. Most of a name is letters.
fn may_be_a_name(transport: TransportProtocol, bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(trimmed(bytes)) else { return false };
    let count = |test: fn(char) -> bool| text.chars().filter(|letter| test(*letter)).count();
    let (letters, controls) = (count(char::is_alphanumeric), count(is_control));
    transport == TransportProtocol::Tcp
        && (bytes.len() <= chat::MAX_NAME && letters > controls || chat::tells_of_joining(text))
}

fn is_control(letter: char) -> bool {
    letter.is_control() && !matches!(letter, '\t' | '\r' | '\n')
}

impl Listener {
    fn is_full(&self) -> bool {
        self.pieces.len() >= MAX_PIECES || self.bytes >= MAX_BYTES
    }

    fn hear(&mut self, from: Direction, bytes: &[u8], at: PacketStamp) -> Option<LabAnalyzer> {
        // Of the bytes behind an accepted key nothing tells more.
        let told = bytes.get(..MAX_PIECE).unwrap_or(bytes);
        let begun = self.turn_begins(from);
        let turn = |pieces: &[Piece]| -> Vec<u8> {
            let before = pieces.iter().flat_map(|piece| piece.bytes.iter().copied());
            before.chain(told.iter().copied()).collect()
        };
        let before = self.pieces.get(begun..).unwrap_or(&[]);
        let alone = self.decide(from, told, begun);
        // On a connection a message may be split.
        let is_split = alone.is_none() && !before.is_empty() && self.flow.transport == TransportProtocol::Tcp;
        let joined = is_split.then(|| turn(before));
        let found = alone.or_else(|| self.decide(from, joined.as_deref()?, begun));
        let Some((lab, client)) = found else {
            self.bytes = self.bytes.saturating_add(told.len());
            self.pieces.push(Piece { from, at, bytes: told.into(), is_gap: false });
            return None;
        };
        let mut analyzer = LabAnalyzer::of(lab, client);
        let replayed = if is_split { begun } else { self.pieces.len() };
        let is_stream = self.flow.transport == TransportProtocol::Tcp;
        let mut waits = Vec::new();
        for (place, piece) in self.pieces.iter().enumerate().take(replayed) {
            if piece.is_gap {
                analyzer.lacks(piece.from);
                continue;
            }
            waits.extend_from_slice(&piece.bytes);
            let next =
                self.pieces.get(place.saturating_add(1)).filter(|_| place.saturating_add(1) < replayed);
            let goes_on = is_stream && next.is_some_and(|next| next.from == piece.from && !next.is_gap);
            analyzer.replay(piece.from, piece.at, &mut waits, is_stream, goes_on);
        }
        for piece in self.pieces.iter().skip(replayed) {
            analyzer.begun(piece.from, &piece.bytes);
        }
        Some(analyzer)
    }

    /// Where the pieces begin that `from` has said since the other side spoke, or since bytes are missing.
    fn turn_begins(&self, from: Direction) -> usize {
        let other = self.pieces.iter().rposition(|piece| piece.from != from || piece.is_gap);
        other.map_or(0, |place| place.saturating_add(1))
    }

    /// The lab that `text`, said by `from` behind the pieces before number `begun`, shows, and which side is the client.
    fn decide(&self, from: Direction, text: &[u8], begun: usize) -> Option<(Lab, Direction)> {
        let text = trimmed(text);
        let before = self.pieces.get(..begun).unwrap_or(&[]);
        let found = match by_words(self.flow.transport, text, before) {
            Some((lab, by_client)) => Some((lab, if by_client { from } else { from.reversed() })),
            None => self.by_answer(from, text, before).map(|lab| (lab, from.reversed())),
        };
        found.filter(|(lab, _)| !self.is_odd || *lab == Lab::Chat)
    }

    /// The lab in which `text`, said by `from`, answers what was said before.
    fn by_answer(&self, from: Direction, text: &[u8], before: &[Piece]) -> Option<Lab> {
        let transport = self.flow.transport;
        let behind = |is_end: &dyn Fn(&Piece) -> bool| {
            before.iter().rposition(is_end).map_or(0, |place| place.saturating_add(1))
        };
        // What an answer fits shows by itself; nothing is put together over a gap.
        let asked = before.get(behind(&|piece| piece.from == from && !piece.is_gap)..)?;
        let last = asked.iter().rfind(|piece| !piece.is_gap).map(|piece| trimmed(&piece.bytes))?;
        let together = before.get(behind(&|piece| piece.from == from || piece.is_gap)..)?;
        let all: Vec<u8> = together.iter().flat_map(|piece| piece.bytes.iter().copied()).collect();
        let answer = std::str::from_utf8(text).ok()?;
        let fits = [last, trimmed(&all)]
            .into_iter()
            .filter_map(|asked| std::str::from_utf8(asked).ok())
            .find_map(|asked| answered(transport, asked, answer));
        let is_whole = !before.iter().any(|piece| piece.is_gap);
        fits.or_else(|| echoed_in_room(transport, before, from, answer).filter(|_| is_whole))
            .or_else(|| self.wrong_capitals(from, answer, before).filter(|_| is_whole))
            .or_else(|| self.wrong_answer(from, answer, before).filter(|_| is_whole))
    }

    /// The lab whose client begins with words of its own at the course's port, where another answer than the lab's comes: its server's,
    /// and wrong.
    fn wrong_answer(&self, from: Direction, answer: &str, before: &[Piece]) -> Option<Lab> {
        let first = before.first().filter(|first| first.from != from)?;
        let words = trimmed(&first.bytes);
        let asked = std::str::from_utf8(words).ok()?;
        let is_line = !answer.trim().is_empty() && answer.len() <= MAX_TEXT;
        let is_asked = || match (self.flow.transport, self.flow.port_of(from)) {
            (TransportProtocol::Tcp, chatbot::PORT) => chatbot::is_question(words).then_some(Lab::ChatbotTcp),
            (TransportProtocol::Udp, chatbot::PORT) => chatbot::is_question(words).then_some(Lab::ChatbotUdp),
            (TransportProtocol::Tcp, DUAL_STACK_PORT) => (asked == HII).then_some(Lab::DualStack),
            (TransportProtocol::Tcp, file::PORT) => (asked == file::KEY).then_some(Lab::FileTransfer),
            (TransportProtocol::Udp, relay::PORT) => {
                let is_hii = asked.trim().eq_ignore_ascii_case(relay::HII);
                (is_hii || relay::is_refusal(answer)).then_some(Lab::Relay)
            }
            _ => None,
        };
        is_line.then(is_asked).flatten()
    }

    /// A line of text that the port of `uppercase` answers with another: its server's, and wrong. Where more than the case of letters
    /// differs, the line must be none that another lab's client or a protocol with line ends begins with, and nothing was said before.
    fn wrong_capitals(&self, from: Direction, answer: &str, before: &[Piece]) -> Option<Lab> {
        let is_tcp = self.flow.transport == TransportProtocol::Tcp;
        let last = before.last()?;
        let asked = std::str::from_utf8(trimmed(&last.bytes)).ok()?;
        let is_asked = self.flow.port_of(from) == uppercase::PORT
            && before.first().is_some_and(|first| first.from != from)
            && uppercase::may_be_wrong(asked, answer);
        let is_plain = || {
            (before.len() == 1 || !is_tcp)
                && !last.bytes.ends_with(b"\r\n")
                && could_be(self.flow.transport, asked.as_bytes()).is_empty()
        };
        if !is_asked || !uppercase::has_same_letters(asked, answer) && !is_plain() {
            return None;
        }
        Some(if is_tcp { Lab::UppercaseTcp } else { Lab::UppercaseUdp })
    }
}

/// The lab that alone has these words, and whether its client says them.
fn by_words(transport: TransportProtocol, text: &[u8], before: &[Piece]) -> Option<(Lab, bool)> {
    let text_of = std::str::from_utf8(text).ok();
    let is = |words: &str| text == words.as_bytes();
    match transport {
        TransportProtocol::Udp => {
            let text_of = text_of?;
            match () {
                () if is(JOKE) => Some((Lab::Greeting, true)),
                () if is(clock::SEND_DATE) || is(clock::SEND_TIME) => Some((Lab::Datetime, true)),
                () if ping::acknowledgement(text_of).is_some() => Some((Lab::UdpPing, false)),
                () if is(ping::CALIBRATED) || is(ping::STOPPING) => Some((Lab::UdpPing, false)),
                () if relay::is_status(text_of) || relay::forwarded(text_of).is_some() => {
                    Some((Lab::Relay, false))
                }
                () if relay::read_order(text_of).order.is_some() => Some((Lab::Relay, true)),
                () if chatbot::is_answer(text) && !before.is_empty() => Some((Lab::ChatbotUdp, false)),
                () => None,
            }
        }
        TransportProtocol::Tcp => {
            // What is missing may have been the key.
            let has_one_key = || {
                let mut keys = before.iter().filter(|piece| !piece.is_gap);
                !before.is_empty()
                    && keys.next().is_none_or(|key| key.bytes.len() <= MAX_NAME_OF_KEY)
                    && keys.next().is_none()
            };
            match () {
                () if text.starts_with(KNOCK.as_bytes()) => Some((Lab::Knock, true)),
                () if text_of.is_some_and(chat::tells_of_joining) => Some((Lab::Chat, false)),
                () if text.starts_with(file::SUCCESS.as_bytes()) && has_one_key() => {
                    Some((Lab::FileTransfer, false))
                }
                () if is(file::ERROR) && has_one_key() => Some((Lab::FileTransfer, false)),
                () if chatbot::is_answer(text) && !before.is_empty() => Some((Lab::ChatbotTcp, false)),
                () => None,
            }
        }
    }
}

/// Longest key of a file.
const MAX_NAME_OF_KEY: usize = 256;

/// The lab in which `answer` answers `asked`.
pub(super) fn answered(transport: TransportProtocol, asked: &str, answer: &str) -> Option<Lab> {
    let is_tcp = transport == TransportProtocol::Tcp;
    if is_tcp && asked.starts_with(HII) && answer.starts_with(ACKNOWLEDGEMENT) {
        return Some(Lab::DualStack);
    }
    if is_tcp && asked.starts_with(KNOCK_BEGINS) && answer == WHO {
        return Some(Lab::Knock);
    }
    if is_tcp && asked == file::KEY && answer.starts_with(file::SUCCESS) {
        return Some(Lab::FileTransfer);
    }
    if is_tcp && calculator::is_answered(asked, answer) {
        return Some(Lab::Calculator);
    }
    if !is_tcp && asked.trim().eq_ignore_ascii_case(relay::HII) && relay::address(answer).is_some() {
        return Some(Lab::Relay);
    }
    if uppercase::is_capitals(asked, answer) && !asked.contains('\n') {
        return Some(if is_tcp { Lab::UppercaseTcp } else { Lab::UppercaseUdp });
    }
    None
}

/// A room whose server does not tell a member of itself: it passes on, under the name that the member gave, what it typed.
fn echoed_in_room(
    transport: TransportProtocol,
    before: &[Piece],
    server: Direction,
    answer: &str,
) -> Option<Lab> {
    let Some(chat::Told::Line(name, said)) = chat::read(answer) else { return None };
    let mut typed = before.iter().filter(|piece| piece.from != server).map(|piece| trimmed(&piece.bytes));
    let own = typed.next()?;
    let is_own = transport == TransportProtocol::Tcp
        && own == name.as_bytes()
        && !said.is_empty()
        && typed.any(|line| line == said.as_bytes());
    is_own.then_some(Lab::Chat)
}

/// The labs in which a client begins with these very words, where an answer has yet to tell which: empty where any text
/// might be meant.
#[must_use]
pub fn could_be(transport: TransportProtocol, text: &[u8]) -> Vec<Lab> {
    let text = trimmed(text);
    let mut labs = Vec::new();
    let Ok(words) = std::str::from_utf8(text) else { return labs };
    match transport {
        TransportProtocol::Udp => {
            labs.extend(chatbot::is_question(text).then_some(Lab::ChatbotUdp));
            let is_ping = words == "Hello Server" || ping::calibration(words).is_some();
            labs.extend(is_ping.then_some(Lab::UdpPing));
            labs.extend(words.trim().eq_ignore_ascii_case(relay::HII).then_some(Lab::Relay));
            if !labs.is_empty() {
                labs.push(Lab::UppercaseUdp);
            }
        }
        TransportProtocol::Tcp => {
            labs.extend(chatbot::is_question(text).then_some(Lab::ChatbotTcp));
            labs.extend((words == HII).then_some(Lab::DualStack));
            labs.extend((words == file::KEY).then_some(Lab::FileTransfer));
            if !labs.is_empty() {
                labs.extend([Lab::UppercaseTcp, Lab::Calculator, Lab::Chat]);
            }
        }
    }
    labs
}

/// Messages that were told before a flow was recognised, as they are told then.
pub(super) type Earlier = Vec<LabMessage>;
