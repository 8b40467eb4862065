//! `calculator`: a name, then sums and what they come to.

use super::python::{number, written};
use super::waiting::Waiting;
use super::{Cut, Fault, Heard, Mark, Said, Says, Session, kept};
use crate::flow::PacketStamp;

/// What ends a session.
pub(super) const QUIT: &str = "q";
const ENDED: &str = "Session ended";

/// What is done with the two numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// `+`
    Add,
    /// `-`
    Subtract,
    /// `*`
    Multiply,
    /// `/`
    Divide,
}

/// What is right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Right {
    /// This, as Python prints it.
    Is(Box<str>),
    /// An error: division by zero.
    NoDivision,
    /// An error: this is no sum.
    NoSum,
}

/// Works a sum out: two numbers and an operator, parted by spaces.
pub(super) fn work_out(text: &str) -> Option<Right> {
    let mut words = text.split_ascii_whitespace();
    let (Some(a), Some(sign), Some(b), None) = (words.next(), words.next(), words.next(), words.next())
    else {
        return None;
    };
    let operation = match sign {
        "+" => Operation::Add,
        "-" => Operation::Subtract,
        "*" => Operation::Multiply,
        "/" => Operation::Divide,
        _ => return None,
    };
    let (a, b) = (number(a)?, number(b)?);
    let result = match operation {
        Operation::Add => a + b,
        Operation::Subtract => a - b,
        Operation::Multiply => a * b,
        // Python raises ZeroDivisionError, also for floats.
        Operation::Divide if b == 0.0 => return Some(Right::NoDivision),
        Operation::Divide => a / b,
    };
    Some(Right::Is(written(result).into()))
}

/// Whether `answer` is one that this lab's server gives to the sum `text`: a float as Python prints it, the right number, or
/// words about a division by zero.
pub(super) fn is_answered(text: &str, answer: &str) -> bool {
    let Some(right) = work_out(text) else { return false };
    match (right, number(answer)) {
        (Right::Is(right), Some(given)) => {
            let is_float = written(given) == answer.trim();
            is_float || compare(&right, answer) != Mark::Wrong
        }
        (Right::NoDivision, None) => says_zero(answer),
        _ => false,
    }
}

fn says_zero(answer: &str) -> bool {
    answer.to_ascii_lowercase().contains("zero")
}

/// How `given` compares with what is right.
fn compare(right: &str, given: &str) -> Mark {
    let given = given.trim();
    if given == right {
        return Mark::Right;
    }
    let (Some(right), Some(value)) = (number(right), number(given)) else { return Mark::Wrong };
    if value == right || value.is_nan() && right.is_nan() {
        return Mark::SameValue;
    }
    // As many digits behind the point as were given.
    let places = given.split_once('.').map_or(0, |(_, digits)| digits.len());
    let rounded = (places <= 15 && !given.contains(['e', 'E'])).then(|| format!("{right:.places$}"));
    if rounded.and_then(|rounded| number(&rounded)) == Some(value) { Mark::Rounded } else { Mark::Wrong }
}

#[derive(Debug)]
struct Sum {
    at: PacketStamp,
    expression: Box<str>,
    right: Right,
}

/// A session.
#[derive(Debug, Default)]
pub(super) struct Calculator {
    is_named: bool,
    waiting: Waiting<Sum>,
    quit: Option<PacketStamp>,
    /// A wrong answer that the right one begins with, and its sum.
    begun: Option<(Sum, Box<str>)>,
}

impl Session for Calculator {
    fn cut(&self, by_client: bool, bytes: &[u8]) -> Cut {
        let (false, Some(Sum { right: Right::Is(right), .. })) = (by_client, self.waiting.front()) else {
            return Cut::Whole;
        };
        let given = std::str::from_utf8(bytes).ok().and_then(|text| number(text.trim_end()));
        match given {
            // A number may be the beginning of the right one, or a wrong answer: what comes next tells.
            Some(_) => Cut::Whole,
            None if begins(right, bytes) => Cut::More(right.len()),
            // Several answers: the first is known.
            None if bytes.starts_with(right.as_bytes()) && self.waiting.len() > 1 => Cut::At(right.len()),
            None => Cut::Whole,
        }
    }

    fn hear(&mut self, heard: Heard<'_>) -> Said {
        let Some(text) = heard.str() else {
            return Said::new(heard.by_client, Says::Other).fault(Some(Fault::NotUtf8));
        };
        if heard.by_client { self.asked(text, heard.at) } else { self.answered(text) }
    }

    fn gap(&mut self, _: bool, _: u64) {
        self.waiting.lose_track();
    }

    fn held(&self) -> usize {
        let texts: usize = self.waiting.iter().map(|sum| sum.expression.len().saturating_mul(2)).sum();
        self.waiting.held().saturating_add(texts)
    }
}

/// Whether `bytes` are the beginning of `right`, and not all of it.
fn begins(right: &str, bytes: &[u8]) -> bool {
    bytes.len() < right.len() && right.as_bytes().starts_with(bytes)
}

impl Calculator {
    fn asked(&mut self, text: &str, at: PacketStamp) -> Said {
        let right = work_out(text);
        if !self.is_named && right.is_none() {
            self.is_named = true;
            return Said::new(true, Says::Name(kept(text)));
        }
        self.is_named = true;
        if text.trim() == QUIT {
            self.quit = Some(at);
            return Said::new(true, Says::Farewell);
        }
        let right = right.unwrap_or(Right::NoSum);
        let expression = kept(text);
        self.waiting.push(Sum { at, expression: expression.clone(), right: right.clone() });
        let fault = (right == Right::NoSum).then_some(Fault::NoRequest);
        Said::new(true, Says::Sum(expression, right)).fault(fault)
    }

    fn answered(&mut self, text: &str) -> Said {
        if text.trim().eq_ignore_ascii_case(ENDED) {
            return Said::new(false, Says::Farewell).answers(self.quit);
        }
        if let Some((sum, before)) = self.begun.take()
            && let Right::Is(right) = &sum.right
            && right.strip_prefix(&*before) == Some(text)
        {
            return judge(&sum, right.clone());
        }
        // Before the first sum a server may greet.
        let Some(waiting) = self.waiting.pop() else {
            let fault = number(text).and_then(|_| self.waiting.unasked());
            return Said::new(false, Says::Other).fault(fault);
        };
        if let Right::Is(right) = &waiting.right
            && begins(right, text.as_bytes())
            && compare(right, text) == Mark::Wrong
        {
            let said = judge(&waiting, kept(text));
            self.begun = Some((waiting, kept(text)));
            return said;
        }
        judge(&waiting, kept(text))
    }
}

/// What is to say of the answer `given` to a sum.
fn judge(sum: &Sum, given: Box<str>) -> Said {
    let is_error = number(&given).is_none();
    let marked = match &sum.right {
        Right::Is(right) => compare(right, &given),
        Right::NoDivision | Right::NoSum if is_error => Mark::Right,
        Right::NoDivision | Right::NoSum => Mark::Wrong,
    };
    let fault = match (&sum.right, marked) {
        (_, Mark::Right | Mark::SameValue) => None,
        (Right::Is(right), _) => Some(Fault::Expected(right.clone())),
        (Right::NoDivision, _) => Some(Fault::Expected("an error: division by zero".into())),
        (Right::NoSum, _) => Some(Fault::Expected("an error: this is no sum".into())),
    };
    let (expression, right) = (sum.expression.clone(), sum.right.clone());
    let says = Says::Result { expression, given, right, marked };
    Said::new(false, says).answers(Some(sum.at)).fault(fault)
}
