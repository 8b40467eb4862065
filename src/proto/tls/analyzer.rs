//! A connection that carries TLS records: where each ends, and how far its content can be read.

use super::handshake::{Handshake, Handshakes, ServerHello, is_tls13, kind};
use super::record::{RECORD_HEADER, RecordHeader, content, old_client_hello};
use super::{Body, TlsNote};
use crate::flow::Direction;
use crate::proto::talk::Both;
use crate::proto::{Analyzer, Ending, Input, Note, Step};

/// Most bytes of one handshake message that is joined over records. Chains of certificates have some tens of kilobytes;
/// what claims more is passed over.
pub const MAX_HANDSHAKE: usize = 128 << 10;

/// Farthest that a hello is looked for behind bytes of another protocol, such as the one byte by which a database
/// server agrees to TLS.
const MAX_BEFORE_HELLO: usize = 64;

/// What joined handshake messages are called.
const TITLE: &str = "Reassembled TLS";

/// A connection that carries TLS records.
#[derive(Debug, Default)]
pub struct TlsAnalyzer {
    agreed: Agreed,
    /// The client speaks SSL 2.0 so far.
    is_old: bool,
    sides: Both<Side>,
}

/// What the server has chosen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Agreed {
    pub(super) version: Option<u16>,
    pub(super) cipher: Option<u16>,
}

impl Agreed {
    /// Takes a message that is whole.
    pub(super) fn learn(&mut self, message: &Handshake<'_>) {
        if message.kind == kind::SERVER_HELLO
            && let Some(hello) = ServerHello::read(message.body)
        {
            self.version = Some(hello.chosen_version());
            self.cipher = Some(hello.cipher_suite);
        }
    }

    fn is_tls13(self) -> bool {
        self.version.is_some_and(is_tls13)
    }
}

/// One side of it.
#[derive(Debug, Default)]
struct Side {
    /// Its records are encrypted: it has said ChangeCipherSpec.
    changed: bool,
    /// The beginning of a handshake message that ends in a later record.
    begun: Vec<u8>,
    /// Bytes of a handshake message that is too long to be joined.
    pass: usize,
    /// Bytes of a record that was told although it is cut.
    skip: u64,
}

impl TlsAnalyzer {
    /// A connection that has carried nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn record(&mut self, from: Direction, header: RecordHeader, body: &[u8]) -> Step {
        let mut inner = None;
        let reading = match header.content_type {
            content::CHANGE_CIPHER_SPEC => {
                // In TLS 1.3 it means nothing, and nothing is encrypted by it.
                self.sides.of_mut(from).changed = true;
                Body::Clear
            }
            content::HANDSHAKE if self.is_encrypted(from, body) => {
                self.sides.of_mut(from).begun = Vec::new();
                Body::Encrypted
            }
            content::HANDSHAKE => self.handshake(from, body, &mut inner),
            content::APPLICATION_DATA => Body::Encrypted,
            content::ALERT if body.len() != 2 || !is_alert(body) => Body::Encrypted,
            content::HEARTBEAT if self.sides.of(from).changed => Body::Encrypted,
            _ => Body::Clear,
        };
        let len = RECORD_HEADER.saturating_add(body.len());
        Step::Message { len, note: self.note(reading), inner: inner.map(|bytes| (TITLE, bytes)) }
    }

    fn note(&self, body: Body) -> Note {
        let Agreed { version, cipher } = self.agreed;
        Note::Tls(Box::new(TlsNote { version, cipher, body }))
    }

    /// Whether a handshake record is encrypted: this side has changed to the keys that were agreed (TLS 1.3 has other
    /// records for that), or no handshake message begins like this.
    fn is_encrypted(&self, from: Direction, body: &[u8]) -> bool {
        let side = self.sides.of(from);
        if side.changed && !self.agreed.is_tls13() {
            return true;
        }
        let is_middle = !side.begun.is_empty() || side.pass > 0;
        !is_middle && !begins_message(body)
    }

    /// Takes the body of a handshake record in clear.
    fn handshake(&mut self, from: Direction, body: &[u8], inner: &mut Option<Vec<u8>>) -> Body {
        let side = self.sides.of_mut(from);
        let here = side.pass.min(body.len());
        side.pass = side.pass.saturating_sub(here);
        let rest = body.get(here..).unwrap_or(&[]);
        if rest.is_empty() {
            return Body::Fragment;
        }
        if side.begun.is_empty() {
            let rest = self.walk(from, rest);
            self.sides.of_mut(from).keep(rest);
            return Body::Clear;
        }
        let mut joined = std::mem::take(&mut side.begun);
        joined.extend_from_slice(rest);
        match Handshakes::new(&joined).next() {
            Some(message) if message.is_whole() => {}
            Some(message) if is_too_long(&message) => {
                side.keep(&joined);
                return Body::Fragment;
            }
            _ => {
                side.begun = joined;
                return Body::Fragment;
            }
        }
        let rest = self.walk(from, &joined);
        self.sides.of_mut(from).keep(rest);
        *inner = Some(joined);
        Body::Joined
    }

    /// Learns from the whole messages in `bytes`; what is left behind them.
    fn walk<'a>(&mut self, from: Direction, bytes: &'a [u8]) -> &'a [u8] {
        let mut messages = Handshakes::new(bytes);
        loop {
            let rest = messages.rest();
            match messages.next() {
                Some(message) if message.is_whole() => {
                    self.agreed.learn(&message);
                    // A new hello in clear is a new handshake.
                    if message.kind == kind::CLIENT_HELLO {
                        self.sides.of_mut(from).changed = false;
                    }
                }
                _ => return rest,
            }
        }
    }

    /// A record of which the capture kept only a part: told as far as it is there.
    fn cut(&mut self, from: Direction, header: RecordHeader, bytes: &[u8]) -> Step {
        let body = bytes.get(RECORD_HEADER..).unwrap_or(&[]);
        let missing = header.whole().saturating_sub(bytes.len());
        let is_encrypted = match header.content_type {
            content::HANDSHAKE => self.is_encrypted(from, body),
            content::APPLICATION_DATA => true,
            _ => false,
        };
        let side = self.sides.of_mut(from);
        side.begun = Vec::new();
        side.skip = u64::try_from(missing).unwrap_or(u64::MAX);
        let body = if is_encrypted { Body::Encrypted } else { Body::Clear };
        Step::Message { len: bytes.len(), note: self.note(body), inner: None }
    }
}

