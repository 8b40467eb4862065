//! Display filters against Wireshark: the packets that match each filter of `tests/it/filters/*.txt` are those that
//! tshark found.
//!
//! The first line of a table names the tshark that gave its answers, `@ CAPTURE` says what the filters below it are
//! asked of (`captures/FILE`, or `corpus:PATH` for a capture of others), and a line is `FILTER<TAB>PACKETS`. Nothing
//! matching is written `none`, and only by hand. To add filters, write them without packets and run this test with
//! `WIRELAB_UPDATE_FILTERS=new` and tshark on the PATH; each `none` is asked again, and with `=1` everything is.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::corpus;
use crate::program::captures_folder;
use crate::skip::skip;
use wirelab::filter::Filter;
use wirelab::pipeline::Pipeline;
use wirelab::source::{Next, PacketSource, Savefile};

/// How many different filters the tables hold at least.
const LEAST: usize = 300;

/// Written in the place of packets where a filter is meant to match none.
const NONE: &str = "none";

const BUNDLED: &str = "captures/";
const OTHERS: &str = "corpus:";

struct Table {
    path: PathBuf,
    lines: Vec<Line>,
}

enum Line {
    /// What stands for itself: the first line, comments, empty lines, captures.
    Kept(String),
    Asked(Question),
}

struct Question {
    capture: String,
    filter: String,
    /// As the table spells them; `None` where tshark was not asked yet.
    packets: Option<String>,
}

/// Numbers in ascending order as ranges: `1-3,7`.
fn ranges(numbers: &[u64]) -> String {
    let mut runs: Vec<(u64, u64)> = Vec::new();
    for &number in numbers {
        match runs.last_mut() {
            Some((_, last)) if *last + 1 == number => *last = number,
            _ => runs.push((number, number)),
        }
    }
    if runs.is_empty() {
        return NONE.to_owned();
    }
    let spell = |&(first, last): &(u64, u64)| {
        if first == last { first.to_string() } else { format!("{first}-{last}") }
    };
    runs.iter().map(spell).collect::<Vec<_>>().join(",")
}

impl Table {
    fn read(path: PathBuf) -> Self {
        let text = fs::read_to_string(&path).unwrap();
        let mut capture = None;
        let line = |line: &str| {
            if let Some(name) = line.strip_prefix("@ ") {
                capture = Some(name.to_owned());
            }
            if line.is_empty() || line.starts_with(['#', '@']) || line.starts_with("tshark ") {
                return Line::Kept(line.to_owned());
            }
            let (filter, packets) =
                line.split_once('\t').map_or((line, None), |(f, p)| (f, Some(p.to_owned())));
            let capture =
                capture.clone().unwrap_or_else(|| panic!("{}: {line}: of which capture?", path.display()));
            Line::Asked(Question { capture, filter: filter.to_owned(), packets })
        };
        let lines = text.lines().map(line).collect();
        Self { path, lines }
    }

    fn questions(&self) -> impl Iterator<Item = &Question> {
        self.lines.iter().filter_map(|line| match line {
            Line::Asked(question) => Some(question),
            Line::Kept(_) => None,
        })
    }

    fn write(&self) {
        let mut text = String::new();
        for line in &self.lines {
            match line {
                Line::Kept(line) => writeln!(text, "{line}").unwrap(),
                Line::Asked(Question { filter, packets: Some(packets), .. }) => {
                    writeln!(text, "{filter}\t{packets}").unwrap();
                }
                Line::Asked(Question { filter, packets: None, .. }) => writeln!(text, "{filter}").unwrap(),
            }
        }
        fs::write(&self.path, text).unwrap();
    }
}

fn tables() -> Vec<Table> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/filters");
    let mut paths: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.into_iter().map(Table::read).collect()
}

