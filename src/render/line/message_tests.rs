//! Messages of application protocols on a packet's line.

use etherparse::PacketBuilder;
use unicode_width::UnicodeWidthStr;

use super::*;
use crate::decode::Decoder;
use crate::flow::FlowTable;
use crate::proto::{AnalyzerOptions, Analyzers};
use crate::source::LinkType;
use crate::time::Timestamp;

/// A connection, packet by packet 12 ms apart, as lines of at most so many columns.
struct Wire {
    table: FlowTable,
    analyzers: Analyzers,
    lines: PacketLines,
    number: u64,
    /// The next sequence numbers of client and server.
    next: [u32; 2],
}

impl Wire {
    fn new(width: Option<usize>) -> Self {
        Self {
            table: FlowTable::default(),
            analyzers: Analyzers::new(AnalyzerOptions { bodies: true }),
            lines: PacketLines::new(width, Colors::OFF),
            number: 0,
            next: [1000, 2000],
        }
    }

    /// What the line of a segment says behind its numbers.
    fn segment(&mut self, from_client: bool, port: u16, payload: &[u8]) -> String {
        let [mine, theirs] = if from_client { [0, 1] } else { [1, 0] };
        let (src, dst, ports) = if from_client { (1, 2, [40000, port]) } else { (2, 1, [port, 40000]) };
        let mut data = Vec::new();
        PacketBuilder::ipv4([192, 0, 2, src], [192, 0, 2, dst], 64)
            .tcp(ports[0], ports[1], self.next[mine], 1024)
            .ack(self.next[theirs])
            .psh()
            .write(&mut data, payload)
            .unwrap();
        self.next[mine] += u32::try_from(payload.len()).unwrap();
        let line = self.line(&data);
        line.split_once(" ack 1 ").map_or(line.clone(), |(_, told)| told.to_owned())
    }

    /// The same behind the numbers of acknowledgments, whatever they are.
    fn words(&mut self, from_client: bool, port: u16, payload: &[u8]) -> String {
        let line = self.segment(from_client, port, payload);
        let (_, told) = line.split_once(" ack ").unwrap_or(("", &line));
        told.trim_start_matches(|c: char| c.is_ascii_digit()).trim_start().to_owned()
    }

    fn line(&mut self, data: &[u8]) -> String {
        self.number += 1;
        let nanos = u32::try_from(self.number * 12_000_000).unwrap();
        let ts = Some(Timestamp::from_parts(1, nanos));
        let wire_len = u32::try_from(data.len()).unwrap();
        let packet =
            CapturedPacket { number: self.number, ts, wire_len, interface: 0, link: LinkType::RAW, data };
        let mut decoder = Decoder::new();
        let decoded = decoder.decode(packet.link, data, wire_len);
        let verdicts = self.table.observe(&packet, &decoded);
        let messages = self.analyzers.observe(&packet, &decoded, verdicts);
        let decoded = decoded.with_joined(messages.joined());
        let context = LineContext { relative: None, verdicts, messages: Some(messages) };
        let mut out = Vec::new();
        self.lines.write(&mut out, &packet, &decoded, &context).unwrap();
        String::from_utf8(out).unwrap().trim_end().to_owned()
    }
}

const GET: &[u8] = b"GET /index.html HTTP/1.1\r\nHost: x\r\n\r\n";

#[test]
fn http_is_told_with_what_was_asked() {
    let mut wire = Wire::new(None);
    assert_eq!(wire.segment(true, 80, GET), "HTTP GET /index.html HTTP/1.1 (Host: x)");
    let page = [
        b"HTTP/1.1 200 OK\r\nContent-Type: text/html; a=b\r\nContent-Length: 1200\r\n\r\n",
        &[b'a'; 1200][..],
    ];
    let told = wire.segment(false, 80, &page.concat());
    assert!(told.ends_with("HTTP 200 OK text/html 1.2 kB, answers #1 after 12 ms"), "{told}");
}

