//! DHCP (RFC 2131) and BOOTP (RFC 951): the header, and options (RFC 2132) wherever a message keeps them.
//!
//! [`Message`] reads one message as far as it is good. Options stand behind the header, and where option 52 says so in the
//! two fields for names before it, too; [`Items`] walks along one such area.

mod options;

pub use options::{Item, Items, Opt, Suboptions};

use std::fmt;
use std::net::Ipv4Addr;

use super::{Analyzer, Input, Note, Step};

/// What DHCP's options begin with (RFC 2131 section 3); plain BOOTP may have anything else there.
pub const COOKIE: [u8; 4] = [0x63, 0x82, 0x53, 0x63];

/// Bytes before the two names.
pub const ADDRESSES_BYTES: usize = 44;
/// Where the server's name stands, and how many bytes it has.
pub const SERVER_NAME: (usize, usize) = (44, 64);
/// The same of the boot file's.
pub const BOOT_FILE: (usize, usize) = (108, 128);
/// Where options begin: at the cookie.
pub const FIXED_BYTES: usize = 236;
/// Bytes of a client's hardware address, padding included.
pub const HARDWARE_BYTES: usize = 16;

/// UDP ports that Wireshark knows DHCP by: server, client, and proxyDHCP of PXE.
pub const PORTS: [u16; 3] = [67, 68, PROXY_PORT];
/// Where PXE clients ask (PXE 2.1 section 2.2.3).
pub const PROXY_PORT: u16 = 4011;

/// Codes of options that reports are made of (RFC 2132).
pub mod code {
    #![allow(missing_docs, reason = "each is named as its option is in RFC 2132")]
    pub const PAD: u8 = 0;
    pub const SUBNET_MASK: u8 = 1;
    pub const ROUTER: u8 = 3;
    pub const DOMAIN_NAME_SERVER: u8 = 6;
    pub const HOST_NAME: u8 = 12;
    pub const DOMAIN_NAME: u8 = 15;
    pub const VENDOR_INFORMATION: u8 = 43;
    pub const REQUESTED_ADDRESS: u8 = 50;
    pub const LEASE_TIME: u8 = 51;
    pub const OVERLOAD: u8 = 52;
    pub const MESSAGE_TYPE: u8 = 53;
    pub const SERVER_ID: u8 = 54;
    pub const MESSAGE: u8 = 56;
    pub const RENEWAL_TIME: u8 = 58;
    pub const VENDOR_CLASS: u8 = 60;
    pub const CLIENT_ID: u8 = 61;
    pub const CLIENT_FQDN: u8 = 81;
    pub const AGENT_INFORMATION: u8 = 82;
    pub const END: u8 = 255;
}

/// The fields before the names (RFC 2131 section 2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// 1: of a client, 2: of a server.
    pub op: u8,
    /// Kind of hardware address, as in ARP.
    pub hardware_type: u8,
    /// Its length in bytes, as said.
    pub hardware_len: u8,
    /// Relays that were passed.
    pub hops: u8,
    /// Transaction, chosen by the client.
    pub id: u32,
    /// Seconds since the client began.
    pub seconds: u16,
    /// The highest bit asks for answers by broadcast.
    pub flags: u16,
    /// The client's address, where it has one and may be spoken to there.
    pub client: Ipv4Addr,
    /// The address for the client.
    pub yours: Ipv4Addr,
    /// The server to boot from.
    pub server: Ipv4Addr,
    /// The first relay.
    pub relay: Ipv4Addr,
    /// The client's hardware address and padding.
    pub hardware: [u8; HARDWARE_BYTES],
}

