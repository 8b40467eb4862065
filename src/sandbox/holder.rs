//! The process that holds the namespaces: it makes them, captures, starts init, and stays until the last packet is kept.

use std::ffi::OsString;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, ExitStatus};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::channel::{HostArgs, Outcome, StageArgs, StageKind, Topology, Word};
use super::ends::{adopt, reopen, shortened, tell};
use super::hosts::Laid;
use super::namespace::{self, Rights, Step, step};
use super::netlink::{LOOPBACK, Netlink};
use super::{STAGE, beside, hosts, names};
use crate::source::{
    Interface, LinkType, LiveError, LiveOptions, LiveSource, Next, PacketSource, SaveFormat, SavefileWriter,
    TICK, drop_privileges,
};

/// After how many packets of a busy line it is looked whether the command has ended. A quiet line has a tick.
const LOOK_EVERY: u64 = 64;

/// Longest time for which packets that had arrived are still taken in after the end. A full buffer takes a tenth of it.
const DRAIN: Duration = Duration::from_secs(5);

/// What the network of a sandbox may still do after its last process: an acknowledgement that another processor sends.
const SETTLE: Duration = Duration::from_millis(10);

/// Bytes of a packet's own that a savefile needs beside its data, at most: for [`StageArgs::most`].
const PER_PACKET: u64 = 40;

/// Plays the holder; gives its exit status, which only says whether the report was given.
pub(super) fn run(stage: &StageArgs, command: Vec<OsString>) -> u8 {
    let Ok(mut report) = reopen(stage.report, true) else { return 2 };
    match hold(stage, command, &mut report) {
        Ok(outcome) => {
            tell(&mut report, &Word::Ended(outcome));
            0
        }
        Err(word) => {
            tell(&mut report, &word);
            2
        }
    }
}

/// The whole life of a sandbox; an error is the word that tells it.
fn hold(stage: &StageArgs, command: Vec<OsString>, report: &mut File) -> Result<Outcome, Word> {
    // Ctrl-C goes to every process of the terminal. It is the command's: whoever holds the capture lives on.
    let failed =
        |what: &str, why: &dyn std::fmt::Display| Word::NoCapture(shortened(&format!("{what}: {why}")));
    super::be_deaf().map_err(|error| failed("taking over signals", &error))?;
    let ended = Arc::new(AtomicBool::new(false));
    // The handler also breaks the wait for packets off.
    signal_hook::flag::register(signal_hook::consts::SIGCHLD, Arc::clone(&ended))
        .map_err(|error| failed("watching the command", &error))?;
    let number = stage.capture.unwrap_or(-1);
    let file = adopt(number, true).map_err(|error| failed("opening the capture file", &error))?;

    let (rights, laid) = if stage.in_place {
        (None, Laid::nothing())
    } else {
        let (rights, laid) = prepare(stage).map_err(Word::Refused)?;
        (Some(rights), laid)
    };
    let mut source = LiveSource::open(laid.device, &LiveOptions::default())
        .map_err(|error: LiveError| Word::NoCapture(shortened(&error.to_string())))?;
    let mut keeper = Keeper::new(file, stage);
    tell(report, &Word::Ready);

    let mut init = start_init(stage, rights, laid.numbers(), command)
        .map_err(|why| failed("starting the command's parent", &why))?;
    let _ = nix::unistd::close(stage.control);
    let _ = nix::unistd::close(stage.report);
    // From here on nothing needs a right, and bytes of strangers come.
    if let Err(error) = drop_privileges() {
        let _ = init.kill();
        return Err(failed("giving up privileges", &error));
    }
    let status = capture(&mut source, &mut keeper, &mut init, &ended);
    Ok(keeper.finish(&mut source, status))
}

/// Makes everything that is in place before the capture begins.
fn prepare(stage: &StageArgs) -> Step<(Rights, Laid)> {
    let topology = &stage.topology;
    let root = nix::unistd::geteuid().is_root();
    let rights = namespace::enter()?;
    step(
        "bringing up the loopback interface",
        root,
        true,
        Netlink::open().and_then(|mut link| link.up(LOOPBACK)),
    )?;
    step("giving the loopback interface addresses", root, true, beside::settle(&stage.beside.addresses))?;
    let laid = hosts::lay(topology, root)?;
    let more = if *topology == Topology::Alone { "" } else { hosts::HOSTS };
    step("mounting a resolver configuration of its own", root, true, names::isolate(more))?;
    namespace::permit_ports_and_pings();
    Ok((rights, laid))
}

