//! What is missing, cut, given up or only claimed in sessions and mails, and how that is told.

use serde_json::Value;

use super::{IMAP, POP, RELAY, json, talk};
use crate::http::build::{CLIENT, Capture};
use crate::program::wirelab;

const MAIL: &str = "From: a@b.example\r\nSubject: cut\r\n\r\nbegin";

/// The page of a mail that comes on standard input.
fn page(mail: &str) -> String {
    let output = wirelab(&["mail", "-"]).write_stdin(mail.to_owned()).output().unwrap();
    String::from_utf8(output.stdout).unwrap()
}

fn has(page: &str, texts: &[&str]) {
    for text in texts {
        assert!(page.contains(text), "{text} is not in\n{page}");
    }
}

#[test]
fn an_imap_mail_that_the_capture_ends_in_is_shown() {
    let mut capture = Capture::new();
    let mut imap = capture.connect(CLIENT, IMAP);
    capture.answer(&mut imap, "* OK ready\r\n");
    talk(&mut capture, &mut imap, &["a1 FETCH 1 BODY[]"]);
    capture.answer(&mut imap, format!("* 1 FETCH (BODY[] {{400}}\r\n{MAIL}"));
    let mut other = capture.connect((CLIENT.0, 40_003), IMAP);
    capture.answer(&mut other, "* OK ready\r\n");
    talk(&mut capture, &mut other, &["b1 APPEND x {400}", "<+ go"]);
    capture.ask(&mut other, MAIL);
    let page = capture.run("mail", &[]);
    assert_eq!(page.matches(": unfinished").count(), 2, "{page}");
    assert_eq!(page.matches("Subject: cut").count(), 2, "{page}");
    assert!(!page.contains("not selected") && !page.contains("no Date header"), "{page}");
}

#[test]
fn an_imap_mail_that_is_shorter_than_it_was_to_be_is_not_fetched() {
    let mut capture = Capture::new();
    let mut imap = capture.connect(CLIENT, IMAP);
    capture.answer(&mut imap, "* OK ready\r\n");
    talk(&mut capture, &mut imap, &["a1 FETCH 1 BODY[]"]);
    capture.answer(&mut imap, "* 1 FETCH (BODY[] {99999999999}\r\nxxx");
    capture.end(&mut imap, 1, "F.");
    let page = capture.run("mail", &[]);
    has(&page, &[": unfinished", "only its beginning"]);
    assert!(!page.contains("fetched") && !page.contains("which every mail must have"), "{page}");
}

#[test]
fn a_mail_before_which_the_capture_ends_is_told_so() {
    let mut capture = Capture::new();
    let mut smtp = capture.connect(CLIENT, RELAY);
    capture.answer(&mut smtp, "220 mx ESMTP\r\n");
    talk(&mut capture, &mut smtp, &["HELO me", "<250 mx", "MAIL FROM:<a@b>", "<250 ok"]);
    talk(&mut capture, &mut smtp, &["RCPT TO:<c@d>", "<250 ok", "DATA", "<354 go"]);
    has(&capture.run("mail", &[]), &["Mail 1 of tcp:0: the capture ends before it"]);
    capture.end(&mut smtp, 1, "F.");
    has(&capture.run("mail", &[]), &["Mail 1 of tcp:0: not sent"]);
}

#[test]
fn whom_the_server_refused_is_no_hidden_recipient() {
    let mut capture = Capture::new();
    super::hand_over(
        &mut capture,
        CLIENT,
        RELAY,
        "me.example",
        "From: x@spam.example\r\nTo: me@uni.example\r\n\r\nx\r\n",
    );
    let document = json(&capture, &[]);
    let codes = super::codes(&document["sessions"][0]["mails"][0]["message"]);
    assert!(!codes.contains(&"hidden_recipient"), "{codes:?}");
}

#[test]
fn answers_whose_command_is_missing_are_told() {
    for (server, greeting, command, answer, stray) in [
        (POP, "+OK POP3", "USER me", "+OK", "+OK one message"),
        (IMAP, "* OK ready", "a1 NOOP", "a1 OK done", "a2 OK in"),
        (RELAY, "220 mx ESMTP", "HELO me", "250 mx", "250 in"),
    ] {
        let mut capture = Capture::new();
        let mut connection = capture.connect(CLIENT, server);
        let lines = [greeting, answer, stray].map(|line| format!("<{line}"));
        talk(&mut capture, &mut connection, &[&lines[0], command, &lines[1], &lines[2]]);
        let page = capture.run("mail", &[]);
        has(&page, &["answer to what is not in the capture: "]);
        assert_eq!(page.matches("not in the capture").count(), 1, "{page}");
        let document = json(&capture, &[]);
        let events = document["sessions"][0]["events"].as_array().unwrap();
        assert_eq!(events.iter().filter(|event| event["kind"] == "stray").count(), 1);
    }
}

