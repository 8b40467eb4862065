//! Fields of DNS messages; the values are tshark 4.0.17's for the same bytes.

use etherparse::PacketBuilder;

use super::transport::testing::Wire;

fn udp(from: u16, to: u16, message: &[u8]) -> Vec<u8> {
    let (src, dst) = if from > to { (1, 2) } else { (2, 1) };
    let mut bytes = Vec::new();
    let step = PacketBuilder::ipv4([192, 0, 2, src], [192, 0, 2, dst], 64).udp(from, to);
    step.write(&mut bytes, message).unwrap();
    bytes
}

fn header(flags: u16, counts: [u16; 4]) -> Vec<u8> {
    [0x1234, flags].iter().chain(&counts).flat_map(|word| word.to_be_bytes()).collect()
}

fn name(text: &str) -> Vec<u8> {
    let labels = text.split('.').filter(|label| !label.is_empty());
    labels.flat_map(|l| [&[u8::try_from(l.len()).unwrap()], l.as_bytes()].concat()).chain([0]).collect()
}

/// A response with one record called `owner`.
fn record(owner: &str, kind: u16, class: u16, ttl: u32, data: &[u8]) -> Vec<u8> {
    let mut bytes = header(0x8180, [0, 1, 0, 0]);
    bytes.extend(name(owner));
    bytes.extend([kind, class].iter().flat_map(|word| word.to_be_bytes()));
    bytes.extend(ttl.to_be_bytes());
    bytes.extend(u16::try_from(data.len()).unwrap().to_be_bytes());
    bytes.extend(data);
    bytes
}

fn query(question: &[u8], class: u16) -> Vec<u8> {
    [&header(0x0100, [1, 0, 0, 0]), question, &[0, 1], &class.to_be_bytes()].concat()
}

/// What `fields` of a record of this type and data say.
fn told(kind: u16, data: &[u8], fields: &str) -> String {
    Wire::default().line(&udp(53, 40000, &record("a.example", kind, 1, 300, data)), fields)
}

#[test]
fn queries_and_responses_are_told_with_their_flags_and_tied_together() {
    let mut wire = Wire::default();
    let fields = "dns.id dns.flags dns.flags.rcode dns.flags.authenticated dns.qry.name dns.qry.name.len \
                  dns.count.labels dns.qry.type dns.response_to dns.time dns.retransmission dns.unsolicited";
    let ask = udp(40000, 53, &query(&name("www.example"), 1));
    assert_eq!(wire.line(&ask, fields), "0x1234 | 0x0100 |  |  | www.example | 11 | 2 | 1 |  |  |  | ");
    assert_eq!(
        wire.line(&ask, "dns.retransmission dns.retransmit_request_in dns.retransmit_request"),
        "1 | 1 | 1"
    );
    let mut answer = query(&name("www.example"), 1);
    answer[2..4].copy_from_slice(&[0x81, 0x83]);
    let answer = udp(53, 40000, &answer);
    assert_eq!(
        wire.line(&answer, fields),
        "0x1234 | 0x8183 | 3 | 0 | www.example | 11 | 2 | 1 | 1 | 0.002000000 |  | "
    );
    assert_eq!(wire.line(&answer, "dns.retransmit_response_in dns.time dns.unsolicited"), "3 |  | ");
    assert_eq!(Wire::default().line(&answer, "dns.unsolicited dns.response_to"), "1 | ");
}

#[test]
fn names_are_written_as_tshark_writes_them() {
    let ask = |question: &[u8]| {
        let fields = "dns.qry.name dns.qry.name.len dns.count.labels";
        Wire::default().line(&udp(40000, 53, &query(question, 1)), fields)
    };
    assert_eq!(ask(b"\x03a.b\x03c\\d\0"), "a.b.c\\d | 7 | 3");
    assert_eq!(
        ask(b"\x03a\0b\x02\x01\x7f\x02\xc3\xa9\x02\xff\xfe\0"),
        "a\\000b.\\001\\177.é.\u{fffd}\u{fffd} | 12 | 4"
    );
    assert_eq!(ask(b"\x05a\tb\nc\0"), "a\\tb\\nc | 5 | 1");
    assert_eq!(ask(b"\0"), "<Root> | 6 | 1");
    assert_eq!(ask(b"\x01a\0"), "a | 0 | 0");
    assert_eq!(ask(b"\xc0\x0c"), "<Name contains a pointer that loops> | 36 | 1");
    let long = [[&[63_u8][..], &[b'x'; 63]].concat().repeat(4), vec![0]].concat();
    assert_eq!(ask(&long), "<Name too long> | 15 | 1");
}

