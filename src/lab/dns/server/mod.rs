//! Sockets for the name servers: every address has one of each kind, one thread looks after all of them, and a
//! connection has a thread of its own.

mod asking;
mod connections;

use std::io::{self, ErrorKind, Read, Write};
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::os::fd::AsFd;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, Scope};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use self::asking::{Asking, Place};
use self::connections::{Connections, Seat};
use super::{Answered, By, Carrier, Internet, Question, Word, too_busy};
use crate::lab::outlet::{Told, Weighed, outlet};
use crate::lab::{LabError, MAX_MESSAGE, Policy, TICK, Telling, Transport};

/// Longest silence of a connection (RFC 7766 section 6.2.3 leaves it to the server).
const IDLE: Duration = Duration::from_secs(10);

/// Longest connection: trickling a byte now and then does not hold a place for ever.
const LONGEST: Duration = Duration::from_secs(120);

/// Longest wait for a client to take its answer.
const WRITE: Duration = Duration::from_secs(5);

/// Pause where there is no room for a connection for a moment: datagrams of all servers wait so long, too.
const NO_ROOM: Duration = Duration::from_millis(5);

/// Most datagrams taken from one socket before the next one is looked at.
const MAX_TURN: usize = 64;

/// Stack of a connection's thread in bytes: its buffers are on the heap, and nothing recurses.
const STACK: usize = 256 * 1024;

/// Stack of a thread that asks others: a resolution within a resolution is a call within a call, some deep at most.
const ASKING_STACK: usize = 2 * 1024 * 1024;

/// How a server asks others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asks {
    /// For how many datagrams at once, at most.
    pub most: usize,
    /// Whether it does so again where the same datagram comes while its answer is waited for. Who only passes it on does: it
    /// may be lost on the way. Who finds out itself does not, and the one answer is to both.
    pub again: bool,
}

/// Who answers at the sockets.
pub trait Answers: Sync {
    /// What the server at this place makes of a message. One that asks others gives up once `stop` is set.
    fn answer(&self, place: usize, message: &[u8], carrier: Carrier, stop: &AtomicBool) -> Answered;

    /// Whether it asks others, so that nobody else may have to wait for its answer, and how. Who sends more than that is told
    /// that it has no time ([`too_busy`]).
    fn asks_others(&self, place: usize) -> Option<Asks>;

    /// What a server that asks others can answer without, and at once; `None` where it would have to ask.
    fn answer_at_once(&self, place: usize, message: &[u8], carrier: Carrier) -> Option<Answered>;
}

impl Answers for Internet {
    fn answer(&self, place: usize, message: &[u8], carrier: Carrier, _: &AtomicBool) -> Answered {
        match self.servers().get(place) {
            Some(server) => self.answer(server, message, carrier),
            None => Answered { bytes: None, question: None, word: Word::Silence, by: By::Itself },
        }
    }

    fn asks_others(&self, _: usize) -> Option<Asks> {
        None
    }

    fn answer_at_once(&self, place: usize, message: &[u8], carrier: Carrier) -> Option<Answered> {
        Some(Answers::answer(self, place, message, carrier, &AtomicBool::new(false)))
    }
}

/// A query that came, and what became of it.
#[derive(Clone, Debug)]
pub struct Served {
    /// The server that was asked.
    pub server: SocketAddr,
    /// Who asked.
    pub peer: SocketAddr,
    /// Over what.
    pub carrier: Carrier,
    /// What was asked, where that could be read.
    pub question: Option<Question>,
    /// What the answer was.
    pub word: Word,
    /// Where it is from.
    pub by: By,
    /// The query, without the length that stands before it on a connection.
    pub query: Vec<u8>,
    /// The response, likewise; `None` for silence.
    pub response: Option<Vec<u8>>,
}

/// Where the servers' threads tell.
type Outlet = crate::lab::outlet::Outlet<Served>;

impl Weighed for Served {
    fn weight(&self) -> usize {
        self.query.len().saturating_add(self.response.as_ref().map_or(0, Vec::len))
    }
}

/// What whoever runs the servers is told.
#[derive(Clone, Debug)]
pub enum Happened {
    /// A query was answered, or left unanswered on purpose.
    Served(Box<Served>),
    /// So many queries, at least one, came before the next that is told, or last of all: they were answered, but not taken
    /// note of, since whoever is told did not keep up.
    LeftOut(u64),
}

