//! What `explain` says beside flows: addresses, leases, pings, routes and fragments, in captures made here.

use std::net::Ipv4Addr;

use proptest::prelude::*;
use serde_json::Value;
use wirelab::flow::PayloadWanted;
use wirelab::pipeline::Pipeline;
use wirelab::render::color::Colors;
use wirelab::render::explain::{self, ExplainOptions};
use wirelab::render::json::write_explain_json;
use wirelab::report::dns::Learnt;
use wirelab::report::lan::{Lan, LanCollector};
use wirelab::source::{CapturedPacket, LinkType};
use wirelab::time::Timestamp;

const A: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);
const B: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 2);

/// Frames, a millisecond apart.
#[derive(Default)]
struct Capture {
    frames: Vec<Vec<u8>>,
}

impl Capture {
    /// A frame of host 1.
    fn frame(&mut self, ether_type: u16, payload: &[u8]) {
        self.frame_of(1, ether_type, payload);
    }

    fn frame_of(&mut self, host: u8, ether_type: u16, payload: &[u8]) {
        let mut frame = vec![2, 0, 0, 0, 0, 0xff];
        frame.extend([2, 0, 0, 0, 0, host]);
        frame.extend(ether_type.to_be_bytes());
        frame.extend(payload);
        self.frames.push(frame);
    }

    fn arp(&mut self, operation: u8, from: (u8, Ipv4Addr), to: (u8, Ipv4Addr)) {
        let mut packet = vec![0, 1, 8, 0, 6, 4, 0, operation];
        packet.extend([2, 0, 0, 0, 0, from.0]);
        packet.extend(from.1.octets());
        packet.extend(if to.0 == 0 { [0; 6] } else { [2, 0, 0, 0, 0, to.0] });
        packet.extend(to.1.octets());
        self.frame_of(from.0, 0x0806, &packet);
    }

    /// An IPv4 packet: time to live, protocol, identification, and the 16 bits with flags and offset.
    fn ip(&mut self, from: Ipv4Addr, to: Ipv4Addr, head: (u8, u8, u16, u16), payload: &[u8]) {
        let packet = ip(from, to, head, payload);
        self.frame(0x0800, &packet);
    }

    fn echo(&mut self, kind: u8, from: Ipv4Addr, to: Ipv4Addr, ttl: u8, sequence: u8) {
        let [high, low] = (!(u16::from_be_bytes([kind, 0]) + 7 + u16::from(sequence))).to_be_bytes();
        self.ip(from, to, (ttl, 1, 1, 0), &[kind, 0, high, low, 0, 7, 0, sequence]);
    }

    /// An ICMP error of `from` about a packet.
    fn error(&mut self, kind: u8, code: u8, from: Ipv4Addr, to: Ipv4Addr, about: &[u8]) {
        let mut message = vec![kind, code, 0, 0, 0, 0, 0, 0];
        message.extend(&about[..28]);
        self.ip(from, to, (64, 1, 1, 0), &message);
    }

    fn udp(&mut self, from: (Ipv4Addr, u16), to: (Ipv4Addr, u16), ttl: u8, payload: &[u8]) -> Vec<u8> {
        let len = u16::try_from(payload.len() + 8).unwrap();
        let head: Vec<u8> = [from.1, to.1, len, 0].iter().flat_map(|word| word.to_be_bytes()).collect();
        let id = u16::try_from(self.frames.len()).unwrap();
        let packet = ip(from.0, to.0, (ttl, 17, id, 0), &[head, payload.to_vec()].concat());
        self.frame(0x0800, &packet);
        packet
    }

    fn dhcp(&mut self, from_client: bool, yours: [u8; 4], options: &[u8]) {
        let mut message =
            vec![if from_client { 1 } else { 2 }, 1, 6, 0, 0, 0, 0x3d, 0x1d, 0, 0, 0, 0, 0, 0, 0, 0];
        message.extend(yours);
        message.extend([0; 8]);
        message.extend([2, 0, 0, 0, 0, 1]);
        message.resize(236, 0);
        message.extend([0x63, 0x82, 0x53, 0x63]);
        message.extend(options);
        let (any, all) = (Ipv4Addr::UNSPECIFIED, Ipv4Addr::BROADCAST);
        let (from, to) = if from_client { ((any, 68), (all, 67)) } else { ((A, 67), (all, 68)) };
        self.udp(from, to, 64, &message);
    }

