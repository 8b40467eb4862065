//! `labs`: what can be played.

use std::io::Write;

use clap::Args;
use serde::Serialize;

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

#[derive(Serialize)]
struct Row {
    name: &'static str,
    kind: &'static str,
    transports: &'static [Transport],
    port: u16,
    title: &'static str,
}

impl Row {
    fn of(scene: &Scene) -> Self {
        let kind = if scene.kind == Kind::Lab { "lab" } else { "experiment" };
        Self { name: scene.name, kind, transports: scene.transports, port: scene.port, title: scene.title }
    }
}

/// Runs `labs`.
pub(in crate::cli) fn run(args: &LabsArgs) -> Result<Status, Failure> {
    let mut out = output::stdout();
    if args.json {
        let rows: Vec<Row> = SCENES.iter().map(|scene| Row::of(scene)).collect();
        let text = serde_json::to_string_pretty(&rows).unwrap_or_default();
        writeln!(out, "{text}")?;
    } else {
        let colors = args.color.colors();
        for (kind, heading) in [(Kind::Lab, "Labs"), (Kind::Experiment, "Experiments")] {
            let space = if kind == Kind::Lab { "" } else { "\n" };
            writeln!(out, "{space}{}", colors.paint(Style::Bold, heading))?;
            for scene in SCENES.iter().filter(|scene| scene.kind == kind) {
                let over: Vec<String> = scene.transports.iter().map(ToString::to_string).collect();
                let name = format!("{:20}", scene.name);
                let place = format!("{:>7} {:<6}", over.join("+"), scene.port);
                writeln!(
                    out,
                    "  {}{}{}",
                    colors.paint(Style::Cyan, name),
                    colors.paint(Style::Dim, place),
                    scene.title
                )?;
            }
        }
        writeln!(out, "\n`wirelab lab NAME` plays one, captures it and explains it.")?;
    }
    out.flush()?;
    Ok(Status::Done)
}
