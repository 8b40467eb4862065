//! `serve NAME` and `client NAME`: the bundled labs, one side at a time.

mod internet;
mod measured;
mod name_servers;
mod options;
mod play;
mod talk;
mod typed;
mod units;

use std::cell::RefCell;
use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use clap::Args;

pub(super) use internet::{InternetArgs, Planned};
use measured::Drawing;
pub use options::{LabOptions, NoSuchOption, ZoneOptions};
pub(super) use play::{LabsArgs, PlayArgs, run as run_play, run_labs};
use talk::Talk;
use typed::{Prompted, lines};

use crate::lab::client::{self, Messages, Options, Outcome, Ready, Session};
use crate::lab::{self, Event, LabOption, PingRun, Policy, Server, Telling, scene};

/// Everything was done.
const DONE: u8 = 0;
/// The question "does the server answer?" was answered no.
const NO: u8 = 1;
/// Something failed.
const FAILED: u8 = 2;
/// Ended by Ctrl-C, as shells count it: 128 + SIGINT.
const INTERRUPTED: u8 = 130;

/// Arguments of `serve`.
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Examples:
  wirelab serve knock                    on 127.0.0.1 port 43389, until Ctrl-C
  wirelab serve uppercase-udp --port 0   on a free port, told in the first line
  wirelab serve greeting --address ::1   over IPv6
  wirelab serve udp-ping --seed 7 --loss 5% --jitter 20ms
  wirelab serve knock --fault no-fin     a server with a fault, to look at
  wirelab serve web --dir site           a folder, and nothing outside it
  wirelab serve mail --next 127.0.0.3:2525   an agent that passes mails on
  wirelab serve dns                      name servers, from the root down

Lines about clients go to standard output; \"listening on …\" and problems
go to standard error.", mut_args(|arg| options::without(arg, LabOption::is_of_client)))]
pub struct ServeArgs {
    /// Which lab (`wirelab labs` lists them)
    pub name: String,
    /// Port to listen on, 0 for any free one [default: the lab's own]
    #[arg(long, value_name = "N")]
    pub port: Option<u16>,
    /// Address to listen on, IPv4 or IPv6; 0.0.0.0 or :: for every interface
    #[arg(long, default_value = "127.0.0.1", value_parser = parse_address)]
    pub address: IpAddr,
    /// What this lab's server may be asked for.
    #[command(flatten)]
    pub options: LabOptions,
    /// What the name servers of `dns` may be asked for.
    #[command(flatten)]
    pub zones: ZoneOptions,
    /// Serve the lab `dns` in a sandbox, at the addresses of the well-known servers: how the program calls itself there. A
    /// file gets the root's key.
    #[arg(long, hide = true, value_name = "KEY", num_args = 0..=1, require_equals = true)]
    pub in_sandbox: Option<Option<PathBuf>>,
}

/// Arguments of `client`.
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Examples:
  wirelab client knock                               says what the lab says
  wirelab client uppercase-tcp --say one --say two   two over one connection
  wirelab client uppercase-udp --stdin < lines.txt   a message a line
  wirelab client greeting --address ::1 --timeout 1
  wirelab client udp-ping --count 20 --interval 300ms
  wirelab client udp-throughput --plot run.svg
  wirelab client chat                                on a terminal: type lines
  wirelab client web --say /about.html               a page and its head
  wirelab client file-transfer --file copy.txt       checked by its SHA-256
  wirelab client mail --say forged                   whose Received line lies

On a terminal and without --say or --stdin, you type to calculator, chat,
chatbot-tcp, chatbot-udp and relay; Ctrl-D ends the talk.
Replies, or what was measured, go to standard output; everything else to
standard error.

