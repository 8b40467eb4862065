//! `mail --short`: a line a mail.

use std::io::{self, Write};

use super::words;
use crate::render::format::Bytes;
use crate::render::safe::safe_line;
use crate::render::table::{Align, Column, TableOutput, write_table};
use crate::report::mail::{Mail, MailMessage, Oddity, Session, Weight, without_brackets};

/// What the columns mean, for a terminal.
pub const SHORT_LEGEND: &str = "\
packets: the first and the last of the mail. from, to: of its headers, else of the envelope.
marks: ! cannot be so, ? is what forgeries look like.";

/// The columns. A narrow terminal loses the size first, then the flow's recipient.
const COLUMNS: [Column; 8] = [
    Column { title: "flow", align: Align::Left, width: 7, min: 5, shrink: 0 },
    Column { title: "packets", align: Align::Left, width: 11, min: 5, shrink: 0 },
    Column { title: "from", align: Align::Left, width: 26, min: 10, shrink: 3 },
    Column { title: "to", align: Align::Left, width: 26, min: 0, shrink: 5 },
    Column { title: "subject", align: Align::Left, width: 28, min: 8, shrink: 4 },
    Column { title: "size", align: Align::Right, width: 7, min: 0, shrink: 6 },
    Column { title: "marks", align: Align::Left, width: 5, min: 2, shrink: 0 },
    Column { title: "outcome", align: Align::Left, width: 10, min: 8, shrink: 2 },
];

/// Most columns of text from the wire in a cell.
const CELL: usize = 200;

/// A mail of a session, or of a file; a session without a mail.
struct Line<'a> {
    of: Option<(&'a Session, Option<&'a Mail>)>,
    message: Option<&'a MailMessage>,
}

/// Writes a row for each mail that is to show, of sessions or of a file, and for each session without one. Gives the titles of the columns that had no room.
///
/// # Errors
/// Those of `out`.
pub fn write_short<W: Write + ?Sized>(
    out: &mut W,
    output: TableOutput,
    sessions: &[Session],
    mails: &[MailMessage],
) -> io::Result<Vec<&'static str>> {
    let of_sessions = sessions.iter().filter(|session| session.selected).flat_map(|session| {
        let shown = session.mails().filter(|mail| mail.selected);
        let without =
            session.mails().next().is_none().then_some(Line { of: Some((session, None)), message: None });
        shown
            .map(move |mail| Line { of: Some((session, Some(mail))), message: mail.message.as_ref() })
            .chain(without)
    });
    let of_file = mails.iter().map(|mail| Line { of: None, message: Some(mail) });
    let all: Vec<Line<'_>> = of_sessions.chain(of_file).collect();
    write_table(out, output, &COLUMNS, all.into_iter(), |line, row| {
        match line.of {
            Some((session, mail)) => {
                row.cell(session.flow);
                match mail.and_then(|mail| mail.packets) {
                    Some([first, last]) => row.cell(format_args!("{} {}", first.number, last.number)),
                    None => row.cell("-"),
                }
            }
            None => {
                row.cell("-");
                row.cell("-");
            }
        }
        let mail = line.of.and_then(|(_, mail)| mail);
        let envelope = mail.and_then(|mail| mail.envelope.as_ref());
        let header = |name: &str| line.message.and_then(|message| message.address(name));
        let from = envelope.and_then(|envelope| envelope.from.as_ref()).map(|party| &party.address);
        let to = envelope.and_then(|envelope| envelope.to.first()).map(|party| &party.address);
        let from = header("from").or_else(|| from.cloned());
        let to = header("to").or_else(|| to.cloned());
        let text = |text: Option<Box<[u8]>>| {
            let text = text.unwrap_or_else(|| b"-"[..].into());
            safe_line(without_brackets(&text), CELL).to_string()
        };
        row.cell(text(from));
        row.cell(text(to));
        let subject = line.message.and_then(|message| message.header("subject"));
        row.cell(safe_line(subject.map_or(b"-", |line| line.text()), CELL));
        row.cell(Bytes(line.message.map_or(0, |message| message.len)));
        row.cell(marks(line.message));
        row.cell(match (line.of, mail) {
            (_, Some(mail)) => words::outcome(mail),
            (Some(_), None) => "no mail",
            (None, None) => "-",
        });
    })
}

/// A mark for the weights of what does not fit.
fn marks(message: Option<&MailMessage>) -> String {
    let has = |weight: Weight| {
        message.is_some_and(|message| {
            message.findings.iter().map(|one| &one.what).map(Oddity::weight).any(|of| of == weight)
        })
    };
    let marks = [(Weight::Wrong, "!"), (Weight::Doubt, "?")];
    let text: String = marks.iter().filter(|(weight, _)| has(*weight)).map(|(_, mark)| *mark).collect();
    if text.is_empty() { "-".to_owned() } else { text }
}
