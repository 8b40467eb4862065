//! `follow`: what both sides of a flow said.

use std::io::{self, IsTerminal, Write};

use clap::{Args, ValueEnum};

use super::args::{ColorArgs, InputArgs};
use super::input::{Ending, Go, Prints, Reading};
use super::output::{self, Failure, Status, say};
use super::{stream, view};
use crate::flow::{Direction, Flow, FlowId, PayloadWanted};
use crate::pipeline::Pipeline;
use crate::render::color::Colors;
use crate::render::follow::{self, FollowOptions};
use crate::render::format::Count;
use crate::render::json::write_stream_json;

/// Most flows listed to choose from: they fit on a screen.
const LISTED: usize = 15;

/// Show what both sides of a TCP or UDP flow said, in turns, with the time between.
///
/// TCP is put in order, without repeats; bytes that are not in the capture are told where they are missing. A turn that
/// does not read as text is shown as a hex dump. Of all streams together 1 GiB is kept; that more was there is told.
///
/// Where a segment says other bytes than an earlier one, the first are shown, and both packets are named below.
///
/// The bytes are shown as they were sent: passwords and tokens are not masked here.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(super) struct FollowArgs {
    #[command(flatten)]
    input: InputArgs,
    /// The flow, by protocol and Wireshark's stream number (tcp:0, udp:3), or all; not needed where there is only one
    #[arg(long, value_name = "FLOW", value_parser = wanted)]
    stream: Option<Wanted>,
    /// How to show it: text; hex, with offsets; raw, the bytes alone; json, one line a flow
    ///
    /// JSON of a flow: "orig" and "resp" with address, port and the bytes "missing_at_end"; "turns", each with "from",
    /// "packets", "time", "since_turn_before_ns", "gap_before" (bytes not captured), "len" and "hex"; "missing_bytes",
    /// "not_kept_bytes"; "conflict_count" and, of the first, "conflicts", each with "from", "packets" (the one believed,
    /// the one that contradicts it), "offset" and "len" within what that side sent; "not_compared_bytes", repeated too late
    /// to be compared. Left out are times that are not known, and where they are 0 or empty "missing_at_end",
    /// "gap_before" and what stands behind "turns".
    #[arg(long = "as", value_enum, value_name = "FORM", default_value_t, hide_possible_values = true)]
    form: Form,
    /// Only what this side sent: orig, who began, or resp, who was addressed
    #[arg(long, value_enum, value_name = "SIDE", hide_possible_values = true)]
    only: Option<OnlySide>,
    /// The same as --as json
    #[arg(long, conflicts_with = "form")]
    json: bool,
    /// Write raw bytes to a terminal, too, which they may control
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    color: ColorArgs,
}

const EXAMPLES: &str = "\
Examples:
  wirelab follow capture.pcapng --stream tcp:0
  wirelab follow capture.pcapng --port 12000     the flow of that port
  wirelab follow capture.pcapng --stream tcp:0 --as raw --only resp > page.html
  wirelab follow capture.pcapng --stream all --as json

→ marks what the side that began sent, ← what the other side sent.";

/// Which flows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    /// Every one.
    All,
    /// This one.
    One(FlowId),
}

/// `--as`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum Form {
    /// Text, a hex dump where it is none.
    #[default]
    Text,
    /// A hex dump.
    Hex,
    /// The bytes.
    Raw,
    /// JSON lines.
    Json,
}

/// `--only`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum OnlySide {
    Orig,
    Resp,
}

/// Reads `tcp:0`, `udp:3` or `all`.
fn wanted(text: &str) -> Result<Wanted, String> {
    let wrong = || "expected tcp:NUMBER, udp:NUMBER or all, as in tcp:0".to_owned();
    if text == "all" {
        return Ok(Wanted::All);
    }
    stream::id(text).map(Wanted::One).ok_or_else(wrong)
}

