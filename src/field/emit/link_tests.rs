//! What link headers and their contents are told as; the expected values are tshark 4.0.17's.

use super::{FieldSink, PacketContext, emit};
use crate::decode::Decoder;
use crate::field::{ByteRange, FieldId, Value};
use crate::source::{CapturedPacket, LinkType};

#[derive(Default)]
struct Texts(Vec<String>);

impl FieldSink for Texts {
    fn field(&mut self, id: FieldId, value: Value<'_>, _: ByteRange) {
        let mut text = format!("{}=", id.def().name);
        value.write(id.def().kind, &mut text).unwrap();
        self.0.push(text);
    }
}

/// The wanted fields of a frame, in the order in which they come.
fn told(link: LinkType, frame: &[u8], names: &[&str]) -> String {
    let wire_len = u32::try_from(frame.len()).unwrap();
    let captured = CapturedPacket { number: 1, ts: None, wire_len, interface: 0, link, data: frame };
    let mut decoder = Decoder::new();
    let packet = decoder.decode(link, frame, wire_len);
    let wanted = names.iter().map(|name| FieldId::named(name).unwrap()).collect();
    let mut sink = Texts::default();
    emit(&captured, &packet, &PacketContext::default(), &wanted, &mut sink);
    sink.0.join(" ")
}

/// A frame that carries UDP from port 40000 to `port`, with `behind` after it.
fn udp(port: u16, payload: &[u8], behind: &[u8]) -> Vec<u8> {
    let mut frame = Vec::new();
    etherparse::PacketBuilder::ethernet2([2, 0, 0, 0, 0, 1], [0x10, 0x20, 0x30, 0x40, 0x50, 0xab])
        .ipv4([192, 0, 2, 1], [192, 0, 2, 2], 64)
        .udp(40000, port)
        .write(&mut frame, payload)
        .unwrap();
    frame.extend_from_slice(behind);
    frame
}

#[test]
fn an_address_is_told_in_every_form() {
    let names = ["eth.src", "eth.addr", "eth.src_resolved", "eth.src.oui", "eth.src.lg", "eth.lg", "eth.ig"];
    assert_eq!(
        told(LinkType::ETHERNET, &udp(9, b"", b""), &names),
        "eth.addr=10:20:30:40:50:ab eth.lg=0 eth.ig=0 eth.src=02:00:00:00:00:01 \
         eth.src_resolved=02:00:00:00:00:01 eth.src.oui=131072 eth.addr=02:00:00:00:00:01 eth.src.lg=1 eth.lg=1 \
         eth.ig=0"
    );
}

#[test]
fn what_is_left_of_a_frame_is_padding_trailer_or_check_sequence() {
    let names = ["eth.padding", "eth.trailer", "eth.fcs", "eth.fcs.status"];
    let of = |payload: &[u8], behind: &[u8]| told(LinkType::ETHERNET, &udp(9, payload, behind), &names);
    // 42 bytes of headers: 18 of zeros make the least frame.
    assert_eq!(of(b"", &[0; 18]), format!("eth.padding={}", "00".repeat(18)));
    assert_eq!(of(b"", &[1; 18]), format!("eth.trailer={}", "01".repeat(18)));
    assert_eq!(of(b"", &[0; 3]), "eth.trailer=000000");
    assert_eq!(of(&[7; 40], &[1, 2, 3, 4]), "eth.fcs=0x01020304 eth.fcs.status=2");
    assert_eq!(of(&[7; 40], &[9, 1, 2, 3, 4]), "eth.trailer=09 eth.fcs=0x01020304 eth.fcs.status=2");
    assert_eq!(of(&[7; 40], b""), "");
}

#[test]
fn text_is_data_whatever_the_port() {
    let of = |port, payload: &[u8]| {
        told(LinkType::ETHERNET, &udp(port, payload, b""), &["data", "data.len", "frame.protocols"])
    };
    for port in [12000, 12004, 43387, 53, 161] {
        assert_eq!(
            of(port, b"hey, I am a client"),
            "frame.protocols=eth:ethertype:ip:udp:data data=6865792c204920616d206120636c69656e74 data.len=18"
        );
    }
    assert_eq!(of(161, &[0x30, 0x82, 0, 1, 2, 0xff]), "frame.protocols=eth:ethertype:ip:udp:snmp");
    assert_eq!(of(9, b""), "frame.protocols=eth:ethertype:ip:udp");
}

