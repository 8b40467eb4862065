//! DTLS (RFC 6347, RFC 9147): records in datagrams, and handshake messages cut into fragments.

use std::collections::BTreeMap;

use super::analyzer::{Agreed, MAX_HANDSHAKE};
use super::handshake::{DTLS_HANDSHAKE_HEADER, Handshake};
use super::reader::Reader;
use super::record::content;
use super::{Body, TlsNote};
use crate::proto::pieces::Pieces;
use crate::proto::talk::Both;
use crate::proto::{Analyzer, Ending, Input, Note, Step};

/// Bytes of a record's header: kind, version, epoch, number, length.
pub const DTLS_RECORD_HEADER: usize = 13;

/// Most handshake messages of one side that wait for fragments: a flight has some ten.
const MAX_WAITING: usize = 16;

/// What a DTLS record says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DtlsHeader {
    /// See [`content`].
    pub content_type: u8,
    /// 0xfeff for DTLS 1.0, 0xfefd for 1.2.
    pub version: u16,
    /// How often the keys were changed before it; 0 is in clear.
    pub epoch: u16,
    /// Its number within the epoch.
    pub sequence: u64,
    /// Bytes of its body.
    pub len: u16,
}

impl DtlsHeader {
    /// The header that `bytes` begin with; `None` where there is none, or one with a connection id, whose length only the
    /// handshake tells.
    #[must_use]
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let mut reader = Reader::new(bytes);
        let (content_type, version) = (reader.byte()?, reader.word()?);
        let (epoch, sequence, len) = (reader.word()?, reader.number(6)?, reader.word()?);
        let is_sane = matches!(content_type, content::CHANGE_CIPHER_SPEC..=content::HEARTBEAT)
            && matches!(version, 0xfeff | 0xfefd | 0x0100);
        is_sane.then_some(Self { content_type, version, epoch, sequence, len })
    }
}

/// One handshake fragment as a DTLS record holds it (RFC 6347 section 4.2.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fragment<'a> {
    /// See [`super::kind`].
    pub kind: u8,
    /// Length of the message's body.
    pub message_len: u32,
    /// Number of the message.
    pub message_seq: u16,
    /// Where in the message's body it begins.
    pub offset: u32,
    /// Length of its bytes as it says.
    pub len: u32,
    /// Its bytes, as far as they are there.
    pub bytes: &'a [u8],
}

impl<'a> Fragment<'a> {
    /// The fragment that `bytes` begin with.
    #[must_use]
    pub fn read(bytes: &'a [u8]) -> Option<Self> {
        let mut reader = Reader::new(bytes);
        let kind = reader.byte()?;
        let message_len = u32::try_from(reader.number(3)?).ok()?;
        let message_seq = reader.word()?;
        let offset = u32::try_from(reader.number(3)?).ok()?;
        let len = u32::try_from(reader.number(3)?).ok()?;
        let rest = reader.rest();
        let bytes = usize::try_from(len).ok().and_then(|len| rest.get(..len)).unwrap_or(rest);
        Some(Self { kind, message_len, message_seq, offset, len, bytes })
    }

    /// Bytes of the fragment, header included.
    #[must_use]
    pub fn whole(&self) -> usize {
        self.bytes.len().saturating_add(DTLS_HANDSHAKE_HEADER)
    }

    /// Whether it is a whole message.
    #[must_use]
    pub fn is_message(&self) -> bool {
        self.offset == 0 && self.len == self.message_len && usize::try_from(self.len) == Ok(self.bytes.len())
    }
}

/// A flow that carries DTLS records.
#[derive(Debug, Default)]
pub struct DtlsAnalyzer {
    agreed: Agreed,
    sides: Both<BTreeMap<u16, Waiting>>,
}

/// A message of which fragments are missing.
#[derive(Debug)]
struct Waiting {
    kind: u8,
    len: usize,
    /// As far as fragments reach: what claims to be long need not come.
    body: Vec<u8>,
    there: Pieces,
}

