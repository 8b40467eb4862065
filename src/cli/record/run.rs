//! The recording itself, on Linux.

use std::fs::File;
use std::io::{self, Seek};
use std::os::fd::AsFd;
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use nix::libc::SI_KERNEL;
use nix::sys::signal::{SigSet, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};

use super::RecordArgs;
use crate::cli::input::{Go, Reading};
use crate::cli::kept::Kept;
use crate::cli::lab::Planned;
use crate::cli::output::{Failure, Status, say};
use crate::cli::select::Selection;
use crate::cli::view::{Shower, View};
use crate::render::format::Count;
use crate::sandbox::{Outcome, Plan, Running, SandboxError, unnamed_file, unnamed_file_beside};
use crate::source::{Interrupt, SaveFormat, Savefile, drop_privileges};

/// How long a signal may wait until it is passed on.
const LOOK: Duration = Duration::from_millis(50);

/// So many Ctrl-C within [`INSISTENCE`] mean that the command does not listen.
const INSISTING: usize = 3;

/// The time for that.
const INSISTENCE: Duration = Duration::from_secs(2);

/// Most bytes of packets that are kept only to be explained: what a disk of a usual machine has to spare. A file that was
/// asked for grows without limit.
const MAX_UNNAMED: u64 = 1 << 30;

/// Runs `record`; gives the exit status.
pub(in crate::cli) fn run(args: &RecordArgs) -> Result<u8, Failure> {
    // A mistake in a filter is told before the command runs.
    Selection::of_options(&args.select)?;
    args.select.bpf()?;
    let kept = args.write.as_deref().map(named_file).transpose()?;
    let file = capture_file(kept.as_ref(), args.write.as_deref()).map_err(|error| {
        Failure::new(format_args!("cannot make a file for the capture: {error}"))
            .hint("name one with -w, in a folder you may write to")
    })?;
    let internet = args.internet.plan()?;
    let early = Early::listen()?;
    let mut running = match start(args, internet.as_ref(), &file) {
        Ok(running) => running,
        Err(error) => return not_run(args, error),
    };
    let signals = early.queue(&mut running)?;
    // What follows reads bytes that the command chose.
    drop_privileges().map_err(Failure::new)?;
    let outcome = match signals.wait(&mut running) {
        Ok(outcome) => outcome,
        Err(error) => {
            if !matches!(error, SandboxError::NotRun { .. }) {
                keep(kept, &file)?;
            }
            return not_run(args, error);
        }
    };
    drop(running);
    signals.unblock()?;
    keep(kept, &file)?;
    tell(args, &outcome);
    let empty = outcome.packets == 0 && !args.json;
    let shown = if empty { Ok(Status::Done) } else { show(args, file) };
    match shown {
        Err(failure) if !failure.is_broken_pipe() => Err(failure),
        Ok(Status::Error) => Ok(Status::Error.code()),
        // Whatever was selected or not: the status is the command's.
        _ if outcome.trouble.is_some() && outcome.status == 0 => Ok(Status::Error.code()),
        _ => Ok(outcome.status),
    }
}

/// The file of `-w`. It is read again for the story, so it has to be a real one.
fn named_file(path: &Path) -> Result<Kept, Failure> {
    if path.as_os_str() == "-" {
        return Err(Failure::new("-w - cannot have standard output, which is the command's")
            .hint("name a file after -w"));
    }
    let open = || {
        if path.exists() && !path.is_file() {
            return Err(io::Error::other("it is no regular file"));
        }
        Kept::open(path)
    };
    open().map_err(|error| {
        Failure::new(format_args!("cannot create {}: {error}", path.display()))
            .hint("name a file after -w, in a folder you may write to")
    })
}

/// Where the capture goes while the command runs: a file that was there keeps what it has until then.
fn capture_file(kept: Option<&Kept>, path: Option<&Path>) -> io::Result<File> {
    match (kept, path) {
        (Some(kept), _) if kept.is_new() => kept.itself(),
        (_, Some(path)) => unnamed_file_beside(path),
        (_, None) => unnamed_file(),
    }
}