/// The sockets of all servers, bound.
#[derive(Debug)]
pub struct Sockets {
    doors: Vec<Door>,
    policy: Policy,
    left_out: Vec<SocketAddr>,
}

/// The sockets of one server.
#[derive(Debug)]
struct Door {
    /// Its place among the servers.
    server: usize,
    local: SocketAddr,
    udp: UdpSocket,
    tcp: TcpListener,
    /// Datagrams that others are being asked for.
    asking: Asking,
    /// Its own connections, where it asks others: of two that ask each other, none takes the other's places.
    connections: Connections,
}

impl Sockets {
    /// Binds UDP and TCP at each server's address and this port. An IPv6 address that is not this machine's is left out:
    /// many have none.
    ///
    /// # Errors
    /// [`LabError`]: the policy forbids an address, the port is in use or needs privileges, an IPv4 address is not this
    /// machine's.
    pub fn bind(internet: &Internet, port: u16, policy: Policy) -> Result<Self, LabError> {
        let mut sockets = Self { doors: Vec::new(), policy, left_out: Vec::new() };
        for (server, place) in internet.servers().iter().enumerate() {
            let local = SocketAddr::new(place.address, port);
            policy.check(local.ip())?;
            match Door::open(server, local) {
                Ok(door) => sockets.doors.push(door),
                Err(LabError::NotOurs(address)) if address.is_ipv6() => sockets.left_out.push(address),
                Err(error) => return Err(error),
            }
        }
        Ok(sockets)
    }

    /// Binds UDP and TCP at one address more, of the server at this place.
    ///
    /// # Errors
    /// [`LabError`], as [`Sockets::bind`].
    pub fn add(&mut self, place: usize, local: SocketAddr) -> Result<(), LabError> {
        self.policy.check(local.ip())?;
        self.doors.push(Door::open(place, local)?);
        Ok(())
    }

    /// Where packets may go.
    #[must_use]
    pub const fn policy(&self) -> Policy {
        self.policy
    }

    /// Where the servers listen: each one's place among the servers, and its address.
    pub fn listening(&self) -> impl Iterator<Item = (usize, SocketAddr)> {
        self.doors.iter().map(|door| (door.server, door.local))
    }

    /// The IPv6 addresses that this machine does not have.
    #[must_use]
    pub fn left_out(&self) -> &[SocketAddr] {
        &self.left_out
    }

    /// Answers until `stop` is set, which is noticed within a tenth of a second, telling `on_told` of each query. No answer
    /// waits for `on_told`: where that takes its time, queries are left out and counted. No thread outlives the call.
    ///
    /// # Errors
    /// [`LabError::Io`] where the sockets cannot be waited for any more.
    pub fn serve(
        &self,
        answers: &dyn Answers,
        stop: &AtomicBool,
        on_told: &mut dyn FnMut(Happened),
    ) -> Result<(), LabError> {
        let Some(first) = self.doors.first() else { return Ok(()) };
        let (outlet, inbox) = outlet(Telling::InTime);
        let house = House { answers, policy: self.policy, stop, connections: Connections::default() };
        let house = &house;
        let ended = thread::scope(|scope| {
            let server = scope.spawn(move || {
                attend_all(scope, &self.doors, house, &outlet)
                    .inspect_err(|_| stop.store(true, Ordering::Relaxed))
            });
            // Ends when the last thread that can report has ended.
            inbox.pass_on(&mut |told| {
                on_told(match told {
                    Told::Thing(served) => Happened::Served(Box::new(served)),
                    Told::LeftOut(count) => Happened::LeftOut(count),
                });
            });
            server.join().unwrap_or_else(|_| Err(io::Error::other("its thread broke")))
        });
        ended.map_err(LabError::io("serving failed on", first.local))
    }
}

