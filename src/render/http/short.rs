//! `http --short`: a line an exchange.

use std::io::{self, Write};

use super::super::format::{Bytes, Elapsed};
use super::super::safe::safe_line;
use super::super::table::{Align, Column, TableOutput, write_table};
use super::words;
use crate::report::http::{Exchange, Leg};
use crate::report::secret::masked_target;

/// What the columns mean, for a terminal.
pub const SHORT_LEGEND: &str = "\
packets: the last of the request, the last of the answer.
body: of the answer, unpacked. time: from request to the end of the answer.
cache: what a cache did; + where a proxy passed it on, = from its own store.";

/// The columns. A narrow terminal loses the host first, then the kind.
const COLUMNS: [Column; 10] = [
    Column { title: "flow", align: Align::Left, width: 7, min: 5, shrink: 0 },
    Column { title: "packets", align: Align::Left, width: 11, min: 5, shrink: 0 },
    Column { title: "method", align: Align::Left, width: 6, min: 3, shrink: 2 },
    Column { title: "target", align: Align::Left, width: 32, min: 10, shrink: 4 },
    Column { title: "host", align: Align::Left, width: 20, min: 0, shrink: 8 },
    Column { title: "status", align: Align::Left, width: 6, min: 3, shrink: 0 },
    Column { title: "kind", align: Align::Left, width: 16, min: 0, shrink: 7 },
    Column { title: "body", align: Align::Right, width: 7, min: 4, shrink: 0 },
    Column { title: "time", align: Align::Right, width: 7, min: 0, shrink: 5 },
    Column { title: "cache", align: Align::Left, width: 8, min: 0, shrink: 6 },
];

/// Most columns of text from the wire in a cell.
const CELL: usize = 200;

/// Writes a row for each of `all` that is to show. Gives the titles of the columns that had no room.
///
/// # Errors
/// Those of `out`.
pub fn write_short<W: Write + ?Sized>(
    out: &mut W,
    output: TableOutput,
    all: &[Exchange],
    secrets: bool,
) -> io::Result<Vec<&'static str>> {
    let shown: Vec<&Exchange> = all.iter().filter(|exchange| exchange.selected).collect();
    write_table(out, output, &COLUMNS, shown.into_iter(), |exchange, row| {
        let (request, response) = (exchange.request.as_ref(), exchange.response.as_ref());
        let number = |number: Option<u64>| number.map_or_else(|| "-".to_owned(), |number| number.to_string());
        row.cell(exchange.flow);
        row.cell(format_args!(
            "{} {}",
            number(request.map(|request| request.message.last.number)),
            number(response.map(|response| response.message.last.number))
        ));
        row.cell(safe_line(request.map_or(b"-", |request| &request.method), CELL));
        let target = request.map(|request| &*request.target).unwrap_or(b"-");
        let masked = masked_target(target).filter(|_| !secrets);
        row.cell(safe_line(masked.as_deref().unwrap_or(target), CELL));
        row.cell(safe_line(exchange.host().unwrap_or(b"-"), CELL));
        match response {
            Some(response) if response.code.is_empty() => row.cell("-"),
            Some(response) => row.cell(safe_line(&response.code, CELL)),
            None => row.cell("none"),
        }
        let kind = response.and_then(|response| response.message.media_type());
        row.cell(safe_line(kind.as_deref().unwrap_or("-").as_bytes(), CELL));
        let cut = response.is_some_and(|response| response.message.cut.is_some());
        let mark = if cut { "…" } else { "" };
        row.cell(format_args!("{}{mark}", Bytes(response.map_or(0, |response| response.message.body.len))));
        match exchange.times() {
            Some(times) => row.cell(Elapsed(times.last_byte)),
            None => row.cell("-"),
        }
        let leg = match exchange.leg {
            Some(Leg::Forwarded(_) | Leg::Revalidated(_)) => "+",
            Some(Leg::OwnStore(_)) => "=",
            _ => "",
        };
        row.cell(format_args!("{}{leg}", exchange.cache.verdict.map_or("-", words::verdict)));
    })
}
