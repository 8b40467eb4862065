//! IMAP.

use super::run::Run;
use super::{ByteRange, Emitter, Subject, ascii, imf};
use crate::field::names::{imap, imf as imf_names};
use crate::field::{FieldId, Value};
use crate::proto::imap::{ImapNote, Unit, Units};
use crate::proto::lines::word;
use crate::proto::{Message, Note};

pub(super) fn emit(subject: &Subject<'_>, message: &Message, out: &mut Emitter<'_>) {
    let Note::Imap(note) = &message.note else { return };
    if !out.wants_any_of(imap::PROTOCOL) && !out.wants_any_of(imf_names::PROTOCOL) {
        return;
    }
    let run = Run::of(subject.packet, message.range);
    out.open(imap::PROTOCOL, Value::Bytes(run.bytes()), message.range);
    out.give(imap::IS_REQUEST, Value::Unsigned((!note.is_reply).into()), ByteRange::default());
    let mut carries_mail = false;
    let mut answered = false;
    for unit in Units::of(run.bytes()) {
        match unit {
            Unit::Line { at, text, whole } => {
                ascii::open(&run, imap::LINE, at, whole.len(), out);
                let line = run.part(at, text.len());
                if note.is_reply {
                    carries_mail = is_mail(text);
                    let tagged = reply(&line, out);
                    if tagged && !std::mem::replace(&mut answered, true) {
                        answer(message, note, out);
                    }
                } else {
                    request(&line, out);
                    if !std::mem::replace(&mut answered, true) {
                        answered_in(subject, out);
                    }
                }
                out.close();
            }
            Unit::Literal { at, bytes } if carries_mail => imf::emit(&run.part(at, bytes.len()), out),
            Unit::Literal { .. } => {}
        }
    }
    out.close();
}

/// Whether a line announces a mail or its headers as a literal (RFC 9051 section 7.5.2).
fn is_mail(line: &[u8]) -> bool {
    let says = |word: &[u8]| line.windows(word.len()).any(|window| window.eq_ignore_ascii_case(word));
    says(b" FETCH ") && (says(b"BODY[]") || says(b"BODY[HEADER") || says(b"RFC822"))
}

/// Where the word that begins at `at` ends, and where the next begins.
fn after(line: &[u8], at: usize) -> (usize, usize) {
    let rest = line.get(at..).unwrap_or(&[]);
    let (first, rest) = word(rest);
    (at.saturating_add(first.len()), line.len().saturating_sub(rest.len()))
}

fn give(line: &Run<'_>, ids: &[FieldId], at: usize, end: usize, out: &mut Emitter<'_>) {
    if end > at {
        for id in ids {
            ascii::give(line, *id, at, end - at, out);
        }
    }
}

fn request(line: &Run<'_>, out: &mut Emitter<'_>) {
    let bytes = line.bytes();
    ascii::open(line, imap::REQUEST, 0, bytes.len(), out);
    let (end, next) = after(bytes, 0);
    give(line, &[imap::REQUEST_TAG, imap::TAG], 0, end, out);
    let (mut end, mut then) = after(bytes, next);
    let mut at = next;
    let mut verb = bytes.get(at..end).unwrap_or(&[]);
    if verb.eq_ignore_ascii_case(b"UID") {
        out.give(imap::REQUEST_UID, Value::Unsigned(1), line.range(at, end - at));
        at = then;
        (end, then) = after(bytes, at);
        verb = bytes.get(at..end).unwrap_or(&[]);
    }
    give(line, &[imap::REQUEST_COMMAND, imap::COMMAND], at, end, out);
    let is = |name: &[u8]| verb.eq_ignore_ascii_case(name);
    if is(b"LOGIN") {
        let (end, next) = after(bytes, then);
        give(line, &[imap::REQUEST_USERNAME], then, end, out);
        let (end, _) = after(bytes, next);
        let quoted = bytes.get(next..end).is_some_and(|word| word.len() > 1 && word.starts_with(b"\""));
        let (at, end) = if quoted { (next + 1, end - 1) } else { (next, end) };
        give(line, &[imap::REQUEST_PASSWORD], at, end, out);
    } else if is(b"SELECT") || is(b"EXAMINE") || is(b"CREATE") || is(b"DELETE") || is(b"STATUS") {
        let (end, _) = after(bytes, then);
        give(line, &[imap::REQUEST_FOLDER], then, end, out);
    }
    out.close();
}

/// Whether the line has a tag.
fn reply(line: &Run<'_>, out: &mut Emitter<'_>) -> bool {
    let bytes = line.bytes();
    let (end, next) = after(bytes, 0);
    if matches!(bytes.get(..end), None | Some([] | b"*" | b"+")) {
        return false;
    }
    ascii::open(line, imap::RESPONSE, 0, bytes.len(), out);
    give(line, &[imap::RESPONSE_TAG, imap::TAG], 0, end, out);
    let (end, then) = after(bytes, next);
    give(line, &[imap::RESPONSE_STATUS], next, end, out);
    let (end, _) = after(bytes, then);
    give(line, &[imap::RESPONSE_COMMAND, imap::COMMAND], then, end, out);
    out.close();
    end > next
}

/// The answer to a command, where all packets are known.
fn answered_in(subject: &Subject<'_>, out: &mut Emitter<'_>) {
    let known = subject.context.hindsight;
    if let Some(answer) = known.and_then(|known| known.answered_in(subject.captured.number, 0)) {
        out.give(imap::RESPONSE_IN, Value::Unsigned(answer), ByteRange::default());
    }
}

/// The command that is answered.
fn answer(message: &Message, note: &ImapNote, out: &mut Emitter<'_>) {
    let Some(asked) = note.answers else { return };
    let nowhere = ByteRange::default();
    out.give(imap::RESPONSE_TO, Value::Unsigned(asked.number), nowhere);
    if let Some(time) = message.last.since(asked) {
        out.give(imap::TIME, Value::Delta(time), nowhere);
    }
}
