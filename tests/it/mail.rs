//! The verb `mail`, on sessions that are built here and on files of mails.

mod ends;

use serde_json::Value;

use crate::http::build::{CLIENT, Capture, Connection, End};
use crate::program::wirelab;

const FORGER: End = ([203, 0, 113, 7], 40_001);
const RELAY: End = ([198, 51, 100, 25], 25);
const RELAY_OUT: End = ([198, 51, 100, 25], 40_002);
const STORE: End = ([198, 51, 100, 30], 25);
const POP: End = ([198, 51, 100, 30], 110);
const IMAP: End = ([198, 51, 100, 30], 143);

/// What the forger sends: a line that another host is to have written, and a From that is not his.
const FORGED: &str = "Received: from desk.bank.example (desk.bank.example [192.0.2.9])\r\n\tby mail.bank.example with ESMTP \
    id 7;\r\n\tTue, 14 Nov 2023 22:10:00 +0000\r\nFrom: \"Bank\" <service@bank.example>\r\nTo: me@uni.example\r\n\
    Date: Tue, 14 Nov 2023 22:09:00 +0000\r\nSubject: =?utf-8?Q?Gr=C3=BC=C3=9Fe?=\r\n\r\nclick\r\n..dot\r\n";

/// What the relay puts above it.
const TRACE: &str = "Received: from mail.bank.example (dsl-7.provider.example [203.0.113.7])\r\n\tby mx.uni.example (Postfix) \
    with ESMTP id 4F2 for <me@uni.example>;\r\n\tTue, 14 Nov 2023 22:13:10 +0000\r\n";

/// A dialogue, the client first; lines that begin with `<` are the server's.
fn talk(capture: &mut Capture, connection: &mut Connection, lines: &[&str]) {
    for line in lines {
        match line.strip_prefix('<') {
            Some(line) => capture.answer(connection, format!("{line}\r\n")),
            None => capture.ask(connection, format!("{line}\r\n")),
        };
    }
}

/// A mail handed over from one host to the next.
fn hand_over(capture: &mut Capture, from: End, to: End, name: &str, mail: &str) {
    let mut connection = capture.connect(from, to);
    capture.answer(&mut connection, "220 mx.uni.example ESMTP\r\n");
    let hello = format!("EHLO {name}");
    talk(capture, &mut connection, &[&hello, "<250-mx.uni.example\r\n250-PIPELINING\r\n250 SIZE 1000"]);
    capture.ask(
        &mut connection,
        "MAIL FROM:<x@spam.example>\r\nRCPT TO:<me@uni.example>\r\nRCPT TO:<you@uni.example>\r\n",
    );
    capture.answer(&mut connection, "250 ok\r\n250 ok\r\n550 no such user\r\n");
    talk(capture, &mut connection, &["DATA", "<354 go on"]);
    capture.ask(&mut connection, mail);
    talk(capture, &mut connection, &[".", "<250 queued as 4F2", "QUIT", "<221 bye"]);
}

fn forgery() -> Capture {
    let mut capture = Capture::new();
    hand_over(&mut capture, FORGER, RELAY, "mail.bank.example", FORGED);
    hand_over(&mut capture, RELAY_OUT, STORE, "mx.uni.example", &format!("{TRACE}{FORGED}"));
    capture
}

fn json(capture: &Capture, options: &[&str]) -> Value {
    serde_json::from_str(&capture.run("mail", &[&["--json"], options].concat())).unwrap()
}

/// The codes of what was found in a message.
fn codes(message: &Value) -> Vec<&str> {
    message["findings"].as_array().unwrap().iter().map(|finding| finding["code"].as_str().unwrap()).collect()
}

#[test]
fn the_forger_of_two_hops_is_named_with_the_evidence() {
    let document = json(&forgery(), &[]);
    assert_eq!(document["schema"], "wirelab.mail/1");
    let mails: Vec<&Value> =
        document["sessions"].as_array().unwrap().iter().map(|session| &session["mails"][0]).collect();
    // What the relay saw itself: the line below hangs on the name that the forger gave himself.
    let message = &mails[0]["message"];
    assert_eq!(message["path"][0]["link"], "claimed");
    assert_eq!(message["path"][1]["address"], "203.0.113.7");
    assert_eq!(message["path"][1]["seen_in"], 11);
    assert_eq!(
        (&message["conclusion"]["kind"], &message["conclusion"]["hop"]),
        (&"unproven".into(), &1.into())
    );
    // What the relay wrote down: it looked up another name.
    let message = &mails[1]["message"];
    let path = message["path"].as_array().unwrap();
    assert_eq!(path.len(), 3);
    assert_eq!((&path[0]["link"], &path[0]["unvouched"]), (&"contradicted".into(), &true.into()));
    assert_eq!(
        (&path[1]["claimed"], &path[1]["looked_up"]),
        (&"mail.bank.example".into(), &"dsl-7.provider.example".into())
    );
    assert_eq!(
        (&message["conclusion"]["kind"], &message["conclusion"]["hop"]),
        (&"broken".into(), &1.into())
    );
    let codes = codes(message);
    for code in ["claimed_link", "name_differs", "from_off_path", "sender_differs"] {
        assert!(codes.contains(&code), "{code} is not in {codes:?}");
    }
}

