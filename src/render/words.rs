//! Protocol numbers in plain words.

use std::fmt;

use crate::decode::{DecodeStop, LayerKind, MAX_LAYERS, StopReason, TcpFlags};
use crate::flow::ConnState;
use crate::source::LinkType;

/// What an ICMP or ICMPv6 message says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IcmpMessage {
    /// ICMPv6 (RFC 4443) rather than ICMP (RFC 792).
    pub v6: bool,
    /// Type.
    pub icmp_type: u8,
    /// Code.
    pub code: u8,
}

impl IcmpMessage {
    /// The type and code in words, where they have any.
    #[must_use]
    pub const fn words(self) -> Option<&'static str> {
        if self.v6 {
            icmpv6_words(self.icmp_type, self.code)
        } else {
            icmpv4_words(self.icmp_type, self.code)
        }
    }

    /// Whether it is an error about another packet, which it quotes.
    #[must_use]
    pub const fn is_error(self) -> bool {
        if self.v6 { self.icmp_type < 128 } else { matches!(self.icmp_type, 3 | 4 | 5 | 11 | 12) }
    }

    /// Whether bytes 4 to 7 are an identifier and a sequence number.
    #[must_use]
    pub const fn is_echo(self) -> bool {
        if self.v6 { matches!(self.icmp_type, 128 | 129) } else { matches!(self.icmp_type, 0 | 8 | 13 | 14) }
    }
}

impl fmt::Display for IcmpMessage {
    /// `port unreachable`, or `type 42 code 7` where there is no name.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.words() {
            Some(words) => f.write_str(words),
            None => write!(f, "type {} code {}", self.icmp_type, self.code),
        }
    }
}

/// RFC 792, RFC 1122 section 3.2.2, RFC 1256, RFC 1812 section 5.2.7.
const fn icmpv4_words(icmp_type: u8, code: u8) -> Option<&'static str> {
    Some(match (icmp_type, code) {
        (0, _) => "echo reply",
        (3, 0) => "network unreachable",
        (3, 1) => "host unreachable",
        (3, 2) => "protocol unreachable",
        (3, 3) => "port unreachable",
        (3, 4) => "fragmentation needed",
        (3, 5) => "source route failed",
        (3, 6) => "network unknown",
        (3, 7) => "host unknown",
        (3, 9 | 10 | 13) => "prohibited by an administrator",
        (3, _) => "destination unreachable",
        (4, _) => "source quench",
        (5, _) => "redirect",
        (8, _) => "echo request",
        (9, _) => "router advertisement",
        (10, _) => "router solicitation",
        (11, 0) => "time to live exceeded",
        (11, 1) => "fragment reassembly timed out",
        (12, _) => "parameter problem",
        (13, _) => "timestamp request",
        (14, _) => "timestamp reply",
        _ => return None,
    })
}

/// RFC 4443, RFC 4861, RFC 2710, RFC 3810.
const fn icmpv6_words(icmp_type: u8, code: u8) -> Option<&'static str> {
    Some(match (icmp_type, code) {
        (1, 0) => "no route to destination",
        (1, 1) => "prohibited by an administrator",
        (1, 2) => "beyond the scope of the source address",
        (1, 3) => "address unreachable",
        (1, 4) => "port unreachable",
        (1, 5) => "source address refused by policy",
        (1, 6) => "route rejected",
        (1, _) => "destination unreachable",
        (2, _) => "packet too big",
        (3, 0) => "hop limit exceeded",
        (3, 1) => "fragment reassembly timed out",
        (4, _) => "parameter problem",
        (128, _) => "echo request",
        (129, _) => "echo reply",
        (130, _) => "multicast listener query",
        (131 | 143, _) => "multicast listener report",
        (132, _) => "multicast listener done",
        (133, _) => "router solicitation",
        (134, _) => "router advertisement",
        (135, _) => "neighbor solicitation",
        (136, _) => "neighbor advertisement",
        (137, _) => "redirect",
        _ => return None,
    })
}

