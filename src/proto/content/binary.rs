//! Protocols of fields and numbers: not text, though words may be in them, and not encrypted.

use super::super::name;
use super::{On, Rule, be16, be32, ber, fits, le32};
use crate::decode::TransportProtocol;

pub(super) const RULES: &[Rule] = &[
    // Names and addresses.
    Rule("DNS", On::Udp, dns),
    Rule("DNS", On::Tcp, |b| be16(b, 0).is_some_and(|len| len >= 12) && b.get(2..).is_some_and(dns)),
    Rule("DNS", On::BothPort(&[53, 5353, 5355]), |b| dns_header(b) || b.get(2..).is_some_and(dns_header)),
    Rule("NBNS", On::UdpPort(&[137]), |b| b.len() >= 12),
    Rule("NetBIOS datagram", On::UdpPort(&[138]), |b| matches!(b.first(), Some(0x10..=0x16))),
    Rule("DHCP", On::Udp, |b| matches!(b, [1 | 2, ..]) && b.get(236..240) == Some(&[0x63, 0x82, 0x53, 0x63])),
    Rule("DHCP", On::UdpPort(&[67, 68]), |b| matches!(b, [1 | 2, 1..=32, 0..=16, ..])),
    Rule("DHCPv6", On::UdpPort(&[546, 547]), |b| matches!(b, [1..=36, ..] if b.len() >= 4)),
    Rule(
        "NTP",
        On::UdpPort(&[123]),
        |b| matches!(b, [first, ..] if (1..=4).contains(&(first >> 3 & 7)) && b.len() >= 8),
    ),
    // Management.
    Rule("SNMP", On::Both, snmp),
    Rule("SNMP", On::UdpPort(&[161, 162, 10161, 10162]), |b| b.first() == Some(&0x30)),
    Rule("RADIUS", On::UdpPort(&[1812, 1813, 1645, 1646, 3799]), |b| {
        matches!(b, [1..=5 | 11..=13 | 26..=52 | 255, ..]) && b.len() >= 20
    }),
    Rule("TACACS+", On::TcpPort(&[49]), |b| matches!(b, [0xc0 | 0xc1, 1..=3, ..] if b.len() >= 12)),
    Rule("Diameter", On::Tcp, |b| {
        matches!(b, [1, ..]) && fits(be32(b, 0).map(|word| word & 0xff_ffff), 0, b) && b.len() >= 20
    }),
    Rule("LDAP", On::Both, ldap),
    Rule("LDAP", On::BothPort(&[389, 3268]), |b| {
        b.first() == Some(&0x30) || b.get(4) == Some(&0x60) || b.get(4) == Some(&5)
    }),
    Rule("Kerberos", On::Both, kerberos),
    Rule("Kerberos", On::BothPort(&[88, 464, 750]), |b| b.len() >= 8),
    Rule("IPMI", On::UdpPort(&[623, 664]), |b| matches!(b, [6, 0, _, 6 | 7, ..])),
    Rule("NetFlow", On::UdpPort(&[2055, 9995, 9996, 4739, 2056, 9555, 6343]), |b| {
        matches!(be16(b, 0), Some(1 | 5 | 7 | 8 | 9 | 10))
    }),
    Rule("sFlow", On::UdpPort(&[6343]), |b| matches!(be32(b, 0), Some(2 | 4 | 5))),
    // Routing and tunnels.
    Rule("BGP", On::Tcp, |b| b.get(..16) == Some(&[0xff; 16]) && matches!(b.get(18), Some(1..=5))),
    Rule("BGP", On::TcpPort(&[179]), |_| true),
    Rule("LDP", On::BothPort(&[646]), |b| b.starts_with(&[0, 1])),
    Rule("RIP", On::UdpPort(&[520, 521]), |b| matches!(b, [1..=10, 1 | 2, ..])),
    Rule("BFD", On::UdpPort(&[3784, 3785, 4784, 6784]), |b| {
        matches!(b, [first, ..] if first >> 5 <= 1) && b.len() >= 12
    }),
    Rule("HSRP", On::UdpPort(&[1985, 2029]), |b| b.len() >= 20),
    Rule("GLBP", On::UdpPort(&[3222]), |b| b.len() >= 12),
    Rule("MPLS echo", On::UdpPort(&[3503]), |b| b.starts_with(&[0, 1])),
    Rule("OLSR", On::UdpPort(&[698]), |b| fits(be16(b, 0).map(u32::from), 0, b)),
    Rule("GTP", On::UdpPort(&[2123, 2152, 3386]), |b| {
        matches!(b, [first, ..] if first >> 5 <= 2) && b.len() >= 8
    }),
    Rule("VXLAN", On::UdpPort(&[4789, 8472, 4790]), |b| b.len() >= 16),
    Rule("Geneve", On::UdpPort(&[6081]), |b| b.len() >= 8),
    Rule(
        "L2TP",
        On::UdpPort(&[1701]),
        |b| matches!(b, [_, version, ..] if version & 0x0f == 2 || version & 0x0f == 3),
    ),
    Rule("PPTP", On::TcpPort(&[1723]), |b| be32(b, 4) == Some(0x1a2b_3c4d)),
    Rule("Teredo", On::UdpPort(&[3544]), |b| matches!(b, [0, 0 | 1, ..] | [0x60..=0x6f, ..])),
    Rule("LISP", On::UdpPort(&[4341, 4342]), |b| b.len() >= 8),
    Rule("ISAKMP", On::UdpPort(&[500]), isakmp),
    Rule("ISAKMP", On::UdpPort(&[4500]), |b| {
        b == [0xff] || b.starts_with(&[0; 4]) && b.get(4..).is_some_and(isakmp)
    }),
    Rule("CAPWAP", On::UdpPort(&[5246, 5247]), |b| b.first() == Some(&0) && b.len() >= 8),
    Rule("PTP", On::UdpPort(&[319, 320]), |b| {
        matches!(b, [_, version, ..] if version & 0x0f <= 2) && b.len() >= 34
    }),
    // Files, remote procedures and directories.
    Rule("SMB", On::Tcp, |b| smb(b) || matches!(b, [0, ..]) && b.get(4..).is_some_and(smb)),
    Rule("NetBIOS session", On::TcpPort(&[139, 445]), |b| {
        matches!(b, [0x00 | 0x81..=0x85, 0 | 1, ..]) || matches!(b, [0, ..] if b.len() >= 4)
    }),
    Rule(
        "DCE/RPC",
        On::Tcp,
        |b| matches!(b, [5, 0 | 1, 0..=19, _, 0x10 | 0x00, 0, 0, 0, ..] if b.len() >= 16),
    ),
    Rule("DCE/RPC", On::Udp, |b| matches!(b, [4, 0..=19, _, _, 0x00 | 0x10, 0, 0, _, ..] if b.len() >= 80)),
    Rule("ONC RPC", On::Udp, rpc),
    Rule("ONC RPC", On::Tcp, |b| matches!(b, [0x80, ..]) && b.get(4..).is_some_and(rpc)),
    Rule("ONC RPC", On::BothPort(&[111, 2049]), |b| b.len() >= 8),
    Rule("TFTP", On::Udp, tftp),
    // Data goes between other ports than the request: the first block, the acknowledgment of it or of the request.
    Rule("TFTP", On::Udp, |b| {
        matches!(b, [0, 3, 0, 1, ..] if b.len() <= 516) || matches!(b, [0, 4, 0, 0 | 1])
    }),
    Rule("TFTP", On::UdpPort(&[69]), |b| matches!(b, [0, 1..=6, ..])),
    Rule("AFP", On::TcpPort(&[548]), |b| matches!(b, [0 | 1, 1..=8, ..] if b.len() >= 16)),
    Rule("iSCSI", On::TcpPort(&[3260, 860]), |b| b.len() >= 48),
    // Databases and queues.
    Rule("MySQL", On::Tcp, mysql),
    Rule("MySQL", On::TcpPort(&[3306]), |b| matches!(b, [_, _, 0, ..] if b.len() >= 4)),
    Rule("PostgreSQL", On::Tcp, |b| {
        fits(be32(b, 0), 0, b)
            && matches!(be32(b, 4), Some(0x0003_0000..=0x0003_0002 | 80_877_102..=80_877_104))
    }),
    Rule("PostgreSQL", On::TcpPort(&[5432, 5433]), |b| b.first().is_some_and(u8::is_ascii_alphabetic)),
    Rule("TDS", On::TcpPort(&[1433, 1434]), |b| matches!(b, [1..=18, 0..=0x1f, ..] if b.len() >= 8)),
    Rule("Oracle TNS", On::TcpPort(&[1521, 1526]), |b| matches!(b, [_, _, _, _, 1..=19, ..])),
    Rule("MongoDB", On::Tcp, |b| {
        fits(le32(b, 0), 0, b) && matches!(le32(b, 12), Some(1 | 1000 | 2001..=2007 | 2010..=2013))
    }),
    Rule("memcached", On::BothPort(&[11211]), |b| matches!(b, [0x80 | 0x81, 0..=0x40, ..] if b.len() >= 24)),
    Rule("Cassandra", On::TcpPort(&[9042]), |b| matches!(b, [3..=5 | 0x83..=0x85, ..] if b.len() >= 9)),
    Rule("Kafka", On::TcpPort(&[9092]), |b| fits(be32(b, 0), 4, b)),
    Rule("MQTT", On::Tcp, |b| {
        matches!(b, [0x10, ..]) && (has(b, b"\0\x04MQTT", 8) || has(b, b"\0\x06MQIsdp", 10))
    }),
    Rule("MQTT", On::TcpPort(&[1883]), |b| matches!(b, [0x10..=0xff, _, ..])),
    Rule("AMQP", On::Tcp, |b| b.starts_with(b"AMQP")),
    Rule("AMQP", On::TcpPort(&[5672]), |b| matches!(b, [1..=8, _, _, ..] if b.ends_with(&[0xce]))),
    Rule("ZeroMQ", On::Tcp, |b| matches!(b, [0xff, 0, 0, 0, 0, 0, 0, 0, _, 0x7f, ..])),
    Rule("GIOP", On::Tcp, |b| b.starts_with(b"GIOP\x01")),
    Rule("HTTP/2", On::Tcp, |b| b.starts_with(b"PRI * HTTP/2.0\r\n\r\nSM")),
    Rule("CoAP", On::UdpPort(&[5683]), |b| matches!(b, [first, ..] if first >> 6 == 1 && first & 0x0f <= 8)),
    // Voice, video and screens.
    Rule("STUN", On::Both, |b| be32(b, 4) == Some(0x2112_a442) && b.len() >= 20),
    Rule("STUN", On::Udp, |b| {
        matches!(be16(b, 0), Some(0x001 | 0x101 | 0x111)) && fits(be16(b, 2).map(u32::from), 20, b)
    }),
    Rule("STUN", On::BothPort(&[3478, 3479, 19302]), |b| {
        matches!(be16(b, 0), Some(0x0001..=0x01ff | 0x4000..=0x7fff)) && b.len() >= 4
    }),
    Rule("RTCP", On::Udp, rtcp),
    Rule("TPKT", On::Tcp, |b| {
        matches!(b, [3, 0, ..]) && fits(be16(b, 2).map(u32::from), 0, b) && b.len() >= 7
    }),
    Rule("TPKT", On::TcpPort(&[102, 1720, 3389]), |b| matches!(b, [3, 0, ..])),
    Rule("H.225", On::UdpPort(&[1718, 1719]), |b| b.len() >= 4),
    Rule("Skinny", On::TcpPort(&[2000]), |b| fits(le32(b, 0), 8, b)),
    Rule("IAX2", On::UdpPort(&[4569]), |b| b.len() >= 4),
    Rule("RTMP", On::TcpPort(&[1935]), |b| matches!(b, [3, ..])),
    Rule("VNC", On::Tcp, |b| b.starts_with(b"RFB 00")),
    Rule("X11", On::Tcp, |b| matches!(b, [b'l', 0, 11, 0, 0, 0, ..] | [b'B', 0, 0, 11, 0, 0, ..])),
    Rule("X11", On::TcpPort(&[6000, 6001, 6010]), |b| b.len() >= 4),
    Rule("XDMCP", On::UdpPort(&[177]), |b| matches!(b, [0, 1, 0, ..])),
    // Machines.
    Rule("Modbus", On::Tcp, modbus),
    Rule("DNP3", On::Both, |b| matches!(b, [5, 0x64, 5..=255, ..] if b.len() >= 10)),
    Rule("IEC 104", On::TcpPort(&[2404]), |b| matches!(b, [0x68, 4..=253, ..])),
    Rule("EtherNet/IP", On::BothPort(&[44818, 2222]), |b| b.len() >= 24),
    Rule("OPC UA", On::Tcp, |b| {
        (b.starts_with(b"HELF") || b.starts_with(b"ACKF") || b.starts_with(b"OPNF") || b.starts_with(b"MSGF"))
            && fits(le32(b, 4), 0, b)
    }),
    Rule("BACnet", On::Udp, |b| matches!(b, [0x81, 0..=12, ..]) && fits(be16(b, 2).map(u32::from), 0, b)),
    // Exchange.
    Rule("BitTorrent", On::Tcp, |b| b.starts_with(b"\x13BitTorrent protocol")),
    Rule("BitTorrent DHT", On::Udp, |b| {
        b.starts_with(b"d1:ad2:id20:") || b.starts_with(b"d1:rd2:id20:") || b.starts_with(b"d2:ip")
    }),
    Rule("Bitcoin", On::Tcp, |b| b.starts_with(&[0xf9, 0xbe, 0xb4, 0xd9])),
    Rule("Teamviewer", On::TcpPort(&[5938]), |b| b.starts_with(&[0x17, 0x24])),
];

