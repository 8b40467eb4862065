//! `labs`: what can be played.

use std::io::Write;

use clap::Args;
use serde::Serialize;

use super::names;
use crate::cli::args::ColorArgs;
use crate::cli::output::{self, Failure, Status};
use crate::lab::Transport;
use crate::lab::scene::{Kind, SCENES, Scene};
use crate::render::color::Style;

/// List the labs and the experiments that `wirelab lab` plays.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  wirelab labs              a line each
  wirelab labs --json       as a document

A lab is a server and its client, which `wirelab serve` and `wirelab client`
run one at a time; an experiment makes something happen to connections.")]
pub(in crate::cli) struct LabsArgs {
    /// Print one JSON document
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    color: ColorArgs,
}

/// Something that can be played.
#[derive(Serialize)]
pub(super) struct Row {
    pub(super) name: &'static str,
    pub(super) kind: &'static str,
    pub(super) transports: &'static [Transport],
    pub(super) port: u16,
    pub(super) title: &'static str,
}

impl Row {
    fn of(scene: &Scene) -> Self {
        Self {
            name: scene.name,
            kind: word(scene.kind),
            transports: scene.transports,
            port: scene.port,
            title: scene.title,
        }
    }
}

const fn word(kind: Kind) -> &'static str {
    match kind {
        Kind::Lab => "lab",
        Kind::Experiment => "experiment",
    }
}

/// All that can be played: the labs first.
fn rows() -> Vec<Row> {
    let is_lab = |scene: &&&Scene| scene.kind == Kind::Lab;
    let labs = SCENES.iter().filter(is_lab).map(|scene| Row::of(scene));
    let experiments = SCENES.iter().filter(|scene| !is_lab(scene)).map(|scene| Row::of(scene));
    labs.chain([names::ROW]).chain(experiments).collect()
}

/// Runs `labs`.
pub(in crate::cli) fn run(args: &LabsArgs) -> Result<Status, Failure> {
    let mut out = output::stdout();
    let rows = rows();
    if args.json {
        let text = serde_json::to_string_pretty(&rows).unwrap_or_default();
        writeln!(out, "{text}")?;
    } else {
        let colors = args.color.colors();
        for (kind, heading) in [(Kind::Lab, "Labs"), (Kind::Experiment, "Experiments")] {
            let space = if kind == Kind::Lab { "" } else { "\n" };
            writeln!(out, "{space}{}", colors.paint(Style::Bold, heading))?;
            for row in rows.iter().filter(|row| row.kind == word(kind)) {
                let over: Vec<String> = row.transports.iter().map(ToString::to_string).collect();
                let name = format!("{:20}", row.name);
                let place = format!("{:>7} {:<6}", over.join("+"), row.port);
                writeln!(
                    out,
                    "  {}{}{}",
                    colors.paint(Style::Cyan, name),
                    colors.paint(Style::Dim, place),
                    row.title
                )?;
            }
        }
        writeln!(out, "\n`wirelab lab NAME` plays one, captures it and explains it.")?;
    }
    out.flush()?;
    Ok(Status::Done)
}
