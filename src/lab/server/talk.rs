//! One connection as a server's logic sees it: every wait and every byte is bounded, and what is said is told.

use std::io::{self, ErrorKind};
use std::net::{SocketAddr, TcpStream};
use std::os::fd::IntoRawFd;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::{Limits, Outlet, Shared};
use crate::lab::fault::{SLOW_PAUSE, SLOW_PIECE, SPLIT_PAUSE, piece_of};
use crate::lab::stream::{Got, Put, TimedStream};
use crate::lab::{Ending, Event, Fault, MAX_MESSAGE, Misdeed, Note, Policy, Problem, TICK};

/// Longest wait for the other side to close after a last answer.
const FAREWELL: Duration = Duration::from_secs(1);

/// Most bytes that are still taken, unread, after a last answer: what was under way when it was said.
const MAX_LEFTOVERS: usize = 256 * 1024;

/// Why a talk does not go on.
#[derive(Debug)]
pub enum Over {
    /// It ended as talks do.
    Ended(Ending),
    /// It was given up.
    Failed(Problem),
}

impl From<Problem> for Over {
    fn from(problem: Problem) -> Self {
        Self::Failed(problem)
    }
}

impl Over {
    /// A reset is an ending like others; everything else is a problem.
    fn by(what: &'static str) -> impl Fn(io::Error) -> Self {
        move |error| match error.kind() {
            ErrorKind::ConnectionReset | ErrorKind::BrokenPipe | ErrorKind::ConnectionAborted => {
                Self::Ended(Ending::Reset)
            }
            _ => Self::Failed(Problem::io(what)(error)),
        }
    }
}

/// A connection of a server, with its limits.
pub struct Talk<'a> {
    stream: TimedStream<'a>,
    peer: SocketAddr,
    shared: &'a Shared<'a>,
    outlet: &'a Outlet,
    buffer: Vec<u8>,
    begun: Instant,
    received: u64,
}

impl<'a> Talk<'a> {
    pub(super) fn new(
        stream: TcpStream,
        peer: SocketAddr,
        shared: &'a Shared<'a>,
        outlet: &'a Outlet,
    ) -> Result<Self, Over> {
        Ok(Self {
            stream: TimedStream::new(stream, shared.stop).map_err(Problem::io("setting it up failed"))?,
            peer,
            shared,
            outlet,
            buffer: vec![0; MAX_MESSAGE],
            begun: Instant::now(),
            received: 0,
        })
    }

    /// The other side.
    #[must_use]
    pub fn peer(&self) -> SocketAddr {
        self.peer
    }

    /// Where this server listens.
    #[must_use]
    pub fn server(&self) -> SocketAddr {
        self.shared.local
    }

    /// How much this server bears.
    #[must_use]
    pub fn limits(&self) -> Limits {
        self.shared.limits
    }

    /// Which addresses may be spoken to, for a service that opens connections of its own.
    #[must_use]
    pub fn policy(&self) -> Policy {
        self.shared.policy
    }

