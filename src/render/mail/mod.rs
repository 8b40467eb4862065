//! `mail`: each session as it went, each mail with its envelope, headers, parts and text, the way that it came, first hop
//! first, and what does not fit.
//!
//! ```text
//! tcp:0, SMTP  192.0.2.7:40000 → 192.0.2.25:25
//! ← packet 4, greeting: 220 mx.example.org ESMTP
//! → packet 5, who the client says it is: EHLO laptop.example.net
//! → packets 7 to 9, AUTH PLAIN: user me, secret ********
//!
//! Mail 1 of tcp:0, 612 bytes in packets 16 to 18: accepted
//!   Envelope
//!     from  me@example.net  packet 11: 250 ok
//!   …
//! ```

mod json;
mod page;
mod path;
pub(in crate::render) mod session;
mod short;
pub(in crate::render) mod words;

pub use json::write_mail_json;
pub use short::{SHORT_LEGEND, write_short};

use std::io::{self, Write};

use super::color::{Colors, Style};
use super::excerpt::Excerpt;
use super::format::Count;
use super::safe::split_columns;
use crate::report::mail::{Envelope, MailMessage, Part, Party, Session};
use page::Page;

/// How to print mails.
#[derive(Clone, Copy, Debug)]
pub struct MailOptions {
    /// Styles or none.
    pub colors: Colors,
    /// Columns to fill, at least 40.
    pub width: usize,
    /// Passwords as they are, not masked.
    pub secrets: bool,
    /// All text that was kept, not its first lines alone.
    pub full: bool,
}

/// Where a mail was that is written to a file.
#[derive(Clone, Copy, Debug)]
pub enum WrittenFrom {
    /// In a session: the packet that it ends in.
    Packet(crate::source::PacketNumber),
    /// In a file of mails: which of them, from 1 on.
    File(usize),
}

/// A file that was written for a mail, or why not.
#[derive(Clone, Debug)]
pub struct WrittenMail {
    /// Where the mail was.
    pub from: WrittenFrom,
    /// Its bytes.
    pub bytes: u64,
    /// What it is written as, or why it is not.
    pub written: Result<String, String>,
}

/// Columns of a header that are shown without `--full`: a line of a mail has at most 998 (RFC 5322 section 2.1.1).
const HEADER_COLUMNS: usize = 998;

/// How the text of a part is shown.
const EXCERPT: Excerpt = Excerpt { indent: 6, lines: 12 };

/// The same with `--full`.
const ALL: Excerpt = Excerpt { indent: 6, lines: usize::MAX };

/// Writes those of `all` that are to show.
///
/// # Errors
/// Those of `out`.
pub fn write_sessions(out: &mut impl Write, all: &[Session], options: MailOptions) -> io::Result<()> {
    for (place, one) in all.iter().filter(|session| session.selected).enumerate() {
        if place > 0 {
            writeln!(out)?;
        }
        session::write(&mut Page::new(out, options), one)?;
    }
    Ok(())
}

/// Writes the mails of a file.
///
/// # Errors
/// Those of `out`.
pub fn write_mails(out: &mut impl Write, mails: &[MailMessage], options: MailOptions) -> io::Result<()> {
    for (place, mail) in mails.iter().enumerate() {
        if place > 0 {
            writeln!(out)?;
        }
        let mut page = Page::new(out, options);
        page.text(0, Style::Bold, &format!("Mail {}, {}", place + 1, Count::bytes(mail.len)))?;
        message(&mut page, mail)?;
    }
    Ok(())
}

/// Writes a line for each mail of `--export`.
///
/// # Errors
/// Those of `out`.
pub fn write_written(
    out: &mut impl Write,
    folder: &str,
    list: &[WrittenMail],
    options: MailOptions,
) -> io::Result<()> {
    let mut written = 0_u64;
    for one in list {
        let size = Count::bytes(one.bytes);
        let from = match one.from {
            WrittenFrom::Packet(packet) => format!("packet {packet}"),
            WrittenFrom::File(number) => format!("mail {number}"),
        };
        match &one.written {
            Ok(name) => {
                written = written.saturating_add(1);
                let name = options.colors.paint(Style::Bold, name);
                writeln!(out, "{name}  {from}, {size}")?;
            }
            Err(why) => {
                let not = options.colors.paint(Style::Yellow, "not written");
                writeln!(out, "{not}  {from}, {size}\n    {why}")?;
            }
        }
    }
    let folder = super::safe::Message(super::safe::Safe(folder.as_bytes()));
    writeln!(out, "{} written to {folder}", Count::new(written, "mail", "mails"))
}

