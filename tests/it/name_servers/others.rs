//! BIND, NSD and Knot, serving the exported zones in a sandbox, answer as our servers do, and a trace is the same.

mod programs;
mod steps;

use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use wirelab::lab::Policy;
use wirelab::lab::dns::{Addresses, Internet, Sockets, Validity};
use wirelab::proto::dns::{Message, Section};

use self::programs::{Group, Programs};
use crate::program::PATIENCE;
use crate::record;
use crate::skip::skip;

/// Set for the process in the sandbox: which program it is about, the folder to work in, and wirelab's file.
const PROGRAM: &str = "WIRELAB_TEST_SERVER";
const FOLDER: &str = "WIRELAB_TEST_FOLDER";
const WIRELAB: &str = "WIRELAB_TEST_PROGRAM";

/// The file in that folder that says what the system did not let the program do.
const REFUSED: &str = "refused";

/// Our servers' port there, and that of the others, at the same addresses.
const OURS: u16 = 5300;
const THEIRS: u16 = 5301;

/// Where a program is: system programs are not on everybody's path.
fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    folders.extend(["/usr/sbin".into(), "/usr/local/sbin".into()]);
    folders.into_iter().map(|folder| folder.join(program)).find(|file| file.is_file())
}

fn query(name: &str, kind: u16) -> Vec<u8> {
    let mut bytes = b"\x12\x34\0\0\0\x01\0\0\0\0\0\x01".to_vec();
    for label in name.split('.').filter(|label| !label.is_empty()) {
        bytes.push(u8::try_from(label.len()).unwrap());
        bytes.extend(label.bytes());
    }
    bytes.push(0);
    bytes.extend(kind.to_be_bytes());
    // Class IN; OPT with 1,232 bytes and DO.
    bytes.extend(b"\0\x01\0\0\x29\x04\xd0\0\0\x80\0\0\0");
    bytes
}

fn ask(at: SocketAddr, name: &str, kind: u16, patience: Duration) -> Option<Vec<u8>> {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    socket.set_read_timeout(Some(patience)).unwrap();
    socket.connect(at).unwrap();
    socket.send(&query(name, kind)).ok()?;
    let mut buffer = [0; 4_096];
    let length = socket.recv(&mut buffer).ok()?;
    Some(buffer[..length].to_vec())
}

/// Flags and code, then all records but the additional ones: a server may leave those out.
fn shape(bytes: &[u8]) -> Vec<String> {
    let message = Message::read(bytes);
    assert!(message.damage.is_none(), "{message:?}");
    let mut lines: Vec<String> = message
        .records
        .iter()
        .filter(|record| record.section != Section::Additional)
        .map(|record| {
            let owner = record.name.to_string().to_lowercase();
            format!(
                "{:?} {owner} {} {} {} bytes",
                record.section,
                record.ttl,
                record.kind,
                record_bytes(record.kind, record.data)
            )
        })
        .collect();
    lines.sort();
    lines.push(format!("{:x}", message.header.unwrap().flags));
    lines
}

/// How long a record's data is, where names in it cannot be compressed.
fn record_bytes(kind: u16, data: &[u8]) -> usize {
    if matches!(kind, 2 | 5 | 6 | 12 | 15) { 0 } else { data.len() }
}

const A: u16 = 1;
const MX: u16 = 15;
const DNSKEY: u16 = 48;
const DS: u16 = 43;

const RRSIG: u16 = 46;

const QUESTIONS: [(&str, u16); 20] = [
    ("signed.edu", 6),
    ("signed.edu", 2),
    ("signed.edu", MX),
    ("signed.edu", DNSKEY),
    ("signed.edu", DS),
    ("www.signed.edu", A),
    ("www.signed.edu", MX),
    ("a.b.signed.edu", A),
    ("x.wild.signed.edu", A),
    ("x.wild.signed.edu", MX),
    ("empty.signed.edu", A),
    ("www.old.signed.edu", A),
    ("alias.signed.edu", A),
    ("away.signed.edu", A),
    ("open.signed.edu", DS),
    ("www.open.signed.edu", A),
    ("www.signed.edu", RRSIG),
    ("alias.signed.edu", RRSIG),
    ("x.wild.signed.edu", RRSIG),
    ("empty.signed.edu", RRSIG),
];

#[test]
fn bind_answers_the_same() {
    in_sandbox("named");
}

#[test]
fn nsd_answers_the_same() {
    in_sandbox("nsd");
}

#[test]
fn knot_answers_the_same() {
    in_sandbox("knotd");
}

/// Runs [`child`] in a sandbox.
fn in_sandbox(program: &str) {
    let what = format!("what {program} answers from the exported zones");
    if find(program).is_none() {
        return skip(&what, "it is not installed");
    }
    if !record::possible(&what) {
        return;
    }
    let folder = record::folder();
    let child = "name_servers::others::child";
    let args = ["record", "--view", "none", "--", record::test_binary(), "--exact", child, "--ignored"];
    let mut command = record::ordinary(&args);
    let wirelab = command.get_program().to_owned();
    command.env(PROGRAM, program).env(FOLDER, folder.path()).env(WIRELAB, wirelab);
    let run = record::run(&mut command);
    assert!(run.code == Some(0) && run.out.contains("1 passed"), "{}\n{}", run.out, run.err);
    if let Ok(refused) = std::fs::read_to_string(folder.path().join(REFUSED)) {
        skip(&what, &refused);
    }
}

#[test]
#[ignore = "run by those above, in a sandbox"]
fn child() {
    let Ok(program) = std::env::var(PROGRAM) else { return };
    let folder = PathBuf::from(std::env::var_os(FOLDER).unwrap());
    let internet = Internet::own(Addresses::Loopback, Validity::starting_now()).unwrap();
    internet.export(&folder.join("zones")).unwrap();
    let sockets = Sockets::bind(&internet, OURS, Policy::from_env()).unwrap();
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| sockets.serve(&internet, &stop, &mut |_| {}).unwrap());
        let end = StopAtEnd(&stop);
        let path = find(&program).unwrap();
        let groups = Group::all(&internet);
        match Programs::start(&program, &path, &groups, THEIRS, &folder) {
            Ok(_running) => {
                compare_messages(&program, &groups);
                steps::compare(&program, &groups, &folder);
            }
            Err(refused) => std::fs::write(folder.join(REFUSED), refused).unwrap(),
        }
        drop(end);
    });
}

/// Stops our servers, also where a comparison fails.
struct StopAtEnd<'a>(&'a AtomicBool);

impl Drop for StopAtEnd<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

fn compare_messages(program: &str, groups: &[Group]) {
    let signed = groups.iter().find(|group| group.zones == ["signed.edu"]).unwrap();
    // Knot answers with the signature of one set, as others do where all types are asked for (RFC 8482).
    let is_asked = |(_, kind): &(&str, u16)| program != "knotd" || *kind != RRSIG;
    for (name, kind) in QUESTIONS.into_iter().filter(is_asked) {
        let shape =
            |port| shape(&ask(SocketAddr::new(signed.addresses[0], port), name, kind, PATIENCE).unwrap());
        assert_eq!(shape(OURS), shape(THEIRS), "{program}: {name} {kind}");
    }
}
