//! Where a message's body ends (RFC 9112 section 6).

use super::head::{Head, Start, line_at, trim_blanks};

/// How a body is delimited.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Framing {
    /// There is none.
    #[default]
    None,
    /// It has so many bytes.
    Length(u64),
    /// It comes in chunks, each with its length before it.
    Chunked,
    /// It ends with the connection.
    UntilClose,
}

/// Longest line with a chunk's size, extensions included; browsers take less.
const MAX_CHUNK_LINE: usize = 4096;

/// Most bytes of fields behind the last chunk.
const MAX_TRAILER_BYTES: usize = 64 << 10;

impl Framing {
    /// How the body behind `head` is delimited; `method` is that of the request that a response answers.
    #[must_use]
    pub fn of(head: &Head<'_>, method: Option<&[u8]>) -> Self {
        match head.start() {
            // HTTP/0.9 has no header to announce a body.
            start @ Start::Request { .. } if start.is_simple() => Self::None,
            Start::Request { .. } => Self::announced(head).unwrap_or(Self::None),
            Start::Response { .. } => {
                let has_none =
                    matches!(head.status(), Some(100..=199 | 204 | 304)) || method == Some(b"HEAD");
                // Behind a tunnel that was opened there are no messages.
                let is_tunnel = method == Some(b"CONNECT") && matches!(head.status(), Some(200..=299));
                if has_none || is_tunnel {
                    return Self::None;
                }
                Self::announced(head).unwrap_or(Self::UntilClose)
            }
        }
    }

    /// As the headers say; a transfer coding counts more than a length (section 6.3).
    fn announced(head: &Head<'_>) -> Option<Self> {
        // It has to be the last one; there are servers that name it before others and use it all the same.
        if head.list("transfer-encoding").any(is_chunked) {
            return Some(Self::Chunked);
        }
        content_length(head).map(Self::Length)
    }
}

/// Text ends at a zero byte for many programs.
fn is_chunked(coding: &[u8]) -> bool {
    let coding = coding.split(|byte| *byte == 0).next().unwrap_or(coding);
    coding.eq_ignore_ascii_case(b"chunked")
}

/// What `Content-Length` says, where it begins with a number that can be; the first counts.
#[must_use]
pub fn content_length(head: &Head<'_>) -> Option<u64> {
    let text = head.list("content-length").next()?;
    let digits = text.split(|byte| !byte.is_ascii_digit()).next().unwrap_or(&[]);
    std::str::from_utf8(digits).ok()?.parse().ok()
}

/// What a head says of its body's length and may not say: two receivers can find different ends of the message, which
/// is how requests are smuggled past one of them (RFC 9112 section 11.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FramingFault {
    /// `Content-Length` and `Transfer-Encoding`: the coding counts (RFC 9112 section 6.3, rule 3).
    LengthAndCoding,
    /// `Content-Length` is no number of bytes, or one that nothing can have (section 6.3, rule 5).
    LengthInvalid,
    /// `Content-Length` says different things (section 6.3, rule 5).
    LengthsDiffer,
}

impl FramingFault {
    /// The gravest of what is wrong; `None` where nothing is.
    #[must_use]
    pub fn of(head: &Head<'_>) -> Option<Self> {
        head.header("content-length")?;
        if head.header("transfer-encoding").is_some() {
            return Some(Self::LengthAndCoding);
        }
        let length = |text: &[u8]| -> Option<u64> {
            let is_number = text.iter().all(u8::is_ascii_digit);
            std::str::from_utf8(text).ok().filter(|_| is_number)?.parse().ok()
        };
        let mut lengths = head.list("content-length").map(length);
        let Some(first) = lengths.next().flatten() else { return Some(Self::LengthInvalid) };
        lengths.find(|other| *other != Some(first)).map(|other| match other {
            Some(_) => Self::LengthsDiffer,
            None => Self::LengthInvalid,
        })
    }
}

/// A place in a chunked body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ChunkStep {
    /// A chunk of so many bytes, which begin at `data`; 0 for the last.
    Chunk { data: usize, size: u64 },
    /// More bytes are needed to tell.
    More,
    /// This is no chunk.
    Bad,
}

/// The line with a chunk's size that begins at `at` (section 7.1); careless servers put blanks before it.
pub(super) fn chunk_at(bytes: &[u8], at: usize) -> ChunkStep {
    let Some(line) = line_at(bytes, at) else {
        let rest = bytes.get(at..).unwrap_or(&[]);
        // What the line is, its end tells.
        return if rest.len() <= MAX_CHUNK_LINE { ChunkStep::More } else { ChunkStep::Bad };
    };
    let text = trim_blanks(bytes.get(line.start..line.end).unwrap_or(&[]));
    let digits = text.split(|byte| !byte.is_ascii_hexdigit()).next().unwrap_or(&[]);
    let size = std::str::from_utf8(digits).ok().and_then(|digits| u64::from_str_radix(digits, 16).ok());
    let follows = text.get(digits.len()..).unwrap_or(&[]).trim_ascii();
    match size {
        Some(size) if follows.is_empty() || follows.starts_with(b";") => {
            ChunkStep::Chunk { data: line.next, size }
        }
        _ => ChunkStep::Bad,
    }
}

/// What is known of a chunked body's end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ChunksEnd {
    /// It ends before this place.
    At(usize),
    /// Not before there are so many bytes; the chunk that is not whole begins at `at`.
    Needs { bytes: usize, at: usize },
    /// What begins at this place is no chunk.
    Bad(usize),
}

/// Looks for the end of a chunked body, from the chunk on that begins at `at`.
pub(super) fn chunks_end(bytes: &[u8], mut at: usize) -> ChunksEnd {
    let one_more = bytes.len().saturating_add(1);
    loop {
        match chunk_at(bytes, at) {
            ChunkStep::More => return ChunksEnd::Needs { bytes: one_more, at },
            ChunkStep::Bad => return ChunksEnd::Bad(at),
            ChunkStep::Chunk { data, size: 0 } => return trailer_end(bytes, at, data),
            ChunkStep::Chunk { data, size } => {
                let end = usize::try_from(size).ok().and_then(|size| data.checked_add(size));
                let Some(end) = end else { return ChunksEnd::Needs { bytes: usize::MAX, at } };
                match line_at(bytes, end) {
                    Some(line) if line.start == line.end => at = line.next,
                    _ if bytes.get(end..).is_some_and(|rest| !rest.is_empty() && rest != b"\r") => {
                        return ChunksEnd::Bad(end);
                    }
                    _ => return ChunksEnd::Needs { bytes: end.saturating_add(2), at },
                }
            }
        }
    }
}

/// The end of the fields behind the last chunk, which begins at `chunk`; they begin at `at`.
fn trailer_end(bytes: &[u8], chunk: usize, at: usize) -> ChunksEnd {
    let mut line_start = at;
    while let Some(line) = line_at(bytes, line_start) {
        if line.start == line.end {
            return ChunksEnd::At(line.next);
        }
        // What has no colon is no field, and does not belong to the body, which is whole.
        if !bytes.get(line.start..line.end).is_some_and(|line| line.contains(&b':')) {
            return ChunksEnd::At(line.start);
        }
        line_start = line.next;
    }
    if bytes.len().saturating_sub(at) > MAX_TRAILER_BYTES {
        return ChunksEnd::Bad(at);
    }
    ChunksEnd::Needs { bytes: bytes.len().saturating_add(1), at: chunk }
}
