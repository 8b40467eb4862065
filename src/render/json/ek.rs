//! `-T ek`: packets as tshark writes them for Elasticsearch, two lines a packet: what to do with it, and the packet.
//!
//! Names have underscores, the protocol's first (`ip_ip_src`); what stands under a field stands beside it. Truth
//! values are `true` and `false`, labels without a value `null`; everything else is a string, times as ISO 8601 in UTC. Keys are unique: where tshark
//! writes a name again (`tcp_tcp_option_kind`), here the values are in one array.

use std::fmt::Write as _;
use std::io::{self, Write};

use super::escape::JsonText;
use super::tshark::{self, LEFT_OUT, Packets, index};
use crate::decode::DecodedPacket;
use crate::field::names::{ip, ipv6};
use crate::field::{FieldDef, FieldId, FieldKind, PacketContext, Value};
use crate::render::columns::Column;
use crate::render::fields::Cells;
use crate::render::format::IsoNanos;
use crate::render::tree::{FieldTree, side_by_side};
use crate::source::CapturedPacket;

/// Writes packets as tshark's newline-delimited JSON.
#[derive(Debug)]
pub struct EkJson {
    packets: Packets,
    bytes: Vec<u8>,
}

impl EkJson {
    /// Lines of the packets with all their fields, or with `columns` where any are named.
    #[must_use]
    pub fn new(columns: Vec<Column>) -> Self {
        Self { packets: Packets::new(columns, write_value), bytes: Vec::new() }
    }

    /// Writes the two lines of one packet.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn write<W: Write + ?Sized>(
        &mut self,
        out: &mut W,
        packet: &CapturedPacket<'_>,
        decoded: &DecodedPacket<'_>,
        context: &PacketContext<'_>,
    ) -> io::Result<()> {
        self.bytes.clear();
        let (seconds, nanos) = packet.ts.unwrap_or_default().parts();
        let index = index(packet.ts);
        writeln!(self.bytes, "{{\"index\":{{\"_index\":\"{index}\",\"_type\":\"doc\"}}}}")?;
        // Milliseconds as tshark writes them: behind the seconds, three digits of their own.
        write!(self.bytes, "{{\"timestamp\":\"{seconds}{:03}\",\"layers\":", nanos / 1_000_000)?;
        let mut json = Compact { out: &mut self.bytes };
        match &mut self.packets {
            Packets::Whole(tree) => {
                tree.gather(packet, decoded, context);
                json.object(tree, None);
            }
            Packets::Chosen(cells) => {
                cells.gather(packet, decoded, context);
                json.cells(cells);
            }
        }
        self.bytes.extend_from_slice(b"}\n");
        out.write_all(&self.bytes)
    }

    /// Ends the output, which needs nothing for that.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn finish<W: Write + ?Sized>(self, out: &mut W) -> io::Result<()> {
        out.flush()
    }
}

/// As in `-T json`, but for times.
fn write_value(value: &Value<'_>, def: &FieldDef, out: &mut String) {
    if let Value::Time(time) = *value {
        // A String takes whatever is written to it.
        let _ = write!(out, "{}", IsoNanos(time));
    } else {
        tshark::write_value(value, def, out);
    }
}

/// Whether Wireshark has this field for a protocol of its own, so that its name is not put behind another: the options
/// of IP and TCP.
fn stands_alone(def: &FieldDef) -> bool {
    let option = ["tcp.options.", "ip.options."].iter().find_map(|prefix| def.name.strip_prefix(prefix));
    def.kind == FieldKind::Protocol
        || def.kind == FieldKind::Bytes && option.is_some_and(|option| !option.contains('.'))
}

/// Writes JSON without spaces into memory.
struct Compact<'a> {
    out: &'a mut Vec<u8>,
}

impl Compact<'_> {
    /// The key of the next member of an object: a name with its dots as underscores.
    fn key(&mut self, any: &mut bool, protocol: Option<&str>, name: &str) {
        if std::mem::replace(any, true) {
            self.out.raw(",");
        }
        self.out.raw("\"");
        for part in protocol.into_iter().chain([name]) {
            self.out.extend(part.bytes().map(|byte| if byte == b'.' { b'_' } else { byte }));
            self.out.raw("_");
        }
        // The last underscore is one too many.
        self.out.pop();
        self.out.raw("\":");
    }

    /// What stands under `parent`, up to the protocols within. The tree's depth is limited, and with it the recursion.
    fn object(&mut self, tree: &FieldTree, parent: Option<usize>) {
        let (mut next, end) = match parent {
            None => (0, tree.nodes().len()),
            Some(place) => (place + 1, tree.node(place).map_or(0, |node| node.end)),
        };
        let mut places = Vec::new();
        while let Some(node) = tree.node(next).filter(|_| next < end) {
            places.push(next);
            next = if node.id.def().kind == FieldKind::Protocol { node.end } else { next + 1 };
        }
        self.out.raw("{");
        let mut any = false;
        let under = parent.and_then(|place| tree.node(place)).map(|node| node.id);
        for (id, group) in side_by_side(places, |place| tree.node(place).map(|node| node.id)) {
            let Some(id) = id else { continue };
            let def = id.def();
            // Wireshark has this field twice, once for each version of IP.
            let owner = under.filter(|&under| id == ip::VERSION && under == ipv6::PROTOCOL);
            let owner = owner.unwrap_or(id.protocol());
            let protocol = (!stands_alone(def)).then(|| owner.def().name);
            self.key(&mut any, protocol, def.name);
            if group.len() > 1 {
                self.out.raw("[");
            }
            for (place, &occurrence) in group.iter().enumerate() {
                if place > 0 {
                    self.out.raw(",");
                }
                self.value(tree, id, occurrence);
            }
            if group.len() > 1 {
                self.out.raw("]");
            }
        }
        if parent.is_none() && tree.left_out() > 0 {
            self.key(&mut any, None, LEFT_OUT);
            self.out.string(&tree.left_out().to_string());
        }
        self.out.raw("}");
    }

    fn value(&mut self, tree: &FieldTree, id: FieldId, place: usize) {
        let Some(node) = tree.node(place) else { return };
        match id.def().kind {
            FieldKind::Protocol => self.object(tree, Some(place)),
            FieldKind::Mark => self.out.raw("null"),
            FieldKind::Boolean => self.out.raw(if node.number == Some(0) { "false" } else { "true" }),
            _ => self.out.string(tree.text(node)),
        }
    }

    /// Chosen columns, each an array of strings.
    fn cells(&mut self, cells: &Cells) {
        self.out.raw("{");
        let mut any = false;
        for (column, occurrences) in cells.iter() {
            let mut first = true;
            for text in occurrences {
                if std::mem::replace(&mut first, false) {
                    self.key(&mut any, None, column.name());
                    self.out.raw("[");
                } else {
                    self.out.raw(",");
                }
                self.out.string(text);
            }
            if !first {
                self.out.raw("]");
            }
        }
        self.out.raw("}");
    }
}
