//! Words for the values of fields that are codes, as the bodies that assign them call them. One file a family of codes.

pub(super) mod arp;
pub(super) mod ethertype;
pub(super) mod icmp;
pub(super) mod ip;
pub(super) mod link;