#[test]
fn what_common_records_hold_is_told() {
    assert_eq!(
        told(1, &[192, 0, 2, 1], "dns.resp.name dns.resp.ttl dns.resp.len dns.a"),
        "a.example | 300 | 4 | 192.0.2.1"
    );
    assert_eq!(told(2, &name("ns.b"), "dns.ns"), "ns.b");
    assert_eq!(
        told(15, &[&[0, 10][..], &name("mx.b")].concat(), "dns.mx.preference dns.mx.mail_exchange"),
        "10 | mx.b"
    );
    assert_eq!(told(16, b"\x05hello\x04wo\xffd", "dns.txt.length dns.txt"), "5,4 | hello,wo\u{fffd}d");
    let soa =
        [&name("mn.b")[..], &name("rn.b"), &[0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 4, 0, 0, 0, 5]]
            .concat();
    assert_eq!(
        told(6, &soa, "dns.soa.mname dns.soa.rname dns.soa.serial_number dns.soa.minimum_ttl"),
        "mn.b | rn.b | 1 | 5"
    );
    assert_eq!(told(65500, b"ab", "dns.data dns.undecoded.type"), "6162 | 1");
    let srv = record("_x.y.z.w", 33, 1, 300, &[&[0, 1, 0, 2, 0, 3][..], &name("srv.b")].concat());
    assert_eq!(
        Wire::default().line(
            &udp(53, 40000, &srv),
            "dns.resp.name dns.srv.service dns.srv.proto dns.srv.name dns.srv.target"
        ),
        " | _x | y | z.w | srv.b"
    );
}

#[test]
fn signatures_and_keys_are_told() {
    let key = [&[1, 1, 3, 8][..], b"keykeykey"].concat();
    assert_eq!(
        told(48, &key, "dns.dnskey.flags dns.dnskey.flags.secure_entry_point dns.dnskey.key_id"),
        "0x0101 | 1 | 12985"
    );
    let next = [&name("ns.b")[..], &[0, 6, 0x40, 0, 0, 0, 0, 3]].concat();
    assert_eq!(told(47, &next, "dns.nsec.next_domain_name dns.resp.type"), "ns.b | 47,1,46,47");
    let mut signature = vec![0, 1, 8, 2, 0, 0, 1, 44];
    signature.extend(2_000_000_000_u32.to_be_bytes().iter().chain(&1_900_000_000_u32.to_be_bytes()));
    signature.extend([&[0x30, 0x39][..], &name("s.b"), b"sig"].concat());
    assert_eq!(
        told(46, &signature, "dns.rrsig.signature_expiration dns.rrsig.key_tag dns.rrsig.signature"),
        "May 18, 2033 03:33:20.000000000 UTC | 12345 | 736967"
    );
    let hash: Vec<u8> = [&[1, 1, 0, 10, 0, 20][..], &(1..=20).collect::<Vec<u8>>(), &[0, 1, 0x40]].concat();
    assert_eq!(
        told(50, &hash, "dns.nsec3.flags.opt_out dns.nsec3.hash_value dns.resp.type"),
        "1 | 041061050o3gg28a1c60q3gf208h44ok | 50,1"
    );
}