    fn collect(&self) -> Lan {
        self.run().1
    }

    fn run(&self) -> (Pipeline, Lan) {
        let mut pipeline = Pipeline::new(Some(PayloadWanted::for_story(1000)));
        let mut lan = LanCollector::default();
        for (number, data) in (1..).zip(&self.frames) {
            let ts = Some(Timestamp::from_nanos(i128::from(number) * 1_000_000));
            let wire_len = u32::try_from(data.len()).unwrap();
            let link = LinkType::ETHERNET;
            let packet = CapturedPacket { number, ts, wire_len, interface: 0, link, data };
            let step = pipeline.step(&packet);
            lan.take(&step.packet, &step.decoded, step.echo, step.messages);
        }
        pipeline.finish();
        (pipeline, lan.finish())
    }

    /// What `explain` says of its flows.
    fn flows(&self) -> String {
        let (pipeline, _) = self.run();
        let mut out = Vec::new();
        let options = ExplainOptions { colors: Colors::OFF, width: 80, full: false, secrets: false };
        let flows = pipeline.told(|_, _| true);
        explain::capture(&mut out, "made", pipeline.totals(), &flows, options).unwrap();
        String::from_utf8(out).unwrap()
    }

    /// What `explain` says of it, in lines of at most 80 columns.
    fn told(&self) -> String {
        let mut out = Vec::new();
        let options = ExplainOptions { colors: Colors::OFF, width: 80, full: false, secrets: false };
        explain::lan(&mut out, &self.collect(), options).unwrap();
        let text = String::from_utf8(out).unwrap();
        for line in text.lines() {
            assert!(line.chars().count() <= 80, "{line}");
        }
        text
    }

    fn json(&self) -> Value {
        let mut out = Vec::new();
        write_explain_json(&mut out, &[], &self.collect(), &Learnt::default(), false).unwrap();
        serde_json::from_slice(&out).unwrap()
    }
}

fn ip(from: Ipv4Addr, to: Ipv4Addr, head: (u8, u8, u16, u16), payload: &[u8]) -> Vec<u8> {
    let (ttl, protocol, id, flags) = head;
    let len = u16::try_from(20 + payload.len()).unwrap().to_be_bytes();
    let mut packet = vec![0x45, 0, len[0], len[1]];
    packet.extend(id.to_be_bytes());
    packet.extend(flags.to_be_bytes());
    packet.extend([ttl, protocol, 0, 0]);
    packet.extend(from.octets());
    packet.extend(to.octets());
    packet.extend(payload);
    packet
}

