//! PPP and its relatives: PPPoE, Cisco HDLC, Frame Relay.

use super::span::Span;
use super::{Decoder, LayerKind};

/// First byte of a Cisco HDLC frame: to one, and to all.
const CISCO_HDLC_ADDRESSES: [u8; 2] = [0x0f, 0x8f];
/// The all-stations address that begins PPP in HDLC-like framing (RFC 1662 section 3.1).
const PPP_ADDRESS: u8 = 0xff;

/// PPP protocol numbers that are decoded further.
mod protocol {
    pub(super) const IPV4: u16 = 0x0021;
    pub(super) const IPV6: u16 = 0x0057;
    pub(super) const MPLS_UNICAST: u16 = 0x0281;
    pub(super) const MPLS_MULTICAST: u16 = 0x0283;
}

/// Network layer protocol identifiers of Frame Relay, RFC 2427.
mod nlpid {
    pub(super) const SNAP: u8 = 0x80;
    pub(super) const IPV6: u8 = 0x8e;
    pub(super) const IPV4: u8 = 0xcc;
    pub(super) const PPP: u8 = 0xcf;
}

impl Decoder {
    pub(super) fn ppp_or_cisco_hdlc(&mut self, data: &[u8], span: Span) {
        match span.byte(data, 0) {
            Some(first) if CISCO_HDLC_ADDRESSES.contains(&first) => self.cisco_hdlc(data, span),
            _ => self.ppp(data, span),
        }
    }

    /// PPP behind a byte that tells whether the frame was received or sent.
    pub(super) fn ppp_with_direction(&mut self, data: &[u8], span: Span) {
        if span.byte(data, 0).is_none() {
            return self.short(LayerKind::PppDirection, span, 1);
        }
        if self.push(span.layer(LayerKind::PppDirection, 1)) {
            self.ppp_or_cisco_hdlc(data, span.after(1));
        }
    }

    /// PPP as the Linux daemon records it: the direction stands in place of the address, the control byte follows.
    pub(super) fn ppp_from_pppd(&mut self, data: &[u8], span: Span) {
        match span.first::<2>(data) {
            None => self.short(LayerKind::PppDirection, span, 2),
            Some([0 | 1, 3]) => {
                if self.push(span.layer(LayerKind::PppDirection, 2)) {
                    self.ppp(data, span.after(2));
                }
            }
            Some(_) => self.ppp_or_cisco_hdlc(data, span),
        }
    }

    /// PPP, with or without its address and control bytes, its protocol in one byte or two (RFC 1661 section 6.5).
    pub(super) fn ppp(&mut self, data: &[u8], span: Span) {
        let framing = if span.byte(data, 0) == Some(PPP_ADDRESS) { 2 } else { 0 };
        let (protocol, header_len) = match (span.byte(data, framing), span.word(data, framing)) {
            (Some(first), _) if first & 1 == 1 => (u16::from(first), framing + 1),
            (_, Some(word)) => (word, framing + 2),
            _ => return self.short(LayerKind::Ppp, span, framing + 2),
        };
        if !self.push(span.layer(LayerKind::Ppp, header_len)) {
            return;
        }
        let inner = span.after(header_len);
        match protocol {
            protocol::IPV4 => self.ipv4(data, inner),
            protocol::IPV6 => self.ipv6(data, inner),
            protocol::MPLS_UNICAST | protocol::MPLS_MULTICAST => self.mpls(data, inner),
            other => self.undecoded(LayerKind::UndecodedPpp(other), inner),
        }
    }

    /// PPPoE: discovery carries tags, which are kept as bytes, a session carries PPP.
    pub(super) fn pppoe(&mut self, session: bool, data: &[u8], span: Span) {
        let Some(&[_, code, _, _, high, low]) = span.first::<6>(data) else {
            return self.short(LayerKind::Pppoe, span, 6);
        };
        let len = usize::from(u16::from_be_bytes([high, low]));
        let span = span.limited(LayerKind::Pppoe, len.saturating_add(6));
        if !self.push(span.layer(LayerKind::Pppoe, 6)) {
            return;
        }
        let inner = span.after(6);
        if session && code == 0 {
            self.ppp(data, inner)
        } else {
            self.undecoded(LayerKind::UndecodedBytes, inner)
        }
    }

    pub(super) fn cisco_hdlc(&mut self, data: &[u8], span: Span) {
        let Some(&[_, _, high, low]) = span.first::<4>(data) else {
            return self.short(LayerKind::CiscoHdlc, span, 4);
        };
        if !self.push(span.layer(LayerKind::CiscoHdlc, 4)) {
            return;
        }
        let inner = span.after(4);
        match u16::from_be_bytes([high, low]) {
            // Cisco's own address resolution for serial lines shares RARP's number and nothing else.
            slarp @ 0x8035 => self.undecoded(LayerKind::UndecodedEtherType(slarp), inner),
            other => self.ether_type(other, data, inner),
        }
    }

    /// Frame Relay: two to four address bytes, then RFC 2427's control and NLPID, or Cisco's EtherType.
    pub(super) fn frame_relay(&mut self, data: &[u8], span: Span) {
        let bytes = span.of(data);
        let Some(last) = bytes.iter().take(4).position(|byte| byte & 1 == 1) else {
            return self.short(LayerKind::FrameRelay, span, 4);
        };
        let address_len = last + 1;
        let (Some(control), Some(ether_type)) = (bytes.get(address_len), span.word(data, address_len)) else {
            return self.short(LayerKind::FrameRelay, span, address_len + 2);
        };
        if *control != 0x03 {
            if self.push(span.layer(LayerKind::FrameRelay, address_len + 2)) {
                self.ether_type(ether_type, data, span.after(address_len + 2));
            }
            return;
        }
        // A zero before the identifier is padding, to align what follows.
        let nlpid_at = if bytes.get(address_len + 1) == Some(&0) { address_len + 2 } else { address_len + 1 };
        let Some(&nlpid) = bytes.get(nlpid_at) else {
            return self.short(LayerKind::FrameRelay, span, nlpid_at + 1);
        };
        if !self.push(span.layer(LayerKind::FrameRelay, nlpid_at + 1)) {
            return;
        }
        let inner = span.after(nlpid_at + 1);
        match nlpid {
            nlpid::IPV4 => self.ipv4(data, inner),
            nlpid::IPV6 => self.ipv6(data, inner),
            nlpid::SNAP => self.snap(data, inner),
            nlpid::PPP => self.ppp(data, inner),
            other => self.undecoded(LayerKind::UndecodedLlc(other), inner),
        }
    }
}
