use unicode_width::UnicodeWidthStr;

use super::*;
use crate::decode::Decoder;
use crate::flow::{FlowTable, PacketStamp};
use crate::report::audit::Audit;
use crate::source::{CapturedPacket, LinkType};

const REQUEST: &[u8] =
    b"GET /a HTTP/1.1\r\nHost: example.org\r\nAuthorization: Basic YWxpY2U6d29uZGVybGFuZA==\r\nCookie: s\x1b=42x\r\n\r\n";

fn frames() -> Vec<Vec<u8>> {
    let frame = |ports: (u16, u16), back: bool, payload: &[u8]| {
        let (src, dst) = if back { ([10, 0, 0, 2], [10, 0, 0, 1]) } else { ([10, 0, 0, 1], [10, 0, 0, 2]) };
        let mut bytes = Vec::new();
        let step = etherparse::PacketBuilder::ethernet2([2; 6], [4; 6]).ipv4(src, dst, 64);
        step.tcp(ports.0, ports.1, 1, 512).ack(1).write(&mut bytes, payload).unwrap();
        bytes
    };
    vec![
        frame((40000, 80), false, REQUEST),
        frame((80, 40000), true, b"HTTP/1.1 200 OK\r\nContent-Encoding: br\r\n\r\n"),
        frame((40001, 4444), false, &[0, 0, 0, 1, 0, 0, 0, 9]),
        frame((40002, 4445), false, b""),
    ]
}

fn shown(width: Option<usize>, long: bool, show_secrets: bool) -> String {
    let (mut table, mut decoder, mut audit) = (FlowTable::new(), Decoder::new(), Audit::default());
    for (number, frame) in (1_u64..).zip(&frames()) {
        let wire_len = u32::try_from(frame.len()).unwrap();
        let packet = CapturedPacket {
            number,
            ts: None,
            wire_len,
            interface: 0,
            link: LinkType::ETHERNET,
            data: frame,
        };
        let decoded = decoder.decode(LinkType::ETHERNET, frame, wire_len);
        audit.observe(PacketStamp { number, ts: None }, &decoded, table.observe(&packet, &decoded));
    }
    table.finish();
    audit.finish();
    let flows = table.flows().iter().enumerate();
    let rows: Vec<AuditRow<'_>> =
        flows.map(|(place, flow)| AuditRow { flow, audit: audit.take_flow(place, flow, None) }).collect();
    let mut out = Vec::new();
    let output = TableOutput { width, colors: Colors::OFF };
    write_audit(&mut out, AuditOptions { output, long, show_secrets }, &rows).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn fits_80_columns() {
    for (long, show_secrets) in [(false, false), (false, true), (true, false)] {
        let text = shown(Some(80), long, show_secrets);
        assert!(text.lines().all(|line| line.width() <= 80), "{text}");
        assert!(text.chars().all(|c| c == '\n' || !c.is_control()), "{text:?}");
    }
    insta::assert_snapshot!(shown(Some(80), false, false), @r#"
    flow   packets  resp           verdict          protocol      text  seen
    tcp:0      1-2  10.0.0.2:80    plaintext        HTTP      99/100 %  "GET /a HTT…
    tcp:1        3  10.0.0.2:4444  binary           unknown     13/- %  only 8 byte…
    tcp:2        4  10.0.0.2:4445  too-little-data  unknown          -  no payload

    secrets in clear
    tcp:0    packet 1  HTTP Basic of user alice, password: ********
    tcp:0    packet 1  cookie s\x1b: ********
"#);
}

#[test]
fn shows_each_side_at_length() {
    insta::assert_snapshot!(shown(Some(80), true, true), @r#"
    tcp:0  plaintext  10.0.0.1:40000 → 10.0.0.2:80, packets 1-2: HTTP
      → plaintext, 101 B of payload in packet 1, 99 % text
        not random: chi-square 667 of 101 bytes, entropy 5.31 bits a byte
        "GET /a HTTP/1.1 Host: example.org"
      ← plaintext, 41 B of payload in packet 2, 100 % text, carries a br body
        not random: chi-square 465 of 41 bytes, entropy 4.57 bits a byte
        "HTTP/1.1 200 OK Content-Encoding: br"
    tcp:1  binary  10.0.0.1:40001 → 10.0.0.2:4444, packet 3: unknown
      → binary, 8 B of payload in packet 3, 13 % text
        not random: chi-square 1208 of 8 bytes, entropy 1.06 bits a byte
      · judged by 8 bytes only: so few can look like this by chance
    tcp:2  too-little-data  10.0.0.1:40002 → 10.0.0.2:4445, packet 4: unknown

    secrets in clear
    tcp:0    packet 1  HTTP Basic of user alice, password: wonderland
    tcp:0    packet 1  cookie s\x1b: 42x
"#);
}

#[test]
fn only_all_is_all() {
    let shown = [0.0, 0.001, 0.5, 0.999, 1.0].map(|share| percent(share).to_string());
    assert_eq!(shown, ["0", "1", "50", "99", "100"]);
}

fn files(width: Option<usize>, names: &[&str]) -> String {
    let files =
        names.iter().map(|name| FileSummary { name: name.as_bytes().to_vec(), ..FileSummary::default() });
    let mut out = Vec::new();
    let left_out =
        write_files(&mut out, TableOutput { width, colors: Colors::OFF }, &files.collect::<Vec<_>>());
    assert!(left_out.unwrap().is_empty());
    String::from_utf8(out).unwrap()
}

#[test]
fn names_of_files_stay_apart_on_80_columns() {
    let long = ["captures/lab/a-very-long-name-of-a-capture-1.pcapng", "captures/lab/b/short.pcap"];
    let text = files(Some(80), &long);
    assert!(text.lines().all(|line| line.width() <= 80), "{text}");
    insta::assert_snapshot!(text, @r#"
    file                       plaintext  encrypted  packed  binary  little  secrets
    …/a-very-lon…ure-1.pcapng          0          0       0       0       0        0
    …/b/short.pcap                     0          0       0       0       0        0
"#);
    // Into a pipe they are whole.
    assert!(long.iter().all(|name| files(None, &long).contains(name)));
    // Where all fit, nothing is left out, and without a folder in common no folder is.
    assert!(files(Some(80), &["x/a.pcap", "x/b.pcap"]).contains("\nx/a.pcap "));
    let none = files(Some(80), &["a-very-long-name-of-a-capture-1.pcapng", "a-very-long-other"]);
    assert!(none.contains("\na-very-long-other ") && !none.contains("…/"), "{none}");
}

#[test]
fn a_head_that_does_not_fit_goes_on_below() {
    let text = shown(Some(40), true, false);
    assert!(text.lines().all(|line| line.width() <= 40), "{text}");
    assert!(
        text.starts_with("tcp:0  plaintext  10.0.0.1:40000\n       → 10.0.0.2:80, packets 1-2: HTTP\n"),
        "{text}"
    );
}
