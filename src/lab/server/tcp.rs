//! The TCP server: a thread a connection, up to a limit.
//!
//! The client closes first: the server answers as long as it is asked and closes when it sees the client's
//! FIN. So the TIME-WAIT state (RFC 9293 §3.3.2) is the client's, and the server's port is free at once.

use std::io::{self, ErrorKind};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::fd::AsFd;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{self, Scope};
use std::time::Instant;

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use super::{MAX_FAILURES, Outlet, STACK, Shared};
use crate::lab::stream::{Got, Put, TimedStream};
use crate::lab::{Ending, Event, MAX_MESSAGE, Problem, Reply, TICK};

/// Accepts connections until the program stops.
pub(super) fn serve<'scope>(
    scope: &'scope Scope<'scope, '_>,
    listener: &TcpListener,
    shared: &'scope Shared<'_>,
    outlet: &Outlet,
) -> io::Result<()> {
    listener.set_nonblocking(true)?;
    let mut failures = 0;
    while !shared.stopped() {
        if !someone_waits(listener)? {
            continue;
        }
        match listener.accept() {
            Ok((stream, peer)) => {
                failures = 0;
                admit(scope, stream, peer, shared, outlet);
            }
            // The client was gone before it was its turn.
            Err(error)
                if matches!(
                    error.kind(),
                    ErrorKind::WouldBlock | ErrorKind::Interrupted | ErrorKind::ConnectionAborted
                ) => {}
            Err(error) => {
                failures += 1;
                if failures >= MAX_FAILURES {
                    return Err(error);
                }
                outlet.problem(None, Problem::io("accepting a connection failed")(error));
                // Out of descriptors, most likely: they come back as clients leave.
                thread::sleep(TICK);
            }
        }
    }
    Ok(())
}

/// Waits a tick for a connection.
fn someone_waits(listener: &TcpListener) -> io::Result<bool> {
    let mut waiting = [PollFd::new(listener.as_fd(), PollFlags::POLLIN)];
    let tick = PollTimeout::try_from(TICK).unwrap_or(PollTimeout::ZERO);
    match poll(&mut waiting, tick) {
        Ok(ready) => Ok(ready > 0),
        Err(Errno::EINTR) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// A place among the clients that may be connected at once, given back when dropped.
struct Place<'a>(&'a AtomicUsize);

impl<'a> Place<'a> {
    fn take(taken: &'a AtomicUsize, limit: usize) -> Option<Self> {
        // Only the accepting thread takes places, so nobody can take one in between.
        (taken.load(Ordering::Acquire) < limit).then(|| {
            taken.fetch_add(1, Ordering::AcqRel);
            Self(taken)
        })
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

/// Gives the connection a thread, or closes it at once where there is no place.
fn admit<'scope>(
    scope: &'scope Scope<'scope, '_>,
    stream: TcpStream,
    peer: SocketAddr,
    shared: &'scope Shared<'_>,
    outlet: &Outlet,
) {
    if let Err(refused) = shared.policy.check(peer.ip()) {
        outlet.problem(Some(peer), refused.into());
        return;
    }
    let Some(place) = Place::take(&shared.clients, shared.limits.clients) else {
        outlet.problem(Some(peer), Problem::TooManyClients { limit: shared.limits.clients });
        return;
    };
    let reporter = outlet.clone();
    let thread = thread::Builder::new().stack_size(STACK).spawn_scoped(scope, move || {
        let _place = place;
        attend(stream, peer, shared, &reporter);
    });
    if let Err(error) = thread {
        outlet.problem(Some(peer), Problem::io("no thread for the connection")(error));
    }
}

/// One connection from its first byte to its close.
fn attend(stream: TcpStream, peer: SocketAddr, shared: &Shared<'_>, outlet: &Outlet) {
    let local = stream.local_addr().unwrap_or(shared.local);
    outlet.tell(Event::Opened { local, peer });
    // The connection is closed when `talk` returns, before the close is told.
    let ending = talk(stream, peer, shared, outlet).unwrap_or_else(|problem| {
        outlet.problem(Some(peer), problem);
        Ending::ByUs
    });
    outlet.tell(Event::Closed { peer, ending });
}

fn talk(
    stream: TcpStream,
    peer: SocketAddr,
    shared: &Shared<'_>,
    outlet: &Outlet,
) -> Result<Ending, Problem> {
    let limits = shared.limits;
    let mut stream = TimedStream::new(stream, shared.stop).map_err(Problem::io("setting it up failed"))?;
    let mut conversation = shared.service.open(peer);
    let mut buffer = vec![0; MAX_MESSAGE];
    let begun = Instant::now();
    let mut received = 0;
    loop {
        let left = limits.talk.saturating_sub(begun.elapsed());
        let length = match stream.read(&mut buffer, limits.idle.min(left)) {
            Ok(Got::Bytes(length)) => length,
            Ok(Got::End) => return Ok(Ending::ByPeer),
            Ok(Got::Stopped) => return Ok(Ending::ByUs),
            Ok(Got::TimedOut) if left <= limits.idle => {
                return Err(Problem::TooLong { limit: limits.talk });
            }
            Ok(Got::TimedOut) => return Err(Problem::Idle { limit: limits.idle }),
            Err(error) => return ended_by(error, "receiving failed"),
        };
        let message = buffer.get(..length).unwrap_or_default();
        outlet.tell(Event::Received { peer, bytes: message.to_vec() });
        received += u64::try_from(length).unwrap_or(u64::MAX);
        if received > limits.received {
            return Err(Problem::TooMuch { limit: limits.received });
        }
        let Reply::Say(answer) = conversation.respond(message) else { continue };
        if answer.is_empty() {
            continue;
        }
        match stream.write(&answer, limits.write) {
            Ok(Put::Done) => outlet.tell(Event::Sent { peer, bytes: answer }),
            Ok(Put::Stopped) => return Ok(Ending::ByUs),
            Ok(Put::TimedOut) => return Err(Problem::NotTaken { limit: limits.write }),
            Err(error) => return ended_by(error, "sending failed"),
        }
    }
}

/// A reset is an ending like others; everything else is a problem.
fn ended_by(error: io::Error, what: &'static str) -> Result<Ending, Problem> {
    match error.kind() {
        ErrorKind::ConnectionReset | ErrorKind::BrokenPipe | ErrorKind::ConnectionAborted => {
            Ok(Ending::Reset)
        }
        _ => Err(Problem::io(what)(error)),
    }
}
