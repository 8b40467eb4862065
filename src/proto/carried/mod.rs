//! Protocols that carry the records of TLS in packets of their own. Of the carrier nothing is told; the records are
//! handed on ([`super::Step::Carries`]) once all that were begun are whole, and are told as TLS there.

mod openvpn;
mod radius;
mod rdp_udp;

#[cfg(test)]
mod tests;

pub use openvpn::OpenVpnAnalyzer;
pub use radius::RadiusAnalyzer;
pub use rdp_udp::RdpUdpAnalyzer;
pub(super) use {openvpn::is_openvpn, radius::carries_eap, rdp_udp::is_rdp_udp};

use std::collections::BTreeMap;

use super::tls::{RECORD_HEADER, RecordHeader};

/// Most bytes of records that wait for their end: one side's part of a handshake, with its certificates, has some ten
/// thousand.
const MAX_FLIGHT: usize = 128 << 10;

/// Most packets of a side that wait for one before them: OpenVPN has no more unacknowledged.
const MAX_WAITING: usize = 12;

/// Packets of one side, which are numbered.
#[derive(Debug, Default)]
struct Numbered {
    /// Number of the packet that comes next.
    next: u32,
    waiting: BTreeMap<u32, Vec<u8>>,
    flight: Flight,
}

impl Numbered {
    fn new(first: u32) -> Self {
        Self { next: first, ..Self::default() }
    }

    /// Takes a packet's records, and those behind it that waited; all that are whole. A repeat is told again where it is
    /// whole in itself, as one of DTLS is.
    fn add(&mut self, number: u32, records: &[u8]) -> Option<Vec<u8>> {
        if number < self.next {
            return Flight::default().add(records);
        }
        if number > self.next && self.waiting.len() >= MAX_WAITING {
            return None;
        }
        self.waiting.insert(number, records.to_vec());
        let mut whole = None;
        while let Some(records) = self.waiting.remove(&self.next) {
            self.next = self.next.checked_add(1)?;
            if let Some(bytes) = self.flight.add(&records) {
                whole.get_or_insert_with(Vec::new).extend_from_slice(&bytes);
            }
        }
        whole
    }

    fn held(&self) -> usize {
        let waiting = self.waiting.values().map(Vec::capacity).sum::<usize>();
        waiting.saturating_add(self.flight.held())
    }
}

/// Records of one side that are not whole yet.
#[derive(Debug, Default)]
struct Flight {
    bytes: Vec<u8>,
}

impl Flight {
    /// Adds the next bytes: all that waited, where the last record ends with them.
    fn add(&mut self, bytes: &[u8]) -> Option<Vec<u8>> {
        if self.bytes.len().saturating_add(bytes.len()) > MAX_FLIGHT {
            self.bytes = Vec::new();
            return None;
        }
        self.bytes.extend_from_slice(bytes);
        let mut rest = self.bytes.as_slice();
        while !rest.is_empty() {
            let header = RecordHeader::read(rest);
            if header.is_some_and(|header| !header.is_sane()) {
                // No records, or encrypted ones.
                self.bytes = Vec::new();
                return None;
            }
            rest = rest.get(header.map_or(RECORD_HEADER, |header| header.whole())..)?;
        }
        Some(std::mem::take(&mut self.bytes)).filter(|bytes| !bytes.is_empty())
    }

    fn held(&self) -> usize {
        self.bytes.capacity()
    }
}
