//! Playing a scene such that it is captured: in a sandbox; where the system forbids that, on the shared loopback interface;
//! where that may not be captured either, without a capture.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::process::Stdio;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::hosts::Places;
use super::{PlayArgs, stage};
use crate::cli::kept::Kept;
use crate::cli::output::{Failure, say};
use crate::lab::scene::{How, Line, Scene, What};
use crate::render::format::Count;
use crate::sandbox::{Outcome, Plan, Running, SandboxError, unnamed_file};
use crate::source::{Interrupt, LinkType, Next, PacketSource, SaveFormat, Savefile, SavefileWriter};

/// Most lines that a scene tells: a class of fifty in a room.
const MAX_LINES: usize = 200_000;

/// Longest line, in bytes: the longest message, each byte of it a number.
const MAX_LINE: u64 = 1 << 19;

/// Longest silence of a scene at its own pace or faster: longer than every wait of its own.
const SILENCE: Duration = Duration::from_secs(60);

/// When a scene is broken off.
pub(super) struct Limits<'a> {
    interrupt: &'a Interrupt,
    silence: Duration,
}

impl<'a> Limits<'a> {
    /// What is slowed down on purpose makes waits longer.
    pub(super) fn of(how: &How, interrupt: &'a Interrupt) -> Self {
        let line = &how.settings.impairment;
        let asked = how.settings.interval.unwrap_or_default() + line.delay + line.jitter;
        Self { interrupt, silence: (SILENCE + asked).mul_f64(how.settings.pace.max(1.0)) }
    }
}

/// An exit status above it is a signal's.
const SIGNALLED: u8 = 128;

/// How often Ctrl-C is looked at.
const LOOK: Duration = Duration::from_millis(50);

/// How a scene was played.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Manner {
    /// In a sandbox.
    Sandbox,
    /// On two hosts of a sandbox.
    TwoHosts,
    /// On the shared loopback interface.
    InPlace,
    /// Without a capture.
    NotCaptured {
        /// Why, in one line.
        because: String,
    },
}

/// A scene that was played.
#[derive(Debug)]
pub(super) struct Played<L = Line> {
    pub(super) manner: Manner,
    pub(super) log: Vec<L>,
    /// The capture, where there is one.
    pub(super) capture: Option<File>,
    outcome: Option<Outcome>,
    broken_off: bool,
}

impl<L> Played<L> {
    /// It did not come to its end.
    pub(super) fn is_broken_off(&self) -> bool {
        self.broken_off
    }

    /// Why the capture or the scene may not be whole.
    pub(super) fn trouble(&self) -> Option<&str> {
        if self.is_broken_off() {
            return Some("the scene was broken off");
        }
        match self.outcome.as_ref()? {
            Outcome { trouble: Some(trouble), .. } => Some(trouble),
            Outcome { lost: 1.., .. } => {
                Some("packets are missing in the capture: the kernel's buffer was full")
            }
            _ => None,
        }
    }
}

/// Files that were asked for, opened before anything is played and before privileges are given up.
#[derive(Debug)]
pub(super) struct Files {
    capture: Option<(Kept, String)>,
    log: Option<(Kept, String)>,
}

impl Files {
    pub(super) fn open(args: &PlayArgs) -> Result<Self, Failure> {
        let create = |path: &Path| {
            let name = path.display().to_string();
            if name == "-" {
                return Err(Failure::new("standard output has the story").hint("name a file"));
            }
            Kept::open(path).map(|file| (file, name.clone())).map_err(|error| {
                Failure::new(format_args!("cannot create {name}: {error}"))
                    .hint("name a file in a folder you may write to")
            })
        };
        let capture = args.write.as_deref().map(create).transpose()?;
        let log = args.log.as_deref().map(create).transpose()?;
        if let (Some((capture, name)), Some((log, _))) = (&capture, &log)
            && capture.is_same(log)
        {
            return Err(Failure::new(format_args!("{name} cannot have both the capture and the log"))
                .hint("name two files after -w and --log"));
        }
        Ok(Self { capture, log })
    }

    /// Writes them, and says so.
    pub(super) fn write<L: Serialize>(self, made: &Played<L>) -> Result<(), Failure> {
        let failed =
            |name: &str, error: io::Error| Failure::new(format_args!("cannot write {name}: {error}"));
        if let Some((kept, name)) = self.log {
            let mut file = kept.emptied().map_err(|error| failed(&name, error))?;
            for line in &made.log {
                let mut text = serde_json::to_vec(line).unwrap_or_default();
                text.push(b'\n');
                file.write_all(&text).map_err(|error| failed(&name, error))?;
            }
        }
        match (self.capture, &made.capture) {
            (Some((kept, name)), Some(capture)) => {
                let mut file = kept.emptied().map_err(|error| failed(&name, error))?;
                let mut capture = capture;
                let copied = capture.rewind().and_then(|()| io::copy(&mut capture, &mut file));
                copied.and_then(|_| capture.rewind()).map_err(|error| failed(&name, error))?;
                let packets = made.outcome.as_ref().map_or(0, |outcome| outcome.packets);
                say(format_args!("{} written to {name}", Count::packets(packets)));
            }
            (Some((_, name)), None) => {
                say(format_args!("warning: nothing was captured, {name} is not written"))
            }
            (None, _) => {}
        }
        Ok(())
    }
}

