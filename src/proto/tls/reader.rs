//! Bytes read from the front: numbers, and vectors with their length before them (RFC 8446 section 3.4).

/// What is left to read.
#[derive(Clone, Copy, Debug)]
pub(in crate::proto) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(in crate::proto) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    pub(in crate::proto) fn rest(&self) -> &'a [u8] {
        self.rest
    }

    pub(in crate::proto) fn take(&mut self, len: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(len)?;
        self.rest = rest;
        Some(taken)
    }

    /// A big-endian number of `len` bytes, eight at most.
    pub(in crate::proto) fn number(&mut self, len: usize) -> Option<u64> {
        let bytes = self.take(len.min(8))?;
        Some(bytes.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte)))
    }

    pub(in crate::proto) fn byte(&mut self) -> Option<u8> {
        self.take(1)?.first().copied()
    }

    pub(in crate::proto) fn word(&mut self) -> Option<u16> {
        self.take(2)?.first_chunk().copied().map(u16::from_be_bytes)
    }

    /// The bytes behind a length of `width` bytes.
    pub(in crate::proto) fn vector(&mut self, width: usize) -> Option<&'a [u8]> {
        let len = usize::try_from(self.number(width)?).ok()?;
        self.take(len)
    }
}

/// The numbers of two bytes in `bytes`; half a one is left out.
pub(super) fn words(bytes: &[u8]) -> impl Iterator<Item = u16> + '_ {
    bytes.chunks_exact(2).filter_map(|pair| pair.first_chunk().copied().map(u16::from_be_bytes))
}
