//! Fields of `null`.

use super::kinds::*;
use crate::field::words::{ethertype, link};

protocol! { null "null" "Loopback";
    TYPE "null.type" X16, "Which protocol follows, as an EtherType", ethertype::ether_type;
    FAMILY "null.family" U32, "Which protocol family follows", link::family;
}
