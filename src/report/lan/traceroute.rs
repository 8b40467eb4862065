//! Routes that were found out hop by hop: probes with a small time to live, and who sent word that it ran out (RFC 792,
//! RFC 4443), whatever the probes are.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::net::IpAddr;

use super::{Carrier, EchoRun};
use crate::decode::{DecodedPacket, Layer, LayerKind};
use crate::flow::{EchoAnswer, PacketStamp};
use crate::time::{NANOS_PER_SECOND, TimeDelta};

/// Largest time to live of a probe: traceroutes stop at 30, and hosts begin at 64 or more for all else.
pub const MAX_HOPS: u8 = 32;
/// Most probes kept of one hop; three are usual.
pub const MAX_PROBES_OF_HOP: usize = 16;
/// Most routes in progress, of which few are any; the oldest that no router has answered gives way.
pub const MAX_TRACES: usize = 1024;
/// Probes that come so long after the last packet of a route are of another one.
const MAX_PAUSE: TimeDelta = TimeDelta::from_nanos(60 * NANOS_PER_SECOND);

/// What the probes are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ProbeKind {
    /// UDP datagrams to ports that nobody listens on, as Unix does.
    Udp,
    /// Echo requests, as Windows does.
    Echo,
    /// TCP SYN.
    Tcp,
}

/// A route.
#[derive(Clone, Debug)]
pub struct Trace {
    /// Who sends the probes.
    pub src: IpAddr,
    /// Whom they are for.
    pub dst: IpAddr,
    /// What they are.
    pub kind: ProbeKind,
    /// The hops by the time to live of their probes.
    pub hops: Vec<Hop>,
    /// The first packet.
    pub first: PacketStamp,
    /// The last packet.
    pub last: PacketStamp,
    /// Whether the destination answered, and how.
    pub reached: Option<(u8, Reached)>,
}

/// Probes with one time to live.
#[derive(Clone, Debug)]
pub struct Hop {
    /// As the probes were captured.
    pub ttl: u8,
    /// Its probes: at most [`MAX_PROBES_OF_HOP`].
    pub probes: Vec<HopProbe>,
    /// Probes beyond these.
    pub more: u64,
}

/// One probe.
#[derive(Clone, Copy, Debug)]
pub struct HopProbe {
    /// Its packet.
    pub at: PacketStamp,
    /// What came back.
    pub answer: Option<HopAnswer>,
    /// What an error quotes of it.
    mark: Mark,
}

/// What came back for a probe.
#[derive(Clone, Copy, Debug)]
pub struct HopAnswer {
    /// Its packet.
    pub at: PacketStamp,
    /// Who sent it.
    pub from: IpAddr,
    /// From the probe to it.
    pub time: Option<TimeDelta>,
    /// `None`: the time to live ran out there. Else what the destination, or a router that cannot go on, says.
    pub reached: Option<Reached>,
}

/// How a probe came to an end that is not its time to live.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reached {
    /// The destination says that nobody listens on the port.
    PortUnreachable,
    /// The destination answered the echo.
    EchoReply,
    /// The destination accepted the connection.
    SynAck,
    /// The destination refused it.
    Reset,
    /// The destination answered the datagram.
    Answer,
    /// Another error: ICMP's type and code. The destination was not reached, unless it sent this itself.
    Unreachable(u8, u8),
}

/// What tells one probe from another in the bytes that an error quotes at least.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Mark {
    ports: [u16; 2],
    number: u32,
}

type Key = (IpAddr, IpAddr, ProbeKind);

/// A route in progress.
#[derive(Debug)]
struct Open {
    key: Key,
    hops: BTreeMap<u8, Hop>,
    first: PacketStamp,
    last: PacketStamp,
    /// A router answered.
    is_route: bool,
}

/// Collects them.
#[derive(Debug, Default)]
pub(super) struct Traces {
    open: HashMap<Key, Open>,
    /// Every key in the order begun.
    order: VecDeque<Key>,
    done: Vec<Trace>,
    left_out: u64,
}

