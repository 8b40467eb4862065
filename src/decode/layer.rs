//! One protocol header found in a packet, as offsets.

/// Which bytes a layer's offsets count in: 0 is the captured frame, n the n-th datagram of this packet that was
/// put together or unpacked.
pub type BufferId = u8;

/// What a layer is. `Undecoded…` kinds name bytes that are kept but not looked into.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LayerKind {
    /// Ethernet II or IEEE 802.3 header.
    Ethernet,
    /// 802.1Q or 802.1ad tag.
    Vlan,
    /// IEEE 802.2 logical link control.
    Llc,
    /// SNAP header behind LLC: organisation and protocol (RFC 1042).
    Snap,
    /// PPP over Ethernet header, RFC 2516.
    Pppoe,
    /// PPP protocol field, with the address and control bytes where they are there (RFC 1661, RFC 1662).
    Ppp,
    /// The direction byte that some captures put before PPP.
    PppDirection,
    /// One MPLS label stack entry, RFC 3032.
    Mpls,
    /// Pseudo-wire control word, RFC 4385.
    ControlWord,
    /// Cisco HDLC header.
    CiscoHdlc,
    /// Linux cooked capture header, version 1.
    LinuxSll,
    /// Linux cooked capture header, version 2.
    LinuxSll2,
    /// BSD loopback header: a protocol family in the order of the capturing host.
    Null,
    /// OpenBSD loopback header: a protocol family in network order.
    Loop,
    /// Radiotap header before an 802.11 frame.
    Radiotap,
    /// Prism or AVS header before an 802.11 frame.
    Prism,
    /// IEEE 802.11 header; of a frame that carries no packet all of it.
    Wlan,
    /// ARCNET header, RFC 1201 or RFC 1051.
    Arcnet,
    /// Per-packet information header.
    Ppi,
    /// Apple's header before a link header.
    Pktap,
    /// Global routing header and type of IP over InfiniBand, RFC 4391.
    Infiniband,
    /// Frame Relay address, control and protocol (RFC 2427, or Cisco's EtherType).
    FrameRelay,
    /// Linux netfilter log header, up to and including the attributes before the payload.
    Nflog,
    /// A switch tag (DSA, EDSA, Broadcom) between the Ethernet addresses and the EtherType.
    SwitchTag,
    /// Service tag of a provider backbone bridge with the customer's addresses, IEEE 802.1ah.
    BackboneTag,
    /// ARP or RARP, RFC 826.
    Arp,
    /// IPv4 header with its options.
    Ipv4,
    /// IPv6 fixed header.
    Ipv6,
    /// IPv6 hop-by-hop options.
    Ipv6HopByHop,
    /// IPv6 routing header.
    Ipv6Routing,
    /// IPv6 fragment header.
    Ipv6Fragment,
    /// IPv6 destination options.
    Ipv6DestOptions,
    /// Mobility header, RFC 6275.
    Mobility,
    /// Host identity protocol, RFC 7401.
    Hip,
    /// Shim6, RFC 5533.
    Shim6,
    /// Authentication header, RFC 4302.
    Ah,
    /// IP payload compression, RFC 3173; what follows is packed.
    IpComp,
    /// Encapsulating security payload, RFC 4303; what follows is encrypted.
    Esp,
    /// GRE of either version with its optional fields (RFC 2784, RFC 2890, RFC 2637).
    Gre,
    /// ERSPAN header behind GRE, any type.
    Erspan,
    /// Ethernet within IP, RFC 3378.
    EtherIp,
    /// VXLAN, RFC 7348.
    Vxlan,
    /// Geneve with its options, RFC 8926.
    Geneve,
    /// GTP-U with its optional fields and extension headers, 3GPP TS 29.281.
    Gtpu,
    /// Teredo indications before an IPv6 packet in UDP, RFC 4380; empty where there are none.
    Teredo,
    /// L2TP version 2 header, RFC 2661.
    L2tp,
    /// Network service header, RFC 8300.
    Nsh,
    /// MACsec tag; what follows may be encrypted (IEEE 802.1AE).
    Macsec,
    /// Arista's timestamp between the Ethernet addresses and the EtherType.
    AristaTimestamp,
    /// PIM, RFC 7761; a register message carries a packet.
    Pim,
    /// ICMP for IPv4.
    Icmp,
    /// ICMP for IPv6.
    Icmpv6,
    /// IGMP, any version.
    Igmp,
    /// UDP header.
    Udp,
    /// UDP-Lite header, RFC 3828.
    UdpLite,
    /// TCP header with its options.
    Tcp,
    /// SCTP common header, RFC 9260.
    Sctp,
    /// What a transport carries: application bytes.
    Payload,
    /// A frame whose link header names no further protocol that is decoded.
    UndecodedLlc(u8),
    /// Bytes behind an EtherType that is not decoded.
    UndecodedEtherType(u16),
    /// Bytes behind a SNAP protocol of an organisation that is not decoded.
    UndecodedSnap(u32),
    /// Bytes behind a PPP protocol number that is not decoded.
    UndecodedPpp(u16),
    /// Bytes behind an IP protocol number that is not decoded.
    UndecodedIpProtocol(u8),
    /// Bytes of a BSD protocol family that is not decoded.
    UndecodedFamily(u32),
    /// Bytes of which no header tells the protocol.
    UndecodedBytes,
    /// A whole frame of a link type that is not decoded.
    UndecodedLink(u16),
}

