//! TLS (RFC 8446, RFC 5246) without decryption.

use super::{Analyzer, Input, Note, Protocol, Step};

/// What the connection tells of a TLS record.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TlsNote {}

/// A connection that carries TLS records.
#[derive(Debug)]
pub struct TlsAnalyzer {
    protocol: Protocol,
}

impl TlsAnalyzer {
    /// A flow of this one of the TLS protocols.
    #[must_use]
    pub fn new(protocol: Protocol) -> Self {
        Self { protocol }
    }
}

/// Kind, version, length (RFC 8446 section 5.1).
const RECORD_HEADER: usize = 5;

impl Analyzer for TlsAnalyzer {
    fn next(&mut self, input: &Input<'_>) -> Step {
        let Some(&[_, _, _, high, low]) = input.bytes.first_chunk() else {
            return Step::More(RECORD_HEADER);
        };
        let len = RECORD_HEADER.saturating_add(usize::from(u16::from_be_bytes([high, low])));
        if input.bytes.len() < len {
            return Step::More(len);
        }
        Step::Message { len, note: Note::Tls(Box::default()), inner: None }
    }
}
