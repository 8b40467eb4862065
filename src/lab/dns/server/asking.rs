//! Datagrams that others are being asked for, so many at once.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::Asks;

/// A datagram that waits for its answer: who sent it, and its bytes.
type Datagram = (SocketAddr, Arc<[u8]>);

/// Those of one server.
#[derive(Debug, Default)]
pub(super) struct Asking(Mutex<Vec<Datagram>>);

/// What becomes of a datagram.
pub(super) enum Place<'a> {
    /// It has a place.
    Taken(Taken<'a>),
    /// The same datagram waits for its answer already: whoever asks twice gets that.
    Again,
    /// As many wait as there are places.
    None,
}

/// A place, given back when dropped.
pub(super) struct Taken<'a> {
    of: &'a Asking,
    datagram: Datagram,
}

impl Taken<'_> {
    /// The datagram's bytes.
    pub(super) fn message(&self) -> &[u8] {
        &self.datagram.1
    }

    /// Gives the place back, and the bytes.
    pub(super) fn leave(self) -> Arc<[u8]> {
        Arc::clone(&self.datagram.1)
    }
}

impl Asking {
    fn all(&self) -> MutexGuard<'_, Vec<Datagram>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A place for a datagram.
    pub(super) fn take(&self, peer: SocketAddr, message: &[u8], asks: Asks) -> Place<'_> {
        let mut all = self.all();
        if !asks.again && all.iter().any(|(other, bytes)| *other == peer && **bytes == *message) {
            return Place::Again;
        }
        if all.len() >= asks.most {
            return Place::None;
        }
        let datagram = (peer, Arc::from(message));
        all.push((peer, Arc::clone(&datagram.1)));
        Place::Taken(Taken { of: self, datagram })
    }
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        self.of.all().retain(|(_, bytes)| !Arc::ptr_eq(bytes, &self.datagram.1));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_asks_twice_has_one_place() {
        let asking = Asking::default();
        let two = Asks { most: 2, again: false };
        let [one, other]: [SocketAddr; 2] = ["127.0.0.1:1", "127.0.0.1:2"].map(|at| at.parse().unwrap());
        let Place::Taken(first) = asking.take(one, b"a", two) else { panic!() };
        assert_eq!(first.message(), b"a");
        assert!(matches!(asking.take(one, b"a", two), Place::Again));
        let Place::Taken(second) = asking.take(other, b"a", two) else { panic!() };
        assert!(matches!(asking.take(one, b"b", two), Place::None));
        assert!(matches!(asking.take(other, b"a", two), Place::Again));
        assert_eq!(*first.leave(), *b"a");
        assert!(matches!(asking.take(one, b"a", two), Place::Taken(_)));
        let Place::Taken(again) = asking.take(other, b"a", Asks { most: 3, again: true }) else { panic!() };
        drop((second, again));
        assert!(asking.all().is_empty());
    }
}
