//! What `read` prints of each packet, chosen by its options.

use std::io::{self, IsTerminal, Write};

use super::ReadArgs;
use super::options::{self, Format};
use crate::cli::output::{self, Failure, Stdout};
use crate::cli::view::line_context;
use crate::field::{FieldId, FieldSet, PacketContext};
use crate::pipeline::Step;
use crate::render::columns::{Column, OwnColumn};
use crate::render::fields::FieldTable;
use crate::render::hex::PacketHex;
use crate::render::json::{EkJson, PacketsJson, TsharkJson};
use crate::render::line::{PacketLines, TimeStyle};
use crate::render::tree::PacketDetails;
use crate::suggest::nearest;

/// Where the selected packets go.
pub(super) enum Sink {
    Text(Box<Text>),
    Fields(FieldTable),
    Json(PacketsJson),
    Tshark(TsharkJson),
    Ek(EkJson),
    /// Only to the file that -w names, or into a table at the end.
    Nothing,
}

/// What a person reads of a packet: a line, its details, its bytes.
pub(super) struct Text {
    lines: Option<PacketLines>,
    times: Option<TimeStyle>,
    details: Option<PacketDetails>,
    hex: Option<PacketHex>,
    /// Whether a packet was written.
    any: bool,
}

impl Sink {
    /// What the options ask for.
    pub(super) fn new(args: &ReadArgs) -> Result<Self, Failure> {
        check(args)?;
        let columns = args
            .fields
            .iter()
            .map(|name| column(name, args.time))
            .collect::<Result<Vec<Column>, Failure>>()?;
        if args.json {
            return json(args, &columns);
        }
        let quiet = args.quiet || args.quieter || (args.write.is_some() && !args.print);
        Ok(match args.format {
            Some(Format::Fields) => {
                let style = options::field_style(&args.field_options, io::stdout().is_terminal())?;
                Self::Fields(FieldTable::new(columns, style))
            }
            Some(Format::Json) => Self::Tshark(TsharkJson::new(columns)),
            Some(Format::Ek) => Self::Ek(EkJson::new(columns)),
            None if quiet && !args.has_details() && !args.bytes => Self::Nothing,
            _ => Self::Text(Box::new(Text::new(args))),
        })
    }

    /// What stands before the first packet.
    pub(super) fn begin(&mut self, out: &mut Stdout) -> Result<(), Failure> {
        if let Self::Fields(table) = self {
            table.begin(out)?;
        }
        Ok(())
    }

    /// Writes a packet that was selected.
    pub(super) fn write(
        &mut self,
        out: &mut Stdout,
        step: &Step<'_>,
        context: &PacketContext<'_>,
    ) -> Result<(), Failure> {
        let (packet, decoded) = (&step.packet, &step.decoded);
        match self {
            Self::Text(text) => text.write(out, step, context)?,
            Self::Json(json) => json.write_with_fields(out, packet, decoded, &line_context(step), context)?,
            Self::Fields(table) => table.row(out, packet, decoded, context)?,
            Self::Tshark(json) => json.write(out, packet, decoded, context)?,
            Self::Ek(json) => json.write(out, packet, decoded, context)?,
            Self::Nothing => {}
        }
        Ok(())
    }

    /// What stands behind the last packet.
    pub(super) fn finish(self, out: &mut Stdout) -> Result<(), Failure> {
        match self {
            Self::Json(json) => json.finish(out)?,
            Self::Tshark(json) => json.finish(out)?,
            Self::Ek(json) => json.finish(out)?,
            Self::Text(_) | Self::Fields(_) | Self::Nothing => {}
        }
        Ok(out.flush()?)
    }

    /// Whether it prints while packets are read.
    pub(super) fn prints(&self) -> bool {
        !matches!(self, Self::Nothing)
    }
}

impl Text {
    /// A line a packet; with -V or -x those instead, unless -P asks for the line as well.
    fn new(args: &ReadArgs) -> Self {
        let (width, colors) = (output::terminal_width(), args.color.colors());
        let line = args.print || (!args.has_details() && !args.bytes);
        let details = || {
            let details = PacketDetails::new(width, colors);
            if args.details { details } else { details.only(&args.only) }
        };
        Self {
            lines: line.then(|| PacketLines::new(width, colors)),
            times: args.time,
            details: args.has_details().then(details),
            hex: args.bytes.then(|| PacketHex::new(width, colors)),
            any: false,
        }
    }

