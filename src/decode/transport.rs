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
        let IpAddr::V4(addr) = self.addr else { return SocketAddr::new(self.addr, self.port).fmt(f) };
        // Put together by hand: tables of many flows are little else than addresses.
        let mut text = Digits::default();
        for (octet, after) in addr.octets().into_iter().zip(*b"...:") {
            text.number(u16::from(octet));
            text.push(after);
        }
        text.number(self.port);
        f.pad(text.as_str())
    }
}

/// Room for an IPv4 address and a port in digits, filled from the left.
#[derive(Default)]
struct Digits {
    bytes: [u8; Self::MOST],
    len: usize,
}

impl Digits {
    /// As long as `255.255.255.255:65535`.
    const MOST: usize = 21;

    fn push(&mut self, byte: u8) {
        if let Some(free) = self.bytes.get_mut(self.len) {
            *free = byte;
            self.len += 1;
        }
    }

    fn number(&mut self, number: u16) {
        let mut unit = [10_000, 1_000, 100, 10].into_iter().find(|unit| number >= *unit).unwrap_or(1);
        while unit > 0 {
            let digit = u8::try_from(number / unit % 10).unwrap_or(0);
            self.push(b'0' + digit);
            unit /= 10;
        }
    }

    fn as_str(&self) -> &str {
        self.bytes.get(..self.len).and_then(|bytes| std::str::from_utf8(bytes).ok()).unwrap_or_default()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_is_written_as_a_socket_address_is() {
        let addresses = ["0.0.0.0", "255.255.255.255", "10.0.100.9", "::1", "2001:db8::9"];
        for (addr, port) in
            addresses.iter().flat_map(|addr| [0, 9, 10, 99, 100, 12_000, 65_535].map(|port| (addr, port)))
        {
            let addr: IpAddr = addr.parse().unwrap();
            let (endpoint, socket) = (Endpoint { addr, port }, SocketAddr::new(addr, port));
            assert_eq!(endpoint.to_string(), socket.to_string());
            assert_eq!(format!("{endpoint:>30}"), format!("{socket:>30}"));
        }
    }
}
