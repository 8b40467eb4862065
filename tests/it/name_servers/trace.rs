//! `trace` against these servers: what it prints of each step is what dig prints of that server.

use std::process::Command;

use super::{Servers, has, servers};
use crate::program::wirelab;

/// `wirelab trace ARGS`, from these servers' root down: exit status and output.
fn trace(servers: &Servers, seed: u32, args: &[&str]) -> (Option<i32>, String) {
    let seed = seed.to_string();
    let port = servers.port.to_string();
    let root = format!("{}:{port}", servers.at("a.root-servers.net."));
    let common = ["trace", "--root", &root, "--port", &port, "--seed", &seed, "--wait", "500"];
    let output = wirelab(&[&common, args].concat()).output().unwrap();
    (output.status.code(), String::from_utf8(output.stdout).unwrap())
}

/// What dig prints of the records for this question.
fn dig(servers: &Servers, server: &str, question: [&str; 3]) -> Vec<String> {
    let output = Command::new("dig")
        .args(["-r", &format!("@{server}"), "-p", &servers.port.to_string()])
        .args(question)
        .args(["+dnssec", "+nocookie", "+bufsize=1232", "+noall", "+answer", "+authority"])
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().filter(|line| !line.is_empty()).map(str::to_owned).collect()
}

#[test]
fn each_step_has_the_records_that_dig_prints() {
    if !has("dig") {
        return;
    }
    let Some(servers) = servers() else { return };
    let mut hops = 0;
    for [name, kind] in [
        ["www.nyu.edu", "A"],
        ["www.google.com", "A"],
        ["www.amazon.com", "A"],
        ["signed.edu", "DNSKEY"],
        ["signed.edu", "ANY"],
        ["no.signed.edu", "A"],
        ["x.wild.signed.edu", "A"],
        ["big.lab.edu", "TXT"],
        ["away.lab.edu", "A"],
        ["no.com", "A"],
    ] {
        let (_, text) = trace(&servers, 4, &[name, kind, "--dig"]);
        for hop in text.trim_end().split("\n\n") {
            let mut lines: Vec<&str> = hop.lines().collect();
            let closing = lines.pop().unwrap();
            let server = closing.split(" from ").nth(1).unwrap().split('#').next().unwrap();
            let is_first = lines.first().is_some_and(|line| line.starts_with('.'));
            let question = if is_first { [".", "NS", "+recurse"] } else { [name, kind, "+norecurse"] };
            assert_eq!(lines, dig(&servers, server, question), "{name} {kind} at {server}");
            hops += 1;
        }
    }
    assert!(hops > 30, "{hops} hops");
}

#[test]
fn zones_are_secure_insecure_or_bogus() {
    let Some(servers) = servers() else { return };
    let anchor = servers.folder.path().join("root.key");
    for (name, code, wanted) in [
        ("www.signed.edu", 0, "DNSSEC secure: answer of signed.edu.: signed by a key of the zone"),
        ("www.nyu.edu", 0, "DNSSEC insecure: answer of nyu.edu.: as the zone above"),
        ("www.bogus.edu", 1, "DNSSEC bogus: answer of bogus.edu.: the signature is wrong"),
    ] {
        let (status, text) = trace(&servers, 4, &[name, "--dnssec", "--anchor", anchor.to_str().unwrap()]);
        assert_eq!(status, Some(code), "{name}: {text}");
        assert!(text.contains(wanted), "{name}: {text}");
    }
}

#[test]
fn servers_that_fail_have_their_words() {
    let Some(servers) = servers() else { return };
    for (name, code, wanted) in [
        ("www.lame.lab.edu", 0, ";; Refused: the server does not want to answer"),
        ("www.silent.lab.edu", 0, ";; Time-out: nothing came within"),
        ("www.truncates.lab.edu", 0, ";; Truncated: asked again over TCP"),
        ("www.glueless.lab.edu", 0, "it is looked up first"),
        ("www.dead.lab.edu", 1, "not found out, no server of dead.lab.edu."),
        ("x.east.lab.edu", 1, "could only"),
        ("round.lab.edu", 1, "aliases lead in a circle"),
        ("x.campus.lab.edu", 1, "DNAME above x.campus.lab.edu. to x.nyu.edu."),
    ] {
        // Which of a zone's servers is asked first follows from the seed: the bad one, with some seed.
        let runs = (0..8).map(|seed| trace(&servers, seed, &[name]));
        let (status, text) = runs.into_iter().find(|(_, text)| text.contains(wanted)).expect(wanted);
        assert_eq!(status, Some(code), "{name}: {text}");
    }
}
