//! Checksums, verified when asked for: the Internet checksum (RFC 1071) of IPv4, TCP, UDP, ICMP, ICMPv6 and IGMP.

use etherparse::checksum::Sum16BitWords;

use super::{DecodedPacket, Layer, LayerKind};

/// What became of checking a checksum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChecksumVerdict {
    /// It is right.
    Good,
    /// It is wrong.
    Bad {
        /// As sent.
        found: u16,
        /// As it would be right.
        expected: u16,
    },
    /// It cannot be told.
    NotVerifiable(Unverifiable),
    /// This kind of layer has no checksum that is known here.
    Absent,
}

/// Why a checksum cannot be verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unverifiable {
    /// Not all bytes that it covers were captured.
    Snapped,
    /// It covers a datagram of which this is one fragment.
    Fragment,
    /// The packet is only quoted in an ICMP error: it may have been changed on its way, and is often cut.
    Quoted,
    /// The sender of this UDP datagram made none, and said so with 0 (RFC 768).
    NotUsed,
    /// It holds the sum of the pseudo-header alone: the sending host left the rest to its network card, and the
    /// packet was captured before that.
    Offload,
}

impl DecodedPacket<'_> {
    /// Verifies the checksum in `layer`, one of this packet's layers.
    #[must_use]
    pub fn checksum(&self, layer: &Layer) -> ChecksumVerdict {
        let Some(at) = checksum_offset(layer.kind) else { return ChecksumVerdict::Absent };
        let unverifiable = ChecksumVerdict::NotVerifiable;
        if layer.quoted {
            return unverifiable(Unverifiable::Quoted);
        }
        let covered = match layer.kind {
            LayerKind::Ipv4 => self.header(layer),
            _ => super::span::slice(self.buffer(layer.buffer), layer.start, layer.end),
        };
        let whole = layer.kind == LayerKind::Ipv4 || layer.claimed_end <= layer.end;
        let Some((before, found, after)) = around(covered, at).filter(|_| whole && !self.is_cut(layer))
        else {
            return unverifiable(Unverifiable::Snapped);
        };
        let ip = self.carrier(layer);
        if layer.kind != LayerKind::Ipv4 && self.is_first_fragment(layer) {
            return unverifiable(Unverifiable::Fragment);
        }
        if layer.kind == LayerKind::Udp && found == 0 && ip.is_some_and(|ip| ip.kind == LayerKind::Ipv4) {
            return unverifiable(Unverifiable::NotUsed);
        }
        let pseudo = match (protocol_number(layer.kind), ip) {
            (None, _) => Sum16BitWords::new(),
            (Some(protocol), Some(ip)) => self.pseudo_header(ip, layer, protocol, covered.len()),
            (Some(_), None) => return ChecksumVerdict::Absent,
        };
        let unfinished = !pseudo.ones_complement().to_be();
        let sum = pseudo.add_slice(before).add_slice(after);
        let expected = match sum.ones_complement().to_be() {
            0 if layer.kind == LayerKind::Udp => 0xffff,
            value => value,
        };
        // All ones and zero are the same number in one's complement.
        if found == expected || (found == 0xffff && expected == 0) {
            return ChecksumVerdict::Good;
        }
        if matches!(layer.kind, LayerKind::Tcp | LayerKind::Udp) && found == unfinished {
            return unverifiable(Unverifiable::Offload);
        }
        ChecksumVerdict::Bad { found, expected }
    }

    /// The IP header that `layer` stands in.
    pub(crate) fn carrier(&self, layer: &Layer) -> Option<&Layer> {
        // Where it starts is compared first, because that nearly always tells.
        let at = self.layers.iter().position(|other| other.start == layer.start && other == layer)?;
        let outer = self.layers.get(..at)?;
        outer.iter().rev().find(|outer| matches!(outer.kind, LayerKind::Ipv4 | LayerKind::Ipv6))
    }

    /// Whether `layer` was read from the first fragment of a datagram, cut so that it could not be put together.
    pub(crate) fn is_first_fragment(&self, layer: &Layer) -> bool {
        let Some(ip) = self.carrier(layer).filter(|ip| ip.buffer == layer.buffer) else { return false };
        match ip.kind {
            LayerKind::Ipv4 => {
                self.header(ip).get(6..8).is_some_and(|bits| matches!(*bits, [high, _] if high & 0x20 != 0))
            }
            _ => self.between(ip, layer).any(|other| {
                other.kind == LayerKind::Ipv6Fragment
                    && self.header(other).get(3).is_some_and(|low| low & 1 == 1)
            }),
        }
    }

    /// The layers behind `ip` and before `layer`.
    fn between<'b>(&'b self, ip: &'b Layer, layer: &'b Layer) -> impl Iterator<Item = &'b Layer> {
        self.layers.iter().skip_while(move |l| *l != ip).skip(1).take_while(move |l| *l != layer)
    }

    /// The sum over the pseudo-header: addresses, protocol, length (RFC 9293 section 3.1, RFC 8200 section 8.1).
    fn pseudo_header(&self, ip: &Layer, layer: &Layer, protocol: u8, len: usize) -> Sum16BitWords {
        let header = self.header(ip);
        let sum = Sum16BitWords::new();
        let [a, b, c, d] = super::span::offset(len).to_be_bytes();
        let mut sum = match ip.kind {
            LayerKind::Ipv4 => sum.add_slice(header.get(12..20).unwrap_or(&[])),
            _ => {
                let destination = self.final_destination(ip, layer).or(header.get(24..40)).unwrap_or(&[]);
                sum.add_slice(header.get(8..24).unwrap_or(&[])).add_slice(destination)
            }
        };
        sum.add_4bytes([0, protocol, a, b]).add_2bytes([c, d])
    }

    /// Where a packet with a routing header goes in the end: that, not where it is now, is summed.
    fn final_destination(&self, ip: &Layer, layer: &Layer) -> Option<&[u8]> {
        let routing = self.between(ip, layer).find(|other| other.kind == LayerKind::Ipv6Routing)?;
        let header = self.header(routing);
        match *header.get(2..4)? {
            [_, 0] => None,
            // Source routes and mobile nodes list the last address last, segment routing first (RFC 8754).
            [0 | 2, _] => header.get(8..)?.last_chunk::<16>().map(<[u8; 16]>::as_slice),
            [4, _] => header.get(8..24),
            _ => None,
        }
    }
}

