//! Messages of the bundled labs.

use std::borrow::Cow;

use super::{ByteRange, Emitter, Subject};
use crate::field::names::wirelab_lab as lab;
use crate::field::{FieldId, Value};
use crate::flow::{Hindsight, LAB_PERHAPS, LAB_RIGHT};
use crate::proto::lab::{Fault, LabNote, Mark, Pairing, Right, Said, Says};
use crate::proto::{Message, Note};

pub(super) fn emit(subject: &Subject<'_>, out: &mut Emitter<'_>) {
    let Some(messages) = subject.context.messages.filter(|messages| !messages.all().is_empty()) else {
        return;
    };
    if !out.wants_any_of(lab::PROTOCOL) {
        return;
    }
    for message in messages.all() {
        if let Note::Lab(note) = &message.note {
            told(subject, message, note, out);
        }
    }
}

const NOWHERE: ByteRange = ByteRange { buffer: 0, start: 0, end: 0 };

fn told(subject: &Subject<'_>, message: &Message, note: &LabNote, out: &mut Emitter<'_>) {
    let bytes = message.bytes(subject.packet);
    let Said { by_client, says, answers, fault, again, .. } = &note.said;
    out.open(lab::PROTOCOL, Value::Bytes(bytes), message.range);
    text(lab::NAME, note.lab.name(), out);
    text(lab::ROLE, if *by_client { "client" } else { "server" }, out);
    text(lab::KIND, says.kind(), out);
    if out.wants(lab::MESSAGE) && !matches!(says, Says::Bytes(_) | Says::FileEnd(_)) {
        let mut said = bytes;
        while let [before @ .., b'\r' | b'\n'] = said {
            said = before;
        }
        let said: Cow<'_, str> = String::from_utf8_lossy(said);
        out.give(lab::MESSAGE, Value::Text(&said), message.range);
    }
    if note.runs_on {
        number(lab::RUNS_ON, 1, out);
    }
    let known = subject.context.hindsight;
    let copy = copy(&note.said, message, known);
    if let Some(before) = again.filter(|_| copy != Copy::No) {
        number(lab::AGAIN, before.number, out);
    }
    // What may be a copy is no answer to what it would be a wrong answer to.
    let answers = answers.filter(|_| copy == Copy::No);
    if let Some(asked) = answers {
        number(lab::RESPONSE_TO, asked.number, out);
    }
    let own = subject.captured.number;
    let answered = known.filter(|_| *by_client);
    if let Some(answer) =
        answered.and_then(|known| known.answered_in(own, 0).or(known.answered_in(own, LAB_PERHAPS)))
    {
        number(lab::RESPONSE_IN, answer, out);
    }
    let waited = answers.and_then(|asked| message.last.since(asked));
    if let Some(waited) = waited {
        out.give(lab::TIME, Value::Delta(waited), NOWHERE);
    }
    if fault.is_some() && copy != Copy::Yes && out.wants(lab::FAULT) {
        let words =
            if copy == Copy::No { fault.as_ref().map(Fault::to_string) } else { note.said.fault_in_words() };
        text(lab::FAULT, &words.unwrap_or_default(), out);
    }
    match says {
        // Nothing is to be compared with a copy.
        Says::Capitals if copy != Copy::No => {}
        _ => says_fields(says, fault.as_ref(), out),
    }
    if let Says::Pong(_, Pairing::Ambiguous(_, first, last)) = says {
        for (id, asked) in [(lab::PING_RTT_MIN, last), (lab::PING_RTT_MAX, first)] {
            if let Some(waited) = message.last.since(*asked) {
                out.give(id, Value::Delta(waited), NOWHERE);
            }
        }
    }
    if let (Says::Pong(..), Some(waited)) = (says, waited) {
        out.give(lab::PING_RTT, Value::Delta(waited), NOWHERE);
    }
    out.close();
}

/// Whether a message is a copy of an earlier datagram.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Copy {
    Yes,
    No,
    /// In one pass that is not known: it may be a wrong answer.
    Perhaps,
}

/// What `known` tells of that: of a copy the question that it would be a wrong answer to gets its own answer later.
fn copy(said: &Said, message: &Message, known: Option<&Hindsight>) -> Copy {
    match (said.is_doubtful(), known, said.answers) {
        (false, ..) if said.again.is_some() => Copy::Yes,
        (false, ..) => Copy::No,
        (true, _, None) => Copy::Yes,
        (true, None, _) => Copy::Perhaps,
        (true, Some(known), Some(asked)) => {
            let later =
                known.answered_in(asked.number, LAB_RIGHT).filter(|later| *later > message.last.number);
            if later.is_some() { Copy::Yes } else { Copy::No }
        }
    }
}

