//! Namespaces of our own: user, network, mount, pid, IPC, host name.

use std::fs;
use std::path::Path;

use caps::{CapSet, Capability, CapsHashSet};
use nix::errno::Errno;
use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};
use nix::unistd::{getegid, geteuid};

use super::ends::shortened;
use super::refused::{Facts, Refused};

/// What a step of the way says where it fails.
pub(super) type Step<T = ()> = Result<T, Refused>;

/// Who may do what inside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rights {
    /// The rights of the namespace alone: the command gets [`KEPT`] of them.
    OfNamespace,
    /// Root's own, outside too: there is no user namespace, and the command keeps them.
    OfRoot,
}

/// What init needs: to mount /proc, to make hosts, and to hand on what the command keeps.
const FOR_INIT: [Capability; 3] =
    [Capability::CAP_SYS_ADMIN, Capability::CAP_NET_ADMIN, Capability::CAP_NET_RAW];

/// What the command keeps, in its network namespace only: raw sockets, for pings and captures of its own.
const KEPT: [Capability; 1] = [Capability::CAP_NET_RAW];

/// All but the user namespace.
fn others() -> CloneFlags {
    CloneFlags::CLONE_NEWNET
        | CloneFlags::CLONE_NEWNS
        | CloneFlags::CLONE_NEWPID
        | CloneFlags::CLONE_NEWIPC
        | CloneFlags::CLONE_NEWUTS
}

/// Puts this process, which must have no other thread, into namespaces of its own; the pid namespace begins with its
/// next child. Root needs no user namespace, and without one can still read other people's files, as it is used to.
pub(super) fn enter() -> Step<Rights> {
    let root = geteuid().is_root();
    if root && unshare(others()).is_ok() {
        return Ok(Rights::OfRoot);
    }
    let privileged_file = has_rights_by_file(root);
    let (uid, gid) = (geteuid(), getegid());
    step("making a user namespace", root, false, unshare(CloneFlags::CLONE_NEWUSER))?;
    // What a program file with capabilities made of this process, an unreadable one, owns no /proc of its own.
    step("making this process readable", root, true, nix::sys::prctl::set_dumpable(true))?;
    // A process may map its own group only once it can no longer change its others (user_namespaces(7)).
    for (file, text) in [
        ("setgroups", "deny".to_owned()),
        ("uid_map", format!("{uid} {uid} 1")),
        ("gid_map", format!("{gid} {gid} 1")),
    ] {
        write(&format!("/proc/self/{file}"), &text)
            .or_else(|errno| step(&format!("writing {file}"), root, true, Err(errno)))?;
    }
    step("making network, mount and process namespaces", root, true, unshare(others()))?;
    if privileged_file {
        step("setting aside the program file's capabilities", root, true, without_file_capabilities())?;
    }
    Ok(Rights::OfNamespace)
}

/// The refusal that a failed step is.
pub(super) fn step<T>(what: &str, root: bool, inside: bool, result: Result<T, Errno>) -> Step<T> {
    result.map_err(|errno| Refused {
        step: what.to_owned(),
        message: shortened(errno.desc()),
        cause: Facts::gather(root, inside).cause(errno),
    })
}

/// Writes a setting under /proc.
pub(super) fn write(path: &str, text: &str) -> Result<(), Errno> {
    fs::write(path, text).map_err(|error| error.raw_os_error().map_or(Errno::EIO, Errno::from_raw))
}

/// Whether the program file gave this process capabilities (`setcap`).
fn has_rights_by_file(root: bool) -> bool {
    !root && caps::read(None, CapSet::Permitted).is_ok_and(|set| !set.is_empty())
}

