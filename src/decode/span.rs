//! The bytes a header is decoded from, and where they end: captured, and on the wire.

use super::{BufferId, Layer, LayerKind};

/// The bytes a header is decoded from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Span {
    pub(super) buffer: BufferId,
    pub(super) quoted: bool,
    /// The layer whose length field set `claimed_end`; `None` for the frame itself.
    pub(super) said_by: Option<LayerKind>,
    /// First byte.
    pub(super) start: u32,
    /// First byte after what was captured and is within the enclosing length.
    pub(super) end: u32,
    /// End on the wire, within every enclosing length.
    pub(super) claimed_end: u32,
}

impl Span {
    /// The whole of a buffer of `len` captured bytes that had `wire_len` on the wire.
    #[inline]
    pub(super) fn whole(buffer: BufferId, len: usize, wire_len: usize) -> Self {
        let (end, wire) = (offset(len), offset(wire_len));
        Self { buffer, quoted: false, said_by: None, start: 0, end, claimed_end: wire.max(end) }
    }

    /// The span's bytes in `data`, its buffer.
    #[inline]
    pub(super) fn of<'a>(&self, data: &'a [u8]) -> &'a [u8] {
        slice(data, self.start, self.end)
    }

    /// The first `N` bytes, where they are all there.
    #[inline]
    pub(super) fn first<'a, const N: usize>(&self, data: &'a [u8]) -> Option<&'a [u8; N]> {
        self.of(data).first_chunk()
    }

    /// The byte at `at`, counted from the span's start.
    #[inline]
    pub(super) fn byte(&self, data: &[u8], at: usize) -> Option<u8> {
        self.of(data).get(at).copied()
    }

    /// The big-endian 16 bits at `at`, counted from the span's start.
    #[inline]
    pub(super) fn word(&self, data: &[u8], at: usize) -> Option<u16> {
        self.of(data).get(at..)?.first_chunk().copied().map(u16::from_be_bytes)
    }

    /// Captured bytes.
    #[inline]
    pub(super) fn len(&self) -> u32 {
        self.end.saturating_sub(self.start)
    }

    /// Bytes on the wire.
    #[inline]
    pub(super) fn wire_len(&self) -> u32 {
        self.claimed_end.saturating_sub(self.start)
    }

    /// Whether there is nothing here, and was nothing on the wire.
    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.start >= self.claimed_end
    }

    /// Whether all of it was captured.
    #[inline]
    pub(super) fn is_whole(&self) -> bool {
        self.claimed_end <= self.end
    }

    /// A layer with a header of `header_len` bytes that fills this span.
    #[inline]
    pub(super) fn layer(&self, kind: LayerKind, header_len: usize) -> Layer {
        Layer {
            kind,
            buffer: self.buffer,
            quoted: self.quoted,
            start: self.start,
            payload: self.start.saturating_add(offset(header_len)).min(self.end),
            end: self.end,
            claimed_end: self.claimed_end,
        }
    }

    /// What is left after `header_len` bytes.
    #[inline]
    pub(super) fn after(&self, header_len: usize) -> Self {
        let start = self.start.saturating_add(offset(header_len));
        Self { start: start.min(self.end), claimed_end: self.claimed_end.max(start.min(self.end)), ..*self }
    }

    /// This span, no longer than `len` bytes: the length field of a `kind` header says so.
    #[inline]
    pub(super) fn limited(&self, kind: LayerKind, len: usize) -> Self {
        let said = self.start.saturating_add(offset(len));
        if said >= self.claimed_end {
            return *self;
        }
        Self { end: self.end.min(said), claimed_end: said, said_by: Some(kind), ..*self }
    }

    /// The same bytes as part of the packet that an ICMP error quotes.
    #[inline]
    pub(super) fn quoting(&self) -> Self {
        Self { quoted: true, ..*self }
    }
}

/// A length as an offset; buffers never reach 4 GiB, and what claims more ends there.
pub(super) fn offset(len: usize) -> u32 {
    u32::try_from(len).unwrap_or(u32::MAX)
}

/// `data[start..end]`, empty where that is out of bounds.
#[inline]
pub(super) fn slice(data: &[u8], start: u32, end: u32) -> &[u8] {
    let (Ok(start), Ok(end)) = (usize::try_from(start), usize::try_from(end)) else { return &[] };
    data.get(start..end).unwrap_or(&[])
}
