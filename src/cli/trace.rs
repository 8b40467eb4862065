//! `trace`: from the root's servers down to the answer.

#[cfg(all(target_os = "linux", feature = "live"))]
mod internet;
#[cfg(feature = "live")]
mod kept;

use std::fs::File;
use std::io::{Read, Write};
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};

use clap::Args;

use super::args::ColorArgs;
use super::lab::InternetArgs;
use super::output::{self, Failure, Status};
use super::view;
use crate::dnstrace::dnssec::{self, Anchor, Link, Security, Why};
use crate::dnstrace::{
    Asked, DnsTrace, Domain, Ending, Family, Sockets, StepOutcome, TraceOptions, resolve, resolve_with_keys,
    root_hints, type_from_text,
};
use crate::lab::Policy;
use crate::render::trace::{
    Checked, TraceStyle, write_checked_trace, write_trace, write_trace_dig, write_trace_json,
    write_trace_ladder,
};
use crate::sandbox::is_a_host;
use crate::time::{NANOS_PER_SECOND, TimeDelta};
#[cfg(feature = "live")]
use kept::Keeping;

/// Without live capture there is none.
#[cfg(not(feature = "live"))]
enum Keeping {}

#[cfg(not(feature = "live"))]
impl Keeping {
    fn end(self, _: &DnsTrace, _: &[crate::dnstrace::Step]) -> Result<(), Failure> {
        match self {}
    }
}

/// Most bytes of a file of trust anchors: a few records.
const MAX_ANCHOR_BYTES: u64 = 1 << 20;

/// Resolutions within resolutions: more than any zone that works needs.
const MAX_DEPTH: usize = 6;

/// Find out NAME step by step, from the root's servers down to those that know the answer
///
/// Each step prints the response as dig does, and its outcome in words: referral to which zone, answer, CNAME, NODATA,
/// NXDOMAIN, lame, refused, bad or sideways referral, time-out. Servers are asked without recursion, over UDP, and over
/// TCP where a response is truncated.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES, disable_version_flag = true)]
pub(super) struct TraceArgs {
    /// The name to find out
    #[arg(value_name = "NAME", value_parser = name)]
    name: Domain,
    /// The record type
    #[arg(value_name = "TYPE", default_value = "A", value_parser = kind)]
    kind: u16,
    /// Server of the root to begin with, in place of the known thirteen; may be given several times
    #[arg(long, value_name = "ADDRESS[:PORT]")]
    root: Vec<String>,
    /// Port of all servers that --root gives none for
    #[arg(long, value_name = "PORT", default_value_t = 53, value_parser = clap::value_parser!(u16).range(1..))]
    port: u16,
    /// Only ask over IPv4
    #[arg(short = '4', conflicts_with = "v6")]
    v4: bool,
    /// Only ask over IPv6
    #[arg(short = '6')]
    v6: bool,
    /// Where the choice of servers begins: the same seed, the same choices
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Milliseconds to wait for a response
    #[arg(long, value_name = "MS", default_value_t = 2000, value_parser = clap::value_parser!(u32).range(1..=60_000))]
    wait: u32,
    /// How often a server is asked that does not answer
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..=10))]
    tries: u32,
    /// Most queries, over all
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    max_queries: u32,
    /// Most seconds, over all
    #[arg(long, value_name = "SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=3600))]
    max_time: u32,
    /// Print what dig +trace prints
    #[arg(long, conflicts_with_all = ["json", "ladder"])]
    dig: bool,
    /// Print one JSON document
    #[arg(long, conflicts_with = "ladder")]
    json: bool,
    /// Print who asked whom, an arrow for each query and response
    #[arg(long)]
    ladder: bool,
    /// Check signatures from the root's key down, and say of each zone: secure, insecure or bogus, and why
    #[arg(long, conflicts_with_all = ["dig", "ladder"])]
    dnssec: bool,
    /// File with the keys that are believed, as DS or DNSKEY records, in place of the root's known ones
    #[arg(long, value_name = "FILE", requires = "dnssec")]
    anchor: Option<PathBuf>,
    /// Keep the packets, as pcap where OUT ends in .pcap, else as pcapng; in a sandbox, or with the right to capture
    #[arg(short = 'w', long = "write", value_name = "OUT")]
    write: Option<PathBuf>,
    #[command(flatten)]
    internet: InternetArgs,
    /// How the program calls itself inside the sandbox.
    #[arg(long, hide = true)]
    inside: bool,
    #[command(flatten)]
    color: ColorArgs,
}

