//! `-V`: every field of a packet on a line of its own, with the bytes it was read from.
//!
//! ```text
//! Internet Protocol Version 4 · ip · bytes 14–100
//!   14 45           ip.version          4             Version of IP, 4 or 6
//!   23 11           ip.proto            17 (UDP)      Which protocol follows
//!   26 7f 00 00 01  ip.src              127.0.0.1     Sender
//! ```
//!
//! Where in the packet, the bytes there, the name to filter by, the value, what it means. On a terminal a line fits
//! its width: a meaning that does not fit is left out. `[worked out]` stands where the bytes would, for what no bytes say; where that is
//! so of all, as with what the capture says of a frame, nothing does.

use std::fmt::Write as _;
use std::io::{self, Write};

use super::{FieldTree, Node};
use crate::decode::DecodedPacket;
use crate::field::{FieldDef, PacketContext, Value};
use crate::render::color::{Colors, Style};
use crate::render::format::{Count, Utc, hex_digit};
use crate::render::safe::{Safe, safe_width};
use crate::render::words::Stop;
use crate::render::wrap::end_line;
use crate::source::CapturedPacket;

/// A narrower terminal gets lines of this many columns, wrapped by the terminal.
const MIN_WIDTH: usize = 40;

/// From this width on there is room for the six bytes of a hardware address.
const ROOMY: usize = 100;

/// Columns of an offset: frames are rarely longer than 9999 bytes.
const OFFSET: usize = 4;

/// The most columns that names take before values stop being aligned behind them: narrow and roomy.
const MAX_NAME: (usize, usize) = (26, 34);

/// The most columns that values take before meanings stop being aligned behind them.
const MAX_VALUE: usize = 24;

/// Stands where the bytes would, for what no bytes say.
const WORKED_OUT: &str = "[worked out]";

/// Bytes of a value that are shown: its beginning tells what it is, the hex dump has the rest.
const SHOWN_BYTES: usize = 32;

/// Text of a value that is shown, in bytes.
const SHOWN_TEXT: usize = 256;

/// Writes packets in full detail.
#[derive(Debug)]
pub struct PacketDetails {
    tree: FieldTree,
    line: String,
    columns: Columns,
    colors: Colors,
    /// The protocols whose fields are shown, by name; `None` for all.
    only: Option<Vec<String>>,
}

/// How wide the parts of a line are.
#[derive(Clone, Copy, Debug)]
struct Columns {
    /// Of a whole line; `None` into a pipe.
    line: Option<usize>,
    /// Bytes shown of a field.
    bytes: usize,
    /// The most that names take.
    max_name: usize,
    /// Of what stands before the names of this protocol.
    source: usize,
    name: usize,
    value: usize,
}

impl PacketDetails {
    /// Details for a terminal of `width` columns, or for a pipe or file.
    #[must_use]
    pub fn new(width: Option<usize>, colors: Colors) -> Self {
        let line = width.map(|width| width.max(MIN_WIDTH));
        let roomy = line.is_none_or(|width| width >= ROOMY);
        let (bytes, max_name) = if roomy { (6, MAX_NAME.1) } else { (4, MAX_NAME.0) };
        Self {
            tree: FieldTree::new(write_value),
            line: String::new(),
            columns: Columns { line, bytes, max_name, source: 0, name: 0, value: 0 },
            colors,
            only: None,
        }
    }

    /// The same with the fields of these protocols only; of the others the title is left.
    #[must_use]
    pub fn only(self, protocols: &[String]) -> Self {
        Self { only: Some(protocols.to_vec()), ..self }
    }

