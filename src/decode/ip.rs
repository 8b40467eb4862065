//! IPv4, and what an IP protocol number leads to.

use std::net::{IpAddr, Ipv4Addr};

use super::fragment::FragmentKey;
use super::span::{Span, offset};
use super::{Decoder, LayerKind};

/// Who sends to whom.
#[derive(Clone, Copy, Debug)]
pub(super) struct Addresses {
    pub(super) src: IpAddr,
    pub(super) dst: IpAddr,
}

impl Decoder {
    pub(super) fn ipv4(&mut self, data: &[u8], span: Span) {
        match span.byte(data, 0).map(|first| first >> 4) {
            // The version counts, not the number that led here.
            Some(6) => return self.ipv6(data, span),
            Some(4) | None => {}
            Some(_) => return self.malformed(LayerKind::Ipv4, span, "IP version is neither 4 nor 6"),
        }
        let Some(header) = span.first::<20>(data) else {
            return self.short(LayerKind::Ipv4, span, 20);
        };
        let [first, _, len_high, len_low, id_high, id_low, flags, low, _, protocol, _, _, rest @ ..] =
            *header;
        let header_len = usize::from(first & 0x0f) * 4;
        if header_len < 20 {
            return self.malformed(LayerKind::Ipv4, span, "IPv4 header length below 20");
        }
        let total = usize::from(u16::from_be_bytes([len_high, len_low]));
        // A network card that segments for the host sees 0: the length is the frame's.
        let limit = if total == 0 { usize::MAX } else { total };
        if limit < header_len {
            return self.malformed(LayerKind::Ipv4, span, "IPv4 total length below its header length");
        }
        let inside = span.limited(LayerKind::Ipv4, limit);
        if inside.of(data).len() < header_len {
            return self.short(LayerKind::Ipv4, inside, header_len);
        }
        let mut layer = inside.layer(LayerKind::Ipv4, header_len);
        if total != 0 {
            layer.claimed_end = span.start.saturating_add(offset(total));
        }
        if !self.push(layer) {
            return;
        }
        let [s0, s1, s2, s3, d0, d1, d2, d3] = rest;
        let addresses = Addresses {
            src: Ipv4Addr::new(s0, s1, s2, s3).into(),
            dst: Ipv4Addr::new(d0, d1, d2, d3).into(),
        };
        let inner = inside.after(header_len);
        let (more, at) = (flags & 0x20 != 0, u32::from(u16::from_be_bytes([flags & 0x1f, low])) * 8);
        if more || at > 0 {
            let id = u32::from(u16::from_be_bytes([id_high, id_low]));
            let key = FragmentKey { src: addresses.src, dst: addresses.dst, id, protocol, vlan: self.vlan };
            // A first fragment that cannot be put together is still looked into.
            if at > 0 || inner.is_whole() {
                return self.note_fragment(key, at, more, protocol, inner);
            }
        }
        self.ip_payload(protocol, addresses, data, inner);
    }

    /// What an IP header, an extension header or a whole set of fragments carries.
    pub(super) fn ip_payload(&mut self, protocol: u8, addresses: Addresses, data: &[u8], span: Span) {
        if span.is_empty() {
            return;
        }
        match protocol {
            6 => self.tcp(addresses, data, span),
            17 => self.udp(addresses, data, span),
            1 => self.icmp(data, span),
            58 => self.icmpv6(data, span),
            2 => self.fixed(LayerKind::Igmp, 8, data, span),
            4 | 94 => self.ipv4(data, span),
            41 => self.ipv6(data, span),
            47 => self.gre(data, span),
            0 => self.ipv6_extension(LayerKind::Ipv6HopByHop, addresses, data, span),
            43 => self.ipv6_extension(LayerKind::Ipv6Routing, addresses, data, span),
            60 => self.ipv6_extension(LayerKind::Ipv6DestOptions, addresses, data, span),
            135 => self.ipv6_extension(LayerKind::Mobility, addresses, data, span),
            139 => self.ipv6_extension(LayerKind::Hip, addresses, data, span),
            140 => self.ipv6_extension(LayerKind::Shim6, addresses, data, span),
            44 => self.ipv6_fragment(addresses, data, span),
            51 => self.ah(addresses, data, span),
            108 => self.ip_comp(addresses, data, span),
            50 => self.fixed(LayerKind::Esp, 8, data, span),
            97 => self.ether_ip(data, span),
            103 => self.pim(data, span),
            132 => self.fixed(LayerKind::Sctp, 12, data, span),
            136 => self.udp_lite(addresses, data, span),
            137 => self.mpls(data, span),
            143 => self.ethernet(data, span),
            other => self.undecoded(LayerKind::UndecodedIpProtocol(other), span),
        }
    }

    /// A header of `header_len` bytes that is named, and what is behind it left as its payload.
    pub(super) fn fixed(&mut self, kind: LayerKind, header_len: usize, data: &[u8], span: Span) {
        if span.of(data).len() < header_len {
            return self.short(kind, span, header_len);
        }
        self.push(span.layer(kind, header_len));
    }

    /// Authentication header: its length counts 4-byte units, less two (RFC 4302 section 2.2).
    fn ah(&mut self, addresses: Addresses, data: &[u8], span: Span) {
        let Some(&[next, len, ..]) = span.first::<12>(data) else {
            return self.short(LayerKind::Ah, span, 12);
        };
        let header_len = (usize::from(len) + 2) * 4;
        if header_len < 12 {
            return self.malformed(LayerKind::Ah, span, "AH length below 12");
        }
        if span.of(data).len() < header_len {
            return self.short(LayerKind::Ah, span, header_len);
        }
        if self.push(span.layer(LayerKind::Ah, header_len)) {
            self.ip_payload(next, addresses, data, span.after(header_len));
        }
    }
}
