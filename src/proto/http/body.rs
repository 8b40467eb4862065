//! Bodies without their codings: chunks put together (RFC 9112 section 7.1), what was packed unpacked (RFC 9110
//! section 8.4.1).

use std::borrow::Cow;
use std::cell::Cell;
use std::io::Read;

use super::framing::{ChunkStep, Framing, chunk_at};
use super::head::{Head, Headers, line_at};

/// Most bytes that a body is unpacked to. A page or picture stays far below; what is beyond is left out and told.
pub const MAX_DECODED_BYTES: usize = 64 << 20;

/// Most codings one around the other; one is usual, two are a proxy's mistake, more an attack.
pub const MAX_CODINGS: usize = 4;

/// Most bytes that all packed bodies of a capture together are unpacked to, some seconds' work: bombs are small, and a capture
/// can hold many.
pub const MAX_UNPACKED_IN_ALL: u64 = 4 << 30;

/// How much of [`MAX_UNPACKED_IN_ALL`] is used up.
#[derive(Clone, Debug, Default)]
pub struct Unpacking {
    /// Bytes unpacked so far, those between one coding and the next included.
    made: Cell<u64>,
    refused: Cell<u64>,
}

impl Unpacking {
    /// The same as [`decode`], as long as there is enough left: then packed bodies are left as they came, with
    /// [`Fault::EnoughUnpacked`].
    #[must_use]
    pub fn decode<'a>(&self, head: &Head<'_>, framing: Framing, raw: &'a [u8]) -> Decoded<'a> {
        let mut made = self.made.get();
        let body = undo(head, framing, raw, &mut made);
        self.made.set(made);
        if body.fault == Some(Fault::EnoughUnpacked) {
            self.refused.set(self.refused.get().saturating_add(1));
        }
        body
    }

    /// How many bodies were left packed.
    #[must_use]
    pub fn refused(&self) -> u64 {
        self.refused.get()
    }
}

/// A body as it was meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decoded<'a> {
    /// The bytes: all of them, or as many as could be unpacked.
    pub bytes: Cow<'a, [u8]>,
    /// What is wrong with the rest, if anything.
    pub fault: Option<Fault>,
}

/// Why a body was not decoded whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// What should be a chunk is none, or the last one is missing.
    Chunks,
    /// The packed bytes are damaged, or end early; the coding.
    Damaged(Coding),
    /// It unpacks to more than [`MAX_DECODED_BYTES`]; so many bytes of packed input made that much, rounded down.
    TooLarge {
        /// How many times larger than its input the output is, at least.
        ratio: u64,
    },
    /// A coding that is not known: the bytes are as they came.
    Unknown,
    /// More than [`MAX_CODINGS`].
    TooManyCodings,
    /// All bodies of the capture together unpack to more than somebody wants to wait for: the bytes are as they came.
    EnoughUnpacked,
}

/// A content or transfer coding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coding {
    /// RFC 1952.
    Gzip,
    /// RFC 1950, or, as some servers send it, RFC 1951.
    Deflate,
    /// RFC 7932.
    Brotli,
    /// RFC 8878.
    Zstd,
}

impl Coding {
    /// As headers spell it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Deflate => "deflate",
            Self::Brotli => "br",
            Self::Zstd => "zstd",
        }
    }

    fn named(name: &[u8]) -> Option<Self> {
        let is = |other: &str| name.eq_ignore_ascii_case(other.as_bytes());
        match () {
            () if is("gzip") || is("x-gzip") => Some(Self::Gzip),
            () if is("deflate") || is("x-deflate") => Some(Self::Deflate),
            () if is("br") => Some(Self::Brotli),
            () if is("zstd") => Some(Self::Zstd),
            () => None,
        }
    }
}

/// Bytes and codings of a message's body: `raw` is what follows the head, delimited as `framing` says.
#[must_use]
pub fn decode<'a>(head: &Head<'_>, framing: Framing, raw: &'a [u8]) -> Decoded<'a> {
    undo(head, framing, raw, &mut 0)
}

