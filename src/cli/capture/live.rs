//! The capture itself: packets as they come, until something stops it.

use std::time::{Duration, Instant, SystemTime};

use super::{CaptureArgs, Failure, Status, View};
use crate::cli::output::{say, stdout_is_closed};
use crate::cli::save::Saver;
use crate::cli::select::Selection;
use crate::cli::view::Shower;
use crate::pipeline::Pipeline;
use crate::render::format::Count;
use crate::source::{
    CapturedPacket, Interface, Interrupt, LiveOptions, LiveSource, LiveStats, Next, PacketSource, Progress,
    SaveFormat, SourceError, StopCause, StopRule, TICK, choose, drop_privileges,
};
use crate::time::Timestamp;

/// After how many packets of a busy line the clock and Ctrl-C are looked at. A quiet line has a tick.
const LOOK_EVERY: u64 = 64;

/// Longest time for which packets that had arrived are still taken in after the stop. A full buffer of 64 MiB
/// takes a tenth of it.
const DRAIN: Duration = Duration::from_secs(2);

/// Ports of the UDP tunnels that are decoded: VXLAN, Geneve, GTP-U.
const TUNNELS: &str = "udp port 4789 or udp port 6081 or udp port 2152";

/// Runs `capture`.
pub(in crate::cli) fn run(args: &CaptureArgs) -> Result<Status, Failure> {
    let view = args.view.unwrap_or(if args.write.is_some() { View::None } else { View::Lines });
    let to_stdout = args.write.as_deref().is_some_and(|path| path.as_os_str() == "-");
    if to_stdout && view != View::None {
        return Err(Failure::new("-w - and --view cannot both have standard output")
            .hint("save to a file, or omit --view"));
    }
    let selection = Selection::of_options(&args.select)?;
    let (device, reason) = device(args)?;
    let options = LiveOptions {
        snaplen: args.snaplen,
        promiscuous: args.promiscuous,
        filter: kernel_filter(&args.select.port, args.select.bpf.as_deref()),
        buffer: args.buffer << 20,
    };
    let mut source = LiveSource::open(&device, &options).map_err(Failure::new)?;
    let interrupt = Interrupt::install()?;
    let saver =
        args.write.as_deref().map(|path| Saver::create(path, SaveFormat::of_name(path), None)).transpose()?;
    drop_privileges().map_err(Failure::new)?;
    say(format_args!("capturing on {device}{reason}; Ctrl-C stops"));
    let link = source.interfaces().first().map(|interface| interface.link);
    let shower = Shower::new(view, args.color.colors());
    let mut session = Session {
        args,
        pipeline: shower.pipeline(),
        shower,
        selection,
        saver,
        progress: Progress::default(),
        read: 0,
        left: 0,
        shows: view != View::None || to_stdout,
    };
    let ended = session.gather(&mut source, &interrupt);
    let told = session.tell(&device, &mut source, &ended);
    // Whatever happened to the view, the file is completed.
    let whole = session.saver.map_or(Ok(true), |saver| saver.finish(link))?;
    let ended = ended?;
    told?;
    Ok(match ended {
        _ if !whole => Status::Error,
        Ok(StopCause::Interrupted) => Status::Interrupted,
        Ok(_) => Status::Done,
        Err(_) => Status::Error,
    })
}

/// The interface to capture on, and why it was chosen where it was not named.
fn device(args: &CaptureArgs) -> Result<(String, String), Failure> {
    if let Some(name) = &args.interface {
        return Ok((name.clone(), String::new()));
    }
    let choice = choose(&args.select.port).map_err(Failure::new)?;
    Ok((choice.device, format!(" ({})", choice.reason)))
}

/// What the kernel is asked to hand over: the user's filter, and for --port all but the packets that surely
/// have another one. libpcap's `port` sees neither behind a VLAN tag, an IPv6 extension header or a tunnel, nor
/// into what an ICMP error quotes, and only the first fragment has ports at all: those come along and are looked
/// at here.
fn kernel_filter(ports: &[u16], user: Option<&str>) -> Option<String> {
    let ports: Vec<String> = ports.iter().map(|port| format!("port {port}")).collect();
    let ports = (!ports.is_empty()).then(|| {
        format!(
            "({} or not (tcp or udp) or ip[6:2] & 0x1fff != 0 or ip6[6] = 44 or {TUNNELS})",
            ports.join(" or ")
        )
    });
    match (user, ports) {
        (Some(user), Some(ports)) if !user.trim().is_empty() => Some(format!("({user}) and {ports}")),
        (Some(user), None) => Some(user.to_owned()),
        (_, ports) => ports,
    }
}

