//! `read`: the packet list, or chosen fields of each packet, or the packets saved to another file, with the options
//! that tshark has.

mod accepted;
mod format;
mod options;
mod preferences;
mod rules;
mod tables;

use std::collections::HashSet;
use std::path::PathBuf;

use clap::Args;

use self::accepted::AcceptedArgs;
use self::format::Sink;
use self::options::Format;
pub(super) use self::options::hint_for;
use super::args::{ColorArgs, InputArgs};
use super::input::{Ending, Go, Prints, Reading};
use super::output::{self, Failure, Status, say};
use super::save::Saver;
use crate::field::FieldId;
use crate::flow::Hindsight;
use crate::pipeline::{Pipeline, PipelineOptions};
use crate::proto::AnalyzerOptions;
use crate::render::line::TimeStyle;
use crate::source::{PacketNumber, SaveFormat};

/// List the packets of a savefile, one line each.
///
/// A line shows the packet's number, time since the first packet, who sent it to whom, the protocol, for TCP the
/// flags (S SYN, F FIN, R RST, P PSH, . ACK), relative sequence and acknowledgment numbers and the handshake step,
/// the payload's length, and the payload as text.
///
/// Options are spelled as tshark spells them, in any order and bundled (`-nr FILE`): a command line that reads a file
/// with tshark reads it here.
///
/// Packets are shown as they were sent: passwords and tokens are not masked here.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(super) struct ReadArgs {
    #[command(flatten)]
    input: InputArgs,
    /// Read only the first N packets, selected or not
    #[arg(short = 'c', long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    count: Option<u64>,
    /// The same, as tshark spells it for captures: packets:N
    #[arg(short = 'a', value_name = "packets:N", value_parser = options::autostop, hide = true, conflicts_with = "count")]
    autostop: Option<u64>,
    /// What to print of each packet: text; fields, those named with -e; json or ek, in tshark's shape, all fields or
    /// those of -e
    #[arg(short = 'T', value_name = "FORMAT", value_parser = options::format, conflicts_with = "json")]
    format: Option<Format>,
    /// A field to print with -T fields, json or ek, or with --json, by its Wireshark name (`wirelab fields` lists
    /// them) or a column such as _ws.col.Info; repeat for more
    #[arg(short = 'e', value_name = "FIELD", allow_hyphen_values = true)]
    fields: Vec<String>,
    /// How -T fields prints: separator=/t|/s|CHAR, occurrence=f|l|a, aggregator=,|/s|CHAR, header=y|n, quote=d|s|n,
    /// bom=y|n
    #[arg(short = 'E', value_name = "KEY=VALUE", allow_hyphen_values = true)]
    field_options: Vec<String>,
    /// Print every field of each packet as a tree, each line with its bytes
    #[arg(short = 'V')]
    details: bool,
    /// The same, with the fields of these protocols only: tcp or ip,tcp
    #[arg(short = 'O', value_name = "PROTOCOL[,PROTOCOL...]", value_delimiter = ',')]
    only: Vec<String>,
    /// Print the bytes of each packet, and under them the fields they belong to; with -V, after the tree
    #[arg(short = 'x')]
    bytes: bool,
    /// The time column: r since the first packet, d since the packet before, dd since the one shown before, e since
    /// 1970, a or u time of day, ad or ud with the date, adoy or udoy with the day of the year; always UTC
    #[arg(short = 't', value_name = "STYLE", value_parser = options::time_style)]
    time: Option<TimeStyle>,
    /// Read the file twice, so that fields which tell of later packets (ip.reassembled_in) have their value
    #[arg(short = '2')]
    twice: bool,
    /// With -2, a display filter that packets have to pass before -Y is asked
    #[arg(short = 'R', value_name = "FILTER", allow_hyphen_values = true)]
    read_filter: Option<String>,
    /// Decode a port as a protocol, whatever its bytes look like: tcp.port==8888,http, a range udp.port==9000-9010,vxlan,
    /// or 9000:11 for eleven ports; data for nothing in particular; repeat for more
    #[arg(short = 'd', value_name = "LAYER==PORT,PROTOCOL")]
    decode_as: Vec<String>,
    /// Set a preference of Wireshark's to TRUE or FALSE: tcp.relative_sequence_numbers, ip.defragment,
    /// tcp.check_checksum, udp.check_checksum, ip.check_checksum; repeat for more
    #[arg(short = 'o', value_name = "NAME:VALUE")]
    preferences: Vec<String>,
    /// Print a table at the end: conv,tcp or conv,udp, which is what `flows` shows, or a part of what `stats` shows:
    /// io,phs io,stat,SECONDS endpoints,ip endpoints,tcp endpoints,udp conv,ip conv,ipv6; a display filter of its own
    /// may follow behind a comma. Or follow,tcp,ascii,0, which is what `follow --stream tcp:0` shows; that there is no
    /// such stream is said and no error, as in tshark
    #[arg(short = 'z', value_name = "TABLE", conflicts_with = "json")]
    statistics: Vec<String>,
    /// Print no packets, only what -z asks for
    #[arg(short = 'q')]
    quiet: bool,
    /// The same as -q
    #[arg(short = 'Q', hide = true)]
    quieter: bool,
    /// Save the packets that were selected, as pcap where OUT ends in .pcap, else as pcapng
    #[arg(short = 'w', long = "write", value_name = "OUT")]
    write: Option<PathBuf>,
    /// What -w writes, whatever OUT is called: pcap or pcapng
    #[arg(short = 'F', value_name = "FORMAT", value_parser = options::save_format, requires = "write")]
    save_format: Option<SaveFormat>,
    /// Print the list also where -w saves packets, or with -V and -x
    #[arg(short = 'P', long)]
    print: bool,
    /// Print each packet at once, also into a pipe
    #[arg(short = 'l')]
    line_by_line: bool,
    /// Accepted as tshark spells it: names are never looked up
    #[arg(short = 'n')]
    _numeric: bool,
    /// The same, with the kinds of names
    #[arg(short = 'N', value_name = "KINDS", hide = true)]
    _numeric_kinds: Vec<String>,
    #[command(flatten)]
    accepted: AcceptedArgs,
    /// Print one JSON document; with -e or -V each packet has its fields
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    color: ColorArgs,
}

