//! `mail`: the mails of a savefile, or of a file of mails, and the way that each came.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use clap::Args;

use super::args::{ColorArgs, InputArgs};
use super::export_folder::ExportFolder;
use super::input::{Go, Prints, Reading, display_name};
use super::output::{self, Failure, Status, say};
use super::{stream, view};
use crate::flow::{Flow, FlowId};
use crate::pipeline::Pipeline;
use crate::render::mail::{
    MailOptions, SHORT_LEGEND, WrittenFrom, WrittenMail, write_mail_json, write_mails, write_sessions,
    write_short, write_written,
};
use crate::render::safe::Safe;
use crate::render::table::TableOutput;
use crate::report::mail::{MAX_FILE, MailFile, MailFound, Session, Sessions, looks_like_mail};
use crate::source::{Savefile, SourceError};

/// Show mails: the sessions of SMTP, POP3 and IMAP in a savefile, on any port, with what was said, envelopes, headers, parts
/// and text; or the mails of a file: an .eml file, an mbox, headers that were copied from a mail program
///
/// Of each mail the way that it came is told, first hop first, from its Received lines and, in SMTP, from the capture
/// itself: the address of each hop against the name that it claimed, whether each host is the one that the next got the
/// mail from, times, and what does not fit. It ends with what is sure, what is not proven, and the first host that nobody
/// vouches for. Names are not looked up: what counts is what the receivers wrote down.
///
/// A mail is shown where --port and the filters take a packet that it or its envelope came in.
///
/// JSON: "sessions", each with "flow", "protocol", "client", "server", "client_name", "events" (each with its "kind",
/// "packet", "line", "reply"; of a "login" also "mechanism", "user", and "password",
/// "digest", "bearer_token" or "response"), "end", and "mails" with "number",
/// "outcome", "packets", "envelope", "command", "reply", "message". Of a file of mails, "mails" are messages alone. A
/// message has "bytes", "headers", "parts", "path" (hops, first first, each with its "link" to the next), "conclusion" and
/// "findings" ("code", "weight", "hop", "words"). What is not known or does not apply is left out.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(super) struct MailArgs {
    #[command(flatten)]
    input: InputArgs,
    /// Only the mails of this flow, by protocol and Wireshark's stream number: tcp:0
    #[arg(long, value_name = "FLOW", value_parser = wanted)]
    stream: Option<FlowId>,
    /// A line a mail
    #[arg(long, conflicts_with = "json")]
    short: bool,
    /// Show all text, not its first lines alone
    #[arg(long, conflicts_with_all = ["short", "json"])]
    full: bool,
    /// Write the whole mails into files of this folder, and list them. Files that are there already are left alone
    #[arg(long, value_name = "DIR", conflicts_with = "short")]
    export: Option<PathBuf>,
    /// Show passwords; otherwise they are ********
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
  wirelab mail capture.pcapng                    sessions and their mails
  wirelab mail capture.pcapng --short            a line a mail
  wirelab mail message.eml                       which host is the forger?
  wirelab mail -                                 paste headers, then Ctrl-D
  wirelab mail capture.pcapng --export mails     as .eml files
  wirelab mail capture.pcapng --json             for a script

! marks what cannot be so in an honest mail, ? what forgeries look like, and
· what should be known.";

/// Bytes that tell a mail from a savefile.
const HEAD: usize = 4096;

/// Most mails listed by `--export`.
const MAX_LISTED: usize = 1 << 17;

/// Reads `tcp:0`.
fn wanted(text: &str) -> Result<FlowId, String> {
    stream::id(text).ok_or_else(|| "expected tcp:NUMBER, as in tcp:0".to_owned())
}

/// What a file turned out to be.
enum Input {
    /// Packets.
    Savefile(Box<Savefile>),
    /// Mails, all of them; or as many bytes as are read.
    Mails(Vec<u8>),
}

/// Runs `mail`.
pub(super) fn run(args: &MailArgs) -> Result<Status, Failure> {
    match open(&args.input.path())? {
        Input::Savefile(savefile) => packets(args, *savefile),
        Input::Mails(text) => mails(args, &text),
    }
}

