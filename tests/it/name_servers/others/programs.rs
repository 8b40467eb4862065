//! BIND, NSD and Knot as the name servers of a whole internet, each address with the zones that ours has there.

use std::fs;
use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::socket::{AddressFamily, SockFlag, SockType, SockaddrIn, bind, connect, socket};
use wirelab::lab::dns::{Internet, Manner};

use super::ask;
use crate::program::PATIENCE;

/// The type of SOA records.
const SOA: u16 = 6;

/// Where BIND listens: at an address that an interface has, since it looks for those.
const BIND_PORT: u16 = 5302;

/// Addresses that serve the same zones.
pub(super) struct Group {
    pub(super) addresses: Vec<IpAddr>,
    /// The zones' names, without the last dot; `.` for the root.
    pub(super) zones: Vec<String>,
    is_silent: bool,
}

impl Group {
    /// Those of an internet.
    pub(super) fn all(internet: &Internet) -> Vec<Self> {
        let mut groups: Vec<Self> = Vec::new();
        for server in internet.servers() {
            let zones = server.zones.iter().map(|&zone| bare(&internet.zones()[zone].apex.to_string()));
            let zones: Vec<String> = zones.collect();
            let is_silent = server.manner == Manner::Silent;
            match groups.iter_mut().find(|group| group.zones == zones && group.is_silent == is_silent) {
                Some(group) => group.addresses.push(server.address),
                None => groups.push(Self { addresses: vec![server.address], zones, is_silent }),
            }
        }
        groups
    }
}

fn bare(name: &str) -> String {
    if name == "." { name.to_owned() } else { name.trim_end_matches('.').to_owned() }
}

/// Where a zone was exported to.
fn file_of(zones: &Path, zone: &str) -> String {
    let name = if zone == "." { "root" } else { zone };
    zones.join(format!("{name}.zone")).display().to_string()
}

/// Programs that serve an internet, stopped when dropped.
pub(super) struct Programs {
    children: Vec<Child>,
    /// Sockets at the addresses of servers that never answer.
    _silent: Vec<UdpSocket>,
}

impl Drop for Programs {
    fn drop(&mut self) {
        for child in &mut self.children {
            // It may have ended by itself.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// What a program is started with.
struct Start<'a> {
    program: &'a str,
    path: &'a Path,
    folder: PathBuf,
    settings: String,
}

impl Start<'_> {
    fn spawn(self) -> Child {
        fs::create_dir(&self.folder).unwrap();
        let settings = self.folder.join("settings");
        fs::write(&settings, self.settings).unwrap();
        let output = fs::File::create(self.folder.join("log")).unwrap();
        let mut command = Command::new(self.path);
        // In the foreground; Knot stays there anyway.
        command.args(match self.program {
            "named" => &["-n", "1", "-g"][..],
            "nsd" => &["-d"],
            _ => &[],
        });
        command.arg("-c").arg(settings).stdin(Stdio::null());
        command.stdout(output.try_clone().unwrap()).stderr(output).spawn().unwrap()
    }
}

impl Programs {
    /// Starts `program` for all of `groups` and waits until each answers. BIND has one process with a view for each, the others
    /// know no views and have a process for each.
    ///
    /// # Errors
    /// What it says where the system does not let it read its files: AppArmor may know it by its path.
    pub(super) fn start(
        program: &str,
        path: &Path,
        groups: &[Group],
        port: u16,
        folder: &Path,
    ) -> Result<Self, String> {
        let zones = folder.join("zones");
        let mut programs = Self { children: Vec::new(), _silent: Vec::new() };
        if program == "named" {
            let folder = folder.join("named");
            let settings = of_bind(&folder, groups, &zones);
            programs.children.push(Start { program, path, folder, settings }.spawn());
        }
        for (number, group) in groups.iter().enumerate() {
            if group.is_silent {
                let bound = group.addresses.iter().map(|&address| UdpSocket::bind((address, port)).unwrap());
                programs._silent.extend(bound);
            } else if program == "named" {
                for &address in &group.addresses {
                    relay(SocketAddr::new(address, port), source(number));
                }
            } else {
                let folder = folder.join(format!("{program}{number}"));
                let settings = match program {
                    "nsd" => of_nsd(&folder, group, port, &zones),
                    _ => of_knot(&folder, group, port, &zones),
                };
                programs.children.push(Start { program, path, folder, settings }.spawn());
            }
        }
        for group in groups.iter().filter(|group| !group.is_silent) {
            for &address in &group.addresses {
                programs.wait_for(SocketAddr::new(address, port), group, folder)?;
            }
        }
        Ok(programs)
    }

