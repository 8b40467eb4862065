//! Packets cut at every length, and bytes that are no packet at all: decoding keeps what is good and never fails.

use std::fmt::Write as _;

use proptest::prelude::*;
use wirelab::decode::{Decoder, Layer, LayerKind, MAX_LAYERS, StopReason};
use wirelab::field::{ByteRange, FieldId, FieldSet, FieldSink, PacketContext, Value, emit};
use wirelab::flow::Defragmenter;
use wirelab::source::{CapturedPacket, LinkType};

/// LLC and SNAP before an IPv4 packet.
const LLC_IPV4: [u8; 8] = [0xaa, 0xaa, 3, 0, 0, 0, 8, 0];
const ETHERNET: [u8; 12] = [2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2];
const TEXT: &[u8] = b"hello, world";

fn join(parts: &[&[u8]]) -> Vec<u8> {
    parts.concat()
}

fn be(value: usize) -> [u8; 2] {
    u16::try_from(value).unwrap().to_be_bytes()
}

fn ipv4(protocol: u8, payload: &[u8]) -> Vec<u8> {
    let len = be(24 + payload.len());
    let header =
        [0x46, 0, len[0], len[1], 0, 7, 0x40, 0, 64, protocol, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2, 1, 1, 1, 0];
    join(&[&header, payload])
}

fn ipv6(next: u8, payload: &[u8]) -> Vec<u8> {
    let len = be(payload.len());
    let header = [0x60, 1, 2, 3, len[0], len[1], next, 64];
    join(&[&header, &[0x20; 16], &[0x30; 16], payload])
}

fn udp(port: u16, payload: &[u8]) -> Vec<u8> {
    join(&[&[3, 0xe8], &port.to_be_bytes(), &be(8 + payload.len()), &[0, 0], payload])
}

fn tcp() -> Vec<u8> {
    let fixed = [3, 0xe8, 0, 80, 0, 0, 0, 1, 0, 0, 0, 2, 0xa0, 0x12, 1, 2, 3, 4, 0, 0];
    let options = [2, 4, 5, 0xb4, 4, 2, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2, 1, 3, 3, 7];
    join(&[&fixed, &options, TEXT])
}

fn ethernet(ether_type: u16, payload: &[u8]) -> Vec<u8> {
    join(&[&ETHERNET, &ether_type.to_be_bytes(), payload])
}

