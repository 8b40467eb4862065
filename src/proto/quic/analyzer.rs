//! A flow that carries QUIC: which packets it has, and the handshake that its Initial packets hold.

use super::frames::crypto;
use super::keys::Keys;
use super::packet::{Header, PacketKind, Version};
use super::{Opened, QuicNote};
use crate::flow::Direction;
use crate::proto::pieces::Pieces;
use crate::proto::talk::Both;
use crate::proto::tls::{Handshakes, ServerHello, kind};
use crate::proto::{Analyzer, Input, Note, Step};

/// Most bytes of the handshake that Initial packets of one side are joined to: a hello with post-quantum keys has
/// some two thousand.
pub const MAX_CRYPTO: u64 = 64 << 10;

/// Bytes behind the beginning of the packet number that the protection of the header is taken from.
const SAMPLE_AT: usize = 4;
const SAMPLE: usize = 16;

/// A flow that carries QUIC.
#[derive(Debug, Default)]
pub struct QuicAnalyzer {
    connection: Option<Connection>,
    /// Length of the connection id that a side wants to be called by.
    ids: Both<usize>,
}

/// The connection that the client began last.
#[derive(Debug)]
struct Connection {
    client: Direction,
    /// The client's keys, then the server's.
    keys: [Keys; 2],
    sides: Both<Side>,
    /// What the server chose.
    version: Option<u16>,
    cipher: Option<u16>,
}

/// What Initial packets of one side said.
#[derive(Debug, Default)]
struct Side {
    /// Highest packet number so far.
    highest: Option<u64>,
    handshake: Joined,
}

/// Bytes of the handshake that come in pieces, in any order.
#[derive(Debug, Default)]
struct Joined {
    bytes: Vec<u8>,
    there: Pieces,
    /// Bytes that were told.
    told: usize,
}

impl Joined {
    fn add(&mut self, offset: u64, bytes: &[u8]) {
        let Some(end) = u64::try_from(bytes.len()).ok().and_then(|len| offset.checked_add(len)) else {
            return;
        };
        let (Ok(start), Ok(stop), true) = (usize::try_from(offset), usize::try_from(end), end <= MAX_CRYPTO)
        else {
            return;
        };
        if !self.there.add(start, stop) {
            return;
        }
        if self.bytes.len() < stop {
            self.bytes.resize(stop, 0);
        }
        if let Some(place) = self.bytes.get_mut(start..stop) {
            place.copy_from_slice(bytes);
        }
    }

    /// The whole messages that were not told yet.
    fn next(&mut self) -> &[u8] {
        let whole = self.there.reach();
        let fresh = self.bytes.get(self.told..whole).unwrap_or(&[]);
        let mut messages = Handshakes::new(fresh);
        let mut len = 0;
        while messages.next().is_some_and(|message| message.is_whole()) {
            len = fresh.len().saturating_sub(messages.rest().len());
        }
        let from = self.told;
        self.told = self.told.saturating_add(len);
        self.bytes.get(from..self.told).unwrap_or(&[])
    }
}

/// An Initial packet without its protection.
struct Clear {
    first: u8,
    number: u64,
    number_len: u8,
    payload: Vec<u8>,
}

impl QuicAnalyzer {
    /// A flow that has carried nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the protection off an Initial packet: with the keys that are there, or those that a client's first packet makes.
    fn open(&mut self, from: Direction, header: &Header<'_>, packet: &[u8]) -> Option<Clear> {
        if let Some(connection) = &self.connection {
            let of_client = connection.client == from;
            let [client, server] = &connection.keys;
            let keys = if of_client { client } else { server };
            if let Some(clear) = unprotect(keys, header, packet, connection.sides.of(from).highest) {
                return Some(clear);
            }
        }
        let client = Keys::initial(header.version, header.dcid, true)?;
        // A first packet that the capture cut cannot be opened, and its keys are those of the answer all the same.
        let clear = if header.len > packet.len() {
            if self.connection.is_some() {
                return None;
            }
            None
        } else {
            Some(unprotect(&client, header, packet, None)?)
        };
        let server = Keys::initial(header.version, header.dcid, false)?;
        let keys = [client, server];
        match &mut self.connection {
            // After a retry the client begins anew with other keys, and says the same.
            Some(connection)
                if connection.client == from && connection.sides.of(from.reversed()).highest.is_none() =>
            {
                connection.keys = keys;
            }
            slot => {
                let (sides, version, cipher) = (Both::default(), None, None);
                *slot = Some(Connection { client: from, keys, sides, version, cipher });
            }
        }
        clear
    }