impl Door {
    fn open(server: usize, local: SocketAddr) -> Result<Self, LabError> {
        let fail = |transport: Transport| {
            move |error: io::Error| match error.kind() {
                ErrorKind::AddrInUse => LabError::PortInUse { address: local, transport },
                ErrorKind::AddrNotAvailable => LabError::NotOurs(local),
                ErrorKind::PermissionDenied => LabError::NotPermitted(local),
                _ => LabError::io("listening failed on", local)(error),
            }
        };
        let udp = UdpSocket::bind(local).map_err(fail(Transport::Udp))?;
        let tcp = TcpListener::bind(local).map_err(fail(Transport::Tcp))?;
        udp.set_nonblocking(true).map_err(fail(Transport::Udp))?;
        tcp.set_nonblocking(true).map_err(fail(Transport::Tcp))?;
        let (asking, connections) = (Asking::default(), Connections::default());
        Ok(Self { server, local, udp, tcp, asking, connections })
    }
}

/// What every thread sees.
struct House<'a> {
    answers: &'a dyn Answers,
    policy: Policy,
    stop: &'a AtomicBool,
    connections: Connections,
}

impl House<'_> {
    fn stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    fn may_answer(&self, peer: IpAddr) -> bool {
        self.policy.check(peer).is_ok()
    }

    fn answer(&self, door: &Door, message: &[u8], carrier: Carrier) -> Answered {
        self.answers.answer(door.server, message, carrier, self.stop)
    }
}

fn served(door: &Door, peer: SocketAddr, carrier: Carrier, query: Vec<u8>, answered: Answered) -> Served {
    let Answered { bytes: response, question, word, by } = answered;
    Served { server: door.local, peer, carrier, question, word, by, query, response }
}

fn attend_all<'scope>(
    scope: &'scope Scope<'scope, '_>,
    doors: &'scope [Door],
    house: &'scope House<'_>,
    outlet: &Outlet,
) -> io::Result<()> {
    let mut buffer = vec![0; MAX_MESSAGE];
    let tick = PollTimeout::try_from(TICK).unwrap_or(PollTimeout::ZERO);
    let mut waiting: Vec<PollFd<'_>> = Vec::new();
    for door in doors {
        waiting.push(PollFd::new(door.udp.as_fd(), PollFlags::POLLIN));
        waiting.push(PollFd::new(door.tcp.as_fd(), PollFlags::POLLIN));
    }
    while !house.stopped() {
        match poll(&mut waiting, tick) {
            Ok(0) | Err(Errno::EINTR) => continue,
            Ok(_) => {}
            Err(error) => return Err(error.into()),
        }
        for (door, ready) in doors.iter().zip(waiting.chunks(2)) {
            let mut is_ready = ready.iter().map(|fd| fd.any().unwrap_or(true));
            if is_ready.next().unwrap_or(false) {
                take_datagrams(scope, door, house, &mut buffer, outlet);
            }
            if is_ready.next().unwrap_or(false) {
                admit(scope, door, house, outlet);
            }
        }
    }
    Ok(())
}

fn take_datagrams<'scope>(
    scope: &'scope Scope<'scope, '_>,
    door: &'scope Door,
    house: &'scope House<'_>,
    buffer: &mut [u8],
    outlet: &Outlet,
) {
    for _ in 0..MAX_TURN {
        // What a socket reports here is that nothing is left, or the ICMP error of an earlier answer.
        let Ok((length, peer)) = door.udp.recv_from(buffer) else { return };
        // A datagram from a server of ours would be answered by it, and so on for ever; port 0 takes no answer.
        if !house.may_answer(peer.ip()) || peer == door.local || peer.port() == 0 {
            continue;
        }
        let message = buffer.get(..length).unwrap_or_default();
        let Some(asks) = house.answers.asks_others(door.server) else {
            let answered = house.answer(door, message, Carrier::Udp);
            give(door, peer, message, answered, outlet);
            continue;
        };
        if let Some(answered) = house.answers.answer_at_once(door.server, message, Carrier::Udp) {
            give(door, peer, message, answered, outlet);
            continue;
        }
        let is_asking = match door.asking.take(peer, message, asks) {
            Place::Again => continue,
            Place::None => false,
            Place::Taken(taken) => {
                let outlet = outlet.clone();
                let asking = thread::Builder::new().stack_size(ASKING_STACK).spawn_scoped(scope, move || {
                    let answered = house.answer(door, taken.message(), Carrier::Udp);
                    // Before the answer: who has it may ask the same again.
                    give(door, peer, &taken.leave(), answered, &outlet);
                });
                asking.is_ok()
            }
        };
        if !is_asking {
            give(door, peer, message, too_busy(message, Carrier::Udp), outlet);
        }
    }
}

