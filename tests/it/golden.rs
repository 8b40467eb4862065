//! Every recording in captures/ and what each reading verb prints of it, byte by byte: captures/golden/.
//!
//! `WIRELAB_UPDATE_GOLDEN=1 cargo test --test it golden` writes the goldens anew; `make captures` does so after
//! recording. What changed is then for a person to read in the diff.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::process::Command;

use crate::program::{captures_folder, recordings, wirelab};
use crate::skip::skip;
use wirelab::render::format::Utc;
use wirelab::source::{Next, PacketSource, Savefile};

/// Set to write the goldens instead of comparing with them.
const UPDATE: &str = "WIRELAB_UPDATE_GOLDEN";

/// The golden's ending, and what is run on the recording.
const OUTPUTS: [(&str, &[&str]); 8] = [
    ("read.txt", &["read"]),
    ("read.json", &["read", "--json"]),
    ("explain.txt", &["explain"]),
    ("explain.json", &["explain", "--json"]),
    ("flows.txt", &["flows"]),
    ("flows.json", &["flows", "--json"]),
    ("stats.txt", &["stats"]),
    ("stats.json", &["stats", "--json"]),
];

/// The same of recordings that one protocol is the matter of.
const MORE_OUTPUTS: [(&str, &str, &[&str]); 9] = [
    ("dns", "dns.txt", &["dns"]),
    ("dns", "dns.json", &["dns", "--json"]),
    ("dns", "audit.txt", &["audit"]),
    ("lookup", "trace.txt", &["dns", "--trace"]),
    ("lookup", "trace.json", &["dns", "--trace", "--json"]),
    ("http", "http.txt", &["http"]),
    ("http", "http.json", &["http", "--json"]),
    ("http", "audit.txt", &["audit"]),
    ("tls", "audit.txt", &["audit"]),
];

/// The basics of every packet, as `-T fields` prints them, and what DNS, HTTP and TLS say.
const FIELDS: [&str; 35] = [
    "frame.number",
    "frame.time_epoch",
    "frame.time_relative",
    "frame.len",
    "eth.type",
    "ip.src",
    "ip.dst",
    "ip.proto",
    "ip.ttl",
    "icmp.type",
    "icmp.code",
    "udp.srcport",
    "udp.dstport",
    "udp.stream",
    "tcp.srcport",
    "tcp.dstport",
    "tcp.stream",
    "tcp.flags",
    "tcp.len",
    "tcp.options.mss_val",
    "dns.id",
    "dns.flags.rcode",
    "dns.qry.name",
    "dns.a",
    "dns.cname",
    "dns.ns",
    "http.request.uri",
    "http.response.code",
    "http.content_encoding",
    "tls.handshake.type",
    "tls.handshake.extensions_server_name",
    "tls.handshake.ciphersuite",
    "x509sat.uTF8String",
    "x509ce.dNSName",
    "tls.alert_message.desc",
];

fn updating() -> bool {
    std::env::var_os(UPDATE).is_some_and(|value| value == "1")
}

fn stem(recording: &str) -> &str {
    recording.strip_suffix(".pcapng").unwrap()
}

/// `-T fields` and the fields, as both wirelab and tshark spell them.
fn fields_arguments() -> Vec<&'static str> {
    let mut arguments = vec!["-T", "fields", "-E", "header=y"];
    for field in FIELDS {
        arguments.extend(["-e", field]);
    }
    arguments
}

/// What a run prints; it must end well and say nothing on standard error.
fn printed(arguments: &[&str]) -> String {
    let output = wirelab(arguments).current_dir(captures_folder()).output().unwrap();
    let talk = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && talk.is_empty(), "{arguments:?}: {:?} {talk}", output.status.code());
    String::from_utf8(output.stdout).unwrap()
}

