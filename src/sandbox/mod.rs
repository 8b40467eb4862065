//! A command in namespaces of its own, and everything it sends on record: without root, and with nothing leaving.
//!
//! ```text
//! caller ──▶ holder ──▶ init ──▶ command
//!                            ├──▶ host, which becomes its command (two hosts only)
//!                            └──▶ a server beside the command, where there is to be one
//! ```
//!
//! Each is the program executed anew ([`stage`]), since a process with threads can enter no user namespace and forking
//! needs unsafe code. The *holder* makes the namespaces, brings `lo` up and captures there before it starts the next;
//! *init* is process 1 of the pid namespace, and its end is the end of everything that the command left behind. Two
//! pipes go along: *control* carries signals to init, and its closing ends the command, so that nobody outlives the
//! caller; *report* carries `channel::Word`s back.
//!
//! What it makes is on Linux only, and needs libpcap; elsewhere [`Plan::start`] says so.

#[cfg(all(target_os = "linux", feature = "live"))]
mod beside;
mod channel;
#[cfg(all(target_os = "linux", feature = "live"))]
mod ends;
#[cfg(all(target_os = "linux", feature = "live"))]
mod ethtool;
#[cfg(all(target_os = "linux", feature = "live"))]
mod holder;
#[cfg(all(target_os = "linux", feature = "live"))]
mod hosts;
#[cfg(all(target_os = "linux", feature = "live"))]
mod init;
#[cfg(all(target_os = "linux", feature = "live"))]
mod names;
#[cfg(all(target_os = "linux", feature = "live"))]
mod namespace;
#[cfg(all(target_os = "linux", feature = "live"))]
mod netlink;
mod refused;
mod unnamed;

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Write};
use std::net::IpAddr;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

pub use channel::{Outcome, Side};
pub use refused::{Cause, Refused};
pub use unnamed::unnamed_file;
#[cfg(target_os = "linux")]
pub use unnamed::unnamed_file_beside;

use channel::{Beside, HostArgs, Inherited, Listener, Orders, StageArgs, StageKind, Topology, Word};

/// The word that stands where a verb would when the program is executed anew. Nobody types it.
const STAGE: &str = "sandbox-stage";

/// Most addresses of [`Plan::addresses`]: they go to the stages in one argument, which has 128 KiB at most.
pub const MAX_ADDRESSES: usize = 2000;

/// What to run, and where its capture goes.
#[derive(Debug)]
pub struct Plan {
    command: Vec<OsString>,
    capture: File,
    pcap: bool,
    most: Option<u64>,
    in_place: bool,
    topology: Topology,
    listeners: usize,
    beside: Beside,
    program: PathBuf,
    stdin: Stdio,
    stdout: Stdio,
    stderr: Stdio,
}

