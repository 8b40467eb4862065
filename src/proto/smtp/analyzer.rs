//! A connection that carries SMTP: where its lines and mails end.

use super::{Expect, Said, SmtpNote, SmtpPart};
use crate::flow::Direction;
use crate::proto::dotted::{DottedPart, DottedText, END};
use crate::proto::lines::{Lines, MAX_LINE, begins_code, block, reply};
use crate::proto::{Analyzer, Ending, Input, Note, Protocol, Step};

/// What a whole mail is called.
const TITLE: &str = "Reassembled SMTP";

/// A connection that carries SMTP.
#[derive(Debug, Default)]
pub struct SmtpAnalyzer {
    server: Option<Direction>,
    phase: Phase,
    expect: Expect,
    /// Commands that have no reply yet.
    open: u32,
    /// The client has asked for encryption, or the server has agreed.
    tls: Option<Agreed>,
    /// The code of a reply whose last line is not there yet.
    reply: Option<u16>,
    mail: DottedText,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Agreed(bool);

/// What the client is sending.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Phase {
    #[default]
    Commands,
    /// A mail up to a line with a dot; whether what comes next begins a line.
    Mail { at_line: bool },
    /// So many bytes of a mail, its last ones or not.
    Chunk { left: u64, last: bool },
}

impl SmtpAnalyzer {
    /// A connection that has carried nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn commands(&mut self, input: &Input<'_>) -> Step {
        let len = match block(input) {
            Ok(len) => len,
            Err(need) => return Step::More(need),
        };
        let expect = self.expect;
        let mut taken = 0;
        for line in Lines::of(input.bytes.get(..len).unwrap_or(&[])) {
            taken = line.at.saturating_add(line.whole.len());
            let said;
            (said, self.expect) = self.expect.hears(line.text);
            self.open = self.open.saturating_add(1);
            match said {
                Said::Data => {
                    self.mail = DottedText::default();
                    self.phase = Phase::Mail { at_line: true };
                }
                Said::Chunk(left, last) if left > 0 || last => self.phase = Phase::Chunk { left, last },
                Said::StartTls => self.tls = Some(Agreed(false)),
                Said::Command | Said::Auth(..) | Said::Secret(_) | Said::Cancel(_) | Said::Chunk(..) => {}
            }
            if self.phase != Phase::Commands {
                break;
            }
        }
        if let Phase::Chunk { left: 0, .. } = self.phase {
            return self.message(taken, SmtpPart::EmptyChunk, expect);
        }
        self.message(taken, SmtpPart::Commands, expect)
    }

    fn replies(&mut self, input: &Input<'_>) -> Step {
        let len = match block(input) {
            Ok(len) => len,
            Err(need) => return Step::More(need),
        };
        let continues = self.reply;
        for line in Lines::of(input.bytes.get(..len).unwrap_or(&[])) {
            match reply(line.text) {
                Some((code, true)) => self.reply = Some(code),
                Some((code, false)) => {
                    self.reply = None;
                    self.answered(code);
                }
                None => {}
            }
        }
        let Step::Message { len, note: Note::Smtp(mut note), inner } =
            self.message(len, SmtpPart::Replies, Expect::Command)
        else {
            return Step::Lost;
        };
        note.continues = continues;
        Step::Message { len, note: Note::Smtp(note), inner }
    }

    /// The server has answered a command.
    fn answered(&mut self, code: u16) {
        let was_open = self.open;
        self.open = self.open.saturating_sub(1);
        if self.open > 0 || was_open == 0 {
            return;
        }
        // What is open no longer was the last command.
        match self.tls {
            Some(Agreed(false)) => self.tls = (code == 220).then_some(Agreed(true)),
            _ if code == 334 && self.expect == Expect::Command => self.expect = Expect::Response,
            _ if code != 334 => self.expect = Expect::Command,
            _ => {}
        }
        // The mail is not wanted, and the client goes on without it.
        if code >= 400 && self.mail.is_empty() {
            self.phase = Phase::Commands;
        }
    }

    /// A part of a mail that DATA began.
    fn mail(&mut self, input: &Input<'_>, at_line: bool) -> Step {
        // As Wireshark does: a part of a mail ends a line at least.
        let bytes = input.bytes;
        if input.end.is_none() && bytes.len() < MAX_LINE && memchr::memchr(b'\n', bytes).is_none() {
            return Step::More(bytes.len().saturating_add(1));
        }
        match DottedPart::of(input, at_line) {
            DottedPart::End(len) => {
                self.mail.add(input.bytes.get(..len).unwrap_or(&[]), input.packet.number);
                self.phase = Phase::Commands;
                self.open = self.open.saturating_add(1);
                self.message(len.saturating_add(END.len()), SmtpPart::End, Expect::Command)
            }
            DottedPart::More { len, at_line } => {
                self.mail.add(input.bytes.get(..len).unwrap_or(&[]), input.packet.number);
                self.phase = Phase::Mail { at_line };
                self.message(len, SmtpPart::Body, Expect::Command)
            }
            DottedPart::Unclear => Step::More(input.bytes.len().saturating_add(1)),
        }
    }

    /// A part of a chunk that BDAT began.
    fn chunk(&mut self, input: &Input<'_>, left: u64, last: bool) -> Step {
        let taken = usize::try_from(left).unwrap_or(usize::MAX).min(input.bytes.len());
        if taken == 0 {
            return Step::More(1);
        }
        self.mail.add(input.bytes.get(..taken).unwrap_or(&[]), input.packet.number);
        let left = left.saturating_sub(u64::try_from(taken).unwrap_or(u64::MAX));
        self.phase = if left > 0 { Phase::Chunk { left, last } } else { Phase::Commands };
        let part = if left == 0 && last { SmtpPart::LastChunk } else { SmtpPart::Body };
        self.message(taken, part, Expect::Command)
    }

    fn message(&mut self, len: usize, part: SmtpPart, expect: Expect) -> Step {
        let ended = matches!(part, SmtpPart::End | SmtpPart::LastChunk | SmtpPart::EmptyChunk);
        let mail = if ended { std::mem::take(&mut self.mail) } else { DottedText::default() };
        if part == SmtpPart::EmptyChunk {
            self.phase = Phase::Commands;
        }
        let note =
            SmtpNote { part, expect, continues: None, parts: mail.parts().to_vec(), sent: mail.sent() };
        let inner = mail.whole(TITLE, part == SmtpPart::End);
        Step::Message { len, note: Note::Smtp(Box::new(note)), inner }
    }

    /// Bytes are missing behind the last ones of the client.
    fn gap(&mut self, len: u64) {
        match &mut self.phase {
            Phase::Commands => return,
            Phase::Mail { at_line } => *at_line = false,
            Phase::Chunk { left, .. } => {
                *left = left.saturating_sub(len);
                if *left == 0 {
                    self.phase = Phase::Commands;
                }
            }
        }
        self.mail = DottedText::broken();
    }
}

