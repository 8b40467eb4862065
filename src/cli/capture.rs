//! `capture`: live, with the same views as a savefile.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use super::args::{ColorArgs, SelectArgs};
use super::output::{Failure, Status};
use super::view::View;

/// Capture live from a network interface.
///
/// Without -i the interface is chosen: loopback where a program on this host listens on --port, else the first
/// that is up. "capturing on ..." on standard error says that from now on no packet is missed.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(super) struct CaptureArgs {
    /// Interface to capture on, as `wirelab interfaces` names it
    #[arg(short = 'i', long, value_name = "NAME")]
    interface: Option<String>,
    #[command(flatten)]
    select: SelectArgs,
    /// Save the packets, as pcap where OUT ends in .pcap, else as pcapng
    #[arg(short = 'w', long = "write", value_name = "OUT")]
    write: Option<PathBuf>,
    /// What to show [default: lines, or none with -w]
    #[arg(long, value_enum, value_name = "VIEW")]
    view: Option<View>,
    /// Stop after N packets
    #[arg(short = 'c', long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    count: Option<u64>,
    /// Stop after so many seconds, packets or not
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    seconds: Option<Duration>,
    /// Stop when a TCP flow of --port has opened and closed
    #[arg(long, requires = "port")]
    until_closed: bool,
    /// Most bytes kept of a packet
    #[arg(short = 's', long, value_name = "BYTES", default_value_t = 262_144)]
    snaplen: u32,
    /// Also ask for packets that are not addressed to this host
    #[arg(long)]
    promiscuous: bool,
    /// Kernel buffer in MiB, from 1 to 1024
    #[arg(short = 'B', long, value_name = "MIB", default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..=1024))]
    buffer: u32,
    #[command(flatten)]
    color: ColorArgs,
}

const EXAMPLES: &str = "\
Examples:
  wirelab capture -i lo --port 43389                 show what passes on port 43389
  wirelab capture -i lo --port 43389 -w talk.pcapng --until-closed    keep one connection, then stop
  wirelab capture --port 53 --seconds 10 --view explain               ten seconds of DNS, explained

Exit status: 0 after a stop condition, 130 after Ctrl-C (what was gathered is kept), 2 on an error.";

/// Reads a number of seconds.
fn seconds(text: &str) -> Result<Duration, String> {
    match text.parse::<f64>() {
        Ok(number) if (0.0..=31_536_000.0).contains(&number) => Ok(Duration::from_secs_f64(number)),
        _ => Err("expected a number of seconds, as in 10 or 0.5".to_owned()),
    }
}

/// Runs `capture`.
#[cfg(not(feature = "live"))]
pub(super) fn run(_: &CaptureArgs) -> Result<Status, Failure> {
    Err(Failure::new("this wirelab was built without live capture")
        .hint("build it with libpcap's headers installed and without --no-default-features"))
}

#[cfg(feature = "live")]
pub(super) use live::run;

#[cfg(feature = "live")]
mod live {
    use std::time::Instant;

    use super::{CaptureArgs, Failure, Status, View};
    use crate::cli::output::say;
    use crate::cli::save::Saver;
    use crate::cli::view::Shower;
    use crate::pipeline::Pipeline;
    use crate::render::format::Count;
    use crate::source::{
        Interrupt, LiveOptions, LiveSource, LiveStats, Next, PacketSource, Progress, SourceError, StopCause,
        StopRule, choose, drop_privileges,
    };

    /// Runs `capture`.
    pub(in crate::cli) fn run(args: &CaptureArgs) -> Result<Status, Failure> {
        let (device, reason) = device(args)?;
        let options = LiveOptions {
            snaplen: args.snaplen,
            promiscuous: args.promiscuous,
            filter: kernel_filter(args),
            buffer: args.buffer << 20,
        };
        let mut source = LiveSource::open(&device, &options).map_err(Failure::new)?;
        let interrupt = Interrupt::install()?;
        let mut saver = args.write.as_deref().map(|path| Saver::create(path, None)).transpose()?;
        drop_privileges().map_err(Failure::new)?;
        say(format_args!("capturing on {device}{reason}; Ctrl-C stops"));
        let stop = gather(args, &mut source, saver.as_mut(), &interrupt, &device)?;
        let link = source.interfaces().first().map(|interface| interface.link);
        let whole = saver.map_or(Ok(true), |saver| saver.finish(link))?;
        Ok(if whole { stop } else { Status::Error })
    }

