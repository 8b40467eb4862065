//! Names inside: files of our own for the resolver, and no way to a resolver outside by a unix socket, which a network
//! namespace does not stop.

use std::fs;
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::mount::{MntFlags, MsFlags, mount, umount2};
use nix::unistd::getuid;

/// Folders over which a file system in memory is mounted for a moment, the first that there is. None is on the way to a
/// file that is replaced.
const FOLDERS: [&str; 4] = ["/tmp", "/mnt", "/srv", "/opt"];

/// Longest file of the system that is read, in bytes.
const MAX_FILE: u64 = 64 << 10;

/// The name server inside. Unless something listens there, the question comes back at once as unreachable.
const RESOLV_CONF: &str = "# made by wirelab for a sandbox\nnameserver 127.0.0.53\n";

/// Whether the resolver's configuration is that of a sandbox.
pub(super) fn is_ours() -> bool {
    beginning(Path::new("/etc/resolv.conf")) == RESOLV_CONF
}

/// Unix sockets of services that look names up, or would start a program outside on demand.
const SOCKETS: [&str; 6] = [
    "/run/systemd/resolve/io.systemd.Resolve",
    "/run/systemd/resolve/io.systemd.Resolve.Monitor",
    "/run/nscd/socket",
    "/var/run/nscd/socket",
    "/run/avahi-daemon/socket",
    "/run/dbus/system_bus_socket",
];

/// Gives this mount namespace its own resolv.conf, nsswitch.conf and hosts, and hides the sockets. Nothing of it is seen
/// outside, and no file is left anywhere: the file system in memory goes with the namespace.
/// `more` is added to the hosts.
pub(super) fn isolate(more: &str) -> Result<(), Errno> {
    let none = None::<&str>;
    mount(none, "/", none, MsFlags::MS_REC | MsFlags::MS_PRIVATE, none)?;
    let folder = FOLDERS.map(Path::new).into_iter().find(|folder| folder.is_dir()).ok_or(Errno::ENOENT)?;
    let switch = nsswitch(&beginning(Path::new("/etc/nsswitch.conf")));
    let hosts = hosts(&beginning(Path::new("/proc/sys/kernel/hostname"))) + more;
    // Looked for before the folder is covered: one of them may lie in it.
    let sockets = sockets();
    let flags = MsFlags::MS_NOSUID | MsFlags::MS_NODEV;
    mount(Some("tmpfs"), folder, Some("tmpfs"), flags, Some("mode=0755"))?;
    let made = fill(folder, &switch, &hosts, &sockets);
    let gone = umount2(folder, MntFlags::MNT_DETACH);
    made.and(gone)
}

fn fill(folder: &Path, switch: &str, hosts: &str, sockets: &[PathBuf]) -> Result<(), Errno> {
    for (name, text) in [("resolv.conf", RESOLV_CONF), ("nsswitch.conf", switch), ("hosts", hosts)] {
        put(&folder.join(name), text, &Path::new("/etc").join(name))?;
    }
    for socket in sockets {
        put(&folder.join("nobody-listens"), "", socket)?;
    }
    Ok(())
}

/// Makes `file` and mounts it over `target`. What is not there needs no replacement: the C library's defaults for a
/// missing file are harmless inside.
fn put(file: &Path, text: &str, target: &Path) -> Result<(), Errno> {
    fs::write(file, text).map_err(|error| error.raw_os_error().map_or(Errno::EIO, Errno::from_raw))?;
    let none = None::<&str>;
    match mount(Some(file), target, none, MsFlags::MS_BIND, none) {
        Err(Errno::ENOENT) => Ok(()),
        result => result,
    }
}

/// The sockets that there are, each once although /var/run is /run.
fn sockets() -> Vec<PathBuf> {
    let own = [format!("/run/user/{}/bus", getuid())];
    let mut found: Vec<PathBuf> = Vec::new();
    for path in SOCKETS.into_iter().chain(own.iter().map(String::as_str)) {
        let Ok(path) = fs::canonicalize(path) else { continue };
        let is_socket = fs::metadata(&path).is_ok_and(|about| about.file_type().is_socket());
        if is_socket && !found.contains(&path) {
            found.push(path);
        }
    }
    found
}

/// The beginning of a file; empty where it cannot be read.
fn beginning(path: &Path) -> String {
    use std::io::Read;
    let mut bytes = Vec::new();
    if let Ok(file) = fs::File::open(path) {
        let _ = file.take(MAX_FILE).read_to_end(&mut bytes);
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The system's nsswitch.conf, but hosts only by file and DNS.
fn nsswitch(system: &str) -> String {
    let kept = system.lines().filter(|line| !line.trim_start().starts_with("hosts:"));
    let mut text: String = kept.flat_map(|line| [line, "\n"]).collect();
    text.push_str("hosts: files dns\n");
    text
}

/// This machine under its usual names, so that `gethostbyname(gethostname())` finds an address.
fn hosts(name: &str) -> String {
    let name = name.trim();
    let own = if name.is_empty() || name == "localhost" { String::new() } else { format!(" {name}") };
    format!("127.0.0.1 localhost{own}\n::1 localhost ip6-localhost ip6-loopback\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_looked_up_by_file_and_dns_only() {
        let system =
            "passwd: files sss\n hosts: mymachines resolve [!UNAVAIL=return] files\nservices: db files";
        assert_eq!(nsswitch(system), "passwd: files sss\nservices: db files\nhosts: files dns\n");
        assert_eq!(nsswitch(""), "hosts: files dns\n");
    }

    #[test]
    fn the_host_knows_its_own_name() {
        assert!(hosts("lab-7\n").starts_with("127.0.0.1 localhost lab-7\n::1 "));
        assert!(hosts("localhost\n").starts_with("127.0.0.1 localhost\n"));
        assert!(hosts("").starts_with("127.0.0.1 localhost\n"));
    }
}
