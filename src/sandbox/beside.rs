//! A server beside the command: on addresses of its own, there before the command, and ended with it.

use std::ffi::OsString;
use std::fs::File;
use std::io::Read;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::os::fd::AsFd;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use super::ends::split;
use super::init;
use super::netlink::{LOOPBACK, Netlink};

/// The exit status of a command that was not started since its server was not.
const NO_SERVER: u8 = 2;

/// How long the kernel may take with an IPv6 address: it makes the route to it in its own time.
const PATIENCE: Duration = Duration::from_secs(10);

/// How often is looked whether it has.
const LOOK: Duration = Duration::from_millis(1);

/// Gives the loopback interface these addresses.
pub(super) fn settle(addresses: &[IpAddr]) -> Result<(), Errno> {
    if addresses.is_empty() {
        return Ok(());
    }
    let mut netlink = Netlink::open()?;
    let mut given = Vec::new();
    for address in addresses {
        match netlink.address(LOOPBACK, *address, if address.is_ipv4() { 32 } else { 128 }) {
            Ok(()) => given.push(*address),
            // One that it has already.
            Err(Errno::EEXIST) => {}
            // A kernel without IPv6.
            Err(Errno::EAFNOSUPPORT | Errno::EOPNOTSUPP | Errno::EACCES) if address.is_ipv6() => {}
            Err(error) => return Err(error),
        }
    }
    let since = Instant::now();
    for address in given {
        let source: IpAddr =
            if address.is_ipv4() { Ipv4Addr::LOCALHOST.into() } else { Ipv6Addr::LOCALHOST.into() };
        loop {
            match netlink.ask_from(address, source) {
                Err(Errno::ESRCH) if since.elapsed() < PATIENCE => std::thread::sleep(LOOK),
                result => break result?,
            }
        }
    }
    Ok(())
}

/// A server that is running.
#[derive(Debug)]
pub(super) struct Server(Child);

impl Server {
    /// Starts it and waits until it is ready; `None` where all was ended from outside meanwhile.
    pub(super) fn start(command: &[OsString], control: &File) -> Result<Option<Self>, (u8, String)> {
        let (program, args) = split(command);
        // In a process group of its own: Ctrl-C of the terminal is the command's.
        let started = Command::new(program)
            .args(args)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .process_group(0)
            .spawn();
        let mut child = started.map_err(|error| (NO_SERVER, init::refusal(program, &error).1))?;
        let Some(mut said) = child.stdout.take() else { return Ok(Some(Self(child))) };
        let mut fds =
            [PollFd::new(said.as_fd(), PollFlags::POLLIN), PollFd::new(control.as_fd(), PollFlags::empty())];
        while matches!(poll(&mut fds, PollTimeout::NONE), Err(Errno::EINTR)) {}
        let [of_server, of_control] = fds.map(|fd| fd.any().unwrap_or(false));
        if of_control {
            Self(child).end();
            return Ok(None);
        }
        let mut word = [0];
        if of_server && matches!(said.read(&mut word), Ok(1..)) {
            // Nobody reads what it writes from now on; with the pipe closed, writing would be an error.
            child.stdout = Some(said);
            return Ok(Some(Self(child)));
        }
        Self(child).end();
        Err((NO_SERVER, "the servers that were to run beside the command did not start".to_owned()))
    }

    /// Ends it.
    pub(super) fn end(mut self) {
        // It may have ended before, and have been reaped with the orphans.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
