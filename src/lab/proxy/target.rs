//! Whose page a proxy is asked for, and whether it may be asked.
//!
//! Two forms are understood. Browsers and programs that know of a proxy send the whole address (RFC 9112 §3.2.2), `GET
//! http://HOST:PORT/PATH`. Course proxies are asked as if they were the site, with the address as the path: `GET /HOST:PORT/PATH`,
//! which a browser sends for `http://localhost:8888/HOST:PORT/PATH`.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use crate::lab::{LabError, Policy, TICK};

/// The port of an origin that names none.
const HTTP: u16 = 80;

/// Most addresses of a name that are tried.
const MAX_ADDRESSES: usize = 8;

/// Longest wait for the system to look a name up.
const LOOK_UP: Duration = Duration::from_secs(5);

/// Most names that are looked up at once, those included that nobody waits for any more.
const MAX_LOOK_UPS: usize = 32;

/// A page of an origin.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Target {
    /// In small letters, an IPv6 address without brackets.
    host: String,
    port: u16,
    /// Path and query, as they are asked of the origin.
    pub(super) path: String,
}

/// Why a page is not asked for: the status code, and what the page about it says.
pub(super) type Refused = (u16, &'static str);

impl Target {
    /// Reads a request target.
    pub(super) fn of(target: &str) -> Result<Self, Refused> {
        const UNREADABLE: Refused = (400, "Ask for http://HOST:PORT/PATH, or for /HOST:PORT/PATH.");
        let address = target.strip_prefix('/').unwrap_or(target);
        let rest = match address.get(..7) {
            Some(scheme) if scheme.eq_ignore_ascii_case("http://") => address.get(7..).unwrap_or_default(),
            _ if address.contains("://") => return Err((400, "Only http:// can be asked for.")),
            _ if target.starts_with('/') => address,
            _ => return Err(UNREADABLE),
        };
        let (authority, path) = match rest.find(['/', '?', '#']).and_then(|at| rest.split_at_checked(at)) {
            Some(parts) => parts,
            None => (rest, "/"),
        };
        // A fragment is for the one who asks alone (RFC 9110 §7.1).
        let path = path.split('#').next().unwrap_or_default();
        let path = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
        let (host, port) = split_authority(authority).ok_or(UNREADABLE)?;
        Ok(Self { host, port: port.unwrap_or(HTTP), path })
    }

    /// As it is told.
    pub(super) fn shown(&self) -> String {
        format!("http://{}{}", self.authority(), self.path)
    }

    /// Host and port, as the Host field has them.
    pub(super) fn authority(&self) -> String {
        let host = if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() };
        if self.port == HTTP { host } else { format!("{host}:{}", self.port) }
    }

    /// Bytes that it takes to keep.
    pub(super) fn size(&self) -> usize {
        self.host.len() + self.path.len()
    }
}

/// `HOST`, `HOST:PORT`, `[IPV6]:PORT`.
fn split_authority(text: &str) -> Option<(String, Option<u16>)> {
    const MAX_HOST: usize = 255;
    let (host, port) = if let Some(rest) = text.strip_prefix('[') {
        let (host, rest) = rest.split_once(']')?;
        host.parse::<Ipv6Addr>().ok()?;
        (host, if rest.is_empty() { None } else { Some(rest.strip_prefix(':')?) })
    } else {
        let (host, port) = text.split_once(':').map_or((text, None), |(host, port)| (host, Some(port)));
        let is_name =
            |host: &str| host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte));
        if !is_name(host) {
            return None;
        }
        (host, port)
    };
    if host.is_empty() || host.len() > MAX_HOST {
        return None;
    }
    let port = match port {
        None | Some("") => None,
        Some(port) if port.bytes().all(|byte| byte.is_ascii_digit()) => {
            Some(port.parse().ok().filter(|port| *port > 0)?)
        }
        Some(_) => return None,
    };
    Some((host.to_ascii_lowercase(), port))
}

/// Which origins may be asked.
pub(super) struct Allowed {
    origins: Vec<(String, Option<u16>)>,
    look_ups: LookUps,
}

impl Allowed {
    /// From `--allow-origin`.
    pub(super) fn of(origins: &[String]) -> Result<Self, LabError> {
        let read = |origin: &String| {
            split_authority(origin).ok_or_else(|| LabError::Setting {
                option: "--allow-origin",
                value: origin.escape_debug().to_string(),
                problem: "not HOST or HOST:PORT",
            })
        };
        let origins = origins.iter().map(read).collect::<Result<_, _>>()?;
        Ok(Self { origins, look_ups: LookUps::default() })
    }