    /// The interface to capture on, and why it was chosen where it was not named.
    fn device(args: &CaptureArgs) -> Result<(String, String), Failure> {
        if let Some(name) = &args.interface {
            return Ok((name.clone(), String::new()));
        }
        let choice = choose(&args.select.port).map_err(Failure::new)?;
        Ok((choice.device, format!(" ({})", choice.reason)))
    }

    /// What the kernel is asked to hand over: the user's filter, and for --port the packets that can concern it.
    /// ICMP errors quote the port, and later fragments do not have it, so both come along and are looked at here.
    fn kernel_filter(args: &CaptureArgs) -> Option<String> {
        let ports: Vec<String> = args.select.port.iter().map(|port| format!("port {port}")).collect();
        let ports = (!ports.is_empty())
            .then(|| format!("({} or icmp or icmp6 or ip[6:2] & 0x1fff != 0)", ports.join(" or ")));
        match (&args.select.bpf, ports) {
            (Some(user), Some(ports)) => Some(format!("({user}) and {ports}")),
            (Some(user), None) => Some(user.clone()),
            (None, ports) => ports,
        }
    }

    /// Captures until something stops it.
    fn gather(
        args: &CaptureArgs,
        source: &mut LiveSource,
        mut saver: Option<&mut Saver>,
        interrupt: &Interrupt,
        device: &str,
    ) -> Result<Status, Failure> {
        let view = args.view.unwrap_or(if args.write.is_some() { View::None } else { View::Lines });
        let mut shower = Shower::new(view, &args.select, args.color.colors());
        let mut pipeline = shower.pipeline();
        let rule = StopRule { packets: args.count, duration: args.seconds, flow_closed: args.until_closed };
        let started = Instant::now();
        let mut progress = Progress::default();
        let ended: Result<StopCause, SourceError> = loop {
            let mut touched = None;
            match source.next_packet() {
                Ok(Next::Packet(packet, interfaces)) => {
                    let step = pipeline.step(&packet);
                    touched = step.verdicts.iter().rev().find_map(|verdict| verdict.flow);
                    if args.select.takes_packet(&step.decoded) {
                        progress.packets += 1;
                        if let Some(saver) = saver.as_deref_mut() {
                            saver.write(&packet, interfaces)?;
                        }
                        shower.packet(&step)?;
                    }
                }
                Ok(Next::Tick) => {
                    shower.flush()?;
                    if let Some(saver) = saver.as_deref_mut() {
                        saver.flush()?;
                    }
                }
                Ok(Next::End) => break Ok(StopCause::Interrupted),
                Err(error) => break Err(error),
            }
            progress.elapsed = started.elapsed();
            progress.interrupted = interrupt.is_set();
            if progress.closed_at.is_none() && touched.is_some_and(|flow| closed(&pipeline, flow, args)) {
                progress.closed_at = Some(progress.elapsed);
            }
            if let Some(cause) = rule.met_by(&progress) {
                break Ok(cause);
            }
        };
        pipeline.finish();
        shower.finish(device, &pipeline)?;
        crate::cli::limits::tell(&pipeline);
        tell_counts(progress.packets, &source.stats()?);
        match ended {
            Ok(StopCause::Interrupted) => Ok(Status::Interrupted),
            Ok(_) => Ok(Status::Done),
            Err(error) => {
                say(format_args!("warning: {error}"));
                Ok(Status::Error)
            }
        }
    }

    /// Whether the flow at this place is of the watched ports and has closed, or was refused.
    fn closed(pipeline: &Pipeline, place: usize, args: &CaptureArgs) -> bool {
        pipeline.flows().flows().get(place).is_some_and(|flow| {
            args.select.takes_flow(flow)
                && flow.tcp.as_ref().is_some_and(|tcp| {
                    let end = &tcp.teardown;
                    end.is_orderly() || end.reset.is_some() || tcp.handshake.refused.is_some()
                })
        })
    }

    /// How many packets there were, and how many were lost. Always told: silence would look like none.
    fn tell_counts(shown: u64, stats: &LiveStats) {
        let received = u64::from(stats.received);
        say(format_args!(
            "{} captured, {} received by the filter, {} dropped by the kernel, {} dropped by the interface",
            Count::packets(shown),
            received,
            stats.dropped_by_kernel,
            stats.dropped_by_interface
        ));
    }
}
