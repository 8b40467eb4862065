//! What DNS servers know and caches hold, as JSON: in `explain --json`.

use std::net::IpAddr;

use serde::Serialize;

use super::super::dns::type_text;
use crate::report::dns::{Cache, Credibility, Fact, Held, Learnt, ServerKnew, What};
use crate::source::PacketNumber;

/// What DNS messages taught.
#[derive(Serialize)]
pub(super) struct LearntJson {
    servers: Vec<ServerJson>,
    caches: Vec<CacheJson>,
    /// Servers, zones and sets that limits kept out.
    #[serde(skip_serializing_if = "super::is_default")]
    left_out: u64,
}

#[derive(Serialize)]
struct ServerJson {
    address: IpAddr,
    /// Zones that it answers for with authority.
    authority: Vec<FactJson>,
    /// Zones that it refers to.
    refers_to: Vec<FactJson>,
    /// Answers without authority, recursion available.
    recursive_answers: u64,
    /// Response codes other than NOERROR and NXDOMAIN.
    failures: u64,
}

#[derive(Serialize)]
struct FactJson {
    zone: String,
    first_packet: PacketNumber,
    responses: u64,
}

#[derive(Serialize)]
struct CacheJson {
    holder: IpAddr,
    held: Vec<HeldJson>,
    expired: u64,
}

#[derive(Serialize)]
struct HeldJson {
    name: String,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    kind: Option<String>,
    /// `records`, `nodata`, `nxdomain`.
    what: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    records: Option<u64>,
    /// `authoritative`, `authority_beside`, `answer`, `referral`, `additional`.
    credibility: &'static str,
    ttl: u32,
    /// Seconds that are left when the capture ends.
    #[serde(skip_serializing_if = "Option::is_none")]
    ttl_left: Option<u32>,
    packet: PacketNumber,
}

impl LearntJson {
    pub(super) fn new(learnt: &Learnt) -> Self {
        Self {
            servers: learnt.servers.iter().map(ServerJson::new).collect(),
            caches: learnt.caches.iter().map(CacheJson::new).collect(),
            left_out: learnt.left_out,
        }
    }
}

impl ServerJson {
    fn new(server: &ServerKnew) -> Self {
        let facts = |facts: &[Fact]| facts.iter().map(FactJson::new).collect();
        Self {
            address: server.address,
            authority: facts(&server.authority),
            refers_to: facts(&server.referred),
            recursive_answers: server.recursive,
            failures: server.failed,
        }
    }
}

impl FactJson {
    fn new(fact: &Fact) -> Self {
        Self { zone: fact.zone.clone(), first_packet: fact.packet.number, responses: fact.times }
    }
}

impl CacheJson {
    fn new(cache: &Cache) -> Self {
        let held = cache.held.iter().map(HeldJson::new).collect();
        Self { holder: cache.holder, held, expired: cache.expired }
    }
}

impl HeldJson {
    fn new(held: &Held) -> Self {
        let (what, records) = match held.what {
            What::Records(number) => ("records", Some(number)),
            What::NoData => ("nodata", None),
            What::NxDomain => ("nxdomain", None),
        };
        Self {
            name: held.name.clone(),
            kind: (held.what != What::NxDomain).then(|| type_text(held.kind)),
            what,
            records,
            credibility: match held.credibility {
                Credibility::Authoritative => "authoritative",
                Credibility::AuthorityBeside => "authority_beside",
                Credibility::Answer => "answer",
                Credibility::Referral => "referral",
                Credibility::Additional => "additional",
            },
            ttl: held.ttl,
            ttl_left: held.left,
            packet: held.packet.number,
        }
    }
}
