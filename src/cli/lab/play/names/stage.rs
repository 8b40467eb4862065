//! The lab itself, inside the sandbox or on loopback: name servers, and one who asks them.

use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::Sender;
use std::thread;

use crate::cli::lab::ZoneOptions;
use crate::cli::lab::internet;
use crate::cli::output::say;
use crate::dnstrace::{Asked, Family, Sockets as Asking, TraceOptions, resolve, resolve_with_keys};
use crate::lab::dns::{Addresses, HIGH_PORT, Internet, Sockets};
use crate::lab::{LabError, Policy};
use crate::lesson::{NameTold, Proof};
use crate::time::{NANOS_PER_SECOND, TimeDelta};

/// Ports that are tried on loopback, one after the other: others may have some of them.
const PORTS: u16 = 20;

/// Longest wait for an answer in seconds. It is long, since a machine may be busy, and only a server that is silent on
/// purpose lets it pass.
const WAIT: i128 = 5;

/// Queries of one resolution, seconds for it, and resolutions within it: more than any of the lab needs.
const BUDGETS: (u32, i128, usize) = (200, 120, 6);

/// A question to find the answer of.
#[derive(Clone, Debug)]
pub(super) struct Question {
    pub(super) asked: Asked,
    /// Signatures are checked, too.
    pub(super) checked: bool,
    pub(super) seed: u64,
}

/// What is to be played.
#[derive(Debug)]
pub(super) struct Names {
    pub(super) options: ZoneOptions,
    pub(super) questions: Vec<Question>,
    /// What is to come of it is known.
    pub(super) expected: bool,
}

/// Plays it in a sandbox and tells each resolution on standard output, a JSON document a line; gives the exit status, which
/// only says whether it came to its end.
pub(super) fn run(lab: Names) -> u8 {
    let mut out = io::stdout();
    let played = play(lab, Addresses::AsWritten, &mut |told| {
        let Ok(mut text) = serde_json::to_vec(&told) else { return false };
        text.push(b'\n');
        // Where nobody listens any more, the lab ends.
        out.write_all(&text).and_then(|()| out.flush()).is_ok()
    });
    u8::from(ended(played))
}

/// Plays it on loopback and sends each resolution.
pub(super) fn send(lab: Names, lines: &Sender<NameTold>) {
    let played = play(lab, Addresses::Loopback, &mut |told| lines.send(told).is_ok());
    ended(played);
}

fn ended(played: Result<(), String>) -> bool {
    if let Err(why) = &played {
        say(format_args!("error: {why}"));
    }
    played.is_err()
}

fn play(lab: Names, addresses: Addresses, tell: &mut dyn FnMut(NameTold) -> bool) -> Result<(), String> {
    let internet = internet::read(&lab.options, addresses).map_err(|wrong| wrong.to_string())?;
    // From a sandbox nothing leads out.
    let policy = if addresses == Addresses::AsWritten { Policy::AnyAddress } else { Policy::LocalOnly };
    let (sockets, port) = bind(&internet, addresses, policy).map_err(|wrong| wrong.to_string())?;
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        let servers = scope.spawn(|| sockets.serve(&internet, &stop, &mut |_| {}));
        // Those of the program's own zones are the well-known ones, at the usual port.
        let is_well_known = addresses == Addresses::AsWritten && lab.options.zones.is_none();
        let roots = if is_well_known { Vec::new() } else { internet::roots(&internet, port) };
        for question in lab.questions {
            let options = TraceOptions { roots: roots.clone(), port, ..usual() };
            let told = ask(&internet, question, policy, options);
            let told = NameTold { expected: lab.expected, ..told };
            if !tell(told) {
                break;
            }
        }
        stop.store(true, Ordering::Relaxed);
        match servers.join() {
            Ok(served) => served.map_err(|wrong| wrong.to_string()),
            Err(_) => Err("the name servers broke".to_owned()),
        }
    })
}

/// The servers' sockets, and the port that they are at.
fn bind(internet: &Internet, addresses: Addresses, policy: Policy) -> Result<(Sockets, u16), LabError> {
    if addresses == Addresses::AsWritten {
        return Ok((Sockets::bind(internet, internet::PORT, policy)?, internet::PORT));
    }
    let mut port = HIGH_PORT;
    loop {
        match Sockets::bind(internet, port, policy) {
            Err(LabError::PortInUse { .. }) if port < HIGH_PORT + PORTS => port += 1,
            bound => return Ok((bound?, port)),
        }
    }
}

fn usual() -> TraceOptions {
    let seconds = |seconds| TimeDelta::from_nanos(seconds * NANOS_PER_SECOND);
    let (max_queries, max_time, max_depth) = BUDGETS;
    TraceOptions {
        roots: Vec::new(),
        port: 0,
        family: Family::V4,
        seed: 0,
        wait: seconds(WAIT),
        tries: 1,
        max_queries,
        max_time: seconds(max_time),
        max_depth,
        like_dig: false,
    }
}

fn ask(internet: &Internet, question: Question, policy: Policy, options: TraceOptions) -> NameTold {
    let Question { asked, checked, seed } = question;
    let options = TraceOptions { seed, ..options };
    let mut asking = Asking::new(policy);
    if !checked {
        return NameTold { trace: resolve(&mut asking, &asked, &options), proof: None, expected: false };
    }
    let (trace, keys) = resolve_with_keys(&mut asking, &asked, &options);
    let anchor = internet.anchor_text().unwrap_or_default();
    let proof = Proof { keys, anchor, at: asking.wall_clock() };
    NameTold { trace, proof: Some(proof), expected: false }
}