/// Tells of an answer and sends it.
fn give(door: &Door, peer: SocketAddr, message: &[u8], answered: Answered, outlet: &Outlet) {
    let response = answered.bytes.clone();
    // Happened first, so that of servers that ask each other the first to know is the first to tell; that waits for nobody.
    outlet.tell(served(door, peer, Carrier::Udp, message.to_vec(), answered));
    if let Some(bytes) = response {
        // A datagram that cannot be sent is lost, which happens to datagrams: it is asked for again.
        let _ = door.udp.send_to(&bytes, peer);
    }
}

/// Gives a connection a thread, or closes it at once where there is no place.
fn admit<'scope>(
    scope: &'scope Scope<'scope, '_>,
    door: &'scope Door,
    house: &'scope House<'_>,
    outlet: &Outlet,
) {
    let (connections, stack) = match house.answers.asks_others(door.server) {
        Some(_) => (&door.connections, ASKING_STACK),
        None => (&house.connections, STACK),
    };
    if connections.are_leaving() {
        // It stays in the kernel's queue until they have left.
        thread::sleep(NO_ROOM);
        return;
    }
    let (stream, peer) = match door.tcp.accept() {
        Ok(came) => came,
        Err(error) => {
            let has_no_room = matches!(Errno::try_from(error), Ok(Errno::EMFILE | Errno::ENFILE));
            if has_no_room && !connections.make_room() {
                // It stays there, too, and nobody wants to look without a pause.
                thread::sleep(NO_ROOM);
            }
            return;
        }
    };
    if !house.may_answer(peer.ip()) {
        return;
    }
    let Some(seat) = connections.admit(stream) else { return };
    let outlet = outlet.clone();
    // Where there is no thread for it, the connection is closed, and the place given back.
    let _ = thread::Builder::new().stack_size(stack).spawn_scoped(scope, move || {
        // An end in the middle is the client's business; there is nobody to tell.
        let _ = converse(&seat, peer, door, house, &outlet);
    });
}

/// Answers what comes over a connection, one message after another (RFC 7766).
fn converse(
    seat: &Seat<'_>,
    peer: SocketAddr,
    door: &Door,
    house: &House<'_>,
    outlet: &Outlet,
) -> io::Result<()> {
    let stream = seat.stream();
    stream.set_nonblocking(false)?;
    stream.set_read_timeout(Some(TICK))?;
    stream.set_write_timeout(Some(WRITE))?;
    stream.set_nodelay(true)?;
    let end = Instant::now() + LONGEST;
    loop {
        let mut length = [0; 2];
        if !fill(stream, &mut length, house, end)? {
            return Ok(());
        }
        let mut message = vec![0; usize::from(u16::from_be_bytes(length))];
        if !fill(stream, &mut message, house, end)? {
            return Ok(());
        }
        seat.asks()?;
        let answered = house.answer(door, &message, Carrier::Tcp);
        let response = answered.bytes.clone();
        outlet.tell(served(door, peer, Carrier::Tcp, message, answered));
        if let Some(bytes) = response {
            // One write, so that length and message go into one segment where they fit (RFC 7766 section 8).
            let length = u16::try_from(bytes.len()).map_err(io::Error::other)?;
            (&mut &*stream).write_all(&[&length.to_be_bytes(), &*bytes].concat())?;
        }
        seat.is_answered()?;
    }
}

/// Fills the buffer; false where the client said nothing for too long, or the server stops.
fn fill(mut stream: &TcpStream, buffer: &mut [u8], house: &House<'_>, end: Instant) -> io::Result<bool> {
    let idle = Instant::now() + IDLE;
    let mut at = 0;
    while let Some(rest) = buffer.get_mut(at..).filter(|rest| !rest.is_empty()) {
        match stream.read(rest) {
            Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
            Ok(read) => at += read,
            Err(error)
                if matches!(
                    error.kind(),
                    ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted
                ) =>
            {
                let now = Instant::now();
                if house.stopped() || now >= idle || now >= end {
                    return Ok(false);
                }
            }
            Err(error) => return Err(error),
        }
    }
    Ok(Instant::now() < end)
}

#[cfg(test)]
mod tests;
