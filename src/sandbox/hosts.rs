//! Two hosts instead of one: network namespaces joined by a pair of virtual interfaces, directly or over a hop that a
//! program plays.
//!
//! ```text
//! two hosts:  server (holder's namespace) eth0 ═══════ eth0 client
//! a hop:      server eth0 ═══════ to-server (holder's namespace) to-client ═══════ eth0 client
//! ```

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{Read, Seek};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::os::fd::AsFd;
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sched::{CloneFlags, setns, unshare};
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;

use super::STAGE;
use super::channel::{HostArgs, Inherited, Side, StageArgs, StageKind, Topology, Word};
use super::ends::{adopt, split, tell};
use super::ethtool;
use super::init::{self, Children};
use super::names;
use super::namespace::{self, Step, step};
use super::netlink::{LOOPBACK, Netlink};

/// Interfaces get numbers of our own: some kernels put tunnels of theirs into every namespace, from 2 on.
const NEAR_SERVER: i32 = 101;
const NEAR_CLIENT: i32 = 102;
const OF_SERVER: i32 = 103;
const OF_CLIENT: i32 = 104;

/// Names of the two in `hosts`.
pub(super) const HOSTS: &str = "10.0.0.1 server\n10.0.0.2 client\nfd00::1 server\nfd00::2 client\n";

/// How long the client waits for a server that listens, and all for a forwarder that captures.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long a server or forwarder has after SIGINT, for its last words.
const FAREWELL: Duration = Duration::from_secs(2);

/// How long connections have to send again what a bad line lost last. The wait doubles with each loss of the same segment, from 0.2 s
/// on (RFC 6298 section 5): room for six.
const REPAIR: Duration = Duration::from_secs(15);

/// How long a forwarder has after SIGINT: it lets through what it holds.
const EMPTYING: Duration = Duration::from_secs(12);

/// How often is looked whether something is ready.
const LOOK: Duration = Duration::from_millis(10);

/// What is laid: it lasts as long as its namespaces are open, so the interface outlives what ran there until it is read.
pub(super) struct Laid {
    /// The interface to capture on.
    pub(super) device: &'static str,
    /// The server's network namespace, where that is not the holder's.
    server: Option<Inherited>,
    client: Option<Inherited>,
}

impl Laid {
    /// For a host that is alone.
    pub(super) const fn nothing() -> Self {
        Self { device: "lo", server: None, client: None }
    }

    /// Where the stages find the namespaces.
    pub(super) fn numbers(&self) -> HostArgs {
        let number = |namespace: &Option<Inherited>| namespace.as_ref().map(Inherited::number);
        HostArgs { side: None, server: number(&self.server), client: number(&self.client) }
    }
}

/// Makes the hosts and lays the cables between them.
pub(super) fn lay(topology: &Topology, root: bool) -> Step<Laid> {
    step("making virtual network interfaces", root, true, laid(topology))
}

fn laid(topology: &Topology) -> Result<Laid, Errno> {
    match topology {
        Topology::Alone => Ok(Laid::nothing()),
        Topology::TwoHosts { within, .. } => {
            cable((NEAR_CLIENT, "eth0"), (OF_CLIENT, "client0"))?;
            settle(NEAR_CLIENT, Side::Server)?;
            let client = host(OF_CLIENT, Side::Client)?;
            let device = if *within { "any" } else { "eth0" };
            Ok(Laid { device, server: None, client: Some(client) })
        }
        Topology::Hop { capture, .. } => {
            cable((NEAR_SERVER, "to-server"), (OF_SERVER, "server0"))?;
            cable((NEAR_CLIENT, "to-client"), (OF_CLIENT, "client0"))?;
            for (index, name) in [(NEAR_SERVER, "to-server"), (NEAR_CLIENT, "to-client")] {
                // The hop is no host: it must not speak.
                let _ = namespace::write(&format!("/proc/sys/net/ipv6/conf/{name}/disable_ipv6"), "1");
                Netlink::open().and_then(|mut netlink| netlink.up(index))?;
            }
            let server = host(OF_SERVER, Side::Server)?;
            let client = host(OF_CLIENT, Side::Client)?;
            let device = if *capture == Side::Server { "to-server" } else { "to-client" };
            Ok(Laid { device, server: Some(server), client: Some(client) })
        }
    }
}

