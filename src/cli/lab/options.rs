//! Options of `serve` and `client` that mean something to some labs only.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use clap::Args;

use crate::lab::{Lab, LabOption, Settings, dns};

/// Options that not every lab has; one that a lab does not have is refused.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Options of some labs")]
pub struct LabOptions {
    /// Where random choices begin: the same seed, the same choices
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// Multiply all random delays, from 0.001 to 100
    #[arg(long, value_name = "FACTOR", value_parser = parse_pace)]
    pub pace: Option<f64>,
    /// Folder to serve
    #[arg(long = "dir", value_name = "DIR")]
    pub folder: Option<PathBuf>,
    /// File to send, or to write
    #[arg(long, value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// Origin that may be asked besides loopback; may be given several times
    #[arg(long, value_name = "HOST[:PORT]")]
    pub allow_origin: Vec<String>,
    /// Address that may be sent to besides loopback; may be given several times
    #[arg(long, value_name = "ADDRESS")]
    pub allow_target: Vec<IpAddr>,
    /// Server to pass on to
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub next: Option<SocketAddr>,
    /// How many messages to send
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub count: Option<u32>,
    /// Folder of zone files (NAME.zone) to serve instead of wirelab's own (dns)
    #[arg(long, value_name = "DIR")]
    pub zones: Option<PathBuf>,
    /// Folder to write the signed zones to, for other name servers (dns)
    #[arg(long, value_name = "DIR")]
    pub export: Option<PathBuf>,
}

/// An option that the lab does not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the lab `{lab}` has no {flag}")]
pub struct NoSuchOption {
    lab: &'static str,
    flag: &'static str,
}

impl LabOptions {
    /// The settings that these options ask for.
    ///
    /// # Errors
    /// [`NoSuchOption`] for the first option that the lab does not have.
    pub fn settings(&self, lab: &'static Lab) -> Result<Settings, NoSuchOption> {
        for (option, _) in self.given().into_iter().filter(|(_, is_given)| *is_given) {
            if !lab.options.contains(&option) {
                return Err(NoSuchOption { lab: lab.name, flag: option.flag() });
            }
        }
        for (flag, is_given) in [("--zones", self.zones.is_some()), ("--export", self.export.is_some())] {
            if is_given {
                return Err(NoSuchOption { lab: lab.name, flag });
            }
        }
        let own = Settings::default();
        Ok(Settings {
            seed: self.seed.unwrap_or(own.seed),
            pace: self.pace.unwrap_or(own.pace),
            folder: self.folder.clone(),
            file: self.file.clone(),
            allowed_origins: self.allow_origin.clone(),
            allowed_targets: self.allow_target.clone(),
            next: self.next,
            count: self.count,
        })
    }
}

impl LabOptions {
    /// Checks that only options of the name servers were given: `--zones` and `--export`.
    ///
    /// # Errors
    /// [`NoSuchOption`] for the first other one.
    pub fn only_zones(&self) -> Result<(), NoSuchOption> {
        match self.given().into_iter().find(|(_, is_given)| *is_given) {
            Some((option, _)) => Err(NoSuchOption { lab: dns::LAB, flag: option.flag() }),
            None => Ok(()),
        }
    }

    fn given(&self) -> [(LabOption, bool); 8] {
        [
            (LabOption::Seed, self.seed.is_some()),
            (LabOption::Pace, self.pace.is_some()),
            (LabOption::Folder, self.folder.is_some()),
            (LabOption::File, self.file.is_some()),
            (LabOption::AllowOrigin, !self.allow_origin.is_empty()),
            (LabOption::AllowTarget, !self.allow_target.is_empty()),
            (LabOption::Next, self.next.is_some()),
            (LabOption::Count, self.count.is_some()),
        ]
    }
}

fn parse_pace(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(pace) if (0.001..=100.0).contains(&pace) => Ok(pace),
        _ => Err("not a number from 0.001 to 100".to_owned()),
    }
}