impl Traces {
    /// Takes a UDP datagram or TCP segment: perhaps a probe, perhaps the answer to one.
    pub(super) fn take_transport(
        &mut self,
        at: PacketStamp,
        decoded: &DecodedPacket<'_>,
        layer: &Layer,
        carrier: &Carrier,
    ) {
        let header = decoded.header(layer);
        let flags = header.get(13).copied().unwrap_or(0);
        let is_tcp = layer.kind == LayerKind::Tcp;
        let kind = if is_tcp { ProbeKind::Tcp } else { ProbeKind::Udp };
        if !self.open.is_empty()
            && let Some(open) = self.open.get_mut(&(carrier.dst, carrier.src, kind))
            && let Some(mark) = Mark::of_transport(header, layer.kind, carrier)
        {
            let ack =
                header.get(8..).and_then(|rest| rest.first_chunk()).copied().map_or(0, u32::from_be_bytes);
            let reached = match (is_tcp, flags & 0x16) {
                (false, _) => Some(Reached::Answer),
                (true, 0x12) => Some(Reached::SynAck),
                (true, flags) if flags & 0x04 != 0 => Some(Reached::Reset),
                _ => None,
            };
            let is_answer = |probe: &HopProbe| {
                let ports = [probe.mark.ports[1], probe.mark.ports[0]] == mark.ports;
                ports && (!is_tcp || ack == probe.mark.number.wrapping_add(1))
            };
            if let Some(reached) = reached {
                open.answer(at, carrier.src, Some(reached), is_answer);
            }
        }
        let is_probe = !is_tcp || flags & 0x17 == 0x02;
        if is_probe
            && is_near(carrier)
            && let Some(mark) = Mark::of_transport(header, layer.kind, carrier)
        {
            self.probe(at, carrier, kind, mark);
        }
    }

    /// Takes an ICMP message: an echo request, its answer, or an error about a probe.
    pub(super) fn take_icmp(
        &mut self,
        at: PacketStamp,
        decoded: &DecodedPacket<'_>,
        layer: &Layer,
        carrier: &Carrier,
        echo: Option<EchoAnswer>,
    ) {
        let header = decoded.header(layer);
        let Some(&[kind, code]) = header.first_chunk::<2>() else { return };
        let v6 = layer.kind == LayerKind::Icmpv6;
        let reached = match (v6, kind, code) {
            (false, 8, _) | (true, 128, _) => {
                if is_near(carrier)
                    && let Some(mark) = Mark::of_echo(header)
                {
                    self.probe(at, carrier, ProbeKind::Echo, mark);
                }
                return;
            }
            (false, 0, _) | (true, 129, _) => {
                let open = self.open.get_mut(&(carrier.dst, carrier.src, ProbeKind::Echo));
                if let (Some(open), Some(echo)) = (open, echo) {
                    let reached = Some(Reached::EchoReply);
                    open.answer(at, carrier.src, reached, |probe| probe.at.number == echo.request);
                }
                return;
            }
            (false, 11, 0) | (true, 3, 0) => None,
            (false, 3, 3) | (true, 1, 4) => Some(Reached::PortUnreachable),
            (false, 3, _) | (true, 1, _) => Some(Reached::Unreachable(kind, code)),
            _ => return,
        };
        let mut quoted = decoded.layers().iter().filter(|layer| layer.quoted);
        let found = quoted.find_map(|layer| match layer.kind {
            LayerKind::Udp => Some((layer, ProbeKind::Udp)),
            LayerKind::Tcp => Some((layer, ProbeKind::Tcp)),
            LayerKind::Icmp | LayerKind::Icmpv6 => Some((layer, ProbeKind::Echo)),
            _ => None,
        });
        let Some((layer, kind)) = found else { return };
        let Some(asked) = Carrier::of(decoded, layer) else { return };
        let header = decoded.header(layer);
        let mark = match kind {
            ProbeKind::Echo => Mark::of_echo(header),
            _ => Mark::of_transport(header, layer.kind, &asked),
        };
        if let (Some(mark), Some(open)) = (mark, self.open.get_mut(&(asked.src, asked.dst, kind))) {
            open.answer(at, carrier.src, reached, |probe| probe.mark == mark);
        }
    }

    fn probe(&mut self, at: PacketStamp, carrier: &Carrier, kind: ProbeKind, mark: Mark) {
        let key = (carrier.src, carrier.dst, kind);
        let is_over = |open: &Open| at.since(open.last).is_some_and(|pause| pause > MAX_PAUSE);
        if self.open.get(&key).is_some_and(is_over)
            && let Some(open) = self.open.remove(&key)
        {
            self.order.retain(|other| *other != key);
            self.close(open);
        }
        if !self.open.contains_key(&key) {
            self.make_room();
            self.order.push_back(key);
            let open = Open { key, hops: BTreeMap::new(), first: at, last: at, is_route: false };
            self.open.insert(key, open);
        }
        let Some(open) = self.open.get_mut(&key) else { return };
        open.last = at;
        let ttl = carrier.ttl;
        let hop = open.hops.entry(ttl).or_insert_with(|| Hop { ttl, probes: Vec::new(), more: 0 });
        if hop.probes.len() < MAX_PROBES_OF_HOP {
            hop.probes.push(HopProbe { at, answer: None, mark });
        } else {
            hop.more += 1;
        }
    }

