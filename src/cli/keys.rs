//! Single keys from the terminal, for `replay --step`.

use std::io;
use std::os::fd::AsFd;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::termios::{LocalFlags, SetArg, Termios, tcgetattr, tcsetattr};
use nix::unistd::read;

use crate::source::Interrupt;

/// The keyboard, a key at a time and not shown. The terminal is put back when this is dropped.
pub(super) struct Keys {
    before: Termios,
}

impl Keys {
    /// Takes over the terminal that standard input is.
    ///
    /// # Errors
    /// [`io::Error`] where standard input is no terminal.
    pub(super) fn open() -> io::Result<Self> {
        let before = tcgetattr(io::stdin())?;
        let mut settings = before.clone();
        // Keys come at once and are not echoed; Ctrl-C stays a signal.
        settings.local_flags.remove(LocalFlags::ICANON | LocalFlags::ECHO);
        tcsetattr(io::stdin(), SetArg::TCSANOW, &settings)?;
        Ok(Self { before })
    }

    /// Waits for a key; false for q, Ctrl-C, or the end of input.
    ///
    /// # Errors
    /// [`io::Error`] of the terminal.
    pub(super) fn next(&mut self, interrupt: &Interrupt) -> io::Result<bool> {
        let stdin = io::stdin();
        loop {
            if interrupt.is_set() {
                return Ok(false);
            }
            let mut descriptors = [PollFd::new(stdin.as_fd(), PollFlags::POLLIN)];
            match poll(&mut descriptors, PollTimeout::from(50_u8)) {
                Ok(0) | Err(nix::Error::EINTR) => continue,
                Ok(_) => {}
                Err(error) => return Err(error.into()),
            }
            let mut key = [0_u8];
            match read(stdin.as_fd(), &mut key) {
                Ok(0) => return Ok(false),
                Ok(_) => {
                    if key == [ESCAPE] {
                        swallow(&stdin)?;
                    }
                    return Ok(!matches!(key, [b'q' | b'Q']));
                }
                Err(nix::Error::EINTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
}

/// What an arrow or function key begins with.
const ESCAPE: u8 = 0x1b;

/// Takes in the rest of what one key sent, which has come with its first byte.
fn swallow(stdin: &io::Stdin) -> io::Result<()> {
    let mut descriptors = [PollFd::new(stdin.as_fd(), PollFlags::POLLIN)];
    if matches!(poll(&mut descriptors, PollTimeout::ZERO), Ok(1..)) {
        // The longest sequences, of function keys with modifiers, have eight bytes.
        read(stdin.as_fd(), &mut [0_u8; 8])?;
    }
    Ok(())
}

impl Drop for Keys {
    fn drop(&mut self) {
        // Nothing more can be done where this fails: the terminal is gone.
        let _ = tcsetattr(io::stdin(), SetArg::TCSANOW, &self.before);
    }
}
