//! Filters agree with tcpdump: over packets of many link types, whole and snapped, and, where the variable
//! `WIRELAB_CAPTURES` names a folder, over every pcap file in it.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use wirelab::source::{BpfSet, LinkType};

use crate::skip::skip;

const EXPRESSIONS: &[&str] = &[
    "ip",
    "ip6",
    "arp",
    "tcp",
    "udp",
    "icmp",
    "icmp6",
    "not ip and not ip6",
    "port 80",
    "src port 80",
    "dst port 53",
    "udp port 53 or tcp port 80",
    "portrange 20-100",
    "host 192.0.2.1",
    "src host 192.0.2.1 and not tcp",
    "net 192.0.2.0/24",
    "dst net 10.0.0.0/8",
    "ip6 host 2001:db8::1",
    "ip6 net 2001:db8::/32",
    "tcp[tcpflags] & (tcp-syn|tcp-ack) == tcp-syn",
    "tcp[13] & 4 != 0",
    "ip[6:2] & 0x1fff != 0",
    "ip[0] & 0xf != 5",
    "ip[8] < 64",
    "udp[4:2] - 8 > 20",
    "ip[2:2] / 4 = 10 or ip[2:2] % 7 = 3",
    "ip[2:2] << 1 > 160 and -ip[8] != 3",
    "greater 100",
    "less 60",
    "len = 54 or len >= 200",
    "ip proto 47 or ip proto 6",
    "ip6 protochain 17",
    "ip protochain 6",
    "vlan",
    "vlan 5 and udp",
    "mpls",
    "pppoes and ip",
    "ether host 02:00:00:00:00:01",
    "ether broadcast",
    "ip multicast or ip6 multicast",
    "icmp[icmptype] == icmp-unreach",
];

/// One file's worth of packets.
struct Packets {
    link: LinkType,
    /// Captured bytes and length on the wire.
    packets: Vec<(Vec<u8>, u32)>,
}

/// IPv4 with a header of `words` 32-bit words.
fn ipv4(words: u8, protocol: u8, fragment: u16, src: [u8; 4], dst: [u8; 4], payload: &[u8]) -> Vec<u8> {
    let len = u16::try_from(usize::from(words) * 4 + payload.len()).unwrap().to_be_bytes();
    let [high, low] = fragment.to_be_bytes();
    let mut packet = vec![0x40 | words, 0, len[0], len[1], 0, 7, high, low, 60 + words, protocol, 0, 0];
    packet.extend(src.iter().chain(&dst));
    packet.resize(usize::from(words) * 4, 1);
    packet.extend(payload);
    packet
}