#[test]
fn envelope_outcome_and_text_are_told() {
    let capture = forgery();
    let page = capture.run("mail", &["--stream", "tcp:0"]);
    for text in [
        "tcp:0, SMTP  203.0.113.7:40001 → 198.51.100.25:25",
        "← packet 4, greeting: 220 mx.uni.example ESMTP",
        "→ packet 5, who the client says it is: EHLO mail.bank.example",
        "can do: PIPELINING, SIZE 1000",
        "from  x@spam.example  packet 7, accepted: 250 ok",
        "to    you@uni.example  packet 7, refused: 550 no such user",
        "that is: Grüße",
        "│ .dot",
        "The client said goodbye.",
    ] {
        assert!(page.contains(text), "{text} is not in\n{page}");
    }
    assert!(!page.contains("tcp:1"));
    assert!(page.lines().all(|line| line.chars().count() <= 80), "{page}");
    let short = capture.run("mail", &["--short"]);
    assert_eq!(short.lines().count(), 3);
    assert!(short.contains("service@bank.example") && short.contains("accepted"), "{short}");
    let filtered = capture.run("mail", &["--short", "-Y", "tcp.stream == 1"]);
    assert_eq!(filtered.lines().count(), 2);
}

#[test]
fn a_mail_file_and_pasted_headers_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mail.eml");
    std::fs::write(&path, format!("{TRACE}{FORGED}")).unwrap();
    let page = wirelab(&["mail", path.to_str().unwrap()]).output().unwrap();
    let text = String::from_utf8(page.stdout).unwrap();
    let answer = "The first host that nobody vouches for is 203.0.113.7";
    assert!(text.contains(answer), "{text}");
    // A line that a copy took the blanks from, and a margin before all of them.
    let pasted: String =
        TRACE.lines().chain(FORGED.lines().take(7)).map(|line| format!("  {}\n", line.trim())).collect();
    let page = wirelab(&["mail", "-"]).write_stdin(pasted).output().unwrap();
    let text = String::from_utf8(page.stdout).unwrap();
    assert!(text.contains(answer), "{text}");
    // A host that hands a mail to itself is no liar.
    let local = format!(
        "Received: from mx.uni.example (localhost [127.0.0.1]) by store.uni.example; Tue, 14 Nov 2023 22:13:12 +0000\n{TRACE}{FORGED}"
    );
    let page = wirelab(&["mail", "-", "--json"]).write_stdin(local).output().unwrap();
    let document: Value = serde_json::from_slice(&page.stdout).unwrap();
    assert_eq!(document["mails"][0]["path"][1]["link"], "local");
    let found = codes(&document["mails"][0]).iter().filter(|code| **code == "name_differs").count();
    assert_eq!(found, 1);
    let refused = wirelab(&["mail", path.to_str().unwrap(), "--port", "25"]).output().unwrap();
    assert_eq!(refused.status.code(), Some(2));
}

#[test]
fn a_savefile_may_come_on_standard_input() {
    let (_folder, path) = forgery().save();
    let bytes = std::fs::read(path).unwrap();
    let page = wirelab(&["mail", "-", "--short"]).write_stdin(bytes).output().unwrap();
    assert_eq!(String::from_utf8(page.stdout).unwrap().lines().count(), 3);
}

