//! ICMP and ICMPv6: errors quote the packet that caused them, and that is decoded too, marked as quoted.

use super::span::Span;
use super::{Decoder, LayerKind};

/// Bytes before the body of every ICMP message that matters here (RFC 792, RFC 4443).
const HEADER_LEN: usize = 8;
/// Option of a redirect that quotes the packet (RFC 4861 section 4.6.3).
const REDIRECTED_HEADER: u8 = 4;
/// Most options looked at in one redirect; there are two in practice.
const MAX_OPTIONS: usize = 16;

impl Decoder {
    pub(super) fn icmp(&mut self, data: &[u8], span: Span) {
        let Some(&[kind, ..]) = span.first::<HEADER_LEN>(data) else {
            return self.short(LayerKind::Icmp, span, HEADER_LEN);
        };
        if !self.push(span.layer(LayerKind::Icmp, HEADER_LEN)) {
            return;
        }
        let body = span.after(HEADER_LEN);
        // Unreachable, source quench, redirect, time exceeded, parameter problem.
        if matches!(kind, 3 | 4 | 5 | 11 | 12) && !body.is_empty() {
            self.ipv4(data, body.quoting());
        }
    }

    pub(super) fn icmpv6(&mut self, data: &[u8], span: Span) {
        let Some(&[kind, ..]) = span.first::<4>(data) else {
            return self.short(LayerKind::Icmpv6, span, 4);
        };
        let header_len = span.of(data).len().min(HEADER_LEN);
        if !self.push(span.layer(LayerKind::Icmpv6, header_len)) {
            return;
        }
        let body = span.after(HEADER_LEN);
        match kind {
            // Unreachable, packet too big, time exceeded, parameter problem.
            1..=4 if !body.is_empty() => self.ipv6(data, body.quoting()),
            137 => self.redirected(data, body.after(32)),
            _ => {}
        }
    }

    /// The packet that a redirect quotes among its options.
    fn redirected(&mut self, data: &[u8], span: Span) {
        let mut rest = span;
        for _ in 0..MAX_OPTIONS {
            let Some(&[kind, units]) = rest.first::<2>(data) else { return };
            let len = usize::from(units) * 8;
            if len == 0 {
                return;
            }
            if kind == REDIRECTED_HEADER {
                return self.ipv6(data, rest.limited(LayerKind::Icmpv6, len).after(8).quoting());
            }
            rest = rest.after(len);
        }
    }
}