/// Undoes all codings; `made` are the bytes that unpacking has made so far.
fn undo<'a>(head: &Head<'_>, framing: Framing, raw: &'a [u8], made: &mut u64) -> Decoded<'a> {
    let mut body =
        if framing == Framing::Chunked { dechunk(raw) } else { Decoded { bytes: raw.into(), fault: None } };
    // The last one named was applied last (RFC 9110 section 8.4); transfer codings are around all of them.
    let names: Vec<&[u8]> = head.list("content-encoding").chain(head.list("transfer-encoding")).collect();
    let codings = names
        .iter()
        .rev()
        .filter(|name| !name.eq_ignore_ascii_case(b"identity") && !name.eq_ignore_ascii_case(b"chunked"));
    for (count, name) in codings.enumerate() {
        let outer = body.fault;
        let Some(coding) = Coding::named(name) else {
            body.fault = outer.or(Some(Fault::Unknown));
            break;
        };
        if count >= MAX_CODINGS {
            body.fault = outer.or(Some(Fault::TooManyCodings));
            break;
        }
        if body.bytes.is_empty() {
            break;
        }
        if *made >= MAX_UNPACKED_IN_ALL {
            body.fault = Some(Fault::EnoughUnpacked);
            break;
        }
        let (bytes, fault) = unpack(coding, &body.bytes);
        *made = made.saturating_add(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
        let fault = outer.or(fault);
        if bytes.is_empty() && fault.is_some() {
            // Nothing could be unpacked: it is shown as it came, or another of the codings is the true one.
            body.fault = fault;
            continue;
        }
        body = Decoded { bytes: bytes.into(), fault };
    }
    body
}

/// The chunks of a body, put together; as far as they are there.
#[must_use]
pub fn dechunk(raw: &[u8]) -> Decoded<'_> {
    let mut bytes = Vec::new();
    for chunk in chunks(raw) {
        bytes.extend_from_slice(raw.get(chunk.data..chunk.end).unwrap_or(&[]));
        if chunk.size == 0 {
            return Decoded { bytes: bytes.into(), fault: None };
        }
    }
    Decoded { bytes: bytes.into(), fault: Some(Fault::Chunks) }
}

/// A chunk: byte places in its body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chunk {
    /// Where the line with its size begins.
    pub start: usize,
    /// Its size as the line says.
    pub size: u64,
    /// Where its bytes begin.
    pub data: usize,
    /// Where they end, or where the body does.
    pub end: usize,
    /// Where the next one begins, the line end behind this one passed over.
    pub next: usize,
}

/// The chunks of a body in their order; the last has no bytes.
pub fn chunks(raw: &[u8]) -> impl Iterator<Item = Chunk> {
    let mut at = Some(0);
    std::iter::from_fn(move || {
        let start = at.take()?;
        let ChunkStep::Chunk { data, size } = chunk_at(raw, start) else { return None };
        let end = usize::try_from(size).ok().and_then(|size| data.checked_add(size)).unwrap_or(usize::MAX);
        let end = end.min(raw.len());
        let next = line_at(raw, end).filter(|line| line.start == line.end).map(|line| line.next);
        if size > 0 {
            at = next;
        }
        Some(Chunk { start, size, data, end, next: next.unwrap_or(end) })
    })
}

/// The fields behind the last chunk (RFC 9112 section 7.1.2).
#[must_use]
pub fn trailers(raw: &[u8]) -> Headers<'_> {
    let last = chunks(raw).find(|chunk| chunk.size == 0);
    Headers::new(raw, last.map_or(raw.len(), |chunk| chunk.data))
}

fn unpack(coding: Coding, packed: &[u8]) -> (Vec<u8>, Option<Fault>) {
    let mut out = Unpacked { bytes: Vec::new(), packed: packed.len(), coding };
    let fault = match coding {
        Coding::Gzip => gunzip(packed, &mut out),
        // RFC 1950 section 2.2: the method in the lower half of the first byte, and both bytes a multiple of 31.
        Coding::Deflate => match packed.first_chunk::<2>() {
            Some(&[method, check]) if method & 15 == 8 && u16::from_be_bytes([method, check]) % 31 == 0 => {
                out.drain(&mut flate2::bufread::ZlibDecoder::new(packed))
            }
            _ => out.drain(&mut flate2::bufread::DeflateDecoder::new(packed)),
        },
        Coding::Brotli => out.drain(&mut brotli_decompressor::Decompressor::new(packed, BLOCK)),
        Coding::Zstd => unzstd(packed, &mut out),
    };
    (out.bytes, fault)
}

