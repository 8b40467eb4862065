//! Lines of a connection, each with a time by which it has to be whole and a longest length.

use std::time::{Duration, Instant};

use crate::lab::{Over, Problem, Talk};

/// What was received and not yet read.
#[derive(Default)]
pub(super) struct Lines(Vec<u8>);

/// A line with its end.
pub(super) enum Line {
    Whole(Vec<u8>),
    /// Longer than allowed; its bytes are gone.
    TooLong,
}

impl Lines {
    pub(super) fn next(
        &mut self,
        talk: &mut Talk<'_>,
        limit: usize,
        patience: Duration,
    ) -> Result<Line, Over> {
        let end = Instant::now() + patience;
        let (mut looked, mut too_long) = (0, false);
        loop {
            let fresh = self.0.get(looked..).unwrap_or_default();
            if let Some(at) = fresh.iter().position(|byte| *byte == b'\n') {
                let length = looked + at + 1;
                let line: Vec<u8> = self.0.drain(..length).collect();
                return Ok(if too_long || length > limit { Line::TooLong } else { Line::Whole(line) });
            }
            if self.0.len() > limit {
                too_long = true;
                self.0.clear();
            }
            looked = self.0.len();
            let left = end.saturating_duration_since(Instant::now());
            match talk.receive_within(left) {
                Ok(bytes) => self.0.extend_from_slice(&bytes),
                Err(Over::Failed(Problem::Idle { .. })) => {
                    return Err(Problem::Unfinished { limit: patience }.into());
                }
                Err(over) => return Err(over),
            }
        }
    }
}