/// Why a capture stopped, or the failure of the interface that ended it.
type Ended = Result<StopCause, SourceError>;

/// A capture that goes on.
struct Session<'a> {
    args: &'a CaptureArgs,
    pipeline: Pipeline,
    shower: Shower,
    selection: Selection<'a>,
    saver: Option<Saver>,
    /// Its packets are those that were selected.
    progress: Progress,
    /// Packets taken from the kernel, selected or not.
    read: u64,
    /// Packets that were there and that nobody takes any more. What comes after the stop is none of them.
    left: u32,
    /// Standard output has a reader that can go away.
    shows: bool,
}

impl Session<'_> {
    /// Captures until something stops it, then takes in what had arrived by then.
    fn gather(&mut self, source: &mut LiveSource, interrupt: &Interrupt) -> Result<Ended, Failure> {
        let rule = StopRule {
            packets: self.args.count,
            duration: self.args.seconds,
            flow_closed: self.args.until_closed,
        };
        let started = Instant::now();
        let mut shown_at = Duration::ZERO;
        let mut stopping: Option<Stopping> = None;
        loop {
            let (quiet, closes) = match source.next_packet() {
                Err(error) => {
                    self.left = self.unread(source);
                    return Ok(Err(error));
                }
                Ok(Next::End) => return Ok(Ok(StopCause::Interrupted)),
                Ok(Next::Tick) => (true, false),
                Ok(Next::Packet(packet, _)) if stopping.as_ref().is_some_and(|at| at.is_before(&packet)) => {
                    return Ok(stopping.map_or(Ok(StopCause::Interrupted), |at| Ok(at.cause)));
                }
                Ok(Next::Packet(packet, interfaces)) => (false, self.take(&packet, interfaces)?),
            };
            let look = quiet || closes || self.read.is_multiple_of(LOOK_EVERY);
            if look {
                self.progress.elapsed = started.elapsed();
                self.progress.interrupted = interrupt.is_set();
                if closes {
                    self.progress.closed_at = Some(self.progress.elapsed);
                }
                if quiet || self.progress.elapsed.saturating_sub(shown_at) >= TICK {
                    shown_at = self.progress.elapsed;
                    self.flush()?;
                }
            }
            if let Some(at) = &mut stopping {
                let is_empty = quiet && at.was_waited_for() && self.unread(source) == 0;
                let is_overdue = look && at.is_overdue();
                if is_empty || is_overdue || rule.packets == Some(self.progress.packets) {
                    let cause = at.cause;
                    if is_overdue {
                        self.left = self.unread(source);
                    }
                    return Ok(Ok(cause));
                }
            }
            match rule.met_by(&self.progress) {
                Some(cause @ StopCause::Packets(_)) => return Ok(Ok(cause)),
                Some(cause) if stopping.is_none() => stopping = Some(Stopping::now(cause)),
                _ => {}
            }
        }
    }

    /// How many packets the kernel has counted and not yet handed on, where it says so.
    fn unread(&self, source: &mut LiveSource) -> u32 {
        source.stats().map_or(0, |stats| unread(&stats, self.read))
    }

    /// Takes a packet through every stage; whether it closed the flow that is watched.
    fn take(&mut self, packet: &CapturedPacket<'_>, interfaces: &[Interface]) -> Result<bool, Failure> {
        let step = self.pipeline.step(packet);
        self.read += 1;
        let flow = step.verdicts.iter().rev().find_map(|verdict| verdict.flow);
        if self.selection.take(&step, interfaces).is_some() {
            self.progress.packets += 1;
            if let Some(saver) = &mut self.saver {
                saver.write(packet, interfaces)?;
            }
            self.shower.packet(&step)?;
        }
        let watched = self.args.until_closed && self.progress.closed_at.is_none();
        Ok(watched && flow.is_some_and(|flow| self.has_closed(flow)))
    }

    /// Whether the flow at this place is of the watched ports and has closed, or was refused.
    fn has_closed(&self, place: usize) -> bool {
        self.pipeline.flows().flows().get(place).is_some_and(|flow| {
            self.args.select.takes_flow(flow)
                && flow.tcp.as_ref().is_some_and(|tcp| {
                    let end = &tcp.teardown;
                    end.is_orderly() || end.reset.is_some() || tcp.handshake.refused.is_some()
                })
        })
    }

    /// Lets everybody who watches see what there is so far, and notices when nobody does.
    fn flush(&mut self) -> Result<(), Failure> {
        self.shower.flush()?;
        if let Some(saver) = &mut self.saver {
            saver.flush()?;
        }
        if self.shows && stdout_is_closed() {
            return Err(std::io::Error::from(std::io::ErrorKind::BrokenPipe).into());
        }
        Ok(())
    }

    /// How many packets there were, and how many of them were selected where not all are.
    fn taken(&self) -> String {
        let all = Count::packets(self.read);
        if self.progress.packets == self.read {
            return format!("{all} captured");
        }
        format!("{} selected of {}", Count::packets(self.progress.packets), self.read)
    }

    /// Shows what is shown at the end, and tells how it ended and what was lost.
    fn tell(
        &mut self,
        device: &str,
        source: &mut LiveSource,
        ended: &Result<Ended, Failure>,
    ) -> Result<(), Failure> {
        self.pipeline.finish();
        let shown = match ended {
            Ok(_) => self.shower.finish(device, &self.pipeline, &self.selection),
            Err(_) => Ok(()),
        };
        crate::cli::limits::tell(&self.pipeline);
        if let Ok(Err(error)) = ended {
            say(format_args!("warning: {error}"));
        }
        match source.stats() {
            Ok(stats) => {
                say(counts(&self.taken(), &stats, self.left));
            }
            Err(error) => say(format_args!("{}; how many were lost is not known: {error}", self.taken())),
        }
        shown
    }
}

