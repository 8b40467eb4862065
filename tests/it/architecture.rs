//! The contracts that the compiler does not hold: who may import whom, who may read a clock, how large a file gets,
//! what needs a reason beside it, and what must not be in the project at all.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::skip::skip;

/// Which top-level modules of `src/` a module may use, besides itself. Data goes left to right:
/// source, decode, flow, proto, field and report, render, pipeline, cli; nothing looks to its right.
/// `lab`, `dnstrace` and `resolver` are roots of their own: they make traffic and know nothing of its analysis.
const MAY_USE: &[(&str, &[&str])] = &[
    ("time", &[]),
    ("local_only", &[]),
    ("suggest", &[]),
    ("source", &["time", "local_only"]),
    ("decode", &["time", "source"]),
    ("flow", &["time", "source", "decode"]),
    ("proto", &["time", "source", "decode", "flow"]),
    ("field", &["time", "source", "decode", "flow", "proto"]),
    ("filter", &["time", "suggest", "source", "decode", "flow", "proto", "field"]),
    ("finding", &["time", "source", "decode", "flow", "proto", "field"]),
    ("report", &["time", "source", "decode", "flow", "proto", "field", "finding"]),
    ("lab", &["time", "suggest", "local_only"]),
    ("sandbox", &["time", "source"]),
    ("hop", &["time", "source", "decode", "lab"]),
    ("dnstrace", &["time", "source", "decode", "flow", "proto", "report", "lab"]),
    ("lesson", &["time", "source", "decode", "flow", "proto", "report", "lab", "dnstrace"]),
    ("resolver", &["time", "proto", "lab", "dnstrace"]),
    (
        "render",
        &[
            "time", "source", "decode", "flow", "proto", "field", "finding", "report", "dnstrace", "lab",
            "lesson",
        ],
    ),
    ("pipeline", &["time", "source", "decode", "flow", "proto", "field", "filter", "finding", "report"]),
    (
        "cli",
        &[
            "time", "source", "decode", "flow", "proto", "field", "filter", "finding", "report", "dnstrace",
            "lab", "resolver", "hop", "lesson", "sandbox", "render", "pipeline", "suggest",
        ],
    ),
];

/// Where the present may be asked for. Everywhere else time is the capture's.
const MAY_READ_CLOCK: &[&str] = &[
    "source/live",
    "dnstrace",
    "resolver",
    "lab",
    "hop",
    "sandbox",
    "cli/replay",
    "cli/capture",
    "cli/record",
    "cli/trace/kept",
    "cli/lab",
];

/// Names that say nothing of what is inside.
const EMPTY_NAMES: &[&str] = &["util", "utils", "helper", "helpers", "common", "misc", "manager", "data2"];

/// Lines of code (not blank, not comment) at which a file has to be split.
const MAX_CODE_LINES: usize = 600;

/// Lines after which a test module moves to a file of its own.
const MAX_INLINE_TEST_LINES: usize = 200;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A Rust file under `src/`, its path from there (`decode/ip.rs`).
struct Source {
    path: String,
    text: String,
}

impl Source {
    /// `decode` for `decode/ip.rs`, `time` for `time.rs`, `None` for `lib.rs` and `main.rs`.
    fn module(&self) -> Option<&str> {
        let first = self.path.split('/').next().unwrap_or_default();
        let name = first.strip_suffix(".rs").unwrap_or(first);
        (!matches!(name, "lib" | "main")).then_some(name)
    }

    fn is_test_file(&self) -> bool {
        self.path.ends_with("/tests.rs") || self.path.contains("/tests/")
    }

    /// How many `super::` lead from this file to the crate root: 1 in `decode/mod.rs`, 2 in `decode/ip.rs`.
    fn depth(&self) -> usize {
        self.path.split('/').count() - usize::from(self.path.ends_with("/mod.rs"))
    }

    /// The text before an inline test module (clippy keeps that last), without comments and literals.
    fn code(&self) -> String {
        if self.is_test_file() {
            return String::new();
        }
        without_comments_and_literals(
            self.text.split_once(INLINE_TESTS).map_or(&*self.text, |(code, _)| code),
        )
    }
}

