//! The client: pings at its own pace, whether the one before was answered or not.
//!
//! What the person says is sent in turn: a calibration and `exit` are requests that wait for their answer; any other text
//! is that of pings, of which as many are sent as `--count` says.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::net::{SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::{ACKNOWLEDGED, DEFAULT_INTERVAL, EXIT, MAX_DELAY, Ping, PingFate, calibration, number_in};
use crate::lab::client::{MAX_SAID, Outcome, Session, checked, udp};
use crate::lab::stream::only_waited;
use crate::lab::wait::is_readable;
use crate::lab::{Event, LabError, MAX_MESSAGE, Note, Problem, TICK, without_line_end};

/// How much later a late answer is still waited for when all is sent, at pace 1: the server's longest delay, and some more
/// for the way.
const LINGER: Duration = Duration::from_millis(600);

/// The same at any pace: a busy machine is not faster.
const SHORTEST_LINGER: Duration = Duration::from_millis(500);

/// An acknowledgement without a number is for no ping older than this: twice what the server takes.
const OLDEST: Duration = Duration::from_secs(1);

/// Pings sent unless asked otherwise, and at an interval that shrinks: that takes some ten seconds.
const COUNT: u32 = 10;
const COUNT_SHRINKING: u32 = 60;

/// What an interval is of the one before.
const STEADY: f64 = 1.0;
const SHRINKING: f64 = 0.95;

/// No interval shrinks below this: a flood measures the sender.
const SHORTEST: Duration = Duration::from_millis(1);

pub(super) fn at_a_steady_pace(session: Session<'_>) -> Result<Outcome, LabError> {
    run(session, COUNT, STEADY)
}

pub(super) fn ever_faster(session: Session<'_>) -> Result<Outcome, LabError> {
    run(session, COUNT_SHRINKING, SHRINKING)
}

fn run(session: Session<'_>, count: u32, factor: f64) -> Result<Outcome, LabError> {
    let Session { options, messages, stop, on_event, .. } = session;
    let (peer, settings) = (options.server, &options.settings);
    let socket = udp::open(peer).map_err(LabError::io("opening a socket failed for", peer))?;
    let local = socket.local_addr().map_err(LabError::io("no address for the socket to", peer))?;
    on_event(Event::Opened { local, peer });
    let mut client = Client {
        socket,
        peer,
        stop,
        on_event,
        buffer: vec![0; MAX_MESSAGE],
        begun: Instant::now(),
        sent: 0,
        answers: 0,
        waiting: BTreeMap::new(),
        reply: None,
    };
    // A socket may be ready and have nothing: a datagram with a wrong checksum is thrown away when it is read.
    client
        .socket
        .set_read_timeout(Some(TICK))
        .map_err(LabError::io("setting up the socket failed for", peer))?;
    let count = settings.count.unwrap_or(count);
    let linger =
        LINGER.saturating_add(settings.impairment.longest()).mul_f64(settings.pace).max(SHORTEST_LINGER);
    let interval = settings.interval.unwrap_or(DEFAULT_INTERVAL.mul_f64(settings.pace));
    for message in messages {
        let message = checked(message)?;
        let text = std::str::from_utf8(without_line_end(&message)).ok();
        let is_request = text.is_some_and(|text| text == EXIT || calibration(text).is_some());
        let outcome = if is_request {
            client.turn(message, options.timeout)?
        } else {
            client.pings(&message, count, interval, factor, linger)?
        };
        if outcome == Outcome::Stopped {
            return Ok(Outcome::Stopped);
        }
    }
    if client.sent > 0 && client.answers == 0 && options.gives_up_after().is_none() {
        return Err(LabError::NoReply { server: peer, within: client.begun.elapsed() });
    }
    Ok(Outcome::Done)
}

/// A ping that is not answered yet.
#[derive(Clone, Copy)]
struct Waiting {
    at: Instant,
    interval: Duration,
    bytes: u64,
    /// The next one was due: it is lost, whatever comes.
    is_over: bool,
    /// An acknowledgement without a number may have been for it.
    is_unclear: bool,
}

struct Client<'a> {
    socket: UdpSocket,
    peer: SocketAddr,
    stop: &'a AtomicBool,
    on_event: &'a mut dyn FnMut(Event),
    buffer: Vec<u8>,
    /// When the first ping was sent.
    begun: Instant,
    sent: u64,
    answers: u64,
    /// At most [`MAX_WAITING`].
    waiting: BTreeMap<u64, Waiting>,
    /// The answer to a request.
    reply: Option<Vec<u8>>,
}

