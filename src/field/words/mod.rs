//! Words for the values of fields that are codes, as Wireshark calls them. One file a family of codes.

pub(super) mod arp;
pub(super) mod dhcp;
pub(super) mod dns;
pub(super) mod ethertype;
pub(super) mod frame;
pub(super) mod http;
pub(super) mod icmp;
pub(super) mod ip;
pub(super) mod link;
pub(super) mod quic;
pub(super) mod status;
pub(super) mod tcp;
pub(super) mod tls;
pub(super) mod tunnel;
