//! Live capture through libpcap.

use std::os::fd::AsFd;
use std::time::Duration;

use nix::fcntl::{FcntlArg, FdFlag, fcntl};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use pcap::{Active, Capture, Inactive, Precision};

use super::bpf::may_be_compiled;
use super::{
    BpfError, CapturedPacket, Interface, InterfacePlace, Next, PacketNumber, PacketSource, SourceError,
};
use super::{device, dlt, permission};
use crate::time::{NANOS_PER_SECOND, Timestamp};

/// Most bytes kept of a packet unless asked otherwise: libpcap's own limit, so packets come whole.
pub const DEFAULT_SNAPLEN: u32 = 262_144;

/// Kernel buffer unless asked otherwise, in bytes. 200,000 small packets wait in it while the reader is busy
/// (measured: a sender that has a core to itself is half a second ahead at worst).
pub const DEFAULT_BUFFER: u32 = 64 << 20;

/// Largest kernel buffer that can be asked for, in bytes: beyond that libpcap's count overflows.
pub const MAX_BUFFER: u32 = 1 << 30;

/// A quiet line gives a [`Next::Tick`] at least this often, so that clocks and Ctrl-C are looked at.
pub const TICK: Duration = Duration::from_millis(50);

/// Milliseconds after which the kernel hands over a block of packets that is not full. It is what a single
/// packet waits before it is seen; every block costs a wake-up, so immediate mode is left off.
const BLOCK_TIMEOUT_MS: i32 = 10;

/// How to capture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LiveOptions {
    /// Most bytes kept of a packet: 1 to [`DEFAULT_SNAPLEN`]; 0 means that limit.
    pub snaplen: u32,
    /// Ask the interface for packets that are not addressed to this host.
    pub promiscuous: bool,
    /// A filter in libpcap's language, which the kernel applies.
    pub filter: Option<String>,
    /// Kernel buffer in bytes, up to [`MAX_BUFFER`]; the kernel may give less.
    pub buffer: u32,
}

impl Default for LiveOptions {
    fn default() -> Self {
        Self { snaplen: DEFAULT_SNAPLEN, promiscuous: false, filter: None, buffer: DEFAULT_BUFFER }
    }
}

/// What became of the packets, by the counters of the kernel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LiveStats {
    /// Packets that passed the filter, those dropped for want of room included.
    pub received: u32,
    /// Packets lost because the buffer was full.
    pub dropped_by_kernel: u32,
    /// Packets that the interface or its driver says it lost, whether they would have passed or not.
    pub dropped_by_interface: u32,
}

impl LiveStats {
    /// Packets that are known to be missing.
    #[must_use]
    pub fn lost(&self) -> u32 {
        self.dropped_by_kernel.saturating_add(self.dropped_by_interface)
    }
}

/// Why a live capture could not begin. The message says what failed and what to try.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LiveError {
    /// The filter is wrong.
    #[error(transparent)]
    Filter(#[from] BpfError),
    /// No such interface.
    #[error("there is no interface \"{device}\" here{}\nhint: `wirelab interfaces` lists what there is", did_you_mean(.suggestion.as_deref()))]
    NoSuchDevice {
        /// The name as given.
        device: String,
        /// The name of an interface that there is.
        suggestion: Option<String>,
    },
    /// This process may not capture.
    #[error("no permission to capture on {device}\n{advice}")]
    Permission {
        /// The interface.
        device: String,
        /// The commands that give it.
        advice: Box<permission::Advice>,
    },
    /// The interface is down.
    #[error("interface {device} is down\nhint: {}", if cfg!(target_os = "linux") { format!("sudo ip link set {} up", permission::quoted(device)) } else { format!("sudo ifconfig {} up", permission::quoted(device)) })]
    Down {
        /// The interface.
        device: String,
    },
    /// libpcap can capture there, but not in a way that this program can wait for.
    #[error("{device} is not a network interface; wirelab captures on network interfaces only")]
    NotANetwork {
        /// The name as given.
        device: String,
    },
    /// An option is out of range.
    #[error("{option} {value} is out of range: at most {limit}")]
    Range {
        /// Which option.
        option: &'static str,
        /// What was asked.
        value: u32,
        /// The most there can be.
        limit: u32,
    },
    /// Anything else that libpcap says.
    #[error("cannot capture on {device}: {message}")]
    Failed {
        /// The interface.
        device: String,
        /// libpcap's words.
        message: String,
    },
}

fn did_you_mean(suggestion: Option<&str>) -> String {
    suggestion.map(|name| format!("; did you mean {name}?")).unwrap_or_default()
}

