//! Fields of `ieee8021ad`.

use super::kinds::*;
use crate::field::words::ethertype;

protocol! { ieee8021ad "ieee8021ad" "802.1ad provider tag";
    PRIORITY "ieee8021ad.priority" U16, "Priority, 0 to 7", ethertype::priority;
    DEI "ieee8021ad.dei" U16, "May be dropped first where a link is overloaded";
    ID "ieee8021ad.id" U16, "Number of the provider's VLAN";
}