/// `word` within the first bytes.
fn has(bytes: &[u8], word: &[u8], within: usize) -> bool {
    bytes
        .get(..(within + word.len()).min(bytes.len()))
        .is_some_and(|b| b.windows(word.len()).any(|w| w == word))
}

/// A header of DNS (RFC 1035 section 4.1.1) that makes sense.
fn dns_header(bytes: &[u8]) -> bool {
    name(TransportProtocol::Udp, 53, bytes) == Some("DNS")
}

/// A DNS message told without its port: a header that makes sense, and a first question that does.
fn dns(bytes: &[u8]) -> bool {
    let (Some(flags), Some(questions)) = (be16(bytes, 2), be16(bytes, 4)) else { return false };
    let opcode = flags >> 11 & 0x0f;
    let counts = [6, 8, 10].into_iter().filter_map(|at| be16(bytes, at));
    let few = counts.clone().count() == 3 && counts.into_iter().all(|count| count <= 255);
    if questions != 1 || !matches!(opcode, 0 | 4 | 5) || flags & 0x0040 != 0 || !few {
        return false;
    }
    let Some(name) = bytes.get(12..) else { return false };
    let mut at = 0_usize;
    while let Some(&len @ 1..=63) = name.get(at) {
        at += usize::from(len) + 1;
        if at > 254 {
            return false;
        }
    }
    let kind = be16(name, at + 1);
    let class = be16(name, at + 3).map(|class| class & 0x7fff);
    name.get(at) == Some(&0)
        && matches!(kind, Some(1..=65 | 99 | 249..=257))
        && matches!(class, Some(1 | 3 | 4 | 254 | 255))
}