/// A layer's name as prose has it: `TCP`, `IPv4`, `Ethernet`.
#[must_use]
pub const fn layer_name(kind: LayerKind) -> &'static str {
    match kind {
        LayerKind::Ethernet => "Ethernet",
        LayerKind::Vlan => "802.1Q",
        LayerKind::Llc | LayerKind::UndecodedLlc(_) => "LLC",
        LayerKind::Snap | LayerKind::UndecodedSnap(_) => "SNAP",
        LayerKind::Pppoe => "PPPoE",
        LayerKind::Ppp | LayerKind::PppDirection | LayerKind::UndecodedPpp(_) => "PPP",
        LayerKind::Mpls => "MPLS",
        LayerKind::ControlWord => "pseudo-wire control word",
        LayerKind::CiscoHdlc => "Cisco HDLC",
        LayerKind::LinuxSll | LayerKind::LinuxSll2 => "Linux cooked",
        LayerKind::Null | LayerKind::Loop => "BSD loopback",
        LayerKind::Radiotap => "radiotap",
        LayerKind::Prism => "Prism",
        LayerKind::Wlan => "802.11",
        LayerKind::Arcnet => "ARCNET",
        LayerKind::Ppi => "PPI",
        LayerKind::FrameRelay => "Frame Relay",
        LayerKind::Nflog => "NFLOG",
        LayerKind::SwitchTag => "switch tag",
        LayerKind::BackboneTag => "backbone tag",
        LayerKind::Nsh => "NSH",
        LayerKind::Macsec => "MACsec",
        LayerKind::AristaTimestamp => "Arista timestamp",
        LayerKind::Pim => "PIM",
        LayerKind::Pktap => "PKTAP",
        LayerKind::Infiniband => "InfiniBand",
        LayerKind::Arp => "ARP",
        LayerKind::Ipv4 => "IPv4",
        LayerKind::Ipv6 => "IPv6",
        LayerKind::Ipv6HopByHop => "IPv6 hop-by-hop options",
        LayerKind::Ipv6Routing => "IPv6 routing header",
        LayerKind::Ipv6Fragment => "IPv6 fragment header",
        LayerKind::Ipv6DestOptions => "IPv6 destination options",
        LayerKind::Mobility => "IPv6 mobility header",
        LayerKind::Hip => "HIP",
        LayerKind::Shim6 => "Shim6",
        LayerKind::Ah => "AH",
        LayerKind::IpComp => "IPComp",
        LayerKind::Esp => "ESP",
        LayerKind::Gre => "GRE",
        LayerKind::Erspan => "ERSPAN",
        LayerKind::EtherIp => "EtherIP",
        LayerKind::Vxlan => "VXLAN",
        LayerKind::Geneve => "Geneve",
        LayerKind::Gtpu => "GTP-U",
        LayerKind::Teredo => "Teredo",
        LayerKind::L2tp => "L2TP",
        LayerKind::Icmp => "ICMP",
        LayerKind::Icmpv6 => "ICMPv6",
        LayerKind::Igmp => "IGMP",
        LayerKind::Udp => "UDP",
        LayerKind::UdpLite => "UDP-Lite",
        LayerKind::Tcp => "TCP",
        LayerKind::Sctp => "SCTP",
        LayerKind::UndecodedEtherType(number) => match ether_type_name(number) {
            Some(name) => name,
            None => "an EtherType",
        },
        LayerKind::UndecodedIpProtocol(number) => match ip_protocol_name(number) {
            Some(name) => name,
            None => "an IP protocol",
        },
        LayerKind::UndecodedFamily(_) => "a protocol family",
        LayerKind::UndecodedLink(_) => "link",
        LayerKind::Payload | LayerKind::UndecodedBytes => "data",
    }
}

/// Whether a layer is bytes that are only named.
#[must_use]
pub const fn is_undecoded(kind: LayerKind) -> bool {
    matches!(
        kind,
        LayerKind::UndecodedLlc(_)
            | LayerKind::UndecodedEtherType(_)
            | LayerKind::UndecodedSnap(_)
            | LayerKind::UndecodedPpp(_)
            | LayerKind::UndecodedIpProtocol(_)
            | LayerKind::UndecodedFamily(_)
            | LayerKind::UndecodedBytes
            | LayerKind::UndecodedLink(_)
    )
}

