//! Fields of `ipv6.dstopts`.

use super::kinds::*;
use crate::field::words;

protocol! { dstopts "ipv6.dstopts" "Destination Options for IPv6";
    NXT "ipv6.dstopts.nxt" U8, "Which header follows", words::ip::protocol;
    LEN "ipv6.dstopts.len" U8, "Length in units of 8 bytes, the first not counted";
    LEN_OCT "ipv6.dstopts.len_oct" U16, "Length in bytes";
}
