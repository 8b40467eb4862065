//! Link-layer headers.

use super::packet::{Span, slice};
use super::{Decoder, LayerKind};
use crate::source::LinkType;

/// EtherTypes that are decoded further.
mod ether_type {
    pub(super) const IPV4: u16 = 0x0800;
    pub(super) const VLAN: u16 = 0x8100;
    pub(super) const IPV6: u16 = 0x86dd;
    pub(super) const PROVIDER_BRIDGE: u16 = 0x88a8;
}

impl Decoder {
    /// Decodes a whole frame from its link header on.
    pub(super) fn link(&mut self, link: LinkType, frame: &[u8], wire_len: u32) {
        let end = u32::try_from(frame.len()).unwrap_or(u32::MAX);
        let span = Span { buffer: 0, quoted: false, start: 0, end, claimed_end: wire_len.max(end) };
        match link {
            LinkType::ETHERNET => self.ethernet(frame, span),
            other => {
                self.push(span.layer(LayerKind::UndecodedLink(other.0), 0));
            }
        }
    }

    fn ethernet(&mut self, data: &[u8], span: Span) {
        let Some((header, _)) = span.of(data).split_first_chunk::<14>() else {
            return self.stop(LayerKind::Ethernet, span, 14, span.short_reason());
        };
        let [.., high, low] = *header;
        if self.push(span.layer(LayerKind::Ethernet, 14)) {
            self.ether_type(u16::from_be_bytes([high, low]), data, span.after(14));
        }
    }

    fn ether_type(&mut self, ether_type: u16, data: &[u8], span: Span) {
        match ether_type {
            ether_type::IPV4 => self.ipv4(data, span),
            ether_type::IPV6 => self.ipv6(data, span),
            ether_type::VLAN | ether_type::PROVIDER_BRIDGE => self.vlan(data, span),
            other => {
                self.push(span.layer(LayerKind::UndecodedEtherType(other), 0));
            }
        }
    }

    fn vlan(&mut self, data: &[u8], span: Span) {
        let Some((&[_, _, high, low], _)) = slice(data, span.start, span.end).split_first_chunk::<4>() else {
            return self.stop(LayerKind::Vlan, span, 4, span.short_reason());
        };
        if self.push(span.layer(LayerKind::Vlan, 4)) {
            self.ether_type(u16::from_be_bytes([high, low]), data, span.after(4));
        }
    }
}
