//! What goes where: data on standard output, talk on standard error, pipes that close, files that are cut.

use std::io::{BufRead, BufReader, Read};
use std::process::Stdio;

use super::{KNOCK, Run, file, knock, run, run_with_input};
use crate::program::{captures_folder, command, wirelab};

const VERBS: [&str; 5] = ["read", "explain", "flows", "follow", "replay"];

#[test]
fn a_cut_file_shows_all_before_the_cut_and_says_where() {
    let whole = run(&["read", KNOCK]);
    let bytes = knock();
    let (_folder, path) = file("cut.pcapng", &bytes[..bytes.len() * 2 / 3]);
    let path = path.to_str().unwrap();
    let cut = run(&["read", path]);
    assert_eq!(cut.code, Some(2), "{cut:?}");
    let shown = cut.out.lines().count();
    assert!(shown > 3 && whole.out.starts_with(&cut.out), "{}", cut.out);
    assert!(
        cut.err.starts_with("warning: ") && cut.err.contains("cut.pcapng: cut short at byte "),
        "{}",
        cut.err
    );
    assert!(cut.err.contains(&format!(", after packet {shown}:")), "{}", cut.err);
    for verb in VERBS {
        let run = run(&[verb, path]);
        assert_eq!(run.code, Some(2), "{verb}");
        assert!(!run.out.is_empty() && run.err == cut.err, "{verb}: {}", run.err);
    }
    let json = run(&["read", path, "--json"]);
    assert_eq!(json.code, Some(2));
    let document: serde_json::Value = serde_json::from_str(&json.out).unwrap();
    assert_eq!(document["packets"].as_array().unwrap().len(), shown);
}

#[test]
fn standard_input_is_read_as_a_file_is() {
    for verb in ["read", "flows", "replay"] {
        let named = run(&[verb, KNOCK]);
        let piped = run_with_input(&[verb, "-"], knock());
        assert_eq!((piped.code, piped.err.as_str()), (Some(0), ""), "{verb}");
        assert_eq!(piped.out, named.out, "{verb}");
    }
    let explained = run_with_input(&["explain", "-r", "-"], knock());
    assert!(explained.out.starts_with("standard input: 10 packets"), "{}", explained.out);
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    // More than a pipe holds, so that the program has to notice.
    let mut many = Vec::new();
    let bytes = knock();
    for _ in 0..2000 {
        many.extend_from_slice(&bytes);
    }
    let (_folder, path) = file("many.pcapng", &many);
    let path = path.to_str().unwrap();
    let runs: [&[&str]; 5] = [
        &["read", path],
        &["read", path, "--json"],
        &["flows", path, "--json"],
        &["explain", path],
        &["replay", path, "--speed", "0"],
    ];
    for args in runs {
        let mut child = command(args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        out.read_line(&mut line).unwrap();
        drop(out);
        let mut err = String::new();
        child.stderr.take().unwrap().read_to_string(&mut err).unwrap();
        let code = child.wait().unwrap().code();
        assert_eq!((code, err.as_str()), (Some(0), ""), "{args:?} after {line:?}");
    }
}

#[test]
fn a_number_of_packets_and_a_port_choose() {
    let all = run(&["read", KNOCK]).out;
    let three = run(&["read", KNOCK, "-c", "3"]);
    assert_eq!((three.code, three.err.as_str()), (Some(0), ""));
    assert_eq!(three.out.lines().collect::<Vec<_>>(), all.lines().take(3).collect::<Vec<_>>());
    assert_eq!(run(&["read", KNOCK, "-c", "99"]).out, all);
    assert_eq!(run(&["read", KNOCK, "--port", "1,43389"]).out, all);
}

/// The status of a verb that selects nothing: the answer is no, but for tshark's command lines.
fn empty_status(verb: &str) -> i32 {
    i32::from(verb != "read")
}

#[test]
fn a_selection_that_matches_nothing_says_what_is_there() {
    for verb in VERBS {
        let run = run(&[verb, KNOCK, "--port", "9"]);
        assert_eq!(run.code, Some(empty_status(verb)), "{verb}");
        assert!(!run.out.contains("Knock knock"), "{verb}: {}", run.out);
        assert_eq!(
            run.err, "nothing matched --port 9; knock.pcapng holds 10 packets: tcp on port 43389\n",
            "{verb}"
        );
    }
}

#[test]
#[cfg(feature = "live")]
fn a_filter_that_matches_nothing_says_so() {
    for verb in VERBS {
        let run = run(&[verb, KNOCK, "-f", "udp"]);
        assert_eq!(run.code, Some(empty_status(verb)), "{verb}");
        assert_eq!(
            run.err, "nothing matched -f 'udp'; none of the 10 packets of knock.pcapng did\n",
            "{verb}"
        );
    }
}

#[test]
fn what_is_saved_reads_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let plain = run(&["read", KNOCK, "-c", "4"]).out;
    for name in ["some.pcap", "some.pcapng"] {
        let path = folder.path().join(name);
        let path = path.to_str().unwrap();
        let saved = run(&["read", KNOCK, "-c", "4", "-w", path]);
        assert_eq!((saved.code, saved.out.as_str()), (Some(0), ""), "{saved:?}");
        assert_eq!(saved.err, format!("4 packets written to {path}\n"));
        assert_eq!(run(&["read", path]).out, plain, "{name}");
    }
}

