//! Fields of `sll`.

use super::kinds::*;
use crate::field::words::{arp, ethertype, link};

protocol! { sll "sll" "Linux cooked-mode capture";
    PKTTYPE "sll.pkttype" U16, "Whom the packet was for", link::packet_type;
    HATYPE "sll.hatype" U16, "Kind of interface (ARPHRD_)", arp::hardware;
    HALEN "sll.halen" U16, "Bytes of the sender's address";
    SRC_ETH "sll.src.eth" Mac, "Address of the sender";
    SRC_IPV4 "sll.src.ipv4" Ipv4, "Address of the sender, of a tunnel";
    SRC_OTHER "sll.src.other" Bytes, "Address of the sender, of any other length";
    UNUSED "sll.unused" Bytes, "The rest of the address's room";
    LTYPE "sll.ltype" X16, "Which kind of frame follows, where that is not told by an EtherType", link::llc_type;
    GRETYPE "sll.gretype" X16, "Which protocol follows, of a GRE tunnel", ethertype::gre_protocol;
    ETYPE "sll.etype" X16, "Which protocol follows", ethertype::ether_type;
    TRAILER "sll.trailer" Bytes, "Bytes behind what the frame carries";
    IFINDEX "sll.ifindex" U32, "Number of the interface";
}
