//! The two resolvers of a usual path: a stub resolver on the host, which passes every question on, and behind it a recursive
//! one, which asks from the root's servers down, checks signatures and remembers.
//!
//! [`Resolvers`] adds both to the sockets of a [`crate::lab::dns::Internet`]: they are servers as the others are, but ask.
//! How a name is found out, and whether to believe it, is [`crate::dnstrace`]'s; here is what a client sees of it.

mod found;
mod kept;
mod memory;
mod recursive;
mod stub;
mod transport;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::atomic::AtomicBool;

use self::recursive::Recursive;
use self::stub::Stub;
use self::transport::Stoppable;
use crate::dnstrace::dnssec::Anchor;
use crate::dnstrace::{Asked, Domain};
use crate::lab::dns::{Answered, Answers, Asks, Carrier, Internet, Name, Question, Sockets};
use crate::lab::{LabError, Policy};

pub use self::kept::{MAX_ANSWERS, MAX_BYTES, MAX_CUTS, MAX_ZONES};
pub use self::recursive::{MAX_QUERIES, MAX_TIME};

/// The port of DNS.
const PORT: u16 = 53;

/// Datagrams that the recursive resolver finds out answers for at once. It answers all others at once, too: from its cache, or
/// that it has no time.
const MAX_ASKED: usize = 64;

/// Datagrams that the stub resolver has passed on at once: more than the other takes its time for, so that slow ones leave
/// room for those that are answered from the cache.
const MAX_PASSED_ON: usize = 2 * MAX_ASKED;

/// Where the two listen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Places {
    /// The stub resolver.
    pub stub: IpAddr,
    /// The recursive one.
    pub recursive: IpAddr,
}

impl Places {
    /// On loopback, beside the servers of [`crate::lab::dns::Addresses::Loopback`]: 127.53.0.53 and 127.53.0.54.
    pub const LOOPBACK: Self = Self {
        stub: IpAddr::V4(Ipv4Addr::new(127, 53, 0, 53)),
        recursive: IpAddr::V4(Ipv4Addr::new(127, 53, 0, 54)),
    };

    /// In a network of its own: 127.0.0.53, where systemd-resolved has its stub resolver, and 127.53.0.54.
    pub const OWN_NETWORK: Self = Self {
        stub: IpAddr::V4(Ipv4Addr::new(127, 0, 0, 53)),
        recursive: IpAddr::V4(Ipv4Addr::new(127, 53, 0, 54)),
    };
}

/// An internet's servers, and two resolvers that clients can ask.
#[derive(Debug)]
pub struct Resolvers<'a> {
    internet: &'a Internet,
    stub: Stub,
    recursive: Recursive,
    places: [SocketAddr; 2],
    policy: Policy,
}

impl<'a> Resolvers<'a> {
    /// Binds both to `places` and this port, beside the servers of `internet`, which are asked at the same port. To be served
    /// by [`Sockets::serve`] in the place of the internet.
    ///
    /// # Errors
    /// [`LabError`], as [`Sockets::bind`].
    pub fn bind(
        internet: &'a Internet,
        sockets: &mut Sockets,
        places: Places,
        port: u16,
    ) -> Result<Self, LabError> {
        let count = internet.servers().len();
        let places = [places.stub, places.recursive].map(|address| SocketAddr::new(address, port));
        for (number, place) in places.iter().enumerate() {
            sockets.add(count.saturating_add(number), *place)?;
        }
        let is_of_root = |at: &usize| internet.zones().get(*at).is_some_and(|zone| zone.apex.is_root());
        let roots = internet.servers().iter().filter(|server| server.zones.iter().any(is_of_root));
        let roots = roots.map(|server| SocketAddr::new(server.address, port)).collect();
        let anchor = internet.anchor().and_then(|key| Anchor::of_key(Domain::root(), key));
        let [_, recursive] = places;
        Ok(Self {
            internet,
            stub: Stub::new(recursive),
            recursive: Recursive::new(roots, port, anchor.into_iter().collect()),
            places,
            policy: sockets.policy(),
        })
    }

    /// Where the stub resolver listens.
    #[must_use]
    pub const fn stub(&self) -> SocketAddr {
        let [stub, _] = self.places;
        stub
    }

    /// Where the recursive one listens.
    #[must_use]
    pub const fn recursive(&self) -> SocketAddr {
        let [_, recursive] = self.places;
        recursive
    }
}

/// Binds both for a scene: at [`Places::LOOPBACK`], or at port 53, which a network of its own has free, at
/// [`Places::OWN_NETWORK`].
///
/// # Errors
/// [`LabError`], as [`Resolvers::bind`].
pub fn bind<'a>(
    internet: &'a Internet,
    sockets: &mut Sockets,
    port: u16,
) -> Result<(Box<dyn Answers + 'a>, [SocketAddr; 2]), LabError> {
    let places = if port == PORT { Places::OWN_NETWORK } else { Places::LOOPBACK };
    let resolvers = Resolvers::bind(internet, sockets, places, port)?;
    let places = resolvers.places;
    Ok((Box::new(resolvers), places))
}

impl Answers for Resolvers<'_> {
    fn answer(&self, place: usize, message: &[u8], carrier: Carrier, stop: &AtomicBool) -> Answered {
        let network = |own: SocketAddr| Stoppable::new(self.policy, own.ip(), stop);
        match place.checked_sub(self.internet.servers().len()) {
            None => Answers::answer(self.internet, place, message, carrier, stop),
            Some(0) => self.stub.answer(&mut network(self.stub()), message, carrier),
            Some(_) => self.recursive.answer(&mut network(self.recursive()), message, carrier),
        }
    }

    fn asks_others(&self, place: usize) -> Option<Asks> {
        match place.checked_sub(self.internet.servers().len())? {
            0 => Some(Asks { most: MAX_PASSED_ON, again: true }),
            _ => Some(Asks { most: MAX_ASKED, again: false }),
        }
    }

    fn answer_at_once(&self, place: usize, message: &[u8], carrier: Carrier) -> Option<Answered> {
        match place.checked_sub(self.internet.servers().len()) {
            None => self.internet.answer_at_once(place, message, carrier),
            Some(0) => None,
            Some(_) => self.recursive.answer_at_once(message, carrier),
        }
    }
}

/// A query's question as a resolver asks it; `None` where its name cannot be one.
fn asked(question: &Question) -> Option<Asked> {
    let name = Domain::of(&crate::proto::dns::Name::read(question.name.wire(), 0))?;
    Some(Asked { name, kind: question.kind.0 })
}

/// A name as zones have it.
fn zone_name(domain: &Domain) -> Option<Name> {
    Name::read(domain.wire()).map(|(name, _)| name)
}

#[cfg(test)]
mod tests;