/// A message of SNMP (RFC 3412 section 6, RFC 1157 section 4): a sequence that begins with a version.
fn snmp(bytes: &[u8]) -> bool {
    let Some((0x30, len, body)) = ber(bytes) else { return false };
    matches!(body, [2, 1, 0 | 1, 4, ..] | [2, 1, 3, 0x30, ..]) && len >= 10
}

/// A message of LDAP (RFC 4511 section 4.1.1): a number, then an operation.
fn ldap(bytes: &[u8]) -> bool {
    let Some((0x30, len, body)) = ber(bytes) else { return false };
    let Some((2, size @ 1..=4, rest)) = ber(body) else { return false };
    let operation = rest.get(size).copied().unwrap_or_default();
    let is_operation = matches!(operation, 0x42 | 0x50 | 0x60..=0x79 | 0x4a);
    is_operation && len > size + 2
}

/// A message of Kerberos 5 (RFC 4120 section 5): an application tag, a sequence, the protocol's version in it; over TCP
/// behind a length.
fn kerberos(bytes: &[u8]) -> bool {
    let plain = |b: &[u8]| {
        matches!(ber(b), Some((0x6a..=0x6f | 0x74..=0x76 | 0x7e, _, body))
            if matches!(ber(body), Some((0x30, _, inner)) if matches!(inner, [0xa0 | 0xa1, ..])))
    };
    plain(bytes) || be32(bytes, 0).is_some_and(|len| len < 1 << 20) && bytes.get(4..).is_some_and(plain)
}