const EXAMPLES: &str = "\
Examples:
  wirelab trace www.nyu.edu                      from the root's servers down
  wirelab trace nyu.edu MX --ladder              who asked whom
  wirelab trace www.nyu.edu --dig                as dig +trace prints it
  wirelab trace nyu.edu --dnssec                 and whether to believe it
  # on name servers of its own, in a sandbox, and keep the packets
  wirelab trace nyu.edu --internet -w nyu.pcapng
  wirelab trace www.nyu.edu --root 127.53.0.1:53530 --port 53530

Exit status: 0 answered; 1 no such name or records, not found out, or bogus;
2 an error.";

fn name(text: &str) -> Result<Domain, String> {
    Domain::parse(text).map_err(|error| error.to_string())
}

fn kind(text: &str) -> Result<u16, String> {
    type_from_text(text).ok_or_else(|| "no record type has this name; TYPE65 stands for number 65".to_owned())
}

/// `127.0.0.1`, `127.0.0.1:53`, `::1`, `[::1]:53`.
fn address(text: &str, port: u16) -> Result<SocketAddr, Failure> {
    let bare = text.parse::<IpAddr>().map(|ip| SocketAddr::new(ip, port));
    bare.or_else(|_| text.parse::<SocketAddr>()).map_err(|_| {
        Failure::new(format_args!("--root {text} is no address"))
            .hint("write 127.0.0.1, 127.0.0.1:5300, ::1 or [::1]:5300")
    })
}

/// Runs `trace`; gives the exit status.
pub(super) fn run(args: &TraceArgs) -> Result<u8, Failure> {
    if args.internet.is_wanted() && !args.inside {
        return in_sandbox(args);
    }
    ask(args).map(Status::code)
}

fn ask(args: &TraceArgs) -> Result<Status, Failure> {
    let roots: Result<Vec<SocketAddr>, Failure> =
        args.root.iter().map(|text| address(text, args.port)).collect();
    let options = options(args, roots?);
    // From a sandbox nothing leads out.
    let policy = if is_a_host() { Policy::AnyAddress } else { Policy::from_env() };
    allowed(policy, &options)?;
    let file = args.write.as_deref().filter(|_| !args.inside);
    let keeping = file.map(|file| keep(file, &options)).transpose()?;
    let asked = Asked { name: args.name.clone(), kind: args.kind };
    let mut sockets = Sockets::new(policy);
    let anchors = args.dnssec.then(|| anchors(args.anchor.as_deref())).transpose()?;
    let (trace, keys, chain) = match anchors {
        None => (resolve(&mut sockets, &asked, &options), Vec::new(), None),
        Some(anchors) => {
            let (trace, keys) = resolve_with_keys(&mut sockets, &asked, &options);
            let chain = dnssec::check(&trace, &keys, &anchors, sockets.wall_clock());
            (trace, keys, Some(chain))
        }
    };
    if let Some(keeping) = keeping {
        keeping.end(&trace, &keys)?;
    }
    let checked = chain.as_deref().map(|chain| Checked { keys: &keys, chain });
    let mut out = output::stdout();
    if args.json {
        write_trace_json(&mut out, &trace, checked)?;
    } else if args.dig {
        write_trace_dig(&mut out, &trace)?;
    } else if args.ladder {
        write_trace_ladder(&mut out, &trace)?;
    } else {
        let style = TraceStyle { colors: args.color.colors(), width: view::prose_width() };
        match checked {
            Some(checked) => write_checked_trace(&mut out, &trace, checked, style)?,
            None => write_trace(&mut out, &trace, style)?,
        }
    }
    out.flush()?;
    Ok(if chain.iter().flatten().any(is_doubtful) { Status::No } else { status(&trace) })
}

