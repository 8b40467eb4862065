//! What happened in a resolution: nothing here needs a live run, and nothing a capture.

use std::net::{IpAddr, SocketAddr};

use serde::{Deserialize, Serialize};

use super::{Domain, document};
use crate::proto::dns::{Damage, Message};
use crate::source::PacketNumber;
use crate::time::TimeDelta;

/// A resolution: all that was asked to find out one thing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DnsTrace {
    /// What was to be found out.
    pub asked: Asked,
    /// Where it began.
    pub start: Start,
    /// Every query and what came of it, in order; those to servers that failed, too.
    pub steps: Vec<Step>,
    /// Resolutions of the addresses of servers that no step came of.
    pub fruitless: Vec<DnsTrace>,
    /// How it ended.
    pub ending: Ending,
}

impl DnsTrace {
    /// A resolution that has not begun.
    #[must_use]
    pub fn new(asked: Asked) -> Self {
        Self {
            asked,
            start: Start::Root,
            steps: Vec::new(),
            fruitless: Vec::new(),
            ending: Ending::Unfinished,
        }
    }
}

/// A question of the Internet's class.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Asked {
    /// The name.
    pub name: Domain,
    /// The record type.
    pub kind: u16,
}

/// What the first step knew.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Start {
    /// Addresses of the root's servers, from a list or the command line, or asked for in the first step.
    Root,
    /// The servers of this zone, from before: what is above it was not asked again.
    Known(Domain),
}

/// A query, sent once or more to one server, and what came of it. A truncated response and the query over TCP behind it
/// are two.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// What was asked: behind an alias another name than the trace's. `. NS` of the first step where a resolution begins by
    /// asking for the root's servers.
    pub asked: Asked,
    /// Whether recursion was desired, as dig does in its first query.
    pub recursion_desired: bool,
    /// The zone that the server is one of.
    pub zone: Domain,
    /// Of a capture: nothing in it tells that zone.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub zone_guessed: bool,
    /// Who was asked.
    pub server: Server,
    /// By what it was asked.
    pub over: Over,
    /// How often the query was sent; 0 where it could not be.
    pub sent: u32,
    /// The response without the length that stands before it on a stream, as far as it is known.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "document::hex")]
    pub response: Option<Box<[u8]>>,
    /// How long the response is in bytes.
    pub size: Option<usize>,
    /// From the last query to the response, or until nobody waited any longer.
    #[serde(with = "document::nanos")]
    pub elapsed: Option<TimeDelta>,
    /// What it means.
    pub outcome: StepOutcome,
    /// Responses that did not fit, or came when there was one, and were ignored.
    pub ignored: Vec<Ignored>,
    /// Resolutions of the addresses of this zone's servers that had to come before.
    pub nested: Vec<DnsTrace>,
    /// Where it is in a capture.
    pub packets: Packets,
}

impl Step {
    /// The response, read as far as it is good.
    #[must_use]
    pub fn message(&self) -> Option<Message<'_>> {
        self.response.as_deref().map(Message::read)
    }

    /// Whether a recursive resolver was asked to find out: recursion was desired, and the response says that it is available.
    #[must_use]
    pub fn is_of_resolver(&self) -> bool {
        self.recursion_desired && self.recursion_available() == Some(true)
    }

    /// Whether the response says that recursion is available (RA).
    #[must_use]
    pub fn recursion_available(&self) -> Option<bool> {
        Some(self.message()?.header?.recursion_available())
    }
}

/// Numbers of packets; none of a live run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Packets {
    /// Those that complete the query and its repeats.
    pub queries: Vec<PacketNumber>,
    /// The one that completes the response.
    pub response: Option<PacketNumber>,
}

/// A name server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Server {
    /// Its name, where one is known.
    pub name: Option<Domain>,
    /// Its address and port.
    pub address: SocketAddr,
    /// How its address was known.
    pub known_by: KnownBy,
}

/// How the address of a server was known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum KnownBy {
    /// A list of the root's servers.
    Hint,
    /// Somebody named the address.
    Given,
    /// A response of a server of this zone brought it along.
    Glue(Domain),
    /// It was looked up: a nested resolution of this step or an earlier one.
    LookedUp,
    /// From before what was seen.
    Unknown,
}

/// By what a message goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Over {
    /// A datagram.
    Udp,
    /// A connection.
    Tcp,
}