/// Makes a network namespace with the interface that has this index here; this process is where it was, afterwards.
fn host(index: i32, side: Side) -> Result<Inherited, Errno> {
    const OWN: &str = "/proc/self/ns/net";
    let opened = || File::open(OWN).map_err(|error| error.raw_os_error().map_or(Errno::EIO, Errno::from_raw));
    let here = opened()?;
    // This socket stays in the namespace where it was opened.
    let mut outside = Netlink::open()?;
    unshare(CloneFlags::CLONE_NEWNET)?;
    let made = opened().and_then(|there| {
        outside.give(index, nix::unistd::getpid().as_raw())?;
        Netlink::open()?.rename(index, "eth0")?;
        namespace::permit_ports_and_pings();
        settle(index, side)?;
        Inherited::new(there.into()).map_err(|_| Errno::EBADF)
    });
    setns(here, CloneFlags::CLONE_NEWNET)?;
    made
}

/// A pair of interfaces that send what a network card would: single segments, with their checksums.
fn cable(one: (i32, &str), other: (i32, &str)) -> Result<(), Errno> {
    let mut netlink = Netlink::open()?;
    netlink.pair(one, other)?;
    for (index, _) in [one, other] {
        netlink.single_segments(index)?;
        // A kernel without this way to say it leaves checksums to a card that there is not, as on loopback.
        let _ = ethtool::compute_checksums(index);
    }
    Ok(())
}

/// Gives a host its addresses, on the interface with this index in the namespace of this process.
fn settle(index: i32, side: Side) -> Result<(), Errno> {
    let number = if side == Side::Server { 1 } else { 2 };
    let mut netlink = Netlink::open()?;
    // No addresses of its own making, no questions for routers: nobody is there to answer.
    for (setting, value) in [("addr_gen_mode", "1"), ("router_solicitations", "0"), ("accept_dad", "0")] {
        let _ = namespace::write(&format!("/proc/sys/net/ipv6/conf/eth0/{setting}"), value);
    }
    netlink.up(LOOPBACK)?;
    netlink.up(index)?;
    netlink.address(index, IpAddr::V4(Ipv4Addr::new(10, 0, 0, number)), 24)?;
    let six = Ipv6Addr::new(0xfd00, 0, 0, 0, 0, 0, 0, u16::from(number));
    match netlink.address(index, IpAddr::V6(six), 64) {
        // A kernel without IPv6.
        Err(Errno::EAFNOSUPPORT | Errno::EOPNOTSUPP | Errno::EACCES) => Ok(()),
        result => result,
    }
}

/// Whether the network namespace of this process is a host's, with our interface or with loopback alone, and with no
/// way out.
pub(super) fn is_here() -> bool {
    is_alone() || is_joined()
}

/// Whether this host is alone: its resolver configuration is ours, and every route is one to itself.
pub(super) fn is_alone() -> bool {
    let table = |name: &str| fs::read_to_string(format!("/proc/self/net/{name}"));
    // Without the table nothing is known; a kernel without IPv6 has none for it.
    let (Ok(four), six) = (table("route"), table("ipv6_route").unwrap_or_default()) else { return false };
    let by_loopback = |interface: Option<&str>| interface == Some("lo");
    names::is_ours()
        && four.lines().skip(1).all(|route| by_loopback(route.split_ascii_whitespace().next()))
        && six.lines().all(|route| by_loopback(route.split_ascii_whitespace().last()))
}

fn is_joined() -> bool {
    let number = nix::net::if_::if_nametoindex("eth0").ok().and_then(|number| i32::try_from(number).ok());
    let is_ours = number.is_some_and(|number| [NEAR_CLIENT, OF_SERVER, OF_CLIENT].contains(&number));
    let routes = fs::read_to_string("/proc/self/net/route").unwrap_or_default();
    // The third column is the gateway, as a number of base 16.
    let leads_out =
        |route: &str| route.split_ascii_whitespace().nth(2).is_some_and(|gateway| gateway != "00000000");
    is_ours && !routes.lines().skip(1).any(leads_out)
}

/// Plays a host: enters its namespace, gives up what rights that took, and becomes the command.
pub(super) fn run(stage: &StageArgs, host: &HostArgs, command: &[OsString]) -> u8 {
    let Ok(mut report) = adopt(stage.report, true) else { return 2 };
    let (status, message) = match enter(host) {
        Ok(()) => {
            let (program, args) = split(command);
            init::refusal(program, &Command::new(program).args(args).exec())
        }
        Err(message) => (126, message),
    };
    tell(&mut report, &Word::NotRun { status, message });
    status
}

