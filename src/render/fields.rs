//! `-T fields`: chosen fields of each packet, one line a packet, as tshark writes them.

use std::io::{self, Write};

use crate::decode::DecodedPacket;
use crate::field::{self, ByteRange, FieldId, FieldSet, FieldSink, PacketContext, Value};
use crate::source::CapturedPacket;

/// Which occurrences of a field are printed (`-E occurrence=`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Occurrence {
    /// The first (`f`).
    First,
    /// The last (`l`).
    Last,
    /// All (`a`).
    #[default]
    All,
}

/// How the table is written (`-E`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldStyle {
    /// Between fields; tab unless chosen.
    pub separator: char,
    /// Between occurrences of one field; comma unless chosen.
    pub aggregator: char,
    /// Which occurrences.
    pub occurrence: Occurrence,
    /// Around each field that has a value.
    pub quote: Option<char>,
    /// Whether a first line names the fields.
    pub header: bool,
}

impl Default for FieldStyle {
    fn default() -> Self {
        let occurrence = Occurrence::All;
        Self { separator: '\t', aggregator: ',', occurrence, quote: None, header: false }
    }
}

/// Writes rows of fields.
#[derive(Debug)]
pub struct FieldTable {
    wanted: FieldSet,
    cells: Cells,
    line: String,
    style: FieldStyle,
}

/// The sink: the text of each wanted field of the packet at hand.
#[derive(Debug)]
struct Cells {
    fields: Vec<FieldId>,
    texts: Vec<String>,
    aggregator: char,
    occurrence: Occurrence,
}

impl FieldSink for Cells {
    fn field(&mut self, id: FieldId, value: Value<'_>, _: ByteRange) {
        for (_, text) in self.fields.iter().zip(&mut self.texts).filter(|(field, _)| **field == id) {
            if !text.is_empty() {
                match self.occurrence {
                    Occurrence::First => continue,
                    Occurrence::Last => text.clear(),
                    Occurrence::All => text.push(self.aggregator),
                }
            }
            // A String takes whatever is written to it.
            let _ = value.write(id.def().kind, text);
        }
    }
}

impl FieldTable {
    /// A table of `fields`, in this order; a field may be named twice.
    #[must_use]
    pub fn new(fields: Vec<FieldId>, style: FieldStyle) -> Self {
        let wanted = fields.iter().copied().collect();
        let texts = vec![String::new(); fields.len()];
        let (aggregator, occurrence) = (style.aggregator, style.occurrence);
        Self { wanted, cells: Cells { fields, texts, aggregator, occurrence }, line: String::new(), style }
    }

    /// Writes the line of names, where the style wants one.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn begin<W: Write + ?Sized>(&mut self, out: &mut W) -> io::Result<()> {
        if !self.style.header {
            return Ok(());
        }
        self.line.clear();
        for (place, field) in self.cells.fields.iter().enumerate() {
            if place > 0 {
                self.line.push(self.style.separator);
            }
            self.line.push_str(field.def().name);
        }
        self.line.push('\n');
        out.write_all(self.line.as_bytes())
    }

    /// Writes the row of one packet.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn row<W: Write + ?Sized>(
        &mut self,
        out: &mut W,
        packet: &CapturedPacket<'_>,
        decoded: &DecodedPacket<'_>,
        context: &PacketContext<'_>,
    ) -> io::Result<()> {
        self.cells.texts.iter_mut().for_each(String::clear);
        field::emit(packet, decoded, context, &self.wanted, &mut self.cells);
        self.line.clear();
        for (place, text) in self.cells.texts.iter().enumerate() {
            if place > 0 {
                self.line.push(self.style.separator);
            }
            let quote = self.style.quote.filter(|_| !text.is_empty());
            self.line.extend(quote);
            self.line.push_str(text);
            self.line.extend(quote);
        }
        self.line.push('\n');
        out.write_all(self.line.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::Decoder;
    use crate::source::LinkType;
    use crate::time::Timestamp;

    /// The row of an ICMP error that quotes a datagram: some fields occur twice.
    fn row(fields: &[&str], style: FieldStyle) -> String {
        let mut quoted = Vec::new();
        etherparse::PacketBuilder::ipv4([192, 0, 2, 1], [192, 0, 2, 2], 64)
            .udp(40000, 9)
            .write(&mut quoted, &[])
            .unwrap();
        let mut bytes = Vec::new();
        etherparse::PacketBuilder::ipv4([192, 0, 2, 2], [192, 0, 2, 1], 63)
            .icmpv4_raw(3, 3, [0; 4])
            .write(&mut bytes, &quoted)
            .unwrap();
        let packet = CapturedPacket {
            number: 7,
            ts: Some(Timestamp::from_parts(1, 5)),
            wire_len: u32::try_from(bytes.len()).unwrap(),
            interface: 0,
            link: LinkType::RAW,
            data: &bytes,
        };
        let mut decoder = Decoder::new();
        let decoded = decoder.decode(packet.link, packet.data, packet.wire_len);
        let ids = fields.iter().map(|name| FieldId::named(name).unwrap()).collect();
        let mut table = FieldTable::new(ids, style);
        let mut out = Vec::new();
        table.begin(&mut out).unwrap();
        table.row(&mut out, &packet, &decoded, &PacketContext::default()).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn all_occurrences_unless_asked_otherwise() {
        let fields = ["frame.number", "ip.ttl", "tcp.srcport", "ip.ttl"];
        assert_eq!(row(&fields, FieldStyle::default()), "7\t63,64\t\t63,64\n");
        let first = FieldStyle { occurrence: Occurrence::First, ..FieldStyle::default() };
        assert_eq!(row(&fields, first), "7\t63\t\t63\n");
        let last = FieldStyle { occurrence: Occurrence::Last, ..FieldStyle::default() };
        assert_eq!(row(&fields, last), "7\t64\t\t64\n");
    }

    #[test]
    fn style_is_obeyed() {
        let style = FieldStyle {
            separator: ';',
            aggregator: ' ',
            quote: Some('"'),
            header: true,
            ..FieldStyle::default()
        };
        let text = row(&["ip.src", "tcp.srcport", "udp.dstport"], style);
        assert_eq!(text, "ip.src;tcp.srcport;udp.dstport\n\"192.0.2.2 192.0.2.1\";;\"9\"\n");
    }
}
