//! `follow`: both sides in turns, as text, as a hex dump, as bytes, as JSON lines.

use super::{KNOCK, run};
use crate::program::wirelab;

#[test]
fn both_sides_are_told_in_turns_and_marked() {
    let run = run(&["follow", KNOCK]);
    assert_eq!((run.code, run.err.as_str()), (Some(0), ""));
    let said: Vec<&str> = run.out.lines().filter(|line| line.starts_with(['→', '←'])).collect();
    assert!(said[0].starts_with("→ packet 4, at 0.") && said[0].ends_with(" s, 13 bytes"), "{}", run.out);
    assert_eq!((said[1], said[3]), ("→ Knock knock..", "← Who's there?"));
}

#[test]
fn the_bytes_alone_are_those_of_one_side_or_both() {
    let raw = |more: &[&str]| run(&[&["follow", KNOCK, "--as", "raw"], more].concat()).out;
    assert_eq!(raw(&["--only", "resp"]), "Who's there?");
    assert_eq!(raw(&[]), "Knock knock..Who's there?");
}

#[test]
fn a_json_line_has_every_turn_with_its_packets() {
    let out = run(&["follow", KNOCK, "--stream", "all", "--as", "json"]).out;
    assert_eq!(out.lines().count(), 1);
    let flow: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!((&flow["flow"], &flow["resp"]["port"]), (&"tcp:0".into(), &43389.into()));
    let turn = &flow["turns"][1];
    assert_eq!((&turn["from"], &turn["packets"][0]), (&"resp".into(), &6.into()));
    assert_eq!(turn["hex"], "57686f27732074686572653f");
    assert_eq!(run(&["follow", KNOCK, "--json"]).out, out);
}

#[test]
fn a_flow_that_is_not_there_is_no_for_an_answer() {
    let run = run(&["follow", KNOCK, "--stream", "udp:0"]);
    let no = "there is no flow udp:0; there is tcp:0; `wirelab flows` lists them\n";
    assert_eq!((run.code, run.out.as_str(), run.err.as_str()), (Some(1), "", no));
}

#[test]
fn tsharks_spelling_of_a_flow_that_is_not_there_says_so_and_goes_on() {
    let run = run(&["read", KNOCK, "-c", "1", "-z", "follow,tcp,ascii,99", "-z", "io,phs"]);
    assert_eq!(run.code, Some(0));
    assert!(run.err.starts_with("there is no flow tcp:99; there is tcp:0;"), "{}", run.err);
    assert!(run.out.contains(" tcp "), "the other table is printed: {}", run.out);
}

#[test]
fn no_count_of_zero_is_in_the_json_and_the_help_says_so() {
    let out = run(&["follow", KNOCK, "--json"]).out;
    let flow: serde_json::Value = serde_json::from_str(&out).unwrap();
    let keys: Vec<&str> = flow.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(keys, ["flow", "orig", "resp", "turns"]);
    assert!(run(&["follow", "--help"]).out.contains("Left out are times that are not known"));
}

#[test]
fn tsharks_spelling_shows_the_same() {
    let plain = run(&["follow", KNOCK, "--stream", "tcp:0", "--as", "hex"]).out;
    let mapped = run(&["read", KNOCK, "-q", "-z", "follow,tcp,hex,0"]);
    assert_eq!((mapped.code, mapped.out), (Some(0), plain));
}

/// Two flows of the recordings in one file.
#[test]
fn where_there_are_several_flows_one_has_to_be_chosen() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("two.pcapng");
    let both: Vec<u8> = [KNOCK, "greeting.pcapng"]
        .iter()
        .flat_map(|name| std::fs::read(crate::program::captures_folder().join(name)).unwrap())
        .collect();
    std::fs::write(&path, both).unwrap();
    let output = wirelab(&["follow", path.to_str().unwrap()]).output().unwrap();
    let err = String::from_utf8(output.stderr).unwrap();
    assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0), "{err}");
    let said: Vec<&str> = err.lines().collect();
    assert_eq!(
        said,
        [
            "there are 2 flows; choose one, as with --stream tcp:0, or --stream all:",
            "  tcp:0    127.0.0.1:50976 → 127.0.0.1:43389  25 B",
            "  udp:0    127.0.0.1:60731 → 127.0.0.1:43387  61 B",
        ]
    );
}
