//! Whether bytes have the form of a DNS message: loosely where the port says so too, strictly elsewhere.

use super::wire::{HEADER_BYTES, Header, Message};
use super::{LENGTH_BYTES, type_name};
use crate::proto::judge;

/// What bytes look like on a port that is not one of DNS's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::proto) enum Form {
    /// A DNS message.
    Dns,
    /// More bytes would tell: so many in all.
    Unsure(usize),
    /// Something else.
    Other,
}

/// Most questions of a message on a port of DNS: in text the two bytes are 8,224 at least.
const MAX_QUESTIONS: u16 = 1024;

/// A header that makes sense on a port of DNS: a known opcode, and not text.
pub(in crate::proto) fn is_dns(message: &[u8]) -> bool {
    Header::read(message).is_some_and(|header| {
        matches!(header.opcode(), 0 | 1 | 2 | 4 | 5 | 6) && header.questions <= MAX_QUESTIONS
    })
}

/// What is on a port of DNS and nothing else that is known: a message of which there is a header at least, whatever it
/// says. Text is none.
pub(in crate::proto) fn is_perhaps_damaged(datagram: &[u8]) -> bool {
    datagram.len() >= HEADER_BYTES && !judge(datagram).is_text()
}

/// A query or response to the last byte: one question, of a class and type that there is, nothing missing and nothing
/// left over.
pub(in crate::proto) fn form_of_datagram(bytes: &[u8]) -> Form {
    if is_whole(bytes) { Form::Dns } else { Form::Other }
}

/// The same behind the length that stands before it on a stream.
pub(in crate::proto) fn form_of_stream(bytes: &[u8]) -> Form {
    let Some((&length, message)) = bytes.split_first_chunk::<LENGTH_BYTES>() else { return Form::Other };
    let len = usize::from(u16::from_be_bytes(length));
    match message.get(..len) {
        Some(message) => form_of_datagram(message),
        None if len > HEADER_BYTES && has_plain_header(message) => {
            Form::Unsure(len.saturating_add(LENGTH_BYTES))
        }
        None => Form::Other,
    }
}

/// One question, opcode 0, the reserved bit clear, a query without answers.
fn has_plain_header(message: &[u8]) -> bool {
    let Some(header) = Header::read(message) else { return false };
    let is_query = header.rcode() == 0 && header.answers == 0 && header.authority == 0;
    header.opcode() == 0
        && header.flags & 0x0040 == 0
        && header.questions == 1
        && (header.is_response() || is_query)
}

fn is_whole(bytes: &[u8]) -> bool {
    if !has_plain_header(bytes) {
        return false;
    }
    let message = Message::read(bytes);
    let asked = message.questions.first();
    message.damage.is_none()
        && message.trailing.is_empty()
        && asked.is_some_and(|question| {
            matches!(question.class, 1 | 3 | 4 | 255) && type_name(question.kind).is_some()
        })
}
