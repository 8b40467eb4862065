//! Resolutions found again in the DNS transactions of a capture.
//!
//! [`rebuild`] goes through queries and responses in the order of their packets. Of each query it asks whose step it is: a
//! question that is under way, the address of a server that a referral named, a longer name under one that was asked for
//! first (RFC 9156), or the beginning of something. Which zone a server is asked as a server of follows from what
//! responses have said before. A response that no query is for goes with the query that it came too late or too wrong for.

mod finish;
mod known;
mod part;
mod story;
mod stray;
mod zone;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use self::story::Storyteller;
use super::{Asked, DnsTrace};
use crate::decode::Endpoint;
use crate::proto::Protocol;
use crate::report::dns::DnsTransaction;
use crate::source::PacketNumber;
use crate::time::TimeDelta;

/// Most resolutions that are kept: those of a busy resolver in a minute. Transactions that would begin more are counted.
pub const MAX_TRACES: usize = 50_000;

/// Most steps of one resolution: budgets of resolvers are far below.
pub const MAX_STEPS: usize = 1024;

/// Most bytes of responses that steps keep, over all: they are kept by their transactions already.
pub const MAX_STEP_BYTES: usize = 128 << 20;

/// Resolutions within resolutions, at most: resolvers stop before.
pub const MAX_NESTED: usize = 8;

const NS: u16 = 2;
const DS: u16 = 43;
const DNSKEY: u16 = 48;

/// The resolutions of a capture.
#[derive(Clone, Debug, Default)]
pub struct Rebuilt {
    /// Each that is not part of another, in the order of their first packets.
    pub traces: Vec<Resolution>,
    /// Questions that a resolver answered without asking anybody.
    pub cached: Vec<ClientSide>,
    /// Transactions that limits kept out.
    pub left_out: u64,
}

/// A resolution, and who wanted it.
#[derive(Clone, Debug)]
pub struct Resolution {
    /// Who asked the servers.
    pub resolver: IpAddr,
    /// Of a recursive resolver: the question that was put to it.
    pub client: Option<ClientSide>,
    /// Servers were first asked for the end of the name only (RFC 9156).
    pub minimised: bool,
    /// It asks for keys or DS records, while the same resolver has this to find out: to check its signatures.
    pub to_check: Option<Asked>,
    /// What an alias leads to was answered to the client, and nobody was asked for it: it was remembered.
    pub rest_remembered: bool,
    /// Where it did not begin at the root: the packet of this capture that named the servers it began with.
    pub told: Option<PacketNumber>,
    /// Where it did not begin at the root: nothing but the name, or what the first response refers to, tells which zone its
    /// server is one of.
    pub guessed: bool,
    /// The steps.
    pub trace: DnsTrace,
    /// Places of its transactions, those of the client and of nested resolutions among them.
    pub places: Vec<usize>,
}

impl Resolution {
    /// Whether it begins as dig's do: somebody was asked for the root's servers, with recursion, or a resolver was without.
    #[must_use]
    pub fn is_like_dig(&self) -> bool {
        let first = self.trace.steps.first();
        let is_of_root = first.filter(|step| step.asked.name.is_root() && step.asked.kind == NS);
        is_of_root.is_some_and(|step| step.recursion_desired || step.recursion_available() == Some(true))
    }

    /// Whether it asks for keys or DS records although nobody is seen to want them: to check signatures.
    #[must_use]
    pub fn is_for_checks(&self) -> bool {
        self.client.is_none() && matches!(self.trace.asked.kind, DS | DNSKEY)
    }
}

/// A question that was put to a recursive resolver, and its answer.
#[derive(Clone, Debug)]
pub struct ClientSide {
    /// Who asked.
    pub client: Endpoint,
    /// The resolver.
    pub resolver: Endpoint,
    /// What.
    pub asked: Asked,
    /// The packet with the query.
    pub query: PacketNumber,
    /// The packet with the response.
    pub response: Option<PacketNumber>,
    /// From the query to the response.
    pub elapsed: Option<TimeDelta>,
    /// What the response says: [`crate::report::dns::DnsOutcome::name`].
    pub outcome: &'static str,
    /// The transaction's place.
    pub place: usize,
    /// Whose question it passes on, where the client is itself a resolver that was asked: the nearest first.
    pub on_behalf_of: Vec<ClientSide>,
}

/// Who sends queries. What a program that asks its own host has as its address is the system's choice: 127.0.0.1, `::1`, or
/// the address of the server. Another address of loopback is one that somebody chose to be: a resolver's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Who {
    Here,
    Host(IpAddr),
}

impl Who {
    fn of(transaction: &DnsTransaction) -> Self {
        let client = transaction.client.addr;
        if client == transaction.server.addr { Self::Here } else { Self::at(client) }
    }

    fn at(address: IpAddr) -> Self {
        let is_usual = [IpAddr::from(Ipv4Addr::LOCALHOST), Ipv6Addr::LOCALHOST.into()].contains(&address);
        if is_usual { Self::Here } else { Self::Host(address) }
    }

    const fn is_of_loopback(self) -> bool {
        match self {
            Self::Here => true,
            Self::Host(address) => address.is_loopback(),
        }
    }
}

/// Finds the resolutions in the transactions of a capture, which stand in the order of their first packets.
#[must_use]
pub fn rebuild(transactions: &[DnsTransaction]) -> Rebuilt {
    let mut moments: Vec<(PacketNumber, bool, usize)> = Vec::new();
    for (place, one) in transactions.iter().enumerate().filter(|(_, one)| one.protocol == Protocol::Dns) {
        // What was answered only is no step of anybody that is known.
        let Some(query) = one.queries.first() else { continue };
        moments.push((query.at.number, false, place));
        moments.extend(one.response().map(|response| (response.at.number, true, place)));
    }
    moments.sort_unstable();
    let mut teller = Storyteller::new(transactions);
    for (_, is_response, place) in moments {
        if is_response {
            teller.response(place);
        } else {
            teller.query(place);
        }
    }
    teller.finish()
}

#[cfg(test)]
mod tests;
