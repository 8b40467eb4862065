//! The UDP client: a connected socket, so that only the server's datagrams arrive and the ICMP error of a
//! closed port is told to the sender (RFC 1122 §4.1.3.3).

use std::io::{self, ErrorKind};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::{LISTEN, LastWords, Messages, Next, Options, Outcome, Polled, Session, checked, tell};
use crate::lab::stream::only_waited;
use crate::lab::{Event, LabError, MAX_MESSAGE, TICK};

pub(super) fn run(session: Session<'_>, last: Option<LastWords>) -> Result<Outcome, LabError> {
    let Session { options, messages, stop, on_event, .. } = session;
    let mut socket = Datagrams::open(options, stop, on_event)?;
    loop {
        let message = match socket.next_message(messages, on_event)? {
            Next::Say(message) => message,
            Next::End | Next::Closed => break,
            Next::Stopped => return Ok(Outcome::Stopped),
        };
        let last = LastWords::are(last, &message);
        socket.say(message, on_event)?;
        if last.is_none_or(|last| last.are_answered) {
            match socket.hear(options.gives_up_after().unwrap_or(options.timeout))? {
                Some(bytes) => on_event(Event::Received { peer: options.server, bytes }),
                None if stop.load(Ordering::Relaxed) => return Ok(Outcome::Stopped),
                None => socket.without_reply(options, on_event)?,
            }
        }
        if last.is_some() {
            break;
        }
    }
    Ok(Outcome::Done)
}

/// A socket that speaks to one server.
pub(super) struct Datagrams<'a> {
    socket: UdpSocket,
    peer: SocketAddr,
    timeout: Duration,
    stop: &'a AtomicBool,
    buffer: Vec<u8>,
}

impl<'a> Datagrams<'a> {
    pub(super) fn open(
        options: &Options,
        stop: &'a AtomicBool,
        on_event: &mut dyn FnMut(Event),
    ) -> Result<Self, LabError> {
        let peer = options.server;
        let socket = open(peer).map_err(LabError::io("opening a socket failed for", peer))?;
        let local = socket.local_addr().map_err(LabError::io("no address for the socket to", peer))?;
        on_event(Event::Opened { local, peer });
        Ok(Self { socket, peer, timeout: options.timeout, stop, buffer: vec![0; MAX_MESSAGE] })
    }

    /// What is to be said next, and until then what comes is told.
    pub(super) fn next_message(
        &mut self,
        messages: &mut dyn Messages,
        on_event: &mut dyn FnMut(Event),
    ) -> Result<Next, LabError> {
        loop {
            match messages.poll() {
                Polled::Message(message) => return checked(message).map(Next::Say),
                Polled::End => return Ok(Next::End),
                Polled::NotYet => {}
            }
            match self.hear(LISTEN)? {
                Some(bytes) => on_event(Event::Received { peer: self.peer, bytes }),
                None if self.stop.load(Ordering::Relaxed) => return Ok(Next::Stopped),
                None => {}
            }
        }
    }

    /// Tells that a datagram is sent, and sends it: what others hear of it comes later.
    pub(super) fn say(&self, message: Vec<u8>, on_event: &mut dyn FnMut(Event)) -> Result<(), LabError> {
        let peer = self.peer;
        on_event(Event::Sent { peer, bytes: message.clone() });
        self.socket.send(&message).map_err(|error| {
            on_event(Event::NotSent { peer });
            failed(error, peer)
        })?;
        Ok(())
    }

    /// The next datagram; `None` when the time was up or the program was asked to stop.
    pub(super) fn hear(&mut self, within: Duration) -> Result<Option<Vec<u8>>, LabError> {
        let length = receive(&self.socket, &mut self.buffer, within, self.stop);
        let length = length.map_err(|error| failed(error, self.peer))?;
        Ok(length.map(|length| self.buffer.get(..length).unwrap_or_default().to_vec()))
    }

    /// No answer came in time: the end of the talk, unless answers are known to be lost on the way.
    pub(super) fn without_reply(
        &self,
        options: &Options,
        on_event: &mut dyn FnMut(Event),
    ) -> Result<(), LabError> {
        let Some(within) = options.gives_up_after() else { return Err(self.no_reply()) };
        tell(on_event, format!("no answer within {} ms: goes on without it", within.as_millis()));
        Ok(())
    }

    fn no_reply(&self) -> LabError {
        LabError::NoReply { server: self.peer, within: self.timeout }
    }
}

/// A socket of the server's family that speaks to the server only.
pub(in crate::lab) fn open(server: SocketAddr) -> io::Result<UdpSocket> {
    let here: IpAddr = match server.ip() {
        IpAddr::V4(address) if address.is_loopback() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        IpAddr::V6(address) if address.is_loopback() => Ipv6Addr::LOCALHOST.into(),
        IpAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    let first = UdpSocket::bind((here, 0))?;
    // Where nobody listens, the system can give this socket the server's own port, and it would hear itself.
    let socket = if first.local_addr()? == server { UdpSocket::bind((here, 0))? } else { first };
    socket.connect(server)?;
    Ok(socket)
}

/// The length of the next datagram, or `None` when the time was up or the program was asked to stop.
fn receive(
    socket: &UdpSocket,
    buffer: &mut [u8],
    within: Duration,
    stop: &AtomicBool,
) -> io::Result<Option<usize>> {
    let end = Instant::now() + within;
    loop {
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() || stop.load(Ordering::Relaxed) {
            return Ok(None);
        }
        socket.set_read_timeout(Some(left.min(TICK)))?;
        match socket.recv(buffer) {
            Ok(length) => return Ok(Some(length)),
            Err(error) if only_waited(&error) => {}
            Err(error) => return Err(error),
        }
    }
}

fn failed(error: io::Error, server: SocketAddr) -> LabError {
    match error.kind() {
        ErrorKind::ConnectionRefused => LabError::PortUnreachable(server),
        _ => LabError::io("the exchange failed with", server)(error),
    }
}
