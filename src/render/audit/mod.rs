//! `audit` for people: a row a flow with its verdict and the evidence, the secrets in clear, a row a file of many.

mod json;

use std::fmt;
use std::io::{self, Write};

use unicode_width::UnicodeWidthStr;

use super::color::{Colors, Style};
use super::format::{Bytes, Count};
use super::safe::{Safe, safe_line};
use super::table::{Align, Column, TableOutput, write_table};
use super::wrap::{Wrapped, write_head};
use crate::flow::{Direction, Flow};
use crate::proto::Protocol;
use crate::report::audit::{FlowAudit, Legibility, Looks, MIN_SAMPLE, Secret, SecretKind, SideAudit};

pub use json::{AUDIT_SCHEMA, AuditDocument, FileJson};

/// What the table's abbreviations mean, for a terminal.
pub const LEGEND: &str = "\
packets: the flow's first and last. text: readable share, by orig/by resp.
seen: the first readable words, else how the bytes are distributed.
--long shows each side of each flow.";

/// Columns of the first readable line that evidence shows.
const SAMPLE_COLUMNS: usize = 60;

/// A masked secret. Its length is not shown either.
const MASK: &str = "********";

/// A narrow terminal loses the originator first; what was seen gets the room that is left.
const COLUMNS: [Column; 8] = [
    Column { title: "flow", align: Align::Left, width: 7, min: 5, shrink: 0 },
    Column { title: "packets", align: Align::Right, width: 11, min: 7, shrink: 0 },
    Column { title: "orig", align: Align::Left, width: 21, min: 0, shrink: 6 },
    Column { title: "resp", align: Align::Left, width: 21, min: 13, shrink: 3 },
    Column { title: "verdict", align: Align::Left, width: 15, min: 9, shrink: 0 },
    Column { title: "protocol", align: Align::Left, width: 10, min: 4, shrink: 2 },
    Column { title: "text", align: Align::Right, width: 9, min: 7, shrink: 0 },
    Column { title: "seen", align: Align::Beginning, width: 30, min: 8, shrink: 9 },
];

/// A flow and what is known of it.
#[derive(Clone, Debug)]
pub struct AuditRow<'a> {
    /// The flow.
    pub flow: &'a Flow,
    /// Its verdict.
    pub audit: FlowAudit,
}

/// How an audit is shown.
#[derive(Clone, Copy, Debug, Default)]
pub struct AuditOptions {
    /// Where it goes.
    pub output: TableOutput,
    /// Each side of each flow instead of a row a flow.
    pub long: bool,
    /// Secrets are not masked.
    pub show_secrets: bool,
}

/// Writes the verdicts on the flows of one file, then the secrets in clear. Gives the titles of the columns that had no
/// room.
///
/// # Errors
/// Those of `out`.
pub fn write_audit<W: Write + ?Sized>(
    out: &mut W,
    options: AuditOptions,
    rows: &[AuditRow<'_>],
) -> io::Result<Vec<&'static str>> {
    let left_out = if options.long {
        rows.iter().try_for_each(|row| long(out, options, row))?;
        Vec::new()
    } else {
        write_table(out, options.output, &COLUMNS, rows.iter(), |row, cells| {
            let flow = row.flow;
            cells.cell(flow.id);
            cells.cell(Span(flow.first.number, flow.last.number));
            cells.cell(flow.tuple.orig);
            cells.cell(flow.tuple.resp);
            cells.cell(row.audit.verdict.name());
            cells.cell(Speaks(&row.audit));
            cells.cell(Shares(&row.audit));
            cells.cell(Seen(&row.audit));
        })?
    };
    secrets(out, options, rows)?;
    Ok(left_out)
}

/// First and last packet.
struct Span(u64, u64);

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 == self.1 { write!(f, "{}", self.0) } else { write!(f, "{}-{}", self.0, self.1) }
    }
}

/// `packet 4`, `packets 4-7`.
struct Packets(Span);

impl fmt::Display for Packets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(span @ Span(first, last)) = self;
        write!(f, "{} {span}", if first == last { "packet" } else { "packets" })
    }
}

/// `100/31 %`: the shares of readable bytes of originator and responder.
struct Shares<'a>(&'a FlowAudit);

