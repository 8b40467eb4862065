//! `-T fields`: chosen fields of each packet, one line a packet, as tshark writes them.
//!
//! Text from the wire stays on its line and controls no terminal, also behind a pipe: as in tshark, backspace, tab,
//! line feed, form feed and carriage return are written `\b \t \n \f \r`; other control characters, which tshark
//! writes as they are, become `\xNN`. What goes straight to a terminal shows invisible characters, too
//! ([`FieldStyle::to_terminal`]).

use std::fmt::Write as _;
use std::io::{self, Write};

use super::columns::{Column, OwnColumns};
use super::safe::is_hidden;
use crate::decode::DecodedPacket;
use crate::field::{self, ByteRange, FieldId, FieldKind, FieldSet, FieldSink, PacketContext, Value};
use crate::source::CapturedPacket;

/// What tshark writes for bytes that are none.
const MISSING: &str = "<MISSING>";

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

/// How the table is written (`-E`). As in tshark, separator and aggregator are one character, and a quote inside of a
/// value is not escaped.
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
    /// Whether the table begins with a byte order mark (`bom=y`), which some spreadsheets need to read UTF-8.
    pub byte_order_mark: bool,
    /// Whether a person sees it: then characters that hide or reorder others are written out too (`\u{202e}`).
    pub to_terminal: bool,
}

impl Default for FieldStyle {
    fn default() -> Self {
        Self {
            separator: '\t',
            aggregator: ',',
            occurrence: Occurrence::All,
            quote: None,
            header: false,
            byte_order_mark: false,
            to_terminal: false,
        }
    }
}

/// How text from the wire is written into a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::render) enum TextForm {
    /// As it is.
    Raw,
    /// So that it stays on its line.
    Line,
    /// So that it cannot control a terminal either.
    Terminal,
}

/// The chosen columns of the packet at hand.
#[derive(Debug)]
pub(in crate::render) struct Cells {
    wanted: FieldSet,
    columns: Vec<Column>,
    /// The cells of each field, sorted by field.
    places: Vec<(FieldId, usize)>,
    cells: Vec<Cell>,
    own: Option<OwnColumns>,
    form: TextForm,
    occurrence: Occurrence,
}

/// The occurrences of one field.
#[derive(Debug, Default)]
struct Cell {
    text: String,
    /// Where each occurrence ends.
    ends: Vec<usize>,
}

impl Cell {
    fn occurrences(&self) -> impl Iterator<Item = &str> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts.zip(&self.ends).filter_map(|(start, &end)| self.text.get(start..end))
    }
}

impl Cells {
    pub(in crate::render) fn new(columns: Vec<Column>, form: TextForm, occurrence: Occurrence) -> Self {
        let fields = columns.iter().filter_map(|column| match *column {
            Column::Field(id) => Some(id),
            Column::Own(_) => None,
        });
        let wanted = fields.collect();
        let cells = columns.iter().map(|_| Cell::default()).collect();
        let own = columns.iter().any(|column| matches!(column, Column::Own(_))).then(OwnColumns::new);
        let mut places: Vec<(FieldId, usize)> = columns
            .iter()
            .enumerate()
            .filter_map(|(place, column)| match *column {
                Column::Field(id) => Some((id, place)),
                Column::Own(_) => None,
            })
            .collect();
        places.sort_unstable();
        Self { wanted, columns, places, cells, own, form, occurrence }
    }

    /// Takes the columns of a packet, instead of those before.
    pub(in crate::render) fn gather(
        &mut self,
        packet: &CapturedPacket<'_>,
        decoded: &DecodedPacket<'_>,
        context: &PacketContext<'_>,
    ) {
        for cell in &mut self.cells {
            cell.text.clear();
            cell.ends.clear();
        }
        let mut sink = CellSink {
            places: &self.places,
            cells: &mut self.cells,
            form: self.form,
            occurrence: self.occurrence,
        };
        field::emit(packet, decoded, context, &self.wanted, &mut sink);
        let Some(own) = &mut self.own else { return };
        for (column, cell) in self.columns.iter().zip(&mut self.cells) {
            if let Column::Own(column) = *column {
                own.write(column, packet, decoded, context, &mut cell.text);
                if !cell.text.is_empty() {
                    cell.ends.push(cell.text.len());
                }
            }
        }
    }

    /// The columns and the occurrences of each.
    pub(in crate::render) fn iter(&self) -> impl Iterator<Item = (Column, impl Iterator<Item = &str>)> {
        self.columns.iter().copied().zip(self.cells.iter().map(Cell::occurrences))
    }
}

/// The sink.
struct CellSink<'a> {
    /// Which cells each field goes to, in the order of the fields: a table may have hundreds of columns.
    places: &'a [(FieldId, usize)],
    cells: &'a mut [Cell],
    form: TextForm,
    occurrence: Occurrence,
}

