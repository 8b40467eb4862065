//! What hosts do beside their conversations, as JSON: `explain --json`.

use std::io::{self, Write};
use std::net::IpAddr;

use serde::Serialize;

use super::escape::write_pretty;
use super::flow::{Flows, StampJson};
use super::learnt::LearntJson;
use super::{FLOWS_SCHEMA, Nanos, Text, is_default};
use crate::proto::dhcp::kind_name;
use crate::render::format::Mac;
use crate::render::safe::Safe;
use crate::report::Told;
use crate::report::dns::Learnt;
use crate::report::lan::{
    Claim, DhcpExchange, DhcpKind, EchoRun, FragmentedDatagram, Hop, Lan, Lookup, OddKind, Oddity, ProbeKind,
    Reached, Resolutions, Router, Trace,
};
use crate::source::PacketNumber;

/// Writes what [`super::write_flows_json`] does, and beside `flows` a key for each kind of thing that `lan` has: `arp`,
/// `neighbours`, `routers`, `dhcp`, `pings`, `traceroutes`, `fragments`, each in the order of first packets; `dns` is what
/// servers know and caches hold.
///
/// # Errors
/// Those of `out`.
pub fn write_explain_json<W: Write>(
    out: &mut W,
    flows: &[Told<'_>],
    lan: &Lan,
    learnt: &Learnt,
    show_secrets: bool,
) -> io::Result<()> {
    #[derive(Serialize)]
    struct Document<'a> {
        schema: &'static str,
        flows: Flows<'a>,
        #[serde(skip_serializing_if = "Option::is_none")]
        arp: Option<ResolutionsJson>,
        #[serde(skip_serializing_if = "Option::is_none")]
        neighbours: Option<ResolutionsJson>,
        #[serde(skip_serializing_if = "Vec::is_empty")]
        routers: Vec<RouterJson>,
        #[serde(skip_serializing_if = "Vec::is_empty")]
        dhcp: Vec<DhcpJson>,
        #[serde(skip_serializing_if = "Vec::is_empty")]
        pings: Vec<PingJson>,
        #[serde(skip_serializing_if = "Vec::is_empty")]
        traceroutes: Vec<TraceJson>,
        #[serde(skip_serializing_if = "Vec::is_empty")]
        fragments: Vec<DatagramJson>,
        #[serde(skip_serializing_if = "Option::is_none")]
        dns: Option<LearntJson>,
        /// Packets of these kinds that a limit kept out.
        #[serde(skip_serializing_if = "is_default")]
        not_looked_at: u64,
    }
    let table = |table: &Resolutions| (!table.is_empty()).then(|| ResolutionsJson::new(table));
    let document = Document {
        schema: FLOWS_SCHEMA,
        flows: Flows(flows, show_secrets),
        arp: table(&lan.arp),
        neighbours: table(&lan.neighbours),
        routers: lan.routers.iter().map(RouterJson::new).collect(),
        dhcp: lan.dhcp.iter().map(DhcpJson::new).collect(),
        pings: lan.pings.iter().map(PingJson::new).collect(),
        traceroutes: lan.traces.iter().map(TraceJson::new).collect(),
        fragments: lan.fragments.iter().map(DatagramJson::new).collect(),
        dns: (!learnt.is_empty()).then(|| LearntJson::new(learnt)),
        not_looked_at: lan.left_out,
    };
    write_pretty(&mut *out, &document)?;
    out.write_all(b"\n")
}

fn mac(mac: [u8; 6]) -> Text<Mac> {
    Text(Mac(mac))
}

fn text(bytes: &[u8]) -> String {
    Safe(bytes).to_string()
}

/// Questions and owners of one protocol.
#[derive(Debug, Serialize)]
struct ResolutionsJson {
    lookups: Vec<LookupJson>,
    addresses: Vec<ClaimJson>,
    /// Answers to no question in the capture.
    #[serde(skip_serializing_if = "is_default")]
    unasked_answers: u64,
    /// Messages that are not as they should be.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    odd: Vec<OddityJson>,
}

