//! Text that a line of one dot ends, as mails in SMTP (RFC 5321 section 4.1.1.4) and in POP3 (RFC 1939 section 3).

use std::fmt;

use memchr::memmem;

use super::{Input, MAX_MESSAGE_BYTES};
use crate::source::PacketNumber;

/// Most packets that are named as parts of a text: what a text of [`MAX_MESSAGE_BYTES`] has in full segments.
pub const MAX_PARTS: usize = 12_000;

/// The line that ends it.
pub const END: &[u8] = b".\r\n";

/// A text on its way. Its bytes stay out of `Debug`.
#[derive(Default)]
pub struct DottedText {
    bytes: Vec<u8>,
    parts: Vec<PacketNumber>,
    sent: usize,
    /// Some of it is missing, or it is too long.
    is_broken: bool,
}

/// What more bytes are to a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DottedPart {
    /// So many bytes belong to it, then comes [`END`].
    End(usize),
    /// More will come.
    More {
        /// Bytes that belong to it.
        len: usize,
        /// What will come begins a line.
        at_line: bool,
    },
    /// More bytes must come before one can tell.
    Unclear,
}

impl DottedPart {
    /// What the bytes of `input` are to a text; `at_line`: they begin a line.
    #[must_use]
    pub fn of(input: &Input<'_>, at_line: bool) -> Self {
        let bytes = input.bytes;
        if at_line && bytes.starts_with(END) {
            return Self::End(0);
        }
        if let Some(place) = memmem::find(bytes, b"\n.\r\n") {
            return Self::End(place.saturating_add(1));
        }
        let waits =
            |tail: &[u8]| bytes.ends_with(tail) || (at_line && bytes == tail.get(1..).unwrap_or(tail));
        let kept = match () {
            () if input.end.is_some() => 0,
            () if waits(b"\n.\r") => 2,
            () if waits(b"\n.") => 1,
            () => 0,
        };
        let len = bytes.len().saturating_sub(kept);
        match len.checked_sub(1).and_then(|last| bytes.get(last)) {
            Some(last) => Self::More { len, at_line: *last == b'\n' },
            None => Self::Unclear,
        }
    }
}

impl DottedText {
    /// A text of which some will never come.
    #[must_use]
    pub fn broken() -> Self {
        Self { is_broken: true, ..Self::default() }
    }

    /// Some of it will never come: what there is of it is of no use.
    pub fn lose(&mut self) {
        self.is_broken = true;
        self.bytes = Vec::new();
    }

    /// The next bytes of it, which end in `packet`.
    pub fn add(&mut self, bytes: &[u8], packet: PacketNumber) {
        if bytes.is_empty() {
            return;
        }
        if self.parts.len() < MAX_PARTS {
            self.parts.push(packet);
        }
        self.sent = self.sent.saturating_add(bytes.len());
        if self.is_broken || self.bytes.len().saturating_add(bytes.len()) > MAX_MESSAGE_BYTES {
            self.lose();
        } else {
            self.bytes.extend_from_slice(bytes);
        }
    }

    /// Nothing of it has come, and nothing is missing.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.sent == 0 && !self.is_broken
    }

    /// How many bytes were seen, as they were sent.
    #[must_use]
    pub const fn sent(&self) -> usize {
        self.sent
    }

    /// The packets that brought it, up to [`MAX_PARTS`].
    #[must_use]
    pub fn parts(&self) -> &[PacketNumber] {
        &self.parts
    }

    /// All of it under the name `title`, if nothing is missing and there is something; with `dots`, the dots that were put
    /// before lines that begin with one taken away.
    #[must_use]
    pub fn whole(self, title: &'static str, dots: bool) -> Option<(&'static str, Vec<u8>)> {
        let mut bytes = self.bytes;
        if dots && (bytes.starts_with(b".") || memmem::find(&bytes, b"\n.").is_some()) {
            let mut at_line = true;
            bytes.retain(|&byte| {
                let drop = at_line && byte == b'.';
                at_line = byte == b'\n';
                !drop
            });
        }
        (!self.is_broken && !bytes.is_empty()).then_some((title, bytes))
    }

    /// Bytes of memory.
    #[must_use]
    pub const fn held(&self) -> usize {
        self.bytes.capacity().saturating_add(self.parts.capacity().saturating_mul(size_of::<PacketNumber>()))
    }
}

impl fmt::Debug for DottedText {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "DottedText({} bytes of {} packets)", self.sent, self.parts.len())
    }
}
