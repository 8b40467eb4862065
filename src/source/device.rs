//! The interfaces of this host: what there is, whether it can be captured, and which one is meant.

use std::fmt;
use std::io::Read;
use std::net::IpAddr;

use super::live::{LiveError, prepared, refusal};
use super::{LinkType, SourceError, dlt};

/// Linux's pseudo-device for all interfaces at once. It cannot be promiscuous.
pub const ANY: &str = "any";

/// Most bytes read of a kernel socket table: about 50,000 sockets. A listener is near the top, since tables
/// list listening sockets first.
const MAX_SOCKET_TABLE: u64 = 8 << 20;

/// Kernel buffer in bytes of a handle that is opened only to see whether it can be.
const PROBE_BUFFER: u32 = 1 << 20;

/// An interface of this host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Device {
    /// Its name, as `-i` takes it.
    pub name: String,
    /// The system's words for it, where it has any.
    pub description: Option<String>,
    /// Its addresses.
    pub addresses: Vec<IpAddr>,
    /// It is switched on.
    pub up: bool,
    /// It has a carrier.
    pub running: bool,
    /// It leads back to this host.
    pub loopback: bool,
}

/// Whether an interface can be captured by this process, now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Access {
    /// It can.
    Yes {
        /// Which header its packets start with.
        link: LinkType,
    },
    /// It is no network interface (Bluetooth, D-Bus, netfilter queues): not tried, since opening some of them
    /// takes packets away from others.
    NotANetwork,
    /// It is down.
    Down,
    /// This process may not.
    NoPermission,
    /// libpcap says so.
    Failed(String),
}

impl fmt::Display for Access {
    /// `yes`, or why not.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Yes { .. } => f.write_str("yes"),
            Self::NotANetwork => f.write_str("no: not a network interface"),
            Self::Down => f.write_str("no: the interface is down"),
            Self::NoPermission if cfg!(target_os = "linux") => f.write_str("no: CAP_NET_RAW is missing"),
            Self::NoPermission => f.write_str("no: permission is missing"),
            Self::Failed(message) => write!(f, "no: {message}"),
        }
    }
}

impl Device {
    /// Whether it can be captured, found out by opening it for a moment.
    #[must_use]
    pub fn access(&self) -> Access {
        if !self.is_network() {
            return Access::NotANetwork;
        }
        let opened = prepared(&self.name, 64, PROBE_BUFFER)
            .and_then(|inactive| inactive.open().map_err(|error| refusal(&self.name, &error)));
        match opened {
            Ok(capture) => match dlt::to_link(capture.get_datalink().0) {
                Some(link) => Access::Yes { link },
                None => {
                    Access::Failed(format!("link type DLT {} is in no registry", capture.get_datalink().0))
                }
            },
            Err(LiveError::Permission { .. }) => Access::NoPermission,
            Err(LiveError::Down { .. }) => Access::Down,
            Err(LiveError::Failed { message, .. }) => Access::Failed(message),
            Err(other) => Access::Failed(other.to_string()),
        }
    }

    /// Whether the kernel knows it as a network interface; only Linux mixes in others.
    fn is_network(&self) -> bool {
        if cfg!(not(target_os = "linux")) || self.name == ANY {
            return true;
        }
        let plain = !self.name.contains('/') && !self.name.starts_with('.');
        plain && std::path::Path::new("/sys/class/net").join(&self.name).exists()
    }
}

/// The interfaces of this host, the likeliest first. Needs no privilege.
///
/// # Errors
/// [`SourceError`] where the system does not list them.
pub fn devices() -> Result<Vec<Device>, SourceError> {
    let listed = pcap::Device::list().map_err(|error| SourceError::Io {
        what: "list of interfaces".to_owned(),
        source: std::io::Error::other(error.to_string()),
    })?;
    Ok(listed.into_iter().map(Device::from).collect())
}

