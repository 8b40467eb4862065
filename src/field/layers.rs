//! The fields of each kind of layer. Which are there in a cut or contradictory header follows Wireshark,
//! which shows what it read before it gave up.

use super::header::{HeaderField, Read, address, bits, emit_table, number, words};
use super::{ByteRange, FieldId, FieldSink, Value};
use crate::decode::{DecodedPacket, Layer, LayerKind, TcpOption, TcpOptionIter};

static ETHERNET: &[HeaderField] =
    &[address(FieldId::ETH_DST, 0, Read::Mac), address(FieldId::ETH_SRC, 6, Read::Mac)];
static ETHERNET_TYPE: &[HeaderField] = &[number(FieldId::ETH_TYPE, 12, 2)];
static ETHERNET_LENGTH: &[HeaderField] = &[number(FieldId::ETH_LEN, 12, 2)];

/// EtherType of a provider's tag, whose fields Wireshark files under another protocol.
const PROVIDER_TAG: [u8; 2] = [0x88, 0xa8];
static VLAN: &[HeaderField] = &[bits(FieldId::VLAN_ID, 0, 2, 0, 0xfff), number(FieldId::VLAN_ETYPE, 2, 2)];

static ARP: &[HeaderField] = &[number(FieldId::ARP_OPCODE, 6, 2)];
// Addresses, where they are Ethernet's and IPv4's; counted from each address's start.
static ARP_SRC_MAC: &[HeaderField] = &[address(FieldId::ARP_SRC_HW_MAC, 0, Read::Mac)];
static ARP_SRC_IPV4: &[HeaderField] = &[address(FieldId::ARP_SRC_PROTO_IPV4, 0, Read::Ipv4)];
static ARP_DST_MAC: &[HeaderField] = &[address(FieldId::ARP_DST_HW_MAC, 0, Read::Mac)];
static ARP_DST_IPV4: &[HeaderField] = &[address(FieldId::ARP_DST_PROTO_IPV4, 0, Read::Ipv4)];

static IPV4: &[HeaderField] = &[
    bits(FieldId::IP_VERSION, 0, 1, 4, 0xf),
    words(FieldId::IP_HDR_LEN, 0, 0),
    number(FieldId::IP_DSFIELD, 1, 1),
    number(FieldId::IP_LEN, 2, 2),
    number(FieldId::IP_ID, 4, 2),
    bits(FieldId::IP_FLAGS, 6, 2, 13, 0x7),
    bits(FieldId::IP_FLAGS_DF, 6, 1, 6, 1),
    bits(FieldId::IP_FLAGS_MF, 6, 1, 5, 1),
    bits(FieldId::IP_FRAG_OFFSET, 6, 2, 0, 0x1fff),
    number(FieldId::IP_TTL, 8, 1),
    number(FieldId::IP_PROTO, 9, 1),
    number(FieldId::IP_CHECKSUM, 10, 2),
    address(FieldId::IP_SRC, 12, Read::Ipv4),
    address(FieldId::IP_DST, 16, Read::Ipv4),
];

static IPV6: &[HeaderField] = &[
    bits(FieldId::IP_VERSION, 0, 1, 4, 0xf),
    bits(FieldId::IPV6_FLOW, 0, 4, 0, 0xf_ffff),
    number(FieldId::IPV6_PLEN, 4, 2),
    number(FieldId::IPV6_NXT, 6, 1),
    number(FieldId::IPV6_HLIM, 7, 1),
    address(FieldId::IPV6_SRC, 8, Read::Ipv6),
    address(FieldId::IPV6_DST, 24, Read::Ipv6),
];

static ICMP: &[HeaderField] = &[
    number(FieldId::ICMP_TYPE, 0, 1),
    number(FieldId::ICMP_CODE, 1, 1),
    number(FieldId::ICMP_CHECKSUM, 2, 2),
];
static ICMP_IDENT: &[HeaderField] = &[number(FieldId::ICMP_IDENT, 4, 2), number(FieldId::ICMP_SEQ, 6, 2)];

/// Wireshark reads the ICMP header this far before it shows anything.
const ICMP_READ_AHEAD: usize = 6;

static ICMPV6: &[HeaderField] = &[
    number(FieldId::ICMPV6_TYPE, 0, 1),
    number(FieldId::ICMPV6_CODE, 1, 1),
    number(FieldId::ICMPV6_CHECKSUM, 2, 2),
];

static UDP: &[HeaderField] = &[
    number(FieldId::UDP_SRCPORT, 0, 2),
    number(FieldId::UDP_DSTPORT, 2, 2),
    number(FieldId::UDP_LENGTH, 4, 2),
    number(FieldId::UDP_CHECKSUM, 6, 2),
];
/// Fields before the one that a header with an impossible length is given up at.
const UDP_BEFORE_CHECKSUM: usize = 6;

