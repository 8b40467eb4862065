//! `chatbot`: three set questions, and an apology for everything else.

use super::waiting::{Asked, Waiting};
use super::{Cut, Fault, Heard, Said, Says, Session, cut_set};
use crate::flow::PacketStamp;

/// The course's port.
pub(super) const PORT: u16 = 12_345;

const SORRY: &str = "Sorry, I don't understand.";
const GOODBYE: &str = "Goodbye";
const TALK_SOON: &str = "Goodbye! Talk soon!";

/// What is asked and what is answered.
const TALK: [(&str, &str); 3] = [
    ("Hey", "Hello! How can I help you today?"),
    ("What's your name?", "It's nice to meet you!"),
    (GOODBYE, TALK_SOON),
];

/// All that the server says.
const ANSWERS: [&str; 4] = ["Hello! How can I help you today?", "It's nice to meet you!", TALK_SOON, SORRY];

/// Whether `text` is one of the answers, whole.
pub(super) fn is_answer(text: &[u8]) -> bool {
    ANSWERS.iter().any(|answer| answer.as_bytes() == text)
}

/// Whether `text` is one of the questions, whole.
pub(super) fn is_question(text: &[u8]) -> bool {
    TALK.iter().any(|(question, _)| question.as_bytes() == text)
}

fn answer_to(text: &[u8]) -> &'static str {
    TALK.iter().find(|(question, _)| question.as_bytes() == text).map_or(SORRY, |(_, answer)| *answer)
}

/// A talk.
#[derive(Debug)]
pub(super) struct Chatbot {
    is_stream: bool,
    waiting: Waiting<(PacketStamp, &'static str)>,
}

impl Chatbot {
    pub(super) fn new(is_stream: bool) -> Self {
        Self { is_stream, waiting: Waiting::default() }
    }
}

impl Session for Chatbot {
    fn cut(&self, by_client: bool, bytes: &[u8]) -> Cut {
        if !by_client {
            return cut_set(bytes, &ANSWERS);
        }
        // Anything may be asked: the beginning of a set question is a question, too.
        match cut_set(bytes, &TALK.map(|(question, _)| question)) {
            Cut::More(_) => Cut::Whole,
            cut => cut,
        }
    }

    fn hear(&mut self, heard: Heard<'_>) -> Said {
        if heard.by_client {
            let answer = answer_to(heard.text);
            self.waiting.push((heard.at, answer));
            let says = match () {
                () if heard.text == GOODBYE.as_bytes() => Says::Farewell,
                () if is_question(heard.text) => Says::Question,
                () => Says::Other,
            };
            return Said::new(true, says);
        }
        let fits = |(_, right): &(PacketStamp, &'static str)| right.as_bytes() == heard.text;
        let asked = if self.is_stream {
            self.waiting.in_order(fits)
        } else {
            self.waiting.in_any_order((heard.text, heard.at), |(at, _)| *at, fits)
        };
        let says = if heard.text == TALK_SOON.as_bytes() { Says::Farewell } else { Says::Answer };
        let said = asked.told(Said::new(false, says), |(at, _)| *at).or_again(self.waiting.copy_of());
        match asked {
            Asked::Is((_, right)) if heard.text != right.as_bytes() => {
                said.fault(Some(Fault::Expected(right.into())))
            }
            _ => said,
        }
    }

    fn gap(&mut self, _: bool, _: u64) {
        self.waiting.lose_track();
    }

    fn held(&self) -> usize {
        self.waiting.held()
    }
}
