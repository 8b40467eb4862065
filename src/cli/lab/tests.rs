use super::talk::{MAX_SHOWN, Talk, folded, in_line, text};
use std::io;
use std::sync::mpsc::sync_channel;

use super::typed::Lines;
use super::*;
use crate::lab::client::MAX_SAID;
use clap::{CommandFactory, Parser};

#[derive(Debug, Parser)]
struct Serve {
    #[command(flatten)]
    args: ServeArgs,
}

#[derive(Debug, Parser)]
struct Client {
    #[command(flatten)]
    args: ClientArgs,
}

fn client(arguments: &[&str]) -> ClientArgs {
    Client::try_parse_from([&["client"], arguments].concat()).unwrap().args
}

#[test]
fn arguments_have_the_lab_defaults() {
    Serve::command().debug_assert();
    Client::command().debug_assert();
    let args = Serve::try_parse_from(["serve", "knock"]).unwrap().args;
    assert_eq!((args.port, args.address.to_string().as_str()), (None, "127.0.0.1"));
    let args = client(&["knock", "--address", "localhost", "--say", "a", "--say", "", "--timeout", "0.5"]);
    assert_eq!(args.address, Ipv4Addr::LOCALHOST);
    assert_eq!(args.say, ["a", ""]);
    assert_eq!(args.timeout, Duration::from_millis(500));
}

#[test]
fn help_shows_examples() {
    for mut command in [Serve::command(), Client::command()] {
        let help = command.render_help().to_string();
        assert!(help.contains("Examples:\n  wirelab "), "{help}");
    }
}

#[test]
fn bad_arguments_are_refused_with_what_to_try() {
    for (arguments, said) in [
        (&["knock", "--port", "0"][..], "1..=65535"),
        (&["knock", "--port", "65536"], "65536"),
        (&["knock", "--timeout", "0"], "from 0.01 to 3600"),
        (&["knock", "--timeout", "-1"], "'-1'"),
        (&["knock", "--timeout", "nan"], "from 0.01 to 3600"),
        (&["knock", "--address", "example.org"], "try 127.0.0.1 or ::1"),
        (&["knock", "--stdin", "--say", "a"], "cannot be used with"),
        (&[], "<NAME>"),
    ] {
        let error = Client::try_parse_from([&["client"], arguments].concat()).unwrap_err().to_string();
        assert!(error.contains(said), "{arguments:?}: {error}");
    }
}

fn run(arguments: &[&str], input: &'static [u8]) -> (u8, String, String) {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let stop = AtomicBool::new(false);
    let code = run_client(&client(arguments), Box::new(input), &mut out, &mut err, &stop);
    (code, String::from_utf8(out).unwrap(), String::from_utf8(err).unwrap())
}

#[test]
fn an_unknown_lab_is_told_with_a_hint_and_exit_2() {
    let (code, out, err) = run(&["knok"], b"");
    assert_eq!((code, out.as_str()), (FAILED, ""));
    assert_eq!(err, "error: no lab is called `knok`: did you mean knock?\nhint: `wirelab labs` lists them\n");
    let args = Serve::try_parse_from(["serve", "knok"]).unwrap().args;
    let mut err = Vec::new();
    assert_eq!(run_serve(&args, &mut Vec::new(), &mut err, &AtomicBool::new(false)), FAILED);
    assert!(err.starts_with(b"error: no lab is called `knok`"));
}

#[test]
fn text_from_the_wire_cannot_control_the_terminal() {
    assert_eq!(text("I'm \"é\" \\ 你好".as_bytes()), "I'm \"é\" \\ 你好");
    let shown = text("\u{1b}[2J\r\n\0\u{9b}\u{202e}\u{200b}".as_bytes());
    assert_eq!(shown, "\\u{1b}[2J\\r\\n\\0\\u{9b}\\u{202e}\\u{200b}");
    assert_eq!(text(b"a\xff\xc3b"), "a\\xff\\xc3b");
}

#[test]
fn a_long_message_is_folded_with_its_length() {
    assert_eq!(folded(&[b'a'; MAX_SHOWN]), "a".repeat(MAX_SHOWN));
    let long = folded(&[b'a'; 60_000]);
    assert!(long.len() < MAX_SHOWN + 30 && long.ends_with("a… (60000 bytes)"), "{long}");
}

#[test]
fn a_line_about_a_message_has_eighty_columns_at_most() {
    use unicode_width::UnicodeWidthStr;
    let lead = "127.0.0.1:43389 received: ";
    assert_eq!(in_line(lead, b"Knock knock.."), format!("{lead}Knock knock.."));
    let full = "a".repeat(80 - lead.len());
    assert_eq!(in_line(lead, full.as_bytes()), format!("{lead}{full}"));
    for (message, length) in [
        (vec![b'a'; 55], "… (55 bytes)"),
        (vec![b'a'; 60_000], "… (60000 bytes)"),
        (vec![0xff; 60_000], "… (60000 bytes)"),
        ("日本".repeat(10_000).into_bytes(), "… (60000 bytes)"),
        ("a\u{301}".repeat(20_000).into_bytes(), "… (60000 bytes)"),
    ] {
        let line = in_line(lead, &message);
        assert!(line.width() <= 80 && line.ends_with(length), "{}: {line}", line.width());
        assert!(line.width() > 60 || !message.is_ascii(), "{line}");
        let long = "[2001:db8:1234:5678:9abc:def0:1234:5678]:43389 received: ";
        assert!(in_line(long, &message).width() <= long.len() + 40);
    }
}

#[test]
fn a_terminal_gets_the_beginning_of_a_long_reply_and_a_pipe_all_of_it() {
    let lab = lab::find("uppercase-tcp").unwrap();
    let peer = "127.0.0.1:12000".parse().unwrap();
    let long = vec![b'A'; 60_000];
    let shown = |to_terminal: bool| {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let stop = AtomicBool::new(false);
        let mut talk = Talk::new(&mut out, &mut err, &stop);
        if to_terminal {
            talk.fold_replies();
        }
        talk.client_event(&Event::Sent { peer, bytes: long.clone() }, lab);
        talk.client_event(&Event::Received { peer, bytes: long.clone() }, lab);
        [out, err].map(|text| String::from_utf8(text).unwrap())
    };
    let [reply, sent] = shown(false);
    assert_eq!(reply.trim_end().len(), 60_000);
    assert!(sent.len() < 90 && sent.ends_with("A… (60000 bytes)\n"), "{sent}");
    let [reply, _] = shown(true);
    assert!(reply.len() < MAX_SHOWN + 30 && reply.ends_with("A… (60000 bytes)\n"), "{reply}");
}

#[test]
fn standard_input_is_a_message_a_line() {
    let stop = AtomicBool::new(false);
    let lines = |input: &'static [u8]| lines(Box::new(input), &stop).map(Result::unwrap).collect::<Vec<_>>();
    assert_eq!(lines(b"one\ntwo\r\n\n\r\nthree"), [b"one".to_vec(), b"two".to_vec(), b"three".to_vec()]);
    assert!(lines(b"").is_empty());
    let endless = super::lines(Box::new(io::repeat(b'x')), &stop).next();
    assert_eq!(endless.unwrap().unwrap().len(), MAX_SAID + 2);
}

#[test]
fn waiting_for_a_line_ends_when_asked_to_stop() {
    let stop = AtomicBool::new(true);
    let (_sender, lines) = sync_channel(1);
    assert!(Lines { lines, stop: &stop }.next().is_none());
}
