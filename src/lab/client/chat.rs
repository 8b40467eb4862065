//! The room's client: it reads what is said there and sends what is typed, whichever comes first.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use super::tcp::{Connection, Heard};
use super::{LISTEN, Outcome, Polled, Session, checked, tell};
use crate::lab::chat::{MAX_NAME, is_name};
use crate::lab::{Ending, Event, LabError, without_line_end};

/// Longest wait for one's own line to come back before the next is sent, so that each is a segment of its own. A server
/// may keep it from whom it came.
const ECHO: Duration = Duration::from_millis(250);

/// Most names that are known: behind a known name messages that came at once are parted.
const MAX_KNOWN: usize = 256;

/// What the client waits for before it sends the next line.
enum Waits {
    /// Nothing.
    No,
    /// Whether the name is taken; until then it is not known whether the next line is another name.
    ForName { end: Instant },
    /// Its own line.
    ForEcho { text: Vec<u8>, end: Instant },
}

pub(in crate::lab) fn run(session: Session<'_>) -> Result<Outcome, LabError> {
    let Session { options, messages, stop, on_event, .. } = session;
    let mut connection = Connection::open(options, stop, on_event)?;
    let mut member = Member { name: String::new(), is_in: false, known: BTreeSet::new(), waits: Waits::No };
    let (mut has_said, mut has_heard) = (false, false);
    loop {
        let mut is_typed = false;
        if member.may_go_on() {
            match messages.poll() {
                Polled::Message(message) => {
                    is_typed = true;
                    let message = checked(message)?;
                    if member.types(&message, options.timeout, on_event)
                        && connection.say(message, on_event)? == Outcome::Stopped
                    {
                        return Ok(Outcome::Stopped);
                    }
                    has_said |= !matches!(member.waits, Waits::No);
                }
                Polled::End => break,
                Polled::NotYet => {}
            }
        }
        // What was typed may leave nothing to wait for: the next line is looked for at once.
        let patience = if is_typed && matches!(member.waits, Waits::No) { Duration::ZERO } else { LISTEN };
        match connection.hear(patience)? {
            Heard::Message(bytes) => {
                has_heard = true;
                for bytes in member.parts(&bytes) {
                    member.hears(&bytes);
                    on_event(Event::Received { peer: options.server, bytes });
                }
            }
            Heard::Nothing => {}
            Heard::End if !member.is_in => return Err(connection.hung()),
            Heard::End => {
                on_event(Event::Closed { peer: options.server, ending: Ending::ByPeer });
                return Ok(Outcome::Done);
            }
            Heard::Stopped => return Ok(Outcome::Stopped),
        }
    }
    let left = connection.leave(&mut |event| {
        has_heard |= matches!(event, Event::Received { .. });
        on_event(event);
    })?;
    // A room tells at least who came in.
    if has_said && !has_heard && left == Outcome::Done {
        return Err(LabError::NoReply { server: options.server, within: options.timeout });
    }
    Ok(left)
}

struct Member {
    name: String,
    is_in: bool,
    known: BTreeSet<String>,
    waits: Waits,
}

impl Member {
    /// Whether the next line may be sent. A server that says nothing to a name has taken it.
    fn may_go_on(&mut self) -> bool {
        let now = Instant::now();
        match self.waits {
            Waits::No => return true,
            Waits::ForName { end } if now >= end => self.is_in = true,
            Waits::ForEcho { end, .. } if now >= end => {}
            _ => return false,
        }
        self.waits = Waits::No;
        true
    }

    /// Whether what was typed is to be sent.
    fn types(&mut self, message: &[u8], timeout: Duration, on_event: &mut dyn FnMut(Event)) -> bool {
        let text = String::from_utf8_lossy(without_line_end(message)).trim().to_owned();
        if text.is_empty() {
            return false;
        }
        let now = Instant::now();
        if self.is_in {
            let text = format!(":{}:{text}", self.name).into();
            self.waits = Waits::ForEcho { text, end: now + ECHO };
            return true;
        }
        if !is_name(&text) {
            tell(
                on_event,
                format!("not sent: `{text}` is no name, which has 1 to {MAX_NAME} bytes and no colon"),
            );
            return false;
        }
        self.know(&text);
        self.name = text;
        self.waits = Waits::ForName { end: now + timeout };
        true
    }

