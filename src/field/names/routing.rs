//! Fields of `ipv6.routing`.

use super::kinds::*;
use crate::field::words;

protocol! { routing "ipv6.routing" "Routing Header for IPv6";
    NXT "ipv6.routing.nxt" U8, "Which header follows", words::ip::protocol;
    LEN "ipv6.routing.len" U8, "Length in units of 8 bytes, the first not counted";
    LEN_OCT "ipv6.routing.len_oct" U16, "Length in bytes";
    TYPE "ipv6.routing.type" U8, "Kind of routing header", words::ip::routing;
    SEGLEFT "ipv6.routing.segleft" U8, "Addresses that are still to be visited";
    UNKNOWN_DATA "ipv6.routing.unknown_data" Bytes, "Data of a kind that is not known";
    SRC_RESERVED "ipv6.routing.src.reserved" Bytes, "Reserved bytes of a source route";
    SRC_ADDR "ipv6.routing.src.addr" Ipv6, "Address of a source route";
    MIPV6_RESERVED "ipv6.routing.mipv6.reserved" Bytes, "Reserved bytes before a home address";
    MIPV6_HOME_ADDRESS "ipv6.routing.mipv6.home_address" Ipv6, "Home address of a mobile node";
    SRH_LAST_ENTRY "ipv6.routing.srh.last_entry" U8, "Place of the last segment in the list";
    SRH_FLAGS "ipv6.routing.srh.flags" X8, "Bits of a segment routing header";
    SRH_TAG "ipv6.routing.srh.tag" Bytes, "Class of the packet";
    SRH_ADDR "ipv6.routing.srh.addr" Ipv6, "Segment, the last to be visited first";
}
