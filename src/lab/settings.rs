//! What a person may ask of a lab beyond its address and port.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use super::{Fault, Impairment};

/// Settings of a server and of its client. Each lab says in [`Lab::options`](super::Lab::options) which of them mean
/// something to it; the others are refused on the command line.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// Where random choices begin: the same seed, the same choices.
    pub seed: u64,
    /// What all delays that are made on purpose are multiplied by: 0.01 makes a run of a minute one of less than a second. Above 0,
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
    /// Names that a mail agent's name service knows, besides those of the lab's hosts on loopback.
    pub names: Vec<(IpAddr, &'static str)>,
    /// The next server on the way, where this one passes on what it gets.
    pub next: Option<SocketAddr>,
    /// How many messages a client sends, where it sends the same one again.
    pub count: Option<u32>,
    /// Time between the messages of a client that does not wait for answers. At least a millisecond.
    pub interval: Option<Duration>,
    /// What is done to the datagrams that a server sends.
    pub impairment: Impairment,
    /// What a server over TCP does wrong.
    pub fault: Option<Fault>,
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
            names: Vec::new(),
            next: None,
            count: None,
            interval: None,
            impairment: Impairment::default(),
            fault: None,
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
    /// `--interval`
    Interval,
    /// `--plot`
    Plot,
    /// `--loss`
    Loss,
    /// `--delay`
    Delay,
    /// `--jitter`
    Jitter,
    /// `--duplicate`
    Duplicate,
    /// `--reorder`
    Reorder,
    /// `--rate`
    Rate,
    /// `--fault`
    Fault,
}

impl LabOption {
    /// Every option.
    pub const ALL: [Self; 17] = [
        Self::Seed,
        Self::Pace,
        Self::Folder,
        Self::File,
        Self::AllowOrigin,
        Self::AllowTarget,
        Self::Next,
        Self::Count,
        Self::Interval,
        Self::Plot,
        Self::Loss,
        Self::Delay,
        Self::Jitter,
        Self::Duplicate,
        Self::Reorder,
        Self::Rate,
        Self::Fault,
    ];

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
            Self::Interval => "--interval",
            Self::Plot => "--plot",
            Self::Loss => "--loss",
            Self::Delay => "--delay",
            Self::Jitter => "--jitter",
            Self::Duplicate => "--duplicate",
            Self::Reorder => "--reorder",
            Self::Rate => "--rate",
            Self::Fault => "--fault",
        }
    }

    /// Whether it tells what happens to datagrams on their way, whatever the lab; with a seed, and a pace.
    pub(super) const fn is_of_datagrams(self) -> bool {
        self.is_of_a_line() || matches!(self, Self::Seed | Self::Pace)
    }

    /// Whether it tells what a server does wrong with connections, whatever the lab; with a pace.
    pub(super) const fn is_of_connections(self) -> bool {
        matches!(self, Self::Fault | Self::Pace)
    }

    /// Whether it tells what happens to packets on their way.
    #[must_use]
    pub const fn is_of_a_line(self) -> bool {
        matches!(self, Self::Loss | Self::Delay | Self::Jitter | Self::Duplicate | Self::Reorder | Self::Rate)
    }

    /// Whether only a server can do what it asks for.
    #[must_use]
    pub const fn is_of_server(self) -> bool {
        self.is_of_a_line()
            || matches!(self, Self::Folder | Self::AllowOrigin | Self::AllowTarget | Self::Fault)
    }

    /// Whether only a client can.
    #[must_use]
    pub const fn is_of_client(self) -> bool {
        matches!(self, Self::Count | Self::Interval | Self::Plot)
    }
}