/// A capture that was told to stop: what had arrived by then is still taken in, so that stopping loses nothing.
struct Stopping {
    cause: StopCause,
    since: Instant,
    /// Nothing was there since it was told to stop.
    has_been_quiet: bool,
    /// By the clock that packets are stamped with.
    at: Timestamp,
}

impl Stopping {
    fn now(cause: StopCause) -> Self {
        let at = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let at = Timestamp::from_nanos(i128::try_from(at.as_nanos()).unwrap_or(i128::MAX));
        Self { cause, since: Instant::now(), has_been_quiet: false, at }
    }

    /// Whether a packet came later: a line that stays busy ends here.
    fn is_before(&self, packet: &CapturedPacket<'_>) -> bool {
        packet.ts.is_some_and(|ts| ts > self.at)
    }

    /// Whether this quiet moment is not the first: the source waits before it says again that there is nothing.
    /// The first may fall before the kernel hands on the block of packets that it is filling.
    fn was_waited_for(&mut self) -> bool {
        std::mem::replace(&mut self.has_been_quiet, true)
    }

    fn is_overdue(&self) -> bool {
        self.since.elapsed() >= DRAIN
    }
}

/// Packets that the kernel kept and nobody read. Its count is 32 bits wide and starts again.
fn unread(stats: &LiveStats, read: u64) -> u32 {
    let read = u32::try_from(read & u64::from(u32::MAX)).unwrap_or(0);
    let left = stats.received.wrapping_sub(stats.dropped_by_kernel).wrapping_sub(read);
    // Some systems count only what was read.
    if left > u32::MAX / 2 { 0 } else { left }
}

