//! Fields of `chdlc`.

use super::kinds::*;
use crate::field::words::link;

protocol! { chdlc "chdlc" "Cisco HDLC";
    ADDRESS "chdlc.address" X8, "0x0f to one station, 0x8f to all", link::chdlc_address;
    CONTROL "chdlc.control" X8, "Always 0";
    PROTOCOL_NUMBER "chdlc.protocol" X16, "Which protocol follows", link::chdlc_protocol;
}
