//! What `explain` says of FTP: which data connection belongs to which control connection, and what it was for.

use serde_json::Value;

use crate::http::build::{Capture, Connection, End};

const CLIENT: End = ([192, 0, 2, 1], 40_000);
const SERVER: End = ([192, 0, 2, 21], 21);

/// A control connection with these lines, those of the server begin with a digit.
fn say(capture: &mut Capture, control: &mut Connection, lines: &[&str]) {
    for line in lines {
        let side = usize::from(line.starts_with(|first: char| first.is_ascii_digit()));
        capture.segment(control, side, "P.", format!("{line}\r\n").as_bytes());
    }
}

/// A data connection from one end to another, in which side 0 or 1 says something, or nobody anything.
fn carry(capture: &mut Capture, ends: (End, End), side: usize, bytes: &[u8]) {
    let mut data = capture.connect(ends.0, ends.1);
    if !bytes.is_empty() {
        capture.segment(&mut data, side, "P.", bytes);
    }
    capture.end(&mut data, side, "F.");
    capture.end(&mut data, 1 - side, "F.");
}

/// A download in passive mode, an upload in active mode, an empty list, and a connection that nobody opened.
fn session() -> Capture {
    let mut capture = Capture::new();
    let mut control = capture.connect(CLIENT, SERVER);
    say(&mut capture, &mut control, &["220 hello", "USER me", "331 and?", "PASS hush", "230 in", "TYPE I"]);
    say(&mut capture, &mut control, &["200 ok", "PASV", "227 Entering Passive Mode (192,0,2,21,195,80)"]);
    say(&mut capture, &mut control, &["RETR notes.txt"]);
    carry(&mut capture, (([192, 0, 2, 1], 40_001), ([192, 0, 2, 21], 50_000)), 1, b"what was noted\n");
    say(&mut capture, &mut control, &["150 comes", "226 done", "PORT 192,0,2,1,195,81", "200 ok", "STOR up"]);
    say(&mut capture, &mut control, &["150 give"]);
    carry(&mut capture, (([192, 0, 2, 21], 20), ([192, 0, 2, 1], 50_001)), 1, b"abc");
    // Behind NAT the server tells an address that the client passes over.
    say(&mut capture, &mut control, &["226 got it", "PASV", "227 mode (10,0,0,9,195,82)", "LIST"]);
    carry(&mut capture, (([192, 0, 2, 1], 40_002), ([192, 0, 2, 21], 50_002)), 1, b"");
    say(&mut capture, &mut control, &["150 here", "226 that's all", "EPSV", "229 mode (|||50003|)"]);
    say(&mut capture, &mut control, &["RETR nothing", "550 no such file\u{1b}[2J", "QUIT", "221 bye"]);
    capture
}

#[test]
fn data_connections_and_their_control_connection_name_each_other() {
    let story = session().run("explain", &[]);
    assert!(story.lines().all(|line| line.chars().count() <= 80), "{story}");
    let story = story.split_whitespace().collect::<Vec<_>>().join(" ");
    for part in [
        "FTP data connections PASV announced 192.0.2.21:50000 (packet 12): data connection tcp:1, passive mode, opened by \
         the client, for `RETR notes.txt` (packet 13): 15 bytes from the server. Answer in packet 21: 226 done",
        "PORT announced 192.0.2.1:50001 (packet 22): data connection tcp:2, active mode, opened by the server, for `STOR \
         up` (packet 24): 3 bytes from the client. Answer in packet 32: 226 got it",
        "PASV announced 10.0.0.9:50002 (packet 34): data connection tcp:3, passive mode, opened by the client, for `LIST` \
         (packet 35): no bytes.",
        "EPSV announced 192.0.2.21:50003 (packet 44): passive mode, no such connection in the capture, for `RETR nothing` \
         (packet 45). Answer in packet 46: 550 no such file\\x1b[2J",
        "· Data of the FTP session tcp:0, for `RETR notes.txt` (packet 13); announced with PASV in packet 12, passive \
         mode. · All of it is readable text",
        "· Data of the FTP session tcp:0, for `STOR up` (packet 24); announced with PORT in packet 22, active mode: \
         the server of the session opened it, and is called client here.",
        "· Data of the FTP session tcp:0, for `LIST` (packet 35); announced with PASV in packet 34, passive mode.",
    ] {
        assert!(story.contains(part), "{part:?} is not in {story}");
    }
}

#[test]
fn scripts_get_both_ends_of_the_tie() {
    let document: Value = serde_json::from_str(&session().run("explain", &["--json"])).unwrap();
    let flows = document["flows"].as_array().unwrap();
    let transfers = flows[0]["ftp_transfers"].as_array().unwrap();
    let data: Vec<&Value> = transfers.iter().map(|transfer| &transfer["data"]).collect();
    assert_eq!(data, [&Value::from("tcp:1"), &"tcp:2".into(), &"tcp:3".into(), &Value::Null]);
    assert_eq!(transfers[1]["mode"], "active");
    assert_eq!(transfers[1]["opened_by"], "server");
    assert_eq!((&transfers[1]["client_bytes"], &transfers[1]["server_bytes"]), (&3.into(), &0.into()));
    assert_eq!(transfers[3]["answer"]["code"], 550);
    let of = &flows[1]["ftp_data_of"];
    assert_eq!((&of["control"], &of["command"]), (&"tcp:0".into(), &"RETR notes.txt".into()));
    assert_eq!((&of["packet"], &of["command_packet"]), (&12.into(), &13.into()));
    assert!(flows[0].get("ftp_data_of").is_none() && flows[1].get("ftp_transfers").is_none());
    // `flows` keeps no story.
    assert!(!session().run("flows", &["--json"]).contains("ftp_"));
}

#[test]
fn a_selection_of_one_flow_still_knows_the_other() {
    let story = session().run("explain", &["--stream", "tcp:1"]);
    assert!(story.contains("Data of the FTP session tcp:0"), "{story}");
}
