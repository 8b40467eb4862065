//! What hosts of a network do before and beside their conversations: who has which address, how it was lent, whether they
//! reach each other and over which hops, and which fragments make a datagram.
//!
//! [`LanCollector`] looks at the packets that it is given, so a selection of packets is a selection of what it tells. What
//! it keeps grows with hosts that ask each other, not with packets, up to named limits; what was left out is counted
//! ([`Lan::left_out`]).

mod dhcp;
mod echo;
mod fragments;
mod neighbours;
mod resolve;
mod traceroute;

pub use dhcp::{DhcpExchange, DhcpKind, DhcpLease, DhcpStep, MAX_EXCHANGES, MAX_STEPS};
pub use echo::{EchoError, EchoRun, MAX_PROBES_KEPT, MAX_PROBES_TOLD, MAX_RESPONDERS, MAX_RUNS, Probe};
pub use fragments::{Fragment, FragmentedDatagram, MAX_DATAGRAMS, MAX_FRAGMENTS_TOLD};
pub use neighbours::{MAX_PREFIXES, MAX_ROUTERS, Prefix, Router};
pub use resolve::{
    Answer, Claim, Lookup, MAX_CLAIMS, MAX_LOOKUPS, MAX_ODDITIES, MAX_OWNERS, OddKind, Oddity, Owner,
    Resolutions,
};
pub use traceroute::{
    Hop, HopAnswer, HopProbe, MAX_HOPS, MAX_PROBES_OF_HOP, MAX_TRACES, ProbeKind, Reached, Trace,
};

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use self::dhcp::Exchanges;
use self::echo::Echoes;
use self::fragments::Fragments;
use self::neighbours::Neighbours;
use self::traceroute::Traces;
use crate::decode::{DecodedPacket, Layer, LayerKind};
use crate::flow::{EchoAnswer, PacketStamp};
use crate::proto::Messages;
use crate::source::CapturedPacket;

/// Collects it while the capture is read.
#[derive(Debug, Default)]
pub struct LanCollector {
    arp: Resolutions,
    neighbours: Neighbours,
    dhcp: Exchanges,
    echoes: Echoes,
    traces: Traces,
    fragments: Fragments,
}

/// All of it, in the order of first packets.
#[derive(Debug, Default)]
pub struct Lan {
    /// ARP: IPv4 addresses and their owners.
    pub arp: Resolutions,
    /// Neighbour discovery: the same of IPv6.
    pub neighbours: Resolutions,
    /// Routers that tell of themselves.
    pub routers: Vec<Router>,
    /// Router solicitations: how many, and the first.
    pub solicitations: Option<(u64, PacketStamp)>,
    /// Addresses that were lent.
    pub dhcp: Vec<DhcpExchange>,
    /// Echo requests and their answers, by who asks whom; without those of traceroutes.
    pub pings: Vec<EchoRun>,
    /// Routes that were found out.
    pub traces: Vec<Trace>,
    /// Datagrams that came in fragments.
    pub fragments: Vec<FragmentedDatagram>,
    /// Packets that were not looked at because a limit was reached.
    pub left_out: u64,
}

impl LanCollector {
    /// Takes a packet that was selected; `echo` is the request that it answers.
    pub fn take(
        &mut self,
        packet: &CapturedPacket<'_>,
        decoded: &DecodedPacket<'_>,
        echo: Option<EchoAnswer>,
        messages: &Messages,
    ) {
        let at = PacketStamp { number: packet.number, ts: packet.ts };
        self.fragments.take(at, decoded);
        self.dhcp.take(at, decoded, messages);
        let mut own =
            decoded.layers().iter().filter(|layer| !layer.quoted && layer.kind != LayerKind::Payload);
        let Some(layer) = own.next_back() else { return };
        match layer.kind {
            LayerKind::Arp => self.arp.take_arp(at, decoded.header(layer), sender_mac(decoded, layer)),
            LayerKind::Icmp | LayerKind::Icmpv6 => {
                let Some(carrier) = Carrier::of(decoded, layer) else { return };
                self.echoes.take(at, decoded, layer, &carrier, echo);
                if layer.kind == LayerKind::Icmpv6 {
                    self.neighbours.take(at, decoded, layer, &carrier);
                }
                self.traces.take_icmp(at, decoded, layer, &carrier, echo);
            }
            LayerKind::Udp | LayerKind::Tcp => {
                if let Some(carrier) = Carrier::of(decoded, layer) {
                    self.traces.take_transport(at, decoded, layer, &carrier);
                }
            }
            _ => {}
        }
    }

