//! What happens at a lab's sockets, as lines.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::io::{self, ErrorKind, Write};
use std::sync::atomic::{AtomicBool, Ordering};

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::{DONE, FAILED, NO, fail};
use crate::lab::{Ending, Event, Lab, LabError, Note, Transport};
use crate::render::format::Count;

/// Columns of a line about a message: as prose has in a pipe. Of a longer message the beginning and the length are told.
const COLUMNS: usize = 80;

/// Columns that a message has behind the longest words about it.
const LEAST: usize = 40;

/// Most bytes of a reply that a person on a terminal gets: a screen full. The length of a longer one is told.
pub(super) const MAX_SHOWN: usize = 1_600;

/// What to try, for an error that leaves something to try.
fn hint(error: &LabError, lab: &Lab) -> Cow<'static, str> {
    match error {
        LabError::PortInUse { .. } => "another server is running? try --port".into(),
        LabError::NotOurs(_) => "try --address 127.0.0.1".into(),
        LabError::NotPermitted(_) => "try --port with 1024 or more".into(),
        LabError::NotLocal(_) => "try 127.0.0.1 or ::1, or unset the variable".into(),
        LabError::Refused(_) | LabError::PortUnreachable(_) => {
            format!("start the server first with `wirelab serve {}`, or try --port", lab.name).into()
        }
        LabError::NoReply { .. } if lab.transport == Transport::Udp => {
            "UDP does not tell a lost datagram from a silent server; is it running? try --port or --timeout"
                .into()
        }
        LabError::NoConnection { .. } | LabError::NoReply { .. } => {
            "is the server running there? try --port or --timeout".into()
        }
        LabError::Hung { .. } => "is it the right server? try --port".into(),
        LabError::BrokenOff { .. } => "nothing was written; try again, or with a longer --timeout".into(),
        LabError::MessageTooLong { .. } => "say it in parts".into(),
        LabError::EmptyMessage => "say at least one character".into(),
        LabError::Refusal { .. } | LabError::File { .. } | LabError::Setting { .. } => "".into(),
        LabError::Malformed { .. } => "is it the right server? try --port".into(),
        LabError::Messages(_) | LabError::Io { .. } => "".into(),
    }
}

/// Where the talk is shown; a failure to write the data stops the program.
pub(super) struct Talk<'a> {
    pub(super) out: &'a mut dyn Write,
    pub(super) err: &'a mut dyn Write,
    pub(super) stop: &'a AtomicBool,
    pub(super) failure: Option<io::Error>,
    /// A person types, whose own terminal shows what is sent.
    is_typed: bool,
    /// The prompt stands in the line that comes next.
    is_prompted: bool,
    /// Long replies are cut.
    is_folding: bool,
}

const PROMPT: &str = "> ";

impl<'a> Talk<'a> {
    pub(super) fn new(out: &'a mut dyn Write, err: &'a mut dyn Write, stop: &'a AtomicBool) -> Self {
        Self { out, err, stop, failure: None, is_typed: false, is_prompted: false, is_folding: false }
    }

    /// Replies go to a terminal.
    pub(super) fn fold_replies(&mut self) {
        self.is_folding = true;
    }

    /// A person types from here on, and is told what.
    pub(super) fn invite(&mut self, hint: &str) {
        self.is_typed = true;
        self.err(format_args!("{hint}"));
    }

    /// Asks for a line, unless that was done and nothing was written since.
    pub(super) fn prompt(&mut self) {
        if !self.is_prompted {
            self.is_prompted = true;
            // As in `err`.
            let _ = self.err.write_all(PROMPT.as_bytes()).and_then(|()| self.err.flush());
        }
    }

    /// A line was typed, and the terminal has gone to the next.
    pub(super) fn typed(&mut self) {
        self.is_prompted = false;
    }

    /// Takes the prompt away before something else is written.
    fn clear_prompt(&mut self) {
        if self.is_prompted {
            self.is_prompted = false;
            // As in `err`.
            let _ = self.err.write_all(b"\r  \r").and_then(|()| self.err.flush());
        }
    }
    pub(super) fn server_event(&mut self, event: &Event) {
        match event {
            Event::Listening { local, transport } => {
                self.err(format_args!("listening on {local} ({transport})"));
            }
            Event::Opened { peer, .. } => self.out(format_args!("{peer} connected")),
            Event::Received { peer, bytes } => {
                self.out(format_args!("{}", in_line(&format!("{peer} received: "), bytes)));
            }
            Event::Sent { peer, bytes } => {
                self.out(format_args!("{}", in_line(&format!("{peer} answered: "), bytes)));
            }
            Event::NotSent { peer } => self.out(format_args!("{peer} {NOT_SENT}")),
            Event::Carried { peer, length, sent } => {
                let what = if *sent { "sent" } else { "received" };
                self.out(format_args!("{peer} {what}: {}", Count::bytes(*length)));
            }
            Event::Closed { peer, ending } => self.out(format_args!(
                "{peer} {}",
                match ending {
                    Ending::ByPeer => "closed the connection",
                    Ending::ByUs => "connection closed by this server",
                    Ending::Reset => "reset the connection",
                }
            )),
            // What becomes of it is told.
            Event::Noted { note: Note::Handed { .. }, .. } => {}
            Event::Noted { peer: Some(peer), note } => self.out(format_args!("{peer} {}", safe(note))),
            Event::Noted { peer: None, note } => self.out(format_args!("{}", safe(note))),
            Event::LeftOut { count } => self.out(format_args!("{}", not_shown(*count))),
            Event::Problem { peer: Some(peer), problem } => self.err(format_args!("{peer} {problem}")),
            Event::Problem { peer: None, problem } => self.err(format_args!("{problem}")),
        }
    }

