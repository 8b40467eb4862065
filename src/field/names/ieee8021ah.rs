//! Fields of `ieee8021ah`.

use super::kinds::*;
use crate::field::words::ethertype;

protocol! { ieee8021ah "ieee8021ah" "802.1ah backbone service tag";
    PRIORITY "ieee8021ah.priority" U32, "Priority, 0 to 7", ethertype::priority;
    DROP "ieee8021ah.drop" U32, "May be dropped first where a link is overloaded";
    NCA "ieee8021ah.nca" U32, "No customer addresses";
    RES1 "ieee8021ah.res1" U32, "Reserved";
    RES2 "ieee8021ah.res2" U32, "Reserved";
    ISID "ieee8021ah.isid" U32, "Service instance";
    CDST "ieee8021ah.cdst" Mac, "Address of the receiver in the customer's network";
    CSRC "ieee8021ah.csrc" Mac, "Address of the sender in the customer's network";
    ETYPE "ieee8021ah.etype" X16, "Which protocol follows the tag", ethertype::ether_type;
}
