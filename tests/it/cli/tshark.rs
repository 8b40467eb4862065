//! `read` with the options of tshark, in the ways that people type them.

use super::{KNOCK, file, knock, run, run_with_input};
use crate::source::Order;

/// Standard output of a run that did its work without a word.
fn out(args: &[&str]) -> String {
    let run = run(args);
    assert_eq!((run.code, run.err.as_str()), (Some(0), ""), "{args:?}");
    run.out
}

#[test]
fn options_are_bundled_and_in_any_order() {
    let two = out(&["read", KNOCK, "-c", "2"]);
    for args in [
        &["read", "-nr", KNOCK, "-c2"][..],
        &["read", "-n", "-r", KNOCK, "-c", "2"],
        &["read", "-c2", "-lnr", KNOCK],
        &["read", KNOCK, "-nc2"],
        &["read", "-N", "mnt", KNOCK, "-c", "2"],
        &["read", "-2nr", KNOCK, "-c2"],
    ] {
        assert_eq!(out(args), two, "{args:?}");
    }
    let table = out(&["read", KNOCK, "-T", "fields", "-e", "frame.number", "-e", "ip.src"]);
    assert_eq!(out(&["read", "-Tfields", "-eframe.number", "-eip.src", "-nr", KNOCK]), table);
}

#[test]
fn c_counts_packets_that_are_read() {
    // As in tshark: packets that are not shown count.
    assert_eq!(out(&["read", KNOCK, "-c", "3"]).lines().count(), 3);
    let none = run(&["read", KNOCK, "-c", "3", "--port", "9"]);
    assert_eq!((none.code, none.out.as_str()), (Some(0), ""));
    assert!(none.err.contains("holds 3 packets"), "{}", none.err);
}

#[test]
fn the_time_column_is_what_t_asks_for() {
    // What tshark 4.0.17 prints for packets 1 and 2 of the recording.
    for (style, first, second) in [
        ("a", "01:58:52.339488557", "01:58:52.339505091"),
        ("ad", "2026-11-21 01:58:52.339488557", "2026-11-21 01:58:52.339505091"),
        ("adoy", "2026/325 01:58:52.339488557", "2026/325 01:58:52.339505091"),
        ("d", "0.000000000", "0.000016534"),
        ("dd", "0.000000000", "0.000016534"),
        ("e", "1795226332.339488557", "1795226332.339505091"),
        ("r", "0.000000000", "0.000016534"),
        ("u", "01:58:52.339488557", "01:58:52.339505091"),
        ("ud", "2026-11-21 01:58:52.339488557", "2026-11-21 01:58:52.339505091"),
        ("udoy", "2026/325 01:58:52.339488557", "2026/325 01:58:52.339505091"),
    ] {
        let text = out(&["read", KNOCK, "-c2", "-t", style]);
        let mut lines = text.lines();
        for (number, time) in [(1, first), (2, second)] {
            let line = lines.next().unwrap();
            assert!(line.starts_with(&format!("  {number} {time} 127.0.0.1:")), "{style}: {line}");
        }
    }
}

#[test]
fn fields_are_printed_as_e_says() {
    let fields = ["read", KNOCK, "-c1", "-T", "fields", "-e", "frame.number", "-e", "ip.src"];
    let with = |options: &[&str]| out(&[&fields[..], options].concat());
    assert_eq!(with(&[]), "1\t127.0.0.1\n");
    assert_eq!(with(&["-E", "separator=,", "-E", "quote=d"]), "\"1\",\"127.0.0.1\"\n");
    assert_eq!(with(&["-E", "separator=/s", "-E", "header=y"]), "frame.number ip.src\n1 127.0.0.1\n");
    assert_eq!(with(&["-Eheader=yes", "-Eseparator=/t"]), "frame.number\tip.src\n1\t127.0.0.1\n");
    assert_eq!(with(&["-E", "bom=y"]), "\u{feff}1\t127.0.0.1\n");
    assert_eq!(with(&["-E", "occurrence=f", "-E", "aggregator=/s"]), "1\t127.0.0.1\n");
    let columns = out(&["read", KNOCK, "-c1", "-Tfields", "-e", "_ws.col.Protocol", "-e", "ip.proto"]);
    assert_eq!(columns, "TCP\t6\n");
    let titles = out(&["read", KNOCK, "-c1", "-Tfields", "-e", "tcp", "-e", "udp"]);
    assert_eq!(titles, "Transmission Control Protocol\t\n", "a protocol is a field");
}

