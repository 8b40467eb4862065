//! A connection that this side opens: a client's, or that of a server that asks another. Every wait has an end, every
//! line and head a longest length.

use std::io::{self, ErrorKind};
use std::net::{IpAddr, SocketAddr, TcpStream};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::socket::{
    AddressFamily, SockFlag, SockType, SockaddrStorage, bind, connect, getsockopt, socket, sockopt,
};

use super::client::Outcome;
use super::stream::{Got, Put, TimedStream};
use super::{LabError, MAX_MESSAGE, NotLocal, Policy, TICK};

/// Longest wait for the other side to close after this side has: who stays open keeps nobody.
const FAREWELL: Duration = Duration::from_secs(1);

/// Why a connection is of no more use.
#[derive(Debug, thiserror::Error)]
pub(super) enum Broken {
    #[error(transparent)]
    NotLocal(#[from] NotLocal),
    #[error("nothing listens there")]
    Refused,
    #[error("the connection was not accepted in time")]
    NoConnection,
    #[error("the connection was closed before the end")]
    Closed,
    #[error("the connection was reset")]
    Reset,
    #[error("no answer came in time")]
    Silent,
    #[error("the program was stopped")]
    Stopped,
    #[error("{0}")]
    Malformed(&'static str),
    #[error("{0}")]
    Io(io::Error),
}

impl From<io::Error> for Broken {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            ErrorKind::ConnectionRefused => Self::Refused,
            ErrorKind::ConnectionReset | ErrorKind::BrokenPipe | ErrorKind::ConnectionAborted => Self::Reset,
            _ => Self::Io(error),
        }
    }
}

/// Why a client ends before all is said.
#[derive(Debug)]
pub(super) enum Fault {
    Link(Broken),
    Lab(LabError),
}

impl From<Broken> for Fault {
    fn from(broken: Broken) -> Self {
        Self::Link(broken)
    }
}

impl From<LabError> for Fault {
    fn from(error: LabError) -> Self {
        Self::Lab(error)
    }
}

/// How a client ended, as its caller wants it.
pub(super) fn outcome(
    ended: Result<(), Fault>,
    server: SocketAddr,
    within: Duration,
) -> Result<Outcome, LabError> {
    let broken = match ended {
        Ok(()) => return Ok(Outcome::Done),
        Err(Fault::Lab(error)) => return Err(error),
        Err(Fault::Link(broken)) => broken,
    };
    Err(match broken {
        Broken::Stopped => return Ok(Outcome::Stopped),
        Broken::NotLocal(refused) => refused.into(),
        Broken::Refused => LabError::Refused(server),
        Broken::NoConnection => LabError::NoConnection { server, within },
        Broken::Silent => LabError::NoReply { server, within },
        Broken::Closed => LabError::Hung { server, reset: false },
        Broken::Reset => LabError::Hung { server, reset: true },
        Broken::Malformed(what) => LabError::Malformed { server, what },
        Broken::Io(error) => LabError::io("the connection failed to", server)(error),
    })
}

/// The connection, with what was received and not yet used.
pub(super) struct Link<'a> {
    stream: TimedStream<'a>,
    local: SocketAddr,
    peer: SocketAddr,
    unread: Vec<u8>,
    buffer: Vec<u8>,
}

impl<'a> Link<'a> {
    /// Connects to `peer`, from the address `from` where it is given, any port.
    pub(super) fn open(
        peer: SocketAddr,
        from: Option<IpAddr>,
        within: Duration,
        policy: Policy,
        stop: &'a AtomicBool,
    ) -> Result<Self, Broken> {
        policy.check(peer.ip())?;
        let stream = connected(peer, from, Instant::now() + within, stop)?;
        let local = stream.local_addr()?;
        // Where nobody listens, the system can give this socket the other side's own port, and a simultaneous open
        // (RFC 9293 §3.5) connects it to itself.
        if local == peer {
            return Err(Broken::Refused);
        }
        let stream = TimedStream::new(stream, stop)?;
        Ok(Self { stream, local, peer, unread: Vec::new(), buffer: vec![0; MAX_MESSAGE] })
    }

    pub(super) fn local(&self) -> SocketAddr {
        self.local
    }

    pub(super) fn peer(&self) -> SocketAddr {
        self.peer
    }

    pub(super) fn send(&mut self, bytes: &[u8], until: Instant) -> Result<(), Broken> {
        match self.stream.write(bytes, until.saturating_duration_since(Instant::now()))? {
            Put::Done => Ok(()),
            Put::Stopped => Err(Broken::Stopped),
            Put::TimedOut => Err(Broken::Silent),
        }
    }

    /// Receives once; false where the other side has closed.
    fn receive(&mut self, until: Instant) -> Result<bool, Broken> {
        match self.stream.read(&mut self.buffer, until.saturating_duration_since(Instant::now()))? {
            Got::Bytes(length) => {
                self.unread.extend_from_slice(self.buffer.get(..length).unwrap_or_default());
                Ok(true)
            }
            Got::End => Ok(false),
            Got::TimedOut => Err(Broken::Silent),
            Got::Stopped => Err(Broken::Stopped),
        }
    }

