//! Clients. Most take turns: say a message, show what one receive returns, say the next.

pub(super) mod calculator;
pub(super) mod chat;
mod messages;
pub(super) mod relay;
mod tcp;
pub(super) mod udp;

pub use messages::{Messages, Polled, Ready, own_messages};

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use super::{Event, Lab, LabError, Note, Policy, Settings, Transport, without_line_end};

/// How long a client that waits for a person listens at a time.
const LISTEN: Duration = Duration::from_millis(50);

/// The longest message a client sends, in bytes: what a UDP datagram in an IPv4 packet can carry, 65,535
/// less the two headers of 20 and 8. The same over TCP, so that a talk can be had over both.
pub const MAX_SAID: usize = 65_507;

/// Where to and how.
#[derive(Clone, Debug)]
pub struct Options {
    /// The server's address.
    pub server: SocketAddr,
    /// Longest wait for the connection, and for each reply.
    pub timeout: Duration,
    /// Which servers may be spoken to.
    pub policy: Policy,
    /// What the lab's client may be asked for.
    pub settings: Settings,
}

/// How long an answer is waited for on a line that is known to lose: many times what a good line takes on one machine.
const LOSSY: Duration = Duration::from_millis(300);

impl Options {
    /// Where datagrams are known to be lost on the way: how long an answer is waited for before the next message is said.
    #[must_use]
    pub fn gives_up_after(&self) -> Option<Duration> {
        let line = self.settings.impairment.at_pace(self.settings.pace);
        line.loses().then(|| LOSSY.saturating_add(line.longest()))
    }
}

/// What a client has while it runs.
pub struct Session<'a> {
    /// The lab whose client this is.
    pub lab: &'a Lab,
    /// Where to and how.
    pub options: &'a Options,
    /// What the person says, in order; waiting for the next one may block for as long as a person thinks.
    pub messages: &'a mut dyn Messages,
    /// Ends the client when it is set.
    pub stop: &'a AtomicBool,
    /// Is told what happens.
    pub on_event: &'a mut dyn FnMut(Event),
}

/// A lab's client: it talks until all is said, and every wait of it has an end.
pub type Client = fn(Session<'_>) -> Result<Outcome, LabError>;

/// What comes next in a talk.
enum Next {
    /// This is to be said.
    Say(Vec<u8>),
    /// Nothing more is to be said.
    End,
    /// The server has ended the talk meanwhile.
    Closed,
    /// The program was asked to stop.
    Stopped,
}

/// How a talk that did not fail ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Everything was said and answered.
    Done,
    /// The program was asked to stop.
    Stopped,
}

/// Runs the lab's client, telling `on_event` what happens.
///
/// # Errors
/// [`LabError`]; [`LabError::is_no_reply`] tells a server that does not answer from a failure.
pub fn run(session: Session<'_>) -> Result<Outcome, LabError> {
    session.options.policy.check(session.options.server.ip())?;
    (session.lab.client)(session)
}

/// Words that end a talk.
#[derive(Clone, Copy, Debug)]
pub struct LastWords {
    /// What the client says.
    pub words: &'static str,
    /// The server answers that.
    pub are_answered: bool,
}

impl LastWords {
    fn are(last: Option<Self>, message: &[u8]) -> Option<Self> {
        last.filter(|last| without_line_end(message) == last.words.as_bytes())
    }
}

/// Says the messages one after another, each after the reply to the one before. Over TCP the client then closes first, and
/// waits a little for the server to close too.
///
/// # Errors
/// [`LabError`]. The first message without a reply ends the talk.
pub fn take_turns(session: Session<'_>) -> Result<Outcome, LabError> {
    take_turns_until(session, None)
}

/// The same, and nothing is said behind those last words.
///
/// # Errors
/// As [`take_turns`].
pub fn take_turns_until(session: Session<'_>, last: Option<LastWords>) -> Result<Outcome, LabError> {
    match session.lab.transport {
        Transport::Tcp => tcp::run(session, last),
        Transport::Udp => udp::run(session, last),
    }
}

/// The message, if it is one that can be sent.
pub(super) fn checked(message: io::Result<Vec<u8>>) -> Result<Vec<u8>, LabError> {
    let message = message.map_err(LabError::Messages)?;
    if message.len() > MAX_SAID {
        return Err(LabError::MessageTooLong { limit: MAX_SAID });
    }
    Ok(message)
}

/// Tells the person something that no packet shows.
pub(super) fn tell(on_event: &mut dyn FnMut(Event), text: String) {
    on_event(Event::Noted { peer: None, note: Note::Told(text) });
}