fn enter(host: &HostArgs) -> Result<(), String> {
    for (side, namespace) in [(Side::Server, host.server), (Side::Client, host.client)] {
        let Some(number) = namespace else { continue };
        // The command is to inherit neither.
        let namespace = adopt(number, false).map_err(|error| error.to_string())?;
        if host.side == Some(side) {
            setns(namespace, CloneFlags::CLONE_NEWNET).map_err(|error| error.desc().to_owned())?;
        }
    }
    namespace::keep_for_command()
}

/// Plays init for two hosts: gives the client's exit status, or `None` where all was ended from outside.
pub(super) fn play(
    stage: &StageArgs,
    server: &[OsString],
    children: &Children,
    control: &mut File,
) -> Result<Option<u8>, String> {
    let start = |command: &[OsString], side: Option<Side>| {
        let host = HostArgs { side, ..stage.hosts };
        let args =
            StageArgs { stage: StageKind::Host, hosts: host, topology: Topology::Alone, ..stage.clone() };
        let mut program = Command::new("/proc/self/exe");
        program.arg0("wirelab").arg(STAGE).arg(args.to_text()).args(command);
        let child = program.spawn().map_err(|error| error.to_string())?;
        i32::try_from(child.id()).map(Pid::from_raw).map_err(|error| error.to_string())
    };
    let (client, forwarder) = match &stage.topology {
        Topology::Alone => return Err("there are no two hosts".to_owned()),
        Topology::TwoHosts { client, .. } => (client, None),
        Topology::Hop { client, forwarder, .. } => (client, Some(forwarder)),
    };
    let forwarder = forwarder.map(|forwarder| start(forwarder, None)).transpose()?;
    if let Some(forwarder) = forwarder {
        await_that(control, forwarder, || packet_sockets(forwarder) >= FORWARDING);
    }
    let server = start(server, Some(Side::Server))?;
    await_that(control, server, || listeners(server) >= stage.listeners);
    let client = start(client, Some(Side::Client))?;
    let _ = nix::unistd::close(stage.report);
    namespace::keep_for_command()?;
    let Some(status) = init::wait(client, children, control) else { return Ok(None) };
    let mut sockets = Sockets::of(server);
    farewell(control, server, init::LINGER);
    sockets.await_acknowledged(control);
    stop(control, server, FAREWELL);
    // Its system closes what it had open, and goes on until that is acknowledged.
    sockets.await_acknowledged(control);
    if let Some(forwarder) = forwarder {
        stop(control, forwarder, EMPTYING);
    }
    Ok(Some(status))
}

/// Asks a program to stop, and waits for its end.
fn stop(control: &File, program: Pid, patience: Duration) {
    if !has_ended(program) {
        let _ = kill(program, Signal::SIGINT);
        farewell(control, program, patience);
    }
}

/// Most that is read of a table of sockets, in bytes: a scene has some hundred, of some 200 bytes each.
const MAX_TABLE: u64 = 1 << 20;

/// The tables of a host's TCP sockets. Opened while one of its programs lives, they outlast it.
struct Sockets(Vec<File>);

impl Sockets {
    /// Those of the host where that process is.
    fn of(process: Pid) -> Self {
        let open = |kind: &str| File::open(format!("/proc/{process}/net/{kind}")).ok();
        Self(["tcp", "tcp6"].into_iter().filter_map(open).collect())
    }

    /// Whether all that was sent is acknowledged; a table that cannot be read keeps nobody.
    fn are_acknowledged(&mut self) -> bool {
        !self.0.iter_mut().any(|file| {
            let mut table = String::new();
            let read = file.rewind().and_then(|()| file.take(MAX_TABLE).read_to_string(&mut table));
            read.is_ok() && table.lines().skip(1).any(is_unacknowledged)
        })
    }

    /// Waits until all that was sent is acknowledged, no longer than [`REPAIR`].
    fn await_acknowledged(&mut self, control: &File) {
        let since = Instant::now();
        while !self.are_acknowledged() && since.elapsed() < REPAIR && !pause(control, LOOK) {}
    }
}

