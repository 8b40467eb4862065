//! HTTP/1.1 (RFC 9112) as far as the labs speak it: heads are read and written here, for servers and clients.

mod answer;
mod body;
mod fields;
mod request;
mod response;

pub(super) use answer::{Answer, Body, Door, escaped, page, reason};
pub(super) use body::{Arriving, Framing};
pub(super) use fields::Fields;
pub(super) use request::{Request, method_is_known};
pub(super) use response::Response;

/// Most bytes of a head: what servers take by custom is 8 to 16 thousand.
pub(super) const MAX_HEAD: usize = 16 * 1024;

/// Most bytes of a request line (RFC 9112 §3 asks for at least 8,000).
const MAX_REQUEST_LINE: usize = 8_100;

/// Most fields of a head; browsers send some twenty.
const MAX_FIELDS: usize = 100;

/// What a client of ours calls itself.
pub(super) const AGENT: &str = concat!("wirelab/", env!("CARGO_PKG_VERSION"));
