//! `audit`: is this readable?

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use super::args::{ColorArgs, SelectArgs};
use super::input::{Ending, Go, Prints, Reading, display_name};
use super::output::{self, Failure, Status, say};
use super::{stream, view};
use crate::flow::{FlowId, PacketStamp};
use crate::pipeline::Pipeline;
use crate::render::audit::{
    AuditDocument, AuditOptions, AuditRow, FILE_LEGEND, FileJson, FileSummary, LEGEND, differs, write_audit,
    write_files,
};
use crate::render::format::Count;
use crate::render::safe::Safe;
use crate::render::table::TableOutput;
use crate::report::audit::{Audit, Legibility};
use crate::source::{Interrupt, SourceError};

/// Most files of a folder that are read: a year of captures, one an hour.
const MAX_FILES: usize = 10_000;

/// How deep folders within a folder are looked into.
const MAX_DEPTH: usize = 16;

/// Flows named that are not as expected; more are counted.
const MAX_NAMED: usize = 20;

/// Say for each flow whether a stranger on the way could read it: plaintext, encrypted, compressed, binary, or too
/// little data to tell, with the evidence; and which passwords, cookies and other secrets were sent in clear
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(super) struct AuditArgs {
    /// Savefile to read, or - for standard input; of several, or of a folder, one line a file is shown
    #[arg(value_name = "FILE", required_unless_present = "read_file")]
    files: Vec<PathBuf>,
    /// The savefile, as tshark and tcpdump spell it
    #[arg(short = 'r', value_name = "FILE", conflicts_with = "files")]
    read_file: Option<PathBuf>,
    #[command(flatten)]
    select: SelectArgs,
    /// Only this flow of one file, by protocol and Wireshark's stream number: tcp:0, udp:3
    #[arg(long, value_name = "FLOW", value_parser = wanted)]
    stream: Option<FlowId>,
    /// Exit with 0 if every flow that carries payload is this, else with 1 and name those that are not
    #[arg(long, value_enum, value_name = "WHAT")]
    expect: Option<Expectation>,
    /// Show each side of each flow, with the test of its bytes
    #[arg(long, conflicts_with = "json")]
    long: bool,
    /// Do not mask passwords, cookies and other secrets
    #[arg(long)]
    show_secrets: bool,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    color: ColorArgs,
}

const EXAMPLES: &str = "\
Examples:
  wirelab audit capture.pcapng                   a verdict a flow
  wirelab audit capture.pcapng --long            each side, with the numbers
  wirelab audit capture.pcapng --show-secrets    passwords not masked
  wirelab audit capture.pcapng --stream tcp:3    one flow
  # is the payload of the server on port 12000 not encrypted?
  wirelab audit capture.pcapng --port 12000 --expect unencrypted
  wirelab audit captures/                        a line a file

What a flow speaks decides, a packed body changes nothing; where that is not
known, its bytes do: text if 9 of 10 are readable, else encrypted if they look
random (chi-square of their counts up to 330.5, of 256 bytes or more), else
compressed if their entropy is above 7.5 bits a byte, else binary.";

/// Reads `tcp:0`.
fn wanted(text: &str) -> Result<FlowId, String> {
    stream::id(text).ok_or_else(|| "expected tcp:NUMBER or udp:NUMBER, as in tcp:0".to_owned())
}

/// What every flow is expected to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Expectation {
    /// Text
    Plaintext,
    /// Text or binary, such as DNS
    Unencrypted,
    /// Readable only with a key
    Encrypted,
}

impl Expectation {
    const fn takes(self, verdict: Legibility) -> bool {
        match self {
            Self::Plaintext => matches!(verdict, Legibility::Plaintext),
            Self::Unencrypted => matches!(verdict, Legibility::Plaintext | Legibility::Binary),
            Self::Encrypted => matches!(verdict, Legibility::Encrypted),
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Plaintext => "plaintext",
            Self::Unencrypted => "unencrypted",
            Self::Encrypted => "encrypted",
        }
    }
}

/// How the flows seen so far compare with what was expected.
#[derive(Debug, Default)]
struct Met {
    flows: u64,
    differing: u64,
}

