//! Fields of `vlan`.

use super::kinds::*;
use crate::field::words::ethertype;

protocol! { vlan "vlan" "802.1Q Virtual LAN";
    PRIORITY "vlan.priority" U16, "Priority, 0 to 7", ethertype::priority;
    DEI "vlan.dei" Boolean, "May be dropped first where a link is overloaded";
    ID "vlan.id" U16, "VLAN number";
    ETYPE "vlan.etype" X16, "Which protocol follows the tag", ethertype::ether_type;
    LEN "vlan.len" U16, "Length of the 802.3 data behind the tag";
    TRAILER "vlan.trailer" Bytes, "Bytes behind what the frame carries";
}
