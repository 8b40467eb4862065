//! `calculator`: a name, then sums, until `q`. A connection that remembers whose it is.

use std::net::SocketAddr;

use super::number::{read, write};
use super::{Action, Conversation, Lab, Logic, Note, Service, Transport, client};

/// What ends a session, and what is said then.
pub(super) const QUIT: &str = "q";
pub(super) const ENDED: &str = "Session ended";

pub(super) const NO_DIVISION: &str = "Error: division by zero";
const NO_SUM: &str = "Error: write two numbers and one of + - * / between them, parted by spaces: 12 + 42";
const NO_TEXT: &str = "Error: this is not UTF-8 text";
const TOO_MANY: &str = "Error: too many lines at once, the rest is not looked at";

/// Most lines of one segment that are answered: a person pastes a few, and each answer may be longer than its line.
const MAX_LINES: usize = 64;

/// Most bytes of a name that are kept.
pub(super) const MAX_NAME: usize = 64;

pub(super) static LAB: Lab = Lab {
    name: "calculator",
    title: "sums over one TCP connection, which keeps the name it began with",
    transport: Transport::Tcp,
    default_port: 43_389,
    messages: &["Khushei", "12 + 42", "3.24 - 45", "4.5 / -6", QUIT],
    options: &[],
    logic: |_| Ok(Logic::Messages(Box::new(Calculator))),
    client: client::calculator::run,
};

/// What a sum comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Sum {
    Is(String),
    NoDivision,
}

/// Works out two numbers and an operator, parted by spaces; `None` where the text is something else.
pub(super) fn work_out(text: &str) -> Option<Sum> {
    let words: Vec<&str> = text.split_ascii_whitespace().take(4).collect();
    let [first, operator, second] = words.as_slice() else { return None };
    let (first, second) = (read(first)?, read(second)?);
    let result = match *operator {
        "+" => first + second,
        "-" => first - second,
        "*" => first * second,
        "/" if second == 0.0 => return Some(Sum::NoDivision),
        "/" => first / second,
        _ => return None,
    };
    Some(Sum::Is(write(result)))
}

struct Calculator;

impl Service for Calculator {
    fn open(&self, _peer: SocketAddr) -> Box<dyn Conversation> {
        Box::new(Session { name: None, sums: 0 })
    }
}

/// One client's session.
struct Session {
    name: Option<String>,
    /// How many were worked out.
    sums: u64,
}

impl Conversation for Session {
    fn respond(&mut self, message: &[u8]) -> Vec<Action> {
        let Ok(text) = std::str::from_utf8(message) else { return vec![Action::Say(NO_TEXT.into())] };
        let mut actions = Vec::new();
        // Several lines were several messages that ran together.
        let lines = text.split(['\r', '\n']).filter(|line| !line.trim().is_empty());
        for (place, line) in lines.enumerate() {
            if place >= MAX_LINES {
                actions.push(Action::Say(TOO_MANY.into()));
                break;
            }
            self.line(line, &mut actions);
            if actions.last() == Some(&Action::Close) {
                break;
            }
        }
        actions
    }

    fn end(&mut self) -> Vec<Action> {
        let Some(name) = &self.name else { return Vec::new() };
        let sums = if self.sums == 1 { "sum" } else { "sums" };
        vec![Action::Note(Note::Told(format!("{name}: session ended after {} {sums}", self.sums)))]
    }
}

impl Session {
    fn line(&mut self, line: &str, actions: &mut Vec<Action>) {
        if self.name.is_none() {
            let (name, sum) = name_and_sum(line);
            self.name = Some(name.chars().take(MAX_NAME).collect());
            if !name.is_empty() {
                actions.push(Action::Note(Note::Told(format!("is {name}"))));
            }
            if let Some(sum) = sum {
                self.answer(sum, actions);
            }
        } else if line.trim() == QUIT {
            actions.extend([Action::Say(ENDED.into()), Action::Close]);
        } else {
            self.answer(line, actions);
        }
    }

    fn answer(&mut self, line: &str, actions: &mut Vec<Action>) {
        let mut answer = |sum| {
            self.sums += 1;
            actions.push(Action::Say(match sum {
                Sum::Is(result) => result.into(),
                Sum::NoDivision => NO_DIVISION.into(),
            }));
        };
        if let Some(sum) = work_out(line) {
            return answer(sum);
        }
        match line.trim_end().strip_suffix(QUIT).and_then(work_out) {
            Some(sum) => {
                answer(sum);
                actions.extend([Action::Say(ENDED.into()), Action::Close]);
            }
            None => actions.push(Action::Say(NO_SUM.into())),
        }
    }
}

