//! Fields of `ipv6.hopopts`.

use super::kinds::*;
use crate::field::words;

protocol! { hopopts "ipv6.hopopts" "IPv6 Hop-by-Hop Option";
    NXT "ipv6.hopopts.nxt" U8, "Which header follows", words::ip::protocol;
    LEN "ipv6.hopopts.len" U8, "Length in units of 8 bytes, the first not counted";
    LEN_OCT "ipv6.hopopts.len_oct" U16, "Length in bytes";
}
