//! HTTP/1.0 and 1.1 (RFC 9112).

use super::{Analyzer, AnalyzerOptions, Input, Step};

/// What the flow tells of an HTTP message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HttpNote {}

/// A connection that carries HTTP messages.
#[derive(Debug)]
pub struct HttpAnalyzer {
    options: AnalyzerOptions,
}

impl HttpAnalyzer {
    /// A connection that has carried nothing yet.
    #[must_use]
    pub fn new(options: AnalyzerOptions) -> Self {
        Self { options }
    }
}

impl Analyzer for HttpAnalyzer {
    fn next(&mut self, _input: &Input<'_>) -> Step {
        let _ = self.options;
        Step::Lost
    }
}