impl fmt::Display for Shares<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let one = |side: &SideAudit| {
            side.readable.map_or_else(|| "-".to_owned(), |share| percent(share).to_string())
        };
        match (self.0.orig.readable, self.0.resp.readable) {
            (None, None) => f.write_str("-"),
            _ => write!(f, "{}/{} %", one(&self.0.orig), one(&self.0.resp)),
        }
    }
}

/// What else there is to see: readable words, a mark of something packed, how the bytes are distributed.
struct Seen<'a>(&'a FlowAudit);

impl fmt::Display for Seen<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let audit = self.0;
        if audit.orig.bytes == 0 && audit.resp.bytes == 0 {
            return f.write_str("no payload");
        }
        let sides = || [&audit.orig, &audit.resp].into_iter();
        let sample = sides().map(|side| side.sample.as_slice()).find(|sample| !sample.is_empty());
        let magic = audit.orig.magic.or(audit.resp.magic);
        // A data connection of FTP carries what it carries.
        let by_bytes = audit.spoken.iter().all(|spoken| spoken.name == Protocol::FtpData.name());
        if let Some(few) = audit.few_bytes() {
            write!(f, "only {}: ", Count::bytes(few))?;
        }
        match (sample, magic) {
            (Some(sample), _) if audit.verdict == Legibility::Plaintext => {
                write!(f, "\"{}\"", safe_line(sample, SAMPLE_COLUMNS))
            }
            (_, Some(magic)) if by_bytes => write!(f, "begins as {magic}"),
            _ if by_bytes => {
                let larger = if audit.orig.bytes >= audit.resp.bytes { &audit.orig } else { &audit.resp };
                Distribution(larger).fmt(f)
            }
            _ => Ok(()),
        }
    }
}

/// `SMTP, then TLS from packet 12`.
struct Speaks<'a>(&'a FlowAudit);

impl fmt::Display for Speaks<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.spoken.is_empty() {
            return f.write_str("unknown");
        }
        for (place, spoken) in self.0.spoken.iter().enumerate() {
            write!(f, "{}{}", if place == 0 { "" } else { ", then " }, spoken.name)?;
        }
        match self.0.encrypted_from {
            Some(packet) => write!(f, " from packet {packet}"),
            None => Ok(()),
        }
    }
}

/// A share as a whole number of hundredths; only all is 100 %, and only nothing is 0 %.
fn percent(share: f64) -> f64 {
    let percent = (share * 100.0).round();
    let shown = if share < 1.0 { percent.min(99.0) } else { percent };
    if share > 0.0 { shown.max(1.0) } else { shown }
}

/// What the test of randomness says of a side.
struct Distribution<'a>(&'a SideAudit);

impl fmt::Display for Distribution<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(randomness) = self.0.randomness else { return f.write_str("no bytes") };
        let bytes = Count::new(randomness.sample, "byte", "bytes");
        let looks = match randomness.looks {
            Looks::Random => "looks random",
            Looks::Skewed => "not random",
            Looks::TooFew => return write!(f, "{bytes}, too few to tell: {MIN_SAMPLE} are needed"),
        };
        write!(f, "{looks}: chi-square {:.0} of {bytes}", randomness.chi_square)
    }
}

