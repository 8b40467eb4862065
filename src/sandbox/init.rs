//! Process 1 of the pid namespace: starts the command, passes signals on, reaps what becomes an orphan. Its end is the end
//! of every process in the namespace, whatever they ignore.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io::{self, Read};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::process::Command;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;

use super::beside::Server;
use super::channel::{StageArgs, Topology, Word};
use super::ends::{adopt, reopen, shown, split, tell};
use super::hosts;
use super::namespace;

/// How long processes that the command left running may still work, such as a server that closes its side of a
/// connection after the client has ended.
pub(super) const LINGER: Duration = Duration::from_millis(250);

/// Exit status of a command that was ended from outside.
const ENDED: u8 = 128 + 9;

/// Plays init; gives the command's exit status.
pub(super) fn run(stage: &StageArgs, command: &[OsString]) -> u8 {
    if !stage.in_place && namespace::close_sockets().is_err() {
        return 2;
    }
    // Two hosts inherit the report's descriptor from here.
    let alone = stage.topology == Topology::Alone;
    let report = if alone { adopt(stage.report, true) } else { reopen(stage.report, true) };
    let (Ok(mut control), Ok(mut report)) = (adopt(stage.control, false), report) else { return 2 };
    let children = match prepare(stage) {
        Ok(children) => children,
        Err(message) => {
            tell(&mut report, &Word::NotRun { status: 126, message });
            return 126;
        }
    };
    let ended = if alone {
        namespace_of_one(stage, command, &children, &mut control)
    } else {
        hosts::play(stage, command, &children, &mut control).map_err(|message| (126, message))
    };
    let status = match ended {
        Ok(Some(status)) => status,
        Ok(None) => return ENDED,
        Err((status, message)) => {
            tell(&mut report, &Word::NotRun { status, message });
            return status;
        }
    };
    if !stage.in_place {
        let left = linger(&children, &mut control);
        if left > 0 {
            tell(&mut report, &Word::LeftRunning(left));
        }
    }
    status
}

/// Runs the command here; `None` where it was ended from outside.
fn namespace_of_one(
    stage: &StageArgs,
    command: &[OsString],
    children: &Children,
    control: &mut File,
) -> Result<Option<u8>, (u8, String)> {
    if !stage.in_place {
        namespace::keep_for_command().map_err(|message| (126, message))?;
    }
    let server = if stage.beside.command.is_empty() {
        None
    } else {
        match Server::start(&stage.beside.command, control)? {
            Some(server) => Some(server),
            None => return Ok(None),
        }
    };
    let status = wait(start(command)?, children, control);
    if let Some(server) = server {
        server.end();
    }
    Ok(status)
}

/// Sets up this process; gives what says when a child has ended.
fn prepare(stage: &StageArgs) -> Result<Children, String> {
    let said = |what: &str, error: Errno| format!("{what}: {}", error.desc());
    // The holder has no other way to take this process along when it is killed.
    nix::sys::prctl::set_pdeathsig(Signal::SIGKILL)
        .map_err(|error| said("tying init to its parent", error))?;
    let watching = |error: io::Error| format!("watching the command: {error}");
    super::be_deaf().map_err(watching)?;
    if !stage.in_place {
        namespace::mount_proc();
    }
    Children::watch().map_err(watching)
}

/// Says when a child has ended. Handlers, unlike blocked signals, are not handed on to the command.
pub(super) struct Children(UnixStream);

impl Children {
    fn watch() -> io::Result<Self> {
        let (read, write) = UnixStream::pair()?;
        read.set_nonblocking(true)?;
        signal_hook::low_level::pipe::register(signal_hook::consts::SIGCHLD, write)?;
        Ok(Self(read))
    }

    /// Forgets what it said.
    fn clear(&self) {
        let mut said = [0; 64];
        while matches!((&self.0).read(&mut said), Ok(1..)) {}
    }
}

