//! TCP connections that a scene holds by itself, both ends in one thread: so that it decides who closes when, and how.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use nix::libc::linger;
use nix::sys::socket::{Backlog, listen, setsockopt, sockopt};

use super::{Bytes, Line, PATIENCE, Stage, Teller, What};
use crate::lab::{Ending, LabError, Transport};

/// Most bytes that one [`Wire::hear`] takes.
const MOST_HEARD: usize = 65_536;

/// How often it is looked whether something has come about.
pub(super) const LOOK: Duration = Duration::from_millis(5);

/// One end of a connection.
pub struct Wire {
    pub(super) who: String,
    pub(super) teller: Teller,
    stream: TcpStream,
    peer: SocketAddr,
    /// The other side has closed before this one.
    was_left: bool,
}

impl Stage {
    /// A socket that listens at `port`; so many connections wait to be taken, and one more. `room` is about how many bytes
    /// of each the system keeps unread, where that matters.
    ///
    /// # Errors
    /// [`LabError`], as for a lab's server.
    pub fn listen(
        &self,
        who: &str,
        port: u16,
        backlog: i32,
        room: Option<usize>,
    ) -> Result<(TcpListener, SocketAddr), LabError> {
        let wanted = self.at(port);
        self.how().policy.check(wanted.ip())?;
        let listener = match listener(wanted, backlog, room) {
            Err(error) if error.kind() == ErrorKind::AddrInUse && self.how().any_port => {
                listener(self.at(0), backlog, room)
            }
            listener => listener,
        };
        let listener = listener.map_err(LabError::io("listening failed on", wanted))?;
        let local = listener.local_addr().map_err(LabError::io("no address for", wanted))?;
        self.tell(who, What::Listening { local, transport: Transport::Tcp });
        Ok((listener, local))
    }

    /// Connects; the connection stands when this returns, whether anybody has taken it or not.
    ///
    /// # Errors
    /// [`LabError`].
    pub fn connect(&self, who: &str, server: SocketAddr) -> Result<Wire, LabError> {
        self.how().policy.check(server.ip())?;
        self.tell(who, What::Tries { server, transport: Transport::Tcp });
        let stream = TcpStream::connect_timeout(&server, PATIENCE).map_err(|error| match error.kind() {
            ErrorKind::ConnectionRefused => LabError::Refused(server),
            ErrorKind::TimedOut => LabError::NoConnection { server, within: PATIENCE },
            _ => LabError::io("connecting failed to", server)(error),
        });
        self.wire(who, stream?, server)
    }

    /// Takes the next connection.
    ///
    /// # Errors
    /// [`LabError::Io`].
    pub fn accept(&self, who: &str, listener: &TcpListener) -> Result<Wire, LabError> {
        let local = self.at(0);
        let (stream, peer) = listener.accept().map_err(LabError::io("accepting failed on", local))?;
        self.wire(who, stream, peer)
    }

    fn wire(&self, who: &str, stream: TcpStream, peer: SocketAddr) -> Result<Wire, LabError> {
        let set = |stream: &TcpStream| {
            stream.set_nodelay(true)?;
            stream.set_read_timeout(Some(PATIENCE))?;
            stream.set_write_timeout(Some(PATIENCE))?;
            stream.local_addr()
        };
        let local = set(&stream).map_err(LabError::io("setting up the connection failed to", peer))?;
        let wire = Wire { who: who.to_owned(), teller: self.teller(), stream, peer, was_left: false };
        wire.told(What::Opened { local, peer, transport: Transport::Tcp });
        Ok(wire)
    }
}

/// Like [`TcpListener::bind`], with a backlog of one's own, and room for so many bytes that nobody has read. Both can be
/// changed until the first client comes.
fn listener(address: SocketAddr, backlog: i32, room: Option<usize>) -> io::Result<TcpListener> {
    let listener = TcpListener::bind(address)?;
    if let Some(room) = room {
        setsockopt(&listener, sockopt::RcvBuf, &room)?;
    }
    listen(&listener, Backlog::new(backlog)?)?;
    Ok(listener)
}

impl Wire {
    fn told(&self, what: What) {
        (self.teller)(Line { who: self.who.clone(), aside: false, what });
    }