#[test]
fn json_and_ek_have_tsharks_shape() {
    let json = out(&["read", KNOCK, "-c2", "-T", "json"]);
    let document: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(document[1]["_source"]["layers"]["ip"]["ip.ttl"], "64");
    let times = &document[1]["_source"]["layers"]["tcp"]["Timestamps"];
    assert_eq!(
        *times,
        serde_json::json!({"tcp.time_relative": "0.000016534", "tcp.time_delta": "0.000016534"})
    );
    let chosen = out(&["read", KNOCK, "-c2", "-T", "json", "-e", "ip.ttl"]);
    let document: serde_json::Value = serde_json::from_str(&chosen).unwrap();
    assert_eq!(document[1]["_source"]["layers"], serde_json::json!({ "ip.ttl": ["64"] }));
    let ek = out(&["read", KNOCK, "-c2", "-T", "ek"]);
    let lines: Vec<serde_json::Value> = ek.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 4);
    assert!(lines[0]["index"].is_object() && lines[1]["layers"]["ip"].is_object(), "{ek}");
    assert_eq!(out(&["read", KNOCK, "-T", "json", "--port", "43389"]), out(&["read", KNOCK, "-T", "json"]));
}

#[test]
fn json_of_our_own_has_the_fields_that_are_asked_for() {
    let packets = |more: &[&str]| -> serde_json::Value {
        let text = out(&[&["read", KNOCK, "-c1", "--json"], more].concat());
        serde_json::from_str::<serde_json::Value>(&text).unwrap()["packets"][0]["fields"].clone()
    };
    assert!(packets(&[]).is_null());
    assert_eq!(
        packets(&["-e", "ip.ttl", "-e", "ip.src"]),
        serde_json::json!({"ip.ttl": 64, "ip.src": "127.0.0.1"})
    );
    assert_eq!(packets(&["-V"])["ip.ttl"], 64);
}

#[test]
fn details_and_bytes_take_the_place_of_the_line() {
    let line = out(&["read", KNOCK, "-c1"]);
    let tree = out(&["read", KNOCK, "-c1", "-V"]);
    let bytes = out(&["read", KNOCK, "-c1", "-x"]);
    assert!(tree.contains("ip.ttl") && !tree.contains(line.trim()), "{tree}");
    assert!(bytes.starts_with("0000  00 00 00"), "{bytes}");
    assert_eq!(out(&["read", KNOCK, "-c1", "-Vx"]), format!("{tree}\n{bytes}"));
    assert_eq!(out(&["read", KNOCK, "-c1", "-PV"]), format!("{line}{tree}"));
}

#[test]
fn q_prints_no_packet_and_z_prints_a_table() {
    assert_eq!(out(&["read", KNOCK, "-q"]), "");
    let flows = run(&["flows", KNOCK]).out;
    let table = run(&["read", KNOCK, "-qz", "conv,tcp"]);
    assert_eq!((table.code, table.out.as_str()), (Some(0), flows.as_str()));
    assert!(table.err.contains("`wirelab flows`"), "{}", table.err);
    assert_eq!(run(&["read", KNOCK, "-q", "-z", "conv,udp"]).out.lines().count(), 1, "only the heading");
    let both = run(&["read", KNOCK, "-z", "conv,tcp"]).out;
    assert_eq!(both, out(&["read", KNOCK]) + &flows);
}

