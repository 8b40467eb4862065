//! Columns of a table of packets: a field, or what the packet list says (`_ws.col.Info`).
//!
//! Number, time, addresses and length are Wireshark's to the letter, hardware addresses as without name
//! resolution (`-n`). Protocol is the innermost header, or what a
//! segment's payload shows itself to be (Wireshark knows more of them), in Wireshark's spelling. Info is
//! wirelab's own words, those of its packet list.

use std::borrow::Cow;
use std::fmt::Write as _;

use super::color::Colors;
use super::format::Mac;
use super::line::{LineContext, PacketLines, TimeStyle, innermost, mac_addresses, sent_addresses};
use crate::decode::{DecodedPacket, Layer, LayerKind};
use crate::field::{FieldId, FieldKind, PacketContext, Value};
use crate::proto;
use crate::source::CapturedPacket;
use crate::time::Timestamp;

/// A column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Column {
    /// A field of the registry.
    Field(FieldId),
    /// A column of the packet list.
    Own(OwnColumn),
}

/// A column of the packet list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OwnColumn {
    /// `_ws.col.No.`: the packet's number.
    Number,
    /// `_ws.col.Time`: since the first packet unless another style is chosen, as exactly as the file tells times.
    Time(TimeStyle),
    /// `_ws.col.Source`: the innermost address that sends.
    Source,
    /// `_ws.col.Destination`: the innermost address that is sent to.
    Destination,
    /// `_ws.col.Protocol`: the innermost header.
    Protocol,
    /// `_ws.col.Length`: bytes on the wire.
    Length,
    /// `_ws.col.Info`: what the packet says, in wirelab's words.
    Info,
}

impl OwnColumn {
    /// All of them, in the order of the packet list.
    pub const ALL: [Self; 7] = [
        Self::Number,
        Self::Time(TimeStyle::Relative),
        Self::Source,
        Self::Destination,
        Self::Protocol,
        Self::Length,
        Self::Info,
    ];

    /// The name that scripts ask for.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Number => "_ws.col.No.",
            Self::Time(_) => "_ws.col.Time",
            Self::Source => "_ws.col.Source",
            Self::Destination => "_ws.col.Destination",
            Self::Protocol => "_ws.col.Protocol",
            Self::Length => "_ws.col.Length",
            Self::Info => "_ws.col.Info",
        }
    }
}

impl Column {
    /// The column called `name`. Those of the packet list are found in any case: later versions of Wireshark write
    /// them small.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        let own = OwnColumn::ALL.into_iter().find(|own| own.name().eq_ignore_ascii_case(name));
        own.map(Self::Own).or_else(|| FieldId::named(name).map(Self::Field))
    }

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Field(id) => id.def().name,
            Self::Own(own) => own.name(),
        }
    }
}

impl From<FieldId> for Column {
    fn from(id: FieldId) -> Self {
        Self::Field(id)
    }
}

/// Writes the columns of the packet list.
#[derive(Debug)]
pub(in crate::render) struct OwnColumns {
    lines: PacketLines,
}

impl OwnColumns {
    pub(in crate::render) fn new() -> Self {
        Self { lines: PacketLines::new(None, Colors::OFF) }
    }

    /// Writes one column of a packet; nothing where the packet has none.
    pub(in crate::render) fn write(
        &mut self,
        column: OwnColumn,
        packet: &CapturedPacket<'_>,
        decoded: &DecodedPacket<'_>,
        context: &PacketContext<'_>,
        out: &mut String,
    ) {
        // A String takes whatever is written to it.
        let _ = match column {
            OwnColumn::Number => write!(out, "{}", packet.number),
            OwnColumn::Time(_) if packet.ts.is_none() => Ok(()),
            OwnColumn::Time(style) => write!(out, "{}", style.stamp(packet.ts, context)),
            OwnColumn::Source | OwnColumn::Destination => {
                write_address(decoded, column == OwnColumn::Source, out);
                Ok(())
            }
            OwnColumn::Protocol => out.write_str(&protocol(decoded)),
            OwnColumn::Length => {
                write!(out, "{}", packet.wire_len.saturating_sub(packet.link.pseudo_header_len()))
            }
            OwnColumn::Info => {
                let context = LineContext {
                    relative: context.first.and_then(|first: Timestamp| Some(packet.ts? - first)),
                    verdicts: context.verdicts,
                    messages: context.messages,
                };
                // A line keeps its columns aligned; here nothing stands before.
                let info = String::from_utf8_lossy(self.lines.info(packet, decoded, &context));
                out.write_str(info.trim_ascii_start())
            }
        };
    }
}