/// The first message, a name, and what else came with it where a sum ran into it: a client that sends both at once
/// cannot keep TCP from joining them. One that gave no name at all is answered, too.
fn name_and_sum(line: &str) -> (&str, Option<&str>) {
    let line = line.trim();
    // A sum is at most three numbers long, and looked for where one can begin.
    let mut before = None;
    for (at, letter) in line.char_indices() {
        let begins = letter.is_ascii_digit() || matches!(letter, '+' | '-' | '.');
        let goes_on =
            before.is_some_and(|before: char| before.is_ascii_digit() || matches!(before, '+' | '-' | '.'));
        before = Some(letter);
        if begins
            && !goes_on
            && let Some((name, sum)) = line.split_at_checked(at)
            && work_out(sum).is_some()
        {
            return (name.trim_end(), Some(sum));
        }
        if at > MAX_NAME {
            break;
        }
    }
    (line, None)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is(text: &str) -> Option<Sum> {
        Some(Sum::Is(text.to_owned()))
    }

    #[test]
    fn the_sums_of_the_course_come_out_as_python_has_them() {
        for (sum, result) in [
            ("12 + 42", "54.0"),
            ("3.24 - 45", "-41.76"),
            ("4.5 / -6", "-0.75"),
            ("0.1 + 0.2", "0.30000000000000004"),
            ("1e200 * 1e200", "inf"),
            ("1e8 * 1e8", "1e+16"),
            ("0 * -1", "-0.0"),
            ("0 / -5", "-0.0"),
            ("inf - inf", "nan"),
            ("  7   *\t6 ", "42.0"),
        ] {
            assert_eq!(work_out(sum), is(result), "{sum}");
        }
        assert_eq!(work_out("1 / 0"), Some(Sum::NoDivision));
        assert_eq!(work_out("1 / -0.0"), Some(Sum::NoDivision));
        for wrong in ["", "1", "1 +", "1 + 2 + 3", "1+2", "1 % 2", "1 ** 2", "a + b", "1 + 2 ="] {
            assert_eq!(work_out(wrong), None, "{wrong}");
        }
    }

    fn said(session: &mut Session, message: &str) -> Vec<String> {
        let actions = session.respond(message.as_bytes());
        let text = |action: &Action| match action {
            Action::Say(bytes) => String::from_utf8(bytes.clone()).unwrap(),
            Action::Note(note) => format!("({note})"),
            other => format!("{other:?}"),
        };
        actions.iter().map(text).collect()
    }

    fn fresh() -> Session {
        Session { name: None, sums: 0 }
    }

    #[test]
    fn the_name_is_kept_and_not_answered() {
        let mut session = fresh();
        assert_eq!(said(&mut session, "Khushei"), ["(is Khushei)"]);
        assert_eq!(said(&mut session, "12 + 42"), ["54.0"]);
        assert_eq!(said(&mut session, "12 +"), [NO_SUM]);
        assert_eq!(said(&mut session, "1 / 0"), [NO_DIVISION]);
        assert_eq!(session.respond(b"\xff"), [Action::Say(NO_TEXT.into())]);
        assert_eq!(said(&mut session, "q\r\n"), [ENDED, "Close"]);
        assert_eq!(session.end(), [Action::Note(Note::Told("Khushei: session ended after 2 sums".into()))]);
        assert!(fresh().end().is_empty());
    }

    #[test]
    fn messages_that_run_together_are_parted() {
        for (message, parts) in [
            ("Khushei12 + 42", &["(is Khushei)", "54.0"][..]),
            ("Khushei-1.5 * 2", &["(is Khushei)", "-3.0"]),
            ("Ann\n1 + 1\r\n2 + 2\nq\nnever read", &["(is Ann)", "2.0", "4.0", ENDED, "Close"]),
            ("12 + 42", &["54.0"]),
            ("R2-D2", &["(is R2-D2)"]),
            ("q", &["(is q)"]),
            ("\r\n", &[]),
        ] {
            assert_eq!(said(&mut fresh(), message), parts, "{message:?}");
        }
        let mut session = fresh();
        said(&mut session, "Ann");
        assert_eq!(said(&mut session, "1 + 2q"), ["3.0", ENDED, "Close"]);
        assert_eq!(said(&mut session, "1 + 23 + 4"), [NO_SUM]);
    }

    #[test]
    fn a_flood_of_lines_has_an_end() {
        let mut session = fresh();
        let answers = session.respond("x\n".repeat(30_000).as_bytes());
        assert_eq!(answers.len(), MAX_LINES + 1);
        assert_eq!(answers.last(), Some(&Action::Say(TOO_MANY.into())));
        let long = "é".repeat(30_000);
        fresh().respond(long.as_bytes());
        let mut session = fresh();
        session.respond(long.as_bytes());
        assert_eq!(session.name.unwrap().chars().count(), MAX_NAME);
    }
}
