//! Fields of `arp`.

use super::kinds::*;
use crate::field::words::{arp as words, ethertype};

protocol! { arp "arp" "Address Resolution Protocol";
    HW_TYPE "arp.hw.type" U16, "Kind of hardware address", words::hardware;
    PROTO_TYPE "arp.proto.type" X16, "Kind of protocol address: an EtherType", ethertype::ether_type;
    HW_SIZE "arp.hw.size" U8, "Bytes of a hardware address";
    PROTO_SIZE "arp.proto.size" U8, "Bytes of a protocol address";
    OPCODE "arp.opcode" U16, "What is asked or answered", words::opcode;
    ISGRATUITOUS "arp.isgratuitous" Boolean, "Sender and target have one address: nobody is asked";
    ISPROBE "arp.isprobe" Boolean, "Asks whether an address is free (RFC 5227)";
    ISANNOUNCEMENT "arp.isannouncement" Boolean, "Tells that an address is taken (RFC 5227)";
    SRC_HW "arp.src.hw" Bytes, "Sender's hardware address, where it is not Ethernet's";
    SRC_HW_MAC "arp.src.hw_mac" Mac, "Sender's Ethernet address";
    SRC_PROTO "arp.src.proto" Bytes, "Sender's protocol address, where it is not IPv4's";
    SRC_PROTO_IPV4 "arp.src.proto_ipv4" Ipv4, "Sender's IPv4 address";
    DST_HW "arp.dst.hw" Bytes, "Target's hardware address, where it is not Ethernet's";
    DST_HW_MAC "arp.dst.hw_mac" Mac, "Target's Ethernet address";
    DST_PROTO "arp.dst.proto" Bytes, "Target's protocol address, where it is not IPv4's";
    DST_PROTO_IPV4 "arp.dst.proto_ipv4" Ipv4, "Target's IPv4 address";
}
