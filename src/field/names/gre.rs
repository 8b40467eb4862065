//! Fields of `gre`.

use super::kinds::*;
use crate::field::words::{ethertype, tunnel};

protocol! { gre "gre" "Generic Routing Encapsulation";
    FLAGS_AND_VERSION "gre.flags_and_version" X16, "Which fields are there";
    FLAGS_CHECKSUM "gre.flags.checksum" Boolean, "A checksum is there";
    FLAGS_ROUTING "gre.flags.routing" Boolean, "Source routes are there";
    FLAGS_KEY "gre.flags.key" Boolean, "A key is there";
    FLAGS_SEQUENCE_NUMBER "gre.flags.sequence_number" Boolean, "A sequence number is there";
    FLAGS_STRICT_SOURCE_ROUTE "gre.flags.strict_source_route" Boolean, "The source route is strict";
    FLAGS_RECURSION_CONTROL "gre.flags.recursion_control" U16, "Encapsulations still allowed";
    FLAGS_ACK "gre.flags.ack" Boolean, "An acknowledgment number is there (PPTP)";
    FLAGS_RESERVED "gre.flags.reserved" U16, "Reserved";
    FLAGS_VERSION "gre.flags.version" U16, "Version: 0, or 1 for PPTP", tunnel::gre_version;
    PROTO "gre.proto" X16, "Which protocol follows", ethertype::gre_protocol;
    CHECKSUM "gre.checksum" X16, "Checksum as sent";
    OFFSET "gre.offset" U16, "Where the active source route begins";
    KEY "gre.key" X32, "Which tunnel";
    KEY_PAYLOAD_LENGTH "gre.key.payload_length" U16, "Bytes behind the header (PPTP)";
    KEY_CALL_ID "gre.key.call_id" U16, "Which call (PPTP)";
    SEQUENCE_NUMBER "gre.sequence_number" U32, "Number of the packet";
    ACK_NUMBER "gre.ack_number" U32, "Last number received (PPTP)";
}
