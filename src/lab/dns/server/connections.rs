//! Connections of servers, so many at once: where one more comes, the one that has been of no use for longest goes.

use std::io;
use std::net::{Shutdown, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// Connections at once: a class of resolvers fits, and each is short.
pub(super) const MAX_CONNECTIONS: usize = 64;

/// Most threads of connections, those included that were closed a moment ago and whose thread has yet to notice.
const MAX_THREADS: usize = 2 * MAX_CONNECTIONS;

/// The connections of one or several servers.
#[derive(Debug, Default)]
pub(super) struct Connections {
    open: Mutex<Vec<Connection>>,
    /// Places that were given and not given back.
    threads: AtomicUsize,
}

#[derive(Debug)]
struct Connection {
    stream: Arc<TcpStream>,
    /// When it came, or its last question was answered.
    since: Instant,
    /// Its question is being answered.
    is_asking: bool,
}

/// A connection's place among them, given back when dropped.
pub(super) struct Seat<'a> {
    of: &'a Connections,
    stream: Arc<TcpStream>,
}

impl Connections {
    fn open(&self) -> MutexGuard<'_, Vec<Connection>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A place for a connection that came, if need be that of the one that has waited for longest without a whole question
    /// (RFC 7766 section 6.2.3): also of one that sends a byte now and then. `None` where all are being answered.
    pub(super) fn admit(&self, stream: TcpStream) -> Option<Seat<'_>> {
        let mut open = self.open();
        if open.len() >= MAX_CONNECTIONS && !close_idlest(&mut open) {
            return None;
        }
        let stream = Arc::new(stream);
        open.push(Connection { stream: Arc::clone(&stream), since: Instant::now(), is_asking: false });
        self.threads.fetch_add(1, Ordering::AcqRel);
        Some(Seat { of: self, stream })
    }

    /// Whether so many were closed to make room whose threads have yet to notice, that no other is to be let in for a moment.
    pub(super) fn are_leaving(&self) -> bool {
        self.threads.load(Ordering::Acquire) >= MAX_THREADS
    }

    /// Closes the one that would have to go next, where the system has no room for more.
    pub(super) fn make_room(&self) -> bool {
        close_idlest(&mut self.open())
    }
}

/// Whether there was one that could be closed.
fn close_idlest(open: &mut Vec<Connection>) -> bool {
    let waiting = open.iter().enumerate().filter(|(_, connection)| !connection.is_asking);
    let Some((at, _)) = waiting.min_by_key(|(_, connection)| connection.since) else { return false };
    // Its thread reads the end, and is gone. Where that fails the connection has ended by itself.
    let _ = open.swap_remove(at).stream.shutdown(Shutdown::Both);
    true
}

impl Seat<'_> {
    /// The connection.
    pub(super) fn stream(&self) -> &TcpStream {
        &self.stream
    }

    /// A whole question is there: from now on it is not closed to make room.
    ///
    /// # Errors
    /// It was closed a moment ago.
    pub(super) fn asks(&self) -> io::Result<()> {
        self.change(true)
    }

    /// The question is answered.
    ///
    /// # Errors
    /// As [`Seat::asks`].
    pub(super) fn is_answered(&self) -> io::Result<()> {
        self.change(false)
    }

    fn change(&self, is_asking: bool) -> io::Result<()> {
        let mut open = self.of.open();
        let own = open.iter_mut().find(|connection| Arc::ptr_eq(&connection.stream, &self.stream));
        let own = own.ok_or(io::ErrorKind::ConnectionAborted)?;
        (own.is_asking, own.since) = (is_asking, Instant::now());
        Ok(())
    }
}

impl Drop for Seat<'_> {
    fn drop(&mut self) {
        let mut open = self.of.open();
        open.retain(|connection| !Arc::ptr_eq(&connection.stream, &self.stream));
        self.of.threads.fetch_sub(1, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;
    use std::net::{Ipv4Addr, TcpListener};

    use super::*;

    /// A connection: the client's end, and the server's.
    fn pair(listener: &TcpListener) -> (TcpStream, TcpStream) {
        let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        (client, listener.accept().unwrap().0)
    }

    #[test]
    fn the_one_without_a_question_for_longest_makes_room() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let connections = Connections::default();
        let mut clients = Vec::new();
        let mut seats = Vec::new();
        for _ in 0..MAX_CONNECTIONS {
            let (client, server) = pair(&listener);
            clients.push(client);
            seats.push(connections.admit(server).unwrap());
        }
        // The first asks and is answered, the second is being answered.
        seats[0].asks().unwrap();
        seats[0].is_answered().unwrap();
        seats[1].asks().unwrap();
        let (_late, server) = pair(&listener);
        let late = connections.admit(server).unwrap();
        assert_eq!(clients[2].read(&mut [0]).unwrap(), 0);
        assert!(seats[2].asks().is_err());
        assert!(seats[0].asks().is_ok() && seats[1].is_answered().is_ok() && late.asks().is_ok());
        assert_eq!(connections.open().len(), MAX_CONNECTIONS);
        // Where all are being answered nobody is closed.
        for seat in seats.iter().skip(3) {
            seat.asks().unwrap();
        }
        seats[1].asks().unwrap();
        let (mut later, server) = pair(&listener);
        assert!(connections.admit(server).is_none());
        assert_eq!(later.read(&mut [0]).unwrap(), 0);
        drop((seats, late));
        assert_eq!((connections.open().len(), connections.threads.load(Ordering::Acquire)), (0, 0));
    }

    #[test]
    fn threads_that_have_yet_to_notice_are_counted() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let connections = Connections::default();
        let mut seats = Vec::new();
        for _ in 0..MAX_THREADS {
            assert!(!connections.are_leaving());
            seats.push(connections.admit(pair(&listener).1).unwrap());
        }
        assert!(connections.are_leaving());
        seats.pop();
        assert!(!connections.are_leaving());
    }
}
