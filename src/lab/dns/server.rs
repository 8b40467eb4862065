//! Sockets for the name servers: every address has one of each kind, one thread looks after all of them, and a
//! connection has a thread of its own.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::os::fd::AsFd;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::{self, Scope};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use super::{Answered, By, Carrier, Internet, Question, Word};
use crate::lab::{LabError, MAX_MESSAGE, Policy, TICK, Transport};

/// Connections at once: a class of resolvers fits, and each is short.
const MAX_CONNECTIONS: usize = 64;

/// Longest silence of a connection (RFC 7766 section 6.2.3 leaves it to the server).
const IDLE: Duration = Duration::from_secs(10);

/// Longest connection: trickling a byte now and then does not hold a place for ever.
const LONGEST: Duration = Duration::from_secs(120);

/// Longest wait for a client to take its answer.
const WRITE: Duration = Duration::from_secs(5);

/// Most datagrams taken from one socket before the next one is looked at.
const MAX_TURN: usize = 64;

/// What was answered and waits to be shown, with its bytes; a slow terminal slows the servers down rather than filling the
/// memory.
const EVENT_QUEUE: usize = 64;

/// Stack of a connection's thread in bytes: its buffers are on the heap, and nothing recurses.
const STACK: usize = 256 * 1024;

/// Stack of a thread that asks others: a resolution within a resolution is a call within a call, some deep at most.
const ASKING_STACK: usize = 2 * 1024 * 1024;

/// Datagrams of one server that others are being asked for; who sends more has to ask again.
const MAX_ASKING: usize = 64;

/// Who answers at the sockets.
pub trait Answers: Sync {
    /// What the server at this place makes of a message. One that asks others gives up once `stop` is set.
    fn answer(&self, place: usize, message: &[u8], carrier: Carrier, stop: &AtomicBool) -> Answered;

    /// Whether it asks others, so that nobody else may have to wait for its answer.
    fn asks_others(&self, place: usize) -> bool;
}

impl Answers for Internet {
    fn answer(&self, place: usize, message: &[u8], carrier: Carrier, _: &AtomicBool) -> Answered {
        match self.servers().get(place) {
            Some(server) => self.answer(server, message, carrier),
            None => Answered { bytes: None, question: None, word: Word::Silence, by: By::Itself },
        }
    }

