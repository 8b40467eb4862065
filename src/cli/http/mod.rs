//! `http`: the HTTP exchanges of a savefile, and the documents in them as files.

mod export;

use std::io::Write;
use std::path::PathBuf;

use clap::Args;

use super::args::{ColorArgs, InputArgs};
use super::input::{Go, Prints, Reading};
use super::output::{self, Failure, Status, say};
use super::{stream, view};
use crate::flow::{Flow, FlowId};
use crate::pipeline::{Pipeline, PipelineOptions};
use crate::proto::AnalyzerOptions;
use crate::render::format::Count;
use crate::render::http::{
    HttpOptions, SHORT_LEGEND, write_exchanges, write_export_list, write_http_json, write_short,
};
use crate::render::table::TableOutput;
use crate::report::http::{BodyFound, Exchange, Exchanges};
use export::Export;

/// Show the HTTP exchanges of a savefile, on any port: each request with its answer, all headers, the beginning of the
/// document, when they came and in which packets, and what caches and proxies did.
///
/// An exchange is shown where --port and the filters take the packet that its request or its answer ends in. Times are
/// counted from the packet that completes the request.
///
/// JSON: "exchanges", each with "flow", its "number" in the flow, "client", "server"; "request" with "method", "target",
/// "host"; "response" with "status", "phrase"; both with "version", "packets" (first, last), "time", "headers" (a list of
/// "name" and "value"), "head_bytes", "body" ("bytes" unpacked, "wire_bytes", "media_type", "chunked", and the first
/// bytes as "text" or "hex"), "cut" where not whole, "fault" where its length is in doubt; "interim" answers (1xx); "unanswered"; "persistent"; "pipelined";
/// "times" ("first_byte_ns", "last_byte_ns"); "cache" ("verdict", "evidence", "age", "proxy"). With --export also
/// "exported". What is not known or does not apply is left out.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(super) struct HttpArgs {
    #[command(flatten)]
    input: InputArgs,
    /// Only the exchanges of this flow, by protocol and Wireshark's stream number: tcp:0
    #[arg(long, value_name = "FLOW", value_parser = wanted)]
    stream: Option<FlowId>,
    /// A line an exchange
    #[arg(long, conflicts_with = "json")]
    short: bool,
    /// Write the bodies, without chunks and unpacked, into files of this folder, and list them. Files that are there
    /// already are left alone
    #[arg(long, value_name = "DIR")]
    export: Option<PathBuf>,
    /// Show passwords, tokens and cookies; otherwise they are ********
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
  wirelab http capture.pcapng                    every exchange
  wirelab http capture.pcapng --short            a line each
  wirelab http capture.pcapng -Y 'http.response.code == 404'
  wirelab http capture.pcapng --export pages     the documents as files
  wirelab http capture.pcapng --json             for a script

→ marks a request, ← its answer. A message that is not whole says why.";

/// Reads `tcp:0`.
fn wanted(text: &str) -> Result<FlowId, String> {
    stream::id(text).ok_or_else(|| "expected tcp:NUMBER, as in tcp:0".to_owned())
}