impl Header {
    /// Reads it; `None` where it is not all there.
    #[must_use]
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let (&[op, hardware_type, hardware_len, hops, i0, i1, i2, i3, s0, s1, f0, f1], rest) =
            bytes.split_first_chunk::<12>()?;
        let (client, rest) = rest.split_first_chunk::<4>()?;
        let (yours, rest) = rest.split_first_chunk::<4>()?;
        let (server, rest) = rest.split_first_chunk::<4>()?;
        let (relay, rest) = rest.split_first_chunk::<4>()?;
        Some(Self {
            op,
            hardware_type,
            hardware_len,
            hops,
            id: u32::from_be_bytes([i0, i1, i2, i3]),
            seconds: u16::from_be_bytes([s0, s1]),
            flags: u16::from_be_bytes([f0, f1]),
            client: (*client).into(),
            yours: (*yours).into(),
            server: (*server).into(),
            relay: (*relay).into(),
            hardware: *rest.first_chunk()?,
        })
    }

    /// The client's Ethernet address, where it says that it has one.
    #[must_use]
    pub fn mac(&self) -> Option<[u8; 6]> {
        // IEEE 802 has addresses of the same form (RFC 1700, hardware types).
        let is_ethernet = matches!(self.hardware_type, 1 | 6) && self.hardware_len == 6;
        self.hardware.first_chunk().copied().filter(|_| is_ethernet)
    }
}

/// One message.
#[derive(Clone, Copy, Debug)]
pub struct Message<'a> {
    bytes: &'a [u8],
    /// Its header.
    pub header: Header,
}

impl<'a> Message<'a> {
    /// Reads a message; `None` where not even its header is there.
    #[must_use]
    pub fn read(bytes: &'a [u8]) -> Option<Self> {
        Some(Self { bytes, header: Header::read(bytes)? })
    }

    /// Whether options follow the header, as DHCP has them.
    #[must_use]
    pub fn has_options(&self) -> bool {
        self.bytes.get(FIXED_BYTES..).is_some_and(|rest| rest.starts_with(&COOKIE))
    }

    /// What stands behind the header: options, their padding, their end, and what is wrong with them.
    #[must_use]
    pub fn items(&self) -> Items<'a> {
        let end = if self.has_options() { self.bytes.len() } else { 0 };
        Items::of(self.bytes, FIXED_BYTES.saturating_add(COOKIE.len()), end)
    }

    /// Bits of option 52: 1 where the boot file's name holds options, 2 where the server's does.
    #[must_use]
    pub fn overload(&self) -> u8 {
        self.items()
            .filter_map(Item::option)
            .find_map(|option| option.value.first().copied().filter(|_| option.code == code::OVERLOAD))
            .unwrap_or(0)
    }

    /// What stands in the boot file's name, where that holds options.
    #[must_use]
    pub fn items_of_boot_file(&self) -> Option<Items<'a>> {
        (self.overload() & 1 != 0).then(|| self.area(BOOT_FILE))
    }

    /// What stands in the server's name, where that holds options.
    #[must_use]
    pub fn items_of_server_name(&self) -> Option<Items<'a>> {
        (self.overload() & 2 != 0).then(|| self.area(SERVER_NAME))
    }

    fn area(&self, (at, len): (usize, usize)) -> Items<'a> {
        Items::of(self.bytes, at, at.saturating_add(len).min(self.bytes.len()))
    }

    /// Everything of all areas, in the order that RFC 2131 section 4.1 gives them.
    pub fn all_items(&self) -> impl Iterator<Item = Item<'a>> + use<'a> {
        let more = [self.items_of_boot_file(), self.items_of_server_name()];
        self.items().chain(more.into_iter().flatten().flatten())
    }

    /// The value of the last option of this code: a repeated one replaces the one before, as Wireshark reads it.
    #[must_use]
    pub fn value(&self, code: u8) -> Option<&'a [u8]> {
        let options = self.all_items().filter_map(Item::option);
        options.filter(|option| option.code == code).last().map(|option| option.value)
    }

    /// What kind of DHCP message it is (RFC 2132 section 9.6); `None` of plain BOOTP.
    #[must_use]
    pub fn kind(&self) -> Option<u8> {
        self.value(code::MESSAGE_TYPE)?.first().copied()
    }

    /// An option that is an address, or the first address of one.
    #[must_use]
    pub fn address(&self, code: u8) -> Option<Ipv4Addr> {
        self.value(code)?.first_chunk::<4>().copied().map(Ipv4Addr::from)
    }

    /// An option that is a list of addresses.
    pub fn addresses(&self, code: u8) -> impl Iterator<Item = Ipv4Addr> + use<'a> {
        let value = self.value(code).unwrap_or_default();
        value.chunks_exact(4).filter_map(|bytes| bytes.first_chunk::<4>().copied().map(Ipv4Addr::from))
    }

    /// An option that is a number of seconds; all ones stand for ever (RFC 2131 section 3.3).
    #[must_use]
    pub fn seconds(&self, code: u8) -> Option<u32> {
        let value = self.value(code)?;
        value.first_chunk().copied().map(u32::from_be_bytes).filter(|_| value.len() == 4)
    }

    /// An option that is text, up to a NUL.
    #[must_use]
    pub fn text(&self, code: u8) -> Option<&'a [u8]> {
        let value = self.value(code)?;
        let text = value.split(|byte| *byte == 0).next().unwrap_or(value);
        Some(text).filter(|text| !text.is_empty())
    }

    /// What is wrong with its options, where something is: the first fault.
    #[must_use]
    pub fn damage(&self) -> Option<Damage> {
        self.all_items().find_map(|item| match item {
            Item::Overrun { code, len, had, .. } => {
                Some(Damage::Overrun { code, len, had: u8::try_from(had).unwrap_or(u8::MAX) })
            }
            Item::NoLength { code, .. } => Some(Damage::NoLength { code }),
            _ => None,
        })
    }
}

