//! One protocol header found in a packet, as offsets.

/// Which bytes a layer's offsets count in: 0 is the captured frame, n the n-th reassembled datagram of this packet.
pub type BufferId = u8;

/// What a layer is. `Undecoded…` kinds name bytes that are kept but not looked into.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LayerKind {
    /// Ethernet II or IEEE 802.3 header.
    Ethernet,
    /// 802.1Q or 802.1ad tag.
    Vlan,
    /// IPv4 header with its options.
    Ipv4,
    /// IPv6 fixed header.
    Ipv6,
    /// ICMP for IPv4.
    Icmp,
    /// ICMP for IPv6.
    Icmpv6,
    /// UDP header.
    Udp,
    /// TCP header with its options.
    Tcp,
    /// What a transport carries: application bytes.
    Payload,
    /// Bytes behind an EtherType that is not decoded.
    UndecodedEtherType(u16),
    /// Bytes behind an IP protocol number that is not decoded.
    UndecodedIpProtocol(u8),
    /// A whole frame of a link type that is not decoded.
    UndecodedLink(u16),
}

/// A layer of a decoded packet: its kind and where its bytes are. All offsets count from the start of `buffer`.
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
    /// Where the length field puts the end; greater than `end` where the capture was cut or the field lies.
    pub claimed_end: u32,
}