#[derive(Debug, Serialize)]
struct OddityJson {
    /// `other_sender` or `hop_limit`.
    kind: &'static str,
    address: IpAddr,
    #[serde(skip_serializing_if = "Option::is_none")]
    mac: Option<Text<Mac>>,
    /// The link-layer address that the frame came from, where it is another.
    #[serde(skip_serializing_if = "Option::is_none")]
    frame_mac: Option<Text<Mac>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hop_limit: Option<u8>,
    first: StampJson,
    packets: u64,
}

impl OddityJson {
    fn new(odd: &Oddity) -> Self {
        let (kind, frame_mac, hop_limit) = match odd.kind {
            OddKind::OtherSender(frame) => ("other_sender", Some(mac(frame)), None),
            OddKind::HopLimit(limit) => ("hop_limit", None, Some(limit)),
        };
        Self {
            kind,
            address: odd.addr,
            mac: odd.mac.map(mac),
            frame_mac,
            hop_limit,
            first: StampJson::new(odd.first),
            packets: odd.packets,
        }
    }
}

impl ResolutionsJson {
    fn new(table: &Resolutions) -> Self {
        Self {
            lookups: table.lookups().iter().map(LookupJson::new).collect(),
            addresses: table.claims().iter().map(ClaimJson::new).collect(),
            unasked_answers: table.unasked().0,
            odd: table.oddities().iter().map(OddityJson::new).collect(),
        }
    }
}

#[derive(Debug, Serialize)]
struct LookupJson {
    /// Left out of a probe: whether the address is free.
    #[serde(skip_serializing_if = "Option::is_none")]
    asker: Option<IpAddr>,
    #[serde(skip_serializing_if = "Option::is_none")]
    asker_mac: Option<Text<Mac>>,
    target: IpAddr,
    asked: u64,
    answered: u64,
    first: StampJson,
    last: StampJson,
    #[serde(skip_serializing_if = "Option::is_none")]
    answer: Option<AnswerJson>,
}

#[derive(Debug, Serialize)]
struct AnswerJson {
    packet: PacketNumber,
    #[serde(skip_serializing_if = "Option::is_none")]
    mac: Option<Text<Mac>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    after_ns: Option<Nanos>,
}

impl LookupJson {
    fn new(lookup: &Lookup) -> Self {
        let answer = lookup.answer.map(|answer| AnswerJson {
            packet: answer.at.number,
            mac: answer.mac.map(mac),
            after_ns: answer.time.map(Nanos),
        });
        Self {
            asker: (!lookup.is_probe()).then_some(lookup.asker),
            asker_mac: lookup.asker_mac.map(mac),
            target: lookup.target,
            asked: lookup.asked,
            answered: lookup.answered,
            first: StampJson::new(lookup.first),
            last: StampJson::new(lookup.last),
            answer,
        }
    }
}

#[derive(Debug, Serialize)]
struct ClaimJson {
    address: IpAddr,
    owners: Vec<OwnerJson>,
    /// Times that it was told to all without being asked, by any of them.
    #[serde(skip_serializing_if = "is_default")]
    announced: u64,
}

#[derive(Debug, Serialize)]
struct OwnerJson {
    mac: Text<Mac>,
    packets: u64,
    first_packet: PacketNumber,
    last_packet: PacketNumber,
    /// Times that it told all without being asked, and the first packet that did.
    #[serde(skip_serializing_if = "is_default")]
    announced: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    announced_in: Option<PacketNumber>,
}

impl ClaimJson {
    fn new(claim: &Claim) -> Self {
        let owners = claim.owners.iter().map(|owner| OwnerJson {
            mac: mac(owner.mac),
            packets: owner.packets,
            first_packet: owner.first.number,
            last_packet: owner.last.number,
            announced: owner.announced,
            announced_in: owner.announcement.map(|at| at.number),
        });
        let announced = claim.owners.iter().map(|owner| owner.announced).fold(0, u64::saturating_add);
        Self { address: claim.addr, owners: owners.collect(), announced }
    }
}