    /// Where the origin is: loopback, or one that was allowed. No name is looked up that was not allowed.
    pub(super) fn addresses(
        &self,
        target: &Target,
        policy: Policy,
        stop: &AtomicBool,
    ) -> Result<Vec<SocketAddr>, Refused> {
        let is_allowed = self
            .origins
            .iter()
            .any(|(host, port)| *host == target.host && port.is_none_or(|port| port == target.port));
        let port = target.port;
        let addresses: Vec<SocketAddr> = if target.host == "localhost" {
            [IpAddr::V4(Ipv4Addr::LOCALHOST), Ipv6Addr::LOCALHOST.into()]
                .map(|address| SocketAddr::new(address, port))
                .to_vec()
        } else if let Ok(address) = target.host.parse::<IpAddr>() {
            if !is_allowed && !address.to_canonical().is_loopback() {
                return Err(NOT_ALLOWED);
            }
            vec![SocketAddr::new(address, port)]
        } else if !is_allowed {
            return Err(NOT_ALLOWED);
        } else if policy == Policy::LocalOnly {
            return Err((
                403,
                "WIRELAB_LOCAL_ONLY is set here: no name is looked up, only loopback is asked.",
            ));
        } else {
            let host = target.host.clone();
            let look_up = move || Ok((host.as_str(), port).to_socket_addrs()?.take(MAX_ADDRESSES).collect());
            self.look_ups.run(look_up, LOOK_UP, stop)?
        };
        if addresses.iter().any(|address| policy.check(address.ip()).is_err()) {
            return Err((403, "WIRELAB_LOCAL_ONLY is set here: only loopback may be asked."));
        }
        Ok(addresses)
    }
}

/// Names that are being looked up. The system's resolver can take long and cannot be stopped, so that each look-up has a thread,
/// which is not waited for when the time is up or the server stops.
#[derive(Default)]
struct LookUps(Arc<AtomicUsize>);

