//! Fields of `vlan`.

use super::kinds::*;

protocol! { vlan "vlan" "802.1Q Virtual LAN";
    ID "vlan.id" U16, "VLAN number";
    ETYPE "vlan.etype" X16, "Which protocol follows the tag";
}
