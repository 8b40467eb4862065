use super::*;
use TransportProtocol::{Tcp, Udp};

fn name(transport: TransportProtocol, port: u16, bytes: &[u8]) -> Option<&'static str> {
    spoken(transport, [40000, port], bytes).map(|spoken| spoken.name)
}

const FAR: u16 = 9;

#[test]
fn words_tell_protocols_of_words() {
    for (transport, port, bytes, wanted) in [
        (Tcp, FAR, "GET / HTTP/1.1\r\n", "HTTP"),
        (Tcp, FAR, "PROPFIND /a HTTP/1.1\r\n", "HTTP"),
        (Tcp, FAR, "OPTIONS rtsp://h/ RTSP/1.0\r\n", "RTSP"),
        (Tcp, FAR, "RTSP/1.0 200 OK\r\n", "RTSP"),
        (Udp, FAR, "INVITE sip:a@b SIP/2.0\r\n", "SIP"),
        (Udp, FAR, "SIP/2.0 100 Trying\r\n", "SIP"),
        (Udp, FAR, "NOTIFY * HTTP/1.1\r\n", "SSDP"),
        (Udp, FAR, "CRCX 1204 a@b MGCP 1.0\r\n", "MGCP"),
        (Tcp, FAR, "MSRP d93kswow SEND\r\n", "MSRP"),
        (Tcp, FAR, "220 mail.example.org ESMTP\r\n", "SMTP"),
        (Tcp, FAR, "EHLO me\r\n", "SMTP"),
        (Tcp, 25, "250 OK\r\n", "SMTP"),
        (Tcp, FAR, "220 ProFTPD ready\r\n", "FTP"),
        (Tcp, FAR, "331 Password required\r\n", "FTP"),
        (Tcp, 21, "USER anonymous\r\n", "FTP"),
        (Tcp, FAR, "+OK ready\r\n", "POP3"),
        (Tcp, 110, "STAT\r\n", "POP3"),
        (Tcp, FAR, "* OK IMAP4rev1\r\n", "IMAP"),
        (Tcp, 143, "a1 LOGIN u p\r\n", "IMAP"),
        (Tcp, 119, "200 news ready\r\n", "NNTP"),
        (Tcp, FAR, "<stream:stream to='a'>", "XMPP"),
        (Tcp, FAR, "NICK me\r\n", "IRC"),
        (Tcp, FAR, "\u{0}", ""),
        (Tcp, FAR, "*1\r\n$4\r\nPING\r\n", "Redis"),
        (Tcp, 11211, "get a\r\n", "memcached"),
        (Udp, 514, "<13>Nov 21 host app: hi", "syslog"),
        (Tcp, 79, "root\r\n", ""),
        (Tcp, 80, "Knock knock..", ""),
        (Tcp, 6667, "PING :irc\r\n", "IRC"),
        (Tcp, FAR, "@RSYNCD: 31.0\n", "rsync"),
        (Tcp, FAR, "0033git-upload-pack /a\0", "git"),
        (Tcp, FAR, "INFO {\"a\":1}\r\n", "NATS"),
        (Tcp, FAR, "STOMP\naccept-version:1.2\n", "STOMP"),
        (Tcp, FAR, "8=FIX.4.2\u{1}", "FIX"),
        (Udp, FAR, "v=0\r\no=- 1 1 IN IP4 a\r\n", "SDP"),
        (Tcp, FAR, "<?xml version='1.0'?>", "XML"),
    ] {
        assert_eq!(name(transport, port, bytes.as_bytes()).unwrap_or_default(), wanted, "{bytes}");
    }
    assert_eq!(name(Tcp, FAR, b"\xff\xfd\x18\xff\xfd\x20"), Some("TELNET"));
    assert_eq!(name(Tcp, 23, b"login: "), Some("TELNET"));
}

