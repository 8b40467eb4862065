//! `lab dns`: names looked up from the root's servers down, on the private internet; captured, explained, and held against the
//! capture.

mod stage;
mod study;

use std::io::Write;

use super::list::Row;
use super::made::{self, Limits, Manner, Played as Made};
use super::{PlayArgs, Role, apart};
use crate::cli::lab::{Planned, ZoneOptions};
use crate::cli::output::{self, Failure, Status};
use crate::cli::view;
use crate::dnstrace::{Asked, Domain, type_from_text};
use crate::lab::dns::LAB;
use crate::lab::scene::How;
use crate::lab::{LabOption, Transport};
use crate::lesson::{NAME_CASES, NameCase, NameTold, name_checks};
use crate::render::color::Style;
use crate::render::json::{NamesLesson, Played, write_names_json};
use crate::render::lesson::{Instead, write_checks, write_instead, write_title};
use crate::render::trace::{TraceStyle, write_chain, write_trace, write_trace_ladder};
use crate::render::wrap::Wrapped;
use crate::sandbox::{Plan, SandboxError};
use crate::source::Interrupt;
use stage::{Names, Question};

/// Names at once on a command line: more are a task for a script.
const MAX_NAMES: usize = 100;

/// In the list of labs.
pub(super) const ROW: Row =
    Row { name: LAB, kind: "lab", transports: &[Transport::Udp, Transport::Tcp], port: 53, title: TITLE };

const TITLE: &str = "names, from the root's servers down";

const LOOK_FOR: &[&str] = &[
    "A server of the root does not know the address: it refers to the servers of the zone below (AA is clear), with their \
     addresses as glue. So do those, until a server answers that has authority (AA is set).",
    "Who asks is no resolver's client: recursion is not desired (RD is clear), and each question goes to another server.",
    "What a signed zone refers to comes with a DS record and its signature, or with the proof (NSEC3) that there is none.",
];

/// A name to look up.
pub(super) fn name(text: &str) -> Result<Domain, String> {
    Domain::parse(text).map_err(|error| error.to_string())
}

/// What is to be looked up.
fn questions(args: &PlayArgs) -> Vec<Question> {
    let seed = args.options.seed;
    if args.names.is_empty() {
        let asked = |case: &NameCase| {
            Some(Asked { name: Domain::parse(case.name).ok()?, kind: type_from_text(case.kind)? })
        };
        let question = |case: &NameCase| {
            let checked = case.security.is_some();
            Some(Question { asked: asked(case)?, checked, seed: seed.unwrap_or(case.seed) })
        };
        return NAME_CASES.iter().filter_map(question).collect();
    }
    let address = type_from_text("A").unwrap_or_default();
    let asked = args.names.iter().map(|name| Asked { name: name.clone(), kind: address });
    let own = |asked: &Asked| NameCase::of(asked).map_or(1, |case| case.seed);
    asked.map(|asked| Question { seed: seed.unwrap_or_else(|| own(&asked)), asked, checked: true }).collect()
}

fn refused(args: &PlayArgs) -> Option<&'static str> {
    let other = args.options.given().find(|option| *option != LabOption::Seed);
    if let Some(option) = other {
        return Some(option.flag());
    }
    args.ipv6.then_some("--ipv6").or(args.two_hosts.then_some("--two-hosts"))
}

/// Runs `lab dns`; gives the exit status.
pub(super) fn run(args: &PlayArgs) -> Result<u8, Failure> {
    if let Some(option) = refused(args) {
        let none = format!("the lab `{LAB}` has no {option}");
        let is_fault = option == LabOption::Fault.flag();
        return Err(if is_fault { super::no_fault(none) } else { Failure::new(none) });
    }
    if args.names.len() > MAX_NAMES {
        return Err(Failure::new(format_args!("more than {MAX_NAMES} names")));
    }
    let expected = args.zones.is_none() && args.options.seed.is_none();
    let options = ZoneOptions { zones: args.zones.clone(), export: None };
    let lab = Names { options, questions: questions(args), expected };
    if let Some(role) = args.on_stage {
        if role != Role::All {
            return Err(Failure::new(format_args!("the lab `{LAB}` is played on one host")));
        }
        return Ok(stage::run(lab));
    }
    let interrupt = Interrupt::install()?;
    let files = made::Files::open(args)?;
    let planned = Planned::of(&lab.options)?;
    let explain = args.options();
    let mut out = output::stdout();
    if !args.json {
        write_title(&mut out, (LAB, TITLE), LOOK_FOR, explain)?;
        out.flush()?;
    }
    let wanted = lab.questions.len();
    let made = make(args, &planned, lab, &interrupt, &mut |told| {
        if !args.json {
            write_told(&mut out, args, told)?;
            out.flush()?;
        }
        Ok(())
    })?;
    let interrupted = interrupt.exit_code();
    files.write(&made)?;
    if made.log.len() < wanted && !made.is_broken_off() {
        return Err(Failure::new("the name servers could not be asked"));
    }
    let holds = show(args, &made, &mut out)?;
    let status = if holds { Status::Done } else { Status::No };
    Ok(interrupted.unwrap_or(status.code()))
}