/// Names of EtherTypes that are met on ordinary networks, by the IEEE registry.
const fn ether_type_name(number: u16) -> Option<&'static str> {
    Some(match number {
        0x0806 => "ARP",
        0x0842 => "Wake-on-LAN",
        0x8035 => "RARP",
        0x8847 | 0x8848 => "MPLS",
        0x8863 | 0x8864 => "PPPoE",
        0x888e => "EAPOL",
        0x88cc => "LLDP",
        0x88e5 => "MACsec",
        0x88f7 => "PTP",
        0x9000 => "loopback test",
        _ => return None,
    })
}

/// Names of IP protocols that are met on ordinary networks, by the IANA registry.
pub(super) const fn ip_protocol_name(number: u8) -> Option<&'static str> {
    Some(match number {
        1 => "ICMP",
        2 => "IGMP",
        6 => "TCP",
        17 => "UDP",
        46 => "RSVP",
        47 => "GRE",
        50 => "ESP",
        51 => "AH",
        58 => "ICMPv6",
        88 => "EIGRP",
        89 => "OSPF",
        103 => "PIM",
        112 => "VRRP",
        115 => "L2TP",
        132 => "SCTP",
        136 => "UDP-Lite",
        _ => return None,
    })
}

/// Bytes that are kept but not looked into, by name and number: `LLDP (EtherType 0x88cc)`.
#[derive(Clone, Copy, Debug)]
pub struct Undecoded(pub LayerKind);

impl fmt::Display for Undecoded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            LayerKind::UndecodedEtherType(number) => match ether_type_name(number) {
                Some(name) => write!(f, "{name} (EtherType 0x{number:04x})"),
                None => write!(f, "EtherType 0x{number:04x}"),
            },
            LayerKind::UndecodedIpProtocol(number) => match ip_protocol_name(number) {
                Some(name) => write!(f, "{name} (IP protocol {number})"),
                None => write!(f, "IP protocol {number}"),
            },
            LayerKind::UndecodedLink(number) => match LinkType(number).name() {
                Some(name) => write!(f, "{name} (link type {number})"),
                None => write!(f, "link type {number}"),
            },
            LayerKind::UndecodedLlc(number) => write!(f, "LLC (service access point 0x{number:02x})"),
            LayerKind::UndecodedSnap(number) => write!(f, "SNAP (organisation 0x{number:06x})"),
            LayerKind::UndecodedPpp(number) => write!(f, "PPP protocol 0x{number:04x}"),
            LayerKind::UndecodedFamily(number) => write!(f, "protocol family {number}"),
            LayerKind::UndecodedBytes => f.write_str("unknown protocol"),
            other => f.write_str(layer_name(other)),
        }
    }
}

/// Why decoding stopped, in words: `cut by snaplen in TCP`, `malformed UDP: UDP length below 8`.
#[derive(Clone, Copy, Debug)]
pub struct Stop(pub DecodeStop);

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let layer = layer_name(self.0.layer);
        match self.0.reason {
            StopReason::Snapped => write!(f, "cut by snaplen in {layer}"),
            StopReason::Short => write!(f, "ends inside the {layer} header"),
            StopReason::LengthField => match self.0.said_by {
                Some(by) => {
                    write!(f, "malformed {}: its length leaves too little for {layer}", layer_name(by))
                }
                None => write!(f, "malformed {layer}: its length leaves too little room"),
            },
            StopReason::Malformed(what) => write!(f, "malformed {layer}: {what}"),
            StopReason::Fragment => write!(f, "fragment of {layer}"),
            StopReason::TooDeep => write!(f, "more than {MAX_LAYERS} layers"),
        }
    }
}

/// TCP flags as tcpdump spells them: `S`, `S.`, `.`, `P.`, `F.`, `R`; `none` without any.
#[derive(Clone, Copy, Debug)]
pub struct FlagLetters {
    letters: [u8; 8],
    len: usize,
}