    fn write(&mut self, out: &mut Stdout, step: &Step<'_>, context: &PacketContext<'_>) -> io::Result<()> {
        let (packet, decoded) = (&step.packet, &step.decoded);
        // Packets of many lines are kept apart.
        if std::mem::replace(&mut self.any, true) && (self.details.is_some() || self.hex.is_some()) {
            out.write_all(b"\n")?;
        }
        if let Some(lines) = &mut self.lines {
            match self.times {
                None => lines.write(out, packet, decoded, &line_context(step))?,
                Some(times) => {
                    let time = times.stamp(packet.ts, context);
                    lines.write_at(out, packet, decoded, &line_context(step), time)?;
                }
            }
        }
        if let Some(details) = &mut self.details {
            details.write(out, packet, decoded, context)?;
        }
        match &mut self.hex {
            Some(hex) => {
                if self.details.is_some() {
                    out.write_all(b"\n")?;
                }
                hex.write(out, packet, decoded, context)
            }
            None => Ok(()),
        }
    }
}

/// Options that do not go together, where the options' own rules cannot say so clearly.
fn check(args: &ReadArgs) -> Result<(), Failure> {
    let text = !args.json && args.format.is_none_or(|format| format == Format::Text);
    if !args.fields.is_empty() && text {
        let what = if args.format.is_some() { "-T text does not print" } else { "the list does not show" };
        return Err(Failure::new(format_args!("-e chooses fields, which {what}"))
            .hint("use -T fields, -T json, -T ek or --json"));
    }
    if args.format == Some(Format::Fields) && args.fields.is_empty() {
        return Err(
            Failure::new("-T fields needs at least one field").hint("name it with -e, as in -e ip.src")
        );
    }
    if !args.field_options.is_empty() && args.format != Some(Format::Fields) {
        return Err(
            Failure::new("-E says how -T fields prints, which was not asked for").hint("use -T fields")
        );
    }
    if args.read_filter.is_some() && !args.twice {
        return Err(Failure::new("-R selects in the first of two passes, and -2 was not asked for")
            .hint("use -Y, which selects after the analysis"));
    }
    // tshark takes -V and -x beside a format, too: the first says nothing new there.
    if args.bytes && args.fields.is_empty() && !text {
        return Err(Failure::new("-x prints text, which another format was chosen for")
            .hint("tshark adds the bytes of each field; -x without -T prints those of the packet"));
    }
    let to_stdout = args.write.as_deref().is_some_and(|path| path.as_os_str() == "-");
    let prints = args.json || args.format.is_some() || args.print || args.has_details() || args.bytes;
    if to_stdout && (prints || !args.statistics.is_empty()) {
        return Err(Failure::new("-w - and what is printed cannot both have standard output")
            .hint("save to a file, or print nothing"));
    }
    Ok(())
}

/// wirelab's own document: with the fields of -e, or all with -V.
fn json(args: &ReadArgs, columns: &[Column]) -> Result<Sink, Failure> {
    if args.details {
        return Ok(Sink::Json(PacketsJson::with_fields(FieldSet::all())));
    }
    let mut fields = FieldSet::default();
    for column in columns {
        match column {
            Column::Field(id) => fields.insert(*id),
            Column::Own(own) => {
                return Err(Failure::new(format_args!(
                    "{} is a column of text, which --json has no place for",
                    own.name()
                ))
                .hint("--json tells number, time, addresses and protocols of itself"));
            }
        }
    }
    Ok(Sink::Json(if columns.is_empty() { PacketsJson::new() } else { PacketsJson::with_fields(fields) }))
}

/// The field or column called `name`.
fn column(name: &str, time: Option<TimeStyle>) -> Result<Column, Failure> {
    if let (Some(Column::Own(OwnColumn::Time(_))), Some(style)) = (Column::named(name), time) {
        return Ok(Column::Own(OwnColumn::Time(style)));
    }
    Column::named(name).ok_or_else(|| {
        let failure = Failure::new(format_args!("\"{name}\" is not a field or protocol"));
        let names =
            FieldId::all().map(|id| id.def().name).chain(OwnColumn::ALL.into_iter().map(OwnColumn::name));
        match nearest(name, names).join(", ") {
            near if near.is_empty() => failure.hint(
                "fields have Wireshark's names, such as ip.src or tcp.flags.syn; `wirelab fields` lists them",
            ),
            near => failure.hint(format_args!("did you mean {near}?")),
        }
    })
}
