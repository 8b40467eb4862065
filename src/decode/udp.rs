//! UDP, TCP and UDP-Lite headers, and the tunnels told by a UDP port.

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
    pub(super) const GENEVE: u16 = 6081;
    pub(super) const MPLS: u16 = 6635;
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
        let is = |port| src == port || dst == port;
        let tunnel = match span.first::<8>(data) {
            None => false,
            Some(_) if is(port::VXLAN) => self.vxlan(data, span),
            Some(_) if is(port::GENEVE) => self.geneve(data, span),
            Some(_) if is(port::L2TP) => self.l2tp(data, span),
            Some(_) if is(port::GTP_U) || is(port::GTP_V0) => self.gtp_u(data, span),
            Some(_) if is(port::TEREDO) => self.teredo(data, span),
            Some(_) if dst == port::MPLS => {
                self.mpls(data, span);
                true
            }
            Some(_) => false,
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