/// Why a command was not run, or not to its end.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SandboxError {
    /// The system forbids a step of making the namespaces; the message says which setting does, and what to do.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// The capture could not begin. libpcap's reason, with what to do.
    #[error("{0}")]
    Capture(String),
    /// Not this system, or not this build.
    #[error("{0}")]
    Unsupported(&'static str),
    /// There is no such command, or it cannot be executed.
    #[error("{message}")]
    NotRun {
        /// 127 where there is none, 126 where it cannot be executed, as shells have it.
        status: u8,
        /// Which command, and why.
        message: String,
    },
    /// A pipe or a process could not be made.
    #[error("cannot start the sandbox: {0}")]
    Start(#[source] io::Error),
    /// The processes of the sandbox ended without saying how, as when somebody kills them.
    #[error("the sandbox ended without a report; somebody may have killed it")]
    Died,
}

impl Plan {
    /// `command` and its arguments, in a sandbox whose loopback interface is captured into `capture`, a regular file that
    /// is empty and open for reading and writing. Standard input, output and error are this process's.
    #[must_use]
    pub fn new(command: Vec<OsString>, capture: File) -> Self {
        Self {
            command,
            capture,
            pcap: false,
            most: None,
            in_place: false,
            topology: Topology::Alone,
            listeners: 1,
            beside: Beside::default(),
            program: PathBuf::from("/proc/self/exe"),
            stdin: Stdio::inherit(),
            stdout: Stdio::inherit(),
            stderr: Stdio::inherit(),
        }
    }

    /// Writes pcap instead of pcapng.
    #[must_use]
    pub fn pcap(mut self, pcap: bool) -> Self {
        self.pcap = pcap;
        self
    }

    /// Keeps no more than so many bytes of packets; those beyond are counted ([`Outcome::not_kept`]).
    #[must_use]
    pub fn at_most(mut self, bytes: u64) -> Self {
        self.most = Some(bytes);
        self
    }

    /// Runs the command where this process is, without namespaces, and captures the loopback interface that all
    /// programs share. It needs the right to capture. Processes that the command leaves behind go on.
    #[must_use]
    pub fn in_place(mut self) -> Self {
        self.in_place = true;
        self
    }

    /// Runs `client` on a second host. The two are joined by a virtual cable, which is captured at the server's end: `server`
    /// is 10.0.0.1 and fd00::1, `client` 10.0.0.2 and fd00::2. The client starts once somebody listens on the server's host,
    /// or after ten seconds. Its end is the end: the server then gets SIGINT and two seconds, if it does not end by itself,
    /// and the outcome's status is the client's. Signals go to the client.
    #[must_use]
    pub fn two_hosts(mut self, client: Vec<OsString>) -> Self {
        self.topology = Topology::TwoHosts { client, within: false };
        self
    }

    /// As [`Plan::two_hosts`], and what programs on the server's host say to each other over its loopback interface is in the
    /// capture, too, whose link type is then that of several interfaces (Linux cooked capture).
    #[must_use]
    pub fn two_hosts_and_within(mut self, client: Vec<OsString>) -> Self {
        self.topology = Topology::TwoHosts { client, within: true };
        self
    }

    /// Of two hosts the client starts once so many sockets listen on the server's, instead of one; with 0 it waits for none.
    #[must_use]
    pub fn after_listeners(mut self, listeners: usize) -> Self {
        self.listeners = listeners;
        self
    }

    /// As [`Plan::two_hosts`], with a hop between the two, where `forwarder` passes frames between the interfaces
    /// `to-server` and `to-client`; without it nothing gets through. It starts first, and the others once it has opened packet
    /// sockets on both. It has the right to capture and to inject there. What is captured is what passes on the `capture`
    /// side of the hop. Frames are as on a wire: single segments, with checksums.
    #[must_use]
    pub fn hop(mut self, client: Vec<OsString>, forwarder: Vec<OsString>, capture: Side) -> Self {
        self.topology = Topology::Hop { client, forwarder, capture };
        self
    }

    /// Gives the loopback interface these addresses, beside its own: the first [`MAX_ADDRESSES`], IPv6 ones where the system
    /// has IPv6. Who sends there does so from 127.0.0.1 or ::1. Not with [`Plan::in_place`].
    #[must_use]
    pub fn addresses(mut self, addresses: impl IntoIterator<Item = IpAddr>) -> Self {
        self.beside.addresses = addresses.into_iter().take(MAX_ADDRESSES).collect();
        self
    }

    /// Runs `server` in the same sandbox. The command starts once the server has written something to its standard output,
    /// which should be a line at most: it is not read any further. With the command's end it is ended. On one host.
    #[must_use]
    pub fn beside(mut self, server: Vec<OsString>) -> Self {
        self.beside.command = server;
        self
    }

    /// Executes `program` for the stages instead of the running program: one whose `main` is [`crate::cli::main`].
    #[must_use]
    pub fn through(mut self, program: PathBuf) -> Self {
        self.program = program;
        self
    }

    /// The command's standard input.
    #[must_use]
    pub fn stdin(mut self, stdin: Stdio) -> Self {
        self.stdin = stdin;
        self
    }

    /// The command's standard output; [`Stdio::piped`] for [`Running::take_stdout`]. The pipe's end comes when the last
    /// process of the sandbox has ended.
    #[must_use]
    pub fn stdout(mut self, stdout: Stdio) -> Self {
        self.stdout = stdout;
        self
    }

    /// The command's standard error.
    #[must_use]
    pub fn stderr(mut self, stderr: Stdio) -> Self {
        self.stderr = stderr;
        self
    }

    /// Makes the sandbox, begins to capture, then starts the command. Returns when the capture is running: nothing that
    /// the command sends is missed.
    ///
    /// # Errors
    /// [`SandboxError`]; the command has not run then.
    pub fn start(self) -> Result<Running, SandboxError> {
        if let Some(why) = UNSUPPORTED {
            return Err(SandboxError::Unsupported(why));
        }
        let (child, orders, listener) = self.spawn().map_err(SandboxError::Start)?;
        let mut running = Running { child, orders: Some(orders), listener, left: 0, not_run: None };
        match running.hear(None)? {
            Some(Word::Ready) => Ok(running),
            Some(Word::Refused(refused)) => Err(refused.into()),
            Some(Word::NoCapture(message)) => Err(SandboxError::Capture(message)),
            _ => Err(SandboxError::Died),
        }
    }

    fn spawn(self) -> io::Result<(Child, Orders, Listener)> {
        // A descriptor that is about to be inherited must not go to a process that another thread starts meanwhile:
        // the end of its pipe would not come.
        static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
        let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
        let (orders, control) = channel::orders()?;
        let (listener, report) = channel::report()?;
        let capture = Inherited::new(self.capture.into())?;
        let stage = StageArgs {
            stage: StageKind::Holder,
            control: control.number(),
            report: report.number(),
            capture: Some(capture.number()),
            pcap: self.pcap,
            most: self.most,
            in_place: self.in_place,
            topology: self.topology,
            listeners: self.listeners,
            beside: self.beside,
            hosts: HostArgs::default(),
        };
        let child = Command::new(&self.program)
            .arg0("wirelab")
            .arg(STAGE)
            .arg(stage.to_text())
            .args(&self.command)
            .stdin(self.stdin)
            .stdout(self.stdout)
            .stderr(self.stderr)
            .spawn()?;
        Ok((child, orders, listener))
    }
}

/// Whether this process is in a sandbox: its packets reach itself or the sandbox's other host, and nobody else.
#[must_use]
pub fn is_a_host() -> bool {
    #[cfg(all(target_os = "linux", feature = "live"))]
    return hosts::is_here();
    #[cfg(not(all(target_os = "linux", feature = "live")))]
    false
}

/// Whether this process is in a sandbox with one host, whose only interface is loopback (`lo`).
#[must_use]
pub fn has_loopback_only() -> bool {
    #[cfg(all(target_os = "linux", feature = "live"))]
    return hosts::is_alone();
    #[cfg(not(all(target_os = "linux", feature = "live")))]
    false
}

/// Why there is no sandbox here at all.
const UNSUPPORTED: Option<&str> = if cfg!(not(target_os = "linux")) {
    Some("a sandbox is made of Linux namespaces, which this system does not have")
} else if cfg!(not(feature = "live")) {
    Some("this wirelab was built without live capture")
} else {
    None
};

/// A command that runs in its sandbox. Dropping it ends the command and whatever it started.
#[derive(Debug)]
pub struct Running {
    child: Child,
    /// Closed to end everything.
    orders: Option<Orders>,
    listener: Listener,
    left: u32,
    not_run: Option<SandboxError>,
}

impl Running {
    /// The reading end of the command's standard output, where that is a pipe.
    pub fn take_stdout(&mut self) -> Option<ChildStdout> {
        self.child.stdout.take()
    }

    /// Sends the signal with this number to the command; nothing where it has ended.
    ///
    /// # Errors
    /// [`io::Error`] where it cannot be passed on.
    pub fn signal(&mut self, number: u8) -> io::Result<()> {
        match self.orders.as_mut().map_or(Ok(()), |orders| orders.write_all(&[number])) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            result => result,
        }
    }

    /// Ends the command and everything it started, at once. The capture is kept, and [`Running::wait`] gives its outcome.
    pub fn end(&mut self) {
        self.orders = None;
    }

    /// Waits no longer than `patience` for the end; `None` where the command still runs.
    ///
    /// # Errors
    /// [`SandboxError`]: the command could not be executed, or the sandbox died.
    pub fn wait_for(&mut self, patience: Duration) -> Result<Option<Outcome>, SandboxError> {
        self.outcome(Some(patience))
    }

    /// Waits for the end.
    ///
    /// # Errors
    /// As [`Running::wait_for`].
    pub fn wait(&mut self) -> Result<Outcome, SandboxError> {
        self.outcome(None)?.ok_or(SandboxError::Died)
    }

    fn outcome(&mut self, patience: Option<Duration>) -> Result<Option<Outcome>, SandboxError> {
        loop {
            match self.hear(patience)? {
                None => return Ok(None),
                Some(Word::LeftRunning(count)) => self.left = count,
                Some(Word::NotRun { status, message }) => {
                    self.not_run = Some(SandboxError::NotRun { status, message });
                }
                Some(Word::Ended(outcome)) => {
                    self.orders = None;
                    self.child.wait().map_err(SandboxError::Start)?;
                    return match self.not_run.take() {
                        Some(error) => Err(error),
                        None => Ok(Some(Outcome { left_running: self.left, ..outcome })),
                    };
                }
                Some(Word::NoCapture(message)) => return Err(SandboxError::Capture(message)),
                Some(Word::Ready | Word::Refused(_)) => return Err(SandboxError::Died),
            }
        }
    }

    /// The next word of the stages; `None` when `patience` is over.
    fn hear(&mut self, patience: Option<Duration>) -> Result<Option<Word>, SandboxError> {
        let heard = self.listener.next(patience);
        match heard {
            Ok(word) => Ok(word),
            Err(_) => {
                self.orders = None;
                self.child.wait().map_err(SandboxError::Start)?;
                Err(SandboxError::Died)
            }
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.orders = None;
        // With the control pipe closed it ends soon; waited for, so that nothing is left when this returns.
        let _ = self.child.wait();
    }
}

/// Where the program's arguments are those of a stage, plays it and gives its exit status; `None` where they are a
/// person's. Call it first in `main`, before any thread is started. `err` is standard error.
pub fn stage(mut args: impl Iterator<Item = OsString>, err: &mut dyn Write) -> Option<u8> {
    if args.nth(1)? != STAGE {
        return None;
    }
    let stage = args.next().and_then(|text| StageArgs::from_text(&text));
    let Some(stage) = stage else {
        let _ = writeln!(err, "error: {STAGE} is what wirelab calls itself by; it is no verb");
        return Some(2);
    };
    Some(play(&stage, args.collect()))
}

/// Lets Ctrl-C and the like pass this process by. By handlers, which end with the next program that is executed: blocked
/// or ignored signals would stay blocked or ignored there.
#[cfg(all(target_os = "linux", feature = "live"))]
fn be_deaf() -> io::Result<()> {
    use signal_hook::consts::{SIGINT, SIGQUIT, SIGTERM};
    for signal in [SIGINT, SIGTERM, SIGQUIT] {
        signal_hook::flag::register(signal, std::sync::Arc::default())?;
    }
    Ok(())
}

#[cfg(all(target_os = "linux", feature = "live"))]
fn play(stage: &StageArgs, command: Vec<OsString>) -> u8 {
    match stage.stage {
        StageKind::Holder => holder::run(stage, command),
        StageKind::Init => init::run(stage, &command),
        StageKind::Host => hosts::run(stage, &stage.hosts, &command),
    }
}

#[cfg(not(all(target_os = "linux", feature = "live")))]
fn play(_: &StageArgs, _: Vec<OsString>) -> u8 {
    2
}
