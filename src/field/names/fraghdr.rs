//! Fields of `ipv6.fraghdr`.

use super::kinds::*;
use crate::field::words;

protocol! { fraghdr "ipv6.fraghdr" "Fragment Header for IPv6";
    NXT "ipv6.fraghdr.nxt" U8, "Which header follows in the datagram", words::ip::protocol;
    RESERVED_OCTET "ipv6.fraghdr.reserved_octet" X8, "Reserved byte";
    OFFSET "ipv6.fraghdr.offset" U16, "Where the fragment belongs, in units of 8 bytes";
    RESERVED_BITS "ipv6.fraghdr.reserved_bits" U16, "Reserved bits";
    MORE "ipv6.fraghdr.more" Boolean, "More fragments follow";
    IDENT "ipv6.fraghdr.ident" X32, "Identification, the same in all fragments of a datagram";
}