    fn make_room(&mut self) {
        while self.order.len() >= MAX_TRACES {
            let is_route = |key: &Key| self.open.get(key).is_some_and(|open| open.is_route);
            let place = self.order.iter().position(|key| !is_route(key)).unwrap_or(0);
            let Some(key) = self.order.remove(place) else { return };
            if let Some(open) = self.open.remove(&key) {
                self.close(open);
            }
        }
    }

    /// Keeps a route that is one.
    fn close(&mut self, open: Open) {
        if !open.is_route {
            return;
        }
        if self.done.len() >= MAX_TRACES {
            self.left_out += 1;
            return;
        }
        self.done.push(open.into_trace());
    }

    pub(super) fn finish(mut self) -> (Vec<Trace>, u64) {
        for key in std::mem::take(&mut self.order) {
            if let Some(open) = self.open.remove(&key) {
                self.close(open);
            }
        }
        self.done.sort_by_key(|trace| trace.first.number);
        (self.done, self.left_out)
    }
}

impl Open {
    /// Notes what came back for the last probe that waits and `is_asked`.
    fn answer(
        &mut self,
        at: PacketStamp,
        from: IpAddr,
        reached: Option<Reached>,
        is_asked: impl Fn(&HopProbe) -> bool,
    ) {
        let probes = self.hops.values_mut().flat_map(|hop| &mut hop.probes);
        let waiting = probes.filter(|probe| probe.answer.is_none() && is_asked(probe));
        let Some(probe) = waiting.max_by_key(|probe| probe.at.number) else { return };
        probe.answer = Some(HopAnswer { at, from, time: at.since(probe.at), reached });
        self.is_route |= reached.is_none();
        self.last = at;
    }

    fn into_trace(self) -> Trace {
        let (src, dst, kind) = self.key;
        let hops: Vec<Hop> = self.hops.into_values().collect();
        let reached = hops.iter().find_map(|hop| {
            let answers = hop.probes.iter().filter_map(|probe| probe.answer);
            let mut ends = answers.filter(|answer| answer.from == dst);
            ends.find_map(|answer| Some((hop.ttl, answer.reached?)))
        });
        Trace { src, dst, kind, hops, first: self.first, last: self.last, reached }
    }
}

impl Trace {
    /// Whether the echo requests of `run` are its probes.
    #[must_use]
    pub fn is_of(&self, run: &EchoRun) -> bool {
        let within = self.first.number <= run.first.number && run.first.number <= self.last.number;
        self.kind == ProbeKind::Echo && (self.src, self.dst) == (run.src, run.dst) && within
    }
}

/// Whether a packet may be a probe: it cannot go far, and is for one host.
fn is_near(carrier: &Carrier) -> bool {
    let to_all = carrier.dst.is_multicast() || matches!(carrier.dst, IpAddr::V4(addr) if addr.is_broadcast());
    carrier.ttl <= MAX_HOPS && !to_all
}

impl Mark {
    /// Ports, and of TCP the sequence number, of UDP the datagram's identification or, in IPv6, its checksum.
    fn of_transport(header: &[u8], kind: LayerKind, carrier: &Carrier) -> Option<Self> {
        let &[s0, s1, d0, d1, n0, n1, n2, n3] = header.first_chunk::<8>()?;
        let ports = [u16::from_be_bytes([s0, s1]), u16::from_be_bytes([d0, d1])];
        let number = match kind {
            LayerKind::Tcp => u32::from_be_bytes([n0, n1, n2, n3]),
            _ if carrier.src.is_ipv4() => carrier.id.into(),
            _ => u16::from_be_bytes([n2, n3]).into(),
        };
        Some(Self { ports, number })
    }

    /// Identifier and sequence number.
    fn of_echo(header: &[u8]) -> Option<Self> {
        let &[_, _, _, _, i0, i1, s0, s1] = header.first_chunk::<8>()?;
        Some(Self { ports: [u16::from_be_bytes([i0, i1]), u16::from_be_bytes([s0, s1])], number: 0 })
    }
}
