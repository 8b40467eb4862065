//! `lab NAME`: server and client played on one stage, captured, explained, and checked. `labs`: what there is.

mod list;
mod made;
mod recordings;
mod stage;
mod study;

use std::io::Write;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::PathBuf;

use clap::Args;

use super::LabOptions;
use crate::cli::args::ColorArgs;
use crate::cli::output::{self, Failure, Status, say};
use crate::cli::view;
use crate::lab::scene::{self, How, Line, Scene};
use crate::lab::{self, LabOption, Settings};
use crate::lesson::{Check, checks, sides};
use crate::render::explain::ExplainOptions;
use crate::render::json::{Played, write_lesson_json};
use crate::render::lesson::{Talk, write_checks, write_head, write_sides};
use crate::source::Interrupt;
pub(in crate::cli) use list::{LabsArgs, run as run_labs};
use made::{Manner, Played as Made};
use study::Study;

/// Play a lab or an experiment: its server and its clients run in a sandbox, everything they send is captured and
/// explained, and what the packets show is compared with what the programs say that they did. Needs no root.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES, mut_args(|arg| super::options::without(arg, |option| NOT_HERE.contains(&option))))]
pub(in crate::cli) struct PlayArgs {
    /// Which lab or experiment (`wirelab labs` lists them)
    name: String,
    /// Keep the capture, as pcap where OUT ends in .pcap, else as pcapng
    #[arg(short = 'w', long = "write", value_name = "OUT")]
    write: Option<PathBuf>,
    /// Keep what the programs told, one JSON document a line
    #[arg(long, value_name = "FILE")]
    log: Option<PathBuf>,
    /// Play it over IPv6
    #[arg(short = '6', long)]
    ipv6: bool,
    /// Show payloads whole instead of folding long ones
    #[arg(long)]
    full: bool,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
    /// Play it here and now, and tell it line by line: how the program calls itself inside the sandbox.
    #[arg(long, hide = true)]
    on_stage: bool,
    #[command(flatten)]
    options: LabOptions,
    #[command(flatten)]
    color: ColorArgs,
}

const EXAMPLES: &str = "\
Examples:
  wirelab lab knock                    a TCP connection from SYN to FIN
  wirelab lab chat -w chat.pcapng      and keep the capture
  wirelab lab udp-ping --seed 7        other losses than with another seed
  wirelab lab uppercase-tcp -6         over IPv6
  wirelab lab half-close               an experiment

Random delays are shortened so that a lab takes seconds; --pace 1 plays it at
its own pace.

Exit status: 0 all checks hold, 1 one does not, 2 it could not be played, 130
where Ctrl-C and 143 where SIGTERM broke it off: then nothing is checked.";

/// Options that mean something to one side alone, or to a person who runs it: not to a scene that has both.
const NOT_HERE: [LabOption; 6] = [
    LabOption::Folder,
    LabOption::File,
    LabOption::AllowOrigin,
    LabOption::AllowTarget,
    LabOption::Next,
    LabOption::Plot,
];

impl PlayArgs {
    /// How the scene is to be played.
    fn how(&self, scene: &Scene) -> Result<How, Failure> {
        let given: Vec<LabOption> = self.options.given().collect();
        if let Some(option) = given.iter().find(|option| NOT_HERE.contains(option)) {
            return Err(Failure::new(format_args!("`lab` has no {}", option.flag()))
                .hint("`wirelab serve` and `wirelab client` play one side each"));
        }
        let settings = match lab::find(scene.name) {
            Ok(lab) => self.options.settings(lab).map_err(Failure::new)?,
            Err(_) => match given.first() {
                Some(option) => {
                    return Err(Failure::new(format_args!(
                        "the experiment `{}` has no {}",
                        scene.name,
                        option.flag()
                    )));
                }
                None => Settings::default(),
            },
        };
        let settings = Settings { pace: self.options.pace.unwrap_or(scene.pace), ..settings };
        let address: IpAddr = if self.ipv6 { Ipv6Addr::LOCALHOST.into() } else { Ipv4Addr::LOCALHOST.into() };
        Ok(How { address, settings, any_port: false })
    }

    fn options(&self) -> ExplainOptions {
        view::explain_options(self.color.colors(), self.full, true)
    }
}

/// Runs `lab`; gives the exit status.
pub(in crate::cli) fn run(args: &PlayArgs) -> Result<u8, Failure> {
    let scene =
        scene::find(&args.name).map_err(|unknown| Failure::new(unknown).hint("`wirelab labs` lists them"))?;
    let how = args.how(scene)?;
    if args.on_stage {
        return Ok(stage::run(scene, how));
    }
    let interrupt = Interrupt::install()?;
    let files = made::Files::open(args)?;
    let options = args.options();
    let mut out = output::stdout();
    if !args.json {
        write_head(&mut out, scene, options)?;
        if (how.settings.pace - 1.0).abs() > f64::EPSILON {
            writeln!(out, "  · Delays are multiplied by {} (--pace).", how.settings.pace)?;
        }
        out.flush()?;
    }
    let mut talk = Talk::of(scene, options);
    let made = made::make(args, scene, &how, &interrupt, &mut |line| {
        if !args.json {
            talk.write(&mut out, line)?;
            out.flush()?;
        }
        Ok(())
    })?;
    let interrupted = interrupt.exit_code();
    files.write(&made)?;
    let study = study::of(&made, scene)?;
    let holds = show(args, scene, &made, &study, &mut out)?;
    let status = if holds { Status::Done } else { Status::No };
    Ok(interrupted.unwrap_or(status.code()))
}

/// The story, what is to be compared, and the checks; whether all of them hold.
fn show(
    args: &PlayArgs,
    scene: &Scene,
    made: &Made,
    study: &Study,
    out: &mut output::Stdout,
) -> Result<bool, Failure> {
    let flows = study.flows();
    let evidence = study.evidence(&flows);
    let log: &[Line] = study.log(made);
    let whole = !made.is_broken_off();
    let mut found: Vec<Check> = if whole { checks(scene, log, &evidence) } else { Vec::new() };
    if let Some(trouble) = made.trouble() {
        found.insert(0, Check { holds: false, text: trouble.to_owned(), packets: Vec::new() });
    }
    let holds = found.iter().all(|check| check.holds);
    if args.json {
        let played = match &made.manner {
            Manner::Sandbox => Played::Sandbox,
            Manner::InPlace => Played::InPlace,
            Manner::NotCaptured { because } => Played::Recording { because: because.clone() },
        };
        write_lesson_json(out, (scene, &played), log, &flows, &found)?;
        out.flush()?;
        return Ok(holds);
    }
    let options = args.options();
    if let Manner::NotCaptured { .. } = made.manner {
        out.flush()?;
        say(
            "what follows is the recording of this scene that wirelab brings along, not what was just played",
        );
    }
    writeln!(out)?;
    study.explain(out, &flows, options)?;
    write_sides(out, &sides(scene, log, &evidence), options.colors)?;
    study::pings(out, scene, log, &flows)?;
    if whole {
        write_checks(out, &found, options, made.capture.is_none())?;
    } else {
        writeln!(out, "\nThe scene was broken off: nothing is checked.")?;
    }
    out.flush()?;
    Ok(holds)
}