/// The text with single spaces, so that where lines break does not matter.
fn flat(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[track_caller]
fn has(text: &str, wanted: &str) {
    let text = flat(text);
    assert!(text.contains(wanted), "{wanted:?} is not in {text}");
}

#[test]
fn who_has_is_answered_or_not() {
    let mut capture = Capture::default();
    capture.arp(1, (1, A), (0, B));
    capture.arp(2, (2, B), (1, A));
    capture.arp(1, (1, A), (0, Ipv4Addr::new(192, 0, 2, 9)));
    capture.arp(1, (1, A), (0, Ipv4Addr::new(192, 0, 2, 9)));
    let text = capture.told();
    has(&text, "Addresses (ARP)");
    has(&text, "1 192.0.2.1 asks who has 192.0.2.2: 02:00:00:00:00:02, packet 2 after 1 ms.");
    has(&text, "3 192.0.2.1 asks who has 192.0.2.9, twice up to packet 4: no answer.");
    let json = capture.json();
    assert_eq!(json["arp"]["lookups"][0]["answer"]["packet"], 2);
    assert_eq!(json["arp"]["lookups"][1]["asked"], 2);
    assert_eq!(json["arp"]["addresses"].as_array().unwrap().len(), 2);
}

#[test]
fn an_address_with_two_owners_is_a_finding() {
    let mut capture = Capture::default();
    capture.arp(2, (2, B), (1, A));
    capture.arp(2, (3, B), (1, A));
    let text = capture.told();
    has(
        &text,
        "192.0.2.2 is claimed by 2 link addresses: 02:00:00:00:00:02 (packet 1), 02:00:00:00:00:03 (packet 2).",
    );
    has(&text, "2 answers are to no question among these packets");
}

#[test]
fn probes_and_announcements_are_told_apart_from_questions() {
    let free = Ipv4Addr::UNSPECIFIED;
    let mut capture = Capture::default();
    capture.arp(1, (1, free), (0, A));
    capture.arp(1, (1, A), (0, A));
    capture.arp(1, (1, free), (0, B));
    capture.arp(2, (2, B), (1, free));
    let text = capture.told();
    has(&text, "02:00:00:00:00:01 asks whether 192.0.2.1 is free: no answer in the capture.");
    has(&text, "02:00:00:00:00:01 tells all that 192.0.2.1 is its own, once (gratuitous ARP).");
    has(&text, "asks whether 192.0.2.2 is free: it is not, 02:00:00:00:00:02 has it, packet 4");
}

#[test]
fn a_sweep_is_one_line() {
    let mut capture = Capture::default();
    for host in 10..250 {
        capture.arp(1, (1, A), (0, Ipv4Addr::new(192, 0, 2, host)));
    }
    capture.arp(2, (9, Ipv4Addr::new(192, 0, 2, 100)), (1, A));
    let text = capture.told();
    has(
        &text,
        "192.0.2.1 asks for 240 addresses, 240 times up to packet 240: 1 answer: 192.0.2.100 at 02:00:00:00:00:09.",
    );
    assert!(text.lines().count() < 6, "{text}");
}

#[test]
fn an_address_is_lent_in_four_steps() {
    let lease = [51, 4, 0, 0, 14, 16, 1, 4, 255, 255, 255, 0, 3, 4, 192, 0, 2, 1, 6, 4, 192, 0, 2, 53];
    let server = [54, 4, 192, 0, 2, 1];
    let mut capture = Capture::default();
    capture.dhcp(true, [0; 4], &[&[53, 1, 1, 12, 3][..], b"h\x1bi", &[255]].concat());
    capture.dhcp(false, [192, 0, 2, 77], &[&[53, 1, 2][..], &server, &[255]].concat());
    capture.dhcp(true, [0; 4], &[&[53, 1, 3, 50, 4, 192, 0, 2, 77][..], &server, &[255]].concat());
    capture.dhcp(false, [192, 0, 2, 77], &[&[53, 1, 5][..], &server, &lease, &[255]].concat());
    let text = capture.told();
    has(
        &text,
        "DHCP 1 02:00:00:00:00:01 (h\\x1bi) gets 192.0.2.77 for 1 h from 192.0.2.1. Transaction 0x3d1d.",
    );
    has(&text, "With it: mask 255.255.255.0; router 192.0.2.1; DNS 192.0.2.53.");
    has(&text, "packet 2 ← Offer 192.0.2.77 from 192.0.2.1, after 1 ms");
    has(&text, "packet 3 → Request 192.0.2.77 to server 192.0.2.1");
    let flows = capture.flows();
    has(&flows, "→ 256 bytes: DHCP Request: 02:00:00:00:00:01 asks server 192.0.2.1 for 192.0.2.77.");
    has(
        &flows,
        "server 192.0.2.1 lends 192.0.2.77 to 02:00:00:00:00:01 for 1 h. Transaction 0x3d1d. With it: mask",
    );
    has(&flows, "DHCP is binary, not encrypted");
    assert!(!flows.contains("not text"), "{flows}");
    let json = capture.json();
    assert_eq!(json["dhcp"][0]["lease"]["seconds"], 3600);
    assert_eq!(json["dhcp"][0]["messages"][3]["name"], "ACK");
}

#[test]
fn refusals_silence_and_damage_are_told() {
    let mut capture = Capture::default();
    capture.dhcp(true, [0; 4], &[53, 1, 3, 50, 4, 10, 0, 0, 1, 255]);
    capture.dhcp(false, [0; 4], &[&[53, 1, 6, 56, 5][..], b"wrong", &[255]].concat());
    has(&capture.told(), "is refused 10.0.0.1 (NAK): \"wrong\".");
    let mut capture = Capture::default();
    capture.dhcp(true, [0; 4], &[53, 1, 1, 12, 99, b'x']);
    capture.dhcp(true, [0; 4], &[53, 1, 1, 255]);
    let text = capture.told();
    has(&text, "asks for an address and gets no answer (2 messages).");
    has(&text, "packet 2 → Discover, once more");
    has(
        &text,
        "The options of packet 1 cannot be read to their end: option 12 claims 99 bytes, 1 are there.",
    );
}

#[test]
fn a_renewal_is_an_exchange_of_its_own() {
    let mut capture = Capture::default();
    capture.dhcp(true, [0; 4], &[53, 1, 3, 50, 4, 192, 0, 2, 77, 255]);
    capture.dhcp(false, [192, 0, 2, 77], &[53, 1, 5, 255]);
    let mut renewal = capture.frames[0].clone();
    // The client's address, and a datagram without a checksum stays good.
    renewal[14 + 28 + 12..][..4].copy_from_slice(&[192, 0, 2, 77]);
    capture.frames.push(renewal);
    capture.dhcp(false, [192, 0, 2, 77], &[53, 1, 5, 255]);
    let text = capture.told();
    has(&text, "1 02:00:00:00:00:01 keeps 192.0.2.77.");
    has(&text, "3 02:00:00:00:00:01 renews 192.0.2.77.");
}

#[test]
fn asking_in_vain_again_and_again_is_told_once() {
    let mut capture = Capture::default();
    for transaction in 0..5 {
        capture.dhcp(true, [0; 4], &[53, 1, 1, 255]);
        capture.frames[transaction][14 + 28 + 7] = u8::try_from(transaction).unwrap();
    }
    has(
        &capture.told(),
        "asks for an address in 5 transactions, 5 messages up to packet 5, and gets no answer.",
    );
}

#[test]
fn a_crowd_that_nobody_answers_is_one_line() {
    let mut capture = Capture::default();
    for client in 0..20 {
        capture.dhcp(true, [0; 4], &[53, 1, 1, 255]);
        capture.frames[client][14 + 28 + 33] = u8::try_from(client).unwrap();
    }
    let text = capture.told();
    has(&text, "20 clients ask for addresses and get no answer (20 messages up to packet 20)");
    assert!(text.lines().count() < 8, "{text}");
}

#[test]
fn pings_with_identifiers_of_their_own_are_one_run() {
    let mut capture = Capture::default();
    for run in 0..10 {
        for kind in [8_u8, 0] {
            let (from, to) = if kind == 8 { (A, B) } else { (B, A) };
            let [high, low] = (!(u16::from_be_bytes([kind, 0]) + u16::from(run) + 1)).to_be_bytes();
            capture.ip(from, to, (64, 1, 1, 0), &[kind, 0, high, low, 0, run, 0, 1]);
        }
    }
    has(
        &capture.told(),
        "192.0.2.1 pings 192.0.2.2 with 10 requests under 10 identifiers (packets 1 to 20): 10 answered",
    );
}

#[test]
fn pings_are_counted_as_ping_counts() {
    let mut capture = Capture::default();
    capture.echo(8, A, B, 64, 1);
    capture.echo(0, B, A, 64, 1);
    capture.echo(8, A, B, 64, 2);
    capture.echo(8, A, B, 64, 3);
    capture.echo(0, B, A, 64, 3);
    capture.echo(0, B, A, 64, 3);
    let text = capture.told();
    has(
        &text,
        "192.0.2.1 pings 192.0.2.2 (id 7): 3 sent, 2 answered, 1 lost (33.3 %), 1 duplicate; least 1 ms, mean 1 ms",
    );
    has(&text, "seq 2: packet 3, no answer");
    assert_eq!(capture.json()["pings"][0]["duplicates"], 1);
}

#[test]
fn a_route_is_a_table_of_hops() {
    let router = Ipv4Addr::new(198, 51, 100, 1);
    let mut capture = Capture::default();
    for (ttl, port) in [(1, 33434), (2, 33435), (3, 33436)] {
        let probe = capture.udp((A, 50000), (B, port), ttl, b"probe");
        match ttl {
            1 => capture.error(11, 0, router, A, &probe),
            3 => capture.error(3, 3, B, A, &probe),
            _ => {}
        }
    }
    let text = capture.told();
    has(
        &text,
        "192.0.2.1 → 192.0.2.2 with UDP datagrams: reached at hop 3: it says that nobody listens on the port",
    );
    has(&text, "1 198.51.100.1 1 ms 2 * * 3 192.0.2.2 1 ms");
    let json = capture.json();
    assert_eq!(json["traceroutes"][0]["reached_at"], 3);
    assert_eq!(json["traceroutes"][0]["hops"][1]["probes"][0].get("answer"), None);
}

#[test]
fn a_route_by_echoes_is_no_ping() {
    let router = Ipv4Addr::new(198, 51, 100, 1);
    let mut capture = Capture::default();
    capture.echo(8, A, B, 1, 1);
    let probe = capture.frames[0][14..].to_vec();
    capture.error(11, 0, router, A, &probe);
    capture.echo(8, A, B, 2, 2);
    capture.echo(0, B, A, 64, 2);
    let text = capture.told();
    has(&text, "with echo requests: reached at hop 2: it answers the echo");
    assert!(!text.contains("Ping"), "{text}");
}

#[test]
fn fragments_name_their_packets_and_what_is_missing() {
    const MORE: u16 = 0x2000;
    let mut capture = Capture::default();
    capture.ip(A, B, (64, 17, 5, MORE), &[0; 16]);
    capture.ip(A, B, (64, 17, 5, 2), &[0; 6]);
    capture.ip(A, B, (64, 17, 6, MORE), &[0; 16]);
    capture.ip(A, B, (64, 17, 6, 4), &[0; 6]);
    let text = capture.told();
    has(
        &text,
        "192.0.2.1 → 192.0.2.2, UDP, id 0x5: 2 fragments of a datagram of 22 bytes, put together in packet 2.",
    );
    has(&text, "packet 1: bytes 0 to 15, packet 2: bytes 16 to 21 (the last).");
    capture.ip(A, B, (64, 17, 5, 2), &[0; 6]);
    has(&capture.told(), "put together in packet 2; 1 fragment came again.");
    has(&text, "id 0x6: 2 fragments of a datagram of 38 bytes, not whole; bytes 16 to 31 are missing.");
    let json = capture.json();
    assert_eq!(json["fragments"][0]["whole_in"], 2);
    assert_eq!(json["fragments"][1].get("whole_in"), None);
}

/// An ICMPv6 message from `from` to `to`, each the last byte of a link-local address, 0 the unspecified one.
fn icmpv6(capture: &mut Capture, from: u8, to: u8, message: &[u8]) {
    let address = |last: u8| {
        let mut bytes = [0_u8; 16];
        if last > 0 {
            (bytes[0], bytes[1], bytes[15]) = (0xfe, 0x80, last);
        }
        bytes
    };
    let mut packet = vec![0x60, 0, 0, 0, 0, u8::try_from(message.len()).unwrap(), 58, 255];
    packet.extend(address(from));
    packet.extend(address(to));
    packet.extend(message);
    capture.frame(0x86dd, &packet);
}

/// A solicitation or advertisement for fe80::`last`, with these flags.
fn neighbour(kind: u8, flags: u8, last: u8) -> Vec<u8> {
    let mut message = vec![kind, 0, 0, 0, flags, 0, 0, 0, 0xfe, 0x80];
    message.resize(23, 0);
    message.push(last);
    message
}

#[test]
fn neighbours_and_routers_are_told() {
    let mut capture = Capture::default();
    icmpv6(&mut capture, 1, 2, &neighbour(135, 0, 2));
    // The answer goes to who asked, by its own address.
    capture.frames.push({
        let mut answer = Capture::default();
        let message = [neighbour(136, 0x60, 2), vec![2, 1, 2, 0, 0, 0, 0, 2]].concat();
        icmpv6(&mut answer, 2, 1, &message);
        let mut frame = answer.frames.remove(0);
        frame[..6].copy_from_slice(&[2, 0, 0, 0, 0, 1]);
        frame
    });
    icmpv6(&mut capture, 0, 9, &neighbour(135, 0, 3));
    let mut router = vec![134, 0, 0, 0, 64, 0xc0, 7, 8, 0, 0, 0, 0, 0, 0, 0, 0];
    router.extend([3, 4, 64, 0xc0, 0, 1, 0x51, 0x80, 0, 0, 14, 16, 0, 0, 0, 0, 0x20, 1, 0x0d, 0xb8]);
    router.resize(48, 0);
    icmpv6(&mut capture, 4, 9, &router);
    let text = capture.told();
    has(&text, "fe80::1 asks who has fe80::2: 02:00:00:00:00:02, packet 2 after 1 ms.");
    has(&text, "02:00:00:00:00:01 asks whether fe80::3 is free: no answer in the capture.");
    has(
        &text,
        "fe80::4 is a router at 02:00:00:00:00:01, the default router for 30 min; prefix 2001:db8::/64",
    );
    has(&text, "valid for 1 d, preferred for 1 h; addresses come by DHCPv6 (flag M)");
}

#[test]
fn a_capture_without_any_of_it_has_nothing_to_tell() {
    let mut capture = Capture::default();
    capture.udp((A, 1000), (B, 2000), 64, b"hello");
    assert!(capture.collect().is_empty());
    assert_eq!(capture.told(), "");
    let json = capture.json();
    let keys: Vec<&String> = json.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["flows", "schema"]);
}