impl FieldSink for CellSink<'_> {
    fn field(&mut self, id: FieldId, value: Value<'_>, _: ByteRange) {
        let first = self.places.partition_point(|(field, _)| *field < id);
        let own = self.places.get(first..).unwrap_or(&[]).iter().take_while(|(field, _)| *field == id);
        for (_, place) in own {
            let Some(cell) = self.cells.get_mut(*place) else { continue };
            if !cell.ends.is_empty() {
                match self.occurrence {
                    Occurrence::First => continue,
                    Occurrence::Last => {
                        cell.text.clear();
                        cell.ends.clear();
                    }
                    Occurrence::All => {}
                }
            }
            // A String takes whatever is written to it.
            let _ = match value {
                Value::Text(text) => write_text(text, self.form, &mut cell.text),
                // tshark writes its line of the tree, which begins so.
                _ if id.def().kind == FieldKind::Protocol => cell.text.write_str(id.def().doc),
                Value::Bytes([]) => cell.text.write_str(MISSING),
                _ => value.write(id.def().kind, &mut cell.text),
            };
            cell.ends.push(cell.text.len());
        }
    }
}

fn write_text(text: &str, form: TextForm, out: &mut String) -> std::fmt::Result {
    if form == TextForm::Raw {
        return out.write_str(text);
    }
    for char in text.chars() {
        match char {
            '\x08' => out.write_str("\\b")?,
            '\t' => out.write_str("\\t")?,
            '\n' => out.write_str("\\n")?,
            '\x0c' => out.write_str("\\f")?,
            '\r' => out.write_str("\\r")?,
            _ if char.is_control() => write!(out, "\\x{:02x}", u32::from(char))?,
            _ if form == TextForm::Terminal && is_hidden(char) => {
                write!(out, "\\u{{{:x}}}", u32::from(char))?
            }
            _ => out.write_char(char)?,
        }
    }
    Ok(())
}

/// Writes rows of fields.
#[derive(Debug)]
pub struct FieldTable {
    cells: Cells,
    line: String,
    style: FieldStyle,
}

impl FieldTable {
    /// A table of `columns`, in this order; one may be named twice.
    #[must_use]
    pub fn new<C: Into<Column>>(columns: impl IntoIterator<Item = C>, style: FieldStyle) -> Self {
        let form = if style.to_terminal { TextForm::Terminal } else { TextForm::Line };
        let columns = columns.into_iter().map(Into::into).collect();
        Self { cells: Cells::new(columns, form, style.occurrence), line: String::new(), style }
    }

    /// Writes what stands before the first row, where the style wants something.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn begin<W: Write + ?Sized>(&mut self, out: &mut W) -> io::Result<()> {
        self.line.clear();
        if self.style.byte_order_mark {
            self.line.push('\u{feff}');
        }
        if self.style.header {
            for (place, column) in self.cells.columns.iter().enumerate() {
                if place > 0 {
                    self.line.push(self.style.separator);
                }
                self.line.push_str(column.name());
            }
            self.line.push('\n');
        }
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
        self.cells.gather(packet, decoded, context);
        self.line.clear();
        for (place, (_, occurrences)) in self.cells.iter().enumerate() {
            if place > 0 {
                self.line.push(self.style.separator);
            }
            let mut any = false;
            for text in occurrences {
                if std::mem::replace(&mut any, true) {
                    self.line.push(self.style.aggregator);
                } else {
                    self.line.extend(self.style.quote);
                }
                self.line.push_str(text);
            }
            self.line.extend(self.style.quote.filter(|_| any));
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
        let columns = fields.iter().map(|name| Column::named(name).unwrap());
        let mut table = FieldTable::new(columns, style);
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
        let marked = FieldStyle { byte_order_mark: true, ..FieldStyle::default() };
        assert_eq!(row(&["frame.number"], marked), "\u{feff}7\n");
    }

    #[test]
    fn a_protocol_is_told_by_its_title_and_bytes_that_are_none_by_a_word() {
        let text = row(&["ip", "udp", "tcp"], FieldStyle::default());
        let titles = "Internet Protocol Version 4,Internet Protocol Version 4\tUser Datagram Protocol\t\n";
        assert_eq!(text, titles);
        let id = FieldId::named("data.data").unwrap();
        let places = [(id, 0)];
        let mut cells = [Cell::default()];
        let (form, occurrence) = (TextForm::Line, Occurrence::All);
        let mut sink = CellSink { places: &places, cells: &mut cells, form, occurrence };
        sink.field(id, Value::Bytes(&[]), ByteRange::default());
        sink.field(id, Value::Bytes(&[7]), ByteRange::default());
        assert_eq!(cells[0].occurrences().collect::<Vec<_>>(), ["<MISSING>", "07"]);
    }

    #[test]
    fn columns_of_the_packet_list_stand_beside_fields() {
        let text = row(&["_ws.col.Protocol", "ip.ttl", "_ws.col.Source"], FieldStyle::default());
        assert_eq!(text, "ICMP\t63,64\t192.0.2.2\n");
    }

    #[test]
    fn text_stays_on_its_line_and_off_the_terminal() {
        let written = |form| {
            let mut out = String::new();
            write_text("a\tb\r\n\u{8}\u{c}\"c'\\é\u{1b}[2J\u{7f}\u{9b}\u{202e}", form, &mut out).unwrap();
            out
        };
        let line = "a\\tb\\r\\n\\b\\f\"c'\\é";
        assert_eq!(written(TextForm::Line), format!("{line}\\x1b[2J\\x7f\\x9b\u{202e}"));
        assert_eq!(written(TextForm::Terminal), format!("{line}\\x1b[2J\\x7f\\x9b\\u{{202e}}"));
    }
}