const INLINE_TESTS: &str = "#[cfg(test)]\nmod tests {";

fn sources() -> Vec<Source> {
    let src = root().join("src");
    let mut files = Vec::new();
    rust_files(&src, &mut files);
    let sources: Vec<Source> = files
        .into_iter()
        .map(|file| Source {
            path: file.strip_prefix(&src).unwrap().to_str().unwrap().replace('\\', "/"),
            text: fs::read_to_string(&file).unwrap(),
        })
        .collect();
    assert!(sources.iter().any(|source| source.path == "lib.rs"), "src/lib.rs was not found");
    sources
}

fn rust_files(folder: &Path, files: &mut Vec<PathBuf>) {
    let mut entries: Vec<PathBuf> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            rust_files(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

/// Fails with every finding on a line of its own.
fn assert_none(rule: &str, findings: &[String]) {
    assert!(findings.is_empty(), "{rule}\n  {}", findings.join("\n  "));
}

/// Rust text with comments and string contents taken out. Enough for this project's own code; it knows line comments,
/// nested block comments, strings with escapes, raw strings and characters.
fn without_comments_and_literals(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = String::new();
    let mut at = 0;
    while at < bytes.len() {
        let rest = &bytes[at..];
        if rest.starts_with(b"//") {
            at += rest.iter().position(|&b| b == b'\n').unwrap_or(rest.len());
        } else if rest.starts_with(b"/*") {
            at += block_comment_len(rest);
        } else if let Some(len) = raw_string_len(rest, at.checked_sub(1).map(|before| bytes[before])) {
            out.push_str("\"\"");
            at += len;
        } else if rest[0] == b'"' {
            out.push_str("\"\"");
            at += quoted_len(rest, b'"');
        } else if rest[0] == b'\'' && (rest.get(1) == Some(&b'\\') || rest.get(2) == Some(&b'\'')) {
            out.push_str("''");
            at += quoted_len(rest, b'\'');
        } else {
            out.push(char::from(rest[0]));
            at += 1;
        }
    }
    out
}

fn block_comment_len(rest: &[u8]) -> usize {
    let (mut depth, mut at) = (0_u32, 0);
    while at < rest.len() {
        match rest.get(at..at + 2) {
            Some(b"/*") => (depth, at) = (depth + 1, at + 2),
            Some(b"*/") => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            break;
        }
    }
    at
}

fn raw_string_len(rest: &[u8], before: Option<u8>) -> Option<usize> {
    if before.is_some_and(|b| b.is_ascii_alphanumeric() || b == b'_') {
        return None;
    }
    let marker = rest.strip_prefix(b"br").or_else(|| rest.strip_prefix(b"r"))?;
    let hashes = marker.iter().take_while(|&&b| b == b'#').count();
    (marker.get(hashes) == Some(&b'"')).then_some(())?;
    let opening = rest.len() - marker.len() + hashes + 1;
    let closing = format!("\"{}", "#".repeat(hashes));
    let body = rest[opening..].windows(closing.len()).position(|w| w == closing.as_bytes());
    Some(body.map_or(rest.len(), |len| opening + len + closing.len()))
}

fn quoted_len(rest: &[u8], quote: u8) -> usize {
    let mut at = 1;
    while at < rest.len() && rest[at] != quote {
        at += if rest[at] == b'\\' { 2 } else { 1 };
    }
    (at + 1).min(rest.len())
}

/// The first names after every `crate::`, and after a chain of `super::` that leaves all `depth` levels.
fn roots_used(code: &str, depth: usize) -> Vec<String> {
    let mut names = Vec::new();
    for (at, _) in code.match_indices("crate::") {
        if !code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == '$') {
            names.extend(first_names(&code[at + "crate::".len()..]));
        }
    }
    let chain = "super::".repeat(depth);
    for (at, _) in code.match_indices(&chain) {
        names.extend(first_names(&code[at + chain.len()..]));
    }
    names
}

/// `a` of `a::b`; `a` and `c` of `{a::b, c::{d, e}}`.
fn first_names(path: &str) -> Vec<String> {
    let name = |text: &str| -> String {
        text.trim_start().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
    };
    let Some(group) = path.strip_prefix('{') else { return vec![name(path)] };
    let (mut names, mut depth) = (vec![name(group)], 0_u32);
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => names.push(name(&group[at + 1..])),
            _ => {}
        }
    }
    names
}

