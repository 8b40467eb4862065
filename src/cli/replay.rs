//! `replay`: a savefile played at its own pace, in the live view.

use std::io::{self, IsTerminal};
use std::thread;
use std::time::{Duration, Instant};

use clap::Args;

use super::args::{ColorArgs, InputArgs};
use super::input::{display_name, tell_nothing_matched};
use super::keys::Keys;
use super::output::{Failure, Status, say};
use super::select::Selection;
use super::view::{Shower, View};
use crate::source::{Growth, Interrupt, Next, PacketSource, Savefile};
use crate::time::{TimeDelta, Timestamp};

/// The longest sleep without a look at Ctrl-C.
const NAP: Duration = Duration::from_millis(50);

/// Play a savefile at its own pace, as if it were live.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(super) struct ReplayArgs {
    #[command(flatten)]
    input: InputArgs,
    /// How many times faster than it was captured; 0 waits for nothing
    #[arg(long, value_name = "TIMES", default_value_t = 1.0, value_parser = speed)]
    speed: f64,
    /// Longest pause between two packets, in seconds
    #[arg(long, value_name = "SECONDS", value_parser = speed)]
    max_pause: Option<f64>,
    /// Wait for a key before each packet: any key shows the next, q ends
    #[arg(long)]
    step: bool,
    /// Go on with what is added to a savefile that is still being written, until Ctrl-C
    #[arg(long, conflicts_with_all = ["step", "speed"])]
    follow_file: bool,
    /// What to show
    #[arg(long, value_enum, value_name = "VIEW", default_value_t = View::Lines)]
    view: View,
    #[command(flatten)]
    color: ColorArgs,
}

const EXAMPLES: &str = "\
Examples:
  wirelab replay capture.pcapng                  as fast as it happened
  wirelab replay capture.pcapng --speed 10       ten times faster
  wirelab replay capture.pcapng --step           a packet at a key
  # a file that another program is still writing
  wirelab replay growing.pcapng --follow-file";

/// Reads a number from 0 up.
fn speed(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(number) if (0.0..=1e9).contains(&number) => Ok(number),
        _ => Err("expected a number from 0 up, as in 10 or 0.5".to_owned()),
    }
}

/// Runs `replay`.
pub(super) fn run(args: &ReplayArgs) -> Result<Status, Failure> {
    let path = args.input.path();
    let mut selection = Selection::of_input(&args.input)?;
    let mut bpf = args.input.select.bpf()?;
    let growth = if args.follow_file { Growth::Growing } else { Growth::Complete };
    let mut source = Savefile::open_as(&path, growth)?;
    let interrupt = Interrupt::install()?;
    let mut keys = if args.step { Some(keys(args)?) } else { None };
    let mut shower = Shower::new(args.view, args.color.colors());
    let mut pipeline = shower.pipeline();
    let mut pace = Pace::new(args);
    let mut shown = 0_u64;
    let mut status = loop {
        if interrupt.is_set() {
            break Status::Interrupted;
        }
        let (packet, interfaces) = match source.next_packet() {
            Ok(Next::Packet(packet, interfaces)) => (packet, interfaces),
            Ok(Next::Tick) => {
                shower.flush()?;
                thread::sleep(NAP);
                continue;
            }
            Ok(Next::End) => break Status::Done,
            Err(damage) => {
                shower.flush()?;
                say(format_args!("warning: {damage}"));
                break Status::Error;
            }
        };
        if let Some(bpf) = &mut bpf
            && !bpf.matches(&packet)?
        {
            pipeline.pass_over();
            continue;
        }
        if keys.is_none() && !args.follow_file && !pace.wait(packet.ts, &interrupt) {
            // What was not yet due did not happen.
            break Status::Interrupted;
        }
        let step = pipeline.step(&packet);
        if selection.take(&step, interfaces).is_none() {
            continue;
        }
        shown += 1;
        if let Some(keys) = &mut keys {
            if shown == 1 {
                say("any key shows the next packet, q ends");
            }
            if !keys.next(&interrupt)? {
                break if interrupt.is_set() { Status::Interrupted } else { Status::Done };
            }
        }
        shower.packet(&step)?;
        if keys.is_some() || pace.is_timed() {
            shower.flush()?;
        }
    };
    drop(keys);
    pipeline.finish();
    let name = display_name(&path);
    shower.finish(&name, &pipeline, &selection)?;
    if shown == 0 && status != Status::Interrupted {
        let has_selection = tell_nothing_matched(&selection, &name, &pipeline);
        if has_selection && status == Status::Done {
            status = Status::No;
        }
    }
    super::limits::tell(&pipeline);
    Ok(status)
}

/// The keyboard, for --step.
fn keys(args: &ReplayArgs) -> Result<Keys, Failure> {
    if args.input.path().as_os_str() == "-" || !io::stdin().is_terminal() {
        return Err(Failure::new("--step needs a keyboard: standard input is not a terminal")
            .hint("name the savefile and run it in a terminal, or use --speed"));
    }
    Ok(Keys::open()?)
}

/// Keeps the pace of the capture.
struct Pace {
    /// Seconds of the capture in one second here; 0 waits for nothing.
    speed: f64,
    max_pause: Option<Duration>,
    previous: Option<(Timestamp, Instant)>,
}

impl Pace {
    fn new(args: &ReplayArgs) -> Self {
        let max_pause = args.max_pause.map(Duration::from_secs_f64);
        let speed = if args.follow_file { 0.0 } else { args.speed };
        Self { speed, max_pause, previous: None }
    }

    /// Whether packets come with pauses between them.
    fn is_timed(&self) -> bool {
        self.speed > 0.0
    }

    /// Waits until a packet of time `ts` is due after the one before; false where Ctrl-C came first.
    fn wait(&mut self, ts: Option<Timestamp>, interrupt: &Interrupt) -> bool {
        let Some(ts) = ts.filter(|_| self.is_timed()) else { return true };
        let due = match self.previous {
            Some((before, shown)) => shown + self.pause(ts - before),
            None => Instant::now(),
        };
        loop {
            let left = due.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            if interrupt.is_set() {
                return false;
            }
            thread::sleep(left.min(NAP));
        }
        // The due time, not the time now: small delays must not add up.
        self.previous = Some((ts, due));
        true
    }

    /// The pause for a span of the capture; none where its clock ran backwards.
    fn pause(&self, span: TimeDelta) -> Duration {
        let nanos = u64::try_from(span.as_nanos()).unwrap_or(0);
        let seconds = Duration::from_nanos(nanos).as_secs_f64() / self.speed;
        let pause = Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX).min(LONGEST_PAUSE);
        self.max_pause.map_or(pause, |most| pause.min(most))
    }
}

/// A capture can claim that its next packet is centuries away.
const LONGEST_PAUSE: Duration = Duration::from_secs(24 * 3600);