/// Makes the program file one without capabilities for this mount namespace: executing one that has some clears those
/// that init is to inherit.
fn without_file_capabilities() -> Result<(), Errno> {
    let Ok(program) = std::env::current_exe() else { return Ok(()) };
    let none = None::<&str>;
    mount(none, "/", none, MsFlags::MS_REC | MsFlags::MS_PRIVATE, none)?;
    mount(Some(&program), &program, none, MsFlags::MS_BIND, none)?;
    let again = MsFlags::MS_BIND | MsFlags::MS_REMOUNT | MsFlags::MS_NOSUID;
    // Flags that the mount had from outside are locked, and have to be said again.
    let locked =
        [MsFlags::empty(), MsFlags::MS_NODEV, MsFlags::MS_NODEV | MsFlags::MS_RDONLY, MsFlags::MS_RDONLY];
    let mut result = Ok(());
    for more in locked {
        result = mount(none, &program, none, again | more, none);
        if result.is_ok() {
            break;
        }
    }
    result
}

/// What may be done in the network namespace without asking: every port, pings by anybody. Where /proc/sys is read-only,
/// as in a container, it stays as it is.
pub(super) fn permit_ports_and_pings() {
    let gid = getegid();
    let _ = write("/proc/sys/net/ipv4/ip_unprivileged_port_start", "0");
    let _ = write("/proc/sys/net/ipv4/ping_group_range", &format!("{gid} {gid}"));
}

/// Closes the sockets that this process inherited beside its standard streams: they are in the network outside, and
/// the command could go on talking there. Pipes and files stay the command's (`<(...)` of a shell). To be called before
/// this process opens any of its own.
pub(super) fn close_sockets() -> std::io::Result<()> {
    use std::os::unix::fs::FileTypeExt;
    let mut sockets = Vec::new();
    for entry in fs::read_dir("/proc/self/fd")? {
        let entry = entry?;
        let number = entry.file_name().to_str().and_then(|name| name.parse::<i32>().ok());
        let is_socket = fs::metadata(entry.path()).is_ok_and(|file| file.file_type().is_socket());
        sockets.extend(number.filter(|number| *number > 2 && is_socket));
    }
    for number in sockets {
        nix::unistd::close(number)?;
    }
    Ok(())
}

/// Lets the next program that is executed inherit what init needs.
pub(super) fn hand_on_to_init() -> Result<(), String> {
    hand_on(&FOR_INIT)
}

/// Mounts /proc of this pid namespace, in a mount namespace of this process's: the holder, which is in another pid
/// namespace, still needs its own. Where a container hides parts of /proc the kernel refuses it, and the outer one
/// stays, which shows other processes but works.
pub(super) fn mount_proc() -> bool {
    let flags = MsFlags::MS_NOSUID | MsFlags::MS_NODEV | MsFlags::MS_NOEXEC;
    Path::new("/proc").is_dir()
        && unshare(CloneFlags::CLONE_NEWNS).is_ok()
        && mount(Some("proc"), "/proc", Some("proc"), flags, None::<&str>).is_ok()
}

/// Gives up all capabilities but those that the command keeps; not those of root itself, whose commands they are.
pub(super) fn keep_for_command() -> Result<(), String> {
    if geteuid().is_root() && !is_in_user_namespace() {
        return Ok(());
    }
    hand_on(&KEPT)?;
    let kept: CapsHashSet = KEPT.into_iter().collect();
    for set in [CapSet::Effective, CapSet::Permitted] {
        caps::set(None, set, &kept).map_err(|error| error.to_string())?;
    }
    Ok(())
}

fn hand_on(capabilities: &[Capability]) -> Result<(), String> {
    let set: CapsHashSet = capabilities.iter().copied().collect();
    for kind in [CapSet::Inheritable, CapSet::Ambient] {
        caps::set(None, kind, &set).map_err(|error| error.to_string())?;
    }
    Ok(())
}

/// Whether the rights of this process are a user namespace's.
fn is_in_user_namespace() -> bool {
    let map = fs::read_to_string("/proc/self/uid_map").unwrap_or_default();
    !map.is_empty() && !map.split_ascii_whitespace().eq(["0", "0", "4294967295"])
}
