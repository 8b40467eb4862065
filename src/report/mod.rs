//! The owned results of a run: facts about the capture, and the story of each flow.

mod contents;
mod story;
mod totals;

pub use contents::contents;
pub use story::{Event, Moment, Outcome, outcome, starts_mid_stream, timeline};
pub use totals::CaptureTotals;