/// A flow and its sides, on several lines.
fn long<W: Write + ?Sized>(out: &mut W, options: AuditOptions, row: &AuditRow<'_>) -> io::Result<()> {
    let (flow, audit) = (row.flow, &row.audit);
    let colors = options.output.colors;
    let name = audit.verdict.name();
    let packets = Packets(Span(flow.first.number, flow.last.number));
    let (id, orig) = (flow.id.to_string(), flow.tuple.orig.to_string());
    let first = [
        (Some(Style::Bold), id.as_str()),
        (None, "  "),
        (Some(style(audit.verdict)), name),
        (None, "  "),
        (None, &orig),
    ];
    let indent = id.len().saturating_add(2);
    let second = format!("→ {}, {packets}: {}", flow.tuple.resp, Speaks(audit));
    let below = lines_of(&second, options.output.width, indent);
    let (head, rest) = below.split_first().map_or(("", [].as_slice()), |(head, rest)| (*head, rest));
    write_head(out, colors, options.output.width, (&first, &[(None, head)]), indent)?;
    rest.iter().try_for_each(|part| writeln!(out, "{:indent$}{part}", ""))?;
    for (arrow, side) in [("→", &audit.orig), ("←", &audit.resp)] {
        let Some(verdict) = side.verdict else { continue };
        let mut line = format!("{}, {} of payload", verdict.name(), Bytes(side.bytes));
        if let Some((first, last)) = side.packets {
            line.push_str(&format!(" in {}", Packets(Span(first, last))));
        }
        if let Some(share) = side.readable {
            line.push_str(&format!(", {} % text", percent(share)));
        }
        for packed in &side.packed_bodies {
            line.push_str(&format!(", carries a {} body", safe_line(packed, 20)));
        }
        if let Some(magic) = side.magic {
            line.push_str(&format!(", begins as {magic}"));
        }
        wrapped(out, options, &format!("  {arrow} "), &line)?;
        if let Some(randomness) = side.randomness {
            let test = format!("{}, entropy {:.2} bits a byte", Distribution(side), randomness.entropy);
            wrapped(out, options, "    ", &test)?;
        }
        if !side.sample.is_empty() {
            let columns = options.output.width.unwrap_or(200).saturating_sub(6);
            writeln!(out, "    \"{}\"", safe_line(&side.sample, columns))?;
        }
    }
    if let Some(few) = audit.few_bytes() {
        let caution = format!("judged by {} only: so few can look like this by chance", Count::bytes(few));
        wrapped(out, options, "  · ", &caution)?;
    }
    Ok(())
}

/// Columns that text has on the narrowest terminal.
const LEAST: usize = 20;

/// The lines of `text`, which is safe already, behind so many columns.
fn lines_of(text: &str, width: Option<usize>, indent: usize) -> Vec<&str> {
    match width {
        Some(width) => Wrapped::new(text, width.saturating_sub(indent).max(LEAST)).collect(),
        None => vec![text],
    }
}

/// `text` behind `lead`; where it is wider than the output it goes on below, as far to the right.
fn wrapped<W: Write + ?Sized>(out: &mut W, options: AuditOptions, lead: &str, text: &str) -> io::Result<()> {
    let indent = lead.width();
    for (place, line) in lines_of(text, options.output.width, indent).into_iter().enumerate() {
        if place == 0 {
            writeln!(out, "{lead}{line}")?;
        } else {
            writeln!(out, "{:indent$}{line}", "")?;
        }
    }
    Ok(())
}

const fn style(verdict: Legibility) -> Style {
    match verdict {
        Legibility::Plaintext => Style::Yellow,
        Legibility::Encrypted => Style::Green,
        Legibility::Compressed | Legibility::Binary => Style::Cyan,
        Legibility::TooLittleData => Style::Dim,
    }
}

/// A line for each secret.
fn secrets<W: Write + ?Sized>(out: &mut W, options: AuditOptions, rows: &[AuditRow<'_>]) -> io::Result<()> {
    if rows.iter().all(|row| row.audit.secrets.is_empty()) {
        return Ok(());
    }
    let colors: Colors = options.output.colors;
    writeln!(out, "\n{}", colors.paint(Style::Bold, "secrets in clear"))?;
    for row in rows {
        for secret in &row.audit.secrets {
            let line = format!("packet {}  {}", secret.packet, Shown { secret, clear: options.show_secrets });
            wrapped(out, options, &format!("{:<7}  ", row.flow.id.to_string()), &line)?;
        }
        if row.audit.more_secrets > 0 {
            let more = Count::new(row.audit.more_secrets, "more secret", "more secrets");
            writeln!(out, "{:<7}  and {more}", row.flow.id.to_string())?;
        }
    }
    Ok(())
}

/// A secret, masked or not.
struct Shown<'a> {
    secret: &'a Secret,
    clear: bool,
}

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let secret = self.secret;
        f.write_str(secret.kind.words())?;
        if let Some(name) = &secret.name {
            write!(f, " {}", safe_line(name, 40))?;
        }
        if let Some(user) = &secret.user {
            write!(f, " of user {}", safe_line(user, 40))?;
        }
        if secret.kind == SecretKind::HttpBasic {
            f.write_str(", password")?;
        }
        if self.clear { write!(f, ": {}", Safe(&secret.value)) } else { write!(f, ": {MASK}") }
    }
}

