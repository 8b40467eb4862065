//! The SHA-256 of a file that goes by in pieces.

use std::fmt::Write;

use ring::digest::{Context, SHA256};

use super::Note;

/// What a file is known by.
pub(super) struct Digest {
    context: Context,
    length: u64,
}

impl Digest {
    pub(super) fn new() -> Self {
        Self { context: Context::new(&SHA256), length: 0 }
    }

    pub(super) fn add(&mut self, piece: &[u8]) {
        self.context.update(piece);
        self.length += u64::try_from(piece.len()).unwrap_or(u64::MAX);
    }

    pub(super) fn length(&self) -> u64 {
        self.length
    }

    /// What both sides of a transfer can be compared by.
    pub(super) fn note(self) -> Note {
        let mut sha256 = String::with_capacity(64);
        for byte in self.context.finish().as_ref() {
            // Writing to a String cannot fail.
            let _ = write!(sha256, "{byte:02x}");
        }
        Note::File { length: self.length, sha256 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_make_the_digest_of_the_whole() {
        let mut digest = Digest::new();
        digest.add(b"a");
        digest.add(b"");
        digest.add(b"bc");
        // FIPS 180-2, appendix B.1.
        let sha256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad".to_owned();
        assert_eq!(digest.note(), Note::File { length: 3, sha256 });
    }
}
