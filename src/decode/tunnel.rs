//! Tunnels: GRE with PPTP and ERSPAN, EtherIP, L2TP, VXLAN, Geneve, GTP-U, Teredo.
//!
//! Those behind a UDP port answer whether the bytes are theirs: a port alone proves nothing.

use super::span::Span;
use super::{Decoder, LayerKind};

/// GRE protocol of PPP in version 1 (RFC 2637 section 4.1).
const GRE_PPP: u16 = 0x880b;
/// GRE protocols of ERSPAN type II (and I, without sequence number) and type III.
const GRE_ERSPAN: u16 = 0x88be;
const GRE_ERSPAN_III: u16 = 0x22eb;
/// GRE protocol that Cisco's WCCP uses before an IPv4 packet.
const GRE_WCCP: u16 = 0x883e;

/// Bits of the first GRE byte (RFC 2784, RFC 2890; routing and recursion of RFC 1701).
mod gre_bit {
    pub(super) const CHECKSUM: u16 = 0x8000;
    pub(super) const ROUTING: u16 = 0x4000;
    pub(super) const KEY: u16 = 0x2000;
    pub(super) const SEQUENCE: u16 = 0x1000;
    pub(super) const ACKNOWLEDGMENT: u16 = 0x0080;
    pub(super) const VERSION: u16 = 0x0007;
}

/// Bits of the first two L2TP bytes (RFC 2661 section 3.1).
mod l2tp_bit {
    pub(super) const CONTROL: u16 = 0x8000;
    pub(super) const LENGTH: u16 = 0x4000;
    pub(super) const SEQUENCE: u16 = 0x0800;
    pub(super) const OFFSET: u16 = 0x0200;
}

/// The GTP-U message that carries a user's packet.
const G_PDU: u8 = 0xff;
/// Most extension headers followed in one GTP-U header; one or two in practice.
const MAX_GTP_EXTENSIONS: usize = 8;

impl Decoder {
    pub(super) fn gre(&mut self, data: &[u8], span: Span) {
        let (Some(flags), Some(protocol)) = (span.word(data, 0), span.word(data, 2)) else {
            return self.short(LayerKind::Gre, span, 4);
        };
        let optional = |bit: u16, len: usize| if flags & bit != 0 { len } else { 0 };
        let version = flags & gre_bit::VERSION;
        let mut header_len = 4
            + optional(gre_bit::CHECKSUM | gre_bit::ROUTING, 4)
            + optional(gre_bit::KEY, 4)
            + optional(gre_bit::SEQUENCE, 4);
        if version == 1 {
            header_len += optional(gre_bit::ACKNOWLEDGMENT, 4);
        }
        if flags & gre_bit::ROUTING != 0 {
            match routing_length(span.after(header_len).of(data)) {
                Some(len) => header_len += len,
                None => return self.short(LayerKind::Gre, span, header_len + 4),
            }
        }
        if span.of(data).len() < header_len {
            return self.short(LayerKind::Gre, span, header_len);
        }
        if !self.push(span.layer(LayerKind::Gre, header_len)) {
            return;
        }
        let inner = span.after(header_len);
        match protocol {
            GRE_PPP => self.ppp(data, inner),
            GRE_ERSPAN if flags & gre_bit::SEQUENCE == 0 => self.ethernet(data, inner),
            GRE_ERSPAN => self.erspan(8, data, inner),
            GRE_ERSPAN_III => self.erspan(12, data, inner),
            // WCCP's second version puts 4 bytes of its own before the packet.
            GRE_WCCP if inner.byte(data, 0).is_some_and(|first| first >> 4 == 4) => self.ipv4(data, inner),
            GRE_WCCP => self.ipv4(data, inner.after(4)),
            other => self.ether_type(other, data, inner),
        }
    }

    fn erspan(&mut self, header_len: usize, data: &[u8], span: Span) {
        // The last bit of a type III header says that 8 bytes of platform information follow.
        let platform = header_len == 12 && span.byte(data, 11).is_some_and(|byte| byte & 1 == 1);
        let header_len = if platform { header_len + 8 } else { header_len };
        if span.of(data).len() < header_len {
            return self.short(LayerKind::Erspan, span, header_len);
        }
        // Type III tells what kind of frame follows: Ethernet, IP, or something that is not decoded.
        let frame_type = span.byte(data, 10).filter(|_| header_len > 8).map_or(0, |byte| byte >> 2 & 0x1f);
        if !self.push(span.layer(LayerKind::Erspan, header_len)) {
            return;
        }
        let inner = span.after(header_len);
        match frame_type {
            0 => self.ethernet(data, inner),
            2 => self.ip_by_version(data, inner),
            _ => self.undecoded(LayerKind::UndecodedBytes, inner),
        }
    }

    pub(super) fn ether_ip(&mut self, data: &[u8], span: Span) {
        if span.of(data).len() < 2 {
            return self.short(LayerKind::EtherIp, span, 2);
        }
        if self.push(span.layer(LayerKind::EtherIp, 2)) {
            self.ethernet(data, span.after(2));
        }
    }

    /// VXLAN: the bit that says its network identifier is valid has to be set, unless somebody `said` what it is.
    pub(super) fn vxlan(&mut self, said: bool, data: &[u8], span: Span) -> bool {
        let Some(&[flags, ..]) = span.first::<8>(data) else { return false };
        if flags & 0x08 == 0 && !said {
            return false;
        }
        if self.push(span.layer(LayerKind::Vxlan, 8)) {
            self.ethernet(data, span.after(8));
        }
        true
    }

