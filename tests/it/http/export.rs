//! `--export`: bodies as files, whatever they are called.

use std::fs;

use super::build::{CLIENT, Capture, ORIGIN};
use crate::program::wirelab;

/// A capture of one connection in which each of these is asked for and answered with its own name.
fn serving(targets: &[String]) -> Capture {
    let mut capture = Capture::new();
    let mut talk = capture.connect(CLIENT, ORIGIN);
    for target in targets {
        capture.ask(&mut talk, format!("GET {target} HTTP/1.1\r\nHost: a\r\n\r\n"));
        capture.answer(
            &mut talk,
            format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{target}", target.len()),
        );
    }
    capture
}

#[test]
fn a_line_each_can_stand_above_the_files() {
    let folder = tempfile::tempdir().unwrap();
    let text =
        serving(&["/a.txt".to_owned()]).http(&["--short", "--export", folder.path().to_str().unwrap()]);
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines.len() == 5 && lines[1].contains("  /a.txt") && lines[2].is_empty(), "{text}");
    assert!(lines[3].starts_with("a.txt  packet 5, 6 bytes"), "{text}");
}

#[test]
fn hostile_names_stay_in_the_folder_and_lose_nothing() {
    let targets: Vec<String> = [
        "/../../../../etc/passwd",
        "/..",
        "//",
        "/%2e%2e%2f%2e%2e%2fx",
        "/..\\..\\windows.ini",
        "/CON",
        "/nul.txt",
        "/.profile",
        "/-rf",
        "/a\u{202e}b\u{200b}",
        "http://host/C:stream",
        "/same.html",
        "/SAME.html",
    ]
    .iter()
    .map(|target| (*target).to_owned())
    .chain([format!("/{}.html", "y".repeat(2000))])
    .collect();
    let capture = serving(&targets);
    let (folder, path) = capture.save();
    let into = folder.path().join("out");
    let output =
        wirelab(&["http", path.to_str().unwrap(), "--export", into.to_str().unwrap()]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let listing = String::from_utf8(output.stdout).unwrap();
    assert!(!listing.contains(|c: char| c.is_control() && c != '\n'), "{listing}");
    let mut bodies: Vec<String> = Vec::new();
    for entry in fs::read_dir(&into).unwrap() {
        let entry = entry.unwrap();
        assert!(entry.file_type().unwrap().is_file());
        let name = entry.file_name().into_string().unwrap();
        assert!(name.len() <= 140 && name.bytes().all(|byte| byte.is_ascii_graphic()), "{name}");
        bodies.push(fs::read_to_string(entry.path()).unwrap());
    }
    let mut targets = targets;
    targets.sort();
    bodies.sort();
    assert_eq!(bodies, targets);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2, "nothing was written beside the folder");
}

#[test]
fn a_thousand_of_one_name_are_a_thousand_files() {
    let capture = serving(&vec!["/a.txt".to_owned(); 1000]);
    let (folder, path) = capture.save();
    let into = folder.path().join("out");
    wirelab(&["http", path.to_str().unwrap(), "--export", into.to_str().unwrap()]).assert().success();
    assert_eq!(fs::read_dir(&into).unwrap().count(), 1000);
    assert!(into.join("a.txt").is_file() && into.join("1000-a.txt").is_file());
}

#[test]
fn a_file_that_is_there_is_left_alone() {
    let capture = serving(&["/a.txt".to_owned()]);
    let (folder, path) = capture.save();
    let into = folder.path().join("out");
    fs::create_dir(&into).unwrap();
    fs::write(into.join("a.txt"), "mine").unwrap();
    fs::write(folder.path().join("target"), "mine too").unwrap();
    std::os::unix::fs::symlink(folder.path().join("target"), into.join("2-a.txt")).unwrap();
    wirelab(&["http", path.to_str().unwrap(), "--export", into.to_str().unwrap()]).assert().success();
    assert_eq!(fs::read_to_string(into.join("a.txt")).unwrap(), "mine");
    assert_eq!(fs::read_to_string(folder.path().join("target")).unwrap(), "mine too");
    assert_eq!(fs::read_to_string(into.join("3-a.txt")).unwrap(), "/a.txt");
}

#[test]
fn what_is_not_whole_is_listed_with_the_reason() {
    let mut capture = Capture::new();
    let mut talk = capture.connect(CLIENT, ORIGIN);
    capture.ask(&mut talk, "GET /cut HTTP/1.1\r\nHost: a\r\n\r\n");
    capture.answer(&mut talk, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this");
    let (folder, path) = capture.save();
    let into = folder.path().join("out");
    let output =
        wirelab(&["http", path.to_str().unwrap(), "--export", into.to_str().unwrap()]).output().unwrap();
    let listing = String::from_utf8(output.stdout).unwrap();
    assert!(listing.contains("not written"), "{listing}");
    assert!(listing.contains("it is not whole: the capture ends before"), "{listing}");
    assert_eq!(fs::read_dir(&into).unwrap().count(), 0);
}

#[test]
fn what_its_sender_ended_early_is_written_and_said_to_be() {
    let mut capture = Capture::new();
    let mut talk = capture.connect(CLIENT, ORIGIN);
    capture.ask(&mut talk, "GET /cut HTTP/1.1\r\nHost: a\r\n\r\n");
    capture.answer(&mut talk, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this");
    capture.end(&mut talk, 1, "F.");
    let (folder, path) = capture.save();
    let into = folder.path().join("out");
    let output =
        wirelab(&["http", path.to_str().unwrap(), "--export", into.to_str().unwrap()]).output().unwrap();
    let listing = String::from_utf8(output.stdout).unwrap();
    assert!(listing.contains("it is not whole: the connection was closed before its end"), "{listing}");
    assert!(listing.contains("1 body written"), "{listing}");
    assert_eq!(fs::read_to_string(into.join("cut")).unwrap(), "only this");
}