/// Where the checksum stands in a header.
fn checksum_offset(kind: LayerKind) -> Option<usize> {
    match kind {
        LayerKind::Ipv4 => Some(10),
        LayerKind::Tcp => Some(16),
        LayerKind::Udp => Some(6),
        LayerKind::Icmp | LayerKind::Icmpv6 | LayerKind::Igmp => Some(2),
        _ => None,
    }
}

/// The protocol in the pseudo-header, for those that sum one.
fn protocol_number(kind: LayerKind) -> Option<u8> {
    match kind {
        LayerKind::Tcp => Some(6),
        LayerKind::Udp => Some(17),
        LayerKind::Icmpv6 => Some(58),
        _ => None,
    }
}

/// The bytes before a checksum at the even offset `at`, the checksum, and the bytes behind.
fn around(bytes: &[u8], at: usize) -> Option<(&[u8], u16, &[u8])> {
    let (before, rest) = bytes.split_at_checked(at)?;
    let (checksum, after) = rest.split_first_chunk::<2>()?;
    Some((before, u16::from_be_bytes(*checksum), after))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::Decoder;
    use crate::source::LinkType;

    /// 10.0.0.1 to 10.0.0.2, UDP 1000 to 2000, "hi!": checksums worked out by another program.
    const UDP: [u8; 31] = [
        0x45, 0, 0, 31, 0, 1, 0, 0, 64, 17, 0x66, 0xcb, 10, 0, 0, 1, 10, 0, 0, 2, 0x03, 0xe8, 0x07, 0xd0, 0,
        11, 0x56, 0xb4, b'h', b'i', b'!',
    ];

    fn verdicts(packet: &[u8], wire_len: u32) -> Vec<ChecksumVerdict> {
        let mut decoder = Decoder::new();
        let decoded = decoder.decode(LinkType::IPV4, packet, wire_len);
        decoded.layers().iter().map(|layer| decoded.checksum(layer)).collect()
    }

    #[test]
    fn right_wrong_unused_and_unfinished_are_told_apart() {
        use ChecksumVerdict::{Absent, Bad, Good, NotVerifiable};
        assert_eq!(verdicts(&UDP, 31), [Good, Good, Absent]);
        let with = |high, low| {
            let mut packet = UDP;
            (packet[26], packet[27]) = (high, low);
            verdicts(&packet, 31)[1]
        };
        assert_eq!(with(1, 2), Bad { found: 0x0102, expected: 0x56b4 });
        assert_eq!(with(0, 0), NotVerifiable(Unverifiable::NotUsed));
        // 0a00 + 0001 + 0a00 + 0002 + 0011 + 000b.
        assert_eq!(with(0x14, 0x1f), NotVerifiable(Unverifiable::Offload));
    }

    #[test]
    fn cut_bytes_leave_the_ip_header_verifiable() {
        use ChecksumVerdict::{Absent, Good, NotVerifiable};
        let snapped = NotVerifiable(Unverifiable::Snapped);
        assert_eq!(verdicts(&UDP[..30], 31), [Good, snapped, Absent]);
        assert_eq!(verdicts(&UDP[..24], 31), [Good, snapped]);
    }

    #[test]
    fn what_an_error_quotes_is_not_judged() {
        let mut packet = vec![0x45, 0, 0, 59, 0, 1, 0, 0, 64, 1, 0, 0, 10, 0, 0, 2, 10, 0, 0, 1];
        packet.extend([3, 3, 0, 0, 0, 0, 0, 0]);
        packet.extend(UDP);
        let verdicts = verdicts(&packet, 59);
        assert!(matches!(verdicts[1], ChecksumVerdict::Bad { found: 0, .. }));
        assert_eq!(verdicts[2..4], [ChecksumVerdict::NotVerifiable(Unverifiable::Quoted); 2]);
    }
}