/// Packets that together have every header that is decoded.
fn packets() -> Vec<(LinkType, Vec<u8>)> {
    let inner = ipv4(6, &tcp());
    let inner6 = ipv6(17, &udp(9, TEXT));
    let frame = ethernet(0x0800, &inner);
    let snap = |protocol: [u8; 2], payload: &[u8]| join(&[&[0xaa, 0xaa, 3, 0, 0, 0], &protocol, payload]);
    let llc = snap([8, 0], &inner);
    let arp = join(&[&[0, 1, 8, 0, 6, 4, 0, 1], &[2; 6], &[10, 0, 0, 1], &[0; 6], &[10, 0, 0, 2]]);
    let extensions = join(&[
        &[43, 0, 1, 4, 0, 0, 0, 0],
        &[60, 0, 0, 0, 0, 0, 0, 0],
        &[44, 0, 1, 4, 0, 0, 0, 0],
        &[51, 0, 0, 0, 0, 0, 0, 9],
        &[135, 2, 0, 0, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3],
        &[139, 0, 0, 0, 0, 0, 0, 0],
        &[140, 0, 0, 0, 0, 0, 0, 0],
        &[6, 0, 0, 0, 0, 0, 0, 0],
        &tcp(),
    ]);
    let error = |quoted: &[u8]| join(&[&[3, 1, 0, 0, 0, 0, 0, 0], quoted]);
    let redirect = join(&[&[137, 0, 0, 0, 0, 0, 0, 0], &[0x20; 32], &[4, 13, 0, 0, 0, 0, 0, 0], &inner6]);
    let pppoe = |payload: &[u8]| join(&[&[0x11, 0, 0, 1], &be(payload.len()), payload]);
    let ppp = join(&[&[0x00, 0x21], &inner]);
    let mpls_ethernet = join(&[&[0, 1, 0, 64, 0, 2, 1, 64, 0, 0, 0, 5], &frame]);
    let gtp = join(&[&[0x36, 0xff], &be(8 + inner.len()), &[0, 0, 0, 1, 0, 1, 0, 0x85, 1, 0, 0, 0], &inner]);
    let l2tp = join(&[&[0x40, 2], &be(12 + inner.len()), &[0, 1, 0, 2, 0xff, 3, 0, 0x21], &inner]);
    let nflog = join(&[&[2, 0, 0, 0, 8, 0, 10, 0, b'x', 0, 0, 0], &[100, 0, 9, 0], &inner]);
    let sll = join(&[&[0, 0, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0, 8, 0], &inner]);
    let sll2 = join(&[&[0x86, 0xdd, 0, 0, 0, 0, 0, 1, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0], &inner6]);
    let ethernet_packets = [
        ethernet(0x8100, &join(&[&[0, 5, 0x91, 0, 0, 6, 8, 0], &inner])),
        ethernet(u16::try_from(llc.len()).unwrap(), &llc),
        ethernet(0x0806, &arp),
        ethernet(0x8864, &pppoe(&ppp)),
        ethernet(0x8863, &pppoe(&[1, 1, 0, 0])),
        ethernet(0x8847, &mpls_ethernet),
        ethernet(0x8847, &join(&[&[0, 1, 1, 64], &inner6])),
        ethernet(0x88e7, &join(&[&[0, 0, 0, 1], &frame])),
        ethernet(0x8926, &join(&[&[0, 0, 0, 1, 8, 0], &inner])),
        ethernet(0x86dd, &ipv6(0, &extensions)),
        ethernet(0x88e5, &join(&[&[0, 0, 0, 0, 0, 1, 8, 0], &inner, &[0; 16]])),
        ethernet(0xd28b, &join(&[&[0, 1, 0, 0x10], &[0; 8], &[8, 0], &inner])),
        ethernet(0x894f, &join(&[&[0x0f, 0xc2, 2, 1, 0, 0, 1, 255], &inner])),
        ethernet(0x9999, TEXT),
    ];
    let ip_packets = [
        ipv4(1, &error(&inner)),
        ipv6(58, &join(&[&[1, 0, 0, 0, 0, 0, 0, 0], &inner6])),
        ipv6(58, &redirect),
        ipv4(2, &[0x16, 0, 0, 0, 224, 0, 0, 5]),
        ipv4(4, &inner),
        ipv4(41, &inner6),
        ipv4(47, &join(&[&[0xb0, 0, 0x08, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 2], &inner])),
        ipv4(47, &join(&[&[0x30, 0x81, 0x88, 0x0b, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0x21], &inner])),
        ipv4(47, &join(&[&[0x10, 0, 0x22, 0xeb, 0, 0, 0, 1], &[0; 11], &[1], &[0; 8], &frame])),
        ipv4(47, &join(&[&[0, 0, 0x65, 0x58], &frame])),
        ipv4(50, TEXT),
        ipv4(97, &join(&[&[0x30, 0], &frame])),
        ipv4(132, &[0; 16]),
        ipv4(136, &udp(9, TEXT)),
        ipv4(200, TEXT),
        ipv4(17, &udp(4789, &join(&[&[8, 0, 0, 0, 0, 0, 1, 0], &frame]))),
        ipv4(17, &udp(6081, &join(&[&[1, 0, 0x65, 0x58, 0, 0, 1, 0, 0, 1, 2, 0], &frame]))),
        ipv4(103, &join(&[&[0x21, 0, 0, 0, 0, 0, 0, 0], &inner])),
        ipv4(17, &udp(4790, &join(&[&[0x0c, 0, 0, 3, 0, 0, 1, 0], &frame]))),
        ipv4(17, &udp(2152, &gtp)),
        ipv4(17, &udp(1701, &l2tp)),
        ipv4(17, &udp(3544, &join(&[&[0, 0, 1, 2, 3, 4, 5, 6], &inner6]))),
    ];
    let mut all: Vec<_> = ethernet_packets.into_iter().map(|packet| (LinkType::ETHERNET, packet)).collect();
    all.extend(ip_packets.into_iter().map(|packet| (LinkType::RAW, packet)));
    all.extend([
        (LinkType::IPV4, inner.clone()),
        (LinkType::IPV6, inner6.clone()),
        (LinkType::NULL, join(&[&[0, 0, 0, 30], &inner6])),
        (LinkType::LOOP, join(&[&[0, 0, 0, 2], &inner])),
        (LinkType::PPP, join(&[&[0xff, 3], &ppp])),
        (LinkType(204), join(&[&[1], &ppp])),
        (LinkType::C_HDLC, join(&[&[0x0f, 0, 8, 0], &inner])),
        (LinkType::FRELAY, join(&[&[0x18, 0x41, 3, 0xcc], &inner])),
        (LinkType::LINUX_SLL, sll),
        (LinkType::LINUX_SLL2, sll2),
        (LinkType::PPI, join(&[&[0, 0, 8, 0, 1, 0, 0, 0], &frame])),
        (LinkType::NFLOG, nflog),
        (LinkType(100), llc),
        (LinkType(258), join(&[&[12, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0], &frame])),
        (LinkType(242), join(&[&[0; 40], &[8, 0, 0, 0], &inner])),
        (LinkType(285), join(&[&ETHERNET, &[0xda, 0xda, 0, 0, 1, 2, 3, 4, 8, 0], &inner])),
        (LinkType::IEEE802_11, join(&[&[0x88, 1], &[0; 24], &LLC_IPV4, &inner])),
        (LinkType(127), join(&[&[0, 0, 8, 0, 0, 0, 0, 0, 8, 1], &[0; 22], &LLC_IPV4, &inner])),
        (LinkType(163), join(&[&[0x80, 0x21, 0x10, 1, 0, 0, 0, 8, 8, 1], &[0; 22], &LLC_IPV4, &inner])),
        (LinkType(7), join(&[&[1, 2, 212, 0, 0, 1], &inner])),
        (LinkType(189), TEXT.to_vec()),
    ]);
    all
}