#[test]
fn encryption_is_told_by_its_handshakes() {
    let mut initial = vec![0xc3, 0, 0, 0, 1, 8];
    initial.resize(1200, 7);
    let mut wireguard = vec![1, 0, 0, 0];
    wireguard.resize(148, 0x5a);
    let dtls = [&[22, 0xfe, 0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2][..], &[1, 0]].concat();
    for (transport, port, bytes, wanted) in [
        (Tcp, FAR, &b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc"[..], "TLS"),
        (Tcp, FAR, b"\x17\x03\x03\x00\x02ab\x17\x03\x03\x00\x20c", "TLS"),
        (Tcp, FAR, b"\x17\x03\x03\x00\x02ab", "TLS"),
        (Tcp, FAR, b"\x80\x2e\x01\x03\x01\x00\x15\x00\x00\x00\x10\x00", "TLS"),
        (Tcp, 443, b"\x17\x03\x03\x00\x20abcdef", "TLS"),
        (Tcp, FAR, b"SSH-2.0-OpenSSH_9.2\r\n", "SSH"),
        (Udp, FAR, &dtls, "DTLS"),
        (Udp, FAR, &initial, "QUIC"),
        (Udp, FAR, &wireguard, "WireGuard"),
        (Udp, 4500, &[0xc0, 1, 2, 3, 0, 0, 0, 1, 9, 9, 9, 9, 9, 9, 9, 9], "ESP"),
        (Udp, FAR, &[0x38, 1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 0, 0, 0], "OpenVPN"),
    ] {
        let found = spoken(transport, [40000, port], bytes).unwrap();
        assert_eq!((found.name, found.form), (wanted, Form::Encrypted));
    }
    let capwap = [&[1, 0, 0, 0][..], &dtls].concat();
    let stun = Spoken { name: "STUN", form: Form::Binary };
    let isakmp = Spoken { name: "ISAKMP", form: Form::Binary };
    assert_eq!(takes_over(stun, &capwap).map(|spoken| spoken.name), Some("DTLS"));
    assert_eq!(takes_over(isakmp, &[9; 64]).map(|spoken| spoken.name), Some("ESP"));
    assert_eq!(takes_over(stun, &[9; 64]), None);
    // A message of another length is none of WireGuard's.
    assert_eq!(name(Udp, FAR, &wireguard[..147]), None);
}

#[test]
fn fields_tell_binary_protocols() {
    let query = b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x03www\x03edu\x00\x00\x01\x00\x01";
    let framed = [&[0, 25][..], query].concat();
    let mut dhcp = vec![1, 1, 6, 0];
    dhcp.resize(236, 0);
    dhcp.extend([0x63, 0x82, 0x53, 0x63, 53, 1, 1, 255]);
    let bgp = [&[0xff; 16][..], &[0, 19, 4]].concat();
    let call = [&[0; 8][..], &[0, 0, 0, 2, 0, 1, 0x86, 0xa0], &[0; 24]].concat();
    for (transport, port, bytes, wanted) in [
        (Udp, FAR, &query[..], "DNS"),
        (Tcp, FAR, &framed, "DNS"),
        (Udp, FAR, &dhcp, "DHCP"),
        (Udp, 123, &[0x23, 0, 6, 0xec, 0, 0, 0, 0], "NTP"),
        (Udp, FAR, b"\x30\x26\x02\x01\x01\x04\x06public\xa0\x19", "SNMP"),
        (Udp, 1812, &[1, 7, 0, 20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], "RADIUS"),
        (Tcp, FAR, b"\x30\x0c\x02\x01\x01\x60\x07\x02\x01\x03\x04\x00\x80\x00", "LDAP"),
        (Udp, FAR, b"\x6a\x05\x30\x03\xa1\x01\x05", "Kerberos"),
        (Tcp, FAR, &bgp, "BGP"),
        (Tcp, FAR, b"\0\0\0\x10\xffSMBr\0\0\0", "SMB"),
        (Tcp, FAR, b"\0\0\0\x10\xfeSMB@\0\0\0", "SMB"),
        (Tcp, FAR, &[5, 0, 11, 3, 0x10, 0, 0, 0, 72, 0, 0, 0, 1, 0, 0, 0], "DCE/RPC"),
        (Udp, FAR, &call, "ONC RPC"),
        (Udp, FAR, b"\0\x01file\0octet\0", "TFTP"),
        (Tcp, FAR, b"\x4a\0\0\0\x0a5.7.1\0", "MySQL"),
        (Tcp, FAR, &[0, 0, 0, 8, 4, 210, 22, 47], "PostgreSQL"),
        (Tcp, FAR, &[16, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0xdd, 7, 0, 0], "MongoDB"),
        (Tcp, FAR, b"\x10\x0c\0\x04MQTT\x04\x02\0\x3c\0\0", "MQTT"),
        (Tcp, FAR, b"AMQP\0\0\x09\x01", "AMQP"),
        (Tcp, FAR, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "HTTP/2"),
        (Udp, FAR, &[0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12], "STUN"),
        (Udp, FAR, &[0x80, 201, 0, 1, 1, 2, 3, 4], "RTCP"),
        (Tcp, FAR, &[3, 0, 0, 11, 6, 0xe0, 0, 0, 0, 0, 0], "TPKT"),
        (Tcp, FAR, b"RFB 003.008\n", "VNC"),
        (Tcp, FAR, b"l\0\x0b\0\0\0\0\0\0\0\0\0", "X11"),
        (Tcp, FAR, &[0, 1, 0, 0, 0, 6, 1, 3, 0, 0, 0, 1], "Modbus"),
        (Tcp, FAR, &[5, 0x64, 5, 0xc0, 1, 0, 0, 4, 0xe9, 0x21], "DNP3"),
        (Tcp, FAR, b"\x13BitTorrent protocol\0\0", "BitTorrent"),
        (Udp, FAR, b"d1:ad2:id20:abcdefghij", "BitTorrent DHT"),
    ] {
        assert_eq!(name(transport, port, bytes), Some(wanted));
    }
}

#[test]
fn a_prelude_makes_way() {
    assert_eq!(spoken(Tcp, [1, 2], b"PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\n").unwrap().form, Form::Prelude);
    assert_eq!(spoken(Tcp, [1, 2], &[5, 1, 0]).unwrap().form, Form::Prelude);
    assert_eq!(spoken(Tcp, [1, 2], b"\x04\x01\x00\x50\x01\x02\x03\x04me\0").unwrap().form, Form::Prelude);
}

#[test]
fn a_port_makes_no_protocol_of_text() {
    for (transport, port) in
        [(Udp, 53), (Tcp, 88), (Tcp, 5432), (Udp, 161), (Tcp, 179), (Tcp, 443), (Udp, 443)]
    {
        assert_eq!(name(transport, port, b"Knock knock. Who is there, please?"), None, "{port}");
    }
    assert_eq!(name(Tcp, FAR, b""), None);
}

#[test]
fn cut_bytes_are_no_trouble() {
    let seeds: [&[u8]; 6] = [
        b"\x30\x84\xff\xff\xff\xff\x02\x01\x01",
        &[0x80, 201, 0xff, 0xff],
        b"*99999999999\r\n$",
        &[0xff; 40],
        b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x3f",
        &[0x80; 300],
    ];
    for seed in seeds {
        for end in 0..=seed.len() {
            for (transport, port) in [(Tcp, 80), (Udp, 53), (Tcp, 389), (Udp, 4500), (Tcp, 1194)] {
                let _ = spoken(transport, [port, 1], &seed[..end]);
                let _ = packed(&seed[..end]);
            }
        }
    }
}

#[test]
fn packed_bytes_are_told_by_magic_or_by_unpacking() {
    use std::io::Write as _;
    let text: Vec<u8> =
        (0..400_u32).flat_map(|n| format!("line {} of {}\n", n * 7919 % 1000, n).into_bytes()).collect();
    let mut zlib = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
    zlib.write_all(&text).unwrap();
    let mut raw = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::default());
    raw.write_all(&text).unwrap();
    assert_eq!(packed(&zlib.finish().unwrap()), Some("zlib"));
    assert_eq!(packed(&raw.finish().unwrap()), Some("deflate"));
    assert_eq!(packed(b"\x1f\x8b\x08\0"), Some("gzip"));
    assert_eq!(packed(b"\x89PNG\r\n\x1a\n"), Some("png"));
    assert_eq!(packed(&text), None);
    // Random bytes do not unpack.
    let mut state = 1_u64;
    let mut random = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 32).to_le_bytes()[0]
    };
    for _ in 0..500 {
        let bytes: Vec<u8> = (0..512).map(|_| random()).collect();
        assert!(!matches!(packed(&bytes), Some("deflate" | "zlib")));
    }
}