impl Side {
    /// Keeps the beginning of a message.
    fn keep(&mut self, rest: &[u8]) {
        self.begun = Vec::new();
        let Some(message) = Handshakes::new(rest).next() else {
            self.begun.extend_from_slice(rest);
            return;
        };
        if is_too_long(&message) {
            let claimed = usize::try_from(message.claimed).unwrap_or(usize::MAX);
            self.pass = claimed.saturating_sub(message.body.len());
        } else {
            self.begun.extend_from_slice(rest);
        }
    }
}

impl Analyzer for TlsAnalyzer {
    fn next(&mut self, input: &Input<'_>) -> Step {
        let side = self.sides.of_mut(input.from);
        let skip = std::mem::take(&mut side.skip);
        if skip > 0 {
            return Step::Skip(skip);
        }
        if input.bytes.is_empty() {
            // What follows does not belong to what came before.
            side.begun = Vec::new();
            side.pass = 0;
            return Step::Lost;
        }
        if let Some(len) = self.old_record(input) {
            return if input.bytes.len() < len {
                Step::More(len)
            } else {
                Step::Message { len, note: self.note(Body::Old), inner: None }
            };
        }
        let Some(header) = RecordHeader::read(input.bytes) else { return Step::More(RECORD_HEADER) };
        if !header.is_sane() {
            return begins_behind(input.bytes).map_or(Step::Lost, Step::Skip);
        }
        match input.bytes.get(RECORD_HEADER..header.whole()) {
            Some(body) => self.record(input.from, header, body),
            None if is_snapped(input) => self.cut(input.from, header, input.bytes),
            None => Step::More(header.whole()),
        }
    }

    fn held(&self) -> usize {
        self.sides.orig.begun.capacity().saturating_add(self.sides.resp.begun.capacity())
    }
}

impl TlsAnalyzer {
    /// The length of the record of SSL 2.0 that comes next, if it is one: a client hello, or whatever such a client and
    /// its server say until one of them speaks a later version.
    fn old_record(&mut self, input: &Input<'_>) -> Option<usize> {
        if let Some(len) = old_client_hello(input.bytes) {
            self.is_old = input.bytes.get(3..5) == Some(&[0, 2]);
            return Some(len);
        }
        let &[first, second] = input.bytes.first_chunk()?;
        if !self.is_old || (matches!(first, 20..=24) && second == 3) {
            return None;
        }
        let (bits, header) = if first & 0x80 != 0 { (0x7f, 2) } else { (0x3f, 3) };
        Some(usize::from(u16::from_be_bytes([first & bits, second])).saturating_add(header))
    }
}

/// Whether the capture cut the packet that the record is in: the bytes that are missing are of the same packet.
fn is_snapped(input: &Input<'_>) -> bool {
    matches!(input.end, Some(Ending::Gap(_) | Ending::Snapped)) && input.first.number == input.packet.number
}

/// How many bytes stand before a hello: the last of what another protocol said before it changed to TLS.
fn begins_behind(bytes: &[u8]) -> Option<u64> {
    let places = 1..bytes.len().min(MAX_BEFORE_HELLO);
    let mut found = places.filter(|&at| {
        let rest = bytes.get(at..).unwrap_or(&[]);
        let is_hello = matches!(rest.get(RECORD_HEADER), Some(&(kind::CLIENT_HELLO | kind::SERVER_HELLO)));
        let header = RecordHeader::read(rest).filter(|header| header.content_type == content::HANDSHAKE);
        is_hello && header.is_some_and(|header| header.is_sane())
    });
    found.next().and_then(|at| u64::try_from(at).ok())
}

fn is_alert(body: &[u8]) -> bool {
    matches!(body, [1 | 2, 0..=121 | 255])
}

/// Whether a handshake message may begin like this: its kind is known, and its length such that it is no accident.
fn begins_message(body: &[u8]) -> bool {
    match Handshakes::new(body).next() {
        Some(message) => is_known(message.kind) && !is_too_long(&message),
        None => body.first().is_some_and(|&kind| is_known(kind)),
    }
}

/// Whether a message is longer than those that are joined.
fn is_too_long(message: &Handshake<'_>) -> bool {
    usize::try_from(message.claimed).is_ok_and(|len| len > MAX_HANDSHAKE)
}

fn is_known(kind: u8) -> bool {
    matches!(kind, 0..=6 | 8 | 11..=16 | 20..=25 | 67 | 254)
}