impl LayerKind {
    /// Wireshark's protocol name where it has one, else a plain word.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ethernet => "eth",
            Self::Vlan => "vlan",
            Self::Llc | Self::Snap | Self::UndecodedLlc(_) | Self::UndecodedSnap(_) => "llc",
            Self::Pppoe => "pppoe",
            Self::Ppp | Self::PppDirection | Self::UndecodedPpp(_) => "ppp",
            Self::Mpls => "mpls",
            Self::ControlWord => "pwmcw",
            Self::CiscoHdlc => "chdlc",
            Self::LinuxSll | Self::LinuxSll2 => "sll",
            Self::Null | Self::Loop => "null",
            Self::Radiotap => "radiotap",
            Self::Prism => "prism",
            Self::Wlan => "wlan",
            Self::Arcnet => "arcnet",
            Self::Ppi => "ppi",
            Self::Pktap => "pktap",
            Self::Infiniband => "infiniband",
            Self::FrameRelay => "fr",
            Self::Nflog => "nflog",
            Self::SwitchTag => "tag",
            Self::BackboneTag => "ieee8021ah",
            Self::Arp => "arp",
            Self::Ipv4 => "ip",
            Self::Ipv6 => "ipv6",
            Self::Ipv6HopByHop => "ipv6.hopopts",
            Self::Ipv6Routing => "ipv6.routing",
            Self::Ipv6Fragment => "ipv6.fraghdr",
            Self::Ipv6DestOptions => "ipv6.dstopts",
            Self::Mobility => "mipv6",
            Self::Hip => "hip",
            Self::Shim6 => "shim6",
            Self::Ah => "ah",
            Self::IpComp => "ipcomp",
            Self::Esp => "esp",
            Self::Gre => "gre",
            Self::Erspan => "erspan",
            Self::EtherIp => "etherip",
            Self::Vxlan => "vxlan",
            Self::Geneve => "geneve",
            Self::Gtpu => "gtp",
            Self::Teredo => "teredo",
            Self::L2tp => "l2tp",
            Self::Nsh => "nsh",
            Self::Macsec => "macsec",
            Self::AristaTimestamp => "avsp",
            Self::Pim => "pim",
            Self::Icmp => "icmp",
            Self::Icmpv6 => "icmpv6",
            Self::Igmp => "igmp",
            Self::Udp => "udp",
            Self::UdpLite => "udplite",
            Self::Tcp => "tcp",
            Self::Sctp => "sctp",
            Self::Payload
            | Self::UndecodedEtherType(_)
            | Self::UndecodedIpProtocol(_)
            | Self::UndecodedFamily(_)
            | Self::UndecodedBytes
            | Self::UndecodedLink(_) => "data",
        }
    }
}

/// A layer of a decoded packet: its kind and where its bytes are. All offsets count from the start of `buffer`.
///
/// A header that the bytes do not hold whole is a layer too, with what there is of it as `start..payload`;
/// the packet's [`super::DecodeStop`] names it ([`super::DecodedPacket::is_cut`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layer {
    /// What it is.
    pub kind: LayerKind,
    /// Which bytes the offsets count in.
    pub buffer: BufferId,
    /// Whether it stands inside the packet that an ICMP error quotes, so was not itself sent here.
    pub quoted: bool,
    /// First byte of the header.
    pub start: u32,
    /// First byte after the header.
    pub payload: u32,
    /// First byte after this layer's captured bytes: bounded by its length field and by the buffer.
    pub end: u32,
    /// Where the length fields put the end; greater than `end` where the capture was cut or the field lies.
    /// Only the layer that holds a lying field shows the lie: what is inside is bounded by the frame.
    pub claimed_end: u32,
}
