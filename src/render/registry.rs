//! The fields that there are, as a table and as a document.

use std::io::{self, Write};

use serde::Serialize;

use super::color::Style;
use super::json::escape::write_pretty;
use super::table::TableOutput;
use super::wrap::Wrapped;
use crate::field::FieldId;

/// Writes a row a field: name, type, meaning. On a terminal in columns; into a pipe or file all of each, with tabs
/// between and without a heading.
///
/// # Errors
/// Those of `out`.
pub fn list<W: Write + ?Sized>(out: &mut W, output: TableOutput, fields: &[FieldId]) -> io::Result<()> {
    if output.width.is_none() {
        return fields.iter().try_for_each(|id| {
            let def = id.def();
            let name = output.colors.paint(Style::Cyan, def.name);
            writeln!(out, "{name}\t{}\t{}", def.kind.name(), def.doc)
        });
    }
    let width = output.width.unwrap_or(WIDEST);
    let most = |cell: fn(&FieldId) -> &'static str, title: &str| {
        fields.iter().map(|id| cell(id).len()).fold(title.len(), usize::max)
    };
    // Half of the line at most: a longer name stands on a line of its own.
    let name = most(|id| id.def().name, "field").min(width / 2);
    let kind = most(|id| id.def().kind.name(), "type");
    let room = width.saturating_sub(name + kind + 2 * GAP).clamp(MEANING, WIDEST);
    let heading = format!("{:name$}  {:kind$}  meaning", "field", "type");
    writeln!(out, "{}", output.colors.paint(Style::Bold, &heading))?;
    for id in fields {
        let def = id.def();
        let mut meaning = Wrapped::new(def.doc, room);
        if def.name.len() > name {
            writeln!(out, "{}", def.name)?;
            write!(out, "{:name$}", "")?;
        } else {
            write!(out, "{:name$}", def.name)?;
        }
        writeln!(out, "  {:kind$}  {}", def.kind.name(), meaning.next().unwrap_or_default())?;
        for more in meaning {
            writeln!(out, "{:name$}  {:kind$}  {more}", "", "")?;
        }
    }
    Ok(())
}

/// Spaces between two columns.
const GAP: usize = 2;

/// Least columns of a meaning, however narrow the terminal is.
const MEANING: usize = 20;

/// Most columns of a meaning: a longer line is hard to read.
const WIDEST: usize = 110;

/// Writes one document: `{"schema": "wirelab.fields/1", "fields": [{"name", "type", "protocol", "meaning"}]}`.
///
/// # Errors
/// Those of `out`.
pub fn list_json<W: Write + ?Sized>(out: &mut W, fields: &[FieldId]) -> io::Result<()> {
    #[derive(Serialize)]
    struct Document {
        schema: &'static str,
        fields: Vec<Row>,
    }
    #[derive(Serialize)]
    struct Row {
        name: &'static str,
        r#type: &'static str,
        protocol: &'static str,
        meaning: &'static str,
    }
    let rows: Vec<Row> = fields
        .iter()
        .map(|id| {
            let def = id.def();
            Row {
                name: def.name,
                r#type: def.kind.name(),
                protocol: id.protocol().def().name,
                meaning: def.doc,
            }
        })
        .collect();
    write_pretty(&mut *out, &Document { schema: "wirelab.fields/1", fields: rows })?;
    writeln!(out)
}