/// Where options could not be read on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Damage {
    /// An option claims more bytes than there are.
    Overrun {
        /// Its code.
        code: u8,
        /// Bytes that it claims.
        len: u8,
        /// Bytes that there are.
        had: u8,
    },
    /// The message ends behind the code of an option.
    NoLength {
        /// The code.
        code: u8,
    },
}

impl fmt::Display for Damage {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Overrun { code, len, had } => {
                write!(out, "option {code} claims {len} bytes, {had} are there")
            }
            Self::NoLength { code } => write!(out, "option {code} has no length"),
        }
    }
}

/// What a message of this kind is called (RFC 2132 section 9.6, RFC 3203, 4388, 6926, 7724), as Wireshark spells it.
#[must_use]
pub const fn kind_name(kind: u8) -> Option<&'static str> {
    Some(match kind {
        1 => "Discover",
        2 => "Offer",
        3 => "Request",
        4 => "Decline",
        5 => "ACK",
        6 => "NAK",
        7 => "Release",
        8 => "Inform",
        9 => "Force Renew",
        10 => "Lease query",
        11 => "Lease Unassigned",
        12 => "Lease Unknown",
        13 => "Lease Active",
        14 => "Bulk Lease Query",
        15 => "Lease Query Done",
        16 => "Active LeaseQuery",
        17 => "Lease Query Status",
        18 => "TLS",
        _ => return None,
    })
}

/// Whether a datagram on one of [`PORTS`] has the form of a message: whose it is, and the fields before the names.
#[must_use]
pub fn is_dhcp(bytes: &[u8]) -> bool {
    matches!(bytes, [1 | 2, ..]) && bytes.len() >= ADDRESSES_BYTES
}

/// Whether it is DHCP on whatever port: the cookie tells.
#[must_use]
pub fn has_cookie(bytes: &[u8]) -> bool {
    is_dhcp(bytes) && bytes.get(FIXED_BYTES..).is_some_and(|rest| rest.starts_with(&COOKIE))
}

/// A flow that carries DHCP: a datagram, a message.
#[derive(Debug, Default)]
pub struct DhcpAnalyzer;

impl Analyzer for DhcpAnalyzer {
    fn next(&mut self, input: &Input<'_>) -> Step {
        if !is_dhcp(input.bytes) {
            return Step::Lost;
        }
        Step::Message { len: input.bytes.len(), note: Note::None, inner: None }
    }
}

#[cfg(test)]
mod tests;
