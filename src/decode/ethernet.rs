//! Ethernet, VLAN tags, LLC and SNAP, and what an EtherType leads to.

use super::span::Span;
use super::{Decoder, LayerKind};

/// EtherTypes that are decoded further (IEEE 802 numbers).
mod ether_type {
    pub(super) const IPV4: u16 = 0x0800;
    pub(super) const ARP: u16 = 0x0806;
    pub(super) const TRANSPARENT_ETHERNET: u16 = 0x6558;
    pub(super) const RARP: u16 = 0x8035;
    pub(super) const VLAN: u16 = 0x8100;
    pub(super) const IPV6: u16 = 0x86dd;
    pub(super) const PPP: u16 = 0x880b;
    pub(super) const MPLS_UNICAST: u16 = 0x8847;
    pub(super) const MPLS_MULTICAST: u16 = 0x8848;
    pub(super) const PPPOE_DISCOVERY: u16 = 0x8863;
    pub(super) const PPPOE_SESSION: u16 = 0x8864;
    pub(super) const JUMBO_LLC: u16 = 0x8870;
    pub(super) const PROVIDER_BRIDGE: u16 = 0x88a8;
    pub(super) const BACKBONE_BRIDGE: u16 = 0x88e7;
    pub(super) const VN_TAG: u16 = 0x8926;
    pub(super) const QINQ_OLD: u16 = 0x9100;
}

/// Up to this value the field behind the addresses is a length (IEEE 802.3 section 3.2.6).
const MAX_8023_LENGTH: u16 = 1500;

/// Service access points of LLC.
mod sap {
    pub(super) const IP: u8 = 0x06;
    pub(super) const SNAP: u8 = 0xaa;
}

/// Organisations whose SNAP protocol is an EtherType: Xerox, and the bridge tunnel of IEEE 802.1H.
const SNAP_ETHER_TYPE: [u32; 2] = [0x00_0000, 0x00_00f8];
/// Organisation of bridged frames, RFC 2427 section 4.2: protocols 1 (with checksum) and 7 (without) are Ethernet.
const SNAP_BRIDGED: u32 = 0x00_80c2;

impl Decoder {
    pub(super) fn ethernet(&mut self, data: &[u8], span: Span) {
        let Some(&[.., high, low]) = span.first::<14>(data) else {
            return self.short(LayerKind::Ethernet, span, 14);
        };
        if self.push(span.layer(LayerKind::Ethernet, 14)) {
            self.type_or_length(u16::from_be_bytes([high, low]), data, span.after(14));
        }
    }

    /// Ethernet with a switch's tag of `tag` bytes between the addresses and the EtherType.
    pub(super) fn tagged_ethernet(&mut self, tag: usize, data: &[u8], span: Span) {
        if span.of(data).len() < 12 {
            return self.short(LayerKind::Ethernet, span, 12);
        }
        if self.push(span.layer(LayerKind::Ethernet, 12)) {
            self.tag(LayerKind::SwitchTag, tag, data, span.after(12));
        }
    }

    /// A tag of `len` bytes that are not looked into, then an EtherType or length.
    fn tag(&mut self, kind: LayerKind, len: usize, data: &[u8], span: Span) {
        let Some(next) = span.word(data, len) else {
            return self.short(kind, span, len + 2);
        };
        if self.push(span.layer(kind, len + 2)) {
            self.type_or_length(next, data, span.after(len + 2));
        }
    }

    /// What follows the addresses of a frame: an EtherType, or the length of an LLC frame.
    pub(super) fn type_or_length(&mut self, value: u16, data: &[u8], span: Span) {
        if value > MAX_8023_LENGTH {
            return self.ether_type(value, data, span);
        }
        let span = span.limited(LayerKind::Ethernet, usize::from(value));
        // Novell's IPX stands directly behind the length, and begins with an all-ones checksum.
        if span.word(data, 0) == Some(0xffff) {
            return self.undecoded(LayerKind::UndecodedLlc(0xff), span);
        }
        self.llc(data, span);
    }