#[test]
fn arp_tells_what_it_is_for() {
    let mut frame = vec![0xff; 6];
    frame.extend_from_slice(&[2, 0, 0, 0, 0, 1, 8, 6, 0, 1, 8, 0, 6, 4, 0, 1]);
    frame.extend_from_slice(&[2, 0, 0, 0, 0, 1, 192, 0, 2, 1, 0, 0, 0, 0, 0, 0, 192, 0, 2, 1]);
    let names = ["arp.opcode", "arp.isgratuitous", "arp.isprobe", "arp.isannouncement", "arp.hw.type"];
    let of = |frame: &[u8]| told(LinkType::ETHERNET, frame, &names);
    assert_eq!(of(&frame), "arp.hw.type=1 arp.opcode=1 arp.isgratuitous=1 arp.isannouncement=1");
    frame[28..32].fill(0);
    assert_eq!(of(&frame), "arp.hw.type=1 arp.opcode=1 arp.isprobe=1");
    frame[21] = 2;
    assert_eq!(of(&frame), "arp.hw.type=1 arp.opcode=2");
}

#[test]
fn headers_between_are_told_and_cut_ones_do_not_harm() {
    // 802.1ad outside, 802.1Q inside, PPPoE, PPP.
    let mut frame = vec![0; 12];
    frame.extend_from_slice(&[0x88, 0xa8, 0x60, 0x1e, 0x81, 0x00, 0xb0, 0x64, 0x88, 0x64]);
    frame.extend_from_slice(&[0x11, 0x00, 0x01, 0x7f, 0x00, 0x02, 0xc0, 0x21]);
    let names = [
        "ieee8021ad.id",
        "ieee8021ad.priority",
        "vlan.id",
        "vlan.priority",
        "vlan.dei",
        "vlan.etype",
        "pppoe.session_id",
        "ppp.protocol",
    ];
    assert_eq!(
        told(LinkType::ETHERNET, &frame, &names),
        "ieee8021ad.priority=3 ieee8021ad.id=30 vlan.priority=5 vlan.dei=1 vlan.id=100 vlan.etype=0x8864 \
         pppoe.session_id=0x017f ppp.protocol=0xc021"
    );
    let all: Vec<_> = FieldId::all().map(|id| id.def().name).collect();
    for len in 0..frame.len() {
        assert!(told(LinkType::ETHERNET, &frame[..len], &all).starts_with("frame="));
    }
}

#[test]
fn tunnels_tell_their_options() {
    let gre = [0x30, 0x81, 0x88, 0x0b, 0, 9, 0, 7, 0, 0, 0, 5, 0, 0, 0, 4];
    let mut frame = Vec::new();
    etherparse::PacketBuilder::ipv4([192, 0, 2, 1], [192, 0, 2, 2], 64)
        .write(&mut frame, etherparse::IpNumber::GRE, &gre)
        .unwrap();
    let names = [
        "gre.flags.ack",
        "gre.flags.version",
        "gre.key",
        "gre.key.payload_length",
        "gre.key.call_id",
        "gre.sequence_number",
        "gre.ack_number",
    ];
    assert_eq!(
        told(LinkType::IPV4, &frame, &names),
        "gre.flags.ack=1 gre.flags.version=1 gre.key.payload_length=9 gre.key.call_id=7 gre.sequence_number=5 gre.ack_number=4"
    );
}

#[test]
fn cooked_headers_tell_the_sender() {
    let mut frame = vec![0, 4, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 9, 0x88, 0xcc];
    let names = ["sll.pkttype", "sll.src.eth", "sll.unused", "sll.etype", "sll.ltype"];
    let of = |frame: &[u8]| told(LinkType::LINUX_SLL, frame, &names);
    assert_eq!(of(&frame), "sll.pkttype=4 sll.src.eth=02:00:00:00:00:01 sll.unused=0009 sll.etype=0x88cc");
    frame[14..].copy_from_slice(&[0, 0x60]);
    assert!(of(&frame).ends_with("sll.ltype=0x0060"));
}