#[test]
fn options_of_edns_and_parameters_of_services_are_told() {
    let options = [&[0, 8, 0, 7, 0, 1, 24, 0, 192, 0, 2][..], &[0, 10, 0, 8], b"cookies!"].concat();
    let opt = udp(53, 40000, &record("", 41, 4096, 0x0100_8000, &options));
    assert_eq!(
        Wire::default().line(
            &opt,
            "dns.rr.udp_payload_size dns.resp.ext_rcode dns.resp.z.do dns.opt.code dns.opt.client.addr4 dns.opt.cookie.client"
        ),
        "4096 | 0x01 | 1 | 8,10 | 192.0.2.0 | 636f6f6b69657321"
    );
    let service =
        [&[0, 1][..], &name("sv.b"), &[0, 1, 0, 6], b"\x02h2\x02h3", &[0, 3, 0, 2, 1, 187, 3, 231, 0, 1, 9]]
            .concat();
    assert_eq!(
        told(
            65,
            &service,
            "dns.svcb.targetname dns.svcb.svcparam.key dns.svcb.svcparam.alpn dns.svcb.svcparam.port dns.svcb.svcparam.value"
        ),
        "sv.b | 1,3,999 | h2,h3 | 443 | 09"
    );
    assert_eq!(
        told(257, b"\x80\x05issueca.b", "dns.caa.flags dns.caa.issue dns.caa.tag dns.caa.value"),
        "0x80 | ca.b | issue | ca.b"
    );
}

#[test]
fn multicast_dns_and_llmnr_have_protocols_and_bits_of_their_own() {
    let ask = query(&name("a.local"), 0x8001);
    let mut wire = Wire::default();
    let fields = "dns.qry.class dns.qry.qu";
    assert_eq!(wire.line(&udp(5353, 5353, &ask), fields), "0x0001 | 1");
    assert_eq!(wire.line(&udp(40000, 53, &ask), fields), "0x8001 | ");
    let flush = record("a.local", 1, 0x8001, 120, &[192, 0, 2, 1]);
    assert_eq!(wire.line(&udp(5353, 5353, &flush), "dns.resp.class dns.resp.cache_flush"), "0x0001 | 1");
    assert!(!wire.line(&udp(5353, 5353, &ask), "mdns").is_empty());
    assert!(wire.line(&udp(5353, 5353, &ask), "dns").is_empty());
    let mut llmnr = query(&name("a"), 1);
    llmnr[2] = 0x05;
    assert_eq!(
        wire.line(&udp(50000, 5355, &llmnr), "dns.flags.conflict dns.flags.tentative dns.flags.recdesired"),
        "1 | 1 | "
    );
}

#[test]
fn of_a_damaged_message_what_stands_before_the_damage_is_told() {
    let mut two = record("a", 1, 1, 300, &[192, 0, 2, 1]);
    two[7] = 2;
    let fields = "dns.count.answers dns.a dns.unsolicited";
    assert_eq!(Wire::default().line(&udp(53, 40000, &two), fields), "2 | 192.0.2.1 | ");
    // A text that is said to be longer than the message.
    assert_eq!(told(16, b"\x01a\x20b", "dns.txt.length dns.txt dns.unsolicited"), "1,32 | a | ");
    // An address of two bytes.
    assert_eq!(told(1, &[1, 2], "dns.resp.len dns.a dns.unsolicited"), "2 |  | ");
    let mut more = query(&name("a"), 1);
    more.extend(b"xyz");
    assert_eq!(
        Wire::default()
            .line(&udp(40000, 53, &more), "dns.extraneous.data dns.extraneous.length dns.extraneous"),
        "78797a | 3 | 1"
    );
}

fn tcp(seq: u32, payload: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let step = PacketBuilder::ipv4([192, 0, 2, 1], [192, 0, 2, 2], 64).tcp(40000, 53, seq, 1024).ack(1);
    step.write(&mut bytes, payload).unwrap();
    bytes
}

#[test]
fn on_a_stream_a_message_is_told_where_it_ends() {
    let framed = |text: &str| {
        let message = query(&name(text), 1);
        [&u16::try_from(message.len()).unwrap().to_be_bytes()[..], &message].concat()
    };
    let stream = [framed("one"), framed("two"), framed("three")].concat();
    let (first, rest) = stream.split_at(20);
    let mut wire = Wire::default();
    let fields = "dns.length dns.qry.name";
    assert_eq!(wire.line(&tcp(1, first), fields), " | ");
    assert_eq!(wire.line(&tcp(21, rest), fields), "21,21,23 | one,two,three");
}
