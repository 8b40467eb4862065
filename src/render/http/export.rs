//! What `http --export` wrote and what not.

use std::io::{self, Write};

use super::super::format::Count;
use super::super::safe::{Message, Safe};
use super::HttpOptions;
use crate::render::color::Style;
use crate::source::PacketNumber;

/// A body, and what became of it.
#[derive(Clone, Debug)]
pub struct ExportEntry {
    /// The packet that its message ends in.
    pub packet: PacketNumber,
    /// Its bytes.
    pub bytes: u64,
    /// It was sent with a request.
    pub of_request: bool,
    /// Its media type.
    pub media_type: Option<String>,
    /// What it is written as, or why it is not.
    pub written: Result<String, String>,
    /// What is wrong with what was written.
    pub fault: Option<String>,
}

/// All of them, as far as they are listed.
#[derive(Clone, Debug, Default)]
pub struct ExportList {
    /// The folder, as it was named.
    pub folder: String,
    /// In the order of their packets.
    pub entries: Vec<ExportEntry>,
    /// How many were written.
    pub written: u64,
    /// How many were not.
    pub not_written: u64,
}

/// Writes a line for each body.
///
/// # Errors
/// Those of `out`.
pub fn write_export_list(out: &mut impl Write, list: &ExportList, options: HttpOptions) -> io::Result<()> {
    let colors = options.colors;
    for entry in &list.entries {
        let kind = entry.media_type.as_deref().unwrap_or("no kind named");
        let kind = super::super::safe::safe_line(kind.as_bytes(), KIND);
        let of = if entry.of_request { ", of a request" } else { "" };
        let size = Count::bytes(entry.bytes);
        match &entry.written {
            Ok(name) => writeln!(
                out,
                "{}  packet {}, {size}, {kind}{of}",
                colors.paint(Style::Bold, name),
                entry.packet
            )?,
            Err(why) => writeln!(
                out,
                "{}  packet {}, {size}, {kind}{of}",
                colors.paint(Style::Yellow, "not written"),
                entry.packet
            )
            .and_then(|()| writeln!(out, "    {why}"))?,
        }
        if let Some(fault) = &entry.fault {
            writeln!(out, "    {fault}")?;
        }
    }
    let listed = u64::try_from(list.entries.len()).unwrap_or(u64::MAX);
    let more = list.written.saturating_add(list.not_written).saturating_sub(listed);
    if more > 0 {
        writeln!(out, "… and {more} more")?;
    }
    let folder = Message(Safe(list.folder.as_bytes()));
    writeln!(
        out,
        "{} written to {folder}, {} not",
        Count::new(list.written, "body", "bodies"),
        list.not_written
    )
}

/// Most columns of a media type.
const KIND: usize = 40;