    /// Writes one packet; empty lines between packets are the caller's.
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
        self.tree.gather(packet, decoded, context);
        self.heading(packet);
        end_line(out, &mut self.line)?;
        for root in self.tree.children(None).collect::<Vec<_>>() {
            self.protocol(out, decoded, root)?;
        }
        if let Some(stop) = decoded.stop() {
            self.note(out, format_args!("Decoding stopped at byte {}: {}", stop.offset, Stop(stop)))?;
        }
        if self.tree.left_out() > 0 {
            let left_out = Count::new(self.tree.left_out(), "more field", "more fields");
            self.note(out, format_args!("{left_out}: too many to show"))?;
        }
        Ok(())
    }

    fn heading(&mut self, packet: &CapturedPacket<'_>) {
        let kept = packet.data.len();
        self.styled(Style::Bold, |line| write!(line, "Packet {}", packet.number));
        let _ = write!(self.line, " · {}", Count::new(packet.wire_len.into(), "byte", "bytes"));
        if u32::try_from(kept).is_ok_and(|kept| kept < packet.wire_len) {
            let _ = write!(self.line, ", {kept} of them captured");
        }
        if let Some(ts) = packet.ts {
            let _ = write!(self.line, " · {} UTC", Utc(ts));
        }
    }

    /// A protocol's title, and its fields; or a field that stands under none.
    fn protocol<W: Write + ?Sized>(
        &mut self,
        out: &mut W,
        decoded: &DecodedPacket<'_>,
        root: usize,
    ) -> io::Result<()> {
        let Some(node) = self.tree.node(root).cloned() else { return Ok(()) };
        self.measure(root, node.end);
        let mut place = root;
        let mut titles = 0_usize;
        let mut shown = true;
        while let Some(node) = self.tree.node(place).filter(|_| place < node.end).cloned() {
            if node.id.def().hidden {
                place = node.end;
                continue;
            }
            if node.id == node.id.protocol() {
                titles = node.depth;
                let name = node.id.def().name;
                shown = self.only.as_ref().is_none_or(|only| only.iter().any(|wanted| wanted == name));
                self.title(out, decoded, &node)?;
            } else if shown {
                self.field(out, decoded, &node, titles)?;
            }
            place += 1;
        }
        Ok(())
    }

    /// `Internet Protocol Version 4 · ip · bytes 14–100`.
    fn title<W: Write + ?Sized>(
        &mut self,
        out: &mut W,
        decoded: &DecodedPacket<'_>,
        node: &Node,
    ) -> io::Result<()> {
        out.write_all(b"\n")?;
        let def = node.id.def();
        self.styled(Style::Bold, |line| line.write_str(def.doc));
        self.line.push_str(" · ");
        self.styled(Style::Cyan, |line| line.write_str(def.name));
        if node.range.end > node.range.start {
            let (first, last) = (node.range.start, node.range.end.saturating_sub(1));
            let _ = match last {
                last if last == first => write!(self.line, " · byte {first}"),
                last => write!(self.line, " · bytes {first}–{last}"),
            };
            if let Some(title) = decoded.buffer_title(node.range.buffer) {
                let (what, of) = title.split_once(' ').unwrap_or((title, ""));
                let _ = write!(self.line, " of the {} {of}", what.to_ascii_lowercase());
            }
        }
        end_line(out, &mut self.line)
    }

    fn field<W: Write + ?Sized>(
        &mut self,
        out: &mut W,
        decoded: &DecodedPacket<'_>,
        node: &Node,
        title_depth: usize,
    ) -> io::Result<()> {
        let def = node.id.def();
        let source_width = self.columns.source;
        if source_width > 0 {
            let source = self.source(decoded, node);
            self.styled(Style::Dim, |line| write!(line, "{source:<source_width$}"));
        }
        let indent = 2 + 2 * node.depth.saturating_sub(title_depth + 1);
        let _ = write!(self.line, "{:indent$}", "");
        self.styled(Style::Cyan, |line| line.write_str(def.name));
        let name = indent + def.name.len();
        let pad = self.columns.name.saturating_sub(name);
        let _ = write!(self.line, "{:pad$}", "");

        let mut used = source_width + name + pad;
        let value = self.value(node);
        let width = safe_width_of_ours(&value);
        if !value.is_empty() {
            let room = self.columns.line.map_or(usize::MAX, |line| line.saturating_sub(used + 2));
            let shown = if width > room { cut(&value, room) } else { value };
            self.line.push_str("  ");
            self.styled(Style::Bold, |line| line.write_str(&shown));
            used += 2 + width.min(room);
        }
        let behind = source_width + self.columns.name + 2 + self.columns.value;
        let pad = behind.saturating_sub(used) + 2;
        let room = self.columns.line.map_or(usize::MAX, |line| line.saturating_sub(used + pad));
        if safe_width_of_ours(def.doc) <= room {
            let _ = write!(self.line, "{:pad$}", "");
            self.styled(Style::Dim, |line| line.write_str(def.doc));
        }
        end_line(out, &mut self.line)
    }

    /// Where the bytes stand and which they are; for what no bytes say, that it is so.
    fn source(&self, decoded: &DecodedPacket<'_>, node: &Node) -> String {
        let bytes = node.range.of(decoded);
        if bytes.is_empty() {
            return format!("{WORKED_OUT:>width$}", width = OFFSET + 1 + self.columns.bytes * 3 - 1);
        }
        let mut source = format!("{:OFFSET$}", node.range.start);
        let cut = bytes.len() > self.columns.bytes;
        let shown = if cut { self.columns.bytes - 1 } else { self.columns.bytes };
        for byte in bytes.iter().take(shown) {
            source.extend([' ', char::from(hex_digit(byte >> 4)), char::from(hex_digit(byte & 0xf))]);
        }
        if cut {
            source.push_str(" …");
        }
        source
    }

    /// The value, in words too where there are some.
    fn value(&self, node: &Node) -> String {
        let mut value = self.tree.text(node).to_owned();
        let words = node.id.def().words.zip(node.number).and_then(|(words, number)| words(number));
        if let Some(words) = words {
            let _ = write!(value, " ({words})");
        }
        value
    }

    /// Finds the widths of what stands from `start` to `end`. Where nothing was read from bytes (of the frame, what the
    /// capture says), there is no column for them.
    fn measure(&mut self, start: usize, end: usize) {
        let (mut source, mut name, mut value) = (0, 0, 0);
        let depth = self.tree.node(start).map_or(0, |node| node.depth);
        for node in self.tree.nodes().get(start..end).unwrap_or_default() {
            let def = node.id.def();
            if def.hidden || node.id == node.id.protocol() {
                continue;
            }
            name = name.max(
                (2 + 2 * node.depth.saturating_sub(depth + 1) + def.name.len()).min(self.columns.max_name),
            );
            if node.range.end > node.range.start {
                source = OFFSET + self.columns.bytes * 3;
            }
            let width = safe_width_of_ours(&self.value(node));
            if width <= MAX_VALUE {
                value = value.max(width);
            }
        }
        self.columns.source = source;
        self.columns.name = name;
        self.columns.value = value;
    }

    fn note<W: Write + ?Sized>(&mut self, out: &mut W, what: std::fmt::Arguments<'_>) -> io::Result<()> {
        out.write_all(b"\n")?;
        self.styled(Style::Yellow, |line| line.write_fmt(what));
        end_line(out, &mut self.line)
    }

    fn styled(&mut self, style: Style, write: impl FnOnce(&mut String) -> std::fmt::Result) {
        self.line.push_str(self.colors.start(style));
        // A String takes whatever is written to it.
        let _ = write(&mut self.line);
        self.line.push_str(self.colors.end());
    }
}

