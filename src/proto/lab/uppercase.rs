//! `uppercase`: a sentence, and the same in capitals. Capitals are Unicode's, as Python's `str.upper` makes them.

use super::waiting::{Asked, Waiting};
use super::{Cut, Fault, Heard, MAX_TEXT, Said, Says, Session, kept};
use crate::flow::PacketStamp;

/// Most bytes of sentences that wait for their capitals; what is said beyond them is not compared.
const MAX_WAITING_BYTES: usize = 64 << 10;

/// Fewest letters that have to differ: one may be chance.
const MIN_CHANGED: usize = 2;

/// Whether `answer` is `sentence` in capitals, or nearly: it says the same letters, none of ASCII is small, and some were.
pub(super) fn is_capitals(sentence: &str, answer: &str) -> bool {
    let changed = sentence.chars().zip(answer.chars()).filter(|(a, b)| a != b).count();
    changed >= MIN_CHANGED
        && !answer.bytes().any(|byte| byte.is_ascii_lowercase())
        && sentence.len() <= MAX_TEXT
        && sentence.to_uppercase() == answer.to_uppercase()
}

/// The course's port: there an answer that is not the sentence in capitals is a wrong one, and not another protocol.
pub const PORT: u16 = 12_000;

/// Whether `answer`, from [`PORT`], is what a server of this lab makes of `sentence`, right or wrong: both are a line of text, and the
/// sentence has letters, without which nothing is put in capitals.
pub(super) fn may_be_wrong(sentence: &str, answer: &str) -> bool {
    let is_line =
        |text: &str| !text.trim().is_empty() && text.len() <= MAX_TEXT && !text.contains(['\r', '\n']);
    is_line(sentence) && is_line(answer) && sentence.chars().any(char::is_alphabetic)
}

/// Whether the two differ in the case of letters at most.
pub(super) fn has_same_letters(sentence: &str, answer: &str) -> bool {
    sentence.to_uppercase() == answer.to_uppercase()
}

/// Instead of capitals that no datagram carries.
const TOO_LONG: &str = "Not sent: in capitals this has more bytes than a datagram carries.";

/// Most bytes that a datagram carries: 65,535 less the headers of IPv4 and UDP.
const MAX_DATAGRAM: usize = 65_507;

/// What the lab's server answers: bytes that are no UTF-8 come back as they are between the capitals.
fn in_capitals(sentence: &[u8], is_stream: bool) -> Vec<u8> {
    let mut answer = Vec::with_capacity(sentence.len());
    for chunk in sentence.utf8_chunks() {
        answer.extend_from_slice(chunk.valid().to_uppercase().as_bytes());
        answer.extend_from_slice(chunk.invalid());
    }
    if !is_stream && answer.len() > MAX_DATAGRAM { TOO_LONG.into() } else { answer }
}

#[derive(Clone, Debug)]
struct Sentence {
    at: PacketStamp,
    /// The sentence in capitals, or what is said instead.
    right: Box<[u8]>,
}

/// What waits for capitals.
#[derive(Debug)]
pub(super) struct Uppercase {
    is_stream: bool,
    waiting: Waiting<Sentence>,
    bytes: usize,
}

impl Uppercase {
    pub(super) fn new(is_stream: bool) -> Self {
        Self { is_stream, waiting: Waiting::default(), bytes: 0 }
    }

    /// The sentence that `answer` is for.
    fn asked(&mut self, heard: Heard<'_>) -> Asked<Sentence> {
        let fits = |sentence: &Sentence| *heard.text == *sentence.right;
        let asked = if self.is_stream {
            self.waiting.in_order(fits)
        } else {
            self.waiting.in_any_order((heard.text, heard.at), |sentence| sentence.at, fits)
        };
        self.count();
        asked
    }

    fn count(&mut self) {
        self.bytes = self.waiting.iter().map(|sentence| sentence.right.len()).sum();
    }

    /// Sentences in a row whose capitals `answer` is: how many.
    fn several(&self, answer: &[u8]) -> Option<usize> {
        let mut rest = answer;
        for (place, sentence) in self.waiting.iter().enumerate() {
            rest = rest.strip_prefix(&*sentence.right)?;
            if rest.is_empty() {
                return Some(place.saturating_add(1));
            }
        }
        None
    }
}

impl Session for Uppercase {
    fn cut(&self, by_client: bool, bytes: &[u8]) -> Cut {
        let (false, Some(sentence)) = (by_client, self.waiting.front()) else { return Cut::Whole };
        let right = &*sentence.right;
        let rest = bytes.strip_prefix(right);
        let is_begun = bytes.len() < right.len() && right.starts_with(bytes);
        match rest {
            _ if is_begun => Cut::More(right.len()),
            // A server reads what has come: what follows is the answer to the next sentence.
            Some([next, ..]) if !matches!(next, b'\r' | b'\n') && self.waiting.len() > 1 => {
                Cut::At(right.len())
            }
            _ => Cut::Whole,
        }
    }

    fn hear(&mut self, heard: Heard<'_>) -> Said {
        if heard.by_client {
            let right: Box<[u8]> = in_capitals(heard.text, self.is_stream).into();
            if self.bytes.saturating_add(right.len()) <= MAX_WAITING_BYTES {
                self.waiting.push(Sentence { at: heard.at, right });
            } else {
                self.waiting = Waiting::default();
                self.waiting.lose_track();
            }
            self.count();
            let fault = heard.str().is_none().then_some(Fault::NotUtf8);
            return Said::new(true, Says::Sentence).fault(fault);
        }
        let said = Said::new(false, Says::Capitals);
        // On a connection one answer may be to several sentences.
        let several = if self.is_stream && !self.waiting.is_lost() { self.several(heard.text) } else { None };
        if let Some(count @ 2..) = several {
            let asked = self.waiting.pop().map(|sentence| sentence.at);
            for _ in 1..count {
                self.waiting.pop();
            }
            self.count();
            return said.answers(asked);
        }
        let asked = self.asked(heard);
        let said = asked.told(said, |sentence| sentence.at).or_again(self.waiting.copy_of());
        match (asked, heard.str()) {
            (Asked::Is(sentence), _) if heard.text == &*sentence.right => said,
            (_, None) => said.fault(Some(Fault::NotUtf8)),
            (Asked::Is(sentence), Some(_)) => {
                said.fault(Some(Fault::Expected(kept(&String::from_utf8_lossy(&sentence.right)))))
            }
            _ => said,
        }
    }

    /// An answer that is shorter than what is right, and of the only sentence that waits, is all that there is.
    fn takes_turns(&self, by_client: bool) -> bool {
        !by_client && self.waiting.len() == 1
    }

    fn gap(&mut self, _: bool, _: u64) {
        self.waiting.lose_track();
    }

    fn held(&self) -> usize {
        self.bytes.saturating_add(self.waiting.held())
    }
}