static TCP_PORTS: &[HeaderField] = &[number(FieldId::TCP_SRCPORT, 0, 2), number(FieldId::TCP_DSTPORT, 2, 2)];
/// Numbers as sent; of a quoted segment Wireshark tells only the second, of a header that is no header the first.
static TCP_RAW: &[HeaderField] = &[number(FieldId::TCP_SEQ_RAW, 4, 4), number(FieldId::TCP_ACK_RAW, 8, 4)];
static TCP_LENGTH: &[HeaderField] = &[words(FieldId::TCP_HDR_LEN, 12, 4)];
static TCP: &[HeaderField] = &[
    bits(FieldId::TCP_FLAGS, 12, 2, 0, 0xfff),
    bits(FieldId::TCP_FLAGS_URG, 13, 1, 5, 1),
    bits(FieldId::TCP_FLAGS_ACK, 13, 1, 4, 1),
    bits(FieldId::TCP_FLAGS_PUSH, 13, 1, 3, 1),
    bits(FieldId::TCP_FLAGS_RESET, 13, 1, 2, 1),
    bits(FieldId::TCP_FLAGS_SYN, 13, 1, 1, 1),
    bits(FieldId::TCP_FLAGS_FIN, 13, 1, 0, 1),
    number(FieldId::TCP_WINDOW_SIZE_VALUE, 14, 2),
    number(FieldId::TCP_CHECKSUM, 16, 2),
    number(FieldId::TCP_URGENT_POINTER, 18, 2),
];
/// Both ports are read before either is shown.
const PORTS_LEN: usize = 4;
/// Wireshark reads the TCP header this far before it shows more than the ports.
const TCP_READ_AHEAD: usize = 16;

/// Hands the fields of one layer to `sink`; `stream` is the number of a transport's conversation.
pub(super) fn emit_layer(
    packet: &DecodedPacket<'_>,
    layer: &Layer,
    stream: Option<u32>,
    sink: &mut dyn FieldSink,
) {
    let header = packet.header(layer);
    match layer.kind {
        LayerKind::Ethernet => ethernet(layer, header, sink),
        LayerKind::Vlan => vlan(packet, layer, header, sink),
        LayerKind::Arp => arp(layer, header, sink),
        LayerKind::Ipv4 => ipv4(layer, header, sink),
        LayerKind::Ipv6 => {
            let readable = if header.first().is_some_and(|first| first >> 4 == 6) { header.len() } else { 1 };
            emit_table(IPV6, layer, header.get(..readable).unwrap_or(header), sink);
        }
        LayerKind::Icmp => icmp(layer, header, sink),
        LayerKind::Icmpv6 => {
            emit_table(ICMPV6, layer, header, sink);
        }
        LayerKind::Udp | LayerKind::UdpLite if header.len() >= PORTS_LEN => {
            let readable = if packet.is_cut(layer) { UDP_BEFORE_CHECKSUM } else { header.len() };
            emit_table(UDP, layer, header.get(..readable).unwrap_or(header), sink);
            give_stream(FieldId::UDP_STREAM, stream, sink);
        }
        LayerKind::Tcp => tcp(packet, layer, stream, sink),
        _ => {}
    }
}

fn give_stream(id: FieldId, stream: Option<u32>, sink: &mut dyn FieldSink) {
    if let Some(number) = stream.filter(|_| sink.wants(id)) {
        sink.field(id, Value::Unsigned(u64::from(number)), ByteRange::default());
    }
}

fn ethernet(layer: &Layer, header: &[u8], sink: &mut dyn FieldSink) {
    // Nothing is shown of a header that is not all there.
    let Some(&[high, low]) = header.get(12..14) else { return };
    emit_table(ETHERNET, layer, header, sink);
    let is_length = u16::from_be_bytes([high, low]) <= 1500;
    emit_table(if is_length { ETHERNET_LENGTH } else { ETHERNET_TYPE }, layer, header, sink);
}

fn vlan(packet: &DecodedPacket<'_>, layer: &Layer, header: &[u8], sink: &mut dyn FieldSink) {
    let start = usize::try_from(layer.start).unwrap_or(usize::MAX);
    let ether_type = start.checked_sub(2).and_then(|from| packet.buffer(layer.buffer).get(from..start));
    if ether_type != Some(&PROVIDER_TAG) {
        emit_table(VLAN, layer, header, sink);
    }
}

fn arp(layer: &Layer, header: &[u8], sink: &mut dyn FieldSink) {
    emit_table(ARP, layer, header, sink);
    let &[hardware_high, hardware_low, 0x08, 0x00, hardware_len, protocol_len, ..] = header else { return };
    let (hardware, protocol) = (usize::from(hardware_len), usize::from(protocol_len));
    if header.len() < 8 + 2 * (hardware + protocol) {
        return;
    }
    // Ethernet, and IEEE 802 networks, which have the same addresses.
    let macs = hardware_len == 6 && matches!([hardware_high, hardware_low], [0, 1 | 6]);
    let tables = [
        (macs, ARP_SRC_MAC, 8),
        (protocol_len == 4, ARP_SRC_IPV4, 8 + hardware),
        (macs, ARP_DST_MAC, 8 + hardware + protocol),
        (protocol_len == 4, ARP_DST_IPV4, 8 + 2 * hardware + protocol),
    ];
    for (_, table, at) in tables.into_iter().filter(|(known, ..)| *known) {
        let start = layer.start.saturating_add(u32::try_from(at).unwrap_or(u32::MAX));
        emit_table(table, &Layer { start, ..*layer }, header.get(at..).unwrap_or(&[]), sink);
    }
}

