//! `-x`: the bytes of a packet, and under each the field it belongs to.
//!
//! ```text
//! 0010  00 57 e5 e1 40 00 40 11 56 b2 7f 00 00 01 7f 00  .W..@.@.V.......
//!       a──── b──── c─ d─ e─ f─ g──── h────────── i────
//!       a ip.len  b ip.id  c ip.flags  d ip.frag_offset  e ip.ttl  f ip.proto
//!       g ip.checksum  h ip.src  i ip.dst
//! ```
//!
//! A byte's field is the innermost; several that share it stand side by side (`ip.version + ip.hdr_len`), or as the
//! field that they stand under (`ip.flags`). A row that only goes on with the field above has no marks of its own.
//! Datagrams and messages that the packet completed are dumped too, each under a title, and the bodies of HTTP without
//! their chunks and unpacked.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::fmt::Write as _;
use std::io::{self, Write};

use super::color::{Colors, Style};
use super::format::{Count, hex_digit};
use super::tree::FieldTree;
use super::wrap::end_line;
use crate::decode::{BufferId, DecodedPacket};
use crate::field::names::{frame, http, wirelab, wirelab_lab};
use crate::field::{ByteRange, FieldKind, PacketContext};
use crate::proto::http::body::{dechunk, decode};
use crate::proto::http::{Framing, Head};
use crate::proto::{Messages, Note};
use crate::source::CapturedPacket;

/// Bytes a row.
const ROW: usize = 16;

/// Bytes a row of a terminal that is too narrow for that.
const NARROW_ROW: usize = 8;

/// Columns that a row of [`ROW`] bytes takes: offset, bytes, characters.
const ROW_COLUMNS: usize = INDENT + ROW * 3 + 1 + ROW;

/// Columns of the offset and the gap behind it.
const INDENT: usize = 6;

/// Columns of the lines that name the fields, in a pipe or file.
const PLAIN: usize = 80;

/// Fields named for one byte; more stand behind `…`.
const MAX_NAMES: usize = 3;

/// Times that bytes of one buffer are marked. Fields within fields mark a byte again: a few times in real packets;
/// a made-up tunnel of hundreds of layers is marked no further.
const MAX_MARKED: usize = 1 << 22;

/// Bytes of an unpacked body that are dumped: it may be many times what the packets hold.
const MAX_BODY: usize = 1 << 20;

/// The label of a byte that no field is read from.
const NO_FIELD: &str = "no field";

/// Styles of fields side by side.
const STYLES: [Style; 4] = [Style::Cyan, Style::Magenta, Style::Green, Style::Yellow];

/// Writes packets as labelled bytes.
#[derive(Debug)]
pub struct PacketHex {
    tree: FieldTree,
    line: String,
    row: usize,
    width: usize,
    colors: Colors,
    labels: Labels,
}

/// Which label each byte of a buffer has.
#[derive(Debug, Default)]
struct Labels {
    /// 0 is [`NO_FIELD`].
    of_bytes: Vec<usize>,
    texts: Vec<String>,
    places: HashMap<String, usize>,
}

impl PacketHex {
    /// A dump for a terminal of `width` columns, or for a pipe or file.
    #[must_use]
    pub fn new(width: Option<usize>, colors: Colors) -> Self {
        let width = width.unwrap_or(PLAIN);
        Self {
            tree: FieldTree::new(|_, _, _| ()),
            line: String::new(),
            row: if width < ROW_COLUMNS { NARROW_ROW } else { ROW },
            width,
            colors,
            labels: Labels::default(),
        }
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
        let bodies: Vec<_> = context.messages.into_iter().flat_map(|all| unpacked(all, decoded)).collect();
        if !bodies.is_empty() || decoded.buffer_title(1).is_some() {
            self.title(out, "Frame", packet.data.len())?;
        }
        self.buffer(out, decoded, 0)?;
        for buffer in 1..=BufferId::MAX {
            let Some(what) = decoded.buffer_title(buffer) else { break };
            self.title(out, what, decoded.buffer(buffer).len())?;
            self.buffer(out, decoded, buffer)?;
        }
        for (what, bytes) in bodies {
            self.title(out, what, bytes.len())?;
            let shown = bytes.get(..MAX_BODY).unwrap_or(&bytes);
            self.labels.all(shown.len(), http::FILE_DATA.def().name);
            self.rows(out, shown)?;
            let more = bytes.len().saturating_sub(shown.len());
            if more > 0 {
                writeln!(out, "… {} more", Count::bytes(u64::try_from(more).unwrap_or(u64::MAX)))?;
            }
        }
        Ok(())
    }