#[derive(Debug, Serialize)]
struct RouterJson {
    address: IpAddr,
    #[serde(skip_serializing_if = "Option::is_none")]
    mac: Option<Text<Mac>>,
    advertisements: u64,
    first: StampJson,
    last: StampJson,
    lifetime_seconds: u16,
    hop_limit: u8,
    managed: bool,
    other: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    mtu: Option<u32>,
    prefixes: Vec<PrefixJson>,
    name_servers: Vec<IpAddr>,
}

#[derive(Debug, Serialize)]
struct PrefixJson {
    address: IpAddr,
    length: u8,
    on_link: bool,
    autonomous: bool,
    valid_seconds: u32,
    preferred_seconds: u32,
}

impl RouterJson {
    fn new(router: &Router) -> Self {
        let prefixes = router.prefixes.iter().map(|prefix| PrefixJson {
            address: prefix.addr.into(),
            length: prefix.len,
            on_link: prefix.on_link,
            autonomous: prefix.autonomous,
            valid_seconds: prefix.valid,
            preferred_seconds: prefix.preferred,
        });
        Self {
            address: router.addr,
            mac: router.mac.map(mac),
            advertisements: router.advertisements,
            first: StampJson::new(router.first),
            last: StampJson::new(router.last),
            lifetime_seconds: router.lifetime,
            hop_limit: router.hop_limit,
            managed: router.managed,
            other: router.other,
            mtu: router.mtu,
            prefixes: prefixes.collect(),
            name_servers: router.name_servers.iter().copied().map(IpAddr::from).collect(),
        }
    }
}

#[derive(Debug, Serialize)]
struct DhcpJson {
    transaction_id: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_mac: Option<Text<Mac>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    host_name: Option<String>,
    messages: Vec<DhcpStepJson>,
    #[serde(skip_serializing_if = "is_default")]
    more_messages: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    lease: Option<LeaseJson>,
    servers: Vec<IpAddr>,
    /// What the server says of its refusal.
    #[serde(skip_serializing_if = "Option::is_none")]
    refusal: Option<String>,
    /// What is wrong with the options of a message.
    #[serde(skip_serializing_if = "Option::is_none")]
    damage: Option<DhcpDamageJson>,
}

#[derive(Debug, Serialize)]
struct DhcpDamageJson {
    packet: PacketNumber,
    words: String,
}

#[derive(Debug, Serialize)]
struct DhcpStepJson {
    packet: PacketNumber,
    /// Of plain BOOTP left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    kind: Option<u8>,
    name: &'static str,
    from_client: bool,
    from: IpAddr,
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<IpAddr>,
    #[serde(skip_serializing_if = "Option::is_none")]
    server: Option<IpAddr>,
    #[serde(skip_serializing_if = "Option::is_none")]
    relay: Option<IpAddr>,
    #[serde(skip_serializing_if = "Option::is_none")]
    after_ns: Option<Nanos>,
    #[serde(skip_serializing_if = "is_default")]
    again: bool,
}

#[derive(Debug, Serialize)]
struct LeaseJson {
    packet: PacketNumber,
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<IpAddr>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mask: Option<IpAddr>,
    routers: Vec<IpAddr>,
    name_servers: Vec<IpAddr>,
    #[serde(skip_serializing_if = "Option::is_none")]
    domain: Option<String>,
    /// 4294967295 stands for ever.
    #[serde(skip_serializing_if = "Option::is_none")]
    seconds: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    renewal_seconds: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    server: Option<IpAddr>,
}

