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
pub(super) use form::{Form, form_of_datagram, form_of_stream, is_dns};
pub use name::{MAX_NAME_BYTES, MAX_POINTERS, Name, NameFault};
pub use pairs::{DnsNote, InWireshark, MAX_QUERIES};
pub use wire::{
    Damage, DamageKind, Edns, HEADER_BYTES, Header, Message, OPT, Part, Parts, Question, Record, Section,
};

use self::pairs::Pairs;
use super::{Analyzer, Ending, Input, Note, Protocol, Step};

/// A flow that carries DNS messages.
#[derive(Debug)]
pub struct DnsAnalyzer {
    pairs: Pairs,
}

/// The length before each message on a stream (RFC 1035 section 4.2.2).
const LENGTH_BYTES: usize = 2;

impl DnsAnalyzer {
    /// A flow of this one of the DNS protocols.
    #[must_use]
    pub fn new(protocol: Protocol) -> Self {
        Self { pairs: Pairs::new(protocol == Protocol::Mdns) }
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
        let Some((&length, rest)) = input.bytes.split_first_chunk() else { return Step::More(LENGTH_BYTES) };
        let len = usize::from(u16::from_be_bytes(length));
        let Some(message) = rest.get(..len) else { return Step::More(len.saturating_add(LENGTH_BYTES)) };
        // Behind a gap the next bytes may be of the middle of a message.
        if !is_dns(message) {
            return Step::Lost;
        }
        let note = Note::Dns(self.pairs.note(message, input.packet));
        Step::Message { len: len.saturating_add(LENGTH_BYTES), note, inner: None }
    }

    fn held(&self) -> usize {
        self.pairs.held()
    }
}

#[cfg(test)]
mod tests;