/// Reads every field, so that every byte that a field is read from is reached.
#[derive(Default)]
struct Everything {
    text: String,
}

impl FieldSink for Everything {
    fn field(&mut self, id: FieldId, value: Value<'_>, range: ByteRange) {
        assert!(range.start <= range.end);
        write!(self.text, "{} ", id.def().name).unwrap();
        value.write(id.def().kind, &mut self.text).unwrap();
        self.text.push('\n');
    }
}

/// Decodes, checks what holds for any bytes, and gives the layers and the reason to stop.
fn examine(link: LinkType, data: &[u8], wire_len: usize) -> (Vec<Layer>, Option<StopReason>) {
    let wire_len = u32::try_from(wire_len).unwrap();
    let captured = CapturedPacket { number: 1, ts: None, wire_len, interface: 0, link, data };
    let (mut decoder, mut defragmenter) = (Decoder::new(), Defragmenter::new());
    let packet = defragmenter.decode(&mut decoder, &captured);
    assert!(packet.layers().len() <= MAX_LAYERS);
    for layer in packet.layers() {
        assert!(layer.start <= layer.payload && layer.payload <= layer.end, "{layer:?}");
        assert!(usize::try_from(layer.end).unwrap() <= packet.buffer(layer.buffer).len(), "{layer:?}");
        let _ = packet.checksum(layer);
    }
    for transport in packet.transports() {
        assert!(packet.layers().len() > transport.layer);
        if let Some(segment) = packet.tcp_segment(transport) {
            assert!(segment.typed_options().count() <= 40);
        }
    }
    emit(&captured, &packet, &PacketContext::default(), &FieldSet::all(), &mut Everything::default());
    (packet.layers().to_vec(), packet.stop().map(|stop| stop.reason))
}

fn kinds(layers: &[Layer]) -> Vec<LayerKind> {
    layers.iter().map(|layer| layer.kind).collect()
}

#[test]
fn whole_packets_decode_to_their_end() {
    for (link, packet) in packets() {
        let (layers, stop) = examine(link, &packet, packet.len());
        let kinds = kinds(&layers);
        assert!(!kinds.is_empty(), "{link}");
        assert_eq!(stop, None, "{link} {kinds:?}");
    }
}

#[test]
fn every_kind_of_layer_is_among_the_packets() {
    let mut seen: Vec<LayerKind> = Vec::new();
    for (link, packet) in packets() {
        seen.extend(kinds(&examine(link, &packet, packet.len()).0));
    }
    use LayerKind as K;
    let decoded = [
        K::Ethernet,
        K::Vlan,
        K::Llc,
        K::Snap,
        K::Pppoe,
        K::Ppp,
        K::PppDirection,
        K::Mpls,
        K::ControlWord,
        K::CiscoHdlc,
        K::LinuxSll,
        K::LinuxSll2,
        K::Null,
        K::Loop,
        K::Ppi,
        K::FrameRelay,
        K::Nflog,
        K::SwitchTag,
        K::BackboneTag,
        K::Arp,
        K::Ipv4,
        K::Ipv6,
        K::Ipv6HopByHop,
        K::Ipv6Routing,
        K::Ipv6Fragment,
        K::Ipv6DestOptions,
        K::Mobility,
        K::Hip,
        K::Shim6,
        K::Ah,
        K::Esp,
        K::Gre,
        K::Erspan,
        K::EtherIp,
        K::Vxlan,
        K::Geneve,
        K::Gtpu,
        K::Teredo,
        K::L2tp,
        K::Icmp,
        K::Icmpv6,
        K::Igmp,
        K::Udp,
        K::UdpLite,
        K::Tcp,
        K::Sctp,
        K::Payload,
        K::Pktap,
        K::Radiotap,
        K::Prism,
        K::Wlan,
        K::Arcnet,
        K::Infiniband,
        K::Nsh,
        K::Macsec,
        K::AristaTimestamp,
        K::Pim,
    ];
    for kind in decoded {
        assert!(seen.contains(&kind), "no packet has {kind:?}");
    }
}

