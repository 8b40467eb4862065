//! The application protocols that are analysed.

use super::lab::Lab;

/// A protocol with an analyzer of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Protocol {
    /// DNS (RFC 1035) over UDP or TCP.
    Dns,
    /// Multicast DNS (RFC 6762).
    Mdns,
    /// Link-local multicast name resolution (RFC 4795).
    Llmnr,
    /// HTTP/1.0 and 1.1 (RFC 9112).
    Http,
    /// Messages of HTTP's form in datagrams, by which UPnP devices find each other (UPnP Device Architecture, SSDP).
    Ssdp,
    /// TLS 1.0 to 1.3 and SSL 2.0 and 3.0 over TCP.
    Tls,
    /// TLS over datagrams (RFC 6347, RFC 9147).
    Dtls,
    /// QUIC (RFC 9000).
    Quic,
    /// SMTP (RFC 5321).
    Smtp,
    /// POP3 (RFC 1939).
    Pop,
    /// IMAP (RFC 9051).
    Imap,
    /// The control connection of FTP (RFC 959).
    Ftp,
    /// A data connection of FTP.
    FtpData,
    /// Telnet (RFC 854).
    Telnet,
    /// SSH (RFC 4253).
    Ssh,
    /// RADIUS (RFC 2865) with EAP in it; of it only the TLS that EAP carries is told.
    Radius,
    /// DHCP (RFC 2131) and BOOTP.
    Dhcp,
    /// OpenVPN, of which only the TLS of its control channel is told.
    OpenVpn,
    /// Remote Desktop over UDP, of which only the TLS is told.
    RdpUdp,
    /// SOCKS, of which only what it opens is told.
    Socks,
    /// One of the bundled labs.
    Lab(Lab),
}

impl Protocol {
    /// As people write it: `DNS`, `HTTP`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Dns => "DNS",
            Self::Mdns => "MDNS",
            Self::Llmnr => "LLMNR",
            Self::Http => "HTTP",
            Self::Ssdp => "SSDP",
            Self::Tls => "TLS",
            Self::Dtls => "DTLS",
            Self::Quic => "QUIC",
            Self::Smtp => "SMTP",
            Self::Pop => "POP3",
            Self::Imap => "IMAP",
            Self::Ftp => "FTP",
            Self::FtpData => "FTP-DATA",
            Self::Telnet => "TELNET",
            Self::Ssh => "SSH",
            Self::Dhcp => "DHCP",
            Self::Radius => "RADIUS",
            Self::OpenVpn => "OpenVPN",
            Self::RdpUdp => "RDPUDP",
            Self::Socks => "SOCKS",
            Self::Lab(lab) => lab.name(),
        }
    }

    /// The protocol that [`crate::decode::DecodeAs`] means by a name.
    #[must_use]
    pub fn of_rule(name: &str) -> Option<Self> {
        const ALL: [Protocol; 20] = [
            Protocol::Dns,
            Protocol::Mdns,
            Protocol::Llmnr,
            Protocol::Http,
            Protocol::Ssdp,
            Protocol::Tls,
            Protocol::Dtls,
            Protocol::Quic,
            Protocol::Smtp,
            Protocol::Pop,
            Protocol::Imap,
            Protocol::Ftp,
            Protocol::FtpData,
            Protocol::Telnet,
            Protocol::Dhcp,
            Protocol::Ssh,
            Protocol::Radius,
            Protocol::OpenVpn,
            Protocol::RdpUdp,
            Protocol::Socks,
        ];
        ALL.into_iter().find(|protocol| protocol.field_name() == name)
    }

    /// Whether one of `ports` is the protocol's by custom. Of protocols that their content tells beyond doubt, every port is.
    #[must_use]
    pub fn is_at(self, ports: [u16; 2]) -> bool {
        let customary: &[u16] = match self {
            Self::Smtp => &[25, 587],
            Self::Pop => &[110],
            Self::Imap => &[143],
            Self::Ftp => &[21],
            Self::Telnet => &[23],
            Self::Dhcp => &super::dhcp::PORTS,
            // Wireshark knows none.
            Self::Lab(_) => &[],
            _ => return true,
        };
        ports.iter().any(|port| customary.contains(port))
    }

    /// Whether it is made of lines of text.
    #[must_use]
    pub const fn is_lines(self) -> bool {
        matches!(self, Self::Smtp | Self::Pop | Self::Imap | Self::Ftp)
    }

    /// Wireshark's name for its fields and in display filters: `dns`, `http`.
    #[must_use]
    pub const fn field_name(self) -> &'static str {
        match self {
            Self::Dns => "dns",
            Self::Mdns => "mdns",
            Self::Llmnr => "llmnr",
            Self::Http => "http",
            Self::Ssdp => "ssdp",
            Self::Tls => "tls",
            Self::Dtls => "dtls",
            Self::Quic => "quic",
            Self::Smtp => "smtp",
            Self::Pop => "pop",
            Self::Imap => "imap",
            Self::Ftp => "ftp",
            Self::FtpData => "ftp-data",
            Self::Telnet => "telnet",
            Self::Ssh => "ssh",
            Self::Dhcp => "dhcp",
            Self::Radius => "radius",
            Self::OpenVpn => "openvpn",
            Self::RdpUdp => "rdpudp",
            Self::Socks => "socks",
            Self::Lab(_) => "wirelab.lab",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::APPLICATIONS;

    #[test]
    fn whatever_a_rule_can_name_is_analysed() {
        for (name, _) in APPLICATIONS {
            assert!(Protocol::of_rule(name).is_some(), "{name}");
        }
    }
}
