//! What servers showed that they know, and what those who asked them may hold in their caches now.

mod learner;

use std::net::IpAddr;

use self::learner::Learner;
use super::{DnsMessage, DnsTransaction};
use crate::flow::PacketStamp;
use crate::proto::Protocol;
use crate::time::Timestamp;

/// Most servers, and most zones of each, that are told of: a resolver's busy minute has some hundreds.
pub const MAX_SERVERS: usize = 4096;
/// See [`MAX_SERVERS`].
pub const MAX_ZONES: usize = 256;

/// Most sets of records that caches hold, over all. Later ones are counted.
pub const MAX_HELD: usize = 100_000;

/// What the DNS messages of a capture taught.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Learnt {
    /// Servers, in the order of their first responses.
    pub servers: Vec<ServerKnew>,
    /// Caches of those who asked, in the order of their first answers.
    pub caches: Vec<Cache>,
    /// Servers, zones and sets of records that limits kept out.
    pub left_out: u64,
}

/// What a server showed that it knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerKnew {
    /// Its address.
    pub address: IpAddr,
    /// Its first response.
    pub first: PacketStamp,
    /// Zones, or where responses do not tell the zone, names, that it answered for with authority (AA).
    pub authority: Vec<Fact>,
    /// Zones that it referred to: it knows who serves them, and no more.
    pub referred: Vec<Fact>,
    /// How often it answered for others, having asked them or having a cache: without authority, recursion available.
    pub recursive: u64,
    /// How often it refused or failed.
    pub failed: u64,
}

/// A zone, and where it is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact {
    /// As in a master file.
    pub zone: String,
    /// The first packet that tells it.
    pub packet: PacketStamp,
    /// In how many responses.
    pub times: u64,
}

/// What may be in a cache when the capture ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cache {
    /// Whose.
    pub holder: IpAddr,
    /// The first response that told something.
    pub first: PacketStamp,
    /// What is not too old, in the order in which it came.
    pub held: Vec<Held>,
    /// Sets of records whose time is over.
    pub expired: u64,
}

/// A set of records, or the lack of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// The name, as in a master file.
    pub name: String,
    /// The type; 255 where nothing of the name exists.
    pub kind: u16,
    /// What is held.
    pub what: What,
    /// How far it is to be believed.
    pub credibility: Credibility,
    /// Seconds that it may be held, told by the response.
    pub ttl: u32,
    /// What is left of them when the capture ends, in seconds; unknown without times.
    pub left: Option<u32>,
    /// The packet with the response.
    pub packet: PacketStamp,
}

/// What a cache holds of a name and type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// So many records.
    Records(u64),
    /// The name has no such records (RFC 2308 section 5).
    NoData,
    /// The name does not exist.
    NxDomain,
}

/// How far records are to be believed, the least first (RFC 2181 section 5.4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Credibility {
    /// Additional records: glue. Good for asking a server, and not for answers.
    Additional,
    /// Whom a referral names, which the zone itself may say otherwise.
    Referral,
    /// The answer of somebody without authority.
    Answer,
    /// What a server with authority says of it beside its answer.
    AuthorityBeside,
    /// The answer of a server with authority.
    Authoritative,
}

impl Learnt {
    /// What `transactions` tell; `end` is when the capture ends. Multicast DNS is another matter: everybody answers for
    /// itself there.
    #[must_use]
    pub fn of<'a>(transactions: impl Iterator<Item = &'a DnsTransaction>, end: Option<Timestamp>) -> Self {
        let mut responses: Vec<(&DnsTransaction, &DnsMessage)> = transactions
            .filter(|one| one.protocol == Protocol::Dns && !one.is_unasked())
            .filter_map(|one| Some((one, one.response()?)))
            .collect();
        responses.sort_by_key(|(_, response)| response.at.number);
        let mut learner = Learner::default();
        for (one, response) in responses {
            learner.take(one, response);
        }
        learner.finish(end)
    }

    /// Whether there is nothing to tell.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.servers.is_empty()
    }
}
