//! What a lab's server does: with a message, where one send is one message, or with a whole connection.
//! A [`Service`] holds no socket, no clock and no thread; a [`StreamService`] holds a [`Talk`], which bounds it.

use std::net::SocketAddr;
use std::time::Duration;

use super::server::{Over, Talk};
use super::{LabError, Note, Settings};

/// One thing that a server does. Several are done in their order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Sends these bytes to whom asked as one message, nothing added. An empty one is an empty datagram over
    /// UDP and nothing at all over TCP, which has no empty messages.
    Say(Vec<u8>),
    /// The same, and where the server's line is a bad one on purpose, it does not lose this.
    SaySurely(Vec<u8>),
    /// Sends these bytes to somebody: in a room to a connection of this server, which is closed where it does not take them
    /// at once; over UDP to any address that the policy allows. Nothing elsewhere.
    SayTo(SocketAddr, Vec<u8>),
    /// Sends this datagram to whom asked after a while; UDP alone, over TCP it is sent at once.
    SayLater(Duration, Vec<u8>),
    /// Passes a datagram on, and tells whom asked whether it could be sent; UDP alone.
    Forward {
        /// To whom.
        to: SocketAddr,
        /// What.
        bytes: Vec<u8>,
        /// What is said to whom asked when it was sent.
        sent: Vec<u8>,
        /// What is said to whom asked when it could not be.
        failed: Vec<u8>,
    },
    /// Writes into the server's log what no packet shows.
    Note(Note),
    /// Ends this connection; nothing over UDP.
    Close,
    /// Ends the server, as Ctrl-C does.
    Stop,
}

/// One side of one talk with one peer; it holds what the talk has to remember.
pub trait Conversation: Send {
    /// Answers a message. Any bytes may come, of any length up to 65,535.
    fn respond(&mut self, message: &[u8]) -> Vec<Action>;

    /// The connection is over, whoever ended it; never called over UDP.
    fn end(&mut self) -> Vec<Action> {
        Vec::new()
    }
}

/// A server's logic; it holds what all its talks share.
pub trait Service: Send + Sync {
    /// Begins a talk with `peer`. Over TCP that is a connection; over UDP, which has none, every datagram is
    /// a talk of its own, and what must outlive it is kept in the service, by peer and with a cap.
    fn open(&self, peer: SocketAddr) -> Box<dyn Conversation>;

    /// Whether all its talks take turns, so that everybody hears the same messages in the same order: a room. Nobody is
    /// waited for there.
    fn is_room(&self) -> bool {
        false
    }
}

/// A server's logic where what is said is no message a send: requests with bodies, files. TCP alone.
pub trait StreamService: Send + Sync {
    /// Serves one connection; the server closes it when this returns.
    ///
    /// # Errors
    /// [`Over`], as the methods of [`Talk`] give it: the other side ended it, or a limit was reached.
    fn attend(&self, talk: &mut Talk<'_>) -> Result<(), Over>;
}

/// A server's logic of either kind.
pub enum Logic {
    /// One send is one message.
    Messages(Box<dyn Service>),
    /// A connection is bytes.
    Stream(Box<dyn StreamService>),
}

/// Makes a server's logic from what the person asked for.
pub type MakeLogic = fn(&Settings) -> Result<Logic, LabError>;

/// A service that answers each message for itself and remembers nothing.
#[derive(Clone, Copy, Debug)]
pub struct Stateless(pub fn(&[u8]) -> Vec<Action>);

impl Stateless {
    /// As [`MakeLogic`] wants it.
    pub fn logic(respond: fn(&[u8]) -> Vec<Action>) -> Result<Logic, LabError> {
        Ok(Logic::Messages(Box::new(Self(respond))))
    }
}

impl Service for Stateless {
    fn open(&self, _peer: SocketAddr) -> Box<dyn Conversation> {
        Box::new(*self)
    }
}

impl Conversation for Stateless {
    fn respond(&mut self, message: &[u8]) -> Vec<Action> {
        (self.0)(message)
    }
}

/// One answer, as most labs give it.
#[must_use]
pub fn say(text: impl Into<Vec<u8>>) -> Vec<Action> {
    vec![Action::Say(text.into())]
}

/// The message without the line ends at its end, which a person typing into netcat or telnet sends and the
/// labs' own clients do not.
#[must_use]
pub fn without_line_end(message: &[u8]) -> &[u8] {
    let mut rest = message;
    while let [shorter @ .., b'\r' | b'\n'] = rest {
        rest = shorter;
    }
    rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_ends_are_dropped_at_the_end_only() {
        for (given, kept) in [
            ("Hey", "Hey"),
            ("Hey\n", "Hey"),
            ("Hey\r\n", "Hey"),
            ("Hey\r", "Hey"),
            ("\nHey\nyou\r\n\n", "\nHey\nyou"),
            ("\r\n", ""),
            ("", ""),
            ("Hey ", "Hey "),
        ] {
            assert_eq!(without_line_end(given.as_bytes()), kept.as_bytes(), "{given:?}");
        }
    }
}
