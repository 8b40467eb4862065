//! Servers: socket loops around a lab's [`Logic`], bounded in clients, bytes and time.

mod budget;
mod talk;
mod tcp;
mod turns;
mod udp;

pub use talk::{Over, Talk};

use std::io::{self, ErrorKind};
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use super::outlet::{Told, Weighed, outlet};
use super::{
    Event, Fault, Impairment, Lab, LabError, Logic, Misdeed, Note, Policy, Problem, Settings, Telling,
    Transport,
};

/// Socket failures in a row after which a server gives up: the next try would not go better.
const MAX_FAILURES: u32 = 50;

/// Stack of a connection's thread in bytes: its buffer is on the heap, and nothing recurses.
const STACK: usize = 256 * 1024;

/// How much a server bears.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Connections at once, a thread each. A class fits.
    pub clients: usize,
    /// Longest silence of a connected client. A person typing may think for minutes.
    pub idle: Duration,
    /// Longest connection. Trickling a byte now and then does not hold a place for ever.
    pub talk: Duration,
    /// Most bytes one connection may bring. A lab's talk is some kilobytes.
    pub received: u64,
    /// Longest wait for a client to take its answer.
    pub write: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            clients: 256,
            idle: Duration::from_secs(600),
            talk: Duration::from_secs(4 * 3600),
            received: 16 * 1024 * 1024,
            write: Duration::from_secs(5),
        }
    }
}

enum Socket {
    Tcp(TcpListener),
    Udp(UdpSocket),
}

/// A lab's server with its socket bound: clients may come, and are answered once [`serve`](Server::serve)
/// runs.
pub struct Server {
    lab: &'static Lab,
    socket: Socket,
    local: SocketAddr,
    policy: Policy,
    limits: Limits,
    telling: Telling,
    logic: Logic,
    how: Manner,
}

/// What a server does besides its lab.
#[derive(Clone, Copy)]
struct Manner {
    /// What happens to the datagrams that it sends.
    impairment: Impairment,
    /// What it does wrong with connections.
    fault: Option<Fault>,
    /// Bytes of receive buffer, where they are few on purpose.
    buffer: Option<u32>,
    seed: u64,
    pace: f64,
}

impl Server {
    /// Makes the lab's logic and binds its socket to `address`; port 0 takes any free one.
    ///
    /// # Errors
    /// [`LabError`]: the policy forbids the address, the port is in use or needs privileges, the address
    /// is not this machine's, or the settings name what is not there.
    pub fn bind(
        lab: &'static Lab,
        address: SocketAddr,
        settings: &Settings,
        policy: Policy,
    ) -> Result<Self, LabError> {
        policy.check(address.ip())?;
        let logic = (lab.logic)(settings)?;
        if let (Logic::Messages(service), Some(fault)) = (&logic, settings.fault)
            && service.is_room()
        {
            return Err(LabError::Setting {
                option: "--fault",
                value: fault.name().to_owned(),
                problem: "a room does nothing wrong: what is said there goes to all who are in, whole and at once",
            });
        }
        let bound = match lab.transport {
            Transport::Tcp => TcpListener::bind(address).and_then(|listener| {
                let local = listener.local_addr()?;
                let buffer = settings.fault.map_or(Ok(None), |fault| fault.prepare(&listener))?;
                Ok((Socket::Tcp(listener), local, buffer))
            }),
            Transport::Udp => UdpSocket::bind(address).and_then(|socket| {
                let local = socket.local_addr()?;
                Ok((Socket::Udp(socket), local, None))
            }),
        };
        let (socket, local, buffer) = bound.map_err(|error| match error.kind() {
            ErrorKind::AddrInUse => LabError::PortInUse { address, transport: lab.transport },
            ErrorKind::AddrNotAvailable => LabError::NotOurs(address),
            ErrorKind::PermissionDenied => LabError::NotPermitted(address),
            _ => LabError::io("listening failed on", address)(error),
        })?;
        let how = Manner {
            impairment: settings.impairment.at_pace(settings.pace),
            fault: settings.fault.filter(|_| lab.transport == Transport::Tcp),
            buffer,
            seed: settings.seed,
            pace: settings.pace,
        };
        Ok(Self {
            lab,
            socket,
            local,
            policy,
            limits: Limits::default(),
            telling: Telling::default(),
            logic,
            how,
        })
    }