impl DhcpJson {
    fn new(exchange: &DhcpExchange) -> Self {
        let messages = exchange.steps.iter().map(|step| {
            let (kind, name) = match step.kind {
                DhcpKind::Dhcp(code) => (Some(code), kind_name(code).unwrap_or("unknown")),
                DhcpKind::BootRequest => (None, "BOOTP request"),
                DhcpKind::BootReply => (None, "BOOTP reply"),
            };
            DhcpStepJson {
                packet: step.at.number,
                kind,
                name,
                from_client: step.from_client,
                from: step.from,
                address: step.addr.map(IpAddr::from),
                server: step.server.map(IpAddr::from),
                relay: step.relay.map(IpAddr::from),
                after_ns: step.time.map(Nanos),
                again: step.again,
            }
        });
        let lease = exchange.lease.as_ref().map(|lease| LeaseJson {
            packet: lease.at.number,
            address: lease.addr.map(IpAddr::from),
            mask: lease.mask.map(IpAddr::from),
            routers: lease.routers.iter().copied().map(IpAddr::from).collect(),
            name_servers: lease.name_servers.iter().copied().map(IpAddr::from).collect(),
            domain: lease.domain.as_deref().map(text),
            seconds: lease.seconds,
            renewal_seconds: lease.renewal,
            server: lease.server.map(IpAddr::from),
        });
        Self {
            transaction_id: exchange.id,
            client_mac: exchange.mac.map(mac),
            host_name: exchange.host_name.as_deref().map(text),
            messages: messages.collect(),
            more_messages: exchange.more_steps,
            lease,
            servers: exchange.servers(),
            refusal: exchange.message.as_deref().map(text),
            damage: exchange
                .damage
                .map(|(at, damage)| DhcpDamageJson { packet: at.number, words: damage.to_string() }),
        }
    }
}

#[derive(Debug, Serialize)]
struct PingJson {
    from: IpAddr,
    to: IpAddr,
    identifier: u16,
    sent: u64,
    received: u64,
    lost: u64,
    duplicates: u64,
    unasked: u64,
    errors: u64,
    /// Answers that bring other data than their requests.
    #[serde(skip_serializing_if = "is_default")]
    other_data: u64,
    /// `to` is the address of many.
    #[serde(skip_serializing_if = "is_default")]
    group: bool,
    /// Others than `to` that answer.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    responders: Vec<ResponderJson>,
    first: StampJson,
    last: StampJson,
    #[serde(skip_serializing_if = "Option::is_none")]
    min_ns: Option<Nanos>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mean_ns: Option<Nanos>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_ns: Option<Nanos>,
    /// The first requests.
    requests: Vec<EchoJson>,
}

#[derive(Debug, Serialize)]
struct ResponderJson {
    address: IpAddr,
    answers: u64,
}

#[derive(Debug, Serialize)]
struct EchoJson {
    packet: PacketNumber,
    sequence: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    answer_packet: Option<PacketNumber>,
    #[serde(skip_serializing_if = "Option::is_none")]
    after_ns: Option<Nanos>,
    #[serde(skip_serializing_if = "is_default")]
    other_data: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<EchoErrorJson>,
}

/// An ICMP error about a request.
#[derive(Debug, Serialize)]
struct EchoErrorJson {
    packet: PacketNumber,
    from: IpAddr,
    #[serde(rename = "type")]
    icmp_type: u8,
    code: u8,
}

impl PingJson {
    fn new(run: &EchoRun) -> Self {
        let requests = run.probes.iter().map(|probe| EchoJson {
            packet: probe.at.number,
            sequence: probe.sequence,
            answer_packet: probe.answer.map(|(at, _)| at.number),
            after_ns: probe.answer.and_then(|(_, time)| time).map(Nanos),
            other_data: probe.other_data,
            error: probe.error.map(|error| EchoErrorJson {
                packet: error.at.number,
                from: error.from,
                icmp_type: error.icmp_type,
                code: error.code,
            }),
        });
        let responders = run.responders.iter().map(|&(address, answers)| ResponderJson { address, answers });
        Self {
            from: run.src,
            to: run.dst,
            identifier: run.identifier,
            sent: run.sent,
            received: run.received,
            lost: run.lost(),
            duplicates: run.duplicates,
            unasked: run.unasked,
            errors: run.errors,
            other_data: run.other_data,
            group: run.group,
            responders: responders.collect(),
            first: StampJson::new(run.first),
            last: StampJson::new(run.last),
            min_ns: run.min.map(Nanos),
            mean_ns: run.mean().map(Nanos),
            max_ns: run.max.map(Nanos),
            requests: requests.collect(),
        }
    }
}

