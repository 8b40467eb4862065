//! Bytes from the wire that would control a terminal, or lead the eye astray, in every mode that prints them.

use super::{Run, file, run};
use crate::cut::controls;
use crate::source::Order;

/// What a terminal obeys or hides: clear the screen, set the title, 8-bit CSI as UTF-8 and raw, right-to-left
/// override, zero-width, a tag character, NUL, backspace, bell, delete, carriage return.
const PAYLOADS: [&[u8]; 9] = [
    b"plain text, so that it is taken for text\n",
    b"\x1b[2J\x1b[H\x1b]0;title\x07 and text around it",
    "\u{9b}2J\u{9d}0;x\u{9c} and text around it".as_bytes(),
    b"\x9b2J raw \x85 and text around it",
    "\u{202e}txet\u{202c}\u{2066}x\u{2069} and text around it".as_bytes(),
    "zero\u{200b}width\u{feff}\u{e0041} and text".as_bytes(),
    b"GET /\x1b[31m HTTP/1.1\r\nHost: \x08\x08\x7f\r\n\r\n",
    b"nul \x00 byte",
    b"over\rwritten \x0b\x0c\x0e\x0f\n",
];

/// A capture of the payloads over UDP and TCP, with hostile names and comments of its own.
fn capture() -> Vec<u8> {
    let order = Order::Little;
    let end = [0; 4];
    let name =
        [order.option(2, b"lo\x1b[2J"), order.option(3, "\u{202e}x".as_bytes()), end.to_vec()].concat();
    let mut bytes = order.section(&[order.option(4, b"app\x1b[2J"), end.to_vec()].concat());
    bytes.extend(order.interface(101, 0, &name));
    let mut seq = 1_u32;
    for (payload, port) in PAYLOADS.iter().zip(12000_u16..) {
        for (protocol, header) in [(17, udp(payload.len(), port)), (6, tcp(seq))] {
            let packet = [ipv4(protocol, header.len() + payload.len()), header, payload.to_vec()].concat();
            let wire = u32::try_from(packet.len()).unwrap();
            let comment = [order.option(1, b"note\x1b[2J"), end.to_vec()].concat();
            bytes.extend(order.enhanced(0, u64::from(seq), &packet, wire, &comment));
        }
        seq += u32::try_from(payload.len()).unwrap();
    }
    bytes
}

fn ipv4(protocol: u8, len: usize) -> Vec<u8> {
    let total = u16::try_from(20 + len).unwrap().to_be_bytes();
    vec![0x45, 0, total[0], total[1], 0, 7, 0, 0, 64, protocol, 0, 0, 127, 0, 0, 1, 127, 0, 0, 1]
}

fn udp(len: usize, port: u16) -> Vec<u8> {
    let len = u16::try_from(8 + len).unwrap();
    [50_000_u16, port, len, 0].iter().flat_map(|word| word.to_be_bytes()).collect()
}

fn tcp(seq: u32) -> Vec<u8> {
    let ports = [50_000_u16, 12_000].iter().flat_map(|word| word.to_be_bytes());
    ports.chain(seq.to_be_bytes()).chain([0, 0, 0, 1, 0x50, 0x18, 1, 0, 0, 0, 0, 0]).collect()
}

#[test]
fn nothing_from_the_wire_controls_a_terminal() {
    let (_folder, path) = file("hostile.pcapng", &capture());
    let path = path.to_str().unwrap();
    let packets = PAYLOADS.len() * 2;
    let modes: [&[&str]; 23] = [
        &["read", path],
        &["read", path, "--json"],
        &["explain", path],
        &["explain", path, "--full"],
        &["explain", path, "--json"],
        &["flows", path],
        &["flows", path, "--long"],
        &["stats", path],
        &["stats", path, "--json", "--interval", "0.000000001"],
        &["flows", path, "--json"],
        &["replay", path, "--speed", "0"],
        &["replay", path, "--speed", "0", "--view", "explain"],
        &["replay", path, "--speed", "0", "--view", "flows"],
        &["read", path, "-T", "fields", "-e", "frame.number", "-e", "ip.src", "-E", "separator=|"],
        &["read", path, "--port", "12003"],
        &["read", path, "-t", "ad"],
        &["read", path, "-V"],
        &["read", path, "-x"],
        &["read", path, "-T", "json"],
        &["read", path, "-T", "ek"],
        &["read", path, "--json", "-V"],
        &["read", path, "-qz", "conv,udp"],
        &["read", path, "-c", "5"],
    ];
    for args in modes {
        let run = run(args);
        assert_eq!(run.code, Some(0), "{args:?}: {}", run.err);
        assert!(!run.out.is_empty());
        check(args, &run);
    }
    assert_eq!(run(&["read", path]).out.lines().count(), packets, "a line a packet, whatever it holds");
}

#[test]
fn a_hostile_capture_that_is_cut_is_told_of_safely() {
    let mut bytes = capture();
    bytes.truncate(bytes.len() - 5);
    let (_folder, path) = file("hostile.pcapng", &bytes);
    for verb in ["read", "explain", "flows"] {
        let run = run(&[verb, path.to_str().unwrap()]);
        assert_eq!(run.code, Some(2));
        check(&[verb], &run);
    }
}

#[test]
fn styles_are_the_only_sequences_with_colour() {
    let (_folder, path) = file("hostile.pcapng", &capture());
    for verb in ["read", "explain", "flows", "replay"] {
        let run = run(&[verb, path.to_str().unwrap(), "--color", "always"]);
        let mut rest = run.out.as_str();
        while let Some((before, after)) = rest.split_once('\x1b') {
            assert_eq!(before.find(controls), None, "{verb}: {before:?}");
            let (style, after) = after.split_once('m').unwrap();
            assert!(
                style.strip_prefix('[').is_some_and(|s| s.bytes().all(|b| b.is_ascii_digit() || b == b';')),
                "{verb}: {style:?}"
            );
            rest = after;
        }
        assert_eq!(rest.find(controls), None, "{verb}: {rest:?}");
    }
}

fn check(args: &[&str], run: &Run) {
    for (stream, text) in [("stdout", &run.out), ("stderr", &run.err)] {
        if let Some(at) = text.find(controls) {
            let line = text[..at].lines().count();
            panic!("{args:?}: {stream} has {:?} in line {line}", text[at..].chars().next());
        }
    }
}
