//! Options of `serve` and `client` that mean something to some labs only.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use clap::{Arg, Args};

use super::units::{parse_pace, parse_rate, parse_seed, parse_share, parse_span};
use crate::lab::{Fault, Impairment, Lab, LabOption, Settings};

/// Options that not every lab has; one that a lab does not have is refused.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Options of some labs")]
pub struct LabOptions {
    /// Where random choices begin: the same seed, the same choices
    #[arg(long, value_name = "N", value_parser = parse_seed)]
    pub seed: Option<u64>,
    /// Multiply all delays made on purpose, from 0.001 to 100
    #[arg(long, value_name = "FACTOR", value_parser = parse_pace)]
    pub pace: Option<f64>,
    /// Folder to serve; without it a small site of the program's own
    #[arg(long = "dir", value_name = "DIR")]
    pub folder: Option<PathBuf>,
    /// File to send, to write, or to keep mails in; never written over
    #[arg(long, value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// Origin that may be asked besides loopback; may be given several times
    #[arg(long, value_name = "HOST[:PORT]")]
    pub allow_origin: Vec<String>,
    /// Address that may be sent to besides loopback; may be given several times
    #[arg(long, value_name = "ADDRESS")]
    pub allow_target: Vec<IpAddr>,
    /// Server to pass on to, or whose page to fetch through a proxy
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub next: Option<SocketAddr>,
    /// How many messages to send
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub count: Option<u32>,
    /// Time from one message to the next, answered or not: 0.5, 500ms
    #[arg(long, value_name = "TIME", value_parser = parse_span)]
    pub interval: Option<Duration>,
    /// Draw the result into FILE, as SVG
    #[arg(long, value_name = "FILE")]
    pub plot: Option<PathBuf>,
    /// A bad line (UDP servers, `lab --two-hosts`): share of what is sent that is lost: 10%
    #[arg(long, value_name = "SHARE", value_parser = parse_share)]
    pub loss: Option<f64>,
    /// A bad line: how late each is: 20ms
    #[arg(long, value_name = "TIME", value_parser = parse_span)]
    pub delay: Option<Duration>,
    /// A bad line: how far that may be off: 5ms
    #[arg(long, value_name = "TIME", value_parser = parse_span)]
    pub jitter: Option<Duration>,
    /// A bad line: share that is sent twice
    #[arg(long, value_name = "SHARE", value_parser = parse_share)]
    pub duplicate: Option<f64>,
    /// A bad line: share that is sent behind the next one
    #[arg(long, value_name = "SHARE", value_parser = parse_share)]
    pub reorder: Option<f64>,
    /// A bad line: most that goes out per second: 64kbit, 1mbit
    #[arg(long, value_name = "RATE", value_parser = parse_rate)]
    pub rate: Option<u64>,
    /// TCP servers: what to do wrong: no-fin, reset, tiny-window, split-writes, slow-reader
    #[arg(long, value_name = "FAULT", value_parser = parse_fault)]
    pub fault: Option<Fault>,
}

/// Options of `serve dns`.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Options of serve dns")]
pub struct ZoneOptions {
    /// Folder of zone files (NAME.zone) to serve instead of wirelab's own
    #[arg(long, value_name = "DIR")]
    pub zones: Option<PathBuf>,
    /// Folder to write the signed zones to, for other name servers; beside them, in source/, wirelab's own
    /// zone files, to be edited
    #[arg(long, value_name = "DIR")]
    pub export: Option<PathBuf>,
}

impl ZoneOptions {
    /// The first of them that was given, as it is typed.
    pub fn given(&self) -> Option<&'static str> {
        let zones = self.zones.as_ref().map(|_| "--zones");
        zones.or_else(|| self.export.as_ref().map(|_| "--export"))
    }
}

/// An option that the lab, or one side of it, does not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoSuchOption {
    /// The lab does not.
    #[error("the lab `{lab}` has no {}", .option.flag())]
    Lab {
        /// The lab's name.
        lab: &'static str,
        /// The option.
        option: LabOption,
    },
    /// One side does not.
    #[error("{} is an option of the {}", .option.flag(), if *.of_server { "server" } else { "client" })]
    Side {
        /// The option.
        option: LabOption,
        /// Whose it is.
        of_server: bool,
    },
}

