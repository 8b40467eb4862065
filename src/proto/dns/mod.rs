//! DNS (RFC 1035) over UDP and TCP, multicast DNS and LLMNR.
//!
//! [`Message`] reads one message as far as it is good, [`Parts`] walks along it without keeping anything. The analyzer
//! finds where messages end on a stream and says which query a response belongs to ([`DnsNote`]).

mod codes;
mod form;
mod name;
mod pairs;
mod wire;

pub use codes::{class_name, extended_error_name, opcode_name, rcode_name, type_name};
pub(super) use form::{Form, form_of_datagram, form_of_stream, is_dns, is_perhaps_damaged};
pub use name::{MAX_NAME_BYTES, MAX_POINTERS, Name, NameFault};
pub use pairs::{DnsNote, InWireshark, MAX_QUERIES};
pub use wire::{
    Damage, DamageKind, Edns, HEADER_BYTES, Header, Message, OPT, Part, Parts, Question, Record, Section,
};

use self::pairs::Pairs;
use super::{Analyzer, Ending, Input, Note, Protocol, Step};
use crate::flow::Direction;

/// A flow that carries DNS messages.
#[derive(Debug)]
pub struct DnsAnalyzer {
    pairs: Pairs,
    /// Of the originator and the responder: what comes next begins where a message ended, so that it is one, whatever it
    /// holds.
    in_step: [bool; 2],
}

/// The length before each message on a stream (RFC 1035 section 4.2.2).
const LENGTH_BYTES: usize = 2;

impl DnsAnalyzer {
    /// A flow of this one of the DNS protocols.
    #[must_use]
    pub fn new(protocol: Protocol) -> Self {
        Self { pairs: Pairs::new(protocol == Protocol::Mdns), in_step: [false; 2] }
    }
}

impl Analyzer for DnsAnalyzer {
    fn next(&mut self, input: &Input<'_>) -> Step {
        if matches!(input.end, Some(Ending::Datagram | Ending::Snapped)) {
            if input.bytes.is_empty() {
                return Step::Lost;
            }
            let note = Note::Dns(self.pairs.note(input.bytes, input.packet));
            return Step::Message { len: input.bytes.len(), note, inner: None };
        }
        let side = usize::from(input.from == Direction::RespToOrig);
        let was_in_step = self.in_step.get(side).is_some_and(|in_step| *in_step);
        let mut stay = |stays| {
            if let Some(in_step) = self.in_step.get_mut(side) {
                *in_step = stays;
            }
        };
        let Some((&length, rest)) = input.bytes.split_first_chunk() else {
            stay(was_in_step && input.end.is_none());
            return Step::More(LENGTH_BYTES);
        };
        let announced = u16::from_be_bytes(length);
        let Some(message) = rest.get(..usize::from(announced)) else {
            stay(was_in_step && input.end.is_none());
            if input.end.is_none() || !(was_in_step || is_dns(rest)) {
                return Step::More(usize::from(announced).saturating_add(LENGTH_BYTES));
            }
            let note = Note::Dns(DnsNote { announced: Some(announced), ..DnsNote::default() });
            return Step::Message { len: input.bytes.len(), note, inner: None };
        };
        // Behind a gap the next bytes may be of the middle of a message.
        let is_message = was_in_step || is_dns(message);
        stay(is_message);
        if !is_message {
            return Step::Lost;
        }
        let note = Note::Dns(self.pairs.note(message, input.packet));
        Step::Message { len: message.len().saturating_add(LENGTH_BYTES), note, inner: None }
    }

    fn held(&self) -> usize {
        self.pairs.held()
    }
}

#[cfg(test)]
mod tests;
