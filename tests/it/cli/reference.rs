//! What the program tells of itself: fields, completions, man pages.

use super::run;

#[test]
fn fields_are_listed_by_name_and_meaning() {
    let all = run(&["fields"]);
    assert_eq!((all.code, all.err.as_str()), (Some(0), ""));
    for line in all.out.lines() {
        let cells: Vec<&str> = line.split('\t').collect();
        assert_eq!(cells.len(), 3, "{line}");
        assert!(cells.iter().all(|cell| !cell.is_empty()), "{line}");
    }
    let named = |pattern: &str| -> Vec<String> {
        let run = run(&["fields", pattern]);
        assert_eq!((run.code, run.err.as_str()), (Some(0), ""), "{pattern}");
        run.out.lines().map(|line| line.split('\t').next().unwrap().to_owned()).collect()
    };
    let tcp = named("tcp.");
    assert!(tcp.iter().all(|name| name.starts_with("tcp.")), "a dot at the end: what begins with it");
    assert!(tcp.contains(&"tcp.flags.syn".to_owned()));
    assert_eq!(named("TCP.FLAGS.SYN"), ["tcp.flags.syn"], "in whatever case");
    assert!(named("hop limit").contains(&"ipv6.hlim".to_owned()), "by meaning");
    assert!(named("ip").contains(&"ip".to_owned()), "protocols are listed too");
}

#[test]
fn a_pattern_that_matches_no_field_is_answered_with_no() {
    let slip = run(&["fields", "tcp.scrport"]);
    assert_eq!((slip.code, slip.out.as_str()), (Some(1), ""));
    assert!(slip.err.contains("did you mean tcp.srcport?"), "{}", slip.err);
    assert_eq!(run(&["fields", "no\x1bsuch"]).code, Some(1));
    let json = run(&["fields", "zebra", "--json"]);
    assert_eq!(json.code, Some(1));
    let document: serde_json::Value = serde_json::from_str(&json.out).unwrap();
    assert_eq!(document["fields"].as_array().unwrap().len(), 0);
}

#[test]
fn fields_are_a_document_too() {
    let json = run(&["fields", "ip.ttl", "--json"]);
    assert_eq!((json.code, json.err.as_str()), (Some(0), ""));
    let document: serde_json::Value = serde_json::from_str(&json.out).unwrap();
    assert_eq!(document["schema"], "wirelab.fields/1");
    let field = &document["fields"][0];
    assert_eq!(
        (&field["name"], &field["type"], &field["protocol"]),
        (&"ip.ttl".into(), &"unsigned integer, 8 bits".into(), &"ip".into())
    );
}

#[test]
fn every_shell_has_completions_of_every_verb() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let run = run(&["completions", shell]);
        assert_eq!((run.code, run.err.as_str()), (Some(0), ""), "{shell}");
        for word in ["wirelab", "explain", "completions", "filter", "interfaces"] {
            assert!(run.out.contains(word), "{shell}: {word}");
        }
    }
}

/// The completions are what bash itself takes for a script.
#[test]
fn bash_reads_its_completions() {
    let script = run(&["completions", "bash"]).out;
    let (_folder, path) = super::file("wirelab.bash", script.as_bytes());
    let Ok(bash) = std::process::Command::new("bash").arg("-n").arg(&path).output() else {
        return crate::skip::skip("completions as bash reads them", "bash is not installed");
    };
    assert!(bash.status.success(), "{}", String::from_utf8_lossy(&bash.stderr));
}

#[test]
fn every_verb_has_a_man_page() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("man1");
    let written = run(&["man", "--dir", dir.to_str().unwrap()]);
    assert_eq!((written.code, written.out.as_str()), (Some(0), ""));
    let mut names: Vec<String> = std::fs::read_dir(&dir)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    let verbs = [
        "",
        "-audit",
        "-capture",
        "-client",
        "-completions",
        "-dns",
        "-explain",
        "-fields",
        "-flows",
        "-follow",
        "-http",
        "-interfaces",
        "-mail",
        "-man",
        "-read",
        "-replay",
        "-serve",
        "-stats",
        "-trace",
    ];
    let wanted: Vec<String> = verbs.iter().map(|verb| format!("wirelab{verb}.1")).collect();
    let mut sorted = wanted.clone();
    sorted.sort();
    assert_eq!(names, sorted);
    assert!(written.err.contains(&format!("{} man pages", names.len())), "{}", written.err);
    for (verb, name) in verbs.iter().zip(&wanted) {
        let page = std::fs::read_to_string(dir.join(name)).unwrap();
        assert!(page.contains(&format!(".TH wirelab{verb} 1")), "{name}: {page}");
        for section in ["NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS"] {
            assert!(page.contains(&format!("\n.SH {section}\n")), "{name} has no {section}");
        }
        // As the help has them.
        assert_eq!(page.contains("\n.SH EXAMPLES\n"), run_help_has_examples(verb), "{name}");
        let args: Vec<&str> = std::iter::once("man").chain(verb.strip_prefix('-')).collect();
        assert_eq!(run(&args).out, page, "{name}: to standard output as to a file");
    }
}

fn run_help_has_examples(verb: &str) -> bool {
    let args: Vec<&str> = verb.strip_prefix('-').into_iter().chain(["--help"]).collect();
    run(&args).out.contains("Examples:")
}

#[test]
fn a_man_page_shows_its_examples_line_by_line() {
    let page = run(&["man", "fields"]).out;
    assert_eq!(page.matches(".ie \\n(.g").count(), 1, "the definition of quotes is there once: {page}");
    assert!(page.contains("\n.SH EXIT STATUS\n0, or 1"), "{page}");
    let examples = page.split(".SH EXAMPLES\n.nf\n").nth(1).unwrap();
    assert!(examples.starts_with("wirelab fields"), "{examples}");
    assert!(examples.contains("\nwirelab fields window "), "{examples}");
    assert!(examples.contains("\n.fi\n.SH EXIT STATUS\n"), "{examples}");
}
