//! Questions of a flow that nothing in the capture answers.

use std::collections::HashMap;

use super::LabFlow;
use crate::proto::lab::{Lab, LabMessage, Right, Says, join_pieces};

/// Messages of a client that are no sums from which on it is looked whether segments are pieces.
const MIN_NO_REQUESTS: usize = 4;

impl LabFlow {
    /// The client's messages that the lab's server would answer and that nothing in the capture answers. Pings are told
    /// otherwise ([`super::PingTotals`]), and of set phrases all answers are alike: which is missing is not known.
    #[must_use]
    pub fn unanswered(&self) -> Vec<&LabMessage> {
        let answers =
            self.messages.iter().filter_map(|message| Some((message.said.answers?.number, message)));
        let answered: HashMap<_, _> = answers.collect();
        let mut open = Vec::new();
        // On a connection one answer may be to several sentences.
        let mut rest: &[u8] = &[];
        for message in self.messages.iter().filter(|message| message.said.by_client) {
            if !self.wants_answer(&message.said.says) {
                continue;
            }
            let capitals = || String::from_utf8_lossy(&message.text).to_uppercase();
            if let Some(answer) = answered.get(&message.at.number) {
                let text = if self.lab == Lab::UppercaseTcp { &*answer.text } else { &[] };
                rest = text.strip_prefix(capitals().as_bytes()).unwrap_or_default();
                continue;
            }
            match rest.strip_prefix(capitals().as_bytes()) {
                Some(left) if !rest.is_empty() => rest = left,
                _ => open.push(message),
            }
        }
        open
    }

    fn wants_answer(&self, says: &Says) -> bool {
        match self.lab {
            Lab::Calculator => matches!(says, Says::Sum(..)),
            Lab::UppercaseTcp | Lab::UppercaseUdp => *says == Says::Sentence,
            Lab::ChatbotTcp | Lab::ChatbotUdp => true,
            Lab::Datetime => matches!(says, Says::AskDate | Says::AskTime),
            Lab::Relay => matches!(says, Says::AskAddress | Says::Send(_)),
            _ => false,
        }
    }

    /// Puts the pieces of messages together where a calculator's segments are pieces: most that its client says is no request.
    pub(super) fn join_pieces(&mut self) {
        if self.lab != Lab::Calculator || self.pieces > 0 {
            return;
        }
        let asked = self.messages.iter().filter(|message| message.said.by_client);
        let (wrong, all) = asked.fold((0_usize, 0_usize), |(wrong, all), message| {
            let is_wrong = matches!(message.said.says, Says::Sum(_, Right::NoSum));
            (wrong + usize::from(is_wrong), all + 1)
        });
        if wrong < MIN_NO_REQUESTS || wrong.saturating_mul(2) < all {
            return;
        }
        let joined = join_pieces(&self.messages);
        // Who types nonsense waits for the answer: then there is little to put together.
        if joined.len().saturating_mul(2) <= self.messages.len() {
            self.pieces = u64::try_from(self.messages.len()).unwrap_or(u64::MAX);
            self.messages = joined;
        }
    }
}