    /// What is to be told of an Initial packet that was opened, and its bytes.
    fn opened(&mut self, from: Direction, clear: Clear) -> Option<(Opened, Vec<u8>)> {
        let connection = self.connection.as_mut()?;
        let side = connection.sides.of_mut(from);
        side.highest = side.highest.max(Some(clear.number));
        for piece in crypto(&clear.payload) {
            side.handshake.add(piece.offset, piece.bytes);
        }
        let messages = side.handshake.next();
        for message in Handshakes::new(messages) {
            if let (kind::SERVER_HELLO, Some(hello)) = (message.kind, ServerHello::read(message.body)) {
                connection.version = Some(hello.chosen_version());
                connection.cipher = Some(hello.cipher_suite);
            }
        }
        let payload_len = clear.payload.len();
        let mut inner = clear.payload;
        inner.extend_from_slice(messages);
        let opened = Opened {
            first: clear.first,
            number: clear.number,
            number_len: clear.number_len,
            payload_len,
            version: connection.version,
            cipher: connection.cipher,
        };
        Some((opened, inner))
    }
}

/// Takes the protection off (RFC 9001 sections 5.3 and 5.4).
fn unprotect(keys: &Keys, header: &Header<'_>, packet: &[u8], highest: Option<u64>) -> Option<Clear> {
    let at = header.number_at;
    let sample = packet.get(at.checked_add(SAMPLE_AT)?..)?.get(..SAMPLE)?;
    let [mask_first, mask @ ..] = keys.mask(sample)?;
    let first = header.first ^ (mask_first & 0x0f);
    let number_len = (first & 3) + 1;
    let number_end = at.checked_add(usize::from(number_len))?;
    let mut clear_header = packet.get(..number_end)?.to_vec();
    *clear_header.first_mut()? = first;
    let mut short = 0;
    for (byte, mask) in clear_header.get_mut(at..)?.iter_mut().zip(mask) {
        *byte ^= mask;
        short = short << 8 | u64::from(*byte);
    }
    let number = full_number(short, number_len, highest);
    let payload = keys.open(number, &clear_header, packet.get(number_end..header.len)?)?;
    Some(Clear { first, number, number_len, payload })
}

/// The number that is nearest to the one expected and ends in the bytes that were sent (RFC 9000 appendix A.3).
fn full_number(short: u64, len: u8, highest: Option<u64>) -> u64 {
    let expected = highest.map_or(0, |highest| highest.saturating_add(1));
    let window = 1_u64 << (8 * u32::from(len));
    let candidate = (expected & !(window - 1)) | short;
    if candidate.saturating_add(window / 2) <= expected {
        candidate.saturating_add(window)
    } else if candidate > expected.saturating_add(window / 2) && candidate >= window {
        candidate - window
    } else {
        candidate
    }
}

impl Analyzer for QuicAnalyzer {
    fn next(&mut self, input: &Input<'_>) -> Step {
        let Some(header) = Header::read(input.bytes) else { return Step::Lost };
        // Zeros behind the last packet fill the datagram; no packet begins so.
        if header.kind == PacketKind::Short && header.first & 0x40 == 0 {
            return Step::Lost;
        }
        let len = header.len.min(input.bytes.len());
        let mut short_id = 0;
        match header.kind {
            PacketKind::Short => short_id = *self.ids.of(input.from.reversed()),
            PacketKind::Initial | PacketKind::Handshake => *self.ids.of_mut(input.from) = header.scid.len(),
            _ => {}
        }
        let mut note = QuicNote {
            kind: header.kind,
            version: header.version,
            short_id,
            number_at: header.number_at,
            opened: None,
        };
        let mut inner = None;
        if header.kind == PacketKind::Initial && header.version != Version::NEGOTIATION {
            let clear = self.open(input.from, &header, input.bytes);
            if let Some((opened, bytes)) = clear.and_then(|clear| self.opened(input.from, clear)) {
                note.opened = Some(opened);
                inner = Some(("Decrypted QUIC", bytes));
            }
        }
        Step::Message { len, note: Note::Quic(Box::new(note)), inner }
    }

    fn held(&self) -> usize {
        self.connection.as_ref().map_or(0, |connection| {
            let of = |side: &Side| side.handshake.bytes.capacity();
            of(&connection.sides.orig).saturating_add(of(&connection.sides.resp))
        })
    }
}
