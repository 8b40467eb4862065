//! The program as a test runs it: sending to loopback only, and deaf to what the person running the tests has set.

use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::Duration;

/// Longest any run may take before it counts as hung: generous, since the machine may be busy.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// A process that is ended with the test.
pub(crate) struct Ended(pub(crate) Child);

impl Drop for Ended {
    fn drop(&mut self) {
        // Where it has ended already there is nothing to kill.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The program file.
pub(crate) fn binary() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_wirelab"))
}

/// Variables that change what is printed.
const INFLUENCES: [&str; 5] = ["COLUMNS", "NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "TERM"];

/// The program with `args`, for tests that need its pipes or its process.
pub(crate) fn command(args: &[&str]) -> Command {
    let mut command = Command::new(binary());
    command.args(args).env("WIRELAB_LOCAL_ONLY", "1");
    for name in INFLUENCES {
        command.env_remove(name);
    }
    command
}

/// The program with `args`, run to its end in bounded time, nothing on standard input.
pub(crate) fn wirelab(args: &[&str]) -> assert_cmd::Command {
    let mut command = assert_cmd::Command::from_std(command(args));
    command.timeout(PATIENCE);
    command
}

/// The folder of the project's recordings.
pub(crate) fn captures_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("captures")
}

/// The file names of the project's recordings, sorted.
pub(crate) fn recordings() -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(captures_folder())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.ends_with(".pcapng"))
        .collect();
    names.sort();
    assert!(!names.is_empty(), "no recordings in captures/");
    names
}
