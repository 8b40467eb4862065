//! What a person may ask of a lab beyond its address and port.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

/// Settings of a server and of its client. Each lab says in [`Lab::options`](super::Lab::options) which of them mean
/// something to it; the others are refused on the command line.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// Where random choices begin: the same seed, the same choices.
    pub seed: u64,
    /// What all random delays are multiplied by: 0.01 makes a run of a minute one of less than a second. Above 0,
    /// at most 100.
    pub pace: f64,
    /// The folder that is served; a small one of wirelab's own where it is not given.
    pub folder: Option<PathBuf>,
    /// The file that is sent, or written.
    pub file: Option<PathBuf>,
    /// Origins that a proxy may ask besides loopback, as `HOST` or `HOST:PORT`.
    pub allowed_origins: Vec<String>,
    /// Targets that a relay may send to besides loopback.
    pub allowed_targets: Vec<IpAddr>,
    /// The next server on the way, where this one passes on what it gets.
    pub next: Option<SocketAddr>,
    /// How many messages a client sends, where it sends the same one again.
    pub count: Option<u32>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            seed: 0,
            pace: 1.0,
            folder: None,
            file: None,
            allowed_origins: Vec::new(),
            allowed_targets: Vec::new(),
            next: None,
            count: None,
        }
    }
}

/// An option of `serve` or `client` that not every lab has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LabOption {
    /// `--seed`
    Seed,
    /// `--pace`
    Pace,
    /// `--dir`
    Folder,
    /// `--file`
    File,
    /// `--allow-origin`
    AllowOrigin,
    /// `--allow-target`
    AllowTarget,
    /// `--next`
    Next,
    /// `--count`
    Count,
}

impl LabOption {
    /// As it is typed.
    #[must_use]
    pub const fn flag(self) -> &'static str {
        match self {
            Self::Seed => "--seed",
            Self::Pace => "--pace",
            Self::Folder => "--dir",
            Self::File => "--file",
            Self::AllowOrigin => "--allow-origin",
            Self::AllowTarget => "--allow-target",
            Self::Next => "--next",
            Self::Count => "--count",
        }
    }
}