/// What a response means to who asked a server of a zone, or why there is none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum StepOutcome {
    /// Records of the type that was asked for, at the end of these aliases.
    Answer {
        /// The server has authority (AA).
        authoritative: bool,
        /// Aliases before it, all of the server's zone.
        aliases: Vec<Alias>,
    },
    /// The name is another's alias, which another question has to be asked for.
    Alias {
        /// The server has authority (AA).
        authoritative: bool,
        /// One or more.
        aliases: Vec<Alias>,
    },
    /// Other servers know more.
    Referral(Referral),
    /// The name exists, records of this type do not.
    NoData {
        /// The server has authority (AA).
        authoritative: bool,
        /// Aliases that lead to the name.
        aliases: Vec<Alias>,
        /// Seconds that this may be remembered (RFC 2308 section 5); unknown without a SOA record.
        ttl: Option<u32>,
    },
    /// The name does not exist.
    NxDomain {
        /// The server has authority (AA).
        authoritative: bool,
        /// Aliases that lead to the name.
        aliases: Vec<Alias>,
        /// Seconds that this may be remembered.
        ttl: Option<u32>,
    },
    /// The server does not serve the zone that it was named for.
    Lame {
        /// The zone above, which it refers to.
        refers_to: Option<Domain>,
    },
    /// It refers to a zone that the name is not in, or that is not below its own.
    BadReferral(Domain),
    /// It refers to its own zone.
    SidewaysReferral(Domain),
    /// Aliases lead back to one of them.
    AliasLoop(Vec<Alias>),
    /// A response code without an answer: 5 REFUSED, 2 SERVFAIL, and others.
    Failed(u16),
    /// The answer is about another name than was asked for.
    Unrelated,
    /// It did not fit into a datagram.
    Truncated,
    /// It cannot be read to its end. No document has it: servers of our own send whole messages.
    #[serde(skip)]
    Damaged(Damage),
    /// Only responses came that do not fit the query: [`Step::ignored`] has them.
    Mismatch,
    /// Nothing came in time.
    TimeOut,
    /// The host or the network says that nobody is there, or the connection broke.
    Unreachable(String),
    /// The query was not sent, since only this machine's own addresses are allowed.
    NotAllowed,
}

impl StepOutcome {
    /// One word for it, as JSON has it.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Answer { .. } => "answer",
            Self::Alias { .. } => "alias",
            Self::Referral(_) => "referral",
            Self::NoData { .. } => "nodata",
            Self::NxDomain { .. } => "nxdomain",
            Self::Lame { .. } => "lame",
            Self::BadReferral(_) => "bad_referral",
            Self::SidewaysReferral(_) => "sideways_referral",
            Self::AliasLoop(_) => "alias_loop",
            Self::Failed(2) => "servfail",
            Self::Failed(5) => "refused",
            Self::Failed(_) => "error",
            Self::Unrelated => "unrelated",
            Self::Truncated => "truncated",
            Self::Damaged(_) => "damaged",
            Self::Mismatch => "mismatch",
            Self::TimeOut => "timeout",
            Self::Unreachable(_) => "unreachable",
            Self::NotAllowed => "not_allowed",
        }
    }

    /// Whether the resolution goes on from it or ends with it; after every other outcome the next server is asked.
    #[must_use]
    pub const fn is_useful(&self) -> bool {
        matches!(
            self,
            Self::Answer { .. }
                | Self::Alias { .. }
                | Self::Referral(_)
                | Self::NoData { .. }
                | Self::NxDomain { .. }
                | Self::AliasLoop(_)
        )
    }
}

/// A name that stands for another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alias {
    /// The alias.
    pub from: Domain,
    /// What it stands for.
    pub to: Domain,
    /// By which record.
    pub kind: AliasKind,
}

/// What makes an alias.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum AliasKind {
    /// A record of the name itself (RFC 1035 section 3.3.1).
    Cname,
    /// A record of a name above (RFC 6672).
    Dname,
}

/// Other servers that know more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Referral {
    /// The zone that they serve.
    pub zone: Domain,
    /// The servers, in the order of the response.
    pub servers: Vec<NameServer>,
    /// Servers beyond [`super::MAX_SERVERS`], left out.
    pub left_out: usize,
    /// Additional address records that nobody asked for: of a name that is no server's.
    pub stray: usize,
}

/// A server that a referral names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NameServer {
    /// Its name.
    pub name: Domain,
    /// Addresses that came along and may be believed.
    pub glue: Vec<IpAddr>,
    /// Addresses that came along although who told them has no say in that name.
    pub outside: Vec<IpAddr>,
}

/// A response that was ignored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ignored {
    /// Who sent it.
    pub from: SocketAddr,
    /// Why it does not fit.
    pub why: Misfit,
    /// The packet of a capture that completes it.
    pub packet: Option<PacketNumber>,
}

/// Why a message is no response to a query.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Misfit {
    /// It came from another address or port.
    Source,
    /// It has no header, or is itself a query.
    NoResponse,
    /// It has another id.
    Id(u16),
    /// It repeats another question, or none where it would have to.
    Question,
    /// It fits, and came when there was a response already. Of a capture only: a live run has stopped listening.
    Again,
}

/// How a resolution ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Ending {
    /// With records.
    Answer,
    /// The name exists, records of this type do not.
    NoData,
    /// The name does not exist.
    NxDomain,
    /// Aliases lead in a circle.
    AliasLoop,
    /// No server of this zone gave an answer that is of use.
    NoServer(Domain),
    /// The address of a server could only be found out by asking that server.
    Circle(Domain),
    /// A budget was spent.
    Spent(Budget),
    /// What was seen ends here.
    Unfinished,
}

/// What bounds a resolution.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Budget {
    /// Resolutions within resolutions.
    Depth,
    /// Aliases followed.
    Aliases,
    /// Queries, over all.
    Queries,
    /// Time, over all.
    Time,
}

impl Ending {
    /// One word for it, as JSON has it.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Answer => "answer",
            Self::NoData => "nodata",
            Self::NxDomain => "nxdomain",
            Self::AliasLoop => "alias_loop",
            Self::NoServer(_) => "no_server",
            Self::Circle(_) => "circle",
            Self::Spent(Budget::Depth) => "depth_budget_spent",
            Self::Spent(Budget::Aliases) => "alias_budget_spent",
            Self::Spent(Budget::Queries) => "query_budget_spent",
            Self::Spent(Budget::Time) => "time_budget_spent",
            Self::Unfinished => "unfinished",
        }
    }
}
