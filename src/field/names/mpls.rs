//! Fields of `mpls`.

use super::kinds::*;
use crate::field::words::link;

protocol! { mpls "mpls" "Multiprotocol Label Switching";
    LABEL "mpls.label" U32, "The label", link::mpls_label;
    EXP "mpls.exp" U32, "Traffic class";
    BOTTOM "mpls.bottom" U32, "The last label of the stack";
    TTL "mpls.ttl" U32, "Hops left";
}
