//! The TCP client. It closes first: after the last reply it sends its FIN, waits for the server's, and only
//! then closes, so that a capture ends with an orderly teardown and no RST.

use std::io::{self, ErrorKind};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use super::{Options, Outcome, checked};
use crate::lab::stream::{Got, Put, TimedStream};
use crate::lab::{Ending, Event, LabError, MAX_MESSAGE};

/// Longest wait for the server to close after the client has: a server that stays open keeps nobody.
const FAREWELL: Duration = Duration::from_secs(1);

pub(super) fn run(
    options: &Options,
    messages: &mut dyn Iterator<Item = io::Result<Vec<u8>>>,
    stop: &AtomicBool,
    on_event: &mut dyn FnMut(Event),
) -> Result<Outcome, LabError> {
    let peer = options.server;
    let stream = connect(peer, options.timeout)?;
    let local = stream.local_addr().map_err(LabError::io("no address for the connection to", peer))?;
    on_event(Event::Opened { local, peer });
    let stream =
        TimedStream::new(stream, stop).map_err(LabError::io("setting up the connection failed to", peer))?;
    let mut talk = Talk { stream, peer, timeout: options.timeout, buffer: vec![0; MAX_MESSAGE] };
    for message in messages {
        let message = checked(message)?;
        if message.is_empty() {
            return Err(LabError::EmptyMessage);
        }
        if talk.turn(message, on_event)? == Outcome::Stopped {
            return Ok(Outcome::Stopped);
        }
    }
    let ending = talk.farewell(on_event)?;
    on_event(Event::Closed { peer, ending });
    Ok(Outcome::Done)
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

struct Talk<'a> {
    stream: TimedStream<'a>,
    peer: SocketAddr,
    timeout: Duration,
    buffer: Vec<u8>,
}

impl Talk<'_> {
    /// One message and its reply.
    fn turn(&mut self, message: Vec<u8>, on_event: &mut dyn FnMut(Event)) -> Result<Outcome, LabError> {
        let no_reply = LabError::NoReply { server: self.peer, within: self.timeout };
        match self.stream.write(&message, self.timeout).map_err(|error| self.broken(error))? {
            Put::Done => on_event(Event::Sent { peer: self.peer, bytes: message }),
            Put::Stopped => return Ok(Outcome::Stopped),
            Put::TimedOut => return Err(no_reply),
        }
        match self.stream.read(&mut self.buffer, self.timeout).map_err(|error| self.broken(error))? {
            Got::Bytes(length) => self.tell_received(length, on_event),
            Got::Stopped => return Ok(Outcome::Stopped),
            Got::TimedOut => return Err(no_reply),
            Got::End => return Err(LabError::Hung { server: self.peer, reset: false }),
        }
        Ok(Outcome::Done)
    }

    /// Closes, and waits a little for the server to do the same; what it still says is told.
    fn farewell(&mut self, on_event: &mut dyn FnMut(Event)) -> Result<Ending, LabError> {
        let end = Instant::now() + FAREWELL;
        match self.stream.half_close() {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::NotConnected => return Ok(Ending::ByPeer),
            Err(error) => return Err(LabError::io("closing failed to", self.peer)(error)),
        }
        loop {
            let left = end.saturating_duration_since(Instant::now());
            match self.stream.read(&mut self.buffer, left) {
                Ok(Got::Bytes(length)) => self.tell_received(length, on_event),
                Ok(Got::End | Got::TimedOut | Got::Stopped) => return Ok(Ending::ByUs),
                // Everything was said and answered: a server that ends with RST changes nothing.
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
