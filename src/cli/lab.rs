//! `serve NAME` and `client NAME`: the bundled labs, one side at a time.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::io::{self, BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::thread;
use std::time::Duration;

use clap::Args;

use crate::lab::client::{self, MAX_SAID, Options, Outcome};
use crate::lab::{self, Ending, Event, Lab, LabError, Policy, Server, Transport};

/// Everything was done.
const DONE: u8 = 0;
/// The question "does the server answer?" was answered no.
const NO: u8 = 1;
/// Something failed.
const FAILED: u8 = 2;
/// Ended by Ctrl-C, as shells count it: 128 + SIGINT.
const INTERRUPTED: u8 = 130;

/// Most bytes of one message that `serve` shows; the length of a longer one is told.
const MAX_SHOWN: usize = 2_000;

/// How often a client that waits for typed lines looks whether it was asked to stop.
const TICK: Duration = Duration::from_millis(100);

/// Arguments of `serve`.
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Examples:
  wirelab serve knock                    on 127.0.0.1 port 43389, until Ctrl-C
  wirelab serve uppercase-udp --port 0   on a free port, told in the first line
  wirelab serve greeting --address ::1   over IPv6

Lines about clients go to standard output; \"listening on …\" and problems
go to standard error.")]
pub struct ServeArgs {
    /// Which lab (a wrong name lists them)
    pub name: String,
    /// Port to listen on, 0 for any free one [default: the lab's own]
    #[arg(long, value_name = "N")]
    pub port: Option<u16>,
    /// Address to listen on, IPv4 or IPv6; 0.0.0.0 or :: for every interface
    #[arg(long, default_value = "127.0.0.1", value_parser = parse_address)]
    pub address: IpAddr,
}

/// Arguments of `client`.
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Examples:
  wirelab client knock                               says what the lab says
  wirelab client uppercase-tcp --say one --say two   two over one connection
  wirelab client uppercase-udp --stdin < lines.txt   a message a line
  wirelab client greeting --address ::1 --timeout 1

Replies go to standard output, one a line; everything else to standard error.

Exit status: 0 every message was answered, 1 the server refused or did not
reply, 2 error.")]
pub struct ClientArgs {
    /// Which lab (a wrong name lists them)
    pub name: String,
    /// Port of the server [default: the lab's own]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub port: Option<u16>,
    /// Address of the server, IPv4 or IPv6
    #[arg(long, default_value = "127.0.0.1", value_parser = parse_address)]
    pub address: IpAddr,
    /// Say TEXT instead of the lab's own message; may be given several times
    #[arg(long, value_name = "TEXT")]
    pub say: Vec<String>,
    /// Say each line of standard input that is not empty
    #[arg(long, conflicts_with = "say")]
    pub stdin: bool,
    /// Longest wait for the connection and for each reply, in seconds
    #[arg(long, value_name = "SECONDS", default_value = "5", value_parser = parse_timeout)]
    pub timeout: Duration,
}

fn parse_address(text: &str) -> Result<IpAddr, String> {
    if text.eq_ignore_ascii_case("localhost") {
        return Ok(Ipv4Addr::LOCALHOST.into());
    }
    text.parse().map_err(|_| "not an IP address: try 127.0.0.1 or ::1".to_owned())
}

fn parse_timeout(text: &str) -> Result<Duration, String> {
    match text.parse::<f64>() {
        Ok(seconds) if (0.01..=3600.0).contains(&seconds) => Ok(Duration::from_secs_f64(seconds)),
        _ => Err("not a number of seconds from 0.01 to 3600".to_owned()),
    }
}

/// Runs a lab's server until `stop` is set, and gives the exit status: 0 when it was stopped, which is how a
/// server ends, 2 when it could not serve. Sets `stop` itself when `out` can no longer be written.
pub fn run_serve(args: &ServeArgs, out: &mut dyn Write, err: &mut dyn Write, stop: &AtomicBool) -> u8 {
    let lab = match lab::find(&args.name) {
        Ok(lab) => lab,
        Err(unknown) => return fail(err, &unknown),
    };
    let address = SocketAddr::new(args.address, args.port.unwrap_or(lab.default_port));
    let mut talk = Talk { out, err, stop, failure: None };
    let served = Server::bind(lab, address, Policy::from_env())
        .and_then(|server| server.serve(stop, &mut |event| talk.server_event(&event)));
    talk.exit(served.map(|()| DONE), lab)
}

