//! Privileges are given up for good. Each case runs in a child process, since it cannot be undone.

use std::process::Command;

use wirelab::source::{
    Dropped, LiveError, LiveOptions, LiveSource, PrivilegeError, devices, drop_privileges,
};

use crate::skip::skip;

/// Set in the child processes: elsewhere the tests meant for them would strip the whole test run.
const CHILD: &str = "WIRELAB_TEST_CHILD";

fn is_child() -> bool {
    std::env::var_os(CHILD).is_some()
}

/// Runs the ignored test `name` of this binary in a process of its own, with `vars` in its environment.
fn in_child(name: &str, vars: &[(&str, &str)]) {
    run_child(Command::new(std::env::current_exe().unwrap()), name, vars);
}

fn run_child(mut program: Command, name: &str, vars: &[(&str, &str)]) {
    let output = program
        .args(["--exact", &format!("privilege::{name}"), "--ignored", "--nocapture"])
        .env(CHILD, "1")
        .env_remove("SUDO_UID")
        .env_remove("SUDO_GID")
        .envs(vars.iter().copied())
        .output()
        .unwrap();
    let text =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && text.contains("1 passed"), "{text}");
}

/// Whether this is root with all its rights, as in a virtual machine or a container for tests.
fn is_root() -> bool {
    let root = nix::unistd::geteuid().is_root();
    if !root {
        skip("giving up root", "these tests do not run as root");
    }
    root
}

fn open_loopback() -> Result<LiveSource, LiveError> {
    let name = devices().unwrap().into_iter().find(|device| device.loopback).unwrap().name;
    LiveSource::open(&name, &LiveOptions::default())
}

/// What must hold afterwards, whatever was given up.
fn assert_powerless() {
    match open_loopback() {
        Err(LiveError::Permission { advice, .. }) => {
            assert!(advice.to_string().contains(&*std::env::current_exe().unwrap().to_string_lossy()));
        }
        other => panic!("capturing must not be permitted any more: {other:?}"),
    }
    let missing = LiveSource::open("nosuch17", &LiveOptions::default());
    assert!(matches!(missing, Err(LiveError::NoSuchDevice { .. })), "{missing:?}");
    assert!(nix::unistd::setuid(nix::unistd::Uid::from_raw(0)).is_err());
    assert!(std::fs::read("/etc/shadow").is_err());
    assert_eq!(drop_privileges().unwrap(), Dropped::Nothing);
}

#[test]
fn root_becomes_nobody() {
    if is_root() {
        in_child("child_root_becomes_nobody", &[]);
    }
}

#[test]
#[ignore = "run by root_becomes_nobody, in a process of its own"]
fn child_root_becomes_nobody() {
    if !is_child() {
        return;
    }
    let before = open_loopback();
    let nobody = nix::unistd::User::from_name("nobody").unwrap().unwrap();
    let expected = Dropped::Root { uid: nobody.uid.as_raw(), gid: nobody.gid.as_raw() };
    assert_eq!(drop_privileges().unwrap(), expected);
    assert_eq!(nix::unistd::getgroups().unwrap(), [nobody.gid]);
    assert_powerless();
    // A handle that was open stays usable.
    if let Ok(mut source) = before {
        wirelab::source::PacketSource::next_packet(&mut source).unwrap();
        source.stats().unwrap();
    }
}

#[test]
fn root_by_sudo_becomes_the_caller() {
    if is_root() {
        in_child("child_root_by_sudo_becomes_the_caller", &[("SUDO_UID", "54321"), ("SUDO_GID", "12345")]);
    }
}

#[test]
#[ignore = "run by root_by_sudo_becomes_the_caller, in a process of its own"]
fn child_root_by_sudo_becomes_the_caller() {
    if !is_child() {
        return;
    }
    assert_eq!(drop_privileges().unwrap(), Dropped::Root { uid: 54321, gid: 12345 });
    assert_powerless();
}

#[test]
fn sudo_by_root_does_not_stay_root() {
    if is_root() {
        in_child("child_root_becomes_nobody", &[("SUDO_UID", "0"), ("SUDO_GID", "0")]);
    }
}

