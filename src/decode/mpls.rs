//! MPLS label stacks, and the guess what they carry: no label says so.

use super::span::Span;
use super::{Decoder, LayerKind};

impl Decoder {
    pub(super) fn mpls(&mut self, data: &[u8], span: Span) {
        let mut span = span;
        // Every turn adds a layer, so MAX_LAYERS ends this.
        loop {
            let Some(&[_, _, label_end, _]) = span.first::<4>(data) else {
                return self.short(LayerKind::Mpls, span, 4);
            };
            if !self.push(span.layer(LayerKind::Mpls, 4)) {
                return;
            }
            span = span.after(4);
            if label_end & 1 == 1 {
                return self.mpls_payload(data, span);
            }
        }
    }

    /// The first nibble tells IP versions, an associated channel and a control word apart (RFC 4385 section 3);
    /// anything else is Ethernet without a control word.
    fn mpls_payload(&mut self, data: &[u8], span: Span) {
        let Some(first) = span.byte(data, 0) else { return };
        match first >> 4 {
            4 => self.ipv4(data, span),
            6 => self.ipv6(data, span),
            1 => self.undecoded(LayerKind::ControlWord, span),
            0 if !looks_like_ethernet(data, span) => {
                let inner = span.after(4);
                if looks_like_ethernet(data, inner) && self.push(span.layer(LayerKind::ControlWord, 4)) {
                    self.ethernet(data, inner);
                } else {
                    self.undecoded(LayerKind::UndecodedBytes, span);
                }
            }
            _ if looks_like_ethernet(data, span) => self.ethernet(data, span),
            _ => self.undecoded(LayerKind::UndecodedBytes, span),
        }
    }
}

/// Whether these bytes can be an Ethernet header: a source that is no group address, and behind the
/// addresses a length that fits or an EtherType in use.
fn looks_like_ethernet(data: &[u8], span: Span) -> bool {
    let (Some(source), Some(kind)) = (span.byte(data, 6), span.word(data, 12)) else { return false };
    let rest = span.wire_len().saturating_sub(14);
    let plausible = match kind {
        0..=1500 => u32::from(kind) <= rest && kind > 2,
        0x0800 | 0x0806 | 0x8100 | 0x86dd | 0x88a8 | 0x8847 | 0x8848 | 0x8863 | 0x8864 => true,
        0x8035 | 0x888e | 0x88cc | 0x8902 | 0x9000 | 0x9100 => true,
        _ => false,
    };
    source & 1 == 0 && plausible
}