/// Runs a lab's client and gives the exit status: 0 when every message was answered, 1 when the server
/// refused or did not reply, 2 on an error, 130 when `stop` was set. `input` is read with `--stdin` only.
pub fn run_client(
    args: &ClientArgs,
    input: Box<dyn Read + Send>,
    out: &mut dyn Write,
    err: &mut dyn Write,
    stop: &AtomicBool,
) -> u8 {
    let lab = match lab::find(&args.name) {
        Ok(lab) => lab,
        Err(unknown) => return fail(err, &unknown),
    };
    let options = Options {
        server: SocketAddr::new(args.address, args.port.unwrap_or(lab.default_port)),
        timeout: args.timeout,
        policy: Policy::from_env(),
    };
    let mut messages: Box<dyn Iterator<Item = io::Result<Vec<u8>>> + '_> = if args.stdin {
        Box::new(Lines { lines: spawn_reader(input), stop })
    } else if args.say.is_empty() {
        Box::new(client::own_messages(lab))
    } else {
        Box::new(args.say.iter().map(|text| Ok(text.as_bytes().to_vec())))
    };
    let mut talk = Talk { out, err, stop, failure: None };
    let outcome = client::run(lab, &options, &mut messages, stop, &mut |event| {
        talk.client_event(&event, lab.transport);
    });
    let code = outcome.map(|outcome| match outcome {
        Outcome::Stopped => INTERRUPTED,
        Outcome::Done if stop.load(Ordering::Relaxed) => INTERRUPTED,
        Outcome::Done => DONE,
    });
    talk.exit(code, lab)
}

fn fail(err: &mut dyn Write, what: &dyn std::fmt::Display) -> u8 {
    // Where standard error is gone too, the exit status is all that is left to say.
    let _ = writeln!(err, "error: {what}");
    FAILED
}

/// What to try, for an error that leaves something to try.
fn hint(error: &LabError, lab: &Lab) -> Cow<'static, str> {
    match error {
        LabError::PortInUse { .. } => "another server is running? try --port".into(),
        LabError::NotOurs(_) => "try --address 127.0.0.1".into(),
        LabError::NotPermitted(_) => "try --port with 1024 or more".into(),
        LabError::NotLocal(_) => "try 127.0.0.1 or ::1, or unset the variable".into(),
        LabError::Refused(_) | LabError::PortUnreachable(_) => {
            format!("start the server first with `wirelab serve {}`, or try --port", lab.name).into()
        }
        LabError::NoReply { .. } if lab.transport == Transport::Udp => {
            "UDP does not tell a lost datagram from a silent server; is it running? try --port or --timeout"
                .into()
        }
        LabError::NoConnection { .. } | LabError::NoReply { .. } => {
            "is the server running there? try --port or --timeout".into()
        }
        LabError::Hung { .. } => "is it the right server? try --port".into(),
        LabError::MessageTooLong { .. } => "say it in parts".into(),
        LabError::EmptyMessage => "say at least one character".into(),
        LabError::Messages(_) | LabError::Io { .. } => "".into(),
    }
}

/// Where the talk is shown; a failure to write the data stops the program.
struct Talk<'a> {
    out: &'a mut dyn Write,
    err: &'a mut dyn Write,
    stop: &'a AtomicBool,
    failure: Option<io::Error>,
}

