//! IPv6 and its extension headers (RFC 8200).

use std::net::Ipv6Addr;

use super::fragment::FragmentKey;
use super::ip::Addresses;
use super::span::{Span, offset};
use super::{Decoder, LayerKind};

/// Next header number of hop-by-hop options.
const HOP_BY_HOP: u8 = 0;
/// Next header number that says nothing follows.
const NO_NEXT_HEADER: u8 = 59;
/// The jumbo payload option, RFC 2675 section 2.
const JUMBO_OPTION: u8 = 0xc2;
/// Most options looked at in one header for the jumbo payload; it stands first in practice.
const MAX_OPTIONS: usize = 16;

impl Decoder {
    pub(super) fn ipv6(&mut self, data: &[u8], span: Span) {
        if span.byte(data, 0).is_some_and(|first| first >> 4 != 6) {
            return self.malformed(LayerKind::Ipv6, span, "IP version is not 6");
        }
        let Some(&[_, _, _, _, len_high, len_low, next, _, ref rest @ ..]) = span.first::<40>(data) else {
            return self.short(LayerKind::Ipv6, span, 40);
        };
        let (Some(src), Some(dst)) = (rest.first_chunk::<16>(), rest.last_chunk::<16>()) else { return };
        let length = usize::from(u16::from_be_bytes([len_high, len_low]));
        let claimed = match length {
            0 if next == HOP_BY_HOP => jumbo_length(span.after(40).of(data)),
            // As with IPv4: a network card that segments for the host sees 0.
            0 => None,
            length => Some(length),
        };
        self.jumbo = length == 0 && claimed.is_some();
        let inside = span.limited(LayerKind::Ipv6, claimed.map_or(usize::MAX, |len| len.saturating_add(40)));
        let mut layer = inside.layer(LayerKind::Ipv6, 40);
        if let Some(len) = claimed {
            layer.claimed_end = span.start.saturating_add(40).saturating_add(offset(len));
        }
        if self.push(layer) {
            let addresses = Addresses { src: Ipv6Addr::from(*src).into(), dst: Ipv6Addr::from(*dst).into() };
            self.ip_payload(next, addresses, data, inside.after(40));
        }
    }

    /// A header of the common shape: next header, length in 8-byte units without the first.
    pub(super) fn ipv6_extension(&mut self, kind: LayerKind, addresses: Addresses, data: &[u8], span: Span) {
        let Some(&[next, len]) = span.first::<2>(data) else {
            return self.short(kind, span, 8);
        };
        let header_len = (usize::from(len) + 1) * 8;
        if span.of(data).len() < header_len {
            return self.short(kind, span, header_len);
        }
        if self.push(span.layer(kind, header_len)) {
            self.after_extension(next, addresses, data, span.after(header_len));
        }
    }

    pub(super) fn ipv6_fragment(&mut self, addresses: Addresses, data: &[u8], span: Span) {
        let Some(&[next, _, high, low, i0, i1, i2, i3]) = span.first::<8>(data) else {
            return self.short(LayerKind::Ipv6Fragment, span, 8);
        };
        if !self.push(span.layer(LayerKind::Ipv6Fragment, 8)) {
            return;
        }
        let inner = span.after(8);
        let (at, more) = (u32::from(u16::from_be_bytes([high, low]) & 0xfff8), low & 1 == 1);
        // Offset 0 and nothing more to come is a whole datagram, whatever else is under way (RFC 6946).
        if more || at > 0 {
            let id = u32::from_be_bytes([i0, i1, i2, i3]);
            let key =
                FragmentKey { src: addresses.src, dst: addresses.dst, id, protocol: 0, vlan: self.vlan };
            if at > 0 || inner.is_whole() {
                return self.note_fragment(key, at, more, next, inner);
            }
        }
        self.after_extension(next, addresses, data, inner);
    }

    fn after_extension(&mut self, next: u8, addresses: Addresses, data: &[u8], span: Span) {
        if next == NO_NEXT_HEADER {
            return self.undecoded(LayerKind::UndecodedIpProtocol(next), span);
        }
        self.ip_payload(next, addresses, data, span);
    }
}

/// The payload length of a jumbogram, from the hop-by-hop options at the start of `bytes`.
fn jumbo_length(bytes: &[u8]) -> Option<usize> {
    let len = (usize::from(*bytes.get(1)?) + 1) * 8;
    let mut rest = bytes.get(2..len.min(bytes.len()))?;
    for _ in 0..MAX_OPTIONS {
        rest = match *rest {
            [0, ref after @ ..] => after,
            [JUMBO_OPTION, 4, a, b, c, d, ..] => {
                return usize::try_from(u32::from_be_bytes([a, b, c, d])).ok();
            }
            [_, len, ref after @ ..] => after.get(usize::from(len)..)?,
            _ => return None,
        };
    }
    None
}