/// Packets of a live interface.
///
/// Once [`LiveSource::open`] returns, every packet that passes the filter is kept by the kernel, read or not:
/// that is the moment to say "capturing on …", and to give up privileges ([`crate::source::drop_privileges`]).
///
/// ```no_run
/// use wirelab::source::{
///     drop_privileges, Interrupt, LiveOptions, LiveSource, Next, PacketSource, Progress, StopRule,
/// };
///
/// let options = LiveOptions { filter: Some("udp port 12000".to_owned()), ..LiveOptions::default() };
/// let mut source = LiveSource::open("lo", &options)?;
/// // The output file is opened here, before:
/// drop_privileges()?;
/// let interrupt = Interrupt::install()?;
/// let rule = StopRule { packets: Some(10), ..StopRule::default() };
/// let started = std::time::Instant::now();
/// let mut progress = Progress::default();
/// let why = loop {
///     match source.next_packet()? {
///         Next::Packet(packet, _) => progress.packets = packet.number,
///         Next::Tick => {} // flush what was written
///         Next::End => break None,
///     }
///     progress.elapsed = started.elapsed();
///     progress.interrupted = interrupt.is_set();
///     if let Some(reason) = rule.met_by(&progress) {
///         break Some(reason);
///     }
/// };
/// let stats = source.stats()?;
/// # let _ = (why, stats);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct LiveSource {
    capture: Capture<Active>,
    device: String,
    interfaces: [Interface; 1],
    number: PacketNumber,
    /// The last look found nothing, so wait before the next.
    idle: bool,
    failed: bool,
}

impl std::fmt::Debug for LiveSource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LiveSource").field("device", &self.device).field("number", &self.number).finish()
    }
}

impl LiveSource {
    /// Begins to capture on `device`; packets are kept from the moment this returns.
    ///
    /// # Errors
    /// [`LiveError`]: no such interface, no permission, a filter that libpcap refuses.
    pub fn open(device: &str, options: &LiveOptions) -> Result<Self, LiveError> {
        let snaplen = checked("snaplen", options.snaplen, DEFAULT_SNAPLEN)?;
        let snaplen = if snaplen == 0 { DEFAULT_SNAPLEN } else { snaplen };
        let buffer = checked("buffer", options.buffer, MAX_BUFFER)?;
        // Waiting needs a descriptor, which libpcap's D-Bus devices do not have.
        if device.starts_with("dbus-") {
            return Err(LiveError::NotANetwork { device: device.to_owned() });
        }
        let promiscuous = options.promiscuous && device != device::ANY;
        if let Some(filter) = options.filter.as_deref() {
            may_be_compiled(filter)?;
        }
        let inactive = prepared(device, snaplen, buffer)?.promisc(promiscuous);
        let mut capture = inactive.open().map_err(|error| refusal(device, &error))?;
        stays_here(&capture);
        let link = dlt::to_link(capture.get_datalink().0).ok_or_else(|| LiveError::Failed {
            device: device.to_owned(),
            message: format!("its link type (DLT {}) is in no registry", capture.get_datalink().0),
        })?;
        #[cfg(target_os = "linux")]
        if device::is_loopback(device) {
            linux::ignore_outgoing(&capture);
        }
        if let Some(filter) = options.filter.as_deref() {
            capture.filter(filter, true).map_err(|error| BpfError::refused(filter, &error))?;
        }
        let capture = capture.setnonblock().map_err(|error| refusal(device, &error))?;
        Ok(Self {
            capture,
            device: device.to_owned(),
            interfaces: [Interface {
                name: Some(device.to_owned()),
                place: Some(InterfacePlace { section: 1, number: 0 }),
                digits: if NANOSECONDS { 9 } else { 6 },
                ..Interface::unnamed(link, snaplen)
            }],
            number: 0,
            idle: false,
            failed: false,
        })
    }

    /// The interface's name.
    #[must_use]
    pub fn device(&self) -> &str {
        &self.device
    }

    /// What the kernel counted so far.
    ///
    /// # Errors
    /// [`SourceError`] where it does not say.
    pub fn stats(&mut self) -> Result<LiveStats, SourceError> {
        let stat = self.capture.stats().map_err(|error| failure(&self.device, "drop counters of", &error))?;
        Ok(LiveStats {
            received: stat.received,
            dropped_by_kernel: stat.dropped,
            dropped_by_interface: stat.if_dropped,
        })
    }

    /// Waits for packets, a signal or the end of a tick.
    fn wait(&self) {
        let tick = PollTimeout::try_from(TICK).unwrap_or(PollTimeout::ZERO);
        let mut fds = [PollFd::new(self.capture.as_fd(), PollFlags::POLLIN)];
        // Whatever the answer, libpcap is asked next: it tells a failure better than poll does, and on some
        // systems it has packets although poll saw nothing.
        let _ = poll(&mut fds, tick);
    }
}

