//! A mail through two agents to a mailbox, and what an agent must not take.

use std::fs;
use std::net::SocketAddr;

use wirelab::lab::client::Outcome;
use wirelab::lab::{Event, LabError, Limits, Note, Settings};
use wirelab::report::mail::{Beside, Conclusion, MailMessage};

use super::python::{python, python_server};
use super::streams::exchange;
use super::{Running, V4, client, closed_port, received};
use wirelab::lab::Transport;

/// What an agent answers to these commands, its greeting left out: the codes.
fn codes(server: SocketAddr, said: &str) -> Vec<u16> {
    let answer = exchange(server, said.as_bytes());
    let last_lines = answer.lines().filter(|line| line.as_bytes().get(3) == Some(&b' '));
    last_lines.skip(1).map(|line| line[..3].parse().unwrap()).collect()
}

/// An agent at that address of this machine.
fn agent(last: u8, settings: &Settings) -> Running {
    Running::serving("mail", [127, 0, 0, last].into(), Limits::default(), settings)
}

/// The mail that came to the mailbox behind two agents.
fn through_two_agents(which: &str) -> (String, Vec<Event>) {
    let folder = tempfile::tempdir().unwrap();
    let mailbox = folder.path().join("mbox");
    let second = agent(3, &Settings { file: Some(mailbox.clone()), ..Settings::default() });
    let first = agent(2, &Settings { next: Some(second.address), ..Settings::default() });
    let (result, events) = client("mail", first.address, &[which], Settings::default());
    assert_eq!(result.unwrap(), Outcome::Done);
    let passed = |running: &Running| match running.notes(1).remove(0) {
        Note::Mail { next, kept, received, .. } => {
            assert_eq!(kept, next.is_none());
            (next, received)
        }
        other => panic!("{other:?}"),
    };
    let (next, received) = passed(&first);
    assert_eq!(next, Some(second.address));
    assert!(received.contains("(desk.student.example [127.0.0.1]) by relay.campus.example"), "{received}");
    let (next, received) = passed(&second);
    assert_eq!(next, None);
    let whole = "from relay.campus.example (relay.campus.example [127.0.0.2]) by mx.college.example (wirelab) with ESMTP id ";
    assert!(received.starts_with(whole), "{received}");
    (fs::read_to_string(&mailbox).unwrap(), events)
}

/// The mail as the verb `mail` reads it.
fn judged(mbox: &str) -> MailMessage {
    let (_, mail) = mbox.split_once('\n').unwrap();
    let mut mail = MailMessage::read(mail.as_bytes());
    mail.judge(&Beside {
        seen: None,
        sender: None,
        recipients: Vec::new(),
        has_more_recipients: false,
        is_partial: false,
        is_copied: false,
    });
    mail
}

#[test]
fn an_honest_mail_has_an_unbroken_path() {
    let (mbox, events) = through_two_agents("honest");
    assert!(mbox.starts_with("From student@student.example "), "{mbox}");
    assert!(mbox.contains("\n.\nbecause a line"), "the dot is one again: {mbox}");
    let mail = judged(&mbox);
    assert_eq!(mail.path.hops.len(), 2);
    assert_eq!(mail.path.conclusion, Conclusion::Unbroken, "{:?}", mail.path.links);
    let addresses: Vec<String> = mail.path.hops.iter().map(|hop| hop.address.unwrap().to_string()).collect();
    assert_eq!(addresses, ["127.0.0.1", "127.0.0.2"]);
    assert!(mail.path.hops.iter().all(|hop| hop.date.is_some() && hop.id.is_some()));
    let lines = received(&events);
    assert_eq!(lines.first().map(|line| &line[..25]), Some("220 relay.campus.example "));
    assert_eq!(lines.last().map(String::as_str), Some("221 goodbye"));
}

#[test]
fn the_forgery_is_found_where_it_entered() {
    let mail = judged(&through_two_agents("forged").0);
    assert_eq!(mail.path.hops.len(), 3, "{:?}", mail.path);
    // The line of the first agent: it says who it was, and the line below is nobody's.
    assert_eq!(mail.path.conclusion, Conclusion::Broken { hop: 1 }, "{:?}", mail.path.links);
    assert!(mail.path.is_unvouched(0) && !mail.path.is_unvouched(1));
    let hop = &mail.path.hops[1];
    assert_eq!(hop.claimed.as_deref(), Some(&b"mail.bank.example"[..]));
    assert_eq!(hop.looked_up.as_deref(), Some(&b"desk.student.example"[..]));
}