#[derive(Debug, Serialize)]
struct TraceJson {
    from: IpAddr,
    to: IpAddr,
    /// `udp`, `icmp` or `tcp`.
    probes: &'static str,
    first: StampJson,
    last: StampJson,
    /// The hop that the destination answered at.
    #[serde(skip_serializing_if = "Option::is_none")]
    reached_at: Option<u8>,
    hops: Vec<HopJson>,
}

#[derive(Debug, Serialize)]
struct HopJson {
    ttl: u8,
    probes: Vec<HopProbeJson>,
    #[serde(skip_serializing_if = "is_default")]
    more_probes: u64,
}

#[derive(Debug, Serialize)]
struct HopProbeJson {
    packet: PacketNumber,
    #[serde(skip_serializing_if = "Option::is_none")]
    answer: Option<HopAnswerJson>,
}

#[derive(Debug, Serialize)]
struct HopAnswerJson {
    packet: PacketNumber,
    from: IpAddr,
    #[serde(skip_serializing_if = "Option::is_none")]
    after_ns: Option<Nanos>,
    /// `time_exceeded`, `port_unreachable`, `echo_reply`, `syn_ack`, `reset`, `answer` or `unreachable`.
    kind: &'static str,
}

impl TraceJson {
    fn new(trace: &Trace) -> Self {
        Self {
            from: trace.src,
            to: trace.dst,
            probes: match trace.kind {
                ProbeKind::Udp => "udp",
                ProbeKind::Echo => "icmp",
                ProbeKind::Tcp => "tcp",
            },
            first: StampJson::new(trace.first),
            last: StampJson::new(trace.last),
            reached_at: trace.reached.map(|(ttl, _)| ttl),
            hops: trace.hops.iter().map(HopJson::new).collect(),
        }
    }
}

impl HopJson {
    fn new(hop: &Hop) -> Self {
        let probes = hop.probes.iter().map(|probe| HopProbeJson {
            packet: probe.at.number,
            answer: probe.answer.map(|answer| HopAnswerJson {
                packet: answer.at.number,
                from: answer.from,
                after_ns: answer.time.map(Nanos),
                kind: match answer.reached {
                    None => "time_exceeded",
                    Some(Reached::PortUnreachable) => "port_unreachable",
                    Some(Reached::EchoReply) => "echo_reply",
                    Some(Reached::SynAck) => "syn_ack",
                    Some(Reached::Reset) => "reset",
                    Some(Reached::Answer) => "answer",
                    Some(Reached::Unreachable(..)) => "unreachable",
                },
            }),
        });
        Self { ttl: hop.ttl, probes: probes.collect(), more_probes: hop.more }
    }
}

#[derive(Debug, Serialize)]
struct DatagramJson {
    from: IpAddr,
    to: IpAddr,
    protocol: u8,
    identification: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    bytes: Option<u32>,
    /// The packet that it is put together in; left out where it is not whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    whole_in: Option<PacketNumber>,
    fragments: Vec<FragmentJson>,
    #[serde(skip_serializing_if = "is_default")]
    more_fragments: u64,
    /// Fragments that came again.
    #[serde(skip_serializing_if = "is_default")]
    copies: u64,
    overlap: bool,
    conflict: bool,
    /// It has more bytes than a datagram of IP may have.
    #[serde(skip_serializing_if = "is_default")]
    too_large: bool,
}

#[derive(Debug, Serialize)]
struct FragmentJson {
    packet: PacketNumber,
    offset: u32,
    bytes: u32,
    more: bool,
}

impl DatagramJson {
    fn new(datagram: &FragmentedDatagram) -> Self {
        let fragments = datagram.fragments.iter().map(|fragment| FragmentJson {
            packet: fragment.at.number,
            offset: fragment.offset,
            bytes: fragment.len,
            more: fragment.more,
        });
        Self {
            from: datagram.src,
            to: datagram.dst,
            protocol: datagram.protocol,
            identification: datagram.identification,
            bytes: datagram.total,
            whole_in: datagram.whole_in,
            fragments: fragments.collect(),
            more_fragments: datagram.more,
            copies: datagram.copies,
            overlap: datagram.overlaps(),
            conflict: datagram.conflict,
            too_large: datagram.too_large().is_some(),
        }
    }
}
