//! The owned results of a run: facts about the capture, and the story of each flow.

mod contents;
mod totals;
mod story;

pub use contents::contents;
pub use totals::CaptureTotals;
pub use story::{Event, Moment, Outcome, outcome, starts_mid_stream, timeline};