/// Runs `http`.
pub(super) fn run(args: &HttpArgs) -> Result<Status, Failure> {
    let mut export = args.export.as_deref().map(Export::into_folder).transpose()?;
    let options =
        PipelineOptions { analyzers: Some(AnalyzerOptions { bodies: true }), ..PipelineOptions::default() };
    let mut pipeline = Pipeline::with(options);
    let mut reading = Reading::open(&args.input, Prints::AtTheEnd)?;
    let mut exchanges = Exchanges::new();
    let mut keep = |body: &BodyFound<'_>| {
        if let Some(export) = &mut export {
            export.body(body);
        }
    };
    let ending = reading.packets(&mut pipeline, |step, _, selected| {
        if !step.messages.all().is_empty() {
            let is_of_stream = args
                .stream
                .is_none_or(|wanted| step.verdicts.iter().any(|verdict| verdict.id == Some(wanted)));
            let selected = selected.is_some() && is_of_stream;
            exchanges.packet(&step.decoded, step.messages, selected, &mut keep);
        }
        Ok(Go::On)
    })?;
    pipeline.finish_with(&mut |messages| exchanges.unfinished(messages, &mut keep));
    let first = args.stream.and_then(|id| pipeline.flows().flow(id)).map(|flow| flow.id);
    if let Some(id) = args.stream.filter(|_| first.is_none()) {
        return Ok(stream::missing(id, &reading, pipeline.flows(), &ending));
    }
    let takes = |place: usize, flow: &Flow| {
        reading.selection().takes_flow(place, flow) && first.is_none_or(|id| flow.id == id)
    };
    let (not_kept, left_packed) = (exchanges.not_kept(), exchanges.left_packed());
    let all = exchanges.finish(pipeline.flows(), takes);
    let options = HttpOptions {
        colors: args.color.colors(),
        width: view::prose_width(),
        secrets: args.show_secrets,
        first: pipeline.totals().first_ts,
    };
    show(args, &all, not_kept, export.map(Export::into_list), options)?;
    let shown = all.iter().filter(|exchange| exchange.selected).count();
    if not_kept > 0 {
        say(format_args!("limit reached: HTTP exchanges that were not kept: {not_kept}"));
    }
    if left_packed > 0 {
        say(format_args!(
            "limit reached: HTTP bodies left packed because too much was unpacked before them: {left_packed}"
        ));
    }
    let status = reading.tell(&pipeline, &ending, 1);
    if shown > 0 || status != Status::Done {
        return Ok(status);
    }
    tell_nothing(args.stream, &reading, all.len());
    Ok(Status::No)
}

/// Says what there is instead of what was asked for.
fn tell_nothing(stream: Option<FlowId>, reading: &Reading<'_>, exchanges: usize) {
    let name = crate::render::safe::Safe(reading.name().as_bytes()).to_string();
    let mut wanted: Vec<String> = reading.selection().spelled().into_iter().collect();
    wanted.extend(stream.map(|flow| format!("--stream {flow}")));
    if exchanges == 0 || wanted.is_empty() {
        say(format_args!("there is no HTTP in {name}; `wirelab flows` lists what there is"));
        return;
    }
    let all = u64::try_from(exchanges).unwrap_or(u64::MAX);
    let all = Count::new(all, "HTTP exchange", "HTTP exchanges");
    say(format_args!("no HTTP matched {}; {name} holds {all}", wanted.join(" and ")));
}

/// Writes what was asked for.
fn show(
    args: &HttpArgs,
    all: &[Exchange],
    not_kept: u64,
    exported: Option<crate::render::http::ExportList>,
    options: HttpOptions,
) -> Result<(), Failure> {
    let mut out = output::stdout();
    if args.json {
        write_http_json(&mut out, all, not_kept, exported.as_ref(), options.secrets)?;
        return Ok(out.flush()?);
    }
    if let Some(list) = exported {
        if args.short && all.iter().any(|exchange| exchange.selected) {
            let table = TableOutput { width: output::terminal_width(), colors: options.colors };
            write_short(&mut out, table, all, options.secrets)?;
            writeln!(out)?;
        }
        write_export_list(&mut out, &list, options)?;
        return Ok(out.flush()?);
    }
    if !all.iter().any(|exchange| exchange.selected) {
        // The end says what there is instead; a table would be its head alone.
        return Ok(());
    }
    if !args.short {
        write_exchanges(&mut out, all, options)?;
        return Ok(out.flush()?);
    }
    let width = output::terminal_width();
    let table = TableOutput { width, colors: options.colors };
    let left_out = write_short(&mut out, table, all, options.secrets)?;
    out.flush()?;
    if width.is_some() {
        let shown = |line: &&str| line.split_once(':').is_none_or(|(title, _)| !left_out.contains(&title));
        SHORT_LEGEND.lines().filter(shown).for_each(say);
        view::no_room(&left_out);
    }
    Ok(())
}
