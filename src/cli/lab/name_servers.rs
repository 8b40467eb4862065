//! `serve dns`: a small internet of name servers on loopback.

use std::io::{self, ErrorKind, Write};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use unicode_width::UnicodeWidthStr;

use super::talk::{NOT_READ, not_shown};
use super::{DONE, NoSuchOption, ServeArgs, fail};
use crate::lab::dns::{
    self, Addresses, Carrier, ExportError, Happened, Internet, Name, NameServer, Notice, Served, Sockets,
    Validity,
};
use crate::lab::{LabError, Policy};
use crate::render::format::Count;
use crate::render::wrap::Wrapped;
use crate::resolver::{Places, Resolvers};

/// Most names of one server that its line holds: servers of the same zones have the same ones.
const MAX_NAMES: usize = 4;

/// Columns of a line, on a terminal and elsewhere: a log does not change with the window that shows it.
const COLUMNS: usize = 80;

/// What stands before the rest of a longer line.
const INDENT: &str = "  ";

/// Most warnings about zone files that are told: who has more begins with these.
const MAX_WARNINGS: usize = 20;

/// Runs the servers until `stop` is set.
pub(super) fn serve(args: &ServeArgs, out: &mut dyn Write, err: &mut dyn Write, stop: &AtomicBool) -> u8 {
    if let Some(option) = args.options.given().next() {
        return fail(err, &NoSuchOption::Lab { lab: dns::LAB, option });
    }
    if !args.address.is_loopback() {
        return fail(err, &"the lab `dns` has no --address: each of its servers has one in 127.53.0.0/16");
    }
    if args.port == Some(0) {
        return fail(err, &"the lab `dns` needs one port for all its servers: --port with a number above 0");
    }
    let validity = Validity::starting_now();
    let internet = match &args.zones.zones {
        Some(folder) => Internet::read_folder(folder, Addresses::Loopback, validity),
        None => Internet::own(Addresses::Loopback, validity),
    };
    let internet = match internet {
        Ok(internet) => internet,
        Err(wrong) => return fail(err, &wrong),
    };
    for warning in warnings(internet.notices()) {
        say(err, format_args!("{warning}"));
    }
    if let Some(folder) = &args.zones.export {
        match export(&internet, folder, args.zones.zones.as_deref()) {
            Ok(count) => say(err, format_args!("{count} files written to {}", folder.display())),
            Err(wrong) => return fail(err, &wrong),
        }
    }
    let port = args.port.unwrap_or(dns::HIGH_PORT);
    let bound = Sockets::bind(&internet, port, Policy::from_env()).and_then(|mut sockets| {
        let resolvers = Resolvers::bind(&internet, &mut sockets, Places::LOOPBACK, port)?;
        Ok((sockets, resolvers))
    });
    let (sockets, resolvers) = match bound {
        Ok(bound) => bound,
        Err(wrong) => {
            let code = fail(err, &wrong);
            if let Some(hint) = hint(&wrong) {
                say(err, format_args!("hint: {hint}"));
            }
            return code;
        }
    };
    say(err, format_args!("each server has an address of its own, for UDP and TCP:"));
    for (server, local) in sockets.listening() {
        let (who, what) = match internet.servers().get(server) {
            Some(server) => (list(&server.names), described(&internet, server)),
            None if local == resolvers.stub() => {
                ("stub resolver,".to_owned(), format!("passes questions on to {}", resolvers.recursive()))
            }
            None => {
                ("recursive resolver,".to_owned(), "asks from the root down and checks signatures".to_owned())
            }
        };
        say(err, format_args!("{}", fitting(&format!("listening on {local}: {who}"), &what)));
    }
    say(err, format_args!("ready"));
    let mut failure: Option<io::Error> = None;
    let ended = sockets.serve(&resolvers, stop, &mut |happened| {
        let line = match happened {
            Happened::Served(served) => line(&served),
            Happened::LeftOut(count) => not_shown(count),
        };
        if let Err(error) = writeln!(out, "{line}").and_then(|()| out.flush()) {
            stop.store(true, Ordering::Relaxed);
            failure.get_or_insert(error);
        }
    });
    match (failure, ended) {
        (Some(error), _) if error.kind() == ErrorKind::BrokenPipe => DONE,
        (Some(error), Ok(())) if error.kind() == ErrorKind::TimedOut => {
            say(err, format_args!("{NOT_READ}"));
            DONE
        }
        (Some(error), _) => fail(err, &format_args!("writing the output failed: {error}")),
        (None, Err(error)) => fail(err, &error),
        (None, Ok(())) => DONE,
    }
}

