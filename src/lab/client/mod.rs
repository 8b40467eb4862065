//! Clients that take turns: say a message, show what one receive returns, say the next.

mod tcp;
pub(super) mod udp;

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use super::{Event, Lab, LabError, Policy, Settings, Transport};

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

/// What a client has while it runs.
pub struct Session<'a> {
    /// The lab whose client this is.
    pub lab: &'a Lab,
    /// Where to and how.
    pub options: &'a Options,
    /// What the person says, in order; waiting for the next one may block for as long as a person thinks.
    pub messages: &'a mut dyn Iterator<Item = io::Result<Vec<u8>>>,
    /// Ends the client when it is set.
    pub stop: &'a AtomicBool,
    /// Is told what happens.
    pub on_event: &'a mut dyn FnMut(Event),
}

/// A lab's client: it talks until all is said, and every wait of it has an end.
pub type Client = fn(Session<'_>) -> Result<Outcome, LabError>;

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

/// Says the messages one after another, each after the reply to the one before. Over TCP the client then closes first, and
/// waits a little for the server to close too.
///
/// # Errors
/// [`LabError`]. The first message without a reply ends the talk.
pub fn take_turns(session: Session<'_>) -> Result<Outcome, LabError> {
    let Session { lab, options, messages, stop, on_event } = session;
    match lab.transport {
        Transport::Tcp => tcp::run(options, messages, stop, on_event),
        Transport::Udp => udp::run(options, messages, stop, on_event),
    }
}

/// The lab's own messages, as [`run`] takes them.
pub fn own_messages(lab: &Lab) -> impl Iterator<Item = io::Result<Vec<u8>>> {
    lab.messages.iter().map(|text| Ok(text.as_bytes().to_vec()))
}

/// The message, if it is one that can be sent.
pub(super) fn checked(message: io::Result<Vec<u8>>) -> Result<Vec<u8>, LabError> {
    let message = message.map_err(LabError::Messages)?;
    if message.len() > MAX_SAID {
        return Err(LabError::MessageTooLong { limit: MAX_SAID });
    }
    Ok(message)
}
