//! `-T json`: packets in the shape of tshark's, for scripts that read that.
//!
//! `_source.layers` holds an object a protocol, its fields as strings; what stands under a field is in the object of
//! the same name with `_tree` behind it. Keys are unique, as with tshark's `--no-duplicate-keys`: several occurrences
//! under the same parent are an array. With chosen fields, `layers` holds an array of strings for each.
//!
//! What tshark writes as text without a field of its own (`"Timestamps": {…}`) is not there.

use std::fmt::Write as _;
use std::io::{self, Write};

use super::escape::JsonText;
use crate::decode::DecodedPacket;
use crate::field::names::{tcp, udp};
use crate::field::{FieldDef, FieldId, FieldKind, PacketContext, Value};
use crate::render::columns::Column;
use crate::render::fields::{Cells, Occurrence, TextForm};
use crate::render::format::Utc;
use crate::render::tree::{FieldTree, side_by_side};
use crate::source::CapturedPacket;
use crate::time::Timestamp;

/// Levels that a packet is indented by before its layers.
const LAYERS: usize = 3;

/// Key of the number of fields that found no room; only where there are some.
pub(super) const LEFT_OUT: &str = "wirelab.left_out";

/// Writes packets as tshark's JSON.
#[derive(Debug)]
pub struct TsharkJson {
    packets: Packets,
    bytes: Vec<u8>,
    any: bool,
}

/// What is told of each packet.
#[derive(Debug)]
pub(super) enum Packets {
    /// Everything.
    Whole(FieldTree),
    /// Chosen columns.
    Chosen(Cells),
}

impl Packets {
    pub(super) fn new(columns: Vec<Column>, write_value: fn(&Value<'_>, &FieldDef, &mut String)) -> Self {
        if columns.is_empty() {
            Self::Whole(FieldTree::new(write_value))
        } else {
            let mut seen: Vec<Column> = Vec::new();
            // A key that is named twice is there once.
            for column in columns {
                if !seen.contains(&column) {
                    seen.push(column);
                }
            }
            Self::Chosen(Cells::new(seen, TextForm::Raw, Occurrence::All))
        }
    }
}

/// What tshark calls the heading that the times of a conversation stand under.
const TIMESTAMPS: &str = "Timestamps";
/// Those times.
const TIMES: [FieldId; 4] = [tcp::TIME_RELATIVE, tcp::TIME_DELTA, udp::TIME_RELATIVE, udp::TIME_DELTA];

impl TsharkJson {
    /// A document of the packets with all their fields, or with `columns` where any are named.
    #[must_use]
    pub fn new(columns: Vec<Column>) -> Self {
        Self { packets: Packets::new(columns, write_value), bytes: Vec::new(), any: false }
    }

    /// Writes one packet, and before the first one the beginning of the document.
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
        let between = if std::mem::replace(&mut self.any, true) { ",\n" } else { "[\n" };
        let mut json = Pretty { out: &mut self.bytes };
        json.out.raw(between);
        json.out.raw("  {\n    \"_index\": ");
        json.out.string(&index(packet.ts));
        json.out
            .raw(",\n    \"_type\": \"doc\",\n    \"_score\": null,\n    \"_source\": {\n      \"layers\": ");
        match &mut self.packets {
            Packets::Whole(tree) => {
                tree.gather(packet, decoded, context);
                json.object(tree, None, LAYERS);
            }
            Packets::Chosen(cells) => {
                cells.gather(packet, decoded, context);
                json.cells(cells);
            }
        }
        json.out.raw("\n    }\n  }");
        out.write_all(&self.bytes)
    }

    /// Ends the document; without any packet it is a whole document too.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn finish<W: Write + ?Sized>(self, out: &mut W) -> io::Result<()> {
        out.write_all(if self.any { b"\n]\n" } else { b"[]\n" })
    }
}

/// The index that tshark files a packet under: its day, here in UTC. A packet without a time is one of 1970 to it.
pub(super) fn index(ts: Option<Timestamp>) -> String {
    let time = Utc(ts.unwrap_or_default()).to_string();
    format!("packets-{}", time.split(' ').next().unwrap_or_default())
}

