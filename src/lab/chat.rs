//! `chat`: a room. What one types, everybody in it reads, in the same order.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{Action, Conversation, Lab, Logic, Note, Service, Transport, client, without_line_end};

/// Longest name, in bytes.
pub(super) const MAX_NAME: usize = 64;

/// Longest line, in bytes: with the longest name before it, one `recv(1024)` still gets all of it.
const MAX_LINE: usize = 1024 - MAX_NAME - 2;

/// Most lines of one message: each goes to everybody.
const MAX_LINES: usize = 64;

const TOO_MANY: &str = "Not passed on: at most 64 lines at once.";
const TAKEN: &str = "This name is taken: send another.";
const NO_NAME: &str =
    "A name has 1 to 64 bytes of UTF-8 without colons and control characters: send another.";
const NO_LINE: &str = "Not passed on: a line has at most 958 bytes of UTF-8.";

pub(super) static LAB: Lab = Lab {
    name: "chat",
    title: "a room over TCP: every line goes to all who are in",
    transport: Transport::Tcp,
    default_port: 43_389,
    messages: &["Khushei", "hello, room"],
    options: &[],
    logic: |_| Ok(Logic::Messages(Box::new(Room::default()))),
    client: client::chat::run,
};

/// Who is in: at most as many as may be connected.
type Members = Arc<Mutex<BTreeMap<SocketAddr, String>>>;

#[derive(Default)]
struct Room(Members);

impl Service for Room {
    fn open(&self, peer: SocketAddr) -> Box<dyn Conversation> {
        Box::new(Guest { peer, is_in: false, members: Arc::clone(&self.0) })
    }

    fn is_room(&self) -> bool {
        true
    }
}

/// One connection: a guest who becomes a member with a name.
struct Guest {
    peer: SocketAddr,
    is_in: bool,
    members: Members,
}

impl Conversation for Guest {
    fn respond(&mut self, message: &[u8]) -> Vec<Action> {
        let said = without_line_end(message);
        if said.is_empty() {
            return Vec::new();
        }
        if self.is_in {
            return self.lines(said);
        }
        // Lines that a program sends at once run together: the first is the name.
        let end = said.iter().position(|byte| matches!(byte, b'\r' | b'\n')).unwrap_or(said.len());
        let (name, rest) = said.split_at_checked(end).unwrap_or((said, b""));
        let mut actions = self.enter(name);
        let rest = rest.trim_ascii_start();
        if self.is_in && !rest.is_empty() {
            actions.extend(self.lines(rest));
        }
        actions
    }

    fn end(&mut self) -> Vec<Action> {
        let mut members = lock(&self.members);
        let Some(name) = members.remove(&self.peer) else { return Vec::new() };
        to_all(&members, &format!("user :{name} left"))
    }
}

impl Guest {
    fn enter(&mut self, name: &[u8]) -> Vec<Action> {
        let Some(name) = std::str::from_utf8(name).ok().map(str::trim).filter(|name| is_name(name)) else {
            return super::say(NO_NAME);
        };
        let mut members = lock(&self.members);
        if members.values().any(|other| other == name) {
            return super::say(TAKEN);
        }
        members.insert(self.peer, name.to_owned());
        self.is_in = true;
        let mut actions = vec![Action::Note(Note::Told(format!("is {name}")))];
        actions.extend(to_all(&members, &format!("new user :{name} joined")));
        actions
    }

    /// Lines that came at once go out as lines of their own, each with who said it: a line end must not put words into the mouths of
    /// others.
    fn lines(&self, said: &[u8]) -> Vec<Action> {
        let Ok(text) = std::str::from_utf8(said) else { return super::say(NO_LINE) };
        let visible =
            |line: &str| -> String { line.chars().filter(|letter| is_passed_on(*letter)).collect() };
        let lines: Vec<String> =
            text.split(ends_line).map(visible).filter(|line| !line.is_empty()).take(MAX_LINES + 1).collect();
        if lines.len() > MAX_LINES {
            return super::say(TOO_MANY);
        }
        lines.iter().flat_map(|line| self.line(line)).collect()
    }

    fn line(&self, text: &str) -> Vec<Action> {
        if text.len() > MAX_LINE {
            return super::say(NO_LINE);
        }
        let members = lock(&self.members);
        members.get(&self.peer).map_or_else(Vec::new, |name| to_all(&members, &format!(":{name}:{text}")))
    }
}

