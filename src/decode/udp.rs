//! UDP, TCP and UDP-Lite headers, and the tunnels told by a UDP port.

use super::decode_as::Behind;
use super::ip::Addresses;
use super::span::{Span, offset};
use super::{Decoder, Endpoint, LayerKind, Transport, TransportProtocol};

/// UDP ports of tunnels (IANA); either side may have it.
mod port {
    pub(super) const L2TP: u16 = 1701;
    pub(super) const GTP_U: u16 = 2152;
    pub(super) const GTP_V0: u16 = 3386;
    pub(super) const TEREDO: u16 = 3544;
    pub(super) const VXLAN: u16 = 4789;
    pub(super) const VXLAN_GPE: u16 = 4790;
    pub(super) const GENEVE: u16 = 6081;
    pub(super) const MPLS: u16 = 6635;
}

/// What the port of a tunnel, on either side, makes likely.
fn usually_behind(src: u16, dst: u16) -> Behind {
    let is = |port| src == port || dst == port;
    if is(port::VXLAN) {
        Behind::Vxlan
    } else if is(port::VXLAN_GPE) {
        Behind::VxlanGpe
    } else if is(port::GENEVE) {
        Behind::Geneve
    } else if is(port::L2TP) {
        Behind::L2tp
    } else if is(port::GTP_U) || is(port::GTP_V0) {
        Behind::Gtp
    } else if is(port::TEREDO) {
        Behind::Teredo
    } else if dst == port::MPLS {
        Behind::Mpls
    } else {
        Behind::Data
    }
}

impl Decoder {
    pub(super) fn tcp(&mut self, addresses: Addresses, data: &[u8], span: Span) {
        let layer = self.layers.len();
        let header_len = span.byte(data, 12).map_or(0, |byte| usize::from(byte >> 4) * 4);
        let had = span.of(data).len();
        if had < 20 || had < header_len {
            self.short(LayerKind::Tcp, span, header_len.max(20));
        } else if header_len < 20 {
            self.malformed(LayerKind::Tcp, span, "TCP header length below 20");
        } else if self.push(span.layer(LayerKind::Tcp, header_len)) {
            self.transport(layer, TransportProtocol::Tcp, addresses, data, span);
            return self.undecoded(LayerKind::Payload, span.after(header_len));
        }
        self.transport(layer, TransportProtocol::Tcp, addresses, data, span);
    }

    pub(super) fn udp(&mut self, addresses: Addresses, data: &[u8], span: Span) {
        let layer = self.layers.len();
        let Some(&[s0, s1, d0, d1, high, low, _, _]) = span.first::<8>(data) else {
            self.short(LayerKind::Udp, span, 8);
            return self.transport(layer, TransportProtocol::Udp, addresses, data, span);
        };
        let length = usize::from(u16::from_be_bytes([high, low]));
        // Zero is a jumbogram's way to say "as long as the IP payload" (RFC 2675 section 4).
        let jumbo = length == 0 && (self.jumbo || span.wire_len() > u32::from(u16::MAX));
        if length < 8 && !jumbo {
            self.malformed(LayerKind::Udp, span, "UDP length below 8");
            return self.transport(layer, TransportProtocol::Udp, addresses, data, span);
        }
        let inside = span.limited(LayerKind::Udp, if jumbo { usize::MAX } else { length });
        let mut header = inside.layer(LayerKind::Udp, 8);
        if !jumbo {
            header.claimed_end = span.start.saturating_add(offset(length));
        }
        if !self.push(header) {
            return;
        }
        self.transport(layer, TransportProtocol::Udp, addresses, data, span);
        let ports = (u16::from_be_bytes([s0, s1]), u16::from_be_bytes([d0, d1]));
        self.udp_payload(ports, data, inside.after(8));
    }

    pub(super) fn udp_lite(&mut self, addresses: Addresses, data: &[u8], span: Span) {
        let layer = self.layers.len();
        if span.of(data).len() < 8 {
            self.short(LayerKind::UdpLite, span, 8);
            return self.transport(layer, TransportProtocol::Udp, addresses, data, span);
        }
        if self.push(span.layer(LayerKind::UdpLite, 8)) {
            self.transport(layer, TransportProtocol::Udp, addresses, data, span);
            self.undecoded(LayerKind::Payload, span.after(8));
        }
    }

    fn udp_payload(&mut self, (src, dst): (u16, u16), data: &[u8], span: Span) {
        let said = self.decode_as.of(TransportProtocol::Udp, src, dst);
        let behind = said.unwrap_or_else(|| usually_behind(src, dst));
        // A tunnel's header has 8 bytes at least.
        let room = span.first::<8>(data).is_some();
        let tunnel = match behind {
            Behind::Vxlan if room => self.vxlan(said.is_some(), data, span),
            Behind::VxlanGpe if room => self.vxlan_gpe(data, span),
            Behind::Geneve if room => self.geneve(data, span),
            Behind::L2tp if room => self.l2tp(data, span),
            Behind::Gtp if room => self.gtp_u(data, span),
            Behind::Teredo if room => self.teredo(data, span),
            Behind::Mpls if room => {
                self.mpls(data, span);
                true
            }
            _ => false,
        };
        if !tunnel {
            self.undecoded(LayerKind::Payload, span);
        }
    }

    /// Notes who talks to whom, where the ports are there and the header's layer was kept.
    fn transport(
        &mut self,
        layer: usize,
        protocol: TransportProtocol,
        addresses: Addresses,
        data: &[u8],
        span: Span,
    ) {
        let Some(&[s0, s1, d0, d1]) = span.first::<4>(data) else { return };
        if layer >= self.layers.len() {
            return;
        }
        self.transports.push(Transport {
            layer,
            protocol,
            src: Endpoint { addr: addresses.src, port: u16::from_be_bytes([s0, s1]) },
            dst: Endpoint { addr: addresses.dst, port: u16::from_be_bytes([d0, d1]) },
            quoted: span.quoted,
        });
    }
}
