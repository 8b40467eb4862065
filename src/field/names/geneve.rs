//! Fields of `geneve`.

use super::kinds::*;
use crate::field::words::ethertype;

protocol! { geneve "geneve" "Generic Network Virtualization Encapsulation";
    VERSION "geneve.version" U8, "Version, 0";
    OPTION_LENGTH "geneve.option.length" U8, "Bytes of an option, or of all of them together";
    FLAGS "geneve.flags" X8, "What the packet is";
    FLAGS_OAM "geneve.flags.oam" Boolean, "A control message";
    FLAGS_CRITICAL "geneve.flags.critical" Boolean, "Some option must be understood";
    FLAGS_RESERVED "geneve.flags.reserved" Boolean, "Reserved";
    PROTO_TYPE "geneve.proto_type" X16, "Which protocol follows", ethertype::ether_type;
    VNI "geneve.vni" X24, "Network identifier";
    RESERVED "geneve.reserved" X8, "Reserved";
}
