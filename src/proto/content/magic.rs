//! The first bytes of packed files and pictures.

/// Bytes of a stream that are looked at for what it is packed with.
pub const MAGIC_BYTES: usize = 512;

const MAGIC: &[(&str, usize, &[u8])] = &[
    ("gzip", 0, b"\x1f\x8b\x08"),
    ("zstd", 0, b"\x28\xb5\x2f\xfd"),
    ("xz", 0, b"\xfd7zXZ\0"),
    ("bzip2", 0, b"BZh"),
    ("lz4", 0, b"\x04\x22\x4d\x18"),
    ("lzip", 0, b"LZIP"),
    ("compress", 0, b"\x1f\x9d"),
    ("snappy", 0, b"\xff\x06\0\0sNaPpY"),
    ("zip", 0, b"PK\x03\x04"),
    ("zip", 0, b"PK\x05\x06"),
    ("7z", 0, b"7z\xbc\xaf\x27\x1c"),
    ("rar", 0, b"Rar!\x1a\x07"),
    ("cab", 0, b"MSCF\0\0\0\0"),
    ("png", 0, b"\x89PNG\r\n\x1a\n"),
    ("jpeg", 0, b"\xff\xd8\xff"),
    ("gif", 0, b"GIF87a"),
    ("gif", 0, b"GIF89a"),
    ("webp", 8, b"WEBP"),
    ("mp4", 4, b"ftyp"),
    ("matroska", 0, b"\x1a\x45\xdf\xa3"),
    ("ogg", 0, b"OggS"),
    ("flac", 0, b"fLaC"),
    ("mp3", 0, b"ID3"),
    ("woff", 0, b"wOFF"),
    ("woff2", 0, b"wOF2"),
    ("flash", 0, b"CWS"),
];

/// Bytes of deflate that have to come out right before it is believed: random bytes go wrong sooner.
const DEFLATE_BYTES: usize = 96;

/// What `first`, the beginning of a stream, is packed with; raw deflate and zlib are tried by unpacking.
#[must_use]
pub fn packed(first: &[u8]) -> Option<&'static str> {
    let first = first.get(..MAGIC_BYTES).unwrap_or(first);
    let magic = MAGIC.iter().find(|(_, at, magic)| first.get(*at..).is_some_and(|b| b.starts_with(magic)));
    if let Some((name, ..)) = magic {
        return Some(name);
    }
    if is_zlib(first) {
        return Some("zlib");
    }
    is_deflate(first).then_some("deflate")
}

/// Deflate, a window of at most 32 KiB, a checksum (RFC 1950 section 2.2), and it can be unpacked.
fn is_zlib(bytes: &[u8]) -> bool {
    let header = matches!(bytes, [cmf, flags, ..]
        if cmf & 0x0f == 8 && cmf >> 4 <= 7 && u16::from_be_bytes([*cmf, *flags]) % 31 == 0 && flags & 0x20 == 0);
    header && unpacks(bytes, true)
}

/// Raw deflate. Bits that are all zero are an unpacked block of no length.
fn is_deflate(bytes: &[u8]) -> bool {
    bytes.len() >= DEFLATE_BYTES && bytes.first() != Some(&0) && unpacks(bytes, false)
}

/// Farthest behind the beginning that packed bytes are looked for: a length, a type, a short header of somebody's own.
const MAX_BEFORE: usize = 16;

/// Bytes that lengths and short headers have, behind which raw deflate is tried, which has no mark.
const HEADERS: [usize; 4] = [2, 4, 8, 16];

/// Fewest bytes of a mark that is believed behind others: two come about by chance once in some thousand streams.
const MIN_MARK: usize = 3;

/// What `first`, the beginning of a stream, is packed with behind a few bytes of something else.
#[must_use]
pub fn packed_behind(first: &[u8]) -> Option<&'static str> {
    let first = first.get(..MAGIC_BYTES).unwrap_or(first);
    (1..=MAX_BEFORE).find_map(|at| {
        let rest = first.get(at..)?;
        let has = |mark: &[u8], at: usize| rest.get(at..).is_some_and(|b| b.starts_with(mark));
        let found = MAGIC.iter().find(|(_, at, mark)| mark.len() >= MIN_MARK && has(mark, *at));
        let deflate = || HEADERS.contains(&at) && is_deflate(rest);
        match found {
            Some((name, ..)) => Some(*name),
            None if is_zlib(rest) => Some("zlib"),
            None => deflate().then_some("deflate"),
        }
    })
}

/// Whether all of `bytes` is taken for deflate, and more comes out than went in.
fn unpacks(bytes: &[u8], zlib: bool) -> bool {
    use flate2::{Decompress, FlushDecompress, Status};

    let mut out = [0; 4 * MAGIC_BYTES];
    let mut unpacker = Decompress::new(zlib);
    let status = unpacker.decompress(bytes, &mut out, FlushDecompress::None);
    let taken = unpacker.total_in();
    let whole = usize::try_from(taken).is_ok_and(|taken| taken == bytes.len());
    match status {
        Ok(Status::StreamEnd) => whole,
        Ok(_) => (whole || unpacker.total_out() >= 2 * taken) && unpacker.total_out() > taken,
        Err(_) => false,
    }
}