    fn title<W: Write + ?Sized>(&self, out: &mut W, what: &str, len: usize) -> io::Result<()> {
        let len = Count::new(u64::try_from(len).unwrap_or(u64::MAX), "byte", "bytes");
        writeln!(out, "{}", self.colors.paint(Style::Bold, format_args!("{what} ({len}):")))
    }

    /// Writes one buffer.
    fn buffer<W: Write + ?Sized>(
        &mut self,
        out: &mut W,
        decoded: &DecodedPacket<'_>,
        buffer: BufferId,
    ) -> io::Result<()> {
        self.labels.find(&self.tree, decoded, buffer);
        self.rows(out, decoded.buffer(buffer))
    }

    /// Its rows, the label of each byte having been found.
    fn rows<W: Write + ?Sized>(&mut self, out: &mut W, bytes: &[u8]) -> io::Result<()> {
        let labels = std::mem::take(&mut self.labels);
        let mut above = None;
        for (number, (row, labels_of_row)) in
            bytes.chunks(self.row).zip(labels.of_bytes.chunks(self.row)).enumerate()
        {
            let runs: Vec<&[usize]> = labels_of_row.chunk_by(|a, b| a == b).collect();
            self.bytes(out, number * self.row, row, &runs)?;
            let goes_on = runs.len() == 1 && above == labels_of_row.first().copied();
            if !goes_on {
                self.marks(out, &runs)?;
                self.names(out, &labels, &runs)?;
            }
            above = labels_of_row.last().copied();
        }
        self.labels = labels;
        Ok(())
    }

    /// The row itself.
    fn bytes<W: Write + ?Sized>(
        &mut self,
        out: &mut W,
        offset: usize,
        row: &[u8],
        runs: &[&[usize]],
    ) -> io::Result<()> {
        self.line.clear();
        let _ = write!(self.line, "{offset:04x}  ");
        let mut rest = row;
        for (run, style) in runs.iter().zip(STYLES.iter().cycle()) {
            let (own, behind) = rest.split_at_checked(run.len()).unwrap_or((rest, &[]));
            rest = behind;
            self.line.push_str(self.colors.start(*style));
            // Without the formatter, which is slow for a byte.
            let digits = own.iter().flat_map(|&byte| [hex_digit(byte >> 4), hex_digit(byte & 0xf), b' ']);
            self.line.extend(digits.map(char::from));
            self.line.push_str(self.colors.end());
        }
        let missing = (self.row - row.len()) * 3 + 1;
        let _ = write!(self.line, "{:missing$}", "");
        self.line.extend(row.iter().map(|&byte| match byte {
            b' '..=b'~' => char::from(byte),
            _ => '.',
        }));
        end_line(out, &mut self.line)
    }

    /// The letter of each field under its first byte of the row, and a line under the others.
    fn marks<W: Write + ?Sized>(&mut self, out: &mut W, runs: &[&[usize]]) -> io::Result<()> {
        let _ = write!(self.line, "{:INDENT$}", "");
        for ((run, letter), style) in runs.iter().zip('a'..).zip(STYLES.iter().cycle()) {
            self.line.push_str(self.colors.start(*style));
            self.line.push(letter);
            (2..run.len() * 3).for_each(|_| self.line.push('─'));
            self.line.push_str(self.colors.end());
            self.line.push(' ');
        }
        end_line(out, &mut self.line)
    }

    /// What the letters stand for.
    fn names<W: Write + ?Sized>(
        &mut self,
        out: &mut W,
        labels: &Labels,
        runs: &[&[usize]],
    ) -> io::Result<()> {
        let mut used = 0;
        for ((run, letter), style) in runs.iter().zip('a'..).zip(STYLES.iter().cycle()) {
            let label = run.first().map_or(NO_FIELD, |&label| labels.text(label));
            let columns = 2 + label.chars().count();
            if used > 0 && used + 2 + columns > self.width {
                end_line(out, &mut self.line)?;
                used = 0;
            }
            let gap = if used == 0 { INDENT } else { 2 };
            let _ = write!(self.line, "{:gap$}{} {label}", "", self.colors.paint(*style, letter));
            used += gap + columns;
        }
        end_line(out, &mut self.line)
    }
}

impl Labels {
    fn text(&self, label: usize) -> &str {
        label.checked_sub(1).and_then(|place| self.texts.get(place)).map_or(NO_FIELD, |text| text)
    }

    /// One label for each of so many bytes.
    fn all(&mut self, len: usize, label: &str) {
        self.texts.clear();
        self.places.clear();
        self.of_bytes.clear();
        let label = self.label(label.to_owned());
        self.of_bytes.resize(len, label);
    }