impl Analyzer for SmtpAnalyzer {
    fn next(&mut self, input: &Input<'_>) -> Step {
        if input.bytes.is_empty() {
            if let Some(Ending::Gap(len)) = input.end
                && self.server.is_some_and(|server| server != input.from)
            {
                self.gap(len);
            }
            if matches!(input.end, Some(Ending::TooLong | Ending::Capture | Ending::Reset)) {
                self.mail = DottedText::broken();
            }
            return Step::More(1);
        }
        if self.tls == Some(Agreed(true)) && input.bytes.starts_with(&[22, 3]) {
            return Step::Switch(Protocol::Tls);
        }
        if self.server.is_none() && input.end.is_none() && begins_code(input.bytes) {
            return Step::More(input.bytes.len().saturating_add(1));
        }
        let is_reply = reply(input.bytes).is_some() || begins_code(input.bytes);
        let server = *self.server.get_or_insert(if is_reply { input.from } else { input.from.reversed() });
        if server == input.from {
            return self.replies(input);
        }
        match self.phase {
            Phase::Commands => self.commands(input),
            Phase::Mail { at_line } => self.mail(input, at_line),
            Phase::Chunk { left, last } => self.chunk(input, left, last),
        }
    }

    fn held(&self) -> usize {
        self.mail.held()
    }
}