/// Where a capture of a table is; `None` where it is one of others and `others` are not at hand.
fn find(capture: &str, others: Option<&Path>) -> Option<PathBuf> {
    match (capture.strip_prefix(BUNDLED), capture.strip_prefix(OTHERS)) {
        (Some(name), _) => Some(captures_folder().join(name)),
        (_, Some(name)) => others.map(|folder| folder.join("captures").join(name)),
        _ => panic!("`{capture}` begins neither with `{BUNDLED}` nor with `{OTHERS}`"),
    }
}

/// The numbers of the packets of `path` that each of `filters` takes, from one pass.
fn matching(path: &Path, filters: &mut [Filter]) -> Vec<Vec<u64>> {
    let mut found = vec![Vec::new(); filters.len()];
    let mut source = Savefile::open(path).unwrap();
    let mut pipeline = Pipeline::new(None);
    loop {
        let (packet, interfaces) = match source.next_packet().unwrap() {
            Next::Packet(packet, interfaces) => (packet, interfaces),
            Next::Tick => continue,
            Next::End => return found,
        };
        let step = pipeline.step(&packet);
        let context = step.context(interfaces);
        for (filter, numbers) in filters.iter_mut().zip(&mut found) {
            if filter.matches(&step.packet, &step.decoded, &context) {
                numbers.push(step.packet.number);
            }
        }
    }
}

#[test]
fn the_packets_of_every_filter_are_tsharks() {
    let mut tables = tables();
    let others = corpus::folder("display filters on the captures of others");
    if let Some(which) = std::env::var_os("WIRELAB_UPDATE_FILTERS") {
        update(&mut tables, others.as_deref(), which == "new");
    }
    let mut by_capture: BTreeMap<&str, Vec<&Question>> = BTreeMap::new();
    for question in tables.iter().flat_map(Table::questions) {
        by_capture.entry(&question.capture).or_default().push(question);
    }
    let (mut compared, mut differences) = (0_usize, String::new());
    for (capture, questions) in by_capture {
        let Some(path) = find(capture, others.as_deref()) else { continue };
        let mut asked = Vec::new();
        let mut filters = Vec::new();
        for question in questions {
            compared += 1;
            match Filter::parse(&question.filter) {
                Ok(filter) => {
                    asked.push(question);
                    filters.push(filter);
                }
                Err(error) => {
                    writeln!(differences, "{capture}: {}\n  refused: {error}", question.filter).unwrap();
                }
            }
        }
        for (question, numbers) in asked.iter().zip(matching(&path, &mut filters)) {
            let (expected, got) = (question.packets.as_deref().unwrap_or("(not asked)"), ranges(&numbers));
            if expected != got {
                writeln!(differences, "{capture}: {}\n  tshark {expected}\n  here   {got}", question.filter)
                    .unwrap();
            }
        }
    }
    assert!(compared > 0, "nothing to compare");
    let wrong = differences.lines().filter(|line| !line.starts_with(' ')).count();
    assert!(differences.is_empty(), "{wrong} of {compared} display filters differ:\n{differences}");
}

/// What the measure asks of the tables themselves, with or without the captures of others.
#[test]
fn the_tables_are_large_whole_and_name_their_tshark() {
    let tables = tables();
    let mut filters = BTreeSet::new();
    let mut asked = BTreeSet::new();
    for table in &tables {
        let name = table.path.display();
        let first = table.lines.first();
        assert!(
            matches!(first, Some(Line::Kept(line)) if version(line)),
            "{name}: no tshark in the first line"
        );
        for Question { capture, filter, packets } in table.questions() {
            filters.insert(filter.as_str());
            assert!(asked.insert((capture.as_str(), filter.as_str())), "{name}: {capture}: twice: {filter}");
            let packets =
                packets.as_deref().unwrap_or_else(|| panic!("{name}: {filter}: tshark was not asked"));
            assert!(packets == NONE || is_spelled_well(packets), "{name}: {filter}: {packets}");
        }
    }
    assert!(filters.len() >= LEAST, "only {} different filters", filters.len());
    let nothing =
        tables.iter().flat_map(Table::questions).filter(|q| q.packets.as_deref() == Some(NONE)).count();
    assert!(nothing * 4 < asked.len(), "{nothing} of {} filters match nothing", asked.len());
}

