//! Recordings of scenes that are part of the program, for where nothing can be captured: captures/, with what was told when
//! they were made.

use crate::lab::scene::Line;

/// A recording.
#[derive(Clone, Copy, Debug)]
pub(super) struct Recording {
    name: &'static str,
    /// The savefile.
    pub(super) capture: &'static [u8],
    log: &'static str,
}

macro_rules! recordings {
    ($($name:literal)*) => {
        /// All of them.
        static RECORDINGS: &[Recording] = &[$(Recording {
            name: $name,
            capture: include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/captures/", $name, ".pcapng")),
            log: include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/captures/logs/", $name, ".jsonl")),
        }),*];
    };
}

recordings! {}

/// The recording of the scene of that name.
pub(super) fn of(name: &str) -> Option<Recording> {
    RECORDINGS.iter().find(|recording| recording.name == name).copied()
}

impl Recording {
    /// What was told when it was made.
    pub(super) fn log(&self) -> Vec<Line> {
        self.log.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
    }
}
