//! ICMP echoes: which request an answer belongs to, found as Wireshark finds it.

use std::collections::VecDeque;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use hashbrown::HashMap;

use crate::decode::{DecodedPacket, Layer, LayerKind};
use crate::source::{CapturedPacket, PacketNumber};
use crate::time::{TimeDelta, Timestamp};

/// Most requests that wait for their answer; the oldest gives way. A sweep of a whole /16 fits.
pub const MAX_ECHO_REQUESTS: usize = 65_536;

/// An answer's request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EchoAnswer {
    /// The packet with the request (Wireshark `icmp.resp_to`, `icmpv6.resp_to`).
    pub request: PacketNumber,
    /// From the request to the answer (`icmp.resptime`); a packet without a time counts as one of 1970.
    pub time: TimeDelta,
}

/// What has to agree between a request and its answer. The checksum stands for the data, which an answer repeats.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct EchoKey {
    lower: IpAddr,
    higher: IpAddr,
    in_gre: bool,
    is_v6: bool,
    /// The checksum that the answer has.
    checksum: u16,
    identifier: u16,
    sequence: u16,
}

#[derive(Clone, Copy, Debug)]
struct Request {
    packet: PacketNumber,
    at: Timestamp,
}

/// Requests that wait for their answer.
#[derive(Debug, Default)]
pub struct EchoTable {
    waiting: HashMap<EchoKey, Request>,
    /// Every request in the order seen; one that was answered or repeated since is stale here.
    order: VecDeque<(EchoKey, PacketNumber)>,
    forgotten: u64,
}

impl EchoTable {
    /// With no request.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// How many requests were given up for [`MAX_ECHO_REQUESTS`].
    #[must_use]
    pub fn forgotten(&self) -> u64 {
        self.forgotten
    }

    /// Notes a request, or finds the request of an answer. The answer takes it: an echo is answered once.
    pub fn observe(
        &mut self,
        packet: &CapturedPacket<'_>,
        decoded: &DecodedPacket<'_>,
    ) -> Option<EchoAnswer> {
        // Nothing is decoded behind an echo, and what an error quotes was not sent here.
        let layer = decoded.layers().last().filter(|layer| !layer.quoted)?;
        let is_v6 = match layer.kind {
            LayerKind::Icmp => false,
            LayerKind::Icmpv6 => true,
            _ => return None,
        };
        let &[kind, _, c0, c1, i0, i1, s0, s1] = decoded.header(layer).first_chunk::<8>()?;
        let sent = u16::from_be_bytes([c0, c1]);
        let (is_request, checksum) = match (is_v6, kind) {
            (false, 8) => (true, moved(sent, !0x0800)),
            (true, 128) => (true, moved(sent, 0x0100)),
            (false, 0) | (true, 129) => (false, sent),
            _ => return None,
        };
        let (from, to) = addresses(decoded, layer)?;
        let key = EchoKey {
            lower: from.min(to),
            higher: from.max(to),
            in_gre: decoded.layers().iter().any(|layer| layer.kind == LayerKind::Gre),
            is_v6,
            // All ones and zero are the same number in one's complement.
            checksum: if checksum == 0 { u16::MAX } else { checksum },
            identifier: u16::from_be_bytes([i0, i1]),
            sequence: u16::from_be_bytes([s0, s1]),
        };
        let now = packet.ts.unwrap_or_default();
        if is_request {
            self.waiting.insert(key, Request { packet: packet.number, at: now });
            self.order.push_back((key, packet.number));
            self.make_room();
            return None;
        }
        let request = self.waiting.remove(&key)?;
        Some(EchoAnswer { request: request.packet, time: now - request.at })
    }

    /// Gives up the oldest requests until the limit is kept; stale entries count, for the queue has to stay small too.
    fn make_room(&mut self) {
        while self.order.len() > MAX_ECHO_REQUESTS {
            let Some((key, packet)) = self.order.pop_front() else { return };
            if self.waiting.get(&key).is_some_and(|request| request.packet == packet) {
                self.waiting.remove(&key);
                self.forgotten += 1;
            }
        }
    }
}

/// The checksum of a message some of whose bytes changed: `difference` is what their sum grew by (RFC 1624).
fn moved(checksum: u16, difference: u16) -> u16 {
    let sum = u32::from(!checksum) + u32::from(difference);
    let folded = (sum & 0xffff) + (sum >> 16);
    !u16::try_from(folded).unwrap_or(u16::MAX)
}

