//! A capture in numbers, as JSON: `stats --json`.

use std::fmt;
use std::io::{self, Write};

use serde::Serialize;

use super::{StatsOf, rates};
use crate::decode::Endpoint;
use crate::render::format::EpochNanos;
use crate::render::json::escape::write_pretty;
use crate::render::json::{Nanos, STATS_SCHEMA, Text};
use crate::report::stats::{Endpoints, ProtocolCount, Traffic};
use crate::source::{CaptureFacts, Interface};

/// Writes `{"schema": "wirelab.stats/1", …}`.
///
/// # Errors
/// Those of `out`.
pub fn write_stats_json<W: Write>(out: &mut W, of: &StatsOf<'_>) -> io::Result<()> {
    write_pretty(&mut *out, &StatsJson::new(of))?;
    out.write_all(b"\n")
}

/// The document.
#[derive(Debug, Serialize)]
struct StatsJson<'a> {
    schema: &'static str,
    file: &'a str,
    /// `pcap`, `pcapng` …
    format: &'static str,
    /// What the file is packed in, outermost first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    compression: Vec<String>,
    link_types: Vec<String>,
    packets: u64,
    /// Frame bytes on the wire.
    bytes: u64,
    captured_bytes: u64,
    /// Packets of which fewer bytes were captured than were on the wire.
    cut_packets: u64,
    /// Of the first packet: seconds since 1970-01-01 UTC, as a string.
    #[serde(skip_serializing_if = "Option::is_none")]
    first_time: Option<Text<EpochNanos>>,
    /// The latest.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_time: Option<Text<EpochNanos>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    duration_ns: Option<Nanos>,
    /// Averages, rounded down.
    #[serde(skip_serializing_if = "Option::is_none")]
    bits_per_second: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    packets_per_second: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hardware: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    os: Option<&'a str>,
    /// What wrote the file.
    #[serde(skip_serializing_if = "Option::is_none")]
    application: Option<&'a str>,
    interfaces: Vec<InterfaceJson<'a>>,
    /// From the outside in; what stands in a protocol follows it.
    protocols: Vec<ProtocolJson<'a>>,
    endpoints: EndpointsJson,
    /// Two IP addresses with packets between them.
    ip_pairs: Vec<PairJson>,
    intervals: IntervalsJson,
    /// What was not counted, because there was too much of it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    limits: Vec<LimitJson>,
}

impl<'a> StatsJson<'a> {
    fn new(of: &StatsOf<'a>) -> Self {
        let (stats, facts) = (of.stats, of.facts);
        let (totals, average) = (&stats.totals, rates(stats));
        let interfaces = of.interfaces.iter().enumerate();
        let pairs = stats.pairs.by_bytes().into_iter();
        Self {
            schema: STATS_SCHEMA,
            file: of.name,
            format: facts.format,
            compression: facts.compression.iter().map(ToString::to_string).collect(),
            link_types: totals.link_types.iter().map(ToString::to_string).collect(),
            packets: totals.packets,
            bytes: totals.wire_bytes,
            captured_bytes: totals.captured_bytes,
            cut_packets: totals.snapped,
            first_time: totals.first_ts.map(|ts| Text(EpochNanos(ts))),
            last_time: totals.last_ts.map(|ts| Text(EpochNanos(ts))),
            duration_ns: totals.duration().map(Nanos),
            bits_per_second: average.map(|(bits, _)| bits),
            packets_per_second: average.map(|(_, packets)| packets),
            hardware: facts.hardware.as_deref(),
            os: facts.os.as_deref(),
            application: facts.application.as_deref(),
            interfaces: interfaces.map(|(place, known)| InterfaceJson::new(place, known, facts)).collect(),
            protocols: protocols(&stats.protocols.counts()),
            endpoints: EndpointsJson {
                ip: list(&stats.addresses, |address| (address.to_string(), None)),
                tcp: list(&stats.tcp, with_port),
                udp: list(&stats.udp, with_port),
            },
            ip_pairs: pairs
                .map(|((low, high), traffic)| PairJson {
                    addresses: [low, high].map(|address| address.to_string()),
                    traffic: TrafficJson::new(traffic),
                })
                .collect(),
            intervals: IntervalsJson {
                width_ns: stats.intervals.width().map(Nanos),
                list: stats
                    .intervals
                    .all()
                    .map(|(start, interval)| IntervalJson {
                        start_ns: Nanos(start),
                        packets: interval.packets,
                        bytes: interval.bytes,
                    })
                    .collect(),
            },
            limits: stats.limits().map(|(count, what)| LimitJson { count, what }).collect(),
        }
    }
}