    pub(super) fn client_event(&mut self, event: &Event, lab: &Lab) {
        let transport = lab.transport;
        match event {
            // The data of a measurement is what came out, not what was said.
            Event::Received { bytes, .. } if lab.measures() => {
                self.err(format_args!("{}", in_line("received: ", bytes)));
            }
            Event::Noted { note, .. } if lab.measures() => self.out(format_args!("{}", safe(note))),
            Event::Opened { local, peer } => {
                let what = match transport {
                    Transport::Tcp => "connected to",
                    Transport::Udp => "sending to",
                };
                self.err(format_args!("{what} {peer} ({transport}) from {local}"));
            }
            Event::Sent { .. } if self.is_typed => {}
            Event::Sent { bytes, .. } => self.err(format_args!("{}", in_line("sent: ", bytes))),
            Event::NotSent { .. } => self.err(format_args!("{NOT_SENT}")),
            Event::Received { bytes, .. } if self.is_folding => self.out(format_args!("{}", folded(bytes))),
            Event::Received { bytes, .. } => self.out(format_args!("{}", text(bytes))),
            Event::Carried { length, sent, .. } => {
                let what = if *sent { "sent" } else { "received" };
                self.err(format_args!("{what}: {}", Count::bytes(*length)));
            }
            Event::Closed { ending: Ending::ByUs, .. } => self.err(format_args!("connection closed")),
            Event::Closed { ending: Ending::Reset, .. } => {
                self.err(format_args!("connection reset by the server"));
            }
            Event::Closed { .. } => self.err(format_args!("connection closed by the server first")),
            Event::Problem { problem, .. } => self.err(format_args!("{problem}")),
            Event::Noted { note, .. } => self.err(format_args!("{}", safe(note))),
            Event::Listening { .. } | Event::LeftOut { .. } => {}
        }
    }

    pub(super) fn out(&mut self, line: std::fmt::Arguments<'_>) {
        self.clear_prompt();
        if let Err(error) = writeln!(self.out, "{line}").and_then(|()| self.out.flush()) {
            self.stop.store(true, Ordering::Relaxed);
            self.failure.get_or_insert(error);
        }
    }

    fn err(&mut self, line: std::fmt::Arguments<'_>) {
        self.clear_prompt();
        // Standard error is talk: where nobody listens to it, the data goes on.
        let _ = writeln!(self.err, "{line}").and_then(|()| self.err.flush());
    }

    /// The exit status. Output that nobody reads any more is no failure.
    pub(super) fn exit(&mut self, result: Result<u8, LabError>, lab: &Lab) -> u8 {
        self.clear_prompt();
        match (self.failure.take(), result) {
            (Some(error), _) if error.kind() == ErrorKind::BrokenPipe => DONE,
            (Some(error), Ok(code)) if error.kind() == ErrorKind::TimedOut => {
                self.err(format_args!("{NOT_READ}"));
                code
            }
            (Some(error), _) => fail(self.err, &format_args!("writing the output failed: {error}")),
            (None, Ok(code)) => code,
            (None, Err(error)) => {
                let hint = hint(&error, lab);
                fail(self.err, &error);
                if !hint.is_empty() {
                    self.err(format_args!("hint: {hint}"));
                }
                if error.is_no_reply() { NO } else { FAILED }
            }
        }
    }
}

/// Wire text as a terminal may see it: what is not printable is shown as an escape.
pub(super) fn text(bytes: &[u8]) -> String {
    let mut shown = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                '\'' | '"' | '\\' => shown.push(c),
                _ => shown.extend(c.escape_debug()),
            }
        }
        for byte in chunk.invalid() {
            // Writing to a String cannot fail.
            let _ = write!(shown, "\\x{byte:02x}");
        }
    }
    shown
}

/// What is said where the program was to end and its reader did not read (`Abandonable`).
pub(super) const NOT_READ: &str = "the last lines are not shown: nobody reads them";

/// What is said of a message that was told as sent.
const NOT_SENT: &str = "this was not sent, or not whole";

/// What stands for lines that were left out.
pub(super) fn not_shown(count: u64) -> String {
    let came =
        if count == 1 { "it came faster than lines are read" } else { "they came faster than they are read" };
    format!("{} not shown: {came}", Count::new(count, "line", "lines"))
}

/// A note may repeat what came over the wire.
fn safe(note: &Note) -> String {
    folded(note.to_string().as_bytes())
}

/// `lead` and a message in one line of [`COLUMNS`], or of [`LEAST`] behind a long lead.
pub(super) fn in_line(lead: &str, bytes: &[u8]) -> String {
    let room = COLUMNS.saturating_sub(lead.width()).max(LEAST);
    // A character has four bytes at most, and those that take no column are shown as escapes or belong to another.
    let start = bytes.get(..room.saturating_mul(4)).unwrap_or(bytes);
    let shown = text(start);
    if start.len() == bytes.len() && shown.width() <= room {
        return format!("{lead}{shown}");
    }
    let length = format!("… ({})", Count::bytes(u64::try_from(bytes.len()).unwrap_or(u64::MAX)));
    let columns = room.saturating_sub(length.width());
    let mut used = 0_usize;
    let fits = |c: &char| {
        used = used.saturating_add(c.width().unwrap_or(0));
        used <= columns
    };
    let beginning: String = shown.chars().take_while(fits).collect();
    format!("{lead}{beginning}{length}")
}

/// Wire text, a very long message cut short and its length told.
pub(super) fn folded(bytes: &[u8]) -> String {
    match bytes.get(..MAX_SHOWN) {
        Some(start) if start.len() < bytes.len() => {
            let length = Count::bytes(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
            format!("{}… ({length})", text(start))
        }
        _ => text(bytes),
    }
}