#[test]
fn an_ordinary_user_has_nothing_to_give_up() {
    in_child("child_ordinary_user", &[]);
}

#[test]
#[ignore = "run by an_ordinary_user_has_nothing_to_give_up, in a process of its own"]
fn child_ordinary_user() {
    if !is_child() {
        return;
    }
    if nix::unistd::geteuid().is_root() {
        nix::unistd::setgid(54321.into()).unwrap();
        nix::unistd::setuid(54321.into()).unwrap();
        assert_eq!(drop_privileges().unwrap(), Dropped::Nothing);
    } else {
        drop_privileges().unwrap();
    }
    assert_powerless();
}

#[cfg(target_os = "linux")]
mod capabilities {
    use caps::{CapSet, Capability};
    use nix::unistd::{Uid, setuid};

    use super::*;

    /// An ordinary user who may capture, as by `setcap cap_net_raw=eip`.
    fn become_user_who_may_capture() {
        caps::securebits::set_keepcaps(true).unwrap();
        setuid(Uid::from_raw(54321)).unwrap();
        let only = [Capability::CAP_NET_RAW].into_iter().collect();
        caps::set(None, CapSet::Effective, &only).unwrap();
        caps::set(None, CapSet::Permitted, &only).unwrap();
        open_loopback().unwrap();
    }

    #[test]
    fn file_capabilities_are_cleared() {
        if is_root() {
            in_child("capabilities::child_file_capabilities_are_cleared", &[]);
        }
    }

    #[test]
    #[ignore = "run by file_capabilities_are_cleared, in a process of its own"]
    fn child_file_capabilities_are_cleared() {
        if !is_child() {
            return;
        }
        become_user_who_may_capture();
        assert_eq!(drop_privileges().unwrap(), Dropped::Capabilities);
        assert!(caps::raise(None, CapSet::Effective, Capability::CAP_NET_RAW).is_err());
        assert!(nix::sys::prctl::get_no_new_privs().unwrap());
        assert_powerless();
    }

    #[test]
    fn root_of_a_user_namespace_keeps_its_name_only() {
        // A namespace that maps root and nobody else, as an ordinary user can make.
        let unshare = || {
            let mut command = Command::new("unshare");
            command.args(["--user", "--map-root-user", "--net"]);
            command
        };
        if !unshare().arg("true").status().is_ok_and(|status| status.success()) {
            return skip("capabilities in a user namespace", "unshare or user namespaces are missing");
        }
        let mut program = unshare();
        program.arg(std::env::current_exe().unwrap());
        run_child(program, "capabilities::child_root_of_a_user_namespace_keeps_its_name_only", &[]);
    }

    #[test]
    #[ignore = "run by root_of_a_user_namespace_keeps_its_name_only, in a process of its own"]
    fn child_root_of_a_user_namespace_keeps_its_name_only() {
        if !is_child() {
            return;
        }
        // Linux keeps capabilities per thread, and the test harness has another one: only it is left.
        assert!(matches!(drop_privileges(), Err(PrivilegeError::StillThere(_))));
        assert!(nix::unistd::geteuid().is_root());
        let mut sets = [CapSet::Effective, CapSet::Permitted, CapSet::Inheritable].into_iter();
        assert!(sets.all(|set| caps::read(None, set).unwrap().is_empty()));
        assert!(matches!(open_loopback(), Err(LiveError::Permission { .. })));
    }

    #[test]
    fn a_thread_that_keeps_capabilities_is_an_error() {
        if is_root() {
            in_child("capabilities::child_a_thread_that_keeps_capabilities_is_an_error", &[]);
        }
    }

    #[test]
    #[ignore = "run by a_thread_that_keeps_capabilities_is_an_error, in a process of its own"]
    fn child_a_thread_that_keeps_capabilities_is_an_error() {
        if !is_child() {
            return;
        }
        become_user_who_may_capture();
        let (end, ended) = std::sync::mpsc::channel::<()>();
        // A new thread has the capabilities of the one that starts it.
        let other = std::thread::spawn(move || ended.recv());
        assert!(matches!(drop_privileges(), Err(PrivilegeError::StillThere(_))));
        drop(end);
        other.join().unwrap().unwrap_err();
    }
}