    /// Sends a text.
    ///
    /// # Errors
    /// [`LabError::Io`].
    pub fn say(&mut self, text: &[u8]) -> Result<(), LabError> {
        self.stream.write_all(text).map_err(LabError::io("sending failed to", self.peer))?;
        self.told(What::Sent { peer: self.peer, bytes: Bytes(text.to_vec()) });
        Ok(())
    }

    /// What one receive returns; empty when the other side has closed.
    ///
    /// # Errors
    /// [`LabError`]: nothing came, or the connection was reset.
    pub fn hear(&mut self) -> Result<Vec<u8>, LabError> {
        let mut buffer = vec![0; MOST_HEARD];
        let peer = self.peer;
        let length = self.stream.read(&mut buffer).map_err(|error| match error.kind() {
            ErrorKind::WouldBlock | ErrorKind::TimedOut => {
                LabError::NoReply { server: peer, within: PATIENCE }
            }
            ErrorKind::ConnectionReset => LabError::Hung { server: peer, reset: true },
            _ => LabError::io("receiving failed from", peer)(error),
        })?;
        buffer.truncate(length);
        self.was_left |= length == 0;
        if length > 0 {
            self.told(What::Received { peer, bytes: Bytes(buffer.clone()) });
        }
        Ok(buffer)
    }

    /// Waits until its system has so many bytes that it has not received yet.
    ///
    /// # Errors
    /// [`LabError`]: they do not come, or the connection broke.
    pub fn wait_for_unread(&self, length: usize) -> Result<(), LabError> {
        let mut buffer = vec![0; length];
        let end = Instant::now() + PATIENCE;
        while Instant::now() < end {
            let there =
                self.stream.peek(&mut buffer).map_err(LabError::io("receiving failed from", self.peer))?;
            if there >= length {
                return Ok(());
            }
            thread::sleep(LOOK);
        }
        Err(LabError::NoReply { server: self.peer, within: PATIENCE })
    }

    /// So many bytes, in as many receives as it takes.
    ///
    /// # Errors
    /// As [`Wire::hear`]; [`LabError::Hung`] where the other side closes before.
    pub fn hear_all(&mut self, mut length: usize) -> Result<(), LabError> {
        while length > 0 {
            let heard = self.hear()?.len();
            if heard == 0 {
                return Err(LabError::Hung { server: self.peer, reset: false });
            }
            length = length.saturating_sub(heard);
        }
        Ok(())
    }

    /// Has the reset arrived that the other side sent? Told as it is.
    ///
    /// # Errors
    /// [`LabError`]: something else came.
    pub fn hear_reset(mut self) -> Result<(), LabError> {
        match self.hear() {
            Err(LabError::Hung { reset: true, .. }) => {
                self.told(What::Closed { peer: self.peer, ending: Ending::Reset });
                Ok(())
            }
            Err(error) => Err(error),
            Ok(_) => Err(LabError::Hung { server: self.peer, reset: false }),
        }
    }

    /// Says that it will say nothing more (FIN), and still listens.
    ///
    /// # Errors
    /// [`LabError::Io`].
    pub fn half_close(&self) -> Result<(), LabError> {
        self.stream.shutdown(Shutdown::Write).map_err(LabError::io("closing failed to", self.peer))?;
        self.told(What::HalfClosed { peer: self.peer });
        Ok(())
    }

    /// Closes: with a FIN, unless that was sent already.
    pub fn close(self) {
        let ending = if self.was_left { Ending::ByPeer } else { Ending::ByUs };
        let (peer, who, teller) = (self.peer, self.who.clone(), self.teller.clone());
        drop(self);
        teller(Line { who, aside: false, what: What::Closed { peer, ending } });
    }

    /// Throws the connection away: with no time to linger, the system sends a RST instead of a FIN.
    ///
    /// # Errors
    /// [`LabError::Io`].
    pub fn reset(self) -> Result<(), LabError> {
        let now = linger { l_onoff: 1, l_linger: 0 };
        setsockopt(&self.stream, sockopt::Linger, &now)
            .map_err(|error| LabError::io("resetting failed to", self.peer)(error.into()))?;
        self.told(What::ThrownAway { peer: self.peer });
        Ok(())
    }
}
