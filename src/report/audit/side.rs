//! What is kept of the bytes that one side sent: counts, the line that is not whole yet.

use super::randomness::ByteCounts;
use crate::proto::content::{self, MAGIC_BYTES};
use crate::proto::{ReadableCount, judge};
use crate::report::secret::Expect;
use crate::source::PacketNumber;

/// Bytes kept of a line until its end comes; the rest of a longer one is not looked at. Cookies get this long.
pub(super) const MAX_LINE_BYTES: usize = 4096;

/// Bytes kept of what was readable, to show: a line or two.
const MAX_SAMPLE_BYTES: usize = 160;

/// Encodings of bodies that are told: there are few.
const MAX_PACKED: usize = 4;

/// One side of a flow.
#[derive(Debug, Default)]
pub(super) struct Side {
    pub(super) counts: ByteCounts,
    pub(super) readable: ReadableCount,
    /// What its first bytes are the mark of, once there are enough to say.
    magic: Option<&'static str>,
    /// What begins a few bytes behind its beginning, likewise.
    buried: Option<&'static str>,
    /// The beginning is not in the capture.
    pub(super) headless: bool,
    pub(super) first: PacketNumber,
    pub(super) last: PacketNumber,
    /// Readable lines without a secret in them, as much as is shown.
    pub(super) sample: Vec<u8>,
    /// What bodies were packed with.
    pub(super) packed: Vec<Vec<u8>>,
    /// The beginning of what it sent since TLS began, until the server has chosen a cipher suite.
    pub(super) hello: Vec<u8>,
    /// Packets in which a protocol was looked for.
    pub(super) tries: u8,
    pub(super) expect: Expect,
    pub(super) line: Vec<u8>,
    /// The packet that brought the last byte of `line`.
    pub(super) line_packet: PacketNumber,
    /// The line is longer than is kept.
    pub(super) overlong: bool,
    /// Line feeds since the last line that was not empty.
    pub(super) line_ends: u8,
    /// Within a command of Telnet: the bytes of it seen so far (0: not within).
    telnet: u8,
}

impl Side {
    /// Counts the next bytes.
    pub(super) fn count(&mut self, bytes: &[u8], packet: PacketNumber) {
        if self.counts.total() == 0 {
            self.first = packet;
        }
        self.last = packet;
        if let Some(before) = self.counts.bytes()
            && let Some(rest) = bytes.get(..MAGIC_BYTES.saturating_sub(before.len()))
        {
            let first = [before, rest].concat();
            // Of what reads as text nobody asks it.
            let behind = || (!judge(&first).is_text()).then(|| content::packed_behind(&first)).flatten();
            self.magic = content::packed(&first);
            self.buried = if self.magic.is_none() { behind() } else { None };
        }
        self.counts.take(bytes);
        self.readable.take(bytes);
    }

    /// What it begins with, where that is the mark of something packed.
    pub(super) fn magic(&self) -> Option<&'static str> {
        match self.counts.bytes().filter(|bytes| bytes.len() < MAGIC_BYTES) {
            _ if self.headless => None,
            Some(all) => content::packed(all),
            None => self.magic,
        }
    }

    /// What begins a few bytes behind its beginning, where that is the mark of something packed.
    pub(super) fn buried(&self) -> Option<&'static str> {
        match self.counts.bytes().filter(|bytes| bytes.len() < MAGIC_BYTES) {
            _ if self.headless => None,
            Some(all) => content::packed_behind(all),
            None => self.buried,
        }
    }

    /// Bytes are missing here.
    pub(super) fn gap(&mut self) {
        self.headless |= self.counts.total() == 0;
        self.readable.interrupt();
    }

    /// What belongs to the next line of `bytes`, of which zeros at its beginning are padding.
    pub(super) fn unpadded<'a>(&self, bytes: &'a [u8]) -> &'a [u8] {
        if !self.line.is_empty() {
            return bytes;
        }
        let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
        bytes.get(zeros..).unwrap_or(&[])
    }

    /// Adds to the line what there is room for; gives whether it is as long as it may be.
    pub(super) fn extend(&mut self, bytes: &[u8], packet: PacketNumber) -> bool {
        if self.overlong || bytes.is_empty() {
            return false;
        }
        let room = MAX_LINE_BYTES.saturating_sub(self.line.len());
        self.line.extend_from_slice(bytes.get(..room).unwrap_or(bytes));
        self.line_packet = packet;
        self.overlong = self.line.len() >= MAX_LINE_BYTES;
        self.overlong
    }

    /// Counts a line end.
    pub(super) fn end(&mut self, byte: u8) {
        self.overlong = false;
        self.line_ends = self.line_ends.saturating_add(u8::from(byte == b'\n'));
        // An empty line ends the headers.
        if self.line_ends > 1 && matches!(self.expect, Expect::Folded { .. }) {
            self.expect = Expect::Anything;
        }
    }

    /// Adds a byte of Telnet to the line; gives whether it ends the line.
    pub(super) fn push(&mut self, byte: u8, packet: PacketNumber) -> bool {
        if self.is_telnet_command(byte) {
            return false;
        }
        match byte {
            b'\r' | b'\n' => {
                self.end(byte);
                return true;
            }
            // Behind a carriage return (RFC 854), or padding.
            0 if self.line.is_empty() => {}
            // What was rubbed out was not sent as part of a word.
            8 | 0x7f => {
                self.line.pop();
            }
            _ => return self.extend(&[byte], packet),
        }
        false
    }

    /// Commands of Telnet have two bytes, three with an option; what is negotiated between SB and SE is short.
    fn is_telnet_command(&mut self, byte: u8) -> bool {
        let (next, taken) = match (self.telnet, byte) {
            (0, 0xff) => (1, true),
            (0, _) => (0, false),
            (1, 0xfb..=0xfe) => (2, true),
            (1, 0xfa) => (3, true),
            (3, 0xff) => (4, true),
            (3, _) => (3, true),
            (4, 0xf0) => (0, true),
            (4, _) => (3, true),
            (_, _) => (0, true),
        };
        self.telnet = next;
        taken
    }

    /// Keeps a line to show it.
    pub(super) fn show(&mut self, line: &[u8]) {
        if self.sample.len() >= MAX_SAMPLE_BYTES || line.is_empty() {
            return;
        }
        if !self.sample.is_empty() {
            self.sample.push(b' ');
        }
        let room = MAX_SAMPLE_BYTES.saturating_sub(self.sample.len());
        self.sample.extend(line.iter().take(room));
    }

    pub(super) fn packed_with(&mut self, name: Vec<u8>) {
        if self.packed.len() < MAX_PACKED && !self.packed.contains(&name) {
            self.packed.push(name);
        }
    }
}
