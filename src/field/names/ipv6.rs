//! Fields of `ipv6`.

use super::kinds::*;

protocol! { ipv6 "ipv6" "Internet Protocol Version 6";
    FLOW "ipv6.flow" X24, "Flow label";
    PLEN "ipv6.plen" U16, "Payload length in bytes, extension headers included";
    NXT "ipv6.nxt" U8, "Which header follows";
    HLIM "ipv6.hlim" U8, "Hop limit";
    SRC "ipv6.src" Ipv6, "Sender";
    DST "ipv6.dst" Ipv6, "Receiver";
}