fn ipv6(next: u8, dst_first: u8, payload: &[u8]) -> Vec<u8> {
    let len = u16::try_from(payload.len()).unwrap().to_be_bytes();
    let mut packet = vec![0x60, 0, 0, 0, len[0], len[1], next, 64];
    packet.extend([0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
    packet.extend([dst_first, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2]);
    packet.extend(payload);
    packet
}

fn ports(src: u16, dst: u16, rest: &[u8]) -> Vec<u8> {
    [&src.to_be_bytes()[..], &dst.to_be_bytes()[..], rest].concat()
}

fn tcp(src: u16, dst: u16, flags: u8, payload: usize) -> Vec<u8> {
    let mut segment = ports(src, dst, &[0, 0, 0, 1, 0, 0, 0, 2, 0x50, flags, 1, 0, 0, 0, 0, 0]);
    segment.resize(20 + payload, b'x');
    segment
}

fn udp(src: u16, dst: u16, payload: usize) -> Vec<u8> {
    let len = u16::try_from(8 + payload).unwrap().to_be_bytes();
    let mut datagram = ports(src, dst, &[len[0], len[1], 0, 0]);
    datagram.resize(8 + payload, b'y');
    datagram
}

/// IP packets of every kind that the expressions tell apart.
fn ip_packets() -> Vec<Vec<u8>> {
    let (a, b, c) = ([192, 0, 2, 1], [10, 1, 2, 3], [224, 0, 0, 251]);
    let with_options = [&[6, 0, 1, 4, 0, 0, 0, 0][..], &tcp(80, 4000, 0x18, 5)].concat();
    vec![
        ipv4(5, 6, 0x4000, a, b, &tcp(4000, 80, 2, 0)),
        ipv4(5, 6, 0x4000, b, a, &tcp(80, 4000, 0x12, 0)),
        ipv4(7, 6, 0, a, b, &tcp(4000, 80, 4, 0)),
        ipv4(5, 6, 0, a, b, &tcp(4000, 22, 0x18, 150)),
        ipv4(5, 17, 0, a, b, &udp(5353, 53, 30)),
        ipv4(5, 17, 0x2000, a, c, &udp(5353, 53, 8)),
        ipv4(5, 17, 0x0001, a, c, &udp(80, 80, 8)),
        ipv4(15, 17, 0, b, a, &udp(53, 20, 1)),
        ipv4(5, 1, 0, b, a, &[3, 3, 0, 0, 0, 0, 0, 0]),
        ipv4(5, 47, 0, b, a, &[0, 0, 8, 0, 0x45, 0, 0, 20]),
        ipv4(5, 51, 0, b, a, &[6, 4, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
        ipv6(6, 0x20, &tcp(4000, 80, 2, 0)),
        ipv6(17, 0xff, &udp(53, 5000, 40)),
        ipv6(0, 0x20, &[&[17, 0, 1, 4, 0, 0, 0, 0][..], &udp(53, 80, 0)].concat()),
        ipv6(60, 0xff, &with_options),
        ipv6(58, 0xff, &[135, 0, 0, 0, 0, 0, 0, 0]),
    ]
}

/// The two families' numbers in front of each packet, by its version.
fn prefixed(link: LinkType, v4: &[u8], v6: &[u8]) -> Packets {
    let packets = ip_packets().into_iter().map(|ip| {
        let family = if ip[0] >> 4 == 4 { v4 } else { v6 };
        [family, &ip].concat()
    });
    Packets { link, packets: packets.flat_map(snapped).collect() }
}

/// A packet whole, and cut where headers are.
fn snapped(packet: Vec<u8>) -> Vec<(Vec<u8>, u32)> {
    let wire_len = u32::try_from(packet.len()).unwrap();
    let cuts = [0, 1, 14, 20, 33, 34, 37, 40, 48, 54, 60, packet.len()];
    let kept = cuts.into_iter().filter(|cut| *cut <= packet.len());
    kept.map(|cut| (packet[..cut].to_vec(), wire_len)).collect()
}

fn ethernet() -> Packets {
    let macs = |last: u8| [2, 0, 0, 0, 0, last, 2, 0, 0, 0, 0, 9];
    let mut frames = Vec::new();
    for ip in ip_packets() {
        let (kind, ppp) = if ip[0] >> 4 == 4 { ([8, 0], [0, 0x21]) } else { ([0x86, 0xdd], [0, 0x57]) };
        frames.push([&macs(1)[..], &kind, &ip].concat());
        frames.push([&macs(2)[..], &[0x81, 0, 0, 5], &kind, &ip].concat());
        frames.push([&macs(2)[..], &[0x88, 0xa8, 0, 6, 0x81, 0, 0, 5], &kind, &ip].concat());
        frames.push([&macs(3)[..], &[0x88, 0x47, 0, 1, 1, 64], &ip].concat());
        frames.push([&macs(3)[..], &[0x88, 0x64, 0x11, 0, 0, 1, 0, 99], &ppp, &ip].concat());
    }
    frames.push([&[0xff; 6][..], &[2, 0, 0, 0, 0, 1, 8, 6], &[0; 28]].concat());
    frames.push([&macs(1)[..], &[0, 50, 0x42, 0x42, 3], &[0; 47]].concat());
    Packets { link: LinkType::ETHERNET, packets: frames.into_iter().flat_map(snapped).collect() }
}

fn made() -> Vec<Packets> {
    let sll = |kind: [u8; 2]| [&[0, 0, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0][..], &kind].concat();
    let sll2 = |kind: [u8; 2]| [&kind[..], &[0, 0, 0, 0, 0, 1, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0]].concat();
    vec![
        ethernet(),
        prefixed(LinkType::RAW, &[], &[]),
        prefixed(LinkType::IPV4, &[], &[]),
        prefixed(LinkType::IPV6, &[], &[]),
        prefixed(LinkType::NULL, &2_u32.to_ne_bytes(), &30_u32.to_ne_bytes()),
        prefixed(LinkType::NULL, &2_u32.to_ne_bytes(), &24_u32.to_ne_bytes()),
        prefixed(LinkType::LOOP, &2_u32.to_be_bytes(), &30_u32.to_be_bytes()),
        prefixed(LinkType::LINUX_SLL, &sll([8, 0]), &sll([0x86, 0xdd])),
        prefixed(LinkType::LINUX_SLL2, &sll2([8, 0]), &sll2([0x86, 0xdd])),
        prefixed(LinkType::PPP, &[0xff, 3, 0, 0x21], &[0xff, 3, 0, 0x57]),
        prefixed(LinkType::PPP_HDLC, &[0xff, 3, 0, 0x21], &[0xff, 3, 0, 0x57]),
        prefixed(LinkType::C_HDLC, &[0x0f, 0, 8, 0], &[0x0f, 0, 0x86, 0xdd]),
    ]
}

/// A pcap file of little-endian microseconds.
fn savefile(of: &Packets) -> Vec<u8> {
    let mut bytes = vec![0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0];
    bytes.extend(u32::from(of.link.0).to_le_bytes());
    for (data, wire_len) in &of.packets {
        bytes.extend([0; 8]);
        bytes.extend(u32::try_from(data.len()).unwrap().to_le_bytes());
        bytes.extend(wire_len.to_le_bytes());
        bytes.extend(data);
    }
    bytes
}

/// The packets of a pcap file that is neither damaged nor of another format; else `None`.
fn read_pcap(bytes: &[u8]) -> Option<Packets> {
    let big = match bytes.get(..4)? {
        [0xa1, 0xb2, 0xc3, 0xd4] | [0xa1, 0xb2, 0x3c, 0x4d] => true,
        [0xd4, 0xc3, 0xb2, 0xa1] | [0x4d, 0x3c, 0xb2, 0xa1] => false,
        _ => return None,
    };
    let word = |at: usize| {
        let word = bytes.get(at..at + 4)?.try_into().ok()?;
        Some(if big { u32::from_be_bytes(word) } else { u32::from_le_bytes(word) })
    };
    let link = LinkType(u16::try_from(word(20)?).ok()?);
    let (mut at, mut packets) = (24, Vec::new());
    while at < bytes.len() {
        let (kept, wire_len) = (usize::try_from(word(at + 8)?).ok()?, word(at + 12)?);
        packets.push((bytes.get(at + 16..at + 16 + kept)?.to_vec(), wire_len));
        at += 16 + kept;
    }
    Some(Packets { link, packets })
}

/// How many packets of `file` pass by tcpdump; `None` where it refuses the expression.
fn by_tcpdump(file: &Path, expression: &str) -> Option<usize> {
    let output = Command::new("tcpdump")
        .args(["-n", "-w", "-", "-r"])
        .args([file.as_os_str(), expression.as_ref()])
        .stderr(Stdio::null())
        .output()
        .unwrap();
    output.status.success().then(|| read_pcap(&output.stdout).unwrap().packets.len())
}

/// How many pass by us.
fn by_us(packets: &Packets, expression: &str) -> Option<usize> {
    let mut set = BpfSet::new(expression).unwrap();
    let mut count = 0;
    for (data, wire_len) in &packets.packets {
        count += usize::from(set.matches_bytes(packets.link, data, *wire_len).ok()?);
    }
    Some(count)
}

/// Adds a line to `differences` for each expression on which we and tcpdump differ; how many packets passed.
fn compare(packets: &Packets, file: &Path, differences: &mut Vec<String>) -> usize {
    let mut passed = 0;
    for expression in EXPRESSIONS {
        let (theirs, ours) = (by_tcpdump(file, expression), by_us(packets, expression));
        if ours != theirs {
            let (link, file) = (packets.link, file.display());
            differences.push(format!("{expression} on {link} ({file}): {ours:?}, tcpdump {theirs:?}"));
        }
        passed += ours.unwrap_or(0);
    }
    passed
}

fn tcpdump_is_here() -> bool {
    let here = Command::new("tcpdump").arg("--version").output().is_ok();
    if !here {
        skip("BPF filters against tcpdump", "tcpdump is missing");
    }
    here
}

#[test]
fn verdicts_agree_with_tcpdump() {
    if !tcpdump_is_here() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let mut differences = Vec::new();
    for packets in made() {
        let file = folder.path().join("made.pcap");
        std::fs::write(&file, savefile(&packets)).unwrap();
        assert!(compare(&packets, &file, &mut differences) > 0, "nothing passed on {}", packets.link);
    }
    assert!(differences.is_empty(), "{differences:#?}");
}

#[test]
fn verdicts_agree_with_tcpdump_on_other_captures() {
    let Some(root) = std::env::var_os("WIRELAB_CAPTURES").filter(|_| tcpdump_is_here()) else { return };
    let (mut folders, mut files, mut differences) = (vec![PathBuf::from(root)], 0, Vec::new());
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if let Some(packets) = std::fs::read(&path).ok().and_then(|bytes| read_pcap(&bytes)) {
                // Some files are hostile on purpose, and tcpdump refuses them whatever the filter.
                if by_tcpdump(&path, "").is_none() {
                    continue;
                }
                files += 1;
                compare(&packets, &path, &mut differences);
            }
        }
    }
    assert!(files > 0, "no pcap file in WIRELAB_CAPTURES");
    assert!(differences.is_empty(), "{} files: {differences:#?}", files);
}
