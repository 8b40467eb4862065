//! Fields of `vxlan`.

use super::kinds::*;

protocol! { vxlan "vxlan" "Virtual eXtensible LAN";
    FLAGS "vxlan.flags" X16, "Which fields are there";
    FLAG_G "vxlan.flag_g" Boolean, "A group policy is there";
    FLAG_I "vxlan.flag_i" Boolean, "The network identifier is valid";
    FLAG_D "vxlan.flag_d" Boolean, "The receiver must not learn the address";
    FLAG_A "vxlan.flag_a" Boolean, "The policy was applied";
    FLAGS_RESERVED "vxlan.flags_reserved" X16, "Reserved";
    GBP "vxlan.gbp" U16, "Group policy";
    VNI "vxlan.vni" U24, "Network identifier";
    RESERVED8 "vxlan.reserved8" U8, "Reserved";
}