/// Whether a row of such a table is a connection with something sent and not acknowledged, a FIN among it: behind the state
/// (0A: it listens) stands `tx_queue:rx_queue`.
fn is_unacknowledged(row: &str) -> bool {
    let mut columns = row.split_ascii_whitespace().skip(3);
    let (Some(state), Some(queues)) = (columns.next(), columns.next()) else { return false };
    let sent = queues.split(':').next().and_then(|sent| u32::from_str_radix(sent, 16).ok());
    state != "0A" && sent.is_some_and(|sent| sent > 0)
}

/// Sockets that a forwarder and the capture have open together.
const FORWARDING: usize = 3;

/// Packet sockets in the namespace of a process.
fn packet_sockets(process: Pid) -> usize {
    let table = fs::read_to_string(format!("/proc/{process}/net/packet")).unwrap_or_default();
    table.lines().count().saturating_sub(1)
}

/// Sockets in the namespace of a process that wait for connections or datagrams.
fn listeners(process: Pid) -> usize {
    let of_kind = |kind: &str| {
        let table = fs::read_to_string(format!("/proc/{process}/net/{kind}")).unwrap_or_default();
        // The fourth column is the state: 0A a TCP socket that listens, 07 a UDP socket that has no peer.
        let wanted = if kind.starts_with("tcp") { "0A" } else { "07" };
        table.lines().skip(1).filter(|line| line.split_ascii_whitespace().nth(3) == Some(wanted)).count()
    };
    ["tcp", "tcp6", "udp", "udp6"].into_iter().map(of_kind).sum()
}

/// Waits until something is so, a program has ended, or [`PATIENCE`] is over; the program that needs it says why it fails.
fn await_that(control: &File, program: Pid, is_so: impl Fn() -> bool) {
    let since = Instant::now();
    while !is_so() && since.elapsed() < PATIENCE && !has_ended(program) && !pause(control, LOOK) {}
}

/// Waits for the end of a program, no longer than `patience`.
fn farewell(control: &File, program: Pid, patience: Duration) {
    let since = Instant::now();
    while since.elapsed() < patience && !has_ended(program) && !pause(control, LOOK) {}
}

fn has_ended(program: Pid) -> bool {
    !matches!(waitpid(program, Some(WaitPidFlag::WNOHANG)), Ok(WaitStatus::StillAlive))
}

/// Waits a moment; whether the control pipe was closed meanwhile.
fn pause(control: &File, moment: Duration) -> bool {
    let mut fds = [PollFd::new(control.as_fd(), PollFlags::empty())];
    let _ = poll(&mut fds, PollTimeout::try_from(moment).unwrap_or(PollTimeout::ZERO));
    fds.iter().any(|fd| fd.revents().is_some_and(|events| events.contains(PollFlags::POLLHUP)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;
    use std::net::{TcpListener, TcpStream};

    #[test]
    fn a_row_tells_whether_something_waits_for_its_acknowledgement() {
        for (row, waits) in [
            ("0: 0100007F:A97D 00000000:0000 0A 00000005:00000000 00:00000000 00000000 0 0 1", false),
            ("1: 0100007F:A97D 0100007F:C350 01 00000000:0000001A 00:00000000 00000000 0 0 2", false),
            ("1: 0100007F:A97D 0100007F:C350 01 0000000D:00000000 01:00000014 00000000 0 0 2", true),
            // A FIN takes a number, too.
            ("1: 0100007F:A97D 0100007F:C350 04 00000001:00000000 01:00000014 00000000 0 0 0", true),
            ("1: 0100007F:A97D 0100007F:C350 06 00000000:00000000 03:00000014 00000000 0 0 0", false),
            ("nothing", false),
        ] {
            assert_eq!(is_unacknowledged(row), waits, "{row}");
        }
    }

    #[test]
    fn tables_are_read_anew_each_time() {
        // Other tests of this process have connections of their own: only what is read of one's own is looked at.
        let has = |sockets: &mut Sockets, port: u16| {
            let local = format!(":{port:04X} ");
            let mut table = String::new();
            sockets.0.iter_mut().any(|file| {
                table.clear();
                file.rewind().unwrap();
                file.read_to_string(&mut table).unwrap();
                table.lines().any(|row| row.contains(&local))
            })
        };
        let mut sockets = Sockets::of(nix::unistd::getpid());
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        assert!(has(&mut sockets, port), "opened before the socket was");
        let mut client = TcpStream::connect(("127.0.0.1", port)).unwrap();
        client.write_all(b"x").unwrap();
        assert!(has(&mut sockets, client.local_addr().unwrap().port()));
    }
}