impl PacketSource for LiveSource {
    /// The next packet; [`Next::Tick`] when all that had arrived has been given, and then at least every
    /// [`TICK`] until more comes. Ends only after a failure.
    fn next_packet(&mut self) -> Result<Next<'_>, SourceError> {
        if self.failed {
            return Ok(Next::End);
        }
        if self.idle {
            self.wait();
        }
        match self.capture.next_packet() {
            Ok(packet) => {
                self.idle = false;
                self.number += 1;
                let [Interface { link, .. }] = self.interfaces;
                let packet = CapturedPacket {
                    number: self.number,
                    ts: Some(timestamp(packet.header)),
                    wire_len: packet.header.len,
                    interface: 0,
                    link,
                    data: packet.data,
                };
                Ok(Next::Packet(packet, &self.interfaces))
            }
            Err(pcap::Error::TimeoutExpired) => {
                self.idle = true;
                Ok(Next::Tick)
            }
            Err(error) => {
                self.failed = true;
                Err(failure(&self.device, "capture on", &error))
            }
        }
    }

    fn interfaces(&self) -> &[Interface] {
        &self.interfaces
    }
}

/// libpcap lets programs that this one starts inherit its socket, which could then read what is captured.
fn stays_here(capture: &Capture<Active>) {
    // Without it the capture works as well, so a failure is no reason to stop.
    let _ = fcntl(capture, FcntlArg::F_SETFD(FdFlag::FD_CLOEXEC));
}

/// A handle with everything set that must be set before it is activated.
pub(super) fn prepared(device: &str, snaplen: u32, buffer: u32) -> Result<Capture<Inactive>, LiveError> {
    let inactive = Capture::from_device(device).map_err(|error| refusal(device, &error))?;
    Ok(inactive
        .snaplen(i32::try_from(snaplen).unwrap_or(i32::MAX))
        .buffer_size(i32::try_from(buffer).unwrap_or(i32::MAX))
        .timeout(BLOCK_TIMEOUT_MS)
        .immediate_mode(false)
        .precision(if NANOSECONDS { Precision::Nano } else { Precision::Micro }))
}

/// Where libpcap is known to give nanoseconds when asked; elsewhere it may say no, which cannot be heard.
const NANOSECONDS: bool = cfg!(target_os = "linux");

fn timestamp(header: &pcap::PacketHeader) -> Timestamp {
    let unit = if NANOSECONDS { 1 } else { 1_000 };
    // i128 from either width that `timeval` has.
    let (seconds, fraction) = (i128::from(header.ts.tv_sec), i128::from(header.ts.tv_usec));
    Timestamp::from_nanos(seconds * NANOS_PER_SECOND + fraction * unit)
}

fn checked(option: &'static str, value: u32, limit: u32) -> Result<u32, LiveError> {
    if value > limit { Err(LiveError::Range { option, value, limit }) } else { Ok(value) }
}

/// Why libpcap would not open `device`, told by the facts about it rather than by libpcap's words alone.
pub(super) fn refusal(device: &str, error: &pcap::Error) -> LiveError {
    let device = device.to_owned();
    let message = match error {
        pcap::Error::PcapError(message) => message.clone(),
        other => other.to_string(),
    };
    let devices = device::names();
    // Without permission libpcap does not get as far as looking for the interface. (`nflog:5` is in no list.)
    let unknown = message.to_ascii_lowercase().contains("no such") || !device.contains(':');
    if unknown && !devices.is_empty() && !devices.contains(&device) {
        return LiveError::NoSuchDevice { suggestion: device::nearest(&device, &devices), device };
    }
    if permission::is_missing(&message) {
        return LiveError::Permission { advice: Box::new(permission::Advice::for_this_process()), device };
    }
    if message.contains("not up") || message.contains("is down") {
        return LiveError::Down { device };
    }
    LiveError::Failed { device, message }
}

pub(super) fn failure(device: &str, what: &str, error: &pcap::Error) -> SourceError {
    let message = match error {
        pcap::Error::PcapError(message) => message.clone(),
        other => other.to_string(),
    };
    SourceError::Io { what: format!("{what} {device}"), source: std::io::Error::other(message) }
}

/// What libpcap does not do on Linux.
#[cfg(target_os = "linux")]
mod linux {
    use nix::libc;
    use nix::sys::socket::setsockopt;
    use nix::sys::socket::sockopt::SetBool;
    use pcap::{Active, Capture};

    /// `PACKET_IGNORE_OUTGOING` of `<linux/if_packet.h>`, since Linux 4.20.
    const PACKET_IGNORE_OUTGOING: libc::c_int = 23;

    /// Whether the socket is spared what the interface sends.
    #[derive(Clone)]
    struct IgnoreOutgoing;

    nix::setsockopt_impl!(IgnoreOutgoing, libc::SOL_PACKET, PACKET_IGNORE_OUTGOING, bool, SetBool);

    /// Linux shows a packet on `lo` twice, going out and coming in, and libpcap throws the first away after
    /// it was copied. Without it half of the buffer is saved, and the counters count packets, not copies.
    /// (The filter `inbound` would do the same, but libpcap runs filters itself on the first blocks after it
    /// set one, and there that word rejects everything.)
    pub(super) fn ignore_outgoing(capture: &Capture<Active>) {
        // An older kernel refuses, and only the saving is lost.
        let _ = setsockopt(capture, IgnoreOutgoing, &true);
    }
}