#[test]
fn the_layers_of_a_snapped_packet_are_a_prefix() {
    for (link, packet) in packets() {
        let whole = kinds(&examine(link, &packet, packet.len()).0);
        for cut in 0..packet.len() {
            let (layers, stop) = examine(link, &packet[..cut], packet.len());
            let cut_kinds = kinds(&layers);
            // Where only content tells what follows (a version nibble, a tunnel's flags), it may be cut off.
            let untold = matches!(cut_kinds.last(), Some(LayerKind::UndecodedBytes | LayerKind::Payload));
            let good = cut_kinds.len() - usize::from(untold);
            assert!(whole.starts_with(&cut_kinds[..good]), "{link} cut at {cut}: {cut_kinds:?} of {whole:?}");
            assert!(
                matches!(stop, None | Some(StopReason::Snapped | StopReason::Fragment)),
                "{link} cut at {cut}: {stop:?} after {cut_kinds:?}"
            );
        }
    }
}

#[test]
fn a_packet_that_was_sent_short_is_not_called_snapped() {
    for (link, packet) in packets() {
        for cut in 0..packet.len() {
            let (layers, stop) = examine(link, &packet[..cut], cut);
            assert_ne!(stop, Some(StopReason::Snapped), "{link} short at {cut}: {:?}", kinds(&layers));
        }
    }
}

#[test]
fn a_length_field_that_leaves_no_room_is_blamed() {
    let mut packet = ethernet(0x0800, &ipv4(6, &tcp()));
    packet[17] = 30;
    let (layers, stop) = examine(LinkType::ETHERNET, &packet, packet.len());
    assert_eq!(kinds(&layers), [LayerKind::Ethernet, LayerKind::Ipv4, LayerKind::Tcp]);
    assert_eq!(stop, Some(StopReason::LengthField));
    let mut decoder = Decoder::new();
    let stop = decoder.decode(LinkType::ETHERNET, &packet, 200).stop().unwrap();
    assert_eq!((stop.layer, stop.said_by, stop.had), (LayerKind::Tcp, Some(LayerKind::Ipv4), 6));
}

#[test]
fn endless_nesting_ends() {
    let mut packet = ipv4(6, &tcp());
    for _ in 0..300 {
        packet = ipv4(4, &packet);
    }
    assert_eq!(examine(LinkType::RAW, &packet, packet.len()).1, Some(StopReason::TooDeep));
    let labels = [0, 0, 0, 1].repeat(500);
    assert_eq!(examine(LinkType::ETHERNET, &ethernet(0x8847, &labels), 2014).1, Some(StopReason::TooDeep));
}

#[test]
fn the_ports_of_a_header_cut_after_them_are_known() {
    let tcp = tcp();
    for (have, transports, numbered) in
        [(3, 0, false), (4, 1, false), (15, 1, false), (16, 1, true), (20, 1, true)]
    {
        let mut quoted = ipv4(6, &tcp);
        quoted.truncate(24 + have);
        let error = ipv4(1, &join(&[&[3, 1, 0, 0, 0, 0, 0, 0], &quoted]));
        let mut decoder = Decoder::new();
        let packet = decoder.decode(LinkType::RAW, &error, u32::try_from(error.len()).unwrap());
        assert_eq!(packet.transports().len(), transports, "{have} bytes");
        for transport in packet.transports() {
            assert!(transport.quoted);
            assert_eq!((transport.src.port, transport.dst.port), (1000, 80));
            assert_eq!(packet.is_numbered(transport), numbered, "{have} bytes");
            assert!(packet.tcp_segment(transport).is_none());
        }
    }
}

/// Link types with a decoder, and one without.
const LINKS: [u16; 25] = [
    100, 242, 258, 0, 1, 9, 12, 14, 50, 51, 101, 104, 105, 107, 108, 113, 166, 192, 204, 228, 229, 239, 276,
    281, 285,
];

proptest! {
    #[test]
    fn any_bytes_are_decoded(
        link in prop::sample::select(LINKS.to_vec()),
        bytes in prop::collection::vec(any::<u8>(), 0..200),
        more in 0_usize..100,
    ) {
        examine(LinkType(link), &bytes, bytes.len() + more);
    }

    #[test]
    fn any_damage_is_survived(
        which in 0_usize..1000,
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        cut in any::<prop::sample::Index>(),
    ) {
        let all = packets();
        let (link, mut packet) = all[which % all.len()].clone();
        let wire_len = packet.len();
        for (at, byte) in damage {
            let at = at.index(packet.len());
            packet[at] = byte;
        }
        packet.truncate(cut.index(wire_len) + 1);
        examine(link, &packet, wire_len);
    }
}