    fn asks_others(&self, _: usize) -> bool {
        false
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
    asking: AtomicUsize,
    /// Its own connections, where it asks others: of two that ask each other, none takes the other's places.
    connections: AtomicUsize,
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

    /// Answers until `stop` is set, which is noticed within a tenth of a second, telling `on_served` of each query. No
    /// thread outlives the call.
    ///
    /// # Errors
    /// [`LabError::Io`] where the sockets cannot be waited for any more.
    pub fn serve(
        &self,
        answers: &dyn Answers,
        stop: &AtomicBool,
        on_served: &mut dyn FnMut(Served),
    ) -> Result<(), LabError> {
        let Some(first) = self.doors.first() else { return Ok(()) };
        let (sender, inbox) = sync_channel(EVENT_QUEUE);
        let house = House { answers, policy: self.policy, stop, connections: AtomicUsize::new(0) };
        let house = &house;
        let ended = thread::scope(|scope| {
            let server = scope.spawn(move || {
                attend_all(scope, &self.doors, house, &sender)
                    .inspect_err(|_| stop.store(true, Ordering::Relaxed))
            });
            // Ends when the last thread that can report has ended.
            for served in inbox {
                on_served(served);
            }
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
        Ok(Self { server, local, udp, tcp, asking: AtomicUsize::new(0), connections: AtomicUsize::new(0) })
    }
}

/// What every thread sees.
struct House<'a> {
    answers: &'a dyn Answers,
    policy: Policy,
    stop: &'a AtomicBool,
    connections: AtomicUsize,
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
    sender: &SyncSender<Served>,
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
                take_datagrams(scope, door, house, &mut buffer, sender);
            }
            if is_ready.next().unwrap_or(false) {
                admit(scope, door, house, sender);
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
    sender: &SyncSender<Served>,
) {
    let asks_others = house.answers.asks_others(door.server);
    for _ in 0..MAX_TURN {
        // What a socket reports here is that nothing is left, or the ICMP error of an earlier answer.
        let Ok((length, peer)) = door.udp.recv_from(buffer) else { return };
        // A datagram from a server of ours would be answered by it, and so on for ever; port 0 takes no answer.
        if !house.may_answer(peer.ip()) || peer == door.local || peer.port() == 0 {
            continue;
        }
        let message = buffer.get(..length).unwrap_or_default();
        if !asks_others {
            answer_datagram(door, house, message.to_vec(), peer, sender);
            continue;
        }
        // Where there is no place or no thread the datagram is lost, which happens to datagrams.
        let Some(place) = Place::take(&door.asking, MAX_ASKING) else { continue };
        let (message, sender) = (message.to_vec(), sender.clone());
        let _ = thread::Builder::new().stack_size(ASKING_STACK).spawn_scoped(scope, move || {
            let _place = place;
            answer_datagram(door, house, message, peer, &sender);
        });
    }
}

fn answer_datagram(
    door: &Door,
    house: &House<'_>,
    message: Vec<u8>,
    peer: SocketAddr,
    sender: &SyncSender<Served>,
) {
    let answered = house.answer(door, &message, Carrier::Udp);
    let response = answered.bytes.clone();
    // Told first, so that of servers that ask each other the first to know is the first to tell. The inbox lives as long as
    // the threads: it cannot be gone.
    let _ = sender.send(served(door, peer, Carrier::Udp, message, answered));
    if let Some(bytes) = response {
        // A datagram that cannot be sent is lost, which happens to datagrams: it is asked for again.
        let _ = door.udp.send_to(&bytes, peer);
    }
}

/// A place among so many, given back when dropped.
struct Place<'a>(&'a AtomicUsize);

impl<'a> Place<'a> {
    /// Only one thread takes places, so nobody can take one in between.
    fn take(taken: &'a AtomicUsize, most: usize) -> Option<Self> {
        if taken.load(Ordering::Acquire) >= most {
            return None;
        }
        taken.fetch_add(1, Ordering::AcqRel);
        Some(Self(taken))
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

/// Gives a connection a thread, or closes it at once where there is no place.
fn admit<'scope>(
    scope: &'scope Scope<'scope, '_>,
    door: &'scope Door,
    house: &'scope House<'_>,
    sender: &SyncSender<Served>,
) {
    let Ok((stream, peer)) = door.tcp.accept() else { return };
    if !house.may_answer(peer.ip()) {
        return;
    }
    let (connections, stack) = if house.answers.asks_others(door.server) {
        (&door.connections, ASKING_STACK)
    } else {
        (&house.connections, STACK)
    };
    let Some(place) = Place::take(connections, MAX_CONNECTIONS) else { return };
    let sender = sender.clone();
    // Where there is no thread for it, the connection is closed, and the place given back.
    let _ = thread::Builder::new().stack_size(stack).spawn_scoped(scope, move || {
        let _place = place;
        // An end in the middle is the client's business; there is nobody to tell.
        let _ = converse(stream, peer, door, house, &sender);
    });
}

/// Answers what comes over a connection, one message after another (RFC 7766).
fn converse(
    mut stream: TcpStream,
    peer: SocketAddr,
    door: &Door,
    house: &House<'_>,
    sender: &SyncSender<Served>,
) -> io::Result<()> {
    stream.set_nonblocking(false)?;
    stream.set_read_timeout(Some(TICK))?;
    stream.set_write_timeout(Some(WRITE))?;
    stream.set_nodelay(true)?;
    let end = Instant::now() + LONGEST;
    loop {
        let mut length = [0; 2];
        if !fill(&mut stream, &mut length, house, end)? {
            return Ok(());
        }
        let mut message = vec![0; usize::from(u16::from_be_bytes(length))];
        if !fill(&mut stream, &mut message, house, end)? {
            return Ok(());
        }
        let answered = house.answer(door, &message, Carrier::Tcp);
        let response = answered.bytes.clone();
        let _ = sender.send(served(door, peer, Carrier::Tcp, message, answered));
        if let Some(bytes) = response {
            // One write, so that length and message go into one segment where they fit (RFC 7766 section 8).
            let length = u16::try_from(bytes.len()).map_err(io::Error::other)?;
            stream.write_all(&[&length.to_be_bytes(), &*bytes].concat())?;
        }
    }
}

/// Fills the buffer; false where the client said nothing for too long, or the server stops.
fn fill(stream: &mut TcpStream, buffer: &mut [u8], house: &House<'_>, end: Instant) -> io::Result<bool> {
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
