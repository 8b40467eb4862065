//! `chatbot-tcp` and `chatbot-udp`: three set questions over both transports, to compare them.

use super::client::{self, LastWords};
use super::{Action, Lab, Stateless, Transport, say, without_line_end};

const PORT: u16 = 12_345;
const HEY: &str = "Hey";
const NAME: &str = "What's your name?";
const GOODBYE: &str = "Goodbye";
const SORRY: &str = "Sorry, I don't understand.";
const TALK: [(&str, &str); 3] = [
    (HEY, "Hello! How can I help you today?"),
    (NAME, "It's nice to meet you!"),
    (GOODBYE, "Goodbye! Talk soon!"),
];
const MESSAGES: &[&str] = &[HEY, NAME, "Can you sing?", GOODBYE];
const LAST: LastWords = LastWords { words: GOODBYE, are_answered: true };

pub(super) static TCP: Lab = Lab {
    name: "chatbot-tcp",
    title: "a bot with three answers, over TCP",
    transport: Transport::Tcp,
    default_port: PORT,
    messages: MESSAGES,
    options: &[],
    logic: |_| Stateless::logic(|message| questions(message).into_iter().flat_map(respond).collect()),
    client: |session| client::take_turns_until(session, Some(LAST)),
};

pub(super) static UDP: Lab = Lab {
    name: "chatbot-udp",
    title: "the same bot over UDP",
    transport: Transport::Udp,
    default_port: PORT,
    messages: MESSAGES,
    options: &[],
    logic: |_| Stateless::logic(|message| respond(without_line_end(message))),
    client: |session| client::take_turns_until(session, Some(LAST)),
};

fn respond(question: &[u8]) -> Vec<Action> {
    let answer = TALK.iter().find(|(asked, _)| asked.as_bytes() == question).map_or(SORRY, |(_, said)| *said);
    let mut actions = say(answer);
    if question == GOODBYE.as_bytes() {
        actions.push(Action::Close);
    }
    actions
}

/// The questions of a segment: one, unless it is set questions and nothing else.
fn questions(message: &[u8]) -> Vec<&[u8]> {
    let whole = without_line_end(message);
    if whole.is_empty() {
        return Vec::new();
    }
    let mut questions = Vec::new();
    let mut rest = whole;
    while !rest.is_empty() {
        let Some((question, behind)) =
            TALK.iter().find_map(|(asked, _)| Some((*asked, rest.strip_prefix(asked.as_bytes())?)))
        else {
            return vec![whole];
        };
        questions.push(question.as_bytes());
        // Over UDP, where nothing runs together, a space more makes another question; so it does here.
        let ends = behind.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
        rest = behind.get(ends..).unwrap_or_default();
    }
    questions
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bot_has_three_answers_and_an_apology() {
        for (question, answer) in [
            (HEY, "Hello! How can I help you today?"),
            (NAME, "It's nice to meet you!"),
            ("hey", SORRY),
            ("Hey ", SORRY),
            ("", SORRY),
            ("Goodbye!", SORRY),
        ] {
            assert_eq!(respond(question.as_bytes()), say(answer), "{question}");
        }
        assert_eq!(respond(b"\xff\x00"), say(SORRY));
        assert_eq!(respond(b"Goodbye"), [Action::Say(b"Goodbye! Talk soon!".to_vec()), Action::Close]);
    }

    #[test]
    fn set_questions_that_run_together_are_parted() {
        for (message, parts) in [
            ("Hey\r\n", &["Hey"][..]),
            ("HeyWhat's your name?", &[HEY, NAME]),
            ("Hey\nHey\nGoodbye\n", &[HEY, HEY, GOODBYE]),
            ("Hey you", &["Hey you"]),
            ("Goodbye!", &["Goodbye!"]),
            ("HeyHo", &["HeyHo"]),
            ("Hey ", &["Hey "]),
            ("Hey \r\n", &["Hey "]),
            ("Hey Goodbye", &["Hey Goodbye"]),
            ("\r\n", &[]),
        ] {
            let parted: Vec<&str> = questions(message.as_bytes())
                .into_iter()
                .map(|part| std::str::from_utf8(part).unwrap())
                .collect();
            assert_eq!(parted, parts, "{message:?}");
        }
    }
}
