//! A file in pieces: whole on both sides, or not there.

use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::symlink;
use std::path::Path;
use std::thread;
use std::time::Duration;

use ring::digest::{SHA256, digest};
use wirelab::lab::client::Outcome;
use wirelab::lab::{Event, LabError, Limits, Note, Policy, Server, Settings};

use super::hostile::noise;
use super::python::{python, python_server};
use super::streams::exchange;
use super::{Running, V4, client};

fn sha256(bytes: &[u8]) -> String {
    digest(&SHA256, bytes).as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

fn note(bytes: &[u8]) -> Note {
    Note::File { length: bytes.len() as u64, sha256: sha256(bytes) }
}

fn writing(path: &Path) -> Settings {
    Settings { file: Some(path.to_owned()), ..Settings::default() }
}

fn notes(events: &[Event]) -> Vec<Note> {
    events
        .iter()
        .filter_map(|event| if let Event::Noted { note, .. } = event { Some(note.clone()) } else { None })
        .collect()
}

fn names(folder: &Path) -> Vec<String> {
    fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

#[test]
fn a_file_arrives_whole_with_the_same_digest_on_both_sides() {
    let folder = tempfile::tempdir().unwrap();
    for length in [0, 1, 1024, 1025, 3_000_001] {
        let sent = folder.path().join("sent");
        let bytes = noise(length, 9);
        fs::write(&sent, &bytes).unwrap();
        let server = Running::serving("file-transfer", V4, Limits::default(), &writing(&sent));
        let out = folder.path().join(format!("out-{length}"));
        let (result, events) = client("file-transfer", server.address, &["SECRET_KEY"], writing(&out));
        assert_eq!(result.unwrap(), Outcome::Done, "{length}");
        assert!(fs::read(&out).unwrap() == bytes, "{length}");
        assert_eq!(server.notes(1), [note(&bytes)]);
        assert!(notes(&events).contains(&note(&bytes)), "{events:?}");
    }
    assert_eq!(names(folder.path()).len(), 6, "no other file is left: {:?}", names(folder.path()));
}

#[test]
fn a_wrong_key_gets_nothing() {
    let server = Running::start("file-transfer");
    for key in [
        "secret_key",
        "SECRET_KEY ",
        "SECRET_KEY\n../../etc/passwd",
        "../../etc/passwd",
        "SECRET_KEYsecret_key",
        "SECRET_KEYSECRET_",
        "\u{e9}\u{0}",
    ] {
        assert_eq!(exchange(server.address, key.as_bytes()), "AUTH_ERROR", "{key:?}");
    }
    for key in ["SECRET_KEY", "SECRET_KEY\n", "SECRET_KEY\r\n", "SECRET_KEYSECRET_KEY"] {
        assert!(exchange(server.address, key.as_bytes()).starts_with("AUTH_SUCCESSA file"), "{key:?}");
    }
    let folder = tempfile::tempdir().unwrap();
    let (result, _) =
        client("file-transfer", server.address, &["guess"], writing(&folder.path().join("out")));
    assert!(matches!(&result, Err(LabError::Refusal { said, .. }) if said == "AUTH_ERROR"), "{result:?}");
    assert!(result.unwrap_err().is_no_reply() && names(folder.path()).is_empty());
}

#[test]
fn no_file_is_written_over() {
    let server = Running::start("file-transfer");
    let folder = tempfile::tempdir().unwrap();
    let (there, link) = (folder.path().join("there"), folder.path().join("link"));
    fs::write(&there, "mine").unwrap();
    symlink("nowhere", &link).unwrap();
    for out in [&there, &link, &folder.path().join("no/such/folder/out")] {
        let (result, _) = client("file-transfer", server.address, &["SECRET_KEY"], writing(out));
        assert!(matches!(result, Err(LabError::File { .. })), "{result:?}");
    }
    assert_eq!(fs::read(&there).unwrap(), b"mine");
    assert_eq!(names(folder.path()).len(), 2);
}

#[test]
fn a_file_that_cannot_be_written_is_told_before_anybody_is_asked() {
    let server = Running::start("file-transfer");
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("no/such/folder/out");
    let (result, events) = client("file-transfer", server.address, &["SECRET_KEY"], writing(&out));
    let error = result.unwrap_err().to_string();
    assert!(error.starts_with(&format!("{}: ", out.display())), "{error}");
    assert!(events.is_empty(), "{events:?}");
}

#[test]
fn what_is_no_file_is_refused_at_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("pipe");
    nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::S_IRWXU).unwrap();
    for path in [folder.path(), &pipe, &folder.path().join("missing")] {
        let lab = wirelab::lab::find("file-transfer").unwrap();
        let error = Server::bind(lab, (V4, 0).into(), &writing(path), Policy::LocalOnly).err().unwrap();
        assert!(matches!(error, LabError::File { .. }), "{error}");
    }
}

