//! `lab NAME`: server and client played on one stage, captured, explained, and checked. `labs`: what there is.

mod apart;
mod hosts;
mod list;
mod made;
mod names;
mod pings;
mod recordings;
mod stage;
mod study;

use std::io::Write;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::PathBuf;

use clap::Args;

use super::measured::Drawing;
use super::{LabOptions, NoSuchOption};
use crate::cli::args::ColorArgs;
use crate::cli::output::{self, Failure, Status, say};
use crate::cli::view;
use crate::dnstrace::Domain;
use crate::lab::dns::LAB;
use crate::lab::scene::{self, Hosts, How, Kind, Line, Scene};
use crate::lab::{self, LabOption, Settings, Transport};
use crate::lesson::{Check, checks, sides};
use crate::render::explain::ExplainOptions;
use crate::render::json::{Lesson, Played, write_lesson_json};
use crate::render::lesson::{Instead, Talk, write_checks, write_head, write_instead, write_sides};
use crate::source::Interrupt;
use hosts::Places;
pub(in crate::cli) use list::{LabsArgs, run as run_labs};
use made::{Manner, Played as Made};
use pings::Pings;
use stage::Role;
use study::Study;

/// Play a lab or an experiment: its server and its clients run in a sandbox, everything they send is captured and
/// explained, and what the packets show is compared with what the programs say that they did. Needs no root.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES, mut_args(|arg| super::options::without(arg, |option| NOT_HERE.contains(&option))))]
pub(in crate::cli) struct PlayArgs {
    /// Which lab or experiment (`wirelab labs` lists them)
    name: String,
    /// Lab dns: the names to look up, in place of those it has for each thing it shows
    #[arg(value_name = "DOMAIN", value_parser = names::name)]
    names: Vec<Domain>,
    /// Keep the capture, as pcap where OUT ends in .pcap, else as pcapng
    #[arg(short = 'w', long = "write", value_name = "OUT")]
    write: Option<PathBuf>,
    /// Keep what the programs told, one JSON document a line
    #[arg(long, value_name = "FILE")]
    log: Option<PathBuf>,
    /// Play it over IPv6
    #[arg(short = '6', long)]
    ipv6: bool,
    /// Put server and clients on two hosts, 10.0.0.1 and 10.0.0.2, with a cable between them; over TCP with --loss,
    /// --delay and so on a line that does that to what the server sends
    #[arg(long)]
    two_hosts: bool,
    /// Show payloads whole instead of folding long ones
    #[arg(long)]
    full: bool,
    /// The talk and the checks, without the story of each flow
    #[arg(long, conflicts_with_all = ["full", "json"])]
    brief: bool,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
    /// Play it here and now, and tell it line by line: how the program calls itself inside the sandbox.
    #[arg(long, hide = true, value_name = "ROLE", require_equals = true)]
    on_stage: Option<Role>,
    /// Lab dns: folder of zone files (NAME.zone) in place of wirelab's own
    #[arg(long, value_name = "DIR")]
    zones: Option<PathBuf>,
    #[command(flatten)]
    options: LabOptions,
    #[command(flatten)]
    color: ColorArgs,
}

const EXAMPLES: &str = "\
Examples:
  wirelab lab knock                    a TCP connection from SYN to FIN
  wirelab lab chat -w chat.pcapng      and keep the capture
  wirelab lab chat --brief             the talk and the checks alone
  wirelab lab udp-ping --seed 7        other losses than with another seed
  wirelab lab udp-throughput --plot run.svg   and draw each second
  wirelab lab uppercase-tcp -6         over IPv6
  wirelab lab half-close               an experiment
  wirelab lab dns                      names from the root's servers down
  wirelab lab dns nyu.edu -w nyu.pcapng       one name, and keep the capture
  wirelab lab web --two-hosts          on two hosts that a cable joins
  wirelab lab file-transfer --two-hosts --loss 10%   over a bad line

Random delays are shortened so that a lab takes seconds; --pace 1 plays it at
its own pace.

Exit status: 0 all checks hold, 1 one does not, 2 it could not be played, 130
where Ctrl-C and 143 where SIGTERM broke it off: then nothing is checked.";

/// Options that mean something to one side alone, or to a person who runs it: not to a scene that has both.
const NOT_HERE: [LabOption; 5] =
    [LabOption::Folder, LabOption::File, LabOption::AllowOrigin, LabOption::AllowTarget, LabOption::Next];

