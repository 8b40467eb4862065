//! Files that are no captures are named for what they are.

use std::path::Path;

use wirelab::source::{Foreign, Savefile, SourceError};

use super::build::{Order, packed, read_bytes, small_pcap};

fn found(bytes: &[u8]) -> Foreign {
    match Savefile::from_bytes(bytes.to_vec(), "test") {
        Err(SourceError::NotACapture { found, .. }) => found,
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("taken for a capture"),
    }
}

#[test]
fn what_is_no_capture_is_named() {
    let erf = [&[1, 2, 3, 4, 5, 6, 7, 8, 2, 4, 0, 80, 0, 0, 0, 60][..], &[0; 64]].concat();
    for (bytes, kind) in [
        (b"".as_slice(), Foreign::Empty),
        (b"\x01", Foreign::TooShort),
        (b"Dear diary,\r\n", Foreign::Text),
        (b"\n<!DOCTYPE HTML><title>Not found</title>", Foreign::Html),
        (b"12:00:00.1 IP 192.0.2.1.5 > 192.0.2.2.80: Flags [S]\n", Foreign::PacketListing),
        (b"0000  00 01 02 03\n", Foreign::PacketListing),
        (&erf, Foreign::Erf),
        (b"\x7fELF\x02\x01\x01\0", Foreign::OtherFile("a program (ELF)")),
        (b"PK\x03\x04\x14\0\0\0", Foreign::Packed("zip")),
        (b"\x90\x91\x92\x93\x94\x95\x00\x01", Foreign::Unknown),
    ] {
        assert_eq!(found(bytes), kind);
        assert!(kind.to_string().starts_with("it"), "{kind}");
    }
    assert_eq!(found(&packed(b"just text")[0].1), Foreign::Text);
    assert_eq!(found(&packed(b"")[1].1), Foreign::Empty);
    let mut deep = small_pcap();
    for _ in 0..5 {
        deep = packed(&deep)[0].1.clone();
    }
    assert_eq!(found(&deep), Foreign::TooManyLayers);
}

#[test]
fn a_transfer_in_text_mode_is_recognised() {
    let pcapng = Order::Little.every_block();
    let to_crlf = |file: &[u8]| -> Vec<u8> {
        file.iter().flat_map(|&byte| if byte == b'\n' { vec![b'\r', b'\n'] } else { vec![byte] }).collect()
    };
    let without =
        |file: &[u8], gone: u8| -> Vec<u8> { file.iter().copied().filter(|&byte| byte != gone).collect() };
    assert_eq!(found(&to_crlf(&pcapng)), Foreign::Mangled);
    assert_eq!(found(&without(&pcapng, b'\r')), Foreign::Mangled);
    let crlf_to_lf = [&b"\n\r\n"[..], &pcapng[4..]].concat();
    assert_eq!(found(&crlf_to_lf), Foreign::Mangled);
    assert_eq!(found(String::from_utf8_lossy(&small_pcap()).as_bytes()), Foreign::Mangled);
    let seven_bits: Vec<u8> = small_pcap().iter().map(|byte| byte & 0x7f).collect();
    assert_eq!(found(&seven_bits), Foreign::Mangled);

    // A pcap header has no line ends: the damage shows in the records.
    let order = Order::Little;
    let lines = b"one\ntwo\nthree\nfour\nfive\n".as_slice();
    let record = order.record(1, 1, lines, 24, &[]);
    let file = [order.pcap_header(0xa1b2_c3d4, 4), record.clone(), record].concat();
    assert!(read_bytes(&file).1.is_none());
    let error = read_bytes(&to_crlf(&file)).1.unwrap().to_string();
    assert!(error.contains("copy it again in binary mode"), "{error}");
    let error = read_bytes(&file[..file.len() - 1]).1.unwrap().to_string();
    assert!(!error.contains("copy it again"), "{error}");
}

#[test]
fn paths_that_cannot_be_read_say_so() {
    let folder = tempfile::tempdir().unwrap();
    let error = Savefile::open(folder.path()).err().unwrap().to_string();
    assert!(error.contains("it is a directory"), "{error}");
    let error = Savefile::open(&folder.path().join("none.pcap")).err().unwrap().to_string();
    assert!(error.contains("No such file") && error.contains("check the name"), "{error}");
    assert!(Savefile::open(Path::new("")).is_err());
}

#[test]
fn versions_that_are_not_read_are_refused_by_name() {
    let mut file = small_pcap();
    file[4] = 1;
    let error = Savefile::from_bytes(file, "old.pcap").err().unwrap().to_string();
    assert!(error.contains("old.pcap") && error.contains("pcap version 1.4"), "{error}");
}