#[test]
fn http_in_parts_and_chunks() {
    let mut wire = Wire::new(None);
    wire.segment(true, 80, GET);
    let head = b"HTTP/1.1 404 Not Found\r\nContent-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n";
    let first = wire.segment(false, 80, head);
    assert!(first.contains("│ HTTP/1.1 404"), "{first}");
    let last = wire.segment(false, 80, b"12345\r\n0\r\n\r\n");
    assert!(last.ends_with("HTTP 404 Not Found gzip 5 B, answers #1 after 24 ms, begun in #2"), "{last}");
}

#[test]
fn text_of_the_wire_controls_nothing_and_fits() {
    let mut wire = Wire::new(Some(80));
    let hostile =
        [b"GET /\x1b[2J\xe2\x80\xaeabc".as_slice(), &[b'x'; 300], b" HTTP/1.1\r\nHost: \x07\r\n\r\n"]
            .concat();
    let mut frame = Vec::new();
    let step = PacketBuilder::ipv4([192, 0, 2, 1], [192, 0, 2, 2], 64).tcp(40000, 80, 1, 1024);
    step.write(&mut frame, &hostile).unwrap();
    let line = wire.line(&frame);
    assert!(line.width() <= 80 && !line.chars().any(char::is_control), "{line:?}");
    assert!(!line.contains('\u{202e}'), "{line:?}");
}

fn record(kind: u8, body: &[u8]) -> Vec<u8> {
    let len = u16::try_from(body.len()).unwrap().to_be_bytes();
    [&[kind, 3, 3], &len[..], body].concat()
}

fn handshake(kind: u8, body: &[u8]) -> Vec<u8> {
    let [_, len @ ..] = u32::try_from(body.len()).unwrap().to_be_bytes();
    record(22, &[&[kind], &len[..], body].concat())
}

/// A client hello for TLS 1.3 with a server name and ALPN.
fn client_hello(name: &[u8]) -> Vec<u8> {
    let mut body = [&[3, 3][..], &[7; 32], &[0, 0, 4, 0x13, 0x01, 0xc0, 0x2f, 1, 0]].concat();
    let len = u8::try_from(name.len()).unwrap();
    let mut extensions = vec![0, 0, 0, len + 5, 0, len + 3, 0, 0, len];
    extensions.extend(name);
    extensions.extend([0, 16, 0, 5, 0, 3, 2, b'h', b'2', 0, 43, 0, 5, 4, 3, 4, 3, 3]);
    body.extend(u16::try_from(extensions.len()).unwrap().to_be_bytes());
    body.extend(extensions);
    handshake(1, &body)
}

#[test]
fn tls_is_told_with_versions_names_and_alerts() {
    let mut wire = Wire::new(None);
    let hello = wire.segment(true, 443, &client_hello(b"example.com"));
    assert_eq!(hello, "TLS 1.3 client hello, server name example.com, ALPN h2");
    let chosen = [&[3, 3][..], &[9; 32], &[0, 0x13, 0x01, 0, 0, 6, 0, 43, 0, 2, 3, 4]].concat();
    let data = [handshake(2, &chosen), record(20, &[1]), record(23, &[5; 60]), record(23, &[6; 40])].concat();
    let told = wire.segment(false, 443, &data);
    let hello = "TLS 1.3 server hello, TLS_AES_128_GCM_SHA256; change cipher spec; application data 100 B in 2 records";
    assert!(told.ends_with(hello), "{told}");
}

#[test]
fn tls_alerts_are_words() {
    let mut wire = Wire::new(None);
    wire.segment(true, 443, &client_hello(b"a\x1b\xffb"));
    let told = wire.segment(false, 443, &record(21, &[2, 48]));
    assert!(told.ends_with("TLS 1.2 alert: fatal, unknown CA"), "{told}");
    let mut narrow = Wire::new(Some(80));
    let line = narrow.segment(true, 443, &client_hello(b"a\x1b\xffb"));
    assert!(!line.chars().any(char::is_control) && line.width() <= 80, "{line:?}");
}

