//! A capture in numbers: which protocols, who with whom, how much when.

mod endpoints;
mod hierarchy;
mod intervals;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

pub use endpoints::{Endpoints, MAX_ENDPOINTS, Traffic};
pub use hierarchy::{Hierarchy, MAX_PROTOCOL_PLACES, ProtocolCount};
pub use intervals::{Interval, Intervals, MAX_INTERVALS};

use super::CaptureTotals;
use crate::decode::{DecodedPacket, Endpoint, Layer, LayerKind, TransportProtocol};
use crate::field::names::frame;
use crate::field::{ByteRange, FieldId, FieldSet, FieldSink, PacketContext, Value, emit};
use crate::source::CapturedPacket;
use crate::time::TimeDelta;

/// Counts over the packets of a capture that were selected.
#[derive(Clone, Debug)]
pub struct CaptureStats {
    /// How many, how large, when.
    pub totals: CaptureTotals,
    /// Which protocols.
    pub protocols: Hierarchy,
    /// Who, by address; every IP header that was sent counts, those within tunnels too.
    pub addresses: Endpoints<IpAddr>,
    /// Who with whom: the lower address first.
    pub pairs: Endpoints<(IpAddr, IpAddr)>,
    /// Who, by address and TCP port.
    pub tcp: Endpoints<Endpoint>,
    /// Who, by address and UDP port.
    pub udp: Endpoints<Endpoint>,
    /// How much when.
    pub intervals: Intervals,
    names: Names,
    wanted: FieldSet,
}

impl CaptureStats {
    /// Nothing yet.
    #[must_use]
    pub fn new(intervals: Intervals) -> Self {
        Self {
            totals: CaptureTotals::default(),
            protocols: Hierarchy::default(),
            addresses: Endpoints::default(),
            pairs: Endpoints::default(),
            tcp: Endpoints::default(),
            udp: Endpoints::default(),
            intervals,
            names: Names::default(),
            wanted: [frame::PROTOCOLS].into_iter().collect(),
        }
    }

    /// Counts a packet, `since_first` after the first of the capture.
    pub fn count(
        &mut self,
        packet: &CapturedPacket<'_>,
        decoded: &DecodedPacket<'_>,
        context: &PacketContext<'_>,
        since_first: Option<TimeDelta>,
    ) {
        let bytes = u64::from(packet.wire_len);
        self.totals.count(packet);
        self.names.0.clear();
        emit(packet, decoded, context, &self.wanted, &mut self.names);
        self.protocols.count(&self.names.0, bytes);
        for layer in decoded.layers().iter().filter(|layer| !layer.quoted) {
            if let Some((from, to)) = addresses(decoded, layer) {
                self.addresses.count(from, to, bytes);
                self.pairs.count_way((from.min(to), from.max(to)), from <= to, bytes);
            }
        }
        for transport in decoded.transports().iter().filter(|transport| !transport.quoted) {
            match transport.protocol {
                TransportProtocol::Tcp => self.tcp.count(transport.src, transport.dst, bytes),
                TransportProtocol::Udp => self.udp.count(transport.src, transport.dst, bytes),
            }
        }
        self.intervals.count(since_first, bytes);
    }

    /// Limits that were reached: how often, and what was left out.
    pub fn limits(&self) -> impl Iterator<Item = (u64, &'static str)> {
        [
            (self.protocols.not_counted(), "packets with protocols nested in too many ways to count"),
            (self.addresses.not_counted(), "packets of addresses beyond those that are counted"),
            (self.pairs.not_counted(), "packets of pairs of addresses beyond those that are counted"),
            (self.tcp.not_counted(), "segments of TCP endpoints beyond those that are counted"),
            (self.udp.not_counted(), "datagrams of UDP endpoints beyond those that are counted"),
            (
                self.intervals.outside(),
                "packets of no interval: without a time, before the first, or too late",
            ),
        ]
        .into_iter()
        .filter(|&(count, _)| count > 0)
    }
}

/// Takes the names of a packet's layers.
#[derive(Clone, Debug, Default)]
struct Names(String);

impl FieldSink for Names {
    fn field(&mut self, _: FieldId, value: Value<'_>, _: ByteRange) {
        if let Value::Text(names) = value {
            self.0.push_str(names);
        }
    }
}

/// Sender and receiver of an IP header.
fn addresses(decoded: &DecodedPacket<'_>, layer: &Layer) -> Option<(IpAddr, IpAddr)> {
    let header = decoded.header(layer);
    match layer.kind {
        LayerKind::Ipv4 => {
            let (from, rest) = header.get(12..)?.split_first_chunk::<4>()?;
            Some((Ipv4Addr::from(*from).into(), Ipv4Addr::from(*rest.first_chunk::<4>()?).into()))
        }
        LayerKind::Ipv6 => {
            let (from, rest) = header.get(8..)?.split_first_chunk::<16>()?;
            Some((Ipv6Addr::from(*from).into(), Ipv6Addr::from(*rest.first_chunk::<16>()?).into()))
        }
        _ => None,
    }
}