impl DtlsAnalyzer {
    /// A flow that has carried nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The messages that the body of a record ends, in the form that they have in TLS.
    fn handshake(&mut self, input: &Input<'_>, mut body: &[u8]) -> (Body, Vec<u8>) {
        let mut whole = Vec::new();
        let mut reading = Body::Clear;
        while let Some(fragment) = Fragment::read(body) {
            body = body.get(fragment.whole()..).unwrap_or(&[]);
            if fragment.is_message() {
                append(&mut whole, fragment.kind, fragment.bytes);
                self.agreed.learn(&Handshake {
                    kind: fragment.kind,
                    claimed: fragment.message_len,
                    body: fragment.bytes,
                });
                continue;
            }
            reading = Body::Fragment;
            if let Some((kind, bytes)) = self.join(input, &fragment) {
                let claimed = fragment.message_len;
                self.agreed.learn(&Handshake { kind, claimed, body: &bytes });
                append(&mut whole, kind, &bytes);
                reading = Body::Joined;
            }
        }
        (reading, whole)
    }

    /// Adds a fragment to its message; that, where it is whole now.
    fn join(&mut self, input: &Input<'_>, fragment: &Fragment<'_>) -> Option<(u8, Vec<u8>)> {
        let waiting = self.sides.of_mut(input.from);
        let len = usize::try_from(fragment.message_len).ok().filter(|len| *len <= MAX_HANDSHAKE)?;
        let start = usize::try_from(fragment.offset).ok()?;
        let end = start.checked_add(fragment.bytes.len()).filter(|end| *end <= len)?;
        if waiting.len() >= MAX_WAITING && !waiting.contains_key(&fragment.message_seq) {
            waiting.pop_first();
        }
        let message = waiting.entry(fragment.message_seq).or_insert_with(|| Waiting {
            kind: fragment.kind,
            len,
            body: Vec::new(),
            there: Pieces::default(),
        });
        let is_same = message.len == len && message.kind == fragment.kind;
        if !is_same || !message.there.add(start, end) {
            return None;
        }
        if message.body.len() < end {
            message.body.resize(end, 0);
        }
        message.body.get_mut(start..end)?.copy_from_slice(fragment.bytes);
        if message.there.reach() != len {
            return None;
        }
        let message = waiting.remove(&fragment.message_seq)?;
        Some((message.kind, message.body))
    }
}

/// Adds a message as TLS writes it.
fn append(out: &mut Vec<u8>, kind: u8, body: &[u8]) {
    let [_, len @ ..] = u32::try_from(body.len()).unwrap_or(0).to_be_bytes();
    out.push(kind);
    out.extend_from_slice(&len);
    out.extend_from_slice(body);
}

impl Analyzer for DtlsAnalyzer {
    fn next(&mut self, input: &Input<'_>) -> Step {
        let note = |agreed: Agreed, body| {
            Note::Tls(Box::new(TlsNote { version: agreed.version, cipher: agreed.cipher, body }))
        };
        let Some(header) = DtlsHeader::read(input.bytes) else {
            // The header of DTLS 1.3, and one with a connection id: all that follows is encrypted.
            let is_sealed = matches!(input.bytes.first(), Some(0x20..=0x3f | &content::CONNECTION_ID));
            return if is_sealed && self.agreed.version.is_some() {
                Step::Message {
                    len: input.bytes.len(),
                    note: note(self.agreed, Body::Encrypted),
                    inner: None,
                }
            } else {
                Step::Lost
            };
        };
        let whole = DTLS_RECORD_HEADER.saturating_add(usize::from(header.len));
        let is_cut = input.bytes.len() < whole;
        if is_cut && input.end != Some(Ending::Snapped) {
            return Step::Lost;
        }
        let len = whole.min(input.bytes.len());
        let body = input.bytes.get(DTLS_RECORD_HEADER..len).unwrap_or(&[]);
        let (mut reading, mut messages) = (Body::Clear, Vec::new());
        if header.epoch > 0 || header.content_type == content::APPLICATION_DATA {
            reading = Body::Encrypted;
        } else if header.content_type == content::HANDSHAKE && !is_cut {
            (reading, messages) = self.handshake(input, body);
        }
        let inner = (!messages.is_empty()).then_some(("Reassembled DTLS", messages));
        Step::Message { len, note: note(self.agreed, reading), inner }
    }

    fn held(&self) -> usize {
        let of = |side: &BTreeMap<u16, Waiting>| side.values().map(|one| one.body.capacity()).sum::<usize>();
        of(&self.sides.orig).saturating_add(of(&self.sides.resp))
    }
}
