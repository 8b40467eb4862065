//! DNS (RFC 1035) over UDP and TCP, multicast DNS and LLMNR.

mod name;
mod wire;

pub use name::{MAX_NAME_BYTES, MAX_POINTERS, Name, NameFault};
pub use wire::{
    Damage, DamageKind, Edns, HEADER_BYTES, Header, Message, OPT, Part, Parts, Question, Record, Section,
};

use super::{Analyzer, Ending, Input, Note, Protocol, Step};

/// What the flow tells of a DNS message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DnsNote {}

/// A flow that carries DNS messages.
#[derive(Debug)]
pub struct DnsAnalyzer {}

/// The length before each message on a stream (RFC 1035 section 4.2.2).
const LENGTH_BYTES: usize = 2;

impl DnsAnalyzer {
    /// A flow of this one of the DNS protocols.
    #[must_use]
    pub fn new(_: Protocol) -> Self {
        Self {}
    }
}

impl Analyzer for DnsAnalyzer {
    fn next(&mut self, input: &Input<'_>) -> Step {
        let note = Note::Dns(DnsNote::default());
        let len = input.bytes.len();
        if matches!(input.end, Some(Ending::Datagram | Ending::Snapped)) {
            return if len == 0 { Step::Lost } else { Step::Message { len, note, inner: None } };
        }
        let Some((&length, rest)) = input.bytes.split_first_chunk() else { return Step::More(LENGTH_BYTES) };
        let len = usize::from(u16::from_be_bytes(length));
        if rest.len() < len {
            return Step::More(len.saturating_add(LENGTH_BYTES));
        }
        Step::Message { len: len.saturating_add(LENGTH_BYTES), note, inner: None }
    }
}