/// Sender and receiver in the innermost IP header before `layer`.
fn addresses(decoded: &DecodedPacket<'_>, layer: &Layer) -> Option<(IpAddr, IpAddr)> {
    let before = decoded.layers().iter().rev().skip_while(|other| *other != layer);
    let carrier = before.into_iter().find(|other| matches!(other.kind, LayerKind::Ipv4 | LayerKind::Ipv6))?;
    let header = decoded.header(carrier);
    Some(if carrier.kind == LayerKind::Ipv4 {
        let at = |from: usize| header.get(from..)?.first_chunk::<4>().copied().map(Ipv4Addr::from);
        (at(12)?.into(), at(16)?.into())
    } else {
        let at = |from: usize| header.get(from..)?.first_chunk::<16>().copied().map(Ipv6Addr::from);
        (at(8)?.into(), at(24)?.into())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::Decoder;
    use crate::source::{LinkType, PacketNumber};

    /// A message from 10.0.0.`from` to 10.0.0.`to` with the checksum that it should have.
    fn echo(kind: u8, from: u8, to: u8, sequence: u8) -> Vec<u8> {
        let mut packet = vec![0x45, 0, 0, 30, 0, 1, 0, 0, 64, 1, 0, 0, 10, 0, 0, from, 10, 0, 0, to];
        // "hi" and identifier 7.
        let sum = u16::from_be_bytes([kind, 0]) + 7 + u16::from(sequence) + 0x6869;
        let [high, low] = (!sum).to_be_bytes();
        packet.extend([kind, 0, high, low, 0, 7, 0, sequence, b'h', b'i']);
        packet
    }

    fn observe(table: &mut EchoTable, number: PacketNumber, packet: &[u8]) -> Option<(PacketNumber, i128)> {
        let captured = CapturedPacket {
            number,
            ts: Some(Timestamp::from_nanos(i128::from(number) * 1000)),
            wire_len: 30,
            link: LinkType::IPV4,
            interface: 0,
            data: packet,
        };
        let mut decoder = Decoder::new();
        let decoded = decoder.decode(captured.link, packet, captured.wire_len);
        table.observe(&captured, &decoded).map(|answer| (answer.request, answer.time.as_nanos()))
    }

    #[test]
    fn an_answer_takes_the_last_request_like_it_once() {
        let mut table = EchoTable::new();
        assert_eq!(observe(&mut table, 1, &echo(8, 1, 2, 5)), None);
        assert_eq!(observe(&mut table, 2, &echo(8, 1, 2, 5)), None);
        assert_eq!(observe(&mut table, 3, &echo(0, 2, 1, 5)), Some((2, 1000)));
        assert_eq!(observe(&mut table, 4, &echo(0, 2, 1, 5)), None);
    }

    #[test]
    fn other_hosts_sequences_and_data_do_not_answer() {
        let mut table = EchoTable::new();
        observe(&mut table, 1, &echo(8, 1, 2, 5));
        assert_eq!(observe(&mut table, 2, &echo(0, 3, 1, 5)), None);
        assert_eq!(observe(&mut table, 3, &echo(0, 2, 1, 6)), None);
        let mut other = echo(0, 2, 1, 5);
        other[22] ^= 1;
        assert_eq!(observe(&mut table, 4, &other), None);
        // Which way it goes does not matter, as in Wireshark.
        assert_eq!(observe(&mut table, 5, &echo(0, 1, 2, 5)), Some((1, 4000)));
    }

    #[test]
    fn the_oldest_request_gives_way_and_is_counted() {
        let mut table = EchoTable::new();
        let first = echo(8, 1, 2, 1);
        observe(&mut table, 1, &first);
        let mut packet = echo(8, 1, 2, 2);
        for number in 0..MAX_ECHO_REQUESTS {
            let [.., high, low] = number.to_be_bytes();
            (packet[12], packet[24], packet[25]) = (11, high, low);
            observe(&mut table, 2, &packet);
        }
        assert_eq!(table.forgotten(), 1);
        assert_eq!(observe(&mut table, 3, &echo(0, 2, 1, 1)), None);
    }
}