fn write_address(decoded: &DecodedPacket<'_>, source: bool, out: &mut String) {
    if let Some((src, dst)) = sent_addresses(decoded) {
        let value = match if source { src } else { dst } {
            std::net::IpAddr::V4(addr) => Value::Ipv4(addr),
            std::net::IpAddr::V6(addr) => Value::Ipv6(addr),
        };
        // As the fields are written; the kind says nothing more of an address.
        let _ = value.write(FieldKind::Ipv6, out);
        return;
    }
    let ethernet = decoded.layers().iter().rfind(|layer| !layer.quoted && layer.kind == LayerKind::Ethernet);
    if let Some((src, dst)) = ethernet.and_then(|layer| mac_addresses(decoded, layer)) {
        let _ = write!(out, "{}", Mac(if source { src } else { dst }));
    }
}

/// As Wireshark spells it in its column. What a segment or datagram carries counts where its form shows it.
fn protocol(decoded: &DecodedPacket<'_>) -> Cow<'static, str> {
    let Some(layer) = innermost(decoded) else { return "".into() };
    let header = decoded.header(layer);
    Cow::Borrowed(match layer.kind {
        LayerKind::Ethernet => "Ethernet",
        LayerKind::Arp => "ARP",
        LayerKind::Ipv4 => "IPv4",
        LayerKind::Ipv6
        | LayerKind::Ipv6HopByHop
        | LayerKind::Ipv6Routing
        | LayerKind::Ipv6Fragment
        | LayerKind::Ipv6DestOptions => "IPv6",
        LayerKind::Icmp => "ICMP",
        LayerKind::Icmpv6 => "ICMPv6",
        // A query of more than 8 bytes is of version 3, one without a time of version 1 (RFC 3376 section 7.1).
        LayerKind::Igmp => match (header, decoded.payload(layer)) {
            ([0x22, ..], _) => "IGMPv3",
            ([0x11, ..], rest) if header.len() + rest.len() > 8 => "IGMPv3",
            ([0x11, 0, ..] | [0x12, ..], _) => "IGMPv1",
            _ => "IGMPv2",
        },
        LayerKind::Tcp => carried(decoded, layer).unwrap_or("TCP"),
        LayerKind::Udp => carried(decoded, layer).unwrap_or("UDP"),
        LayerKind::UdpLite => "UDPlite",
        LayerKind::Sctp => "SCTP",
        LayerKind::Esp => "ESP",
        LayerKind::Ah => "AH",
        LayerKind::IpComp => "IPComp",
        LayerKind::Gre => "GRE",
        LayerKind::Pim => "PIMv2",
        LayerKind::Hip => "HIP",
        LayerKind::Mobility => "MIPv6",
        LayerKind::L2tp => "L2TP",
        LayerKind::Gtpu => "GTP",
        LayerKind::Mpls => "MPLS",
        LayerKind::Wlan => "802.11",
        LayerKind::Macsec => "MACSEC",
        LayerKind::Llc | LayerKind::Snap => "LLC",
        LayerKind::Pppoe => match header {
            [_, 0, ..] => "PPPoES",
            _ => "PPPoED",
        },
        LayerKind::UndecodedIpProtocol(number) => match number {
            33 => "DCCP",
            46 => "RSVP",
            88 => "EIGRP",
            89 => "OSPF",
            112 => "VRRP",
            113 => "PGM",
            115 => "L2TPv3",
            _ if decoded.layers().iter().any(|layer| !layer.quoted && layer.kind == LayerKind::Ipv6) => {
                "IPv6"
            }
            _ => "IPv4",
        },
        LayerKind::UndecodedLlc(0x42) => "STP",
        LayerKind::UndecodedLlc(_) | LayerKind::UndecodedSnap(_) => "LLC",
        LayerKind::UndecodedPpp(number) => match number {
            0x8021 => "PPP IPCP",
            0x8057 => "PPP IPV6CP",
            0xc021 => "PPP LCP",
            0xc023 => "PPP PAP",
            0xc223 => "PPP CHAP",
            _ => "PPP",
        },
        LayerKind::UndecodedEtherType(number) => match number {
            0x888e => "EAPOL",
            0x88cc => "LLDP",
            0x88f7 => "PTPv2",
            0x9000 => "LOOP",
            _ => return format!("0x{number:04x}").into(),
        },
        kind => kind.name(),
    })
}

/// The protocol whose form the payload of a segment or datagram has, as Wireshark spells it.
fn carried(decoded: &DecodedPacket<'_>, layer: &Layer) -> Option<&'static str> {
    let transport = decoded.transports().iter().find(|transport| {
        decoded.layers().get(transport.layer).is_some_and(|own| std::ptr::eq(own, layer))
    })?;
    let payload = decoded.payload(layer);
    let by = |port| proto::name(transport.protocol, port, payload);
    Some(match by(transport.dst.port).or_else(|| by(transport.src.port))? {
        "POP3" => "POP",
        "SSH" => "SSHv2",
        name => name,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::Decoder;
    use crate::source::LinkType;

    #[test]
    fn columns_are_found_by_name_and_fields_too() {
        for own in OwnColumn::ALL {
            assert_eq!(Column::named(own.name()), Some(Column::Own(own)));
        }
        assert_eq!(Column::named("_ws.col.info"), Some(Column::Own(OwnColumn::Info)));
        assert_eq!(Column::named("ip.src").map(Column::name), Some("ip.src"));
        assert_eq!(Column::named("_ws.col.Nonsense"), None);
    }

    #[test]
    fn a_packet_in_columns() {
        let mut data = Vec::new();
        let step =
            etherparse::PacketBuilder::ethernet2([2; 6], [4; 6]).ipv4([192, 0, 2, 1], [192, 0, 2, 2], 9);
        step.udp(40000, 9).write(&mut data, b"a\tb").unwrap();
        let packet = CapturedPacket {
            number: 12,
            ts: Some(Timestamp::from_parts(5, 500_000_900)),
            wire_len: 60,
            interface: 0,
            link: LinkType::ETHERNET,
            data: &data,
        };
        let context = PacketContext { first: Some(Timestamp::from_parts(3, 0)), ..PacketContext::default() };
        let mut decoder = Decoder::new();
        let mut columns = OwnColumns::new();
        let mut row = |len: usize| {
            let decoded = decoder.decode(packet.link, data.get(..len).unwrap(), packet.wire_len);
            OwnColumn::ALL.map(|column| {
                let mut out = String::new();
                columns.write(column, &packet, &decoded, &context, &mut out);
                out
            })
        };
        let udp = ["12", "2.500000", "192.0.2.1", "192.0.2.2", "UDP", "60", r"len 3 │ a\tb"];
        assert_eq!(row(data.len()), udp);
        let [_, _, src, dst, protocol, ..] = row(14);
        assert_eq!([&*src, &*dst, &*protocol], ["02:02:02:02:02:02", "04:04:04:04:04:04", "IPv4"]);
        let [_, _, src, _, protocol, _, info] = row(0);
        assert_eq!([&*src, &*protocol, &*info], ["", "Ethernet", "len 60, cut by snaplen in Ethernet"]);
    }

    #[test]
    fn protocols_are_spelled_as_wireshark_spells_them() {
        let name = |number: u8, rest: &[u8]| {
            let len = u8::try_from(20 + rest.len()).unwrap();
            let mut data = vec![0x45, 0, 0, len, 0, 1, 0, 0, 64, number, 0, 0, 192, 0, 2, 1, 192, 0, 2, 2];
            data.extend(rest);
            let mut decoder = Decoder::new();
            let decoded = decoder.decode(LinkType::RAW, &data, len.into());
            protocol(&decoded).into_owned()
        };
        let igmp = |kind: u8, code: u8, len: usize| name(2, &[&[kind, code][..], &vec![0; len - 2]].concat());
        assert_eq!(igmp(0x11, 0, 8), "IGMPv1");
        assert_eq!(igmp(0x11, 100, 8), "IGMPv2");
        assert_eq!(igmp(0x11, 100, 12), "IGMPv3");
        assert_eq!(igmp(0x12, 0, 8), "IGMPv1");
        assert_eq!(igmp(0x16, 0, 8), "IGMPv2");
        assert_eq!(igmp(0x22, 0, 16), "IGMPv3");
        assert_eq!((name(89, &[0; 24]), name(253, &[0; 8])), ("OSPF".to_owned(), "IPv4".to_owned()));
        let tcp = |port: u8, payload: &[u8]| {
            let header = [0x90, 0, 0, port, 0, 0, 0, 1, 0, 0, 0, 1, 0x50, 0x18, 1, 0, 0, 0, 0, 0];
            name(6, &[&header[..], payload].concat())
        };
        assert_eq!(tcp(80, b"GET / HTTP/1.1\r\n"), "HTTP");
        assert_eq!(tcp(80, b"some text"), "TCP");
        assert_eq!(tcp(80, b""), "TCP");
        assert_eq!(tcp(22, b"SSH-2.0-x\r\n"), "SSHv2");
        let question = [0, 7, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, b'a', 0, 0, 1, 0, 1];
        let udp = |port: u8| name(17, &[&[0x90, 0, 0, port, 0, 27, 0, 0][..], &question].concat());
        assert_eq!((udp(53), udp(54)), ("DNS".to_owned(), "UDP".to_owned()));
    }
}