/// A value as `tshark -T json` writes it: as `-T fields` does, but with colons between bytes.
pub(super) fn write_value(value: &Value<'_>, def: &FieldDef, out: &mut String) {
    // A String takes whatever is written to it.
    let _ = match *value {
        Value::Bytes(bytes) => bytes.iter().enumerate().try_for_each(|(place, byte)| {
            let colon = if place > 0 { ":" } else { "" };
            write!(out, "{colon}{byte:02x}")
        }),
        // Escaping is the document's part.
        Value::Text(text) => out.write_str(text),
        Value::Mark => Ok(()),
        _ => value.write(def.kind, out),
    };
}

/// Writes indented JSON into memory.
struct Pretty<'a> {
    out: &'a mut Vec<u8>,
}

impl Pretty<'_> {
    /// A new line, `level` levels in.
    fn line(&mut self, level: usize) {
        self.out.raw("\n");
        (0..level).for_each(|_| self.out.raw("  "));
    }

    /// The key of the next member of an object.
    fn key(&mut self, level: usize, any: &mut bool, name: &str, suffix: &str) {
        if std::mem::replace(any, true) {
            self.out.raw(",");
        }
        self.line(level);
        self.out.raw("\"");
        self.out.raw(name);
        self.out.raw(suffix);
        self.out.raw("\": ");
    }

    /// One value, or several as an array.
    fn values<T: Copy>(&mut self, level: usize, values: &[T], mut write: impl FnMut(&mut Self, T, usize)) {
        if let &[value] = values {
            return write(self, value, level);
        }
        self.out.raw("[");
        for (place, &value) in values.iter().enumerate() {
            if place > 0 {
                self.out.raw(",");
            }
            self.line(level + 1);
            write(self, value, level + 1);
        }
        self.line(level);
        self.out.raw("]");
    }

    /// What stands under `parent`. The tree's depth is limited, and with it the recursion.
    fn object(&mut self, tree: &FieldTree, parent: Option<usize>, level: usize) {
        self.out.raw("{");
        let mut any = false;
        let level = level + 1;
        let id = |place: usize| tree.node(place).map(|node| node.id);
        let groups = side_by_side(tree.children(parent).collect(), id);
        let mut times_done = false;
        for (id, group) in &groups {
            let Some(id) = *id else { continue };
            if !TIMES.contains(&id) {
                self.member(tree, id.def(), group, level, &mut any);
            } else if !std::mem::replace(&mut times_done, true) {
                self.key(level, &mut any, TIMESTAMPS, "");
                self.out.raw("{");
                let mut any = false;
                for (id, group) in &groups {
                    if let Some(time) = id.filter(|id| TIMES.contains(id)) {
                        self.member(tree, time.def(), group, level + 1, &mut any);
                    }
                }
                self.line(level);
                self.out.raw("}");
            }
        }
        if parent.is_none() && tree.left_out() > 0 {
            self.key(level, &mut any, LEFT_OUT, "");
            self.out.string(&tree.left_out().to_string());
        }
        if any {
            self.line(level - 1);
        }
        self.out.raw("}");
    }

    /// The occurrences of one field, and what stands under them.
    fn member(&mut self, tree: &FieldTree, def: &FieldDef, group: &[usize], level: usize, any: &mut bool) {
        let has_value = !matches!(def.kind, FieldKind::Protocol | FieldKind::Mark);
        let has_children = group.iter().any(|&place| tree.has_children(place));
        if has_value {
            self.key(level, any, def.name, "");
            self.values(level, group, |json, place, _| {
                json.out.string(tree.node(place).map_or("", |node| tree.text(node)));
            });
        }
        if has_children {
            self.key(level, any, def.name, if has_value { "_tree" } else { "" });
            self.values(level, group, |json, place, level| json.object(tree, Some(place), level));
        } else if !has_value {
            self.key(level, any, def.name, "");
            let title = if def.kind == FieldKind::Protocol { def.doc } else { "" };
            self.values(level, group, |json, _, _| json.out.string(title));
        }
    }

    /// Chosen columns, each an array.
    fn cells(&mut self, cells: &Cells) {
        self.out.raw("{");
        let mut any = false;
        for (column, occurrences) in cells.iter() {
            let mut first = true;
            for text in occurrences {
                if std::mem::replace(&mut first, false) {
                    self.key(LAYERS + 1, &mut any, column.name(), "");
                    self.out.raw("[");
                } else {
                    self.out.raw(",");
                }
                self.line(LAYERS + 2);
                self.out.string(text);
            }
            if !first {
                self.line(LAYERS + 1);
                self.out.raw("]");
            }
        }
        if any {
            self.line(LAYERS);
        }
        self.out.raw("}");
    }
}
