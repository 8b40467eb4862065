//! What transports carry: text or not, and the protocols that are recognised.

mod recognise;
mod text;

pub use recognise::{Recognised, name, name_by_port};
pub use text::{Readability, judge};