/// The golden's name and what belongs into it, for each golden of a recording.
fn goldens_of(recording: &str) -> Vec<(String, String)> {
    let stem = stem(recording);
    let more = MORE_OUTPUTS.iter().filter(|(of, _, _)| *of == stem).map(|(_, ending, verb)| (ending, verb));
    let all = OUTPUTS.iter().map(|(ending, verb)| (ending, verb)).chain(more);
    let mut goldens: Vec<(String, String)> = all
        .map(|(ending, verb)| (format!("{stem}.{ending}"), printed(&[verb, &[recording][..]].concat())))
        .collect();
    let fields = [&["read", recording][..], &fields_arguments()].concat();
    goldens.push((format!("{stem}.fields.txt"), printed(&fields)));
    goldens
}

/// The first line that differs, both ways.
fn difference(golden: &str, now: &str) -> String {
    let (mut old, mut new) = (golden.lines(), now.lines());
    for number in 1.. {
        let lines = (old.next(), new.next());
        if lines.0 != lines.1 || lines.0.is_none() {
            let show = |line: Option<&str>| line.map_or("(nothing)".to_owned(), str::to_owned);
            return format!("line {number}\n  golden: {}\n  now:    {}", show(lines.0), show(lines.1));
        }
    }
    unreachable!("lines end")
}

#[test]
fn every_recording_is_shown_as_its_goldens_say() {
    let folder = captures_folder().join("golden");
    let mut expected = BTreeSet::new();
    let mut wrong = String::new();
    if updating() {
        fs::create_dir_all(&folder).unwrap();
    }
    for recording in recordings() {
        for (name, now) in goldens_of(&recording) {
            let path = folder.join(&name);
            if updating() {
                fs::write(&path, &now).unwrap();
            }
            match fs::read_to_string(&path) {
                Ok(golden) if golden == now => {}
                Ok(golden) => writeln!(wrong, "{name}: {}", difference(&golden, &now)).unwrap(),
                Err(error) => writeln!(wrong, "{name}: {error}").unwrap(),
            }
            expected.insert(name);
        }
    }
    for entry in fs::read_dir(&folder).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        if expected.contains(&name) {
            continue;
        }
        if updating() {
            fs::remove_file(entry.path()).unwrap();
        } else {
            writeln!(wrong, "{name}: belongs to no recording").unwrap();
        }
    }
    assert!(wrong.is_empty(), "if this is right, run it again with {UPDATE}=1\n{wrong}");
}

/// The day of the first packet, as 2026-11-21.
fn day_of(recording: &str) -> String {
    let mut source = Savefile::open(&captures_folder().join(recording)).unwrap();
    let Next::Packet(packet, _) = source.next_packet().unwrap() else { panic!("{recording} is empty") };
    Utc(packet.ts.unwrap()).to_string()[..10].to_owned()
}

#[test]
fn every_recording_says_where_it_comes_from() {
    let readme = fs::read_to_string(captures_folder().join("README.md")).unwrap();
    let rows: Vec<&str> = readme.lines().filter(|line| line.starts_with("| `")).collect();
    let recordings = recordings();
    for recording in &recordings {
        let row = rows.iter().filter(|row| row.starts_with(&format!("| `{recording}` |"))).count();
        assert_eq!(row, 1, "{recording} has {row} rows in captures/README.md");
    }
    assert_eq!(rows.len(), recordings.len(), "captures/README.md has a row without a recording");
    for row in rows {
        let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
        assert_eq!(cells.len(), 4, "{row}");
        assert!(cells.iter().all(|cell| !cell.is_empty()), "{row}");
        let day = day_of(cells[0].trim_matches('`'));
        assert!(
            cells[3].starts_with(&day),
            "{}: its first packet is of {day}, its row says {}",
            cells[0],
            cells[3]
        );
    }
}

#[test]
fn the_fields_of_every_recording_are_those_of_tshark() {
    if Command::new("tshark").arg("--version").output().is_err() {
        skip("fields of the recordings beside tshark's", "tshark is not installed");
        return;
    }
    for recording in recordings() {
        let theirs = Command::new("tshark")
            .args(["-n", "-r", &recording])
            .args(fields_arguments())
            .current_dir(captures_folder())
            .output()
            .unwrap();
        let theirs = String::from_utf8(theirs.stdout).unwrap();
        let ours = printed(&[&["read", &recording][..], &fields_arguments()].concat());
        assert_eq!(ours, theirs, "{recording}");
    }
}
