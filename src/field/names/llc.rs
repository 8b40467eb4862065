//! Fields of `llc`.

use super::kinds::*;
use crate::field::words::{ethertype, link};

protocol! { llc "llc" "Logical Link Control";
    DSAP "llc.dsap" X8, "Service access point of the receiver", link::sap;
    DSAP_SAP "llc.dsap.sap" U8, "The same without its lowest bit";
    DSAP_IG "llc.dsap.ig" Boolean, "A group of access points";
    SSAP "llc.ssap" X8, "Service access point of the sender", link::sap;
    SSAP_SAP "llc.ssap.sap" U8, "The same without its lowest bit";
    SSAP_CR "llc.ssap.cr" Boolean, "A response, not a command";
    CONTROL "llc.control" X16, "Kind of frame, and sequence numbers";
    OUI "llc.oui" U24, "Organisation that the protocol number is of";
    TYPE "llc.type" X16, "Which protocol follows, as an EtherType", ethertype::ether_type;
    CISCO_PID "llc.cisco_pid" X16, "Which protocol of Cisco's follows", link::cisco_protocol;
    PID "llc.pid" X16, "Which protocol of the organisation follows";
}