#[test]
fn an_announcement_is_its_senders_whoever_had_the_address_before() {
    let mut capture = Capture::default();
    capture.arp(2, (2, B), (1, A));
    capture.arp(2, (6, B), (0, B));
    let text = capture.told();
    has(&text, "2 02:00:00:00:00:06 tells all that 192.0.2.2 is its own, once (gratuitous ARP).");
    assert!(!flat(&text).contains("02:00:00:00:00:02 tells all"), "{text}");
    let json = capture.json();
    let owners = &json["arp"]["addresses"][0]["owners"];
    assert_eq!(owners[0].get("announced"), None);
    assert_eq!((&owners[1]["announced"], &owners[1]["announced_in"]), (&1.into(), &2.into()));

    let mut capture = Capture::default();
    for (host, flags) in [(2, 0x60), (6, 0x20)] {
        let message = [neighbour(136, flags, 2), vec![2, 1, 2, 0, 0, 0, 0, host]].concat();
        icmpv6(&mut capture, 2, 1, &message);
    }
    has(&capture.told(), "2 02:00:00:00:00:06 tells all that fe80::2 is its own, once (unsolicited");
}

#[test]
fn messages_that_hosts_ignore_or_another_host_sent_are_noted() {
    let mut capture = Capture::default();
    capture.arp(2, (7, B), (1, A));
    // Of host 9, in the name of host 7.
    capture.frames[0][11] = 9;
    let message = [neighbour(136, 0x20, 2), vec![2, 1, 2, 0, 0, 0, 0, 6]].concat();
    icmpv6(&mut capture, 2, 1, &message);
    capture.frames[1][14 + 7] = 64;
    let text = capture.told();
    has(
        &text,
        "1 An ARP packet about 192.0.2.2 that names 02:00:00:00:00:07 as its sender came in a frame from 02:00:00:00:00:09",
    );
    has(&text, "2 A message about fe80::2 from 02:00:00:00:00:01 has hop limit 64, not 255");
    assert!(!text.contains("tells all"), "{text}");
    let json = capture.json();
    assert_eq!(json["arp"]["odd"][0]["frame_mac"], "02:00:00:00:00:09");
    assert_eq!(json["neighbours"]["odd"][0]["hop_limit"], 64);
    assert_eq!(json["neighbours"]["addresses"].as_array().unwrap().len(), 0);
}

