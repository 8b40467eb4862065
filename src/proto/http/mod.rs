//! HTTP/1.0 and 1.1 (RFC 9112).

mod analyzer;
mod base64;
pub mod body;
mod form;
mod framing;
pub mod head;
mod note;
mod waiting;

use super::talk::Both;
use super::{Analyzer, AnalyzerOptions, Ending, Input, Note, Protocol, Step};

pub use analyzer::{HttpAnalyzer, MAX_KEPT_TARGET};
pub use base64::{base64, strict_base64};
pub use form::unescape_form;
pub use framing::{Framing, FramingFault, content_length};
pub use head::Head;
pub use note::{Asked, Cut, HttpNote, full_uri};

#[cfg(test)]
mod tests;
