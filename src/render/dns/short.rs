//! `dns --short`: a line a transaction.

use std::fmt;
use std::io::{self, Write};

use super::super::format::Elapsed;
use super::super::table::{Align, Column, TableOutput, write_table};
use super::words::{self, Server};
use crate::report::dns::DnsTransaction;

/// Characters of a question or outcome that are shown, so that a key or a long name leaves a line readable.
const MAX_CHARACTERS: usize = 72;

/// The beginning of a text in ASCII.
struct Cut<'a>(&'a str);

impl fmt::Display for Cut<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.get(..MAX_CHARACTERS) {
            Some(beginning) if self.0.len() > MAX_CHARACTERS => write!(f, "{beginning}…"),
            _ => f.write_str(self.0),
        }
    }
}

/// The columns. A narrow terminal shortens the question and the outcome, and loses the server first.
const COLUMNS: [Column; 6] = [
    Column { title: "query", align: Align::Right, width: 7, min: 5, shrink: 0 },
    Column { title: "resp", align: Align::Right, width: 7, min: 5, shrink: 0 },
    Column { title: "server", align: Align::Left, width: 20, min: 0, shrink: 6 },
    Column { title: "question", align: Align::Left, width: 32, min: 18, shrink: 3 },
    Column { title: "outcome", align: Align::Left, width: 32, min: 16, shrink: 4 },
    Column { title: "time", align: Align::Right, width: 7, min: 7, shrink: 0 },
];

/// Writes a line for each of `shown`. Gives the titles of the columns that had no room.
///
/// # Errors
/// Those of `out`.
pub fn write_dns_short<W: Write + ?Sized>(
    out: &mut W,
    output: TableOutput,
    shown: &[&DnsTransaction],
) -> io::Result<Vec<&'static str>> {
    write_table(out, output, &COLUMNS, shown.iter(), |transaction, row| {
        let number = |at: Option<u64>| at.map_or_else(|| "-".to_owned(), |number| number.to_string());
        row.cell(number(transaction.queries.first().map(|query| query.at.number)));
        row.cell(number(transaction.response().map(|response| response.at.number)));
        row.cell(Server(transaction.answered_by().unwrap_or(transaction.server)));
        row.cell(Cut(&transaction.opening().map(|kept| words::question(&kept.read())).unwrap_or_default()));
        row.cell(Cut(&words::brief(transaction)));
        row.cell(transaction.elapsed().map_or_else(|| "-".to_owned(), |time| Elapsed(time).to_string()));
    })
}
