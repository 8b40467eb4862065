//! Fields of `ppp`.

use super::kinds::*;
use crate::field::words::link;

protocol! { ppp "ppp" "Point-to-Point Protocol";
    DIRECTION "ppp.direction" U8, "Direction of the frame: 0 received, 1 sent", link::ppp_direction;
    ADDRESS "ppp.address" X8, "Address, 0xff for all stations";
    CONTROL "ppp.control" X8, "Control, 0x03 for an unnumbered frame";
    PROTOCOL_NUMBER "ppp.protocol" X16, "Which protocol follows", link::ppp_protocol;
}
