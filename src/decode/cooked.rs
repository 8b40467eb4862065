//! Link headers that a capturing system makes up: loopback families, Linux cooked capture, PPI, netfilter log.

use super::span::Span;
use super::{Decoder, LayerKind};
use crate::source::LinkType;

/// Values of a family field above this are EtherTypes, as some systems write them.
const MAX_FAMILY: u32 = 1500;
/// `AF_INET`, the same on every system.
const AF_INET: u32 = 2;
/// `AF_INET6` of Linux, Windows, NetBSD and OpenBSD, FreeBSD, and Darwin.
const AF_INET6: [u32; 5] = [10, 23, 24, 28, 30];

/// Hardware types (`ARPHRD_`) whose cooked protocol field is not an EtherType.
mod hardware {
    pub(super) const FRAME_RELAY: u16 = 770;
    pub(super) const GRE: u16 = 778;
    pub(super) const IRDA: u16 = 783;
    pub(super) const WIRELESS: [u16; 3] = [801, 802, 803];
    pub(super) const NETLINK: u16 = 824;
}

/// Cooked protocol values that are no EtherType: Novell 802.3 without LLC, and frames that start with LLC.
const SLL_NOVELL: u16 = 1;
const SLL_LLC: u16 = 4;
/// Protocol values from here on are EtherTypes.
const MIN_ETHER_TYPE: u16 = 0x0600;

/// The attribute of a netfilter log record that holds the packet (`NFULA_PAYLOAD`).
const NFLOG_PAYLOAD: u16 = 9;
/// Most attributes looked at before the payload of one netfilter log record; the kernel writes about 20.
const MAX_NFLOG_ATTRIBUTES: usize = 64;

impl Decoder {
    /// A family in the byte order of the capturing host: the order that makes it a small number.
    pub(super) fn null(&mut self, data: &[u8], span: Span) {
        let Some(&bytes) = span.first::<4>(data) else {
            return self.short(LayerKind::Null, span, 4);
        };
        // PPP frames with their address and control bytes occur under this link type too.
        if matches!(bytes, [0xff, 0x03, ..]) {
            return self.ppp(data, span);
        }
        let little = u32::from_le_bytes(bytes);
        let family = if little >> 16 == 0 { little } else { little.swap_bytes() };
        if self.push(span.layer(LayerKind::Null, 4)) {
            self.family(family, data, span.after(4));
        }
    }

    pub(super) fn loopback(&mut self, data: &[u8], span: Span) {
        let Some(&bytes) = span.first::<4>(data) else {
            return self.short(LayerKind::Loop, span, 4);
        };
        if self.push(span.layer(LayerKind::Loop, 4)) {
            self.family(u32::from_be_bytes(bytes), data, span.after(4));
        }
    }

    fn family(&mut self, family: u32, data: &[u8], span: Span) {
        let [_, _, high, low] = family.to_be_bytes();
        match family {
            _ if family > MAX_FAMILY => self.ether_type(u16::from_be_bytes([high, low]), data, span),
            _ if family == AF_INET => self.ipv4(data, span),
            _ if AF_INET6.contains(&family) => self.ipv6(data, span),
            _ => self.undecoded(LayerKind::UndecodedFamily(family), span),
        }
    }

    pub(super) fn linux_sll(&mut self, data: &[u8], span: Span) {
        let (Some(hardware), Some(protocol)) = (span.word(data, 2), span.word(data, 14)) else {
            return self.short(LayerKind::LinuxSll, span, 16);
        };
        if self.push(span.layer(LayerKind::LinuxSll, 16)) {
            self.sll_protocol(hardware, protocol, data, span.after(16));
        }
    }

    pub(super) fn linux_sll2(&mut self, data: &[u8], span: Span) {
        let (Some(protocol), Some(hardware), Some(_)) =
            (span.word(data, 0), span.word(data, 8), span.word(data, 18))
        else {
            return self.short(LayerKind::LinuxSll2, span, 20);
        };
        if self.push(span.layer(LayerKind::LinuxSll2, 20)) {
            self.sll_protocol(hardware, protocol, data, span.after(20));
        }
    }

    fn sll_protocol(&mut self, hardware: u16, protocol: u16, data: &[u8], span: Span) {
        let opaque = hardware == hardware::NETLINK
            || hardware == hardware::IRDA
            || hardware::WIRELESS.contains(&hardware);
        match protocol {
            _ if opaque => self.undecoded(LayerKind::UndecodedEtherType(protocol), span),
            _ if hardware == hardware::FRAME_RELAY => self.frame_relay(data, span),
            _ if hardware == hardware::GRE && protocol < MIN_ETHER_TYPE => self.gre(data, span),
            SLL_LLC => self.llc(data, span),
            SLL_NOVELL => self.undecoded(LayerKind::UndecodedLlc(0xff), span),
            other if other < MIN_ETHER_TYPE => self.undecoded(LayerKind::UndecodedEtherType(other), span),
            other => self.ether_type(other, data, span),
        }
    }