#[test]
fn what_is_saved_is_of_the_format_that_was_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    for (format, magic) in [("pcap", [0x4d, 0x3c, 0xb2, 0xa1]), ("pcapng", [0x0a, 0x0d, 0x0d, 0x0a])] {
        let path = folder.path().join(format!("of.{format}.any"));
        let path = path.to_str().unwrap();
        let saved = run(&["read", KNOCK, "-w", path, "-F", format]);
        assert_eq!((saved.code, saved.out.as_str()), (Some(0), ""));
        assert_eq!(std::fs::read(path).unwrap()[..4], magic, "{format}");
        let printed = run(&["read", KNOCK, "-w", path, "-F", format, "-P"]);
        assert_eq!(printed.out, out(&["read", KNOCK]));
    }
}

#[test]
fn two_passes_need_a_file() {
    assert_eq!(out(&["read", KNOCK, "-2"]), out(&["read", KNOCK]));
    let piped = run_with_input(&["read", "-2", "-"], knock());
    assert_eq!((piped.code, piped.out.as_str()), (Some(2), ""));
    assert!(piped.err.contains("hint: save it first"), "{}", piped.err);
    let cut = knock();
    let (_folder, path) = file("cut.pcapng", &cut[..cut.len() - 5]);
    let run = run(&["read", "-2", path.to_str().unwrap()]);
    assert_eq!(run.code, Some(2));
    assert_eq!(run.err.matches("cut short").count(), 1, "damage is told once: {}", run.err);
}

/// Packets of IPv4 in a pcapng file.
fn capture(packets: &[Vec<u8>]) -> Vec<u8> {
    let order = Order::Little;
    let mut bytes = [order.section(&[]), order.interface(101, 0, &[])].concat();
    for (packet, time) in packets.iter().zip(1_u64..) {
        let wire = u32::try_from(packet.len()).unwrap();
        bytes.extend(order.enhanced(0, time, packet, wire, &[]));
    }
    bytes
}

/// An IPv4 packet with these flags and this offset in units of 8 bytes.
fn ipv4(fragment: u16, payload: &[u8]) -> Vec<u8> {
    let total = u16::try_from(20 + payload.len()).unwrap().to_be_bytes();
    let fragment = fragment.to_be_bytes();
    let mut packet = vec![0x45, 0, total[0], total[1], 0, 7, fragment[0], fragment[1], 64, 17, 0, 0];
    packet.extend([127, 0, 0, 1, 127, 0, 0, 1]);
    packet.extend(payload);
    packet
}

fn udp(src: u16, dst: u16, payload: &[u8]) -> Vec<u8> {
    let len = u16::try_from(8 + payload.len()).unwrap();
    [src, dst, len, 0].iter().flat_map(|word| word.to_be_bytes()).chain(payload.iter().copied()).collect()
}

#[test]
fn a_port_is_decoded_as_d_says() {
    // VXLAN with an Ethernet frame of IPv4 inside, on a port of its own, and on VXLAN's.
    let inner = [&[0; 12][..], &[8, 0], &ipv4(0, &udp(5, 6, b"inner"))].concat();
    let vxlan = [&[8, 0, 0, 0, 0, 0, 1, 0][..], &inner].concat();
    let bytes = capture(&[ipv4(0, &udp(5000, 9999, &vxlan)), ipv4(0, &udp(5000, 4789, &vxlan))]);
    let (_folder, path) = file("tunnel.pcapng", &bytes);
    let path = path.to_str().unwrap();
    let ports = |options: &[&str]| out(&[&["read", path, "-Tfields", "-eudp.dstport"], options].concat());
    assert_eq!(ports(&[]), "9999\n4789,6\n");
    assert_eq!(ports(&["-d", "udp.port==9999,vxlan"]), "9999,6\n4789,6\n");
    assert_eq!(ports(&["-d", "udp.port==9000-9999,vxlan", "-d", "udp.port==4789,data"]), "9999,6\n4789\n");
    assert_eq!(ports(&["-d", "tcp.port==9999,data"]), "9999\n4789,6\n");
}

