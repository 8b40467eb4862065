//! FTP in a story: the data connections of a control connection, and what a data connection is for.

use std::fmt::Write as _;
use std::io::{self, Write};

use super::super::color::Style;
use super::super::format::Count;
use super::super::safe::safe_line;
use super::ExplainOptions;
use super::lab::rows;
use crate::report::Told;
use crate::report::ftp::{DataConnection, Transfer};

/// Data connections that are told where not all are asked for.
const SHOWN: usize = 12;

/// Columns of a command or an answer.
const TEXT: usize = 80;

/// The data connections that a control connection announced, below its story.
pub(super) fn write(out: &mut impl Write, told: &Told<'_>, options: ExplainOptions) -> io::Result<()> {
    if told.transfers.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n  {}", options.colors.paint(Style::Bold, "FTP data connections"))?;
    let shown = if options.full { usize::MAX } else { SHOWN };
    rows(out, &told.transfers.iter().map(announced).collect::<Vec<_>>(), shown, options)
}

/// What a data connection is for.
pub(super) fn note(told: &Told<'_>) -> Option<String> {
    let transfer = told.data_of?;
    // The story of a flow calls client who opened it.
    let turned = if transfer.data.is_some_and(|data| data.opened_by_client == Some(false)) {
        ": the server of the session opened it, and is called client here"
    } else {
        ""
    };
    Some(format!(
        "Data of the FTP session {}{}; announced with {} in packet {}, {}{turned}.",
        transfer.control,
        command(transfer),
        transfer.method.name(),
        transfer.packet,
        mode(transfer)
    ))
}

fn announced(transfer: &Transfer) -> String {
    let mut text =
        format!("{} announced {} (packet {}): ", transfer.method.name(), transfer.to, transfer.packet);
    match &transfer.data {
        Some(data) => {
            let opened = match data.opened_by_client {
                Some(true) => ", opened by the client",
                Some(false) => ", opened by the server",
                None => "",
            };
            let _ = write!(text, "data connection {}, {}{opened}", data.flow, mode(transfer));
        }
        None => {
            let _ = write!(text, "{}, no such connection in the capture", mode(transfer));
        }
    }
    text.push_str(&command(transfer));
    if let Some(data) = &transfer.data {
        let _ = write!(text, ": {}", carried(data));
    }
    if let Some(answer) = &transfer.answer {
        let said = safe_line(&answer.text, TEXT);
        let _ = write!(text, ". Answer in packet {}: {} {said}", answer.packet, answer.code);
    }
    text
}

/// `, for `RETR file` (packet 9)`.
fn command(transfer: &Transfer) -> String {
    transfer.command.as_ref().map_or_else(String::new, |(packet, line)| {
        format!(", for `{}` (packet {packet})", safe_line(line.trim_ascii(), TEXT))
    })
}

const fn mode(transfer: &Transfer) -> &'static str {
    if transfer.is_passive() { "passive mode" } else { "active mode" }
}

fn carried(data: &DataConnection) -> String {
    let sides = [(data.from_client, "client"), (data.from_server, "server")];
    let sides: Vec<String> = sides
        .into_iter()
        .filter(|(bytes, _)| *bytes > 0)
        .map(|(bytes, who)| format!("{} from the {who}", Count::bytes(bytes)))
        .collect();
    if sides.is_empty() { "no bytes".to_owned() } else { sides.join(", ") }
}