Exit status: 0 every message was answered, 1 the server refused or did not
reply, 2 error.", mut_args(|arg| options::without(arg, LabOption::is_of_server)))]
pub struct ClientArgs {
    /// Which lab (`wirelab labs` lists them)
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
    /// What this lab's client may be asked for.
    #[command(flatten)]
    pub options: LabOptions,
    /// A person sits at the input and at standard error.
    #[arg(skip)]
    pub at_terminal: bool,
    /// Replies go to a terminal, which gets the beginning of a very long one; whatever else standard output is gets all.
    #[arg(skip)]
    pub to_terminal: bool,
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
    if args.name == lab::dns::LAB {
        if let Some(key) = &args.in_sandbox {
            return internet::serve(&args.zones, key.as_deref(), out, err, stop);
        }
        return name_servers::serve(args, out, err, stop);
    }
    let lab = match lab::find(&args.name) {
        Ok(lab) => lab,
        Err(unknown) => return no_lab(err, &unknown, &args.name),
    };
    if let Some(option) = args.zones.given() {
        return fail(err, &format_args!("the lab `{}` has no {option}", lab.name));
    }
    let settings = match args.options.for_server(lab) {
        Ok(settings) => settings,
        Err(wrong) => return fail(err, &wrong),
    };
    let address = SocketAddr::new(args.address, args.port.unwrap_or(lab.default_port));
    let mut talk = Talk::new(out, err, stop);
    let served = Server::bind(lab, address, &settings, Policy::from_env()).and_then(|server| {
        server.with_telling(Telling::InTime).serve(stop, &mut |event| talk.server_event(&event))
    });
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
    if args.name == lab::dns::LAB {
        return fail(err, &"the lab `dns` has no client of its own: ask its servers with dig, kdig or drill");
    }
    let lab = match lab::find(&args.name) {
        Ok(lab) => lab,
        Err(unknown) => return no_lab(err, &unknown, &args.name),
    };
    let settings = match args.options.for_client(lab) {
        Ok(settings) => settings,
        Err(wrong) => return fail(err, &wrong),
    };
    let options = Options {
        settings,
        server: SocketAddr::new(args.address, args.port.unwrap_or(lab.default_port)),
        timeout: args.timeout,
        policy: Policy::from_env(),
    };
    let mut talk = Talk::new(out, err, stop);
    if args.to_terminal {
        talk.fold_replies();
    }
    let talk = RefCell::new(talk);
    let typed = typed::HINTS.iter().find(|(name, _)| *name == lab.name).filter(|_| args.at_terminal);
    let mut messages: Box<dyn Messages + '_> = if args.stdin {
        Box::new(lines(input, stop))
    } else if !args.say.is_empty() {
        Box::new(Ready(args.say.iter().map(|text| Ok(text.as_bytes().to_vec()))))
    } else if let Some((_, hint)) = typed {
        Box::new(Prompted::new(lines(input, stop), &talk, hint))
    } else {
        Box::new(client::own_messages(lab, &options.settings))
    };
    let mut drawing = match args.options.plot.as_deref().map(Drawing::create).transpose() {
        Ok(drawing) => drawing,
        Err(error) => return fail(talk.borrow_mut().err, &error),
    };
    let mut run = PingRun::default();
    let outcome = client::run(Session {
        lab,
        options: &options,
        messages: &mut *messages,
        stop,
        on_event: &mut |event| {
            talk.borrow_mut().client_event(&event, lab);
            if let Event::Noted { note, .. } = &event {
                run.take(note);
            }
        },
    });
    if lab.measures() && run.sent() > 0 {
        let mut talk = talk.borrow_mut();
        let shown = measured::write(talk.out, lab, &run, drawing.as_mut());
        if let Err(error) = shown {
            talk.failure.get_or_insert(error);
        }
    }
    let code = outcome.map(|outcome| match outcome {
        Outcome::Stopped => INTERRUPTED,
        Outcome::Done if stop.load(Ordering::Relaxed) => INTERRUPTED,
        Outcome::Done => DONE,
    });
    talk.borrow_mut().exit(code, lab)
}

fn fail(err: &mut dyn Write, what: &dyn std::fmt::Display) -> u8 {
    // Where standard error is gone too, the exit status is all that is left to say.
    let _ = writeln!(err, "error: {what}");
    FAILED
}

/// Says that no lab is called so, and what helps.
fn no_lab(err: &mut dyn Write, unknown: &lab::UnknownLab, name: &str) -> u8 {
    let code = fail(err, unknown);
    let hint = match scene::find(name) {
        Ok(scene) => format!("it is an experiment, played with both sides by `wirelab lab {}`", scene.name),
        Err(_) => "`wirelab labs` lists them".to_owned(),
    };
    let _ = writeln!(err, "hint: {hint}");
    code
}

#[cfg(test)]
mod tests;