impl LabOptions {
    /// The settings that these options ask for.
    ///
    /// # Errors
    /// [`NoSuchOption::Lab`] for the first option that the lab does not have.
    pub fn settings(&self, lab: &'static Lab) -> Result<Settings, NoSuchOption> {
        match self.given().find(|option| !lab.takes(*option)) {
            Some(option) => Err(NoSuchOption::Lab { lab: lab.name, option }),
            None => Ok(self.all()),
        }
    }

    /// What they ask for, whichever of it a lab has.
    pub(super) fn all(&self) -> Settings {
        let own = Settings::default();
        let line = own.impairment;
        Settings {
            seed: self.seed.unwrap_or(own.seed),
            pace: self.pace.unwrap_or(own.pace),
            folder: self.folder.clone(),
            file: self.file.clone(),
            allowed_origins: self.allow_origin.clone(),
            allowed_targets: self.allow_target.clone(),
            names: own.names,
            next: self.next,
            count: self.count,
            interval: self.interval,
            impairment: Impairment {
                loss: self.loss.unwrap_or(line.loss),
                delay: self.delay.unwrap_or(line.delay),
                jitter: self.jitter.unwrap_or(line.jitter),
                duplicate: self.duplicate.unwrap_or(line.duplicate),
                reorder: self.reorder.unwrap_or(line.reorder),
                rate: self.rate,
                ..line
            },
            fault: self.fault,
        }
    }

    /// The same for a server alone.
    ///
    /// # Errors
    /// [`NoSuchOption`]: also where an option is the client's.
    pub fn for_server(&self, lab: &'static Lab) -> Result<Settings, NoSuchOption> {
        let settings = self.settings(lab)?;
        match self.given().find(|option| option.is_of_client()) {
            Some(option) => Err(NoSuchOption::Side { option, of_server: false }),
            None => Ok(settings),
        }
    }

    /// The same for a client alone.
    ///
    /// # Errors
    /// [`NoSuchOption`]: also where an option is the server's.
    pub fn for_client(&self, lab: &'static Lab) -> Result<Settings, NoSuchOption> {
        let settings = self.settings(lab)?;
        match self.given().find(|option| option.is_of_server()) {
            Some(option) => Err(NoSuchOption::Side { option, of_server: true }),
            None => Ok(settings),
        }
    }

    /// The options that were given.
    pub fn given(&self) -> impl Iterator<Item = LabOption> {
        [
            (LabOption::Seed, self.seed.is_some()),
            (LabOption::Pace, self.pace.is_some()),
            (LabOption::Folder, self.folder.is_some()),
            (LabOption::File, self.file.is_some()),
            (LabOption::AllowOrigin, !self.allow_origin.is_empty()),
            (LabOption::AllowTarget, !self.allow_target.is_empty()),
            (LabOption::Next, self.next.is_some()),
            (LabOption::Count, self.count.is_some()),
            (LabOption::Interval, self.interval.is_some()),
            (LabOption::Plot, self.plot.is_some()),
            (LabOption::Loss, self.loss.is_some()),
            (LabOption::Delay, self.delay.is_some()),
            (LabOption::Jitter, self.jitter.is_some()),
            (LabOption::Duplicate, self.duplicate.is_some()),
            (LabOption::Reorder, self.reorder.is_some()),
            (LabOption::Rate, self.rate.is_some()),
            (LabOption::Fault, self.fault.is_some()),
        ]
        .into_iter()
        .filter_map(|(option, is_given)| is_given.then_some(option))
    }
}

/// Hides an option that a verb always refuses.
pub(super) fn without(arg: Arg, is_refused: impl Fn(LabOption) -> bool) -> Arg {
    let is_it = |option: &LabOption| option.flag().strip_prefix("--") == arg.get_long();
    let hidden = LabOption::ALL.iter().any(|option| is_it(option) && is_refused(*option));
    if hidden { arg.hide(true) } else { arg }
}

fn parse_fault(text: &str) -> Result<Fault, String> {
    Fault::named(text).ok_or_else(|| {
        let names: Vec<&str> = Fault::ALL.into_iter().map(Fault::name).collect();
        format!("the faults are {}", names.join(", "))
    })
}