impl PlayArgs {
    /// How the scene is to be played.
    fn how(&self, scene: &Scene) -> Result<How, Failure> {
        let given: Vec<LabOption> = self.options.given().collect();
        if let Some(option) = given.iter().find(|option| NOT_HERE.contains(option)) {
            return Err(Failure::new(format_args!("`lab` has no {}", option.flag()))
                .hint("`wirelab serve` and `wirelab client` play one side each"));
        }
        let is_on_the_way = |option: &&LabOption| {
            option.is_of_a_line() || matches!(option, LabOption::Seed | LabOption::Pace)
        };
        let has_line = match scene.hosts {
            Hosts::One { .. } => false,
            Hosts::OneOrTwo { .. } => self.two_hosts && scene.transports == [Transport::Tcp],
            Hosts::Two(_) => true,
        };
        let others = given.iter().filter(|option| !(has_line && is_on_the_way(option)));
        let settings = match lab::find(scene.name) {
            Ok(lab) if self.options.fault.is_some() && !lab.takes(LabOption::Fault) => {
                return Err(no_fault(NoSuchOption::Lab { lab: lab.name, option: LabOption::Fault }));
            }
            Ok(lab) => match others.clone().copied().find(|option| !lab.takes(*option)) {
                Some(_) if is_for_a_line(scene, others.clone().filter(|option| !lab.takes(**option))) => {
                    let missing = others.filter(|option| !lab.takes(**option));
                    return Err(without_line(format_args!("lab `{}`", lab.name), missing));
                }
                Some(option) => return Err(Failure::new(NoSuchOption::Lab { lab: lab.name, option })),
                None => self.options.all(),
            },
            Err(_) if is_for_a_line(scene, others.clone()) => {
                return Err(without_line(format_args!("experiment `{}`", scene.name), others));
            }
            Err(_) => match others.copied().next() {
                Some(option) => {
                    let none = format!("the experiment `{}` has no {}", scene.name, option.flag());
                    let is_fault = option == LabOption::Fault;
                    return Err(if is_fault { no_fault(none) } else { Failure::new(none) });
                }
                None => self.options.all(),
            },
        };
        let settings = Settings { pace: self.options.pace.unwrap_or(scene.pace), ..settings };
        let address: IpAddr = if self.ipv6 { Ipv6Addr::LOCALHOST.into() } else { Ipv4Addr::LOCALHOST.into() };
        Ok(How { address, settings, ..How::default() })
    }

    fn options(&self) -> ExplainOptions {
        view::explain_options(self.color.colors(), self.full, true)
    }
}

/// Whether options that a scene does not have would mean something to a line between two hosts of it.
fn is_for_a_line<'a>(scene: &Scene, mut options: impl Iterator<Item = &'a LabOption> + Clone) -> bool {
    let may_have_one = matches!(scene.hosts, Hosts::OneOrTwo { among_servers: false, .. });
    let is_its =
        |option: &LabOption| option.is_of_a_line() || matches!(option, LabOption::Seed | LabOption::Pace);
    may_have_one
        && scene.transports == [Transport::Tcp]
        && options.clone().any(|option| option.is_of_a_line())
        && options.all(is_its)
}

/// What there is to say then.
fn without_line<'a>(what: impl std::fmt::Display, options: impl Iterator<Item = &'a LabOption>) -> Failure {
    let flags: Vec<&str> = options.map(|option| option.flag()).collect();
    Failure::new(format_args!("the {what} has no {}", flags.join(", no ")))
        .hint("with --two-hosts there is a line between server and client")
}

/// What there is to say where a scene has no faults: which labs have.
fn no_fault(error: impl std::fmt::Display) -> Failure {
    let with: Vec<&str> =
        lab::LABS.iter().filter(|lab| lab.takes(LabOption::Fault)).map(|lab| lab.name).collect();
    Failure::new(error).hint(format_args!("the labs with faults are {}", with.join(", ")))
}

