//! Fields of `eth`.

use super::kinds::*;
use crate::field::words::status::status;
use crate::field::words::ethertype;

protocol! { eth "eth" "Ethernet";
    DST "eth.dst" Mac, "Address of the receiver";
    [hidden] DST_RESOLVED "eth.dst_resolved" Text, "Address of the receiver as text";
    [hidden] DST_OUI "eth.dst.oui" U24, "First half of the receiver's address: who assigned it";
    SRC "eth.src" Mac, "Address of the sender";
    [hidden] SRC_RESOLVED "eth.src_resolved" Text, "Address of the sender as text";
    [hidden] SRC_OUI "eth.src.oui" U24, "First half of the sender's address: who assigned it";
    [hidden] ADDR "eth.addr" Mac, "Address of either";
    [hidden] ADDR_RESOLVED "eth.addr_resolved" Text, "Address of either as text";
    [hidden] ADDR_OUI "eth.addr.oui" U24, "First half of either address";
    DST_LG "eth.dst.lg" Boolean, "The receiver's address is locally administered", ethertype::lg;
    [hidden] LG "eth.lg" Boolean, "The address is locally administered", ethertype::lg;
    DST_IG "eth.dst.ig" Boolean, "The receiver is a group", ethertype::ig;
    [hidden] IG "eth.ig" Boolean, "The address is a group's", ethertype::ig;
    SRC_LG "eth.src.lg" Boolean, "The sender's address is locally administered", ethertype::lg;
    SRC_IG "eth.src.ig" Boolean, "The sender's address is a group's, which it must not be", ethertype::ig;
    TYPE "eth.type" X16, "Which protocol follows", ethertype::ether_type;
    LEN "eth.len" U16, "Length of an 802.3 frame's data";
    INVALID_LENTYPE "eth.invalid_lentype" X16, "A number that is neither a length nor an EtherType";
    PADDING "eth.padding" Bytes, "Zeros that fill a frame up to the least length";
    TRAILER "eth.trailer" Bytes, "Bytes behind what the frame carries";
    FCS "eth.fcs" X32, "Frame check sequence: the last 4 bytes of a frame that holds more than it carries";
    FCS_STATUS "eth.fcs.status" U8, "Result of checking it", status;
}
