//! The TCP client. It closes first: after the last reply it sends its FIN, waits for the server's, and only
//! then closes, so that a capture ends with an orderly teardown and no RST.

use std::io::{self, ErrorKind};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use super::{LISTEN, LastWords, Messages, Next, Options, Outcome, Polled, Session, checked, tell};
use crate::lab::stream::{Got, Put, TimedStream};
use crate::lab::{Ending, Event, LabError, MAX_MESSAGE};

/// Longest wait for the server to close after the client has: a server that stays open keeps nobody.
const FAREWELL: Duration = Duration::from_secs(1);

/// What is told where all is said and the server ends with a RST: the client cannot know how long the reply was to be.
const CUT_OFF: &str = "the server ended the connection with a RST and no FIN: its last reply may be cut off, and what is missing does not come";

pub(super) fn run(session: Session<'_>, last: Option<LastWords>) -> Result<Outcome, LabError> {
    let Session { options, messages, stop, on_event, .. } = session;
    let mut connection = Connection::open(options, stop, on_event)?;
    loop {
        let message = match connection.next_message(messages, on_event)? {
            Next::Say(message) => message,
            Next::End => break,
            Next::Closed => return Ok(Outcome::Done),
            Next::Stopped => return Ok(Outcome::Stopped),
        };
        let last = LastWords::are(last, &message);
        if connection.say(message, on_event)? == Outcome::Stopped
            || last.is_none_or(|last| last.are_answered) && connection.reply(on_event)? == Outcome::Stopped
        {
            return Ok(Outcome::Stopped);
        }
        if last.is_some() {
            break;
        }
    }
    connection.leave(on_event)
}

fn connect(server: SocketAddr, timeout: Duration) -> Result<TcpStream, LabError> {
    let stream = TcpStream::connect_timeout(&server, timeout).map_err(|error| match error.kind() {
        ErrorKind::ConnectionRefused => LabError::Refused(server),
        ErrorKind::TimedOut | ErrorKind::WouldBlock => LabError::NoConnection { server, within: timeout },
        _ => LabError::io("connecting failed to", server)(error),
    })?;
    // Where nobody listens, the system can give this socket the server's own port, and a simultaneous open
    // (RFC 9293 §3.5) connects it to itself.
    if stream.local_addr().is_ok_and(|local| local == server) {
        return Err(LabError::Refused(server));
    }
    Ok(stream)
}

/// What came of listening.
pub(super) enum Heard {
    /// What one receive returned.
    Message(Vec<u8>),
    /// Nothing in that time.
    Nothing,
    /// The server has closed.
    End,
    /// The program was asked to stop.
    Stopped,
}

/// A connection to a server.
pub(super) struct Connection<'a> {
    stream: TimedStream<'a>,
    peer: SocketAddr,
    timeout: Duration,
    buffer: Vec<u8>,
}

impl<'a> Connection<'a> {
    pub(super) fn open(
        options: &Options,
        stop: &'a AtomicBool,
        on_event: &mut dyn FnMut(Event),
    ) -> Result<Self, LabError> {
        let peer = options.server;
        let stream = connect(peer, options.timeout)?;
        let local = stream.local_addr().map_err(LabError::io("no address for the connection to", peer))?;
        on_event(Event::Opened { local, peer });
        let stream = TimedStream::new(stream, stop)
            .map_err(LabError::io("setting up the connection failed to", peer))?;
        Ok(Self { stream, peer, timeout: options.timeout, buffer: vec![0; MAX_MESSAGE] })
    }

    /// What is to be said next, and until then what the server says is told.
    pub(super) fn next_message(
        &mut self,
        messages: &mut dyn Messages,
        on_event: &mut dyn FnMut(Event),
    ) -> Result<Next, LabError> {
        loop {
            match messages.poll() {
                Polled::Message(message) => {
                    let message = checked(message)?;
                    return if message.is_empty() {
                        Err(LabError::EmptyMessage)
                    } else {
                        Ok(Next::Say(message))
                    };
                }
                Polled::End => return Ok(Next::End),
                Polled::NotYet => {}
            }
            match self.hear(LISTEN)? {
                Heard::Message(bytes) => on_event(Event::Received { peer: self.peer, bytes }),
                Heard::Nothing => {}
                Heard::End => {
                    on_event(Event::Closed { peer: self.peer, ending: Ending::ByPeer });
                    return Ok(Next::Closed);
                }
                Heard::Stopped => return Ok(Next::Stopped),
            }
        }
    }