/// What somebody's terminal begins a new line for.
fn ends_line(letter: char) -> bool {
    matches!(letter, '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// Control characters move the cursor of others, and could write over what they were told.
fn is_passed_on(letter: char) -> bool {
    letter == '\t' || !letter.is_control()
}

fn to_all(members: &BTreeMap<SocketAddr, String>, text: &str) -> Vec<Action> {
    members.keys().map(|member| Action::SayTo(*member, text.into())).collect()
}

fn lock(members: &Members) -> MutexGuard<'_, BTreeMap<SocketAddr, String>> {
    // A thread that broke left the map whole: it is changed by single calls.
    members.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether somebody may be called that: it stands between colons, and on terminals.
pub(super) fn is_name(name: &str) -> bool {
    (1..=MAX_NAME).contains(&name.len()) && !name.chars().any(|letter| letter == ':' || is_unseen(letter))
}

/// Control characters, and those that change the order of others or take no room: two names would look the same.
fn is_unseen(letter: char) -> bool {
    letter.is_control()
        || matches!(letter, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer(port: u16) -> SocketAddr {
        (std::net::Ipv4Addr::LOCALHOST, port).into()
    }

    /// What is said to whom, by port; 0 is the one who spoke.
    fn said(actions: Vec<Action>) -> Vec<(u16, String)> {
        let text = |bytes| String::from_utf8(bytes).unwrap();
        let told = |action| match action {
            Action::Say(bytes) => Some((0, text(bytes))),
            Action::SayTo(to, bytes) => Some((to.port(), text(bytes))),
            _ => None,
        };
        actions.into_iter().filter_map(told).collect()
    }

    fn all(ports: &[u16], text: &str) -> Vec<(u16, String)> {
        ports.iter().map(|port| (*port, text.to_owned())).collect()
    }

    #[test]
    fn a_line_goes_to_all_who_are_in_and_to_nobody_else() {
        let room = Room::default();
        let [mut ann, mut bob, mut guest] = [1, 2, 3].map(|port| room.open(peer(port)));
        assert_eq!(said(ann.respond(b"ann\r\n")), all(&[1], "new user :ann joined"));
        assert_eq!(said(bob.respond(b"ann")), all(&[0], TAKEN));
        assert_eq!(said(bob.respond(b" bob ")), all(&[1, 2], "new user :bob joined"));
        assert_eq!(said(bob.respond("hi: é\n".as_bytes())), all(&[1, 2], ":bob:hi: é"));
        assert_eq!(said(bob.respond(b"\r\n")), []);
        assert_eq!(said(ann.end()), all(&[2], "user :ann left"));
        assert_eq!(said(ann.end()), []);
        assert_eq!(said(guest.end()), []);
        assert_eq!(said(room.open(peer(4)).respond(b"ann")), all(&[2, 4], "new user :ann joined"));
    }

    #[test]
    fn names_stand_between_colons_and_on_terminals() {
        let room = Room::default();
        let mut guest = room.open(peer(1));
        for name in ["a:b", "\u{1b}[2J", "\u{202e}x", "a\u{200b}", "  ", &"x".repeat(65), "a\tb"] {
            assert_eq!(said(guest.respond(name.as_bytes())), all(&[0], NO_NAME), "{name:?}");
        }
        assert_eq!(said(guest.respond(b"\xff")), all(&[0], NO_NAME));
        assert_eq!(said(guest.respond("é 你".as_bytes())), all(&[1], "new user :é 你 joined"));
        // 958 is also in words.
        assert_eq!(MAX_LINE, 958);
        let line = "x".repeat(MAX_LINE);
        assert_eq!(said(guest.respond(line.as_bytes())), all(&[1], &format!(":é 你:{line}")));
        assert_eq!(said(guest.respond(format!("{line}x").as_bytes())), all(&[0], NO_LINE));
        assert_eq!(said(guest.respond(b"\xc3")), all(&[0], NO_LINE));
    }

    #[test]
    fn nobody_puts_words_into_the_mouths_of_others() {
        let room = Room::default();
        let mut ann = room.open(peer(1));
        ann.respond(b"ann");
        for (message, lines) in [
            ("hi\nuser :bob left", &[":ann:hi", ":ann:user :bob left"][..]),
            ("hi\r\n\r\n:bob:no\n", &[":ann:hi", ":ann::bob:no"]),
            ("hi\u{2028}:bob:no\u{b}x", &[":ann:hi", ":ann::bob:no", ":ann:x"]),
            ("\u{1b}[2K\u{8}hi\tyou\0", &[":ann:[2Khi\tyou"]),
            ("\u{1b}\n\0", &[]),
        ] {
            let expected: Vec<_> = lines.iter().map(|line| (1, (*line).to_owned())).collect();
            assert_eq!(said(ann.respond(message.as_bytes())), expected, "{message:?}");
        }
        // 64 is also in words.
        assert_eq!(MAX_LINES, 64);
        assert_eq!(said(ann.respond("x\n".repeat(MAX_LINES).as_bytes())).len(), MAX_LINES);
        assert_eq!(said(ann.respond("x\n".repeat(MAX_LINES + 1).as_bytes())), all(&[0], TOO_MANY));
    }

    #[test]
    fn a_name_and_a_line_that_came_at_once_are_both_heard() {
        let room = Room::default();
        let heard = said(room.open(peer(1)).respond(b"ann\nhello\n"));
        assert_eq!(heard, [(1, "new user :ann joined".into()), (1, ":ann:hello".into())]);
        assert_eq!(said(room.open(peer(2)).respond(b"ann\nhello\n")), all(&[0], TAKEN));
    }
}
