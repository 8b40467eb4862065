//! `flows`: one row a flow.

use clap::Args;

use super::args::{ColorArgs, InputArgs};
use super::explain::wanted as flow_id;
use super::input::{Go, Prints, Reading};
use super::output::{self, Failure, Status, say};
use super::{stream, view};
use crate::flow::FlowId;
use crate::pipeline::Pipeline;
use crate::render::json::write_flows_json;
use crate::render::numbers::write_numbers;
use crate::render::safe::Safe;
use crate::render::table::TableOutput;

/// List the flows of a savefile, one row each: who talked to whom, how it came out, the handshake's round-trip
/// time, packets and payload each way, how long it took, and what it carries
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(super) struct FlowsArgs {
    #[command(flatten)]
    input: InputArgs,
    /// Only this flow, by protocol and Wireshark's stream number: tcp:0, udp:3
    #[arg(long, value_name = "FLOW", value_parser = flow_id)]
    stream: Option<FlowId>,
    /// Print the numbers of each flow side by side: repeats, round trips, windows, bytes in flight, throughput
    #[arg(long, conflicts_with = "json")]
    long: bool,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    color: ColorArgs,
}

const EXAMPLES: &str = "\
Examples:
  wirelab flows capture.pcapng                   each by its first packet
  wirelab flows capture.pcapng --port 80,443     the flows of some servers
  wirelab flows capture.pcapng --stream tcp:3    one flow
  wirelab flows capture.pcapng -Y 'tcp.flags.reset == 1'
  wirelab flows capture.pcapng --long            round trips and windows, too
  wirelab flows capture.pcapng --json            for a script

States: Zeek's conn_state. SF closed in order, S0 no answer, REJ refused, S1
still open, S2 and S3 closed by one side, RSTO and RSTR reset by originator or
responder, OTH begun before the capture.";

/// Runs `flows`.
pub(super) fn run(args: &FlowsArgs) -> Result<Status, Failure> {
    let mut pipeline = Pipeline::new(None);
    let mut reading = Reading::open(&args.input, Prints::AtTheEnd)?;
    let ending = reading.all(&mut pipeline, |_, _, _| Ok(Go::On))?;
    // A flow may have two numbers, and goes by the first.
    let only = args.stream.map(|id| pipeline.flows().flow(id).map_or(id, |flow| flow.id));
    let flows = pipeline.told(|place, flow| {
        reading.selection().takes_flow(place, flow) && only.is_none_or(|id| flow.id == id)
    });
    let missing = args.stream.filter(|_| flows.is_empty());
    let mut out = output::stdout();
    if args.json {
        write_flows_json(&mut out, &flows)?;
        std::io::Write::flush(&mut out)?;
    } else if flows.is_empty() {
        // The end says what there is instead; a table would be its head alone.
    } else if args.long {
        let output = TableOutput { width: output::terminal_width(), colors: args.color.colors() };
        write_numbers(&mut out, output, &flows)?;
        std::io::Write::flush(&mut out)?;
    } else {
        view::table(&mut out, &flows, args.color.colors())?;
    }
    if let Some(id) = missing {
        return Ok(stream::missing(id, &reading, pipeline.flows(), &ending));
    }
    if flows.is_empty() && reading.selection().spelled().is_none() {
        say(format_args!(
            "there is no TCP or UDP flow in {}; `wirelab read` lists its packets",
            Safe(reading.name().as_bytes())
        ));
    }
    let status = reading.tell(&pipeline, &ending, u64::try_from(flows.len()).unwrap_or(u64::MAX));
    // The program ends here: taking every flow apart first would cost as much as a tenth of the reading.
    std::mem::forget(pipeline);
    Ok(status)
}