impl Met {
    /// Looks at the flows of a file; names those that differ, `of` the file where there are several.
    fn look(&mut self, expected: Expectation, rows: &[AuditRow<'_>], of: Option<&str>) {
        for row in rows.iter().filter(|row| row.audit.orig.bytes > 0 || row.audit.resp.bytes > 0) {
            self.flows += 1;
            if expected.takes(row.audit.verdict) {
                continue;
            }
            self.differing += 1;
            if self.differing <= MAX_NAMED as u64 {
                let file = of.map(|name| format!("{}: ", Safe(name.as_bytes()))).unwrap_or_default();
                say(format_args!("not {}: {file}{}", expected.name(), differs(row)));
            }
        }
    }

    /// The answer, said where it is no.
    fn answer(&self, expected: Expectation) -> Status {
        if self.flows == 0 {
            say("no flow with payload matches: nothing to expect anything of");
            return Status::No;
        }
        if self.differing == 0 {
            return Status::Done;
        }
        let flows = Count::new(self.flows, "flow", "flows");
        say(format_args!("{} of {flows} not {}", self.differing, expected.name()));
        Status::No
    }
}

/// Runs `audit`.
pub(super) fn run(args: &AuditArgs) -> Result<Status, Failure> {
    let interrupt = Interrupt::install()?;
    let named: Vec<&Path> = args.read_file.iter().chain(&args.files).map(PathBuf::as_path).collect();
    match named.as_slice() {
        [one] if !one.is_dir() => single(args, one, &interrupt),
        _ => several(args, &named, &interrupt),
    }
}

/// One file, read.
struct Read<'a> {
    reading: Reading<'a>,
    pipeline: Pipeline,
    audit: Audit,
    ending: Ending,
}

impl<'a> Read<'a> {
    fn file(args: &'a AuditArgs, path: &Path, interrupt: &Interrupt) -> Result<Self, Failure> {
        let mut pipeline = Pipeline::new(None);
        let mut audit = Audit::default();
        let mut reading = Reading::open_one(path, &args.select, Prints::AtTheEnd, interrupt)?;
        let ending = reading.every(&mut pipeline, |step, _, _| {
            let packet = PacketStamp { number: step.packet.number, ts: step.packet.ts };
            audit.observe(packet, &step.decoded, step.verdicts);
            Ok(Go::On)
        })?;
        audit.finish();
        Ok(Self { reading, pipeline, audit, ending })
    }

    /// Says how reading ended; `shown` flows were selected.
    fn tell(&self, shown: usize) -> Status {
        let limits = self.audit.limits();
        for (count, what) in [
            (
                limits.packets_not_watched,
                "packets of flows that are judged by their first bytes, there are so many",
            ),
            (limits.given_up, "times that missing bytes were given up because too many waited for them"),
            (limits.long_lines, "lines of which only the first bytes were looked at for secrets"),
        ] {
            if count > 0 {
                say(format_args!("limit reached: {what}: {count}"));
            }
        }
        self.reading.tell(&self.pipeline, &self.ending, u64::try_from(shown).unwrap_or(u64::MAX))
    }
}

/// The flows that were selected; the audit forgets them, so that nothing is kept twice.
fn rows<'a>(
    reading: &Reading<'_>,
    pipeline: &'a Pipeline,
    audit: &mut Audit,
    stream: Option<FlowId>,
) -> Vec<AuditRow<'a>> {
    let flows = pipeline.flows().flows().iter().enumerate();
    // A flow can have a second number, which leads to its first.
    let only = stream.map(|id| pipeline.flows().flow(id).map_or(id, |flow| flow.id));
    flows
        .filter(|(place, flow)| {
            only.is_none_or(|id| flow.id == id) && reading.selection().takes_flow(*place, flow)
        })
        .map(|(place, flow)| {
            let analyzed = pipeline.analyzers().and_then(|analyzers| analyzers.protocol_of(place));
            AuditRow { flow, audit: audit.take_flow(place, flow, analyzed) }
        })
        .collect()
}

fn single(args: &AuditArgs, path: &Path, interrupt: &Interrupt) -> Result<Status, Failure> {
    let mut read = Read::file(args, path, interrupt)?;
    let rows = rows(&read.reading, &read.pipeline, &mut read.audit, args.stream);
    if let Some(id) = args.stream.filter(|_| rows.is_empty()) {
        return Ok(stream::missing(id, &read.reading, read.pipeline.flows(), &read.ending));
    }
    let mut out = output::stdout();
    if args.json {
        AuditDocument::of_flows(&rows, args.show_secrets).write(&mut out)?;
        out.flush()?;
    } else {
        let width = output::terminal_width();
        // A table in a pipe is as wide as what is in it, prose is not.
        let columns = if args.long { Some(view::prose_width()) } else { width };
        let output = TableOutput { width: columns, colors: args.color.colors() };
        let options = AuditOptions { output, long: args.long, show_secrets: args.show_secrets };
        let left_out = write_audit(&mut out, options, &rows)?;
        out.flush()?;
        if width.is_some() && !rows.is_empty() && !args.long {
            LEGEND.lines().for_each(say);
            view::no_room(&left_out);
        }
    }
    let told = read.tell(rows.len());
    let Some(expected) = args.expect else { return Ok(told) };
    let mut met = Met::default();
    met.look(expected, &rows, None);
    let answer = met.answer(expected);
    Ok(if told == Status::Done { answer } else { told })
}