#[test]
fn secrets_of_logins_have_the_names_of_what_they_are() {
    let mut capture = Capture::new();
    let mut smtp = capture.connect(CLIENT, RELAY);
    capture.answer(&mut smtp, "220 mx ESMTP\r\n");
    talk(&mut capture, &mut smtp, &["AUTH CRAM-MD5", "<334 PDEyMzQ+", "bWUgYWJj", "<535 no"]);
    talk(&mut capture, &mut smtp, &["AUTH XOAUTH2 dXNlcj1tZQFhdXRoPUJlYXJlciB0b2tlbgEB", "<535 no"]);
    talk(&mut capture, &mut smtp, &["AUTH LOGIN", "<334 VXNlcm5hbWU6", "*", "<501 cancelled"]);
    talk(&mut capture, &mut smtp, &["AUTH PLAIN AG1lAGh1bnRlcjI=", "<235 ok"]);
    let page = capture.run("mail", &[]);
    has(
        &page,
        &[
            "CRAM-MD5, user me, password digest ********",
            "XOAUTH2, user me, bearer token ********",
            "login with LOGIN, given up by the client",
            "501 cancelled",
            "PLAIN, user me, password ********",
        ],
    );
    assert!(!page.contains("no answer") && !page.contains("no known command"), "{page}");
    let document = json(&capture, &["--show-secrets"]);
    let events = document["sessions"][0]["events"].as_array().unwrap();
    let logins: Vec<&Value> = events.iter().filter(|event| event["kind"] == "login").collect();
    assert_eq!((&logins[0]["digest"], &logins[0]["password"]), (&"bWUgYWJj".into(), &Value::Null));
    assert_eq!((&logins[1]["bearer_token"], &logins[1]["password"]), (&"token".into(), &Value::Null));
    assert_eq!((&logins[2]["cancelled"], &logins[2]["password"]), (&true.into(), &Value::Null));
    assert_eq!(logins[3]["password"], "hunter2");
    let mut pop = capture.connect((CLIENT.0, 40_003), POP);
    capture.answer(&mut pop, "+OK POP3 <1@x>\r\n");
    talk(&mut capture, &mut pop, &["APOP me c4c9334bac560ecc979e58001b3e22fb", "<+OK"]);
    has(&capture.run("mail", &["--stream", "tcp:1"]), &["APOP, user me, password digest ********"]);
}

#[test]
fn older_received_lines_are_all_counted() {
    let text = format!("{}From: a@b.example\n\nx\n", "Received: from a by b\n".repeat(2000));
    has(&page(&text), &["1872 older Received lines, not looked at"]);
}

#[test]
fn a_long_header_is_folded_unless_all_is_asked_for() {
    let text = format!("Subject: {}\nFrom: a@b.example\n\nx\n", "A".repeat(200_000));
    let short = page(&text);
    assert!(short.lines().count() < 40, "{}", short.lines().count());
    has(&short, &["more of this value (--full shows them)"]);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mail.eml");
    std::fs::write(&path, text).unwrap();
    let all = wirelab(&["mail", "--full", path.to_str().unwrap()]).output().unwrap();
    assert!(String::from_utf8(all.stdout).unwrap().lines().count() > 100);
}

#[test]
fn the_mails_of_a_file_are_written_one_by_one() {
    let folder = tempfile::tempdir().unwrap();
    let (path, into) = (folder.path().join("mbox"), folder.path().join("mails"));
    std::fs::write(&path, "From a Thu\nSubject: one\n\n>From me\n\nFrom b Fri\nSubject: two\n\ntext\n")
        .unwrap();
    let list =
        wirelab(&["mail", path.to_str().unwrap(), "--export", into.to_str().unwrap()]).output().unwrap();
    assert_eq!(list.status.code(), Some(0));
    let text = String::from_utf8(list.stdout).unwrap();
    has(&text, &["mail-1.eml  mail 1, ", "2 mails written"]);
    assert_eq!(std::fs::read(into.join("mail-1.eml")).unwrap(), b"Subject: one\n\nFrom me\n\n");
    assert_eq!(std::fs::read(into.join("mail-2.eml")).unwrap(), b"Subject: two\n\ntext\n");
}

#[test]
fn fields_of_mail_protocols_are_those_of_wireshark() {
    let mut capture = Capture::new();
    let mut smtp = capture.connect(CLIENT, RELAY);
    capture.answer(&mut smtp, "220 mx ESMTP\r\n");
    talk(
        &mut capture,
        &mut smtp,
        &["AUTH LOGIN", "<334 VXNlcm5hbWU6", "bWU=", "<334 UGFzc3dvcmQ6", "cHc=", "<235 ok"],
    );
    let rows = capture.run("read", &["-Y", "smtp.req", "-T", "fields", "-e", "smtp.auth.password"]);
    assert_eq!(rows, "\n\ncHc=\n");
    let mut pop = capture.connect((CLIENT.0, 40_003), POP);
    talk(&mut capture, &mut pop, &["<+OK POP3", "QUIT", "<+OK bye"]);
    assert_eq!(capture.run("read", &["-Y", "pop.request"]).lines().count(), 1);
    assert_eq!(capture.run("read", &["-Y", "pop.response"]).lines().count(), 2);
    let mut imap = capture.connect((CLIENT.0, 40_004), IMAP);
    talk(&mut capture, &mut imap, &["<* OK ready", "a1 NOOP", "<a1 OK done"]);
    let rows = capture.run(
        "read",
        &["-2", "-Y", "imap.response_in", "-T", "fields", "-e", "frame.number", "-e", "imap.response_in"],
    );
    let numbers: Vec<u64> = rows.trim().split('\t').map(|number| number.parse().unwrap()).collect();
    assert_eq!(numbers.len(), 2, "{rows}");
    assert!(numbers[1] > numbers[0], "{rows}");
}
