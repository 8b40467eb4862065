//! Link-layer header types, by the numbers of the public registry (LINKTYPE_ values, which savefiles hold).

use std::fmt;

/// Which header a packet's bytes start with: a LINKTYPE_ number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LinkType(pub u16);

impl LinkType {
    /// BSD loopback: protocol family in the byte order of the capturing host.
    pub const NULL: Self = Self(0);
    /// Ethernet.
    pub const ETHERNET: Self = Self(1);
    /// PPP, with or without HDLC-like framing.
    pub const PPP: Self = Self(9);
    /// PPP in HDLC-like framing.
    pub const PPP_HDLC: Self = Self(50);
    /// PPPoE session.
    pub const PPP_ETHER: Self = Self(51);
    /// Raw IPv4 or IPv6, by the version nibble.
    pub const RAW: Self = Self(101);
    /// Cisco HDLC.
    pub const C_HDLC: Self = Self(104);
    /// IEEE 802.11.
    pub const IEEE802_11: Self = Self(105);
    /// Frame Relay.
    pub const FRELAY: Self = Self(107);
    /// OpenBSD loopback: protocol family in network byte order.
    pub const LOOP: Self = Self(108);
    /// Linux cooked capture v1.
    pub const LINUX_SLL: Self = Self(113);
    /// PPP as pppd hands it out: a direction byte, 0 or 1, in place of the address.
    pub const PPP_PPPD: Self = Self(166);
    /// Per-Packet Information header.
    pub const PPI: Self = Self(192);
    /// PPP preceded by a direction byte.
    pub const PPP_WITH_DIR: Self = Self(204);
    /// Raw IPv4.
    pub const IPV4: Self = Self(228);
    /// Raw IPv6.
    pub const IPV6: Self = Self(229);
    /// Linux netfilter log.
    pub const NFLOG: Self = Self(239);
    /// Linux cooked capture v2.
    pub const LINUX_SLL2: Self = Self(276);
    /// No packet at all but a pcapng custom block, which takes a frame number in Wireshark. The registry has not
    /// assigned this number.
    pub const CUSTOM_BLOCK: Self = Self(0xffff);

    /// The registry's short name, or `None` for a number that is not named here.
    #[must_use]
    pub fn name(self) -> Option<&'static str> {
        Some(match self {
            Self::NULL => "NULL",
            Self::ETHERNET => "ETHERNET",
            Self::PPP => "PPP",
            Self::PPP_HDLC => "PPP_HDLC",
            Self::PPP_ETHER => "PPP_ETHER",
            Self::RAW => "RAW",
            Self::C_HDLC => "C_HDLC",
            Self::IEEE802_11 => "IEEE802_11",
            Self::FRELAY => "FRELAY",
            Self::LOOP => "LOOP",
            Self::LINUX_SLL => "LINUX_SLL",
            Self::PPP_PPPD => "PPP_PPPD",
            Self::PPP_WITH_DIR => "PPP_WITH_DIR",
            Self::PPI => "PPI",
            Self::IPV4 => "IPV4",
            Self::IPV6 => "IPV6",
            Self::NFLOG => "NFLOG",
            Self::LINUX_SLL2 => "LINUX_SLL2",
            Self::CUSTOM_BLOCK => "pcapng custom block",
            _ => return None,
        })
    }

    /// Bytes before the link header that tell of the capture rather than being of the frame. Wireshark counts them
    /// neither in `frame.len` nor in `frame.cap_len`; here they are part of the packet's data.
    #[must_use]
    pub fn pseudo_header_len(self) -> u32 {
        match self.0 {
            196 | 204 | 209 => 1,
            245 => 2,
            123 | 139 | 201 | 254 => 4,
            144 | 177 => 16,
            _ => 0,
        }
    }
}

impl fmt::Display for LinkType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "link type {}", self.0),
        }
    }
}