    /// The same server with other limits.
    #[must_use]
    pub fn with_limits(self, limits: Limits) -> Self {
        Self { limits, ..self }
    }

    /// The same server with another way to tell what happens.
    #[must_use]
    pub fn with_telling(self, telling: Telling) -> Self {
        Self { telling, ..self }
    }

    /// Where it listens, with the port it really has.
    #[must_use]
    pub fn local_addr(&self) -> SocketAddr {
        self.local
    }

    /// Answers clients until `stop` is set, which is noticed within a tenth of a second, telling `on_event`
    /// what happens, first of all [`Event::Listening`]. Whether clients wait for `on_event`, or events are left out where it
    /// takes its time, is [`with_telling`](Server::with_telling)'s choice. No thread outlives the call.
    ///
    /// # Errors
    /// [`LabError::Io`] where the server's own socket keeps failing; `stop` is set then, which ends the
    /// connections too. A client's failure is an event.
    pub fn serve(self, stop: &AtomicBool, on_event: &mut dyn FnMut(Event)) -> Result<(), LabError> {
        let shared = Shared {
            local: self.local,
            policy: self.policy,
            limits: self.limits,
            stop,
            clients: AtomicUsize::new(0),
            how: self.how,
        };
        on_event(Event::Listening { local: self.local, transport: self.lab.transport });
        if let Some(fault) = self.how.fault {
            let note = Note::Misdeed(Misdeed::Begins { fault, buffer: self.how.buffer });
            on_event(Event::Noted { peer: None, note });
        }
        let (outlet, inbox) = outlet(self.telling);
        let shared = &shared;
        let (socket, logic) = (&self.socket, &self.logic);
        let rooms = turns::Rooms::default();
        let rooms = &rooms;
        let ended = thread::scope(|scope| {
            let server = scope.spawn(move || {
                let ended = match (socket, logic) {
                    (Socket::Tcp(listener), _) => {
                        tcp::serve(scope, listener, tcp::House { logic, rooms }, shared, &outlet)
                    }
                    (Socket::Udp(socket), Logic::Messages(service)) => {
                        udp::serve(socket, &**service, shared, &outlet)
                    }
                    (Socket::Udp(_), Logic::Stream(_)) => Err(io::Error::other("a stream needs TCP")),
                };
                ended.inspect_err(|_| shared.stop.store(true, Ordering::Relaxed))
            });
            // Ends when the last thread that can report has ended.
            inbox.pass_on(&mut |told| {
                on_event(match told {
                    Told::Thing(event) => event,
                    Told::LeftOut(count) => Event::LeftOut { count },
                });
            });
            server.join().unwrap_or_else(|_| Err(io::Error::other("its thread broke")))
        });
        ended.map_err(LabError::io("serving failed on", self.local))
    }
}

/// What every thread of one server sees.
struct Shared<'a> {
    local: SocketAddr,
    policy: Policy,
    limits: Limits,
    stop: &'a AtomicBool,
    clients: AtomicUsize,
    how: Manner,
}

impl Shared<'_> {
    fn stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }
}

/// Where a server's threads report; the thread that called [`Server::serve`] passes it on.
type Outlet = super::outlet::Outlet<Event>;

impl Outlet {
    fn problem(&self, peer: Option<SocketAddr>, problem: Problem) {
        self.tell(Event::Problem { peer, problem });
    }
}

impl Weighed for Event {
    fn weight(&self) -> usize {
        match self {
            Self::Received { bytes, .. } | Self::Sent { bytes, .. } => bytes.len(),
            Self::Noted { note: Note::Told(text), .. } => text.len(),
            Self::Noted { note: Note::Handed { bytes, .. }, .. } => bytes.0.len(),
            _ => 0,
        }
    }
}