/// A value as `-T fields` prints it, the beginning of a long one, with nothing that could control a terminal.
fn write_value(value: &Value<'_>, def: &FieldDef, out: &mut String) {
    // A String takes whatever is written to it.
    let _ = match *value {
        Value::Text(text) => write_text(text, out),
        Value::Bytes(bytes) => match bytes.split_at_checked(SHOWN_BYTES) {
            Some((shown, rest)) if !rest.is_empty() => {
                Value::Bytes(shown).write(def.kind, out).and_then(|()| out.write_str("…"))
            }
            _ => value.write(def.kind, out),
        },
        Value::Mark => Ok(()),
        _ => value.write(def.kind, out),
    };
}

fn write_text(text: &str, out: &mut String) -> std::fmt::Result {
    let end = (0..=SHOWN_TEXT.min(text.len())).rev().find(|&end| text.is_char_boundary(end));
    let shown = end.and_then(|end| text.get(..end)).unwrap_or_default();
    write!(out, "{}", Safe(shown.as_bytes()))?;
    if shown.len() < text.len() { out.write_str("…") } else { Ok(()) }
}

/// Columns of text that is safe already: its backslashes take one each.
fn safe_width_of_ours(text: &str) -> usize {
    if text.is_ascii() {
        return text.len();
    }
    let backslashes = memchr::memchr_iter(b'\\', text.as_bytes()).count();
    safe_width(text.as_bytes(), usize::MAX).saturating_sub(backslashes)
}

/// Text that is safe already, cut to `columns`, the last of which is `…`.
fn cut(text: &str, columns: usize) -> String {
    use unicode_width::UnicodeWidthChar;

    let mut used = 1;
    let mut shown: String = text
        .chars()
        .take_while(|char| {
            used += char.width().unwrap_or(0);
            used <= columns
        })
        .collect();
    if columns > 0 {
        shown.push('…');
    }
    shown
}