fn text(id: FieldId, text: &str, out: &mut Emitter<'_>) {
    out.give(id, Value::Text(text), NOWHERE);
}

fn number(id: FieldId, number: u64, out: &mut Emitter<'_>) {
    out.give(id, Value::Unsigned(number), NOWHERE);
}

/// The fields of one kind of message.
fn says_fields(says: &Says, fault: Option<&Fault>, out: &mut Emitter<'_>) {
    match says {
        Says::Name(name) => {
            text(lab::USER, name, out);
            text(lab::CHAT_USER, name, out);
        }
        Says::Sum(expression, _) => text(lab::EXPRESSION, expression, out),
        Says::Result { expression, given, right, marked } => {
            text(lab::EXPRESSION, expression, out);
            text(lab::RESULT, given, out);
            if let Right::Is(right) = right {
                text(lab::EXPECTED, right, out);
            }
            number(lab::CORRECT, u64::from(matches!(marked, Mark::Right | Mark::SameValue)), out);
        }
        Says::Capitals => number(lab::CAPITALS_CORRECT, u64::from(fault.is_none()), out),
        Says::Typed(said) => text(lab::CHAT_TEXT, said, out),
        Says::Joined(name) | Says::Left(name) => text(lab::CHAT_USER, name, out),
        Says::Line(name, said) => {
            text(lab::CHAT_USER, name, out);
            text(lab::CHAT_TEXT, said, out);
        }
        Says::Calibrate(Some(size)) => number(lab::BUFFER_SIZE, *size, out),
        Says::Ping(own, before) => {
            if let Some(own) = own {
                number(lab::PING_NUMBER, *own, out);
            }
            number(lab::PING_ORDER, before.saturating_add(1), out);
        }
        Says::Pong(own, pairing) => {
            if let Some(own) = own {
                number(lab::PING_NUMBER, *own, out);
            }
            text(lab::PING_PAIRED_BY, paired_by(*pairing), out);
            if let Pairing::Ambiguous(count, ..) = pairing {
                number(lab::PING_CANDIDATES, u64::from(*count), out);
            }
        }
        Says::Bytes(before) => number(lab::FILE_OFFSET, *before, out),
        Says::FileEnd(end) => {
            number(lab::FILE_LENGTH, end.bytes, out);
            number(lab::FILE_MISSING, end.missing, out);
            if end.missing == 0 && end.is_closed {
                out.give(lab::FILE_SHA256, Value::Bytes(&end.sha256), NOWHERE);
            }
        }
        _ => relay_and_clock(says, out),
    }
}

fn relay_and_clock(says: &Says, out: &mut Emitter<'_>) {
    match says {
        Says::Send(request) => {
            let Some(order) = &request.order else { return };
            text(lab::RELAY_TARGET_IP, &order.ip.to_string(), out);
            number(lab::RELAY_TARGET_PORT, u64::from(order.port), out);
            text(lab::RELAY_CONTENT, &order.content, out);
        }
        Says::Address(Some((ip, port))) => {
            text(lab::RELAY_SENDER_IP, &ip.to_string(), out);
            number(lab::RELAY_SENDER_PORT, u64::from(*port), out);
        }
        Says::Forwarded(ip, port, content) => {
            text(lab::RELAY_SENDER_IP, &ip.to_string(), out);
            number(lab::RELAY_SENDER_PORT, u64::from(*port), out);
            text(lab::RELAY_CONTENT, content, out);
        }
        Says::Status(code) => number(lab::RELAY_STATUS, u64::from(code.number()), out),
        Says::Date(year, month, day) if out.wants(lab::DATE) => {
            text(lab::DATE, &format!("20{year:02}-{month:02}-{day:02}"), out);
        }
        Says::Time(second) if out.wants(lab::CLOCK) => {
            let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
            text(lab::CLOCK, &format!("{hour:02}:{minute:02}:{second:02}"), out);
        }
        _ => {}
    }
}

/// A word for how an acknowledgement was paired.
const fn paired_by(pairing: Pairing) -> &'static str {
    match pairing {
        Pairing::Number => "number",
        Pairing::Only => "only",
        Pairing::Delay => "delay",
        Pairing::Ambiguous(..) => "ambiguous",
        Pairing::None => "none",
    }
}
