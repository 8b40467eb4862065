//! Messages that are read line by line from standard input, or typed by a person.

use std::cell::RefCell;
use std::io::{self, BufRead, BufReader, Read};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, TryRecvError, sync_channel};
use std::thread;
use std::time::Duration;

use super::talk::Talk;
use crate::lab::client::{MAX_SAID, Messages, Polled};
use crate::lab::without_line_end;

/// How often a client that waits for typed lines looks whether it was asked to stop.
const TICK: Duration = Duration::from_millis(100);

/// Lines from a thread of their own, since a read that waits for a person cannot be called off.
pub(super) struct Lines<'a> {
    pub(super) lines: Receiver<io::Result<Vec<u8>>>,
    pub(super) stop: &'a AtomicBool,
}

impl Iterator for Lines<'_> {
    type Item = io::Result<Vec<u8>>;

    fn next(&mut self) -> Option<Self::Item> {
        while !self.stop.load(Ordering::Relaxed) {
            match self.lines.recv_timeout(TICK) {
                Ok(line) => return Some(line),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return None,
            }
        }
        None
    }
}

impl Messages for Lines<'_> {
    fn poll(&mut self) -> Polled {
        if self.stop.load(Ordering::Relaxed) {
            return Polled::End;
        }
        match self.lines.try_recv() {
            Ok(line) => Polled::Message(line),
            Err(TryRecvError::Empty) => Polled::NotYet,
            Err(TryRecvError::Disconnected) => Polled::End,
        }
    }
}

/// The labs that a person on a terminal types to, and what.
pub(super) const HINTS: &[(&str, &str)] = &[
    ("calculator", "type your name first, then sums such as `12 + 42`; q ends the session"),
    ("chat", "type your name first, then lines for the room; Ctrl-D leaves it"),
    ("chatbot-tcp", "ask `Hey` or `What's your name?`; `Goodbye` ends the talk"),
    ("chatbot-udp", "ask `Hey` or `What's your name?`; `Goodbye` ends the talk"),
    ("relay", "`hii` asks for your address; `to: IP / PORT ; content : TEXT` sends; Ctrl-D ends"),
];

/// Lines that are asked for with a prompt.
pub(super) struct Prompted<'a, 'b> {
    lines: Lines<'a>,
    talk: &'a RefCell<Talk<'b>>,
    /// What to tell before the first prompt.
    hint: Option<&'a str>,
}

impl<'a, 'b> Prompted<'a, 'b> {
    pub(super) fn new(lines: Lines<'a>, talk: &'a RefCell<Talk<'b>>, hint: &'a str) -> Self {
        Self { lines, talk, hint: Some(hint) }
    }

    fn prompt(&mut self) {
        let mut talk = self.talk.borrow_mut();
        if let Some(hint) = self.hint.take() {
            talk.invite(hint);
        }
        talk.prompt();
    }
}

impl Iterator for Prompted<'_, '_> {
    type Item = io::Result<Vec<u8>>;

    fn next(&mut self) -> Option<Self::Item> {
        self.prompt();
        let line = self.lines.next()?;
        self.talk.borrow_mut().typed();
        Some(line)
    }
}

impl Messages for Prompted<'_, '_> {
    fn poll(&mut self) -> Polled {
        self.prompt();
        let polled = self.lines.poll();
        if let Polled::Message(_) = polled {
            self.talk.borrow_mut().typed();
        }
        polled
    }
}

/// The lines of `input`, until it or the program ends.
pub(super) fn lines(input: Box<dyn Read + Send>, stop: &AtomicBool) -> Lines<'_> {
    Lines { lines: spawn_reader(input), stop }
}

/// Reads lines one ahead, empty ones passed over. The thread ends with the input, with the receiver, or with
/// the program.
fn spawn_reader(input: Box<dyn Read + Send>) -> Receiver<io::Result<Vec<u8>>> {
    let (sender, lines) = sync_channel(1);
    let reader = sender.clone();
    let spawned = thread::Builder::new().spawn(move || {
        let mut input = BufReader::new(input);
        loop {
            match next_line(&mut input) {
                Ok(None) => break,
                Ok(Some(line)) if line.is_empty() => {}
                Ok(Some(line)) => {
                    if reader.send(Ok(line)).is_err() {
                        break;
                    }
                }
                Err(error) => {
                    let _ = reader.send(Err(error));
                    break;
                }
            }
        }
    });
    if let Err(error) = spawned {
        let _ = sender.send(Err(error));
    }
    lines
}

/// The next line without its end. One that is too long to be sent is cut just beyond that length, so that
/// sending it is refused and memory stays bounded.
fn next_line(input: &mut dyn BufRead) -> io::Result<Option<Vec<u8>>> {
    let most = u64::try_from(MAX_SAID).unwrap_or(u64::MAX) + 2;
    let mut line = Vec::new();
    if input.take(most).read_until(b'\n', &mut line)? == 0 {
        return Ok(None);
    }
    line.truncate(without_line_end(&line).len());
    Ok(Some(line))
}