/// What cannot be believed, or could not be checked although there is a trust anchor, is no answer.
fn is_doubtful(link: &Link) -> bool {
    link.security == Security::Bogus || link.why == Why::Unanswered
}

/// Begins to keep the packets.
#[cfg(feature = "live")]
fn keep(file: &Path, options: &TraceOptions) -> Result<Keeping, Failure> {
    let ports = options.roots.iter().map(SocketAddr::port).chain([options.port]).collect();
    Keeping::begin(file, &first_asked(options), &ports)
}

#[cfg(not(feature = "live"))]
fn keep(_: &Path, _: &TraceOptions) -> Result<Keeping, Failure> {
    Err(Failure::new("this wirelab was built without live capture")
        .hint("build it with libpcap's headers installed and without --no-default-features"))
}

#[cfg(all(target_os = "linux", feature = "live"))]
fn in_sandbox(args: &TraceArgs) -> Result<u8, Failure> {
    internet::run(args)
}

#[cfg(not(all(target_os = "linux", feature = "live")))]
fn in_sandbox(_: &TraceArgs) -> Result<u8, Failure> {
    Err(Failure::new("--internet needs a sandbox: Linux, and a wirelab with live capture")
        .hint("`wirelab serve dns` runs the name servers on loopback; --root 127.53.0.1:53530 --port 53530 asks them"))
}

/// The keys that are believed.
fn anchors(file: Option<&Path>) -> Result<Vec<Anchor>, Failure> {
    let Some(file) = file else { return Ok(Anchor::of_root()) };
    let shown = file.display();
    let mut text = String::new();
    let read = File::open(file).and_then(|file| file.take(MAX_ANCHOR_BYTES).read_to_string(&mut text));
    read.map_err(|error| Failure::new(format_args!("cannot read {shown}: {error}")))?;
    Anchor::read(&text).map_err(|error| Failure::new(format_args!("{shown}: {error}")))
}

fn options(args: &TraceArgs, roots: Vec<SocketAddr>) -> TraceOptions {
    let seconds = |seconds: u32| TimeDelta::from_nanos(i128::from(seconds) * NANOS_PER_SECOND);
    TraceOptions {
        roots,
        port: args.port,
        family: match (args.v4, args.v6) {
            (true, _) => Family::V4,
            (_, true) => Family::V6,
            _ => Family::Any,
        },
        seed: args.seed.unwrap_or_else(|| fastrand::u64(..)),
        wait: TimeDelta::from_nanos(i128::from(args.wait) * (NANOS_PER_SECOND / 1000)),
        tries: args.tries,
        max_queries: args.max_queries,
        max_time: seconds(args.max_time),
        max_depth: MAX_DEPTH,
        like_dig: args.dig,
    }
}

/// Refuses servers of the root that may not be asked, before any packet.
fn allowed(policy: Policy, options: &TraceOptions) -> Result<(), Failure> {
    first_asked(options).into_iter().try_for_each(|root| {
        policy.check(root).map_err(|error| {
            Failure::new(error).hint(
                "--root 127.0.0.1:PORT begins at a server of this machine; --internet asks name servers of wirelab's own, in a sandbox",
            )
        })
    })
}

/// Servers of the root: those that were given, or one for all that everybody knows.
fn first_asked(options: &TraceOptions) -> Vec<IpAddr> {
    let hints = root_hints().flat_map(|(_, addresses)| addresses).take(1);
    let given = options.roots.iter().map(SocketAddr::ip);
    if options.roots.is_empty() { hints.collect() } else { given.collect() }
}

/// An answer is a yes; a server that may not be asked is an error, as it is at the beginning.
fn status(trace: &DnsTrace) -> Status {
    let is_refused = trace.steps.last().is_some_and(|step| step.outcome == StepOutcome::NotAllowed);
    match trace.ending {
        Ending::Answer => Status::Done,
        _ if is_refused => Status::Error,
        _ => Status::No,
    }
}
