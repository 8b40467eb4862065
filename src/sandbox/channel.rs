//! What the processes of a sandbox say to each other: arguments on the way down, words on the way up.
//!
//! A stage finds its pipes by their numbers, which it is told, and opens them anew through `/proc/self/fd`: that makes
//! owned, close-on-exec descriptors without unsafe code.

use std::ffi::{OsStr, OsString};
use std::io::{self, Read, Write};
use std::net::IpAddr;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::time::Duration;

use nix::fcntl::{FcntlArg, FdFlag, fcntl};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use serde::{Deserialize, Serialize};

use super::refused::Refused;

/// Longest line that a stage may say, in bytes: up to this a write to a pipe is not mixed with others (`PIPE_BUF`).
const MAX_WORD: usize = 4096;

/// Which stage the program plays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum StageKind {
    /// Makes the namespaces and captures.
    Holder,
    /// Process 1 of the pid namespace.
    Init,
    /// One of two hosts, which becomes its command.
    Host,
}

/// What a host is told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct HostArgs {
    /// Which host it is; neither where it is the hop.
    pub(super) side: Option<Side>,
    /// Descriptor of the server's network namespace, where that is not the holder's.
    pub(super) server: Option<i32>,
    /// Descriptor of the client's.
    pub(super) client: Option<i32>,
}

/// One of two hosts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Side {
    /// The server's: 10.0.0.1 and fd00::1, `server`.
    Server,
    /// The client's: 10.0.0.2 and fd00::2, `client`.
    Client,
}

/// Which hosts there are. The server's command is the sandbox's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Topology {
    /// One, with its loopback interface.
    Alone,
    /// Two that a cable joins.
    TwoHosts {
        /// The client's command.
        client: Vec<OsString>,
        /// What the server's host says to itself is captured, too.
        within: bool,
    },
    /// Two, and between them a program that passes frames on.
    Hop {
        /// The client's command.
        client: Vec<OsString>,
        /// That program.
        forwarder: Vec<OsString>,
        /// On whose side of the hop is captured.
        capture: Side,
    },
}

/// A server beside the command, in the same sandbox.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Beside {
    /// Its command; empty where there is none.
    pub(super) command: Vec<OsString>,
    /// What the loopback interface has beside its own addresses.
    pub(super) addresses: Vec<IpAddr>,
}

/// What a stage is told by its arguments.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StageArgs {
    pub(super) stage: StageKind,
    /// Descriptor that signals for the command are read from; its end ends the command.
    pub(super) control: i32,
    /// Descriptor that words are written to.
    pub(super) report: i32,
    /// Descriptor of the capture file, for the holder.
    pub(super) capture: Option<i32>,
    /// The capture is pcap, not pcapng.
    pub(super) pcap: bool,
    /// Most bytes of packets that are kept.
    pub(super) most: Option<u64>,
    /// Without namespaces.
    pub(super) in_place: bool,
    pub(super) topology: Topology,
    /// How many sockets listen on the server's host before the client starts.
    pub(super) listeners: usize,
    pub(super) beside: Beside,
    /// Where the hosts of the topology are.
    pub(super) hosts: HostArgs,
}

impl StageArgs {
    /// As one argument of a command line.
    pub(super) fn to_text(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Reads that argument.
    pub(super) fn from_text(text: &OsStr) -> Option<Self> {
        serde_json::from_str(text.to_str()?).ok()
    }
}

/// How a command ended, and what became of its packets.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// The command's exit status; 128 and the signal's number where a signal ended it.
    pub status: u8,
    /// Processes that the command left running, which were ended.
    pub left_running: u32,
    /// Packets in the capture.
    pub packets: u64,
    /// Packets that are missing because the kernel's buffer was full.
    pub lost: u64,
    /// Packets beyond [`super::Plan::at_most`].
    pub not_kept: u64,
    /// Why packets are missing for another reason: the file could not be written, or the capture failed.
    pub trouble: Option<String>,
}

/// What a stage says, a line each.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Word {
    /// The capture is running and the command about to start.
    Ready,
    /// The system forbids a step.
    Refused(Refused),
    /// The capture cannot begin.
    NoCapture(String),
    /// The command cannot be executed.
    NotRun {
        /// 126 or 127.
        status: u8,
        /// Why.
        message: String,
    },
    /// The command ended before so many others of its processes.
    LeftRunning(u32),
    /// All ended, and the capture is complete.
    Ended(Outcome),
}

/// A descriptor that the next process that is started inherits; closed here when dropped.
#[derive(Debug)]
pub(super) struct Inherited(OwnedFd);

impl Inherited {
    /// Lets it be inherited.
    pub(super) fn new(fd: OwnedFd) -> io::Result<Self> {
        fcntl(&fd, FcntlArg::F_SETFD(FdFlag::empty()))?;
        Ok(Self(fd))
    }

    /// Its number there, which is its number here.
    pub(super) fn number(&self) -> i32 {
        self.0.as_raw_fd()
    }
}

/// The writing end of the control pipe.
#[derive(Debug)]
pub(super) struct Orders(io::PipeWriter);

impl Write for Orders {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// A control pipe: the end to keep and the end to inherit.
pub(super) fn orders() -> io::Result<(Orders, Inherited)> {
    let (read, write) = io::pipe()?;
    Ok((Orders(write), Inherited::new(read.into())?))
}

/// A report pipe: the end to keep and the end to inherit.
pub(super) fn report() -> io::Result<(Listener, Inherited)> {
    let (read, write) = io::pipe()?;
    Ok((Listener { pipe: read, waiting: Vec::new() }, Inherited::new(write.into())?))
}

/// The reading end of the report pipe.
#[derive(Debug)]
pub(super) struct Listener {
    pipe: io::PipeReader,
    /// Bytes of words that are not read yet, and of one that is not whole; at most twice [`MAX_WORD`].
    waiting: Vec<u8>,
}

impl Listener {
    /// The next word, or `None` when `patience` is over; without patience it waits for ever.
    ///
    /// # Errors
    /// The stages closed the pipe, or said what is no word.
    pub(super) fn next(&mut self, patience: Option<Duration>) -> io::Result<Option<Word>> {
        loop {
            if let Some(end) = self.waiting.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.waiting.drain(..=end).collect();
                return Ok(Some(serde_json::from_slice(&line)?));
            }
            if self.waiting.len() > MAX_WORD {
                return Err(io::ErrorKind::InvalidData.into());
            }
            let timeout = match patience {
                Some(patience) => PollTimeout::try_from(patience).unwrap_or(PollTimeout::MAX),
                None => PollTimeout::NONE,
            };
            match poll(&mut [PollFd::new(self.pipe.as_fd(), PollFlags::POLLIN)], timeout) {
                Err(nix::errno::Errno::EINTR) if patience.is_none() => continue,
                Ok(0) | Err(nix::errno::Errno::EINTR) => return Ok(None),
                Ok(_) => {}
                Err(error) => return Err(error.into()),
            }
            let mut more = [0; MAX_WORD];
            match self.pipe.read(&mut more)? {
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                read => self.waiting.extend(more.iter().take(read)),
            }
        }
    }
}
