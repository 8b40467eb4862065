//! Waiting for a socket no longer than asked, to the millisecond: a socket's own time-out is as coarse as the kernel's clock tick.

use std::io;
use std::os::fd::AsFd;
use std::time::Duration;

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

/// Whether there is something to read (or to accept, or an error to hear), waiting for it as long as `within`, rounded
/// up to a millisecond. A signal ends the wait early.
pub(super) fn is_readable(socket: &impl AsFd, within: Duration) -> io::Result<bool> {
    let mut waiting = [PollFd::new(socket.as_fd(), PollFlags::POLLIN)];
    let millis = within.as_nanos().div_ceil(1_000_000);
    let limit = u16::try_from(millis).map_or(PollTimeout::from(u16::MAX), PollTimeout::from);
    match poll(&mut waiting, limit) {
        Ok(ready) => Ok(ready > 0),
        Err(Errno::EINTR) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Whether the connection is broken for good: both sides have closed, or one has reset.
pub(super) fn is_gone(socket: &impl AsFd) -> bool {
    let mut asked = [PollFd::new(socket.as_fd(), PollFlags::empty())];
    matches!(poll(&mut asked, PollTimeout::ZERO), Ok(ready) if ready > 0)
}
