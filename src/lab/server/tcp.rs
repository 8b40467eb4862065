//! The TCP server: a thread a connection, up to a limit.
//!
//! The client closes first: the server answers as long as it is asked and closes when it sees the client's
//! FIN. So the TIME-WAIT state (RFC 9293 §3.3.2) is the client's, and the server's port is free at once.

use std::io::{self, ErrorKind};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{self, Scope};

use super::turns::{self, Rooms};
use super::{MAX_FAILURES, Outlet, Over, STACK, Shared, Talk};
use crate::lab::wait::is_readable;
use crate::lab::{Ending, Event, Fault, Logic, Problem, TICK};

/// What every connection of one server is served with.
#[derive(Clone, Copy)]
pub(super) struct House<'a> {
    pub(super) logic: &'a Logic,
    pub(super) rooms: &'a Rooms,
}

/// Accepts connections until the program stops.
pub(super) fn serve<'scope>(
    scope: &'scope Scope<'scope, '_>,
    listener: &TcpListener,
    house: House<'scope>,
    shared: &'scope Shared<'_>,
    outlet: &Outlet,
) -> io::Result<()> {
    listener.set_nonblocking(true)?;
    let mut failures = 0;
    while !shared.stopped() {
        if !is_readable(listener, TICK)? {
            continue;
        }
        match listener.accept() {
            Ok((stream, peer)) => {
                failures = 0;
                admit(scope, stream, peer, house, shared, outlet);
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
    house: House<'scope>,
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
        attend(stream, peer, house, shared, &reporter);
    });
    if let Err(error) = thread {
        outlet.problem(Some(peer), Problem::io("no thread for the connection")(error));
    }
}

/// One connection from its first byte to its close.
fn attend(stream: TcpStream, peer: SocketAddr, house: House<'_>, shared: &Shared<'_>, outlet: &Outlet) {
    let local = stream.local_addr().unwrap_or(shared.local);
    outlet.tell(Event::Opened { local, peer });
    // The connection is closed when `serve_one` returns, before the close is told.
    let ending = match serve_one(stream, peer, house, shared, outlet) {
        Ok(()) => Ending::ByUs,
        Err(Over::Ended(ending)) => ending,
        Err(Over::Failed(problem)) => {
            outlet.problem(Some(peer), problem);
            Ending::ByUs
        }
    };
    outlet.tell(Event::Closed { peer, ending });
}

fn serve_one(
    stream: TcpStream,
    peer: SocketAddr,
    house: House<'_>,
    shared: &Shared<'_>,
    outlet: &Outlet,
) -> Result<(), Over> {
    let mut talk = Talk::new(stream, peer, shared, outlet)?;
    let ended = match house.logic {
        Logic::Messages(service) => turns::take(&**service, house.rooms, &mut talk),
        Logic::Stream(service) => service.attend(&mut talk),
    };
    if shared.how.fault == Some(Fault::NoFin) {
        match ended {
            Ok(()) => talk.stay_open(false),
            Err(Over::Ended(Ending::ByPeer)) => talk.stay_open(true),
            Err(_) => {}
        }
    }
    ended
}