/// What is known of the flows of one file of several.
#[derive(Clone, Debug, Default)]
pub struct FileSummary {
    /// Its name.
    pub name: Vec<u8>,
    /// Flows by verdict, as in [`Legibility::ALL`].
    pub flows: [u64; 5],
    /// Secrets in clear.
    pub secrets: u64,
}

impl FileSummary {
    /// Counts a flow.
    pub fn count(&mut self, audit: &FlowAudit) {
        let place = Legibility::ALL.iter().position(|verdict| *verdict == audit.verdict);
        if let Some(flows) = place.and_then(|place| self.flows.get_mut(place)) {
            *flows = flows.saturating_add(1);
        }
        let kept = u64::try_from(audit.secrets.len()).unwrap_or(u64::MAX);
        self.secrets = self.secrets.saturating_add(kept).saturating_add(audit.more_secrets);
    }
}

/// Titles are short so that names, which tell the files apart, have room on a terminal of 80 columns.
const FILE_COLUMNS: [Column; 7] = [
    Column { title: "file", align: Align::Left, width: 34, min: 15, shrink: 9 },
    Column { title: "plaintext", align: Align::Right, width: 9, min: 9, shrink: 0 },
    Column { title: "encrypted", align: Align::Right, width: 9, min: 9, shrink: 0 },
    Column { title: "packed", align: Align::Right, width: 6, min: 0, shrink: 3 },
    Column { title: "binary", align: Align::Right, width: 6, min: 6, shrink: 0 },
    Column { title: "little", align: Align::Right, width: 6, min: 0, shrink: 2 },
    Column { title: "secrets", align: Align::Right, width: 7, min: 7, shrink: 0 },
];

/// What the short titles of [`write_files`] mean, for a terminal.
pub const FILE_LEGEND: &str = "\
packed: compressed. little: too little data to tell.";

/// The folders that all of `files` have in common, with the `/` behind them.
fn common_folders(files: &[FileSummary]) -> usize {
    let Some((first, others)) = files.split_first() else { return 0 };
    let same = |name: &[u8]| name.iter().zip(&first.name).take_while(|(one, other)| one == other).count();
    let common = others.iter().map(|file| same(&file.name)).min().unwrap_or(0);
    let shared = first.name.get(..common).unwrap_or_default();
    shared.iter().rposition(|byte| *byte == b'/').map_or(0, |slash| slash.saturating_add(1))
}

/// Writes a row a file: how many flows have which verdict. On a terminal `…/` stands for the folders that all names begin
/// with, where some name is too long for its column.
///
/// # Errors
/// Those of `out`.
pub fn write_files<W: Write + ?Sized>(
    out: &mut W,
    output: TableOutput,
    files: &[FileSummary],
) -> io::Result<Vec<&'static str>> {
    let [name, counts @ ..] = &FILE_COLUMNS;
    let room = output.width.map(|width| {
        let used: usize = counts.iter().map(|column| column.width.saturating_add(2)).sum();
        width.saturating_sub(used).max(name.min)
    });
    let is_long = |file: &FileSummary| room.is_some_and(|room| Safe(&file.name).to_string().width() > room);
    let folders = if files.iter().any(is_long) { common_folders(files) } else { 0 };
    write_table(out, output, &FILE_COLUMNS, files.iter(), |file, cells| {
        match file.name.get(folders..) {
            Some(name) if folders > 0 => cells.cell(format_args!("…/{}", Safe(name))),
            _ => cells.cell(Safe(&file.name)),
        }
        file.flows.iter().for_each(|flows| cells.cell(flows));
        cells.cell(file.secrets);
    })
}

/// `tcp:0 (127.0.0.1:40446 → 127.0.0.1:80) is encrypted`: a flow that is not what was expected.
#[must_use]
pub fn differs(row: &AuditRow<'_>) -> String {
    let flow = row.flow;
    format!("{} ({} → {}) is {}", flow.id, flow.tuple.orig, flow.tuple.resp, row.audit.verdict.name())
}

/// The side of a flow that `direction` tells.
const fn side(audit: &FlowAudit, direction: Direction) -> &SideAudit {
    match direction {
        Direction::OrigToResp => &audit.orig,
        Direction::RespToOrig => &audit.resp,
    }
}

#[cfg(test)]
mod tests;
