//! RADIUS (RFC 2865) with EAP in it (RFC 3579), whose methods that use TLS carry its records in fragments (RFC 5216
//! section 3.1).

use super::Flight;
use crate::proto::talk::Both;
use crate::proto::tls::reader::Reader;
use crate::proto::{Analyzer, Input, Step};

/// Bytes before the attributes: code, number, length, authenticator.
const HEADER: usize = 20;
/// The attribute that holds a part of an EAP packet (RFC 3579 section 3.1).
const EAP_MESSAGE: u8 = 79;
/// EAP-TLS, EAP-TTLS, PEAP and EAP-FAST begin alike (IANA, EAP method types).
const METHODS_OF_TLS: [u8; 4] = [13, 21, 25, 43];
/// The bits of such a method: a length follows; the first message.
const HAS_LENGTH: u8 = 0x80;
const STARTS: u8 = 0x20;

/// A flow that carries RADIUS with EAP.
#[derive(Debug, Default)]
pub struct RadiusAnalyzer {
    sides: Both<Side>,
    /// The next records are the first of a connection.
    begins: bool,
}

#[derive(Debug, Default)]
struct Side {
    flight: Flight,
    /// Number of the last EAP packet: a repeat has the same.
    last: Option<u8>,
}

/// An EAP packet of a method that carries TLS.
struct Eap<'a> {
    number: u8,
    starts: bool,
    records: &'a [u8],
}

impl RadiusAnalyzer {
    /// A flow that has carried nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn take(&mut self, input: &Input<'_>) -> Option<Vec<u8>> {
        let packet = eap_packet(input.bytes)?;
        let eap = Eap::read(&packet)?;
        if eap.starts {
            self.sides = Both::default();
            self.begins = true;
        }
        let side = self.sides.of_mut(input.from);
        if side.last.replace(eap.number) == Some(eap.number) {
            return None;
        }
        side.flight.add(eap.records)
    }
}

impl<'a> Eap<'a> {
    fn read(packet: &'a [u8]) -> Option<Self> {
        let mut reader = Reader::new(packet);
        let (_code, number, _len) = (reader.byte()?, reader.byte()?, reader.word()?);
        if !METHODS_OF_TLS.contains(&reader.byte()?) {
            return None;
        }
        let flags = reader.byte()?;
        if flags & HAS_LENGTH != 0 {
            reader.take(4)?;
        }
        let starts = flags & STARTS != 0;
        // What a start carries is not records.
        let records = if starts { &[] } else { reader.rest() };
        Some(Self { number, starts, records })
    }
}

/// The EAP packet that the attributes of a RADIUS packet hold in parts; `None` where this is no RADIUS, or has none.
fn eap_packet(bytes: &[u8]) -> Option<Vec<u8>> {
    let &[code, _, high, low] = bytes.first_chunk()?;
    // Access-Request, -Accept, -Reject, -Challenge.
    if !matches!(code, 1..=3 | 11) {
        return None;
    }
    let mut attributes = bytes.get(HEADER..usize::from(u16::from_be_bytes([high, low])))?;
    let mut packet = Vec::new();
    while let &[kind, len, ..] = attributes {
        let (attribute, rest) = attributes.split_at_checked(usize::from(len))?;
        if kind == EAP_MESSAGE {
            packet.extend_from_slice(attribute.get(2..)?);
        }
        // A length below two is that of no attribute, and would not end.
        attributes = if len < 2 { return None } else { rest };
    }
    let &[code, _, high, low] = packet.first_chunk()?;
    let is_whole = usize::from(u16::from_be_bytes([high, low])) == packet.len();
    (attributes.is_empty() && matches!(code, 1..=4) && is_whole).then_some(packet)
}

/// Whether a datagram is RADIUS with an EAP packet in it.
pub(in crate::proto) fn carries_eap(bytes: &[u8]) -> bool {
    eap_packet(bytes).is_some()
}

impl Analyzer for RadiusAnalyzer {
    fn next(&mut self, input: &Input<'_>) -> Step {
        let len = input.bytes.len();
        match self.take(input) {
            Some(bytes) => Step::Carries { len, bytes, begins: std::mem::take(&mut self.begins) },
            None => Step::Lost,
        }
    }

    fn held(&self) -> usize {
        self.sides.orig.flight.held().saturating_add(self.sides.resp.flight.held())
    }
}
