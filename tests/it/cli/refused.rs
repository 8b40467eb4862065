//! Capturing as a user who may not: the exact command that helps.
#![cfg(feature = "live")]

use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::Run;
use crate::program::{binary, wirelab};
use crate::skip::skip;

/// A user without any right.
const NOBODY: &str = "65534";

/// Runs the program as a user who may not capture; `None`, said aloud, where that cannot be arranged.
fn run_unprivileged(args: &[&str]) -> Option<(String, Run)> {
    if !nix::unistd::geteuid().is_root() {
        let run: Run = wirelab(args).output().unwrap().into();
        if run.err.contains("capturing on") {
            skip("capture without the right to", "this user may capture");
            return None;
        }
        return Some((binary().display().to_string(), run));
    }
    if Command::new("setpriv").arg("--version").stdout(Stdio::null()).status().is_err() {
        skip("capture without the right to", "setpriv is not installed");
        return None;
    }
    // The target folder may be closed to other users; this one is open.
    let folder = tempfile::tempdir().unwrap();
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    let program = folder.path().join("wirelab");
    // By a process of its own: a child that another test starts meanwhile would hold the copy open for writing.
    assert!(Command::new("cp").arg(binary()).arg(&program).status().unwrap().success());
    let mut child = Command::new("setpriv")
        .args([&format!("--reuid={NOBODY}"), &format!("--regid={NOBODY}"), "--clear-groups"])
        .arg(&program)
        .args(args)
        .env("WIRELAB_LOCAL_ONLY", "1")
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let end = Instant::now() + Duration::from_secs(20);
    while child.try_wait().unwrap().is_none() {
        if Instant::now() > end {
            child.kill().unwrap();
            panic!("{args:?} still runs");
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    Some((program.display().to_string(), child.wait_with_output().unwrap().into()))
}

#[test]
#[cfg(target_os = "linux")]
fn without_permission_the_exact_command_is_shown() {
    let args = ["capture", "-i", "lo", "-c", "1", "--seconds", "1", "-f", "tcp port 80"];
    let Some((program, run)) = run_unprivileged(&args) else { return };
    assert_eq!((run.code, run.out.as_str()), (Some(2), ""), "{run:?}");
    assert!(run.err.starts_with("error: no permission to capture on lo\n"), "{}", run.err);
    let again = format!("sudo {program} capture -i lo -c 1 --seconds 1 -f 'tcp port 80'");
    assert!(run.err.contains(&again), "{} does not say {again}", run.err);
    assert!(run.err.contains("wirelab read FILE"), "{}", run.err);
}

#[test]
#[cfg(target_os = "linux")]
fn the_interfaces_say_why_not() {
    let Some((_, run)) = run_unprivileged(&["interfaces"]) else { return };
    assert_eq!(run.code, Some(1), "{run:?}");
    assert!(run.out.contains("lo") && run.err.contains("sudo"), "{run:?}");
}