/// Writes the signed zones and, beside them, what wirelab's own were made from: those can be edited and served again. Not into
/// the folder that the `zones` came from, and not where that source was edited.
pub(super) fn export(internet: &Internet, folder: &Path, zones: Option<&Path>) -> Result<usize, ExportError> {
    let real = |path: &Path| path.canonicalize().ok();
    if zones.is_some_and(|zones| real(zones).is_some() && real(zones) == real(folder)) {
        let why = "the zone files that are served are there, and their signed form would replace them";
        return Err(ExportError { path: folder.to_owned(), source: io::Error::other(why) });
    }
    // First what may be somebody's work by now.
    let source = zones.is_none().then(|| dns::write_own_files(&folder.join("source"))).transpose()?;
    Ok(internet.export(folder)?.len() + source.map_or(0, |paths| paths.len()))
}

fn say(err: &mut dyn Write, line: std::fmt::Arguments<'_>) {
    // Standard error is talk: where nobody listens to it, the servers go on.
    let _ = writeln!(err, "{line}").and_then(|()| err.flush());
}

/// What in the zone files may be meant otherwise, in lines.
pub(super) fn warnings(notices: &[Notice]) -> impl Iterator<Item = String> {
    let more = notices.len().checked_sub(MAX_WARNINGS).filter(|more| *more > 0);
    let told = notices.iter().take(MAX_WARNINGS).map(|notice| format!("warning: {notice}"));
    told.chain(more.map(|more| format!("warning: {more} more like these")))
}

/// Both parts in a line where they fit; else what follows stands below, in lines that fit.
fn fitting(first: &str, rest: &str) -> String {
    if first.width() + 1 + rest.width() <= COLUMNS {
        return format!("{first} {rest}");
    }
    let mut above = Wrapped::new(first, COLUMNS);
    let begins = above.next().unwrap_or_default();
    let behind = first.get(begins.len()..).unwrap_or_default();
    let columns = COLUMNS - INDENT.len();
    let below = Wrapped::new(behind, columns).chain(Wrapped::new(rest, columns));
    std::iter::once(begins.to_owned()).chain(below.map(|line| format!("\n{INDENT}{line}"))).collect()
}

fn hint(error: &LabError) -> Option<&'static str> {
    Some(match error {
        LabError::PortInUse { .. } => "another server is running? try --port",
        LabError::NotPermitted(_) => "try --port with 1024 or more",
        LabError::NotOurs(_) => {
            "this system has 127.0.0.1 only: give it the others, or run this in the sandbox"
        }
        _ => return None,
    })
}

/// What a server does under its names.
fn described(internet: &Internet, server: &NameServer) -> String {
    let zones: Vec<Name> =
        server.zones.iter().filter_map(|at| Some(internet.zones().get(*at)?.apex.clone())).collect();
    let manner = match server.manner {
        dns::Manner::Usual => "",
        dns::Manner::Silent => ", never answers",
        dns::Manner::Truncates => ", too long over UDP",
    };
    let zones = if zones.is_empty() { "no zone (lame)".to_owned() } else { list(&zones) };
    format!("for {zones}{manner}")
}

fn list(names: &[Name]) -> String {
    let mut words: Vec<String> = names.iter().take(MAX_NAMES).map(Name::to_string).collect();
    if names.len() > MAX_NAMES {
        words.push(format!("{} more", names.len() - MAX_NAMES));
    }
    words.join(" ")
}

/// `127.0.0.1:40000 asked 127.53.0.1 nyu.edu. A (udp): referral to edu., 700 bytes`: all servers have the same port.
fn line(served: &Served) -> String {
    let carrier = match served.carrier {
        Carrier::Udp => "udp",
        Carrier::Tcp => "tcp",
    };
    let question = match &served.question {
        Some(question) => format!("{} {}", question.name, question.kind),
        None => "nothing that could be read".to_owned(),
    };
    let Served { peer, word, by, .. } = served;
    let server = served.server.ip();
    let asked = format!("{peer} asked {server} {question} ({carrier}):");
    let outcome = match &served.response {
        Some(response) => {
            let length = Count::bytes(u64::try_from(response.len()).unwrap_or(u64::MAX));
            format!("{word}{by}, {length}")
        }
        None => format!("{word}{by}"),
    };
    fitting(&asked, &outcome)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_stands_below() {
        let asked = "127.0.0.1:40000 asked 127.53.0.1 nyu.edu. A (udp):";
        assert_eq!(fitting(asked, "answer"), format!("{asked} answer"));
        let longer = "not found out (SERVFAIL: no server answered), by 12 queries, 40 bytes";
        assert_eq!(fitting(asked, longer), format!("{asked}\n  {longer}"));
        let long = format!("{}.edu.", ["a".repeat(60), "b".repeat(60), "c".repeat(60)].join("."));
        let text = fitting(&format!("127.0.0.1:40000 asked 127.53.0.1 {long} A (udp):"), longer);
        assert!(text.lines().all(|line| line.width() <= COLUMNS), "{text}");
        assert_eq!(text.replace("\n  ", "").replace(' ', "").len(), {
            let whole = format!("127.0.0.1:40000asked127.53.0.1{long}A(udp):{longer}");
            whole.replace(' ', "").len()
        });
    }
}
