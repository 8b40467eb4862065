//! The secrets in clear of other people's captures: those that tshark shows are found, each by its packet.

use std::path::Path;

use serde_json::Value;

use crate::corpus::{self, Expected};
use crate::program::wirelab;

/// The rest of them, of protocols that the tables of expected values do not tell: capture, kind, packet and value.
const LISTED: &str = include_str!("secrets.txt");

/// A secret that tshark shows.
struct Shown {
    kind: &'static str,
    packet: u64,
    value: String,
}

/// The FTP passwords and the HTTP Basic ones that tshark shows, each where it is first.
fn shown_by_tshark(expected: &Expected) -> Vec<Shown> {
    let column = |name: &str| expected.names.iter().position(|other| other == name);
    let cell = |row: &[String], place: Option<usize>| {
        place.and_then(|place| row.get(place)).cloned().unwrap_or_default()
    };
    let (number, basic) = (column("frame.number"), column("http.authbasic"));
    let (command, arg) = (column("ftp.request.command"), column("ftp.request.arg"));
    let mut found: Vec<Shown> = Vec::new();
    let mut add = |kind, packet, value: &str| {
        if !found.iter().any(|other| other.kind == kind && other.value == value) {
            found.push(Shown { kind, packet, value: value.to_owned() });
        }
    };
    for row in &expected.rows {
        let packet = cell(row, number).parse().unwrap_or(0);
        // Credentials are a name and a password.
        if let Some((_, password)) = cell(row, basic).split_once(':') {
            add("http_basic", packet, password);
        }
        let arg = cell(row, arg);
        if cell(row, command) == "PASS" && !arg.is_empty() {
            add("password", packet, &arg);
        }
    }
    found
}

/// Whether `audit` names just this secret, in the packet that tshark first shows it in, or in one before: tshark shows it
/// where the message ends that it is in.
fn is_found(audit: &Value, kind: &str, packet: u64, value: &str) -> bool {
    let flows = audit["flows"].as_array().unwrap().iter();
    let mut secrets = flows.filter_map(|flow| flow["secrets"].as_array()).flatten();
    let is_there = |secret: &Value| secret["packet"].as_u64().is_some_and(|there| there <= packet);
    secrets.any(|secret| secret["kind"] == kind && secret["value"] == value && is_there(secret))
}

fn audit(path: &Path) -> Value {
    let output = wirelab(&["audit", "--json", "--show-secrets", path.to_str().unwrap()]).output().unwrap();
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn secrets_of_the_corpus_are_found() {
    let Some(folder) = corpus::folder("secrets in clear") else { return };
    let root = folder.join("captures");
    let (mut all, mut missing) = (0_usize, Vec::new());
    for capture in corpus::captures(&folder) {
        let Some(expected) = corpus::expected(&folder, &capture) else { continue };
        let shown = shown_by_tshark(&expected);
        if shown.is_empty() {
            continue;
        }
        let audit = audit(&root.join(&capture));
        all += shown.len();
        let lost = shown.iter().filter(|one| !is_found(&audit, one.kind, one.packet, &one.value));
        missing.extend(
            lost.map(|one| format!("{} {} {} {}", capture.display(), one.kind, one.packet, one.value)),
        );
    }
    for line in LISTED.lines().filter(|line| !line.starts_with('#')) {
        let [capture, kind, packet, value] = line.split('\t').collect::<Vec<_>>()[..] else {
            panic!("{line}")
        };
        all += 1;
        if !is_found(&audit(&root.join(capture)), kind, packet.parse().unwrap(), value) {
            missing.push(line.to_owned());
        }
    }
    assert!(all > 20, "{all} secrets are few");
    assert!(missing.is_empty(), "{} of {all} not found:\n{}", missing.len(), missing.join("\n"));
}