/// What is done with each line as it comes.
pub(super) type OnLine<'a, L = Line> = &'a mut dyn FnMut(&L) -> Result<(), Failure>;

/// Plays the scene.
pub(super) fn make(
    args: &PlayArgs,
    (scene, places): (&'static Scene, Places),
    how: &How,
    interrupt: &Interrupt,
    on_line: OnLine<'_>,
) -> Result<Played, Failure> {
    let interrupt = &Limits::of(how, interrupt);
    let manner = if places == Places::One { Manner::Sandbox } else { Manner::TwoHosts };
    let started = |in_place| {
        start(
            args,
            |command, capture| places.arrange(command, |command| Plan::new(command, capture)),
            in_place,
        )
    };
    let refused = match started(false) {
        Ok((running, file)) => return finished(watch(running, file, manner, interrupt, on_line)?, args),
        Err(SandboxError::NotRun { message, .. }) => return Err(Failure::new(message)),
        Err(refused) => refused,
    };
    // The shared loopback interface is one host's.
    let in_place = if places == Places::One { started(true).ok() } else { None };
    match in_place {
        Some((running, file)) => {
            say(&refused);
            say("played without a sandbox, on the loopback interface that all programs share");
            finished(watch(running, file, Manner::InPlace, interrupt, on_line)?, args)
        }
        None => {
            let because = why_not(&refused, "the scene is played all the same");
            here(scene, how, because, interrupt, on_line)
        }
    }
}

/// Says that nothing can be captured, and what to do about it; gives why, in one line, which is told beside the recording.
pub(super) fn why_not(refused: &SandboxError, but: &str) -> String {
    say(format_args!("nothing can be captured here, and {but}"));
    let told = refused.to_string();
    match told.split_once('\n') {
        Some((because, ways)) => {
            say(ways);
            because.to_owned()
        }
        None => told,
    }
}

/// Starts this program anew, with the same arguments, on a stage that is captured.
pub(super) fn start(
    args: &PlayArgs,
    plan: impl FnOnce(&[OsString], File) -> Plan,
    in_place: bool,
) -> Result<(Running, File), SandboxError> {
    let file = unnamed_file().map_err(SandboxError::Start)?;
    // Whoever executes it finds itself there, also where its path cannot be reached.
    let mut command = vec![OsString::from("/proc/self/exe")];
    command.extend(std::env::args_os().skip(1));
    let pcap = args.write.as_deref().is_some_and(|path| SaveFormat::of_name(path) == SaveFormat::Pcap);
    let capture = file.try_clone().map_err(SandboxError::Start)?;
    let plan = plan(&command, capture).pcap(pcap).stdin(Stdio::null()).stdout(Stdio::piped());
    let plan = if in_place { plan.in_place() } else { plan };
    Ok((plan.start()?, file))
}

/// A scene on the shared loopback interface has other programs' packets in its capture.
fn finished(made: Played, args: &PlayArgs) -> Result<Played, Failure> {
    match made {
        Played { manner: Manner::InPlace, log, capture: Some(file), outcome: Some(outcome), broken_off } => {
            let (capture, outcome) = selected(file, &log, args, outcome)?;
            Ok(Played {
                manner: Manner::InPlace,
                log,
                capture: Some(capture),
                outcome: Some(outcome),
                broken_off,
            })
        }
        made => Ok(made),
    }
}

/// Takes the lines of what is captured.
pub(super) fn watch<L: DeserializeOwned + Send + 'static>(
    mut running: Running,
    file: File,
    manner: Manner,
    interrupt: &Limits<'_>,
    on_line: OnLine<'_, L>,
) -> Result<Played<L>, Failure> {
    // From here on bytes of others are read.
    #[cfg(feature = "live")]
    crate::source::drop_privileges().map_err(Failure::new)?;
    let (sender, lines) = channel();
    let stdout = running.take_stdout();
    let reader = thread::Builder::new().spawn(move || {
        if let Some(stdout) = stdout {
            read_lines(BufReader::new(stdout), &sender);
        }
    });
    let reader = reader.map_err(|error| Failure::new(format_args!("no thread: {error}")))?;
    let (log, broken_off) = gather(&lines, interrupt, on_line)?;
    if broken_off {
        running.end();
    }
    let outcome = running.wait().map_err(Failure::new)?;
    // A signal can reach the stage first, or alone.
    let broken_off = broken_off || outcome.status > SIGNALLED;
    drop(running);
    let _ = reader.join();
    Ok(Played { manner, log, capture: Some(file), outcome: Some(outcome), broken_off })
}

