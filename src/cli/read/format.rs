//! What `read` prints of each packet, chosen by its options.

use std::io::Write;

use super::ReadArgs;
use super::options::{self, Format};
use crate::cli::output::{self, Failure, Stdout};
use crate::cli::view::line_context;
use crate::field::{FieldId, PacketContext};
use crate::pipeline::Step;
use crate::render::fields::FieldTable;
use crate::render::json::PacketsJson;
use crate::render::line::{PacketLines, TimeColumn};
use crate::suggest::nearest;

/// Where the selected packets go.
pub(super) enum Sink {
    Lines(PacketLines, Option<TimeColumn>),
    /// Whether a byte order mark comes first.
    Fields(FieldTable, bool),
    Json(PacketsJson),
    /// Only to the file that -w names, or into a table at the end.
    Nothing,
}

impl Sink {
    /// What the options ask for.
    pub(super) fn new(args: &ReadArgs) -> Result<Self, Failure> {
        if args.json {
            return Ok(Self::Json(PacketsJson::new()));
        }
        let quiet = args.quiet || args.quieter || (args.write.is_some() && !args.print);
        match args.format {
            Some(Format::Fields) => fields(args),
            _ if !args.fields.is_empty() => {
                Err(Failure::new("-e chooses fields, which -T text does not print").hint("use -T fields"))
            }
            None if quiet => Ok(Self::Nothing),
            _ => {
                let lines = PacketLines::new(output::terminal_width(), args.color.colors());
                Ok(Self::Lines(lines, args.time.map(TimeColumn::new)))
            }
        }
    }

    /// What stands before the first packet.
    pub(super) fn begin(&mut self, out: &mut Stdout) -> Result<(), Failure> {
        if let Self::Fields(table, mark) = self {
            if *mark {
                out.write_all("\u{feff}".as_bytes())?;
            }
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
            Self::Lines(lines, None) => lines.write(out, packet, decoded, &line_context(step))?,
            Self::Lines(lines, Some(times)) => {
                let time = times.stamp(packet.ts, context);
                lines.write_at(out, packet, decoded, &line_context(step), time)?;
            }
            Self::Json(json) => json.write(out, packet, decoded, &line_context(step))?,
            Self::Fields(table, _) => table.row(out, packet, decoded, context)?,
            Self::Nothing => {}
        }
        Ok(())
    }

    /// What stands behind the last packet.
    pub(super) fn finish(self, out: &mut Stdout) -> Result<(), Failure> {
        if let Self::Json(json) = self {
            json.finish(out)?;
        }
        Ok(out.flush()?)
    }

    /// Whether it prints while packets are read.
    pub(super) fn prints(&self) -> bool {
        !matches!(self, Self::Nothing)
    }
}

fn fields(args: &ReadArgs) -> Result<Sink, Failure> {
    if args.fields.is_empty() {
        return Err(
            Failure::new("-T fields needs at least one field").hint("name it with -e, as in -e ip.src")
        );
    }
    let fields = args.fields.iter().map(|name| field(name)).collect::<Result<Vec<FieldId>, Failure>>()?;
    let (style, mark) = options::field_style(&args.field_options)?;
    Ok(Sink::Fields(FieldTable::new(fields, style), mark))
}

/// The field called `name`.
fn field(name: &str) -> Result<FieldId, Failure> {
    FieldId::named(name).ok_or_else(|| {
        let failure = Failure::new(format_args!("there is no field {name}"));
        match nearest(name, FieldId::all().map(|id| id.def().name)).join(" or ") {
            near if near.is_empty() => failure.hint(
                "fields have Wireshark's names, such as ip.src or tcp.flags.syn; `wirelab fields` lists them",
            ),
            near => failure.hint(format_args!("did you mean {near}?")),
        }
    })
}
