//! The calculator's client: the name, then sums, and what is no sum is not sent.

use std::time::Duration;

use super::tcp::{Connection, Heard};
use super::{Next, Outcome, Session, tell};
use crate::lab::calculator::{ENDED, MAX_NAME, NO_DIVISION, QUIT, Sum, work_out};
use crate::lab::{Event, LabError, without_line_end};

/// How long is listened for a greeting behind the name, to which most servers say nothing. It also keeps the name and
/// the first sum in segments of their own, for servers that take what one receive returns.
const GREETING: Duration = Duration::from_millis(100);

/// The same behind a name that a sum could run into unseen, `Ann2` and `1 + 1`: a server that is busy reads them late.
const LONG_GREETING: Duration = Duration::from_secs(1);

pub(in crate::lab) fn run(session: Session<'_>) -> Result<Outcome, LabError> {
    let Session { options, messages, stop, on_event, .. } = session;
    let mut connection = Connection::open(options, stop, on_event)?;
    let mut is_named = false;
    let mut halves = Halves::default();
    loop {
        let message = match connection.next_message(messages, on_event)? {
            Next::Say(message) if message.trim_ascii() == QUIT.as_bytes() => break,
            Next::Say(message) => message,
            Next::End => break,
            Next::Closed => return Ok(Outcome::Done),
            Next::Stopped => return Ok(Outcome::Stopped),
        };
        if let Err(why) = check(&message, is_named) {
            tell(on_event, format!("not sent: `{}` {why}", String::from_utf8_lossy(&message)));
            continue;
        }
        let ends_like_a_number =
            message.last().is_some_and(|last| last.is_ascii_digit() || b"+-._eE".contains(last));
        let patience = if ends_like_a_number { LONG_GREETING } else { GREETING };
        if connection.say(message.clone(), on_event)? == Outcome::Stopped {
            return Ok(Outcome::Stopped);
        }
        let outcome = if is_named {
            halves.reply(&mut connection, &message, on_event)?
        } else {
            greeted(&mut connection, patience, on_event)?
        };
        if outcome == Outcome::Stopped {
            return Ok(Outcome::Stopped);
        }
        is_named = true;
    }
    if is_named && quit(&mut connection, &mut halves, on_event)? == Outcome::Stopped {
        return Ok(Outcome::Stopped);
    }
    connection.leave(on_event)
}

/// Whether a line may be sent.
fn check(message: &[u8], is_named: bool) -> Result<(), &'static str> {
    const NO_SUM: &str = "is not two numbers and one of + - * / between them, parted by spaces";
    let text = std::str::from_utf8(message).map_err(|_| "is not UTF-8")?;
    match (is_named, work_out(text)) {
        (true, Some(_)) => Ok(()),
        (true, None) => Err(NO_SUM),
        (false, Some(_)) => Err("is a sum: the name comes first"),
        (false, None) if text.len() > MAX_NAME => Err("is too long for a name"),
        (false, None) if text.trim().is_empty() || text.contains(char::is_control) => Err("is no name"),
        (false, None) => Ok(()),
    }
}

/// Listens a little behind the name.
fn greeted(
    connection: &mut Connection<'_>,
    patience: Duration,
    on_event: &mut dyn FnMut(Event),
) -> Result<Outcome, LabError> {
    match connection.hear(patience)? {
        Heard::Message(bytes) => on_event(Event::Received { peer: connection.peer(), bytes }),
        Heard::Nothing => {}
        Heard::End => return Err(connection.hung()),
        Heard::Stopped => return Ok(Outcome::Stopped),
    }
    Ok(Outcome::Done)
}

/// Whether half an answer was taken for the whole. That is certain once its other half comes as the answer to something else.
#[derive(Debug, Default)]
struct Halves {
    /// A message, what came back, and what is missing to the right answer.
    half: Option<(String, String, String)>,
    is_told: bool,
}