#[test]
fn a_group_answers_with_its_members_addresses() {
    let all = Ipv4Addr::new(224, 0, 0, 1);
    let mut capture = Capture::default();
    capture.echo(8, A, all, 64, 1);
    for host in [2, 3] {
        capture.echo(0, Ipv4Addr::new(192, 0, 2, host), A, 64, 1);
    }
    capture.echo(8, A, all, 64, 2);
    let text = capture.told();
    has(
        &text,
        "192.0.2.1 pings 224.0.0.1 (id 7), the address of many: 2 sent, 1 answered, by 2 other addresses: 192.0.2.2 \
         (once), 192.0.2.3 (once); least 1 ms, mean 1.5 ms, most 2 ms.",
    );
    for wrong in ["lost", "not in the capture", "duplicate"] {
        assert!(!text.contains(wrong), "{text}");
    }
    let json = capture.json();
    assert_eq!(json["pings"].as_array().unwrap().len(), 1);
    assert_eq!(json["pings"][0]["responders"][1]["address"], "192.0.2.3");
    // The broadcast address of a network shows in the frame alone, or by who answers.
    let mut capture = Capture::default();
    capture.echo(8, A, Ipv4Addr::new(192, 0, 2, 255), 64, 1);
    capture.echo(0, B, A, 64, 1);
    has(
        &capture.told(),
        "pings 192.0.2.255 (id 7): 1 sent, 1 answered, by 1 other address: 192.0.2.2 (once)",
    );
    capture.frames[0][..6].fill(0xff);
    has(&capture.told(), "pings 192.0.2.255 (id 7), the address of many: 1 sent, 1 answered");
}