#[test]
fn commands_have_their_order() {
    let server = Running::start("mail");
    for (said, answered) in [
        (
            "MAIL FROM:<a@b>\r\nRCPT TO:<a@b>\r\nDATA\r\nEHLO a\r\nRCPT TO:<a@b>\r\nDATA\r\n",
            &[503, 503, 503, 250, 503, 503][..],
        ),
        (
            "HELO a\r\nMAIL FROM:<a@b>\r\nMAIL FROM:<a@b>\r\nDATA\r\nRSET\r\nRCPT TO:<a@b>\r\n",
            &[250, 250, 503, 503, 250, 503],
        ),
        (
            "NOOP\r\nVRFY a\r\nHELP\r\nEXPN a\r\nSTARTTLS\r\nWHAT\r\nQUIT\r\nNOOP\r\n",
            &[250, 252, 214, 502, 502, 500, 221],
        ),
        (
            "EHLO a\r\nMAIL FROM:<> SIZE=99999999\r\nMAIL FROM:<>\r\nRCPT TO:<a@b>\r\nEHLO a\r\nDATA\r\n",
            &[250, 552, 250, 250, 250, 503],
        ),
        ("ehlo a\nmail from:<a@b>\nquit\n", &[250, 250, 221]),
        ("\u{e9}\r\n", &[500]),
    ] {
        assert_eq!(codes(server.address, said), answered, "{said}");
    }
    let long = format!("NOOP {}\r\nNOOP\r\n", "x".repeat(2000));
    assert_eq!(codes(server.address, &long), [500, 250]);
    assert_eq!(codes(server.address, &"nonsense\r\n".repeat(50)), [[500; 20].as_slice(), &[421]].concat());
    assert_eq!(codes(server.address, &"NOOP\r\n".repeat(1500)).last(), Some(&421));
}

const BEFORE: &str = "EHLO a\r\nMAIL FROM:<a@b>\r\nRCPT TO:<a@b>\r\nDATA\r\n";

#[test]
fn a_second_mail_cannot_be_smuggled_in() {
    for end in ["\n.\n", "\n.\r\n", "\r.\r\n", "\r.\r", "\r\n.\n", "\r\n\0\n.\r\n"] {
        let server = Running::start("mail");
        let said = format!("{BEFORE}text{end}MAIL FROM:<evil@b>\r\nRCPT TO:<a@b>\r\nDATA\r\nevil\r\n.\r\n");
        let answered = codes(server.address, &said);
        assert_eq!(answered, [250, 250, 250, 354, 550], "{end:?}");
        server.wait_for(1, |event| matches!(event, Event::Closed { .. }));
        assert_eq!(server.count(|event| matches!(event, Event::Noted { .. })), 0, "{end:?}");
    }
}

#[test]
fn mails_are_bounded_in_size_lines_hops_and_recipients() {
    let server = Running::start("mail");
    let large = format!("{BEFORE}{}.\r\nNOOP\r\n", format!("{}\r\n", "x".repeat(900)).repeat(5000));
    assert_eq!(codes(server.address, &large), [250, 250, 250, 354, 552, 250]);
    let wide = format!("{BEFORE}{}\r\n.\r\nNOOP\r\n", "x".repeat(5000));
    assert_eq!(codes(server.address, &wide), [250, 250, 250, 354, 554, 250]);
    let round = format!("{BEFORE}{}\r\nbody\r\n.\r\n", "Received: x\r\n".repeat(100));
    assert_eq!(codes(server.address, &round), [250, 250, 250, 354, 554]);
    let crowd = format!("EHLO a\r\nMAIL FROM:<a@b>\r\n{}", "RCPT TO:<a@b>\r\n".repeat(101));
    assert_eq!(codes(server.address, &crowd).last(), Some(&452));
}

#[test]
fn a_mailbox_keeps_mails_apart_and_no_other_file_is_touched() {
    let folder = tempfile::tempdir().unwrap();
    let mailbox = folder.path().join("mbox");
    let settings = Settings { file: Some(mailbox.clone()), ..Settings::default() };
    for _ in 0..2 {
        // Opened again, it goes on where it was.
        let server = agent(1, &settings);
        let said = format!("{BEFORE}From here\r\n>From there\r\n..\r\n.\r\n");
        assert_eq!(codes(server.address, &said), [250, 250, 250, 354, 250]);
    }
    let text = fs::read_to_string(&mailbox).unwrap();
    assert_eq!(text.matches("\n>From here\n>>From there\n.\n\n").count(), 2, "{text}");
    assert_eq!(text.lines().filter(|line| line.starts_with("From a@b ")).count(), 2);
    let other = folder.path().join("notes.txt");
    fs::write(&other, "mine").unwrap();
    for path in [other, folder.path().to_owned()] {
        let settings = Settings { file: Some(path), ..Settings::default() };
        let lab = wirelab::lab::find("mail").unwrap();
        let bound =
            wirelab::lab::Server::bind(lab, (V4, 0).into(), &settings, wirelab::lab::Policy::LocalOnly);
        assert!(matches!(bound.err(), Some(LabError::File { .. })));
    }
}

