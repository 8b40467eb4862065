//! `trace --internet`: the same in a sandbox, on name servers of its own.

use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::path::PathBuf;

use nix::fcntl::{FcntlArg, FdFlag, fcntl};

use super::TraceArgs;
use crate::cli::output::Failure;
use crate::cli::record::{self, RecordArgs};
use crate::sandbox::unnamed_file;

/// Runs this program anew as the command that is recorded; gives its exit status.
pub(super) fn run(args: &TraceArgs) -> Result<u8, Failure> {
    // The servers make their keys when they start; a file without a name brings the root's to who checks signatures.
    let needs_key = args.dnssec && args.anchor.is_none();
    let key = needs_key
        .then(inherited_file)
        .transpose()
        .map_err(|error| Failure::new(format_args!("cannot make a file for the root's key: {error}")))?;
    let path = key.as_ref().map(|key| PathBuf::from(format!("/proc/self/fd/{}", key.as_raw_fd())));
    let mut command: Vec<OsString> = vec!["/proc/self/exe".into(), "trace".into(), "--inside".into()];
    if let Some(path) = &path {
        command.extend(["--anchor".into(), path.clone().into_os_string()]);
    }
    // Behind the program's name and the verb.
    command.extend(std::env::args_os().skip(2));
    let internet = args.internet.telling_key(path);
    record::run(&RecordArgs::quiet(command, args.write.clone(), internet, args.color.clone()))
}

/// A file without a name that programs inherit which this one starts.
fn inherited_file() -> io::Result<File> {
    let file = unnamed_file()?;
    fcntl(&file, FcntlArg::F_SETFD(FdFlag::empty()))?;
    Ok(file)
}