impl Halves {
    /// Waits for the reply to a message.
    fn reply(
        &mut self,
        connection: &mut Connection<'_>,
        message: &[u8],
        on_event: &mut dyn FnMut(Event),
    ) -> Result<Outcome, LabError> {
        let mut heard = Vec::new();
        let outcome = connection.reply(&mut |event| {
            if let Event::Received { bytes, .. } = &event {
                heard.clone_from(bytes);
            }
            on_event(event);
        })?;
        let text = |bytes| String::from_utf8_lossy(without_line_end(bytes)).into_owned();
        if let Some(note) = self.note(&text(message), &text(&heard)) {
            tell(on_event, note);
        }
        Ok(outcome)
    }

    /// What there is to tell of a message and what one receive returned.
    fn note(&mut self, message: &str, heard: &str) -> Option<String> {
        let right = match work_out(message) {
            Some(Sum::Is(result)) => result,
            Some(Sum::NoDivision) => NO_DIVISION.to_owned(),
            None => String::new(),
        };
        let before = self.half.take();
        let rest = right.strip_prefix(heard).filter(|rest| !rest.is_empty() && !heard.is_empty());
        self.half = rest.map(|rest| (message.to_owned(), heard.to_owned(), rest.to_owned()));
        let (sum, half, missing) = before?;
        if self.is_told || heard.is_empty() || heard == right || !missing.starts_with(heard) {
            return None;
        }
        self.is_told = true;
        Some(format!(
            "half an answer was taken for the whole: `{half}` was only the beginning of `{half}{missing}`, the answer to `{sum}`, and \
             what has come now for `{message}` is more of it. TCP carries bytes, not messages: a receive returns what has \
             arrived so far, so a program must read on until a message is complete. From here on answers no longer belong to \
             the questions before them"
        ))
    }
}

/// Ends the session: the server says so or closes.
fn quit(
    connection: &mut Connection<'_>,
    halves: &mut Halves,
    on_event: &mut dyn FnMut(Event),
) -> Result<Outcome, LabError> {
    if connection.say(QUIT.into(), on_event)? == Outcome::Stopped {
        return Ok(Outcome::Stopped);
    }
    match halves.reply(connection, QUIT.as_bytes(), on_event) {
        Ok(outcome) => Ok(outcome),
        Err(LabError::Hung { .. }) => {
            tell(on_event, ENDED.to_owned());
            Ok(Outcome::Done)
        }
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_an_answer_is_told_when_more_of_it_comes_for_something_else() {
        let mut halves = Halves::default();
        assert_eq!(halves.note("12 + 42", "5"), None, "it may be all that a server says");
        let note = halves.note("3.24 - 45", "4").unwrap();
        assert!(note.contains("`5` was only the beginning of `54.0`, the answer to `12 + 42`"), "{note}");
        assert_eq!(halves.note("1 + 1", "."), None, "once is enough");
        // A server that writes whole numbers, and wrong ones.
        let mut halves = Halves::default();
        for (sum, heard) in [("12 + 42", "54"), ("1 - 1", "0"), ("2 + 2", "4"), ("3 * 3", "9"), ("q", "x")] {
            assert_eq!(halves.note(sum, heard), None, "{sum}");
        }
        let mut halves = Halves::default();
        assert_eq!(halves.note("1 / 0", "Error: div"), None);
        assert!(halves.note("q", "ision by").is_some());
    }

    #[test]
    fn only_a_name_and_then_sums_are_sent() {
        for (text, as_name, as_sum) in [
            ("Khushei", true, false),
            ("12 + 42", false, true),
            ("1 / 0", false, true),
            ("12 +", true, false),
            (" ", false, false),
            ("a\tb", false, false),
        ] {
            assert_eq!(check(text.as_bytes(), false).is_ok(), as_name, "{text}");
            assert_eq!(check(text.as_bytes(), true).is_ok(), as_sum, "{text}");
        }
        assert!(check(&[b'x'; MAX_NAME + 1], false).is_err());
        assert!(check(b"\xff", false).is_err());
    }
}
