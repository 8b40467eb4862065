//! SMTP.
//!
//! As in Wireshark a command's name is its first four letters, and what stands behind the fifth its parameter. What ends
//! a mail has the mail below it; a mail that came in chunks is not shown there, as Wireshark does not either.

use super::run::Run;
use super::{ByteRange, Emitter, Subject, ascii, imf};
use crate::field::Value;
use crate::field::names::{imf as imf_names, smtp};
use crate::proto::lines::{Line, Lines, reply};
use crate::proto::smtp::{Expect, Said, SmtpNote, SmtpPart};
use crate::proto::{Message, Note};

/// Letters of a command's name.
const COMMAND_LEN: usize = 4;

pub(super) fn emit(subject: &Subject<'_>, message: &Message, out: &mut Emitter<'_>) {
    let Note::Smtp(note) = &message.note else { return };
    if !out.wants_any_of(smtp::PROTOCOL) && !out.wants_any_of(imf_names::PROTOCOL) {
        return;
    }
    let run = Run::of(subject.packet, message.range);
    out.open(smtp::PROTOCOL, Value::Bytes(run.bytes()), message.range);
    match note.part {
        SmtpPart::Commands | SmtpPart::EmptyChunk => commands(&run, note.expect, out),
        SmtpPart::Replies => replies(&run, note.continues, out),
        SmtpPart::Body | SmtpPart::LastChunk => {}
        SmtpPart::End => {
            let dot = run.len().saturating_sub(3);
            out.give(smtp::EOM, Value::Mark, run.range(dot, 1));
            parts(&run, message, note, out);
        }
    }
    out.close();
    if let (SmtpPart::End, Some(mail)) = (note.part, message.inner) {
        imf::emit(&Run::of(subject.packet, mail), out);
    }
}

fn commands(run: &Run<'_>, expect: Expect, out: &mut Emitter<'_>) {
    let mut expect = expect;
    for line in Lines::of(run.bytes()) {
        let (said, then) = expect.hears(line.text);
        expect = then;
        match said {
            // Wireshark knows these lines by what was asked for; what other mechanisms ask for it takes for a command.
            Said::Secret(kind) | Said::Cancel(kind) if kind != Expect::Response => {
                out.give(smtp::REQ, Value::Unsigned(1), ByteRange::default());
                secret(run, kind, line.at, line.text.len(), out);
            }
            Said::Auth(kind, first) => {
                command(run, &line, out);
                let at = line.at.saturating_add(line.text.len().saturating_sub(first.len()));
                secret(run, kind, at, first.len(), out);
            }
            _ => command(run, &line, out),
        }
    }
}

fn command(run: &Run<'_>, line: &Line<'_>, out: &mut Emitter<'_>) {
    out.give(smtp::REQ, Value::Unsigned(1), ByteRange::default());
    ascii::open(run, smtp::COMMAND_LINE, line.at, line.whole.len(), out);
    let len = line.text.len();
    ascii::give(run, smtp::REQ_COMMAND, line.at, len.min(COMMAND_LEN), out);
    if len > COMMAND_LEN + 1 {
        let behind = COMMAND_LEN + 1;
        ascii::give(run, smtp::REQ_PARAMETER, line.at + behind, len - behind, out);
    }
    out.close();
}

fn secret(run: &Run<'_>, kind: Expect, at: usize, len: usize, out: &mut Emitter<'_>) {
    let id = match kind {
        Expect::Username => smtp::AUTH_USERNAME,
        Expect::Password => smtp::AUTH_PASSWORD,
        Expect::Plain => smtp::AUTH_BOTH,
        Expect::Command | Expect::Response => return,
    };
    ascii::give(run, id, at, len, out);
}

fn replies(run: &Run<'_>, continues: Option<u16>, out: &mut Emitter<'_>) {
    let mut begun = continues;
    let mut is_open = false;
    for line in Lines::of(run.bytes()) {
        let told = reply(line.text);
        if begun.is_none() || !is_open {
            if is_open {
                out.close();
            }
            out.give(smtp::RSP, Value::Unsigned(1), ByteRange::default());
            ascii::open(run, smtp::RESPONSE, line.at, line.whole.len(), out);
            is_open = true;
            if let Some((code, _)) = told {
                out.give(smtp::RESPONSE_CODE, Value::Unsigned(code.into()), run.range(line.at, 3));
            }
        }
        if line.text.len() > 4 {
            ascii::give(run, smtp::RSP_PARAMETER, line.at + 4, line.text.len() - 4, out);
        }
        begun = told.filter(|(_, more)| *more).map(|(code, _)| code);
    }
    if is_open {
        out.close();
    }
}

/// The parts that a mail came in.
fn parts(run: &Run<'_>, message: &Message, note: &SmtpNote, out: &mut Emitter<'_>) {
    let before = run.part(0, run.len().saturating_sub(3)).bytes();
    // Wireshark takes an empty line before the dot for a part of the end, also where that line began in another packet.
    let empty_line = match before {
        [rest @ .., b'\r', b'\n'] => rest.last().is_none_or(|byte| *byte == b'\n'),
        _ => false,
    };
    let sent = note.sent.saturating_sub(if empty_line { 2 } else { 0 });
    let mut parts = &*note.parts;
    if empty_line && before.len() == 2 && parts.last() == Some(&message.last.number) {
        parts = parts.split_last().map_or(parts, |(_, rest)| rest);
    }
    if parts.is_empty() {
        return;
    }
    let nowhere = ByteRange::default();
    out.open(smtp::FRAGMENTS, Value::Mark, nowhere);
    for part in parts {
        out.give(smtp::FRAGMENT, Value::Unsigned(*part), nowhere);
    }
    let count = u64::try_from(parts.len()).unwrap_or(u64::MAX);
    out.give(smtp::FRAGMENT_COUNT, Value::Unsigned(count), nowhere);
    out.give(smtp::REASSEMBLED_LENGTH, Value::Unsigned(u64::try_from(sent).unwrap_or(u64::MAX)), nowhere);
    out.close();
}