impl AsFd for Children {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

/// Starts the command; else the exit status that a shell would give, and why.
fn start(command: &[OsString]) -> Result<Pid, (u8, String)> {
    let (program, args) = split(command);
    let started = match Command::new(program).args(args).spawn() {
        // A script without a first line that says who reads it: a shell reads it, as shells do themselves.
        Err(error) if error.raw_os_error() == Some(nix::libc::ENOEXEC) => {
            Command::new("/bin/sh").arg(program).args(args).spawn()
        }
        started => started,
    };
    match started {
        Ok(child) => i32::try_from(child.id()).map(Pid::from_raw).map_err(|error| (126, error.to_string())),
        Err(error) => Err(refusal(program, &error)),
    }
}

pub(super) fn refusal(program: &OsStr, error: &io::Error) -> (u8, String) {
    let name = shown(program);
    match error.kind() {
        io::ErrorKind::NotFound if is_in_path(program) => (127, format!("there is no {name}")),
        // A folder of PATH that may not be read hides whether there is one: a shell takes that for a no.
        io::ErrorKind::NotFound | io::ErrorKind::PermissionDenied if !is_in_path(program) => {
            (127, format!("there is no command \"{name}\""))
        }
        _ => (126, format!("cannot execute {name}: {error}")),
    }
}

/// Whether there is a file of this name where commands are looked for, or it is a path.
fn is_in_path(program: &OsStr) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    program.as_encoded_bytes().contains(&b'/')
        || std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
}

/// Waits for the command, and passes signals on to it; `None` where the control pipe was closed, which ends everything.
pub(super) fn wait(command: Pid, children: &Children, control: &mut File) -> Option<u8> {
    loop {
        if let Some(status) = reap(command) {
            return Some(status);
        }
        let mut fds = [
            PollFd::new(children.as_fd(), PollFlags::POLLIN),
            PollFd::new(control.as_fd(), PollFlags::POLLIN),
        ];
        let _ = poll(&mut fds, PollTimeout::NONE);
        let ordered = fds.get(1).and_then(PollFd::revents).is_some_and(|events| !events.is_empty());
        children.clear();
        if ordered {
            let mut number = [0];
            match control.read(&mut number) {
                Ok(1) => {
                    let [number] = number;
                    // A number that is no signal is not sent; a command that has just ended needs none.
                    if let Ok(signal) = Signal::try_from(i32::from(number)) {
                        let _ = kill(command, signal);
                    }
                }
                _ => return None,
            }
        }
    }
}

/// Reaps every child that has ended; the command's exit status where it is among them.
fn reap(command: Pid) -> Option<u8> {
    let mut ended = None;
    loop {
        match waitpid(None, Some(WaitPidFlag::WNOHANG)) {
            Ok(WaitStatus::Exited(pid, code)) if pid == command => ended = u8::try_from(code & 0xff).ok(),
            Ok(WaitStatus::Signaled(pid, signal, _)) if pid == command => {
                ended = u8::try_from(128 + signal as i32).ok();
            }
            Ok(WaitStatus::StillAlive) | Err(_) => return ended,
            Ok(_) => {}
        }
    }
}

/// Gives what the command left running a moment to end by itself; how many processes have not.
fn linger(children: &Children, control: &mut File) -> u32 {
    let since = Instant::now();
    loop {
        match waitpid(None, Some(WaitPidFlag::WNOHANG)) {
            Ok(WaitStatus::StillAlive) => {}
            Ok(_) => continue,
            Err(_) => return 0,
        }
        let Some(rest) = LINGER.checked_sub(since.elapsed()).filter(|rest| !rest.is_zero()) else {
            return processes().max(1);
        };
        let mut fds = [
            PollFd::new(children.as_fd(), PollFlags::POLLIN),
            PollFd::new(control.as_fd(), PollFlags::empty()),
        ];
        let _ = poll(&mut fds, PollTimeout::try_from(rest).unwrap_or(PollTimeout::ZERO));
        if fds.get(1).and_then(PollFd::revents).is_some_and(|events| !events.is_empty()) {
            return processes().max(1);
        }
        children.clear();
    }
}

/// Processes of this pid namespace besides this one; 0 where /proc is another's.
fn processes() -> u32 {
    if fs::read_link("/proc/self").ok().as_deref() != Some("1".as_ref()) {
        return 0;
    }
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let numbered = entries.filter(|entry| {
        let name = entry.file_name();
        name.to_str().is_some_and(|name| name != "1" && name.bytes().all(|byte| byte.is_ascii_digit()))
    });
    u32::try_from(numbered.count()).unwrap_or(u32::MAX)
}