/// The headers, parts and path of a mail.
fn message<W: Write>(page: &mut Page<'_, W>, mail: &MailMessage) -> io::Result<()> {
    page.heading(if mail.headers.is_empty() { "No headers" } else { "Headers, as sent" })?;
    for line in &mail.headers {
        let separator: &[u8] = if line.value.is_empty() { b":" } else { b": " };
        let whole = [&*line.name, separator, &*line.value].concat();
        let hidden = header_line(page, 4, Style::Dim, "", &whole)?;
        if let Some(decoded) = &line.decoded {
            header_line(page, 8, Style::Bold, "that is: ", decoded.as_bytes())?;
        }
        let more = Count::bytes(hidden.saturating_add(line.left_out));
        match hidden {
            0 if line.left_out == 0 => {}
            0 => page.text(8, Style::Dim, &format!("… {more} more of this value"))?,
            _ => page.text(8, Style::Dim, &format!("… {more} more of this value (--full shows them)"))?,
        }
    }
    if mail.headers_left_out > 0 {
        let more = Count::new(mail.headers_left_out, "header line", "header lines");
        page.text(4, Style::Dim, &format!("… {more} more"))?;
    }
    if !mail.parts.all.is_empty() {
        page.heading("Parts")?;
    }
    for part in &mail.parts.all {
        one_part(page, part)?;
    }
    if mail.parts.left_out > 0 {
        let more = Count::new(mail.parts.left_out, "part", "parts");
        page.text(4, Style::Yellow, &format!("… {more} more, not looked at"))?;
    }
    path::write(page, mail)
}

/// A header as far as it is shown; how many bytes of it are not.
fn header_line<W: Write>(
    page: &mut Page<'_, W>,
    indent: usize,
    style: Style,
    lead: &str,
    line: &[u8],
) -> io::Result<u64> {
    let most = if page.options.full { usize::MAX } else { HEADER_COLUMNS };
    let (shown, hidden) = if line.len() > most { split_columns(line, most) } else { (line, &[][..]) };
    page.wire(indent, style, lead, shown)?;
    Ok(u64::try_from(hidden.len()).unwrap_or(u64::MAX))
}

fn one_part<W: Write>(page: &mut Page<'_, W>, part: &Part) -> io::Result<()> {
    let indent = 4 + 2 * usize::from(part.depth);
    page.text(indent, Style::Bold, &words::part(part))?;
    for fault in &part.faults {
        page.text(indent + 2, Style::Yellow, &format!("! {}", words::part_fault(*fault)))?;
    }
    let Some(text) = &part.text else { return Ok(()) };
    let excerpt = if page.options.full { ALL } else { EXCERPT };
    let excerpt = Excerpt { indent: indent + 2, ..excerpt };
    let shown = excerpt.text(page.out, text.trim_end().as_bytes(), page.options.width)?;
    let rest = text.trim_end().len().saturating_sub(shown);
    match (rest, part.more_text) {
        (0, false) => Ok(()),
        (0, true) => page.text(indent + 2, Style::Dim, "… and more, which was not kept"),
        (rest, _) => {
            let rest = Count::bytes(u64::try_from(rest).unwrap_or(u64::MAX));
            page.text(indent + 2, Style::Dim, &format!("… {rest} more (--full shows them)"))
        }
    }
}

fn envelope<W: Write>(page: &mut Page<'_, W>, envelope: &Envelope) -> io::Result<()> {
    page.heading("Envelope")?;
    if let Some(from) = &envelope.from {
        party(page, "from  ", from)?;
    }
    for to in &envelope.to {
        party(page, "to    ", to)?;
    }
    if envelope.to_left_out > 0 {
        page.text(
            4,
            Style::Dim,
            &format!("… {} more", Count::new(envelope.to_left_out, "recipient", "recipients")),
        )?;
    }
    match &envelope.data {
        Some(reply) if !reply.is_good => page.wire(4, Style::Red, "DATA refused: ", &words::reply(reply)),
        _ => Ok(()),
    }
}

fn party<W: Write>(page: &mut Page<'_, W>, lead: &str, party: &Party) -> io::Result<()> {
    let address: &[u8] = if party.address.is_empty() { b"<> (nobody: a bounce)" } else { &party.address };
    let mut line = [address, b"  packet ", party.packet.to_string().as_bytes()].concat();
    let style = match &party.reply {
        Some(reply) => {
            let says: &[u8] = if reply.is_good { b", accepted: " } else { b", refused: " };
            line.extend_from_slice(says);
            line.extend_from_slice(&words::reply(reply));
            if reply.is_good { Style::Dim } else { Style::Red }
        }
        None => {
            line.extend_from_slice(b", no answer in the capture");
            Style::Yellow
        }
    };
    page.said(4, style, lead, &line)
}
