//! Which decoder a frame starts with, by its link type.

use super::span::Span;
use super::wireless::Form;
use super::{Decoder, LayerKind};
use crate::source::LinkType;

/// `DLT_RAW` as some systems wrote it into savefiles, before LINKTYPE_RAW had a number of its own.
const RAW_AS_12: u16 = 12;
const RAW_AS_14: u16 = 14;
/// `LINKTYPE_PPP_PPPD`: PPP with a direction, 0 or 1, in place of its address byte.
const PPP_PPPD: u16 = 166;
/// `LINKTYPE_PPP_WITH_DIR`: PPP behind a direction byte.
const PPP_WITH_DIR: u16 = 204;
/// `LINKTYPE_ATM_RFC1483`: LLC, as it is carried over ATM.
const ATM_RFC1483: u16 = 100;
/// `LINKTYPE_PKTAP`: Apple's header, which names the link type of what follows.
const PKTAP: u16 = 258;
/// `LINKTYPE_IPOIB`: IP over InfiniBand, behind a global routing header.
const IPOIB: u16 = 242;
/// Ethernet with a switch's tag behind the addresses: Broadcom's, Marvell's, and Marvell's with an EtherType.
const DSA_TAG_BRCM: u16 = 281;
const DSA_TAG_DSA: u16 = 284;
const DSA_TAG_EDSA: u16 = 285;

/// 802.11 behind a header of the capturing system.
const IEEE802_11_PRISM: u16 = 119;
const IEEE802_11_RADIOTAP: u16 = 127;
const IEEE802_11_AVS: u16 = 163;
/// ARCNET with the addresses alone before the protocol, and with an offset between.
const ARCNET_BSD: u16 = 7;
const ARCNET_LINUX: u16 = 129;

impl Decoder {
    /// Decodes a whole frame from its link header on.
    pub(super) fn link(&mut self, link: LinkType, frame: &[u8], span: Span) {
        match link {
            LinkType::ETHERNET => self.ethernet(frame, span),
            LinkType::NULL => self.null(frame, span),
            LinkType::LOOP => self.loopback(frame, span),
            LinkType::PPP | LinkType::PPP_HDLC => self.ppp_or_cisco_hdlc(frame, span),
            LinkType::PPP_ETHER => self.pppoe(true, frame, span),
            LinkType(PPP_WITH_DIR) => self.ppp_with_direction(frame, span),
            LinkType(PPP_PPPD) => self.ppp_from_pppd(frame, span),
            LinkType::RAW | LinkType(RAW_AS_12 | RAW_AS_14) => self.ip_by_version(frame, span),
            LinkType::IPV4 => self.ipv4(frame, span),
            LinkType::IPV6 => self.ipv6(frame, span),
            LinkType::C_HDLC => self.cisco_hdlc(frame, span),
            LinkType::FRELAY => self.frame_relay(frame, span),
            LinkType::LINUX_SLL => self.linux_sll(frame, span),
            LinkType::LINUX_SLL2 => self.linux_sll2(frame, span),
            LinkType::IEEE802_11 => self.wlan(Form::default(), frame, span),
            LinkType(IEEE802_11_RADIOTAP) => self.radiotap(frame, span),
            LinkType(IEEE802_11_PRISM | IEEE802_11_AVS) => self.prism(frame, span),
            LinkType(ARCNET_BSD) => self.arcnet(2, frame, span),
            LinkType(ARCNET_LINUX) => self.arcnet(4, frame, span),
            LinkType::PPI => self.ppi(frame, span),
            LinkType(ATM_RFC1483) => self.llc(frame, span),
            LinkType(PKTAP) => self.pktap(frame, span),
            LinkType(IPOIB) => self.ip_over_infiniband(frame, span),
            LinkType::NFLOG => self.nflog(frame, span),
            LinkType(DSA_TAG_BRCM | DSA_TAG_DSA) => self.tagged_ethernet(4, frame, span),
            LinkType(DSA_TAG_EDSA) => self.tagged_ethernet(8, frame, span),
            other => self.undecoded(LayerKind::UndecodedLink(other.0), span),
        }
    }

    /// IPv4 or IPv6, told by the version nibble.
    pub(super) fn ip_by_version(&mut self, data: &[u8], span: Span) {
        match span.byte(data, 0).map(|first| first >> 4) {
            Some(4) => self.ipv4(data, span),
            Some(6) => self.ipv6(data, span),
            _ => self.undecoded(LayerKind::UndecodedBytes, span),
        }
    }
}