/// Opens a file, and tells by its first bytes what it is.
fn open(path: &Path) -> Result<Input, Failure> {
    if path == Path::new("-") {
        return tell(io::stdin(), "standard input");
    }
    let Ok(mut file) = File::open(path) else { return Ok(Input::Savefile(Box::new(Savefile::open(path)?))) };
    let about = file.metadata();
    let is_file = about.as_ref().is_ok_and(std::fs::Metadata::is_file);
    // What can be read only once is not opened again.
    if !is_file && !about.is_ok_and(|about| about.is_dir()) {
        return tell(file, &display_name(path));
    }
    if is_file {
        let head = head(&mut file);
        if looks_like_mail(&head) {
            return Ok(Input::Mails(rest(&mut io::Cursor::new(head).chain(file))?));
        }
    }
    Ok(Input::Savefile(Box::new(Savefile::open(path).map_err(not_a_capture)?)))
}

/// The same of what can be read only once.
fn tell(mut reader: impl Read + Send + 'static, name: &str) -> Result<Input, Failure> {
    let head = head(&mut reader);
    let mut reader = io::Cursor::new(head.clone()).chain(reader);
    if looks_like_mail(&head) {
        return Ok(Input::Mails(rest(&mut reader)?));
    }
    Ok(Input::Savefile(Box::new(Savefile::from_reader(reader, name).map_err(not_a_capture)?)))
}

/// A file that is neither.
fn not_a_capture(error: SourceError) -> Failure {
    let is_foreign = matches!(error, SourceError::NotACapture { .. });
    let failure = Failure::from(error);
    if is_foreign {
        failure.hint("a mail begins with header lines, such as From: or Received:")
    } else {
        failure
    }
}

/// The first bytes; what cannot be read is told by who reads on.
fn head(reader: &mut impl Read) -> Vec<u8> {
    let mut head = Vec::new();
    let most = u64::try_from(HEAD).unwrap_or(u64::MAX);
    // A terminal gives a line at a time: what was read before an error is kept.
    let _ = reader.take(most).read_to_end(&mut head);
    head
}

/// All bytes, up to one more than are looked at.
fn rest(reader: &mut impl Read) -> Result<Vec<u8>, Failure> {
    let mut text = Vec::new();
    let most = u64::try_from(MAX_FILE).unwrap_or(u64::MAX).saturating_add(1);
    reader
        .take(most)
        .read_to_end(&mut text)
        .map_err(|error| Failure::new(format_args!("cannot read the mail: {error}")))?;
    Ok(text)
}

fn options(args: &MailArgs) -> MailOptions {
    MailOptions {
        colors: args.color.colors(),
        width: view::prose_width(),
        secrets: args.show_secrets,
        full: args.full,
    }
}

/// The mails of a file of mails.
fn mails(args: &MailArgs, text: &[u8]) -> Result<Status, Failure> {
    let name = display_name(&args.input.path());
    let selects = !args.input.select.port.is_empty()
        || args.input.select.bpf.is_some()
        || args.input.filter_text()?.is_some()
        || args.stream.is_some();
    if selects {
        let name = Safe(name.as_bytes());
        return Err(Failure::new(format_args!(
            "--port, --stream and filters select packets, and {name} holds mails"
        )));
    }
    let mut folder = args.export.as_deref().map(ExportFolder::make).transpose()?;
    let mut written = Vec::new();
    let mut keep = |number: usize, mail: &[u8]| {
        let Some(folder) = &mut folder else { return };
        written.push(WrittenMail {
            from: WrittenFrom::File(number),
            bytes: u64::try_from(mail.len()).unwrap_or(u64::MAX),
            written: folder.write(&format!("mail-{number}.eml"), mail),
        });
    };
    let is_cut = text.len() > MAX_FILE;
    let file = MailFile::read_with(text.get(..MAX_FILE).unwrap_or(text), &mut keep);
    let mut out = output::stdout();
    if args.json {
        let exported = args.export.as_ref().map(|_| &*written);
        write_mail_json(&mut out, None, &file.mails, file.left_out, exported, args.show_secrets)?;
    } else if let Some(folder) = &args.export {
        write_written(&mut out, &folder.display().to_string(), &written, options(args))?;
    } else if args.short {
        short(&mut out, args, &[], &file.mails)?;
    } else {
        write_mails(&mut out, &file.mails, options(args))?;
    }
    out.flush()?;
    if is_cut {
        say(format_args!("limit reached: only the first {} MiB were read", MAX_FILE >> 20));
    }
    if file.left_out > 0 {
        say(format_args!("limit reached: mails that were not read: {}", file.left_out));
    }
    Ok(if file.mails.is_empty() { Status::No } else { Status::Done })
}