#[test]
fn the_file_being_read_is_not_written_over_by_another_name() {
    let (folder, path) = file("one.pcapng", &knock());
    let link = folder.path().join("two.pcapng");
    std::os::unix::fs::symlink(&path, &link).unwrap();
    let run = run(&["read", path.to_str().unwrap(), "-w", link.to_str().unwrap()]);
    assert_eq!(run.code, Some(2), "{run:?}");
    assert_eq!(std::fs::read(&path).unwrap(), knock());
}

#[test]
fn colour_is_where_it_is_asked_for() {
    let run_with = |args: &[&str], variable: Option<(&str, &str)>| -> Run {
        let mut program = wirelab(args);
        program.current_dir(captures_folder()).env("TERM", "xterm-256color");
        program.envs(variable);
        program.output().unwrap().into()
    };
    for verb in VERBS {
        let plain = run_with(&[verb, KNOCK], None).out;
        assert!(!plain.contains('\x1b'), "{verb}: a pipe gets no colour");
        assert_eq!(run_with(&[verb, KNOCK, "--color", "never"], None).out, plain);
        assert_eq!(run_with(&[verb, KNOCK], Some(("NO_COLOR", "1"))).out, plain);
        let coloured = run_with(&[verb, KNOCK, "--color", "always"], Some(("NO_COLOR", "1"))).out;
        assert!(coloured.contains("\x1b["), "{verb}: always is always");
        assert_eq!(without_styles(&coloured), plain, "{verb}: colour changes nothing else");
    }
}

/// `text` without `ESC [ … m`, the only sequences there may be.
fn without_styles(text: &str) -> String {
    let mut plain = String::new();
    let mut pieces = text.split("\x1b[");
    plain.push_str(pieces.next().unwrap());
    for piece in pieces {
        let (style, rest) = piece.split_once('m').unwrap();
        assert!(style.bytes().all(|byte| byte.is_ascii_digit() || byte == b';'), "{style:?}");
        plain.push_str(rest);
    }
    plain
}

#[test]
fn a_replay_without_pace_is_the_packet_list() {
    let replayed = run(&["replay", KNOCK, "--speed", "0"]);
    assert_eq!((replayed.code, replayed.err.as_str()), (Some(0), ""));
    assert_eq!(replayed.out, run(&["read", KNOCK]).out);
}

#[test]
fn help_that_cannot_be_written_is_an_error() {
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let output = crate::program::command(&["--help"]).stdout(full).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
}