    /// Per-packet information: a header that names the link type of what follows.
    pub(super) fn ppi(&mut self, data: &[u8], span: Span) {
        let Some(&[_, _, len_low, len_high, t0, t1, t2, t3]) = span.first::<8>(data) else {
            return self.short(LayerKind::Ppi, span, 8);
        };
        let len = usize::from(u16::from_le_bytes([len_low, len_high]));
        if len < 8 {
            return self.malformed(LayerKind::Ppi, span, "PPI header length below 8");
        }
        if span.of(data).len() < len {
            return self.short(LayerKind::Ppi, span, len);
        }
        let inner = u16::try_from(u32::from_le_bytes([t0, t1, t2, t3])).unwrap_or(u16::MAX);
        if self.push(span.layer(LayerKind::Ppi, len)) {
            let after = span.after(len);
            match LinkType(inner) {
                LinkType::IEEE802_11 => {
                    let header = span.of(data).get(..len).unwrap_or(&[]);
                    self.wlan_behind_ppi(header, data, after);
                }
                other => self.link(other, data, after),
            }
        }
    }

    /// Apple's header: its length, a record type, then the link type of what follows, little-endian.
    pub(super) fn pktap(&mut self, data: &[u8], span: Span) {
        let Some(&[l0, l1, l2, l3, _, _, _, _, t0, t1, t2, t3]) = span.first::<12>(data) else {
            return self.short(LayerKind::Pktap, span, 12);
        };
        let len = usize::try_from(u32::from_le_bytes([l0, l1, l2, l3])).unwrap_or(usize::MAX);
        if len < 12 {
            return self.malformed(LayerKind::Pktap, span, "PKTAP header length below 12");
        }
        if span.of(data).len() < len {
            return self.short(LayerKind::Pktap, span, len);
        }
        let inner = u16::try_from(u32::from_le_bytes([t0, t1, t2, t3])).unwrap_or(u16::MAX);
        if self.push(span.layer(LayerKind::Pktap, len)) {
            self.link(LinkType(inner), data, span.after(len));
        }
    }

    /// 40 bytes of global routing header, then EtherType and two reserved bytes.
    pub(super) fn ip_over_infiniband(&mut self, data: &[u8], span: Span) {
        let (Some(kind), Some(_)) = (span.word(data, 40), span.word(data, 42)) else {
            return self.short(LayerKind::Infiniband, span, 44);
        };
        if self.push(span.layer(LayerKind::Infiniband, 44)) {
            self.ether_type(kind, data, span.after(44));
        }
    }

    /// A netfilter log record: attributes in the capturing host's byte order, one of which is the packet.
    pub(super) fn nflog(&mut self, data: &[u8], span: Span) {
        let Some(&[family, _, _, _]) = span.first::<4>(data) else {
            return self.short(LayerKind::Nflog, span, 4);
        };
        let bytes = span.of(data);
        let mut at = 4_usize;
        for _ in 0..MAX_NFLOG_ATTRIBUTES {
            let Some(&[l0, l1, t0, t1]) = bytes.get(at..).and_then(|rest| rest.first_chunk::<4>()) else {
                break;
            };
            // Attribute numbers are small: the byte order that makes this one small is the host's.
            let little = t1 == 0;
            let read = |pair| if little { u16::from_le_bytes(pair) } else { u16::from_be_bytes(pair) };
            let (len, kind) = (usize::from(read([l0, l1])), read([t0, t1]));
            if len < 4 {
                return self.malformed(LayerKind::Nflog, span, "netfilter attribute length below 4");
            }
            if kind == NFLOG_PAYLOAD {
                let record = span.limited(LayerKind::Nflog, at.saturating_add(len));
                if self.push(record.layer(LayerKind::Nflog, at + 4)) {
                    self.nflog_payload(family, data, record.after(at + 4));
                }
                return;
            }
            at = at.saturating_add(len.next_multiple_of(4));
        }
        self.push(span.layer(LayerKind::Nflog, at));
    }

    fn nflog_payload(&mut self, family: u8, data: &[u8], span: Span) {
        match u32::from(family) {
            AF_INET => self.ipv4(data, span),
            10 => self.ipv6(data, span),
            other => self.undecoded(LayerKind::UndecodedFamily(other), span),
        }
    }
}