    /// The flag that ends the server, for a service that waits elsewhere.
    #[must_use]
    pub fn stop_flag(&self) -> &'a AtomicBool {
        self.shared.stop
    }

    /// A second handle to the connection, for others to write to.
    pub(super) fn second_handle(&self) -> Result<TcpStream, Over> {
        self.stream.second_handle().map_err(Over::by("setting it up failed"))
    }

    /// What one receive returns: at least one byte, at most 65,535.
    ///
    /// # Errors
    /// [`Over::Ended`] where the other side has closed or reset, or the server is stopped; [`Over::Failed`] where it said
    /// nothing for too long, too much, or talks for too long.
    pub fn receive(&mut self) -> Result<Vec<u8>, Over> {
        self.receive_within(self.shared.limits.idle)
    }

    /// The same, with a silence of at most `patience`.
    ///
    /// # Errors
    /// As [`receive`](Self::receive).
    pub fn receive_within(&mut self, patience: Duration) -> Result<Vec<u8>, Over> {
        let limits = self.shared.limits;
        let left = limits.talk.saturating_sub(self.begun.elapsed());
        let mut room = self.buffer.len();
        if self.shared.how.fault == Some(Fault::SlowReader) {
            room = room.min(SLOW_PIECE);
            self.stream.pause(self.paced(SLOW_PAUSE));
        }
        let buffer = self.buffer.get_mut(..room).unwrap_or_default();
        let length = match self.stream.read(buffer, patience.min(left)) {
            Ok(Got::Bytes(length)) => length,
            Ok(Got::End) => return Err(Over::Ended(Ending::ByPeer)),
            Ok(Got::Stopped) => return Err(Over::Ended(Ending::ByUs)),
            Ok(Got::TimedOut) if left <= patience => {
                return Err(Problem::TooLong { limit: limits.talk }.into());
            }
            Ok(Got::TimedOut) => return Err(Problem::Idle { limit: patience }.into()),
            Err(error) => return Err(Over::by("receiving failed")(error)),
        };
        let bytes = self.buffer.get(..length).unwrap_or_default().to_vec();
        self.outlet.tell(Event::Received { peer: self.peer, bytes: bytes.clone() });
        self.received += u64::try_from(length).unwrap_or(u64::MAX);
        if self.received > limits.received {
            return Err(Problem::TooMuch { limit: limits.received }.into());
        }
        Ok(bytes)
    }

    /// Sends all these bytes; sending none is nothing.
    ///
    /// # Errors
    /// [`Over::Ended`] where the other side has reset or the server is stopped; [`Over::Failed`] where the other side
    /// does not take them in time.
    pub fn say(&mut self, bytes: &[u8]) -> Result<(), Over> {
        if bytes.is_empty() {
            return Ok(());
        }
        match self.shared.how.fault {
            Some(Fault::Reset) => {
                self.stream.reset_at_close().map_err(Over::by("resetting failed"))?;
                let half = bytes.get(..bytes.len().div_ceil(2)).unwrap_or_default();
                // Told before: nothing must hold the reset up, or the client takes the half for the whole and closes first.
                self.misdeed(Misdeed::CutOff { sent: length(half), of: length(bytes) });
                self.outlet.tell(Event::Sent { peer: self.peer, bytes: half.to_vec() });
                self.stream.write(half, self.shared.limits.write).map_err(Over::by("sending failed"))?;
                Err(Over::Ended(Ending::ByUs))
            }
            Some(Fault::SplitWrites) => {
                let pieces = bytes.chunks(piece_of(bytes.len()));
                let count = u64::try_from(pieces.len()).unwrap_or(u64::MAX);
                self.misdeed(Misdeed::Split { bytes: length(bytes), pieces: count });
                for (place, piece) in pieces.enumerate() {
                    if place > 0 {
                        self.stream.pause(self.paced(SPLIT_PAUSE));
                    }
                    self.put(piece)?;
                }
                Ok(())
            }
            _ => self.put(bytes),
        }
    }

    /// Sends one piece and tells it.
    fn put(&mut self, bytes: &[u8]) -> Result<(), Over> {
        self.pour(bytes)?;
        self.outlet.tell(Event::Sent { peer: self.peer, bytes: bytes.to_vec() });
        Ok(())
    }

    /// Sends a piece of a body or a file; told by [`carried`](Self::carried) once it is through.
    ///
    /// # Errors
    /// As [`say`](Self::say).
    pub fn pour(&mut self, piece: &[u8]) -> Result<(), Over> {
        let limit = self.shared.limits.write;
        match self.stream.write(piece, limit) {
            Ok(Put::Done) => Ok(()),
            Ok(Put::Stopped) => Err(Over::Ended(Ending::ByUs)),
            Ok(Put::TimedOut) => Err(Problem::NotTaken { limit }.into()),
            Err(error) => Err(Over::by("sending failed")(error)),
        }
    }

    /// Keeps the connection although the client has closed or all is said: until it is gone, as a reset tells, and past the end
    /// of the server.
    pub(super) fn stay_open(&mut self, has_peer_closed: bool) {
        self.misdeed(Misdeed::NotClosed { first: !has_peer_closed });
        let begun = Instant::now();
        let end = begun + self.shared.limits.idle;
        let mut is_open = !has_peer_closed;
        while !self.shared.stopped() && !self.stream.is_gone() && Instant::now() < end {
            if !is_open {
                self.stream.pause(TICK);
                continue;
            }
            match self.receive_within(end.saturating_duration_since(Instant::now())) {
                // It answers no more.
                Ok(_) => {}
                Err(Over::Ended(Ending::ByPeer)) => is_open = false,
                Err(_) => break,
            }
        }
        if !self.shared.stopped() {
            return;
        }
        self.misdeed(Misdeed::KeptOpen { by: begun.elapsed() });
        if let Ok(kept) = self.stream.second_handle() {
            // Closing it would send the FIN that is to be missing. There are no more of these than clients may be connected,
            // and the end of the process closes them.
            let _ = kept.into_raw_fd();
        }
    }

    fn paced(&self, time: Duration) -> Duration {
        time.mul_f64(self.shared.how.pace)
    }

    /// Tells that a body or a file of so many bytes was sent.
    pub fn carried(&self, length: u64) {
        self.outlet.tell(Event::Carried { peer: self.peer, length, sent: true });
    }

    /// Says that nothing more will be said, and waits a little for the other side to close. A close with something unread would
    /// be a reset, which can take the last answer away from who has not read it yet (RFC 9293 §3.6.1).
    pub fn farewell(&mut self) {
        if self.shared.how.fault == Some(Fault::NoFin) {
            return;
        }
        let end = Instant::now() + FAREWELL;
        let mut left = MAX_LEFTOVERS;
        if self.stream.half_close().is_err() {
            return;
        }
        while left > 0 {
            match self.stream.read(&mut self.buffer, end.saturating_duration_since(Instant::now())) {
                Ok(Got::Bytes(length)) => left = left.saturating_sub(length),
                _ => return,
            }
        }
    }

    /// Writes into the server's log.
    pub fn note(&self, note: Note) {
        self.outlet.tell(Event::Noted { peer: Some(self.peer), note });
    }

    fn misdeed(&self, misdeed: Misdeed) {
        self.note(Note::Misdeed(misdeed));
    }

    pub(super) fn outlet(&self) -> &'a Outlet {
        self.outlet
    }

    pub(super) fn stop_server(&self) {
        self.shared.stop.store(true, Ordering::Relaxed);
    }
}

fn length(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}