/// One of them, for as long as it takes.
struct Running(Arc<AtomicUsize>);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl LookUps {
    fn run(
        &self,
        look_up: impl FnOnce() -> io::Result<Vec<SocketAddr>> + Send + 'static,
        within: Duration,
        stop: &AtomicBool,
    ) -> Result<Vec<SocketAddr>, Refused> {
        let running = self.0.fetch_add(1, Ordering::Relaxed);
        let place = Running(Arc::clone(&self.0));
        if running >= MAX_LOOK_UPS {
            return Err((503, "Too many names are being looked up."));
        }
        let (sender, found) = sync_channel(1);
        let spawned = thread::Builder::new().spawn(move || {
            // Who asked may have had enough.
            let _ = sender.send(look_up());
            drop(place);
        });
        if spawned.is_err() {
            return Err((503, "The name cannot be looked up now."));
        }
        let end = Instant::now() + within;
        while !stop.load(Ordering::Relaxed) {
            let left = end.saturating_duration_since(Instant::now());
            match found.recv_timeout(left.min(TICK)) {
                Ok(Ok(addresses)) => return Ok(addresses),
                Ok(Err(_)) | Err(RecvTimeoutError::Disconnected) => {
                    return Err((502, "That host has no address."));
                }
                Err(RecvTimeoutError::Timeout) if left.is_zero() => {
                    return Err((504, "That host's address was not found in time."));
                }
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
        Err((503, "The proxy was stopped."))
    }
}

const NOT_ALLOWED: Refused = (
    403,
    "This proxy asks only servers on this machine. Others may be asked where it was started with --allow-origin HOST.",
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_name_the_same_page() {
        for (target, shown) in [
            ("http://127.0.0.1:6789/a?b", "http://127.0.0.1:6789/a?b"),
            ("/127.0.0.1:6789/a?b", "http://127.0.0.1:6789/a?b"),
            ("/http://127.0.0.1:6789/a?b#c", "http://127.0.0.1:6789/a?b"),
            ("HTTP://LocalHost", "http://localhost/"),
            ("/localhost", "http://localhost/"),
            ("http://localhost:80?x", "http://localhost/?x"),
            ("http://[::1]:8080/", "http://[::1]:8080/"),
            ("/favicon.ico", "http://favicon.ico/"),
        ] {
            assert_eq!(Target::of(target).map(|target| target.shown()).as_deref(), Ok(shown), "{target}");
        }
    }

    #[test]
    fn what_names_no_origin_is_refused() {
        for target in [
            "/",
            "*",
            "",
            "http://",
            "http:///a",
            "https://localhost/",
            "/https://localhost/",
            "ftp://localhost/",
            "http://user@localhost/",
            "http://localhost:0/",
            "http://localhost:65536/",
            "http://localhost:-1/",
            "http://[::1/",
            "http://[nonsense]/",
            "http://[::1]x/",
            "localhost:443",
            "http://a b/",
        ] {
            assert!(matches!(Target::of(target), Err((400, _))), "{target}");
        }
    }

    fn addresses(target: &str, allowed: &[&str], policy: Policy) -> Result<Vec<String>, u16> {
        let allowed: Vec<String> = allowed.iter().map(|origin| (*origin).to_owned()).collect();
        Allowed::of(&allowed)
            .unwrap()
            .addresses(&Target::of(target).unwrap(), policy, &AtomicBool::new(false))
            .map(|all| all.iter().map(ToString::to_string).collect())
            .map_err(|(status, _)| status)
    }

    #[test]
    fn a_slow_look_up_holds_nobody_up() {
        let look_ups = LookUps::default();
        let begun = Instant::now();
        let slow = || {
            thread::sleep(Duration::from_secs(60));
            Ok(Vec::new())
        };
        let run = |within, is_stopped| look_ups.run(slow, within, &AtomicBool::new(is_stopped));
        assert_eq!(run(Duration::from_millis(50), false).unwrap_err().0, 504);
        assert_eq!(run(LOOK_UP, true).unwrap_err().0, 503);
        let stop = AtomicBool::new(false);
        thread::scope(|scope| {
            scope.spawn(|| {
                thread::sleep(Duration::from_millis(50));
                stop.store(true, Ordering::Relaxed);
            });
            assert_eq!(look_ups.run(slow, Duration::from_secs(60), &stop).unwrap_err().0, 503);
        });
        for _ in 3..MAX_LOOK_UPS {
            assert_eq!(run(Duration::ZERO, false).unwrap_err().0, 504);
        }
        assert_eq!(run(Duration::ZERO, false), Err((503, "Too many names are being looked up.")));
        assert_eq!(look_ups.0.load(Ordering::Relaxed), MAX_LOOK_UPS);
        assert!(begun.elapsed() < Duration::from_secs(30));
    }

    #[test]
    fn what_a_look_up_finds_is_told_and_its_place_is_free_again() {
        let look_ups = LookUps::default();
        let address: SocketAddr = "127.0.0.1:1".parse().unwrap();
        for _ in 0..MAX_LOOK_UPS * 3 {
            let found = look_ups.run(move || Ok(vec![address]), LOOK_UP, &AtomicBool::new(false));
            assert_eq!(found, Ok(vec![address]));
            while look_ups.0.load(Ordering::Relaxed) > 0 {
                thread::sleep(Duration::from_millis(1));
            }
        }
        let failed = look_ups.run(|| Err(io::Error::other("no")), LOOK_UP, &AtomicBool::new(false));
        assert_eq!(failed.unwrap_err().0, 502);
    }

    #[test]
    fn only_loopback_is_asked_unless_it_was_allowed() {
        let any = Policy::AnyAddress;
        assert_eq!(addresses("/127.0.0.9:1/", &[], any).unwrap(), ["127.0.0.9:1"]);
        assert_eq!(addresses("/localhost:1/", &[], any).unwrap(), ["127.0.0.1:1", "[::1]:1"]);
        for target in
            ["/192.0.2.1/", "/example.org/", "/0.0.0.0/", "/localhost.example/", "http://[2001:db8::1]/"]
        {
            assert_eq!(addresses(target, &[], any), Err(403), "{target}");
        }
        assert_eq!(addresses("/192.0.2.1/", &["192.0.2.1"], any).unwrap(), ["192.0.2.1:80"]);
        assert_eq!(addresses("/192.0.2.1:81/", &["192.0.2.1:80"], any), Err(403));
        // Never against the policy, whatever was allowed; and no name is looked up.
        assert_eq!(addresses("/192.0.2.1/", &["192.0.2.1"], Policy::LocalOnly), Err(403));
        assert_eq!(addresses("/example.org/", &["example.org"], Policy::LocalOnly), Err(403));
        assert!(Allowed::of(&["a b".to_owned()]).is_err());
    }
}