#[test]
fn fetched_mails_are_told_and_passwords_only_when_asked() {
    let mut capture = Capture::new();
    let mut pop = capture.connect(CLIENT, POP);
    capture.answer(&mut pop, "+OK POP3\r\n");
    talk(&mut capture, &mut pop, &["USER me", "<+OK", "PASS hunter2", "<+OK in", "RETR 1", "<+OK 9 octets"]);
    talk(&mut capture, &mut pop, &["<Subject: one\r\n\r\ntext\r\n.", "QUIT", "<+OK bye"]);
    let mut imap = capture.connect((CLIENT.0, 40_003), IMAP);
    capture.answer(&mut imap, "* OK ready\r\n");
    talk(&mut capture, &mut imap, &["a1 LOGIN me \"hunter3\"", "<a1 OK in", "a2 FETCH 1 BODY[]"]);
    talk(&mut capture, &mut imap, &["<* 1 FETCH (BODY[] {20}\r\nSubject: two\r\n\r\ntext)\r\na2 OK done"]);
    talk(&mut capture, &mut imap, &["a3 FETCH 2 BODY[HEADER.FIELDS (SUBJECT CONTENT-TYPE)]"]);
    let headers = "Subject: three\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n";
    let of_fields =
        format!("<* 2 FETCH (BODY[HEADER.FIELDS (SUBJECT CONTENT-TYPE)] {{{}}}\r\n{headers})", headers.len());
    talk(&mut capture, &mut imap, &[&of_fields, "<a3 OK done", "a4 LOGOUT", "<* BYE", "<a4 OK bye"]);
    let page = capture.run("mail", &[]);
    // Of a mail whose headers alone were asked for nothing is missing.
    let (_, headers_alone) = page.split_once("fetched, its headers alone").unwrap();
    assert!(headers_alone.contains("Subject: three") && !headers_alone.contains("missing"), "{page}");
    for text in [
        "fetched",
        "Subject: one",
        "Subject: two",
        "user me, password ********",
        "asked for in packet 9: RETR 1",
    ] {
        assert!(page.contains(text), "{text} is not in\n{page}");
    }
    assert!(!page.contains("hunter"));
    assert!(!capture.run("mail", &["--json"]).contains("hunter"));
    let open = capture.run("mail", &["--show-secrets"]);
    assert!(open.contains("hunter2") && open.contains("hunter3"), "{open}");
}

#[test]
fn mails_are_written_beside_what_is_there() {
    let capture = forgery();
    let folder = tempfile::tempdir().unwrap();
    let into = folder.path().join("mails");
    std::fs::create_dir(&into).unwrap();
    std::fs::write(into.join("packet-12.eml"), "mine").unwrap();
    let list = capture.run("mail", &["--export", into.to_str().unwrap()]);
    assert!(list.contains("2 mails written"), "{list}");
    assert_eq!(std::fs::read(into.join("packet-12.eml")).unwrap(), b"mine");
    let written = std::fs::read(into.join("2-packet-12.eml")).unwrap();
    assert_eq!(written, FORGED.replace("..dot", ".dot").as_bytes());
}

#[test]
fn a_mail_that_has_no_end_is_told_as_far_as_it_came() {
    let mut capture = Capture::new();
    let mut connection = capture.connect(CLIENT, RELAY);
    capture.answer(&mut connection, "220 mx ESMTP\r\n");
    talk(&mut capture, &mut connection, &["HELO me", "<250 mx", "MAIL FROM:<a@b>", "<250 ok"]);
    talk(&mut capture, &mut connection, &["RCPT TO:<c@d>", "<250 ok", "DATA", "<354 go"]);
    capture.ask(&mut connection, "Subject: \x1b[31mcut\r\nFrom: a@b\r\n\r\nbeg");
    let page = capture.run("mail", &[]);
    for text in [
        "unfinished",
        "only its beginning",
        r"\x1b[31mcut",
        "The session is unfinished where the capture ends.",
    ] {
        assert!(page.contains(text), "{text} is not in\n{page}");
    }
    assert!(!page.contains('\x1b'));
}

#[test]
fn where_there_is_no_mail_that_is_said() {
    let mut capture = Capture::new();
    let mut connection = capture.connect(CLIENT, RELAY_OUT);
    capture.ask(&mut connection, "hello");
    let (_folder, path) = capture.save();
    let output = wirelab(&["mail", path.to_str().unwrap()]).output().unwrap();
    assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("there is no mail in"), "{said}");
    let output = wirelab(&["mail", "-"]).write_stdin("just text\nof two lines\n").output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("a mail begins with header lines"), "{said}");
}