#[test]
fn imports_go_left_to_right() {
    let mut findings = Vec::new();
    for source in sources() {
        let Some(module) = source.module() else { continue };
        let Some((_, allowed)) = MAY_USE.iter().find(|(name, _)| *name == module) else {
            findings.push(format!("src/{}: module `{module}` has no row in MAY_USE", source.path));
            continue;
        };
        for used in roots_used(&source.code(), source.depth()) {
            let is_module = MAY_USE.iter().any(|(name, _)| *name == used);
            if is_module && used != module && !allowed.contains(&&*used) {
                findings.push(format!("src/{}: `{module}` uses `{used}`", source.path));
            }
        }
    }
    assert_none("a module uses one to its right (MAY_USE)", &findings);
}

#[test]
fn the_table_of_imports_has_no_cycle() {
    for (at, (module, allowed)) in MAY_USE.iter().enumerate() {
        for used in *allowed {
            let position = MAY_USE.iter().position(|(name, _)| name == used);
            assert!(
                position.is_some_and(|position| position < at),
                "`{module}` may use `{used}`, which is not above it"
            );
        }
    }
}

#[test]
fn only_packet_time_exists_where_packets_are_analysed() {
    let mut findings = Vec::new();
    for source in sources() {
        let code = source.code();
        let reads = ["SystemTime::now", "Instant::now"].iter().any(|clock| code.contains(clock));
        if reads && !MAY_READ_CLOCK.iter().any(|place| source.path.starts_with(place)) {
            findings.push(format!("src/{}", source.path));
        }
    }
    assert_none("a clock is read outside MAY_READ_CLOCK", &findings);
}

#[test]
fn files_stay_readable() {
    let mut files = Vec::new();
    for folder in ["src", "tests", "examples"] {
        rust_files(&root().join(folder), &mut files);
    }
    let mut findings = Vec::new();
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        let shown = file.strip_prefix(root()).unwrap().display();
        let code = text
            .lines()
            .filter(|line| !matches!(line.trim_start(), "") && !line.trim_start().starts_with("//"));
        let lines = code.count();
        if lines > MAX_CODE_LINES {
            findings.push(format!("{shown}: {lines} lines of code, split at {MAX_CODE_LINES}"));
        }
        let tests = text.split_once(INLINE_TESTS).map_or(0, |(_, tests)| tests.lines().count());
        if tests > MAX_INLINE_TEST_LINES {
            findings.push(format!("{shown}: {tests} lines of inline tests, move them to tests.rs"));
        }
        if file.iter().any(|part| {
            EMPTY_NAMES.iter().any(|name| part == *name || part.to_str() == Some(&format!("{name}.rs")))
        }) {
            findings.push(format!("{shown}: the name does not say what is inside"));
        }
    }
    assert_none("files that are hard to read", &findings);
}

/// Lint exceptions in `text` without a reason: neither `reason = "…"`, nor a comment on the line or just above.
fn unexplained_exceptions(text: &str) -> Vec<usize> {
    let lines: Vec<&str> = text.lines().collect();
    let is_mark = |line: &str| {
        let line = line.trim_start();
        line.starts_with(concat!("#[", "allow("))
            || line.starts_with(concat!("#![", "allow("))
            || line.starts_with(concat!("#[", "expect("))
            || line.starts_with(concat!("#![", "expect("))
    };
    (0..lines.len())
        .filter(|&at| is_mark(lines[at]))
        .filter(|&at| {
            let end = (at..lines.len()).find(|&line| lines[line].trim_end().ends_with(']')).unwrap_or(at);
            let here = lines[at..=end].join("\n");
            let above = at.checked_sub(1).map_or("", |above| lines[above].trim_start());
            let explained = above.starts_with("//") && !above.starts_with("///") && !above.starts_with("//!");
            !(explained || here.contains("reason =") || here.contains("//"))
        })
        .map(|at| at + 1)
        .collect()
}