/// Executes the program anew as process 1 of the pid namespace.
fn start_init(
    stage: &StageArgs,
    rights: Option<Rights>,
    hosts: HostArgs,
    command: Vec<OsString>,
) -> Result<Child, String> {
    if rights == Some(Rights::OfNamespace) {
        namespace::hand_on_to_init()?;
    }
    // By its path where it can be: a mount over it may have taken the file's capabilities away.
    let program = std::env::current_exe().ok().filter(|path| path.is_file());
    let program = program.unwrap_or_else(|| "/proc/self/exe".into());
    let args = StageArgs { stage: StageKind::Init, capture: None, hosts, ..stage.clone() };
    Command::new(program)
        .arg0("wirelab")
        .arg(STAGE)
        .arg(args.to_text())
        .args(command)
        .spawn()
        .map_err(|error| error.to_string())
}

/// Takes packets until init has ended, then what had arrived by then.
fn capture(source: &mut LiveSource, keeper: &mut Keeper, init: &mut Child, ended: &AtomicBool) -> u8 {
    let status = loop {
        let quiet = keeper.take(source);
        let look = quiet || keeper.seen.is_multiple_of(LOOK_EVERY);
        if look
            && ended.load(Ordering::Relaxed)
            && let Ok(Some(status)) = init.try_wait()
        {
            break status_of(status);
        }
    };
    let since = Instant::now();
    let mut settled = false;
    // Ticks come after a wait that is longer than the kernel keeps a block of packets back: two in a row say that there
    // are no more, should the counters not.
    let mut ticks = 0_u8;
    while ticks < 3 && since.elapsed() < DRAIN {
        if keeper.has_all(source) {
            if settled {
                break;
            }
            settled = true;
            std::thread::sleep(SETTLE);
        } else {
            settled = false;
            ticks = if keeper.take(source) { ticks.saturating_add(1) } else { 0 };
        }
    }
    status
}

/// An exit status as shells have it.
pub(super) fn status_of(status: ExitStatus) -> u8 {
    let signal = status.signal().map(|number| number.saturating_add(128));
    status.code().or(signal).and_then(|code| u8::try_from(code).ok()).unwrap_or(u8::MAX)
}

/// Writes the capture.
struct Keeper {
    writer: Option<SavefileWriter<Box<dyn Write + Send>>>,
    most: Option<u64>,
    bytes: u64,
    /// Packets taken from the kernel.
    seen: u64,
    not_kept: u64,
    trouble: Option<String>,
}

impl Keeper {
    fn new(file: File, stage: &StageArgs) -> Self {
        let out: Box<dyn Write + Send> = Box::new(BufWriter::with_capacity(256 << 10, file));
        let format = if stage.pcap { SaveFormat::Pcap } else { SaveFormat::Pcapng };
        let writer = SavefileWriter::new(out, format).named("the capture").nanoseconds(true);
        Self { writer: Some(writer), most: stage.most, bytes: 0, seen: 0, not_kept: 0, trouble: None }
    }

    /// Takes one packet or a quiet moment from the source; whether it was the latter.
    fn take(&mut self, source: &mut LiveSource) -> bool {
        match source.next_packet() {
            Ok(Next::Packet(packet, interfaces)) => {
                self.keep(&packet, interfaces);
                false
            }
            Ok(Next::Tick) => true,
            Ok(Next::End) => {
                // The capture failed; the command still runs to its end.
                std::thread::sleep(TICK);
                true
            }
            Err(error) => {
                self.trouble.get_or_insert(error.to_string());
                false
            }
        }
    }

    fn keep(&mut self, packet: &crate::source::CapturedPacket<'_>, interfaces: &[Interface]) {
        self.seen += 1;
        let bytes = u64::try_from(packet.data.len()).unwrap_or(u64::MAX).saturating_add(PER_PACKET);
        let is_full = self.most.is_some_and(|most| self.bytes.saturating_add(bytes) > most);
        let (Some(writer), Some(interface), false) = (&mut self.writer, interfaces.first(), is_full) else {
            self.not_kept += 1;
            return;
        };
        self.bytes += bytes;
        if let Err(error) = writer.write(packet, interface) {
            // A full disk stays full: what is written so far is kept, the rest is counted.
            self.not_kept += 1;
            self.trouble.get_or_insert(error.to_string());
            self.writer = None;
        }
    }

    /// Whether every packet that the kernel kept has been read.
    fn has_all(&self, source: &mut LiveSource) -> bool {
        source.stats().is_ok_and(|stats| {
            let waiting = u64::from(stats.received).checked_sub(u64::from(stats.dropped_by_kernel));
            waiting == Some(self.seen)
        })
    }

    fn finish(mut self, source: &mut LiveSource, status: u8) -> Outcome {
        let lost = source.stats().map_or(0, |stats| u64::from(stats.lost()));
        let link = source.interfaces().first().map_or(LinkType::ETHERNET, |interface| interface.link);
        if let Some(writer) = self.writer.take()
            && let Err(error) = writer.finish(link)
        {
            self.trouble.get_or_insert(error.to_string());
        }
        Outcome {
            status,
            left_running: 0,
            packets: self.seen.saturating_sub(self.not_kept),
            lost,
            not_kept: self.not_kept,
            trouble: self.trouble.as_deref().map(shortened),
        }
    }
}
