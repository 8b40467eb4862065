//! `serve` and `client` as the command line runs them.

use std::io::{self, Write};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use wirelab::cli::lab::{ClientArgs, LabOptions, ServeArgs, ZoneOptions, run_client, run_serve};
use wirelab::lab::Transport;

use super::{PATIENCE, V4, closed_port};

/// Output that the test reads while it is written.
#[derive(Clone, Default)]
struct Shown(Arc<Mutex<Vec<u8>>>);

impl Shown {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }

    #[track_caller]
    fn wait_for(&self, what: &str) -> String {
        let end = Instant::now() + PATIENCE;
        loop {
            let text = self.text();
            if text.contains(what) {
                return text;
            }
            assert!(Instant::now() < end, "no {what:?} in {text:?}");
            thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Write for Shown {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A reader that went away.
struct Gone;

impl Write for Gone {
    fn write(&mut self, _bytes: &[u8]) -> io::Result<usize> {
        Err(io::ErrorKind::BrokenPipe.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn serve_args(name: &str, port: u16) -> ServeArgs {
    ServeArgs {
        name: name.to_owned(),
        port: Some(port),
        address: V4,
        options: LabOptions::default(),
        zones: ZoneOptions::default(),
        in_sandbox: None,
    }
}

fn client_args(name: &str, server: SocketAddr, say: &[&str]) -> ClientArgs {
    ClientArgs {
        name: name.to_owned(),
        port: Some(server.port()),
        address: server.ip(),
        say: say.iter().map(|text| (*text).to_owned()).collect(),
        stdin: false,
        timeout: PATIENCE,
        options: LabOptions::default(),
        at_terminal: false,
        to_terminal: false,
    }
}

fn client(args: &ClientArgs, input: &'static [u8]) -> (u8, String, String) {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let code = run_client(args, Box::new(input), &mut out, &mut err, &AtomicBool::new(false));
    (code, String::from_utf8(out).unwrap(), String::from_utf8(err).unwrap())
}

/// The address that the server says it listens on.
fn listening(err: &Shown) -> SocketAddr {
    let line = err.wait_for(")\n");
    line.strip_prefix("listening on ").unwrap().split(' ').next().unwrap().parse().unwrap()
}

/// Serves in a thread while `then` runs, and gives what standard output and standard error had in the end.
fn while_serving(name: &str, then: impl FnOnce(SocketAddr, &Shown)) -> (u8, String, String) {
    let (out, err) = (Shown::default(), Shown::default());
    let stop = Arc::new(AtomicBool::new(false));
    let args = serve_args(name, 0);
    let thread = {
        let (mut out, mut err, stop) = (out.clone(), err.clone(), stop.clone());
        thread::spawn(move || run_serve(&args, &mut out, &mut err, &stop))
    };
    then(listening(&err), &out);
    stop.store(true, Ordering::Relaxed);
    let code = thread.join().unwrap();
    (code, out.text(), err.text())
}

#[test]
fn a_talk_is_shown_on_both_sides() {
    let mut peer = String::new();
    let (code, out, err) = while_serving("knock", |server, shown| {
        let (code, out, err) = client(&client_args("knock", server, &[]), b"");
        assert_eq!((code, out.as_str()), (0, "Who's there?\n"));
        let (first, rest) = err.split_once('\n').unwrap();
        let from = first.strip_prefix(&format!("connected to {server} (tcp) from ")).unwrap();
        peer.push_str(from);
        assert_eq!(rest, "sent: Knock knock..\nconnection closed\n");
        shown.wait_for("closed the connection\n");
    });
    assert_eq!(code, 0);
    assert_eq!(
        out,
        format!(
            "{peer} connected\n{peer} received: Knock knock..\n{peer} answered: Who's there?\n{peer} closed the connection\n"
        )
    );
    assert!(err.starts_with("listening on 127.0.0.1:") && err.ends_with(" (tcp)\n"), "{err}");
}

#[test]
fn messages_come_from_say_or_from_standard_input() {
    while_serving("uppercase-udp", |server, _| {
        let (code, out, _) = client(&client_args("uppercase-udp", server, &["one", "\u{1b}[2J"]), b"");
        assert_eq!((code, out.as_str()), (0, "ONE\n\\u{1b}[2J\n"));
        let args = ClientArgs { stdin: true, ..client_args("uppercase-udp", server, &[]) };
        let (code, out, _) = client(&args, b"alpha\n\nbeta\r\n");
        assert_eq!((code, out.as_str()), (0, "ALPHA\nBETA\n"));
    });
}

#[test]
fn no_server_is_exit_1_and_one_sentence() {
    let server = closed_port(Transport::Tcp);
    let (code, out, err) = client(&client_args("knock", server, &[]), b"");
    assert_eq!((code, out.as_str()), (1, ""));
    assert_eq!(
        err,
        format!(
            "error: connection refused by {server}: nothing listens on that port\nhint: start the server first with `wirelab serve knock`, or try --port\n"
        )
    );
    let server = closed_port(Transport::Udp);
    let (code, _, err) = client(&client_args("greeting", server, &[]), b"");
    assert_eq!(code, 1);
    assert!(err.contains("an ICMP port unreachable came back"), "{err}");
}

#[test]
fn a_port_in_use_is_exit_2_and_says_what_to_try() {
    while_serving("knock", |server, _| {
        let mut err = Vec::new();
        let args = serve_args("knock", server.port());
        let code = run_serve(&args, &mut Vec::new(), &mut err, &AtomicBool::new(false));
        let said = format!(
            "error: port {} is in use at 127.0.0.1 (tcp)\nhint: another server is running? try --port\n",
            server.port()
        );
        assert_eq!((code, String::from_utf8(err).unwrap()), (2, said));
    });
}

#[test]
fn a_stopped_client_is_exit_130() {
    while_serving("knock", |server, _| {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let args = client_args("knock", server, &[]);
        let code = run_client(&args, Box::new(io::empty()), &mut out, &mut err, &AtomicBool::new(true));
        assert_eq!((code, out.as_slice()), (130, b"".as_slice()));
    });
}

#[test]
fn output_that_nobody_reads_ends_the_program_quietly() {
    while_serving("uppercase-tcp", |server, _| {
        let mut err = Vec::new();
        let args = client_args("uppercase-tcp", server, &["one", "two"]);
        let code = run_client(&args, Box::new(io::empty()), &mut Gone, &mut err, &AtomicBool::new(false));
        assert_eq!(code, 0, "{}", String::from_utf8_lossy(&err));
    });
    let err = Shown::default();
    let serving = {
        let mut err = err.clone();
        thread::spawn(move || {
            run_serve(&serve_args("knock", 0), &mut Gone, &mut err, &AtomicBool::new(false))
        })
    };
    let server = listening(&err);
    client(&client_args("knock", server, &[]), b"");
    assert_eq!(serving.join().unwrap(), 0);
}

#[test]
fn a_talk_goes_on_where_nobody_reads_standard_error() {
    while_serving("knock", |server, _| {
        let mut out = Vec::new();
        let args = client_args("knock", server, &[]);
        let code = run_client(&args, Box::new(io::empty()), &mut out, &mut Gone, &AtomicBool::new(false));
        assert_eq!((code, out.as_slice()), (0, b"Who's there?\n".as_slice()));
    });
}

#[test]
fn a_person_on_a_terminal_is_asked_and_types() {
    while_serving("calculator", |server, _| {
        let args = ClientArgs { at_terminal: true, ..client_args("calculator", server, &[]) };
        let (code, out, err) = client(&args, b"Khushei\n12 + 42\n12 +\n1 / 0\n");
        assert_eq!((code, out.as_str()), (0, "54.0\nError: division by zero\nSession ended\n"));
        let (_, rest) = err.split_once('\n').unwrap();
        assert!(
            rest.starts_with("type your name first, then sums such as `12 + 42`; q ends the session\n> ")
                && rest.contains("not sent: `12 +` is not two numbers"),
            "{err:?}"
        );
        // What was typed is not shown again.
        assert!(!err.contains("sent: Khushei") && !err.contains("sent: 12 + 42"), "{err:?}");
        // A script is not asked: it gets the lab's own talk.
        let (code, out, err) = client(&client_args("calculator", server, &[]), b"Khushei\n");
        assert_eq!((code, out.as_str()), (0, "54.0\n-41.76\n-0.75\nSession ended\n"));
        assert!(!err.contains("> "), "{err:?}");
    });
}

#[test]
fn what_a_room_says_is_shown_while_nothing_is_typed() {
    let (_, out, _) = while_serving("chat", |server, shown| {
        let err = Shown::default();
        let heard = Shown::default();
        let stop = Arc::new(AtomicBool::new(false));
        let (input, typing) = io::pipe().unwrap();
        let mut typing = typing;
        let listening = {
            let (mut out, mut err, stop) = (heard.clone(), err.clone(), stop.clone());
            let args = ClientArgs { at_terminal: true, ..client_args("chat", server, &[]) };
            thread::spawn(move || run_client(&args, Box::new(input), &mut out, &mut err, &stop))
        };
        typing.write_all(b"a:b\nann\n").unwrap();
        heard.wait_for("new user :ann joined\n");
        err.wait_for("not sent: `a:b` is no name");
        // One line a message, and the prompt is back behind each.
        let (code, out, err) = client(&client_args("chat", server, &["ann", "bob", "\u{1b}[2J", "bye"]), b"");
        let refused = "This name is taken: send another.\n";
        // The server takes control characters out of a line.
        let own = "new user :bob joined\n:bob:[2J\n:bob:bye\n";
        assert_eq!((code, out), (0, format!("{refused}{own}")), "{err}");
        let text = heard.wait_for("user :bob left\n");
        assert_eq!(text, format!("new user :ann joined\n{own}user :bob left\n"));
        shown.wait_for("is bob\n");
        typing.write_all(b"hello\n").unwrap();
        heard.wait_for(":ann:hello\n");
        // Ctrl-C.
        stop.store(true, Ordering::Relaxed);
        assert_eq!(listening.join().unwrap(), 130);
    });
    assert!(out.contains("closed"), "{out}");
}

#[test]
fn a_measurement_shows_what_came_out_and_draws_it() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("run.svg");
    let fast = LabOptions { pace: Some(0.02), seed: Some(9), ..LabOptions::default() };
    let (out, err) = (Shown::default(), Shown::default());
    let served = ServeArgs { options: fast.clone(), ..serve_args("udp-throughput", 0) };
    let thread = {
        let (mut out, mut err) = (out.clone(), err.clone());
        thread::spawn(move || run_serve(&served, &mut out, &mut err, &AtomicBool::new(false)))
    };
    let server = listening(&err);
    let options = LabOptions { count: Some(20), plot: Some(file.clone()), ..fast };
    let args = ClientArgs { options, ..client_args("udp-throughput", server, &["Hello Server", "exit"]) };
    let (code, shown, talk) = client(&args, b"");
    assert_eq!(code, 0, "{talk}");
    for words in ["ping 1: ", "second   pings", "└", "mean delay", "\naverage RTT: ", "\npacket loss: "] {
        assert!(shown.contains(words), "{words:?} is missing:\n{shown}");
    }
    assert!(talk.contains("sent: Hello Server 20\n") && talk.contains("received: Stopping the Server.\n"));
    let drawn = std::fs::read_to_string(&file).unwrap();
    assert!(drawn.starts_with("<svg ") && drawn.contains("throughput"), "{drawn}");
    assert_eq!(thread.join().unwrap(), 0, "exit stops the server");
    assert!(out.text().contains("message 1 answered after "), "{}", out.text());
}

#[test]
fn options_of_the_other_side_or_of_other_labs_are_refused() {
    let nobody = closed_port(Transport::Udp);
    for (name, options, said) in [
        ("knock", LabOptions { loss: Some(0.1), ..LabOptions::default() }, "the lab `knock` has no --loss"),
        (
            "udp-ping",
            LabOptions { loss: Some(0.1), ..LabOptions::default() },
            "--loss is an option of the server",
        ),
        ("udp-ping", LabOptions { plot: Some("x.svg".into()), ..LabOptions::default() }, "has no --plot"),
        ("greeting", LabOptions { count: Some(2), ..LabOptions::default() }, "has no --count"),
    ] {
        let (code, _, err) = client(&ClientArgs { options, ..client_args(name, nobody, &[]) }, b"");
        assert_eq!(code, 2, "{name}");
        assert!(err.contains(said), "{name}: {err}");
    }
    let mut err = Vec::new();
    let options = LabOptions { count: Some(2), ..LabOptions::default() };
    let args = ServeArgs { options, ..serve_args("udp-ping", 0) };
    assert_eq!(run_serve(&args, &mut Vec::new(), &mut err, &AtomicBool::new(false)), 2);
    assert_eq!(String::from_utf8(err).unwrap(), "error: --count is an option of the client\n");
}

#[test]
fn a_drawing_that_cannot_be_written_is_told_before_anything_is_sent() {
    let options = LabOptions { plot: Some("no/such/folder/run.svg".into()), ..LabOptions::default() };
    let server = closed_port(Transport::Udp);
    let (code, out, err) = client(&ClientArgs { options, ..client_args("udp-throughput", server, &[]) }, b"");
    assert_eq!((code, out.as_str()), (2, ""));
    assert!(err.starts_with("error: cannot write no/such/folder/run.svg: "), "{err}");
}
