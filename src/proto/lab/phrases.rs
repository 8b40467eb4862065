//! `greeting`, `knock` and `dual-stack`: a set question, a set answer, and little else.

use super::waiting::{Asked, Waiting};
use super::{Cut, Fault, Heard, Said, Says, Session, cut_set};
use crate::flow::PacketStamp;

/// What is asked, what is answered, and what ends it.
#[derive(Debug)]
pub(super) struct Script {
    question: &'static str,
    answer: &'static str,
    /// Nothing is answered to this.
    end: Option<&'static str>,
    /// In datagrams, and whatever is asked gets the answer.
    any: bool,
}

pub(super) const JOKE: &str = "I could tell you a UDP joke but I'm not sure you'll get it.";
pub(super) const KNOCK: &str = "Knock knock..";
/// What a knock begins with, whatever follows it.
pub(super) const KNOCK_BEGINS: &str = "Knock knock";
pub(super) const WHO: &str = "Who's there?";
pub(super) const HII: &str = "Hii Server";
pub(super) const ACKNOWLEDGEMENT: &str = "Acknowledgement";

/// The course's port of `dual-stack`.
pub(super) const DUAL_STACK_PORT: u16 = 9002;

pub(super) static GREETING: Script = Script { question: JOKE, answer: "Ok", end: None, any: true };
pub(super) static KNOCKING: Script = Script { question: KNOCK, answer: WHO, end: None, any: false };
pub(super) static DUAL_STACK: Script =
    Script { question: HII, answer: ACKNOWLEDGEMENT, end: Some("exit"), any: false };

/// A talk of set phrases.
#[derive(Debug)]
pub(super) struct Phrases {
    script: &'static Script,
    waiting: Waiting<PacketStamp>,
}

impl Phrases {
    pub(super) fn new(script: &'static Script) -> Self {
        Self { script, waiting: Waiting::default() }
    }
}

impl Session for Phrases {
    fn cut(&self, by_client: bool, bytes: &[u8]) -> Cut {
        match (by_client, self.script.end) {
            (false, _) => cut_set(bytes, &[self.script.answer]),
            (true, Some(end)) => cut_set(bytes, &[self.script.question, end]),
            (true, None) => cut_set(bytes, &[self.script.question]),
        }
    }

    fn hear(&mut self, heard: Heard<'_>) -> Said {
        let Script { question, answer, end, any } = self.script;
        let text = heard.text;
        if heard.by_client {
            if end.is_some_and(|end| end.as_bytes() == text) {
                return Said::new(true, Says::Farewell);
            }
            let is_set = text == question.as_bytes();
            // A knock that is written otherwise is answered all the same.
            let is_knock = !is_set && *question == KNOCK && text.starts_with(KNOCK_BEGINS.as_bytes());
            if is_set || *any || is_knock {
                self.waiting.push(heard.at);
            }
            let fault = is_knock.then(|| Fault::Expected((*question).into()));
            return Said::new(true, if is_set { Says::Question } else { Says::Other }).fault(fault);
        }
        // All questions have the same answer, so that where bytes are missing the answer tells no question from another.
        let is_right = text == answer.as_bytes();
        let asked = if *any {
            self.waiting.in_any_order((text, heard.at), |at| *at, |_| is_right)
        } else {
            self.waiting.in_order(|_| is_right)
        };
        let said = asked.told(Said::new(false, if is_right { Says::Answer } else { Says::Other }), |at| *at);
        let said = said.or_again(self.waiting.copy_of());
        match asked {
            Asked::Is(_) if !is_right => said.fault(Some(Fault::Expected((*answer).into()))),
            // What is said where nothing waits is nobody's answer.
            Asked::None if !is_right => said.fault(None),
            _ => said,
        }
    }

    fn takes_turns(&self, by_client: bool) -> bool {
        by_client
    }

    fn gap(&mut self, _: bool, _: u64) {
        self.waiting.lose_track();
    }

    fn held(&self) -> usize {
        self.waiting.held()
    }
}
