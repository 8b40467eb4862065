//! The command line: arguments to checked options, glue only. A verb is a file or a folder.
//!
//! stdout is data, stderr is talk. Exit status: 0 done, 1 the question was answered "no", 2 an error (also after
//! partial output), 130 on Ctrl-C. A reader that closes the pipe early is success.

mod args;
mod audit;
mod capture;
mod dns;
mod dns_trace;
mod explain;
mod export_folder;
mod fields;
mod flows;
mod follow;
mod http;
mod input;
mod interfaces;
mod kept;
mod keys;
pub mod lab;
mod limits;
mod mail;
mod output;
mod read;
mod record;
mod reference;
mod replay;
mod save;
mod select;
mod stats;
mod stream;
mod trace;
mod unread;
mod view;

use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};

use output::{Failure, Status};

/// See what happened on the network: capture packets or read saved captures, and have them explained.
#[derive(Parser, Debug)]
#[command(name = "wirelab", version, max_term_width = 100, after_help = EXAMPLES, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    verb: Verb,
}

const EXAMPLES: &str = "\
Examples:
  wirelab explain captures/knock.pcapng          the story of every flow
  wirelab read capture.pcap --port 12000         what concerns port 12000
  wirelab capture -i lo -w my.pcapng             capture and keep packets
  wirelab serve knock                            start a bundled server

FILE is a pcap or pcapng savefile, compressed or not, or - for
standard input.

Exit status: 0 done; 1 the answer is no: nothing that --port, a filter or
--stream selects, no reply, an expectation that is not met; 2 an error, also
after part of the output; 130 after Ctrl-C. read gives 0 where its filter
takes nothing, as tshark does.";

#[derive(Subcommand, Debug)]
enum Verb {
    #[command(about = "List the packets of a savefile, one line each")]
    Read(Box<read::ReadArgs>),
    #[command(about = "Tell each flow's story: handshake, what was said, how it ended, what went wrong")]
    Explain(explain::ExplainArgs),
    #[command(about = "List the flows of a savefile, one row each")]
    Flows(flows::FlowsArgs),
    #[command(about = "Count a savefile: protocols, endpoints, packets and bytes over time")]
    Stats(stats::StatsArgs),
    #[command(about = "Show what both sides of a flow said, in turns")]
    Follow(follow::FollowArgs),
    #[command(about = "Say whether each flow is readable, and show the secrets that anybody could read")]
    Audit(audit::AuditArgs),
    #[command(about = "Print what was asked of name servers and what they answered, as dig does")]
    Dns(dns::DnsArgs),
    #[command(about = "Find out a name from the root's servers down, step by step")]
    Trace(Box<trace::TraceArgs>),
    #[command(about = "Show HTTP exchanges: request and answer, times, caches; export bodies")]
    Http(http::HttpArgs),
    #[command(about = "Show mails: sessions, envelopes, headers, parts, and the way that each came")]
    Mail(mail::MailArgs),
    #[command(about = "Play a savefile at its own pace, as if it were live")]
    Replay(replay::ReplayArgs),
    #[command(about = "Capture live")]
    Capture(capture::CaptureArgs),
    #[command(about = "Run a command in a sandbox, capture everything it sends, and explain it")]
    Record(Box<record::RecordArgs>),
    #[command(about = "List what can be captured, and say why not")]
    Interfaces(interfaces::InterfacesArgs),
    #[command(about = "Run a bundled server")]
    Serve(lab::ServeArgs),
    #[command(about = "Run a bundled client")]
    Client(lab::ClientArgs),
    #[command(about = "List the labs and experiments")]
    Labs(lab::LabsArgs),
    #[command(about = "Play a lab: server and clients in a sandbox, captured, explained, checked")]
    Lab(Box<lab::PlayArgs>),
    #[command(about = "List the field names that -e and -Y know")]
    Fields(fields::FieldsArgs),
    #[command(about = "Print the completions of a shell")]
    Completions(reference::CompletionsArgs),
    #[command(about = "Print a man page")]
    Man(reference::ManArgs),
}

