//! `record` as an ordinary user without any capability, also where the tests run as root.

mod ends;
mod hosts;
mod internet;
pub(crate) mod refused;
mod whole;

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::AsRawFd;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;

use tempfile::TempDir;

use crate::program;
use crate::skip::skip;

/// The user and group that root becomes: those of nobody on Linux.
const NOBODY: u32 = 65_534;

/// A program file under a path that everybody can execute: where root built it, other users may not get to it by name.
fn reachable(file: &Path) -> PathBuf {
    use nix::fcntl::{FcntlArg, FdFlag, fcntl};
    let open = File::open(file).unwrap();
    fcntl(&open, FcntlArg::F_SETFD(FdFlag::empty())).unwrap();
    let path = PathBuf::from(format!("/proc/self/fd/{}", open.as_raw_fd()));
    // For the rest of the test run.
    std::mem::forget(open);
    path
}

fn is_root() -> bool {
    nix::unistd::geteuid().is_root()
}

/// `wirelab record` with `args`, as an ordinary user.
fn record(args: &[&str]) -> Command {
    ordinary(&[&["record"], args].concat())
}

/// The program with `args`, as an ordinary user.
pub(crate) fn ordinary(args: &[&str]) -> Command {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    let like = program::command(&[]);
    let mut command = if is_root() {
        let mut command = Command::new(PROGRAM.get_or_init(|| reachable(program::binary())));
        command.uid(NOBODY).gid(NOBODY).current_dir("/");
        command
    } else {
        Command::new(program::binary())
    };
    for (name, value) in like.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    // A folder of PATH that only root can read is no part of an ordinary user's life.
    command.env("PATH", "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin");
    command.args(args).stdin(Stdio::null());
    command
}

/// This test binary, under a path that the user of [`record`] can execute.
pub(crate) fn test_binary() -> &'static str {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    let path = BINARY.get_or_init(|| {
        let own = std::env::current_exe().unwrap();
        if is_root() { reachable(&own) } else { own }
    });
    path.to_str().unwrap()
}

/// Whether the system makes namespaces for ordinary users; says so where it does not.
pub(crate) fn possible(what: &str) -> bool {
    static REFUSAL: OnceLock<Option<String>> = OnceLock::new();
    let refusal = REFUSAL.get_or_init(|| {
        let output = record(&["--", "true"]).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        said.contains("cannot make namespaces").then_some(said)
    });
    if let Some(said) = refusal {
        skip(what, said.lines().next().unwrap_or_default());
    }
    refusal.is_none()
}

/// A folder that the user of [`record`] can write to.
pub(crate) fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o777)).unwrap();
    folder
}

/// What a run gave.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

pub(crate) fn run(command: &mut Command) -> Run {
    said(&command.stdout(Stdio::piped()).stderr(Stdio::piped()).output().unwrap())
}

fn said(output: &Output) -> Run {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Run { code: output.status.code(), out: text(&output.stdout), err: text(&output.stderr) }
}

/// A run with `text` on standard input.
fn fed(command: &mut Command, text: &str) -> Run {
    let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = piped.spawn().unwrap();
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    said(&child.wait_with_output().unwrap())
}

/// A Python that other users can execute, too.
fn python() -> Option<&'static str> {
    let path = "/usr/bin/python3";
    if !Path::new(path).exists() {
        skip("record of Python programs", "there is no /usr/bin/python3");
        return None;
    }
    Some(path)
}

/// Processes whose command line has `mark` in it.
fn processes(mark: &str) -> Vec<String> {
    let entries = std::fs::read_dir("/proc").unwrap().flatten();
    let lines = entries.filter_map(|entry| {
        let mut line = Vec::new();
        File::open(entry.path().join("cmdline")).ok()?.read_to_end(&mut line).ok()?;
        Some(String::from_utf8_lossy(&line).replace('\0', " "))
    });
    lines.filter(|line| line.contains(mark)).collect()
}

/// A word that no other process has in its command line.
fn mark(name: &str) -> String {
    format!("mark-{name}-{}", std::process::id())
}
