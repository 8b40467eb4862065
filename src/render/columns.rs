//! Columns of a table of packets: a field, or what the packet list says (`_ws.col.Info`).
//!
//! Number, time, addresses and length are Wireshark's to the letter, hardware addresses as without name
//! resolution (`-n`). Protocol is the innermost header that wirelab decodes, in Wireshark's spelling. Info is
//! wirelab's own words, those of its packet list.

use std::fmt::Write as _;

use super::color::Colors;
use super::format::{Mac, Seconds};
use super::line::{LineContext, PacketLines, innermost, mac_addresses, sent_addresses};
use crate::decode::{DecodedPacket, LayerKind};
use crate::field::{FieldId, FieldKind, PacketContext, Value};
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
    /// `_ws.col.Time`: seconds since the first packet, with six digits.
    Time,
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
    pub const ALL: [Self; 7] =
        [Self::Number, Self::Time, Self::Source, Self::Destination, Self::Protocol, Self::Length, Self::Info];

    /// The name that scripts ask for.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Number => "_ws.col.No.",
            Self::Time => "_ws.col.Time",
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
        let now = packet.ts.unwrap_or_default();
        let relative = now - context.first.unwrap_or(now);
        // A String takes whatever is written to it.
        let _ = match column {
            OwnColumn::Number => write!(out, "{}", packet.number),
            OwnColumn::Time => write!(out, "{}", Seconds(relative)),
            OwnColumn::Source | OwnColumn::Destination => {
                write_address(decoded, column == OwnColumn::Source, out);
                Ok(())
            }
            OwnColumn::Protocol => out.write_str(protocol(decoded)),
            OwnColumn::Length => {
                write!(out, "{}", packet.wire_len.saturating_sub(packet.link.pseudo_header_len()))
            }
            OwnColumn::Info => {
                let context = LineContext {
                    relative: context.first.and_then(|first: Timestamp| Some(packet.ts? - first)),
                    verdicts: context.verdicts,
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

/// As Wireshark spells it in its column.
fn protocol(decoded: &DecodedPacket<'_>) -> &'static str {
    match innermost(decoded) {
        None => "",
        Some(LayerKind::Ethernet) => "Ethernet",
        Some(LayerKind::Arp) => "ARP",
        Some(LayerKind::Ipv4) => "IPv4",
        Some(LayerKind::Ipv6) => "IPv6",
        Some(LayerKind::Icmp) => "ICMP",
        Some(LayerKind::Icmpv6) => "ICMPv6",
        Some(LayerKind::Tcp) => "TCP",
        Some(LayerKind::Udp) => "UDP",
        Some(LayerKind::UdpLite) => "UDPlite",
        Some(kind) => kind.name(),
    }
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
}
