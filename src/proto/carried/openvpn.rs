//! The control channel of OpenVPN (draft-openvpn-wire-format): TLS in packets that are numbered and acknowledged, with
//! or without a code that proves who sent them.

use super::Numbered;
use crate::proto::talk::Both;
use crate::proto::tls::reader::Reader;
use crate::proto::{Analyzer, Ending, Input, Step};

/// Opcodes, in the upper five bits of the first byte.
mod opcode {
    pub(super) const HARD_RESET_CLIENT_V1: u8 = 1;
    pub(super) const HARD_RESET_SERVER_V1: u8 = 2;
    pub(super) const SOFT_RESET: u8 = 3;
    pub(super) const CONTROL: u8 = 4;
    pub(super) const HARD_RESET_CLIENT_V2: u8 = 7;
    pub(super) const HARD_RESET_SERVER_V2: u8 = 8;
}

/// Bytes of the packet that begins a session, without a code: opcode, session, no acknowledgements, number.
const RESET: usize = 14;
/// Lengths that the code (HMAC) may have: MD5, SHA-1, SHA-224 to SHA-512.
const CODES: [usize; 6] = [16, 20, 28, 32, 48, 64];
/// What follows the code: a number and a time, against replays.
const REPLAY: usize = 8;
/// A flow that carries OpenVPN.
#[derive(Debug, Default)]
pub struct OpenVpnAnalyzer {
    /// Bytes of the code and what follows it.
    code: usize,
    sides: Both<Numbered>,
    /// The next records are the first of a connection.
    begins: bool,
}

impl OpenVpnAnalyzer {
    /// A flow that has carried nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn take(&mut self, input: &Input<'_>, packet: &[u8]) -> Option<Vec<u8>> {
        let opcode = packet.first()? >> 3;
        if let Some(code) = code_of_reset(packet) {
            self.code = code;
        }
        match opcode {
            opcode::CONTROL => {}
            opcode::HARD_RESET_CLIENT_V1
            | opcode::HARD_RESET_SERVER_V1
            | opcode::SOFT_RESET
            | opcode::HARD_RESET_CLIENT_V2
            | opcode::HARD_RESET_SERVER_V2 => {
                *self.sides.of_mut(input.from) = Numbered::new(0);
                self.begins = true;
            }
            _ => return None,
        }
        let mut reader = Reader::new(packet.get(9 + self.code..)?);
        let acknowledged = usize::from(reader.byte()?);
        // With acknowledgements comes the session that they are of.
        reader.take(4 * acknowledged + if acknowledged > 0 { 8 } else { 0 })?;
        let number = u32::try_from(reader.number(4)?).ok()?;
        self.sides.of_mut(input.from).add(number, reader.rest())
    }
}

/// How long the code is in the packet by which a client begins a session, what follows it included; `None` where this
/// is no such packet.
fn code_of_reset(packet: &[u8]) -> Option<usize> {
    let opcode = packet.first()? >> 3;
    if !matches!(opcode, opcode::HARD_RESET_CLIENT_V1 | opcode::HARD_RESET_CLIENT_V2) {
        return None;
    }
    // Nothing is acknowledged, and it is the first.
    let code = packet.len().checked_sub(RESET).filter(|_| packet.ends_with(&[0; 5]))?;
    let is_known = code == 0 || CODES.iter().any(|len| len + REPLAY == code);
    is_known.then_some(code)
}

/// Whether a client begins a session of OpenVPN in a datagram, or on a stream, where a length of two bytes goes before.
pub(in crate::proto) fn is_openvpn(bytes: &[u8], is_stream: bool) -> bool {
    if !is_stream {
        return code_of_reset(bytes).is_some();
    }
    let packet = Reader::new(bytes).vector(2);
    packet.is_some_and(|packet| code_of_reset(packet).is_some())
}

impl Analyzer for OpenVpnAnalyzer {
    fn next(&mut self, input: &Input<'_>) -> Step {
        if input.bytes.is_empty() {
            return Step::Lost;
        }
        let (packet, len) = if matches!(input.end, Some(Ending::Datagram | Ending::Snapped)) {
            (input.bytes, input.bytes.len())
        } else {
            let mut reader = Reader::new(input.bytes);
            let Some(len) = reader.word() else { return Step::More(2) };
            let Some(packet) = reader.take(usize::from(len)) else { return Step::More(usize::from(len) + 2) };
            (packet, usize::from(len) + 2)
        };
        match self.take(input, packet) {
            Some(bytes) => Step::Carries { len, bytes, begins: std::mem::take(&mut self.begins) },
            None => Step::Skip(u64::try_from(len).unwrap_or(u64::MAX)),
        }
    }

    fn held(&self) -> usize {
        self.sides.orig.held().saturating_add(self.sides.resp.held())
    }
}