/// How many packets there were, and how many were lost. Always told: silence would look like none.
fn counts(taken: &str, stats: &LiveStats, unread: u32) -> String {
    let causes = [
        (stats.dropped_by_kernel, "by the kernel, whose buffer was full"),
        (stats.dropped_by_interface, "by the interface"),
        (unread, "left unread at the end"),
    ];
    let told: Vec<String> =
        causes.iter().filter(|(count, _)| *count > 0).map(|(count, who)| format!("{count} {who}")).collect();
    let lost: u64 = causes.iter().map(|(count, _)| u64::from(*count)).sum();
    if lost == 0 {
        return format!("{taken}, none lost");
    }
    let hint = if stats.dropped_by_kernel > 0 {
        "\nhint: a larger buffer (-B 256) or a filter (--port, -f) loses less"
    } else {
        ""
    };
    format!("{taken}, {lost} lost ({}){hint}", told.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::{BpfSet, LinkType};

    #[test]
    fn losses_are_told_by_cause() {
        let mut stats = LiveStats { received: 10, ..LiveStats::default() };
        assert_eq!(counts("10 packets captured", &stats, 0), "10 packets captured, none lost");
        stats.dropped_by_interface = 3;
        assert_eq!(counts("1 packet captured", &stats, 0), "1 packet captured, 3 lost (3 by the interface)");
        stats.dropped_by_kernel = 120;
        let told = counts("10 packets captured", &stats, 1);
        assert!(
            told.starts_with(
                "10 packets captured, 124 lost (120 by the kernel, whose buffer was full, 3 by the interface, 1 left unread at the end)\nhint: "
            ),
            "{told}"
        );
    }

    #[test]
    fn unread_packets_are_what_the_kernel_kept_less_what_was_read() {
        let stats =
            |received, dropped_by_kernel| LiveStats { received, dropped_by_kernel, dropped_by_interface: 0 };
        assert_eq!(unread(&stats(10, 2), 8), 0);
        assert_eq!(unread(&stats(10, 2), 5), 3);
        assert_eq!(unread(&stats(10, 2), 10), 0, "a system that does not count what is dropped");
        assert_eq!(unread(&stats(4, 0), (1 << 32) + 4), 0, "the count started again");
    }

    #[test]
    fn the_kernel_keeps_away_only_what_surely_has_another_port() {
        assert_eq!(kernel_filter(&[], None), None);
        assert_eq!(kernel_filter(&[], Some("udp")).as_deref(), Some("udp"));
        let both = kernel_filter(&[80, 53], Some("host 192.0.2.1 or tcp")).unwrap();
        assert!(both.starts_with("(host 192.0.2.1 or tcp) and (port 80 or port 53 or "), "{both}");

        let mut set = BpfSet::new(&kernel_filter(&[80], Some(" ")).unwrap()).unwrap();
        let mut passes = |packet: &[u8]| {
            let len = u32::try_from(packet.len()).unwrap();
            set.matches_bytes(LinkType::RAW, packet, len).unwrap()
        };
        let ipv4 = |protocol: u8, fragment: [u8; 2], payload: &[u8]| {
            let mut packet = vec![0x45, 0, 0, 60, 0, 0, fragment[0], fragment[1], 64, protocol, 0, 0];
            packet.extend([127, 0, 0, 1, 127, 0, 0, 1]);
            packet.extend(payload);
            packet.resize(60, 0);
            packet
        };
        let ipv6 = |next: u8, payload: &[u8]| {
            let mut packet = vec![0x60, 0, 0, 0, 0, 20, next, 64];
            packet.extend([0; 32]);
            packet.extend(payload);
            packet.resize(80, 0);
            packet
        };
        let (wanted, other) = (&[0, 80, 9, 9], &[0, 81, 9, 9]);
        assert!(passes(&ipv4(6, [0; 2], wanted)) && passes(&ipv4(17, [0; 2], wanted)));
        assert!(!passes(&ipv4(6, [0; 2], other)) && !passes(&ipv4(17, [0; 2], other)));
        assert!(passes(&ipv6(6, wanted)) && !passes(&ipv6(6, other)) && !passes(&ipv6(17, other)));
        assert!(passes(&ipv4(17, [0, 7], other)), "a later fragment");
        assert!(passes(&ipv4(1, [0; 2], &[3, 3])) && passes(&ipv6(58, &[1, 0])), "an ICMP error");
        assert!(passes(&ipv6(44, &[17, 0, 0, 9])), "an IPv6 fragment");
        assert!(passes(&ipv6(0, &[6, 0])) && passes(&ipv6(60, &[17, 0])), "behind an extension header");
        assert!(passes(&ipv4(47, [0; 2], &[])) && passes(&ipv4(17, [0; 2], &[9, 9, 0x12, 0xb5])), "a tunnel");

        let mut frame = vec![0; 12];
        frame.extend([0x81, 0, 0, 5, 8, 0]);
        frame.extend(ipv4(6, [0; 2], wanted));
        let len = u32::try_from(frame.len()).unwrap();
        assert!(set.matches_bytes(LinkType::ETHERNET, &frame, len).unwrap(), "behind a VLAN tag");
    }
}