    /// What came of it, at the end of the capture.
    #[must_use]
    pub fn finish(self) -> Lan {
        let (traces, traces_left_out) = self.traces.finish();
        let (mut pings, echoes_left_out) = self.echoes.finish();
        // What a traceroute asks is told there.
        pings.retain(|run| !traces.iter().any(|trace| trace.is_of(run)));
        let (dhcp, dhcp_left_out) = self.dhcp.finish();
        let (fragments, fragments_left_out) = self.fragments.finish();
        let left_out = [
            self.arp.left_out(),
            self.neighbours.table.left_out(),
            self.neighbours.left_out,
            traces_left_out,
            echoes_left_out,
            dhcp_left_out,
            fragments_left_out,
        ];
        Lan {
            left_out: left_out.into_iter().fold(0, u64::saturating_add),
            arp: self.arp,
            neighbours: self.neighbours.table,
            routers: self.neighbours.routers,
            solicitations: self.neighbours.solicitations,
            dhcp,
            pings,
            traces,
            fragments,
        }
    }
}

impl Lan {
    /// Whether there is nothing to tell.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.arp.is_empty()
            && self.neighbours.is_empty()
            && self.routers.is_empty()
            && self.solicitations.is_none()
            && self.dhcp.is_empty()
            && self.pings.is_empty()
            && self.traces.is_empty()
            && self.fragments.is_empty()
    }
}

/// The IP header that a layer stands in.
#[derive(Clone, Copy, Debug)]
struct Carrier {
    src: IpAddr,
    dst: IpAddr,
    ttl: u8,
    /// IPv4's identification; 0 of IPv6.
    id: u16,
}

impl Carrier {
    /// The innermost before `layer`, quoted as it is or not.
    fn of(decoded: &DecodedPacket<'_>, layer: &Layer) -> Option<Self> {
        let before = decoded.layers().iter().rev().skip_while(|other| !std::ptr::eq(*other, layer));
        let mut before = before.filter(|other| other.quoted == layer.quoted);
        let carrier = before.find(|other| matches!(other.kind, LayerKind::Ipv4 | LayerKind::Ipv6))?;
        Self::read(decoded, carrier)
    }

    /// What the header `layer` says.
    fn read(decoded: &DecodedPacket<'_>, layer: &Layer) -> Option<Self> {
        let header = decoded.header(layer);
        if layer.kind == LayerKind::Ipv4 {
            let [_, _, _, _, i0, i1, _, _, ttl, _, _, _, s0, s1, s2, s3, d0, d1, d2, d3] =
                *header.first_chunk::<20>()?;
            return Some(Self {
                src: Ipv4Addr::new(s0, s1, s2, s3).into(),
                dst: Ipv4Addr::new(d0, d1, d2, d3).into(),
                ttl,
                id: u16::from_be_bytes([i0, i1]),
            });
        }
        let at = |from: usize| header.get(from..)?.first_chunk::<16>().copied().map(Ipv6Addr::from);
        Some(Self { src: at(8)?.into(), dst: at(24)?.into(), ttl: *header.get(7)?, id: 0 })
    }
}

/// The Ethernet address that the innermost frame around `layer` came from.
fn sender_mac(decoded: &DecodedPacket<'_>, layer: &Layer) -> Option<[u8; 6]> {
    let before = decoded.layers().iter().rev().skip_while(|other| !std::ptr::eq(*other, layer));
    let frame = before.into_iter().find(|other| other.kind == LayerKind::Ethernet)?;
    decoded.header(frame).get(6..)?.first_chunk().copied()
}
