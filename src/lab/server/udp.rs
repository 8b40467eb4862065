//! The UDP server: one socket, one datagram after another; clients need no place, since nothing of them is
//! kept but answers that are sent late on purpose.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::{MAX_FAILURES, Outlet, Shared};
use crate::lab::stream::only_waited;
use crate::lab::{Action, Event, MAX_MESSAGE, Problem, Service, TICK};

/// Most answers that wait for their time. A ping lab has one or two a client; a flood of pings loses the rest, as it
/// would on a busy server.
const MAX_LATE: usize = 4_096;

/// Answers datagrams until the program stops.
pub(super) fn serve(
    socket: &UdpSocket,
    service: &dyn Service,
    shared: &Shared<'_>,
    outlet: &Outlet,
) -> io::Result<()> {
    socket.set_write_timeout(Some(shared.limits.write))?;
    let mut desk = Desk { socket, shared, outlet, late: BinaryHeap::new(), number: 0 };
    let mut buffer = vec![0; MAX_MESSAGE];
    let mut failures = 0;
    while !shared.stopped() {
        socket.set_read_timeout(Some(desk.send_what_is_due()))?;
        match socket.recv_from(&mut buffer) {
            Ok((length, peer)) => {
                failures = 0;
                let message = buffer.get(..length).unwrap_or_default();
                outlet.tell(Event::Received { peer, bytes: message.to_vec() });
                if let Err(problem) = desk.answer(service, peer, message) {
                    outlet.problem(Some(peer), problem);
                }
            }
            Err(error) if only_waited(&error) => {}
            Err(error) => {
                failures += 1;
                if failures >= MAX_FAILURES {
                    return Err(error);
                }
                // Some systems report an earlier answer's ICMP error here; the next datagram is unharmed.
                outlet.problem(None, Problem::io("receiving failed")(error));
            }
        }
    }
    Ok(())
}

/// An answer that waits. Ordered so that the heap's greatest is the one that is due first.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Late {
    due: Reverse<Instant>,
    /// Of two that are due at once, the first goes first.
    number: Reverse<u64>,
    to: SocketAddr,
    bytes: Vec<u8>,
}

/// The server's one socket and what is still to be sent.
struct Desk<'a> {
    socket: &'a UdpSocket,
    shared: &'a Shared<'a>,
    outlet: &'a Outlet,
    late: BinaryHeap<Late>,
    number: u64,
}

impl Desk<'_> {
    /// Sends the answers whose time has come, and says how long may be waited for the next datagram: at least a
    /// millisecond, at most a [`TICK`].
    fn send_what_is_due(&mut self) -> Duration {
        loop {
            let now = Instant::now();
            match self.late.peek() {
                Some(late) if late.due.0 <= now => {}
                Some(late) => {
                    return (late.due.0 - now).clamp(Duration::from_millis(1), TICK);
                }
                None => return TICK,
            }
            let Some(Late { to, bytes, .. }) = self.late.pop() else { return TICK };
            if let Err(problem) = self.send(to, bytes) {
                self.outlet.problem(Some(to), problem);
            }
        }
    }

    fn answer(&mut self, service: &dyn Service, peer: SocketAddr, message: &[u8]) -> Result<(), Problem> {
        self.shared.policy.check(peer.ip())?;
        if is_ourselves(peer, self.shared.local) {
            return Err(Problem::OwnAddress);
        }
        for action in service.open(peer).respond(message) {
            match action {
                Action::Say(bytes) => self.send(peer, bytes)?,
                Action::SayTo(to, bytes) => {
                    if let Err(problem) = self.send(to, bytes) {
                        self.outlet.problem(Some(to), problem);
                    }
                }
                Action::SayLater(after, bytes) => self.put_off(after, peer, bytes),
                Action::Forward { to, bytes, sent, failed } => match self.pass_on(to, bytes) {
                    Ok(()) => self.send(peer, sent)?,
                    Err(problem) => {
                        self.outlet.problem(Some(to), problem);
                        self.send(peer, failed)?;
                    }
                },
                Action::Note(note) => self.outlet.tell(Event::Noted { peer: Some(peer), note }),
                Action::Stop => self.shared.stop.store(true, Ordering::Relaxed),
                // There is no connection to close.
                Action::Close => {}
            }
        }
        Ok(())
    }

    fn put_off(&mut self, after: Duration, to: SocketAddr, bytes: Vec<u8>) {
        if self.late.len() >= MAX_LATE {
            self.outlet.problem(Some(to), Problem::TooManyLate { limit: MAX_LATE });
            return;
        }
        self.number += 1;
        self.late.push(Late {
            due: Reverse(Instant::now() + after),
            number: Reverse(self.number),
            to,
            bytes,
        });
    }

    /// Sends what somebody asked for: never to this server, which would take it for a request.
    fn pass_on(&self, to: SocketAddr, bytes: Vec<u8>) -> Result<(), Problem> {
        if is_ourselves(to, self.shared.local) {
            return Err(Problem::OwnAddress);
        }
        self.send(to, bytes)
    }

    fn send(&self, to: SocketAddr, bytes: Vec<u8>) -> Result<(), Problem> {
        self.shared.policy.check(to.ip())?;
        self.socket.send_to(&bytes, to).map_err(Problem::io("sending failed"))?;
        self.outlet.tell(Event::Sent { peer: to, bytes });
        Ok(())
    }
}

/// Whether a datagram's source is this very socket: anyone can write that into a datagram, and the answer
/// would be the next question.
fn is_ourselves(peer: SocketAddr, local: SocketAddr) -> bool {
    let (peer_ip, local_ip) = (peer.ip().to_canonical(), local.ip().to_canonical());
    peer.port() == local.port()
        && (peer_ip == local_ip || (local_ip.is_unspecified() && peer_ip.is_loopback()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_datagram_from_our_own_address_is_known() {
        for (peer, local, same) in [
            ("127.0.0.1:12000", "127.0.0.1:12000", true),
            ("127.0.0.1:12000", "0.0.0.0:12000", true),
            ("[::ffff:127.0.0.1]:12000", "[::]:12000", true),
            ("127.0.0.1:12001", "127.0.0.1:12000", false),
            ("127.0.0.2:12000", "127.0.0.1:12000", false),
            ("192.0.2.1:12000", "0.0.0.0:12000", false),
        ] {
            assert_eq!(is_ourselves(peer.parse().unwrap(), local.parse().unwrap()), same, "{peer} {local}");
        }
    }
}