/// An interface that packets were captured on.
#[derive(Debug, Serialize)]
struct InterfaceJson<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    link_type: String,
    /// Most bytes kept of a packet; 0 is no limit.
    snaplen: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    filter: Option<&'a str>,
    /// Packets, as the capture's statistics block has them.
    #[serde(skip_serializing_if = "Option::is_none")]
    received: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dropped_by_interface: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dropped_by_os: Option<u64>,
}

impl<'a> InterfaceJson<'a> {
    fn new(place: usize, interface: &'a Interface, facts: &'a CaptureFacts) -> Self {
        let facts = facts.interfaces.get(place);
        Self {
            name: interface.name.as_deref(),
            link_type: interface.link.to_string(),
            snaplen: interface.snaplen,
            filter: facts.and_then(|facts| facts.filter.as_deref()),
            received: facts.and_then(|facts| facts.received),
            dropped_by_interface: facts.and_then(|facts| facts.dropped),
            dropped_by_os: facts.and_then(|facts| facts.dropped_by_os),
        }
    }
}

/// A protocol, where it stands.
#[derive(Debug, Serialize)]
struct ProtocolJson<'a> {
    protocol: &'a str,
    /// The protocols that it stands in and itself, with colons between: `eth:ip:tcp`.
    path: String,
    packets: u64,
    bytes: u64,
}

fn protocols<'a>(counts: &[ProtocolCount<'a>]) -> Vec<ProtocolJson<'a>> {
    let mut around: Vec<&str> = Vec::new();
    let row = |count: &ProtocolCount<'a>| {
        around.truncate(count.depth);
        around.push(count.name);
        ProtocolJson {
            protocol: count.name,
            path: around.join(":"),
            packets: count.packets,
            bytes: count.bytes,
        }
    };
    counts.iter().map(row).collect()
}

/// Endpoints, most bytes first.
#[derive(Debug, Serialize)]
struct EndpointsJson {
    ip: Vec<EndpointJson>,
    tcp: Vec<EndpointJson>,
    udp: Vec<EndpointJson>,
}

#[derive(Debug, Serialize)]
struct EndpointJson {
    address: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    port: Option<u16>,
    #[serde(flatten)]
    traffic: TrafficJson,
}

fn with_port(endpoint: Endpoint) -> (String, Option<u16>) {
    (endpoint.addr.to_string(), Some(endpoint.port))
}

fn list<K: Copy + Eq + std::hash::Hash + Ord + fmt::Debug>(
    endpoints: &Endpoints<K>,
    spell: fn(K) -> (String, Option<u16>),
) -> Vec<EndpointJson> {
    let row = |(key, traffic)| {
        let (address, port) = spell(key);
        EndpointJson { address, port, traffic: TrafficJson::new(traffic) }
    };
    endpoints.by_bytes().into_iter().map(row).collect()
}

/// Packets and frame bytes each way; of a pair "sent" is from its first address to its second.
#[derive(Debug, Serialize)]
struct TrafficJson {
    packets_sent: u64,
    bytes_sent: u64,
    packets_received: u64,
    bytes_received: u64,
}

impl TrafficJson {
    fn new(traffic: Traffic) -> Self {
        let Traffic { packets_sent, bytes_sent, packets_received, bytes_received } = traffic;
        Self { packets_sent, bytes_sent, packets_received, bytes_received }
    }
}

#[derive(Debug, Serialize)]
struct PairJson {
    addresses: [String; 2],
    #[serde(flatten)]
    traffic: TrafficJson,
}

#[derive(Debug, Serialize)]
struct IntervalsJson {
    /// How long each is; left out where everything is taken together.
    #[serde(skip_serializing_if = "Option::is_none")]
    width_ns: Option<Nanos>,
    /// From the first packet on, without a gap.
    list: Vec<IntervalJson>,
}

#[derive(Debug, Serialize)]
struct IntervalJson {
    /// Since the capture's first packet.
    start_ns: Nanos,
    packets: u64,
    bytes: u64,
}

#[derive(Debug, Serialize)]
struct LimitJson {
    count: u64,
    what: &'static str,
}
