//! `lab NAME` and `labs`: every scene is played as an ordinary user without any capability, and all its checks hold.

use std::process::Command;

use serde_json::Value;
use wirelab::lab::scene::{Kind, SCENES};

use crate::program::wirelab;
use crate::record::refused::run_where_forbidden;
use crate::record::{ordinary, possible};
use crate::skip::skip;

/// What a run printed as JSON; it must have found everything in order.
fn played(command: &mut Command, what: &str) -> Value {
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    let text = String::from_utf8_lossy(&output.stdout);
    let document: Value =
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{what}: {error}: {said}"));
    let failed: Vec<&Value> =
        document["checks"].as_array().unwrap().iter().filter(|check| check["holds"] == false).collect();
    assert!(failed.is_empty() && document["holds"] == true, "{what}: {failed:?} {said}");
    assert_eq!(output.status.code(), Some(0), "{what}: {said}");
    document
}

#[test]
fn every_scene_is_played_captured_and_checked() {
    if !possible("scenes in a sandbox") {
        return;
    }
    for scene in SCENES {
        let document = played(&mut ordinary(&["lab", scene.name, "--json"]), scene.name);
        assert_eq!(document["schema"], "wirelab.lab/1");
        assert_eq!((&document["name"], &document["played"]), (&scene.name.into(), &"sandbox".into()));
        assert!(!document["flows"].as_array().unwrap().is_empty(), "{}", scene.name);
        assert!(!document["log"].as_array().unwrap().is_empty(), "{}", scene.name);
        assert!(!document["checks"].as_array().unwrap().is_empty(), "{}", scene.name);
    }
}

#[test]
fn a_scene_can_be_played_over_ipv6_and_kept() {
    if !possible("scenes over IPv6") {
        return;
    }
    if std::net::UdpSocket::bind("[::1]:0").is_err() {
        skip("scenes over IPv6", "this machine has no ::1");
        return;
    }
    for name in ["greeting", "knock", "relay", "mail", "reset"] {
        let document = played(&mut ordinary(&["lab", name, "-6", "--json"]), name);
        assert_eq!(document["flows"][0]["orig"]["address"], "::1", "{name}: {}", document["flows"][0]);
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("knock.pcap");
    let kept = wirelab(&["lab", "knock", "-w", file.to_str().unwrap()]).output().unwrap();
    assert_eq!(kept.status.code(), Some(0), "{}", String::from_utf8_lossy(&kept.stderr));
    let packets = wirelab(&["read", file.to_str().unwrap()]).output().unwrap();
    assert_eq!(packets.stdout.iter().filter(|byte| **byte == b'\n').count(), 10, "{packets:?}");
}

#[test]
fn where_nothing_can_be_captured_the_recording_is_explained() {
    if !possible("a scene without a sandbox") {
        return;
    }
    for name in ["knock", "chat"] {
        let file = std::env::temp_dir().join(format!("{name}-{}.pcapng", std::process::id()));
        let inner = ordinary(&["lab", name, "-w", file.to_str().unwrap()]);
        let Some(ran) = run_where_forbidden("echo 0 > /proc/sys/user/max_user_namespaces", &inner) else {
            return;
        };
        assert_eq!(ran.code, Some(0), "{ran:?}");
        assert!(!file.exists() && ran.err.contains("is not written"), "{ran:?}");
        assert!(
            ran.err.contains("max_user_namespaces") && ran.err.contains("nothing can be captured here"),
            "{ran:?}"
        );
        assert!(ran.err.contains("the recording of this scene that wirelab brings along"), "{ran:?}");
        assert!(ran.out.contains(&format!("captures/{name}.pcapng: ")), "{ran:?}");
        assert!(
            ran.out.contains("listens on")
                && ran.out.contains("hold: the recording that wirelab brings along"),
            "{ran:?}"
        );
    }
}

#[test]
fn files_are_changed_only_by_a_scene_that_was_played() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("keep.pcapng");
    std::fs::write(&file, "before").unwrap();
    let name = file.to_str().unwrap();
    let other = folder.path().join("./keep.pcapng");
    for (log, words) in [
        ("/no/such/folder/x", "cannot create /no"),
        (other.to_str().unwrap(), "both the capture and the log"),
    ] {
        let output = wirelab(&["lab", "knock", "-w", name, "--log", log]).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.code() == Some(2) && said.contains(words), "{said}");
        assert_eq!(std::fs::read(&file).unwrap(), b"before");
    }
}

#[test]
fn a_scene_that_is_broken_off_has_no_verdict() {
    if !possible("scenes that are broken off") {
        return;
    }
    use nix::sys::signal::{Signal, kill, killpg};
    use std::io::{BufRead, BufReader};
    use std::os::unix::process::CommandExt;
    use std::process::Stdio;
    // A terminal's Ctrl-C goes to the whole group, the stage among it.
    for (signal, to_group, code) in
        [(Signal::SIGINT, true, 130), (Signal::SIGINT, false, 130), (Signal::SIGTERM, false, 143)]
    {
        let mut command = ordinary(&["lab", "datetime", "--pace", "20"]);
        command.process_group(0).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut said = String::new();
        while !said.contains("listens on") {
            assert_ne!(out.read_line(&mut said).unwrap(), 0, "{said}");
        }
        let process = nix::unistd::Pid::from_raw(i32::try_from(child.id()).unwrap());
        if to_group { killpg(process, signal) } else { kill(process, signal) }.unwrap();
        std::io::Read::read_to_string(&mut out, &mut said).unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(code), "{said}");
        assert!(said.contains("was broken off: nothing is checked"), "{said}");
        assert!(!said.contains(" hold"), "{said}");
    }
}

#[test]
fn labs_lists_everything_in_eighty_columns() {
    let output = wirelab(&["labs"]).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    for line in text.lines() {
        assert!(line.chars().count() <= 80, "{line}");
    }
    for scene in SCENES {
        let row = text.lines().find(|line| line.trim_start().split(' ').next() == Some(scene.name));
        assert!(row.is_some_and(|row| row.ends_with(scene.title)), "{}", scene.name);
    }
    let output = wirelab(&["labs", "--json"]).output().unwrap();
    let rows: Value = serde_json::from_slice(&output.stdout).unwrap();
    let labs = rows.as_array().unwrap().iter().filter(|row| row["kind"] == "lab").count();
    assert_eq!(labs, SCENES.iter().filter(|scene| scene.kind == Kind::Lab).count());
}

#[test]
fn what_cannot_be_played_is_named() {
    for (args, words) in [
        (
            &["lab", "nock"][..],
            &["no lab or experiment is called `nock`: did you mean knock?", "wirelab labs"][..],
        ),
        (&["lab", "knock", "--seed", "1"], &["the lab `knock` has no --seed"]),
        (&["lab", "half-close", "--count", "3"], &["the experiment `half-close` has no --count"]),
        (&["client", "web", "--dir", "x"], &["--dir is an option of the server"]),
        (&["client", "relay", "--allow-target", "10.0.0.1"], &["--allow-target is an option of the server"]),
        (&["lab", "web", "--dir", "x"], &["`lab` has no --dir", "wirelab serve"]),
        (&["lab", "knock", "-w", "-"], &["standard output has the story"]),
    ] {
        let output = wirelab(args).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{args:?}: {said}");
        assert!(words.iter().all(|word| said.contains(word)), "{args:?}: {said}");
    }
}