    pub(super) fn geneve(&mut self, data: &[u8], span: Span) -> bool {
        let Some(&[first, _, high, low, ..]) = span.first::<8>(data) else { return false };
        if first >> 6 != 0 {
            return false;
        }
        let header_len = 8 + usize::from(first & 0x3f) * 4;
        if span.of(data).len() < header_len {
            self.short(LayerKind::Geneve, span, header_len);
        } else if self.push(span.layer(LayerKind::Geneve, header_len)) {
            self.ether_type(u16::from_be_bytes([high, low]), data, span.after(header_len));
        }
        true
    }

    /// GTP-U: a user's IP packet, in version 1 behind optional fields and a chain of extension headers, in
    /// version 0 behind 20 fixed bytes.
    pub(super) fn gtp_u(&mut self, data: &[u8], span: Span) -> bool {
        let Some(&[flags, message, high, low, ..]) = span.first::<8>(data) else { return false };
        if flags >> 4 == 0x1 && message == G_PDU && span.of(data).len() > 20 {
            if self.push(span.layer(LayerKind::Gtpu, 20)) {
                self.ip_by_version(data, span.after(20));
            }
            return true;
        }
        if flags >> 4 != 0x3 {
            return false;
        }
        let span = span.limited(LayerKind::Gtpu, 8 + usize::from(u16::from_be_bytes([high, low])));
        let header_len =
            if flags & 0x07 == 0 { Some(8) } else { gtp_extended(span.of(data), flags & 0x04 != 0) };
        let Some(header_len) = header_len else {
            self.short(LayerKind::Gtpu, span, 12);
            return true;
        };
        if !self.push(span.layer(LayerKind::Gtpu, header_len)) {
            return true;
        }
        let inner = span.after(header_len);
        if message == G_PDU {
            self.ip_by_version(data, inner);
        } else {
            self.undecoded(LayerKind::UndecodedBytes, inner);
        }
        true
    }

    /// L2TP version 2: a data message carries PPP, a control message is kept as bytes.
    pub(super) fn l2tp(&mut self, data: &[u8], span: Span) -> bool {
        let Some(flags) = span.word(data, 0) else { return false };
        if flags & 0x000f != 2 {
            return false;
        }
        let optional = |bit: u16, len: usize| if flags & bit != 0 { len } else { 0 };
        let fixed = 6 + optional(l2tp_bit::LENGTH, 2) + optional(l2tp_bit::SEQUENCE, 4);
        let padding = match (flags & l2tp_bit::OFFSET != 0, span.word(data, fixed)) {
            (false, _) => 0,
            (true, Some(padding)) => 2 + usize::from(padding),
            (true, None) => 2,
        };
        let header_len = fixed + padding;
        let limit =
            span.word(data, 2).filter(|_| flags & l2tp_bit::LENGTH != 0).map_or(usize::MAX, usize::from);
        let span = span.limited(LayerKind::L2tp, limit);
        if span.of(data).len() < header_len {
            self.short(LayerKind::L2tp, span, header_len);
        } else if self.push(span.layer(LayerKind::L2tp, header_len)) {
            let inner = span.after(header_len);
            if flags & l2tp_bit::CONTROL != 0 {
                self.undecoded(LayerKind::UndecodedBytes, inner);
            } else if !inner.is_empty() {
                self.ppp(data, inner);
            }
        }
        true
    }

    /// Teredo: authentication and origin indications, then an IPv6 packet that fills the datagram.
    pub(super) fn teredo(&mut self, data: &[u8], span: Span) -> bool {
        let mut header_len = 0;
        if let Some(&[0, 1, id_len, auth_len]) = span.first::<4>(data) {
            header_len += 13 + usize::from(id_len) + usize::from(auth_len);
        }
        if span.word(data, header_len) == Some(0) {
            header_len += 8;
        }
        let inner = span.after(header_len);
        if inner.byte(data, 0).is_none_or(|first| first >> 4 != 6) || inner.len() < 40 {
            return false;
        }
        if self.push(span.layer(LayerKind::Teredo, header_len)) {
            self.ipv6(data, inner);
        }
        true
    }
}

/// Bytes of GRE source routes: entries of address family, offset and length, ended by an empty one (RFC 1701).
fn routing_length(bytes: &[u8]) -> Option<usize> {
    let mut len = 0_usize;
    // Each turn takes at least 4 bytes of the packet.
    loop {
        let &[family_high, family_low, _, route_len] = bytes.get(len..)?.first_chunk::<4>()?;
        len = len.checked_add(4 + usize::from(route_len))?;
        if family_high == 0 && family_low == 0 && route_len == 0 {
            return Some(len);
        }
    }
}

/// Length of a GTP-U header with optional fields, and its extension headers where `extended`.
fn gtp_extended(bytes: &[u8], extended: bool) -> Option<usize> {
    let mut next = *bytes.get(11)?;
    let mut len = 12_usize;
    if !extended {
        return Some(len);
    }
    for _ in 0..MAX_GTP_EXTENSIONS {
        if next == 0 {
            return Some(len);
        }
        let size = usize::from(*bytes.get(len)?) * 4;
        if size == 0 {
            return None;
        }
        len += size;
        next = *bytes.get(len - 1)?;
    }
    None
}