    /// What came, at most `most` bytes, or `None` at the end.
    pub(super) fn piece(&mut self, most: usize, until: Instant) -> Result<Option<Vec<u8>>, Broken> {
        if self.unread.is_empty() && !self.receive(until)? {
            return Ok(None);
        }
        let taken = self.unread.len().min(most);
        Ok(Some(self.unread.drain(..taken).collect()))
    }

    /// The next line with its end, LF.
    pub(super) fn line(&mut self, limit: usize, until: Instant) -> Result<Vec<u8>, Broken> {
        let mut looked = 0;
        loop {
            let fresh = self.unread.get(looked..).unwrap_or_default();
            if let Some(at) = fresh.iter().position(|byte| *byte == b'\n') {
                let length = looked + at + 1;
                if length > limit {
                    return Err(Broken::Malformed("a line is too long"));
                }
                return Ok(self.unread.drain(..length).collect());
            }
            looked = self.unread.len();
            if looked > limit {
                return Err(Broken::Malformed("a line is too long"));
            }
            if !self.receive(until)? {
                return Err(Broken::Closed);
            }
        }
    }

    /// Closes, and waits a little for the other side to do the same, so that a capture ends with an orderly teardown.
    pub(super) fn farewell(&mut self) {
        let end = Instant::now() + FAREWELL;
        // That the other side has closed or reset already is no failure: everything is said.
        if self.stream.half_close().is_ok() {
            while matches!(self.receive(end), Ok(true)) {
                self.unread.clear();
            }
        }
    }
}

/// Like [`TcpStream::connect_timeout`], from this address of the machine.
pub(crate) fn connect_from(from: IpAddr, peer: SocketAddr, within: Duration) -> io::Result<TcpStream> {
    let stop = AtomicBool::new(false);
    let stream =
        connected(peer, Some(from), Instant::now() + within, &stop).map_err(|broken| match broken {
            Broken::Io(error) => error,
            Broken::Refused => ErrorKind::ConnectionRefused.into(),
            Broken::Reset => ErrorKind::ConnectionReset.into(),
            other => io::Error::new(ErrorKind::TimedOut, other),
        })?;
    stream.set_nonblocking(false)?;
    Ok(stream)
}

/// The socket is made by hand where it needs an address of its own before it connects, and so that a stop is noticed.
fn connected(
    peer: SocketAddr,
    from: Option<IpAddr>,
    until: Instant,
    stop: &AtomicBool,
) -> Result<TcpStream, Broken> {
    let family = if peer.is_ipv4() { AddressFamily::Inet } else { AddressFamily::Inet6 };
    let socket = socket(family, SockType::Stream, SockFlag::empty(), None).map_err(io::Error::from)?;
    let flags = fcntl(&socket, FcntlArg::F_GETFD).map_err(io::Error::from)?;
    let flags = nix::fcntl::FdFlag::from_bits_truncate(flags) | nix::fcntl::FdFlag::FD_CLOEXEC;
    fcntl(&socket, FcntlArg::F_SETFD(flags)).map_err(io::Error::from)?;
    let flags = OFlag::from_bits_truncate(fcntl(&socket, FcntlArg::F_GETFL).map_err(io::Error::from)?);
    fcntl(&socket, FcntlArg::F_SETFL(flags | OFlag::O_NONBLOCK)).map_err(io::Error::from)?;
    if let Some(from) = from.filter(|from| from.is_ipv4() == peer.is_ipv4()) {
        let from = SockaddrStorage::from(SocketAddr::new(from, 0));
        bind(socket.as_raw_fd(), &from).map_err(io::Error::from)?;
    }
    match connect(socket.as_raw_fd(), &SockaddrStorage::from(peer)) {
        Ok(()) => {}
        Err(Errno::EINPROGRESS) => accepted(&socket, until, stop)?,
        Err(error) => return Err(io::Error::from(error).into()),
    }
    Ok(TcpStream::from(socket))
}

fn accepted(socket: &OwnedFd, until: Instant, stop: &AtomicBool) -> Result<(), Broken> {
    loop {
        if stop.load(Ordering::Relaxed) {
            return Err(Broken::Stopped);
        }
        let left = until.saturating_duration_since(Instant::now()).min(TICK);
        if left.is_zero() {
            return Err(Broken::NoConnection);
        }
        let mut waiting = [PollFd::new(socket.as_fd(), PollFlags::POLLOUT)];
        match poll(&mut waiting, PollTimeout::try_from(left).unwrap_or(PollTimeout::ZERO)) {
            Ok(0) | Err(Errno::EINTR) => {}
            Ok(_) => break,
            Err(error) => return Err(io::Error::from(error).into()),
        }
    }
    match getsockopt(socket, sockopt::SocketError).map_err(io::Error::from)? {
        0 => Ok(()),
        code => match io::Error::from_raw_os_error(code) {
            error if error.kind() == ErrorKind::TimedOut => Err(Broken::NoConnection),
            error => Err(error.into()),
        },
    }
}
