//! `trace` from the root down, against our servers and against theirs: the same steps.

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use super::programs::Group;
use super::{OURS, THEIRS, WIRELAB};

/// What is traced, and with which seeds: they choose the servers.
const TRACES: &[(&[&str], u32)] = &[
    (&["www.nyu.edu"], 4),
    (&["www.google.com"], 3),
    (&["www.amazon.com"], 4),
    (&["nyu.edu", "NS"], 1),
    (&["google.com", "MX"], 1),
    (&["amazon.com", "MX"], 2),
    (&["missing.lab.edu"], 2),
    (&["no.com"], 1),
    (&["text.lab.edu"], 1),
    (&["empty.lab.edu"], 1),
    (&["alias.lab.edu"], 1),
    (&["twice.lab.edu"], 1),
    (&["away.lab.edu"], 2),
    (&["nowhere.lab.edu"], 1),
    (&["round.lab.edu"], 1),
    (&["x.campus.lab.edu"], 1),
    (&["x.wild.lab.edu"], 1),
    (&["www.glueless.lab.edu"], 4),
    (&["x.east.lab.edu"], 1),
    (&["www.lame.lab.edu"], 4),
    (&["www.silent.lab.edu"], 2),
    (&["www.dead.lab.edu"], 1),
    (&["big.lab.edu", "TXT"], 2),
    (&["www.truncates.lab.edu"], 1),
    (&["signed.edu", "DS"], 1),
    (&["www.signed.edu", "A", "--dnssec"], 3),
    (&["x.wild.signed.edu", "A", "--dnssec"], 1),
    (&["no.signed.edu", "A", "--dnssec"], 1),
    (&["www.signed.edu", "MX", "--dnssec"], 1),
    (&["www.old.signed.edu", "A", "--dnssec"], 1),
    (&["away.signed.edu", "A", "--dnssec"], 1),
    (&["www.open.signed.edu", "A", "--dnssec"], 1),
    (&["www.nyu.edu", "A", "--dnssec"], 1),
    (&["www.google.com", "A", "--dnssec"], 1),
    (&["no.com", "A", "--dnssec"], 1),
    (&["no.edu", "A", "--dnssec"], 1),
    (&["www.bogus.edu", "A", "--dnssec"], 1),
];

/// Names of zones with servers that never answer.
const SILENT: [&str; 2] = ["www.silent.lab.edu", "www.dead.lab.edu"];

/// That its server truncates whatever it says over UDP is in no zone: the others answer at once what ours answers over TCP.
const TRUNCATES: &str = "www.truncates.lab.edu";

pub(super) fn compare(program: &str, groups: &[Group], folder: &Path) {
    let root = groups.iter().find(|group| group.zones.iter().any(|zone| zone == ".")).unwrap();
    let root = root.addresses[0].to_string();
    let anchor = folder.join("zones/root.key").display().to_string();
    let mut differences = Vec::new();
    let mut steps = 0;
    for &(asked, seeds) in TRACES {
        for seed in 0..seeds {
            let run = |port| trace(asked, seed, &root, port, &anchor);
            let (ours, theirs) = std::thread::scope(|scope| {
                let ours = scope.spawn(|| run(OURS));
                let theirs = run(THEIRS);
                (ours.join().unwrap(), theirs)
            });
            let over_tcp = asked[0] == TRUNCATES;
            let lines = |value: &Value| {
                let mut lines = Vec::new();
                told(value, "", over_tcp, &mut lines);
                lines
            };
            let (ours, theirs) = (lines(&ours), lines(&theirs));
            steps += ours.iter().filter(|line| line.contains(" is asked ")).count();
            if ours != theirs {
                differences.push(format!("{asked:?}, seed {seed}\n{}", compared(&ours, &theirs)));
            }
        }
    }
    assert!(differences.is_empty(), "{program}:\n{}", differences.join("\n"));
    assert!(steps > 150, "{program}: {steps} steps");
}

fn compared(ours: &[String], theirs: &[String]) -> String {
    let mut text = String::new();
    for line in ours.iter().filter(|line| !theirs.contains(line)) {
        text.push_str(&format!("  ours   {line}\n"));
    }
    for line in theirs.iter().filter(|line| !ours.contains(line)) {
        text.push_str(&format!("  theirs {line}\n"));
    }
    text
}

/// One trace, as JSON. A server that answers late because the machine is busy must not be another step: only silent ones are
/// not waited for.
fn trace(asked: &[&str], seed: u32, root: &str, port: u16, anchor: &str) -> Value {
    let (root, port, seed) = (format!("{root}:{port}"), port.to_string(), seed.to_string());
    let mut command = Command::new(std::env::var_os(WIRELAB).unwrap());
    command.args(["trace", "--json", "--root", &root, "--port", &port, "--seed", &seed]);
    let wait = if SILENT.contains(&asked[0]) { "5000" } else { "30000" };
    command.args(["--wait", wait, "--max-time", "600"]).args(asked);
    if asked.contains(&"--dnssec") {
        command.args(["--anchor", anchor]);
    }
    let output = command.output().unwrap();
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{asked:?}: {error}"))
}

/// What a trace tells, a line for each thing. With `over_tcp`, steps that say no more than that TCP is wanted are passed over.
fn told(trace: &Value, at: &str, over_tcp: bool, lines: &mut Vec<String>) {
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let mut steps = list(&trace["steps"]);
    steps.retain(|step| !over_tcp || step["outcome"] != "truncated");
    for (place, step) in steps.iter().enumerate() {
        let at = format!("{at}{place}");
        for (number, nested) in list(&step["nested"]).iter().enumerate() {
            told(nested, &format!("{at}.{number}."), over_tcp, lines);
        }
        let server = json!([step["server"]["name"], step["server"]["address"], step["server"]["known_by"]]);
        let over = if over_tcp { &Value::Null } else { &step["over"] };
        lines.push(format!("{at} {}: {server} is asked for {} over {over}", step["zone"], step["asked"]));
        lines.push(format!("{at} {} {} {}", step["outcome"], step["refers_to"], step["authoritative"]));
        // Addresses that are no glue are a server's own choice; no step follows from them.
        let glue = |server: &Value| format!("{at} server {} {}", server["name"], server["glue"]);
        lines.extend(sorted(list(&step["servers"]).iter().map(glue)));
        for section in ["answers", "authority"] {
            let records = list(&step["response"][section]);
            lines.extend(sorted(records.iter().map(|record| format!("{at} {section} {record}"))));
        }
    }
    for (number, nested) in list(&trace["fruitless"]).iter().enumerate() {
        told(nested, &format!("{at}f{number}."), over_tcp, lines);
    }
    lines.push(format!("{at} {} {}", trace["began_at"], trace["ending"]));
    lines.extend(list(&trace["dnssec"]).iter().map(|link| format!("{at} {link}")));
}

fn sorted(lines: impl Iterator<Item = String>) -> Vec<String> {
    let mut lines: Vec<String> = lines.map(|line| line.to_lowercase()).collect();
    lines.sort();
    lines
}