    fn know(&mut self, name: &str) {
        if self.known.len() < MAX_KNOWN {
            self.known.insert(name.to_owned());
        }
    }

    fn hears(&mut self, message: &[u8]) {
        let text = String::from_utf8_lossy(message);
        let joined = text.strip_prefix("new user :").and_then(|rest| rest.strip_suffix(" joined"));
        let speaker = text.strip_prefix(':').and_then(|rest| Some(rest.split_once(':')?.0));
        if let Some(name) = joined.or(speaker).filter(|name| is_name(name)) {
            self.know(name);
        }
        match &self.waits {
            Waits::ForName { .. } if joined == Some(&self.name) => {
                self.is_in = true;
                self.waits = Waits::No;
            }
            // What nobody in the room says is said to this client alone: another name is asked for.
            Waits::ForName { .. } if joined.is_none() && speaker.is_none() && !text.starts_with("user :") => {
                self.waits = Waits::No;
            }
            Waits::ForEcho { text: own, .. } if message.starts_with(own) => self.waits = Waits::No,
            _ => {}
        }
    }

    /// The messages in what one receive returned, as far as known names show where one begins.
    fn parts(&self, bytes: &[u8]) -> Vec<Vec<u8>> {
        let Ok(text) = std::str::from_utf8(bytes) else { return vec![bytes.to_vec()] };
        let mut parts = Vec::new();
        let mut begun = 0;
        let mut known: BTreeSet<&str> = self.known.iter().map(String::as_str).collect();
        for (at, _) in text.match_indices([':', 'n', 'u']) {
            let rest = text.get(at..).unwrap_or("");
            // The colon of `new user :NAME joined` and of the line before begins nothing.
            let is_inside = text.get(begun..at).is_some_and(|before| {
                at > begun && matches!(before, "new user " | "user ") || before == "new "
            });
            if let Some(name) = begins(rest, &known).filter(|_| !is_inside) {
                known.insert(name);
                if at > begun {
                    parts.extend(text.get(begun..at).map(|part| part.as_bytes().to_vec()));
                }
                begun = at;
            }
        }
        parts.extend(text.get(begun..).filter(|part| !part.is_empty()).map(|part| part.as_bytes().to_vec()));
        parts
    }
}

/// The name in a message of the room that `text` begins with.
fn begins<'a>(text: &'a str, known: &BTreeSet<&str>) -> Option<&'a str> {
    let named = |before: &str, behind: &str| {
        let (name, _) = text.strip_prefix(before)?.split_once(behind)?;
        is_name(name).then_some(name)
    };
    let line = || {
        let (name, _) = text.strip_prefix(':')?.split_once(':')?;
        known.contains(name).then_some(name)
    };
    named("new user :", " joined").or_else(|| named("user :", " left")).or_else(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(known: &[&str], text: &str) -> Vec<String> {
        let known = known.iter().map(|name| (*name).to_owned()).collect();
        let member = Member { name: String::new(), is_in: false, known, waits: Waits::No };
        member.parts(text.as_bytes()).into_iter().map(|part| String::from_utf8(part).unwrap()).collect()
    }

    #[test]
    fn messages_that_came_at_once_are_parted_at_known_names() {
        for (known, text, parted) in [
            (&[][..], ":ann:hi", &[":ann:hi"][..]),
            (&["ann"], ":ann:hi:ann:ho", &[":ann:hi", ":ann:ho"]),
            (&[], "new user :ann joined:ann:hi", &["new user :ann joined", ":ann:hi"]),
            (
                &["ann", "bob"],
                ":ann::bob:new user :cy joineduser :bob left:cy:x",
                &[":ann:", ":bob:", "new user :cy joined", "user :bob left", ":cy:x"],
            ),
            (&["ann"], ":ann:at 12:30:00", &[":ann:at 12:30:00"]),
            (&[], "This name is taken", &["This name is taken"]),
        ] {
            assert_eq!(parts(known, text), parted, "{text}");
        }
    }
}