impl ReadArgs {
    /// Whether trees are printed, of all protocols or of some.
    fn has_details(&self) -> bool {
        self.details || !self.only.is_empty()
    }
}

const EXAMPLES: &str = "\
Examples:
  wirelab read capture.pcapng                    every packet, a line each
  wirelab read capture.pcap.gz --port 12000      also ICMP errors about it
  wirelab read capture.pcap -Y 'tcp.len > 0'     what a display filter takes
  wirelab read -nr capture.pcap tcp.port == 80   the same as tshark takes it
  wirelab read capture.pcap -c 1 -V              all fields of the first packet
  wirelab read capture.pcap -t ad                date and time of each packet
  wirelab read capture.pcap -f 'host 10.0.0.1' -w some.pcap
  wirelab read capture.pcap -T fields -e frame.number -e ip.src -e tcp.stream
  wirelab read capture.pcap -o ip.defragment:FALSE -Y 'ip.flags.mf == 1'";

/// Runs `read`.
pub(super) fn run(args: &ReadArgs) -> Result<Status, Failure> {
    let mut sink = Sink::new(args)?;
    args.accepted.tell();
    options::tell_undecoded(&args.only);
    let statistics =
        args.statistics.iter().map(|text| options::statistic(text)).collect::<Result<Vec<_>, _>>()?;
    let mut pipeline_options = pipeline_options(args)?;
    pipeline_options.payload = options::payload_wanted(&statistics);
    let mut pipeline = Pipeline::with(pipeline_options.clone());
    let mut needed = HashSet::new();
    if args.twice {
        match first_pass(args, pipeline_options, &mut needed)? {
            Some(hindsight) => pipeline = pipeline.second_pass(hindsight),
            None => return Ok(Status::Interrupted),
        }
    }
    let mut out = output::stdout();
    let prints = if sink.prints() { Prints::OnTheWay } else { Prints::AtTheEnd };
    let mut reading = open(args, prints)?;
    let tables = statistics
        .iter()
        .map(|table| reading.selection_mut().add_table(table.filter.clone(), tables::stats(table.kind)));
    let filters = tables.collect::<Result<Vec<_>, _>>()?;
    let mut saver = args
        .write
        .as_deref()
        .map(|path| {
            let format = args.save_format.unwrap_or_else(|| SaveFormat::of_name(path));
            Saver::create(path, format, Some(&args.input.path()))
        })
        .transpose()?;
    sink.begin(&mut out)?;
    let mut shown = 0_u64;
    let ending = reading.every(&mut pipeline, |step, interfaces, selected| {
        if let Some(saver) = &mut saver
            && (selected.is_some() || needed.contains(&step.packet.number))
        {
            saver.write(&step.packet, interfaces)?;
        }
        let Some(context) = selected else { return Ok(Go::On) };
        shown += 1;
        sink.write(&mut out, step, context)?;
        if args.line_by_line {
            std::io::Write::flush(&mut out)?;
        }
        Ok(Go::On)
    })?;
    sink.finish(&mut out)?;
    for (statistic, table) in statistics.iter().zip(filters) {
        tables::write(&mut out, statistic.kind, table, reading.selection(), &pipeline, args.color.colors())?;
    }
    let whole =
        saver.map_or(Ok(true), |saver| saver.finish(pipeline.totals().link_types.first().copied()))?;
    let status = match reading.tell(&pipeline, &ending, shown) {
        // tshark's command lines keep their status: a filter that takes nothing is no failure there.
        Status::No => Status::Done,
        status => status,
    };
    Ok(if whole { status } else { Status::Error })
}

