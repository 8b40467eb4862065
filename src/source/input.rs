//! The refill buffer that every savefile is read through: packets are borrowed from it, never copied out.

use std::io::{self, Read};
use std::ops::Range;

use super::error::{Fault, FaultKind};

/// First size of the buffer: large enough that a read call costs nothing beside its bytes, small enough to stay
/// in a processor's second-level cache, which a larger buffer would leave on every refill.
const INITIAL: usize = 512 * 1024;

/// Largest buffer, so the largest record that can be read at all: Wireshark's greatest packet (D-Bus, USBPcap:
/// 128 MiB) and its header. The buffer only grows as bytes really arrive: a lying length field costs nothing.
const MAX_BUFFER: usize = 129 * 1024 * 1024;

/// Byte order of a savefile's own fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    Little,
    Big,
}

impl Order {
    pub(super) fn u16(self, bytes: [u8; 2]) -> u16 {
        match self {
            Self::Little => u16::from_le_bytes(bytes),
            Self::Big => u16::from_be_bytes(bytes),
        }
    }

    pub(super) fn u32(self, bytes: [u8; 4]) -> u32 {
        match self {
            Self::Little => u32::from_le_bytes(bytes),
            Self::Big => u32::from_be_bytes(bytes),
        }
    }

    pub(super) fn u64(self, bytes: [u8; 8]) -> u64 {
        match self {
            Self::Little => u64::from_le_bytes(bytes),
            Self::Big => u64::from_be_bytes(bytes),
        }
    }

    /// The 16-bit number at `at`, if the bytes reach that far.
    pub(super) fn u16_at(self, bytes: &[u8], at: usize) -> Option<u16> {
        Some(self.u16(*bytes.get(at..)?.first_chunk()?))
    }

    /// The 32-bit number at `at`, if the bytes reach that far.
    pub(super) fn u32_at(self, bytes: &[u8], at: usize) -> Option<u32> {
        Some(self.u32(*bytes.get(at..)?.first_chunk()?))
    }

    /// The 64-bit number at `at`, if the bytes reach that far.
    pub(super) fn u64_at(self, bytes: &[u8], at: usize) -> Option<u64> {
        Some(self.u64(*bytes.get(at..)?.first_chunk()?))
    }
}

/// A stream of bytes with a window of it in memory.
pub(super) struct Input {
    reader: Box<dyn Read + Send>,
    buffer: Vec<u8>,
    /// First byte not consumed.
    start: usize,
    /// First byte not filled.
    end: usize,
    /// Stream offset of `buffer`'s first byte.
    base: u64,
    /// The reader has said that there is no more. Not kept where the file may still grow.
    ended: bool,
    growing: bool,
}

impl Input {
    pub(super) fn new(reader: Box<dyn Read + Send>, growing: bool) -> Self {
        Self { reader, buffer: vec![0; INITIAL], start: 0, end: 0, base: 0, ended: false, growing }
    }

    /// Offset in the stream of the first byte not consumed.
    pub(super) fn offset(&self) -> u64 {
        self.base.saturating_add(self.start as u64)
    }

    /// The bytes in memory that are not consumed.
    pub(super) fn available(&self) -> &[u8] {
        self.buffer.get(self.start..self.end).unwrap_or(&[])
    }

    /// Whether `wanted` bytes are, or can be brought, into [`Self::available`]; false where the stream ends first.
    pub(super) fn has(&mut self, wanted: usize) -> Result<bool, Fault> {
        if self.end - self.start >= wanted {
            return Ok(true);
        }
        self.fill(wanted)
    }

    #[cold]
    fn fill(&mut self, wanted: usize) -> Result<bool, Fault> {
        if wanted > MAX_BUFFER {
            return Err(Fault::damaged(
                self.offset(),
                format!("a record of {wanted} bytes, more than can be read"),
            ));
        }
        while self.end - self.start < wanted {
            if self.ended {
                return Ok(false);
            }
            if self.start > 0 {
                self.buffer.copy_within(self.start..self.end, 0);
                self.base = self.base.saturating_add(self.start as u64);
                self.end -= self.start;
                self.start = 0;
            }
            if self.end == self.buffer.len() {
                let doubled = self.buffer.len().saturating_mul(2).min(MAX_BUFFER);
                self.buffer.resize(doubled, 0);
            }
            let room = self.buffer.get_mut(self.end..).unwrap_or(&mut []);
            match self.reader.read(room) {
                Ok(0) => {
                    self.ended = !self.growing;
                    return Ok(false);
                }
                Ok(read) => self.end += read.min(room.len()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    self.ended = true;
                    return Err(Fault { offset: self.offset(), kind: FaultKind::Io(error) });
                }
            }
        }
        Ok(true)
    }

    /// Takes `count` bytes, which must be available, and says where they are until the next [`Self::has`].
    pub(super) fn take(&mut self, count: usize) -> Range<usize> {
        let from = self.start;
        self.start = self.start.saturating_add(count).min(self.end);
        from..self.start
    }

    /// The bytes that [`Self::take`] spoke of.
    pub(super) fn bytes(&self, range: Range<usize>) -> &[u8] {
        self.buffer.get(range).unwrap_or(&[])
    }

    /// All bytes still in memory, consumed or not.
    pub(super) fn window(&self) -> &[u8] {
        self.buffer.get(..self.end).unwrap_or(&[])
    }

    /// Ends this window and gives its stream back, from the first byte not consumed.
    pub(super) fn into_reader(self) -> Box<dyn Read + Send> {
        let rest = self.available().to_vec();
        Box::new(io::Cursor::new(rest).chain(self.reader))
    }
}
