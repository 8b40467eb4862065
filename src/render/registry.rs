//! The fields that there are, as a table and as a document.

use std::io::{self, Write};

use serde::Serialize;

use super::json::escape::write_pretty;
use super::table::{Align, Column, TableOutput, write_table};
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
            writeln!(out, "{}\t{}\t{}", def.name, def.kind.name(), def.doc)
        });
    }
    let column = |title, width, shrink, min| Column { title, align: Align::Left, width, min, shrink };
    let columns = [column("field", 34, 1, 20), column("type", 16, 0, 4), column("meaning", 40, 2, 20)];
    write_table(out, output, &columns, fields.iter(), |id, row| {
        let def = id.def();
        row.cell(def.name);
        row.cell(def.kind.name());
        row.cell(def.doc);
    })
    .map(|_| ())
}

/// Writes one document: `{"schema": "wirelab.fields/1", "fields": [{"name", "type", "protocol", "meaning"}]}`.
///
/// # Errors
/// Those of `out`.
pub fn list_json<W: Write + ?Sized>(out: &mut W, fields: &[FieldId]) -> io::Result<()> {
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
    write_pretty(&mut *out, &serde_json::json!({ "schema": "wirelab.fields/1", "fields": rows }))?;
    writeln!(out)
}