/// Opens the savefile, with what is selected of it.
fn open(args: &ReadArgs, prints: Prints) -> Result<Reading<'_>, Failure> {
    let mut reading = Reading::open(&args.input, prints)?.at_most(args.count.or(args.autostop));
    if let Some(filter) = &args.read_filter {
        reading.selection_mut().first_pass(filter.clone())?;
    }
    Ok(reading)
}

/// What the pipeline is to do.
fn pipeline_options(args: &ReadArgs) -> Result<PipelineOptions, Failure> {
    let analyzers = asks_for_messages(args)?.then_some(AnalyzerOptions { bodies: true });
    let mut all = PipelineOptions {
        decode_as: rules::decode_as(&args.decode_as)?,
        analyzers,
        ..PipelineOptions::default()
    };
    preferences::prefer(&mut all, &args.preferences)?;
    Ok(all)
}

/// Whether anything that is shown or asked may tell of what transports carry.
fn asks_for_messages(args: &ReadArgs) -> Result<bool, Failure> {
    let is_filtered = args.input.filter_text()?.is_some() || args.read_filter.is_some();
    if is_filtered || !args.statistics.is_empty() || args.format != Some(Format::Fields) {
        return Ok(true);
    }
    // A column that is not a field may be the line's own words.
    Ok(args.fields.iter().any(|name| FieldId::named(name).is_none_or(FieldId::is_of_payload)))
}

/// Most fragments that are saved because a selected packet was put together from them: some 10 MB of numbers. What is
/// beyond is told.
const MAX_NEEDED: usize = 1 << 19;

/// Reads the savefile once, for what only later packets tell, and where packets are saved also for the fragments
/// without which a selected one could not be put together again; `None` where Ctrl-C came first. Damage is told in
/// the second pass.
fn first_pass(
    args: &ReadArgs,
    options: PipelineOptions,
    needed: &mut HashSet<PacketNumber>,
) -> Result<Option<Hindsight>, Failure> {
    let path = args.input.path();
    // What cannot be opened at all is told when it is.
    if path.as_os_str() == "-" || std::fs::metadata(&path).is_ok_and(|about| !about.is_file()) {
        return Err(Failure::new("-2 reads the savefile twice, and this one can be read only once")
            .hint("save it first, or omit -2"));
    }
    let mut pipeline = Pipeline::with(options).collecting();
    let mut reading = open(args, Prints::AtTheEnd)?;
    let mut left_out = 0_u64;
    let ending = reading.all(&mut pipeline, |step, _, _| {
        if args.write.is_some() {
            for &fragment in step.decoded.reassembled().iter().flat_map(|datagram| &datagram.packets) {
                if needed.len() < MAX_NEEDED {
                    needed.insert(fragment);
                } else {
                    left_out += 1;
                }
            }
        }
        Ok(Go::On)
    })?;
    if left_out > 0 {
        say(format_args!("limit reached: fragments of selected packets not noted for saving: {left_out}"));
    }
    let hindsight = pipeline.into_hindsight();
    if hindsight.not_kept() > 0 {
        say(format_args!(
            "limit reached: what later packets tell, not kept because there is too much of it: {}",
            hindsight.not_kept()
        ));
    }
    Ok((!matches!(ending, Ending::Interrupted)).then_some(hindsight))
}