    /// Finds the label of every byte of `buffer`.
    fn find(&mut self, tree: &FieldTree, decoded: &DecodedPacket<'_>, buffer: BufferId) {
        self.texts.clear();
        self.places.clear();
        self.of_bytes.clear();
        self.of_bytes.resize(decoded.buffer(buffer).len(), 0);
        let mut fields: Vec<(ByteRange, usize)> = Vec::new();
        let mut place = 0;
        while let Some(node) = tree.node(place) {
            // What wirelab knows of bytes, their own protocol names already.
            if node.id.def().hidden || [wirelab::PROTOCOL, wirelab_lab::PROTOCOL].contains(&node.id) {
                place = node.end;
                continue;
            }
            if node.range.buffer == buffer && node.id != frame::PROTOCOL && !node.range.of(decoded).is_empty()
            {
                fields.push((node.range, place));
            }
            place += 1;
        }
        // The widest first, so that what is narrower is marked over it.
        let len = |range: ByteRange| range.end.saturating_sub(range.start);
        fields.sort_by_key(|&(range, place)| (Reverse(len(range)), range.start, place));
        let mut marked = 0_usize;
        for group in fields.chunk_by(|(a, _), (b, _)| a == b) {
            let Some(&(range, _)) = group.first() else { continue };
            marked = marked.saturating_add(usize::try_from(len(range)).unwrap_or(usize::MAX));
            if marked > MAX_MARKED {
                return;
            }
            let places: Vec<usize> = group.iter().map(|&(_, place)| place).collect();
            let label = self.label(name(tree, &places));
            let start = usize::try_from(range.start).unwrap_or(usize::MAX);
            let width = usize::try_from(len(range)).unwrap_or(0);
            self.of_bytes.iter_mut().skip(start).take(width).for_each(|slot| *slot = label);
        }
    }

    /// The number of a text.
    fn label(&mut self, text: String) -> usize {
        if let Some(&label) = self.places.get(&text) {
            return label;
        }
        self.texts.push(text.clone());
        let label = self.texts.len();
        self.places.insert(text, label);
        label
    }
}

/// The bodies of HTTP messages without their chunks, and unpacked: what the packet does not hold as it is.
fn unpacked(messages: &Messages, decoded: &DecodedPacket<'_>) -> Vec<(&'static str, Vec<u8>)> {
    let mut bodies = Vec::new();
    for message in messages.all() {
        let Note::Http(note) = &message.note else { continue };
        let bytes = message.bytes(decoded);
        let Some((head, raw)) = Head::read(bytes).zip(bytes.get(note.head_len..)) else { continue };
        if raw.is_empty() || note.framing == Framing::None {
            continue;
        }
        let chunks = (note.framing == Framing::Chunked).then(|| dechunk(raw).bytes.into_owned());
        let whole = decode(&head, note.framing, raw).bytes;
        let is_packed = *whole != *chunks.as_deref().unwrap_or(raw);
        bodies.extend(chunks.map(|bytes| ("De-chunked entity body", bytes)));
        if is_packed {
            bodies.push(("Uncompressed entity body", whole.into_owned()));
        }
    }
    bodies
}

/// What to call bytes that all the fields at `places` are read from.
fn name(tree: &FieldTree, places: &[usize]) -> String {
    let protocol_of = |mut place: usize| loop {
        match tree.node(place) {
            Some(node) if node.id.def().kind != FieldKind::Protocol => match node.parent {
                Some(parent) => place = parent,
                None => return place,
            },
            _ => return place,
        }
    };
    // Of several protocols the innermost: the payload of UDP is data's.
    let last = places.last().map(|&place| protocol_of(place));
    let own: Vec<usize> = places.iter().copied().filter(|&place| Some(protocol_of(place)) == last).collect();
    let parent = |place: usize| tree.node(place).and_then(|node| node.parent);
    let is_field = |place: usize| tree.node(place).is_some_and(|n| n.id.def().kind != FieldKind::Protocol);
    let mut named: Vec<usize> = Vec::new();
    // Only the last few fields of a byte are looked at for each other: a byte has eight bits.
    for (at, &place) in own.iter().enumerate() {
        let near = own.get(at.saturating_sub(8)..own.len().min(at + 9)).unwrap_or_default();
        if near.iter().any(|&other| parent(other) == Some(place)) {
            continue;
        }
        let siblings = near.iter().filter(|&&other| parent(other) == parent(place)).count();
        let shown = parent(place).filter(|&above| siblings > 1 && is_field(above)).unwrap_or(place);
        if !named.contains(&shown) {
            named.push(shown);
        }
        if named.len() > MAX_NAMES {
            break;
        }
    }
    let names = named.iter().take(MAX_NAMES).filter_map(|&place| tree.node(place));
    let mut text = names.map(|node| node.id.def().name).collect::<Vec<_>>().join(" + ");
    if named.len() > MAX_NAMES {
        text.push_str(" …");
    }
    text
}