#[test]
fn lines_of_mail_and_files_are_told() {
    let mut wire = Wire::new(None);
    assert_eq!(wire.words(false, 25, b"220 mail.example ESMTP\r\n"), "SMTP 220 mail.example ESMTP");
    assert_eq!(
        wire.words(true, 25, b"MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n"),
        "SMTP MAIL FROM:<a@b> / RCPT TO:<c@d> / DATA"
    );
    assert_eq!(
        wire.words(false, 25, b"250-a\r\n250-b\r\n250-c\r\n250-d\r\n250-e\r\n250 f\r\n"),
        "SMTP 250-a / 250-b / 250-c / 250-d and 2 lines"
    );
    assert_eq!(wire.words(true, 25, b"From: a@b\r\n\r\nhi\r\n"), "SMTP part of a mail, 17 B");
    assert_eq!(wire.words(true, 25, b".\r\n"), "SMTP mail ends: 17 B");
    let mut wire = Wire::new(None);
    assert_eq!(wire.words(false, 110, b"+OK POP3\r\n"), "POP3 +OK POP3");
    assert_eq!(wire.words(true, 110, b"RETR 1\r\n"), "POP3 RETR 1");
    assert_eq!(wire.words(false, 110, b"+OK\r\n"), "POP3 +OK");
    assert_eq!(wire.words(false, 110, b"From: a@b\r\n\r\nhi\r\n.\r\n"), "POP3 mail ends: 20 B");
    let mut wire = Wire::new(None);
    assert_eq!(wire.words(false, 21, b"220 FTP\r\n"), "FTP 220 FTP");
    assert_eq!(wire.words(true, 21, b"STOR \x1b[2Jx\r\n"), "FTP STOR \\x1b[2Jx");
}

#[test]
fn telnet_and_ssh_are_told() {
    let mut wire = Wire::new(None);
    assert_eq!(
        wire.words(true, 23, b"\xff\xfd\x01\xff\xfb\x18\xff\xfa\x1f\0\x50\0\x18\xff\xf0"),
        "TELNET DO echo, WILL terminal type, window size 4 B"
    );
    assert_eq!(wire.words(true, 23, b"ls\r\n"), "TELNET ls\\r\\n");
    assert_eq!(
        wire.words(true, 23, &b"\xff\xf9".repeat(6)),
        "TELNET go ahead, go ahead, go ahead, go ahead and 2 more"
    );
    let mut wire = Wire::new(None);
    assert_eq!(wire.words(false, 22, b"SSH-2.0-x\r\n"), "SSH SSH-2.0-x");
    assert_eq!(wire.words(false, 22, b"\0\0\0\x04\x02\x14\0\0"), "SSH key exchange init");
}

#[test]
fn dhcp_messages_are_told_as_wireshark_tells_them() {
    let told = |kind: &[u8]| {
        let mut message = vec![1, 1, 6, 0, 0, 0, 0x3d, 0x1d];
        message.resize(28, 0);
        message.extend([2, 0, 0, 0, 0, 1]);
        message.resize(236, 0);
        message.extend([0x63, 0x82, 0x53, 0x63]);
        message.extend(kind);
        let mut data = Vec::new();
        PacketBuilder::ipv4([0; 4], [255; 4], 64).udp(68, 67).write(&mut data, &message).unwrap();
        let line = Wire::new(None).line(&data);
        line.split_once("DHCP ").or_else(|| line.split_once("Boot ")).map(|(_, told)| told.to_owned())
    };
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(told(&[53, 1, 2, 255]), some("Offer    - Transaction ID 0x3d1d"));
    assert_eq!(told(&[53, 1, 99, 255]), some("Unknown Message Type (0x63) - Transaction ID 0x3d1d"));
    assert_eq!(told(&[255]), some("Request from 02:00:00:00:00:01 (02:00:00:00:00:01)"));
    assert_eq!(
        told(&[53, 1, 1, 12, 9]),
        some("Discover - Transaction ID 0x3d1d, option 12 claims 9 bytes, 0 are there")
    );
}