impl FlagLetters {
    /// The letters of `flags`.
    #[must_use]
    pub fn new(flags: TcpFlags) -> Self {
        const LETTERS: [(u16, u8); 8] = [
            (TcpFlags::FIN, b'F'),
            (TcpFlags::SYN, b'S'),
            (TcpFlags::RST, b'R'),
            (TcpFlags::PSH, b'P'),
            (TcpFlags::ACK, b'.'),
            (TcpFlags::URG, b'U'),
            (TcpFlags::ECE, b'E'),
            (TcpFlags::CWR, b'W'),
        ];
        let mut shown = Self { letters: [0; 8], len: 0 };
        for (bit, letter) in LETTERS {
            if flags.has(bit)
                && let Some(slot) = shown.letters.get_mut(shown.len)
            {
                *slot = letter;
                shown.len += 1;
            }
        }
        shown
    }

    /// The letters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        let letters = self.letters.get(..self.len).unwrap_or_default();
        if letters.is_empty() { "none" } else { std::str::from_utf8(letters).unwrap_or_default() }
    }
}

impl fmt::Display for FlagLetters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A conn_state in one or two plain words, for a connection or, where `udp`, for datagrams.
#[must_use]
pub const fn state_words(state: ConnState, udp: bool) -> &'static str {
    match (state, udp) {
        (ConnState::SF, true) => "answered",
        (ConnState::S0, true) => "no answer",
        (ConnState::Shr, true) => "replies only",
        (_, true) => "other",
        (ConnState::S0, _) => "no answer",
        (ConnState::S1, _) => "open",
        (ConnState::SF, _) => "closed",
        (ConnState::Rej, _) => "refused",
        (ConnState::S2, _) => "orig closed",
        (ConnState::S3, _) => "resp closed",
        (ConnState::Rsto, _) => "orig reset",
        (ConnState::Rstr, _) => "resp reset",
        (ConnState::Rstos0, _) => "orig gave up",
        (ConnState::Rstrh, _) => "reset, no SYN",
        (ConnState::Sh, _) => "half open, FIN",
        (ConnState::Shr, _) => "FIN, no SYN",
        (ConnState::Oth, _) => "mid-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_as_tcpdump_spells_them() {
        let letters = |bits| FlagLetters::new(TcpFlags(bits)).to_string();
        assert_eq!(letters(TcpFlags::SYN), "S");
        assert_eq!(letters(TcpFlags::SYN | TcpFlags::ACK), "S.");
        assert_eq!(letters(TcpFlags::FIN | TcpFlags::PSH | TcpFlags::ACK), "FP.");
        assert_eq!(letters(TcpFlags::SYN | TcpFlags::ECE | TcpFlags::CWR), "SEW");
        assert_eq!(letters(0x1ff), "FSRP.UEW");
        assert_eq!(letters(0), "none");
    }

    #[test]
    fn icmp_says_what_failed() {
        let say = |v6, icmp_type, code| IcmpMessage { v6, icmp_type, code }.to_string();
        assert_eq!(say(false, 3, 3), "port unreachable");
        assert_eq!(say(true, 1, 4), "port unreachable");
        assert_eq!(say(false, 11, 0), "time to live exceeded");
        assert_eq!(say(true, 3, 0), "hop limit exceeded");
        assert_eq!(say(false, 42, 7), "type 42 code 7");
        assert!(!IcmpMessage { v6: false, icmp_type: 8, code: 0 }.is_error());
        assert!(IcmpMessage { v6: true, icmp_type: 2, code: 0 }.is_error());
    }

    #[test]
    fn a_stop_names_the_layer_and_who_said_so() {
        let stop = |reason, said_by| {
            Stop(DecodeStop { layer: LayerKind::Udp, offset: 34, needed: 8, had: 2, said_by, reason })
                .to_string()
        };
        assert_eq!(stop(StopReason::Snapped, None), "cut by snaplen in UDP");
        assert_eq!(stop(StopReason::Short, None), "ends inside the UDP header");
        assert_eq!(stop(StopReason::Malformed("length below 8"), None), "malformed UDP: length below 8");
        let said = stop(StopReason::LengthField, Some(LayerKind::Ipv4));
        assert_eq!(said, "malformed IPv4: its length leaves too little for UDP");
    }
}
