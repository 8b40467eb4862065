//! A savefile that something else is still writing.

use std::fs::OpenOptions;
use std::io::Write;

use wirelab::source::{Growth, Next, OwnedPacket, PacketSource, Savefile, SourceError};

use super::build::{Order, packed, read_bytes, small_pcap};

#[test]
fn a_growing_file_gives_ticks_and_then_what_was_written() {
    for file in [small_pcap(), Order::Big.every_block()] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("growing");
        let mut out = OpenOptions::new().create(true).append(true).open(&path).unwrap();
        let mut source = Savefile::open_as(&path, Growth::Growing).unwrap();
        let mut packets = Vec::new();
        for byte in &file {
            out.write_all(&[*byte]).unwrap();
            loop {
                match source.next_packet().unwrap() {
                    Next::Packet(packet) => packets.push(OwnedPacket::from(&packet)),
                    Next::Tick => break,
                    Next::End => panic!("a growing file has no end"),
                }
            }
        }
        assert_eq!(packets, read_bytes(&file).0);
    }
}

#[test]
fn a_packed_file_cannot_be_followed_and_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("growing.gz");
    std::fs::write(&path, &packed(&small_pcap())[0].1).unwrap();
    match Savefile::open_as(&path, Growth::Growing) {
        Err(SourceError::Unsupported { what, .. }) => assert!(what.contains("unpack it first"), "{what}"),
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("followed a packed file"),
    }
}