    /// Tells that a message is sent, and sends it: what others hear of it comes later.
    pub(super) fn say(
        &mut self,
        message: Vec<u8>,
        on_event: &mut dyn FnMut(Event),
    ) -> Result<Outcome, LabError> {
        let peer = self.peer;
        on_event(Event::Sent { peer, bytes: message.clone() });
        let put = self.stream.write(&message, self.timeout);
        if !matches!(put, Ok(Put::Done)) {
            on_event(Event::NotSent { peer });
        }
        match put.map_err(|error| self.broken(error))? {
            Put::Done => Ok(Outcome::Done),
            Put::Stopped => Ok(Outcome::Stopped),
            Put::TimedOut => Err(self.no_reply()),
        }
    }

    /// Waits for the reply and tells it.
    pub(super) fn reply(&mut self, on_event: &mut dyn FnMut(Event)) -> Result<Outcome, LabError> {
        match self.hear(self.timeout)? {
            Heard::Message(bytes) => on_event(Event::Received { peer: self.peer, bytes }),
            Heard::Stopped => return Ok(Outcome::Stopped),
            Heard::Nothing => return Err(self.no_reply()),
            Heard::End => return Err(self.hung()),
        }
        Ok(Outcome::Done)
    }

    /// Waits for whatever the server says, no longer than `within`.
    pub(super) fn hear(&mut self, within: Duration) -> Result<Heard, LabError> {
        Ok(match self.stream.read(&mut self.buffer, within).map_err(|error| self.broken(error))? {
            Got::Bytes(length) => Heard::Message(self.buffer.get(..length).unwrap_or_default().to_vec()),
            Got::Stopped => Heard::Stopped,
            Got::TimedOut => Heard::Nothing,
            Got::End => Heard::End,
        })
    }

    /// Closes in order, and tells how it ended.
    pub(super) fn leave(&mut self, on_event: &mut dyn FnMut(Event)) -> Result<Outcome, LabError> {
        let ending = self.farewell(on_event)?;
        if ending == Ending::Reset {
            tell(on_event, CUT_OFF.to_owned());
        }
        on_event(Event::Closed { peer: self.peer, ending });
        Ok(Outcome::Done)
    }

    pub(super) fn peer(&self) -> SocketAddr {
        self.peer
    }

    pub(super) fn no_reply(&self) -> LabError {
        LabError::NoReply { server: self.peer, within: self.timeout }
    }

    pub(super) fn hung(&self) -> LabError {
        LabError::Hung { server: self.peer, reset: false }
    }

    /// Closes, and waits a little for the server to do the same; what it still says is told.
    fn farewell(&mut self, on_event: &mut dyn FnMut(Event)) -> Result<Ending, LabError> {
        let end = Instant::now() + FAREWELL;
        match self.stream.half_close() {
            Ok(()) => {}
            // This side has not closed: only a RST takes a connection away before.
            Err(error) if error.kind() == ErrorKind::NotConnected => return Ok(Ending::Reset),
            Err(error) => return Err(LabError::io("closing failed to", self.peer)(error)),
        }
        loop {
            let left = end.saturating_duration_since(Instant::now());
            match self.stream.read(&mut self.buffer, left) {
                Ok(Got::Bytes(length)) => self.tell_received(length, on_event),
                Ok(Got::End | Got::TimedOut | Got::Stopped) => return Ok(Ending::ByUs),
                Err(error) if is_gone(&error) => return Ok(Ending::Reset),
                Err(error) => return Err(LabError::io("closing failed to", self.peer)(error)),
            }
        }
    }

    fn tell_received(&self, length: usize, on_event: &mut dyn FnMut(Event)) {
        let bytes = self.buffer.get(..length).unwrap_or_default().to_vec();
        on_event(Event::Received { peer: self.peer, bytes });
    }

    fn broken(&self, error: io::Error) -> LabError {
        if is_gone(&error) {
            LabError::Hung { server: self.peer, reset: true }
        } else {
            LabError::io("the connection failed to", self.peer)(error)
        }
    }
}

fn is_gone(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::ConnectionReset | ErrorKind::BrokenPipe | ErrorKind::ConnectionAborted)
}