/// Plays it in a sandbox, or where the system forbids that, on loopback and without a capture.
fn make(
    args: &PlayArgs,
    planned: &Planned,
    lab: Names,
    interrupt: &Interrupt,
    on_told: made::OnLine<'_, NameTold>,
) -> Result<Made<NameTold>, Failure> {
    let limits = Limits::of(&How::default(), interrupt);
    let plan = |command: &[std::ffi::OsString], capture| {
        let mut command = command.to_vec();
        command.push("--on-stage=all".into());
        Plan::new(command, capture).addresses(planned.addresses())
    };
    let refused = match made::start(args, plan, false) {
        Ok((running, file)) => return made::watch(running, file, Manner::Sandbox, &limits, on_told),
        Err(SandboxError::NotRun { message, .. }) => return Err(Failure::new(message)),
        Err(refused) => refused,
    };
    let because = made::why_not(&refused, "the lab is played all the same: its servers are on 127.53.0.0/16");
    made::uncaptured(move |lines| stage::send(lab, &lines), because, &limits, on_told)
}

/// A resolution: what it shows, each step, and whether to believe it.
fn write_told(out: &mut output::Stdout, args: &PlayArgs, told: &NameTold) -> Result<(), Failure> {
    let options = args.options();
    let style = TraceStyle { colors: options.colors, width: view::prose_width() };
    writeln!(out)?;
    let asked = &told.trace.asked;
    writeln!(out, "{}", options.colors.paint(Style::Bold, format_args!("{}", asked.name)))?;
    if let Some(case) = shown_by(told) {
        for line in Wrapped::new(case, options.width) {
            writeln!(out, "{line}")?;
        }
    }
    writeln!(out)?;
    if args.brief {
        write_trace_ladder(out, &told.trace)?;
    } else {
        write_trace(out, &told.trace, style)?;
    }
    if let Some(chain) = told.chain() {
        write_chain(out, &chain, style)?;
    }
    Ok(())
}

/// What a resolution is there to show.
fn shown_by(told: &NameTold) -> Option<&'static str> {
    NameCase::of(&told.trace.asked).filter(|_| told.expected).map(|case| case.shows)
}

/// What servers knew and caches hold, and the checks; whether all of them hold.
fn show(args: &PlayArgs, made: &Made<NameTold>, out: &mut output::Stdout) -> Result<bool, Failure> {
    let study = study::of(made)?;
    let log: &[NameTold] = study.log(made);
    let whole = !made.is_broken_off();
    let mut checks = if whole { name_checks(log, &study.rebuilt) } else { Vec::new() };
    if let Some(trouble) = made.trouble() {
        checks.insert(
            0,
            crate::lesson::Check { holds: false, moot: false, text: trouble.to_owned(), packets: Vec::new() },
        );
    }
    let holds = checks.iter().all(|check| check.holds);
    let is_recording = made.capture.is_none();
    let without = if is_recording { apart::not_recorded(args, false) } else { Vec::new() };
    if args.json {
        let played = match &made.manner {
            Manner::NotCaptured { because } => Played::Recording { because: because.clone(), without },
            _ => Played::Sandbox,
        };
        let shown = |log: &[NameTold]| -> Vec<(NameTold, Option<&'static str>)> {
            log.iter().map(|told| (told.clone(), shown_by(told))).collect()
        };
        let (told, told_here) = (shown(log), is_recording.then(|| shown(&made.log)));
        let flows = study.flows();
        let lesson = NamesLesson {
            title: TITLE,
            look_for: LOOK_FOR,
            played: &played,
            told: &told,
            told_here: told_here.as_deref(),
            flows: &flows,
            checks: &checks,
        };
        write_names_json(out, &lesson)?;
        out.flush()?;
        return Ok(holds);
    }
    let options = args.options();
    if let Manner::NotCaptured { because } = &made.manner {
        let instead = Instead {
            what: "lab",
            recording: study.name(),
            because,
            without: &without,
            on_one_host: false,
            failed: &[],
        };
        write_instead(out, &instead, options)?;
    }
    if !args.brief {
        study.explain(out, options)?;
    }
    if whole {
        write_checks(out, &checks, options, is_recording)?;
    } else {
        writeln!(out, "\nThe lab was broken off: nothing is checked.")?;
    }
    out.flush()?;
    Ok(holds)
}