/// Members one after the other (RFC 1952 section 2.2). What is behind them and is none is passed over, as browsers do.
fn gunzip(packed: &[u8], out: &mut Unpacked) -> Option<Fault> {
    let mut rest = packed;
    loop {
        let mut member = flate2::bufread::GzDecoder::new(rest);
        if let Some(fault) = out.drain(&mut member) {
            return Some(fault);
        }
        rest = member.into_inner();
        if !rest.starts_with(&[0x1f, 0x8b]) {
            return None;
        }
    }
}

fn unzstd(packed: &[u8], out: &mut Unpacked) -> Option<Fault> {
    let Ok(mut decoder) = zstd::stream::read::Decoder::with_buffer(packed) else {
        return Some(Fault::Damaged(out.coding));
    };
    match decoder.window_log_max(MAX_ZSTD_WINDOW_LOG) {
        Ok(()) => out.drain(&mut decoder),
        Err(_) => Some(Fault::Damaged(out.coding)),
    }
}

/// The largest window of zstd in HTTP: 8 MiB (RFC 9659 section 3).
const MAX_ZSTD_WINDOW_LOG: u32 = 23;

/// Bytes unpacked at a time: of a damaged body that much may be lost before the place of damage.
const BLOCK: usize = 4 << 10;

/// What came out so far.
struct Unpacked {
    bytes: Vec<u8>,
    /// Bytes of the input.
    packed: usize,
    coding: Coding,
}

impl Unpacked {
    /// Reads what an unpacker gives, up to a limit.
    fn drain(&mut self, unpacker: &mut dyn Read) -> Option<Fault> {
        let mut block = [0; BLOCK];
        loop {
            match unpacker.read(&mut block) {
                Ok(0) => return None,
                Ok(read) => {
                    let left = MAX_DECODED_BYTES.saturating_sub(self.bytes.len());
                    self.bytes.extend_from_slice(block.get(..read.min(left)).unwrap_or(&[]));
                    if read > left {
                        let ratio = self.bytes.len().checked_div(self.packed).unwrap_or(0);
                        return Some(Fault::TooLarge { ratio: u64::try_from(ratio).unwrap_or(u64::MAX) });
                    }
                }
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(_) => return Some(Fault::Damaged(self.coding)),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn decoded<'a>(headers: &str, framing: Framing, raw: &'a [u8]) -> Decoded<'a> {
        let head = format!("HTTP/1.1 200 OK\r\n{headers}\r\n\r\n");
        decode(&Head::read(head.as_bytes()).unwrap(), framing, raw)
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        packer.write_all(bytes).unwrap();
        packer.finish().unwrap()
    }

    #[test]
    fn chunks_are_put_together_with_what_is_behind_them() {
        let raw = b"4;name=value\r\nWiki\r\n5 \r\npedia\r\n0\r\nExpires: never\r\n\r\n";
        let body = decoded("Transfer-Encoding: chunked", Framing::Chunked, raw);
        assert_eq!((&*body.bytes, body.fault), (b"Wikipedia".as_slice(), None));
        assert_eq!(chunks(raw).map(|chunk| chunk.size).collect::<Vec<_>>(), [4, 5, 0]);
        assert_eq!(trailers(raw).map(|field| field.value).collect::<Vec<_>>(), [b"never".as_slice()]);
        let cut = decoded("Transfer-Encoding: chunked", Framing::Chunked, &raw[..24]);
        assert_eq!((&*cut.bytes, cut.fault), (b"Wiki".as_slice(), Some(Fault::Chunks)));
    }

    #[test]
    fn every_coding_and_several_in_a_row_are_undone() {
        let text = b"the same text again and again and again".repeat(9);
        let mut zlib = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
        zlib.write_all(&text).unwrap();
        let mut raw = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::fast());
        raw.write_all(&text).unwrap();
        let zstd = zstd::encode_all(text.as_slice(), 1).unwrap();
        let both = gzip(&zstd);
        // A stored block of Brotli (RFC 7932 section 9.2): window, last empty block.
        let brotli = [0x0b, 0x01, 0x80, b'a', b'b', b'c', 0x03];
        for (name, packed) in [
            ("gzip", gzip(&text)),
            ("deflate", zlib.finish().unwrap()),
            ("deflate", raw.finish().unwrap()),
            ("zstd", zstd.clone()),
            ("zstd, gzip", both),
        ] {
            let body = decoded(&format!("Content-Encoding: {name}"), Framing::UntilClose, &packed);
            assert_eq!((&*body.bytes, body.fault), (text.as_slice(), None), "{name}");
        }
        let body = decoded("Content-Encoding: br", Framing::UntilClose, &brotli);
        assert_eq!((&*body.bytes, body.fault), (b"abc".as_slice(), None));
    }