fn several(args: &AuditArgs, named: &[&Path], interrupt: &Interrupt) -> Result<Status, Failure> {
    if args.long {
        return Err(
            Failure::new("--long shows the flows of one file").hint("name one savefile, or leave out --long")
        );
    }
    if args.stream.is_some() {
        return Err(Failure::new("--stream names a flow of one file")
            .hint("name one savefile, or leave out --stream"));
    }
    let mut files = Files::default();
    named.iter().for_each(|path| files.add(path, 0, true));
    let (mut table, mut documents) = (Vec::new(), Vec::new());
    let mut met = Met::default();
    let mut status = Status::Done;
    let (mut skipped, mut shown) = (0_u64, 0_usize);
    for (path, by_name) in &files.found {
        let name = display_name(path);
        let mut read = match Read::file(args, path, interrupt) {
            Ok(read) => read,
            Err(_) if !by_name && is_foreign(path) => {
                skipped += 1;
                continue;
            }
            Err(failure) => {
                say(&failure);
                status = Status::Error;
                continue;
            }
        };
        let rows = rows(&read.reading, &read.pipeline, &mut read.audit, None);
        shown += rows.len();
        // Which of several files has nothing that was selected is no news.
        let told = read.tell(rows.len().max(1));
        if told != Status::Done {
            status = told;
        }
        if let Some(expected) = args.expect {
            met.look(expected, &rows, Some(&name));
        }
        if args.json {
            documents.push(FileJson::new(name, &rows, args.show_secrets));
        } else {
            let mut summary = FileSummary { name: name.into_bytes(), ..FileSummary::default() };
            rows.iter().for_each(|row| summary.count(&row.audit));
            table.push(summary);
        }
        if status == Status::Interrupted {
            break;
        }
    }
    let read = table.len().saturating_add(documents.len());
    // Of nothing a table would be its head alone.
    if args.json || read > 0 {
        show_files(args, &table, &documents)?;
    }
    if skipped > 0 {
        say(format_args!("{} passed over: no savefile", Count::new(skipped, "file", "files")));
    }
    if files.left_out > 0 {
        say(format_args!("limit reached: files and folders not looked at: {}", files.left_out));
    }
    if read == 0 && status == Status::Done {
        let names: Vec<String> =
            named.iter().map(|path| Safe(display_name(path).as_bytes()).to_string()).collect();
        say(format_args!("there is no savefile in {}", names.join(", ")));
        return Ok(Status::No);
    }
    let mut answer = args.expect.map_or(Status::Done, |expected| met.answer(expected));
    let selection = args.select.spelled(None, args.select.filter_text()?.as_deref());
    if let Some(selection) = selection.filter(|_| shown == 0 && read > 0) {
        let read = u64::try_from(read).unwrap_or(u64::MAX);
        say(format_args!("nothing matched {selection} in {}", Count::new(read, "file", "files")));
        answer = Status::No;
    }
    Ok(if status == Status::Done { answer } else { status })
}

fn show_files(args: &AuditArgs, table: &[FileSummary], documents: &[FileJson]) -> Result<(), Failure> {
    let mut out = output::stdout();
    if args.json {
        AuditDocument::of_files(documents).write(&mut out)?;
        out.flush()?;
        return Ok(());
    }
    let output = TableOutput { width: output::terminal_width(), colors: args.color.colors() };
    let left_out = write_files(&mut out, output, table)?;
    out.flush()?;
    if output.width.is_some() && !table.is_empty() {
        say(FILE_LEGEND);
    }
    view::no_room(&left_out);
    Ok(())
}

/// Whether a file of a folder is something else than a savefile, as a README is.
fn is_foreign(path: &Path) -> bool {
    use crate::source::Savefile;
    matches!(Savefile::open(path), Err(SourceError::NotACapture { .. }))
}

/// The files to read, and whether each was named.
#[derive(Debug, Default)]
struct Files {
    found: Vec<(PathBuf, bool)>,
    left_out: u64,
}

impl Files {
    /// Adds a file, or what is in a folder, sorted by name. A link inside a folder is not followed: it may lead back.
    fn add(&mut self, path: &Path, depth: usize, by_name: bool) {
        let is_folder = if by_name { path.is_dir() } else { path.is_dir() && !path.is_symlink() };
        if !is_folder {
            if by_name || path.is_file() {
                self.push(path, by_name);
            }
            return;
        }
        if depth >= MAX_DEPTH {
            self.left_out += 1;
            return;
        }
        match fs::read_dir(path) {
            Ok(entries) => {
                let mut inside: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
                inside.sort();
                inside.iter().for_each(|path| self.add(path, depth + 1, false));
            }
            Err(error) => {
                say(format_args!("warning: cannot list {}: {error}", Safe(display_name(path).as_bytes())))
            }
        }
    }

    fn push(&mut self, path: &Path, by_name: bool) {
        if self.found.len() < MAX_FILES {
            self.found.push((path.to_owned(), by_name));
        } else {
            self.left_out += 1;
        }
    }
}