#[test]
fn explain_tells_in_words_what_was_done() {
    let mut capture = forgery();
    let mut smtp = capture.connect(CLIENT, STORE);
    talk(
        &mut capture,
        &mut smtp,
        &["<220 mx.uni.example ESMTP", "EHLO me", "<250 mx", "STARTTLS", "<454 not now"],
    );
    talk(&mut capture, &mut smtp, &["AUTH PLAIN AG1lAGh1c2g=", "<535 no", "MAIL FROM:<>", "<250 ok"]);
    talk(&mut capture, &mut smtp, &["RCPT TO:<x@uni.example>", "<550 unknown\u{1b}[2J"]);
    let mut pop = capture.connect((CLIENT.0, 40_100), POP);
    talk(&mut capture, &mut pop, &["<+OK POP3", "USER me", "<+OK", "PASS hush", "<+OK in", "RETR 1"]);
    talk(
        &mut capture,
        &mut pop,
        &["<+OK it comes\r\nFrom: you@uni.example\r\nTo: me@uni.example\r\n\r\nhi\r\n."],
    );
    let output = capture.run("explain", &[]);
    assert!(output.lines().all(|line| line.chars().count() <= 80), "{output}");
    let story = output.split_whitespace().collect::<Vec<_>>().join(" ");
    for part in [
        "Mail by SMTP packet 5: the client says that it is mail.bank.example packets 11 to 12: mail 1 from x@spam.example \
         to me@uni.example, you@uni.example (refused in packet 8: 550 no such user), subject \"Grüße\"",
        ": accepted (packet 13: 250 queued as 4F2) · The client said goodbye. · `wirelab mail FILE --stream tcp:0` shows",
        "the client asks for encryption (STARTTLS): refused (packet 38: 454 not now); all goes on in clear",
        "packet 39: login with PLAIN as me, password ********: refused (packet 40: 535 no)",
        "mail 1 from nobody (a bounce) to x@uni.example (refused in packet 44: 550 unknown\\x1b[2J): refused",
        "Mail by POP3 packets 49 to 51: login with USER as me, password ********: accepted (packet 52)",
        "mail 1 from you@uni.example to me@uni.example, 49 bytes: fetched",
    ] {
        assert!(story.contains(part), "{part:?} is not in {story}");
    }
    assert!(!story.contains("hush") && !story.contains("AG1lAGh1c2g"), "{story}");
    let shown = capture.run("explain", &["--show-secrets"]);
    assert!(shown.contains("login with USER as me, password hush"), "{shown}");
}

#[test]
fn explain_has_the_mails_of_a_flow_for_scripts() {
    let document: Value = serde_json::from_str(&forgery().run("explain", &["--json"])).unwrap();
    let mail = &document["flows"][0]["mail"];
    assert_eq!(mail["client_name"], "mail.bank.example");
    let one = &mail["mails"][0];
    assert_eq!((&one["from"], &one["subject"]), (&"x@spam.example".into(), &"Grüße".into()));
    assert_eq!(one["to"], serde_json::json!(["me@uni.example", "you@uni.example"]));
    assert_eq!((&one["outcome"], &one["number"]), (&"accepted".into(), &1.into()));
}

#[test]
fn floods_of_commands_and_long_lines_are_folded() {
    let mut capture = Capture::new();
    let mut connection = capture.connect(FORGER, STORE);
    capture.answer(&mut connection, "220 mx.uni.example ESMTP\r\n");
    talk(&mut capture, &mut connection, &[&format!("EHLO {}", "a".repeat(2000)), "<250 mx.uni.example"]);
    capture.ask(&mut connection, "NOOP\r\n".repeat(150));
    talk(&mut capture, &mut connection, &["MAIL FROM:<x@spam.example>", "<250 ok", "QUIT", "<221 bye"]);
    let text = capture.run("mail", &[]);
    assert_eq!(text.matches(": NOOP").count(), 99, "{text}");
    for part in [
        "… 1493 bytes more (--full shows them)",
        "Mail 1 of tcp:0",
        "· 52 commands more, which --full shows.",
    ] {
        assert!(text.contains(part), "{part}:\n{text}");
    }
    let full = capture.run("mail", &["--full"]);
    assert_eq!(full.matches(": NOOP").count(), 150, "{full}");
    assert!(!full.contains("more") && full.matches('a').count() > 2000, "{full}");
}

#[test]
fn the_middle_of_a_long_talk_is_folded_and_its_secrets_stay_hidden() {
    let mut capture = Capture::new();
    let mut connection = capture.connect((CLIENT.0, 40_100), POP);
    talk(&mut capture, &mut connection, &["<+OK POP3", "USER me", "<+OK"]);
    for _ in 0..300 {
        talk(&mut capture, &mut connection, &["NOOP", "<+OK"]);
    }
    talk(&mut capture, &mut connection, &["PASS hush", "<+OK in"]);
    let text = capture.run("explain", &[]);
    assert!(text.contains("… 415 turns in packets 154 to 568 (--full shows them)"), "{text}");
    assert_eq!(text.matches("NOOP").count(), 75 + 19 - 1, "{text}");
    assert!(!text.contains("hush"), "{text}");
    let full = capture.run("explain", &["--full"]);
    assert!(full.matches("NOOP").count() >= 300 && !full.contains("turns in packets"), "{full}");
}