#[test]
fn lint_exceptions_have_a_reason() {
    let mut findings = Vec::new();
    for source in sources() {
        for line in unexplained_exceptions(&source.text) {
            findings.push(format!("src/{}:{line}", source.path));
        }
        if without_comments_and_literals(&source.text).contains("unsafe_code") {
            findings.push(format!("src/{}: unsafe code is never allowed", source.path));
        }
    }
    assert_none("lint exceptions without a reason beside them", &findings);
}

/// The project's own files, as git knows them; `None` outside a checkout.
fn tracked_files() -> Option<Vec<String>> {
    let list = ["ls-files", "-z", "--cached", "--others", "--exclude-standard"];
    let output = Command::new("git").args(list).current_dir(root()).output().ok()?;
    let listed = String::from_utf8(output.stdout).ok()?;
    let files: Vec<String> = listed.split('\0').filter(|file| !file.is_empty()).map(str::to_owned).collect();
    (output.status.success() && files.iter().any(|file| file == "Cargo.toml")).then_some(files)
}

/// A path that exists on one machine only: somebody's home, a build folder, a temporary file.
fn machine_path(line: &str) -> Option<&str> {
    const FOLDERS: &[&str] = &["home/", "root/", "Users/", "tmp/", "work/", "workspace/", "builds/"];
    line.match_indices('/')
        .filter(|&(at, _)| !line[..at].ends_with(|c: char| c.is_alphanumeric() || "_.-}~/$".contains(c)))
        .map(|(at, _)| &line[at..])
        .find(|path| FOLDERS.iter().any(|folder| path[1..].starts_with(folder)))
}

/// A package registry other than the public one, by name or by a setting that would choose it.
fn registry(line: &str) -> bool {
    let public = line.replace("registry+https://github.com/rust-lang/", "");
    let hosts = ["registry+", "sparse+", "replace-with", "index-url", "artifactory", "nexus."];
    hosts.iter().any(|mark| public.contains(mark))
}

#[test]
fn nothing_names_one_machine() {
    let Some(files) = tracked_files() else {
        return skip(
            "machine paths and registry hosts in the project's files",
            "git is missing, or this is not a checkout",
        );
    };
    let mut findings = Vec::new();
    for file in files.iter().filter(|file| *file != "tests/it/architecture.rs") {
        // A file that is deleted but not yet committed, or that is no text (a savefile), has nothing to read.
        let Ok(text) = fs::read_to_string(root().join(file)) else { continue };
        for (at, line) in text.lines().enumerate() {
            if let Some(path) = machine_path(line) {
                findings.push(format!("{file}:{}: {}", at + 1, path.chars().take(60).collect::<String>()));
            }
            if registry(line) {
                findings.push(format!("{file}:{}: a package registry", at + 1));
            }
        }
    }
    assert_none("paths or hosts of one machine", &findings);
}

#[test]
fn architecture_document_names_every_module_and_dependency() {
    let document = fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    let mut missing: Vec<String> = sources()
        .iter()
        .filter_map(Source::module)
        .filter(|module| {
            !document.contains(&format!("`{module}`")) && !document.contains(&format!("`{module}/`"))
        })
        .map(|module| format!("module {module}"))
        .collect();
    let manifest = fs::read_to_string(root().join("Cargo.toml")).unwrap();
    missing
        .extend(dependencies(&manifest).into_iter().filter(|name| !document.contains(&format!("`{name}`"))));
    missing.dedup();
    assert_none("ARCHITECTURE.md does not say what these are for", &missing);
}

