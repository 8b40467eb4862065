//! `read`: the packet list, or chosen fields of each packet, or the packets saved to another file.

use std::io::Write;

use clap::{Args, ValueEnum};

use super::args::{ColorArgs, InputArgs};
use super::input::{Go, Prints, Reading};
use super::output::{self, Failure, Status};
use super::save::Saver;
use super::view::line_context;

use crate::field::FieldId;
use crate::pipeline::Pipeline;
use crate::render::fields::{FieldStyle, FieldTable, Occurrence};
use crate::render::json::PacketsJson;
use crate::render::line::PacketLines;
use crate::suggest::nearest;

/// List the packets of a savefile, one line each.
///
/// A line shows the packet's number, time since the first packet, who sent it to whom, the protocol, for TCP the
/// flags (S SYN, F FIN, R RST, P PSH, . ACK), relative sequence and acknowledgment numbers and the handshake step,
/// the payload's length, and the payload as text.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(super) struct ReadArgs {
    #[command(flatten)]
    input: InputArgs,
    /// Stop after N packets were shown
    #[arg(short = 'c', long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    count: Option<u64>,
    /// What to print of each packet
    #[arg(short = 'T', value_enum, value_name = "FORMAT", conflicts_with = "json")]
    format: Option<Format>,
    /// A field to print with -T fields, by its Wireshark name; repeat for more
    #[arg(short = 'e', value_name = "FIELD", requires = "format")]
    fields: Vec<String>,
    /// How -T fields prints: separator=/t|/s|CHAR, occurrence=f|l|a, aggregator=,|/s|CHAR, header=y|n, quote=d|s|n
    #[arg(short = 'E', value_name = "KEY=VALUE", requires = "format")]
    field_options: Vec<String>,
    /// Accepted as tshark spells it: names are never looked up
    #[arg(short = 'n')]
    _numeric: bool,
    /// Save the packets that were selected, as pcap where OUT ends in .pcap, else as pcapng
    #[arg(short = 'w', long = "write", value_name = "OUT")]
    write: Option<std::path::PathBuf>,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    color: ColorArgs,
}

const EXAMPLES: &str = "\
Examples:
  wirelab read capture.pcapng                    every packet
  wirelab read capture.pcap.gz --port 12000      what concerns port 12000, ICMP errors about it included
  wirelab read capture.pcap -f 'host 10.0.0.1' -w some.pcap    keep only some packets
  wirelab read capture.pcap -T fields -e frame.number -e ip.src -e tcp.stream";

/// `-T`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// One line a packet
    Text,
    /// The fields named with -e
    Fields,
}

/// Where the selected packets go.
enum Sink {
    Lines(PacketLines),
    Fields(FieldTable),
    Json(PacketsJson),
    /// Only to the file that -w names.
    Nothing,
}

/// Runs `read`.
pub(super) fn run(args: &ReadArgs) -> Result<Status, Failure> {
    let mut sink = sink(args)?;
    let mut out = output::stdout();
    let mut pipeline = Pipeline::new(None);
    let prints = if matches!(sink, Sink::Nothing) { Prints::AtTheEnd } else { Prints::OnTheWay };
    let mut reading = Reading::open(&args.input, prints)?;
    let mut saver =
        args.write.as_deref().map(|path| Saver::create(path, Some(&args.input.path()))).transpose()?;
    if let Sink::Fields(table) = &mut sink {
        table.begin(&mut out)?;
    }
    let mut shown = 0_u64;
    let ending = reading.all(&mut pipeline, |step, interfaces| {
        if !args.input.select.takes_packet(&step.decoded) {
            return Ok(Go::On);
        }
        shown += 1;
        if let Some(saver) = &mut saver {
            saver.write(&step.packet, interfaces)?;
        }
        match &mut sink {
            Sink::Lines(lines) => lines.write(&mut out, &step.packet, &step.decoded, &line_context(step))?,
            Sink::Json(json) => json.write(&mut out, &step.packet, &step.decoded, &line_context(step))?,
            Sink::Fields(table) => {
                let context = step.context(interfaces);
                table.row(&mut out, &step.packet, &step.decoded, &context)?;
            }
            Sink::Nothing => {}
        }
        Ok(if args.count == Some(shown) { Go::Enough } else { Go::On })
    })?;
    if let Sink::Json(json) = sink {
        json.finish(&mut out)?;
    }
    out.flush()?;
    let whole =
        saver.map_or(Ok(true), |saver| saver.finish(pipeline.totals().link_types.first().copied()))?;
    let status = reading.tell(&pipeline, &ending, shown);
    Ok(if whole { status } else { Status::Error })
}

/// What to print, from the options.
fn sink(args: &ReadArgs) -> Result<Sink, Failure> {
    if args.json {
        return Ok(Sink::Json(PacketsJson::new()));
    }
    match args.format {
        Some(Format::Fields) => fields(args).map(Sink::Fields),
        _ if !args.fields.is_empty() => {
            Err(Failure::new("-e chooses fields, which -T text does not print").hint("use -T fields"))
        }
        None if args.write.is_some() => Ok(Sink::Nothing),
        _ => Ok(Sink::Lines(PacketLines::new(output::terminal_width(), args.color.colors()))),
    }
}

fn fields(args: &ReadArgs) -> Result<FieldTable, Failure> {
    if args.fields.is_empty() {
        return Err(
            Failure::new("-T fields needs at least one field").hint("name it with -e, as in -e ip.src")
        );
    }
    let fields = args.fields.iter().map(|name| field(name)).collect::<Result<Vec<FieldId>, Failure>>()?;
    let mut style = FieldStyle::default();
    for option in &args.field_options {
        set(&mut style, option)?;
    }
    Ok(FieldTable::new(fields, style))
}

/// The field called `name`.
fn field(name: &str) -> Result<FieldId, Failure> {
    FieldId::named(name).ok_or_else(|| {
        let failure = Failure::new(format_args!("there is no field {name}"));
        match nearest(name, FieldId::all().map(|id| id.def().name)).join(" or ") {
            near if near.is_empty() => {
                failure.hint("fields have Wireshark's names, such as ip.src or tcp.flags.syn")
            }
            near => failure.hint(format_args!("did you mean {near}?")),
        }
    })
}

/// Obeys one `-E KEY=VALUE`.
fn set(style: &mut FieldStyle, option: &str) -> Result<(), Failure> {
    let wrong = || {
        Failure::new(format_args!("-E {option} is not known")).hint(
            "separator=/t|/s|CHAR, occurrence=f|l|a, aggregator=,|/s|CHAR, quote=d|s|n and header=y|n are",
        )
    };
    let (key, value) = option.split_once('=').ok_or_else(wrong)?;
    let character = || match value {
        "/t" => Some('\t'),
        "/s" => Some(' '),
        _ => value.chars().next().filter(|first| first.len_utf8() == value.len()),
    };
    match (key, value) {
        ("separator", _) => style.separator = character().ok_or_else(wrong)?,
        ("aggregator", _) => style.aggregator = character().ok_or_else(wrong)?,
        ("occurrence", "f") => style.occurrence = Occurrence::First,
        ("occurrence", "l") => style.occurrence = Occurrence::Last,
        ("occurrence", "a") => style.occurrence = Occurrence::All,
        ("quote", "d") => style.quote = Some('"'),
        ("quote", "s") => style.quote = Some('\''),
        ("quote", "n") => style.quote = None,
        ("header", "y") => style.header = true,
        ("header", "n") => style.header = false,
        _ => return Err(wrong()),
    }
    Ok(())
}
