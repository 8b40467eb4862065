//! Options of `serve` and `client` that mean something to some labs only.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use clap::Args;

use crate::lab::{Lab, LabOption, Settings};

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
}

/// An option that the lab does not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the lab `{lab}` has no {}", .option.flag())]
pub struct NoSuchOption {
    lab: &'static str,
    option: LabOption,
}

impl LabOptions {
    /// The settings that these options ask for.
    ///
    /// # Errors
    /// [`NoSuchOption`] for the first option that the lab does not have.
    pub fn settings(&self, lab: &'static Lab) -> Result<Settings, NoSuchOption> {
        let given = [
            (LabOption::Seed, self.seed.is_some()),
            (LabOption::Pace, self.pace.is_some()),
            (LabOption::Folder, self.folder.is_some()),
            (LabOption::File, self.file.is_some()),
            (LabOption::AllowOrigin, !self.allow_origin.is_empty()),
            (LabOption::AllowTarget, !self.allow_target.is_empty()),
            (LabOption::Next, self.next.is_some()),
            (LabOption::Count, self.count.is_some()),
        ];
        for (option, is_given) in given {
            if is_given && !lab.options.contains(&option) {
                return Err(NoSuchOption { lab: lab.name, option });
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

fn parse_pace(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(pace) if (0.001..=100.0).contains(&pace) => Ok(pace),
        _ => Err("not a number from 0.001 to 100".to_owned()),
    }
}