    pub(super) fn ether_type(&mut self, ether_type: u16, data: &[u8], span: Span) {
        match ether_type {
            ether_type::IPV4 => self.ipv4(data, span),
            ether_type::IPV6 => self.ipv6(data, span),
            ether_type::VLAN | ether_type::PROVIDER_BRIDGE | ether_type::QINQ_OLD => self.vlan(data, span),
            ether_type::BACKBONE_BRIDGE => self.tag(LayerKind::BackboneTag, 16, data, span),
            ether_type::VN_TAG => self.tag(LayerKind::SwitchTag, 4, data, span),
            ether_type::ARP | ether_type::RARP => self.arp(data, span),
            ether_type::MPLS_UNICAST | ether_type::MPLS_MULTICAST => self.mpls(data, span),
            ether_type::PPPOE_DISCOVERY => self.pppoe(false, data, span),
            ether_type::PPPOE_SESSION => self.pppoe(true, data, span),
            ether_type::PPP => self.ppp(data, span),
            ether_type::TRANSPARENT_ETHERNET => self.ethernet(data, span),
            ether_type::JUMBO_LLC => self.llc(data, span),
            other => self.undecoded(LayerKind::UndecodedEtherType(other), span),
        }
    }

    fn vlan(&mut self, data: &[u8], span: Span) {
        let Some(&[tag_high, tag_low, high, low]) = span.first::<4>(data) else {
            return self.short(LayerKind::Vlan, span, 4);
        };
        self.vlan = u16::from_be_bytes([tag_high & 0x0f, tag_low]);
        if self.push(span.layer(LayerKind::Vlan, 4)) {
            self.type_or_length(u16::from_be_bytes([high, low]), data, span.after(4));
        }
    }

    pub(super) fn llc(&mut self, data: &[u8], span: Span) {
        let Some(&[dsap, ssap, control]) = span.first::<3>(data) else {
            return self.short(LayerKind::Llc, span, 3);
        };
        // Unnumbered frames have one control byte, the others two (IEEE 802.2 section 5.2).
        let header_len = if control & 3 == 3 { 3 } else { 4 };
        if !self.push(span.layer(LayerKind::Llc, header_len)) {
            return;
        }
        let inner = span.after(header_len);
        match dsap {
            sap::SNAP if ssap == sap::SNAP => self.snap(data, inner),
            sap::IP => self.ipv4(data, inner),
            other => self.undecoded(LayerKind::UndecodedLlc(other), inner),
        }
    }

    pub(super) fn snap(&mut self, data: &[u8], span: Span) {
        let Some(&[o0, o1, o2, high, low]) = span.first::<5>(data) else {
            return self.short(LayerKind::Snap, span, 5);
        };
        let organisation = u32::from_be_bytes([0, o0, o1, o2]);
        let protocol = u16::from_be_bytes([high, low]);
        if !self.push(span.layer(LayerKind::Snap, 5)) {
            return;
        }
        let inner = span.after(5);
        if SNAP_ETHER_TYPE.contains(&organisation) {
            self.ether_type(protocol, data, inner);
        } else if organisation == SNAP_BRIDGED && matches!(protocol, 1 | 7) {
            self.ethernet(data, inner);
        } else {
            self.undecoded(LayerKind::UndecodedSnap(organisation), inner);
        }
    }

    fn arp(&mut self, data: &[u8], span: Span) {
        let Some(&[_, _, _, _, hardware_len, protocol_len, _, _]) = span.first::<8>(data) else {
            return self.short(LayerKind::Arp, span, 8);
        };
        let len = 8 + 2 * (usize::from(hardware_len) + usize::from(protocol_len));
        if span.of(data).len() < len {
            return self.short(LayerKind::Arp, span, len);
        }
        let span = span.limited(LayerKind::Arp, len);
        self.push(span.layer(LayerKind::Arp, len));
    }
}
