//! What is written is read back the same.

use std::path::Path;

use wirelab::source::{
    CapturedPacket, Interface, LinkType, MemorySource, Next, OwnedPacket, PacketSource, SaveFormat, Savefile,
    SavefileWriter, SourceError, same_file,
};
use wirelab::time::Timestamp;

use super::build::{read_all, read_bytes};

fn interface(name: &str, link: LinkType, snaplen: u32) -> Interface {
    Interface { name: Some(name.to_owned()), ..Interface::unnamed(link, snaplen) }
}

fn packet(interface: u32, link: LinkType, nanos: Option<i128>, data: &[u8], wire_len: u32) -> OwnedPacket {
    OwnedPacket { ts: nanos.map(Timestamp::from_nanos), wire_len, interface, link, data: data.to_vec() }
}

/// Writes all packets of `source`; the bytes, or the first error.
fn save(mut source: MemorySource, mut writer: SavefileWriter<Vec<u8>>) -> Result<Vec<u8>, SourceError> {
    let interfaces = source.interfaces().to_vec();
    while let Next::Packet(packet, _) = source.next_packet()? {
        writer.write(&packet, &interfaces[usize::try_from(packet.interface).unwrap()])?;
    }
    writer.finish(LinkType::ETHERNET)
}

#[test]
fn pcap_keeps_one_link_type_and_times_to_its_resolution() {
    let ethernet = LinkType::ETHERNET;
    let packets = vec![
        packet(0, ethernet, Some(1_500_000_001_234), b"abc", 3),
        packet(0, ethernet, Some(4_294_967_295_999_999_999), b"", 70),
    ];
    for (nanos, unit) in [(true, 1), (false, 1000)] {
        let source = MemorySource::new(vec![interface("lo", ethernet, 0)], packets.clone());
        let writer = SavefileWriter::new(Vec::new(), SaveFormat::Pcap).nanoseconds(nanos).snaplen(96);
        let file = save(source, writer).unwrap();
        let opened = Savefile::from_bytes(file, "test").unwrap();
        assert_eq!(opened.interfaces()[0].snaplen, 96);
        let (read, error) = read_all(opened);
        assert!(error.is_none(), "{error:?}");
        for (read, written) in read.iter().zip(&packets) {
            assert_eq!((&read.data, read.wire_len), (&written.data, written.wire_len));
            assert_eq!(read.ts.unwrap().as_nanos(), written.ts.unwrap().as_nanos() / unit * unit);
        }
    }
}

#[test]
fn what_pcap_cannot_hold_is_refused_with_the_way_out_and_the_file_stays_whole() {
    let (ethernet, raw) = (interface("eth0", LinkType::ETHERNET, 0), interface("tun0", LinkType::RAW, 0));
    let mut writer = SavefileWriter::new(Vec::new(), SaveFormat::Pcap);
    let at = |ts, link| CapturedPacket { number: 7, ts, wire_len: 1, interface: 0, link, data: b"x" };
    let second = Some(Timestamp::from_parts(1, 1));
    writer.write(&at(second, LinkType::ETHERNET), &ethernet).unwrap();
    for (refused, interface) in [
        (at(second, LinkType::RAW), &raw),
        (at(None, LinkType::ETHERNET), &ethernet),
        (at(Some(Timestamp::from_parts(-1, 0)), LinkType::ETHERNET), &ethernet),
        (at(Some(Timestamp::from_parts(1 << 32, 0)), LinkType::ETHERNET), &ethernet),
    ] {
        let error = writer.write(&refused, interface).unwrap_err().to_string();
        assert!(error.contains("write pcapng instead"), "{error}");
    }
    assert_eq!((writer.packets(), writer.rounded()), (1, 1));
    let (read, error) = read_bytes(&writer.finish(LinkType::ETHERNET).unwrap());
    assert!(error.is_none(), "{error:?}");
    assert_eq!(read.len(), 1);
}

#[test]
fn pcapng_keeps_interfaces_times_and_packets_without_a_time() {
    let (ethernet, raw) = (LinkType::ETHERNET, LinkType::RAW);
    let interfaces = vec![interface("eth0", ethernet, 0), interface("tun0", raw, 4)];
    let packets = vec![
        packet(1, raw, Some(7), b"one", 3),
        packet(0, ethernet, Some(1_700_000_000_123_456_789), b"two", 1500),
        packet(1, raw, None, b"four", 60),
        packet(1, raw, None, b"all", 3),
        packet(0, ethernet, None, b"cut", 9),
        packet(0, ethernet, Some(8), b"last", 4),
    ];
    let source = MemorySource::new(interfaces, packets.clone());
    let file = save(source, SavefileWriter::new(Vec::new(), SaveFormat::Pcapng)).unwrap();
    let mut opened = Savefile::from_bytes(file, "test").unwrap();
    let mut read = Vec::new();
    while let Next::Packet(packet, _) = opened.next_packet().unwrap() {
        read.push((packet.interface, OwnedPacket::from(&packet)));
    }
    for ((number, read), written) in read.iter().zip(&packets) {
        let expected = if written.interface == 0 { "eth0" } else { "tun0" };
        assert_eq!(opened.interfaces()[usize::try_from(*number).unwrap()].name.as_deref(), Some(expected));
        assert_eq!(OwnedPacket { interface: written.interface, ..read.clone() }, *written);
    }
    assert_eq!(read.len(), packets.len());
}

#[test]
fn an_empty_capture_is_a_file_with_a_header() {
    for format in [SaveFormat::Pcap, SaveFormat::Pcapng] {
        let file = SavefileWriter::new(Vec::new(), format).finish(LinkType::RAW).unwrap();
        let source = Savefile::from_bytes(file, "test").unwrap();
        let (packets, error) = read_all(source);
        assert!(packets.is_empty() && error.is_none(), "{error:?}");
    }
}

#[test]
fn names_choose_the_format_and_the_input_is_recognised() {
    for (name, format) in [
        ("a.pcap", SaveFormat::Pcap),
        ("a.PCAP", SaveFormat::Pcap),
        ("a.pcapng", SaveFormat::Pcapng),
        ("a", SaveFormat::Pcapng),
        ("-", SaveFormat::Pcapng),
    ] {
        assert_eq!(SaveFormat::of_name(Path::new(name)), format, "{name}");
    }
    let folder = tempfile::tempdir().unwrap();
    let (one, other) = (folder.path().join("one"), folder.path().join("other"));
    let writer = SavefileWriter::create(&one, SaveFormat::Pcap).unwrap();
    writer.finish(LinkType::ETHERNET).unwrap();
    std::fs::hard_link(&one, &other).unwrap();
    assert!(same_file(&one, &other));
    std::fs::remove_file(&other).unwrap();
    assert!(!same_file(&one, &other));
    std::fs::write(&other, b"").unwrap();
    assert!(!same_file(&one, &other));
    assert!(SavefileWriter::create(folder.path(), SaveFormat::Pcap).is_err());
}
