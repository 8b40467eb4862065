//! `fields`: the names that `-e`, `-Y` and the details of a packet use.

use std::collections::BTreeSet;
use std::io::Write;

use clap::Args;

use super::args::ColorArgs;
use super::output::{self, Failure, Status, say};
use crate::field::{FieldDef, FieldId};
use crate::render::registry::{list, list_json};
use crate::render::table::TableOutput;
use crate::suggest::nearest;

/// List the protocols and fields that -e and -Y know: name, type, meaning.
///
/// Names and types are Wireshark's; what stands under wirelab. is this program's own. A protocol's own row
/// comes before its fields. Into a pipe the columns are separated by tabs.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(super) struct FieldsArgs {
    /// A protocol, or what has this in its name or meaning, in whatever case; with a dot at its end, what begins with it
    #[arg(value_name = "PATTERN")]
    pattern: Option<String>,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    color: ColorArgs,
}

const EXAMPLES: &str = "\
Examples:
  wirelab fields                                 all of them
  wirelab fields tcp                             those of TCP
  wirelab fields window                          what has to do with windows
  wirelab fields checksum --json                 for a script

Exit status: 0, or 1 where nothing matches.";

/// Runs `fields`.
pub(super) fn run(args: &FieldsArgs) -> Result<Status, Failure> {
    let pattern = args.pattern.as_deref().unwrap_or("").trim().to_lowercase();
    // A protocol's name asks for that protocol, which its fields' names begin with.
    let protocol = FieldId::named(&pattern).filter(|id| *id == id.protocol());
    let takes = |id: &FieldId| match protocol {
        Some(protocol) => id.protocol() == protocol,
        None => takes(&pattern, id.def()),
    };
    let fields: Vec<FieldId> = FieldId::all().filter(takes).collect();
    let mut out = output::stdout();
    if args.json {
        list_json(&mut out, &fields)?;
    } else if !fields.is_empty() {
        list(
            &mut out,
            TableOutput { width: output::terminal_width(), colors: args.color.colors() },
            &fields,
        )?;
    }
    out.flush()?;
    if !fields.is_empty() {
        return Ok(Status::Done);
    }
    say(format_args!("no field has \"{pattern}\" in its name or meaning"));
    let near = like(&pattern).join(", ");
    if !near.is_empty() {
        say(format_args!("hint: did you mean {near}?"));
    }
    Ok(Status::No)
}

/// Names like what was typed; where there are none, parts of names between dots and underscores.
fn like(pattern: &str) -> Vec<&'static str> {
    let names = FieldId::all().map(|id| id.def().name);
    let near = nearest(pattern, names.clone());
    if !near.is_empty() {
        return near;
    }
    let parts: BTreeSet<&str> = names.flat_map(|name| name.split(['.', '_'])).collect();
    nearest(pattern, parts.iter().copied())
}

/// Whether a field is one that `pattern`, in small letters, asks for.
fn takes(pattern: &str, field: &FieldDef) -> bool {
    if pattern.ends_with('.') {
        return field.name.to_lowercase().starts_with(pattern);
    }
    field.name.to_lowercase().contains(pattern) || field.doc.to_lowercase().contains(pattern)
}