#[test]
fn answers_with_other_data_and_errors_belong_to_their_requests() {
    let mut capture = Capture::default();
    for sequence in 1..=7 {
        capture.echo(8, A, B, 64, sequence);
        match sequence {
            // The data would make the checksum another.
            2 => {
                capture.echo(0, B, A, 64, 2);
                capture.frames.last_mut().unwrap()[14 + 20 + 2] ^= 1;
            }
            3 => {
                let request = capture.frames.last().unwrap()[14..].to_vec();
                capture.error(3, 1, Ipv4Addr::new(192, 0, 2, 254), A, &request);
            }
            4 | 5 => {}
            _ => capture.echo(0, B, A, 64, sequence),
        }
    }
    let text = capture.told();
    has(&text, "7 sent, 4 answered, 3 lost (42.9 %), 1 with other data, 1 ICMP error;");
    has(&text, "seq 2: packet 3, answered in packet 4 after 1 ms, with other data than was sent");
    has(&text, "seq 3: packet 5, 192.0.2.254 says in packet 6: host unreachable seq 4");
    // A line that says that one more was not shown would be as long.
    has(&text, "seq 7: packet 11, answered in packet 12");
    let json = capture.json();
    assert_eq!((&json["pings"][0]["received"], &json["pings"][0]["other_data"]), (&4.into(), &1.into()));
    assert_eq!(json["pings"][0]["requests"][2]["error"]["packet"], 6);
}

