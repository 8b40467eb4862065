//! Fields of `arp`.

use super::kinds::*;

protocol! { arp "arp" "Address Resolution Protocol";
    OPCODE "arp.opcode" U16, "1 request, 2 reply";
    SRC_HW_MAC "arp.src.hw_mac" Mac, "Sender's Ethernet address";
    SRC_PROTO_IPV4 "arp.src.proto_ipv4" Ipv4, "Sender's IPv4 address";
    DST_HW_MAC "arp.dst.hw_mac" Mac, "Target's Ethernet address";
    DST_PROTO_IPV4 "arp.dst.proto_ipv4" Ipv4, "Target's IPv4 address";
}
