//! Fields of `icmp`.

use super::kinds::*;

protocol! { icmp "icmp" "Internet Control Message Protocol";
    TYPE "icmp.type" U8, "Kind of message";
    CODE "icmp.code" U8, "Kind of message, closer";
    CHECKSUM "icmp.checksum" X16, "Checksum as sent";
    IDENT "icmp.ident" U16, "Identifier of an echo, timestamp, information or mask message";
    SEQ "icmp.seq" U16, "Sequence number of such a message";
}