#[test]
fn a_datagram_that_ip_does_not_allow_is_a_finding() {
    // The last fragment begins as far back as can be told, 8 bytes before the end.
    for (len, is_too_large) in [(8, true), (3, false)] {
        let mut capture = Capture::default();
        capture.ip(A, B, (64, 1, 5, 0x1ffd), &vec![0; len]);
        let text = capture.told();
        let finding = flat(&text).contains("and IP allows 65535: an attack");
        assert_eq!(finding, is_too_large, "{text}");
        assert_eq!(capture.json()["fragments"][0].get("too_large").is_some(), is_too_large);
    }
}

#[test]
fn damaged_options_are_told_of_exchanges_that_are_told_together() {
    for clients in [1, 20] {
        let mut capture = Capture::default();
        for place in 0..20_u8 {
            let damage: &[u8] = if place == 3 { &[12, 99, b'x'] } else { &[255] };
            capture.dhcp(true, [0; 4], &[&[53, 1, 1][..], damage].concat());
            let frame = capture.frames.last_mut().unwrap();
            frame[14 + 28 + 7] = place;
            frame[14 + 28 + 33] = place % clients;
        }
        let text = capture.told();
        has(
            &text,
            "The options of packet 4 cannot be read to their end: option 12 claims 99 bytes, 1 are there.",
        );
        assert!(text.lines().count() < 10, "{text}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn whatever_comes_is_told_in_lines(
        frames in proptest::collection::vec((0_u8..6, 0_u8..4, proptest::collection::vec(any::<u8>(), 0..60)), 0..60)
    ) {
        let mut capture = Capture::default();
        for (kind, hosts, bytes) in &frames {
            let (from, to) = if hosts & 1 == 0 { (A, B) } else { (B, A) };
            let word = u16::from_be_bytes([bytes.first().copied().unwrap_or(0), bytes.get(1).copied().unwrap_or(0)]);
            match kind {
                0 => capture.frame(0x0806, &[&[0, 1, 8, 0, 6, 4, 0][..], bytes].concat()),
                1 => capture.ip(from, to, (hosts + 1, 1, 1, 0), bytes),
                2 => icmpv6(&mut capture, *hosts, hosts ^ 1, bytes),
                3 => capture.ip(from, to, (hosts + 1, 17, 7, word & 0x2003), bytes),
                4 => capture.dhcp(hosts & 1 == 0, [192, 0, 2, *hosts], bytes),
                _ => {
                    let about = ip(A, B, (1, 17, 7, 0), &[0, 1, 0, 2, 0, 8, 0, 0]);
                    capture.error(if hosts & 2 == 0 { 11 } else { 3 }, *hosts, to, from, &about);
                }
            }
        }
        capture.told();
        prop_assert!(capture.json()["flows"].is_array());
    }
}
