//! ARCNET frames (RFC 1201, RFC 1051).

use super::span::Span;
use super::{Decoder, LayerKind};

/// Protocol numbers: those of RFC 1051, then those of RFC 1201.
mod system {
    pub(super) const OLD_IP: u8 = 240;
    pub(super) const OLD_ARP: u8 = 241;
    pub(super) const IP: u8 = 212;
    pub(super) const ARP: u8 = 213;
    pub(super) const RARP: u8 = 214;
    pub(super) const IPV6: u8 = 196;
}

/// The split flag of a frame that only pads another to a length that can be sent.
const EXCEPTION: u8 = 0xff;

impl Decoder {
    /// Addresses (and, in what Linux hands out, an offset), the protocol `at` its place, and since RFC 1201 a split
    /// flag and a sequence number.
    pub(super) fn arcnet(&mut self, at: usize, data: &[u8], span: Span) {
        let Some(protocol) = span.byte(data, at) else {
            return self.short(LayerKind::Arcnet, span, at + 1);
        };
        let old = matches!(protocol, system::OLD_IP | system::OLD_ARP);
        let split = if old { Some(0) } else { span.byte(data, at + 1) };
        let (len, split) = match split {
            _ if old => (at + 1, 0),
            // The exception frame repeats protocol, flag and number.
            Some(EXCEPTION) => (at + 8, span.byte(data, at + 5).unwrap_or(0)),
            Some(split) => (at + 4, split),
            None => return self.short(LayerKind::Arcnet, span, at + 4),
        };
        if span.of(data).len() < len {
            return self.short(LayerKind::Arcnet, span, len);
        }
        if !self.push(span.layer(LayerKind::Arcnet, len)) {
            return;
        }
        let body = span.after(len);
        match protocol {
            // Part of a datagram that was split.
            _ if split != 0 => self.undecoded(LayerKind::UndecodedBytes, body),
            system::OLD_IP | system::IP => self.ether_type(0x0800, data, body),
            system::OLD_ARP | system::ARP => self.ether_type(0x0806, data, body),
            system::RARP => self.ether_type(0x8035, data, body),
            system::IPV6 => self.ether_type(0x86dd, data, body),
            _ => self.undecoded(LayerKind::UndecodedBytes, body),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::decode::Decoder;
    use crate::source::LinkType;

    fn kinds(link: u16, header: &[u8]) -> Vec<&'static str> {
        let mut frame = header.to_vec();
        etherparse::PacketBuilder::ipv4([192, 0, 2, 1], [192, 0, 2, 2], 64)
            .udp(1, 2)
            .write(&mut frame, b"hi")
            .unwrap();
        let len = u32::try_from(frame.len()).unwrap();
        let mut decoder = Decoder::new();
        let packet = decoder.decode(LinkType(link), &frame, len);
        packet.layers().iter().map(|layer| layer.kind.name()).collect()
    }

    #[test]
    fn both_headers_of_both_systems_lead_to_ip() {
        let whole = ["arcnet", "ip", "udp", "data"];
        assert_eq!(kinds(7, &[1, 2, 240]), whole);
        assert_eq!(kinds(7, &[1, 2, 212, 0, 0, 1]), whole);
        assert_eq!(kinds(7, &[1, 2, 212, 0xff, 0xff, 0xff, 212, 0, 0, 1]), whole);
        assert_eq!(kinds(129, &[1, 2, 0, 0, 212, 0, 0, 1]), whole);
        assert_eq!(kinds(7, &[1, 2, 212, 3, 0, 1]), ["arcnet", "data"]);
    }
}
