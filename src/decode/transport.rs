//! Transport headers as the flow table needs them: who to whom, and for TCP the segment.

use std::fmt;
use std::net::{IpAddr, SocketAddr};

use super::TcpOptionIter;

/// TCP or UDP.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum TransportProtocol {
    /// Transmission Control Protocol, RFC 9293.
    Tcp,
    /// User Datagram Protocol, RFC 768.
    Udp,
}

impl TransportProtocol {
    /// `tcp` or `udp`, as in `tcp:0`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
            Self::Udp => "udp",
        }
    }
}

/// An address and a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Endpoint {
    /// IPv4 or IPv6 address.
    pub addr: IpAddr,
    /// TCP or UDP port.
    pub port: u16,
}

impl fmt::Display for Endpoint {
    /// `192.0.2.1:80` or `[2001:db8::1]:80`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        SocketAddr::new(self.addr, self.port).fmt(f)
    }
}

/// A TCP or UDP header met while decoding. A packet has several where it is a tunnel or quotes another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transport {
    /// Index of its [`super::Layer`] in the packet.
    pub layer: usize,
    /// TCP or UDP.
    pub protocol: TransportProtocol,
    /// Sender.
    pub src: Endpoint,
    /// Receiver.
    pub dst: Endpoint,
    /// Whether it is only quoted inside an ICMP error.
    pub quoted: bool,
}

/// The control bits of a TCP header (RFC 9293 section 3.1), with the reserved bits below bit 12 as sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct TcpFlags(pub u16);

impl TcpFlags {
    /// No more data from sender.
    pub const FIN: u16 = 0x001;
    /// Synchronize sequence numbers.
    pub const SYN: u16 = 0x002;
    /// Reset the connection.
    pub const RST: u16 = 0x004;
    /// Push.
    pub const PSH: u16 = 0x008;
    /// The acknowledgment field is significant.
    pub const ACK: u16 = 0x010;
    /// The urgent pointer is significant.
    pub const URG: u16 = 0x020;
    /// ECN echo, RFC 3168.
    pub const ECE: u16 = 0x040;
    /// Congestion window reduced, RFC 3168.
    pub const CWR: u16 = 0x080;

    /// Whether every bit of `bits` is set.
    #[must_use]
    pub const fn has(self, bits: u16) -> bool {
        self.0 & bits == bits
    }

    /// FIN is set.
    #[must_use]
    pub const fn fin(self) -> bool {
        self.has(Self::FIN)
    }

    /// SYN is set.
    #[must_use]
    pub const fn syn(self) -> bool {
        self.has(Self::SYN)
    }

    /// RST is set.
    #[must_use]
    pub const fn rst(self) -> bool {
        self.has(Self::RST)
    }

    /// ACK is set.
    #[must_use]
    pub const fn ack(self) -> bool {
        self.has(Self::ACK)
    }
}

/// A TCP segment: header fields, options and payload, borrowed from the packet.
#[derive(Clone, Copy, Debug)]
pub struct TcpSegment<'a> {
    /// Sequence number as sent.
    pub seq: u32,
    /// Acknowledgment number as sent; meaningful with ACK.
    pub ack: u32,
    /// Control bits.
    pub flags: TcpFlags,
    /// Window field as sent, not scaled.
    pub window: u16,
    /// Checksum as sent; 0 where the capture cuts it off.
    pub checksum: u16,
    /// Option bytes, up to 40.
    pub options: &'a [u8],
    /// Captured payload bytes.
    pub payload: &'a [u8],
    /// Payload length on the wire in bytes (Wireshark `tcp.len`); greater than `payload.len()` in a snapped packet.
    pub payload_len: u32,
}

impl<'a> TcpSegment<'a> {
    /// The options, typed.
    #[must_use]
    pub fn typed_options(&self) -> TcpOptionIter<'a> {
        TcpOptionIter::new(self.options)
    }
}
