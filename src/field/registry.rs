//! Every field there is: name, type, protocol, and what it means.

/// A field, by its place in the registry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FieldId(u16);

/// The type of a field's values, and how they are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldKind {
    /// A whole number, written in decimal.
    Decimal,
    /// A whole number, written as `0x` and at least this many hexadecimal digits.
    Hex(u8),
    /// True or false, written 1 or 0.
    Boolean,
    /// An Ethernet address.
    Mac,
    /// An IPv4 address.
    Ipv4,
    /// An IPv6 address.
    Ipv6,
    /// A point in time, written as seconds since the epoch with nine decimals.
    Epoch,
    /// A span of time, written as seconds with nine decimals.
    Span,
}

/// What is known of a field.
#[derive(Clone, Copy, Debug)]
pub struct FieldDef {
    /// Wireshark's name.
    pub name: &'static str,
    /// Type and notation.
    pub kind: FieldKind,
    /// What it means.
    pub doc: &'static str,
}

impl FieldDef {
    /// The protocol the field belongs to: its name up to the first dot.
    #[must_use]
    pub fn protocol(&self) -> &'static str {
        self.name.split_once('.').map_or(self.name, |(protocol, _)| protocol)
    }
}

/// Declares the fields: a constant on [`FieldId`] and a row of the registry each.
macro_rules! registry {
    ($($id:ident $name:literal $kind:expr, $doc:literal;)*) => {
        #[allow(non_camel_case_types, reason = "the rows number the constants below and are not otherwise used")]
        #[repr(u16)]
        enum Row { $($id),* }

        impl FieldId {
            $(#[doc = $doc] pub const $id: Self = Self(Row::$id as u16);)*
        }

        /// All fields, at the index that their [`FieldId`] holds.
        static FIELDS: &[FieldDef] = &[$(FieldDef { name: $name, kind: $kind, doc: $doc }),*];
    };
}

use FieldKind::{Boolean, Decimal, Epoch, Hex, Ipv4, Ipv6, Mac, Span};

registry! {
    FRAME_NUMBER "frame.number" Decimal, "Number of the packet in the capture, from 1";
    FRAME_TIME_EPOCH "frame.time_epoch" Epoch, "When the packet was captured";
    FRAME_TIME_RELATIVE "frame.time_relative" Span, "Time since the first packet";
    FRAME_TIME_DELTA "frame.time_delta" Span, "Time since the packet before";
    FRAME_LEN "frame.len" Decimal, "Bytes on the wire";
    FRAME_CAP_LEN "frame.cap_len" Decimal, "Bytes captured";

    ETH_DST "eth.dst" Mac, "Address of the receiver";
    ETH_SRC "eth.src" Mac, "Address of the sender";
    ETH_TYPE "eth.type" Hex(4), "Which protocol follows";
    ETH_LEN "eth.len" Decimal, "Length of an 802.3 frame's data";
    VLAN_ID "vlan.id" Decimal, "VLAN number";
    VLAN_ETYPE "vlan.etype" Hex(4), "Which protocol follows the tag";
    ARP_OPCODE "arp.opcode" Decimal, "1 request, 2 reply";
    ARP_SRC_HW_MAC "arp.src.hw_mac" Mac, "Sender's Ethernet address";
    ARP_SRC_PROTO_IPV4 "arp.src.proto_ipv4" Ipv4, "Sender's IPv4 address";
    ARP_DST_HW_MAC "arp.dst.hw_mac" Mac, "Target's Ethernet address";
    ARP_DST_PROTO_IPV4 "arp.dst.proto_ipv4" Ipv4, "Target's IPv4 address";

    IP_VERSION "ip.version" Decimal, "Version of IP, 4 or 6";
    IP_HDR_LEN "ip.hdr_len" Decimal, "Header length in bytes";
    IP_DSFIELD "ip.dsfield" Hex(2), "Differentiated services and ECN";
    IP_LEN "ip.len" Decimal, "Total length in bytes, header included";
    IP_ID "ip.id" Hex(4), "Identification, the same in all fragments of a datagram";
    IP_FLAGS "ip.flags" Hex(2), "Reserved bit, don't fragment, more fragments";
    IP_FLAGS_DF "ip.flags.df" Boolean, "Don't fragment";
    IP_FLAGS_MF "ip.flags.mf" Boolean, "More fragments follow";
    IP_FRAG_OFFSET "ip.frag_offset" Decimal, "Where the fragment belongs, in units of 8 bytes";
    IP_TTL "ip.ttl" Decimal, "Time to live, in hops";
    IP_PROTO "ip.proto" Decimal, "Which protocol follows";
    IP_CHECKSUM "ip.checksum" Hex(4), "Header checksum as sent";
    IP_SRC "ip.src" Ipv4, "Sender";
    IP_DST "ip.dst" Ipv4, "Receiver";

    IPV6_FLOW "ipv6.flow" Hex(6), "Flow label";
    IPV6_PLEN "ipv6.plen" Decimal, "Payload length in bytes, extension headers included";
    IPV6_NXT "ipv6.nxt" Decimal, "Which header follows";
    IPV6_HLIM "ipv6.hlim" Decimal, "Hop limit";
    IPV6_SRC "ipv6.src" Ipv6, "Sender";
    IPV6_DST "ipv6.dst" Ipv6, "Receiver";

    ICMP_TYPE "icmp.type" Decimal, "Kind of message";
    ICMP_CODE "icmp.code" Decimal, "Kind of message, closer";
    ICMP_CHECKSUM "icmp.checksum" Hex(4), "Checksum as sent";
    ICMP_IDENT "icmp.ident" Decimal, "Identifier of an echo, timestamp, information or mask message";
    ICMP_SEQ "icmp.seq" Decimal, "Sequence number of such a message";
    ICMPV6_TYPE "icmpv6.type" Decimal, "Kind of message";
    ICMPV6_CODE "icmpv6.code" Decimal, "Kind of message, closer";
    ICMPV6_CHECKSUM "icmpv6.checksum" Hex(4), "Checksum as sent";

    UDP_SRCPORT "udp.srcport" Decimal, "Sender's port";
    UDP_DSTPORT "udp.dstport" Decimal, "Receiver's port";
    UDP_LENGTH "udp.length" Decimal, "Length in bytes, header included";
    UDP_CHECKSUM "udp.checksum" Hex(4), "Checksum as sent, 0 for none";
    UDP_STREAM "udp.stream" Decimal, "Number of the conversation, from 0";

    TCP_SRCPORT "tcp.srcport" Decimal, "Sender's port";
    TCP_DSTPORT "tcp.dstport" Decimal, "Receiver's port";
    TCP_STREAM "tcp.stream" Decimal, "Number of the conversation, from 0";
    TCP_LEN "tcp.len" Decimal, "Bytes of data in the segment";
    TCP_SEQ_RAW "tcp.seq_raw" Decimal, "Sequence number as sent";
    TCP_ACK_RAW "tcp.ack_raw" Decimal, "Acknowledgment number as sent";
    TCP_HDR_LEN "tcp.hdr_len" Decimal, "Header length in bytes";
    TCP_FLAGS "tcp.flags" Hex(4), "All control bits";
    TCP_FLAGS_URG "tcp.flags.urg" Boolean, "The urgent pointer counts";
    TCP_FLAGS_ACK "tcp.flags.ack" Boolean, "The acknowledgment number counts";
    TCP_FLAGS_PUSH "tcp.flags.push" Boolean, "Give the data to the application at once";
    TCP_FLAGS_RESET "tcp.flags.reset" Boolean, "The connection is refused or broken off";
    TCP_FLAGS_SYN "tcp.flags.syn" Boolean, "Begins a connection";
    TCP_FLAGS_FIN "tcp.flags.fin" Boolean, "The sender has no more data";
    TCP_WINDOW_SIZE_VALUE "tcp.window_size_value" Decimal, "Window as sent, not scaled";
    TCP_CHECKSUM "tcp.checksum" Hex(4), "Checksum as sent";
    TCP_URGENT_POINTER "tcp.urgent_pointer" Decimal, "Where urgent data ends";
    TCP_OPTIONS_MSS_VAL "tcp.options.mss_val" Decimal, "Largest segment the sender can take, in bytes";
    TCP_OPTIONS_WSCALE_SHIFT "tcp.options.wscale.shift" Decimal, "By how many bits the window is to be shifted";
    TCP_OPTIONS_TIMESTAMP_TSVAL "tcp.options.timestamp.tsval" Decimal, "Sender's timestamp";
    TCP_OPTIONS_TIMESTAMP_TSECR "tcp.options.timestamp.tsecr" Decimal, "Timestamp that is echoed";
}

impl FieldId {
    /// The field called `name`, case included.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        let at = FIELDS.iter().position(|field| field.name == name)?;
        u16::try_from(at).ok().map(Self)
    }

    /// All fields, in the registry's order: by protocol.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..).map(Self).take(FIELDS.len())
    }

    /// What is known of it; `None` never occurs for an identifier that this module gave.
    fn row(self) -> Option<&'static FieldDef> {
        FIELDS.get(self.index())
    }

    /// Name, type and meaning.
    #[must_use]
    pub fn def(self) -> FieldDef {
        self.row().copied().unwrap_or(FieldDef { name: "", kind: Decimal, doc: "" })
    }

    /// Its place in the registry, below the count of [`Self::all`]: for tables with a slot a field.
    #[must_use]
    pub fn index(self) -> usize {
        usize::from(self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_there_once_and_found_again() {
        for id in FieldId::all() {
            assert_eq!(FieldId::named(id.def().name), Some(id), "{}", id.def().name);
            assert!(!id.def().doc.is_empty());
        }
        assert_eq!(FieldId::named("tcp.flags.syn"), Some(FieldId::TCP_FLAGS_SYN));
        assert_eq!(FieldId::TCP_FLAGS_SYN.def().protocol(), "tcp");
        assert_eq!(FieldId::named("tcp.nonsense"), None);
    }
}
