//! Clients that take turns: say a message, show what one receive returns, say the next.

mod tcp;
mod udp;

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use super::{Event, Lab, LabError, Policy, Transport};

/// The longest message a client sends, in bytes: what a UDP datagram in an IPv4 packet can carry, 65,535
/// less the two headers of 20 and 8. The same over TCP, so that a talk can be had over both.
pub const MAX_SAID: usize = 65_507;

/// Where to and how.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// The server's address.
    pub server: SocketAddr,
    /// Longest wait for the connection, and for each reply.
    pub timeout: Duration,
    /// Which servers may be spoken to.
    pub policy: Policy,
}

/// How a talk that did not fail ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Everything was said and answered.
    Done,
    /// The program was asked to stop.
    Stopped,
}

/// Says `messages` one after another, each after the reply to the one before, telling `on_event` what
/// happens. Over TCP the client then closes first, and waits a little for the server to close too.
///
/// # Errors
/// [`LabError`]; [`LabError::is_no_reply`] tells a server that does not answer from a failure. The first
/// message without a reply ends the talk.
pub fn run(
    lab: &Lab,
    options: &Options,
    messages: &mut dyn Iterator<Item = io::Result<Vec<u8>>>,
    stop: &AtomicBool,
    on_event: &mut dyn FnMut(Event),
) -> Result<Outcome, LabError> {
    options.policy.check(options.server.ip())?;
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
fn checked(message: io::Result<Vec<u8>>) -> Result<Vec<u8>, LabError> {
    let message = message.map_err(LabError::Messages)?;
    if message.len() > MAX_SAID {
        return Err(LabError::MessageTooLong { limit: MAX_SAID });
    }
    Ok(message)
}
