//! `explain`: the story of every flow.

use std::io::Write;

use clap::Args;

use super::args::{ColorArgs, InputArgs};
use super::input::{Go, Prints, Reading};
use super::output::{self, Failure, Status};
use super::view::{self, PAYLOAD_PER_SIDE};
use crate::flow::{Flow, PayloadWanted};
use crate::pipeline::Pipeline;
use crate::render::explain;
use crate::render::json::write_flows_json;

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
    #[arg(long, value_name = "FLOW", value_parser = stream)]
    stream: Option<(bool, u32)>,
    /// Show payloads whole instead of folding long ones
    #[arg(long)]
    full: bool,
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

/// Reads `tcp:0` or `udp:3`: whether TCP, and the number.
pub(super) fn stream(text: &str) -> Result<(bool, u32), String> {
    let wrong = || "expected tcp:NUMBER or udp:NUMBER, as in tcp:0".to_owned();
    let (protocol, number) = text.split_once(':').ok_or_else(wrong)?;
    let number = number.parse().map_err(|_| wrong())?;
    match protocol {
        "tcp" => Ok((true, number)),
        "udp" => Ok((false, number)),
        _ => Err(wrong()),
    }
}

/// Runs `explain`.
pub(super) fn run(args: &ExplainArgs) -> Result<Status, Failure> {
    let max_bytes_per_side = if args.full { PAYLOAD_PER_SIDE_FULL } else { PAYLOAD_PER_SIDE };
    let mut pipeline = Pipeline::new(Some(PayloadWanted::for_story(max_bytes_per_side)));
    let mut reading = Reading::open(&args.input, Prints::AtTheEnd)?;
    let ending = reading.all(&mut pipeline, |_, _, _| Ok(Go::On))?;
    let wanted = |place: usize, flow: &Flow| {
        reading.selection().takes_flow(place, flow)
            && args.stream.is_none_or(|(tcp, number)| flow.tcp.is_some() == tcp && flow.id.number == number)
    };
    let flows = pipeline.told(wanted);
    let mut out = output::stdout();
    if args.json {
        write_flows_json(&mut out, &flows)?;
    } else {
        let options = view::explain_options(args.color.colors(), args.full);
        explain::capture(&mut out, reading.name(), pipeline.totals(), &flows, options)?;
        if args.stream.is_none() && reading.selection().is_whole() {
            explain::beside(&mut out, &pipeline.beside(), options)?;
        }
    }
    out.flush()?;
    if flows.is_empty()
        && let Some((tcp, number)) = args.stream
    {
        let protocol = if tcp { "tcp" } else { "udp" };
        output::say(format_args!("there is no flow {protocol}:{number}; `wirelab flows` lists them"));
        let status = reading.tell(&pipeline, &ending, 1);
        return Ok(if status == Status::Done { Status::No } else { status });
    }
    Ok(reading.tell(&pipeline, &ending, u64::try_from(flows.len()).unwrap_or(u64::MAX)))
}
