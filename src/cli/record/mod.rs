//! `record`: a command in a sandbox, everything it sends captured, then explained.

#[cfg(all(target_os = "linux", feature = "live"))]
mod run;

use std::ffi::OsString;
use std::path::PathBuf;

use clap::Args;

use crate::cli::args::{ColorArgs, SelectArgs};
use crate::cli::lab::InternetArgs;
use crate::cli::view::View;

/// Run a command in a sandbox of its own, capture everything it sends, and explain it. Needs no root.
///
/// The command and whatever it starts see a network of their own, with nothing in it but loopback: servers and clients
/// find each other on 127.0.0.1 and ::1, every port is free to use, nothing comes in and nothing gets out. All else is as
/// usual: files, terminal, environment. When the command ends, what it left running is ended, too.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES, override_usage = "wirelab record [OPTIONS] -- <COMMAND>...")]
pub(super) struct RecordArgs {
    /// Keep the capture, as pcap where OUT ends in .pcap, else as pcapng
    #[arg(short = 'w', long = "write", value_name = "OUT")]
    write: Option<PathBuf>,
    #[command(flatten)]
    internet: InternetArgs,
    #[command(flatten)]
    select: SelectArgs,
    /// What to show when the command has ended
    #[arg(long, value_enum, value_name = "VIEW", default_value = "explain")]
    view: View,
    /// Print one JSON document instead; what the command prints then goes to standard error
    #[arg(long, conflicts_with = "view")]
    json: bool,
    #[command(flatten)]
    color: ColorArgs,
    /// The command and its arguments
    #[arg(value_name = "COMMAND", required = true, trailing_var_arg = true, allow_hyphen_values = true)]
    command: Vec<OsString>,
}

#[cfg(all(target_os = "linux", feature = "live"))]
impl RecordArgs {
    /// A command whose packets are kept and not shown.
    pub(super) fn quiet(
        command: Vec<OsString>,
        write: Option<PathBuf>,
        internet: InternetArgs,
        color: ColorArgs,
    ) -> Self {
        Self { write, internet, select: SelectArgs::default(), view: View::None, json: false, color, command }
    }
}

const EXAMPLES: &str = "\
Examples:
  wirelab record -- python3 demo.py              a program that talks to itself
  # a server and a client, in one shell command
  wirelab record -- sh -c 'python3 server.py & sleep 1; python3 client.py'
  wirelab record -w talk.pcapng -- bash          everything until you type exit
  # name servers of its own, from the root down, at the well-known addresses
  wirelab record --internet -- dig +trace nyu.edu @a.root-servers.net

The exit status is the command's: 127 where there is no such command, 128 and
the signal's number where a signal ended it. Ctrl-C goes to the command; three
times within two seconds, or Ctrl-\\, ends it whatever it does, and what was
captured is explained. 2 where it could not be run or recorded.";

#[cfg(all(target_os = "linux", feature = "live"))]
pub(super) use run::run;

/// Runs `record`.
#[cfg(not(all(target_os = "linux", feature = "live")))]
pub(super) fn run(_: &RecordArgs) -> Result<u8, super::output::Failure> {
    use super::output::Failure;
    if cfg!(not(target_os = "linux")) {
        return Err(Failure::new("record needs Linux: its sandbox is made of namespaces")
            .hint("capture on loopback while the programs run: `wirelab capture -i lo0`"));
    }
    Err(Failure::new("this wirelab was built without live capture")
        .hint("build it with libpcap's headers installed and without --no-default-features"))
}