/// The mails of a savefile.
fn packets(args: &MailArgs, savefile: Savefile) -> Result<Status, Failure> {
    let mut folder = args.export.as_deref().map(ExportFolder::make).transpose()?;
    let mut written = Vec::new();
    let mut pipeline = Pipeline::new(None);
    let mut reading = Reading::of_savefile(savefile, &args.input, Prints::AtTheEnd)?;
    let mut sessions = Sessions::new();
    let mut keep = |mail: &MailFound<'_>| {
        let Some(folder) = folder.as_mut().filter(|_| mail.selected && written.len() < MAX_LISTED) else {
            return;
        };
        written.push(WrittenMail {
            from: WrittenFrom::Packet(mail.packet),
            bytes: u64::try_from(mail.bytes.len()).unwrap_or(u64::MAX),
            written: folder.write(&format!("packet-{}.eml", mail.packet), mail.bytes),
        });
    };
    let ending = reading.packets(&mut pipeline, |step, _, selected| {
        if !step.messages.all().is_empty() {
            let is_of_stream = args
                .stream
                .is_none_or(|wanted| step.verdicts.iter().any(|verdict| verdict.id == Some(wanted)));
            sessions.packet(&step.decoded, step.messages, selected.is_some() && is_of_stream, &mut keep);
        }
        Ok(Go::On)
    })?;
    pipeline.finish_with(&mut |messages| sessions.unfinished(messages, &mut keep));
    let first = args.stream.and_then(|id| pipeline.flows().flow(id)).map(|flow| flow.id);
    if let Some(id) = args.stream.filter(|_| first.is_none()) {
        return Ok(stream::missing(id, &reading, pipeline.flows(), &ending));
    }
    let takes = |place: usize, flow: &Flow| {
        reading.selection().takes_flow(place, flow) && first.is_none_or(|id| flow.id == id)
    };
    let not_kept = sessions.not_kept();
    let all = sessions.finish(pipeline.flows(), takes);
    let options = options(args);
    show(args, &all, not_kept, &written, options)?;
    if not_kept > 0 {
        say(format_args!("limit reached: mail sessions that were not kept: {not_kept}"));
    }
    let shown = all.iter().filter(|session| session.selected).count();
    let status = reading.tell(&pipeline, &ending, u64::try_from(shown).unwrap_or(u64::MAX));
    if shown > 0 || status != Status::Done {
        return Ok(status);
    }
    if reading.selection().is_whole() {
        let name = Safe(reading.name().as_bytes());
        say(format_args!("there is no mail in {name}; `wirelab flows` lists what there is"));
    }
    Ok(Status::No)
}

/// Writes what was asked for.
fn show(
    args: &MailArgs,
    all: &[Session],
    not_kept: u64,
    written: &[WrittenMail],
    options: MailOptions,
) -> Result<(), Failure> {
    let mut out = output::stdout();
    let exported = args.export.as_ref().map(|_| written);
    if args.json {
        write_mail_json(&mut out, Some(all), &[], not_kept, exported, options.secrets)?;
    } else if let Some(folder) = &args.export {
        write_written(&mut out, &folder.display().to_string(), written, options)?;
    } else if args.short {
        short(&mut out, args, all, &[])?;
    } else {
        write_sessions(&mut out, all, options)?;
    }
    Ok(out.flush()?)
}

/// Writes a line a mail, and what a person at a terminal should know of the columns.
fn short(
    out: &mut output::Stdout,
    args: &MailArgs,
    sessions: &[Session],
    mails: &[crate::report::mail::MailMessage],
) -> Result<(), Failure> {
    let width = output::terminal_width();
    let table = TableOutput { width, colors: args.color.colors() };
    let left_out = write_short(out, table, sessions, mails)?;
    out.flush()?;
    if width.is_some() {
        SHORT_LEGEND.lines().for_each(say);
        view::no_room(&left_out);
    }
    Ok(())
}
