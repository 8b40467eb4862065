//! Where the system makes no namespaces, the message says which setting does and what to do.

use std::os::unix::process::CommandExt;
use std::process::Command;

use super::{folder, possible, record, run};
use crate::skip::skip;

/// `record` by an ordinary user in a user namespace where `setup` was done before.
fn where_forbidden(setup: &str, args: &[&str]) -> Option<super::Run> {
    run_where_forbidden(setup, &record(args))
}

/// The same with any command of an ordinary user.
pub(crate) fn run_where_forbidden(setup: &str, inner: &Command) -> Option<super::Run> {
    let mut command = Command::new("unshare");
    command
        .args(["--user", "--map-current-user", "--keep-caps", "sh", "-c"])
        .arg(format!("{setup} && exec setpriv --inh-caps=-all --ambient-caps=-all \"$@\""))
        .arg("sh")
        .arg(inner.get_program())
        .args(inner.get_args());
    for (name, value) in inner.get_envs() {
        command.env(name, value.unwrap_or_default());
    }
    if super::is_root() {
        command.uid(super::NOBODY).gid(super::NOBODY).current_dir("/");
    }
    let ran = run(&mut command);
    if ran.err.starts_with("unshare:") || ran.err.starts_with("setpriv:") || ran.err.starts_with("sh:") {
        skip("record where namespaces are forbidden", ran.err.lines().next().unwrap_or_default());
        return None;
    }
    Some(ran)
}

#[test]
fn a_limit_of_no_namespaces_is_named() {
    if !possible("record where namespaces are forbidden") {
        return;
    }
    let folder = folder();
    let touched = folder.path().join("touched");
    let args = ["--", "touch", touched.to_str().unwrap()];
    let Some(refused) = where_forbidden("echo 0 > /proc/sys/user/max_user_namespaces", &args) else { return };
    assert_eq!((refused.code, refused.out.as_str()), (Some(2), ""), "{refused:?}");
    assert!(refused.err.starts_with("error: cannot make a sandbox: making a user namespace: "));
    assert!(refused.err.contains("max_user_namespaces"), "{refused:?}");
    assert!(refused.err.contains("\nhint: ") && refused.err.contains("sudo sysctl user.max_user_namespaces"));
    assert!(!touched.exists(), "the command ran");

    // The others have limits of their own.
    let Some(refused) = where_forbidden("echo 0 > /proc/sys/user/max_net_namespaces", &args) else { return };
    assert_eq!(refused.code, Some(2), "{refused:?}");
    assert!(refused.err.contains("making network, mount and process namespaces"), "{refused:?}");
}

#[test]
fn root_of_a_user_namespace_is_served_too() {
    if !possible("record by root of a user namespace") {
        return;
    }
    // Several times: stages that share a /proc would get in each other's way now and then only.
    for _ in 0..20 {
        let inner = record(&["--", "sh", "-c", "readlink /proc/self"]);
        let mut command = Command::new("unshare");
        command.args(["--user", "--map-root-user"]).arg(inner.get_program()).args(inner.get_args());
        if super::is_root() {
            command.uid(super::NOBODY).gid(super::NOBODY).current_dir("/");
        }
        let ran = run(&mut command);
        if ran.err.starts_with("unshare:") {
            return skip("record by root of a user namespace", ran.err.lines().next().unwrap_or_default());
        }
        assert_eq!(ran.code, Some(0), "{ran:?}");
        assert!(ran.out.trim().parse::<u32>().is_ok_and(|pid| pid < 10), "a pid of its own: {ran:?}");
    }
}
