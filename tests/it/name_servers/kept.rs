//! `trace -w` outside a sandbox: with the right to capture, a live run's packets are kept, and tell the same resolution.

use std::fs;
use std::path::Path;

use serde_json::Value;
use wirelab::source::{LiveError, LiveOptions, LiveSource, devices};

use super::{Servers, servers};
use crate::program::wirelab;
use crate::skip::skip;

/// Whether this machine lets us capture on loopback.
fn may_capture() -> bool {
    let Some(device) = devices().unwrap().into_iter().find(|device| device.loopback && device.up) else {
        skip("trace -w outside a sandbox", "there is no loopback interface");
        return false;
    };
    match LiveSource::open(&device.name, &LiveOptions::default()) {
        Ok(_) => true,
        Err(LiveError::Permission { .. }) => {
            skip("trace -w outside a sandbox", "it needs CAP_NET_RAW or root");
            false
        }
        Err(error) => panic!("{error}"),
    }
}

/// The document of a live run whose packets are in `file`.
fn trace(servers: &Servers, name: &str, file: &Path, more: &[&str]) -> Value {
    let port = servers.port.to_string();
    let root = format!("{}:{port}", servers.at("a.root-servers.net."));
    // Nobody is asked twice because the machine is busy.
    let args =
        ["trace", name, "--json", "--root", &root, "--port", &port, "--seed", "1", "--wait", "30000", "-w"];
    let output = wirelab(&[&args[..], &[file.to_str().unwrap()], more].concat()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.code() == Some(0) && said.contains(" packets written to "), "{said}");
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Who was asked what over what, and what came of it, step by step, those within a step before it.
fn steps(trace: &Value, into: &mut Vec<[String; 5]>) {
    for step in trace["steps"].as_array().unwrap() {
        for nested in step["nested"].as_array().into_iter().flatten() {
            steps(nested, into);
        }
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        into.push([
            text(&step["asked"]["name"]),
            text(&step["server"]["address"]),
            text(&step["over"]),
            text(&step["outcome"]),
            text(&step["outcome_words"]),
        ]);
    }
}

#[test]
fn a_live_run_is_kept_and_is_the_same_resolution() {
    if !may_capture() {
        return;
    }
    let Some(servers) = servers() else { return };
    let folder = tempfile::tempdir().unwrap();
    for (name, file, magic, has_tcp) in [
        ("www.nyu.edu", "kept.pcapng", b"\x0a\x0d\x0d\x0a", false),
        ("www.truncates.lab.edu", "kept.pcap", b"\x4d\x3c\xb2\xa1", true),
        ("www.glueless.lab.edu", "other.pcapng", b"\x0a\x0d\x0d\x0a", false),
    ] {
        let path = folder.path().join(file);
        let live = trace(&servers, name, &path, &[]);
        assert_eq!(live["ending"], "answer", "{name}: {live}");
        assert_eq!(fs::read(&path).unwrap()[..4], magic[..], "{file}");
        let output = wirelab(&["dns", "--trace", path.to_str().unwrap(), "--json"]).output().unwrap();
        let rebuilt: Value = serde_json::from_slice(&output.stdout).unwrap();
        let traces = rebuilt["traces"].as_array().unwrap();
        assert_eq!(traces.len(), 1, "{name}: {rebuilt}");
        let (mut before, mut after) = (Vec::new(), Vec::new());
        steps(&live, &mut before);
        steps(&traces[0], &mut after);
        assert_eq!(before, after, "{name}");
        assert_eq!(before.iter().any(|step| step[2] == "tcp"), has_tcp, "{before:?}");
        // Nothing of anybody else's, although this machine's loopback has other traffic.
        let fields = ["-T", "fields", "-e", "udp.port", "-e", "tcp.port"];
        let output = wirelab(&[&["read", path.to_str().unwrap()][..], &fields].concat()).output().unwrap();
        let port = servers.port.to_string();
        for line in String::from_utf8(output.stdout).unwrap().lines() {
            assert!(line.split([',', '\t']).any(|of_packet| of_packet == port), "{line}");
        }
    }
}

#[test]
fn the_keys_that_were_asked_for_are_kept_too() {
    if !may_capture() {
        return;
    }
    let Some(servers) = servers() else { return };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("kept.pcapng");
    let anchor = servers.folder.path().join("root.key");
    trace(&servers, "www.signed.edu", &path, &["--dnssec", "--anchor", anchor.to_str().unwrap()]);
    let fields =
        ["-T", "fields", "-e", "dns.qry.name", "-Y", "dns.qry.type == 48 && dns.flags.response == 0"];
    let output = wirelab(&[&["read", path.to_str().unwrap()][..], &fields].concat()).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let mut names: Vec<&str> = text.lines().collect();
    names.sort_unstable();
    assert_eq!(names, ["<Root>", "edu", "signed.edu"]);
}
