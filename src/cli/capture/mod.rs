//! `capture`: live, with the same views as a savefile.

#[cfg(feature = "live")]
mod live;

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use crate::cli::args::{ColorArgs, SelectArgs};
use crate::cli::output::{Failure, Status};
use crate::cli::view::View;

/// Capture live from a network interface.
///
/// Without -i the interface is chosen: loopback where a program on this host listens on --port, else the first
/// that is up. "capturing on ..." on standard error says that from now on no packet is missed.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(super) struct CaptureArgs {
    /// Interface to capture on, as `wirelab interfaces` names it
    #[arg(short = 'i', long, value_name = "NAME")]
    interface: Option<String>,
    #[command(flatten)]
    select: SelectArgs,
    /// Save the packets, as pcap where OUT ends in .pcap, else as pcapng
    #[arg(short = 'w', long = "write", value_name = "OUT")]
    write: Option<PathBuf>,
    /// What to show [default: lines, or none with -w]
    #[arg(long, value_enum, value_name = "VIEW")]
    view: Option<View>,
    /// Stop after N packets that were selected
    #[arg(short = 'c', long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    count: Option<u64>,
    /// Stop after so many seconds, packets or not
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    seconds: Option<Duration>,
    /// Stop when a TCP flow of --port has opened and closed
    #[arg(long, requires = "port")]
    until_closed: bool,
    /// Most bytes kept of a packet
    #[arg(short = 's', long, value_name = "BYTES", default_value_t = 262_144)]
    snaplen: u32,
    /// Also ask for packets that are not addressed to this host
    #[arg(long)]
    promiscuous: bool,
    /// Kernel buffer in MiB, from 1 to 1024
    #[arg(short = 'B', long, value_name = "MIB", default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..=1024))]
    buffer: u32,
    #[command(flatten)]
    color: ColorArgs,
}

const EXAMPLES: &str = "\
Examples:
  wirelab capture -i lo --port 43389             show what passes on port 43389
  wirelab capture -i lo -Y 'tcp.flags.syn == 1'  what a filter takes
  # keep one connection, then stop
  wirelab capture -i lo --port 43389 -w talk.pcapng --until-closed
  # ten seconds of DNS, explained
  wirelab capture --port 53 --seconds 10 --view explain

Exit status: 0 after a stop condition, 130 after Ctrl-C (what was gathered is
kept), 2 on an error.";

/// Reads a number of seconds.
fn seconds(text: &str) -> Result<Duration, String> {
    match text.parse::<f64>() {
        Ok(number) if (0.0..=31_536_000.0).contains(&number) => Ok(Duration::from_secs_f64(number)),
        _ => Err("expected a number of seconds, as in 10 or 0.5".to_owned()),
    }
}

/// Runs `capture`.
#[cfg(not(feature = "live"))]
pub(super) fn run(_: &CaptureArgs) -> Result<Status, Failure> {
    Err(Failure::new("this wirelab was built without live capture")
        .hint("build it with libpcap's headers installed and without --no-default-features"))
}

#[cfg(feature = "live")]
pub(super) use live::run;
