//! The `interfaces` table and document.

use std::io::{self, Write};

use serde::Serialize;

use super::json::escape::write_pretty;
use super::safe::Safe;

/// One interface, in words.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    /// Its name.
    pub name: String,
    /// The system's words for it.
    pub description: Option<String>,
    /// Its addresses.
    pub addresses: Vec<String>,
    /// It is switched on.
    pub up: bool,
    /// It leads back to this host.
    pub loopback: bool,
    /// It can be captured by this process, now.
    pub can_capture: bool,
    /// The link type its packets have, where it can be captured.
    pub link: Option<String>,
    /// `yes`, or why it cannot be captured.
    pub answer: String,
    /// It could be captured with more rights.
    #[serde(skip)]
    pub refused_permission: bool,
}

/// Writes a row an interface: its name, whether it can be captured, its addresses.
///
/// # Errors
/// Those of `out`.
pub fn table<W: Write + ?Sized>(out: &mut W, rows: &[Row]) -> io::Result<()> {
    let width = |cell: fn(&Row) -> &str, title: &str| {
        rows.iter().map(|row| cell(row).chars().count()).fold(title.len(), usize::max)
    };
    let name = width(|row| &row.name, "interface");
    let answer = width(|row| &row.answer, "capture");
    writeln!(out, "{:name$}  {:answer$}  addresses", "interface", "capture")?;
    for row in rows {
        let label = Safe(row.name.as_bytes()).to_string();
        write!(out, "{label:name$}  {:answer$}  {}", row.answer, row.addresses.join(", "))?;
        match &row.description {
            Some(text) if row.addresses.is_empty() => writeln!(out, "({})", Safe(text.as_bytes()))?,
            _ => writeln!(out)?,
        }
    }
    Ok(())
}

/// Writes one document: `{"schema": "wirelab.interfaces/1", "interfaces": [...]}`, the fields of [`Row`].
///
/// # Errors
/// Those of `out`.
pub fn json<W: Write + ?Sized>(out: &mut W, rows: &[Row]) -> io::Result<()> {
    let document = serde_json::json!({ "schema": "wirelab.interfaces/1", "interfaces": rows });
    write_pretty(&mut *out, &document)?;
    writeln!(out)
}