impl From<pcap::Device> for Device {
    fn from(device: pcap::Device) -> Self {
        Self {
            up: device.flags.is_up(),
            running: device.flags.is_running(),
            loopback: device.flags.is_loopback(),
            addresses: device.addresses.iter().map(|address| address.addr).collect(),
            name: device.name,
            description: device.desc,
        }
    }
}

/// The names of the interfaces, for an error message; empty where they cannot be listed.
pub(super) fn names() -> Vec<String> {
    devices().unwrap_or_default().into_iter().map(|device| device.name).collect()
}

/// Whether `name` is a loopback interface of this host.
pub(super) fn is_loopback(name: &str) -> bool {
    devices().unwrap_or_default().iter().any(|device| device.loopback && device.name == name)
}

/// Which of `names` may have been meant by `wrong`: the same but for case, one that it begins (`lo0` for
/// `lo`), or one letter away.
pub(super) fn nearest(wrong: &str, names: &[String]) -> Option<String> {
    let lower = wrong.to_ascii_lowercase();
    let near = |name: &str| {
        let name = name.to_ascii_lowercase();
        name == lower
            || name.starts_with(&lower)
            || lower.starts_with(&name)
            || matches!(wrong, "loopback" | "localhost" | "127.0.0.1") && name.starts_with("lo")
            || (name.len() == lower.len()
                && name.bytes().zip(lower.bytes()).filter(|(a, b)| a != b).count() == 1)
    };
    names.iter().find(|name| !wrong.is_empty() && near(name)).cloned()
}

/// An interface, and why it was chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// Its name.
    pub device: String,
    /// Why.
    pub reason: ChoiceReason,
}

/// Why an interface was chosen. Its text completes "capturing on NAME: …".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChoiceReason {
    /// A program on this host listens on the port.
    Listener {
        /// The port.
        port: u16,
        /// TCP rather than UDP.
        tcp: bool,
    },
    /// It is the first that is up; nothing on this host listens on the ports asked for.
    Default,
    /// No other interface is up.
    OnlyLoopback,
}

impl fmt::Display for ChoiceReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Listener { port, tcp } => {
                write!(
                    f,
                    "a program on this host listens on {} port {port}",
                    if *tcp { "TCP" } else { "UDP" }
                )
            }
            Self::Default => f.write_str("the first interface that is up"),
            Self::OnlyLoopback => f.write_str("the only interface that is up"),
        }
    }
}

/// Chooses an interface where none was named: loopback where a program on this host listens on one of
/// `ports`, else the system's default. Listeners are only known on Linux; nothing is opened or sent to find out.
///
/// # Errors
/// [`LiveError::Failed`] where no interface is up.
pub fn choose(ports: &[u16]) -> Result<Choice, LiveError> {
    let failed = |message: String| LiveError::Failed { device: "any interface".to_owned(), message };
    let devices = devices().map_err(|error| failed(error.to_string()))?;
    choose_among(&devices, listener(ports)).ok_or_else(|| failed("no interface is up".to_owned()))
}

fn choose_among(devices: &[Device], listener: Option<(u16, bool)>) -> Option<Choice> {
    let loopback = devices.iter().find(|device| device.loopback && device.up);
    if let (Some(device), Some((port, tcp))) = (loopback, listener) {
        return Some(Choice { device: device.name.clone(), reason: ChoiceReason::Listener { port, tcp } });
    }
    let usable = |device: &&Device| device.up && device.running && !device.loopback && device.name != ANY;
    // libpcap lists what is fit for capturing first.
    if let Some(device) = devices.iter().find(|device| usable(device) && device.is_network()) {
        return Some(Choice { device: device.name.clone(), reason: ChoiceReason::Default });
    }
    loopback.map(|device| Choice { device: device.name.clone(), reason: ChoiceReason::OnlyLoopback })
}