/// Runs the program with the process's arguments and standard streams.
#[must_use]
pub fn main() -> ExitCode {
    if let Some(status) = crate::sandbox::stage(std::env::args_os(), &mut io::stderr()) {
        return ExitCode::from(status);
    }
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            if let Some(failure) = tshark_option(&error) {
                return ExitCode::from(report(&failure));
            }
            // clap prints help to stdout and mistakes to stderr; a closed pipe is no reason to fail.
            let printed = match output::broken_mistake(&error).filter(|_| error.use_stderr()) {
                Some(text) => io::stderr().write_all(text.as_bytes()),
                None => error.print().and_then(|()| io::stdout().flush()),
            };
            return ExitCode::from(match printed {
                Err(failed) if !error.use_stderr() => report(&Failure::from(failed)),
                _ if error.use_stderr() => Status::Error.code(),
                _ => Status::Done.code(),
            });
        }
    };
    let result = match cli.verb {
        Verb::Read(args) => read::run(&args),
        Verb::Explain(args) => explain::run(&args),
        Verb::Flows(args) => flows::run(&args),
        Verb::Stats(args) => stats::run(&args),
        Verb::Follow(args) => follow::run(&args),
        Verb::Audit(args) => audit::run(&args),
        Verb::Dns(args) => dns::run(&args),
        Verb::Trace(args) => {
            return ExitCode::from(trace::run(&args).unwrap_or_else(|failure| report(&failure)));
        }
        Verb::Http(args) => http::run(&args),
        Verb::Mail(args) => mail::run(&args),
        Verb::Replay(args) => replay::run(&args),
        Verb::Capture(args) => capture::run(&args),
        Verb::Interfaces(args) => interfaces::run(&args),
        Verb::Fields(args) => fields::run(&args),
        Verb::Completions(args) => reference::completions(&args, Cli::command()),
        Verb::Man(args) => reference::man(&args, Cli::command()),
        Verb::Record(args) => {
            return ExitCode::from(record::run(&args).unwrap_or_else(|failure| report(&failure)));
        }
        Verb::Labs(args) => lab::run_labs(&args),
        Verb::Lab(args) => {
            return ExitCode::from(lab::run_play(&args).unwrap_or_else(|failure| report(&failure)));
        }
        Verb::Serve(args) => return lab_status(|out, err, stop| lab::run_serve(&args, out, err, stop)),
        Verb::Client(mut args) => {
            args.at_terminal = io::stdin().is_terminal() && io::stderr().is_terminal();
            args.to_terminal = io::stdout().is_terminal();
            return lab_status(|out, err, stop| {
                lab::run_client(&args, Box::new(io::stdin()), out, err, stop)
            });
        }
    };
    ExitCode::from(match result {
        Ok(status) => status.code(),
        Err(failure) => report(&failure),
    })
}

/// The failure to tell instead of clap's, where an option is one of tshark's that `read` has no use for.
fn tshark_option(error: &clap::Error) -> Option<Failure> {
    use clap::error::{ContextKind, ContextValue, ErrorKind};

    if error.kind() != ErrorKind::UnknownArgument || std::env::args_os().nth(1)? != "read" {
        return None;
    }
    let Some(ContextValue::String(option)) = error.get(ContextKind::InvalidArg) else { return None };
    let hint = read::hint_for(option)?;
    Some(Failure::new(format_args!("`read` has no option {option}")).hint(hint))
}

/// Says why the program failed; a closed pipe is the reader's choice and success.
fn report(failure: &Failure) -> u8 {
    if failure.is_broken_pipe() {
        return Status::Done.code();
    }
    output::say(failure);
    Status::Error.code()
}

/// Runs a lab verb, which tells its own exit status.
fn lab_status(
    run: impl FnOnce(&mut dyn Write, &mut dyn Write, &std::sync::atomic::AtomicBool) -> u8,
) -> ExitCode {
    use unread::Abandonable;

    let ready = crate::source::Interrupt::install().and_then(|interrupt| {
        let out = Abandonable::new(io::stdout(), &interrupt)?;
        let err = output::Lines::to_stderr(Abandonable::new(io::stderr(), &interrupt)?);
        Ok((interrupt, out, err))
    });
    let (interrupt, mut out, mut err) = match ready {
        Ok(ready) => ready,
        Err(error) => return ExitCode::from(report(&Failure::new(error))),
    };
    ExitCode::from(run(&mut out, &mut err, interrupt.flag()))
}
