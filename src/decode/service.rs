//! Headers that networks put between others for their own service: NSH, MACsec, timestamps, PIM registers.

use super::span::Span;
use super::{Decoder, LayerKind};

/// Bytes of the integrity value behind a MACsec frame.
const MACSEC_ICV: u32 = 16;

impl Decoder {
    /// VXLAN with a next-protocol field: the bits that say it and the identifier are valid have to be set.
    pub(super) fn vxlan_gpe(&mut self, data: &[u8], span: Span) -> bool {
        let Some(&[flags, _, _, next, ..]) = span.first::<8>(data) else { return false };
        if flags & 0x0c != 0x0c {
            return false;
        }
        if self.push(span.layer(LayerKind::Vxlan, 8)) {
            self.service_next(next, data, span.after(8));
        }
        true
    }

    /// Network service header: its length counts 4-byte units (RFC 8300 section 2.2).
    pub(super) fn nsh(&mut self, data: &[u8], span: Span) {
        let Some(&[_, len, _, next, ..]) = span.first::<8>(data) else {
            return self.short(LayerKind::Nsh, span, 8);
        };
        let header_len = usize::from(len & 0x3f) * 4;
        if header_len < 8 {
            return self.malformed(LayerKind::Nsh, span, "NSH length below 8");
        }
        if span.of(data).len() < header_len {
            return self.short(LayerKind::Nsh, span, header_len);
        }
        if self.push(span.layer(LayerKind::Nsh, header_len)) {
            self.service_next(next, data, span.after(header_len));
        }
    }

    /// The next protocols that NSH and VXLAN-GPE share.
    fn service_next(&mut self, next: u8, data: &[u8], span: Span) {
        match next {
            1 => self.ipv4(data, span),
            2 => self.ipv6(data, span),
            3 => self.ethernet(data, span),
            4 => self.nsh(data, span),
            5 => self.mpls(data, span),
            _ => self.undecoded(LayerKind::UndecodedBytes, span),
        }
    }

    /// MACsec: followed only where the frame is authenticated and not encrypted.
    pub(super) fn macsec(&mut self, data: &[u8], span: Span) {
        let Some(&[control, _, _, _, _, _]) = span.first::<6>(data) else {
            return self.short(LayerKind::Macsec, span, 6);
        };
        let header_len = if control & 0x20 != 0 { 14 } else { 6 };
        if span.of(data).len() < header_len {
            return self.short(LayerKind::Macsec, span, header_len);
        }
        if control & 0x0c != 0 {
            self.push(span.layer(LayerKind::Macsec, header_len));
            return;
        }
        let without_icv = usize::try_from(span.wire_len().saturating_sub(MACSEC_ICV)).unwrap_or(usize::MAX);
        self.tag(LayerKind::Macsec, header_len, data, span.limited(LayerKind::Macsec, without_icv));
    }

    /// Arista's timestamp: 4 bytes of version, then 6 or 8 of time.
    pub(super) fn arista_timestamp(&mut self, data: &[u8], span: Span) {
        match span.first::<4>(data) {
            None => self.short(LayerKind::AristaTimestamp, span, 4),
            Some([0, 1, _, 0x10]) => self.tag(LayerKind::AristaTimestamp, 12, data, span),
            Some([0, 1, _, 0x20]) => self.tag(LayerKind::AristaTimestamp, 10, data, span),
            Some(_) => self.undecoded(LayerKind::AristaTimestamp, span),
        }
    }

    /// PIM: a register message, type 1 of version 2, carries a multicast packet or nothing.
    pub(super) fn pim(&mut self, data: &[u8], span: Span) {
        let Some(&[first, ..]) = span.first::<4>(data) else {
            return self.short(LayerKind::Pim, span, 4);
        };
        if first != 0x21 {
            self.push(span.layer(LayerKind::Pim, 4));
            return;
        }
        if span.of(data).len() < 8 {
            return self.short(LayerKind::Pim, span, 8);
        }
        let inner = span.after(8);
        if self.push(span.layer(LayerKind::Pim, 8)) && !inner.is_empty() {
            self.ip_by_version(data, inner);
        }
    }
}
