//! `stats`: a capture in numbers.

use std::io::Write;

use clap::Args;

use super::args::{ColorArgs, InputArgs};
use super::input::{Go, Prints, Reading};
use super::output::{self, Failure, Status, say};
use crate::pipeline::Pipeline;
use crate::render::stats::{StatsOf, write_stats, write_stats_json};
use crate::render::table::TableOutput;
use crate::report::stats::{CaptureStats, Intervals};
use crate::source::PacketSource;

/// Count a savefile: what it is and what was lost, which protocols stand in which, who sent how much, and how much
/// when.
///
/// Bytes are those of whole frames on the wire. A packet counts for every protocol, and for every IP address, that it
/// has, within tunnels too.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(super) struct StatsArgs {
    #[command(flatten)]
    input: InputArgs,
    /// Packets and bytes of each so many seconds, such as 1 or 0.1; else as long as gives some dozens
    #[arg(long, value_name = "S", value_parser = interval)]
    interval: Option<u64>,
    /// How many endpoints of each kind to list, those with the most bytes
    #[arg(long, value_name = "N", default_value_t = 10)]
    top: usize,
    /// Print one JSON document, with every endpoint
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    color: ColorArgs,
}

const EXAMPLES: &str = "\
Examples:
  wirelab stats capture.pcapng                   everything, in short
  wirelab stats capture.pcapng --interval 0.1    each tenth of a second
  wirelab stats capture.pcapng -Y 'tcp.len > 0'  of what a display filter takes
  wirelab stats capture.pcapng --json            for a script";

/// Runs `stats`.
pub(super) fn run(args: &StatsArgs) -> Result<Status, Failure> {
    let mut pipeline = Pipeline::new(None);
    let mut reading = Reading::open(&args.input, Prints::AtTheEnd)?;
    let mut stats = CaptureStats::new(args.interval.map_or_else(Intervals::default, Intervals::of_nanos));
    let ending = reading.all(&mut pipeline, |step, _, context| {
        stats.count(&step.packet, &step.decoded, context, step.relative());
        Ok(Go::On)
    })?;
    let of = StatsOf {
        name: reading.name(),
        facts: reading.source().facts(),
        interfaces: reading.source().interfaces(),
        stats: &stats,
    };
    let mut out = output::stdout();
    if args.json {
        write_stats_json(&mut out, &of)?;
    } else {
        let output = TableOutput { width: output::terminal_width(), colors: args.color.colors() };
        write_stats(&mut out, output, &of, args.top)?;
    }
    out.flush()?;
    tell_limits(&stats);
    Ok(reading.tell(&pipeline, &ending, stats.totals.packets))
}

/// A line for each limit that the counts reached.
pub(super) fn tell_limits(stats: &CaptureStats) {
    for (count, what) in stats.limits() {
        say(format_args!("not counted: {what}: {count}"));
    }
}

/// Reads `--interval`.
fn interval(text: &str) -> Result<u64, String> {
    nanos(text)
        .ok()
        .filter(|&nanos| nanos > 0)
        .ok_or_else(|| "expected seconds above 0, as in 1 or 0.1".to_owned())
}

/// Seconds, with up to nine digits behind a dot, as nanoseconds.
pub(super) fn nanos(text: &str) -> Result<u64, &'static str> {
    const WRONG: &str = "expected seconds";
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let is_number = |digits: &str| digits.bytes().all(|digit| digit.is_ascii_digit());
    if whole.is_empty() && fraction.is_empty()
        || !is_number(whole)
        || !is_number(fraction)
        || fraction.len() > 9
    {
        return Err(WRONG);
    }
    let whole: u64 = if whole.is_empty() { 0 } else { whole.parse().map_err(|_| WRONG)? };
    let fraction: u64 = format!("{fraction:0<9}").parse().map_err(|_| WRONG)?;
    whole.checked_mul(1_000_000_000).and_then(|nanos| nanos.checked_add(fraction)).ok_or(WRONG)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_are_read_to_the_nanosecond() {
        for (text, wanted) in
            [("1", 1_000_000_000), ("0.1", 100_000_000), (".5", 500_000_000), ("0", 0), ("0.000000001", 1)]
        {
            assert_eq!(nanos(text), Ok(wanted), "{text}");
        }
        for text in ["", ".", "-1", "1s", "1.0000000001", "99999999999", "1e3"] {
            assert!(nanos(text).is_err(), "{text}");
        }
        assert!(interval("0").is_err() && interval("0.5").is_ok());
    }
}