/// Cookies, next payload, version 1 or 2 (RFC 2408 section 3.1, RFC 7296 section 3.1).
pub(super) fn isakmp(bytes: &[u8]) -> bool {
    matches!(bytes.get(17), Some(0x10 | 0x20)) && bytes.len() >= 28
}

fn smb(bytes: &[u8]) -> bool {
    bytes.starts_with(b"\xffSMB") || bytes.starts_with(b"\xfeSMB") || bytes.starts_with(b"\xfdSMB")
}

/// A call of version 2, or a reply (RFC 5531 section 9).
fn rpc(bytes: &[u8]) -> bool {
    match be32(bytes, 4) {
        Some(0) => {
            be32(bytes, 8) == Some(2)
                && be32(bytes, 12).is_some_and(|program| program >= 100_000)
                && bytes.len() >= 40
        }
        Some(1) => {
            matches!(be32(bytes, 8), Some(0 | 1))
                && matches!(be32(bytes, 12), Some(0..=7))
                && bytes.len() >= 20
        }
        _ => false,
    }
}

/// A request of TFTP: a file, a mode, each with a zero behind it (RFC 1350 section 5).
fn tftp(bytes: &[u8]) -> bool {
    let Some(rest) = bytes.strip_prefix(&[0, 1]).or_else(|| bytes.strip_prefix(&[0, 2])) else {
        return false;
    };
    let mut parts = rest.split(|&byte| byte == 0);
    let file = parts.next().unwrap_or(&[]);
    let mode = parts.next().unwrap_or(&[]);
    !file.is_empty()
        && [b"octet".as_slice(), b"netascii", b"mail"].iter().any(|known| mode.eq_ignore_ascii_case(known))
}

