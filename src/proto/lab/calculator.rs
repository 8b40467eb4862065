//! `calculator`: a name, then sums and what they come to.

use super::python::{number, written};
use super::waiting::{Asked, Waiting};
use super::{Cut, Fault, Heard, LabMessage, Mark, Said, Says, Session, cut_line, kept};
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

/// Most lines of one segment that are looked at: our server answers no more.
const MAX_LINES: usize = 64;

/// Longest name, in bytes, that a sum is looked for behind.
const MAX_NAME: usize = 64;

/// Whether `answer` is one that this lab's server gives to the sum `text`: a float as Python prints it, the right number, or
/// words about a division by zero. Of several lines the first sum is answered first; their answers may run together.
pub(super) fn is_answered(text: &str, answer: &str) -> bool {
    let lines = text.split(['\r', '\n']).take(MAX_LINES);
    let mut sums = lines.filter_map(|line| work_out(line.get(name_before(line)..)?));
    let Some(right) = sums.next() else { return false };
    match (right, number(answer)) {
        (Right::Is(right), None) => {
            let mut rest = answer.trim_end().strip_prefix(&*right);
            for next in sums {
                let (Some(answers), Right::Is(next)) = (rest, next) else { return false };
                rest = answers.strip_prefix(&*next);
                if rest == Some("") {
                    return true;
                }
            }
            false
        }
        (Right::Is(right), Some(given)) => {
            let is_float = written(given) == answer.trim();
            is_float || compare(&right, answer) != Mark::Wrong
        }
        (Right::NoDivision, None) => says_zero(answer),
        _ => false,
    }
}

/// How many bytes of a line are a name that the sum behind it ran into: none where it is a sum, or holds none.
fn name_before(line: &str) -> usize {
    if work_out(line).is_some() {
        return 0;
    }
    let begins = |letter: char| letter.is_ascii_digit() || matches!(letter, '+' | '-' | '.');
    let places = line.char_indices().take_while(|(at, _)| *at <= MAX_NAME);
    let mut places = places.filter(|(_, letter)| begins(*letter)).map(|(at, _)| at);
    let sum = places.find(|at| line.get(*at..).and_then(work_out).is_some());
    sum.filter(|at| line.get(..*at).is_some_and(|name| !name.trim().is_empty())).unwrap_or(0)
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
    /// Messages in a row, with no answer between them, that are no sums.
    no_sums: u8,
}

/// From so many on, segments are pieces of messages, and no answer is held against them; nobody types as many without
/// waiting for an answer.
const MAX_NO_SUMS: u8 = 3;

