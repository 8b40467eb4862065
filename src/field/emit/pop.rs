//! POP3.

use super::run::Run;
use super::{ByteRange, Emitter, Subject, ascii, imf};
use crate::field::Value;
use crate::field::names::{imf as imf_names, pop};
use crate::proto::lines::{Lines, word};
use crate::proto::pop::{PopNote, PopPart};
use crate::proto::{Message, Note};

pub(super) fn emit(subject: &Subject<'_>, message: &Message, out: &mut Emitter<'_>) {
    let Note::Pop(note) = &message.note else { return };
    if !out.wants_any_of(pop::PROTOCOL) && !out.wants_any_of(imf_names::PROTOCOL) {
        return;
    }
    let run = Run::of(subject.packet, message.range);
    out.open(pop::PROTOCOL, Value::Bytes(run.bytes()), message.range);
    match note.part {
        PopPart::Commands => {
            first(&run, [pop::REQUEST, pop::REQUEST_COMMAND, pop::REQUEST_PARAMETER], out);
            others(&run, pop::REQUEST_DATA, out);
        }
        PopPart::Reply => {
            first(&run, [pop::RESPONSE, pop::RESPONSE_INDICATOR, pop::RESPONSE_DESCRIPTION], out);
        }
        PopPart::End if note.octets.is_some() => parts(note, out),
        PopPart::Data | PopPart::End => {}
    }
    out.close();
    match note.part {
        PopPart::End if note.octets.is_some() => {
            if let Some(mail) = message.inner {
                imf::emit(&Run::of(subject.packet, mail), out);
            }
        }
        // Where the server did not say how long the mail is, Wireshark looks at each part by itself.
        PopPart::Data | PopPart::End if note.octets.is_none() => imf::emit(&run, out),
        _ => {}
    }
}

type Id = crate::field::FieldId;

/// The first line, which Wireshark leaves empty, with its first word and what stands behind it.
fn first(run: &Run<'_>, [of_line, of_word, of_rest]: [Id; 3], out: &mut Emitter<'_>) {
    let Some(line) = Lines::of(run.bytes()).next() else { return };
    out.open(of_line, Value::Text(""), run.range(line.at, line.whole.len()));
    let (verb, rest) = word(line.text);
    if !verb.is_empty() {
        ascii::give(run, of_word, 0, verb.len(), out);
    }
    if !rest.is_empty() {
        ascii::give(run, of_rest, line.text.len().saturating_sub(rest.len()), rest.len(), out);
    }
    out.close();
}

fn others(run: &Run<'_>, id: Id, out: &mut Emitter<'_>) {
    for line in Lines::of(run.bytes()).skip(1) {
        ascii::give(run, id, line.at, line.whole.len(), out);
    }
}

/// The parts that a mail came in.
fn parts(note: &PopNote, out: &mut Emitter<'_>) {
    let nowhere = ByteRange::default();
    out.open(pop::FRAGMENTS, Value::Mark, nowhere);
    for part in &note.parts {
        out.give(pop::FRAGMENT, Value::Unsigned(*part), nowhere);
    }
    let number = |len: usize| Value::Unsigned(u64::try_from(len).unwrap_or(u64::MAX));
    out.give(pop::FRAGMENT_COUNT, number(note.parts.len()), nowhere);
    out.give(pop::REASSEMBLED_LENGTH, number(note.sent), nowhere);
    out.close();
}