/// Puts the capture of a command that was run where it was asked for.
fn keep(kept: Option<Kept>, mut capture: &File) -> Result<(), Failure> {
    let Some(kept) = kept else { return Ok(()) };
    let copied = if kept.is_new() {
        kept.stays();
        Ok(())
    } else {
        let copy = |mut file: File| {
            capture.rewind()?;
            io::copy(&mut capture, &mut file)?;
            capture.rewind()
        };
        kept.emptied().and_then(copy)
    };
    copied.map_err(|error| Failure::new(format_args!("cannot write the capture: {error}")))
}

/// Starts the command: in a sandbox, or where the system forbids that and this process may capture, in place.
fn start(args: &RecordArgs, internet: Option<&Planned>, file: &File) -> Result<Running, SandboxError> {
    let plan_of = |file: &File| -> Result<Plan, SandboxError> {
        let plan = plan(args, file)?;
        Ok(match internet {
            Some(internet) => internet.beside(&args.internet, plan),
            None => plan,
        })
    };
    let refused = match plan_of(file)?.start() {
        // Outside a sandbox those addresses are other people's.
        Err(SandboxError::Refused(refused)) if internet.is_none() => refused,
        result => return result,
    };
    let Ok(running) = plan_of(file)?.in_place().start() else { return Err(refused.into()) };
    say(format_args!("warning: {refused}"));
    say(
        "recording without a sandbox, on the loopback interface that all programs share: other programs' packets may \
         be among those recorded, and what the command sends elsewhere is not",
    );
    Ok(running)
}

fn plan(args: &RecordArgs, file: &File) -> Result<Plan, SandboxError> {
    let file = file.try_clone().map_err(SandboxError::Start)?;
    let mut plan = Plan::new(args.command.clone(), file);
    match &args.write {
        Some(path) => plan = plan.pcap(SaveFormat::of_name(path) == SaveFormat::Pcap),
        None => plan = plan.at_most(MAX_UNNAMED),
    }
    if args.json {
        let err = io::stderr().as_fd().try_clone_to_owned().map_err(SandboxError::Start)?;
        plan = plan.stdout(Stdio::from(err));
    }
    Ok(plan)
}

/// What a command that did not run gives: the status that a shell would.
fn not_run(args: &RecordArgs, error: SandboxError) -> Result<u8, Failure> {
    match error {
        SandboxError::NotRun { status, message } => {
            say(Failure::new(message));
            Ok(status)
        }
        SandboxError::Refused(refused) if args.internet.is_wanted() => Err(Failure::new(refused)
            .hint("without a sandbox the name servers run on loopback: `wirelab serve dns`")),
        SandboxError::Refused(refused) => Err(Failure::new(refused).hint(
            "as root it is recorded without a sandbox, on the loopback interface that all programs share",
        )),
        other => Err(Failure::new(other)),
    }
}

/// Says what became of the packets, and what else a person should know before the story.
fn tell(args: &RecordArgs, outcome: &Outcome) {
    let packets = Count::packets(outcome.packets);
    let to = args.write.as_ref().map(|path| format!(" in {}", path.display())).unwrap_or_default();
    let lost = match outcome.lost {
        0 => "none lost".to_owned(),
        lost => format!("{lost} lost by the kernel, whose buffer was full"),
    };
    match outcome.packets {
        0 if outcome.lost == 0 && outcome.not_kept == 0 => {
            say(format_args!("0 packets recorded{to}: the command sent nothing to 127.0.0.1 or ::1"))
        }
        _ => say(format_args!("{packets} recorded{to}, {lost}")),
    }
    match outcome.left_running {
        0 => {}
        1 => say("a process that the command had left running was ended"),
        count => say(format_args!("{count} processes that the command had left running were ended")),
    }
    if outcome.not_kept > 0 && outcome.trouble.is_none() {
        say(format_args!(
            "warning: {} more were not kept: 1 GiB is the limit without -w",
            Count::packets(outcome.not_kept)
        ));
    }
    if let Some(trouble) = &outcome.trouble {
        say(format_args!("warning: {trouble}; {} not kept", Count::packets(outcome.not_kept)));
    }
}

