//! Fields of `pppoe`, which its two stages share.

use super::kinds::*;
use crate::field::words::link;

protocol! { pppoe "pppoe" "PPP over Ethernet";
    VERSION "pppoe.version" U8, "Version, 1";
    TYPE "pppoe.type" U8, "Type, 1";
    CODE "pppoe.code" X8, "Type of the message", link::pppoe_code;
    SESSION_ID "pppoe.session_id" X16, "Which session";
    PAYLOAD_LENGTH "pppoe.payload_length" U16, "Bytes behind the header";
}
