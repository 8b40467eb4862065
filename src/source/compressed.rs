//! Savefiles that are packed: gzip, zstd and lz4, told by their first bytes and unpacked as they are read.

use std::fmt;
use std::io::{self, BufReader, Read};

use super::gzip::GzipReader;

/// Most layers of compression that are followed: two have been seen (a packed file stored by a packing archiver).
pub(super) const MAX_LAYERS: usize = 4;

/// Bytes read at a time from the packed file.
const PACKED_BUFFER: usize = 64 * 1024;

/// Largest zstd window, as a power of two: 128 MiB, what `zstd -d` itself accepts without being told.
const ZSTD_WINDOW_LOG: u32 = 27;

/// How a savefile is packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compression {
    /// gzip, RFC 1952.
    Gzip,
    /// Zstandard, RFC 8878.
    Zstd,
    /// LZ4 frames, the older legacy frames included.
    Lz4,
}

impl fmt::Display for Compression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
            Self::Lz4 => "lz4",
        })
    }
}

impl Compression {
    /// Told by the first four bytes, of which gzip's are two and its only method.
    pub(super) fn of(head: &[u8]) -> Option<Self> {
        match *head.first_chunk::<4>()? {
            [0x1f, 0x8b, 8, _] => Some(Self::Gzip),
            // The second is a skippable frame, which may precede.
            [0x28, 0xb5, 0x2f, 0xfd] | [0x50..=0x5f, 0x2a, 0x4d, 0x18] => Some(Self::Zstd),
            [0x04, 0x22, 0x4d, 0x18] | [0x02, 0x21, 0x4c, 0x18] => Some(Self::Lz4),
            _ => None,
        }
    }

    /// A reader of what is inside `packed`.
    pub(super) fn unpack(
        self,
        packed: Box<dyn Read + Send>,
        head: &[u8],
    ) -> io::Result<Box<dyn Read + Send>> {
        let packed = BufReader::with_capacity(PACKED_BUFFER, packed);
        Ok(match self {
            Self::Gzip => Box::new(GzipReader::new(packed)),
            Self::Zstd => {
                let mut decoder = zstd::stream::read::Decoder::with_buffer(packed)?;
                decoder.window_log_max(ZSTD_WINDOW_LOG)?;
                Box::new(decoder)
            }
            Self::Lz4 => Box::new(Lz4Reader::new(packed, head.first() == Some(&2))),
        })
    }
}

/// Remembers that its reader has come to the end.
struct EndWatch<R> {
    reader: R,
    ended: bool,
}

impl<R: Read> Read for EndWatch<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.reader.read(buffer)?;
        self.ended |= read == 0 && !buffer.is_empty();
        Ok(read)
    }
}

/// LZ4 frames, one after another. lz4_flex takes a frame that is cut between two blocks for a whole one.
struct Lz4Reader<R: Read> {
    decoder: lz4_flex::frame::FrameDecoder<EndWatch<R>>,
    /// Legacy frames have no end mark: the end of the file is theirs.
    legacy: bool,
    between_frames: bool,
}

impl<R: Read> Lz4Reader<R> {
    fn new(reader: R, legacy: bool) -> Self {
        let watch = EndWatch { reader, ended: false };
        Self { decoder: lz4_flex::frame::FrameDecoder::new(watch), legacy, between_frames: true }
    }
}

impl<R: Read> Read for Lz4Reader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let read = self.decoder.read(buffer)?;
            if read > 0 || buffer.is_empty() {
                self.between_frames = false;
                return Ok(read);
            }
            // Nothing came: an end mark was read, or the packed bytes are at their end.
            if !self.decoder.get_ref().ended {
                self.between_frames = true;
            } else if self.between_frames || self.legacy {
                return Ok(0);
            } else {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
    }
}
