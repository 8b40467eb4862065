//! Fields of `gtp`.

use super::kinds::*;
use crate::field::words::tunnel::{gtp_payload, gtp_version};

protocol! { gtp "gtp" "GPRS Tunneling Protocol";
    FLAGS "gtp.flags" X8, "Version and which fields are there";
    FLAGS_VERSION "gtp.flags.version" U8, "Version", gtp_version;
    FLAGS_PAYLOAD "gtp.flags.payload" U8, "1 for GTP, 0 for its charging variant", gtp_payload;
    FLAGS_RESERVED "gtp.flags.reserved" U8, "Reserved";
    FLAGS_E "gtp.flags.e" Boolean, "Extension headers are there";
    FLAGS_S "gtp.flags.s" Boolean, "A sequence number is there";
    FLAGS_PN "gtp.flags.pn" Boolean, "An N-PDU number is there";
    MESSAGE "gtp.message" X8, "Type of the message, 0xff for a user's packet";
    LENGTH "gtp.length" U16, "Bytes behind the fixed header";
    TEID "gtp.teid" X32, "Tunnel endpoint";
}
