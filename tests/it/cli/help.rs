//! The help of every verb, as it is: `WIRELAB_UPDATE_GOLDEN=1` writes tests/it/help/ anew.

use std::fs;
use std::path::Path;

use super::run;

const VERBS: [&str; 18] = [
    "read",
    "explain",
    "flows",
    "stats",
    "follow",
    "audit",
    "dns",
    "trace",
    "http",
    "mail",
    "replay",
    "capture",
    "interfaces",
    "serve",
    "client",
    "fields",
    "completions",
    "man",
];

#[test]
fn the_help_of_every_verb_is_as_written_down() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/help");
    let update = std::env::var_os("WIRELAB_UPDATE_GOLDEN").is_some_and(|value| value == "1");
    let mut wrong = Vec::new();
    for verb in VERBS.iter().map(Some).chain([None]) {
        let args: Vec<&str> = verb.copied().into_iter().chain(["--help"]).collect();
        let run = run(&args);
        assert_eq!((run.code, run.err.as_str()), (Some(0), ""), "{args:?}");
        let name = format!("{}.txt", verb.copied().unwrap_or("wirelab"));
        let path = folder.join(&name);
        if update {
            fs::write(&path, &run.out).unwrap();
        }
        if fs::read_to_string(&path).ok().as_ref() != Some(&run.out) {
            wrong.push(format!("{name} is now:\n{}", run.out));
        }
        assert!(run.out.lines().all(|line| line.chars().count() <= 100), "{args:?}: a line over 100 columns");
        // Examples and notes are not wrapped at words where the terminal is narrower.
        let after = run.out.split("\nExamples:").nth(1).unwrap_or_else(|| panic!("{args:?}: no examples"));
        let long: Vec<&str> = after.lines().filter(|line| line.chars().count() > 79).collect();
        assert!(long.is_empty(), "{args:?}: over 79 columns: {long:?}");
    }
    assert!(
        wrong.is_empty(),
        "if this is right, run it again with WIRELAB_UPDATE_GOLDEN=1\n{}",
        wrong.join("\n")
    );
}

#[test]
fn the_help_lists_every_verb_and_no_other() {
    let help = run(&["--help"]).out;
    let commands = help.split("Commands:\n").nth(1).unwrap().split("\n\n").next().unwrap();
    let listed: Vec<&str> = commands
        .lines()
        .map(|line| line.split_whitespace().next().unwrap())
        .filter(|verb| *verb != "help")
        .collect();
    assert_eq!(listed, VERBS);
}

#[test]
fn without_arguments_the_help_is_an_answer_to_a_mistake() {
    let bare = run(&[]);
    assert_eq!((bare.code, bare.out.as_str()), (Some(2), ""));
    assert_eq!(bare.err, run(&["--help"]).out);
}

#[test]
fn the_version_is_the_packages() {
    let run = run(&["--version"]);
    assert_eq!(run.code, Some(0));
    assert_eq!((run.out, run.err), (format!("wirelab {}\n", env!("CARGO_PKG_VERSION")), String::new()));
}
