//! IPv4, IPv6 and what they carry.

use std::net::IpAddr;

use etherparse::{Ipv4HeaderSlice, Ipv6HeaderSlice, TcpHeaderSlice, UdpHeaderSlice};

use super::packet::Span;
use super::{Decoder, Endpoint, LayerKind, StopReason, Transport, TransportProtocol};

impl Decoder {
    pub(super) fn ipv4(&mut self, data: &[u8], span: Span) {
        let Ok(header) = Ipv4HeaderSlice::from_slice(span.of(data)) else {
            return self.stop(LayerKind::Ipv4, span, 20, span.short_reason());
        };
        let span = span.limited(usize::from(header.total_len()));
        let header_len = header.slice().len();
        if !self.push(span.layer(LayerKind::Ipv4, header_len)) {
            return;
        }
        let (src, dst) = (header.source_addr().into(), header.destination_addr().into());
        self.ip_payload(header.protocol().0, src, dst, data, span.after(header_len));
    }

    pub(super) fn ipv6(&mut self, data: &[u8], span: Span) {
        let Ok(header) = Ipv6HeaderSlice::from_slice(span.of(data)) else {
            return self.stop(LayerKind::Ipv6, span, 40, span.short_reason());
        };
        let span = span.limited(usize::from(header.payload_length()).saturating_add(40));
        if !self.push(span.layer(LayerKind::Ipv6, 40)) {
            return;
        }
        let (src, dst) = (header.source_addr().into(), header.destination_addr().into());
        self.ip_payload(header.next_header().0, src, dst, data, span.after(40));
    }

    fn ip_payload(&mut self, protocol: u8, src: IpAddr, dst: IpAddr, data: &[u8], span: Span) {
        match protocol {
            6 => self.tcp(src, dst, data, span),
            17 => self.udp(src, dst, data, span),
            1 => {
                self.push(span.layer(LayerKind::Icmp, 8));
            }
            58 => {
                self.push(span.layer(LayerKind::Icmpv6, 8));
            }
            other => {
                self.push(span.layer(LayerKind::UndecodedIpProtocol(other), 0));
            }
        }
    }

    fn tcp(&mut self, src: IpAddr, dst: IpAddr, data: &[u8], span: Span) {
        let Ok(header) = TcpHeaderSlice::from_slice(span.of(data)) else {
            return self.stop(LayerKind::Tcp, span, 20, span.short_reason());
        };
        let header_len = header.slice().len();
        let layer = self.layers.len();
        if !self.push(span.layer(LayerKind::Tcp, header_len)) {
            return;
        }
        self.transports.push(Transport {
            layer,
            protocol: TransportProtocol::Tcp,
            src: Endpoint { addr: src, port: header.source_port() },
            dst: Endpoint { addr: dst, port: header.destination_port() },
            quoted: span.quoted,
        });
        self.application(span.after(header_len));
    }

    fn udp(&mut self, src: IpAddr, dst: IpAddr, data: &[u8], span: Span) {
        let Ok(header) = UdpHeaderSlice::from_slice(span.of(data)) else {
            return self.stop(LayerKind::Udp, span, 8, span.short_reason());
        };
        let length = usize::from(header.length());
        if length < 8 {
            return self.stop(LayerKind::Udp, span, 8, StopReason::Malformed("UDP length below 8"));
        }
        let span = span.limited(length);
        let layer = self.layers.len();
        if !self.push(span.layer(LayerKind::Udp, 8)) {
            return;
        }
        self.transports.push(Transport {
            layer,
            protocol: TransportProtocol::Udp,
            src: Endpoint { addr: src, port: header.source_port() },
            dst: Endpoint { addr: dst, port: header.destination_port() },
            quoted: span.quoted,
        });
        self.application(span.after(8));
    }

    /// Notes the bytes that a transport carries.
    fn application(&mut self, span: Span) {
        if span.end > span.start {
            self.push(span.layer(LayerKind::Payload, 0));
        }
    }
}