/// Most pings that wait for an answer: one a millisecond, for ten times the server's longest delay. The oldest are given up.
const MAX_WAITING: usize = 5_000;

impl Client<'_> {
    /// A request and its answer; acknowledgements that come meanwhile are late ones.
    fn turn(&mut self, message: Vec<u8>, timeout: Duration) -> Result<Outcome, LabError> {
        self.reply = None;
        self.send(message)?;
        let end = Instant::now() + timeout;
        while self.reply.is_none() {
            if self.is_stopped() {
                return Ok(self.stopped());
            }
            if Instant::now() >= end {
                return Err(LabError::NoReply { server: self.peer, within: timeout });
            }
            self.listen(end)?;
        }
        Ok(Outcome::Done)
    }

    fn pings(
        &mut self,
        text: &[u8],
        count: u32,
        mut interval: Duration,
        factor: f64,
        linger: Duration,
    ) -> Result<Outcome, LabError> {
        let mut due = Instant::now();
        if self.sent == 0 {
            self.begun = due;
        }
        for place in 1..=count {
            due += interval;
            let number = self.ping(text, interval)?;
            loop {
                let answered = place == count && !self.waiting.contains_key(&number);
                if answered || Instant::now() >= due {
                    break;
                }
                if self.is_stopped() {
                    return Ok(self.stopped());
                }
                self.listen(due)?;
            }
            self.give_up(number);
            interval = interval.mul_f64(factor).max(SHORTEST.min(interval));
        }
        let end = Instant::now() + linger;
        while !self.waiting.is_empty() && Instant::now() < end {
            if self.is_stopped() {
                return Ok(self.stopped());
            }
            self.listen(end)?;
        }
        Ok(Outcome::Done)
    }

    /// The person ends it: what is under way and not given up yet is not lost.
    fn stopped(&mut self) -> Outcome {
        for (number, waiting) in std::mem::take(&mut self.waiting) {
            if !waiting.is_over {
                let fate = if waiting.is_unclear { PingFate::Unclear } else { PingFate::UnderWay };
                self.tell(number, waiting, fate);
            }
        }
        Outcome::Stopped
    }

    fn ping(&mut self, text: &[u8], interval: Duration) -> Result<u64, LabError> {
        let number = self.sent + 1;
        let mut message = text.to_vec();
        // A text with digits of its own would bear two numbers, and none could be told.
        if !text.iter().any(u8::is_ascii_digit) {
            message.extend(format!(" {number}").bytes());
            if message.len() > MAX_SAID {
                message.truncate(text.len());
            }
        }
        let bytes = u64::try_from(message.len()).unwrap_or(u64::MAX);
        if self.waiting.len() >= MAX_WAITING {
            self.waiting.pop_first();
        }
        let at = self.send(message)?;
        self.sent = number;
        let waiting = Waiting { at, interval, bytes, is_over: false, is_unclear: false };
        self.waiting.insert(number, waiting);
        Ok(number)
    }

    /// The next ping is due: if that one was not answered, it is lost.
    fn give_up(&mut self, number: u64) {
        let Some(waiting) = self.waiting.get_mut(&number) else { return };
        waiting.is_over = true;
        let fate = if waiting.is_unclear { PingFate::Unclear } else { PingFate::Lost };
        let waiting = *waiting;
        if fate == PingFate::Unclear {
            self.waiting.remove(&number);
        }
        self.tell(number, waiting, fate);
    }

    /// Tells that a datagram is sent, and sends it: what others tell of it comes later. When it was sent.
    fn send(&mut self, bytes: Vec<u8>) -> Result<Instant, LabError> {
        let peer = self.peer;
        (self.on_event)(Event::Sent { peer, bytes: bytes.clone() });
        let at = Instant::now();
        self.put(&bytes).inspect_err(|_| (self.on_event)(Event::NotSent { peer }))?;
        Ok(at)
    }

    fn put(&mut self, bytes: &[u8]) -> Result<(), LabError> {
        // A socket tells the ICMP error of an earlier datagram when the next one is sent, and does not send that.
        self.socket.send(bytes).or_else(|error| {
            self.unreachable(error)?;
            self.socket.send(bytes).map_err(LabError::io("sending failed to", self.peer))
        })?;
        Ok(())
    }

    /// Waits for a datagram until `end`, at most a tick, and takes it.
    fn listen(&mut self, end: Instant) -> Result<(), LabError> {
        let left = end.saturating_duration_since(Instant::now()).min(TICK);
        let failed = LabError::io("waiting failed for", self.peer);
        if !is_readable(&self.socket, left).map_err(failed)? {
            return Ok(());
        }
        match self.socket.recv(&mut self.buffer) {
            Ok(length) => {
                let now = Instant::now();
                let bytes = self.buffer.get(..length).unwrap_or_default().to_vec();
                self.hear(&bytes, now);
                (self.on_event)(Event::Received { peer: self.peer, bytes });
                Ok(())
            }
            Err(error) if only_waited(&error) => Ok(()),
            Err(error) => self.unreachable(error),
        }
    }

    /// A port where nobody listens ends the run only where nobody has ever answered: a server may end before us.
    fn unreachable(&mut self, error: std::io::Error) -> Result<(), LabError> {
        match error.kind() {
            ErrorKind::ConnectionRefused if self.answers == 0 => Err(LabError::PortUnreachable(self.peer)),
            ErrorKind::ConnectionRefused => {
                let problem = Problem::io("an ICMP port unreachable came back")(error);
                (self.on_event)(Event::Problem { peer: Some(self.peer), problem });
                Ok(())
            }
            _ => Err(LabError::io("the exchange failed with", self.peer)(error)),
        }
    }

    fn hear(&mut self, bytes: &[u8], now: Instant) {
        let text = std::str::from_utf8(without_line_end(bytes)).unwrap_or_default();
        let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        match acknowledged(text) {
            Some(Some(number)) => self.numbered(number, length, now),
            Some(None) => self.unnumbered(length, now),
            None => self.reply = Some(bytes.to_vec()),
        }
    }

    fn numbered(&mut self, number: u64, length: u64, now: Instant) {
        match self.waiting.remove(&number) {
            Some(waiting) => self.answered(number, waiting, length, now),
            None if (1..=self.sent).contains(&number) => self.note(Note::Again { number }),
            None => self.note(Note::Told(format!("there is no ping {number} that was acknowledged"))),
        }
    }

    /// An acknowledgement as course servers write it: certain where only one ping can be meant.
    fn unnumbered(&mut self, length: u64, now: Instant) {
        let is_young = |waiting: &Waiting| now.saturating_duration_since(waiting.at) <= OLDEST;
        let young = self.waiting.iter().filter(|(_, waiting)| is_young(waiting));
        let candidates: Vec<(u64, Waiting)> = young.map(|(number, waiting)| (*number, *waiting)).collect();
        match candidates[..] {
            [] => self.note(Note::Told("an acknowledgement came for which no ping waits".to_owned())),
            [(number, waiting)] if !waiting.is_unclear => {
                self.waiting.remove(&number);
                self.answered(number, waiting, length, now);
            }
            [(first, _), ..] => {
                self.answers += 1;
                let last = candidates.last().map_or(first, |(number, _)| *number);
                for (number, _) in &candidates {
                    if let Some(waiting) = self.waiting.get_mut(number) {
                        waiting.is_unclear = true;
                    }
                }
                self.note(Note::Unclear { first, last });
                // Servers answer in the order of the pings: the oldest goes, so that the number of those that wait is right.
                if let Some(waiting) = self.waiting.remove(&first).filter(|waiting| !waiting.is_over) {
                    self.tell(first, waiting, PingFate::Unclear);
                }
            }
        }
    }

    fn answered(&mut self, number: u64, waiting: Waiting, bytes: u64, now: Instant) {
        self.answers += 1;
        let rtt = now.saturating_duration_since(waiting.at);
        // The clock decides: on a busy machine the next one may be due and not yet sent.
        let late = waiting.is_over || rtt > waiting.interval;
        self.tell(number, waiting, PingFate::Answered { rtt, bytes, late });
    }

    fn tell(&mut self, number: u64, waiting: Waiting, fate: PingFate) {
        let at = waiting.at.saturating_duration_since(self.begun);
        let Waiting { interval, bytes, .. } = waiting;
        self.note(Note::Ping(Ping { number, at, interval, bytes, fate }));
    }

    fn note(&mut self, note: Note) {
        (self.on_event)(Event::Noted { peer: Some(self.peer), note });
    }

    fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }
}

/// Whether a text is an acknowledgement, and the number that it bears.
fn acknowledged(text: &str) -> Option<Option<u64>> {
    let rest = text.strip_prefix(ACKNOWLEDGED)?;
    if rest.trim().is_empty() {
        return Some(None);
    }
    rest.starts_with(' ').then(|| number_in(rest))
}

// The oldest ping that a plain acknowledgement may be for has had the server's longest delay.
const _: () = assert!(OLDEST.as_millis() > MAX_DELAY.as_millis());