fn version(line: &str) -> bool {
    line.strip_prefix("tshark ").is_some_and(|version| version.starts_with(|c: char| c.is_ascii_digit()))
}

/// Whether `packets` is what `ranges` would write.
fn is_spelled_well(packets: &str) -> bool {
    let number = |text: &str| text.parse::<u64>().ok();
    let mut numbers = Vec::new();
    for run in packets.split(',') {
        let (first, last) = run.split_once('-').unwrap_or((run, run));
        let (Some(first), Some(last)) = (number(first), number(last)) else { return false };
        numbers.extend(first..=last);
    }
    numbers.is_sorted() && ranges(&numbers) == packets
}

#[test]
fn numbers_are_told_as_ranges() {
    assert_eq!(ranges(&[1, 2, 3, 7, 9, 10]), "1-3,7,9-10");
    assert_eq!(ranges(&[]), "none");
    assert!(is_spelled_well("1-3,7"));
    assert!(!is_spelled_well("1,2,3"));
    assert!(!is_spelled_well("7,1"));
    assert!(!is_spelled_well("1-"));
}

/// Asks tshark for the packets of every filter, or only of those without packets, and writes the tables anew.
fn update(tables: &mut [Table], others: Option<&Path>, only_new: bool) {
    if others.is_none() {
        skip("renewing display filters", "those on the captures of others keep their packets");
    }
    let told = String::from_utf8(Command::new("tshark").arg("--version").output().unwrap().stdout).unwrap();
    let version = told.split_whitespace().nth(2).unwrap().trim_end_matches('.').to_owned();
    let mut refused = String::new();
    for table in tables {
        for line in &mut table.lines {
            let question = match line {
                Line::Kept(first) if first.starts_with("tshark ") => {
                    *first = format!("tshark {version}");
                    continue;
                }
                Line::Kept(_) => continue,
                Line::Asked(question) => question,
            };
            if only_new && question.packets.is_some() && question.packets.as_deref() != Some(NONE) {
                continue;
            }
            let Some(path) = find(&question.capture, others) else { continue };
            match ask_tshark(&path, &question.filter) {
                Ok(packets) if packets == NONE && question.packets.as_deref() != Some(NONE) => {
                    question.packets = None;
                    writeln!(refused, "{}: {}: matches nothing", question.capture, question.filter).unwrap();
                }
                Ok(packets) => question.packets = Some(packets),
                Err(why) => writeln!(refused, "{}: {}: {why}", question.capture, question.filter).unwrap(),
            }
        }
        table.write();
    }
    assert!(refused.is_empty(), "not answered by tshark {version}; `{NONE}` is written by hand:\n{refused}");
}

/// The packets that tshark shows. What it shows may depend on how: where packets are described in words, the `tcp` of a
/// segment reaches over its payload, elsewhere it ends with the header. Such a filter has no one answer.
fn ask_tshark(capture: &Path, filter: &str) -> Result<String, String> {
    let numbers = shown(capture, filter, &["-T", "fields", "-e", "frame.number"])?;
    let in_words = shown(capture, filter, &["-T", "text"])?;
    if numbers == in_words {
        return Ok(ranges(&numbers));
    }
    Err(format!("{} as fields, {} in words", ranges(&numbers), ranges(&in_words)))
}

/// The numbers in the first column of what tshark prints.
fn shown(capture: &Path, filter: &str, how: &[&str]) -> Result<Vec<u64>, String> {
    let output =
        Command::new("tshark").args(["-n", "-Y", filter]).args(how).arg("-r").arg(capture).output().unwrap();
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).trim().to_owned());
    }
    let text = String::from_utf8_lossy(&output.stdout);
    let first = |line: &str| line.split_whitespace().next().and_then(|number| number.parse().ok());
    Ok(text.lines().map(|line| first(line).unwrap_or_else(|| panic!("{filter}: {line}"))).collect())
}