    #[test]
    fn damage_gives_what_came_before_it() {
        let text: Vec<u8> =
            (0..60_000_u32).flat_map(|n| n.wrapping_mul(2_654_435_761).to_be_bytes()).collect();
        let packed = gzip(&text);
        let body = decoded("Content-Encoding: gzip", Framing::UntilClose, &packed[..packed.len() / 2]);
        assert_eq!(body.fault, Some(Fault::Damaged(Coding::Gzip)));
        assert!(body.bytes.len() > text.len() / 3 && text.starts_with(&body.bytes));
        let not = decoded("Content-Encoding: gzip", Framing::UntilClose, b"plain text after all");
        assert_eq!(
            (&*not.bytes, not.fault),
            (b"plain text after all".as_slice(), Some(Fault::Damaged(Coding::Gzip)))
        );
        let named_only = gzip(b"packed once");
        let body = decoded("Content-Encoding: gzip, deflate", Framing::UntilClose, &named_only);
        assert_eq!(
            (&*body.bytes, body.fault),
            (b"packed once".as_slice(), Some(Fault::Damaged(Coding::Deflate)))
        );
    }

    #[test]
    fn many_bombs_are_unpacked_up_to_a_limit_over_all() {
        let bomb = gzip(&vec![0; 1 << 20]);
        let head = Head::read(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n").unwrap();
        let plain = Head::read(b"HTTP/1.1 200 OK\r\n\r\n").unwrap();
        let unpacking = Unpacking::default();
        let faults = |head| unpacking.decode(head, Framing::UntilClose, &bomb).fault;
        assert_eq!((faults(&head), unpacking.made.get()), (None, 1 << 20));
        unpacking.made.set(MAX_UNPACKED_IN_ALL);
        assert_eq!((faults(&head), unpacking.refused()), (Some(Fault::EnoughUnpacked), 1));
        // What is not packed costs nothing.
        assert_eq!((faults(&plain), unpacking.refused()), (None, 1));
    }

    #[test]
    fn bombs_and_unknown_or_endless_codings_are_named() {
        let bomb = gzip(&vec![0; MAX_DECODED_BYTES + 1]);
        let body = decoded("Content-Encoding: gzip", Framing::UntilClose, &bomb);
        assert_eq!(body.bytes.len(), MAX_DECODED_BYTES);
        assert!(matches!(body.fault, Some(Fault::TooLarge { ratio }) if ratio > 500));
        let unknown = decoded("Content-Encoding: lalala", Framing::UntilClose, b"x");
        assert_eq!((&*unknown.bytes, unknown.fault), (b"x".as_slice(), Some(Fault::Unknown)));
        let many = (0..9).fold(b"x".to_vec(), |packed, _| gzip(&packed));
        let body =
            decoded(&format!("Content-Encoding: {}", ["gzip"; 9].join(",")), Framing::UntilClose, &many);
        assert_eq!(body.fault, Some(Fault::TooManyCodings));
    }
}
