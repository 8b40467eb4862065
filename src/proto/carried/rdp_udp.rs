//! Remote Desktop over UDP, version 3 of its transport (MS-RDPEUDP for the beginning, MS-RDPEUDP2 for what follows):
//! numbered datagrams, whose data begin with TLS.

use super::Numbered;
use crate::proto::talk::Both;
use crate::proto::tls::reader::Reader;
use crate::proto::{Analyzer, Input, Step};

/// Bits of the header by which a connection begins (MS-RDPEUDP section 2.2.2.1).
mod begin {
    pub(super) const SYN: u16 = 0x0001;
    pub(super) const CORRELATION: u16 = 0x0800;
    pub(super) const EXTENDED: u16 = 0x1000;
    /// The version whose data are read.
    pub(super) const VERSION: u16 = 0x0101;
}

/// Bits that say which parts a packet has (MS-RDPEUDP2 section 2.2.1.1).
mod part {
    pub(super) const ACK: u16 = 0x001;
    pub(super) const DATA: u16 = 0x004;
    pub(super) const ACK_VECTOR: u16 = 0x008;
    pub(super) const ACK_OF_ACKS: u16 = 0x010;
    pub(super) const OVERHEAD: u16 = 0x040;
    pub(super) const DELAY: u16 = 0x100;
}

/// Where a packet's first byte stands: it is exchanged with the one that stands first.
const PREFIX_AT: usize = 7;

/// A flow that carries Remote Desktop.
#[derive(Debug)]
pub struct RdpUdpAnalyzer {
    sides: Both<Numbered>,
    /// The next records are the first of a connection.
    begins: bool,
}

impl RdpUdpAnalyzer {
    /// A flow that has carried nothing yet.
    #[must_use]
    pub fn new() -> Self {
        let side = || Numbered::new(1);
        Self { sides: Both { orig: side(), resp: side() }, begins: true }
    }

    fn take(&mut self, input: &Input<'_>) -> Option<Vec<u8>> {
        if is_rdp_udp(input.bytes) {
            *self = Self::new();
            return None;
        }
        let mut packet = input.bytes.to_vec();
        packet.get(PREFIX_AT)?;
        packet.swap(0, PREFIX_AT);
        let (number, records) = data(&packet)?;
        self.sides.of_mut(input.from).add(number, records)
    }
}

impl Default for RdpUdpAnalyzer {
    fn default() -> Self {
        Self::new()
    }
}

/// A data packet's number and its bytes; the prefix stands first.
fn data(packet: &[u8]) -> Option<(u32, &[u8])> {
    let mut reader = Reader::new(packet);
    // Bits 1 to 4 are the packet's kind: 0 is data.
    if reader.byte()? & 0x1e != 0 {
        return None;
    }
    let parts = reader.word()?.swap_bytes();
    let has = |part| parts & part != 0;
    if has(part::ACK) {
        reader.take(6)?;
        let delayed = reader.byte()? & 0x0f;
        reader.take(usize::from(delayed))?;
    }
    for (part, len) in [(part::OVERHEAD, 1), (part::DELAY, 3), (part::ACK_OF_ACKS, 2), (part::DATA, 2)] {
        if has(part) {
            reader.take(len)?;
        }
    }
    if has(part::ACK_VECTOR) {
        reader.take(2)?;
        let size = reader.byte()?;
        reader.take(usize::from(size & 0x7f) + if size & 0x80 != 0 { 4 } else { 0 })?;
    }
    let number = has(part::DATA).then(|| reader.word())??.swap_bytes();
    Some((u32::from(number), reader.rest()))
}

/// Whether a client asks for a connection whose data can be read.
pub(in crate::proto) fn is_rdp_udp(bytes: &[u8]) -> bool {
    let version = || -> Option<u16> {
        let mut reader = Reader::new(bytes);
        let acknowledged = reader.number(4)?;
        reader.word()?;
        let flags = reader.word()?;
        if acknowledged != 0xffff_ffff
            || flags & (begin::SYN | begin::EXTENDED) != begin::SYN | begin::EXTENDED
        {
            return None;
        }
        // First number, longest packet up and down, then what was asked for.
        reader.take(8)?;
        if flags & begin::CORRELATION != 0 {
            reader.take(32)?;
        }
        reader.word()?;
        reader.word()
    };
    version() == Some(begin::VERSION)
}

impl Analyzer for RdpUdpAnalyzer {
    fn next(&mut self, input: &Input<'_>) -> Step {
        let len = input.bytes.len();
        match self.take(input) {
            Some(bytes) => Step::Carries { len, bytes, begins: std::mem::take(&mut self.begins) },
            None => Step::Lost,
        }
    }

    fn held(&self) -> usize {
        self.sides.orig.held().saturating_add(self.sides.resp.held())
    }
}