#[test]
fn a_protocol_has_one_name_whoever_tells_it() {
    let tables = [encrypted::RULES, text::RULES, PRELUDES, binary::RULES];
    let rules = tables.into_iter().flatten().map(|Rule(name, _, _)| *name);
    let ports = (0..1024).flat_map(|port| [Tcp, Udp].map(|of| crate::proto::name_by_port(of, port)));
    let mut names: Vec<&str> = rules.chain(ports.flatten().map(|hint| hint.name)).collect();
    names.extend([Protocol::Telnet, Protocol::Ftp, Protocol::Pop, Protocol::Mdns].map(Protocol::name));
    for name in &names {
        let alike = names.iter().find(|other| other.eq_ignore_ascii_case(name) && *other != name);
        assert_eq!(alike, None, "{name}");
    }
    // A message of DHCP has one name whether or not as much of it is there as shows its cookie.
    let mut dhcp = vec![1, 1, 6, 0];
    dhcp.resize(236, 0);
    assert_eq!(spoken(Udp, [68, 67], &dhcp[..60]).map(|told| told.name), Some("DHCP"));
    dhcp.extend([0x63, 0x82, 0x53, 0x63]);
    assert_eq!(spoken(Udp, [68, 67], &dhcp).map(|told| told.name), Some("DHCP"));
}
