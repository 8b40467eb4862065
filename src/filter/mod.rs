//! Wireshark's display filters: which packets are shown, said in field names.

mod arithmetic;
mod ast;
mod check;
mod constant;
mod error;
mod escape;
mod eval;
mod function;
mod hint;
mod lexer;
mod number;
mod parser;
mod pattern;
mod program;
mod store;
mod time_text;

pub use error::FilterError;

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
        let read = || {
            let tokens = lexer::tokens(text)?;
            Ok(match parser::parse(text, &tokens)? {
                Some(test) => check::check(text, &test)?,
                None => (program::Condition::Always, Vec::new()),
            })
        };
        let (condition, reads) =
            read().map_err(|error: FilterError| match hint::for_capture_filter(text) {
                Some(hint) => error.hinting_first(hint),
                None => error,
            })?;
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
