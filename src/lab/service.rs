//! What a lab's server does with a message: no socket, no clock, no thread.

use std::net::SocketAddr;

/// What a server does after a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// Sends these bytes as one message, nothing added. An empty one is an empty datagram over UDP and
    /// nothing at all over TCP, which has no empty messages.
    Say(Vec<u8>),
    /// Sends nothing and waits for the next message.
    Nothing,
}

/// One side of one talk with one peer; it holds what the talk has to remember.
pub trait Conversation: Send {
    /// Answers a message. Any bytes may come, of any length up to 65,535.
    fn respond(&mut self, message: &[u8]) -> Reply;
}

/// A server's logic; it holds what all its talks share.
pub trait Service: Send + Sync {
    /// Begins a talk with `peer`. Over TCP that is a connection; over UDP, which has none, every datagram is
    /// a talk of its own, and what must outlive it is kept in the service, by peer and with a cap.
    fn open(&self, peer: SocketAddr) -> Box<dyn Conversation>;
}

/// A service that answers each message for itself and remembers nothing.
#[derive(Clone, Copy, Debug)]
pub struct Stateless(pub fn(&[u8]) -> Reply);

impl Service for Stateless {
    fn open(&self, _peer: SocketAddr) -> Box<dyn Conversation> {
        Box::new(*self)
    }
}

impl Conversation for Stateless {
    fn respond(&mut self, message: &[u8]) -> Reply {
        (self.0)(message)
    }
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
