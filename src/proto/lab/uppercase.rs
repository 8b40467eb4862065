//! `uppercase`: a sentence, and the same in capitals. Capitals are Unicode's, as Python's `str.upper` makes them.

use super::waiting::Waiting;
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

#[derive(Debug)]
struct Sentence {
    at: PacketStamp,
    /// The sentence in capitals.
    right: Box<str>,
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

    fn pop(&mut self) -> Option<Sentence> {
        let sentence = self.waiting.pop()?;
        self.bytes = self.bytes.saturating_sub(sentence.right.len());
        Some(sentence)
    }

    /// Sentences in a row whose capitals `answer` is: how many.
    fn several(&self, answer: &str) -> Option<usize> {
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
        let rest = bytes.strip_prefix(right.as_bytes());
        let is_begun = bytes.len() < right.len() && right.as_bytes().starts_with(bytes);
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
        let Some(text) = heard.str() else {
            if !heard.by_client {
                let asked = self.pop().map(|sentence| sentence.at);
                return Said::new(false, Says::Capitals).answers(asked).fault(Some(Fault::NotUtf8));
            }
            return Said::new(true, Says::Sentence).fault(Some(Fault::NotUtf8));
        };
        if heard.by_client {
            let right: Box<str> = text.to_uppercase().into();
            if self.bytes.saturating_add(right.len()) <= MAX_WAITING_BYTES {
                self.bytes = self.bytes.saturating_add(right.len());
                self.waiting.push(Sentence { at: heard.at, right });
            } else {
                self.waiting.lose_track();
                self.bytes = 0;
            }
            return Said::new(true, Says::Sentence);
        }
        let said = Said::new(false, Says::Capitals);
        let Some(first) = self.waiting.front() else {
            return said.fault(self.waiting.unasked());
        };
        let (asked, right) = (first.at, first.right.clone());
        if text == &*right {
            self.pop();
            return said.answers(Some(asked));
        }
        // In datagrams one may be lost; on a connection one answer may be to several sentences.
        let (from, count) = if self.is_stream {
            (0, self.several(text).unwrap_or(0))
        } else {
            let found = self.waiting.iter().position(|sentence| &*sentence.right == text);
            (found.unwrap_or(0), usize::from(found.is_some()))
        };
        if count > 0 {
            let asked = self.waiting.iter().nth(from).map(|sentence| sentence.at);
            for _ in 0..from.saturating_add(count) {
                self.pop();
            }
            return said.answers(asked);
        }
        self.pop();
        said.answers(Some(asked)).fault(Some(Fault::Expected(kept(&right))))
    }

    fn gap(&mut self, _: bool, _: u64) {
        self.waiting.lose_track();
        self.bytes = 0;
    }

    fn held(&self) -> usize {
        self.bytes.saturating_add(self.waiting.held())
    }
}
