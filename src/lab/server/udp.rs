//! The UDP server: one socket, one datagram after another; clients need no place, since nothing of them is
//! kept but answers that are sent late on purpose.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::budget::{self, Budget, Leave};
use super::{MAX_FAILURES, Outlet, Shared};
use crate::lab::scene::Bytes;
use crate::lab::stream::only_waited;
use crate::lab::wait::is_readable;
use crate::lab::{Action, Event, Line, MAX_MESSAGE, Note, Problem, Service, TICK};

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
    // It may be said to be readable and have nothing: a datagram with a wrong checksum is thrown away when it is read.
    socket.set_read_timeout(Some(TICK))?;
    let how = &shared.how;
    let line = (!how.impairment.is_none())
        .then(|| (Line::new(how.impairment, how.seed.wrapping_add(LINE_SEED)), Instant::now()));
    let mut desk = Desk {
        socket,
        shared,
        outlet,
        late: BinaryHeap::new(),
        number: 0,
        line,
        said: BTreeMap::new(),
        budget: Budget::default(),
    };
    let mut buffer = vec![0; MAX_MESSAGE];
    let mut failures = 0;
    while !shared.stopped() {
        if !is_readable(socket, desk.send_what_is_due())? {
            continue;
        }
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
    desk.end_the_line();
    Ok(())
}

/// Most datagrams on the line of which it is known what they say: more than it lets wait.
const MAX_SAID: usize = 10_000;

/// Most characters of a datagram that a note shows.
const MAX_EXCERPT: usize = 40;

/// What the line's seed is more than the lab's own: one seed, and yet the line's choices are not the lab's again.
const LINE_SEED: u64 = 0x11fe;

/// Bytes of a datagram before its payload, for a rate: IP and UDP headers.
const HEADERS: [usize; 2] = [20 + 8, 40 + 8];

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
    /// What is done to datagrams on purpose, and since when time is counted there.
    line: Option<(Line<SocketAddr, Datagram>, Instant)>,
    /// What the datagrams on the line say, as far as it is shown.
    said: BTreeMap<u64, String>,
    budget: Budget,
}

type Datagram = (SocketAddr, Vec<u8>);

/// How a datagram is put on the line.
type Push = fn(&mut Line<SocketAddr, Datagram>, Duration, SocketAddr, usize, Datagram) -> u64;

impl Desk<'_> {
    /// Sends the answers whose time has come, and says how long may be waited for the next datagram, at most a [`TICK`].
    fn send_what_is_due(&mut self) -> Duration {
        let mut wait = TICK;
        loop {
            let now = Instant::now();
            match self.late.peek() {
                Some(late) if late.due.0 <= now => {}
                Some(late) => {
                    wait = wait.min(late.due.0 - now);
                    break;
                }
                None => break,
            }
            let Some(Late { to, bytes, .. }) = self.late.pop() else { break };
            if let Err(problem) = self.send(to, bytes) {
                self.outlet.problem(Some(to), problem);
            }
        }
        wait.min(self.send_from_the_line())
    }

    /// Sends what comes out of the line, and says when the next datagram does.
    fn send_from_the_line(&mut self) -> Duration {
        let Some((line, begun)) = &mut self.line else { return TICK };
        let now = begun.elapsed();
        let mut out = Vec::new();
        out.extend(std::iter::from_fn(|| line.take_due(now)));
        let next = line.next_due().map_or(TICK, |due| due.saturating_sub(now));
        self.tell_what_was_done();
        for (to, bytes) in out {
            if let Err(problem) = self.put(to, bytes) {
                self.outlet.problem(Some(to), problem);
            }
        }
        next
    }

    /// Tells what the line did since this was last asked.
    fn tell_what_was_done(&mut self) {
        let Some((line, _)) = &mut self.line else { return };
        for done in line.done() {
            let said = self.said.get(&done.number).cloned().unwrap_or_default();
            let note = Note::Impaired { number: done.number, said, deed: done.deed };
            self.outlet.tell(Event::Noted { peer: Some(done.flow), note });
        }
    }

    /// The server stops: what is on the line stays there.
    fn end_the_line(&mut self) {
        if let Some((line, _)) = &mut self.line {
            line.end();
        }
        self.tell_what_was_done();
    }

    fn answer(&mut self, service: &dyn Service, peer: SocketAddr, message: &[u8]) -> Result<(), Problem> {
        self.shared.policy.check(peer.ip())?;
        if is_ourselves(peer, self.shared.local) {
            return Err(Problem::OwnAddress);
        }
        for action in service.open(peer).respond(message) {
            match action {
                Action::Say(bytes) => self.reply(peer, bytes)?,
                Action::SaySurely(bytes) => self.reply_surely(peer, bytes)?,
                Action::SayTo(to, bytes) => {
                    if let Err(problem) = self.send(to, bytes) {
                        self.outlet.problem(Some(to), problem);
                    }
                }
                Action::SayLater(after, bytes) => self.put_off(after, peer, bytes),
                Action::Forward { to, bytes, sent, failed } => match self.pass_on(to, bytes) {
                    Ok(()) => self.reply(peer, sent)?,
                    Err(problem) => {
                        self.outlet.problem(Some(to), problem);
                        self.reply(peer, failed)?;
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

    /// Answers at once, unless that address had too many answers. What is put off does not count: a ping lab's clients may ping for
    /// as long as they like, and its server leaves one of ten unanswered, which ends a talk of servers.
    fn reply(&mut self, peer: SocketAddr, bytes: Vec<u8>) -> Result<(), Problem> {
        match self.budget.take(peer, Instant::now()) {
            Leave::Given => self.send(peer, bytes),
            Leave::Refused => Err(Problem::TooManyAnswers { limit: budget::BURST }),
            Leave::RefusedAgain => Ok(()),
        }
    }

    fn reply_surely(&mut self, peer: SocketAddr, bytes: Vec<u8>) -> Result<(), Problem> {
        match self.budget.take(peer, Instant::now()) {
            Leave::Given => self.send_by(peer, bytes, Line::push_surely),
            Leave::Refused => Err(Problem::TooManyAnswers { limit: budget::BURST }),
            Leave::RefusedAgain => Ok(()),
        }
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
    fn pass_on(&mut self, to: SocketAddr, bytes: Vec<u8>) -> Result<(), Problem> {
        if is_ourselves(to, self.shared.local) {
            return Err(Problem::OwnAddress);
        }
        self.send(to, bytes)
    }

    /// Sends a datagram, by way of the line where there is one.
    fn send(&mut self, to: SocketAddr, bytes: Vec<u8>) -> Result<(), Problem> {
        self.send_by(to, bytes, Line::push)
    }

    fn send_by(&mut self, to: SocketAddr, bytes: Vec<u8>, push: Push) -> Result<(), Problem> {
        self.shared.policy.check(to.ip())?;
        let Some((line, begun)) = &mut self.line else { return self.put(to, bytes) };
        let [v4, v6] = HEADERS;
        let len = bytes.len() + if to.ip().to_canonical().is_ipv4() { v4 } else { v6 };
        let number = push(line, begun.elapsed(), to, len, (to, bytes.clone()));
        if self.said.len() >= MAX_SAID {
            self.said.pop_first();
        }
        self.said.insert(number, String::from_utf8_lossy(&bytes).chars().take(MAX_EXCERPT).collect());
        let note = Note::Handed { number, bytes: Bytes(bytes) };
        self.outlet.tell(Event::Noted { peer: Some(to), note });
        Ok(())
    }

    fn put(&self, to: SocketAddr, bytes: Vec<u8>) -> Result<(), Problem> {
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
