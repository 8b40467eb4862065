//! Which checksums are wrong, and which cannot be judged because the sending host left them to its network card.

use crate::decode::{ChecksumVerdict, DecodedPacket, LayerKind, Unverifiable};
use crate::flow::{Verdict, Verified};
use crate::source::{CapturedPacket, PacketNumber};

/// Most packets listed of one flow; more are only counted. The first tell what is wrong.
const MAX_LISTED: usize = 8;

/// The checksums of one flow's packets: IP headers, TCP, UDP, ICMP.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChecksumTally {
    /// The first packets with a wrong checksum, up to eight.
    pub bad: Vec<PacketNumber>,
    /// How many packets have one.
    pub bad_count: u64,
    /// Packets whose checksum holds the sum of the pseudo-header alone: captured on the host that sent them,
    /// before its network card filled the checksum in.
    pub offloaded: u64,
}

/// What verifying all checksums of a packet found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ChecksumsOfPacket {
    /// That of its innermost TCP segment.
    pub tcp: Verified,
    is_bad: bool,
    is_offloaded: bool,
}

impl ChecksumsOfPacket {
    /// Verifies all checksums of a packet.
    #[must_use]
    pub fn verify(decoded: &DecodedPacket<'_>) -> Self {
        let mut found = Self::default();
        for layer in decoded.layers() {
            let verdict = decoded.checksum(layer);
            match verdict {
                ChecksumVerdict::Bad { .. } => found.is_bad = true,
                ChecksumVerdict::NotVerifiable(Unverifiable::Offload) => found.is_offloaded = true,
                _ => {}
            }
            if layer.kind == LayerKind::Tcp {
                found.tcp = match verdict {
                    ChecksumVerdict::Good => Verified::Right,
                    ChecksumVerdict::Bad { .. } => Verified::Wrong,
                    ChecksumVerdict::NotVerifiable(_) | ChecksumVerdict::Absent => Verified::No,
                };
            }
        }
        found
    }
}

/// A tally for each flow, and one for all other packets.
#[derive(Debug, Default)]
pub struct Checksums {
    /// By the flow's place in the flow table.
    flows: Vec<ChecksumTally>,
    other: ChecksumTally,
}

impl Checksums {
    /// Counts the checksums of a packet, which belong to the innermost flow that it is of.
    pub fn count(&mut self, packet: &CapturedPacket<'_>, found: ChecksumsOfPacket, verdicts: &[Verdict]) {
        let ChecksumsOfPacket { is_bad: bad, is_offloaded: offloaded, .. } = found;
        if !bad && !offloaded {
            return;
        }
        let tally = match verdicts.iter().rev().find_map(|verdict| verdict.flow) {
            None => &mut self.other,
            Some(flow) => {
                if self.flows.len() <= flow {
                    self.flows.resize_with(flow.saturating_add(1), ChecksumTally::default);
                }
                let Some(tally) = self.flows.get_mut(flow) else { return };
                tally
            }
        };
        tally.offloaded += u64::from(offloaded);
        if bad {
            tally.bad_count += 1;
            if tally.bad.len() < MAX_LISTED {
                tally.bad.push(packet.number);
            }
        }
    }

    /// The tally of the flow at this place in the flow table; `None` where all its checksums are right.
    #[must_use]
    pub fn of_flow(&self, place: usize) -> Option<&ChecksumTally> {
        self.flows.get(place).filter(|tally| **tally != ChecksumTally::default())
    }

    /// The tally of packets that are of no flow.
    #[must_use]
    pub fn of_others(&self) -> &ChecksumTally {
        &self.other
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::Decoder;
    use crate::source::LinkType;

    #[test]
    fn a_wrong_checksum_outside_all_flows_names_its_packet() {
        let mut bytes = Vec::new();
        let builder = etherparse::PacketBuilder::ipv4([192, 0, 2, 1], [192, 0, 2, 2], 64);
        builder.icmpv4_echo_request(1, 1).write(&mut bytes, b"ping").unwrap();
        let mut checksums = Checksums::default();
        for number in 1..=3 {
            if number == 2 {
                *bytes.last_mut().unwrap() ^= 1;
            }
            let (link, wire_len) = (LinkType::RAW, u32::try_from(bytes.len()).unwrap());
            let packet = CapturedPacket { number, ts: None, wire_len, interface: 0, link, data: &bytes };
            let found = ChecksumsOfPacket::verify(&Decoder::new().decode(link, &bytes, wire_len));
            checksums.count(&packet, found, &[]);
        }
        assert_eq!(checksums.of_others().bad, [2, 3]);
        assert_eq!(checksums.of_flow(0), None);
    }
}
