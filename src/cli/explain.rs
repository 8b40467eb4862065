//! `explain`: the story of every flow.

use std::io::Write;

use clap::Args;

use super::args::{ColorArgs, InputArgs};
use super::input::{Ending, Go, Prints, Reading};
use super::output::{self, Failure, Status};
use super::stream;
use super::view::{self, PAYLOAD_PER_SIDE};
use crate::flow::{Flow, FlowId, PayloadWanted};
use crate::pipeline::Pipeline;
use crate::render::explain;
use crate::render::json::write_explain_json;
use crate::report::dns::{DnsCollector, Learnt};
use crate::report::lan::LanCollector;

/// The same with --full.
const PAYLOAD_PER_SIDE_FULL: usize = 16 << 20;

/// Tell each flow's story in plain words: who connected to whom, the handshake step by step, what was said and
/// whether it is readable, how it ended, and what went wrong. Every claim names its packet.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(super) struct ExplainArgs {
    #[command(flatten)]
    input: InputArgs,
    /// Only this flow, by protocol and Wireshark's stream number: tcp:0, udp:3
    #[arg(long, value_name = "FLOW", value_parser = wanted)]
    stream: Option<FlowId>,
    /// Show payloads whole instead of folding long ones
    #[arg(long)]
    full: bool,
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
  wirelab explain capture.pcapng                 every flow
  wirelab explain capture.pcapng --port 12000    the flows of one server
  # one flow, nothing folded
  wirelab explain capture.pcapng --stream tcp:0 --full

An arrow → is a packet of the side that began, ← one of the other side.";

/// Reads `tcp:0` or `udp:3`.
pub(super) fn wanted(text: &str) -> Result<FlowId, String> {
    stream::id(text).ok_or_else(|| "expected tcp:NUMBER or udp:NUMBER, as in tcp:0".to_owned())
}

/// Runs `explain`.
pub(super) fn run(args: &ExplainArgs) -> Result<Status, Failure> {
    story(args, args.stream)
}

/// Tells the story, of the flow `stream` alone where one is named.
fn story(args: &ExplainArgs, stream: Option<FlowId>) -> Result<Status, Failure> {
    let max_bytes_per_side = if args.full { PAYLOAD_PER_SIDE_FULL } else { PAYLOAD_PER_SIDE };
    let payload = PayloadWanted { only: stream, ..PayloadWanted::for_story(max_bytes_per_side) };
    let mut pipeline = Pipeline::new(Some(payload));
    let mut reading = Reading::open(&args.input, Prints::AtTheEnd)?;
    // What is beside the flows is of no stream.
    let mut lan = stream.is_none().then(LanCollector::default);
    let mut names = stream.is_none().then(DnsCollector::default);
    let ending = reading.every(&mut pipeline, |step, _, selected| {
        if let Some(names) = &mut names {
            names.take(&step.decoded, step.verdicts, step.messages, selected.is_some());
        }
        if let (Some(lan), Some(_)) = (&mut lan, selected) {
            lan.take(&step.packet, &step.decoded, step.echo, step.messages);
        }
        Ok(Go::On)
    })?;
    let lan = lan.map(LanCollector::finish).unwrap_or_default();
    let names = names.map(|names| names.finish(pipeline.flows(), |_, _| true)).unwrap_or_default();
    let learnt = Learnt::of(names.selected(), pipeline.totals().last_ts);
    // Some flows have a second number (Wireshark's of SNMP) and are meant by both.
    let first = stream.and_then(|id| pipeline.flows().flow(id)).map(|flow| flow.id);
    if first != stream
        && let Some(first) = first
    {
        let again = stream::is_file(&args.input) && !matches!(ending, Ending::Interrupted);
        return if again { story(args, Some(first)) } else { Err(stream::other_number(first)) };
    }
    let wanted = |place: usize, flow: &Flow| {
        reading.selection().takes_flow(place, flow) && stream.is_none_or(|id| flow.id == id)
    };
    let flows = pipeline.told(wanted);
    let missing = stream.filter(|_| flows.is_empty());
    let mut out = output::stdout();
    if args.json {
        write_explain_json(&mut out, &flows, &lan, &learnt, args.show_secrets)?;
    } else if missing.is_none() {
        let options = view::explain_options(args.color.colors(), args.full, args.show_secrets);
        explain::capture(&mut out, reading.name(), pipeline.totals(), &flows, options)?;
        if let Some(labs) = pipeline.labs() {
            explain::labs(&mut out, labs, &flows, options)?;
        }
        explain::lan(&mut out, &lan, options)?;
        explain::learnt(&mut out, &learnt, options)?;
        if stream.is_none() && reading.selection().is_whole() {
            explain::beside(&mut out, &pipeline.beside(), options)?;
        }
    }
    out.flush()?;
    if let Some(id) = missing {
        return Ok(stream::missing(id, &reading, pipeline.flows(), &ending));
    }
    Ok(reading.tell(
        &pipeline,
        &ending,
        u64::try_from(flows.len()).unwrap_or(u64::MAX).max((!lan.is_empty()).into()),
    ))
}