/// Runs `lab`; gives the exit status.
pub(in crate::cli) fn run(args: &PlayArgs) -> Result<u8, Failure> {
    if args.name == LAB {
        return names::run(args);
    }
    let scene =
        scene::find(&args.name).map_err(|unknown| Failure::new(unknown).hint("`wirelab labs` lists them"))?;
    if !args.names.is_empty() || args.zones.is_some() {
        let what = if args.names.is_empty() { "--zones" } else { "names to look up" };
        return Err(Failure::new(format_args!("`{}` has no {what}", scene.name)).hint("the lab `dns` has"));
    }
    let how = args.how(scene)?;
    let places = Places::of(args, scene, how.settings.impairment)?.at_pace(how.settings.pace);
    if let Some(role) = args.on_stage {
        let line = if let Places::Line(line) = places { line } else { how.settings.impairment };
        let settings = Settings { impairment: line, ..how.settings };
        return Ok(stage::run(scene, role, How { settings, ..how }));
    }
    let interrupt = Interrupt::install()?;
    let files = made::Files::open(args)?;
    let mut drawing = args.options.plot.as_deref().map(Drawing::create).transpose().map_err(Failure::new)?;
    let options = args.options();
    let mut out = output::stdout();
    if !args.json {
        write_head(&mut out, scene, how.settings.fault, options)?;
        if (how.settings.pace - 1.0).abs() > f64::EPSILON {
            writeln!(out, "  · Delays are multiplied by {} (--pace).", how.settings.pace)?;
        }
        out.flush()?;
    }
    let mut talk = Talk::of(scene, options);
    let made = made::make(args, (scene, places), &how, &interrupt, &mut |line| {
        if !args.json {
            talk.write(&mut out, line)?;
            out.flush()?;
        }
        Ok(())
    })?;
    let interrupted = interrupt.exit_code();
    files.write(&made)?;
    let study = study::of(&made, scene)?;
    let holds = show(args, scene, &made, &study, drawing.as_mut(), &mut out)?;
    let status = if holds { Status::Done } else { Status::No };
    Ok(interrupted.unwrap_or(status.code()))
}

/// The story, what is to be compared, and the checks; whether all of them hold.
fn show(
    args: &PlayArgs,
    scene: &Scene,
    made: &Made,
    study: &Study,
    drawing: Option<&mut Drawing>,
    out: &mut output::Stdout,
) -> Result<bool, Failure> {
    let flows = study.flows();
    let evidence = study.evidence(&flows);
    let log: &[Line] = study.log(made);
    let whole = !made.is_broken_off();
    let mut found: Vec<Check> = if whole { checks(scene, log, &evidence) } else { Vec::new() };
    if let Some(trouble) = made.trouble() {
        found.insert(0, Check { holds: false, moot: false, text: trouble.to_owned(), packets: Vec::new() });
    }
    let is_recording = made.capture.is_none();
    let failed = if is_recording { made.log.iter().filter_map(Line::failure).collect() } else { Vec::new() };
    let holds = found.iter().all(|check| check.holds) && failed.is_empty();
    let without = if is_recording { apart::not_in_recording(args, scene) } else { Vec::new() };
    let pings = Pings::of(scene, log, &flows);
    if let (Some(pings), Some(drawing)) = (&pings, drawing) {
        pings.draw(scene, drawing)?;
        let whose = if is_recording { " of the recording" } else { "" };
        say(format_args!("each second{whose} drawn into {}", drawing.name()));
    }
    if args.json {
        let played = match &made.manner {
            Manner::Sandbox => Played::Sandbox,
            Manner::TwoHosts => Played::TwoHosts,
            Manner::InPlace => Played::InPlace,
            Manner::NotCaptured { because } => Played::Recording { because: because.clone(), without },
        };
        let pings = pings.as_ref().map(|pings| (&pings.beside, pings.seconds.as_slice()));
        let log_here = is_recording.then_some(made.log.as_slice());
        let told = Lesson { scene, played: &played, log, log_here, flows: &flows, pings, checks: &found };
        write_lesson_json(out, &told)?;
        out.flush()?;
        return Ok(holds);
    }
    let options = args.options();
    if let Manner::NotCaptured { because } = &made.manner {
        let instead = Instead {
            what: if scene.kind == Kind::Lab { "lab" } else { "experiment" },
            recording: study.name(),
            because,
            without: &without,
            on_one_host: args.two_hosts || matches!(scene.hosts, Hosts::Two(_)),
            failed: &failed,
        };
        write_instead(out, &instead, options)?;
    }
    if !args.brief {
        writeln!(out)?;
        study.explain(out, &flows, options)?;
    }
    write_sides(out, &sides(scene, log, &evidence), options.colors)?;
    if let Some(pings) = &pings {
        pings.write(out, scene, options)?;
    }
    if whole {
        write_checks(out, &found, options, is_recording)?;
    } else {
        writeln!(out, "\nThe scene was broken off: nothing is checked.")?;
    }
    out.flush()?;
    Ok(holds)
}