/// A server that says these pieces with a pause between them, and then closes, or breaks off with a reset.
fn scripted(pieces: &'static [&'static str], resets: bool) -> SocketAddr {
    let listener = TcpListener::bind((V4, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        // With the key unread, closing resets.
        if !resets {
            let _ = stream.read(&mut [0; 1024]).unwrap();
        }
        for piece in pieces {
            stream.write_all(piece.as_bytes()).unwrap();
            thread::sleep(Duration::from_millis(30));
        }
    });
    address
}

#[test]
fn the_answer_may_run_together_with_the_file_or_come_in_parts() {
    let folder = tempfile::tempdir().unwrap();
    for (at, (pieces, file)) in [
        (&["AUTH_SUCCESSAUTH_SUCCESS and more"][..], "AUTH_SUCCESS and more"),
        (&["AUTH_", "SUCC", "ESSab", "cd"], "abcd"),
        (&["AUTH_SUCCESS"], ""),
        (&["AUTH_SUCCESS", "\n"], "\n"),
    ]
    .into_iter()
    .enumerate()
    {
        let out = folder.path().join(at.to_string());
        let (result, _) = client("file-transfer", scripted(pieces, false), &["SECRET_KEY"], writing(&out));
        assert_eq!(result.unwrap(), Outcome::Done, "{pieces:?}");
        assert_eq!(fs::read_to_string(&out).unwrap(), file, "{pieces:?}");
    }
}

#[test]
fn a_broken_transfer_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    for (pieces, resets) in [
        (&["AUTH_SUCCESS", "half"][..], true),
        (&[][..], false),
        (&["AUTH_"], false),
        (&["AUTH_SUCCEEDED"], false),
    ] {
        let (result, _) = client("file-transfer", scripted(pieces, resets), &["SECRET_KEY"], writing(&out));
        let error = result.unwrap_err();
        assert!(error.is_no_reply(), "{pieces:?}: {error}");
        let broke_off = matches!(error, LabError::BrokenOff { after: 4, reset: true, .. });
        assert_eq!(broke_off, resets, "{pieces:?}: {error}");
        assert_eq!(names(folder.path()), [""; 0], "{pieces:?}");
    }
}

const PYTHON_CLIENT: &str = "
import hashlib, socket, sys
s = socket.socket()
s.settimeout(20)
s.connect(('127.0.0.1', int(sys.argv[1])))
s.send(b'SECRET_KEY')
if s.recv(1024).decode() != 'AUTH_SUCCESS':
    sys.exit('no')
h = hashlib.sha256()
while True:
    d = s.recv(1024)
    if not d:
        break
    h.update(d)
print(h.hexdigest())
";

#[test]
fn a_course_client_gets_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let sent = folder.path().join("sent");
    let bytes = noise(200_000, 4);
    fs::write(&sent, &bytes).unwrap();
    let server = Running::serving("file-transfer", V4, Limits::default(), &writing(&sent));
    let Some(child) = python(PYTHON_CLIENT, &[&server.address.port().to_string()]) else { return };
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    assert_eq!(String::from_utf8(output.stdout).unwrap().trim(), sha256(&bytes));
}

const PYTHON_SERVER: &str = "
import socket
s = socket.socket()
s.settimeout(20)
s.bind(('127.0.0.1', 0))
s.listen(1)
print(s.getsockname()[1], flush=True)
c, a = s.accept()
if c.recv(1024).decode() == 'SECRET_KEY':
    c.send('AUTH_SUCCESS'.encode())
    for i in range(100):
        c.send(bytes([i]) * 1024)
else:
    c.send('AUTH_ERROR'.encode())
c.close()
";

#[test]
fn a_course_server_gives_the_file() {
    let folder = tempfile::tempdir().unwrap();
    for (key, arrives) in [("SECRET_KEY", true), ("wrong", false)] {
        let Some(server) = python_server(PYTHON_SERVER, &[]) else { return };
        let out = folder.path().join(key);
        let (result, _) = client("file-transfer", server.address, &[key], writing(&out));
        assert_eq!(result.is_ok(), arrives, "{result:?}");
        let expected: Vec<u8> = (0..100).flat_map(|byte| [byte; 1024]).collect();
        assert_eq!(fs::read(&out).ok(), arrives.then_some(expected));
        server.end();
    }
}