fn ipv4(layer: &Layer, header: &[u8], sink: &mut dyn FieldSink) {
    let Some(first) = header.first() else { return };
    let header_len = usize::from(first & 0x0f) * 4;
    let total = header.get(2..4).map_or(usize::MAX, |bytes| match *bytes {
        [0, 0] => usize::MAX,
        [high, low] => usize::from(u16::from_be_bytes([high, low])),
        _ => usize::MAX,
    });
    // How many fields Wireshark shows of a header that it gives up.
    let shown = match () {
        () if first >> 4 != 4 => 1,
        () if header_len < 20 => 2,
        () if total < header_len => 4,
        () => IPV4.len(),
    };
    if total != usize::MAX || header.len() < 4 {
        emit_table(IPV4.get(..shown).unwrap_or(IPV4), layer, header, sink);
        return;
    }
    // A length of 0, left to the network card: the frame's counts.
    let (before, after) = IPV4.split_at_checked(3).unwrap_or((IPV4, &[]));
    emit_table(before.get(..shown).unwrap_or(before), layer, header, sink);
    if shown < IPV4.len() {
        return;
    }
    if sink.wants(FieldId::IP_LEN) {
        let len = layer.claimed_end.saturating_sub(layer.start);
        sink.field(FieldId::IP_LEN, Value::Unsigned(u64::from(len)), ByteRange::default());
    }
    emit_table(after.get(1..).unwrap_or(&[]), layer, header, sink);
}

fn icmp(layer: &Layer, header: &[u8], sink: &mut dyn FieldSink) {
    if header.len() < ICMP_READ_AHEAD {
        return;
    }
    emit_table(ICMP, layer, header, sink);
    match header.first() {
        // Echo, timestamp, information and address mask, asked and answered.
        Some(0 | 8 | 13..=18) => {
            emit_table(ICMP_IDENT, layer, header, sink);
        }
        // Extended echo (RFC 8335): its sequence number is another field.
        Some(42 | 43) => {
            emit_table(ICMP_IDENT.get(..1).unwrap_or(&[]), layer, header, sink);
        }
        _ => {}
    }
}

fn tcp(packet: &DecodedPacket<'_>, layer: &Layer, stream: Option<u32>, sink: &mut dyn FieldSink) {
    let header = packet.header(layer);
    if header.len() < PORTS_LEN {
        return;
    }
    emit_table(TCP_PORTS, layer, header, sink);
    if header.len() < TCP_READ_AHEAD {
        return;
    }
    give_stream(FieldId::TCP_STREAM, stream, sink);
    let header_len = header.get(12).map_or(0, |byte| u32::from(byte >> 4) * 4);
    let on_wire = layer.claimed_end.saturating_sub(layer.start);
    let (seq, ack) = TCP_RAW.split_at_checked(1).unwrap_or((TCP_RAW, &[]));
    if !layer.quoted {
        // How much a fragment's segment holds, its length field does not tell.
        let len = on_wire.checked_sub(header_len).filter(|_| !packet.is_first_fragment(layer));
        if let Some(len) = len.filter(|_| sink.wants(FieldId::TCP_LEN)) {
            sink.field(FieldId::TCP_LEN, Value::Unsigned(u64::from(len)), ByteRange::default());
        }
        emit_table(seq, layer, header, sink);
    }
    if header_len >= 20 {
        emit_table(ack, layer, header, sink);
    }
    emit_table(TCP_LENGTH, layer, header, sink);
    if header_len >= 20 && emit_table(TCP, layer, header, sink) {
        tcp_options(layer, header, sink);
    }
}

fn tcp_options(layer: &Layer, header: &[u8], sink: &mut dyn FieldSink) {
    let mut options = TcpOptionIter::new(header.get(20..).unwrap_or(&[]));
    loop {
        let at = options.offset();
        let Some(option) = options.next() else { return };
        let mut give = |id, value: u32, from: u32, len: u32| {
            if sink.wants(id) {
                let start = layer.start.saturating_add(20).saturating_add(at).saturating_add(from);
                let range = ByteRange { buffer: layer.buffer, start, end: start.saturating_add(len) };
                sink.field(id, Value::Unsigned(u64::from(value)), range);
            }
        };
        match option {
            TcpOption::MaximumSegmentSize(mss) => give(FieldId::TCP_OPTIONS_MSS_VAL, u32::from(mss), 2, 2),
            TcpOption::WindowScale(shift) => {
                give(FieldId::TCP_OPTIONS_WSCALE_SHIFT, u32::from(shift), 2, 1);
            }
            TcpOption::Timestamps { value, echo } => {
                give(FieldId::TCP_OPTIONS_TIMESTAMP_TSVAL, value, 2, 4);
                give(FieldId::TCP_OPTIONS_TIMESTAMP_TSECR, echo, 6, 4);
            }
            _ => {}
        }
    }
}