#[test]
fn messages_are_those_of_the_protocol_that_d_names() {
    let query = b"\0\x07\x01\0\0\x01\0\0\0\0\0\0\x03www\x07example\0\0\x01\0\x01";
    let request = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    let segment = |src: u16, dst: u16, payload: &[u8]| {
        let ports = [src, dst].into_iter().flat_map(u16::to_be_bytes);
        let rest = [0, 0, 0, 1, 0, 0, 0, 1, 0x50, 0x18, 4, 0, 0, 0, 0, 0];
        let mut packet = ipv4(0, &ports.chain(rest).chain(payload.iter().copied()).collect::<Vec<u8>>());
        packet[9] = 6;
        packet
    };
    let bytes = capture(&[
        segment(5000, 2525, b"EHLO client.example\r\n"),
        segment(5001, 8888, request),
        segment(5002, 8889, b"\0\x1dxGET / HTTP/1.1\r\n"),
        ipv4(0, &udp(5003, 9999, query)),
        ipv4(0, &udp(5004, 9998, b"\0\x07 is no DNS message at all")),
    ]);
    let (_folder, path) = file("ports.pcapng", &bytes);
    let path = path.to_str().unwrap();
    let shown = |options: &[&str]| {
        let fields = [
            "-Tfields",
            "-esmtp.req.command",
            "-ehttp.request.method",
            "-edns.id",
            "-edata.len",
            "-Eseparator=,",
        ];
        out(&[&["read", path][..], &fields, options].concat())
    };
    assert_eq!(shown(&[]), ",,,\n,GET,,\n,,,19\n,,0x0007,\n,,,27\n");
    assert_eq!(shown(&["-d", "tcp.port==2525,smtp"]), "EHLO,,,\n,GET,,\n,,,19\n,,0x0007,\n,,,27\n");
    // What is said counts more than the content, also where it is something else or nothing.
    assert_eq!(shown(&["-d", "tcp.port==8888,data"]), ",,,\n,,,27\n,,,19\n,,0x0007,\n,,,27\n");
    let all = ["-d", "tcp.port==8000-9000,tls", "-d", "udp.port==9998:2,dns"];
    assert_eq!(shown(&all), ",,,\n,,,\n,,,\n,,0x0007,\n,,0x0007,\n");
    // The last rule counts.
    let both = ["-d", "tcp.port==8888,data", "-d", "tcp.port==8888,http"];
    assert_eq!(shown(&both), shown(&[]));
}

#[test]
fn what_d_says_counts_more_than_the_content() {
    // The bit that says a VXLAN identifier is valid is not set.
    let inner = [&[0; 12][..], &[8, 0], &ipv4(0, &udp(5, 6, b"inner"))].concat();
    let vxlan = [&[0, 0, 0, 0, 0, 0, 1, 0][..], &inner].concat();
    let bytes = capture(&[ipv4(0, &udp(5000, 4789, &vxlan))]);
    let (_folder, path) = file("tunnel.pcapng", &bytes);
    let path = path.to_str().unwrap();
    let ports = |options: &[&str]| out(&[&["read", path, "-Tfields", "-eudp.dstport"], options].concat());
    assert_eq!(ports(&[]), "4789\n");
    assert_eq!(ports(&["-d", "udp.port==4789,vxlan"]), "4789,6\n");
}

#[test]
fn fragments_are_put_together_unless_o_says_otherwise() {
    let datagram = udp(7, 9, &[b'x'; 24]);
    let (first, second) = datagram.split_at(16);
    let bytes = capture(&[ipv4(0x2000, first), ipv4(2, second)]);
    let (_folder, path) = file("fragments.pcapng", &bytes);
    let path = path.to_str().unwrap();
    let ports = |options: &[&str]| out(&[&["read", path, "-Tfields", "-eudp.dstport"], options].concat());
    assert_eq!(ports(&[]), "\n9\n");
    assert_eq!(ports(&["-o", "ip.defragment:FALSE"]), "9\n\n");
    assert_eq!(ports(&["-o", "ip.defragment:TRUE"]), "\n9\n");
}