    /// Waits until the program answers from what it has to serve.
    fn wait_for(&mut self, at: SocketAddr, group: &Group, folder: &Path) -> Result<(), String> {
        let end = Instant::now() + PATIENCE;
        let (zone, is_served) = match group.zones.first() {
            Some(zone) => (zone.as_str(), true),
            None => (".", false),
        };
        loop {
            let answer = ask(at, zone, SOA, Duration::from_millis(200));
            if answer.is_some_and(|answer| !is_served || answer[3] & 0xf == 0) {
                return Ok(());
            }
            let ended = self.children.iter_mut().any(|child| child.try_wait().unwrap().is_some());
            if ended || Instant::now() > end {
                let said = logs(folder);
                let refused = said.lines().find(|line| line.to_lowercase().contains("permission denied"));
                return Err(refused
                    .unwrap_or_else(|| panic!("{at} does not serve {zone}: {said}"))
                    .to_owned());
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

/// What the programs have said.
fn logs(folder: &Path) -> String {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path().join("log"));
    entries.filter_map(|log| fs::read_to_string(log).ok()).collect()
}

/// A view for each group, told by the address that [`relay`] asks from.
fn of_bind(folder: &Path, groups: &[Group], zones: &Path) -> String {
    let shown = folder.display();
    let mut text = format!(
        "options {{ directory \"{shown}\"; listen-on port {BIND_PORT} {{ 127.0.0.1; }}; listen-on-v6 {{ none; }}; \
         recursion no; minimal-responses yes; notify no; dnssec-validation no; pid-file \"{shown}/pid\"; \
         session-keyfile \"{shown}/key\"; }};\ncontrols {{ }};\n"
    );
    for (number, group) in groups.iter().enumerate() {
        let source = source(number);
        text.push_str(&format!("view \"{number}\" {{\n  match-clients {{ {source}; }};\n"));
        for zone in &group.zones {
            let file = file_of(zones, zone);
            text.push_str(&format!("  zone \"{zone}\" {{ type primary; file \"{file}\"; }};\n"));
        }
        text.push_str("};\n");
    }
    text
}

fn of_nsd(folder: &Path, group: &Group, port: u16, zones: &Path) -> String {
    let shown = folder.display();
    let mut text = format!(
        "server:\n  port: {port}\n  username: \"\"\n  database: \"\"\n  zonesdir: \"{shown}\"\n  \
         pidfile: \"{shown}/pid\"\n  xfrdfile: \"{shown}/xfrd\"\n  xfrdir: \"{shown}\"\n  zonelistfile: \"{shown}/list\"\n  \
         server-count: 1\n  minimal-responses: yes\n"
    );
    for address in &group.addresses {
        text.push_str(&format!("  ip-address: {address}@{port}\n"));
    }
    text.push_str("remote-control:\n  control-enable: no\n");
    for zone in &group.zones {
        let file = file_of(zones, zone);
        text.push_str(&format!("zone:\n  name: \"{zone}\"\n  zonefile: \"{file}\"\n"));
    }
    text
}

fn of_knot(folder: &Path, group: &Group, port: u16, zones: &Path) -> String {
    let shown = folder.display();
    let mut text = format!("server:\n  rundir: \"{shown}\"\n  udp-workers: 1\n  tcp-workers: 1\n");
    for address in &group.addresses {
        text.push_str(&format!("  listen: {address}@{port}\n"));
    }
    text.push_str(&format!(
        "database:\n  storage: \"{shown}\"\ncontrol:\n  listen: \"{shown}/control\"\n\
         log:\n- target: stderr\n  any: info\n"
    ));
    if !group.zones.is_empty() {
        text.push_str("zone:\n");
    }
    for zone in &group.zones {
        let file = file_of(zones, zone);
        text.push_str(&format!(
            "- domain: \"{zone}\"\n  file: \"{file}\"\n  zonefile-sync: -1\n  journal-content: none\n"
        ));
    }
    text
}

/// The address that questions for a group come to BIND from.
fn source(number: usize) -> Ipv4Addr {
    Ipv4Addr::new(127, 77, 0, u8::try_from(number + 1).unwrap())
}

/// Hands what comes to `local` to BIND, from `source`, and its answers back, until the process ends. BIND listens only where
/// an interface has an address, and the loopback interface has one.
fn relay(local: SocketAddr, source: Ipv4Addr) {
    let bind_at = SocketAddr::new(Ipv4Addr::LOCALHOST.into(), BIND_PORT);
    let datagrams = UdpSocket::bind(local).unwrap();
    let connections = TcpListener::bind(local).unwrap();
    std::thread::spawn(move || {
        let mut buffer = [0; 4_096];
        while let Ok((length, from)) = datagrams.recv_from(&mut buffer) {
            let up = UdpSocket::bind((source, 0)).unwrap();
            up.set_read_timeout(Some(PATIENCE)).unwrap();
            up.connect(bind_at).unwrap();
            // Nobody listens there before BIND does: who asks, asks again.
            if up.send(&buffer[..length]).is_err() {
                continue;
            }
            if let Ok(length) = up.recv(&mut buffer) {
                datagrams.send_to(&buffer[..length], from).unwrap();
            }
        }
    });
    std::thread::spawn(move || {
        while let Ok((mut client, _)) = connections.accept() {
            let up = socket(AddressFamily::Inet, SockType::Stream, SockFlag::SOCK_CLOEXEC, None).unwrap();
            let [one, two, three, four] = source.octets();
            bind(up.as_raw_fd(), &SockaddrIn::new(one, two, three, four, 0)).unwrap();
            connect(up.as_raw_fd(), &SockaddrIn::new(127, 0, 0, 1, BIND_PORT)).unwrap();
            let mut up = TcpStream::from(up);
            up.write_all(&message(&mut client)).unwrap();
            client.write_all(&message(&mut up)).unwrap();
        }
    });
}

/// A message as it is on a stream, with its length before it.
fn message(stream: &mut TcpStream) -> Vec<u8> {
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut length = [0; 2];
    stream.read_exact(&mut length).unwrap();
    let mut rest = vec![0; usize::from(u16::from_be_bytes(length))];
    stream.read_exact(&mut rest).unwrap();
    [&length[..], &rest].concat()
}
