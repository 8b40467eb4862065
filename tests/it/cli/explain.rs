//! `explain --stream`: one flow of several, and one that is not there.

use etherparse::PacketBuilder;

use super::{file, run};

/// A pcap file of raw IP with a flow of more payload than a story keeps, and a second one that says "hello".
fn long_and_short() -> Vec<u8> {
    let datagram = |port: u16, payload: &[u8]| {
        let builder = PacketBuilder::ipv4([192, 0, 2, 1], [192, 0, 2, 2], 64).udp(port, 12000);
        let mut data = Vec::new();
        builder.write(&mut data, payload).unwrap();
        data
    };
    let words = |words: &[u32]| words.iter().flat_map(|word| word.to_le_bytes()).collect::<Vec<_>>();
    let mut bytes = words(&[0xa1b2_c3d4, 0x0004_0002, 0, 0, 65535, 101]);
    let long = std::iter::repeat_n(datagram(40_000, &[b'x'; 1400]), 100);
    for (time, data) in (1..).zip(long.chain([datagram(40_001, b"hello")])) {
        let len = u32::try_from(data.len()).unwrap();
        bytes.extend(words(&[time, 0, len, len]).into_iter().chain(data));
    }
    bytes
}

#[test]
fn a_limit_that_other_flows_reached_is_not_told() {
    let (_folder, path) = file("long-and-short.pcap", &long_and_short());
    let explain = |more: &[&str]| run(&[&["explain", path.to_str().unwrap()], more].concat());
    let all = explain(&[]);
    assert!(all.err.starts_with("limit reached: flows with more payload"), "{}", all.err);
    let short = explain(&["--stream", "udp:1"]);
    assert_eq!((short.code, short.err.as_str()), (Some(0), ""));
    assert!(short.out.contains("hello") && !short.out.contains("udp:0"), "{}", short.out);
}

#[test]
fn of_a_flow_that_is_not_there_only_that_is_said() {
    let (_folder, path) = file("long-and-short.pcap", &long_and_short());
    let path = path.to_str().unwrap();
    let none = run(&["explain", path, "--stream", "udp:9"]);
    let said = "there is no flow udp:9; there is udp:0 to udp:1 (2 flows); `wirelab flows` lists them\n";
    assert_eq!((none.code, none.out.as_str(), none.err.as_str()), (Some(1), "", said));
    let json = run(&["explain", path, "--stream", "tcp:0", "--json"]);
    assert_eq!(json.code, Some(1));
    let document: serde_json::Value = serde_json::from_str(&json.out).unwrap();
    assert_eq!(document["flows"], serde_json::json!([]));
    let other = run(&["explain", path, "--port", "40000", "--stream", "udp:1"]);
    assert_eq!(
        (other.code, other.err.as_str()),
        (Some(1), "flow udp:1 is none of those that match --port 40000\n")
    );
}