/// The names under every `[…dependencies]` heading.
fn dependencies(manifest: &str) -> Vec<String> {
    let mut inside = false;
    let mut names = Vec::new();
    for line in manifest.lines() {
        if line.starts_with('[') {
            inside = line.trim_end().ends_with("dependencies]");
        } else if let Some((name, _)) = line.split_once('=').filter(|_| inside && !line.starts_with('#')) {
            names.push(name.trim().to_owned());
        }
    }
    names
}

/// The checks themselves, on text that breaks the rule: a check that cannot fail would hold nothing.
mod the_checks {
    use super::*;

    #[test]
    fn see_every_way_to_import() {
        let source = |path: &str, text: &str| Source { path: path.to_owned(), text: text.to_owned() };
        let used = |source: Source| roots_used(&source.code(), source.depth());
        assert_eq!(used(source("decode/ip.rs", "use crate::flow::Flow;")), ["flow"]);
        assert_eq!(
            used(source("decode/ip.rs", "use crate::{\n    time::{A, B},\n    flow, proto::C,\n};")),
            ["time", "flow", "proto", ""]
        );
        assert_eq!(used(source("decode/mod.rs", "fn f() { super::flow::f() }")), ["flow"]);
        assert_eq!(used(source("decode/ip.rs", "use super::super::flow::Flow;")), ["flow"]);
        assert_eq!(used(source("decode/ip.rs", "use super::Layer;")), [""; 0]);
        assert_eq!(used(source("time.rs", "use super::flow;")), ["flow"]);
        assert_eq!(
            used(source(
                "decode/ip.rs",
                "// crate::flow\n/* crate::a /* */ crate::b */ let x = \"crate::c\";"
            )),
            [""; 0]
        );
        assert_eq!(
            used(source("decode/ip.rs", "a();\n#[cfg(test)]\nmod tests {\n    use crate::flow;\n}")),
            [""; 0]
        );
        assert_eq!(used(source("decode/tests.rs", "use crate::flow;")), [""; 0]);
    }

    #[test]
    fn keep_code_behind_literals() {
        let stripped = without_comments_and_literals(
            r##"a('"', b'\'', r#"x " crate::y"#, "\"", 'z', &'static str); b()"##,
        );
        assert_eq!(stripped, r#"a('', b'', "", "", '', &'static str); b()"#);
    }

    #[test]
    fn tell_explained_exceptions_from_others() {
        let mark = concat!("#[", "allow(dead_code)]");
        assert_eq!(unexplained_exceptions(&format!("{mark}\nfn f() {{}}")), [1]);
        assert_eq!(unexplained_exceptions(&format!("/// Docs.\n{mark}\nfn f() {{}}")), [2]);
        assert_eq!(unexplained_exceptions(&format!("// Only on macOS.\n{mark}\nfn f() {{}}")), [0; 0]);
        assert_eq!(unexplained_exceptions(&format!("{mark} // only on macOS\nfn f() {{}}")), [0; 0]);
        let with_reason = concat!("#[", "expect(\n    dead_code,\n    reason = \"only on macOS\"\n)]");
        assert_eq!(unexplained_exceptions(with_reason), [0; 0]);
    }

    #[test]
    fn see_machine_paths_and_registries() {
        // Put together here, for this file is looked through as well.
        for (before, folder) in [("", "root"), ("see `", "home/ann"), ("\"", "Users"), ("=", "work")] {
            let path = format!("{before}/{folder}/x");
            assert!(machine_path(&path).is_some(), "{path}");
        }
        for path in ["https://example.org/home/x", "./work/x", "$HOME/work/x", "/etc/hosts", "and/or"] {
            assert_eq!(machine_path(path), None, "{path}");
        }
        assert!(registry("source = \"registry+https://crates.example.org/index\""));
        assert!(!registry("source = \"registry+https://github.com/rust-lang/\""));
    }

    #[test]
    fn read_the_manifest() {
        let manifest = "[package]\nname = \"x\"\n[dependencies]\na = \"1\"\n# b = \"1\"\n[features]\nc = []\n[dev-dependencies]\nd = { version = \"1\" }\n";
        assert_eq!(dependencies(manifest), ["a", "d"]);
    }
}
