//! Whatever the command does, the end is clean: its exit status, no process, no namespace, no file.

use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::{folder, mark, possible, processes, record, run, said};
use crate::program::PATIENCE;

/// Waits until no process has `mark` in its command line.
#[track_caller]
fn assert_gone(mark: &str) {
    let end = Instant::now() + PATIENCE;
    loop {
        let left = processes(mark);
        if left.is_empty() {
            return;
        }
        assert!(Instant::now() < end, "still there: {left:?}");
        thread::sleep(Duration::from_millis(10));
    }
}

/// Whether a process is in the namespace with this name, as in `net:[4026531840]`.
fn is_inhabited(namespace: &str) -> bool {
    let kind = namespace.split(':').next().unwrap();
    std::fs::read_dir("/proc").unwrap().flatten().any(|entry| {
        std::fs::read_link(entry.path().join("ns").join(kind)).is_ok_and(|link| link.as_os_str() == namespace)
    })
}

#[test]
fn what_the_command_leaves_behind_is_ended() {
    if !possible("ends of sandboxes") {
        return;
    }
    let (folder, mark) = (folder(), mark("behind"));
    // A daemon that went through two forks and a session of its own, one that ignores every signal it can, and orphans.
    let script = format!(
        "for kind in net pid mnt user; do readlink /proc/self/ns/$kind; done
         (setsid sh -c 'sleep 1000 & : {mark}' &)
         setsid sh -c 'trap \"\" HUP INT TERM QUIT USR1 PIPE; while :; do sleep 1; : {mark}; done' &
         (for i in 1 2 3 4 5; do sleep 1000 & done)
         exit 3"
    );
    let left = run(record(&["--", "sh", "-c", &script]).env("TMPDIR", folder.path()));
    assert_eq!(left.code, Some(3), "{left:?}");
    assert!(left.err.contains(" processes that the command had left running were ended"), "{left:?}");
    assert_eq!(processes(&mark), [""; 0]);
    let namespaces: Vec<&str> = left.out.lines().take(4).collect();
    assert_eq!(namespaces.len(), 4, "{left:?}");
    for namespace in namespaces {
        assert!(!is_inhabited(namespace), "{namespace} has a process");
        let own =
            std::fs::read_link(format!("/proc/self/ns/{}", namespace.split(':').next().unwrap())).unwrap();
        assert_ne!(own.as_os_str(), namespace);
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "a file was left");
}

#[test]
fn a_server_may_still_close_after_its_client() {
    if !possible("ends of sandboxes") {
        return;
    }
    let script = "(sleep 0.1; echo closed in order) & exit 0";
    let done = run(&mut record(&["--", "sh", "-c", script]));
    assert_eq!((done.code, done.out.as_str()), (Some(0), "closed in order\n"), "{done:?}");
    assert!(!done.err.contains("left running"), "{done:?}");
}

#[test]
fn the_exit_status_is_the_commands() {
    if !possible("ends of sandboxes") {
        return;
    }
    for (script, code) in [("exit 0", 0), ("exit 42", 42), ("kill -9 $$", 137), ("kill -INT $$", 130)] {
        assert_eq!(run(&mut record(&["--", "sh", "-c", script])).code, Some(code), "{script}");
    }
    let cases = [
        (vec!["--", "no-such-command-17"], 127, "error: there is no command \"no-such-command-17\"\n"),
        (vec!["--", ""], 127, "error: there is no command \"\"\n"),
        (vec!["--", "/no/such/file"], 127, "error: there is no /no/such/file\n"),
        (vec!["--", "/etc/passwd"], 126, "error: cannot execute /etc/passwd: "),
        (vec!["--", "/etc"], 126, "error: cannot execute /etc: "),
    ];
    for (args, code, said) in cases {
        let not_run = run(&mut record(&args));
        assert_eq!((not_run.code, not_run.out.as_str()), (Some(code), ""), "{args:?}");
        assert!(not_run.err.starts_with(said), "{args:?}: {not_run:?}");
    }
}

#[test]
fn a_capture_is_replaced_only_by_that_of_a_command_that_ran() {
    if !possible("ends of sandboxes") {
        return;
    }
    let folder = folder();
    let (old, new) = (folder.path().join("old.pcapng"), folder.path().join("new.pcapng"));
    std::fs::write(&old, vec![b'x'; 100_000]).unwrap();
    std::fs::set_permissions(&old, std::fs::Permissions::from_mode(0o666)).unwrap();
    for path in [&old, &new] {
        let not_run = run(&mut record(&["-w", path.to_str().unwrap(), "--", "no-such-command-17"]));
        assert_eq!(not_run.code, Some(127), "{not_run:?}");
    }
    assert_eq!(std::fs::read(&old).unwrap(), vec![b'x'; 100_000]);
    assert!(!new.exists());
    for path in [&old, &new] {
        let name = path.to_str().unwrap();
        let ran = run(&mut record(&["-w", name, "--", "getent", "hosts", "kept.example"]));
        assert!(ran.out.contains("kept.example"), "{ran:?}");
        let read = run(&mut super::ordinary(&["read", name]));
        assert!(read.code == Some(0) && read.out.contains("kept.example"), "{read:?}");
    }
}

