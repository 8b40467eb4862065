//! BIND, NSD and Knot, serving an exported zone, answer as our server does.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use wirelab::proto::dns::{Message, Section};

use super::servers;
use crate::program::PATIENCE;
use crate::skip::skip;

/// Another name server, stopped when dropped.
struct Other(Child);

impl Drop for Other {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Where a program is: system programs are not on everybody's path.
fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    folders.push("/usr/sbin".into());
    folders.into_iter().map(|folder| folder.join(program)).find(|file| file.is_file())
}

/// A configuration for one zone at 127.0.0.1, where BIND finds itself an interface.
fn configuration(program: &str, folder: &Path, port: u16, zone: &str, file: &Path) -> String {
    let (folder, file) = (folder.display(), file.display());
    match program {
        "named" => format!(
            "options {{ directory \"{folder}\"; listen-on port {port} {{ 127.0.0.1; }}; listen-on-v6 {{ none; }}; \
             recursion no; minimal-responses yes; notify no; dnssec-validation no; pid-file \"{folder}/pid\"; \
             session-keyfile \"{folder}/key\"; }};\ncontrols {{ }};\n\
             zone \"{zone}\" {{ type primary; file \"{file}\"; }};\n"
        ),
        "nsd" => format!(
            "server:\n  ip-address: 127.0.0.1@{port}\n  port: {port}\n  username: \"\"\n  database: \"\"\n  \
             zonesdir: \"{folder}\"\n  pidfile: \"{folder}/pid\"\n  xfrdfile: \"{folder}/xfrd\"\n  \
             zonelistfile: \"{folder}/list\"\n  server-count: 1\n  minimal-responses: yes\n\
             remote-control:\n  control-enable: no\nzone:\n  name: \"{zone}\"\n  zonefile: \"{file}\"\n"
        ),
        _ => format!(
            "server:\n  listen: 127.0.0.1@{port}\n  rundir: \"{folder}\"\ndatabase:\n  storage: \"{folder}\"\n\
             control:\n  listen: \"{folder}/control\"\nzone:\n- domain: \"{zone}\"\n  file: \"{file}\"\n  \
             zonefile-sync: -1\n  journal-content: none\n"
        ),
    }
}

fn query(name: &str, kind: u16) -> Vec<u8> {
    let mut bytes = b"\x12\x34\0\0\0\x01\0\0\0\0\0\x01".to_vec();
    for label in name.split('.') {
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

const QUESTIONS: [(&str, u16); 16] = [
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
];

#[test]
fn other_name_servers_answer_the_same() {
    let Some(servers) = servers() else { return };
    let ours = SocketAddr::new(servers.at("ns1.signed.edu.").parse().unwrap(), servers.port);
    let file = servers.folder.path().join("signed.edu.zone");
    for program in ["named", "nsd", "knotd"] {
        let Some(path) = find(program) else {
            skip(&format!("what {program} answers from an exported zone"), "it is not installed");
            continue;
        };
        let folder = tempfile::tempdir().unwrap();
        let port = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
        let settings = folder.path().join("settings");
        fs::write(&settings, configuration(program, folder.path(), port, "signed.edu", &file)).unwrap();
        let log = folder.path().join("log");
        let output = fs::File::create(&log).unwrap();
        let mut command = Command::new(path);
        // In the foreground; Knot stays there anyway.
        command.args(match program {
            "named" => &["-g"][..],
            "nsd" => &["-d"],
            _ => &[],
        });
        command
            .arg("-c")
            .arg(&settings)
            .stdin(Stdio::null())
            .stdout(output.try_clone().unwrap())
            .stderr(output);
        let _running = Other(command.spawn().unwrap());
        let theirs = SocketAddr::new(Ipv4Addr::LOCALHOST.into(), port);
        let end = Instant::now() + PATIENCE;
        while ask(theirs, "signed.edu", 6, Duration::from_millis(100))
            .is_none_or(|answer| answer[3] & 0xf != 0)
        {
            assert!(Instant::now() < end, "{program}: {}", fs::read_to_string(&log).unwrap());
            std::thread::sleep(Duration::from_millis(50));
        }
        for (name, kind) in QUESTIONS {
            let mine = ask(ours, name, kind, PATIENCE).unwrap();
            let other = ask(theirs, name, kind, PATIENCE).unwrap();
            assert_eq!(shape(&mine), shape(&other), "{program}: {name} {kind}");
        }
    }
}