/// The first of `ports` on which a socket of this network namespace listens, and whether it is TCP.
fn listener(ports: &[u16]) -> Option<(u16, bool)> {
    if ports.is_empty() {
        return None;
    }
    let tables = [("tcp", true), ("tcp6", true), ("udp", false), ("udp6", false)];
    tables.into_iter().find_map(|(name, tcp)| {
        let mut text = String::new();
        let file = std::fs::File::open(format!("/proc/net/{name}")).ok()?;
        file.take(MAX_SOCKET_TABLE).read_to_string(&mut text).ok()?;
        listening(&text, tcp, ports).map(|port| (port, tcp))
    })
}

/// A port of `ports` that a line of a Linux socket table listens on: TCP in state LISTEN (0A), UDP bound and
/// not connected (07).
fn listening(table: &str, tcp: bool, ports: &[u16]) -> Option<u16> {
    let wanted = if tcp { "0A" } else { "07" };
    table.lines().skip(1).find_map(|line| {
        // "sl local_address rem_address st …", addresses as hexadecimal host:port.
        let mut words = line.split_ascii_whitespace();
        let (local, state) = (words.nth(1)?, words.nth(1)?);
        let (_, port) = local.rsplit_once(':')?;
        let port = u16::from_str_radix(port, 16).ok()?;
        (state == wanted && ports.contains(&port)).then_some(port)
    })
}

#[cfg(test)]
mod tests {

    use super::*;

    const TCP: &str = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt\n   \
        0: 0100007F:32C7 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0\n   \
        1: 0100007F:9C40 0100007F:32C8 01 00000000:00000000 00:00000000 00000000     0\n";

    fn device(name: &str, up: bool, loopback: bool) -> Device {
        Device { name: name.into(), description: None, addresses: vec![], up, running: up, loopback }
    }

    #[test]
    fn only_listeners_count() {
        assert_eq!(listening(TCP, true, &[12999]), Some(12999));
        assert_eq!(listening(TCP, true, &[40000]), None, "a connected socket is no listener");
        assert_eq!(listening(TCP, true, &[13000]), None, "a remote port is not ours");
        assert_eq!(listening("header\nnonsense\n: :\n0: x y z\n", true, &[0]), None);
    }

    #[test]
    fn a_listener_means_loopback() {
        let all = [device("any", true, false), device("lo", true, true)];
        let choice = choose_among(&all, Some((80, true))).unwrap();
        assert_eq!(
            (choice.device.as_str(), choice.reason.to_string().as_str()),
            ("lo", "a program on this host listens on TCP port 80")
        );
        let choice = choose_among(&all, None).unwrap();
        assert_eq!((choice.device.as_str(), choice.reason), ("lo", ChoiceReason::OnlyLoopback));
        assert_eq!(choose_among(&[device("lo", false, true)], None), None);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn own_sockets_are_found() {
        let tcp = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let udp = std::net::UdpSocket::bind("[::1]:0").or_else(|_| std::net::UdpSocket::bind("127.0.0.1:0"));
        let (tcp, udp) =
            (tcp.local_addr().unwrap().port(), udp.as_ref().unwrap().local_addr().unwrap().port());
        assert_eq!(listener(&[tcp]), Some((tcp, true)));
        assert!(listener(&[udp]).is_some_and(|(port, _)| port == udp));
        assert_eq!(listener(&[]), None);
    }

    #[test]
    fn a_near_name_is_suggested() {
        let names = ["eth0".to_owned(), "lo".to_owned()];
        assert_eq!(nearest("lo0", &names).as_deref(), Some("lo"));
        assert_eq!(nearest("ETH0", &names).as_deref(), Some("eth0"));
        assert_eq!(nearest("eth1", &names).as_deref(), Some("eth0"));
        assert_eq!(nearest("loopback", &names).as_deref(), Some("lo"));
        assert_eq!(nearest("wlan0", &names), None);
        assert_eq!(nearest("", &names), None);
    }
}