#[test]
fn mistakes_are_told_before_the_command_runs() {
    let folder = folder();
    let file = folder.path().join("out.pcapng");
    let touched = folder.path().join("touched");
    let touch = ["--", "touch", touched.to_str().unwrap()];
    let cases: [&[&str]; 5] = [
        &["-w", "/no/such/folder/x"],
        &["-w", "-"],
        &["-w", folder.path().to_str().unwrap()],
        &["-w", file.to_str().unwrap(), "-Y", "tcp.flags.sin"],
        &["-f", "prt 80"],
    ];
    for options in cases {
        let wrong = run(&mut record(&[options, &touch].concat()));
        assert_eq!(wrong.code, Some(2), "{options:?}: {wrong:?}");
        assert!(wrong.err.starts_with("error: "), "{options:?}: {wrong:?}");
        assert!(!touched.exists(), "{options:?}: the command ran");
    }
    assert!(!file.exists());
    for none in [&[][..], &["--"]] {
        assert_eq!(run(&mut record(none)).code, Some(2), "{none:?}");
    }
}

#[test]
fn a_flood_and_a_closed_pipe_are_no_trouble() {
    if !possible("ends of sandboxes") {
        return;
    }
    let folder = folder();
    let mark = mark("flood");
    let script = format!("yes '{mark}' | head -c 20000000");
    let flood = run(record(&["--view", "none", "--", "sh", "-c", &script]).env("TMPDIR", folder.path()));
    assert_eq!((flood.code, flood.out.len()), (Some(0), 20_000_000), "{}", flood.err);
    let mut child =
        record(&["--", "yes", &mark]).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut first = [0; 5];
    std::io::Read::read_exact(&mut child.stdout.take().unwrap(), &mut first).unwrap();
    // The pipe is closed now.
    assert_eq!(child.wait().unwrap().code(), Some(128 + Signal::SIGPIPE as i32));
    assert_gone(&mark);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

/// A recording that runs, after the command has said so.
fn started(script: &str) -> std::process::Child {
    let mut child =
        record(&["--", "sh", "-c", script]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut ready = [0; 6];
    std::io::Read::read_exact(child.stdout.as_mut().unwrap(), &mut ready).unwrap();
    assert_eq!(&ready, b"ready\n");
    child
}

fn send(child: &std::process::Child, signal: Signal) {
    kill(Pid::from_raw(i32::try_from(child.id()).unwrap()), signal).unwrap();
}

#[test]
fn signals_reach_the_command_and_the_capture_is_kept() {
    if !possible("signals in sandboxes") {
        return;
    }
    // A packet before, to see that it is explained.
    let packet = "getent hosts before.example";
    for (signal, code) in [(Signal::SIGTERM, 143), (Signal::SIGINT, 130)] {
        let child = started(&format!("{packet}; echo ready; exec sleep 1000"));
        send(&child, signal);
        let ended = said(&child.wait_with_output().unwrap());
        assert_eq!(ended.code, Some(code), "{ended:?}");
        assert!(ended.out.contains("before.example"), "{ended:?}");
    }
    // One that listens to neither: the second request to end is an order.
    let mark = mark("deaf");
    let child =
        started(&format!("trap '' TERM INT; {packet}; echo ready; while :; do sleep 0.1; : {mark}; done"));
    send(&child, Signal::SIGTERM);
    thread::sleep(Duration::from_millis(200));
    assert!(!processes(&mark).is_empty());
    send(&child, Signal::SIGTERM);
    let ended = said(&child.wait_with_output().unwrap());
    assert_eq!(ended.code, Some(137), "{ended:?}");
    assert!(ended.out.contains("before.example"), "{ended:?}");
    assert_eq!(processes(&mark), [""; 0]);
}

#[test]
fn nobody_outlives_the_recorder() {
    if !possible("signals in sandboxes") {
        return;
    }
    let mark = mark("orphan");
    let mut child = started(&format!(
        "trap '' HUP TERM INT; (setsid sh -c 'while :; do sleep 0.1; : {mark}; done' &) ; echo ready; while :; do sleep 0.1; : {mark}; done"
    ));
    assert!(!processes(&mark).is_empty());
    child.kill().unwrap();
    child.wait().unwrap();
    assert_gone(&mark);
}

#[test]
fn a_terminals_ctrl_c_is_the_commands() {
    let Some(python) = super::python() else { return };
    if !possible("signals in sandboxes") {
        return;
    }
    // A terminal is made by Python: its Ctrl-C goes to the whole group of processes, the command among them, once.
    let driver = r#"
import os, pty, sys, time, re
pid, fd = pty.fork()
if pid == 0:
    os.execv(sys.argv[1], sys.argv[1:])
seen = b''
def until(what):
    global seen
    end = time.time() + 50
    while what not in seen and time.time() < end:
        try: seen += os.read(fd, 4096)
        except OSError: break
until(b'ready')
time.sleep(0.3)
for _ in range(int(os.environ['PRESSES'])):
    os.write(fd, b'\x03')
    time.sleep(0.3)
until(b'never')
_, status = os.waitpid(pid, 0)
print(os.waitstatus_to_exitcode(status), seen.count(b'interrupted'), b'recorded' in seen)
"#;
    let polite = "import time,sys\nprint('ready', flush=True)\ntry: time.sleep(1000)\nexcept KeyboardInterrupt: print('interrupted'); time.sleep(0.5); sys.exit(5)";
    let deaf = "import time\nprint('ready', flush=True)\nwhile True:\n  try: time.sleep(1000)\n  except KeyboardInterrupt: print('interrupted', flush=True)";
    for (program, presses, told) in [(polite, "1", "5 1 True\n"), (deaf, "3", "137 3 True\n")] {
        let inner = record(&["--", python, "-c", program]);
        let mut command = Command::new(python);
        command.args(["-c", driver]).arg(inner.get_program()).args(inner.get_args());
        command.env("PRESSES", presses).env("WIRELAB_LOCAL_ONLY", "1");
        if super::is_root() {
            command.uid(super::NOBODY).gid(super::NOBODY).current_dir("/");
        }
        let ended = run(&mut command);
        assert_eq!(ended.out, told, "{ended:?}");
    }
}
