//! A TCP connection whose every wait has an end: a time limit, and the flag that stops the program.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::os::fd::AsRawFd;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::sys::socket::{MsgFlags, send};

use super::TICK;
use super::fault::reset_at_close;
use super::wait::is_gone;

/// What came of waiting for bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Got {
    /// So many bytes are in the buffer, at least one.
    Bytes(usize),
    /// The other side has closed.
    End,
    /// The time is up.
    TimedOut,
    /// The program was asked to stop.
    Stopped,
}

/// What came of sending bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Put {
    /// All went out.
    Done,
    /// The other side did not take them in time.
    TimedOut,
    /// The program was asked to stop.
    Stopped,
}

/// A connection and the stop flag it watches.
pub(super) struct TimedStream<'a> {
    stream: TcpStream,
    stop: &'a AtomicBool,
}

impl<'a> TimedStream<'a> {
    pub(super) fn new(stream: TcpStream, stop: &'a AtomicBool) -> io::Result<Self> {
        // Some systems hand the listener's non-blocking mode on to what it accepts.
        stream.set_nonblocking(false)?;
        // One send is one message: Nagle's algorithm would join two (RFC 9293 §3.7.4).
        stream.set_nodelay(true)?;
        stream.set_write_timeout(Some(TICK))?;
        Ok(Self { stream, stop })
    }

    /// What one receive returns, waiting for it no longer than `within`.
    pub(super) fn read(&mut self, buffer: &mut [u8], within: Duration) -> io::Result<Got> {
        let end = Instant::now() + within;
        loop {
            if self.stop.load(Ordering::Relaxed) {
                return Ok(Got::Stopped);
            }
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(Got::TimedOut);
            }
            self.stream.set_read_timeout(Some(left.min(TICK)))?;
            match self.stream.read(buffer) {
                Ok(0) => return Ok(Got::End),
                Ok(length) => return Ok(Got::Bytes(length)),
                Err(error) if only_waited(&error) => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Sends the whole message, waiting no longer than `within` for the other side to take it.
    pub(super) fn write(&mut self, message: &[u8], within: Duration) -> io::Result<Put> {
        let end = Instant::now() + within;
        let mut rest = message;
        while !rest.is_empty() {
            match self.stream.write(rest) {
                Ok(length) => rest = rest.get(length..).unwrap_or_default(),
                Err(error) if only_waited(&error) => {}
                Err(error) => return Err(error),
            }
            if rest.is_empty() {
                break;
            }
            if self.stop.load(Ordering::Relaxed) {
                return Ok(Put::Stopped);
            }
            if Instant::now() >= end {
                return Ok(Put::TimedOut);
            }
        }
        Ok(Put::Done)
    }

    /// Does nothing for a while, or until the program is asked to stop.
    pub(super) fn pause(&self, time: Duration) {
        let end = Instant::now() + time;
        while !self.stop.load(Ordering::Relaxed) {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            thread::sleep(left.min(TICK));
        }
    }

    /// Whether the connection is no more, on both sides.
    pub(super) fn is_gone(&self) -> bool {
        is_gone(&self.stream)
    }

    /// Makes its close a reset.
    pub(super) fn reset_at_close(&self) -> io::Result<()> {
        reset_at_close(&self.stream)
    }

    /// Another handle to the same connection.
    pub(super) fn second_handle(&self) -> io::Result<TcpStream> {
        self.stream.try_clone()
    }

    /// Says that nothing more will be sent (FIN), and still listens.
    pub(super) fn half_close(&self) -> io::Result<()> {
        self.stream.shutdown(Shutdown::Write)
    }
}

/// Sends the whole message where the connection takes it at once, without any waiting; false where it does not.
pub(super) fn write_at_once(stream: &TcpStream, message: &[u8]) -> io::Result<bool> {
    match send(stream.as_raw_fd(), message, MsgFlags::MSG_DONTWAIT) {
        Ok(length) => Ok(length == message.len()),
        Err(Errno::EAGAIN | Errno::EINTR) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// The socket's own time-out, or a signal: neither says anything about the connection. (`TimedOut` does:
/// TCP gave up on its retransmissions.)
pub(super) fn only_waited(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted)
}