impl Talk<'_> {
    fn server_event(&mut self, event: &Event) {
        match event {
            Event::Listening { local, transport } => {
                self.err(format_args!("listening on {local} ({transport})"));
            }
            Event::Opened { peer, .. } => self.out(format_args!("{peer} connected")),
            Event::Received { peer, bytes } => self.out(format_args!("{peer} received: {}", folded(bytes))),
            Event::Sent { peer, bytes } => self.out(format_args!("{peer} answered: {}", folded(bytes))),
            Event::Closed { peer, ending } => self.out(format_args!(
                "{peer} {}",
                match ending {
                    Ending::ByPeer => "closed the connection",
                    Ending::ByUs => "connection closed by this server",
                    Ending::Reset => "reset the connection",
                }
            )),
            Event::Problem { peer: Some(peer), problem } => self.err(format_args!("{peer} {problem}")),
            Event::Problem { peer: None, problem } => self.err(format_args!("{problem}")),
        }
    }

    fn client_event(&mut self, event: &Event, transport: Transport) {
        match event {
            Event::Opened { local, peer } => {
                let what = match transport {
                    Transport::Tcp => "connected to",
                    Transport::Udp => "sending to",
                };
                self.err(format_args!("{what} {peer} ({transport}) from {local}"));
            }
            Event::Sent { bytes, .. } => self.err(format_args!("sent: {}", text(bytes))),
            Event::Received { bytes, .. } => self.out(format_args!("{}", text(bytes))),
            Event::Closed { ending: Ending::ByUs, .. } => self.err(format_args!("connection closed")),
            Event::Closed { .. } => self.err(format_args!("connection closed by the server first")),
            Event::Problem { problem, .. } => self.err(format_args!("{problem}")),
            Event::Listening { .. } => {}
        }
    }

    fn out(&mut self, line: std::fmt::Arguments<'_>) {
        if let Err(error) = writeln!(self.out, "{line}").and_then(|()| self.out.flush()) {
            self.stop.store(true, Ordering::Relaxed);
            self.failure.get_or_insert(error);
        }
    }

    fn err(&mut self, line: std::fmt::Arguments<'_>) {
        // Standard error is talk: where nobody listens to it, the data goes on.
        let _ = writeln!(self.err, "{line}").and_then(|()| self.err.flush());
    }

    /// The exit status. Output that nobody reads any more is no failure.
    fn exit(&mut self, result: Result<u8, LabError>, lab: &Lab) -> u8 {
        match (self.failure.take(), result) {
            (Some(error), _) if error.kind() == ErrorKind::BrokenPipe => DONE,
            (Some(error), _) => fail(self.err, &format_args!("writing the output failed: {error}")),
            (None, Ok(code)) => code,
            (None, Err(error)) => {
                let hint = hint(&error, lab);
                let joint = if hint.is_empty() { "" } else { "; " };
                fail(self.err, &format_args!("{error}{joint}{hint}"));
                if error.is_no_reply() { NO } else { FAILED }
            }
        }
    }
}

/// Wire text as a terminal may see it: what is not printable is shown as an escape.
fn text(bytes: &[u8]) -> String {
    let mut shown = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                '\'' | '"' | '\\' => shown.push(c),
                _ => shown.extend(c.escape_debug()),
            }
        }
        for byte in chunk.invalid() {
            // Writing to a String cannot fail.
            let _ = write!(shown, "\\x{byte:02x}");
        }
    }
    shown
}

/// The same, a long message cut short and its length told.
fn folded(bytes: &[u8]) -> String {
    match bytes.get(..MAX_SHOWN) {
        Some(start) if start.len() < bytes.len() => format!("{}… ({} bytes)", text(start), bytes.len()),
        _ => text(bytes),
    }
}

/// Lines from a thread of their own, since a read that waits for a person cannot be called off.
struct Lines<'a> {
    lines: Receiver<io::Result<Vec<u8>>>,
    stop: &'a AtomicBool,
}

impl Iterator for Lines<'_> {
    type Item = io::Result<Vec<u8>>;

    fn next(&mut self) -> Option<Self::Item> {
        while !self.stop.load(Ordering::Relaxed) {
            match self.lines.recv_timeout(TICK) {
                Ok(line) => return Some(line),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return None,
            }
        }
        None
    }
}

/// Reads lines one ahead, empty ones passed over. The thread ends with the input, with the receiver, or with
/// the program.
fn spawn_reader(input: Box<dyn Read + Send>) -> Receiver<io::Result<Vec<u8>>> {
    let (sender, lines) = sync_channel(1);
    let reader = sender.clone();
    let spawned = thread::Builder::new().spawn(move || {
        let mut input = BufReader::new(input);
        loop {
            match next_line(&mut input) {
                Ok(None) => break,
                Ok(Some(line)) if line.is_empty() => {}
                Ok(Some(line)) => {
                    if reader.send(Ok(line)).is_err() {
                        break;
                    }
                }
                Err(error) => {
                    let _ = reader.send(Err(error));
                    break;
                }
            }
        }
    });
    if let Err(error) = spawned {
        let _ = sender.send(Err(error));
    }
    lines
}

/// The next line without its end. One that is too long to be sent is cut just beyond that length, so that
/// sending it is refused and memory stays bounded.
fn next_line(input: &mut dyn BufRead) -> io::Result<Option<Vec<u8>>> {
    let most = u64::try_from(MAX_SAID).unwrap_or(u64::MAX) + 2;
    let mut line = Vec::new();
    if input.take(most).read_until(b'\n', &mut line)? == 0 {
        return Ok(None);
    }
    line.truncate(lab::without_line_end(&line).len());
    Ok(Some(line))
}

#[cfg(test)]
#[path = "lab_tests.rs"]
mod tests;