/// The greeting of a server: length, number 0, protocol 10, a version that begins with a digit.
fn mysql(bytes: &[u8]) -> bool {
    matches!(bytes, [_, _, 0, 0, 10, b'3'..=b'9' | b'1', b'.' | b'0'..=b'9', ..])
}

/// A report of senders or receivers (RFC 3550 section 6.4): version, type, and lengths that fill the datagram.
fn rtcp(bytes: &[u8]) -> bool {
    let mut rest = bytes;
    let mut reports = 0;
    while let [first, kind @ 192..=207, high, low, ..] = rest {
        let len = (usize::from(u16::from_be_bytes([*high, *low])) + 1) * 4;
        if first >> 6 != 2 || reports == 0 && !matches!(kind, 200 | 201 | 205 | 206) {
            return false;
        }
        reports += 1;
        let Some(behind) = rest.get(len..) else { return false };
        rest = behind;
        if rest.is_empty() {
            return bytes.len() >= 8;
        }
    }
    false
}

/// A header of Modbus over TCP: protocol 0, and a length that fits.
fn modbus(bytes: &[u8]) -> bool {
    be16(bytes, 2) == Some(0)
        && matches!(be16(bytes, 4), Some(2..=254))
        && fits(be16(bytes, 4).map(u32::from), 6, bytes)
        && matches!(bytes.get(7), Some(1..=43 | 0x81..=0xab))
}
