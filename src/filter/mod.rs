//! Wireshark's display filters: which packets are shown, said in field names.
//!
//! Text becomes tokens (`lexer`), a tree (`parser`), and a typed program (`check`); a `Store` takes the fields that the
//! program reads of each packet, and `eval` asks it. What is wrong is a [`FilterError`] with its place and hints. The
//! language is that of Wireshark 4.0.
//!
//! Limits: a filter of 256 KiB, 100 levels of what stands inside each other and of steps in a value, 100 parts of a
//! slice, patterns of 2 MiB compiled; of a packet 65,536 occurrences of a field and 64 MiB of values.

mod arithmetic;
mod ast;
mod bpf;
mod check;
mod constant;
mod error;
mod escape;
mod eval;
mod foreign;
mod function;
mod hint;
mod lexer;
mod number;
mod parser;
mod pattern;
mod program;
mod refusal;
mod store;
mod time_text;
mod types;

pub use error::FilterError;
pub use hint::unknown_name;

use crate::decode::DecodedPacket;
use crate::field::{self, FieldSet, PacketContext};
use crate::source::CapturedPacket;

/// Bytes that a filter's text may have: room for a set of ten thousand addresses, which a packet is still asked
/// about in reasonable time.
const MAX_TEXT: usize = 256 * 1024;

/// A display filter, ready to be asked.
pub struct Filter {
    condition: program::Condition,
    store: store::Store,
    wanted: FieldSet,
}

impl std::fmt::Debug for Filter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The rest is tables with a slot for each field there is.
        f.debug_struct("Filter").field("condition", &self.condition).finish_non_exhaustive()
    }
}

impl Filter {
    /// Reads a display filter in the language of Wireshark 4.0.
    ///
    /// # Errors
    /// [`FilterError`]: what is wrong, and where in `text`.
    pub fn parse(text: &str) -> Result<Self, FilterError> {
        if text.len() > MAX_TEXT {
            let message = format!("the filter is {} bytes long, the most is {MAX_TEXT}", text.len());
            return Err(FilterError::new(0..0, message));
        }
        let (condition, reads) = read(text).map_err(|error| mend(error, text))?;
        let (store, wanted) = store::Store::new(&reads);
        Ok(Self { condition, store, wanted })
    }

    /// The fields that [`Self::matches`] reads.
    #[must_use]
    pub fn wanted(&self) -> &FieldSet {
        &self.wanted
    }

    /// Whether the packet is one that the filter means.
    pub fn matches(
        &mut self,
        captured: &CapturedPacket<'_>,
        packet: &DecodedPacket<'_>,
        context: &PacketContext<'_>,
    ) -> bool {
        self.store.clear();
        field::emit(captured, packet, context, &self.wanted, &mut self.store);
        eval::holds(&self.condition, &self.store)
    }
}

/// The program of a filter, and the fields that it reads.
fn read(text: &str) -> Result<(program::Condition, Vec<check::Read>), FilterError> {
    let tokens = lexer::tokens(text)?;
    match parser::parse(text, &tokens)? {
        Some(test) => check::check(text, &test),
        None => Ok((program::Condition::Always, Vec::new())),
    }
}

/// Adds to a mistake what only the whole filter shows.
fn mend(error: FilterError, text: &str) -> FilterError {
    let error = match lexer::tokens(text) {
        Ok(tokens) => hint::for_set(error, text, &tokens, |meant| read(meant).is_ok()),
        Err(_) => error,
    };
    bpf::mend(error, text)
}