/// Shows the capture.
fn show(args: &RecordArgs, file: File) -> Result<Status, Failure> {
    if args.view == View::None && !args.json {
        return Ok(Status::Done);
    }
    let name = match &args.write {
        Some(path) => path.display().to_string(),
        None => typed(args),
    };
    let interrupt = Interrupt::install()?;
    let source = Savefile::from_reader(file, &name)?;
    let mut reading = Reading::of_recording(source, &name, &args.select, interrupt)?;
    let view = if args.json { View::Explain } else { args.view };
    let mut shower = Shower::new(view, args.color.colors());
    let mut pipeline = shower.pipeline();
    let mut shown = 0_u64;
    let ending = reading.all(&mut pipeline, |step, _, _| {
        shown += 1;
        shower.packet(step)?;
        Ok(Go::On)
    })?;
    if args.json {
        shower.finish_json(&pipeline, reading.selection())?;
    } else {
        shower.finish(&name, &pipeline, reading.selection())?;
    }
    Ok(reading.tell(&pipeline, &ending, shown))
}

/// The command as a name for its capture.
fn typed(args: &RecordArgs) -> String {
    /// Characters of it that are shown.
    const SHOWN: usize = 60;
    let words: Vec<_> = args.command.iter().map(|word| word.to_string_lossy()).collect();
    let text = words.join(" ");
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}...", text.get(..end).unwrap_or_default()),
        None => text,
    }
}

/// Signals before the command runs. They must not be blocked then: it would inherit that.
struct Early(Arc<AtomicBool>);

impl Early {
    fn listen() -> io::Result<Self> {
        let came = Arc::new(AtomicBool::new(false));
        for signal in [Signal::SIGINT, Signal::SIGTERM, Signal::SIGQUIT] {
            signal_hook::flag::register(signal as i32, Arc::clone(&came))?;
        }
        Ok(Self(came))
    }

    /// From now on they queue. One that came before ends the command.
    fn queue(self, running: &mut Running) -> Result<Signals, Failure> {
        let failed = |error: nix::Error| Failure::new(format_args!("cannot take over Ctrl-C: {error}"));
        let set: SigSet = [Signal::SIGINT, Signal::SIGTERM, Signal::SIGQUIT].into_iter().collect();
        set.thread_block().map_err(failed)?;
        let queue =
            SignalFd::with_flags(&set, SfdFlags::SFD_NONBLOCK | SfdFlags::SFD_CLOEXEC).map_err(failed)?;
        if self.0.load(Ordering::Relaxed) {
            running.end();
        }
        Ok(Signals { set, queue })
    }
}

/// Signals that are the command's, while it runs.
struct Signals {
    set: SigSet,
    queue: SignalFd,
}

impl Signals {
    fn unblock(self) -> Result<(), Failure> {
        drop(self.queue);
        self.set
            .thread_unblock()
            .map_err(|error| Failure::new(format_args!("cannot give Ctrl-C back: {error}")))
    }

    /// Waits for the command, and passes on what was sent to this process alone. What comes from the terminal the command
    /// has got itself.
    fn wait(&self, running: &mut Running) -> Result<Outcome, SandboxError> {
        let mut pressed: Vec<Instant> = Vec::new();
        let mut asked = false;
        loop {
            if let Some(outcome) = running.wait_for(LOOK)? {
                return Ok(outcome);
            }
            while let Ok(Some(signal)) = self.queue.read_signal() {
                let number = u8::try_from(signal.ssi_signo).unwrap_or(0);
                let is = |wanted: Signal| i32::from(number) == wanted as i32;
                if is(Signal::SIGQUIT) || (is(Signal::SIGTERM) && asked) {
                    running.end();
                } else if is(Signal::SIGINT) && signal.ssi_code == SI_KERNEL {
                    let now = Instant::now();
                    pressed.retain(|at| now.duration_since(*at) < INSISTENCE);
                    pressed.push(now);
                    if pressed.len() >= INSISTING {
                        running.end();
                    }
                } else {
                    asked |= is(Signal::SIGTERM);
                    running.signal(number).map_err(SandboxError::Start)?;
                }
            }
        }
    }
}