/// Runs `follow`.
pub(super) fn run(args: &FollowArgs) -> Result<Status, Failure> {
    let form = if args.json { Form::Json } else { args.form };
    if form == Form::Raw && !args.force && io::stdout().is_terminal() {
        return Err(Failure::new("raw bytes could control this terminal").hint(
            "send them to a file (> FILE) or a pipe, show them with --as hex, or insist with --force",
        ));
    }
    let is_file = stream::is_file(&args.input);
    let first = match args.stream {
        Some(Wanted::One(id)) => Some(PayloadWanted::to_follow(Some(id))),
        Some(Wanted::All) => Some(PayloadWanted::to_follow(None)),
        // Which flows there are is found out before anything is kept; what cannot be read twice is kept at once.
        None => (!is_file).then(|| PayloadWanted::to_follow(None)),
    };
    let mut pass = Pass::over(args, first)?;
    if matches!(pass.ending, Ending::Interrupted) && !pass.keeps {
        return Ok(pass.tell(1));
    }
    if let Some(again) = pass.flow_to_read_again(args.stream) {
        if !is_file {
            return Err(stream::other_number(again));
        }
        pass = Pass::over(args, Some(PayloadWanted::to_follow(Some(again))))?;
    }
    let flows = pass.flows(args.stream);
    if args.stream.is_none() && flows.len() > 1 {
        let status = pass.tell(1);
        choose(&flows);
        return Ok(if status == Status::Interrupted { status } else { Status::Error });
    }
    if let Some(Wanted::One(id)) = args.stream
        && flows.is_empty()
    {
        return Ok(stream::missing(id, &pass.reading, pass.pipeline.flows(), &pass.ending));
    }
    let mut out = output::stdout();
    let only = args.only.map(|side| match side {
        OnlySide::Orig => Direction::OrigToResp,
        OnlySide::Resp => Direction::RespToOrig,
    });
    show(&mut out, &flows, form, only, args.color.colors())?;
    Ok(pass.tell(u64::try_from(flows.len()).unwrap_or(u64::MAX)))
}

/// The savefile, read to its end.
struct Pass<'a> {
    reading: Reading<'a>,
    pipeline: Pipeline,
    ending: Ending,
    keeps: bool,
}

impl<'a> Pass<'a> {
    /// Reads the savefile, keeping the payload that is wanted.
    fn over(args: &'a FollowArgs, wanted: Option<PayloadWanted>) -> Result<Self, Failure> {
        let mut pipeline = Pipeline::new(wanted);
        let mut reading = Reading::open(&args.input, Prints::AtTheEnd)?;
        let ending = reading.all(&mut pipeline, |_, _, _| Ok(Go::On))?;
        Ok(Self { reading, pipeline, ending, keeps: wanted.is_some() })
    }

    /// The flows to show.
    fn flows(&self, wanted: Option<Wanted>) -> Vec<&Flow> {
        let table = self.pipeline.flows();
        // Some flows have a second number (Wireshark's of SNMP) and are meant by both.
        let only = match wanted {
            Some(Wanted::One(id)) => Some(table.flow(id).map_or(id, |flow| flow.id)),
            Some(Wanted::All) | None => None,
        };
        let all = table.flows().iter().enumerate();
        all.filter(|(place, flow)| self.reading.selection().takes_flow(*place, flow))
            .map(|(_, flow)| flow)
            .filter(|flow| only.is_none_or(|id| flow.id == id))
            .collect()
    }

    /// The only flow to show, where its payload was not kept.
    fn flow_to_read_again(&self, wanted: Option<Wanted>) -> Option<FlowId> {
        match (self.flows(wanted).as_slice(), wanted) {
            ([flow], None) if !self.keeps => Some(flow.id),
            ([flow], Some(Wanted::One(id))) if flow.id != id => Some(flow.id),
            _ => None,
        }
    }

    /// Says how it ended; so many flows were shown.
    fn tell(&self, shown: u64) -> Status {
        self.reading.tell(&self.pipeline, &self.ending, shown)
    }
}

/// Writes the streams of `flows`.
pub(super) fn show<W: Write>(
    out: &mut W,
    flows: &[&Flow],
    form: Form,
    only: Option<Direction>,
    colors: Colors,
) -> Result<(), Failure> {
    let options = FollowOptions { colors, width: output::terminal_width(), hex: form == Form::Hex, only };
    let mut missing = 0_u64;
    for (place, flow) in flows.iter().enumerate() {
        match form {
            Form::Json => write_stream_json(out, flow, only)?,
            Form::Raw => missing = missing.saturating_add(follow::raw(out, flow, only)?),
            Form::Text | Form::Hex => {
                if place > 0 {
                    writeln!(out)?;
                }
                follow::stream(out, flow, &options)?;
            }
        }
    }
    out.flush()?;
    if missing > 0 {
        say(format_args!("{} not in the capture and left out", Count::new(missing, "byte is", "bytes are")));
    }
    Ok(())
}

/// Lists the flows there are to choose from.
fn choose(flows: &[&Flow]) {
    let example = flows.first().map_or_else(|| "tcp:0".to_owned(), |flow| flow.id.to_string());
    say(format_args!(
        "there are {} flows; choose one, as with --stream {example}, or --stream all:",
        flows.len()
    ));
    for flow in flows.iter().take(LISTED) {
        follow::choice(flow, view::prose_width()).lines().for_each(say);
    }
    if flows.len() > LISTED {
        say(format_args!("  … and {} more; `wirelab flows` lists them", flows.len().saturating_sub(LISTED)));
    }
}
