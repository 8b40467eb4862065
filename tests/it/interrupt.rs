//! Ctrl-C, with real signals, so in child processes.

use std::process::Command;

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::low_level::raise;
use wirelab::source::Interrupt;

/// Set in the child processes: elsewhere the tests meant for them would end the whole test run.
const CHILD: &str = "WIRELAB_TEST_CHILD";

/// Runs the ignored test `name` of this binary in a process of its own; its exit code and output.
fn in_child(name: &str) -> (Option<i32>, String) {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", &format!("interrupt::{name}"), "--ignored", "--nocapture"])
        .env(CHILD, "1")
        .output()
        .unwrap();
    (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned())
}

#[test]
fn the_first_signal_only_asks() {
    let (code, text) = in_child("child_the_first_signal_only_asks");
    assert!(code == Some(0) && text.contains("1 passed"), "{code:?} {text}");
}

#[test]
#[ignore = "run by the_first_signal_only_asks, in a process of its own"]
fn child_the_first_signal_only_asks() {
    if std::env::var_os(CHILD).is_some() {
        let interrupt = Interrupt::install().unwrap();
        assert!(!interrupt.is_set());
        raise(SIGTERM).unwrap();
        assert!(interrupt.is_set());
    }
}

#[test]
fn the_second_signal_ends_at_once() {
    let (code, text) = in_child("child_the_second_signal_ends_at_once");
    assert!(code == Some(130) && !text.contains("passed"), "{code:?} {text}");
}

#[test]
#[ignore = "run by the_second_signal_ends_at_once, in a process of its own"]
fn child_the_second_signal_ends_at_once() {
    if std::env::var_os(CHILD).is_some() {
        let _interrupt = Interrupt::install().unwrap();
        raise(SIGINT).unwrap();
        raise(SIGINT).unwrap();
    }
}