#[test]
fn a_mail_that_cannot_be_passed_on_is_not_taken() {
    let nobody = Settings { next: Some(closed_port(Transport::Tcp)), ..Settings::default() };
    let elsewhere = Settings { next: Some("192.0.2.1:25".parse().unwrap()), ..Settings::default() };
    for settings in [nobody, elsewhere] {
        let first = agent(2, &settings);
        let (result, _) = client("mail", first.address, &["honest"], Settings::default());
        assert!(
            matches!(&result, Err(LabError::Refusal { said, .. }) if said.starts_with("451 ")),
            "{result:?}"
        );
        assert_eq!(first.count(|event| matches!(event, Event::Noted { .. })), 0);
    }
}

#[test]
fn a_file_is_sent_from_and_to_whom_it_names() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("mail.eml");
    fs::write(&file, "From: A <a@one.example>\nTo: <b@two.example>\nSubject: x\n\n.\nend").unwrap();
    let server = Running::start("mail");
    let settings = Settings { file: Some(file), ..Settings::default() };
    let (result, events) = client("mail", server.address, &["honest"], settings);
    assert_eq!(result.unwrap(), Outcome::Done);
    let sent: Vec<&[u8]> = events
        .iter()
        .filter_map(|event| if let Event::Sent { bytes, .. } = event { Some(&**bytes) } else { None })
        .collect();
    assert!(
        sent.contains(&&b"MAIL FROM:<a@one.example>"[..]) && sent.contains(&&b"RCPT TO:<b@two.example>"[..]),
        "{sent:?}"
    );
    let (result, events) = client("mail", server.address, &["nonsense"], Settings::default());
    assert!(matches!(result, Err(LabError::Setting { .. })) && events.is_empty(), "{result:?}");
}

const PYTHON_CLIENT: &str = "
import smtplib, sys
s = smtplib.SMTP('127.0.0.1', int(sys.argv[1]), timeout=20)
s.sendmail('a@b.example', ['c@d.example', 'e@f.example'], 'Subject: x\\r\\n\\r\\n.dot\\r\\n..\\r\\nend')
print(s.verify('c')[0], s.noop()[0], s.esmtp_features.get('size'))
s.quit()
";

#[test]
fn python_s_client_hands_a_mail_over() {
    let folder = tempfile::tempdir().unwrap();
    let mailbox = folder.path().join("mbox");
    let server = agent(1, &Settings { file: Some(mailbox.clone()), ..Settings::default() });
    let Some(child) = python(PYTHON_CLIENT, &[&server.address.port().to_string()]) else { return };
    let output = child.wait_with_output().unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "252 250 1048576\n");
    let text = fs::read_to_string(&mailbox).unwrap();
    assert!(text.ends_with("Subject: x\n\n.dot\n..\nend\n\n"), "{text}");
}

const PYTHON_SERVER: &str = "
import socket
s = socket.socket()
s.settimeout(20)
s.bind(('127.0.0.1', 0))
s.listen(1)
print(s.getsockname()[1], flush=True)
c, a = s.accept()
f = c.makefile('rb')
c.send(b'220-old\\r\\n220 mail\\r\\n')
data = False
for line in f:
    if data:
        if line == b'.\\r\\n':
            data = False
            c.send(b'250 kept\\r\\n')
        continue
    verb = line.strip().upper()[:4]
    if verb == b'EHLO':
        c.send(b'502 what?\\r\\n')
    elif verb == b'DATA':
        data = True
        c.send(b'354 go\\r\\n')
    elif verb == b'QUIT':
        c.send(b'221 bye\\r\\n')
        break
    else:
        c.send(b'250 ok\\r\\n')
c.close()
";

#[test]
fn the_client_speaks_to_an_old_python_server() {
    let Some(server) = python_server(PYTHON_SERVER, &[]) else { return };
    let (result, events) = client("mail", server.address, &["honest"], Settings::default());
    assert_eq!(result.unwrap(), Outcome::Done);
    assert_eq!(
        received(&events),
        ["220-old", "220 mail", "502 what?", "250 ok", "250 ok", "250 ok", "354 go", "250 kept", "221 bye"]
    );
    server.end();
}
