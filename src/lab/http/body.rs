//! A body as it arrives, its framing taken off (RFC 9112 §6 and §7).

use std::time::Instant;

use super::MAX_HEAD;
use crate::lab::link::{Broken, Link};

/// How a body's end is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::lab) enum Framing {
    /// By its length.
    Length(u64),
    /// By a chunk of no bytes.
    Chunked,
    /// By the end of the connection.
    UntilClosed,
}

/// Most bytes that one piece of a body has.
const PIECE: usize = 65_536;

/// Longest line that begins a chunk: its size and extensions.
const MAX_CHUNK_LINE: usize = 4096;

/// A body that is being received.
pub(in crate::lab) struct Arriving {
    framing: Framing,
    /// Of the body, or of the chunk.
    left: u64,
    begun: bool,
    done: bool,
}

impl Arriving {
    pub(in crate::lab) fn new(framing: Framing) -> Self {
        let left = if let Framing::Length(length) = framing { length } else { 0 };
        Self { framing, left, begun: false, done: framing == Framing::Length(0) }
    }

    /// The next piece of the body, or `None` where it is whole.
    pub(in crate::lab) fn next(
        &mut self,
        link: &mut Link<'_>,
        until: Instant,
    ) -> Result<Option<Vec<u8>>, Broken> {
        if !self.done && self.framing == Framing::Chunked && self.left == 0 {
            self.chunk(link, until)?;
        }
        if self.done {
            return Ok(None);
        }
        let most = match self.framing {
            Framing::UntilClosed => PIECE,
            _ => usize::try_from(self.left).unwrap_or(PIECE).min(PIECE),
        };
        match (link.piece(most, until)?, self.framing) {
            (Some(piece), framing) => {
                if framing != Framing::UntilClosed {
                    self.left = self.left.saturating_sub(u64::try_from(piece.len()).unwrap_or(u64::MAX));
                    self.done = self.left == 0 && framing != Framing::Chunked;
                }
                Ok(Some(piece))
            }
            (None, Framing::UntilClosed) => {
                self.done = true;
                Ok(None)
            }
            (None, _) => Err(Broken::Closed),
        }
    }

    /// The line that begins the next chunk, and what ends the one before.
    fn chunk(&mut self, link: &mut Link<'_>, until: Instant) -> Result<(), Broken> {
        const WRONG: Broken = Broken::Malformed("its chunks cannot be told apart");
        if std::mem::replace(&mut self.begun, true) && !link.line(2, until)?.trim_ascii().is_empty() {
            return Err(WRONG);
        }
        let line = link.line(MAX_CHUNK_LINE, until)?;
        let size = line.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii();
        // At most 15 digits: no number that overflows.
        if size.is_empty() || size.len() > 15 || !size.iter().all(u8::is_ascii_hexdigit) {
            return Err(WRONG);
        }
        self.left =
            str::from_utf8(size).ok().and_then(|size| u64::from_str_radix(size, 16).ok()).ok_or(WRONG)?;
        if self.left == 0 {
            // Trailer fields: nothing here needs them.
            let mut room = MAX_HEAD;
            loop {
                let line = link.line(room, until)?;
                if line.trim_ascii().is_empty() {
                    break;
                }
                room = room.saturating_sub(line.len());
            }
            self.done = true;
        }
        Ok(())
    }
}