impl Session for Calculator {
    fn cut(&self, by_client: bool, bytes: &[u8]) -> Cut {
        if by_client {
            return self.cut_asked(bytes);
        }
        let Some(Sum { right: Right::Is(right), .. }) = self.waiting.front() else { return Cut::Whole };
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

    fn gap(&mut self, by_client: bool, _: u64) {
        // What is missing may have been the name: what follows is none then.
        self.is_named |= by_client;
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
    /// Where what a client says first ends, as our server parts it: a line, the name that a sum ran into, the sum that a
    /// farewell did.
    fn cut_asked(&self, bytes: &[u8]) -> Cut {
        let first = match cut_line(bytes) {
            Cut::At(end) => bytes.get(..end).unwrap_or(bytes),
            _ => bytes,
        };
        let Ok(line) = std::str::from_utf8(first) else { return cut_line(bytes) };
        if !self.is_named {
            let name = name_before(line);
            return if name > 0 { Cut::At(name) } else { cut_line(bytes) };
        }
        match line.trim_end().strip_suffix(QUIT) {
            Some(sum) if work_out(sum).is_some() => Cut::At(sum.len()),
            _ => cut_line(bytes),
        }
    }

    fn asked(&mut self, text: &str, at: PacketStamp) -> Said {
        let text = text.trim_start_matches(['\r', '\n']);
        let right = work_out(text);
        if !self.is_named && right.is_none() {
            self.is_named = true;
            return Said::new(true, Says::Name(kept(text.trim_end())));
        }
        self.is_named = true;
        if text.trim() == QUIT {
            self.quit = Some(at);
            return Said::new(true, Says::Farewell);
        }
        let right = right.unwrap_or(Right::NoSum);
        let expression = kept(text);
        self.waiting.push(Sum { at, expression: expression.clone(), right: right.clone() });
        let is_sum = right != Right::NoSum;
        self.no_sums = if is_sum { 0 } else { self.no_sums.saturating_add(1) };
        if self.no_sums > MAX_NO_SUMS {
            self.waiting.lose_track();
        }
        let said = Said::new(true, Says::Sum(expression, right));
        match self.waiting.is_lost() {
            _ if is_sum => said,
            // It may be a piece of a sum the rest of which is missing or to come.
            true => Said { unsure: true, ..said },
            false => said.fault(Some(Fault::NoRequest)),
        }
    }

    fn answered(&mut self, text: &str) -> Said {
        self.no_sums = 0;
        if text.trim().eq_ignore_ascii_case(ENDED) {
            return Said::new(false, Says::Farewell).answers(self.quit);
        }
        if let Some((sum, before)) = self.begun.take()
            && let Right::Is(right) = &sum.right
            && right.strip_prefix(&*before) == Some(text)
        {
            return judge(&sum, right.clone());
        }
        let fits = |sum: &Sum| match &sum.right {
            Right::Is(right) => matches!(compare(right, text), Mark::Right | Mark::SameValue),
            Right::NoDivision => says_zero(text),
            Right::NoSum => false,
        };
        let asked = self.waiting.in_order(fits);
        let said = asked.told(Said::new(false, Says::Other), |sum| sum.at);
        let waiting = match asked {
            Asked::Is(sum) => sum,
            // Before the first sum a server may greet.
            Asked::None if number(text).is_none() => return said.fault(None),
            _ => return said,
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

/// Most bytes of a message that is put together from pieces: a sum is short.
const MAX_JOINED: usize = super::MAX_TEXT;

/// The messages that `pieces` are pieces of: all that one side says before the other speaks is one. Where a name comes before the
/// first sum, without anything between them, the sum is the one that the answer fits, or the longest.
#[must_use]
pub fn join_pieces(pieces: &[LabMessage]) -> Vec<LabMessage> {
    let mut turns: Vec<LabMessage> = Vec::new();
    for piece in pieces {
        match turns.last_mut() {
            Some(last) if last.said.by_client == piece.said.by_client => {
                let text = [&*last.text, &*piece.text].concat();
                last.text = text.get(..MAX_JOINED).unwrap_or(&text).into();
                last.len = last.len.saturating_add(piece.len);
                last.at = piece.at;
            }
            _ => turns.push(piece.clone()),
        }
    }
    if let [first, answer, ..] = turns.as_slice()
        && let Some(name) = name_before_sum(&first.text, &answer.text)
    {
        let (name, sum) = first.text.split_at(name);
        let (name, sum) = (Box::from(name), Box::from(sum));
        let mut named = first.clone();
        (named.text, named.len) = (name, named.len.saturating_sub(count(&sum)));
        if let Some(first) = turns.first_mut() {
            (first.text, first.len) = (sum, first.len.saturating_sub(named.len));
        }
        turns.insert(0, named);
    }
    let mut session = Calculator::default();
    for turn in &mut turns {
        let heard = Heard { by_client: turn.said.by_client, text: &turn.text, raw: &turn.text, at: turn.at };
        turn.said = session.hear(heard);
    }
    turns
}

fn count(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}

/// How many bytes of `text` are a name, where a sum stands behind it.
fn name_before_sum(text: &[u8], answer: &[u8]) -> Option<usize> {
    let (text, answer) = (std::str::from_utf8(text).ok()?, std::str::from_utf8(answer).ok()?);
    // A sum has no more than two numbers, so that one of these begins it.
    let begins = text.char_indices().map(|(at, _)| at).filter(|at| *at > 0);
    let sums = begins.filter_map(|at| Some((at, work_out(text.get(at..)?)?)));
    let fits = |right: &Right| matches!(right, Right::Is(right) if compare(right, answer) == Mark::Right);
    let mut sums = sums.take(MAX_NAMES);
    let first = sums.next()?;
    let fitting = std::iter::once(first.clone()).chain(sums).find(|(_, right)| fits(right));
    Some(fitting.unwrap_or(first).0)
}

/// Places that are tried for the end of a name: a sum as long as a message has as many.
const MAX_NAMES: usize = 64;