#[test]
fn a_second_pass_tells_what_comes_later() {
    // An echo's request with its answer, a request without one, and a datagram in two fragments.
    let echo = |kind: u8, checksum: u16, sequence: u8| {
        let mut packet = ipv4(0, &[]);
        packet[9] = 1;
        packet[3] = 28;
        packet.extend([kind, 0]);
        packet.extend(checksum.to_be_bytes());
        packet.extend([0, 5, 0, sequence]);
        packet
    };
    let datagram = udp(7, 9, &[b'x'; 24]);
    let (first, second) = datagram.split_at(16);
    let bytes = capture(&[
        echo(8, 0xf7f9, 1),
        echo(0, 0xfff9, 1),
        echo(8, 0xf7f8, 2),
        ipv4(0x2000, first),
        ipv4(2, second),
    ]);
    let (_folder, path) = file("later.pcapng", &bytes);
    let path = path.to_str().unwrap();
    let fields = [
        "read",
        path,
        "-Tfields",
        "-Eseparator=,",
        "-eicmp.resp_in",
        "-eicmp.no_resp",
        "-eip.reassembled_in",
    ];
    assert_eq!(out(&fields), ",,\n".repeat(5), "nobody knows in one pass");
    // What tshark 4.0.17 prints with -2.
    assert_eq!(out(&[&fields[..], &["-2"]].concat()), "2,,\n,,\n,1,\n,,5\n,,\n");
}

#[test]
fn a_second_pass_tells_which_packet_answers_and_which_exchange_is_next() {
    let path = |name: &str| format!("{}/captures/{name}", env!("CARGO_MANIFEST_DIR"));
    let fields = |name: &str, protocol: &str, fields: &[&str]| {
        let path = path(name);
        let fields = fields.iter().map(|field| format!("-e{field}")).collect::<Vec<_>>();
        let line = ["read", &path, "-Y", protocol, "-Tfields", "-Eseparator=,"];
        let line: Vec<&str> = line.into_iter().chain(fields.iter().map(String::as_str)).collect();
        (out(&line), out(&[&line[..], &["-2"]].concat()))
    };
    // What tshark 4.0.17 prints, without and with -2.
    let http = ["http.response_in", "http.next_request_in", "http.next_response_in"];
    let (one_pass, two) = fields("http.pcapng", "http", &http);
    assert_eq!(one_pass, ",,\n".repeat(10));
    assert_eq!(two, "6,8,\n,8,9\n9,11,\n,11,12\n12,14,\n,14,15\n15,17,\n,17,18\n18,,\n,,\n");
    let (one_pass, two) = fields("dns.pcapng", "dns", &["dns.response_in", "dns.response_to"]);
    assert!(one_pass.starts_with(",\n,1\n,\n,3\n"), "{one_pass}");
    assert!(two.starts_with("2,\n,1\n4,\n,3\n"), "{two}");
}

#[test]
fn a_time_in_the_data_of_an_echo_is_no_data() {
    let echo = |data: &[u8]| {
        let mut packet = ipv4(0, &[&[8, 0, 0, 0, 0, 5, 0, 1][..], data].concat());
        packet[9] = 1;
        packet
    };
    // The packets are of 1970: seconds and microseconds in either byte order, too late a day, too many microseconds.
    let bytes = capture(&[
        echo(b"\0\0\x03\xe8\0\0\0\x05abc"),
        echo(b"\xe8\x03\0\0\x05\0\0\0abc"),
        echo(b"\xe8\x03\0\0\x05\0\0\0"),
        echo(b"\x68\x03\x50\x50\x05\0\0\0abc"),
        echo(b"\xe8\x03\0\0\0\0\0\xffabc"),
    ]);
    let (_folder, path) = file("echoes.pcapng", &bytes);
    let path = path.to_str().unwrap();
    let fields = ["-eicmp.data_time", "-edata.data", "-eframe.protocols", "-Eseparator=|"];
    let told = out(&[&["read", path, "-Tfields"][..], &fields].concat());
    // What tshark 4.0.17 prints.
    let time = "Jan  1, 1970 00:16:40.000005000 UTC";
    assert_eq!(
        told,
        format!(
            "{time}|616263|raw:ip:icmp:data\n{time}|616263|raw:ip:icmp:data\n{time}||raw:ip:icmp\n\
             |6803505005000000616263|raw:ip:icmp:data\n|e8030000000000ff616263|raw:ip:icmp:data\n"
        )
    );
}