/// Plays the scene in this process.
fn here(
    scene: &'static Scene,
    how: &How,
    because: String,
    interrupt: &Limits<'_>,
    on_line: OnLine<'_>,
) -> Result<Played, Failure> {
    let how = How { any_port: true, ..how.clone() };
    uncaptured(move |lines| stage::send(scene, how, lines), because, interrupt, on_line)
}

/// Takes the lines of what is played in a thread of this process.
pub(super) fn uncaptured<L: Send + 'static>(
    play: impl FnOnce(Sender<L>) + Send + 'static,
    because: String,
    interrupt: &Limits<'_>,
    on_line: OnLine<'_, L>,
) -> Result<Played<L>, Failure> {
    let (sender, lines) = channel();
    let player = thread::Builder::new().spawn(move || play(sender));
    player.map_err(|error| Failure::new(format_args!("no thread: {error}")))?;
    let (log, broken_off) = gather(&lines, interrupt, on_line)?;
    Ok(Played { manner: Manner::NotCaptured { because }, log, capture: None, outcome: None, broken_off })
}

/// Takes lines until there are no more; whether it was broken off before.
fn gather<L>(
    lines: &Receiver<L>,
    interrupt: &Limits<'_>,
    on_line: OnLine<'_, L>,
) -> Result<(Vec<L>, bool), Failure> {
    let mut log = Vec::new();
    let mut last = Instant::now();
    loop {
        match lines.recv_timeout(LOOK) {
            Ok(line) => {
                last = Instant::now();
                on_line(&line)?;
                log.push(line);
            }
            // Ctrl-C on a terminal ends the stage, too.
            Err(RecvTimeoutError::Disconnected) => return Ok((log, interrupt.interrupt.is_set())),
            Err(RecvTimeoutError::Timeout) => {}
        }
        if interrupt.interrupt.is_set() || last.elapsed() > interrupt.silence || log.len() >= MAX_LINES {
            return Ok((log, true));
        }
    }
}

fn read_lines<L: DeserializeOwned>(mut from: impl BufRead, to: &Sender<L>) {
    let mut text = Vec::new();
    loop {
        text.clear();
        match (&mut from).take(MAX_LINE).read_until(b'\n', &mut text) {
            Ok(1..) => {}
            _ => return,
        }
        // What is no line of a scene is a message of the system's about it, which standard error has, too.
        if let Ok(line) = serde_json::from_slice(&text)
            && to.send(line).is_err()
        {
            return;
        }
    }
}

/// The packets of the scene alone: of the ports that its servers have, or that its clients tried.
fn selected(file: File, log: &[Line], args: &PlayArgs, outcome: Outcome) -> Result<(File, Outcome), Failure> {
    let ports: BTreeSet<u16> = log
        .iter()
        .filter_map(|line| match &line.what {
            What::Listening { local, .. } => Some(local.port()),
            What::Tries { server, .. } => Some(server.port()),
            _ => None,
        })
        .collect();
    let format = args.write.as_deref().map_or(SaveFormat::Pcapng, SaveFormat::of_name);
    let failed = |error: io::Error| Failure::new(format_args!("cannot make a file for the capture: {error}"));
    let kept = unnamed_file().map_err(failed)?;
    let mut writer = SavefileWriter::new(kept.try_clone().map_err(failed)?, format).nanoseconds(true);
    let mut source = Savefile::from_reader(file, "the capture")?;
    let mut decoder = crate::decode::Decoder::new();
    let mut link = LinkType::ETHERNET;
    loop {
        match source.next_packet()? {
            Next::Packet(packet, interfaces) => {
                let decoded = decoder.decode(packet.link, packet.data, packet.wire_len);
                let is_ours = decoded.transports().iter().any(|transport| {
                    ports.contains(&transport.src.port) || ports.contains(&transport.dst.port)
                });
                if let Some(interface) = interfaces.first().filter(|_| is_ours) {
                    link = packet.link;
                    writer.write(&packet, interface)?;
                }
            }
            Next::Tick => {}
            Next::End => break,
        }
    }
    let packets = writer.packets();
    writer.finish(link)?;
    let mut kept = kept;
    kept.seek(SeekFrom::Start(0)).map_err(failed)?;
    Ok((kept, Outcome { packets, ..outcome }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::Settings;

    #[test]
    fn the_longest_silence_follows_the_pace() {
        let interrupt = Interrupt::default();
        let silence = |pace, interval| {
            let settings = Settings { pace, interval, ..Settings::default() };
            let how = How {
                address: std::net::Ipv4Addr::LOCALHOST.into(),
                settings,
                any_port: false,
                ..How::default()
            };
            Limits::of(&how, &interrupt).silence
        };
        assert_eq!(silence(0.1, None), SILENCE);
        // The longest wait of `datetime` is two seconds at its own pace.
        assert!(silence(100.0, None) > Duration::from_secs(200));
        assert!(silence(1.0, Some(SILENCE)) > SILENCE);
    }
}
